# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks of one DAG run work out. These filters are their own: Ansible finds them only next to playbooks."""

from __future__ import annotations

import typing as t

Object = dict[str, t.Any]


def run_id_of_job(job: t.Any, key: t.Any = None) -> str:
    """Return the id of the run of a job, or a workflow job, of AWX; empty: there is no job.

    :param key: the word that tells this node of the workflow from another one.
    """
    number, word = _text(job), _text(key)
    if not number:
        return ""
    return f"awx__{number}__{word}" if word else f"awx__{number}"


def named_run(dag_id: t.Any, dag_run_id: t.Any = None, artifact: t.Any = None) -> dict[str, str]:
    """Return the ids of the run that is meant; empty: not known.

    :param artifact: the run that an earlier node of the workflow has published. It says what is not given, unless it is
        about another DAG than the one that is given.
    """
    told = artifact if isinstance(artifact, dict) else {}
    published = {key: _text(value) for key, value in told.items()}
    dag = _text(dag_id) or published.get("dag_id", "")
    run = published.get("dag_run_id", "") if dag == published.get("dag_id") else ""
    return {"dag_id": dag, "dag_run_id": _text(dag_run_id) or run}


def run_artifact(result: Object, check_mode: bool = False) -> Object:
    """Return what later nodes of a workflow need to know of a run; empty: there is no run, or only in check mode."""
    run = result.get("dag_run")
    if not run or _is_foreseen(result, check_mode):
        return {}
    return {
        "dag_id": run["dag_id"],
        "dag_run_id": run["dag_run_id"],
        "state": run.get("state") or "unknown",
        "url": run.get("url") or "",
    }


def _is_foreseen(result: Object, check_mode: bool) -> bool:
    """Whether the run is one that check mode would make."""
    after = (result.get("diff") or {}).get("after") or {}
    return check_mode and _name(result["dag_run"]) in after


def _text(value: t.Any) -> str:
    return "" if value is None else str(value).strip()


def _name(run: Object) -> str:
    return f"DAG run {run['dag_id']} / {run['dag_run_id']}"


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "named_run": named_run,
            "run_artifact": run_artifact,
            "run_id_of_job": run_id_of_job,
        }
