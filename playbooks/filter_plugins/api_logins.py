# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook create_api_user works out. This filter is its own: Ansible finds it only next to the playbook."""

from __future__ import annotations

import os
import typing as t

KEYS = ("username", "password", "token")


def api_logins(given: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """Return the logins of the new user and of the admin, each with username, password and token; empty: not given.

    What a variable does not give comes from the environment. AIRFLOW_API_USERNAME, AIRFLOW_API_PASSWORD and
    AIRFLOW_API_TOKEN are the login of the new user, or of the admin if the variable names another user.

    :param given: the variables of the playbook, without C(airflow_) before their names.
    """
    variables = {key: _text(value) for key, value in given.items()}
    env = {key: _env(f"AIRFLOW_API_{key.upper()}") for key in KEYS}
    admin = {key: _env(f"AIRFLOW_API_ADMIN_{key.upper()}") for key in KEYS}
    username = variables["username"] or env["username"]
    nobody = dict.fromkeys(KEYS, "")
    # A variable that names another user makes the login of the environment that of the admin.
    env_user, env_admin = (env, nobody) if username == env["username"] else (nobody, env)
    if admin["username"]:
        env_admin = nobody
    elif env_admin["username"]:
        env_admin = {**env_admin, "token": ""}
    return {
        "user": {"username": username, "password": variables["password"] or env_user["password"]},
        "admin": {
            "username": variables["admin_username"] or admin["username"] or env_admin["username"],
            "password": variables["admin_password"] or admin["password"] or env_admin["password"],
            "token": admin["token"] or env_admin["token"],
        },
    }


def _env(variable: str) -> str:
    return os.environ.get(variable, "")


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"api_logins": api_logins}
