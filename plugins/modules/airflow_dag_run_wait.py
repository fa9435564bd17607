#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag_run_wait
short_description: Wait for many DAG runs of Apache Airflow at once
version_added: 1.0.0
description:
  - Waits until all of the given runs have ended. If runs failed, then fails with the failed tasks of each of these
    runs.
  - For any number of runs, each check is one request, plus one request for every 100 active runs of their DAGs. A run
    that has ended is read once.
  - Check mode looks once, and does not fail because of a run. It ignores runs that do not exist, because earlier tasks
    may trigger them.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.waiting
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  runs:
    description:
      - The runs, each with C(dag_id) and C(dag_run_id). Other keys are ignored, so you can use
        RV(dagops.airflow.airflow_dag_run#module:dag_run) of results of M(dagops.airflow.airflow_dag_run) directly.
      - With an empty list the task ends at once.
    type: list
    elements: dict
    required: true
  wait_timeout:
    description: Seconds to wait for the end of all runs; V(0) looks once. If a run has not ended by then, the task
      fails and the run goes on.
    type: float
    default: 3600
seealso:
  - module: dagops.airflow.airflow_dag_run
"""

EXAMPLES = r"""
- name: Start a run of each DAG
  dagops.airflow.airflow_dag_run:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: "{{ item }}"
    wait: false
  loop: [etl_orders, etl_users]
  register: started

- name: Wait for all of them
  dagops.airflow.airflow_dag_run_wait:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    runs: "{{ started.results | map(attribute='dag_run') | list }}"
"""

RETURN = r"""
runs:
  description: The runs in the order of O(runs), in their last known state. Failures have them, too. In check mode,
    their current state; if a run does not exist, the module warns and returns it as queued, without C(url).
  returned: success, and when runs have failed or not ended
  type: list
  elements: dict
  contains:
    dag_run:
      description: The run. Its conf is not returned.
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
    failed_tasks:
      description: For a failed run, the task instances that are V(failed) or V(upstream_failed), failed ones first. For
        other runs they are not read.
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
          description: For a task instance in a loop (Airflow 3.4 and newer), C(loop_id) and C(iteration), the turn of
            the loop, counted from 0. Null outside of loops.
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
            - The last lines of the last try's log, without colours and without Airflow's own lines (marks of log
              groups, Airflow's steps, deprecations, and the second report of a failure). Airflow's own frames of a
              traceback are replaced by one line, and so is an alert that could not be sent.
            - If the log cannot be read, a sentence that says why.
            - Null if it was not requested, and for tasks that did not fail.
          type: str
    task_counts:
      description: For a failed run, the number of task instances in each state; C(no_status) are those that Airflow has
        not looked at yet.
      type: dict
      sample: {"failed": 1, "success": 12, "upstream_failed": 1}
    elapsed:
      description: Seconds from the start of the run to its end, or until now if it is active; 0 if it has not started.
      type: float
timed_out:
  description: Whether the task failed because runs had not ended in time.
  returned: when the wait timed out
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._module import AirflowModule
from ..module_utils._work.many_runs import keys_of, seen_runs, wait_for_runs, waiting_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "runs": {"type": "list", "elements": "dict", "required": True},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "log_lines": {"type": "int", "default": 20},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    keys = keys_of(module.params["runs"])
    waiting = waiting_of(module.params)
    if module.check_mode or not keys:
        return {"changed": False, **seen_runs(airflow, keys, module.warn)}
    return {"changed": False, **wait_for_runs(airflow, keys, waiting)}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
