# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which task instances of a run the options mean, and what is to become of them."""

from __future__ import annotations

import typing as t
from fnmatch import fnmatchcase

from .._airflow.airflow import Airflow, Object
from .._airflow.task_states import Selection, TaskStates
from .._base.errors import BadInput, NotFound
from .._base.inputs import check_task_names, dag_run_id_of, number_of
from .._base.text import first_few, one_line
from .named_run import check_there
from .wishes import Wish as RunWish
from .wishes import wish_of as run_wish_of
from .wording import groups_there, run_name

# Options of C(airflow_dag_run) that are not of a task; the wait is the same.
OF_RUNS: dict[str, t.Any] = dict.fromkeys(
    ("logical_date", "conf", "secret_conf", "note", "data_interval_start", "data_interval_end", "run_after")
    + ("queued_timeout", "results")
)


class Wish(t.NamedTuple):
    """The checked options of C(airflow_task).

    :param task_ids: names and patterns of tasks; empty where C(task_group) names them.
    :param map_index: empty: all instances.
    :param of_run: how the run is waited for.
    """

    dag_id: str
    dag_run_id: str
    task_ids: t.Sequence[str]
    task_group: str
    map_index: t.Sequence[int]
    state: str
    upstream: bool
    downstream: bool
    only_failed: bool
    latest_version: bool
    when_paused: str
    of_run: RunWish


def wish_of(params: t.Mapping[str, t.Any], airflow: Airflow) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    task_ids, group = params["task_id"] or [], params["task_group"] or ""
    if task_ids and group:
        raise BadInput("task_id and task_group both name the tasks; give one of them.")
    if not task_ids and not group:
        raise BadInput(
            "Name the tasks in task_id or task_group; all tasks of a run are cleared by airflow_dag_run with "
            "state: cleared."
        )
    check_task_names("task_id", task_ids)
    check_task_names("task_group", [group] if group else [])
    for index in params["map_index"] or ():
        number_of("map_index", index, -1, "; -1 is tasks that are not mapped")
    marks = params["state"] != "cleared"
    if marks and params["latest_version"]:
        raise BadInput(f"latest_version does not go with state: {params['state']}; leave it out.")
    of_run = run_wish_of({**OF_RUNS, **params, "state": "cleared", "cancel_on_timeout": False}, airflow)
    return Wish(
        dag_id=of_run.dag_id,
        dag_run_id=dag_run_id_of("dag_run_id", params["dag_run_id"]),
        task_ids=task_ids,
        task_group=group,
        map_index=params["map_index"] or (),
        of_run=of_run,
        **{key: params[key] for key in ("state", "upstream", "downstream", "only_failed", "latest_version")},
        when_paused=params["when_paused"],
    )


def selection_of(airflow: Airflow, wish: Wish, run: Object, there: t.Sequence[Object]) -> Selection:
    """Return the task instances that are meant; NotFound where a name, a pattern or an index hits none of them.

    :param there: the task instances of the run.
    """
    found = _of_group(airflow, wish, run, there) if wish.task_group else _of_names(wish, run, there)
    if wish.map_index:
        found = _of_indices(wish, run, found)
    return Selection(run, there, found, bool(wish.map_index), wish.upstream, wish.downstream)


def _of_names(wish: Wish, run: Object, there: t.Sequence[Object]) -> list[Object]:
    check_there(wish.task_ids, run, there, takes_groups=True)
    names = sorted({task["task_id"] for task in there})
    for word in wish.task_ids:
        if not any(_hits(word, name) for name in names):
            raise NotFound(
                f"No task of DAG run {run_name(run)} matches {one_line(word, 60)}; its tasks are "
                f"{first_few(names) or 'none'}: correct task_id.",
                404,
            )
    return [task for task in there if any(_hits(word, task["task_id"]) for word in wish.task_ids)]


def _of_indices(wish: Wish, run: Object, found: t.Sequence[Object]) -> list[Object]:
    for index in wish.map_index:
        if not any(task["map_index"] == index for task in found):
            has = _indices(first_few(wish.task_ids) or wish.task_group, found)
            raise NotFound(
                f"map_index {index} does not exist in DAG run {run_name(run)}: {has}; correct map_index.", 404
            )
    kept = [task for task in found if task["map_index"] in wish.map_index]
    for word in wish.task_ids:
        if not any(_hits(word, task["task_id"]) for task in kept):
            name, indices = one_line(word, 60), first_few([str(index) for index in wish.map_index])
            has = _indices(name, [task for task in found if _hits(word, task["task_id"])])
            raise NotFound(
                f"Task {name} of DAG run {run_name(run)} has no map_index {indices}: {has}; correct map_index, in "
                f"which -1 is a task that is not mapped, or leave {name} out of task_id.",
                404,
            )
    return kept


def _indices(name: str, found: t.Sequence[Object]) -> str:
    """Say which map indices tasks have."""
    numbers = [task["map_index"] for task in found if task["map_index"] >= 0]
    return f"{name} has {min(numbers)} to {max(numbers)}" if numbers else f"{name} is not mapped"


def _hits(word: str, name: str) -> bool:
    return word == name or fnmatchcase(name, word)


def _of_group(airflow: Airflow, wish: Wish, run: Object, there: t.Sequence[Object]) -> list[Object]:
    found = airflow.ask(TaskStates).of_group(run, wish.task_group, there)
    if found:
        return found
    name, task_ids = f"Task group {one_line(wish.task_group, 60)}", {task["task_id"] for task in there}
    if wish.task_group in task_ids:
        raise NotFound(f"{name} is not in DAG run {run_name(run)}; it is a task: use task_id.", 404)
    groups = groups_there(wish.task_group, task_ids)
    raise NotFound(
        f"{name} is not in DAG run {run_name(run)}, or has no tasks; {groups + ': ' if groups else ''}correct "
        "task_group, or name the tasks by task_id.",
        404,
    )
