# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks whose hosts are not in the inventory, by a filter of their own."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.playbooks.filter_plugins.hosts import FilterModule
from ansible_collections.dagops.airflow.tests.unit.told import ROOT

NAME, hosts_that_match = next(iter(FilterModule().filters().items()))


@pytest.mark.parametrize(("pattern", "matching"), [("web*", ["web1"]), (["web1", "db"], ["web1"]), ("localhost", [])])
def test_the_pattern_stays(pattern, matching):
    assert hosts_that_match(pattern, matching) == pattern


@pytest.mark.parametrize("pattern", ["web*", "localhost,", "all"])
def test_no_host_is_a_failure(pattern):
    with pytest.raises(AnsibleFilterError) as caught:
        hosts_that_match(pattern, [])
    assert f"No host of the inventory matches airflow_hosts ({pattern}), so nothing was changed" in str(caught.value)


@pytest.mark.parametrize("playbook", ["enable_api", "create_api_user"])
def test_playbooks_that_take_hosts_use_it(playbook):
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    assert f"| {NAME}(query('ansible.builtin.inventory_hostnames'" in text
