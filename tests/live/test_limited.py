# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user can do who may see single DAGs only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import Denied
from live import Airflow, result_of

DAG = "dotted.name-with-dash"
OF_DAG = [{"action": action, "resource": f"DAG:{DAG}"} for action in ("can_read", "can_edit")]
OF_RUNS = [
    {"action": "can_read", "resource": "DAG Runs"},
    {"action": "can_create", "resource": "DAG Runs"},
    {"action": "can_edit", "resource": "DAG Runs"},
    {"action": "can_read", "resource": "Task Instances"},
]
# Seconds until Airflow 3 has looked rights up.
LATE = 31


@pytest.fixture(scope="module")
def limited(airflow: Airflow, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The server, as a user of one DAG sees it."""
    folder, name, password = tmp_path_factory.mktemp("limited"), f"limited_{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    role = {"name": name, "permissions": OF_DAG + OF_RUNS}
    assert result_of(folder, "airflow_role", role)["changed"]
    user = {"username": name, "password": password, "email": f"{name}@example.com", "roles": [name]}
    assert result_of(folder, "airflow_user", user)["changed"]
    if api.generation.name == "v2":
        Clock().sleep(LATE)
    yield in_process.connected(airflow, api_username=name, api_password=password)
    for module, key in (("airflow_user", "username"), ("airflow_role", "name")):
        result_of(folder, module, {key: name, "state": "absent"})


def test_active_runs_of_the_dag_are_seen(api: Api, limited: Api) -> None:
    dag_run_id = f"limited-{uuid.uuid4().hex[:8]}"
    in_process.triggered(api, DAG, dag_run_id=dag_run_id)
    assert dag_run_id in [run["dag_run_id"] for run in limited.ask(Runs).active([DAG])]
    if api.version() < (3, 1) and api.generation.name == "v2":
        with pytest.raises(Denied):
            limited.ask(Runs)._active([DAG])
    # And once more, which costs no refusal then.
    assert dag_run_id in [run["dag_run_id"] for run in limited.ask(Runs).active([DAG])]
    api.ask(Runs).set_state(DAG, dag_run_id, "failed")
