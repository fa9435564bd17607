#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_objects
short_description: Manage connections, variables, pools, roles, users and paused DAGs of Apache Airflow in one task
version_added: 1.0.0
description:
  - Takes all that is wanted of an Airflow in one task. Each kind of objects is read in one list, and only what differs
    is written. Check mode with C(--diff) is the report of what has drifted.
  - A kind that is not given is not touched, and neither is an object that is not listed, unless O(purge) says so.
  - The task checks what it can before it writes anything. It refuses, for example, an unknown key, a name that is given
    twice, or a purge of more objects than C(at_most).
  - When Airflow refuses an object, the others are still written. Then the task fails, RV(failed_objects) names each
    refused object, and nothing is purged. When the server does not answer any more, the rest is not tried, and the same
    task goes on from there.
  - Pools are written first, then variables, connections, roles, users and DAGs. What is purged goes last.
  - Roles and users need the FAB auth manager, which Airflow 2 has built in.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  connections:
    description: A list of connections, with the options of M(dagops.airflow.airflow_connection), or its JSON text.
    type: raw
  variables:
    description: A list of variables, with the options of M(dagops.airflow.airflow_variable), or a mapping of keys to
      values, or the JSON text of one of them.
    type: raw
  pools:
    description: A list of pools, with the options of M(dagops.airflow.airflow_pool), or its JSON text.
    type: raw
  roles:
    description: A list of roles, with the options of M(dagops.airflow.airflow_role), or its JSON text.
    type: raw
  users:
    description:
      - A list of users, with the options of M(dagops.airflow.airflow_user), or its JSON text.
      - Here C(update_password) is V(on_create) if it is not set.
    type: raw
  dags:
    description: A mapping of DAG ids to a mapping with C(paused), true or false, or its JSON text. DAGs that are not
      listed stay as they are.
    type: raw
  update_secrets:
    description:
      - What happens to secrets that cannot be compared, in all connections and variables that do not say it themselves.
      - V(always) writes them each time, and reports a change each time.
      - V(on_change) writes them when they are others than the last, by a digest that is kept in Airflow; see
        O(dagops.airflow.airflow_connection#module:update_secrets). All digests are read in one list.
      - V(on_create) sets them for new objects only.
    type: str
    choices: [always, on_change, on_create]
    default: always
  purge:
    description:
      - Removes objects that are not listed, of these kinds. The option of the kind must be given; an empty list counts.
      - C(default_pool), the roles that Airflow comes with, the user that is logged in, and digests of
        O(update_secrets=on_change) are never removed.
    type: dict
    suboptions:
      connections:
        description: What is removed of connections.
        type: dict
        suboptions: &purge
          matching:
            description: Names, or shell patterns such as V(app_*), of what may be removed, one at least. V(*) is all.
            type: list
            elements: str
            required: true
          except:
            description: Names or shell patterns of what stays all the same.
            type: list
            elements: str
          at_most:
            description: How many objects may be removed. If there are more, nothing is changed at all, and the failure
              names them.
            type: int
            default: 10
      variables:
        description: What is removed of variables.
        type: dict
        suboptions: *purge
      pools:
        description: What is removed of pools. Tasks whose pool was deleted are not started any more.
        type: dict
        suboptions: *purge
      roles:
        description: What is removed of roles.
        type: dict
        suboptions: *purge
      users:
        description: What is removed of users. It needs O(api_username), since a token does not tell who is logged in.
        type: dict
        suboptions: *purge
seealso:
  - module: dagops.airflow.airflow_objects_info
  - module: dagops.airflow.airflow_connection
  - module: dagops.airflow.airflow_variable
  - module: dagops.airflow.airflow_pool
  - module: dagops.airflow.airflow_role
  - module: dagops.airflow.airflow_user
"""

EXAMPLES = r"""
- name: All that an application needs
  dagops.airflow.airflow_objects:
    api_url: https://airflow.example.com
    api_username: admin
    api_password: "{{ airflow_admin_password }}"
    update_secrets: on_change
    connections:
      - connection_id: app_warehouse
        conn_type: postgres
        host: db.example.com
        login: etl
        password: "{{ vault_db_password }}"
    variables:
      app_region: eu
      app_limits: {daily: 40}
    pools:
      - {name: app_etl, slots: 8}
    roles:
      - name: app_reader
        permissions:
          - {action: can_read, resource: DAGs}

- name: The same variables, and no others of that application
  dagops.airflow.airflow_objects:
    variables:
      app_region: eu
      app_limits: {daily: 40}
    purge:
      variables:
        matching: ["app_*"]
        except: ["app_local_*"]
        at_most: 5

- name: Fail when somebody has changed a pool by hand
  dagops.airflow.airflow_objects:
    pools:
      - {name: app_etl, slots: 8}
  check_mode: true
  diff: true
  register: drift
  failed_when: drift is changed
"""

RETURN = r"""
objects:
  description: Names of all objects by their kind, of the kinds that were given, and what has become of each, in check
    mode what would. Objects that failed are in RV(failed_objects) only.
  returned: success, and when objects failed
  type: dict
  contains: &kinds
    connections: &kind
      description: What has become of objects of this kind.
      type: dict
      contains:
        created:
          description: Names of those that were made.
          type: list
          elements: str
        updated:
          description: Names of those that were changed. With O(update_secrets=always) they are also those in
            RV(unverified), whose secrets were written again.
          type: list
          elements: str
        removed:
          description: Names of those that were removed.
          type: list
          elements: str
        unchanged:
          description: Names of those that were as wanted.
          type: list
          elements: str
    variables: *kind
    pools: *kind
    roles: *kind
    users: *kind
    dags: *kind
failed_objects:
  description: What is not as wanted, since Airflow has refused it.
  returned: success, and when objects failed
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, as its option is called.
      type: str
      sample: connections
    name:
      description: Name of the object; V(*) where the list of this kind cannot be read.
      type: str
    msg:
      description: Why, in one sentence.
      type: str
unverified:
  description: Secrets that could not be compared with those that Airflow has. They have been written, unless
    O(update_secrets) is V(on_create).
  returned: success, and when objects failed
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, as its option is called.
      type: str
      sample: connections
    name:
      description: Name of the object.
      type: str
    field:
      description: The option that holds the secret.
      type: str
      sample: secret_extra.private_key
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._module import AirflowModule
from ..module_utils._work.apply import applied
from ..module_utils._work.digests import UPDATE_SECRETS
from ..module_utils._work.tree import KINDS, form_of, tree_of

PURGE_SPEC: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "matching": {"type": "list", "elements": "str", "required": True},
        "except": {"type": "list", "elements": "str"},
        "at_most": {"type": "int", "default": 10},
    },
}
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "connections": {"type": "raw"},
    "variables": {"type": "raw"},
    "pools": {"type": "raw"},
    "roles": {"type": "raw"},
    "users": {"type": "raw"},
    "dags": {"type": "raw"},
    "update_secrets": UPDATE_SECRETS,
    "purge": {
        "type": "dict",
        "options": {
            "connections": PURGE_SPEC,
            "variables": PURGE_SPEC,
            "pools": PURGE_SPEC,
            "roles": PURGE_SPEC,
            "users": PURGE_SPEC,
        },
    },
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    return applied(airflow, tree_of(module.params), module.check_mode, module.warn)


def main() -> None:
    items = {name: {"type": "list", "options": kind.spec, "form": form_of(kind)} for name, kind in KINDS.items()}
    AirflowModule(ARGUMENT_SPEC, items=items, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
