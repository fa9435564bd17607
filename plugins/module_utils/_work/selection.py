# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting DAGs by id, pattern and tag."""

from __future__ import annotations

import re
import typing as t
from fnmatch import fnmatchcase

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._base.errors import BadInput, NotFound
from .._base.inputs import dag_id_of, is_glob, word_of
from .._base.text import one_line
from .foreseen_dags import foreseen_dag

FEW = 3  # exact ids that are read one by one; more of them are cheaper to find in the list of all DAGs


class Selection(t.NamedTuple):
    """Which DAGs are meant. C(tags=None): whatever their tags; an empty list of any kind selects nothing."""

    ids: list[str]
    globs: list[str]
    tags: list[str] | None


def selection_of(dag_id: list[str] | None, tags: list[str] | None) -> Selection:
    """Check the options C(dag_id) and C(tags); without C(dag_id) the tags alone select."""
    items = ["*"] if dag_id is None else [word_of("dag_id", item) for item in dag_id]
    wanted_tags = None if tags is None else [word_of("tags", tag) for tag in tags]
    ids = [dag_id_of("dag_id", item) for item in items if not is_glob(item)]
    return Selection(list(dict.fromkeys(ids)), [item for item in items if is_glob(item)], wanted_tags)


class Listing(t.NamedTuple):
    """What Airflow listed for a query, stale DAGs included."""

    containing: str
    tags: t.Sequence[str]
    dags: t.Sequence[Object]


class Selected(t.NamedTuple):
    """The selected DAGs, sorted by id, and the list in which they were found, if one was read.

    :param lacking: what does not exist, a sentence each; of the DAGs that are named, C(foreseen) has the ids.
    """

    dags: list[Object]
    listing: Listing | None
    lacking: t.Sequence[str] = ()
    foreseen: t.Collection[str] = ()


def exact_ids(selection: Selection) -> list[str]:
    """Return the selected ids; BadInput when DAGs are named in another way."""
    if selection.globs or selection.tags is not None:
        raise BadInput("state: absent takes exact ids in dag_id only, no patterns and no tags; name each DAG.")
    return selection.ids


def select(airflow: Airflow, selection: Selection, check_mode: bool = False) -> Selected:
    """Read the selected DAGs.

    NotFound when an exact id does not exist, or when a pattern or the tags match nothing. In check mode a task before
    may be the one that deploys them: a DAG that is named is then returned as it would be.
    """
    if selection.tags == [] or not (selection.ids or selection.globs):
        return Selected([], None)
    exact, listing = _exact(airflow, selection.ids)
    found = {dag["dag_id"]: dag for dag in exact if _has_tag(dag, selection.tags)}
    known = {dag["dag_id"] for dag in exact}
    missing = [dag_id for dag_id in selection.ids if dag_id not in known]
    lacking = [_no_dags(airflow, missing)] if missing else []
    if missing and not check_mode:
        raise NotFound(lacking[0], 404)
    found.update({dag_id: foreseen_dag(airflow, dag_id) for dag_id in missing})
    if selection.globs:
        if listing is None:
            listing = _listed(airflow, _narrowing(selection), selection.tags or ())
        current = [dag for dag in listing.dags if not dag["is_stale"] and _has_tag(dag, selection.tags)]
        for glob in selection.globs:
            matching = {dag["dag_id"]: dag for dag in current if fnmatchcase(dag["dag_id"], glob)}
            if not matching:
                lacking.append(_nothing(airflow, glob, selection.tags))
            found.update(matching)
    if not found and not lacking:
        lacking.append(_nothing(airflow, ", ".join(selection.ids), selection.tags))
    if lacking and not check_mode:
        raise NotFound(lacking[0], 404)
    return Selected([found[name] for name in sorted(found)], listing, lacking, missing)


def find(airflow: Airflow, selection: Selection, stale: bool) -> list[Object]:
    """Return the selected DAGs that there are; C(stale): also those that are stale."""
    if selection.tags == [] or not (selection.ids or selection.globs):
        return []
    if selection.globs or len(selection.ids) > FEW:
        containing = "" if selection.ids else _narrowing(selection)
        listed = airflow.ask(Dags).select(containing, selection.tags or ())
    else:
        listed = [dag for dag in map(airflow.ask(Dags).find, selection.ids) if dag]
    return [
        dag
        for dag in listed
        if (stale or not dag["is_stale"])
        and _has_tag(dag, selection.tags)
        and (dag["dag_id"] in selection.ids or any(fnmatchcase(dag["dag_id"], glob) for glob in selection.globs))
    ]


def find_current(airflow: Airflow, ids: t.Sequence[str]) -> Selected:
    """Return the DAGs with these ids that there are and that are not stale."""
    dags, listing = _exact(airflow, ids)
    return Selected([dag for dag in dags if not dag["is_stale"]], listing)


def _listed(airflow: Airflow, containing: str = "", tags: t.Sequence[str] = ()) -> Listing:
    return Listing(containing, tags, airflow.ask(Dags).select(containing, tags))


def _exact(airflow: Airflow, ids: t.Sequence[str]) -> tuple[list[Object], Listing | None]:
    listing = _listed(airflow) if len(ids) > FEW else None
    if listing is not None:
        found: dict[str, Object | None] = {dag["dag_id"]: dag for dag in listing.dags}
    else:
        found = {dag_id: airflow.ask(Dags).find(dag_id) for dag_id in ids}
    return [dag for dag in (found.get(dag_id) for dag_id in ids) if dag is not None], listing


def _no_dags(airflow: Airflow, missing: t.Sequence[str]) -> str:
    names = f"DAG {missing[0]} does not" if len(missing) == 1 else f"DAGs {', '.join(missing)} do not"
    return f"{names} exist at {airflow.url}, so nothing was changed; check dag_id, and that the file has been parsed."


def _has_tag(dag: Object, tags: t.Sequence[str] | None) -> bool:
    return tags is None or not set(tags).isdisjoint(dag["tags"])


def _narrowing(selection: Selection) -> str:
    """Return the longest text that all matches of the only pattern hold, so that the server need not list all DAGs."""
    if len(selection.globs) > 1:
        return ""
    return max(re.split(r"[*?]|\[.*\]", selection.globs[0]), key=len)


def _nothing(airflow: Airflow, what: str, tags: t.Sequence[str] | None) -> str:
    with_tags = f" with a tag of {one_line(', '.join(tags), 100)}" if tags else ""
    named = one_line(what, 100)
    return f"No DAG at {airflow.url} matches {named}{with_tags}, so nothing was changed; check dag_id and tags."
