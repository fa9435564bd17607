# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make` calls: set nox up below .cache, and run it with the arguments, or sessions beside each other."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed, not {}.{}. Name one: make PYTHON=python3.11 …".format(*sys.version_info))
ROOT = Path(__file__).resolve().parent.parent
# The harness that starts Airflow servers is a library, too.
sys.path.append(str(ROOT / "tests" / "airflow"))

import beside
import installer

from airflow_server import Problem
from airflow_server.pythons import find
from airflow_server.venvs import made


def nox() -> list[str]:
    """The command that runs nox in the pinned version, on the newest Python of this machine."""
    installer.set_up()
    newest = next(filter(None, (find(f"3.{minor}") for minor in range(14, 10, -1))))
    venv = made(ROOT / "dev" / "requirements" / "nox.txt", "nox", newest, str(installer.installed()))
    os.environ["NOX_SCRIPT_MODE"] = "none"
    return [str(venv / "bin" / "python"), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py")]


def main() -> int:
    """Carry out what the command line says: `beside NAME …`, or arguments of nox."""
    beside.interruptible()
    arguments = sys.argv[1:]
    try:
        if arguments[:1] == ["beside"]:
            return beside.run(nox, arguments[1:])
        command = nox()
        os.execv(command[0], [*command, *arguments])
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
