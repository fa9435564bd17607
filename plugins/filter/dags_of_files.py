# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dags_of_files
short_description: Pick the DAGs that Airflow has read from given files
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Returns the ids of those DAGs that come from files which are about to be deployed, so that they can be paused before
    and waited for afterwards.
  - Airflow may know the folder by another name than the host to which the files are copied, in a container for example.
    When no DAG lies below O(folder), the end of the path decides.
positional: _input, names
options:
  _input:
    description: The RV(dagops.airflow.airflow_dag_info#module:dags) of M(dagops.airflow.airflow_dag_info), or those of
      M(dagops.airflow.airflow_dag).
    type: list
    elements: dict
    required: true
  names:
    description: Paths of the files below O(folder). All DAGs in a zip file are of that file.
    type: list
    elements: str
    required: true
  folder:
    description: The DAGs folder.
    type: str
    required: true
seealso:
  - plugin: dagops.airflow.deployed_dags
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read the DAGs that Airflow knows
  dagops.airflow.airflow_dag_info:
  register: known

- name: Pause those of the file that is about to be copied
  dagops.airflow.airflow_dag:
    dag_id: "{{ known.dags | dagops.airflow.dags_of_files(['etl/daily.py'], folder='/opt/airflow/dags') }}"
    paused: true
"""

RETURN = r"""
_value:
  description: Ids of the DAGs, in the order of the input.
  type: list
  elements: str
  sample: [etl_daily, etl_hourly]
"""

import re
import typing as t

from ..plugin_utils._filter_input import dags_of


def dags_of_files(value: t.Any, names: t.Sequence[str], folder: str) -> list[str]:
    """Return the ids of the DAGs that come from the files NAMES below FOLDER."""
    dags = dags_of("dags_of_files", value)
    below = folder.rstrip("/") + "/"
    start = re.escape(below) if any(dag["fileloc"].startswith(below) for dag in dags) else ".*/"
    # What follows the name of a file is a file in a zip file.
    pattern = re.compile(f"{start}(?:{'|'.join(map(re.escape, names))})(?:/.*)?", re.DOTALL)
    return [dag["dag_id"] for dag in dags if names and pattern.fullmatch(dag["fileloc"])]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"dags_of_files": dags_of_files}
