# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    Denied,
    NotFound,
    ParseFailed,
    TimedOut,
    Unreachable,
)
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag
from ansible_collections.dagops.airflow.tests.unit.bodies import Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Server
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
    "next_dagrun_logical_date",
    "next_dagrun_run_after",
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
    assert set(documented(airflow_dag)) == {"dags", "import_errors", "timed_out"}
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


def test_detection_and_login_are_one_request_each(played, server, generation):
    """Airflow 3 costs the requests of Airflow 2 and one for the login."""
    server.prefix = generation.prefix
    if generation.name == "v1":
        server.get("/api/v1/version").answers({"version": "2.11.2"})
    else:
        server.get("/api/v1/version").answers({"error": "/api/v1 has been removed in Airflow 3"}, 404)
        login = {"username": "deploy", "password": "s3cret-pa55"}
        server.post("/auth/token", sends=login).answers({"access_token": "a.b.c"}, 201)
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    server.patch("dags/etl_daily", sends={"is_paused": False}).answers(generation.dag())
    login = {"api_username": "deploy", "api_password": "s3cret-pa55"}
    played(airflow_dag.main, api_url=URL, dag_id=["etl_daily"], paused=False, **login)
    assert len(server.requests) == (3 if generation.name == "v1" else 4)


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


ACTIVE = {"state": ["queued", "running"], "order_by": "id", "limit": "100", "offset": "0"}


def test_who_may_see_some_dags_only_is_shown_their_runs_one_by_one(dag, server, generation):
    """Airflow 3.0, whose list of several DAGs wants a permission for all."""
    if generation.name == "v1":
        return
    server.get("dags/etl_daily").answers(generation.dag())
    server.post("dags/~/dagRuns/list", sends=active_body(["etl_daily"])).answers(
        generation.problem(403, "Forbidden"), 403
    )
    for found in ([generation.run("a", "running")], []):
        server.get("dags/etl_daily/dagRuns", ACTIVE).answers(generation.runs(*found))
    set_paused(server, generation, True)
    server.get("dags/etl_daily/dagRuns", ACTIVE).answers(generation.runs())
    result = dag(dag_id=["etl_daily"], paused=True, drain=True)
    assert result["dags"][0]["active_runs"] == 0


def test_who_may_see_no_runs_may_pause_all_the_same(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag())
    server.post("dags/~/dagRuns/list", sends=active_body(["etl_daily"])).answers(
        generation.problem(403, "Forbidden"), 403
    )
    if generation.name == "v2":
        server.get("dags/etl_daily/dagRuns", ACTIVE).answers(generation.problem(403, "Forbidden"), 403)
    set_paused(server, generation, True)
    result = dag(dag_id=["etl_daily"], paused=True)
    assert result["changed"] is True
    assert result["dags"][0]["active_runs"] is None


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
            "next_dagrun_logical_date": None,
            "next_dagrun_run_after": None,
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
    "options",
    [
        {"dag_id": []},
        {"tags": []},
        {"dag_id": ["a"], "tags": []},
        {"dag_id": [], "tags": ["x"]},
        {"dag_id": ["a"], "tags": [], "wait": True},
        {"tags": [], "wait": True},
    ],
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


GOES_ON = "check mode goes on as if a task before had made it."


def test_check_mode_warns_of_what_does_not_exist(dag, server, generation):
    server.get("dags/new").answers(generation.no_dag("new"), 404)
    result = dag(check_mode=True, dag_id=["new"], paused=False)
    assert paused(result) == {"new": (True, False)}
    assert dag.warnings == [f"DAG new does not exist at {URL}; {GOES_ON}"]


def test_check_mode_warns_of_a_pattern_that_nothing_matches(dag, server, generation):
    listed(server, generation, "new_", [])
    assert dag(check_mode=True, dag_id=["new_*"], paused=False)["dags"] == []
    assert dag.warnings == [f"No DAG at {URL} matches new_*; {GOES_ON}"]


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


def test_a_failure_in_the_middle_tells_what_was_deleted(dag, server, generation):
    for name in ("a", "b"):
        server.get(f"dags/{name}").answers(generation.dag(name))
    server.delete("dags/a").says("", 204)
    server.delete("dags/b").answers(generation.problem(409, "Conflict", "Task instances are still running"), 409)
    error = dag.failure(dag_id=["a", "b"], state="absent")
    assert error.details["changed"] is True
    assert [found["dag_id"] for found in error.details["dags"]] == ["a"]


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


# -- many at once


def listed(server, generation, pattern, dags, **query):
    """All pages of a list."""
    params = {**generation.stale_filter, **({"dag_id_pattern": pattern} if pattern else {}), **query}
    for start in range(0, max(len(dags), 1), 100):
        server.get("dags", page(start, **params)).answers(generation.dags(*dags[start : start + 100], total=len(dags)))


def written(server, generation, pattern, dags, is_paused, after=None, **query):
    """All pages of a write that hits whatever matches, and what is there then: Airflow 3 has to be asked for it."""
    for start in range(0, len(dags), 100):
        params = {"dag_id_pattern": pattern, "limit": 100, "offset": start, **query}
        answer = generation.dags(*dags[start : start + 100], total=len(dags))
        server.patch("dags", params, sends={"is_paused": is_paused}).answers(answer)
    if generation.name == "v2":
        listed(server, generation, pattern, dags if after is None else after, **query)


def some(generation, count, prefix="many_", **keys):
    return [generation.dag(f"{prefix}{number:03}", **keys) for number in range(count)]


def test_three_hundred_dags_cost_pages_not_dags(dag, server, generation):
    listed(server, generation, "many_", some(generation, 300, is_paused=True))
    written(server, generation, "many_", some(generation, 300), False)
    result = dag(dag_id=["many_*"], paused=False)
    assert result["changed"] is True
    assert len(result["dags"]) == 300
    assert set(paused(result).values()) == {(True, False)}
    assert len(server.requests) == {"v1": 6, "v2": 9}[generation.name]


def test_many_dags_of_a_tag_at_once(dag, server, generation):
    listed(server, generation, "", some(generation, 20, is_paused=True, tags=["t"]), tags="t")
    written(server, generation, "many_0", some(generation, 20, tags=["t"]), False, tags="t")
    assert len(dag(tags=["t"], paused=False)["dags"]) == 20


def test_a_list_of_ids_is_written_by_what_they_begin_with(dag, server, generation):
    before = [*some(generation, 12, is_paused=True), generation.dag("other", is_paused=True)]
    listed(server, generation, "", before)
    written(server, generation, "many_0", some(generation, 12), False)
    assert len(dag(dag_id=[f"many_{number:03}" for number in range(12)], paused=False)["dags"]) == 12


@pytest.mark.parametrize(
    "neighbour",
    # Airflow's patterns know no case, and _ stands for any character.
    ["many_0x", "MANY_0", "x_manyX0"],
)
def test_no_write_hits_a_dag_that_is_not_wanted(dag, server, generation, neighbour):
    listed(server, generation, "", [*some(generation, 12, is_paused=True), generation.dag(neighbour, is_paused=True)])
    for number in range(12):
        answer = generation.dag(f"many_{number:03}")
        server.patch(f"dags/many_{number:03}", sends={"is_paused": False}).answers(answer)
    dag(dag_id=[f"many_{number:03}" for number in range(12)], paused=False)


def test_a_neighbour_that_is_as_wanted_does_no_harm(dag, server, generation):
    before = [
        *some(generation, 12, is_paused=True),
        generation.dag("many_0x"),
        generation.dag("many_0y", is_stale=True),
    ]
    after = [*some(generation, 12), generation.dag("many_0x"), generation.dag("many_0y", is_stale=True)]
    listed(server, generation, "", before)
    written(server, generation, "many_0", some(generation, 12), False, after)
    dag(dag_id=[f"many_{number:03}" for number in range(12)], paused=False)


def test_what_was_changed_beyond_the_wanted_set_is_put_back(dag, server, generation):
    stale = generation.dag("many_0old", is_paused=True, is_stale=True)
    listed(server, generation, "many_", [*some(generation, 12, is_paused=True), stale])
    written(server, generation, "many_0", [*some(generation, 12), generation.dag("many_0old")], False)
    server.patch("dags/many_0old", sends={"is_paused": True}).answers(generation.dag("many_0old", is_paused=True))
    assert len(dag(dag_id=["many_*"], paused=False)["dags"]) == 12


def test_what_one_write_has_left_out_is_written_one_by_one(dag, server, generation):
    listed(server, generation, "many_", some(generation, 12, is_paused=True))
    after = [*some(generation, 11), generation.dag("many_011", is_paused=True)]
    written(server, generation, "many_0", some(generation, 11), False, after)
    server.patch("dags/many_011", sends={"is_paused": False}).answers(generation.dag("many_011"))
    assert len(dag(dag_id=["many_*"], paused=False)["dags"]) == 12


def test_an_outage_after_a_write_of_many_says_that_something_was_changed(dag, server, generation):
    listed(server, generation, "many_", some(generation, 12, is_paused=True))
    params = {"dag_id_pattern": "many_0", "limit": 100, "offset": 0}
    write = server.patch("dags", params, sends={"is_paused": False})
    if generation.name == "v1":
        write.says("", 502)
    else:
        write.answers(generation.dags(*some(generation, 12), total=12))
        server.get("dags", page(dag_id_pattern="many_0", **generation.stale_filter)).says("", 502)
    error = dag.failure(dag_id=["many_*"], paused=False, retry_timeout=0)
    assert isinstance(error, Unreachable)
    assert error.message.endswith("changed already; the same task goes on with the others.")
    assert error.details == {"changed": True, "dags": []}


def test_a_dag_that_came_meanwhile_is_left_paused(dag, server, generation):
    after = [*some(generation, 12), generation.dag("many_0new")]
    listed(server, generation, "many_", some(generation, 12, is_paused=True))
    written(server, generation, "many_0", after, False)
    server.patch("dags/many_0new", sends={"is_paused": True}).answers(generation.dag("many_0new", is_paused=True))
    assert len(dag(dag_id=["many_*"], paused=False)["dags"]) == 12


def test_a_refused_write_of_many_says_why_for_the_first(dag, server, generation):
    refused = generation.problem(403, "Forbidden")
    listed(server, generation, "many_", some(generation, 12, is_paused=True))
    params = {"dag_id_pattern": "many_0", "limit": 100, "offset": 0}
    server.patch("dags", params, sends={"is_paused": False}).answers(refused, 403)
    listed(server, generation, "many_0", some(generation, 12, is_paused=True))
    server.patch("dags/many_000", sends={"is_paused": False}).answers(refused, 403)
    error = dag.failure(dag_id=["many_*"], paused=False)
    assert isinstance(error, Denied)
    assert error.details["changed"] is False


def test_few_dags_are_written_one_by_one(dag, server, generation):
    listed(server, generation, "many_", some(generation, 9, is_paused=True))
    for number in range(9):
        answer = generation.dag(f"many_{number:03}")
        server.patch(f"dags/many_{number:03}", sends={"is_paused": False}).answers(answer)
    dag(dag_id=["many_*"], paused=False)


# -- drain


def active_body(dag_ids):
    return {"dag_ids": dag_ids, "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}


def active(server, generation, dag_ids, *runs):
    server.post("dags/~/dagRuns/list", sends=active_body(dag_ids)).answers(generation.runs(*runs))


def busy(generation, dag_id="etl_daily", name="r"):
    return generation.run(name, "running", dag_id=dag_id)


def set_paused(server, generation, is_paused, dag_id="etl_daily"):
    answer = generation.dag(dag_id, is_paused=is_paused)
    server.patch(f"dags/{dag_id}", sends={"is_paused": is_paused}).answers(answer)


def a_is_drained(server, generation, *runs_of_b):
    """The first look at the DAGs a and b: a is paused, and b has runs."""
    for name in ("a", "b"):
        server.get(f"dags/{name}").answers(generation.dag(name))
    active(server, generation, ["a", "b"], *runs_of_b)
    set_paused(server, generation, True, "a")
    active(server, generation, ["a"])


def explained(server, generation, *tasks, dag_id="b", name="r"):
    """What is read of the first run that holds up a drain."""
    page = server.get(f"dags/{dag_id}/dagRuns/{name}/taskInstances", {"limit": 100, "offset": 0})
    page.answers(generation.tasks(*tasks)) if tasks else page.says("", 403)
    server.get(f"dags/{dag_id}").answers(generation.dag(dag_id))
    health = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}}
    server.get("health" if generation.name == "v1" else "monitor/health").answers(health)


def test_a_dag_is_paused_when_its_runs_have_ended(dag, server, generation, clock):
    server.get("dags/etl_daily").answers(generation.dag())
    active(server, generation, ["etl_daily"], busy(generation))
    active(server, generation, ["etl_daily"], busy(generation))
    active(server, generation, ["etl_daily"])
    set_paused(server, generation, True)
    active(server, generation, ["etl_daily"])
    result = dag(dag_id=["etl_daily"], paused=True, drain=True)
    assert result["changed"] is True
    assert paused(result) == {"etl_daily": (False, True)}
    assert result["dags"][0]["active_runs"] == 0
    # The last one lets the scheduler commit what it has decided on.
    assert clock.pauses == [0.5, 0.5, 1.0]


def test_a_run_that_slipped_in_is_let_out(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag())
    active(server, generation, ["etl_daily"])
    set_paused(server, generation, True)
    active(server, generation, ["etl_daily"], busy(generation))
    set_paused(server, generation, False)
    active(server, generation, ["etl_daily"])
    set_paused(server, generation, True)
    active(server, generation, ["etl_daily"])
    assert paused(dag(dag_id=["etl_daily"], paused=True, drain=True)) == {"etl_daily": (False, True)}


def test_each_dag_is_paused_when_it_is_idle(dag, server, generation):
    a_is_drained(server, generation, busy(generation, "b"))
    active(server, generation, ["b", "a"])
    set_paused(server, generation, True, "b")
    active(server, generation, ["b"])
    assert paused(dag(dag_id=["a", "b"], paused=True, drain=True)) == {"a": (False, True), "b": (False, True)}


def test_a_drain_that_takes_too_long_leaves_all_as_it_was(dag, server, generation, clock):
    a_is_drained(server, generation, busy(generation, "b"), busy(generation, "b", "s"))
    active(server, generation, ["b", "a"], busy(generation, "b"))
    active(server, generation, ["b", "a"], busy(generation, "b"))
    explained(server, generation, generation.task("load", "running"))
    set_paused(server, generation, False, "a")
    error = dag.failure(dag_id=["a", "b"], paused=True, drain=True, wait_timeout=2)
    assert isinstance(error, TimedOut)
    assert error.message == (
        "Runs of b (1) are still active after 2s (wait_timeout), so nothing was paused. Reason for b / r: task load is "
        "running; give it more time, or end the runs."
    )
    assert "changed" not in error.details
    assert clock.passed == pytest.approx(2)


def test_a_drain_that_cannot_be_undone_says_so(dag, server, generation):
    for name in ("a", "b", "c"):
        server.get(f"dags/{name}").answers(generation.dag(name))
    active(server, generation, ["a", "b", "c"], busy(generation, "c"))
    set_paused(server, generation, True, "a")
    set_paused(server, generation, True, "b")
    active(server, generation, ["a", "b"])
    explained(server, generation, dag_id="c")
    set_paused(server, generation, False, "a")
    server.patch("dags/b", sends={"is_paused": False}).says("", 502)
    error = dag.failure(dag_id=["a", "b", "c"], paused=True, drain=True, wait_timeout=0, retry_timeout=0)
    assert error.message.endswith(" This DAG is left paused: b.")
    assert error.details["changed"] is True


def test_an_outage_during_a_drain_leaves_all_as_it_was(dag, server, generation):
    a_is_drained(server, generation, busy(generation, "b"))
    server.post("dags/~/dagRuns/list", sends=active_body(["b", "a"])).says("", 502)
    set_paused(server, generation, False, "a")
    assert isinstance(dag.failure(dag_id=["a", "b"], paused=True, drain=True, retry_timeout=0), Unreachable)


def test_an_outage_at_the_end_of_a_drain_is_a_time_out(dag, server, generation):
    a_is_drained(server, generation, busy(generation, "b"))
    server.post("dags/~/dagRuns/list", sends=active_body(["b", "a"])).says("", 502, Retry_After="20")
    set_paused(server, generation, False, "a")
    error = dag.failure(dag_id=["a", "b"], paused=True, drain=True, wait_timeout=6, retry_timeout=600)
    assert isinstance(error, TimedOut)
    assert error.message.startswith(
        "Runs of b (1) are still active after 6s (wait_timeout), so nothing was paused; it was when Airflow answered "
        "last. https://"
    )
    assert "changed" not in error.details


def test_a_pause_that_is_refused_is_none(dag, server, generation):
    for name in ("a", "b"):
        server.get(f"dags/{name}").answers(generation.dag(name))
    active(server, generation, ["a", "b"])
    set_paused(server, generation, True, "a")
    server.patch("dags/b", sends={"is_paused": True}).answers({"detail": "Forbidden"}, 403)
    set_paused(server, generation, False, "a")
    error = dag.failure(dag_id=["a", "b"], paused=True, drain=True)
    assert "left paused" not in error.message
    assert "changed" not in error.details


def test_a_dag_whose_pause_got_lost_is_unpaused_again(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag())
    active(server, generation, ["etl_daily"])
    server.patch("dags/etl_daily", sends={"is_paused": True}).fails(requests.ConnectionError())
    set_paused(server, generation, False)
    error = dag.failure(dag_id=["etl_daily"], paused=True, drain=True, retry_timeout=0)
    assert isinstance(error, Unreachable)
    assert "changed" not in error.details


def test_a_run_that_is_started_while_others_are_drained_is_let_out(dag, server, generation):
    a_is_drained(server, generation, busy(generation, "b"))
    active(server, generation, ["b", "a"], busy(generation, "a"))
    set_paused(server, generation, True, "b")
    active(server, generation, ["b"])
    set_paused(server, generation, False, "a")
    active(server, generation, ["a", "b"])
    set_paused(server, generation, True, "a")
    active(server, generation, ["a"])
    assert paused(dag(dag_id=["a", "b"], paused=True, drain=True)) == {"a": (False, True), "b": (False, True)}


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_paused_dag_with_active_runs_is_not_drained(dag, server, generation, check_mode):
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    active(server, generation, ["etl_daily"], *(busy(generation, name=f"r{number}") for number in range(5)))
    error = dag.failure(check_mode, dag_id=["etl_daily"], paused=True, drain=True)
    assert "A paused DAG has active runs" in error.message
    assert "etl_daily / r0, etl_daily / r1, etl_daily / r2, etl_daily / r3, and 1 more;" in error.message


def test_a_paused_dag_without_runs_is_drained(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    active(server, generation, ["etl_daily"])
    assert dag(dag_id=["etl_daily"], paused=True, drain=True)["changed"] is False


def test_check_mode_does_not_wait_for_runs(dag, server, generation, clock):
    server.get("dags/etl_daily").answers(generation.dag())
    active(server, generation, ["etl_daily"], busy(generation))
    result = dag(True, dag_id=["etl_daily"], paused=True, drain=True)
    assert result["changed"] is True
    assert result["dags"][0]["active_runs"] == 1
    assert clock.passed == 0


# -- wait


def test_a_dag_is_waited_for_and_then_unpaused(dag, server, generation, clock):
    server.get("dags/etl_daily").answers(generation.no_dag(), 404)
    server.get("importErrors", page()).answers({"import_errors": [], "total_entries": 0})
    server.again(server.get("dags/etl_daily").answers(generation.dag(is_paused=True)))
    set_paused(server, generation, False)
    result = dag(dag_id=["etl_daily"], wait=True, paused=False)
    assert paused(result) == {"etl_daily": (True, False)}
    assert clock.pauses == [0.5]


def test_a_dag_is_parsed_anew_on_request(dag, server, generation):
    old, new = generation.dag(), generation.dag(last_parsed_time="2026-11-22T10:15:02+00:00")
    server.get("dags/etl_daily").answers(old)
    server.get("importErrors", page()).answers({"import_errors": [], "total_entries": 0})
    server.get("dags/etl_daily").answers(old)
    server.expect("PUT", f"parseDagFile/{old['file_token']}").answers("", 201)
    server.again(server.get("dags/etl_daily").answers(new))
    dag(dag_id=["etl_daily"], wait=True, parsed_after="2026-11-22T10:15:00Z", parse_margin=1)


def test_an_airflow_that_cannot_be_asked_to_parse(dag, server, generation):
    old, new = generation.dag(), generation.dag(last_parsed_time="2026-11-22T10:15:02+00:00")
    server.get("dags/etl_daily").answers(old)
    server.get("importErrors", page()).answers({"import_errors": [], "total_entries": 0})
    server.get("dags/etl_daily").answers(old)
    no_route = {**generation.problem(404, "Not Found"), "type": "about:blank", "detail": "Not Found"}
    server.expect("PUT", f"parseDagFile/{old['file_token']}").answers(no_route, 404)
    server.again(server.get("dags/etl_daily").answers(new))
    dag(dag_id=["etl_daily"], wait=True, parsed_after="2026-11-22T10:15:00Z", parse_margin=1)


def test_a_new_version_of_airflow_3_counts(dag, server, generation):
    seen = generation.dag(last_parsed_time="2026-11-22T10:15:02+00:00")
    server.get("dags/etl_daily").answers(seen)
    query = {"order_by": "-version_number", "limit": 1}
    if generation.name == "v2":
        version = {"version_number": 2, "created_at": "2026-11-22T10:15:01.5Z"}
        server.get("dags/etl_daily/dagVersions", query).answers({"dag_versions": [version]})
    else:
        server.get("importErrors", page()).answers({"import_errors": [], "total_entries": 0})
        server.get("dags/etl_daily").answers(seen)
        server.expect("PUT", f"parseDagFile/{seen['file_token']}").answers("", 201)
        server.get("dags/etl_daily").answers(generation.dag(last_parsed_time="2026-11-22T10:15:40+00:00"))
    server.get("dags/etl_daily").answers(seen)
    dag(dag_id=["etl_daily"], wait=True, parsed_after="2026-11-22T10:15:00Z")


@pytest.mark.parametrize("answer", [{"dag_versions": []}, {"other": 1}, None])
def test_versions_that_tell_nothing(dag, server, generation, answer):
    if generation.name == "v1":
        return
    server.get("dags/etl_daily").answers(generation.dag(last_parsed_time="2026-11-22T10:15:02+00:00"))
    versions = server.get("dags/etl_daily/dagVersions", {"order_by": "-version_number", "limit": 1})
    versions.answers(answer) if answer else versions.answers(generation.problem(403, "Forbidden"), 403)
    server.get("importErrors", page()).answers({"import_errors": [], "total_entries": 0})
    server.get("dags/etl_daily").answers(generation.dag())
    server.expect("PUT", f"parseDagFile/{generation.dag()['file_token']}").answers(None, 201)
    server.get("monitor/health").answers({})
    error = dag.failure(dag_id=["etl_daily"], wait=True, wait_timeout=0, parsed_after="2026-11-22T10:15:00Z")
    assert "less than 30 s (parse_margin)" in error.message


def test_import_errors_of_both_generations(dag, server, generation):
    server.get("dags/etl_daily").answers(generation.no_dag(), 404)
    broken = {
        "import_error_id": 7,
        "filename": "etl_daily.py",
        "timestamp": "2026-11-22T10:15:01.25+00:00",
        "stack_trace": "Traceback\nKeyError: 1\n",
    }
    server.get("importErrors", page()).answers({"import_errors": [broken], "total_entries": 1})
    error = dag.failure(dag_id=["etl_daily"], wait=True)
    assert isinstance(error, ParseFailed)
    assert error.details["import_errors"][0]["timestamp"] == "2026-11-22T10:15:01.250000Z"


@pytest.mark.parametrize("known", [True, False])
def test_check_mode_looks_once_and_goes_on(dag, server, generation, clock, known):
    stale = server.get("dags/etl_daily")
    stale.answers(generation.dag(is_stale=True)) if known else stale.answers(generation.no_dag(), 404)
    server.again(stale, 1)
    result = dag(True, dag_id=["etl_daily"], wait=True)
    assert [found["is_stale"] for found in result["dags"]] == [known]
    assert len(dag.warnings) == 1
    assert dag.warnings[0].endswith("; check mode does not wait for it.")
    assert clock.passed == 0


def test_check_mode_of_what_is_there_gives_no_warning(dag, server, generation):
    server.again(server.get("dags/etl_daily").answers(generation.dag()), 1)
    dag(True, dag_id=["etl_daily"], wait=True)
    assert dag.warnings == []


def test_nothing_to_wait_for(dag):
    assert dag(dag_id=[], wait=True)["dags"] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dag_id": ["a"], "parsed_after": "2026-11-22T10:15:00Z"}, "parsed_after is about waiting"),
        ({"dag_id": ["a"], "wait": True, "state": "absent"}, "leave it out with state: absent"),
        ({"dag_id": ["a*"], "wait": True}, "wait needs exact ids in dag_id"),
        ({"tags": ["a"], "wait": True}, "wait needs exact ids in dag_id"),
        ({"dag_id": ["a"], "wait": True, "parsed_after": "2026-11-22T10:15:00"}, "parsed_after"),
        ({"dag_id": ["a"], "wait": True, "parsed_after": "2026-11-22T10:17:00Z"}, "is in the future"),
        ({"dag_id": ["a"], "wait": True, "wait_timeout": -1}, "wait_timeout"),
        ({"dag_id": ["a"], "wait": True, "parse_margin": -1}, "parse_margin"),
        ({"dag_id": ["a"], "drain": True}, "drain is about pausing"),
        ({"dag_id": ["a"], "drain": True, "paused": False}, "drain is about pausing"),
        ({"dag_id": ["a"], "drain": True, "paused": True, "state": "absent"}, "leave it out with state: absent"),
    ],
)
def test_options_that_do_not_go_together(dag, server, options, said):
    error = dag.failure(**options)
    assert isinstance(error, BadInput)
    assert said in error.message
    assert server.requests == []
