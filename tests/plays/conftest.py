# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests that run playbooks have: an environment without the variables of the developer's shell."""

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.tests.unit import conftest

clean_environment = conftest.clean_environment


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: `make test` leaves it out, and continuous integration does not")
