# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that Airflow masks, or that it should: what is below a name such as C(password)."""

from __future__ import annotations

import json
import re
import typing as t

from .conf import in_json
from .errors import BadInput
from .names import ANSIBLES_WORDS
from .placeholders import is_placeholder
from .text import json_of

MASK = "***"
CHANGED = "(changed)"  # what a diff shows of a secret
# Words that Airflow 2.11 takes for the name of a secret; later versions know more of them.
_OF_ALL_VERSIONS = (
    *("access_token", "api_key", "apikey", "authorization", "keyfile_dict", "passphrase", "passwd", "password"),
    *("private_key", "proxies", "proxy", "secret", "service_account", "token"),
)
_SENSITIVE = (
    *_OF_ALL_VERSIONS,
    *("access_key", "auth_header", "bearer", "connection_string", "dsn", "service_key", "webhook_url"),
)
# Airflow puts three asterisks in the place of a secret, Ansible eight, and other tools other numbers of them.
_STARS = re.compile(r"\s*\*{3,}\s*")
_TEMPLATE = re.compile(r"\{\{.*\}\}", re.DOTALL)

Path = t.Tuple[t.Union[str, int], ...]


def is_sensitive(name: t.Any, words: t.Iterable[str] = _SENSITIVE) -> bool:
    """Whether Airflow takes what has this name for a secret."""
    text = re.sub(r"\W+", "_", str(name).strip().lower())
    return any(word in text for word in words)


def is_kept(path: Path) -> bool:
    """Whether every Airflow 3 keeps the value that it has at this place, when it is sent its mask."""
    return any(is_sensitive(part, _OF_ALL_VERSIONS) for part in path if isinstance(part, str))


def is_masked(value: t.Any) -> bool:
    """Whether Airflow hides this value, or a part of it."""
    return isinstance(value, str) and MASK in value


def leaves(value: t.Any, path: Path = ()) -> t.Iterator[tuple[Path, t.Any]]:
    """Yield all that is no mapping and no list in a nested value, with the way to it."""
    if isinstance(value, t.Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def mapped(change: t.Callable[[Path, t.Any], t.Any], value: t.Any, path: Path = ()) -> t.Any:
    """Return a nested value with each of its leaves changed."""
    if isinstance(value, t.Mapping):
        return {key: mapped(change, item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [mapped(change, item, (*path, index)) for index, item in enumerate(value)]
    return change(path, value)


def masked(value: t.Any, secret: t.Container[Path] = ()) -> t.Any:
    """Return a nested value without its secrets: what is below a sensitive name, and what C(secret) names."""

    def shown(path: Path, leaf: t.Any) -> t.Any:
        hidden = path in secret or any(is_sensitive(part) for part in path if isinstance(part, str))
        return MASK if hidden and leaf is not None and leaf != "" else leaf

    return mapped(shown, value)


def text_of_value(option: str, value: t.Any) -> str:
    """Return the text of a value: a text as it is, anything else as JSON."""
    try:
        plain = in_json(value)
        return plain if isinstance(plain, str) else json.dumps(plain, allow_nan=False, ensure_ascii=False)
    except RecursionError as error:
        raise BadInput(f"{option} is nested too deeply, or holds itself; flatten it.") from error
    except ValueError as error:
        raise BadInput(f"{option} holds a number that JSON cannot carry (nan or infinity); remove it.") from error


def value_of_text(text: t.Any) -> t.Any:
    """Return what a text holds, when it is JSON, and else the text."""
    if not isinstance(text, str):
        return text
    try:
        found = json_of(text)
        # Python reads more than JSON has: not-a-number is not even equal to itself.
        json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return found


def same(one: t.Any, other: t.Any) -> bool:
    """Whether two nested values are the same, and of the same types: to Python, 1 and true are equal."""
    if isinstance(one, t.Mapping) and isinstance(other, t.Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def comparison(wanted: t.Any, current: t.Any, path: Path = ()) -> tuple[bool, list[Path]]:
    """Compare nested values: whether they are known to differ, and where that cannot be known."""
    if is_masked(current):
        return False, [path]
    if isinstance(wanted, t.Mapping) and isinstance(current, t.Mapping):
        pairs = [(wanted[key], current[key], (*path, key)) for key in wanted if key in current]
        differs = wanted.keys() != current.keys()
    elif isinstance(wanted, list) and isinstance(current, list):
        pairs = [(*pair, (*path, index)) for index, pair in enumerate(zip(wanted, current))]
        differs = len(wanted) != len(current)
    else:
        return not same(wanted, current), []
    unknown: list[Path] = []
    for item, other, place in pairs:
        differing, hidden = comparison(item, other, place)
        differs = differs or differing
        unknown += hidden
    return differs, unknown


def check_no_mask(option: str, value: t.Any, template: bool = True) -> None:
    """Refuse what can only be a mistake: the masks of Airflow and Ansible, and what Ansible should have replaced.

    :param template: whether that is every expression, and not just one that stands for a secret in an export.
    """
    for path, leaf in leaves(value):
        place = ".".join([option, *map(str, path)])
        # Neither repeats the value: Ansible would mask it, and say that the option is its mask.
        if isinstance(leaf, str) and _STARS.fullmatch(leaf):
            raise BadInput(
                f"{place} consists of asterisks only, as they are shown in the place of a secret; give the secret "
                "itself."
            )
        if leaf == ANSIBLES_WORDS:
            raise BadInput(
                f"{place} holds the words that Ansible shows in the place of a secret; give the secret itself."
            )
        if isinstance(leaf, str) and (is_placeholder(leaf) or (template and _TEMPLATE.search(leaf))):
            raise BadInput(f"{place} still holds an expression in braces; give its value.")
