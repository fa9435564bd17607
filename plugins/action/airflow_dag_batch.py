# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, whose documentation is this action's, too."""

from __future__ import annotations

from ..modules import airflow_dag_batch
from ..plugin_utils._action import AirflowAction


class ActionModule(AirflowAction):
    """Ansible looks for a class of this name."""

    module = airflow_dag_batch
