# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assets, which Airflow 2 calls datasets, and their events."""

from __future__ import annotations

import contextlib
import typing as t

from .._base.errors import AirflowError, ApiError, Conflict, FateUnknown, NotFound, Unreachable, Unsupported
from .._base.times import iso, time_of
from .._http.pages import PAGE, pages
from .airflow import Family, Object, of_known_shape
from .lost import lost
from .refusals import refused
from .runs import Runs, TriggerRequest

if t.TYPE_CHECKING:
    from .._base.patience import Outage

MOST = 1000  # assets that are read to name a similar one
MARK = "ansible_event_id"  # a key of the extra of events: they have no id of one's own


class Assets(Family):
    """Assets: {id, name, uri, scheduled_dags, producing_dags}, the last two ids of DAGs.

    Events: {id, timestamp, created_dagruns}, the last one {dag_id, dag_run_id} of the runs that were made for it.
    """

    since = (2, 9)
    nouns = "An event of a dataset"
    nouns_of_api: t.ClassVar[str] = ""  # what paths call assets
    noun_of_api: t.ClassVar[str] = ""  # what keys call one
    queued: t.ClassVar[str] = "queuedEvents"
    queued_by: t.ClassVar[tuple[str, str]] = ("", "")  # how a queued event tells its asset: keys of both

    def find(self, name: str | None, uri: str | None) -> list[Object]:
        """Return the assets that have this name, this URI, or both; several may have one URI."""
        raise NotImplementedError

    def known(self) -> list[Object]:
        """Return the assets that there are, C(MOST) of them at most."""
        path, nouns = self._path(self.nouns_of_api), self.nouns_of_api
        return [self._asset(raw) for raw in pages(self._client, path, nouns, lambda raw: raw["id"], None, MOST)]

    def of_dag(self, dag_id: str) -> list[Object]:
        """Return the assets by which a DAG is scheduled, as many as a page holds."""
        found = self._listed(self._client.get(self._path(self.nouns_of_api), {"dag_ids": dag_id, "limit": PAGE}))
        return [asset for asset in found if dag_id in asset["scheduled_dags"]]

    def make_event(self, asset: Object, extra: Object, mark: str) -> Object:
        """Make an event, exactly once, and return it.

        It carries a mark in its extra, by which it is looked up after an answer that got lost.

        :param mark: a text that no other event has.
        """
        path, body = self._path(self.nouns_of_api, "events"), self._body(asset, {**extra, MARK: mark})
        since = self._client.server_now()

        def send() -> Object:
            with refused(f"the event of asset {asset['name']}"):
                return self._event(self._client.post(path, body))

        advice = f"look for an event with {MARK}: {mark} in its extra before you repeat the task"
        return self._once(
            send,
            lambda: self.event(asset, mark, since),
            f"Whether the event of asset {asset['name']} was made is not known; {advice}.",
        )

    @of_known_shape
    def event(self, asset: Object, mark: str, since: float) -> Object | None:
        """Return the event that has this mark; None when there is none.

        :param since: it is not older, by the server's clock.
        """
        path = self._path(self.nouns_of_api, "events")
        query = {f"{self.noun_of_api}_id": asset["id"], "order_by": "-timestamp", "limit": PAGE}
        seen = 0
        while True:
            events = self._client.get(path, {**query, "offset": seen})[f"{self.noun_of_api}_events"]
            for raw in events:
                if (raw["extra"] or {}).get(MARK) == mark:
                    return self._event(raw)
                # Clocks of several web servers differ.
                if time_of("a time of Airflow", raw["timestamp"]).timestamp() < since - 60:
                    return None
            seen += len(events)
            if len(events) < PAGE:
                return None

    def queued_for(self, asset: Object) -> list[str]:
        """Return the ids of the DAGs for which an event is queued, since they wait for further assets."""
        return sorted(event["dag_id"] for event in self._queued(self._queue_path(asset)))

    def unqueue(self, asset: Object) -> None:
        """Remove all queued events of an asset."""
        unknown = lost(f"the queued events of asset {asset['name']} were removed", "Airflow's web interface")
        self._delete(self._queue_path(asset), unknown)

    @of_known_shape
    def lacking(self, dag_id: str) -> list[Object]:
        """Return the assets for whose events a DAG waits."""
        of_event, of_asset = self.queued_by
        there = {event[of_event] for event in self._queued(self._path("dags", dag_id, self.nouns_of_api, self.queued))}
        return [asset for asset in self.of_dag(dag_id) if asset[of_asset] not in there]

    def materialize(self, asset: Object, dag_id: str, dag_run_id: str) -> Object:
        """Run the DAG that produces an asset, exactly once, and return the run; Unsupported on Airflow 2."""
        raise NotImplementedError

    def check_materialize(self) -> None:
        """Raise Unsupported where assets cannot be materialized."""

    def _once(self, send: t.Callable[[], Object], look: t.Callable[[], Object | None], unknown: str) -> Object:
        """Send what makes something, and look for it after an answer that got lost, before it is sent again."""
        lost: Outage | None = None
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    return send()
                except (ApiError, Unreachable) as error:
                    if isinstance(error, ApiError) and 400 <= error.status < 500 and not isinstance(error, Conflict):
                        raise
                    if lost is None and isinstance(error, Unreachable):
                        # Looking and trying again are one outage.
                        stack.enter_context(self._airflow.patience.within_one_outage())
                    found = self._looked(look, error, unknown)
                    if found is None and isinstance(error, ApiError):
                        raise
                    if found is None:
                        lost = lost or self._airflow.patience.outage()
                        try:
                            lost.endure(error)
                        except Unreachable:
                            raise FateUnknown(f"{error.message} {unknown}") from error
                        # Nothing refuses a second one, and the server may be slower than the line.
                        found = self._looked(look, error, unknown)
                    if found is not None:
                        return found

    def _looked(self, look: t.Callable[[], Object | None], problem: AirflowError, unknown: str) -> Object | None:
        try:
            return look()
        except AirflowError as error:
            raise FateUnknown(f"{problem.message} {unknown}") from error

    @of_known_shape
    def _queued(self, path: str) -> list[Object]:
        try:
            return list(self._client.get(path)["queued_events"])
        except NotFound:
            return []

    @of_known_shape
    def _listed(self, page: Object) -> list[Object]:
        return [self._asset(raw) for raw in page[self.nouns_of_api]]

    @of_known_shape
    def _asset(self, raw: Object) -> Object:
        # Airflow 2 and 3.0 have another word.
        scheduled = raw["consuming_dags"] if "consuming_dags" in raw else raw["scheduled_dags"]
        return {
            "id": raw["id"],
            "name": raw.get("name", raw["uri"]),
            "uri": raw["uri"],
            "scheduled_dags": sorted({dag["dag_id"] for dag in scheduled}),
            "producing_dags": sorted({task["dag_id"] for task in raw["producing_tasks"]}),
        }

    @of_known_shape
    def _event(self, raw: Object) -> Object:
        runs = [
            {"dag_id": run["dag_id"], "dag_run_id": run["dag_run_id"] if "dag_run_id" in run else run["run_id"]}
            for run in raw["created_dagruns"]
        ]
        return {"id": raw["id"], "timestamp": iso(raw["timestamp"]), "created_dagruns": runs}

    def _queue_path(self, asset: Object) -> str:
        raise NotImplementedError

    def _body(self, asset: Object, extra: Object) -> Object:
        raise NotImplementedError


class AssetsV1(Assets, api="v1"):
    """Airflow 2."""

    nouns_of_api = "datasets"
    noun_of_api = "dataset"
    queued = "queuedEvent"
    queued_by = ("uri", "uri")

    def find(self, name: str | None, uri: str | None) -> list[Object]:
        if name or not uri:
            raise Unsupported(f"{self.url} is Airflow 2, whose datasets have no names; give uri, and leave out name.")
        found = self._find(self._path("datasets", uri), self._asset)
        return [found] if found else []

    def check_materialize(self) -> None:
        self._airflow.needs("state: materialized", (3, 0), "choose another state")

    def _queue_path(self, asset: Object) -> str:
        return self._path("datasets", self.queued, asset["uri"])

    def _body(self, asset: Object, extra: Object) -> Object:
        return {"dataset_uri": asset["uri"], "extra": extra}


class AssetsV2(Assets, api="v2"):
    """Airflow 3."""

    nouns_of_api = "assets"
    noun_of_api = "asset"
    queued_by = ("asset_id", "id")

    def find(self, name: str | None, uri: str | None) -> list[Object]:
        # Patterns hold what is asked for, and more.
        wanted = {key: value for key, value in (("name", name), ("uri", uri)) if value}
        params = {f"{key}_pattern": value for key, value in wanted.items()}
        found = map(self._asset, pages(self._client, self._path("assets"), "assets", lambda raw: raw["id"], params))
        return [asset for asset in found if all(asset[key] == value for key, value in wanted.items())]

    def materialize(self, asset: Object, dag_id: str, dag_run_id: str) -> Object:
        runs = self._airflow.ask(Runs)
        if self._airflow.version() < (3, 2):
            # There the run is a manual one of the DAG, and its id cannot be given.
            return runs.trigger(dag_id, TriggerRequest(dag_run_id, {}))
        path = self._path("assets", str(asset["id"]), "materialize")

        def send() -> Object:
            with refused(f"the materialization of asset {asset['name']}"):
                self._client.post(path, {"dag_run_id": dag_run_id})
            return runs.get(dag_id, dag_run_id)

        return self._once(
            send,
            lambda: runs.find(dag_id, dag_run_id),
            f"Whether asset {asset['name']} was materialized is not known; look for run {dag_run_id} of DAG {dag_id} "
            "before you repeat the task.",
        )

    def _queue_path(self, asset: Object) -> str:
        return self._path("assets", str(asset["id"]), self.queued)

    def _body(self, asset: Object, extra: Object) -> Object:
        return {"asset_id": asset["id"], "extra": extra}
