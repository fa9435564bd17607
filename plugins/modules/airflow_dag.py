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
  - Sets whether DAGs are paused, or deletes their records. DAGs are named by id, by shell patterns, or by tag.
  - After a deployment it waits until Airflow has parsed the new files.
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
      - In check mode a DAG that does not exist is a warning, since a task before may be the one that would deploy it,
        and the result has it as it is to be expected then, paused at first.
      - One of O(dag_id) and O(tags) is required.
    type: list
    elements: str
  tags:
    description:
      - Selects the DAGs that carry any of these tags, such as V(billing), and are not stale. With O(dag_id) both must
        hold.
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
  wait:
    description:
      - Before anything else, waits until Airflow has parsed the DAGs of O(dag_id) that are named by exact ids. Each is
        known then, is not stale, and has no import error. It is the step after DAG files were copied.
      - Airflow is asked to parse the files at once, which it can from version 2.10 on. It finds new files by itself,
        within C([dag_processor] refresh_interval) (Airflow 3) or C([scheduler] dag_dir_list_interval) (Airflow 2),
        which are 5 minutes if nobody has changed them.
      - The task fails as soon as Airflow has tried one of the files and cannot import it. Of a DAG that is not known
        yet, the file is the one that is named like it, or one that has broken during the wait, unless the DAG appears
        within O(parse_margin) seconds after that.
      - In check mode it looks once, warns of what is missing, and does not wait.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds that O(wait) may take, and then O(drain) once more.
      - V(0) looks once.
    type: float
    default: 300
  parsed_after:
    description:
      - With O(wait), the moment at which the files were copied, with its time zone, such as
        V(2026-11-22T10:15:00+00:00). The wait ends when the version of the DAG that runs was made after it.
      - Take it before the files are copied, as in the examples, on a host whose clock agrees with Airflow's.
    type: str
  parse_margin:
    description:
      - Seconds by which the time of parsing has to be later than O(parsed_after).
      - Airflow stamps a DAG at each parse, but writes what has changed in it at most once in
        C([core] min_serialized_dag_update_interval) seconds, 30 if nobody has changed that. A DAG that was not known
        before, and one of which Airflow 3 has made a new version that the user may read, need no margin. Of more than
        20 DAGs in one task no versions are read.
      - A parse that began before O(parsed_after) may read the old file. From 3.1 on, Airflow tells how long a parse
        took, so that such a one does not count. Before that, give more seconds than the file takes to be parsed, or
        use O(version_marker).
    type: float
    default: 30
  version_marker:
    description:
      - With O(wait), a tag that the new version of each DAG carries, such as V(release-42). It is the sign where
        nothing is copied, with git-sync and images for example, and works on every version of Airflow.
      - If Airflow 3 has made a version of the DAG with the parse in which the tag is seen first, that version runs.
        Otherwise the tag may be older or newer than the version that runs, and a parse that is O(parse_margin) seconds
        later is waited for, in each task anew; give O(wait_timeout) more than that.
    type: str
  bundle_version:
    description:
      - With O(wait), a version of the DAG bundle from which each DAG has to come, such as the commit of a Git
        bundle, or the first 7 characters of it or more. Needs Airflow 3.0 or newer, and a bundle with versions.
    type: str
  drain:
    description:
      - With O(paused=true), pauses each DAG only when no run of it is active, and waits for that up to
        O(wait_timeout) seconds. In the end nothing is in flight; otherwise the task fails and all DAGs are as they
        were.
      - A paused DAG starts no further tasks, so a run that is active when its DAG is paused never ends. That is why a
        DAG which is paused already while runs of it are active is refused.
    type: bool
    default: false
  progress:
    description:
      - >-
        Whether to print a line while O(wait) or O(drain) lasts, whenever there is something new, such as
        V(localhost: Runs of etl_daily (2\) are still active).
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
  # Not as the tasks of the control node, whose play may name a connection and a Python.
  delegate_to: airflow.example.com
  connection: ssh
  vars:
    ansible_python_interpreter: auto

- name: Unpause the DAG when its new version is the one that runs
  dagops.airflow.airflow_dag:
    dag_id: etl_daily
    wait: true
    parsed_after: "{{ copied_at }}"
    paused: false

- name: Wait for the version of a Git repository that has the tag of the release
  dagops.airflow.airflow_dag:
    dag_id: etl_daily
    wait: true
    version_marker: "release-{{ release }}"

- name: Pause DAGs with nothing left in flight
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
    - The DAGs that were selected, sorted by id, as they are after the task; in check mode, as they would be.
    - With O(state=absent) those that were deleted, as they were.
    - Of a failure, those that were changed or deleted before it.
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
      description: Logical date of the run that the scheduler makes next; null for a DAG without a schedule.
      type: str
      sample: "2026-11-22T00:00:00Z"
    next_dagrun_run_after:
      description: Moment after which the scheduler makes that run, if the DAG is not paused then.
      type: str
      sample: "2026-11-23T00:00:00Z"
    tags:
      description: Tags of the DAG, sorted.
      type: list
      elements: str
    active_runs:
      description: How many runs of the DAG were queued or running when this task paused it; null when it did not
        pause it, and when the user may not see runs.
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
      description: When Airflow tried it last. ISO 8601 in UTC.
      type: str
    trace_tail:
      description: The last 20 lines of the trace.
      type: str
timed_out:
  description: Whether O(wait) or O(drain) ran out of time.
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
from ..module_utils._work.parsing import Deployed, deployed_of, still_lacking, wait_until_parsed
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
    told = deployed is not None and settle(module, airflow, deployed)
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


def settle(module: AirflowModule, airflow: Airflow, deployed: Deployed) -> bool:
    """Wait until the DAGs are parsed; check mode looks once. Return whether it has told what is missing."""
    if not module.check_mode:
        wait_until_parsed(airflow, deployed, Progress(airflow, module.params["progress"]))
        return False
    lacking = still_lacking(airflow, deployed)
    if lacking:
        module.warn(f"{lacking}; check mode does not wait for it.")
    return bool(lacking)


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
