# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook apply_objects before it asks Airflow: which secrets it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, Played, ansible_playbook

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
    ("secrets", "missing"), [(None, "the variable vault_airflow"), ("vault_airflow: {connections: {}}", PLACE)]
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
    assert "tree has a vault.yml that cannot be read (Attempting to decrypt" in played.words
    assert "; give its password, such as with --ask-vault-pass. Nothing was changed." in played.words
    (tree.parent / "password").write_text("vaulting", encoding="utf-8")
    played = applied(tree, "--vault-password-file", str(tree.parent / "password"))
    # All is there but Airflow.
    assert "No Airflow is named: set api_url" in played.words
    assert "hidden-word" not in played.output
