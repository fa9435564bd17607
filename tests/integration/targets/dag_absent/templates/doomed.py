# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG that a test deploys, breaks and takes away."""

from __future__ import annotations

from airflow_compat import PythonOperator, make_dag


def nothing():
    """Do nothing."""


with make_dag("{{ doomed }}") as dag:
    PythonOperator(task_id="nothing", python_callable=nothing)
