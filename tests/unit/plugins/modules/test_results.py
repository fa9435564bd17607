# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks of a run have pushed, as C(airflow_dag_run) and C(airflow_dag_run_batch) return it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, Denied, NoResult, RunFailed
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_run, airflow_dag_run_batch
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, GENERATIONS, RUN_ID, STARTED, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner

RUN = f"dags/etl_daily/dagRuns/{RUN_ID}"
GONE = {"detail": "no such XCom", "title": "XCom entry not found", "status": 404}
NAMED = {"dag_id": "etl_daily", "dag_run_id": RUN_ID}


class Told(Runner):
    """A run that is there and has ended."""

    def has_dag(self) -> None:
        self.server.get("dags/etl_daily").answers(self.generation.dag())

    def has_run(self, state: str = "success", dag_run_id: str = RUN_ID) -> None:
        body = self.generation.run(dag_run_id, state=state, start_date=STARTED, end_date=ENDED)
        self.server.get(f"dags/etl_daily/dagRuns/{dag_run_id}").answers(body)

    def has_no_run(self) -> None:
        self.server.get(RUN).answers(self.generation.no_run(), 404)

    def has_tasks(self, *task_ids: str, mapped: tuple[str, ...] = ()) -> None:
        """The DAG has these tasks."""
        found = [
            {"task_id": task_id, "downstream_task_ids": [], "is_mapped": task_id in mapped} for task_id in task_ids
        ]
        self.server.get("dags/etl_daily/tasks").answers({"tasks": found, "total_entries": len(found)})

    def ended(self, *tasks: t.Any, state: str = "success") -> None:
        self.has_dag()
        self.has_run(state)
        self.listed(*tasks)

    def listed(self, *tasks: t.Any) -> None:
        found = [self.generation.task(task) if isinstance(task, str) else task for task in tasks]
        page = {"limit": 100, "offset": 0}
        self.server.get(f"{RUN}/taskInstances", page).answers(self.generation.tasks(*found))

    def parts(self, count: int) -> list[dict[str, t.Any]]:
        return [self.generation.task("parts", map_index=index) for index in range(count)]

    def version(self, version: str = "2.11.2") -> None:
        if self.generation.name == "v1":
            self.server.get("version").answers({"version": version})

    def value(self, value: t.Any, task_id: str, key: str = "return_value", index: int = -1) -> Exchange:
        query: dict[str, t.Any] = {} if index < 0 else {"map_index": index}
        if self.generation.name == "v1":
            query["stringify"] = "false"
        path = f"{RUN}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.server.get(path, query).answers({"key": key, "value": value})

    def gone(self, task_id: str, key: str = "return_value", index: int = -1) -> Exchange:
        return self.value(None, task_id, key, index).answers(GONE, 404)

    def at_once(self, task_ids: list[str], results: dict[str, t.Any]) -> None:
        """What Airflow 3.1 gives in one request."""
        if self.generation.name == "v2":
            lines = json.dumps({"state": "success", "results": results}) + "\n"
            self.server.get(f"{RUN}/wait", {"interval": 1, "result": task_ids}).says(lines, content_type="")


@pytest.fixture
def told(server: Server, generation: Generation) -> Told:
    return Told(server, generation, airflow_dag_run)


@pytest.fixture
def new(server: Server) -> Told:
    server.prefix = GENERATIONS["v2"].prefix
    return Told(server, GENERATIONS["v2"], airflow_dag_run)


@pytest.fixture
def batch(server: Server, generation: Generation) -> Told:
    return Told(server, generation, airflow_dag_run_batch)


def test_by_the_words_that_were_given(told):
    told.ended("a", "a.b")
    told.version()
    told.value({"rows": 3}, "a")
    told.value(1.5, "a", "price")
    told.value("x", "a.b", "c.d")
    result = told(**NAMED, results=["a", "a.price", "a.b.c.d"])
    assert result["results"] == {"a": {"rows": 3}, "a.price": 1.5, "a.b.c.d": "x"}


def test_of_an_id_with_dots_the_longest_counts(told):
    told.ended("a", "a.b")
    told.version()
    told.value("of the task a.b", "a.b")
    assert told(**NAMED, results=["a.b"])["results"] == {"a.b": "of the task a.b"}


def test_three_of_them_cost_one_request_on_airflow_3(told):
    told.ended("a", "b", "c")
    day = {"__classname__": "datetime.date", "__version__": 2, "__data__": "2026-11-22"}
    told.at_once(["a", "b", "c"], {"a": 1, "b": None, "c": day})
    told.version()
    if told.generation.name == "v1":
        for task_id, value in (("a", 1), ("b", None), ("c", "datetime.date@version=2(2026-11-22)")):
            told.value(value, task_id)
    assert told(**NAMED, results=["a", "b", "c"])["results"] == {"a": 1, "b": None, "c": "2026-11-22"}


def test_airflow_3_0_is_asked_one_by_one(new):
    new.ended("a", "b")
    query = {"interval": 1, "result": ["a", "b"]}
    new.server.get(f"{RUN}/wait", query).answers({"error": "API route not found"}, 404)
    new.value(1, "a")
    new.value(2, "b")
    assert new(**NAMED, results=["a", "b"])["results"] == {"a": 1, "b": 2}


def test_a_mapped_task_is_a_list(told):
    told.ended(*reversed(told.parts(3)))
    told.at_once(["parts"], {"parts": ["x", "y", "z"]})
    told.version()
    if told.generation.name == "v1":
        for index, value in enumerate("xyz"):
            told.value(value, "parts", index=index)
    assert told(**NAMED, results=["parts"])["results"] == {"parts": ["x", "y", "z"]}


def test_holes_are_null(told):
    told.ended(*told.parts(3))
    told.at_once(["parts"], {"parts": ["x", "z"]})
    told.version()
    told.value("x", "parts", index=0)
    told.gone("parts", index=1)
    told.value("z", "parts", index=2)
    assert told(**NAMED, results=["parts"])["results"] == {"parts": ["x", None, "z"]}


def test_a_loop_is_a_list_by_turn(new):
    turns = [
        new.generation.task(
            "step", region_id="r", region_index=turn, loop_iteration={"loop_id": "pages", "iteration": turn}
        )
        for turn in (1, 0, 2)
    ]
    new.ended(*turns)
    for turn, value in enumerate(("x", None, "z")):
        query = {"region_id": "r", "region_index": turn}
        found = new.server.get(f"{RUN}/taskInstances/step/xcomEntries/return_value", query)
        found.answers({"value": value}) if value else found.answers(GONE, 404)
    assert new(**NAMED, results=["step"])["results"] == {"step": ["x", None, "z"]}


def test_in_a_loop_a_mapped_task_is_a_list_of_lists(new):
    turns = [
        new.generation.task(
            "part",
            map_index=index,
            region_id=f"r{turn}",
            region_index=index,
            loop_iteration={"loop_id": "pages", "iteration": turn},
        )
        for turn in (0, 1)
        for index in (0, 1)
    ]
    for number, turn in enumerate(turns):
        turn["id"] = str(number)
    new.ended(*turns)
    for turn in turns:
        query = {name: turn[name] for name in ("region_id", "region_index")}
        found = new.server.get(f"{RUN}/taskInstances/part/xcomEntries/return_value", query)
        found.answers({"value": f"{turn['region_id']}[{turn['map_index']}]"})
    wanted = [["r0[0]", "r0[1]"], ["r1[0]", "r1[1]"]]
    assert new(**NAMED, results=["part"])["results"] == {"part": wanted}


# -- what is not there


@pytest.mark.parametrize("word", ["a", "a.rows"])
def test_a_result_that_is_not_there(told, word):
    told.ended("a")
    told.version()
    key = word.partition(".")[2] or "return_value"
    told.gone("a", key)
    error = told.failure(**NAMED, results=[word])
    assert isinstance(error, NoResult)
    assert error.message == (
        f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but it has no result {word}: task a has pushed nothing "
        f"as {key}; correct results, or the task. {told.generation.run_url()}"
    )
    assert error.details["dag_run"]["dag_run_id"] == RUN_ID


def test_one_of_several_is_not_there(new):
    new.ended("a", "b")
    new.at_once(["a", "b"], {"a": 1})
    assert "has no result b: task b has pushed nothing" in new.failure(**NAMED, results=["a", "b"]).message


def test_results_that_are_there_are_returned_next_to_those_that_are_not(told):
    told.ended("a", "b")
    told.version()
    told.gone("b", "x")
    told.value({"rows": 3}, "a", "x")
    error = told.failure(**NAMED, results=["c", "b.x", "a.x"])
    assert error.message == (
        f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but 2 of 3 results cannot be returned: c (there is no "
        f"such task), b.x (nothing was pushed); correct results, or the tasks. {told.generation.run_url()}"
    )
    assert error.details["results"] == {"c": None, "b.x": None, "a.x": {"rows": 3}}


def test_a_refusal_is_told_as_one_after_the_run(told):
    told.ended("a")
    told.version()
    told.value(None, "a", "x").answers(told.generation.problem(403, "Forbidden"), 403)
    error = told.failure(**NAMED, results=["a.x"])
    assert isinstance(error, Denied)
    assert error.message.startswith(
        f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but its results cannot be read: Airflow answered 403"
    )
    assert error.details["dag_run"]["dag_run_id"] == RUN_ID


def test_a_mapped_task_that_has_pushed_nothing(told):
    told.ended(*told.parts(2))
    told.at_once(["parts"], {})
    told.version()
    if told.generation.name == "v1":
        told.gone("parts", index=0)
        told.gone("parts", index=1)
    assert "has no result parts: task parts" in told.failure(**NAMED, results=["parts"]).message


@pytest.mark.parametrize("word", ["parts", "parts.rows"])
def test_a_mapped_task_over_an_empty_list_is_an_empty_list(told, word):
    """Airflow shows it as one instance without an index, which was skipped."""
    told.ended("a", told.generation.task("parts", "skipped"))
    told.version()
    told.gone("parts", word.partition(".")[2] or "return_value")
    told.has_tasks("a", "parts", mapped=("parts",))
    assert told(**NAMED, results=[word])["results"] == {word: []}


def test_the_tasks_of_the_dag_are_read_once_for_many_mapped_tasks(new):
    new.ended(*(new.generation.task(name, "skipped") for name in ("a", "b")))
    new.at_once(["a", "b"], {})
    new.has_tasks("a", "b", mapped=("a", "b"))
    assert new(**NAMED, results=["a", "b"])["results"] == {"a": [], "b": []}


def test_in_a_loop_a_turn_over_an_empty_list_is_an_empty_list(new):
    turns = [(0, 0), (0, 1), (1, -1)]
    tasks = [
        new.generation.task(
            "part",
            "success" if index >= 0 else "skipped",
            map_index=index,
            region_id=f"r{turn}",
            region_index=index,
            loop_iteration={"loop_id": "pages", "iteration": turn},
        )
        for turn, index in turns
    ]
    for number, task in enumerate(tasks):
        task["id"] = str(number)
    new.ended(*tasks)
    for turn, index in turns:
        query = {"region_id": f"r{turn}", "region_index": index}
        found = new.server.get(f"{RUN}/taskInstances/part/xcomEntries/return_value", query)
        found.answers({"value": index}) if index >= 0 else found.answers(GONE, 404)
    assert new(**NAMED, results=["part"])["results"] == {"part": [[0, 1], []]}


@pytest.mark.parametrize("status", [200, 403])
def test_a_task_that_was_skipped(told, status):
    told.ended("a", told.generation.task("m", "skipped"))
    told.version()
    told.gone("m")
    if status == 200:
        told.has_tasks("a", "m")
    else:
        told.server.get("dags/etl_daily/tasks").answers(told.generation.problem(status, "Forbidden"), status)
    assert told.failure(**NAMED, results=["m"]).message == (
        f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but task m was skipped, so it has no result m; correct "
        f"the task, or leave m out of results. {told.generation.run_url()}"
    )


@pytest.mark.parametrize(
    ("state", "says"),
    [("failed", "task m failed, so it has no result m.rows;"), ("upstream_failed", "task m never ran, so it has no")],
)
def test_a_task_that_did_not_succeed_in_a_run_that_did(told, state, says):
    told.ended("a", told.generation.task("m", state))
    told.version()
    told.gone("m", "rows")
    assert says in told.failure(**NAMED, results=["m.rows"], log_lines=0).message


def test_an_unknown_task(told):
    told.ended("a", "b")
    assert told.failure(**NAMED, results=["c.d"]).message == (
        f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but it has no task for the result c.d; its tasks are a, "
        f"b: correct results. {told.generation.run_url()}"
    )


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("publsh", "a similar task is publish"),
        ("b", "it is a task group, and its tasks are b.orders"),
        ("publsh.digest", "a similar task is publish"),
        ("orders", "similar tasks are a.orders, b.orders"),
        ("orders.rows", "similar tasks are a.orders, b.orders"),
        ("a.order", "similar tasks are a.orders, b.orders"),
        ("x", "its tasks are a.orders, b.orders, publish"),
    ],
)
def test_tasks_with_a_similar_id_are_named(told, word, says):
    told.ended("a.orders", "b.orders", "publish")
    assert f"; {says}: correct results. " in told.failure(**NAMED, results=[word]).message


def test_a_result_that_is_too_large(told):
    told.ended("a")
    told.version()
    told.value("x" * 70_000, "a")
    error = told.failure(**NAMED, results=["a"])
    assert error.message == (
        f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but the value of a has 70002 bytes; the limit is 65536; "
        f"leave it out of results, or let the task push where the data is. {told.generation.run_url()}"
    )
    assert error.details["dag_run"]["state"] == "success"


def test_all_that_cannot_be_returned_are_named(told):
    told.ended("a", told.generation.task("m", "skipped"))
    told.version()
    told.value("x" * 70_000, "a", "big")
    told.gone("m", "x")
    told.has_tasks("a", "m")
    for key in "bcd":
        told.gone("a", key)
    words = ["a.big", "m.x", "a.b", "a.c", "a.d"]
    assert (
        "but 5 of 5 results cannot be returned: a.big (70002 bytes, the limit is 65536), m.x (the task was skipped), "
        "a.b (nothing was pushed), a.c (nothing was pushed), and 1 more; correct results, or the tasks. "
    ) in told.failure(**NAMED, results=words).message


def test_a_run_that_failed_fails_as_ever(told):
    told.ended("a", told.generation.task("b", "failed"), state="failed")
    error = told.failure(**NAMED, results=["a"], log_lines=0)
    assert isinstance(error, RunFailed)
    assert "was already there and had failed" in error.message


# -- runs that have not ended


def test_without_a_wait_a_run_that_goes_on(told):
    told.has_dag()
    told.server.get(RUN).answers(told.generation.run(state="running", start_date=STARTED))
    error = told.failure(**NAMED, wait=False, results=["a"])
    assert isinstance(error, BadInput)
    assert error.message.startswith("results needs wait: true")


def test_without_a_wait_a_run_that_goes_on_and_is_awaited(told):
    told.server.get(RUN).answers(told.generation.run(state="running", start_date=STARTED))
    told.has_dag()
    error = told.failure(**NAMED, state="awaited", wait=False, results=["a"])
    assert error.message.startswith("results needs wait: true")


def test_without_a_wait_a_new_run_is_not_made(told):
    told.has_dag()
    assert told.failure(dag_id="etl_daily", wait=False, results=["a"]).message.startswith("results needs wait: true")


def test_without_a_wait_a_run_that_has_ended(told):
    told.ended("a")
    told.version()
    told.value(1, "a")
    assert told(**NAMED, wait=False, results=["a"])["results"] == {"a": 1}


# -- before a run is made


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_without_the_task_is_not_made(told, check_mode):
    told.has_dag()
    told.has_no_run()
    told.has_tasks("extract", "publish")
    error = told.failure(check_mode, **NAMED, results=["extract", "publsh.digest"])
    assert isinstance(error, BadInput)
    assert error.message == (
        "DAG etl_daily has no task for the result publsh.digest, so nothing was done; a similar task is publish: "
        "correct results."
    )


@pytest.mark.parametrize("state", ["triggered", "awaited"])
def test_a_run_that_goes_on_without_the_task_is_not_waited_for(told, state):
    body = told.generation.run(state="running", start_date=STARTED)
    if state == "triggered":
        told.has_dag()
    told.server.get(RUN).answers(body)
    if state == "awaited":
        told.has_dag()
    told.listed("publish")
    told.has_tasks("publish")
    assert "has no task for the result publsh, so" in told.failure(**NAMED, state=state, results=["publsh"]).message


def test_tasks_of_another_version_of_the_dag_count(told):
    """A run keeps the tasks of its version, and may get those of the newest one."""
    told.has_dag()
    told.server.get(RUN).answers(told.generation.run(state="running", start_date=STARTED))
    told.listed("old")
    told.has_tasks("new")
    assert told(True, **NAMED, results=["old", "new"])["results"] == {"old": None, "new": None}


def test_a_run_without_the_task_is_not_cleared(told):
    told.has_run("failed")
    told.listed(told.generation.task("publish", "failed"))
    told.has_tasks("publish")
    assert "the result publsh, so nothing" in told.failure(**NAMED, state="cleared", results=["publsh"]).message


def test_the_tasks_of_a_run_that_is_cleared_are_read_once(told):
    told.has_run("failed")
    told.listed(told.generation.task("publish", "failed"))
    told.has_dag()
    told.version()
    assert told(True, **NAMED, state="cleared", results=["publish"])["results"] == {"publish": None}


def test_tasks_that_the_user_may_not_see_refuse_nothing(told):
    told.has_dag()
    told.has_no_run()
    told.server.get("dags/etl_daily/tasks").answers(told.generation.problem(403, "Forbidden"), 403)
    assert told(True, **NAMED, results=["publsh"])["results"] == {"publsh": None}


def test_a_dag_that_check_mode_takes_for_there_has_any_task(told):
    told.server.get("dags/etl_daily").answers(told.generation.no_dag(), 404)
    assert told(True, **NAMED, results=["publsh"])["results"] == {"publsh": None}


def test_check_mode_of_a_new_run(told):
    told.has_dag()
    told.has_no_run()
    told.has_tasks("a", "b")
    assert told(True, **NAMED, results=["a", "b.c"])["results"] == {"a": None, "b.c": None}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"results": [" "]}, "results holds ''"),
        ({"results": ["a\n"]}, "results holds 'a'"),
        ({"results": ["a"], "state": "absent"}, "results does not go with state: absent"),
        ({"results": ["a"], "state": "cleared", "wait": False}, "results of a run that is cleared needs wait: true"),
    ],
)
def test_bad_input(told, given, says):
    error = told.failure(**NAMED, **given)
    assert isinstance(error, BadInput)
    assert error.message.startswith(says)
    assert told.server.requests == []


# -- many runs


def test_per_item(batch):
    batch.has_dag()
    batch.has_run()
    batch.has_run(dag_run_id="other")
    batch.listed("a")
    batch.version()
    batch.value(1, "a")
    items = [{**NAMED, "results": ["a"]}, {"dag_id": "etl_daily", "dag_run_id": "other"}]
    first, second = batch(runs=items)["runs"]
    assert (first["results"], first["msg"]) == ({"a": 1}, None)
    assert "results" not in second


def test_an_item_without_its_result(batch):
    batch.has_dag()
    batch.has_run()
    batch.listed("a")
    error = batch.failure(runs=[{**NAMED, "results": ["b"]}])
    reason = (
        f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but it has no task for the result b; its tasks are a: "
        f"correct results. {batch.generation.run_url()}"
    )
    assert error.message == f"Results of 1 of 1 DAG runs are missing. {reason}"
    (entry,) = error.details["runs"]
    assert (entry["results"], entry["msg"]) == ({"b": None}, reason)


@pytest.mark.parametrize("status", [404, 403])
def test_an_item_of_whose_results_one_cannot_be_read(batch, status):
    batch.has_dag()
    batch.has_run()
    batch.listed("a")
    batch.version()
    batch.value(1, "a", "x")
    batch.value(None, "a", "y").answers(batch.generation.problem(status, "no"), status)
    error = batch.failure(runs=[{**NAMED, "results": ["a.x", "a.y"]}])
    assert isinstance(error, RunFailed)
    (entry,) = error.details["runs"]
    assert entry["results"] == {"a.x": 1, "a.y": None}
    assert entry["msg"].startswith(f"DAG run etl_daily / {RUN_ID} succeeded after 3m12s, but it")


def test_an_item_that_is_not_waited_for(batch):
    batch.has_dag()
    batch.has_no_run()
    error = batch.failure(runs=[{**NAMED, "results": ["a"]}], wait=False)
    assert error.message.startswith("Item 1 of runs: results needs wait: true")


def test_the_tasks_of_a_dag_are_read_once(batch):
    batch.has_dag()
    batch.has_no_run()
    batch.has_tasks("a")
    batch.server.get("dags/etl_daily/dagRuns/other").answers(batch.generation.no_run("other"), 404)
    items = [{**NAMED, "results": ["a"]}, {"dag_id": "etl_daily", "dag_run_id": "other", "results": ["b"]}]
    assert batch.failure(runs=items).message == (
        "Item 2 of runs: DAG etl_daily has no task for the result b, so nothing was done; its tasks are a: correct "
        "results."
    )


def test_an_item_in_check_mode(batch):
    batch.has_dag()
    batch.has_no_run()
    batch.has_tasks("a")
    (entry,) = batch(True, runs=[{**NAMED, "results": ["a"]}])["runs"]
    assert entry["results"] == {"a": None}
