#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag_run
short_description: Trigger a DAG run of Apache Airflow, wait for it, and say which tasks failed
version_added: 1.0.0
description:
  - Triggers a run of a DAG exactly once, and waits until it has ended. If the run failed, fails with the failed tasks
    and the reasons from their logs.
  - Can also run a run again, cancel it, mark it successful or delete it.
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
    details:
      - With O(dag_run_id) or O(logical_date) the task adopts a run that exists, and waits for it without a change.
        Without them each call creates a new run.
      - O(state=cleared) with O(only_failed=false) runs the tasks again at each call.
options:
  dag_id:
    description: Id of the DAG, such as V(etl_daily).
    type: str
    required: true
  dag_run_id:
    description:
      - Id of the run, such as V(release-42). The id of a new run must have 1 to 250 ASCII letters, digits and
        characters of C(_.~:+-). It must not contain C(..) and must not begin with V(scheduled__). An existing run can
        have any id without control characters. Blanks and line breaks at the ends are removed.
      - Airflow writes the logs of a run below a folder C(run_id=<id>). Most file systems have names of at most 255
        characters, and a run fails there if its id has more than 248.
      - If it is not set, the module creates a unique id before it triggers the run, such as
        V(ansible__20261122T101500Z__5f3ac0de), unless O(logical_date) names a run. If Airflow 3 refuses the id because
        of C([scheduler] allowed_run_id_pattern), the module uses another form that matches, such as
        V(ansible-20261122t101500z-5f3ac0de). Airflow 2 does not show its pattern; give an id that matches.
    type: str
  logical_date:
    description:
      - Logical date of the run, with a time zone, such as V(2026-11-22T10:15:00+00:00) or V(2026-11-22 10:15:00+00:00).
      - A DAG has one run per logical date. Without O(dag_run_id), the task adopts the run of this date, with any id. If
        O(dag_run_id) is the id of another run, the task fails and names the run that has this date.
      - If it is not set, Airflow 2 uses the current time. On Airflow 3 the run has no logical date.
    type: str
  conf:
    description:
      - Parameters of a new run. A mapping, or its JSON or YAML text (as from an AWX survey). YAML text needs PyYAML on
        the host where the module runs. Types are kept. On ansible-core before 2.19, a variable with dates needs the
        filter P(ansible.builtin.to_json#filter).
      - It stays visible in Ansible's output, and in Airflow. Put secrets into O(secret_conf).
    type: raw
  secret_conf:
    description:
      - Secret parameters of the run. They are merged into O(conf), mapping by mapping. No output of Ansible shows them.
        Airflow stores them with the run, where its users can read them.
      - Ansible masks each value everywhere in its output. So the module refuses a value that is shorter than 6
        characters or that is a part of O(dag_id), O(dag_run_id), O(api_url) or the name of a state.
      - With O(state=awaited), give the secrets of the run that the task waits for, so that its logs are masked.
    type: dict
  note:
    description: Note on a new run, such as V(deployment 42), of at most 1000 characters. Needs Airflow 2.5 or newer.
    type: str
  data_interval_start:
    description: Start of a new run's data interval, with a time zone as in O(logical_date). Needs Airflow 2.9 or newer,
      and O(data_interval_end). On Airflow 3 it also needs O(logical_date), because Airflow would ignore the interval
      without it.
    type: str
  data_interval_end:
    description: End of a new run's data interval, with a time zone as in O(logical_date). Needs Airflow 2.9 or newer,
      and O(data_interval_start).
    type: str
  run_after:
    description: Time, with a time zone as in O(logical_date), before which Airflow does not start a new run. Needs
      Airflow 3.0 or newer.
    type: str
  state:
    description:
      - V(triggered) creates the run, or adopts it if it exists.
      - V(awaited) waits for a run that exists, for example a run of the scheduler. It creates no run.
      - V(cleared) runs an existing run again. Needs Airflow 2.4 or newer.
      - V(cancelled) cancels a run that is queued or running. It is marked failed at once, and its tasks end some
        seconds later. A run that has ended, or does not exist, is not changed.
      - V(failed) marks an existing run failed, also a run that has already succeeded.
      - V(success) marks an existing run successful.
      - V(absent) deletes a run. It warns if the DAG does not exist, because the id may be wrong. On Airflow 3.3 delete
        only runs that have ended. The scheduler can stop with C(ObjectDeletedError) if a queued run is deleted.
      - In check mode the module only warns if a DAG or a run does not exist, because an earlier task may create it. The
        result is then the expected one.
    type: str
    choices: [triggered, awaited, cleared, cancelled, failed, success, absent]
    default: triggered
  only_failed:
    description: With O(state=cleared), whether to run again only the tasks that failed and the tasks that never ran
      because of them. If there are none, nothing is run, and the task warns.
    type: bool
    default: true
  latest_version:
    description: Only with O(state=cleared). Whether to run the newest version of the DAG in place of the version that
      the run was created with. Airflow 2 always does so. Airflow 3 needs 3.1 or newer. If it is V(false), the
      configuration of Airflow decides.
    type: bool
    default: false
  when_paused:
    description:
      - What to do if the DAG is paused. Runs of a paused DAG stay queued.
      - V(fail) fails before anything is written. V(trigger) leaves it paused.
      - V(unpause) unpauses the DAG as soon as its run is created. So nothing changes if Airflow refuses the run.
      - If a run of the DAG's schedule is due, Airflow also creates this run as soon as the DAG is unpaused, and the
        task warns. To avoid the second run, use the O(logical_date) of the scheduled run. With C(catchup=True) Airflow
        creates a run for each interval that was missed, and with C(@continuous) it goes on creating runs.
    type: str
    choices: [fail, unpause, trigger]
    default: fail
  wait:
    description: Whether to wait until the run has ended, with O(state=cancelled) and O(state=failed) until its tasks
      have ended. Check mode does not wait.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for the end of the run; V(0) looks once. If the run has not ended by then, the task
      fails.
    type: float
    default: 3600
  queued_timeout:
    description:
      - If the run is still queued after this many seconds, the task fails, with the reason as far as Airflow shows one.
        Without this option, the task reports a paused DAG or a stopped scheduler only after O(wait_timeout).
      - If it is not set, only O(wait_timeout) counts.
    type: float
  cancel_on_timeout:
    description: Whether to mark the run failed after O(wait_timeout) or O(queued_timeout).
    type: bool
    default: false
  results:
    description:
      - Values of tasks to return in RV(results). V(publish) is the value that the task C(publish) returned.
        V(scan.digest) is the value that C(scan) pushed with the key C(digest). If ids have dots, the longest id that
        matches is used.
      - Values have the same types on every version, as in M(dagops.airflow.airflow_xcom_info). Each value can have up
        to 64 KiB, all values together up to 1 MiB. The output shows them, so set C(no_log) for the task if they contain
        secrets.
      - If the DAG does not have a task, the module fails before it creates the run. This check needs one more request.
        If a result is missing, the module fails after the run has succeeded, and RV(results) has the others. In check
        mode results are null.
      - The results of three tasks need one request on Airflow 3.1 and newer, and three requests on older versions.
      - Only for O(state=triggered), O(state=awaited) and O(state=cleared). With O(wait=false) only for a run that has
        ended.
    type: list
    elements: str
seealso:
  - module: dagops.airflow.airflow_dag
  - module: dagops.airflow.airflow_task_info
"""

EXAMPLES = r"""
- name: Run a DAG and wait for it
  dagops.airflow.airflow_dag_run:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_daily
    when_paused: unpause
    conf:
      region: eu
      full: false

- name: Run a DAG once per release, also if the playbook runs again
  dagops.airflow.airflow_dag_run:
    dag_id: migrate_warehouse
    dag_run_id: "release-{{ release }}"
    secret_conf:
      api_key: "{{ vault_warehouse_api_key }}"
    wait_timeout: 7200

- name: Run a DAG and use the value that its task load returned
  dagops.airflow.airflow_dag_run:
    dag_id: etl_daily
    results: [load]
  register: etl  # etl.results.load

- name: Wait for a run that somebody else has made
  dagops.airflow.airflow_dag_run:
    dag_id: migrate_warehouse
    dag_run_id: "release-{{ release }}"
    state: awaited

- name: Start a run and go on
  dagops.airflow.airflow_dag_run:
    dag_id: etl_daily
    logical_date: "2025-11-22T00:00:00+00:00"
    wait: false

- name: Give up when the run does not start or takes too long, and cancel it
  dagops.airflow.airflow_dag_run:
    dag_id: etl_daily
    queued_timeout: 300
    wait_timeout: 1800
    cancel_on_timeout: true

- name: Run the failed tasks of a run again
  dagops.airflow.airflow_dag_run:
    dag_id: migrate_warehouse
    dag_run_id: "release-{{ release }}"
    state: cleared

- name: Cancel a run
  dagops.airflow.airflow_dag_run:
    dag_id: etl_daily
    dag_run_id: ansible__20261122T101500Z__5f3ac0de
    state: cancelled
"""

RETURN = r"""
dag_run:
  description:
    - The run in its last known state. With O(state=absent) the run before the task. Null if there was none to delete or
      to cancel. In check mode the expected run; if an earlier task would create it, unknown values are null. Its conf
      is not returned.
    - Every failure after the run was triggered has it, too, so that a rescue block can use it.
  returned: when there is a run
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
    - The task instances that are V(failed) or V(upstream_failed), failed ones first; empty if the task did not wait and
      the run has not ended. A run can succeed although tasks failed; the task then warns.
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
      description: In a loop (Airflow 3.4 and newer) C(loop_id) and C(iteration), the turn of the loop from 0; otherwise
        null.
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
        - If the log cannot be read, a sentence that says why. Null if it was not requested, and for tasks that did not
          fail.
      type: str
task_counts:
  description: Number of task instances in each state; C(no_status) are those that Airflow has not looked at yet.
  returned: success, when the run has failed, and when the wait timed out
  type: dict
  sample: {"failed": 1, "success": 12, "upstream_failed": 1}
results:
  description: The values of the tasks, by the items of O(results). For a mapped task it is a list by map index, with
    null for an instance that pushed nothing, and empty if the task is mapped over an empty list; in a loop a list by
    turn.
  returned: with O(results), also if one of them cannot be read, which is null then
  type: dict
  sample: {"publish": {"rows": 3}, "scan.digest": ["5f3a", null, "c0de"]}
elapsed:
  description: Seconds from the start of the run to its end, or until now if it is active; 0 if it has not started.
  returned: success, when the run has failed, and when the wait timed out
  type: float
msg:
  description: What has become of the run, or in check mode what would become of it.
  returned: success
  type: str
  sample: DAG run etl_daily / r7 is success, 3m12s after its start. https://airflow.example.com/dags/etl_daily/runs/r7
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
from ..module_utils._work.carrying import carrying
from ..module_utils._work.fulfil import fulfil
from ..module_utils._work.outcome import outcome, told
from ..module_utils._work.wishes import wish_of
from ..module_utils._work.wording import shown

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "dag_run_id": {"type": "str"},
    "logical_date": {"type": "str"},
    "conf": {"type": "raw"},
    "secret_conf": {"type": "dict", "no_log": True},
    "note": {"type": "str"},
    "data_interval_start": {"type": "str"},
    "data_interval_end": {"type": "str"},
    "run_after": {"type": "str"},
    "state": {
        "type": "str",
        "choices": ["triggered", "awaited", "cleared", "cancelled", "failed", "success", "absent"],
        "default": "triggered",
    },
    "only_failed": {"type": "bool", "default": True},
    "latest_version": {"type": "bool", "default": False},
    "when_paused": {"type": "str", "choices": ["fail", "unpause", "trigger"], "default": "fail"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "queued_timeout": {"type": "float"},
    "cancel_on_timeout": {"type": "bool", "default": False},
    "log_lines": {"type": "int", "default": 20},
    "progress": {"type": "bool", "default": True},
    "results": {"type": "list", "elements": "str"},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wish = wish_of(module.params, airflow)
    done = fulfil(airflow, wish, module.check_mode)
    for sentence in done.warnings:
        module.warn(sentence)
    # Of a run that is only waited for, secret_conf tells what is not to be shown.
    useless = module.params["conf"] if wish.state == "awaited" else wish.conf
    if useless and wish.state != "triggered":
        module.warn(
            f"conf is for new runs, so state: {wish.state} has left it out; a run keeps the conf that it was made with."
        )
    result: dict[str, t.Any] = {"changed": done.changed, "diff": done.diff or {}}
    if wish.results:
        result["results"] = dict.fromkeys(wish.results)
    if done.run is None or wish.state == "absent":
        run = done.run and shown(done.run)
        result.update({"dag_run": run, "failed_tasks": [], "task_counts": {}, "elapsed": 0.0})
    else:
        with carrying(done.run, done.changed, done.diff):
            result.update(outcome(airflow, wish, done, done.run, module.check_mode, module.warn))
    return {**result, "msg": told(wish, done, result, module.check_mode)}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
