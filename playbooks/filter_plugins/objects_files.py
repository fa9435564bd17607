# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the playbooks export_objects and apply_objects. Ansible finds these filters only next to playbooks."""

from __future__ import annotations

import os
import re
import typing as t

KINDS = ("connections", "variables", "pools", "roles", "users", "dags")
FILES = [f"{kind}.yml" for kind in KINDS]
VAULT = "vault.yml"
# The line by which a file is known as one of an export.
_FORMAT = re.compile(rb"^format: \d+$", re.MULTILINE)
# A name that somebody may have mistyped.
_ALIKE = re.compile(rf"({'|'.join(kind[:-1] for kind in KINDS)}|vault)s?[.](ya?ml|json)", re.IGNORECASE)


def objects_files(path: str) -> list[str]:
    """Return the files with the configuration: this one, or those of this folder."""
    if not os.path.isdir(path):
        return [path] if os.path.isfile(path) else []
    return [file for file in (os.path.join(path, name) for name in FILES) if os.path.isfile(file)]


def ignored_files(path: str) -> str:
    """Say which files of a folder would not be read although they are meant to; empty: none."""
    if not os.path.isdir(path):
        return ""
    ignored = [name for name in sorted(os.listdir(path)) if _ALIKE.fullmatch(name) and name not in {*FILES, VAULT}]
    if not ignored:
        return ""
    return (
        f"holds files that would not be read ({', '.join(ignored)}); the right names are {', '.join(FILES)} and "
        f"{VAULT}, so rename these files, or move them elsewhere"
    )


def export_refusal(path: str) -> str:
    """Say why an export to this folder or file would replace another file, or lie between others; empty: neither."""
    if os.path.isdir(path):
        others = [name for name in os.listdir(path) if not name.startswith(".") and name not in {*FILES, VAULT}]
        kind, said = "folder", "holds other files than those of an export"
    else:
        others = [path] if os.path.isfile(path) and not _is_export(path) else []
        kind, said = "file", "is a file that is no export"
    return f"{path} {said}, so nothing was written; name a new {kind} in airflow_objects_folder." if others else ""


def _is_export(path: str) -> bool:
    with open(path, "rb") as file:
        return bool(_FORMAT.search(file.read()))


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"export_refusal": export_refusal, "ignored_files": ignored_files, "objects_files": objects_files}
