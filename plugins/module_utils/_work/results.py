# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a run have pushed, in bounds: a result of Ansible is no place for data."""

from __future__ import annotations

import contextlib
import json
import typing as t

from .._airflow.airflow import Airflow, Object, why_no_path
from .._airflow.tasks import Tasks, turn
from .._airflow.xcoms import REGION, RETURNED, Xcoms
from .._base.errors import AirflowError, ApiError, BadInput, NoResult, NotFound
from .._base.text import first_few, one_line
from .._base.values import unwrapped
from .report import elapsed
from .wording import duration, run_name, tasks_there

LARGEST_VALUE = 64 * 1024  # bytes, as JSON
LARGEST_RESULT = 1024 * 1024
NOTHING = object()  # None is a value
# How a task may have ended without a result although its run succeeded.
ENDS = {"skipped": "was skipped", "failed": "failed", "upstream_failed": "never ran"}


class Values:
    """Reads values of the XComs of one run, until they are too many to be returned.

    :param way_out: how one of them is left out, in the words of options.
    """

    def __init__(self, airflow: Airflow, run: Object, way_out: str, warn: t.Callable[[str], None]) -> None:
        self._xcoms = airflow.ask(Xcoms)
        self._run = run
        self._way_out = way_out
        self._warn = warn
        self._size = 0

    def find(self, xcom: Object) -> t.Any:
        """Return a value; NotFound when there is none."""
        return self.taken(xcom, self._xcoms.value(self._run["dag_id"], self._run["dag_run_id"], xcom))

    def find_or(self, xcom: Object, other: t.Any) -> t.Any:
        """Return a value, and another one where nothing was pushed."""
        try:
            return self.find(xcom)
        except NotFound:
            return other

    def taken(self, xcom: Object, value: t.Any) -> t.Any:
        """Return a value that was read already, in the types of JSON."""
        name = xcom_name(xcom)
        try:
            plain, foreign = unwrapped(value)
            size = len(json.dumps(plain))
        except RecursionError as error:
            raise NoResult(
                f"the value of {name} is nested too deeply to be returned; leave it out {self._way_out}.",
                "nested too deeply",
            ) from error
        if size > LARGEST_VALUE:
            raise NoResult(
                f"the value of {name} has {size} bytes; the limit is {LARGEST_VALUE}; leave it out {self._way_out}, or "
                "let the task push where the data is.",
                f"{size} bytes, the limit is {LARGEST_VALUE}",
            )
        self._size += size
        if self._size > LARGEST_RESULT:
            raise NoResult(
                f"the values have more than {LARGEST_RESULT} bytes in all; leave some of them out {self._way_out}.",
                f"more than {LARGEST_RESULT} bytes in all",
            )
        if foreign:
            self._warn(
                f"{name} of DAG run {run_name(self._run)} holds {first_few(foreign)}, left as Airflow has written it."
            )
        return plain


def xcoms_of(airflow: Airflow, run: Object, wanted: t.Callable[[Object], bool], values: Values) -> list[Object]:
    """Return the XComs of a run that are wanted, with their values; those of loops by turn."""
    chosen = list(filter(wanted, airflow.ask(Xcoms).select(run["dag_id"], run["dag_run_id"])))
    turns = _turns(airflow, run) if any(xcom["region"] for xcom in chosen) else {}
    found = []
    for xcom in chosen:
        named = {name: xcom[name] for name in ("task_id", "map_index", "key")}
        try:
            value = values.find(xcom)
        except NoResult as error:
            error.message = f"XComs of DAG run {run_name(run)} cannot be returned: {error.message}"
            raise
        except NotFound as error:
            raise NotFound(
                f"Airflow lists {xcom_name(xcom)} of DAG run {run_name(run)}, and does not give it: it was deleted "
                "meanwhile, or its key has a slash; try again, or leave it out.",
                error.status,
                error.reason,
            ) from error
        found.append({**named, "loop_iteration": turns.get(_place(xcom["region"])), "value": value})
    return sorted(found, key=lambda xcom: (xcom["task_id"], turn(xcom) or 0, xcom["map_index"], xcom["key"]))


def _turns(airflow: Airflow, run: Object) -> dict[tuple[t.Any, ...], Object]:
    """Return which turns of loops there are in a run, by what Airflow calls them in other places."""
    tasks = airflow.ask(Tasks)
    there = tasks.of_run(run["dag_id"], run["dag_run_id"])
    return {_place(tasks.turn_of(task)): task["loop_iteration"] for task in there if turn(task) is not None}


def _place(region: Object) -> tuple[t.Any, ...]:
    return tuple(region.get(name) for name in REGION)


def results_of(
    airflow: Airflow, run: Object, tasks: t.Sequence[Object], words: t.Sequence[str], warn: t.Callable[[str], None]
) -> Object:
    """Return what tasks of a run that has succeeded have pushed, by the words that name it: C(task) or C(task.key).

    Of a mapped task it is a list by map index, in a loop a list by turn. NoResult when one is not there; the details of
    each failure have the others.

    :param tasks: the task instances of the run.
    """
    results: Object = dict.fromkeys(words)
    try:
        _read(airflow, run, tasks, results, warn)
    except AirflowError as error:
        but = error.message if isinstance(error, NoResult) else f"its results cannot be read: {error.message}"
        time = duration(elapsed(airflow, run))
        error.message = f"DAG run {run_name(run)} succeeded after {time}, but {but} {run['url']}"
        error.details["results"] = results
        raise
    return results


def check_readable(run: Object) -> None:
    """Raise BadInput for the results of a run whose XComs no path can name."""
    why = why_no_path(run["dag_run_id"])
    if why:
        raise BadInput(f"results of DAG run {run_name(run)} cannot be read, since its id {why}; leave results out.")


def check_results(airflow: Airflow, dag_id: str, tasks: t.Sequence[Object], words: t.Sequence[str]) -> None:
    """Raise BadInput for the result of a task that a run cannot have; nobody has to wait for its end to see that.

    A run may have tasks of another version of its DAG than the one that is asked for.

    :param tasks: the task instances of the run; none of a new one.
    """
    names = {task["task_id"] for task in tasks}
    if all(_parted(word, names) for word in words):
        return
    try:
        names |= airflow.ask(Tasks).ids(dag_id)
    except ApiError:
        return  # The user may not see them, or the DAG cannot be read; the end of the run tells.
    for word in words:
        if not _parted(word, names):
            raise BadInput(
                f"DAG {dag_id} has no task for the result {one_line(word, 60)}, so nothing was done; "
                f"{tasks_there(word, names)}: correct results."
            )


def _read(
    airflow: Airflow, run: Object, tasks: t.Sequence[Object], results: Object, warn: t.Callable[[str], None]
) -> None:
    """Put what can be read into C(results), whose keys are the words; then NoResult for what cannot."""
    problems: dict[str, NoResult] = {}
    instances: dict[str, list[Object]] = {}
    for task in sorted(tasks, key=lambda task: (turn(task) or 0, int(task["map_index"]))):
        instances.setdefault(task["task_id"], []).append(task)
    found: dict[str, tuple[str, str]] = {}
    for word in results:
        with _noted(problems, word):
            found[word] = _named(word, instances)
    values = Values(airflow, run, "of results", warn)
    at_once = _returned(airflow, run, [task_id for task_id, key in found.values() if key == RETURNED], instances)
    for word, (task_id, key) in found.items():
        own = instances[task_id]
        xcoms = [
            {"task_id": task_id, "map_index": task["map_index"], "key": key, "region": airflow.ask(Tasks).turn_of(task)}
            for task in own
        ]
        known = at_once if key == RETURNED and not _is_looped(own) else None
        with _noted(problems, word):
            given = _result(values, xcoms, known)
            mapped = _is_mapped(own)
            if all(value is NOTHING for value in given):
                mapped = _is_mapped_over_nothing(airflow, run, own)
                if not mapped:
                    raise _without_value(word, task_id, key, own)
            results[word] = _shaped(own, given, mapped)
    if problems:
        raise _all_of(problems, len(results))


@contextlib.contextmanager
def _noted(problems: dict[str, NoResult], word: str) -> t.Iterator[None]:
    """Go on after a result that is not there."""
    try:
        yield
    except NoResult as error:
        problems[word] = error


def _all_of(problems: t.Mapping[str, NoResult], total: int) -> NoResult:
    """Return one failure for all of these, of which many are named in short."""
    if len(problems) == 1:
        return next(iter(problems.values()))
    named = first_few([f"{one_line(word, 60)} ({error.short})" for word, error in problems.items()])
    return NoResult(
        f"{len(problems)} of {total} results cannot be returned: {named}; correct results, or the tasks.", ""
    )


def _is_looped(tasks: t.Sequence[Object]) -> bool:
    return any(turn(task) is not None for task in tasks)


def _is_mapped(tasks: t.Sequence[Object]) -> bool:
    return any(task["map_index"] >= 0 for task in tasks)


def _shaped(tasks: t.Sequence[Object], values: t.Sequence[t.Any], mapped: bool) -> t.Any:
    """Return one value, a list by map index, or a list of these by turn of a loop; null for a hole."""
    turns: dict[int | None, list[t.Any]] = {}
    for task, value in zip(tasks, values):
        of_turn = turns.setdefault(turn(task), [])
        # A task that is mapped over an empty list is one instance without an index.
        if not mapped or task["map_index"] >= 0:
            of_turn.append(None if value is NOTHING else value)
    by_turn = [each if mapped else each[0] for each in turns.values()]
    return by_turn if _is_looped(tasks) else by_turn[0]


def _named(word: str, task_ids: t.Collection[str]) -> tuple[str, str]:
    """Return the task and the key that a word means; NoResult when there is no such task."""
    found = _parted(word, task_ids)
    if not found:
        raise NoResult(
            f"it has no task for the result {one_line(word, 60)}; {tasks_there(word, task_ids)}: correct results.",
            "there is no such task",
        )
    return found


def _parted(word: str, task_ids: t.Collection[str]) -> tuple[str, str] | None:
    """Return the task and the key that a word means, if any; of a.b.c the longest task id there is."""
    parts = word.split(".")
    for length in range(len(parts), 0, -1):
        task_id = ".".join(parts[:length])
        if task_id in task_ids:
            return task_id, ".".join(parts[length:]) or RETURNED
    return None


def _returned(
    airflow: Airflow, run: Object, task_ids: t.Sequence[str], instances: t.Mapping[str, t.Sequence[Object]]
) -> Object | None:
    """Return what tasks have returned in one request, where that saves some; it does not tell turns of loops apart."""
    names = [task_id for task_id in task_ids if not _is_looped(instances[task_id])]
    if sum(len(instances[task_id]) for task_id in names) < 2:
        return None
    return airflow.ask(Xcoms).returned(run["dag_id"], run["dag_run_id"], names)


def _result(values: Values, xcoms: t.Sequence[Object], at_once: Object | None) -> list[t.Any]:
    """Return what each of these holds, NOTHING for a hole."""
    task_id = xcoms[0]["task_id"]
    if at_once is not None:
        given = at_once.get(task_id, []) if _is_mapped(xcoms) else [at_once.get(task_id, NOTHING)]
        if not given:
            return [NOTHING] * len(xcoms)
        # Of a list with holes only the map indices tell where they are.
        if len(given) == len(xcoms):
            return [NOTHING if value is NOTHING else values.taken(xcom, value) for xcom, value in zip(xcoms, given)]
    return [values.find_or(xcom, NOTHING) for xcom in xcoms]


def _is_mapped_over_nothing(airflow: Airflow, run: Object, tasks: t.Sequence[Object]) -> bool:
    """Whether a task that has pushed nothing is mapped, over an empty list: Airflow shows it as one that was skipped.

    Where Airflow does not tell the tasks of the DAG, the task is taken for one that is not mapped.
    """
    if _is_mapped(tasks) or any(task["state"] != "skipped" for task in tasks):
        return False
    try:
        return airflow.ask(Tasks).mapped(run["dag_id"]).get(tasks[0]["task_id"], False)
    except ApiError:
        return False


def _without_value(word: str, task_id: str, key: str, tasks: t.Sequence[Object]) -> NoResult:
    """Say of a task why it has pushed nothing, as far as its state tells."""
    name = one_line(word, 60)
    states = {task["state"] for task in tasks}
    how = ENDS.get(states.pop(), "") if len(states) == 1 else ""
    if how:
        return NoResult(
            f"task {task_id} {how}, so it has no result {name}; correct the task, or leave {name} out of results.",
            f"the task {how}",
        )
    return NoResult(
        f"it has no result {name}: task {task_id} has pushed nothing as {key}; correct results, or the task.",
        "nothing was pushed",
    )


def xcom_name(xcom: Object) -> str:
    """Name an XCom as people write it: C(load), C(load[4]) of a mapped task, C(load.rows) by another key."""
    index = f"[{xcom['map_index']}]" if xcom["map_index"] >= 0 else ""
    return f"{xcom['task_id']}{index}" + (f".{xcom['key']}" if xcom["key"] != RETURNED else "")
