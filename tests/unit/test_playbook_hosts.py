# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of playbooks that are not in the inventory, by filters of their own."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.playbooks.filter_plugins.hosts import (
    FilterModule,
    deploy_hosts,
    hosts_that_match,
    lacking_hosts,
)
from ansible_collections.dagops.airflow.tests.unit.told import ROOT

GROUPS = {"all": ["web1", "web2", "fe80::1"], "web": ["web1", "web2"]}


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("web*", ["web1"]),
        ("web:!web2", ["web1"]),
        ("web:&all", ["web1"]),
        ("web[1:2]", ["web1", "web2"]),
        (["web1", "web"], ["web1", "web2"]),
        ("fe80::1", ["fe80::1"]),
        ("localhost", []),
        ("web,localhost", ["web1"]),
        ("127.0.0.1", []),
    ],
)
def test_the_pattern_stays(pattern, matching):
    assert hosts_that_match(pattern, matching, GROUPS) == pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "named"),
    [
        ("db*", [], "db*"),
        ("dbs", [], "dbs"),
        ("web,ghost", ["web1"], "ghost"),
        ("web1:ghost:other", ["web1"], "ghost, other"),
        (["ghost", "web1"], ["web1"], "ghost"),
        ("localhost,ghost", [], "ghost"),
    ],
)
def test_a_host_that_is_not_there_is_a_failure(pattern, matching, named):
    with pytest.raises(AnsibleFilterError) as caught:
        hosts_that_match(pattern, matching, GROUPS)
    assert f"No host of the inventory matches airflow_hosts ({named}), so nothing was changed" in str(caught.value)


def test_without_an_inventory():
    assert lacking_hosts("all", [], {}) == "No host of the inventory matches airflow_hosts (all)"


@pytest.mark.parametrize(
    ("matching", "pattern", "hosts"),
    [
        (["a", "b", "c"], "airflow", ["b", "a", "c"]),
        ([], "localhost", ["localhost"]),
        ([], "no_such_host", []),
    ],
)
def test_hosts_with_a_connection_of_their_own_come_last(matching, pattern, hosts):
    hostvars = {"a": {"ansible_connection": "local"}, "b": {}, "c": {"ansible_connection": "ssh"}, "localhost": {}}
    assert deploy_hosts(pattern, matching, hostvars) == hosts


@pytest.mark.parametrize("playbook", ["enable_api", "create_api_user"])
def test_playbooks_that_take_hosts_use_it(playbook):
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    assert "| hosts_that_match(query('ansible.builtin.inventory_hostnames'" in text


def test_the_filters_are_offered():
    filters = {"deploy_hosts": deploy_hosts, "hosts_that_match": hosts_that_match, "lacking_hosts": lacking_hosts}
    assert FilterModule().filters() == filters
