# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG with a group whose tasks do not begin with its name, a task that fails at first, and a teardown task."""

from __future__ import annotations

from airflow_compat import PythonOperator, TaskGroup, make_dag


def mended(ti):
    if ti.try_number < 2:
        raise RuntimeError("no space left on device")


with make_dag("groups") as groups:
    start = PythonOperator(task_id="start", python_callable=print)
    with TaskGroup("bare", prefix_group_id=False):
        left = PythonOperator(task_id="left", python_callable=mended)
        with TaskGroup("inner"):
            right = PythonOperator(task_id="right", python_callable=mended)
    after_left = PythonOperator(task_id="after_left", python_callable=print)
    after_right = PythonOperator(task_id="after_right", python_callable=print)
    clean_up = PythonOperator(task_id="clean_up", python_callable=print)
    start >> [left, right]
    left >> after_left
    right >> after_right
    [after_left, after_right] >> clean_up
    # Airflow has teardown tasks from 2.7 on.
    if hasattr(clean_up, "as_teardown"):
        clean_up.as_teardown()
