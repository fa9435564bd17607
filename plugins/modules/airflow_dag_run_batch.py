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
  - Triggers each run exactly once, and waits until all runs have ended. If runs failed, then fails with the failed
    tasks of each of these runs.
  - Checks all runs before it creates the first one. If an item has a problem that can be seen before, such as a wrong
    option, an unknown or paused DAG, or an option that this version of Airflow does not have, it creates no run and
    names the item.
  - If Airflow refuses a run when it is triggered, the other runs are still created.
  - Before the runs are created, each DAG is read once, and each run with a O(runs[].dag_run_id) or a
    O(runs[].logical_date) is read once. For any number of runs, each check is one request, plus one request for every
    100 active runs of their DAGs. A run that has ended is read once.
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
    details: With O(runs[].dag_run_id) or O(runs[].logical_date) the task adopts a run that exists, and waits for it
      without a change. Without them each call creates a new run.
options:
  runs:
    description:
      - The runs. They are created in this order. Two items must not name the same run.
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
      dag_run_id:
        description:
          - Id of the run, such as V(release-42), as in O(dagops.airflow.airflow_dag_run#module:dag_run_id).
          - If it is not set, the module creates a unique id before it triggers the run, unless O(runs[].logical_date)
            names a run.
        type: str
      logical_date:
        description: Logical date of the run, with a time zone, such as V(2026-11-22T10:15:00+00:00), as in
          O(dagops.airflow.airflow_dag_run#module:logical_date). Without a run id, the task adopts the run of this date.
        type: str
      conf:
        description: Parameters of a new run. A mapping, or its JSON or YAML text. It stays visible in Ansible's output,
          and in Airflow. Put secrets into O(runs[].secret_conf).
        type: raw
      secret_conf:
        description:
          - Secret parameters of the run. They are merged into O(runs[].conf), mapping by mapping. No output of Ansible
            shows them. Airflow stores them with the run, where its users can read them.
          - Ansible masks each value everywhere in its output. So the module refuses a value that is shorter than 6
            characters or that is a part of an id in O(runs), O(api_url) or the name of a state.
        type: dict
      note:
        description: Note on a new run, of at most 1000 characters. Needs Airflow 2.5 or newer.
        type: str
      data_interval_start:
        description: Start of a new run's data interval, with a time zone. Needs Airflow 2.9 or newer, and
          O(runs[].data_interval_end). On Airflow 3 it also needs O(runs[].logical_date).
        type: str
      data_interval_end:
        description: End of a new run's data interval, with a time zone. Needs Airflow 2.9 or newer, and
          O(runs[].data_interval_start).
        type: str
      run_after:
        description: Time, with a time zone, before which Airflow does not start a new run. Needs Airflow 3.0 or newer.
        type: str
      when_paused:
        description:
          - What to do if the DAG is paused. Runs of a paused DAG stay queued.
          - V(fail) refuses all runs before anything is written, unless an earlier item unpauses the DAG. V(trigger)
            leaves it paused.
          - V(unpause) unpauses the DAG as soon as the run of this item is created. If a run of the DAG's schedule is
            due, Airflow then also creates this run, and the task warns.
        type: str
        choices: [fail, unpause, trigger]
        default: fail
      results:
        description: Values of tasks to return in RV(runs[].results), as in
          O(dagops.airflow.airflow_dag_run#module:results).
        type: list
        elements: str
  max_parallel:
    description: Maximum number of runs that have not ended at a time, with the adopted runs. The next run is created
      when one has ended. If it is not set, all runs are created at once. Needs O(wait=true).
    type: int
  wait:
    description: Whether to wait until the runs have ended. Check mode does not wait.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for the end of all runs; V(0) looks once. If a run has not ended by then, the task
      fails. Runs that were created go on, and no more runs are created.
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
  description: The results of the runs, in the order of O(runs). Failures have them, too, so that no created run is
    lost.
  returned: success, and when runs have failed, have not ended or could not be made
  type: list
  elements: dict
  contains:
    dag_run:
      description: The run in its last known state. Null if it was not created. Its conf is not returned. In check mode
        a new run is a prediction.
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
    changed:
      description: Whether the run was created, or its DAG was unpaused for it.
      type: bool
    msg:
      description: The error of this run, in a sentence; null if there was none.
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
    results:
      description: For an item with O(runs[].results), the values of the tasks, by the items of that list. Null if the
        run has not succeeded, in check mode, and for a value that cannot be read; RV(runs[].msg) has the reason.
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
