# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of the role name variables that do something where it is used: in the role itself, and in playbooks."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROLE, ROOT, SPECS, TASKS
from ansible_collections.dagops.airflow.tests.unit.told import SECTIONS

VARS: dict[str, t.Any] = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
PREFIX = re.compile(r"\{\{ (__airflow_deploy_(?:\w+_)?prefix) \}\}")
# How an expression has it.
IN_EXPRESSION = re.compile(r"' ~ (__airflow_deploy_(?:\w+_)?prefix) ~ '")
PLAYBOOKS = {"enable_api": "enable_api", "create_api_user": "api_user"}
# They come from the environment alone, so that they are texts.
TEXTS = {"airflow_deploy_api_token", "airflow_deploy_admin_token"}


def messages_of(entry_point: str) -> str:
    """What the tasks of an entry point may say."""
    said: list[str] = []

    def collect(value: t.Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if key in ("msg", "say", "name") and isinstance(item, str):
                    said.append(item)
                elif key == "dagops_airflow_names":
                    said.extend((VARS[item[3:-3]] if isinstance(item, str) else item).values())
                else:
                    collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    collect(yaml.safe_load((TASKS / f"{entry_point}.yml").read_text(encoding="utf-8")))
    assert said
    return "\n".join(said)


def named(text: str, prefixes: t.Mapping[str, t.Any]) -> set[str]:
    """The variables that are named when PREFIXES are what the variables begin with."""
    for pattern in (PREFIX, IN_EXPRESSION):
        text = pattern.sub(lambda match: str({**VARS, **prefixes}[match.group(1)]), text)
    # What is left of expressions is shown by its value.
    return set(re.findall(r"(?<![\w.])airflow_[a-z_]+", re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL)))


def included(playbook: str) -> dict[str, t.Any]:
    """The variables that a playbook hands to the role."""
    (play,) = yaml.safe_load((ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    (task,) = [task for task in play["tasks"] if "ansible.builtin.include_role" in task]
    assert task["ansible.builtin.include_role"]["tasks_from"] == PLAYBOOKS[playbook]
    return t.cast("dict[str, t.Any]", task["vars"])


@pytest.mark.parametrize("entry_point", PLAYBOOKS.values())
def test_messages_of_the_role_name_its_variables(entry_point: str) -> None:
    names = named(messages_of(entry_point), {})
    assert len(names) > 5
    assert {name for name in names if name not in SPECS} == set()


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_messages_of_a_playbook_name_what_it_takes(playbook: str) -> None:
    given = included(playbook)
    told = set(re.findall(r"\bairflow_\w+", SECTIONS[playbook]))
    names = named(messages_of(PLAYBOOKS[playbook]), given)
    assert {"airflow_home", "airflow_cli", "airflow_cli_user"} <= names & told
    # The role's own variables do something where the playbook does not set them.
    assert names - told - ({*SPECS} - {*given}) - TEXTS == set()
