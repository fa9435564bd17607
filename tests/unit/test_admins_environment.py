# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose login is in the environment of the playbook create_api_user, by a filter of its own."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.playbooks.filter_plugins.admins_environment import (
    FilterModule,
    admins_environment,
)

# What the environment has; the new user and the admin of the variables; and where the login of the admin is.
CASES: dict[str, tuple[dict[str, str], t.Any, t.Any, str]] = {
    "nothing": ({}, None, "", "AIRFLOW_API_ADMIN"),
    "the user in the environment": ({"USERNAME": "deploy", "PASSWORD": "pw"}, "", None, "AIRFLOW_API_ADMIN"),
    "the same user in a variable": ({"USERNAME": "deploy"}, "deploy", "", "AIRFLOW_API_ADMIN"),
    "the admin in the environment": ({"USERNAME": "admin", "PASSWORD": "pw"}, "deploy", "", "AIRFLOW_API"),
    "the token of an admin in the environment": ({"TOKEN": "tok"}, "deploy", None, "AIRFLOW_API"),
    "both in the environment": (
        {"USERNAME": "deploy", "ADMIN_USERNAME": "admin", "ADMIN_PASSWORD": "secret"},
        "",
        "",
        "AIRFLOW_API_ADMIN",
    ),
    "an admin, and another user than that of the environment": (
        {"USERNAME": "deploy", "ADMIN_USERNAME": "admin"},
        "other",
        "",
        "AIRFLOW_API_ADMIN",
    ),
    "the token of the admin": ({"USERNAME": "ann", "ADMIN_TOKEN": "tok"}, "deploy", "", "AIRFLOW_API_ADMIN"),
    "the name of the admin in a variable, too": ({"USERNAME": "admin"}, "deploy", "admin", "AIRFLOW_API"),
    "another admin than that of the environment": ({"USERNAME": "admin"}, "deploy", "root", "AIRFLOW_API_ADMIN"),
    "empty variables": ({"USERNAME": "admin", "ADMIN_USERNAME": " "}, "deploy", "", "AIRFLOW_API"),
    "a number": ({"USERNAME": "17"}, 17, 0, "AIRFLOW_API_ADMIN"),
}


@pytest.mark.parametrize("case", CASES)
def test_where_the_login_of_the_admin_is(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, username, admin, expected = CASES[case]
    for name in ("USERNAME", "PASSWORD", "TOKEN", "ADMIN_USERNAME", "ADMIN_PASSWORD", "ADMIN_TOKEN"):
        monkeypatch.delenv(f"AIRFLOW_API_{name}", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(f"AIRFLOW_API_{name}", value)
    assert admins_environment(username, admin) == expected


def test_the_filter_is_offered() -> None:
    assert FilterModule().filters() == {"admins_environment": admins_environment}
