# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops (Airflow 3.4): one ends well after three turns, the second turn of the other one fails."""

from __future__ import annotations

from airflow.sdk import task, task_group
from airflow_compat import make_dag


def looped(bad_turn):
    @task_group
    def body():
        @task
        def step(*, loop):
            print(f"here is turn {loop.index}")
            if loop.index == bad_turn:
                raise ValueError(f"turn {loop.index} is no good")
            return loop.index

        # Airflow gives it the loop.
        step()  # pylint: disable=missing-kwoa

    body.loop(max_iterations=3)


with make_dag("loops_well") as loops_well:
    looped(bad_turn=-1)

with make_dag("loops_badly") as loops_badly:
    looped(bad_turn=1)
