# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task instances and their logs."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from .._base.errors import AirflowError, ApiError, NoSuchApi, NotFound
from .._base.times import iso, time_of
from .._http.client import path_of
from .._http.pages import PAGE, pages, walk
from .airflow import Airflow, Family, Object, of_known_shape, why_no_path
from .links import Links
from .logs import TaskLog

NOT_ACCEPTABLE = 406
READ = "show the single tasks of"  # what is not possible for a run that no path can name


class Tasks(Family):
    """Task instances: {id, task_id, map_index, loop_iteration, state, operator, try_number, max_tries, start_date,
    end_date, duration, url, log_tail}.

    C(id) is Airflow's own, None on Airflow 2; C(loop_iteration) is {loop_id, iteration}, or None outside of loops.
    """

    def __init__(self, airflow: Airflow) -> None:
        super().__init__(airflow)
        self._pools: dict[t.Any, Object] = {}  # of task instances that were listed
        self._mapped: dict[str, dict[str, bool]] = {}  # by DAG, whether each of its tasks is mapped

    def of_run(self, dag_id: str, dag_run_id: str) -> list[Object]:
        """Return all task instances of a run, sorted by start, then name; mapped ones and turns of loops one by one."""
        if why_no_path(dag_run_id):
            raw = self._listed(dag_id, dag_run_id)
        else:
            path = self._run_path(dag_id, dag_run_id, READ) + "/taskInstances"
            raw = pages(self._client, path, "task_instances", _identity)
        tasks = [self._task(dag_id, dag_run_id, task) for task in raw]
        return sorted(tasks, key=lambda task: (task["start_date"] is None, task["start_date"] or "", *task_key(task)))

    @of_known_shape
    def _listed(self, dag_id: str, dag_run_id: str) -> list[Object]:
        """Read the task instances of a run that no path can name."""
        body = {"dag_ids": [dag_id], "dag_run_ids": [dag_run_id], "page_limit": PAGE}

        def ask(offset: int) -> Object:
            path = self._path("dags", "~", "dagRuns", "~", "taskInstances", "list")
            page: Object = self._client.post(path, {**body, "page_offset": offset}, repeat=True)
            return page

        return walk(ask, "task_instances", _identity)

    def place(self, dag_id: str, dag_run_id: str, task: Object, action: str = READ) -> tuple[str, Object]:
        """Return the path of a task instance, and the parameters that go with it: turns of a loop share one path.

        Unsupported, with the action in its message, when no path can name the run.
        """
        index = [str(task["map_index"])] if task["map_index"] >= 0 else []
        path = self._run_path(dag_id, dag_run_id, action) + path_of("taskInstances", task["task_id"], *index)
        return path, self.turn_of(task)

    def turn_of(self, task: Object) -> Object:
        """What a task instance in a loop is asked for with, since its turns share one path."""
        return {}

    def pool_of(self, dag_run_id: str, task: Object) -> Object:
        """Return the pool of a task instance that was listed, and how many of its slots it needs: {name, slots}.

        An empty C(name): it is not known.
        """
        return self._pools.get((dag_run_id, task_key(task)), {"name": "", "slots": 1})

    @of_known_shape
    def in_pool(self, pool: str, states: t.Sequence[str]) -> list[Object]:
        """Return the runs of which task instances in these states are in a pool: {dag_id, dag_run_id}, some of many."""
        body = {"pool": [pool], "state": [*states], "page_limit": PAGE}
        path = self._path("dags", "~", "dagRuns", "~", "taskInstances", "list")
        found = self._client.post(path, body, repeat=True)["task_instances"]
        runs = {(task["dag_id"], task["dag_run_id"]) for task in found}
        return [{"dag_id": dag_id, "dag_run_id": dag_run_id} for dag_id, dag_run_id in sorted(runs)]

    @of_known_shape
    def circumstances(self, dag_id: str, dag_run_id: str, task: Object) -> Object:
        """Return what else Airflow says of a task instance: {queue, state_reason, trigger, is_watched}.

        C(state_reason) is why the last try ended, as a retry policy has put it (3.4). C(trigger) is the class of what
        a deferred one waits for, C(is_watched) whether a triggerer has taken that.
        """
        raw = self._client.get(*self.place(dag_id, dag_run_id, task))
        trigger = raw.get("trigger") or {}
        return {
            "queue": raw.get("queue") or "",
            "state_reason": raw.get("state_reason") or "",
            "trigger": str(trigger.get("classpath") or "").rpartition(".")[2],
            "is_watched": trigger.get("triggerer_id") is not None,
        }

    @of_known_shape
    def lacking(self, dag_id: str, dag_run_id: str, task: Object) -> list[Object] | None:
        """Return what a task instance without a state, or a scheduled one, lacks to be started: {name, reason} each.

        None: Airflow before 2.10 does not tell.
        """
        try:
            path, turn_of_loop = self.place(dag_id, dag_run_id, task)
            raw = self._client.get(path + "/dependencies", turn_of_loop)
        except (NoSuchApi, NotFound):
            return None
        return [{key: str(lack[key]) for key in ("name", "reason")} for lack in raw["dependencies"]]

    def ids(self, dag_id: str) -> set[str]:
        """Return the ids of all tasks of a DAG."""
        return set(self.mapped(dag_id))

    @of_known_shape
    def mapped(self, dag_id: str) -> dict[str, bool]:
        """Return which tasks of a DAG are mapped, read once: many items of a batch may be runs of one DAG."""
        if dag_id not in self._mapped:
            self._mapped[dag_id] = {task["task_id"]: bool(task.get("is_mapped")) for task in self._of_dag(dag_id)}
        return self._mapped[dag_id]

    @of_known_shape
    def upstream(self, dag_id: str) -> dict[str, set[str]]:
        """Return which tasks each task of a DAG comes directly after."""
        before: dict[str, set[str]] = {}
        for task in self._of_dag(dag_id):
            for name in task["downstream_task_ids"]:
                before.setdefault(name, set()).add(task["task_id"])
        return before

    @of_known_shape
    def retry_time(self, dag_id: str, task: Object) -> str | None:
        """Return when a task that is up for retry runs again; None where its pauses grow, which only Airflow knows."""
        raw = self._client.get(self._path("dags", dag_id, "tasks", task["task_id"]))
        if raw["retry_exponential_backoff"] or not task["end_date"]:
            return None
        pause = timedelta(days=raw["retry_delay"]["days"], seconds=raw["retry_delay"]["seconds"])
        return iso((time_of("a time of Airflow", task["end_date"]) + pause).replace(microsecond=0))

    def log(self, dag_id: str, dag_run_id: str, task: Object, keep: int) -> TaskLog:
        """Return the last lines of a task's last try, and why it failed.

        A log that cannot be read never fails anything: the tail then says so.
        """
        if not task["try_number"]:
            return TaskLog("", "")
        place = path_of("taskInstances", task["task_id"], "logs", str(task["try_number"]))
        try:
            path = self._run_path(dag_id, dag_run_id, READ) + place
            params = self._log_params(task)
            return self._airflow.patience.through_outages(lambda: self._read_log(path, params, keep))
        except AirflowError as error:
            return TaskLog(f"The log cannot be read: {error.message}", "")

    @of_known_shape
    def _task(self, dag_id: str, dag_run_id: str, raw: Object) -> Object:
        task: Object = {
            key: raw.get(key) for key in ("id", "task_id", "state", "operator", "try_number", "max_tries", "duration")
        }
        task["map_index"] = raw.get("map_index", -1)
        task["loop_iteration"] = raw.get("loop_iteration")
        task.update({key: iso(raw.get(key)) for key in ("start_date", "end_date")})
        task["url"] = self._airflow.ask(Links).task(dag_id, dag_run_id, task["task_id"], task["map_index"])
        task["log_tail"] = None
        self._pools[dag_run_id, task_key(task)] = {"name": raw.get("pool") or "", "slots": raw.get("pool_slots") or 1}
        return task

    def _of_dag(self, dag_id: str) -> list[Object]:
        """Return the tasks of a DAG as Airflow answers them."""
        tasks: list[Object] = self._client.get(self._path("dags", dag_id, "tasks"))["tasks"]
        return tasks

    def _log_params(self, task: Object) -> Object:
        """What the log of a task is asked for with; Unsupported when this Airflow shows it to nobody."""
        index = {"map_index": task["map_index"]} if task["map_index"] >= 0 else {}
        return {"full_content": "true", **index}

    def _read_log(self, path: str, params: Object, keep: int) -> TaskLog:
        raise NotImplementedError


class TasksV1(Tasks, api="v1"):
    """Airflow 2."""

    def _log_params(self, task: Object) -> Object:
        if task["map_index"] >= 0:
            self._airflow.needs("The log of a mapped task", (2, 4), "read it in Airflow's web interface")
        return super()._log_params(task)

    def _read_log(self, path: str, params: Object, keep: int) -> TaskLog:
        from .logs_text import read_text  # Most tasks of a play read no log, and do without what logs take.

        # As JSON, a log is the text of a Python expression here.
        with self._client.lines(path, params, "text/plain") as lines:
            return read_text(lines, keep, self._client.redact)


class TasksV2(Tasks, api="v2"):
    """Airflow 3."""

    def __init__(self, airflow: Airflow) -> None:
        super().__init__(airflow)
        self._accept = "application/x-ndjson"
        self._regions: dict[str, Object] = {}  # of turns of loops, by the ids of their task instances

    def _task(self, dag_id: str, dag_run_id: str, raw: Object) -> Object:
        task = super()._task(dag_id, dag_run_id, raw)
        if raw.get("region_id"):
            self._regions[task["id"]] = {key: raw[key] for key in ("region_id", "region_index")}
        return task

    def turn_of(self, task: Object) -> Object:
        return self._regions.get(task.get("id") or "", {})

    def _log_params(self, task: Object) -> Object:
        region = self.turn_of(task)
        return {"full_content": "true", **region} if region else super()._log_params(task)

    def _read_log(self, path: str, params: Object, keep: int) -> TaskLog:
        try:
            return self._read_events(path, params, keep)
        except ApiError as error:
            if error.status != NOT_ACCEPTABLE or self._accept == "text/plain":
                raise
        # Airflow 3.0.0 and 3.0.1 send the same events under this name.
        self._accept = "text/plain"
        return self._read_events(path, params, keep)

    def _read_events(self, path: str, params: Object, keep: int) -> TaskLog:
        from .logs_events import events_of, read_events

        with self._client.lines(path, params, self._accept) as lines:
            return read_events(events_of(lines), keep, self._client.redact)


def _identity(raw: Object) -> t.Any:
    """What tells task instances apart in a list: in a loop only Airflow's id does.

    Elsewhere the name does, since Airflow gives an id anew with each try, while a list is being read.
    """
    if raw.get("loop_iteration") or raw.get("region_id"):
        return raw["id"]
    return (raw["task_id"], raw.get("map_index", -1))


def task_key(task: Object) -> tuple[str, int, int, str]:
    """What tells task instances of a run apart, in the order in which people want to see them."""
    return (task["task_id"], task["map_index"], turn(task) or 0, task.get("id") or "")


def turn(task: Object) -> int | None:
    """In which turn of its loop a task instance is; None outside of loops."""
    loop = task.get("loop_iteration")
    number = loop.get("iteration") if isinstance(loop, dict) else None
    return number if isinstance(number, int) else None
