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
    FateUnknown,
    NotFound,
    RunFailed,
    ServerError,
    TimedOut,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.modules import airflow_asset
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, GENERATIONS, NEW_ID, STARTED
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

URI = "s3://lake/orders.csv"
PATH = "s3%3A%2F%2Flake%2Forders.csv"
LOST = requests.exceptions.ConnectionError("Connection aborted.")
MADE = "2026-11-22T10:15:00.250000Z"
CONSUMER_RUN = "asset_triggered__1"
GONE = "Queue event not found"


class Story(Runner):
    """An Airflow with an asset."""

    @property
    def is_old(self) -> bool:
        return self.generation.name == "v1"

    @property
    def noun(self) -> str:
        return "dataset" if self.is_old else "asset"

    def version(self, version: str = "") -> None:
        self.server.get("version").answers({"version": version or self.generation.version})

    def raw(
        self, number: int = 7, uri: str = URI, dags: t.Sequence[str] = ("load",), makers: t.Sequence[str] = ()
    ) -> dict[str, t.Any]:
        named = {} if self.is_old else {"name": uri, "group": "asset"}
        return {
            "id": number,
            "uri": uri,
            **named,
            "extra": {},
            "consuming_dags" if self.is_old else "scheduled_dags": [{"dag_id": dag_id} for dag_id in dags],
            "producing_tasks": [{"dag_id": dag_id, "task_id": "make"} for dag_id in makers],
        }

    def has(self, *dags: str, makers: t.Sequence[str] = ()) -> None:
        """The asset is asked for by its URI."""
        if self.is_old:
            self.version()
            self.server.get(f"datasets/{PATH}").answers(self.raw(dags=dags, makers=makers))
        else:
            self.version()
            self.finds(self.raw(dags=dags, makers=makers))

    def finds(self, *assets: dict[str, t.Any], by: str = "uri", text: str = URI) -> None:
        query = {f"{by}_pattern": text, "limit": 100, "offset": 0}
        self.server.get("assets", query).answers({"assets": list(assets), "total_entries": len(assets)})

    def lists(self, *assets: dict[str, t.Any]) -> Exchange:
        """The assets that there are, of which only a message tells."""
        body = {f"{self.noun}s": list(assets), "total_entries": len(assets)}
        return self.server.get(f"{self.noun}s", {"limit": 100, "offset": 0}).answers(body)

    def has_dags(self, *dag_ids: str, **keys: t.Any) -> None:
        for dag_id in dag_ids:
            self.server.get(f"dags/{dag_id}").answers(self.generation.dag(dag_id, **keys))

    def event(self, *runs: tuple[str, str], mark: str = NEW_ID, at: str = MADE) -> dict[str, t.Any]:
        key = "dag_run_id" if self.is_old else "run_id"
        return {
            "id": 42,
            f"{self.noun}_id": 7,
            "extra": {"ansible_event_id": mark, "from_rest_api": True},
            "created_dagruns": [{"dag_id": dag_id, key: run_id} for dag_id, run_id in runs],
            "timestamp": at,
        }

    def posts(self, **extra: t.Any) -> Exchange:
        place = {"dataset_uri": URI} if self.is_old else {"asset_id": 7}
        sends = {**place, "extra": {**extra, "ansible_event_id": NEW_ID}}
        return self.server.post(f"{self.noun}s/events", sends=sends).answers(self.event())

    def events(self, *events: dict[str, t.Any], offset: int = 0) -> Exchange:
        query = {f"{self.noun}_id": 7, "order_by": "-timestamp", "limit": 100, "offset": offset}
        body = {f"{self.noun}_events": list(events), "total_entries": 1000}
        return self.server.get(f"{self.noun}s/events", query).answers(body)

    def run_ends(self, state: str = "success", dag_id: str = "load", run_id: str = CONSUMER_RUN) -> None:
        sends = {"dag_ids": [dag_id], "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}
        self.server.post("dags/~/dagRuns/list", sends=sends).answers(self.generation.runs())
        body = self.generation.run(run_id, state=state, dag_id=dag_id, start_date=STARTED, end_date=ENDED)
        self.server.get(f"dags/{dag_id}/dagRuns/{run_id}").answers(body)

    def queue(self, *dag_ids: str) -> None:
        path = f"datasets/queuedEvent/{PATH}" if self.is_old else "assets/7/queuedEvents"
        found = [{"dag_id": dag_id, "uri": URI, "asset_id": 7} for dag_id in dag_ids]
        exchange = self.server.get(path).answers({"queued_events": found, "total_entries": len(found)})
        if not found:
            exchange.answers(self.generation.problem(404, GONE), 404)


@pytest.fixture
def story(server: Server, generation: t.Any) -> Story:
    return Story(server, generation, airflow_asset)


@pytest.fixture
def new(server: Server) -> Story:
    server.prefix = GENERATIONS["v2"].prefix
    return Story(server, GENERATIONS["v2"], airflow_asset)


def test_an_event_is_made(story):
    story.has("load", "other")
    story.has_dags("load", "other")
    story.posts(rows=3)
    result = story(uri=URI, extra='{"rows": 3}')
    assert result["changed"] is True
    assert result["event"] == {"id": 42, "timestamp": MADE, "created_dagruns": []}
    asset = {"id": 7, "name": URI, "uri": URI, "scheduled_dags": ["load", "other"], "producing_dags": []}
    assert result["asset"] == asset
    assert set(asset) == set(documented(airflow_asset)["asset"]["contains"])
    assert set(result["event"]) == set(documented(airflow_asset)["event"]["contains"])
    assert (result["queued_for"], result["runs"]) == (["load", "other"], [])
    after = {"state": "updated", "queued_for": ["load", "other"]}
    name = f"asset {URI}"
    assert result["diff"] == {"before": {}, "after": {name: after}}


def test_check_mode_makes_no_event(story):
    story.has("load")
    story.has_dags("load")
    result = story(check_mode=True, uri=URI, wait_for=["load"])
    assert (result["changed"], result["event"], result["queued_for"]) == (True, None, ["load"])


def test_an_asset_that_is_only_produced_can_have_an_event(story):
    story.has(makers=["make"])
    story.posts()
    assert story(uri=URI)["asset"]["producing_dags"] == ["make"]


def test_the_runs_that_it_leads_to_are_waited_for(story, clock):
    story.has("load", "other")
    story.has_dags("load", "other")
    story.posts()
    story.events(story.event(("other", "asset_triggered__2")))
    story.events(story.event(("other", "asset_triggered__2"), ("load", CONSUMER_RUN)))
    story.run_ends()
    result = story(uri=URI, wait_for=["load", "load"])
    assert [run["dag_run"]["dag_run_id"] for run in result["runs"]] == [CONSUMER_RUN]
    assert result["runs"][0]["dag_run"]["state"] == "success"
    assert clock.pauses == [0.5]


def test_without_wait_nothing_is_waited_for(story):
    story.has("load")
    story.has_dags("load")
    story.posts()
    assert story(uri=URI, wait_for=["load"], wait=False)["runs"] == []


def test_a_run_that_fails_fails_the_task(story):
    story.has("load")
    story.has_dags("load")
    story.posts()
    story.events(story.event(("load", CONSUMER_RUN)))
    story.run_ends("failed")
    page = {"limit": 100, "offset": 0}
    tasks = story.generation.tasks(story.generation.task("load", state="upstream_failed"))
    story.server.get(f"dags/load/dagRuns/{CONSUMER_RUN}/taskInstances", page).answers(tasks)
    error = story.failure(uri=URI, wait_for=["load"], log_lines=0)
    assert isinstance(error, RunFailed)
    assert error.details["runs"][0]["dag_run"]["state"] == "failed"
    assert error.details["changed"] is True
    assert error.details["event"]["id"] == 42


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_paused_dag_that_is_waited_for_is_a_failure_before_the_event(story, check_mode):
    story.has("load")
    story.has_dags("load", is_paused=True)
    error = story.failure(check_mode, uri=URI, wait_for=["load"])
    assert isinstance(error, BadInput)
    assert error.message == f"DAG load is paused, so it would miss the event of asset {URI}; unpause it first."


def test_another_paused_dag_is_a_warning(story):
    story.has("load", "other")
    story.has_dags("load")
    story.has_dags("other", is_paused=True)
    story.posts()
    assert story(uri=URI)["queued_for"] == ["load"]
    assert story.warnings == [f"DAG other is paused, and misses this event of asset {URI} for good."]


def test_a_dag_that_the_user_may_not_see_does_not_matter_unless_it_is_waited_for(story):
    story.has("load", "other")
    story.has_dags("load")
    story.server.get("dags/other").answers(story.generation.problem(403, "Forbidden"), 403)
    story.posts()
    assert story(uri=URI, wait_for=["load"], wait=False)["queued_for"] == ["load", "other"]
    story.has("other")
    for _again in range(2):
        story.server.get("dags/other").answers(story.generation.problem(403, "Forbidden"), 403)
    assert isinstance(story.failure(uri=URI, wait_for=["other"]), Denied)


def test_many_dags_are_read_from_their_list(new):
    names = ["a", "b", "c", "d"]
    new.has(*names)
    dags = [new.generation.dag(name, is_paused=name == "c") for name in [*names, "e"]]
    query = {"limit": 100, "offset": 0, "exclude_stale": "false"}
    new.server.get("dags", query).answers(new.generation.dags(*dags))
    new.posts()
    assert new(uri=URI)["queued_for"] == ["a", "b", "d"]


def test_a_dag_that_is_not_scheduled_by_the_asset(story):
    story.has("load")
    error = story.failure(uri=URI, wait_for=["other"])
    assert isinstance(error, BadInput)
    assert error.message == f"DAG other is not scheduled by asset {URI} (those that are: load); correct wait_for."


def test_no_dag_is_scheduled_by_the_asset(story):
    story.has(makers=["make"])
    error = story.failure(uri=URI, wait_for=["other"])
    assert "is not scheduled by asset s3://lake/orders.csv (none is)" in error.message


@pytest.mark.parametrize("others", [[], ["kafka://invoices"]])
def test_an_asset_that_no_dag_uses(story, others):
    story.has()
    story.lists(story.raw(8, "s3://lake/orders.cs", dags=()), *(story.raw(9, uri) for uri in others))
    error = story.failure(uri=URI)
    assert isinstance(error, NotFound)
    assert error.message == (
        f"No DAG uses an asset {URI} at https://airflow.example; check uri, and whether Airflow has read the DAG: "
        f"airflow_api with path: /{story.noun}s lists what it knows."
    )


def test_an_asset_with_a_similar_name(new):
    new.version()
    new.finds(by="name", text="order")
    named = ({**new.raw(number, f"s3://{name}"), "name": name} for number, name in enumerate(["orders", "border", "x"]))
    new.lists(*named)
    assert new.failure(name="order").message == (
        "No DAG uses an asset order at https://airflow.example; similar assets are orders, border: correct name, or "
        "see whether Airflow has read the DAG."
    )


def test_an_asset_with_a_similar_uri(story):
    unknown(story)
    story.lists(story.raw(8, "s3://lake/order.csv"), story.raw(9, "kafka://x"))
    assert story.failure(uri=URI).message == (
        f"No DAG uses an asset {URI} at https://airflow.example; a similar asset is s3://lake/order.csv: correct uri, "
        "or see whether Airflow has read the DAG."
    )


def test_assets_that_cannot_be_listed(story):
    unknown(story)
    story.lists().answers(story.generation.problem(403, "Forbidden"), 403)
    assert "check uri, and whether Airflow has read the DAG" in story.failure(uri=URI).message


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("name", "uri", "says"),
    [
        ("orders", "s3://b", "Asset orders has the URI s3://a, not s3://b; correct name or uri."),
        ("orders", "s3://c", "Asset orders has the URI s3://a, not s3://c; correct name or uri."),
        ("bills", "s3://a", "The URI s3://a is that of asset orders, not of bills; correct name or uri."),
    ],
)
def test_a_name_and_a_uri_of_two_assets(new, name, uri, says, check_mode):
    new.version()
    query = {"name_pattern": name, "uri_pattern": uri, "limit": 100, "offset": 0}
    new.server.get("assets", query).answers({"assets": [], "total_entries": 0})
    there = [{**new.raw(1, "s3://a"), "name": "orders"}, {**new.raw(2, "s3://b"), "name": "stock"}]
    new.finds(*(asset for asset in there if asset["name"] == name), by="name", text=name)
    if name != "orders":
        new.finds(there[0], text=uri)
    error = new.failure(check_mode, name=name, uri=uri)
    assert isinstance(error, BadInput)
    assert error.message == says


def test_neither_name_nor_uri_is_known(new):
    new.version()
    query = {"name_pattern": "bill", "uri_pattern": URI, "limit": 100, "offset": 0}
    new.server.get("assets", query).answers({"assets": [], "total_entries": 0})
    new.finds({**new.raw(1, "s3://a", dags=()), "name": "bill"}, by="name", text="bill")
    new.finds()
    new.lists({**new.raw(1, "s3://a"), "name": "bills"})
    assert new.failure(name="bill", uri=URI).message == (
        "No DAG uses an asset bill at https://airflow.example; a similar asset is bills: correct name and uri, or see "
        "whether Airflow has read the DAG."
    )


def unknown(story):
    story.version()
    if story.is_old:
        story.server.get(f"datasets/{PATH}").answers(story.generation.problem(404, "Dataset not found"), 404)
    else:
        story.finds(story.raw(uri=URI + ".gz"))


def test_an_asset_that_does_not_exist(story):
    unknown(story)
    story.lists()
    assert isinstance(story.failure(uri=URI), NotFound)


def test_in_check_mode_an_asset_that_does_not_exist_is_a_warning(story):
    unknown(story)
    story.lists()
    result = story(check_mode=True, uri=URI)
    assert (result["changed"], result["asset"]) == (True, None)
    (warning,) = story.warnings
    assert "check mode goes on as if a task before had made it" in warning


def test_an_asset_by_name(new):
    new.version()
    new.finds({**new.raw(), "name": "orders"}, {**new.raw(8), "name": "all_orders"}, by="name", text="orders")
    new.has_dags("load")
    new.posts()
    assert new(name="orders")["asset"]["name"] == "orders"


def test_several_assets_with_one_uri(new):
    new.version()
    new.finds({**new.raw(), "name": "a"}, {**new.raw(8), "name": "b"})
    error = new.failure(uri=URI)
    assert error.message == f"2 assets have the URI {URI}: a, b; give name."


def test_airflow_3_0_has_another_word_for_the_dags(new):
    new.version("3.0.6")
    raw = new.raw()
    new.finds({**raw, "consuming_dags": raw.pop("scheduled_dags")})
    new.has_dags("load")
    new.posts()
    assert new(uri=URI)["queued_for"] == ["load"]


def test_a_run_that_is_not_made_in_time(story):
    story.has("load")
    story.has_dags("load")
    story.posts()
    story.events(story.event())
    story.has_dags("load")
    listed = {f"{story.noun}s": [story.raw(), story.raw(8, "s3://lake/users.csv"), story.raw(9, "x", dags=["other"])]}
    path = f"dags/load/{story.noun}s/queuedEvent" + ("" if story.is_old else "s")
    story.server.get(path).answers({"queued_events": [{"dag_id": "load", "uri": URI, "asset_id": 7}]})
    story.server.get(f"{story.noun}s", {"dag_ids": "load", "limit": 100}).answers({**listed, "total_entries": 1000})
    error = story.failure(uri=URI, wait_for=["load"], wait_timeout=0)
    assert isinstance(error, TimedOut)
    assert error.message == (
        f"DAG load has made no run for the event of asset {URI} after 0s (wait_timeout): it waits for events of "
        "further assets (s3://lake/users.csv). The event stays; look for its run by airflow_dag_run_info, since the "
        "same task makes another event."
    )
    assert (error.details["timed_out"], error.details["event"]["id"]) == (True, 42)


def test_a_dag_that_is_paused_meanwhile(story):
    story.has("load")
    story.has_dags("load")
    story.posts()
    story.events(story.event())
    story.has_dags("load", is_paused=True)
    error = story.failure(uri=URI, wait_for=["load"], wait_timeout=0)
    assert "after 0s (wait_timeout): it is paused: unpause it. The event stays; " in error.message


# -- exactly once


def test_an_event_whose_answer_got_lost_is_found(story):
    story.has(makers=["make"])
    story.posts().fails(LOST)
    story.events(story.event(mark="another"), story.event())
    assert story(uri=URI)["event"]["id"] == 42


def test_an_event_that_never_arrived_is_sent_again_with_the_same_mark(story):
    story.has(makers=["make"])
    story.posts().fails(LOST)
    story.events()
    story.events()
    story.posts()
    assert story(uri=URI)["changed"] is True


def test_an_event_that_is_made_after_the_first_look_is_found_before_it_is_sent_again(story):
    story.has(makers=["make"])
    story.posts().fails(LOST)
    story.events()
    story.events(story.event())
    assert story(uri=URI)["event"]["id"] == 42


def test_the_look_goes_back_to_the_start_of_the_task_and_no_further(story):
    story.has(makers=["make"])
    story.posts().fails(LOST)
    page = [story.event(mark=str(number)) for number in range(100)]
    old = story.event(mark="old", at="2026-11-22T10:13:59Z")
    for _look in range(2):
        story.events(*page)
        story.events(*page[:1], old, *page[1:], offset=100)
    story.posts()
    assert story(uri=URI)["changed"] is True


def test_after_a_500_one_look_is_enough(story):
    story.has(makers=["make"])
    story.posts().answers(story.generation.problem(500, "Internal Server Error"), 500)
    story.events()
    assert isinstance(story.failure(uri=URI), ServerError)


def test_a_fate_that_cannot_be_found_out(story):
    story.has(makers=["make"])
    story.posts().fails(LOST)
    story.events().fails(LOST)
    error = story.failure(uri=URI, retry_timeout=0)
    assert isinstance(error, FateUnknown)
    assert error.message.endswith(
        f"Whether the event of asset {URI} was made is not known; look for an event with ansible_event_id: {NEW_ID} in "
        "its extra before you repeat the task."
    )


def test_a_line_that_stays_down_after_a_look(story):
    story.has(makers=["make"])
    story.posts().fails(LOST)
    story.events()
    error = story.failure(uri=URI, retry_timeout=0)
    assert isinstance(error, FateUnknown)


def test_what_airflow_refuses(story):
    story.has(makers=["make"])
    story.posts().answers(story.generation.problem(400, "Bad Request", "extra is bad"), 400)
    error = story.failure(uri=URI)
    assert isinstance(error, BadInput)
    assert error.message.startswith(f"Airflow refused the event of asset {URI}: ")


# -- materializing


def materialized(new, version="3.3.2"):
    new.version(version)
    new.finds(new.raw(dags=(), makers=["make"]))
    new.has_dags("make")


def test_an_asset_is_materialized_and_its_run_waited_for(new):
    materialized(new)
    new.server.post("assets/7/materialize", sends={"dag_run_id": NEW_ID}).answers({"dag_run_id": NEW_ID})
    run = new.generation.run(NEW_ID, dag_id="make")
    new.server.get(f"dags/make/dagRuns/{NEW_ID}").answers(run)
    new.run_ends(dag_id="make", run_id=NEW_ID)
    result = new(uri=URI, state="materialized")
    assert (result["changed"], result["event"]) == (True, None)
    assert [run["dag_run"]["state"] for run in result["runs"]] == ["success"]
    after = {"state": "materialized", "dag_id": "make"}
    assert result["diff"]["after"] == {f"asset {URI}": after}


def test_a_run_that_takes_too_long_is_not_made_once_more(new):
    materialized(new)
    new.server.post("assets/7/materialize", sends={"dag_run_id": NEW_ID}).answers({"dag_run_id": NEW_ID})
    run = new.generation.run(NEW_ID, "running", dag_id="make", start_date=STARTED)
    new.server.get(f"dags/make/dagRuns/{NEW_ID}").answers(run)
    sends = {"dag_ids": ["make"], "states": ["queued", "running"], "page_limit": 100, "page_offset": 0}
    new.server.post("dags/~/dagRuns/list", sends=sends).answers(new.generation.runs(run))
    tasks = new.generation.tasks(new.generation.task("report", "running"))
    new.server.get(f"dags/make/dagRuns/{NEW_ID}/taskInstances", {"limit": 100, "offset": 0}).answers(tasks)
    new.has_dags("make")
    healthy = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}}
    new.server.get("monitor/health").answers(healthy)
    error = new.failure(uri=URI, state="materialized", wait_timeout=0)
    assert error.message.endswith("task report is running. It goes on, and airflow_dag_run_wait can wait for it.")


def test_before_3_2_the_dag_is_run_as_by_hand(new):
    materialized(new, "3.1.8")
    run = new.generation.run(NEW_ID, dag_id="make")
    new.server.post("dags/make/dagRuns", sends=new.generation.trigger_body()).answers(run)
    result = new(uri=URI, state="materialized", wait=False)
    assert [run["dag_run"]["state"] for run in result["runs"]] == ["queued"]


def test_a_materialization_whose_answer_got_lost_is_found_by_its_run(new):
    materialized(new)
    new.server.post("assets/7/materialize", sends={"dag_run_id": NEW_ID}).fails(LOST)
    new.server.get(f"dags/make/dagRuns/{NEW_ID}").answers(new.generation.run(NEW_ID, dag_id="make"))
    assert new(uri=URI, state="materialized", wait=False)["changed"] is True


def test_in_check_mode_nothing_is_materialized(new):
    materialized(new)
    result = new(check_mode=True, uri=URI, state="materialized")
    assert (result["changed"], result["runs"]) == (True, [])


@pytest.mark.parametrize(
    ("makers", "says"),
    [
        ([], f"No DAG produces asset {URI}, so it cannot be materialized; make an event of it."),
        (["a", "b"], f"Asset {URI} is produced by 2 DAGs (a, b), and Airflow materializes it by one alone; run one"),
    ],
)
def test_an_asset_that_cannot_be_materialized(new, makers, says):
    new.has("load", makers=makers)
    error = new.failure(uri=URI, state="materialized")
    assert isinstance(error, BadInput)
    assert error.message.startswith(says)


def test_a_paused_dag_materializes_nothing(new):
    new.has(makers=["make"])
    new.has_dags("make", is_paused=True)
    error = new.failure(uri=URI, state="materialized")
    assert error.message == (
        f"DAG make, which produces asset {URI}, is paused, so its run would stay queued; unpause it."
    )


# -- queued events


@pytest.mark.parametrize("check_mode", [False, True])
def test_queued_events_are_removed(story, check_mode):
    story.has("load", "other")
    story.queue("load", "other")
    if not check_mode:
        path = f"datasets/queuedEvent/{PATH}" if story.is_old else "assets/7/queuedEvents"
        story.server.delete(path).says("", 204)
    result = story(check_mode, uri=URI, state="unqueued")
    name = f"asset {URI}"
    assert result["changed"] is True
    gone = {"before": {name: {"queued_for": ["load", "other"]}}, "after": {name: {"queued_for": []}}}
    assert result["diff"] == gone


def test_no_queued_events_are_no_change(story):
    story.has("load")
    story.queue()
    assert story(uri=URI, state="unqueued")["changed"] is False


# -- versions and input


@pytest.mark.parametrize("given", [{"uri": URI}, {"uri": URI, "state": "unqueued"}])
def test_before_2_9_one_sentence(server, given):
    old = Story(server, GENERATIONS["v1"], airflow_asset)
    old.version("2.8.4")
    error = old.failure(**given)
    assert isinstance(error, Unsupported)
    assert error.message.startswith("An event of a dataset needs Airflow 2.9 or newer, and https://")


def test_airflow_2_materializes_nothing(server):
    old = Story(server, GENERATIONS["v1"], airflow_asset)
    old.version()
    error = old.failure(uri=URI, state="materialized")
    assert error.message.startswith("state: materialized needs Airflow 3.0 or newer")


def test_airflow_2_has_no_names(server):
    old = Story(server, GENERATIONS["v1"], airflow_asset)
    old.version()
    error = old.failure(name="orders", uri=URI)
    assert isinstance(error, Unsupported)
    assert error.message.endswith("is Airflow 2, whose datasets have no names; give uri, and leave out name.")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "No asset is named; give name or uri."),
        ({"uri": ".."}, "uri '..' is no URI of an asset"),
        ({"uri": "a\nb"}, "uri 'a b' has a character"),
        ({"name": " "}, "name '' is no name of an asset; correct it."),
        ({"uri": URI, "extra": "[1]"}, "extra must be a mapping"),
        ({"uri": URI, "extra": {"ansible_event_id": 1}}, "extra must not have the key ansible_event_id"),
        ({"uri": URI, "wait_for": ["a/b"]}, "has the character /"),
        ({"uri": URI, "state": "materialized", "extra": {"a": 1}}, "extra does not go with state: materialized"),
        ({"uri": URI, "state": "unqueued", "wait_for": ["a"]}, "wait_for does not go with state: unqueued"),
        ({"uri": URI, "wait_timeout": -1}, "wait_timeout is -1"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(story, given, says):
    error = story.failure(**given)
    assert isinstance(error, BadInput)
    assert says in error.message


def test_progress(new, clock):
    said = []
    params, airflow = new.connected({"uri": URI, "wait_for": ["load"], "wait_timeout": 60})
    airflow.say = said.append
    new.has("load")
    new.has_dags("load")
    new.posts()
    new.events(new.event(("load", CONSUMER_RUN)))
    new.run_ends()
    wish = airflow_asset.wish_of(params)
    airflow_asset.runs_of(airflow, wish, airflow_asset.fulfil(airflow, wish, False))
    assert said[0] == f"asset {URI}: waiting up to 1m00s for runs of load"
    assert said[1] == "1 of 1 DAG runs has ended"
