#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_pool_info
short_description: List pools of Apache Airflow
version_added: 1.0.0
description:
  - Lists pools by name and shell pattern, and the number of their open slots.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  name:
    description:
      - Names of the pools, or shell patterns such as V(etl_*). If it is not set, all are listed.
      - Ids that do not exist are left out. An empty list lists nothing.
    type: list
    elements: str
seealso:
  - module: dagops.airflow.airflow_pool
"""

EXAMPLES = r"""
- name: The pools of a team
  dagops.airflow.airflow_pool_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    name: [etl_*]
  register: found

- name: Wait until a pool is empty
  dagops.airflow.airflow_pool_info:
    name: [etl_daily]
  register: found
  until: found.pools | map(attribute='occupied_slots') | sum == 0
  retries: 60
  delay: 10
"""

RETURN = r"""
pools:
  description: The pools, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pool.
      type: str
      sample: etl_daily
    slots:
      description: Number of slots; V(-1) is unlimited.
      type: int
      sample: 8
    description:
      description: Description of the pool; empty if it has none.
      type: str
    include_deferred:
      description: Whether deferred tasks use slots; false before Airflow 2.7, which does not have this.
      type: bool
    team_name:
      description: Team of the pool; empty if it has none.
      type: str
    open_slots:
      description: Number of free slots.
      type: int
    occupied_slots:
      description: Number of slots that running and queued tasks use, and deferred tasks if they count.
      type: int
    running_slots:
      description: Number of slots that running tasks use.
      type: int
    queued_slots:
      description: Number of slots that queued tasks use.
      type: int
    scheduled_slots:
      description: Number of slots that scheduled tasks wait for; null if Airflow does not show it, such as 2.3.
      type: int
    deferred_slots:
      description: Number of slots of deferred tasks; null if Airflow does not show it, before 2.7.
      type: int
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.pools import Pools
from ..module_utils._module import AirflowModule
from ..module_utils._work.objects import listed

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"name": {"type": "list", "elements": "str"}}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    return {"changed": False, "pools": listed(airflow.ask(Pools), "name", module.params["name"])}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
