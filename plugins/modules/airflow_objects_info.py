#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_objects_info
short_description: Read the configuration of an Airflow in the form that airflow_objects needs
version_added: 1.0.0
description:
  - Reads connections, variables, pools, roles, users and paused DAGs, sorted, and without objects that Airflow itself
    creates.
  - Each secret is replaced by an expression such as C({{ vault_airflow['connections']['warehouse']['password']
    }}), for a mapping C(vault_airflow) that you can keep in Ansible Vault.
  - With this mapping, M(dagops.airflow.airflow_objects) and C(update_secrets=on_create) change nothing in that Airflow.
  - Values with a name such as C(password) or C(token) are taken as secrets, and also values that contain the password
    of O(api_username). Check the rest before you show it to others, because a secret can have any name.
  - Leaves out Airflow's own roles, the user that is logged in, stale DAGs, digests of C(update_secrets=on_change), and,
    with a warning, objects that M(dagops.airflow.airflow_objects) would refuse.
  - The API of Airflow 2 lists connections without C(extra), so there each connection is also read separately.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  kinds:
    description:
      - Kinds of objects to read.
      - If it is not set, all are read. If Airflow has no FAB auth manager, roles and users are then left out with a
        warning.
      - The user needs C(can_read) on each kind, otherwise the task fails. The role C(Op) cannot read roles and users.
    type: list
    elements: str
    choices: [connections, variables, pools, roles, users, dags]
  matching:
    description: Names, or shell patterns such as V(app_*), of the objects to read of each kind. If it is not set, all
      are read.
    type: list
    elements: str
seealso:
  - module: dagops.airflow.airflow_objects
"""

EXAMPLES = r"""
- name: Read what an application has
  dagops.airflow.airflow_objects_info:
    api_url: https://airflow.example.com
    api_username: admin
    api_password: "{{ airflow_admin_password }}"
    kinds: [connections, variables, pools]
    matching: ["app_*"]
  register: found

- name: Keep it in a file
  ansible.builtin.copy:
    content: "{{ found | dagops.airflow.objects_yaml }}"
    dest: airflow_objects.yml
    mode: "0644"
"""

RETURN = r"""
config:
  description: The objects, by kind, in the form of the options of M(dagops.airflow.airflow_objects).
  returned: success
  type: dict
  contains:
    connections:
      description: The connections, with the options of M(dagops.airflow.airflow_connection).
      type: list
      elements: dict
    variables:
      description: The variables, with the options of M(dagops.airflow.airflow_variable).
      type: list
      elements: dict
    pools:
      description: The pools, with the options of M(dagops.airflow.airflow_pool).
      type: list
      elements: dict
    roles:
      description: The roles, with the options of M(dagops.airflow.airflow_role).
      type: list
      elements: dict
    users:
      description: The users, with the options of M(dagops.airflow.airflow_user).
      type: list
      elements: dict
    dags:
      description: A mapping of DAG ids to a mapping with C(paused).
      type: dict
secrets_needed:
  description: The secrets for which RV(config) has expressions.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object, as it is called in RV(config).
      type: str
      sample: connections
    name:
      description: Name of the object.
      type: str
      sample: warehouse
    field:
      description: The option that holds the secret.
      type: str
      sample: secret_extra.private_key
    certain:
      description: Whether there is such a secret. Airflow 2 does not show whether a connection has a password, so a
        connection with a C(login) gets an expression with V(false) here. If there is no password, remove the expression
        from RV(config).
      type: bool
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._base.inputs import word_of
from ..module_utils._module import AirflowModule
from ..module_utils._work.export import KINDS_IN_ORDER, exported
from ..module_utils._work.tree import login_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "kinds": {"type": "list", "elements": "str", "choices": [*KINDS_IN_ORDER]},
    "matching": {"type": "list", "elements": "str"},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    params = module.params
    for text in params["matching"] or ():
        word_of("matching", text)
    found = exported(airflow, params["kinds"], params["matching"], login_of(params), module.warn)
    return {"changed": False, **found}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
