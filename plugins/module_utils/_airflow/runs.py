# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAG runs."""

from __future__ import annotations

import contextlib
import typing as t
from datetime import datetime

from .._base.errors import (
    AirflowError,
    ApiError,
    BadInput,
    Conflict,
    Denied,
    NotFound,
    ServerError,
    Unreachable,
    Unsupported,
)
from .._base.times import iso
from .._http.pages import PAGE, pages, walk
from .airflow import Airflow, Family, Object, of_known_shape, why_no_path
from .links import Links
from .lost import lost
from .run_refusals import about_run, fate_unknown, no_run, not_made, trigger_error

if t.TYPE_CHECKING:
    from .._base.patience import Outage


ACTIVE = ("queued", "running")
LATEST = (3, 1)  # the first version that can run a cleared run by the newest version of its DAG
BY_LIST = (3, 3)  # the first version of Airflow 3 whose list of DAG runs marks and deletes those that are selected


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
    """Which runs to list, and how many at most; None: all.

    :param times: such as C(logical_date_gte) or C(start_date_lte), to aware datetimes.
    :param order_by: C(id), C(logical_date), C(start_date) or C(end_date), with C(-) before it: the last one first.
    """

    states: t.Sequence[str]
    times: t.Mapping[str, datetime]
    order_by: str
    limit: int | None


class Runs(Family):
    """DAG runs: {dag_id, dag_run_id, run_type, state, logical_date, run_after, data_interval_start, data_interval_end,
    start_date, end_date, note, conf, url}.
    """

    logical_date: t.ClassVar[str] = ""  # what queries call it

    def get(self, dag_id: str, dag_run_id: str) -> Object:
        """Return one run; NotFound when there is none."""
        try:
            if why_no_path(dag_run_id):
                return self._listed(dag_id, dag_run_id)
            return self._run(self._client.get(self._run_path(dag_id, dag_run_id, "read")))
        except NotFound as error:
            raise no_run(self.url, dag_id, dag_run_id, reason=error.reason) from error

    def find(self, dag_id: str, dag_run_id: str) -> Object | None:
        """Return one run, or None when there is none."""
        try:
            return self.get(dag_id, dag_run_id)
        except NotFound:
            return None

    def _listed(self, dag_id: str, dag_run_id: str) -> Object:
        """Return a run that only a list shows."""
        path = self._path("dags", dag_id, "dagRuns")
        runs = pages(self._client, path, "dag_runs", lambda run: run["dag_run_id"], self._hint(dag_run_id))
        for run in runs:
            if run["dag_run_id"] == dag_run_id:
                return self._run(run)
        raise NotFound("", 404)

    def _hint(self, dag_run_id: str) -> Object:
        """What narrows a list to runs with this in their ids, as far as a version can."""
        return {}

    def of_date(self, dag_id: str, logical_date: datetime) -> Object | None:
        """Return the run that holds this logical date, if there is one; Airflow has at most one per DAG."""
        moment = iso(logical_date)
        params = {f"{self.logical_date}_gte": moment, f"{self.logical_date}_lte": moment, "limit": 1}
        return self._first(dag_id, params)

    def last(self, dag_id: str) -> Object | None:
        """Return the run that was created last, if there is one."""
        return self._first(dag_id, {"order_by": "-id", "limit": 1})

    def select(self, dag_id: str | None, wanted: RunFilter) -> list[Object]:
        """Return the runs of one DAG or, without an id, of all; an unknown DAG has none."""
        params: Object = {}
        if wanted.states:
            params["state"] = list(wanted.states)
        for key, moment in wanted.times.items():
            params[key.replace("logical_date", self.logical_date)] = iso(moment)
        params["order_by"] = wanted.order_by.replace("logical_date", self.logical_date)
        path = self._path("dags", dag_id or "~", "dagRuns")
        try:
            raw = pages(
                self._client, path, "dag_runs", lambda run: (run["dag_id"], run["dag_run_id"]), params, wanted.limit
            )
        except NotFound:
            return []
        return [self._run(run) for run in raw]

    def active(self, dag_ids: t.Sequence[str]) -> list[Object]:
        """Return the queued and running runs of these DAGs, in one request for every 100 runs."""
        return [self._run(run) for run in self._active(dag_ids)] if dag_ids else []

    @of_known_shape
    def _active(self, dag_ids: t.Sequence[str]) -> list[Object]:
        body = {"dag_ids": list(dag_ids), "states": list(ACTIVE), "page_limit": PAGE}

        def ask(offset: int) -> Object:
            path = self._path("dags", "~", "dagRuns", "list")
            page: Object = self._client.post(path, {**body, "page_offset": offset}, repeat=True)
            return page

        return walk(ask, "dag_runs", lambda run: (run["dag_id"], run["dag_run_id"]))

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
                    return self._run(self._client.post(self._path("dags", dag_id, "dagRuns"), body))
                except (ApiError, Unreachable) as error:
                    if isinstance(error, ApiError) and 400 <= error.status < 500 and not isinstance(error, Conflict):
                        raise trigger_error(dag_id, request.dag_run_id, error) from error
                    if lost is None and isinstance(error, Unreachable):
                        # Looking and trying again are one outage.
                        stack.enter_context(self._airflow.patience.within_one_outage())
                    run = self._look_up(dag_id, request.dag_run_id, error)
                    # A conflict with an earlier attempt of this call is a success, any other is the caller's to judge.
                    if run is not None and (lost or not isinstance(error, Conflict)):
                        return run
                    # After a 500 (Airflow 2 gives it for bad input) or an unreadable answer one look is enough.
                    if isinstance(error, ServerError):
                        raise not_made(dag_id, error, self._after_500(request.dag_run_id)) from error
                    if isinstance(error, ApiError):
                        raise
                    lost = lost or self._airflow.patience.outage()
                    try:
                        lost.endure(error)
                    except Unreachable:
                        raise fate_unknown(dag_id, request.dag_run_id, error) from error

    def _look_up(self, dag_id: str, dag_run_id: str, problem: AirflowError) -> Object | None:
        """Look whether a run was made after all; FateUnknown when that cannot be seen, either."""
        try:
            return self.find(dag_id, dag_run_id)
        except AirflowError as error:
            raise fate_unknown(dag_id, dag_run_id, problem) from error

    def _after_500(self, dag_run_id: str) -> str:
        """What this version answers a status of 500 for, as a part of a sentence."""
        return "; the log of Airflow's API server has the reason"

    def check_change(self, dag_id: str, dag_run_id: str, option: str = "") -> None:
        """Raise Unsupported when the API cannot mark or delete this run.

        :param option: the one that wants it, and can be left out.
        """
        self._path_to_change(dag_id, dag_run_id, option)

    def set_state(self, dag_id: str, dag_run_id: str, state: str) -> Object:
        """Mark a run C(success) or C(failed); its unfinished tasks follow."""
        path = self._path_to_change(dag_id, dag_run_id)
        unknown = lost(
            f"DAG run {dag_id} / {dag_run_id} was marked {state}",
            "airflow_dag_run_info",
            f"airflow_dag_run with state: {state}",
        )
        return self._run(self._client.patch(path, {"state": state}, lost=unknown))

    def check_clear(self, latest_version: bool) -> None:
        """Raise Unsupported when this version cannot clear runs so; at most the version is asked for."""
        raise NotImplementedError

    def clear(self, dag_id: str, dag_run_id: str, only_failed: bool, latest_version: bool) -> None:
        """Run the tasks of a run again, all or those that failed; the run is queued again.

        Only the second is repeated after a lost answer: the tasks are no longer failed then, so it does no harm.

        :param latest_version: by the newest version of the DAG; otherwise as Airflow is set up to do it.
        """
        raise NotImplementedError

    def delete(self, dag_id: str, dag_run_id: str) -> None:
        """Delete a run and its task instances."""
        unknown = lost(f"DAG run {dag_id} / {dag_run_id} was deleted", "airflow_dag_run_info")
        try:
            self._delete(self._path_to_change(dag_id, dag_run_id), unknown)
        except Conflict as error:
            raise Conflict(
                f"DAG run {dag_id} / {dag_run_id} cannot be deleted while it is running; use state: cancelled first.",
                error.status,
                error.reason,
            ) from error

    @of_known_shape
    def _run(self, raw: Object) -> Object:
        times = ("logical_date", "data_interval_start", "data_interval_end", "start_date", "end_date")
        return {
            **{key: raw.get(key) for key in ("dag_id", "dag_run_id", "state", "note")},
            "run_type": self._run_type(raw),
            **{key: iso(raw.get(key)) for key in times},
            "run_after": iso(self._run_after(raw)),
            "conf": raw.get("conf") or {},
            "url": self._airflow.ask(Links).dag_run(raw["dag_id"], raw["dag_run_id"]),
        }

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

    def _path_to_change(self, dag_id: str, dag_run_id: str, option: str = "") -> str:
        instead = self._place_of_changes() if why_no_path(dag_run_id) else ""
        if option:
            instead += f", and leave {option} out"
        return self._run_path(dag_id, dag_run_id, "mark or delete", instead)

    def _place_of_changes(self) -> str:
        """Where a run can be marked or deleted that no path can name."""
        # It names runs in another way, and so does a request of 3.3 that changes many of them.
        return "the list of DAG runs in Airflow's web interface"

    def _clear_by_body(self, dag_id: str, dag_run_id: str, only_failed: bool, more: Object) -> None:
        body = {"dry_run": False, "dag_run_id": dag_run_id, "only_failed": only_failed, "reset_dag_runs": True, **more}
        with about_run(dag_id, dag_run_id):
            self._client.post(self._path("dags", dag_id, "clearTaskInstances"), body, repeat=only_failed)

    @of_known_shape
    def _first(self, dag_id: str, params: Object) -> Object | None:
        try:
            runs = self._client.get(self._path("dags", dag_id, "dagRuns"), params).get("dag_runs") or []
        except NotFound:
            return None  # Airflow 3 says so of an unknown DAG, Airflow 2 gives it an empty list.
        return self._run(runs[0]) if runs else None


class RunsV1(Runs, api="v1"):
    """Airflow 2."""

    logical_date = "execution_date"

    def check_trigger(self, request: TriggerRequest) -> str:
        if request.run_after is not None:
            raise Unsupported(f"run_after needs Airflow 3.0 or newer, and {self.url} is Airflow 2; leave it out.")
        if request.note is not None:
            self._airflow.needs("note", (2, 5))
        if request.data_interval_start is not None or request.data_interval_end is not None:
            self._airflow.needs("data_interval_start", (2, 9))
        if request.logical_date is not None and request.logical_date.timestamp() > self._client.server_now() + 1:
            return (
                f"logical_date {iso(request.logical_date)} is in the future, and Airflow 2 starts the run then, not "
                "before, unless [scheduler] allow_trigger_in_future is set."
            )
        return ""

    def check_clear(self, latest_version: bool) -> None:
        self._airflow.needs("state: cleared", (2, 4), "choose another state")

    def clear(self, dag_id: str, dag_run_id: str, only_failed: bool, latest_version: bool) -> None:
        # The clear endpoint of a run knows no only_failed here and would clear everything. A DAG has one version.
        self._clear_by_body(dag_id, dag_run_id, only_failed, {})

    def _after_500(self, dag_run_id: str) -> str:
        try:
            version = self._airflow.version()
        except AirflowError:
            version = ()
        causes, checks = [], []
        if not version or version >= (2, 6):
            causes.append(f"that the run id {dag_run_id} does not fit [scheduler] allowed_run_id_pattern")
            checks.append("dag_run_id")
        if version < (2, 8):
            causes.append("that conf does not fit the DAG's params")
            checks.append("conf")
        return (
            f": the failure may pass, so repeat the task, or this Airflow may mean {' or '.join(causes)}, so check "
            f"{' and '.join(checks)}"
        )

    def _run_after(self, raw: Object) -> t.Any:
        # Airflow 2 starts a run after its data interval; Airflow 3 fills run_after of older runs in the same way.
        return raw.get("data_interval_end") or raw.get("logical_date")

    def _run_type(self, raw: Object) -> t.Any:
        # Airflow 2.3 does not say it.
        return raw.get("run_type") or (
            "manual" if raw.get("external_trigger") else raw["dag_run_id"].partition("__")[0]
        )


class RunsV2(Runs, api="v2"):
    """Airflow 3."""

    logical_date = "logical_date"

    def __init__(self, airflow: Airflow) -> None:
        super().__init__(airflow)
        self._one_by_one = False  # whether the user may list runs of single DAGs only

    def active(self, dag_ids: t.Sequence[str]) -> list[Object]:
        # Airflow 3.0 lists the runs of several DAGs only for who may see those of all.
        if not self._one_by_one:
            try:
                return super().active(dag_ids)
            except Denied as error:
                if error.status != 403:
                    raise
            self._one_by_one = True
        wanted = RunFilter(ACTIVE, {}, "id", None)
        return [run for dag_id in dag_ids for run in self.select(dag_id, wanted)]

    def check_trigger(self, request: TriggerRequest) -> str:
        if request.data_interval_start is not None and request.logical_date is None:
            raise BadInput(
                f"data_interval_start needs a logical_date, since {self.url} is Airflow 3, which drops the interval of "
                "a run without one; give both."
            )
        return ""

    def check_clear(self, latest_version: bool) -> None:
        if latest_version:
            self._airflow.needs("latest_version", LATEST)

    def clear(self, dag_id: str, dag_run_id: str, only_failed: bool, latest_version: bool) -> None:
        more = {"run_on_latest_version": True} if latest_version else {}
        if why_no_path(dag_run_id):
            self._clear_by_body(dag_id, dag_run_id, only_failed, more)
            return
        body = {"dry_run": False, "only_failed": only_failed, **more}
        self._client.post(self._run_path(dag_id, dag_run_id, "clear") + "/clear", body, repeat=only_failed)

    def _place_of_changes(self) -> str:
        return "Airflow's database" if self._airflow.version() < BY_LIST else super()._place_of_changes()

    def _hint(self, dag_run_id: str) -> Object:
        # Airflow 3.0 does not know it, ignores it, and lists all runs.
        return {"run_id_pattern": dag_run_id}

    def _run_after(self, raw: Object) -> t.Any:
        return raw.get("run_after")

    def _trigger_body(self, request: TriggerRequest) -> Object:
        # The key must be there; null lets several runs start in the same moment.
        return {"logical_date": None, **super()._trigger_body(request)}
