# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be done with users and roles: before it is tried, and in the words of Airflow or its command."""

from __future__ import annotations

import re
import typing as t

from .._base.errors import BadInput, Conflict, Unsupported
from .._base.text import not_among, one_line
from .access_shapes import LONGEST_ROLE, PUBLIC, SUBSTITUTE, Pair, other_users
from .airflow import Object

OF_DAG = "DAG:"  # begins the name of the resource that is one DAG
# By the API of roles, by the command for roles, and by the API of users.
_UNKNOWN = (
    r"The specified (?P<kind>action|resource): (?P<quote>['\"])(?P<name>.+?)(?P=quote) was not found",
    r"(?P<kind>Action|Resource) named '(?P<name>.+?)' does not exist",
    r"Unknown (?P<kind>role)s: (?P<quote>['\"])(?P<name>.+?)(?P=quote)",
)
_WAYS_OUT = {
    "action": "correct it",
    "resource": "correct it",
    "role": "make it first (airflow_role), or correct roles",
}
# What it takes to give users a second role, and that role the name of the first one.
TO_REPLACE_A_ROLE = {("can_edit", "Users"), ("can_edit", "Roles"), ("can_delete", "Roles")}
_DEPLOY = "deploy the DAG first, since Airflow has to read it, or correct its id"

Known = t.Callable[[str], t.Iterable[str]]


class Refusal(t.NamedTuple):
    """Why an object cannot be written as things are.

    :param sentence: empty: it can.
    :param unless: what a task before may have done about it, which check mode takes for done.
    """

    sentence: str = ""
    unless: str = ""


def unknown_word(what: str, said: str, known: Known) -> BadInput | None:
    """The error for an action, a resource or a role that Airflow does not know; None where it says something else.

    :param what: names the object that was refused, such as C(role trigger).
    :param said: what Airflow says.
    :param known: gives the names that are known of a kind: action, resource or role.
    """
    found = next(filter(None, (re.search(pattern, said) for pattern in _UNKNOWN)), None)
    if found is None:
        return None
    kind, name = found["kind"].lower(), found["name"]
    named = not_among([name], {*known(kind)} - {name}, _alike) or one_line(name)
    way_out = _DEPLOY if kind == "resource" and name.startswith(OF_DAG) else _WAYS_OUT[kind]
    return BadInput(f"Airflow refused {what}: it knows no {kind} {named}; {way_out}.")


def check_words(
    role: str,
    wanted: set[Pair],
    of_roles: set[Pair],
    list_all: t.Callable[[], set[Pair] | None],
    has_dag: t.Callable[[str], bool],
) -> str:
    """Refuse actions and resources that Airflow does not know; warn where it does not tell all resources.

    :param of_roles: the permissions of all roles.
    :param list_all: returns all that Airflow lists, without resources where it does not tell them; None: nobody knows.
    :param has_dag: whether a resource is a DAG that has been parsed.
    """
    actions, resources = ({pair[place] for pair in of_roles} for place in (0, 1))
    if all(action in actions and resource in resources for action, resource in wanted):
        return ""
    listed = list_all()
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
    unknown = not_among(more - doubtful, resources | told, _alike)
    if unknown:
        raise BadInput(f"Role {role} cannot have the resource {unknown}: Airflow has no such resource; correct it.")
    unknown = not_among((name for name in doubtful if told or not has_dag(name)), resources | told, _alike)
    if not unknown:
        return ""
    return (
        f"Role {role} names the resource {unknown}, which no role has so far; Airflow refuses one that it does not "
        "know, such as a DAG that has not been parsed."
    )


def _alike(resource: str, other: str) -> bool:
    """Whether both are DAGs, or neither is: who names a DAG means one."""
    return resource.startswith(OF_DAG) == other.startswith(OF_DAG)


def taken_address(known: dict[str, t.Any], current: Object | None, wanted: Object) -> Refusal:
    """Refuse the e-mail address of another user where all users were read; those checked before are written first.

    :param known: what was read; here it learns of this user.
    """
    name, email = (current or wanted)["username"], wanted.get("email")
    others = other_users(known.get("users"), name)
    if "users" in known:
        known["users"] = [*others, {**(current or {}), **wanted}]
    owners = [user["username"] for user in others if user["email"] == email]
    if not owners:
        return Refusal()
    sentence = f"The e-mail address {email} belongs to user {owners[0]} already; give {name} another one in email."
    return Refusal(sentence, "freed it")


def taken(what: str, error: Conflict) -> Conflict:
    """The error for a name that another one of its kind has; or, of a user, for its e-mail address.

    :param what: names the object that was refused, such as C(user deploy).
    :param error: how Airflow refused it.
    """
    is_user = what.startswith("user ")
    reason = error.reason.rstrip(".") or f"its name{' or e-mail address' if is_user else ''} is taken"
    way_out = "another name, or another address in email" if is_user else "another name"
    return Conflict(f"Airflow refused {what}: {reason}; choose {way_out}.", error.status, error.reason)


def check_room(role: str) -> None:
    """Refuse to take permissions from a role for whose substitute the database has no room."""
    longest = LONGEST_ROLE - len(SUBSTITUTE)
    if len(role) > longest:
        raise BadInput(
            f"Role {role} cannot lose permissions on this version of Airflow, which takes a second role with a longer "
            f"name for that; make a role whose name has {longest} characters or fewer in its place."
        )


def needs_another_login(role: str, lost: t.Iterable[Pair]) -> BadInput:
    """The error for a user who would lose on the way what it takes to go on."""
    named = ", ".join(f"{action} on {resource}" for action, resource in sorted(lost))
    return BadInput(
        f"Role {role} cannot lose {named}: this version of Airflow takes permissions away with a second role, and the "
        f"user that is logged in, who has {role} alone, could not end that; log in as a user with another role for it."
    )


def no_such_role(username: str, roles: str) -> Refusal:
    return Refusal(
        f"User {username} cannot have the role {roles}: Airflow has no such role; make it first (airflow_role), or "
        "correct roles.",
        "made it",
    )


def needs_public(username: str) -> Refusal:
    """What is said when there is no role to make a user with that is to have none."""
    return Refusal(
        f"User {username} cannot be without roles: this Airflow needs a role for a new user, and has no role {PUBLIC} "
        "that could be taken away again; give the user a role.",
        "made it",
    )


def made_with_public(username: str) -> str:
    """What is said when the role that a new user was made with could not be taken away."""
    return f"User {username} was made, and has the role {PUBLIC} for now; repeating the task takes it away."


def no_users(what: str) -> Unsupported:
    """The error for an Airflow whose users and roles stand elsewhere."""
    return Unsupported(
        f"{what}: it needs Airflow's FAB auth manager (with the simple auth manager users stand in [core] "
        "simple_auth_manager_users)."
    )
