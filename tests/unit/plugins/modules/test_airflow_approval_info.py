# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, NotFound, Unsupported
from ansible_collections.dagops.airflow.plugins.modules import airflow_approval_info
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, RUN_ID
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented
from ansible_collections.dagops.airflow.tests.unit.questions import KEYS, question


class Questions(Runner):
    def lists(self, path: str, *questions: dict[str, t.Any]) -> Exchange:
        self.server.get("version").answers({"version": "3.3.2"})
        query = {"response_received": "false", "order_by": "created_at", "limit": 100, "offset": 0}
        body = {"hitl_details": list(questions), "total_entries": len(questions)}
        return self.server.get(f"{path}/hitlDetails", query).answers(body)


@pytest.fixture
def questions(server: Server) -> Questions:
    server.prefix = GENERATIONS["v2"].prefix
    return Questions(server, GENERATIONS["v2"], airflow_approval_info)


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_waits_is_listed(questions, check_mode):
    states = ["deferred", "awaiting_input", "failed", "running", None]
    found = [question(state, index) for index, state in enumerate(states)]
    for number, one in enumerate(found):
        one["task_instance"]["id"] = str(number)
    questions.lists("dags/~/dagRuns/~", *found)
    result = questions(check_mode)
    assert result["changed"] is False
    assert [approval["state"] for approval in result["approvals"]] == ["deferred", "awaiting_input"]
    assert set(result["approvals"][0]) == set(documented(airflow_approval_info)["approvals"]["contains"]) == KEYS


@pytest.mark.parametrize("name", ["a/b", ".", "~"])
def test_of_a_run_that_no_path_can_name(questions, name):
    of_it = question()
    of_it["task_instance"].update(dag_run_id=name, id="of it")
    questions.lists("dags/etl_daily/dagRuns/~", question(), of_it)
    found = questions(dag_id="etl_daily", dag_run_id=name)["approvals"]
    assert [approval["dag_run_id"] for approval in found] == [name]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"dag_id": "etl_daily"}, "dags/etl_daily/dagRuns/~"),
        ({"dag_id": "etl_daily", "dag_run_id": RUN_ID}, f"dags/etl_daily/dagRuns/{RUN_ID}"),
    ],
)
@pytest.mark.parametrize("waits", [True, False])
def test_of_one_dag_or_run(questions, given, path, waits):
    questions.lists(path, *([question()] if waits else []))
    if not waits:
        there = "dags/etl_daily" + (f"/dagRuns/{RUN_ID}" if "dag_run_id" in given else "")
        body = questions.generation.run(RUN_ID, "running") if "dag_run_id" in given else questions.generation.dag()
        questions.server.get(there).answers(body)
    assert len(questions(**given)["approvals"]) == waits


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("answers_404", [False, True])
@pytest.mark.parametrize(
    ("given", "path", "what", "options"),
    [
        (
            {"dag_id": "etl_daily"},
            "dags/etl_daily/dagRuns/~",
            "DAG etl_daily does not exist at https://airflow.example",
            "check dag_id, and that its file has been parsed.",
        ),
        (
            {"dag_id": "etl_daily", "dag_run_id": RUN_ID},
            f"dags/etl_daily/dagRuns/{RUN_ID}",
            f"DAG run etl_daily / {RUN_ID} does not exist at https://airflow.example",
            "check dag_id and dag_run_id.",
        ),
    ],
)
def test_an_unknown_dag_or_run(questions, given, path, what, options, answers_404, check_mode):
    gone = questions.generation.no_dag()
    exchange = questions.lists(path)
    if answers_404:
        exchange.answers(gone, 404)
    questions.server.get(path.replace("/dagRuns/~", "")).answers(gone, 404)
    if check_mode:
        assert questions(True, **given)["approvals"] == []
        assert questions.warnings == [f"{what}; check mode goes on as if a task before had made it."]
    else:
        error = questions.failure(**given)
        assert isinstance(error, NotFound)
        assert error.message == f"{what}; {options}"


def test_what_airflow_does_not_find_although_it_knows_the_dag(questions):
    questions.lists("dags/etl_daily/dagRuns/~").answers({"detail": "Not here"}, 404)
    questions.server.get("dags/etl_daily").answers(questions.generation.dag())
    error = questions.failure(dag_id="etl_daily")
    assert isinstance(error, NotFound)
    assert "Not here" in error.message


def test_a_run_needs_its_dag(questions):
    error = questions.failure(dag_run_id=RUN_ID)
    assert isinstance(error, BadInput)
    assert error.message == "dag_run_id needs the dag_id of its DAG; give both."


def test_on_airflow_2_one_sentence(server):
    old = Questions(server, GENERATIONS["v1"], airflow_approval_info)
    server.get("version").answers({"version": "2.11.2"})
    error = old.failure()
    assert isinstance(error, Unsupported)
    assert "needs Airflow 3.1 or newer" in error.message
