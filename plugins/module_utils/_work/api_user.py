# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user of the API and its role: one wish, planned as a whole before anything is written."""

from __future__ import annotations

import contextlib
import re
import typing as t

from .._airflow.access import Access
from .._airflow.access_refusals import OF_DAG
from .._airflow.access_shapes import ADMIN, Pair, original_of, other_users, pairs_of
from .._airflow.airflow import Asked, Object
from .._airflow.lost import in_steps
from .._base.errors import ApiError, BadInput
from .._base.text import first_few, it_or_them
from .objects import Plan, difference
from .roles import OWN_ROLES, wanted_permissions
from .roles import Wish as RoleWish
from .roles import carry_out as write_role
from .roles import plan_of as plan_of_role
from .roles import wish_of as wish_of_role
from .users import Plan as UserPlan
from .users import Wish as UserWish
from .users import carry_out as write_user
from .users import difference as difference_of_user
from .users import plan_of as plan_of_user
from .users import wish_of as wish_of_user

READ_DAGS = "can_read"
# Roles that Airflow brings along, whose users may read DAGs.
_READERS = {"Admin", "Op", "User", "Viewer"}
# The least that triggering a DAG and waiting for its run needs, found by leaving out one permission after the other.
# Airflow lets nobody trigger a DAG who may not pause it as well.
_ON_DAGS = (READ_DAGS, "can_edit")
# These reach no further than the permissions on the DAGs themselves.
_ON_RUNS = (
    ("can_read", "DAG Runs"),
    ("can_create", "DAG Runs"),
    ("can_read", "Task Instances"),
    ("can_read", "Task Logs"),
)


class Wish(t.NamedTuple):
    """The checked options.

    :param role: the role that is made for the user; None: the user has other roles.
    """

    user: UserWish
    role: RoleWish | None
    dag_ids: list[str]

    @property
    def reads_dags(self) -> bool:
        """Whether the user may read DAGs for sure; what other roles may do is not known."""
        if not _READERS.isdisjoint(self.user.fields["roles"]):
            return True
        pairs = (self.role and self.role.permissions) or ()
        return any(action == READ_DAGS and re.match(r"DAGs$|DAG:", resource) for action, resource in pairs)


class Plans(t.NamedTuple):
    """What has to be written.

    :param sharers: other users whose rights change with the role.
    """

    role: Plan | None
    user: UserPlan
    sharers: list[str]

    def difference(self, wish: Wish) -> dict[str, tuple[Object, Object]]:
        """Return both as a diff shows them."""
        found = {f"user {wish.user.name}": difference_of_user(wish.user, self.user)}
        if wish.role and self.role:
            found = {f"role {wish.role.name}": difference(wish.role, self.role), **found}
        return found

    def warnings(self) -> list[str]:
        """Return what somebody should know before."""
        of_role = [self.role.warning, _shared(self.role, self.sharers)] if self.role else []
        return [*filter(None, [*of_role, _loss(self.user)]), *self.user.warnings]


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    if re.search(r"[\x00-\x1f\x7f]", params["password"]):
        raise BadInput("password holds a line break or another control character; choose one without.")
    name = params["role_name"].strip()
    given = [name] if params["roles"] is None else params["roles"]
    if not given:
        raise BadInput("roles is empty, and the user needs a role; name one, or leave it out.")
    dag_ids = list(dict.fromkeys(dag_id.strip() for dag_id in params["role_dag_ids"] or ()))
    if params["role_dag_ids"] == []:
        raise BadInput(
            "role_dag_ids is an empty list, which names no DAG; name the DAGs, or leave it out for all DAGs."
        )
    if not all(dag_ids):
        raise BadInput("role_dag_ids holds an empty name; name the DAGs, or leave it out for all DAGs.")
    permissions = params["role_permissions"]
    if permissions is not None and dag_ids:
        raise BadInput(
            "role_permissions has all permissions of the role, so role_dag_ids limits nothing; leave one of them out."
        )
    user = wish_of_user({**params, "roles": given, "state": "present"})
    if name not in user.fields["roles"]:
        idle = "role_dag_ids" if dag_ids else "role_permissions" if permissions is not None else ""
        if idle:
            raise BadInput(
                f"{idle} has no effect, since the user is not to have the role {name} (role_name); give {name} in "
                f"roles, too, or leave {idle} out."
            )
        return Wish(user, None, dag_ids)
    if permissions is None:
        permissions = [{"action": action, "resource": resource} for action, resource in least(dag_ids)]
    role = wish_of_role({"name": name, "permissions": permissions, "append": False, "state": "present"})
    return Wish(user, role, dag_ids)


def least(dag_ids: t.Sequence[str]) -> list[tuple[str, str]]:
    """Return the permissions to trigger and pause these DAGs, or all DAGs, to wait for runs and to read logs."""
    resources = [f"DAG:{dag_id}" for dag_id in dag_ids] or ["DAGs"]
    return [*((action, resource) for resource in resources for action in _ON_DAGS), *_ON_RUNS]


def plans_of(airflow: Asked, wish: Wish) -> Plans:
    """Find out what has to be written, and whether it may be; the user may have the role that is to be made."""
    access = airflow.ask(Access)
    role = None
    if wish.role:
        there = access.find_role(wish.role.name)
        _check_own_role(wish.role, there)
        role = plan_of_role(airflow, wish.role, there)
        # Once the role is written, the user must not be refused for what could be known before.
        access.looks_ahead = access.looks_ahead or bool(role.changed)
    user = access.find_user(wish.user.name)
    _check_admin(wish.user, user)
    # Before the user is checked, who may need the list of users, too.
    sharers = _sharers_of(access, wish.user, role)
    if role and sharers:
        _check_sharers(role, sharers)
    return Plans(role, plan_of_user(airflow, wish.user, user), sharers)


def _sharers_of(access: Access, wish: UserWish, role: Plan | None) -> list[str]:
    """Return the other users of a role whose permissions change; none where this user may not read them."""
    if not (role and role.current and "permissions" in role.changed):
        return []
    with contextlib.suppress(ApiError):
        others = other_users(access.select_users(), wish.name)
        return sorted(user["username"] for user in others if role.current["name"] in map(original_of, user["roles"]))
    return []


def _check_sharers(role: Plan, sharers: t.Sequence[str]) -> None:
    """Refuse to change which DAGs other users may use: somebody has given them the role for those that it has."""
    before, after = (_on_dags(plan) for plan in (role.current, role.after))
    if before != after:
        raise BadInput(
            f"Role {role.after['name']} is also a role of {first_few(sharers)}, and would be for other DAGs then; give "
            "this user a role of its own in role_name. Nothing was changed."
        )


def _on_dags(role: Object | None) -> set[Pair]:
    return {pair for pair in pairs_of(role or {"permissions": []}) if pair[1] == "DAGs" or pair[1].startswith(OF_DAG)}


def _shared(role: Plan, sharers: t.Sequence[str]) -> str:
    """Name the users whose rights change with those of this one."""
    if not sharers:
        return ""
    return (
        f"Role {role.after['name']} is also a role of {first_few(sharers)}; they get and lose the same permissions. "
        "Give this user a role of its own in role_name."
    )


def _check_own_role(wish: RoleWish, role: Object | None) -> None:
    """Refuse to change what all users of one of Airflow's own roles may do; the user is only meant to have it."""
    if role and wish.name in OWN_ROLES and wanted_permissions(wish, role) != role["permissions"]:
        raise BadInput(
            f"Role {wish.name} is one of Airflow's own roles, and its permissions would change; give the user "
            f"{wish.name} in roles, or name another role in role_name. Nothing was changed."
        )


def _check_admin(wish: UserWish, user: Object | None) -> None:
    """Refuse to take the role Admin away: the user may be the only admin, whose login was given for another one's."""
    if user and ADMIN in user["roles"] and ADMIN not in wish.fields["roles"]:
        raise BadInput(
            f"User {user['username']} has the role {ADMIN}, and would lose it; name another user in username, or give "
            f"{ADMIN} in roles, too. Nothing was changed."
        )


def _loss(plan: UserPlan) -> str:
    """Name the roles that a user loses, whom somebody else may have given them."""
    # One that stands in for another is not lost.
    had = map(original_of, plan.current["roles"] if plan.current else ())
    lost = sorted(set(had) - set(plan.after["roles"]))
    if not lost:
        return ""
    them = it_or_them(len(lost))
    return (
        f"User {plan.after['username']} loses the role{'' if len(lost) == 1 else 's'} {first_few(lost)}; to keep "
        f"{them}, give {them} in roles, too."
    )


def carry_out(airflow: Asked, wish: Wish, plans: Plans) -> None:
    """Write what has to be written, the role first."""
    with in_steps() as done:
        if wish.role and plans.role and plans.role.changed:
            with _in_words_of(wish):
                write_role(airflow, wish.role, plans.role)
            done(f"Role {wish.role.name} was written; repeating the task goes on with the user.")
        if plans.user.changed:
            write_user(airflow, wish.user, plans.user)


@contextlib.contextmanager
def _in_words_of(wish: Wish) -> t.Iterator[None]:
    """Let an error about a DAG name the option that the DAG is in."""
    try:
        yield
    except BadInput as error:
        if wish.dag_ids:
            error.message = error.message.replace("correct its id", "correct its id in role_dag_ids")
        raise
