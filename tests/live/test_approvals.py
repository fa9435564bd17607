# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that ask people, on real servers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Object
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.approvals import Approvals, Question
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._base.states import ENDED
from ansible_collections.dagops.airflow.plugins.modules import airflow_approval
from faults import Line
from live import Airflow, ansible_playbook, play, result_of

SOURCE = Path(__file__).parent / "dags" / "asks.py"
DAG = "asks_once"


@pytest.fixture(scope="module", autouse=True)
def deployed(airflow: Airflow, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if api.version() < (3, 1):
        pytest.skip("Tasks of Airflow ask from 3.1 on.")
    target = Path(airflow.variables["airflow_dags_folder"]) / SOURCE.name
    target.write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    deploy = {"dag_id": [DAG, "asks_in_time"], "wait": True, "paused": False}
    played = play(tmp_path_factory.mktemp("asks"), [{"dagops.airflow.airflow_dag": deploy}])
    assert played.status == 0, played.output
    yield
    target.unlink()


@pytest.fixture
def question(api: Api) -> Question:
    """The question of a new run."""
    done = in_process.triggered(api, DAG, dag_run_id=f"asks-{uuid.uuid4().hex[:8]}")
    assert done.run
    return Question(DAG, done.run["dag_run_id"], "approve", -1)


def answered(api: Api, question: Question, choose: Any, **options: Any) -> dict[str, Any]:
    """The result of airflow_approval."""
    defaults = {name: spec.get("default") for name, spec in airflow_approval.ARGUMENT_SPEC.items()}
    place = {key: getattr(question, key) for key in ("dag_id", "dag_run_id", "task_id")}
    params = {**defaults, **place, "choose": choose, **options}
    frame = SimpleNamespace(params=params, check_mode=False, warn=lambda warning: None)
    result: dict[str, Any] = airflow_approval.run(frame, api)  # type: ignore[arg-type]
    return result


def test_an_answer_through_a_bad_line_is_given_once(airflow: Airflow, line: Line, question: Question) -> None:
    far = in_process.connected(airflow, line.url, clock=Clock(), retry_timeout=120.0)
    line.at_random(7, 0.3, [faults.cut_before, faults.cut_after, faults.hung_up_after])
    assert answered(far, question, "Approve")["changed"]
    line.mend()
    assert not answered(far, question, "Approve")["changed"]


def test_a_run_goes_on_with_an_answer_that_comes_as_soon_as_it_may(airflow: Airflow, question: Question) -> None:
    """Airflow 3.3 marks a task failed that is answered sooner."""
    api = in_process.connected(airflow, clock=Clock())
    if api.version() < (3, 3):
        pytest.skip("Before 3.3 this takes a triggerer.")
    assert answered(api, question, "Approve", poll_interval=0.5)["changed"]

    def run() -> Object:
        return api.ask(Runs).get(question.dag_id, question.dag_run_id)

    ended, _silence = api.patience.wait(run, lambda seen: seen["state"] in ENDED, 300.0, 2.0)
    assert ended["state"] == "success"


def test_an_answer_whose_receipt_got_lost_is_found(airflow: Airflow, line: Line, question: Question) -> None:
    far = in_process.connected(airflow, line.url, clock=Clock())
    line.next(faults.cut_after, method="PATCH")
    result = answered(far, question, "Approve")
    assert result["changed"]
    assert result["approval"]["chosen_options"] == ["Approve"]
    assert len(line.seen("PATCH")) == 2


def test_a_cleared_task_asks_again_and_its_old_answer_does_not_count(airflow: Airflow, question: Question) -> None:
    api = in_process.connected(airflow, clock=Clock())
    assert answered(api, question, "Reject")["changed"]
    says = r"was already answered by .* with Reject, and not with Approve; an answer cannot be changed"
    with pytest.raises(BadInput, match=says):
        answered(api, question, "Approve")
    body = {"dry_run": False, "dag_run_id": question.dag_run_id, "task_ids": ["approve"], "only_failed": False}
    api.client.post(f"/api/v2/dags/{DAG}/clearTaskInstances", body)
    result = answered(api, question, "Approve", poll_interval=0.5)
    assert result["changed"]
    assert result["approval"]["chosen_options"] == ["Approve"]
    again = answered(api, question, "Approve")
    assert not again["changed"]


def test_an_answer_that_airflow_has_given_itself(airflow: Airflow) -> None:
    api = in_process.connected(airflow, clock=Clock())
    if api.version() < (3, 3):
        pytest.skip("Before 3.3 this takes a triggerer.")
    done = in_process.triggered(api, "asks_in_time")
    assert done.run
    question = Question("asks_in_time", done.run["dag_run_id"], "ask", -1)

    def given() -> bool:
        approval = api.ask(Approvals).find(question)
        return bool(approval and approval["response_received"])

    seen, _silence = api.patience.wait(given, bool, 300.0, 2.0)
    assert seen
    assert not answered(api, question, "no")["changed"]
    says = r"was already answered by Airflow itself, since its time was over, at .* with no, and not with yes"
    with pytest.raises(BadInput, match=says):
        answered(api, question, "yes")


def test_a_task_of_a_playbook_tells_how_far_the_run_is(api: Api, question: Question, tmp_path: Path) -> None:
    other = in_process.triggered(api, DAG)
    assert other.run
    api.ask(Dags).set_paused(DAG, True)
    paused = in_process.triggered(api, DAG)
    assert paused.run
    options = {"dag_id": DAG, "task_id": "approve", "choose": "Approve"}
    late = {**options, "dag_run_id": paused.run["dag_run_id"], "wait_timeout": 2}
    try:
        played = play(tmp_path, [{"dagops.airflow.airflow_approval": late}])
    finally:
        api.ask(Dags).set_paused(DAG, False)
    assert f"localhost: {DAG} / {paused.run['dag_run_id']} queued: task approve has not started" in played.words
    assert "has not asked after 2s (wait_timeout): its DAG is paused" in played.words
    as_program = result_of(tmp_path, "airflow_approval", {**options, "dag_run_id": question.dag_run_id})
    assert as_program["approval"]["chosen_options"] == ["Approve"]


def test_the_playbook_answers_for_a_survey(question: Question, tmp_path: Path) -> None:
    artifact = {"dag_id": DAG, "dag_run_id": question.dag_run_id}
    given = {"airflow_dag_run": artifact, "airflow_task_id": "approve", "airflow_choose": "", "airflow_params": ""}
    options = ("--extra-vars", json.dumps({**given, "airflow_dag_id": "", "airflow_wait_timeout": 300}))
    missing = ansible_playbook("dagops.airflow.answer_approval", "-e", json.dumps(artifact), cwd=tmp_path)
    assert "missing required arguments: airflow_dag_id, airflow_dag_run_id, airflow_task_id" in missing.words
    first = ansible_playbook("dagops.airflow.answer_approval", *options, cwd=tmp_path)
    assert (first.status, first.changed()) == (0, 1), first.output
    assert " was answered with Approve." in first.words
    again = ansible_playbook("dagops.airflow.answer_approval", "--check", *options, cwd=tmp_path)
    assert (again.status, again.changed()) == (0, 0), again.output
