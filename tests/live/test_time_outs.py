# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a time-out says about its reason, for each reason that a real server can be brought to have."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.health import Health
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tasks import Tasks
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock, wait_until
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import ApiError
from live import Airflow, harness

# Seconds that a busy machine may take to start a run; nothing waits for their end when all is well.
PATIENCE = 120

Start = Callable[[str], str]


@pytest.fixture
def start(api: Api) -> Iterator[Start]:
    """Unpauses a DAG, triggers a run of it and returns the run's id; all of them are gone afterwards."""
    started: list[tuple[str, str]] = []

    def one(dag_id: str) -> str:
        run_id = f"time_out_{uuid.uuid4().hex[:8]}"
        started.append((dag_id, run_id))
        api.ask(Dags).set_paused(dag_id, False)
        in_process.triggered(api, dag_id, dag_run_id=run_id, conf={"seconds": 600})
        return run_id

    yield one
    for dag_id, run_id in started:
        api.ask(Runs).set_state(dag_id, run_id, "failed")
        api.ask(Runs).delete(dag_id, run_id)
        api.ask(Dags).set_paused(dag_id, True)


@pytest.fixture
def told(airflow: Airflow, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Waits for a run by the module, in vain, and returns the result."""

    def wait(dag_id: str, run_id: str, **options: Any) -> dict[str, Any]:
        wanted = {"dag_id": dag_id, "dag_run_id": run_id, "when_paused": "trigger", "wait_timeout": 1, **options}
        done = in_process.as_program(tmp_path, "airflow_dag_run", wanted)
        assert done.result["timed_out"] is True
        return done.result

    return wait


def seen(api: Api, dag_id: str, run_id: str, state: str) -> None:
    """Wait until the first task of a run is in a state."""

    def look() -> list[str | None]:
        return [task["state"] for task in api.ask(Tasks).of_run(dag_id, run_id)]

    assert state in wait_until(look, lambda states: state in states, Clock(), PATIENCE, 1)


def running(api: Api, dag_id: str, run_id: str) -> None:
    """Wait until a run has started."""

    def look() -> str:
        return str(api.ask(Runs).get(dag_id, run_id)["state"])

    assert wait_until(look, lambda state: state != "queued", Clock(), PATIENCE, 1) == "running"


def test_a_dag_that_was_paused_meanwhile(api: Api, start: Start, told: Any) -> None:
    run_id = start("two_steps")
    api.ask(Dags).set_paused("two_steps", True)
    assert "its DAG is paused, so no task of it starts: unpause the DAG" in told("two_steps", run_id)["msg"]


def test_other_runs_that_are_active(api: Api, start: Start, told: Any) -> None:
    first = start("one_at_a_time")
    running(api, "one_at_a_time", first)
    second = start("one_at_a_time")
    result = told("one_at_a_time", second, wait_timeout=600, queued_timeout=1)
    assert f"1 other run is active ({first}) and max_active_runs is 1" in result["msg"]
    assert "queued_timeout" in result["msg"]


def test_a_task_that_waits_in_a_full_pool(api: Api, start: Start, told: Any) -> None:
    with suppress(ApiError):  # An earlier run of the tests has made it.
        api.client.post(f"{api.generation.prefix}/pools", {"name": "narrow", "slots": 0})
    run_id = start("in_pool")
    seen(api, "in_pool", run_id, "scheduled")
    result = told("in_pool", run_id)
    assert "task held is waiting in pool narrow (0 of 0 slots are open)" in result["msg"]
    assert result["task_counts"] == {"scheduled": 1}


def test_a_task_that_is_up_for_retry(api: Api, start: Start, told: Any) -> None:
    run_id = start("retries_later")
    seen(api, "retries_later", run_id, "up_for_retry")
    assert "task tries is up for retry at 20" in told("retries_later", run_id)["msg"]


def test_a_task_that_runs(api: Api, start: Start, told: Any) -> None:
    run_id = start("slow")
    seen(api, "slow", run_id, "running")
    assert "task sleep is running" in told("slow", run_id)["msg"]


@pytest.mark.long
def test_a_scheduler_that_has_stopped(airflow: Airflow, api: Api, start: Start, told: Any) -> None:
    harness(airflow, "stop", "scheduler")
    try:

        def look() -> Any:
            return api.ask(Health).read()["scheduler"]["status"]

        assert wait_until(look, lambda status: status == "unhealthy", Clock(), PATIENCE, 1) == "unhealthy"
        message = told("ok", start("ok"))["msg"]
        assert "Airflow's scheduler has sent no heartbeat since 20" in message
        assert "start it again" in message
    finally:
        harness(airflow, "start", "scheduler")
