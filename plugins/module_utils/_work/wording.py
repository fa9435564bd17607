# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sentences and results say of any run and of any wait."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Object
from .._base.errors import AirflowError
from .._base.text import MOST_NAMED, close_to, first_few, one_line

LAST_ANSWER = "it was when Airflow answered last"


def shown(run: Object) -> Object:
    """A run as results show it: without its conf, which may hold secrets."""
    return {key: value for key, value in run.items() if key != "conf"}


def run_name(run: Object) -> str:
    """Name a DAG run as messages do: C(etl_daily / manual__2026-11-25)."""
    return f"{run['dag_id']} / {run['dag_run_id']}"


def no_task(task_id: str, run: Object, task_ids: t.Collection[str], takes_groups: bool = False) -> str:
    """What is said of a task that a run does not have, by the tasks that it has.

    :param takes_groups: whether an option C(task_group) takes task groups.
    """
    is_group = takes_groups and task_id in groups_of(task_ids)
    advice = "use task_group" if is_group else "correct task_id"
    there = tasks_there(task_id, task_ids)
    return f"Task {one_line(task_id, 60)} is not in DAG run {run_name(run)}; {there}: {advice}."


def tasks_there(name: str, task_ids: t.Collection[str]) -> str:
    """What a message says of the tasks that there are, where this one is not among them: those with a similar id."""
    if name in groups_of(task_ids):
        own = sorted(task_id for task_id in task_ids if task_id.startswith(f"{name}."))
        return f"it is a task group, and its tasks are {first_few(own)}"
    return _there(name, task_ids, "task")


def groups_there(name: str, task_ids: t.Collection[str]) -> str:
    """The same of task groups; an empty text where the ids of the tasks tell of none."""
    groups = groups_of(task_ids)
    return _there(name, groups, "task group") if groups else ""


def groups_of(task_ids: t.Iterable[str]) -> set[str]:
    """Return the task groups of which the ids of tasks tell; they do unless the DAG sets C(prefix_group_id=False)."""
    parts = [task_id.split(".") for task_id in task_ids]
    return {".".join(names[:length]) for names in parts for length in range(1, len(names))}


def similar_ones(similar: t.Sequence[str], noun: str) -> str:
    """Name what somebody may have meant; an empty text where there is nothing like it."""
    if len(similar) == 1:
        return f"a similar {noun} is {similar[0]}"
    return f"similar {noun}s are {', '.join(similar)}" if similar else ""


def _there(name: str, known: t.Collection[str], noun: str) -> str:
    names = sorted(known)
    return similar_ones(_similar(name, names), noun) or f"its {noun}s are {first_few(names) or 'none'}"


def _similar(name: str, task_ids: t.Sequence[str]) -> list[str]:
    """Return the ids that somebody may have meant who has left out a group, added a key, or mistyped a letter."""
    parts = name.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    found = [task_id for task_id in task_ids if task_id.endswith(tuple(f".{one}" for one in names))]
    for one in names:
        found += close_to(one, task_ids, MOST_NAMED)
    return list(dict.fromkeys(found))[:MOST_NAMED]


def last_answer(silence: AirflowError) -> str:
    """What is to be said of a state when Airflow has not answered since."""
    return f"{LAST_ANSWER}. {silence.message.rstrip('.')}"


def have(count: int) -> str:
    """The verb of so many: C(1 of 3 DAG runs has ended)."""
    return "has" if count == 1 else "have"


def failed_after(seconds: float) -> str:
    """What a message says of a run that has failed after so long."""
    return f"failed after {duration(seconds)}"


def waited(seconds: float, option: str) -> str:
    """What a message says of a wait that has ended too early: for how long, by which option."""
    return f"after {duration(seconds)} ({option})"


def duration(seconds: float) -> str:
    """Write seconds as people say them: 4s, 3m12s, 2h05m."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"
