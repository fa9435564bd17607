# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.state import changes, diff, joined


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ({"a": 1, "b": None}, {}),
        ({"a": 2}, {"a": 2}),
        ({"a": 1, "c": 3}, {"c": 3}),
        ({"b": False}, {"b": False}),
        ({"d": None}, {}),
        ({}, {}),
    ],
)
def test_changes(wanted, changed):
    assert changes({"a": 1, "b": True}, wanted) == changed


def test_diff_leaves_out_what_stays():
    objects = {"x": ({"a": 1, "b": 2}, {"a": 3, "c": 4}), "y": ({"a": 1}, {})}
    assert diff(objects) == {"before": {"x": {"a": 1, "c": None}}, "after": {"x": {"a": 3, "c": 4}}}


def test_diff_of_what_is_new_has_nothing_in_front_and_nothing_empty():
    objects = {"x": ({}, {"a": 1, "b": None, "c": "", "d": False, "e": 0}), "y": ({}, {})}
    assert diff(objects) == {"before": {}, "after": {"x": {"a": 1, "d": False, "e": 0}}}


def test_the_diff_of_changes_one_after_the_other():
    made = diff({"run": ({}, {"state": "queued"})})
    unpaused = diff({"dag": ({"is_paused": True}, {"is_paused": False})})
    ended = diff({"run": ({"state": "running"}, {"state": "failed"})})
    assert joined(made, unpaused, ended) == {
        "before": {"dag": {"is_paused": True}},
        "after": {"run": {"state": "failed"}, "dag": {"is_paused": False}},
    }
    again = diff({"run": ({"state": "failed"}, {"state": "queued"})})
    assert joined(ended, again) == {"before": {"run": {"state": "running"}}, "after": {"run": {"state": "queued"}}}
    assert joined(ended, {}) == joined({}, ended) == joined(ended, ended) == ended
