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
from ansible_collections.dagops.airflow.tests.plays.little_airflow import LittleAirflow, reached
from ansible_collections.dagops.airflow.tests.plays.playbooks import ansible_playbook

RUN_DAG = "- import_playbook: dagops.airflow.run_dag\n  vars:\n"
PASSWORD = "only-for-tests"


def vaulted(text: str) -> str:
    """A value in YAML that only those read who know the password."""
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(PASSWORD.encode()))])
    return "!vault " + json.dumps(vault.encrypt(text).decode())


# How a conf is written in YAML, and what Airflow is to be given. No value of it may be shown when it is secret_conf.
MAPPING = (
    "{day: 2026-01-01, at: 2026-01-01T10:15:00+00:00, days: [2026-01-02], n: 123456, a: '[hidden]', "
    "b: '{\"hidden\": 1}', c: [null, 12345.5, false, \"it's hidden\"], d: !unsafe '{{ hidden.macro }}', "
    f"e: '{{{{ word }}}}', 7: b-hidden, key: {vaulted('hidden-1')}}}"
)
SENT = {
    "day": "2026-01-01",
    "at": "2026-01-01T10:15:00+00:00",
    "days": ["2026-01-02"],
    "n": 123456,
    "a": "[hidden]",
    "b": '{"hidden": 1}',
    "c": [None, 12345.5, False, "it's hidden"],
    "d": "{{ hidden.macro }}",
    "e": "hidden-word",
    "7": "b-hidden",
    "key": "hidden-1",
}
BOTH: dict[str, tuple[str, dict[str, t.Any]]] = {
    "a mapping": (MAPPING, SENT),
    "JSON": (
        r"""'{"url": "http:\/\/hidden.example\/a", "smile": "hidden\ud83d\ude00"}'""",
        {"url": "http://hidden.example/a", "smile": "hidden😀"},
    ),
    "a vault of all": (vaulted('{"key": "hidden-2"}'), {"key": "hidden-2"}),
}
CONF: dict[str, tuple[str, dict[str, t.Any]]] = {
    **BOTH,
    # A secret is a mapping or its JSON.
    "YAML on one line": ("""'{''a'': ''it''''s'', ''b'': None}'""", {"a": "it's", "b": "None"}),
    "YAML": ("|\n        a: 1\n        b: [2, '3']\n", {"a": 1, "b": [2, "3"]}),
    "nothing": ("''", {}),
    "null": ("null", {}),
}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[LittleAirflow]:
    yield from reached(monkeypatch, "etl")


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
    items = [("secret_conf", *case) for case in BOTH.values()] + [("conf", *CONF["YAML on one line"])]
    listed = "".join(
        f"    - dag_id: etl\n      wait: 'no'\n      dag_run_id: r{number}\n      {kind}: {conf}\n"
        for number, (kind, conf, _expected) in enumerate(items)
    )
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(ROLE + listed + ROLES, encoding="utf-8")
    played = ansible_playbook(str(playbook), tmp_path, *password, "-vvv", word="hidden-word")
    assert played.status == 0, played.output
    assert airflow.confs() == {f"r{number}": expected for number, (_kind, _conf, expected) in enumerate(items)}
    shown = played.output.replace('"word": "hidden-word"', "")
    for value in ("hidden", "2026-01-0", "123456", "12345.5"):
        assert value not in shown, played.output
