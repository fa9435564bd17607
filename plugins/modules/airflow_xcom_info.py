#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_xcom_info
short_description: Read the XComs of a DAG run of Apache Airflow
version_added: 1.0.0
description:
  - Reads the XComs of one DAG run. These are the values that its tasks have returned or pushed.
  - Values have the types of JSON, the same on every version. Dates and times of Python are strings in ISO 8601, tuples
    and sets are lists, decimals are numbers. An object of another class is returned as Airflow has written it, with a
    warning.
  - Before 2.10, Airflow shows values in the notation of Python. A string and a number can look the same there. The
    module reads both with C(ast.literal_eval), so the string C(17) becomes a number.
  - If the whole value is a tuple or a set, Airflow 2 shows it as a string, such as C((1,2)), and the module returns
    this string.
  - With your own XCom backend, the module may return the reference to a value in place of the value.
  - XComs may contain secrets, and the output shows them. Set C(no_log) for such a task.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  dag_id:
    description: Id of the DAG, such as V(etl_daily).
    type: str
    required: true
  dag_run_id:
    description:
      - Id of the run, such as V(release-42). If it is not set, the module reads the run that was created last.
      - In check mode the module only warns if a DAG or a run does not exist, and returns no XComs.
    type: str
  task_id:
    description: Returns only XComs of these tasks, by id or shell pattern such as V(load_*). If the run has no task
      with an id, the module fails. A pattern without a match is not a failure.
    type: list
    elements: str
  key:
    description:
      - Returns only XComs with these keys, or shell patterns. The value that a task returned has the key
        V(return_value).
      - Each value needs a request. It can have up to 64 KiB as JSON, all values together up to 1 MiB. If there is more,
        the task fails, so read only the keys that you need.
    type: list
    elements: str
seealso:
  - module: dagops.airflow.airflow_dag_run
"""

EXAMPLES = r"""
- name: Read the values that the tasks of the last run returned
  dagops.airflow.airflow_xcom_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    dag_id: etl_daily
    key: [return_value]
  register: found

- name: Show each item
  ansible.builtin.debug:
    msg: "{{ item.task_id }} has returned {{ item.value }}"
  loop: "{{ found.xcoms }}"
  loop_control:
    label: "{{ item.task_id }}"
"""

RETURN = r"""
xcoms:
  description: The XComs, sorted by task, turn of a loop, map index and key.
  returned: success
  type: list
  elements: dict
  contains:
    task_id:
      description: Id of the task.
      type: str
      sample: publish
    map_index:
      description: Index of a mapped task instance; V(-1) when the task is not mapped.
      type: int
      sample: -1
    loop_iteration:
      description: In a loop (Airflow 3.4 and newer) C(loop_id) and C(iteration), the turn of the loop from 0; otherwise
        null.
      type: dict
      sample: {"loop_id": "pages", "iteration": 2}
    key:
      description: Key of the XCom.
      type: str
      sample: return_value
    value:
      description: The value that was pushed.
      type: raw
      sample: {"rows": 3, "digest": "5f3ac0de"}
"""

import typing as t
from fnmatch import fnmatchcase

from ..module_utils._airflow.airflow import Airflow, Object
from ..module_utils._airflow.tasks import Tasks
from ..module_utils._base.errors import NotFound
from ..module_utils._base.inputs import check_task_names, dag_id_of, dag_run_id_of, is_glob, word_of
from ..module_utils._module import AirflowModule
from ..module_utils._work.foreseen import foreseen
from ..module_utils._work.named_run import check_there, named_run
from ..module_utils._work.results import Values, xcoms_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "dag_id": {"type": "str", "required": True},
    "dag_run_id": {"type": "str"},
    "task_id": {"type": "list", "elements": "str"},
    "key": {"type": "list", "elements": "str", "no_log": False},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    dag_id = dag_id_of("dag_id", params["dag_id"])
    run_id = dag_run_id_of("dag_run_id", params["dag_run_id"]) if params["dag_run_id"] else None
    check_task_names("task_id", params["task_id"] or ())
    for key in params["key"] or ():
        word_of("key", key)
    try:
        dag_run = named_run(airflow, dag_id, run_id)
    except NotFound as error:
        if not module.check_mode:
            raise
        module.warn(foreseen(error.message))
        return {"changed": False, "xcoms": []}

    def wanted(xcom: Object) -> bool:
        return all(fits(xcom[name], params[name]) for name in ("task_id", "key"))

    found = xcoms_of(airflow, dag_run, wanted, Values(airflow, dag_run, "by task_id or key", module.warn))
    # A task that is there may have pushed nothing.
    silent = set(params["task_id"] or ()) - {xcom["task_id"] for xcom in found}
    if not all(map(is_glob, silent)):
        check_there(sorted(silent), dag_run, airflow.ask(Tasks).of_run(dag_run["dag_id"], dag_run["dag_run_id"]))
    return {"changed": False, "xcoms": found}


def fits(name: str, patterns: list[str] | None) -> bool:
    """Whether a name is one of these, or fits one of these patterns; without any, all do."""
    return patterns is None or any(name == text or fnmatchcase(name, text) for text in patterns)


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
