# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Current and wanted state: what differs is the payload, the check-mode answer and the diff."""

from __future__ import annotations

import typing as t


def changes(current: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the wanted keys whose values differ from the current ones; a wanted None means: leave it as it is."""
    return {key: value for key, value in wanted.items() if value is not None and current.get(key) != value}


def gone(names: t.Iterable[str]) -> dict[str, t.Any]:
    """Return Ansible's diff of objects that are deleted."""
    return diff({name: ({"state": "present"}, {"state": "absent"}) for name in names})


def diff(objects: t.Mapping[str, tuple[t.Mapping[str, t.Any], t.Mapping[str, t.Any]]]) -> dict[str, t.Any]:
    """Return Ansible's diff of several objects, given as name -> (current, changed keys).

    A new object, of which nothing is current, stands behind only, and without what is empty in it.
    """
    before = {}
    after = {}
    for name, (current, changed) in objects.items():
        if changed and current:
            before[name] = {key: current.get(key) for key in changed}
        if changed:
            after[name] = {key: value for key, value in changed.items() if current or value not in (None, "")}
    return {"before": before, "after": after}


def joined(*diffs: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the diff of changes that were made one after the other; C({}) stands for none."""
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    for one in diffs:
        # What a change before has made was not there.
        before.update({name: value for name, value in one.get("before", {}).items() if name not in {*before, *after}})
        after.update(one.get("after", {}))
    return {"before": before, "after": after}
