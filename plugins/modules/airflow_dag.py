#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag
short_description: Pause, unpause or delete DAGs of Apache Airflow
version_added: 1.0.0
description:
  - Sets whether DAGs are paused, or deletes their records. You select DAGs by id, shell pattern or tag.
  - Can wait until Airflow has parsed the new files after a deployment.
  - A paused DAG starts no tasks. Until the DAG is unpaused, a triggered run stays queued, and a running run stays
    running.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  dag_id:
    description:
      - Ids of the DAGs, or shell patterns such as V(etl_*) or V(*). Patterns select only DAGs that are not stale.
      - White space around an item is removed. An empty item is refused. An empty list selects nothing and changes
        nothing.
      - In check mode the module only warns if a DAG does not exist, because an earlier task may deploy it. The result
        then has the expected DAG, which is paused at first.
      - One of O(dag_id) and O(tags) is required.
    type: list
    elements: str
  tags:
    description:
      - Selects the DAGs that have any of these tags, such as V(billing), and are not stale. With O(dag_id) a DAG must
        match both.
      - An empty list selects nothing.
    type: list
    elements: str
  paused:
    description:
      - Whether the DAGs are paused. If it is not set, this is not changed and the task only reads.
    type: bool
  state:
    description:
      - V(present) means that the DAGs must exist.
      - V(absent) deletes the records of the DAGs and their runs. It accepts only exact ids. Delete the file of the DAG
        first. Otherwise Airflow soon finds the file again, and the DAG comes back without its history.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description:
      - First waits until Airflow has parsed the DAGs that O(dag_id) names by exact ids. Then each DAG is known, is not
        stale, and has no import error. Use it after you have copied DAG files.
      - From Airflow 2.10 on, the module asks Airflow to parse the files at once. Airflow finds new files by itself
        within C([dag_processor] refresh_interval) (Airflow 3) or C([scheduler] dag_dir_list_interval) (Airflow 2). The
        default of both is 5 minutes.
      - The task fails as soon as Airflow has tried one of the files and cannot import it. If a DAG is not known yet,
        the module takes the file with the name of the DAG, or a file that broke during the wait, unless the DAG appears
        within O(parse_margin) seconds after that.
      - In check mode it looks once, warns of missing DAGs, and does not wait.
    type: bool
    default: false
  wait_timeout:
    description:
      - Maximum seconds for O(wait), and again for O(drain).
      - V(0) looks once.
    type: float
    default: 300
  parsed_after:
    description:
      - With O(wait), the time when the files were copied, with its time zone, such as V(2026-11-22T10:15:00+00:00). The
        wait ends when Airflow runs a version of the DAG that is newer than this time.
      - Save the time before you copy the files, as in the examples, on a host whose clock agrees with Airflow's clock.
    type: str
  parse_margin:
    description:
      - The parse must be at least this many seconds later than O(parsed_after).
      - Airflow saves the time of each parse, but it writes changes of a DAG at most once in
        C([core] min_serialized_dag_update_interval) seconds (30 by default). No margin is needed for a DAG that was not
        known before, and for a DAG with a new version in Airflow 3 that the user may read. For more than 20 DAGs in one
        task, no versions are read.
      - A parse that began before O(parsed_after) may read the old file. From 3.1 on, Airflow shows how long a parse
        took, so the module ignores such a parse. Before 3.1, give more seconds than a parse of the file takes, or use
        O(version_marker).
    type: float
    default: 30
  version_marker:
    description:
      - With O(wait), a tag of the new version of each DAG, such as V(release-42). Use it if you do not copy files, for
        example with git-sync or images. It works on every version of Airflow.
      - If Airflow 3 created a version of the DAG in the first parse with this tag, that version runs. Otherwise the tag
        may be older or newer than the version that runs. Then each task waits for a parse that is O(parse_margin)
        seconds later. Set O(wait_timeout) to more than that.
    type: str
  bundle_version:
    description:
      - With O(wait), the version of the DAG bundle that each DAG must come from, such as the commit of a Git bundle, or
        at least its first 7 characters. Needs Airflow 3.0 or newer, and a bundle with versions.
    type: str
  drain:
    description:
      - With O(paused=true), pauses each DAG only when it has no active run, and waits up to O(wait_timeout) seconds for
        this. If runs are still active then, the task fails, says what holds up the first of them, and changes no DAG.
      - A paused DAG starts no more tasks, so a run that is active when its DAG is paused never ends. So the module
        refuses a paused DAG with active runs.
    type: bool
    default: false
  progress:
    description:
      - >-
        Whether to print a line during O(wait) or O(drain), each time something has changed, such as V(localhost: Runs
        of etl_daily (2\) are still active).
      - Lines are printed if the task runs in the process of C(ansible-playbook), see the notes. Nothing is printed for
        a task with C(no_log) and in check mode.
    type: bool
    default: true
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

- name: Note the time before the files are copied
  ansible.builtin.set_fact:
    copied_at: "{{ now(utc=true).isoformat() }}+00:00"

- name: Copy DAG files
  ansible.builtin.copy:
    src: dags/
    dest: /opt/airflow/dags/
  # The play may set a connection and a Python for the control node. This host needs other ones.
  delegate_to: airflow.example.com
  connection: ssh
  vars:
    ansible_python_interpreter: auto

- name: Unpause the DAG when Airflow runs its new version
  dagops.airflow.airflow_dag:
    dag_id: etl_daily
    wait: true
    parsed_after: "{{ copied_at }}"
    paused: false

- name: Wait for the version of the DAG with the tag of the release
  dagops.airflow.airflow_dag:
    dag_id: etl_daily
    wait: true
    version_marker: "release-{{ release }}"

- name: Pause DAGs when no run is active
  dagops.airflow.airflow_dag:
    dag_id: "etl_*"
    paused: true
    drain: true
    wait_timeout: 1800

- name: Delete the records of a DAG whose file is gone
  dagops.airflow.airflow_dag:
    dag_id: etl_old
    state: absent
"""

RETURN = r"""
dags:
  description:
    - The selected DAGs, sorted by id, after the task; in check mode the expected state.
    - With O(state=absent) the deleted DAGs, as they were before.
    - In a failure, the DAGs that were changed or deleted before it.
  returned: success, and when a write failed
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
    active_runs:
      description: Number of queued or running runs of the DAG when this task paused it; null if it did not pause it,
        and if the user may not see runs.
      type: int
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
import_errors:
  description: Files that Airflow cannot import.
  returned: when O(wait) has failed
  type: list
  elements: dict
  contains:
    filename:
      description: The file; on Airflow 3 relative to its DAG bundle.
      type: str
      sample: etl_daily.py
    timestamp:
      description: When Airflow last tried it. ISO 8601 in UTC.
      type: str
    trace_tail:
      description: The last 20 lines of the traceback.
      type: str
timed_out:
  description: Whether O(wait) or O(drain) timed out.
  returned: when it did
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.dags import Dags
from ..module_utils._base.errors import BadInput
from ..module_utils._base.state import diff, gone
from ..module_utils._module import AirflowModule
from ..module_utils._work.dags import Changes, delete, paused_changes, set_paused, view
from ..module_utils._work.draining import check_drained, count_visible_runs, drain
from ..module_utils._work.foreseen import foreseen
from ..module_utils._work.parsing import deployed_of, settle
from ..module_utils._work.progress import Progress
from ..module_utils._work.selection import Listing, exact_ids, select, selection_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "list", "elements": "str"},
    "tags": {"type": "list", "elements": "str"},
    "paused": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 300.0},
    "parsed_after": {"type": "str"},
    "version_marker": {"type": "str"},
    "bundle_version": {"type": "str"},
    "parse_margin": {"type": "float", "default": 30.0},
    "drain": {"type": "bool", "default": False},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    selection = selection_of(params["dag_id"], params["tags"])
    deployed = deployed_of(airflow, params, selection)
    if params["drain"] and not params["paused"]:
        raise BadInput("drain is about pausing; set paused: true with it.")
    if params["state"] == "absent":
        if params["drain"]:
            raise BadInput("drain is about DAGs that are to be there; leave it out with state: absent.")
        return remove(module, airflow, exact_ids(selection))
    told = deployed is not None and settle(airflow, deployed, params["progress"], module.check_mode, module.warn)
    selected = select(airflow, selection, module.check_mode)
    for sentence in () if told else selected.lacking:
        module.warn(foreseen(sentence))
    wanted = paused_changes(selected.dags, params["paused"])
    changed = [dag_id for dag_id, (_dag, keys) in wanted.items() if keys]
    for dag_id in changed:
        if wanted[dag_id][0]["is_stale"]:
            module.warn(
                f"DAG {dag_id} is stale: Airflow no longer finds it in its files, so it does not run, paused or not."
            )
    there = {dag_id: keys for dag_id, keys in wanted.items() if dag_id not in selected.foreseen}
    active_runs = write(module, airflow, there, selected.listing) if changed or params["drain"] else {}
    dags = [view(dag, keys, active_runs.get(dag_id)) for dag_id, (dag, keys) in wanted.items()]
    return {"changed": bool(changed), "dags": dags, "diff": diff(wanted)}


def write(module: AirflowModule, airflow: Airflow, wanted: Changes, listing: Listing | None) -> dict[str, int]:
    """Pause or unpause what differs; return how many runs of a DAG were active when it was paused."""
    changed = [dag_id for dag_id, (_dag, keys) in wanted.items() if keys]
    if module.params["drain"]:
        check_drained(airflow, wanted)
        if not module.check_mode:
            drain(airflow, wanted, module.params["wait_timeout"], Progress(airflow, module.params["progress"]))
            return dict.fromkeys(changed, 0)
    active_runs = count_visible_runs(airflow, changed) if module.params["paused"] else {}
    if not module.check_mode:
        set_paused(airflow, wanted, listing)
    return active_runs


def remove(module: AirflowModule, airflow: Airflow, dag_ids: list[str]) -> dict[str, t.Any]:
    """Delete the records of those DAGs that exist."""
    dags = [dag for dag in map(airflow.ask(Dags).find, dag_ids) if dag]
    if not module.check_mode:
        delete(airflow, dags)
    return {
        "changed": bool(dags),
        "dags": [view(dag, {}) for dag in dags],
        "diff": gone(dag["dag_id"] for dag in dags),
    }


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, required_one_of=[("dag_id", "tags")], supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
