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
from datetime import datetime, timezone

from ansible.errors import AnsibleFilterError

from ..module_utils._base.errors import BadInput
from ..module_utils._work.timeline import timeline


def run_timeline(value: t.Any) -> str:
    """Draw task instances as M(dagops.airflow.airflow_task_info) returns them."""
    tasks = value.get("tasks") if isinstance(value, dict) else value
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and "task_id" in task for task in tasks):
        raise AnsibleFilterError("run_timeline takes the tasks that airflow_task_info returns, or its whole result.")
    try:
        return "\n".join(timeline(tasks, _now()))
    except (BadInput, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"run_timeline was given tasks that airflow_task_info does not return ({error}); give it the result of "
            "airflow_task_info as it is."
        ) from error


def _now() -> float:
    return datetime.now(timezone.utc).timestamp()


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"run_timeline": run_timeline}
