# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    Denied,
    NoQuestion,
    NotFound,
    TimedOut,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.modules import airflow_approval
from ansible_collections.dagops.airflow.tests.unit.bodies import CREATED, GENERATIONS, RUN_ID
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented
from ansible_collections.dagops.airflow.tests.unit.questions import ANSWERED, ASKED, KEYS, REASON, answered, question

RUN = f"dags/etl_daily/dagRuns/{RUN_ID}"
GIVEN = {"dag_id": "etl_daily", "dag_run_id": RUN_ID, "task_id": "approve", "choose": "Approve"}
NAME = f"task approve of DAG run etl_daily / {RUN_ID}"
LOST = requests.exceptions.ConnectionError("Connection aborted.")
REGIONS = {"options": ["eu", "us", "a, b"], "multiple": True}
NUMBER = {"value": 1, "description": None, "schema": {"type": ["number", "null"]}}
CHOICE = {"value": "eu", "description": None, "schema": {"type": "string", "enum": ["eu", "us"]}}


class Story(Runner):
    """Airflow 3 with a run whose task asks."""

    def version(self, version: str = "3.3.2") -> None:
        self.server.get("version").answers({"version": version})

    def asks(self, body: dict[str, t.Any] | None = None, index: int = -1) -> Exchange:
        path = f"{RUN}/taskInstances/approve/{index}/hitlDetails"
        return self.server.get(path).answers(question(index=index) if body is None else body)

    def silent(self) -> None:
        self.asks().answers(self.generation.problem(404, "Human-in-the-loop detail does not exist"), 404)

    def runs(self, state: str = "running") -> Exchange:
        return self.server.get(RUN).answers(self.generation.run(state=state, start_date=CREATED))

    def tasks(self, *tasks: tuple[str, str | None, int]) -> None:
        found = [self.generation.task(name, state=state, map_index=index) for name, state, index in tasks]
        page = {"limit": 100, "offset": 0}
        self.server.get(f"{RUN}/taskInstances", page).answers(self.generation.tasks(*found))

    def takes(self, *chosen: str, index: int = -1, **params: t.Any) -> Exchange:
        sends = {"chosen_options": list(chosen), "params_input": params}
        path = f"{RUN}/taskInstances/approve/{index}/hitlDetails"
        body = {"responded_by": {"id": "7", "name": "deploy"}, "responded_at": ANSWERED, **sends}
        return self.server.patch(path, sends=sends).answers(body)

    def waits(self, state: str | None = None, run: str = "running") -> None:
        self.silent()
        self.runs(run)
        self.tasks(("load", "running", -1), ("approve", state, -1))


@pytest.fixture
def story(server: Server) -> Story:
    server.prefix = GENERATIONS["v2"].prefix
    story = Story(server, GENERATIONS["v2"], airflow_approval)
    story.version()
    return story


def test_a_question_is_answered(story):
    story.asks()
    story.takes("Approve")
    story.asks(answered("Approve", state="scheduled"))
    result = story(**GIVEN)
    assert result["changed"] is True
    assert set(result["approval"]) == set(documented(airflow_approval)["approval"]["contains"]) == KEYS
    assert result["approval"]["chosen_options"] == ["Approve"]
    assert result["approval"]["responded_by_user"] == {"id": "7", "name": "alice"}
    assert (result["approval"]["created_at"], result["approval"]["responded_at"]) == (ASKED, ANSWERED)
    assert result["approval"]["url"].endswith(f"/dags/etl_daily/runs/{RUN_ID}/tasks/approve")
    changed = {"before": {NAME: {"chosen_options": None}}, "after": {NAME: {"chosen_options": ["Approve"]}}}
    assert result["diff"] == changed
    assert set(result) == {"changed", "approval", "diff", "msg"}
    assert result["msg"] == f"T{NAME[1:]} was answered with Approve."


def test_check_mode_writes_nothing_and_returns_the_question_as_it_is(story):
    story.asks()
    result = story(check_mode=True, **GIVEN)
    assert result["changed"] is True
    assert result["approval"]["chosen_options"] is None
    assert result["diff"]["after"] == {NAME: {"chosen_options": ["Approve"]}}
    assert result["msg"] == f"T{NAME[1:]} would be answered with Approve."


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("choose", [["eu", "us", "eu"], '["eu", "us", "eu"]'])
def test_the_same_answer_is_no_change(story, check_mode, choose):
    story.asks(answered("us", "eu", params_input={"n": 3}, **REGIONS, params={"n": NUMBER}))
    result = story(check_mode, **{**GIVEN, "choose": choose, "params": '{"n": 3}'})
    assert (result["changed"], result["diff"]) == (False, {"before": {}, "after": {}})
    assert result["msg"] == f"T{NAME[1:]} was answered before with us, eu by alice."


def test_an_answer_that_airflow_has_given_itself(story):
    story.asks(answered("Approve", by=None))
    says = f"T{NAME[1:]} was answered before with Approve by Airflow itself, since its time was over."
    assert story(**GIVEN)["msg"] == says


def test_params_that_are_not_given_are_not_compared(story):
    story.asks(answered("Approve", params_input={"n": 3}, params={"n": NUMBER}))
    assert story(**GIVEN)["changed"] is False


@pytest.mark.parametrize("check_mode", [False, True])
def test_another_answer_is_a_failure_that_tells_who_answered_what(story, check_mode):
    story.asks(answered("Reject"))
    error = story.failure(check_mode, **GIVEN)
    assert error.message == (
        f"T{NAME[1:]} was already answered by alice at {ANSWERED} with Reject, and not with Approve; an answer cannot "
        "be changed: clear the task, and it asks again."
    )
    assert error.details["approval"]["chosen_options"] == ["Reject"]


def test_other_params_are_another_answer(story):
    story.asks(answered("Approve", by=None, params_input={"n": 3}, params={"n": NUMBER}))
    error = story.failure(**GIVEN, params={"n": 4})
    assert (
        f"answered by Airflow itself, since its time was over, at {ANSWERED} with Approve, but with other params; an"
        in error.message
    )


def test_params_that_are_not_given_are_sent_as_the_question_has_them(story):
    asked = question(params={"reason": REASON, "n": {**NUMBER, "value": 3}})
    story.asks(asked)
    story.takes("Approve", reason="none", n=4)
    story.asks(answered("Approve"))
    result = story(**GIVEN, params="n: 4")
    assert result["diff"]["after"][NAME]["params_input"] == {"reason": "none", "n": 4}


def test_a_field_is_told_in_the_same_keys_on_every_version(story):
    story.asks(question(params={"reason": REASON}))
    told = story(check_mode=True, **GIVEN)["approval"]["params"]["reason"]
    assert told == {"value": "none", "description": None, "schema": {"type": "string"}}


@pytest.mark.parametrize(
    ("given", "keys", "says"),
    [
        ({"choose": "approve"}, {}, "has no option approve; its options are Approve, Reject; correct choose."),
        ({"choose": True}, {}, "has no option True; its options are Approve, Reject; correct choose."),
        ({"choose": ["Approve", "Reject"]}, {}, "takes one option, and choose has 2; give one."),
        ({"choose": ["eu", "a"]}, REGIONS, "has no option a; its options are eu, us, a, b; correct choose."),
        ({"params": {"n": 1}}, {}, "asks for no param n; it asks for none: leave out params."),
        (
            {"params": {"n": 1}},
            {"params": {"reason": REASON}},
            "asks for no param n; it asks for reason: correct params.",
        ),
        (
            {"params": {"reason": 5}},
            {"params": {"reason": REASON}},
            "takes a text, and not a number, as param reason; correct params.",
        ),
        (
            {"params": {"n": True}},
            {"params": {"n": NUMBER}},
            "takes a number or null, and not a boolean, as param n; correct params.",
        ),
        (
            {"params": {"where": "uk"}},
            {"params": {"where": CHOICE}},
            "takes one of eu, us as param where; correct params.",
        ),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_an_answer_that_the_question_does_not_take_is_refused(story, given, keys, says, check_mode):
    story.asks(question(**keys))
    error = story.failure(check_mode, **{**GIVEN, **given})
    assert isinstance(error, BadInput)
    assert error.message == f"T{NAME[1:]} {says}"
    assert error.details["approval"]["subject"] == "Publish?"


@pytest.mark.parametrize(
    ("word", "options", "chosen"),
    [
        ("a, b", ["a, b", "a", "b"], "a, b"),
        (True, ["Yes", "No"], "Yes"),
        (False, ["Yes", "No"], "No"),
        (2, ["1", "2"], "2"),
    ],
)
def test_what_yaml_makes_of_an_option_is_that_option(story, word, options, chosen):
    story.asks(question(options=options))
    story.takes(chosen)
    story.asks(answered(chosen))
    assert story(**{**GIVEN, "choose": word})["changed"] is True


def test_a_question_is_waited_for(story, clock):
    said = []
    params, airflow = story.connected({**GIVEN, "poll_interval": 1})
    airflow.say = said.append
    story.waits()
    story.waits("running")
    story.asks(question("running"))
    story.runs()
    story.tasks(("approve", "running", -1))
    story.asks()
    story.takes("Approve")
    story.asks(answered("Approve"))
    module = airflow_approval
    result = module.answer(airflow, module.wish_of(params)).result()
    assert result["changed"] is True
    assert said == [
        f"etl_daily / {RUN_ID} running: task approve has not started",
        f"etl_daily / {RUN_ID} running: task approve is running",
    ]
    assert clock.pauses == [0.5, 0.5, 0.5]


def test_a_question_that_is_not_asked_in_time(story):
    story.waits("queued")
    story.waits("queued")
    story.server.get("dags/etl_daily").answers(story.generation.dag(is_paused=True))
    error = story.failure(**GIVEN, wait_timeout=0.5, progress=False)
    assert isinstance(error, TimedOut)
    assert error.message.startswith(
        f"T{NAME[1:]} has not asked after 0s (wait_timeout): its DAG is paused, so no task of it starts: unpause"
    )
    assert error.details["timed_out"] is True


@pytest.mark.parametrize("state", ["success", "skipped", "failed", "upstream_failed"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_task_that_has_ended_without_asking_fails_at_once(story, state, check_mode):
    story.waits(state)
    story.silent()
    error = story.failure(check_mode, **GIVEN)
    assert isinstance(error, NoQuestion)
    assert error.message.startswith(f"T{NAME[1:]} has ended ({state}) without asking. https://")


def test_a_run_that_has_ended_without_asking_fails_at_once(story):
    story.waits(None, "failed")
    story.silent()
    error = story.failure(**GIVEN)
    assert error.message.startswith(f"DAG run etl_daily / {RUN_ID} has ended (failed), and task approve has not asked.")


def test_a_question_that_was_asked_and_answered_between_two_requests_is_found(story):
    story.waits("success", "success")
    story.asks(answered("Approve"))
    assert story(**GIVEN)["changed"] is False


def test_a_question_whose_time_is_over(story):
    story.asks(question("failed", end_date=ANSWERED))
    error = story.failure(**GIVEN)
    assert isinstance(error, NoQuestion)
    assert error.message.startswith(f"T{NAME[1:]} asks no more, and is failed: its time was over")


@pytest.mark.parametrize(
    "before",
    [
        answered("Reject", state=None, end_date=ANSWERED),
        answered("Reject", state="queued", end_date=ANSWERED),
        answered("Reject", state="running", start_date="2026-11-22T10:15:26.000000Z"),
        question(None),
        question("running"),
    ],
)
def test_what_is_left_of_an_earlier_try_does_not_count(story, before):
    story.asks(before)
    story.runs()
    story.tasks(("approve", "queued", -1))
    story.asks()
    story.takes("Approve")
    story.asks(answered("Approve"))
    assert story(**GIVEN)["changed"] is True


@pytest.mark.parametrize(
    ("tasks", "index", "says"),
    [
        (
            [("load", None, -1)],
            -1,
            f"Task approve is not in DAG run etl_daily / {RUN_ID}; its tasks are load: correct task_id.",
        ),
        (
            [("load", None, -1), ("checks.approve", None, -1), ("approved", None, -1)],
            1,
            f"Task approve is not in DAG run etl_daily / {RUN_ID}; similar tasks are checks.approve, approved: correct "
            "task_id.",
        ),
        (
            [("load", None, -1), ("approve.ask", None, -1)],
            -1,
            f"Task approve is not in DAG run etl_daily / {RUN_ID}; it is a task group, and its tasks are approve.ask: "
            "correct task_id.",
        ),
        (
            [("approve", "deferred", 0), ("approve", "success", 1)],
            -1,
            f"T{NAME[1:]} does not exist: the task is mapped; give one of its indices, 0 to 1, as map_index.",
        ),
        (
            [("approve", "deferred", 0), ("approve", "success", 1)],
            2,
            f"Task approve[2] of DAG run etl_daily / {RUN_ID} does not exist: the task is mapped; give one of its "
            "indices, 0 to 1, as map_index.",
        ),
        (
            [("approve", "running", -1)],
            0,
            f"Task approve[0] of DAG run etl_daily / {RUN_ID} does not exist: the task is not mapped; leave out "
            "map_index.",
        ),
    ],
)
def test_a_task_that_the_run_does_not_have(story, tasks, index, says):
    gone = story.generation.problem(404, "The Task Instance was not found")
    story.asks(index=index).answers(gone, 404)
    story.runs()
    story.tasks(*tasks)
    error = story.failure(**GIVEN, map_index=index)
    assert isinstance(error, BadInput)
    assert error.message == says


def test_a_mapped_task_is_waited_for_until_it_is_expanded(story):
    gone = story.generation.problem(404, "The Task Instance was not found")
    story.asks(index=1).answers(gone, 404)
    story.runs()
    story.tasks(("approve", None, -1))
    story.asks(index=1)
    story.takes("Approve", index=1)
    story.asks(answered("Approve", index=1), index=1)
    assert story(**GIVEN, map_index=1)["approval"]["map_index"] == 1


def test_a_run_that_does_not_exist(story):
    story.silent()
    story.runs().answers(story.generation.no_run(), 404)
    error = story.failure(**GIVEN)
    assert isinstance(error, NotFound)
    assert "does not exist at" in error.message


def test_in_check_mode_a_run_that_does_not_exist_is_a_warning(story):
    story.silent()
    story.runs().answers(story.generation.no_run(), 404)
    result = story(check_mode=True, **GIVEN)
    assert (result["changed"], result["approval"]) == (True, None)
    assert result["diff"]["after"] == {NAME: {"chosen_options": ["Approve"]}}
    assert result["msg"] == f"T{NAME[1:]} would be answered with Approve."
    (warning,) = story.warnings
    assert "check mode goes on as if a task before had made it" in warning


def test_in_check_mode_a_question_that_is_not_there_yet_is_a_warning(story):
    story.waits()
    result = story(check_mode=True, **GIVEN)
    assert (result["changed"], result["approval"]) == (True, None)
    assert story.warnings == [
        f"T{NAME[1:]} does not ask yet, and check mode does not wait; whether choose fits is not known."
    ]


@pytest.mark.parametrize("times", [{"created_at": "2026-11-22T10:14:56Z"}, {"start_date": "2026-11-22T10:14:56Z"}])
def test_a_question_that_is_young_is_not_answered_at_once(story, clock, times):
    """Airflow 3.3 would mark the task failed."""
    story.asks(question(**times))
    story.takes("Approve")
    story.asks(answered("Approve"))
    assert story(**GIVEN)["changed"] is True
    assert clock.passed == 6.0


def test_an_answer_that_got_lost_is_found(story):
    story.asks()
    story.takes("Approve").fails(LOST)
    story.takes("Approve").answers(story.generation.problem(409, "has already been updated"), 409)
    story.asks(answered("Approve"))
    assert story(**GIVEN)["changed"] is True


def test_an_answer_whose_receipt_stays_away(story):
    story.asks()
    story.takes("Approve").fails(LOST)
    message = story.failure(**GIVEN, retry_timeout=0).message
    assert message.startswith("The connection to https://airflow.example broke before an answer came; look at Airflow,")
    assert message.endswith(
        f" Whether the answer to {NAME} was taken is not known; airflow_approval_info shows it, and repeating the task "
        "does no harm."
    )


def test_somebody_who_was_faster(story):
    story.asks()
    story.takes("Approve").answers(story.generation.problem(409, "has already been updated"), 409)
    story.asks(answered("Reject"))
    assert "was already answered by alice" in story.failure(**GIVEN).message


def test_a_question_that_was_withdrawn_meanwhile(story):
    story.asks()
    story.takes("Approve").answers(story.generation.problem(404, "detail does not exist"), 404)
    error = story.failure(**GIVEN)
    assert isinstance(error, NoQuestion)
    assert error.message == f"T{NAME[1:]} has withdrawn its question, since it was cleared; repeat the task."


def test_a_user_who_may_not_answer(story):
    story.asks(question(assigned_users=[{"id": "1", "name": "alice"}, {"id": "2", "name": "bob"}]))
    detail = "User=deploy (id=3) is not a respondent for the task."
    story.takes("Approve").answers(story.generation.problem(403, "Forbidden", detail), 403)
    error = story.failure(**GIVEN)
    assert isinstance(error, Denied)
    assert error.message.endswith("Airflow takes an answer of alice, bob only.")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"dag_id": "a/b"}, "has the character /"),
        ({"task_id": ".."}, "task_id '..' has only dots"),
        ({"map_index": -2}, "map_index is -2; it takes -1 or more; -1 is a task that is not mapped."),
        ({"map_index": 2**31}, "map_index is 2147483648; it takes at most 2147483647."),
        ({"choose": []}, "choose is an empty list; give an option, or a list of options."),
        ({"choose": [["Approve"]]}, "choose is neither a text nor a list of texts"),
        ({"choose": {"a": 1}}, "choose is neither a text nor a list of texts"),
        ({"params": "[1]"}, "params must be a mapping"),
        ({"wait_timeout": -1}, "wait_timeout is -1"),
        ({"poll_interval": -1}, "poll_interval is -1"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(story, given, says):
    story.server.script.clear()
    error = story.failure(**{**GIVEN, **given})
    assert isinstance(error, BadInput)
    assert says in error.message


@pytest.mark.parametrize(
    ("name", "why"), [("a/b", "has a slash"), ("..", "has only dots"), ("~", "means all runs in its paths")]
)
def test_a_run_that_no_path_can_name(story, name, why):
    error = story.failure(**{**GIVEN, "dag_run_id": name})
    assert isinstance(error, Unsupported)
    assert error.message == (
        f"Airflow's API cannot answer questions of DAG run etl_daily / {name}, since its id {why}; use Airflow's web "
        "interface."
    )


@pytest.mark.parametrize(("api", "version"), [("v1", "2.11.2"), ("v2", "3.0.6")])
def test_before_3_1_one_sentence(server, api, version):
    server.prefix = GENERATIONS[api].prefix
    old = Story(server, GENERATIONS[api], airflow_approval)
    old.version(version)
    error = old.failure(**GIVEN)
    assert isinstance(error, Unsupported)
    assert error.message.startswith("A task that asks people (human-in-the-loop) needs Airflow 3.1 or newer, and")
