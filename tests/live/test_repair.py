# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single tasks of runs that have failed: what check mode foretells is what becomes of them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from live import Airflow, play, result_of

DAGS = Path(__file__).parent / "dags"
Act = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folder(airflow: Airflow, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where playbooks are, while the DAGs of this module are deployed."""
    files = {"groups.py": ["groups"], **({"loops.py": ["loops_badly"]} if api.version() >= (3, 4) else {})}
    targets = [Path(airflow.variables["airflow_dags_folder"]) / name for name in files]
    for target in targets:
        shutil.copy(DAGS / target.name, target)
    dags = ["repairs", *(dag_id for dag_ids in files.values() for dag_id in dag_ids)]
    folder = tmp_path_factory.mktemp("repair")
    played = play(folder, [{"dagops.airflow.airflow_dag": {"dag_id": dags, "wait": True, "paused": False}}])
    assert played.status == 0, played.output
    yield folder
    for target in targets:
        target.unlink()


@pytest.fixture
def failed(folder: Path) -> Callable[[str], Act]:
    """Make a run of a DAG that fails, and return what acts on its tasks: in check mode and for real."""

    def run_of(dag_id: str) -> Act:
        run = {"dag_id": dag_id, "dag_run_id": f"r-{uuid.uuid4().hex[:8]}"}
        made = result_of(folder, "airflow_dag_run", {**run, "wait_timeout": 300})
        assert made["dag_run"]["state"] == "failed", made

        def act(**options: Any) -> dict[str, Any]:
            return result_of(folder, "airflow_task", {**run, "wait_timeout": 300, **options})

        return act

    return run_of


def names(tasks: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(task["task_id"] for task in tasks)


def test_a_run_is_mended_task_by_task(failed: Callable[[str], Act]) -> None:
    act = failed("repairs")
    first = act(task_id="load.users", downstream=True, wait=True)
    assert "1 of 7 tasks failed, 2 never ran: load.orders[1]" in first["msg"]
    assert names(first["tasks"]) == ["load.users", "publish", "report"]
    second = act(task_id=["load.ord*"], downstream=True, wait=True)
    assert second["dag_run"]["state"] == "success"
    assert names(second["tasks"]) == ["load.orders", "publish", "report"]
    assert {task["state"] for task in second["tasks"]} == {"success"}
    assert not act(task_id="*")["changed"]


def test_marks_of_a_group_set_going_what_has_failed_after_it(failed: Callable[[str], Act], api: Api) -> None:
    act = failed("repairs")
    if api.version() < (2, 5):
        assert "Marking a mapped task needs Airflow 2.5 or newer" in act(task_group="load", state="success")["msg"]
        return
    marked = act(task_group="load", state="success", wait=True)
    assert marked["dag_run"]["state"] == "success"
    assert sorted((task["task_id"], task["map_index"]) for task in marked["tasks"]) == [
        ("load.orders", 1),
        ("load.users", -1),
    ]
    assert names(marked["also_cleared"]) == ["publish", "report"]
    assert {task["state"] for task in marked["also_cleared"]} == {"success"}


def test_a_group_is_known_by_its_tasks_where_airflow_tells_them(failed: Callable[[str], Act], api: Api) -> None:
    act = failed("groups")
    result = act(task_group="bare", wait=True)
    if api.version() < (3, 3):
        assert "Task group bare is not in DAG run" in result["msg"]
        result = act(task_group="inner")
    assert names(result["tasks"]) == (["inner.right"] if api.version() < (3, 3) else ["inner.right", "left"])


def test_marks_upwards_leave_other_tasks_alone(failed: Callable[[str], Act]) -> None:
    """A mark of its own for the first task would clear all that has failed after it."""
    act = failed("groups")
    marked = act(task_id="after_left", state="success", upstream=True)
    assert names(marked["tasks"]) == ["after_left", "left"]
    others = act(task_id=["inner.right", "after_right"], only_failed=True)
    assert names(others["tasks"]) == ["after_right", "inner.right"]


def test_marks_downwards_leave_out_teardown_tasks(failed: Callable[[str], Act], api: Api) -> None:
    if api.version() < (3, 3):
        pytest.skip("Older versions mark teardown tasks, too.")
    act = failed("groups")
    marked = act(task_id="left", state="skipped", downstream=True)
    assert names(marked["tasks"]) == ["after_left", "left"]
    assert {task["state"] for task in marked["tasks"]} == {"skipped"}


def test_turns_of_a_loop(failed: Callable[[str], Act], api: Api) -> None:
    if api.version() < (3, 4):
        pytest.skip("Airflow has loops from 3.4 on.")
    act = failed("loops_badly")
    marked = act(task_id="body.step", state="skipped")
    assert [task["loop_iteration"]["iteration"] for task in marked["tasks"]] == [0, 1]
    assert {task["state"] for task in marked["tasks"]} == {"skipped"}
    assert not act(task_id="body.step", state="skipped")["changed"]
    cleared = act(task_id="body.step", only_failed=False)
    assert cleared["changed"], cleared
