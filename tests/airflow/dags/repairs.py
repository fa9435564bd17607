# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG whose run fails at first, and ends well when its tasks run again. Tests rely on its names."""

from __future__ import annotations

from airflow_compat import PythonOperator, TaskGroup, make_dag


def fine():
    print("All is well.")


def mended(ti):
    """Fail at the first try, as something does that is mended afterwards."""
    if ti.try_number < 2:
        raise RuntimeError("no space left on device")


def part(index, ti):
    if index == 1:
        mended(ti)


with make_dag("repairs") as repairs:
    extract = PythonOperator(task_id="extract", python_callable=fine)
    with TaskGroup("load") as load:
        users = PythonOperator(task_id="users", python_callable=mended)
        orders = PythonOperator.partial(task_id="orders", python_callable=part).expand(op_args=[[0], [1], [2]])
    publish = PythonOperator(task_id="publish", python_callable=fine)
    report = PythonOperator(task_id="report", python_callable=fine)
    extract >> [users, orders]
    users >> publish
    orders >> publish
    publish >> report
