# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook deploy_dags: the order of its steps, and which files it waits for."""

from __future__ import annotations

import json
import sys
import typing as t
import zipfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.tests.plays.little_airflow import LittleAirflow, reached
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, Played, ansible_playbook

PLAYBOOK = ROOT / "playbooks" / "deploy_dags.yml"
(PLAY,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
(DEPLOY,) = [task for task in PLAY["tasks"] if "block" in task]
DAG = "from airflow.sdk import dag\n"


def deploy(folder: Path, *options: str, **variables: t.Any) -> Played:
    given = {"airflow_dags_source": "dags/", "airflow_dags_folder": f"{folder}/there", **variables}
    return ansible_playbook(str(PLAYBOOK), folder, *options, **given)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[LittleAirflow]:
    yield from reached(monkeypatch, "etl")


def test_dags_are_paused_before_files_are_copied() -> None:
    def writes(module: str, **options: t.Any) -> list[int]:
        return [
            number
            for number, task in enumerate(DEPLOY["block"])
            if module in task and not task.get("check_mode") and options.items() <= task[module].items()
        ]

    (paused,) = writes("dagops.airflow.airflow_dag", paused=True)
    (copied,) = writes("ansible.builtin.copy")
    (read,) = writes("dagops.airflow.airflow_dag_file")
    assert paused < copied < read
    # Whatever happens then, they are unpaused.
    (unpause,) = DEPLOY["always"]
    options = {"state": "restored", "unpaused_dags": "{{ _unpaused }}"}
    assert unpause["dagops.airflow.airflow_maintenance"] == options


def test_files_that_airflow_takes_for_dag_files_are_waited_for(tmp_path: Path, airflow: LittleAirflow) -> None:
    source = tmp_path / "dags"
    (source / "team").mkdir(parents=True)
    texts = {
        "etl.py": DAG,
        "team/new.py": "# The DAG of\n# Airflow",
        "helper.py": "import airflow\n",
        "common.py": DAG,
        "team/x_factory.py": DAG,
        "words.txt": DAG,
    }
    for name, text in texts.items():
        (source / name).write_text(text, encoding="utf-8")
    with zipfile.ZipFile(source / "packed.zip", "w") as packed:
        packed.writestr("any.py", "")
    played = deploy(tmp_path, airflow_helper_files="common.py,*_factory.py", airflow_parse_timeout="0.1")
    assert played.status != 0
    lacking = "is not read: Airflow knows no DAG of it"
    assert f"packed.zip {lacking}; team/new.py {lacking}, after 0s (airflow_parse_timeout): " in played.words
    assert "that it defines a DAG or is named in airflow_helper_files, and" in played.words
    assert "wait_timeout" not in played.words, played.output
    assert (tmp_path / "there" / "team" / "x_factory.py").is_file()
    # With ids it does not matter.
    assert deploy(tmp_path, airflow_dag_ids="etl, etl").status == 0


REFUSED: dict[str, tuple[dict[str, t.Any], str]] = {
    "no source": (
        {"airflow_dags_source": ""},
        "Name what to deploy in airflow_dags_source, and in airflow_dags_folder",
    ),
    "a relative folder": ({"airflow_dags_folder": "dags"}, "airflow_dags_folder the absolute path where it goes"),
    "no host": (
        {"airflow_hosts": "airflwo"},
        "No host of the inventory matches airflow_hosts (airflwo), so nothing was",
    ),
    "a run of nothing": (
        {"airflow_smoke_dags": [{"dag_id": "a"}, {"dag": "b"}]},
        "Item 2 of airflow_smoke_dags has an unknown key dag",
    ),
    "no id": ({"airflow_dag_ids": ["etl", "a b"]}, "dag_id 'a b' has a blank"),
    "a comma": ({"airflow_dag_ids": ","}, "dag_id is empty"),
    "a word for seconds": ({"airflow_parse_timeout": "soon"}, "'wait_timeout' is of type"),
    "a typing error": ({"airflow_become": "ture"}, "'become'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_before_anything_is_written(name: str, tmp_path: Path, airflow: LittleAirflow) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "etl.py").write_text(DAG, encoding="utf-8")
    variables, said = REFUSED[name]
    played = deploy(tmp_path, **variables)
    assert played.status != 0
    assert said in played.words, played.output
    assert airflow.written == []
    assert not (tmp_path / "there").exists()


def test_files_are_copied_over_the_connection_of_each_host(tmp_path: Path) -> None:
    (task,) = [task for task in DEPLOY["block"] if task["name"] == "Copy the files"]
    playbook, inventory, source = tmp_path / "playbook.yml", tmp_path / "inventory.yml", tmp_path / "dags"
    playbook.write_text(json.dumps([{**PLAY, "tasks": [task]}]), encoding="utf-8")
    (tmp_path / "filter_plugins").symlink_to(ROOT / "playbooks" / "filter_plugins")
    # Nothing listens at that port, so that a file that is copied to the first one was copied here.
    hosts = {
        "a": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
        "b": {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_python_interpreter": sys.executable},
    }
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    source.mkdir()
    (source / "one.py").write_text("", encoding="utf-8")
    variables = {
        "airflow_dags_source": f"{source}/",
        "airflow_dags_folder": f"{tmp_path}/on_{{{{ item }}}}",
        "airflow_hosts": "all",
    }
    played = ansible_playbook(str(playbook), tmp_path, "--inventory", str(inventory), **variables)
    assert "unreachable=1" in played.words, played.output
    assert (tmp_path / "on_a" / "one.py").is_file()
    assert not (tmp_path / "on_b").exists()
