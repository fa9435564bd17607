# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import secrets
import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    Denied,
    FateUnknown,
    NotFound,
    RunFailed,
    TimedOut,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_run_batch
from ansible_collections.dagops.airflow.tests.unit.bodies import DATE, ENDED, GENERATIONS, STARTED
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL
from ansible_collections.dagops.airflow.tests.unit.frame import Runner

OVER = {"start_date": STARTED, "end_date": ENDED}
PATH = "dags/{}/dagRuns"


class Story(Runner):
    """The exchanges that these tests are made of; runs are named by their DAG and id, such as C(etl/a)."""

    def dag(self, dag_id="etl", **keys):
        return self.server.get(f"dags/{dag_id}").answers(self.generation.dag(dag_id, **keys))

    def run(self, name, state="queued", **keys):
        dag_id, run_id = name.split("/")
        times = {"queued": {}, "running": {"start_date": STARTED}}.get(state, OVER)
        return self.generation.run(run_id, state, dag_id=dag_id, **{**times, **keys})

    def missing(self, name):
        dag_id, run_id = name.split("/")
        return self.server.get(f"{PATH.format(dag_id)}/{run_id}").answers(self.generation.no_run(run_id), 404)

    def there(self, name, state="success", **keys):
        dag_id, run_id = name.split("/")
        return self.server.get(f"{PATH.format(dag_id)}/{run_id}").answers(self.run(name, state, **keys))

    def trigger(self, name, **sends):
        """The POST that makes a run, not yet answered."""
        dag_id, run_id = name.split("/")
        return self.server.post(PATH.format(dag_id), sends=self.generation.trigger_body(run_id, **sends))

    def makes(self, name, **sends):
        return self.trigger(name, **sends).answers(self.run(name), 200)

    def active(self, *names, dag_ids=("etl",), state="running"):
        body = {"dag_ids": list(dag_ids), "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}
        runs = [self.run(name, state) for name in names]
        return self.server.post("dags/~/dagRuns/list", sends=body).answers(self.generation.runs(*runs))

    def failed(self, name):
        """Its tasks are read, not their logs."""
        dag_id, run_id = name.split("/")
        tasks = self.generation.tasks(self.generation.task("load", "failed"), self.generation.task("read"))
        self.server.get(f"{PATH.format(dag_id)}/{run_id}/taskInstances", {"limit": 100, "offset": 0}).answers(tasks)

    def unpauses(self, dag_id="etl"):
        dag = self.generation.dag(dag_id)
        return self.server.patch(f"dags/{dag_id}", sends={"is_paused": False}).answers(dag)

    def __call__(self, check_mode: bool = False, **given: t.Any) -> dict[str, t.Any]:
        return super().__call__(check_mode, **{"log_lines": 0, **given})


@pytest.fixture
def batch(server, generation):
    return Story(server, generation, airflow_dag_run_batch)


def items(*names, **options):
    """Items of the option runs: C(etl/a) names a run, and C(etl) only its DAG."""
    found = []
    for name in names:
        dag_id, _slash, run_id = name.partition("/")
        found.append({"dag_id": dag_id, **({"dag_run_id": run_id} if run_id else {}), **options})
    return found


def states(result):
    return [entry["dag_run"] and entry["dag_run"]["state"] for entry in result["runs"]]


# -- making and waiting


def test_all_runs_are_made_at_once_and_waited_for_together(batch, server, clock):
    batch.dag()
    for name in ("etl/a", "etl/b", "etl/c"):
        batch.missing(name)
    for name in ("etl/a", "etl/b", "etl/c"):
        batch.makes(name)
    batch.active("etl/b")
    batch.there("etl/a")
    batch.there("etl/c")
    batch.active()
    batch.there("etl/b")
    result = batch(runs=items("etl/a", "etl/b", "etl/c"))
    assert result["changed"] is True
    assert states(result) == ["success"] * 3
    assert [entry["dag_run"]["dag_run_id"] for entry in result["runs"]] == ["a", "b", "c"]
    assert [(entry["changed"], entry["msg"]) for entry in result["runs"]] == [(True, None)] * 3
    assert result["runs"][0]["elapsed"] > 0
    assert "conf" not in result["runs"][0]["dag_run"]
    assert result["diff"]["after"]["DAG run etl / b"] == {"state": "queued"}
    assert server.requests[-1].method == "GET"


def test_requests_are_bounded(batch, server, monkeypatch):
    """A DAG is read once; a run without a name takes its POST and the read of its end; a look is one request."""
    numbers = iter(range(1000))
    monkeypatch.setattr(secrets, "token_hex", lambda length: f"{next(numbers):08}")
    names = [f"etl/ansible__20261122T101500Z__{number:08}" for number in range(50)]
    batch.dag()
    for name in names:
        batch.makes(name)
    batch.active(*names)
    batch.active(*names)
    batch.active()
    for name in names:
        batch.there(name)
    assert states(batch(runs=items(*["etl"] * 50))) == ["success"] * 50
    assert len(server.requests) == 1 + 50 + 3 + 50


def test_no_more_than_max_parallel_are_unfinished(batch, clock):
    batch.dag()
    names = [f"etl/{letter}" for letter in "abcd"]
    for name in names:
        batch.missing(name)
    batch.makes("etl/a")
    batch.makes("etl/b")
    batch.active("etl/a")
    batch.there("etl/b")
    batch.makes("etl/c")
    batch.active("etl/a", "etl/c")
    batch.active()
    batch.there("etl/a")
    batch.there("etl/c")
    batch.makes("etl/d")
    batch.active()
    batch.there("etl/d")
    assert states(batch(runs=items(*names), max_parallel=2)) == ["success"] * 4


def test_one_after_the_other(batch):
    batch.dag()
    for name in ("etl/a", "etl/b"):
        batch.missing(name)
    for name in ("etl/a", "etl/b"):
        batch.makes(name)
        batch.active()
        batch.there(name)
    assert states(batch(runs=items("etl/a", "etl/b"), max_parallel=1)) == ["success"] * 2


def test_each_item_has_its_own_options(batch, server, generation):
    batch.dag()
    batch.dag("other")
    batch.trigger("etl/ansible__20261122T101500Z__5f3ac0de", conf={"a": 1, "key": "hidden-5e1f"}).answers(
        batch.run("etl/ansible__20261122T101500Z__5f3ac0de")
    )
    server.post(
        PATH.format("other"),
        sends=generation.trigger_body("ansible__20261122T101500Z__5f3ac0de", conf={"b": [1]}),
    ).answers(batch.run("other/ansible__20261122T101500Z__5f3ac0de"))
    runs = [
        {"dag_id": "etl", "conf": {"a": 1}, "secret_conf": {"key": "hidden-5e1f"}},
        {"dag_id": "other", "conf": '{"b": [1]}'},
    ]
    assert states(batch(runs=runs, wait=False)) == ["queued", "queued"]


def test_a_run_that_is_there_is_adopted(batch):
    batch.dag()
    batch.there("etl/a", "running", conf={"a": 1})
    batch.there("etl/b")
    batch.missing("etl/c")
    batch.makes("etl/c", conf={"a": 2})
    batch.active("etl/c")
    batch.there("etl/a")
    batch.active()
    batch.there("etl/c")
    runs = [{**items("etl/a")[0], "conf": {"a": 2}}, *items("etl/b"), {**items("etl/c")[0], "conf": {"a": 2}}]
    result = batch(runs=runs)
    assert [entry["changed"] for entry in result["runs"]] == [False, False, True]
    assert batch.warnings == [
        "DAG run etl / a was already there with another conf (a differ); it was adopted as it is.",
    ]


def test_when_all_are_there_nothing_is_written(batch, server):
    server.only_reads()
    batch.dag()
    batch.there("etl/a")
    batch.there("etl/b")
    result = batch(runs=items("etl/a", "etl/b"))
    assert result["changed"] is False
    assert result["diff"] == {"before": {}, "after": {}}


def test_adopted_runs_take_places_of_max_parallel(batch):
    batch.dag()
    batch.there("etl/a", "running")
    batch.missing("etl/b")
    batch.active("etl/a")
    batch.active()
    batch.there("etl/a")
    batch.makes("etl/b")
    batch.active()
    batch.there("etl/b")
    # The first look is at once, as it is no look: the run has just been read.
    assert states(batch(runs=items("etl/a", "etl/b"), max_parallel=1)) == ["success"] * 2


def test_a_run_that_somebody_else_makes_meanwhile_is_adopted(batch, generation):
    batch.dag()
    batch.missing("etl/a")
    batch.trigger("etl/a").answers(generation.conflict("ID: 'a'"), 409)
    batch.there("etl/a", "running")
    batch.there("etl/a", "running")
    batch.active()
    batch.there("etl/a")
    result = batch(runs=items("etl/a"))
    assert result["changed"] is False


def test_an_answer_that_got_lost_makes_no_second_run(batch):
    batch.dag()
    batch.missing("etl/a")
    batch.trigger("etl/a").fails(requests.ConnectionError("reset"))
    batch.there("etl/a", "queued")
    batch.active()
    batch.there("etl/a")
    assert batch(runs=items("etl/a"))["runs"][0]["changed"] is True


def test_without_a_wait_all_are_made(batch):
    batch.dag()
    batch.missing("etl/a")
    batch.missing("etl/b")
    batch.makes("etl/a")
    batch.makes("etl/b")
    assert states(batch(runs=items("etl/a", "etl/b"), wait=False)) == ["queued", "queued"]


def test_nothing_to_run(batch, server):
    assert batch(runs=[]) == {"changed": False, "runs": [], "diff": {"before": {}, "after": {}}}
    assert server.requests == []


# -- paused DAGs


def test_a_dag_is_unpaused_once_after_its_first_run_is_made(batch):
    batch.dag(is_paused=True)
    batch.missing("etl/a")
    batch.missing("etl/b")
    batch.makes("etl/a")
    batch.unpauses()
    batch.makes("etl/b")
    result = batch(runs=[*items("etl/a", when_paused="unpause"), *items("etl/b")], wait=False)
    assert result["diff"]["after"]["DAG etl"] == {"is_paused": False}


def test_a_paused_dag_refuses_all_before_the_first_run_is_made(batch, server):
    server.only_reads()
    batch.dag()
    batch.missing("etl/a")
    batch.dag("other", is_paused=True)
    batch.missing("other/a")
    error = batch.failure(runs=items("etl/a", "other/a"))
    assert isinstance(error, BadInput)
    assert error.message.startswith("Item 2 of runs: DAG other is paused, so the run would stay queued")


def test_a_run_of_a_paused_dag_that_has_ended_is_no_reason_to_refuse(batch):
    batch.dag(is_paused=True)
    batch.there("etl/a")
    assert states(batch(runs=items("etl/a"))) == ["success"]


# -- what is refused before


@pytest.mark.parametrize(
    ("runs", "options", "said"),
    [
        (items("etl", "a b"), {}, "Item 2 of runs: dag_id 'a b' has a blank"),
        (items("etl", "etl/a..b"), {}, "Item 2 of runs: dag_run_id 'a..b' has '..' in it"),
        (items("etl/scheduled__x"), {}, "Item 1 of runs: dag_run_id 'scheduled__x' is a name of Airflow's scheduler"),
        (items("etl", logical_date="tomorrow"), {}, "Item 1 of runs: logical_date 'tomorrow' is no time"),
        (items("etl", conf=[1]), {}, "Item 1 of runs: conf must be a mapping, or the JSON or YAML text of one"),
        (items("etl", conf="'a'"), {}, "Item 1 of runs: conf must be a mapping"),
        (items("etl", data_interval_start=DATE), {}, "Item 1 of runs: data_interval_start and data_interval_end go"),
        (items("etl", note="n" * 1001), {}, "Item 1 of runs: note has 1001 characters"),
        (items("etl", secret_conf={"a": "b"}), {}, "Item 1 of runs: secret_conf holds a value shorter than 6"),
        (
            items("etl/a", "etl/b", "etl/a"),
            {},
            "Items 1 and 3 of runs are the same run (etl / a); remove one of them.",
        ),
        (
            items("etl", "etl", logical_date=DATE),
            {},
            f"Items 1 and 2 of runs are the same run (etl / {DATE}); remove one",
        ),
        (items("etl"), {"max_parallel": 0}, "max_parallel is 0; it takes 1 or more"),
        (items("etl"), {"max_parallel": 2, "wait": False}, "max_parallel needs wait: true"),
        (items("etl"), {"wait_timeout": -1}, "wait_timeout is -1;"),
        (items("etl"), {"poll_interval": -1}, "poll_interval is -1;"),
        (items("etl"), {"log_lines": -1}, "log_lines is -1;"),
    ],
)
def test_what_is_wrong_is_refused_before_a_request(batch, server, runs, options, said):
    error = batch.failure(runs=runs, **options)
    assert isinstance(error, BadInput)
    assert error.message.startswith(said)
    assert server.requests == []


def test_a_secret_that_is_a_part_of_another_items_id_is_refused(batch, server):
    runs = [*items("etl", secret_conf={"key": "release"}), *items("etl/release-42")]
    error = batch.failure(runs=runs)
    assert error.message.startswith(
        "Item 1 of runs: secret_conf holds a value that is a part of an id, a URL or a state"
    )
    assert server.requests == []


def test_an_unknown_dag_refuses_all(batch, server, generation):
    server.only_reads()
    batch.dag()
    server.get("dags/nowhere").answers(generation.no_dag("nowhere"), 404)
    error = batch.failure(runs=items("etl", "nowhere"))
    assert isinstance(error, NotFound)
    assert error.message.startswith(f"Item 2 of runs: DAG nowhere does not exist at {URL}")


def test_a_stale_dag_refuses_all(batch, server):
    server.only_reads()
    batch.dag(is_stale=True)
    assert batch.failure(runs=items("etl")).message.startswith("Item 1 of runs: DAG etl is stale")


def test_what_the_version_lacks_refuses_all(batch, server, generation):
    server.only_reads()
    batch.dag()
    batch.dag("other")
    if generation.name == "v1":
        wrong = {"run_after": DATE}
    else:
        wrong = {"data_interval_start": DATE, "data_interval_end": DATE}
    error = batch.failure(runs=[*items("etl"), *items("other", **wrong)])
    assert isinstance(error, (BadInput, Unsupported))
    assert error.message.startswith("Item 2 of runs: ")
    assert "Airflow" in error.message


def test_a_date_and_an_id_of_one_run_are_two_items_too_many(batch, server, generation):
    server.only_reads()
    batch.dag()
    batch.there("etl/a", logical_date=DATE)
    moment = {f"{generation.date_filter}_gte": DATE, f"{generation.date_filter}_lte": DATE, "limit": 1}
    found = generation.runs(batch.run("etl/a", "success", logical_date=DATE))
    server.get("dags/etl/dagRuns", moment).answers(found)
    error = batch.failure(runs=[*items("etl/a"), *items("etl", logical_date=DATE)])
    assert error.message == "Items 1 and 2 of runs are the same run (etl / a); remove one of them."


# -- failures


def test_one_report_names_every_failed_run(batch):
    names = [f"etl/{letter}" for letter in "abcdef"]
    batch.dag()
    for name in names:
        batch.missing(name)
    for name in names:
        batch.makes(name)
    batch.active()
    for name in names:
        batch.there(name, "success" if name == "etl/b" else "failed")
    for name in names:
        if name != "etl/b":
            batch.failed(name)
    with pytest.raises(RunFailed) as caught:
        batch(runs=items(*names))
    message = caught.value.message
    assert message.startswith("5 of 6 DAG runs failed. DAG run etl / a failed after ")
    assert message.count("1 of 2 tasks failed: load (try 1 of 1).") == 4
    assert message.endswith(" Failed, too: etl / f (load).")
    entries = caught.value.details["runs"]
    assert [len(entry["failed_tasks"]) for entry in entries] == [1, 0, 1, 1, 1, 1]
    assert [bool(entry["msg"]) for entry in entries] == [True, False, True, True, True, True]
    assert caught.value.details["changed"] is True
    assert len(caught.value.details["diff"]["after"]) == 6


def test_a_run_that_had_failed_before_says_so(batch):
    batch.dag()
    batch.there("etl/a", "failed")
    batch.failed("etl/a")
    error = batch.failure(runs=items("etl/a"))
    assert (
        "was already there and had failed; airflow_dag_run with state: cleared runs it again: 1 of 2 tasks failed"
        in error.message
    )
    assert error.details["changed"] is False


def test_a_run_that_airflow_refuses_does_not_hold_back_the_others(batch, server, generation):
    batch.dag()
    for name in ("etl/a", "etl/b", "etl/c"):
        batch.missing(name)
    batch.makes("etl/a")
    batch.trigger("etl/b", conf={"x": 1}).answers(generation.problem(400, "Bad Request", "x is no number"), 400)
    batch.makes("etl/c")
    batch.active()
    batch.there("etl/a")
    batch.there("etl/c", "failed")
    batch.failed("etl/c")
    runs = [*items("etl/a"), *items("etl/b", conf={"x": 1}), *items("etl/c")]
    error = batch.failure(runs=runs)
    assert error.message.startswith("1 of 3 DAG runs failed. DAG run etl / c failed after ")
    assert error.message.endswith(
        "1 of 3 DAG runs could not be made. Item 2 of runs: Airflow refused the run of DAG etl: x is no number; "
        "check conf and the dates."
    )
    assert states(error.details) == ["success", None, "failed"]
    assert [entry["changed"] for entry in error.details["runs"]] == [True, False, True]
    assert error.details["runs"][1]["msg"].startswith("Item 2 of runs: Airflow refused")


def test_a_run_whose_dag_cannot_be_unpaused_is_not_lost(batch, server, generation):
    batch.dag(is_paused=True)
    batch.makes("etl/ansible__20261122T101500Z__5f3ac0de")
    server.patch("dags/etl", sends={"is_paused": False}).answers(generation.problem(403, "Forbidden"), 403)
    error = batch.failure(runs=items("etl", when_paused="unpause"))
    assert isinstance(error, RunFailed)
    assert error.message.startswith("1 of 1 DAG runs could not be made. Item 1 of runs: ")
    assert states(error.details) == ["queued"]
    assert error.details["changed"] is True


def test_made_runs_are_told_when_nobody_knows_of_the_next(batch, server):
    batch.dag()
    for name in ("etl/a", "etl/b", "etl/c"):
        batch.missing(name)
    batch.makes("etl/a")
    batch.trigger("etl/b").fails(requests.ConnectionError("reset"))
    server.again(server.get("dags/etl/dagRuns/b").says("", 502), 40)
    with pytest.raises(FateUnknown) as caught:
        batch(runs=items("etl/a", "etl/b", "etl/c"), retry_timeout=5)
    server.script.clear()
    assert caught.value.message.startswith("Item 2 of runs: ")
    assert "Whether run b of DAG etl was made is not known" in caught.value.message
    entries = caught.value.details["runs"]
    assert [entry["dag_run"] and entry["dag_run"]["dag_run_id"] for entry in entries] == ["a", "b", None]
    assert states(caught.value.details) == ["queued", None, None]
    assert "dag_run" not in caught.value.details
    assert caught.value.details["changed"] is True


def test_a_missing_right_is_told_of_each(batch, server, generation):
    batch.dag()
    for _number in range(6):
        batch.trigger("etl/ansible__20261122T101500Z__5f3ac0de").answers(generation.problem(403, "Forbidden"), 403)
    with pytest.raises(RunFailed) as caught:
        batch(runs=items(*["etl"] * 6))
    assert not isinstance(caught.value, Denied)
    assert caught.value.message.startswith("6 of 6 DAG runs could not be made. Item 1 of runs: ")
    assert "Item 4 of runs" in caught.value.message
    assert "Item 5 of runs" not in caught.value.message
    assert caught.value.message.endswith("So it is with 2 more.")


def test_a_time_out_names_those_that_go_on_and_those_that_were_not_made(batch, server, generation, clock):
    batch.dag()
    for name in ("etl/a", "etl/b"):
        batch.missing(name)
    batch.makes("etl/a")
    batch.active("etl/a", state="queued")
    server.get("dags/etl/dagRuns/a/taskInstances", {"limit": 100, "offset": 0}).answers(generation.tasks())
    server.get("dags/etl").answers(generation.dag("etl", is_paused=True))
    error = batch.failure(runs=items("etl/a", "etl/b"), max_parallel=1, wait_timeout=0.5)
    assert isinstance(error, TimedOut)
    assert error.message == (
        "2 of 2 DAG runs have not ended after 0s (wait_timeout): etl / a (queued), etl / b (not made). Reason for "
        "etl / a: its DAG is paused, so no task of it starts: unpause the DAG. etl / a goes on. The same task with a "
        "dag_run_id for each run makes the others, and waits for all of them."
    )
    assert error.details["timed_out"] is True
    assert states(error.details) == ["queued", None]
    assert [entry["msg"] for entry in error.details["runs"]] == [
        "DAG run etl / a has not ended after 0s (wait_timeout).",
        "Item 2 of runs was not made.",
    ]
    assert clock.passed == 0.5


def test_at_the_end_of_the_time_no_further_run_is_made(batch):
    batch.dag()
    for name in ("etl/a", "etl/b"):
        batch.missing(name)
    batch.makes("etl/a")
    batch.active()
    batch.there("etl/a")
    error = batch.failure(runs=items("etl/a", "etl/b"), max_parallel=1, wait_timeout=0.5)
    assert error.message == (
        "1 of 2 DAG runs has not ended after 0s (wait_timeout): etl / b (not made). The same task with a dag_run_id "
        "for each run makes the others, and waits for all of them."
    )
    assert states(error.details) == ["success", None]


def test_no_time_at_all_makes_the_runs_and_looks_once(batch, server, generation, clock):
    batch.dag()
    batch.makes("etl/ansible__20261122T101500Z__5f3ac0de")
    run = "dags/etl/dagRuns/ansible__20261122T101500Z__5f3ac0de"
    server.get(f"{run}/taskInstances", {"limit": 100, "offset": 0}).answers(generation.tasks())
    server.get("dags/etl").answers(generation.dag("etl", is_paused=True))
    error = batch.failure(runs=items("etl"), wait_timeout=0)
    assert isinstance(error, TimedOut)
    assert clock.passed == 0


# -- check mode


def test_check_mode_predicts_and_writes_nothing(batch, server):
    batch.dag(is_paused=True)
    batch.there("etl/a")
    batch.missing("etl/b")
    batch.missing("etl/c")
    result = batch(True, runs=items("etl/a", "etl/b", "etl/c", when_paused="unpause"), max_parallel=1)
    assert result["changed"] is True
    assert states(result) == ["success", "queued", "queued"]
    assert [entry["changed"] for entry in result["runs"]] == [False, True, True]
    assert result["diff"]["after"] == {
        "DAG run etl / b": {"state": "queued"},
        "DAG run etl / c": {"state": "queued"},
        "DAG etl": {"is_paused": False},
    }


def test_check_mode_fails_as_the_task_would(batch):
    batch.dag(is_paused=True)
    assert batch.failure(True, runs=items("etl")).message.startswith("Item 1 of runs: DAG etl is paused")


def test_check_mode_goes_on_without_a_dag_that_a_task_before_would_deploy(batch, server, generation):
    server.get("dags/etl").answers(generation.no_dag(), 404)
    result = batch(True, runs=items("etl/a", "etl/b"))
    assert states(result) == ["queued", "queued"]
    assert result["changed"] is True
    assert "check mode goes on as if a task before had made it." in batch.warnings[0]


# -- progress


def test_no_line_is_printed_about_no_run(batch, server, monkeypatch):
    lines: list[str] = []
    original = airflow_dag_run_batch.run

    def run(module, airflow):
        airflow.say = lines.append
        return original(module, airflow)

    monkeypatch.setattr(airflow_dag_run_batch, "run", run)
    batch(runs=[])
    assert (lines, server.requests) == ([], [])


def test_lines_of_progress(batch, monkeypatch):
    lines: list[str] = []
    original = airflow_dag_run_batch.run

    def run(module, airflow):
        airflow.say = lines.append
        return original(module, airflow)

    monkeypatch.setattr(airflow_dag_run_batch, "run", run)
    for progress in (True, False):
        batch.dag()
        for name in ("etl/a", "etl/b", "etl/c"):
            batch.missing(name)
        batch.makes("etl/a")
        batch.makes("etl/b")
        batch.active("etl/a", "etl/b")
        batch.active("etl/a", "etl/b")
        batch.active("etl/b")
        batch.there("etl/a", "failed")
        batch.makes("etl/c")
        batch.active()
        batch.there("etl/b")
        batch.there("etl/c")
        batch.failed("etl/a")
        batch.failure(runs=items("etl/a", "etl/b", "etl/c"), max_parallel=2, progress=progress)
    assert lines == [
        "0 of 3 DAG runs have ended, 2 queued, 1 not made yet",
        "0 of 3 DAG runs have ended, 2 running, 1 not made yet",
        "1 of 3 DAG runs has ended, 1 failed (etl / a), 1 running, 1 queued",
        "3 of 3 DAG runs have ended, 1 failed (etl / a)",
    ]


# -- whole modules: what Ansible reads and writes


@pytest.fixture
def v2(server):
    server.prefix = "/api/v2/"
    return {"api_url": URL, "api_token": "eyJhbGciOi.token.of-tests", "api_version": "v2"}


SECRET = 'it\'s "hidden"-5e1f'


@pytest.mark.parametrize("secret", [{"key": SECRET}, json.dumps({"key": SECRET})], ids=["a mapping", "JSON"])
@pytest.mark.parametrize("whole", [False, True], ids=["a list", "JSON of all"])
def test_secrets_are_shown_nowhere(played, v2, server, secret, whole, monkeypatch):
    generation = GENERATIONS["v2"]
    logged: list[str] = []
    log = "ansible.module_utils.basic.AnsibleModule.log"
    monkeypatch.setattr(log, lambda self, msg, log_args=None: logged.append(f"{msg} {log_args}"))
    server.get("dags/etl").answers(generation.dag("etl"))
    server.get("dags/etl/dagRuns/r").answers(generation.no_run("r"), 404)
    body = generation.trigger_body("r", conf={"key": SECRET})
    server.post("dags/etl/dagRuns", sends=body).answers(generation.problem(400, "x", f"no {SECRET} here"), 400)
    runs: t.Any = [{"dag_id": "etl", "secret_conf": secret, "note": None, "dag_run_id": "r", "when_paused": ""}]
    result = played(
        airflow_dag_run_batch.main, **v2, runs=json.dumps(runs) if whole else runs, _ansible_inject_invocation=True
    )
    assert result["failed"] is True
    assert "Airflow refused the run of DAG etl: no ******** here" in result["msg"]
    for told in (json.dumps(result), *logged):
        assert "hidden" not in told
    assert result["invocation"]["module_args"]["runs"][0]["dag_id"] == "etl"


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        (
            "[{'dag_id': 'etl', 'secret_conf': {'key': 'a=hidden'}, 'conf': {'day': datetime.date(2026, 1, 1)}}]",
            "; give a list of mappings, or apply the filter to_json to the expression",
        ),
        (
            ["{'dag_id': 'etl', 'secret_conf': {'key': 'a=hidden'}, 'conf': {'day': datetime.date(2026, 1, 1)}}"],
            "; give a list of mappings, or apply the filter to_json to the expression",
        ),
        ("[{'dag_id': 'hidden'}]", " that is not valid JSON: it breaks at character 3; correct it, write it like"),
        ("", "; write it like [{dag_id: …}]."),
        ("etl, hidden", "; write it like [{dag_id: …}]."),
        ([""], "; write it like {dag_id: …}."),
        (["etl", "hidden"], "; write it like {dag_id: …}."),
    ],
)
def test_a_text_that_is_no_list_is_refused_unseen(played, v2, server, runs, says):
    result = played(airflow_dag_run_batch.main, **v2, runs=runs)
    what = "runs" if isinstance(runs, str) else "Item 1 of runs"
    assert result["msg"].startswith(f"{what} is a text{says}")
    assert "hidden" not in json.dumps(result)
    assert server.requests == []


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([{"dag_id": "etl", "wiat": False, "secret_conf": {"key": "hidden-5e1f"}}], "wiat"),
        ([{"secret_conf": {"key": "hidden-5e1f"}}], "Item 1 of runs has no dag_id; write it like {dag_id: …}."),
        ([{"dag_id": "etl", "when_paused": "maybe", "secret_conf": {"key": "hidden-5e1f"}}], "value of when_paused"),
        ([[{"dag_id": "etl", "secret_conf": {"key": "hidden-5e1f"}}]], "runs"),
        ({"dag_id": "etl", "secret_conf": {"key": "hidden-5e1f"}}, "runs"),
        ([{"dag_id": "etl", "secret_conf": [{"key": "hidden-5e1f"}]}], "secret_conf"),
    ],
)
def test_what_ansible_refuses_shows_no_secret(played, v2, server, runs, said):
    result = played(airflow_dag_run_batch.main, **v2, runs=runs)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "hidden" not in json.dumps(result)
    assert server.requests == []


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({}, "Item 2 of runs has no dag_id; write it like {dag_id: …}."),
        ({"dag_id": ""}, "Item 2 of runs has no dag_id; write it like {dag_id: …}."),
        ({"dag_id": None, "conf": {"a": 1}}, "Item 2 of runs has no dag_id; write it like {dag_id: …}."),
        ({"dag_id": "etl", "wiat": False}, "Item 2 of runs has an unknown key wiat; it takes dag_id, dag_run_id, "),
        ({"dag_id": "etl", 7: False}, "Item 2 of runs has an unknown key 7; it takes dag_id, dag_run_id, "),
        ({"dag_id": "etl", "state": "cleared"}, "Item 2 of runs has an unknown key state; it takes dag_id, "),
        ({"dag_id": "etl", "when_paused": "maybe"}, "Item 2 of runs: value of when_paused must be one of: fail, "),
        (
            {"dag_id": "etl", "secret_conf": "hidden-5e1f"},
            "secret_conf in Item 2 of runs must be a mapping, and is a text;",
        ),
        (["etl"], "Item 2 of runs must be a mapping, and is a"),
        (7, "Item 2 of runs must be a mapping, and is a"),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_what_is_wrong_with_an_item_names_it(played, v2, server, item, said, as_text):
    runs = [{"dag_id": "etl"}, item]
    if as_text and not (isinstance(item, dict) and 7 in item):
        runs = json.dumps(runs)
    result = played(airflow_dag_run_batch.main, **v2, runs=runs)
    assert result["failed"] is True
    assert result["msg"].startswith(said)
    assert "hidden" not in json.dumps(result)
    assert server.requests == []
