# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from urllib.parse import quote

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    Conflict,
    Denied,
    FateUnknown,
    NotFound,
    RunFailed,
    ServerError,
    TimedOut,
    Unreachable,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import Redactor
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_run
from ansible_collections.dagops.airflow.tests.unit.bodies import (
    DATE,
    ENDED,
    GENERATIONS,
    NEW_ID,
    RUN_ID,
    STARTED,
    Generation,
)
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

RUN_KEYS = {
    "dag_id",
    "dag_run_id",
    "data_interval_end",
    "data_interval_start",
    "end_date",
    "logical_date",
    "note",
    "run_after",
    "run_type",
    "start_date",
    "state",
    "url",
}
KEYS = {"changed", "dag_run", "diff", "elapsed", "failed_tasks", "msg", "task_counts"}
WOULD_BE = {"cleared": "run again", "failed": "marked failed", "success": "marked successful"}
OVER = {"start_date": STARTED, "end_date": ENDED}
PAGE = {"limit": 100, "offset": 0}
LOST = {
    "reset": lambda answer: answer.fails(requests.ConnectionError("Connection reset by peer")),
    "time-out": lambda answer: answer.fails(requests.ReadTimeout("read timed out")),
    "broken off": lambda answer: answer.answers({"dag_run_id": NEW_ID}).breaks_after(7),
    **{
        str(status): lambda answer, status=status: answer.says("<html>gateway</html>", status, "text/html")
        for status in (429, 502, 503, 504)
    },
}


class Story(Runner):
    """The exchanges that tests of runs are made of."""

    def dag(self, **keys: t.Any) -> Exchange:
        return self.server.get("dags/etl_daily").answers(self.generation.dag(**keys))

    def no_dag(self) -> Exchange:
        return self.server.get("dags/etl_daily").answers(self.generation.no_dag(), 404)

    def explained(self, *tasks: t.Any, dag_run_id: str = NEW_ID, **dag: t.Any) -> None:
        """What is read after a time-out, of a run that is queued when there are no tasks."""
        self.tasks(*tasks, dag_run_id=dag_run_id)
        self.dag(**dag)
        if not dag.get("is_paused"):
            health = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}}
            self.server.get("health" if self.generation.name == "v1" else "monitor/health").answers(health)
            if not tasks:
                body = {"dag_ids": ["etl_daily"], "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}
                self.server.post("dags/~/dagRuns/list", sends=body).answers(self.generation.runs())

    def run(self, dag_run_id: str = RUN_ID, state: str = "queued", **keys: t.Any) -> Exchange:
        body = self.generation.run(dag_run_id, state, **keys)
        return self.server.get(f"dags/etl_daily/dagRuns/{dag_run_id}").answers(body)

    def no_run(self, dag_run_id: str = RUN_ID) -> Exchange:
        return self.server.get(f"dags/etl_daily/dagRuns/{dag_run_id}").answers(self.generation.no_run(dag_run_id), 404)

    def of_date(self, *runs: dict[str, t.Any]) -> Exchange:
        name = self.generation.date_filter
        query = {f"{name}_gte": DATE, f"{name}_lte": DATE, "limit": 1}
        return self.server.get("dags/etl_daily/dagRuns", query).answers(self.generation.runs(*runs))

    def post(self, dag_run_id: str = NEW_ID, **keys: t.Any) -> Exchange:
        return self.server.post("dags/etl_daily/dagRuns", sends=self.generation.trigger_body(dag_run_id, **keys))

    def made(self, dag_run_id: str = NEW_ID, answer: dict[str, t.Any] | None = None, **keys: t.Any) -> Exchange:
        return self.post(dag_run_id, **keys).answers(self.generation.run(dag_run_id, **(answer or {})))

    def unpause(self) -> Exchange:
        return self.server.patch("dags/etl_daily", sends={"is_paused": False}).answers(self.generation.dag())

    def tasks(self, *tasks: dict[str, t.Any], dag_run_id: str = RUN_ID) -> Exchange:
        return self.server.get(f"dags/etl_daily/dagRuns/{dag_run_id}/taskInstances", PAGE).answers(
            self.generation.tasks(*tasks)
        )

    def log(self, task_id: str, *lines: str, dag_run_id: str = RUN_ID, tries: int = 1, index: int = -1) -> Exchange:
        path = f"dags/etl_daily/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{tries}"
        exchange = self.server.get(path, {"full_content": "true", **({"map_index": index} if index >= 0 else {})})
        exchange.headers["Accept"] = {"v1": "text/plain", "v2": "application/x-ndjson"}[self.generation.name]
        return exchange.says(self.generation.log(*lines))

    def set_state(self, state: str, answer: str = "", dag_run_id: str = RUN_ID) -> Exchange:
        return self.server.patch(f"dags/etl_daily/dagRuns/{dag_run_id}", sends={"state": state}).answers(
            self.generation.run(dag_run_id, answer or state, **OVER)
        )


@pytest.fixture
def story(server: Server, generation: Generation) -> Story:
    return Story(server, generation, airflow_dag_run)


def launch(story: Story, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return story(check_mode, **{"dag_id": "etl_daily", "wait": False, **options})


def refusal(story: Story, check_mode: bool = False, **options: t.Any) -> t.Any:
    return story.failure(check_mode, **{"dag_id": "etl_daily", "wait": False, **options})


# -- triggering


def test_all_that_is_documented_is_returned():
    returned = documented(airflow_dag_run)
    assert set(returned) | {"changed", "diff"} == KEYS | {"timed_out", "reason", "results"}
    assert set(returned["dag_run"]["contains"]) == RUN_KEYS


def test_trigger_and_go_on(story, generation):
    story.dag()
    story.made()
    result = launch(story)
    assert set(result) == KEYS
    assert result["changed"] is True
    assert result["dag_run"]["dag_run_id"] == NEW_ID
    assert result["dag_run"]["state"] == "queued"
    assert result["dag_run"]["url"] == generation.run_url(NEW_ID)
    assert set(result["dag_run"]) == RUN_KEYS
    assert (result["failed_tasks"], result["task_counts"], result["elapsed"]) == ([], {}, 0.0)
    name = f"DAG run etl_daily / {NEW_ID}"
    assert result["msg"] == f"{name} is queued. {generation.run_url(NEW_ID)}"
    assert result["diff"] == {"before": {}, "after": {name: {"state": "queued"}}}


def test_trigger_with_an_id_looks_whether_it_is_there(story):
    story.dag()
    story.no_run()
    story.made(RUN_ID)
    assert launch(story, dag_run_id=RUN_ID)["dag_run"]["dag_run_id"] == RUN_ID


def test_trigger_in_check_mode(story, generation):
    story.dag()
    story.no_run()
    result = launch(story, check_mode=True, dag_run_id=RUN_ID, wait=True, conf={"a": 1}, logical_date=None)
    assert result["changed"] is True
    assert result["dag_run"]["dag_run_id"] == RUN_ID
    assert result["dag_run"]["state"] == "queued"
    assert result["dag_run"]["url"] == generation.run_url()
    assert set(result) == KEYS
    assert set(result["dag_run"]) == RUN_KEYS


def test_check_mode_predicts_the_diff(story, server):
    story.dag(is_paused=True)
    predicted = launch(story, check_mode=True, when_paused="unpause")["diff"]
    server._only_reads = False
    story.dag(is_paused=True)
    story.made()
    story.unpause()
    assert launch(story, when_paused="unpause")["diff"] == predicted
    assert predicted["after"]["DAG etl_daily"] == {"is_paused": False}


@pytest.mark.parametrize(
    ("conf", "sent"),
    [
        (
            {"n": 1, "f": 1.5, "b": True, "x": None, "l": [1, "2"]},
            {"n": 1, "f": 1.5, "b": True, "x": None, "l": [1, "2"]},
        ),
        ('{"n": 1, "s": "1"}', {"n": 1, "s": "1"}),
        ("n: 1\ns: '1'\nb: yes\n", {"n": 1, "s": "1", "b": True}),
        ({}, {}),
    ],
)
def test_conf_keeps_its_types(story, conf, sent):
    story.dag()
    story.made(conf=sent)
    launch(story, conf=conf)


def test_secret_conf_is_laid_over_conf_and_shown_nowhere(story):
    sent = {"db": {"host": "h", "password": "pa55word"}, "n": 2}
    story.dag()
    story.made(conf=sent, answer={"conf": sent})
    result = launch(story, conf={"db": {"host": "h"}, "n": 2}, secret_conf={"db": {"password": "pa55word"}})
    assert "pa55word" not in str(result)


def test_asterisks_are_no_secret_of_a_run(story):
    error = refusal(story, dag_run_id=RUN_ID, secret_conf={"deep": [{"key": "********"}]})
    assert isinstance(error, BadInput)
    assert error.message.startswith("secret_conf.deep.0.key consists of asterisks only, as they are shown in")


@pytest.mark.parametrize("secret", ["short", 12345, "etl_daily", "l_dail", "airflow", "success", "release"])
def test_a_secret_that_would_be_masked_everywhere_is_refused(story, secret):
    error = refusal(story, dag_run_id=RUN_ID, secret_conf={"deep": [{"key": secret}]})
    assert isinstance(error, BadInput)
    assert "secret_conf" in error.message
    assert "put it in conf" in error.message
    assert f"'{secret}'" not in error.message


def test_dates_and_note_are_sent(story, server, generation):
    story.dag()
    story.no_run()
    story.of_date()
    if generation.name == "v1":
        server.get("version").answers({"version": "2.11.2", "git_version": ""})
    body = {
        "logical_date": DATE,
        "data_interval_start": "2026-11-21T00:00:00Z",
        "data_interval_end": DATE,
        "note": "why",
    }
    story.made(RUN_ID, {"note": "why"}, **body)
    options = {"data_interval_start": "2026-11-21 01:00:00+01:00", "data_interval_end": DATE, "note": "why"}
    result = launch(story, dag_run_id=RUN_ID, logical_date="2026-11-22 00:00:00+00:00", **options)
    assert result["dag_run"]["note"] == "why"


def test_airflow_2_makes_a_run_of_the_future_wait(story, clock):
    date = "2035-01-01T00:00:00+00:00"
    story.dag()
    story.server.get(
        "dags/etl_daily/dagRuns",
        {f"{story.generation.date_filter}_{end}": "2035-01-01T00:00:00Z" for end in ("gte", "lte")} | {"limit": 1},
    ).answers(story.generation.runs())
    story.made(logical_date="2035-01-01T00:00:00Z")
    launch(story, logical_date=date)
    wanted = ["logical_date 2035-01-01T00:00:00Z is in the future, and Airflow 2 starts the run then"]
    assert [text[: len(wanted[0])] for text in story.warnings] == (wanted if story.generation.name == "v1" else [])


def test_run_after(story, generation):
    story.dag()
    if generation.name == "v1":
        error = refusal(story, run_after="2026-12-24T18:00:00+00:00")
        assert isinstance(error, Unsupported)
        assert (
            error.message
            == "run_after needs Airflow 3.0 or newer, and https://airflow.example is Airflow 2; leave it out."
        )
    else:
        story.made(run_after="2026-12-24T18:00:00Z")
        launch(story, run_after="2026-12-24T18:00:00+00:00")


def test_an_interval_without_a_date_is_refused_where_airflow_would_drop_it(story, generation, server):
    story.dag()
    interval = {"data_interval_start": "2026-11-21T00:00:00Z", "data_interval_end": DATE}
    if generation.name == "v1":
        server.get("version").answers({"version": "2.11.2", "git_version": ""})
        story.made(**interval)
        launch(story, **interval)
    else:
        assert refusal(story, **interval).message == (
            "data_interval_start needs a logical_date, since https://airflow.example is Airflow 3, which drops the "
            "interval of a run without one; give both."
        )


# -- paused DAGs


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_paused_dag_fails_before_anything_is_written(story, check_mode):
    story.dag(is_paused=True)
    error = refusal(story, check_mode)
    assert isinstance(error, BadInput)
    assert error.message == (
        "DAG etl_daily is paused, so the run would stay queued; unpause it, or set when_paused to unpause or trigger."
    )


def test_a_paused_dag_is_unpaused_after_the_run_was_made(story):
    story.dag(is_paused=True)
    story.made()
    story.unpause()
    result = launch(story, when_paused="unpause")
    assert result["changed"] is True
    assert result["diff"]["after"]["DAG etl_daily"] == {"is_paused": False}


def test_a_run_that_is_refused_leaves_the_dag_paused(story, generation):
    story.dag(is_paused=True)
    story.post(conf={"n": 0}).answers(generation.problem(400, "Bad Request", "Invalid input for param n"), 400)
    refusal(story, when_paused="unpause", conf={"n": 0})


def test_a_dag_that_cannot_be_unpaused_still_has_its_run(story, server, generation):
    story.dag(is_paused=True)
    story.made()
    server.patch("dags/etl_daily", sends={"is_paused": False}).answers(generation.problem(403, "Forbidden"), 403)
    error = refusal(story, when_paused="unpause")
    assert isinstance(error, Denied)
    assert error.details["changed"] is True
    assert error.details["dag_run"]["dag_run_id"] == NEW_ID


def test_a_paused_dag_may_be_left_paused(story):
    story.dag(is_paused=True)
    story.made()
    assert "DAG etl_daily" not in launch(story, when_paused="trigger")["diff"]["after"]


# -- DAGs that cannot run


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"is_stale": True}, "is stale: its file is gone or no longer holds it, so"),
        ({"has_import_errors": True}, "has an import error, so"),
        ({"is_stale": True, "has_import_errors": True}, ".py) cannot be imported or no longer holds it, so"),
    ],
)
def test_a_dag_that_cannot_run_is_refused_before_anything_is_sent(story, keys, words):
    story.dag(**keys)
    error = refusal(story)
    assert isinstance(error, BadInput)
    assert words in error.message
    assert "etl_daily" in error.message


def test_an_unknown_dag(story):
    story.no_dag()
    error = refusal(story)
    assert isinstance(error, NotFound)
    assert error.message == (
        "DAG etl_daily does not exist at https://airflow.example; check dag_id, and that its file has been parsed."
    )


def test_a_dag_that_goes_stale_between_the_look_and_the_trigger(story, generation):
    story.dag()
    story.post().answers(generation.problem(404, "DAG not found", "DAG with dag_id: 'etl_daily' not found"), 404)
    story_error = refusal(story)
    assert isinstance(story_error, NotFound)
    assert "DAG etl_daily cannot be triggered" in story_error.message


@pytest.mark.parametrize("status", [400, 422])
def test_conf_that_the_dag_refuses(story, generation, status):
    story.dag()
    if status == 422 and generation.name == "v2":
        detail: t.Any = [
            {"type": "dict_type", "loc": ["body", "conf", "n"], "msg": "Input is bad", "input": "s3cret-in"}
        ]
    else:
        detail = "Invalid input for param n: 'x' is not of type 'integer'\n\nFailed validating"
    story.post(conf={"n": "x"}).answers(generation.problem(status, "Bad Request", detail), status)
    error = refusal(story, conf={"n": "x"})
    assert isinstance(error, BadInput)
    assert error.message.startswith("Airflow refused the run of DAG etl_daily: ")
    assert error.message.endswith("check conf and the dates.")
    assert "s3cret-in" not in error.message
    assert "dag_run" not in error.details


@pytest.mark.parametrize("stops", ["", ".", "..."])
def test_a_refusal_of_airflow_gets_no_second_full_stop(story, generation, stops):
    story.dag()
    story.post().answers(generation.problem(400, "Bad Request", f"The date is in the future{stops}"), 400)
    assert refusal(story).message == (
        "Airflow refused the run of DAG etl_daily: The date is in the future; check conf and the dates."
    )


def test_the_refusal_does_not_repeat_a_secret(story, generation):
    story.dag()
    detail = "Invalid input for param key: 'pa55word\"x' is too short. " + "x" * 1000
    story.post(conf={"key": 'pa55word"x'}).answers(generation.problem(400, "Bad Request", detail), 400)
    message = refusal(story, secret_conf={"key": 'pa55word"x'}).message
    assert "pa55" not in message
    assert "********" in message


# -- adopting


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_active_run_is_adopted(story, state, check_mode):
    story.dag()
    story.run(RUN_ID, state)
    result = launch(story, check_mode, dag_run_id=RUN_ID)
    assert result["changed"] is False
    assert result["dag_run"]["state"] == state
    assert result["diff"] == {"before": {}, "after": {}}


def test_a_run_that_had_succeeded_is_adopted(story, generation):
    story.dag()
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    result = launch(story, dag_run_id=RUN_ID, wait=True)
    assert result["changed"] is False
    assert result["task_counts"] == {"success": 1}
    assert result["elapsed"] == 192.0
    assert not story.warnings
    assert result["msg"].startswith(f"DAG run etl_daily / {RUN_ID} was already there, and is success, 3m12s after its")


def test_a_run_that_had_failed_is_no_success(story, generation):
    story.dag()
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.log("load")
    error = refusal(story, dag_run_id=RUN_ID)
    assert isinstance(error, RunFailed)
    assert error.message.startswith(
        "DAG run etl_daily / release-42 was already there and had failed; airflow_dag_run with state: cleared "
        "runs it again: 1 of "
    )
    assert error.details["changed"] is False


def test_the_run_of_a_date_is_adopted_whatever_its_id(story, generation):
    story.dag()
    story.of_date(generation.run("scheduled__2026-11-22T00:00:00+00:00", "running", logical_date=DATE))
    result = launch(story, logical_date=DATE)
    assert result["changed"] is False
    assert result["dag_run"]["dag_run_id"] == "scheduled__2026-11-22T00:00:00+00:00"


def test_a_date_that_no_run_has_is_triggered(story):
    story.dag()
    story.of_date()
    story.made(logical_date=DATE)
    assert launch(story, logical_date="2026-11-22T01:00:00+01:00")["changed"] is True


def test_id_and_date_of_the_same_run(story):
    story.dag()
    story.run(RUN_ID, logical_date=DATE)
    assert launch(story, dag_run_id=RUN_ID, logical_date=DATE)["changed"] is False


def test_an_id_whose_run_has_another_date(story):
    story.dag()
    story.run(RUN_ID, logical_date="2026-11-20T00:00:00Z")
    error = refusal(story, dag_run_id=RUN_ID, logical_date=DATE)
    assert isinstance(error, BadInput)
    assert "exists with the logical date 2026-11-20T00:00:00Z, not 2026-11-22T00:00:00Z" in error.message


def test_a_date_that_belongs_to_another_run(story, generation):
    story.dag()
    story.no_run()
    story.of_date(generation.run("other-run", logical_date=DATE))
    error = refusal(story, dag_run_id=RUN_ID, logical_date=DATE)
    assert isinstance(error, BadInput)
    assert "belongs to the run other-run already" in error.message
    assert DATE in error.message


def test_an_adopted_run_with_another_conf_is_a_warning(story):
    story.dag()
    story.run(RUN_ID, conf={"a": 1, "b": 2, "c": 3})
    launch(story, dag_run_id=RUN_ID, conf={"a": 1, "b": "2", "d": 4})
    assert len(story.warnings) == 1
    assert "with another conf (b, c, d differ)" in story.warnings[0]


@pytest.mark.parametrize("has", [["a"], "a"])
def test_a_conf_that_is_no_mapping_is_another_one(story, has):
    story.dag()
    story.run(RUN_ID, conf=has)
    launch(story, dag_run_id=RUN_ID, conf={"a": 1})
    assert "with another conf (a differ)" in story.warnings[0]


@pytest.mark.parametrize("conf", [None, {"a": 1}])
def test_an_adopted_run_with_the_same_or_no_conf_is_no_warning(story, conf):
    story.dag()
    story.run(RUN_ID, conf={"a": 1})
    launch(story, dag_run_id=RUN_ID, conf=conf)
    assert not story.warnings


def test_the_warning_names_keys_and_no_secret(story):
    story.dag()
    story.run(RUN_ID, conf={"key": "old-secret"})
    launch(story, dag_run_id=RUN_ID, secret_conf={"key": "new-secret"})
    assert "secret" not in story.warnings[0]


def test_a_run_that_is_not_waited_for_is_adopted_in_a_paused_dag(story):
    story.dag(is_paused=True)
    story.run(RUN_ID)
    assert launch(story, dag_run_id=RUN_ID)["changed"] is False


def test_waiting_for_an_active_run_of_a_paused_dag_fails_at_once(story):
    story.dag(is_paused=True)
    story.run(RUN_ID)
    error = refusal(story, dag_run_id=RUN_ID, wait=True)
    assert "DAG etl_daily is paused, so run release-42 would stay queued" in error.message


def test_waiting_for_a_run_whose_dag_was_paused_on_the_way_fails_at_once(story):
    story.dag(is_paused=True)
    story.run(RUN_ID, "running")
    error = refusal(story, dag_run_id=RUN_ID, wait=True)
    assert error.message == (
        "DAG etl_daily is paused, so no more task of run release-42 would start; unpause it, or set when_paused to "
        "unpause or trigger."
    )


def test_waiting_for_an_active_run_may_unpause_its_dag(story, generation):
    story.dag(is_paused=True)
    story.run(RUN_ID)
    story.unpause()
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    result = launch(story, dag_run_id=RUN_ID, wait=True, when_paused="unpause")
    assert result["changed"] is True


def test_a_finished_run_of_a_paused_dag_is_adopted_as_it_is(story, generation):
    story.dag(is_paused=True)
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    assert launch(story, dag_run_id=RUN_ID, wait=True)["changed"] is False


# -- exactly once


@pytest.mark.parametrize("how", LOST)
def test_a_lost_answer_whose_run_was_made(story, how):
    story.dag()
    LOST[how](story.post())
    story.run(NEW_ID)
    result = launch(story)
    assert result["changed"] is True
    assert result["dag_run"]["dag_run_id"] == NEW_ID


@pytest.mark.parametrize("how", [*LOST, "refused"])
def test_a_lost_request_goes_out_again_with_the_same_id(story, how, clock):
    story.dag()
    if how == "refused":
        story.post().fails(requests.ConnectionError(ConnectionRefusedError(111, "refused")))
    else:
        LOST[how](story.post())
    story.no_run(NEW_ID)
    story.made()
    assert launch(story)["changed"] is True
    assert len(clock.pauses) == 1


def test_a_conflict_with_the_own_earlier_attempt_is_success(story, generation):
    """The look-up came before Airflow had written the run."""
    story.dag()
    story.post().fails(requests.ReadTimeout())
    story.no_run(NEW_ID)
    story.post().answers(generation.conflict(f"ID: '{NEW_ID}'"), 409)
    story.run(NEW_ID)
    assert launch(story)["changed"] is True


def test_the_look_up_is_repeated_through_the_outage(story, server):
    story.dag()
    story.post().says("", 502)
    path = f"dags/etl_daily/dagRuns/{NEW_ID}"
    server.again(server.get(path).says("", 502), 2)
    story.run(NEW_ID)
    assert launch(story)["changed"] is True


def test_looking_and_posting_again_are_one_outage(story, server, clock):
    story.dag()
    story.post().says("", 503)
    for _number in range(40):
        server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").says("", 502).taking(9)
    with pytest.raises(FateUnknown):
        launch(story, retry_timeout=20)
    server.script.clear()
    # No request begins after the 20 seconds.
    assert clock.passed <= 30


def test_an_outage_that_lasts_is_an_error(story, server, clock):
    story.dag()
    for _number in range(40):
        story.post().says("", 503).taking(1)
        story.no_run(NEW_ID)
    with pytest.raises(FateUnknown, match="answered 503"):
        launch(story, retry_timeout=20)
    server.script.clear()
    # Each request takes a second, and the first one and the last one are not of the 20.
    assert 20 <= clock.passed <= 22.5


def test_without_retries_a_lost_answer_is_looked_up_once(story):
    story.dag()
    story.post().fails(requests.ReadTimeout())
    story.run(NEW_ID)
    assert launch(story, retry_timeout=0)["changed"] is True


def test_without_retries_nothing_is_posted_twice(story):
    story.dag()
    story.post().fails(requests.ReadTimeout())
    story.no_run(NEW_ID)
    assert isinstance(refusal(story, retry_timeout=0), FateUnknown)


def test_a_500_is_looked_up_once_and_then_an_error(story, clock):
    story.dag()
    story.post().says("<html><head><title>Ooops!</title></head></html>", 500, "text/html")
    story.no_run(NEW_ID)
    if story.generation.name == "v1":
        story.server.get("version").answers({"version": "2.11.2"})
    error = refusal(story)
    assert isinstance(error, ServerError)
    assert "No run of DAG etl_daily was made" in error.message
    assert "conf" not in error.message
    assert "500" in error.message
    assert "an HTML page titled 'Ooops!'" in error.message
    assert clock.pauses == []


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("2.3.4", "may mean that conf does not fit the DAG's params, so check conf."),
        ("2.6.3", "allowed_run_id_pattern or that conf does not fit the DAG's params, so check dag_run_id and conf."),
        (
            "2.8.4",
            "No run of DAG etl_daily was made: the failure may pass, so repeat the task, or this Airflow may mean that "
            f"the run id {NEW_ID} does not fit [scheduler] allowed_run_id_pattern, so check dag_run_id.",
        ),
    ],
)
def test_what_a_500_of_airflow_2_says(server, version, told):
    story = Story(server, GENERATIONS["v1"], airflow_dag_run)
    story.dag()
    story.post().says("<html><head><title>Ooops!</title></head></html>", 500, "text/html")
    story.no_run(NEW_ID)
    server.get("version").answers({"version": version})
    assert told in refusal(story).message


UNFIT = (
    "The run_id provided '{}' does not match regex pattern '^[a-z0-9-]+$' or "
    "'^(?:manual|scheduled|asset_triggered)__(?:\\\\d{{4}}-\\\\d{{2}})$'"
)


def test_an_id_that_the_server_does_not_like_is_made_in_another_form(story, generation):
    story.dag()
    story.post().answers(generation.problem(400, "Bad Request", UNFIT.format(NEW_ID)), 400)
    fitting = NEW_ID.replace("__", "-").lower()
    story.server.post("dags/etl_daily/dagRuns", sends=generation.trigger_body(fitting)).answers(
        generation.run(fitting, "queued")
    )
    result = launch(story)
    assert result["changed"] is True
    assert result["dag_run"]["dag_run_id"] == fitting


def test_an_id_that_was_given_stays(story, generation):
    story.dag()
    story.no_run(RUN_ID)
    story.post(RUN_ID).answers(generation.problem(400, "Bad Request", UNFIT.format(RUN_ID)), 400)
    message = refusal(story, dag_run_id=RUN_ID).message
    assert message == (
        f"Airflow refused the run id {RUN_ID}: it does not fit [scheduler] allowed_run_id_pattern, ^[a-z0-9-]+$; give "
        "a dag_run_id that does."
    )


def test_an_id_that_fits_is_not_tried_again(story, generation):
    story.dag()
    said = UNFIT.format(NEW_ID).replace("[a-z0-9-]+", ".*")
    story.post().answers(generation.problem(400, "Bad Request", said), 400)
    assert "does not fit" in refusal(story).message


def test_a_500_whose_run_was_made(story):
    story.dag()
    story.post().says("Internal Server Error", 500)
    story.run(NEW_ID)
    assert launch(story)["changed"] is True


@pytest.mark.parametrize("body", ['{"dag_run_id": "ansib', "", "<html></html>"])
def test_an_answer_that_cannot_be_read_is_looked_up(story, body):
    story.dag()
    story.post().says(body, 200, "application/json")
    story.run(NEW_ID)
    assert launch(story)["changed"] is True


@pytest.mark.parametrize(("status", "kind"), [(401, Denied), (403, Denied)])
def test_a_denied_trigger_is_not_repeated(story, generation, status, kind):
    story.dag()
    story.post().answers(generation.problem(status, "Forbidden"), status)
    error = refusal(story)
    assert isinstance(error, kind)
    assert str(status) in error.message


def test_a_denied_trigger_names_the_permissions(story, generation):
    story.dag()
    story.post().answers(generation.problem(403, "Forbidden"), 403)
    error = refusal(story)
    # The token of the tests does not say which auth manager has issued it.
    takes = {
        "v1": "can_edit on DAG:etl_daily or DAGs, and can_create on DAG Runs",
        "v2": "PUT on DAG etl_daily, and POST on DAG Runs",
    }
    assert f"lacks one of the permissions ({takes[generation.name]}); " in error.message


def test_a_failure_after_a_lost_answer_names_the_run(story, server):
    story.dag()
    story.post().fails(requests.ReadTimeout())
    server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").fails(requests.ConnectionError())
    error = refusal(story, retry_timeout=0)
    assert error.details["dag_run"]["dag_run_id"] == NEW_ID
    assert error.details["dag_run"]["state"] is None
    assert f"Whether run {NEW_ID} of DAG etl_daily was made is not known" in error.message


def test_a_look_up_that_is_refused_names_the_run(story, server, generation):
    story.dag()
    story.post().fails(requests.ReadTimeout())
    server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").answers(generation.problem(403, "Problem"), 403)
    assert refusal(story).details["dag_run"]["dag_run_id"] == NEW_ID


@pytest.mark.parametrize("lost", [True, False])
def test_a_look_up_bears_the_fail_over_that_the_trigger_has_met(story, server, generation, lost):
    story.dag()
    if lost:
        story.post().fails(requests.ReadTimeout())
    else:
        story.post().says("Internal Server Error", 500)
    for status in (500, 503, 500):
        server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").says("Internal Server Error", status)
    story.run(NEW_ID)
    assert launch(story)["changed"] is True


def test_a_look_up_that_fails_for_as_long_as_an_outage_may_last_names_the_run(story, server, clock):
    story.dag()
    story.post().says("Internal Server Error", 500)
    server.again(server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").says("Internal Server Error", 500), 100)
    with pytest.raises(FateUnknown) as caught:
        launch(story)
    server.script.clear()
    assert caught.value.details["dag_run"]["dag_run_id"] == NEW_ID
    assert clock.passed == pytest.approx(30)


# -- conflicts


def test_somebody_else_made_the_run_a_moment_earlier(story, generation):
    story.dag()
    story.no_run()
    story.post(RUN_ID).answers(generation.conflict(f"ID: '{RUN_ID}'"), 409)
    story.run(RUN_ID)
    story.run(RUN_ID)
    assert launch(story, dag_run_id=RUN_ID)["changed"] is False


def test_a_run_of_somebody_else_is_adopted_with_all_that_belongs_to_it(story, generation):
    story.dag(is_paused=True)
    story.no_run()
    story.post(RUN_ID, conf={"a": 1}).answers(generation.conflict(f"ID: '{RUN_ID}'"), 409)
    story.run(RUN_ID)
    story.run(RUN_ID, conf={"a": 2})
    # It is not waited for, so its DAG stays paused.
    assert launch(story, dag_run_id=RUN_ID, conf={"a": 1}, when_paused="unpause")["changed"] is False
    assert "with another conf (a differ)" in story.warnings[0]


def test_somebody_else_took_the_date_a_moment_earlier(story, generation):
    other = generation.run("other-run", logical_date=DATE)
    story.dag()
    story.no_run()
    story.of_date()
    story.post(RUN_ID, logical_date=DATE).answers(generation.conflict("logical date: '2026-11-22 00:00:00+00:00'"), 409)
    story.no_run()
    story.no_run()
    story.of_date(other)
    error = refusal(story, dag_run_id=RUN_ID, logical_date=DATE)
    assert isinstance(error, BadInput)
    assert "belongs to the run other-run already" in error.message


def test_a_date_alone_that_somebody_else_took_is_adopted(story, generation):
    story.dag()
    story.of_date()
    story.post(logical_date=DATE).answers(generation.conflict("logical date: 'x'"), 409)
    story.no_run(NEW_ID)
    story.of_date(generation.run("other-run", logical_date=DATE))
    result = launch(story, logical_date=DATE)
    assert result["changed"] is False
    assert result["dag_run"]["dag_run_id"] == "other-run"


def test_a_conflict_with_nothing(story, generation):
    story.dag()
    story.post().answers(generation.conflict(f"ID: '{NEW_ID}'"), 409)
    story.no_run(NEW_ID)
    error = refusal(story)
    assert isinstance(error, Conflict)
    assert f"run {NEW_ID} of DAG etl_daily as one that exists" in error.message


# -- a run that is there


def test_a_run_that_is_awaited_is_not_made(story):
    story.no_run()
    story.dag()
    error = refusal(story, state="awaited", dag_run_id=RUN_ID, wait=True)
    assert isinstance(error, NotFound)
    assert error.message == f"DAG run etl_daily / release-42 does not exist at {URL}; check dag_id and dag_run_id."


def test_a_run_that_a_task_before_would_make_is_awaited_in_check_mode(story):
    story.no_run()
    story.dag()
    result = launch(story, True, state="awaited", dag_run_id=RUN_ID, wait=True)
    assert result["changed"] is False
    run = result["dag_run"]
    assert (run["dag_id"], run["dag_run_id"], run["run_type"], run["url"]) == ("etl_daily", RUN_ID, None, None)
    assert story.warnings == [f"DAG run etl_daily / release-42 does not exist at {URL}; {GOES_ON}."]


# -- a run of the schedule that is due


DUE = {"v1": ("next_dagrun", "next_dagrun_create_after"), "v2": ("next_dagrun_logical_date", "next_dagrun_run_after")}


def due(story: Story, date: str | None, after: str | None) -> dict[str, t.Any]:
    return dict(zip(DUE[story.generation.name], (date, after)))


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_run_that_the_scheduler_makes_as_well_is_a_warning(story, check_mode):
    story.dag(is_paused=True, **due(story, "2026-11-21T00:00:00+00:00", "2026-11-22T00:00:00+00:00"))
    story.no_run()
    if not check_mode:
        story.made(RUN_ID)
        story.unpause()
    launch(story, check_mode, dag_run_id=RUN_ID, when_paused="unpause")
    assert story.warnings == [
        "DAG etl_daily has a schedule: once it is unpaused, Airflow also makes a run of its own, for "
        "2026-11-21T00:00:00Z; give logical_date: '2026-11-21T00:00:00Z' to make this run the one of that date."
    ]


OF_ITS_OWN = "Airflow also makes a run of its own, for "


@pytest.mark.parametrize(("catchup", "logical_date"), [(True, None), (True, DATE), (False, None), (None, None)])
@pytest.mark.parametrize(
    ("date", "after"), [(DATE, "2026-11-22T01:00:00+00:00"), (DATE, DATE)], ids=["two intervals", "a moment"]
)
def test_with_catchup_the_scheduler_makes_a_run_of_each_interval(story, date, after, catchup, logical_date):
    story.dag(is_paused=True, **due(story, date, after))
    story.no_run()
    if logical_date:
        story.of_date()
    details = story.server.get("dags/etl_daily/details")
    details.answers({**story.generation.dag(), "catchup": catchup}) if catchup is not None else details.says("", 500)
    launch(story, True, dag_run_id=RUN_ID, logical_date=logical_date, when_paused="unpause")
    if catchup:
        assert story.warnings == [
            "DAG etl_daily has catchup: once it is unpaused, Airflow also makes a run of its own for each interval of "
            f"its schedule from {DATE} on; set catchup=False in the DAG if it is not to make up for them."
        ]
    else:
        assert OF_ITS_OWN in story.warnings[0]


@pytest.mark.parametrize("logical_date", [None, DATE])
def test_a_dag_that_runs_all_the_time_goes_on_making_runs(story, logical_date):
    words = "As frequently as possible, but only one run at a time."
    keys = due(story, DATE, "2026-11-22T00:00:00+00:00")
    story.dag(is_paused=True, timetable_description=words, **keys)
    story.no_run()
    if logical_date:
        story.of_date()
    launch(story, True, dag_run_id=RUN_ID, logical_date=logical_date, when_paused="unpause")
    assert story.warnings == [
        "DAG etl_daily runs all the time (@continuous): once it is unpaused, Airflow goes on making runs of its own, "
        "one after the other, until airflow_dag pauses it."
    ]


@pytest.mark.parametrize(
    ("date", "after"),
    [(None, None), ("2026-11-22T00:00:00+00:00", "2026-11-23T00:00:00+00:00"), (DATE, "2026-11-22T10:00:00+00:00")],
)
def test_a_run_that_is_not_due_or_is_this_one_is_none(story, date, after):
    story.dag(is_paused=True, **due(story, date, after))
    story.no_run()
    story.of_date()
    launch(story, True, dag_run_id=RUN_ID, logical_date=DATE, when_paused="unpause")
    assert story.warnings == []


@pytest.mark.parametrize("when_paused", ["trigger", "unpause"])
def test_no_word_of_it_where_the_dag_stays_as_it_is(story, when_paused):
    keys = due(story, "2026-11-21T00:00:00+00:00", "2026-11-22T00:00:00+00:00")
    story.dag(is_paused=when_paused == "trigger", **keys)
    story.no_run()
    launch(story, True, dag_run_id=RUN_ID, when_paused=when_paused)
    assert story.warnings == []


# -- check mode of a first deployment: what a task before would make is not there

GOES_ON = "check mode goes on as if a task before had made it"
FORESEEN = {"triggered": "queued", "cleared": "queued", "failed": "failed", "success": "success"}


@pytest.mark.parametrize("when_paused", ["fail", "unpause"])
def test_check_mode_foresees_the_first_run_of_a_dag_that_would_be_deployed(story, when_paused):
    story.no_dag()
    result = launch(story, True, dag_run_id=RUN_ID, wait=True, when_paused=when_paused, conf={"a": 1})
    assert result["changed"] is True
    assert set(result) == KEYS
    assert set(result["dag_run"]) == RUN_KEYS
    assert (result["dag_run"]["dag_run_id"], result["dag_run"]["state"]) == (RUN_ID, "queued")
    assert result["msg"] == f"DAG run etl_daily / {RUN_ID} would be triggered."
    assert story.warnings == [f"DAG etl_daily does not exist at {URL}; {GOES_ON}."]


@pytest.mark.parametrize("state", ["cleared", "failed", "success"])
@pytest.mark.parametrize("deployed", [True, False])
def test_check_mode_foresees_what_becomes_of_a_run_that_would_be_made(story, state, deployed):
    story.no_run()
    _what = story.dag() if deployed else story.no_dag()
    if state == "cleared" and story.generation.name == "v1":
        story.server.get("version").answers({"version": "2.11.2"})
    result = launch(story, True, dag_run_id=RUN_ID, wait=True, state=state)
    assert result["changed"] is True
    assert result["dag_run"]["state"] == FORESEEN[state]
    what = "DAG run etl_daily / release-42" if deployed else "DAG etl_daily"
    assert story.warnings == [f"{what} does not exist at {URL}; {GOES_ON}."]
    # Of a run that is not there nothing else is known.
    name = "DAG run etl_daily / release-42"
    assert result["diff"] == {"before": {}, "after": {name: {"state": FORESEEN[state]}}}
    assert result["msg"] == f"{name} would be {WOULD_BE[state]}."
    assert set(result["dag_run"]) == RUN_KEYS
    known = {key: value for key, value in result["dag_run"].items() if value is not None}
    assert known == {"dag_id": "etl_daily", "dag_run_id": RUN_ID, "state": FORESEEN[state]}


def test_check_mode_makes_up_no_id_of_a_run_that_is_named_by_its_date(story):
    story.of_date()
    story.dag()
    result = launch(story, True, logical_date=DATE, state="failed")
    known = {key: value for key, value in result["dag_run"].items() if value is not None}
    assert known == {"dag_id": "etl_daily", "logical_date": DATE, "state": "failed"}
    assert result["diff"]["after"] == {f"DAG run etl_daily / of {DATE}": {"state": "failed"}}
    assert result["msg"] == f"DAG run etl_daily / of {DATE} would be marked failed."


@pytest.mark.parametrize(("state", "act"), [("absent", "delete"), ("cancelled", "cancel")])
@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("given", [{"dag_run_id": RUN_ID}, {"logical_date": DATE}])
def test_nothing_to_delete_or_to_cancel(story, check_mode, exists, given, state, act):
    _look = story.no_run() if "dag_run_id" in given else story.of_date()
    _dag = story.dag() if exists else story.no_dag()
    result = launch(story, check_mode, **given, state=state)
    assert (result["changed"], result["dag_run"], result["diff"]) == (False, None, {})
    named = RUN_ID if "dag_run_id" in given else f"of {DATE}"
    assert result["msg"] == f"DAG run etl_daily / {named} does not exist."
    told = f"DAG etl_daily does not exist at {URL}, so it has no run to {act}; check dag_id."
    assert story.warnings == ([] if exists else [told])


@pytest.mark.parametrize("status", [403, 500])
def test_nothing_to_delete_of_a_dag_that_cannot_be_read(story, generation, status):
    story.no_run()
    story.server.get("dags/etl_daily").answers(generation.problem(status, "No"), status)
    assert launch(story, dag_run_id=RUN_ID, state="absent", retry_timeout=0)["changed"] is False
    assert story.warnings == []


def test_check_mode_still_refuses_what_this_version_cannot_do(server):
    """A first run is no excuse for an option that fails in the end."""
    story = Story(server, GENERATIONS["v1"], airflow_dag_run)
    story.no_dag()
    with pytest.raises(Unsupported, match="run_after"):
        launch(story, True, dag_run_id=RUN_ID, run_after="2026-11-22T10:15:00Z")


@pytest.mark.parametrize("state", ["triggered", "awaited", "cleared", "failed", "success"])
def test_outside_of_check_mode_it_stays_a_failure(story, state):
    if state != "triggered":
        story.no_run()
    story.no_dag()
    with pytest.raises(NotFound, match="does not exist"):
        launch(story, dag_run_id=RUN_ID, state=state)
    assert story.warnings == []


def test_secrets_of_a_run_that_is_awaited_are_hidden_without_a_word(story, generation):
    """The later slices of a wait do this: the log of the run may hold them."""
    story.run(RUN_ID, "failed", **OVER)
    story.dag()
    story.tasks(generation.task("load", "failed"), dag_run_id=RUN_ID)
    story.log("load", "cannot log in with hunter2-secret")
    error = refusal(story, state="awaited", dag_run_id=RUN_ID, wait=True, secret_conf={"pw": "hunter2-secret"})
    assert "hunter2" not in error.message + str(error.details)
    assert story.warnings == []


def test_a_run_of_the_scheduler_is_awaited(story, generation):
    name = "scheduled__2026-11-22T00:00:00+00:00"
    path = "dags/etl_daily/dagRuns/scheduled__2026-11-22T00%3A00%3A00%2B00%3A00"
    story.server.get(path).answers(generation.run(name, "running", start_date=STARTED))
    story.dag()
    story.server.get(path).answers(generation.run(name, "success", **OVER))
    story.server.get(f"{path}/taskInstances", PAGE).answers(generation.tasks(generation.task("load")))
    result = launch(story, state="awaited", dag_run_id=name, wait=True)
    assert result["changed"] is False
    assert result["dag_run"]["state"] == "success"


def test_an_awaited_run_that_fails(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.dag()
    story.tasks(generation.task("load", "failed"))
    error = refusal(story, state="awaited", dag_run_id=RUN_ID, wait=True, log_lines=0)
    assert isinstance(error, RunFailed)
    assert "was already there and had failed" in error.message


def test_an_awaited_run_of_a_paused_dag(story):
    story.run(RUN_ID, "queued")
    story.dag(is_paused=True)
    error = refusal(story, state="awaited", dag_run_id=RUN_ID, wait=True)
    assert isinstance(error, BadInput)
    assert "is paused, so run release-42 would stay queued" in error.message


# -- waiting


def test_wait_for_a_good_run(story, generation, clock):
    story.dag()
    story.made(RUN_ID)
    story.run(RUN_ID, "running", start_date=STARTED)
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("extract"), generation.task("skip", "skipped"))
    story.server.script.insert(1, story.no_run())
    story.server.script.pop()
    result = launch(story, dag_run_id=RUN_ID, wait=True)
    assert result["changed"] is True
    assert result["dag_run"]["state"] == "success"
    assert result["task_counts"] == {"success": 1, "skipped": 1}
    assert result["failed_tasks"] == []
    assert result["elapsed"] == 192.0
    assert set(result) == KEYS
    url = result["dag_run"]["url"]
    assert result["msg"] == f"DAG run etl_daily / {RUN_ID} is success, 3m12s after its start. {url}"
    assert clock.pauses == [0.5, 0.5]


def test_wait_for_a_run_that_fails(story, generation):
    story.dag()
    story.made()
    story.run(NEW_ID, "failed", **OVER)
    story.tasks(
        generation.task("extract"),
        generation.task("load_users", "failed", try_number=3, max_tries=2),
        generation.task("load_orders", "failed", map_index=4),
        *(generation.task(f"report_{number}", "upstream_failed") for number in range(5)),
        *(generation.task(f"ok_{number}") for number in range(6)),
        dag_run_id=NEW_ID,
    )
    if generation.name == "v1":
        story.server.get("version").answers({"version": "2.11.2"})
    story.log("load_orders", "[2026-11-22T10:16:00.000+0000] {x.py:1} INFO - hello", dag_run_id=NEW_ID, index=4)
    story.log("load_users", *traceback("KeyError: 'email'"), dag_run_id=NEW_ID, tries=3)
    error = refusal(story, wait=True)
    assert isinstance(error, RunFailed)
    assert error.message == (
        f"DAG run etl_daily / {NEW_ID} failed after 3m12s: 2 of 14 tasks failed, 5 never ran: "
        f"load_orders[4] (try 1 of 1); load_users (try 3 of 3): KeyError: 'email'. {generation.run_url(NEW_ID)}"
    )
    details = error.details
    assert set(details) == KEYS - {"msg"}
    assert details["changed"] is True
    assert details["diff"]["after"] == {f"DAG run etl_daily / {NEW_ID}": {"state": "queued"}}
    assert details["dag_run"]["dag_run_id"] == NEW_ID
    assert [task["task_id"] for task in details["failed_tasks"]][:2] == ["load_orders", "load_users"]
    assert details["failed_tasks"][1]["log_tail"].endswith("KeyError: 'email'")
    assert details["task_counts"] == {"success": 7, "failed": 2, "upstream_failed": 5}


SECRET = "pa55word'\"\\%é$ pa55word"
WRITINGS = {
    "as it is": str,
    "json": json.dumps,
    "json in json": lambda text: json.dumps({"payload": json.dumps({"key": text})}),
    "python": repr,
    "json in python": lambda text: repr({"payload": json.dumps({"key": text}), "quote": "'"}),
    "python in json": lambda text: json.dumps(str({"key": text})),
    "url": lambda text: "https://there.example/?key=" + quote(text),
}


@pytest.mark.parametrize("write", WRITINGS.values(), ids=WRITINGS)
def test_the_log_of_a_failed_task_does_not_repeat_a_secret(story, generation, write):
    story.dag()
    story.made(conf={"key": SECRET})
    story.run(NEW_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"), dag_run_id=NEW_ID)
    story.log("load", f"got {write(SECRET)}", *traceback(f"ValueError: {write(SECRET)}"), dag_run_id=NEW_ID)
    with pytest.raises(RunFailed) as caught:
        launch(story, wait=True, secret_conf={"key": SECRET})
    assert "ValueError: " in caught.value.message
    assert "pa55" not in caught.value.message + json.dumps(caught.value.details)


COLOURED = "\x1b[31mpa55\x1b[0mword"


def test_colours_in_a_log_hide_no_secret(story, generation):
    story.dag()
    story.made(conf={"key": "pa55word"})
    story.run(NEW_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"), dag_run_id=NEW_ID)
    story.log("load", f"got {COLOURED}", *traceback(f"ValueError: {COLOURED}"), dag_run_id=NEW_ID)
    with pytest.raises(RunFailed) as caught:
        launch(story, wait=True, secret_conf={"key": "pa55word"})
    assert "ValueError: ********" in caught.value.message
    assert "word" not in caught.value.message + json.dumps(caught.value.details["failed_tasks"])


# Words of Airflow's records, of its JSON and of its paths; with 1 or 2026 the times were no times any more.
@pytest.mark.parametrize("password", ["task", "event", "error", "exc_value", "airflow", "1", "2026"])
def test_a_log_is_read_whatever_the_password_is(story, generation, password):
    story.dag()
    story.made()
    story.run(NEW_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"), dag_run_id=NEW_ID)
    alert = "[2026-11-22T10:18:01.000+0000] {taskinstance.py:1} ERROR - Failed to send email to: a@b"
    lines = [*traceback("ValueError: no file"), alert, "Traceback (most recent call last):", "OSError: no server"]
    story.log("load", *lines, dag_run_id=NEW_ID)
    name = "api_password" if generation.name == "v1" else "api_token"
    with pytest.raises(RunFailed) as caught:
        launch(story, wait=True, **{name: password})
    redact = Redactor([password])
    assert redact("ValueError: no file") + ". http" in caught.value.message
    (failed,) = caught.value.details["failed_tasks"]
    assert redact("/dags/etl.py") in failed["log_tail"]
    assert "exc_type" not in failed["log_tail"]
    assert password not in failed["log_tail"]


@pytest.mark.parametrize("stops", [".", "..."])
def test_a_reason_that_ends_with_a_full_stop_gets_no_second_one(story, generation, stops):
    story.dag()
    story.made()
    story.run(NEW_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"), dag_run_id=NEW_ID)
    story.log("load", *traceback(f"ValueError: no file{stops}"), dag_run_id=NEW_ID)
    with pytest.raises(RunFailed, match=r"ValueError: no file\. http"):
        launch(story, wait=True)


def traceback(exception: str) -> list[str]:
    """What a failed task leaves behind."""
    return [
        "[2026-11-22T10:18:00.000+0000] {taskinstance.py:3337} ERROR - Task failed with exception",
        "Traceback (most recent call last):",
        '  File "/opt/airflow/dags/etl.py", line 7, in load',
        exception,
    ]


def test_no_logs_when_none_are_wanted(story, generation):
    story.dag()
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    error = refusal(story, dag_run_id=RUN_ID, log_lines=0)
    assert error.details["failed_tasks"][0]["log_tail"] is None


def test_a_log_that_cannot_be_read_fails_nothing(story, generation):
    story.dag()
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.log("load").answers(generation.problem(403, "Forbidden"), 403)
    error = refusal(story, dag_run_id=RUN_ID)
    assert isinstance(error, RunFailed)
    assert "The log cannot be read: Airflow answered 403" in error.details["failed_tasks"][0]["log_tail"]


def test_a_log_is_read_again_when_the_connection_breaks(story, generation):
    story.dag()
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.log("load", *traceback("KeyError: 'email'")).breaks_after(90)
    story.log("load").says("", 503)
    story.log("load", *traceback("KeyError: 'email'"))
    error = refusal(story, dag_run_id=RUN_ID)
    assert error.details["failed_tasks"][0]["log_tail"].endswith("KeyError: 'email'")


def test_a_server_that_is_gone_is_not_waited_for_once_for_each_log(story, server, generation, clock):
    story.dag()
    story.run(RUN_ID, "failed", **OVER)
    names = [f"load_{number}" for number in range(9)]
    story.tasks(*(generation.task(name, "failed") for name in names))
    for name in names:
        server.again(story.log(name).says("", 503, Retry_After="20"), 1 if name == "load_0" else 0)
    error = refusal(story, dag_run_id=RUN_ID, retry_timeout=20)
    assert isinstance(error, RunFailed)
    assert "answered 503" in error.details["failed_tasks"][8]["log_tail"]
    assert clock.pauses == [20]


def test_a_good_run_with_a_failed_task_is_a_warning(story, generation):
    story.dag()
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load", "failed"), generation.task("watcher"))
    story.log("load", *traceback("ValueError: no"))
    result = launch(story, dag_run_id=RUN_ID, wait=True)
    assert [task["task_id"] for task in result["failed_tasks"]] == ["load"]
    assert len(story.warnings) == 1
    assert "succeeded although 1 of 2 tasks did not: load (try 1 of 1): ValueError: no." in story.warnings[0]


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_message_quotes_nothing_where_ansible_would_show_it_in_spite_of_no_log(story, generation, monkeypatch, state):
    monkeypatch.setattr(Airflow, "quotes", False)
    story.dag()
    story.run(RUN_ID, state, **OVER)
    story.tasks(generation.task("load", "failed"), generation.task("watcher"))
    story.log("load", *traceback("ValueError: no"))
    if state == "failed":
        error = refusal(story, dag_run_id=RUN_ID, wait=True)
        said, tasks = error.message, error.details["failed_tasks"]
    else:
        tasks = launch(story, dag_run_id=RUN_ID, wait=True)["failed_tasks"]
        (said,) = story.warnings
    assert "load (try 1 of 1)" in said
    assert "ValueError" not in said
    assert "ValueError: no" in tasks[0]["log_tail"]


def test_a_failed_run_without_a_failed_task(story, generation):
    story.dag()
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load"), generation.task("slow", "skipped"))
    error = refusal(story, dag_run_id=RUN_ID)
    assert "none of its tasks did" in error.message
    assert "dagrun_timeout" in error.message


def test_a_wait_of_no_time_looks_once(story):
    story.dag()
    story.made()
    story.explained()
    error = refusal(story, wait=True, wait_timeout=0)
    assert isinstance(error, TimedOut)
    assert "is still queued after 0s (wait_timeout): it has not started yet. It goes on" in error.message


def test_a_wait_that_times_out(story, generation, clock):
    story.dag()
    story.made()
    story.server.again(story.run(NEW_ID, "running", start_date=STARTED), 6)
    story.explained(generation.task("load", "running"), generation.task("read", "failed"))
    error = refusal(story, wait=True, wait_timeout=3.2)
    assert isinstance(error, TimedOut)
    assert error.details["diff"]["after"] == {f"DAG run etl_daily / {NEW_ID}": {"state": "queued"}}
    assert clock.passed == pytest.approx(3.2)
    assert error.message == (
        f"DAG run etl_daily / {NEW_ID} is still running after 3s (wait_timeout): task load is running. "
        f"It goes on; the same dag_run_id waits for it again. {generation.run_url(NEW_ID)}"
    )
    assert error.details["task_counts"] == {"running": 1, "failed": 1}
    assert [task["task_id"] for task in error.details["failed_tasks"]] == ["read"]
    assert error.details["timed_out"] is True
    assert error.details["changed"] is True
    assert error.details["dag_run"]["state"] == "running"
    assert set(error.details["dag_run"]) == RUN_KEYS
    assert error.details["elapsed"] == pytest.approx(2.5, abs=1)


def test_the_last_look_is_at_the_end_of_the_time(story, generation, clock):
    story.dag()
    story.made()
    story.run(NEW_ID, "running", start_date=STARTED)
    story.run(NEW_ID, "success", **OVER)
    story.tasks(generation.task("load"), dag_run_id=NEW_ID)
    assert launch(story, wait=True, wait_timeout=0.75)["dag_run"]["state"] == "success"
    assert clock.pauses == [0.5, 0.25]


def test_cancel_on_timeout(story):
    story.dag()
    story.made()
    story.explained()
    story.run(NEW_ID, "queued")
    story.set_state("failed", dag_run_id=NEW_ID)
    error = refusal(story, wait=True, wait_timeout=0, cancel_on_timeout=True)
    assert isinstance(error, TimedOut)
    assert "It was cancelled (cancel_on_timeout)" in error.message
    assert error.details["timed_out"] is True
    assert error.details["changed"] is True
    assert error.details["dag_run"]["state"] == "failed"
    # It was made by this task, so there was none before.
    assert error.details["diff"] == {"before": {}, "after": {f"DAG run etl_daily / {NEW_ID}": {"state": "failed"}}}


def test_the_diff_of_a_run_that_was_there_and_is_cancelled(story, generation):
    story.run(RUN_ID, "running")
    story.dag()
    story.explained(generation.task("load", "running"), dag_run_id=RUN_ID)
    story.run(RUN_ID, "running")
    story.set_state("failed", dag_run_id=RUN_ID)
    error = refusal(story, state="awaited", dag_run_id=RUN_ID, wait=True, wait_timeout=0, cancel_on_timeout=True)
    name = f"DAG run etl_daily / {RUN_ID}"
    assert error.details["diff"] == {"before": {name: {"state": "running"}}, "after": {name: {"state": "failed"}}}


def test_a_run_that_ends_while_its_time_out_is_explained_is_not_cancelled(story, generation):
    story.dag()
    story.made()
    story.explained()
    story.run(NEW_ID, "success", **OVER)
    story.tasks(generation.task("load"), dag_run_id=NEW_ID)
    result = launch(story, wait=True, wait_timeout=0, cancel_on_timeout=True)
    assert result["dag_run"]["state"] == "success"
    assert result["task_counts"] == {"success": 1}


def test_a_cancellation_that_is_refused(story, server, generation):
    story.dag()
    story.no_run()
    story.made(RUN_ID)
    story.explained(dag_run_id=RUN_ID)
    story.run(RUN_ID, "queued")
    server.patch(f"dags/etl_daily/dagRuns/{RUN_ID}", sends={"state": "failed"}).answers(
        generation.problem(403, "Forbidden"), 403
    )
    error = refusal(story, dag_run_id=RUN_ID, wait=True, wait_timeout=0, cancel_on_timeout=True)
    assert isinstance(error, TimedOut)
    assert "It was not cancelled: Airflow answered 403" in error.message
    # The whole sentence, with its advice.
    assert "(airflow_role with append: true)" in error.message or "auth manager" in error.message
    assert error.details["dag_run"]["state"] == "queued"


def test_an_outage_during_the_wait_is_survived(story, server, generation):
    path = f"dags/etl_daily/dagRuns/{NEW_ID}"
    story.dag()
    story.made()
    server.get(path).fails(requests.ConnectionError())
    server.get(path).says("", 503, Retry_After="5")
    story.run(NEW_ID, "success", **OVER)
    story.tasks(generation.task("load"), dag_run_id=NEW_ID)
    assert launch(story, wait=True)["dag_run"]["state"] == "success"


def test_an_outage_that_outlasts_retry_timeout_carries_the_run(story, server):
    story.dag()
    story.made(RUN_ID)
    story.server.script.insert(1, story.no_run())
    story.server.script.pop()
    story.run(RUN_ID, "running", start_date=STARTED)
    server.again(server.get(f"dags/etl_daily/dagRuns/{RUN_ID}").says("", 502), 30)
    with pytest.raises(Unreachable) as caught:
        launch(story, dag_run_id=RUN_ID, wait=True, retry_timeout=10)
    server.script.clear()
    assert caught.value.details["dag_run"]["state"] == "running"
    assert caught.value.details["changed"] is True
    assert " DAG run etl_daily / release-42 goes on; the same dag_run_id waits for it again. " in caught.value.message


def test_an_outage_at_the_end_of_the_wait_is_a_time_out(story, server, clock):
    story.dag()
    story.made()
    server.again(server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").says("", 502), 40)
    with pytest.raises(TimedOut) as caught:
        launch(story, wait=True, wait_timeout=6, retry_timeout=600)
    server.script.clear()
    assert caught.value.details["dag_run"]["dag_run_id"] == NEW_ID
    assert "queued after 6s (wait_timeout): it was when Airflow answered last. https://" in caught.value.message
    assert clock.passed == pytest.approx(6)


def test_an_outage_at_the_end_of_queued_timeout_is_waited_for(story, server, generation, clock):
    """The run may have started meanwhile: nobody knows before Airflow answers again."""
    story.dag()
    story.made()
    server.again(server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").says("", 502), 4)
    story.run(NEW_ID, "success", **OVER)
    story.tasks(generation.task("load"), dag_run_id=NEW_ID)
    result = launch(story, wait=True, queued_timeout=2, wait_timeout=600, cancel_on_timeout=True)
    assert result["dag_run"]["state"] == "success"
    assert clock.passed > 2


def test_an_outage_from_queued_timeout_to_the_end_is_a_time_out_of_the_whole(story, server, clock):
    story.dag()
    story.made()
    server.again(server.get(f"dags/etl_daily/dagRuns/{NEW_ID}").says("", 502), 40)
    with pytest.raises(TimedOut) as caught:
        launch(story, wait=True, queued_timeout=2, wait_timeout=6, retry_timeout=600)
    server.script.clear()
    assert "queued after 6s (wait_timeout): it was when Airflow answered last. https://" in caught.value.message
    assert clock.passed == pytest.approx(6)


def test_an_outage_while_the_tasks_of_a_cancelled_run_end(story, server, generation):
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state("failed")
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "running"))
    server.get(f"dags/etl_daily/dagRuns/{RUN_ID}").says("", 502, Retry_After="20")
    result = launch(story, state="failed", dag_run_id=RUN_ID, wait=True, wait_timeout=6, retry_timeout=600)
    assert result["dag_run"]["state"] == "failed"
    assert "1 of its tasks has not ended after 6s (wait_timeout): load" in story.warnings[0]


def test_a_run_that_is_deleted_during_the_wait(story):
    story.dag()
    story.made()
    story.no_run(NEW_ID)
    error = refusal(story, wait=True)
    assert isinstance(error, NotFound)
    assert error.message == f"DAG run etl_daily / {NEW_ID} was deleted while it was waited for."
    assert error.details["dag_run"]["dag_run_id"] == NEW_ID


# -- state: cleared


def clear(story: Story, only_failed: bool = True) -> Exchange:
    if story.generation.name == "v1":
        story.server.get("version").answers({"version": "2.11.2"})
        body = {"dry_run": False, "dag_run_id": RUN_ID, "only_failed": only_failed, "reset_dag_runs": True}
        return story.server.post("dags/etl_daily/clearTaskInstances", sends=body).answers({"task_instances": []})
    body = {"dry_run": False, "only_failed": only_failed}
    return story.server.post(f"dags/etl_daily/dagRuns/{RUN_ID}/clear", sends=body).answers(story.generation.run())


def cleared(story: Story, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return launch(story, check_mode, state="cleared", dag_run_id=RUN_ID, **options)


@pytest.mark.parametrize("state", ["failed", "upstream_failed"])
def test_clear_runs_the_failed_tasks_again(story, generation, state):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", state), generation.task("extract"))
    story.dag()
    clear(story)
    story.run(RUN_ID, "queued")
    result = cleared(story)
    assert result["changed"] is True
    assert result["dag_run"]["state"] == "queued"
    name = "DAG run etl_daily / release-42"
    assert result["diff"] == {"before": {name: {"state": "failed"}}, "after": {name: {"state": "queued"}}}


def test_a_failure_after_the_clear_carries_the_run(story, server, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.dag()
    clear(story)
    server.get(f"dags/etl_daily/dagRuns/{RUN_ID}").answers(generation.problem(403, "Forbidden"), 403)
    error = refusal(story, state="cleared", dag_run_id=RUN_ID)
    assert error.details["changed"] is True
    assert error.details["dag_run"]["dag_run_id"] == RUN_ID


def test_a_clear_whose_answer_gets_lost_is_not_known(story, server, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.dag()
    clear(story, only_failed=False).fails(requests.ReadTimeout())
    error = refusal(story, state="cleared", dag_run_id=RUN_ID, only_failed=False)
    assert isinstance(error, Unreachable)
    assert error.message.endswith("Nobody knows whether the run was cleared; look at it before you clear it again.")


def test_a_clear_that_is_refused_is_not_in_doubt(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.dag()
    clear(story).answers(generation.problem(403, "Forbidden"), 403)
    error = refusal(story, state="cleared", dag_run_id=RUN_ID)
    assert isinstance(error, Denied)
    assert "Nobody knows" not in error.message


def test_clear_in_check_mode(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.dag()
    if generation.name == "v1":
        story.server.get("version").answers({"version": "2.11.2"})
    result = cleared(story, check_mode=True)
    assert result["changed"] is True
    assert result["dag_run"]["state"] == "queued"


def test_clear_all_tasks(story, generation):
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    story.dag()
    clear(story, only_failed=False)
    story.run(RUN_ID, "queued")
    assert cleared(story, only_failed=False)["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_clear_by_the_latest_version(story, server, generation, check_mode):
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    story.dag()
    server.get("version").answers({"version": {"v1": "2.11.2", "v2": "3.1.8"}[generation.name]})
    options = {"only_failed": False, "latest_version": True}
    if not check_mode:
        body: dict[str, t.Any] = {"dry_run": False, "only_failed": False}
        if generation.name == "v1":
            # Airflow 2 knows one version of each DAG.
            body.update(dag_run_id=RUN_ID, reset_dag_runs=True)
            server.post("dags/etl_daily/clearTaskInstances", sends=body).answers({"task_instances": []})
        else:
            body["run_on_latest_version"] = True
            server.post(f"dags/etl_daily/dagRuns/{RUN_ID}/clear", sends=body).answers(generation.run())
        story.run(RUN_ID, "queued")
    assert cleared(story, check_mode, **options)["changed"] is True


def test_clear_by_the_latest_version_is_refused_on_3_0(story, server, generation):
    if generation.name == "v1":
        return
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    story.dag()
    server.get("version").answers({"version": "3.0.6"})
    error = refusal(story, state="cleared", dag_run_id=RUN_ID, only_failed=False, latest_version=True)
    assert error.message.startswith("latest_version needs Airflow 3.1 or newer, and https://airflow.example is 3.0.6")


# -- ids that others have made


@pytest.mark.parametrize(("name", "quoted"), [("a b", "a%20b"), ("a#b?", "a%23b%3F"), ("ä", "%C3%A4"), ("..a", "..a")])
def test_a_run_is_asked_for_whatever_its_id(story, server, generation, name, quoted):
    place = f"dags/etl_daily/dagRuns/{quoted}"
    server.get(place).answers(generation.run(name, "running"))
    server.patch(place, sends={"state": "failed"}).answers(generation.run(name, "failed", **OVER))
    server.get(f"{place}/taskInstances", PAGE).answers(generation.tasks())
    assert launch(story, state="failed", dag_run_id=name)["dag_run"]["dag_run_id"] == name


LIST = "the list of DAG runs in Airflow's web interface"
IN_NO_PATH = {"a/b": "has a slash", "..": "has only dots", ".": "has only dots", "~": "means all runs in its paths"}


def listed(server: Server, generation: Generation, name: str, *runs: t.Any) -> None:
    hint = {"run_id_pattern": name} if generation.name == "v2" else {}
    server.get("dags/etl_daily/dagRuns", {**hint, "limit": "100", "offset": "0"}).answers(generation.runs(*runs))


@pytest.mark.parametrize("name", IN_NO_PATH)
def test_a_run_that_no_path_can_name_is_found_in_a_list(story, server, generation, name):
    """Airflow takes a slash for the end of the id, quoted or not."""
    ended = generation.run(name, "success", **OVER)
    listed(server, generation, name, generation.run(f"x{name}x"), ended)
    story.dag()
    body = {"dag_ids": ["etl_daily"], "dag_run_ids": [name], "page_limit": 100, "page_offset": 0}
    server.post("dags/~/dagRuns/~/taskInstances/list", sends=body).answers(
        generation.tasks(generation.task("load", dag_run_id=name))
    )
    result = launch(story, state="awaited", dag_run_id=name, wait=True)
    assert result["task_counts"] == {"success": 1}


@pytest.mark.parametrize("name", IN_NO_PATH)
def test_a_run_that_no_path_can_name_and_that_is_not_there(story, server, generation, name):
    listed(server, generation, name)
    story.dag()
    assert f"DAG run etl_daily / {name} does not exist" in refusal(story, state="failed", dag_run_id=name).message


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("version", "place"), [("3.2.1", "Airflow's database"), ("3.3.0", LIST), ("2.11.2", LIST)])
@pytest.mark.parametrize(("name", "why"), IN_NO_PATH.items())
def test_what_cannot_be_done_to_a_run_that_no_path_can_name(
    story, server, generation, name, why, version, place, check_mode
):
    if (version[0] == "2") is not (generation.name == "v1"):
        return
    for state in ("failed", "absent"):
        listed(server, generation, name, generation.run(name, "running"))
        if generation.name == "v2":
            server.get("version").answers({"version": version})
        message = refusal(story, check_mode, state=state, dag_run_id=name).message
        assert message == (
            f"Airflow's API cannot mark or delete DAG run etl_daily / {name}, since its id {why}; use {place}."
        )


@pytest.mark.parametrize("option", [{"results": ["load"]}, {"cancel_on_timeout": True}], ids=["results", "cancel"])
@pytest.mark.parametrize("state", ["awaited", "cleared"])
@pytest.mark.parametrize(("name", "why"), IN_NO_PATH.items())
def test_what_cannot_be_done_after_the_wait_is_refused_before_it(story, server, generation, name, why, state, option):
    """With C(~) in its path, a request for XComs would be answered with those of all runs."""
    listed(server, generation, name, generation.run(name, "running" if state == "awaited" else "failed"))
    if state == "awaited":
        story.dag()
    else:
        body = {"dag_ids": ["etl_daily"], "dag_run_ids": [name], "page_limit": 100, "page_offset": 0}
        server.post("dags/~/dagRuns/~/taskInstances/list", sends=body).answers(
            generation.tasks(generation.task("load", "failed", dag_run_id=name))
        )
    if "cancel_on_timeout" in option and generation.name == "v2":
        server.get("version").answers({"version": "3.3.2"})
    error = refusal(story, state=state, dag_run_id=name, wait=True, **option)
    if "results" in option:
        assert isinstance(error, BadInput)
        assert (
            error.message
            == f"results of DAG run etl_daily / {name} cannot be read, since its id {why}; leave results out."
        )
    else:
        assert error.message == (
            f"Airflow's API cannot mark or delete DAG run etl_daily / {name}, since its id {why}; use {LIST}, and "
            "leave cancel_on_timeout out."
        )


@pytest.mark.parametrize(("name", "why"), IN_NO_PATH.items())
def test_the_log_in_a_run_that_no_path_can_name(story, server, generation, name, why):
    listed(server, generation, name, generation.run(name, "failed", **OVER))
    story.dag()
    body = {"dag_ids": ["etl_daily"], "dag_run_ids": [name], "page_limit": 100, "page_offset": 0}
    server.post("dags/~/dagRuns/~/taskInstances/list", sends=body).answers(
        generation.tasks(generation.task("load", "failed", dag_run_id=name))
    )
    failed = refusal(story, state="awaited", dag_run_id=name, wait=True).details["failed_tasks"]
    assert [task["log_tail"] for task in failed] == [
        f"The log cannot be read: Airflow's API cannot show the single tasks of DAG run etl_daily / {name}, since its "
        f"id {why}; use Airflow's web interface."
    ]


def test_clear_of_a_good_run_changes_nothing(story, generation):
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    story.tasks(generation.task("load"))
    result = cleared(story)
    assert result["changed"] is False
    assert result["dag_run"]["state"] == "success"
    assert len(story.warnings) == 1


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("latest_version", [False, True])
@pytest.mark.parametrize("state", ["success", "running", "queued"])
def test_clear_that_runs_nothing_says_so(story, generation, state, latest_version, check_mode):
    story.run(RUN_ID, state, **(OVER if state == "success" else {}))
    story.tasks(generation.task("load"))
    if state == "success":
        story.tasks(generation.task("load"))
    assert cleared(story, check_mode, latest_version=latest_version)["changed"] is False
    assert story.warnings == [
        f"No task of DAG run etl_daily / release-42 ({state}) has failed, so none was run again; only_failed: false "
        "runs all of them again."
    ]


@pytest.mark.parametrize("only_failed", [False, True])
def test_clear_of_a_run_without_tasks_says_so(story, only_failed):
    story.run(RUN_ID, "running")
    story.tasks()
    assert cleared(story, only_failed=only_failed)["changed"] is False
    assert story.warnings == ["DAG run etl_daily / release-42 has no task that could be run again."]


def test_clear_of_a_failed_run_without_failed_tasks(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "skipped"))
    story.tasks(generation.task("load", "skipped"))
    error = refusal(story, state="cleared", dag_run_id=RUN_ID)
    assert isinstance(error, RunFailed)
    assert "only_failed: false runs all of its tasks again" in error.message
    assert story.warnings == []


def test_clear_waits_and_tells_of_a_second_failure(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.dag()
    clear(story)
    story.run(RUN_ID, "queued")
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed", try_number=2, max_tries=1))
    error = refusal(story, state="cleared", dag_run_id=RUN_ID, wait=True, log_lines=0)
    assert "failed after 3m12s: 1 of 1 tasks failed: load (try 2 of 2)." in error.message
    assert error.details["changed"] is True


def test_clear_of_a_run_whose_dag_is_paused(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.dag(is_paused=True)
    assert "is paused" in refusal(story, state="cleared", dag_run_id=RUN_ID).message


def test_clear_may_unpause(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.dag(is_paused=True)
    clear(story)
    story.run(RUN_ID, "queued")
    story.unpause()
    assert "DAG etl_daily" in cleared(story, when_paused="unpause")["diff"]["after"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_clear_is_too_much_for_the_oldest(server, check_mode):
    generation_of_2_3 = _v1(server)
    generation_of_2_3.run(RUN_ID, "failed", **OVER)
    generation_of_2_3.tasks(generation_of_2_3.generation.task("load", "failed"))
    generation_of_2_3.dag()
    server.get("version").answers({"version": "2.3.4"})
    error = refusal(generation_of_2_3, check_mode, state="cleared", dag_run_id=RUN_ID)
    assert isinstance(error, Unsupported)
    assert error.message == (
        "state: cleared needs Airflow 2.4 or newer, and https://airflow.example is 2.3.4; choose another state, or "
        "upgrade."
    )


@pytest.mark.parametrize(
    ("version", "option", "first"),
    [("2.4.3", "note", "2.5"), ("2.8.4", "data_interval_start", "2.9")],
)
def test_options_that_came_later_are_refused_before_anything_is_written(server, version, option, first):
    story = _v1(server)
    story.dag()
    server.get("version").answers({"version": version})
    options = {"note": "x"} if option == "note" else {"data_interval_start": DATE, "data_interval_end": DATE}
    error = refusal(story, **options)
    assert isinstance(error, Unsupported)
    assert error.message == (
        f"{option} needs Airflow {first} or newer, and https://airflow.example is {version}; leave it out, or upgrade."
    )


def _v1(server: Server) -> Story:
    return Story(server, GENERATIONS["v1"], airflow_dag_run)


# -- state: failed, success


@pytest.mark.parametrize("wanted", ["failed", "success"])
def test_marking_a_run(story, generation, wanted):
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state(wanted)
    story.tasks(generation.task("load"))
    result = launch(story, state=wanted, dag_run_id=RUN_ID)
    assert result["changed"] is True
    assert result["dag_run"]["state"] == wanted
    assert set(result) == KEYS
    name = "DAG run etl_daily / release-42"
    assert result["diff"] == {"before": {name: {"state": "running"}}, "after": {name: {"state": wanted}}}
    assert result["msg"].startswith(f"{name} is marked {wanted}, 3m12s after its start. https://")
    # Once more: it was so before.
    story.run(RUN_ID, wanted, **OVER)
    story.tasks(generation.task("load"))
    assert f"{name} is {wanted}, 3m12s" in launch(story, state=wanted, dag_run_id=RUN_ID)["msg"]


@pytest.mark.parametrize("wanted", ["failed", "success"])
def test_marking_a_run_in_check_mode(story, generation, wanted):
    story.run(RUN_ID, "running", start_date=STARTED)
    story.tasks(generation.task("load"))
    result = launch(story, check_mode=True, state=wanted, dag_run_id=RUN_ID, wait=True)
    assert result["changed"] is True
    assert result["dag_run"]["state"] == wanted
    assert result["msg"] == f"DAG run etl_daily / {RUN_ID} would be {WOULD_BE[wanted]}."


@pytest.mark.parametrize("wanted", ["failed", "success"])
def test_marking_a_run_once_more(story, generation, wanted):
    story.run(RUN_ID, wanted, **OVER)
    story.tasks(generation.task("load"))
    result = launch(story, state=wanted, dag_run_id=RUN_ID)
    assert result["changed"] is False
    assert result["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("wanted", ["failed", "success"])
def test_marking_a_run_warns_of_no_failed_task(story, generation, wanted, check_mode):
    """Airflow 2 marks the tasks with the run, so check mode would warn of what is about to go."""
    story.run(RUN_ID, "running", start_date=STARTED)
    if not check_mode:
        story.set_state(wanted)
    story.tasks(generation.task("load", "failed"))
    launch(story, check_mode, state=wanted, dag_run_id=RUN_ID, log_lines=0)
    assert story.warnings == []


def test_conf_is_no_help_to_a_run_that_exists(story, generation):
    story.run(RUN_ID, "success", **OVER)
    story.tasks(generation.task("load"))
    launch(story, state="success", dag_run_id=RUN_ID, conf={"region": "eu"})
    assert story.warnings == [
        "conf is for new runs, so state: success has left it out; a run keeps the conf that it was made with."
    ]


def test_a_queued_run_that_times_out_says_where_to_look(story, generation):
    story.dag(is_paused=True)
    story.no_run(RUN_ID)
    story.made(RUN_ID)
    story.explained(dag_run_id=RUN_ID, is_paused=True)
    error = refusal(story, dag_run_id=RUN_ID, when_paused="trigger", wait=True, wait_timeout=0)
    assert "(wait_timeout): its DAG is paused, so no task of it starts: unpause the DAG. It goes on" in error.message


def test_a_run_that_does_not_start_in_time(story, clock):
    story.dag()
    story.made()
    story.server.again(story.run(NEW_ID, "queued"), 2)
    story.explained()
    error = refusal(story, wait=True, queued_timeout=1.2)
    assert isinstance(error, TimedOut)
    assert "is still queued after 1s (queued_timeout)" in error.message
    assert clock.passed == pytest.approx(1.2)


def test_a_run_that_starts_in_time_is_waited_for(story, generation, clock):
    story.dag()
    story.made()
    story.run(NEW_ID, "running", start_date=STARTED)
    story.run(NEW_ID, "running", start_date=STARTED)
    story.run(NEW_ID, "success", **OVER)
    story.tasks(generation.task("load"), dag_run_id=NEW_ID)
    assert launch(story, wait=True, queued_timeout=1)["dag_run"]["state"] == "success"
    assert clock.pauses == [0.5, 0.5, 0.5]


def test_a_queued_timeout_that_is_longer_than_the_wait_does_not_count(story, clock):
    story.dag()
    story.made()
    story.explained()
    error = refusal(story, wait=True, wait_timeout=0, queued_timeout=10)
    assert "(wait_timeout)" in error.message


def test_a_time_out_that_cannot_be_explained(story, server, generation):
    story.dag()
    story.made()
    forbidden = generation.problem(403, "Forbidden")
    server.get(f"dags/etl_daily/dagRuns/{NEW_ID}/taskInstances", PAGE).answers(forbidden, 403)
    server.get("dags/etl_daily").answers(forbidden, 403)
    server.get("health" if generation.name == "v1" else "monitor/health").answers({"scheduler": {"status": "healthy"}})
    error = refusal(story, wait=True, wait_timeout=0)
    assert isinstance(error, TimedOut)
    assert error.details["task_counts"] == {}
    assert "is still queued after 0s (wait_timeout): it has not started yet" in error.message


@pytest.mark.parametrize("wanted", ["failed", "cancelled"])
def test_a_cancelled_run_is_waited_for_until_its_tasks_have_ended(story, generation, clock, wanted):
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state("failed")
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "running"))
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "failed"))
    story.tasks(generation.task("load", "failed"))
    story.log("load", *traceback("AirflowException: Task received SIGTERM signal"))
    result = launch(story, state=wanted, dag_run_id=RUN_ID, wait=True)
    assert result["changed"] is True
    assert result["task_counts"] == {"failed": 1}
    assert "SIGTERM" in result["failed_tasks"][0]["log_tail"]
    assert clock.pauses == [0.5]


@pytest.mark.parametrize("wanted", ["failed", "cancelled"])
def test_a_cancelled_run_that_comes_back_to_life_is_cancelled_again(story, generation, clock, wanted):
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state("failed")
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state("failed")
    story.tasks(generation.task("load", "failed"))
    result = launch(story, state=wanted, dag_run_id=RUN_ID, wait=True, log_lines=0)
    assert result["dag_run"]["state"] == "failed"
    assert clock.pauses == []


@pytest.mark.parametrize("wanted", ["failed", "cancelled"])
@pytest.mark.parametrize("becomes", ["success", "running"])
def test_a_cancelled_run_of_which_no_task_had_begun_is_watched_for_a_moment(story, generation, clock, wanted, becomes):
    """The scheduler may have loaded it before it was marked, and write its state after that."""
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state("failed")
    skipped = generation.task("load", "skipped")
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(skipped)
    story.run(RUN_ID, becomes, start_date=STARTED)
    story.set_state("failed")
    story.tasks(skipped)
    for _look in range(2):
        story.run(RUN_ID, "failed", **OVER)
        story.tasks(skipped)
    result = launch(story, state=wanted, dag_run_id=RUN_ID, wait=True)
    assert result["dag_run"]["state"] == "failed"
    assert clock.pauses == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("wanted", ["failed", "cancelled"])
def test_one_that_was_cancelled_before_is_not_watched(story, generation, clock, wanted):
    story.run(RUN_ID, "failed", **OVER)
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "skipped"))
    assert launch(story, state=wanted, dag_run_id=RUN_ID, wait=True)["changed"] is False
    assert clock.pauses == []


def test_a_run_that_was_cancelled_before_and_came_back_to_life_is_a_change(story, generation):
    story.run(RUN_ID, "failed", **OVER)
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state("failed")
    story.tasks(generation.task("load", "failed"))
    result = launch(story, state="failed", dag_run_id=RUN_ID, wait=True, log_lines=0)
    assert (result["changed"], "is marked failed, " in result["msg"]) == (True, True)


def test_a_task_that_does_not_end_with_its_cancelled_run_is_a_warning(story, generation):
    story.run(RUN_ID, "running", start_date=STARTED)
    story.set_state("failed")
    story.run(RUN_ID, "failed", **OVER)
    story.tasks(generation.task("load", "running"))
    result = launch(story, state="failed", dag_run_id=RUN_ID, wait=True, wait_timeout=0)
    assert result["task_counts"] == {"running": 1}
    (warning,) = story.warnings
    assert "is marked failed, and 1 of its tasks has not ended after 0s (wait_timeout): load" in warning


# -- state: cancelled

NAME = f"DAG run etl_daily / {RUN_ID}"


@pytest.mark.parametrize("before", ["queued", "running"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_an_active_run_is_cancelled(story, generation, before, check_mode):
    story.run(RUN_ID, before, start_date=None if before == "queued" else STARTED)
    if not check_mode:
        story.set_state("failed")
    story.tasks(generation.task("load", "failed"))
    result = launch(story, check_mode, state="cancelled", dag_run_id=RUN_ID, log_lines=0)
    assert set(result) == KEYS
    assert (result["changed"], result["dag_run"]["state"]) == (True, "failed")
    assert result["diff"] == {"before": {NAME: {"state": before}}, "after": {NAME: {"state": "failed"}}}
    words = f"{NAME} would be cancelled." if check_mode else f"{NAME} is cancelled, 3m12s after its start. https://"
    assert result["msg"].startswith(words)
    assert story.warnings == []


@pytest.mark.parametrize("state", ["success", "failed"])
@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("wait", [False, True])
def test_a_run_that_has_ended_is_not_cancelled(story, generation, state, check_mode, wait):
    story.run(RUN_ID, state, **OVER)
    if wait and state == "failed" and not check_mode:
        # One that was cancelled a moment ago may have tasks that go on.
        story.run(RUN_ID, state, **OVER)
    story.tasks(generation.task("load"))
    result = launch(story, check_mode, state="cancelled", dag_run_id=RUN_ID, wait=wait)
    assert (result["changed"], result["dag_run"]["state"]) == (False, state)
    assert result["diff"] == {"before": {}, "after": {}}
    assert result["msg"].startswith(f"{NAME} has ended already: {state}, 3m12s after its start. https://")


def test_a_run_of_a_date_is_cancelled(story, generation):
    story.of_date(generation.run("any-id", "running", logical_date=DATE, start_date=STARTED))
    story.set_state("failed", dag_run_id="any-id")
    story.tasks(generation.task("load"), dag_run_id="any-id")
    assert launch(story, state="failed", logical_date=DATE)["changed"] is True


@pytest.mark.parametrize("wanted", ["failed", "success", "cleared"])
def test_a_run_that_is_not_there_cannot_be_changed(story, wanted):
    story.no_run()
    story.dag()
    error = refusal(story, state=wanted, dag_run_id=RUN_ID)
    assert isinstance(error, NotFound)
    assert error.message == f"DAG run etl_daily / release-42 does not exist at {URL}; check dag_id and dag_run_id."


@pytest.mark.parametrize("wanted", ["failed", "success", "cleared"])
def test_a_run_of_a_dag_that_is_not_there(story, wanted):
    story.no_run()
    story.no_dag()
    assert "DAG etl_daily does not exist" in refusal(story, state=wanted, dag_run_id=RUN_ID).message


def test_no_run_of_an_id_and_a_date(story):
    story.no_run()
    story.of_date()
    story.dag()
    message = refusal(story, state="success", dag_run_id=RUN_ID, logical_date=DATE).message
    assert message == (
        f"DAG run etl_daily / release-42 does not exist at {URL}; check dag_id, dag_run_id and logical_date."
    )


def test_no_run_of_a_date(story):
    story.of_date()
    story.dag()
    message = refusal(story, state="success", logical_date=DATE).message
    assert message == (
        f"The run of DAG etl_daily of the logical date {DATE} does not exist at {URL}; check dag_id and logical_date."
    )


# -- state: absent


def test_delete_a_run(story, server):
    story.run(RUN_ID, "success", **OVER)
    server.delete(f"dags/etl_daily/dagRuns/{RUN_ID}").says("", 204)
    result = launch(story, state="absent", dag_run_id=RUN_ID, wait=True)
    assert set(result) == KEYS
    assert result["changed"] is True
    assert result["dag_run"]["state"] == "success"
    assert set(result["dag_run"]) == RUN_KEYS
    name = "DAG run etl_daily / release-42"
    assert result["msg"] == f"{name} is deleted."
    assert result["diff"] == {"before": {name: {"state": "success"}}, "after": {name: {"state": "absent"}}}


def test_delete_a_run_in_check_mode(story):
    story.run(RUN_ID, "success", **OVER)
    result = launch(story, check_mode=True, state="absent", dag_run_id=RUN_ID)
    assert (result["changed"], result["msg"]) == (True, f"DAG run etl_daily / {RUN_ID} would be deleted.")


def test_delete_a_run_once_more(story):
    story.no_run()
    story.dag()
    result = launch(story, state="absent", dag_run_id=RUN_ID)
    assert result["changed"] is False
    assert result["dag_run"] is None


def test_delete_the_run_of_a_date(story, server, generation):
    story.of_date(generation.run("any-id", "success", logical_date=DATE, **OVER))
    server.delete("dags/etl_daily/dagRuns/any-id").says("", 204)
    assert launch(story, state="absent", logical_date=DATE)["changed"] is True


def test_delete_a_run_that_is_running(story, server, generation):
    story.run(RUN_ID, "running", start_date=STARTED)
    server.delete(f"dags/etl_daily/dagRuns/{RUN_ID}").answers(generation.problem(409, "Conflict", "running"), 409)
    error = refusal(story, state="absent", dag_run_id=RUN_ID)
    assert isinstance(error, Conflict)
    assert "cannot be deleted while it is running; use state: cancelled first" in error.message


def test_delete_repeated_after_a_lost_answer(story, server, generation):
    gone = "DAGRun with DAG ID: 'etl_daily' and DagRun ID: 'release-42' not found"
    story.run(RUN_ID, "success", **OVER)
    server.delete(f"dags/etl_daily/dagRuns/{RUN_ID}").fails(requests.ReadTimeout())
    server.delete(f"dags/etl_daily/dagRuns/{RUN_ID}").answers(generation.problem(404, "Not Found", gone), 404)
    assert launch(story, state="absent", dag_run_id=RUN_ID)["changed"] is True


# -- options that cannot be right


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dag_id": "a/b"}, "dag_id"),
        ({"dag_id": "*"}, "dag_id"),
        ({"dag_run_id": "a/b"}, "dag_run_id"),
        ({"dag_run_id": "a..b"}, "dag_run_id"),
        ({"dag_run_id": "~"}, "dag_run_id"),
        ({"dag_run_id": "   "}, "dag_run_id"),
        ({"dag_run_id": "scheduled__2026-11-22T00:00:00+00:00"}, "scheduled__"),
        ({"logical_date": "2026-11-22T00:00:00"}, "time zone"),
        ({"logical_date": "today"}, "logical_date"),
        ({"run_after": "12:00"}, "run_after"),
        ({"data_interval_start": DATE}, "data_interval_end"),
        (
            {"data_interval_start": DATE, "data_interval_end": "2026-11-01 00:00:00Z"},
            "data_interval_end is before data_interval_start",
        ),
        ({"note": "x" * 1001}, "note has 1001 characters, and Airflow keeps 1000"),
        ({"data_interval_end": DATE}, "data_interval_start"),
        ({"conf": "[1]"}, "conf must be a mapping, or the JSON or YAML text of one, and is a list"),
        ({"conf": "just words"}, "of one, and is another text"),
        ({"conf": "{a: b"}, "conf is neither JSON nor YAML"),
        ({"conf": {"a": float("nan")}}, "conf"),
        ({"wait_timeout": -1}, "wait_timeout"),
        ({"poll_interval": -0.1}, "poll_interval"),
        ({"log_lines": -1}, "log_lines"),
        ({"request_timeout": 0}, "request_timeout"),
        ({"retry_timeout": -5}, "retry_timeout"),
        ({"latest_version": True}, "latest_version is about runs that are run again; set state: cleared with it"),
        *(
            ({"latest_version": True, "state": state, "dag_run_id": RUN_ID}, "latest_version is about runs")
            for state in ("awaited", "cancelled", "failed", "success", "absent")
        ),
        ({"state": "cleared"}, "dag_run_id or the logical_date"),
        ({"state": "cancelled"}, "dag_run_id or the logical_date"),
        ({"state": "failed"}, "dag_run_id or the logical_date"),
        ({"state": "success"}, "dag_run_id or the logical_date"),
        ({"state": "absent"}, "dag_run_id or the logical_date"),
    ],
)
def test_bad_options_are_refused_before_anything_is_sent(story, options, words):
    error = refusal(story, **options)
    assert isinstance(error, BadInput)
    assert words in error.message


def test_a_run_of_the_scheduler_can_be_cancelled(story, server, generation):
    name = "scheduled__2026-11-22T00:00:00+00:00"
    path = "dags/etl_daily/dagRuns/scheduled__2026-11-22T00%3A00%3A00%2B00%3A00"
    server.get(path).answers(generation.run(name, "failed", **OVER))
    server.get(path + "/taskInstances", PAGE).answers(generation.tasks())
    assert launch(story, state="failed", dag_run_id=name)["changed"] is False
