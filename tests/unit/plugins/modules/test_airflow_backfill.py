# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    Conflict,
    FateUnknown,
    NotFound,
    RunFailed,
    TimedOut,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work import backfills
from ansible_collections.dagops.airflow.plugins.modules import airflow_backfill
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

FIRST, SECOND = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
GIVEN = {"dag_id": "etl_daily", "from_date": "2026-11-01", "to_date": "2026-11-02"}
LOST = requests.exceptions.ConnectionError("Connection aborted.")
KEYS = {"id", "dag_id", "from_date", "to_date", "reprocess", "max_active_runs"}
STATES = {"is_paused", "created_at", "completed_at"}


class Story(Runner):
    """Airflow 3 with a DAG of a daily schedule."""

    def raw(self, number: int = 7, **keys: t.Any) -> dict[str, t.Any]:
        return {
            "id": number,
            "dag_id": "etl_daily",
            "from_date": FIRST,
            "to_date": SECOND,
            "dag_run_conf": None,
            "is_paused": False,
            "reprocess_behavior": "none",
            "max_active_runs": 10,
            "created_at": "2026-11-22T10:00:00Z",
            "completed_at": None,
            "updated_at": "2026-11-22T10:00:00Z",
            "dag_display_name": "etl_daily",
            **keys,
        }

    def has_dag(self, **keys: t.Any) -> None:
        self.server.get("dags/etl_daily").answers(self.generation.dag(**keys))

    def has(self, *backfills: dict[str, t.Any]) -> Exchange:
        body = {"backfills": list(backfills), "total_entries": len(backfills)}
        query = {"dag_id": "etl_daily", "limit": 100, "offset": 0}
        return self.server.get("backfills", query).answers(body)

    def body(self, **keys: t.Any) -> dict[str, t.Any]:
        return {
            "dag_id": "etl_daily",
            "from_date": FIRST,
            "to_date": SECOND,
            "run_backwards": False,
            "dag_run_conf": {},
            "reprocess_behavior": "none",
            "max_active_runs": 10,
            **keys,
        }

    def dry_run(self, *dates: str, **keys: t.Any) -> Exchange:
        found = [{"logical_date": date, "partition_key": None} for date in dates]
        body = {"backfills": found, "total_entries": len(found)}
        return self.server.post("backfills/dry_run", sends=self.body(**keys)).answers(body)

    def posts(self, **keys: t.Any) -> Exchange:
        return self.server.post("backfills", sends=self.body(**keys)).answers(self.raw())

    def run(self, date: str, state: str, **keys: t.Any) -> dict[str, t.Any]:
        name = keys.pop("dag_run_id", f"backfill__{date}")
        times = {"start_date": "2026-11-22T10:15:00", "end_date": "2026-11-22T10:16:00" if state != "running" else None}
        given = {"logical_date": date, "run_type": "backfill", **times, **keys}
        return t.cast("dict[str, t.Any]", self.generation.run(name, state, **given))

    def runs(self, *runs: dict[str, t.Any], last: str = SECOND) -> Exchange:
        query = {
            "logical_date_gte": FIRST,
            "logical_date_lte": last,
            "order_by": "logical_date",
            "limit": 100,
            "offset": 0,
        }
        return self.server.get("dags/etl_daily/dagRuns", query).answers(self.generation.runs(*runs))

    def active(self, *runs: dict[str, t.Any]) -> Exchange:
        sends = {"dag_ids": ["etl_daily"], "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}
        return self.server.post("dags/~/dagRuns/list", sends=sends).answers(self.generation.runs(*runs))

    def ended(self, date: str, state: str = "success") -> Exchange:
        run = self.run(date, state)
        return self.server.get(f"dags/etl_daily/dagRuns/backfill__{date.replace(':', '%3A')}").answers(run)

    def both_end(self) -> None:
        self.active()
        self.ended(FIRST)
        self.ended(SECOND)


@pytest.fixture
def story(server: Server) -> Story:
    server.prefix = GENERATIONS["v2"].prefix
    return Story(server, GENERATIONS["v2"], airflow_backfill)


def states(result: dict[str, t.Any]) -> list[str]:
    return [run["dag_run"]["state"] for run in result["runs"]]


def test_a_new_backfill_is_made_and_waited_for(story):
    story.has_dag()
    story.has(story.raw(3, completed_at=FIRST, to_date=FIRST))
    story.dry_run(SECOND, FIRST)
    story.posts()
    story.runs(story.run(FIRST, "queued"), story.run(SECOND, "queued"))
    story.both_end()
    result = story(**GIVEN)
    assert (result["changed"], result["logical_dates"]) == (True, [FIRST, SECOND])
    assert states(result) == ["success", "success"]
    assert result["failed_tasks"] == []
    assert set(result["backfill"]) == set(documented(airflow_backfill)["backfill"]["contains"]) == KEYS | STATES
    assert result["backfill"]["id"] == 7
    after = {"from_date": FIRST, "to_date": SECOND, "reprocess": "none", "dates": [FIRST, SECOND]}
    assert result["diff"] == {
        "before": {},
        "after": {"backfill of DAG etl_daily": after},
    }


def test_all_options_are_sent(story):
    keys = {"run_backwards": True, "dag_run_conf": {"a": 1}, "reprocess_behavior": "failed", "max_active_runs": 2}
    story.has_dag()
    story.has()
    story.dry_run(FIRST, **keys)
    story.posts(**keys)
    story.runs(story.run(FIRST, "queued"), story.run(SECOND, "success"))
    given = {"backwards": True, "conf": '{"a": 1}', "reprocess": "failed", "max_active_runs": 2}
    result = story(**{**GIVEN, "to_date": "2026-11-02T01:00:00+01:00"}, **given, wait=False)
    assert states(result) == ["queued"]


def test_check_mode_is_the_dry_run_of_airflow(story):
    story.has_dag(is_paused=True)
    story.has()
    story.dry_run(FIRST, SECOND)
    result = story(True, **GIVEN, when_paused="unpause")
    assert (result["changed"], result["backfill"], result["runs"]) == (True, None, [])
    assert result["logical_dates"] == [FIRST, SECOND]
    assert result["diff"]["after"]["DAG etl_daily"] == {"is_paused": False}


@pytest.mark.parametrize("when_paused", ["fail", "unpause"])
def test_check_mode_foresees_the_backfill_of_a_dag_that_would_be_deployed(story, when_paused):
    story.server.get("dags/etl_daily").answers(story.generation.no_dag(), 404)
    result = story(True, **GIVEN, when_paused=when_paused)
    assert (result["changed"], result["backfill"], result["runs"], result["logical_dates"]) == (True, None, [], [])
    after = {"from_date": FIRST, "to_date": SECOND, "reprocess": "none"}
    assert result["diff"] == {"before": {}, "after": {"backfill of DAG etl_daily": after}}
    assert story.warnings == [
        f"DAG etl_daily does not exist at {URL}; check mode goes on as if a task before had made it."
    ]


def test_the_backfill_of_an_unknown_dag_is_an_error(story):
    story.server.get("dags/etl_daily").answers(story.generation.no_dag(), 404)
    assert "DAG etl_daily does not exist" in story.failure(**GIVEN).message


def test_a_paused_dag(story):
    story.has_dag(is_paused=True)
    assert "is paused, so the runs of the backfill would stay queued" in story.failure(**GIVEN).message


def test_a_paused_dag_is_unpaused_after_the_backfill_is_made(story):
    story.has_dag(is_paused=True)
    story.has()
    story.dry_run(FIRST)
    story.posts()
    story.runs(story.run(FIRST, "queued"))
    unpaused = story.generation.dag()
    story.server.patch("dags/etl_daily", sends={"is_paused": False}).answers(unpaused)
    assert story(**GIVEN, when_paused="unpause", wait=False)["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_equal_one_is_adopted_and_waited_for(story, check_mode):
    story.has_dag()
    story.has(story.raw(dag_run_conf={}))
    before = story.run(FIRST, "failed", end_date="2026-11-22T09:00:00", dag_run_id="before")
    manual = story.run(FIRST, "failed", run_type="manual", dag_run_id="by hand")
    story.runs(before, manual, story.run(SECOND, "running"))
    if not check_mode:
        story.active()
        story.ended(SECOND)
    result = story(check_mode, **GIVEN, backwards=True)
    assert (result["changed"], result["logical_dates"]) == (False, [SECOND])
    assert states(result) == ["running" if check_mode else "success"]


@pytest.mark.parametrize(
    "keys", [{"to_date": FIRST}, {"reprocess_behavior": "failed"}, {"max_active_runs": 2}, {"dag_run_conf": {"a": 1}}]
)
def test_another_one_is_a_failure_that_names_it(story, keys):
    story.has_dag()
    story.has(story.raw(**keys))
    story.runs(story.run(FIRST, "running"), last=keys.get("to_date", SECOND))
    error = story.failure(**GIVEN)
    assert isinstance(error, BadInput)
    assert f"DAG etl_daily has backfill 7 ({FIRST} to " in error.message


def test_another_one_whose_runs_have_ended_is_completed_soon(story, clock):
    story.has_dag()
    story.has(story.raw(6, max_active_runs=2))
    story.runs(story.run(FIRST, "success"))
    story.server.get("backfills/6").answers(story.raw(6, max_active_runs=2))
    story.server.get("backfills/6").answers(story.raw(6, max_active_runs=2, completed_at=SECOND))
    story.dry_run(SECOND)
    story.posts()
    story.runs(story.run(SECOND, "queued"))
    assert story(**GIVEN, wait=False)["backfill"]["id"] == 7
    assert len(clock.pauses) == 1


def test_another_one_that_is_not_completed(story, clock, monkeypatch):
    monkeypatch.setattr(backfills, "COMPLETES_WITHIN", 1.0)
    story.has_dag()
    story.has(story.raw(6, max_active_runs=2))
    story.runs(story.run(FIRST, "success"))
    for _look in range(3):
        story.server.get("backfills/6").answers(story.raw(6, max_active_runs=2))
    assert "has backfill 6 (" in story.failure(**GIVEN).message
    assert sum(clock.pauses) == 1


def test_check_mode_does_not_wait_for_another_one(story, clock):
    story.has_dag()
    story.has(story.raw(6, max_active_runs=2))
    story.runs(story.run(FIRST, "success"))
    story.dry_run(SECOND)
    assert story(True, **GIVEN)["changed"] is True
    assert clock.pauses == []


def test_a_paused_one_is_a_warning(story):
    story.has_dag()
    story.has(story.raw(is_paused=True))
    story.runs(story.run(FIRST, "queued"))
    story(**GIVEN, wait=False)
    assert story.warnings == ["Backfill 7 is paused, so no more runs of it start; unpause it in Airflow."]


def test_once_more_there_is_nothing_to_do(story):
    story.has_dag()
    story.has(story.raw(6, completed_at=FIRST, to_date=FIRST), story.raw(completed_at="2026-11-22T10:20:00Z"))
    story.dry_run()
    story.runs(story.run(FIRST, "success"), story.run(SECOND, "success"))
    story.both_end()
    result = story(**GIVEN)
    assert (result["changed"], result["backfill"]["id"], states(result)) == (False, 7, ["success", "success"])


def test_all_dates_have_runs_that_are_no_backfill(story):
    story.has_dag()
    story.has()
    story.dry_run()
    story.runs(story.run(FIRST, "success", run_type="scheduled"))
    result = story(**GIVEN)
    assert (result["changed"], result["backfill"], result["runs"]) == (False, None, [])


def test_dates_that_the_schedule_does_not_have(story):
    story.has_dag()
    story.has()
    story.dry_run()
    story.runs()
    message = story.failure(**GIVEN).message
    assert message == (
        f"The schedule of DAG etl_daily has no run from {FIRST} to {SECOND}; correct from_date and to_date."
    )


@pytest.mark.parametrize("step", ["dry_run", "posts"])
@pytest.mark.parametrize(
    ("detail", "says"),
    [
        ("etl_daily has a non-periodic schedule that does not support backfills", "use airflow_dag_run"),
        ("etl_daily has no schedule", "use airflow_dag_run"),
        ("Dag with dag_id: 'etl_daily' does not allow backfill runs", "use airflow_dag_run"),
        ("Backfill cannot be executed for future dates.", "correct from_date and to_date"),
        ("No runs to create for Dag etl_daily in the range [2026-11-01, 2026-11-02]", "correct from_date and to_date"),
        ("from_date (2026-11-02) must not be after to_date (2026-11-01).", "correct from_date and to_date"),
        ("Backfill cannot be run in reverse when the Dag has such tasks.", "set backwards: false"),
        (
            "DAG has tasks for which depends_on_past=True. You must set reprocess behavior to reprocess completed or "
            "reprocess failed.",
            "set reprocess: failed or reprocess: completed",
        ),
        ("Invalid input for param day: 1 is not of type 'string'", "correct conf"),
        ("It is so", "correct the options of the task"),
    ],
)
def test_what_airflow_refuses(story, step, detail, says):
    story.has_dag()
    story.has()
    if step == "posts":
        story.dry_run(FIRST)
    getattr(story, step)().answers({"detail": detail}, 422)
    reason = detail.rstrip(".")
    assert story.failure(**GIVEN).message == f"Airflow refused the backfill of DAG etl_daily: {reason}; {says}."


@pytest.mark.parametrize("given", [GIVEN, {"backfill_id": 7}])
def test_runs_that_had_failed_before_are_told_as_that(story, given):
    completed = story.raw(completed_at="2026-11-22T10:20:00Z")
    if "dag_id" in given:
        story.has_dag()
        story.has(completed)
        story.dry_run()
    else:
        story.server.get("backfills/7").answers(completed)
    story.runs(story.run(FIRST, "failed"), story.run(SECOND, "running"))
    story.active()
    story.ended(FIRST, "failed")
    story.ended(SECOND, "failed")
    for date in (FIRST, SECOND):
        path = f"dags/etl_daily/dagRuns/backfill__{date.replace(':', '%3A')}/taskInstances"
        tasks = story.generation.tasks(story.generation.task("load", "failed"))
        story.server.get(path, {"limit": 100, "offset": 0}).answers(tasks)
    how = (
        "was already there and had failed; reprocess: failed runs it again"
        if "dag_id" in given
        else "had failed before; reprocess: failed with dag_id, from_date and to_date runs it again"
    )
    error = story.failure(**given, log_lines=0)
    assert isinstance(error, RunFailed)
    assert f"DAG run etl_daily / backfill__{FIRST} {how}: 1 of 1 tasks failed: load" in error.message
    assert f"DAG run etl_daily / backfill__{SECOND} failed after 1m00s: 1 of 1 tasks failed: load" in error.message


# -- exactly once


def test_a_lost_answer_whose_backfill_was_made(story):
    story.has_dag()
    story.has(story.raw(6, completed_at=FIRST))
    story.dry_run(FIRST)
    story.posts().fails(LOST)
    story.has(story.raw(6, completed_at=FIRST), story.raw(7))
    story.runs(story.run(FIRST, "queued"))
    assert story(**GIVEN, wait=False)["backfill"]["id"] == 7


def test_a_lost_request_goes_out_again(story):
    story.has_dag()
    story.has()
    story.dry_run(FIRST)
    story.posts().fails(LOST)
    story.has()
    story.posts()
    story.runs(story.run(FIRST, "queued"))
    assert story(**GIVEN, wait=False)["changed"] is True


def test_a_conflict_with_the_own_request(story):
    story.has_dag()
    story.has()
    story.dry_run(FIRST)
    story.posts().answers({"detail": "There is already a running backfill for dag etl_daily"}, 409)
    story.has(story.raw())
    story.runs(story.run(FIRST, "queued"))
    assert story(**GIVEN, wait=False)["backfill"]["id"] == 7


def test_a_conflict_with_another_one(story):
    story.has_dag()
    story.has()
    story.dry_run(FIRST)
    story.posts().answers({"detail": "There is already a running backfill for dag etl_daily"}, 409)
    story.has(story.raw(max_active_runs=3))
    assert isinstance(story.failure(**GIVEN), Conflict)


def test_a_fate_that_is_not_known(story):
    story.has_dag()
    story.has()
    story.dry_run(FIRST)
    story.posts().fails(LOST)
    error = story.failure(**GIVEN, retry_timeout=0)
    assert isinstance(error, FateUnknown)
    assert "Whether the backfill of DAG etl_daily was made is not known; repeat the task" in error.message


# -- how it ends


def test_runs_that_fail(story):
    story.server.get("backfills/7").answers(story.raw())
    story.runs(story.run(FIRST, "queued"))
    story.active()
    story.ended(FIRST, "failed")
    tasks = f"dags/etl_daily/dagRuns/backfill__{FIRST.replace(':', '%3A')}/taskInstances"
    story.server.get(tasks, {"limit": 100, "offset": 0}).answers(
        story.generation.tasks(story.generation.task("load", "failed"))
    )
    error = story.failure(backfill_id=7, log_lines=0)
    assert isinstance(error, RunFailed)
    assert [task["dag_run_id"] for task in error.details["failed_tasks"]] == [f"backfill__{FIRST}"]
    assert (error.details["changed"], error.details["backfill"]["id"]) == (False, 7)


def test_runs_that_do_not_end(story):
    story.server.get("backfills/7").answers(story.raw())
    story.runs(story.run(FIRST, "running"))
    story.active(story.run(FIRST, "running"))
    tasks = f"dags/etl_daily/dagRuns/backfill__{FIRST.replace(':', '%3A')}/taskInstances"
    story.server.get(tasks, {"limit": 100, "offset": 0}).answers(
        story.generation.tasks(story.generation.task("load", "running"))
    )
    story.has_dag()
    healthy = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}}
    story.server.get("monitor/health").answers(healthy)
    error = story.failure(backfill_id=7, wait_timeout=0)
    assert isinstance(error, TimedOut)
    assert error.details["logical_dates"] == [FIRST]


# -- cancelling


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("given", [{"backfill_id": 7}, {"dag_id": "etl_daily"}, GIVEN])
def test_cancelled_with_the_runs_that_go_on(story, given, check_mode):
    if "dag_id" in given:
        story.has(story.raw(6, completed_at=FIRST), story.raw(7))
    else:
        story.server.get("backfills/7").answers(story.raw())
    story.runs(story.run(FIRST, "success"), story.run(SECOND, "running"))
    if not check_mode:
        story.server.expect("PUT", "backfills/7/cancel").answers(story.raw())
        path = f"dags/etl_daily/dagRuns/backfill__{SECOND.replace(':', '%3A')}"
        story.server.patch(path, sends={"state": "failed"}).answers(story.run(SECOND, "failed"))
        story.server.get("backfills/7").answers(story.raw(is_paused=True, completed_at=SECOND))
    result = story(check_mode, **given, state="cancelled")
    assert (result["changed"], result["logical_dates"]) == (True, [SECOND])
    assert states(result) == ["running" if check_mode else "failed"]
    name = f"DAG run etl_daily / backfill__{SECOND}"
    assert result["diff"]["after"] == {"backfill 7": {"state": "cancelled"}, name: {"state": "failed"}}


def test_the_active_one_is_cancelled_although_there_is_a_newer_one(story):
    story.has(story.raw(7), story.raw(8, completed_at=FIRST))
    story.runs(story.run(FIRST, "queued"))
    result = story(True, dag_id="etl_daily", state="cancelled")
    assert result["diff"]["after"]["backfill 7"] == {"state": "cancelled"}


def test_cancelled_once_more(story):
    story.has(story.raw(completed_at=FIRST))
    story.runs(story.run(FIRST, "failed"))
    story.server.get("backfills/7").answers(story.raw(completed_at=FIRST))
    assert story(dag_id="etl_daily", state="cancelled")["changed"] is False


@pytest.mark.parametrize("given", [{"backfill_id": 7}, {"dag_id": "etl_daily"}])
def test_one_whose_runs_have_ended_is_left_to_airflow(story, given):
    if "dag_id" in given:
        story.has(story.raw())
    else:
        story.server.get("backfills/7").answers(story.raw())
    story.runs(story.run(FIRST, "success"), story.run(SECOND, "failed"))
    story.server.get("backfills/7").answers(story.raw(completed_at=SECOND))
    result = story(**given, state="cancelled")
    assert (result["changed"], result["diff"], result["runs"]) == (False, {"before": {}, "after": {}}, [])


def test_nothing_to_cancel(story):
    story.has(story.raw(to_date=FIRST, completed_at=SECOND))
    result = story(**GIVEN, state="cancelled")
    assert (result["changed"], result["backfill"], result["runs"]) == (False, None, [])
    assert story.warnings == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("had_one", [False, True])
@pytest.mark.parametrize("states", [[], ["running"], ["success", "queued"]])
def test_a_backfill_of_other_dates_goes_on(story, check_mode, had_one, states):
    """There is none of these dates, or one that is over."""
    story.has(*([story.raw(5, completed_at=SECOND)] if had_one else []), story.raw(6, to_date=FIRST))
    story.runs(*map(story.run, (FIRST, SECOND), states), last=FIRST)
    if had_one:
        story.runs(story.run(FIRST, "success"), story.run(SECOND, "success"))
    if had_one and not check_mode:
        story.server.get("backfills/5").answers(story.raw(5, completed_at=SECOND))
    result = story(check_mode, **GIVEN, state="cancelled")
    assert (result["changed"], bool(result["backfill"])) == (False, had_one)
    assert story.warnings == [
        f"DAG etl_daily has no active backfill from {FIRST} to {SECOND}; backfill 6 from {FIRST} to {FIRST} is active, "
        "and goes on."
    ]


def test_a_backfill_of_other_dates_whose_runs_have_ended_does_not_go_on(story):
    story.has(story.raw(to_date=FIRST))
    story.runs(story.run(FIRST, "success"), last=FIRST)
    assert story(**GIVEN, state="cancelled")["changed"] is False
    assert story.warnings == []


@pytest.mark.parametrize("given", [GIVEN, {"dag_id": "etl_daily"}])
@pytest.mark.parametrize("exists", [True, False])
def test_nothing_to_cancel_since_there_is_no_such_dag(story, given, exists):
    story.has()
    answer = story.server.get("dags/etl_daily")
    _answer = answer.answers(story.generation.dag()) if exists else answer.answers(story.generation.no_dag(), 404)
    assert story(**given, state="cancelled")["changed"] is False
    told = f"DAG etl_daily does not exist at {URL}, so it has no backfill to cancel; check dag_id."
    assert story.warnings == ([] if exists else [told])


def test_completed_meanwhile(story):
    story.has(story.raw())
    story.runs()
    story.server.expect("PUT", "backfills/7/cancel").answers({"detail": "Backfill is already completed."}, 409)
    story.server.get("backfills/7").answers(story.raw(completed_at=SECOND))
    assert story(dag_id="etl_daily", state="cancelled")["changed"] is True


# -- what is refused


@pytest.mark.parametrize("state", ["triggered", "cancelled"])
def test_an_unknown_backfill(story, state):
    story.server.get("backfills/9").answers({"detail": "Backfill not found"}, 404)
    error = story.failure(backfill_id=9, state=state)
    assert isinstance(error, NotFound)
    assert error.message == "Backfill 9 does not exist at https://airflow.example; check backfill_id."


@pytest.mark.parametrize("given", [GIVEN, {"backfill_id": 7}, {"dag_id": "a", "state": "cancelled"}])
def test_airflow_2_has_none(server, given):
    old = Story(server, GENERATIONS["v1"], airflow_backfill)
    error = old.failure(**given)
    assert isinstance(error, Unsupported)
    assert "is Airflow 2, whose API has no backfills; run airflow dags backfill" in error.message
    assert server.requests == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "No backfill is named"),
        ({"backfill_id": 7, "dag_id": "a"}, "backfill_id names the backfill"),
        ({"dag_id": "a"}, "A backfill has a first and a last day"),
        ({"dag_id": "a", "from_date": "2026-11-01"}, "A backfill has a first and a last day"),
        ({**GIVEN, "to_date": "2026-10-31"}, "to_date is before from_date"),
        ({**GIVEN, "to_date": "2026-11-31"}, "to_date '2026-11-31' is no date or time: day "),
        (
            {**GIVEN, "to_date": "1 Nov"},
            "to_date '1 Nov' is no date or time; write it like 2026-11-22 or 2026-11-22T10:15:00+00:00.",
        ),
        ({**GIVEN, "to_date": "2026-11-02T00:00"}, "to_date '2026-11-02T00:00' has no time zone"),
        ({**GIVEN, "max_active_runs": 0}, "max_active_runs is 0; it takes 1 or more."),
        ({**GIVEN, "max_active_runs": 2**31}, "max_active_runs is 2147483648; it takes at most 2147483647."),
        ({"backfill_id": 2**31}, "backfill_id is 2147483648; it takes at most 2147483647."),
        ({**GIVEN, "conf": "[1"}, "conf is neither JSON nor YAML"),
        ({**GIVEN, "dag_id": "a/b"}, "dag_id 'a/b' has the character /"),
    ],
)
def test_bad_input(story, given, says):
    error = story.failure(**given)
    assert isinstance(error, BadInput)
    assert error.message.startswith(says)
    assert story.server.requests == []
