# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many DAG runs that are triggered and waited for together: all are checked before the first one is made."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.tasks import Tasks
from .._base.errors import AirflowError, ApiError, BadInput, NoResult, RunFailed, about
from .._base.state import joined
from .._base.states import ENDED
from .._base.times import iso
from .fulfil import Done, Plan, carry_out, dag_of, how_found, plan_trigger
from .many_runs import MOST_TOLD, Key, Source, Waiting, Watch, entry, failures, go_on
from .report import Report
from .results import results_of
from .wishes import Wish, wish_of
from .wording import run_name, waited

# What airflow_dag_run can be told of a single run, and a batch does not ask for.
OF_ONE_RUN = {
    "state": "triggered",
    "only_failed": True,
    "latest_version": False,
    "queued_timeout": None,
    "cancel_on_timeout": False,
}


class Batch(t.NamedTuple):
    """The checked options of C(airflow_dag_run_batch).

    :param most: how many runs may be unfinished at a time; None: all of them.
    """

    wishes: t.Sequence[Wish]
    most: int | None
    wait: bool
    waiting: Waiting


def batch_of(params: t.Mapping[str, t.Any], waiting: Waiting, airflow: Airflow) -> Batch:
    """Check all options before anything is sent; BadInput names the item that is wrong."""
    most, runs = params["max_parallel"], params["runs"]
    if most is not None and most < 1:
        raise BadInput(f"max_parallel is {most}; it takes 1 or more, or leave it out to run all at once.")
    if most is not None and not params["wait"]:
        raise BadInput("max_parallel needs wait: true, since runs have to end before others are made; correct one.")
    common = {key: params[key] for key in ("wait", "wait_timeout", "poll_interval", "log_lines", "progress")}
    visible, wishes = ids_in(runs), []
    for number, run in enumerate(runs, 1):
        with about(_item(number)):
            wishes.append(wish_of({**run, **OF_ONE_RUN, **common}, airflow, visible))
    return Batch(wishes, most, params["wait"], waiting)


def ids_in(items: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """The ids that items name: a secret of one item must not be masked in the ids of another."""
    return [str(item[key]) for item in items for key in ("dag_id", "dag_run_id") if item[key]]


class _Making(Source):
    """Makes the runs, or adopts those that are there, in the order of the items."""

    def __init__(
        self,
        airflow: Airflow,
        batch: Batch,
        plans: t.Sequence[Plan],
        check_mode: bool,
        warn: t.Callable[[str], None],
    ) -> None:
        self._airflow = airflow
        self._batch = batch
        self._plans = plans
        self._check_mode = check_mode
        self._warn = warn
        self._next = 0
        # By the number of the item, from 0.
        self.done: dict[int, Done] = {}
        self.problems: dict[int, AirflowError] = {}

    @property
    def left(self) -> int:
        return len(self._plans) - self._next

    @property
    def lost(self) -> int:
        return len(self.problems)

    def more(self, active: int) -> t.Iterator[Object]:
        limit = self._batch.most
        # What check mode predicts does not end.
        while self.left and (limit is None or self._check_mode or active < limit):
            run = self._make()
            if run is not None:
                active += run["state"] not in ENDED
                yield run

    def _make(self) -> Object | None:
        """Make the next run; when Airflow refuses it, the others are made all the same."""
        number = self._next
        self._next += 1
        try:
            with about(_item(number + 1)):
                wish = self._batch.wishes[number].stamped(self._airflow.clock)
                done = carry_out(self._airflow, wish, self._plans[number], self._check_mode)
        except AirflowError as error:
            self.problems[number] = error
            if not isinstance(error, (ApiError, BadInput)):
                raise
            return None
        self.done[number] = done
        for sentence in done.warnings:
            self._warn(sentence)
        return done.run


class _Told:
    """What results and messages say of all items."""

    def __init__(self, airflow: Airflow, batch: Batch, making: _Making, watch: Watch) -> None:
        self._airflow = airflow
        self._batch = batch
        self._making = making
        self._watch = watch
        self.reports: dict[Key, Report] = {}
        # By the number of the item, from 0: what its tasks have pushed, or why that is not there.
        self.results: dict[int, Object] = {}
        self.lacking: dict[int, str] = {}

    def read_results(self, warn: t.Callable[[str], None]) -> None:
        """Read what the tasks of runs that succeeded have pushed, where items want it."""
        for number, done in self._making.done.items():
            words = self._batch.wishes[number].results
            run = self._watch.runs[_key(done.run)] if done.run else {}
            if not words or run.get("state") != "success" or done.foreseen:
                continue
            try:
                tasks = self._airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"])
                self.results[number] = results_of(self._airflow, run, tasks, words, warn)
            except (ApiError, NoResult) as error:
                self.lacking[number] = error.message
                self.results[number] = error.details.get("results", dict.fromkeys(words))

    def entries(self, timed_out: bool = False) -> list[Object]:
        """One result for each item, in their order."""
        return [self._entry(number, timed_out) for number in range(len(self._batch.wishes))]

    def _entry(self, number: int, timed_out: bool) -> Object:
        words = self._batch.wishes[number].results
        results = {"results": self.results.get(number, dict.fromkeys(words))} if words else {}
        return {**self._outcome(number, timed_out), **results}

    def _outcome(self, number: int, timed_out: bool) -> Object:
        done, problem = self._making.done.get(number), self._making.problems.get(number)
        if done is None or done.run is None:
            details: t.Mapping[str, t.Any] = problem.details if problem else {}
            nothing = {"failed_tasks": [], "task_counts": {}, "elapsed": 0.0}
            reason = problem.message if problem else f"Item {number + 1} of runs was not made."
            return {
                "dag_run": details.get("dag_run"),
                "changed": details.get("changed", False),
                **nothing,
                "msg": reason,
            }
        key = _key(done.run)
        run, report = self._watch.runs[key], self.reports.get(key)
        lacking = self.lacking.get(number)
        message = report.failure(how_found(self._batch.wishes[number], done)) if report else lacking
        if timed_out and run["state"] not in ENDED:
            message = f"DAG run {run_name(run)} has not ended {waited(self._batch.waiting.timeout, 'wait_timeout')}."
        return {**entry(self._airflow, run, report), "changed": done.changed, "msg": message}

    def failures(self) -> str:
        """Tell of the runs that failed, and of those that could not be made."""
        making, wishes = self._making, self._batch.wishes
        found = [
            (self.reports[_key(done.run)], how_found(wishes[number], done))
            for number, done in making.done.items()
            if done.run is not None and _key(done.run) in self.reports
        ]
        problems = [error.message for error in making.problems.values()]
        parts = [failures(found, len(wishes))]
        if problems:
            more = len(problems) - MOST_TOLD
            parts.append(
                f"{len(problems)} of {len(wishes)} DAG runs could not be made. {' | '.join(problems[:MOST_TOLD])}"
            )
            parts.append(f"So it is with {more} more." if more > 0 else "")
        lacking = list(self.lacking.values())
        if lacking:
            parts.append(
                f"Results of {len(lacking)} of {len(wishes)} DAG runs are missing. {' | '.join(lacking[:MOST_TOLD])}"
            )
        return " ".join(filter(None, parts))

    def unmade(self) -> list[str]:
        """Name the runs that were not made since the time was over."""
        left = self._batch.wishes[len(self._batch.wishes) - self._making.left :] if self._making.left else []
        return [
            f"{wish.dag_id} / {wish.dag_run_id or iso(wish.logical_date) or 'a new run'} (not made)" for wish in left
        ]


def run_batch(airflow: Airflow, batch: Batch, check_mode: bool, warn: t.Callable[[str], None]) -> Object:
    """Trigger all runs, wait for them where that is wanted, and tell what has become of each.

    RunFailed when one failed or could not be made, TimedOut when one has not ended in time. Every failure after the
    first request that writes has C(runs), C(changed) and C(diff) in its details.
    """
    making = _Making(airflow, batch, _planned(airflow, batch.wishes, check_mode), check_mode, warn)
    watch = Watch(airflow, batch.waiting, source=making)
    told = _Told(airflow, batch, making, watch)
    wait = batch.wait and not check_mode
    try:
        watch.begin()
        silence = watch.until_ended() if wait else None
        if not silence:
            told.reports.update(watch.reports())
            told.read_results(warn)
        found = told.entries(timed_out=wait)
        if wait:
            watch.conclude(found, told.failures(), silence, go_on, told.unmade())
        elif told.failures():
            raise RunFailed(told.failures(), runs=found)
    except AirflowError as error:
        error.details.setdefault("runs", told.entries())
        error.details.pop("dag_run", None)  # it is among them
        error.details.update(_changes(making, error.details["runs"]))
        raise
    return {**_changes(making, found), "runs": found}


def _planned(airflow: Airflow, wishes: t.Sequence[Wish], check_mode: bool) -> list[Plan]:
    """Look at each DAG once and at each run that has a name; what can be refused is refused here, for all of them."""
    distinct = _Distinct()
    for number, wish in enumerate(wishes, 1):
        distinct.add(number, wish.dag_id, wish.dag_run_id, iso(wish.logical_date))
    dags: dict[str, tuple[Object, str]] = {}
    plans = []
    for number, wish in enumerate(wishes, 1):
        with about(_item(number)):
            if wish.dag_id not in dags:
                dags[wish.dag_id] = dag_of(airflow, wish.dag_id, check_mode)
            plan = plan_trigger(airflow, wish, *dags[wish.dag_id])
        if plan.run is not None:
            # An id and a date may name one run.
            distinct.add(number, wish.dag_id, plan.run["dag_run_id"])
        if plan.unpause:
            dags[wish.dag_id] = {**plan.dag, "is_paused": False}, ""
        plans.append(plan)
    return plans


class _Distinct:
    """Refuses two items that are one run: it would be waited for twice, and be made only once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def add(self, number: int, dag_id: str, *names: str | None) -> None:
        for name in filter(None, names):
            first = self._numbers.setdefault((dag_id, name), number)
            if first != number:
                raise BadInput(
                    f"Items {first} and {number} of runs are the same run ({dag_id} / {name}); remove one of them."
                )


def _changes(making: _Making, entries: t.Sequence[Object]) -> Object:
    """Whether anything was changed, and the diff of all items."""
    diffs = [done.diff or {} for done in making.done.values()]
    diffs += [problem.details.get("diff") or {} for problem in making.problems.values()]
    return {"changed": any(found["changed"] for found in entries), "diff": joined(*diffs)}


def _key(run: Object) -> Key:
    return run["dag_id"], run["dag_run_id"]


def _item(number: int) -> str:
    """What messages call an item."""
    return f"Item {number} of runs"
