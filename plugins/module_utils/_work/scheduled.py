# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that Airflow makes by itself once a DAG is unpaused."""

from __future__ import annotations

from datetime import datetime

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._base.times import iso, moment
from .in_passing import in_passing

# What Airflow says of the schedule @continuous, in all versions.
CONTINUOUS = "As frequently as possible, but only one run at a time."


def scheduled_run(airflow: Airflow, dag: Object, logical_date: datetime | None) -> str:
    """Return what is to be said of the run that the scheduler makes once the DAG is unpaused; empty: it makes none.

    Airflow has one run of a logical date, so a run of that date takes the place of it.
    """
    due, first = moment(dag["next_dagrun_run_after"]), moment(dag["next_dagrun_logical_date"])
    now, date = airflow.client.server_now(), iso(first)
    if due is None or due.timestamp() > now:
        return ""
    if dag["timetable_description"] == CONTINUOUS:
        return (
            f"DAG {dag['dag_id']} runs all the time (@continuous): once it is unpaused, Airflow goes on making runs of "
            "its own, one after the other, until airflow_dag pauses it."
        )
    # The next one is as far away as this one was from its logical date; where that is no time at all, nobody knows.
    if first and (due == first or (due + (due - first)).timestamp() <= now) and _catches_up(airflow, dag["dag_id"]):
        return (
            f"DAG {dag['dag_id']} has catchup: once it is unpaused, Airflow also makes a run of its own for each "
            f"interval of its schedule from {date} on; set catchup=False in the DAG if it is not to make up for them."
        )
    if date in (None, iso(logical_date)):
        return ""
    return (
        f"DAG {dag['dag_id']} has a schedule: once it is unpaused, Airflow also makes a run of its own, for {date}; "
        f"give logical_date: '{date}' to make this run the one of that date."
    )


def _catches_up(airflow: Airflow, dag_id: str) -> bool:
    """Whether Airflow makes all runs that a DAG has missed; it is only for a warning, so it is asked once."""
    with in_passing(airflow):
        return airflow.ask(Dags).catches_up(dag_id)
    return False
