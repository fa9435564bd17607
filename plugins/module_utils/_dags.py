# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting DAGs by id, pattern and tag, and pausing or deleting them: what C(airflow_dag) is made of."""

from __future__ import annotations

import re
import typing as t
from fnmatch import fnmatchcase

from ._api import Airflow, Object
from ._errors import AirflowError, BadInput, NotFound
from ._inputs import dag_id_of, is_glob
from ._state import changes

FEW = 3  # exact ids that are read one by one; more of them are cheaper to find in the list of all DAGs

Changes = t.Dict[str, t.Tuple[Object, Object]]


class Selection(t.NamedTuple):
    """Which DAGs are meant. C(tags=None): whatever their tags; an empty list of any kind selects nothing."""

    ids: list[str]
    globs: list[str]
    tags: list[str] | None


def selection_of(dag_id: list[str] | None, tags: list[str] | None) -> Selection:
    """Check the options C(dag_id) and C(tags); without C(dag_id) the tags alone select."""
    items = ["*"] if dag_id is None else [_item("dag_id", item) for item in dag_id]
    wanted_tags = None if tags is None else [_item("tags", tag) for tag in tags]
    ids = [dag_id_of("dag_id", item) for item in items if not is_glob(item)]
    return Selection(list(dict.fromkeys(ids)), [item for item in items if is_glob(item)], wanted_tags)


def exact_ids(selection: Selection) -> list[str]:
    """Return the selected ids; BadInput when DAGs are named in another way."""
    if selection.globs or selection.tags is not None:
        raise BadInput("state: absent takes exact ids in dag_id only, no patterns and no tags; name each DAG.")
    return selection.ids


def select(airflow: Airflow, selection: Selection) -> list[Object]:
    """Return the selected DAGs, sorted by id.

    NotFound when an exact id does not exist, or when a pattern or the tags match nothing.
    """
    if selection.tags == [] or not (selection.ids or selection.globs):
        return []
    found = {dag["dag_id"]: dag for dag in _exact(airflow, selection.ids) if _has_tag(dag, selection.tags)}
    if selection.globs:
        listed = [dag for dag in airflow.dags(_narrowing(selection), selection.tags or ()) if not dag["is_stale"]]
        for glob in selection.globs:
            matching = {dag["dag_id"]: dag for dag in listed if fnmatchcase(dag["dag_id"], glob)}
            if not matching:
                raise NotFound(_nothing(airflow, glob, selection.tags), 404)
            found.update(matching)
    if not found:
        raise NotFound(_nothing(airflow, ", ".join(selection.ids), selection.tags), 404)
    return [found[name] for name in sorted(found)]


def paused_changes(dags: t.Sequence[Object], paused: bool | None) -> Changes:
    """Return what differs: dag_id -> (DAG, changed keys)."""
    return {dag["dag_id"]: (dag, changes(dag, {"is_paused": paused})) for dag in dags}


def set_paused(airflow: Airflow, wanted: Changes) -> None:
    """Write what differs. When one write fails, the failure tells which DAGs were changed before it."""
    done: list[str] = []
    for dag_id, (_dag, changed) in wanted.items():
        if changed:
            try:
                airflow.set_paused(dag_id, changed["is_paused"])
            except AirflowError as error:
                error.details.update(changed=bool(done), dags=[view(*wanted[name]) for name in done])
                raise
            done.append(dag_id)


def view(dag: Object, changed: Object, active_runs: int | None = None) -> Object:
    """Return a DAG as it is after the change, with C(was_paused) and C(active_runs)."""
    return {**dag, **changed, "was_paused": dag["is_paused"], "active_runs": active_runs}


def _item(option: str, value: t.Any) -> str:
    text = "" if value is None else str(value).strip()
    if not text:
        raise BadInput(f"{option} holds an empty text; name what is meant, or give an empty list to select nothing.")
    return text


def _exact(airflow: Airflow, ids: t.Sequence[str]) -> list[Object]:
    if len(ids) > FEW:
        listed = {dag["dag_id"]: dag for dag in airflow.dags()}
    else:
        listed = {}
        for dag_id in ids:
            dag = airflow.find_dag(dag_id)
            if dag is not None:
                listed[dag_id] = dag
    missing = [dag_id for dag_id in ids if dag_id not in listed]
    if missing:
        names = f"DAG {missing[0]} does not" if len(missing) == 1 else f"DAGs {', '.join(missing)} do not"
        raise NotFound(
            f"{names} exist at {airflow.url}, so nothing was changed; check dag_id, and that the file has been parsed.",
            404,
        )
    return [listed[dag_id] for dag_id in ids]


def _has_tag(dag: Object, tags: t.Sequence[str] | None) -> bool:
    return tags is None or not set(tags).isdisjoint(dag["tags"])


def _narrowing(selection: Selection) -> str:
    """Return the longest text that all matches of the only pattern hold, so that the server need not list all DAGs."""
    if len(selection.globs) > 1:
        return ""
    return max(re.split(r"[*?]|\[.*\]", selection.globs[0]), key=len)


def _nothing(airflow: Airflow, what: str, tags: t.Sequence[str] | None) -> str:
    with_tags = f" with a tag of {', '.join(tags)}" if tags else ""
    return f"No DAG at {airflow.url} matches {what}{with_tags}, so nothing was changed; check dag_id and tags."
