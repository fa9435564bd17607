# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of AWX: what a survey gives, what the job's page shows, and what the next node of a workflow gets."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jobs
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.links import Links
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._connect import connect
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC
from ansible_collections.dagops.airflow.tests.unit.awx import definition
from live import Airflow

pytestmark = pytest.mark.long
Run = Callable[..., jobs.Job]
# What older lines of ansible-core make of a survey does not depend on the version of Airflow.
ONCE = pytest.mark.generation("v1")
CORES = {"newest": sys.executable, **json.loads(os.environ.get("DAGOPS_TEST_HOSTS", "{}")).get("cores", {})}

WITH_SURVEY = ("run_dag", "cancel_dag_run")


@pytest.fixture
def api(airflow: Airflow) -> Any:
    """The server, without Ansible."""
    options = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
    login = {"api_url": airflow.url, "api_username": airflow.username, "api_password": airflow.password}
    return connect({**options, **login}, lambda warning: None)


@pytest.fixture
def job(airflow: Airflow, tmp_path: Path) -> Run:
    """Runs a job; whatever becomes of it, its events hold no secret."""
    # What the person who made the credential has left empty is an empty text, or is not there at all.
    credential = {"url": airflow.url, "username": airflow.username, "password": airflow.password, "ca_cert": ""}

    def job(playbook: str, answers: dict[str, Any], core: str = "newest", **more: Any) -> jobs.Job:
        if core not in CORES:
            pytest.skip(f"no Python here for ansible-core {core}")
        questions = definition(f"survey_{playbook}")["spec"] if playbook in WITH_SURVEY else []
        survey = {question["variable"]: question["default"] for question in questions}
        folder = tmp_path / f"job_{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        done = jobs.run(folder, playbook, CORES[core], credential, {**survey, **answers}, **more)
        assert airflow.password not in done.text
        assert "playbook_on_play_start" in [event["event"] for event in done.events], done.stdout
        return done

    return job


@pytest.fixture
def number() -> int:
    """Of a job: what was run before on this server had another one."""
    return random.randint(10**6, 10**9)


@pytest.fixture(autouse=True)
def paused_again(api: Any) -> Iterator[None]:
    yield
    for dag_id in ("writes_conf", "fails", "slow"):
        api.ask(Dags).set_paused(dag_id, True)


def of_workflow(number: int, node: int) -> dict[str, Any]:
    """What AWX tells a job in a workflow."""
    told = {"job_id": number + node, "workflow_job_id": number, "job_launch_type": "workflow", "user_name": "admin"}
    return {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in told.items()}


@pytest.mark.parametrize("core", ["newest", pytest.param("2.15", marks=ONCE)])
def test_a_workflow_that_goes_well(api: Any, job: Run, number: int, core: str) -> None:
    """From ansible-core 2.19 on, the answer 'true' comes as a boolean, '' as None, and '12:30' as a number."""
    conf = '{"region": "eu", "day": "2026-11-22", "n": 1, "text": "{{ 7 * 7 }}"}'
    answers = {"airflow_dag_id": "writes_conf", "airflow_conf": conf, "airflow_wait_timeout": 600}
    ran = job("run_dag", {**answers, "airflow_wait": "true", **of_workflow(number, 1)}, core)
    assert ran.status == "successful", ran.stdout
    run = ran.artifacts()["airflow_dag_run"]
    assert set(run) == {"dag_id", "dag_run_id", "state", "url"}
    assert (run["dag_id"], run["dag_run_id"], run["state"]) == ("writes_conf", f"awx__{number}", "success")
    assert run["url"] == api.ask(Links).dag_run(run["dag_id"], run["dag_run_id"])
    assert f"localhost: writes_conf / awx__{number}: waiting up to 10m" in ran.stdout
    assert api.ask(Runs).get("writes_conf", f"awx__{number}")["conf"] == json.loads(conf)

    # The always-node of the workflow: survey answers of the workflow, artifacts of the node before.
    told = {"airflow_dag_id": "writes_conf", "airflow_require_success": "true", **of_workflow(number, 2)}
    ended = job("cancel_dag_run", {**told, "airflow_dag_run": run}, core)
    assert ended.status == "successful", ended.stdout
    assert f"DAG run writes_conf / awx__{number} has ended already: success" in ended.stdout


@pytest.mark.parametrize("core", ["newest", pytest.param("2.18", marks=ONCE)])
def test_a_job_whose_dag_run_fails(api: Any, job: Run, number: int, core: str) -> None:
    """The date comes as a moment, of which Ansible makes another text, from ansible-core 2.19 on."""
    moment = datetime(2024, 2, 1, tzinfo=timezone.utc) + timedelta(seconds=random.randint(0, 5 * 10**6))
    date = f"{moment:%Y-%m-%dT%H:%M:%S}"
    answers = {
        "airflow_dag_id": " fails ",
        "airflow_conf": "region: eu\nn: 1\n",
        "airflow_logical_date": f"{date}Z",
        "awx_job_id": number,
    }
    ran = job("run_dag", answers, core)
    assert ran.status == "failed"
    (result,) = ran.results("runner_on_failed", "Unpause the DAG")
    assert "1 of 4 tasks failed, 1 never ran: b (try 1 of 1): ValueError: user 42 has no email address" in result["msg"]
    assert [task["task_id"] for task in result["failed_tasks"]] == ["b", "c"]
    assert "MARKER-7F3A reading users.csv" in result["failed_tasks"][0]["log_tail"]
    # A person who opens the job reads it, too.
    assert "b (try 1 of 1): ValueError: user 42 has no email address" in ran.stdout
    run = ran.artifacts()["airflow_dag_run"]
    assert run["state"] == "failed"
    stored = api.ask(Runs).get("fails", run["dag_run_id"])
    assert stored["logical_date"].startswith(date)
    assert stored["conf"] == {"region": "eu", "n": 1}


def test_a_job_that_is_cancelled(api: Any, job: Run, number: int) -> None:
    """AWX kills it, and nothing that it knew is left; the workflow's next node finds the run and cancels it."""
    run_id = f"awx__{number}__7"

    def is_running() -> bool:
        found = api.ask(Runs).find("slow", run_id)
        return found is not None and found["state"] == "running"

    told = {"airflow_dag_id": "slow", "airflow_conf": "seconds: 300", "airflow_dag_run_key": "7"}
    killed = job("run_dag", {**told, **of_workflow(number, 1)}, cancelled=is_running)
    assert killed.status == "canceled"
    assert killed.artifacts() == {}
    assert run_id in killed.stdout
    assert is_running()

    del told["airflow_conf"]
    rescued = job("cancel_dag_run", {**told, "airflow_require_success": "true", **of_workflow(number, 2)})
    assert api.ask(Runs).get("slow", run_id)["state"] == "failed"
    # Else the workflow would count as successful.
    assert rescued.status == "failed"
    assert "and airflow_require_success asks for that" in rescued.stdout
    assert f"DAG run slow / {run_id} is cancelled" in rescued.stdout


@pytest.mark.parametrize("core", ["newest", pytest.param("2.15", marks=ONCE)])
def test_a_maintenance_window_from_one_job_to_the_next(api: Any, job: Run, number: int, core: str) -> None:
    """The second job has none of the first one's files, only its artifacts."""

    def paused() -> dict[str, bool]:
        return {dag["dag_id"]: dag["is_paused"] for dag in map(api.ask(Dags).get, ("writes_conf", "slow"))}

    api.ask(Dags).set_paused("writes_conf", False)
    begun = job("pause_all", {"airflow_dag_ids": "writes_conf, slow", **of_workflow(number, 1)}, core)
    assert begun.status == "successful", begun.stdout
    assert begun.artifacts() == {"airflow_unpaused_dags": ["writes_conf"]}
    assert paused() == {"writes_conf": True, "slow": True}

    ended = job("restore", {**begun.artifacts(), **of_workflow(number, 2)}, core)
    assert ended.status == "successful", ended.stdout
    assert paused() == {"writes_conf": False, "slow": True}
