# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, as somebody runs them who has read nothing but the guide to them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import Airflow, Played, ansible_playbook, result_of

pytestmark = pytest.mark.long
DAG_FILE = """\
from airflow_compat import PythonOperator, make_dag
{line}

with make_dag("{dag_id}") as dag:
    PythonOperator(task_id="{task}", python_callable=print)
"""
ANOTHER = """
with make_dag("{dag_id}_2") as dag_2:
    PythonOperator(task_id="only", python_callable=print)
"""


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs a playbook of the collection with variables."""

    def run(name: str, **variables: Any) -> Played:
        return ansible_playbook(
            f"dagops.airflow.{name}",
            "--extra-vars",
            json.dumps(variables),
            cwd=tmp_path,
            ANSIBLE_DISPLAY_OK_HOSTS="true",
        )

    return run


@pytest.fixture
def deployed(airflow: Airflow, tmp_path: Path) -> Iterator[Any]:
    """A DAG of its own: writes its file into the folder to deploy from."""
    dag_id = f"live_{uuid.uuid4().hex[:8]}"
    source = tmp_path / "dags"
    source.mkdir()

    class Deployed:
        # As a person would write it: in the current folder.
        folder = "dags/"
        id = dag_id

        @staticmethod
        def version(task: str, line: str = "", *, another: bool = False) -> None:
            text = DAG_FILE + (ANOTHER if another else "")
            (source / f"{dag_id}.py").write_text(text.format(dag_id=dag_id, task=task, line=line), encoding="utf-8")

    yield Deployed
    for name in (f"{dag_id}.py", f"{dag_id}_new.py", "helper.py"):
        (Path(airflow.variables["airflow_dags_folder"]) / name).unlink(missing_ok=True)


def paused(folder: Path, *dag_ids: str) -> list[bool]:
    return [dag["is_paused"] for dag in result_of(folder, "airflow_dag", {"dag_id": list(dag_ids)})["dags"]]


def test_new_versions_are_deployed_and_run(airflow: Airflow, tmp_path: Path, run: Any, deployed: Any) -> None:
    # A smoke run that says nothing of it leaves its DAG as paused as it was.
    result_of(tmp_path, "airflow_dag", {"dag_id": ["ok", "fails"], "paused": False})
    variables = {
        "airflow_dags_source": deployed.folder,
        "airflow_dags_folder": airflow.variables["airflow_dags_folder"],
        "airflow_dag_ids": f"{deployed.id}, ok",
        "airflow_smoke_dags": [{"dag_id": deployed.id, "paused": False}],
    }
    deployed.version("first")
    checked = ansible_playbook(
        "dagops.airflow.deploy_dags", "--check", "--extra-vars", json.dumps(variables), cwd=tmp_path
    )
    assert checked.status == 0, checked.output
    assert f"{deployed.id} would be triggered as a test once the files are deployed." in checked.words
    first = run("deploy_dags", **variables)
    assert first.status == 0, first.output
    assert f"DAG run {deployed.id} / " in first.words
    assert paused(tmp_path, deployed.id, "ok") == [False, False]

    variables["airflow_smoke_dags"] = []
    again = run("deploy_dags", **variables)
    assert (again.status, again.changed()) == (0, 0), again.output

    deployed.version("second")
    checked = ansible_playbook(
        "dagops.airflow.deploy_dags", "--check", "--extra-vars", json.dumps(variables), cwd=tmp_path
    )
    assert checked.status == 0, checked.output
    assert checked.changed() > 0

    smoke = [{"dag_id": deployed.id}, {"dag_id": "fails"}]
    second = run("deploy_dags", **{**variables, "airflow_smoke_dags": smoke, "airflow_parse_timeout": 120})
    assert second.status != 0
    assert "1 of 2 DAGs did not end well: DAG run fails / " in second.words
    assert "user 42 has no email address" in second.words
    # Where its time went.
    assert "█" in second.output
    tasks = result_of(tmp_path, "airflow_task_info", {"dag_id": deployed.id})["tasks"]
    assert [task["task_id"] for task in tasks] == ["second"]

    deployed.version("third", 'raise RuntimeError("MARKER-9D1E")')
    broken = run("deploy_dags", **variables)
    assert broken.status != 0
    assert f"{deployed.id}.py cannot be imported: RuntimeError: MARKER-9D1E" in broken.words
    assert paused(tmp_path, "ok") == [False]
    result_of(tmp_path, "airflow_dag", {"dag_id": ["ok", "fails"], "paused": True})


def test_deployed_files_are_waited_for_and_a_dropped_dag_is_told(
    airflow: Airflow, tmp_path: Path, run: Any, deployed: Any
) -> None:
    result_of(tmp_path, "airflow_dag", {"dag_id": ["ok"], "paused": False})
    variables = {
        "airflow_dags_source": deployed.folder,
        "airflow_dags_folder": airflow.variables["airflow_dags_folder"],
    }
    another = f"{deployed.id}_2"
    deployed.version("first", another=True)
    (tmp_path / "dags" / "helper.py").write_text("# What the others have in common\n", encoding="utf-8")
    # The file is new.
    first = run("deploy_dags", **variables)
    assert first.status == 0, first.output
    result_of(tmp_path, "airflow_dag", {"dag_id": [deployed.id, another], "paused": False})

    deployed.version("second")
    second = run("deploy_dags", **variables, airflow_smoke_dags=[{"dag_id": deployed.id}])
    assert second.status == 0, second.output
    assert f"DAG {another} has left {deployed.id}.py, and is in no file any more" in second.words
    assert f"DAG run {deployed.id} / " in second.words
    tasks = result_of(tmp_path, "airflow_task_info", {"dag_id": deployed.id})["tasks"]
    assert [task["task_id"] for task in tasks] == ["second"]
    # Paused before the files were copied; the others were left alone.
    order = [second.output.index(f"TASK [{name}]") for name in ("Pause the DAGs", "Copy the files")]
    assert order == sorted(order)
    assert second.output[order[0] : order[1]].count("changed: ") == 1
    assert paused(tmp_path, "ok", deployed.id) == [False, False]

    deployed.version("third", another=True)
    assert run("deploy_dags", **variables, airflow_dag_ids=[deployed.id, another]).status == 0
    deployed.version("fourth")
    fourth = run("deploy_dags", **variables, airflow_smoke_dags=[{"dag_id": another}])
    assert fourth.status != 0
    gone = f"The files are deployed, but no file defines {another} any more, so nothing was run as a test; change"
    assert gone in fourth.words

    # Airflow takes a DAG whose file is broken for stale, too.
    deployed.version("fifth", 'raise RuntimeError("MARKER-9D1E")')
    broken = run("deploy_dags", **variables)
    assert broken.status != 0
    assert f"{deployed.id}.py cannot be imported: RuntimeError: MARKER-9D1E" in broken.words, broken.output
    assert "in no file any more" not in broken.words
    # Nor has anybody to know the DAGs of a file.
    deployed.version("sixth")
    new = tmp_path / "dags" / f"{deployed.id}_new.py"
    new.write_text("# A DAG of Airflow\nimport no_such_thing_at_all\n", encoding="utf-8")
    broken = run("deploy_dags", **variables)
    assert broken.status != 0
    why = f"{new.name} cannot be imported: ModuleNotFoundError: No module named 'no_such_thing_at_all'"
    assert why in broken.words, broken.output
    result_of(tmp_path, "airflow_dag", {"dag_id": ["ok"], "paused": True})


def test_a_maintenance_window(tmp_path: Path, run: Any) -> None:
    result_of(tmp_path, "airflow_dag", {"dag_id": ["ok", "many_001"], "paused": False})
    # In the current folder.
    note = {"airflow_state_file": "window.json"}
    assert run("restore", **note).status != 0
    assert run("pause_all", airflow_dag_ids="ok,many_00*", **note).status == 0
    assert paused(tmp_path, "ok", "many_001", "many_002") == [True, True, True]
    again = run("pause_all", airflow_dag_ids="ok,many_00*", **note)
    assert (again.status, again.changed()) == (0, 0), again.output
    restored = run("restore", **note)
    assert restored.status == 0, restored.output
    assert paused(tmp_path, "many_001", "many_002", "ok") == [False, True, False]
    once_more = run("restore", **note)
    assert (once_more.status, once_more.changed()) == (0, 0), once_more.output
    result_of(tmp_path, "airflow_dag", {"dag_id": ["ok", "many_001"], "paused": True})


def test_a_run_is_cancelled(tmp_path: Path, run: Any) -> None:
    run_id = f"live_{uuid.uuid4().hex[:8]}"
    named = {"airflow_dag_id": "slow", "airflow_dag_run_id": run_id}
    assert "does not exist" in run("cancel_dag_run", **named).words
    started = run("run_dag", airflow_conf='{"seconds": 120}', airflow_wait="false", **named)
    assert started.status == 0, started.output
    cancelled = run("cancel_dag_run", **named)
    assert (cancelled.status, cancelled.changed()) == (0, 1), cancelled.output
    again = run("cancel_dag_run", **named)
    assert "has ended already: failed" in again.words, again.output
    result_of(tmp_path, "airflow_dag_run", {"dag_id": "slow", "dag_run_id": run_id, "state": "absent"})
    result_of(tmp_path, "airflow_dag", {"dag_id": "slow", "paused": True})
