# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the two generations of Airflow answer, as seen on 2.11.2 and 3.3.2."""

from __future__ import annotations

import json
import typing as t
import uuid

RUN_ID = "release-42"
NEW_ID = "ansible__20261122T101500Z__5f3ac0de"  # with the clock and the random numbers of the tests
DATE = "2026-11-22T00:00:00Z"
CREATED = "2026-11-22T10:15:00.250000"
STARTED = "2026-11-22T10:15:00.500000"
ENDED = "2026-11-22T10:18:12.500000"  # 3m12s later

Body = t.Dict[str, t.Any]


class DigestBody(dict):  # type: ignore[type-arg]
    """A variable whose value is a digest, which has a salt."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and other["key"] == self["key"] and "scrypt 4096 8 1 " in other["value"]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


class Generation:
    """One of the two, by the same names."""

    name = ""
    other = ""
    prefix = ""
    zone = ""
    version = ""
    date_filter = ""
    stale_filter: dict[str, str] = {}

    def time(self, moment: str | None) -> str | None:
        """A moment without a zone, as this Airflow writes it."""
        return moment and moment.replace("Z", "") + self.zone

    def dags(self, *dags: Body, total: int | None = None) -> Body:
        return {"dags": list(dags), "total_entries": len(dags) if total is None else total}

    def runs(self, *runs: Body, total: int | None = None) -> Body:
        return {"dag_runs": list(runs), "total_entries": len(runs) if total is None else total}

    def tasks(self, *tasks: Body, total: int | None = None) -> Body:
        return {"task_instances": list(tasks), "total_entries": len(tasks) if total is None else total}

    def dag(self, dag_id: str = "etl_daily", **keys: t.Any) -> Body:
        raise NotImplementedError

    def run(self, dag_run_id: str = RUN_ID, state: str = "queued", **keys: t.Any) -> Body:
        raise NotImplementedError

    def task(self, task_id: str, state: str | None = "success", **keys: t.Any) -> Body:
        raise NotImplementedError

    def problem(self, status: int, title: str, detail: t.Any = None) -> Body:
        raise NotImplementedError

    def no_dag(self, dag_id: str = "etl_daily") -> Body:
        raise NotImplementedError

    def no_run(self, dag_run_id: str = RUN_ID) -> Body:
        raise NotImplementedError

    def conflict(self, what: str) -> Body:
        raise NotImplementedError

    def trigger_body(self, dag_run_id: str = NEW_ID, **keys: t.Any) -> Body:
        raise NotImplementedError

    def log(self, *lines: str) -> str:
        """A task's log of these lines, as it comes from the server."""
        raise NotImplementedError

    def dag_url(self, dag_id: str = "etl_daily") -> str:
        raise NotImplementedError

    def run_url(self, dag_run_id: str = RUN_ID) -> str:
        raise NotImplementedError


class V1(Generation):
    """Airflow 2."""

    name = "v1"
    other = "v2"
    prefix = "/api/v1/"
    zone = "+00:00"
    version = "2.11.2"
    date_filter = "execution_date"
    stale_filter: dict[str, str] = {"only_active": "false"}

    def dag(self, dag_id: str = "etl_daily", **keys: t.Any) -> Body:
        stale = keys.pop("is_stale", False)
        return {
            "dag_display_name": dag_id,
            "dag_id": dag_id,
            "default_view": "grid",
            "description": None,
            "file_token": "Ii9vcHQvYWlyZmxvdy9kYWdzL2V0bC5weSI.5FDAvK1lAMU8ADvLpOY",
            "fileloc": "/opt/airflow/dags/etl.py",
            "has_import_errors": False,
            "is_active": not stale,
            "is_paused": False,
            "last_parsed_time": "2026-11-22T10:00:42.287217+00:00",
            "max_active_runs": 16,
            "owners": ["airflow"],
            "schedule_interval": None,
            "tags": [{"name": tag} for tag in keys.pop("tags", ["demo"])],
            "timetable_description": "Never, external triggers only",
            **keys,
        }

    def run(self, dag_run_id: str = RUN_ID, state: str = "queued", **keys: t.Any) -> Body:
        date = keys.pop("logical_date", CREATED)
        times = {key: self.time(keys.pop(key, None)) for key in ("start_date", "end_date")}
        return {
            "conf": {},
            "dag_id": "etl_daily",
            "dag_run_id": dag_run_id,
            "data_interval_end": self.time(date),
            "data_interval_start": self.time(date),
            "execution_date": self.time(date),
            "external_trigger": True,
            "last_scheduling_decision": None,
            "logical_date": self.time(date),
            "note": None,
            "run_type": "manual",
            "state": state,
            **times,
            **keys,
        }

    def task(self, task_id: str, state: str | None = "success", **keys: t.Any) -> Body:
        ran = state in ("success", "failed", "running")
        return {
            "dag_id": "etl_daily",
            "dag_run_id": RUN_ID,
            "duration": 4.25 if ran else None,
            "end_date": self.time(ENDED) if state not in (None, "running") else None,
            "execution_date": self.time(CREATED),
            "executor_config": "{}",
            "hostname": "worker-1" if ran else "",
            "map_index": -1,
            "max_tries": 0,
            "note": None,
            "operator": "PythonOperator",
            "pool": "default_pool",
            "rendered_fields": {"op_args": [], "op_kwargs": {}, "templates_dict": None},
            "start_date": self.time(STARTED) if ran else None,
            "state": state,
            "task_id": task_id,
            "trigger": None,
            "try_number": 1 if ran else 0,
            "unixname": "airflow",
            **keys,
        }

    def problem(self, status: int, title: str, detail: t.Any = None) -> Body:
        kinds = {
            400: "BadRequest",
            401: "Unauthenticated",
            403: "PermissionDenied",
            404: "NotFound",
            409: "AlreadyExists",
        }
        docs = "https://airflow.apache.org/docs/apache-airflow/2.11.2/stable-rest-api-ref.html#section/Errors/"
        return {"detail": detail, "status": status, "title": title, "type": docs + kinds.get(status, "Unknown")}

    def no_dag(self, dag_id: str = "etl_daily") -> Body:
        return self.problem(404, "DAG not found", f"The DAG with dag_id: {dag_id} was not found")

    def no_run(self, dag_run_id: str = RUN_ID) -> Body:
        detail = f"DAGRun with DAG ID: 'etl_daily' and DagRun ID: '{dag_run_id}' not found"
        return self.problem(404, "DAGRun not found", detail)

    def conflict(self, what: str) -> Body:
        return self.problem(409, "Conflict", f"DAGRun with DAG ID: 'etl_daily' and DAGRun {what} already exists")

    def trigger_body(self, dag_run_id: str = NEW_ID, **keys: t.Any) -> Body:
        return {"dag_run_id": dag_run_id, "conf": {}, **keys}

    def log(self, *lines: str) -> str:
        return "\n".join(
            ("worker-1", " INFO - ::group::Log message source details", "*** Found local files:", *lines, "")
        )

    def dag_url(self, dag_id: str = "etl_daily") -> str:
        return f"https://airflow.example/dags/{dag_id}/grid"

    def run_url(self, dag_run_id: str = RUN_ID) -> str:
        return f"https://airflow.example/dags/etl_daily/grid?dag_run_id={dag_run_id}"


class V2(Generation):
    """Airflow 3."""

    name = "v2"
    other = "v1"
    prefix = "/api/v2/"
    zone = "Z"
    version = "3.3.2"
    date_filter = "logical_date"
    stale_filter: dict[str, str] = {"exclude_stale": "false"}

    def dag(self, dag_id: str = "etl_daily", **keys: t.Any) -> Body:
        return {
            "dag_id": dag_id,
            "dag_display_name": dag_id,
            "is_paused": False,
            "is_stale": False,
            "last_parsed_time": "2026-11-22T10:00:42.287217Z",
            "bundle_name": "dags-folder",
            "bundle_version": None,
            "relative_fileloc": "etl.py",
            "fileloc": "/opt/airflow/dags/etl.py",
            "description": None,
            "timetable_description": "Never, external triggers only",
            "tags": [{"name": tag, "dag_id": dag_id} for tag in keys.pop("tags", ["demo"])],
            "max_active_runs": 16,
            "has_import_errors": False,
            "owners": ["airflow"],
            "file_token": "eyJidW5kbGVfbmFtZSI6ImRhZ3MtZm9sZGVyIn0.DcFad2S",
            **keys,
        }

    def run(self, dag_run_id: str = RUN_ID, state: str = "queued", **keys: t.Any) -> Body:
        times = ("logical_date", "data_interval_start", "data_interval_end", "start_date", "end_date")
        return {
            "dag_run_id": dag_run_id,
            "dag_id": "etl_daily",
            "queued_at": self.time(CREATED),
            **{key: self.time(keys.pop(key, None)) for key in times},
            "run_after": self.time(CREATED),
            "run_type": "manual",
            "state": state,
            "triggered_by": "rest_api",
            "conf": {},
            "note": None,
            "dag_versions": [],
            **keys,
        }

    def task(self, task_id: str, state: str | None = "success", **keys: t.Any) -> Body:
        ran = state in ("success", "failed", "running")
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{task_id} {keys.get('map_index')} {keys.get('region_index')}")),
            "task_id": task_id,
            "dag_id": "etl_daily",
            "dag_run_id": RUN_ID,
            "map_index": -1,
            "logical_date": None,
            "run_after": self.time(CREATED),
            "start_date": self.time(STARTED) if ran else None,
            "end_date": self.time(ENDED) if state not in (None, "running") else None,
            "duration": 4.25 if ran else None,
            "state": state,
            "try_number": 1 if ran else 0,
            "max_tries": 0,
            "operator": "PythonOperator",
            "operator_name": "PythonOperator",
            "rendered_fields": {},
            **keys,
        }

    def problem(self, status: int, title: str, detail: t.Any = None) -> Body:
        return {"detail": title if detail is None else detail}

    def no_dag(self, dag_id: str = "etl_daily") -> Body:
        return {"detail": f"The Dag with ID: `{dag_id}` was not found"}

    def no_run(self, dag_run_id: str = RUN_ID) -> Body:
        return {"detail": f"The DagRun with dag_id: `etl_daily` and run_id: `{dag_run_id}` was not found"}

    def conflict(self, what: str) -> Body:
        reason = "Unique constraint violation"
        return {"detail": {"reason": reason, "statement": "hidden", "orig_error": "hidden", "message": "hidden"}}

    def trigger_body(self, dag_run_id: str = NEW_ID, **keys: t.Any) -> Body:
        return {"logical_date": None, "dag_run_id": dag_run_id, "conf": {}, **keys}

    def log(self, *lines: str) -> str:
        events = [
            {"timestamp": None, "event": "::group::Log message source details"},
            {"timestamp": None, "event": "/opt/airflow/logs/dag_id=etl_daily/attempt=1.log"},
            {"timestamp": None, "event": "::endgroup::"},
            *({"event": line} for line in lines),
        ]
        return "".join(json.dumps(event) + "\n" for event in events)

    def dag_url(self, dag_id: str = "etl_daily") -> str:
        return f"https://airflow.example/dags/{dag_id}"

    def run_url(self, dag_run_id: str = RUN_ID) -> str:
        return f"https://airflow.example/dags/etl_daily/runs/{dag_run_id}"


GENERATIONS = {"v1": V1(), "v2": V2()}
