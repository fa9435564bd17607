# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of an Airflow as it is wanted elsewhere: sorted, without secrets and without what Airflow makes."""

from __future__ import annotations

import typing as t
from fnmatch import fnmatchcase

from .._airflow.airflow import Airflow, Object
from .._airflow.connections import FIELDS as FIELDS_OF_CONNECTIONS
from .._airflow.connections import Connections
from .._airflow.pools import DEFAULT_POOL
from .._base.errors import BadInput, Denied, Unsupported
from .._base.masks import Path, is_masked, is_sensitive, leaves, mapped, value_of_text
from .._base.names import NAMES
from .._base.placeholders import is_placeholder, placeholder
from .objects import Kind
from .pools import DEFAULTS_OWN
from .pools import KIND as POOLS
from .tree import KINDS, item_of

# As people look for them.
KINDS_IN_ORDER = ("connections", "variables", "pools", "roles", "users", "dags")

Hide = t.Callable[..., str]


class Secrets:
    """The secrets that one object has, by the names of their options.

    :param redact: takes the secrets of the login out of a text.
    """

    def __init__(self, kind: str, name: str, redact: t.Callable[[str], str]) -> None:
        self._kind = kind
        self._name = name
        self._redact = redact
        self.needed: list[Object] = []

    def hide(self, *path: str | int, certain: bool = True) -> str:
        """Return what stands in the place of a secret."""
        place = [str(part) for part in path]
        self.needed.append({"kind": self._kind, "name": self._name, "field": ".".join(place), "certain": certain})
        return placeholder([self._kind, self._name, *place])

    def is_secret(self, path: Path, leaf: t.Any) -> bool:
        """Whether this may be a secret, or is one of the login: that would be masked in what Ansible shows."""
        if leaf is None or leaf == "" or isinstance(leaf, bool):
            return False
        named = any(is_sensitive(part) for part in path if isinstance(part, str))
        return named or is_masked(leaf) or self._redact(str(leaf)) != str(leaf)

    def has(self, path: Path, value: t.Any) -> bool:
        """Whether there is a secret in a nested value."""
        return any(self.is_secret((*path, *place), leaf) for place, leaf in leaves(value))

    def hidden(self, value: t.Any, names: Path, place: Path) -> t.Any:
        """Return a nested value with placeholders.

        :param names: what is above the value; C(place): where placeholders find it.
        """
        return mapped(
            lambda path, leaf: self.hide(*place, *path) if self.is_secret((*names, *path), leaf) else leaf, value
        )


def exported(
    airflow: Airflow,
    kinds: t.Sequence[str] | None,
    matching: t.Sequence[str] | None,
    login: str,
    warn: t.Callable[[str], None],
) -> Object:
    """Return C(config), in the form that C(airflow_objects) takes, and C(secrets_needed).

    :param kinds: None: all that this Airflow has.
    :param matching: shell patterns of names; None: all.
    :param login: the name of the user that is logged in, who is left out.
    """
    config: Object = {}
    needed: list[Object] = []
    for kind in [KINDS[name] for name in KINDS_IN_ORDER if kinds is None or name in kinds]:
        try:
            there = kind.select(airflow)
        except Unsupported as error:
            if kinds is not None:
                raise
            warn(f"{kind.name} are left out: {error.message}")
            continue
        except Denied as error:
            # Where nothing was read before, it may be the login that is wrong.
            if error.status == 403 and (error.authenticated or config):
                error.message += _way_out(kind.name, kinds)
            raise
        items = []
        for current in sorted(there, key=lambda item: str(item[kind.key])):
            if _is_meant(kind, current, matching, login):
                items += _item(airflow, kind, kind.whole(airflow, current), needed, warn)
        config[kind.name] = (
            {dag["dag_id"]: {"paused": dag["paused"]} for dag in items} if kind.name == "dags" else items
        )
    return {"config": config, "secrets_needed": needed}


def _way_out(denied: str, kinds: t.Sequence[str] | None) -> str:
    """Say how to export the kinds that the user may read; an empty text where no other kind is wanted."""
    # Who may not read roles may mostly not read users, either.
    lacking = ("roles", "users") if denied in ("roles", "users") else (denied,)
    if not {*(kinds or KINDS_IN_ORDER)} - {*lacking}:
        return ""
    named = " and ".join(lacking)
    return f" To export the other kinds, leave out {named} with kinds (in the playbook: airflow_objects_kinds)."


def _is_meant(kind: Kind, current: Object, matching: t.Sequence[str] | None, login: str) -> bool:
    name = current[kind.key]
    if current.get("is_stale") or (kind.why_kept(name, login) and kind is not POOLS):
        return False
    return matching is None or any(fnmatchcase(name, pattern) for pattern in matching)


def _item(
    airflow: Airflow, kind: Kind, current: Object, needed: list[Object], warn: t.Callable[[str], None]
) -> list[Object]:
    """Return an object in the form of the options, in a list, which is empty for one that nobody could make."""
    name = current[kind.key]
    secrets = Secrets(kind.name, name, airflow.client.redact)
    item = ITEMS[kind.name](airflow, current, secrets)
    if current.get("team_name"):
        item["team_name"] = current["team_name"]
    try:
        # An old version may have let in what is refused today. A placeholder would be, too.
        item_of(kind, f"{kind.name}.{name}", _with_values(item), {})
    except BadInput as error:
        warn(f"{error.message} It is left out of the export.")
        return []
    needed += secrets.needed
    return [item]


def _with_values(item: Object) -> t.Any:
    """Return an object as Ansible passes it on when it has put the secrets in."""
    return mapped(lambda path, leaf: "x" if isinstance(leaf, str) and is_placeholder(leaf) else leaf, item)


def _connection(airflow: Airflow, connection: Object, secrets: Secrets) -> Object:
    item = _plain(connection, [key for key in FIELDS_OF_CONNECTIONS if key != "team_name"], secrets)
    if airflow.ask(Connections).tells_password:
        if connection["password"] is not None:
            item["password"] = secrets.hide("password")
    elif connection["login"]:
        item["password"] = secrets.hide("password", certain=False)
    if isinstance(connection["extra"], dict):
        item["extra"], hidden = _parted(connection["extra"], secrets, "secret_extra")
        if hidden:
            item["secret_extra"] = hidden
    return item


def _parted(value: Object, secrets: Secrets, option: str, path: Path = ()) -> tuple[Object, Object]:
    """Return what may be shown of a mapping, and the rest, to be laid over it: mapping by mapping, but lists whole.

    :param option: takes the rest.
    """
    visible: Object = {}
    hidden: Object = {}
    for key, item in value.items():
        place = (*path, key)
        if not secrets.has(place, item):
            visible[key] = item
        elif isinstance(item, dict):
            shown, hidden[key] = _parted(item, secrets, option, place)
            if shown:
                visible[key] = shown
        else:
            hidden[key] = secrets.hidden(item, place, (option, *place))
    return visible, hidden


def _variable(airflow: Airflow, variable: Object, secrets: Secrets) -> Object:
    key, text = variable["key"], variable["value"]
    item: Object = {"key": key}
    value = value_of_text(text)
    if not isinstance(value, (dict, list)):
        value = text
    if text is None:
        item["secret_value"] = secrets.hide("secret_value")
    elif isinstance(value, dict) and not is_sensitive(key) and secrets.has((), value):
        item["value"], item["secret_value"] = _parted(value, secrets, "secret_value")
        if not item["value"]:
            del item["value"]
    elif secrets.has((key,), value):
        # Below a sensitive key all of it is one secret.
        whole = text if is_sensitive(key) else value
        item["secret_value"] = secrets.hidden(whole, (key,), ("secret_value",))
    else:
        item["value"] = value
    return {**item, **_plain(variable, ["description"], secrets)}


def _pool(airflow: Airflow, pool: Object, secrets: Secrets) -> Object:
    fields = ("name", "slots", "description", "include_deferred")
    own = DEFAULTS_OWN if pool["name"] == DEFAULT_POOL else ()
    return _plain(pool, [key for key in fields if key not in own], secrets)


def _user(airflow: Airflow, user: Object, secrets: Secrets) -> Object:
    return {**user, "password": secrets.hide("password")}


def _plain(current: Object, keys: t.Sequence[str], secrets: Secrets) -> Object:
    """Return fields that can be read."""
    return {
        key: secrets.hide(key) if key not in NAMES and secrets.is_secret((), current[key]) else current[key]
        for key in keys
    }


ITEMS: dict[str, t.Callable[[Airflow, Object, Secrets], Object]] = {
    "connections": _connection,
    "variables": _variable,
    "pools": _pool,
    "roles": lambda airflow, role, secrets: {"name": role["name"], "permissions": role["permissions"]},
    "users": _user,
    "dags": lambda airflow, dag, secrets: {"dag_id": dag["dag_id"], "paused": dag["is_paused"]},
}
