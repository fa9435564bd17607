# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a server as it comes, with neither basic auth nor, by the command airflow, a user: up to the first run.

One server serves all tests, in the order in which they stand here; each finds what those before it have left.
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import Airflow, Played, ansible_playbook, play
from watched import processes_of_others

from airflow_server import Server
from airflow_server.common import DAGS

# Each call of the command airflow takes seconds of a core, and there are many.
pytestmark = pytest.mark.long
HARNESS = DAGS.parent / "server.py"
# Words that shells and command lines could stumble over.
PASSWORD = f"pw '\"$& {uuid.uuid4().hex[:8]}"
OTHER_PASSWORD = "another one"
SESSION = "airflow.api.auth.backend.session"
BASIC = "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
# What the role gives, and what Airflow gives to every role of its own accord.
LEAST = {
    "can_read DAGs",
    "can_edit DAGs",
    "can_read DAG Runs",
    "can_create DAG Runs",
    "can_read Task Instances",
    "can_read Task Logs",
}
EVERYBODYS = "can_read Website"


class Fresh:
    """A server of its own, and the playbooks that enable its API and make its user."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.password = PASSWORD
        self.config = server.home / "airflow.cfg"
        state = ["--state", str(server.state)]
        self.variables = {
            "airflow_home": str(server.home),
            # A list of words; what the command compiles is kept, which saves seconds of each call.
            "airflow_cli": ["env", "PYTHONDONTWRITEBYTECODE=", f"{server.record['venv']}/bin/airflow"],
            "airflow_restart_command": [
                sys.executable,
                str(HARNESS),
                *("component", server.version.name, "restart", "webserver", *state),
            ],
        }

    @property
    def env(self) -> dict[str, str]:
        return {
            "AIRFLOW_API_URL": self.server.url,
            "AIRFLOW_API_USERNAME": "deploy",
            "AIRFLOW_API_PASSWORD": self.password,
        }

    def run(self, playbook: str, *options: str, env: dict[str, str] | None = None, **variables: Any) -> Played:
        """Run a playbook of the collection as a user would."""
        extra = ["--extra-vars", json.dumps({**self.variables, **variables})]
        return ansible_playbook(
            f"dagops.airflow.{playbook}", *extra, *options, cwd=self.folder, **{**self.env, **(env or {})}
        )

    def role(self, **variables: Any) -> Played:
        """Run the role itself."""
        settings = {
            "home": str(self.server.home),
            "cli": self.variables["airflow_cli"],
            "restart_command": self.variables["airflow_restart_command"],
            **variables,
        }
        task = {
            "ansible.builtin.include_role": {"name": "dagops.airflow.airflow_deploy"},
            "vars": {f"airflow_deploy_{name}": value for name, value in settings.items()},
        }
        return play(self.folder, [task], **self.env)

    def roles(self) -> set[str]:
        """The roles of the user."""
        return {
            name
            for (name,) in self.server.query(
                "select r.name from ab_role r join ab_user_role ur on ur.role_id = r.id"
                " join ab_user u on u.id = ur.user_id where u.username = 'deploy'"
            )
        }

    def permissions(self) -> set[str]:
        """What the role dag_trigger may do, without what every role may do."""
        rows = self.server.query(
            "select a.name || ' ' || v.name from ab_role r join ab_permission_view_role pr on pr.role_id = r.id"
            " join ab_permission_view p on p.id = pr.permission_view_id join ab_permission a on a.id = p.permission_id"
            " join ab_view_menu v on v.id = p.view_menu_id where r.name = 'dag_trigger'"
        )
        return {name for (name,) in rows} - {EVERYBODYS}


@pytest.fixture(scope="module")
def fresh(airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    folder = tmp_path_factory.mktemp("first_steps")
    dags = folder / "dags"
    dags.mkdir()
    # The others take a slow machine minutes to parse.
    for name in (".airflowignore", "airflow_compat.py", "outcomes.py", "with_conf.py"):
        (dags / name).write_text((DAGS / name).read_text(encoding="utf-8"), encoding="utf-8")
    with Server(airflow.name, auth=["session"], admin=False, dags=dags) as server:
        yield Fresh(server, folder)


# -- enable_api


@pytest.mark.generation("v2")
def test_on_airflow_3_nothing_is_to_be_enabled(fresh: Fresh) -> None:
    before = fresh.config.read_bytes()
    played = fresh.run("enable_api")
    assert (played.status, played.changed()) == (0, 0), played.output
    assert "has nothing to enable: from 3.0 on its API is always there and takes tokens" in played.words
    assert fresh.config.read_bytes() == before


@pytest.mark.generation("v1")
def test_check_mode_tells_what_would_be_enabled(fresh: Fresh) -> None:
    before = fresh.config.read_bytes()
    played = fresh.run("enable_api", "--check", "--diff")
    assert played.status == 0, played.output
    assert played.changed() > 0
    assert f"-auth_backends = {SESSION}" in played.words
    assert f"+auth_backends = {SESSION},{BASIC}" in played.words
    assert fresh.config.read_bytes() == before


@pytest.mark.generation("v1")
def test_a_configuration_that_cannot_be_read(fresh: Fresh) -> None:
    path = str(fresh.server.home / "no_such.cfg")
    played = fresh.run("enable_api", airflow_config=path)
    assert played.status != 0
    assert f"{path} does not exist; correct airflow_home or airflow_config." in played.words


@pytest.mark.generation("v1")
def test_nothing_says_how_to_restart(fresh: Fresh) -> None:
    before = fresh.config.read_bytes()
    played = fresh.run("enable_api", airflow_restart_command="")
    assert played.status != 0
    assert "set airflow_restart_command or airflow_restart_service. Nothing was changed." in played.words
    assert fresh.config.read_bytes() == before


@pytest.mark.generation("v1")
def test_a_variable_overrides_the_file(fresh: Fresh) -> None:
    before = fresh.config.read_bytes()
    env = {"AIRFLOW_HOME": str(fresh.server.home), "AIRFLOW__API__AUTH_BACKENDS": SESSION}
    # It looks like this server's webserver.
    program = fresh.folder / "airflow"
    program.write_text("import time; time.sleep(600)", encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(program), "webserver"], env=env)
    try:
        played = fresh.run("enable_api")
    finally:
        process.kill()
        process.wait()
    assert played.status != 0
    assert f"AIRFLOW__API__AUTH_BACKENDS in the environment of process {process.pid} overrides" in played.words
    assert f"add {BASIC} there, or remove the variable" in played.words
    assert fresh.config.read_bytes() == before


@pytest.mark.generation("v1")
def test_basic_auth_is_enabled_and_a_restart_that_failed_is_made_up_for(fresh: Fresh) -> None:
    before = fresh.config.read_text(encoding="utf-8")
    broken_off = fresh.run("enable_api", "--diff", "-vvv", airflow_restart_command=["false"])
    assert broken_off.status != 0
    was, now = before.splitlines(), fresh.config.read_text(encoding="utf-8").splitlines()
    assert [line for line in was if line not in now] == [f"auth_backends = {SESSION}"]
    assert [line for line in now if line not in was] == [f"auth_backends = {SESSION},{BASIC}"]
    backups = list(fresh.server.home.glob("airflow.cfg.*~"))
    assert [path.read_text(encoding="utf-8") for path in backups] == [before]
    # Nothing else of the file was shown.
    names = ("fernet_key", "secret_key", "sql_alchemy_conn")
    secrets = [line.partition(" = ")[2] for line in was if line.partition(" = ")[0] in names]
    assert len(secrets) == len(names)
    assert [secret for secret in secrets if secret in broken_off.output] == []

    started = fresh.server.record["born"]["webserver"]
    again = fresh.run("enable_api")
    assert again.status == 0, again.output
    assert again.changed() > 0
    assert "could not be seen" not in again.words
    assert "RUNNING HANDLER [dagops.airflow.airflow_deploy : Restart the webserver by a command]" in again.output
    assert Server.attach(fresh.server.state).record["born"]["webserver"] != started


# -- api_user


def test_a_password_that_is_empty(fresh: Fresh) -> None:
    played = fresh.run("create_api_user", env={"AIRFLOW_API_PASSWORD": ""})
    assert played.status != 0
    assert "The API's user needs a password, in airflow_password or the" in played.words


def test_a_command_that_is_not_there(fresh: Fresh) -> None:
    played = fresh.run("create_api_user", airflow_cli="/no/such/airflow")
    assert played.status != 0
    assert "/no/such/airflow cannot be started: No such file" in played.words


def test_a_role_that_does_not_exist(fresh: Fresh) -> None:
    played = fresh.run("create_api_user", airflow_roles="dag_trigger, Gardener")
    assert (played.status != 0, played.changed()) == (True, 0)
    said = "cannot have the role Gardener: Airflow has no such role; make it first (airflow_role), or correct"
    assert f"{said} airflow_roles." in played.words
    # Nor was the role made, which comes first.
    assert fresh.server.query("select username from ab_user") == []
    assert fresh.server.query("select name from ab_role where name = 'dag_trigger'") == []


def test_check_mode_tells_what_would_be_made(fresh: Fresh) -> None:
    played = fresh.run("create_api_user", "--check")
    assert (played.status, played.changed()) == (0, 1), played.output
    assert fresh.server.query("select username from ab_user") == []


def test_the_user_is_made_and_no_process_list_shows_its_password(fresh: Fresh) -> None:
    shown = f"control-{uuid.uuid4().hex}"
    with processes_of_others() as arguments:
        # A process is seen that shows a secret for a second; the command takes several.
        subprocess.run(["/bin/sh", "-c", "sleep 5; :", shown], check=True)
        played = fresh.run("create_api_user", "-vvv")
    assert (played.status, played.changed()) == (0, 1), played.output
    assert any(shown in words for words in arguments)
    # Nor did the command that was given the password pass unseen.
    assert any("users\0create" in words for words in arguments)
    assert [words for words in arguments if PASSWORD in words] == []
    for secret in (PASSWORD, json.dumps(PASSWORD)[1:-1]):
        assert secret not in played.output
    assert fresh.roles() == {"dag_trigger"}
    assert fresh.permissions() == LEAST


def test_a_second_run_of_everything_changes_nothing(fresh: Fresh) -> None:
    played = fresh.role(enable_api=True, create_user=True)
    assert (played.status, played.changed()) == (0, 0), played.output


def test_an_address_that_another_user_has(fresh: Fresh) -> None:
    played = fresh.run("create_api_user", airflow_email="deploy@localhost", env={"AIRFLOW_API_USERNAME": "deploy2"})
    assert (played.status != 0, played.changed()) == (True, 0)
    assert "The e-mail address deploy@localhost belongs to user deploy already" in played.words


def test_what_somebody_has_changed_is_corrected(airflow: Airflow, fresh: Fresh) -> None:
    fresh.server.query(
        "update ab_user_role set role_id = (select id from ab_role where name = 'Op')"
        " where user_id = (select id from ab_user where username = 'deploy')"
    )
    found = (
        "select p.id from ab_permission_view p join ab_permission a on a.id = p.permission_id"
        " join ab_view_menu v on v.id = p.view_menu_id where a.name = '{}' and v.name = '{}'"
    )
    fresh.server.query(
        f"update ab_permission_view_role set permission_view_id = ({found.format('can_delete', 'DAGs')})"
        f" where permission_view_id = ({found.format('can_read', 'Task Logs')})"
        " and role_id = (select id from ab_role where name = 'dag_trigger')"
    )
    assert fresh.roles() == {"Op"}
    assert fresh.permissions() == LEAST - {"can_read Task Logs"} | {"can_delete DAGs"}

    played = fresh.run("create_api_user", env={"AIRFLOW_API_PASSWORD": OTHER_PASSWORD})
    assert fresh.roles() == {"dag_trigger"}
    assert fresh.permissions() == LEAST
    if airflow.generation == "v2":
        # The role and the user's roles, the password.
        assert (played.status, played.changed()) == (0, 2), played.output
        fresh.password = OTHER_PASSWORD
    else:
        assert (played.status != 0, played.changed()) == (True, 1), played.output
        said = (
            "The command airflow of this version cannot change the password of user deploy, who exists; give the "
            "password that it has in airflow_password, or an admin's login in airflow_admin_username and "
            "airflow_admin_password, or delete the user."
        )
        assert said in played.words


# -- run


def test_dags_run_as_the_user(fresh: Fresh) -> None:
    run_id = f"live_{uuid.uuid4().hex[:8]}"
    secret = f"{run_id}-secret"
    dags = [{"dag_id": "ok"}, {"dag_id": "fails", "dag_run_id": run_id}, {"dag_id": "no_such_dag"}]
    dags.append({"dag_id": "writes_conf", "secret_conf": {"token": secret}})
    played = fresh.role(dags=dags, parse_timeout=5)
    assert played.status != 0
    assert f"2 of 4 DAGs did not end well: DAG run fails / {run_id} failed after " in played.words
    assert "user 42 has no email" in played.words
    assert "DAG no_such_dag is not known to Airflow" in played.words
    assert "DAG run ok / " in played.words
    assert secret not in played.output
    states = fresh.server.query("select dag_id, state from dag_run order by dag_id")
    assert states == [["fails", "failed"], ["ok", "success"], ["writes_conf", "success"]]
