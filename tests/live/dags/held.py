# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that make no progress, each for a reason of its own."""

from __future__ import annotations

import time
from datetime import timedelta

from airflow_compat import PythonOperator, make_dag

try:  # Airflow 3
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
    from airflow.sdk import BaseOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator
    from airflow.sensors.python import PythonSensor
    from airflow.triggers.temporal import TimeDeltaTrigger

LONG = 600  # seconds


class Later(BaseOperator):
    """Waits in the triggerer."""

    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=LONG)), method_name="resumed")

    def resumed(self, context, event=None):
        return None


def sleep(turn=0):
    time.sleep(LONG)


def fail(dag_run):
    if dag_run.run_id.startswith("fails"):
        raise RuntimeError("as the id of the run says")


# Its second task has no state yet.
with make_dag("held_by_triggerer") as held_by_triggerer:
    Later(task_id="later") >> PythonOperator(task_id="after", python_callable=print)

with make_dag("held_by_dag", max_active_tasks=1) as held_by_dag:
    for name in ("a", "b"):
        PythonOperator(task_id=name, python_callable=sleep)

with make_dag("held_by_task") as held_by_task:
    PythonOperator.partial(task_id="one", python_callable=sleep, max_active_tis_per_dag=1).expand(
        op_kwargs=[{"turn": 1}, {"turn": 2}]
    )

with make_dag("held_by_task_of_run") as held_by_task_of_run:
    PythonOperator.partial(task_id="one", python_callable=sleep, max_active_tis_per_dagrun=1).expand(
        op_kwargs=[{"turn": 1}, {"turn": 2}]
    )

with make_dag("held_by_past") as held_by_past:
    PythonOperator(task_id="step", python_callable=fail, depends_on_past=True)

with make_dag("held_by_others") as held_by_others:
    PythonOperator(task_id="held", python_callable=sleep, pool="taken")

with make_dag("held_by_pool") as held_by_pool:
    PythonOperator(task_id="held", python_callable=print, pool="nowhere")

with make_dag("held_by_sensor") as held_by_sensor:
    PythonSensor(task_id="look", python_callable=lambda: False, mode="reschedule", poke_interval=LONG, timeout=2 * LONG)

try:
    from airflow.providers.standard.operators.hitl import HITLOperator
except ImportError:
    pass
else:
    with make_dag("held_by_person") as held_by_person:
        HITLOperator(task_id="ask", subject="May it go on?", options=["yes", "no"])
