# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that ask a real Airflow: `python3 dev live --server 2.11 -- -k proxy` starts one and runs them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

# The harness that starts servers, and what the test modules of this folder share.
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "airflow")]

from live import Airflow


@pytest.fixture(scope="session")
def airflow() -> Airflow:
    """The server that all tests share; what changes its configuration or stops it needs one of its own."""
    variables = os.environ.get("DAGOPS_TEST_SERVER")
    if not variables:
        pytest.fail("No Airflow is running for these tests: start them with `python3 dev live`.", pytrace=False)
    return Airflow(json.loads(variables))
