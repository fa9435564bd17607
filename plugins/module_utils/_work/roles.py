# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a role ask for, and what has to be written for it."""

from __future__ import annotations

import typing as t

from .._airflow.access import Access
from .._airflow.access_shapes import EVERYBODYS, LONGEST_ROLE, pairs_of, permissions_of
from .._airflow.airflow import Asked, Object
from .._base.errors import Conflict, ServerError
from .._base.inputs import name_of
from .._base.state import changes
from .._base.text import first_few, it_or_them
from .objects import Kind, Plan, difference, found_instead

SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "permissions": {
        "type": "list",
        "elements": "dict",
        "options": {
            "action": {"type": "str", "required": True},
            "resource": {"type": "str", "required": True},
        },
    },
    "append": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
# What anonymous users may do, C(Public), is nothing but what somebody has given them.
BROUGHT_ALONG = ("Admin", "Op", "User", "Viewer")
OWN_ROLES = (*BROUGHT_ALONG, "Public")


class Wish(t.NamedTuple):
    """The checked options of C(airflow_role).

    :param permissions: pairs of action and resource; None: they are left as they are.
    :param append: whether those that are not named stay.
    """

    name: str
    permissions: set[tuple[str, str]] | None
    append: bool


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    given = params["permissions"]
    pairs = None if given is None else {(pair["action"], pair["resource"]) for pair in given}
    longest = None if params["state"] == "absent" else LONGEST_ROLE
    return Wish(name_of("name", params["name"], longest), pairs, params["append"])


def plan_of(airflow: Asked, wish: Wish, current: Object | None, known: t.Any = None) -> Plan:
    """Find out what has to be written, and whether it may be."""
    wanted = {"name": wish.name, "permissions": wanted_permissions(wish, current)}
    changed = changes(current or {}, wanted)
    warnings = (airflow.ask(Access).check_role(current, wanted), _loss_of_own(current, wanted))
    return Plan(current, changed, " ".join(filter(None, warnings)))


def _loss_of_own(current: Object | None, wanted: Object) -> str:
    """Say so when a role that Airflow brings along loses permissions; its users may be anybody."""
    is_own = wanted["name"] in BROUGHT_ALONG
    lost = sorted(pairs_of(current) - pairs_of(wanted)) if current and is_own else []
    if not lost:
        return ""
    named = first_few([f"{action} on {resource}" for action, resource in lost])
    count = f"{len(lost)} permission{'' if len(lost) == 1 else 's'}"
    return (
        f"This takes {count} from the role {wanted['name']}, one of Airflow's own ({named}); the command airflow "
        f"sync-perm gives {it_or_them(len(lost))} back, and append: true takes none away."
    )


def wanted_permissions(wish: Wish, role: Object | None) -> list[Object]:
    """Return all permissions that the role is to have."""
    has = {(pair["action"], pair["resource"]) for pair in role["permissions"]} if role else set()
    if wish.permissions is None:
        return permissions_of(has)
    return permissions_of(wish.permissions | (has if wish.append else has & {EVERYBODYS}))


def carry_out(airflow: Asked, wish: Wish, plan: Plan) -> None:
    """Write what has to be written; what somebody else has made meanwhile is brought into the wanted state."""
    access = airflow.ask(Access)
    if plan.current is None:
        # Where two requests meet, Airflow 3.3 fails at the database.
        current = found_instead(
            lambda: access.create_role(plan.after),
            lambda: access.find_role(wish.name),
            Conflict,
            ServerError,
        )
        if current is None:
            return
        plan = plan_of(airflow, wish, current)
    if plan.changed:
        access.update_role(t.cast("Object", plan.current), plan.after)


def why_kept(name: str, login: str = "") -> str:
    """Return what makes a role one that is never removed, or an empty text."""
    return "one of Airflow's own roles" if name in OWN_ROLES else ""


def loss(airflow: Asked, name: str) -> str:
    """Say so when the user that is logged in has no other role."""
    access = airflow.ask(Access)
    if access.own_roles() != [name]:
        return ""
    return f"{name} is the last role of {access.login}, the user that is logged in, who may do nothing in Airflow then."


def remove(airflow: Asked, name: str) -> None:
    """Delete a role."""
    airflow.ask(Access).delete_role(name)


KIND = Kind(
    name="roles",
    key="name",
    spec=SPEC,
    wish_of=wish_of,
    select=lambda airflow: airflow.ask(Access).select_roles(),
    plan_of=plan_of,
    carry_out=carry_out,
    difference=difference,
    remove=remove,
    why_kept=why_kept,
    loss=loss,
)
