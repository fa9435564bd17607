# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared server answers a playbook that takes everything from the environment."""

from __future__ import annotations

from pathlib import Path

from live import Airflow, play


def test_a_task_needs_no_option_for_the_connection(airflow: Airflow, tmp_path: Path) -> None:
    told = "{{ info.version }} {{ info.api_version }}"
    played = play(
        tmp_path,
        [{"dagops.airflow.airflow_info": {}, "register": "info"}, {"ansible.builtin.debug": {"msg": told}}],
    )
    assert played.status == 0, played.output
    assert f"{airflow.variables['airflow_version']} {airflow.generation}" in played.output
