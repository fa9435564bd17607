# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks run_dag and cancel_dag_run work out. These filters are their own: Ansible finds them only here."""

from __future__ import annotations

import typing as t

from ansible_collections.dagops.airflow.plugins.module_utils._base.states import ENDED

Object = dict[str, t.Any]


def run_id_of_job(job: t.Any, key: t.Any = None) -> str:
    """Return the id of the run of a job, or a workflow job, of AWX; empty: there is no job.

    :param key: the word that tells this node of the workflow from another one.
    """
    number, word = ("" if value is None else str(value).strip() for value in (job, key))
    if not number:
        return ""
    return f"awx__{number}__{word}" if word else f"awx__{number}"


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


def run_outcome(result: Object, check_mode: bool = False) -> str:
    """Say what has become of a run that airflow_dag_run has made or waited for."""
    run = result["dag_run"]
    if _is_foreseen(result, check_mode):
        return f"{_name(run)} would be triggered."
    age = f", {round(result['elapsed'])} s after its start" if run.get("start_date") else ""
    return f"{_name(run)} is {run['state']}{age}. {run['url']}"


def cancelled_outcome(state: str, name: str, check_mode: bool = False) -> str:
    """Say what has become of a run that was to be cancelled.

    :param state: of the run before; empty: there is no run.
    """
    if not state:
        return f"DAG run {name} was never made"
    if state in ENDED:
        return f"DAG run {name} has ended already: {state}"
    return f"DAG run {name} {'would be cancelled' if check_mode else f'was still {state} and is cancelled'}"


def _is_foreseen(result: Object, check_mode: bool) -> bool:
    """Whether the run is one that check mode would make."""
    after = (result.get("diff") or {}).get("after") or {}
    return check_mode and _name(result["dag_run"]) in after


def _name(run: Object) -> str:
    return f"DAG run {run['dag_id']} / {run['dag_run_id']}"


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "cancelled_outcome": cancelled_outcome,
            "run_artifact": run_artifact,
            "run_id_of_job": run_id_of_job,
            "run_outcome": run_outcome,
        }
