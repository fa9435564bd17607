# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._work.digests import digest_key
from ansible_collections.dagops.airflow.plugins.modules import airflow_variable_info
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented


@pytest.fixture
def info(server, generation):
    return Runner(server, generation, airflow_variable_info)


def listed(server, **values):
    variables = [{"key": key, "value": value, "description": None} for key, value in values.items()]
    server.get("variables", {"limit": 100, "offset": 0}).answers(
        {"variables": variables, "total_entries": len(variables)}
    )


@pytest.mark.parametrize(("given", "found"), [({}, ["a", "ab", "b"]), ({"key": ["a*", "x"]}, ["a", "ab"])])
def test_variables_are_listed_without_digests(info, server, given, found):
    listed(server, b="1", ab="2", a="3", **{digest_key("variable", "a"): "4"})
    result = info(**given)
    assert [variable["key"] for variable in result["variables"]] == found
    assert set(result["variables"][0]) == set(documented(airflow_variable_info)["variables"]["contains"])


def test_an_empty_text_is_refused_before_a_request(info, server):
    error = info.failure(key=["a", ""])
    assert isinstance(error, BadInput)
    assert error.message == "key holds an empty text; name what is meant, or give an empty list to select nothing."
    assert server.requests == []


def test_an_empty_list_lists_nothing(info, server):
    assert info(key=[])["variables"] == []
    assert server.requests == []


def test_no_secret_is_shown(info, server):
    inner = {"user": "etl", "password": "a-secret", "list": [{"token": ["a-secret"]}], "port": 1}
    listed(server, api_key="a-secret", db=json.dumps(inner), my_secrets='{"a": "a-secret"}', broken=None)
    result = info()
    assert "a-secret" not in str(result)
    shown = {variable["key"]: variable["value"] for variable in result["variables"]}
    assert json.loads(shown["db"]) == {"user": "etl", "password": "***", "list": [{"token": ["***"]}], "port": 1}
    assert (shown["api_key"], shown["my_secrets"], shown["broken"]) == ("***", "***", None)
