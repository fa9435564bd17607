# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    NotFound,
    RunFailed,
    TimedOut,
    Unreachable,
)
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_run_wait
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, STARTED
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL
from ansible_collections.dagops.airflow.tests.unit.frame import Runner

OVER = {"start_date": STARTED, "end_date": ENDED}


class Story(Runner):
    """The exchanges that these tests are made of."""

    def active(self, *names, dag_ids=("etl_daily",), total=None, offset=0, state="running"):
        body = {"dag_ids": list(dag_ids), "states": ["queued", "running"], "page_limit": 100, "page_offset": offset}
        runs = [self.generation.run(name, state, start_date=STARTED if state == "running" else None) for name in names]
        return self.server.post("dags/~/dagRuns/list", sends=body).answers(self.generation.runs(*runs, total=total))

    def ended(self, name, state="success"):
        body = self.generation.run(name, state, **OVER)
        return self.server.get(f"dags/etl_daily/dagRuns/{name}").answers(body)

    def tasks(self, name, *tasks):
        path = f"dags/etl_daily/dagRuns/{name}/taskInstances"
        return self.server.get(path, {"limit": 100, "offset": 0}).answers(self.generation.tasks(*tasks))

    def failed(self, name):
        self.tasks(name, self.generation.task("load", "failed"), self.generation.task("read"))


@pytest.fixture
def wait(server, generation):
    return Story(server, generation, airflow_dag_run_wait)


def runs(*names):
    return [{"dag_id": "etl_daily", "dag_run_id": name, "state": "queued", "more": None} for name in names]


def states(result):
    return {entry["dag_run"]["dag_run_id"]: entry["dag_run"]["state"] for entry in result["runs"]}


def test_runs_that_have_ended_are_read_once(wait):
    wait.active()
    wait.ended("a")
    wait.ended("b")
    result = wait(runs=runs("a", "b"))
    assert result["changed"] is False
    assert states(result) == {"a": "success", "b": "success"}
    assert result["runs"][0]["elapsed"] > 0
    assert "conf" not in result["runs"][0]["dag_run"]


def test_a_look_is_one_request_however_many_runs_there_are(wait, server, clock):
    names = [f"r{number}" for number in range(50)]
    wait.active(*names)
    wait.active(*names)
    wait.active(*names[1:])
    wait.ended("r0")
    wait.active()
    for name in names[1:]:
        wait.ended(name)
    assert set(states(wait(runs=runs(*names))).values()) == {"success"}
    assert len(server.requests) == 4 + 50
    assert len(clock.pauses) == 3


def test_beyond_100_active_runs_there_is_another_page(wait):
    names = [f"r{number}" for number in range(130)]
    wait.active(*names[:100], total=130)
    wait.active(*names[100:], total=130, offset=100)
    wait.active()
    wait.ended("r0")
    wait.ended("r129")
    assert states(wait(runs=runs("r0", "r129"))) == {"r0": "success", "r129": "success"}


def test_the_results_keep_the_order_of_the_runs(wait):
    wait.active("a", "c")
    wait.ended("b")
    wait.active()
    wait.ended("c")
    wait.ended("a")
    assert list(states(wait(runs=runs("c", "b", "a", "c")))) == ["c", "b", "a"]


def test_a_run_that_starts_between_two_reads_is_not_taken_for_ended(wait, generation, server):
    wait.active()
    server.get("dags/etl_daily/dagRuns/a").answers(generation.run("a", "running", start_date=STARTED))
    wait.active()
    wait.ended("a")
    assert states(wait(runs=runs("a"))) == {"a": "success"}


def test_runs_of_several_dags(wait, generation, server):
    wait.active(dag_ids=("etl_daily", "other"))
    wait.ended("a")
    server.get("dags/other/dagRuns/a").answers(generation.run("a", "success", dag_id="other", **OVER))
    wait(runs=[*runs("a"), {"dag_id": "other", "dag_run_id": "a"}])


def test_a_failure_names_all_failed_runs_with_their_tasks(wait):
    names = [f"r{number}" for number in range(6)]
    wait.active(*names)
    wait.active()
    for name in names:
        wait.ended(name, "success" if name == "r1" else "failed")
    for name in names:
        if name != "r1":
            wait.failed(name)
    with pytest.raises(RunFailed) as caught:
        wait(runs=runs(*names), log_lines=0)
    message = caught.value.message
    assert message.startswith("5 of 6 DAG runs failed. DAG run etl_daily / r0 failed after ")
    assert message.count("1 of 2 tasks failed: load (try 1 of 1).") == 4
    assert message.endswith(" Failed, too: etl_daily / r5 (load).")
    entries = caught.value.details["runs"]
    assert [len(entry["failed_tasks"]) for entry in entries] == [1, 0, 1, 1, 1, 1]
    assert entries[0]["task_counts"] == {"failed": 1, "success": 1}


def test_logs_of_failed_tasks_give_the_reasons(wait, server, generation):
    wait.active()
    wait.ended("a", "failed")
    wait.tasks("a", generation.task("load", "failed"))
    path = "dags/etl_daily/dagRuns/a/taskInstances/load/logs/1"
    server.get(path, {"full_content": "true"}).says(generation.log("Traceback", "KeyError: 'email'"))
    error = wait.failure(runs=runs("a"))
    assert error.message.startswith("1 of 1 DAG runs failed. ")


def test_fifty_logs_are_read_in_all_and_tasks_that_never_ran_have_none(wait, server, generation):
    wait.active()
    failed = {"a": [f"t{number:02}" for number in range(48)], "b": ["x", "y", "z"]}
    for name in failed:
        wait.ended(name, "failed")
    for name, task_ids in failed.items():
        never = [generation.task(f"n{number}", "upstream_failed") for number in range(5)]
        wait.tasks(name, *(generation.task(task_id, "failed") for task_id in task_ids), *never)
        for task_id in task_ids[:48] if name == "a" else task_ids[:2]:
            path = f"dags/etl_daily/dagRuns/{name}/taskInstances/{task_id}/logs/1"
            server.get(path, {"full_content": "true"}).says(generation.log("the end"))
    entries = wait.failure(runs=runs("a", "b"), log_lines=1).details["runs"]
    tails = [task["log_tail"] for entry in entries for task in entry["failed_tasks"] if task["state"] == "failed"]
    assert tails[:50] == ["the end"] * 50
    assert tails[50:] == ["The log was not read: only those of the first 50 failed tasks are."]


def test_a_time_out_of_one_run_speaks_of_one(wait, server, generation):
    wait.active("r1")
    wait.ended("r0")
    wait.active("r1")
    wait.tasks("r1", generation.task("nap", "running"))
    server.get("dags/etl_daily").answers(generation.dag())
    server.get("health" if generation.name == "v1" else "monitor/health").answers({"scheduler": {"status": "healthy"}})
    error = wait.failure(runs=runs("r0", "r1"), wait_timeout=0.5)
    assert error.message == (
        "1 of 2 DAG runs has not ended after 0s (wait_timeout): etl_daily / r1 (running); task nap is running. It goes "
        "on; the same task waits for it again."
    )


def test_a_time_out_names_those_that_go_on(wait, server, generation, clock):
    names = [f"r{number}" for number in range(6)]
    wait.active(*names, state="queued")
    wait.active(*names[1:], state="queued")
    wait.ended("r0", "failed")
    wait.failed("r0")
    wait.tasks("r1")
    server.get("dags/etl_daily").answers(generation.dag(is_paused=True))
    error = wait.failure(runs=runs(*names), wait_timeout=0.5, log_lines=0)
    assert isinstance(error, TimedOut)
    assert error.message.startswith(
        "5 of 6 DAG runs have not ended after 0s (wait_timeout): etl_daily / r1 (queued), etl_daily / r2 (queued), "
        "etl_daily / r3 (queued), etl_daily / r4 (queued), and 1 more. Reason for etl_daily / r1: its DAG is paused, "
        "so no task of it starts: unpause the DAG. They go on; the same task waits for them again. "
        "1 of 6 DAG runs failed. DAG run etl_daily / r0 failed after "
    )
    assert error.details["timed_out"] is True
    assert len(error.details["runs"]) == 6
    assert clock.passed == 0.5


def test_an_outage_at_the_end_of_the_wait_is_a_time_out(wait, server, clock):
    wait.active("a")
    server.again(server.post("dags/~/dagRuns/list", sends=body()).says("", 502), 40)
    with pytest.raises(TimedOut):
        wait(runs=runs("a"), wait_timeout=6, retry_timeout=600)
    server.script.clear()
    assert clock.passed == pytest.approx(6)


def test_an_outage_at_the_end_reads_nothing_more_of_those_that_failed(wait, server, clock):
    wait.active("b")
    wait.ended("a", "failed")
    server.again(server.post("dags/~/dagRuns/list", sends=body()).says("", 502), 40)
    with pytest.raises(TimedOut) as caught:
        wait(runs=runs("a", "b"), wait_timeout=6, retry_timeout=600)
    server.script.clear()
    assert clock.passed == pytest.approx(6)
    assert "1 of 2 DAG runs has not ended after 6s (wait_timeout): etl_daily / b" in caught.value.message
    assert "; it was when Airflow answered last. https://" in caught.value.message
    assert [entry["dag_run"]["state"] for entry in caught.value.details["runs"]] == ["failed", "running"]


@pytest.mark.parametrize("seen", [[], ["a"]])
def test_runs_that_were_never_seen_have_not_ended(wait, server, generation, seen):
    """The time is over with the first outage: nobody knows of b."""
    if seen:
        wait.active()
        wait.ended("a")
        server.again(server.get("dags/etl_daily/dagRuns/b").says("", 502), 40)
    else:
        server.again(server.post("dags/~/dagRuns/list", sends=body()).says("", 502), 40)
    with pytest.raises(Unreachable) as caught:
        wait(runs=runs("a", "b"), wait_timeout=6, retry_timeout=600)
    server.script.clear()
    assert [entry["dag_run"]["dag_run_id"] for entry in caught.value.details["runs"]] == seen


def test_a_longer_outage_fails_with_the_runs(wait, server):
    wait.active("a")
    server.again(server.post("dags/~/dagRuns/list", sends=body()).says("", 502), 40)
    with pytest.raises(Unreachable) as caught:
        wait(runs=runs("a"), retry_timeout=10)
    server.script.clear()
    assert [entry["dag_run"]["dag_run_id"] for entry in caught.value.details["runs"]] == ["a"]


def body():
    return {"dag_ids": ["etl_daily"], "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}


def test_a_run_that_is_deleted_during_the_wait(wait, server, generation):
    wait.active("a", "b")
    wait.active("a")
    server.get("dags/etl_daily/dagRuns/b").answers(generation.no_run("b"), 404)
    error = wait.failure(runs=runs("a", "b"))
    assert isinstance(error, NotFound)
    assert error.message == "DAG run etl_daily / b was deleted while it was waited for."


def test_an_unknown_run_fails_at_once(wait, server, generation):
    wait.active("a")
    server.get("dags/etl_daily/dagRuns/b").answers(generation.no_run("b"), 404)
    error = wait.failure(runs=runs("a", "b"))
    assert isinstance(error, NotFound)
    assert "DAG run etl_daily / b does not exist" in error.message


def test_nothing_to_wait_for(wait, server):
    assert wait(runs=[]) == {"changed": False, "runs": []}
    assert server.requests == []


def test_check_mode_looks_once_at_what_there_is(wait, server, generation, clock):
    server.get("dags/etl_daily/dagRuns/a").answers(generation.run("a", "running"))
    server.get("dags/etl_daily/dagRuns/b").answers({"detail": "no such run"}, 404)
    result = wait(True, runs=runs("a", "b"))
    states = {entry["dag_run"]["dag_run_id"]: entry["dag_run"]["state"] for entry in result["runs"]}
    assert states == {"a": "running", "b": "queued"}
    assert [bool(entry["dag_run"]["url"]) for entry in result["runs"]] == [True, False]
    assert {frozenset(entry["dag_run"]) for entry in result["runs"]} == {frozenset(result["runs"][0]["dag_run"])}
    assert wait.warnings == [
        f"DAG run etl_daily / b does not exist at {URL}; check mode goes on as if a task before had made it."
    ]
    assert clock.passed == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runs": [{}]}, "Item 1 of runs lacks dag_id or dag_run_id"),
        ({"runs": [*runs("a"), {"dag_id": "a", "dag_run_id": None}]}, "Item 2 of runs lacks"),
        ({"runs": [{"dag_id": "a b", "dag_run_id": "r"}]}, "dag_id in item 1 of runs"),
        ({"runs": [{"dag_id": "a", "dag_run_id": "a\tb"}]}, "dag_run_id in item 1 of runs"),
        ({"runs": runs("a"), "wait_timeout": -1}, "wait_timeout"),
        ({"runs": runs("a"), "poll_interval": -1}, "poll_interval"),
        ({"runs": runs("a"), "log_lines": -1}, "log_lines"),
    ],
)
def test_what_is_wrong_is_refused_before_a_request(wait, server, options, said):
    error = wait.failure(**options)
    assert isinstance(error, BadInput)
    assert said in error.message
    assert server.requests == []
