# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook deploy_dags works out. These filters are its own: Ansible finds them only next to the playbook."""

from __future__ import annotations

import contextlib
import os
import typing as t
from fnmatch import fnmatch

from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, about
from ansible_collections.dagops.airflow.plugins.module_utils._base.items import checked, listed, shaped
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import json_of
from ansible_collections.dagops.airflow.plugins.module_utils._work.dag_batch import check_runs
from ansible_collections.dagops.airflow.plugins.modules.airflow_dag_batch import ARGUMENT_SPEC, DAG_SPEC

LIST = {"type": "list", "elements": "str"}
WORDS = (b"dag", b"airflow")  # in any case


def dag_files(source: str, helpers: t.Any = None) -> list[str]:
    """Return the files that may define DAGs, as C([core] dag_discovery_safe_mode) decides it: zip files, and Python
    files with two words in them.

    :param source: a file or a folder on the control node, as the module copy takes it.
    :param helpers: names or patterns of files that define none, a list, or a text with commas or in JSON.
    :returns: their paths below the folder to which they are copied, sorted.
    """
    path = _real(source)
    root = path if source.endswith("/") else os.path.dirname(path)
    given = listed(helpers or [], LIST)
    patterns = given.split(",") if isinstance(given, str) else given
    excluded = [str(pattern).strip() for pattern in patterns]
    return sorted(
        os.path.relpath(file, root)
        for file in _files(path)
        if not any(fnmatch(os.path.basename(file), pattern) for pattern in excluded) and _may_define_dags(file)
    )


def deploy_refusal(source: t.Any, folder: t.Any, lacking: str, smoke: t.Any = ()) -> str:
    """Say what is missing or wrong of what the playbook is told; empty: nothing.

    :param lacking: which hosts are not in the inventory, as the beginning of a sentence.
    :param smoke: the DAGs to run as a test.
    """
    if not source or not str(folder or "").startswith(("/", "~")):
        return (
            "Name what to deploy in airflow_dags_source, and in airflow_dags_folder the absolute path where it goes on "
            "the hosts."
        )
    path = _real(str(source))
    if not os.path.exists(path):
        return f"{path} (airflow_dags_source) does not exist, so nothing was deployed; correct it."
    if not any(os.path.isfile(file) for file in _files(path)):
        return f"{path} (airflow_dags_source) is no file and holds none, so nothing was deployed; correct it."
    if lacking:
        return f"{lacking}, so nothing was deployed; correct it, or give the inventory."
    return _smoke_refusal(smoke)


def _smoke_refusal(smoke: t.Any) -> str:
    """Say what is wrong with the DAGs to run as a test; what only Airflow knows is told when they run."""
    name = "airflow_smoke_dags"
    try:
        for number, item in enumerate(shaped(name, smoke, ARGUMENT_SPEC["dags"]), 1):
            label = f"Item {number} of {name}"
            with about(label):
                check_runs(checked(label, item, DAG_SPEC))
    except BadInput as error:
        return f"{error.message} Nothing was deployed."
    return ""


def smoke_dags(given: t.Any) -> t.Any:
    """Return the list that a text is in JSON, as from a survey or -e; anything else as it is."""
    if isinstance(given, str):
        with contextlib.suppress(ValueError):
            return json_of(given)
    return given or []


def _real(source: str) -> str:
    return os.path.realpath(os.path.expanduser(source))


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
        return {"dag_files": dag_files, "deploy_refusal": deploy_refusal, "smoke_dags": smoke_dags}
