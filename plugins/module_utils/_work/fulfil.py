# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing one DAG run into the wanted state: finding, triggering, clearing, marking, deleting it."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.run_refusals import no_run
from .._airflow.runs import Runs
from .._airflow.tasks import Tasks
from .._base.errors import AirflowError, BadInput, Conflict, FateUnknown, NotFound, UnfitId
from .._base.state import diff
from .._base.states import ENDED
from .._base.times import iso
from .carrying import carrying, run_diff
from .foreseen import foreseen
from .foreseen_dags import foreseen_dag
from .foreseen_runs import foreseen_run, unseen_run
from .named_run import unknown_dag
from .report import HAD_FAILED, NOTHING_TO_CLEAR, failed_tasks, nothing_to_clear
from .results import check_readable, check_results
from .scheduled import scheduled_run
from .wishes import Wish, fits, new_dag_run_id
from .wording import run_name, shown

# What can be done about a DAG that is paused, and is not to be unpaused with its run, by C(when_paused).
WAYS_OUT = {
    "fail": "unpause it, or set when_paused to unpause or trigger",
    "left": "unpause it, or give it paused: false",
}


class Done(t.NamedTuple):
    """What was done, or would be done in check mode.

    :param run: the run as it is now; None when it does not exist.
    :param found: it was there before and was left as it is.
    :param foreseen: it is not there, and check mode takes it for there.
    """

    run: Object | None
    changed: bool
    found: bool = False
    diff: Object | None = None
    warnings: t.Sequence[str] = ()
    foreseen: bool = False


def how_found(wish: Wish, done: Done) -> str:
    """What is to be said of a failed run that was found failed, and an empty text of any other."""
    if not (done.found and done.run is not None and done.run["state"] == "failed"):
        return ""
    return NOTHING_TO_CLEAR if wish.state == "cleared" else HAD_FAILED


def fulfil(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    """Bring the run into the wanted state; in check mode read what that takes and write nothing."""
    acts = {
        "triggered": _triggered,
        "awaited": _awaited,
        "cleared": _cleared,
        "cancelled": _cancelled,
        "absent": _absent,
    }
    try:
        return acts.get(wish.state, _marked)(airflow, wish, check_mode)
    except NotFound as error:
        if not check_mode:
            raise
        return _foreseen(airflow, wish, foreseen(error.message))


def _foreseen(airflow: Airflow, wish: Wish, warning: str) -> Done:
    """What would become of a run that is not there in check mode."""
    if wish.state == "awaited":
        run = unseen_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
        return Done(run, False, warnings=[warning], foreseen=True)
    if wish.state == "cleared":
        airflow.ask(Runs).check_clear(wish.latest_version)
    after = wish.state if wish.state in ENDED else "queued"
    run = unseen_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date, after)
    name = wish.dag_run_id or f"of {iso(wish.logical_date)}"
    return Done(run, True, False, run_diff({**run, "dag_run_id": name}, None, after), [warning], foreseen=True)


class Plan(t.NamedTuple):
    """What there is before a run is triggered.

    :param run: the run that is there already and is adopted; None when there is none.
    :param unpause: whether the DAG is to be unpaused.
    """

    dag: Object
    run: Object | None
    unpause: bool
    warnings: t.Sequence[str]


def dag_of(airflow: Airflow, dag_id: str, check_mode: bool) -> tuple[Object, str]:
    """Return a DAG; in check mode one that is not there as it would be, and then the warning about that.

    What has deployed it has unpaused it, too, if it is to run.
    """
    try:
        return airflow.ask(Dags).get(dag_id), ""
    except NotFound as error:
        if not check_mode:
            raise
        return {**foreseen_dag(airflow, dag_id), "is_paused": False}, foreseen(error.message)


def plan_trigger(airflow: Airflow, wish: Wish, dag: Object, lacking: str = "") -> Plan:
    """Look whether the run of C(dag) is there, and raise what speaks against triggering it; nothing is written.

    :param lacking: the warning about a DAG that is not there.
    """
    run = None if lacking else find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    _check_waited(airflow, wish, run)
    if not lacking:
        _check_results(airflow, wish, run)
    if run is not None:
        return _plan_adoption(wish, dag, run)
    check_runnable(dag)
    surprise = airflow.ask(Runs).check_trigger(wish.request)
    unpause = check_unpaused(dag, wish.when_paused, "the run")
    of_its_own = scheduled_run(airflow, dag, wish.request.logical_date) if unpause else ""
    return Plan(dag, None, unpause, list(filter(None, (lacking, surprise, of_its_own))))


def carry_out(airflow: Airflow, wish: Wish, plan: Plan, check_mode: bool) -> Done:
    """Trigger the run that was planned, or adopt the one that is there; in check mode write nothing."""
    if plan.run is not None:
        return _adopted(airflow, plan, plan.run, check_mode)
    if check_mode:
        run = foreseen_run(airflow, wish.dag_id, wish.request)
    else:
        run, made = trigger(airflow, wish)
        if not made:
            return _adopted(airflow, _plan_adoption(wish, plan.dag, run), run, check_mode)
        _unpause(airflow, run, plan.unpause)
    return Done(run, True, False, run_diff(run, None, "queued", plan.unpause), plan.warnings)


def _triggered(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    plan = plan_trigger(airflow, wish, *dag_of(airflow, wish.dag_id, check_mode))
    return carry_out(airflow, wish, plan, check_mode)


def _awaited(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    dag = airflow.ask(Dags).get(wish.dag_id)
    if run is not None:
        _check_waited(airflow, wish, run)
        _check_results(airflow, wish, run)
        return _adopted(airflow, _plan_adoption(wish, dag, run), run, check_mode)
    raise no_run(airflow.url, wish.dag_id, wish.dag_run_id, iso(wish.logical_date))


def _check_waited(airflow: Airflow, wish: Wish, run: Object | None) -> None:
    """Refuse, before anybody waits, what cannot be done when the run has ended or when its time is over."""
    if wish.results and not wish.wait and (run is None or run["state"] not in ENDED):
        raise BadInput("results needs wait: true, unless the run has ended before; set it, or leave results out.")
    if run is not None and wish.wait and wish.cancel_on_timeout and run["state"] not in ENDED:
        airflow.ask(Runs).check_change(run["dag_id"], run["dag_run_id"], "cancel_on_timeout")
    if run is not None and wish.results:
        check_readable(run)


def _check_results(airflow: Airflow, wish: Wish, run: Object | None) -> None:
    """Refuse results of tasks that are not there before a run is made or waited for; one that has ended tells."""
    if wish.results and (run is None or run["state"] not in ENDED):
        tasks = airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"]) if run else ()
        check_results(airflow, wish.dag_id, tasks, wish.results)


def _plan_adoption(wish: Wish, dag: Object, run: Object) -> Plan:
    """Take a run that exists for the wanted one; its DAG is unpaused only when the run is still to be waited for."""
    keys = other_conf(run, wish.conf) if wish.state == "triggered" else []
    warnings = []
    if keys:
        warnings.append(
            f"DAG run {run_name(run)} was already there with another conf "
            f"({', '.join(keys)} differ); it was adopted as it is."
        )
    active = wish.wait and run["state"] not in ENDED
    unpause = active and check_unpaused(dag, wish.when_paused, f"run {run['dag_run_id']}", run["state"] != "queued")
    return Plan(dag, run, unpause, warnings)


def _adopted(airflow: Airflow, plan: Plan, run: Object, check_mode: bool) -> Done:
    _unpause(airflow, run, plan.unpause and not check_mode)
    return Done(run, plan.unpause, True, run_diff(run, None, None, plan.unpause), plan.warnings)


def _cleared(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = existing_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    tasks = airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"])
    if not (failed_tasks(tasks) if wish.only_failed else tasks):
        # Of a failed run the failure says it.
        warnings = [] if run["state"] == "failed" else [nothing_to_clear(run, tasks)]
        return Done(run, False, True, diff({}), warnings)
    _check_waited(airflow, wish, {**run, "state": "queued"})
    check_results(airflow, wish.dag_id, tasks, wish.results)
    dag = airflow.ask(Dags).get(wish.dag_id)
    check_runnable(dag)
    unpause = check_unpaused(dag, wish.when_paused, f"run {run['dag_run_id']}")
    airflow.ask(Runs).check_clear(wish.latest_version)
    cleared = {**run, "state": "queued", "end_date": None}
    if not check_mode:
        _clear(airflow, run, wish)
        with carrying(cleared, True):
            cleared = airflow.ask(Runs).get(run["dag_id"], run["dag_run_id"])
        _unpause(airflow, cleared, unpause)
    return Done(cleared, True, False, run_diff(run, run["state"], "queued", unpause))


def _clear(airflow: Airflow, run: Object, wish: Wish) -> None:
    try:
        airflow.ask(Runs).clear(run["dag_id"], run["dag_run_id"], wish.only_failed, wish.latest_version)
    except AirflowError as error:
        # Failed tasks alone could be asked for again and again; their time is over.
        if error.may_be_done:
            error.message += " Nobody knows whether the run was cleared; look at it before you clear it again."
        raise


def _marked(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = existing_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    if run["state"] == wish.state:
        return Done(run, False, True, diff({}))
    return _mark(airflow, run, wish.state, check_mode)


def _cancelled(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    if run is None:
        return Done(None, False, warnings=unknown_dag(airflow, wish.dag_id, "run to cancel"))
    if run["state"] in ENDED:
        return Done(run, False, True, diff({}))
    return _mark(airflow, run, "failed", check_mode)


def _mark(airflow: Airflow, run: Object, state: str, check_mode: bool) -> Done:
    airflow.ask(Runs).check_change(run["dag_id"], run["dag_run_id"])
    marked = {**run, "state": state}
    if not check_mode:
        marked = airflow.ask(Runs).set_state(run["dag_id"], run["dag_run_id"], state)
    return Done(marked, True, False, run_diff(run, run["state"], state))


def _absent(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    if run is None:
        return Done(None, False, warnings=unknown_dag(airflow, wish.dag_id, "run to delete"))
    airflow.ask(Runs).check_change(run["dag_id"], run["dag_run_id"])
    if not check_mode:
        airflow.ask(Runs).delete(run["dag_id"], run["dag_run_id"])
    return Done(run, True, False, run_diff(run, run["state"], "absent"))


def _unpause(airflow: Airflow, run: Object, unpause: bool) -> None:
    """Unpause a DAG after its run was made: had Airflow refused the run, nothing would have been written."""
    if unpause:
        with carrying(run, True):
            airflow.ask(Dags).set_paused(run["dag_id"], False)


def find_run(airflow: Airflow, dag_id: str, dag_run_id: str | None, logical_date: datetime | None) -> Object | None:
    """Return the run that these name, or None when there is none yet.

    BadInput when id and date belong to different runs: Airflow has one run per id and one per logical date.
    """
    run = airflow.ask(Runs).find(dag_id, dag_run_id) if dag_run_id else None
    if not logical_date:
        return run
    date = iso(logical_date)
    if run is not None:
        if run["logical_date"] != date:
            raise BadInput(
                f"DAG run {dag_id} / {dag_run_id} exists with {_dated(run)}, not {date}; "
                "correct logical_date, or leave it out."
            )
        return run
    holder = airflow.ask(Runs).of_date(dag_id, logical_date)
    if holder is not None and dag_run_id:
        raise BadInput(
            f"The logical date {date} of DAG {dag_id} belongs to the run {holder['dag_run_id']} already, and Airflow "
            "has one run per logical date; leave dag_run_id out to use that run, or choose another logical_date."
        )
    return holder


def _dated(run: Object) -> str:
    return f"the logical date {run['logical_date']}" if run["logical_date"] else "no logical date"


def existing_run(airflow: Airflow, dag_id: str, dag_run_id: str | None, logical_date: datetime | None) -> Object:
    """Return the run that these name; NotFound when there is none."""
    run = find_run(airflow, dag_id, dag_run_id, logical_date)
    if run is None:
        airflow.ask(Dags).get(dag_id)  # says so when it is the DAG that does not exist
        raise no_run(airflow.url, dag_id, dag_run_id, iso(logical_date))
    return run


def check_runnable(dag: Object) -> None:
    """Raise BadInput when Airflow would refuse to run this DAG."""
    if dag["is_stale"]:
        # A DAG whose file is broken becomes stale soon; one that has left a file which was broken keeps the mark.
        broken = f"its file ({dag['fileloc']}) cannot be imported or no longer holds it"
        reason = broken if dag["has_import_errors"] else "its file is gone or no longer holds it"
        raise BadInput(f"DAG {dag['dag_id']} is stale: {reason}, so it cannot run; deploy it again.")
    if dag["has_import_errors"]:
        raise BadInput(
            f"DAG {dag['dag_id']} has an import error, so it cannot run; correct its file ({dag['fileloc']})."
        )


def check_unpaused(dag: Object, when_paused: str, what: str, has_started: bool = False) -> bool:
    """Return whether the DAG is to be unpaused; BadInput when it is paused and that is to fail."""
    if not dag["is_paused"] or when_paused == "trigger":
        return False
    way_out = WAYS_OUT.get(when_paused)
    if way_out and has_started:
        raise BadInput(f"DAG {dag['dag_id']} is paused, so no more task of {what} would start; {way_out}.")
    if way_out:
        raise BadInput(f"DAG {dag['dag_id']} is paused, so {what} would stay queued; {way_out}.")
    return True


def trigger(airflow: Airflow, wish: Wish) -> tuple[Object, bool]:
    """Make the run and return it, with whether this call made it: somebody else may have been faster by a moment."""
    request = wish.request
    try:
        return airflow.ask(Runs).trigger(wish.dag_id, request), True
    except UnfitId as error:
        fitting = new_dag_run_id(airflow.clock, error.pattern)
        # An id that somebody has chosen stays. One that fits was refused for another reason.
        if wish.dag_run_id or not fitting or fits(request.dag_run_id, error.pattern):
            raise
        return trigger(airflow, wish._replace(request=request._replace(dag_run_id=fitting)))
    except FateUnknown as error:
        # A rescue block can look for it.
        error.details["dag_run"] = {**shown(foreseen_run(airflow, wish.dag_id, request)), "state": None}
        raise
    except Conflict as error:
        run = find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
        if run is None:
            raise Conflict(
                f"Airflow refused run {request.dag_run_id} of DAG {wish.dag_id} as one that exists, but shows none; "
                "try again.",
                error.status,
            ) from error
        return run, False


def other_conf(run: Object, conf: t.Mapping[str, t.Any] | None) -> list[str]:
    """Return the keys in which a run's conf differs from the one that was asked for."""
    if conf is None:
        return []
    # Whoever made the run may have given it a list.
    has = run["conf"] if isinstance(run["conf"], dict) else {}
    return sorted(key for key in {*has, *conf} if key not in has or key not in conf or has[key] != conf[key])
