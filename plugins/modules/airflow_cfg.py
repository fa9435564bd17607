#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_cfg
short_description: Manage options in an airflow.cfg
version_added: 1.0.0
description:
  - Sets or removes one option in a file C(airflow.cfg), or the items of an option that is a list with commas.
    Everything else in the file is not changed, also comments, blank lines and line ends.
  - The module reads the file as Airflow reads it, before and after the edit. If Airflow could not read the file after
    the edit, the module fails and writes nothing.
  - The module runs on the host of the file. It does not connect to Airflow, and has no connection options.
  - Airflow reads the file when it starts. Restart the parts of Airflow that use the option.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.attributes.changes
  - dagops.airflow.attributes.on_host
options:
  section:
    description: Name of the section, without brackets. A section that does not exist is added at the end of the file.
    type: str
    required: true
  option:
    description:
      - Name of the option. Airflow reads options and sections in lower case, so the module writes them in lower case.
      - Some options have another name in other versions of Airflow. The module does not translate the name.
    type: str
    required: true
  value:
    description:
      - Value of the option. It is written as it is, so write C(%%) for each C(%).
      - A mapping is written as JSON. Lines after the first one are indented as Airflow's parser needs it.
    type: raw
  secret_value:
    description: The same as O(value), but no output shows it.
    type: raw
  items:
    description:
      - Items of an option that is a list with commas. O(state=present) adds missing items after the last item.
        O(state=absent) removes the items. All other items and their order stay.
      - An empty list changes nothing. Use it to read the option.
    type: list
    elements: str
  state:
    description: Whether the option, or with O(items) the items, must be in the file. Without O(items), V(absent)
      removes the whole option.
    type: str
    choices: [present, absent]
    default: present
notes:
  - No output shows URLs with a user in them and values of options with the name of a secret, such as C(fernet_key),
    C(sql_alchemy_conn) and C(smtp_password). This is also true if you give them as O(value).
  - An environment variable such as E(AIRFLOW__API__AUTH_BACKENDS) overrides the file. The module reads the environment
    of the Airflow processes that use this file on this host, as far as the user of the task may see it. It warns if a
    variable has another value than the task.
seealso:
  - name: The role airflow_deploy
    description: Its entry point enable_api adds basic auth to the file with this module, and restarts the webserver.
    link: https://github.com/dagops/dagops.airflow/tree/main/roles/airflow_deploy
"""

EXAMPLES = r"""
- name: Set an option, and keep a copy of the file
  dagops.airflow.airflow_cfg:
    path: /opt/airflow/airflow.cfg
    section: core
    option: parallelism
    value: 64
    backup: true

- name: Set a secret
  dagops.airflow.airflow_cfg:
    path: /opt/airflow/airflow.cfg
    section: smtp
    option: smtp_password
    secret_value: "{{ smtp_password | replace('%', '%%') }}"

- name: Add a backend to the list
  dagops.airflow.airflow_cfg:
    path: /opt/airflow/airflow.cfg
    section: api
    option: auth_backends
    items: [airflow.api.auth.backend.session]

- name: Remove an option, so that Airflow's default is used
  dagops.airflow.airflow_cfg:
    path: /opt/airflow/airflow.cfg
    section: core
    option: parallelism
    state: absent

- name: Read an option
  dagops.airflow.airflow_cfg:
    path: /opt/airflow/airflow.cfg
    section: core
    option: executor
    items: []
  register: executor
"""

RETURN = r"""
file:
  description: The path as it was used, with C(~) and variables replaced.
  returned: success
  type: str
  sample: /opt/airflow/airflow.cfg
value_before:
  description: The value before the task, as in the file; null if there was none, or if it is not shown.
  returned: success
  type: str
  sample: "32"
value_after:
  description: The value after the task, in check mode the expected value; null if there is none, or if it is not shown.
  returned: success
  type: str
  sample: "64"
items_before:
  description: The items before the task; null if they are not shown.
  returned: when O(items) is given
  type: list
  elements: str
  sample: [airflow.api.auth.backend.kerberos_auth]
items_after:
  description: The items after the task, in check mode the expected items; null if they are not shown.
  returned: when O(items) is given
  type: list
  elements: str
  sample: [airflow.api.auth.backend.kerberos_auth, airflow.api.auth.backend.session]
hidden:
  description: Whether the values are hidden because they are secrets.
  returned: success
  type: bool
backup_file:
  description: The copy of the file.
  returned: when O(backup=true) and the file was changed
  type: str
  sample: /opt/airflow/airflow.cfg.4711.2026-11-22@10:15:00~
overridden_by:
  description: Variables in the environment of running Airflow processes that override the option.
  returned: success
  type: list
  elements: dict
  contains:
    process:
      description: Number of the process.
      type: int
    part:
      description: The part of Airflow that the process runs.
      type: str
    variable:
      description: Name of the variable.
      type: str
      sample: AIRFLOW__API__AUTH_BACKENDS
    value:
      description: Its value; null if it is not shown, and for a variable with C(_CMD) or C(_SECRET) at its end, which
        says where the value comes from.
      type: str
      sample: airflow.api.auth.backend.session
processes:
  description: Running Airflow processes that use this file and whose environment the user of the task may see.
  returned: success
  type: list
  elements: dict
  contains:
    process:
      description: Number of the process.
      type: int
    part:
      description: The part of Airflow that the process runs.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._base.errors import BadInput
from ..module_utils._base.text import first_few
from ..module_utils._on_host import HostModule
from ..module_utils._work.cfg import (
    AirflowCfg,
    checked_items,
    has_login,
    is_sensitive,
    items_of,
    option_name,
    read_cfg,
    section_name,
    text_of,
)
from ..module_utils._work.cfg_file import diff, write
from ..module_utils._work.processes import Process, airflow_processes

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "path": {"type": "path", "required": True},
    "section": {"type": "str", "required": True},
    "option": {"type": "str", "required": True},
    "value": {"type": "raw"},
    "secret_value": {"type": "raw", "no_log": True},
    "items": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "backup": {"type": "bool", "default": False},
}
GIVEN = ("value", "secret_value", "items")
SHORTEST_MASKED = 4  # characters of a secret


class CfgModule(HostModule):
    """Takes what is given for an option with the name of a secret for one."""

    def _load_params(self) -> None:
        super()._load_params()
        given = [self.params.get(name) for name in GIVEN]
        if is_sensitive(str(self.params.get("option"))) or has_login(given):
            self.argument_spec = {name: {**option} for name, option in self.argument_spec.items()}
            for name in GIVEN:
                self.argument_spec[name]["no_log"] = True

    def _conceal(self) -> None:
        """Take secrets out of the invocation, the one place of a result that has them.

        Ansible masks secrets wherever they occur: a short one would be torn out of paths and numbers.
        """
        for name in GIVEN:
            if self.argument_spec[name].get("no_log") and self.params[name] is not None:
                self.params[name] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
        self.no_log_values = {value for value in self.no_log_values if len(value) >= SHORTEST_MASKED}


class Wish(t.NamedTuple):
    """What the task asks for."""

    section: str
    option: str
    value: str | None  # null to remove the option
    items: list[str] | None
    present: bool

    def fulfilled(self, cfg: AirflowCfg) -> AirflowCfg:
        if self.items is not None:
            return (cfg.with_items if self.present else cfg.without_items)(self.section, self.option, self.items)
        if self.value is None:
            return cfg.without_option(self.section, self.option)
        return cfg.with_value(self.section, self.option, self.value)

    def agrees_with(self, value: str) -> bool:
        """Whether a value from the environment, where C(%) has no meaning, is what is asked for."""
        if self.items is not None:
            return all((item.replace("%%", "%") in items_of(value)) is self.present for item in self.items)
        return self.value is not None and self.value.replace("%%", "%") == value


def run(module: AnsibleModule) -> dict[str, t.Any]:
    path = module.params["path"]
    wish = wish_of(module.params)
    cfg = read_cfg(path)
    edited = wish.fulfilled(cfg)
    processes = airflow_processes(path, wish.section, wish.option)
    warn(module, wish, processes)
    before, after = (text.value(wish.section, wish.option) for text in (cfg, edited))
    hidden = is_sensitive(wish.option) or module.params["secret_value"] is not None or has_login([before, after])
    result = {
        "changed": edited.text != cfg.text,
        "file": path,
        "hidden": hidden,
        "value_before": None if hidden else before,
        "value_after": None if hidden else after,
        "overridden_by": overriding(processes, hidden),
        "processes": [{"process": process.number, "part": process.part} for process in processes],
        "diff": diff(path, wish.section, wish.option, before, after, hidden),
    }
    if wish.items is not None:
        result["items_before"] = None if hidden else items_of(before)
        result["items_after"] = None if hidden else items_of(after)
    if result["changed"]:
        result.update(write(module, edited.text))
    return result


def wish_of(params: dict[str, t.Any]) -> Wish:
    """Return what is asked for, or an error before the file is looked at."""
    section = section_name(params["section"])
    option = option_name(section, params["option"])
    present = params["state"] == "present"
    given = {name: params[name] for name in ("value", "secret_value") if params[name] is not None}
    if given and not present:
        raise BadInput(f"{', '.join(given)} has no meaning with state: absent; leave it out.")
    items = None if params["items"] is None else checked_items(params["items"])
    values = [text_of(name, value) for name, value in given.items()]
    return Wish(section, option, values[0] if values else None, items, present)


def warn(module: AnsibleModule, wish: Wish, processes: list[Process]) -> None:
    """Warn of each variable that says something else than the task."""
    holders: dict[str, list[str]] = {}
    for process in processes:
        for variable, value in process.variables.items():
            if wish.items != [] and (variable.endswith(("_CMD", "_SECRET")) or not wish.agrees_with(value)):
                holders.setdefault(variable, []).append(f"{process.number} ({process.part})")
    for variable, numbers in holders.items():
        module.warn(
            f"{variable} in the environment of process {first_few(numbers)} overrides "
            f"[{wish.section}] {wish.option} in {module.params['path']}; change it there as well, or remove it."
        )


def overriding(processes: list[Process], hidden: bool) -> list[dict[str, t.Any]]:
    """Return the variables of all processes."""
    return [
        {
            "process": process.number,
            "part": process.part,
            "variable": variable,
            "value": None if hidden or has_login(value) or variable.endswith(("_CMD", "_SECRET")) else value,
        }
        for process in processes
        for variable, value in process.variables.items()
    ]


def main() -> None:
    module = CfgModule(  # type: ignore[no-untyped-call]
        ARGUMENT_SPEC,
        supports_check_mode=True,
        mutually_exclusive=[GIVEN],
        required_if=[("state", "present", GIVEN, True)],
    )
    module.execute(run)


if __name__ == "__main__":
    main()
