# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import BOOLEANS
from ansible_collections.dagops.airflow.plugins.filter.yes_or_no import FilterModule, yes_or_no

NEITHER = ["maybe", "tru", "2", 2, "10", ["true"], {"a": True}]
EMPTY = [None, "", " \n"]


@pytest.mark.parametrize("value", [True, 1, 1.0, "true", "True", " YES\n", "on", "y", "t", "1", "1.0"])
def test_yes(value):
    assert yes_or_no(value) is True
    assert yes_or_no(value, empty=False) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "false", "False", " NO\n", "off", "n", "f", "0", "0.0"])
def test_no(value):
    assert yes_or_no(value) is False
    assert yes_or_no(value, empty=True) is False


@pytest.mark.parametrize("value", sorted(BOOLEANS, key=str))
def test_it_takes_all_that_modules_take(value):
    assert isinstance(yes_or_no(value), bool)


@pytest.mark.parametrize("value", EMPTY)
@pytest.mark.parametrize("empty", [True, False])
def test_what_nothing_means(value, empty):
    assert yes_or_no(value, empty=empty) is empty


@pytest.mark.parametrize(
    ("value", "told"), [("Maybe", "maybe"), (2, "2"), *((value, "nothing") for value in EMPTY)], ids=repr
)
def test_what_is_neither_is_refused_in_one_sentence(value, told):
    with pytest.raises(AnsibleFilterError) as caught:
        yes_or_no(value)
    assert str(caught.value) == f"yes_or_no takes true or false, and was given {told}; correct it."


@pytest.mark.parametrize("value", [*NEITHER, *EMPTY], ids=repr)
def test_what_is_neither_can_be_left_to_a_task(value):
    assert yes_or_no(value, strict=False) is value


@pytest.mark.parametrize("value", NEITHER, ids=repr)
def test_what_nothing_means_says_nothing_of_a_typing_error(value):
    with pytest.raises(AnsibleFilterError):
        yes_or_no(value, empty=False)


def test_the_filter_has_its_name():
    assert FilterModule().filters() == {"yes_or_no": yes_or_no}
