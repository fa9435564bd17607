#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_maintenance
short_description: Pause DAGs of Apache Airflow for a maintenance window, and unpause exactly these DAGs afterwards
version_added: 1.0.0
description:
  - Before the maintenance window, pauses DAGs, and keeps a list of those that were not paused before in a file.
  - After it, unpauses exactly the DAGs in the list. DAGs that were paused before stay paused.
  - The file is on the host where the module runs. For a task on C(localhost) this is the control node.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  state:
    description:
      - V(paused) pauses the DAGs that O(dag_id) and O(tags) select. It writes the file before it pauses the first DAG.
        If the file exists, its DAGs stay in the list, so you can run the task again, or for more DAGs.
      - V(restored) unpauses the DAGs in O(unpaused_dags) or in the file. Then C(.restored) is added to the name of the
        file. If only a file with this name exists, nothing is changed.
      - If Airflow no longer finds one of the DAGs in its files, V(restored) unpauses the others, fails, and does not
        rename the file.
    type: str
    choices: [paused, restored]
    required: true
  path:
    description:
      - The file, a list of DAG ids in JSON. It is required, except for O(state=restored) with O(unpaused_dags).
      - The folder must exist. If the file exists and is not such a list, the module fails and changes nothing.
    type: path
  dag_id:
    description:
      - With O(state=paused), ids of the DAGs, or shell patterns such as V(etl_*). Patterns select only DAGs that are
        not stale. If it is not set, all DAGs are selected.
      - White space around an item is removed. An empty item is refused. An empty list selects nothing.
    type: list
    elements: str
  tags:
    description:
      - With O(state=paused), selects only DAGs that have any of these tags, such as V(billing). An empty list selects
        nothing.
    type: list
    elements: str
  unpaused_dags:
    description:
      - With O(state=restored), ids of the DAGs to unpause, such as RV(unpaused_dags) of an earlier task. The module
        then neither reads nor renames the file.
    type: list
    elements: str
seealso:
  - module: dagops.airflow.airflow_dag
    description: Pauses DAGs when no run is active (O(dagops.airflow.airflow_dag#module:drain)).
"""

EXAMPLES = r"""
- name: Pause all DAGs of a team, and note which of them were not paused
  dagops.airflow.airflow_maintenance:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    state: paused
    tags: [billing]
    path: "{{ playbook_dir }}/window.json"

- name: Unpause exactly these DAGs
  dagops.airflow.airflow_maintenance:
    state: restored
    path: "{{ playbook_dir }}/window.json"
"""

RETURN = r"""
unpaused_dags:
  description:
    - Ids of the DAGs that are not paused outside of the maintenance window, sorted.
    - With O(state=paused), the list in the file after the task, in check mode the expected list. With
      O(state=restored), the DAGs of the list, without those in RV(gone_dag_ids).
  returned: success, and when a write failed
  type: list
  elements: str
  sample: [etl_daily, etl_hourly]
msg:
  description: Which DAGs are paused or unpaused now and were not before, and where the list is. In check mode, what
    would be done.
  returned: success
  type: str
  sample: "2 DAGs are paused: etl_daily, etl_hourly. The list of the DAGs to unpause is in /home/ann/window.json."
gone_dag_ids:
  description: Ids of the DAGs that cannot be unpaused because Airflow no longer finds them in its files.
  returned: when there are such DAGs, in a failure
  type: list
  elements: str
  sample: [etl_old]
"""

import os
import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._base.errors import AirflowError, BadInput
from ..module_utils._base.inputs import dag_id_of, word_of
from ..module_utils._base.state import diff
from ..module_utils._base.text import first_few, it_or_them
from ..module_utils._module import AirflowModule
from ..module_utils._work import paused_file
from ..module_utils._work.dags import Changes, paused_changes, set_paused
from ..module_utils._work.foreseen import foreseen
from ..module_utils._work.selection import Listing, find_current, select, selection_of
from ..module_utils._work.window import Teller

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["paused", "restored"], "required": True},
    "path": {"type": "path"},
    "dag_id": {"type": "list", "elements": "str"},
    "tags": {"type": "list", "elements": "str"},
    "unpaused_dags": {"type": "list", "elements": "str"},
}
OF_STATES = {"paused": ("dag_id", "tags"), "restored": ("unpaused_dags",)}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    for state, options in OF_STATES.items():
        given = [name for name in options if params[name] is not None]
        if given and params["state"] != state:
            raise BadInput(
                f"{' and '.join(given)} can only be given with state: {state}; leave {it_or_them(len(given))} out."
            )
    if params["path"] is None and params["unpaused_dags"] is None:
        raise BadInput("path is not given; name the file for the DAGs that were not paused.")
    # Behind a link, so that the link stays.
    path = os.path.realpath(params["path"]) if params["path"] else ""
    return pause(module, airflow, path) if params["state"] == "paused" else restore(module, airflow, path)


def pause(module: AirflowModule, airflow: Airflow, path: str) -> dict[str, t.Any]:
    """Note which of the selected DAGs are not paused, and pause them."""
    selection = selection_of(module.params["dag_id"], module.params["tags"])
    noted = paused_file.read(path, "paused")
    paused_file.check_writable(path)
    selected = select(airflow, selection, module.check_mode)
    for sentence in selected.lacking:
        module.warn(foreseen(sentence))
    wanted = paused_changes(selected.dags, True)
    paused = differing(wanted)
    dag_ids = sorted({*(noted or ()), *paused})
    is_new = noted is None or {*noted} != {*dag_ids}
    if not module.check_mode:
        if is_new:
            # Before anything is paused: if the task is interrupted, the list is complete all the same.
            paused_file.write(path, dag_ids)
        set_all(airflow, wanted, selected.listing, {"unpaused_dags": dag_ids})
    tell = Teller(path, module.check_mode)
    earlier = [dag_id for dag_id in dag_ids if dag_id not in paused]
    msg = f"{tell.paused(paused, wanted)} {tell.listed(dag_ids, earlier, is_new)}"
    file = ({} if noted is None else {"unpaused_dags": noted}, {"unpaused_dags": dag_ids} if is_new else {})
    return result_of(wanted, path, file, dag_ids, msg)


def restore(module: AirflowModule, airflow: Airflow, path: str) -> dict[str, t.Any]:
    """Unpause the DAGs that were noted, and tell which are gone."""
    given = module.params["unpaused_dags"]
    named = noted_in(path) if given is None else [word_of("unpaused_dags", dag_id) for dag_id in given]
    dag_ids = sorted({dag_id_of("unpaused_dags", dag_id) for dag_id in named})
    there = find_current(airflow, dag_ids)
    wanted = paused_changes(there.dags, False)
    gone = [dag_id for dag_id in dag_ids if dag_id not in wanted]
    details: dict[str, t.Any] = {"unpaused_dags": [dag_id for dag_id in dag_ids if dag_id in wanted]}
    details.update({"gone_dag_ids": gone} if gone else {})
    if not module.check_mode:
        set_all(airflow, wanted, there.listing, details)
    if gone:
        these, them = "this DAG" if len(gone) == 1 else "these DAGs", it_or_them(len(gone))
        raise AirflowError(
            f"{first_few(gone)} cannot be unpaused, since Airflow does not find {these} in its files; all others "
            f"{'would be' if module.check_mode else 'are'} unpaused. Deploy {them} and run the task again, or remove "
            f"{them} from {path if given is None else 'unpaused_dags'}.",
            changed=bool(differing(wanted)),
            **details,
        )
    is_used = given is None and os.path.exists(path)
    if is_used and not module.check_mode:
        paused_file.put_away(path)
    file = ({"state": "present"}, {"state": "absent"} if is_used else {})
    tell = Teller(path, module.check_mode)
    msg = tell.used_before()
    if is_used or given is not None:
        msg = " ".join([tell.unpaused(differing(wanted), dag_ids), *([tell.put_away()] if is_used else [])])
    return result_of(wanted, path, file, dag_ids, msg)


def noted_in(path: str) -> list[str]:
    """Return the DAGs in the file; none of them after it was used."""
    noted = paused_file.read(path, "restored")
    if noted is None and not paused_file.was_used(path):
        raise BadInput(
            f"{path} does not exist, so there is nothing to restore; give the file that state: paused has written in "
            "path."
        )
    return noted or []


def differing(wanted: Changes) -> list[str]:
    """Return the ids of the DAGs that are to be changed, sorted."""
    return sorted(dag_id for dag_id, (_dag, keys) in wanted.items() if keys)


def set_all(airflow: Airflow, wanted: Changes, listing: Listing | None, details: dict[str, t.Any]) -> None:
    """Write what differs; a failure has the list, too."""
    try:
        set_paused(airflow, wanted, listing)
    except AirflowError as error:
        error.details.pop("dags", None)
        error.details.update(details)
        raise


def result_of(
    wanted: Changes, path: str, file: tuple[dict[str, t.Any], dict[str, t.Any]], dag_ids: list[str], msg: str
) -> dict[str, t.Any]:
    objects = {**wanted, path: file}
    changed = any(keys for _current, keys in objects.values())
    return {"changed": changed, "unpaused_dags": dag_ids, "diff": diff(objects), "msg": msg}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
