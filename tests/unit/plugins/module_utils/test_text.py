# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import (
    Redactor,
    close_to,
    in_depth,
    json_of,
    json_problem,
    not_among,
    one_line,
    texts_in,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), (" a\n\tb  c ", "a b c"), ("\r\n", ""), (5, "5"), (None, "None"), ("x" * 10, "x" * 10)],
)
def test_one_line(text, line):
    assert one_line(text, 10) == line


def test_a_long_text_is_cut():
    assert one_line("abcdefghijk", 10) == "abcdefghi…"
    assert one_line("abcdefgh  ijklm", 10) == "abcdefgh…"
    assert len(one_line("word " * 1000)) <= 240


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("wiever", "viewer", True),
        ("dags", "dag", True),
        ("can_raed", "can_read", True),
        ("poolz", "pools", True),
        ("etl_dialy", "etl_daily", True),
        ("nope", "op", False),
        ("app_none", "lim_none", False),
        ("gardener", "reader", False),
        ("", "op", False),
    ],
)
def test_what_somebody_may_have_meant(word, known, meant):
    assert close_to(word, [known, "zzz"], 4) == ([known] if meant else [])


def test_the_closest_one_comes_first():
    assert close_to("loads", ["roads", "load", "unloads"], 2) == ["load", "unloads"]


def test_a_kind_of_names_is_close_to_its_own_kind_only():
    known = ["DAG:ok", "DAG Code", "DAGs"]
    assert not_among(["DAG:oks"], known) == "DAG:oks (did you mean DAG:ok?)"
    assert not_among(["DAG:oks"], known, lambda word, name: ":" not in name) == "DAG:oks"


def test_secrets_are_replaced():
    redact = Redactor(["s3cret"])
    redact.add(["other-one", ""])
    assert redact("a s3cret, an other-one, s3cret") == "a ********, an ********, ********"
    assert redact("nothing") == "nothing"


def test_the_longest_secret_goes_first():
    assert Redactor(["secret", "secret-and-more"])("secret-and-more") == "********"


def test_no_secret_replaces_nothing():
    assert Redactor([""])("abc") == "abc"


def test_texts_in():
    value = {"a": "x", "b": [1, 2.5, ("y",), None, True], "c": {"d": {"e": "z"}}}
    assert list(texts_in(value)) == ["x", "1", "2.5", "y", "z"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it ends too early"),
        ('{"a": ', "it ends too early"),
        ('{"a":\n', "it ends too early"),
        ('{"a": "b\n', "it ends too early"),
        ('{"a" 1}', "it breaks at character 6"),
        (' {"a" 1}\n', "it breaks at character 7"),
        ('{"b": 1,\n "a" 1}', "it breaks at character 6 in line 2"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_where_a_text_is_no_json(text, problem):
    with pytest.raises(ValueError, match=r"Expecting|Invalid|nested") as caught:
        json_of(text)
    assert json_problem(caught.value) == problem


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (RecursionError("maximum recursion depth exceeded"), "it is nested too deeply, or holds itself"),
        (ValueError("Circular reference detected"), "Circular reference detected"),
    ],
)
def test_why_a_value_is_no_json(error, problem):
    assert json_problem(error) == problem


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_cannot_carry(number):
    with pytest.raises(ValueError, match="Out of range float") as caught:
        json.dumps(number, allow_nan=False)
    assert json_problem(caught.value) == "it holds a number that JSON cannot carry (nan or infinity)"


def test_one_line_does_not_steer_a_terminal():
    assert one_line("ab\x00c\x07d\ud800 é 世界 😀") == "ab?c?d? é 世界 😀"
    # These would turn around what follows; those for a language that is written from the right stay.
    assert one_line("a \u202e b \u2067 c \u2069 d") == "a ? b ? c ? d"
    assert one_line("\u200fשלום") == "\u200fשלום"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;5;196mred\x1b[m", "red"),
        ("a\x1b[2K\x1b[1Gb", "ab"),
        ("\x9b31mred", "red"),
        ("\x1b]8;;https://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b(Btext\x1b7", "text"),
        ("end\x1b", "end?"),
        ("[31m is text", "[31m is text"),
    ],
)
def test_one_line_has_no_colours(text, line):
    assert one_line(text) == line


def test_all_texts_of_a_nested_value_are_changed():
    value = {"b": ["x", 1, None, {"y": ["z"]}], "a": "w", 3: True, "empty": [{}, []]}
    changed = in_depth(str.upper, value)
    assert changed == {"B": ["X", 1, None, {"Y": ["Z"]}], "A": "W", 3: True, "EMPTY": [{}, []]}
    assert list(changed) == ["B", "A", 3, "EMPTY"]
    assert value["b"] == ["x", 1, None, {"y": ["z"]}]
    assert in_depth(str.upper, "x") == "X"


def test_a_value_may_be_nested_as_deeply_as_it_likes():
    value: t.Any = "leaf"
    for _level in range(sys.getrecursionlimit()):
        value = {"a": [value]}
    changed = in_depth(str.upper, value)
    while isinstance(changed, dict):
        (changed,) = changed["A"]
    assert changed == "LEAF"
