# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: deployed_dags
short_description: Tell what has become of DAGs whose files were deployed
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Sorts DAGs by what Airflow has made of their new files.
  - Airflow itself takes a minute or two to see that a file holds a DAG no more. What was in one file with a DAG that
    was read since, and was not read, is in it no more.
positional: _input, dag_ids
options:
  _input:
    description: The RV(dagops.airflow.airflow_dag_info#module:dags) of M(dagops.airflow.airflow_dag_info) after the
      deployment, read with O(dagops.airflow.airflow_dag_info#module:stale=true).
    type: list
    elements: dict
    required: true
  dag_ids:
    description: Ids of the DAGs that are asked about, those that were in the files before.
    type: list
    elements: str
    required: true
  parsed_after:
    description: The moment at which the files were in place, with a time zone. If it is empty, whatever Airflow has
      read will do.
    type: str
    default: ""
seealso:
  - plugin: dagops.airflow.dags_of_files
    plugin_type: filter
  - module: dagops.airflow.airflow_dag
"""

EXAMPLES = r"""
- name: Read what Airflow has made of the new files
  dagops.airflow.airflow_dag_info:
    dag_id: "{{ names }}"
    stale: true
  register: now_known
  until: outcome.pending | length == 0
  retries: 60
  delay: 5
  vars:
    names: [etl_daily, etl_hourly]
    outcome: "{{ now_known.dags | dagops.airflow.deployed_dags(names, parsed_after=copied_at) }}"
"""

RETURN = r"""
_value:
  description: Ids of the DAGs by what has become of them, each list in the order of O(dag_ids).
  type: dict
  contains:
    read:
      description: Airflow has read the DAG since.
      type: list
      elements: str
    broken:
      description: Its file cannot be imported.
      type: list
      elements: str
    gone:
      description: Airflow does not know it any more, has found it in no file, or has read other DAGs of its file since.
      type: list
      elements: str
    pending:
      description: Airflow has not read its file since.
      type: list
      elements: str
  sample: {"broken": [], "gone": ["etl_hourly"], "pending": [], "read": ["etl_daily"]}
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._base.errors import BadInput
from ..module_utils._base.times import time_of
from ..plugin_utils._filter_input import dags_of


def deployed_dags(value: t.Any, dag_ids: t.Sequence[str], parsed_after: str = "") -> dict[str, list[str]]:
    """Sort the DAGs DAG_IDS by what has become of them since PARSED_AFTER."""
    dags = {dag["dag_id"]: dag for dag in dags_of("deployed_dags", value)}
    try:
        after = time_of("parsed_after", parsed_after) if parsed_after else None
        read = {
            dag_id: dag
            for dag_id, dag in dags.items()
            if dag["last_parsed_time"]
            and not dag["is_stale"]
            and (after is None or time_of("last_parsed_time", dag["last_parsed_time"]) >= after)
        }
    except BadInput as error:
        raise AnsibleFilterError(f"deployed_dags: {error.message}") from error
    # A file may break between two looks at it.
    files = {dag["fileloc"] for dag in read.values() if not dag["has_import_errors"]}

    def outcome(dag_id: str) -> str:
        if dag_id in read:
            return "read"
        dag = dags.get(dag_id)
        if dag is None or dag["fileloc"] in files:
            return "gone"
        # DAGs of a file that cannot be imported become stale, too, but they are not gone.
        if dag["has_import_errors"]:
            return "broken"
        return "gone" if dag["is_stale"] else "pending"

    outcomes: dict[str, list[str]] = {"read": [], "broken": [], "gone": [], "pending": []}
    for dag_id in dag_ids:
        outcomes[outcome(dag_id)].append(dag_id)
    return outcomes


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"deployed_dags": deployed_dags}
