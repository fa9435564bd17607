# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether enable_api sees the webserver's environment, which overrides airflow.cfg, and says so when it does not."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import TASKS, play

NOT_SEEN = "Whether an environment variable such as AIRFLOW__API__AUTH_BACKENDS overrides {} could not be seen"
Found = t.Tuple[str, t.List[str]]


@pytest.fixture
def look(tmp_path: Path) -> t.Iterator[t.Callable[..., Found]]:
    """Starts something that looks like a webserver with this environment, and lets the role look at it."""
    started: list[subprocess.Popen[bytes]] = []

    def look(*, hidden: bool = False, **env: str) -> Found:
        if env:
            command = [
                sys.executable,
                "-c",
                "print(flush=True); import time; time.sleep(600)",
                "/opt/bin/airflow",
                "webserver",
            ]
            # A process without any environment looks as one whose environment is hidden.
            process = subprocess.Popen(command, env={} if hidden else env, stdout=subprocess.PIPE)
            started.append(process)
            assert process.stdout
            process.stdout.readline()
        config = str(tmp_path / "airflow.cfg")
        variables = {"__airflow_deploy_cfg": {"source": config}, "airflow_deploy_config": config}
        tasks = [
            {"ansible.builtin.include_tasks": str(TASKS / "look_at_environment.yml")},
            {
                "ansible.builtin.copy": {
                    "content": "{{ __airflow_deploy_overriding | join('\n') }}",
                    "dest": f"{tmp_path}/overriding",
                    "mode": "0600",
                }
            },
        ]
        played = play(tmp_path, tasks, **variables)
        assert played.status == 0, played.output
        return played.words, (tmp_path / "overriding").read_text(encoding="utf-8").splitlines()

    yield look
    for process in started:
        process.kill()
        process.communicate()


def test_a_webserver_that_runs_nowhere_is_told(look: t.Callable[..., Found], tmp_path: Path) -> None:
    words, overriding = look()
    assert NOT_SEEN.format(tmp_path / "airflow.cfg") in words
    assert "let the play become root or the webserver's user while it is running there, or look yourself." in words
    assert overriding == []


def test_an_environment_that_is_hidden_is_told(look: t.Callable[..., Found], tmp_path: Path) -> None:
    words, overriding = look(hidden=True, AIRFLOW_HOME=str(tmp_path))
    assert NOT_SEEN.format(tmp_path / "airflow.cfg") in words
    assert overriding == []


def test_the_webserver_of_another_airflow_does_not_count(look: t.Callable[..., Found], tmp_path: Path) -> None:
    words, overriding = look(AIRFLOW_HOME="/no/such/home", AIRFLOW__API__AUTH_BACKENDS="other")
    assert NOT_SEEN.format(tmp_path / "airflow.cfg") in words
    assert overriding == []


def test_nothing_is_said_of_an_environment_that_was_seen(look: t.Callable[..., Found], tmp_path: Path) -> None:
    words, overriding = look(AIRFLOW_HOME=str(tmp_path))
    assert "could not be seen" not in words
    assert overriding == []


def test_variables_are_found(look: t.Callable[..., Found], tmp_path: Path) -> None:
    words, overriding = look(AIRFLOW_HOME=f"{tmp_path}/", AIRFLOW__API__AUTH_BACKENDS="a,b")
    assert "could not be seen" not in words
    assert [line.partition(" ")[2] for line in overriding] == ["AIRFLOW__API__AUTH_BACKENDS=a,b"]
