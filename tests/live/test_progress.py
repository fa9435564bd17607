# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person who looks at the terminal, or at a job in AWX, sees that a long wait moves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import Airflow, play, result_of

DAGS = ["slow", "ok", "tells_conf"]
NAME = r"localhost: slow / ansible__\d{8}T\d{6}Z__[0-9a-f]{8}"


@pytest.fixture(autouse=True)
def unpaused(airflow: Airflow, tmp_path: Path) -> Iterator[None]:
    """The DAGs of these tests run, and are paused in the end."""
    result_of(tmp_path, "airflow_dag", {"dag_id": DAGS, "paused": False})
    yield
    result_of(tmp_path, "airflow_dag", {"dag_id": DAGS, "paused": True})


@pytest.mark.once
def test_lines_come_while_the_task_waits(tmp_path: Path) -> None:
    """As ansible-playbook prints them, and as the events that AWX shows: the same run of a playbook is looked at."""
    folder = tmp_path / "private"
    (folder / "project").mkdir(parents=True)
    task = {"dagops.airflow.airflow_dag_run": {"dag_id": "slow", "conf": {"seconds": 50}}}
    header = {"hosts": "localhost", "gather_facts": False}
    (folder / "project" / "play.yml").write_text(json.dumps([{**header, "tasks": [task]}]), encoding="utf-8")
    command = [
        str(Path(sys.executable).parent / "ansible-runner"),
        "run",
        str(folder),
        "--playbook",
        "play.yml",
        "--json",
    ]
    seen: list[tuple[float, dict[str, Any]]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith("{"):
                seen.append((time.monotonic(), json.loads(line)))
        ended = time.monotonic()
    assert process.returncode == 0, seen
    lines = [(moment, event) for moment, event in seen if event["event"] == "verbose" and "slow / " in event["stdout"]]
    told = [re.sub("\x1b\\[[0-9;]*m", "", event["stdout"]).strip() for _moment, event in lines]
    assert re.fullmatch(f"{NAME}: waiting up to 1h00m", told[0])
    assert re.fullmatch(rf"{NAME} running \d+s: 0 of 1 tasks done, 1 running", told[1])
    # The run takes 50 seconds: what is told after 30 of them was not held back until the end.
    assert ended - lines[0][0] > 30
    assert ended - lines[1][0] > 2


@pytest.mark.once
def test_loops_delegation_check_mode_and_async(tmp_path: Path) -> None:
    module = "dagops.airflow.airflow_dag_run"
    python = {"ansible_python_interpreter": sys.executable, "ansible_connection": "local"}
    # Of the home folder Ansible has two opinions where HOME is not that of the user.
    folder = {"ansible_async_dir": str(tmp_path / "async")}
    in_background = {"async": 120, "poll": 1, "register": "background", "vars": folder}
    tasks = [
        {"ansible.builtin.add_host": {"name": "other", **python}},
        {"name": "in a loop", module: {"dag_id": "{{ item }}"}, "loop": ["ok", "ok"], "delegate_to": "other"},
        {"name": "in check mode", module: {"dag_id": "ok"}, "check_mode": True},
        {"name": "in the background", module: {"dag_id": "ok"}, **in_background},
        {"name": "in secret", module: {"dag_id": "ok", "secret_conf": {"k": "needle-5b1d"}}, "no_log": True},
        {"name": "in silence", module: {"dag_id": "ok", "progress": False}},
        {"ansible.builtin.debug": {"msg": "END {{ background.dag_run.state }}"}},
    ]
    played = play(tmp_path, tasks, "-v")
    assert played.status == 0, played.output
    sections = dict(re.findall(r"TASK \[(in [\w ]+)\][^\n]*\n(.*?)(?=\nTASK|\Z)", played.output, re.S))
    line = re.compile(r"^localhost: ok / \S+: waiting up to 1h00m$", re.MULTILINE)
    assert {name: len(line.findall(text)) for name, text in sections.items()} == {
        "in a loop": 2,
        "in check mode": 0,
        "in the background": 0,
        "in secret": 0,
        "in silence": 0,
    }
    assert "END success" in played.output
    assert "needle-5b1d" not in played.output


# The same on both: once is enough for what takes so long.
@pytest.mark.generation("v2")
def test_secrets_stay_hidden_when_lines_are_printed(tmp_path: Path) -> None:
    """The run writes them into its log and into the reason of its failure."""
    secret = f"needle-{uuid.uuid4().hex}"
    run = {"dag_id": "tells_conf", "conf": {"seconds": 36}, "secret_conf": {"k": secret}}
    played = play(tmp_path, [{"dagops.airflow.airflow_dag_run": run}], "-vv")
    assert played.status != 0
    assert re.search(r"tells_conf / \S+ running \d+s: 0 of 1 tasks done", played.output)
    assert "this conf is of no use" in played.output
    assert secret not in played.output


@pytest.mark.once
def test_the_result_is_the_same_with_and_without(tmp_path: Path) -> None:
    results = []
    for progress in (True, False):
        run = {"dag_id": "ok", "dag_run_id": f"live_{uuid.uuid4().hex[:8]}", "progress": progress}
        results.append(result_of(tmp_path, "airflow_dag_run", run))
    with_it, without = results
    assert set(with_it) == set(without)
    assert with_it["changed"] is without["changed"] is True
    assert with_it["dag_run"]["state"] == without["dag_run"]["state"] == "success"
