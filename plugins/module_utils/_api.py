# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules may ask of Airflow: one interface, whichever version answers.

This is the room where versions live; users and roles have theirs in C(_access). C(Airflow) holds what all of them
share, C(AirflowV1) (2.3 to 2.11) and C(AirflowV2) (3.x) only what differs. Objects come as plain dicts with the same
keys everywhere, named as Airflow 3 names them; times are ISO 8601 texts in UTC.
"""

from __future__ import annotations

import contextlib
import re
import typing as t
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from ._access import Access, AccessV1, AccessV2
from ._client import PAGE, Client, of_known_shape, path_of
from ._errors import (
    AirflowError,
    ApiError,
    BadInput,
    Conflict,
    Denied,
    FateUnknown,
    NotFound,
    ServerError,
    Unreachable,
    Unsupported,
)
from ._inputs import time_of
from ._login import AutoLogin, BasicLogin, JwtLogin, Login, PasswordTokenLogin, SessionLogin, TokenLogin
from ._logs import TaskLog, event_lines, events_of, read_log
from ._text import one_line, reason_of

if t.TYPE_CHECKING:
    from ._wait import Outage

Object = t.Dict[str, t.Any]

COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
ENDED = ("success", "failed")
FAILED = ("failed", "upstream_failed")
NO_STATE = "no_status"  # what Airflow's UI calls a task instance that nothing has looked at yet


class TriggerRequest(t.NamedTuple):
    """A run to make. Times are aware datetimes; None: not given."""

    dag_run_id: str
    conf: t.Mapping[str, t.Any]
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    run_after: datetime | None = None
    note: str | None = None


class RunFilter(t.NamedTuple):
    """Which runs to list, and how many at most.

    :param times: such as C(logical_date_gte) or C(start_date_lte), to aware datetimes.
    :param order_by: C(id), C(logical_date), C(start_date) or C(end_date), with C(-) before it: the last one first.
    """

    states: t.Sequence[str]
    times: t.Mapping[str, datetime]
    order_by: str
    limit: int


class Airflow:
    """An Airflow server. Subclasses set C(prefix) and fill in what differs."""

    prefix = ""
    show_stale: t.Mapping[str, str] = {}  # query that makes a list hold stale DAGs, too
    logical_date = ""  # what queries call it
    logins: t.Mapping[str, t.Callable[[str, str], Login]] = {}  # by api_auth
    token_login = TokenLogin
    api_version = ""
    health_path = "/health"

    def __init__(self, client: Client, version: tuple[int, ...] | None = None) -> None:
        self.client = client
        self.url = client.url
        self._version = version

    # -- DAGs: {dag_id, description, fileloc, has_import_errors, is_paused, is_stale, last_parsed_time, max_active_runs,
    #    owners, tags, timetable_description, url}

    def dag(self, dag_id: str) -> Object:
        """Return one DAG, stale ones included; NotFound when Airflow does not know it."""
        with self._named(f"DAG {dag_id}", "check dag_id, and that its file has been parsed"):
            return self._dag(self.client.get(self._path("dags", dag_id)))

    def find_dag(self, dag_id: str) -> Object | None:
        """Return one DAG, or None when Airflow does not know it."""
        try:
            return self.dag(dag_id)
        except NotFound:
            return None

    def dags(self, containing: str = "", tags: t.Sequence[str] = ()) -> list[Object]:
        """Return the DAGs that carry any of the tags, stale ones included.

        :param containing: narrows the list to ids that hold this text; a hint to the server, not a filter: C(_) stands
            for any character there.
        """
        params: Object = dict(self.show_stale)
        if containing:
            params["dag_id_pattern"] = containing
        if tags:
            params["tags"] = list(tags)
        raw = self.client.pages(self._path("dags"), "dags", lambda dag: dag["dag_id"], params)
        return [self._dag(dag) for dag in raw]

    def set_paused(self, dag_id: str, paused: bool) -> Object:
        """Pause or unpause a DAG and return it."""
        with self._named(f"DAG {dag_id}", "check dag_id, and that its file has been parsed"):
            return self._dag(self.client.patch(self._path("dags", dag_id), {"is_paused": paused}))

    @of_known_shape
    def set_all_paused(self, containing: str, tags: t.Sequence[str], paused: bool) -> list[Object]:
        """Pause or unpause all DAGs that C(dags) would list, stale ones left out; some 100 in a request.

        Returns all that may have been changed, as they are now.
        """
        # The pattern must be there on Airflow 2, where tags alone are refused.
        params: Object = {"dag_id_pattern": containing or "~", "limit": PAGE, **({"tags": list(tags)} if tags else {})}

        def write(offset: int) -> Object:
            page: Object = self.client.patch(self._path("dags"), {"is_paused": paused}, {**params, "offset": offset})
            return page

        return [self._dag(dag) for dag in _walk(write, "dags", lambda dag: dag["dag_id"])]

    def import_errors(self) -> list[Object]:
        """Return {filename, timestamp, stack_trace} of each file that cannot be imported."""
        raw = self.client.pages(self._path("importErrors"), "import_errors", lambda error: error["import_error_id"])
        return [self._import_error(error) for error in raw]

    def is_file_of(self, dag: Object, filename: str) -> bool:
        """Whether a file, by the name that it has among the import errors, is that of a DAG."""
        return bool(dag["fileloc"] == filename)

    def reparse(self, dag_id: str) -> None:
        """Ask Airflow to parse a DAG's file soon: a wish that does no harm when refused, as by Airflow before 2.10."""
        with contextlib.suppress(ApiError, KeyError, TypeError):
            token = self.client.get(self._path("dags", dag_id))["file_token"]
            self.client.put(self._path("parseDagFile", token))

    def version_time(self, dag_id: str) -> str | None:
        """Return when the newest version of a DAG was made, where Airflow keeps versions and lets the user see them."""
        return None

    def delete_dag(self, dag_id: str) -> None:
        """Delete a DAG's records. While its file is there, Airflow parses it anew and the DAG comes back, paused."""
        try:
            self.client.delete(self._path("dags", dag_id))
        except NotFound:
            pass  # Gone meanwhile: that is what was wanted.
        except Conflict as error:
            raise Conflict(
                f"DAG {dag_id} cannot be deleted while its tasks are running; end its runs first.",
                error.status,
                error.reason,
            ) from error

    # -- DAG runs: {dag_id, dag_run_id, run_type, state, logical_date, run_after, data_interval_start,
    #    data_interval_end, start_date, end_date, note, conf, url}

    def dag_run(self, dag_id: str, dag_run_id: str) -> Object:
        """Return one run; NotFound when there is none."""
        with self._named(f"DAG run {dag_id} / {dag_run_id}", "check dag_id and dag_run_id"):
            return self._run(self.client.get(self._run_path(dag_id, dag_run_id)))

    def dag_run_of_date(self, dag_id: str, logical_date: datetime) -> Object | None:
        """Return the run that holds this logical date, if there is one; Airflow has at most one per DAG."""
        moment = iso(logical_date)
        params = {f"{self.logical_date}_gte": moment, f"{self.logical_date}_lte": moment, "limit": 1}
        return self._first_run(dag_id, params)

    def last_dag_run(self, dag_id: str) -> Object | None:
        """Return the run that was created last, if there is one."""
        return self._first_run(dag_id, {"order_by": "-id", "limit": 1})

    def dag_runs(self, dag_id: str | None, wanted: RunFilter) -> list[Object]:
        """Return the runs of one DAG or, without an id, of all; an unknown DAG has none."""
        params: Object = {}
        if wanted.states:
            params["state"] = list(wanted.states)
        for key, moment in wanted.times.items():
            params[key.replace("logical_date", self.logical_date)] = iso(moment)
        params["order_by"] = wanted.order_by.replace("logical_date", self.logical_date)
        try:
            raw = self.client.pages(
                self._path("dags", dag_id or "~", "dagRuns"),
                "dag_runs",
                lambda run: (run["dag_id"], run["dag_run_id"]),
                params,
                wanted.limit,
            )
        except NotFound:
            return []
        return [self._run(run) for run in raw]

    def active_dag_runs(self, dag_ids: t.Sequence[str]) -> list[Object]:
        """Return the queued and running runs of these DAGs, in one request for every 100 runs."""
        return [self._run(run) for run in self._active(dag_ids)] if dag_ids else []

    @of_known_shape
    def _active(self, dag_ids: t.Sequence[str]) -> list[Object]:
        body = {"dag_ids": list(dag_ids), "states": ["queued", "running"], "page_limit": PAGE}

        def ask(offset: int) -> Object:
            path = self._path("dags", "~", "dagRuns", "list")
            page: Object = self.client.post(path, {**body, "page_offset": offset}, repeat=True)
            return page

        return _walk(ask, "dag_runs", lambda run: (run["dag_id"], run["dag_run_id"]))

    def check_trigger(self, request: TriggerRequest) -> str:
        """Raise BadInput, before anything is written, when this Airflow does not do what the request asks for.

        Returns a sentence about what the user may not expect of the run, or an empty text.
        """
        raise NotImplementedError

    def trigger(self, dag_id: str, request: TriggerRequest) -> Object:
        """Make a run, exactly once, and return it.

        The id is known before the request, so an answer that got lost is no riddle: the run is looked up, and only when
        it is not there the same request goes out again, with the same id.

        Conflict: a run with this id or this logical date exists, and it is not of this call. FateUnknown: nobody knows
        whether the run was made.
        """
        body = self._trigger_body(request)
        lost: Outage | None = None
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    return self._run(self.client.post(self._path("dags", dag_id, "dagRuns"), body))
                except (ApiError, Unreachable) as error:
                    if isinstance(error, ApiError) and 400 <= error.status < 500 and not isinstance(error, Conflict):
                        raise self._trigger_error(dag_id, error) from error
                    if lost is None and isinstance(error, Unreachable):
                        # Looking and trying again are one outage.
                        stack.enter_context(self.client.within_one_outage())
                    run = self._look_up(dag_id, request.dag_run_id, error)
                    # A conflict with an earlier attempt of this call is a success, any other is the caller's to judge.
                    if run is not None and (lost or not isinstance(error, Conflict)):
                        return run
                    # After a 500 (Airflow 2 gives it for bad input) or an unreadable answer one look is enough.
                    if isinstance(error, ServerError):
                        raise self._trigger_error(dag_id, error) from error
                    if isinstance(error, ApiError):
                        raise
                    lost = lost or self.client.outage()
                    try:
                        lost.endure(error)
                    except Unreachable:
                        raise _fate_unknown(dag_id, request.dag_run_id, error) from error

    def _look_up(self, dag_id: str, dag_run_id: str, problem: AirflowError) -> Object | None:
        """Look whether a run was made after all; FateUnknown when that cannot be seen, either."""
        try:
            return self.find_dag_run(dag_id, dag_run_id)
        except AirflowError as error:
            raise _fate_unknown(dag_id, dag_run_id, problem) from error

    def find_dag_run(self, dag_id: str, dag_run_id: str) -> Object | None:
        """Return one run, or None when there is none."""
        try:
            return self.dag_run(dag_id, dag_run_id)
        except NotFound:
            return None

    def set_dag_run_state(self, dag_id: str, dag_run_id: str, state: str) -> Object:
        """Mark a run C(success) or C(failed); its unfinished tasks follow."""
        return self._run(self.client.patch(self._run_path(dag_id, dag_run_id), {"state": state}))

    def check_clear(self) -> None:
        """Raise Unsupported when this version cannot clear runs; nothing is sent but, perhaps, the question for it."""

    def clear_dag_run(self, dag_id: str, dag_run_id: str, only_failed: bool) -> None:
        """Run the tasks of a run again, all or those that failed; the run is queued again.

        Only the second is repeated after a lost answer: the tasks are no longer failed then, so it does no harm.
        """
        raise NotImplementedError

    def delete_dag_run(self, dag_id: str, dag_run_id: str) -> None:
        """Delete a run and its task instances."""
        try:
            self.client.delete(self._run_path(dag_id, dag_run_id))
        except NotFound:
            pass  # Gone meanwhile: that is what was wanted.
        except Conflict as error:
            raise Conflict(
                f"DAG run {dag_id} / {dag_run_id} cannot be deleted while it is running; use state: failed first.",
                error.status,
                error.reason,
            ) from error

    # -- task instances: {task_id, map_index, state, operator, try_number, max_tries, start_date, end_date, duration,
    #    url, log_tail}

    def task_instances(self, dag_id: str, dag_run_id: str) -> list[Object]:
        """Return all task instances of a run, sorted by start, then name; mapped ones come one by one."""
        raw = self.client.pages(
            self._run_path(dag_id, dag_run_id) + "/taskInstances",
            "task_instances",
            lambda task: (task["task_id"], task.get("map_index", -1)),
        )
        tasks = [self._task(dag_id, dag_run_id, task) for task in raw]
        return sorted(tasks, key=lambda task: (task["start_date"] is None, task["start_date"] or "", *task_key(task)))

    @of_known_shape
    def pool_of(self, dag_id: str, dag_run_id: str, task: Object) -> Object:
        """Return {name, slots, open_slots} of a task instance's pool; C(slots=None): it does not exist."""
        index = [str(task["map_index"])] if task["map_index"] >= 0 else []
        parts = path_of("taskInstances", task["task_id"], *index)
        name = self.client.get(self._run_path(dag_id, dag_run_id) + parts)["pool"]
        try:
            pool = self.client.get(self._path("pools", name))
        except NotFound:
            pool = {"name": name, "slots": None, "open_slots": None}
        return {key: pool[key] for key in ("name", "slots", "open_slots")}

    @of_known_shape
    def retry_time(self, dag_id: str, task: Object) -> str | None:
        """Return when a task that is up for retry runs again; None where its pauses grow, which only Airflow knows."""
        raw = self.client.get(self._path("dags", dag_id, "tasks", task["task_id"]))
        if raw["retry_exponential_backoff"] or not task["end_date"]:
            return None
        pause = timedelta(days=raw["retry_delay"]["days"], seconds=raw["retry_delay"]["seconds"])
        return iso(time_of("a time of Airflow", task["end_date"]) + pause)

    def task_log(self, dag_id: str, dag_run_id: str, task: Object, keep: int) -> TaskLog:
        """Return the last lines of a task's last try, and why it failed.

        A log that cannot be read never fails anything: the tail then says so.
        """
        if not task["try_number"]:
            return TaskLog("", "")
        path = self._run_path(dag_id, dag_run_id) + path_of(
            "taskInstances", task["task_id"], "logs", str(task["try_number"])
        )
        try:
            params = self._log_params(task)
            return self.client.through_outages(lambda: self._read_log(path, params, keep))
        except AirflowError as error:
            return TaskLog(f"The log cannot be read: {error.message}", "")

    # -- the server

    def log_in(self) -> None:
        """Log in; Denied unless the credentials are right. No permission is needed."""
        try:
            self.client.get(self._path("dags"), {"limit": 1})
        except Denied as error:
            if not error.authenticated:
                raise

    @of_known_shape
    def health(self) -> Object:
        """Return {component: {status, latest_heartbeat}} of metadatabase, scheduler, triggerer and dag_processor.

        A status of None: there is no such component, or it never ran.
        """
        raw = self.client.anonymous().get(self.prefix + self.health_path)
        raw["metadatabase"]  # Every Airflow has one; what has none is no Airflow.
        health = {}
        for component in COMPONENTS:
            part = raw.get(component) or {}
            health[component] = {
                "status": part.get("status"),
                "latest_heartbeat": iso(part.get(f"latest_{component}_heartbeat")),
            }
        return health

    @of_known_shape
    def version(self) -> tuple[int, ...]:
        """Return Airflow's version, such as C((2, 11, 2)); read once."""
        if self._version is None:
            self._version = version_of(self.client.anonymous().get(self.prefix + "/version")["version"])
        return self._version

    # -- what differs

    @of_known_shape
    def _dag(self, raw: Object) -> Object:
        keys = ("dag_id", "description", "fileloc", "is_paused", "max_active_runs", "owners", "timetable_description")
        return {
            **{key: raw.get(key) for key in keys},
            "has_import_errors": bool(raw.get("has_import_errors")),
            "is_stale": self._is_stale(raw),
            "last_parsed_time": iso(raw.get("last_parsed_time")),
            "tags": sorted(tag["name"] for tag in raw.get("tags") or []),
            "url": self.dag_url(raw["dag_id"]),
        }

    @of_known_shape
    def _import_error(self, raw: Object) -> Object:
        return {
            "filename": raw["filename"],
            "timestamp": iso(raw["timestamp"]),
            "stack_trace": self.client.redact(raw.get("stack_trace") or ""),
        }

    @of_known_shape
    def _run(self, raw: Object) -> Object:
        times = ("logical_date", "data_interval_start", "data_interval_end", "start_date", "end_date")
        return {
            **{key: raw.get(key) for key in ("dag_id", "dag_run_id", "state", "note")},
            "run_type": self._run_type(raw),
            **{key: iso(raw.get(key)) for key in times},
            "run_after": iso(self._run_after(raw)),
            "conf": raw.get("conf") or {},
            "url": self.dag_run_url(raw["dag_id"], raw["dag_run_id"]),
        }

    @of_known_shape
    def _task(self, dag_id: str, dag_run_id: str, raw: Object) -> Object:
        task: Object = {
            key: raw.get(key) for key in ("task_id", "state", "operator", "try_number", "max_tries", "duration")
        }
        task["map_index"] = raw.get("map_index", -1)
        task.update({key: iso(raw.get(key)) for key in ("start_date", "end_date")})
        task["url"] = self.task_url(dag_id, dag_run_id, task["task_id"], task["map_index"])
        task["log_tail"] = None
        return task

    def _is_stale(self, raw: Object) -> bool:
        raise NotImplementedError

    def _run_after(self, raw: Object) -> t.Any:
        raise NotImplementedError

    def _run_type(self, raw: Object) -> t.Any:
        return raw.get("run_type")

    def _trigger_body(self, request: TriggerRequest) -> Object:
        body: Object = {"dag_run_id": request.dag_run_id, "conf": dict(request.conf)}
        times = ("logical_date", "data_interval_start", "data_interval_end", "run_after")
        body.update({key: iso(getattr(request, key)) for key in times if getattr(request, key) is not None})
        if request.note is not None:
            body["note"] = request.note
        return body

    def _read_log(self, path: str, params: Object, keep: int) -> TaskLog:
        raise NotImplementedError

    @property
    def access(self) -> Access:
        """Users and roles."""
        raise NotImplementedError

    def dag_url(self, dag_id: str) -> str:
        """Where a person sees the DAG in Airflow's UI."""
        raise NotImplementedError

    def dag_run_url(self, dag_id: str, dag_run_id: str) -> str:
        """Where a person sees the run in Airflow's UI."""
        raise NotImplementedError

    def task_url(self, dag_id: str, dag_run_id: str, task_id: str, map_index: int) -> str:
        """Where a person sees the task instance in Airflow's UI."""
        raise NotImplementedError

    # -- helpers

    def _path(self, *parts: str) -> str:
        return self.prefix + path_of(*parts)

    def _run_path(self, dag_id: str, dag_run_id: str) -> str:
        return self._path("dags", dag_id, "dagRuns", dag_run_id)

    @of_known_shape
    def _first_run(self, dag_id: str, params: Object) -> Object | None:
        try:
            runs = self.client.get(self._path("dags", dag_id, "dagRuns"), params).get("dag_runs") or []
        except NotFound:
            return None  # Airflow 3 says so of an unknown DAG, Airflow 2 gives it an empty list.
        return self._run(runs[0]) if runs else None

    def _log_params(self, task: Object) -> Object:
        """What the log of a task is asked for with; Unsupported when this Airflow shows it to nobody."""
        index = {"map_index": task["map_index"]} if task["map_index"] >= 0 else {}
        return {"full_content": "true", **index}

    def _needs(self, feature: str, minimum: tuple[int, ...]) -> None:
        if self.version() < minimum:
            has = ".".join(map(str, self.version()))
            raise Unsupported(
                f"{feature} needs Airflow {'.'.join(map(str, minimum))} or newer, and {self.url} is {has}; "
                "leave it out, or upgrade."
            )

    def _trigger_error(self, dag_id: str, error: ApiError) -> AirflowError:
        """Say what a refused trigger means in the options' words."""
        if isinstance(error, NotFound):
            return NotFound(
                f"DAG {dag_id} cannot be triggered: {error.reason or 'it does not exist'}.", error.status, error.reason
            )
        if isinstance(error, ServerError):
            return ServerError(
                f"{error.message} No run of DAG {dag_id} was made. Airflow before 2.8 answers so when conf does not "
                "fit the DAG's params: check conf; the log of its web server has the reason.",
                error.status,
                error.reason,
            )
        if error.status == 403:
            error.message = (
                f"{error.message.rstrip('.')}; a trigger takes can_edit on the DAG and can_create on DAG Runs."
            )
        if error.status in (400, 422):
            return BadInput(
                f"Airflow refused the run of DAG {dag_id}: {one_line(error.reason, 300)}; check conf and the dates."
            )
        return error

    @contextlib.contextmanager
    def _named(self, what: str, advice: str) -> t.Iterator[None]:
        """Let a 404 say what does not exist."""
        try:
            yield
        except NotFound as error:
            raise NotFound(f"{what} does not exist at {self.url}; {advice}.", error.status, error.reason) from error


class AirflowV1(Airflow):
    """Airflow 2.3 to 2.11."""

    api_version = "v1"
    prefix = "/api/v1"
    show_stale: t.Mapping[str, str] = {"only_active": "false"}
    logical_date = "execution_date"
    logins: t.Mapping[str, t.Callable[[str, str], Login]] = {
        "auto": AutoLogin,
        "basic": BasicLogin,
        "session": SessionLogin,
    }

    def check_trigger(self, request: TriggerRequest) -> str:
        if request.run_after is not None:
            raise Unsupported(f"run_after needs Airflow 3.0 or newer, and {self.url} is Airflow 2; leave it out.")
        if request.note is not None:
            self._needs("note", (2, 5))
        if request.data_interval_start is not None or request.data_interval_end is not None:
            self._needs("data_interval_start", (2, 9))
        if request.logical_date is not None and request.logical_date.timestamp() > self.client.server_now() + 1:
            return (
                f"logical_date {iso(request.logical_date)} lies in the future, and Airflow 2 starts the run then, not "
                "before, unless [scheduler] allow_trigger_in_future is set."
            )
        return ""

    def check_clear(self) -> None:
        self._needs("state: cleared", (2, 4))

    def clear_dag_run(self, dag_id: str, dag_run_id: str, only_failed: bool) -> None:
        # The clear endpoint of a run knows no only_failed here and would clear everything.
        body = {"dry_run": False, "dag_run_id": dag_run_id, "only_failed": only_failed, "reset_dag_runs": True}
        self.client.post(self._path("dags", dag_id, "clearTaskInstances"), body, repeat=only_failed)

    @property
    def access(self) -> Access:
        return AccessV1(self.client)

    def dag_url(self, dag_id: str) -> str:
        return f"{self.url}{path_of('dags', dag_id, 'grid')}"

    def dag_run_url(self, dag_id: str, dag_run_id: str) -> str:
        return f"{self.dag_url(dag_id)}?dag_run_id={quote(dag_run_id, safe='')}"

    def task_url(self, dag_id: str, dag_run_id: str, task_id: str, map_index: int) -> str:
        index = f"&map_index={map_index}" if map_index >= 0 else ""
        return f"{self.dag_run_url(dag_id, dag_run_id)}&task_id={quote(task_id, safe='')}{index}"

    def _is_stale(self, raw: Object) -> bool:
        return not raw.get("is_active")

    def _run_after(self, raw: Object) -> t.Any:
        # Airflow 2 starts a run after its data interval; Airflow 3 fills run_after of older runs in the same way.
        return raw.get("data_interval_end") or raw.get("logical_date")

    def _run_type(self, raw: Object) -> t.Any:
        # Airflow 2.3 does not say it.
        return raw.get("run_type") or (
            "manual" if raw.get("external_trigger") else raw["dag_run_id"].partition("__")[0]
        )

    def _log_params(self, task: Object) -> Object:
        if task["map_index"] >= 0:
            self._needs("The log of a mapped task", (2, 4))
        return super()._log_params(task)

    def _read_log(self, path: str, params: Object, keep: int) -> TaskLog:
        # As JSON, a log is the text of a Python expression here.
        with self.client.lines(path, params, "text/plain") as lines:
            return read_log((self.client.redact(line) for line in lines), keep)


class AirflowV2(Airflow):
    """Airflow 3."""

    api_version = "v2"
    prefix = "/api/v2"
    health_path = "/monitor/health"
    show_stale: t.Mapping[str, str] = {"exclude_stale": "false"}
    logical_date = "logical_date"
    # Basic auth and cookies are gone: api_auth is an option for Airflow 2 alone.
    logins: t.Mapping[str, t.Callable[[str, str], Login]] = dict.fromkeys(AirflowV1.logins, PasswordTokenLogin)
    token_login = JwtLogin

    def check_trigger(self, request: TriggerRequest) -> str:
        if request.data_interval_start is not None and request.logical_date is None:
            raise BadInput(
                f"data_interval_start needs a logical_date, since {self.url} is Airflow 3, which drops the interval of "
                "a run without one; give both."
            )
        return ""

    def set_all_paused(self, containing: str, tags: t.Sequence[str], paused: bool) -> list[Object]:
        # The writes of 3.3 hit every match, and answer with no more than the page that was asked for.
        super().set_all_paused(containing, tags, paused)
        return self.dags(containing, tags)

    def clear_dag_run(self, dag_id: str, dag_run_id: str, only_failed: bool) -> None:
        body = {"dry_run": False, "only_failed": only_failed}
        self.client.post(self._run_path(dag_id, dag_run_id) + "/clear", body, repeat=only_failed)

    def is_file_of(self, dag: Object, filename: str) -> bool:
        if not str(dag["fileloc"]).endswith("/" + filename):
            return super().is_file_of(dag, filename)
        # Import errors name a file by its place in the bundle, and another bundle or folder may hold one of that name.
        with contextlib.suppress(ApiError):
            place = self.client.get(self._path("dags", dag["dag_id"])).get("relative_fileloc")
            return place in (None, filename)
        return True

    def version_time(self, dag_id: str) -> str | None:
        params = {"order_by": "-version_number", "limit": 1}
        try:
            versions = self.client.get(self._path("dags", dag_id, "dagVersions"), params)["dag_versions"]
            return iso(versions[0]["created_at"]) if versions else None
        except (ApiError, KeyError, TypeError):
            return None

    @property
    def access(self) -> Access:
        return AccessV2(self.client)

    def dag_url(self, dag_id: str) -> str:
        return f"{self.url}{path_of('dags', dag_id)}"

    def dag_run_url(self, dag_id: str, dag_run_id: str) -> str:
        return f"{self.dag_url(dag_id)}{path_of('runs', dag_run_id)}"

    def task_url(self, dag_id: str, dag_run_id: str, task_id: str, map_index: int) -> str:
        index = path_of("mapped", str(map_index)) if map_index >= 0 else ""
        return f"{self.dag_run_url(dag_id, dag_run_id)}{path_of('tasks', task_id)}{index}"

    def _is_stale(self, raw: Object) -> bool:
        return bool(raw.get("is_stale"))

    def _run_after(self, raw: Object) -> t.Any:
        return raw.get("run_after")

    def _trigger_body(self, request: TriggerRequest) -> Object:
        # The key must be there; null lets several runs start in the same moment.
        return {"logical_date": None, **super()._trigger_body(request)}

    def _read_log(self, path: str, params: Object, keep: int) -> TaskLog:
        with self.client.lines(path, params, "application/x-ndjson") as lines:
            # What a task has printed may be JSON or Python itself, in the JSON of the log.
            events = map(self.client.redact.deep, events_of(self.client.redact(line) for line in lines))
            return read_log(event_lines(events), keep)


def _fate_unknown(dag_id: str, dag_run_id: str, problem: AirflowError) -> FateUnknown:
    return FateUnknown(
        f"{problem.message} Whether run {dag_run_id} of DAG {dag_id} was made is not known; repeat the task with this "
        "dag_run_id."
    )


GENERATIONS: dict[str, type[Airflow]] = {"v1": AirflowV1, "v2": AirflowV2}


def detect(client: Client) -> Airflow:
    """Find out by one request which API answers; on Airflow 2 that tells the version, too.

    Airflow 2 tells its version to everybody; Airflow 3 answers the same path with a JSON error that says that it was
    removed (3.3), or that there is no such route (3.0).
    """
    place = f"{client.url}{AirflowV1.prefix}/version"
    answer = client.open_request("GET", f"{AirflowV1.prefix}/version", auth=client.login)
    if answer.status in (401, 403):
        raise Denied(
            f"{place} wants a login before it tells its version ({answer.status}); set api_version.", answer.status
        )
    try:
        body = answer.json()
    except ApiError:
        body = None
    if isinstance(body, dict) and answer.status == 200 and "version" in body:
        return AirflowV1(client, version_of(body["version"]))
    if isinstance(body, dict) and answer.status == 404 and "error" in body:
        return AirflowV2(client)
    what = one_line(reason_of(answer.headers.get("Content-Type", ""), answer.text), 100) or "nothing of use"
    raise ApiError(
        f"No Airflow API answers at {client.url}: {place} gave status {answer.status} with {what}; "
        "check api_url: its path prefix, and whether a proxy or a login page stands before Airflow.",
        answer.status,
    )


def version_of(text: t.Any) -> tuple[int, ...]:
    """Return the numbers of a version that Airflow tells, such as C(2.11.2), C(2.9.3+composer) or C(3.0.0rc1)."""
    return tuple(map(int, re.findall(r"(?:^|[.])(\d+)", str(text).partition("+")[0])[:3]))


def iso(value: t.Any) -> str | None:
    """Return a moment as Airflow 3 writes it, whether it comes as text of some Airflow or as a datetime."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else time_of("a time of Airflow", value)
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _walk(ask: t.Callable[[int], Object], key: str, identity: t.Callable[[Object], t.Any]) -> list[Object]:
    """Go through pages that are no plain GET, until the last one, or one with nothing new.

    :param ask: returns the page that begins behind so many objects.
    """
    found: dict[t.Any, Object] = {}
    seen = 0
    while True:
        page = ask(seen)
        before = len(found)
        found.update((identity(item), item) for item in page[key])
        seen += len(page[key])
        if len(found) == before or _is_last(page, seen):
            return list(found.values())


def _is_last(page: Object, seen: int) -> bool:
    """Whether no page comes after this one, as far as the server knows; it need not count (3.2 and newer)."""
    total = page["total_entries"]
    return isinstance(total, int) and seen >= total


def task_key(task: Object) -> tuple[str, int]:
    """What tells task instances of a run apart."""
    return (task["task_id"], task["map_index"])
