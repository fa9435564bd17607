#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag_run_info
short_description: List DAG runs of Apache Airflow
version_added: 1.0.0
description:
  - Lists the runs of one DAG or of all DAGs. Airflow filters, sorts and limits the list.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
attributes:
  check_mode:
    details: If the DAG does not exist yet, the module warns and lists no runs.
options:
  dag_id:
    description: Id of the DAG, such as V(etl_daily). If it is not set, the runs of all DAGs are listed.
    type: str
  dag_run_id:
    description: Lists only the run with this id, such as V(release-42), if there is one. Needs O(dag_id), and no other
      filter.
    type: str
  state:
    description: Lists only runs in one of these states.
    type: list
    elements: str
    choices: [queued, running, success, failed]
  logical_date_gte:
    description: Lists runs whose logical date is at this time or later. Times need a time zone, such as
      V(2026-11-22T10:15:00+00:00).
    type: str
  logical_date_lte:
    description: Lists runs whose logical date is at this time or earlier.
    type: str
  start_date_gte:
    description: Lists runs that started at this time or later.
    type: str
  start_date_lte:
    description: Lists runs that started at this time or earlier.
    type: str
  end_date_gte:
    description: Lists runs that ended at this time or later.
    type: str
  end_date_lte:
    description: Lists runs that ended at this time or earlier.
    type: str
  order_by:
    description: Field to sort the runs by. V(id) is the order in which they were created; with V(-) the last one comes
      first.
    type: str
    choices: [id, -id, logical_date, -logical_date, start_date, -start_date, end_date, -end_date]
    default: -id
  limit:
    description: Maximum number of runs to return, from 1 to 10000.
    type: int
    default: 100
seealso:
  - module: dagops.airflow.airflow_task_info
  - module: dagops.airflow.airflow_dag_run_wait
"""

EXAMPLES = r"""
- name: The last failed run of a DAG
  dagops.airflow.airflow_dag_run_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_daily
    state: [failed]
    limit: 1
  register: failed

- name: List the active runs of all DAGs
  dagops.airflow.airflow_dag_run_info:
    state: [queued, running]
    order_by: start_date
"""

RETURN = r"""
dag_runs:
  description: The runs, in the order of O(order_by). Their conf is not returned.
  returned: success
  type: list
  elements: dict
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
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow, Object
from ..module_utils._airflow.dags import Dags
from ..module_utils._airflow.runs import RunFilter, Runs
from ..module_utils._base.errors import BadInput, NotFound
from ..module_utils._base.inputs import dag_id_of, dag_run_id_of
from ..module_utils._base.times import time_of
from ..module_utils._module import AirflowModule
from ..module_utils._work.foreseen import foreseen
from ..module_utils._work.wording import shown

MOST_RUNS = 10000
TIMES = [f"{key}_{side}" for key in ("logical_date", "start_date", "end_date") for side in ("gte", "lte")]
ORDERS = [sign + key for key in ("id", "logical_date", "start_date", "end_date") for sign in ("", "-")]

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str"},
    "dag_run_id": {"type": "str"},
    "state": {"type": "list", "elements": "str", "choices": ["queued", "running", "success", "failed"]},
    **{key: {"type": "str"} for key in TIMES},
    "order_by": {"type": "str", "choices": ORDERS, "default": "-id"},
    "limit": {"type": "int", "default": 100},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    dag_id = dag_id_of("dag_id", params["dag_id"]) if params["dag_id"] else None
    times = {key: time_of(key, params[key]) for key in TIMES if params[key]}
    if not 1 <= params["limit"] <= MOST_RUNS:
        raise BadInput(f"limit is {params['limit']}; it takes 1 to {MOST_RUNS}.")
    run_id = dag_run_id_of("dag_run_id", params["dag_run_id"]) if params["dag_run_id"] else None
    if run_id and (dag_id is None or times or params["state"]):
        raise BadInput("dag_run_id needs the dag_id of the run, and takes no other filter.")
    # An empty list of states lists nothing: it never means all.
    nothing = params["state"] == [] and not run_id
    wanted = RunFilter(params["state"] or (), times, params["order_by"], params["limit"])
    try:
        runs = [] if nothing else runs_of(airflow, dag_id, run_id, wanted)
        if dag_id is not None and not runs:
            airflow.ask(Dags).get(dag_id)  # says so when it is the DAG that does not exist
    except NotFound as error:
        if not module.check_mode or dag_id is None:
            raise
        module.warn(foreseen(error.message))
        runs = []
    return {"changed": False, "dag_runs": [shown(one) for one in runs]}


def runs_of(airflow: Airflow, dag_id: str | None, run_id: str | None, wanted: RunFilter) -> list[Object]:
    """Return the run that is named, if it is there, or those of a filter."""
    if dag_id is None or run_id is None:
        return airflow.ask(Runs).select(dag_id, wanted)
    found = airflow.ask(Runs).find(dag_id, run_id)
    return [found] if found else []


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
