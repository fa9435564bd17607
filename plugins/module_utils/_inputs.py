# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users write, checked before anything is sent: ids, times, seconds, URLs, conf."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t
from datetime import date, datetime, timezone
from urllib.parse import urlsplit

from ._errors import BadInput
from ._text import one_line, texts_in

LONGEST_ID = 250  # characters, in every version of Airflow
LONGEST_WAIT = 1_000_000_000  # seconds
MOST_LINES = 1_000_000
SHORTEST_SECRET = 6  # characters: Ansible masks a secret wherever it occurs, "a" in every word
# Of runs and task instances, in any version: sensing and shutdown are of Airflow 2, awaiting_input came with 3.3.
STATES = (
    "awaiting_input",
    "deferred",
    "failed",
    "queued",
    "removed",
    "restarting",
    "running",
    "scheduled",
    "sensing",
    "shutdown",
    "skipped",
    "success",
    "up_for_reschedule",
    "up_for_retry",
    "upstream_failed",
)
GLOB = re.compile(r"[*?\[]")

_DAG_ID = re.compile(r"[\w.-]+")
_RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# In a mapping that an expression of Ansible resulted in.
_DATE_OF_PYTHON = re.compile(r"\A\s*[{\[].*\bdatetime\.date(time)?\(", re.DOTALL)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?([.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


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


def dag_run_id_of(option: str, value: str, triggering: bool = False) -> str:
    """Return a run id that can be asked for.

    Airflow 2.11 answers some others with an HTML 500, and 2.3 accepts some that nobody can reach afterwards.

    :param triggering: the id is for a new run: those of the scheduler are then refused, too.
    """
    value = value.strip()
    if not _RUN_ID.fullmatch(value) or value in ("~", ".") or ".." in value or len(value) > LONGEST_ID:
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is no run id: it has 1 to {LONGEST_ID} of the characters "
            "A-Z a-z 0-9 _ . ~ : + - and no '..' in it."
        )
    if triggering and value.startswith("scheduled__"):
        raise BadInput(
            f"{option} '{one_line(value, 60)}' is a name of Airflow's scheduler; choose one without 'scheduled__', or "
            "wait for that run with state: awaited."
        )
    return value


def time_of(option: str, value: str) -> datetime:
    """Return a moment, in UTC. ISO 8601, or with a blank for the C(T): AWX turns survey answers into that."""
    match = _TIME.fullmatch(str(value).strip())
    text = one_line(value, 60)
    if not match:
        raise BadInput(f"{option} '{text}' is no time; write it like 2026-11-22T10:15:00+00:00.")
    day, minutes, seconds, fraction, zone = match.groups()
    if not zone:
        raise BadInput(f"{option} '{text}' has no time zone; add one, like {day}T{minutes}{seconds or ':00'}+00:00.")
    zone = "+00:00" if zone in "Zz" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    micros = f".{fraction[1:7]:0<6}" if fraction else ""
    try:
        return datetime.fromisoformat(f"{day}T{minutes}{seconds or ':00'}{micros}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{option} '{text}' is no time: {error}; correct it.") from error


def seconds_of(option: str, value: float) -> float:
    """Return a number of seconds that can be waited."""
    if not 0 <= value <= LONGEST_WAIT:
        raise BadInput(f"{option} is {value:g}; it takes a number of seconds, 0 to {LONGEST_WAIT}.")
    return value


def lines_of(option: str, value: int) -> int:
    """Return a number of lines that can be kept."""
    if not 0 <= value <= MOST_LINES:
        raise BadInput(f"{option} is {value}; it takes a number of lines, 0 to {MOST_LINES}.")
    return value


def base_url_of(option: str, value: str) -> str:
    """Return the base URL without C(/api/v1), C(/api/v2) and trailing slashes."""
    text = value.strip()
    # Before an @ there may be a password, and it need not look like a URL's for that.
    given = "" if "@" in text else f" '{one_line(text, 80)}'"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        why = f" ({one_line(error, 80)})" if given else ""
        raise BadInput(f"{option} is no URL{why}; write it like https://airflow.example.com.") from error
    if parts.username is not None or parts.password is not None:
        raise BadInput(f"{option} must not hold credentials; give api_username and api_password.")
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", text):
        raise BadInput(f"{option}{given} is no URL; write it like https://airflow.example.com.")
    if parts.query or parts.fragment:
        raise BadInput(f"{option}{given} must not have a query or a fragment; end it after the path.")
    path = re.sub(r"/api/v[12]/*$", "", parts.path).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def secrets_in_url(value: str) -> list[str]:
    """Return what may be credentials in a URL that C(base_url_of) refuses; Ansible shows the option as it was given."""
    with contextlib.suppress(BadInput):
        if "@" not in value or base_url_of("", value):
            return []  # An @ in the path is none.
    match = re.match(r"\s*(?:https?:?)?/*(.+)@", value, re.IGNORECASE | re.DOTALL)
    if not match:
        return []
    # A shorter password is masked where it stands, not wherever its letters occur.
    password = match[1].partition(":")[2]
    return [match[1], password] if len(password) >= SHORTEST_SECRET else [match[1]]


def headers_of(option: str, value: t.Mapping[t.Any, t.Any]) -> dict[str, str]:
    """Return HTTP headers as text."""
    headers = {str(name): str(content) for name, content in value.items()}
    for name, content in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise BadInput(f"{option} has the name '{one_line(name, 60)}', which no HTTP header can have; correct it.")
        check_header_value(option, content)
    return headers


def check_header_value(option: str, value: str) -> None:
    """Refuse what HTTP cannot carry in a header: line breaks, and letters beyond Latin-1."""
    if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", value):
        raise BadInput(f"{option} holds a line break or a character that an HTTP header cannot carry; correct it.")


def conf_of(option: str, value: t.Any) -> dict[str, t.Any]:
    """Return the run's parameters, from a mapping or from its JSON or YAML text; types are kept.

    An AWX survey gives text. YAML needs PyYAML where the module runs, JSON does not.
    """
    try:
        if isinstance(value, str):
            value = _parsed(option, value)
        if not isinstance(value, t.Mapping):
            raise BadInput(f"{option} is a {_kind(value)}; it takes a mapping, or the JSON or YAML text of one.")
        plain = in_json(value)
        json.dumps(plain, allow_nan=False)
    except RecursionError as error:
        raise BadInput(f"{option} is nested too deeply, or holds itself; flatten it.") from error
    except ValueError as error:
        raise BadInput(f"{option} holds a number that JSON cannot carry (nan or infinity); take it out.") from error
    return t.cast("dict[str, t.Any]", plain)


def in_json(value: t.Any) -> t.Any:
    """Return what YAML knows and JSON does not (dates, keys that are no text) in JSON's types."""
    if isinstance(value, t.Mapping):
        return {str(key): in_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [in_json(item) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def merged(base: t.Mapping[str, t.Any], over: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return C(base) with C(over) laid over it, mapping by mapping."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, t.Mapping) and isinstance(value, t.Mapping) else value
    return result


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


def _parsed(option: str, text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    if _DATE_OF_PYTHON.search(text):
        raise BadInput(
            f"{option} holds a date that is not in quotes, and ansible-core before 2.19 makes Python's words of it; "
            "put it in quotes, or use the filter dagops.airflow.as_conf."
        )
    try:
        import yaml
    except ImportError as error:
        raise BadInput(
            f"{option} is text but not JSON, and YAML needs PyYAML where the module runs; give a mapping."
        ) from error
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = one_line(getattr(error, "problem", None) or error, 120)
        raise BadInput(f"{option} is neither JSON nor YAML{place}: {problem}; correct it.") from error


def _kind(value: t.Any) -> str:
    names = {
        list: "list",
        tuple: "list",
        str: "text",
        bool: "boolean",
        int: "number",
        float: "number",
        type(None): "null",
    }
    return names.get(type(value), type(value).__name__)
