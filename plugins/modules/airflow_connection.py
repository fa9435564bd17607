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
  - Creates, updates or deletes a connection, with which tasks reach a database, a bucket or another service.
  - An option that is not given leaves its field as it is, on every version of Airflow, and an empty text clears it.
  - Airflow does not show passwords and other secrets again. O(update_secrets) says what happens to those that cannot be
    compared.
  - A connection that somebody else makes at the same moment is not overwritten. It is read, and changed where it
    differs.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  connection_id:
    description: Id of the connection, such as V(warehouse). It has letters, digits, dots, dashes and
      underscores. Letters other than A to Z need Airflow 3.
    type: str
    required: true
  conn_type:
    description: Type of the connection, such as V(postgres) or V(http). Required for one that does not exist yet.
    type: str
  description:
    description: Description of the connection.
    type: str
  host:
    description: Host or address that it leads to.
    type: str
  login:
    description: Name of the user there.
    type: str
  password:
    description:
      - Password of the user there.
      - No version of Airflow can clear a password. With an empty text the connection is deleted and made anew, which
        check mode and the diff say. That is refused while its O(extra) holds secrets that are not given.
      - Airflow 2 does not tell whether there is a password. There an empty text counts as a secret, for which
        O(update_secrets) holds.
    type: str
  schema:
    description: Schema, such as the name of a database.
    type: str
  port:
    description: Port; V(0) or an empty text for none.
    type: int
  extra:
    description:
      - Further fields of the connection, a mapping or the JSON or YAML text of one. Keys that are not named go away.
      - Secrets belong in O(secret_extra). A key with a null keeps the secret that Airflow has there. Airflow 2 cannot
        do that while something else in O(extra) changes, and the task fails before anything is written.
    type: raw
  secret_extra:
    description:
      - Further fields that no output may show, laid over O(extra), mapping by mapping. Without O(extra) they are laid
        over the fields that the connection has.
      - Airflow itself shows them to users who may read connections, unless a name has a word such as V(token).
    type: dict
  update_secrets:
    description:
      - What happens to O(password), and to fields of O(extra) and O(secret_extra), where Airflow masks what it has, so
        that they cannot be compared. What can be read is compared, and written when it differs.
      - V(always) writes them each time, and reports a change each time.
      - V(on_change) writes them when they are others than the last that were written in this way, or when something
        else shows that somebody has changed the connection. For that, it keeps a salted digest (scrypt) in a variable
        whose key is C(dagops__) and 24 hexadecimal digits of the SHA-256 of C(connection) and the id, with a blank
        between them. Who may read variables can try to guess a weak secret by it. It goes with the connection.
      - V(on_create) sets O(password) and O(secret_extra) for a new connection only.
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
- name: A database, whose secrets are written only when they are new ones
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

- name: Another host; the rest stays as it is
  dagops.airflow.airflow_connection:
    connection_id: warehouse
    host: db2.example.com

- name: No such connection
  dagops.airflow.airflow_connection:
    connection_id: warehouse
    state: absent
"""

RETURN = r"""
connection:
  description: The connection as it is after the task, in check mode as it would be; null when it does not exist.
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
      description: Description of the connection; empty when it has none.
      type: str
    host:
      description: Host of the connection; empty when it has none.
      type: str
    login:
      description: Name of the user; empty when it has none.
      type: str
    schema:
      description: Schema of the connection; empty when it has none.
      type: str
    port:
      description: Port of the connection; null when it has none.
      type: int
    team_name:
      description: Team of the connection; empty when it has none.
      type: str
    extra:
      description: Further fields, with V(***) for what may be a secret; null when Airflow has something else than JSON.
      type: dict
unverified:
  description:
    - Secrets that could not be compared with those that Airflow has, such as V(password) and
      V(secret_extra.private_key). They have been written, unless O(update_secrets) is V(on_create).
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
