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

Start = Callable[..., str]


@pytest.fixture
def start(api: Api) -> Iterator[Start]:
    """Unpauses a DAG, triggers a run of it and returns the run's id; all of them are gone afterwards."""
    started: list[tuple[str, str]] = []

    def one(dag_id: str, name: str = "time_out", **options: Any) -> str:
        run_id = f"{name}_{uuid.uuid4().hex[:8]}"
        started.append((dag_id, run_id))
        api.ask(Dags).set_paused(dag_id, False)
        in_process.triggered(api, dag_id, dag_run_id=run_id, conf={"seconds": 600}, **options)
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
    assert f"1 other run is active ({first}) and max_active_runs is 1: wait for it, end it with" in result["msg"]
    assert "queued_timeout" in result["msg"]


def test_a_task_that_waits_in_a_full_pool(api: Api, start: Start, told: Any) -> None:
    with suppress(ApiError):  # An earlier run of the tests has made it.
        api.client.post(f"{api.generation.prefix}/pools", {"name": "narrow", "slots": 0})
    run_id = start("in_pool")
    seen(api, "in_pool", run_id, "scheduled")
    result = told("in_pool", run_id)
    assert (
        "task held is waiting in pool narrow (0 of 0 slots are open): give the pool more slots with airflow_pool"
        in result["msg"]
    )
    assert result["task_counts"] == {"scheduled": 1}


def test_a_task_that_is_up_for_retry(api: Api, start: Start, told: Any) -> None:
    run_id = start("retries_later")
    seen(api, "retries_later", run_id, "up_for_retry")
    said = told("retries_later", run_id)["msg"]
    assert "task tries is up for retry at 20" in said
    assert "; tries failed in try 1 of 2: RuntimeError: this never works" in said


def test_a_task_that_runs(api: Api, start: Start, told: Any) -> None:
    run_id = start("slow")
    seen(api, "slow", run_id, "running")
    assert "task sleep is running" in told("slow", run_id)["msg"]


# -- DAGs that are held up, each by something else


HELD = Path(__file__).parent / "dags" / "held.py"
TRIGGERER = "deferred, and Airflow has no triggerer: start one"


@pytest.fixture(scope="module")
def held(airflow: Airflow, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow knows the DAGs of a file that the other tests do without."""
    file = Path(airflow.variables["airflow_dags_folder"]) / HELD.name
    file.write_text(HELD.read_text(encoding="utf-8"), encoding="utf-8")
    waits = {"dag_id": ["held_by_triggerer", "held_by_sensor"], "wait": True}
    done = in_process.as_program(tmp_path_factory.mktemp("held"), "airflow_dag", waits)
    assert done.status == 0, done.said
    yield
    file.unlink()


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    ("dag_id", "state", "reason"),
    [
        ("held_by_triggerer", "deferred", f"task later is {TRIGGERER}"),
        ("held_by_pool", "scheduled", "task held is waiting in pool nowhere, which does not exist: make it"),
        ("held_by_sensor", "up_for_reschedule", "task look is up for reschedule: what it looks for has not come yet"),
    ],
)
def test_a_task_that_is_held(api: Api, start: Start, told: Any, dag_id: str, state: str, reason: str) -> None:
    run_id = start(dag_id)
    seen(api, dag_id, run_id, state)
    assert reason in told(dag_id, run_id)["msg"]


@pytest.mark.usefixtures("held")
def test_whose_tasks_hold_the_slots_of_a_pool(api: Api, start: Start, told: Any) -> None:
    with suppress(ApiError):  # An earlier run of the tests has made it.
        api.client.post(f"{api.generation.prefix}/pools", {"name": "taken", "slots": 1})
    first = start("held_by_others")
    seen(api, "held_by_others", first, "running")
    second = start("held_by_others")
    seen(api, "held_by_others", second, "scheduled")
    message = told("held_by_others", second)["msg"]
    assert (
        "task held is waiting in pool taken (0 of 1 slots are open): wait for the tasks of "
        f"held_by_others / {first}, which hold them, or give the pool more slots with airflow_pool"
    ) in message


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    ("dag_id", "limit"),
    [
        ("held_by_dag", "max_active_tasks of the DAG"),
        ("held_by_task", "max_active_tis_per_dag of the task"),
        ("held_by_task_of_run", "max_active_tis_per_dagrun of the task"),
    ],
)
def test_a_limit_that_is_reached(api: Api, start: Start, told: Any, dag_id: str, limit: str) -> None:
    run_id = start(dag_id)
    seen(api, dag_id, run_id, "running")
    seen(api, dag_id, run_id, "scheduled")
    message = told(dag_id, run_id)["msg"]
    assert " is running; task " in message
    assert f" is waiting for others to end: {limit} is reached" in message
    # Not each Airflow counts the tasks of other runs for max_active_tasks.
    if dag_id == "held_by_task":
        another = start(dag_id)
        seen(api, dag_id, another, "scheduled")
        assert f"2 tasks (one[0], one[1]) are waiting for others to end: {limit}" in told(dag_id, another)["msg"]


@pytest.mark.usefixtures("held")
def test_a_run_before_that_has_failed(api: Api, start: Start, told: Any) -> None:
    first = start("held_by_past", "fails", logical_date="2025-01-01T00:00:00Z")
    seen(api, "held_by_past", first, "failed")
    second = start("held_by_past", "waits", logical_date="2025-01-02T00:00:00Z")
    running(api, "held_by_past", second)
    reason = f"task step is waiting for the run before, held_by_past / {first} (failed), to succeed: depends_on_past"
    assert reason in told("held_by_past", second)["msg"]


@pytest.mark.usefixtures("held")
def test_a_person_who_is_asked(api: Api, start: Start, told: Any) -> None:
    if api.version() < (3, 1):
        pytest.skip("Airflow asks nobody before 3.1.")
    run_id = start("held_by_person")
    seen(api, "held_by_person", run_id, "deferred" if api.version() < (3, 3) else "awaiting_input")
    message = told("held_by_person", run_id)["msg"]
    assert ("no triggerer" if api.version() < (3, 3) else "task ask is waiting for a person's answer") in message


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
