# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python interpreter of a wanted version on this machine."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from airflow_server.common import PythonMissing
from airflow_server.versions import Version

WHO = "import sys, ssl, os; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))"


def python_for(version: Version) -> Path:
    """The interpreter that is to run VERSION."""
    for wanted in version.pythons:
        python = find(wanted)
        if python:
            return python
    names = ", ".join(version.pythons[:-1]) + f" or {version.pythons[-1]}"
    raise PythonMissing(f"Airflow {version.airflow} needs Python {names}: none of them is on PATH or under pyenv.")


@functools.cache
def find(wanted: str) -> Path | None:
    """A Python of version WANTED ("3.11"), or None. A candidate has to run: a pyenv shim may exist and still fail."""
    for candidate in candidates(wanted):
        try:
            done = subprocess.run([candidate, "-c", WHO], capture_output=True, text=True, timeout=60, check=True)
            found, path = done.stdout.split(maxsplit=1)
        except (OSError, ValueError, subprocess.SubprocessError):
            continue
        if found == wanted:
            return Path(path.strip())
    return None


def candidates(wanted: str) -> Iterator[Path]:
    """Where that Python may be: the one that runs this, PATH, then the folders of pyenv and of uv."""
    if "{}.{}".format(*sys.version_info) == wanted:
        yield Path(sys.executable)
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder or ".", f"python{wanted}")
        if path.exists():
            yield path
    home = Path(os.path.expanduser("~"))
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    yield from sorted(pyenv.glob(f"{wanted}.*/bin/python{wanted}"), reverse=True)
    yield from sorted((home / ".local/share/uv/python").glob(f"cpython-{wanted}.*/bin/python{wanted}"), reverse=True)
