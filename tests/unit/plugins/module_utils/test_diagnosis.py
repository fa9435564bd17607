# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import types
from datetime import datetime, timezone

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs import TaskLog
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import Denied, Unreachable
from ansible_collections.dagops.airflow.plugins.module_utils._base.patience import FOR_A_DIAGNOSIS
from ansible_collections.dagops.airflow.plugins.module_utils._base.states import STATES
from ansible_collections.dagops.airflow.plugins.module_utils._work.diagnosis import NOT_STARTED, SILENT, SLOW, diagnosis

CALM = {"queue": "", "state_reason": "", "trigger": "", "is_watched": False}


def health(**statuses):
    """Airflow's health, its scheduler and its triggerer well unless a status says otherwise."""
    return {
        component: {"status": statuses.get(component, "healthy"), "latest_heartbeat": None}
        for component in ("scheduler", "triggerer")
    }


class Airflow:
    """A server that tells what a test has set; what is an error is raised."""

    def __init__(self, **told):
        self.told = {
            "dags.get": {"is_paused": False, "is_stale": False, "max_active_runs": 2},
            "health.read": health(),
            "runs.active": [],
            "runs.select": [],
            "pools.find": Denied("no", 403),
            "tasks.retry_time": None,
            "tasks.pool_of": {"name": "db", "slots": 1},
            "tasks.in_pool": Denied("no", 403),
            "tasks.circumstances": CALM,
            "tasks.lacking": None,
            "tasks.upstream": {"b": {"a"}},
            "tasks.log": TaskLog("", ""),
            **told,
        }
        self.asked = []
        self.quotes = True
        noon = datetime(2026, 11, 22, 10, 15, tzinfo=timezone.utc).timestamp()
        nothing = contextlib.nullcontext
        self.client = types.SimpleNamespace(server_now=lambda: noon, in_haste=lambda seconds: nothing())
        self.seconds = 0.0
        self.takes = 0.0  # seconds that a question without an answer takes
        clock = types.SimpleNamespace(now=lambda: self.seconds)
        self.patience = types.SimpleNamespace(within=lambda seconds: nothing(), clock=clock)

    def ask(self, family):
        return Family(self, family.__name__.lower())


class Family:
    """What the server tells about one kind of object."""

    def __init__(self, airflow, name):
        self.airflow = airflow
        self.name = name

    def __getattr__(self, verb):
        def ask(*args, **options):
            name = f"{self.name}.{verb}"
            if verb != "pool_of":
                self.airflow.asked.append(name)
            answer = self.airflow.told[name]
            if isinstance(answer, Exception):
                self.airflow.seconds += self.airflow.takes
                raise answer
            return answer

        return ask


def run(state="running", after="2026-11-22T10:14:00Z"):
    return {"dag_id": "etl", "dag_run_id": "r", "state": state, "run_after": after}


def task(name, state, started=True, map_index=-1, tried=1):
    return {
        "task_id": name,
        "map_index": map_index,
        "state": state,
        "start_date": "2026-11-22T10:15:00Z" if started else None,
        "try_number": tried,
        "max_tries": 2,
    }


def dag(**keys):
    return {"dags.get": {"is_paused": False, "is_stale": False, "max_active_runs": 2, **keys}}


def other(name):
    return {"dag_id": "etl", "dag_run_id": name, "state": "running"}


def pool(slots, open_slots, include_deferred=False):
    return {"name": "db", "slots": slots, "open_slots": open_slots, "include_deferred": include_deferred}


FULL_POOL = {"pools.find": pool(3, 0)}
NO_POOL = {"pools.find": None}
RETRY = "task a is up for retry; a failed in try 1 of 3"
DEAD = {"health.read": {"scheduler": {"status": "unhealthy", "latest_heartbeat": "2026-11-22T10:00:00Z"}}}


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize(
    ("told", "found"),
    [
        (dag(is_paused=True), "its DAG is paused, so no task of it starts: unpause the DAG"),
        (dag(is_stale=True), "its DAG is stale, so no task of it starts: its file is gone or no longer holds it"),
        (DEAD, "Airflow's scheduler has sent no heartbeat since 2026-11-22T10:00:00Z: start it again"),
        (
            {"health.read": {"scheduler": {"status": "unhealthy", "latest_heartbeat": None}}},
            "Airflow's scheduler has sent no heartbeat: start it again",
        ),
    ],
)
def test_what_holds_up_any_run(told, found, state):
    assert diagnosis(Airflow(**told), run(state), [task("a", None, False)]) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({}, NOT_STARTED),
        ({"runs.active": [other("a")]}, NOT_STARTED),
        (
            {"runs.active": [other("a"), other("b")]},
            "2 other runs are active (a, b) and max_active_runs is 2: wait for one of them, end one with state: "
            "cancelled, or raise max_active_runs of the DAG",
        ),
        (
            {"runs.active": [other("a"), run("queued")], **dag(max_active_runs=1)},
            "1 other run is active (a) and max_active_runs is 1: wait for it, end it with state: cancelled, or raise "
            "max_active_runs of the DAG",
        ),
        ({**dag(max_active_runs=None), "runs.active": [other("a")]}, NOT_STARTED),
    ],
)
def test_what_holds_up_a_queued_run(told, found):
    assert diagnosis(Airflow(**told), run("queued"), [task("a", None, False)]) == found


@pytest.mark.parametrize(
    ("after", "waited", "young"),
    [
        ("2026-11-22T10:14:58Z", 0, True),
        ("2026-11-22T10:14:58Z", 3600, True),
        ("2026-11-22T10:15:01Z", 5, True),
        # It is of an old date, which tells nothing about its age.
        ("2024-01-01T00:00:00Z", 14, True),
        (None, 5, True),
        ("2024-01-01T00:00:00Z", 15, False),
        ("2026-11-22T10:14:45Z", 30, False),
        (None, 15, False),
    ],
)
def test_nobody_is_blamed_for_a_run_that_was_made_just_now(after, waited, young):
    found = "it has not started yet" if young else NOT_STARTED
    assert diagnosis(Airflow(), run("queued", after), [], waited) == found
    assert "heartbeat" in diagnosis(Airflow(**DEAD), run("queued", after), [], waited)


def lacks(name, reason=""):
    return {"tasks.lacking": [{"name": "Task Instance State", "reason": "Task is in a state."}, lack(name, reason)]}


def lack(name, reason=""):
    return {"name": name, "reason": reason}


POOL = lacks("Pool Slots Available", "There are 0 open slots in pool db.")
LIMIT = lacks("Task Instance Slots Available", "The maximum number of running tasks (1) has been reached.")
PAST = lacks("Previous Dagrun State", "depends_on_past is true.")
WAITS = [task("a", "scheduled", False)]
FULL = "task a is waiting in pool db (0 of 3 slots are open)"
REACHED = "reached, so wait for them, or raise it"
WAIT = "wait for the tasks that hold them"
MORE = "give the pool more slots with airflow_pool"


@pytest.mark.parametrize(
    ("tasks", "told", "found"),
    [
        ([], {}, ""),
        ([task("a", None, False)], {}, "no task has started"),
        ([task("a", "success"), task("b", None, False)], {}, "no task of it is running at the moment"),
        (
            [task("a", "success"), task("b", "upstream_failed")],
            {},
            "all of its tasks have ended, and Airflow's scheduler has not ended the run yet",
        ),
        ([task("a", "removed")], {}, "all of its tasks have ended, and Airflow's scheduler has not ended the run yet"),
        ([task("a", "running"), task("b", "queued", False)], {}, "task a is running"),
        ([task("a", "running", map_index=i) for i in (0, 1)], {}, "2 tasks (a[0], a[1]) are running"),
        ([task("a", "queued", False)], {}, "task a is queued: no worker of Airflow's executor has started it yet"),
        (
            [task("a", "queued", False)],
            {"tasks.circumstances": {**CALM, "queue": "gpu"}},
            "task a is queued (queue gpu): no worker of Airflow's executor has started it yet",
        ),
        ([task("b", "running"), task("a", "up_for_retry")], {}, f"{RETRY}; other tasks: 1 running"),
        (
            [task("a", "running"), task("b", "up_for_reschedule"), task("c", "scheduled"), task("d", None, False)],
            {},
            "task a is running; other tasks: 1 up_for_reschedule",
        ),
        (
            [
                *(task(name, "deferred") for name in "ab"),
                *(task(name, "up_for_retry") for name in "cd"),
                task("e", "scheduled", False),
                task("f", "success"),
            ],
            {},
            "2 tasks (c, d) are up for retry; c failed in try 1 of 3; other tasks: 2 deferred, 1 scheduled",
        ),
        (
            [task("a", "up_for_retry")],
            {"tasks.retry_time": "2026-11-22T10:20:00Z"},
            "task a is up for retry at 2026-11-22T10:20:00Z; a failed in try 1 of 3",
        ),
        ([task("a", "up_for_retry")], {"tasks.retry_time": Denied("no", 403)}, RETRY),
        ([task("a", "up_for_retry")], {"tasks.log": TaskLog("", "ValueError: boom.")}, f"{RETRY}: ValueError: boom"),
        ([task("a", "running", tried=2), task("b", "running")], {}, "2 tasks (a, b) are running, a in try 2 of 3"),
        (
            [task("a", "up_for_retry")],
            {"tasks.circumstances": {**CALM, "state_reason": "The API is down."}},
            "task a is up for retry: The API is down; a failed in try 1 of 3",
        ),
        (
            [task("a", "restarting")],
            {},
            "task a is restarting: cleared while it ran, it starts again when its process has ended",
        ),
        (
            [task("a", "shutdown")],
            {},
            "task a is being shut down, and goes on when its process has ended",
        ),
        ([task("a", "sensing")], {}, "task a is sensing: what it looks for has not come yet"),
        (
            [task("a", "up_for_reschedule")],
            {},
            "task a is up for reschedule: what it looks for has not come yet, and it looks again",
        ),
        (
            [task("b", "queued", False), task("a", "awaiting_input")],
            {},
            "task a is waiting for a person's answer: give it by airflow_approval or in Airflow; other tasks: 1 queued",
        ),
    ],
)
def test_what_tasks_are_at(tasks, told, found):
    assert diagnosis(Airflow(**told), run(), tasks) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (FULL_POOL, f"{FULL}: {WAIT}, or {MORE}"),
        ({**FULL_POOL, "tasks.in_pool": []}, f"{FULL}: {WAIT}, or {MORE}"),
        (
            {**FULL_POOL, **POOL, "tasks.in_pool": [other("x")]},
            f"{FULL}: wait for the tasks of etl / x, which hold them, or {MORE}",
        ),
        (
            {**FULL_POOL, "tasks.in_pool": [other(name) for name in "uvwxyz"]},
            f"{FULL}: wait for the tasks of etl / u, etl / v, etl / w, etl / x, and 2 more, which hold them, or {MORE}",
        ),
        ({"pools.find": pool(0, 0)}, f"task a is waiting in pool db (0 of 0 slots are open): {MORE}"),
        # It was made smaller, or has no end.
        ({"pools.find": pool(1, -2)}, f"task a is waiting in pool db (-2 of 1 slots are open): {WAIT}, or {MORE}"),
        ({"pools.find": pool(-1, -1)}, "task a is waiting in pool db (-1 of -1 slots are open)"),
        # Such a task takes several slots.
        ({"pools.find": pool(3, 1), **POOL}, "task a is waiting in pool db (1 of 3 slots are open)"),
        (
            {"pools.find": pool(2, 2), "tasks.pool_of": {"name": "db", "slots": 3}},
            "task a is waiting in pool db (2 of 2 slots are open), and needs 3 of them (pool_slots), more than the "
            f"pool has: {MORE}",
        ),
        (
            {"pools.find": pool(4, 2), "tasks.pool_of": {"name": "db", "slots": 3}, "tasks.in_pool": []},
            "task a is waiting in pool db (2 of 4 slots are open), and needs 3 of them (pool_slots): "
            f"{WAIT}, or {MORE}",
        ),
        (
            {"pools.find": pool(4, 3), "tasks.pool_of": {"name": "db", "slots": 3}},
            "task a is waiting in pool db (3 of 4 slots are open)",
        ),
        (
            {"pools.find": pool(-1, -1), "tasks.pool_of": {"name": "db", "slots": 3}},
            "task a is waiting in pool db (-1 of -1 slots are open)",
        ),
        (NO_POOL, "task a is waiting in pool db, which does not exist: make it"),
        ({}, "task a is waiting in pool db"),
        ({"tasks.pool_of": {"name": "", "slots": 1}}, "task a is waiting"),
        ({"tasks.lacking": Denied("no", 403)}, "task a is waiting in pool db"),
        ({**POOL, **NO_POOL}, "task a is waiting in pool db, which does not exist: make it"),
        (
            {**POOL, "tasks.pool_of": {"name": "", "slots": 1}},
            "task a is waiting: There are 0 open slots in pool db",
        ),
        (
            {"tasks.lacking": [], "pools.find": pool(3, 3)},
            "task a is waiting in pool db (3 of 3 slots are open), for a free slot of Airflow's executor "
            "([core] parallelism)",
        ),
        (
            LIMIT,
            f"task a is waiting for others to end: max_active_tasks of the DAG is {REACHED}",
        ),
        (
            lacks("Task Concurrency", "The max task concurrency has been reached."),
            f"task a is waiting for others to end: max_active_tis_per_dag of the task is {REACHED}",
        ),
        (
            lacks("Task Concurrency", "The max task concurrency per run has been reached."),
            f"task a is waiting for others to end: max_active_tis_per_dagrun of the task is {REACHED}",
        ),
        (lacks("Of a plugin", "It is\nnight."), "task a is waiting: It is night"),
    ],
)
def test_why_a_task_is_not_queued(told, found):
    assert diagnosis(Airflow(**told), run(), WAITS) == found


@pytest.mark.parametrize(("include_deferred", "states"), [(False, []), (True, ["deferred"])])
def test_who_holds_the_slots_of_a_pool(include_deferred, states):
    asked = []
    airflow = Airflow(**{"pools.find": pool(3, 0, include_deferred)})
    tasks = types.SimpleNamespace(
        pool_of=lambda dag_run_id, task: {("r", "a"): {"name": "db", "slots": 1}}[dag_run_id, task["task_id"]],
        in_pool=lambda name, wanted: asked.append((name, [*wanted])) or [other("x")],
        lacking=lambda *task: None,
    )
    known = airflow.ask
    airflow.ask = lambda family: tasks if family.__name__ == "Tasks" else known(family)
    assert "wait for the tasks of etl / x, which hold them" in diagnosis(airflow, run(), WAITS)
    assert asked == [("db", ["running", "queued", *states])]


def test_what_waits_for_a_pool_next_to_what_runs_and_before_anything_has_run():
    told = {**POOL, **FULL_POOL, "tasks.in_pool": [other("x")]}
    found = diagnosis(Airflow(**told), run(), [task("b", "running"), *WAITS])
    assert found == f"task b is running; {FULL}: wait for the tasks of etl / x, which hold them, or {MORE}"
    found = diagnosis(Airflow(**told), run(), [task("a", None, False)])
    assert found == f"{FULL}: {WAIT}, or {MORE}"


def test_what_waits_next_to_what_runs():
    tasks = [task("b", "running"), *WAITS]
    assert diagnosis(Airflow(), run(), tasks) == "task b is running"
    told = f"task b is running; task a is waiting for others to end: max_active_tasks of the DAG is {REACHED}"
    assert diagnosis(Airflow(**LIMIT), run(), tasks) == told


WATCHED = {"tasks.circumstances": {**CALM, "trigger": "TimeDeltaTrigger", "is_watched": True}}
UNTAKEN = {"tasks.circumstances": {**CALM, "trigger": "TimeDeltaTrigger"}}


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (WATCHED, "task a is deferred until its TimeDeltaTrigger fires"),
        (UNTAKEN, "task a is deferred until its TimeDeltaTrigger fires, which no triggerer has taken yet"),
        ({}, "task a is deferred"),
        ({"health.read": Denied("no", 403)}, "task a is deferred"),
        ({"health.read": health(triggerer=None)}, "task a is deferred, and Airflow has no triggerer: start one"),
        (
            {"health.read": health(triggerer="unhealthy")},
            "task a is deferred, and Airflow's triggerer has sent no heartbeat: start it again",
        ),
        (
            {"tasks.circumstances": {**CALM, "trigger": "HITLTrigger", "is_watched": True}},
            "task a is waiting for a person's answer: give it by airflow_approval or in Airflow",
        ),
    ],
)
def test_what_a_deferred_task_waits_for(told, found):
    assert diagnosis(Airflow(**told), run(), [task("a", "deferred")]) == found


def test_a_triggerer_that_is_missing_comes_before_what_runs():
    tasks = [task("b", "running"), task("a", "deferred")]
    assert "no triggerer" in diagnosis(Airflow(**{"health.read": health(triggerer=None)}), run(), tasks)


@pytest.mark.parametrize(
    ("before", "which"),
    [
        ([other("r"), {**other("q"), "state": "failed"}], "the run before, etl / q (failed),"),
        ([other("r")], "the run before"),
        (Denied("no", 403), "the run before"),
    ],
)
def test_a_run_before_that_has_not_succeeded(before, which):
    dated = {**run(), "logical_date": "2026-11-22T10:00:00Z"}
    tasks = [task("a", "success"), task("b", None, False), task("c", None, False)]
    airflow = Airflow(**PAST, **{"runs.select": before})
    assert diagnosis(airflow, dated, tasks) == f"task b is waiting for {which} to succeed: depends_on_past is true"
    assert len(airflow.asked) <= 5
    assert "for the run before to succeed" in diagnosis(airflow, run(), tasks)


def test_the_task_that_is_next():
    tasks = [task("b", None, False), task("a", None, False)]
    for first, second in ("ab", "ba"):
        known = Airflow(**PAST, **{"tasks.upstream": {second: {first}}})
        assert diagnosis(known, run(), tasks).startswith(f"task {first} is waiting for the run before")
    blind = Airflow(**PAST, **{"tasks.upstream": Denied("no", 403)})
    assert diagnosis(blind, run(), tasks).startswith("task a is waiting")
    told = Airflow(**lacks("Trigger Rule", "too few"), **{"tasks.upstream": {"a": {"b"}, "b": {"a"}}})
    assert diagnosis(told, run(), tasks) == "no task has started"


@pytest.mark.parametrize(
    "tasks",
    [
        *([task("a", state, False)] for state in (*STATES, None)),
        [task("a", "running"), *WAITS],
        [task("a", "success"), task("b", None)],
        [task("a", "deferred"), *WAITS],
    ],
)
@pytest.mark.parametrize(
    "told",
    [
        {},
        POOL,
        {**POOL, **FULL_POOL},
        FULL_POOL,
        LIMIT,
        PAST,
        {"tasks.lacking": []},
        {"health.read": Denied("no", 403)},
    ],
)
def test_no_diagnosis_takes_more_than_six_requests(tasks, told):
    airflow = Airflow(**told)
    dated = {**run(), "logical_date": "2026-11-22T10:00:00Z"}
    found = diagnosis(airflow, dated, tasks)
    assert len(airflow.asked) <= 5  # and the list of tasks, which the report reads
    assert found


def test_a_run_whose_time_has_not_come():
    airflow = Airflow(**DEAD)
    later = {**run("queued"), "run_after": "2026-11-22T10:15:03Z"}
    assert diagnosis(airflow, later, []) == "it starts at 2026-11-22T10:15:03Z (run_after), not before"
    assert "heartbeat" in diagnosis(airflow, {**later, "run_after": None}, [])
    assert "heartbeat" in diagnosis(airflow, {**later, "state": "running"}, [])


def test_what_cannot_be_read_is_left_out():
    denied = Denied("no", 403)
    airflow = Airflow(**{"dags.get": denied, "health.read": Unreachable("no"), "runs.active": denied})
    assert diagnosis(airflow, run("queued"), []) == NOT_STARTED
    assert airflow.asked == ["dags.get", "health.read"]
    assert diagnosis(airflow, run(), [task("a", "running")]) == "task a is running"


@pytest.mark.parametrize("question", ["dags.get", "health.read", "tasks.lacking"])
def test_a_server_that_answers_slowly_may_have_other_reasons(question):
    airflow = Airflow(**{question: Unreachable("no answer")})
    airflow.takes = FOR_A_DIAGNOSIS
    waiting = task("a", "scheduled", False)
    assert diagnosis(airflow, run(), [waiting]) == f"task a is waiting in pool db; {SLOW}"


def test_a_server_that_answers_nothing_says_no_reason():
    silent = Unreachable("no answer")
    airflow = Airflow(**{"dags.get": silent, "health.read": silent})
    airflow.takes = FOR_A_DIAGNOSIS
    assert diagnosis(airflow, run(), []) == SILENT


def test_a_dag_is_read_once():
    airflow = Airflow()
    diagnosis(airflow, run("queued"), [])
    assert airflow.asked == ["dags.get", "health.read", "runs.active"]
