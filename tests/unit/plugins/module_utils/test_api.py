# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.files import Files
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.health import Health
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.links import Links
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs, TriggerRequest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tasks import Tasks
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    AirflowError,
    ApiError,
    Denied,
    NotFound,
)
from ansible_collections.dagops.airflow.plugins.module_utils._base.times import iso
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, RUN_ID, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Server
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable

RUN = f"dags/etl_daily/dagRuns/{RUN_ID}"


@pytest.fixture
def airflow(server: Server, clock: t.Any, generation: Generation) -> Airflow:
    return Airflow(Client(URL, Login(), clock=clock, retry_timeout=0), generation.name)


def failure(function: t.Callable[..., t.Any], *arguments: t.Any) -> AirflowError:
    with pytest.raises(AirflowError) as caught:
        function(*arguments)
    assert_readable(caught.value.message)
    return caught.value


# -- the same objects from both generations


def test_both_generations_give_the_same_keys(server, clock):
    found = {}
    for name, generation in GENERATIONS.items():
        airflow = Airflow(Client(URL, Login(), clock=clock), name)
        found[name] = (
            set(airflow.ask(Dags)._dag(generation.dag())),
            set(airflow.ask(Runs)._run(generation.run())),
            set(airflow.ask(Tasks)._task("etl_daily", RUN_ID, generation.task("load"))),
        )
    assert found["v1"] == found["v2"]


@pytest.mark.parametrize("stale", [True, False])
def test_stale(airflow, generation, stale):
    assert airflow.ask(Dags)._dag(generation.dag(is_stale=stale))["is_stale"] is stale


def test_a_dag_of_an_old_airflow(airflow, generation):
    """Airflow 2.3 knows less of a DAG."""
    body = {key: generation.dag()[key] for key in ("dag_id", "is_paused", "fileloc")}
    dag = airflow.ask(Dags)._dag({**body, "tags": None, "has_import_errors": None, "last_parsed_time": None})
    assert dag["tags"] == []
    assert dag["has_import_errors"] is False
    assert dag["last_parsed_time"] is None
    assert dag["max_active_runs"] is None


def test_a_task_that_is_not_mapped(airflow, generation):
    body = generation.task("load")
    del body["map_index"]
    assert airflow.ask(Tasks)._task("etl_daily", RUN_ID, body)["map_index"] == -1


def test_run_after(airflow, generation):
    run = airflow.ask(Runs)._run(generation.run(run_after=None) if generation.name == "v2" else generation.run())
    assert run["run_after"] == (None if generation.name == "v2" else "2026-11-22T10:15:00.250000Z")


def test_conf_that_is_missing(airflow, generation):
    assert airflow.ask(Runs)._run(generation.run(conf=None))["conf"] == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("2026-11-22T10:15:00+00:00", "2026-11-22T10:15:00Z"),
        ("2026-11-22T10:15:00.123456Z", "2026-11-22T10:15:00.123456Z"),
        (
            datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            "2026-11-22T10:00:00Z",
        ),
    ],
)
def test_iso(value, text):
    assert iso(value) == text


# -- URLs for people


URLS = {
    "v1": (
        "/dags/etl.d-x/grid",
        "/dags/etl.d-x/grid?dag_run_id=a%2Bb%3Ac",
        "/dags/etl.d-x/grid?dag_run_id=a%2Bb%3Ac&task_id=group.load",
        "/dags/etl.d-x/grid?dag_run_id=a%2Bb%3Ac&task_id=group.load&map_index=0",
    ),
    "v2": (
        "/dags/etl.d-x",
        "/dags/etl.d-x/runs/a%2Bb%3Ac",
        "/dags/etl.d-x/runs/a%2Bb%3Ac/tasks/group.load",
        "/dags/etl.d-x/runs/a%2Bb%3Ac/tasks/group.load/mapped/0",
    ),
}


def test_urls_for_people(airflow, generation):
    assert (
        airflow.ask(Links).dag("etl.d-x"),
        airflow.ask(Links).dag_run("etl.d-x", "a+b:c"),
        airflow.ask(Links).task("etl.d-x", "a+b:c", "group.load", -1),
        airflow.ask(Links).task("etl.d-x", "a+b:c", "group.load", 0),
    ) == tuple(URL + path for path in URLS[generation.name])


# -- versions


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.11.2", (2, 11, 2)),
        ("3.0.6", (3, 0, 6)),
        ("2.10.5+composer", (2, 10, 5)),
        ("3.1.0rc1", (3, 1, 0)),
        ("2.9.3+astro.4", (2, 9, 3)),
        ("2.10+astro.4", (2, 10)),
        ("2.12.0.dev0", (2, 12, 0)),
    ],
)
def test_the_version_is_read_once(airflow, server, text, version):
    server.get("version").answers({"version": text, "git_version": ""})
    assert airflow.version() == version
    assert airflow.version() == version


# -- what is missing


def test_a_missing_dag(airflow, server, generation):
    for _again in range(2):
        server.get("dags/nope").answers(generation.no_dag("nope"), 404)
    assert airflow.ask(Dags).find("nope") is None
    error = failure(airflow.ask(Dags).get, "nope")
    assert isinstance(error, NotFound)
    assert "DAG nope does not exist" in error.message


def test_a_missing_run(airflow, server, generation):
    for _again in range(2):
        server.get(RUN).answers(generation.no_run(), 404)
    assert airflow.ask(Runs).find("etl_daily", RUN_ID) is None
    message = failure(airflow.ask(Runs).get, "etl_daily", RUN_ID).message
    assert "DAG run etl_daily / release-42 does not exist" in message


def test_pausing_a_missing_dag(airflow, server, generation):
    server.patch("dags/nope", sends={"is_paused": True}).answers(generation.no_dag("nope"), 404)
    assert "DAG nope does not exist" in failure(airflow.ask(Dags).set_paused, "nope", True).message


def test_a_wrong_prefix_is_no_missing_dag(airflow, server):
    server.get("dags/nope").says("<html><title>404</title></html>", 404, "text/html")
    error = failure(airflow.ask(Dags).find, "nope")
    assert not isinstance(error, NotFound)
    assert "has no such API" in error.message


def test_a_denied_dag_is_no_missing_dag(airflow, server, generation):
    server.get("dags/etl_daily").answers(generation.problem(403, "Forbidden"), 403)
    assert isinstance(failure(airflow.ask(Dags).find, "etl_daily"), Denied)


def test_no_active_runs_of_no_dags(airflow):
    assert airflow.ask(Runs).active([]) == []


def test_a_page_of_active_runs_that_comes_again_ends_the_list(airflow, server, generation):
    for offset in (0, 1):
        body = {**BODIES["active_dag_runs"], "page_offset": offset}
        server.post("dags/~/dagRuns/list", sends=body).answers(generation.runs(generation.run(), total=10**9))
    assert len(airflow.ask(Runs).active(["etl_daily"])) == 1


def test_a_page_of_paused_dags_that_comes_again_ends_the_writing(airflow, server, generation):
    for offset in (0, 1):
        page = {"dag_id_pattern": "etl", "limit": 100, "offset": offset}
        server.patch("dags", page, sends={"is_paused": True}).answers(generation.dags(generation.dag(), total=10**9))
    if generation.name == "v2":
        query = {**generation.stale_filter, "dag_id_pattern": "etl", "limit": 100, "offset": 0}
        server.get("dags", query).answers(generation.dags(generation.dag(), total=1))
    assert [dag["dag_id"] for dag in airflow.ask(Dags).set_all_paused("etl", (), True)] == ["etl_daily"]


# -- import errors


@pytest.mark.parametrize(
    ("filename", "relative", "expected"),
    [
        ("/opt/airflow/dags/team_a/dag.py", None, True),
        ("team_a/dag.py", "team_a/dag.py", True),
        ("dag.py", "team_a/dag.py", False),
        ("dag.py", None, True),
        ("g.py", "team_a/dag.py", False),
    ],
)
def test_which_dag_a_broken_file_is_of(airflow, server, generation, filename, relative, expected):
    dag = {"dag_id": "etl", "fileloc": "/opt/airflow/dags/team_a/dag.py"}
    if generation.name == "v2" and filename in ("dag.py", "team_a/dag.py"):
        server.get("dags/etl").answers({**generation.dag("etl"), "relative_fileloc": relative})
    # Airflow 2 tells whole paths only.
    is_file = expected if generation.name == "v2" else filename.startswith("/")
    assert airflow.ask(Files).is_file_of(dag, filename) is is_file


# -- tasks that do not run


LOAD = {"task_id": "load", "map_index": -1}


def test_what_else_is_told_of_a_task(airflow, server, generation):
    trigger = {"classpath": "airflow.triggers.temporal.DateTimeTrigger", "triggerer_id": 7}
    told = {"queue": "gpu", "trigger": trigger, "state_reason": "none"}
    server.get(f"{RUN}/taskInstances/load").answers({**generation.task("load"), **told})
    server.get(f"{RUN}/taskInstances/load/3").answers({**generation.task("load"), "queue": None})
    found = {"queue": "gpu", "state_reason": "none", "trigger": "DateTimeTrigger", "is_watched": True}
    assert airflow.ask(Tasks).circumstances("etl_daily", RUN_ID, LOAD) == found
    bare = {"queue": "", "state_reason": "", "trigger": "", "is_watched": False}
    assert airflow.ask(Tasks).circumstances("etl_daily", RUN_ID, {**LOAD, "map_index": 3}) == bare


def test_the_pool_of_a_task_that_was_listed(airflow, server, generation):
    listed = [
        {**generation.task("load"), "pool": "db", "pool_slots": 3},
        {**generation.task("load"), "map_index": 3, "pool": None},
    ]
    server.get(f"{RUN}/taskInstances", {"limit": 100, "offset": 0}).answers(generation.tasks(*listed))
    tasks = airflow.ask(Tasks)
    load, mapped = sorted(tasks.of_run("etl_daily", RUN_ID), key=lambda task: task["map_index"])
    assert [tasks.pool_of(RUN_ID, task) for task in (load, mapped)] == [
        {"name": "db", "slots": 3},
        {"name": "", "slots": 1},
    ]
    assert tasks.pool_of("other", load)["name"] == ""
    assert "pool" not in load


def test_whose_tasks_are_in_a_pool(airflow, server, generation):
    body = {"pool": ["db"], "state": ["running", "queued"], "page_limit": 100}
    ids = [("b", "r"), ("a", "r2"), ("b", "r"), ("a", "r1")]
    found = [{**generation.task("load"), "dag_id": dag_id, "dag_run_id": run_id} for dag_id, run_id in ids]
    server.post("dags/~/dagRuns/~/taskInstances/list", sends=body).answers(generation.tasks(*found))
    held = airflow.ask(Tasks).in_pool("db", ("running", "queued"))
    assert [tuple(run.values()) for run in held] == [("a", "r1"), ("a", "r2"), ("b", "r")]


def test_what_a_task_lacks(airflow, server, generation):
    lack = {"name": "Task Concurrency", "reason": "The max task concurrency has been reached."}
    place = f"{RUN}/taskInstances/load/dependencies"
    server.get(place).answers({"dependencies": [lack]})
    assert airflow.ask(Tasks).lacking("etl_daily", RUN_ID, LOAD) == [lack]
    server.get(place).answers({"dependencies": []})
    assert airflow.ask(Tasks).lacking("etl_daily", RUN_ID, LOAD) == []
    server.get(place).answers(generation.problem(404, "Not Found"), 404)
    assert airflow.ask(Tasks).lacking("etl_daily", RUN_ID, LOAD) is None


def test_a_turn_of_a_loop_is_asked_for_by_its_region(airflow, server, generation):
    if generation.name == "v1":
        return
    region = {"region_id": "0192", "region_index": 1}
    turn = generation.task("load", "scheduled", **region, loop_iteration={"loop_id": "body", "iteration": 1})
    server.get(f"{RUN}/taskInstances", {"limit": "100", "offset": "0"}).answers(
        {"task_instances": [turn], "total_entries": 1}
    )
    (task,) = airflow.ask(Tasks).of_run("etl_daily", RUN_ID)
    asked = {"region_id": "0192", "region_index": "1"}
    server.get(f"{RUN}/taskInstances/load/dependencies", asked).answers({"dependencies": []})
    assert airflow.ask(Tasks).lacking("etl_daily", RUN_ID, task) == []


def test_what_a_task_comes_after(airflow, server):
    tasks = [{"task_id": "a", "downstream_task_ids": ["b"]}, {"task_id": "b", "downstream_task_ids": []}]
    server.get("dags/etl_daily/tasks").answers({"tasks": tasks, "total_entries": 2})
    assert airflow.ask(Tasks).upstream("etl_daily") == {"b": {"a"}}


# -- JSON of another shape ends in a sentence


SHAPES: list[t.Any] = [{}, [], "text", 1, None, True, {"dag_id": []}, {"dag_runs": 5}, {"version": {}}]
CALLS: dict[str, tuple[str, str, t.Callable[[Airflow], t.Any]]] = {
    "dag": ("GET", "dags/etl_daily", lambda airflow: airflow.ask(Dags).get("etl_daily")),
    "set_paused": ("PATCH", "dags/etl_daily", lambda airflow: airflow.ask(Dags).set_paused("etl_daily", True)),
    "dag_run": ("GET", RUN, lambda airflow: airflow.ask(Runs).get("etl_daily", RUN_ID)),
    "set_state": ("PATCH", RUN, lambda airflow: airflow.ask(Runs).set_state("etl_daily", RUN_ID, "failed")),
    "active_dag_runs": ("POST", "dags/~/dagRuns/list", lambda airflow: airflow.ask(Runs).active(["etl_daily"])),
}
BODIES: dict[str, t.Any] = {
    "set_paused": {"is_paused": True},
    "set_state": {"state": "failed"},
    "active_dag_runs": {"dag_ids": ["etl_daily"], "states": ["queued", "running"], "page_limit": 100, "page_offset": 0},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("call", CALLS)
def test_json_of_another_shape(airflow, server, call, shape):
    method, path, function = CALLS[call]
    server.expect(method, path, sends=BODIES.get(call)).answers(shape)
    assert isinstance(failure(function, airflow), ApiError)


@pytest.mark.parametrize("shape", [[], "text", 1, None, {}, {"status": "up"}, {"metadatabase": "healthy"}])
def test_a_health_of_another_shape(airflow, server, shape):
    server.get("monitor/health" if airflow.generation.name == "v2" else "health").answers(shape)
    assert isinstance(failure(airflow.ask(Health).read), ApiError)


@pytest.mark.parametrize("shape", [[], "text", 1, None, {}])
def test_a_version_of_another_shape(airflow, server, shape):
    server.get("version").answers(shape)
    assert isinstance(failure(airflow.version), ApiError)


@pytest.mark.parametrize("shape", [[], "text", 1, None, {"dag_runs": [5]}, {"dag_runs": [{}]}, {"dag_runs": "x"}])
def test_a_list_of_runs_of_another_shape(airflow, server, shape):
    server.get("dags/etl_daily/dagRuns", {"order_by": "-id", "limit": 1}).answers(shape)
    assert isinstance(failure(airflow.ask(Runs).last, "etl_daily"), ApiError)


@pytest.mark.parametrize("shape", [{}, [], "text", 5])
def test_a_new_run_of_another_shape_is_looked_up(airflow, server, generation, shape):
    server.post("dags/etl_daily/dagRuns", sends=generation.trigger_body(RUN_ID)).answers(shape)
    server.get(RUN).answers(generation.run())
    assert airflow.ask(Runs).trigger("etl_daily", TriggerRequest(RUN_ID, {}))["dag_run_id"] == RUN_ID


@pytest.mark.parametrize("moment", ["yesterday", 5, [], "2026-11-22T10:15:00"])
def test_times_of_another_shape(airflow, server, generation, moment):
    server.get("dags/etl_daily").answers({**generation.dag(), "last_parsed_time": moment})
    failure(airflow.ask(Dags).get, "etl_daily")


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"run_type": "scheduled", "external_trigger": False}, "scheduled"),
        ({"external_trigger": True}, "manual"),
        ({"external_trigger": False, "dag_run_id": "backfill__2026-11-22"}, "backfill"),
    ],
)
def test_airflow_2_3_does_not_tell_the_type_of_a_run(server, told, kind):
    body = {**GENERATIONS["v1"].run(), **told}
    if "run_type" not in told:
        del body["run_type"]
    airflow = Airflow(Client(URL, Login(), clock=server.clock), "v1")
    server.get("dags/etl_daily/dagRuns/r").answers(body)
    assert airflow.ask(Runs).get("etl_daily", "r")["run_type"] == kind
