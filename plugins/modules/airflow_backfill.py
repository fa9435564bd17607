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
  - Makes a backfill, which runs a DAG for each date that its schedule has in a range, waits until these runs have
    ended, and fails with the failed tasks and the reasons from their logs when some have failed.
  - Airflow has one active backfill of a DAG at a time. The task waits for one with the same options. If an
    active one has other options, the task fails and writes nothing. Airflow needs up to 30 seconds to see that all runs
    have ended, for which the task waits.
  - Needs Airflow 3.0, since the API of Airflow 2 has no backfills.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details: Airflow's own dry run says which dates would be run.
  idempotent:
    support: partial
    details:
      - With O(reprocess=none) dates that have a run are not run again.
      - With O(reprocess=failed) and O(reprocess=completed) each call runs such runs again that are there.
options:
  dag_id:
    description: Id of the DAG, such as V(etl_daily). Required unless O(backfill_id) is given.
    type: str
  from_date:
    description: First date of the range, a day such as V(2025-11-01), which is its midnight in UTC, or a moment with a
      time zone such as V(2025-11-01T06:00:00+00:00).
    type: str
  to_date:
    description: Last date of the range, as in O(from_date). It belongs to the range. Days that are not over yet have
      no run.
    type: str
  backfill_id:
    description: Number of a backfill that exists, in place of O(dag_id), O(from_date) and O(to_date). It is waited for,
      or cancelled.
    type: int
  state:
    description:
      - V(triggered) makes the backfill, unless it is there or there is nothing to do.
      - V(cancelled) cancels the backfill, and marks those of its runs failed that go on; their tasks end some seconds
        later. Without dates it is the newest backfill of the DAG, the active one if there is one. Nothing is
        changed when all runs of the backfill have ended. An active backfill of other dates is a warning.
    type: str
    choices: [triggered, cancelled]
    default: triggered
  reprocess:
    description: Which runs that are there are run again. V(none) makes only runs that are missing, V(failed) runs those
      again that have failed, V(completed) all that have ended.
    type: str
    choices: [none, failed, completed]
    default: none
  backwards:
    description: Whether the last date runs first. A backfill that is adopted keeps its direction, which Airflow does
      not tell.
    type: bool
    default: false
  max_active_runs:
    description: How many runs of the backfill are active at a time.
    type: int
    default: 10
  conf:
    description:
      - Parameters of the runs. A mapping, or its JSON or YAML text. It stays visible in Ansible's output, and in
        Airflow.
      - Runs that are run again (O(reprocess)) take it on Airflow 3.2 and newer; before that they keep their own.
    type: raw
  when_paused:
    description:
      - What to do when the DAG is paused, since its runs then stay queued.
      - V(fail) fails before anything is written. V(trigger) leaves it paused. V(unpause) unpauses it as soon as the
        backfill is made.
    type: str
    choices: [fail, unpause, trigger]
    default: fail
  wait:
    description: Whether to wait until the runs have ended. Check mode does not wait, nor does O(state=cancelled).
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for the end of the runs; V(0) looks once. Those that have not ended by then fail the
      task, and go on.
    type: float
    default: 3600
  poll_interval:
    description: The most seconds between two looks at the runs, as in
      O(dagops.airflow.airflow_dag_run#module:poll_interval).
    type: float
    default: 10
  log_lines:
    description: How many lines of the log of each failed task's last try to return; V(0) reads no logs.
    type: int
    default: 20
  progress:
    description: Whether to print a line while the task waits, whenever a run has ended, as in
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

- name: Run all days again that have failed, the last one first
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
  description: The backfill. Its conf is not returned. Null when there is none, and in check mode when it would be made.
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
      description: Which runs that were there are run again.
      type: str
    max_active_runs:
      description: How many of its runs are active at a time.
      type: int
    is_paused:
      description: Whether it is paused, or was cancelled.
      type: bool
    created_at:
      description: When it was made.
      type: str
    completed_at:
      description: When Airflow has taken it for done, which says nothing of its runs; null before.
      type: str
logical_dates:
  description: The logical dates of the runs, in check mode of those that would be made or run again.
  returned: success, and when runs have failed or not ended
  type: list
  elements: str
  sample: ["2025-11-01T00:00:00Z", "2025-11-02T00:00:00Z"]
runs:
  description: The runs by logical date, as they were seen last.
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
failed_tasks:
  description: The failed tasks of all runs, with C(dag_run_id) and the keys that RV(runs[].failed_tasks) has.
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
