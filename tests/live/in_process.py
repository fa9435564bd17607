# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's code in the process of the tests: what modules do, without the seconds of a start."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import live
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow, Object
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import RunFilter, Runs
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import Denied
from ansible_collections.dagops.airflow.plugins.module_utils._connect import connect
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import PasswordLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v1 import SessionLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v2 import PasswordTokenLogin
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC
from ansible_collections.dagops.airflow.plugins.module_utils._work.fulfil import Done as Outcome
from ansible_collections.dagops.airflow.plugins.module_utils._work.fulfil import fulfil
from ansible_collections.dagops.airflow.plugins.module_utils._work.wishes import Wish, wish_of
from ansible_collections.dagops.airflow.plugins.modules.airflow_dag_run import ARGUMENT_SPEC

ALL_RUNS = 100_000
MODULES = "ansible_collections.dagops.airflow.plugins.modules"


class Done(NamedTuple):
    """What a module came to: its status, its result, all that it has said, and its peak memory in bytes."""

    status: int
    result: dict[str, Any]
    said: str
    peak: int


class HurriedClock(Clock):
    """Nobody sleeps; the time of a pause passes all the same."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    @property
    def slept(self) -> float:
        return sum(self.pauses)

    def now(self) -> float:
        return time.monotonic() + self.slept

    def utc(self) -> float:
        return time.time() + self.slept

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@functools.cache
def cheap_login(url: str, username: str, password: str, generation: str) -> dict[str, Any]:
    """Options that log in without a password, which costs the server a tenth of a second in each request or login."""
    login: PasswordLogin = (SessionLogin if generation == "v1" else PasswordTokenLogin)(username, password)
    try:
        Client(url, login).log_in()
    except Denied as error:
        if error.status != 429:
            raise
        # The login form takes five logins in 40 seconds, and other tests use it, too.
        return {"api_username": username, "api_password": password}
    return {"api_headers": {"Cookie": login._pass}} if generation == "v1" else {"api_token": login._pass}


def connected(server: live.Airflow, url: str = "", clock: Clock | None = None, **options: Any) -> Airflow:
    """What a module gets that has these connection options; URL: another way to the server."""
    login = cheap_login(server.url, server.username, server.password, server.generation)
    given = {"api_url": url or server.url, **({} if "api_username" in options else login)}
    defaults = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
    warnings: list[str] = []
    return connect({**defaults, **given, **options}, warnings.append, clock or HurriedClock())


def wish(airflow: Airflow, **options: Any) -> Wish:
    """What C(airflow_dag_run) makes of these options."""
    defaults = {name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}
    return wish_of({**defaults, **options}, airflow)


def triggered(airflow: Airflow, dag_id: str, **options: Any) -> Outcome:
    """What C(airflow_dag_run) does until it waits, of a DAG that is and stays paused."""
    wanted = wish(airflow, dag_id=dag_id, when_paused="trigger", wait=False, **options)
    return fulfil(airflow, wanted, check_mode=False)


def runs_of(airflow: Airflow, dag_id: str) -> list[Object]:
    """All runs of a DAG."""
    return airflow.ask(Runs).select(dag_id, RunFilter((), {}, "id", ALL_RUNS))


def as_program(folder: Path, module: str, options: dict[str, Any], **env: str) -> Done:
    """Run a module as Ansible does on a host; the environment already names the shared server."""
    args, output = folder / "args.json", folder / "output.txt"
    args.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    with output.open("wb") as file:
        command = [sys.executable, "-m", f"{MODULES}.{module}", str(args)]
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env={**os.environ, **env}
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    said = output.read_text(encoding="utf-8")
    (line,) = [line for line in said.splitlines() if line.startswith("{")] or [said]
    return Done(process.returncode, json.loads(line), said, usage.ru_maxrss * 1024)
