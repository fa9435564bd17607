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
  - Clears task instances of one DAG run, so that they run again, or marks them V(success), V(failed) or V(skipped), and
    waits for the run if that is wanted.
  - Airflow clears, for a task that is marked, all tasks after it in the same run that are V(failed) or
    V(upstream_failed), and queues a run that has ended. So a mark can start work. RV(also_cleared) names these tasks.
  - All tasks of a run are cleared by M(dagops.airflow.airflow_dag_run) with O(state=cleared).
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.waiting
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details: Airflow's own dry run says which task instances would be touched.
  idempotent:
    support: partial
    details:
      - Marking task instances that are in that state already changes nothing.
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
      - Ids of tasks, or shell patterns of them, such as V(load_*). Each has to hit a task of the run.
      - Exactly one of O(task_id) and O(task_group) is required.
    type: list
    elements: str
  task_group:
    description:
      - Id of a task group, all tasks of which are meant, those of groups in it, too.
      - Airflow tells since 3.3 which tasks a group has. Before that they are the tasks whose ids begin with that of the
        group and a dot, which is so unless the DAG sets C(prefix_group_id=False).
    type: str
  map_index:
    description:
      - Map indices of the mapped task instances that are meant, such as V(4); V(-1) is a task that is not mapped.
        Without it, all instances of a task are meant.
      - Each index has to hit an instance, and each item of O(task_id) has to have an instance with one of the indices.
      - With O(state=cleared) it needs Airflow 3, since Airflow 2 clears all instances of a task.
    type: list
    elements: int
  state:
    description:
      - V(cleared) runs the task instances again. The run is queued, if it has ended.
      - V(success), V(failed) and V(skipped) mark them. A task that is running is stopped by that.
      - Marked tasks alone do not change the state of a run that has ended. If nothing in it runs again, mark the run,
        too, by M(dagops.airflow.airflow_dag_run). A warning says so when tasks of a run that has succeeded are marked
        failed, or all that failed in a failed run are marked otherwise.
      - V(skipped) needs Airflow 2.7 or newer, marks on mapped tasks need Airflow 2.5 or newer.
      - In check mode a run that does not exist is a warning, since a task before may be the one that would make it.
    type: str
    choices: [cleared, success, failed, skipped]
    default: cleared
  upstream:
    description: Whether all tasks before them are meant, too.
    type: bool
    default: false
  downstream:
    description: Whether all tasks after them are meant, too. Newer versions of Airflow 3 do not mark
      teardown tasks then.
    type: bool
    default: false
  only_failed:
    description: With O(state=cleared), whether only those are cleared that are V(failed) or V(upstream_failed).
    type: bool
    default: true
  latest_version:
    description: With O(state=cleared), whether they run by the newest version of the DAG, and not by the one that the
      run was made with. Needs Airflow 3.1 or newer. If it is V(false), Airflow does what it is set up to do.
    type: bool
    default: false
  when_paused:
    description:
      - What to do when the DAG is paused, since tasks that are cleared then do not start.
      - V(fail) fails before anything is written. V(trigger) leaves it paused. V(unpause) unpauses it afterwards.
      - It counts for O(state=cleared), and with O(wait=true) for marks that set tasks going.
    type: str
    choices: [fail, unpause, trigger]
    default: fail
  wait:
    description:
      - Whether to wait until the run has ended. The task fails when the run has failed, with the failed tasks and the
        reasons from their logs, unless O(state=failed). Check mode does not wait.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait for the end of the run; V(0) looks once. A run that goes on then fails the task.
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

- name: Go on as if these tasks had ended well; what has failed after them runs again
  dagops.airflow.airflow_task:
    dag_id: etl_nightly
    dag_run_id: "release-{{ release }}"
    task_id: ["check_*"]
    state: success
    wait: true

- name: Run all tasks of a group again, also those that ended well
  dagops.airflow.airflow_task:
    dag_id: etl_nightly
    dag_run_id: "release-{{ release }}"
    task_group: load
    only_failed: false

- name: Skip one part of a mapped task, as if it had nothing to do
  dagops.airflow.airflow_task:
    dag_id: etl_nightly
    dag_run_id: "release-{{ release }}"
    task_id: load_parts
    map_index: 4
    state: skipped
"""

RETURN = r"""
tasks:
  description: The task instances that were cleared or marked, as they are now; in check mode those that would be, as
    they are. Empty when nothing was to be done.
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
      description: Of a task instance in a loop (Airflow 3.4 and newer), C(loop_id) and C(iteration), the turn as
        Airflow counts it, from 0. Null outside of loops.
      type: dict
      sample: {"loop_id": "pages", "iteration": 2}
    id:
      description: Airflow's own id of the task instance, which differs from try to try; null on Airflow 2.
      type: str
    state:
      description: State of the task instance; null when Airflow has not looked at it yet.
      type: str
      sample: failed
    operator:
      description: Operator of the task.
      type: str
      sample: PythonOperator
    try_number:
      description: Number of the last try; V(0) when there was none.
      type: int
    max_tries:
      description: How many retries the task has, so that its last try is this number plus one.
      type: int
    start_date:
      description: When the last try started. ISO 8601 in UTC.
      type: str
    end_date:
      description: When the last try ended. ISO 8601 in UTC.
      type: str
    duration:
      description: Seconds that the last try took.
      type: float
    url:
      description: The task instance in Airflow's web interface.
      type: str
    log_tail:
      description:
        - The last lines of the last try's log that are not Airflow's own. Left out are the marks of log groups,
          Airflow's steps, deprecations, and the second report of a failure. Airflow's own frames of a traceback are
          summed up in one line, and so is an alert that could not be sent. No colours.
        - A sentence that says why, when the log cannot be read.
        - Null when it was not asked for, and for tasks that did not fail.
      type: str
    wanted:
      description: The O(state) that was wanted.
      type: str
      sample: cleared
also_cleared:
  description:
    - The task instances that Airflow has cleared since they had failed after one that was marked, as they are now; in
      check mode those that it would clear.
    - Each has the keys of RV(tasks), but for C(wanted).
  returned: success, when the run has failed, and when the wait timed out
  type: list
  elements: dict
dag_run:
  description: The run, as it was seen last; in check mode as it would be. Its conf is not returned.
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
      description: Logical date of the run; null on Airflow 3 when none was given. All times are ISO 8601 in UTC.
      type: str
      sample: "2026-11-22T10:15:00Z"
    run_after:
      description: Moment after which Airflow starts the run; on Airflow 2 the end of its data interval.
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
    - Each has the keys of RV(tasks), but for C(wanted).
  returned: with O(wait)
  type: list
  elements: dict
task_counts:
  description: How many task instances are in which state; C(no_status) are those that Airflow has not looked at yet.
  returned: with O(wait)
  type: dict
  sample: {"failed": 1, "success": 12, "upstream_failed": 1}
elapsed:
  description: Seconds from the start of the run to its end, or until now when it is active; 0 before it has started.
  returned: with O(wait)
  type: float
reason:
  description: What holds the run up, as far as Airflow shows it, as in the message. Empty when nothing is known.
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
