# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a run: a mapping, or a text that holds one."""

from __future__ import annotations

import json
import re
import typing as t
from datetime import date, datetime

from .errors import BadInput
from .text import json_problem, one_line

# In a mapping that an expression of Ansible resulted in.
DATE_OF_PYTHON = re.compile(r"\A\s*[{\[].*\bdatetime\.date(time)?\(", re.DOTALL)


def conf_of(option: str, value: t.Any) -> dict[str, t.Any]:
    """Return the run's parameters, from a mapping or from its JSON or YAML text; types are kept.

    An AWX survey gives text. YAML needs PyYAML where the module runs, JSON does not.
    """
    try:
        for _text in range(2):
            # The filter to_json makes JSON text of a text as well; it is what keeps ansible-core before 2.19 from
            # reading a conf as Python.
            value = _parsed(option, value) if isinstance(value, str) else value
        if not isinstance(value, t.Mapping):
            what = "another text" if isinstance(value, str) else kind_of(value)
            raise BadInput(f"{option} must be a mapping, or the JSON or YAML text of one, and is {what}.")
        plain = in_json(value)
        json.dumps(plain, allow_nan=False)
    except RecursionError as error:
        raise BadInput(f"{option} is nested too deeply, or holds itself; flatten it.") from error
    except ValueError as error:
        raise BadInput(f"{option} holds a number that JSON cannot carry (nan or infinity); remove it.") from error
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


def _parsed(option: str, text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError as error:
        broken = json_problem(error)
    if DATE_OF_PYTHON.search(text):
        raise BadInput(
            f"{option} holds a date that is not in quotes, and ansible-core before 2.19 makes Python's words of it; "
            "put it in quotes, or apply the filter to_json to the expression."
        )
    try:
        import yaml
    except ImportError as error:
        raise BadInput(
            f"{option} is text but not JSON ({broken}), and YAML needs PyYAML where the module runs; give a mapping."
        ) from error
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = one_line(getattr(error, "problem", None) or error, 120)
        # YAML has braces and brackets as well, but who writes them mostly means JSON.
        problem += f" (as JSON {broken})" if text.lstrip().startswith(("{", "[")) else ""
        raise BadInput(f"{option} is neither JSON nor YAML{place}: {problem}; correct it.") from error


def kind_of(value: t.Any) -> str:
    """Say what a value is, in the words of JSON, with the article."""
    names = {
        list: "a list",
        tuple: "a list",
        t.Mapping: "a mapping",
        str: "a text",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    # Ansible 2.19 and newer has classes of its own below these.
    return next((name for kind, name in names.items() if isinstance(value, kind)), f"a {type(value).__name__}")
