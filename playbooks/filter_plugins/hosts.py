# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the playbooks enable_api and create_api_user. Ansible finds this filter only next to playbooks."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError


def hosts_that_match(pattern: t.Any, matching: t.Sequence[str]) -> t.Any:
    """Return the pattern. Without a host, Ansible would only warn, do nothing, and succeed.

    :param matching: the hosts of the inventory that match the pattern; localhost needs no inventory.
    """
    if matching or pattern == "localhost":
        return pattern
    raise AnsibleFilterError(
        f"No host of the inventory matches airflow_hosts ({pattern}), so nothing was changed; correct it, or give the "
        "inventory."
    )


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"hosts_that_match": hosts_that_match}
