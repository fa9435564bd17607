# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks refuse what cannot be right in one sentence, before anything is asked, and take empty answers."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import ROOT, ansible_playbook, worked_out

PLAYBOOKS = ROOT / "playbooks"
NOTE = "airflow_paused.json"
NO_NOTE = "is no note of pause_all, which is a list of DAG ids in JSON; name the right one in airflow_state_file."
NO_LIST = "airflow_unpaused_dags must be a list or a text with commas, and is not; correct it."
# Playbook, variables, the text of the note if there is one, and the sentence.
REFUSED: dict[str, tuple[str, dict[str, t.Any], str | None, str]] = {
    "a wait": (
        "run_dag",
        {"airflow_dag_id": "ok", "airflow_wait": "maybe"},
        None,
        "airflow_wait must be true or false, and is maybe; correct it.",
    ),
    "a note that is no JSON": ("restore", {}, "ok", NO_NOTE),
    "a note of something else": ("restore", {"airflow_unpaused_dags": None}, '{"a": 1}', NO_NOTE),
    "a folder": ("restore", {"airflow_state_file": "."}, None, NO_NOTE),
    "a mapping": ("restore", {"airflow_unpaused_dags": {"a": 1}}, "[]", NO_LIST),
    "no note": ("restore", {"airflow_unpaused_dags": " "}, None, "There is no note of pause_all in"),
}
# What the artifact or a survey gives, and the DAGs that are unpaused; the note has ["noted"].
GIVEN: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "nothing": ({}, ["noted"]),
    "an empty text": ({"airflow_unpaused_dags": ""}, ["noted"]),
    "null": ({"airflow_unpaused_dags": None}, ["noted"]),
    "an artifact": ({"airflow_unpaused_dags": ["a", "b"]}, ["a", "b"]),
    "an empty artifact": ({"airflow_unpaused_dags": []}, []),
    "a text": ({"airflow_unpaused_dags": "a, b"}, ["a", "b"]),
}
# What is asked for, and the ids and tags that come of it.
PAUSED: dict[str, tuple[dict[str, t.Any], list[t.Any]]] = {
    "nothing": ({}, [["*"], []]),
    "texts": ({"airflow_dag_ids": "etl_*, one,", "airflow_tags": "team, "}, [["etl_*", "one"], ["team"]]),
    "lists": ({"airflow_dag_ids": ["one ", "two"], "airflow_tags": ["team"]}, [["one", "two"], ["team"]]),
    "a number": ({"airflow_dag_ids": 2024}, [["2024"], []]),
    # The module refuses it, since a variable may have been empty by mistake.
    "an empty item": ({"airflow_dag_ids": ["one", ""]}, [["one", ""], []]),
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
def test_what_cannot_be_right_is_one_sentence(name: str, tmp_path: Path) -> None:
    playbook, variables, note, words = REFUSED[name]
    if note is not None:
        (tmp_path / NOTE).write_text(note, encoding="utf-8")
    played = ansible_playbook(str(PLAYBOOKS / f"{playbook}.yml"), tmp_path, **variables)
    assert played.status != 0
    assert words in played.words
    assert "failed=1" in played.words


def vars_of(playbook: str) -> dict[str, t.Any]:
    (first,) = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8"))
    files = [yaml.safe_load((PLAYBOOKS / name).read_text(encoding="utf-8")) for name in first.get("vars_files", ())]
    return {key: value for found in (*files, first["vars"]) for key, value in found.items()}


def test_restore_takes_what_it_is_given_or_else_the_note(tmp_path: Path) -> None:
    (tmp_path / NOTE).write_text('["noted"]\n', encoding="utf-8")
    note = {"_note": {"stat": {"exists": True, "isreg": True}}}
    cases = {name: ({**note, **given}, "_wanted") for name, (given, _expected) in GIVEN.items()}
    assert worked_out(tmp_path, cases, vars_of("restore")) == {name: case[1] for name, case in GIVEN.items()}


def test_the_dags_that_are_paused(tmp_path: Path) -> None:
    cases = {name: (given, "[_dag_ids, _tag_list]") for name, (given, _expected) in PAUSED.items()}
    found = worked_out(tmp_path, cases, vars_of("pause_all"))
    assert found == {name: case[1] for name, case in PAUSED.items()}


def test_the_run_that_is_cancelled(tmp_path: Path) -> None:
    cases = {name: (given, "[_dag_id, _run_id]") for name, (given, _expected) in CANCELLED.items()}
    found = worked_out(tmp_path, cases, vars_of("cancel_dag_run"))
    assert found == {name: case[1] for name, case in CANCELLED.items()}
