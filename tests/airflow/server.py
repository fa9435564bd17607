# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop real Airflow servers: `python tests/airflow/server.py --help`, or as a library, see README.md."""

from __future__ import annotations

import sys

from airflow_server import VERSIONS, Problem, PythonMissing, Server, StartFailed
from airflow_server.cli import main

__all__ = ["VERSIONS", "Problem", "PythonMissing", "Server", "StartFailed"]

if __name__ == "__main__":
    sys.exit(main())
