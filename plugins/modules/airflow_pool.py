#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_pool
short_description: Manage pools of Apache Airflow
version_added: 1.0.0
description:
  - Creates, updates or deletes a pool, which limits how many tasks run at the same time.
  - On every version of Airflow, a field whose option is not given is not changed.
  - If somebody else creates the pool at the same time, it is not overwritten. The module reads it and changes only what
    differs.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  name:
    description:
      - Name of the pool, such as V(etl). Names with a slash need Airflow 3.
      - For V(default_pool) you can change only O(slots) and O(include_deferred), and you cannot delete it.
    type: str
    required: true
  slots:
    description:
      - Number of slots, 1 to 2147483647. Required for a new pool.
      - V(-1) is unlimited. It needs Airflow 3.1. Older versions fail when they list such a pool.
    type: int
  description:
    description: Description of the pool. An empty string clears it.
    type: str
  include_deferred:
    description: Whether deferred tasks also use slots. Needs Airflow 2.7. The default for a new pool is V(false).
    type: bool
  team_name:
    description: Team that the pool belongs to. An empty string removes it from its team. Needs Airflow 3.2 with teams.
    type: str
  state:
    description: Whether the pool exists. Airflow starts no task whose pool was deleted.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: dagops.airflow.airflow_pool_info
"""

EXAMPLES = r"""
- name: A pool of eight slots
  dagops.airflow.airflow_pool:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    name: etl
    slots: 8
    description: What writes to the warehouse

- name: More slots at night; nothing else changes
  dagops.airflow.airflow_pool:
    name: etl
    slots: 32

- name: Delete a pool
  dagops.airflow.airflow_pool:
    name: etl
    state: absent
"""

RETURN = r"""
pool:
  description: The pool after the task, in check mode the expected one; null if it does not exist.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the pool.
      type: str
      sample: etl
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
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.pools import FIELDS, Pools
from ..module_utils._base.state import diff, gone
from ..module_utils._module import AirflowModule
from ..module_utils._work.objects import difference
from ..module_utils._work.pools import CLEARABLE, SPEC, carry_out, plan_of, remove, wish_of

ARGUMENT_SPEC = SPEC


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    pools = airflow.ask(Pools)
    if module.params["state"] == "absent":
        there = pools.find(wish.name) is not None
        if there and not module.check_mode:
            remove(airflow, wish.name)
        return {"changed": there, "pool": None, "diff": gone([wish.name] if there else [])}

    pools.check(wish.fields)
    plan = plan_of(airflow, wish, pools.find(wish.name))
    if plan.changed and not module.check_mode:
        carry_out(airflow, wish, plan)
    return {
        "changed": bool(plan.changed),
        "pool": {key: plan.after[key] for key in FIELDS},
        "diff": diff({wish.name: difference(wish, plan)}),
    }


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, clearable=CLEARABLE, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
