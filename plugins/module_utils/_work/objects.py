# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for pools, variables and connections have in common."""

from __future__ import annotations

import fnmatch
import typing as t

from .._airflow.airflow import Object
from .._base.errors import Conflict
from .._base.state import changes


class Plan(t.NamedTuple):
    """What has to be written.

    :param current: the object as it is; None: there is none.
    :param changed: the fields to write, all of them for a new object.
    """

    current: Object | None
    changed: Object

    @property
    def after(self) -> Object:
        return {**(self.current or {}), **self.changed}


def difference(wish: t.Any, plan: Plan) -> tuple[Object, Object]:
    """Return the object as it is, and what changes of it, as a diff shows them."""
    return plan.current or {}, plan.changed


class Kind(t.Protocol):
    """A family whose objects have a name and fields that can be read."""

    def find(self, name: str) -> Object | None:
        """Return an object, or None when there is none."""

    def select(self) -> list[Object]:
        """Return all objects."""

    def create(self, wanted: Object) -> None:
        """Make an object; Conflict when there is one."""

    def update(self, current: Object, changed: Object) -> None:
        """Give an object other values of these fields."""


def make(kind: Kind, name: str, wanted: Object) -> Object | None:
    """Make an object; return the one that is there in its place, None when there was none."""
    try:
        kind.create(wanted)
        return None
    except Conflict:
        # Somebody else has just made it, or a first answer got lost. What is there is not overwritten unseen.
        current = kind.find(name)
        if current is None:
            raise
        return current


def write(kind: Kind, name: str, current: Object | None, changed: Object, given: Object) -> None:
    """Make an object, or change what differs.

    :param changed: the fields that are to change, all of them for a new object.
    :param given: the fields that the options name; None: they are left as they are.
    """
    if current is None:
        current = make(kind, name, changed)
        if current is None:
            return
        changed = changes(current, given)
    if changed:
        kind.update(current, changed)


def listed(kind: Kind, key: str, patterns: t.Sequence[str] | None) -> list[Object]:
    """Return the objects whose name is one of the names, or fits one of the shell patterns, sorted.

    :param patterns: None: all objects; an empty list: none, and nothing is asked.
    """
    found = [
        item
        for item in ([] if patterns == [] else kind.select())
        if patterns is None or any(item[key] == text or fnmatch.fnmatchcase(item[key], text) for text in patterns)
    ]
    return sorted(found, key=lambda item: str(item[key]))
