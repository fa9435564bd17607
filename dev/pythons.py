# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the Python interpreters of this machine."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from paths import CACHE

MINORS = range(8, 15)
# A pyenv shim is found on PATH as python3.9 and ends with status 127 when that version is not the active one, so each
# candidate has to say for itself who it is. An interpreter without ssl could not install anything.
WHO = "import os, ssl, sys; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))"


def search_path() -> list[Path]:
    """PATH without pyenv's shims."""
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    return [folder for folder in folders if folder.name != "shims"]


def candidates() -> Iterator[Path]:
    """Where a Python may be: PATH first, since that is what the user means, then pyenv's and uv's folders."""
    names = ["python3"] + [f"python3.{minor}" for minor in reversed(MINORS)]
    for folder in search_path():
        yield from (folder / name for name in names)
    shims = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).name == "shims"]
    home = Path(os.environ.get("HOME") or "/nonexistent")
    pyenvs = [folder.parent for folder in shims] + [Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")]
    for versions in [pyenv / "versions" for pyenv in pyenvs] + [home / ".local" / "share" / "uv" / "python"]:
        yield from sorted(versions.glob("*3.*/bin/python3"), reverse=True)


def identify(path: Path) -> tuple[str, Path] | None:
    """The version ("3.12") and real path of an interpreter, None for whatever is not one."""
    try:
        done = subprocess.run([path, "-c", WHO], capture_output=True, text=True, timeout=60, check=True)
        version, real = done.stdout.split(maxsplit=1)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return version, Path(real.strip())


@functools.cache
def found() -> dict[str, Path]:
    """The interpreters by version, oldest first: {"3.11": /usr/bin/python3.11, ...}."""
    pythons: dict[str, Path] = {}
    seen: set[Path] = set()
    for path in [Path(sys.executable), *candidates()]:
        if not path.exists() or path.resolve() in seen:
            continue
        seen.add(path.resolve())
        who = identify(path)
        if who and who[0] in {f"3.{minor}" for minor in MINORS}:
            pythons.setdefault(*who)
    return dict(sorted(pythons.items(), key=lambda item: as_tuple(item[0])))


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
    for name, path in wanted.items():
        link = folder / name
        if not link.is_symlink() or Path(os.readlink(link)) != path:
            fresh = folder / f".{name}.{os.getpid()}"
            fresh.symlink_to(path)
            fresh.replace(link)
    for stale in {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")} - set(wanted):
        (folder / stale).unlink(missing_ok=True)
    return folder
