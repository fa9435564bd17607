# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether DAGs are paused, as a kind of configuration: only of those that are listed."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._base.errors import NotFound
from .._base.inputs import dag_id_of
from .._base.state import changes
from .foreseen_dags import foreseen_dag
from .objects import Kind, Plan, difference

SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "paused": {"type": "bool", "required": True},
}


class Wish(t.NamedTuple):
    """What a DAG is to be."""

    name: str
    paused: bool


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    return Wish(dag_id_of("dag_id", params["dag_id"]), params["paused"])


def plan_of(airflow: Airflow, wish: Wish, current: Object | None, known: t.Any = None) -> Plan:
    """Find out what has to be written; a DAG that Airflow does not know is refused."""
    refused = ""
    try:
        # Asked for by its id, a DAG that is not there has a sentence of its own.
        current = current or airflow.ask(Dags).get(wish.name)
    except NotFound as error:
        current, refused = foreseen_dag(airflow, wish.name), error.message
    return Plan(current, changes(current, {"is_paused": wish.paused}), refused=refused)


def carry_out(airflow: Airflow, wish: Wish, plan: Plan) -> None:
    """Write what has to be written."""
    airflow.ask(Dags).set_paused(wish.name, wish.paused)


KIND = Kind(
    name="dags",
    key="dag_id",
    spec=SPEC,
    wish_of=wish_of,
    select=lambda airflow: airflow.ask(Dags).select(),
    plan_of=plan_of,
    carry_out=carry_out,
    difference=difference,
    foreseeable=True,
)
