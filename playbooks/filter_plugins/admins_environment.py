# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook create_api_user works out. This filter is its own: Ansible finds it only next to the playbook."""

from __future__ import annotations

import os
import typing as t

KEYS = ("USERNAME", "PASSWORD", "TOKEN")
OF_USER, OF_ADMIN = "AIRFLOW_API", "AIRFLOW_API_ADMIN"


def admins_environment(username: t.Any, admin: t.Any) -> str:
    """Return how the variables of the environment begin that are the login of the admin.

    These are the AIRFLOW_API_ADMIN variables. Where they name nobody, and the new user is another one than that of the
    AIRFLOW_API variables, these are the login of the admin, unless a variable of the playbook names yet another admin.

    :param username: of the new user, as the playbook has it; null or empty: that of the environment.
    :param admin: the name of the admin, as the playbook has it; null or empty: not given.
    """
    name = _env(OF_USER, "USERNAME")
    is_another = _text(username) not in ("", name)
    is_named = any(_env(OF_ADMIN, key) for key in KEYS)
    return OF_USER if is_another and not is_named and _text(admin) in ("", name) else OF_ADMIN


def _env(prefix: str, key: str) -> str:
    return os.environ.get(f"{prefix}_{key}", "").strip()


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"admins_environment": admins_environment}
