#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_api_user
short_description: Manage a user that runs DAGs over the API of Apache Airflow, with a role of its own
version_added: 1.0.0
description:
  - Creates or updates a user and a role with the least permissions to trigger and pause DAGs, wait for runs and read
    logs. It works over Airflow's REST API, or with the command C(airflow) on the host where the module runs
    (O(airflow_command)).
  - It does the same as a task with M(dagops.airflow.airflow_role) and one with M(dagops.airflow.airflow_user), and
    checks both before it writes anything. Their notes apply, too.
  - Needs the FAB auth manager, which Airflow 2 has built in. Over the API it also needs an O(api_username) that may
    manage users, such as an Admin.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.connection.command
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  username:
    description: Name of the user, as O(dagops.airflow.airflow_user#module:username).
    type: str
    required: true
  password:
    description: Password of the user, as O(dagops.airflow.airflow_user#module:password).
    type: str
    required: true
  update_password:
    description: When the password is set, as O(dagops.airflow.airflow_user#module:update_password). If the command
      cannot change passwords, a task for a user that exists needs V(on_create).
    type: str
    choices: [always, on_create]
    default: always
  email:
    description: E-mail address of the user, as O(dagops.airflow.airflow_user#module:email).
    type: str
  first_name:
    description: First name of the user. The default for a new user is O(username).
    type: str
  last_name:
    description: Last name of the user. The default for a new user is C(API).
    type: str
  roles:
    description: Names of all roles of the user; the module removes all other roles, and warns of it. It never removes
      the role C(Admin), but fails. The default is O(role_name) alone. Other roles must exist.
    type: list
    elements: str
  role_name:
    description: Name of the role that the module creates or updates. If O(roles) does not contain it, the module does
      not touch this role. The module fails if this is one of Airflow's own roles, such as V(Op), and its permissions
      would change. If other users have the role, it warns if other permissions change, and fails if the DAGs change.
    type: str
    default: dag_trigger
  role_dag_ids:
    description: DAGs that the role is limited to. Airflow must have parsed them. The default is all DAGs. An empty list
      is refused.
    type: list
    elements: str
  role_permissions:
    description: All permissions of the role; the module removes all other permissions. The default is the least
      permissions to trigger and pause DAGs, wait for runs and read logs. It cannot be given with O(role_dag_ids).
    type: list
    elements: dict
    suboptions:
      action:
        description: Action that is allowed, such as V(can_read).
        type: str
        required: true
      resource:
        description: Resource that the action is allowed on, such as V(DAG Runs).
        type: str
        required: true
seealso:
  - module: dagops.airflow.airflow_user
  - module: dagops.airflow.airflow_role
"""

EXAMPLES = r"""
- name: A user that may run one DAG
  dagops.airflow.airflow_api_user:
    api_url: https://airflow.example.com
    api_username: admin
    api_password: "{{ airflow_admin_password }}"
    username: deploy_etl
    password: "{{ airflow_deploy_password }}"
    role_name: run_etl_daily
    role_dag_ids: [etl_daily]
"""

RETURN = r"""
user:
  description: The user after the task, in check mode the expected one, with the keys of
    RV(dagops.airflow.airflow_user#module:user).
  returned: success
  type: dict
role:
  description: The role after the task, in check mode the expected one, with the keys of
    RV(dagops.airflow.airflow_role#module:role); null if O(roles) does not contain O(role_name).
  returned: success
  type: dict
reads_dags:
  description: Whether the user surely may read DAGs, because of the permissions of O(role_name), or of one of
    Airflow's own roles.
  returned: success
  type: bool
dag_ids:
  description: The DAGs of O(role_dag_ids), each once.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ..module_utils._airflow.access import Access
from ..module_utils._airflow.access_command import AccessByCommand
from ..module_utils._airflow.airflow import Asked
from ..module_utils._base.errors import BadInput
from ..module_utils._base.state import diff
from ..module_utils._by_command import COMMAND_SPEC, by_command
from ..module_utils._module import AirflowModule
from ..module_utils._work.api_user import carry_out, plans_of, wish_of
from ..module_utils._work.roles import SPEC as ROLE_SPEC
from ..module_utils._work.users import SPEC as USER_SPEC

OF_USER = ("username", "password", "update_password", "email", "first_name", "last_name", "roles")
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    **COMMAND_SPEC,
    **{name: USER_SPEC[name] for name in OF_USER},
    "password": {"type": "str", "required": True, "no_log": True},
    "role_name": {"type": "str", "default": "dag_trigger"},
    "role_dag_ids": {"type": "list", "elements": "str"},
    "role_permissions": ROLE_SPEC["permissions"],
}


def run(module: AirflowModule, airflow: Asked) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    airflow.ask(Access).looks_ahead = module.check_mode
    plans = plans_of(airflow, wish)
    if plans.user.refused and not module.check_mode:
        raise BadInput(plans.user.refused)
    for warning in plans.warnings():
        module.warn(warning)
    changed = bool(plans.user.changed or (plans.role and plans.role.changed))
    if changed and not module.check_mode:
        carry_out(airflow, wish, plans)
    return {
        "changed": changed,
        "user": plans.user.after,
        "role": plans.role.after if plans.role else None,
        "reads_dags": wish.reads_dags,
        "dag_ids": wish.dag_ids,
        "diff": diff(plans.difference(wish)),
    }


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, by_command=by_command(AccessByCommand), supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
