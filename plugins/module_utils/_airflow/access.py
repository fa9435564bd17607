# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and roles of Airflow's FAB auth manager: one interface, whichever version answers."""

from __future__ import annotations

import contextlib
import typing as t

from .._base.errors import ApiError, BadInput, Conflict, NoSuchApi, NotFound, ShortList, Unsupported, WrongLogin
from .._base.text import not_among
from .._http.client import path_of
from .._http.login import Login, TokenLogin
from .._http.login_v1 import PasswordCheck
from .._http.login_v2 import FabLogin, FabTokenLogin, PasswordTokenLogin
from .._http.pages import pages
from .access_refusals import OF_DAG, unknown_word
from .airflow import Airflow, Family, Object, of_known_shape
from .lost import lost

SUBSTITUTE = "__substitute"  # ends the name of a role that stands in for another one while that is made anew
Pair = t.Tuple[str, str]  # an action and a resource
USER_TEXTS = ("username", "email", "first_name", "last_name")


class Access(Family):
    """Who may do what."""

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
        return self._find(self._path("users", username), _user, f"user {username}")

    def check_user(self, current: Object | None, wanted: Object, password: str | None) -> str:
        """Refuse what is known to fail before anything is written, in check mode, too; reads at most.

        Return the sentence that refuses roles which do not exist; empty: there is none. A task before may make them.

        :param wanted: the keys that are to change, all of them for a new user.
        :param password: the one to set, None when it stays as it is.
        """
        has: list[str] = current["roles"] if current else []
        more = set(wanted.get("roles", has)) - set(has)
        known = self._role_names() if more else None
        unknown = "" if known is None else not_among(more, {*known, *self._foreseen})
        if not unknown:
            return ""
        return (
            f"User {(current or wanted)['username']} cannot have the role {unknown}: Airflow has no such role; make it "
            "first (airflow_role), or correct roles."
        )

    def create_user(self, user: Object, password: str) -> None:
        """Make a user; Conflict when the name or the e-mail address is taken."""
        self._client.redact.add([password])
        with self._explained(f"user {user['username']}"):
            body = {**_user_body(user), "password": password}
            self._client.post(self._path("users"), body, lost=_lost(f"user {user['username']} was made"))
        if not user["roles"]:
            # Airflow gives a new user without roles one of its own choice.
            self.update_user(user)

    def update_user(self, user: Object, password: str | None = None) -> None:
        """Bring a user into this state; all keys must be there, since Airflow 2 takes no part of a user.

        :param password: a new one; None: it stays as it is.
        """
        self._client.redact.add([password] if password else [])
        body = {**_user_body(user), **({"password": password} if password else {})}
        with self._explained(f"user {user['username']}"):
            unknown = _lost(f"user {user['username']} was changed")
            self._client.patch(self._path("users", user["username"]), body, lost=unknown)

    def delete_user(self, username: str) -> None:
        """Delete a user."""
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
            if error.status != 429:
                error.message = (
                    f"Whether user {username} has this password cannot be found out, so nothing was changed "
                    f"(update_password: on_create does not ask). {error.message}"
                )
            raise
        return True

    def select_users(self) -> list[Object]:
        """Return all users."""
        return self._all("users", "username", _user)

    def select_roles(self) -> list[Object]:
        """Return all roles."""
        roles = self._known["roles"] = self._all("roles", "name", _role)
        return roles

    def find_role(self, name: str) -> Object | None:
        """Return a role, or None when there is none."""
        return self._find(self._path("roles", name), _role, f"role {name}")

    def check_role(self, current: Object | None, wanted: Object) -> str:
        """Refuse what is known to fail before anything is written, in check mode, too; return a warning of what may."""
        self._foreseen.add(wanted["name"])
        more = pairs_of(wanted) - (pairs_of(current) if current else set())
        known = self._read_once("roles", self.select_roles) if more else None
        return "" if known is None else self._check_words(wanted["name"], more, set().union(*map(pairs_of, known)))

    def create_role(self, role: Object) -> None:
        """Make a role."""
        with self._explained(f"role {_original(role['name'])}"):
            unknown = _lost(f"role {_original(role['name'])} was made")
            self._client.post(self._path("roles"), _role_body(role), lost=unknown)

    def update_role(self, current: Object, wanted: Object) -> None:
        """Give a role exactly the wanted permissions; its users keep it at every moment."""
        with self._explained(f"role {wanted['name']}"):
            unknown = _lost(f"role {wanted['name']} was changed")
            self._client.patch(self._path("roles", wanted["name"]), _role_body(wanted), lost=unknown)

    def delete_role(self, name: str) -> None:
        """Delete a role; its users stay, without it."""
        self._remove(self._path("roles", name), f"role {_original(name)}")

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
        return {permission[kind] for role in roles for permission in role["permissions"]}

    def _check_words(self, role: str, wanted: set[Pair], of_roles: set[Pair]) -> str:
        """Refuse actions and resources that Airflow does not know; warn where it does not tell all resources.

        :param of_roles: the permissions of all roles, which are known.
        """
        actions, resources = ({pair[place] for pair in of_roles} for place in (0, 1))
        if all(action in actions and resource in resources for action, resource in wanted):
            return ""
        listed = self._read_once("permissions", self._listed_permissions)
        if listed is None:
            return ""
        actions |= {action for action, _resource in listed}
        unknown = not_among((action for action, _resource in wanted), actions)
        if unknown:
            raise BadInput(f"Role {role} cannot have the action {unknown}: Airflow has no such action; correct it.")
        told = {resource for _action, resource in listed if resource}
        more = {resource for _action, resource in wanted} - resources - told
        # A DAG may be on its way, and only newer versions tell all resources.
        doubtful = {name for name in more if name.startswith(OF_DAG) or not told}
        unknown = not_among(more - doubtful, resources | told)
        if unknown:
            raise BadInput(f"Role {role} cannot have the resource {unknown}: Airflow has no such resource; correct it.")
        unknown = not_among((name for name in doubtful if told or not self._has_dag(name)), resources | told)
        if not unknown:
            return ""
        return (
            f"Role {role} names the resource {unknown}, which no role has so far; Airflow refuses one that it does not "
            "know, such as a DAG that has not been parsed."
        )

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
            return [read(raw) for raw in pages(self._client, self._path(what), what, lambda item: item[key])]

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
            reason = error.reason or "its name or e-mail address is taken"
            raise Conflict(
                f"Airflow refused {what}: {reason.rstrip('.')}; choose another name or address.",
                error.status,
                error.reason,
            ) from error
        except ApiError as error:
            if error.status == 200:
                # With the simple auth manager Airflow 3 has its web interface there: a page for any path.
                raise no_users(f"{self.url} has no API for users and roles") from error
            if error.status not in (400, 422):
                raise
            reason = error.reason.rstrip(".") or f"status {error.status}"
            other = f"Airflow refused {what}: {reason}; correct it."
            raise (unknown_word(what, error.reason, self._known_names) or BadInput(other)) from error


class AccessV1(Access, api="v1"):
    """Airflow 2."""

    def login_check(self, username: str, password: str) -> Login:
        return PasswordCheck(username, password, self._client.login.at_the_door())

    def create_role(self, role: Object) -> None:
        super().create_role(role)
        # An update that broke off half-way has left the users of this role with its substitute.
        self._move(self._users_with(_substitute(role["name"])), role["name"])
        self.delete_role(_substitute(role["name"]))

    def update_role(self, current: Object, wanted: Object) -> None:
        name = wanted["name"]
        if pairs_of(current) <= pairs_of(wanted):
            super().update_role(current, wanted)
            return
        # A PATCH only adds permissions here. So a second role is made, the users move to it, and it takes over the
        # name; deleting the role first would leave its users without rights, for good if this broke off.
        users = self._users_with(name, _substitute(name))
        # Those whom an update that broke off has left with the substitute.
        self._move([user for user in users if _substitute(name) in user["roles"]], name)
        self.delete_role(_substitute(name))
        super().create_role({**wanted, "name": _substitute(name)})
        self._move(users, _substitute(name))
        self.delete_role(name)
        with self._explained(f"role {name}"):
            body = {"name": name, "actions": []}
            query = {"update_mask": "name"}
            self._client.patch(self._path("roles", _substitute(name)), body, query, _lost(f"role {name} was changed"))

    def _users_with(self, *roles: str) -> list[Object]:
        return [user for user in self.select_users() if not set(roles).isdisjoint(user["roles"])]

    def _move(self, users: t.Iterable[Object], role: str) -> None:
        """Give users this role, in the place of the one that it stands for."""
        name = _original(role)
        for user in users:
            others = [other for other in user["roles"] if other not in (name, _substitute(name))]
            self.update_user({**user, "roles": [*others, role]})


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


def no_users(what: str) -> Unsupported:
    """The error for an Airflow whose users and roles stand elsewhere."""
    return Unsupported(
        f"{what}: it needs Airflow's FAB auth manager (with the simple auth manager users stand in [core] "
        "simple_auth_manager_users)."
    )


def permissions_of(pairs: t.Iterable[Pair]) -> list[Object]:
    """Return permissions as a list of {action, resource}, each once, sorted."""
    return [{"action": action, "resource": resource} for action, resource in sorted(set(pairs))]


def pairs_of(role: Object) -> set[Pair]:
    """Return the permissions of a role as pairs of action and resource."""
    return {(permission["action"], permission["resource"]) for permission in role["permissions"]}


def _lost(what: str) -> str:
    return lost(what, "airflow_objects_info")


def _role_body(role: Object) -> Object:
    pairs = sorted(pairs_of(role))
    return {
        "name": role["name"],
        "actions": [{"action": {"name": action}, "resource": {"name": resource}} for action, resource in pairs],
    }


def _substitute(role: str) -> str:
    return role + SUBSTITUTE


def _original(role: str) -> str:
    """Return the name of the role that this one is, or stands for."""
    return role[: -len(SUBSTITUTE)] if role.endswith(SUBSTITUTE) else role


def _user(raw: Object) -> Object:
    return {
        **{key: raw[key] for key in USER_TEXTS},
        "roles": sorted(role["name"] for role in raw.get("roles") or []),
    }


def _role(raw: Object) -> Object:
    pairs = {(pair["action"]["name"], pair["resource"]["name"]) for pair in raw.get("actions") or []}
    return {"name": raw["name"], "permissions": permissions_of(pairs)}


def _user_body(user: Object) -> Object:
    return {**{key: user[key] for key in USER_TEXTS}, "roles": [{"name": role} for role in user["roles"]]}
