#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_connection_info
short_description: List connections of Apache Airflow
version_added: 1.0.0
description:
  - Lists connections by id and shell pattern, without values that may be secrets.
  - The API of Airflow 2 lists connections without C(extra), so there each connection is also read separately.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  connection_id:
    description:
      - Ids of the connections, or shell patterns such as V(etl_*). If it is not set, all are listed.
      - Ids that do not exist are left out. An empty list lists nothing.
    type: list
    elements: str
seealso:
  - module: dagops.airflow.airflow_connection
"""

EXAMPLES = r"""
- name: The connections of a team
  dagops.airflow.airflow_connection_info:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    connection_id: [etl_*]
  register: found
"""

RETURN = r"""
connections:
  description: The connections, sorted by id.
  returned: success
  type: list
  elements: dict
  contains:
    connection_id:
      description: Id of the connection.
      type: str
      sample: warehouse
    conn_type:
      description: Type of the connection.
      type: str
      sample: postgres
    description:
      description: Description of the connection; empty if it has none.
      type: str
    host:
      description: Host of the connection; empty if it has none.
      type: str
    login:
      description: Name of the user; empty if it has none.
      type: str
    schema:
      description: Schema of the connection; empty if it has none.
      type: str
    port:
      description: Port of the connection; null if it has none.
      type: int
    team_name:
      description: Team of the connection; empty if it has none.
      type: str
    extra:
      description: Further fields, with V(***) for values that may be secrets; null if Airflow has something else than
        JSON.
      type: dict
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.connections import Connections
from ..module_utils._module import AirflowModule
from ..module_utils._work.connections import shown
from ..module_utils._work.objects import listed

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"connection_id": {"type": "list", "elements": "str"}}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    connections = airflow.ask(Connections)
    found = listed(connections, "connection_id", module.params["connection_id"])
    return {"changed": False, "connections": [shown(connections.whole(connection)) for connection in found]}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
