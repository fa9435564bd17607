# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that ask a real Airflow: `nox -s live-2.11 -- -k proxy` starts one and runs them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The harness that starts servers, and what the test modules of this folder share.
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "airflow")]

import in_process
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from faults import Line
from live import Airflow

VARIABLES = json.loads(os.environ.get("DAGOPS_TEST_SERVER", "null"))
# Seconds after which a test hangs, with the fixtures that it sets up: a server alone may take 300 to start.
PATIENCE, LONG_PATIENCE = 900, 1800


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "generation(name): only on Airflow 2 (v1) or on Airflow 3 (v2)")
    config.addinivalue_line(
        "markers", "once: finds the same on any Airflow, so it runs on one in continuous integration"
    )
    config.addinivalue_line("markers", "long: takes minutes, so `make test-long` runs it and `make test` does not")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests of the other generation (not skipped: there is nothing to run), and let none hang for ever."""
    mine = Airflow(VARIABLES).generation if VARIABLES else ""
    for item in list(items):
        item.add_marker(pytest.mark.timeout(LONG_PATIENCE if item.get_closest_marker("long") else PATIENCE))
        mark = item.get_closest_marker("generation")
        if mark and mark.args[0] != mine:
            items.remove(item)
            config.hook.pytest_deselected(items=[item])


@pytest.fixture(scope="session")
def airflow() -> Airflow:
    """The server that all tests share; what changes its configuration or stops it needs one of its own."""
    if not VARIABLES:
        pytest.fail("No Airflow is running for these tests: start them with `nox -s live-3.3`.", pytrace=False)
    return Airflow(VARIABLES)


@pytest.fixture(scope="module")
def api(airflow: Airflow) -> Api:
    """The server without faults, as modules see it."""
    return in_process.connected(airflow)


@pytest.fixture
def line(airflow: Airflow) -> Iterator[Line]:
    """A way to the server on which things go wrong as a test wants it."""
    with Line(airflow.url) as line:
        yield line
