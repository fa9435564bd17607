# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks that end well say what they have done."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.plays.little_airflow import LittleAirflow
from ansible_collections.dagops.airflow.tests.plays.playbooks import ROOT, Played, ansible_playbook


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[LittleAirflow]:
    with LittleAirflow("ok", "etl") as airflow:
        for name, value in airflow.environment.items():
            monkeypatch.setenv(name, value)
        yield airflow


def run(name: str, folder: Path, *options: str, **variables: t.Any) -> Played:
    played = ansible_playbook(str(ROOT / "playbooks" / f"{name}.yml"), folder, *options, **variables)
    assert played.status == 0, played.output
    return played


def test_the_first_playbook_of_the_readme(tmp_path: Path, airflow: LittleAirflow) -> None:
    """It is run as it is printed."""
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "run.yml").write_text(text, encoding="utf-8")

    def end(what: str) -> None:
        for made in airflow.runs.values():
            made["state"] = "success"

    airflow.on_write = end
    played = ansible_playbook("run.yml", tmp_path)
    assert played.status == 0, played.output
    assert re.search('"msg": "DAG run ok / [^ ]* is success', played.words), played.output
