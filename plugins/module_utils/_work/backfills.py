# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a backfill, adopting or cancelling the one that is there, and its runs."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._airflow.airflow import Airflow, Object
from .._airflow.backfills import BackfillRequest, Backfills
from .._airflow.dags import Dags
from .._airflow.runs import RunFilter, Runs
from .._base.conf import conf_of
from .._base.errors import BadInput, NotFound
from .._base.inputs import dag_id_of, number_of
from .._base.state import diff, joined
from .._base.states import ENDED
from .._base.times import iso, moment, time_of
from .fulfil import check_runnable, check_unpaused, dag_of
from .many_runs import Key
from .named_run import unknown_dag

ALL_RUNS = 100_000
# Seconds. The scheduler looks for backfills whose runs have ended each half a minute.
COMPLETES_WITHIN = 90.0
LOOK_EACH = 5.0
FAILED: Object = {"state": "failed"}
# What is said of runs that had failed before the task looked at their backfill.
HAD_FAILED = "was already there and had failed; reprocess: failed runs it again"
HAD_FAILED_BY_ID = "had failed before; reprocess: failed with dag_id, from_date and to_date runs it again"


class Done(t.NamedTuple):
    """What was done, or would be done in check mode.

    :param backfill: None where there is none, or none yet.
    :param runs: the runs of the backfill.
    :param found: what is to be said of those that had failed; empty where the backfill is new.
    """

    backfill: Object | None
    changed: bool
    logical_dates: t.Sequence[str]
    runs: t.Sequence[Object]
    diff: Object
    warnings: t.Sequence[str] = ()
    found: str = ""

    def had_failed(self) -> dict[Key, str]:
        """What is to be said of each run that had failed before the task looked at it."""
        failed = (run for run in self.runs if run["state"] == "failed")
        return {(run["dag_id"], run["dag_run_id"]): self.found for run in failed}

    def result(self) -> Object:
        """The keys that every result has; conf may hold secrets."""
        shown = self.backfill and {key: value for key, value in self.backfill.items() if key != "conf"}
        dates = list(self.logical_dates)
        return {"changed": self.changed, "backfill": shown, "logical_dates": dates, "diff": self.diff}


def request_of(params: t.Mapping[str, t.Any]) -> BackfillRequest | None:
    """Check the options; None where the backfill is named by its id, or its DAG alone."""
    named = params["backfill_id"] is not None
    dated = [key for key in ("from_date", "to_date") if params[key]]
    if named:
        number_of("backfill_id", params["backfill_id"], 0)
    if named and (dated or params["dag_id"]):
        raise BadInput("backfill_id names the backfill; leave out dag_id, from_date and to_date.")
    if not named and not params["dag_id"]:
        raise BadInput("No backfill is named; give dag_id, from_date and to_date, or backfill_id.")
    if named or (params["state"] == "cancelled" and not dated):
        return None
    if len(dated) < 2:
        raise BadInput("A backfill has a first and a last day; give from_date and to_date.")
    first, last = (time_of(key, params[key], days=True) for key in dated)
    if last < first:
        raise BadInput("to_date is before from_date; correct one of them.")
    number_of("max_active_runs", params["max_active_runs"], 1)
    conf = {} if params["conf"] is None else conf_of("conf", params["conf"])
    dag_id = dag_id_of("dag_id", params["dag_id"])
    options = (params["reprocess"], params["backwards"], params["max_active_runs"])
    return BackfillRequest(dag_id, first, last, *options, conf)


def named(airflow: Airflow, backfill_id: int) -> Done:
    """Return a backfill that is there, and its runs."""
    return _there(airflow, _by_id(airflow, backfill_id))._replace(found=HAD_FAILED_BY_ID)


def trigger(airflow: Airflow, request: BackfillRequest, when_paused: str, check_mode: bool) -> Done:
    """Make a backfill, or adopt the active one that is like it; in check mode write nothing."""
    backfills = airflow.ask(Backfills)
    dag, lacking = dag_of(airflow, request.dag_id, check_mode)
    if lacking:
        # Airflow's dry run needs the DAG, so nobody knows the dates.
        return Done(None, True, (), (), _made(request), [lacking])
    check_runnable(dag)
    unpause = check_unpaused(dag, when_paused, "the runs of the backfill")
    there = backfills.of_dag(request.dag_id)
    active = next((backfill for backfill in there if not backfill["completed_at"]), None)
    if active and not request.is_like(active):
        active = _still_active(airflow, active, check_mode)
    if active and not request.is_like(active):
        raise BadInput(
            f"DAG {request.dag_id} has backfill {active['id']} ({active['from_date']} to {active['to_date']}), and "
            "Airflow has one at a time; wait for it, or cancel it, by its backfill_id."
        )
    if active:
        return _unpaused(airflow, dag, _there(airflow, active), unpause, check_mode)
    dates = backfills.dates(request)
    if not dates:
        return _nothing_to_do(airflow, request, there)
    changes = _made(request, dates=dates)
    if check_mode:
        done = Done(None, True, dates, (), changes)
    else:
        backfill = backfills.create(request, {backfill["id"] for backfill in there})
        wanted = set(dates)
        runs = [run for run in _runs_between(airflow, backfill) if run["logical_date"] in wanted]
        done = Done(backfill, True, dates, runs, changes)
    return _unpaused(airflow, dag, done, unpause, check_mode)


def _made(request: BackfillRequest, **more: t.Any) -> Object:
    """Return the diff of a backfill that is made."""
    dates = {"from_date": iso(request.from_date), "to_date": iso(request.to_date)}
    return diff({f"backfill of DAG {request.dag_id}": ({}, {**dates, "reprocess": request.reprocess, **more})})


def cancel(airflow: Airflow, params: t.Mapping[str, t.Any], request: BackfillRequest | None, check_mode: bool) -> Done:
    """Cancel a backfill and end its runs that go on; one that is cancelled already still may have some."""
    if params["backfill_id"] is not None:
        backfill, warnings = _by_id(airflow, params["backfill_id"]), []
    else:
        dag_id = dag_id_of("dag_id", params["dag_id"])
        known = airflow.ask(Backfills).of_dag(dag_id)
        warnings = _goes_on(airflow, known, request) if known else unknown_dag(airflow, dag_id, "backfill to cancel")
        fitting = _to_cancel(known, request)
        if fitting is None:
            return Done(None, False, (), (), diff({}), warnings)
        backfill = fitting
    there = _there(airflow, backfill).runs
    runs = [run for run in there if run["state"] not in ENDED]
    # One whose runs have ended, Airflow completes in its own time.
    active = not backfill["completed_at"] and bool(runs or not there)
    names = {f"DAG run {run['dag_id']} / {run['dag_run_id']}": ({"state": run["state"]}, FAILED) for run in runs}
    first = {f"backfill {backfill['id']}": ({"state": "active"}, {"state": "cancelled"} if active else {})}
    changes = diff({**first, **names})
    if not check_mode:
        if active:
            airflow.ask(Backfills).cancel(backfill["id"])
        # Those that were queued are failed already; once more does no harm.
        runs = [airflow.ask(Runs).set_state(run["dag_id"], run["dag_run_id"], "failed") for run in runs]
        backfill = _by_id(airflow, backfill["id"])
    return Done(backfill, bool(active or names), _dates(runs), runs, changes, warnings)


def _to_cancel(there: t.Sequence[Object], request: BackfillRequest | None) -> Object | None:
    """Return the backfill of a DAG that is to be cancelled: the active one, else the newest, if there is any."""
    fitting = [backfill for backfill in there if request is None or request.is_of_dates(backfill)]
    return next((backfill for backfill in fitting if not backfill["completed_at"]), fitting[0] if fitting else None)


def _goes_on(airflow: Airflow, there: t.Sequence[Object], request: BackfillRequest | None) -> list[str]:
    """Return a warning where the active backfill of a DAG has other dates than the one that is to be cancelled."""
    active = next((backfill for backfill in there if not backfill["completed_at"]), None)
    if request is None or active is None or request.is_of_dates(active):
        return []
    runs = _there(airflow, active).runs
    # One whose runs have ended, Airflow completes in its own time.
    if runs and all(run["state"] in ENDED for run in runs):
        return []
    return [
        f"DAG {request.dag_id} has no active backfill from {iso(request.from_date)} to {iso(request.to_date)}; "
        f"backfill {active['id']} from {active['from_date']} to {active['to_date']} is active, and goes on."
    ]


def _by_id(airflow: Airflow, backfill_id: int) -> Object:
    backfill = airflow.ask(Backfills).find(backfill_id)
    if backfill is None:
        raise NotFound(f"Backfill {backfill_id} does not exist at {airflow.url}; check backfill_id.", 404)
    return backfill


def _there(airflow: Airflow, backfill: Object) -> Done:
    """Tell of a backfill that is there: its runs are those of its kind and range that had not ended before it began."""
    began = moment(backfill["created_at"])
    runs = [
        run
        for run in _runs_between(airflow, backfill)
        if run["run_type"] == "backfill" and not (run["end_date"] and began and _ended_before(run, began))
    ]
    paused = f"Backfill {backfill['id']} is paused, so no more runs of it start; unpause it in Airflow."
    warnings = [paused] if backfill["is_paused"] and not backfill["completed_at"] else []
    return Done(backfill, False, _dates(runs), runs, diff({}), warnings, HAD_FAILED)


def _still_active(airflow: Airflow, backfill: Object, check_mode: bool) -> Object | None:
    """Return another backfill that is in the way; one whose runs have ended, Airflow completes in its own time."""
    if any(run["state"] not in ENDED for run in _there(airflow, backfill).runs):
        return backfill
    if check_mode:
        return None

    def completed(seen: Object | None) -> bool:
        return seen is None or bool(seen["completed_at"])

    find = airflow.ask(Backfills).find
    seen, _silence = airflow.patience.wait(lambda: find(backfill["id"]), completed, COMPLETES_WITHIN, LOOK_EACH)
    return None if completed(seen) else backfill


def _ended_before(run: Object, began: datetime) -> bool:
    end = moment(run["end_date"])
    return end is not None and end < began


def _nothing_to_do(airflow: Airflow, request: BackfillRequest, there: t.Sequence[Object]) -> Done:
    """Return the backfill that was made before for the same dates, or say that the schedule has none."""
    before = next((backfill for backfill in there if request.is_of_dates(backfill)), None)
    if before:
        return _there(airflow, before)
    first, last = iso(request.from_date), iso(request.to_date)
    runs = _runs_between(airflow, {"dag_id": request.dag_id, "from_date": first, "to_date": last})
    if not runs:
        raise BadInput(
            f"The schedule of DAG {request.dag_id} has no run from {first} to {last}; correct from_date and to_date."
        )
    return Done(None, False, (), (), diff({}))


def _unpaused(airflow: Airflow, dag: Object, done: Done, unpause: bool, check_mode: bool) -> Done:
    """Unpause a DAG after its backfill was made: had Airflow refused that, nothing would have been written."""
    if not unpause:
        return done
    if not check_mode:
        airflow.ask(Dags).set_paused(dag["dag_id"], False)
    paused = diff({f"DAG {dag['dag_id']}": ({"is_paused": True}, {"is_paused": False})})
    return done._replace(changed=True, diff=joined(done.diff, paused))


def _runs_between(airflow: Airflow, backfill: Object) -> list[Object]:
    times = {"logical_date_gte": moment(backfill["from_date"]), "logical_date_lte": moment(backfill["to_date"])}
    within = {key: value for key, value in times.items() if value is not None}
    return airflow.ask(Runs).select(backfill["dag_id"], RunFilter((), within, "logical_date", ALL_RUNS))


def _dates(runs: t.Sequence[Object]) -> list[str]:
    return [run["logical_date"] for run in runs]
