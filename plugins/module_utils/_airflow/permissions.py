# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which permissions a request takes, in Airflow's words.

C(can_edit on DAGs) is the language of the FAB auth manager. Others have a method and a resource: C(PUT on DAGs).
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote

from .._base.text import one_line
from .._http.login import Takes

_ROOT = re.compile(r"/api/v[12]/|/auth/fab/v1/")
_ACTIONS = {"GET": "can_read", "POST": "can_create", "PUT": "can_edit", "PATCH": "can_edit", "DELETE": "can_delete"}
_METHODS = {"can_read": "GET", "can_create": "POST", "can_edit": "PUT", "can_delete": "DELETE"}
# Objects beside DAGs: the method alone says what is done to them.
_RESOURCES = {
    "assets": "Assets",
    "backfills": "Backfills",
    "connections": "Connections",
    "datasets": "Datasets",
    "eventLogs": "Audit Logs",
    "importErrors": "ImportError",
    "pools": "Pools",
    "roles": "Roles",
    "users": "Users",
    "variables": "Variables",
}
# Who may change these can become an admin.
_OF_ADMINS = ("roles", "users", "permissions")
# What belongs to a DAG takes a permission on that as well.
_OF_A_DAG = {
    "assets": ["Assets"],
    "clearTaskInstances": ["DAG Runs", "Task Instances"],
    "dagRuns": ["DAG Runs"],
    "dagVersions": ["DAG Versions"],
    "datasets": ["Datasets"],
    "hitlDetails": ["HITL Detail"],
    "logs": ["Task Logs"],
    "taskInstances": ["DAG Runs", "Task Instances"],
    "tasks": ["Task Instances"],
    "updateTaskInstancesState": ["DAG Runs", "Task Instances"],
    "xcomEntries": ["XComs"],
}


def permissions_for(method: str, path: str, fab: bool) -> Takes:
    """Return the permissions that a request takes, such as C(can_read on Pools).

    :param path: the path of the request, below the base URL.
    :param fab: whether the FAB auth manager decides.
    """
    root = _ROOT.match(path)
    if root is None or method not in _ACTIONS:
        return Takes()
    first, *more = [unquote(part) for part in path[root.end() :].split("/")]
    if first == "dags":
        pairs = _of_dag(method, more, fab)
    elif first == "parseDagFile":
        pairs = [("can_edit", "DAGs")]
    else:
        pairs = [(_ACTIONS[method], _RESOURCES[first])] if first in _RESOURCES else []
    named = [f"{action if fab else _METHODS[action]} on {resource}" for action, resource in pairs]
    return Takes(", and ".join(named), first in _OF_ADMINS)


def _of_dag(method: str, words: t.Sequence[str], fab: bool) -> list[tuple[str, str]]:
    """Return the permissions for DAGs, for one of them, and for what belongs to it.

    :param words: the path behind C(dags): an id, and then by turns what is meant and which one.
    """
    dag_id = one_line(words[0], 60) if words else "~"
    dag = "DAGs" if dag_id == "~" else f"DAG:{dag_id} or DAGs" if fab else f"DAG {dag_id}"
    kinds = [word for word in [*words[1::2], *words[-1:]] if word in _OF_A_DAG]
    action = "can_read" if words[-1:] == ["list"] else _ACTIONS[method]
    if not kinds:
        return [(action, dag)]
    if words[-1] != "dagRuns" and action == "can_create":
        action = "can_edit"  # a POST that does something to what is there
    on_dag = "can_read" if action == "can_read" else "can_edit"
    return [(on_dag, dag), *((action, resource) for resource in _OF_A_DAG[kinds[-1]])]
