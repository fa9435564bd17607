# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task costs: a module's against one of ansible.builtin.uri that sends the same request, in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

import servers
import venvs
from paths import LOGS, ROOT
from processes import Command, run
from venvs import Venv

from airflow_server import Problem

TASKS = 12
ROUNDS = 9
VERSION = "2.11"


def bench() -> int:
    """Print the median of the ratios, which has no part in what passes or fails."""
    venv = venvs.core()
    with servers.server(VERSION) as airflow:
        env = servers.play_env(venv, airflow)
        for name in ("module", "uri"):
            measure(venv, env, name, 1)
        rounds = [measure_all(venv, env) for number in range(ROUNDS)]
    print(f"Seconds of a playbook of {TASKS} tasks with one GET each, less one without tasks, on Airflow {VERSION}:")
    print("round  module     uri   ratio")
    for number, (module, uri) in enumerate(rounds, 1):
        print(f"{number:5}  {module:6.2f}  {uri:6.2f}  {module / uri:6.2f}")
    module_ms, uri_ms = (statistics.median(column) / TASKS * 1000 for column in zip(*rounds))
    ratio = statistics.median(module / uri for module, uri in rounds)
    print(f"A task, median: module {module_ms:.0f} ms, uri {uri_ms:.0f} ms")
    print(f"Median of the ratios: {ratio:.2f} (wanted: at most 1.0)")
    return 0


def measure_all(venv: Venv, env: Mapping[str, str]) -> tuple[float, float]:
    """Seconds of the module's tasks and of uri's."""
    empty = measure(venv, env, "uri", 0)
    return measure(venv, env, "module", TASKS) - empty, measure(venv, env, "uri", TASKS) - empty


def measure(venv: Venv, env: Mapping[str, str], name: str, tasks: int) -> float:
    """Seconds that a playbook takes."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "bench.log"
    command: Command = [
        venv.bin / "ansible-playbook",
        ROOT / "tests" / "bench" / f"{name}.yml",
        "--extra-vars",
        f"tasks={tasks}",
    ]
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        status = run(command, output, env)
    if status != 0:
        raise Problem(f"The playbook {name}.yml of the benchmark failed:\n{log.read_text(encoding='utf-8')}")
    return time.monotonic() - start
