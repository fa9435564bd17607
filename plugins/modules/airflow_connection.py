#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_connection
short_description: Manage connections of Apache Airflow
version_added: 1.0.0
description:
  - Creates, updates or deletes a connection. Tasks use it to reach a database, a bucket or another service.
  - On every version of Airflow, a field whose option is not given is not changed. An empty string clears a field.
  - Airflow does not show passwords and other secrets again. O(update_secrets) says what happens to secrets that cannot
    be compared.
  - If somebody else creates the connection at the same time, it is not overwritten. The module reads it and changes
    only what differs.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  connection_id:
    description: Id of the connection, such as V(warehouse). It can have letters, digits, dots, dashes and underscores.
      Letters other than A to Z need Airflow 3.
    type: str
    required: true
  conn_type:
    description: Type of the connection, such as V(postgres) or V(http). Required for a new connection.
    type: str
  description:
    description: Description of the connection.
    type: str
  host:
    description: Host name or address of the service.
    type: str
  login:
    description: Name of the user of the service.
    type: str
  password:
    description:
      - Password of the user of the service.
      - No version of Airflow can clear a password. With an empty string the module deletes the connection and creates
        it again, so for a moment it does not exist. Check mode and the diff say so. The module refuses this if O(extra)
        has secrets that are not given.
      - Airflow 2 does not show whether there is a password. There an empty string counts as a secret, and
        O(update_secrets) applies to it. V(always) deletes and creates the connection in each run. V(on_change) does it
        once, and again only if another field or another secret of the connection changes.
    type: str
  schema:
    description: Schema, such as the name of a database.
    type: str
  port:
    description: Port; V(0) or an empty string for none.
    type: int
  extra:
    description:
      - Further fields of the connection. A mapping, or its JSON or YAML text. Keys that are not in it are removed.
      - Put secrets into O(secret_extra). A key with null keeps the secret that Airflow has. If something else in
        O(extra) changes, Airflow 2 cannot do that, and the task fails before anything is written.
    type: raw
  secret_extra:
    description:
      - Further fields that no output may show. They are merged into O(extra), mapping by mapping. Without O(extra) they
        are merged into the fields of the existing connection.
      - Airflow itself shows them to users who may read connections, unless the name has a word such as V(token).
      - A field that a later task no longer has here is an ordinary value for that task. Its result and its diff show
        the value, unless the name has a word such as V(token). To avoid this, first set the field to an empty string
        here, which O(update_secrets=on_create) does not write, and remove it afterwards. Or set C(no_log=true) for the
        task.
    type: dict
  update_secrets:
    description:
      - What happens to O(password), and to fields of O(extra) and O(secret_extra), if Airflow masks them, so that they
        cannot be compared. Other values are compared, and written if they differ.
      - V(always) writes them each time, and reports a change each time.
      - V(on_change) writes them if they differ from the last ones that were written in this way, or if other fields
        show that somebody has changed the connection. It also writes them if the task gives other secrets than the last
        time, for example one key less. For this it keeps a salted digest (scrypt) in a variable. The key
        of the variable is C(dagops__) and 24 hexadecimal digits of the SHA-256 of C(connection) and the id, with a
        blank between them. Users who may read variables can use it to guess a weak secret. It is deleted with the
        connection.
      - V(on_create) sets O(password) and O(secret_extra) only for a new connection.
    type: str
    choices: [always, on_change, on_create]
    default: always
  team_name:
    description: Team that the connection belongs to. Needs Airflow 3.2 with teams.
    type: str
  state:
    description: Whether the connection exists.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: dagops.airflow.airflow_connection_info
"""

EXAMPLES = r"""
- name: A database; secrets are written only if they have changed
  dagops.airflow.airflow_connection:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    connection_id: warehouse
    conn_type: postgres
    host: db.example.com
    port: 5432
    login: etl
    password: "{{ vault_db_password }}"
    extra:
      sslmode: verify-full
    secret_extra:
      private_key: "{{ vault_db_key }}"
    update_secrets: on_change

- name: Another host; nothing else changes
  dagops.airflow.airflow_connection:
    connection_id: warehouse
    host: db2.example.com

- name: Delete a connection
  dagops.airflow.airflow_connection:
    connection_id: warehouse
    state: absent
"""

RETURN = r"""
connection:
  description: The connection after the task, in check mode the expected one; null if it does not exist.
  returned: success
  type: dict
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
unverified:
  description:
    - Secrets that could not be compared with those of Airflow, such as V(password) and V(secret_extra.private_key).
      They have been written, unless O(update_secrets) is V(on_create).
  returned: success
  type: list
  elements: str
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.connections import Connections
from ..module_utils._base.state import diff, gone
from ..module_utils._module import AirflowModule
from ..module_utils._work.connections import CLEARABLE, SPEC, carry_out, difference, plan_of, remove, shown, wish_of

ARGUMENT_SPEC = SPEC


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    current = airflow.ask(Connections).find(wish.name)
    if module.params["state"] == "absent":
        if current and not module.check_mode:
            remove(airflow, wish.name)
        there = [wish.name] if current else []
        return {"changed": bool(there), "connection": None, "unverified": [], "diff": gone(there)}

    plan = plan_of(airflow, wish, current)
    if plan.warning:
        module.warn(plan.warning)
    if plan.changed and not module.check_mode:
        carry_out(airflow, wish, plan)
    return {
        "changed": bool(plan.changed),
        "connection": shown(plan.after, wish.secret_paths),
        "unverified": plan.unverified,
        "diff": diff({wish.name: difference(wish, plan)}),
    }


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, clearable=CLEARABLE, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
