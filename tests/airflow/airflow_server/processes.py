# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start programs, and stop them with all that they have started, by process id."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Below the range from which systems take the ports of outgoing connections: a server that is stopped and started again
# finds its port free.
PORTS = range(18000, 32000)
MARK = "DAGOPS_AIRFLOW_SERVER"
_children: dict[int, subprocess.Popen[bytes]] = {}
_given: set[int] = set()


@dataclass(frozen=True)
class Process:
    """A running process. A process id is used again some day, so its time of birth belongs to its identity."""

    pid: int
    parent: int
    group: int
    session: int
    born: str


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on and that was not given out before."""
    for port in random.sample(PORTS, len(PORTS)):
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise OSError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free on 127.0.0.1")


def spawn(command: Sequence[str | Path], log: Path, env: dict[str, str], cwd: Path, **options: Any) -> Process:
    """Start COMMAND in a session of its own, so that Ctrl-C in a terminal does not reach it; output goes to LOG."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
    _children[child.pid] = child
    return table().get(child.pid) or Process(child.pid, 0, child.pid, child.pid, "gone")


def table() -> dict[int, Process]:
    """All processes of this machine that run (the dead whom nobody has buried yet do not)."""
    for child in list(_children.values()):
        child.poll()
    if not Path("/proc/self/stat").exists():
        return _table_by_ps()
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                # The name stands in parentheses and may hold anything, spaces and parentheses too.
                fields = Path("/proc", entry, "stat").read_text(errors="replace").rpartition(")")[2].split()
                if fields[0] not in "ZX":
                    parent, group, session = (int(field) for field in fields[1:4])
                    found[int(entry)] = Process(int(entry), parent, group, session, fields[19])
    return found


def _table_by_ps() -> dict[int, Process]:
    """The same where there is no /proc; ps shows no session there."""
    output = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid=,lstart="], capture_output=True, text=True, check=True)
    found = {}
    for line in output.stdout.splitlines():
        pid, parent, group, born = line.split(maxsplit=3)
        found[int(pid)] = Process(int(pid), int(parent), int(group), int(group), born.strip())
    return found


def alive(pid: int, born: str) -> bool:
    """Whether the process PID runs and is still the one that was born then."""
    process = table().get(pid)
    return process is not None and process.born == born


def family(leaders: dict[int, str], mark: str = "") -> dict[int, Process]:
    """The LEADERS (process id: birth) that run, all that they have started, and all that carry MARK.

    Airflow's tasks leave their parents' session, and they lose the parent when it dies; the mark in their environment
    finds those too.
    """
    running = table()
    own = {pid for pid, born in leaders.items() if pid in running and running[pid].born == born}
    sessions = {pid for pid in leaders if pid not in running} | own
    members = {pid for pid, process in running.items() if process.session in sessions or process.group in sessions}
    members |= own | (_marked(running, mark) if mark else set())
    while True:
        children = {pid for pid, process in running.items() if process.parent in members} - members
        if not children:
            return {pid: running[pid] for pid in members if pid not in (1, os.getpid())}
        members |= children


def _marked(pids: Iterable[int], mark: str) -> set[int]:
    """Those of PIDS that have MARK in their environment."""
    wanted = f"{MARK}={mark}".encode()
    marked = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                marked.add(pid)
    return marked


def stop(leaders: dict[int, str], mark: str = "", patience: float = 5, number: int = signal.SIGTERM) -> None:
    """End the family of LEADERS: ask, and insist after PATIENCE seconds. Returns when all of it is gone."""
    members = family(leaders, mark)
    # SIGTERM suits every process; other signals mean something else to those below the leader.
    _signal(members if number in (signal.SIGTERM, signal.SIGKILL) else members.keys() & leaders.keys(), number)
    deadline = time.monotonic() + patience
    killed_until = deadline + 20
    while True:
        # Whoever was born meanwhile belongs to it too, and those whose parents are gone stay in the list.
        members.update(family(leaders, mark))
        running = table()
        members = {pid: one for pid, one in members.items() if pid in running and running[pid].born == one.born}
        if not members:
            return
        if time.monotonic() > killed_until:
            raise OSError(f"these processes cannot be ended: {sorted(members)}")
        if time.monotonic() > deadline:
            _signal(members, signal.SIGKILL)
        time.sleep(0.1)


def _signal(members: Iterable[int], number: int) -> None:
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
