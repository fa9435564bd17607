# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to tell about a run that has ended, or that is still going on."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.runs import Runs
from .._airflow.tasks import Tasks, task_key, turn
from .._base.errors import NotFound
from .._base.states import ENDED, FAILED, FINISHED, NEVER_RAN, NO_STATE
from .._base.text import MOST_NAMED, first_few, one_line
from .._base.times import time_of
from .wording import failed_after, have, run_name, shown, waited

MOST_LOGS = 50  # failed tasks whose logs are read: more would cost minutes and overflow AWX's events
LONGEST_REASONS = 560  # characters of the reasons of all tasks that a sentence names
HAD_FAILED = "was already there and had failed; airflow_dag_run with state: cleared runs it again"
# Airflow has skipped the tasks that had not started, so there is none that failed and could be cleared.
MARKED = "but none of its tasks did: it was marked failed, or ran into its dagrun_timeout"
RUN_ALL_AGAIN = "airflow_dag_run with state: cleared and only_failed: false runs it again"
HAD_BEEN_MARKED = f"was already there and had failed, {MARKED}; {RUN_ALL_AGAIN}"
# What can be done about tasks that never ran although none has failed: one is mapped over nothing, or not cleared.
CLEAR_THEM = "look at what the tasks before them returned, or clear them by airflow_task, too"
CLEAR_DOWNSTREAM = "set downstream: true to clear them, too, or look at what the tasks before them returned"
NOTHING_TO_CLEAR = f"had failed, {MARKED}; only_failed: false runs all of its tasks again"


def read_again(airflow: Airflow, run: Object) -> Object:
    """Read a run that was there a moment before; NotFound says that it was deleted."""
    try:
        return airflow.ask(Runs).get(run["dag_id"], run["dag_run_id"])
    except NotFound as error:
        raise NotFound(deleted(run_name(run)), error.status, error.reason) from error


def deleted(name: str) -> str:
    """What is said of a run that was deleted, as C(run_name) names it."""
    return f"DAG run {name} was deleted while it was waited for."


def elapsed(airflow: Airflow, run: Object) -> float:
    """Return how long the run has taken, in seconds; until now, by the server's clock, while it is active."""
    start = _seconds(run["start_date"])
    if start is None:
        return 0.0
    end = _seconds(run["end_date"]) if run["state"] in ENDED else None
    return round(max(0.0, (airflow.client.server_now() if end is None else end) - start), 3)


def failed_tasks(tasks: t.Sequence[Object]) -> list[Object]:
    """Return the failed task instances and those that never ran because of them, failed first."""
    return sorted(
        (task for task in tasks if task["state"] in FAILED),
        key=lambda task: (FAILED.index(task["state"]), *task_key(task)),
    )


def count_states(tasks: t.Sequence[Object]) -> dict[str, int]:
    """Count task instances by state; those without one as C(no_status)."""
    counts: dict[str, int] = {}
    for task in tasks:
        state = task["state"] or NO_STATE
        counts[state] = counts.get(state, 0) + 1
    return counts


class Report:
    """The tasks of a run, and what is to be said of them.

    :param log_lines: last lines of the log of each failed task; 0: no log is read.
    :param most_logs: logs that are read at most.
    """

    def __init__(self, airflow: Airflow, run: Object, log_lines: int, most_logs: int = MOST_LOGS) -> None:
        self.run = run
        self.tasks = airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"])
        self.failed = failed_tasks(self.tasks)
        self._failed_themselves = [task for task in self.failed if task["state"] == "failed"]
        self.counts = count_states(self.tasks)
        self.elapsed = elapsed(airflow, run)
        self._reasons: dict[t.Any, str] = {}
        if log_lines:
            # A server that is gone is not to be waited for once for each log.
            with airflow.patience.within_one_outage():
                self._read_logs(airflow, log_lines, most_logs)

    def result(self) -> Object:
        """The keys that every result about a run has."""
        return {
            "dag_run": shown(self.run),
            "failed_tasks": self.failed,
            "task_counts": self.counts,
            "elapsed": self.elapsed,
        }

    def failure(self, how: str = "", never_ran: str = CLEAR_THEM) -> str:
        """One sentence that says which tasks failed and why.

        :param how: what is said of a run that had failed before the task looked at it.
        :param never_ran: what can be done when no task failed, but some never ran.
        """
        run = self.run
        failed = self._failed_themselves
        if self.failed and not failed:
            how = how or failed_after(self.elapsed)
            return (
                f"DAG run {run_name(run)} {how}: no task failed, but {len(self.failed)} of {len(self.tasks)} tasks "
                f"never ran (upstream_failed): {self._named(self.failed)}; {never_ran}. {run['url']}"
            )
        if not failed:
            how = HAD_BEEN_MARKED if how == HAD_FAILED else how or f"{failed_after(self.elapsed)}, {MARKED}"
            return f"DAG run {run_name(run)} {how}. {run['url']}"
        head = f"DAG run {run_name(run)} {how or failed_after(self.elapsed)}"
        never = sum(self.counts.get(state, 0) for state in NEVER_RAN)
        counts = f"{len(failed)} of {len(self.tasks)} tasks failed" + (f", {never} never ran" if never else "")
        return f"{head}: {counts}: {self._named(failed)}. {run['url']}"

    def named(self) -> str:
        """The failed tasks by name only."""
        return first_few([task_name(task) for task in self._failed_themselves or self.failed]) or "no task failed"

    def warning(self) -> str:
        """One sentence about what a person would not expect of a run that succeeded, or an empty text."""
        # A task that a new version of the DAG no longer has did not run to its end, either.
        lacking = [*self.failed, *(task for task in self.tasks if task["state"] == "removed")]
        if self.run["state"] != "success" or (self.tasks and not lacking):
            return ""
        name = f"DAG run {run_name(self.run)}"
        if not self.tasks:
            return (
                f"{name} succeeded without running a task: its DAG has none, or its logical date is before their "
                "start_date."
            )
        return f"{name} succeeded although {len(lacking)} of {len(self.tasks)} tasks did not: {self._named(lacking)}."

    def goes_on(self, seconds: float) -> str:
        """One sentence about tasks that have not ended although their run was cancelled."""
        left = self.unfinished()
        return (
            f"DAG run {run_name(self.run)} is marked failed, and {len(left)} of its tasks {have(len(left))} not ended "
            f"{waited(seconds, 'wait_timeout')}: {self._named(left)}."
        )

    def unfinished(self) -> list[Object]:
        """The task instances that are still going on, or will."""
        return [task for task in self.tasks if task["state"] and task["state"] not in FINISHED]

    def _named(self, tasks: t.Sequence[Object]) -> str:
        return first_few([self._task_line(task, len(tasks)) for task in tasks], "; ")

    def _task_line(self, task: Object, of: int) -> str:
        tried = f" ({tries(task)})" if task["try_number"] else ""
        reason = "removed from the DAG" if task["state"] == "removed" else self._reasons.get(task_key(task), "")
        return task_name(task) + tried + (f": {brief(reason, of)}" if reason else "")

    def _read_logs(self, airflow: Airflow, log_lines: int, most_logs: int) -> None:
        for number, task in enumerate(self._failed_themselves):
            if number >= most_logs:
                task["log_tail"] = f"The log was not read: only those of the first {MOST_LOGS} failed tasks are."
                continue
            log = airflow.ask(Tasks).log(self.run["dag_id"], self.run["dag_run_id"], task, log_lines)
            task["log_tail"] = log.tail
            if airflow.quotes:
                self._reasons[task_key(task)] = log.reason


def task_name(task: Object) -> str:
    """Name a task instance as people write it: C(load), C(load[4]) for a mapped one, C(load (turn 2)) in a loop."""
    index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
    number = turn(task)
    return f"{task['task_id']}{index}" + (f" (turn {number})" if number is not None else "")


def tries(task: Object) -> str:
    """How often a task was tried, of how many times that it may be."""
    return f"try {task['try_number']} of {task['max_tries'] + 1}"


def brief(reason: str, of: int = MOST_NAMED) -> str:
    """Why a task failed, as it stands in a sentence about so many tasks."""
    return one_line(reason, LONGEST_REASONS // min(of, MOST_NAMED)).rstrip(".:")


def nothing_to_clear(run: Object, tasks: t.Sequence[Object]) -> str:
    """What is said of a run of which no task is to be run again."""
    if not tasks:
        return f"DAG run {run_name(run)} has no task that could be run again."
    return (
        f"No task of DAG run {run_name(run)} ({run['state']}) has failed, so none was run again; only_failed: false "
        "runs all of them again."
    )


def without_tasks(airflow: Airflow, run: Object) -> Object:
    """What results show of a run whose tasks were not read."""
    return {"dag_run": shown(run), "failed_tasks": [], "task_counts": {}, "elapsed": elapsed(airflow, run)}


def _seconds(moment: str | None) -> float | None:
    return time_of("a time of Airflow", moment).timestamp() if moment else None
