#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag
short_description: Pause, unpause or delete DAGs of Apache Airflow
version_added: 0.1.0
description:
  - Sets whether DAGs are paused, or deletes their records. DAGs are named by id, by shell patterns, or by tag.
  - A DAG that is paused starts no tasks. A run that is triggered stays queued, and one that is running stays running,
    until the DAG is unpaused.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  dag_id:
    description:
      - Ids of the DAGs, or shell patterns such as V(etl_*) or V(*), which select DAGs that are not stale.
      - White space around an item is dropped. An empty item is refused. An empty list selects nothing and changes
        nothing.
      - One of O(dag_id) and O(tags) is required.
    type: list
    elements: str
  tags:
    description:
      - Selects the DAGs that carry any of these tags and are not stale. With O(dag_id) both must hold.
      - An empty list selects nothing.
    type: list
    elements: str
  paused:
    description:
      - Whether the DAGs are paused. If it is not set, that is not touched and the task only reads.
    type: bool
  state:
    description:
      - V(present) expects the DAGs to exist.
      - V(absent) deletes what Airflow knows of them, their runs included; only exact ids are taken. Delete the DAG's
        file first, otherwise Airflow soon finds it again and the DAG comes back without its history.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: dagops.airflow.airflow_dag_run
"""

EXAMPLES = r"""
- name: Unpause a DAG
  dagops.airflow.airflow_dag:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_daily
    paused: false

- name: Pause all DAGs of a team for a maintenance window
  dagops.airflow.airflow_dag:
    dag_id: "*"
    tags: [billing]
    paused: true
  register: window

- name: Unpause exactly those that were not paused before
  dagops.airflow.airflow_dag:
    dag_id: "{{ window.dags | rejectattr('was_paused') | map(attribute='dag_id') | list }}"
    paused: false

- name: Delete the records of a DAG whose file is gone
  dagops.airflow.airflow_dag:
    dag_id: etl_old
    state: absent
"""

RETURN = r"""
dags:
  description:
    - The DAGs that were selected, sorted by id, as they are after the task; in check mode, as they would be.
    - With O(state=absent) those that were deleted, as they were.
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
    was_paused:
      description: Whether the DAG was paused before the task.
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
    tags:
      description: Tags of the DAG, sorted.
      type: list
      elements: str
    active_runs:
      description: How many runs of the DAG were queued or running when this task paused it; null when it did not
        pause it.
      type: int
    description:
      description: Description of the DAG.
      type: str
    fileloc:
      description: The DAG's file on the Airflow host.
      type: str
    max_active_runs:
      description: How many runs of the DAG may be running at a time.
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

from ..module_utils._dags import exact_ids, paused_changes, select, selection_of, set_paused, view
from ..module_utils._module import AirflowModule
from ..module_utils._state import diff

if t.TYPE_CHECKING:
    from ..module_utils._api import Airflow

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "list", "elements": "str"},
    "tags": {"type": "list", "elements": "str"},
    "paused": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    selection = selection_of(params["dag_id"], params["tags"])
    if params["state"] == "absent":
        return remove(module, airflow, exact_ids(selection))

    wanted = paused_changes(select(airflow, selection), params["paused"])
    changed = [dag_id for dag_id, (_dag, keys) in wanted.items() if keys]
    for dag_id in changed:
        if wanted[dag_id][0]["is_stale"]:
            module.warn(
                f"DAG {dag_id} is stale: Airflow no longer finds it in its files, so it does not run, paused or not."
            )
    active_runs = airflow.active_runs(changed) if params["paused"] else {}
    if not module.check_mode:
        set_paused(airflow, wanted)
    dags = [view(dag, keys, active_runs.get(dag_id)) for dag_id, (dag, keys) in wanted.items()]
    return {"changed": bool(changed), "dags": dags, "diff": diff(wanted)}


def remove(module: AirflowModule, airflow: Airflow, dag_ids: list[str]) -> dict[str, t.Any]:
    """Delete the records of those DAGs that exist."""
    dags = [dag for dag in map(airflow.find_dag, dag_ids) if dag]
    if not module.check_mode:
        for dag in dags:
            airflow.delete_dag(dag["dag_id"])
    gone = {dag["dag_id"]: ({"state": "present"}, {"state": "absent"}) for dag in dags}
    return {"changed": bool(dags), "dags": [view(dag, {}) for dag in dags], "diff": diff(gone)}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, required_one_of=[("dag_id", "tags")], supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
