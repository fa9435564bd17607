# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.run_refusals import about_run
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    Denied,
    NotFound,
    RunFailed,
    ServerError,
    TimedOut,
    Unreachable,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.report import task_name
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_run, airflow_task
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, GENERATIONS, RUN_ID, STARTED, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

RUN = f"dags/etl_daily/dagRuns/{RUN_ID}"
GIVEN = {"dag_id": "etl_daily", "dag_run_id": RUN_ID, "log_lines": 0}
NOTHING = {"before": {}, "after": {}}
LOST = requests.exceptions.ConnectionError("Connection aborted.")
# extract, then the group load: users and the mapped orders, then publish, then report.
AFTER = {"extract": ["load.users", "load.orders"], "load.users": ["publish"], "load.orders": ["publish"]}
AFTER = {**AFTER, "publish": ["report"], "report": []}
FAILED = {"load.users": "failed", "load.orders[1]": "failed", "publish": "upstream_failed", "report": "upstream_failed"}
ALL = ("extract", "load.users", "load.orders[0]", "load.orders[1]", "publish", "report")


def told(tasks: t.Sequence[dict[str, t.Any]]) -> dict[str, str | None]:
    """The states of task instances by their names."""
    return {task_name(task): task["state"] for task in tasks}


class Story(Runner):
    """A run in which load.users and load.orders[1] have failed."""

    def body(self, name: str, state: str | None) -> dict[str, t.Any]:
        task_id, _bracket, index = name.rstrip("]").partition("[")
        return t.cast("dict[str, t.Any]", self.generation.task(task_id, state, map_index=int(index or -1)))

    def bodies(self, states: t.Mapping[str, str | None]) -> list[dict[str, t.Any]]:
        return [self.body(name, state) for name, state in states.items()]

    def has_run(self, state: str = "failed") -> Exchange:
        times = {"start_date": STARTED, "end_date": ENDED if state in ("success", "failed") else None}
        return self.server.get(RUN).answers(self.generation.run(RUN_ID, state, **times))

    def has_tasks(self, **states: str | None) -> None:
        """All tasks of the run; those that are not named are as they were."""
        self.lists({name: {**FAILED, **states}.get(name, "success") for name in ALL})

    def lists(self, states: t.Mapping[str, str | None]) -> None:
        page = {"limit": 100, "offset": 0}
        self.server.get(f"{RUN}/taskInstances", page).answers(self.generation.tasks(*self.bodies(states)))

    def has_failed(self) -> None:
        self.has_run()
        self.has_tasks()

    def has_dag(self, **keys: t.Any) -> None:
        self.server.get("dags/etl_daily").answers(self.generation.dag(**keys))

    def has_graph(self) -> None:
        tasks = [{"task_id": name, "downstream_task_ids": after} for name, after in AFTER.items()]
        self.server.get("dags/etl_daily/tasks").answers({"tasks": tasks})

    def version(self, version: str = "") -> None:
        self.server.get("version").answers({"version": version or self.generation.version})

    def v1_version(self) -> None:
        if self.generation.name == "v1":
            self.version()

    def clears(self, names: list[t.Any], found: t.Sequence[str], dry_run: bool = False, **keys: t.Any) -> Exchange:
        more = {} if dry_run else {"reset_dag_runs": True}
        includes = {"include_upstream": False, "include_downstream": False}
        whole = {"dag_run_id": RUN_ID, "task_ids": names, "only_failed": True, **includes, "dry_run": dry_run, **more}
        sends = {key: value for key, value in {**whole, **keys}.items() if value is not None}
        answer = {"task_instances": self.bodies(dict.fromkeys(found)), "total_entries": len(found)}
        return self.server.post("dags/etl_daily/clearTaskInstances", sends=sends).answers(answer)

    def would_clear(self, names: list[t.Any], found: t.Sequence[str], **keys: t.Any) -> Exchange:
        return self.clears(names, found, True, **keys)

    def place(self, name: str) -> str:
        return f"{RUN}/taskInstances/" + name.replace("[", "/").rstrip("]")

    def would_mark(self, name: str, found: t.Sequence[str], state: str = "success", **keys: t.Any) -> Exchange:
        includes = {"include_upstream": False, "include_downstream": False, **keys}
        answer = {"task_instances": self.bodies(dict.fromkeys(found)), "total_entries": len(found)}
        if self.generation.name == "v2":
            sends = {"new_state": state, **includes}
            return self.server.patch(self.place(name) + "/dry_run", sends=sends).answers(answer)
        named = {"task_id": name, "dag_run_id": RUN_ID, "new_state": state, "dry_run": True}
        sends = {**named, **includes, "include_future": False, "include_past": False}
        return self.server.post("dags/etl_daily/updateTaskInstancesState", sends=sends).answers(answer)

    def marks(self, name: str, state: str = "success", upstream: bool = False) -> Exchange:
        if self.generation.name == "v2":
            sends: dict[str, t.Any] = {"new_state": state, "include_upstream": upstream}
        else:
            sends = {"new_state": state, "dry_run": False}
        return self.server.patch(self.place(name), sends=sends).answers({})


@pytest.fixture
def story(server: Server, generation: Generation) -> Story:
    return Story(server, generation, airflow_task)


@pytest.fixture
def two(server: Server) -> Story:
    server.prefix = GENERATIONS["v1"].prefix
    return Story(server, GENERATIONS["v1"], airflow_task)


@pytest.fixture
def three(server: Server) -> Story:
    server.prefix = GENERATIONS["v2"].prefix
    return Story(server, GENERATIONS["v2"], airflow_task)


def diff_of(
    before: dict[str, str], state: str, also: t.Sequence[str] = (), queued: bool = True
) -> dict[str, dict[str, t.Any]]:
    run = f"DAG run etl_daily / {RUN_ID}"
    was = {f"task {name} of {run}": {"state": old} for name, old in before.items()}
    becomes = {f"task {name} of {run}": {"state": "cleared" if name in also else state} for name in before}
    if queued:
        was[run], becomes[run] = {"state": "failed"}, {"state": "queued"}
    return {"before": was, "after": becomes}


# -- clearing


def test_a_failed_task_and_what_comes_after_it_are_cleared(story):
    story.has_failed()
    story.v1_version()
    found = ["load.users", "publish", "report"]
    story.would_clear(["load.users"], found, include_downstream=True)
    story.has_dag()
    story.clears(["load.users"], found, include_downstream=True)
    story.has_run("queued")
    story.has_tasks(**dict.fromkeys(found))
    result = story(**GIVEN, task_id="load.users", downstream=True)
    assert result["changed"]
    assert told(result["tasks"]) == dict.fromkeys(found)
    assert {task["wanted"] for task in result["tasks"]} == {"cleared"}
    assert result["also_cleared"] == []
    assert result["dag_run"]["state"] == "queued"
    assert set(result) == {"changed", "tasks", "also_cleared", "dag_run", "diff"}
    assert set(result["tasks"][0]) == set(documented(airflow_task)["tasks"]["contains"])
    assert result["diff"] == diff_of({name: FAILED[name] for name in found}, "cleared")


def test_check_mode_is_the_dry_run(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.orders", "load.users"], ["load.users", "load.orders[1]"])
    story.has_dag()
    result = story(True, **GIVEN, task_id=["load.*"], wait=True)
    assert result["changed"]
    assert told(result["tasks"]) == {"load.users": "failed", "load.orders[1]": "failed"}
    assert result["dag_run"]["state"] == "queued"
    assert (result["failed_tasks"], result["task_counts"]) == ([], {})


def test_what_has_not_failed_is_left_alone(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["extract"], [])
    result = story(**GIVEN, task_id="extract")
    assert (result["changed"], result["tasks"], result["diff"]) == (False, [], NOTHING)
    assert result["dag_run"]["state"] == "failed"
    assert story.warnings == [
        f"None of the selected tasks of DAG run etl_daily / {RUN_ID} (failed) has failed, so none was cleared; "
        "only_failed: false clears all of them."
    ]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("state", "only_failed", "says"),
    [
        ("running", True, "None of the selected tasks of DAG run etl_daily / release-42 (running) has failed"),
        ("success", True, "None of the selected tasks of DAG run etl_daily / release-42 (success) has failed"),
        ("success", False, "Airflow clears none of the selected tasks of DAG run etl_daily / release-42 (success)."),
    ],
)
def test_a_clear_of_nothing_is_a_warning(story, state, only_failed, says, check_mode):
    story.has_run(state)
    story.has_tasks(extract="running")
    story.v1_version()
    story.would_clear(["extract"], [], only_failed=only_failed)
    assert not story(check_mode, **GIVEN, task_id="extract", only_failed=only_failed)["changed"]
    (warning,) = story.warnings
    assert warning.startswith(says)


def test_what_has_ended_well_is_cleared_on_request(story):
    story.has_run("running")
    story.has_tasks()
    story.v1_version()
    story.would_clear(["extract"], ["extract"], only_failed=False)
    story.has_dag()
    story.clears(["extract"], ["extract"], only_failed=False)
    story.has_run("running")
    story.has_tasks(extract="queued")
    result = story(**GIVEN, task_id="extract", only_failed=False)
    assert told(result["tasks"]) == {"extract": "queued"}
    assert result["diff"] == diff_of({"extract": "success"}, "cleared", queued=False)


def test_single_indices_are_cleared_on_airflow_3(three):
    three.has_failed()
    three.version()
    found = ["load.orders[1]", "publish", "report"]
    three.would_clear([["load.orders", 1]], found, include_downstream=True)
    three.has_dag()
    result = three(True, **GIVEN, task_id="load.orders", map_index=1, downstream=True)
    assert told(result["tasks"]) == {name: FAILED[name] for name in found}


def test_before_3_2_other_indices_stay_as_they_are(three):
    """Airflow 3.0 clears all indices of each task as soon as a request holds more than one task."""
    three.has_failed()
    three.version("3.0.6")
    three.has_graph()
    plain = {"only_failed": False, "include_upstream": None, "include_downstream": None}
    three.would_clear([["load.orders", 1]], ["load.orders[1]"], **plain)
    three.would_clear([["load.users", -1]], ["load.users"], **plain)
    three.would_clear(["publish", "report"], ["publish", "report"], **plain)
    three.has_dag()
    given = {"task_id": ["load.*"], "map_index": [-1, 1], "downstream": True, "only_failed": False}
    result = three(True, **GIVEN, **given)
    assert set(told(result["tasks"])) == {"load.orders[1]", "load.users", "publish", "report"}


def test_airflow_2_clears_no_single_indices(two):
    error = two.failure(**GIVEN, task_id="load.orders", map_index=1)
    assert isinstance(error, Unsupported)
    assert error.message == (
        "map_index with state: cleared needs Airflow 3, and https://airflow.example is Airflow 2, which clears all "
        "instances of a mapped task; leave map_index out."
    )


def test_airflow_2_3_clears_by_date(two):
    two.has_failed()
    two.version("2.3.4")
    two.has_graph()
    body = {"include_upstream": None, "include_downstream": None, "dag_run_id": None}
    dates = dict.fromkeys(("start_date", "end_date"), "2026-11-22T10:15:00.250000Z")
    found = ["load.users", "publish", "report"]
    two.would_clear(found, found, **body, **dates)
    two.has_dag()
    result = two(True, **GIVEN, task_id="load.users", downstream=True)
    assert set(told(result["tasks"])) == set(found)


def test_the_newest_version_runs(three):
    three.version()
    three.has_failed()
    three.would_clear(["load.users"], ["load.users"])
    three.has_dag()
    three.clears(["load.users"], ["load.users"], run_on_latest_version=True)
    three.has_run("queued")
    three.has_tasks()
    assert three(**GIVEN, task_id="load.users", latest_version=True)["changed"]


def test_the_newest_version_is_refused_on_3_0(three):
    three.version("3.0.6")
    error = three.failure(**GIVEN, task_id="load.users", latest_version=True)
    assert error.message.startswith("latest_version needs Airflow 3.1 or newer, and https://airflow.example is 3.0.6")


def test_airflow_2_runs_the_newest_version_in_any_case(two):
    two.has_failed()
    two.version()
    two.would_clear(["load.users"], ["load.users"])
    two.has_dag()
    two.clears(["load.users"], ["load.users"])
    two.has_run("queued")
    two.has_tasks()
    assert two(**GIVEN, task_id="load.users", latest_version=True)["changed"]


def test_a_lost_answer_is_asked_for_again_where_that_does_no_harm(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.users"], ["load.users"])
    story.has_dag()
    story.clears(["load.users"], ["load.users"]).fails(LOST)
    story.clears(["load.users"], ["load.users"])
    story.has_run("queued")
    story.has_tasks()
    assert story(**GIVEN, task_id="load.users")["changed"]


def test_a_lost_answer_about_tasks_that_ended_well_is_an_error(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["extract"], ["extract"], only_failed=False)
    story.has_dag()
    story.clears(["extract"], ["extract"], only_failed=False).fails(LOST)
    error = story.failure(**GIVEN, task_id="extract", only_failed=False)
    assert isinstance(error, Unreachable)
    assert error.message.endswith(
        "Nobody knows whether the tasks were cleared; look at the run before you clear them again."
    )
    assert error.details["dag_run"]["dag_run_id"] == RUN_ID


def test_a_clear_that_is_refused_is_not_in_doubt(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.users"], ["load.users"])
    story.has_dag()
    story.clears(["load.users"], ["load.users"]).answers(story.generation.problem(403, "Forbidden"), 403)
    error = story.failure(**GIVEN, task_id="load.users")
    assert isinstance(error, Denied)
    assert "Nobody knows" not in error.message


@pytest.mark.parametrize(
    ("dag_run_id", "doubt"), [(RUN_ID, ""), ("50% 🦄", "; its id may not fit [scheduler] allowed_run_id_pattern")]
)
def test_a_run_that_the_path_does_not_name_is_named_when_airflow_fails(dag_run_id, doubt):
    with pytest.raises(ServerError) as caught, about_run("etl_daily", dag_run_id):
        raise ServerError("Airflow answered 500.", 500)
    assert (
        caught.value.message == f"Airflow answered 500. The request was about DAG run etl_daily / {dag_run_id}{doubt}."
    )


def test_a_clear_at_which_airflow_fails_names_the_run(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["extract"], ["extract"], only_failed=False)
    story.has_dag()
    failed = story.generation.problem(500, "Server Error")
    story.clears(["extract"], ["extract"], only_failed=False).answers(failed, 500)
    error = story.failure(**GIVEN, task_id="extract", only_failed=False)
    assert f" The request was about DAG run etl_daily / {RUN_ID}." in error.message


def test_a_clear_that_is_refused_half_way_is_in_doubt(three):
    three.has_failed()
    three.version("3.0.6")
    plain = {"only_failed": False, "include_upstream": None, "include_downstream": None}
    three.would_clear([["load.orders", 1]], ["load.orders[1]"], **plain)
    three.would_clear([["load.users", -1]], ["load.users"], **plain)
    three.has_dag()
    three.clears([["load.orders", 1]], ["load.orders[1]"], **plain)
    refused = three.generation.problem(403, "Forbidden")
    three.clears([["load.users", -1]], [], **plain).answers(refused, 403)
    error = three.failure(**GIVEN, task_id=["load.*"], map_index=[-1, 1], only_failed=False)
    assert isinstance(error, Denied)
    assert error.message.endswith(
        "Nobody knows whether the tasks were cleared; look at the run before you clear them again."
    )


def test_a_paused_dag_is_a_failure_before_anything_is_written(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.users"], ["load.users"])
    story.has_dag(is_paused=True)
    error = story.failure(**GIVEN, task_id="load.users")
    assert isinstance(error, BadInput)
    assert error.message.startswith(f"DAG etl_daily is paused, so run {RUN_ID} would stay queued")


def test_a_paused_dag_is_unpaused_afterwards(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.users"], ["load.users"])
    story.has_dag(is_paused=True)
    story.clears(["load.users"], ["load.users"])
    story.server.patch("dags/etl_daily", sends={"is_paused": False}).answers(story.generation.dag())
    story.has_run("queued")
    story.has_tasks()
    result = story(**GIVEN, task_id="load.users", when_paused="unpause")
    assert result["diff"]["after"]["DAG etl_daily"] == {"is_paused": False}


def test_a_missing_permission_is_told(story):
    story.has_failed()
    story.v1_version()
    refused = story.generation.problem(403, "Forbidden")
    story.would_clear(["load.users"], []).answers(refused, 403)
    assert isinstance(story.failure(**GIVEN, task_id="load.users"), Denied)


# -- waiting


def test_a_task_that_is_waited_for_costs_the_looks_of_a_run(story):
    """Three looks at the run, then its tasks: as a run that was triggered."""
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.users"], ["load.users"])
    story.has_dag()
    story.clears(["load.users"], ["load.users"])
    story.has_run("queued")
    story.has_run("running")
    story.has_run("success")
    story.lists(dict.fromkeys(ALL, "success"))
    result = story(**GIVEN, task_id="load.users", wait=True, progress=False)
    assert told(result["tasks"]) == {"load.users": "success"}
    assert (result["dag_run"]["state"], result["failed_tasks"]) == ("success", [])
    assert result["task_counts"] == {"success": len(ALL)}
    of_a_run = set(documented(airflow_dag_run)) - {"msg", "results", "reason", "timed_out"}
    assert set(result) == of_a_run | {"changed", "diff", "tasks", "also_cleared"}


def test_a_run_that_fails_again_fails_the_task(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.users"], ["load.users"])
    story.has_dag()
    story.clears(["load.users"], ["load.users"])
    story.has_run("running")
    story.has_failed()
    error = story.failure(**GIVEN, task_id="load.users", wait=True)
    assert isinstance(error, RunFailed)
    assert error.message.startswith(
        f"DAG run etl_daily / {RUN_ID} failed after 3m12s: 2 of 6 tasks failed, 2 never ran: load.orders[1]"
    )
    assert error.details["changed"]
    assert told(error.details["tasks"]) == {"load.users": "failed"}
    assert [task["task_id"] for task in error.details["failed_tasks"]] == [
        "load.orders",
        "load.users",
        "publish",
        "report",
    ]


def test_a_run_that_fails_again_shows_the_end_of_its_logs(three):
    three.has_failed()
    three.would_clear(["load.users"], ["load.users"])
    three.has_dag()
    three.clears(["load.users"], ["load.users"])
    three.has_run()
    three.lists({"load.users": "failed"})
    log = three.server.get(f"{RUN}/taskInstances/load.users/logs/1", {"full_content": "true"})
    log.says(three.generation.log("one", "two"))
    error = three.failure(**{**GIVEN, "log_lines": 1}, task_id="load.users", wait=True)
    assert [task["log_tail"] for task in error.details["failed_tasks"]] == ["two"]


def test_a_failed_run_in_which_nothing_runs_again_stays_failed(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["extract"], [])
    story.has_tasks()
    error = story.failure(**GIVEN, task_id="extract", wait=True)
    assert error.message.startswith(
        f"DAG run etl_daily / {RUN_ID} stays failed, since nothing in it runs again: 2 of 6 tasks failed"
    )
    assert not error.details["changed"]
    assert story.warnings == []


@pytest.mark.parametrize(
    ("downstream", "says"),
    [
        (False, "set downstream: true to clear them, too, or look at what the tasks before them returned"),
        (True, "look at what the tasks before them returned, or clear them by airflow_task, too"),
    ],
)
def test_a_run_whose_other_tasks_were_not_cleared(story, downstream, says):
    """They stay upstream_failed, and Airflow fails the run for them."""
    story.has_failed()
    story.v1_version()
    names, found = ["load.orders", "load.users"], ["load.users", "load.orders[1]"]
    story.would_clear(names, found, include_downstream=downstream)
    story.has_dag()
    story.clears(names, found, include_downstream=downstream)
    story.has_run("running")
    story.has_run()
    story.has_tasks(**{"load.users": "success", "load.orders[1]": "success"})
    error = story.failure(**GIVEN, task_id="load.*", downstream=downstream, wait=True)
    assert error.message.startswith(
        f"DAG run etl_daily / {RUN_ID} failed after 3m12s: no task failed, but 2 of 6 tasks never ran "
        f"(upstream_failed): publish; report; {says}. "
    )


def test_a_wait_that_takes_too_long_has_the_tasks(story):
    story.has_failed()
    story.v1_version()
    story.would_clear(["load.users"], ["load.users"])
    story.has_dag()
    story.clears(["load.users"], ["load.users"])
    story.has_run("running")
    story.has_tasks(**{"load.users": "running"})
    story.has_dag()
    health = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler")}
    story.server.get("health" if story.generation.name == "v1" else "monitor/health").answers(health)
    error = story.failure(**GIVEN, task_id="load.users", wait=True, wait_timeout=0)
    assert isinstance(error, TimedOut)
    assert error.details["timed_out"]
    assert error.details["tasks"][0]["wanted"] == "cleared"
    assert error.details["changed"]
    assert ". It goes on; airflow_dag_run with state: awaited waits for it. " in error.message


# -- marking


def test_a_mark_sets_going_what_has_failed_after_it(three):
    three.has_failed()
    three.would_mark("load.users", ["load.users"])
    three.has_graph()
    three.marks("load.users")
    three.has_run("queued")
    three.has_tasks(**{"load.users": "success", "publish": None, "report": None})
    result = three(**GIVEN, task_id="load.users", state="success")
    assert told(result["tasks"]) == {"load.users": "success"}
    assert told(result["also_cleared"]) == {"publish": None, "report": None}
    assert "wanted" not in result["also_cleared"][0]
    moved = {name: FAILED[name] for name in ("load.users", "publish", "report")}
    assert result["diff"] == diff_of(moved, "success", ["publish", "report"])


def test_airflow_2_marks_one_by_one(two):
    two.has_failed()
    two.version()
    two.has_graph()
    two.marks("load.users")
    two.marks("load.orders[1]")
    two.has_run("queued")
    two.has_tasks(**{"load.users": "success", "load.orders[1]": "success"})
    result = two(**GIVEN, task_id=["load.*"], state="success")
    assert told(result["tasks"]) == {"load.users": "success", "load.orders[1]": "success"}
    assert set(told(result["also_cleared"])) == {"publish", "report"}


def test_what_is_in_that_state_already_is_no_change(story):
    story.has_failed()
    if story.generation.name == "v2":
        story.would_mark("extract", [])
    result = story(**GIVEN, task_id="extract", state="success")
    assert (result["changed"], result["tasks"], result["also_cleared"], result["diff"]) == (False, [], [], NOTHING)


def test_check_mode_tells_what_a_mark_would_set_going(story):
    story.has_failed()
    if story.generation.name == "v2":
        story.would_mark("load.orders[1]", ["load.orders[1]"])
    else:
        story.version()
    story.has_graph()
    result = story(True, **GIVEN, task_id="load.orders", map_index=1, state="success")
    assert told(result["tasks"]) == {"load.orders[1]": "failed"}
    assert told(result["also_cleared"]) == {"publish": "upstream_failed", "report": "upstream_failed"}
    assert result["dag_run"]["state"] == "queued"


def test_a_mark_whose_answer_stays_away(three):
    three.has_failed()
    three.would_mark("report", ["report"])
    three.has_graph()
    three.marks("report").fails(LOST)
    error = three.failure(**GIVEN, task_id="report", state="success", retry_timeout=0)
    assert "is it http or https?" not in error.message
    assert error.message.endswith(
        f" Whether task report of DAG run etl_daily / {RUN_ID} was marked success is not known; airflow_task_info "
        "shows it, and repeating the task does no harm."
    )
    assert error.details["dag_run"]["dag_run_id"] == RUN_ID


def test_a_mark_that_was_made_meanwhile_is_what_was_wanted(three):
    """The answer to the first request got lost: Airflow answers the second one with a conflict."""
    three.has_failed()
    three.would_mark("report", ["report"])
    three.has_graph()
    three.marks("report").fails(LOST)
    three.marks("report").answers({"detail": "Task id report is already in success state"}, 409)
    three.has_run()
    three.has_tasks(report="success")
    assert told(three(**GIVEN, task_id="report", state="success")["tasks"]) == {"report": "success"}


def test_marks_as_failed_go_downwards_and_others_upwards(three):
    for state, names in (("failed", ["publish", "report"]), ("skipped", ["report", "publish"])):
        three.has_failed()
        three.would_mark("publish", ["publish", "report"], state, include_downstream=True)
        three.has_graph()
        for name in names:
            three.marks(name, state)
        three.has_run()
        three.has_tasks(publish=state, report=state)
        result = three(**GIVEN, task_id="publish", state=state, downstream=True)
        assert told(result["tasks"]) == {"publish": state, "report": state}
        assert result["also_cleared"] == []


def test_tasks_before_it_are_marked_by_the_same_request(story):
    """A mark of its own for load.users would clear what else has failed after it."""
    story.has_failed()
    found = ["publish", "load.users", "load.orders[1]"]
    story.would_mark("publish", found, include_upstream=True)
    story.has_graph()
    if story.generation.name == "v2":
        story.marks("publish", upstream=True)
    else:
        story.version()
    if story.generation.name == "v1":
        story.server.script.insert(3, story.server.script.pop())
        named = {"task_id": "publish", "dag_run_id": RUN_ID, "new_state": "success", "dry_run": False}
        includes = dict.fromkeys(("include_downstream", "include_future", "include_past"), False)
        sends = {**named, **includes, "include_upstream": True}
        story.server.post("dags/etl_daily/updateTaskInstancesState", sends=sends).answers({"task_instances": []})
    story.has_run("queued")
    story.has_tasks(**dict.fromkeys(found, "success"))
    result = story(**GIVEN, task_id="publish", state="success", upstream=True)
    assert told(result["tasks"]) == dict.fromkeys(found, "success")
    assert set(told(result["also_cleared"])) == {"report"}


def test_of_two_tasks_the_last_one_takes_the_tasks_before_it_along(three):
    three.has_run()
    three.has_tasks(extract="failed")
    three.would_mark("load.users", ["load.users", "extract"], include_upstream=True)
    three.would_mark("publish", ["publish", "load.users", "load.orders[1]", "extract"], include_upstream=True)
    three.has_graph()
    three.marks("publish", upstream=True)
    three.has_run("queued")
    three.has_tasks()
    result = three(**GIVEN, task_id=["load.users", "publish"], state="success", upstream=True)
    assert set(told(result["tasks"])) == {"publish", "load.users", "load.orders[1]", "extract"}


def test_a_run_that_only_marks_leave_failed_is_a_warning(three):
    three.has_run()
    three.lists({"extract": "success", "report": "failed"})
    three.would_mark("report", ["report"])
    three.has_graph()
    three.marks("report")
    three.has_run()
    three.lists({"extract": "success", "report": "success"})
    three(**GIVEN, task_id="report", state="success")
    assert three.warnings == [
        f"DAG run etl_daily / {RUN_ID} stays failed, since nothing in it runs again, although no task of it is failed "
        "any more; airflow_dag_run with state: success marks the run, too."
    ]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_that_stays_successful_is_a_warning(three, check_mode):
    three.has_run("success")
    three.lists({"extract": "success", "report": "success"})
    three.would_mark("report", ["report"], "failed")
    three.has_graph()
    if not check_mode:
        three.marks("report", "failed")
        three.has_run("success")
        three.lists({"extract": "success", "report": "failed"})
    assert three(check_mode, **GIVEN, task_id="report", state="failed")["dag_run"]["state"] == "success"
    assert three.warnings == [
        f"DAG run etl_daily / {RUN_ID} stays success; airflow_dag_run with state: failed marks the run, too."
    ]


def test_a_run_that_is_waited_for_and_stays_successful_is_told_once(three):
    three.has_run("success")
    three.lists({"extract": "success", "report": "success"})
    three.would_mark("report", ["report"], "failed")
    three.has_graph()
    three.marks("report", "failed")
    three.has_run("success")
    three.lists({"extract": "success", "report": "failed"})
    three(**GIVEN, task_id="report", state="failed", wait=True)
    (warning,) = three.warnings
    assert "succeeded although 1 of 2 tasks did not" in warning


TWO = {"task_id": ["load.users", "load.orders"], "map_index": [-1, 1], "wait": True, "progress": False}


def marks_two(three, state, **more):
    """Mark all that has failed, each task by a mark of its own; the DAG has more tasks than those of C(ALL)."""
    three.has_run()
    three.lists({**dict.fromkeys(ALL, "success"), **FAILED, **more})
    for name in ("load.orders[1]", "load.users"):
        three.would_mark(name, [name], state)
    three.has_graph()
    three.has_dag()
    three.marks("load.users", state)
    three.marks("load.orders[1]", state)


@pytest.mark.parametrize("state", ["success", "skipped"])
@pytest.mark.parametrize("judged", [["publish", "report"], ["report"]])
def test_what_airflow_has_judged_between_two_marks_is_cleared_again(three, state, judged):
    marks_two(three, state)
    three.has_run()
    marked = {"load.users": state, "load.orders[1]": state}
    three.has_tasks(**{**marked, "publish": "success", **dict.fromkeys(judged, "upstream_failed")})
    three.clears(judged, judged)
    three.has_run("running")
    three.has_run("success")
    three.lists({**dict.fromkeys(ALL, "success"), **marked})
    result = three(**GIVEN, **TWO, state=state)
    assert result["dag_run"]["state"] == "success"
    assert told(result["also_cleared"]) == {"publish": "success", "report": "success"}


@pytest.mark.parametrize(
    ("state", "more"),
    [
        # It has failed once more, or for the first time.
        ({"publish": "failed", "report": "upstream_failed"}, {}),
        # It comes after none of the marked tasks, and somebody has marked what had failed before it.
        ({"publish": "success", "report": "success"}, {"mail": "upstream_failed"}),
    ],
)
def test_what_airflow_has_judged_for_another_reason_is_not_cleared_again(three, state, more):
    marks_two(three, "success", **more)
    three.has_run()
    three.lists({**dict.fromkeys(ALL, "success"), **state, **more})
    error = three.failure(**GIVEN, **TWO, state="success")
    assert isinstance(error, RunFailed)
    assert told(error.details["also_cleared"]) == state


def test_what_a_mark_has_set_going_is_not_cleared_again(three):
    marks_two(three, "success")
    three.has_run("success")
    three.lists(dict.fromkeys(ALL, "success"))
    assert three(**GIVEN, **TWO, state="success")["dag_run"]["state"] == "success"


def test_marks_as_failed_do_not_fail_the_task(three):
    three.has_failed()
    three.would_mark("report", ["report"], "failed")
    three.has_graph()
    three.marks("report", "failed")
    three.has_run()
    three.has_tasks(report="failed")
    result = three(**GIVEN, task_id="report", state="failed", wait=True)
    assert result["dag_run"]["state"] == "failed"


def test_a_mark_that_is_refused_tells_what_was_done_before(three):
    three.has_failed()
    three.would_mark("publish", ["publish"])
    three.would_mark("report", ["report"])
    three.has_graph()
    three.marks("report")
    three.marks("publish").answers({"detail": "Forbidden"}, 403)
    error = three.failure(**GIVEN, task_id=["publish", "report"], state="success")
    assert isinstance(error, Denied)
    assert error.details["changed"]


@pytest.mark.parametrize(
    ("version", "task_id", "state", "says"),
    [
        ("2.6.3", "report", "skipped", "state: skipped needs Airflow 2.7 or newer"),
        ("2.4.3", "load.orders", "success", "Marking a mapped task needs Airflow 2.5 or newer"),
    ],
)
def test_what_older_versions_cannot_mark(two, version, task_id, state, says):
    if state == "skipped":
        two.version(version)
    else:
        two.has_failed()
        two.version(version)
    error = two.failure(**GIVEN, task_id=task_id, state=state)
    assert error.message.startswith(says)


def test_airflow_2_3_marks_tasks_by_another_request(two):
    two.has_failed()
    two.has_graph()
    two.version("2.3.4")
    named = {"task_id": "report", "dag_run_id": RUN_ID, "new_state": "success", "dry_run": False}
    includes = dict.fromkeys(("include_upstream", "include_downstream", "include_future", "include_past"), False)
    two.server.post("dags/etl_daily/updateTaskInstancesState", sends={**named, **includes}).answers({})
    two.has_run()
    two.has_tasks(report="success")
    assert told(two(**GIVEN, task_id="report", state="success")["tasks"]) == {"report": "success"}


def test_turns_of_a_loop_are_marked_one_by_one(three):
    turns = [
        three.generation.task(
            "step", "failed", region_id="r", region_index=turn, loop_iteration={"loop_id": "l", "iteration": turn}
        )
        for turn in (0, 1)
    ]
    page = {"limit": 100, "offset": 0}
    for state in ("failed", "success"):
        three.has_run()
        found = three.generation.tasks(*({**turn, "state": state} for turn in turns))
        if state == "failed":
            three.server.get(f"{RUN}/taskInstances", page).answers(found)
            query = {"region_id": "r", "region_index": 0}
            sends = {"new_state": "success", "include_upstream": False, "include_downstream": False}
            three.server.patch(three.place("step") + "/dry_run", query, sends=sends).answers(
                {"task_instances": turns[:1]}
            )
            three.has_graph()
            for turn in (1, 0):
                sends = {"new_state": "success", "include_upstream": False}
                query = {"region_id": "r", "region_index": turn}
                three.server.patch(three.place("step"), query, sends=sends).answers({})
        else:
            three.server.get(f"{RUN}/taskInstances", page).answers(found)
    result = three(**GIVEN, task_id="step", state="success")
    assert [task["state"] for task in result["tasks"]] == ["success", "success"]
    assert [task["loop_iteration"]["iteration"] for task in result["tasks"]] == [0, 1]


# -- which tasks


def test_airflow_tells_the_tasks_of_a_group(three):
    three.has_failed()
    three.version()
    members = three.bodies({"load.users": "failed", "load.orders[0]": "success", "load.orders[1]": "failed"})
    three.server.patch(f"{RUN}/taskGroupInstances/load/dry_run", sends={}).answers({"task_instances": members})
    three.would_clear(["load.orders", "load.users"], ["load.users", "load.orders[1]"])
    three.has_dag()
    assert set(told(three(True, **GIVEN, task_group="load")["tasks"])) == {"load.users", "load.orders[1]"}


def test_before_3_3_a_group_is_the_tasks_with_its_name(three):
    three.has_failed()
    three.version("3.1.8")
    three.would_clear(["load.orders", "load.users"], ["load.users", "load.orders[1]"])
    three.has_dag()
    assert three(True, **GIVEN, task_group="load")["changed"]


def test_an_unknown_group_is_refused(story):
    story.has_failed()
    if story.generation.name == "v2":
        story.version()
        gone = {"detail": "Task group 'unload' not found in DAG 'etl_daily'"}
        story.server.patch(f"{RUN}/taskGroupInstances/unload/dry_run", sends={}).answers(gone, 404)
    error = story.failure(**GIVEN, task_group="unload")
    assert error.message == (
        f"Task group unload is not in DAG run etl_daily / {RUN_ID}, or has no tasks; a similar task group is load: "
        "correct task_group, or name the tasks by task_id."
    )


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ("load.users", "; it is a task: use task_id."),
        ("etc", ", or has no tasks; its task groups are load: correct task_group, or name the tasks by task_id."),
    ],
)
def test_what_is_no_group_is_told(three, group, says):
    three.has_failed()
    three.version("3.1.8")
    error = three.failure(**GIVEN, task_group=group)
    assert error.message == f"Task group {group} is not in DAG run etl_daily / {RUN_ID}{says}"


@pytest.mark.parametrize("state", ["cleared", "success", "failed", "skipped"])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"task_id": ["load.orders", "publish"], "map_index": 1},
            "Task publish of DAG run etl_daily / release-42 has no map_index 1: publish is not mapped; correct "
            "map_index, in which -1 is a task that is not mapped, or leave publish out of task_id.",
        ),
        (
            {"task_id": ["publish", "load.o*"], "map_index": [-1]},
            "Task load.o* of DAG run etl_daily / release-42 has no map_index -1: load.o* has 0 to 1; correct "
            "map_index, in which -1 is a task that is not mapped, or leave load.o* out of task_id.",
        ),
        (
            {"task_group": "load", "map_index": [1, 9]},
            "map_index 9 does not exist in DAG run etl_daily / release-42: load has 0 to 1; correct map_index.",
        ),
    ],
)
def test_an_index_leaves_nothing_of_a_task_that_is_named(three, given, says, state):
    three.has_failed()
    if "task_group" in given:
        three.version("3.1.8")
    error = three.failure(**GIVEN, **given, state=state)
    assert isinstance(error, NotFound)
    assert error.message == says


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"task_id": "load"},
            "Task load is not in DAG run etl_daily / release-42; it is a task group, and its tasks are load.orders, "
            "load.users: use task_group.",
        ),
        (
            {"task_id": ["load.*", "unknown"]},
            "Task unknown is not in DAG run etl_daily / release-42; its tasks are extract, load.orders, load.users, "
            "publish, and 1 more: correct task_id.",
        ),
        (
            {"task_id": ["load.*", "users"]},
            "Task users is not in DAG run etl_daily / release-42; a similar task is load.users: correct task_id.",
        ),
        (
            {"task_id": ["unload.*"]},
            "No task of DAG run etl_daily / release-42 matches unload.*; its tasks are extract, load.orders, "
            "load.users, publish, and 1 more: correct task_id.",
        ),
        (
            {"task_id": "load.orders", "map_index": [1, 9], "state": "success"},
            "map_index 9 does not exist in DAG run etl_daily / release-42: load.orders has 0 to 1; correct map_index.",
        ),
        (
            {"task_id": "publish", "map_index": 0, "state": "success"},
            "map_index 0 does not exist in DAG run etl_daily / release-42: publish is not mapped; correct map_index.",
        ),
    ],
)
def test_what_hits_nothing_is_refused(story, given, says):
    story.has_failed()
    error = story.failure(**GIVEN, **given)
    assert isinstance(error, NotFound)
    assert error.message == says


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "Name the tasks in task_id or task_group; all tasks of a run are cleared by airflow_dag_run"),
        ({"task_id": "a", "task_group": "b"}, "task_id and task_group both name the tasks; give one of them."),
        ({"task_id": [" "]}, "task_id is empty; give one."),
        ({"task_group": "a\nb"}, "task_group 'a\\nb' has a line break; remove it."),
        ({"task_id": "a", "map_index": -2}, "map_index is -2; it takes -1 or more"),
        (
            {"task_id": "a", "state": "success", "latest_version": True},
            "latest_version does not go with state: success",
        ),
        ({"task_id": "a", "wait_timeout": -1}, "wait_timeout is -1; it takes a number of seconds"),
    ],
)
def test_options_that_cannot_be_right(story, given, says):
    error = story.failure(**{**GIVEN, **given})
    assert isinstance(error, BadInput)
    assert error.message.startswith(says)


def test_a_run_that_is_not_there(story):
    for check_mode in (False, True):
        story.server.get(RUN).answers(story.generation.no_run(), 404)
        story.has_dag()
        if check_mode:
            result = story(True, **GIVEN, task_id="publish")
            assert (result["changed"], result["tasks"], result["dag_run"]["state"]) == (True, [], "queued")
            assert story.warnings[0].endswith("check mode goes on as if a task before had made it.")
        else:
            error = story.failure(**GIVEN, task_id="publish")
            assert isinstance(error, NotFound)
            assert error.message == (
                f"DAG run etl_daily / {RUN_ID} does not exist at https://airflow.example; check dag_id and dag_run_id."
            )


@pytest.mark.parametrize(
    ("name", "why"), [("a/b", "has a slash"), (".", "has only dots"), ("~", "means all runs in its paths")]
)
def test_airflow_3_cannot_mark_in_a_run_that_no_path_can_name(three, name, why):
    body = three.generation.run(name, "failed", start_date=STARTED, end_date=ENDED)
    three.server.get("dags/etl_daily/dagRuns", {"run_id_pattern": name, "limit": 100, "offset": 0}).answers(
        three.generation.runs(body)
    )
    sends = {"dag_ids": ["etl_daily"], "dag_run_ids": [name], "page_limit": 100, "page_offset": 0}
    listed = three.generation.tasks(*three.bodies({"load.users": "failed"}))
    three.server.post("dags/~/dagRuns/~/taskInstances/list", sends=sends).answers(listed)
    error = three.failure(**{**GIVEN, "dag_run_id": name}, task_id="load.users", state="success")
    assert error.message == (
        f"Airflow's API cannot mark tasks of DAG run etl_daily / {name}, since its id {why}; use Airflow's web "
        "interface."
    )


@pytest.mark.parametrize("name", ["a/b", ".", "~"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_airflow_2_marks_a_task_of_a_run_that_no_path_can_name_by_a_body(two, name, check_mode):
    def reads(state: str) -> None:
        body = two.generation.run(name, state, start_date=STARTED, end_date=ENDED)
        page = {"limit": 100, "offset": 0}
        two.server.get("dags/etl_daily/dagRuns", page).answers(two.generation.runs(body))
        listed = two.generation.tasks(*two.bodies({"load.users": state}))
        sends = {"dag_ids": ["etl_daily"], "dag_run_ids": [name], "page_limit": 100, "page_offset": 0}
        two.server.post("dags/~/dagRuns/~/taskInstances/list", sends=sends).answers(listed)

    reads("failed")
    two.has_graph()
    if not check_mode:
        named = {"task_id": "load.users", "dag_run_id": name, "new_state": "success", "dry_run": False}
        includes = dict.fromkeys(("include_upstream", "include_downstream", "include_future", "include_past"), False)
        two.server.post("dags/etl_daily/updateTaskInstancesState", sends={**named, **includes}).answers({})
        reads("success")
    given = {**GIVEN, "dag_run_id": name, "task_id": "load.users", "state": "success"}
    result = two(check_mode, **given)
    assert result["changed"] is True
    assert told(result["tasks"]) == {"load.users": "failed" if check_mode else "success"}


@pytest.mark.parametrize("check_mode", [False, True])
def test_airflow_2_marks_no_mapped_task_of_such_a_run(two, check_mode):
    body = two.generation.run("~", "failed", start_date=STARTED, end_date=ENDED)
    two.server.get("dags/etl_daily/dagRuns", {"limit": 100, "offset": 0}).answers(two.generation.runs(body))
    sends = {"dag_ids": ["etl_daily"], "dag_run_ids": ["~"], "page_limit": 100, "page_offset": 0}
    listed = two.generation.tasks(*two.bodies({"load.orders[0]": "failed", "load.orders[1]": "failed"}))
    two.server.post("dags/~/dagRuns/~/taskInstances/list", sends=sends).answers(listed)
    two.version()
    given = {**GIVEN, "dag_run_id": "~", "task_id": "load.orders", "state": "success"}
    error = two.failure(check_mode, **given)
    assert error.message.startswith("Airflow's API cannot mark tasks of DAG run etl_daily / ~, since its id means all")
