#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_dag_file
short_description: Wait until Apache Airflow has read DAG files
version_added: 1.0.0
description:
  - Waits until Airflow has read DAG files after you have copied them. Returns which DAGs each file has, which DAGs are
    no longer in it, and why it cannot be imported.
  - The task fails as soon as Airflow has tried one of the files and cannot import it, also if the file is new. It warns
    if a DAG is no longer in its file.
  - To wait for DAGs by their ids, use M(dagops.airflow.airflow_dag) with O(dagops.airflow.airflow_dag#module:wait).
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  files:
    description:
      - Paths of the files below the DAGs folder or the DAG bundle, such as V(etl/daily.py), or below O(folder). All
        DAGs in a zip file belong to that file.
      - On Airflow 2 without O(folder), absolute paths are accepted, too. Other paths must match the end of the path of
        a file, because Airflow 2 does not show where its DAGs folder is.
      - Give only files that define DAGs. Airflow does not show that it has read a file without DAGs, so the task would
        wait for it until its timeout, unless O(dag_id) names the DAGs.
    type: list
    elements: str
    required: true
  folder:
    description:
      - The folder of the files, as an absolute path, or as a path below the DAGs folder or the bundle.
      - Airflow may have another path for the folder than the host that you copy the files to, for example in a
        container. If Airflow knows no file below this path, the module compares the end of the path.
    type: str
  bundle:
    description:
      - Name of the DAG bundle, if two bundles have a file with the same name. Needs Airflow 3.
    type: str
  dag_id:
    description:
      - Ids of DAGs to wait for, too, in any file, as with O(dagops.airflow.airflow_dag#module:wait).
      - With this option, the task does not wait for a file in which Airflow finds no DAG. O(files) can then be empty.
    type: list
    elements: str
  parsed_after:
    description:
      - The time when the files were copied, with its time zone, such as V(2026-11-22T10:15:00+00:00). A file counts as
        read when Airflow runs versions of its DAGs that are newer than this time. If it is not set, any version counts.
      - Save the time when the last file is in place, on a host whose clock agrees with Airflow's clock.
    type: str
  files_before:
    description:
      - The result of a task with O(wait=false) that looked at the same O(files) before they were copied, or RV(files)
        of it. If a file has another import error now, the error belongs to the new version of the file, even if it is
        older than O(parsed_after). Airflow can read a file after it was copied, but before the last file was copied.
    type: raw
  parse_margin:
    description:
      - The parse must be at least this many seconds later than O(parsed_after), as in M(dagops.airflow.airflow_dag).
    type: float
    default: 30
  version_marker:
    description:
      - A tag of the new version of each DAG, such as V(release-42). Use it if you do not copy files, for example with
        git-sync or images. It works on every version of Airflow.
      - If Airflow 3 created a version of the DAG in the first parse with this tag, that version runs. Otherwise the tag
        may be older or newer than the version that runs. Then each task waits for a parse that is O(parse_margin)
        seconds later. Set O(wait_timeout) to more than that.
    type: str
  bundle_version:
    description:
      - The version of the DAG bundle that each DAG must come from, such as the commit of a Git bundle, or at least its
        first 7 characters. Needs Airflow 3.0 or newer, and a bundle with versions.
    type: str
  wait:
    description:
      - Whether to wait. With V(false), the task looks once and returns what it finds. It does not fail if a file is not
        read or cannot be imported.
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum seconds to wait. V(0) looks once.
      - Airflow finds new files within C([dag_processor] refresh_interval) (Airflow 3) or
        C([scheduler] dag_dir_list_interval) (Airflow 2). The default of both is 5 minutes. From Airflow 2.10 on, the
        task asks Airflow to read known files at once.
      - In check mode the task looks once, warns of files that are not read or cannot be imported, and does not wait.
    type: float
    default: 300
  progress:
    description:
      - Whether to print a line each time more files are read, such as V(2 of 3 files read, waiting for etl/daily.py).
      - Lines are printed if the task runs in the process of C(ansible-playbook), see the notes. Nothing is printed for
        a task with C(no_log) and in check mode.
    type: bool
    default: true
notes:
  - The import error needs the permission C(can_read) on C(ImportError). Without it, if a file cannot be imported, the
    task waits until its timeout.
seealso:
  - module: dagops.airflow.airflow_dag
"""

EXAMPLES = r"""
- name: Look at the files before they are copied
  dagops.airflow.airflow_dag_file:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    files: [etl_daily.py, etl_hourly.py]
    folder: /opt/airflow/dags
    wait: false
  register: before

- name: Copy DAG files
  ansible.builtin.copy:
    src: dags/
    dest: /opt/airflow/dags/
  # The play may set a connection and a Python for the control node. This host needs other ones.
  delegate_to: airflow.example.com
  connection: ssh
  vars:
    ansible_python_interpreter: auto

- name: Note the time
  ansible.builtin.set_fact:
    copied_at: "{{ now(utc=true).isoformat() }}+00:00"

- name: Wait until Airflow has read them
  dagops.airflow.airflow_dag_file:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    files: [etl_daily.py, etl_hourly.py]
    folder: /opt/airflow/dags
    parsed_after: "{{ copied_at }}"
    files_before: "{{ before }}"
  register: deployed

- name: Say which DAGs are no longer in a file
  ansible.builtin.debug:
    msg: "{{ deployed.files | map(attribute='gone_dag_ids') | flatten | join(', ') }}"

- name: Read which DAGs a file has
  dagops.airflow.airflow_dag_file:
    files: etl_daily.py
    wait: false
"""

RETURN = r"""
files:
  description: The files, in the order of O(files).
  returned: success, and when the wait has failed
  type: list
  elements: dict
  contains:
    file:
      description: Path of the file, as in O(files), or below the bundle if O(folder) is not absolute.
      type: str
      sample: etl/daily.py
    state:
      description:
        - V(parsed) if Airflow has read it, V(broken) if it cannot be imported, and V(pending) if Airflow has not read
          it, or has found no DAG in it.
      type: str
      sample: parsed
    dag_ids:
      description: Ids of the DAGs that Airflow has found in it, sorted; if it is broken or pending, the DAGs from
        before.
      type: list
      elements: str
      sample: [etl_daily]
    gone_dag_ids:
      description:
        - Ids of DAGs that were in the file when the task began, and are not in any file now, sorted. Airflow itself
          needs some minutes to notice this.
      type: list
      elements: str
    import_error:
      description: Why the file cannot be imported, or null. If it is pending, the error is from before O(parsed_after).
      type: dict
      contains:
        filename:
          description: The file as Airflow names it; on Airflow 3 relative to its DAG bundle.
          type: str
          sample: etl/daily.py
        timestamp:
          description: When Airflow last tried it. ISO 8601 in UTC.
          type: str
        trace_tail:
          description: The last 20 lines of the traceback.
          type: str
dags:
  description: The DAGs of the files and of O(dag_id), sorted by id, as M(dagops.airflow.airflow_dag_info) returns them.
  returned: success, and when the wait has failed
  type: list
  elements: dict
timed_out:
  description: Whether the wait timed out.
  returned: when it did
  type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._base.text import first_few
from ..module_utils._module import AirflowModule
from ..module_utils._work.dag_files import look_at_files, wait_for_files, wanted_of
from ..module_utils._work.progress import Progress

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "files": {"type": "list", "elements": "str", "required": True},
    "folder": {"type": "str"},
    "bundle": {"type": "str"},
    "dag_id": {"type": "list", "elements": "str"},
    "parsed_after": {"type": "str"},
    "files_before": {"type": "raw"},
    "version_marker": {"type": "str"},
    "bundle_version": {"type": "str"},
    "parse_margin": {"type": "float", "default": 30.0},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 300.0},
    "progress": {"type": "bool", "default": True},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wanted = wanted_of(airflow, module.params)
    if module.params["wait"] and not module.check_mode:
        result, gone = wait_for_files(airflow, wanted, Progress(airflow, module.params["progress"]))
        for sentence in gone:
            module.warn(f"{sentence}.")
    else:
        result, unwell = look_at_files(airflow, wanted)
        if module.params["wait"] and unwell:
            module.warn(f"{first_few(unwell, '; ')}; check mode does not wait for it.")
    return {"changed": False, **result}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
