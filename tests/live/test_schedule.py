# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG with a schedule: the run that Airflow makes of its own when the DAG is unpaused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from live import Airflow

SOURCE = """\
from datetime import datetime, timezone

from airflow_compat import DAG, PythonOperator

for dag_id in {ids!r}:
    with DAG(dag_id, schedule="@daily", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), catchup=False) as dag:
        PythonOperator(task_id="a", python_callable=print)
    globals()[dag_id] = dag
"""
NAMES = [f"schedule_{uuid.uuid4().hex[:8]}_{kind}" for kind in ("plain", "dated")]


@pytest.fixture(scope="module", autouse=True)
def deployed(airflow: Airflow, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    file = Path(airflow.variables["airflow_dags_folder"]) / f"{NAMES[0]}.py"
    file.write_text(SOURCE.format(ids=NAMES), encoding="utf-8")
    waits = {"dag_id": NAMES, "wait": True}
    done = in_process.as_program(tmp_path_factory.mktemp("schedule"), "airflow_dag", waits)
    assert done.status == 0, done.said
    yield
    file.unlink()
    for dag_id in NAMES:
        api.ask(Dags).set_paused(dag_id, True)


def run_of(dag_id: str, folder: Path, **options: Any) -> dict[str, Any]:
    wanted = {"dag_id": dag_id, "dag_run_id": "ours", "when_paused": "unpause", "wait_timeout": 120, **options}
    done = in_process.as_program(folder, "airflow_dag_run", wanted)
    assert done.status == 0, done.said
    return done.result


def test_the_run_of_the_schedule_is_a_warning(api: Api, tmp_path: Path) -> None:
    date = api.ask(Dags).get(NAMES[0])["next_dagrun_logical_date"]
    told = str(run_of(NAMES[0], tmp_path)["warnings"])
    assert f"Airflow also makes a run of its own, for {date}; give logical_date" in told
    clock, looks = Clock(), 0
    while len(found := in_process.runs_of(api, NAMES[0])) < 2:
        looks += 1
        assert looks < 60, found
        clock.sleep(1)
    assert date in [run["logical_date"] for run in found]


def test_a_run_with_its_date_takes_its_place(api: Api, tmp_path: Path) -> None:
    date = api.ask(Dags).get(NAMES[1])["next_dagrun_logical_date"]
    assert "warnings" not in run_of(NAMES[1], tmp_path, logical_date=date)
    # By then the scheduler has looked at this DAG many times.
    Clock().sleep(10)
    assert [run["dag_run_id"] for run in in_process.runs_of(api, NAMES[1])] == ["ours"]
