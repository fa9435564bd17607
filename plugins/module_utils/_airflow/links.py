# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a person sees DAGs, runs and task instances in Airflow's web interface."""

from __future__ import annotations

from urllib.parse import quote

from .._http.client import path_of
from .airflow import Family


class Links(Family):
    """URLs of pages; nothing is asked of Airflow for them."""

    def dag(self, dag_id: str) -> str:
        """The page of a DAG."""
        raise NotImplementedError

    def dag_run(self, dag_id: str, dag_run_id: str) -> str:
        """The page of a run."""
        raise NotImplementedError

    def task(self, dag_id: str, dag_run_id: str, task_id: str, map_index: int) -> str:
        """The page of a task instance; C(map_index=-1): it is not mapped."""
        raise NotImplementedError


class LinksV1(Links, api="v1"):
    """Airflow 2: the grid of the DAG, with what is selected there."""

    def dag(self, dag_id: str) -> str:
        return f"{self.url}{path_of('dags', dag_id, 'grid')}"

    def dag_run(self, dag_id: str, dag_run_id: str) -> str:
        return f"{self.dag(dag_id)}?dag_run_id={quote(dag_run_id, safe='')}"

    def task(self, dag_id: str, dag_run_id: str, task_id: str, map_index: int) -> str:
        index = f"&map_index={map_index}" if map_index >= 0 else ""
        return f"{self.dag_run(dag_id, dag_run_id)}&task_id={quote(task_id, safe='')}{index}"


class LinksV2(Links, api="v2"):
    """Airflow 3."""

    def dag(self, dag_id: str) -> str:
        return f"{self.url}{path_of('dags', dag_id)}"

    def dag_run(self, dag_id: str, dag_run_id: str) -> str:
        return f"{self.dag(dag_id)}{path_of('runs', dag_run_id)}"

    def task(self, dag_id: str, dag_run_id: str, task_id: str, map_index: int) -> str:
        index = path_of("mapped", str(map_index)) if map_index >= 0 else ""
        return f"{self.dag_run(dag_id, dag_run_id)}{path_of('tasks', task_id)}{index}"
