# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module as small as what C(run) may use of it, with the parameters that Ansible would make."""

from __future__ import annotations

import functools
import re
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError
from ansible_collections.dagops.airflow.plugins.module_utils._connect import connect
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC
from ansible_collections.dagops.airflow.tests.unit.bodies import Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Server

# Version 1 is spoken to with basic auth, version 2 with a token that is there already: no login between the exchanges.
LOGINS: dict[str, dict[str, t.Any]] = {
    "v1": {"api_username": "deploy", "api_password": "s3cret-pa55", "api_auth": "basic"},
    "v2": {"api_token": "eyJhbGciOi.token.of-tests"},
}


class ModuleMock:
    """Whatever else C(run) touches is an AttributeError."""

    __slots__ = ("check_mode", "params", "warn")

    def __init__(self, params: dict[str, t.Any], check_mode: bool, warnings: list[str]) -> None:
        self.params = params
        self.check_mode = check_mode
        self.warn = warnings.append


def parameters(spec: dict[str, t.Any], given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Types and defaults as Ansible sets them, without what it takes from the environment."""
    full = {**CONNECTION_SPEC, **spec}
    without_fallback = {
        name: {key: value for key, value in option.items() if key != "fallback"} for name, option in full.items()
    }
    result = ArgumentSpecValidator(without_fallback).validate(given)
    assert not result.error_messages, result.error_messages
    return result.validated_parameters


class Runner:
    """Runs a module against the script of a server."""

    def __init__(self, server: Server, generation: Generation, module: t.Any) -> None:
        self.server = server
        self.generation = generation
        self.module = module
        self.warnings: list[str] = []

    def __call__(self, check_mode: bool = False, **given: t.Any) -> dict[str, t.Any]:
        """Return the result of the module's C(run)."""
        if check_mode:
            self.server.only_reads()
        params, airflow = self.connected(given)
        result: dict[str, t.Any] = self.module.run(ModuleMock(params, check_mode, self.warnings), airflow)
        self.server.done()
        self.assert_documented(result)
        return result

    def connected(self, given: dict[str, t.Any]) -> tuple[dict[str, t.Any], t.Any]:
        """Return the parameters of the module, and whom it asks."""
        connection = {"api_url": URL, "api_version": self.generation.name, **LOGINS[self.generation.name]}
        params = parameters(self.module.ARGUMENT_SPEC, {**connection, **given})
        return params, connect(params, self.warnings.append, self.server.clock)

    def failure(self, check_mode: bool = False, **given: t.Any) -> AirflowError:
        """Return the error that C(run) raises; its message is one sentence that fits on a screen."""
        with pytest.raises(AirflowError) as caught:
            self(check_mode, **given)
        self.server.done()
        assert_readable(caught.value.message)
        self.assert_documented(caught.value.details)
        return caught.value

    def assert_documented(self, result: dict[str, t.Any]) -> None:
        """Every key of a result stands in RETURN, with its type; null may be anywhere."""
        assert_result_documented(
            self.module, {key: value for key, value in result.items() if key not in ("changed", "diff")}
        )


def assert_result_documented(module: t.Any, result: dict[str, t.Any]) -> None:
    _assert_documented(documented(module), result, module.__name__.rpartition(".")[2])


def assert_readable(message: str) -> None:
    assert message, "the message is empty"
    assert len(message) < 500, f"{len(message)} characters: {message}"
    assert "\n" not in message, message
    assert not re.search(r"</|<(html|!doctype|title|head|body|p|br)\b", message, re.IGNORECASE), f"HTML: {message}"
    assert "Traceback" not in message, message
    assert "None" not in message, message
    assert '{"' not in message, f"a dump: {message}"
    assert "{'" not in message, f"a dump: {message}"


TYPES: dict[str, t.Any] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "list": list,
    "dict": dict,
    "raw": object,
}


@functools.lru_cache(maxsize=None)
def documented(module: t.Any) -> dict[str, t.Any]:
    """What a module says that it returns."""
    returned: dict[str, t.Any] = yaml.safe_load(module.RETURN)
    return returned


def _assert_documented(contains: dict[str, t.Any], values: dict[str, t.Any], place: str) -> None:
    for key, value in values.items():
        assert key in contains, f"{place}.{key} is not documented in RETURN"
        doc = contains[key]
        if value is None:
            continue
        assert isinstance(value, TYPES[doc["type"]]), f"{place}.{key} is {value!r}, not a {doc['type']}"
        for item in value if isinstance(value, list) else [value]:
            if "contains" in doc:
                _assert_documented(doc["contains"], item, f"{place}.{key}")
