# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that end badly, each in its own way, and a run of which only a task that could not run is bad."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

from airflow_compat import PythonOperator, make_dag

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator


def raises():
    print("reading orders.csv")
    raise ValueError("no file arrived")


def tell(context):
    raise KeyError("slack_alerts")


def chained():
    try:
        {}["price"]
    except KeyError as error:
        raise RuntimeError("order 17 cannot be loaded") from error


async def ask():
    raise TimeoutError("orders API gave no answer")


async def ask_all():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ask())


def task_group():
    asyncio.run(ask_all())


def several_lines():
    raise RuntimeError("statement 3 was refused:\nunknown column 'pirce' in line 12")


def coloured():
    raise RuntimeError("\x1b[31mDatabase Error\x1b[0m in model orders")


def exit_text():
    sys.exit("config.yml is missing")


def killed():
    print("allocating 40 GB")
    os.kill(os.getpid(), signal.SIGKILL)


with make_dag("ends") as ends:
    for function in (raises, chained, task_group, several_lines, coloured, exit_text, killed):
        PythonOperator(task_id=function.__name__, python_callable=function)
    PythonOperator(task_id="callback", python_callable=raises, on_failure_callback=tell)
    mail = {"email": "admin@example.com", "email_on_failure": True}
    PythonOperator(task_id="mail", python_callable=raises, **mail)
    retried = {"retries": 1, "retry_delay": timedelta(seconds=1), "on_retry_callback": tell}
    PythonOperator(task_id="retried", python_callable=raises, **retried)
    BashOperator(task_id="bash", bash_command="echo 'psql: FATAL: no such database' >&2; exit 2")

with make_dag("never_runs") as never_runs:
    nothing = EmptyOperator(task_id="nothing")
    PythonOperator.partial(task_id="load", python_callable=print).expand(op_args=nothing.output)
