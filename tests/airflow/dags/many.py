# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""300 small DAGs with a tag of their own: more than three pages of any list."""

from __future__ import annotations

from airflow_compat import PythonOperator, make_dag


def nothing():
    """Do nothing."""


for number in range(300):
    with make_dag(f"many_{number:03}", tags=["many"]) as dag:
        PythonOperator(task_id="nothing", python_callable=nothing)
    globals()[dag.dag_id] = dag
del dag
