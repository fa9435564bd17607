#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_backfill
short_description: Run a DAG of Apache Airflow 3 for all dates of a range, and wait for these runs
version_added: 1.0.0
description:
  - Creates a backfill, which runs a DAG for each date of its schedule in a range. Waits until these runs have ended. If
    some runs failed, fails with the failed tasks and the reasons from their logs.
  - A DAG can have one active backfill at a time. If an active backfill has the same options, the task waits for it. If
    it has other options, the task fails and writes nothing. Airflow needs up to 30 seconds to see that all runs have
    ended, and the task waits for this.
  - Needs Airflow 3.0, because the API of Airflow 2 has no backfills.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details:
      - Airflow's own dry run says which dates would be run.
      - If the DAG does not exist yet, the module warns, and the dates are not known.
  idempotent:
    support: partial
    details:
      - With O(reprocess=none) dates that have a run are not run again.
      - With O(reprocess=failed) and O(reprocess=completed) each call runs these existing runs again.
options:
  dag_id:
    description: Id of the DAG, such as V(etl_daily). Required unless O(backfill_id) is given.
    type: str
  from_date:
    description: First date of the range. A day such as V(2025-11-01), which means midnight in UTC, or a time with its
      time zone such as V(2025-11-01T06:00:00+00:00).
    type: str
  to_date:
    description: Last date of the range, as in O(from_date). The range includes it. Days that are not over yet have no
      run.
    type: str
  backfill_id:
    description: Number of a backfill that exists, in place of O(dag_id), O(from_date) and O(to_date). The task waits
      for it, or cancels it.
    type: int
  state:
    description:
      - V(triggered) creates the backfill, unless it exists or there is nothing to do.
      - V(cancelled) cancels the backfill, and marks its active runs failed. Their tasks end some seconds later. Without
        dates it cancels the active backfill of the DAG, or the newest one if none is active. If all runs of the
        backfill have ended, nothing changes. If a backfill of other dates is active, there is a warning.
    type: str
    choices: [triggered, cancelled]
    default: triggered
  reprocess:
    description: Which existing runs to run again. V(none) creates only missing runs, V(failed) also runs failed runs
      again, V(completed) also runs all runs that have ended again.
    type: str
    choices: [none, failed, completed]
    default: none
  backwards:
    description: Whether the last date runs first. An existing backfill keeps its direction, which Airflow does not
      show.
    type: bool
    default: false
  max_active_runs:
    description: Maximum number of active runs of the backfill.
    type: int
    default: 10
  conf:
    description:
      - Parameters of the runs. A mapping, or its JSON or YAML text. It stays visible in Ansible's output, and in
        Airflow.
      - On Airflow 3.2 and newer, runs that are run again (O(reprocess)) use it. On older versions they keep their own.
    type: raw
  when_paused:
    description:
      - What to do if the DAG is paused. Runs of a paused DAG stay queued.
      - V(fail) fails before anything is written. V(trigger) leaves it paused. V(unpause) unpauses it as soon as the
        backfill is created.
    type: str
    choices: [fail, unpause, trigger]
    default: fail
  wait:
    description: Whether to wait until the runs have ended. Check mode does not wait, nor does O(state=cancelled).
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for the end of the runs; V(0) looks once. Runs that have not ended by then fail the
      task, and go on.
    type: float
    default: 3600
  poll_interval:
    description: Maximum seconds between two checks of the runs, as in
      O(dagops.airflow.airflow_dag_run#module:poll_interval).
    type: float
    default: 10
  log_lines:
    description: How many lines to return from the log of each failed task's last try. V(0) reads no logs.
    type: int
    default: 20
  progress:
    description: Whether to print a line while the task waits, each time a run has ended, as in
      O(dagops.airflow.airflow_dag_run_wait#module:progress).
    type: bool
    default: true
seealso:
  - module: dagops.airflow.airflow_dag_run
"""

EXAMPLES = r"""
- name: Fill a gap of three days
  dagops.airflow.airflow_backfill:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_by_day
    from_date: "2025-11-01"
    to_date: "2025-11-03"
    when_paused: unpause

- name: Run all failed days again, the last one first
  dagops.airflow.airflow_backfill:
    dag_id: etl_by_day
    from_date: "2025-11-01"
    to_date: "2025-11-03"
    reprocess: failed
    backwards: true
    max_active_runs: 2

- name: Cancel the active backfill of a DAG, if there is one
  dagops.airflow.airflow_backfill:
    dag_id: etl_by_day
    state: cancelled
"""

RETURN = r"""
backfill:
  description: The backfill. Its conf is not returned. Null if there is none, and in check mode if it would be created.
  returned: success, and when runs have failed or not ended
  type: dict
  contains:
    id:
      description: Number of the backfill.
      type: int
      sample: 7
    dag_id:
      description: Id of the DAG.
      type: str
      sample: etl_by_day
    from_date:
      description: First date of the range. All times are ISO 8601 in UTC.
      type: str
      sample: "2025-11-01T00:00:00Z"
    to_date:
      description: Last date of the range.
      type: str
    reprocess:
      description: Which existing runs are run again.
      type: str
    max_active_runs:
      description: Maximum number of its active runs.
      type: int
    is_paused:
      description: Whether it is paused or cancelled.
      type: bool
    created_at:
      description: When it was created.
      type: str
    completed_at:
      description: When Airflow called it completed; its runs may still be active. Null before.
      type: str
logical_dates:
  description: The logical dates of the runs; in check mode of the runs that would be created or run again.
  returned: success, and when runs have failed or not ended
  type: list
  elements: str
  sample: ["2025-11-01T00:00:00Z", "2025-11-02T00:00:00Z"]
runs:
  description: The runs by logical date, in their last known state.
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
          sample: etl_by_day
        dag_run_id:
          description: Id of the run.
          type: str
          sample: backfill__2026-11-22T00:00:00+00:00
        run_type:
          description: Type of the run.
          type: str
          sample: backfill
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
failed_tasks:
  description: The failed tasks of all runs, with C(dag_run_id) and the keys of RV(runs[].failed_tasks).
  returned: success, and when runs have failed or not ended
  type: list
  elements: dict
timed_out:
  description: Whether the task failed because runs had not ended in time.
  returned: when the wait timed out
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._base.errors import AirflowError
from ..module_utils._module import AirflowModule
from ..module_utils._work.backfills import Done, cancel, named, request_of, trigger
from ..module_utils._work.many_runs import entry, wait_for_runs, waiting_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str"},
    "from_date": {"type": "str"},
    "to_date": {"type": "str"},
    "backfill_id": {"type": "int"},
    "state": {"type": "str", "choices": ["triggered", "cancelled"], "default": "triggered"},
    "reprocess": {"type": "str", "choices": ["none", "failed", "completed"], "default": "none"},
    "backwards": {"type": "bool", "default": False},
    "max_active_runs": {"type": "int", "default": 10},
    "conf": {"type": "raw"},
    "when_paused": {"type": "str", "choices": ["fail", "unpause", "trigger"], "default": "fail"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "log_lines": {"type": "int", "default": 20},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params, request = module.params, request_of(module.params)
    waiting = waiting_of(params)
    wait = params["wait"] and not module.check_mode
    if params["state"] == "cancelled":
        done, wait = cancel(airflow, params, request, module.check_mode), False
    elif request is None:
        done = named(airflow, params["backfill_id"])
    else:
        done = trigger(airflow, request, params["when_paused"], module.check_mode)
    for sentence in done.warnings:
        module.warn(sentence)
    keys = [(run["dag_id"], run["dag_run_id"]) for run in done.runs]
    if not wait or not keys:
        return told(done, [entry(airflow, run) for run in done.runs])
    try:
        return told(done, wait_for_runs(airflow, keys, waiting, had_failed=done.had_failed())["runs"])
    except AirflowError as error:
        error.details.update(told(done, error.details["runs"]))
        raise


def told(done: Done, runs: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """What a result says of the backfill and its runs."""
    failed = [{"dag_run_id": run["dag_run"]["dag_run_id"], **task} for run in runs for task in run["failed_tasks"]]
    return {**done.result(), "runs": runs, "failed_tasks": failed}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
