# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages end: what does no harm when done twice is done again, and waits go on."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, NotFound, Unreachable
from ansible_collections.dagops.airflow.plugins.module_utils._work.waiting import wait_for_run
from faults import Exchange, Fault, Line
from live import Airflow, harness, result_of

DAG = "dotted.name-with-dash"  # it stays paused, but where a run has to end by itself
OUTAGES = [
    faults.cut_before,
    faults.hung_up_before,
    faults.cut_after,
    faults.cut_within,
    faults.truncated,
    faults.cut_within_head,
    *(faults.answered(status, "<html>Bad Gateway</html>", acted=True) for status in (429, 502, 503, 504)),
]


def name_of(fault: Fault) -> str:
    return fault.__name__.replace("_", " ")


@pytest.fixture(scope="module", autouse=True)
def paused(api: Api) -> None:
    """Whatever others have left behind."""
    api.ask(Dags).set_paused(DAG, True)


@pytest.fixture
def clock() -> in_process.HurriedClock:
    return in_process.HurriedClock()


@pytest.fixture
def far(airflow: Airflow, line: Line, clock: in_process.HurriedClock) -> Api:
    """The server by the line; it is logged in, so that the next requests are those of the test."""
    far = in_process.connected(airflow, line.url, clock)
    far.ask(Dags).get(DAG)
    line.requests.clear()
    return far


@pytest.fixture
def run(api: Api) -> Iterator[dict[str, Any]]:
    """A run that stays queued until a test ends it."""
    made = in_process.triggered(api, DAG, dag_run_id=f"retries_{uuid.uuid4().hex}").run
    assert made
    yield made
    api.ask(Runs).delete(DAG, made["dag_run_id"])


@pytest.mark.parametrize("fault", OUTAGES, ids=name_of)
def test_reads_and_writes_that_set_a_value_and_deletions_are_repeated_through_an_outage(
    api: Api, far: Api, line: Line, run: dict[str, Any], fault: Fault
) -> None:
    run_id = run["dag_run_id"]
    line.next(fault, fault, method="GET", path="/dagRuns/")
    assert far.ask(Runs).get(DAG, run_id)["state"] == "queued"
    line.next(fault, fault, method="PATCH")
    assert far.ask(Runs).set_state(DAG, run_id, "failed")["state"] == "failed"
    # Where the server has deleted it at the first attempt, the next one finds nothing, which is what was wanted. The
    # answer to a deletion has no body; there is nothing to lose when its first line has come.
    line.next(fault, method="DELETE")
    far.ask(Runs).delete(DAG, run_id)
    assert api.ask(Runs).find(DAG, run_id) is None
    assert [len(line.seen(method)) for method in ("GET", "PATCH")] == [3, 3]
    heard = fault in (faults.cut_within, faults.truncated, faults.cut_within_head)
    assert len(line.seen("DELETE")) == (1 if heard else 2)


def test_a_server_that_is_silent_is_asked_again(airflow: Airflow, line: Line) -> None:
    far = in_process.connected(airflow, line.url, request_timeout=2.0)
    line.next(faults.silent_before, path="/dags/")
    assert far.ask(Dags).get(DAG)["dag_id"] == DAG
    assert len(line.seen(path="/dags/")) >= 2


def test_retry_after_is_honoured(far: Api, line: Line, clock: in_process.HurriedClock) -> None:
    clock.pauses.clear()
    line.next(faults.answered(429, Retry_After="7"), faults.answered(503, Retry_After="11"))
    far.ask(Dags).get(DAG)
    assert clock.pauses == [7, 11]


def test_pauses_grow_and_all_of_them_last_as_long_as_retry_timeout(
    airflow: Airflow, line: Line, clock: in_process.HurriedClock
) -> None:
    far = in_process.connected(airflow, line.url, clock, retry_timeout=60.0)
    clock.pauses.clear()
    line.always(faults.answered(503))
    began = clock.now()
    with pytest.raises(Unreachable, match="answered 503"):
        far.ask(Dags).get(DAG)
    # What the answers take counts, too.
    assert clock.now() - began > 59.999
    assert clock.slept < 60.001
    for pause, full in zip(clock.pauses[:-1], (0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8)):
        assert full / 2 <= pause <= full


def test_an_error_that_will_not_mend_itself_is_told_at_once(
    far: Api, line: Line, clock: in_process.HurriedClock
) -> None:
    clock.pauses.clear()
    with pytest.raises(NotFound):
        far.ask(Dags).get("no_such_dag")
    with pytest.raises(NotFound):
        far.ask(Runs).get(DAG, "no_such_run")
    with pytest.raises(AirflowError):
        far.client.patch(f"{far.generation.prefix}/dags/{DAG}", {"is_paused": "neither"})
    assert len(line.requests) == 3
    assert clock.pauses == []


def test_with_a_retry_timeout_of_0_the_first_failure_is_the_last(airflow: Airflow, line: Line) -> None:
    far = in_process.connected(airflow, line.url, retry_timeout=0.0)
    line.always(faults.cut_before)
    line.requests.clear()
    with pytest.raises(Unreachable):
        far.ask(Dags).get(DAG)
    assert len(line.requests) == 1


# -- waits


def test_a_wait_goes_on_through_outages_each_shorter_than_retry_timeout(
    api: Api, far: Api, line: Line, clock: in_process.HurriedClock, run: dict[str, Any]
) -> None:
    def ended(exchange: Exchange) -> None:
        """The last look: the run has been ended meanwhile."""
        api.ask(Runs).set_state(DAG, run["dag_run_id"], "failed")
        faults.passed(exchange)

    # Four outages of some 12 s, with a good look between two of them.
    down = [faults.cut_before, faults.answered(502), faults.hung_up_before, faults.answered(503), faults.cut_within]
    line.next(*[*down, faults.passed] * 4, ended, path="/dagRuns/")
    clock.pauses.clear()
    seen = wait_for_run(far, run, in_process.wish(far, dag_id=DAG, poll_interval=1.0))
    assert seen["state"] == "failed"
    assert len(line.seen(path="/dagRuns/")) == 4 * 6 + 1
    # Together they were longer than one may be.
    assert clock.slept > 30


def test_an_outage_longer_than_retry_timeout_ends_a_wait_with_the_run_in_the_result(
    airflow: Airflow, api: Api, line: Line, tmp_path: Path
) -> None:
    def and_no_more(exchange: Exchange) -> None:
        faults.passed(exchange)
        line.always(faults.cut_before)

    line.next(and_no_more, method="POST", path="/dagRuns$")
    options = {"dag_id": DAG, "when_paused": "trigger", "api_url": line.url, "retry_timeout": 2, "wait_timeout": 600}
    result = in_process.as_program(tmp_path, "airflow_dag_run", options).result
    assert result["failed"]
    assert result["changed"]
    assert "broke before an answer came" in result["msg"]
    # What a rescue block goes on with.
    run = api.ask(Runs).get(DAG, result["dag_run"]["dag_run_id"])
    assert run["state"] == "queued"
    api.ask(Runs).delete(DAG, run["dag_run_id"])


def test_a_wait_survives_a_line_that_cuts_a_third_of_all_connections(
    airflow: Airflow, api: Api, line: Line, tmp_path: Path
) -> None:
    """By Ansible, from the trigger to the report of the tasks that failed, with the end of their logs."""
    line.at_random(7, 0.33, OUTAGES)
    options = {"dag_id": "fails", "when_paused": "unpause", "api_url": line.url, "retry_timeout": 120}
    try:
        result = result_of(tmp_path, "airflow_dag_run", options)
    finally:
        api.ask(Dags).set_paused("fails", True)
    assert result["failed"]
    assert "b (try 1 of 1): ValueError: user 42 has no email address" in result["msg"]
    assert "MARKER-7F3A" in result["failed_tasks"][0]["log_tail"]
    api.ask(Runs).delete("fails", result["dag_run"]["dag_run_id"])


def test_a_wait_survives_that_the_web_server_is_killed_and_started_again(
    airflow: Airflow, api: Api, line: Line, tmp_path: Path
) -> None:
    """The real process, which all other tests share: it is back, and healthy, when this test ends.

    No task runs meanwhile, since those of Airflow 3 fail themselves when they lose the API server.
    """
    run_id = f"survivor_{uuid.uuid4().hex}"
    options: dict[str, Any] = {"dag_id": DAG, "dag_run_id": run_id, "when_paused": "trigger"}
    options.update(retry_timeout=300, poll_interval=1, api_url=line.url)
    results: list[in_process.Done] = []
    task = threading.Thread(target=lambda: results.append(in_process.as_program(tmp_path, "airflow_dag_run", options)))

    def wait_for_looks(number: int) -> None:
        """Until the task has looked at its run once more, and again; whether or not somebody has answered."""
        wanted = len(line.seen("GET", f"/dagRuns/{run_id}$")) + number
        while len(line.seen("GET", f"/dagRuns/{run_id}$")) < wanted:
            assert task.is_alive(), results
            time.sleep(0.2)

    task.start()
    # The first look is the one before the trigger.
    wait_for_looks(3)
    harness(airflow, "kill", "webserver")
    try:
        wait_for_looks(3)
    finally:
        harness(airflow, "start", "webserver")
    api.ask(Runs).set_state(DAG, run_id, "success")
    task.join()
    (done,) = results
    assert done.status == 0, done.said
    assert done.result["dag_run"]["dag_run_id"] == run_id
    assert done.result["dag_run"]["state"] == "success"
    assert done.result["changed"]
    api.ask(Runs).delete(DAG, run_id)
