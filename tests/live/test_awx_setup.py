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


def test_inputs_that_are_not_given_stay(awx: tuple[Controller, str], set_up: SetUp) -> None:
    """AWX replaces them whole. Secrets are not written anew because another input changes, either."""
    controller, _url = awx
    (number,) = controller.items["credentials"]
    without = set_up(*VARIABLES, AIRFLOW_API_PASSWORD="", AIRFLOW_API_USERNAME="")
    assert (without.status, without.changed()) == (0, 0), without.output
    moved = set_up(*VARIABLES, AIRFLOW_API_URL="https://new.example.com", AIRFLOW_API_PASSWORD="not-to-be-written-1a")
    assert (moved.status, moved.changed()) == (0, 1), moved.output
    assert controller.items["credentials"][number]["inputs"]["url"] == "https://new.example.com"
    assert controller.items["credentials"][number]["inputs"]["username"] == "deploy"
    assert controller.secrets[number] == {"password": PASSWORD}
    # A token takes the place of a user and a password, which the modules would refuse beside it.
    token = set_up(*VARIABLES, AIRFLOW_API_PASSWORD="", AIRFLOW_API_USERNAME="", AIRFLOW_API_TOKEN="a-token-of-airflow")
    assert (token.status, token.changed()) == (0, 1), token.output
    assert controller.secrets[number] == {"token": "a-token-of-airflow"}
    assert "username" not in controller.items["credentials"][number]["inputs"]
    back = set_up(*VARIABLES)
    assert (back.status, back.changed()) == (0, 1), back.output
    assert controller.secrets[number] == {"password": PASSWORD}


def test_what_would_fail_half_way_is_refused_before_it(awx: tuple[Controller, str], set_up: SetUp) -> None:
    controller, _url = awx
    controller._store("organizations", {"name": "Second"})
    controller.writes.clear()
    unknown = set_up("--extra-vars", json.dumps({**PROJECT, "airflow_awx_organization": "Nowhere"}))
    assert (
        "AWX has no organization Nowhere; name one in airflow_awx_organization. Nothing was changed." in unknown.words
    )
    taken = set_up("--extra-vars", json.dumps({**PROJECT, "airflow_awx_organization": "Second"}))
    assert "The execution environment Airflow belongs to another organization of AWX" in taken.words
    second = {**PROJECT, "airflow_awx_organization": "Second", "airflow_awx_name": "Second"}
    bare = set_up("--extra-vars", json.dumps(second))
    assert "The organization Second has no Galaxy credential" in bare.words
    assert controller.writes == []
    before = {kind: dict(items) for kind, items in controller.items.items()}
    image = set_up("--extra-vars", json.dumps({**second, "airflow_awx_image": "registry.example.com/airflow-ee"}))
    assert image.status == 0, image.output
    # What belongs to it has the names of what the other tests look for.
    controller.items = before


def test_a_project_that_cannot_be_updated(awx: tuple[Controller, str], set_up: SetUp) -> None:
    """The reason is told from what the update has printed; AWX has it nowhere else."""
    controller, _url = awx
    well = controller.update
    controller.update = {"finished": "now", "failed": True, "status": "failed", "job_explanation": ""}
    fatal = 'fatal: [localhost]: FAILED! => {"msg": "repository https://git.example.com/airflow.git not found"}'
    controller.update_output = f"PLAY [Update source tree]\r\n\x1b[0;31m{fatal}\x1b[0m\r\nPLAY RECAP\r\n"
    failed = set_up(*VARIABLES)
    assert failed.status != 0
    assert "of the project Airflow has failed: fatal: [localhost]: FAILED!" in failed.words
    assert "repository https://git.example.com/airflow.git not found" in failed.words
    controller.update = {"finished": None, "failed": False, "status": "pending"}
    late = set_up("--extra-vars", json.dumps({**PROJECT, "airflow_awx_update_timeout": 1}))
    assert late.status != 0
    assert "has not ended after 1s (airflow_awx_update_timeout), and is pending; see whether AWX's task" in late.words
    controller.update = well


def test_ansible_controller_takes_the_place_of_awx_awx(
    awx: tuple[Controller, str], set_up: SetUp, tmp_path: Path
) -> None:
    """The certified collection is the same source under another name; on ansible-core 2.15 it rotates a secret here."""
    if "2.15" not in FOUND["cores"]:
        pytest.skip("no Python here for ansible-core 2.15")
    controller, _url = awx
    copy = tmp_path / "certified" / "ansible_collections" / "ansible" / "controller"
    shutil.copytree(set_up.collections / "ansible_collections" / "awx" / "awx" / "plugins", copy / "plugins")
    for source, of_awx, certified in (
        ("module_utils", '_COLLECTION_TYPE = "awx"', '_COLLECTION_TYPE = "controller"'),
        ("lookup", "fragment: awx.awx.", "fragment: ansible.controller."),
    ):
        file = copy / "plugins" / source / "controller_api.py"
        text = file.read_text(encoding="utf-8")
        assert of_awx in text
        file.write_text(text.replace(of_awx, certified), encoding="utf-8")
    set_up.collections = tmp_path / "certified"
    before = len(controller.items["credentials"])
    options = [*VARIABLES, "--extra-vars", "airflow_awx_rotate=true"]
    rotated = set_up(*options, python=FOUND["cores"]["2.15"], AIRFLOW_API_PASSWORD="another-password-{{ 7 * 7 }}-3b9e")
    assert (rotated.status, rotated.changed()) == (0, 1), rotated.output
    assert "another-password-{{ 7 * 7 }}-3b9e" not in rotated.output
    assert len(controller.items["credentials"]) == before == 1
    (number,) = controller.items["credentials"]
    assert controller.secrets[number] == {"password": "another-password-{{ 7 * 7 }}-3b9e"}
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
    for name in ("run_dag", "cancel_dag_run", "answer_approval", "apply_objects"):
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
