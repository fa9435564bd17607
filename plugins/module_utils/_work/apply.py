# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing an Airflow to the configuration that is wanted: one list for each kind, and writes for what differs."""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from fnmatch import fnmatchcase

from .._airflow.airflow import Airflow, Object
from .._base.errors import AirflowError, ApiError, BadInput, ObjectsFailed, Unsupported, WrongLogin, about
from .._base.state import diff
from .._base.text import first_few, one_line
from .digests import Known, is_digest_key
from .foreseen import foreseen
from .objects import Kind
from .tree import KINDS, WRONG, Item, Tree, check_needed, check_purge
from .variables import KIND as VARIABLES

OUTCOMES = ("created", "updated", "removed", "unchanged")
GONE = ({"state": "present"}, {"state": "absent"})
# What is said of one object, and does not keep the others from being written.
REFUSED = (ApiError, BadInput, Unsupported)
ALL = "*"  # the name of a failed object where it is the list of all that cannot be read
# An empty list may be meant to remove all objects, or come of a variable that has another name.
NOTHING_GIVEN = (
    "No object was given, so nothing was compared; give connections, variables, pools, roles, users or dags, or purge, "
    "which removes objects that are not listed."
)

Found = t.Dict[str, Object]


class Step(t.NamedTuple):
    """What becomes of one object.

    :param outcome: one of C(OUTCOMES).
    :param unverified: fields that could not be compared.
    """

    kind: Kind
    name: str
    outcome: str
    write: t.Callable[[], None]
    difference: tuple[Object, Object] = ({}, {})
    unverified: t.Sequence[str] = ()


class Told:
    """What the result says of all objects."""

    def __init__(self, tree: Tree) -> None:
        self.objects: dict[str, dict[str, list[str]]] = {
            name: {outcome: [] for outcome in OUTCOMES} for name in tree.items
        }
        self.failed: list[Object] = []
        self._unverified: list[Object] = []
        self._in_part = False  # whether something was written of an object that failed
        self._diff: dict[str, dict[str, t.Any]] = {"before": {}, "after": {}}

    def fail(self, kind: Kind, name: str, error: AirflowError) -> None:
        """An object is not as it was wanted."""
        self.note(error)
        self.failed.append({"kind": kind.name, "name": name, "msg": error.message})

    def note(self, error: AirflowError) -> None:
        """Keep in mind that something was written before this."""
        self._in_part = self._in_part or bool(error.details.get("changed"))

    def done(self, step: Step) -> None:
        """An object is as it was wanted."""
        self.objects[step.kind.name][step.outcome].append(step.name)
        self._unverified += [{"kind": step.kind.name, "name": step.name, "field": field} for field in step.unverified]
        for side, objects in diff({step.name: step.difference}).items():
            if objects:
                self._diff[side].setdefault(step.kind.name, {}).update(objects)

    def result(self) -> Object:
        """Return all of it."""
        counted = {
            name: {outcome: sorted(names) for outcome, names in outcomes.items()}
            for name, outcomes in self.objects.items()
        }
        return {
            "changed": self._in_part or any(outcomes[name] for outcomes in counted.values() for name in OUTCOMES[:3]),
            "objects": counted,
            "failed_objects": self.failed,
            "unverified": self._unverified,
            "diff": self._diff,
        }

    def failure(self, held_back: bool, check_mode: bool) -> ObjectsFailed:
        """Return the error that says how many objects of which kind failed, and each different reason once.

        :param held_back: whether something was to be purged, and was not for that reason.
        """
        done = ["the others would be written" if check_mode else "the others were written"] if self.written else []
        kept = ["nothing would be purged" if check_mode else "nothing was purged"] if held_back else []
        others = ", and ".join([*done, *kept])
        others = f" {others[0].upper()}{others[1:]}." if others else ""
        return ObjectsFailed(
            f"{self._count()} could not be written: {self._reasons()}{others} See failed_objects for each of them.",
            **self.result(),
        )

    @property
    def written(self) -> int:
        """How many objects were written, in check mode how many would be."""
        return sum(len(outcomes[name]) for outcomes in self.objects.values() for name in OUTCOMES[:3])

    def _count(self) -> str:
        """Count the objects that failed by their kinds: C(2 variables and 1 role)."""
        counts = Counter(failed["kind"] for failed in self.failed)
        unread = {failed["kind"] for failed in self.failed if failed["name"] == ALL}
        parts = [f"the {kind}" if kind in unread else _counted(count, kind) for kind, count in counts.items()]
        listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
        return f"{listed[0].upper()}{listed[1:]}"

    def _reasons(self) -> str:
        """Return the different reasons: two that differ in the name of their object only are one."""
        alike: dict[str, list[str]] = {}
        for failed in self.failed:
            pattern = rf"(?<![\w.-]){re.escape(failed['name'])}(?![\w-])"
            alike.setdefault(re.sub(pattern, ALL, failed["msg"]), []).append(failed["msg"])
        reasons = [
            one_line(first).rstrip(".") + (f" (and {len(more)} more for the same reason)" if more else "")
            for first, *more in alike.values()
        ]
        return first_few(reasons, ". ") + "."


def _counted(count: int, kind: str) -> str:
    """Write a number of objects as people say it: 1 role, 2 DAGs."""
    kind = "DAGs" if kind == "dags" else kind
    return f"{count} {kind[:-1] if count == 1 else kind}"


def applied(airflow: Airflow, tree: Tree, check_mode: bool, warn: t.Callable[[str], None]) -> Object:
    """Write what differs, and tell what has become of each object.

    Whatever can be known beforehand is refused before the first write (BadInput, Unsupported). What Airflow refuses
    holds back that object only, and what is to be purged. ObjectsFailed names these in the end.
    """
    if not any(tree.items.values()) and not tree.purges:
        warn(NOTHING_GIVEN)
    told = Told(tree)
    found = _read(airflow, tree, told)
    steps = _steps(airflow, tree, found, told, check_mode, warn)
    purges = _purges(airflow, tree, found, warn)
    _write(steps, told, check_mode)
    held_back = bool(purges and told.failed)
    if not held_back:
        _write(purges, told, check_mode)
    if told.failed:
        raise told.failure(held_back, check_mode)
    return told.result()


def _read(airflow: Airflow, tree: Tree, told: Told) -> dict[str, Found]:
    """Read a list for each kind; one that cannot be read is a failure of all that is wanted of it."""
    found = {}
    for name, items in tree.items.items():
        kind = KINDS[name]
        if not items and name not in tree.purges:
            continue
        try:
            found[name] = {kind.same_name(current[kind.key]): current for current in kind.select(airflow)}
        except WrongLogin:
            raise
        except REFUSED as error:
            for failed in [item.wish.name for item in items.values()] or [ALL]:
                told.fail(kind, failed, error)
    return found


def _steps(
    airflow: Airflow,
    tree: Tree,
    found: t.Mapping[str, Found],
    told: Told,
    check_mode: bool,
    warn: t.Callable[[str], None],
) -> list[Step]:
    """Find out what has to be written; reads at most."""
    known = _digests(airflow, tree, found)
    steps = []
    for name, there in found.items():
        for key, item in tree.items[name].items():
            try:
                with about(item.label, WRONG):
                    steps.append(_step(airflow, KINDS[name], item, there.get(key), known, check_mode, warn))
            except ApiError as error:
                told.fail(KINDS[name], item.wish.name, error)
    return steps


def _step(
    airflow: Airflow,
    kind: Kind,
    item: Item,
    current: Object | None,
    known: Known | None,
    check_mode: bool,
    warn: t.Callable[[str], None],
) -> Step:
    wish = item.wish
    if item.absent:
        if current is None:
            return Step(kind, wish.name, "unchanged", _nothing)
        return _removal(airflow, kind, current[kind.key], warn)
    plan = kind.plan_of(airflow, wish, kind.whole(airflow, current) if current else None, known)
    outcome = "unchanged" if not plan.changed else "updated" if plan.current else "created"
    refused, warning = getattr(plan, "refused", ""), getattr(plan, "warning", "")
    if refused and not (check_mode and kind.foreseeable):
        raise BadInput(refused)
    for sentence in filter(None, (warning, foreseen(refused) if refused else "")):
        warn(sentence)
    return Step(
        kind,
        wish.name,
        outcome,
        lambda: kind.carry_out(airflow, wish, plan),
        kind.difference(wish, plan),
        getattr(plan, "unverified", ()),
    )


def _digests(airflow: Airflow, tree: Tree, found: t.Mapping[str, Found]) -> Known | None:
    """Read all digests at once, where some are needed; None where each has to be asked for."""
    wishes = [item.wish for items in tree.items.values() for item in items.values() if not item.absent]
    if not any(getattr(wish, "update_secrets", "") == "on_change" for wish in wishes):
        return None
    try:
        there = found["variables"].values() if "variables" in found else VARIABLES.select(airflow)
    except ApiError:
        # Each object that needs one says what is lacking.
        return None
    return {variable["key"]: variable for variable in there if is_digest_key(variable["key"])}


def _purges(airflow: Airflow, tree: Tree, found: t.Mapping[str, Found], warn: t.Callable[[str], None]) -> list[Step]:
    """Return the removals of what is not wanted; BadInput for more of them than was said."""
    steps: list[Step] = []
    for name, there in reversed(list(found.items())):
        if name not in tree.purges:
            continue
        kind, purge = KINDS[name], tree.purges[name]
        names = sorted(
            current[kind.key]
            for key, current in there.items()
            if key not in tree.items[name]
            and any(fnmatchcase(current[kind.key], pattern) for pattern in purge.matching)
            and not any(fnmatchcase(current[kind.key], pattern) for pattern in purge.excepted)
            and not kind.why_kept(current[kind.key], tree.login)
        )
        check_purge(kind, names, purge.at_most)
        option = f"purge.{name}"
        check_needed(kind, tree.items, dict.fromkeys(names, option), f"add it to {name}, or to {option}.except")
        steps += [_removal(airflow, kind, doomed, warn) for doomed in names]
    return steps


def _removal(airflow: Airflow, kind: Kind, name: str, warn: t.Callable[[str], None]) -> Step:
    remove, loss = kind.remove, kind.loss(airflow, name)
    if loss:
        warn(loss)
    return Step(kind, name, "removed", (lambda: remove(airflow, name)) if remove else _nothing, GONE)


def _nothing() -> None:
    """What is written for an object that is as wanted."""


def _write(steps: t.Sequence[Step], told: Told, check_mode: bool) -> None:
    for step in steps:
        try:
            if step.outcome != "unchanged" and not check_mode:
                step.write()
        except REFUSED as error:
            told.fail(step.kind, step.name, error)
        except AirflowError as error:
            # Nothing answers any more, so the rest is not tried.
            done = f"{told.written} objects were" if told.written > 1 else f"{told.written or 'No'} object was"
            error.message = (
                f"{step.kind.name} {step.name}: {error.message} {done} written before this failure, and the rest was "
                "not tried. Run the same task again; it continues from there."
            )
            told.note(error)
            error.details.update(told.result())
            raise
        else:
            told.done(step)
