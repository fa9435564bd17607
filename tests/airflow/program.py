# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run programs that start Airflow servers and parts of them, and leave none of those behind.

The method run() of a session of nox ends the program alone, half a second after an interrupt.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import nox
from workshop import ROOT, tool_home

from airflow_server import processes


def environment(session: nox.Session, **extra: str | Path) -> dict[str, str]:
    """The environment in which the session's own programs come first, with a home folder of its own."""
    path = os.pathsep.join([*(session.bin_paths or ()), os.environ["PATH"]])
    own = {"PATH": path, "HOME": tool_home(session.name), **extra}
    return {**os.environ, **{name: str(value) for name, value in own.items()}}


def status_of(
    session: nox.Session, command: Sequence[str | Path], env: Mapping[str, str], cwd: Path = ROOT
) -> tuple[int, str]:
    """Run COMMAND, show what it says as it says it, and return its status and all of that."""
    words = [str(word) for word in command]
    session.log("$ %s", " ".join(words))
    words[0] = shutil.which(words[0], path=env["PATH"]) or words[0]
    mark = secrets.token_hex(8)
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env={**env, processes.MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    one = processes.table().get(process.pid)
    lines = []
    try:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
        status = process.wait()
    finally:
        processes.stop({process.pid: one.born if one else ""}, mark, patience=20)
    return status, "".join(lines)
