# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks refuse what cannot be right in one sentence, before anything is asked, and take empty answers."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, ansible_playbook, play, worked_out

pytestmark = pytest.mark.long

PLAYBOOKS = ROOT / "playbooks"
NOTE = "airflow_paused.json"
NO_LIST = "is not a list of DAG ids in JSON, as pause_all writes it, so nothing was"
# Playbook, variables, the text of the note if there is one, and the sentence.
REFUSED: dict[str, tuple[str, dict[str, t.Any], str | None, str]] = {
    "a wait": (
        "run_dag",
        {"airflow_dag_id": "ok", "airflow_wait": "maybe"},
        None,
        "argument 'airflow_wait' is of type",
    ),
    "parameters": (
        "run_dag",
        {"airflow_dag_id": "ok", "airflow_conf": "[1]"},
        None,
        "airflow_conf must be a mapping",
    ),
    "a date to cancel": (
        "cancel_dag_run",
        {"airflow_dag_id": "ok", "airflow_logical_date": "tomorrow"},
        None,
        "airflow_logical_date 'tomorrow' is no time",
    ),
    "no DAG": ("run_dag", {"airflow_dag_id": " "}, None, "missing required arguments: airflow_dag_id"),
    "no DAG to run for a job": ("run_dag", {"awx_job_id": 7}, None, "missing required arguments: airflow_dag_id"),
    "no run to cancel": (
        "cancel_dag_run",
        {"airflow_dag_id": "ok"},
        None,
        "cancel_dag_run needs the airflow_dag_run_id or the airflow_logical_date of the run it is about.",
    ),
    "no task": (
        "answer_approval",
        {"airflow_dag_id": "ok"},
        None,
        "missing required arguments: airflow_dag_run_id, airflow_task_id",
    ),
    "a number for a file": ("restore", {"airflow_state_file": 7}, None, "/7 does not exist, so there is nothing to"),
    "a source that is not there": (
        "deploy_dags",
        {"airflow_dags_source": "no_such/", "airflow_dags_folder": "/opt/dags"},
        None,
        "no_such (airflow_dags_source) does not exist, so nothing was deployed; correct it.",
    ),
    "a note that is no JSON": ("restore", {}, "ok", f"{NO_LIST} restored; give another file in airflow_state_file."),
    "another file": ("pause_all", {}, "ok", f"{NO_LIST} paused; give another file in airflow_state_file."),
    "a folder": (
        "restore",
        {"airflow_state_file": "."},
        None,
        "is a folder, so nothing was restored; give a file in airflow_state_file.",
    ),
    "a mapping": (
        "restore",
        {"airflow_unpaused_dags": {"a": 1}},
        "[",
        "airflow_unpaused_dags must be a list, and is a mapping",
    ),
    "a comma": (
        "restore",
        {"airflow_unpaused_dags": ","},
        "[]",
        "airflow_unpaused_dags holds an empty text; name what is meant, or give",
    ),
    "no note": (
        "restore",
        {"airflow_unpaused_dags": None},
        None,
        "airflow_paused.json does not exist, so there is nothing to restore; give the file that pause_all has written "
        "in airflow_state_file.",
    ),
    "a user to become": (
        "enable_api",
        {"airflow_become": "maybe"},
        None,
        "maybe",
    ),
    "DAGs to pause": (
        "pause_all",
        {"airflow_dag_ids": {"a": 1}},
        None,
        "airflow_dag_ids must be a list, and is a mapping",
    ),
    "tags": ("pause_all", {"airflow_tags": ["a", " "]}, None, "tags holds an empty text; name what is meant, or give"),
}
# What is asked for by each of these variables, and the option of the module that comes of it; null: it is left out.
LISTS = {"airflow_unpaused_dags": "restore", "airflow_dag_ids": "pause_all", "airflow_tags": "pause_all"}
ASKED: dict[str, tuple[t.Any, t.Any]] = {
    "an empty text": ("", None),
    "null": (None, None),
    # It selects nothing; an empty list never means all DAGs.
    "an empty list": ([], []),
    "a text": ("etl_*, one", "etl_*, one"),
    "a list": (["one", "two"], ["one", "two"]),
    # What ansible-core 2.19 and newer makes of the answer of a survey.
    "a number": (2024, 2024),
}
ARTIFACT = {"airflow_dag_run": {"dag_id": "slow", "dag_run_id": "s1"}}
# What a survey and an artifact give, and the run that is cancelled.
CANCELLED: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "the artifact's": (ARTIFACT, ["slow", "s1"]),
    "the artifact's by its DAG": ({**ARTIFACT, "airflow_dag_id": "slow", "airflow_dag_run_id": ""}, ["slow", "s1"]),
    "another DAG's": ({**ARTIFACT, "airflow_dag_id": "ok", "airflow_dag_run_id": ""}, ["ok", ""]),
    "one that is named": ({**ARTIFACT, "airflow_dag_id": "ok", "airflow_dag_run_id": "r"}, ["ok", "r"]),
    "the workflow's": ({"airflow_dag_id": "ok", "awx_workflow_job_id": 7}, ["ok", "awx__7"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_one_sentence(name: str, tmp_path: Path, no_airflow: None) -> None:
    playbook, variables, note, words = REFUSED[name]
    if note is not None:
        (tmp_path / NOTE).write_text(note, encoding="utf-8")
    played = ansible_playbook(str(PLAYBOOKS / f"{playbook}.yml"), tmp_path, **variables)
    assert played.status != 0
    # As a sentence of its own, not in the text of a template that could not be worked out; become is a word of the
    # task, about which it is Ansible that speaks.
    before = '[^"]*' if name == "a user to become" else '[^"{]*'
    assert re.search(rf'"msg": "{before}{re.escape(words)}', played.words), played.output
    assert "failed=1" in played.words


def text_of(playbook: str) -> str:
    return (PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8")


def play_of(playbook: str) -> dict[str, t.Any]:
    (first,) = yaml.safe_load(text_of(playbook))
    return t.cast("dict[str, t.Any]", first)


def vars_of(playbook: str) -> dict[str, t.Any]:
    first = play_of(playbook)
    files = [yaml.safe_load((PLAYBOOKS / name).read_text(encoding="utf-8")) for name in first.get("vars_files", ())]
    return {key: value for found in (*files, first.get("vars", {})) for key, value in found.items()}


@pytest.fixture
def no_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that nobody answers at, for tasks that have nothing to ask Airflow for."""
    for name, value in {"URL": "http://127.0.0.1:9", "TOKEN": "a-token", "VERSION": "v2"}.items():
        monkeypatch.setenv(f"AIRFLOW_API_{name}", value)


@pytest.mark.parametrize("given", [{}, {"airflow_unpaused_dags": []}], ids=["the note", "a list"])
def test_only_the_note_that_was_used_is_taken_away(given: dict[str, t.Any], tmp_path: Path, no_airflow: None) -> None:
    (tmp_path / NOTE).write_text("[]\n", encoding="utf-8")
    played = ansible_playbook(str(PLAYBOOKS / "restore.yml"), tmp_path, **given)
    assert played.status == 0, played.output
    assert (tmp_path / NOTE).exists() is bool(given)
    assert (tmp_path / f"{NOTE}.restored").exists() is not bool(given)


def test_a_folder_is_left_alone_when_the_dags_are_given(tmp_path: Path, no_airflow: None) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    given = {"airflow_unpaused_dags": [], "airflow_state_file": "folder"}
    played = ansible_playbook(str(PLAYBOOKS / "restore.yml"), tmp_path, **given)
    assert played.status == 0, played.output
    assert folder.is_dir()
    assert not (tmp_path / "folder.restored").exists()


@pytest.mark.parametrize("variable", LISTS)
def test_a_list_is_left_out_where_nothing_is_said(variable: str, tmp_path: Path) -> None:
    (option,) = re.findall(rf"\{{\{{ (omit if {variable} .*?) \}}\}}", text_of(LISTS[variable]))
    # There is no task to leave an option out of.
    option = option.replace("omit", "none")
    cases = {name: ({variable: given}, f"({option})") for name, (given, _expected) in ASKED.items()}
    found = worked_out(tmp_path, {**cases, "nothing": ({}, f"({option})")}, {})
    assert found == {"nothing": None, **{name: case[1] for name, case in ASKED.items()}}


def test_the_run_that_is_cancelled(tmp_path: Path) -> None:
    cases = {name: (given, "[_named.dag_id, _run_id]") for name, (given, _expected) in CANCELLED.items()}
    found = worked_out(tmp_path, cases, vars_of("cancel_dag_run"))
    assert found == {name: case[1] for name, case in CANCELLED.items()}


def test_awx_setup_refuses_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it looks for the modules of AWX, which are not here."""
    monkeypatch.setenv("CONTROLLER_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW_API_URL", "http://127.0.0.1:9")
    (refuse, *_others) = play_of("awx_setup")["tasks"]
    played = play(tmp_path, [refuse], plays_vars=vars_of("awx_setup"), airflow_awx_project_url="x")
    assert played.status == 0, played.output
    played = play(
        tmp_path, [refuse], plays_vars=vars_of("awx_setup"), airflow_awx_project_url="x", airflow_awx_rotate="maybe"
    )
    assert "The variable airflow_awx_rotate must be true or false, and is maybe; correct it." in played.words
