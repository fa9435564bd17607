#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_role
short_description: Manage roles of Apache Airflow and their permissions
version_added: 1.0.0
description:
  - Creates, updates or deletes a role over Airflow's REST API, or with the command C(airflow) on the host where the
    module runs (O(airflow_command)). A role is a set of permissions. Each permission is an action on a resource.
  - Needs the FAB auth manager, which Airflow 2 has built in. Over the API it also needs an O(api_username) that may
    manage roles, such as an Admin.
  - Before Airflow 3.3 the API cannot remove a permission from a role. There the module moves the users of the role to a
    second role, which then gets the name of the first one. So the users always keep their permissions. The name of the
    second role ends with C(__substitute). If the task breaks off in between, the message says which role the users
    have, and the same task goes on from there.
  - If Airflow lists its actions and resources and the user may read the list, the module refuses unknown ones before it
    writes anything. Airflow 2 and 3.0 list only actions; there the module warns of a resource that no role has.
  - The command of Airflow 2.3 cannot show or change permissions. The module says so before it writes anything.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.connection.command
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  name:
    description: Name of the role, such as V(dag_trigger).
    type: str
    required: true
  permissions:
    description:
      - Permissions of the role. If it is not set, the permissions of an existing role are not changed, and a new role
        has none.
      - If C(Admin), C(Op), C(User) or C(Viewer) loses permissions, the module warns. It refuses that for the only role
        of the user that is logged in, who could not finish the change.
      - Airflow itself gives C(can_read) on C(Website) to every role. The module does not remove it.
    type: list
    elements: dict
    suboptions:
      action:
        description: Action that is allowed, such as V(can_read), V(can_create), V(can_edit) or V(can_delete).
        type: str
        required: true
      resource:
        description:
          - Resource that the action is allowed on, such as V(DAGs), V(DAG Runs), V(Task Instances), V(Task Logs), or
            V(DAG:etl_daily) for one DAG.
          - Airflow must have parsed a DAG before you can name it in a role.
        type: str
        required: true
  append:
    description: Whether the role keeps permissions that are not in O(permissions).
    type: bool
    default: false
  state:
    description: Whether the role exists. If a role is deleted, its users are not deleted. Airflow's own roles, such as
      V(Admin), are never deleted.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: dagops.airflow.airflow_user
"""

EXAMPLES = r"""
- name: The least permissions to trigger and wait
  dagops.airflow.airflow_role:
    api_url: https://airflow.example.com
    api_username: admin
    api_password: "{{ airflow_admin_password }}"
    name: dag_trigger
    permissions:
      - {action: can_read, resource: DAGs}
      - {action: can_edit, resource: DAGs}
      - {action: can_read, resource: DAG Runs}
      - {action: can_create, resource: DAG Runs}
      - {action: can_read, resource: Task Instances}
      - {action: can_read, resource: Task Logs}

- name: A role that may read logs, with the command on the Airflow host
  dagops.airflow.airflow_role:
    airflow_command: /opt/airflow/bin/airflow
    airflow_home: /opt/airflow
    name: log_reader
    permissions:
      - {action: can_read, resource: DAGs}
      - {action: can_read, resource: Task Logs}
  # The play may set a connection and a Python for the control node. This host needs other ones.
  delegate_to: airflow.example.com
  connection: ssh
  become: true
  become_user: airflow
  vars:
    ansible_python_interpreter: auto

- name: One more permission
  dagops.airflow.airflow_role:
    name: dag_trigger
    permissions:
      - {action: can_read, resource: ImportError}
    append: true
"""

RETURN = r"""
role:
  description: The role after the task, in check mode the expected one; null if it does not exist.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the role.
      type: str
      sample: dag_trigger
    permissions:
      description: Permissions of the role, sorted.
      type: list
      elements: dict
      contains:
        action:
          description: Action that is allowed.
          type: str
          sample: can_read
        resource:
          description: Resource that the action is allowed on.
          type: str
          sample: DAGs
"""

import typing as t

from ..module_utils._airflow.access import Access
from ..module_utils._airflow.access_command import AccessByCommand
from ..module_utils._airflow.airflow import Asked
from ..module_utils._base.state import diff, gone
from ..module_utils._by_command import COMMAND_SPEC, by_command
from ..module_utils._module import AirflowModule
from ..module_utils._work.objects import check_removable, difference
from ..module_utils._work.roles import KIND, SPEC, carry_out, loss, plan_of, remove, wish_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {**COMMAND_SPEC, **SPEC}


def run(module: AirflowModule, airflow: Asked) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    if module.params["state"] == "absent":
        check_removable(KIND, wish.name, "", "name another role")
    role = airflow.ask(Access).find_role(wish.name)
    if module.params["state"] == "absent":
        warning = loss(airflow, wish.name) if role else ""
        if warning:
            module.warn(warning)
        if role and not module.check_mode:
            remove(airflow, wish.name)
        return {"changed": bool(role), "role": None, "diff": gone([wish.name] if role else [])}

    plan = plan_of(airflow, wish, role)
    if plan.warning:
        module.warn(plan.warning)
    if plan.changed and not module.check_mode:
        carry_out(airflow, wish, plan)
    return {"changed": bool(plan.changed), "role": plan.after, "diff": diff({wish.name: difference(wish, plan)})}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, by_command=by_command(AccessByCommand), supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
