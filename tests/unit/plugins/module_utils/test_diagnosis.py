# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import types
from datetime import datetime, timezone

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import Denied, Unreachable
from ansible_collections.dagops.airflow.plugins.module_utils._work.diagnosis import diagnosis


class Airflow:
    """A server that tells what a test has set; what is an error is raised."""

    def __init__(self, **told):
        self.told = {
            "dags.get": {"is_paused": False, "is_stale": False, "max_active_runs": 2},
            "health.read": {"scheduler": {"status": "healthy", "latest_heartbeat": None}},
            "runs.active": [],
            "tasks.pool_name": "db",
            "pools.find": Denied("no", 403),
            "tasks.retry_time": None,
            **told,
        }
        self.asked = []
        noon = datetime(2026, 11, 22, 10, 15, tzinfo=timezone.utc).timestamp()
        self.client = types.SimpleNamespace(server_now=lambda: noon)
        self.patience = types.SimpleNamespace(within=lambda seconds: contextlib.nullcontext())

    def ask(self, family):
        return Family(self, family.__name__.lower())


class Family:
    """What the server tells about one kind of object."""

    def __init__(self, airflow, name):
        self.airflow = airflow
        self.name = name

    def __getattr__(self, verb):
        def ask(*args):
            name = f"{self.name}.{verb}"
            self.airflow.asked.append(name)
            answer = self.airflow.told[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask


def run(state="running"):
    return {"dag_id": "etl", "dag_run_id": "r", "state": state, "run_after": "2026-11-22T10:15:00Z"}


def task(name, state, started=True, map_index=-1):
    return {
        "task_id": name,
        "map_index": map_index,
        "state": state,
        "start_date": "2026-11-22T10:15:00Z" if started else None,
    }


def dag(**keys):
    return {"dags.get": {"is_paused": False, "is_stale": False, "max_active_runs": 2, **keys}}


def other(name):
    return {"dag_id": "etl", "dag_run_id": name, "state": "running"}


OPEN_POOL = {"pools.find": {"name": "db", "slots": 3, "open_slots": 0}}
NO_POOL = {"pools.find": None}
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
        ({}, "Airflow's scheduler has not started it"),
        ({"runs.active": [other("a")]}, "Airflow's scheduler has not started it"),
        ({"runs.active": [other("a"), other("b")]}, "2 other runs are active (a, …) and max_active_runs is 2"),
        (
            {"runs.active": [other("a"), run("queued")], **dag(max_active_runs=1)},
            "1 other run is active (a) and max_active_runs is 1",
        ),
        ({**dag(max_active_runs=None), "runs.active": [other("a")]}, "Airflow's scheduler has not started it"),
    ],
)
def test_what_holds_up_a_queued_run(told, found):
    assert diagnosis(Airflow(**told), run("queued"), [task("a", None, False)]) == found


@pytest.mark.parametrize(
    ("tasks", "told", "found"),
    [
        ([], {}, ""),
        ([task("a", None, False)], {}, "no task has started"),
        ([task("a", "success"), task("b", None, False)], {}, "no task of it is running at the moment"),
        ([task("a", "running"), task("b", "queued", False)], {}, "task a is running"),
        ([task("a", "running", map_index=i) for i in (0, 1)], {}, "2 tasks (a[0], …) are running"),
        ([task("a", "queued", False)], OPEN_POOL, "task a is waiting in pool db (0 of 3 slots are open)"),
        ([task("a", "queued", False)], NO_POOL, "task a is waiting in pool db, which does not exist: make it"),
        ([task("a", "scheduled", False), task("b", "queued", False)], {}, "2 tasks (b, …) are waiting"),
        ([task("a", "deferred")], {}, "task a is deferred"),
        ([task("a", "up_for_reschedule")], {}, "task a is up_for_reschedule"),
        ([task("b", "running"), task("a", "up_for_retry")], {}, "task a is up for retry"),
        (
            [task("a", "up_for_retry")],
            {"tasks.retry_time": "2026-11-22T10:20:00Z"},
            "task a is up for retry at 2026-11-22T10:20:00Z",
        ),
        ([task("a", "up_for_retry")], {"tasks.retry_time": Denied("no", 403)}, "task a is up for retry"),
    ],
)
def test_what_tasks_are_at(tasks, told, found):
    assert diagnosis(Airflow(**told), run(), tasks) == found


def test_a_run_whose_time_has_not_come():
    airflow = Airflow(**DEAD)
    later = {**run("queued"), "run_after": "2026-11-22T10:15:03Z"}
    assert diagnosis(airflow, later, []) == "it starts at 2026-11-22T10:15:03Z (run_after), not before"
    assert "heartbeat" in diagnosis(airflow, {**later, "run_after": None}, [])
    assert "heartbeat" in diagnosis(airflow, {**later, "state": "running"}, [])


def test_what_cannot_be_read_is_left_out():
    denied = Denied("no", 403)
    airflow = Airflow(**{"dags.get": denied, "health.read": Unreachable("no"), "runs.active": denied})
    assert diagnosis(airflow, run("queued"), []) == "Airflow's scheduler has not started it"
    assert airflow.asked == ["dags.get", "health.read"]
    assert diagnosis(airflow, run(), [task("a", "running")]) == "task a is running"


def test_a_dag_is_read_once():
    airflow = Airflow()
    diagnosis(airflow, run("queued"), [])
    assert airflow.asked == ["dags.get", "health.read", "runs.active"]
