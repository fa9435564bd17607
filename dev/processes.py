# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs so that an interrupt stops all of them and nothing of the caller's own set-up leaks into them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Union

from paths import CACHE, HOMES, ROOT

from airflow_server import Problem

Command = Sequence[Union[str, Path]]
_running: set[subprocess.Popen[str]] = set()
_guard = threading.Lock()
_stopping = threading.Event()

# Settings of the person who runs the tests would change what is tested; AIRFLOW_API_URL could even be a real server.
FOREIGN = ("AIRFLOW", "ANSIBLE_", "COVERAGE", "MOLECULE_", "PYTEST", "PYTHON", "VIRTUAL_ENV")

# Seconds after which a command of a test run is taken to hang; it shall not take the whole run with it.
LIMIT = 5400


class Stopped(Exception):
    """The run was interrupted: nothing new is started, cleaning up goes on."""


def inherited() -> dict[str, str]:
    """What is taken over from the caller's environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}


def environment(home: str = "any", **extra: str | Path) -> dict[str, str]:
    """The environment for tools: with a home folder of their own, and loopback never through a proxy."""
    env = inherited()
    for name in ("no_proxy", "NO_PROXY"):
        env[name] = ",".join(filter(None, [env.get(name), "localhost,127.0.0.1"]))
    env.update(HOME=str(tool_home(home)), LC_ALL="C.UTF-8", NO_COLOR="1", ANSIBLE_NOCOLOR="1", PYTHONUNBUFFERED="1")
    env.update({name: str(value) for name, value in extra.items()})
    return env


def tool_home(name: str) -> Path:
    """A home folder, so that the user's ~/.ansible stays untouched. What says where packages come from is the user's.

    Two ansible-test at a time would spoil each other's environments and keys in ~/.ansible/test, so there is more than
    one.
    """
    home, users, shared = HOMES / name, Path(os.environ.get("HOME") or "/nonexistent"), CACHE / "pip"
    for folder in (home / ".config", home / ".cache", shared):
        folder.mkdir(parents=True, exist_ok=True)
    links = {name: users / name for name in (".config/pip", ".pip", ".netrc")}
    for link, target in {**links, ".cache/pip": shared}.items():
        if target.exists() and not (home / link).exists():
            with contextlib.suppress(FileExistsError):
                (home / link).symlink_to(target)
    return home


def run(command: Command, output: IO[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> int:
    """Run COMMAND, everything that it says into OUTPUT, and return its status; a Problem when it does not end."""
    if _stopping.is_set():
        raise Stopped
    output.flush()
    with started(command, output, env, cwd) as process:
        try:
            status = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Problem(f"{Path(command[0]).name} was stopped: it had not ended after {LIMIT} s") from None
    if _stopping.is_set():
        raise Stopped
    return status


def shown(command: Command, env: Mapping[str, str]) -> tuple[int, str]:
    """Run COMMAND, show what it says as it says it, and return its status and all of that."""
    lines = []
    with started(command, subprocess.PIPE, env) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
        return process.wait(), "".join(lines)


@contextlib.contextmanager
def started(
    command: Command, output: IO[str] | int, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[subprocess.Popen[str]]:
    """A running COMMAND in a process group of its own, which is gone in the end."""
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env if env is not None else environment()),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with _guard:
        _running.add(process)
    try:
        yield process
    finally:
        terminate(process)
        with _guard:
            _running.discard(process)


def terminate(process: subprocess.Popen[str], patience: float = 20) -> None:
    """Ask the group of PROCESS to end, and insist after PATIENCE seconds."""
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def stop_all() -> None:
    """Stop what runs and start nothing more; the threads that wait for it then clean up and end."""
    _stopping.set()
    with _guard:
        processes = list(_running)
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
