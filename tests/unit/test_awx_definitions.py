# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions that AWX gets: whether it would take them, and what a module makes of what comes out."""

from __future__ import annotations

import itertools
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._connect import _client_certificate, _credentials, _verify
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC, AirflowModule
from ansible_collections.dagops.airflow.tests.unit.awx import definition, injected
from ansible_collections.dagops.airflow.tests.unit.played import arguments, on_the_target
from ansible_collections.dagops.airflow.tests.unit.told import variables_of
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "examples" / "awx_project"
NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# Variables that a credential type may not set: prefixes, and names.
RESERVED = ("ANSIBLE_", "AWX_", "CALLBACK_", "INVENTORY_", "JOB_", "REST_API_")
IN_FIELDS = {"id", "label", "type", "format", "choices", "help_text", "multiline", "secret", "default"}
OF_TEXTS = {"format", "choices", "multiline", "secret"}
QUESTION_TYPES = {"text": str, "textarea": str, "multiplechoice": str, "integer": int}
OF_ORGANIZATION = {
    "credential",
    "execution_environment",
    "project",
    "inventory",
    "job_template",
    "workflow_job_template",
}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

Object = t.Dict[str, t.Any]


# -- would AWX take it


def test_inputs_of_the_credential_type():
    inputs = definition("credential_type_inputs")
    assert set(inputs) == {"fields", "required"}
    ids = [field["id"] for field in inputs["fields"]]
    assert len(ids) == len(set(ids))
    assert set(inputs["required"]) <= set(ids)
    for field in inputs["fields"]:
        assert {"id", "label", "type"} <= set(field) <= IN_FIELDS, field
        assert re.fullmatch(NAME, field["id"])
        assert field["id"] != "tower"
        assert field["type"] == "string" or (field["type"] == "boolean" and not OF_TEXTS & set(field))
        # A boolean that was never touched is false in a job, whatever its default.
        assert "default" not in field


def test_injectors_of_the_credential_type():
    injectors = definition("credential_type_injectors")
    assert set(injectors) <= {"env", "file", "extra_vars"}
    known: Object = {field["id"]: "x" for field in definition("credential_type_inputs")["fields"]}
    assert all(re.fullmatch(rf"template\.{NAME}", name) for name in injectors["file"])
    known["tower"] = {"filename": {name.partition(".")[2]: "path" for name in injectors["file"]}}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for name, template in [*injectors["file"].items(), *injectors["env"].items()]:
        assert template.isascii()
        assert environment.from_string(template).render(known) in ("x", "path", "false"), name
    for name in injectors["env"]:
        assert re.fullmatch(NAME, name)
        assert not name.startswith(RESERVED)


def test_every_variable_is_one_that_modules_read():
    read = {spec["fallback"][1][0] for spec in CONNECTION_SPEC.values() if "fallback" in spec}
    assert set(definition("credential_type_injectors")["env"]) <= read


@pytest.mark.parametrize("playbook", ["run_dag", "cancel_dag_run", "answer_approval", "apply_objects"])
def test_surveys(playbook):
    survey = definition(f"survey_{playbook}")
    assert set(survey) == {"name", "description", "spec"}
    variables = [question["variable"] for question in survey["spec"]]
    assert len(variables) == len(set(variables))
    for question in survey["spec"]:
        kind = QUESTION_TYPES[question["type"]]
        assert question["required"] in (True, False)
        assert isinstance(question["default"], kind)
        assert not isinstance(question["default"], bool)
        assert ("choices" in question) is (question["type"] == "multiplechoice")
        assert question["default"] in question.get("choices", [question["default"]])
        if question["type"] != "multiplechoice":
            assert isinstance(question["min"], int)
            assert isinstance(question["max"], int)
    # The guide names its variables.
    assert set(variables) == variables_of(playbook)


def test_all_that_can_belong_to_an_organization_does():
    text = (ROOT / "playbooks" / "awx_setup.yml").read_text(encoding="utf-8")
    (play,) = yaml.safe_load(text)
    made = {module: options for task in play["tasks"] for module, options in task.items() if module in OF_ORGANIZATION}
    assert made.keys() == OF_ORGANIZATION
    # An execution environment without one is everybody's.
    assert {options["organization"] for options in made.values()} == {"{{ _organization }}"}


def test_the_project_has_the_playbooks_of_the_job_templates():
    listed = re.compile(r"^\s*-?\s*(?:ansible\.builtin\.)?(?:hosts|import_playbook):", re.MULTILINE)
    for name in ("run_dag", "cancel_dag_run", "answer_approval", "apply_objects"):
        text = (PROJECT / f"{name}.yml").read_text(encoding="utf-8")
        # AWX offers files with such a line; a "- name:" may come before it.
        assert listed.search(text)
        assert f"import_playbook: dagops.airflow.{name}\n" in text
    for file in PROJECT.glob("*.yml"):
        (play,) = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert (ROOT / "playbooks" / (play["ansible.builtin.import_playbook"].rpartition(".")[2] + ".yml")).is_file()


# -- what the modules make of it


def parameters() -> Object:
    """The options of a module that is given nothing but the environment."""
    with on_the_target(), arguments({}):
        params: Object = AirflowModule({}).params
    return params


# None stands for an input that the credential has not at all.
LOGINS = [(None, None), ("", ""), ("deploy", "p4ssw0rd"), ("deploy", "")]
TOKENS = [None, "", "t0ken-t0ken"]
FILES = [(None, ""), ("", PEM), (PEM, None), (PEM, PEM)]
CASES = list(itertools.product(LOGINS, TOKENS, FILES, [None, False, True]))


def test_all_combinations_of_inputs(monkeypatch, tmp_path):
    """Each way to fill in the form gives a login or a sentence about it; TLS is checked unless told otherwise."""
    for (username, password), token, (ca_cert, client_cert), insecure in CASES:
        inputs = {
            "url": "https://airflow.example.com/prefix",
            "username": username,
            "password": password,
            "token": token,
            "ca_cert": ca_cert,
            "client_cert": client_cert,
            "client_key": client_cert,
            "insecure": insecure,
        }
        env = injected({key: value for key, value in inputs.items() if value is not None}, tmp_path)
        assert len(env) == 8
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        params = parameters()
        assert params["api_url"] == inputs["url"]
        assert params["validate_certs"] is not (insecure is True)
        trusted = str(tmp_path / "ca_cert") if ca_cert else True
        assert _verify(params) == (False if insecure else trusted)
        shown = (str(tmp_path / "client_cert"), str(tmp_path / "client_key"))
        assert _client_certificate(params) == (shown if client_cert else None)
        if bool(username) == bool(password) and not (token and username):
            assert _credentials(params) == (username or None, password or None, token or None)
        else:
            with pytest.raises(BadInput):
                _credentials(params)
        if ca_cert:
            assert Path(params["ca_path"]).read_text(encoding="utf-8") == PEM
