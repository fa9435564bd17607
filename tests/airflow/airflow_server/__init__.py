# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop real Airflow servers, for tests and for the demo."""

from __future__ import annotations

from airflow_server.common import Problem, PythonMissing, StartFailed
from airflow_server.server import Server
from airflow_server.versions import VERSIONS

__all__ = ["VERSIONS", "Problem", "PythonMissing", "Server", "StartFailed"]
