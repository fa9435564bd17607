# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of enable_api, in one playbook. What they do to airflow.cfg is in the tests of airflow_basic_auth."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, Played, ansible_playbook, play

pytestmark = pytest.mark.long

SESSION = "airflow.api.auth.backend.session"
BASIC = "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
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
    assert f"auth_backends in {config} was {SESSION} and is now {SESSION},{BASIC}." in broken_off.words
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
    assert "AIRFLOW__API__AUTH_BACKEND in the environment of Airflow's webserver overrides" in enabled.words

    number = webserver(**{AUTH: SESSION})
    refused = enable(tmp_path)
    assert refused.status != 0
    assert f"{AUTH} in the environment of process {number} overrides [api]" in refused.words
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
    words = f"{config} is not in the format of airflow.cfg (line 2); correct it first. Nothing was changed."
    assert f'"msg": "{words}"' in played.words
    assert "s3cret" not in played.output


@pytest.mark.usefixtures("airflow")
def test_what_is_wrong_is_said_with_the_variables_of_the_role(tmp_path: Path) -> None:
    nowhere = enable(tmp_path)
    assert nowhere.status != 0
    assert (
        f"{tmp_path}/airflow.cfg does not exist; correct airflow_deploy_home or airflow_deploy_config." in nowhere.words
    )

    (tmp_path / "airflow.cfg").write_text("[api]\n", encoding="utf-8")
    refused = enable(tmp_path, airflow_deploy_restart_command=None)
    assert refused.status != 0
    assert "set airflow_deploy_restart_command or airflow_deploy_restart_service. Nothing was changed." in refused.words
    assert [path.name for path in tmp_path.glob("airflow.cfg*")] == ["airflow.cfg"]


@pytest.mark.parametrize("command", ["/no/such/airflow -v", ["/no/such/airflow", "-v"]], ids=["a text", "a list"])
def test_a_version_that_nobody_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str | list[str]) -> None:
    monkeypatch.setenv("AIRFLOW_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW_API_RETRY_TIMEOUT", "0")
    (tmp_path / "airflow.cfg").write_text("[api]\n", encoding="utf-8")
    played = enable(tmp_path, airflow_deploy_cli=command)
    assert played.status != 0
    assert "Neither Airflow nor its command line says which version this is." in played.words
    assert " /no/such/airflow -v version: " in played.words, played.output


def test_an_address_is_needed(tmp_path: Path) -> None:
    played = enable(tmp_path)
    assert played.status != 0
    assert (
        "No Airflow is named: set airflow_deploy_api_url, or the environment variable AIRFLOW_API_URL." in played.words
    )


def test_neither_airflow_nor_its_command_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_API_URL", "http://127.0.0.1:9")
    variables = {
        "airflow_deploy_retry_timeout": 0,
        "airflow_deploy_cli": ["sh", "-c", "echo; echo so it is >&2; exit 3", "x"],
    }
    played = enable(tmp_path, **variables)
    assert played.status != 0
    assert "which version this is. Airflow: Nothing listens at http://127.0.0.1:9" in played.words
    assert (
        "version: so it is; see to airflow_deploy_cli, airflow_deploy_cli_user, airflow_deploy_home and" in played.words
    )


@pytest.mark.parametrize("name", ["enable_api", "create_api_user"])
def test_hosts_that_are_not_in_the_inventory(name: str, tmp_path: Path) -> None:
    played = ansible_playbook(str(ROOT / "playbooks" / f"{name}.yml"), tmp_path, airflow_hosts="airflwo")
    assert played.status != 0
    assert "No host of the inventory matches airflow_hosts (airflwo), so nothing was changed" in played.words
