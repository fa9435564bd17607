# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and roles as plain dicts, and as Airflow has them in its answers and takes them in requests."""

from __future__ import annotations

import typing as t

from .airflow import Object

SUBSTITUTE = "__substitute"  # ends the name of a role that stands in for another one while that is made anew
LONGEST_ROLE = 64  # characters that the database has for the name of a role
ADMIN = "Admin"  # the role of those who manage users and roles
# Characters that the database of an old Airflow has for the texts of a user.
LONGEST_BEFORE_2_6 = {"username": 256, "email": 256, "first_name": 64, "last_name": 64}
PUBLIC = "Public"  # a role that every Airflow with FAB has, and that may do nothing
# Airflow adds it to every role of its own accord.
EVERYBODYS = ("can_read", "Website")
Pair = t.Tuple[str, str]  # an action and a resource
USER_TEXTS = ("username", "email", "first_name", "last_name")


def permissions_of(pairs: t.Iterable[Pair]) -> list[Object]:
    """Return permissions as a list of {action, resource}, each once, sorted."""
    return [{"action": action, "resource": resource} for action, resource in sorted(set(pairs))]


def pairs_of(role: Object) -> set[Pair]:
    """Return the permissions of a role as pairs of action and resource."""
    return {(permission["action"], permission["resource"]) for permission in role["permissions"]}


def substitute_of(role: str) -> str:
    return role + SUBSTITUTE


def original_of(role: str) -> str:
    """Return the name of the role that this one is, or stands for."""
    return role[: -len(SUBSTITUTE)] if role.endswith(SUBSTITUTE) else role


def user_of(raw: Object) -> Object:
    return {
        **{key: raw[key] for key in USER_TEXTS},
        "roles": sorted(role["name"] for role in raw.get("roles") or []),
    }


def other_users(users: t.Iterable[Object] | None, name: str) -> list[Object]:
    """Return the users but the one with this name; for Airflow, capitals make no other name."""
    return [user for user in users or () if user["username"].lower() != name.lower()]


def role_of(raw: Object) -> Object:
    pairs = {(pair["action"]["name"], pair["resource"]["name"]) for pair in raw.get("actions") or []}
    return {"name": raw["name"], "permissions": permissions_of(pairs)}


def user_body(user: Object) -> Object:
    return {**{key: user[key] for key in USER_TEXTS}, "roles": [{"name": role} for role in user["roles"]]}


def role_body(role: Object) -> Object:
    pairs = sorted(pairs_of(role))
    return {
        "name": role["name"],
        "actions": [{"action": {"name": action}, "resource": {"name": resource}} for action, resource in pairs],
    }
