# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest
from ansible_collections.dagops.airflow.plugins.filter.as_list import FilterModule, as_list

DAY, MOMENT = date(2026, 11, 22), datetime(2026, 11, 22, 10, 15, tzinfo=timezone.utc)
MAPPING = {"dag_id": "etl", "conf": {"a": 1}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(["a", "b"], ["a", "b"], id="a list"),
        pytest.param(("a", "b"), ["a", "b"], id="a tuple, as filters of Jinja return it"),
        pytest.param("a", ["a"], id="a text"),
        pytest.param(" a,b ,\n c", ["a", "b", "c"], id="a text with commas"),
        pytest.param("a,, b,", ["a", "b"], id="commas without anything between them"),
        pytest.param(2024, ["2024"], id="a number"),
        pytest.param([2024, 2.5, " a\n"], ["2024", "2.5", "a"], id="numbers in a list"),
        pytest.param(True, ["True"], id="a word of YAML"),
        pytest.param(MAPPING, [MAPPING], id="a mapping"),
        pytest.param([MAPPING, ["a"]], [MAPPING, ["a"]], id="other items"),
        pytest.param(["a,b"], ["a,b"], id="a comma in an item"),
        pytest.param(["a", "", None, " "], ["a", "", "", ""], id="empty items"),
        pytest.param(DAY, ["2026-11-22"], id="a date"),
        pytest.param(
            ["a", DAY, {"dag_id": DAY, "conf": {"at": [MOMENT, {DAY: 1}]}}],
            [
                "a",
                "2026-11-22",
                {"dag_id": "2026-11-22", "conf": {"at": ["2026-11-22T10:15:00+00:00", {"2026-11-22": 1}]}},
            ],
            id="dates in a list",
        ),
        pytest.param([], [], id="an empty list"),
        pytest.param(None, [], id="null"),
        pytest.param("", [], id="an empty text"),
        pytest.param(" ", [], id="white space"),
        pytest.param(" , ", [], id="a comma"),
    ],
)
def test_items(value, expected):
    assert as_list(value) == expected


def test_the_filter_has_its_name():
    assert FilterModule().filters() == {"as_list": as_list}
