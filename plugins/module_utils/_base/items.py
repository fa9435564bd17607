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

from .conf import DATE_OF_PYTHON, kind_of
from .errors import BadInput
from .text import Redactor, as_written, json_of, json_problem, not_among, one_line, texts_in

Spec = t.Mapping[str, t.Any]
NUL = "\x00"


def shaped(name: str, value: t.Any, option: Spec) -> t.Any:
    """Return the value of an option without what is unset in it; BadInput where it has another shape than the option.

    Ansible would make a text of a list, and 1 of true. It falls over what should be a mapping of options and is none.

    :param name: what the option is called.
    :param value: what it was given; not None.
    """
    if isinstance(value, str) and NUL in value:
        raise BadInput(f"{name} holds a NUL character, which Airflow cannot keep; remove it.")
    kind, elements = option.get("type"), {**option, "type": option.get("elements")}
    value = listed(value, option)
    _check_whole(name, value, option)
    if kind == "dict":
        return _mapping(name, value, option)
    if kind == "list" and "options" in option:
        value = items_of(name, value, option)
    if kind == "list" and isinstance(value, (list, tuple)):
        items = {f"Item {number} of {name}": item for number, item in enumerate(value, 1)}
        items = {label: shaped(label, item, elements) for label, item in items.items()}
        for label, item in items.items() if "options" in option else ():
            checked(label, item, option["options"])
        return [*items.values()]
    if kind in ("str", "path", "int", "float"):
        needed = "a number" if kind in ("int", "float") else "a text"
        wrong = isinstance(value, (list, tuple, t.Mapping, bool))
    else:
        needed = "a list"
        # Ansible would cut a text at its commas, and say of each piece that it is no mapping.
        other = (t.Mapping, bool, str) if option.get("elements") == "dict" else (t.Mapping, bool)
        wrong = kind == "list" and ("options" in option or isinstance(value, other))
    if wrong:
        way_out = f"write it like {example(option)}" if kind == "list" else "correct it"
        raise BadInput(f"{name} must be {needed}, and is {kind_of(value)}; {way_out}.")
    return value


def listed(value: t.Any, option: Spec) -> t.Any:
    """Return the list that a text is in JSON, where the option is a list of texts; anything else as it is.

    A survey of AWX and C(-e) give such a text. Ansible would cut it at its commas, and somebody may have done that. A
    pattern such as C([ab]*) is none.
    """
    if (option.get("type"), option.get("elements")) != ("list", "str"):
        return value
    items = value if isinstance(value, (list, tuple)) else [value]
    text = ",".join(items).strip() if all(isinstance(item, str) for item in items) else ""
    if text.startswith("[") and text.endswith("]"):
        with contextlib.suppress(ValueError):
            read = json_of(text)
            if all(isinstance(item, str) for item in read):
                return read
    return value


def _check_whole(name: str, value: t.Any, option: Spec) -> None:
    """Refuse the beginning of a list in JSON: of C(-e name=["a", "b"]) Ansible takes what is before the blank."""
    items = value if isinstance(value, (list, tuple)) else [value]
    text = items[0].strip() if option.get("type") == "list" and items and isinstance(items[0], str) else ""
    if text.startswith('["'):
        raise BadInput(
            f"{name} begins like a list in JSON, but is no list of texts: {one_line(text, 60)}; correct it. After -e "
            "NAME=, a list must have no blanks."
        )


def check_keys(name: str, value: t.Mapping[str, t.Any], options: Spec) -> None:
    """Refuse a key that is no option."""
    unknown = {str(key) for key in value if key not in options}
    named, takes = not_among(unknown, list(options)), ", ".join(options)
    if len(unknown) == 1:
        raise BadInput(f"{name} has an unknown key {named}; it takes {takes}.")
    if unknown:
        raise BadInput(f"{name} has the unknown keys {named}; it takes {takes}.")


def example(option: Spec) -> str:
    """Write a value of the right shape, with what is required, or the first of what is not."""
    options = option.get("options")
    if option.get("type") == "list":
        return f"[{example({**option, 'type': option.get('elements', 'dict')})}]"
    if not options:
        return "{…}" if option.get("type") == "dict" else "…"
    required = [key for key in options if options[key].get("required")] or [*options][:1]
    return "{" + ", ".join(f"{key}: {example(options[key])}" for key in required) + "}"


def checked(label: str, item: t.Mapping[str, t.Any], spec: Spec) -> dict[str, t.Any]:
    """Return the options of an item as Ansible reads them; BadInput names the item and what is wrong with it.

    :param label: what messages call it.
    """
    validated = ArgumentSpecValidator(spec).validate(item)
    if validated.error_messages:
        # Before it is cut: half a secret would not be masked.
        redact = Redactor(secrets_of(item, secret_options({"options": spec})))
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


def parsed_items(name: str, value: t.Any, option: Spec) -> t.Any:
    """Return a list or a mapping, or what their JSON text holds; BadInput for any other text.

    :param option: a list with options for its items; C(form): what to write, where that is not a list alone.
    """
    value = _parsed(name, value, option.get("form") or example({**option, "type": "list"}))
    if not isinstance(value, list):
        return value
    form, options = example({**option, "type": "dict"}), option.get("options", {})
    return [
        _parsed(f"Item {number} of {name}", _read_item(item, options), form) for number, item in enumerate(value, 1)
    ]


def _read_item(item: t.Any, options: Spec) -> t.Any:
    """Read an item in Ansible's short form; a text such as a=b, which names no option, is no such item."""
    read = _read_as_ansible(item)
    short = isinstance(item, str) and not item.lstrip().startswith("{")
    return item if short and isinstance(read, t.Mapping) and options.keys().isdisjoint(read) else read


def items_of(name: str, value: t.Any, option: Spec) -> t.Any:
    """Return the same, each item of a list without what is empty."""
    items = parsed_items(name, value, option)
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


def _mapping(name: str, value: t.Any, option: Spec) -> t.Any:
    """Return a mapping; where its keys are options, each has its shape."""
    read, options = _read_as_ansible(value), option.get("options")
    if not isinstance(read, t.Mapping):
        way_out = f"write it like {example(option)}" if options else "correct it"
        raise BadInput(f"{name} must be a mapping, and is {kind_of(value)}; {way_out}.")
    if not options:
        return value
    check_keys(name, read, options)
    found = {}
    for key, item in read.items():
        if item is not None or "options" in options[key]:
            # In an item of a list the item is named last.
            found[key] = shaped(f"{key} in {name}" if " " in name else f"{name}.{key}", item, options[key])
    found = without_unset(found, options)
    missing = [key for key in options if options[key].get("required") and key not in found]
    if missing:
        raise BadInput(f"{name} has no {missing[0]}; write it like {example(option)}.")
    return found


def _read_as_ansible(item: t.Any) -> t.Any:
    """Read a mapping that is given as a text, such as Ansible's short form C(key=value), and leave anything else."""
    with contextlib.suppress(TypeError):
        return check_type_dict(item) if isinstance(item, str) else item
    return item


def _parsed(what: str, value: t.Any, form: str) -> t.Any:
    if not isinstance(value, str):
        return value
    try:
        return json_of(value)
    except ValueError as error:
        if not value.lstrip().startswith(("[", "{")):
            raise BadInput(f"{what} is a text; write it like {form}.") from None
        if DATE_OF_PYTHON.search(value):
            raise BadInput(
                f"{what} is a text; give a list of mappings, or apply the filter to_json to the expression (before "
                "version 2.19, ansible-core makes a text of a list when a date in it is not in quotes)."
            ) from None
        raise BadInput(
            f"{what} is a text that is not valid JSON: {json_problem(error)}; correct it, write it like {form}, or "
            "apply the filter to_json to the expression."
        ) from None


def _read(secret: t.Any) -> t.Any:
    """Read a secret mapping that is given as JSON text; both are secret then, the text and what is in it."""
    if isinstance(secret, str):
        with contextlib.suppress(ValueError):
            return [secret, json_of(secret)]
    return secret
