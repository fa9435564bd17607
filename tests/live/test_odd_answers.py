# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are not what they should be end in the right result or in one sentence, and in bounded memory."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Callable

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.health import Health
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tasks import Tasks
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, ApiError
from faults import Exchange, Fault, Line
from live import Airflow

DAG = "all_done"  # it stays paused
POSTS = "/dagRuns$"
LOGIN_PAGE = "<!doctype html><html><head><title>Sign in</title></head><body>" + "<p>MARKUP</p>" * 500 + "</body></html>"
MEGABYTE = 1024 * 1024


def with_total(change: Callable[[int], Any]) -> Fault:
    """The number of all objects is another one."""

    def changed(body: bytes) -> bytes:
        answer = json.loads(body)
        answer["total_entries"] = change(answer["total_entries"])
        return json.dumps(answer).encode()

    return faults.altered(changed)


def in_pages(number: int, overlap: int, total: Callable[[int], Any] = lambda total: total) -> Fault:
    """The server gives NUMBER objects a page at most, and begins each page OVERLAP objects too early."""

    def fault(exchange: Exchange) -> None:
        def earlier(found: re.Match[str]) -> str:
            return f"offset={max(0, int(found.group(1)) - overlap)}"

        head, _end, rest = exchange.request.head.decode("latin-1").partition("\r\n")
        target = re.sub(r"\boffset=(\d+)", earlier, re.sub(r"\blimit=\d+", f"limit={number}", head))
        exchange.request.head = f"{target}\r\n{rest}".encode("latin-1")
        exchange.request.target = target.split(" ")[1]
        with_total(total)(exchange)

    return fault


# What comes, and what the sentence has to say of it.
ODD: dict[str, tuple[Fault, str]] = {
    "a login page with 200": (faults.answered(200, LOGIN_PAGE), "an HTML page titled 'Sign in' instead of JSON"),
    "text with 200": (faults.answered(200, "It works!", "text/plain"), "something that is not JSON"),
    "truncated JSON": (faults.altered(lambda body: body[: len(body) // 2]), "something that is not JSON"),
    "no body": (faults.answered(200, b"", "application/json"), "something that is not JSON"),
    "bytes": (faults.answered(200, bytes(range(256)), "application/json"), "something that is not JSON"),
    "HTML with 500": (faults.answered(500, LOGIN_PAGE), "Airflow answered 500"),
    "text with 500": (faults.answered(500, "Internal Server Error", "text/plain"), "Airflow answered 500"),
    "HTML with 404": (faults.answered(404, LOGIN_PAGE), "has no such API"),
    "HTML with 403": (faults.answered(403, LOGIN_PAGE), "Airflow answered 403"),
}
SHAPES = [b"[]", b"null", b'"text"', b"17", b"true", b"{}", b'{"dags": 3}', b'{"dags": [null]}', b'{"dags": [{}]}']
READS: dict[str, Callable[[Api], Any]] = {
    "a DAG": lambda far: far.ask(Dags).get(DAG),
    "DAGs": lambda far: far.ask(Dags).select(),
    "a run": lambda far: far.ask(Runs).get(DAG, "some_run"),
    "runs": lambda far: in_process.runs_of(far, DAG),
    "active runs": lambda far: far.ask(Runs).active([DAG]),
    "tasks": lambda far: far.ask(Tasks).of_run(DAG, "some_run"),
    "health": lambda far: far.ask(Health).read(),
    # Detection has already told the version of Airflow 2, so one that was not detected asks.
    "the version": lambda far: Api(far.client, far.generation.name).version(),
}


@pytest.fixture
def far(airflow: Airflow, line: Line) -> Api:
    far = in_process.connected(airflow, line.url)
    line.requests.clear()
    return far


def sentence(error: AirflowError) -> str:
    """The message, which is one that a person can read."""
    assert "\n" not in error.message
    assert len(error.message) < 500
    assert error.message.endswith(".")
    assert "MARKUP" not in error.message
    return error.message


@pytest.mark.parametrize("odd", ODD)
def test_an_answer_that_is_no_json_is_told_in_one_sentence(airflow: Airflow, api: Api, line: Line, odd: str) -> None:
    fault, words = ODD[odd]
    line.always(fault)
    for ask in (lambda it: it.ask(Dags).get(DAG), lambda it: in_process.runs_of(it, DAG)):
        # Nothing has answered yet: what comes once Airflow has answered is taken for something that passes.
        it = in_process.connected(airflow, line.url, api_version=airflow.generation)
        line.requests.clear()
        with pytest.raises(ApiError) as caught:
            ask(it)
        assert words in sentence(caught.value)
        # It will not mend itself.
        assert len(line.requests) == 1
    with pytest.raises(ApiError) as caught:
        in_process.connected(airflow, line.url)
    sentence(caught.value)


@pytest.mark.parametrize("read", READS)
def test_json_of_another_shape_is_told_in_one_sentence(airflow: Airflow, line: Line, read: str) -> None:
    # Once Airflow has answered, what is no object is an outage.
    far = in_process.connected(airflow, line.url, retry_timeout=0)
    for shape in SHAPES:
        line.mend()
        line.always(faults.answered(200, shape, "application/json"))
        with pytest.raises(AirflowError) as caught:
            READS[read](far)
        sentence(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.answered(200, LOGIN_PAGE, acted=True), id="a login page with 200"),
        pytest.param(faults.answered(200, b"", "application/json", acted=True), id="no body"),
        pytest.param(ODD["truncated JSON"][0], id="truncated JSON"),
        pytest.param(faults.altered(lambda body: b"{}"), id="another shape"),
    ],
)
def test_a_trigger_with_an_unreadable_answer_has_made_its_run(api: Api, far: Api, line: Line, fault: Fault) -> None:
    line.next(fault, method="POST", path=POSTS)
    run_id = f"odd_{uuid.uuid4().hex}"
    done = in_process.triggered(far, DAG, dag_run_id=run_id)
    assert done.changed
    assert done.run
    assert done.run["dag_run_id"] == run_id
    assert len(line.seen("POST", POSTS)) == 1
    api.ask(Runs).delete(DAG, run_id)


# -- lists


def ids(dags: list[dict[str, Any]]) -> list[str]:
    return [dag["dag_id"] for dag in dags]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(in_pages(40, 0), id="capped"),
        pytest.param(in_pages(40, 1), id="capped and overlapping"),
        pytest.param(in_pages(5, 4), id="mostly overlapping"),
        pytest.param(in_pages(40, 0, lambda total: None), id="without a total"),
        pytest.param(in_pages(40, 0, lambda total: 1), id="with a total that is too low"),
        pytest.param(in_pages(40, 0, str), id="with a total that is a text"),
    ],
)
def test_pages_that_overlap_or_count_wrongly_give_the_whole_list(api: Api, far: Api, line: Line, fault: Fault) -> None:
    # Those DAGs that each server has; the 300 small ones would make too many pages of it.
    line.always(fault, path="/dags[?]")
    found = ids(far.ask(Dags).select(containing="e"))
    assert sorted(found) == sorted(ids(api.ask(Dags).select(containing="e")))
    assert len(found) == len(set(found)) > 5


def test_a_total_that_is_too_high_is_told_in_one_sentence(far: Api, line: Line) -> None:
    line.always(with_total(lambda total: total + 1000), path="/dags[?]")
    with pytest.raises(ApiError, match=r"holds 1\d\d\d objects, but its pages gave \d+; try again"):
        far.ask(Dags).select(containing="e")
    assert len(line.requests) <= 8


@pytest.mark.parametrize("total", [None, 10**9])
def test_a_page_that_comes_again_and_again_is_no_endless_loop(far: Api, line: Line, total: int | None) -> None:
    answer = far.client.get(f"{far.generation.prefix}/dags", {"limit": 3})
    line.requests.clear()
    same = faults.answered(200, json.dumps({**answer, "total_entries": total}), "application/json")
    line.always(same, path="/dags")

    def told(is_told: bool) -> AbstractContextManager[Any]:
        return pytest.raises(ApiError, match="its pages gave 3") if is_told else contextlib.nullcontext()

    with told(total is not None):
        assert len(far.ask(Dags).select()) == 3
    assert len(line.requests) <= 4
    line.requests.clear()
    # Airflow 3 is asked for the list after a write.
    with told(total is not None and far.generation.name == "v2"):
        assert len(far.ask(Dags).set_all_paused(DAG, (), True)) == 3
    assert len(line.requests) <= 6
    line.requests.clear()
    line.mend()
    line.always(faults.answered(200, json.dumps({"dag_runs": [], "total_entries": 10**9}), "application/json"))
    assert far.ask(Runs).active([DAG]) == []
    assert len(line.requests) <= 2


# -- size


def test_an_answer_without_an_end_is_read_up_to_a_limit(far: Api, line: Line) -> None:
    def for_ever() -> Iterator[bytes]:
        while True:
            yield b"[" * MEGABYTE

    line.always(faults.streamed(for_ever, "application/json"))
    with pytest.raises(ApiError, match="answered with more than 67108864 bytes"):
        far.ask(Dags).get(DAG)


def test_a_log_of_200_mb_costs_less_than_30_mb_more_than_an_empty_one(
    airflow: Airflow, api: Api, line: Line, tmp_path: Path
) -> None:
    """Half of it in lines of 1 kB, half of it in one line; the end of it is found all the same."""
    run_id = f"log_{uuid.uuid4().hex}"
    in_process.triggered(api, DAG, dag_run_id=run_id)
    failed = {"task_id": "b", "state": "failed", "try_number": 1, "max_tries": 0, "map_index": -1}
    body = json.dumps({"task_instances": [failed], "total_entries": 1})
    line.always(faults.answered(200, body, "application/json"), path="/taskInstances[?]")
    kind = "text/plain" if airflow.generation == "v1" else "application/x-ndjson"

    def event(text: str) -> bytes:
        return (text if airflow.generation == "v1" else json.dumps({"event": text})).encode() + b"\n"

    def log() -> Iterator[bytes]:
        lines = event("x" * 1000) * 1000
        yield from (lines for _number in range(100 * MEGABYTE // len(lines)))
        yield from (b"y" * MEGABYTE for _number in range(100))
        yield b"\n" + event("[2026-11-22T10:18:00.000+0000] {task.py:1} ERROR - THE-END")

    options = {"api_url": line.url, "dag_id": DAG, "dag_run_id": run_id, "log_lines": 20}
    peaks = []
    for chunks in (list, log):
        line.next(faults.streamed(chunks, kind), path="/logs/1")
        done = in_process.as_program(tmp_path, "airflow_task_info", options)
        assert done.status == 0, done.result
        peaks.append(done.peak)
    tail = done.result["failed_tasks"][0]["log_tail"]
    assert tail.endswith("THE-END")
    assert len(tail) <= 64 * 1024
    assert peaks[1] - peaks[0] < 30 * MEGABYTE, peaks
    api.ask(Runs).delete(DAG, run_id)


def test_a_module_behind_a_login_page_shows_one_sentence(line: Line, tmp_path: Path) -> None:
    line.always(faults.answered(200, LOGIN_PAGE))
    done = in_process.as_program(tmp_path, "airflow_dag", {"dag_id": DAG, "paused": True, "api_url": line.url})
    assert done.status == 1
    assert done.result["failed"]
    assert "check api_url" in done.result["msg"]
    assert "MARKUP" not in done.said
    assert "Traceback" not in done.said
