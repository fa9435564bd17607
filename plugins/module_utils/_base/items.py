# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are lists of mappings, perhaps with secrets in them, read and checked before Ansible looks at them.

Ansible would cut a text at its commas, and show the pieces, with the secrets, in its message.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict

from .errors import BadInput, about
from .text import Redactor, as_written, json_of, one_line, texts_in

Spec = t.Mapping[str, t.Any]


def check_texts(name: str, value: t.Any, option: Spec) -> None:
    """Refuse a list or a mapping in the place of a text; Ansible would make a text of it.

    :param name: what the option is called.
    :param value: what it was given.
    """
    kind = option.get("type")
    if kind in ("str", "path") and isinstance(value, (list, tuple, t.Mapping)):
        given = "mapping" if isinstance(value, t.Mapping) else "list"
        raise BadInput(f"{name} must be a text, and is a {given}; correct it.")
    if kind == "list" and isinstance(value, (list, tuple)):
        for number, item in enumerate(value, 1):
            check_texts(f"Item {number} of {name}", item, {**option, "type": option.get("elements")})
    elif kind == "dict" and isinstance(value, t.Mapping):
        for key, suboption in option.get("options", {}).items():
            check_texts(f"{key} in {name}", value.get(key), suboption)


def check_items(name: str, value: t.Any, option: Spec) -> None:
    """Refuse what is wrong with an item of a list of mappings, and say which item that is, which Ansible does not."""
    if (option.get("type"), option.get("elements")) != ("list", "dict") or not isinstance(value, (list, tuple)):
        return
    for number, item in enumerate(value, 1):
        label = f"Item {number} of {name}"
        if isinstance(item, str):
            with contextlib.suppress(TypeError):
                item = check_type_dict(item)
        if "options" in option:
            checked(label, item, option["options"])
        else:
            check_known(label, item, None)


def check_known(label: str, item: t.Any, spec: Spec | None) -> None:
    """Refuse what is no mapping, or has a key that is none of these options; None: it may have any."""
    if not isinstance(item, t.Mapping):
        raise BadInput(f"{label} is no mapping of options; write it as one.")
    unknown = [] if spec is None else [str(key) for key in item if key not in spec]
    if unknown:
        raise BadInput(f"{label} has an unknown key {one_line(unknown[0], 60)}; it takes {', '.join(spec or ())}.")


def checked(label: str, item: t.Any, spec: Spec, clearable: t.Container[str] = ()) -> dict[str, t.Any]:
    """Return the options of an item as Ansible reads them; BadInput names the item and what is wrong with it.

    :param label: what messages call it.
    """
    check_known(label, item, spec)
    given = without_unset(item, spec, clearable)
    with about(label):
        for key, value in given.items():
            check_items(key, value, spec[key])
    validated = ArgumentSpecValidator(spec).validate(given)
    if validated.error_messages:
        # Before it is cut: half a secret would not be masked.
        redact = Redactor(secrets_of(given, secret_options({"options": spec})))
        raise BadInput(f"{label}: {one_line(redact(validated.error_messages[0])).rstrip('.')}; correct it.")
    found: dict[str, t.Any] = validated.validated_parameters
    return found


def secret_options(option: Spec) -> list[str]:
    """Names of the suboptions that are secret."""
    return [name for name, spec in option.get("options", {}).items() if spec.get("no_log")]


def without_unset(values: t.Mapping[str, t.Any], spec: Spec, clearable: t.Container[str] = ()) -> dict[str, t.Any]:
    """Return options without those that are empty: what is empty is unset, for every option alike.

    A list keeps an empty text: in a list of DAGs it is a mistake, and must not come to mean "no list". So do the fields
    of an object (C(clearable)), which an empty text clears; that of a number is 0.
    """
    found = {}
    for name, value in values.items():
        kind = spec.get(name, {}).get("type")
        if value == "" and name in clearable:
            found[name] = 0 if kind == "int" else ""
        elif value is not None and (value != "" or kind == "list"):
            found[name] = text_of(value) if kind == "dict" else value
    return found


def parsed_items(name: str, value: t.Any) -> t.Any:
    """Return a list or a mapping, or what their JSON text holds; BadInput for any other text."""
    value = _parsed(name, value)
    if not isinstance(value, list):
        return value
    return [_parsed(f"Item {number} of {name}", item) for number, item in enumerate(value, 1)]


def items_of(name: str, value: t.Any) -> t.Any:
    """Return the same, each item of a list without what is empty."""
    items = parsed_items(name, value)
    if not isinstance(items, list):
        return items
    return [without_unset(item, {}) if isinstance(item, t.Mapping) else item for item in items]


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
