# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters are given, checked before it is used."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

# What filters read of a DAG.
KEYS = frozenset(("dag_id", "fileloc", "has_import_errors", "is_stale", "last_parsed_time"))


def dags_of(name: str, value: t.Any) -> list[dict[str, t.Any]]:
    """Return VALUE, the input of the filter NAME, when it is a list of DAGs as modules return them."""
    if not isinstance(value, list) or not all(isinstance(dag, dict) and dag.keys() >= KEYS for dag in value):
        raise AnsibleFilterError(f"{name} takes the dags that airflow_dag_info and airflow_dag return.")
    return value
