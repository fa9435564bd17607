# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the playbook export_objects writes nothing, by a filter of its own."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.dagops.airflow.playbooks.filter_plugins.export_objects import FilterModule, export_refusal
from ansible_collections.dagops.airflow.plugins.filter.objects_yaml import objects_yaml
from ansible_collections.dagops.airflow.tests.unit.told import ROOT

FILES = yaml.safe_load((ROOT / "playbooks" / "vars" / "objects.yml").read_text(encoding="utf-8"))["_files"]
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
    said = export_refusal(str(tmp_path), FILES)
    words = f"{tmp_path} holds other files than those of an export, so nothing was written; name a new folder in "
    assert said == (f"{words}airflow_objects_folder." if refused else "")
    (tmp_path / "folder").mkdir()
    assert words in export_refusal(str(tmp_path), FILES)


@pytest.mark.parametrize("text", ["pools: []\n", "", " format: 1\n", "format: one\n"])
def test_a_file_that_is_no_export(tmp_path, text):
    file = tmp_path / "mine.yml"
    file.write_text(text, encoding="utf-8")
    words = f"{file} is a file that is no export, so nothing was written; name a new file in airflow_objects_folder."
    assert export_refusal(str(file), FILES) == words


def test_a_file_that_is_an_export(tmp_path):
    found: dict[str, t.Any] = {"config": {"pools": []}, "airflow": "3.3.0", "secrets_needed": []}
    file = tmp_path / "all.yml"
    file.write_text(objects_yaml(found), encoding="utf-8")
    assert export_refusal(str(file), FILES) == ""
    assert export_refusal(str(tmp_path / "none.yml"), FILES) == ""


def test_it_is_offered():
    assert FilterModule().filters() == {"export_refusal": export_refusal}
