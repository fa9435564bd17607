# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook export_objects works out. This filter is its own: Ansible finds it only next to the playbook."""

from __future__ import annotations

import os
import re
import typing as t

VAULT = "vault.yml"
# The line by which a file is known as one of an export.
_FORMAT = re.compile(rb"^format: \d+$", re.MULTILINE)


def export_refusal(path: str, files: t.Iterable[str]) -> str:
    """Say why an export would replace something else, or lie between other files; empty: it would not.

    :param path: the folder of the export, or its only file.
    :param files: the names of files that an export may have.
    """
    if os.path.isdir(path):
        others = [name for name in os.listdir(path) if not name.startswith(".") and name not in {*files, VAULT}]
        return (
            f"{path} holds other files than those of an export, so nothing was written; name a new folder in "
            "airflow_objects_folder."
            if others
            else ""
        )
    if os.path.isfile(path):
        with open(path, "rb") as file:
            if not _FORMAT.search(file.read()):
                return (
                    f"{path} is a file that is no export, so nothing was written; name a new file in "
                    "airflow_objects_folder."
                )
    return ""


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"export_refusal": export_refusal}
