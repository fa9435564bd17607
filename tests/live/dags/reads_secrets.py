# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG that reads a connection and a variable, and tells their secrets by digests alone."""

from __future__ import annotations

import hashlib

from airflow_compat import PythonOperator, make_dag

try:  # Airflow 3
    from airflow.sdk import BaseHook, Variable
except ImportError:
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable


def read(dag_run):
    name = dag_run.conf["name"]
    connection = BaseHook.get_connection(name)
    secrets = [connection.password, connection.extra_dejson["token"], Variable.get(f"{name}_secret")]
    return [hashlib.sha256(secret.encode()).hexdigest() for secret in secrets]


with make_dag("reads_secrets") as reads_secrets:
    PythonOperator(task_id="read", python_callable=read)
