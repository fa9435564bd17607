# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why tasks failed, as users read it: whatever else Airflow has logged, the reason is the task's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import Airflow, play, result_of

SOURCE = Path(__file__).parent / "dags" / "ends.py"
NO_FILE = "ValueError: no file arrived"
# Of the message, what follows the tries of a task.
REASONS = {
    "bash": "The command returned a non-zero exit code 2: psql: FATAL: no such database",
    "callback": NO_FILE,
    "chained": "RuntimeError: order 17 cannot be loaded (caused by KeyError: 'price')",
    "coloured": "RuntimeError: Database Error in model orders",
    "exit_text": "config.yml is missing",
    "killed": "SIGKILL",
    "mail": NO_FILE,
    "raises": NO_FILE,
    "retried": NO_FILE,
    "several_lines": "RuntimeError: statement 3 was refused: unknown column 'pirce' in line 12",
    "task_group": "ExceptionGroup: unhandled errors in a TaskGroup (TimeoutError: orders API gave no answer)",
}

# Of the end of a log, what is written there in another way.
TOLD = {
    "bash": "psql: FATAL: no such database",
    "chained": "RuntimeError: order 17 cannot be loaded",
    "killed": "allocating 40 GB",
    "several_lines": "unknown column 'pirce' in line 12",
    "task_group": "TimeoutError: orders API gave no answer",
}


@pytest.fixture(scope="module")
def failed(airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The tasks of a run of all of them, by name, as each run of one task would tell of it."""
    folder = tmp_path_factory.mktemp("reasons")
    target = Path(airflow.variables["airflow_dags_folder"]) / SOURCE.name
    target.write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    deploy = {"dag_id": ["ends", "never_runs"], "wait": True, "paused": False}
    played = play(folder, [{"dagops.airflow.airflow_dag": deploy}])
    assert played.status == 0, played.output
    run = {"dag_id": "ends", "dag_run_id": f"r-{uuid.uuid4().hex[:8]}", "wait_timeout": 600, "log_lines": 12}
    yield result_of(folder, "airflow_dag_run", run)
    target.unlink()


@pytest.mark.parametrize("task_id", REASONS)
def test_the_tail_holds_the_reason(failed: dict[str, Any], task_id: str) -> None:
    tails = {task["task_id"]: task["log_tail"] for task in failed["failed_tasks"]}
    assert set(tails) == set(REASONS)
    assert TOLD.get(task_id, REASONS[task_id]) in tails[task_id]
    for word in ("::group::", "site-packages/airflow", "is deprecated", "DeprecationWarning", "\x1b"):
        assert word not in tails[task_id]


def test_the_message_names_four_of_them(failed: dict[str, Any]) -> None:
    assert "11 of 11 tasks failed: " in failed["msg"]
    named = failed["msg"].partition("tasks failed: ")[2].partition("; and 7 more")[0].split("; ")
    assert len(named) == 4
    for told in named:
        task_id, _tries, reason = told.partition(" (try ")
        assert REASONS[task_id] in reason, told


def test_a_run_whose_only_bad_task_never_ran(failed: dict[str, Any], tmp_path: Path) -> None:
    run = {"dag_id": "never_runs", "dag_run_id": f"r-{uuid.uuid4().hex[:8]}", "wait_timeout": 300}
    result = result_of(tmp_path, "airflow_dag_run", run)
    assert "no task failed, but 1 of 2 tasks never ran (upstream_failed): load; look at" in result["msg"]
