# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a connection ask for, and what has to be written for it."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.connections import FIELDS, Connections
from .._base.conf import conf_of, merged
from .._base.errors import BadInput
from .._base.inputs import check_length, connection_id_of
from .._base.masks import (
    MASK,
    Path,
    check_no_mask,
    comparison,
    is_kept,
    is_masked,
    is_sensitive,
    leaves,
    mapped,
    masked,
)
from .._base.state import changes
from .._base.text import first_few, texts_in
from .digests import UPDATE_SECRETS, Digest, Known, marked, remove_digest, told
from .objects import Kind, make

SPEC: dict[str, dict[str, t.Any]] = {
    "connection_id": {"type": "str", "required": True},
    "conn_type": {"type": "str"},
    "description": {"type": "str"},
    "host": {"type": "str"},
    "login": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "schema": {"type": "str"},
    "port": {"type": "int"},
    "extra": {"type": "raw"},
    "secret_extra": {"type": "dict", "no_log": True},
    "update_secrets": UPDATE_SECRETS,
    "team_name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
CLEARABLE = ("description", "host", "login", "password", "schema", "port", "extra", "team_name")
CLEARED = "(cleared, for which the connection is created again)"
HIGHEST_PORT = 65535
LONGEST = 500  # characters that Airflow's database has for a host, a schema or a type


class Wish(t.NamedTuple):
    """The checked options of C(airflow_connection).

    :param fields: what a field is to be; None: it is left as it is.
    :param password: the password; None: it is left as it is, empty: it is cleared.
    :param extra: all of extra but its secrets; None: it is left as it is.
    :param secret_extra: what is laid over it.
    """

    fields: Object
    password: str | None
    extra: Object | None
    secret_extra: Object | None
    update_secrets: str

    @property
    def name(self) -> str:
        return str(self.fields["connection_id"])

    @property
    def secret_paths(self) -> set[Path]:
        return {path for path, _leaf in leaves(self.secret_extra or {})}

    @property
    def all_extra(self) -> Object:
        return merged(self.extra or {}, self.secret_extra or {})

    def has_secrets(self) -> bool:
        """Whether the options hold something that Airflow will not show again."""
        names = [part for path, _leaf in leaves(self.all_extra) for part in path]
        return self.password is not None or bool(self.secret_extra) or any(map(is_sensitive, names))


class Plan(t.NamedTuple):
    """What has to be written.

    :param current: the connection as it is; None: there is none.
    :param changed: the fields to write, all of them for a new connection.
    :param after: the connection as it will be.
    :param unverified: secrets that could not be compared, by the names of their options.
    :param remade: it has to be deleted and created again.
    :param digest: kept of the secrets once they have been written.
    """

    current: Object | None
    changed: Object
    after: Object
    unverified: list[str]
    remade: bool = False
    digest: Digest | None = None

    @property
    def warning(self) -> str:
        if not self.remade:
            return ""
        name = self.after["connection_id"]
        sentence = (
            f"To clear its password, connection {name} is deleted and created again, and does not exist for a moment."
        )
        if self.digest or "password" not in self.unverified:
            return sentence
        return (
            f"{sentence} Airflow does not show whether it has a password, so this happens in each run; set "
            "update_secrets: on_change, which does it once."
        )


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    name = connection_id_of("connection_id", params["connection_id"], new=params["state"] != "absent")
    port = params["port"]
    if port is not None and not 0 <= port <= HIGHEST_PORT:
        raise BadInput(f"port is {port}; it takes 1 to {HIGHEST_PORT}, or 0 for none.")
    for option in ("conn_type", "host", "schema"):
        check_length(option, params[option], LONGEST)
    extra, secret_extra = (
        None if params[option] is None else {} if params[option] == "" else conf_of(option, params[option])
        for option in ("extra", "secret_extra")
    )
    for option, value in {**{key: params[key] for key in SPEC}, "extra": extra, "secret_extra": secret_extra}.items():
        check_no_mask(option, value, template=option != "description")
    fields = {**{key: params[key] for key in FIELDS}, "connection_id": name}
    return Wish(fields, params["password"], extra, secret_extra, params["update_secrets"])


def plan_of(airflow: Airflow, wish: Wish, current: Object | None, known: Known | None = None) -> Plan:
    """Find out what has to be written, and whether it may be; reads at most.

    :param known: the digests, where they were read already.
    """
    connections = airflow.ask(Connections)
    connections.check(wish.fields)
    airflow.client.redact.add(texts_in([wish.password, wish.secret_extra]))
    if current is None:
        connections.check_new(wish.name)
        new = new_connection(wish)
        digest, _same = digest_of(airflow, wish, known)
        return Plan(None, new, new, [], False, digest)

    changed = changes(current, wish.fields)
    untouched = wish.update_secrets == "on_create"
    extra = compared_extra(wish, current)
    password_differs, password_hidden = compared_password(connections, wish, current)
    unverified = (["password"] if password_hidden else []) + [option_of(wish, path) for path in extra.hidden]
    digest, same_as_last = digest_of(airflow, wish, known, bool(unverified))
    anew = (
        not untouched and bool(unverified) and not (same_as_last and not (changed or extra.differs or password_differs))
    )
    if extra.wanted is not None and (extra.differs or (extra.hidden and anew)):
        changed["extra"] = with_kept(connections, wish.name, extra, current["extra"])
    if password_differs or (password_hidden and anew):
        changed["password"] = wish.password
    after = {**current, **changed}
    remade = changed.get("password") == ""
    if remade:
        check_remake(wish.name, after["extra"])
    if untouched:
        unverified += [option_of(wish, path) for path in extra.kept if path in wish.secret_paths]
    secret = "password" in changed or "extra" in changed
    return Plan(current, changed, after, [] if same_as_last else unverified, remade, digest if secret else None)


class Extra(t.NamedTuple):
    """What C(extra) is to be, compared with what can be seen of it.

    :param wanted: None: it is left as it is.
    :param differs: whether it is known to differ.
    :param hidden: where that cannot be known.
    :param kept: where Airflow has a secret that stays, and that nobody has given.
    """

    wanted: Object | None
    differs: bool
    hidden: list[Path]
    kept: list[Path]


def compared_extra(wish: Wish, current: Object) -> Extra:
    """Compare C(extra) with the wanted one."""
    wanted = wanted_extra(wish, current)
    if wanted is None:
        return Extra(None, False, [], [])
    differs, unknown = comparison(wanted, current["extra"])
    given = dict(leaves(wish.all_extra))
    kept = [
        path
        for path, leaf in leaves(wanted)
        if path in unknown and (leaf is None or (is_masked(leaf) and given.get(path) != leaf))
    ]
    return Extra(wanted, differs, [path for path in unknown if path not in kept], kept)


def digest_of(airflow: Airflow, wish: Wish, known: Known | None, hidden: bool = False) -> tuple[Digest | None, bool]:
    """Return the digest of the secrets, where one is kept, and whether they are those that were written last.

    :param hidden: whether something that is given cannot be compared.
    """
    if wish.update_secrets != "on_change" or not (hidden or wish.has_secrets()):
        return None, False
    given = {"password": wish.password, "extra": wish.all_extra}
    digest = Digest(airflow, "connection", wish.name, given, known)
    return digest, digest.matches()


def compared_password(connections: Connections, wish: Wish, current: Object) -> tuple[bool, bool]:
    """Compare the password: whether it has to be another one, and whether that cannot be known."""
    wanted, there = wish.password, current["password"]
    if wanted is None:
        return False, False
    # On Airflow 3 it is known that there is one, and that is enough to know that it has to be cleared.
    if is_masked(there) and (wanted or not connections.tells_password):
        return False, True
    return wish.update_secrets != "on_create" and (wanted or None) != there, False


def carry_out(airflow: Airflow, wish: Wish, plan: Plan) -> None:
    """Write what has to be written: the secrets first, their digest after them."""
    connections = airflow.ask(Connections)
    if plan.digest:
        plan.digest.begin()
    if plan.remade:
        connections.remake({**plan.after, "password": None})
    elif plan.current:
        connections.update(plan.current, plan.changed)
    else:
        current = make(connections, wish.name, plan.changed)
        if current is not None:
            plan = plan_of(airflow, wish, current)
            if plan.changed:
                carry_out(airflow, wish, plan)
            return
    if plan.digest:
        plan.digest.keep()


def remove(airflow: Airflow, connection_id: str) -> None:
    """Delete a connection, and its digest with it."""
    remove_digest(airflow, "connection", connection_id)
    airflow.ask(Connections).delete(connection_id)


def new_connection(wish: Wish) -> Object:
    """Return the connection to make; BadInput when something is missing that Airflow wants."""
    if not wish.fields["conn_type"]:
        raise BadInput(f"Connection {wish.name} does not exist yet; to make it, give conn_type.")
    empty = {**dict.fromkeys(FIELDS, ""), "port": 0}
    given = {key: value for key, value in wish.fields.items() if value is not None}
    return {**empty, **given, "extra": wish.all_extra, "password": wish.password or None}


def wanted_extra(wish: Wish, current: Object) -> Object | None:
    """Return all of extra as it is to be; None: it is left as it is."""
    if wish.extra is None and wish.secret_extra is None:
        return None
    there = current["extra"]
    if wish.extra is None and not isinstance(there, dict):
        raise BadInput(
            f"The extra of connection {wish.name} is no JSON object, so secret_extra cannot be laid over it; give "
            "extra, too."
        )
    secrets = wish.secret_extra or {}
    if wish.update_secrets == "on_create":
        secrets = as_it_is(secrets, there)
    return merged(there if wish.extra is None else wish.extra, secrets)


def as_it_is(wanted: Object, current: t.Any) -> Object:
    """Return what there is of a mapping already, with the values that it has."""
    found: Object = {}
    for key, value in wanted.items():
        if isinstance(current, dict) and key in current:
            nested = isinstance(value, dict) and isinstance(current[key], dict)
            found[key] = as_it_is(value, current[key]) if nested else current[key]
    return found


def with_kept(connections: Connections, name: str, extra: Extra, current: t.Any) -> Object:
    """Return extra with the mask where Airflow keeps a secret for it; BadInput where it would lose one."""
    masks = dict(leaves(current))
    lost = [path for path in extra.kept if not (connections.keeps_masks and masks.get(path) == MASK and is_kept(path))]
    if lost:
        raise BadInput(
            f"The extra of connection {name} holds secrets that were not given ({named(lost)}), and would be written "
            "without them; give them in secret_extra, with update_secrets always or on_change."
        )
    return t.cast(Object, mapped(lambda path, leaf: MASK if path in extra.kept else leaf, extra.wanted))


def check_remake(name: str, extra: t.Any) -> None:
    """Refuse to create a connection again that would lose secrets."""
    lost = [path for path, leaf in leaves(extra) if is_masked(leaf)]
    if lost:
        raise BadInput(
            f"To clear the password of connection {name} it has to be created again, and its extra holds secrets that "
            f"were not given ({named(lost)}); give them in secret_extra."
        )


def option_of(wish: Wish, path: Path) -> str:
    """Name a place in extra by the option that is about it."""
    secret = any(place[: len(path)] == path for place in wish.secret_paths)
    return ".".join(["secret_extra" if secret else "extra", *map(str, path)])


def named(paths: t.Sequence[Path]) -> str:
    return first_few([".".join(map(str, path)) for path in paths])


def shown(connection: Object, secret: t.Container[Path] = ()) -> Object:
    """Return a connection as results have it: without secrets, also where Airflow shows them."""
    extra = connection["extra"]
    return {
        **{key: connection[key] for key in FIELDS},
        "port": connection["port"] or None,
        "extra": masked(extra, secret) if isinstance(extra, dict) else None,
    }


def difference(wish: Wish, plan: Plan) -> tuple[Object, Object]:
    """Return the connection as it is, and what changes of it, as a diff may show them."""
    before, after = (
        {**shown(connection, wish.secret_paths), "password": MASK if connection["password"] else None}
        if connection
        else {}
        for connection in (plan.current, plan.after)
    )
    changed = {key: after[key] for key in plan.changed}
    if plan.remade:
        changed["password"] = CLEARED
    elif "password" in changed and before.get("password"):
        changed["password"] = told(plan.digest, "password" in plan.unverified)
    if plan.current and "extra" in changed:
        real = plan.current["extra"], plan.changed["extra"]
        # What is masked there cannot be compared.
        changed["extra"], _any = marked((before["extra"], changed["extra"]), real, plan.digest, True)
    return before, changed


KIND = Kind(
    name="connections",
    key="connection_id",
    spec=SPEC,
    wish_of=wish_of,
    select=lambda airflow: airflow.ask(Connections).select(),
    plan_of=plan_of,
    carry_out=carry_out,
    difference=difference,
    remove=remove,
    clearable=CLEARABLE,
    whole=lambda airflow, current: airflow.ask(Connections).whole(current),
)
