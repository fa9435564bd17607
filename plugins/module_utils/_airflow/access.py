# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and roles of Airflow's FAB auth manager: one interface, whichever version answers."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from .._base.errors import ApiError, BadInput, Conflict, NoSuchApi, NotFound, ShortList, WrongLogin
from .._base.patience import TOO_MANY
from .._base.text import not_among
from .._http.client import path_of
from .._http.login import Login, TokenLogin
from .._http.login_v1 import PasswordCheck
from .._http.login_v2 import FabLogin, FabTokenLogin, PasswordTokenLogin
from .._http.pages import pages
from .access_refusals import (
    OF_DAG,
    TO_REPLACE_A_ROLE,
    Refusal,
    check_room,
    check_words,
    made_with_public,
    needs_another_login,
    needs_public,
    no_such_role,
    no_users,
    taken,
    taken_address,
    unknown_word,
)
from .access_shapes import (
    ADMIN,
    EVERYBODYS,
    LONGEST_BEFORE_2_6,
    PUBLIC,
    Pair,
    original_of,
    other_users,
    pairs_of,
    permissions_of,
    role_body,
    role_of,
    substitute_of,
    user_body,
    user_of,
)
from .airflow import Airflow, Family, Object, of_known_shape
from .lost import in_steps, lost


class Access(Family):
    """Who may do what."""

    # Whether to read what a write would tell too late, or never, as in check mode.
    looks_ahead = False

    def __init__(self, airflow: Airflow) -> None:
        super().__init__(airflow)
        self._foreseen: set[str] = set()
        # What was read once; None where this user may not read it.
        self._known: dict[str, t.Any] = {}

    @property
    def login(self) -> str:
        """The name of the user that is logged in; empty: nobody knows."""
        return self._client.login.user

    # -- users: {username, email, first_name, last_name, roles}, roles: {name, permissions: [{action, resource}]}

    def find_user(self, username: str) -> Object | None:
        """Return a user, or None when there is none."""
        return self._find(self._path("users", username), user_of, f"user {username}")

    def check_user(self, current: Object | None, wanted: Object, password: str | None) -> Refusal:
        """Refuse what is known to fail before anything is written, in check mode, too; reads at most.

        Return what a task before may mend: roles that do not exist, and another user's e-mail address.

        :param wanted: the keys that are to change, all of them for a new user.
        :param password: the one to set, None when it stays as it is.
        """
        name = (current or wanted)["username"]
        if self.looks_ahead and "email" in wanted:
            self._read_once("users", self.select_users)
        address = taken_address(self._known, current, wanted)
        if address.sentence:
            return address
        has: list[str] = current["roles"] if current else []
        without = current is None and not wanted["roles"]
        more = {PUBLIC} if without else set(wanted.get("roles", has)) - set(has)
        known = self._role_names() if more else None
        unknown = "" if known is None else not_among(more, {*known, *self._foreseen})
        return (needs_public(name) if without else no_such_role(name, unknown)) if unknown else Refusal()

    def create_user(self, user: Object, password: str) -> None:
        """Make a user; Conflict when the name or the e-mail address is taken."""
        self._client.redact.add([password])
        name = user["username"]
        with self._explained(f"user {name}"):
            # Airflow makes no user without a role: it takes one of its own choice, or fails.
            body = {**user_body({**user, "roles": user["roles"] or [PUBLIC]}), "password": password}
            self._client.post(self._path("users"), body, lost=_lost(f"user {name} was made"))
        if not user["roles"]:
            with in_steps() as done:
                done(made_with_public(name))
                self.update_user(user)

    def update_user(self, user: Object, password: str | None = None) -> None:
        """Bring a user into this state; all keys must be there, since Airflow 2 takes no part of a user.

        :param password: a new one; None: it stays as it is.
        """
        self._client.redact.add([password] if password else [])
        name, body = user["username"], {**user_body(user), **({"password": password} if password else {})}
        self._client.forget_passes()
        with self._explained(f"user {name}"):
            self._client.patch(self._path("users", name), body, lost=_lost(f"user {name} was changed"))

    def delete_user(self, username: str) -> None:
        """Delete a user."""
        self._client.forget_passes()
        self._remove(self._path("users", username), f"user {username}")

    def accepts_password(self, username: str, password: str) -> bool:
        """Whether this user can log in with this password; an error when the server does not tell.

        What is no refusal must not come to mean that the password is another one: it would be written at every run.
        """
        try:
            self._client.logged_in_by(self.login_check(username, password)).log_in()
        except WrongLogin:
            return False
        except ApiError as error:
            if error.status != TOO_MANY:
                error.message = (
                    f"Whether user {username} has this password cannot be found out, so nothing was changed "
                    f"(update_password: on_create does not ask). {error.message}"
                )
            raise
        return True

    def select_users(self) -> list[Object]:
        """Return all users."""
        return self._all("users", "username", user_of)

    def frees_address(self, name: str) -> None:
        """Take note that this user is removed before the users that are checked from now on are written."""
        self._known["users"] = other_users(self._known.get("users"), name)

    def select_roles(self) -> list[Object]:
        """Return all roles."""
        return self._all("roles", "name", role_of)

    def find_role(self, name: str) -> Object | None:
        """Return a role, or None when there is none."""
        return self._find(self._path("roles", name), role_of, f"role {name}")

    def check_role(self, current: Object | None, wanted: Object) -> str:
        """Refuse what is known to fail before anything is written, in check mode, too; return a warning of what may."""
        self._foreseen.add(wanted["name"])
        more = pairs_of(wanted) - (pairs_of(current) if current else set())
        known = self._read_once("roles", self.select_roles) if more else None
        if known is None:
            return ""
        of_roles: set[Pair] = set().union(*map(pairs_of, known))
        listed = functools.partial(self._read_once, "permissions", self._listed_permissions)
        return check_words(wanted["name"], more, of_roles, listed, self._has_dag)

    def create_role(self, role: Object) -> None:
        """Make a role; of one that an update which broke off has left in its place, with its users."""
        substitute = substitute_of(role["name"])
        left = [there for there in self._read_once("roles", self.select_roles) or [] if there["name"] == substitute]
        if not left:
            self._make_role(role)
            return
        with in_steps() as done:
            self._rename(substitute, role["name"])
            done(f"Role {role['name']} has its name and its users again; repeat the task, which goes on from there.")
            current = {**left[0], "name": role["name"]}
            if pairs_of(current) - {EVERYBODYS} != pairs_of(role) - {EVERYBODYS}:
                kept = pairs_of(role) | (pairs_of(current) & {EVERYBODYS})
                self.update_role(current, {**role, "permissions": permissions_of(kept)})

    def update_role(self, current: Object, wanted: Object) -> None:
        """Give a role exactly the wanted permissions; its users keep it at every moment."""
        with self._explained(f"role {wanted['name']}"):
            unknown = _lost(f"role {wanted['name']} was changed")
            self._client.patch(self._path("roles", wanted["name"]), role_body(wanted), lost=unknown)

    def _make_role(self, role: Object) -> None:
        name = original_of(role["name"])
        with self._explained(f"role {name}"):
            self._client.post(self._path("roles"), role_body(role), lost=_lost(f"role {name} was made"))

    def delete_role(self, name: str) -> None:
        """Delete a role; its users stay, without it."""
        self._remove(self._path("roles", name), f"role {original_of(name)}")

    def _replace_role(self, wanted: Object) -> None:
        """Give a role fewer permissions where a PATCH only adds them.

        A second role is made, the users move to it, and it takes over the name; deleting the role first would leave its
        users without rights, for good if this broke off.
        """
        name, substitute = wanted["name"], substitute_of(wanted["name"])
        goes_on = "repeat the task, which goes on from there."
        with in_steps() as done:
            users = [user for user in self.select_users() if not {name, substitute}.isdisjoint(user["roles"])]
            for user in users:
                # An update that broke off has left it there.
                if substitute in user["roles"]:
                    self._move(user, name)
                    done(f"Users of role {name} have it again in the place of {substitute}; {goes_on}")
            self.delete_role(substitute)
            self._make_role({**wanted, "name": substitute})
            done(f"Role {substitute}, which is to take its place, was made; {goes_on}")
            for user in users:
                self._move(user, substitute)
                done(f"Users of role {name} have the role {substitute} for now; {goes_on}")
            self.delete_role(name)
            done(f"Role {name} is called {substitute} for now, and its users have that; {goes_on}")
            self._rename(substitute, name)

    def _check_replaceable(self, current: Object, wanted: Object) -> None:
        """Refuse what would break off on the way, where a second role takes the place of the first."""
        name = wanted["name"]
        check_room(name)
        lost = (pairs_of(current) - pairs_of(wanted)) & TO_REPLACE_A_ROLE
        own = self.own_roles() if lost else []
        # Of a token nobody knows whose it is.
        if lost and (own == [name] or (name == ADMIN and not own)):
            raise needs_another_login(name, lost)

    def _rename(self, role: str, name: str) -> None:
        with self._explained(f"role {name}"):
            body, query = {"name": name, "actions": []}, {"update_mask": "name"}
            self._client.patch(self._path("roles", role), body, query, _lost(f"role {name} was changed"))

    def _move(self, user: Object, role: str) -> None:
        """Give a user this role, in the place of the one that it stands for."""
        name = original_of(role)
        others = [other for other in user["roles"] if other not in (name, substitute_of(name))]
        self.update_user({**user, "roles": [*others, role]})

    def login_check(self, username: str, password: str) -> Login:
        """Return a login that tells a right password from a wrong one."""
        raise NotImplementedError

    def own_roles(self) -> list[str]:
        """Return the roles of the user that is logged in, read once; none where nobody knows them."""
        user = self._read_once("user", lambda: self.find_user(self.login)) if self.login else None
        return user["roles"] if user else []

    # -- what Airflow knows

    def _read_once(self, what: str, read: t.Callable[[], t.Any]) -> t.Any:
        """Return what was read, now or before; None where this user may not read it."""
        if what not in self._known:
            self._known[what] = None
            with contextlib.suppress(ApiError):
                self._known[what] = read()
        return self._known[what]

    def _role_names(self) -> list[str] | None:
        roles = self._read_once("roles", self.select_roles)
        return None if roles is None else [role["name"] for role in roles]

    def _known_names(self, kind: str) -> set[str]:
        """Return the names of roles, or the actions or resources that roles have, as far as they were read."""
        roles = self._known.get("roles") or []
        if kind == "role":
            return {role["name"] for role in roles}
        pairs = set(self._known.get("permissions") or ()).union(*map(pairs_of, roles))
        return {pair[kind == "resource"] for pair in pairs} - {""}

    @of_known_shape
    def _listed_permissions(self) -> set[Pair]:
        """Return all permissions; without resources on Airflow 2 and 3.0, which list actions alone."""
        listed = pages(self._client, self._path("permissions"), "actions", str)
        return {
            (raw["action"]["name"], raw["resource"]["name"]) if "resource" in raw else (raw["name"], "")
            for raw in listed
        }

    def _has_dag(self, resource: str) -> bool:
        """Whether a resource is a DAG that has been parsed; true where that cannot be found out."""
        if not resource.startswith(OF_DAG):
            return False
        try:
            self._airflow.client.get(self._airflow.generation.prefix + path_of("dags", resource[len(OF_DAG) :]))
        except ApiError as error:
            return not isinstance(error, NotFound)
        return True

    @of_known_shape
    def _find(self, path: str, read: t.Callable[[Object], Object], what: str = "") -> Object | None:
        with self._explained(what):
            return super()._find(path, read)

    @of_known_shape
    def _all(self, what: str, key: str, read: t.Callable[[Object], Object]) -> list[Object]:
        with self._explained(what):
            found = [read(raw) for raw in pages(self._client, self._path(what), what, lambda item: item[key])]
        self._known[what] = found
        return found

    def _remove(self, path: str, what: str) -> None:
        with self._explained(what):
            self._delete(path, _lost(f"{what} was deleted"))

    @contextlib.contextmanager
    def _explained(self, what: str) -> t.Iterator[None]:
        """Say so when the server has no users and roles, and put refusals in the options' words.

        :param what: names the object, such as C(user deploy).
        """
        try:
            yield
        except NoSuchApi as error:
            raise no_users(f"{self.url} has no API for users and roles") from error
        except ShortList:
            raise
        except Conflict as error:
            raise taken(what, error) from error
        except ApiError as error:
            if error.status == 200:
                # With the simple auth manager Airflow 3 has its web interface there: a page for any path.
                raise no_users(f"{self.url} has no API for users and roles") from error
            if error.status not in (400, 422):
                raise
            other = f"Airflow refused {what}: {error.reason.rstrip('.') or f'status {error.status}'}; correct it."
            raise (unknown_word(what, error.reason, self._known_names) or BadInput(other)) from error


class AccessV1(Access, api="v1"):
    """Airflow 2."""

    def login_check(self, username: str, password: str) -> Login:
        return PasswordCheck(username, password, self._client.login.at_the_door())

    def check_user(self, current: Object | None, wanted: Object, password: str | None) -> Refusal:
        for key, longest in LONGEST_BEFORE_2_6.items():
            if len(wanted.get(key, "")) > longest:
                self._airflow.needs(f"{key} with more than {longest} characters", (2, 6), "shorten it")
        return super().check_user(current, wanted, password)

    def check_role(self, current: Object | None, wanted: Object) -> str:
        if current and not pairs_of(current) <= pairs_of(wanted):
            self._check_replaceable(current, wanted)
        return super().check_role(current, wanted)

    def update_role(self, current: Object, wanted: Object) -> None:
        if pairs_of(current) <= pairs_of(wanted):
            super().update_role(current, wanted)
        else:
            self._replace_role(wanted)


class AccessV2(Access, api="v2"):
    """Airflow 3 with the FAB auth manager."""

    def __init__(self, airflow: Airflow) -> None:
        super().__init__(airflow)
        self._prefix = "/auth/fab/v1"
        login = self._client.login
        if isinstance(login, PasswordTokenLogin):
            self._client = self._client.logged_in_by(FabLogin(login))
        elif isinstance(login, TokenLogin):
            self._client = self._client.logged_in_by(FabTokenLogin(login.token))

    def login_check(self, username: str, password: str) -> Login:
        return PasswordTokenLogin(username, password)

    def update_role(self, current: Object, wanted: Object) -> None:
        super().update_role(current, wanted)
        if pairs_of(current) <= pairs_of(wanted):
            return
        with in_steps() as done:
            done(f"Role {wanted['name']} may still have permissions that it is to lose; repeat the task.")
            there = self.find_role(wanted["name"])
            # Some versions only add, and their answer does not tell.
            if there and not pairs_of(there) <= pairs_of(wanted):
                self._check_replaceable(there, wanted)
                self._replace_role(wanted)


def _lost(what: str) -> str:
    return lost(what, "airflow_objects_info")
