#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_approval_info
short_description: List the tasks of Apache Airflow that wait for an approval
version_added: 1.0.0
description:
  - Lists the human-in-the-loop tasks that have asked and wait for an answer, as far as the user may see them.
  - M(dagops.airflow.airflow_approval) answers them. Needs Airflow 3.1.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  dag_id:
    description:
      - Id of the DAG, such as V(etl_daily). If it is not set, the tasks of all DAGs are listed.
      - A DAG or a run that does not exist is a failure, and in check mode a warning.
    type: str
  dag_run_id:
    description: Lists only the tasks of the run with this id, such as V(release-42). Needs O(dag_id).
    type: str
seealso:
  - module: dagops.airflow.airflow_approval
"""

EXAMPLES = r"""
- name: List what waits for an answer
  dagops.airflow.airflow_approval_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
  register: waiting

- name: Show each item
  ansible.builtin.debug:
    msg: "{{ item.subject }} ({{ item.options | join(', ') }}) {{ item.url }}"
  loop: "{{ waiting.approvals }}"
  loop_control:
    label: "{{ item.dag_id }} / {{ item.dag_run_id }}: {{ item.task_id }}"
"""

RETURN = r"""
approvals:
  description: The questions, the oldest first.
  returned: success
  type: list
  elements: dict
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
      description: Whether there is an answer; false here.
      type: bool
      sample: false
    responded_by_user:
      description: Who answered, with C(id) and C(name); null here.
      type: dict
    responded_at:
      description: When the answer was given; null here.
      type: str
    chosen_options:
      description: The options that were chosen; null here.
      type: list
      elements: str
    params_input:
      description: Values of the fields in the answer; empty here.
      type: dict
      sample: {}
    url:
      description: The task instance in Airflow's web interface.
      type: str
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.approvals import Approvals
from ..module_utils._airflow.dags import Dags
from ..module_utils._airflow.runs import Runs
from ..module_utils._base.errors import BadInput, NotFound
from ..module_utils._base.inputs import dag_id_of, dag_run_id_of
from ..module_utils._module import AirflowModule
from ..module_utils._work.foreseen import foreseen

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"dag_id": {"type": "str"}, "dag_run_id": {"type": "str"}}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    dag_id = dag_id_of("dag_id", params["dag_id"]) if params["dag_id"] else None
    run_id = dag_run_id_of("dag_run_id", params["dag_run_id"]) if params["dag_run_id"] else None
    if run_id and not dag_id:
        raise BadInput("dag_run_id needs the dag_id of its DAG; give both.")
    try:
        return {"changed": False, "approvals": waiting(airflow, dag_id, run_id)}
    except NotFound as error:
        if not module.check_mode:
            raise
        module.warn(foreseen(error.message))
        return {"changed": False, "approvals": []}


def waiting(airflow: Airflow, dag_id: str | None, run_id: str | None) -> list[dict[str, t.Any]]:
    """Return what waits for an answer; NotFound where nothing does since there is no such DAG or run."""
    try:
        found = airflow.ask(Approvals).waiting(dag_id, run_id)
    except NotFound:
        check_known(airflow, dag_id, run_id)
        raise
    # Airflow may have an empty list for what it does not know.
    if not found:
        check_known(airflow, dag_id, run_id)
    return found


def check_known(airflow: Airflow, dag_id: str | None, run_id: str | None) -> None:
    """Raise NotFound, which says what does not exist, for a DAG or a run that Airflow does not know."""
    if dag_id and run_id:
        airflow.ask(Runs).get(dag_id, run_id)
    elif dag_id:
        airflow.ask(Dags).get(dag_id)


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
