# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of export_objects and apply_objects, by filters of their own."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.playbooks.filter_plugins.objects_files import (
    FILES,
    FilterModule,
    export_refusal,
    ignored_files,
    objects_files,
)
from ansible_collections.dagops.airflow.plugins.filter.objects_yaml import objects_yaml
from ansible_collections.dagops.airflow.plugins.module_utils._work.tree import KINDS

FOLDERS: dict[str, tuple[list[str], bool]] = {
    "a new one": ([], False),
    "an export": ([*FILES, "vault.yml", ".gitignore"], False),
    "another file": (["pools.yml", "notes.txt"], True),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_folders(tmp_path, case):
    names, refused = FOLDERS[case]
    for name in names:
        (tmp_path / name).write_text("", encoding="utf-8")
    said = export_refusal(str(tmp_path))
    words = f"{tmp_path} holds other files than those of an export, so nothing was written; name a new folder in "
    assert said == (f"{words}airflow_objects_folder." if refused else "")
    (tmp_path / "folder").mkdir()
    assert words in export_refusal(str(tmp_path))


@pytest.mark.parametrize("text", ["pools: []\n", "", " format: 1\n", "format: one\n"])
def test_a_file_that_is_no_export(tmp_path, text):
    file = tmp_path / "mine.yml"
    file.write_text(text, encoding="utf-8")
    words = f"{file} is a file that is no export, so nothing was written; name a new file in airflow_objects_folder."
    assert export_refusal(str(file)) == words


def test_a_file_that_is_an_export(tmp_path):
    found: dict[str, t.Any] = {"config": {"pools": []}, "airflow": "3.3.0", "secrets_needed": []}
    file = tmp_path / "all.yml"
    file.write_text(objects_yaml(found), encoding="utf-8")
    assert export_refusal(str(file)) == ""
    assert export_refusal(str(tmp_path / "none.yml")) == ""


def test_files_that_are_read(tmp_path):
    assert sorted(FILES) == sorted(f"{kind}.yml" for kind in KINDS)
    for name in ("pools.yml", "connections.yml", "vault.yml", "other.yml", "all.yml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "dags.yml").mkdir()
    assert objects_files(str(tmp_path)) == [f"{tmp_path}/connections.yml", f"{tmp_path}/pools.yml"]
    assert objects_files(f"{tmp_path}/all.yml") == [f"{tmp_path}/all.yml"]
    assert objects_files(f"{tmp_path}/none") == []


@pytest.mark.parametrize("name", ["Pool.yml", "connections.yaml", "VAULT.yml", "dag.json", "vaults.yml", "pools.YML"])
def test_files_that_would_not_be_read(tmp_path, name):
    for other in (name, "pools.yml", "vault.yml", "my_pools.yaml", "README.md"):
        (tmp_path / other).write_text("", encoding="utf-8")
    assert ignored_files(str(tmp_path)) == (
        f"holds files that would not be read ({name}); the right names are connections.yml, variables.yml, pools.yml, "
        "roles.yml, users.yml, dags.yml and vault.yml, so rename these files, or move them elsewhere"
    )
    (tmp_path / name).unlink()
    assert ignored_files(str(tmp_path)) == ""
    assert ignored_files(f"{tmp_path}/pools.yml") == ""


def test_they_are_offered():
    filters = [export_refusal, ignored_files, objects_files]
    assert FilterModule().filters() == {function.__name__: function for function in filters}
