# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of Airflow 3: structured events, one in each line of JSON."""

from __future__ import annotations

import json
import re
import typing as t

from .._base.text import in_depth, json_of, one_line, without_colours
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
from .logs_text import TextReader
from .reasons import END, ERROR, EXCEPTION, LAST, MOST_LEAVES, OWN, STOPPED, Problem, Reasons
from .tracebacks import CAUSE, CONTEXT, GROUP_HEADER, HEADER, Traceback

LONGEST_VALUE = 300  # characters of a value beside an event
MOST_VALUES = 20
MOST_LINES = 200  # of one text
DEEPEST_GROUP = 20
RUNNER = "task"  # the logger of what runs the task; with a channel it is the task's own output (3.0)

# Beside each event; the rest was given by whoever logged it.
_USUAL = frozenset(
    [
        "timestamp",
        "event",
        "level",
        "logger",
        "logger_name",
        "filename",
        "lineno",
        "func_name",
        "loc",
        "dag_id",
        "run_id",
        "task_id",
        "map_index",
        "try_number",
        "ti_id",
        "error_detail",
        "exception",
        "exc_info",
        "chan",
        "category",
        "sources",
        "region_id",
        "region_index",
        "loop_iteration",
    ]
)
_OWN_HEADLINE = "Task failed with exception"
_EXIT = "Task exited"
_ABNORMAL = "Process exited abnormally"  # a warning
_NOT_FOUND = "found during start up"  # a DAG or task; why its file cannot be imported was logged before
_TEMPLATES = re.compile(r"^airflow\..*\.templater$")
_PARSING_BEGINS = re.compile("Filling up the DagBag from ")
# From 3.3 on; before only with the level DEBUG. A task whose file cannot be imported does not come so far.
_PARSING_ENDS = re.compile("Worker startup parse complete$|Dag file parsed$", re.IGNORECASE)
_STOPPED = re.compile("terminating process", re.IGNORECASE)
_ADVICE = re.compile(r"[.]? (?:For more information, see|Terminating process).*", re.DOTALL)
_STEPS = re.compile(r"task|airflow\.(?:dag_processing|models\.dagbag|sdk\.execution_time|stats|utils\.email)\b.*")
_WARNINGS = "py.warnings"
_OUTPUT = re.compile(r"task\.std(?:out|err)|.*(?:SubprocessHook|\.python_virtualenv|\.process_utils)")


def events_of(lines: t.Iterable[str]) -> t.Iterator[t.Any]:
    """Parse lines of JSON; a line that is none stays text."""
    for line in lines:
        if line.strip():
            try:
                yield json_of(line)
            except ValueError:
                yield line


def read_events(events: t.Iterable[t.Any], keep: int, clean: t.Callable[[str], str] = str) -> TaskLog:
    """Read the events of a log.

    :param keep: how many lines the tail holds.
    :param clean: takes the secrets out of what is shown.
    """
    reader = _EventReader(Tail(keep, clean), Reasons(clean), clean)
    for event in events:
        reader.read(in_depth(without_colours, event))
    reader.end()
    return TaskLog(reader.tail.text(), reader.reasons.best())


class _EventReader:
    """Knows which event is the task's own failure, and which ones tell of something else."""

    def __init__(self, tail: Tail, reasons: Reasons, clean: t.Callable[[str], str]) -> None:
        self.tail = tail
        self.reasons = reasons
        self._clean = clean
        # What has no level is a line of text that Airflow has found in the log.
        self._text = TextReader(tail, reasons, clean)
        self._in_sources = False
        self._output = ""
        self._without_output: list[Problem] = []

    def read(self, raw: t.Any) -> None:
        """Take the next event."""
        event = raw if isinstance(raw, dict) else {"event": raw}
        text = str(event.get("event", ""))
        if self._is_about_sources(event, text) or GROUP.search(text):
            return
        if not event.get("level"):
            for line in lines_of(event, self._clean):
                self._text.read(line)
            return
        self._text.end()
        if ALERT.match(text) or self._is_aftermath(event, text):
            # Its traceback would take the place of the task's lines, and what is printed from now on may be its own.
            self._without_output = []
            self.tail.add(next(lines_of(event, self._clean)))
            self.tail.add(self.reasons.of_chain(_problems(event)))
            return
        self._note_parsing(event, text)
        step = _is_step(event, text)
        for line in lines_of(event, self._clean):
            (self.tail.add_step if step else self.tail.add)(line)
        if not step:
            self._take(event, text)

    def end(self) -> None:
        """Take what stood in the last lines of text."""
        self._text.end()

    def _note_parsing(self, event: dict[str, t.Any], text: str) -> None:
        if _PARSING_BEGINS.match(text):
            self.reasons.begin_parsing()
        elif _is_of_runner(event) and _PARSING_ENDS.match(text):
            self.reasons.end_parsing()

    def _is_aftermath(self, event: dict[str, t.Any], text: str) -> bool:
        """Whether the runner tells of something that went wrong once the task had failed, such as a mail (3.1)."""
        return self.reasons.knows(OWN) and _is_of_runner(event) and "error_detail" in event and text != _OWN_HEADLINE

    def _is_about_sources(self, event: dict[str, t.Any], text: str) -> bool:
        """Airflow 3.0 names the places in a value beside the event, 3.3 in events of their own."""
        if text == SOURCES:
            self._in_sources = True
            sources = event.get("sources")
            for source in sources if isinstance(sources, list) else []:
                self.tail.add_source(str(source))
        elif self._in_sources and not event.get("level"):
            self._in_sources = not GROUP.search(text)
            if self._in_sources:
                self.tail.add_source(text)
        else:
            self._in_sources = False
            return False
        return True

    def _take(self, event: dict[str, t.Any], text: str) -> None:
        problems = _problems(event)
        bad = str(event["level"]).lower() in ("error", "critical", "fatal")
        of_trigger = bool(TRIGGER.match(text))
        # A triggerer may log without the name of a logger.
        of_runner = _is_of_runner(event) and not of_trigger
        if of_runner and (bad or text == _ABNORMAL) and not text.endswith(_NOT_FOUND):
            self._take_end(event, text, problems)
            return
        if _TEMPLATES.search(str(event.get("logger"))) and PARSING.match(text):
            return
        chain = self.reasons.of_chain(problems, self._output)
        if of_trigger:
            # The task's process tells the traceback within the text, the triggerer beside it.
            chain = chain or self.reasons.of_chain(_problems_in(text))
            self.reasons.add_of_trigger(chain, text)
        self.reasons.add(EXCEPTION, chain)
        if bad:
            self.reasons.add(ERROR, _with_values(event, text, self._clean))
        if (_OUTPUT.fullmatch(str(event.get("logger"))) or "chan" in event) and not NO_OUTPUT.match(text):
            self._output = text.strip() or self._output
            self.reasons.add(OWN, self.reasons.of_chain(self._without_output, self._output))

    def _take_end(self, event: dict[str, t.Any], text: str, problems: list[Problem]) -> None:
        reason = self.reasons.of_chain(problems, self._output) or _end_of_process(event, text, self._clean)
        if text in (_OWN_HEADLINE, _EXIT):
            # What a task has printed may come after its failure.
            self._without_output = [] if self._output else problems
            self.reasons.add(OWN, reason)
        elif _STOPPED.search(text):
            self.reasons.add(STOPPED, reason)
        else:
            # With 1 a process ends after each failure.
            self.reasons.add(LAST if event.get("exit_code") == 1 else END, reason)


def _is_of_runner(event: dict[str, t.Any]) -> bool:
    return event.get("logger", RUNNER) == RUNNER and "chan" not in event


def _is_step(event: dict[str, t.Any], text: str) -> bool:
    """Whether an event tells a step of Airflow itself, or what will be gone in one of its next versions."""
    level, logger = str(event["level"]).lower(), str(event.get("logger"))
    if logger == _WARNINGS or level == "warning":
        return bool(DEPRECATION.search(text) or DEPRECATION.search(str(event.get("category"))))
    return level in ("debug", "info") and "chan" not in event and bool(_STEPS.fullmatch(logger))


def _end_of_process(event: dict[str, t.Any], text: str, clean: t.Callable[[str], str]) -> str:
    if text == _EXIT:
        code = event.get("exit_code")
        return text if code is None else f"{text} with code {code}" if isinstance(code, int) else f"{text}: {code}"
    detail = event.get("detail")
    if isinstance(detail, dict):
        detail = detail["detail"] if isinstance(detail.get("detail"), dict) else detail  # 3.1
        if detail.get("current_state"):
            event = {"current_state": detail["current_state"]}
    return _with_values(event, _ADVICE.sub("", text), clean)


def _with_values(event: dict[str, t.Any], text: str, clean: t.Callable[[str], str]) -> str:
    values = _values(event, clean)
    return f"{text} ({', '.join(values)})" if values else text


def _values(event: dict[str, t.Any], clean: t.Callable[[str], str]) -> list[str]:
    return [
        f"{key}={one_line(clean(value if isinstance(value, str) else json.dumps(value, default=str)), LONGEST_VALUE)}"
        for key, value in event.items()
        if key not in _USUAL and value is not None
    ][:MOST_VALUES]


# -- as lines


def lines_of(event: dict[str, t.Any], clean: t.Callable[[str], str] = str) -> t.Iterator[str]:
    """Render an event as lines, exceptions as Python writes them."""
    level = str(event.get("level") or "").upper()
    stamp = f"[{event['timestamp']}] " if event.get("timestamp") else ""
    mark = f"{level} - " if level else ""
    text = str(event.get("event", "")).splitlines()[:MOST_LINES] or [""]
    values = " ".join(["", *_values(event, clean)])
    yield f"{stamp}{mark}{text[0]}{values if len(text) == 1 else ''}"
    yield from without_airflow_frames(text[1:])
    yield from without_airflow_frames(_chained(_list_of_dicts(event.get("error_detail"))))


def _list_of_dicts(value: t.Any) -> list[dict[str, t.Any]]:
    """What a list holds of dicts; a task may log a key of this name itself, with anything in it."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _chained(problems: t.Sequence[dict[str, t.Any]], depth: int = 0) -> t.Iterator[str]:
    """Tell exceptions as Python does, the one that ended the task last; Airflow lists it first."""
    for number in reversed(range(len(problems))):
        yield from _traceback_lines(problems[number], depth)
        if number:
            yield CAUSE if problems[number].get("is_cause") else CONTEXT


def _traceback_lines(problem: dict[str, t.Any], depth: int) -> t.Iterator[str]:
    members = _members(problem)
    if members or problem.get("frames") or not depth:
        yield GROUP_HEADER if members else HEADER
    for frame in _list_of_dicts(problem.get("frames")):
        yield f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
    yield from _text_of(problem).splitlines()[:MOST_LINES]
    for number, member in enumerate(members if depth < DEEPEST_GROUP else [], 1):
        yield f"  +---------------- {number} ----------------"
        yield from (f"  | {line}" for line in _chained(member, depth + 1))


# -- as problems


def _problems(event: dict[str, t.Any]) -> list[Problem]:
    """The exceptions of an event, the last one and what it came from."""
    return [
        Problem(_text_of(problem), tuple(_leaves(problem))[:MOST_LEAVES], bool(problem.get("is_cause")))
        for problem in _list_of_dicts(event.get("error_detail"))[:2]
    ]


def _problems_in(text: str) -> list[Problem]:
    """The exceptions of a traceback in a text."""
    traceback = Traceback()
    for line in text.splitlines():
        traceback.read(line)
    return traceback.chain()


def _text_of(problem: dict[str, t.Any]) -> str:
    value = str(problem.get("exc_value") or "")
    notes = problem.get("exc_notes")
    lines = [value, *map(str, notes if isinstance(notes, list) else [])]
    text = "\n".join(lines).rstrip()
    return f"{problem.get('exc_type')}: {text}" if text else str(problem.get("exc_type"))


def _members(problem: dict[str, t.Any]) -> list[list[dict[str, t.Any]]]:
    """The exceptions of a group, each with what it came from; Airflow 3.0 does not log them."""
    members = problem.get("exceptions")
    found = [_list_of_dicts(member) for member in (members if isinstance(members, list) else [])]
    return [member for member in found if member][:MOST_LEAVES]


def _leaves(problem: dict[str, t.Any], depth: int = 0) -> t.Iterator[str]:
    for member in _members(problem) if depth < DEEPEST_GROUP else []:
        if _members(member[0]):
            yield from _leaves(member[0], depth + 1)
        else:
            yield _text_of(member[0])
