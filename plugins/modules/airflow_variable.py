#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_variable
short_description: Manage variables of Apache Airflow
version_added: 1.0.0
description:
  - Creates, updates or deletes a variable.
  - A field whose option is not given is not changed. Only on Airflow 2.3, whose API has no descriptions, a variable
    loses its description each time its value is written.
  - Airflow 3 masks a value whose key has a word such as V(password) or V(token), also below such a key in JSON.
    O(update_secrets) says what happens to a value that cannot be compared.
  - On Airflow 3, if somebody else creates the variable at the same time, it is not overwritten. The module reads it and
    changes only what differs. With the API of Airflow 2 this is not possible.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
options:
  key:
    description:
      - Key of the variable, such as V(region).
      - A key with a slash needs Airflow 2.6, and on Airflow 3 version 3.0.2.
    type: str
    required: true
  value:
    description:
      - Value of the variable. A string is written unchanged, and anything else as JSON, which a DAG reads with
        C(deserialize_json=True). V("") is the empty string.
      - Two JSON values are equal if they have the same content. Blanks and the order of keys have no effect.
      - A new variable needs this or O(secret_value).
    type: raw
  secret_value:
    description:
      - A value that no output may show, in place of O(value). If both are mappings, it is merged into O(value), mapping
        by mapping. Put only secrets into it, because Ansible masks each string and number of it everywhere in its
        output.
      - Airflow itself shows it to users who may read variables, unless the O(key) has a word such as V(secret).
      - If a later task gives O(value) in its place, or leaves out one of its keys, the old value is an ordinary value
        for that task. Its diff shows the value, unless the name has a word such as V(secret). To avoid this, first set
        it to an empty string here, which O(update_secrets=on_create) does not write. Or set C(no_log=true) for the
        task.
    type: raw
  update_secrets:
    description:
      - What happens to a value that Airflow masks, so that it cannot be compared. A value that can be read, as on
        Airflow 2, is compared, and written if it differs.
      - V(always) writes it each time, and reports a change each time.
      - V(on_change) writes it if it differs from the last one that was written in this way, or if the description shows
        that somebody has changed the variable. For this it keeps a salted digest (scrypt) in a variable. The key of
        that variable is C(dagops__) and 24 hexadecimal digits of the SHA-256 of C(variable) and the key, with a blank
        between them. Users who may read variables can use it to guess a weak secret. It is deleted with the variable.
      - V(on_create) never writes it again. This applies to every O(secret_value) of a variable that exists.
    type: str
    choices: [always, on_change, on_create]
    default: always
  description:
    description: Description of the variable. An empty string clears it. Needs Airflow 2.4.
    type: str
  team_name:
    description: Team that the variable belongs to. An empty string removes it from its team. Needs Airflow 3.2 with
      teams.
    type: str
  state:
    description: Whether the variable exists.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: dagops.airflow.airflow_variable_info
"""

EXAMPLES = r"""
- name: A variable
  dagops.airflow.airflow_variable:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    key: region
    value: eu

- name: A variable with JSON
  dagops.airflow.airflow_variable:
    key: limits
    value:
      daily: 40
      tables: [orders, users]
    description: Most rows that a run may read

- name: A secret; it is written only if it has changed
  dagops.airflow.airflow_variable:
    key: warehouse_api_key
    secret_value: "{{ vault_warehouse_api_key }}"
    update_secrets: on_change

- name: Delete a variable
  dagops.airflow.airflow_variable:
    key: region
    state: absent
"""

RETURN = r"""
variable:
  description: The variable after the task, in check mode the expected one; null if it does not exist.
  returned: success
  type: dict
  contains:
    key:
      description: Key of the variable.
      type: str
      sample: region
    value:
      description: Value of the variable as a string, with V(***) for values that may be secrets.
      type: str
      sample: eu
    description:
      description: Description of the variable; empty if it has none.
      type: str
    team_name:
      description: Team of the variable; empty if it has none.
      type: str
unverified:
  description:
    - V(value) if it could not be compared with the value of Airflow; otherwise empty. It has been written, unless
      O(update_secrets) is V(on_create).
  returned: success
  type: list
  elements: str
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.variables import Variables
from ..module_utils._base.state import diff, gone
from ..module_utils._module import AirflowModule
from ..module_utils._work.variables import CLEARABLE, SPEC, carry_out, difference, plan_of, remove, shown, wish_of

ARGUMENT_SPEC = SPEC


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    wish = wish_of(module.params)
    current = airflow.ask(Variables).find(wish.name)
    if module.params["state"] == "absent":
        if current and not module.check_mode:
            remove(airflow, wish.name)
        changed = bool(current)
        return {"changed": changed, "variable": None, "unverified": [], "diff": gone([wish.name] if changed else [])}

    plan = plan_of(airflow, wish, current)
    if plan.changed and not module.check_mode:
        carry_out(airflow, wish, plan)
    return {
        "changed": bool(plan.changed),
        "variable": shown({**(current or {}), **plan.changed}, wish.secret_paths),
        "unverified": plan.unverified,
        "diff": diff({wish.name: difference(wish, plan)}),
    }


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, clearable=CLEARABLE, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
