# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting DAGs by id, pattern and tag, and pausing or deleting them: what C(airflow_dag) is made of."""

from __future__ import annotations

import re
import typing as t
from fnmatch import fnmatchcase

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.runs import Runs
from .._base.errors import AirflowError, ApiError, BadInput, Denied, NotFound, TimedOut
from .._base.inputs import dag_id_of, is_glob
from .._base.state import changes
from .._base.text import first_few, one_line
from .foreseen import foreseen_dag
from .progress import Progress
from .report import last_answer, run_name, waited

FEW = 3  # exact ids that are read one by one; more of them are cheaper to find in the list of all DAGs
MANY = 10  # writes from which on one that hits all matches of a pattern, with a look at what it did, is cheaper
LONGEST_LOOK = 5.0  # seconds between two looks at most while runs end
SETTLING = 1.0  # seconds in which the scheduler commits a run that it decided on before its DAG was paused

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


def drain(airflow: Airflow, wanted: Changes, timeout: float, progress: Progress) -> None:
    """Pause DAGs when no run of them is active; TimedOut, with all DAGs as they were, when that does not come about.

    A paused DAG starts no further task, so a run that slipped in while its DAG was paused would never end: the DAG is
    unpaused again until that run has ended.
    """
    draining = [dag_id for dag_id, (_dag, changed) in wanted.items() if changed]
    paused: list[str] = []

    def look() -> dict[str, int]:
        # Those that an earlier look has paused as well: anybody may start a run by hand.
        busy = count_runs(airflow, [*draining, *paused])
        idle = [dag_id for dag_id in draining if not busy[dag_id]]
        for dag_id in idle:
            # Noted first: should the answer get lost, the DAG may be paused.
            paused.append(dag_id)
            try:
                airflow.ask(Dags).set_paused(dag_id, True)
            except ApiError:
                paused.remove(dag_id)
                raise
        if idle:
            airflow.clock.sleep(SETTLING)
            busy.update(count_runs(airflow, idle))
        for dag_id in [dag_id for dag_id in paused if busy[dag_id]]:
            airflow.ask(Dags).set_paused(dag_id, False)
            paused.remove(dag_id)
        draining[:] = [dag_id for dag_id in busy if dag_id not in paused]
        left = {dag_id: busy[dag_id] for dag_id in draining}
        if left:
            progress.tell(f"{_with_runs(left)} still active")
        return left

    try:
        busy, silence = airflow.patience.wait(look, lambda seen: not seen, timeout, LONGEST_LOOK)
        if busy:
            advice = f"{last_answer(silence)}." if silence else "give it more time, or end the runs."
            raise TimedOut(
                f"{_with_runs(busy)} still active {waited(timeout, 'wait_timeout')}, so nothing was paused; {advice}"
            )
    except AirflowError as error:
        _unpause_again(airflow, paused, error)
        raise


def _unpause_again(airflow: Airflow, paused: t.Sequence[str], error: AirflowError) -> None:
    """Put DAGs back as they were before a failure, or say which ones are not."""
    for number, dag_id in enumerate(paused):
        try:
            airflow.ask(Dags).set_paused(dag_id, False)
        except AirflowError:
            error.message += f" These DAGs are left paused: {', '.join(paused[number:])}."
            error.details["changed"] = True
            return


def check_drained(airflow: Airflow, wanted: Changes) -> None:
    """Refuse to drain a DAG that is paused already while runs of it are active: they would never end."""
    idle = [dag_id for dag_id, (_dag, changed) in wanted.items() if not changed]
    busy = airflow.ask(Runs).active(idle)
    if busy:
        named = first_few([run_name(run) for run in busy])
        raise BadInput(
            f"A paused DAG has active runs, which go on only when it is unpaused: {named}; unpause it until they "
            "have ended, or end them."
        )


def count_runs(airflow: Airflow, dag_ids: t.Sequence[str]) -> dict[str, int]:
    """Count the active runs of each of these DAGs."""
    counts = dict.fromkeys(dag_ids, 0)
    for run in airflow.ask(Runs).active(dag_ids):
        counts[run["dag_id"]] += 1
    return counts


def count_visible_runs(airflow: Airflow, dag_ids: t.Sequence[str]) -> dict[str, int]:
    """Count them, or none: who may pause a DAG may not be allowed to see its runs."""
    try:
        return count_runs(airflow, dag_ids)
    except Denied:
        return {}


def delete(airflow: Airflow, dags: t.Sequence[Object]) -> None:
    """Delete the records of DAGs. When one cannot be deleted, the failure tells which were before it."""
    for number, dag in enumerate(dags):
        try:
            airflow.ask(Dags).delete(dag["dag_id"])
        except AirflowError as error:
            error.details.update(changed=number > 0, dags=[view(deleted, {}) for deleted in dags[:number]])
            raise


def _with_runs(busy: t.Mapping[str, int]) -> str:
    return f"Runs of {first_few([f'{dag_id} ({count})' for dag_id, count in busy.items()])} are"


def view(dag: Object, changed: Object, active_runs: int | None = None) -> Object:
    """Return a DAG as it is after the change, with C(was_paused) and C(active_runs)."""
    return {**dag, **changed, "was_paused": dag["is_paused"], "active_runs": active_runs}


def _item(option: str, value: t.Any) -> str:
    text = "" if value is None else str(value).strip()
    if not text:
        raise BadInput(f"{option} holds an empty text; name what is meant, or give an empty list to select nothing.")
    return text


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
