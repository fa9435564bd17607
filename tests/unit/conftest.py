# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all unit tests have: a scripted server in place of the network, and a clock that does not make them wait."""

from __future__ import annotations

import os
import secrets
import typing as t

import hypothesis
import pytest
import requests
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import FakeClock, Server, Transport
from ansible_collections.dagops.airflow.tests.unit.played import Played

# The same examples in each run, and no limit in seconds: nothing shall fail by chance on a busy machine.
hypothesis.settings.register_profile("dagops", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("dagops")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's shell takes part."""
    for name in list(os.environ):
        if name.startswith("AIRFLOW_") or name.lower().endswith(("_proxy", "_ca_bundle")):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def server(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Server]:
    """The only server there is; each test has to use up its script."""
    server = Server(clock)
    monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url: Transport(server))
    monkeypatch.setattr(secrets, "token_hex", lambda length: "5f3ac0de")
    yield server
    server.done()


@pytest.fixture(params=["v1", "v2"])
def generation(request: pytest.FixtureRequest, server: Server) -> Generation:
    """Both generations of Airflow, one after the other: what a test says with it holds for both."""
    generation = GENERATIONS[request.param]
    server.prefix = generation.prefix
    return generation


@pytest.fixture
def played(capsys: pytest.CaptureFixture[str]) -> Played:
    """Runs the main() of a module, and returns its result."""
    return Played(capsys)
