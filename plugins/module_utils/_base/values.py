# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that tasks have pushed, as Airflow shows them, in the types of JSON: the same on every version."""

from __future__ import annotations

import ast
import re
import typing as t
import warnings
from datetime import datetime, timezone

from .times import iso

# What Airflow's serialiser makes of an object: {__classname__: ..., __version__: ..., __data__: ...}.
CLASS, DATA = "__classname__", "__data__"
LISTS = ("builtins.tuple", "builtins.set", "builtins.frozenset")
# What Airflow 2 shows of such an object: datetime.date@version=2(2026-11-22).
_SHOWN = re.compile(r"(datetime\.datetime|datetime\.date|decimal\.Decimal)@version=\d+\((.*)\)")
_TIMESTAMP = re.compile(r"(?:.*,\s*)?timestamp=(-?\d+(?:\.\d+)?)(?:,.*)?")


class Unwrapped(t.NamedTuple):
    """A value in the types of JSON, and the classes of objects in it that were left as Airflow wrote them."""

    value: t.Any
    foreign: t.Sequence[str]


def of_python(text: t.Any) -> t.Any:
    """Read a value in Python's notation, by its literals alone; what is none stays a text."""
    if not isinstance(text, str):
        return text
    try:
        with warnings.catch_warnings():
            # A text with a backslash is no reason to warn of.
            warnings.simplefilter("ignore")
            value = ast.literal_eval(text)
        return value if _is_plain(value) else text
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def unwrapped(value: t.Any) -> Unwrapped:
    """Return a value with the objects of Airflow's serialiser as people write them.

    Moments and days become texts in ISO 8601, tuples and sets become lists, decimals become numbers.
    """
    foreign: list[str] = []
    return Unwrapped(_unwrapped(value, foreign), foreign)


def _unwrapped(value: t.Any, foreign: list[str]) -> t.Any:
    if isinstance(value, dict):
        if CLASS in value and DATA in value:
            return _object(value, foreign)
        return {str(key): _unwrapped(item, foreign) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=repr)
    if isinstance(value, (list, tuple)):
        return [_unwrapped(item, foreign) for item in value]
    return _of_shown(value) if isinstance(value, str) else value


def _object(value: dict[t.Any, t.Any], foreign: list[str]) -> t.Any:
    name, data = value[CLASS], value[DATA]
    if name in LISTS and isinstance(data, list):
        # The order of a set is another one each time.
        return _unwrapped(data if name == LISTS[0] else sorted(data, key=repr), foreign)
    if name == "datetime.datetime" and isinstance(data, dict) and isinstance(data.get("timestamp"), (int, float)):
        return _moment(data["timestamp"]) or value
    if (name == "datetime.date" and isinstance(data, str)) or name == "decimal.Decimal":
        return data
    foreign.append(str(name))
    return value


def _of_shown(text: str) -> t.Any:
    match = _SHOWN.fullmatch(text)
    if not match:
        return text
    name, data = match.groups()
    if name == "decimal.Decimal":
        return of_python(data)
    if name == "datetime.date":
        return data
    stamp = _TIMESTAMP.fullmatch(data)
    return (stamp and _moment(float(stamp[1]))) or text


def _moment(seconds: float) -> str | None:
    """Write a moment in ISO 8601; None for one that Python does not know."""
    try:
        return iso(datetime.fromtimestamp(seconds, timezone.utc))
    except (OverflowError, ValueError, OSError):
        return None


def _is_plain(value: t.Any) -> bool:
    """Whether JSON has a type for all that is in a value."""
    if isinstance(value, dict):
        return all(isinstance(key, (str, int, float)) and _is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple, set)):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (str, bool, int, float))
