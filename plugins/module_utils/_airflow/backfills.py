# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backfills of Airflow 3: runs of a DAG for all dates of a range."""

from __future__ import annotations

import contextlib
import typing as t
from datetime import datetime

from .._base.errors import Conflict, FateUnknown, Unreachable, Unsupported
from .._base.times import iso
from .._http.pages import pages
from .airflow import Airflow, Family, Object, of_known_shape
from .lost import lost
from .refusals import refused

# What can be done about what Airflow refuses, by words of its reason, in all versions.
WAYS = {
    "has no schedule": "use airflow_dag_run",
    "does not support backfills": "use airflow_dag_run",
    "does not allow backfill runs": "use airflow_dag_run",
    "future dates": "correct from_date and to_date",
    "o runs to create": "correct from_date and to_date",
    "must not be after": "correct from_date and to_date",
    "in reverse": "set backwards: false",
    "set reprocess behavior": "set reprocess: failed or reprocess: completed",
    "param": "correct conf",
}


class BackfillRequest(t.NamedTuple):
    """A backfill to make; its dates are aware datetimes, and both belong to it.

    :param reprocess: which runs that are there are run again: C(none), C(failed) or C(completed).
    """

    dag_id: str
    from_date: datetime
    to_date: datetime
    reprocess: str
    backwards: bool
    max_active_runs: int
    conf: Object

    def is_like(self, backfill: Object) -> bool:
        """Whether a backfill is the one that is asked for; Airflow does not tell its direction."""
        return (
            self.is_of_dates(backfill)
            and backfill["reprocess"] == self.reprocess
            and backfill["max_active_runs"] == self.max_active_runs
            and backfill["conf"] == self.conf
        )

    def is_of_dates(self, backfill: Object) -> bool:
        """Whether a backfill has the same range."""
        return (backfill["from_date"], backfill["to_date"]) == (iso(self.from_date), iso(self.to_date))


class Backfills(Family):
    """Backfills: {id, dag_id, from_date, to_date, reprocess, max_active_runs, is_paused, created_at, completed_at,
    conf}.

    That one is completed does not mean that its runs have ended.
    """

    def find(self, backfill_id: int) -> Object | None:
        """Return a backfill, or None when there is none."""
        return self._find(self._path("backfills", str(backfill_id)), self._backfill)

    def of_dag(self, dag_id: str) -> list[Object]:
        """Return all backfills of a DAG, the newest first."""
        path = self._path("backfills")
        found = pages(self._client, path, "backfills", lambda backfill: backfill["id"], {"dag_id": dag_id})
        return sorted(map(self._backfill, found), key=lambda backfill: int(backfill["id"]), reverse=True)

    def dates(self, request: BackfillRequest) -> list[str]:
        """Return the logical dates of the runs that a backfill would make or run again, by Airflow's dry run."""
        with _refused(request):
            return self._dates(self._client.post(self._path("backfills", "dry_run"), _body(request), repeat=True))

    def create(self, request: BackfillRequest, known: t.Collection[int]) -> Object:
        """Make a backfill, exactly once, and return it; Conflict when another one is active.

        Airflow has one active backfill of a DAG at a time, so one that is like it and new is the one whose answer got
        lost.

        :param known: ids of the backfills that were there before.
        """
        sent = False

        def act() -> Object:
            nonlocal sent
            made = self._made(request, known) if sent else None
            if made is None:
                sent = True
                with _refused(request):
                    made = self._backfill(self._client.post(self._path("backfills"), _body(request)))
            return made

        try:
            return self._airflow.patience.through_outages(act)
        except Conflict:
            made = self._made(request, known)
            if made is None:
                raise
            return made
        except Unreachable as error:
            raise FateUnknown(
                f"{error.message} Whether the backfill of DAG {request.dag_id} was made is not known; repeat the task, "
                "which waits for it if it was."
            ) from error

    def cancel(self, backfill_id: int) -> None:
        """Cancel a backfill: no run of it starts any more, and those that are queued are failed; others go on."""
        unknown = lost(f"backfill {backfill_id} was cancelled", "Airflow's web interface")
        # One that is completed meanwhile cannot be cancelled, and needs not.
        with contextlib.suppress(Conflict):
            self._client.put(self._path("backfills", str(backfill_id), "cancel"), unknown)

    def _made(self, request: BackfillRequest, known: t.Collection[int]) -> Object | None:
        new = [found for found in self.of_dag(request.dag_id) if found["id"] not in known and request.is_like(found)]
        return new[0] if new else None

    @of_known_shape
    def _dates(self, answer: Object) -> list[str]:
        return sorted(filter(None, (iso(item["logical_date"]) for item in answer["backfills"])))

    @of_known_shape
    def _backfill(self, raw: Object) -> Object:
        return {
            **{key: raw[key] for key in ("id", "dag_id", "max_active_runs", "is_paused")},
            **{key: iso(raw[key]) for key in ("from_date", "to_date", "created_at", "completed_at")},
            "reprocess": raw["reprocess_behavior"],
            "conf": raw["dag_run_conf"] or {},
        }


class BackfillsV1(Backfills, api="v1"):
    """Airflow 2."""

    def __init__(self, airflow: Airflow) -> None:
        raise Unsupported(
            f"{airflow.url} is Airflow 2, whose API has no backfills; run airflow dags backfill on its host, or "
            "airflow_dag_run for each logical_date."
        )


def _refused(request: BackfillRequest) -> t.ContextManager[None]:
    return refused(f"the backfill of DAG {request.dag_id}", ways=WAYS, other="correct the options of the task")


def _body(request: BackfillRequest) -> Object:
    return {
        "dag_id": request.dag_id,
        "from_date": iso(request.from_date),
        "to_date": iso(request.to_date),
        "run_backwards": request.backwards,
        "dag_run_conf": request.conf,
        "reprocess_behavior": request.reprocess,
        "max_active_runs": request.max_active_runs,
    }
