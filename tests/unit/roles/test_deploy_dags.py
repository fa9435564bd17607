# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook deploy_dags: the order of its steps, and which DAGs it takes for those of the deployed files."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import ROOT, ansible_playbook, play

PLAYBOOK = ROOT / "playbooks" / "deploy_dags.yml"
(PLAY,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
(DEPLOY,) = [task for task in PLAY["tasks"] if "block" in task]
AFTER = "2026-11-22T10:15:00.000000"
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
    (unpause,) = DEPLOY["always"]
    assert unpause["dagops.airflow.airflow_dag"] == {"dag_id": "{{ _unpaused }}", "paused": False}


def worked_out(folder: Path, names: t.Sequence[str], **variables: t.Any) -> dict[str, t.Any]:
    """What the playbook's own variables come to."""
    result = {name: f"{{{{ {name} }}}}" for name in names}
    copy = {"content": "{{ result | to_json }}", "dest": f"{folder}/result.json", "mode": "0600"}
    tasks: list[dict[str, t.Any]] = [
        {"ansible.builtin.find": {"paths": "{{ _source }}", "recurse": True, "hidden": True}, "register": "_files"},
        {"ansible.builtin.copy": copy, "vars": {"result": result}},
    ]
    played = play(folder, tasks, plays_vars=PLAY["vars"], **variables)
    assert played.status == 0, played.output
    found: dict[str, t.Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with DAG files."""
    (tmp_path / "dags" / "team.a").mkdir(parents=True)
    for name in ("one.py", "team.a/two.py", "packed.zip"):
        (tmp_path / "dags" / name).write_text("", encoding="utf-8")
    return tmp_path / "dags"


KNOWN = {
    "one": "one.py",
    "two": "team.a/two.py",
    "three": "packed.zip/three.py",
    "four": "four.py",
    "five": "team_a/two.py",
    "six": "one.pyc",
    "seven": "other/one.py",
}


@pytest.mark.parametrize(
    ("slash", "path", "root", "expected"),
    [
        ("/", "", "/srv/dags/", ["one", "two", "three"]),
        # As a container sees the folder.
        ("/", "", "/opt/airflow/dags/", ["one", "two", "three", "seven"]),
        ("", "", "/srv/dags/dags/", ["one", "two", "three"]),
        ("", "team.a/two.py", "/srv/dags/team.a/", []),
        ("", "one.py", "/srv/dags/", ["one"]),
    ],
    ids=["what is in a folder", "another name of the folder", "a folder", "elsewhere", "a file"],
)
def test_dags_of_the_deployed_files(
    slash: str, path: str, root: str, expected: list[str], source: Path, tmp_path: Path
) -> None:
    found = worked_out(
        tmp_path,
        ["_dags", "_unpaused"],
        airflow_dags_source=str(source / path) + slash,
        airflow_dags_folder="/srv/dags",
        _before={"dags": [dag(name, root + file, is_paused=name == "two") for name, file in KNOWN.items()]},
    )
    assert found["_dags"] == expected
    assert sorted(found["_unpaused"]) == sorted(name for name in expected if name != "two")


def test_dags_that_are_named_are_those(source: Path, tmp_path: Path) -> None:
    for ids in ("2024, new", ["2024 ", "new"], [2024, "new"]):
        found = worked_out(
            tmp_path,
            ["_dags"],
            airflow_dags_source=f"{source}/",
            airflow_dags_folder="/srv/dags",
            airflow_dag_ids=ids,
            _before={"dags": [dag("one", "/srv/dags/one.py")]},
        )
        assert found["_dags"] == ["2024", "new"]


def test_dags_that_are_gone(source: Path, tmp_path: Path) -> None:
    one, two = "/srv/dags/one.py", "/srv/dags/team.a/two.py"
    before = ["kept", "dropped", "stale", "deleted", "broken", "late", "moved"]
    after = [
        dag("kept", one),
        dag("dropped", one, OLD),
        dag("stale", two, OLD, is_stale=True),
        dag("broken", one, OLD, has_import_errors=True),
        dag("late", two, None),
        dag("moved", "/srv/dags/other.py"),
        dag("new", one),
    ]
    found = worked_out(
        tmp_path,
        ["_gone", "_pending"],
        airflow_dags_source=f"{source}/",
        airflow_dags_folder="/srv/dags/",
        _before={"dags": [dag(name, one) for name in before]},
        _after={"dags": after},
        _parsed_after=AFTER,
    )
    assert found == {"_gone": ["deleted", "dropped", "stale"], "_pending": ["late"]}


@pytest.mark.parametrize("name", ["airflow_dag_ids", "airflow_smoke_dags"])
def test_a_mapping_is_refused(name: str, tmp_path: Path) -> None:
    variables = {"airflow_dags_source": "dags/", "airflow_dags_folder": "/srv/dags", name: {"dag_id": "etl"}}
    played = ansible_playbook(str(PLAYBOOK), tmp_path, **variables)
    assert played.status != 0
    assert f"{name} must be a list or a text with commas, and is a mapping; correct it." in played.words
