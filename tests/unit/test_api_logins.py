# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose login is in the environment of the playbook create_api_user, by a filter of its own."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.playbooks.filter_plugins.api_logins import FilterModule, api_logins

NOTHING = {"username": None, "password": "", "admin_username": "", "admin_password": None}
NOBODY = {"username": "", "password": "", "token": ""}
# What the environment and the variables have; then the login of the new user, and what the role is given of the
# admin's. The role itself reads the AIRFLOW_API_ADMIN variables.
CASES: dict[str, tuple[dict[str, str], dict[str, t.Any], dict[str, str], dict[str, str]]] = {
    "nothing": ({}, {}, {"username": "", "password": ""}, NOBODY),
    "the user in the environment": (
        {"USERNAME": "deploy", "PASSWORD": "pw"},
        {},
        {"username": "deploy", "password": "pw"},
        NOBODY,
    ),
    "the same user in a variable": (
        {"USERNAME": "deploy", "PASSWORD": "pw"},
        {"username": "deploy"},
        {"username": "deploy", "password": "pw"},
        NOBODY,
    ),
    "the admin in the environment": (
        {"USERNAME": "admin", "PASSWORD": "pw", "TOKEN": "tok"},
        {"username": "deploy", "password": "new"},
        {"username": "deploy", "password": "new"},
        {"username": "admin", "password": "pw", "token": ""},
    ),
    "the token of an admin in the environment": (
        {"TOKEN": "tok"},
        {"username": "deploy", "password": "new"},
        {"username": "deploy", "password": "new"},
        {**NOBODY, "token": "tok"},
    ),
    "a password that is not given is not that of the admin": (
        {"USERNAME": "admin", "PASSWORD": "pw"},
        {"username": "deploy"},
        {"username": "deploy", "password": ""},
        {"username": "admin", "password": "pw", "token": ""},
    ),
    "both in the environment": (
        {"USERNAME": "deploy", "PASSWORD": "pw", "ADMIN_USERNAME": "admin", "ADMIN_PASSWORD": "secret"},
        {},
        {"username": "deploy", "password": "pw"},
        NOBODY,
    ),
    "an admin, and another user than that of the environment": (
        {"USERNAME": "deploy", "PASSWORD": "pw", "TOKEN": "tok", "ADMIN_USERNAME": "admin", "ADMIN_PASSWORD": "secret"},
        {"username": "other", "password": "new"},
        {"username": "other", "password": "new"},
        NOBODY,
    ),
    "the token of the admin": (
        {"USERNAME": "ann", "PASSWORD": "pw", "ADMIN_TOKEN": "tok"},
        {"username": "deploy", "password": "new"},
        {"username": "deploy", "password": "new"},
        NOBODY,
    ),
    "the name of the admin in the environment, the password in a variable": (
        {"USERNAME": "admin"},
        {"username": "deploy", "password": "new", "admin_password": "secret"},
        {"username": "deploy", "password": "new"},
        {"username": "admin", "password": "secret", "token": ""},
    ),
    "the name of the admin in a variable, the password in the environment": (
        {"USERNAME": "admin", "PASSWORD": "pw"},
        {"username": "deploy", "password": "new", "admin_username": "admin"},
        {"username": "deploy", "password": "new"},
        {"username": "admin", "password": "pw", "token": ""},
    ),
    "another admin than that of the environment": (
        {"USERNAME": "admin", "PASSWORD": "pw", "TOKEN": "tok"},
        {"username": "deploy", "password": "new", "admin_username": "root"},
        {"username": "deploy", "password": "new"},
        {"username": "root", "password": "", "token": ""},
    ),
    "variables before the environment, and numbers": (
        {"USERNAME": "deploy", "PASSWORD": "pw", "ADMIN_USERNAME": "admin", "ADMIN_PASSWORD": "secret"},
        {"username": 17, "password": 42, "admin_username": "root", "admin_password": True},
        {"username": "17", "password": "42"},
        {"username": "root", "password": "True", "token": ""},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_logins_of_the_user_and_of_the_admin(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, given, user, admin = CASES[case]
    for name in ("USERNAME", "PASSWORD", "TOKEN", "ADMIN_USERNAME", "ADMIN_PASSWORD", "ADMIN_TOKEN"):
        monkeypatch.delenv(f"AIRFLOW_API_{name}", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(f"AIRFLOW_API_{name}", value)
    assert api_logins({**NOTHING, **given}) == {"user": user, "admin": admin}


def test_the_filter_is_offered():
    assert FilterModule().filters() == {"api_logins": api_logins}
