#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_task
short_description: Clear task instances of an Apache Airflow DAG run, or mark them
version_added: 1.0.0
description:
  - Clears task instances of one DAG run, so that they run again, or marks them V(success), V(failed) or V(skipped). Can
    wait for the run.
  - If a task is marked, Airflow clears all tasks after it in the same run that are V(failed) or V(upstream_failed), and
    queues a run that has ended. So a mark can start tasks. RV(also_cleared) names these tasks.
  - To clear all tasks of a run, use M(dagops.airflow.airflow_dag_run) with
    O(dagops.airflow.airflow_dag_run#module:state=cleared).
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.waiting
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details: Airflow's own dry run says which task instances would be changed.
  idempotent:
    support: partial
    details:
      - A mark on task instances that already have this state changes nothing.
      - O(state=cleared) with O(only_failed=false) runs the tasks again at each call.
options:
  dag_id:
    description: Id of the DAG, such as V(etl_nightly).
    type: str
    required: true
  dag_run_id:
    description: Id of the run, such as V(release-42).
    type: str
    required: true
  task_id:
    description:
      - Ids of tasks, or shell patterns, such as V(load_*). Each must match a task of the run.
      - Exactly one of O(task_id) and O(task_group) is required.
    type: list
    elements: str
  task_group:
    description:
      - Id of a task group. Selects all tasks of the group, and of the groups inside it.
      - From 3.3 on, Airflow shows which tasks a group has. Before 3.3 the module takes the tasks whose ids begin with
        the id of the group and a dot. This is wrong if the DAG sets C(prefix_group_id=False).
    type: str
  map_index:
    description:
      - Map indices of mapped task instances, such as V(4); V(-1) is a task that is not mapped. If it is not set, all
        instances of a task are selected.
      - Each index must belong to an instance, and each item of O(task_id) must have an instance with one of the
        indices.
      - With O(state=cleared) it needs Airflow 3, because Airflow 2 clears all instances of a task.
    type: list
    elements: int
  state:
    description:
      - V(cleared) runs the task instances again. If the run has ended, it is queued.
      - V(success), V(failed) and V(skipped) mark them. This stops a running task.
      - Marks on tasks do not change the state of a run that has ended. If nothing in it runs again, also mark the run,
        with M(dagops.airflow.airflow_dag_run). The module warns if tasks of a run that has succeeded are marked failed,
        or if all failed tasks of a failed run get another mark.
      - V(skipped) needs Airflow 2.7 or newer, marks on mapped tasks need Airflow 2.5 or newer.
      - In check mode the module only warns if a run does not exist, because an earlier task may create it.
    type: str
    choices: [cleared, success, failed, skipped]
    default: cleared
  upstream:
    description: Whether to also select all tasks before them.
    type: bool
    default: false
  downstream:
    description: Whether to also select all tasks after them. Newer versions of Airflow 3 then do not mark teardown
      tasks.
    type: bool
    default: false
  only_failed:
    description: With O(state=cleared), whether to clear only task instances that are V(failed) or V(upstream_failed).
      If there are none, nothing is cleared, and the task warns.
    type: bool
    default: true
  latest_version:
    description: With O(state=cleared), whether to run the newest version of the DAG in place of the version that the
      run was created with. Airflow 2 always does so. Airflow 3 needs 3.1 or newer. If it is V(false), the configuration
      of Airflow decides.
    type: bool
    default: false
  when_paused:
    description:
      - What to do if the DAG is paused. Cleared tasks of a paused DAG do not start.
      - V(fail) fails before anything is written. V(trigger) leaves it paused. V(unpause) unpauses it at the end.
      - It applies to O(state=cleared), and with O(wait=true) to marks that start tasks.
    type: str
    choices: [fail, unpause, trigger]
    default: fail
  wait:
    description:
      - Whether to wait until the run has ended. If the run has failed, the task fails with the failed tasks and the
        reasons from their logs, unless O(state=failed). Check mode does not wait.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait for the end of the run; V(0) looks once. If the run has not ended by then, the task
      fails.
    type: float
    default: 3600
seealso:
  - module: dagops.airflow.airflow_dag_run
  - module: dagops.airflow.airflow_task_info
"""

EXAMPLES = r"""
- name: Run a failed task again, with all that failed after it, and wait for the run
  dagops.airflow.airflow_task:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_nightly
    dag_run_id: "release-{{ release }}"
    task_id: load_orders
    downstream: true
    wait: true

- name: Mark tasks as success; failed tasks after them run again
  dagops.airflow.airflow_task:
    dag_id: etl_nightly
    dag_run_id: "release-{{ release }}"
    task_id: ["check_*"]
    state: success
    wait: true

- name: Run all tasks of a group again, also those that succeeded
  dagops.airflow.airflow_task:
    dag_id: etl_nightly
    dag_run_id: "release-{{ release }}"
    task_group: load
    only_failed: false

- name: Mark one instance of a mapped task as skipped
  dagops.airflow.airflow_task:
    dag_id: etl_nightly
    dag_run_id: "release-{{ release }}"
    task_id: load_parts
    map_index: 4
    state: skipped
"""

RETURN = r"""
tasks:
  description: The task instances that were cleared or marked, in their current state; in check mode those that would
    be. Empty if there was nothing to do.
  returned: success, when the run has failed, and when the wait timed out
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
    wanted:
      description: The wanted O(state).
      type: str
      sample: cleared
also_cleared:
  description:
    - The failed task instances after a marked one that Airflow has cleared, in their current state; in check mode those
      that it would clear.
    - Each has the keys of RV(tasks), except C(wanted).
  returned: success, when the run has failed, and when the wait timed out
  type: list
  elements: dict
dag_run:
  description: The run in its last known state; in check mode the expected run. Its conf is not returned.
  returned: success, and in failures after the run was found
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
      description: Type of the run, such as V(manual).
      type: str
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
  description:
    - The task instances of the run that are V(failed) or V(upstream_failed), failed ones first; empty in check mode.
    - Each has the keys of RV(tasks), except C(wanted).
  returned: with O(wait)
  type: list
  elements: dict
task_counts:
  description: Number of task instances in each state; C(no_status) are those that Airflow has not looked at yet.
  returned: with O(wait)
  type: dict
  sample: {"failed": 1, "success": 12, "upstream_failed": 1}
elapsed:
  description: Seconds from the start of the run to its end, or until now if it is active; 0 if it has not started.
  returned: with O(wait)
  type: float
reason:
  description: Why the run is waiting, as far as Airflow shows it, as in the message. Empty if no reason is known.
  returned: when the wait timed out
  type: str
  sample: "its DAG is paused, so no task of it starts: unpause the DAG"
timed_out:
  description: Whether the task failed because the run had not ended in time.
  returned: when the wait timed out
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._module import AirflowModule
from ..module_utils._work.repair import outcome, repair
from ..module_utils._work.task_wishes import wish_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "dag_run_id": {"type": "str", "required": True},
    "task_id": {"type": "list", "elements": "str"},
    "task_group": {"type": "str"},
    "map_index": {"type": "list", "elements": "int"},
    "state": {"type": "str", "choices": ["cleared", "success", "failed", "skipped"], "default": "cleared"},
    "upstream": {"type": "bool", "default": False},
    "downstream": {"type": "bool", "default": False},
    "only_failed": {"type": "bool", "default": True},
    "latest_version": {"type": "bool", "default": False},
    "when_paused": {"type": "str", "choices": ["fail", "unpause", "trigger"], "default": "fail"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "log_lines": {"type": "int", "default": 20},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wish = wish_of(module.params, airflow)
    done = repair(airflow, wish, module.check_mode)
    for sentence in done.warnings:
        module.warn(sentence)
    return outcome(airflow, wish, done, module.check_mode, module.warn)


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
