# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making an event of an asset, or materializing it, and waiting for the runs that come of it."""

from __future__ import annotations

import contextlib
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.assets import MARK, Assets
from .._airflow.dags import Dags
from .._base.conf import conf_of
from .._base.errors import BadInput, Denied, NotFound, TimedOut
from .._base.inputs import dag_id_of
from .._base.state import diff
from .._base.text import MOST_NAMED, close_to, first_few, one_line
from .foreseen import foreseen
from .fulfil import check_runnable
from .heartbeats import dead_component
from .in_passing import in_passing
from .many_runs import Key, Waiting, entry, go_on, wait_for_runs, waiting_of
from .progress import Progress
from .selection import FEW
from .wishes import new_dag_run_id
from .wording import duration, last_answer, similar_ones, waited

NO_RUN_YET = "The event stays; look for its run by airflow_dag_run_info, since the same task makes another event."


class Wish(t.NamedTuple):
    """The checked options of C(airflow_asset)."""

    name: str | None
    uri: str | None
    extra: Object
    state: str
    wait_for: t.Sequence[str]
    wait: bool
    waiting: Waiting


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    state = params["state"]
    if not (params["name"] or params["uri"]):
        raise BadInput("No asset is named; give name or uri.")
    for key in ("name", "uri"):
        if params[key] and not params[key].isprintable():
            text = one_line(params[key], 60)
            raise BadInput(f"{key} '{text}' has a character that an asset cannot have; correct it.")
    if params["name"] and not params["name"].strip():
        raise BadInput(f"name '{one_line(params['name'], 60)}' is no name of an asset; correct it.")
    if params["uri"] and not params["uri"].strip("./ "):
        raise BadInput(f"uri '{one_line(params['uri'], 60)}' is no URI of an asset; correct it.")
    extra = {} if params["extra"] is None else conf_of("extra", params["extra"])
    if MARK in extra:
        raise BadInput(f"extra must not have the key {MARK}, by which the module finds its own event; leave it out.")
    wait_for = list(dict.fromkeys(dag_id_of("wait_for", dag_id) for dag_id in params["wait_for"] or []))
    for key, given in (("extra", extra), ("wait_for", wait_for)):
        if given and state != "updated":
            raise BadInput(f"{key} does not go with state: {state}; leave it out.")
    return Wish(params["name"], params["uri"], extra, state, wait_for, params["wait"], waiting_of(params))


class Done(t.NamedTuple):
    """What was done, or would be done in check mode.

    :param asset: None: it does not exist, and check mode goes on.
    :param event: the event that was made.
    :param since: when that was at the earliest, by the server's clock.
    :param run: the run that materializes the asset.
    """

    asset: Object | None
    changed: bool
    diff: Object
    event: Object | None = None
    mark: str = ""
    since: float = 0.0
    run: Object | None = None
    queued_for: t.Sequence[str] = ()
    warnings: t.Sequence[str] = ()

    def result(self, runs: t.Sequence[Object] = ()) -> Object:
        """The keys that every result has."""
        told = {key: getattr(self, key) for key in ("changed", "diff", "asset", "event")}
        return {**told, "queued_for": list(self.queued_for), "runs": list(runs)}


def fulfil(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    """Make an event, materialize the asset, or empty its queue; in check mode write nothing."""
    assets = airflow.ask(Assets)
    if wish.state == "materialized":
        assets.check_materialize()
    try:
        asset = _asset(airflow, wish)
    except NotFound as error:
        if not check_mode:
            raise
        changes = diff({f"asset {wish.name or wish.uri}": ({}, {"state": wish.state})})
        return Done(None, True, changes, warnings=[foreseen(error.message)])
    does = {"updated": _update, "materialized": _materialize, "unqueued": _unqueue}
    return does[wish.state](airflow, wish, asset, check_mode)


def _asset(airflow: Airflow, wish: Wish) -> Object:
    found = airflow.ask(Assets).find(wish.name, wish.uri)
    if len(found) > 1:
        names = first_few([asset["name"] for asset in found])
        raise BadInput(f"{len(found)} assets have the URI {wish.uri}: {names}; give name.")
    if found and _is_used(found[0]):
        return found[0]
    if wish.name and wish.uri:
        _check_pair(airflow, wish.name, wish.uri)
    what = one_line(wish.name or wish.uri, 100)
    raise NotFound(f"No DAG uses an asset {what} at {airflow.url}; {_advice(airflow, wish)}.", 404)


def _is_used(asset: Object) -> bool:
    return bool(asset["scheduled_dags"] or asset["producing_dags"])


def _check_pair(airflow: Airflow, name: str, uri: str) -> None:
    """Refuse the name of one asset with the URI of another."""
    assets, given, other = airflow.ask(Assets), one_line(name, 80), one_line(uri, 80)
    of_name = list(filter(_is_used, assets.find(name, None)))
    if of_name:
        has = one_line(of_name[0]["uri"], 80)
        raise BadInput(f"Asset {given} has the URI {has}, not {other}; correct name or uri.")
    of_uri = list(filter(_is_used, assets.find(None, uri)))
    if of_uri:
        has = first_few([one_line(asset["name"], 60) for asset in of_uri])
        raise BadInput(f"The URI {other} is that of asset {has}, not of {given}; correct name or uri.")


def _advice(airflow: Airflow, wish: Wish) -> str:
    """What helps with an asset that no DAG uses: those with a similar name or URI, or where to see them all."""
    assets, key = airflow.ask(Assets), "name" if wish.name else "uri"
    there: list[Object] = []
    with in_passing(airflow):
        there = list(filter(_is_used, assets.known()))
    close = close_to(wish.name or wish.uri or "", dict.fromkeys(asset[key] for asset in there), MOST_NAMED)
    options = "name and uri" if wish.name and wish.uri else key
    similar = similar_ones([one_line(name, 60) for name in close], "asset")
    if similar:
        return f"{similar}: correct {options}, or see whether Airflow has read the DAG"
    return (
        f"check {options}, and whether Airflow has read the DAG: airflow_api with path: /{assets.nouns_of_api} lists "
        "what it knows"
    )


def _update(airflow: Airflow, wish: Wish, asset: Object, check_mode: bool) -> Done:
    name, consumers = asset["name"], asset["scheduled_dags"]
    for dag_id in wish.wait_for:
        if dag_id not in consumers:
            those = f"those that are: {first_few(consumers)}" if consumers else "none is"
            raise BadInput(f"DAG {dag_id} is not scheduled by asset {name} ({those}); correct wait_for.")
    dags = _dags(airflow, consumers)
    for dag_id in wish.wait_for:
        check_runnable(dags.get(dag_id) or airflow.ask(Dags).get(dag_id))
    paused = [dag_id for dag_id in consumers if dag_id in dags and dags[dag_id]["is_paused"]]
    missed = [dag_id for dag_id in paused if dag_id in wish.wait_for]
    if missed:
        raise BadInput(f"DAG {missed[0]} is paused, so it would miss the event of asset {name}; unpause it first.")
    warnings = [f"DAG {dag_id} is paused, and misses this event of asset {name} for good." for dag_id in paused]
    queued_for = [dag_id for dag_id in consumers if dag_id not in paused]
    changes = diff({f"asset {name}": ({}, {"state": "updated", "queued_for": queued_for})})
    done = Done(asset, True, changes, queued_for=queued_for, warnings=warnings)
    if check_mode:
        return done
    since, mark = airflow.client.server_now(), new_dag_run_id(airflow.clock)
    event = airflow.ask(Assets).make_event(asset, wish.extra, mark)
    return done._replace(event=event, mark=mark, since=since)


def _dags(airflow: Airflow, dag_ids: t.Sequence[str]) -> dict[str, Object]:
    """Read DAGs; one that is gone by now, or that the user may not see, is not among them."""
    if len(dag_ids) > FEW:
        return {dag["dag_id"]: dag for dag in airflow.ask(Dags).select()}
    found = {}
    for dag_id in dag_ids:
        with contextlib.suppress(Denied, NotFound):
            found[dag_id] = airflow.ask(Dags).get(dag_id)
    return found


def _materialize(airflow: Airflow, wish: Wish, asset: Object, check_mode: bool) -> Done:
    name, producers = asset["name"], asset["producing_dags"]
    if not producers:
        raise BadInput(f"No DAG produces asset {name}, so it cannot be materialized; make an event of it.")
    if len(producers) > 1:
        raise BadInput(
            f"Asset {name} is produced by {len(producers)} DAGs ({first_few(producers)}), and Airflow materializes it "
            "by one alone; run one of them by airflow_dag_run."
        )
    dag = airflow.ask(Dags).get(producers[0])
    check_runnable(dag)
    if dag["is_paused"]:
        raise BadInput(
            f"DAG {dag['dag_id']}, which produces asset {name}, is paused, so its run would stay queued; unpause it."
        )
    changes = diff({f"asset {name}": ({}, {"state": "materialized", "dag_id": dag["dag_id"]})})
    done = Done(asset, True, changes)
    if check_mode:
        return done
    run = airflow.ask(Assets).materialize(asset, dag["dag_id"], new_dag_run_id(airflow.clock))
    return done._replace(run=run)


def _unqueue(airflow: Airflow, wish: Wish, asset: Object, check_mode: bool) -> Done:
    there = airflow.ask(Assets).queued_for(asset)
    if there and not check_mode:
        airflow.ask(Assets).unqueue(asset)
    changes = diff({f"asset {asset['name']}": ({"queued_for": there}, {"queued_for": []} if there else {})})
    return Done(asset, bool(there), changes)


def is_waited_for(wish: Wish, done: Done) -> bool:
    """Whether there is something to wait for."""
    return wish.wait and bool(done.run or (done.event and wish.wait_for))


def seen_runs(airflow: Airflow, done: Done) -> list[Object]:
    """Return the run that materializes the asset, which nobody waits for, or nothing."""
    return [entry(airflow, done.run)] if done.run else []


def runs_of(airflow: Airflow, wish: Wish, done: Done) -> list[Object]:
    """Wait for the runs that an event, or a materialization, has led to, and return them with their reports."""
    ends = airflow.clock.now() + wish.waiting.timeout
    keys = [(done.run["dag_id"], done.run["dag_run_id"])] if done.run else _made_runs(airflow, wish, done)
    # One time for both waits.
    left = max(ends - airflow.clock.now(), 0.0)
    waiting = wish.waiting._replace(timeout=left)
    found: list[Object] = wait_for_runs(airflow, keys, waiting, go_on)["runs"]
    return found


def _made_runs(airflow: Airflow, wish: Wish, done: Done) -> list[Key]:
    """Wait until each DAG in C(wait_for) has a run that the event has led to."""
    asset: Object = done.asset or {}
    progress = Progress(airflow, wish.waiting.progress)
    dags = first_few(wish.wait_for)
    progress.tell(f"asset {asset['name']}: waiting up to {duration(wish.waiting.timeout)} for runs of {dags}")

    def look() -> dict[str, str]:
        event = airflow.ask(Assets).event(asset, done.mark, done.since)
        runs = event["created_dagruns"] if event else []
        return {run["dag_id"]: run["dag_run_id"] for run in runs}

    def missing(runs: t.Mapping[str, str]) -> list[str]:
        return [dag_id for dag_id in wish.wait_for if dag_id not in runs]

    timeout, interval = wish.waiting.timeout, wish.waiting.interval
    runs, silence = airflow.patience.wait(look, lambda seen: not missing(seen), timeout, interval)
    if missing(runs):
        (first, *_others) = missing(runs)
        reason = last_answer(silence) if silence else _held_up(airflow, asset, first)
        raise TimedOut(
            f"DAG {first} has made no run for the event of asset {asset['name']} {waited(timeout, 'wait_timeout')}"
            f"{': ' + reason if reason else ''}. {NO_RUN_YET}",
            runs=[],
        )
    return [(dag_id, runs[dag_id]) for dag_id in wish.wait_for]


def _held_up(airflow: Airflow, asset: Object, dag_id: str) -> str:
    """Why a DAG has made no run for an event, as a clause; empty when that cannot be seen."""
    with in_passing(airflow):
        if airflow.ask(Dags).get(dag_id)["is_paused"]:
            return "it is paused: unpause it"
        others = [one["name"] for one in airflow.ask(Assets).lacking(dag_id) if one["id"] != asset["id"]]
        if others:
            return f"it waits for events of further assets ({first_few(others)})"
        return dead_component(airflow, "scheduler")
    return ""
