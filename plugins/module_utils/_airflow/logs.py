# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's log to what a person at 3 a.m. needs of it: its last lines, and why the task failed.

A log is read line by line and never held whole. Left out are the marks of Airflow's log groups, and Airflow's own
frames in a traceback, which are summed up in one line: they are most of what a failing task of Airflow 2.11 leaves.
"""

from __future__ import annotations

import re
import typing as t
from collections import deque

from .._base.text import json_of, one_line

LONGEST_LINE = 1000  # characters
LARGEST_TAIL = 64 * 1024  # characters

_GROUP = re.compile(r"::(end)?group::")
_AIRFLOW_FILE = re.compile(r"[/\\]site-packages[/\\]airflow[/\\]")
_FRAME = re.compile(r'\s+File "(?P<file>[^"]+)", line \d+')
_RECORD = re.compile(r"\[\d{4}-\d\d-\d\d[T ][^\]]*\]")
_ERROR_RECORD = re.compile(r"\b(?:ERROR|CRITICAL) - (?P<text>.*)")
# Airflow 2 reports a failed task a second time when its process ends.
_SECOND_REPORT = "Failed to execute job"
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"
_HEADLINES = ("Task failed with exception", "Stacktrace", _SECOND_REPORT)


class TaskLog(t.NamedTuple):
    """The end of a log, and the reason of the failure in one line (empty when the log gives none)."""

    tail: str
    reason: str


def read_log(lines: t.Iterable[str], keep: int) -> TaskLog:
    """Read the lines of a text log (Airflow 2) or of rendered events (Airflow 3).

    :param keep: how many lines the tail holds.
    """
    tail: deque[str] = deque(maxlen=keep)
    reasons = _Reasons()
    for line in _without_airflow_frames(line for line in lines if not _GROUP.search(line)):
        reasons.read(line)
        if line.strip():
            tail.append(line.rstrip()[:LONGEST_LINE])
    return TaskLog("\n".join(tail)[-LARGEST_TAIL:], one_line(reasons.best(), 200))


def event_lines(events: t.Iterable[t.Any]) -> t.Iterator[str]:
    """Render the structured events of Airflow 3 as lines, exceptions as short tracebacks."""
    for event in events:
        if not isinstance(event, dict):
            yield str(event)
            continue
        level = str(event.get("level") or "").upper()
        stamp = f"[{event['timestamp']}] " if event.get("timestamp") else ""
        mark = f"{level} - " if level else ""
        text = str(event.get("event", "")).splitlines() or [""]
        yield f"{stamp}{mark}{text[0]}"
        yield from text[1:]
        problems = event.get("error_detail")
        # A task may log a key of this name itself, with anything in it.
        if isinstance(problems, list):
            yield from _chained([problem for problem in problems if isinstance(problem, dict)])


def events_of(lines: t.Iterable[str]) -> t.Iterator[t.Any]:
    """Parse lines of JSON; a line that is none stays text."""
    for line in lines:
        if line.strip():
            try:
                yield json_of(line)
            except ValueError:
                yield line


def _chained(problems: t.Sequence[dict[str, t.Any]]) -> t.Iterator[str]:
    """Tell exceptions as Python does, the one that ended the task last; Airflow lists it first."""
    for number in reversed(range(len(problems))):
        yield from _traceback_lines(problems[number])
        if number:
            yield _CAUSE if problems[number].get("is_cause") else _CONTEXT


def _traceback_lines(problem: dict[str, t.Any]) -> t.Iterator[str]:
    yield "Traceback (most recent call last):"
    frames = problem.get("frames")
    for frame in frames if isinstance(frames, list) else []:
        if isinstance(frame, dict):
            yield f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
    value = one_line(problem.get("exc_value", ""), LONGEST_LINE)
    yield f"{problem.get('exc_type')}: {value}" if value else str(problem.get("exc_type"))


def _without_airflow_frames(lines: t.Iterable[str]) -> t.Iterator[str]:
    left_out = 0
    inside = False  # of one of Airflow's frames: its source lines follow it, indented
    for line in lines:
        frame = _FRAME.match(line)
        inside = bool(_AIRFLOW_FILE.search(frame["file"])) if frame else inside and line.startswith("    ")
        if inside:
            left_out += bool(frame)
            continue
        if left_out:
            yield f"  … {left_out} frames of Airflow"
            left_out = 0
        yield line
    if left_out:
        yield f"  … {left_out} frames of Airflow"


class _Reasons:
    """Remembers the line that says most about a failure: the exception's, else the last error record."""

    def __init__(self) -> None:
        self._exception = ""
        self._error = ""
        self._in_traceback = False
        self._second_report = False

    def read(self, line: str) -> None:
        record = _ERROR_RECORD.search(line)
        if _RECORD.match(line):
            self._in_traceback = False
            self._second_report = _SECOND_REPORT in line
        if line.startswith("Traceback (most recent call last):"):
            self._in_traceback = True
        elif self._in_traceback and line.strip() and not line.startswith((" ", "\t")):
            self._in_traceback = False
            if not (self._second_report and self._exception):
                self._exception = line
        elif record and not record["text"].startswith(_HEADLINES):
            self._error = record["text"]

    def best(self) -> str:
        return self._exception or self._error
