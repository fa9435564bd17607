# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook awx_setup works out, by filters of its own."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.playbooks.filter_plugins import awx_setup
from ansible_collections.dagops.airflow.tests.unit.awx import DEFINITIONS, definition

HOST = {"CONTROLLER_HOST": "https://awx.example.com", "AIRFLOW_API_URL": "https://airflow.example.com"}
PROJECT = "https://git.example.com/airflow.git"
HIDDEN = "$encrypted$"


class SetEnvironment(t.Protocol):
    def __call__(self, **variables: str) -> None: ...


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> SetEnvironment:
    for name in (*awx_setup.HOSTS, *awx_setup.TEXTS.values(), *awx_setup.FILES.values(), awx_setup.CERTS):
        monkeypatch.delenv(name, raising=False)

    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_all_filters_are_offered():
    filters = awx_setup.FilterModule().filters()
    assert all(getattr(awx_setup, name) is function for name, function in filters.items())
    text = (DEFINITIONS.parents[1] / "awx_setup.yml").read_text(encoding="utf-8")
    assert all(f"| {name}" in text for name in filters)


# -- what is missing


@pytest.mark.parametrize(
    ("without", "project_url", "words"),
    [
        ("CONTROLLER_HOST", PROJECT, "The environment variable CONTROLLER_HOST is not set."),
        ("AIRFLOW_API_URL", PROJECT, "The environment variable AIRFLOW_API_URL is not set."),
        (None, "", "The variable airflow_awx_project_url is not set."),
        (None, None, "The variable airflow_awx_project_url is not set."),
        (None, PROJECT, ""),
    ],
)
def test_what_is_not_set_is_named(environment, without, project_url, words):
    environment(**{name: value for name, value in HOST.items() if name != without})
    assert awx_setup.awx_lacking(project_url) == words


@pytest.mark.parametrize("name", ["TOWER_HOST", "AAP_HOSTNAME"])
def test_other_names_of_the_host(environment, name):
    environment(AIRFLOW_API_URL="https://airflow.example.com", **{name: "https://awx.example.com"})
    assert awx_setup.awx_lacking(PROJECT) == ""


@pytest.mark.parametrize("answer", ["", "yes", "TRUE", " off ", "0", True, False, None, 1])
def test_answers(environment, answer):
    environment(**HOST, AIRFLOW_API_VALIDATE_CERTS=str("" if answer is None else answer))
    assert awx_setup.awx_lacking(PROJECT, answer) == ""


@pytest.mark.parametrize("certs", ["maybe", ""])
def test_an_answer_that_is_neither_is_refused(environment, certs):
    environment(**HOST, AIRFLOW_API_VALIDATE_CERTS=certs)
    name = "environment variable AIRFLOW_API_VALIDATE_CERTS" if certs else "variable airflow_awx_rotate"
    words = f"The {name} must be true or false, and is maybe; correct it. Nothing was changed."
    assert awx_setup.awx_lacking(PROJECT, "" if certs else "maybe") == words


MINE, OTHER = {"id": 1}, {"id": 2}
THERE: dict[str, tuple[list[t.Any], list[t.Any], bool, list[t.Any], str]] = {
    "no organization": ([], [], True, [], "AWX has no organization Ours; name one in airflow_awx_organization."),
    "a name that is taken": ([MINE], [{"organization": 2}], True, [OTHER], "The execution environment A belongs to"),
    "a name of everybody's": ([MINE], [{"organization": None}], True, [OTHER], "or to none, and its name is unique"),
    "no Galaxy": ([MINE], [], False, [], "The organization Ours has no Galaxy credential, so AWX installs no"),
    "no Galaxy, but an image": ([MINE], [], True, [], ""),
    "all of it": ([MINE], [{"organization": 1}], False, [OTHER], ""),
}


@pytest.mark.parametrize("case", THERE)
def test_what_would_fail_half_way(case):
    organizations, environments, has_image, galaxy, words = THERE[case]
    there = {"organizations": organizations, "environments": environments}
    said = awx_setup.awx_refusal(there, "Ours", "A", has_image, galaxy)
    assert words in said
    assert bool(said) is bool(words)


# -- the credential


def test_inputs_of_a_new_credential(environment, tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text("the certificate\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    environment(
        AIRFLOW_API_URL=" https://airflow.example.com ",
        AIRFLOW_API_USERNAME="deploy",
        AIRFLOW_API_PASSWORD="{{ 7 * 7 }}",
        AIRFLOW_API_TOKEN="",
        AIRFLOW_API_CA_PATH="ca.pem",
    )
    inputs = awx_setup.awx_inputs([])
    assert inputs == {
        "url": "https://airflow.example.com",
        "username": "deploy",
        "password": "{{ 7 * 7 }}",
        "ca_cert": "the certificate",
    }
    assert inputs.keys() <= {field["id"] for field in definition("credential_type_inputs")["fields"]}


def test_all_inputs_are_fields_of_the_type():
    fields = {field["id"] for field in definition("credential_type_inputs")["fields"]}
    assert {*awx_setup.TEXTS, *awx_setup.FILES, "insecure"} == fields
    variables = {*awx_setup.TEXTS.values(), *awx_setup.FILES.values(), awx_setup.CERTS}
    assert variables == set(definition("credential_type_injectors")["env"])


HAS = {"url": "https://old.example.com", "username": "deploy", "password": HIDDEN, "insecure": True}
CHANGES: dict[str, tuple[dict[str, str], t.Any, dict[str, t.Any]]] = {
    "nothing": ({}, False, HAS),
    "another URL": ({"URL": "https://x"}, "", {**HAS, "url": "https://x"}),
    "a password": ({"USERNAME": "deploy", "PASSWORD": "new"}, False, HAS),
    "another password": ({"USERNAME": "deploy", "PASSWORD": "new"}, "yes", {**HAS, "password": "new"}),
    "nothing to rotate": ({}, True, HAS),
    "a token": ({"TOKEN": "t"}, False, {"url": HAS["url"], "insecure": True, "token": "t"}),
    "the check": ({"VALIDATE_CERTS": "y"}, False, {**HAS, "insecure": False}),
    "no check": ({"VALIDATE_CERTS": "False"}, False, HAS),
}


@pytest.mark.parametrize("case", CHANGES)
def test_inputs_that_are_not_given_stay(environment, case):
    given, rotate, expected = CHANGES[case]
    environment(**{f"AIRFLOW_API_{name}": value for name, value in given.items()})
    assert awx_setup.awx_inputs([{"inputs": HAS}], rotate) == expected
    assert awx_setup.awx_rotates(rotate) is (rotate in ("yes", True))


def test_a_user_takes_the_place_of_a_token(environment):
    environment(AIRFLOW_API_USERNAME="deploy", AIRFLOW_API_PASSWORD="new")
    inputs = awx_setup.awx_inputs([{"inputs": {"token": HIDDEN}}])
    assert inputs == {"username": "deploy", "password": "new"}


def test_a_file_that_cannot_be_read(environment, tmp_path):
    environment(AIRFLOW_API_CLIENT_KEY=f"{tmp_path}/none.pem")
    words = "none.pem of AIRFLOW_API_CLIENT_KEY cannot be read \\(No such file or directory\\); correct it."
    with pytest.raises(AnsibleFilterError, match=words):
        awx_setup.awx_inputs([])
    (tmp_path / "none.pem").write_bytes(b"\xff")
    with pytest.raises(AnsibleFilterError, match="cannot be read \\(no text\\)"):
        awx_setup.awx_inputs([])


# -- the project and the workflow


def printed(text: str) -> list[dict[str, str]]:
    return [{"content": base64.b64encode(text.encode()).decode()}]


UPDATES: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "refused": ({"msg": "The project was not found."}, "", "The project was not found."),
    "late": (
        {"id": 7, "finished": None},
        "",
        "Update 7 of the project A has not ended after 9s (airflow_awx_update_timeout), and is pending; see whether "
        "AWX's task service runs.",
    ),
    "failed": (
        {"id": 7, "finished": "now", "status": "failed"},
        "PLAY [Update]\r\n\x1b[0;31mfatal: [localhost]: FAILED! => no\x1b[0m\r\nPLAY RECAP\r\n[ERROR]: why\r\n",
        "Update 7 of the project A has failed: fatal: [localhost]: FAILED! => no [ERROR]: why",
    ),
    "without an error": ({"id": 7, "finished": "now"}, "killed\n", "Update 7 of the project A has failed: killed"),
    "running": ({"id": 7, "status": "running"}, "", "Update 7 of the project A has not ended after 9s"),
}


@pytest.mark.parametrize("case", UPDATES)
def test_why_an_update_was_no_success(case):
    update, output, words = UPDATES[case]
    said = awx_setup.awx_update_failure(update, printed(output) if output else [], "A", 9)
    assert said.startswith(words)


def test_a_long_output_is_cut():
    said = awx_setup.awx_update_failure({"id": 7, "finished": "now"}, printed("x" * 5000), "A", 9)
    assert len(said) < 1600


def test_nodes_of_the_workflow():
    nodes = awx_setup.awx_nodes(definition("workflow_nodes"), "Airflow-test", "Ours")
    named = [(node["unified_job_template"]["name"], node["unified_job_template"]["organization"]) for node in nodes]
    ours = {"name": "Ours"}
    assert named == [("Airflow-test: run_dag", ours), ("Airflow-test: cancel_dag_run", ours)]
    same = awx_setup.awx_nodes(definition("workflow_nodes"), "Airflow", "Default")
    assert same == definition("workflow_nodes")
