# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What these DAG files take from Airflow, under one name for all versions from 2.3 on."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone

try:  # Airflow 3
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG, Param, TaskGroup
except ImportError:
    from airflow import DAG
    from airflow.models.param import Param
    from airflow.operators.python import PythonOperator
    from airflow.utils.task_group import TaskGroup

__all__ = ["DAG", "Param", "PythonOperator", "TaskGroup", "make_dag", "seconds_from_conf"]

# Airflow 2.3 does not know `schedule`.
_SCHEDULE = "schedule" if "schedule" in inspect.signature(DAG.__init__).parameters else "schedule_interval"


def make_dag(dag_id, tags=(), schedule=None, **options):
    """A DAG that runs when it is triggered, and by its schedule, if it has one.

    It has to be a name of its module: 2.3 looks only there.
    """
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    return DAG(dag_id, tags=list(tags), start_date=start, catchup=False, **{_SCHEDULE: schedule}, **options)


def seconds_from_conf(dag_run, name, default):
    """The number called NAME in the run's conf."""
    return float((dag_run.conf or {}).get(name, default))
