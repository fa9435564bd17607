# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections, variables and pools on a bad line, and from two tasks at once: all is as it was wanted in the end."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.connections import Connections
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.pools import Pools
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.variables import Variables
from ansible_collections.dagops.airflow.plugins.modules import airflow_connection, airflow_pool, airflow_variable
from faults import Line
from live import Airflow

NAME = f"live_{uuid.uuid4().hex[:8]}"
ROUNDS = 8
AT_ONCE = 4
FAULTS = [faults.cut_before, faults.cut_after, faults.cut_within, faults.hung_up_after, faults.answered(503)]


def outcome(module: Any, airflow: Api, **options: Any) -> dict[str, Any]:
    """The result of a module with these options."""
    defaults = {name: spec.get("default") for name, spec in module.ARGUMENT_SPEC.items()}
    frame = SimpleNamespace(params={**defaults, **options}, check_mode=False, warn=lambda warning: None)
    result: dict[str, Any] = module.run(frame, airflow)
    return result


def wanted(number: int, secret: str) -> list[tuple[Any, dict[str, Any]]]:
    """A connection, a variable and a pool, each with all that can be written on any version."""
    name = f"{NAME}_{number}"
    secrets = {"password": secret, "secret_extra": {"token": secret}, "update_secrets": "on_change"}
    connection = {"connection_id": name, "conn_type": "http", "host": "example.com", "extra": {"a": 1}, **secrets}
    variable = {"key": f"{name}_secret", "secret_value": secret, "update_secrets": "on_change"}
    return [
        (airflow_connection, connection),
        (airflow_variable, variable),
        (airflow_pool, {"name": name, "slots": 2, "description": "x"}),
    ]


@pytest.fixture
def made(api: Api) -> Iterator[None]:
    """What these tests make is deleted in the end."""
    yield
    for family, key, module in (
        (Connections, "connection_id", airflow_connection),
        (Variables, "key", airflow_variable),
        (Pools, "name", airflow_pool),
    ):
        for item in api.ask(family).select():
            if item[key].startswith(NAME):
                outcome(module, api, **{key: item[key]}, state="absent")
    assert [item["key"] for item in api.ask(Variables).select() if item["key"].startswith("dagops__")] == []


@pytest.mark.usefixtures("made")
def test_objects_on_a_line_that_cuts_half_of_all_connections_are_as_they_were_wanted(
    airflow: Airflow, api: Api, line: Line
) -> None:
    line.at_random(7, 0.5, FAULTS)
    for number in range(ROUNDS):
        for secret in ("the-first-secret", "the-second-secret"):
            for module, options in wanted(number, secret):
                far = in_process.connected(airflow, line.url, retry_timeout=600.0)
                result = outcome(module, far, **options)
                assert result["changed"] is (module is not airflow_pool or secret == "the-first-secret")
    line.mend()
    assert len(line.requests) > 8 * ROUNDS
    for number in range(ROUNDS):
        for module, options in wanted(number, "the-second-secret"):
            assert outcome(module, api, **options)["changed"] is False


@pytest.mark.usefixtures("made")
def test_tasks_that_make_the_same_object_at_once_make_one(airflow: Airflow, api: Api) -> None:
    results: list[Any] = []

    def make(module: Any, options: dict[str, Any]) -> None:
        try:
            results.append(outcome(module, in_process.connected(airflow), **options))
        except Exception as error:
            results.append(error)

    for module, options in wanted(ROUNDS, "a-secret-of-all"):
        threads = [threading.Thread(target=make, args=(module, options)) for _number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [result for result in results if not isinstance(result, dict)] == []
    for module, options in wanted(ROUNDS, "a-secret-of-all"):
        outcome(module, api, **options)
        assert outcome(module, api, **options)["changed"] is False
