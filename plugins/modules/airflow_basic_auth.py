#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_basic_auth
short_description: Enable basic auth for the REST API of Airflow 2 in airflow.cfg
version_added: 1.0.0
description:
  - Adds basic auth to C([api] auth_backends) of a file C(airflow.cfg), and the session, which the web interface needs.
    The other backends stay. Everything else in the file is not changed, as with M(dagops.airflow.airflow_cfg).
  - Airflow reads the file when it starts, so the webserver must be restarted after a change. The module does not
    restart it. It writes a file with C(.restart-due) at the end of its name next to C(airflow.cfg), and returns
    RV(restart_due) until a task with O(restarted=true) says that the restart is done.
  - An environment variable such as E(AIRFLOW__API__AUTH_BACKENDS) overrides the file. If a running Airflow that uses
    this file has such a variable without basic auth, the module fails. If the variable has basic auth, the module does
    not change the file.
  - On Airflow 3 there is nothing to enable. The module says so in RV(msg).
  - The module runs on the host of the file. It does not connect to Airflow, and has no connection options.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.attributes.changes
  - dagops.airflow.attributes.on_host
options:
  airflow_version:
    description: Version of Airflow, 2.3 or newer, or what the command C(airflow version) prints. Required, except with
      O(restarted=true).
    type: str
  backend:
    description: Backend to add. The default is C(airflow.api.auth.backend.basic_auth), and from Airflow 2.9 on
      C(airflow.providers.fab.auth_manager.api.auth.backend.basic_auth). If the file has a backend of another name that
      ends with C(.basic_auth), no backend is added for basic auth.
    type: str
  can_restart:
    description: Whether something restarts the webserver afterwards. With V(false) the module fails before it changes
      a file for which a restart is needed.
    type: bool
    default: true
  restarted:
    description: Whether the webserver has been restarted since the last change. With V(true) the module only notes
      this, and does not look into the file.
    type: bool
    default: false
notes:
  - The module reads the environment of the Airflow processes that use this file on this host, as far as the user of the
    task may see it. If it cannot see the environment of the webserver, RV(msg) says so.
seealso:
  - module: dagops.airflow.airflow_cfg
  - name: The role airflow_deploy
    description: Its entry point enable_api uses this module, restarts the webserver and waits until it is healthy.
    link: https://github.com/dagops/dagops.airflow/tree/main/roles/airflow_deploy
"""

EXAMPLES = r"""
- name: Enable basic auth
  dagops.airflow.airflow_basic_auth:
    path: /opt/airflow/airflow.cfg
    airflow_version: 2.11.0
    backup: true
  register: basic_auth
# Then restart the webserver, if basic_auth.restart_due says so.

- name: Note that the webserver was restarted
  dagops.airflow.airflow_basic_auth:
    path: /opt/airflow/airflow.cfg
    restarted: true
"""

RETURN = r"""
msg:
  description: What was done or found, in sentences for the reader of the output.
  returned: success
  type: str
  sample: "[api] auth_backends in /opt/airflow/airflow.cfg has basic auth."
file:
  description: The path as it was used, with C(~) and variables replaced.
  returned: success
  type: str
  sample: /opt/airflow/airflow.cfg
restart_due:
  description: Whether the webserver must be restarted. True after a change, in check mode after the expected change,
    until a task with O(restarted=true).
  returned: success
  type: bool
backends_before:
  description: The backends before the task, from the file, or Airflow's default; null if the file was not read.
  returned: success
  type: list
  elements: str
  sample: [airflow.api.auth.backend.session]
backends_after:
  description: The backends after the task, in check mode the expected ones; null if the file was not read.
  returned: success
  type: list
  elements: str
  sample: [airflow.api.auth.backend.session, airflow.providers.fab.auth_manager.api.auth.backend.basic_auth]
backup_file:
  description: The copy of the file.
  returned: when O(backup=true) and the file was changed
  type: str
  sample: /opt/airflow/airflow.cfg.4711.2026-11-22@10:15:00~
"""

import os
import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._base.errors import AirflowError, BadInput
from ..module_utils._on_host import HostModule
from ..module_utils._work.basic_auth import (
    OPTION,
    SECTION,
    Backends,
    Environment,
    Mark,
    backend_of,
    backends_of,
    check_environment,
    environment_of,
    version_of,
)
from ..module_utils._work.cfg import AirflowCfg, read_cfg
from ..module_utils._work.cfg_file import check_writable, diff, write

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "path": {"type": "path", "required": True},
    "airflow_version": {"type": "str"},
    "backend": {"type": "str"},
    "can_restart": {"type": "bool", "default": True},
    "restarted": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
}
Result = t.Dict[str, t.Any]


def run(module: AnsibleModule) -> Result:
    path = module.params["path"]
    nothing = {"changed": False, "file": path, "restart_due": False, "backends_before": None, "backends_after": None}
    if module.params["restarted"]:
        return {**nothing, **note_the_restart(module)}
    number, version = version_of(module.params["airflow_version"])
    if version >= (3, 0):
        words = (
            f"Airflow {number} has nothing to enable: from 3.0 on its API is always there and takes tokens, which the "
            f"modules get for a user and a password; [{SECTION}] {OPTION} no longer exists."
        )
        return {**nothing, "msg": words}
    cfg = read_cfg(path)
    backend = module.params["backend"] or backend_of(version)
    if not re.fullmatch(r"[\w.]+", backend):
        raise BadInput("backend is not the name of one Python module; correct it. Nothing was changed.")
    environment = environment_of(path)
    check_environment(environment, path, backend)
    if environment.variables:
        words = (
            f"{environment.variables[0].name} in the environment of Airflow's webserver overrides {path}, and has "
            "basic auth. The file is left as it is."
        )
        return {**nothing, "msg": words}
    result = enable(module, cfg, backends_of(cfg, backend))
    return {**nothing, **result, "msg": result["msg"] + unseen(environment, path)}


def enable(module: AnsibleModule, cfg: AirflowCfg, backends: Backends) -> Result:
    """Add what is missing to the file, and note that a restart is due."""
    path, mark = module.params["path"], Mark(module.params["path"])
    after = [*backends.listed, *backends.missing]
    edited = cfg.with_items(SECTION, OPTION, after) if backends.missing else cfg
    changed = edited.text != cfg.text
    if (changed or mark.is_there) and not module.params["can_restart"]:
        raise AirflowError(
            f"{path} needs a change that the webserver reads when it starts, and nothing restarts it; let something "
            "restart it (can_restart). Nothing was changed."
        )
    result = {
        "changed": changed,
        "restart_due": changed or mark.is_there,
        "backends_before": backends.listed,
        "backends_after": after,
        "diff": diff(path, SECTION, OPTION, cfg.value(SECTION, OPTION), edited.value(SECTION, OPTION)),
    }
    if changed:
        check_writable(os.path.dirname(os.path.realpath(path)))
        check_writable(os.path.dirname(os.path.abspath(mark.file)))
        if not module.check_mode:
            # First: whatever happens after the change, the webserver must be restarted.
            mark.make()
        result.update(write(module, edited.text))
    return {**result, "msg": told(module, cfg, result)}


def told(module: AnsibleModule, cfg: AirflowCfg, result: Result) -> str:
    """Return what the person who reads the output should know of the file."""
    option = f"[{SECTION}] {OPTION} in {module.params['path']}"
    if not result["changed"]:
        due = " The webserver has not been restarted since it was added." if result["restart_due"] else ""
        return f"{option} has basic auth.{due}"
    before = ",".join(result["backends_before"]) if cfg.value(SECTION, OPTION) else "not set"
    backup = f" The file as it was: {result['backup_file']}" if "backup_file" in result else ""
    verb = "would be" if module.check_mode else "is now"
    return f"{option} was {before} and {verb} {','.join(result['backends_after'])}.{backup}"


def unseen(environment: Environment, path: str) -> str:
    """Return what cannot be said when nobody lets the module look into the webserver's environment."""
    if environment.is_seen:
        return ""
    return (
        f" Whether an environment variable such as AIRFLOW__API__AUTH_BACKENDS overrides {path} could not be seen, "
        "since no environment of Airflow's webserver can be read; let the play become root or the webserver's user "
        "while it is running on this host, or look yourself."
    )


def note_the_restart(module: AnsibleModule) -> Result:
    """Take the mark away."""
    if not os.path.exists(module.params["path"]):
        read_cfg(module.params["path"])  # which says so
    mark = Mark(module.params["path"])
    if mark.is_there:
        check_writable(os.path.dirname(os.path.abspath(mark.file)))
        if not module.check_mode:
            mark.remove()
    return {"changed": mark.is_there, "msg": f"No restart of the webserver is due for {module.params['path']}."}


def main() -> None:
    module = HostModule(  # type: ignore[no-untyped-call]
        ARGUMENT_SPEC,
        supports_check_mode=True,
        required_if=[("restarted", False, ["airflow_version"])],
    )
    module.execute(run)


if __name__ == "__main__":
    main()
