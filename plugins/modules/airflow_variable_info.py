#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_variable_info
short_description: List variables of Apache Airflow
version_added: 1.0.0
description:
  - Lists variables by key and shell pattern, without values that may be secrets. As in Airflow itself, the name of its
    key, or of a key in its JSON, makes a value a secret. All other values are shown.
  - The API of Airflow 2 shows all values. The module also hides there the values that Airflow 3 would mask.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  key:
    description:
      - Keys of the variables, or shell patterns such as V(etl_*). If it is not set, all are listed.
      - Ids that do not exist are left out. An empty list lists nothing.
      - Digests of O(dagops.airflow.airflow_variable#module:update_secrets=on_change) are never listed.
    type: list
    elements: str
seealso:
  - module: dagops.airflow.airflow_variable
"""

EXAMPLES = r"""
- name: The variables of a team
  dagops.airflow.airflow_variable_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    key: [etl_*]
  register: found
"""

RETURN = r"""
variables:
  description: The variables, sorted by key.
  returned: success
  type: list
  elements: dict
  contains:
    key:
      description: Key of the variable.
      type: str
      sample: etl_region
    value:
      description: Value of the variable as a string, with V(***) for values that may be secrets; null if Airflow cannot
        decrypt it.
      type: str
      sample: eu
    description:
      description: Description of the variable; empty if it has none.
      type: str
    team_name:
      description: Team of the variable; empty if it has none.
      type: str
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.variables import Variables
from ..module_utils._module import AirflowModule
from ..module_utils._work.digests import is_digest_key
from ..module_utils._work.objects import listed
from ..module_utils._work.variables import shown

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"key": {"type": "list", "elements": "str", "no_log": False}}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    found = listed(airflow.ask(Variables), "key", module.params["key"])
    return {"changed": False, "variables": [shown(item) for item in found if not is_digest_key(item["key"])]}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
