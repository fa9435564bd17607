# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._errors import BadInput, Denied, NotFound
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag
from ansible_collections.dagops.airflow.tests.unit.bodies import Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

KEYS = {
    "active_runs",
    "dag_id",
    "description",
    "fileloc",
    "has_import_errors",
    "is_paused",
    "is_stale",
    "last_parsed_time",
    "max_active_runs",
    "owners",
    "tags",
    "timetable_description",
    "url",
    "was_paused",
}


@pytest.fixture
def dag(server: Server, generation: Generation) -> Runner:
    return Runner(server, generation, airflow_dag)


def page(offset: int = 0, **query: t.Any) -> dict[str, t.Any]:
    return {**query, "limit": 100, "offset": offset}


def paused(result: dict[str, t.Any]) -> dict[str, tuple[bool, bool]]:
    """What was and what is, by DAG."""
    return {dag["dag_id"]: (dag["was_paused"], dag["is_paused"]) for dag in result["dags"]}


# -- one DAG


def test_all_that_is_documented_is_returned():
    assert set(documented(airflow_dag)) == {"dags"}
    assert set(documented(airflow_dag)["dags"]["contains"]) == KEYS


def test_unpausing_one_dag_takes_two_requests(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    server.patch("dags/etl_daily", sends={"is_paused": False}).answers(generation.dag())
    result = dag(dag_id=["etl_daily"], paused=False)
    assert result["changed"] is True
    assert paused(result) == {"etl_daily": (True, False)}
    assert result["diff"] == {
        "before": {"etl_daily": {"is_paused": True}},
        "after": {"etl_daily": {"is_paused": False}},
    }


def test_one_request_when_nothing_is_to_change(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag())
    result = dag(dag_id=["etl_daily"], paused=False)
    assert result["changed"] is False
    assert result["diff"] == {"before": {}, "after": {}}


def test_check_mode_predicts_the_same_and_writes_nothing(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    predicted = dag(check_mode=True, dag_id=["etl_daily"], paused=False)
    server._only_reads = False
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    server.patch("dags/etl_daily", sends={"is_paused": False}).answers(generation.dag())
    assert dag(dag_id=["etl_daily"], paused=False) == predicted


@pytest.mark.parametrize("check_mode", [False, True])
def test_pausing_counts_the_runs_that_are_active(dag, server, generation, check_mode):
    server.get("dags/etl_daily").answers(generation.dag())
    body = {"dag_ids": ["etl_daily"], "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}
    server.post("dags/~/dagRuns/list", sends=body).answers(
        generation.runs(generation.run("a", "queued"), generation.run("b", "running"))
    )
    if not check_mode:
        server.patch("dags/etl_daily", sends={"is_paused": True}).answers(generation.dag(is_paused=True))
    result = dag(check_mode=check_mode, dag_id=["etl_daily"], paused=True)
    assert result["changed"] is True
    assert result["dags"][0]["active_runs"] == 2


def test_active_runs_come_in_pages(dag, server, generation):
    body = {"dag_ids": ["etl_daily"], "states": ["queued", "running"], "page_limit": 100}
    server.get("dags/etl_daily").answers(generation.dag())
    runs = [generation.run(f"run-{number}", "queued") for number in range(130)]
    for start, end in ((0, 100), (100, 130)):
        server.post("dags/~/dagRuns/list", sends={**body, "page_offset": start}).answers(
            generation.runs(*runs[start:end], total=130)
        )
    result = dag(check_mode=True, dag_id=["etl_daily"], paused=True)
    assert result["dags"][0]["active_runs"] == 130


def test_without_paused_it_only_reads(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    result = dag(dag_id=["etl_daily"])
    assert result["changed"] is False
    assert paused(result) == {"etl_daily": (True, True)}


def test_result_has_the_same_keys_everywhere(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag(tags=["z", "a"]))
    found = dag(dag_id=["etl_daily"])["dags"]
    assert found == [
        {
            "active_runs": None,
            "dag_id": "etl_daily",
            "description": None,
            "fileloc": "/opt/airflow/dags/etl.py",
            "has_import_errors": False,
            "is_paused": False,
            "is_stale": False,
            "last_parsed_time": "2026-11-22T10:00:42.287217Z",
            "max_active_runs": 16,
            "owners": ["airflow"],
            "tags": ["a", "z"],
            "timetable_description": "Never, external triggers only",
            "url": generation.dag_url(),
            "was_paused": False,
        }
    ]
    assert set(found[0]) == KEYS


def test_a_stale_dag_is_set_with_a_warning(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True, is_stale=True))
    server.patch("dags/etl_daily", sends={"is_paused": False}).answers(generation.dag(is_stale=True))
    result = dag(dag_id=["etl_daily"], paused=False)
    assert result["dags"][0]["is_stale"] is True
    assert len(dag.warnings) == 1
    assert "etl_daily is stale" in dag.warnings[0]


def test_a_stale_dag_that_needs_no_change_gives_no_warning(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag(is_stale=True))
    dag(dag_id=["etl_daily"], paused=False)
    assert not dag.warnings


# -- several


def test_items_are_stripped_and_taken_once(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag())
    assert len(dag(dag_id=[" etl_daily ", "etl_daily"])["dags"]) == 1


def test_up_to_three_ids_are_read_one_by_one(dag, server, generation):
    for name in ("c", "a", "b"):
        server.get(f"dags/{name}").answers(generation.dag(name))
    assert [found["dag_id"] for found in dag(dag_id=["c", "a", "b"])["dags"]] == ["a", "b", "c"]


def test_more_ids_are_read_from_the_list(dag, server, generation):
    names = ["a", "b", "c", "d"]
    listed = generation.dags(*(generation.dag(name) for name in [*names, "other"]))
    server.get("dags", page(**generation.stale_filter)).answers(listed)
    assert [found["dag_id"] for found in dag(dag_id=names)["dags"]] == names


def test_three_hundred_dags_of_a_tag_are_three_pages(dag, server, generation):
    dags = [generation.dag(f"many_{number:03}", tags=["many"]) for number in range(300)]
    for start in (0, 100, 200):
        server.get("dags", page(start, **generation.stale_filter, tags="many")).answers(
            generation.dags(*dags[start : start + 100], total=300)
        )
    assert len(dag(tags=["many"])["dags"]) == 300


def test_a_pattern_selects_exactly(dag, server, generation):
    """The server's own search takes an underscore for any character and looks in the middle of ids, too."""
    names = ["etl_daily", "etlXdaily", "my_etl_daily", "etl_weekly"]
    server.get("dags", page(**generation.stale_filter, dag_id_pattern="etl_")).answers(
        generation.dags(*map(generation.dag, names))
    )
    assert list(paused(dag(dag_id=["etl_*"]))) == ["etl_daily", "etl_weekly"]


@pytest.mark.parametrize(
    ("glob", "asked"),
    [
        ("etl_*", "etl_"),
        ("*_daily", "_daily"),
        ("a?cde", "cde"),
        ("e[tx]l_daily", "l_daily"),
        ("etl[._-]x[0-9]", "etl"),
    ],
)
def test_the_server_narrows_the_list(dag, server, generation, glob, asked):
    server.get("dags", page(**generation.stale_filter, dag_id_pattern=asked)).answers(generation.dags())
    assert glob in dag.failure(dag_id=[glob]).message


def test_several_patterns_take_one_list_of_all(dag, server, generation):
    server.get("dags", page(**generation.stale_filter)).answers(
        generation.dags(*map(generation.dag, ["a1", "a2", "b1", "c1"]))
    )
    assert list(paused(dag(dag_id=["a*", "b*"]))) == ["a1", "a2", "b1"]


def test_a_star_selects_all_that_are_not_stale(dag, server, generation):
    server.get("dags", page(**generation.stale_filter)).answers(
        generation.dags(generation.dag("a"), generation.dag("gone", is_stale=True))
    )
    assert list(paused(dag(dag_id=["*"]))) == ["a"]


def test_patterns_are_case_sensitive(dag, server, generation):
    server.get("dags", page(**generation.stale_filter, dag_id_pattern="etl")).answers(
        generation.dags(generation.dag("ETL1"), generation.dag("etl1"))
    )
    assert list(paused(dag(dag_id=["etl*"]))) == ["etl1"]


def test_ids_and_tags_must_both_hold(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a", tags=["billing"]))
    server.get("dags/b").answers(generation.dag("b", tags=["other"]))
    assert list(paused(dag(dag_id=["a", "b"], tags=["billing", "x"]))) == ["a"]


def test_patterns_and_tags_must_both_hold(dag, server, generation):
    query = page(**generation.stale_filter, dag_id_pattern="etl", tags=["billing", "x"])
    server.get("dags", query).answers(generation.dags(generation.dag("etl_a", tags=["billing"]), generation.dag("b")))
    assert list(paused(dag(dag_id=["etl*"], tags=["billing", "x"]))) == ["etl_a"]


def test_only_those_that_differ_are_written(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a", is_paused=True))
    server.get("dags/b").answers(generation.dag("b"))
    server.patch("dags/a", sends={"is_paused": False}).answers(generation.dag("a"))
    result = dag(dag_id=["a", "b"], paused=False)
    assert paused(result) == {"a": (True, False), "b": (False, False)}
    assert set(result["diff"]["after"]) == {"a"}


@pytest.mark.parametrize(
    "options", [{"dag_id": []}, {"tags": []}, {"dag_id": ["a"], "tags": []}, {"dag_id": [], "tags": ["x"]}]
)
def test_an_empty_list_selects_nothing(dag, options):
    result = dag(**options, paused=True)
    assert result == {"changed": False, "dags": [], "diff": {"before": {}, "after": {}}}


# -- what fails


@pytest.mark.parametrize(
    "options", [{"dag_id": [""]}, {"dag_id": ["a", "  "]}, {"tags": [""]}, {"dag_id": ["a"], "tags": ["\t"]}]
)
def test_an_empty_text_is_refused_and_nothing_sent(dag, options):
    error = dag.failure(**options, paused=True)
    assert isinstance(error, BadInput)
    assert "empty" in error.message
    assert ("tags" if "tags" in options else "dag_id") in error.message


@pytest.mark.parametrize("name", ["a/b", "a b", "..", "a%2Fb", "x" * 251])
def test_what_is_no_dag_id_is_refused_and_nothing_sent(dag, name):
    error = dag.failure(dag_id=[name], paused=True)
    assert isinstance(error, BadInput)
    assert "dag_id" in error.message


def test_an_unknown_dag_changes_nothing_for_the_others(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a", is_paused=True))
    server.get("dags/nope").answers(generation.no_dag("nope"), 404)
    error = dag.failure(dag_id=["a", "nope"], paused=False)
    assert isinstance(error, NotFound)
    assert "DAG nope does not exist at https://airflow.example" in error.message
    assert "nothing was changed" in error.message


def test_all_unknown_dags_are_named(dag, server, generation):
    for name in ("x", "y"):
        server.get(f"dags/{name}").answers(generation.no_dag(name), 404)
    assert "DAGs x, y do not exist" in dag.failure(dag_id=["x", "y"]).message


def test_a_tag_that_nothing_has(dag, server, generation):
    server.get("dags", page(**generation.stale_filter, tags=["x", "y"])).answers(generation.dags())
    error = dag.failure(tags=["x", "y"], paused=True)
    assert "No DAG at https://airflow.example matches * with a tag of x, y" in error.message


def test_ids_none_of_which_has_the_tag(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a", tags=[]))
    assert "matches a with a tag of billing" in dag.failure(dag_id=["a"], tags=["billing"]).message


def test_one_of_several_patterns_that_matches_nothing(dag, server, generation):
    server.get("dags", page(**generation.stale_filter)).answers(generation.dags(generation.dag("a1")))
    assert "matches b*" in dag.failure(dag_id=["a*", "b*"]).message


def test_a_failure_in_the_middle_tells_what_was_changed(dag, server, generation):
    for name in ("a", "b"):
        server.get(f"dags/{name}").answers(generation.dag(name, is_paused=True))
    server.patch("dags/a", sends={"is_paused": False}).answers(generation.dag("a"))
    server.patch("dags/b", sends={"is_paused": False}).answers(generation.problem(403, "Forbidden"), 403)
    error = dag.failure(dag_id=["a", "b"], paused=False)
    assert isinstance(error, Denied)
    assert error.details["changed"] is True
    assert [found["dag_id"] for found in error.details["dags"]] == ["a"]
    assert error.details["dags"][0]["is_paused"] is False


def test_a_failure_of_the_first_write_changed_nothing(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a", is_paused=True))
    server.patch("dags/a", sends={"is_paused": False}).answers(generation.problem(403, "Forbidden"), 403)
    assert dag.failure(dag_id=["a"], paused=False).details == {"changed": False, "dags": []}


# -- state: absent


def test_absent_deletes_those_that_exist(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a"))
    server.get("dags/b").answers(generation.no_dag("b"), 404)
    server.delete("dags/a").says("", 204)
    result = dag(dag_id=["a", "b"], state="absent")
    assert result["changed"] is True
    assert [found["dag_id"] for found in result["dags"]] == ["a"]
    assert set(result["dags"][0]) == KEYS
    assert result["diff"] == {"before": {"a": {"state": "present"}}, "after": {"a": {"state": "absent"}}}


def test_absent_in_check_mode(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a"))
    assert dag(check_mode=True, dag_id=["a"], state="absent")["changed"] is True


def test_absent_once_more(dag, server, generation):
    server.get("dags/a").answers(generation.no_dag("a"), 404)
    assert dag(dag_id=["a"], state="absent") == {"changed": False, "dags": [], "diff": {"before": {}, "after": {}}}


def test_absent_of_nothing(dag):
    assert dag(dag_id=[], state="absent")["changed"] is False


def test_absent_of_a_dag_that_somebody_else_deletes_meanwhile(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a"))
    server.delete("dags/a").answers(generation.problem(404, "Dag with id: 'a' not found"), 404)
    assert dag(dag_id=["a"], state="absent")["changed"] is True


def test_absent_repeated_after_a_lost_answer(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a"))
    server.delete("dags/a").fails(requests.ConnectionError("reset"))
    server.delete("dags/a").answers(generation.problem(404, "Dag with id: 'a' not found"), 404)
    assert dag(dag_id=["a"], state="absent")["changed"] is True


def test_absent_while_tasks_run(dag, server, generation):
    server.get("dags/a").answers(generation.dag("a"))
    server.delete("dags/a").answers(generation.problem(409, "Conflict", "Task instances are still running"), 409)
    error = dag.failure(dag_id=["a"], state="absent")
    assert error.message == "DAG a cannot be deleted while its tasks are running; end its runs first."


@pytest.mark.parametrize("options", [{"dag_id": ["etl_*"]}, {"tags": ["x"]}, {"dag_id": ["a"], "tags": ["x"]}])
def test_absent_takes_exact_ids_only(dag, options):
    error = dag.failure(**options, state="absent")
    assert isinstance(error, BadInput)
    assert "exact ids" in error.message
