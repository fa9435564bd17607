# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Airflow: its folder, its processes, and whether it is well."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow_server import health, prepared, processes, settings
from airflow_server.api import Api
from airflow_server.common import CACHE, DAGS, PATIENCE, Problem, StartFailed, last_lines, locked
from airflow_server.postgres import Postgres, new_folder
from airflow_server.venvs import airflow_venv, postgres_folder
from airflow_server.versions import version

SERVERS = CACHE / "servers"
RECORD = "server.json"


class Server:
    """One Airflow server. As a context manager it is stopped and removed in the end, and kept when the block fails."""

    def __init__(
        self,
        name: str,
        state: Path | str | None = None,
        *,
        config: Mapping[str, str] | None = None,
        auth: Iterable[str] = ("basic_auth", "session"),
        admin: bool = True,
        prefix: str = "",
        dags: Path | str | None = DAGS,
        many: bool = True,
        triggerer: bool = False,
        detached: bool = False,
        uv: str | None = None,
    ) -> None:
        """NAME is a row of the table of versions; STATE the folder for all that belongs to this server.

        config: more settings of Airflow, {"section__key": "value"}; auth: the API's authentication backends, which
        count on Airflow 2 only; admin: whether there is a user; prefix: a path like "/airflow" below which it is
        served; dags: the folder whose files are copied into the server's own DAGs folder; many: whether the 300 small
        DAGs are among them, which cost seconds; triggerer: whether one runs too; detached: it goes on when this program
        ends; uv: the path of the program that installs Airflow.
        """
        self.version = version(name)
        self.state = Path(state).resolve() if state else SERVERS / f"{name}-{secrets.token_hex(3)}"
        self.named = state is not None
        self.config = dict(config or {})
        self.auth = tuple(auth)
        self.admin = admin
        self.prefix = "/" + prefix.strip("/") if prefix.strip("/") else ""
        self.dags = Path(dags) if dags else None
        self.many = many
        self.triggerer = triggerer
        self.detached = detached
        self.uv = uv
        self.record: dict[str, Any] = {}

    @classmethod
    def attach(cls, state: Path | str) -> Server:
        """The server that was started in the folder STATE, by whatever process."""
        folder = Path(state).resolve()
        try:
            record = json.loads((folder / RECORD).read_text())
        except (OSError, ValueError) as error:
            raise Problem(f"No server was started in {folder}: start one there, or see `list`.") from error
        server = cls(record["name"], folder, prefix=record["prefix"], detached=record["owner"] is None)
        server.record = record
        return server

    # What callers ask for.

    @property
    def url(self) -> str:
        return str(self.record["api_url"])

    @property
    def username(self) -> str:
        return str(self.record["username"])

    @property
    def password(self) -> str:
        return str(self.record["password"])

    @property
    def home(self) -> Path:
        return self.state / "home"

    @property
    def dags_folder(self) -> Path:
        return self.state / "dags"

    @property
    def api(self) -> Api:
        return Api(self.url, self.version.is_v3, self.record["username"] or "", self.record["password"] or "")

    @property
    def components(self) -> dict[str, list[str]]:
        """The processes of Airflow, by name, with the arguments of the command `airflow`."""
        found = {"webserver": ["api-server"] if self.version.is_v3 else ["webserver"]}
        # It would serve logs on all addresses of the machine; the web server reads the files themselves.
        found["scheduler"] = ["scheduler", "--skip-serve-logs"]
        if self.version.is_v3:
            found["dag-processor"] = ["dag-processor"]
        if self.triggerer or "triggerer" in self.record.get("pids", {}):
            found["triggerer"] = ["triggerer", *(["--skip-serve-logs"] if self.version.release >= (2, 6) else [])]
        return found

    def cli(
        self, arguments: Sequence[str], check: bool = True, timeout: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run the server's command `airflow` with ARGUMENTS."""
        command = [str(self._venv / "bin" / "airflow"), *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.state,
                env=self.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StartFailed(f"airflow {' '.join(arguments[:2])} had not ended after {timeout:.0f} s") from None
        if check and done.returncode != 0:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
            raise StartFailed(f"airflow {' '.join(arguments[:2])} failed with status {done.returncode}:\n{said}")
        return done

    def query(self, sql: str) -> list[list[str]]:
        """The rows that SQL selects from the server's database."""
        return self.postgres.query(sql)

    def running(self) -> dict[str, bool]:
        """Which of the server's processes run."""
        table = processes.table()
        born = self.record.get("born", {})
        return {
            name: pid in table and table[pid].born == born[name] for name, pid in self.record.get("pids", {}).items()
        }

    def is_orphan(self) -> bool:
        """Whether the program that should stop it in the end was killed."""
        owner = self.record["owner"]
        return owner is not None and not processes.alive(*owner)

    def logs(self, component: str, count: int = 30) -> str:
        """The last lines of what a component has printed."""
        return last_lines(self._log(component), count)

    # Start and stop.

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop(remove=kind is None)

    def start(self, timeout: float = PATIENCE) -> Server:
        """Start it, and return when it is healthy and knows its DAGs. When that fails, nothing is left running."""
        stop_orphans()
        # Nobody else knows a folder whose name was made up.
        lock = CACHE / "locks" / hashlib.sha256(str(self.state).encode()).hexdigest()[:10]
        with locked(lock) if self.named else contextlib.nullcontext():
            if (self.state / RECORD).exists():
                old = Server.attach(self.state)
                if any(old.running().values()) and not old.is_orphan():
                    raise Problem(f"A server runs in {self.state} already: stop it first, or name another folder.")
                old.stop()
            self._die_in_order()
            try:
                self._start(timeout)
            except BaseException:
                self.stop(remove=False)
                raise
        return self

    def stop(self, remove: bool = True) -> None:
        """End all its processes, and remove its folder unless told otherwise."""
        atexit.unregister(self.stop)
        if self.record:
            self.stop_processes()
            self.postgres.remove()
        if remove:
            shutil.rmtree(self.state, ignore_errors=True)

    def stop_processes(self) -> None:
        """End all its processes; the database, which the others use, comes last."""
        leaders = self._leaders()
        database = {pid: leaders.pop(pid) for name, pid in self.record["pids"].items() if name == "postgres"}
        # Airflow takes up to ten seconds to go in order, and nothing of this server is needed any more.
        processes.stop(leaders, self.record["mark"], patience=1)
        self.postgres.stop(database)
        self.record.update(pids={}, born={})
        self._save()

    def start_component(self, name: str) -> None:
        """Start one process of Airflow; see `components` for the names."""
        if name not in self.components:
            raise Problem(f"There is no component '{name}': use one of {', '.join(self.components)}.")
        if self.running().get(name):
            raise Problem(f"The {name} runs already: stop it first.")
        for stale in self.home.glob("airflow-*.pid"):
            if name in stale.name:
                stale.unlink()
        command: list[str | Path] = [self._venv / "bin" / "airflow", *self.components[name]]
        self._remember(name, processes.spawn(command, self._log(name), self.env, self.state))

    def stop_component(self, name: str, kill: bool = False) -> None:
        """End one process of Airflow and its children, with `kill` as a crash would."""
        pid = self.record["pids"].get(name)
        if pid is None:
            raise Problem(f"The {name} does not run.")
        number = signal.SIGKILL if kill else signal.SIGTERM
        processes.stop({pid: self.record["born"][name]}, number=number)
        del self.record["pids"][name], self.record["born"][name]
        self._save()

    def stop_scheduler(self, kill: bool = False) -> None:
        self.stop_component("scheduler", kill)

    def start_scheduler(self) -> None:
        """Start the scheduler again, and return when its heart beats."""
        self.start_component("scheduler")
        self.wait_healthy()

    def kill_webserver(self) -> None:
        self.stop_component("webserver", kill=True)

    def restart_webserver(self) -> None:
        """Stop the web server if it runs, start it on the same port, and return when it answers."""
        if "webserver" in self.record["pids"]:
            self.stop_component("webserver")
        self.start_component("webserver")
        health.wait(self, PATIENCE, "answer", lambda: "" if self.api.health() else "webserver", ("webserver",))

    # Wait.

    def wait_healthy(self, timeout: float = PATIENCE) -> None:
        """Return when the server answers and every heart that it has beats."""
        health.wait_healthy(self, timeout)

    def wait_for_dags(self, dag_ids: Iterable[str], timeout: float = PATIENCE) -> None:
        """Return when the server knows these DAGs, and fail when a file of its DAGs folder cannot be read."""
        health.wait_for_dags(self, set(dag_ids), timeout)

    # How it starts.

    def _start(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        venv = airflow_venv(self.version, self.uv)
        package = postgres_folder(self.uv)
        template = prepared.template(self, venv, package)
        deadline = max(deadline, time.monotonic() + timeout)
        self.lay_out(venv, package, template.password if self.admin else None)
        self.start_database(template.data)
        if self.version.auth_manager == "fab" and not self.admin:
            self.query("delete from ab_user_role; delete from ab_user")
        for name in self.components:
            self.start_component(name)
        self.wait_healthy(deadline - time.monotonic())
        if self.dags == DAGS:
            self.wait_for_dags(dag_ids(self.many), deadline - time.monotonic())
        if self.version.is_v3 and self.admin:
            self.record["token"] = self.api.token()
            self._save()

    def lay_out(self, venv: Path, package: Path, password: str | None) -> None:
        """Make the server's folder, with all but the database."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.home.mkdir(parents=True)
        ports = {name: processes.free_port() for name in ("api", "worker_log", "trigger_log")}
        url = f"http://127.0.0.1:{ports['api']}{self.prefix}"
        self.record = {
            "name": self.version.name,
            "version": self.version.airflow,
            "auth": self.version.auth_manager if self.version.is_v3 else ",".join(self.auth),
            "api_url": url,
            "username": "admin" if password else None,
            "password": password,
            "token": None,
            "state": str(self.state),
            "home": str(self.home),
            "dags_folder": str(self.dags_folder),
            "prefix": self.prefix,
            "venv": str(venv),
            "postgres": {"package": str(package), "folder": str(new_folder())},
            "mark": secrets.token_hex(8),
            "owner": None if self.detached else [os.getpid(), processes.table()[os.getpid()].born],
            "pids": {},
            "born": {},
            "started": {},
        }
        self._save()
        self._write_files(ports, self.postgres.url)

    def _write_files(self, ports: Mapping[str, int], database: str) -> None:
        found = settings.settings(self.version, self.dags_folder, self.url, ports, database, self.auth)
        if self.version.auth_manager == "simple":
            passwords = self.home / "passwords.json"
            users = ("admin", "viewer") if self.admin else ()
            passwords.write_text(json.dumps(dict.fromkeys(users, self.record["password"])))
            found["core__simple_auth_manager_passwords_file"] = str(passwords)
        settings.write(self.home / "airflow.cfg", {**found, **self.config})
        if self.dags:
            left_out = ["__pycache__"] if self.many else ["__pycache__", "many.py"]
            shutil.copytree(self.dags, self.dags_folder, ignore=shutil.ignore_patterns(*left_out))
        else:
            self.dags_folder.mkdir()

    def start_database(self, template: Path | None) -> None:
        self.postgres.initialise(template)
        self._remember("postgres", self.postgres.start())

    # Odds and ends.

    @property
    def env(self) -> dict[str, str]:
        """The environment of Airflow's processes: nothing of the caller's, which would change what is tested."""
        path = [str(self._venv / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]
        return {
            "PATH": os.pathsep.join(path),
            "HOME": str(self.state),
            "AIRFLOW_HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "*",
            "no_proxy": "*",
            "PYTHONUNBUFFERED": "1",
            # setproctitle would write over the environment in which the mark is.
            "SPT_NOENV": "1",
            processes.MARK: str(self.record["mark"]),
        }

    @property
    def _venv(self) -> Path:
        return Path(self.record["venv"])

    @property
    def postgres(self) -> Postgres:
        at = self.record["postgres"]
        return Postgres(
            Path(at["package"]), Path(at["folder"]), self._log("postgres"), f"{self.record['mark']}-database"
        )

    def _leaders(self) -> dict[int, str]:
        return {pid: self.record["born"][name] for name, pid in self.record["pids"].items()}

    def _log(self, component: str) -> Path:
        return self.state / "logs" / f"{component}.log"

    @property
    def label(self) -> str:
        return f"Airflow {self.version.airflow}"

    def _remember(self, name: str, process: processes.Process) -> None:
        self.record["started"][name] = time.time()
        self.record["pids"][name] = process.pid
        self.record["born"][name] = process.born
        self._save()

    def _save(self) -> None:
        """Write the record, whole or not at all."""
        path = self.state / RECORD
        fresh = path.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:
            json.dump(self.record, output, indent=1)
        fresh.replace(path)

    def _die_in_order(self) -> None:
        """See to it that this program does not end without stopping the server (a detached one: while it starts)."""
        if not self.detached:
            atexit.register(self.stop)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, lambda caught, frame: sys.exit(128 + caught))


def dag_ids(many: bool = True) -> list[str]:
    """The ids of the DAGs in tests/airflow/dags, with or without the 300 small ones."""
    lines = (DAGS / "dag_ids.txt").read_text().splitlines()
    some = [line for line in lines if line and not line.startswith("#")]
    return some + [f"many_{number:03}" for number in range(300 if many else 0)]


def all_servers() -> Iterator[Server]:
    """The servers that were started in the usual place and not removed."""
    for path in sorted(SERVERS.glob(f"*/{RECORD}")):
        with contextlib.suppress(Problem):
            yield Server.attach(path.parent)


def stop_orphans() -> None:
    """Stop the servers whose program was killed before it could stop them."""
    for server in all_servers():
        # Two programs may do this at the same time.
        if server.is_orphan():
            with contextlib.suppress(FileNotFoundError):
                server.stop()
