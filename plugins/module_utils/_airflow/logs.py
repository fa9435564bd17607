# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's log to what a person at 3 a.m. needs of it: its last lines, and why the task failed.

A log is read line by line and never held whole. What belongs to Airflow alone is left out: the marks of its log
groups, where it found the log, its own steps and deprecations, and its own frames in a traceback, which are summed up
in one line: they are most of what a failing task of Airflow 2.11 leaves.
"""

from __future__ import annotations

import re
import typing as t
from collections import deque

from .._base.text import shortened

LONGEST_LINE = 1000  # characters
LARGEST_TAIL = 64 * 1024  # characters
MOST_SOURCES = 20  # places of which a log without a line says that it was looked for there

GROUP = re.compile(r"::(end)?group::")
SOURCES = "::group::Log message source details"
# Deprecations say what a DAG has to change some day; no task fails of them.
DEPRECATION = re.compile(r"\b\w*(?:Deprecat|PendingDeprecat|Future|RemovedIn)\w*Warning\b|\bis deprecated\b")
# What Airflow logs when an alert about a task cannot be sent, or when something else fails that is beside the task.
ALERT = re.compile(
    r"Error in callback at index|Error when executing \w+ callback|Error when executing on_"
    r"|Failed when executing execute callback|Failed to run task callback|Failed to send "
    r"|Error while using email template|error calling listener|Error (?:calling|in) listener"
    r"|Unable to unmap task, can't determine if we need to send an alert"
    r"|Failed to push an xcom for task operator extra link|Failed to set rendered fields during finalization"
    r"|Failed to upload remote logs|Retry policy evaluation failed|Error scheduling downstream tasks",
    re.IGNORECASE,
)
# What is logged while the file of a DAG is read, or an alert made; it is about any DAG of the file.
PARSING = re.compile(r"Failed to (?:resolve template field|get source) ")
# What runs a command for a task logs this beside what the command has printed.
NO_OUTPUT = re.compile(
    r"Output:|Tmp dir root location|Running command|Executing cmd|Command exited"
    r"|Sending (?:the signal \d|\d+ to group|(?:Signals\.)?SIG)|Process psutil"
)
# Why a task that waited for a trigger failed.
TRIGGER = re.compile(r"Trigger (?:failed:|(?:.* )?exited with error |(?:.* )?exited without sending an event)")
_AIRFLOW_FILE = re.compile(r"[/\\]site-packages[/\\]airflow[/\\]")
_FRAME = re.compile(r'\s+File "(?P<file>[^"]+)", line \d+')
_MARGIN = re.compile(r"\s+\| ?")  # of the traceback of a group of exceptions
_FOUND = re.compile(r"(?:\* )?(?:\w+://|/|[A-Za-z]:\\)\S*$|(?:Found|Reading|Fetching from)\b.*")


class TaskLog(t.NamedTuple):
    """The end of a log, and the reason of the failure in one line (empty when the log gives none)."""

    tail: str
    reason: str


class Tail:
    """The last lines of a log, or where it was looked for when it has none.

    :param keep: how many lines are kept.
    :param clean: takes the secrets out of what is shown, which is not done before, since what is read must not change.
    """

    def __init__(self, keep: int, clean: t.Callable[[str], str] = str) -> None:
        self._clean = clean
        self._lines: deque[str] = deque(maxlen=keep)
        self._steps: deque[str] = deque(maxlen=keep)
        self._sources: list[str] = []

    def add(self, line: str) -> None:
        """Take a line of the log."""
        if line.strip():
            self._lines.append(self._cut(line))

    def add_step(self, line: str) -> None:
        """Take a line of Airflow's own steps, which are shown when the log holds nothing else."""
        if line.strip():
            self._steps.append(self._cut(line))

    def add_source(self, text: str) -> None:
        """Take what Airflow says of a place where it looked for the log."""
        if len(self._sources) < MOST_SOURCES:
            self._sources.append(self._cut(text.strip()))

    def text(self) -> str:
        """The last lines in one text."""
        if self._lines or self._steps:
            # Secrets may stand across lines.
            shown = self._clean("\n".join(self._lines or self._steps))
            return "\n".join(line[:LONGEST_LINE] for line in shown.split("\n"))[-LARGEST_TAIL:]
        problems = [source for source in self._sources if source and not _FOUND.match(source)]
        return self._clean(f"The log cannot be read: {'; '.join(problems)}")[:LONGEST_LINE] if problems else ""

    def _cut(self, line: str) -> str:
        return shortened(line.rstrip(), LONGEST_LINE, self._clean)


def without_airflow_frames(lines: t.Iterable[str]) -> t.Iterator[str]:
    """Sum up the frames of Airflow itself in tracebacks, also in those of groups of exceptions."""
    left_out = 0
    inside = False  # of one of Airflow's frames: its source lines follow it, indented
    margin = ""
    for line in lines:
        edge = _MARGIN.match(line)
        body = line[edge.end() :] if edge else line
        frame = _FRAME.match(body)
        inside = bool(_AIRFLOW_FILE.search(frame["file"])) if frame else inside and body.startswith("    ")
        if inside:
            left_out += bool(frame)
            margin = edge.group() if edge else ""
            continue
        if left_out:
            yield f"{margin}  … {left_out} frames of Airflow"
            left_out = 0
        yield line
    if left_out:
        yield f"{margin}  … {left_out} frames of Airflow"
