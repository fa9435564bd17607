# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many DAG runs at once: one request a look, however many there are."""

from __future__ import annotations

import contextlib
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.runs import Runs
from .._airflow.tasks import Tasks
from .._base.errors import AirflowError, BadInput, RunFailed, TimedOut
from .._base.inputs import dag_id_of, dag_run_id_of
from .._base.states import ENDED
from .._base.text import first_few
from .diagnosis import PATIENCE, diagnosis
from .report import MOST_LOGS, Report, elapsed, last_answer, read_again, run_name, waited, without_tasks

Key = t.Tuple[str, str]

MOST_TOLD = 4  # failed runs that a message tells about in full


def keys_of(runs: t.Sequence[t.Mapping[str, t.Any]]) -> list[Key]:
    """Check the option C(runs): items with C(dag_id) and C(dag_run_id), and whatever else C(airflow_dag_run) returned.

    A run that is named twice is waited for once.
    """
    keys: dict[Key, None] = {}
    for number, run in enumerate(runs, 1):
        if not run.get("dag_id") or not run.get("dag_run_id"):
            raise BadInput(
                f"Item {number} of runs lacks dag_id or dag_run_id; give the dag_run of each result of airflow_dag_run."
            )
        dag_id = dag_id_of(f"dag_id in item {number} of runs", str(run["dag_id"]))
        keys[dag_id, dag_run_id_of(f"dag_run_id in item {number} of runs", str(run["dag_run_id"]))] = None
    return list(keys)


class Watch:
    """The runs that are waited for, as they were last seen."""

    def __init__(self, airflow: Airflow, keys: t.Sequence[Key]) -> None:
        self._airflow = airflow
        self.runs: dict[Key, Object] = {}
        self._keys = keys

    def look(self) -> list[Object]:
        """Read those that have not ended, and return them.

        Airflow lists active runs by DAG, not by id; a run that is not among them has ended, and is read once.
        """
        pending = [key for key in self._keys if key not in self.runs or self.runs[key]["state"] not in ENDED]
        dag_ids = sorted({dag_id for dag_id, _run_id in pending})
        active = {(run["dag_id"], run["dag_run_id"]): run for run in self._airflow.ask(Runs).active(dag_ids)}
        for key in pending:
            if key in active:
                self.runs[key] = active[key]
            elif key in self.runs:
                self.runs[key] = read_again(self._airflow, self.runs[key])
            else:
                self.runs[key] = self._airflow.ask(Runs).get(*key)
        return self.active()

    def until_ended(self, timeout: float, interval: float) -> AirflowError | None:
        """Look until all have ended or the time is over, and return the outage that went on at that moment."""
        wait = self._airflow.patience.wait
        _seen, silence = wait(self.look, lambda active: not active, timeout, interval, self.age)
        # Of a run that was never seen nobody knows whether it has ended.
        if silence and len(self.runs) < len(self._keys):
            raise silence
        return silence

    def active(self) -> list[Object]:
        """Return those that have not ended."""
        return [run for run in self.runs.values() if run["state"] not in ENDED]

    def age(self, active: list[Object]) -> float | None:
        """Return the age of the youngest of them that has started, since its end may be the next."""
        ages = [elapsed(self._airflow, run) for run in active if run["start_date"]]
        return min(ages) if ages and self._airflow.client.server_time else None


def wait_for_runs(airflow: Airflow, keys: t.Sequence[Key], timeout: float, interval: float, log_lines: int) -> Object:
    """Wait until all of them have ended; RunFailed when one of them failed, TimedOut when one is active then."""
    watch = Watch(airflow, keys)
    reports: dict[Key, Report] = {}
    try:
        silence = watch.until_ended(timeout, interval)
        logs = MOST_LOGS
        for key, run in watch.runs.items():
            if run["state"] == "failed" and not silence:
                reports[key] = Report(airflow, run, log_lines, logs)
                logs = max(0, logs - reports[key].counts.get("failed", 0))
    except AirflowError as error:
        error.details["runs"] = [_entry(airflow, run, reports.get(key)) for key, run in watch.runs.items()]
        raise
    entries = [_entry(airflow, run, reports.get(key)) for key, run in watch.runs.items()]
    failures = _failures(list(reports.values()), len(entries))
    active = watch.active()
    if active:
        named = first_few([f"{run_name(run)} ({run['state']})" for run in active])
        reason = f"; {last_answer(silence)}" if silence else _held_up(airflow, active[0])
        raise TimedOut(
            f"{len(active)} of {len(entries)} DAG runs have not ended {waited(timeout, 'wait_timeout')}: "
            f"{named}{reason}. They go on; the same task waits for them again."
            f"{' ' + failures if failures else ''}",
            runs=entries,
        )
    if failures:
        raise RunFailed(failures, runs=entries)
    return {"runs": entries}


def seen_runs(airflow: Airflow, keys: t.Sequence[Key]) -> Object:
    """Look once, for check mode: what a task before would have triggered is not there, and is left out."""
    runs = [airflow.ask(Runs).find(*key) for key in keys]
    return {"runs": [_entry(airflow, run) for run in runs if run]}


def _held_up(airflow: Airflow, run: Object) -> str:
    """What holds up the first of those that have not ended; one is enough for a message."""
    tasks: t.Sequence[Object] = ()
    with contextlib.suppress(AirflowError), airflow.patience.within(PATIENCE):
        tasks = airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"])
    reason = diagnosis(airflow, run, tasks)
    return f"; of {run_name(run)}: {reason}" if reason else ""


def _failures(reports: t.Sequence[Report], total: int) -> str:
    if not reports:
        return ""
    told = " ".join(report.failure() for report in reports[:MOST_TOLD])
    rest = reports[MOST_TOLD:]
    others = ", ".join(f"{run_name(report.run)} ({report.named()})" for report in rest)
    return f"{len(reports)} of {total} DAG runs failed. {told}" + (f" Failed, too: {others}." if rest else "")


def _entry(airflow: Airflow, run: Object, report: Report | None = None) -> Object:
    """One of the results; only the tasks of a failed run are worth their requests."""
    if report:
        return report.result()
    return without_tasks(airflow, run)
