# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of one play that make the same user and the same role of the API at the same moment."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from live import Airflow, ansible_playbook

HOSTS = 6


@pytest.mark.parametrize("same", ["role", "role and user"])
def test_hosts_that_make_the_same_user_at_once(airflow: Airflow, tmp_path: Path, same: str) -> None:
    role = f"live_{uuid.uuid4().hex[:8]}"
    user = f"{role}_user" if same == "role and user" else f"{role}_{{{{ inventory_hostname }}}}"
    wanted = {"username": user, "password": "a-pa55word-of-theirs", "role_name": role}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"dagops.airflow.airflow_api_user": wanted, "delegate_to": "localhost"}],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    inventory = ",".join(f"h{number}" for number in range(HOSTS))
    first, second = (
        ansible_playbook("play.yml", "--inventory", inventory, "--forks", str(HOSTS), cwd=tmp_path) for _run in range(2)
    )
    assert first.status == 0, first.output
    assert first.output.count("failed=0") == HOSTS
    assert second.output.count("changed=0") == HOSTS, second.output
