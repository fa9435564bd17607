# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the harness."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_server import verify
from airflow_server.common import DAGS, Problem, PythonMissing
from airflow_server.pythons import python_for
from airflow_server.server import SERVERS, Server, all_servers
from airflow_server.venvs import airflow_venv, postgres_folder
from airflow_server.versions import VERSIONS, version

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Run = Callable[[argparse.Namespace], "int | None"]

PYTHON_MISSING = 3
# What a caller is told of a server; the rest of its record is the harness's own.
SHOWN = (
    "name",
    "version",
    "api_url",
    "username",
    "password",
    "token",
    "auth",
    "home",
    "dags_folder",
    "state",
    "pids",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Status 3: no Python on this machine can run that Airflow, so it is to be skipped."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except PythonMissing as problem:
        print(problem, file=sys.stderr)
        return PYTHON_MISSING
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="server.py", description="Start and stop real Airflow servers for tests.")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    start = _command(commands, "start", start_server, "start a server and print what it takes to use it, as JSON")
    start.add_argument(
        "--config", action="append", default=[], metavar="section__key=value", help="a setting of Airflow"
    )
    start.add_argument("--auth", action="append", metavar="BACKEND", help="basic_auth, session; default: both")
    start.add_argument("--no-admin", dest="admin", action="store_false", help="make no user")
    start.add_argument("--prefix", default="", metavar="/PATH", help="serve it below this path")
    start.add_argument("--dags", type=Path, default=DAGS, metavar="DIR", help="copy the DAG files from here")
    start.add_argument("--few", dest="many", action="store_false", help="leave the 300 small DAGs out")
    start.add_argument("--triggerer", action="store_true", help="start a triggerer, too")
    start.add_argument("--uv", help="the path of uv")

    stop = _command(commands, "stop", stop_server, "stop a server and remove its folder", many=True)
    stop.add_argument("--all", action="store_true", help="all that were started without --state")
    stop.add_argument("--keep", action="store_true", help="keep its folder, with the logs")
    _command(commands, "status", show_status, "print one server, as JSON, and which of its processes run")
    _plain(commands, "list", list_servers, "print the servers that were started without --state")
    _plain(commands, "versions", list_versions, "print the table of versions, and the Python that would run each")

    logs = _command(commands, "logs", show_logs, "print the end of the logs of a server's processes")
    logs.add_argument("component", nargs="?", help="only this one")
    logs.add_argument("--lines", type=int, default=30)
    component = _command(
        commands, "component", change_component, "stop, kill, start or restart one process of a server"
    )
    component.add_argument("action", choices=("stop", "kill", "start", "restart"))
    component.add_argument("component", help="webserver, scheduler, dag-processor or triggerer")
    airflow = _command(commands, "cli", run_cli, "run a server's own command airflow")
    airflow.add_argument("arguments", nargs=argparse.REMAINDER)

    for name, run, text in (
        ("install", install, "install Airflow only"),
        ("verify", run_verify, "try everything on these versions, and print the figures"),
    ):
        command = _plain(commands, name, run, text)
        command.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(VERSIONS)}; default: all")
        command.add_argument("--uv", help="the path of uv")
    return top


def _plain(commands: Commands, name: str, run: Run, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def _command(commands: Commands, name: str, run: Run, text: str, many: bool = False) -> argparse.ArgumentParser:
    command = _plain(commands, name, run, text)
    command.add_argument("name", nargs="?" if many else None, metavar="NAME", help=f"one of {', '.join(VERSIONS)}")
    command.add_argument("--state", type=Path, metavar="DIR", help="the server's folder, for a second one of a version")
    return command


def _state(options: argparse.Namespace) -> Path:
    return Path(options.state) if options.state else SERVERS / version(options.name).name


def _show(server: Server) -> None:
    print(json.dumps({key: server.record[key] for key in SHOWN}), flush=True)


def start_server(options: argparse.Namespace) -> None:
    server = Server(
        options.name,
        _state(options),
        config=dict(setting.partition("=")[::2] for setting in options.config),
        auth=options.auth or ("basic_auth", "session"),
        admin=options.admin,
        prefix=options.prefix,
        dags=options.dags,
        many=options.many,
        triggerer=options.triggerer,
        detached=True,
        uv=options.uv,
    )
    _show(server.start())


def stop_server(options: argparse.Namespace) -> None:
    if options.all:
        for server in all_servers():
            server.stop(remove=not options.keep)
    elif options.name or options.state:
        Server.attach(_state(options)).stop(remove=not options.keep)
    else:
        raise Problem("Say which server to stop: its name, --state or --all.")


def show_status(options: argparse.Namespace) -> int:
    """Status 1 when a part of the server does not run."""
    server = Server.attach(_state(options))
    _show(server)
    running = server.running()
    for name, runs in running.items():
        print(f"{name}: {'runs' if runs else 'has ended'}")
    print(json.dumps(server.api.health()))
    return 0 if running and all(running.values()) else 1


def list_servers(options: argparse.Namespace) -> None:
    for server in all_servers():
        running = [name for name, runs in server.running().items() if runs]
        print(f"{server.version.name:12}{server.url:32}{', '.join(running) or 'stopped':50}{server.state}")


def list_versions(options: argparse.Namespace) -> None:
    for row in VERSIONS.values():
        try:
            python = str(python_for(row))
        except PythonMissing as problem:
            python = f"not to be run here: {problem}"
        print(f"{row.name:12}Airflow {row.airflow:10}{row.auth_manager:8}{python}")


def show_logs(options: argparse.Namespace) -> None:
    server = Server.attach(_state(options))
    names = [options.component] if options.component else [*server.components, "postgres"]
    for name in names:
        print(f"-- {name} --\n{server.logs(name, options.lines)}")


def change_component(options: argparse.Namespace) -> None:
    server = Server.attach(_state(options))
    if options.action == "restart" and options.component == "webserver":
        server.restart_webserver()
        return
    if options.action != "start":
        server.stop_component(options.component, kill=options.action == "kill")
    if options.action in ("start", "restart"):
        server.start_component(options.component)
        server.wait_healthy()


def run_cli(options: argparse.Namespace) -> int:
    done = Server.attach(_state(options)).cli([part for part in options.arguments if part != "--"], check=False)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


def install(options: argparse.Namespace) -> None:
    postgres_folder(options.uv)
    for name in options.names or VERSIONS:
        print(airflow_venv(version(name), options.uv), flush=True)


def run_verify(options: argparse.Namespace) -> int:
    return verify.verify(options.names or list(VERSIONS), options.uv)
