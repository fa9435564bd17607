# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook create_api_user works out. This filter is its own: Ansible finds it only next to the playbook."""

from __future__ import annotations

import os
import typing as t

KEYS = ("username", "password", "token")


def api_logins(given: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """Return the login of the new user, and what the playbook gives of that of the admin; empty: not given.

    AIRFLOW_API_USERNAME, AIRFLOW_API_PASSWORD and AIRFLOW_API_TOKEN are the login of the new user. If the variable
    names another user, they are the login of the admin, where nothing else names one. The role itself reads the
    AIRFLOW_API_ADMIN variables.

    :param given: the variables of the playbook, without C(airflow_) before their names.
    """
    variables = {key: _text(value) for key, value in given.items()}
    env = {key: _env(f"AIRFLOW_API_{key.upper()}") for key in KEYS}
    username = variables["username"] or env["username"]
    is_another = username != env["username"]
    admin = {"username": variables["admin_username"], "password": variables["admin_password"], "token": ""}
    named = any(_env(f"AIRFLOW_API_ADMIN_{key.upper()}") for key in KEYS)
    if is_another and not named and admin["username"] in ("", env["username"]):
        admin["username"] = env["username"]
        admin["password"] = admin["password"] or env["password"]
        # A name and its password come before a token.
        admin["token"] = "" if env["username"] else env["token"]
    password = variables["password"] or ("" if is_another else env["password"])
    return {"user": {"username": username, "password": password}, "admin": admin}


def _env(variable: str) -> str:
    return os.environ.get(variable, "")


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"api_logins": api_logins}
