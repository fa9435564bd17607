# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run that options name, and whether its tasks and its DAG are there."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.runs import Runs
from .._base.errors import AirflowError, NotFound
from .._base.inputs import is_glob
from .._base.patience import FOR_A_DIAGNOSIS
from .wording import no_task


def named_run(airflow: Airflow, dag_id: str, dag_run_id: str | None) -> Object:
    """Return a run, without an id the one that was created last; NotFound when there is none."""
    if dag_run_id:
        return airflow.ask(Runs).get(dag_id, dag_run_id)
    run = airflow.ask(Runs).last(dag_id)
    if run is None:
        airflow.ask(Dags).get(dag_id)  # says so when it is the DAG that does not exist
        raise NotFound(f"DAG {dag_id} has no run yet; trigger one first.", 404)
    return run


def check_there(task_ids: t.Iterable[str], run: Object, tasks: t.Sequence[Object], takes_groups: bool = False) -> None:
    """Raise NotFound for the id of a task that a run does not have; a pattern is none.

    :param tasks: the task instances of the run.
    :param takes_groups: whether an option C(task_group) takes task groups.
    """
    names = {task["task_id"] for task in tasks}
    for task_id in task_ids:
        if not is_glob(task_id) and task_id not in names:
            raise NotFound(no_task(task_id, run, names, takes_groups), 404)


def unknown_dag(airflow: Airflow, dag_id: str, nothing: str) -> list[str]:
    """Return a warning when nothing was found since there is no such DAG: its id may be wrong.

    :param nothing: what it cannot have, and what was to become of that.
    """
    try:
        # It only explains.
        with airflow.patience.within(FOR_A_DIAGNOSIS):
            there = airflow.ask(Dags).find(dag_id)
    except AirflowError:
        return []
    return [] if there else [f"DAG {dag_id} does not exist at {airflow.url}, so it has no {nothing}; check dag_id."]
