# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, NotFound
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_run_info
from ansible_collections.dagops.airflow.tests.unit.frame import Runner

MOMENT = "2026-11-22 10:15:00+01:00"
IN_UTC = "2026-11-22T09:15:00Z"


@pytest.fixture
def info(server, generation):
    return Runner(server, generation, airflow_dag_run_info)


def query(limit=100, offset=0, order_by="-id", **filters):
    return {**filters, "order_by": order_by, "limit": limit, "offset": offset}


def ids(result):
    assert result["changed"] is False
    return [run["dag_run_id"] for run in result["dag_runs"]]


def test_the_last_runs_of_a_dag(info, server, generation):
    runs = generation.runs(generation.run("b", "running"), generation.run("a"))
    server.get("dags/etl_daily/dagRuns", query()).answers(runs)
    result = info(dag_id="etl_daily")
    assert ids(result) == ["b", "a"]
    assert "conf" not in result["dag_runs"][0]


def test_runs_of_all_dags(info, server, generation):
    runs = [generation.run("a"), generation.run("a", dag_id="other")]
    server.get("dags/~/dagRuns", query(state=["queued", "running"])).answers(generation.runs(*runs))
    assert len(ids(info(state=["queued", "running"]))) == 2


def test_no_more_than_wanted_are_read(info, server, generation):
    runs = [generation.run(f"r{number}") for number in range(150)]
    server.get("dags/~/dagRuns", query()).answers(generation.runs(*runs[:100], total=5000))
    server.get("dags/~/dagRuns", query(limit=50, offset=100)).answers(generation.runs(*runs[100:], total=5000))
    assert len(ids(info(limit=150))) == 150


def test_one_run_is_asked_for_where_one_is_wanted(info, server, generation):
    server.get("dags/etl_daily/dagRuns", query(limit=1, state=["failed"])).answers(
        generation.runs(generation.run("a"), total=7)
    )
    assert ids(info(dag_id="etl_daily", state=["failed"], limit=1)) == ["a"]


@pytest.mark.parametrize("side", ["gte", "lte"])
@pytest.mark.parametrize("key", ["logical_date", "start_date", "end_date"])
def test_moments_are_sent_in_utc(info, server, generation, key, side):
    name = generation.date_filter if key == "logical_date" else key
    server.get("dags/~/dagRuns", query(**{f"{name}_{side}": IN_UTC})).answers(generation.runs())
    assert ids(info(**{f"{key}_{side}": MOMENT})) == []


@pytest.mark.parametrize("order", ["logical_date", "-logical_date", "start_date", "-end_date", "id"])
def test_the_order_is_airflows(info, server, generation, order):
    asked = order.replace("logical_date", generation.date_filter)
    server.get("dags/~/dagRuns", query(order_by=asked)).answers(generation.runs())
    info(order_by=order)


def test_one_run_by_its_id(info, server, generation):
    server.get("dags/etl_daily/dagRuns/a").answers(generation.run("a"))
    assert ids(info(dag_id="etl_daily", dag_run_id="a")) == ["a"]


def test_a_run_that_is_not_there(info, server, generation):
    server.get("dags/etl_daily/dagRuns/a").answers(generation.no_run("a"), 404)
    server.get("dags/etl_daily").answers(generation.dag())
    assert ids(info(dag_id="etl_daily", dag_run_id="a")) == []


def test_an_unknown_dag_is_an_error(info, server, generation):
    runs = server.get("dags/etl_daily/dagRuns", query())
    # Airflow 2 has an empty list for it.
    runs.answers(generation.runs()) if generation.name == "v1" else runs.answers(generation.no_dag(), 404)
    server.get("dags/etl_daily").answers(generation.no_dag(), 404)
    assert isinstance(info.failure(dag_id="etl_daily"), NotFound)


@pytest.mark.parametrize("dag_run_id", [None, "a"])
def test_check_mode_takes_a_dag_that_is_not_there_for_one_without_runs(info, server, generation, dag_run_id):
    if dag_run_id:
        server.get("dags/etl_daily/dagRuns/a").answers(generation.no_run("a"), 404)
    else:
        runs = server.get("dags/etl_daily/dagRuns", query())
        runs.answers(generation.runs()) if generation.name == "v1" else runs.answers(generation.no_dag(), 404)
    server.get("dags/etl_daily").answers(generation.no_dag(), 404)
    assert ids(info(True, dag_id="etl_daily", dag_run_id=dag_run_id)) == []
    assert info.warnings == [
        "DAG etl_daily does not exist at https://airflow.example; check mode goes on as if a task before had made it."
    ]


def test_no_state_lists_nothing(info, server):
    assert ids(info(state=[])) == []
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"limit": 10001}, "limit is 10001"),
        ({"dag_run_id": "a"}, "dag_run_id needs the dag_id"),
        ({"dag_id": "a", "dag_run_id": "r", "state": ["failed"]}, "takes no other filter"),
        ({"dag_id": "a", "dag_run_id": "r", "end_date_gte": MOMENT}, "takes no other filter"),
        ({"dag_id": "a", "dag_run_id": "a\nb"}, "dag_run_id"),
        ({"dag_id": "a b"}, "dag_id"),
        ({"start_date_gte": "2026-11-22T10:15:00"}, "start_date_gte"),
    ],
)
def test_what_is_wrong_is_refused_before_a_request(info, server, options, said):
    error = info.failure(**options)
    assert isinstance(error, BadInput)
    assert said in error.message
    assert server.requests == []
