# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs of a new version of a DAG, for those who copy no files."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tasks import Tasks
from live import Airflow

DAG = f"signs_{uuid.uuid4().hex[:8]}"
SOURCE = """\
from airflow_compat import PythonOperator, make_dag

with make_dag("{dag_id}", tags=["{tag}"]) as dag:
    PythonOperator(task_id="{tag}", python_callable=print)
"""


@pytest.fixture(scope="module")
def file(airflow: Airflow, api: Api) -> Iterator[Path]:
    path = Path(airflow.variables["airflow_dags_folder"]) / f"{DAG}.py"
    yield path
    path.unlink()


def waited(folder: Path, module: str, **options: Any) -> in_process.Done:
    wanted = {"wait_timeout": 240, **options}
    return in_process.as_program(folder, module, wanted)


def runs(api: Api, dag_run_id: str) -> set[str]:
    """The tasks that a new run of the DAG has: those of the version that runs."""
    api.ask(Dags).set_paused(DAG, False)
    in_process.triggered(api, DAG, dag_run_id=dag_run_id)
    return {task["task_id"] for task in api.ask(Tasks).of_run(DAG, dag_run_id)}


def test_a_tag_is_there_when_its_version_is_the_one_that_runs(api: Api, file: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        file.write_text(SOURCE.format(dag_id=DAG, tag=f"r{number}"), encoding="utf-8")
        # Airflow shows the tag a moment before it notes that it has parsed the file. It takes a file that is written in
        # that moment for unchanged, until its next turn.
        os.utime(file, (time.time() + 5,) * 2)
        done = waited(tmp_path, "airflow_dag", dag_id=DAG, wait=True, version_marker=f"r{number}")
        assert done.status == 0, done.said
        assert runs(api, f"run-{number}") in ({f"r{number}"}, set())
    # Which is there, and has been for longer than the margin, once it is parsed anew.
    done = waited(tmp_path, "airflow_dag_file", files=[file.name], version_marker="r2", parse_margin=0)
    assert done.status == 0, done.said
    assert done.result["files"][0]["dag_ids"] == [DAG]


def test_a_tag_that_does_not_come(file: Path, tmp_path: Path) -> None:
    for module, options in (
        ("airflow_dag", {"dag_id": DAG, "wait": True}),
        ("airflow_dag_file", {"files": [file.name]}),
    ):
        done = waited(tmp_path, module, **options, version_marker="r9", wait_timeout=1)
        assert "does not carry the tag r9 (version_marker)" in done.result["msg"]


def test_a_bundle_without_versions(api: Api, tmp_path: Path) -> None:
    done = waited(tmp_path, "airflow_dag", dag_id=DAG, wait=True, bundle_version="0123456789", wait_timeout=1)
    told = "bundle_version needs Airflow 3.0" if api.generation.name == "v1" else "is in a bundle without versions"
    assert told in done.result["msg"]
