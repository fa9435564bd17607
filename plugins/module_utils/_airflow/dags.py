# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAGs."""

from __future__ import annotations

import contextlib
import typing as t

from .._base.errors import ApiError, Conflict, NotFound
from .._base.times import iso
from .._http.pages import PAGE, pages, walk
from .airflow import Family, Object, of_known_shape
from .links import Links
from .lost import lost


class Dags(Family):
    """DAGs: {dag_id, description, fileloc, has_import_errors, is_paused, is_stale, last_parsed_time, max_active_runs,
    next_dagrun_logical_date, next_dagrun_run_after, owners, tags, timetable_description, url}.
    """

    show_stale: t.ClassVar[Object] = {}  # query that makes a list hold stale DAGs, too
    next_run: t.ClassVar[Object] = {}  # of the run that the scheduler makes next: key -> Airflow's name of it

    def get(self, dag_id: str, more: t.Sequence[str] = ()) -> Object:
        """Return one DAG, stale ones included; NotFound when Airflow does not know it.

        :param more: further keys of Airflow's answer; None where a version does not have them.
        """
        with self._named(dag_id):
            raw = self._client.get(self._path("dags", dag_id))
        return {**self._dag(raw), **{key: raw.get(key) for key in more}}

    def find(self, dag_id: str, more: t.Sequence[str] = ()) -> Object | None:
        """Return one DAG, or None when Airflow does not know it."""
        try:
            return self.get(dag_id, more)
        except NotFound:
            return None

    def select(self, containing: str = "", tags: t.Sequence[str] = (), more: t.Sequence[str] = ()) -> list[Object]:
        """Return the DAGs that carry any of the tags, stale ones included.

        :param containing: narrows the list to ids that hold this text; a hint to the server, not a filter: C(_) stands
            for any character there.
        :param more: further keys of Airflow's answer; None where a version does not have them.
        """
        params: Object = dict(self.show_stale)
        if containing:
            params["dag_id_pattern"] = containing
        if tags:
            params["tags"] = [*tags]
        raw = pages(self._client, self._path("dags"), "dags", lambda dag: dag["dag_id"], params)
        return [{**self._dag(dag), **{key: dag.get(key) for key in more}} for dag in raw]

    def set_paused(self, dag_id: str, paused: bool) -> Object:
        """Pause or unpause a DAG and return it."""
        unknown = _lost(f"DAG {dag_id} was", paused)
        with self._named(dag_id):
            return self._dag(self._client.patch(self._path("dags", dag_id), {"is_paused": paused}, lost=unknown))

    @of_known_shape
    def set_all_paused(self, containing: str, tags: t.Sequence[str], paused: bool) -> list[Object]:
        """Pause or unpause all DAGs that C(select) would return, stale ones left out; some 100 in a request.

        Returns all that may have been changed, as they are now.
        """
        # The pattern must be there on Airflow 2, where tags alone are refused.
        params: Object = {"dag_id_pattern": containing or "~", "limit": PAGE, **({"tags": [*tags]} if tags else {})}

        unknown = _lost("some DAGs were", paused)

        def write(offset: int) -> Object:
            query = {**params, "offset": offset}
            page: Object = self._client.patch(self._path("dags"), {"is_paused": paused}, query, unknown)
            return page

        return [self._dag(dag) for dag in walk(write, "dags", lambda dag: dag["dag_id"])]

    @of_known_shape
    def catches_up(self, dag_id: str) -> bool:
        """Whether Airflow makes all runs that a DAG has missed while it was paused, and not only the last one."""
        with self._named(dag_id):
            return bool(self._client.get(self._path("dags", dag_id, "details"))["catchup"])

    def version(self, dag_id: str) -> Object:
        """Return {created_at, bundle_version} of the newest version of a DAG.

        It is empty where Airflow keeps no versions, or does not let the user see them.
        """
        return {}

    def delete(self, dag_id: str) -> None:
        """Delete a DAG's records. While its file is there, Airflow parses it anew and the DAG comes back, paused."""
        try:
            self._delete(self._path("dags", dag_id), lost(f"DAG {dag_id} was deleted", "airflow_dag_info"))
        except Conflict as error:
            raise Conflict(
                f"DAG {dag_id} cannot be deleted while its tasks are running; end its runs first.",
                error.status,
                error.reason,
            ) from error

    @of_known_shape
    def _dag(self, raw: Object) -> Object:
        keys = ("dag_id", "description", "fileloc", "is_paused", "max_active_runs", "owners", "timetable_description")
        return {
            **{key: raw.get(key) for key in keys},
            "has_import_errors": bool(raw.get("has_import_errors")),
            "is_stale": self._is_stale(raw),
            "last_parsed_time": iso(raw.get("last_parsed_time")),
            **{key: iso(raw.get(name)) for key, name in self.next_run.items()},
            "tags": sorted(tag["name"] for tag in raw.get("tags") or []),
            "url": self._airflow.ask(Links).dag(raw["dag_id"]),
        }

    def _is_stale(self, raw: Object) -> bool:
        raise NotImplementedError

    @contextlib.contextmanager
    def _named(self, dag_id: str) -> t.Iterator[None]:
        """Let a 404 say what does not exist."""
        try:
            yield
        except NotFound as error:
            raise NotFound(
                f"DAG {dag_id} does not exist at {self.url}; check dag_id, and that its file has been parsed.",
                error.status,
                error.reason,
            ) from error


class DagsV1(Dags, api="v1"):
    """Airflow 2."""

    show_stale: t.ClassVar[Object] = {"only_active": "false"}
    next_run: t.ClassVar[Object] = {
        "next_dagrun_logical_date": "next_dagrun",
        "next_dagrun_run_after": "next_dagrun_create_after",
    }

    def _is_stale(self, raw: Object) -> bool:
        return not raw.get("is_active")


class DagsV2(Dags, api="v2"):
    """Airflow 3."""

    show_stale: t.ClassVar[Object] = {"exclude_stale": "false"}
    next_run: t.ClassVar[Object] = {
        "next_dagrun_logical_date": "next_dagrun_logical_date",
        "next_dagrun_run_after": "next_dagrun_run_after",
    }

    def set_all_paused(self, containing: str, tags: t.Sequence[str], paused: bool) -> list[Object]:
        # The writes of 3.3 hit every match, and answer with no more than the page that was asked for.
        super().set_all_paused(containing, tags, paused)
        return self.select(containing, tags)

    def version(self, dag_id: str) -> Object:
        params = {"order_by": "-version_number", "limit": 1}
        try:
            versions = self._client.get(self._path("dags", dag_id, "dagVersions"), params)["dag_versions"]
            newest = versions[0] if versions else {}
            return {"created_at": iso(newest.get("created_at")), "bundle_version": newest.get("bundle_version")}
        except (AttributeError, ApiError, KeyError, TypeError):
            return {}

    def _is_stale(self, raw: Object) -> bool:
        return bool(raw.get("is_stale"))


def _lost(which: str, paused: bool) -> str:
    done = "paused" if paused else "unpaused"
    return lost(f"{which} {done}", "airflow_dag_info", f"airflow_dag with paused: {str(paused).lower()}")
