#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag_batch
short_description: Wait for DAGs of Apache Airflow, pause, unpause and run them one after the other
version_added: 1.0.0
description:
  - For each DAG, waits until Airflow has parsed it, pauses or unpauses it, triggers a run, and waits for its end. A DAG
    that is to run is unpaused with its run, so it stays paused if Airflow refuses the run.
  - The next DAG has its turn when the run of the one before has ended, even if it failed. If DAGs did not end well, the
    task then fails with one message that names these DAGs and the failed tasks of their runs. If Airflow does not
    answer or refuses the login, the task leaves out the other DAGs.
  - Checks all options before the first DAG. If an option is wrong, it changes nothing and names the item.
  - The role C(dagops.airflow.airflow_deploy) uses this module for its step C(run). To run DAGs at the same time, use
    M(dagops.airflow.airflow_dag_run_batch).
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.waiting
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  idempotent:
    support: partial
    details: With O(dags[].dag_run_id) or O(dags[].logical_date) the task adopts a run that exists, and waits for it
      without a change. Without them each call creates a new run.
options:
  dags:
    description:
      - The DAGs, in this order.
      - The list can also be JSON text, for example from the filter P(ansible.builtin.to_json#filter). ansible-core
        before 2.19 needs this for an expression that gives a list with a date without quotes.
    type: list
    elements: dict
    required: true
    suboptions:
      dag_id:
        description: Id of the DAG, such as V(etl_daily).
        type: str
        required: true
      paused:
        description: Whether the DAG is paused. If it is not set, the paused state does not change.
        type: bool
      trigger:
        description: Whether to run the DAG. If it is not set, the DAG runs unless O(dags[].paused=true). A DAG that is
          paused runs only with O(dags[].paused=false).
        type: bool
      dag_run_id:
        description: Id of the run, such as V(release-42), as in O(dagops.airflow.airflow_dag_run#module:dag_run_id).
        type: str
      logical_date:
        description: Logical date of the run, with a time zone, such as V(2026-11-22T10:15:00+00:00), as in
          O(dagops.airflow.airflow_dag_run#module:logical_date).
        type: str
      conf:
        description: Parameters of a new run. A mapping, or its JSON or YAML text. It stays visible in Ansible's output,
          and in Airflow. Put secrets into O(dags[].secret_conf).
        type: raw
      secret_conf:
        description: Secret parameters of the run, as in O(dagops.airflow.airflow_dag_run#module:secret_conf).
        type: dict
      note:
        description: Note on a new run, of at most 1000 characters. Needs Airflow 2.5 or newer.
        type: str
      wait:
        description: Whether to wait until the run has ended. Check mode does not wait.
        type: bool
        default: true
      wait_timeout:
        description: Seconds to wait for the end of the run; O(wait_timeout) if it is not set.
        type: float
      log_lines:
        description: How many lines to return from the log of each failed task; O(log_lines) if it is not set.
        type: int
  parse_timeout:
    description: Seconds to wait until a DAG is parsed.
    type: float
    default: 300
  parsed_after:
    description: Time when the files were copied, with its time zone, as in
      O(dagops.airflow.airflow_dag#module:parsed_after).
    type: str
  parse_margin:
    description: The parse must be at least this many seconds later than O(parsed_after), as in
      O(dagops.airflow.airflow_dag#module:parse_margin).
    type: float
    default: 30
  wait_timeout:
    description: Seconds to wait for the end of each run; V(0) looks once. If a run has not ended by then, it goes on,
      and its DAG did not end well.
    type: float
    default: 3600
seealso:
  - module: dagops.airflow.airflow_dag
  - module: dagops.airflow.airflow_dag_run
  - module: dagops.airflow.airflow_dag_run_batch
"""

EXAMPLES = r"""
- name: Run new versions of DAGs as a test, and keep one paused
  dagops.airflow.airflow_dag_batch:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dags:
      - dag_id: etl_orders
        paused: false
        dag_run_id: smoke-test-42
        conf: {region: eu}
      - dag_id: etl_users
        paused: true
    parsed_after: "{{ copied_at }}"
    wait_timeout: 900
"""

RETURN = r"""
dags:
  description: The results of the DAGs, in the order of O(dags). Failures have them, too.
  returned: success, and when DAGs did not end well
  type: list
  elements: dict
  contains:
    dag_id:
      description: Id of the DAG.
      type: str
      sample: etl_daily
    ok:
      description: Whether everything that was wanted was done, and the run has not failed.
      type: bool
    changed:
      description: Whether a run was created, or the DAG was paused or unpaused.
      type: bool
    dag_run:
      description: The run of the DAG in its last known state; empty if it has none. Its conf is not returned. In check
        mode a new run is a prediction.
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
          description: State of the run. One of V(queued), V(running), V(success) and V(failed); null if an answer was
            lost, and it is not known whether the run was created.
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
        id:
          description: Airflow's own id of the task instance. Each try has another id. Null on Airflow 2.
          type: str
        loop_iteration:
          description: For a task instance in a loop (Airflow 3.4 and newer), C(loop_id) and C(iteration), the turn of
            the loop, counted from 0. Null outside of loops.
          type: dict
          sample: {"loop_id": "pages", "iteration": 2}
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
            - The last lines of the last try's log, without the marks of log groups. Airflow's own frames of a traceback
              are replaced by one line. If the log cannot be read, a sentence that says why.
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
      description: Whether the DAG was not parsed, or the run had not ended, in time.
      type: bool
    message:
      description: What became of the DAG, in a sentence.
      type: str
      sample: DAG etl_users is parsed and is paused; no run is triggered.
    timeline:
      description: For a failed run, its tasks over time as lines of text, as from
        P(dagops.airflow.run_timeline#filter). Empty for all others.
      type: list
      elements: str
timed_out:
  description: Whether a DAG was not parsed, or a run had not ended, in time.
  returned: when that is so
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._module import AirflowModule
from ..module_utils._work.dag_batch import batch_of, run_dags

DAG_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "paused": {"type": "bool"},
    "trigger": {"type": "bool"},
    "dag_run_id": {"type": "str"},
    "logical_date": {"type": "str"},
    "conf": {"type": "raw"},
    "secret_conf": {"type": "dict", "no_log": True},
    "note": {"type": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float"},
    "log_lines": {"type": "int"},
}
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dags": {"type": "list", "elements": "dict", "required": True, "options": DAG_SPEC},
    "parse_timeout": {"type": "float", "default": 300.0},
    "parsed_after": {"type": "str"},
    "parse_margin": {"type": "float", "default": 30.0},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "log_lines": {"type": "int", "default": 20},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    return run_dags(airflow, batch_of(module.params, airflow), module.check_mode, module.warn)


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
