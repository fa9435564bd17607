# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook deploy_dags: the order of its steps, and which DAGs it takes for those of the deployed files."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import ROOT, ansible_playbook, worked_out

PLAYBOOK = ROOT / "playbooks" / "deploy_dags.yml"
(PLAY,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
(DEPLOY,) = [task for task in PLAY["tasks"] if "block" in task]
AFTER = "2026-11-22T10:15:00.000000+00:00"
OLD, NEW = "2026-11-22T10:14:00.000000Z", "2026-11-22T10:15:20.000000Z"


def dag(dag_id: str, fileloc: str, parsed: str | None = NEW, **keys: t.Any) -> dict[str, t.Any]:
    return {
        "dag_id": dag_id,
        "fileloc": fileloc,
        "last_parsed_time": parsed,
        "is_stale": False,
        "is_paused": False,
        "has_import_errors": False,
        **keys,
    }


def test_dags_are_paused_before_files_are_copied() -> None:
    def writes(module: str, **options: t.Any) -> list[int]:
        return [
            number
            for number, task in enumerate(DEPLOY["block"])
            if module in task and not task.get("check_mode") and options.items() <= task[module].items()
        ]

    (paused,) = writes("dagops.airflow.airflow_dag", paused=True)
    (copied,) = writes("ansible.builtin.copy")
    assert paused < copied
    # Whatever happens then, they are unpaused.
    look, unpause = DEPLOY["always"]
    assert look["dagops.airflow.airflow_dag_info"]["dag_id"] == "{{ _unpaused }}"
    assert unpause["dagops.airflow.airflow_dag"]["paused"] is False


KNOWN = {
    "one": "one.py",
    "two": "team.a/two.py",
    "three": "packed.zip/three.py",
    "four": "four.py",
}
# What is deployed, where Airflow has it, and which DAGs are of these files.
FILES = {
    "what is in a folder": ("/", "/srv/dags/", ["one", "two", "three"]),
    "a folder": ("", "/srv/dags/dags/", ["one", "two", "three"]),
    "elsewhere": ("/team.a/two.py", "/srv/dags/team.a/", []),
    "a file": ("/one.py", "/srv/dags/", ["one"]),
}
NAMED: dict[str, t.Any] = {"a text": "2024, new", "texts": ["2024 ", "new"], "a number": [2024, "new"]}
ONE, TWO = "/srv/dags/one.py", "/srv/dags/team.a/two.py"
MAPPING = "must be a list or a text with commas, and is a mapping; correct it."
WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "ids": ({"airflow_dag_ids": {"dag_id": "etl"}}, f"airflow_dag_ids {MAPPING}"),
    "runs": ({"airflow_smoke_dags": {"dag_id": "etl"}}, f"airflow_smoke_dags {MAPPING}"),
    "a comma": ({"airflow_dag_ids": ","}, "airflow_dag_ids names no DAG; correct it, or leave it empty."),
    "an empty id": ({"airflow_dag_ids": ["etl", ""]}, "airflow_dag_ids has an empty item; correct it."),
    "no id": ({"airflow_dag_ids": ["etl", "a b"]}, "airflow_dag_ids has an item that is no DAG id; correct it."),
    "a typing error": ({"airflow_become": "ture"}, "airflow_become must be true or false, and is neither; correct it."),
    "a number for a source": (
        {"airflow_dags_source": 5},
        "airflow_dags_source must be a text, and is not; correct it.",
    ),
    "a relative folder": (
        {"airflow_dags_folder": "dags"},
        "airflow_dags_folder must be an absolute path on the hosts; correct it.",
    ),
    "a word for seconds": (
        {"airflow_parse_timeout": "soon"},
        "airflow_parse_timeout must be a number of seconds; correct it.",
    ),
}
RIGHT: dict[str, dict[str, t.Any]] = {
    "nothing more": {},
    "empty": {"airflow_parse_timeout": "", "airflow_smoke_dags": "", "airflow_dag_ids": None, "airflow_become": ""},
    "numbers": {"airflow_parse_timeout": 60, "airflow_smoke_dags": [2024, {"dag_id": "etl"}], "airflow_dag_ids": 2024},
    "texts": {"airflow_parse_timeout": "2.5", "airflow_smoke_dags": "etl, 2024", "airflow_dags_folder": "~/dags"},
}
AFTERWARDS = [dag("kept", ONE), dag("dropped", ONE, OLD), dag("late", TWO, OLD), dag("new", ONE)]
NO_ANSWER = {"failed": True, "msg": "Airflow does not answer."}
# What a look has found until when, and whether it was the last one.
UNTIL: dict[str, tuple[dict[str, t.Any], bool]] = {
    "an outage": ({"_after": NO_ANSWER, "_deadline": "9e9"}, False),
    "an outage that lasts": ({"_after": NO_ANSWER, "_deadline": "0"}, True),
    "not all": ({"_after": {"dags": [dag("one", ONE, OLD)]}, "_deadline": "9e9"}, False),
    "not all in time": ({"_after": {"dags": [dag("one", ONE, OLD)]}, "_deadline": "0"}, True),
    "all": ({"_after": {"dags": [dag("one", ONE)]}, "_deadline": "9e9"}, True),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, t.Any]]:
    """What the playbook's own variables come to in each case, worked out by one playbook for all."""
    folder = tmp_path_factory.mktemp("deploy_dags")
    source = folder / "dags"
    (source / "team.a").mkdir(parents=True)
    files = [source / name for name in ("one.py", "team.a/two.py", "packed.zip")]
    for file in files:
        file.write_text("", encoding="utf-8")
    given = {
        "airflow_dags_source": f"{source}/",
        "airflow_dags_folder": "/srv/dags/",
        "_files": {"files": [{"path": str(file)} for file in files]},
        "_before": {"dags": [dag("one", ONE)]},
        "_parsed_after": AFTER,
    }
    cases: dict[str, dict[str, t.Any]] = {
        name: {
            "airflow_dags_source": f"{source}{path}",
            "_before": {"dags": [dag(name, root + file, is_paused=name == "two") for name, file in KNOWN.items()]},
        }
        for name, (path, root, _expected) in FILES.items()
    }
    cases.update({name: {"airflow_dag_ids": ids} for name, ids in NAMED.items()})
    before = ["kept", "dropped", "late", "deleted"]
    cases["gone"] = {"_before": {"dags": [dag(name, ONE) for name in before]}, "_after": {"dags": AFTERWARDS}}
    (wait,) = [task for task in DEPLOY["block"] if "until" in task]
    result = "{'_dags': _dags, '_unpaused': _unpaused, '_gone': _gone}"
    wrong = "_wrong | dict2items | selectattr('value') | map(attribute='key') | list"
    wanted = {name: ({**given, **case}, result) for name, case in cases.items()}
    wanted.update({f"wrong: {name}": ({**given, **case}, wrong) for name, (case, _words) in WRONG.items()})
    wanted.update({f"until: {name}": ({**given, **case}, wait["until"]) for name, (case, _end) in UNTIL.items()})
    wanted.update({f"right: {name}": ({**given, **case}, wrong) for name, case in RIGHT.items()})
    return worked_out(folder, wanted, PLAY["vars"])


@pytest.mark.parametrize("name", FILES)
def test_dags_of_the_deployed_files(name: str, found: dict[str, dict[str, t.Any]]) -> None:
    _path, _root, expected = FILES[name]
    assert found[name]["_dags"] == expected
    assert sorted(found[name]["_unpaused"]) == sorted(dag_id for dag_id in expected if dag_id != "two")


@pytest.mark.parametrize("name", NAMED)
def test_dags_that_are_named_are_those(name: str, found: dict[str, dict[str, t.Any]]) -> None:
    assert found[name]["_dags"] == ["2024", "new"]


def test_dags_that_are_gone(found: dict[str, dict[str, t.Any]]) -> None:
    assert found["a file"]["_gone"] == []
    assert found["gone"]["_gone"] == ["deleted", "dropped"]


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_right_is_one_sentence(name: str, found: dict[str, t.Any]) -> None:
    assert found[f"wrong: {name}"] == [WRONG[name][1]]


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_taken(name: str, found: dict[str, t.Any]) -> None:
    assert found[f"right: {name}"] == []


@pytest.mark.parametrize("name", UNTIL)
def test_looks_go_on_until_all_is_read_or_the_time_is_over(name: str, found: dict[str, t.Any]) -> None:
    assert found[f"until: {name}"] is UNTIL[name][1]


def test_it_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    variables = {"airflow_dags_source": "dags/", "airflow_dags_folder": "/srv/dags", "airflow_dag_ids": {"a": "b"}}
    played = ansible_playbook(str(PLAYBOOK), tmp_path, **variables)
    assert played.status != 0
    assert f"airflow_dag_ids {MAPPING}" in played.words


def test_a_run_of_nothing_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    variables = {
        "airflow_dags_source": "dags/",
        "airflow_dags_folder": "/srv/dags",
        "airflow_smoke_dags": [{"dag": "a"}],
    }
    played = ansible_playbook(str(PLAYBOOK), tmp_path, **variables)
    assert played.status != 0
    assert "Each item of airflow_smoke_dags is a mapping with dag_id, the id of a DAG; correct it." in played.words


def test_files_are_copied_over_the_connection_of_each_host(tmp_path: Path) -> None:
    (task,) = [task for task in DEPLOY["block"] if task["name"] == "Copy the files"]
    playbook, inventory, source = tmp_path / "playbook.yml", tmp_path / "inventory.yml", tmp_path / "dags"
    playbook.write_text(json.dumps([{**PLAY, "tasks": [task]}]), encoding="utf-8")
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


def test_hosts_that_are_not_in_the_inventory_are_refused(tmp_path: Path) -> None:
    variables = {"airflow_dags_source": "dags/", "airflow_dags_folder": "/srv/dags", "airflow_hosts": "airflwo"}
    played = ansible_playbook(str(PLAYBOOK), tmp_path, **variables)
    assert played.status != 0
    assert "No host of the inventory matches airflow_hosts (airflwo), so nothing was deployed; " in played.words
