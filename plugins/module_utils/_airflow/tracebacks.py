# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracebacks as Python writes them, read line by line: what was raised, from what, and of groups each exception."""

from __future__ import annotations

import re

from .reasons import LONGEST_PART, MOST_LEAVES, Problem

CAUSE = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"
HEADER = "Traceback (most recent call last):"
GROUP_HEADER = "Exception Group " + HEADER

_MARGIN = re.compile(r"\s+[|+](?: |$|(?=[-+]))")
_BORDER = re.compile(r"-?\+?-{4,}(?: (?P<number>\d+|\.\.\.) -{4,})?$")


class Traceback:
    """A traceback that is read line by line; in bounded memory, whatever is written in it."""

    def __init__(self) -> None:
        self._before: Problem | None = None  # in the chain
        self._problem = _Reading()

    def read(self, line: str) -> None:
        """Take the next line."""
        edge = _MARGIN.match(line)
        if line.strip() in (CAUSE, CONTEXT) and not edge:
            self._before = self._problem.problem(is_cause=line.strip() == CAUSE)
            self._problem = _Reading()
        elif edge:
            self._problem.read_in_group(line[edge.end() :])
        else:
            self._problem.read(line)

    def chain(self) -> list[Problem]:
        """The exceptions, the one that was raised last first; only that and the one before it are kept."""
        last = self._problem.problem()
        return [problem for problem in (last, self._before) if problem and problem.text] if last.text else []


class _Reading:
    """One exception of a chain, with the sections of a group."""

    def __init__(self) -> None:
        self._sections = [_Section()]
        self._groups: set[int] = set()

    def read(self, line: str) -> None:
        self._sections[0].read(line)

    def read_in_group(self, line: str) -> None:
        border = _BORDER.match(line.strip())
        if not border:
            self._sections[-1].read(line)
        elif border["number"] and len(self._sections) <= MOST_LEAVES:
            if border["number"] == "1":
                self._groups.add(len(self._sections) - 1)
            self._sections.append(_Section(in_group=True))

    def problem(self, is_cause: bool = False) -> Problem:
        leaves = (part.text() for number, part in enumerate(self._sections) if number not in self._groups)
        found = tuple(leaf for leaf in leaves if leaf) if self._groups else ()
        return Problem(self._sections[0].text(), found, is_cause)


class _Section:
    """The frames and the text of one exception; within a group it may have no frames, and so no header.

    The text goes on until a line of Python's says that another exception follows, however it looks.
    """

    def __init__(self, in_group: bool = False) -> None:
        self._state = "text" if in_group else "before"
        self._parts: list[str] = []
        self._length = 0

    def read(self, line: str) -> None:
        if line.strip() in (HEADER, GROUP_HEADER) and not self._parts:
            self._state = "frames"
        elif line.strip() in (CAUSE, CONTEXT):  # within a group
            self._parts, self._length = [], 0
        elif self._state == "frames" and line.strip() and not line.startswith((" ", "\t")):
            self._state = "text"
            self._add(line)
        elif self._state == "text":
            self._add(line)

    def _add(self, line: str) -> None:
        if line.strip() and self._length < LONGEST_PART:
            self._parts.append(line.strip()[:LONGEST_PART])
            self._length += len(line)

    def text(self) -> str:
        return " ".join(self._parts)
