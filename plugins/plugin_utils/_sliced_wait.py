# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long wait in slices, with a line of progress after each: what the action of C(airflow_dag_run) does.

A module cannot print while it runs. So the action calls it with a short C(wait_timeout), prints how far the run has
come, and calls it again for the same run. The module's wait is the only wait; this knows nothing of Airflow's API.
"""

from __future__ import annotations

import math
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._base.clock import Clock
from ..module_utils._base.states import FINISHED
from ..module_utils._base.text import one_line
from ..module_utils._work.report import LAST_ANSWER, deleted, duration, failed_meanwhile, no_run, waited
from ..module_utils._work.wishes import new_dag_run_id

Result = t.Dict[str, t.Any]
Args = t.Mapping[str, t.Any]

SHORTEST = 30.0  # seconds of a slice: starting a module costs about one, and this keeps it under 5 % of the wait
SHARE = 0.1  # of the run's age
LONGEST = 120.0
SILENCE = 300.0  # seconds after which a line is printed although nothing has changed: AWX may end silent jobs
MOST_NAMED = 3
LONGEST_NAME = 600  # characters of host, DAG and run
BEGINNING = {"triggered": "triggering, then ", "awaited": "", "cleared": "clearing, then "}
# Options of the first call alone: they make or clear the run. secret_conf goes to each, since the results of each may
# hold what the run says of it. Options of time-outs are told anew in each call.
FIRST_ONLY = ("conf", "note", "data_interval_start", "data_interval_end", "run_after", "only_failed")
TIMED = ("wait_timeout", "queued_timeout", "cancel_on_timeout")


class Slice(t.NamedTuple):
    """One call of the module.

    :param seconds: its C(wait_timeout).
    :param last: whether its time-out is the task's.
    :param options: what it is given besides.
    :param ends_queue: whether a run that is queued at its end is so for too long.
    """

    seconds: float
    last: bool
    options: Args
    ends_queue: bool = False

    def is_last(self, result: Result) -> bool:
        """Whether the wait is over with this result."""
        if self.last or not _has_timed_out(result):
            return True
        # While Airflow does not answer, nobody knows whether the run is still queued.
        return self.ends_queue and result["dag_run"]["state"] == "queued" and LAST_ANSWER not in result["reason"]


def is_wait(args: Args) -> bool:
    """Whether these options of the module ask for a wait that is worth a line of progress.

    Whatever does not look right is left to the module, which says what is wrong.
    """
    state = _given(args, "state", "triggered")
    try:
        boolean(_given(args, "cancel_on_timeout", False))
        return (
            boolean(_given(args, "progress", True))
            and boolean(_given(args, "wait", True))
            and (state == "triggered" or (state in ("awaited", "cleared") and _is_named(args)))
            and bool(_given(args, "dag_id", ""))
            and SHORTEST < float(_given(args, "wait_timeout", 3600.0)) < math.inf
            and 0 <= float(_given(args, "queued_timeout", 0.0)) < math.inf
        )
    except (TypeError, ValueError):
        return False


class SlicedWait:
    """One task's wait.

    :param args: the task's options.
    :param execute: runs the module with options and returns its result.
    :param show: prints a line.
    """

    def __init__(
        self,
        args: Args,
        execute: t.Callable[[Args], Result],
        show: t.Callable[[str], None],
        host: str,
        clock: Clock,
    ) -> None:
        self._args = args
        self._execute = execute
        self._show = show
        self._clock = clock
        self._host = host
        self._timeout = float(_given(args, "wait_timeout", 3600.0))
        self._queued_timeout = float(_given(args, "queued_timeout", self._timeout))
        self._started = clock.now()
        self._said: tuple[str, float] = ("", self._started)

    def run(self) -> Result:
        """Wait, and return what one call of the module would have returned."""
        # The id is chosen here, since one in a result may have been masked. A logical date names its run as well.
        options = {key: value for key, value in self._args.items() if key not in TIMED}
        if not _is_named(options):
            options["dag_run_id"] = new_dag_run_id(self._clock)
        run = _given(options, "dag_run_id", None)
        self._run = str(options["dag_id"]), str(options["logical_date"] if run is None else run)
        # Whatever was written there, the module has not looked at it yet.
        name = one_line(f"{self._host}: {' / '.join(self._run)}", LONGEST_NAME)
        self._show(f"{name}: {BEGINNING[_given(options, 'state', 'triggered')]}waiting up to {duration(self._timeout)}")
        results: list[Result] = []
        while True:
            part = self._slice(results[-1] if results else None)
            result = self._execute({**options, **part.options, "wait_timeout": part.seconds})
            results.append(self._of_the_whole(result, part, results))
            if part.is_last(result):
                return self._merged(results[0], results[-2:])
            self._tell(name, result)
            # The run is there now, and only waited for: a DAG that was paused meanwhile does not end that.
            options = {key: value for key, value in options.items() if key not in FIRST_ONLY}
            options.update(state="awaited", when_paused="trigger")

    def _left(self) -> float:
        return max(0.0, self._timeout - (self._clock.now() - self._started))

    def _slice(self, seen: Result | None) -> Slice:
        """Return the next slice; one that would leave a very short one goes to the end."""
        left = self._left()
        # An outage before the module knows the run is no reason to wait longer, either.
        retried = _given(self._args, "retry_timeout", None)
        patience = {"retry_timeout": min(float(retried), left)} if seen and retried is not None else {}
        cancel = _given(self._args, "cancel_on_timeout", False)
        at_end = {"cancel_on_timeout": cancel}
        seconds = min(max(SHORTEST, SHARE * _number(seen["elapsed"])), LONGEST) if seen else SHORTEST
        if self._queued_timeout < self._timeout and (seen is None or seen["dag_run"]["state"] == "queued"):
            queued_left = max(0.0, self._queued_timeout - (self._timeout - left))
            if seen and not queued_left:
                return Slice(left, True, {**patience, **at_end, "queued_timeout": 0})
            if queued_left <= seconds:
                # To cancel the run takes one call more.
                return Slice(queued_left, False, patience, not boolean(cancel))
        if left <= seconds + SHORTEST / 2:
            return Slice(left, True, {**patience, **at_end})
        return Slice(seconds, False, patience)

    def _tell(self, name: str, result: Result) -> None:
        """Print how far the run has come when that has changed, and at times when it has not."""
        run, counts = result["dag_run"], {state: _number(count) for state, count in result["task_counts"].items()}
        done = sum(counts.get(state, 0) for state in FINISHED)
        text = f"{done} of {sum(counts.values())} tasks done"
        text += f", {counts['running']} running" if counts.get("running") else ""
        failed = [task["task_id"] for task in result["failed_tasks"] if task["state"] == "failed"]
        if failed:
            text += f", {len(failed)} failed ({', '.join(failed[:MOST_NAMED])}{', …' if failed[MOST_NAMED:] else ''})"
        reason = result.get("reason", "")
        # Which tasks are running is in the numbers.
        text += f"; {reason}" if reason and not reason.endswith(" running") else ""
        said, at = self._said
        if said != run["state"] + text or self._clock.now() - at >= SILENCE:
            elapsed = _number(result["elapsed"])
            age = f" {duration(elapsed)}" if elapsed else ""
            self._show(f"{name} {run['state']}{age}: {text}")
            self._said = (run["state"] + text, self._clock.now())

    def _of_the_whole(self, result: Result, part: Slice, before: t.Sequence[Result]) -> Result:
        """Let a slice's message speak of the whole wait; when the time is over, not to see the run is a time-out."""
        message = said = str(result.get("msg", ""))
        of_all, of_queue = waited(self._timeout, "wait_timeout"), waited(self._queued_timeout, "queued_timeout")
        by_queue = part.ends_queue and part.is_last(result)
        message = message.replace(waited(part.seconds, "wait_timeout"), of_queue if by_queue else of_all)
        message = message.replace(waited(0, "queued_timeout"), of_queue)
        if before:
            # It failed between two calls, so the second one found it failed.
            message = failed_meanwhile(message, _number(result.get("elapsed")))
            if message == no_run(*self._run):
                message = deleted(" / ".join(self._run))
            if result.get("failed") and not result.get("dag_run") and not self._left():
                result, message = before[-1], f"{before[-1]['msg']} It could not be looked at any more: {message}"
        if message == said:
            return result
        # ansible-core 2.19 and newer shows the message of the exception; without one it makes it of msg.
        return {**{key: value for key, value in result.items() if key != "exception"}, "msg": message}

    def _merged(self, first: Result, ending: t.Sequence[Result]) -> Result:
        """Make one result of those of all calls."""
        last = ending[-1]
        if last is first:
            return first
        result = {**{key: value for key, value in ending[0].items() if key == "dag_run"}, **last}
        result["changed"] = bool(first.get("changed") or last.get("changed"))
        result.update({key: first[key] for key in ("diff",) if key in first})
        warnings = [*first.get("warnings", [])]
        warnings += [warning for warning in last.get("warnings", []) if warning not in warnings]
        if warnings:
            result["warnings"] = warnings
        if "invocation" in first:
            told = {key: self._args[key] for key in TIMED if key in self._args}
            module_args = {**first["invocation"].get("module_args", {}), **told}
            result["invocation"] = {**first["invocation"], "module_args": module_args}
        return result


def _has_timed_out(result: Result) -> bool:
    """Whether a slice has ended before the run."""
    return bool(result.get("failed") and result.get("timed_out") and result.get("dag_run"))


def _number(value: t.Any) -> float:
    """A number of a result, 0 for one that Ansible has masked since a secret is in it."""
    return value if isinstance(value, (int, float)) else 0


def _is_named(args: Args) -> bool:
    """Whether the options say which run is meant."""
    return any(_given(args, option, None) is not None for option in ("dag_run_id", "logical_date"))


def _given(args: Args, key: str, default: t.Any) -> t.Any:
    """An option's value; what is empty is unset."""
    value = args.get(key)
    return default if value is None or value == "" else value
