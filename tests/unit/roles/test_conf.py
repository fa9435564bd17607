# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks and the role hand to Airflow for a conf, however it is written, on every ansible-core."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.dagops.airflow.tests.unit.roles.little_airflow import LittleAirflow
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import ROOT, ansible_playbook

PLAYBOOKS = ROOT / "playbooks"
RUN_DAG = "- import_playbook: dagops.airflow.run_dag\n  vars:\n"
PASSWORD = "only-for-tests"


def vaulted(text: str) -> str:
    """A value in YAML that only those read who know the password."""
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD.encode()))])
    return "!vault " + json.dumps(vault.encrypt(text).decode())


# How a conf is written in YAML, and what Airflow is to be given. No value of it may be shown when it is secret_conf.
BOTH: dict[str, tuple[str, dict[str, t.Any]]] = {
    "a date": ("{day: 2026-01-01, n: 123456}", {"day": "2026-01-01", "n": 123456}),
    "a moment": (
        "{at: 2026-01-01T10:15:00+00:00, days: [2026-01-02]}",
        {"at": "2026-01-01T10:15:00+00:00", "days": ["2026-01-02"]},
    ),
    "JSON": (
        r"""'{"url": "http:\/\/hidden.example\/a", "smile": "hidden\ud83d\ude00"}'""",
        {"url": "http://hidden.example/a", "smile": "hidden😀"},
    ),
    "texts": (
        """{a: '[hidden]', b: '{"hidden": 1}', c: [null, 12345.5, false, "it's hidden"]}""",
        {"a": "[hidden]", "b": '{"hidden": 1}', "c": [None, 12345.5, False, "it's hidden"]},
    ),
    "a text of Airflow": ("{a: !unsafe '{{ hidden.macro }}'}", {"a": "{{ hidden.macro }}"}),
    "a template": ("{a: '{{ word }}', 7: b-hidden}", {"a": "hidden-word", "7": "b-hidden"}),
    "a vault": (f"{{key: {vaulted('hidden-1')}}}", {"key": "hidden-1"}),
}
CONF: dict[str, tuple[str, dict[str, t.Any]]] = {
    **BOTH,
    # A secret is a mapping or its JSON.
    "YAML on one line": ("""'{''a'': ''it''''s'', ''b'': None}'""", {"a": "it's", "b": "None"}),
    "YAML": ("|\n        a: 1\n        b: [2, '3']\n", {"a": 1, "b": [2, "3"]}),
    "a vault of all": (vaulted('{"key": "hidden-2"}'), {"key": "hidden-2"}),
}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[LittleAirflow]:
    with LittleAirflow("etl") as airflow:
        for name, value in airflow.environment.items():
            monkeypatch.setenv(name, value)
        yield airflow


@pytest.fixture
def password(tmp_path: Path) -> tuple[str, str]:
    """Options of ansible-playbook that tell the password of the vault."""
    file = tmp_path / "password"
    file.write_text(PASSWORD, encoding="utf-8")
    return "--vault-password-file", str(file)


def test_run_dag_hands_over_what_is_written(tmp_path: Path, airflow: LittleAirflow, password: tuple[str, str]) -> None:
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(
        "".join(
            f"{RUN_DAG}   airflow_dag_run_id: r{number}\n   airflow_conf: {conf}\n"
            for number, (conf, _expected) in enumerate(CONF.values())
        ),
        encoding="utf-8",
    )
    common = {"airflow_dag_id": "etl", "airflow_wait": False, "word": "hidden-word"}
    played = ansible_playbook(str(playbook), tmp_path, *password, **common)
    assert played.status == 0, played.output
    assert airflow.confs() == {f"r{number}": expected for number, (_conf, expected) in enumerate(CONF.values())}


def test_no_conf_is_none(tmp_path: Path, airflow: LittleAirflow) -> None:
    for number, given in enumerate([{}, {"airflow_conf": ""}, {"airflow_conf": None}]):
        variables = {"airflow_dag_id": "etl", "airflow_dag_run_id": f"r{number}", "airflow_wait": False, **given}
        played = ansible_playbook(str(PLAYBOOKS / "run_dag.yml"), tmp_path, **variables)
        assert played.status == 0, played.output
    assert airflow.confs() == {"r0": {}, "r1": {}, "r2": {}}


ROLE = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    airflow_deploy_dags:
"""
ROLES = "  roles: [dagops.airflow.airflow_deploy]\n"


def test_the_role_hands_over_what_is_written_and_shows_no_secret(
    tmp_path: Path, airflow: LittleAirflow, password: tuple[str, str]
) -> None:
    items = [("conf", *CONF[name]) for name in ("a date", "YAML on one line")] + [
        ("secret_conf", *case) for case in BOTH.values()
    ]
    playbook = tmp_path / "playbook.yml"
    for option in ("conf", "secret_conf"):
        listed = "".join(
            f"    - dag_id: etl\n      wait: false\n      dag_run_id: r{number}\n      {kind}: {conf}\n"
            for number, (kind, conf, _expected) in enumerate(items)
            if kind == option
        )
        playbook.write_text(ROLE + listed + ROLES, encoding="utf-8")
        # What the task about a secret shows is asked of the most talkative output.
        options = ("-vvv",) if option == "secret_conf" else ()
        played = ansible_playbook(str(playbook), tmp_path, *password, *options, word="hidden-word")
        assert played.status == 0, played.output
    assert airflow.confs() == {f"r{number}": expected for number, (_kind, _conf, expected) in enumerate(items)}
    shown = played.output.replace('"word": "hidden-word"', "")
    for value in ("hidden", "2026-01-0", "123456", "12345.5"):
        assert value not in shown, played.output
