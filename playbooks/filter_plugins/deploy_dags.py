# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook deploy_dags works out. This filter is its own: Ansible finds it only next to the playbook."""

from __future__ import annotations

import os
import typing as t
from fnmatch import fnmatch

WORDS = (b"dag", b"airflow")  # in any case


def dag_files(source: str, helpers: t.Any = None) -> list[str]:
    """Return the files that may define DAGs, as C([core] dag_discovery_safe_mode) decides it: zip files, and Python
    files with two words in them.

    :param source: a file or a folder on the control node, as the module copy takes it.
    :param helpers: names or patterns of files that define none, a list or a text with commas.
    :returns: their paths below the folder to which they are copied, sorted.
    """
    path = os.path.realpath(os.path.expanduser(source))
    root = path if source.endswith("/") else os.path.dirname(path)
    patterns = helpers.split(",") if isinstance(helpers, str) else helpers or []
    excluded = [str(pattern).strip() for pattern in patterns]
    return sorted(
        os.path.relpath(file, root)
        for file in _files(path)
        if not any(fnmatch(os.path.basename(file), pattern) for pattern in excluded) and _may_define_dags(file)
    )


def _files(path: str) -> t.Iterator[str]:
    if not os.path.isdir(path):
        yield path
    for folder, _folders, names in os.walk(path, followlinks=True):
        yield from (os.path.join(folder, name) for name in names)


def _may_define_dags(file: str) -> bool:
    if not file.endswith((".py", ".zip")) or not os.path.isfile(file):
        return False
    if file.endswith(".zip"):
        return True
    with open(file, "rb") as stream:
        text = stream.read().lower()
    return all(word in text for word in WORDS)


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"dag_files": dag_files}
