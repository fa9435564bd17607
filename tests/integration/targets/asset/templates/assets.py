# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAGs that are scheduled by assets, and one that produces an asset."""

from __future__ import annotations

from airflow_compat import PythonOperator, make_dag

try:  # Airflow 3
    from airflow.sdk import Asset
except ImportError:
    from airflow.datasets import Dataset as Asset

NAME = "{{ setup_airflow_id }}"
orders, users = Asset(f"s3://{NAME}/orders.csv"), Asset(f"s3://{NAME}/users.csv")


def load(dag_run):
    if not dag_run.run_id.startswith(("dataset_triggered", "asset_triggered")):
        raise ValueError("nobody should run this by hand")


def check():
    raise ValueError("no file of this day")


with make_dag(f"{NAME}_load", schedule=[orders]) as loads:
    PythonOperator(task_id="load", python_callable=load)

with make_dag(f"{NAME}_check", schedule=[orders]) as checks:
    PythonOperator(task_id="check", python_callable=check)

with make_dag(f"{NAME}_both", schedule=[orders, users]) as joins:
    PythonOperator(task_id="join", python_callable=print)

with make_dag(f"{NAME}_make") as makes:
    PythonOperator(task_id="make", python_callable=print, outlets=[users])
