# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import tracemalloc
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs import TaskLog
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_text import read_text
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tracebacks import CAUSE, CONTEXT

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


def test_a_failed_task():
    log = read_text(TEXT_LOG, 8)
    assert log.reason == "ValueError: user 7 has no email address"
    assert log.tail.splitlines() == [
        "[2026-11-22T21:37:32.446+0000] {logging_mixin.py:190} INFO - reading 12 users",
        "[2026-11-22T21:37:32.446+0000] {taskinstance.py:3337} ERROR - Task failed with exception",
        "Traceback (most recent call last):",
        "  … 3 frames of Airflow",
        '  File "/opt/airflow/dags/etl.py", line 13, in load',
        '    raise ValueError("user 7 has no email address")',
        "ValueError: user 7 has no email address",
    ]


def test_without_its_first_report_the_second_one_counts():
    log = read_text(TEXT_LOG[TEXT_LOG.index("ValueError: user 7 has no email address") + 1 :], 3)
    assert log.reason == "SomethingElse: that the second report says"
    assert "return code 1" in log.tail


def test_frames_of_other_packages_stay():
    frame = '  File "/venv/lib/python3.11/site-packages/pandas/core/frame.py", line 1, in x'
    lines = ["Traceback (most recent call last):", frame, "    df.explode()", "KeyError: 'email'"]
    assert read_text(lines, 10).tail.splitlines() == lines


def test_a_log_that_ends_in_airflows_frames_says_so():
    frame = '  File "/venv/lib/python3.12/site-packages/airflow/sdk/task_runner.py", line 5, in _run'
    assert read_text(["Traceback (most recent call last):", frame], 10).tail.splitlines()[-1] == (
        "  … 1 frames of Airflow"
    )


@pytest.mark.parametrize("keep", [1, 2, 5])
def test_the_tail_holds_the_last_lines_that_are_not_blank(keep):
    lines = [f"line {number}" for number in range(10)]
    with_blanks = [part for line in lines for part in (line, "", "   ")]
    assert read_text(with_blanks, keep).tail.splitlines() == lines[-keep:]


def test_the_last_line_of_a_short_tail_is_what_was_raised():
    assert read_text(TEXT_LOG, 1).tail == "ValueError: user 7 has no email address"


def test_an_empty_log():
    assert read_text([], 5) == ("", "")


@pytest.mark.parametrize("lines", [["one"], ["one", "two"], ["worker-1", "*** Found local files:", "one"]])
def test_only_the_name_of_a_host_is_left_out(lines):
    assert read_text(lines, 5).tail.splitlines() == lines[-1 if "***" in lines[-2:][0] else 0 :]


TRACEBACK = "Traceback (most recent call last):"
RECORD = "[2026-11-22T10:00:00.0+0000] {x.py:1}"
OWN = "[2026-11-22T10:00:00.0+0000] {taskinstance.py:1} ERROR - Task failed with exception"
FRAME = '  File "x.py", line 1'
TRIGGER = [
    "[2026-11-22T10:00:00.0+0000] {baseoperator.py:1814} ERROR - Trigger failed:",
    TRACEBACK,
    "",
    '  File "/venv/lib/python3.12/site-packages/airflow/jobs/triggerer_job_runner.py", line 558, in cleanup',
    "    result = details['task'].result()",
    "",
    "RuntimeError: job 17 failed",
    "",
]
TEMPLATE = "[2026-11-22T10:00:00.0+0000] {templater.py:94} ERROR - Failed to resolve template field 'sql'"
REASONS: list[tuple[list[str], str]] = [
    (["INFO - fine"], ""),
    ([f"{RECORD} ERROR - Bash command failed"], "Bash command failed"),
    (["[2026-11-22 10:00:00,000] {x.py:1} CRITICAL - out of memory", "more"], "out of memory more"),
    (["[2026-11-22, 10:00:00 UTC] {x.py:1} CRITICAL - out of memory"], "out of memory"),
    ([f"{RECORD} CRITICAL - ", "SIGSEGV (Segmentation Violation)"], "SIGSEGV (Segmentation Violation)"),
    (["{x.py:1} ERROR - first", "{x.py:1} ERROR - last"], "last"),
    (["{x.py:1} ERROR - Task failed with exception"], ""),
    ([TRACEBACK, FRAME, "KeyError: 'email'"], "KeyError: 'email'"),
    ([TRACEBACK, FRAME, "", "    x", "KeyError"], "KeyError"),
    ([TRACEBACK, "A: 1", "", CONTEXT, "", TRACEBACK, "B: 2"], "B: 2"),
    ([TRACEBACK, "A: 1", "", CAUSE, "", TRACEBACK, "B: 2"], "B: 2 (caused by A: 1)"),
    ([TRACEBACK, "a.b.A: 1", "", CAUSE, "", TRACEBACK, "c.B: 2: 1"], "B: 2: 1"),
    ([TRACEBACK, "A: 0", CAUSE, TRACEBACK, "B: 1", CAUSE, TRACEBACK, "C: 2"], "C: 2 (caused by B: 1)"),
    ([TRACEBACK, '  File "x"', f"{RECORD} INFO - cut off"], ""),
    ([TRACEBACK, "A: 1", "{x.py:1} ERROR - and then"], "A: 1"),
    (["ValueError: no traceback before it"], ""),
    ([TRACEBACK, "E" * 300], "E" * 199 + "…"),
    ([f"{RECORD} ERROR - Failed to execute job 1", TRACEBACK, "E: the only report"], "E: the only report"),
    # Of several lines, which may look like anything.
    ([OWN, TRACEBACK, FRAME, "E: a", "b", "", "  c", f"{RECORD} INFO - d"], "E: a b c"),
    (
        [OWN, TRACEBACK, "E: dbt said:", "[2026-11-22 10:00:00] fine", " ERROR - no table"],
        "E: dbt said: " + "[2026-11-22 10:00:00] fine ERROR - no table",
    ),
    (
        [OWN, TRACEBACK, "E: the worker said:", TRACEBACK, FRAME, "F: there"],
        f'E: the worker said: {TRACEBACK} File "x.py", line 1 F: there',
    ),
    (
        [OWN, TRACEBACK, "E: as a table:", "  | a | b |", "  +---+---+", "  +------", "  | 1 | 2 |"],
        "E: as a table: a | b | ---+---+ 1 | 2 |",
    ),
    ([OWN, TRACEBACK, "mod.f.<locals>.E: within a function"], "E: within a function"),
    ([OWN, TRACEBACK, "E: config.yml is missing"], "E: config.yml is missing"),
    ([OWN, TRACEBACK, "E: \x1b[31mred\x1b[0m and \x1b]8;;http://a\x07a link\x1b]8;;\x07"], "E: red and a link"),
    # An alert is not the reason, whatever it says, and wherever it stands.
    ([f"{RECORD} ERROR - Failed to send email to: a@b", TRACEBACK, "OSError: no server"], ""),
    ([f"{RECORD} ERROR - Error when executing on_failure_callback", TRACEBACK, "E: 1"], ""),
    ([f"{RECORD} ERROR - Error when executing tell callback", TRACEBACK, "E: 1"], ""),
    ([f"{RECORD} ERROR - Failed when executing execute callback", TRACEBACK, "E: 1"], ""),
    ([f"{RECORD} ERROR - Error in callback at index 0: tell", TRACEBACK, "E: 1"], ""),
    ([f"{RECORD} ERROR - error calling listener", TRACEBACK, "E: 1"], ""),
    ([OWN, TRACEBACK, "E: own", f"{RECORD} ERROR - my own alert failed", TRACEBACK, "F: later"], "E: own"),
    ([f"{RECORD} ERROR - row 3 is bad", TRACEBACK, "F: earlier", OWN, TRACEBACK, "E: own"], "E: own"),
    # The end of a process.
    (
        [f"{RECORD} INFO - Task exited with return code -9. For more information, see https://x"],
        "Task exited with return code -9 (SIGKILL)",
    ),
    ([f"{RECORD} INFO - Task exited with return code Negsignal.SIGKILL"], "Task exited with return code -9 (SIGKILL)"),
    ([f"{RECORD} INFO - Task exited with return code -15"], "Task exited with return code -15 (SIGTERM)"),
    ([f"{RECORD} INFO - Task exited with return code -99"], "Task exited with return code -99"),
    ([f"{RECORD} INFO - Task exited with return code Negsignal.SIGODD"], "Task exited with return code SIGODD"),
    ([f"{RECORD} INFO - Task exited with return code 7"], "Task exited with return code 7"),
    ([f"{RECORD} INFO - Task exited with return code 1"], "Task exited with return code 1"),
    ([f"{RECORD} INFO - Task exited with return code 0"], ""),
    ([f"{RECORD} ERROR - row 3 is bad", f"{RECORD} INFO - Task exited with return code 1"], "row 3 is bad"),
    (
        [f"{RECORD} ERROR - row 3 is bad", f"{RECORD} INFO - Task exited with return code 137"],
        "Task exited with return code 137",
    ),
    (
        [
            f"{RECORD} ERROR - Job 7 was killed before it finished (likely due to running out of memory)",
            f"{RECORD} INFO - Task exited with return code -9",
        ],
        "Job 7 was killed before it finished (likely due to running out of memory)",
    ),
    (
        [
            f"{RECORD} WARNING - State of this instance has been externally set to failed. Terminating instance.",
            f"{RECORD} ERROR - Received SIGTERM. Terminating subprocesses.",
        ],
        "State of this instance has been externally set to failed",
    ),
    ([f"{RECORD} ERROR - Task failed due to SystemExit(a", "b)"], "Task failed due to SystemExit(a b)"),
    # A command that failed: what it had printed last.
    (
        [
            "[2026-11-22T10:00:00.0+0000] {subprocess.py:1} INFO - no such table",
            "[2026-11-22T10:00:00.0+0000] {subprocess.py:1} INFO - Command exited with return code 2",
            OWN,
            TRACEBACK,
            "airflow.exceptions.AirflowException: Bash command failed. The command returned a non-zero exit code 2.",
        ],
        "AirflowException: Bash command failed. The command returned a non-zero exit code 2: no such table",
    ),
    (
        [
            "[2026-11-22T10:00:00.0+0000] {logging_mixin.py:1} INFO - no such table",
            OWN,
            TRACEBACK,
            f"subprocess.CalledProcessError: Command '['psql', '{'x' * 200}']' died with <Signals.SIGKILL: 9>.",
        ],
        f"CalledProcessError: Command '['psql', '{'x' * 29}…' died with <Signals.SIGKILL: 9>: no such table",
    ),
    # A trigger that failed (2.3 to 2.11), of which the task's own error says nothing.
    (
        [*TRIGGER, OWN, TRACEBACK, "airflow.exceptions.TaskDeferralError: Trigger failure"],
        "RuntimeError: job 17 failed",
    ),
    (
        [
            f"{RECORD} ERROR - Trigger etl/r/load/-1/1 (ID 5) exited with error job 17 failed",
            TRACEBACK,
            "RuntimeError: job 17 failed",
            f"{RECORD} ERROR - Trigger etl/r/load/-1/1 (ID 5) exited without sending an event. Dependent tasks will be "
            "failed.",
            OWN,
            TRACEBACK,
            "airflow.exceptions.TaskDeferralError: Trigger failure",
        ],
        "RuntimeError: job 17 failed",
    ),
    (
        [
            f"{RECORD} ERROR - Trigger a (ID 5) exited without sending an event. Dependent tasks will be failed.",
            OWN,
            TRACEBACK,
            "airflow.exceptions.TaskDeferralError: Trigger failure",
        ],
        "Trigger a (ID 5) exited without sending an event",
    ),
    ([OWN, TRACEBACK, "airflow.exceptions.TaskDeferralError: Trigger failure"], "TaskDeferralError: Trigger failure"),
    (
        [*TRIGGER, OWN, TRACEBACK, "airflow.exceptions.TaskDeferralError: Trigger/execution timeout"],
        "TaskDeferralError: Trigger/execution timeout",
    ),
    ([*TRIGGER, OWN, TRACEBACK, "E: own"], "E: own"),
    # While the file was read.
    ([TEMPLATE, TRACEBACK, "TemplateNotFound: other.sql"], ""),
    ([f"{RECORD} ERROR - Failed to get source 7", TRACEBACK, "E: 1"], "E: 1"),
    # With another log_format.
    (
        [
            "2026-11-22 10:00:00,123 ERROR Task failed with exception",
            TRACEBACK,
            "E: 1",
            "2026-11-22 10:00:01,123 INFO x",
        ],
        "E: 1",
    ),
    (["2026-11-22T10:00:00 [ERROR] Error in callback at index 0: x", TRACEBACK, "E: 1"], ""),
]


@pytest.mark.parametrize(("lines", "reason"), REASONS)
def test_why_a_task_failed(lines, reason):
    assert read_text(lines, 5).reason == reason


GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/opt/airflow/dags/etl.py", line 1, in load
  | ExceptionGroup: three checks failed (3 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: no rows
    | in orders
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/opt/airflow/dags/etl.py", line 2, in check
    | KeyError: 'price'
    |
    | During handling of the above exception, another exception occurred:
    |
    | Traceback (most recent call last):
    |   File "/opt/airflow/dags/etl.py", line 3, in check
    | my.own.Error: no price
    +---------------- 3 ----------------
    | Exception Group Traceback (most recent call last):
    |   File "/opt/airflow/dags/etl.py", line 4, in check
    | ExceptionGroup: inner (1 sub-exception)
    +-+---------------- 1 ----------------
      | OSError: [Errno 28] No space left on device
      +------------------------------------
""".splitlines()


def test_a_group_tells_its_leaves():
    assert read_text([OWN, *GROUP], 50).reason == (
        "ExceptionGroup: three checks failed (ValueError: no rows in orders; Error: no price; "
        "OSError: [Errno 28] No space left on device)"
    )


def test_a_group_as_the_cause():
    log = read_text([OWN, *GROUP, "", CAUSE, "", TRACEBACK, FRAME, "RuntimeError: stopped"], 50)
    assert log.reason.startswith("RuntimeError: stopped (caused by ExceptionGroup: three checks failed (ValueError: no")


def test_frames_of_airflow_in_a_group_are_summed_up():
    frames = [
        '  |   File "/venv/lib/python3.12/site-packages/airflow/models/taskinstance.py", line 1, in run',
        "  |     result = execute()",
        "  |              ^^^^^^^^^",
    ]
    lines = read_text([OWN, GROUP[0], *frames, *frames, *GROUP[1:]], 50).tail.splitlines()
    assert lines[2:4] == ["  |   … 2 frames of Airflow", GROUP[1]]


def test_a_large_group_is_told_in_bounds():
    leaves = [line for number in range(2, 2001) for line in (f"    +-------- {number} --------", f"    | E: {number}")]
    lines = [OWN, *GROUP[:3], "  +-+---------------- 1 ----------------", "    | E: 0", *leaves]
    assert read_text(lines, 5).reason.endswith("(E: 0; E: 2; E: 3; E: 4; and 96 more)")


CHATTER = [
    "{taskinstance.py:1} INFO - Dependencies all met for <TaskInstance>",
    "{taskinstance.py:1} INFO - Marking task as FAILED. dag_id=a",
    "{local_task_job.py:1} INFO - 0 downstream tasks scheduled from follow-on schedule check",
    "{standard_task_runner.py:1} INFO - Running: ['airflow', 'tasks']",
    "{dagbag.py:1} INFO - Filling up the DagBag from /opt/airflow/dags/etl.py",
    "{logging_mixin.py:1} WARNING - /a/b.py:70 DeprecationWarning: This process is multi-threaded",
    "{email.py:1} INFO - Email alerting: attempt 1",
    "{configuration.py:1} WARNING - section/key [smtp/smtp_user] not found in config",
    "{warnings.py:1} WARNING - /a/b.py:1: RemovedInAirflow3Warning: use the new one",
]


@pytest.mark.parametrize("text", CHATTER)
def test_what_airflow_says_of_itself_is_left_out(text):
    stamp = "[2026-11-22T10:00:00.0+0000]"
    lines = [f"{stamp} {{etl.py:1}} INFO - mine", f"{stamp} {text}", "  and its second line"]
    assert read_text(lines, 5).tail.splitlines() == lines[:1]
    # It is better than nothing.
    assert read_text(lines[1:], 5).tail.splitlines() == lines[1:]


@pytest.mark.parametrize(
    "text",
    [
        "{taskinstance.py:1} WARNING - something odd",
        "{etl.py:1} INFO - the DeprecationWarning is mine",
        "{etl.py:1} WARNING - UserWarning: look",
        "{subprocess.py:1} INFO - mine",
    ],
)
def test_the_rest_stays(text):
    line = f"[2026-11-22T10:00:00.0+0000] {text}"
    assert read_text([line, line], 5).tail.splitlines() == [line, line]


def test_an_alert_is_one_line_and_what_it_ended_in():
    alert = f"{RECORD} ERROR - Failed to send email to: a@b"
    own = [OWN, TRACEBACK, FRAME, "E: own"]
    lines = [*own, alert, *own[1:], "", CONTEXT, "", TRACEBACK, FRAME, "smtplib.Error: no server"]
    assert read_text(lines, 6) == TaskLog("\n".join([*own, alert, "Error: no server"]), "E: own")


@pytest.mark.parametrize(
    ("sources", "tail"),
    [
        (["*** Found local files:", "***   * /opt/airflow/logs/1.log"], ""),
        (["*** Reading local file: /opt/airflow/logs/1.log"], ""),
        (["*** Found logs in s3:", "***   * s3://logs/1.log"], ""),
        (["*** Could not read served logs: refused"], "The log cannot be read: Could not read served logs: refused"),
        (
            ["*** No logs found on s3 for ti=<TI>", "*** Could not read served logs: refused"],
            "The log cannot be read: No logs found on s3 for ti=<TI>; Could not read served logs: refused",
        ),
    ],
)
def test_a_log_without_a_line_tells_why(sources, tail):
    lines = ["worker-1", " INFO - ::group::Log message source details", *sources, " INFO - ::endgroup::", ""]
    assert read_text(lines, 5) == (tail, "")


def test_of_a_log_with_lines_the_sources_are_left_out():
    assert read_text(["*** Could not read served logs: refused", f"{RECORD} INFO - mine"], 5).tail == (
        f"{RECORD} INFO - mine"
    )


def test_stars_of_the_task_itself_stay():
    lines = [f"{RECORD} INFO - the plan:", "*** first the orders"]
    assert read_text(lines, 5).tail.splitlines() == lines


# -- bounds


def test_long_lines_are_cut():
    tail = read_text(["x" * 100_000, "end"], 2).tail
    assert [len(line) for line in tail.splitlines()] == [1000, 3]


def test_the_tail_is_bounded():
    assert len(read_text(["x" * 1000] * 500, 500).tail) == 64 * 1024


def numbered(start: str) -> t.Iterator[str]:
    yield from ([OWN, *GROUP[:5]] if start == "  | " else [OWN, TRACEBACK, "E: 1"] if not start else [])
    for number in range(8_000):
        yield f"{start}line {number} of a log that is longer than anybody wants to read it all"


@pytest.mark.parametrize("start", [f"{RECORD} INFO - ", "", "  | ", f"{RECORD} ERROR - "])
def test_a_long_log_takes_no_memory(start):
    tracemalloc.start()
    read_text(numbered(start), 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000  # the text alone is three times as much
