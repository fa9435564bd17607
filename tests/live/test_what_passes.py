# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes by itself, once Airflow has answered: fail-overs, and proxies whose Airflow is being restarted."""

from __future__ import annotations

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
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, ServerError
from ansible_collections.dagops.airflow.plugins.module_utils._work.many_runs import Waiting, wait_for_runs
from ansible_collections.dagops.airflow.plugins.module_utils._work.waiting import wait_for_run
from faults import Exchange, Fault, Line
from live import Airflow

DAG = "dotted.name-with-dash"  # it stays paused
WAITING = Waiting(timeout=60.0, interval=1.0, log_lines=0, progress=False)
MAINTENANCE = "<html><head><title>Down for maintenance</title></head></html>"
PASSING: dict[str, Fault] = {
    "500": faults.answered(500, "Internal Server Error", "text/plain"),
    "500 after": faults.answered(500, "<html>Ooops!</html>", acted=True),
    "507": faults.answered(507),
    "520": faults.answered(520, "<html>Web server is returning an unknown error</html>"),
    "521": faults.answered(521, "<html>Web server is down</html>"),
    "524": faults.answered(524, "<html>A timeout occurred</html>"),
    "530": faults.answered(530, "error code: 1033", "text/plain"),
    "404 of Traefik": faults.answered(404, "404 page not found\n", "text/plain; charset=utf-8"),
    "404 of nginx": faults.answered(404, "<html><head><title>404 Not Found</title></head></html>"),
    "404 of Kong": faults.answered(404, '{"message":"no Route matched with those values"}', "application/json"),
    "404 of Envoy": faults.answered(404),
    "405": faults.answered(405, "<html><head><title>405 Not Allowed</title></head></html>"),
    "page": faults.answered(200, MAINTENANCE),
    "redirect": faults.redirected("https://status.example/down"),
}


pytestmark = pytest.mark.once


@pytest.fixture(scope="module", autouse=True)
def paused(api: Api) -> None:
    """Whatever others have left behind."""
    api.ask(Dags).set_paused(DAG, True)


@pytest.fixture
def clock() -> in_process.HurriedClock:
    return in_process.HurriedClock()


@pytest.fixture
def far(airflow: Airflow, line: Line, clock: in_process.HurriedClock) -> Api:
    """The server by the line, which has answered."""
    far = in_process.connected(airflow, line.url, clock)
    far.ask(Dags).get(DAG)
    line.requests.clear()
    return far


@pytest.fixture
def run(api: Api) -> Iterator[dict[str, Any]]:
    """A run that stays queued until a test ends it."""
    made = in_process.triggered(api, DAG, dag_run_id=f"passes_{uuid.uuid4().hex}").run
    assert made
    yield made
    api.ask(Runs).delete(DAG, made["dag_run_id"])


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_reads_and_writes_that_set_a_value_and_deletions_bear_it(
    api: Api, far: Api, line: Line, run: dict[str, Any], fault: Fault
) -> None:
    run_id = run["dag_run_id"]
    for method in ("GET", "PATCH", "POST", "DELETE"):
        line.next(fault, fault, method=method)
    assert far.ask(Runs).get(DAG, run_id)["state"] == "queued"
    # A POST that only reads.
    assert run_id in [seen["dag_run_id"] for seen in far.ask(Runs).active([DAG])]
    assert far.ask(Runs).set_state(DAG, run_id, "failed")["state"] == "failed"
    far.ask(Runs).delete(DAG, run_id)
    assert api.ask(Runs).find(DAG, run_id) is None
    assert [len(line.seen(method)) for method in ("GET", "PATCH", "POST", "DELETE")] == [3, 3, 3, 3]


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_waits_go_on_through_it(api: Api, far: Api, line: Line, run: dict[str, Any], fault: Fault) -> None:
    def ended(exchange: Exchange) -> None:
        """The last look: the run has been ended meanwhile."""
        api.ask(Runs).set_state(DAG, run["dag_run_id"], "success")
        faults.passed(exchange)

    line.next(fault, fault, faults.passed, fault, ended, method="GET", path="/dagRuns/")
    seen = wait_for_run(far, run, in_process.wish(far, dag_id=DAG, poll_interval=1.0))
    assert seen["state"] == "success"
    line.next(fault, method="POST")
    assert wait_for_runs(far, [(DAG, run["dag_run_id"])], WAITING)["runs"][0]["dag_run"]["state"] == "success"


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_trigger_makes_one_run_or_none(api: Api, far: Api, line: Line, fault: Fault) -> None:
    """Where Airflow itself has failed or answered, the request goes out once; what a proxy says is looked up first."""
    run_id = f"passes_{uuid.uuid4().hex}"
    line.next(fault, method="POST", path="/dagRuns$")
    try:
        done = in_process.triggered(far, DAG, dag_run_id=run_id)
    except AirflowError:
        assert api.ask(Runs).find(DAG, run_id) is None
        return
    assert done.run
    assert [seen["dag_run_id"] for seen in in_process.runs_of(api, DAG)].count(run_id) == 1
    api.ask(Runs).delete(DAG, run_id)


def test_an_error_that_does_not_pass_is_told_with_its_reason_and_how_long_it_was(
    airflow: Airflow, line: Line, clock: in_process.HurriedClock
) -> None:
    far = in_process.connected(airflow, line.url, clock, retry_timeout=60.0)
    line.always(faults.answered(500, '{"title": "Bad luck", "detail": null}', "application/problem+json"))
    with pytest.raises(ServerError) as caught:
        far.ask(Dags).get(DAG)
    assert "Airflow answered 500 to GET" in caught.value.message
    assert "(Bad luck): Airflow has failed; look at the log of its web server" in caught.value.message
    assert caught.value.message.endswith(" That has lasted for 60 s.")
    assert clock.slept > 59


@pytest.mark.parametrize("name", [name for name in PASSING if name not in ("520", "521", "524", "530")])
def test_before_airflow_has_answered_it_is_told_at_once(airflow: Airflow, line: Line, name: str) -> None:
    clock = in_process.HurriedClock()
    line.always(PASSING[name])
    with pytest.raises(AirflowError, match=r"No Airflow API answers|which is not Airflow's API"):
        in_process.connected(airflow, line.url, clock)
    assert clock.pauses == []


def test_airflow_info_waits_for_a_server_that_is_being_started(line: Line, tmp_path: Path) -> None:
    line.next(PASSING["404 of Traefik"], PASSING["500"], PASSING["redirect"], path="/version$")
    line.next(PASSING["521"], PASSING["page"], path="/health$")
    options = {"api_url": line.url, "wait": True, "wait_timeout": 300}
    done = in_process.as_program(tmp_path, "airflow_info", options)
    assert done.status == 0, done.said
    assert done.result["healthy"]


def test_airflow_info_says_what_has_come_instead(line: Line, tmp_path: Path) -> None:
    line.always(faults.answered(404, "404 page not found\n", "text/plain"))
    options = {"api_url": line.url, "wait": True, "wait_timeout": 3}
    result = in_process.as_program(tmp_path, "airflow_info", options).result
    assert result["timed_out"]
    assert result["msg"].startswith("Airflow is not healthy after 3 s: No Airflow API answers at ")
    assert "status 404 with 404 page not found" in result["msg"]
