# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import tracemalloc
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs import event_lines, events_of, read_log

# A task of Airflow 2.11 that fails, with Airflow's own frames shortened from ten each to three.
TEXT_LOG = """\
worker-1
 INFO - ::group::Log message source details
*** Found local files:
***   * /opt/airflow/logs/dag_id=etl_daily/run_id=r/task_id=load/attempt=1.log
 INFO - ::endgroup::
[2026-11-22T21:37:31.842+0000] {local_task_job_runner.py:123} INFO - ::group::Pre task execution logs
[2026-11-22T21:37:31.949+0000] {taskinstance.py:2885} INFO - Starting attempt 1 of 1
[2026-11-22T21:37:32.370+0000] {taskinstance.py:740} INFO - ::endgroup::
[2026-11-22T21:37:32.446+0000] {logging_mixin.py:190} INFO - reading 12 users
[2026-11-22T21:37:32.446+0000] {taskinstance.py:3337} ERROR - Task failed with exception
Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/airflow/models/taskinstance.py", line 776, in _execute_task
    result = _execute_callable(context=context, **execute_callable_kwargs)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/venv/lib/python3.11/site-packages/airflow/models/taskinstance.py", line 742, in _execute_callable
    return ExecutionCallableRunner(
           ^^^^^^^^^^^^^^^^^^^^^^^^
  File "/venv/lib/python3.11/site-packages/airflow/operators/python.py", line 256, in execute_callable
    return runner.run(*self.op_args, **self.op_kwargs)
  File "/opt/airflow/dags/etl.py", line 13, in load
    raise ValueError("user 7 has no email address")
ValueError: user 7 has no email address
[2026-11-22T21:37:32.465+0000] {taskinstance.py:1242} INFO - Marking task as FAILED. dag_id=etl_daily
[2026-11-22T21:37:32.555+0000] {taskinstance.py:349} INFO - ::group::Post task execution logs
[2026-11-22T21:37:32.556+0000] {standard_task_runner.py:124} ERROR - Failed to execute job 17 (user 7 ...)
Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/airflow/task/task_runner/standard_task_runner.py", line 117, in _start
    ret = args.func(args, dag=self.dag)
  File "/opt/airflow/dags/etl.py", line 13, in load
    raise ValueError("user 7 has no email address")
SomethingElse: that the second report says
[2026-11-22T21:37:32.580+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1
[2026-11-22T21:37:32.650+0000] {local_task_job_runner.py:245} INFO - ::endgroup::
""".splitlines()

FRAMES = [
    {"filename": "/venv/lib/python3.12/site-packages/airflow/sdk/task_runner.py", "lineno": 1579, "name": "_run"},
    {"filename": "/venv/lib/python3.12/site-packages/airflow/sdk/bases/operator.py", "lineno": 462, "name": "wrapper"},
    {"filename": "/opt/airflow/dags/etl.py", "lineno": 13, "name": "load"},
]
DETAIL = {"exc_type": "ValueError", "exc_value": "user 7 has no email address", "is_cause": False, "frames": FRAMES}
EVENTS: list[t.Any] = [
    {"timestamp": None, "event": "::group::Log message source details"},
    {"timestamp": None, "event": "/opt/airflow/logs/attempt=1.log"},
    {"timestamp": None, "event": "::endgroup::"},
    {"timestamp": "2026-11-22T21:35:06.3Z", "event": "reading 12 users", "level": "info", "logger": "task.stdout"},
    {
        "timestamp": "2026-11-22T21:35:06.4Z",
        "event": "Task failed with exception",
        "level": "error",
        "error_detail": [DETAIL],
    },
    {"timestamp": "2026-11-22T21:35:06.5Z", "event": "::endgroup::", "level": "info"},
]


def lines_of(events: list[t.Any]) -> list[str]:
    return list(event_lines(events))


CAUSE = {"exc_type": "KeyError", "exc_value": "'email'", "frames": []}


@pytest.mark.parametrize(
    ("is_cause", "link"),
    [
        (True, "The above exception was the direct cause of the following exception:"),
        (False, "During handling of the above exception, another exception occurred:"),
    ],
)
def test_the_exception_that_ended_the_task_comes_last(is_cause, link):
    """Airflow 3 lists it first, and its cause after it."""
    problems = [{**DETAIL, "frames": []}, {**CAUSE, "is_cause": is_cause}]
    log = read_log(lines_of([{"event": "Task failed with exception", "level": "error", "error_detail": problems}]), 10)
    assert log.reason == "ValueError: user 7 has no email address"
    assert log.tail.splitlines()[1:] == [
        "Traceback (most recent call last):",
        "KeyError: 'email'",
        link,
        "Traceback (most recent call last):",
        "ValueError: user 7 has no email address",
    ]


def test_a_log_that_ends_in_airflows_frames_says_so():
    lines = ["Traceback (most recent call last):", f'  File "{FRAMES[0]["filename"]}", line 5, in _run']
    assert read_log(lines, 10).tail.splitlines()[-1] == "  … 1 frames of Airflow"


# -- text (Airflow 2)


def test_a_failed_task_of_airflow_2():
    log = read_log(TEXT_LOG, 8)
    assert log.reason == "ValueError: user 7 has no email address"
    assert log.tail.splitlines() == [
        "[2026-11-22T21:37:32.465+0000] {taskinstance.py:1242} INFO - Marking task as FAILED. dag_id=etl_daily",
        "[2026-11-22T21:37:32.556+0000] {standard_task_runner.py:124} ERROR - Failed to execute job 17 (user 7 ...)",
        "Traceback (most recent call last):",
        "  … 1 frames of Airflow",
        '  File "/opt/airflow/dags/etl.py", line 13, in load',
        '    raise ValueError("user 7 has no email address")',
        "SomethingElse: that the second report says",
        "[2026-11-22T21:37:32.580+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1",
    ]


def test_airflows_own_frames_are_summed_up():
    tail = read_log(TEXT_LOG, 100).tail
    assert "  … 3 frames of Airflow\n" in tail
    assert "site-packages/airflow" not in tail
    assert "_execute_callable" not in tail
    assert "^^^" not in tail
    assert '    raise ValueError("user 7 has no email address")' in tail


def test_frames_of_other_packages_stay():
    frame = '  File "/venv/lib/python3.11/site-packages/pandas/core/frame.py", line 1, in x'
    lines = ["Traceback (most recent call last):", frame, "    df.explode()", "KeyError: 'email'"]
    assert read_log(lines, 10).tail.splitlines() == lines


def test_marks_of_log_groups_are_left_out():
    assert "::" not in read_log(TEXT_LOG, 100).tail


@pytest.mark.parametrize("keep", [1, 2, 5])
def test_the_tail_holds_the_last_lines_that_are_not_blank(keep):
    lines = [f"line {number}" for number in range(10)]
    with_blanks = [part for line in lines for part in (line, "", "   ")]
    assert read_log(with_blanks, keep).tail.splitlines() == lines[-keep:]


def test_an_empty_log():
    assert read_log([], 5) == ("", "")


TRACEBACK = "Traceback (most recent call last):"
RECORD = "[2026-11-22T10:00:00.0+0000] {x.py:1}"
REASONS: list[tuple[list[str], str]] = [
    (["INFO - fine"], ""),
    ([f"{RECORD} ERROR - Bash command failed"], "Bash command failed"),
    (["[2026-11-22 10:00:00,000] {x.py:1} CRITICAL - out of memory", "more"], "out of memory"),
    (["{x.py:1} ERROR - first", "{x.py:1} ERROR - last"], "last"),
    (["{x.py:1} ERROR - Task failed with exception"], ""),
    ([TRACEBACK, '  File "x.py", line 1', "KeyError: 'email'"], "KeyError: 'email'"),
    ([TRACEBACK, '  File "x.py", line 1', "", "    x", "KeyError"], "KeyError"),
    ([TRACEBACK, "A: 1", "During handling of the above …", TRACEBACK, "B: 2"], "B: 2"),
    ([TRACEBACK, '  File "x"', f"{RECORD} INFO - cut off"], ""),
    ([TRACEBACK, "A: 1", "{x.py:1} ERROR - and then"], "A: 1"),
    (["ValueError: no traceback before it"], ""),
    ([TRACEBACK, "E" * 300], "E" * 199 + "…"),
    ([f"{RECORD} ERROR - Failed to execute job 1", TRACEBACK, "E: the only report"], "E: the only report"),
]


@pytest.mark.parametrize(("lines", "reason"), REASONS)
def test_why_a_task_failed(lines, reason):
    assert read_log(lines, 5).reason == reason


# -- events (Airflow 3)


def test_a_failed_task_of_airflow_3():
    log = read_log(event_lines(EVENTS), 10)
    assert log.reason == "ValueError: user 7 has no email address"
    assert log.tail.splitlines() == [
        "/opt/airflow/logs/attempt=1.log",
        "[2026-11-22T21:35:06.3Z] INFO - reading 12 users",
        "[2026-11-22T21:35:06.4Z] ERROR - Task failed with exception",
        "Traceback (most recent call last):",
        "  … 2 frames of Airflow",
        '  File "/opt/airflow/dags/etl.py", line 13, in load',
        "ValueError: user 7 has no email address",
    ]


def test_events_of_several_lines():
    assert lines_of([{"event": "one\ntwo", "level": "info"}]) == ["INFO - one", "two"]


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        ({}, [""]),
        ({"event": None}, ["None"]),
        ({"event": 5}, ["5"]),
        ({"event": "x", "level": 3, "timestamp": 7}, ["[7] 3 - x"]),
        ("a line", ["a line"]),
        (None, ["None"]),
        ([1], ["[1]"]),
        ({"event": "x", "error_detail": 5}, ["x"]),
        ({"event": "x", "error_detail": "text"}, ["x"]),
        ({"event": "x", "error_detail": {"exc_type": "E"}}, ["x"]),
        ({"event": "x", "error_detail": [1, None]}, ["x"]),
        (
            {"event": "x", "error_detail": [{"exc_type": "E", "exc_value": ""}]},
            ["x", TRACEBACK, "E"],
        ),
        (
            {"event": "x", "error_detail": [{"exc_type": "E", "exc_value": "a\nb", "frames": 5}]},
            ["x", TRACEBACK, "E: a b"],
        ),
        (
            {"event": "x", "error_detail": [{"exc_type": "E", "frames": [1, {}]}]},
            ["x", TRACEBACK, '  File "None", line None, in None', "E"],
        ),
    ],
)
def test_events_of_any_shape(event, lines):
    assert lines_of([event]) == lines


def test_lines_of_json_and_others():
    found = list(events_of(['{"event": "x"}', "", "  ", "no json", '{"cut": ', "5"]))
    assert found == [{"event": "x"}, "no json", '{"cut": ', 5]


def test_events_survive_the_way():
    lines = [json.dumps(event) for event in EVENTS]
    assert read_log(event_lines(events_of(lines)), 10) == read_log(event_lines(EVENTS), 10)


# -- bounds


def test_long_lines_are_cut():
    tail = read_log(["x" * 100_000, "end"], 2).tail
    assert [len(line) for line in tail.splitlines()] == [1000, 3]


def test_the_tail_is_bounded():
    assert len(read_log(["x" * 1000] * 500, 500).tail) == 64 * 1024


def test_a_long_log_takes_no_memory():
    def lines() -> t.Iterator[str]:
        for number in range(8_000):
            yield f"[2026-11-22T10:00:00.0+0000] {{x.py:1}} INFO - line {number}"

    tracemalloc.start()
    read_log(lines(), 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000  # the text alone is four times as much
