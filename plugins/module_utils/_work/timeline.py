# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of a DAG run as bars over time, in text."""

from __future__ import annotations

import typing as t
from collections import Counter
from datetime import datetime, timezone

from .._airflow.tasks import task_key
from .._base.states import NEVER_RAN, NO_STATE
from .._base.times import time_of
from .report import failed_tasks, task_name
from .wording import duration

MOST_ROWS = 40
WIDTH = 100  # columns
WIDEST_NAME = 36
Task = t.Mapping[str, t.Any]


class Span(t.NamedTuple):
    """The time that the bars show, in seconds since 1970."""

    start: float
    end: float

    def column(self, moment: float, columns: int) -> int:
        """The column of a moment, from 0 to one before C(columns)."""
        share = (moment - self.start) / (self.end - self.start) if self.end > self.start else 0.0
        return min(int(share * columns), columns - 1)


def timeline(tasks: t.Sequence[Task], now: float) -> list[str]:
    """Draw task instances as C(airflow_task_info) returns them, a line each.

    :param now: seconds since 1970: what has not ended goes on until then.
    """
    ran = [task for task in tasks if _has_run(task)]
    if not ran:
        return [f"none of {len(tasks)} tasks has started", *_rest(tasks)]
    moments = [_seconds(task[key]) for task in ran for key in ("start_date", "end_date") if task[key]]
    if not all(task["end_date"] for task in ran):
        moments.append(now)
    span = Span(min(moments), max(moments))
    shown, rest = _rows(t.cast("list[dict[str, t.Any]]", tasks))
    names = [_cut(task_name(task)) for task in shown]
    figures = [_figures(task, span) for task in shown]
    name_width = max(map(len, names))
    columns = WIDTH - name_width - max(map(len, figures)) - 4
    start, end = _clock(span.start), _clock(span.end)
    # On the same day its time says all.
    lines = [f"{start} to {end[11:] if end[:10] == start[:10] else end} ({duration(span.end - span.start)})"]
    lines += [
        f"{name:<{name_width}} |{_bar(task, span, columns)}| {figure}"
        for name, task, figure in zip(names, shown, figures)
    ]
    return lines + _rest(rest)


def _rows(tasks: list[dict[str, t.Any]]) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """The tasks that are drawn, in the order of their start, and the others; of many, a failed one is no other."""
    failed = failed_tasks(tasks)
    others = [task for task in tasks if task not in failed]
    ranked = [*failed, *sorted(others, key=_place)]
    return sorted(ranked[:MOST_ROWS], key=_place), ranked[MOST_ROWS:]


def _place(task: dict[str, t.Any]) -> tuple[t.Any, ...]:
    start = _seconds(task["start_date"]) if _has_run(task) else float("inf")
    return (start, *task_key(task))


def _bar(task: Task, span: Span, columns: int) -> str:
    if not _has_run(task):
        return " " * columns
    first = span.column(_seconds(task["start_date"]), columns)
    last = span.column(_seconds(task["end_date"]), columns) if task["end_date"] else columns - 1
    return (" " * first + "█" * (last - first + 1)).ljust(columns)


def _has_run(task: Task) -> bool:
    """Whether the times of the task are those of its last try; one that waits to run again has them still."""
    return bool(task["start_date"] and task["try_number"]) and (task["state"] or NO_STATE) not in NEVER_RAN


def _figures(task: Task, span: Span) -> str:
    tries = f"{task['try_number']}/{task['max_tries'] + 1}" if task["try_number"] else "-"
    length = "-"
    if _has_run(task) and not task["end_date"]:
        length = duration(span.end - _seconds(task["start_date"]))
    elif _has_run(task) and task["duration"]:
        length = duration(task["duration"])
    return f"{task['state'] or NO_STATE:<15}  {tries:<5} {length:>7}"


def _rest(tasks: t.Sequence[Task]) -> list[str]:
    counts = Counter(task["state"] or NO_STATE for task in tasks)
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return [f"… {len(tasks)} more: {told}"] if tasks else []


def _cut(name: str) -> str:
    return name if len(name) <= WIDEST_NAME else name[: WIDEST_NAME - 1] + "…"


def _seconds(moment: str) -> float:
    return time_of("a time of a task", moment).timestamp()


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
