# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""uv, which makes all environments, and how it works here. Needs no more than the Python that runs this."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from airflow_server import Problem
from airflow_server.common import CACHE, locked, not_installed

UV = "0.13.9"


def set_up() -> None:
    """Say how uv shall work, unless the user's environment has it otherwise.

    Time-outs are long, since a slow network is no reason to give up, and the system's certificates count where there
    are any: companies have their own, and pip takes them too.
    """
    settings = {
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_HTTP_TIMEOUT": "300",
        "UV_HTTP_RETRIES": "10",
        "UV_LOCK_TIMEOUT": "1800",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    if any(Path("/etc/ssl/certs").glob("*")):
        settings["UV_SYSTEM_CERTS"] = "true"
    for name, value in settings.items():
        os.environ.setdefault(name, value)


def installed() -> Path:
    """The pinned uv, installed with this Python's own pip."""
    path = CACHE / "venvs" / f"uv-{UV}"
    with locked(path):
        for program in (path / "bin" / "uv", path / "venv" / "bin" / "uv"):
            if program.exists():
                return program
        return install(path)


def install(path: Path) -> Path:
    """A Debian without python3-venv cannot make a venv, but its pip, if there is one, can install into a folder."""
    arguments = ["--disable-pip-version-check", "--timeout", "300", "--quiet", f"uv=={UV}"]
    if subprocess.run([sys.executable, "-m", "venv", path / "venv"], capture_output=True, check=False).returncode == 0:
        call([path / "venv" / "bin" / "python", "-m", "pip", "install", *arguments])
        return path / "venv" / "bin" / "uv"
    shutil.rmtree(path, ignore_errors=True)
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode != 0:
        package = "python{}.{}-venv".format(*sys.version_info)
        raise Problem(f"{sys.executable} has neither ensurepip nor pip: install {package} (apt-get install {package}).")
    call([sys.executable, "-m", "pip", "install", "--target", path, *arguments])
    return path / "bin" / "uv"


def call(command: list[str | Path]) -> None:
    """Run pip, silent unless it fails."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise not_installed(f"uv {UV}", done.stdout + done.stderr)
