# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the Python interpreters of this machine."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from paths import CACHE, locked

from airflow_server.pythons import find

MINORS = range(8, 15)


@functools.cache
def found() -> dict[str, Path]:
    """The interpreters by version, oldest first: {"3.11": /usr/bin/python3.11, ...}."""
    pythons = {f"3.{minor}": find(f"3.{minor}") for minor in MINORS}
    return {version: path for version, path in pythons.items() if path}


def without_shims() -> None:
    """Take pyenv's shims off PATH: there is one for each version, and it fails unless that version is active."""
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    for folder in folders:
        if folder.name == "shims":
            os.environ.setdefault("PYENV_ROOT", str(folder.parent))
    os.environ["PATH"] = os.pathsep.join(str(folder) for folder in folders if folder.name != "shims")


def as_tuple(version: str) -> tuple[int, ...]:
    """Versions as tuples compare as a person means it: 3.9 before 3.11."""
    return tuple(int(part) for part in version.split("."))


def newest(low: str, high: str = "3.99") -> str | None:
    """The newest version found from LOW to HIGH, both included."""
    fitting = [version for version in found() if as_tuple(low) <= as_tuple(version) <= as_tuple(high)]
    return fitting[-1] if fitting else None


@functools.cache
def links() -> Path:
    """A folder of links to the interpreters, for ansible-test, which searches PATH and would trip over shims."""
    folder = CACHE / "pythons"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"python{version}": path for version, path in found().items()}
    with locked(folder):
        for name, path in wanted.items():
            link = folder / name
            if not link.is_symlink() or Path(os.readlink(link)) != path:
                fresh = folder / f".{name}.{os.getpid()}"
                fresh.symlink_to(path)
                fresh.replace(link)
        for stale in {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")} - set(wanted):
            (folder / stale).unlink(missing_ok=True)
    return folder
