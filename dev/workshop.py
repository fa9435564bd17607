# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all sessions share: where things lie, the environment of tools, Pythons, copies of the checkout."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import nox
import nox.virtualenv

from airflow_server.common import Problem, locked
from airflow_server.pythons import find
from airflow_server.venvs import made

ROOT = Path(__file__).resolve().parent.parent
# All that sessions make is below it.
CACHE = ROOT / ".cache"
USERS_HOME = Path(os.environ.get("HOME") or "/nonexistent")
REQUIREMENTS = ROOT / "dev" / "requirements"
NAMESPACE, NAME = "dagops", "airflow"

# Settings of the person who runs the tests would change what is tested; AIRFLOW_API_URL could even be a real server.
FOREIGN = ("AIRFLOW", "ANSIBLE_", "COVERAGE", "MOLECULE_", "PYTEST", "PYTHON", "VIRTUAL_ENV")
# Which Pythons (oldest, newest) can run which ansible-core; for modules on the managed host it supports older ones.
CORES = {
    "2.15": ("3.9", "3.11"),
    "2.16": ("3.10", "3.12"),
    "2.18": ("3.11", "3.13"),
    "2.19": ("3.11", "3.13"),
    "2.20": ("3.12", "3.14"),
    "2.21": ("3.12", "3.14"),
    "2.22": ("3.13", "3.14"),
}
# Those that tools, and one or another ansible-core, run on.
TOOLS = ("3.11", "3.14")
# The oldest Python on which modules run.
OLDEST_HOST = "3.8"
# How uv works, unless the user's environment has it otherwise: a slow network is no reason to give up.
UV = {
    "UV_CACHE_DIR": str(CACHE / "uv"),
    "UV_HTTP_TIMEOUT": "300",
    "UV_HTTP_RETRIES": "10",
    "UV_LOCK_TIMEOUT": "1800",
    "UV_PYTHON_DOWNLOADS": "never",
}


def set_up() -> None:
    """Give all sessions the same environment, whoever runs nox: nothing of the caller's that changes what is tested."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    # pyenv has a shim for each version, and it fails unless that version is active.
    shims = [folder for folder in folders if folder.name == "shims"]
    if shims:
        os.environ.setdefault("PYENV_ROOT", str(shims[-1].parent))
    os.environ["PATH"] = os.pathsep.join(str(folder) for folder in folders if folder not in shims)
    os.environ["PATH"] = os.pathsep.join([str(links()), os.environ["PATH"]])
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))
    os.environ.update(HOME=str(tool_home("any")), LC_ALL="C.UTF-8", ANSIBLE_NOCOLOR="1", PYTHONUNBUFFERED="1")
    os.environ.update(ANSIBLE_HOME=str(CACHE / "ansible"), PYTHONDONTWRITEBYTECODE="1")
    os.environ["DAGOPS_UV"] = nox.virtualenv.UV
    for name, value in UV.items():
        os.environ.setdefault(name, value)
    # Companies have certificates of their own, and pip takes those of the system, too.
    if any(Path("/etc/ssl/certs").glob("*")):
        os.environ.setdefault("UV_SYSTEM_CERTS", "true")


def interrupt(*_caught: object) -> None:
    """A polite kill is an interrupt: servers are stopped then, too."""
    raise KeyboardInterrupt


def tool_home(name: str) -> Path:
    """A home folder, so that the user's ~/.ansible stays untouched. What says where packages come from is the user's.

    Two ansible-test at a time would spoil each other's environments and keys in ~/.ansible/test, so each session has
    one.
    """
    home = CACHE / "homes" / name
    (CACHE / "pip").mkdir(parents=True, exist_ok=True)
    symlink(home / ".cache" / "pip", CACHE / "pip")
    for kept in (".config/pip", ".config/uv", ".pip", ".netrc"):
        if (USERS_HOME / kept).exists():
            symlink(home / kept, USERS_HOME / kept)
    return home


def symlink(link: Path, target: Path) -> None:
    """Make a link, unless it is there: another session may have made it."""
    link.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(target)


# Pythons.


@functools.cache
def found() -> dict[str, Path]:
    """The interpreters of this machine by version, oldest first: {"3.11": /usr/bin/python3.11, ...}."""
    pythons = {f"3.{minor}": find(f"3.{minor}") for minor in range(8, 15)}
    return {version: path for version, path in pythons.items() if path}


def newest(low: str, high: str) -> str:
    """The newest version found from LOW to HIGH, both included; else HIGH, which nox will miss by name."""
    versions = [f"3.{minor}" for minor in range(int(low[2:]), int(high[2:]) + 1)]
    return next((version for version in reversed(versions) if version in found()), high)


def links() -> Path:
    """A folder of links to the interpreters, for nox and ansible-test, which search PATH and would trip over shims."""
    folder = CACHE / "pythons" / hashlib.sha256(str(found()).encode()).hexdigest()[:10]
    for version, path in found().items():
        symlink(folder / f"python{version}", path)
    return folder


def venvs(name: str, versions: Mapping[str, str], compiled: bool = True) -> dict[str, str]:
    """The Pythons of virtual environments of dev/requirements besides the session's own, as far as they can be made.

    VERSIONS: what each is called -> its Python; NAME: of the requirements, in which {} stands for the former.
    """
    pythons = {}
    for key, version in versions.items():
        if version in found():
            file = REQUIREMENTS / f"{name.format(key)}.txt"
            folder = made(file, f"{file.stem}-py{version}", found()[version], compiled=compiled)
            pythons[key] = str(folder / "bin" / "python")
    return pythons


# The collection where Ansible's tools find it: below a folder named ansible_collections.


def git(*arguments: str | Path, cwd: Path = ROOT) -> str:
    """What git says."""
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"git failed in {cwd}, where a git checkout of the collection is needed: {done.stderr.strip()}")
    return done.stdout


def files() -> list[Path]:
    """What git tracks or would track, relative to the checkout: no caches, nothing that was deleted."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted({Path(name) for name in names if name and (ROOT / name).is_file()})


@contextlib.contextmanager
def copied(name: str) -> Iterator[Path]:
    """A fresh copy of the checkout in .cache/trees/NAME, as a git repository, for one user at a time.

    ansible-test resolves links, so it needs a real folder; it stays afterwards, for a look at what a tool left there.
    """
    home = CACHE / "trees" / name
    with locked(home):
        shutil.rmtree(home, ignore_errors=True)
        root = home / "ansible_collections" / NAMESPACE / NAME
        for file in files():
            target = root / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target)
        git("init", "--quiet", cwd=root)
        git("add", "--all", cwd=root)
        yield root


def linked() -> Path:
    """A collections path whose collection is the checkout itself, for whatever follows links: playbooks and pytest."""
    home = CACHE / "collections"
    symlink(home / "ansible_collections" / NAMESPACE / NAME, ROOT)
    return home
