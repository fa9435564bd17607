# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for pools, variables and connections have in common."""

from __future__ import annotations

import fnmatch
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.named import Named
from .._base.errors import AirflowError, BadInput, Conflict
from .._base.inputs import word_of
from .._base.items import Spec
from .._base.state import changes


class Kind(t.NamedTuple):
    """A kind of objects, by what is done with each of them: the same steps, whether it is one or many.

    :param name: what its objects are called in results.
    :param key: the option that names an object.
    :param spec: all options of an object; C(clearable): those of which an empty text clears a field.
    :param wish_of: from the options to what is wanted; BadInput for what cannot be.
    :param select: all objects that there are; C(whole): one of these with all that can be read of it.
    :param plan_of: from what is wanted, what is there, and digests that were read, to what has to be written.
    :param difference: what a diff may show of that.
    :param remove: deletes one; None: that is not done.
    :param why_kept: what makes an object, by its name and that of the login, one that is never removed; or nothing.
    :param loss: what somebody should know before an object is removed, by its name; or nothing; reads at most.
    :param needs: the objects that one needs, by what is wanted of it: the names of kinds with names of objects.
    :param foreseeable: check mode takes an object that is refused for one that a task before would have made.
    :param same_name: two names are one when this makes the same of them.
    """

    name: str
    key: str
    spec: Spec
    wish_of: t.Callable[[t.Mapping[str, t.Any]], t.Any]
    select: t.Callable[[Airflow], list[Object]]
    plan_of: t.Callable[[Airflow, t.Any, Object | None, t.Any], t.Any]
    carry_out: t.Callable[[Airflow, t.Any, t.Any], None]
    difference: t.Callable[[t.Any, t.Any], tuple[Object, Object]]
    remove: t.Callable[[Airflow, str], None] | None = None
    clearable: t.Sequence[str] = ()
    whole: t.Callable[[Airflow, Object], Object] = lambda airflow, current: current
    why_kept: t.Callable[[str, str], str] = lambda name, login: ""
    loss: t.Callable[[t.Any, str], str] = lambda airflow, name: ""
    needs: t.Callable[[t.Any], t.Mapping[str, t.Collection[str]]] = lambda wish: {}
    foreseeable: bool = False
    same_name: t.Callable[[str], str] = str


class Plan(t.NamedTuple):
    """What has to be written.

    :param current: the object as it is; None: there is none.
    :param changed: the fields to write, all of them for a new object.
    :param warning: what somebody should know before; empty: nothing.
    :param refused: why it cannot be written unless a task before makes what is missing; empty: nothing is.
    """

    current: Object | None
    changed: Object
    warning: str = ""
    refused: str = ""

    @property
    def after(self) -> Object:
        return {**(self.current or {}), **self.changed}


def check_removable(kind: Kind, name: str, login: str, way_out: str, label: str = "") -> None:
    """Refuse to remove what is never removed.

    :param login: the name of the user that is logged in; empty: nobody knows.
    :param way_out: what to do in place of that.
    :param label: what messages call the object; its name where there is none.
    """
    reason = kind.why_kept(name, login)
    if reason:
        raise BadInput(f"{label or name} is {reason}, which is never removed; {way_out}.")


def difference(wish: t.Any, plan: t.Any) -> tuple[Object, Object]:
    """Return the object as it is, and what changes of it, as a diff shows them."""
    return plan.current or {}, plan.changed


def make(objects: Named, name: str, wanted: Object) -> Object | None:
    """Make an object; return the one that is there in its place, None when there was none."""
    return found_instead(lambda: objects.create(wanted), lambda: objects.find(name), Conflict)


def found_instead(
    create: t.Callable[[], None], find: t.Callable[[], Object | None], *errors: type[AirflowError]
) -> Object | None:
    """Make an object; return the one that is there in its place, None when there was none.

    :param errors: what Airflow answers where somebody else has just made it, or where a first answer got lost. What is
        there is not overwritten unseen. If nothing is there, the error stands.
    """
    try:
        create()
        return None
    except errors:
        current = find()
        if current is None:
            raise
        return current


def write(objects: Named, name: str, current: Object | None, changed: Object, given: Object) -> None:
    """Make an object, or change what differs.

    :param changed: the fields that are to change, all of them for a new object.
    :param given: the fields that the options name; None: they are left as they are.
    """
    if current is None:
        current = make(objects, name, changed)
        if current is None:
            return
        changed = changes(current, given)
    if changed:
        objects.update(current, changed)


def listed(objects: Named, key: str, patterns: t.Sequence[str] | None) -> list[Object]:
    """Return the objects whose name is one of the names, or fits one of the shell patterns, sorted.

    :param patterns: None: all objects; an empty list: none, and nothing is asked.
    """
    for text in patterns or ():
        word_of(key, text)
    found = [
        item
        for item in ([] if patterns == [] else objects.select())
        if patterns is None or any(item[key] == text or fnmatch.fnmatchcase(item[key], text) for text in patterns)
    ]
    return sorted(found, key=lambda item: str(item[key]))
