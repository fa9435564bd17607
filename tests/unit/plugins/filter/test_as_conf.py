# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import date, datetime, timezone

import pytest
from ansible_collections.dagops.airflow.plugins.filter.as_conf import FilterModule, Text, as_conf


def test_a_mapping_becomes_json():
    moment = datetime(2026, 11, 22, 10, 15, tzinfo=timezone.utc)
    conf = {"day": date(2026, 11, 22), "at": [moment], 7: None, "text": "Grüße", "deep": {"n": 1.5, "yes": True}}
    found = as_conf(conf)
    assert isinstance(found, Text)
    assert json.loads(found) == {
        "day": "2026-11-22",
        "at": ["2026-11-22T10:15:00+00:00"],
        "7": None,
        "text": "Grüße",
        "deep": {"n": 1.5, "yes": True},
    }


@pytest.mark.parametrize("text", ["", '{"a": "http:\\/\\/b"}', "{'a': 'it''s'}", "a: 1\nb: 2\n"])
def test_a_text_stays_as_it_is(text):
    assert as_conf(text) == text
    assert isinstance(as_conf(text), Text)


def test_a_value_of_a_vault_is_a_text():
    class Encrypted:
        __ENCRYPTED__ = True

        def __str__(self):
            return '{"a": 1}'

    assert as_conf(Encrypted()) == '{"a": 1}'


@pytest.mark.parametrize("value", [None, 5, True, ["a"]])
def test_what_is_no_conf_is_left_to_the_module(value):
    assert as_conf(value) is value


def test_the_filter_has_its_name():
    assert FilterModule().filters() == {"as_conf": as_conf}
