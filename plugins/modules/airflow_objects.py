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
  - Manages the whole configuration of an Airflow in one task. It reads each kind of objects as one list, and writes
    only objects that differ. Check mode with C(--diff) shows what has drifted.
  - Kinds that are not given are not changed. Objects that are not listed are not changed, unless O(purge) says so. If
    no object is given and nothing is purged, the module warns.
  - The task checks what it can before it writes anything. It refuses, for example, an unknown key, a name that is given
    twice, a purge of more objects than C(at_most), the removal of a role that a listed user is to have, the e-mail
    address of another user, or a DAG that Airflow does not know. Check mode warns of such a DAG, because an earlier
    task may create it.
  - When Airflow refuses an object, the others are still written. Then the task fails, RV(failed_objects) names each
    refused object, and nothing is purged. If the server stops answering, the rest is not tried, and the same task goes
    on from there.
  - Pools are written first, then variables, connections, roles, users and DAGs. Objects are purged last.
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
      - Here the default of C(update_password) is V(on_create).
    type: raw
  dags:
    description: A mapping of DAG ids to a mapping with C(paused), true or false, or its JSON text. DAGs that are not
      listed are not changed.
    type: raw
  update_secrets:
    description:
      - What happens to secrets that cannot be compared, for all connections and variables without their own value.
      - V(always) writes them each time, and reports a change each time.
      - V(on_change) writes them if they differ from the last ones. It keeps a digest in Airflow for this; see
        O(dagops.airflow.airflow_connection#module:update_secrets). All digests are read in one list. It also
        writes them if the task gives other secrets than the last time, for example one key less.
      - V(on_create) sets them only for new objects.
    type: str
    choices: [always, on_change, on_create]
    default: always
  purge:
    description:
      - Removes objects of these kinds that are not listed. The option of the kind must be given; an empty list counts.
      - C(default_pool), Airflow's own roles, the user that is logged in, and digests of O(update_secrets=on_change) are
        never removed.
    type: dict
    suboptions:
      connections:
        description: Which connections to remove.
        type: dict
        suboptions: &purge
          matching:
            description: Names, or shell patterns such as V(app_*), of objects that may be removed. At least one. V(*)
              means all.
            type: list
            elements: str
            required: true
          except:
            description: Names or shell patterns of objects that are not removed.
            type: list
            elements: str
          at_most:
            description: Maximum number of objects to remove. If there are more, nothing is changed, and the failure
              names them.
            type: int
            default: 10
      variables:
        description: Which variables to remove.
        type: dict
        suboptions: *purge
      pools:
        description: Which pools to remove. Airflow starts no task whose pool was deleted.
        type: dict
        suboptions: *purge
      roles:
        description: Which roles to remove.
        type: dict
        suboptions: *purge
      users:
        description: Which users to remove. Needs O(api_username), because a token does not show who is logged in.
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
- name: All objects of an application
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
  description: Names of all objects of the given kinds, by kind and by what the task did with them; in check mode what
    it would do. Objects that failed are in RV(failed_objects) only.
  returned: success, and when objects failed
  type: dict
  contains: &kinds
    connections: &kind
      description: Objects of this kind.
      type: dict
      contains:
        created:
          description: Names of created objects.
          type: list
          elements: str
        updated:
          description: Names of changed objects. With O(update_secrets=always) also the objects in RV(unverified), whose
            secrets were written again.
          type: list
          elements: str
        removed:
          description: Names of removed objects.
          type: list
          elements: str
        unchanged:
          description: Names of objects without a difference.
          type: list
          elements: str
    variables: *kind
    pools: *kind
    roles: *kind
    users: *kind
    dags: *kind
failed_objects:
  description: Objects that Airflow has refused.
  returned: success, and when objects failed
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object. It is the name of the option.
      type: str
      sample: connections
    name:
      description: Name of the object; V(*) if the list of this kind cannot be read.
      type: str
    msg:
      description: The reason, in one sentence.
      type: str
unverified:
  description: Secrets that could not be compared with those of Airflow. They have been written, unless
    O(update_secrets) is V(on_create).
  returned: success, and when objects failed
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object. It is the name of the option.
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
