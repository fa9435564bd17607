# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/guarantees.md names tests that exist, and leaves no promise without one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEST = re.compile(r"- `(?P<file>tests/[\w/]+\.py)::(?P<name>test_\w+)`")


def blocks() -> list[str]:
    """The parts of the document that blank lines set apart, without its head."""
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    return [block for block in text[text.index("\n## ") :].split("\n\n") if block.strip()]


def named() -> list[tuple[str, str]]:
    return sorted({(match["file"], match["name"]) for match in map(TEST.fullmatch, lists()) if match})


def lists() -> list[str]:
    return [line for block in blocks() if block.startswith("- ") for line in block.splitlines()]


def test_each_line_of_a_list_names_a_test():
    assert lists()
    assert [line for line in lists() if not TEST.fullmatch(line)] == []


@pytest.mark.parametrize(("file", "name"), named())
def test_a_test_that_is_named_exists(file, name):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file} has no {name}"


def test_each_promise_has_a_test():
    """A promise is a paragraph that is no heading and no quotation."""
    found = blocks()
    promises = [number for number, block in enumerate(found) if not block.lstrip().startswith(("## ", "- ", "> "))]
    assert promises
    assert [found[number] for number in promises if not "".join(found[number + 1 : number + 2]).startswith("- ")] == []
