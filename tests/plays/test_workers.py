# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's processes: what tasks find in them, show from them, and leave of them."""

from __future__ import annotations

import os
import signal
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.plays.house import House, play, probe
from ansible_collections.dagops.airflow.tests.plays.little_airflow import LittleAirflow

LOOP = {"loop": [1, 2, 3, 4]}
HERE = "dagops.airflow.airflow_probe runs in the process of the task."


@pytest.fixture
def house(tmp_path: Path) -> t.Iterator[House]:
    with LittleAirflow("etl") as airflow:
        yield House(tmp_path / "house", airflow.environment)


def test_workers_inherit_what_is_imported_and_keep_nothing_open(house: House, tmp_path: Path) -> None:
    process = house.start("play", [play({**probe("descriptors", file=str(tmp_path / "open")), **LOOP})])
    assert process.wait(120) == 0, house.output("play")
    assert house.results("play")[-1] == {"event": "end", "task": "", "inherited": [True, True]}
    seen = (tmp_path / "open").read_text(encoding="utf-8").splitlines()
    assert len(seen) == 4
    assert len(set(seen)) == 1, "another process for each item, or something stays open"


def test_lines_of_progress(house: House) -> None:
    quiet = [{**probe("progress"), "check_mode": True}, {**probe("progress"), "no_log": True}]
    process = house.start("play", [play({"name": "loud", **probe("progress")}, *quiet)], verbosity="-v")
    assert process.wait(120) == 0, house.output("play")
    output = house.output("play")
    assert output.count("localhost: half of it is done") == 1
    assert (
        output.index("TASK [loud]")
        < output.index("localhost: half of it is done")
        < output.index("changed: [localhost]")
    )


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_many_hosts_at_a_time(house: House, strategy: str) -> None:
    hosts = [f"host{number}" for number in range(8)]
    tasks = [probe("warn", text="{{ inventory_hostname }}"), {**probe(), "throttle": 1}, {**probe(), "run_once": True}]
    plays = [play(*tasks, hosts="all", strategy=strategy)]
    process = house.start("play", plays, "--inventory", ",".join(hosts), "--forks", "50")
    assert process.wait(180) == 0, house.output("play")
    results = [one["result"] for one in house.results("play") if one["event"] == "ok"]
    said = [one["given"]["text"] for one in results if one.get("warnings")]
    assert sorted(said) == hosts
    once = len(hosts) if strategy != "linear" else 1
    assert house.output("play").count(HERE) == 2 * len(hosts) + once


@pytest.mark.parametrize(("here", "logins"), [("true", 2), ("false", 5)])
def test_tasks_share_what_a_login_has_got(tmp_path: Path, here: str, logins: int) -> None:
    """In the processes of Ansible only; and no other password than the one that was taken."""
    look = {"dagops.airflow.airflow_dag": {"dag_id": "etl", "paused": False}}
    other = {"dagops.airflow.airflow_dag": {"dag_id": "etl", "paused": False, "api_password": "other-pa55word"}}
    with LittleAirflow("etl") as airflow:
        known = {"AIRFLOW_API_TOKEN": "", "AIRFLOW_API_USERNAME": "deploy", "AIRFLOW_API_PASSWORD": "its-pa55word"}
        house = House(tmp_path / "house", {**airflow.environment, **known})
        process = house.start(
            "play", [play({**look, "loop": [1, 2]}, look, other, look)], DAGOPS_AIRFLOW_IN_PROCESS=here
        )
        assert process.wait(120) == 0, house.output("play")
        assert len(airflow.logins) == logins
        assert set(airflow.logins) == {("deploy", "its-pa55word"), ("deploy", "other-pa55word")}


@pytest.mark.parametrize("whom", ["the group, as a terminal does", "Ansible alone"])
def test_an_interrupt_ends_the_module(house: House, tmp_path: Path, whom: str) -> None:
    told = tmp_path / "pid"
    process = house.start("play", [play(probe("wait", file=str(told)))])
    until(lambda: told.is_file() and told.read_text(encoding="utf-8") != "")
    worker = int(told.read_text(encoding="utf-8"))
    begun = time.monotonic()
    if whom == "Ansible alone":
        os.kill(process.pid, signal.SIGINT)
    else:
        os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) != 0
    until(lambda: not runs(worker))
    assert time.monotonic() - begun < 30, "it has waited for the module's own end"
    assert HERE in house.output("play")


def until(come: t.Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not come():
        assert time.monotonic() < end
        time.sleep(0.05)


def runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
