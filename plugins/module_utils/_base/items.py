# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are lists of mappings with secrets in them, read before Ansible looks at them.

Ansible would cut a text at its commas, and show the pieces, with the secrets, in its message.
"""

from __future__ import annotations

import contextlib
import typing as t

from .errors import BadInput
from .text import as_written, json_of, texts_in

Spec = t.Mapping[str, t.Any]


def no_texts(name: str, value: t.Any, option: Spec) -> t.Iterator[str]:
    """Yield a sentence for each list or mapping in the place of a text; Ansible would make a text of it.

    :param name: what the option is called.
    :param value: what it was given.
    """
    kind = option.get("type")
    if kind in ("str", "path"):
        if isinstance(value, (list, tuple, t.Mapping)):
            given = "mapping" if isinstance(value, t.Mapping) else "list"
            yield f"{name} must be a text, and is a {given}; correct it."
    elif kind == "list" and isinstance(value, (list, tuple)):
        for number, item in enumerate(value, 1):
            yield from no_texts(f"Item {number} of {name}", item, {**option, "type": option.get("elements", "raw")})
    elif kind == "dict" and isinstance(value, t.Mapping):
        for key, suboption in option.get("options", {}).items():
            yield from no_texts(f"{key} in {name}", value.get(key), suboption)


def secret_options(option: Spec) -> list[str]:
    """Names of the suboptions that are secret."""
    return [name for name, spec in option.get("options", {}).items() if spec.get("no_log")]


def items_of(name: str, value: t.Any) -> t.Any:
    """Return the items of a list or of its JSON text, each without what is empty; BadInput for any other text."""
    value = _parsed(name, value)
    if not isinstance(value, list):
        return value
    items = [_parsed(f"Item {number} of {name}", item) for number, item in enumerate(value, 1)]
    return [_without_empty(item) if isinstance(item, t.Mapping) else item for item in items]


def text_of(value: t.Any) -> t.Any:
    """Return the text of which this is JSON text, as the filter to_json makes it of a text; anything else as it is."""
    if isinstance(value, str) and value.startswith('"'):
        with contextlib.suppress(ValueError):
            return json_of(value)
    return value


def secrets_of(value: t.Any, names: t.Sequence[str]) -> t.Iterator[str]:
    """Yield all texts below these keys, wherever they are, also as Python and JSON write them.

    Ansible logs a list as Python writes it.
    """
    if isinstance(value, t.Mapping):
        for key, item in value.items():
            if key in names:
                for text in texts_in(_read(item)):
                    yield text
                    yield from as_written(text)
            else:
                yield from secrets_of(item, names)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from secrets_of(item, names)


def _parsed(what: str, value: t.Any) -> t.Any:
    if not isinstance(value, str):
        return value
    try:
        return json_of(value)
    except ValueError:
        raise BadInput(
            f"{what} is a text; give a list of mappings, or put the filter to_json behind the expression that results "
            "in one (before version 2.19, ansible-core makes a text of it when a date in it is not in quotes)."
        ) from None


def _read(secret: t.Any) -> t.Any:
    """Read a secret mapping that is given as JSON text; both are secret then, the text and what is in it."""
    if isinstance(secret, str):
        with contextlib.suppress(ValueError):
            return [secret, json_of(secret)]
    return secret


def _without_empty(item: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in item.items() if value is not None and value != ""}
