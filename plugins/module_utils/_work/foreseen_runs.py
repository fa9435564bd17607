# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that check mode takes for there, since a task before may be the one that would make them."""

from __future__ import annotations

from datetime import datetime

from .._airflow.airflow import Airflow, Object
from .._airflow.links import Links
from .._airflow.runs import TriggerRequest
from .._base.times import iso


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
