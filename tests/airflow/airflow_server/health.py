# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for a server to be well."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_server.common import StartFailed

if TYPE_CHECKING:
    from airflow_server.server import Server

# A heartbeat comes every 5 seconds.
FRESH = 20
HEARTS = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}


def wait_healthy(server: Server, timeout: float) -> None:
    """Return when the server answers and every heart that it has beats."""
    wanted = [name for name in HEARTS if name in server.components]

    def beats(name: str, part: Mapping[str, Any]) -> bool:
        # The last beat of the one before it does not count.
        since = max(server.record["started"].get(name, 0), time.time() - FRESH)
        return _beat(part, HEARTS[name]) >= float(since)

    def lacking() -> str:
        found = server.api.health()
        if found.get("metadatabase", {}).get("status") != "healthy":
            return "webserver"
        return ", ".join(name for name in wanted if not beats(name, found.get(HEARTS[name], {})))

    wait(server, timeout, "become healthy", lacking, tuple(server.components))


def wait_for_dags(server: Server, wanted: set[str], timeout: float) -> None:
    """Return when the server knows the DAGs, and fail when a file of its DAGs folder cannot be read."""

    def lacking() -> str:
        for name, trace in server.query("select filename, stacktrace from import_error"):
            raise StartFailed(f"{server.label} cannot read {Path(name).name}:\n{trace}")
        missing = wanted - {row[0] for row in server.query("select dag_id from serialized_dag")}
        return ", ".join(sorted(missing)[:5])

    wait(server, timeout, "read its DAGs", lacking, ("dag-processor" if server.version.is_v3 else "scheduler",))


def wait(server: Server, timeout: float, what: str, lacking: Callable[[], str], concerned: Sequence[str]) -> None:
    """Return when nothing is LACKING any more; fail after TIMEOUT, or as soon as a process has ended."""
    deadline = time.monotonic() + timeout
    while True:
        dead = ended(server)
        if dead:
            raise StartFailed(dead[0])
        missing = lacking()
        if not missing:
            return
        if time.monotonic() > deadline:
            ends = "\n".join(f"-- {name} --\n{server.logs(name)}" for name in concerned)
            raise StartFailed(f"{server.label} did not {what} within {timeout:.0f} s ({missing}):\n{ends}")
        time.sleep(0.3)


def ended(server: Server) -> list[str]:
    """What to say of the processes that have ended without being stopped."""
    dead = [name for name, runs in server.running().items() if not runs]
    return [f"The {name} of {server.label} has ended; its log:\n{server.logs(name)}" for name in dead]


def _beat(part: Mapping[str, Any], key: str) -> float:
    """The time of the last heartbeat in the part of a health answer called KEY; 0 when it is not healthy."""
    beat = part.get(f"latest_{key}_heartbeat")
    if part.get("status") != "healthy" or not beat:
        return 0
    # Python 3.9 and 3.10 do not read a Z.
    return datetime.fromisoformat(beat.replace("Z", "+00:00")).timestamp()
