# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding, starting and ending DAG runs, and waiting for them: what C(airflow_dag_run) is made of."""

from __future__ import annotations

import contextlib
import secrets
import typing as t
from datetime import datetime, timezone

from ._api import ENDED, Airflow, Object, TriggerRequest, iso
from ._diagnosis import PATIENCE, diagnosis
from ._errors import AirflowError, BadInput, Conflict, FateUnknown, NotFound, TimedOut, Unreachable
from ._inputs import STATES, check_maskable, conf_of, dag_id_of, dag_run_id_of, lines_of, merged, seconds_of, time_of
from ._report import (
    HAD_FAILED,
    NOTHING_TO_CLEAR,
    Report,
    elapsed,
    failed_tasks,
    last_answer,
    no_run,
    read_again,
    run_name,
    shown,
    waited,
    without_tasks,
)
from ._state import diff
from ._text import one_line, texts_in
from ._wait import Clock

LONGEST_NOTE = 1000  # characters
TIMES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")


class Wish(t.NamedTuple):
    """The checked options of C(airflow_dag_run)."""

    dag_id: str
    dag_run_id: str | None
    logical_date: datetime | None
    conf: dict[str, t.Any] | None
    request: TriggerRequest
    state: str
    only_failed: bool
    when_paused: str
    wait: bool
    wait_timeout: float
    queued_timeout: float | None
    poll_interval: float
    cancel_on_timeout: bool
    log_lines: int


class Done(t.NamedTuple):
    """What was done, or would be done in check mode.

    :param run: the run as it is now; None when it does not exist.
    :param found: it was there before and was left as it is.
    """

    run: Object | None
    changed: bool
    found: bool = False
    diff: Object | None = None
    warnings: t.Sequence[str] = ()


def wish_of(params: t.Mapping[str, t.Any], airflow: Airflow) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    state = params["state"]
    dag_id = dag_id_of("dag_id", params["dag_id"])
    given_id = params["dag_run_id"]
    run_id = dag_run_id_of("dag_run_id", given_id, triggering=state == "triggered") if given_id else None
    times = {key: time_of(key, params[key]) if params[key] else None for key in TIMES}
    if state != "triggered" and not (run_id or times["logical_date"]):
        raise BadInput(f"state: {state} needs the dag_run_id or the logical_date of the run it is about.")
    start, end = times["data_interval_start"], times["data_interval_end"]
    if (start is None) != (end is None):
        raise BadInput("data_interval_start and data_interval_end go together; give both or none.")
    if start and end and end < start:
        raise BadInput("data_interval_end lies before data_interval_start; correct one of them.")
    if params["note"] and len(params["note"]) > LONGEST_NOTE:
        raise BadInput(f"note has {len(params['note'])} characters, and Airflow keeps {LONGEST_NOTE}; shorten it.")
    log_lines = lines_of("log_lines", params["log_lines"])

    conf = None if params["conf"] is None else conf_of("conf", params["conf"])
    request_id = run_id or new_dag_run_id(airflow.client.clock)
    if params["secret_conf"] is not None:
        secret_conf = conf_of("secret_conf", params["secret_conf"])
        check_maskable("secret_conf", secret_conf, [dag_id, request_id, airflow.url, *STATES])
        airflow.client.redact.add(texts_in(secret_conf))
        conf = merged(conf or {}, secret_conf)
    return Wish(
        dag_id=dag_id,
        dag_run_id=run_id,
        logical_date=times["logical_date"],
        conf=conf,
        request=TriggerRequest(dag_run_id=request_id, conf=conf or {}, note=params["note"], **times),
        state=state,
        only_failed=params["only_failed"],
        when_paused=params["when_paused"],
        wait=params["wait"],
        wait_timeout=seconds_of("wait_timeout", params["wait_timeout"]),
        queued_timeout=(
            None if params["queued_timeout"] is None else seconds_of("queued_timeout", params["queued_timeout"])
        ),
        poll_interval=seconds_of("poll_interval", params["poll_interval"]),
        cancel_on_timeout=params["cancel_on_timeout"],
        log_lines=log_lines,
    )


def how_found(wish: Wish, done: Done) -> str:
    """What is to be said of a failed run that was found failed, and an empty text of any other."""
    if not (done.found and done.run is not None and done.run["state"] == "failed"):
        return ""
    return NOTHING_TO_CLEAR if wish.state == "cleared" else HAD_FAILED


def fulfil(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    """Bring the run into the wanted state; in check mode read what that takes and write nothing."""
    if wish.state == "triggered":
        return _triggered(airflow, wish, check_mode)
    if wish.state == "awaited":
        return _awaited(airflow, wish, check_mode)
    if wish.state == "cleared":
        return _cleared(airflow, wish, check_mode)
    if wish.state == "absent":
        return _absent(airflow, wish, check_mode)
    return _marked(airflow, wish, check_mode)


def _triggered(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    dag = airflow.dag(wish.dag_id)
    run = find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    if run is not None:
        return _adopted(airflow, wish, check_mode, dag, run)
    check_runnable(dag)
    surprise = airflow.check_trigger(wish.request)
    unpause = check_unpaused(dag, wish.when_paused, "the run")
    if check_mode:
        run = predicted_run(airflow, wish.dag_id, wish.request)
    else:
        run, made = trigger(airflow, wish)
        if not made:
            return _adopted(airflow, wish, check_mode, dag, run)
        _unpause(airflow, run, unpause)
    return Done(run, True, False, _diff(run, None, "queued", unpause), [surprise] if surprise else [])


def _awaited(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    dag = airflow.dag(wish.dag_id)
    if run is not None:
        return _adopted(airflow, wish, check_mode, dag, run)
    missing = _no_run(wish.dag_id, wish.dag_run_id, wish.logical_date)
    if check_mode:
        # A task before may be the one that makes it.
        return Done(None, False, False, None, [missing.message])
    raise missing


def _adopted(airflow: Airflow, wish: Wish, check_mode: bool, dag: Object, run: Object) -> Done:
    """Take a run that exists for the wanted one; its DAG is unpaused only when the run is still to be waited for."""
    keys = other_conf(run, wish.conf) if wish.state == "triggered" else []
    warnings = []
    if keys:
        warnings.append(
            f"DAG run {run_name(run)} was already there with another conf "
            f"({', '.join(keys)} differ); it was adopted as it is."
        )
    active = wish.wait and run["state"] not in ENDED
    unpause = active and check_unpaused(dag, wish.when_paused, f"run {run['dag_run_id']}")
    _unpause(airflow, run, unpause and not check_mode)
    return Done(run, unpause, True, _diff(run, None, None, unpause), warnings)


def _cleared(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = existing_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    tasks = airflow.task_instances(run["dag_id"], run["dag_run_id"])
    if not (failed_tasks(tasks) if wish.only_failed else tasks):
        return Done(run, False, True, _diff(run, None, None, False))
    dag = airflow.dag(wish.dag_id)
    check_runnable(dag)
    unpause = check_unpaused(dag, wish.when_paused, f"run {run['dag_run_id']}")
    airflow.check_clear()
    cleared = {**run, "state": "queued", "end_date": None}
    if not check_mode:
        _clear(airflow, run, wish.only_failed)
        with carrying(cleared, True):
            cleared = airflow.dag_run(run["dag_id"], run["dag_run_id"])
        _unpause(airflow, cleared, unpause)
    return Done(cleared, True, False, _diff(run, run["state"], "queued", unpause))


def _clear(airflow: Airflow, run: Object, only_failed: bool) -> None:
    try:
        airflow.clear_dag_run(run["dag_id"], run["dag_run_id"], only_failed)
    except Unreachable as error:
        # Failed tasks alone could be asked for again and again; their time is over.
        error.message += " Nobody knows whether the run was cleared; look at it before you clear it again."
        raise


def _marked(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = existing_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    if run["state"] == wish.state:
        return Done(run, False, True, _diff(run, None, None, False))
    marked = {**run, "state": wish.state}
    if not check_mode:
        marked = airflow.set_dag_run_state(run["dag_id"], run["dag_run_id"], wish.state)
    return Done(marked, True, False, _diff(run, run["state"], wish.state, False))


def _absent(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    run = find_run(airflow, wish.dag_id, wish.dag_run_id, wish.logical_date)
    if run is not None and not check_mode:
        airflow.delete_dag_run(run["dag_id"], run["dag_run_id"])
    return Done(run, run is not None, False, _diff(run, run["state"], "absent", False) if run else None)


def _unpause(airflow: Airflow, run: Object, unpause: bool) -> None:
    """Unpause a DAG after its run was made: had Airflow refused the run, nothing would have been written."""
    if unpause:
        with carrying(run, True):
            airflow.set_paused(run["dag_id"], False)


def _diff(run: Object, before: str | None, after: str | None, unpause: bool) -> Object:
    objects: dict[str, tuple[Object, Object]] = {}
    if after:
        objects[f"DAG run {run_name(run)}"] = ({"state": before}, {"state": after})
    if unpause:
        objects[f"DAG {run['dag_id']}"] = ({"is_paused": True}, {"is_paused": False})
    return diff(objects)


def new_dag_run_id(clock: Clock) -> str:
    """Return an id that no other run has: C(ansible__<UTC time>__<random>)."""
    stamp = datetime.fromtimestamp(clock.utc(), timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return f"ansible__{stamp}__{secrets.token_hex(4)}"


def find_run(airflow: Airflow, dag_id: str, dag_run_id: str | None, logical_date: datetime | None) -> Object | None:
    """Return the run that these name, or None when there is none yet.

    BadInput when id and date belong to different runs: Airflow has one run per id and one per logical date.
    """
    run = airflow.find_dag_run(dag_id, dag_run_id) if dag_run_id else None
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
    holder = airflow.dag_run_of_date(dag_id, logical_date)
    if holder is not None and dag_run_id:
        raise BadInput(
            f"The logical date {date} of DAG {dag_id} belongs to the run {holder['dag_run_id']} already, and Airflow "
            "has one run per logical date; leave dag_run_id out to adopt that run, or choose another logical_date."
        )
    return holder


def _dated(run: Object) -> str:
    return f"the logical date {run['logical_date']}" if run["logical_date"] else "no logical date"


def existing_run(airflow: Airflow, dag_id: str, dag_run_id: str | None, logical_date: datetime | None) -> Object:
    """Return the run that these name; NotFound when there is none."""
    run = find_run(airflow, dag_id, dag_run_id, logical_date)
    if run is None:
        airflow.dag(dag_id)  # says so when it is the DAG that does not exist
        raise _no_run(dag_id, dag_run_id, logical_date)
    return run


def _no_run(dag_id: str, dag_run_id: str | None, logical_date: datetime | None) -> NotFound:
    return NotFound(no_run(dag_id, dag_run_id or f"of the logical date {iso(logical_date)}"), 404)


def check_runnable(dag: Object) -> None:
    """Raise BadInput when Airflow would refuse to run this DAG."""
    if dag["is_stale"]:
        # A DAG whose file is broken becomes stale soon; one that has left a file which was broken keeps the mark.
        broken = f"its file ({dag['fileloc']}) cannot be imported or no longer holds it"
        reason = broken if dag["has_import_errors"] else "its file is gone or no longer holds it"
        raise BadInput(f"DAG {dag['dag_id']} is stale: {reason}, so it cannot run; deploy it again.")
    if dag["has_import_errors"]:
        raise BadInput(f"DAG {dag['dag_id']} has an import error, so it cannot run; mend its file ({dag['fileloc']}).")


def check_unpaused(dag: Object, when_paused: str, what: str) -> bool:
    """Return whether the DAG is to be unpaused; BadInput when it is paused and that is to fail."""
    if not dag["is_paused"] or when_paused == "trigger":
        return False
    if when_paused == "fail":
        raise BadInput(
            f"DAG {dag['dag_id']} is paused, so {what} would stay queued; "
            "unpause it, or set when_paused to unpause or trigger."
        )
    return True


def predicted_run(airflow: Airflow, dag_id: str, request: TriggerRequest) -> Object:
    """Return what check mode shows of a run that would be made."""
    run: Object = dict.fromkeys(("data_interval_start", "data_interval_end", "start_date", "end_date"))
    run.update(
        dag_id=dag_id,
        dag_run_id=request.dag_run_id,
        run_type="manual",
        state="queued",
        note=request.note,
        conf=dict(request.conf),
        logical_date=iso(request.logical_date),
        run_after=iso(request.run_after),
        url=airflow.dag_run_url(dag_id, request.dag_run_id),
    )
    return run


def trigger(airflow: Airflow, wish: Wish) -> tuple[Object, bool]:
    """Make the run and return it, with whether this call made it: somebody else may have been faster by a moment."""
    request = wish.request
    try:
        return airflow.trigger(wish.dag_id, request), True
    except FateUnknown as error:
        # A rescue block can look for it.
        error.details["dag_run"] = {**shown(predicted_run(airflow, wish.dag_id, request)), "state": None}
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


class _Watch:
    """Looks at one run; the first look is at the run as it was handed in."""

    def __init__(self, airflow: Airflow, run: Object, interval: float) -> None:
        self._airflow = airflow
        self._interval = interval
        self._fresh = True
        self.run = run
        self.silence: Unreachable | None = None

    def until(self, done: t.Callable[[Object], bool], seconds: float, outage_until: float = 0.0) -> bool:
        """Wait until the run is C(done), and return whether it is.

        :param outage_until: seconds after which an outage is cut short, which is C(silence) then.
        """
        wait = self._airflow.client.wait
        _seen, self.silence = wait(self._look, done, seconds, self._interval, self._age, outage_until)
        self._fresh = self.silence is None
        return done(self.run)

    def _look(self) -> Object:
        if not self._fresh:
            self.run = read_again(self._airflow, self.run)
        self._fresh = False
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
            error.message += " It goes on; the same dag_run_id waits for it again."
        error.message += f" {run['url']}"
        raise


def _ended_in_time(airflow: Airflow, run: Object, wish: Wish) -> Object:
    clock = airflow.client.clock
    ends = clock.now() + wish.wait_timeout
    watch = _Watch(airflow, run, wish.poll_interval)
    option, allowed = "wait_timeout", wish.wait_timeout
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
            error.message += f" DAG run {run_name(run)} goes on; the same dag_run_id waits for it again. {run['url']}"
        raise
    if _ended(watch.run):
        return watch.run
    raise _timed_out(airflow, watch.run, waited(allowed, option), watch.silence)


def _cancel_after_timeout(airflow: Airflow, run: Object, error: TimedOut) -> Object | None:
    """Mark a run failed whose wait timed out, and say so in the error; return the run when it has ended meanwhile."""
    try:
        seen = airflow.dag_run(run["dag_id"], run["dag_run_id"])
        if _ended(seen):
            return seen
        cancelled = airflow.set_dag_run_state(run["dag_id"], run["dag_run_id"], "failed")
    except AirflowError as problem:
        error.message += f" It could not be cancelled: {one_line(problem.message)}"
        return None
    error.message += " It was cancelled (cancel_on_timeout)."
    error.details.update(dag_run=shown(cancelled), changed=True)
    return None


def _started(run: Object) -> bool:
    return bool(run["state"] != "queued")


def _ended(run: Object) -> bool:
    return run["state"] in ENDED


def _timed_out(airflow: Airflow, run: Object, waited_for: str, silence: AirflowError | None = None) -> TimedOut:
    """Say how far a run has come, and what holds it up; what cannot be read any more is left out.

    :param silence: Airflow did not answer in the end, so there is nothing to ask.
    """
    so_far = without_tasks(airflow, run)
    if silence:
        reason = last_answer(silence)
    else:
        tasks: t.Sequence[Object] = ()
        with contextlib.suppress(AirflowError), airflow.client.within(PATIENCE):
            report = Report(airflow, run, 0)
            so_far, tasks = report.result(), report.tasks
        reason = diagnosis(airflow, run, tasks)
    message = f"DAG run {run_name(run)} is still {run['state']} {waited_for}" + (f": {reason}." if reason else ".")
    return TimedOut(message, reason=reason, **so_far)


def wait_for_tasks(
    airflow: Airflow, run: Object, timeout: float, interval: float, log_lines: int
) -> tuple[Report, bool]:
    """Wait until no task of a cancelled run is going on; report on it, and whether it had to be marked once more.

    Airflow marks the tasks failed at once (2.11, 3.3); their processes end some seconds later. A task that ends, or the
    scheduler that has just looked at it, may bring the run back to life: it is marked once more then.
    """
    marked = False

    def look() -> Report:
        nonlocal marked
        seen = airflow.dag_run(run["dag_id"], run["dag_run_id"])
        if seen["state"] != "failed":
            seen = airflow.set_dag_run_state(run["dag_id"], run["dag_run_id"], "failed")
            marked = True
        return Report(airflow, seen, 0)

    report, silence = airflow.client.wait(look, lambda seen: not seen.unfinished(), timeout, interval)
    if report.failed and log_lines and not silence:
        report = Report(airflow, report.run, log_lines)
    return report, marked


@contextlib.contextmanager
def carrying(run: Object, changed: bool, changes_made: Object | None = None) -> t.Iterator[None]:
    """Let every failure inside of this block carry the run and the diff, so that a rescue block can go on with it."""
    try:
        yield
    except AirflowError as error:
        error.details.setdefault("dag_run", shown(run))
        error.details.setdefault("changed", changed)
        error.details.setdefault("diff", changes_made or {})
        raise
