# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of runs as the server has them: those that others have made, and those that it takes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.task_states import TaskStates
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tasks import Tasks
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import ServerError, UnfitId, Unsupported
from ansible_collections.dagops.airflow.plugins.module_utils._work.fulfil import fulfil
from ansible_collections.dagops.airflow.plugins.module_utils._work.waiting import wait_for_run
from live import Airflow

from airflow_server import Server

DAG = "ok"
ANY, FEW = "^.*$", "^[a-z0-9-]+$"


@pytest.fixture(scope="module")
def own(airflow: Airflow) -> Iterator[Server]:
    """A server that takes any id, until a test narrows that."""
    with Server(airflow.name, many=False, config={"scheduler__allowed_run_id_pattern": ANY}) as server:
        yield server


@pytest.fixture(scope="module")
def api(own: Server) -> Api:
    """That server, as modules see it."""
    settings = {"url": own.url, "username": own.username, "password": own.password}
    known = {f"airflow_api_{key}": value for key, value in settings.items()}
    found = in_process.connected(Airflow({**known, "airflow_server_name": own.version.name}), clock=Clock())
    found.ask(Dags).set_paused(DAG, False)
    return found


def made(api: Api, dag_run_id: str) -> None:
    """Make a run as others do, who keep to no rule of ours."""
    date = {} if api.generation.name == "v1" else {"logical_date": None}
    api.client.post(f"{api.generation.prefix}/dags/{DAG}/dagRuns", {"dag_run_id": dag_run_id, "conf": {}, **date})


def brought(api: Api, dag_run_id: str, state: str) -> str:
    """Bring a run into a state, and return in which it is then."""
    wish = in_process.wish(api, dag_id=DAG, dag_run_id=dag_run_id, state=state, only_failed=False, wait_timeout=120)
    done = fulfil(api, wish, check_mode=False)
    assert done.run
    if state in ("awaited", "cleared"):
        return str(wait_for_run(api, done.run, wish)["state"])
    return str(done.run["state"])


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b=c", "ä€", "a%2Fb", "a;b", "a\\b", "(x)&y"])
def test_a_run_is_read_waited_for_cleared_cancelled_and_deleted_whatever_its_id(api: Api, name: str) -> None:
    dag_run_id = f"{name} {uuid.uuid4().hex[:8]}"
    made(api, dag_run_id)
    assert brought(api, dag_run_id, "awaited") == "success"
    assert brought(api, dag_run_id, "cleared") == "success"
    assert brought(api, dag_run_id, "failed") == "failed"
    brought(api, dag_run_id, "absent")
    assert api.ask(Runs).find(DAG, dag_run_id) is None


@pytest.mark.parametrize(
    ("dag_run_id", "why"),
    [("a/b", "has a slash"), (".", "has only dots"), ("~", "means all runs in its paths")],
)
def test_a_run_that_no_path_can_name_is_read_waited_for_and_cleared(api: Api, dag_run_id: str, why: str) -> None:
    made(api, dag_run_id)
    assert brought(api, dag_run_id, "awaited") == "success"
    assert brought(api, dag_run_id, "cleared") == "success"
    run, task = api.ask(Runs).get(DAG, dag_run_id), api.ask(Tasks).of_run(DAG, dag_run_id)[0]
    if api.generation.name == "v1":
        api.ask(TaskStates).mark(run, task, "failed", upstream=False)
        states = {one["task_id"]: one["state"] for one in api.ask(Tasks).of_run(DAG, dag_run_id)}
        assert states[task["task_id"]] == "failed"
        api.ask(TaskStates).mark(run, task, "success", upstream=False)
    else:
        with pytest.raises(Unsupported, match=f"cannot mark tasks of DAG run .*, since its id {why}; use"):
            api.ask(TaskStates).mark(run, task, "failed", upstream=False)
    for state in ("failed", "absent"):
        with pytest.raises(Unsupported, match=f"cannot mark or delete DAG run .*, since its id {why}; use"):
            brought(api, dag_run_id, state)
    assert api.ask(Runs).get(DAG, dag_run_id)["dag_run_id"] == dag_run_id


def test_a_server_that_takes_few_ids(own: Server, api: Api) -> None:
    config = own.home / "airflow.cfg"
    text = config.read_text(encoding="utf-8")
    assert ANY in text
    config.write_text(text.replace(ANY, FEW), encoding="utf-8")
    own.restart_webserver()
    if api.generation.name == "v1":
        with pytest.raises(ServerError, match="the run id ansible__"):
            in_process.triggered(api, DAG)
    else:
        done = in_process.triggered(api, DAG)
        assert done.run
        assert done.run["dag_run_id"].startswith("ansible-20")
        with pytest.raises(UnfitId, match="Airflow refused the run id Release_1: it does not fit"):
            in_process.triggered(api, DAG, dag_run_id="Release_1")
    done = in_process.triggered(api, DAG, dag_run_id=f"release-{uuid.uuid4().hex[:8]}")
    assert done.changed
