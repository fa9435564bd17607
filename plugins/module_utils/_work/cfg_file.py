# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file airflow.cfg, for modules that change it: how it is written, and what a diff shows of it."""

from __future__ import annotations

import os
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._base.errors import AirflowError


def check_writable(folder: str) -> None:
    """Refuse a folder in which the user of the task cannot replace or make a file."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise AirflowError(
            f"{folder} cannot be written by the user of this task; let the task become a user who may. "
            "Nothing was changed."
        )


def write(module: AnsibleModule, text: str) -> dict[str, t.Any]:
    """Replace the file, which keeps its owner, mode and SELinux context, in one step."""
    file = os.path.realpath(module.params["path"])
    check_writable(os.path.dirname(file))
    if module.check_mode:
        return {}
    result = {"backup_file": module.backup_local(file)} if module.params["backup"] else {}
    handle, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with open(handle, "wb") as stream:
        stream.write(text.encode())
    module.atomic_move(temporary, file)
    return result


def diff(
    path: str, section: str, option: str, before: str | None, after: str | None, hidden: bool = False
) -> dict[str, str]:
    """Return the lines of the option, without its comments."""
    header = f"{path} [{section}]"
    texts = [
        "" if value is None else f"{option} = {word if hidden else value}\n".replace("\n", "\n    ").rstrip(" ")
        for value, word in ((before, "(not shown)"), (after, "(not shown)" if before == after else "(not shown, new)"))
    ]
    return {"before_header": header, "after_header": header, "before": texts[0], "after": texts[1]}
