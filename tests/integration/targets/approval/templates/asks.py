# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG whose tasks ask people."""

from __future__ import annotations

import time

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow_compat import Param, PythonOperator, make_dag, seconds_from_conf


def prepare(dag_run):
    time.sleep(seconds_from_conf(dag_run, "seconds", 0))


with make_dag("{{ setup_airflow_id }}") as dag:
    prepared = PythonOperator(task_id="prepare", python_callable=prepare)
    approve = ApprovalOperator(task_id="approve", subject="Publish?")
    regions = HITLOperator(
        task_id="regions",
        subject="Which?",
        options=["eu, south", "us", "Yes"],
        multiple=True,
        params={"reason": Param("none", type="string"), "n": 3},
    )
    prepared >> [approve, regions]
    HITLOperator.partial(task_id="each", options=["yes", "no"]).expand(subject=["first", "second"])
