# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.modules import airflow_pool_info
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

COUNTERS = ("open_slots", "occupied_slots", "running_slots", "queued_slots", "scheduled_slots", "deferred_slots")


def body(name: str = "etl", **keys: t.Any) -> dict[str, t.Any]:
    fields = {"name": name, "slots": 8, "description": None, "include_deferred": False}
    return {**fields, **dict.fromkeys(COUNTERS, 0), "open_slots": 8, **keys}


@pytest.fixture
def info(server, generation):
    return Runner(server, generation, airflow_pool_info)


@pytest.mark.parametrize(
    ("given", "found"),
    [({}, ["a", "ab", "b"]), ({"name": ["a*"]}, ["a", "ab"]), ({"name": ["b", "x", "[a]"]}, ["a", "b"])],
)
def test_pools_are_listed(info, server, given, found):
    pools = [body(name) for name in ("b", "ab", "a")]
    server.get("pools", {"limit": 100, "offset": 0}).answers({"pools": pools, "total_entries": 3})
    result = info(**given)
    assert [pool["name"] for pool in result["pools"]] == found
    assert set(result["pools"][0]) == set(documented(airflow_pool_info)["pools"]["contains"])


def test_an_empty_text_is_refused_before_a_request(info, server):
    error = info.failure(name=["a", ""])
    assert isinstance(error, BadInput)
    assert error.message == "name holds an empty text; name what is meant, or give an empty list to select nothing."
    assert server.requests == []


def test_an_empty_list_lists_nothing(info, server):
    assert info(name=[])["pools"] == []
    assert server.requests == []


def test_counters_that_a_version_does_not_have(server):
    info = Runner(server, GENERATIONS["v1"], airflow_pool_info)
    pool = body()
    for key in ("scheduled_slots", "deferred_slots", "include_deferred"):
        del pool[key]
    server.get("pools", {"limit": 100, "offset": 0}).answers({"pools": [pool], "total_entries": 1})
    found = info()["pools"][0]
    assert (found["scheduled_slots"], found["deferred_slots"], found["include_deferred"]) == (None, None, False)
