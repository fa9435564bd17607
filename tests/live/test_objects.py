# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections, variables and pools: on a bad line and from many tasks at once all is as it was wanted in the end.

They are written one by one and as a whole configuration, and a DAG tells which secrets Airflow really has.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.connections import Connections
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.pools import Pools
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.variables import Variables
from ansible_collections.dagops.airflow.plugins.modules import (
    airflow_connection,
    airflow_objects,
    airflow_pool,
    airflow_variable,
)
from faults import Line
from live import Airflow, result_of

NAME = f"live_{uuid.uuid4().hex[:8]}"
ROUNDS = 8
AT_ONCE = 4
FAULTS = [faults.cut_before, faults.cut_after, faults.cut_within, faults.hung_up_after, faults.answered(503)]


def outcome(module: Any, airflow: Api, **options: Any) -> dict[str, Any]:
    """The result of a module with these options."""
    defaults = {name: spec.get("default") for name, spec in module.ARGUMENT_SPEC.items()}
    params = {"api_username": None, **defaults, **options}
    frame = SimpleNamespace(params=params, check_mode=False, warn=lambda warning: None)
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


def tree(numbers: range, secret: str) -> dict[str, Any]:
    """The same objects as one configuration."""
    items = [wanted(number, secret) for number in numbers]
    kinds = ("connections", "variables", "pools")
    return {kind: [item[place][1] for item in items] for place, kind in enumerate(kinds)}


@pytest.fixture
def made(api: Api) -> Iterator[None]:
    """What these tests make is deleted in the end, with the digests of its secrets. Other tests may leave theirs."""

    def digests() -> set[str]:
        return {item["key"] for item in api.ask(Variables).select() if item["key"].startswith("dagops__")}

    before = digests()
    yield
    for family, key, module in (
        (Connections, "connection_id", airflow_connection),
        (Variables, "key", airflow_variable),
        (Pools, "name", airflow_pool),
    ):
        for item in api.ask(family).select():
            if item[key].startswith(NAME):
                outcome(module, api, **{key: item[key]}, state="absent")
    assert digests() == before


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


@pytest.mark.usefixtures("made")
def test_a_configuration_on_a_line_that_cuts_half_of_all_connections_is_as_it_was_wanted(
    airflow: Airflow, api: Api, line: Line
) -> None:
    numbers = range(20, 20 + ROUNDS)
    line.at_random(11, 0.5, FAULTS)
    for secret in ("the-first-secret", "the-second-secret"):
        far = in_process.connected(airflow, line.url, retry_timeout=600.0)
        result = outcome(airflow_objects, far, **tree(numbers, secret))
        assert (result["changed"], result["failed_objects"]) == (True, [])
    line.mend()
    result = outcome(airflow_objects, api, **tree(numbers, "the-second-secret"))
    assert (result["changed"], result["unverified"]) == (False, [])
    assert {kind: len(outcomes["unchanged"]) for kind, outcomes in result["objects"].items()} == dict.fromkeys(
        ("connections", "variables", "pools"), ROUNDS
    )


@pytest.mark.usefixtures("made")
def test_tasks_that_write_the_same_configuration_at_once_make_each_object_once(airflow: Airflow, api: Api) -> None:
    options = tree(range(40, 43), "a-secret-of-all")
    ended: list[Any] = []

    def write() -> None:
        try:
            ended.append(outcome(airflow_objects, in_process.connected(airflow), **options))
        except Exception as error:
            ended.append(error)

    threads = [threading.Thread(target=write) for _number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result for result in ended if not isinstance(result, dict)] == []
    outcome(airflow_objects, api, **options)
    assert outcome(airflow_objects, api, **options)["changed"] is False


READS_SECRETS = Path(__file__).parent / "dags" / "reads_secrets.py"


@pytest.fixture
def read(airflow: Airflow, tmp_path: Path) -> Iterator[Callable[[str], list[str]]]:
    """Runs the DAG that reads secrets, and returns their digests."""
    target = Path(airflow.variables["airflow_dags_folder"]) / READS_SECRETS.name
    target.write_text(READS_SECRETS.read_text(encoding="utf-8"), encoding="utf-8")
    deployed = result_of(tmp_path, "airflow_dag", {"dag_id": "reads_secrets", "wait": True, "paused": False})
    assert deployed["failed"] is False, deployed

    def one(name: str) -> list[str]:
        run = {"dag_id": "reads_secrets", "conf": {"name": name}, "results": ["read"], "wait_timeout": 300}
        result = result_of(tmp_path, "airflow_dag_run", run)
        assert result["failed"] is False, result
        digests: list[str] = result["results"]["read"]
        return digests

    yield one
    target.unlink()


@pytest.mark.usefixtures("made")
def test_a_dag_reads_the_secrets_that_were_written(api: Api, read: Callable[[str], list[str]]) -> None:
    number = 60
    name = wanted(number, "")[0][1]["connection_id"]
    for secret, update, written in (
        ("first-secret-1c", "on_change", "first-secret-1c"),
        ("second-secret-7e", "on_change", "second-secret-7e"),
        ("never-written-3a", "on_create", "second-secret-7e"),
        ("third-secret-9b", "always", "third-secret-9b"),
    ):
        for module, options in wanted(number, secret)[:2]:
            outcome(module, api, **{**options, "update_secrets": update})
        assert read(name) == [hashlib.sha256(written.encode()).hexdigest()] * 3
