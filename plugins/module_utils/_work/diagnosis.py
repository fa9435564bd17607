# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a run makes no progress: what a person would look up at 3 a.m., read once after a time-out."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.health import Health
from .._airflow.runs import Runs
from .._airflow.tasks import Tasks
from .._base.errors import AirflowError
from .._base.patience import FOR_A_DIAGNOSIS
from .._base.text import first_few
from .._base.times import time_of
from .heartbeats import dead_in
from .in_passing import in_passing
from .standstill import Standstill
from .wording import run_name

TICK = 2.0  # seconds by which a time of Airflow may be ahead of the one in its answers' heads, which have no fractions
SOON = 15.0  # seconds within which nobody is to blame for a run that has not started
SLOW = "Airflow answers slowly, so there may be another reason"
SILENT = "Airflow answers too slowly to look for the reason"
NOT_STARTED = "Airflow's scheduler has not started it: its log may say why"


def diagnosis(airflow: Airflow, run: Object, tasks: t.Sequence[Object], waited: float = SOON) -> str:
    """Return one clause about what holds the run up, or an empty text.

    It only adds to a failure, so whatever cannot be read, for an outage or a missing permission, is left out. With the
    list of the tasks, which the caller has read, no run takes more than 6 requests.

    :param waited: seconds for which the run was waited for.
    """
    clock = airflow.patience.clock
    end = clock.now() + FOR_A_DIAGNOSIS
    with airflow.patience.within(FOR_A_DIAGNOSIS), airflow.client.in_haste(FOR_A_DIAGNOSIS):
        found = _Diagnosis(airflow, run, tasks, waited).found()
    if clock.now() < end:
        return found
    return f"{found}; {SLOW}" if found else SILENT


def held_up(airflow: Airflow, active: t.Sequence[Object], waited: float, named: bool = True) -> str:
    """Return what holds up the first of these runs, with what stands before it; one is enough for a message.

    :param named: whether to name the run; no need where the message is about no other.
    """
    tasks: t.Sequence[Object] = ()
    for run in active[:1]:
        with in_passing(airflow):
            tasks = airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"])
        reason = diagnosis(airflow, run, tasks, waited)
        head = f". Reason for {run_name(run)}: " if named else "; "
        return head + reason if reason else ""
    return ""


class _Diagnosis:
    """Looks at one run; what it has read it does not read again."""

    def __init__(self, airflow: Airflow, run: Object, tasks: t.Sequence[Object], waited: float) -> None:
        self._airflow = airflow
        self._run = run
        self._tasks = tasks
        self._waited = waited
        self._max_active_runs: int | None = None
        self._health: Object = {}

    def found(self) -> str:
        reasons = (self._of_dag, self._of_time, self._of_scheduler, self._of_other_runs, self._of_tasks)
        for reason in reasons:
            try:
                text = reason()
            except AirflowError:
                continue
            if text:
                return text
        if not self._is_queued:
            return ""
        return "it has not started yet" if self._is_young() else NOT_STARTED

    @property
    def _is_queued(self) -> bool:
        return bool(self._run["state"] == "queued")

    def _is_young(self) -> bool:
        """Whether nobody would expect yet that it has started: it was made just now, or looked at no longer."""
        made = self._run["run_after"]
        since = time_of("a time of Airflow", made).timestamp() if made else 0.0
        return min(self._waited, self._airflow.client.server_now() - since) < SOON

    def _of_dag(self) -> str:
        dag = self._airflow.ask(Dags).get(self._run["dag_id"])
        self._max_active_runs = dag["max_active_runs"]
        if dag["is_paused"]:
            return "its DAG is paused, so no task of it starts: unpause the DAG"
        if dag["is_stale"]:
            return "its DAG is stale, so no task of it starts: its file is gone or no longer holds it"
        return ""

    def _of_time(self) -> str:
        moment = self._run["run_after"]
        if not (self._is_queued and moment):
            return ""
        starts = time_of("a time of Airflow", moment).timestamp()
        is_ahead = starts > self._airflow.client.server_now() + TICK
        return f"it starts at {moment} (run_after), not before" if is_ahead else ""

    def _of_scheduler(self) -> str:
        self._health = self._airflow.ask(Health).read()
        return dead_in(self._health, "scheduler")

    def _of_other_runs(self) -> str:
        limit = self._max_active_runs
        if not self._is_queued or limit is None:
            return ""
        active = self._airflow.ask(Runs).active([self._run["dag_id"]])
        running = [other for other in active if other["state"] == "running"]
        if len(running) < limit:
            return ""
        names = first_few([other["dag_run_id"] for other in running])
        one = len(running) == 1
        others = f"1 other run is active ({names})" if one else f"{len(running)} other runs are active ({names})"
        which = "it, end it" if one else "one of them, end one"
        return (
            f"{others} and max_active_runs is {limit}: wait for {which} with state: cancelled, or raise "
            "max_active_runs of the DAG"
        )

    def _of_tasks(self) -> str:
        if self._is_queued or not self._tasks:
            return ""
        return Standstill(self._airflow, self._run, self._tasks, self._without_triggerer()).reason()

    def _without_triggerer(self) -> str:
        """Why no deferred task goes on, or an empty text."""
        if not self._health:
            return ""
        if self._health["triggerer"]["status"] is None:
            return "Airflow has no triggerer: start one"
        return dead_in(self._health, "triggerer")
