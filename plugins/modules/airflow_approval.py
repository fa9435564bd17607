#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_approval
short_description: Answer a task of Apache Airflow that asks for an approval
version_added: 1.0.0
description:
  - Waits until a task asks, and answers it. Such tasks are human-in-the-loop tasks, with operators such as
    C(ApprovalOperator), C(HITLOperator), C(HITLEntryOperator) and C(HITLBranchOperator).
  - If the question already has this answer, nothing changes. If it has another answer, the task fails and says who
    answered what. An answer in Airflow cannot be changed. Without O(params) the module compares only O(choose).
  - The module gives the answer at least 10 seconds after the question. If the answer comes before Airflow's scheduler
    knows that the task waits, Airflow 3.3 marks the task failed.
  - The task does not wait for the end of the run. Use M(dagops.airflow.airflow_dag_run_wait) for that.
  - Needs Airflow 3.1. Before 3.3, Airflow needs a triggerer to go on after an answer.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details: Looks once. If the DAG run does not exist, or the task does not ask yet, the module warns.
options:
  dag_id:
    description: Id of the DAG, such as V(etl_daily).
    type: str
    required: true
  dag_run_id:
    description: Id of the run, such as V(release-42).
    type: str
    required: true
  task_id:
    description: Id of the task that asks, such as V(approve).
    type: str
    required: true
  map_index:
    description: Index of the task instance, if the task is mapped.
    type: int
    default: -1
  choose:
    description:
      - The option to choose, such as V(Approve), or a list of options if the question accepts several, or its JSON
        text. The order has no effect. If it is not an option of the question, the task fails and writes nothing.
      - V(yes) and V(no) without quotes are booleans in YAML. The module takes them for the options with these names.
    type: raw
    required: true
  params:
    description:
      - Values of the fields of the question. A mapping, or its JSON or YAML text. Other fields get the value that they
        have in the question, as in Airflow's web interface.
      - The module refuses a value whose type is wrong, or that is not one of the choices of the field. Airflow checks
        the rest only when the task goes on. The task then fails.
      - If the question already has an answer, only the fields that are given here are compared with it. Fields that are
        left out can have any value in that answer.
      - They stay visible in Ansible's output, and in Airflow.
    type: raw
  wait_timeout:
    description: Seconds to wait until the task asks; V(0) looks once. If the task or the run ends without asking, the
      module fails at once.
    type: float
    default: 3600
  poll_interval:
    description: Maximum seconds between two checks, as in O(dagops.airflow.airflow_dag_run#module:poll_interval).
    type: float
    default: 10
  progress:
    description: Whether to print a line while the task waits, each time the state of the run or of the task has
      changed, as in O(dagops.airflow.airflow_dag_run_wait#module:progress).
    type: bool
    default: true
seealso:
  - module: dagops.airflow.airflow_approval_info
  - module: dagops.airflow.airflow_dag_run_wait
"""

EXAMPLES = r"""
- name: Approve the publication, as soon as the run asks for it
  dagops.airflow.airflow_approval:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_with_approval
    dag_run_id: release-42
    task_id: approve
    choose: Approve

- name: Choose several options, and fill in a field
  dagops.airflow.airflow_approval:
    dag_id: etl_by_region
    dag_run_id: release-42
    task_id: regions
    choose: [eu, us]
    params:
      reason: as every month
"""

RETURN = r"""
approval:
  description: The question with its answer; in check mode without a new answer. Null if the task does not ask yet.
  returned: success, and when the question was seen
  type: dict
  contains:
    dag_id:
      description: Id of the DAG.
      type: str
      sample: etl_with_approval
    dag_run_id:
      description: Id of the run.
      type: str
      sample: release-42
    task_id:
      description: Id of the task.
      type: str
      sample: approve
    map_index:
      description: Index of a mapped task instance; V(-1) when the task is not mapped.
      type: int
      sample: -1
    state:
      description: State of the task instance. While the question waits it is V(awaiting_input), before Airflow 3.3
        V(deferred).
      type: str
      sample: awaiting_input
    subject:
      description: The question.
      type: str
      sample: Publish the report?
    body:
      description: Further text of the question; can be Markdown.
      type: str
    options:
      description: The options.
      type: list
      elements: str
      sample: [Approve, Reject]
    defaults:
      description: The options that Airflow chooses if nobody answers in time; null if the task then fails.
      type: list
      elements: str
    multiple:
      description: Whether several options can be chosen.
      type: bool
      sample: false
    params:
      description: The fields of the question, each with C(value), C(description) and C(schema), a JSON schema.
      type: dict
      sample: {}
    assigned_users:
      description: Who may answer, each with C(id) and C(name). Empty if everybody with the permission may answer.
      type: list
      elements: dict
      sample: []
    created_at:
      description: When the task asked. All times are ISO 8601 in UTC.
      type: str
      sample: "2026-11-22T10:15:00Z"
    response_received:
      description: Whether there is an answer.
      type: bool
      sample: true
    responded_by_user:
      description: Who answered, with C(id) and C(name); null before, and if Airflow has chosen the defaults.
      type: dict
      sample: {"id": "1", "name": "deploy"}
    responded_at:
      description: When the answer was given.
      type: str
    chosen_options:
      description: The options that were chosen; null before.
      type: list
      elements: str
      sample: [Approve]
    params_input:
      description: Values of the fields in the answer.
      type: dict
      sample: {}
    url:
      description: The task instance in Airflow's web interface.
      type: str
msg:
  description: With what the question was answered, or in check mode would be answered.
  returned: success
  type: str
  sample: Task approve of DAG run etl_with_approval / release-42 was answered with Approve.
timed_out:
  description: Whether the task failed because the question was not asked in time.
  returned: when the wait timed out
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._module import AirflowModule
from ..module_utils._work.approvals import answer, foresee, told, wish_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "dag_run_id": {"type": "str", "required": True},
    "task_id": {"type": "str", "required": True},
    "map_index": {"type": "int", "default": -1},
    "choose": {"type": "raw", "required": True},
    "params": {"type": "raw"},
    "wait_timeout": {"type": "float", "default": 3600.0},
    "poll_interval": {"type": "float", "default": 10.0},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    done = foresee(airflow, wish, module.warn) if module.check_mode else answer(airflow, wish)
    return {**done.result(), "msg": told(wish, done, module.check_mode)}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
