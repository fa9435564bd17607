#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_asset
short_description: Make an event of an asset of Apache Airflow, or materialize it
version_added: 1.0.0
description:
  - Tells Airflow that an asset (a dataset of Airflow 2) was updated, exactly once, and waits for the runs of DAGs that
    are scheduled by it, when they are named.
  - Runs the DAG that produces an asset, or removes its queued events.
  - An asset is there as soon as Airflow has read a DAG that uses it. Needs Airflow 2.9.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.waiting
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details: An asset that does not exist is a warning.
  idempotent:
    support: partial
    details: With O(state=unqueued) only. Each other call makes an event, or a run.
options:
  name:
    description: Name of the asset, such as V(orders). Needs Airflow 3.0. One of O(name) and O(uri) is required.
    type: str
  uri:
    description: URI of the asset as Airflow shows it, such as V(s3://lake/orders.csv).
    type: str
  extra:
    description:
      - What the event carries. A mapping, or its JSON or YAML text. It stays visible in Ansible's output, and in
        Airflow.
      - The key C(ansible_event_id) is added, by which the event is looked up when the answer of Airflow gets lost.
    type: raw
  state:
    description:
      - V(updated) makes an event.
      - V(materialized) runs the DAG that produces the asset. Needs Airflow 3.0.
      - V(unqueued) removes the queued events of the asset. Airflow keeps one for each DAG that waits for further
        assets.
    type: str
    choices: [updated, materialized, unqueued]
    default: updated
  wait_for:
    description:
      - Ids of DAGs that are scheduled by the asset. The task waits for the runs that the event leads to, and fails
        when one of them fails.
      - A paused DAG misses an event. If one of these is paused, the task fails before the event is made; another one is
        a warning.
      - A DAG that waits for further assets makes no run before these have events, too.
      - DAGs that are scheduled by an alias of the asset cannot be named.
    type: list
    elements: str
  wait:
    description: Whether to wait for the runs of O(wait_for), and for that of O(state=materialized). Check mode does not
      wait.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait until the runs are made and have ended; V(0) looks once. Runs that have not ended by
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

- name: Make an asset anew by the DAG that produces it
  dagops.airflow.airflow_asset:
    name: report
    state: materialized

- name: Forget the events that wait for others
  dagops.airflow.airflow_asset:
    uri: s3://lake/orders.csv
    state: unqueued
"""

RETURN = r"""
asset:
  description: The asset; null in check mode when it does not exist.
  returned: success, and when runs have failed or not ended
  type: dict
  contains:
    id:
      description: Number of the asset, which differs from server to server.
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
  description: The event that was made; null in check mode and with other states. Its O(extra) is not returned.
  returned: success, and when runs have failed or not ended
  type: dict
  contains:
    id:
      description: Number of the event.
      type: int
      sample: 42
    timestamp:
      description: When it was made. All times are ISO 8601 in UTC.
      type: str
      sample: "2026-11-22T10:15:00Z"
    created_dagruns:
      description: The runs that it had led to when it was made. RV(runs) has those that were waited for.
      type: list
      elements: dict
      sample: []
queued_for:
  description: Ids of the DAGs for which the event was queued, which are those that are scheduled by the asset and not
    paused.
  returned: success, and when runs have failed or not ended
  type: list
  elements: str
  sample: [load_orders]
runs:
  description: The runs that were waited for, and that of O(state=materialized), as they were seen last.
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
      description: Of a failed run, the task instances that are V(failed) or V(upstream_failed), failed ones first.
        Those of other runs are not read.
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
    task_counts:
      description: Of a failed run, how many task instances are in which state; C(no_status) are those that Airflow has
        not looked at yet.
      type: dict
      sample: {"failed": 1, "success": 12, "upstream_failed": 1}
    elapsed:
      description: Seconds from the start of the run to its end, or until now when it is active; 0 when it has not
        started.
      type: float
timed_out:
  description: Whether the task failed because runs were not made or had not ended in time.
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
