# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a run makes no progress: what a person would look up at 3 a.m., read once after a time-out."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.health import Health
from .._airflow.pools import Pools
from .._airflow.runs import Runs
from .._airflow.tasks import Tasks
from .._base.errors import AirflowError
from .._base.times import time_of
from .report import task_name

TICK = 2.0  # seconds by which a time of Airflow may be ahead of the one in its answers' heads, which have no fractions
PATIENCE = 5.0  # seconds that an outage may last while a failure is being explained


def diagnosis(airflow: Airflow, run: Object, tasks: t.Sequence[Object]) -> str:
    """Return one clause about what holds the run up, or an empty text.

    It only adds to a failure, so whatever cannot be read, for an outage or a missing permission, is left out.
    """
    dag: Object = {}

    def of_dag() -> str:
        dag.update(airflow.ask(Dags).get(run["dag_id"]))
        return _of_dag(dag)

    for reason in (
        of_dag,
        lambda: _of_time(airflow, run),
        lambda: dead_component(airflow, "scheduler"),
        lambda: _of_other_runs(airflow, run, dag.get("max_active_runs")),
        lambda: _of_tasks(airflow, run, tasks),
    ):
        try:
            with airflow.patience.within(PATIENCE):
                found = reason()
        except AirflowError:
            continue
        if found:
            return found
    return "Airflow's scheduler has not started it" if run["state"] == "queued" else ""


def _of_dag(dag: Object) -> str:
    if dag["is_paused"]:
        return "its DAG is paused, so no task of it starts: unpause the DAG"
    if dag["is_stale"]:
        return "its DAG is stale, so no task of it starts: its file is gone or no longer holds it"
    return ""


def _of_time(airflow: Airflow, run: Object) -> str:
    if run["state"] != "queued" or not run["run_after"]:
        return ""
    starts = time_of("a time of Airflow", run["run_after"]).timestamp()
    return (
        f"it starts at {run['run_after']} (run_after), not before"
        if starts > airflow.client.server_now() + TICK
        else ""
    )


def dead_component(airflow: Airflow, *components: str) -> str:
    """Return that one of these components of Airflow has stopped sending heartbeats, or an empty text."""
    health = airflow.ask(Health).read()
    for component in components:
        seen = health[component]
        if seen["status"] == "unhealthy":
            since = f" since {seen['latest_heartbeat']}" if seen["latest_heartbeat"] else ""
            return f"Airflow's {component.replace('_', ' ')} has sent no heartbeat{since}: start it again"
    return ""


def _of_other_runs(airflow: Airflow, run: Object, limit: int | None) -> str:
    if run["state"] != "queued" or limit is None:
        return ""
    running = [other for other in airflow.ask(Runs).active([run["dag_id"]]) if other["state"] == "running"]
    if len(running) < limit:
        return ""
    others = "1 other run is active" if len(running) == 1 else f"{len(running)} other runs are active"
    return f"{others} ({running[0]['dag_run_id']}{', …' if running[1:] else ''}) and max_active_runs is {limit}"


def _of_tasks(airflow: Airflow, run: Object, tasks: t.Sequence[Object]) -> str:
    """What its tasks are at, the ones that somebody can do something about first."""
    if not tasks or run["state"] == "queued":
        return ""
    by_state: dict[str, list[Object]] = {}
    for task in tasks:
        by_state.setdefault(task["state"] or "", []).append(task)
    if "up_for_retry" in by_state:
        return _up_for_retry(airflow, run, by_state["up_for_retry"])
    if "running" in by_state:
        return f"{_these(by_state['running'])} running"
    if "queued" in by_state or "scheduled" in by_state:
        waiting = [*by_state.get("queued", []), *by_state.get("scheduled", [])]
        return f"{_these(waiting)} waiting{_in_pool(airflow, run, waiting[0])}"
    for state in ("deferred", "up_for_reschedule"):
        if state in by_state:
            return f"{_these(by_state[state])} {state}"
    if any(task["start_date"] for task in tasks):
        return "no task of it is running at the moment"
    return "no task has started"


def _up_for_retry(airflow: Airflow, run: Object, tasks: t.Sequence[Object]) -> str:
    text = f"{_these(tasks)} up for retry"
    try:
        moment = airflow.ask(Tasks).retry_time(run["dag_id"], tasks[0])
    except AirflowError:
        moment = None
    return f"{text} at {moment}" if moment else text


def _in_pool(airflow: Airflow, run: Object, task: Object) -> str:
    try:
        name = airflow.ask(Tasks).pool_name(run["dag_id"], run["dag_run_id"], task)
        pool = airflow.ask(Pools).find(name)
    except AirflowError:
        return ""
    if pool is None:
        return f" in pool {name}, which does not exist: make it"
    return f" in pool {name} ({pool['open_slots']} of {pool['slots']} slots are open)"


def _these(tasks: t.Sequence[Object]) -> str:
    name = task_name(tasks[0])
    return f"task {name} is" if len(tasks) == 1 else f"{len(tasks)} tasks ({name}, …) are"
