# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a user ask for, and what has to be written for it."""

from __future__ import annotations

import typing as t

from .._airflow.access import Access
from .._airflow.access_refusals import Refusal
from .._airflow.access_shapes import ADMIN
from .._airflow.airflow import Asked, Object
from .._base.errors import BadInput, Conflict, ServerError
from .._base.inputs import check_length, name_of
from .._base.masks import CHANGED, MASK, check_no_mask
from .._base.state import changes
from .foreseen import foreseen
from .objects import Kind, found_instead

SPEC: dict[str, dict[str, t.Any]] = {
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["always", "on_create"], "default": "always", "no_log": False},
    "email": {"type": "str"},
    "first_name": {"type": "str"},
    "last_name": {"type": "str"},
    "roles": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}

# Characters that Airflow's database has for them.
LONGEST = {"username": 512, "email": 512, "first_name": 256, "last_name": 256}


class Wish(t.NamedTuple):
    """The checked options of C(airflow_user): what a field is to be; None: it is left as it is."""

    fields: Object
    password: str | None
    update_password: str

    @property
    def name(self) -> str:
        return str(self.fields["username"])


class Plan(t.NamedTuple):
    """What has to be written.

    :param current: the user as it is; None: there is none.
    :param changed: the fields to write, all of them for a new user.
    :param password: the one to set; None: it stays as it is.
    :param warning: what somebody should know before; empty: nothing.
    :param refusal: why it cannot be written unless a task before has mended that.
    """

    current: Object | None
    fields: Object
    password: str | None
    warning: str = ""
    refusal: Refusal = Refusal()

    @property
    def refused(self) -> str:
        return self.refusal.sentence

    @property
    def warnings(self) -> list[str]:
        """What somebody should know before, also why check mode cannot be sure."""
        refused = foreseen(*self.refusal) if self.refused else ""
        return [text for text in (self.warning, refused) if text]

    @property
    def changed(self) -> Object:
        return {**self.fields, **({"password": CHANGED} if self.current and self.password else {})}

    @property
    def after(self) -> Object:
        return {**(self.current or {}), **self.fields}


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    present = params["state"] != "absent"
    name = name_of("username", params["username"], LONGEST["username"] if present else None)
    roles = None if params["roles"] is None else sorted({role.strip() for role in params["roles"]})
    if roles is not None and not all(roles):
        raise BadInput("roles holds an empty name; name the roles, such as Viewer, User or Op.")
    check_no_mask("password", params["password"])
    texts = {key: params[key] for key in ("email", "first_name", "last_name")}
    for key, text in texts.items():
        check_length(key, text, LONGEST[key])
    return Wish({"username": name, **texts, "roles": roles}, params["password"], params["update_password"])


def plan_of(airflow: Asked, wish: Wish, current: Object | None, known: t.Any = None) -> Plan:
    """Find out what has to be written, and whether it may be; tries the password where that is wanted."""
    access = airflow.ask(Access)
    password = wish.password or None
    if current is None:
        fields = new_user(wish)
    else:
        fields = changes(current, wish.fields)
        if password and (wish.update_password == "on_create" or access.accepts_password(wish.name, password)):
            password = None
    refusal = access.check_user(current, fields, password)
    return Plan(current, fields, password, _loss(access.login, current, fields), refusal)


def _loss(login: str, current: Object | None, fields: Object) -> str:
    """Refuse to take rights from the user that is logged in, which only somebody else could give back.

    Nobody is logged in with the command, or with a token; any user could be the only admin there, so return a warning.
    """
    if current is None or "roles" not in fields:
        return ""
    name, demoted = current["username"], ADMIN in current["roles"] and ADMIN not in fields["roles"]
    if not login and demoted:
        return f"This takes the role Admin from {name}; make sure that somebody else has it."
    if why_kept(name, login) and (demoted or not fields["roles"]):
        what = "the role Admin" if demoted else "all roles"
        raise BadInput(
            f"User {name} is the user that is logged in, and would lose {what}; give {'it' if demoted else 'some'} in "
            "roles, too, or log in as another admin."
        )
    return ""


def new_user(wish: Wish) -> Object:
    """Return the user to make; BadInput when something is missing that Airflow wants."""
    name = wish.name
    missing = (["roles"] if wish.fields["roles"] is None else []) + ([] if wish.password else ["password"])
    if missing:
        raise BadInput(f"User {name} does not exist yet; to make it, give {', '.join(missing)}.")
    defaults = {"email": name if "@" in name else f"{name}@localhost", "first_name": name, "last_name": "API"}
    return {**defaults, **{key: value for key, value in wish.fields.items() if value is not None}}


def carry_out(airflow: Asked, wish: Wish, plan: Plan) -> None:
    """Write what has to be written; what somebody else has made meanwhile is brought into the wanted state."""
    access = airflow.ask(Access)
    if plan.current is None:
        # Where two requests meet, Airflow 3.3 fails at the database.
        current = found_instead(
            lambda: access.create_user(plan.after, str(plan.password)),
            lambda: access.find_user(wish.name),
            Conflict,
            ServerError,
        )
        if current is None:
            return
        plan = plan_of(airflow, wish, current)
    if plan.changed:
        access.update_user(plan.after, plan.password)


def difference(wish: Wish, plan: Plan) -> tuple[Object, Object]:
    """Return the user as it is, and what changes of it, as a diff may show them."""
    return ({**plan.current, "password": MASK} if plan.current else {}), plan.changed


def why_kept(username: str, login: str) -> str:
    """Return what makes a user one that is never removed, or an empty text."""
    return "the user that is logged in" if username.lower() == login.lower() else ""


def loss(airflow: Asked, username: str) -> str:
    """Nothing is lost with a user; its e-mail address is free for those that come after it."""
    airflow.ask(Access).frees_address(username)
    return ""


def remove(airflow: Asked, username: str) -> None:
    """Delete a user."""
    airflow.ask(Access).delete_user(username)


KIND = Kind(
    name="users",
    key="username",
    spec=SPEC,
    wish_of=wish_of,
    select=lambda airflow: airflow.ask(Access).select_users(),
    plan_of=plan_of,
    carry_out=carry_out,
    difference=difference,
    remove=remove,
    why_kept=why_kept,
    loss=loss,
    needs=lambda wish: {"roles": wish.fields["roles"] or ()},
    # Airflow takes upper and lower case for the same.
    same_name=str.lower,
)
