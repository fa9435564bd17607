# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DAG in the picture of the README: one of its tasks fails."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from airflow.sdk import dag, task


@task
def extract():
    time.sleep(4)


@task
def load_orders():
    time.sleep(6)


@task
def load_users():
    time.sleep(2)
    raise ValueError("user 42 has no email address")


@task
def report():
    pass


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc))
def etl_daily():
    extract() >> [load_orders(), load_users()] >> report()


etl_daily()
