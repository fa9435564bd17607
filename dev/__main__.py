# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make` calls: install nox below .cache, and run it with the arguments, or sessions beside each other."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed, not {}.{}. Name one: make PYTHON=python3.11 …".format(*sys.version_info))
ROOT = Path(__file__).resolve().parent.parent
# The harness that starts Airflow servers is a library, too.
sys.path.append(str(ROOT / "tests" / "airflow"))

import beside

from airflow_server import Problem
from airflow_server.common import CACHE, locked, not_installed

PINS = ROOT / "dev" / "requirements" / "nox.txt"


def nox() -> list[str]:
    """The command that runs nox in the pinned version, which is installed the first time, and uv with it."""
    digest = hashlib.sha256(PINS.read_bytes() + sys.executable.encode() + sys.version.encode()).hexdigest()[:10]
    venv = CACHE / "venvs" / f"nox-{digest}"
    with locked(venv):
        if not (venv / "complete").exists():
            install(venv)
    os.environ["NOX_SCRIPT_MODE"] = "none"
    return [str(venv / "bin" / "python"), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py")]


def install(venv: Path) -> None:
    """Make the environment with no more than this Python."""
    make = [sys.executable, "-m", "venv", "--clear", str(venv)]
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip"]
    if call(make).returncode != 0:
        # A Debian without python3-venv may have pip.
        call([*make, "--without-pip"])
        pip = [sys.executable, "-m", "pip", "--python", python]
        if call([*pip, "--version"]).returncode != 0:
            package = "python{}.{}-venv".format(*sys.version_info)
            raise Problem(
                f"{sys.executable} has neither ensurepip nor pip: install {package} (apt-get install {package})."
            )
    quiet = ["--disable-pip-version-check", "--quiet", "--timeout", "300", "--cache-dir", str(CACHE / "pip")]
    done = call([*pip, "install", *quiet, "--requirement", str(PINS)])
    if done.returncode != 0:
        raise not_installed("nox", done.stdout + done.stderr)
    (venv / "complete").touch()


def call(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run COMMAND in silence."""
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def main() -> int:
    """Carry out what the command line says: `beside NAME …`, or arguments of nox."""
    arguments = sys.argv[1:]
    try:
        if arguments[:1] == ["beside"]:
            return beside.run(nox, arguments[1:])
        command = nox()
        os.execv(command[0], [*command, *arguments])
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


if __name__ == "__main__":
    sys.exit(main())
