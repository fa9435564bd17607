# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide on errors has the sentences that the modules say, and all of them but those about options."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base import errors

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_errors.rst"
ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.AirflowError) and name != "BadInput"
}
FEWEST_LETTERS = 12  # of a text that can be recognised


def text_of(node: ast.AST) -> str:
    """A text as the guide writes it, with … for what is put in; empty for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    return "…" if isinstance(node, ast.FormattedValue) else ""


def even(text: str) -> str:
    return re.sub(r"…+", "…", " ".join(text.split()))


def nodes() -> t.Iterator[ast.AST]:
    for folder in ("module_utils", "modules"):
        for file in sorted((ROOT / "plugins" / folder).rglob("*.py")):
            yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def raised() -> list[str]:
    """The sentences of errors, but for those about options and those that are put together elsewhere."""
    calls = [node for node in NODES if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS]
    texts = [even(text_of(call.args[0])) for call in calls if call.args]
    return [text for text in texts if len(re.sub(r"\W", "", text)) >= FEWEST_LETTERS]


def quoted() -> list[str]:
    """What the guide puts between double backticks as a whole sentence or the middle of one."""
    guide = GUIDE.read_text(encoding="utf-8")
    return [even(text) for text in re.findall(r"``([^`]+)``", guide) if text.count(" ") >= 2 and "-vvv" not in text]


NODES = list(nodes())
SAID = {even(text_of(node)) for node in NODES if isinstance(node, (ast.Constant, ast.JoinedStr))}


def holds(sentence: str, part: str) -> bool:
    return part.strip("… ") in sentence


@pytest.mark.parametrize("part", quoted())
def test_a_sentence_of_the_guide_is_one_of_the_modules(part):
    assert any(holds(sentence, part) for sentence in SAID)


@pytest.mark.parametrize("sentence", raised())
def test_a_sentence_of_the_modules_is_in_the_guide(sentence):
    assert any(holds(sentence, part) for part in quoted())


def test_there_are_sentences():
    assert len(raised()) > 35
    assert len(quoted()) > 50
