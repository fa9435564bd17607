# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clearing task instances, so that they run again, and marking them."""

from __future__ import annotations

import contextlib
import typing as t

from .._base.errors import AirflowError, Conflict, NotFound, Unsupported
from .._base.states import FAILED
from .airflow import Family, Object, of_known_shape, why_no_path
from .lost import lost
from .refusals import refused
from .run_refusals import about_run
from .runs import LATEST
from .tasks import Tasks

PAIRS = (3, 2)  # the first version that clears what comes after single indices, and no other indices of the task
GROUPS = (3, 3)  # the first version that tells what is in a task group
INCLUDES = ("include_upstream", "include_downstream", "include_future", "include_past")


class Graph:
    """Which tasks of a DAG come after which.

    :param before: the tasks that each task comes directly after.
    """

    def __init__(self, before: t.Mapping[str, t.Collection[str]]) -> None:
        self._before = before
        self._after: dict[str, set[str]] = {}
        for name, others in before.items():
            for other in others:
                self._after.setdefault(other, set()).add(name)

    def upstream(self, task_ids: t.Iterable[str]) -> set[str]:
        """Return all tasks that come before these."""
        return _reached(self._before, task_ids)

    def downstream(self, task_ids: t.Iterable[str]) -> set[str]:
        """Return all tasks that come after these."""
        return _reached(self._after, task_ids)


class Selection(t.NamedTuple):
    """Task instances of a run.

    :param there: all task instances of the run, as C(Tasks.of_run) gives them.
    :param tasks: those that are meant, at least one.
    :param by_index: whether they were chosen by their map indices, so that others of the same tasks are not meant.
    :param upstream: whether all tasks before them are meant, too; C(downstream): after them.
    """

    run: Object
    there: t.Sequence[Object]
    tasks: t.Sequence[Object]
    by_index: bool
    upstream: bool
    downstream: bool

    def task_ids(self) -> list[str]:
        """Return the ids of the tasks that are meant."""
        return sorted({task["task_id"] for task in self.tasks})

    def relatives(self, graph: Graph) -> set[str]:
        """Return the ids of the tasks before and after them, as far as these are meant, too."""
        names = self.task_ids()
        before = graph.upstream(names) if self.upstream else set()
        return before | (graph.downstream(names) if self.downstream else set())


class TaskStates(Family):
    """What can be done to task instances, which are those of C(Tasks)."""

    def check(self, state: str, by_index: bool, latest_version: bool) -> None:
        """Raise Unsupported when this version cannot do that to any task; at most the version is asked for."""
        raise NotImplementedError

    def graph(self, dag_id: str) -> Graph:
        """Return which tasks of a DAG come after which."""
        return Graph(self._airflow.ask(Tasks).upstream(dag_id))

    def of_group(self, run: Object, group: str, there: t.Sequence[Object]) -> list[Object]:
        """Return the task instances of a task group; none where there is no such group.

        Where Airflow does not tell the tasks of a group, they are those that have its name before their own.
        """
        return [task for task in there if task["task_id"].startswith(f"{group}.")]

    def would_clear(self, chosen: Selection, only_failed: bool) -> list[Object]:
        """Return the task instances that would be cleared, by Airflow's dry run."""
        found: set[t.Any] = set()
        for body in self._clearing(chosen, only_failed):
            with _about(chosen.run):
                answer = self._client.post(self._clear_path(chosen), {**body, "dry_run": True}, repeat=True)
            found |= self._named(answer)
        return self._those(chosen, found, FAILED if only_failed else ())

    def clear(self, chosen: Selection, only_failed: bool, latest_version: bool) -> None:
        """Run the task instances again; their run is queued again if it has ended.

        Only those that failed are asked for again after a lost answer: they are no longer failed then.
        """
        more = self._by_version(latest_version)
        for number, body in enumerate(self._clearing(chosen, only_failed)):
            whole = {**body, **more, "dry_run": False, "reset_dag_runs": True}
            try:
                with _about(chosen.run):
                    self._client.post(self._clear_path(chosen), whole, repeat=only_failed)
            except AirflowError as error:
                error.may_be_done = error.may_be_done or number > 0
                raise

    def would_mark(self, chosen: Selection, state: str) -> list[Object]:
        """Return the task instances that would be marked: those that are not in that state."""
        raise NotImplementedError

    def marks_upstream(self, task: Object) -> bool:
        """Whether one request marks a task instance and all tasks before it."""
        raise NotImplementedError

    def mark(self, run: Object, task: Object, state: str, upstream: bool) -> None:
        """Mark a task instance C(success), C(failed) or C(skipped).

        Airflow then clears what has failed after it, in the same run. Marking twice does no harm.

        :param upstream: all tasks before it as well.
        """
        raise NotImplementedError

    def _place(self, run: Object, task: Object) -> tuple[str, Object]:
        return self._airflow.ask(Tasks).place(run["dag_id"], run["dag_run_id"], task, "mark tasks of")

    def _clear_path(self, chosen: Selection) -> str:
        return self._path("dags", chosen.run["dag_id"], "clearTaskInstances")

    def _clearing(self, chosen: Selection, only_failed: bool) -> list[Object]:
        """What is sent to clear these, one request each."""
        raise NotImplementedError

    def _by_version(self, latest_version: bool) -> Object:
        """What is sent to run them by the newest version of their DAG. Airflow 2 does so in any case."""
        return {}

    def _named(self, answer: Object) -> set[t.Any]:
        """What tells the task instances of an answer apart, as far as this version tells it."""
        raise NotImplementedError

    def _those(self, chosen: Selection, names: set[t.Any], states: t.Collection[str]) -> list[Object]:
        """Return the task instances that an answer has named."""
        raise NotImplementedError


class TaskStatesV1(TaskStates, api="v1"):
    """Airflow 2. Its answers tell the ids of tasks alone."""

    def check(self, state: str, by_index: bool, latest_version: bool) -> None:
        if state == "skipped":
            self._airflow.needs("state: skipped", (2, 7), "choose another state")
        if state == "cleared" and by_index:
            raise Unsupported(
                f"map_index with state: cleared needs Airflow 3, and {self.url} is Airflow 2, which clears all "
                "instances of a mapped task; leave map_index out."
            )

    def would_mark(self, chosen: Selection, state: str) -> list[Object]:
        marked = {_key(task) for task in chosen.tasks}
        relatives = self._marked_with(chosen, state) if chosen.upstream or chosen.downstream else set()
        found = [
            task
            for task in chosen.there
            if task["state"] != state and (_key(task) in marked or task["task_id"] in relatives)
        ]
        for task in found:
            if task["map_index"] >= 0:
                self._airflow.needs("Marking a mapped task", (2, 5), "name other tasks")
                self._place(chosen.run, task)
        return found

    def marks_upstream(self, task: Object) -> bool:
        return bool(task["map_index"] < 0)

    def mark(self, run: Object, task: Object, state: str, upstream: bool) -> None:
        by_body = task["map_index"] < 0 and why_no_path(run["dag_run_id"])
        if upstream or by_body or self._airflow.version() < (2, 5):
            body = {**self._marking(run, task["task_id"], state), "include_upstream": upstream, "dry_run": False}
            with _about(run):
                self._client.post(self._mark_path(run), body, repeat=True, lost=_lost(run, task, state))
        else:
            path, _turn = self._place(run, task)
            # The default of dry_run differs from version to version.
            self._client.patch(path, {"new_state": state, "dry_run": False}, lost=_lost(run, task, state))

    def _marked_with(self, chosen: Selection, state: str) -> set[str]:
        """Return the ids of the tasks that are marked with these."""
        mapped = [task for task in chosen.tasks if task["map_index"] >= 0]
        # The dry run does not take mapped tasks.
        relatives = chosen._replace(tasks=mapped).relatives(self.graph(chosen.run["dag_id"])) if mapped else set()
        includes = {"include_upstream": chosen.upstream, "include_downstream": chosen.downstream}
        for task_id in chosen._replace(tasks=[task for task in chosen.tasks if task["map_index"] < 0]).task_ids():
            body = {**self._marking(chosen.run, task_id, state), **includes, "dry_run": True}
            with _about(chosen.run):
                answer = self._client.post(self._mark_path(chosen.run), body, repeat=True)
            relatives |= self._named(answer)
        return relatives

    def _mark_path(self, run: Object) -> str:
        return self._path("dags", run["dag_id"], "updateTaskInstancesState")

    def _marking(self, run: Object, task_id: str, state: str) -> Object:
        named = {"task_id": task_id, "dag_run_id": run["dag_run_id"], "new_state": state}
        return {**named, **dict.fromkeys(INCLUDES, False)}

    def _clearing(self, chosen: Selection, only_failed: bool) -> list[Object]:
        body: Object = {"task_ids": chosen.task_ids(), "only_failed": only_failed}
        if self._airflow.version() < (2, 4):
            # There is one run of each logical date.
            date = chosen.run["logical_date"]
            if chosen.upstream or chosen.downstream:
                relatives = chosen.relatives(self.graph(chosen.run["dag_id"]))
                body["task_ids"] = sorted({*body["task_ids"], *relatives})
            return [{**body, "start_date": date, "end_date": date}]
        includes = {"include_upstream": chosen.upstream, "include_downstream": chosen.downstream}
        return [{**body, "dag_run_id": chosen.run["dag_run_id"], **includes}]

    @of_known_shape
    def _named(self, answer: Object) -> set[t.Any]:
        return {raw["task_id"] for raw in answer["task_instances"]}

    def _those(self, chosen: Selection, names: set[t.Any], states: t.Collection[str]) -> list[Object]:
        return [task for task in chosen.there if task["task_id"] in names and (not states or task["state"] in states)]


class TaskStatesV2(TaskStates, api="v2"):
    """Airflow 3."""

    def check(self, state: str, by_index: bool, latest_version: bool) -> None:
        if latest_version:
            self._airflow.needs("latest_version", LATEST)

    def of_group(self, run: Object, group: str, there: t.Sequence[Object]) -> list[Object]:
        if why_no_path(run["dag_run_id"]) or self._airflow.version() < GROUPS:
            return super().of_group(run, group, there)
        path = self._path("dags", run["dag_id"], "dagRuns", run["dag_run_id"], "taskGroupInstances", group, "dry_run")
        try:
            # Without a state it is told what there is in the group.
            found = self._named(self._client.patch(path, {}))
        except NotFound:
            return []
        return [task for task in there if task["id"] in found]

    def would_mark(self, chosen: Selection, state: str) -> list[Object]:
        includes = {"include_upstream": chosen.upstream, "include_downstream": chosen.downstream}
        marked = {task["id"] for task in chosen.tasks if task["state"] != state}
        for task_id in chosen.task_ids():
            # One instance of each task is asked about: others have the same tasks before and after them.
            path, turn = self._place(chosen.run, next(task for task in chosen.tasks if task["task_id"] == task_id))
            with refused(f"to mark task {task_id}"):
                answer = self._client.patch(path + "/dry_run", {"new_state": state, **includes}, turn)
            marked |= self._named(answer)
        return [task for task in chosen.there if task["id"] in marked]

    def marks_upstream(self, task: Object) -> bool:
        return True

    def mark(self, run: Object, task: Object, state: str, upstream: bool) -> None:
        path, turn = self._place(run, task)
        # It is in that state already, perhaps by the same request, whose answer got lost.
        with contextlib.suppress(Conflict):
            body = {"new_state": state, "include_upstream": upstream}
            self._client.patch(path, body, turn, _lost(run, task, state))

    def _clearing(self, chosen: Selection, only_failed: bool) -> list[Object]:
        body = {"dag_run_id": chosen.run["dag_run_id"], "only_failed": only_failed}
        includes = {"include_upstream": chosen.upstream, "include_downstream": chosen.downstream}
        names = chosen.task_ids()
        if not chosen.by_index:
            return [{**body, "task_ids": names, **includes}]
        pairs = [[task["task_id"], task["map_index"]] for task in chosen.tasks]
        if self._airflow.version() >= PAIRS:
            return [{**body, "task_ids": pairs, **includes}]
        # With more than one task in a request, these versions clear all indices of each.
        wanted = [{**body, "task_ids": [pair for pair in pairs if pair[0] == name]} for name in names]
        if chosen.upstream or chosen.downstream:
            relatives = chosen.relatives(self.graph(chosen.run["dag_id"]))
            wanted += [{**body, "task_ids": sorted(relatives)}] if relatives else []
        return wanted

    def _by_version(self, latest_version: bool) -> Object:
        return {"run_on_latest_version": True} if latest_version else {}

    @of_known_shape
    def _named(self, answer: Object) -> set[t.Any]:
        return {raw["id"] for raw in answer["task_instances"]}

    def _those(self, chosen: Selection, names: set[t.Any], states: t.Collection[str]) -> list[Object]:
        return [task for task in chosen.there if task["id"] in names]


def _key(task: Object) -> tuple[str, int]:
    return (task["task_id"], task["map_index"])


def _about(run: Object) -> contextlib.AbstractContextManager[None]:
    return about_run(run["dag_id"], run["dag_run_id"])


def _lost(run: Object, task: Object, state: str) -> str:
    name = task["task_id"] + (f"[{task['map_index']}]" if task["map_index"] >= 0 else "")
    what = f"task {name} of DAG run {run['dag_id']} / {run['dag_run_id']} was marked {state}"
    return lost(what, "airflow_task_info")


def _reached(steps: t.Mapping[str, t.Collection[str]], names: t.Iterable[str]) -> set[str]:
    """Return all names that can be reached from these."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        new = set(steps.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found
