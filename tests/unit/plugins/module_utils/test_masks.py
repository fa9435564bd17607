# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values with secrets, compared with what Airflow shows of them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.conf import merged
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._base.masks import (
    MASK,
    check_no_mask,
    comparison,
    is_kept,
    is_sensitive,
    leaves,
    mapped,
    masked,
    same,
    text_of_value,
    value_of_text,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.connections import as_it_is

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

NAMES = st.sampled_from(["a", "b", "password", "My-Api-Key", "ä"])
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
MAPPING = st.dictionaries(NAMES, NESTED, max_size=3)
some = hypothesis.settings(max_examples=200, deadline=None)


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "my-api-key", "x.token", "Webhook URL", "keyfile_dict"])
def test_names_of_secrets(name):
    assert is_sensitive(name)


@pytest.mark.parametrize("name", ["region", "key", "pass", 0, ""])
def test_names_of_no_secrets(name):
    assert not is_sensitive(name)


@some
@hypothesis.given(NESTED)
def test_what_airflow_writes_anew_is_the_same(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)):
        assert comparison(value_of_text(text_of_value("value", value)), value_of_text(text)) == (False, []) or (
            isinstance(value, str) or MASK in str(value)
        )


@some
@hypothesis.given(MAPPING)
def test_what_is_masked_is_unknown_and_nothing_else_is(value):
    shown = masked(value)
    differs, unknown = comparison(value, shown)
    assert differs is False
    assert unknown == [path for path, leaf in leaves(shown) if isinstance(leaf, str) and MASK in leaf]


@some
@hypothesis.given(MAPPING, MAPPING)
def test_another_value_is_known_to_differ_or_is_unknown(one, other):
    differs, unknown = comparison(one, masked(other))
    if not differs and not unknown:
        assert same(one, other)


@some
@hypothesis.given(MAPPING, MAPPING)
def test_what_is_never_written_again_is_as_it_was(secrets, current):
    kept = as_it_is(secrets, current)
    assert comparison(merged(current, kept), current)[0] is False


@some
@hypothesis.given(NESTED)
def test_leaves_are_found_where_they_are_changed(value):
    paths = []
    assert mapped(lambda path, leaf: paths.append(path) or leaf, value) == value
    assert paths == [path for path, _leaf in leaves(value)]


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, 1.0), ("1", 1), ([], {}), (None, False)])
def test_types_count(one, other):
    assert not same(one, other)
    assert same(one, one)


def test_only_names_that_every_version_knows_keep_a_mask():
    assert is_kept(("a", 0, "password", "b"))
    assert not is_kept(("dsn",))
    assert not is_kept(())


def test_a_template_may_be_wanted_and_a_mask_never():
    check_no_mask("value", "{{ ds }}", template=False)
    check_no_mask("value", {"a": ["**", "* * *", "a***", "*** news ***"]})
    for mask in (MASK, "****", "********", " ******** "):
        with pytest.raises(BadInput, match=r"value\.a\.1 consists of asterisks only") as caught:
            check_no_mask("value", {"a": [1, mask]})
        # Ansible would mask it.
        assert "*" not in caught.value.message
    with pytest.raises(BadInput, match="expression in braces"):
        check_no_mask("value", "{{ vault }}")


def test_a_value_that_holds_itself():
    value: list[object] = []
    value.append(value)
    with pytest.raises(BadInput, match="nested too deeply"):
        text_of_value("value", value)
