# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG that runs each day, and fails or takes its time when its conf says so."""

from __future__ import annotations

import time

from airflow_compat import PythonOperator, make_dag


def load(dag_run):
    conf = dag_run.conf or {}
    time.sleep(conf.get("seconds", 0))
    if conf.get("fails"):
        raise ValueError("no file of this day")


with make_dag("{{ setup_airflow_id }}", schedule="@daily") as dag:
    PythonOperator(task_id="load", python_callable=load)
