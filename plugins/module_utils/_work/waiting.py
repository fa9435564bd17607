# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for one DAG run, and for the tasks of a cancelled one."""

from __future__ import annotations

import contextlib
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.runs import Runs
from .._base.errors import AirflowError, NotFound, TimedOut
from .._base.patience import FOR_A_DIAGNOSIS
from .._base.states import ENDED
from .carrying import run_diff
from .diagnosis import diagnosis
from .report import Report, elapsed, read_again, without_tasks
from .run_progress import RunProgress
from .wishes import Wish
from .wording import last_answer, run_name, shown, waited

SAME_ID = "the same dag_run_id waits for it again"
SETTLES = 1.0  # seconds; what the scheduler has loaded before a run was marked is done then
AWAITED = "airflow_dag_run with state: awaited waits for it"


class _Watch:
    """Looks at one run; the first look is at the run as it was handed in."""

    def __init__(self, airflow: Airflow, run: Object, wish: Wish) -> None:
        self._airflow = airflow
        self._interval = wish.poll_interval
        self._progress = RunProgress(airflow, run, wish.progress)
        self._progress.begin(wish.wait_timeout)
        self._fresh = True
        self.run = run
        self.silence: AirflowError | None = None

    def until(self, done: t.Callable[[Object], bool], seconds: float, outage_until: float = 0.0) -> bool:
        """Wait until the run is C(done), and return whether it is.

        :param outage_until: seconds after which an outage is cut short, which is C(silence) then.
        """
        wait = self._airflow.patience.wait
        _seen, self.silence = wait(self._look, done, seconds, self._interval, self._age, outage_until)
        self._fresh = self.silence is None
        return done(self.run)

    def _look(self) -> Object:
        if not self._fresh:
            self.run = read_again(self._airflow, self.run)
        self._fresh = False
        self._progress.look(self.run)
        return self.run

    def _age(self, seen: Object) -> float | None:
        return elapsed(self._airflow, seen) if seen["start_date"] and self._airflow.client.server_time else None


def wait_for_run(airflow: Airflow, run: Object, wish: Wish) -> Object:
    """Wait until the run has ended and return it; TimedOut when it has not by then, or has not started in time."""
    try:
        return _ended_in_time(airflow, run, wish)
    except TimedOut as error:
        if wish.cancel_on_timeout:
            ended = _cancel_after_timeout(airflow, run, error)
            if ended is not None:
                return ended
        else:
            error.message += f" It goes on; {_waits_again(wish)}."
        error.message += f" {run['url']}"
        raise


def _waits_again(wish: Wish) -> str:
    """How a run that goes on is waited for; who clears it once more would run its tasks again."""
    return AWAITED if wish.state == "cleared" else SAME_ID


def _ended_in_time(airflow: Airflow, run: Object, wish: Wish) -> Object:
    clock = airflow.clock
    ends = clock.now() + wish.wait_timeout
    watch = _Watch(airflow, run, wish)
    option, allowed = wish.timeout_option, wish.wait_timeout
    try:
        in_time = wish.queued_timeout
        # While Airflow does not answer, nobody knows whether the run is still queued.
        if in_time is None or in_time >= allowed or watch.until(_started, in_time, allowed):
            watch.until(_ended, max(ends - clock.now(), 0.0))
        elif not watch.silence:
            option, allowed = "queued_timeout", in_time
    except AirflowError as error:
        error.details["dag_run"] = shown(watch.run)
        if not isinstance(error, NotFound):
            run = watch.run
            error.message += f" DAG run {run_name(run)} goes on; {_waits_again(wish)}. {run['url']}"
        raise
    if _ended(watch.run):
        return watch.run
    raise _timed_out(airflow, watch.run, allowed, option, watch.silence)


def _cancel_after_timeout(airflow: Airflow, run: Object, error: TimedOut) -> Object | None:
    """Mark a run failed whose wait timed out, and say so in the error; return the run when it has ended meanwhile."""
    try:
        seen = airflow.ask(Runs).get(run["dag_id"], run["dag_run_id"])
        if _ended(seen):
            return seen
        cancelled = airflow.ask(Runs).set_state(run["dag_id"], run["dag_run_id"], "failed")
    except AirflowError as problem:
        error.message += f" It was not cancelled: {problem.message}"
        return None
    error.message += " It was cancelled (cancel_on_timeout)."
    error.details.update(dag_run=shown(cancelled), changed=True, diff=run_diff(run, seen["state"], "failed"))
    return None


def _started(run: Object) -> bool:
    return bool(run["state"] != "queued")


def _ended(run: Object) -> bool:
    return run["state"] in ENDED


def _timed_out(
    airflow: Airflow, run: Object, allowed: float, option: str, silence: AirflowError | None = None
) -> TimedOut:
    """Say how far a run has come, and what holds it up; what cannot be read any more is left out.

    :param silence: Airflow did not answer in the end, so there is nothing to ask.
    """
    so_far = without_tasks(airflow, run)
    if silence:
        reason = last_answer(silence)
    else:
        tasks: t.Sequence[Object] = ()
        with contextlib.suppress(AirflowError), airflow.patience.within(FOR_A_DIAGNOSIS):
            report = Report(airflow, run, 0)
            so_far, tasks = report.result(), report.tasks
        reason = diagnosis(airflow, run, tasks, allowed)
    message = f"DAG run {run_name(run)} is still {run['state']} {waited(allowed, option)}"
    message += f": {reason}." if reason else "."
    return TimedOut(message, reason=reason, **so_far)


def wait_for_tasks(airflow: Airflow, run: Object, wish: Wish, just_marked: bool) -> tuple[Report, bool]:
    """Wait until no task of a cancelled run is going on; report on it, and whether it had to be marked once more.

    Airflow marks the tasks failed at once (2.11, 3.3); their processes end some seconds later. A task that ends, or the
    scheduler that has just looked at it, may bring the run back to life: it is marked once more then. Tasks that had
    not begun are marked skipped; the scheduler may be about to begin them, so such a run is watched for a moment.

    :param just_marked: it was marked failed right before this.
    """
    clock = airflow.clock
    marked = False
    settled = clock.now() + (SETTLES if just_marked else 0.0)

    def look() -> Report:
        nonlocal marked, settled
        seen = airflow.ask(Runs).get(run["dag_id"], run["dag_run_id"])
        if seen["state"] != "failed":
            seen = airflow.ask(Runs).set_state(run["dag_id"], run["dag_run_id"], "failed")
            marked, settled = True, clock.now() + SETTLES
        return Report(airflow, seen, 0)

    def has_ended(seen: Report) -> bool:
        return not seen.unfinished() and ("skipped" not in seen.counts or clock.now() >= settled)

    report, silence = airflow.patience.wait(look, has_ended, wish.wait_timeout, wish.poll_interval)
    if report.failed and wish.log_lines and not silence:
        report = Report(airflow, report.run, wish.log_lines)
    return report, marked
