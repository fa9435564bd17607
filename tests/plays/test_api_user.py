# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user of the API by the command airflow: what the steps hand to the modules, in check mode, without a login."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, Played, ansible_playbook, play

pytestmark = pytest.mark.long

DEPLOY = {"username": "deploy", "email": "other@example.com", "first_name": "A", "last_name": "B", "roles": ["Op"]}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Played]:
    """Runs the playbook with a command that lists these users and no role but Op."""
    monkeypatch.setenv("AIRFLOW_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW_API_USERNAME", "deploy")
    monkeypatch.setenv("AIRFLOW_API_PASSWORD", "pw '\"$& s3cret")

    def run(*users: dict[str, t.Any], check: bool = True, **variables: t.Any) -> Played:
        listed = {"users": list(users), "roles": [{"name": "Op", "resource": "DAGs", "action": "can_read"}]}
        for name, rows in listed.items():
            (tmp_path / name).write_text(json.dumps(rows), encoding="utf-8")
        code = f'cd {tmp_path}; echo "$*" >> called; test -n "$AIRFLOW_HOME" && test "$2" = list && cat "$1"'
        given = {"airflow_cli": ["sh", "-c", code, "airflow"], "airflow_home": "/opt/airflow", **variables}
        playbook = str(ROOT / "playbooks" / "create_api_user.yml")
        return ansible_playbook(playbook, tmp_path, *(["--check"] if check else []), "--diff", "-vvv", **given)

    return run


def test_what_would_be_made(run: t.Callable[..., Played], tmp_path: Path) -> None:
    played = run(airflow_role_dag_ids="etl, other")
    assert played.status == 0, played.output
    assert "changed=1 " in played.words
    assert '"email": "deploy@localhost"' in played.words
    assert '"resource": "DAG:etl"' in played.words
    assert "s3cret" not in played.output
    called = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
    assert called == ["roles list -p -o json", "roles list -o json", "users list -o json", "roles list -o json"]
    # It would be made, too.
    assert "Airflow has no such role" not in played.words


@pytest.mark.parametrize("there", [False, True])
def test_check_mode_does_not_log_in_as_a_user_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setenv("AIRFLOW_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW_API_RETRY_TIMEOUT", "0")
    listed = {"users": [DEPLOY] if there else [], "roles": [{"name": "Op", "resource": "DAGs", "action": "can_read"}]}
    for name, rows in listed.items():
        (tmp_path / name).write_text(json.dumps(rows), encoding="utf-8")
    role = {"ansible.builtin.include_role": {"name": "dagops.airflow.airflow_deploy"}}
    login = {"airflow_deploy_api_username": "deploy", "airflow_deploy_api_password": "a-password"}
    wanted = {"airflow_deploy_create_user": True, "airflow_deploy_user_roles": ["Op"], **login}
    command = {"airflow_deploy_cli": ["sh", "-c", f'cat {tmp_path}/"$1"', "airflow"], "airflow_deploy_home": "/x"}
    plays_vars = {**wanted, **command, "airflow_deploy_dags": [{"dag_id": "etl"}]}
    played = play(tmp_path, [role], "--check", plays_vars=plays_vars)
    said = "The user cannot log in yet, so no DAG was looked at."
    # A user who is there is asked about the DAGs, of a server that does not answer.
    assert (played.status == 0, said in played.words) == (not there, not there), played.output
    assert ("Nothing listens at" in played.words) is there


def test_a_home_without_an_airflow(run: t.Callable[..., Played], tmp_path: Path) -> None:
    played = run(airflow_cli="true", airflow_home=str(tmp_path))
    assert played.status != 0
    assert f"airflow_home {tmp_path} holds neither airflow.cfg nor airflow.db" in played.words
    last = "correct airflow_home, or set that variable in the environment of the user who runs airflow_cli."
    assert last in played.words


def test_names_of_a_user_that_exists_are_left_alone(run: t.Callable[..., Played]) -> None:
    played = run(DEPLOY, airflow_roles="Op")
    assert played.status == 0, played.output
    assert "changed=0 " in played.words


def test_another_address_of_a_user_that_exists_is_refused(run: t.Callable[..., Played]) -> None:
    played = run(DEPLOY, airflow_roles="Op", airflow_email="new@example.com")
    assert played.status != 0
    assert "The command airflow cannot change email of user deploy, who exists" in played.words


def test_a_command_that_is_not_there_and_the_variables_to_look_at(run: t.Callable[..., Played]) -> None:
    played = run(airflow_cli="/no/such/airflow")
    assert played.status != 0
    assert "/no/such/airflow cannot be started: No such file" in played.words
    assert (
        "correct airflow_cli, or set airflow_cli_user to a user who may run it, or give an admin's login in "
        "airflow_admin_username and airflow_admin_password." in played.words
    )


# Variables, and the sentence that names them.
REFUSED: dict[str, tuple[dict[str, t.Any], str]] = {
    "roles": ({"airflow_roles": "Gardener, dag_trigger"}, "make it first (airflow_role), or correct airflow_roles."),
    "a password": ({"airflow_password": "a\nb"}, "airflow_password holds a line break or another control character"),
    "an admin": (
        {"airflow_admin_username": "admin"},
        "airflow_admin_username is given without airflow_admin_password; give both (or AIRFLOW_API_ADMIN_PASSWORD).",
    ),
    "no DAGs": ({"airflow_role_dag_ids": []}, "airflow_role_dag_ids is an empty list, which names no DAG; name the"),
    "no DAGs in JSON": ({"airflow_role_dag_ids": "[]"}, "airflow_role_dag_ids is an empty list, which names no DAG;"),
    "DAGs": ({"airflow_role_dag_ids": "a,,b"}, "airflow_role_dag_ids holds an empty name; name the DAGs, or leave it"),
    "a role of Airflow's own": (
        {"airflow_role_name": "Op"},
        "give the user Op in airflow_roles, or name another role in airflow_role_name. Nothing was changed.",
    ),
    "a new user without a password": (
        {"airflow_username": "other", "airflow_admin_username": "a", "airflow_admin_password": "b"},
        # The password of the environment is not that of this user.
        "The API's user needs a password, in airflow_password.",
    ),
}


@pytest.mark.parametrize("check", [True, False])
def test_an_admin_whose_login_was_given_for_that_of_the_user_stays_one(
    run: t.Callable[..., Played], check: bool
) -> None:
    played = run({**DEPLOY, "roles": ["Admin"]}, airflow_roles="Op", check=check)
    assert played.status != 0
    assert (
        "User deploy has the role Admin, and would lose it; name another user in airflow_username, or give Admin in "
        "airflow_roles, too. Nothing was changed." in played.words
    )


def test_roles_that_the_user_loses_are_named(run: t.Callable[..., Played]) -> None:
    played = run({**DEPLOY, "roles": ["Op", "Viewer"]}, airflow_roles="Op")
    assert played.status == 0, played.output
    assert "User deploy loses the role Viewer; to keep it, give it in airflow_roles, too." in played.words


@pytest.mark.parametrize(
    ("username", "words"),
    [
        (
            "deploy",
            "The API's user needs a password, in airflow_password or the environment variable AIRFLOW_API_PASSWORD.",
        ),
        (
            "",
            "Name the user that Airflow's API is to have, in airflow_username or the environment variable "
            "AIRFLOW_API_USERNAME, and give its password in airflow_password or AIRFLOW_API_PASSWORD.",
        ),
    ],
)
def test_a_user_without_a_password(
    run: t.Callable[..., Played], monkeypatch: pytest.MonkeyPatch, username: str, words: str
) -> None:
    monkeypatch.setenv("AIRFLOW_API_USERNAME", username)
    monkeypatch.setenv("AIRFLOW_API_PASSWORD", "")
    played = run()
    assert played.status != 0
    assert words in played.words


def test_a_dag_that_airflow_does_not_know(run: t.Callable[..., Played], tmp_path: Path) -> None:
    """As the command says it."""
    said = "Resource named 'DAG:nope' does not exist"
    code = (
        f'cd {tmp_path}; test "$2" = list && cat "$1" && exit; test "$2" = create && exit; '
        f'test "$2" = delete && exit; echo "{said}" >&2; exit 1'
    )
    played = run(check=False, airflow_role_dag_ids="nope", airflow_cli=["sh", "-c", code, "airflow"])
    assert played.status != 0
    assert (
        "DAG:nope; deploy the DAG first, since Airflow has to read it, or correct its id in airflow_role_dag_ids."
        in played.words
    )


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_said_with_the_variables_of_the_playbook(name: str, run: t.Callable[..., Played]) -> None:
    variables, words = REFUSED[name]
    # Nothing is written.
    played = run(check=False, **variables)
    assert played.status != 0
    assert words in played.words


def test_a_user_without_a_name(run: t.Callable[..., Played], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_API_USERNAME", "")
    played = run()
    assert played.status != 0
    assert (
        "Name the user that Airflow's API is to have, in airflow_username or the environment variable "
        "AIRFLOW_API_USERNAME." in played.words
    )
