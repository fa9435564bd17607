# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's README tells its variables and defaults as they are."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC, variable_of

ROLE = Path(__file__).resolve().parents[2] / "roles" / "airflow_deploy"
README = (ROLE / "README.md").read_text(encoding="utf-8")
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
ENTRY_POINTS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
SPECS: dict[str, dict[str, t.Any]] = {}
for entry_point in ENTRY_POINTS.values():
    SPECS.update(entry_point["options"])
ROWS = re.findall(r"^\| `(\w+)` \| (.*?) \| (.+) \|$", README, re.MULTILINE)

# Variables that are null and come from the environment then: its variable, and the default of the modules.
OF_THE_ENVIRONMENT: dict[str, tuple[str, t.Any]] = {
    **{
        f"airflow_deploy_{option}": (variable_of(option), spec.get("default"))
        for option, spec in CONNECTION_SPEC.items()
        if variable_of(option)
    },
    **{
        f"airflow_deploy_admin_{key}": (f"AIRFLOW_API_ADMIN_{key.upper()}", None)
        for key in ("username", "password", "token")
    },
}
# Defaults that are worked out from other variables: how they are worked out, and how that is put into words.
# The formulas are the role's own, since null and an empty text mean the default, too.
WORKED_OUT = {
    "airflow_deploy_api_python": (
        "{{ __airflow_deploy_default_api_python }}",
        "Ansible's own for localhost, else that of the inventory or `auto`",
    ),
    "airflow_deploy_config": (
        "{{ __airflow_deploy_default_config }}",
        "`airflow.cfg` in `airflow_deploy_home`, else `~/airflow/airflow.cfg`",
    ),
    "airflow_deploy_user_roles": (
        ["{{ airflow_deploy_role_name | default('dag_trigger', true) }}"],
        "`airflow_deploy_role_name` alone",
    ),
    # The module works it out.
    "airflow_deploy_role_dag_ids": (None, "all DAGs"),
    "airflow_deploy_role_permissions": (None, "the least that `run` needs"),
}
# Variables for which null has a meaning: Ansible takes none where the specification has a default.
NULLABLE = {"airflow_deploy_paused": "bool"}


def told(name: str) -> str:
    """The default of a variable as the README has to put it."""
    value = DEFAULTS[name]
    if name in WORKED_OUT:
        template, words = WORKED_OUT[name]
        assert value == template
        return words
    if name in OF_THE_ENVIRONMENT:
        assert value is None
        variable, default = OF_THE_ENVIRONMENT[name]
        return f"`{variable}` of the environment" + (f", else {shown(default)}" if default is not None else "")
    assert "{{" not in str(value), "say in WORKED_OUT how the README puts this default"
    return shown(value) if value != "" else "none"


def shown(value: t.Any) -> str:
    """A value as YAML has it."""
    return f"`{str(value).lower() if isinstance(value, bool) else f'{value:g}' if isinstance(value, float) else value}`"


def test_there_are_variables():
    assert len(SPECS) > 30


def test_the_readme_has_each_variable_once():
    names = [name for name, _default, _text in ROWS if name.startswith("airflow_deploy_")]
    assert sorted(names) == sorted(SPECS)


def test_the_readme_names_no_other_variable():
    # The results are no input.
    assert set(re.findall(r"\bairflow_deploy_\w+", README)) == {*SPECS, "airflow_deploy_results"}


def test_each_variable_has_a_default():
    assert set(DEFAULTS) == set(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_the_readme_tells_the_default(name):
    told_by_readme = {row_name: default for row_name, default, _text in ROWS}
    assert told_by_readme[name] == told(name)


@pytest.mark.parametrize("name", SPECS)
def test_the_specification_has_the_same_default(name):
    value = DEFAULTS[name]
    given = SPECS[name].get("default")
    if "default" not in SPECS[name]:
        assert name in NULLABLE or name in WORKED_OUT or name in OF_THE_ENVIRONMENT
        return
    assert given == value


@pytest.mark.parametrize("name", OF_THE_ENVIRONMENT)
def test_the_specification_tells_what_the_environment_gives(name):
    # Ansible takes no null where the specification has choices, and null is the default.
    assert SPECS[name].keys().isdisjoint({"default", "choices"})
    variable, default = OF_THE_ENVIRONMENT[name]
    words = f"E({variable}) if not set" + (f", else V({shown(default)[1:-1]})" if default is not None else "")
    assert f"{words}." in " ".join(SPECS[name]["description"].split())


@pytest.mark.parametrize("name", NULLABLE)
def test_a_variable_that_may_be_null_has_its_type_and_no_default(name):
    assert SPECS[name]["type"] == NULLABLE[name]
    assert "default" not in SPECS[name]
    default = str(DEFAULTS[name]).lower()
    assert "null" in SPECS[name]["description"]
    assert f"V({default}) if not set" in " ".join(SPECS[name]["description"].split())


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_the_readme_has_each_entry_point(name):
    assert re.search(rf"^\| `{name}` \|", README, re.MULTILINE)
