# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.modules import airflow_connection_info
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

EXTRA = json.dumps({"a": 1, "password": "a-secret"})


@pytest.fixture
def info(server, generation):
    return Runner(server, generation, airflow_connection_info)


def body(generation, name, whole=True):
    fields = dict.fromkeys(("description", "host", "login", "schema", "port"))
    more = {"password": "a-secret"} if generation.name == "v2" else {}
    return {"connection_id": name, "conn_type": "http", **fields, **more, **({"extra": EXTRA} if whole else {})}


@pytest.mark.parametrize(("given", "found"), [({}, ["a", "ab", "b"]), ({"connection_id": ["a*", "x"]}, ["a", "ab"])])
def test_connections_are_listed_without_secrets(info, server, generation, given, found):
    """Airflow 2 does not list what is in extra, so those that are wanted are read by themselves."""
    listed = [body(generation, name, whole=generation.name == "v2") for name in ("b", "ab", "a")]
    server.get("connections", {"limit": 100, "offset": 0}).answers({"connections": listed, "total_entries": 3})
    for name in found if generation.name == "v1" else []:
        server.get(f"connections/{name}").answers(body(generation, name))
    result = info(**given)
    assert [connection["connection_id"] for connection in result["connections"]] == found
    first = result["connections"][0]
    assert set(first) == set(documented(airflow_connection_info)["connections"]["contains"])
    assert (first["extra"], first["host"], first["port"]) == ({"a": 1, "password": "***"}, "", None)
    assert "a-secret" not in str(result)


def test_an_empty_text_is_refused_before_a_request(info, server):
    error = info.failure(connection_id=["a", ""])
    assert isinstance(error, BadInput)
    assert error.message == (
        "connection_id holds an empty text; name what is meant, or give an empty list to select nothing."
    )
    assert server.requests == []


def test_an_empty_list_lists_nothing(info, server):
    assert info(connection_id=[])["connections"] == []
    assert server.requests == []
