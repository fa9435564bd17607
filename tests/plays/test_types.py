# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the role that are numbers where a text is wanted, as surveys give them, and of a wrong type."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.plays.playbooks import play, worked_out

pytestmark = pytest.mark.long

SECRET = "hidden-5e1f"
SETS = "__airflow_deploy_sets_password"
NO_ADMIN = {"admin_username": "", "admin_password": "", "admin_token": ""}
# Variables and their value, which variable of the role comes of it, and its value.
TAKEN: dict[str, tuple[dict[str, t.Any], str, t.Any]] = {
    "no file": ({"home": "/opt/airflow", "config": None}, "__airflow_deploy_the_config", "/opt/airflow/airflow.cfg"),
    "no home": ({"home": None, "config": ""}, "__airflow_deploy_the_config", "~/airflow/airflow.cfg"),
    "no command": ({"cli": None}, "__airflow_deploy_the_cli", "airflow"),
    "a command in words": ({"cli": ["docker", 5]}, "__airflow_deploy_the_cli", ["docker", 5]),
    "nobody to become": ({"cli_user": None}, "__airflow_deploy_becomes", False),
    "somebody to become": ({"cli_user": 7}, "__airflow_deploy_becomes", True),
    "an admin": ({"admin_username": 7, "admin_password": 8}, "__airflow_deploy_is_admin", True),
    "no admin": ({"admin_username": None, "admin_password": "", "admin_token": ""}, "__airflow_deploy_is_admin", False),
    "a wrong password": ({**NO_ADMIN, "__airflow_deploy_login": {"logged_in": False}}, SETS, True),
    "a right password": ({**NO_ADMIN, "__airflow_deploy_login": {"logged_in": True}}, SETS, False),
    "no answer": ({**NO_ADMIN, "__airflow_deploy_login": {"msg": "no"}}, SETS, False),
    "a password that is left": (
        {**NO_ADMIN, "__airflow_deploy_login": {"logged_in": False}, "update_password": "on_create"},
        SETS,
        False,
    ),
    "an admin's password": (
        {**NO_ADMIN, "__airflow_deploy_login": {"logged_in": False}, "admin_token": "x"},
        SETS,
        False,
    ),
    "another host": ({"api_host": "bastion", "api_python": None}, "__airflow_deploy_the_api_python", "auto"),
    "no host": ({"api_host": None}, "__airflow_deploy_the_api_host", "localhost"),
}
# What the specification of the arguments refuses; a word of the sentence.
WRONG_DAGS: dict[str, tuple[t.Any, str]] = {
    "no list": ({"dag_id": "etl"}, "cannot be converted to a list"),
    "no id": ([{"conf": {"a": SECRET}}], "missing required arguments: dag_id found in airflow_deploy_dags"),
    "just an id": (["etl"], "unable to convert to dict"),
    "a key with a typing error": ([{"dag_id": "etl", "wiat": False, "conf": {"a": SECRET}}], "wiat"),
    "perhaps": ([{"dag_id": "etl", "trigger": "maybe"}], "maybe"),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """What becomes of each set of variables, worked out by one playbook for all."""
    folder = tmp_path_factory.mktemp("types")
    return worked_out(
        folder,
        {
            name: (
                {
                    **{key if key.startswith("_") else f"airflow_deploy_{key}": value for key, value in given.items()},
                },
                wanted,
            )
            for name, (given, wanted, _value) in TAKEN.items()
        },
    )


def test_the_api_host_has_the_python_of_the_inventory(tmp_path: Path) -> None:
    tasks: list[dict[str, t.Any]] = [
        {"ansible.builtin.add_host": {"name": "bastion", "ansible_python_interpreter": "/opt/python"}},
        {
            "ansible.builtin.debug": {"msg": "It is {{ __airflow_deploy_the_api_python }}."},
            "vars": {"airflow_deploy_api_host": "bastion"},
        },
    ]
    assert "It is /opt/python." in play(tmp_path, tasks).words


@pytest.mark.parametrize("name", TAKEN)
def test_what_tasks_use(name: str, seen: dict[str, t.Any]) -> None:
    assert seen[name] == TAKEN[name][2]


@pytest.mark.parametrize("entry_point", ["api_user", "run", "parsed", "enable_api", "main"])
def test_every_entry_point_refuses_it(entry_point: str, tmp_path: Path) -> None:
    tasks = [{"ansible.builtin.include_role": {"name": "dagops.airflow.airflow_deploy", "tasks_from": entry_point}}]
    login = {f"airflow_deploy_{who}_{what}": "a-word" for who in ("api", "admin") for what in ("username", "password")}
    given = {**login, "airflow_deploy_api_url": {"a": SECRET}, "airflow_deploy_dags": [{"dag_id": "etl"}]}
    played = play(tmp_path, tasks, **given)
    assert played.status != 0
    assert "api_url must be a text, and is a mapping; correct it." in played.words
    assert SECRET not in played.output


def test_what_is_no_dag_is_refused_before_the_first_step(tmp_path: Path) -> None:
    """One play for all lists: each is refused, and the next one has its turn."""
    role = {"ansible.builtin.include_role": {"name": "dagops.airflow.airflow_deploy"}}
    blocks: list[dict[str, t.Any]] = [
        {
            "block": [{**role, "vars": {"airflow_deploy_enable_api": True, "airflow_deploy_dags": dags}}],
            "rescue": [{"ansible.builtin.debug": {"msg": f"{name} was refused"}}],
        }
        for name, (dags, _words) in WRONG_DAGS.items()
    ]
    played = play(tmp_path, blocks, plays_vars={})
    assert played.status == 0, played.output
    for name, (_dags, words) in WRONG_DAGS.items():
        assert f"{name} was refused" in played.words
        assert words in played.words
    assert SECRET not in played.output
    assert "Ask Airflow for its version" not in played.output
