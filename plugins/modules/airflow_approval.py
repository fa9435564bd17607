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
  - Waits until a task asks, and answers it. Such tasks are human-in-the-loop tasks, of operators such as
    C(ApprovalOperator), C(HITLOperator), C(HITLEntryOperator) and C(HITLBranchOperator).
  - A question that has this answer already is no change. One with another answer fails the task, which tells who has
    answered what; Airflow changes no answer.
  - A question is answered no sooner than 10 seconds after it was asked, since Airflow 3.3 marks a task failed that goes
    on before its scheduler knows that it waits.
  - The task does not wait for what Airflow does with the answer; M(dagops.airflow.airflow_dag_run_wait) does.
  - Needs Airflow 3.1. Before 3.3, Airflow needs a triggerer to go on after an answer.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details: Looks once. A DAG run that does not exist, or a task that does not ask yet, is a warning.
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
    description: Index of the task instance when the task is mapped.
    type: int
    default: -1
  choose:
    description:
      - The option to choose, such as V(Approve), or a list of them where the question takes several. The order does not
        count. If it is not an option of the question, the task fails and writes nothing.
      - V(yes) and V(no) without quotes are booleans in YAML. They choose the option that is written so.
    type: raw
    required: true
  params:
    description:
      - Values of the fields of the question. A mapping, or its JSON or YAML text. Fields that are not named are
        answered with the value that they have in the question, as in Airflow's web interface.
      - A value of another type than the field has, or one that is not among its choices, is refused. Airflow judges the
        rest only when the task goes on, which fails then.
      - When the question has an answer already, only the fields that are named are compared.
      - They stay visible in Ansible's output, and in Airflow.
    type: raw
  wait_timeout:
    description: Seconds to wait until the task asks; V(0) looks once. A task or a run that ends without asking fails at
      once.
    type: float
    default: 3600
  poll_interval:
    description: The most seconds between two looks, as in O(dagops.airflow.airflow_dag_run#module:poll_interval).
    type: float
    default: 10
  progress:
    description: Whether to print a line while the task waits, whenever the state of the run or of the task has changed,
      as in O(dagops.airflow.airflow_dag_run_wait#module:progress).
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
  description: The question with its answer, in check mode as it is. Null when the task does not ask yet.
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
      description: What else the task says; may be Markdown.
      type: str
    options:
      description: The options.
      type: list
      elements: str
      sample: [Approve, Reject]
    defaults:
      description: What Airflow chooses when nobody answers in time; null when the task then fails.
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
      description: Who may answer, each with C(id) and C(name). Empty when everybody may who has the permission.
      type: list
      elements: dict
      sample: []
    created_at:
      description: When the task has asked. All times are ISO 8601 in UTC.
      type: str
      sample: "2026-11-22T10:15:00Z"
    response_received:
      description: Whether there is an answer.
      type: bool
      sample: true
    responded_by_user:
      description: Who has answered, C(id) and C(name); null before, and when Airflow has chosen the defaults.
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
timed_out:
  description: Whether the task failed because the question was not asked in time.
  returned: when the wait timed out
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._module import AirflowModule
from ..module_utils._work.approvals import answer, foresee, wish_of

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
    return done.result()


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
