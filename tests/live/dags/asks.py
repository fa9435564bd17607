# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAGs whose tasks ask people."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow_compat import PythonOperator, make_dag

with make_dag("asks_once") as asks_once:
    ApprovalOperator(task_id="approve", subject="Publish?") >> PythonOperator(task_id="publish", python_callable=print)

with make_dag("asks_in_time") as asks_in_time:
    HITLOperator(
        task_id="ask", subject="Publish?", options=["yes", "no"], defaults=["no"], response_timeout=timedelta(seconds=5)
    )
