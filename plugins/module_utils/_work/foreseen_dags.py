# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAGs that check mode takes for there, since a task before may be the one that would make them."""

from __future__ import annotations

from .._airflow.airflow import Airflow, Object
from .._airflow.links import Links


def foreseen_dag(airflow: Airflow, dag_id: str) -> Object:
    """Return a DAG as Airflow makes it when it reads its file: paused, if nobody has configured otherwise."""
    unknown = ("description", "fileloc", "last_parsed_time", "max_active_runs", "timetable_description")
    return {
        **dict.fromkeys((*unknown, "next_dagrun_logical_date", "next_dagrun_run_after")),
        "dag_id": dag_id,
        "is_paused": True,
        "is_stale": False,
        "has_import_errors": False,
        "owners": [],
        "tags": [],
        "url": airflow.ask(Links).dag(dag_id),
    }
