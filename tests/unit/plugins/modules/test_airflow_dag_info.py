# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_info
from ansible_collections.dagops.airflow.tests.unit.frame import Runner


@pytest.fixture
def info(server, generation):
    return Runner(server, generation, airflow_dag_info)


def listed(server, generation, *dags, **query):
    params = {**generation.stale_filter, **query, "limit": 100, "offset": 0}
    return server.get("dags", params).answers(generation.dags(*dags))


def ids(result):
    assert result["changed"] is False
    return [dag["dag_id"] for dag in result["dags"]]


def three(generation):
    return [
        generation.dag("etl_a", last_parsed_time="2026-11-22T10:00:02Z"),
        generation.dag("etl_b", is_paused=True, last_parsed_time="2026-11-22T10:00:03Z"),
        generation.dag("old", is_stale=True, last_parsed_time=None),
    ]


def test_all_dags_that_are_not_stale(info, server, generation):
    listed(server, generation, *three(generation))
    assert ids(info()) == ["etl_a", "etl_b"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"stale": True}, ["etl_a", "etl_b", "old"]),
        ({"paused": True}, ["etl_b"]),
        ({"paused": False}, ["etl_a"]),
        ({"order_by": "-dag_id"}, ["etl_b", "etl_a"]),
        ({"order_by": "-last_parsed_time", "stale": True}, ["etl_b", "etl_a", "old"]),
        ({"order_by": "last_parsed_time", "stale": True, "limit": 2}, ["old", "etl_a"]),
        ({"dag_id": ["etl_[ab]", "old"], "stale": True}, ["etl_a", "etl_b", "old"]),
    ],
)
def test_filters_order_and_limit(info, server, generation, options, found):
    listed(server, generation, *three(generation))
    assert ids(info(**options)) == found


def test_a_pattern_narrows_the_list(info, server, generation):
    listed(server, generation, generation.dag("etl_a"), generation.dag("x_etl_b"), dag_id_pattern="etl_")
    assert ids(info(dag_id=["etl_*"])) == ["etl_a"]


def test_tags_are_asked_for(info, server, generation):
    listed(server, generation, generation.dag("a", tags=["t"]), tags="t")
    assert ids(info(tags=["t"])) == ["a"]


def test_few_ids_are_read_one_by_one(info, server, generation):
    server.get("dags/a").answers(generation.no_dag("a"), 404)
    server.get("dags/b").answers(generation.dag("b"))
    server.get("dags/c").answers(generation.dag("c", is_stale=True))
    assert ids(info(dag_id=["a", "b", "c"])) == ["b"]


def test_more_ids_are_read_from_the_list(info, server, generation):
    listed(server, generation, generation.dag("a"), generation.dag("ab"))
    assert ids(info(dag_id=["a", "b", "c", "d"])) == ["a"]


@pytest.mark.parametrize("options", [{"dag_id": []}, {"tags": []}, {"dag_id": ["a"], "tags": []}])
def test_an_empty_list_lists_nothing(info, server, options):
    assert ids(info(**options)) == []
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "said"),
    [({"limit": 0}, "limit is 0"), ({"dag_id": [" "]}, "dag_id"), ({"dag_id": ["a b"]}, "dag_id")],
)
def test_what_is_wrong_is_refused_before_a_request(info, server, options, said):
    error = info.failure(**options)
    assert isinstance(error, BadInput)
    assert said in error.message
    assert server.requests == []
