# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of enable_api, in one playbook. What they do to airflow.cfg is in the tests of the module airflow_cfg."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.plays.playbooks import Played, play, worked_out

SESSION = "airflow.api.auth.backend.session"
BASIC = "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
OLD_BASIC = "airflow.api.auth.backend.basic_auth"
DENY = "airflow.api.auth.backend.deny_all"
AUTH = "AIRFLOW__API__AUTH_BACKENDS"
ANSWERS = {
    "/api/v1/version": {"version": "2.11.0", "git_version": None},
    "/api/v1/health": {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}},
}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    """As much of an Airflow 2 as enable_api asks for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = json.dumps(ANSWERS.get(self.path, {})).encode()
            self.send_response(200 if self.path in ANSWERS else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_words: t.Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AIRFLOW_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AIRFLOW_API_VERSION", "v1")
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def webserver(tmp_path: Path) -> t.Iterator[t.Callable[..., int]]:
    """Starts what looks like the webserver that reads the file, with this environment; returns its number."""
    started: list[subprocess.Popen[bytes]] = []
    program = tmp_path / "bin" / "airflow"
    program.parent.mkdir()
    program.write_text("import time\nprint(flush=True)\ntime.sleep(600)\n", encoding="utf-8")

    def start(**env: str) -> int:
        command = [sys.executable, str(program), "webserver"]
        started.append(subprocess.Popen(command, env={"AIRFLOW_HOME": str(tmp_path), **env}, stdout=subprocess.PIPE))
        stdout = started[-1].stdout
        assert stdout
        stdout.readline()
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.communicate()


def enable(folder: Path, *options: str, **variables: t.Any) -> Played:
    include = {"name": "dagops.airflow.airflow_deploy", "tasks_from": "enable_api"}
    given = {"airflow_deploy_home": str(folder), "airflow_deploy_restart_command": ["touch", f"{folder}/restarted"]}
    return play(folder, [{"ansible.builtin.import_role": include}], *options, plays_vars={}, **{**given, **variables})


@pytest.mark.usefixtures("airflow")
def test_the_file_is_changed_and_a_restart_that_failed_is_made_up_for(
    tmp_path: Path, webserver: t.Callable[..., int]
) -> None:
    config, due = tmp_path / "airflow.cfg", tmp_path / "airflow.cfg.restart-due"
    # Airflow has templates of its own in this file.
    before = f"[core]\r\nfernet_key = s3cret\r\n[api]\r\nauth_backends = {SESSION}\r\na = {{{{ ti.dag_id }}}}\r\n"
    config.write_bytes(before.encode())
    checked = enable(tmp_path, "--check", "--diff")
    assert checked.status == 0, checked.output
    assert f"such as {AUTH} overrides {config} could not be seen, since no environment" in checked.words
    assert f"-auth_backends = {SESSION} +auth_backends = {SESSION},{BASIC}" in checked.words
    assert config.read_bytes() == before.encode()
    assert not due.exists()

    webserver()
    broken_off = enable(tmp_path, "-vvv", airflow_deploy_restart_command="false")
    assert broken_off.status != 0
    assert f"auth_backends in {config} was {SESSION}" in broken_off.words
    assert f"and is to be {SESSION},{BASIC}" in broken_off.words
    assert config.read_bytes() == before.replace(SESSION, f"{SESSION},{BASIC}").encode()
    (backup,) = tmp_path.glob("airflow.cfg.*~")
    assert str(backup) in broken_off.words
    assert backup.read_bytes() == before.encode()
    assert due.exists()

    again = enable(tmp_path)
    assert again.status == 0, again.output
    assert "RUNNING HANDLER [dagops.airflow.airflow_deploy : Restart the webserver by a command]" in again.output
    assert (tmp_path / "restarted").exists()
    assert not due.exists()
    for played in (broken_off, again):
        assert "could not be seen" not in played.words
    for played in (checked, broken_off, again):
        assert "s3cret" not in played.output


@pytest.mark.usefixtures("airflow")
def test_the_environment_has_the_last_word(tmp_path: Path, webserver: t.Callable[..., int]) -> None:
    config = tmp_path / "airflow.cfg"
    config.write_text("[api]\n", encoding="utf-8")
    # The name before Airflow 2.3.
    webserver(AIRFLOW__API__AUTH_BACKEND=BASIC)
    enabled = enable(tmp_path)
    assert enabled.status == 0, enabled.output
    assert (
        "AIRFLOW__API__AUTH_BACKEND in the environment of Airflow's webserver on localhost overrides" in enabled.words
    )

    number = webserver(**{AUTH: SESSION})
    refused = enable(tmp_path)
    assert refused.status != 0
    assert f"{AUTH} in the environment of process {number} on localhost overrides [api]" in refused.words
    assert (
        f"add {BASIC} there, or remove the variable, and restart the webserver. Nothing was changed." in refused.words
    )
    assert config.read_text(encoding="utf-8") == "[api]\n"


@pytest.mark.usefixtures("airflow")
def test_a_file_that_airflow_cannot_read(tmp_path: Path) -> None:
    config = tmp_path / "airflow.cfg"
    config.write_text("[api]\nlonely s3cret\n", encoding="utf-8")
    played = enable(tmp_path)
    assert played.status != 0
    words = f"airflow.cfg on localhost: {config} is not in the format of airflow.cfg (line 2); mend it first."
    assert (
        f"{words} Nothing was changed. Its path comes from airflow_deploy_home or airflow_deploy_config."
        in played.words
    )
    assert "s3cret" not in played.output


def test_neither_airflow_nor_its_command_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_API_URL", "http://127.0.0.1:9")
    variables = {
        "airflow_deploy_retry_timeout": 0,
        "airflow_deploy_cli": ["sh", "-c", "echo; echo so it is >&2; exit 3", "x"],
    }
    played = enable(tmp_path, **variables)
    assert played.status != 0
    assert "so nothing was changed. Airflow: Nothing listens at http://127.0.0.1:9" in played.words
    assert (
        "version on localhost: so it is; see to airflow_deploy_cli, airflow_deploy_cli_user, airflow_deploy_home and"
        in played.words
    )


def read(new: str | None, old: str | None = None) -> dict[str, t.Any]:
    """What was read: the option, and the one that it was before Airflow 2.3."""
    found = [
        {"value_before": value, "items_before": [item for item in (value or "").split(",") if item]}
        for value in (new, old)
    ]
    return {"__airflow_deploy_read": {"results": found}}


def version(number: str) -> dict[str, t.Any]:
    return {"__airflow_deploy_server": {"version": number}}


def said(*lines: str) -> dict[str, t.Any]:
    return {"__airflow_deploy_server": {"msg": "no"}, "__airflow_deploy_asked": {"stdout_lines": lines}}


OF_SERVER = version("2.11.0")
# What is known, and the backends that there are to be.
BACKENDS: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "none": ({**OF_SERVER, **read(None)}, [SESSION, BASIC]),
    "empty": ({**OF_SERVER, **read("")}, [SESSION, BASIC]),
    "as it comes": ({**OF_SERVER, **read(SESSION)}, [SESSION, BASIC]),
    "before 2.3": ({**OF_SERVER, **read(None, DENY)}, [DENY, BASIC, SESSION]),
    "before 2.3 and since": ({**OF_SERVER, **read(SESSION, DENY)}, [SESSION, BASIC]),
    "empty since 2.3": ({**OF_SERVER, **read("", DENY)}, [SESSION, BASIC]),
    "another one": ({**OF_SERVER, **read(OLD_BASIC)}, [OLD_BASIC, SESSION]),
    "all": ({**OF_SERVER, **read(f"x,{BASIC},{SESSION}")}, ["x", BASIC, SESSION]),
    "an older Airflow": ({**version("2.8.4"), **read(None)}, [SESSION, OLD_BASIC]),
    "a name that is given": (
        {**OF_SERVER, **read(None), "airflow_deploy_basic_auth_backend": "my.basic_auth"},
        [SESSION, "my.basic_auth"],
    ),
    "what the command says": ({**said("2 warnings", "2.8.1", ""), **read(None)}, [SESSION, OLD_BASIC]),
}


def test_the_backends_that_there_are_to_be(tmp_path: Path) -> None:
    cases = {
        name: (given, "__airflow_deploy_listed + __airflow_deploy_missing")
        for name, (given, _expected) in BACKENDS.items()
    }
    assert worked_out(tmp_path, cases) == {name: case[1] for name, case in BACKENDS.items()}
