# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines about one DAG run: how many of its tasks are done, and what holds it up."""

from __future__ import annotations

from .._airflow.airflow import Airflow, Object
from .._base.errors import AirflowError
from .._base.patience import FOR_A_DIAGNOSIS
from .._base.states import ENDED, FINISHED
from .diagnosis import diagnosis
from .progress import Progress
from .report import Report
from .wording import duration, run_name

SHORTEST = 30.0  # seconds between two readings of the tasks
SHARE = 0.1  # of the run's age
LONGEST = 120.0
MOST_NAMED = 3


class RunProgress:
    """What the wait for a run tells."""

    def __init__(self, airflow: Airflow, run: Object, wanted: bool) -> None:
        self._airflow = airflow
        self._name = run_name(run)
        self._progress = Progress(airflow, wanted and run["state"] not in ENDED)
        self._next = airflow.clock.now() + SHORTEST

    def begin(self, timeout: float) -> None:
        """Say what is waited for."""
        if timeout:
            self._progress.tell(f"{self._name}: waiting up to {duration(timeout)}")

    def look(self, run: Object) -> None:
        """Read the tasks when it is time for that, and say how far they have come."""
        now = self._airflow.clock.now()
        if not self._progress.wanted or run["state"] in ENDED or now < self._next:
            return
        try:
            # The wait goes on without a line.
            with self._airflow.patience.within(FOR_A_DIAGNOSIS):
                report = Report(self._airflow, run, 0)
        except AirflowError:
            self._next = now + SHORTEST
            return
        age = report.elapsed
        self._next = now + min(max(SHORTEST, SHARE * age), LONGEST)
        since = f" {duration(age)}" if age else ""
        text = self._of_tasks(report)
        # The age alone is no news.
        self._progress.tell(f"{self._name} {run['state']}{since}: {text}", key=f"{run['state']} {text}")

    def _of_tasks(self, report: Report) -> str:
        counts = report.counts
        done = sum(counts.get(state, 0) for state in FINISHED)
        text = f"{done} of {len(report.tasks)} tasks done"
        if counts.get("running"):
            text += f", {counts['running']} running"
        failed = [task["task_id"] for task in report.failed if task["state"] == "failed"]
        if failed:
            more = ", …" if failed[MOST_NAMED:] else ""
            text += f", {len(failed)} failed ({', '.join(failed[:MOST_NAMED])}{more})"
        reason = "" if counts.get("running") else diagnosis(self._airflow, report.run, report.tasks)
        return f"{text}; {reason}" if reason else text
