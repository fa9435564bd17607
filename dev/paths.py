# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything lies. All that this program makes is below .cache in the checkout."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
HOMES = CACHE / "homes"
LOGS = CACHE / "logs"
REQUIREMENTS = ROOT / "dev" / "requirements"
NAMESPACE, NAME = "dagops", "airflow"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold PATH for this process alone: two commands may run in one checkout at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock")
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another run that uses {path.relative_to(CACHE)} …", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
