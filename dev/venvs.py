# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments made by uv from pinned requirements, and kept by the hash of what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pythons
from paths import CACHE, HOMES, REQUIREMENTS, ROOT, locked
from processes import environment, inherited

from airflow_server import Problem, PythonMissing

UV = "0.13.9"

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
OLDEST = "3.11"
# The oldest Python on which modules run.
OLDEST_HOST = "3.8"


@dataclass(frozen=True)
class Venv:
    """A virtual environment: what it is for, its folder, and the version of its Python."""

    name: str
    path: Path
    version: str

    @property
    def bin(self) -> Path:
        return self.path / "bin"

    @property
    def python(self) -> Path:
        return self.bin / "python"

    def env(self, home: str = "", **extra: str | Path) -> dict[str, str]:
        """The environment in which this venv's programs come first and all Pythons are found; HOME: not the venv's."""
        path = os.pathsep.join([str(self.bin), str(pythons.links()), os.environ["PATH"]])
        return environment(home or self.name, PATH=path, VIRTUAL_ENV=self.path, **extra)


def core(line: str | None = None) -> Venv:
    """The venv for playbooks and tests: the newest ansible-core that a Python here can run, or LINE's ("2.16")."""
    return _with_core(f"core-{line}" if line else "core", line)


def live() -> Venv:
    """The venv of the live tests: the newest ansible-core, and what they need besides."""
    return _with_core("live")


def awx() -> dict[str, Venv]:
    """The venv with AWX's own collection, by its line of ansible-core, where a Python here can run it."""
    line = "2.19"
    return {line: _with_core("awx", line)} if pythons.newest(*CORES[line]) else {}


def _with_core(name: str, line: str | None = None) -> Venv:
    """The venv NAME for the newest Python that LINE of ansible-core, or the newest one, runs on."""
    low, high = CORES[line] if line else (OLDEST, CORES["2.21"][1])
    version = pythons.newest(low, high)
    if version is None:
        wanted = f"a Python from {low} to {high}"
        raise PythonMissing(f"No Python for ansible-core {line or 'was found'}: install {wanted} and have it on PATH.")
    return venv(name, version)


def hosts() -> dict[str, Venv]:
    """For each Python that is here a venv like that of a managed host, by version."""
    return {version: venv("host", version) for version in pythons.found()}


def cores(lines: Sequence[str]) -> dict[str, Venv]:
    """Those of these lines of ansible-core that a Python here can run."""
    return {line: core(line) for line in lines if pythons.newest(*CORES[line])}


def lint() -> Venv:
    """The venv of the linters."""
    return _of_tools("lint")


def docs() -> Venv:
    """The venv that makes the documentation's site."""
    return _of_tools("docs")


def _of_tools(name: str) -> Venv:
    """The venv NAME for the newest Python that tools run on."""
    version = pythons.newest(OLDEST, CORES["2.21"][1])
    if version is None:
        raise PythonMissing(f"No Python for {name} was found: install Python {OLDEST} or newer and have it on PATH.")
    return venv(name, version)


def venv(name: str, version: str) -> Venv:
    """Make the venv of dev/requirements/NAME.txt for Python VERSION, unless the very same is there."""
    requirements = REQUIREMENTS / f"{name}.txt"
    python = pythons.found()[version]
    digest = hashlib.sha256(requirements.read_bytes() + str(python).encode()).hexdigest()[:10]
    path = CACHE / "venvs" / f"{name}-py{version}-{digest}"
    with locked(path):
        if not (path / "ready").exists():
            uv_path = uv()
            with said(f"Installing {name} (Python {version})"):
                shutil.rmtree(path, ignore_errors=True)
                call([uv_path, "venv", "--quiet", "--no-project", "--python", python, path])
                call([uv_path, "pip", "install", "--quiet", "--python", path / "bin" / "python", "-r", requirements])
                (path / "ready").touch()
    return Venv(name, path, version)


def lock() -> int:
    """Write dev/requirements/*.txt anew, for the oldest Python that each has to serve."""
    for source in sorted(REQUIREMENTS.glob("*.in")):
        low = OLDEST_HOST if source.stem == "host" else CORES.get(source.stem.partition("-")[2], (OLDEST, ""))[0]
        target = source.with_suffix(".txt")
        options = ["--quiet", "--universal", "--python-version", low, "--no-header", "--no-annotate", "--upgrade"]
        call([uv(), "pip", "compile", *options, "--output-file", target, source])
        print(f"{target.relative_to(ROOT)}: {len(target.read_text(encoding='utf-8').splitlines())} packages")
    return 0


def uv() -> Path:
    """The pinned uv, installed with this Python's own pip."""
    path = CACHE / "venvs" / f"uv-{UV}"
    with locked(path):
        for program in (path / "bin" / "uv", path / "venv" / "bin" / "uv"):
            if program.exists():
                return program
        with said(f"Installing uv {UV}"):
            return install_uv(path)


def install_uv(path: Path) -> Path:
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
    """Run an installer, silent unless it fails."""
    env = {"HOME": str(HOMES / "any"), **inherited(), **uv_settings()}
    done = subprocess.run(command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        words = " ".join(str(part) for part in command)
        raise Problem(f"This failed, its output says why: {words}\n{(done.stdout + done.stderr).strip()}")


def uv_settings() -> dict[str, str]:
    """How uv shall work here, unless the user's environment has it otherwise.

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
    return {name: os.environ.get(name, value) for name, value in settings.items()}


@contextlib.contextmanager
def said(what: str) -> Iterator[None]:
    """Say what takes its time, and how long it took."""
    start = time.monotonic()
    print(f"{what} …", flush=True)
    yield
    print(f"{what}: done in {time.monotonic() - start:.0f} s", flush=True)
