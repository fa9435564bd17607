# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops of Airflow 3.4: each turn has task instances of its own, which share their names."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dagops.airflow.plugins.filter.run_timeline import run_timeline
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from live import Airflow, play, result_of

SOURCE = Path(__file__).parent / "dags" / "loops.py"


@pytest.fixture(scope="module")
def ran(airflow: Airflow, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Runs a DAG of that file, and returns the result and what its tasks are then."""
    if api.version() < (3, 4):
        pytest.skip("Airflow has loops from 3.4 on.")
    folder = tmp_path_factory.mktemp("loops")
    target = Path(airflow.variables["airflow_dags_folder"]) / SOURCE.name
    target.write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    deploy = {"dag_id": ["loops_well", "loops_badly"], "wait": True, "paused": False}
    played = play(folder, [{"dagops.airflow.airflow_dag": deploy}])
    assert played.status == 0, played.output

    def one(dag_id: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        run = {"dag_id": dag_id, "dag_run_id": f"r-{uuid.uuid4().hex[:8]}", "wait_timeout": 300, **more}
        result = result_of(folder, "airflow_dag_run", run)
        return result, result_of(folder, "airflow_task_info", {key: run[key] for key in ("dag_id", "dag_run_id")})

    yield one
    target.unlink()


def turns(tasks: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """The turns of the step, and how they ended."""
    steps = [task for task in tasks if task["task_id"] == "body.step"]
    return [(task["loop_iteration"]["iteration"], task["state"]) for task in steps]


def test_each_turn_is_counted(ran: Any) -> None:
    result, told = ran("loops_well")
    assert result["failed"] is False, result
    assert turns(told["tasks"]) == [(0, "success"), (1, "success"), (2, "success")]
    assert set(result["task_counts"]) == {"success"}
    assert result["task_counts"]["success"] == len(told["tasks"]) >= 6
    drawn = run_timeline(told)
    assert all(f"body.step (turn {number})" in drawn for number in range(3))


def test_results_are_told_by_turn(ran: Any, tmp_path: Path) -> None:
    result, _told = ran("loops_well", results=["body.step"])
    assert result["results"] == {"body.step": [0, 1, 2]}
    run = {key: result["dag_run"][key] for key in ("dag_id", "dag_run_id")}
    found = result_of(tmp_path, "airflow_xcom_info", {**run, "task_id": ["body.step"], "key": ["return_value"]})
    assert [(xcom["loop_iteration"]["iteration"], xcom["value"]) for xcom in found["xcoms"]] == [(0, 0), (1, 1), (2, 2)]


def test_the_turn_that_failed_is_named_with_its_log(ran: Any) -> None:
    result, told = ran("loops_badly")
    assert "body.step (turn 1) (try 1 of 1): ValueError: turn 1 is no good" in result["msg"]
    assert turns(told["tasks"]) == [(0, "success"), (1, "failed")]
    (step,) = [task for task in result["failed_tasks"] if task["task_id"] == "body.step"]
    assert "here is turn 1" in step["log_tail"]
    assert "here is turn 0" not in step["log_tail"]
