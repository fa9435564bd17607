# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX is set up by a playbook: with AWX's own modules, against a stand-in for its API."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.unit.awx import definition
from controller import TOKEN, Controller, running
from live import Played, ansible_playbook

# No Airflow takes part, so once is enough.
pytestmark = [pytest.mark.generation("v2"), pytest.mark.long]

FOUND = json.loads(os.environ.get("DAGOPS_TEST_HOSTS", "{}"))
PASSWORD = "password-of-airflow-7c1d"
PROJECT = {"airflow_awx_project_url": "https://git.example.com/airflow.git"}


@pytest.fixture(scope="module")
def collections() -> Path:
    """The folder that holds the collection awx.awx."""
    if not FOUND.get("awx"):
        pytest.skip("no Python here for the package ansible, which holds awx.awx")
    (python,) = FOUND["awx"].values()
    (folder,) = Path(python).parents[1].glob("lib/python3*/site-packages")
    return folder


@pytest.fixture(scope="module")
def awx() -> Iterator[tuple[Controller, str]]:
    """An AWX that nobody has set up, and its URL."""
    controller = Controller()
    with running(controller) as url:
        yield controller, url


class SetUp:
    """Runs the playbook."""

    def __init__(self, folder: Path, url: str, collections: Path) -> None:
        self.folder, self.url, self.collections = folder, url, collections

    def __call__(self, *options: str, python: str = sys.executable, **env: str) -> Played:
        path = [os.environ["ANSIBLE_COLLECTIONS_PATH"], str(self.collections)]
        settings = {
            "CONTROLLER_HOST": self.url,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(path),
            "AIRFLOW_API_URL": "https://airflow.example.com",
            "AIRFLOW_API_USERNAME": "deploy",
            "AIRFLOW_API_PASSWORD": PASSWORD,
            "AIRFLOW_API_TOKEN": "",
            **env,
        }
        played = ansible_playbook(
            "dagops.airflow.awx_setup", "-vvv", *options, cwd=self.folder, python=python, **settings
        )
        assert PASSWORD not in played.output
        return played


@pytest.fixture
def set_up(awx: tuple[Controller, str], collections: Path, tmp_path: Path) -> SetUp:
    return SetUp(tmp_path, awx[1], collections)


VARIABLES = ("--extra-vars", json.dumps(PROJECT))


def test_what_is_missing_is_named(set_up: SetUp) -> None:
    assert "The variable airflow_awx_project_url is not set." in set_up().words


def test_check_mode_writes_nothing(awx: tuple[Controller, str], set_up: SetUp) -> None:
    """What depends on something that is not there cannot be looked up; that is ignored."""
    played = set_up("--check", *VARIABLES)
    assert played.status == 0, played.output
    assert played.changed() > 0
    assert "ignored=3" in played.words
    assert awx[0].writes == []


def test_all_of_it_is_made_once(awx: tuple[Controller, str], set_up: SetUp) -> None:
    controller, _url = awx
    first = set_up(*VARIABLES)
    assert first.status == 0, first.output
    assert_complete(controller)

    controller.writes.clear()
    again = set_up(*VARIABLES)
    assert (again.status, again.changed()) == (0, 0), again.output
    assert controller.writes == [f"POST projects/{controller.one('projects', 'Airflow')['id']}/update"]


def test_ansible_controller_takes_the_place_of_awx_awx(
    awx: tuple[Controller, str], set_up: SetUp, tmp_path: Path
) -> None:
    """The certified collection is the same source under another name; on ansible-core 2.15 it rotates a secret here."""
    if "2.15" not in FOUND["cores"]:
        pytest.skip("no Python here for ansible-core 2.15")
    controller, _url = awx
    copy = tmp_path / "certified" / "ansible_collections" / "ansible" / "controller"
    shutil.copytree(set_up.collections / "ansible_collections" / "awx" / "awx" / "plugins", copy / "plugins")
    source = copy / "plugins" / "module_utils" / "controller_api.py"
    source.write_text(
        source.read_text(encoding="utf-8").replace('_COLLECTION_TYPE = "awx"', '_COLLECTION_TYPE = "controller"')
    )
    set_up.collections = tmp_path / "certified"
    before = len(controller.items["credentials"])
    options = [*VARIABLES, "--extra-vars", "airflow_awx_rotate=true"]
    rotated = set_up(*options, python=FOUND["cores"]["2.15"], AIRFLOW_API_PASSWORD="another-password-3b9e")
    assert (rotated.status, rotated.changed()) == (0, 1), rotated.output
    assert "another-password-3b9e" not in rotated.output
    assert len(controller.items["credentials"]) == before == 1
    (secrets,) = controller.secrets.values()
    assert secrets == {"password": "another-password-3b9e"}
    assert_complete(controller)


def assert_complete(controller: Controller) -> None:
    """All that the guide speaks of is there, and belongs together."""
    one, links = controller.one, controller.links
    for kind in ("credentials", "execution_environments", "projects", "inventories"):
        assert one(kind, "Airflow")["organization"] == one("organizations", "Default")["id"]
    made = one("credential_types", "Airflow API")
    assert made["inputs"] == definition("credential_type_inputs")
    # Not one of its templates was rendered on the way.
    assert made["injectors"] == definition("credential_type_injectors")
    credential = one("credentials", "Airflow")
    assert credential["credential_type"] == made["id"]
    assert credential["inputs"] == {
        "url": "https://airflow.example.com",
        "username": "deploy",
        "password": "$encrypted$",
    }
    variables = json.loads(one("hosts", "localhost")["variables"])
    assert variables == {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    for name in ("run_dag", "cancel_dag_run", "apply_objects"):
        template = one("job_templates", f"Airflow: {name}")
        assert template["survey_enabled"]
        assert template["ask_job_type_on_launch"] is (name == "apply_objects")
        assert controller.surveys[template["id"]] == definition(f"survey_{name}")
        assert template["execution_environment"] == one("execution_environments", "Airflow")["id"]
        assert links[f"job_templates/{template['id']}/credentials"] == [credential["id"]]
    workflow = one("workflow_job_templates", "Airflow: run_dag to its end")
    asked = [question["variable"] for question in controller.surveys[workflow["id"]]["spec"]]
    assert "airflow_dag_id" in asked
    assert "airflow_wait" not in asked
    run, cancel = one("workflow_job_template_nodes", "run"), one("workflow_job_template_nodes", "cancel")
    assert links[f"workflow_job_template_nodes/{run['id']}/always_nodes"] == [cancel["id"]]
    assert cancel["unified_job_template"] == one("job_templates", "Airflow: cancel_dag_run")["id"]
