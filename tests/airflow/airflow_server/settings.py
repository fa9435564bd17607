# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The airflow.cfg of a test server. Only what differs from Airflow's own defaults is in it."""

from __future__ import annotations

import base64
import configparser
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from airflow_server.versions import Version

# "section__key": value, as in Airflow's environment variables.
Settings = dict[str, str]
FAB = "airflow.providers.fab.auth_manager"

# Seconds for one file; on a busy machine the one with 300 DAGs takes longer than the defaults of 30 and 50.
PARSING = "600"
# Seconds for one file on Airflow 3, where the process that parses writes nothing. Such a process hangs at times, since
# Airflow forks while it has threads. Until it is killed, no other process parses that file.
HUNG = "90"
# Seconds between two looks at a file that has not changed. Parsing 300 DAGs every 30 seconds, the default, takes a
# fifth of a core. Where a file can be parsed on request, tests do not have to wait for its turn.
REPARSED = "600"


def settings(
    version: Version, dags: Path, url: str, ports: Mapping[str, int], database: str, auth: Iterable[str]
) -> Settings:
    """All settings of a server of VERSION; DATABASE is a URL without the driver, URL is the server's own."""
    found = common(dags, ports, database)
    found.update(v3(version, url, ports, auth) if version.is_v3 else v2(version, url, ports, auth))
    return found


def common(dags: Path, ports: Mapping[str, int], database: str) -> Settings:
    return {
        "core__dags_folder": str(dags),
        "core__dagbag_import_timeout": PARSING,
        "core__load_examples": "False",
        "core__executor": "LocalExecutor",
        "core__parallelism": "8",
        "core__fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        # The default asks the name service for the full name, which can take seconds where there is none.
        "core__hostname_callable": "socket.gethostname",
        "database__sql_alchemy_conn": "postgresql+psycopg2" + database,
        # Nothing serves logs there, since Airflow would bind it to all addresses; the web server reads the files. With
        # a port of its own it does not ask another Airflow on this machine.
        "logging__worker_log_server_port": str(ports["worker_log"]),
        "logging__trigger_log_server_port": str(ports["trigger_log"]),
        "usage_data_collection__enabled": "False",
    }


def v2(version: Version, url: str, ports: Mapping[str, int], auth: Iterable[str]) -> Settings:
    on_request = {"scheduler__min_file_process_interval": REPARSED} if version.release >= (2, 10) else {}
    return {
        **on_request,
        "scheduler__dag_dir_list_interval": "3",
        "scheduler__parsing_cleanup_interval": "5",
        "core__dag_file_processor_timeout": PARSING,
        "webserver__web_server_host": "127.0.0.1",
        "webserver__web_server_port": str(ports["api"]),
        "webserver__base_url": url,
        "webserver__workers": "2",
        "webserver__web_server_master_timeout": PARSING,
        "webserver__secret_key": secrets.token_hex(32),
        "webserver__expose_config": "False",
        "api__auth_backends": ",".join(backends(version, auth)),
    }


def v3(version: Version, url: str, ports: Mapping[str, int], auth: Iterable[str]) -> Settings:
    found = {
        "dag_processor__refresh_interval": "3",
        "dag_processor__min_file_process_interval": REPARSED,
        "dag_processor__dag_file_processor_timeout": HUNG,
        "dag_processor__bundle_refresh_check_interval": "2",
        "api__host": "127.0.0.1",
        "api__port": str(ports["api"]),
        "api__base_url": url,
        # With more of them, which 3.0 has by default, uvicorn kills and restarts those that need over 5 seconds to
        # load, on a busy machine for ever.
        "api__workers": "1",
        "api__secret_key": secrets.token_hex(32),
        "api__expose_config": "False",
        "api_auth__jwt_secret": secrets.token_hex(64),
        "core__execution_api_server_url": f"{url}/execution/",
        # A task fails, with an empty log, when a busy API server has not answered it in time some times in a row.
        "workers__execution_api_timeout": "60",
    }
    if version.auth_manager == "fab":
        found["core__auth_manager"] = f"{FAB}.fab_auth_manager.FabAuthManager"
        found["fab__auth_backends"] = ",".join(backends(version, auth))
    else:
        found["core__auth_manager"] = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        found["core__simple_auth_manager_users"] = "admin:admin,viewer:viewer"
    return found


def backends(version: Version, auth: Iterable[str]) -> list[str]:
    """The full names of the authentication backends "basic_auth", "session" and so on; full names stay as they are."""
    module = f"{FAB}.api.auth.backend" if version.is_v3 else "airflow.api.auth.backend"
    return [name if "." in name else f"{module}.{name}" for name in auth]


def write(path: Path, found: Mapping[str, str]) -> None:
    """Write an airflow.cfg, which holds secrets: it is for its owner only."""
    config = configparser.RawConfigParser()
    for name, value in sorted(found.items()):
        section, _dots, key = name.partition("__")
        if not config.has_section(section):
            config.add_section(section)
        # Airflow interpolates what it reads from a file.
        config.set(section, key, value.replace("%", "%%"))
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:
        config.write(output)
