# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the role that are numbers where a text is wanted, as surveys give them, and of a wrong type."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import SPECS, play, worked_out

SECRET = "hidden-5e1f"
# What tasks use in place of the variables, which take whatever is given, and what each is when nothing is.
USED: dict[str, t.Any] = {
    "__airflow_deploy_the_api_url": "",
    "__airflow_deploy_the_api_host": "localhost",
    "__airflow_deploy_the_username": "",
    "__airflow_deploy_the_password": "",
    "__airflow_deploy_the_home": "",
    "__airflow_deploy_the_config": "~/airflow/airflow.cfg",
    "__airflow_deploy_cli": ["airflow"],
    "__airflow_deploy_the_cli_user": "",
    "__airflow_deploy_the_restart_command": "",
    "__airflow_deploy_the_restart_service": "",
    "__airflow_deploy_the_admin_username": "",
    "__airflow_deploy_the_admin_password": "",
    "__airflow_deploy_the_admin_token": "",
    "__airflow_deploy_the_email": "@localhost",
    "__airflow_deploy_the_first_name": "",
    "__airflow_deploy_the_last_name": "API",
    "__airflow_deploy_the_role_name": "dag_trigger",
    "__airflow_deploy_the_user_roles": ["dag_trigger"],
    "__airflow_deploy_the_role_dag_ids": [],
    "__airflow_deploy_is_admin": False,
    "__airflow_deploy_reads_dags": True,
    "__airflow_deploy_mistyped": [],
}
ALL_USED = "{" + ", ".join(f"'{name}': {name}" for name in USED) + "}"
# All that may be a text, a command or a list of texts.
LOOSE = [name[15:] for name, spec in SPECS.items() if spec["type"] in ("str", "list", "raw") and "choices" not in spec]
NUMBER = 123456
A_NUMBER: dict[str, t.Any] = {
    **{name: str(NUMBER) if isinstance(value, str) else [str(NUMBER)] for name, value in USED.items()},
    "__airflow_deploy_is_admin": True,
    "__airflow_deploy_reads_dags": True,
    "__airflow_deploy_mistyped": [],
}
# Whether the paused state of a DAG is left, and whether it is unpaused.
OF_PAUSED = "[__airflow_deploy_is_left | bool, __airflow_deploy_is_unpaused | bool]"
# Variables and their value, which variables of the role come of it, and their value.
TAKEN: dict[str, tuple[dict[str, t.Any], str, t.Any]] = {
    "a DAG": (
        {"dags": [{"dag_id": 2024, "conf": {"a": 1}}]},
        "__airflow_deploy_dag",
        {"dag_id": 2024, "conf": {"a": 1}},
    ),
    "paused": ({"dags": [{"dag_id": "etl", "paused": "Y"}]}, "__airflow_deploy_paused", "Y"),
    "paused as it is": ({"dags": [{"dag_id": "etl", "paused": None}]}, OF_PAUSED, [True, False]),
    "unpaused": ({"dags": [{"dag_id": "etl", "paused": "n"}]}, OF_PAUSED, [False, True]),
    "to be paused": ({"dags": [{"dag_id": "etl", "paused": "t"}]}, OF_PAUSED, [False, False]),
    "paused as all are": ({"dags": [{"dag_id": "etl"}], "paused": "y"}, "__airflow_deploy_paused", "y"),
    "as all are left": ({"dags": [{"dag_id": "etl"}], "paused": None}, OF_PAUSED, [True, False]),
    "a user": ({"api_username": 4711}, "__airflow_deploy_the_username", "4711"),
    "a password": ({"api_password": 123456}, "__airflow_deploy_the_password", "123456"),
    "an address": ({"api_username": 4711}, "airflow_deploy_user_email", "4711@localhost"),
    "no address": ({"api_username": 4711, "user_email": None}, "__airflow_deploy_the_email", "4711@localhost"),
    "no first name": ({"api_username": 4711, "user_first_name": ""}, "__airflow_deploy_the_first_name", "4711"),
    "no file": ({"home": "/opt/airflow", "config": None}, "__airflow_deploy_the_config", "/opt/airflow/airflow.cfg"),
    "no roles": ({"user_roles": None, "role_name": "api"}, "__airflow_deploy_the_user_roles", ["api"]),
    # It is refused.
    "an empty list of roles": ({"user_roles": []}, "__airflow_deploy_the_user_roles", []),
    "roles": (
        {"user_roles": 7, "role_name": 7},
        "__airflow_deploy_the_role_name in __airflow_deploy_the_user_roles",
        True,
    ),
    "roles in a list": ({"user_roles": [7, "Op"]}, "__airflow_deploy_the_user_roles", ["7", "Op"]),
    "DAGs of the role": ({"role_dag_ids": [2024, 25]}, "__airflow_deploy_the_role_dag_ids", ["2024", "25"]),
    "rights on a DAG": (
        {"role_dag_ids": 2024},
        "__airflow_deploy_role_on_dags",
        [{"action": action, "resource": "DAG:2024"} for action in ("can_read", "can_edit")],
    ),
    "a command in words": ({"cli": ["docker", 5]}, "__airflow_deploy_cli", ["docker", "5"]),
    "a command to restart": (
        {"restart_command": ["systemctl", "restart"]},
        "__airflow_deploy_the_restart_command",
        ["systemctl", "restart"],
    ),
    "numbers everywhere": (
        {name: NUMBER for name in LOOSE if name not in ("role_permissions", "api_python")},
        ALL_USED,
        {**A_NUMBER, "__airflow_deploy_the_restart_command": str(NUMBER), "__airflow_deploy_cli": [str(NUMBER)]},
    ),
    "null everywhere": (dict.fromkeys(LOOSE), ALL_USED, USED),
    "nothing everywhere": (dict.fromkeys((name for name in LOOSE if name != "role_permissions"), ""), ALL_USED, USED),
    "as it comes": ({}, ALL_USED, USED),
    "another host": ({"api_host": "bastion", "api_python": None}, "__airflow_deploy_the_api_python", "auto"),
    "rights that are null": (
        {"role_permissions": None, "role_dag_ids": ["etl"]},
        "__airflow_deploy_the_role_permissions | first",
        {"action": "can_read", "resource": "DAG:etl"},
    ),
}
A_TEXT = "must be a text, and is a list or a mapping; correct it."
REFUSED: dict[str, tuple[dict[str, t.Any], str]] = {
    **{
        f"{name}: a mapping": ({name[15:]: {"a": SECRET}}, f"{name} {A_TEXT}")
        for name, spec in SPECS.items()
        if spec["type"] == "str" and "choices" not in spec and name[15:] not in ("api_host", "api_python")
    },
    "a list for a text": ({"api_username": [SECRET]}, f"airflow_deploy_api_username {A_TEXT}"),
    "a command": (
        {"cli": {"a": SECRET}},
        "airflow_deploy_cli must be a text or a list of words, and is a mapping; correct it.",
    ),
    **{
        name: ({name: {"a": SECRET}}, f"airflow_deploy_{name} must be a list, and is a mapping; correct it.")
        for name in ("user_roles", "role_dag_ids")
    },
    "an item": (
        {"role_dag_ids": [{"dag_id": SECRET}]},
        "Each item of airflow_deploy_role_dag_ids must be a text; correct it.",
    ),
    "a role": ({"user_roles": [[SECRET]]}, "Each item of airflow_deploy_user_roles must be a text; correct it."),
}
# What the specification of the arguments refuses, and what is refused after it; a word of the sentence.
WRONG_DAGS: dict[str, tuple[t.Any, str]] = {
    "no list": ({"dag_id": "etl"}, "cannot be converted to a list"),
    "no id": ([{"conf": {"a": SECRET}}], "missing required arguments: dag_id found in airflow_deploy_dags"),
    "just an id": (["etl"], "unable to convert to dict"),
    "a key with a typing error": ([{"dag_id": "etl", "wiat": False, "conf": {"a": SECRET}}], "wiat"),
    "perhaps": ([{"dag_id": "etl", "trigger": "maybe"}], "maybe"),
    "an id that is none": (
        [{"dag_id": "a b"}],
        "Each item of airflow_deploy_dags is a mapping with dag_id",
    ),
    "a run that would stay queued": (
        [{"dag_id": "a", "paused": False, "trigger": True}, {"dag_id": "b", "paused": "yes", "trigger": "y"}],
        "An item of airflow_deploy_dags has paused: true and trigger: true, so that its run would stay queued; take "
        "out one of them. Nothing was changed.",
    ),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """What becomes of each set of variables, worked out by one playbook for all."""
    folder = tmp_path_factory.mktemp("types")
    cases = {name: (variables, wanted) for name, (variables, wanted, _value) in TAKEN.items()}
    cases.update({name: (variables, "__airflow_deploy_mistyped") for name, (variables, _words) in REFUSED.items()})
    number = {"__airflow_deploy_number": 0}
    return worked_out(
        folder,
        {
            name: ({**number, **{f"airflow_deploy_{key}": value for key, value in variables.items()}}, wanted)
            for name, (variables, wanted) in cases.items()
        },
    )


@pytest.mark.parametrize("name", TAKEN)
def test_numbers_are_taken_as_texts(name: str, seen: dict[str, t.Any]) -> None:
    assert seen[name] == TAKEN[name][2]


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_type_is_one_sentence(name: str, seen: dict[str, t.Any]) -> None:
    # The first one is told; defaults of other variables may be made of this one.
    assert seen[name][0] == REFUSED[name][1]


@pytest.mark.parametrize("entry_point", ["api_user", "run", "parsed", "enable_api", "main"])
def test_every_entry_point_refuses_it(entry_point: str, tmp_path: Path) -> None:
    tasks = [{"ansible.builtin.include_role": {"name": "dagops.airflow.airflow_deploy", "tasks_from": entry_point}}]
    played = play(tmp_path, tasks, airflow_deploy_api_url={"a": SECRET}, airflow_deploy_dags=[{"dag_id": "etl"}])
    assert played.status != 0
    assert f"airflow_deploy_api_url {A_TEXT}" in played.words
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
    assert "step_enable_api" not in played.output
