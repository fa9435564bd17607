# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users write, checked before anything is sent: ids, names, numbers."""

from __future__ import annotations

import re
import typing as t
import unicodedata

from .errors import BadInput
from .text import as_given, one_line, texts_in

LONGEST_ID = 250  # characters, in every version of Airflow
LONGEST_CONNECTION_ID = 200  # characters
LARGEST_NUMBER = 2_147_483_647  # that a column of Airflow's database holds
LONGEST_WAIT = 1_000_000_000  # seconds
MOST_LINES = 1_000_000
SHORTEST_SECRET = 6  # characters: Ansible masks a secret wherever it occurs, "a" in every word
GLOB = re.compile(r"[*?\[]")
DAG_ID = re.compile(r"[\w.-]+")
RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]+")  # what [scheduler] allowed_run_id_pattern allows by default
_OF_AN_ID = "letters, digits, dots, dashes and underscores"
_ONLY_DOTS = "has only dots, so the API cannot address it"


def is_glob(text: str) -> bool:
    """Whether this names DAGs by a pattern: a DAG id cannot contain C(*), C(?) or C([)."""
    return bool(GLOB.search(text))


def dag_id_of(option: str, value: str) -> str:
    """Return a DAG id that Airflow can have."""
    value = value.strip()
    return _sound(option, value, _no_path(value) or _foreign(value, DAG_ID, f"a DAG id has {_OF_AN_ID}"))


def name_of(option: str, value: str, longest: int | None = None) -> str:
    """Return the name of a user or a role, which can be a segment of a request's path."""
    fault = _no_path(value, longest)
    # Airflow takes a slash for the end of the name, quoted or not.
    if not fault and "/" in value:
        fault = "has a slash, so the API cannot address it; choose another name"
    return _sound(option, value, fault)


def object_name_of(option: str, value: str, longest: int = LONGEST_ID) -> str:
    """Return the name of an object, such as a pool, which can be a part of a request's path; it may have slashes."""
    return _sound(option, value, _no_path(value, longest) or _blank_at_an_end(value))


def task_name_of(option: str, value: str) -> str:
    """Return the name of a task or a task group, or a pattern of such names."""
    return _sound(option, value, _no_text(value, longest=None) or _blank_at_an_end(value))


def connection_id_of(option: str, value: str, new: bool) -> str:
    """Return the id of a connection.

    :param new: False: it may be one that an old version let in, which can still be deleted.
    """
    fault = _no_path(value, LONGEST_CONNECTION_ID if new else LONGEST_ID) or _blank_at_an_end(value)
    if not fault and new:
        fault = _foreign(value, DAG_ID, f"the id of a connection has {_OF_AN_ID}")
    if not fault and "/" in value:
        fault = "has a slash, so the API cannot address it; delete it in Airflow's web interface"
    return _sound(option, value, fault)


def dag_run_id_of(option: str, value: str) -> str:
    """Return the id of a run that there is, perhaps one that others have named: it can be asked for."""
    value = value.strip()
    return _sound(option, value, _no_text(value))


def word_of(option: str, value: t.Any) -> str:
    """Return an item of a list of names or patterns, without blanks at its ends."""
    text = "" if value is None else str(value).strip()
    if not text:
        raise BadInput(f"{option} holds an empty text; name what is meant, or give an empty list to select nothing.")
    return text


def check_task_names(option: str, names: t.Iterable[str]) -> None:
    """Refuse what is neither the name of a task, or of a group of them, nor a pattern of it."""
    for name in names:
        task_name_of(option, name)


def new_dag_run_id_of(option: str, value: str) -> str:
    """Return the id of a new run, to which everybody can keep.

    Airflow 2.11 answers some others with an HTML 500, 2.3 accepts some that nobody can reach afterwards, and those of
    the scheduler are its own.
    """
    value = value.strip()
    unfit = _unfit_for_all(value)
    if unfit:
        # Others may have made a run with such an id.
        unfit += ", or, for a run that exists already, use state: awaited or state: cleared of airflow_dag_run"
    return _sound(option, value, _no_text(value) or unfit)


def _unfit_for_all(dag_run_id: str) -> str:
    if dag_run_id == "~":
        return "means all runs in Airflow's API; choose another one"
    if dag_run_id in (".", ".."):
        return f"{_ONLY_DOTS}; choose another one"
    if dag_run_id.startswith("scheduled__"):
        return "is a name of Airflow's scheduler; choose one without 'scheduled__'"
    if ".." in dag_run_id:
        return "has '..' in it, which not every Airflow can answer; choose another one"
    stray = RUN_ID.sub("", dag_run_id)
    if stray:
        return f"has {_named(stray[0])}, and a new run id has only A-Z a-z 0-9 _ . ~ : + -; choose another one"
    return ""


def check_length(option: str, value: str | None, longest: int) -> None:
    """Refuse a text for which Airflow's database has no room: it fails, and does not say of what."""
    fault = _too_long(value or "", longest)
    if fault:
        raise BadInput(f"{option} {fault}.")


def _too_long(value: str, longest: int | None) -> str:
    if longest and len(value) > longest:
        return f"has {len(value)} characters; shorten it to {longest} or fewer"
    return ""


def _sound(option: str, value: str, fault: str) -> str:
    """Return the value; BadInput with the one thing that is wrong with it."""
    if fault:
        given = f" '{as_given(value)}'" if value.strip() else ""
        raise BadInput(f"{option}{given} {fault}.")
    return value


def _no_text(value: str, longest: int | None = LONGEST_ID) -> str:
    """Say what no id or name can have; an empty text where all is well."""
    if not value.strip():
        return "is empty; give one"
    stray = next((char for char in value if not char.isprintable()), "")
    if stray:
        return _with(stray, value)
    return _too_long(value, longest)


def _no_path(value: str, longest: int | None = LONGEST_ID) -> str:
    """Say why it cannot be a part of a request's path, in which dots alone would be taken for a folder."""
    return _no_text(value, longest) or ("" if value.strip(". ") else f"{_ONLY_DOTS}; give another one")


def _blank_at_an_end(value: str) -> str:
    return _with(" ", value) if value != value.strip() else ""


def _with(char: str, value: str) -> str:
    where = "ends with" if value.endswith(char) else "begins with" if value.startswith(char) else "has"
    return f"{where} {_named(char)}; remove it"


def _foreign(value: str, known: t.Pattern[str], rule: str) -> str:
    """Say which character is not among those of an id; an empty text where all are."""
    stray = known.sub("", value)
    return f"has {_named(stray[0])}, and {rule} only; correct it" if stray else ""


def _named(char: str) -> str:
    """Say what a character is, since not all of them can be seen."""
    if char in "\r\n":
        return "a line break"
    if char.isprintable():
        return "a blank" if char == " " else f"the character {char}"
    return "a control character" if unicodedata.category(char) == "Cc" else "a character that cannot be seen"


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


def number_of(option: str, value: int, least: int, more: str = "") -> int:
    """Return a number that Airflow keeps in its database, which fails at a larger one.

    :param more: goes on with what it takes, such as C(; -1 is …).
    """
    if value < least:
        raise BadInput(f"{option} is {one_line(value, 60)}; it takes {least} or more{more}.")
    if value > LARGEST_NUMBER:
        raise BadInput(f"{option} is {one_line(value, 60)}; it takes at most {LARGEST_NUMBER}.")
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
