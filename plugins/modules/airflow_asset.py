#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_asset
short_description: Create an event of an asset of Apache Airflow, or materialize it
version_added: 1.0.0
description:
  - Tells Airflow exactly once that an asset (a dataset of Airflow 2) was updated. Waits for the runs of the named DAGs
    that are scheduled by the asset.
  - Runs the DAG that produces an asset, or removes its queued events.
  - Airflow knows an asset as soon as it has read a DAG that uses it. Needs Airflow 2.9.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.waiting
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details: If the asset does not exist, the module warns.
  idempotent:
    support: partial
    details: Only with O(state=unqueued). Each other call creates an event, or a run.
options:
  name:
    description: Name of the asset, such as V(orders). Needs Airflow 3.0. One of O(name) and O(uri) is required.
    type: str
  uri:
    description: URI of the asset as Airflow shows it, such as V(s3://lake/orders.csv).
    type: str
  extra:
    description:
      - Data of the event. A mapping, or its JSON or YAML text. It stays visible in Ansible's output, and in Airflow.
      - The module adds the key C(ansible_event_id). If the answer of Airflow is lost, it looks for the event with this
        key.
    type: raw
  state:
    description:
      - V(updated) creates an event.
      - V(materialized) runs the DAG that produces the asset. Needs Airflow 3.0.
      - V(unqueued) removes the queued events of the asset. Airflow keeps one for each DAG that waits for further
        assets.
    type: str
    choices: [updated, materialized, unqueued]
    default: updated
  wait_for:
    description:
      - Ids of DAGs that are scheduled by the asset. The task waits for the runs that the event starts, and fails if one
        of them fails.
      - A paused DAG never gets the event. If one of these DAGs is paused, the task fails before it creates the event.
        For other paused DAGs the task warns.
      - If a DAG waits for further assets, its run starts only when these assets have events, too.
      - DAGs that are scheduled by an alias of the asset cannot be used here.
    type: list
    elements: str
  wait:
    description: Whether to wait for the runs of O(wait_for), and for the run of O(state=materialized). Check mode does
      not wait.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait until the runs are created and have ended; V(0) looks once. Runs that have not ended by
      then fail the task, and go on.
    type: float
    default: 3600
seealso:
  - module: dagops.airflow.airflow_dag_run
"""

EXAMPLES = r"""
- name: Tell Airflow of a new file, and wait for the DAG that loads it
  dagops.airflow.airflow_asset:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    uri: s3://lake/orders.csv
    extra:
      rows: 42
    wait_for: [load_orders]

- name: Materialize an asset with the DAG that produces it
  dagops.airflow.airflow_asset:
    name: report
    state: materialized

- name: Remove the events that wait for other assets
  dagops.airflow.airflow_asset:
    uri: s3://lake/orders.csv
    state: unqueued
"""

RETURN = r"""
asset:
  description: The asset; null in check mode if it does not exist.
  returned: success, and when runs have failed or not ended
  type: dict
  contains:
    id:
      description: Number of the asset. Each server has its own numbers.
      type: int
      sample: 7
    name:
      description: Name of the asset; on Airflow 2 its URI.
      type: str
      sample: orders
    uri:
      description: URI of the asset.
      type: str
      sample: s3://lake/orders.csv
    scheduled_dags:
      description: Ids of the DAGs that are scheduled by it.
      type: list
      elements: str
      sample: [load_orders]
    producing_dags:
      description: Ids of the DAGs that produce it.
      type: list
      elements: str
      sample: []
event:
  description: The event that was created; null in check mode and with other states. Its O(extra) is not returned.
  returned: success, and when runs have failed or not ended
  type: dict
  contains:
    id:
      description: Number of the event.
      type: int
      sample: 42
    timestamp:
      description: When it was created. All times are ISO 8601 in UTC.
      type: str
      sample: "2026-11-22T10:15:00Z"
    created_dagruns:
      description: The runs that it had started when it was created. RV(runs) has the runs that the task waited for.
      type: list
      elements: dict
      sample: []
queued_for:
  description: Ids of the DAGs that the event was queued for. These are the DAGs that are scheduled by the asset and not
    paused.
  returned: success, and when runs have failed or not ended
  type: list
  elements: str
  sample: [load_orders]
runs:
  description: The runs that the task waited for, and the run of O(state=materialized), in their last known state.
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
  description: Whether the task failed because runs were not created or had not ended in time.
  returned: when the wait timed out
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._base.errors import AirflowError
from ..module_utils._module import AirflowModule
from ..module_utils._work.assets import fulfil, is_waited_for, runs_of, seen_runs, wish_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str"},
    "uri": {"type": "str"},
    "extra": {"type": "raw"},
    "state": {"type": "str", "choices": ["updated", "materialized", "unqueued"], "default": "updated"},
    "wait_for": {"type": "list", "elements": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "log_lines": {"type": "int", "default": 20},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    done = fulfil(airflow, wish, module.check_mode)
    for sentence in done.warnings:
        module.warn(sentence)
    try:
        runs = runs_of(airflow, wish, done) if is_waited_for(wish, done) else seen_runs(airflow, done)
    except AirflowError as error:
        error.details.update(done.result(error.details.get("runs", ())))
        raise
    return done.result(runs)


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
