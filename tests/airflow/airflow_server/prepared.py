# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that are initialised and have their admin user: made once, then copied for each server."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_server.common import CACHE, LONG_PATIENCE, locked

if TYPE_CHECKING:
    from airflow_server.server import Server

# Changed when what is in a template changes.
FORMAT = "3"


@dataclass(frozen=True)
class Template:
    data: Path
    # The admin's, whose hash is in the database.
    password: str


def template(server: Server, venv: Path, package: Path) -> Template:
    """The template of the database of SERVER, made when it is not there yet."""
    row = server.version
    parts = [FORMAT, venv.name, package.name, row.auth_manager, str(server.many)]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]
    path = CACHE / "prepared" / f"{row.name}-{digest}"
    secret = path / "password"
    with locked(path):
        if not (path / "complete").exists():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True, mode=0o700)
            with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as output:
                # A short one, "admin" for example, would be masked by Ansible wherever the word occurs.
                output.write(secrets.token_hex(16))
            _make(server, venv, package, path / "data", secret.read_text())
            (path / "complete").touch()
    return Template(path / "data", secret.read_text())


def _make(server: Server, venv: Path, package: Path, data: Path, password: str) -> None:
    """Initialise a database in a server folder of its own, and keep it."""
    row = server.version
    maker = type(server)(row.name, many=server.many)
    try:
        maker.lay_out(venv, package, password)
        maker.start_database(None)
        maker.cli(["db", "migrate"] if row.release >= (2, 7) else ["db", "upgrade"], timeout=LONG_PATIENCE)
        if row.auth_manager == "fab":
            names = ["--firstname", "Test", "--lastname", "Admin", "--email", "admin@example.com"]
            maker.cli(["users", "create", "--username", "admin", "--password", password, "--role", "Admin", *names])
        if server.many and not row.is_v3:
            _learn_permissions(maker)
        maker.stop_processes()
        maker.postgres.save(data)
    finally:
        maker.stop()


def _learn_permissions(maker: Server) -> None:
    """Let Airflow 2 make the permissions of each DAG, which takes it longer than all the rest; then forget the DAGs.

    Their files are elsewhere on each server.
    """
    maker.cli(["dags", "reserialize"], timeout=LONG_PATIENCE)
    maker.query("truncate dag, dag_code, serialized_dag cascade")
