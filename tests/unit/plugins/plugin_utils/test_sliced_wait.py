# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._work.report import (
    HAD_FAILED,
    LAST_ANSWER,
    duration,
    waited,
)
from ansible_collections.dagops.airflow.plugins.plugin_utils._sliced_wait import SlicedWait, is_wait

Calls = t.List[t.Dict[str, t.Any]]


class Module:
    """Stands in for the module: a run that is queued, runs and ends at given seconds, and calls that take time."""

    def __init__(self, clock, starts=0.0, ends=100.0, outcome="success", each_call=0.0, reason=""):
        self.clock = clock
        self.began = clock.now()
        self.starts, self.ends, self.outcome = starts, ends, outcome
        self.each_call = each_call
        self.reason = reason
        self.calls: Calls = []

    def __call__(self, args):
        self.calls.append(dict(args))
        self.clock.sleep(self.each_call)
        found = len(self.calls) > 1
        if found and self.now() >= self.ends and self.outcome == "failed":
            return self.failure(f"DAG run a / b {HAD_FAILED}: 1 of 2 tasks failed: x. http://a")
        if "queued_timeout" in args and self.now() + float(args["queued_timeout"]) < self.starts:
            self.clock.sleep(float(args["queued_timeout"]))
            return self.time_out(float(args["queued_timeout"]), "queued_timeout")
        until = self.now() + args["wait_timeout"]
        if self.ends <= until:
            self.clock.sleep(max(0.0, self.ends - self.now()))
            if self.outcome == "failed":
                return self.failure(
                    f"DAG run a / b failed after {duration(self.ends - self.starts)}: 1 of 2 tasks failed"
                )
            return {"changed": not found, **self.so_far()}
        self.clock.sleep(args["wait_timeout"])
        return self.time_out(args["wait_timeout"], "wait_timeout")

    def now(self):
        return self.clock.now() - self.began

    def so_far(self):
        state = "queued" if self.now() < self.starts else "running" if self.now() < self.ends else self.outcome
        return {
            "dag_run": {"dag_id": "a", "dag_run_id": "masked ******", "state": state},
            "task_counts": {"success": 1, "running": 1} if state == "running" else {"no_status": 2},
            "failed_tasks": [],
            "elapsed": max(0.0, self.now() - self.starts),
            "diff": {"before": {}, "after": {"made": True}} if len(self.calls) == 1 else {},
            "warnings": ["The credentials travel unencrypted."],
            "invocation": {"module_args": dict(self.calls[-1])},
        }

    def failure(self, msg):
        told = {"msg": msg, "exception": f"Module failed: {msg}"}
        return {"failed": True, "changed": len(self.calls) == 1, **told, **self.so_far()}

    def time_out(self, seconds, option):
        msg = f"DAG run a / b is still {self.so_far()['dag_run']['state']} {waited(seconds, option)}: because. http://a"
        return {**self.failure(msg), "timed_out": True, "reason": self.reason}


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def wait(clock, lines):
    def wait(module, **args):
        return SlicedWait({"dag_id": "etl", **args}, module, lines.append, "ops1", clock).run()

    return wait


def test_a_short_run_is_one_call(clock, wait, lines):
    module = Module(clock, ends=20)
    result = wait(module, conf={"n": 1})
    assert len(module.calls) == 1
    assert result["changed"] is True
    assert module.calls[0]["conf"] == {"n": 1}
    assert len(lines) == 1


def test_the_id_is_chosen_before_the_first_call_and_used_in_all(clock, wait, lines):
    module = Module(clock, ends=100)
    wait(module)
    ids = {call["dag_run_id"] for call in module.calls}
    assert len(ids) == 1
    assert next(iter(ids)).endswith("__5f3ac0de")
    assert len(module.calls) > 2
    assert all(next(iter(ids)) in line for line in lines)


@pytest.mark.parametrize("named", [{"dag_run_id": "release-1"}, {"logical_date": "2026-11-22T00:00:00Z"}])
def test_a_run_that_is_named_keeps_its_name(clock, wait, named, lines):
    module = Module(clock, ends=70)
    wait(module, **named)
    key, value = next(iter(named.items()))
    assert [call[key] for call in module.calls] == [value] * 3
    assert {"dag_run_id", "logical_date"} & set(module.calls[0]) == {key}
    assert lines[0] == f"ops1: etl / {value}: triggering, then waiting up to 1h00m"


def test_what_makes_the_run_goes_with_the_first_call_only(clock, wait):
    module = Module(clock, ends=100)
    made = {"conf": {"a": 1}, "note": "n", "run_after": "2026-11-22T00:00:00Z"}
    wait(module, state="cleared", only_failed=False, dag_run_id="r", when_paused="unpause", log_lines=5, **made)
    first, *others = module.calls
    assert {key: first[key] for key in made} == made
    assert (first["state"], first["when_paused"], first["only_failed"]) == ("cleared", "unpause", False)
    for call in others:
        assert not set(made) & set(call)
        assert "only_failed" not in call
        assert (call["state"], call["when_paused"], call["dag_run_id"], call["log_lines"]) == (
            "awaited",
            "trigger",
            "r",
            5,
        )


def test_secrets_go_with_each_call(clock, wait):
    """What the run says of them in the end would be shown by a call that does not know them."""
    module = Module(clock, ends=100)
    wait(module, secret_conf={"password": "hunter2-secret"})
    assert len(module.calls) > 2
    assert [call["secret_conf"] for call in module.calls] == [{"password": "hunter2-secret"}] * len(module.calls)


def test_nought_is_a_name(clock, wait, lines):
    module = Module(clock, ends=20)
    wait(module, dag_run_id=0)
    assert module.calls[0]["dag_run_id"] == 0
    assert lines == ["ops1: etl / 0: triggering, then waiting up to 1h00m"]


def test_a_line_does_not_steer_the_terminal(clock, wait, lines):
    wait(Module(clock, ends=20), dag_run_id="r\x1b[31m\nok: [localhost]")
    assert lines == ["ops1: etl / r ok: [localhost]: triggering, then waiting up to 1h00m"]


def test_numbers_that_were_masked_are_left_out(clock, wait, lines):
    module = Module(clock, ends=70)
    so_far = module.so_far
    module.so_far = lambda: {**so_far(), "elapsed": "*" * 8, "task_counts": {"success": 3, "failed": "*" * 8}}
    assert not wait(module, dag_run_id="r").get("failed")
    assert lines[1] == "ops1: etl / r running: 3 of 3 tasks done"


@pytest.mark.parametrize(
    ("state", "words"),
    [("triggered", "triggering, then waiting"), ("cleared", "clearing, then waiting"), ("awaited", "waiting")],
)
def test_the_first_line_says_how_it_begins(clock, wait, lines, state, words):
    wait(Module(clock, ends=20), state=state, dag_run_id="r")
    assert lines == [f"ops1: etl / r: {words} up to 1h00m"]


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("its DAG is paused: unpause the DAG", "; its DAG is paused: unpause the DAG"),
        ("task load is running", ""),
        ("", ""),
    ],
)
def test_a_line_says_what_holds_the_run_up(clock, wait, lines, reason, end):
    wait(Module(clock, ends=50, reason=reason), dag_run_id="r")
    assert lines[1] == f"ops1: etl / r running 30s: 1 of 2 tasks done, 1 running{end}"


def test_slices_grow_with_the_age_of_the_run(clock, wait):
    module = Module(clock, ends=4000)
    wait(module, wait_timeout=7200)
    seconds = [call["wait_timeout"] for call in module.calls]
    assert seconds[0] == 30
    assert min(seconds) == 30
    assert max(seconds) == 120
    assert seconds == sorted(seconds)


def test_calls_cost_less_than_5_percent_of_a_wait(clock, wait):
    module = Module(clock, ends=3000, each_call=1.0)
    wait(module)
    assert len(module.calls) * module.each_call < 0.05 * 3000


def test_lines_come_when_something_has_changed(clock, wait, lines):
    module = Module(clock, starts=45, ends=200)
    wait(module)
    name = "ops1: etl / ansible__20261122T101500Z__5f3ac0de"
    assert lines == [
        f"{name}: triggering, then waiting up to 1h00m",
        f"{name} queued: 0 of 2 tasks done",
        f"{name} running 15s: 1 of 2 tasks done, 1 running",
    ]


def test_a_long_silence_is_broken(clock, wait, lines):
    module = Module(clock, ends=3000)
    wait(module)
    assert 3000 / 600 < len(lines) < 3000 / 300 + 2


def test_failed_tasks_are_named(clock, wait, lines):
    module = Module(clock, ends=50)
    so_far = module.so_far
    names = ["load", "mail", "copy", "print"]
    module.so_far = lambda: {
        **so_far(),
        "task_counts": {"failed": 4, "upstream_failed": 1, "success": 2, "skipped": 1, "removed": 1, "running": 2},
        "failed_tasks": [
            *({"task_id": name, "state": "failed"} for name in names),
            {"task_id": "z", "state": "upstream_failed"},
        ],
    }
    wait(module)
    assert lines[1].endswith("running 30s: 9 of 11 tasks done, 2 running, 4 failed (load, mail, copy, …)")


def test_a_time_out_is_that_of_the_whole_wait(clock, wait):
    module = Module(clock, ends=1000)
    result = wait(module, wait_timeout="100", cancel_on_timeout=True)
    assert clock.now() - module.began == 100
    assert result["msg"] == "DAG run a / b is still running after 1m40s (wait_timeout): because. http://a"
    assert result["timed_out"] is True
    assert result["changed"] is True
    assert [call.get("cancel_on_timeout") for call in module.calls] == [None, None, True]
    assert [call["wait_timeout"] for call in module.calls] == [30, 30, 40]
    assert result["invocation"]["module_args"]["wait_timeout"] == "100"
    assert result["diff"]["after"] == {"made": True}
    assert result["warnings"] == ["The credentials travel unencrypted."]


def test_a_run_that_stays_queued(clock, wait):
    module = Module(clock, starts=500, ends=1000)
    result = wait(module, queued_timeout=45, cancel_on_timeout="yes")
    assert clock.now() - module.began == 45
    assert result["msg"] == "DAG run a / b is still queued after 45s (queued_timeout): because. http://a"
    # To cancel it takes a call of its own.
    assert [call["wait_timeout"] for call in module.calls] == [30, 15, 3555]
    assert [call.get("queued_timeout") for call in module.calls] == [None, None, 0]
    assert [call.get("cancel_on_timeout") for call in module.calls] == [None, None, "yes"]


@pytest.mark.parametrize("seconds", [0, 20, 45])
def test_a_run_that_was_queued_for_too_long_gets_no_second_chance(clock, wait, seconds):
    """It starts a moment later: the result must not depend on the lines of progress."""
    module = Module(clock, starts=seconds + 0.5, ends=1000, each_call=0.0)
    result = wait(module, queued_timeout=seconds)
    assert clock.now() - module.began == seconds
    assert result["msg"] == f"DAG run a / b is still queued after {seconds}s (queued_timeout): because. http://a"
    assert result["timed_out"] is True
    assert not any("queued_timeout" in call for call in module.calls)


def test_a_run_of_which_nothing_was_heard_is_looked_at_once_more(clock, wait):
    module = Module(clock, starts=45, ends=100, reason=f"{LAST_ANSWER}. Nothing listens")
    result = wait(module, queued_timeout=45)
    assert not result.get("failed")


def test_a_run_that_is_deleted_between_two_calls(clock, wait):
    first = Module(clock, ends=100)({"wait_timeout": 30})
    answers = [first, {"failed": True, "msg": "DAG etl has no run r1; check dag_run_id and logical_date."}]
    result = wait(lambda args: answers.pop(0), dag_run_id="r1")
    assert result["msg"] == "DAG run etl / r1 was deleted while it was waited for."
    assert result["dag_run"] == first["dag_run"]


def test_a_run_that_starts_just_when_it_should_have(clock, wait):
    module = Module(clock, starts=45, ends=60)
    result = wait(module, queued_timeout=45)
    assert not result.get("failed")
    assert clock.now() - module.began == 60


def test_a_run_that_has_started_is_not_held_to_queued_timeout(clock, wait):
    module = Module(clock, starts=20, ends=300)
    result = wait(module, queued_timeout=40)
    assert not result.get("failed")
    assert not any("queued_timeout" in call for call in module.calls)


def test_a_queued_timeout_beyond_the_wait_is_none(clock, wait):
    module = Module(clock, starts=500, ends=1000)
    result = wait(module, wait_timeout=60, queued_timeout=100)
    assert "(wait_timeout)" in result["msg"]
    assert "after 1m00s" in result["msg"]


def test_a_run_that_fails_in_a_slice(clock, wait):
    module = Module(clock, ends=95, outcome="failed")
    result = wait(module)
    assert result["msg"] == "DAG run a / b failed after 1m35s: 1 of 2 tasks failed"
    assert result["msg"] in result["exception"]
    assert result["changed"] is True


def test_a_run_that_fails_between_two_slices_was_not_there_before(clock, wait):
    module = Module(clock, ends=30.5, outcome="failed", each_call=1.0)
    result = wait(module)
    assert len(module.calls) == 1  # it ended within the first
    module = Module(clock, ends=31.5, outcome="failed", each_call=1.0)
    result = wait(module)
    assert len(module.calls) == 2
    assert result["msg"] == "DAG run a / b failed after 32s: 1 of 2 tasks failed: x. http://a"
    # ansible-core 2.19 and newer would print it.
    assert "exception" not in result


def test_a_run_that_was_there_and_had_failed_keeps_its_message(clock, wait):
    msg = f"DAG run a / b {HAD_FAILED}: x. http://a"
    result = wait(lambda args: {"failed": True, "msg": msg}, dag_run_id="r")
    assert result["msg"] == msg


def test_a_failure_of_a_later_call_carries_the_run(clock, wait):
    module = Module(clock, ends=100)
    first = module({"wait_timeout": 30})
    answers = [first, {"failed": True, "changed": False, "msg": "Nothing listens."}]
    result = wait(lambda args: answers.pop(0))
    assert result["msg"] == "Nothing listens."
    assert result["dag_run"] == first["dag_run"]
    assert result["changed"] is True


def test_an_outage_before_the_last_look_is_a_time_out(clock, wait):
    """A call of its own would have timed out: it would have known the run before."""
    module = Module(clock, ends=1000)

    def silent_after_30_seconds(args):
        if not module.calls:
            return module(args)
        module.calls.append(dict(args))
        clock.sleep(float(args["retry_timeout"]))
        return {"failed": True, "changed": False, "msg": "Nothing listens."}

    result = wait(silent_after_30_seconds, wait_timeout=60, retry_timeout=600)
    assert clock.now() - module.began == 60
    assert [call.get("retry_timeout") for call in module.calls] == [600, 30]
    assert result["msg"] == (
        "DAG run a / b is still running after 1m00s (wait_timeout): because. http://a It could not be looked at any "
        "more: Nothing listens."
    )
    assert result["timed_out"] is True
    assert result["changed"] is True
    assert result["dag_run"]["state"] == "running"
    assert "exception" not in result


def test_the_patience_of_the_environment_is_left_alone(clock, wait):
    module = Module(clock, ends=100)
    wait(module)
    assert not any("retry_timeout" in call for call in module.calls)


def test_a_refusal_of_the_first_call_is_the_result(clock, wait):
    refusal = {"failed": True, "msg": "DAG etl is paused."}
    assert wait(lambda args: refusal) == refusal


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, True),
        ({"progress": "yes", "wait": True, "state": "cleared", "dag_run_id": "r", "wait_timeout": "31"}, True),
        ({"state": "cleared", "logical_date": "2026-11-22T00:00:00Z"}, True),
        ({"state": "cleared"}, False),
        ({"progress": "", "wait": None, "state": "", "wait_timeout": "", "queued_timeout": None}, True),
        ({"progress": False}, False),
        ({"progress": "no"}, False),
        ({"wait": "false"}, False),
        ({"state": "failed"}, False),
        ({"wait_timeout": 30}, False),
        ({"wait_timeout": 0}, False),
        # What is wrong is the module's to say.
        ({"progress": "perhaps"}, False),
        ({"wait": [1]}, False),
        ({"state": ["triggered"]}, False),
        ({"wait_timeout": "long"}, False),
        ({"wait_timeout": [9]}, False),
        ({"wait_timeout": -5}, False),
        ({"wait_timeout": "nan"}, False),
        ({"wait_timeout": "inf"}, False),
        ({"queued_timeout": float("inf")}, False),
        ({"state": "awaited", "dag_run_id": "r"}, True),
        ({"state": "awaited", "logical_date": "2026-11-22T00:00:00Z"}, True),
        ({"state": "awaited"}, False),
        ({"queued_timeout": "long"}, False),
        ({"queued_timeout": -1}, False),
        ({"cancel_on_timeout": "perhaps"}, False),
        ({"cancel_on_timeout": "no"}, True),
        ({"dag_id": ""}, False),
        ({"dag_id": None}, False),
    ],
)
def test_what_is_worth_slices(args, expected):
    assert is_wait({"dag_id": "etl", **args}) is expected
