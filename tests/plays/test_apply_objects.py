# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks apply_objects and export_objects before they ask Airflow: what they refuse, and what they print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, Played, ansible_playbook

pytestmark = pytest.mark.long

PLAYBOOK = str(ROOT / "playbooks" / "apply_objects.yml")
PLACE = "vault_airflow['connections']['db']['password']"
FILE = f'connections: [{{connection_id: db, conn_type: http, password: "{{{{ {PLACE} }}}}"}}]'
SECRETS = "vault_airflow: {connections: {db: {password: hidden-word}}}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "connections.yml").write_text(FILE, encoding="utf-8")
    return folder


def applied(tree: Path, *options: str) -> Played:
    return ansible_playbook(PLAYBOOK, tree.parent, *options, airflow_objects_folder=str(tree))


@pytest.mark.parametrize(
    ("secrets", "missing"),
    [
        (None, PLACE),
        ("vault_airflow: {connections: {}}", PLACE),
        ("vault_airflow: {connections: {db: {password: }}}", PLACE),
    ],
)
def test_a_missing_secret_is_named(tree: Path, secrets: str | None, missing: str) -> None:
    if secrets:
        (tree / "vault.yml").write_text(secrets, encoding="utf-8")
    played = applied(tree)
    assert played.status != 0
    assert f"tree needs secrets that are not given ({missing}); write them into vault.yml" in played.words


def test_a_vault_needs_its_password(tree: Path) -> None:
    vault = VaultLib([("default", VaultSecret(b"vaulting"))])
    (tree / "vault.yml").write_bytes(vault.encrypt(SECRETS))
    played = applied(tree)
    assert played.status != 0
    assert "tree/vault.yml cannot be decrypted, or may not be read; give its password, such as with" in played.words
    (tree.parent / "password").write_text("vaulting", encoding="utf-8")
    played = applied(tree, "--vault-password-file", str(tree.parent / "password"))
    # All is there but Airflow.
    assert "No Airflow is named: set api_url" in played.words
    assert "hidden-word" not in played.output


def test_a_text_in_a_vault_needs_its_password(tree: Path) -> None:
    text = VaultLib([("default", VaultSecret(b"vaulting"))]).encrypt("hidden-word").decode()
    lines = "".join(f"\n        {line}" for line in text.splitlines())
    vault = f"vault_airflow:\n  connections:\n    db:\n      password: !vault |{lines}\n"
    (tree / "vault.yml").write_text(vault, encoding="utf-8")
    played = applied(tree)
    assert played.status != 0
    assert "tree needs secrets that cannot be decrypted in the variable vault_airflow; give their" in played.words
    (tree.parent / "password").write_text("vaulting", encoding="utf-8")
    played = applied(tree, "--vault-password-file", str(tree.parent / "password"), "-vvvv")
    assert "No Airflow is named: set api_url" in played.words
    assert "hidden-word" not in played.output


def test_no_secret_is_printed(tree: Path) -> None:
    (tree / "vault.yml").write_text(SECRETS, encoding="utf-8")
    (tree / "variables.yml").write_text("variables: [{key: a, secret_value: word-of-a-file}]", encoding="utf-8")
    played = applied(tree, "-vvvv")
    assert "No Airflow is named: set api_url" in played.words
    assert [word for word in ("hidden-word", "word-of-a-file") if word in played.output] == []


@pytest.mark.parametrize("name", ["vault.yml", "connections.yml"])
def test_a_broken_file_is_named_with_its_line_and_not_shown(tree: Path, name: str) -> None:
    (tree / name).write_text("a:\n  b: hidden-word: c", encoding="utf-8")
    for folder in (tree, tree / name):
        if folder.name == "vault.yml":
            continue
        played = ansible_playbook(PLAYBOOK, tree.parent, "-vvvv", airflow_objects_folder=str(folder))
        assert played.status != 0
        says = (
            f"tree/{name} is no YAML in line 2 (mapping values are not allowed here); correct it. Nothing was changed."
        )
        assert says in played.words
        assert "hidden-word" not in played.output


@pytest.mark.parametrize("name", ["connection.yml", "Connections.yaml", "vault.yaml"])
def test_a_file_that_would_not_be_read_is_named(tree: Path, name: str) -> None:
    (tree / name).write_text(FILE, encoding="utf-8")
    (tree / "README.yml").write_text("a: b", encoding="utf-8")
    played = applied(tree)
    assert played.status != 0
    assert f"tree holds files that would not be read ({name}); the right names are connections.yml, " in played.words


def test_the_files_of_a_folder_come_together(tree: Path, tmp_path: Path) -> None:
    (tree / "vault.yml").write_text(SECRETS, encoding="utf-8")
    (tree / "pools.yml").write_text("pools: [{name: crawlers, slots: 4}]", encoding="utf-8")
    (loaded,) = yaml.safe_load(Path(PLAYBOOK).read_text(encoding="utf-8"))
    loaded["tasks"][-1] = {"ansible.builtin.debug": {"msg": "{{ _tree | to_json }}"}}
    (tmp_path / "filter_plugins").symlink_to(ROOT / "playbooks" / "filter_plugins")
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(json.dumps([loaded]), encoding="utf-8")
    played = ansible_playbook(str(playbook), tmp_path, airflow_objects_folder=str(tree))
    words = played.words.replace("\\", "")
    assert '"password": "hidden-word"' in words, played.output
    assert '"pools": [{"name": "crawlers", "slots": 4}]' in words


def test_unknown_keys_are_named(tree: Path) -> None:
    (tree / "connections.yml").unlink()
    (tree / "pools.yml").write_text("pool: []", encoding="utf-8")
    assert "tree holds the unknown keys pool (did you mean pools?); correct them" in applied(tree).words


def test_an_export_does_not_replace_another_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("a: b", encoding="utf-8")
    playbook = str(ROOT / "playbooks" / "export_objects.yml")
    played = ansible_playbook(playbook, tmp_path, airflow_objects_folder=str(tmp_path / "mine.yml"))
    assert played.status != 0
    assert "mine.yml is a file that is no export, so nothing was written; name a new file" in played.words
