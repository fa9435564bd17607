# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trigger makes one run: whatever becomes of the requests and of their answers on the way."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, FateUnknown, ServerError
from faults import Exchange, Fault, Line
from live import Airflow, play

DAG = "ok"  # it stays paused, so that its runs cost nothing
POSTS = "/dagRuns$"
# `make test-matrix` asks for more.
TRIGGERS = int(os.environ.get("DAGOPS_TEST_TRIGGERS", "30"))
UNSEEN = [faults.cut_before, faults.hung_up_before]
UNHEARD = [faults.cut_after, faults.hung_up_after, faults.cut_within, faults.truncated, faults.cut_within_head]
CUTS = UNSEEN + UNHEARD
GATEWAY_PAGE = "<html><h1>Bad Gateway</h1></html>"
REFUSED = [faults.answered(status, GATEWAY_PAGE) for status in (429, 502, 503, 504)]
GIVEN_UP = [faults.answered(status, GATEWAY_PAGE, acted=True) for status in (429, 502, 503, 504)]


def name_of(fault: Fault) -> str:
    return fault.__name__.replace("_", " ")


@pytest.fixture(scope="module")
def api(airflow: Airflow) -> Iterator[Api]:
    """The server without faults; runs that these tests have made are deleted in the end."""
    api = in_process.connected(airflow)
    before = ids_of(api)
    yield api
    for run_id in sorted(ids_of(api) - before):
        api.ask(Runs).delete(DAG, run_id)


@pytest.fixture
def far(airflow: Airflow, line: Line) -> Api:
    """The server by the line; it is logged in, so that the next requests are those of the test."""
    far = in_process.connected(airflow, line.url)
    far.ask(Dags).get(DAG)
    line.requests.clear()
    return far


def ids_of(api: Api) -> set[str]:
    """The ids of all runs; each is there once."""
    ids = [run["dag_run_id"] for run in in_process.runs_of(api, DAG)]
    assert len(ids) == len(set(ids))
    return set(ids)


def a_date() -> datetime:
    """A logical date that no other run has."""
    return datetime(1990, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=uuid.uuid4().int % 10**9)


def test_triggers_through_a_line_that_cuts_half_of_all_connections_make_exactly_one_run_each(
    airflow: Airflow, api: Api, line: Line
) -> None:
    before = ids_of(api)
    line.at_random(5, 0.5, [*UNSEEN, *UNSEEN, *UNHEARD])
    made = []
    for _number in range(TRIGGERS):
        # As each task does, it finds out the version, by the same line.
        far = in_process.connected(airflow, line.url, retry_timeout=600.0)
        done = in_process.triggered(far, DAG)
        assert done.changed
        assert done.run
        made.append(done.run["dag_run_id"])
    line.mend()
    after = ids_of(api)
    assert len(after - before) == TRIGGERS
    assert after - before == set(made)
    # The line was as bad as it should be.
    assert len(line.seen("POST", POSTS)) > TRIGGERS
    assert len(line.requests) > 4 * TRIGGERS


def test_triggers_among_errors_of_gateways_make_exactly_one_run_each(airflow: Airflow, api: Api, line: Line) -> None:
    before = ids_of(api)
    line.at_random(11, 0.5, [*REFUSED, *GIVEN_UP])
    made = []
    for _number in range(TRIGGERS // 3):
        done = in_process.triggered(in_process.connected(airflow, line.url, retry_timeout=600.0), DAG)
        assert done.changed
        assert done.run
        made.append(done.run["dag_run_id"])
    line.mend()
    assert len(made) == len(ids_of(api) - before) == TRIGGERS // 3
    assert ids_of(api) - before == set(made)


@pytest.mark.parametrize("fault", [*UNHEARD, *GIVEN_UP], ids=name_of)
def test_a_run_whose_answer_got_lost_is_found_and_not_made_again(api: Api, far: Api, line: Line, fault: Fault) -> None:
    line.next(fault, method="POST", path=POSTS)
    before = ids_of(api)
    done = in_process.triggered(far, DAG)
    assert done.run
    assert ids_of(api) - before == {done.run["dag_run_id"]}
    # This task has made it.
    assert done.changed
    assert not done.found
    assert len(line.seen("POST", POSTS)) == 1


def test_a_run_whose_answer_does_not_come_in_time_is_found(airflow: Airflow, api: Api, line: Line) -> None:
    far = in_process.connected(airflow, line.url, request_timeout=2.0)
    line.next(faults.silent_after, method="POST", path=POSTS)
    before = ids_of(api)
    done = in_process.triggered(far, DAG)
    assert done.run
    assert done.changed
    assert ids_of(api) - before == {done.run["dag_run_id"]}


@pytest.mark.parametrize("fault", [*UNSEEN, *REFUSED, faults.silent_before], ids=name_of)
def test_a_request_that_never_arrived_is_sent_again_with_the_same_id(
    airflow: Airflow, api: Api, line: Line, fault: Fault
) -> None:
    far = in_process.connected(airflow, line.url, request_timeout=1.5)
    line.next(fault, method="POST", path=POSTS)
    before = ids_of(api)
    done = in_process.triggered(far, DAG)
    assert done.run
    assert ids_of(api) - before == {done.run["dag_run_id"]}
    assert done.changed
    first, *others = [json.loads(request.body) for request in line.seen("POST", POSTS)]
    assert others
    assert all(other == first for other in others)
    assert first["dag_run_id"] == done.run["dag_run_id"]


def test_the_answer_of_a_slow_server_to_the_first_of_two_requests_is_a_success(api: Api, far: Api, line: Line) -> None:
    """Cut off, looked up too early, sent again, overtaken: the 409 to the second request is about our own run."""
    held: list[Exchange] = []

    def hold(exchange: Exchange) -> None:
        held.append(exchange)
        exchange.cut()

    def overtaken(exchange: Exchange) -> None:
        assert b" 200 " in held[0].forward().partition(b"\r\n")[0]
        answer = exchange.forward()
        assert b" 409 " in answer.partition(b"\r\n")[0]
        exchange.send(answer)

    line.next(hold, overtaken, method="POST", path=POSTS)
    before = ids_of(api)
    done = in_process.triggered(far, DAG)
    assert done.run
    assert done.changed
    assert ids_of(api) - before == {done.run["dag_run_id"]}
    assert len(line.seen("POST", POSTS)) == 2


def test_after_a_500_the_run_is_looked_up_and_adopted_when_it_was_made(api: Api, far: Api, line: Line) -> None:
    line.next(faults.answered(500, "<html>Ooops!</html>", acted=True), method="POST", path=POSTS)
    before = ids_of(api)
    done = in_process.triggered(far, DAG)
    assert done.run
    assert done.changed
    assert ids_of(api) - before == {done.run["dag_run_id"]}


def test_after_a_500_without_a_run_the_task_fails_at_once(api: Api, far: Api, line: Line) -> None:
    line.always(faults.answered(500, "<html>Ooops!</html>"), method="POST", path=POSTS)
    before = ids_of(api)
    with pytest.raises(ServerError, match=f"No run of DAG {DAG} was made"):
        in_process.triggered(far, DAG)
    assert ids_of(api) == before
    (post,) = line.seen("POST", POSTS)
    assert len(line.seen("GET", json.loads(post.body)["dag_run_id"])) == 1


def taken_first(api: Api, holder: str, date: datetime) -> Fault:
    """A fault: while the request is on its way, somebody else's run takes the date."""

    def fault(exchange: Exchange) -> None:
        in_process.triggered(api, DAG, dag_run_id=holder, logical_date=date.isoformat())
        faults.passed(exchange)

    return fault


def test_a_date_that_another_run_took_meanwhile_is_refused_by_the_name_of_that_run(
    api: Api, far: Api, line: Line
) -> None:
    date, holder, mine = a_date(), f"holder_{uuid.uuid4().hex}", f"mine_{uuid.uuid4().hex}"
    line.next(taken_first(api, holder, date), method="POST", path=POSTS)
    with pytest.raises(BadInput, match=f"belongs to the run {holder} already"):
        in_process.triggered(far, DAG, dag_run_id=mine, logical_date=date.isoformat())
    assert holder in ids_of(api)
    assert mine not in ids_of(api)
    assert len(line.seen("POST", POSTS)) == 1


def test_the_run_that_took_the_date_is_adopted_by_a_task_that_names_no_id(api: Api, far: Api, line: Line) -> None:
    date, holder = a_date(), f"holder_{uuid.uuid4().hex}"
    line.next(taken_first(api, holder, date), method="POST", path=POSTS)
    before = ids_of(api)
    done = in_process.triggered(far, DAG, logical_date=date.isoformat())
    assert done.run
    assert done.run["dag_run_id"] == holder
    assert not done.changed
    assert ids_of(api) - before == {holder}


def test_two_tasks_with_one_id_make_one_run(airflow: Airflow, api: Api) -> None:
    """At the same moment. Airflow 2.11 answers such a race with a 500, and then several take the run for their own."""
    run_id = f"shared_{uuid.uuid4().hex}"
    start = threading.Barrier(4)
    changed = []

    def task() -> None:
        mine = in_process.connected(airflow)
        start.wait(60)
        changed.append(in_process.triggered(mine, DAG, dag_run_id=run_id).changed)

    tasks = [threading.Thread(target=task) for _number in range(4)]
    for one in tasks:
        one.start()
    for one in tasks:
        one.join()
    assert len(changed) == 4
    assert True in changed
    assert run_id in ids_of(api)


def test_a_fate_that_cannot_be_found_out_is_told_with_the_id_and_the_next_task_finds_the_run(
    airflow: Airflow, api: Api, line: Line
) -> None:
    far = in_process.connected(airflow, line.url, retry_timeout=2.0)
    far.ask(Dags).get(DAG)

    def and_then_nothing(exchange: Exchange) -> None:
        exchange.forward()
        line.always(faults.cut_before)
        exchange.cut()

    line.next(and_then_nothing, method="POST", path=POSTS)
    before = ids_of(api)
    with pytest.raises(FateUnknown) as caught:
        in_process.triggered(far, DAG)
    run_id = caught.value.details["dag_run"]["dag_run_id"]
    assert f"Whether run {run_id} of DAG {DAG} was made is not known; repeat" in caught.value.message
    line.mend()
    assert ids_of(api) - before == {run_id}
    again = in_process.triggered(in_process.connected(airflow, line.url), DAG, dag_run_id=run_id)
    assert not again.changed
    assert ids_of(api) - before == {run_id}


def test_a_playbook_on_a_bad_line_makes_exactly_the_runs_that_it_names(api: Api, line: Line, tmp_path: Path) -> None:
    """The whole way, by Ansible, in real time."""
    line.at_random(3, 0.3, CUTS)
    before = ids_of(api)
    options = {"dag_id": DAG, "when_paused": "trigger", "wait": False, "api_url": line.url, "retry_timeout": 120}
    task: dict[str, Any] = {"dagops.airflow.airflow_dag_run": options, "loop": [1, 2, 3], "register": "made"}
    names = "{{ made.results | map(attribute='dag_run') | map(attribute='dag_run_id') | join(' ') }}"
    told = {"ansible.builtin.copy": {"dest": str(tmp_path / "made"), "content": names, "mode": "0600"}}
    played = play(tmp_path, [task, told])
    assert played.status == 0, played.output
    made = (tmp_path / "made").read_text(encoding="utf-8").split()
    assert len(made) == 3
    assert ids_of(api) - before == set(made)


def test_the_result_has_the_id_of_a_run_whose_fate_is_unknown(api: Api, line: Line, tmp_path: Path) -> None:
    line.always(faults.cut_after, method="POST", path=POSTS)
    line.next(faults.passed, path=f"/dags/{DAG}$")
    line.always(faults.cut_before, path="/dagRuns/ansible__")
    before = ids_of(api)
    options = {"dag_id": DAG, "when_paused": "trigger", "wait": False, "api_url": line.url, "retry_timeout": 1}
    result = in_process.as_program(tmp_path, "airflow_dag_run", options).result
    assert result["failed"]
    assert "was made is not known" in result["msg"]
    assert ids_of(api) - before == {result["dag_run"]["dag_run_id"]}
