# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of Airflow 2: lines of text, of which some begin a record of Airflow's logging."""

from __future__ import annotations

import re
import typing as t

from .._base.text import shortened, without_colours
from .logs import (
    ALERT,
    DEPRECATION,
    GROUP,
    NO_OUTPUT,
    PARSING,
    SOURCES,
    TRIGGER,
    Tail,
    TaskLog,
    without_airflow_frames,
)
from .reasons import (
    END,
    ERROR,
    EXCEPTION,
    LAST,
    LONGEST_PART,
    OWN,
    SECOND,
    STOPPED,
    Problem,
    Reasons,
    reason_of_return_code,
)
from .tracebacks import GROUP_HEADER, HEADER, Traceback

_LEVEL = r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)"
_MOMENT = r"\d{4}-\d\d-\d\d[T, ]"
_RECORD = re.compile(rf"\[{_MOMENT}[^\]]*\] {{(?P<file>[^}}:]+):\d+}} {_LEVEL} - (?P<text>.*)")
# With another log_format; such a line within what a task has raised is taken for a record, too.
_LOOSE_RECORD = re.compile(
    rf"(?:\[?{_MOMENT}.{{0,200}}?|.{{0,100}}?{{(?P<file>[\w.]+):\d+}} |\s*)\b{_LEVEL}\b[\s:\]|-]+(?P<text>.*)"
)
_OWN_TEXT = re.compile(r"Task failed due to SystemExit\b")
_OWN_HEADLINE = "Task failed with exception"
# Airflow 2 reports a failed task a second time when its process ends.
_SECOND_REPORT = "Failed to execute job"
_STOPPED = re.compile(
    r"State of this instance has been externally set to |.* was killed before it finished"
    r"|Heartbeat time limit exceeded|The recorded hostname |Task failed with return code of 137|Recorded pid "
)
_STACK = "Stacktrace"
_ADVICE = re.compile(r"[.]? (?:For more information, see|Terminating instance).*")
# Of these files of Airflow, what is only information tells its own steps.
_STEPS = re.compile(
    r"(?:local_task_job|local_task_job_runner|standard_task_runner|base_task_runner|task_command|taskinstance|dagbag)\.py"
)
# Of other files, what belongs to a mail about the task.
_STEP = re.compile(r"section/key \[[^\]]*\] not found in config$|Email alerting: attempt \d+$")
_OUTPUT = ("logging_mixin.py", "subprocess.py", "process_utils.py")
_TEMPLATES = ("templater.py", "abstractoperator.py", "")  # the last with another log_format
_LOG_MARK = "*** "


def read_text(lines: t.Iterable[str], keep: int, clean: t.Callable[[str], str] = str) -> TaskLog:
    """Read the lines of a log.

    :param keep: how many lines the tail holds.
    :param clean: takes the secrets out of what is shown.
    """
    reader = TextReader(Tail(keep, clean), Reasons(clean), clean)
    for line in without_airflow_frames(_without_host(without_colours(line) for line in lines)):
        reader.read(line)
    reader.end()
    return TaskLog(reader.tail.text(), reader.reasons.best())


def _without_host(lines: t.Iterable[str]) -> t.Iterator[str]:
    """Leave out the first line where it names the host that the log comes from, as the API of Airflow 2 has it."""
    first: str | None = None
    for number, line in enumerate(lines):
        if number == 0:
            first = line
            continue
        if first is not None and (" " in first or not (line.startswith(_LOG_MARK) or SOURCES in line)):
            yield first
        first = None
        yield line
    if first is not None:
        yield first


class TextReader:
    """Knows which record is the task's own failure, and which ones tell of something else."""

    def __init__(self, tail: Tail, reasons: Reasons, clean: t.Callable[[str], str] = str) -> None:
        self.tail = tail
        self.reasons = reasons
        self._clean = clean
        self._strict = False
        self._output = ""
        self._record = self._no_record()
        self._is_step = False

    def read(self, line: str) -> None:
        """Take the next line."""
        if line.startswith(_LOG_MARK) and not self._record.level:
            self.tail.add_source(line[len(_LOG_MARK) :])
            return
        if GROUP.search(line):
            return
        record = self._begins_record(line)
        if record:
            self.end()
            self._record = record
            self._is_step = self._tells_a_step(record)
        else:
            self._record.more(line)
        if self._is_step:
            self.tail.add_step(line)
        elif record or not self._record.is_alert:
            self.tail.add(line)

    def end(self) -> None:
        """Take what the last record says."""
        record = self._record
        self._record = self._no_record()
        text = record.text
        chain = self.reasons.of_chain(record.chain(), self._output)
        if record.is_alert:
            # Its traceback, in which the task's own comes first, would take the place of the task's lines.
            self.tail.add(chain)
            return
        if self._is_step:
            return
        if text.startswith(_OWN_HEADLINE):
            self.reasons.add(OWN, chain)
        elif text.startswith(_SECOND_REPORT):
            # Before 2.7 it has no traceback.
            self.reasons.add(SECOND if chain else ERROR, chain or text)
        elif record.level in ("ERROR", "CRITICAL") and _OWN_TEXT.match(text):
            self.reasons.add(OWN, text)
        elif _STOPPED.match(text):
            self.reasons.add(STOPPED, _ADVICE.sub("", text))
        else:
            self._take_other(record, chain)

    def _take_other(self, record: _Record, chain: str) -> None:
        if record.file in _TEMPLATES and PARSING.match(record.text):
            return
        if TRIGGER.match(record.text):
            self.reasons.add_of_trigger(chain, record.text)
        self.reasons.add(EXCEPTION, chain)
        ended = reason_of_return_code(record.text)
        # With 1 a process ends after each failure.
        self.reasons.add(LAST if ended.endswith(" 1") else END, ended)
        if record.level in ("ERROR", "CRITICAL") and not record.text.startswith(_STACK):
            self.reasons.add(ERROR, record.text)
        elif record.file in _OUTPUT and record.text.strip() and not NO_OUTPUT.match(record.text):
            self._output = record.text

    def _begins_record(self, line: str) -> _Record | None:
        found = _RECORD.match(line)
        self._strict = self._strict or bool(found)
        if not found and not self._strict:
            found = _LOOSE_RECORD.match(line)
        return _Record(found["file"] or "", found["level"], found["text"], self._clean) if found else None

    def _no_record(self) -> _Record:
        return _Record("", "", "", self._clean)

    def _tells_a_step(self, record: _Record) -> bool:
        if record.text.startswith(_SECOND_REPORT) or reason_of_return_code(record.text):
            return self.reasons.knows(OWN)
        # Where the process was when it was told to end; the task's own traceback says so, too.
        if (
            record.text.startswith(_STACK)
            or _STEP.match(record.text)
            or (record.level == "WARNING" and DEPRECATION.search(record.text))
        ):
            return True
        return record.level in ("DEBUG", "INFO") and bool(_STEPS.fullmatch(record.file))


class _Record:
    """A record of Airflow's logging: its text up to a traceback, and that."""

    def __init__(self, file: str, level: str, text: str, clean: t.Callable[[str], str]) -> None:
        self.file = file
        self.level = level
        self._clean = clean
        self.text = shortened(text, LONGEST_PART, clean)
        self.is_alert = level not in ("DEBUG", "INFO") and bool(ALERT.match(text))
        self._traceback: Traceback | None = None  # most records have no second line
        self._in_text = True

    def more(self, line: str) -> None:
        """Take a line that belongs to it."""
        line = shortened(line, LONGEST_PART, self._clean)
        self._in_text = self._in_text and not line.endswith((HEADER, GROUP_HEADER))
        if self._in_text and len(self.text) < LONGEST_PART:
            self.text = f"{self.text} {line.strip()}".strip()
        self._traceback = self._traceback or Traceback()
        self._traceback.read(line)

    def chain(self) -> list[Problem]:
        """The exceptions that it tells."""
        return self._traceback.chain() if self._traceback else []
