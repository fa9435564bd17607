#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_task_info
short_description: Read the task instances of a DAG run of Apache Airflow, and which of them failed
version_added: 1.0.0
description:
  - Lists all task instances of one DAG run, with each instance of mapped tasks, and says which failed.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  dag_id:
    description: Id of the DAG, such as V(etl_daily).
    type: str
    required: true
  dag_run_id:
    description: Id of the run, such as V(release-42). If it is not set, the module reads the run that was created last.
    type: str
  state:
    description:
      - Returns in RV(tasks) only task instances in one of these states, for example V(failed), V(upstream_failed),
        V(running) or V(success). V(no_status) means those that Airflow has not looked at yet.
    type: list
    elements: str
  task_id:
    description: Returns in RV(tasks) only task instances whose task id is one of these or matches one of these shell
      patterns, such as V(load_*). If the run has no task with an id, the module fails. A pattern without a match is not
      a failure.
    type: list
    elements: str
  log_lines:
    description:
      - How many lines to return from the log of each failed task's last try. V(0) reads no logs.
      - The logs of at most 50 failed tasks are read.
    type: int
    default: 0
seealso:
  - module: dagops.airflow.airflow_dag_run
"""

EXAMPLES = r"""
- name: Which tasks of the last run failed, and why
  dagops.airflow.airflow_task_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_daily
    log_lines: 20
  register: last

- name: Show the failed tasks
  ansible.builtin.debug:
    msg: "{{ last.failed_tasks | map(attribute='task_id') | list }}"

- name: Read the load tasks of this run that run or have succeeded
  dagops.airflow.airflow_task_info:
    dag_id: etl_daily
    dag_run_id: release-42
    task_id: ["load_*"]
    state: [running, success]
"""

RETURN = r"""
dag_run:
  description: The run. Its conf is not returned.
  returned: success
  type: dict
  contains:
    dag_id:
      description: Id of the DAG.
      type: str
      sample: etl_daily
    dag_run_id:
      description: Id of the run.
      type: str
      sample: ansible__20261122T101500Z__5f3ac0de
    run_type:
      description: Type of the run.
      type: str
      sample: manual
    state:
      description: State of the run. One of V(queued), V(running), V(success) and V(failed).
      type: str
    logical_date:
      description: Logical date of the run; null on Airflow 3 if none was given. All times are ISO 8601 in UTC.
      type: str
      sample: "2026-11-22T10:15:00Z"
    run_after:
      description: Time after which Airflow starts the run; on Airflow 2 the end of its data interval.
      type: str
    data_interval_start:
      description: Start of the run's data interval.
      type: str
    data_interval_end:
      description: End of the run's data interval.
      type: str
    start_date:
      description: When the run started; null while it is queued.
      type: str
    end_date:
      description: When the run ended; null before.
      type: str
    note:
      description: Note on the run.
      type: str
    url:
      description: The run in Airflow's web interface.
      type: str
tasks:
  description: The task instances that match the filters, sorted by their start.
  returned: success
  type: list
  elements: dict
  contains:
    task_id:
      description: Id of the task.
      type: str
      sample: load_orders
    map_index:
      description: Index of a mapped task instance; V(-1) when the task is not mapped.
      type: int
    loop_iteration:
      description: For a task instance in a loop (Airflow 3.4 and newer), C(loop_id) and C(iteration), the turn of the
        loop, counted from 0. Null outside of loops.
      type: dict
      sample: {"loop_id": "pages", "iteration": 2}
    id:
      description: Airflow's own id of the task instance. Each try has another id. Null on Airflow 2.
      type: str
    state:
      description: State of the task instance; null if Airflow has not looked at it yet.
      type: str
      sample: failed
    operator:
      description: Operator of the task.
      type: str
      sample: PythonOperator
    try_number:
      description: Number of the last try; V(0) if there was none.
      type: int
    max_tries:
      description: Number of retries of the task. The number of its last try is this number plus one.
      type: int
    start_date:
      description: When the last try started. ISO 8601 in UTC.
      type: str
    end_date:
      description: When the last try ended. ISO 8601 in UTC.
      type: str
    duration:
      description: Duration of the last try in seconds.
      type: float
    url:
      description: The task instance in Airflow's web interface.
      type: str
    log_tail:
      description:
        - The last lines of the last try's log, without colours and without Airflow's own lines (marks of log groups,
          Airflow's steps, deprecations, and the second report of a failure). Airflow's own frames of a traceback are
          replaced by one line, and so is an alert that could not be sent.
        - If the log cannot be read, a sentence that says why.
        - Null if it was not requested, and for tasks that did not fail.
      type: str
failed_tasks:
  description:
    - All task instances of the run that are V(failed) or V(upstream_failed), failed ones first, for any filters. Each
      has the keys of RV(tasks).
  returned: success
  type: list
  elements: dict
task_counts:
  description: Number of task instances of the run in each state, for any filters.
  returned: success
  type: dict
  sample: {"failed": 1, "success": 12, "upstream_failed": 1}
elapsed:
  description: Seconds from the start of the run to its end, or until now if it is active; 0 if it has not started.
  returned: success
  type: float
"""

import typing as t
from fnmatch import fnmatchcase

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._base.errors import BadInput, NotFound
from ..module_utils._base.inputs import check_task_names, dag_id_of, dag_run_id_of, lines_of
from ..module_utils._base.states import NO_STATE, STATES
from ..module_utils._base.text import one_line
from ..module_utils._module import AirflowModule
from ..module_utils._work.foreseen import foreseen
from ..module_utils._work.foreseen_runs import unseen_run
from ..module_utils._work.named_run import check_there, named_run
from ..module_utils._work.report import Report, without_tasks

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "dag_run_id": {"type": "str"},
    "state": {"type": "list", "elements": "str"},
    "task_id": {"type": "list", "elements": "str"},
    "log_lines": {"type": "int", "default": 0},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    dag_id = dag_id_of("dag_id", params["dag_id"])
    run_id = dag_run_id_of("dag_run_id", params["dag_run_id"]) if params["dag_run_id"] else None
    states = states_of(params["state"])
    check_task_names("task_id", params["task_id"] or ())
    log_lines = lines_of("log_lines", params["log_lines"])

    try:
        dag_run = named_run(airflow, dag_id, run_id)
    except NotFound as error:
        if not module.check_mode:
            raise
        module.warn(foreseen(error.message))
        return {"changed": False, "tasks": [], **without_tasks(airflow, unseen_run(airflow, dag_id, run_id or ""))}
    report = Report(airflow, dag_run, log_lines)
    check_there(params["task_id"] or (), dag_run, report.tasks)
    tasks = [
        task
        for task in report.tasks
        if (states is None or (task["state"] or NO_STATE) in states)
        and (params["task_id"] is None or any(fnmatchcase(task["task_id"], glob) for glob in params["task_id"]))
    ]
    return {"changed": False, "tasks": tasks, **report.result()}


def states_of(states: list[str] | None) -> list[str] | None:
    """Return the states to let through; BadInput for one that no task instance can be in."""
    if states is None:
        return None
    wanted = [NO_STATE if state == "none" else state for state in states]
    for state in wanted:
        if state not in (NO_STATE, *STATES):
            known = ", ".join((NO_STATE, *STATES))
            raise BadInput(f"state '{one_line(state, 60)}' is no state of a task instance; take one of {known}.")
    return wanted


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
