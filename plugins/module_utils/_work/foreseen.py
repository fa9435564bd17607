# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode takes for there, since a task before may be the one that would make it: a DAG."""

from __future__ import annotations

from .._airflow.airflow import Airflow, Object
from .._airflow.links import Links

GOES_ON = "check mode goes on as if a task before had made it"


def foreseen(message: str) -> str:
    """Return the warning about what does not exist, from the sentence that is the failure outside of check mode."""
    what = message.partition(";")[0].rstrip(".")
    return f"{what.replace(', so nothing was changed', '')}; {GOES_ON}."


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
