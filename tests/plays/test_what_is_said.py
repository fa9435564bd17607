# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks that end well say what they have done."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.plays.little_airflow import LittleAirflow, reached
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, ansible_playbook, run_playbook
from ansible_collections.dagops.airflow.tests.unit.bodies import RUN_ID
from ansible_collections.dagops.airflow.tests.unit.questions import question


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[LittleAirflow]:
    yield from reached(monkeypatch, "ok", "etl")


def said(name: str, folder: Path, *options: str, **variables: t.Any) -> str:
    """What the last task of a playbook shows."""
    played = run_playbook(name, folder, *options, **variables)
    assert played.status == 0, played.output
    return played.words.rpartition('"msg": "')[2].partition('"')[0]


def test_the_first_playbook_of_the_readme(tmp_path: Path, airflow: LittleAirflow) -> None:
    """It is run as it is printed."""
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "run.yml").write_text(text, encoding="utf-8")

    def end(what: str) -> None:
        for made in airflow.runs.values():
            made["state"] = "success"

    airflow.on_write = end
    played = ansible_playbook("run.yml", tmp_path)
    assert played.status == 0, played.output
    assert re.search('"msg": "DAG run ok / [^ ]* is success', played.words), played.output


def test_with_what_a_question_was_answered(tmp_path: Path, airflow: LittleAirflow) -> None:
    airflow.question = question()
    named = {"airflow_dag_id": "etl_daily", "airflow_dag_run_id": RUN_ID, "airflow_task_id": "approve"}
    task = f"Task approve of DAG run etl_daily / {RUN_ID}"
    assert said("answer_approval", tmp_path, "--check", **named) == f"{task} would be answered with Approve."
    assert said("answer_approval", tmp_path, **named) == f"{task} was answered with Approve."
    airflow.question["responded_by_user"] = {"id": "7", "name": "ann"}
    assert said("answer_approval", tmp_path, **named) == f"{task} was answered before with Approve by ann."
    airflow.question = question(index=0)
    task = f"Task approve[0] of DAG run etl_daily / {RUN_ID}"
    assert said("answer_approval", tmp_path, **named, airflow_map_index=0) == f"{task} was answered with Approve."


def test_what_is_wrong_with_an_answer(tmp_path: Path, airflow: LittleAirflow) -> None:
    airflow.question = question()
    named = {"airflow_dag_id": "etl_daily", "airflow_dag_run_id": RUN_ID, "airflow_task_id": "approve"}
    for variables, words in (
        ({"airflow_choose": "Maybe"}, "has no option Maybe; its options are Approve, Reject; correct airflow_choose."),
        ({"airflow_params": {"n": 1}}, "asks for no param n; it asks for none: leave out airflow_params."),
        ({"airflow_choose": []}, "airflow_choose is an empty list; give an option, or a list of options."),
        ({"airflow_task_id": ".."}, "airflow_task_id '..' has only dots"),
        ({"airflow_wait_timeout": "soon"}, "airflow_wait_timeout: argument 'wait_timeout' is of type"),
        ({"airflow_map_index": "all"}, "airflow_map_index: argument 'map_index' is of type"),
    ):
        played = run_playbook("answer_approval", tmp_path, **{**named, **variables})
        assert (played.status != 0, words in played.words) == (True, True), played.output


def test_which_dags_are_paused_and_unpaused(tmp_path: Path, airflow: LittleAirflow) -> None:
    path = f"{tmp_path}/airflow_paused.json"
    listed = f"The list of the DAGs to unpause is in {path}"
    airflow.dags["etl"]["is_paused"] = True
    would = f"1 DAG would be paused: ok. The list of the DAGs to unpause would be in {path}."
    assert said("pause_all", tmp_path, "--check") == would
    assert said("pause_all", tmp_path) == f"1 DAG is paused: ok. {listed}."
    again = f"No DAG was paused: all selected DAGs are paused already. {listed}, with 1 DAG from before: ok."
    assert said("pause_all", tmp_path) == again
    assert said("restore", tmp_path) == f"1 DAG is unpaused: ok. The file is now {path}.restored."
    assert said("restore", tmp_path) == f"The list in {path} was used before, so nothing was changed."
