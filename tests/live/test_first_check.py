# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode of a first deployment: nothing that it is about is there yet."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags

NEW = f"brand_new_{uuid.uuid4().hex[:8]}"
RUN = {"dag_id": NEW, "dag_run_id": "release-1"}
CHAIN: dict[str, tuple[str, dict[str, Any], bool]] = {
    "deploy": ("airflow_dag", {"dag_id": NEW, "wait": True, "paused": False}, True),
    "unpause": ("airflow_dag", {"dag_id": NEW, "paused": False}, True),
    "unpause all": ("airflow_dag", {"dag_id": f"{NEW}*", "paused": False}, False),
    "run": ("airflow_dag_run", RUN, True),
    "run at a date": ("airflow_dag_run", {"dag_id": NEW, "logical_date": "2026-01-01T00:00:00Z"}, True),
    "wait": ("airflow_dag_run", {**RUN, "state": "awaited"}, False),
    "mark": ("airflow_dag_run", {**RUN, "state": "success"}, True),
    "cancel": ("airflow_dag_run", {**RUN, "state": "failed"}, True),
    "clear": ("airflow_dag_run", {**RUN, "state": "cleared"}, True),
    "many": ("airflow_dag_run_batch", {"runs": [RUN, {**RUN, "dag_run_id": "release-2"}]}, True),
    "one after the other": ("airflow_dag_batch", {"dags": [RUN], "parse_timeout": 1}, True),
    "wait for many": ("airflow_dag_run_wait", {"runs": [RUN]}, False),
    "tasks": ("airflow_task_info", RUN, False),
    "tasks of the last": ("airflow_task_info", {"dag_id": NEW}, False),
}


@pytest.mark.parametrize("name", CHAIN)
def test_what_is_missing_is_a_warning_and_a_forecast(api: Api, tmp_path: Path, name: str) -> None:
    module, options, changed = CHAIN[name]
    done = in_process.as_program(tmp_path, module, {**options, "_ansible_check_mode": True})
    assert done.status == 0, done.said
    assert done.result["changed"] is changed
    assert NEW in str(done.result["warnings"])
    assert "check mode" in str(done.result["warnings"])
    assert api.ask(Dags).find(NEW) is None


@pytest.mark.parametrize("name", [name for name in CHAIN if name != "deploy"])
def test_outside_of_check_mode_it_is_a_failure(tmp_path: Path, name: str) -> None:
    module, options, _changed = CHAIN[name]
    done = in_process.as_program(tmp_path, module, options)
    assert done.status != 0
    assert NEW in done.result["msg"]
