# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook deploy_dags works out, by filters of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.playbooks.filter_plugins.deploy_dags import (
    FilterModule,
    dag_files,
    deploy_refusal,
    smoke_dags,
)

JSON = '["common.py", "*_factory.py", "t[vw]*"]'
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


@pytest.mark.parametrize("helpers", [["common.py", "*_factory.py", "t[vw]*"], "common.py, *_factory.py,t[vw]*", JSON])
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
    filters = {"dag_files": dag_files, "deploy_refusal": deploy_refusal, "smoke_dags": smoke_dags}
    assert FilterModule().filters() == filters


@pytest.mark.parametrize(
    ("there", "folder", "lacking", "words"),
    [
        ("", "/opt/airflow/dags", "", ""),
        ("", "~/dags", "", ""),
        ("", "dags", "", "Name what to deploy in airflow_dags_source, and in airflow_dags_folder the absolute"),
        ("", None, "", "Name what to deploy in airflow_dags_source, and in airflow_dags_folder the absolute"),
        ("/no_such", "/dags", "", "(airflow_dags_source) does not exist, so nothing was deployed; correct"),
        ("/empty", "/dags", "", "(airflow_dags_source) is no file and holds none, so nothing was deployed; correct"),
        ("", "/opt/airflow/dags", "No host matches", "No host matches, so nothing was deployed; correct it"),
    ],
)
def test_what_is_missing_or_wrong(source, there, folder, lacking, words):
    (Path(source) / "empty" / "folder").mkdir(parents=True)
    found = deploy_refusal(source + there, folder, lacking)
    assert (found == "") == (words == "")
    assert words in found


@pytest.mark.parametrize("nothing", ["", None])
def test_no_source(nothing):
    assert deploy_refusal(nothing, "/dags", "").startswith("Name what to deploy in airflow_dags_source")


def test_a_device_is_no_file():
    assert "is no file and holds none" in deploy_refusal("/dev/null", "/dags", "")


@pytest.mark.parametrize(
    ("smoke", "words"),
    [
        ([], ""),
        ([{"dag_id": "etl", "paused": None, "wait": "no", "conf": {"a": 1}}], ""),
        ("etl", "airflow_smoke_dags is a text; write it like [{dag_id: …}]."),
        ([{"dag_id": "etl"}, {"conf": {"key": "hidden-5e1f"}}], "Item 2 of airflow_smoke_dags has no dag_id; write it"),
        (["etl"], "Item 1 of airflow_smoke_dags"),
        ([{"dag_id": "a b"}], "Item 1 of airflow_smoke_dags: dag_id 'a b' has a blank"),
        ([{"dag_id": "etl", "wiat": True}], "Item 1 of airflow_smoke_dags has an unknown key wiat"),
        (
            [{"dag_id": "etl", "trigger": "yes", "paused": "yes"}],
            "Item 1 of airflow_smoke_dags: DAG etl is to be paused",
        ),
    ],
)
def test_what_cannot_be_run_as_a_test(source, smoke, words):
    found = deploy_refusal(source, "/opt/airflow/dags", "", smoke)
    assert found.startswith(words)
    assert (found == "") == (words == "")
    assert not found or found.endswith(" Nothing was deployed.")
    assert "hidden" not in found


@pytest.mark.parametrize(
    ("given", "dags"),
    [
        ('[{"dag_id": "a"}]', [{"dag_id": "a"}]),
        ([{"dag_id": "a"}], [{"dag_id": "a"}]),
        ("", []),
        (None, []),
        ("no JSON", "no JSON"),
    ],
)
def test_dags_to_run_as_a_test(given, dags):
    assert smoke_dags(given) == dags
