# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the harness needs: where things lie, how it fails, and a lock."""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CACHE = HERE.parent.parent / ".cache"
DAGS = HERE / "dags"
REQUIREMENTS = HERE / "requirements"


# Seconds after which something of Airflow's is taken to hang, and for what takes longest.
PATIENCE, LONG_PATIENCE = 300, 900


class Problem(Exception):
    """Something that a person has to mend; its text is a sentence that says what and how."""


# As pip and uv tell it, of which each tries some times and tells of each.
NO_NETWORK = re.compile(
    r"temporary failure in name resolution|name or service not known|network is unreachable|no route to host"
    r"|connection refused|connection reset|dns error|timed out|tunnel connection failed|certificate verify failed",
    re.IGNORECASE,
)


def not_installed(what: str, said: str) -> Problem:
    """What is to be said when an installer has failed: one sentence when it did not reach the index of packages."""
    reason = NO_NETWORK.search(said)
    if not reason:
        return Problem(f"{what} could not be installed; the installer says:\n{said.strip()}")
    return Problem(
        f"{what} could not be fetched ({reason.group().lower()}): look at the network, at the proxy, and at the "
        "index of packages that pip and uv use."
    )


class PythonMissing(Problem):
    """No Python on this machine can run what is wanted: whoever runs tests reports that as not run, by name."""


class StartFailed(Problem):
    """A server did not come up; the text ends with the last lines of the log that matters."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold PATH for this process alone, so that two starts do not build the same thing at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def last_lines(path: Path, count: int = 30) -> str:
    """The end of a log file, at most COUNT lines; nothing when there is no such file."""
    try:
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - 65536))
            text = handle.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])
