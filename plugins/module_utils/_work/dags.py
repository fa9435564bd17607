# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pausing and deleting DAGs."""

from __future__ import annotations

import re
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._base.errors import AirflowError, ApiError
from .._base.state import changes
from .selection import Listing

MANY = 10  # writes from which on one that hits all matches of a pattern, with a look at what it did, is cheaper

Changes = t.Dict[str, t.Tuple[Object, Object]]


def paused_changes(dags: t.Sequence[Object], paused: bool | None) -> Changes:
    """Return what differs: dag_id -> (DAG, changed keys)."""
    return {dag["dag_id"]: (dag, changes(dag, {"is_paused": paused})) for dag in dags}


def set_paused(airflow: Airflow, wanted: Changes, listing: Listing | None) -> None:
    """Write what differs. When one write fails, the failure tells which DAGs were changed before it."""
    waiting = {dag_id: changed["is_paused"] for dag_id, (_dag, changed) in wanted.items() if changed}
    done: list[str] = []
    if listing is not None and len(waiting) >= MANY:
        try:
            done = _set_at_once(airflow, waiting, listing)
        except AirflowError as error:
            error.message += " Some of the DAGs may be changed already; the same task goes on with the others."
            error.details.update(changed=True, dags=[])
            raise
    for dag_id, paused in waiting.items():
        if dag_id not in done:
            try:
                airflow.ask(Dags).set_paused(dag_id, paused)
            except AirflowError as error:
                error.details.update(changed=bool(done), dags=[view(*wanted[name]) for name in done])
                raise
            done.append(dag_id)


def _set_at_once(airflow: Airflow, waiting: t.Mapping[str, bool], listing: Listing) -> list[str]:
    """Let Airflow set all matches of a pattern, where those are no more than what is wanted; return what that did.

    Some versions write every match, whatever page was asked for, so a pattern must hit nothing else. DAGs come and go
    meanwhile: what was changed beyond the wanted set is put back.
    """
    paused = next(iter(waiting.values()))
    pattern = next((text for text in _patterns(waiting, listing) if _hits_only(text, waiting, paused, listing)), None)
    if pattern is None:
        return []
    try:
        after = airflow.ask(Dags).set_all_paused(pattern, listing.tags, paused)
    except ApiError:
        # What it did not do is written one by one, which also tells why that is refused.
        after = airflow.ask(Dags).select(pattern, listing.tags)
    before = {dag["dag_id"]: dag["is_paused"] for dag in listing.dags}
    done = []
    for dag in after:
        dag_id = dag["dag_id"]
        if dag_id in waiting and dag["is_paused"] == paused:
            done.append(dag_id)
        # A DAG that has come meanwhile came paused, if nobody has configured otherwise.
        elif dag_id not in waiting and before.get(dag_id, True) != dag["is_paused"] == paused:
            airflow.ask(Dags).set_paused(dag_id, not paused)
    return done


def _patterns(waiting: t.Iterable[str], listing: Listing) -> list[str]:
    """Texts that may be in the ids of the wanted DAGs only: how all of them begin, and how they were listed."""
    first, last = min(waiting), max(waiting)
    prefix = first[: next((at for at, (a, b) in enumerate(zip(first, last)) if a != b), len(first))]
    return [*([prefix] if listing.containing in prefix else []), listing.containing]


def _hits_only(pattern: str, waiting: t.Container[str], paused: bool, listing: Listing) -> bool:
    """Whether all DAGs that the pattern matches are wanted, or as wanted; C(_) stands for any character there."""
    matches = re.compile(re.escape(pattern).replace("_", "."), re.IGNORECASE).search
    return all(
        dag["dag_id"] in waiting or dag["is_paused"] == paused or dag["is_stale"]
        for dag in listing.dags
        if matches(dag["dag_id"])
    )


def delete(airflow: Airflow, dags: t.Sequence[Object]) -> None:
    """Delete the records of DAGs. When one cannot be deleted, the failure tells which were before it."""
    for number, dag in enumerate(dags):
        try:
            airflow.ask(Dags).delete(dag["dag_id"])
        except AirflowError as error:
            error.details.update(changed=number > 0, dags=[view(deleted, {}) for deleted in dags[:number]])
            raise


def view(dag: Object, changed: Object, active_runs: int | None = None) -> Object:
    """Return a DAG as it is after the change, with C(was_paused) and C(active_runs)."""
    return {**dag, **changed, "was_paused": dag["is_paused"], "active_runs": active_runs}
