# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_events import (
    events_of,
    lines_of,
    read_events,
)

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


TRACEBACK = "Traceback (most recent call last):"
CAUSE = {"exc_type": "KeyError", "exc_value": "'email'", "frames": []}


def failure(*problems: t.Any, **keys: t.Any) -> dict[str, t.Any]:
    """What the runner of tasks logs."""
    found = {"event": "Task failed with exception", "level": "error", "logger": "task", "error_detail": list(problems)}
    return {**found, **keys}


def error(text: str, **keys: t.Any) -> dict[str, t.Any]:
    return {"event": text, "level": "error", "logger": "task", **keys}


def raised(kind: str, value: str, **keys: t.Any) -> dict[str, t.Any]:
    return {"exc_type": kind, "exc_value": value, "frames": [], **keys}


def test_a_failed_task():
    log = read_events(EVENTS, 10)
    assert log.reason == "ValueError: user 7 has no email address"
    assert log.tail.splitlines() == [
        "[2026-11-22T21:35:06.3Z] INFO - reading 12 users",
        "[2026-11-22T21:35:06.4Z] ERROR - Task failed with exception",
        TRACEBACK,
        "  … 2 frames of Airflow",
        '  File "/opt/airflow/dags/etl.py", line 13, in load',
        "ValueError: user 7 has no email address",
    ]


@pytest.mark.parametrize(
    ("is_cause", "link", "reason"),
    [
        (
            True,
            "The above exception was the direct cause of the following exception:",
            "ValueError: user 7 has no email address (caused by KeyError: 'email')",
        ),
        (
            False,
            "During handling of the above exception, another exception occurred:",
            "ValueError: user 7 has no email address",
        ),
    ],
)
def test_the_exception_that_ended_the_task_comes_last(is_cause, link, reason):
    """Airflow 3 lists it first, and its cause after it."""
    log = read_events([failure({**DETAIL, "frames": []}, {**CAUSE, "is_cause": is_cause})], 10)
    assert log.reason == reason
    assert log.tail.splitlines()[1:] == [
        TRACEBACK,
        "KeyError: 'email'",
        link,
        TRACEBACK,
        "ValueError: user 7 has no email address",
    ]


GROUP = raised(
    "ExceptionGroup",
    "two checks failed (2 sub-exceptions)",
    is_group=True,
    exceptions=[
        [raised("ValueError", "no rows\nin orders"), raised("KeyError", "1")],
        [raised("ExceptionGroup", "inner (1 sub-exception)", exceptions=[[raised("OSError", "no space")]])],
        [],
        5,
    ],
)
TRIGGER = error(
    f"Trigger failed:\n{TRACEBACK}\n\n"
    '  File "/venv/lib/python3.12/site-packages/airflow/jobs/triggerer_job_runner.py", line 963, in cleanup\n'
    "    result = details['task'].result()\n\nRuntimeError: job 17 failed\n",
    logger="airflow.task.operators.dags.etl.Waits",
)
PARSES = {"event": "Filling up the DagBag from /dags/etl.py", "level": "info", "logger": "airflow.models.dagbag.DagBag"}
PARSED = {"event": "Worker startup parse complete", "level": "info", "logger": "task"}
TEMPLATE = error(
    "Failed to resolve template field 'sql'",
    logger="airflow.sdk.definitions._internal.templater",
    error_detail=[raised("TemplateNotFound", "other.sql")],
)
REASONS: list[tuple[list[t.Any], str]] = [
    ([failure(raised("E", "a\nb"))], "E: a b"),
    ([failure(raised("E", ""))], "E"),
    ([failure(raised("E", "row 7", exc_notes=["of orders.csv", "from\nsftp"]))], "E: row 7 of orders.csv from sftp"),
    ([failure(raised("E", "\x1b[31mred\x1b[0m"))], "E: red"),
    ([failure(GROUP)], "ExceptionGroup: two checks failed (ValueError: no rows in orders; OSError: no space)"),
    (
        [failure(raised("E", "1"), {**GROUP, "is_cause": True})],
        "E: 1 (caused by ExceptionGroup: two checks failed (ValueError: no rows in orders; OSError: no space))",
    ),
    ([failure(raised("E", "got 404"), raised("F", "404", is_cause=True))], "E: got 404"),
    # Whatever is logged before and after it.
    ([error("row 3", error_detail=[raised("F", "1")]), failure(raised("E", "own")), error("later")], "E: own"),
    ([failure(raised("E", "own")), error("x", logger="dags.etl", error_detail=[raised("F", "1")])], "E: own"),
    ([failure(raised("E", "own")), error("Task killed!")], "E: own"),
    # Somebody else's event of this name, or the task's own print (3.0).
    ([failure(raised("F", "not own"), logger="dags.etl"), failure(raised("E", "own"))], "E: own"),
    ([failure(raised("E", "own")), failure(raised("F", "not own"), logger="dags.etl")], "E: own"),
    ([failure(raised("E", "own")), failure(chan="stdout")], "E: own"),
    # Alerts are not the reason.
    ([error("Failed to run task callback", error_detail=[raised("F", "1")])], ""),
    ([error("Failed to send email notification via %s", error_detail=[raised("F", "1")])], ""),
    ([error("Failed to send notification (sync): no connection", logger="x.SmtpNotifier")], ""),
    ([error("error calling listener", error_detail=[raised("F", "1")])], ""),
    ([error("Failed to upload remote logs", error_detail=[raised("F", "1")])], ""),
    # The end of a process.
    ([error("Task exited", exit_code="config.yml is missing")], "Task exited: config.yml is missing"),
    ([error("Task exited", exit_code="two\nlines")], "Task exited: two lines"),
    ([error("Task exited", exit_code=3)], "Task exited with code 3"),
    ([error("Task exited", exit_code=None)], "Task exited"),
    ([error("Task exited")], "Task exited"),
    ([error("Task exited", exit_code=3), error("Failed to run task callback")], "Task exited with code 3"),
    (
        [{**error("Process exited abnormally", exit_code=7), "level": "warning"}],
        "Process exited abnormally (exit_code=7)",
    ),
    (
        [
            error(
                "Process terminated by signal. Likely out of memory error (OOM). For more information, see x", signal=-9
            )
        ],
        "Process terminated by signal. Likely out of memory error (OOM) (signal=-9)",
    ),
    (
        [
            error("row 3 is bad", logger="dags.etl"),
            error(
                "Server indicated the task shouldn't be running anymore. Terminating process",
                detail={"reason": "not_running", "current_state": "failed"},
            ),
            error("Task killed!"),
        ],
        "Server indicated the task shouldn't be running anymore (current_state=failed)",
    ),
    (
        [
            error("Failed to import: a.py", logger="dagbag", error_detail=[raised("ImportError", "no orders")]),
            error("Dag not found during start up", path="a.py"),
        ],
        "ImportError: no orders",
    ),
    ([error("Dag not found during start up", path="a.py")], "Dag not found during start up (path=a.py)"),
    (
        [error("DagRun finished with failed state.", dag_id="x", state="failed")],
        "DagRun finished with failed state. (state=failed)",
    ),
    # A trigger that failed, of which the task's own error says nothing.
    ([TRIGGER, failure(raised("TaskDeferralError", "Trigger failure"))], "RuntimeError: job 17 failed"),
    (
        [
            error(
                "Trigger etl/r/load/-1/1 (ID 5) exited with error job 17 failed",
                logger="airflow.jobs.triggerer_job_runner",
                error_detail=[raised("RuntimeError", "job 17 failed")],
            ),
            error("Trigger exited without sending an event. Dependent tasks will be failed.", logger="a", name="x"),
            failure(raised("TaskDeferralError", "Trigger failure")),
        ],
        "RuntimeError: job 17 failed",
    ),
    (
        [
            error("Trigger exited without sending an event. Dependent tasks will be failed.", logger="a", name="x"),
            failure(raised("TaskDeferralError", "Trigger failure")),
        ],
        "Trigger exited without sending an event",
    ),
    (
        [
            {
                "event": "Trigger etl/r/load/-1/1 (ID 5) exited with error job 17 failed",
                "level": "error",
                "error_detail": [raised("RuntimeError", "job 17 failed")],
            },
            failure(raised("TaskDeferralError", "Trigger failure")),
        ],
        "RuntimeError: job 17 failed",
    ),
    ([failure(raised("TaskDeferralError", "Trigger failure"))], "TaskDeferralError: Trigger failure"),
    ([TRIGGER, failure(raised("TaskDeferralTimeout", "Trigger timeout"))], "TaskDeferralTimeout: Trigger timeout"),
    ([TRIGGER, failure(raised("E", "own"))], "E: own"),
    ([TRIGGER], "RuntimeError: job 17 failed"),
    # While the file was read.
    ([PARSES, TEMPLATE], ""),
    ([{**TEMPLATE, "logger": "dags.etl"}], "TemplateNotFound: other.sql"),
    ([PARSES, error("no orders", logger="mine"), PARSED], ""),
    (
        [
            PARSES,
            error("no orders", logger="mine", error_detail=[raised("E", "1")]),
            {**PARSED, "event": "Dag file parsed"},
        ],
        "",
    ),
    ([PARSES, PARSED, error("no orders", logger="mine")], "no orders"),
    ([error("before it was resumed", logger="mine"), PARSES, error("x", logger="m"), PARSED], "before it was resumed"),
    ([PARSES, PARSED, failure(raised("TemplateNotFound", "own.sql"))], "TemplateNotFound: own.sql"),
    # What was logged, for want of anything better.
    ([error("the load failed", logger="mine", rows=12, file="a\nb")], "the load failed (rows=12, file=a b)"),
    ([error("first", logger="a"), {**error("fine", logger="a"), "level": "info"}], "first"),
    ([error("x", logger="a", error_detail=[raised("E", "1")]), error("later", logger="a")], "E: 1"),
    # Lines of text in the log of Airflow 3, such as those of a task that ran before an upgrade.
    (["{taskinstance.py:1} ERROR - Task failed with exception", TRACEBACK, "E: 1"], "E: 1"),
    ([{"event": "{x.py:1} ERROR - Task failed with exception"}, {"event": f"{TRACEBACK}\nE: 1\nx"}], "E: 1 x"),
    (
        [
            {"event": "no such table", "level": "info", "logger": "airflow.task.hooks.x.SubprocessHook"},
            {
                "event": "Command exited with return code 2",
                "level": "info",
                "logger": "airflow.task.hooks.x.SubprocessHook",
            },
            failure(raised("E", "The command returned a non-zero exit code 2.")),
        ],
        "E: The command returned a non-zero exit code 2: no such table",
    ),
    (
        [
            {"event": "no such table", "level": "error", "logger": "task", "chan": "stderr"},
            failure(raised("CalledProcessError", "Command 'psql' returned non-zero exit status 4.")),
        ],
        "CalledProcessError: Command 'psql' returned non-zero exit status 4: no such table",
    ),
]


@pytest.mark.parametrize(("events", "reason"), REASONS)
def test_why_a_task_failed(events, reason):
    assert read_events(events, 5).reason == reason


def test_a_group_is_told_as_python_does():
    assert read_events([failure(GROUP)], 50).tail.splitlines()[1:] == [
        "Exception Group Traceback (most recent call last):",
        "ExceptionGroup: two checks failed (2 sub-exceptions)",
        "  +---------------- 1 ----------------",
        "  | KeyError: 1",
        "  | During handling of the above exception, another exception occurred:",
        "  | ValueError: no rows",
        "  | in orders",
        "  +---------------- 2 ----------------",
        "  | Exception Group Traceback (most recent call last):",
        "  | ExceptionGroup: inner (1 sub-exception)",
        "  |   +---------------- 1 ----------------",
        "  |   | OSError: no space",
    ]


def test_a_deep_group_is_told_in_bounds():
    group = raised("E", "leaf")
    for _level in range(200):
        group = raised("G", "group (1 sub-exception)", exceptions=[[group]])
    log = read_events([failure(group)], 500)
    assert log.reason == "G: group (1 sub-exception)"
    assert len(log.tail.splitlines()) < 100


CHATTER: list[dict[str, t.Any]] = [
    {"event": "DAG bundles loaded: dags-folder", "level": "info", "logger": "airflow.dag_processing.bundles.manager"},
    {"event": "Filling up the DagBag", "level": "info", "logger": "airflow.models.dagbag.DagBag"},
    {"event": "Worker startup parse complete", "level": "info", "logger": "task"},
    {"event": "Pushing xcom", "level": "info", "logger": "task", "ti": "x"},
    {"event": "Stats instance was created", "level": "info", "logger": "airflow.stats"},
    {"event": "Setting email is deprecated", "level": "warning", "logger": "py.warnings", "category": "UserWarning"},
    {"event": "use the new one", "level": "warning", "logger": "py.warnings", "category": "DeprecationWarning"},
    {"event": "a.py:1 DeprecatedImportWarning: use the new one\n  from a import b", "level": "warning", "logger": "x"},
]


@pytest.mark.parametrize("event", CHATTER)
def test_what_airflow_says_of_itself_is_left_out(event):
    mine = {"event": "mine", "level": "info", "logger": "task.stdout"}
    assert read_events([mine, event], 5).tail == "INFO - mine"
    # It is better than nothing.
    assert read_events([event], 5).tail == "\n".join(lines_of(event))


@pytest.mark.parametrize(
    "event",
    [
        {"event": "mine", "level": "info", "logger": "task", "chan": "stdout"},
        {"event": "mine", "level": "warning", "logger": "task"},
        {"event": "mine", "level": "info", "logger": "dags.etl"},
        {"event": "UserWarning: look", "level": "warning", "logger": "py.warnings", "category": "UserWarning"},
    ],
)
def test_the_rest_stays(event):
    assert read_events([event], 5).tail == "\n".join(lines_of(event))


def test_an_alert_is_one_line_and_what_it_ended_in():
    alert = error("Failed to run task callback", kind="on_failure_callback", error_detail=[DETAIL, CAUSE])
    assert read_events([failure(raised("E", "own")), alert], 5).tail.splitlines() == [
        "ERROR - Task failed with exception",
        TRACEBACK,
        "E: own",
        "ERROR - Failed to run task callback kind=on_failure_callback",
        "ValueError: user 7 has no email address",
    ]


STATUS = raised("CalledProcessError", "Command 'psql' returned non-zero exit status 4.")


def printed(text: str) -> dict[str, t.Any]:
    return {"event": text, "level": "error", "logger": "task.stderr"}


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([failure(STATUS), printed("one"), printed("two"), printed(" ")], ": two"),
        ([printed("one"), failure(STATUS), printed("two")], ": one"),
        ([failure(STATUS), error("Failed to run task callback"), printed("two")], "."),
        ([failure(STATUS)], "."),
    ],
)
def test_what_a_command_has_printed_may_come_late(events, said):
    """Output and events come by different ways; once the callbacks run it may be theirs."""
    assert read_events(events, 5).reason == f"CalledProcessError: Command 'psql' returned non-zero exit status 4{said}"


def test_output_after_another_failure_is_no_part_of_it():
    assert read_events([failure(raised("E", "own")), printed("late")], 5).reason == "E: own"


def test_what_goes_wrong_after_the_task_has_failed_is_one_line():
    """Airflow 3.1 cannot send a mail."""
    later = error("Top level error", error_detail=[raised("OSError", "no server"), CAUSE])
    log = read_events([failure(raised("E", "own")), later], 5)
    assert log.tail.splitlines()[-2:] == ["ERROR - Top level error", "OSError: no server"]
    assert log.reason == "E: own"
    assert read_events([later], 5).reason == "OSError: no server"


START, END = {"event": "::group::Log message source details"}, {"event": "::endgroup::"}


@pytest.mark.parametrize(
    ("events", "tail"),
    [
        ([{**START, "sources": ["/opt/airflow/logs/1.log"]}, END], ""),
        ([START, {"event": "/opt/airflow/logs/1.log"}, END], ""),
        ([START, {"event": "s3://logs/1.log"}, END], ""),
        (
            [{**START, "sources": ["Could not read served logs: no"]}, END],
            "The log cannot be read: Could not read served logs: no",
        ),
        (
            [START, {"event": "Could not read served logs: no"}, END],
            "The log cannot be read: Could not read served logs: no",
        ),
        ([START, {"event": "Could not read served logs: no"}, END, "mine"], "mine"),
        ([{**START, "sources": 5}, END], ""),
        ([START, {"event": "/opt/airflow/logs/1.log"}, {"event": "mine", "level": "info"}], "INFO - mine"),
    ],
)
def test_where_airflow_looked_for_the_log(events, tail):
    assert read_events(events, 5).tail == tail


def test_events_of_several_lines():
    assert list(lines_of({"event": "one\ntwo", "level": "info", "rows": 2})) == ["INFO - one", "two"]


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        ({}, [""]),
        ({"event": None}, ["None"]),
        ({"event": 5}, ["5"]),
        ({"event": "x", "level": 3, "timestamp": 7}, ["[7] 3 - x"]),
        (
            {"event": "x", "rows": 12, "file": "a\nb", "none": None, "deep": {"a": [1]}},
            ['x rows=12 file=a b deep={"a": [1]}'],
        ),
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
            ["x", TRACEBACK, "E: a", "b"],
        ),
        (
            {"event": "x", "error_detail": [{"exc_type": "E", "frames": [1, {}]}]},
            ["x", TRACEBACK, '  File "None", line None, in None', "E"],
        ),
    ],
)
def test_events_of_any_shape(event, lines):
    assert list(lines_of(event)) == lines


def test_lines_of_json_and_others():
    found = list(events_of(['{"event": "x"}', "", "  ", "no json", '{"cut": ', "5"]))
    assert found == [{"event": "x"}, "no json", '{"cut": ', 5]


@pytest.mark.parametrize(("event", "tail"), [("a line", "a line"), (None, "None"), ([1], "[1]")])
def test_events_that_are_none(event, tail):
    assert read_events([event], 5).tail == tail


def test_events_survive_the_way():
    lines = [json.dumps(event) for event in EVENTS]
    assert read_events(events_of(lines), 10) == read_events(EVENTS, 10)


def test_colours_hide_no_secret():
    event = failure(raised("E", "pass\x1b[31mword"), key="pass\x1b[0mword")
    log = read_events(
        [event], 5, lambda text: text.replace("\x1b[31m", "").replace("\x1b[0m", "").replace("password", "*")
    )
    assert log.reason == "E: *"
    assert "word" not in log.tail


def test_frames_of_airflow_in_a_text_are_summed_up():
    assert read_events([TRIGGER], 9).tail.splitlines()[1:] == [
        TRACEBACK,
        "  … 1 frames of Airflow",
        "RuntimeError: job 17 failed",
    ]
