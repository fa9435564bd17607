# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many DAG runs at once: one request a look, however many there are."""

from __future__ import annotations

import math
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.run_refusals import no_run
from .._airflow.runs import Runs
from .._base.errors import AirflowError, BadInput, RunFailed, TimedOut
from .._base.inputs import dag_id_of, dag_run_id_of, lines_of, seconds_of
from .._base.states import ENDED
from .._base.text import first_few, it_or_them
from .diagnosis import held_up
from .foreseen import foreseen
from .foreseen_runs import unseen_run
from .progress import Progress
from .report import MOST_LOGS, Report, elapsed, read_again, without_tasks
from .wording import have, last_answer, run_name, waited

Key = t.Tuple[str, str]

MOST_TOLD = 4  # failed runs that a message tells about in full


def waits_again(count: int) -> str:
    """What is said of so many runs that go on, for which the same task waits again."""
    return f"{_goes(count)} on; the same task waits for {it_or_them(count)} again."


def go_on(count: int) -> str:
    """The same of runs that the same task would make anew."""
    return f"{_goes(count)} on, and airflow_dag_run_wait can wait for {it_or_them(count)}."


def _goes(count: int) -> str:
    return "It goes" if count == 1 else "They go"


class Waiting(t.NamedTuple):
    """The checked options of a wait for many runs."""

    timeout: float
    interval: float
    log_lines: int
    progress: bool


def waiting_of(params: t.Mapping[str, t.Any]) -> Waiting:
    """Check the options of the wait; BadInput names the one that is wrong."""
    return Waiting(
        timeout=seconds_of("wait_timeout", params["wait_timeout"]),
        interval=seconds_of("poll_interval", params["poll_interval"]),
        log_lines=lines_of("log_lines", params["log_lines"]),
        progress=params["progress"],
    )


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


class Source:
    """Where runs come from while others are waited for. This one has none to give."""

    @property
    def left(self) -> int:
        """How many runs are still to be made."""
        return 0

    @property
    def lost(self) -> int:
        """How many could not be made."""
        return 0

    def more(self, active: int) -> t.Iterable[Object]:
        """Yield runs to wait for, as many as may be made while this many have not ended."""
        return ()


class Watch:
    """The runs that are waited for, as they were last seen.

    :param keys: runs that exist.
    :param source: gives further ones as soon as others have ended.
    """

    def __init__(
        self, airflow: Airflow, waiting: Waiting, keys: t.Sequence[Key] = (), source: Source | None = None
    ) -> None:
        self._airflow = airflow
        self._waiting = waiting
        self._keys = list(keys)
        self._source = source or Source()
        self._progress = Progress(airflow, waiting.progress)
        self._ends = math.inf
        self._fresh = False
        self.runs: dict[Key, Object] = {}

    def begin(self) -> None:
        """Take runs from the source before the time of the wait begins to count; they need no look at once."""
        self._take()
        self._fresh = bool(self.runs)

    def _take(self) -> None:
        for run in self._source.more(len(self.active())):
            key = (run["dag_id"], run["dag_run_id"])
            self._keys.append(key)
            self.runs[key] = run

    def look(self) -> list[Object]:
        """Read those that have not ended, and return them."""
        if not self._fresh:
            self._read()
        self._fresh = False
        # At the end of the time no run is made that nobody waits for.
        if self._airflow.clock.now() < self._ends:
            self._take()
        if self.runs or self._source.left or self._source.lost:
            self._progress.tell(self._line())
        return self.active()

    def _read(self) -> None:
        """Read the runs; Airflow lists active ones by DAG, not by id. One that is not among them has ended."""
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

    def until_ended(self) -> AirflowError | None:
        """Look until all have ended or the time is over, and return the outage that went on at that moment."""
        timeout, interval = self._waiting.timeout, self._waiting.interval
        self._ends = self._airflow.clock.now() + timeout
        wait = self._airflow.patience.wait
        _seen, silence = wait(self.look, lambda active: not (active or self._source.left), timeout, interval, self.age)
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

    def reports(self) -> t.Iterator[tuple[Key, Report]]:
        """Read the tasks of each run that failed; the logs of all of them together have one limit."""
        logs = MOST_LOGS
        for key, run in self.runs.items():
            if run["state"] == "failed":
                report = Report(self._airflow, run, self._waiting.log_lines, logs)
                logs = max(0, logs - report.counts.get("failed", 0))
                yield key, report

    def _line(self) -> str:
        """How far all of them have come."""
        source, runs = self._source, list(self.runs.values())
        states = [run["state"] for run in runs]
        failed = [run_name(run) for run in runs if run["state"] == "failed"]
        ended = sum(state in ENDED for state in states)
        line = f"{ended} of {len(runs) + source.left + source.lost} DAG runs {have(ended)} ended"
        line += f", {len(failed)} failed ({first_few(failed)})" if failed else ""
        counts = [(states.count("running"), "running"), (states.count("queued"), "queued")]
        counts += [(source.left, "not made yet"), (source.lost, "could not be made")]
        return line + "".join(f", {count} {what}" for count, what in counts if count)

    def conclude(
        self,
        entries: t.Sequence[Object],
        failures: str,
        silence: AirflowError | None,
        advice: t.Callable[[int], str],
        unmade: t.Sequence[str] = (),
    ) -> None:
        """Raise TimedOut when runs have not ended, and RunFailed when some have failed.

        :param entries: the results, one for each run that was asked for.
        :param advice: tells of so many runs that go on what can be done about them.
        :param unmade: names of runs that were not made since the time was over.
        """
        active = self.active()
        if active or unmade:
            named = first_few([*(f"{run_name(run)} ({run['state']})" for run in active), *unmade])
            count = len(active) + len(unmade)
            timeout = self._waiting.timeout
            reason = f"; {last_answer(silence)}" if silence else held_up(self._airflow, active, timeout, count > 1)
            what_now = advice(count) if active and not unmade else unmade_too(active)
            raise TimedOut(
                f"{count} of {len(entries)} DAG runs {have(count)} not ended "
                f"{waited(timeout, 'wait_timeout')}: {named}{reason}."
                f" {what_now}{' ' + failures if failures else ''}",
                runs=entries,
            )
        if failures:
            raise RunFailed(failures, runs=entries)


def unmade_too(active: t.Sequence[Object]) -> str:
    """What a message says where some runs were not made when the time was over."""
    goes_on = (
        f"{first_few([run_name(run) for run in active])} {'goes' if len(active) == 1 else 'go'} on. " if active else ""
    )
    return f"{goes_on}The same task with a dag_run_id for each run makes the others, and waits for all of them."


def wait_for_runs(
    airflow: Airflow,
    keys: t.Sequence[Key],
    waiting: Waiting,
    advice: t.Callable[[int], str] = waits_again,
    had_failed: t.Mapping[Key, str] | None = None,
) -> Object:
    """Wait until all of them have ended; RunFailed when one of them failed, TimedOut when one is active then.

    :param advice: tells of so many runs that go on what can be done about them.
    :param had_failed: what is to be said of runs that had failed before the task looked at them.
    """
    watch = Watch(airflow, waiting, keys)
    reports: dict[Key, Report] = {}

    def entries() -> list[Object]:
        return [entry(airflow, run, reports.get(key)) for key, run in watch.runs.items()]

    try:
        silence = watch.until_ended()
        if not silence:
            reports.update(watch.reports())
    except AirflowError as error:
        error.details["runs"] = entries()
        raise
    found = entries()
    watch.conclude(
        found,
        failures([(report, (had_failed or {}).get(key, "")) for key, report in reports.items()], len(found)),
        silence,
        advice,
    )
    return {"runs": found}


def seen_runs(airflow: Airflow, keys: t.Sequence[Key], warn: t.Callable[[str], None]) -> Object:
    """Look once, for check mode; what is not there, a task before may be the one that would trigger."""
    runs = []
    for key in keys:
        run = airflow.ask(Runs).find(*key)
        if run is None:
            warn(foreseen(no_run(airflow.url, *key).message))
        runs.append(run or unseen_run(airflow, *key))
    return {"runs": [entry(airflow, run) for run in runs]}


def failures(reports: t.Sequence[tuple[Report, str]], total: int) -> str:
    """Tell of the runs that failed, each with what is to be said of one that was found failed."""
    if not reports:
        return ""
    told = " | ".join(report.failure(how) for report, how in reports[:MOST_TOLD])
    rest = reports[MOST_TOLD:]
    others = ", ".join(f"{run_name(report.run)} ({report.named()})" for report, _how in rest)
    return f"{len(reports)} of {total} DAG runs failed. {told}" + (f" | Failed, too: {others}." if rest else "")


def entry(airflow: Airflow, run: Object, report: Report | None = None) -> Object:
    """One of the results; only the tasks of a failed run are worth their requests."""
    if report:
        return report.result()
    return without_tasks(airflow, run)
