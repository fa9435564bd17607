# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python a task has to run with."""

from __future__ import annotations

import os
import shutil
import sys
import typing as t

from ansible import constants as C


def python_of(delegate_to: str | None, task_vars: t.Mapping[str, t.Any], templar: t.Any) -> str | None:
    """The interpreter that somebody has chosen, C(auto), or None when that cannot be said.

    It is looked for where Ansible looks for it: in variables (of the host to which the task is delegated), then in
    the environment, then in ansible.cfg. What is wrong with it Ansible itself shall say.
    """
    try:
        variables = task_vars["ansible_delegated_vars"][delegate_to] if delegate_to else task_vars
        # As it is: what any method of str returns is no template that Ansible trusts.
        chosen = templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=variables))
        return str(chosen or "").strip() or "auto"
    except Exception:
        return None


def is_own(chosen: str | None) -> bool:
    """Whether the control node's own Python will do.

    Of two virtual environments with a link to the same binary, each has packages of its own. So the folder counts.
    """
    if chosen is None or chosen.startswith("auto"):
        return chosen is not None
    found, own = shutil.which(chosen), sys.executable
    if not found or not own or os.path.realpath(os.path.dirname(found)) != os.path.realpath(os.path.dirname(own)):
        return False
    return os.path.samefile(found, own)
