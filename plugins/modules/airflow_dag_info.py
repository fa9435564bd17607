#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag_info
short_description: List DAGs of Apache Airflow
version_added: 1.0.0
description:
  - Lists DAGs by id, shell pattern and tag, and whether they are paused, stale or have an import error.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  dag_id:
    description:
      - Ids of the DAGs, or shell patterns such as V(etl_*). If it is not set, all are listed.
      - Ids that do not exist are left out. An empty list lists nothing.
    type: list
    elements: str
  tags:
    description: Lists DAGs that have any of these tags, such as V(billing). An empty list lists nothing.
    type: list
    elements: str
  paused:
    description: Lists only DAGs that are paused, or only those that are not.
    type: bool
  stale:
    description: Whether to also list stale DAGs, which Airflow no longer finds in its files.
    type: bool
    default: false
  order_by:
    description: Field to sort the DAGs by; with V(-) in descending order.
    type: str
    choices: [dag_id, -dag_id, last_parsed_time, -last_parsed_time]
    default: dag_id
  limit:
    description: Maximum number of DAGs to return, 1 or more. If it is not set, all are returned.
    type: int
seealso:
  - module: dagops.airflow.airflow_dag
"""

EXAMPLES = r"""
- name: Which DAGs of a team are not paused
  dagops.airflow.airflow_dag_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    tags: [billing]
    paused: false
  register: billing

- name: Whether a DAG exists
  dagops.airflow.airflow_dag_info:
    dag_id: etl_daily
  register: found
  failed_when: not found.dags
"""

RETURN = r"""
dags:
  description: The DAGs, in the order of O(order_by).
  returned: success
  type: list
  elements: dict
  contains:
    dag_id:
      description: Id of the DAG.
      type: str
      sample: etl_daily
    is_paused:
      description: Whether the DAG is paused.
      type: bool
    is_stale:
      description: Whether Airflow no longer finds the DAG in its files.
      type: bool
    has_import_errors:
      description: Whether the DAG's file cannot be imported.
      type: bool
    last_parsed_time:
      description: When Airflow last parsed the DAG's file. ISO 8601 in UTC.
      type: str
      sample: "2026-11-22T10:15:00.123456Z"
    next_dagrun_logical_date:
      description: Logical date of the next run of the schedule; null for a DAG without a schedule.
      type: str
      sample: "2026-11-22T00:00:00Z"
    next_dagrun_run_after:
      description: Time after which the scheduler creates that run, if the DAG is not paused then.
      type: str
      sample: "2026-11-23T00:00:00Z"
    tags:
      description: Tags of the DAG, sorted.
      type: list
      elements: str
    description:
      description: Description of the DAG.
      type: str
    fileloc:
      description: The DAG's file on the Airflow host.
      type: str
    max_active_runs:
      description: Maximum number of running runs of the DAG.
      type: int
    owners:
      description: Owners of the DAG.
      type: list
      elements: str
    timetable_description:
      description: Airflow's description of the DAG's schedule.
      type: str
    url:
      description: The DAG in Airflow's web interface.
      type: str
      sample: https://airflow.example.com/dags/etl_daily/grid
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._base.errors import BadInput
from ..module_utils._module import AirflowModule
from ..module_utils._work.selection import find, selection_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "list", "elements": "str"},
    "tags": {"type": "list", "elements": "str"},
    "paused": {"type": "bool"},
    "stale": {"type": "bool", "default": False},
    "order_by": {
        "type": "str",
        "choices": ["dag_id", "-dag_id", "last_parsed_time", "-last_parsed_time"],
        "default": "dag_id",
    },
    "limit": {"type": "int"},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    limit = params["limit"]
    if limit is not None and limit < 1:
        raise BadInput(f"limit is {limit}; it takes 1 or more.")
    dags = [
        dag
        for dag in find(airflow, selection_of(params["dag_id"], params["tags"]), params["stale"])
        if params["paused"] in (None, dag["is_paused"])
    ]
    key = params["order_by"].lstrip("-")
    dags.sort(key=lambda dag: dag[key] or "", reverse=params["order_by"].startswith("-"))
    return {"changed": False, "dags": dags[:limit]}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
