# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAGs that do what the conf of their run says."""

from __future__ import annotations

import json
import time

from airflow_compat import Param, PythonOperator, make_dag, seconds_from_conf


def sleep(dag_run, name="seconds", default=30):
    seconds = seconds_from_conf(dag_run, name, default)
    print(f"Sleeping for {seconds} seconds.")
    time.sleep(seconds)


def write_conf(dag_run):
    print("CONF=" + json.dumps(dag_run.conf, sort_keys=True))


def talk(dag_run):
    """Write a log of `lines` lines, of which the last is known, then fail."""
    lines = int((dag_run.conf or {}).get("lines", 1000))
    for number in range(lines):
        print(f"line {number} of {lines}: {'x' * 60}")
    raise RuntimeError(f"failed after {lines} lines")


def tell_conf(dag_run):
    """Write into the log what should not be there, then fail with it, after `seconds`."""
    write_conf(dag_run)
    time.sleep(seconds_from_conf(dag_run, "seconds", 0))
    raise RuntimeError(f"this conf is of no use: {dag_run.conf}")


with make_dag("slow") as slow:
    PythonOperator(task_id="sleep", python_callable=sleep)

# While one run is active, the next ones wait in the queue.
with make_dag("one_at_a_time", max_active_runs=1) as one_at_a_time:
    PythonOperator(task_id="sleep", python_callable=sleep)

with make_dag("two_steps") as two_steps:
    first = PythonOperator(task_id="first", python_callable=sleep, op_kwargs={"name": "first", "default": 1})
    second = PythonOperator(task_id="second", python_callable=sleep, op_kwargs={"name": "second", "default": 1})
    first >> second

# The pool is for those who use this DAG to make.
with make_dag("in_pool") as in_pool:
    PythonOperator(task_id="held", python_callable=sleep, pool="narrow")

with make_dag("writes_conf") as writes_conf:
    PythonOperator(task_id="write", python_callable=write_conf)

with make_dag("tells_conf") as tells_conf:
    PythonOperator(task_id="tell", python_callable=tell_conf)

with make_dag("big_log") as big_log:
    PythonOperator(task_id="talk", python_callable=talk)

PARAMS = {
    "n": Param(3, type="integer", minimum=1, maximum=10, description="a number from 1 to 10"),
    "name": Param("nobody", type="string", minLength=1, description="a name"),
}
with make_dag("params", params=PARAMS) as params:
    PythonOperator(task_id="write", python_callable=write_conf)
