# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode takes for there, since a task before may be the one that would make it: DAGs and runs."""

from __future__ import annotations

from datetime import datetime

from .._airflow.airflow import Airflow, Object
from .._airflow.links import Links
from .._airflow.runs import TriggerRequest
from .._base.times import iso

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


def foreseen_run(airflow: Airflow, dag_id: str, request: TriggerRequest) -> Object:
    """Return a run as it is when it has just been made."""
    run: Object = dict.fromkeys(("data_interval_start", "data_interval_end", "start_date", "end_date"))
    run.update(
        dag_id=dag_id,
        dag_run_id=request.dag_run_id,
        run_type="manual",
        state="queued",
        note=request.note,
        conf=dict(request.conf),
        logical_date=iso(request.logical_date),
        run_after=iso(request.run_after),
        url=airflow.ask(Links).dag_run(dag_id, request.dag_run_id),
    )
    return run


def unseen_run(
    airflow: Airflow, dag_id: str, dag_run_id: str | None, logical_date: datetime | None = None, state: str = "queued"
) -> Object:
    """Return a run that a task before would have made: no more is known of it than what the options say."""
    run = foreseen_run(airflow, dag_id, TriggerRequest(dag_run_id or "", {}, logical_date))
    return {**run, "dag_run_id": dag_run_id, "run_type": None, "state": state, "url": None}
