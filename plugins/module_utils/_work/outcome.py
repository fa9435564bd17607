# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of one DAG run that is as it was wanted, or is on its way there."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._base.errors import RunFailed
from .._base.states import ENDED
from .._base.times import iso
from .carrying import carrying
from .fulfil import Done, how_found
from .report import Report, without_tasks
from .results import results_of
from .waiting import wait_for_run, wait_for_tasks
from .wishes import Wish
from .wording import duration, run_name

# What check mode says of a run, by the wanted state.
WOULD_BE = {
    "triggered": "triggered",
    "awaited": "waited for",
    "cleared": "run again",
    "failed": "marked failed",
    "cancelled": "cancelled",
    "success": "marked successful",
    "absent": "deleted",
}


def outcome(
    airflow: Airflow, wish: Wish, done: Done, run: Object, check_mode: bool, warn: t.Callable[[str], None]
) -> Object:
    """Wait for the run where that is wanted, and tell what has become of it; RunFailed when it has failed."""
    wait = wish.wait and not check_mode
    if wait and wish.state in ("failed", "cancelled") and run["state"] == "failed":
        cancelled, marked = wait_for_tasks(airflow, run, wish, done.changed)
        if cancelled.unfinished():
            warn(cancelled.goes_on(wish.wait_timeout))
        return {"changed": done.changed or marked, **cancelled.result()}
    if wait:
        run = wait_for_run(airflow, run, wish)
    if run["state"] not in ENDED or done.foreseen:
        return without_tasks(airflow, run)
    with carrying(run, done.changed, done.diff):
        report = Report(airflow, run, wish.log_lines)
        results = {}
        if wish.results and run["state"] == "success":
            results["results"] = results_of(airflow, run, report.tasks, wish.results, warn)
    if wish.state in ("triggered", "awaited", "cleared"):
        if run["state"] == "failed":
            raise RunFailed(report.failure(how_found(wish, done)), **report.result())
        if report.warning():
            warn(report.warning())
    return {**report.result(), **results}


def told(wish: Wish, done: Done, result: Object, check_mode: bool) -> str:
    """Say what has become of the run of a result, or what would become of it."""
    run = result["dag_run"] or {
        "dag_id": wish.dag_id,
        "dag_run_id": wish.dag_run_id,
        "logical_date": iso(wish.logical_date),
    }
    name = run_name({**run, "dag_run_id": run["dag_run_id"] or f"of {run['logical_date']}"})
    if check_mode and (done.foreseen or (done.changed and not done.found)):
        return f"DAG run {name} would be {WOULD_BE[wish.state]}."
    if done.run is None:
        return f"DAG run {name} does not exist."
    if wish.state == "absent":
        return f"DAG run {name} is deleted."
    age = f", {duration(result['elapsed'])} after its start" if run["start_date"] else ""
    return f"DAG run {name} {_how(wish, done, run['state'], result['changed'])}{age}. {run['url']}"


def _how(wish: Wish, done: Done, state: str, changed: bool) -> str:
    """Say in which state a run is, and how it came there."""
    if wish.state == "cancelled":
        return "is cancelled" if changed else f"has ended already: {state}"
    if wish.state == "triggered" and done.found:
        return f"was already there, and is {state}"
    return f"is {'marked ' if changed and wish.state == state else ''}{state}"
