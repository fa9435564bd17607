# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and roles by the command C(airflow), where there is no admin yet to ask over the API.

A call takes Airflow seconds, so users and roles are listed once for each task.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from .._base.errors import AirflowError, BadInput, CommandFailed, Conflict, Unsupported
from .._base.program import LARGEST_INPUT
from .access import Access
from .access_refusals import Refusal, made_with_public, no_users, unknown_word
from .access_shapes import PUBLIC, USER_TEXTS, pairs_of, permissions_of
from .airflow import Object
from .command import CommandLine
from .lost import in_steps

# What the command says without the FAB auth manager, on a 3.0 and on a 3.3.
_NO_USERS = re.compile(r"invalid choice: '(users|roles)'|AirflowSecurityManager")
_NO_PERMISSIONS = re.compile(r"unrecognized arguments: -p\b")
_EXISTS = re.compile(r"already exists? in the db")
# Of a version that has no such call, and of 2.11, which has it without a connection to the database.
_NO_RESET = re.compile(r"invalid choice: 'reset-password'|sqlalchemy extension was not registered")


class AccessByCommand(Access):
    """Any Airflow with FAB whose command is at hand."""

    def __init__(self, command: CommandLine) -> None:
        self._command = command
        self._users: list[Object] | None = None
        self._foreseen = set()
        self._known = {}

    @property
    def login(self) -> str:
        """Nobody is logged in."""
        return ""

    def find_user(self, username: str) -> Object | None:
        users = self._all_users()
        # Airflow takes upper and lower case for the same.
        alike = [user for user in users if user["username"].lower() == username.lower()]
        return next((user for user in alike if user["username"] == username), alike[0] if alike else None)

    def select_users(self) -> list[Object]:
        return self._all_users()

    def check_user(self, current: Object | None, wanted: Object, password: str | None) -> Refusal:
        if password:
            _check_password(password)
        if current is not None:
            _check_texts(current, wanted)
        return super().check_user(current, wanted, password)

    def create_user(self, user: Object, password: str) -> None:
        names = [
            f"--username={user['username']}",
            f"--firstname={user['first_name']}",
            f"--lastname={user['last_name']}",
        ]
        # The command makes no user without a role.
        first, *others = user["roles"] or [PUBLIC]
        said = self._do(
            "users", "create", *names, f"--email={user['email']}", f"--role={first}", typed=_twice(password)
        )
        if _EXISTS.search(said):
            # Its status is 0 then.
            raise Conflict(f"User {user['username']} was made by somebody else at the same moment; try again.", 409)
        with in_steps() as done:
            lacks = f"User {user['username']} was made, and lacks roles for now; repeating the task adds them."
            done(lacks if user["roles"] else made_with_public(user["username"]))
            self._do_all(_role_calls("add-role", user["username"], others))
            self._do_all(_role_calls("remove-role", user["username"], [] if user["roles"] else [PUBLIC]))

    def update_user(self, user: Object, password: str | None = None) -> None:
        current = self.find_user(user["username"])
        has = set(current["roles"]) if current else set()
        more = [role for role in user["roles"] if role not in has]
        with _in_parts(f"user {user['username']}") as done:
            if password:
                # First of all, since not all versions can.
                self._reset_password(user["username"], password)
                done()
            # Those to add come before others are taken away, so that the user is never without.
            self._do_all(_role_calls("add-role", user["username"], more), done)
            self._do_all(_role_calls("remove-role", user["username"], sorted(has - set(user["roles"]))), done)

    def delete_user(self, username: str) -> None:
        self._delete("users", "delete", f"--username={username}")

    def accepts_password(self, username: str, password: str) -> bool:
        """Never: the command cannot try it."""
        return False

    def find_role(self, name: str) -> Object | None:
        # Before permissions are asked for.
        _check_word("name", name)
        rows = self._listed("roles", "list", "-p")
        with _of_known_keys():
            self._known["roles"] = [_role_of(row) for row in rows]
        found = set().union(*(pairs_of(role) for role in self._known["roles"] if role["name"] == name))
        # A role without permissions is not in that list.
        if not found and name not in self._role_names():
            return None
        return {"name": name, "permissions": permissions_of(found)}

    def check_role(self, current: Object | None, wanted: Object) -> str:
        self._foreseen.add(wanted["name"])
        for permission in wanted["permissions"]:
            _check_word("permissions", permission["action"])
            _check_word("permissions", permission["resource"])
        return ""

    def create_role(self, role: Object) -> None:
        self._do("roles", "create", role["name"])
        try:
            self._do_all(_permission_calls("add-perms", role["name"], pairs_of(role)))
        except AirflowError as error:
            # With a part of its permissions it would look like one that is as it should be.
            try:
                self.delete_role(role["name"])
            except AirflowError:
                error.message += f" Role {role['name']} was made, and lacks permissions; repeating the task adds them."
                error.details["changed"] = True
            raise

    def update_role(self, current: Object, wanted: Object) -> None:
        name = wanted["name"]
        with _in_parts(f"role {name}") as done:
            self._do_all(_permission_calls("add-perms", name, pairs_of(wanted) - pairs_of(current)), done)
            self._do_all(_permission_calls("del-perms", name, pairs_of(current) - pairs_of(wanted)), done)

    def delete_role(self, name: str) -> None:
        self._delete("roles", "delete", name)

    # -- what the command is asked

    def _all_users(self) -> list[Object]:
        if self._users is None:
            rows = self._listed("users", "list")
            with _of_known_keys():
                self._users = [{**{key: row[key] for key in USER_TEXTS}, "roles": sorted(row["roles"])} for row in rows]
            self._known["users"] = self._users
        return self._users

    def _role_names(self) -> list[str]:
        rows = self._listed("roles", "list")
        if not rows:
            raise no_users("The command airflow knows no users and roles")
        with _of_known_keys():
            return [row["name"] for row in rows]

    def _listed(self, *arguments: str) -> list[Object]:
        with self._explained():
            return self._command.listed(*arguments)

    def _do(self, *arguments: str, typed: str = "") -> str:
        # Of a role its name comes third, of a user the option with its name.
        with self._explained(f"{arguments[0][:-1]} {arguments[2].split('--username=')[-1]}"):
            return self._command.do(*arguments, typed=typed)

    def _delete(self, *arguments: str) -> None:
        try:
            self._do(*arguments)
        except CommandFailed as error:
            if "does not exist" not in error.printed:
                raise
            # Gone meanwhile: that is what was wanted.

    def _reset_password(self, username: str, password: str) -> None:
        try:
            self._do("users", "reset-password", f"--username={username}", typed=_twice(password))
        except CommandFailed as error:
            if not _NO_RESET.search(error.printed):
                raise
            raise Unsupported(
                f"The command airflow of this version cannot change the password of user {username}, who exists; set "
                "update_password: on_create, or change it over the API (api_url)."
            ) from error

    def _do_all(self, calls: t.Iterable[t.Sequence[str]], done: t.Callable[[], None] = lambda: None) -> None:
        """Do one after the other.

        :param done: is told after each.
        """
        for call in calls:
            self._do(*call)
            done()

    # -- what cannot be done

    @contextlib.contextmanager
    def _explained(self, what: str = "") -> t.Iterator[None]:
        """Say so when this Airflow has no users and roles, its command no permissions, or it does not know a name.

        :param what: names the object, such as C(role trigger).
        """
        try:
            yield
        except CommandFailed as error:
            if _NO_USERS.search(error.printed):
                raise no_users("The command airflow knows no users and roles") from error
            if _NO_PERMISSIONS.search(error.printed):
                raise Unsupported(
                    "The command airflow of this version cannot tell or change the permissions of roles; use the API "
                    "(api_url), or roles that Airflow brings along, such as Op."
                ) from error
            refusal = unknown_word(what, error.printed, self._known_names)
            if refusal:
                raise refusal from error
            raise


@contextlib.contextmanager
def _in_parts(what: str) -> t.Iterator[t.Callable[[], None]]:
    """Let an error say that a part of the changes was made, once what this yields was called."""
    with in_steps() as done:
        yield lambda: done(f"A part of the changes to {what} was made; repeating the task makes the others.")


def _role_calls(how: str, username: str, roles: t.Iterable[str]) -> t.Iterator[t.Sequence[str]]:
    return (("users", how, f"--username={username}", f"--role={role}") for role in roles)


def _permission_calls(how: str, role: str, pairs: t.Iterable[tuple[str, str]]) -> t.Iterator[t.Sequence[str]]:
    """Return the calls that add or take away permissions, all resources of an action at a time."""
    resources: dict[str, list[str]] = {}
    for action, resource in sorted(pairs):
        resources.setdefault(action, []).append(resource)
    return (("roles", how, role, "-a", action, "-r", *names) for action, names in resources.items())


def _check_texts(current: Object, wanted: Object) -> None:
    """Refuse other texts of a user that is there."""
    fixed = [key for key in USER_TEXTS if wanted.get(key, current[key]) != current[key]]
    if fixed:
        raise Unsupported(
            f"The command airflow cannot change {', '.join(fixed)} of user {current['username']}, who exists; "
            "leave that as it is, or change the user over the API (api_url)."
        )


@contextlib.contextmanager
def _of_known_keys() -> t.Iterator[None]:
    """Let a list that is JSON, but not what Airflow prints, end in one sentence."""
    try:
        yield
    except (AttributeError, KeyError, TypeError) as error:
        raise CommandFailed("airflow_command printed JSON of an unknown shape; is it the command airflow?") from error


def _role_of(row: Object) -> Object:
    """Return what a row says of a role, which has a row for each of its resources."""
    pairs = [(action, row["resource"]) for action in row["action"].split(",") if action]
    return {"name": row["name"], "permissions": permissions_of(pairs)}


def _check_password(password: str) -> None:
    too_long = len(_twice(password).encode("utf-8", "surrogateescape")) > LARGEST_INPUT
    if too_long or re.search(r"[\x00-\x1f\x7f]", password):
        raise BadInput(
            "password cannot be typed to the command airflow, since it is too long, or holds a line break or another "
            "control character; choose another one."
        )


def _check_word(option: str, word: str) -> None:
    if word.startswith("-") or not word:
        raise BadInput(
            f"{option} has a name that is empty or begins with a dash, which the command airflow takes for an option."
        )


def _twice(password: str) -> str:
    """The command asks for a password, and for the same once more."""
    return f"{password}\n{password}\n"
