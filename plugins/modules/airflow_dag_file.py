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
  - After DAG files were copied, waits until Airflow has read them, and tells which DAGs each file holds, which DAGs
    have left it, and why it cannot be imported.
  - The task fails as soon as Airflow has tried one of the files and cannot import it, whether the file is new or not.
    Of a DAG that has left its file it warns.
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
        DAGs in a zip file are of that file.
      - On Airflow 2 without O(folder), absolute paths are taken as well, and of other paths the end decides, since
        Airflow 2 does not tell where its DAGs folder is.
      - Name files that define DAGs. Airflow does not tell that it has read a file without any, so such a file is
        waited for until the time is over, unless O(dag_id) says which DAGs there are.
    type: list
    elements: str
    required: true
  folder:
    description:
      - The folder of the files, as an absolute path, or as a path below the DAGs folder or the bundle.
      - Airflow may know the folder by another path than the host to which the files were copied, in a container for
        example. When it knows nothing below this path, the end of the path decides.
    type: str
  bundle:
    description:
      - Name of the DAG bundle, where two of them have a file of the same name. It needs Airflow 3.
    type: str
  dag_id:
    description:
      - Ids of DAGs that are waited for, too, whichever file they are in, as with
        O(dagops.airflow.airflow_dag#module:wait).
      - With them, a file in which Airflow finds no DAG is not waited for. O(files) may be empty then.
    type: list
    elements: str
  parsed_after:
    description:
      - The moment at which the files were copied, with its time zone, such as V(2026-11-22T10:15:00+00:00). A file
        counts as read when the versions of its DAGs that run were made after it. If it is not set, whatever Airflow
        has read will do.
      - Take it when the last file is in place, on a host whose clock agrees with Airflow's.
    type: str
  parse_margin:
    description:
      - Seconds by which the time of parsing has to be later than O(parsed_after), as in
        M(dagops.airflow.airflow_dag).
    type: float
    default: 30
  version_marker:
    description:
      - A tag that the new version of each DAG carries, such as V(release-42). It is the sign where
        nothing is copied, with git-sync and images for example, and works on every version of Airflow.
      - If Airflow 3 created a version of the DAG in the first parse with this tag, that version runs. Otherwise the tag
        may be older or newer than the version that runs. Then each task waits for a parse that is O(parse_margin)
        seconds later. Set O(wait_timeout) to more than that.
    type: str
  bundle_version:
    description:
      - A version of the DAG bundle from which each DAG has to come, such as the commit of a Git
        bundle, or the first 7 characters of it or more. Needs Airflow 3.0 or newer, and a bundle with versions.
    type: str
  wait:
    description:
      - Whether to wait. With V(false), the task looks once and tells what there is; a file that is not read or cannot
        be imported is no failure then.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds that the wait may take. V(0) looks once.
      - Airflow finds new files within C([dag_processor] refresh_interval) (Airflow 3) or C([scheduler]
        dag_dir_list_interval) (Airflow 2), which are 5 minutes if nobody has changed them. From version 2.10
        on, the task asks Airflow to read the files that it knows at once.
      - In check mode the task looks once, warns of what is not read or cannot be imported, and does not wait.
    type: float
    default: 300
  progress:
    description:
      - Whether to print a line when more files are read, such as V(2 of 3 files read, waiting for etl/daily.py).
      - Lines are printed if the task runs in the process of C(ansible-playbook), see the notes. Nothing is printed for
        a task with C(no_log) and in check mode.
    type: bool
    default: true
notes:
  - The import error needs the permission C(can_read) on C(ImportError). A user without it waits until the time is
    over when a file cannot be imported.
seealso:
  - module: dagops.airflow.airflow_dag
"""

EXAMPLES = r"""
- name: Copy DAG files
  ansible.builtin.copy:
    src: dags/
    dest: /opt/airflow/dags/
  # Not as the tasks of the control node, whose play may name a connection and a Python.
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
  register: deployed

- name: Say which DAGs are in no file any more
  ansible.builtin.debug:
    msg: "{{ deployed.files | map(attribute='gone_dag_ids') | flatten | join(', ') }}"

- name: Look which DAGs a file holds
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
        - V(parsed) when Airflow has read it, V(broken) when it cannot be imported, and V(pending) when Airflow has
          not read it, or has found no DAG in it.
      type: str
      sample: parsed
    dag_ids:
      description: Ids of the DAGs that Airflow has found in it, sorted; those from before, if it is broken or pending.
      type: list
      elements: str
      sample: [etl_daily]
    gone_dag_ids:
      description:
        - Ids of DAGs that were in the file when the task began, and are in no file now, sorted. Airflow itself takes
          some minutes to see that.
      type: list
      elements: str
    import_error:
      description: Why the file cannot be imported, or null.
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
  description: Whether the wait ran out of time.
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
