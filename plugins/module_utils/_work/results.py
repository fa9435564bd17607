# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a run have pushed, in bounds: a result of Ansible is no place for data."""

from __future__ import annotations

import json
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.xcoms import RETURNED, Xcoms
from .._base.errors import NoResult, NotFound
from .._base.text import first_few
from .._base.values import unwrapped
from .report import run_name

LARGEST_VALUE = 64 * 1024  # bytes, as JSON
LARGEST_RESULT = 1024 * 1024
NOTHING = object()  # None is a value


class Values:
    """Reads values of the XComs of one run, until they are too many to be returned."""

    def __init__(self, airflow: Airflow, run: Object, warn: t.Callable[[str], None]) -> None:
        self._xcoms = airflow.ask(Xcoms)
        self._run = run
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
        name, run = xcom_name(xcom), run_name(self._run)
        try:
            plain, foreign = unwrapped(value)
            size = len(json.dumps(plain))
        except RecursionError as error:
            raise NoResult(f"{name} of DAG run {run} is nested too deeply to be returned; leave it out.") from error
        if size > LARGEST_VALUE:
            raise NoResult(
                f"{name} of DAG run {run} has {size} bytes, and a value may have {LARGEST_VALUE}; leave it out, or let "
                "the task push where the data is."
            )
        self._size += size
        if self._size > LARGEST_RESULT:
            raise NoResult(f"The values of DAG run {run} have more than {LARGEST_RESULT} bytes in all; ask for fewer.")
        if foreign:
            self._warn(f"{name} of DAG run {run} holds {first_few(foreign)}, left as Airflow has written it.")
        return plain


def xcoms_of(airflow: Airflow, run: Object, wanted: t.Callable[[Object], bool], values: Values) -> list[Object]:
    """Return the XComs of a run that are wanted, with their values."""
    found = []
    for xcom in filter(wanted, airflow.ask(Xcoms).select(run["dag_id"], run["dag_run_id"])):
        try:
            found.append({**xcom, "value": values.find(xcom)})
        except NotFound as error:
            raise NotFound(
                f"Airflow lists {xcom_name(xcom)} of DAG run {run_name(run)}, and does not give it: it was deleted "
                "meanwhile, or its key has a slash; try again, or leave it out.",
                error.status,
                error.reason,
            ) from error
    return found


def results_of(
    airflow: Airflow, run: Object, tasks: t.Sequence[Object], words: t.Sequence[str], warn: t.Callable[[str], None]
) -> Object:
    """Return what tasks of a run that has ended have pushed, by the words that name it: C(task) or C(task.key).

    Of a mapped task it is a list by map index. NoResult when there is none.

    :param tasks: the task instances of the run.
    """
    indices: dict[str, list[int]] = {}
    for task in sorted(tasks, key=lambda task: int(task["map_index"])):
        if task["map_index"] not in indices.setdefault(task["task_id"], []):
            indices[task["task_id"]].append(task["map_index"])
    found = {word: _named(word, indices, run) for word in words}
    values = Values(airflow, run, warn)
    at_once = _returned(airflow, run, [task_id for task_id, key in found.values() if key == RETURNED], indices)
    return {word: _result(values, run, word, place, indices, at_once) for word, place in found.items()}


def _named(word: str, task_ids: t.Collection[str], run: Object) -> tuple[str, str]:
    """Return the task and the key that a word means; of a.b.c the longest task id there is."""
    parts = word.split(".")
    for length in range(len(parts), 0, -1):
        task_id = ".".join(parts[:length])
        if task_id in task_ids:
            return task_id, ".".join(parts[length:]) or RETURNED
    names = first_few(sorted(task_ids))
    raise NoResult(f"DAG run {run_name(run)} has no task for the result {word}; its tasks are {names}.")


def _returned(
    airflow: Airflow, run: Object, task_ids: t.Sequence[str], indices: t.Mapping[str, t.Sequence[int]]
) -> Object | None:
    """Return what tasks have returned in one request, where that saves some."""
    if sum(len(indices[task_id]) for task_id in task_ids) < 2:
        return None
    return airflow.ask(Xcoms).returned(run["dag_id"], run["dag_run_id"], task_ids)


def _result(
    values: Values,
    run: Object,
    word: str,
    place: tuple[str, str],
    indices: t.Mapping[str, t.Sequence[int]],
    at_once: Object | None,
) -> t.Any:
    task_id, key = place
    mapped = list(indices[task_id]) != [-1]
    xcoms = [{"task_id": task_id, "map_index": index, "key": key} for index in indices[task_id]]
    found = None
    if at_once is not None and key == RETURNED:
        given = at_once.get(task_id, []) if mapped else [at_once.get(task_id, NOTHING)]
        # Of a list with holes only the map indices tell where they are.
        if len(given) in (0, len(xcoms)):
            found = [NOTHING if value is NOTHING else values.taken(xcom, value) for xcom, value in zip(xcoms, given)]
    if found is None:
        found = [values.find_or(xcom, NOTHING) for xcom in xcoms]
    if all(value is NOTHING for value in found):
        raise NoResult(
            f"DAG run {run_name(run)} has no result {word}: task {task_id} has pushed nothing as {key}; correct "
            "results, or the task."
        )
    plain = [None if value is NOTHING else value for value in found]
    return plain if mapped else plain[0]


def xcom_name(xcom: Object) -> str:
    """Name an XCom as people write it: C(load), C(load[4]) of a mapped task, C(load.rows) by another key."""
    index = f"[{xcom['map_index']}]" if xcom["map_index"] >= 0 else ""
    return f"{xcom['task_id']}{index}" + (f".{xcom['key']}" if xcom["key"] != RETURNED else "")
