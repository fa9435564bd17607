# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password that is a common word, and stands in ids of DAGs and runs, in tags and in URLs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access import Access
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs

DAG = "dotted.name-with-dash"  # it stays paused
WORD = "name"


@pytest.fixture
def options(api: Api) -> Iterator[dict[str, Any]]:
    """The login of a user whose password is such a word."""
    user = f"live_{WORD}_{uuid.uuid4().hex[:8]}"
    person = {"username": user, "email": f"{user}@a", "first_name": "A", "last_name": "B", "roles": ["Op"]}
    api.ask(Access).create_user(person, WORD)
    yield {"api_username": user, "api_password": WORD}
    api.ask(Access).delete_user(user)


def test_what_comes_of_a_result_are_the_dags_that_were_meant(api: Api, options: dict[str, Any], tmp_path: Path) -> None:
    """The recipe of the guide: pause some, and unpause exactly those."""
    api.ask(Dags).set_paused(DAG, False)
    pausing = {**options, "dag_id": f"*{WORD}*", "paused": True}
    paused = in_process.as_program(tmp_path, "airflow_dag", pausing).result
    were_unpaused = [dag for dag in paused["dags"] if not dag["was_paused"]]
    assert DAG in [dag["dag_id"] for dag in were_unpaused]
    assert all(dag["url"].endswith(f"/dags/{dag['dag_id']}") or dag["dag_id"] in dag["url"] for dag in were_unpaused)
    ids = [dag["dag_id"] for dag in were_unpaused]
    again = in_process.as_program(tmp_path, "airflow_dag", {**options, "dag_id": ids, "paused": False})
    assert again.status == 0, again.said
    assert [dag["dag_id"] for dag in again.result["dags"]] == sorted(ids)
    restored = in_process.as_program(tmp_path, "airflow_dag", {**options, "dag_id": ids, "paused": True})
    assert restored.status == 0, restored.said


def test_a_run_is_found_by_what_the_result_says(api: Api, options: dict[str, Any], tmp_path: Path) -> None:
    run_id = f"{WORD}_{uuid.uuid4().hex}"
    asked = {**options, "dag_id": DAG, "dag_run_id": run_id, "when_paused": "trigger", "wait": False}
    made = in_process.as_program(tmp_path, "airflow_dag_run", asked).result["dag_run"]
    assert (made["dag_id"], made["dag_run_id"]) == (DAG, run_id)
    listed = {**options, "dag_id": made["dag_id"], "dag_run_id": made["dag_run_id"]}
    (found,) = in_process.as_program(tmp_path, "airflow_dag_run_info", listed).result["dag_runs"]
    assert run_id in found["url"] or made["url"] == found["url"]
    waits = {**options, "runs": [made], "wait_timeout": 1}
    waited = in_process.as_program(tmp_path, "airflow_dag_run_wait", waits).result
    assert waited["runs"][0]["dag_run"]["dag_run_id"] == run_id
    # A message is for people, and is masked as ever.
    assert run_id not in waited["msg"]
    assert "********" in waited["msg"]
    api.ask(Runs).delete(DAG, run_id)


def test_a_name_that_was_masked_changes_nothing(api: Api, options: dict[str, Any], tmp_path: Path) -> None:
    masked = {**options, "dag_id": DAG.replace(WORD, "********"), "paused": False}
    done = in_process.as_program(tmp_path, "airflow_dag", masked)
    assert done.status != 0
    assert "in which a secret was masked" in done.result["msg"]
    assert api.ask(Dags).get(DAG)["is_paused"]
