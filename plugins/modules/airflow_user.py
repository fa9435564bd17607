#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_user
short_description: Manage users of Apache Airflow
version_added: 1.0.0
description:
  - Creates, updates or deletes a user over Airflow's REST API, or with the command C(airflow) on the host where the
    module runs (O(airflow_command)).
  - Needs the FAB auth manager, which Airflow 2 has built in. Over the API it also needs an O(api_username) that may
    manage users, such as an Admin.
  - If the list of roles can be read, the module refuses a role that does not exist before it writes anything. In check
    mode it only warns, because an earlier task may create the role.
  - The command cannot change the e-mail address, the first and the last name of a user that exists. The module says so
    before it writes anything.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.connection.command
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  username:
    description: Name of the user, such as V(deploy). Airflow ignores upper and lower case, so V(Deploy) is the same
      user, and the module writes the name as it is given here. With O(airflow_command) it cannot do that for a user
      that exists, and says so.
    type: str
    required: true
  password:
    description:
      - Password of the user. Required for a new user.
      - Airflow never returns passwords, so the module tries to log in with it; see O(update_password).
      - The command C(airflow) reads it from its standard input, so that no list of processes shows it.
    type: str
  update_password:
    description:
      - V(always) sets O(password) if the user cannot log in with it. On Airflow 2 the module tries it with the login
        form, which by default allows 5 logins in 40 seconds.
      - With O(airflow_command) the module cannot try the password of a user that exists, so V(always) sets it each
        time. The commands of some versions, such as 2.3 and 2.11, cannot do that. There V(always) fails for a user that
        exists, and nothing is written.
      - V(on_create) sets it only for a new user.
    type: str
    choices: [always, on_create]
    default: always
  email:
    description:
      - E-mail address of the user, such as V(deploy@example.com), which no other user may have. The default for a new
        user is O(username), with C(@localhost) added if it has no C(@).
      - Check mode reads all users, if it may, and warns if another user has the address, because an earlier task may
        change that. Without check mode Airflow refuses the address.
    type: str
  first_name:
    description: First name of the user. The default for a new user is O(username).
    type: str
  last_name:
    description: Last name of the user. The default for a new user is C(API).
    type: str
  roles:
    description:
      - Names of all roles of the user, such as V(Viewer) or V(Op); the module removes all other roles. Required for a
        new user.
      - An empty list is a user without roles. Airflow creates no user without a role, so the module creates the user
        with the role C(Public), and then removes the role.
    type: list
    elements: str
  state:
    description: Whether the user exists. The user of O(api_username), who is logged in, is never deleted.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: dagops.airflow.airflow_role
"""

EXAMPLES = r"""
- name: A user for deployments
  dagops.airflow.airflow_user:
    api_url: https://airflow.example.com
    api_username: admin
    api_password: "{{ airflow_admin_password }}"
    username: deploy
    password: "{{ airflow_deploy_password }}"
    email: deploy@example.com
    roles: [dag_trigger]

- name: The first user, with the command on the Airflow host
  dagops.airflow.airflow_user:
    airflow_command: /opt/airflow/bin/airflow
    airflow_home: /opt/airflow
    username: admin
    password: "{{ airflow_admin_password }}"
    update_password: on_create
    email: admin@example.com
    roles: [Admin]
  # The play may set a connection and a Python for the control node. This host needs other ones.
  delegate_to: airflow.example.com
  connection: ssh
  become: true
  become_user: airflow
  vars:
    ansible_python_interpreter: auto

- name: Delete a user
  dagops.airflow.airflow_user:
    username: deploy
    state: absent
"""

RETURN = r"""
user:
  description: The user after the task, in check mode the expected one; null if it does not exist.
  returned: success
  type: dict
  contains:
    username:
      description: Name of the user.
      type: str
      sample: deploy
    email:
      description: E-mail address of the user.
      type: str
    first_name:
      description: First name of the user.
      type: str
    last_name:
      description: Last name of the user.
      type: str
    roles:
      description: Roles of the user, sorted.
      type: list
      elements: str
"""

import typing as t

from ..module_utils._airflow.access import Access
from ..module_utils._airflow.access_command import AccessByCommand
from ..module_utils._airflow.airflow import Asked
from ..module_utils._base.errors import BadInput
from ..module_utils._base.state import diff, gone
from ..module_utils._by_command import COMMAND_SPEC, by_command
from ..module_utils._module import AirflowModule
from ..module_utils._work.objects import check_removable
from ..module_utils._work.users import KIND, SPEC, carry_out, difference, plan_of, remove, wish_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {**COMMAND_SPEC, **SPEC}


def run(module: AirflowModule, airflow: Asked) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    login = "" if module.params["airflow_command"] else module.params["api_username"] or ""
    if module.params["state"] == "absent":
        check_removable(KIND, wish.name, login, "log in as another user")
    access = airflow.ask(Access)
    access.looks_ahead = module.check_mode
    user = access.find_user(wish.name)
    if module.params["state"] == "absent":
        if user and not module.check_mode:
            remove(airflow, wish.name)
        return {"changed": bool(user), "user": None, "diff": gone([wish.name] if user else [])}

    plan = plan_of(airflow, wish, user)
    if plan.refused and not module.check_mode:
        raise BadInput(plan.refused)
    for warning in plan.warnings:
        module.warn(warning)
    if plan.changed and not module.check_mode:
        carry_out(airflow, wish, plan)
    return {"changed": bool(plan.changed), "user": plan.after, "diff": diff({wish.name: difference(wish, plan)})}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, by_command=by_command(AccessByCommand), supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
