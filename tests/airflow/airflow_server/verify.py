# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try everything that tests rely on, on each version: the check of a new row in the table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from airflow_server import processes
from airflow_server.common import Problem, PythonMissing
from airflow_server.server import Server
from airflow_server.venvs import airflow_venv, postgres_folder
from airflow_server.versions import version

# Facts about tests/airflow/dags: the state in which a run ends, and those of its tasks.
EXPECTED = {
    "ok": ("success", {"extract": "success", "transform": "success", "load": "success"}),
    "fails": ("failed", {"a": "success", "b": "failed", "c": "upstream_failed", "independent": "success"}),
    "mapped": ("failed", {f"load_orders[{i}]": "failed" if i in (1, 3) else "success" for i in range(5)}),
    "retries": ("failed", {"never_works": "failed", "works_at_second_try": "success"}),
    "all_done": ("success", {"broken": "failed", "clean_up": "success"}),
    "params": ("success", {"write": "success"}),
    "two_steps": ("success", {"first": "success", "second": "success"}),
    "dotted.name-with-dash": ("success", {"dotted.task-with-dash": "success"}),
}
LOGGED = ("MARKER-7F3A", "user 42 has no email address")
COLUMNS = ("install", "first start", "start", "ok run", "stop")
PATIENCE = 120


def verify(names: Sequence[str], uv: str | None) -> int:
    """Print a line of figures for each version; status 1 when anything was not as told."""
    print(f"{'version':12}" + "".join(f"{column:>13}" for column in COLUMNS), flush=True)
    failed = 0
    for name in names:
        try:
            figures = verify_version(name, uv)
            print(f"{name:12}" + "".join(f"{figures[column]:11.1f} s" for column in COLUMNS), flush=True)
        except PythonMissing as problem:
            print(f"{name:12}not run: {problem}", flush=True)
        except (Problem, OSError) as problem:
            failed += 1
            print(f"{name:12}FAILED: {problem}", flush=True)
    return 1 if failed else 0


def verify_version(name: str, uv: str | None) -> dict[str, float]:
    """The seconds that each step takes; the first two are short when that was done before."""
    figures = {}
    clock = time.monotonic()

    def lap(column: str) -> None:
        nonlocal clock
        figures[column] = time.monotonic() - clock
        clock = time.monotonic()

    airflow_venv(version(name), uv)
    postgres_folder(uv)
    lap("install")
    Server(name, uv=uv).start().stop()
    lap("first start")
    with Server(name, uv=uv) as server:
        lap("start")
        figures["ok run"] = check_runs(server)
        check_log(server)
        mark = server.record["mark"]
        clock = time.monotonic()
    lap("stop")
    left = processes.family({}, mark)
    if left:
        raise Problem(f"These processes were left behind: {sorted(left)}.")
    return figures


def check_runs(server: Server) -> float:
    """Run the DAGs and compare the ends; returns how long the run of "ok" took, alone, from trigger to end."""
    for dag_id in EXPECTED:
        server.api.call("PATCH", f"/dags/{dag_id}", {"is_paused": False})
    since = time.monotonic()
    trigger(server, "ok")
    wait(server, "ok")
    seconds = time.monotonic() - since
    for dag_id in EXPECTED:
        if dag_id != "ok":
            trigger(server, dag_id)
    for dag_id, expected in EXPECTED.items():
        found = (wait(server, dag_id), task_states(server, dag_id))
        if found != expected:
            raise Problem(f"The run of {dag_id} should have ended as {expected}, and ended as {found}.")
    return seconds


def trigger(server: Server, dag_id: str) -> None:
    body: dict[str, Any] = {"dag_run_id": "verify"}
    if server.version.is_v3:
        body["logical_date"] = None
    server.api.call("POST", f"/dags/{dag_id}/dagRuns", body)


def wait(server: Server, dag_id: str) -> str:
    """The state in which the run has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = str(server.api.call("GET", f"/dags/{dag_id}/dagRuns/verify")["state"])
        if state in ("success", "failed"):
            return state
        time.sleep(0.5)
    raise Problem(
        f"The run of {dag_id} was still {state} after {PATIENCE} s; the scheduler:\n{server.logs('scheduler')}"
    )


def task_states(server: Server, dag_id: str) -> dict[str, str]:
    found = {}
    for task in server.api.call("GET", f"/dags/{dag_id}/dagRuns/verify/taskInstances")["task_instances"]:
        index = task.get("map_index", -1)
        found[task["task_id"] + (f"[{index}]" if index >= 0 else "")] = task["state"]
    return found


def check_log(server: Server) -> None:
    """Whether the API gives the log of the task that fails."""
    accept = "application/json" if server.version.is_v3 else "text/plain"
    text = server.api.text("/dags/fails/dagRuns/verify/taskInstances/b/logs/1?full_content=true", accept)
    missing = [part for part in LOGGED if part not in text]
    if missing:
        raise Problem(f"The log of the failing task lacks {missing}; it is: {text[-2000:]}")
