# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: run_timeline
short_description: Draw the tasks of a DAG run as a timeline in text
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Draws a line for each task instance of a run, with a bar for the time when it ran, its state, its tries and its
    duration.
  - The lines are in the order in which the tasks started. Tasks that did not run come last.
  - Of more than 40 tasks, it draws 40, failed ones in any case, and one line counts the rest. No line is wider than
    100 columns.
positional: _input
options:
  _input:
    description: The RV(dagops.airflow.airflow_task_info#module:tasks) of M(dagops.airflow.airflow_task_info), or its
      whole result.
    type: raw
    required: true
seealso:
  - module: dagops.airflow.airflow_task_info
"""

EXAMPLES = r"""
- name: Read the tasks of the last run
  dagops.airflow.airflow_task_info:
    dag_id: etl_daily
  register: last

- name: Show where its time went
  ansible.builtin.debug:
    msg: "{{ (last | dagops.airflow.run_timeline).splitlines() }}"
"""

RETURN = r"""
_value:
  description: Lines of text. The first line has the time range of the bars.
  type: str
  sample: |-
    2026-11-22T10:15:00Z to 10:18:12Z (3m12s)
    extract      |██████████        | success          1/1   1m40s
    load_users   |              ████| failed           3/3     58s
    report       |                  | upstream_failed  -         -
"""

import typing as t
from collections import Counter
from datetime import datetime, timezone

from ansible.errors import AnsibleFilterError

from ..module_utils._airflow.tasks import task_key
from ..module_utils._base.errors import BadInput
from ..module_utils._base.states import NEVER_RAN, NO_STATE
from ..module_utils._base.times import time_of
from ..module_utils._work.report import failed_tasks, task_name
from ..module_utils._work.wording import duration

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


def run_timeline(value: t.Any) -> str:
    """Draw task instances as M(dagops.airflow.airflow_task_info) returns them."""
    tasks = value.get("tasks") if isinstance(value, dict) else value
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and "task_id" in task for task in tasks):
        raise AnsibleFilterError("run_timeline takes the tasks that airflow_task_info returns, or its whole result.")
    try:
        return "\n".join(_lines(tasks))
    except (BadInput, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"run_timeline was given tasks that airflow_task_info does not return ({error}); give it the result of "
            "airflow_task_info as it is."
        ) from error


def _lines(tasks: t.Sequence[Task]) -> list[str]:
    ran = [task for task in tasks if _has_run(task)]
    if not ran:
        return [f"none of {len(tasks)} tasks has started", *_rest(tasks)]
    moments = [_seconds(task[key]) for task in ran for key in ("start_date", "end_date") if task[key]]
    if not all(task["end_date"] for task in ran):
        moments.append(_now())
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


def _now() -> float:
    return datetime.now(timezone.utc).timestamp()


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"run_timeline": run_timeline}
