# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a pool ask for, and what has to be written for it."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.pools import DEFAULT_POOL, FIELDS, UNLIMITED, Pools
from .._base.errors import BadInput
from .._base.inputs import number_of, object_name_of
from .._base.masks import check_no_mask
from .._base.state import changes
from .objects import Kind, Plan, difference, write

SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "slots": {"type": "int"},
    "description": {"type": "str"},
    "include_deferred": {"type": "bool"},
    "team_name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
CLEARABLE = ("description", "team_name")
LONGEST_NAME = 256  # characters
NEW = {"description": "", "include_deferred": False, "team_name": ""}
DEFAULTS_OWN = ("description", "team_name")  # what nobody can change of the default pool


class Wish(t.NamedTuple):
    """The checked options of C(airflow_pool): what a field is to be; None: it is left as it is."""

    fields: Object

    @property
    def name(self) -> str:
        return str(self.fields["name"])


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    wanted = {**{key: params[key] for key in FIELDS}, "name": object_name_of("name", params["name"], LONGEST_NAME)}
    check_no_mask("description", wanted["description"], template=False)
    slots = wanted["slots"]
    if slots is not None and slots != UNLIMITED:
        number_of("slots", slots, 1, ". From Airflow 3.1 on, -1 means that the pool has no limit")
    if wanted["name"] == DEFAULT_POOL:
        if params["state"] == "absent":
            raise BadInput(f"{DEFAULT_POOL} is Airflow's own and cannot be deleted; name another pool.")
        fixed = [key for key in DEFAULTS_OWN if wanted[key] is not None]
        if fixed:
            raise BadInput(
                f"Only slots and include_deferred of {DEFAULT_POOL} can be changed; leave out {', '.join(fixed)}."
            )
    return Wish(wanted)


def plan_of(airflow: Airflow, wish: Wish, current: Object | None, known: t.Any = None) -> Plan:
    """Find out what has to be written, and whether it may be."""
    airflow.ask(Pools).check(wish.fields)
    return Plan(current, changes(current, wish.fields) if current else new_pool(wish))


def new_pool(wish: Wish) -> Object:
    """Return the pool to make; BadInput when something is missing that Airflow wants."""
    if wish.fields["slots"] is None:
        raise BadInput(f"Pool {wish.name} does not exist yet; to make it, give slots.")
    return {**NEW, **{key: value for key, value in wish.fields.items() if value is not None}}


def carry_out(airflow: Airflow, wish: Wish, plan: Plan) -> None:
    """Write what has to be written."""
    write(airflow.ask(Pools), wish.name, plan.current, plan.changed, wish.fields)


def remove(airflow: Airflow, name: str) -> None:
    """Delete a pool."""
    airflow.ask(Pools).delete(name)


KIND = Kind(
    name="pools",
    key="name",
    spec=SPEC,
    wish_of=wish_of,
    select=lambda airflow: airflow.ask(Pools).select(),
    plan_of=plan_of,
    carry_out=carry_out,
    difference=difference,
    remove=remove,
    clearable=CLEARABLE,
    why_kept=lambda name, login: "Airflow's own pool" if name == DEFAULT_POOL else "",
)
