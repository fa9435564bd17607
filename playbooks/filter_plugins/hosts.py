# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of playbooks, by the variable airflow_hosts. Ansible finds these filters only next to playbooks."""

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleFilterError
from ansible.inventory.manager import split_host_pattern

Groups = t.Mapping[str, t.Sequence[str]]
# Neither a pattern, nor something to leave out or to narrow down.
_NAME = re.compile(r"[\w.-]+")
LOCAL = ("localhost", "127.0.0.1")  # need no inventory


def hosts_that_match(pattern: t.Any, matching: t.Sequence[str], groups: Groups) -> t.Any:
    """Return the pattern. Of hosts that are not there, Ansible would only warn, and leave them out.

    :param matching: the hosts of the inventory that match the pattern.
    :param groups: those of the inventory, with their hosts.
    """
    lacking = lacking_hosts(pattern, matching, groups)
    if lacking:
        raise AnsibleFilterError(f"{lacking}, so nothing was changed; correct it, or give the inventory.")
    return pattern


def lacking_hosts(pattern: t.Any, matching: t.Sequence[str], groups: Groups) -> str:
    """Say which hosts are not in the inventory, as the beginning of a sentence; empty: all are."""
    names = [name for name in split_host_pattern(pattern) if _NAME.fullmatch(name)]
    unknown = [name for name in names if name not in {*groups, *groups.get("all", ()), *matching, *LOCAL}]
    if unknown or not (matching or set(names) & set(LOCAL)):
        return f"No host of the inventory matches airflow_hosts ({', '.join(unknown) or pattern})"
    return ""


def deploy_hosts(pattern: str, matching: t.Sequence[str], hostvars: t.Mapping[str, t.Any]) -> list[str]:
    """Return the hosts that get the files, those without a connection of their own first: in ansible-core 2.21 they
    would inherit that of the host before them.
    """
    hosts = matching or [host for host in LOCAL if host == pattern]
    return sorted(hosts, key=lambda host: str(hostvars[host].get("ansible_connection") or ""))


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"deploy_hosts": deploy_hosts, "hosts_that_match": hosts_that_match, "lacking_hosts": lacking_hosts}
