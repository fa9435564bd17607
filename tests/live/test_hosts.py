# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run on managed hosts with any Python from 3.8 on, and under the oldest ansible-core as under the newest."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from live import Airflow, ansible_playbook

# What runs where does not depend on the version of Airflow.
pytestmark = pytest.mark.generation("v1")


class Pair(NamedTuple):
    """A line of ansible-core, and the Python of a host that it can manage."""

    core: str
    host: str


# As each line's documentation has it: 2.20 and newer manage hosts from Python 3.9 on.
PAIRS = [
    Pair("2.15", "3.9"),
    Pair("2.19", "3.8"),
    *(
        pytest.param(Pair("newest", version), marks=pytest.mark.long)
        for version in ("3.9", "3.10", "3.11", "3.12", "3.13")
    ),
]
TASKS = """\
- name: Smoke
  hosts: localhost
  gather_facts: false
  tasks:
    - name: A run that fails
      dagops.airflow.airflow_dag_run:
        dag_id: fails
        when_paused: unpause
        poll_interval: 1
      register: ran
      failed_when: ran.failed_tasks is not defined

    - name: Its tasks
      dagops.airflow.airflow_task_info:
        dag_id: fails
        dag_run_id: "{{ ran.dag_run.dag_run_id }}"
      register: seen

    - name: Pause it again
      dagops.airflow.airflow_dag:
        dag_id: fails
        paused: true

    - name: What has become of it
      ansible.builtin.debug:
        msg: "TOLD {{ ran.dag_run.state }} {{ seen.failed_tasks | map(attribute='task_id') | join(' ') }} {{ ran.msg }}"
"""


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"core {pair.core}, Python {pair.host}")
def test_a_run_is_triggered_waited_for_and_reported(airflow: Airflow, pair: Pair, tmp_path: Path) -> None:
    found = json.loads(os.environ["DAGOPS_TEST_HOSTS"])
    # The newest ansible-core is that of these tests.
    cores = {"newest": sys.executable, **found["cores"]}
    if pair.core not in cores or pair.host not in found["hosts"]:
        pytest.skip(f"no Python here for ansible-core {pair.core}, or no Python {pair.host}")
    playbook = tmp_path / "smoke.yml"
    playbook.write_text(TASKS, encoding="utf-8")
    python = json.dumps({"ansible_python_interpreter": found["hosts"][pair.host]})
    played = ansible_playbook(str(playbook), "--extra-vars", python, cwd=tmp_path, python=cores[pair.core])
    assert played.status == 0, played.output
    assert "TOLD failed b " in played.words, played.output
    assert "b (try 1 of 1): ValueError: user 42 has no email address" in played.words
