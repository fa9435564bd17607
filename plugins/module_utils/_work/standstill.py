# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a run that does not end are at: a clause for each state that a task instance can have."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.pools import Pools
from .._airflow.runs import RunFilter, Runs
from .._airflow.tasks import Tasks, task_key
from .._base.errors import AirflowError
from .._base.states import FINISHED, NO_STATE
from .._base.text import first_few, one_line
from .._base.times import time_of
from .report import brief, task_name, tries
from .wording import run_name

# Names that Airflow gives to what a task instance lacks. The first two say nothing that its state does not say.
STATE, UPSTREAM, POOL, PAST = "Task Instance State", "Trigger Rule", "Pool Slots Available", "Previous Dagrun State"
LIMITS = {
    "Task Instance Slots Available": "max_active_tasks of the DAG",
    "Task Concurrency": "max_active_tis_per_dag of the task",
}
LIMIT_OF_RUN = "max_active_tis_per_dagrun of the task"
PERSON = "waiting for a person's answer: give it by airflow_approval or in Airflow"
# What is said without a question.
PLAIN = {
    "awaiting_input": PERSON,
    "restarting": "restarting: cleared while it ran, it starts again when its process has ended",
    "shutdown": "being shut down, and goes on when its process has ended",
    "sensing": "sensing: what it looks for has not come yet",
    "up_for_reschedule": "up for reschedule: what it looks for has not come yet, and it looks again",
}


class Standstill:
    """Looks at the tasks of a run, the ones that somebody can do something about first.

    :param without_triggerer: why deferred tasks do not go on; an empty text when there is a triggerer.
    """

    def __init__(self, airflow: Airflow, run: Object, tasks: t.Sequence[Object], without_triggerer: str) -> None:
        self._airflow = airflow
        self._run = run
        self._without_triggerer = without_triggerer
        self._tasks: dict[str, list[Object]] = {}
        for task in sorted(tasks, key=task_key):
            self._tasks.setdefault(task["state"] or NO_STATE, []).append(task)

    def reason(self) -> str:
        """Return one clause."""
        stuck = [("deferred", self._stuck)] if self._without_triggerer else []
        ways: list[tuple[str, t.Callable[[t.Sequence[Object]], str]]] = [
            ("awaiting_input", _plain),
            *stuck,
            ("up_for_retry", self._up_for_retry),
            ("running", self._running),
            ("scheduled", self._scheduled),
            ("queued", self._queued),
            ("restarting", _plain),
            ("shutdown", _plain),
            ("sensing", _plain),
            ("deferred", self._deferred),
            ("up_for_reschedule", _plain),
            (NO_STATE, self._without_state),
        ]
        for state, clause in ways:
            if state in self._tasks:
                return clause(self._tasks[state]) + self._others(state)
        return "all of its tasks have ended, and Airflow's scheduler has not ended the run yet"

    def _others(self, told: str) -> str:
        """Count the tasks that are held up, or go on, in other states; those without a state come after these."""
        # Next to tasks that run, others wait for their turn.
        named = {told, NO_STATE, *FINISHED, *(("scheduled", "queued") if told == "running" else ())}
        counts = [f"{len(tasks)} {state}" for state, tasks in self._tasks.items() if state not in named]
        return f"; other tasks: {', '.join(counts)}" if counts else ""

    def _stuck(self, tasks: t.Sequence[Object]) -> str:
        return f"{_these(tasks)} deferred, and {self._without_triggerer}"

    def _up_for_retry(self, tasks: t.Sequence[Object]) -> str:
        text = f"{_these(tasks)} up for retry"
        try:
            moment = self._airflow.ask(Tasks).retry_time(self._run["dag_id"], tasks[0])
        except AirflowError:
            moment = None
        policy = self._circumstances(tasks[0]).get("state_reason")
        text += (f" at {moment}" if moment else "") + (f": {_words(policy)}" if policy else "")
        return f"{text}; {task_name(tasks[0])} failed in {tries(tasks[0])}{self._last_error(tasks[0])}"

    def _last_error(self, task: Object) -> str:
        """Why the last try failed, or an empty text."""
        if not self._airflow.quotes:
            return ""
        log = self._airflow.ask(Tasks).log(self._run["dag_id"], self._run["dag_run_id"], task, keep=1)
        return f": {brief(log.reason)}" if log.reason else ""

    def _running(self, tasks: t.Sequence[Object]) -> str:
        """What runs, and what keeps others from running next to it."""
        others = self._tasks.get("scheduled", [])
        why = self._why(others[0], self._lacking(others[0])) if others else ""
        again = [task for task in tasks if (task["try_number"] or 0) > 1]
        text = f"{_these(tasks)} running" + (f", {task_name(again[0])} in {tries(again[0])}" if again else "")
        return text + (f"; {_these(others)} waiting{why}" if why else "")

    def _scheduled(self, tasks: t.Sequence[Object]) -> str:
        lacking = self._lacking(tasks[0])
        why = self._why(tasks[0], lacking) or self._in_pool(tasks[0])
        executor = ", for a free slot of Airflow's executor ([core] parallelism)" if lacking == [] else ""
        return f"{_these(tasks)} waiting{why}{executor}"

    def _queued(self, tasks: t.Sequence[Object]) -> str:
        told = self._circumstances(tasks[0])
        queue = f" (queue {told['queue']})" if told.get("queue") else ""
        return f"{_these(tasks)} queued{queue}: no worker of Airflow's executor has started it yet"

    def _deferred(self, tasks: t.Sequence[Object]) -> str:
        told = self._circumstances(tasks[0])
        trigger = told.get("trigger", "")
        # So Airflow 3.1 and 3.2 show what is a state of its own later.
        if trigger.startswith("HITL"):
            return f"{_these(tasks)} {PERSON}"
        if not trigger:
            return f"{_these(tasks)} deferred"
        untaken = "" if told["is_watched"] else ", which no triggerer has taken yet"
        return f"{_these(tasks)} deferred until its {trigger} fires{untaken}"

    def _without_state(self, tasks: t.Sequence[Object]) -> str:
        """Nothing is going on: one of the tasks that could start may lack something."""
        first = self._next(tasks)
        # Whose tasks hold the slots of its pool would take a request too many.
        why = self._why(first, self._lacking(first), ask_holders=False)
        if why:
            return f"{_these([first])} waiting{why}"
        started = any(task["start_date"] for state in self._tasks.values() for task in state)
        return "no task of it is running at the moment" if started else "no task has started"

    def _next(self, tasks: t.Sequence[Object]) -> Object:
        """Return the first of these that comes after none which has not ended."""
        try:
            before = self._airflow.ask(Tasks).upstream(self._run["dag_id"])
        except AirflowError:
            return tasks[0]
        unfinished = {task["task_id"] for state in self._tasks if state not in FINISHED for task in self._tasks[state]}
        return next((task for task in tasks if not before.get(task["task_id"], set()) & unfinished), tasks[0])

    def _why(self, task: Object, lacking: t.Sequence[Object] | None, ask_holders: bool = True) -> str:
        """Return what stands behind C(is waiting): the first thing that Airflow says this task instance lacks."""
        for lack in lacking or ():
            name, reason = lack["name"], lack["reason"]
            if name in (STATE, UPSTREAM):
                continue
            if name == POOL:
                return self._in_pool(task, ask_holders) or f": {_words(reason)}"
            if name == PAST:
                return f" for {self._run_before()} to succeed: {_words(reason)}"
            if name in LIMITS:
                limit = LIMIT_OF_RUN if "per run" in reason else LIMITS[name]
                return f" for others to end: {limit} is reached, so wait for them, or raise it"
            return f": {_words(reason)}"
        return ""

    def _run_before(self) -> str:
        date = self._run.get("logical_date")
        if not date:
            return "the run before"
        wanted = RunFilter((), {"logical_date_lte": time_of("a time of Airflow", date)}, "-logical_date", 2)
        try:
            runs = self._airflow.ask(Runs).select(self._run["dag_id"], wanted)
        except AirflowError:
            runs = []
        for run in runs:
            if run["dag_run_id"] != self._run["dag_run_id"]:
                return f"the run before, {run_name(run)} ({run['state']}),"
        return "the run before"

    def _in_pool(self, task: Object, ask_holders: bool = True) -> str:
        wanted = self._airflow.ask(Tasks).pool_of(self._run["dag_run_id"], task)
        name = wanted["name"]
        if not name:
            return ""
        try:
            pool = self._airflow.ask(Pools).find(name)
        except AirflowError:
            return f" in pool {name}"
        if pool is None:
            return f" in pool {name}, which does not exist: make it"
        text = f" in pool {name} ({pool['open_slots']} of {pool['slots']} slots are open)"
        if pool["slots"] < 0 or pool["open_slots"] >= wanted["slots"]:
            return text
        if wanted["slots"] > 1:
            text += f", and needs {wanted['slots']} of them (pool_slots)"
        if wanted["slots"] > pool["slots"] > 0:
            return f"{text}, more than the pool has: give the pool more slots with airflow_pool"
        holders = self._holders(pool) if ask_holders and pool["slots"] else []
        which = f"the tasks of {first_few(holders)}, which hold them" if holders else "the tasks that hold them"
        wait = f"wait for {which}, or " if pool["slots"] else ""
        return f"{text}: {wait}give the pool more slots with airflow_pool"

    def _holders(self, pool: Object) -> list[str]:
        """Name the runs whose tasks hold the slots of a pool; none when they cannot be read."""
        states = ("running", "queued", *(["deferred"] if pool["include_deferred"] else []))
        try:
            return [run_name(run) for run in self._airflow.ask(Tasks).in_pool(pool["name"], states)]
        except AirflowError:
            return []

    def _circumstances(self, task: Object) -> Object:
        """Return what else Airflow says of a task; nothing when it cannot be read."""
        try:
            return self._airflow.ask(Tasks).circumstances(self._run["dag_id"], self._run["dag_run_id"], task)
        except AirflowError:
            return {}

    def _lacking(self, task: Object) -> list[Object] | None:
        try:
            return self._airflow.ask(Tasks).lacking(self._run["dag_id"], self._run["dag_run_id"], task)
        except AirflowError:
            return None


def _plain(tasks: t.Sequence[Object]) -> str:
    return f"{_these(tasks)} {PLAIN[tasks[0]['state']]}"


def _these(tasks: t.Sequence[Object]) -> str:
    names = [task_name(task) for task in tasks]
    return f"task {names[0]} is" if len(names) == 1 else f"{len(names)} tasks ({first_few(names)}) are"


def _words(reason: str) -> str:
    return one_line(reason).rstrip(".")
