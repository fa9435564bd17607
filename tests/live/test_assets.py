# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event of an asset is made once: whatever becomes of the requests and of their answers on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Object
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.assets import MARK, Assets
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import FateUnknown, ServerError
from ansible_collections.dagops.airflow.plugins.module_utils._http.pages import pages
from ansible_collections.dagops.airflow.plugins.modules import airflow_asset
from faults import Exchange, Fault, Line
from live import Airflow, play, result_of

SOURCE = Path(__file__).parent / "dags" / "assets.py"
QUIET, BUSY = "s3://live/quiet.csv", "s3://live/busy.csv"
EVENTS = int(os.environ.get("DAGOPS_TEST_EVENTS", "200"))
POSTS = "s/events$"
UNSEEN = [faults.cut_before, faults.hung_up_before]
UNHEARD = [faults.cut_after, faults.hung_up_after, faults.cut_within, faults.truncated, faults.cut_within_head]


def name_of(fault: Fault) -> str:
    return fault.__name__.replace("_", " ")


@pytest.fixture(scope="module", autouse=True)
def deployed(airflow: Airflow, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if api.version() < (2, 9):
        pytest.skip("Events can be made from 2.9 on.")
    target = Path(airflow.variables["airflow_dags_folder"]) / SOURCE.name
    target.write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    deploy = {"dag_id": ["makes_asset", "takes_asset"], "wait": True, "paused": False}
    played = play(tmp_path_factory.mktemp("assets"), [{"dagops.airflow.airflow_dag": deploy}])
    assert played.status == 0, played.output
    yield
    target.unlink()


@pytest.fixture
def far(airflow: Airflow, line: Line) -> Api:
    """The server by the line; it is logged in, so that the next requests are those of the test."""
    far = in_process.connected(airflow, line.url)
    assert far.ask(Assets).find(None, QUIET)
    line.requests.clear()
    return far


def marks_of(api: Api) -> list[str]:
    """The marks of all events of the asset that nobody waits for."""
    assets = api.ask(Assets)
    (asset,) = assets.find(None, QUIET)
    path = f"{api.generation.prefix}/{assets.nouns_of_api}/events"
    noun = assets.noun_of_api
    found: list[Object] = pages(
        api.client, path, f"{noun}_events", lambda raw: raw["id"], {f"{noun}_id": asset["id"], "order_by": "timestamp"}
    )
    return [event["extra"][MARK] for event in found]


def updated(api: Api, uri: str = QUIET, **options: Any) -> dict[str, Any]:
    """The result of airflow_asset."""
    defaults = {name: spec.get("default") for name, spec in airflow_asset.ARGUMENT_SPEC.items()}
    frame = SimpleNamespace(params={**defaults, "uri": uri, **options}, check_mode=False, warn=lambda warning: None)
    result: dict[str, Any] = airflow_asset.run(frame, api)  # type: ignore[arg-type]
    return result


def test_events_through_a_line_that_cuts_half_of_all_connections_are_made_exactly_once_each(
    airflow: Airflow, api: Api, line: Line
) -> None:
    before = marks_of(api)
    line.at_random(5, 0.5, [*UNSEEN, *UNSEEN, *UNHEARD])
    made = []
    for _number in range(EVENTS):
        # As each task does, it finds out the version, by the same line.
        far = in_process.connected(airflow, line.url, retry_timeout=600.0)
        made.append(updated(far)["event"]["id"])
    line.mend()
    marks = marks_of(api)
    assert len(set(made)) == EVENTS
    assert len(marks) == len(set(marks)) == len(before) + EVENTS
    # The line was as bad as it should be.
    assert len(line.seen("POST", POSTS)) > EVENTS * 1.2


@pytest.mark.parametrize("fault", UNHEARD, ids=name_of)
def test_an_event_whose_answer_got_lost_is_found_and_not_made_again(
    api: Api, far: Api, line: Line, fault: Fault
) -> None:
    line.next(fault, method="POST", path=POSTS)
    before = marks_of(api)
    assert updated(far)["changed"]
    assert len(marks_of(api)) == len(before) + 1
    assert len(line.seen("POST", POSTS)) == 1


@pytest.mark.parametrize("fault", UNSEEN, ids=name_of)
def test_a_request_that_never_arrived_is_sent_again_with_the_same_mark(
    api: Api, far: Api, line: Line, fault: Fault
) -> None:
    line.next(fault, method="POST", path=POSTS)
    before = marks_of(api)
    assert updated(far)["changed"]
    assert len(marks_of(api)) == len(before) + 1
    first, second = line.seen("POST", POSTS)
    assert first.body == second.body


def test_a_server_that_is_slower_than_the_first_look(api: Api, far: Api, line: Line) -> None:
    """The event is made after it was looked for, and before it would be sent again."""
    held: list[Exchange] = []

    def hold(exchange: Exchange) -> None:
        held.append(exchange)
        exchange.cut()

    def looked_up(exchange: Exchange) -> None:
        answer = exchange.forward()
        held[0].forward()
        # Only now, so that a busy server has made it when it is looked for again.
        exchange.send(answer)

    line.next(hold, method="POST", path=POSTS)
    line.next(looked_up, method="GET", path=r"s/events\?")
    before = marks_of(api)
    assert updated(far)["changed"]
    assert len(marks_of(api)) == len(before) + 1
    assert len(line.seen("POST", POSTS)) == 1


def test_after_a_500_without_an_event_the_task_fails_at_once(api: Api, far: Api, line: Line) -> None:
    line.always(faults.answered(500, "<html>Ooops!</html>"), method="POST", path=POSTS)
    before = marks_of(api)
    with pytest.raises(ServerError):
        updated(far)
    assert marks_of(api) == before
    assert len(line.seen("POST", POSTS)) == 1


def test_a_fate_that_cannot_be_found_out_is_told_with_the_mark(airflow: Airflow, api: Api, line: Line) -> None:
    far = in_process.connected(airflow, line.url, retry_timeout=2.0)
    assert far.ask(Assets).find(None, QUIET)

    def and_then_nothing(exchange: Exchange) -> None:
        exchange.forward()
        line.always(faults.cut_before)
        exchange.cut()

    line.next(and_then_nothing, method="POST", path=POSTS)
    before = marks_of(api)
    with pytest.raises(FateUnknown) as caught:
        updated(far)
    (mark,) = set(marks_of(api)) - set(before)
    assert f"was made is not known; look for an event with {MARK}: {mark} in its extra" in caught.value.message


@pytest.mark.generation("v2")
def test_a_materialization_whose_answer_got_lost_makes_one_run(api: Api, far: Api, line: Line) -> None:
    for fault in (faults.cut_after, faults.cut_before):
        before = {run["dag_run_id"] for run in in_process.runs_of(api, "makes_asset")}
        line.next(fault, method="POST", path="/materialize$|/dagRuns$")
        (run,) = updated(far, state="materialized", wait=False)["runs"]
        after = {run["dag_run_id"] for run in in_process.runs_of(api, "makes_asset")}
        assert after - before == {run["dag_run"]["dag_run_id"]}


def test_a_task_of_a_playbook_waits_for_the_run_and_tells_so(tmp_path: Path) -> None:
    options = {"uri": BUSY, "wait_for": ["takes_asset"], "poll_interval": 1, "wait_timeout": 300}
    played = play(tmp_path, [{"dagops.airflow.airflow_asset": options}])
    assert (played.status, played.changed()) == (0, 1), played.output
    assert f"localhost: asset {BUSY}: waiting up to 5m00s for runs of takes_asset" in played.words
    result = result_of(tmp_path, "airflow_asset", {**options, "extra": {"rows": 3}})
    assert result["runs"][0]["dag_run"]["state"] == "success"
