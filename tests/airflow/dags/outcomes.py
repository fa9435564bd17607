# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAGs whose runs end well, and DAGs whose runs fail, each in its own way. Tests rely on the texts in here."""

from __future__ import annotations

from datetime import timedelta

from airflow_compat import PythonOperator, make_dag


def fine():
    print("All is well.")


def read_users():
    print("MARKER-7F3A reading users.csv")
    raise ValueError("user 42 has no email address")


def load_orders(index):
    print(f"Loading part {index}.")
    parts = {0: "a", 2: "c", 4: "e"}
    try:
        print(parts[index])
    except KeyError as error:
        raise RuntimeError(f"part {index} is damaged") from error


def never():
    raise RuntimeError("this never works")


def second_time(ti):
    if ti.try_number < 2:
        raise RuntimeError("the first try fails")
    print("The second try works.")


with make_dag("ok", tags=["demo"]) as ok:
    extract = PythonOperator(task_id="extract", python_callable=fine)
    transform = PythonOperator(task_id="transform", python_callable=fine)
    load = PythonOperator(task_id="load", python_callable=fine)
    extract >> transform >> load

with make_dag("fails", tags=["demo"]) as fails:
    a = PythonOperator(task_id="a", python_callable=fine)
    b = PythonOperator(task_id="b", python_callable=read_users)
    c = PythonOperator(task_id="c", python_callable=fine)
    independent = PythonOperator(task_id="independent", python_callable=fine)
    a >> b >> c

with make_dag("mapped", tags=["demo"]) as mapped:
    PythonOperator.partial(task_id="load_orders", python_callable=load_orders).expand(op_args=[[i] for i in range(5)])

with make_dag("retries", tags=["demo"]) as retries:
    delay = timedelta(seconds=1)
    PythonOperator(task_id="never_works", python_callable=never, retries=2, retry_delay=delay)
    PythonOperator(task_id="works_at_second_try", python_callable=second_time, retries=2, retry_delay=delay)

# Its second try does not come while anybody looks.
with make_dag("retries_later") as retries_later:
    PythonOperator(task_id="tries", python_callable=never, retries=1, retry_delay=timedelta(hours=1))

# The state of a run is that of its last tasks, so this one ends as success although a task has failed.
with make_dag("all_done") as all_done:
    broken = PythonOperator(task_id="broken", python_callable=read_users)
    clean_up = PythonOperator(task_id="clean_up", python_callable=fine, trigger_rule="all_done")
    broken >> clean_up

with make_dag("dotted.name-with-dash", tags=["demo"]) as dotted:
    PythonOperator(task_id="dotted.task-with-dash", python_callable=fine)
