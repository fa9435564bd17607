# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole configuration that is wanted of an Airflow, its shape checked before anything is sent."""

from __future__ import annotations

import typing as t

from .._base.conf import kind_of
from .._base.errors import BadInput, Unsupported, about
from .._base.inputs import is_glob
from .._base.items import check_keys, checked, example, shaped, without_unset
from .._base.names import check_unmasked
from .._base.text import one_line
from .connections import KIND as CONNECTIONS
from .objects import Kind, check_removable
from .paused import KIND as DAGS
from .pools import KIND as POOLS
from .roles import KIND as ROLES
from .users import KIND as USERS
from .variables import KIND as VARIABLES

Options = t.Mapping[str, t.Any]

# In the order in which they are written: users have roles.
KINDS = {kind.name: kind for kind in (POOLS, VARIABLES, CONNECTIONS, ROLES, USERS, DAGS)}
# What is wrong with the options of an object, and is told with its name.
WRONG = (BadInput, Unsupported)


class Item(t.NamedTuple):
    """One object.

    :param label: what messages call it, by its place in the options.
    :param wish: what is wanted of it, as its kind has it.
    """

    label: str
    wish: t.Any
    absent: bool


class Purge(t.NamedTuple):
    """Which objects of a kind are removed when they are not wanted."""

    matching: t.Sequence[str]
    excepted: t.Sequence[str]
    at_most: int


class Tree(t.NamedTuple):
    """What is wanted: for each kind that is listed its objects, by their names, and what is purged of it.

    :param login: the name of the user that is logged in; empty: nobody knows.
    """

    items: t.Mapping[str, t.Mapping[str, Item]]
    purges: t.Mapping[str, Purge]
    login: str


def login_of(params: Options) -> str:
    """Return the name of the user that is logged in, or an empty text: a token does not tell."""
    return str(params["api_username"] or "")


def tree_of(params: Options) -> Tree:
    """Check the shape of all options; BadInput names the item and the key that are wrong."""
    defaults = {"update_secrets": params["update_secrets"], "update_password": "on_create"}
    login = login_of(params)
    items = {
        kind.name: _items(kind, params[kind.name], defaults, login)
        for kind in KINDS.values()
        if params[kind.name] is not None
    }
    purges = {
        name: _purge(KINDS[name], options, name in items, login)
        for name, options in (params["purge"] or {}).items()
        if options is not None  # a kind that is not purged
    }
    for kind in KINDS.values():
        absent = {item.wish.name: item.label for item in items.get(kind.name, {}).values() if item.absent}
        check_needed(kind, items, absent, "remove one of them")
    return Tree(items, purges, login)


def item_of(kind: Kind, label: str, options: t.Any, defaults: Options) -> Item:
    """Check the options of one object, in the way of the module for one."""
    if not isinstance(options, t.Mapping):
        form = example({"type": "dict", "options": kind.spec})
        raise BadInput(f"{label} must be a mapping, and is {kind_of(options)}; write it like {form}.")
    check_keys(label, options, kind.spec)
    with about(label, WRONG):
        given = {
            name: shaped(name, value, kind.spec[name])
            for name, value in without_unset(options, kind.spec, kind.clearable).items()
        }
    if kind.key not in given:
        raise BadInput(f"{label} has no {kind.key}; name what it is about.")
    spec = {
        name: {**option, "default": defaults[name]} if name in defaults else option
        for name, option in kind.spec.items()
    }
    validated = checked(label, given, spec)
    with about(label, WRONG):
        for name, value in given.items():
            if not kind.spec[name].get("no_log"):
                check_unmasked(name, value)
        wish = kind.wish_of(validated)
    return Item(label, wish, given.get("state") == "absent")


def _items(kind: Kind, value: t.Any, defaults: Options, login: str) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for label, options in _labelled(kind, value):
        item = item_of(kind, label, options, defaults)
        if item.absent:
            check_removable(kind, item.wish.name, login, "remove it", label)
        first = found.setdefault(kind.same_name(item.wish.name), item)
        if first is not item:
            raise BadInput(f"{first.label} and {label} are the same object; remove one of them.")
    return found


def form_of(kind: Kind) -> str:
    """Write the objects of a kind in the right shape."""
    if kind is DAGS:
        return "{etl_daily: {paused: …}}"
    return example({"type": "list", "options": kind.spec}) + (" or {region: …}" if kind is VARIABLES else "")


def _labelled(kind: Kind, value: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    """Yield the options of each object, with what messages call it."""
    if isinstance(value, t.Mapping) and kind in (VARIABLES, DAGS):
        for name, options in value.items():
            if name is None or not str(name).strip():
                raise BadInput(f"{kind.name} has an entry with an empty key; give the key, or take the entry out.")
            yield f"{kind.name}.{one_line(name, 60)}", _of_mapping(kind, str(name), options)
        return
    if not isinstance(value, list):
        raise BadInput(f"{kind.name} is {kind_of(value)}; write it like {form_of(kind)}.")
    for number, options in enumerate(value, 1):
        name = options.get(kind.key) if isinstance(options, t.Mapping) else None
        named = f" ({one_line(name, 60)})" if isinstance(name, str) and name.strip() else ""
        yield f"Item {number} of {kind.name}{named}", options


def _of_mapping(kind: Kind, name: str, options: t.Any) -> t.Any:
    """Return an object that a mapping has under its name in the form of an item of a list."""
    if kind is DAGS:
        if not isinstance(options, t.Mapping):
            form = "{paused: …}"
            raise BadInput(
                f"dags.{one_line(name, 60)} must be a mapping, and is {kind_of(options)}; write it like {form}."
            )
        return {**options, "dag_id": name}
    if options is None:
        raise BadInput(f"variables.{one_line(name, 60)} has no value; give one, or an empty text.")
    return {"key": name, "value": options}


def _purge(kind: Kind, options: Options, listed: bool, login: str) -> Purge:
    option = f"purge.{kind.name}"
    if not listed:
        raise BadInput(f"{option} needs {kind.name}, the objects that are to stay; list them, or give an empty list.")
    if kind is USERS and not login:
        raise BadInput(
            f"{option} needs api_username: a token does not tell which user is logged in, who must not be removed; log "
            "in with a user name, or leave it out."
        )
    if not options["matching"]:
        raise BadInput(
            f"{option}.matching is an empty list, so nothing would be purged; name what may be removed, such as "
            f"[app_*], or leave {option} out."
        )
    patterns = [*options["matching"], *(options["except"] or [])]
    if not all(text.strip() for text in patterns):
        raise BadInput(f"{option} holds an empty text; name what is meant.")
    named = [text for text in options["matching"] if not is_glob(text) and kind.why_kept(text, login)]
    if named:
        reason = kind.why_kept(named[0], login)
        raise BadInput(f"{option} names {named[0]}, {reason}, which is never removed; remove it from matching.")
    if options["at_most"] < 0:
        raise BadInput(f"{option} has at_most {options['at_most']}; it takes 0 or more.")
    return Purge(options["matching"], options["except"] or [], options["at_most"])


def check_needed(
    kind: Kind, items: t.Mapping[str, t.Mapping[str, Item]], doomed: t.Mapping[str, str], way_out: str
) -> None:
    """Refuse to remove an object that another one is to have, which would lose it, or be refused.

    :param doomed: from the names of objects to what removes them.
    """
    for name, others in items.items():
        for item in others.values():
            needed = () if item.absent else KINDS[name].needs(item.wish).get(kind.name, ())
            lost = sorted(set(needed) & set(doomed))
            if lost:
                one = f"{kind.name[:-1]} {lost[0]}"
                raise BadInput(f"{item.label} is to have the {one}, which {doomed[lost[0]]} removes; {way_out}.")


def check_purge(kind: Kind, names: t.Sequence[str], at_most: int) -> None:
    """Refuse to remove more objects than was said."""
    if len(names) > at_most:
        objects = f"{len(names)} object{'' if len(names) == 1 else 's'}"
        raise BadInput(
            f"purge.{kind.name} would remove {objects} and may remove {at_most} (at_most): "
            f"{one_line(', '.join(names), 250)}; raise at_most, or narrow matching. Nothing was changed."
        )
