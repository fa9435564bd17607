# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files the playbook deploy_dags waits for, by a filter of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.playbooks.filter_plugins.deploy_dags import FilterModule, dag_files

DAG = "from airflow.sdk import dag\n"
TEXTS = {
    "one.py": DAG,
    "team.a/two.py": "# The DAG of\n# Airflow",
    ".hidden/three.py": DAG,
    "helper.py": "import airflow\n",
    "other.py": "dag = 1\n",
    "common.py": DAG,
    "team.a/x_factory.py": DAG,
    "words.txt": DAG,
    "packed.zip": "",
}
ALL = [".hidden/three.py", "common.py", "one.py", "packed.zip", "team.a/two.py", "team.a/x_factory.py"]
# What is deployed, and what the files are called below the folder to which it goes.
SOURCES = {
    "/": ALL,
    "": [f"dags/{name}" for name in ALL],
    "/one.py": ["one.py"],
    "/team.a/two.py": ["two.py"],
    "/team.a/": ["two.py", "x_factory.py"],
    "/helper.py": [],
    "/words.txt": [],
    "/packed.zip": ["packed.zip"],
    "/no_such_file.py": [],
}


@pytest.fixture
def source(tmp_path: Path) -> str:
    for name, text in TEXTS.items():
        file = tmp_path / "dags" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return str(tmp_path / "dags")


@pytest.mark.parametrize("place", SOURCES)
def test_names_of_the_files(source, place):
    assert dag_files(source + place) == SOURCES[place]


@pytest.mark.parametrize("helpers", [["common.py", "*_factory.py", "t[vw]*"], "common.py, *_factory.py,t[vw]*"])
def test_helpers_are_left_out(source, helpers):
    assert dag_files(f"{source}/", helpers) == [".hidden/three.py", "one.py", "packed.zip"]


def test_a_path_in_the_current_folder_and_a_link(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "linked.py").write_text(DAG, encoding="utf-8")
    (tmp_path / "dags" / "link").symlink_to(tmp_path / "elsewhere")
    assert dag_files("dags/") == sorted([*ALL, "link/linked.py"])
    monkeypatch.setenv("HOME", str(tmp_path))
    assert dag_files("~/elsewhere/") == ["linked.py"]


def test_bytes_are_no_obstacle(tmp_path):
    (tmp_path / "odd.py").write_bytes(b"\xff DAG AIRFLOW")
    assert dag_files(f"{tmp_path}/") == ["odd.py"]


def test_it_is_offered():
    assert FilterModule().filters() == {"dag_files": dag_files}
