#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag_run_batch
short_description: Trigger many DAG runs of Apache Airflow, wait for them together, and say which tasks failed
version_added: 1.0.0
description:
  - Triggers each run exactly once, waits until all of them have ended, and then fails with the failed tasks of each
    run that failed.
  - All runs are checked before the first one is made. What can be known before, such as a wrong option, an unknown or
    paused DAG, or what this version of Airflow cannot do, refuses all of them, and names the item.
  - A run that Airflow refuses when it is triggered does not hold back the others.
  - Before the runs are made, each DAG is read once, and so is each run that has a O(runs[].dag_run_id) or a
    O(runs[].logical_date). However many runs there are, a look at them is one request, and one more for every 100
    active runs of their DAGs. A run that has ended is read once.
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
    details: A run with O(runs[].dag_run_id) or O(runs[].logical_date) that exists is adopted, and waited for, without a
      change. Without them each call makes a new run.
options:
  runs:
    description:
      - The runs, which are made in this order. No two items may name the same run.
      - A list that an expression results in may be JSON text, which P(ansible.builtin.to_json#filter) makes. Before
        version 2.19, ansible-core needs that for a list with a date that is not in quotes.
    type: list
    elements: dict
    required: true
    suboptions:
      dag_id:
        description: Id of the DAG, such as V(etl_daily).
        type: str
        required: true
      dag_run_id:
        description:
          - Id of the run, such as V(release-42), as in O(dagops.airflow.airflow_dag_run#module:dag_run_id).
          - If it is not set, a unique one is made before the run is triggered, unless O(runs[].logical_date) names a
            run.
        type: str
      logical_date:
        description: Logical date of the run, with a time zone, like V(2026-11-22T10:15:00+00:00), as in
          O(dagops.airflow.airflow_dag_run#module:logical_date). Alone, it adopts the run of that date.
        type: str
      conf:
        description: Parameters of a new run, a mapping, or its JSON or YAML text. It stays visible in Ansible's output,
          and in Airflow. Put secrets into O(runs[].secret_conf).
        type: raw
      secret_conf:
        description:
          - Secret parameters of the run, laid over O(runs[].conf) mapping by mapping. They are shown in no output of
            Ansible; Airflow stores them with the run, where its users can read them.
          - Ansible masks each value wherever it occurs. A value shorter than 6 characters, or one that is a part of an
            id in O(runs), O(api_url) or the name of a state, is therefore refused.
        type: dict
      note:
        description: Note on a new run, of at most 1000 characters. Needs Airflow 2.5 or newer.
        type: str
      data_interval_start:
        description: Start of a new run's data interval, with a time zone. Needs Airflow 2.9 or newer, and
          O(runs[].data_interval_end); on Airflow 3 also O(runs[].logical_date).
        type: str
      data_interval_end:
        description: End of a new run's data interval, with a time zone. Needs Airflow 2.9 or newer, and
          O(runs[].data_interval_start).
        type: str
      run_after:
        description: Moment, with a time zone, before which Airflow does not start a new run. Needs Airflow 3.0 or
          newer.
        type: str
      when_paused:
        description:
          - What to do if the DAG is paused. Runs of a paused DAG stay queued.
          - V(fail) refuses all runs before anything is written, unless an item before has the DAG unpaused. V(trigger)
            leaves it paused.
          - V(unpause) unpauses the DAG as soon as the run of this item is made. If a run of the DAG's schedule is due,
            Airflow makes it then as well, which is a warning.
        type: str
        choices: [fail, unpause, trigger]
        default: fail
      results:
        description: What tasks of the run have pushed and RV(runs[].results) returns, as in
          O(dagops.airflow.airflow_dag_run#module:results).
        type: list
        elements: str
  max_parallel:
    description: How many of the runs may be unfinished at a time, runs that were adopted included. The next one is made
      when one has ended. All are made at once if it is not set. Needs O(wait=true).
    type: int
  wait:
    description: Whether to wait until the runs have ended. Check mode does not wait.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for the end of all runs; V(0) looks once. When a run has not ended by then, the task
      fails, runs that were made go on, and no further one is made.
    type: float
    default: 3600
seealso:
  - module: dagops.airflow.airflow_dag_run
  - module: dagops.airflow.airflow_dag_run_wait
"""

EXAMPLES = r"""
- name: Run some DAGs at the same time
  dagops.airflow.airflow_dag_run_batch:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    runs:
      - dag_id: etl_orders
        when_paused: unpause
      - dag_id: etl_users
        conf:
          region: eu

- name: Run a DAG for each day, two at a time, and each day once
  dagops.airflow.airflow_dag_run_batch:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    runs:
      - dag_id: etl_daily
        dag_run_id: again-2025-11-20
        conf: {day: "2025-11-20"}
      - dag_id: etl_daily
        dag_run_id: again-2025-11-21
        conf: {day: "2025-11-21"}
      - dag_id: etl_daily
        dag_run_id: again-2025-11-22
        conf: {day: "2025-11-22"}
    max_parallel: 2
"""

RETURN = r"""
runs:
  description: What has become of the runs, in the order of O(runs). Failures have them, too, so that no run that was
    made is lost.
  returned: success, and when runs have failed, have not ended or could not be made
  type: list
  elements: dict
  contains:
    dag_run:
      description: The run, as it was seen last. Null when it was not made. Its conf is not returned. In check mode that
        of a new run is a prediction.
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
          description: State of the run. One of V(queued), V(running), V(success) and V(failed); null when an answer got
            lost, and nobody knows whether the run was made.
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
    changed:
      description: Whether the run was made, or its DAG unpaused for it.
      type: bool
    msg:
      description: What went wrong with this run, in a sentence; null when nothing did.
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
            - The last lines of the last try's log, without the marks of log groups, and with Airflow's own frames of a
              traceback summed up in one line. If the log cannot be read, a sentence that says why.
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
    results:
      description: Of an item with O(runs[].results), what the tasks have pushed, by these words. Null when the run has
        not succeeded, and in check mode.
      type: dict
      sample: {"publish": {"rows": 3}}
timed_out:
  description: Whether the task failed because runs had not ended in time.
  returned: when the wait timed out
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._module import AirflowModule
from ..module_utils._work.batch import batch_of, run_batch
from ..module_utils._work.many_runs import waiting_of

RUN_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "dag_run_id": {"type": "str"},
    "logical_date": {"type": "str"},
    "conf": {"type": "raw"},
    "secret_conf": {"type": "dict", "no_log": True},
    "note": {"type": "str"},
    "data_interval_start": {"type": "str"},
    "data_interval_end": {"type": "str"},
    "run_after": {"type": "str"},
    "when_paused": {"type": "str", "choices": ["fail", "unpause", "trigger"], "default": "fail"},
    "results": {"type": "list", "elements": "str"},
}
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "runs": {"type": "list", "elements": "dict", "required": True, "options": RUN_SPEC},
    "max_parallel": {"type": "int"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "log_lines": {"type": "int", "default": 20},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    batch = batch_of(module.params, waiting_of(module.params), airflow)
    return run_batch(airflow, batch, module.check_mode, module.warn)


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
