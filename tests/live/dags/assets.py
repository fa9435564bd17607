# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assets, or datasets: one that nobody waits for, and one that runs a DAG."""

from __future__ import annotations

from airflow_compat import PythonOperator, make_dag

try:  # Airflow 3
    from airflow.sdk import Asset
except ImportError:
    from airflow.datasets import Dataset as Asset

with make_dag("makes_asset") as makes_asset:
    PythonOperator(task_id="make", python_callable=print, outlets=[Asset("s3://live/quiet.csv")])

with make_dag("takes_asset", schedule=[Asset("s3://live/busy.csv")]) as takes_asset:
    PythonOperator(task_id="take", python_callable=print)
