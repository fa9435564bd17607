# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, RunFailed
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_batch
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, STARTED
from ansible_collections.dagops.airflow.tests.unit.frame import Runner

OVER = {"start_date": STARTED, "end_date": ENDED}


class Story(Runner):
    """The exchanges that these tests are made of; the run of a DAG is C(r) where nothing else is said."""

    def dag(self, dag_id="etl", times=1, **keys):
        for _time in range(times):
            self.server.get(f"dags/{dag_id}").answers(self.generation.dag(dag_id, **keys))

    def no_dag(self, dag_id):
        self.server.get(f"dags/{dag_id}").answers(self.generation.no_dag(dag_id), 404)

    def run(self, dag_id, state="queued"):
        times = {"queued": {}, "running": {"start_date": STARTED}}.get(state, OVER)
        return self.generation.run("r", state, dag_id=dag_id, **times)

    def there(self, dag_id="etl", state="success", times=1):
        for _time in range(times):
            self.server.get(f"dags/{dag_id}/dagRuns/r").answers(self.run(dag_id, state))

    def missing(self, dag_id="etl"):
        self.server.get(f"dags/{dag_id}/dagRuns/r").answers(self.generation.no_run("r"), 404)

    def makes(self, dag_id="etl"):
        sends = self.generation.trigger_body("r")
        self.server.post(f"dags/{dag_id}/dagRuns", sends=sends).answers(self.run(dag_id))

    def sets_paused(self, paused, dag_id="etl"):
        dag = self.generation.dag(dag_id, is_paused=paused)
        self.server.patch(f"dags/{dag_id}", sends={"is_paused": paused}).answers(dag)

    def tasks(self, dag_id="etl", state="success", times=1):
        path, page = f"dags/{dag_id}/dagRuns/r/taskInstances", {"limit": 100, "offset": 0}
        for _time in range(times):
            tasks = self.generation.tasks(self.generation.task("load", state))
            self.server.get(path, page).answers(tasks)

    def runs_to(self, state, dag_id="etl"):
        """A new run ends in C(state) at once."""
        self.missing(dag_id)
        self.makes(dag_id)
        self.there(dag_id, state)
        # Of a failed run they are read for the timeline, too.
        self.tasks(dag_id, state, 2 if state == "failed" else 1)

    def __call__(self, check_mode: bool = False, **given: t.Any) -> dict[str, t.Any]:
        return super().__call__(check_mode, **{"log_lines": 0, **given})


@pytest.fixture
def batch(server, generation):
    return Story(server, generation, airflow_dag_batch)


def items(*dag_ids, **options):
    return [{"dag_id": dag_id, "dag_run_id": "r", **options} for dag_id in dag_ids]


def test_dags_run_one_after_the_other(batch):
    for dag_id in ("a", "b"):
        # For the parser, and for its run.
        batch.dag(dag_id, times=2)
        batch.runs_to("success", dag_id)
    result = batch(dags=items("a", "b"))
    assert result["changed"] is True
    assert [(dag["dag_id"], dag["ok"], dag["changed"]) for dag in result["dags"]] == [
        ("a", True, True),
        ("b", True, True),
    ]
    assert result["dags"][0]["dag_run"]["state"] == "success"
    assert result["dags"][0]["message"].startswith("DAG run a / r is success, ")
    assert result["dags"][0]["timeline"] == []
    assert result["diff"]["after"] == {"DAG run a / r": {"state": "queued"}, "DAG run b / r": {"state": "queued"}}


def test_each_dag_has_its_turn_whatever_becomes_of_the_others(batch):
    batch.dag("a", times=2)
    batch.runs_to("failed", "a")
    batch.dag("b", times=2, is_paused=True)
    batch.missing("b")
    batch.dag("c", times=2)
    batch.runs_to("success", "c")
    error = batch.failure(dags=items("a", "b", "c"))
    assert isinstance(error, RunFailed)
    assert error.message.startswith("2 of 3 DAGs did not end well: DAG run a / r failed after ")
    assert error.message.endswith(
        " | DAG b is paused, so the run would stay queued; unpause it, or give it paused: false."
    )
    assert [dag["ok"] for dag in error.details["dags"]] == [False, False, True]
    assert [bool(dag["dag_run"]) for dag in error.details["dags"]] == [True, False, True]
    assert error.details["changed"] is True
    assert [task["task_id"] for task in error.details["dags"][0]["failed_tasks"]] == ["load"]
    assert error.details["dags"][2]["task_counts"] == {"success": 1}
    assert "timed_out" not in error.details
    drawn = error.details["dags"][0]["timeline"]
    assert len(drawn) == 2
    assert drawn[1].startswith("load |")


@pytest.mark.parametrize("left", [["b"], ["b", "c", "d"]])
def test_what_concerns_all_dags_is_told_once(left, batch, server):
    server.get("dags/a").says("", 401)
    error = batch.failure(dags=items("a", *left), retry_timeout=0)
    assert error.message.startswith(f"{len(left) + 1} of {len(left) + 1} DAGs did not end well: DAG a: ")
    assert error.message.endswith(f" | Skipped: {', '.join(left)}.")
    assert [dag["message"] for dag in error.details["dags"][1:]] == [f"DAG {name} was skipped." for name in left]
    assert error.details["changed"] is False


def test_an_outage_ends_it(batch, server):
    server.get("dags/a").fails(requests.exceptions.ConnectionError("refused"))
    error = batch.failure(dags=items("a", "b"), retry_timeout=0)
    assert error.message.endswith(" | Skipped: b.")


def test_a_dag_that_one_may_not_see_is_no_reason_to_leave_out_others(batch, server, generation):
    server.get("dags/a").answers(generation.problem(403, "Forbidden"), 403)
    batch.dag("b", times=2)
    batch.runs_to("success", "b")
    error = batch.failure(dags=items("a", "b"))
    assert error.message.startswith("1 of 2 DAGs did not end well: ")
    assert "Airflow answered 403 to GET https://airflow.example/api/" in error.message
    assert [dag["ok"] for dag in error.details["dags"]] == [False, True]


@pytest.mark.parametrize(("was", "wanted"), [(True, False), (False, True), (True, True), (False, None)])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_dag_without_a_run(was, wanted, check_mode, batch):
    changes = wanted is not None and was != wanted
    batch.dag(times=2, is_paused=was)
    if changes and not check_mode:
        batch.sets_paused(wanted)
    result = batch(check_mode, dags=[{"dag_id": "etl", "paused": wanted, "trigger": False}])
    assert result["changed"] is changes
    (found,) = result["dags"]
    paused = was if wanted is None else wanted
    now = "is paused" if paused else "is not paused"
    if changes and check_mode:
        now = "would be paused" if paused else "would be unpaused"
    assert found["message"] == f"DAG etl is parsed and {now}; no run is triggered."
    assert found["dag_run"] == {}
    after = {"DAG etl": {"is_paused": wanted}} if changes else {}
    assert result["diff"]["after"] == after


def test_a_dag_that_is_to_be_paused_does_not_run(batch):
    batch.dag(times=2, is_paused=True)
    assert batch(dags=[{"dag_id": "etl", "paused": True}])["changed"] is False


def test_a_dag_is_unpaused_with_its_run(batch):
    batch.dag(times=2, is_paused=True, next_dagrun_create_after=None)
    batch.missing()
    batch.makes()
    batch.sets_paused(False)
    batch.there()
    batch.tasks()
    result = batch(dags=items("etl", paused=False))
    assert result["diff"]["after"]["DAG etl"] == {"is_paused": False}


@pytest.mark.parametrize("state", ["success", "failed"])
def test_a_dag_whose_run_was_there_is_unpaused(state, batch):
    batch.dag(times=2, is_paused=True)
    batch.there(state=state)
    batch.dag(is_paused=True)
    batch.sets_paused(False)
    batch.tasks(state=state, times=2 if state == "failed" else 1)
    if state == "failed":
        details = batch.failure(dags=items("etl", paused=False)).details
        assert "was already there and had failed" in details["dags"][0]["message"]
    else:
        details = batch(dags=items("etl", paused=False))
        assert "was already there, and is success" in details["dags"][0]["message"]
    assert details["changed"] is True
    assert details["dags"][0]["dag_run"]["state"] == state
    assert details["diff"]["after"] == {"DAG etl": {"is_paused": False}}


def test_a_run_is_told_although_its_dag_cannot_be_unpaused(batch, server, generation):
    batch.dag(times=2, is_paused=True)
    batch.there()
    batch.dag(is_paused=True)
    forbidden = generation.problem(403, "Forbidden")
    server.patch("dags/etl", sends={"is_paused": False}).answers(forbidden, 403)
    error = batch.failure(dags=items("etl", paused=False))
    assert "Airflow answered 403 to PATCH" in error.message
    assert error.details["dags"][0]["dag_run"]["state"] == "success"
    assert error.details["changed"] is False


def test_a_dag_that_is_not_parsed_in_time(batch, server, generation):
    batch.no_dag("a")
    server.get("importErrors", {"limit": 100, "offset": 0}).answers({"import_errors": [], "total_entries": 0})
    server.get("monitor/health" if generation.name == "v2" else "health").answers({})
    error = batch.failure(dags=items("a"), parse_timeout=0)
    assert error.message.startswith(
        "1 of 1 DAGs did not end well: DAG a is not known to Airflow, after 0s (parse_timeout)"
    )


@pytest.mark.parametrize(("own", "option"), [({}, "wait_timeout"), ({"wait_timeout": 0}, "wait_timeout of the item")])
def test_a_run_that_takes_too_long(own, option, batch, server, generation):
    batch.dag(times=2)
    batch.missing()
    batch.makes()
    # What tells why it takes so long may not be seen.
    page, health = {"limit": 100, "offset": 0}, "health" if generation.name == "v1" else "monitor/health"
    server.get("dags/etl/dagRuns/r/taskInstances", page).answers(generation.problem(403, "Forbidden"), 403)
    server.get("dags/etl").answers(generation.problem(403, "Forbidden"), 403)
    server.get(health).answers({"scheduler": {"status": "healthy"}})
    error = batch.failure(dags=items("etl", **own), wait_timeout=0)
    assert f"DAG run etl / r is still queued after 0s ({option}): it has not started yet" in error.message
    assert error.details["dags"][0]["dag_run"]["state"] == "queued"
    assert error.details["timed_out"] is error.details["dags"][0]["timed_out"] is True


def test_a_run_is_not_waited_for(batch):
    batch.dag(times=2)
    batch.missing()
    batch.makes()
    result = batch(dags=items("etl", wait=False))
    assert result["dags"][0]["message"].startswith("DAG run etl / r is queued")


def test_check_mode_foresees(batch):
    batch.no_dag("a")
    batch.no_dag("a")
    batch.dag("b", times=2)
    batch.missing("b")
    batch.no_dag("c")
    batch.no_dag("c")
    dags = [*items("a", "b"), {"dag_id": "c", "paused": False, "trigger": False}]
    result = batch(True, dags=dags)
    assert [dag["message"] for dag in result["dags"]] == [
        "DAG run a / r would be triggered.",
        "DAG run b / r would be triggered.",
        "DAG c is not parsed yet and would be unpaused; no run is triggered.",
    ]
    # Once for each of them.
    assert batch.warnings == [f"DAG {name} is not known to Airflow; check mode does not wait for it." for name in "ac"]


@pytest.mark.parametrize(
    ("dags", "words"),
    [
        ([{"dag_id": "ok"}, {"dag_id": "a b"}], "Item 2 of dags: dag_id 'a b' has a blank"),
        (items("etl", conf="x"), "Item 1 of dags: conf must be a mapping"),
        (
            items("etl", logical_date="2026-11-02"),
            "Item 1 of dags: logical_date '2026-11-02' is no time; write it like",
        ),
        (items("etl", wait_timeout=-1), "Item 1 of dags: wait_timeout"),
        (items("etl", log_lines=-1), "Item 1 of dags: log_lines"),
        (
            items("etl", paused=True, trigger=True),
            "Item 1 of dags: DAG etl is to be paused, so that the run that trigger: true asks for would stay queued; "
            "set paused: false, or remove trigger.",
        ),
        (
            [*items("etl", secret_conf={"key": "etl_daily"}), {"dag_id": "etl_daily"}],
            "Item 1 of dags: secret_conf",
        ),
    ],
)
def test_what_is_wrong_is_refused_before_the_first_dag(dags, words, batch, server):
    error = batch.failure(dags=dags)
    assert isinstance(error, BadInput)
    assert error.message.startswith(words)
    assert server.requests == []


@pytest.mark.parametrize("option", ["parse_timeout", "wait_timeout", "parse_margin"])
def test_numbers_of_all_dags_are_checked(option, batch, server):
    assert option in batch.failure(dags=items("etl"), **{option: -1}).message
    assert server.requests == []


def test_no_dags_are_no_work(batch, server):
    assert batch(dags=[]) == {"changed": False, "dags": [], "diff": {"before": {}, "after": {}}}
    assert server.requests == []
