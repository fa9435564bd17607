# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.masks import CHANGED, MASK
from ansible_collections.dagops.airflow.plugins.module_utils._work.digests import WRITTEN, marked, told

OTHER, SAME = types.SimpleNamespace(differs=True), types.SimpleNamespace(differs=False)


@pytest.mark.parametrize(
    ("digest", "unverified", "shows"),
    [
        (None, True, WRITTEN),
        (None, False, CHANGED),
        (OTHER, True, CHANGED),
        (OTHER, False, CHANGED),
        (SAME, True, WRITTEN),
        (SAME, False, WRITTEN),
    ],
)
def test_a_secret_changes_only_where_that_is_known(digest, unverified, shows):
    assert told(digest, unverified) == shows


@pytest.mark.parametrize(
    ("there", "wanted", "shows"),
    [
        (MASK, "new", WRITTEN),
        ("old", "new", CHANGED),
        ("new", "new", MASK),
        # It stays as it is.
        (MASK, MASK, MASK),
        # Airflow has masked a part of it, and may have another text there.
        ("a***b", "a***b", WRITTEN),
    ],
)
def test_a_secret_of_a_nested_value_that_nobody_can_compare(there, wanted, shows):
    safe = {"a": 1, "keys": [{"password": MASK}]}
    real = ({"a": 1, "keys": [{"password": text}]} for text in (there, wanted))
    assert marked((safe, safe), tuple(real), None, True) == ({"a": 1, "keys": [{"password": shows}]}, shows != MASK)


@pytest.mark.parametrize(
    ("before", "shows"),
    [({}, MASK), ({"keys": {"other": "x"}}, MASK), ({"keys": MASK}, WRITTEN), (MASK, WRITTEN)],
)
def test_a_secret_that_is_new_is_not_marked_and_one_in_a_masked_mapping_is(before, shows):
    after, wanted = ({"keys": {"password": text}} for text in (MASK, "new"))
    assert marked((before, after), (before, wanted), None, True) == ({"keys": {"password": shows}}, shows != MASK)
