# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users write, checked before anything is sent: ids, names, numbers."""

from __future__ import annotations

import re
import typing as t

from .errors import BadInput
from .text import one_line, texts_in

LONGEST_ID = 250  # characters, in every version of Airflow
LONGEST_WAIT = 1_000_000_000  # seconds
MOST_LINES = 1_000_000
SHORTEST_SECRET = 6  # characters: Ansible masks a secret wherever it occurs, "a" in every word
GLOB = re.compile(r"[*?\[]")
_DAG_ID = re.compile(r"[\w.-]+")
_RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]+")


def is_glob(text: str) -> bool:
    """Whether this names DAGs by a pattern: a DAG id cannot contain C(*), C(?) or C([)."""
    return bool(GLOB.search(text))


def dag_id_of(option: str, value: str) -> str:
    """Return a DAG id that Airflow can have."""
    value = value.strip()
    # Dots alone would be taken for a folder in the request's path.
    if not _DAG_ID.fullmatch(value) or not value.strip(".") or len(value) > LONGEST_ID:
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is no DAG id: it has 1 to {LONGEST_ID} letters, digits, dots, dashes "
            "and underscores."
        )
    return value


def name_of(option: str, value: str) -> str:
    """Return the name of a user or a role, which can be a segment of a request's path."""
    # Dots alone would be taken for a folder in the request's path.
    # Airflow takes a slash for the end of the name, quoted or not.
    if not value.strip(". ") or not value.isprintable() or "/" in value:
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is no name of a user or a role that can be asked for: it has letters or "
            "digits, no slash, no line break and no control character."
        )
    return value


def object_name_of(option: str, value: str, longest: int = LONGEST_ID) -> str:
    """Return the name of an object, such as a pool, which can be a part of a request's path; it may have slashes."""
    # Dots alone would be taken for a folder in the request's path.
    if not value.strip(". ") or not value.isprintable() or value != value.strip() or len(value) > longest:
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is no name that can be asked for: it has 1 to {longest} characters, not "
            "dots alone, no blank at an end, no line break and no control character."
        )
    return value


def dag_run_id_of(option: str, value: str) -> str:
    """Return the id of a run that there is, perhaps one that others have named: it can be asked for."""
    value = value.strip()
    if not _is_askable(value):
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is no run id that can be asked for: it has 1 to {LONGEST_ID} "
            "characters, not dots or a tilde alone, no line break and no control character."
        )
    return value


def word_of(option: str, value: t.Any) -> str:
    """Return an item of a list of names or patterns, without blanks at its ends."""
    text = "" if value is None else str(value).strip()
    if not text:
        raise BadInput(f"{option} holds an empty text; name what is meant, or give an empty list to select nothing.")
    return text


def check_task_names(option: str, names: t.Iterable[str]) -> None:
    """Refuse what is neither the name of a task, or of a group of them, nor a pattern of it."""
    for name in names:
        if not name.strip() or not name.isprintable():
            raise BadInput(f"{option} holds '{one_line(name, 60)}', which is no name that a task can have.")


def _is_askable(dag_run_id: str) -> bool:
    # The first is all runs in a request's path, the others would be taken for folders.
    return dag_run_id not in ("~", ".", "..") and dag_run_id.isprintable() and 1 <= len(dag_run_id) <= LONGEST_ID


def new_dag_run_id_of(option: str, value: str) -> str:
    """Return the id of a new run, to which everybody can keep.

    Airflow 2.11 answers some others with an HTML 500, 2.3 accepts some that nobody can reach afterwards, and those of
    the scheduler are its own.
    """
    value = value.strip()
    if not _RUN_ID.fullmatch(value) or value in ("~", ".") or ".." in value or len(value) > LONGEST_ID:
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is no run id: it has 1 to {LONGEST_ID} of the characters "
            f"A-Z a-z 0-9 _ . ~ : + - and no '..' in it; choose another one{_if_it_exists(value)}."
        )
    if value.startswith("scheduled__"):
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is a name of Airflow's scheduler; choose one without 'scheduled__'"
            f"{_if_it_exists(value)}."
        )
    return value


def _if_it_exists(dag_run_id: str) -> str:
    """What helps with an id of a run that there may be, since others may have made it."""
    if not _is_askable(dag_run_id):
        return ""
    return ", or, for a run that exists already, use state: awaited or state: cleared of airflow_dag_run"


def seconds_of(option: str, value: float) -> float:
    """Return a number of seconds that can be waited."""
    if not 0 <= value <= LONGEST_WAIT:
        raise BadInput(f"{option} is {value:g}; it takes a number of seconds, 0 to {LONGEST_WAIT}.")
    return value


def duration_of(option: str, value: float) -> float:
    """Return a number of seconds in which something can happen: more than none."""
    if not seconds_of(option, value):
        raise BadInput(f"{option} is 0; it takes more than 0 seconds.")
    return value


def lines_of(option: str, value: int) -> int:
    """Return a number of lines that can be kept."""
    if not 0 <= value <= MOST_LINES:
        raise BadInput(f"{option} is {value}; it takes a number of lines, 0 to {MOST_LINES}.")
    return value


def check_maskable(option: str, secrets: t.Any, visible: t.Iterable[str | None]) -> None:
    """Refuse secrets that Ansible's masking would tear out of results that people need.

    :param visible: texts that stand in results, such as ids and URLs.
    """
    shown = [text for text in visible if text]
    for secret in texts_in(secrets):
        if len(secret) < SHORTEST_SECRET:
            raise BadInput(
                f"{option} holds a value shorter than {SHORTEST_SECRET} characters, which Ansible would mask in all "
                f"output; {_way_out(option)}."
            )
        if any(secret in text for text in shown):
            raise BadInput(
                f"{option} holds a value that is a part of an id, a URL or a state, which Ansible would mask there; "
                f"{_way_out(option)}."
            )


def _way_out(option: str) -> str:
    return "use a longer secret, or, if it is none, put it in conf" if option == "secret_conf" else "use a longer one"
