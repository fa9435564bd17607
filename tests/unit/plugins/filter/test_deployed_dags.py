# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.plugins.filter.deployed_dags import FilterModule, deployed_dags

AFTER = "2026-11-22T10:15:00.500000+00:00"
OLD, NEW = "2026-11-22T10:15:00Z", "2026-11-22T10:15:20.000000Z"
ONE, TWO, THREE = "/srv/dags/one.py", "/srv/dags/two.py", "/srv/dags/three.py"


def dag(dag_id, fileloc, parsed=NEW, is_stale=False, has_import_errors=False):
    return {
        "dag_id": dag_id,
        "fileloc": fileloc,
        "last_parsed_time": parsed,
        "is_stale": is_stale,
        "has_import_errors": has_import_errors,
    }


DAGS = [
    dag("kept", ONE),
    dag("dropped", ONE, OLD),
    dag("stale", TWO, OLD, is_stale=True),
    dag("read and stale", TWO, NEW, is_stale=True),
    dag("dropped while it was broken", ONE, OLD, has_import_errors=True, is_stale=True),
    dag("read before it broke", THREE, has_import_errors=True),
    dag("broken", THREE, OLD, has_import_errors=True),
    dag("broken and stale", TWO, OLD, has_import_errors=True, is_stale=True),
    dag("late", TWO, OLD),
    dag("never read", TWO, None),
    dag("moved", "/srv/dags/other.py"),
]
EXPECTED = {
    "read": ["moved", "kept", "read before it broke"],
    "broken": ["broken", "broken and stale"],
    "gone": ["deleted", "dropped", "dropped while it was broken", "stale", "read and stale"],
    "pending": ["late", "never read"],
}


def test_dags_are_sorted_by_what_has_become_of_them():
    ids = [dag_id for outcome in EXPECTED.values() for dag_id in outcome]
    assert deployed_dags(DAGS, ids, AFTER) == EXPECTED


def test_only_those_that_are_asked_about_are_told():
    assert deployed_dags(DAGS, ["dropped"], AFTER) == {"read": [], "broken": [], "gone": ["dropped"], "pending": []}


def test_without_a_moment_whatever_was_read_will_do():
    found = deployed_dags(DAGS, ["late", "dropped", "never read"])
    # Its file holds another DAG that was read.
    assert found == {"read": ["late", "dropped"], "broken": [], "gone": ["never read"], "pending": []}


def test_a_moment_without_a_zone_is_one_sentence():
    with pytest.raises(AnsibleFilterError, match=r"^deployed_dags: parsed_after .* has no time zone"):
        deployed_dags(DAGS, ["kept"], "2026-11-22 10:15:00")


def test_what_is_no_list_of_dags_is_one_sentence():
    with pytest.raises(AnsibleFilterError, match=r"^deployed_dags takes the dags that "):
        deployed_dags({"dags": DAGS}, ["kept"], AFTER)


def test_the_filter_has_its_name():
    assert FilterModule().filters() == {"deployed_dags": deployed_dags}
