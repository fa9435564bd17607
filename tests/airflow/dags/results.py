# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DAG whose tasks push values of all kinds, as far as the version of Airflow takes them. Tests rely on them."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal

from airflow_compat import PythonOperator, make_dag

VALUES = {
    "text": "it's 5 o'clock",
    "text_of_number": "17",
    "text_of_json": '{"a": true}',
    "text_of_python": "[1, None]",
    "empty": "",
    "number": 17,
    "float": 1.5,
    "flag": True,
    "list": [1, "a", None, [True]],
    "mapping": {"a": {"b": [1, 2]}, "ü": None},
    "dotted.key": "of a key with a dot",
    "moment": datetime(2026, 11, 22, 10, 15, tzinfo=timezone.utc),
    "day": date(2026, 11, 22),
    "tuple": (1, ("a", 2)),
    "set": {"a"},
    "decimal": Decimal("1.50"),
    "nested": {"at": datetime(2026, 11, 22, tzinfo=timezone.utc), "pair": (1, 2)},
    "large": "x" * 70_000,
}


def push(ti):
    for key, value in VALUES.items():
        try:
            ti.xcom_push(key=key, value=value)
        except Exception as error:  # this version cannot store it
            print(f"{key} is not pushed: {error}")
    return {"rows": 3, "tables": ["orders", "users"]}


def part(index):
    """Nothing for the second one: a hole in the list of results."""
    return None if index == 1 else {"part": index}


def no_parts():
    return []


with make_dag("pushes") as pushes:
    PythonOperator(task_id="values", python_callable=push)
    PythonOperator(task_id="values.more", python_callable=lambda: "of a task with a dot")
    PythonOperator(task_id="nothing", python_callable=lambda: None)
    PythonOperator.partial(task_id="parts", python_callable=part).expand(op_args=[[0], [1], [2]])
    empty_list = PythonOperator(task_id="empty_list", python_callable=no_parts)
    PythonOperator.partial(task_id="over_nothing", python_callable=part).expand(op_args=empty_list.output)
