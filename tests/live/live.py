# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What live tests share: the server as they see it, and playbooks run as users run them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Airflow:
    """A running server: the variables that integration targets get, too."""

    variables: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.variables["airflow_api_url"]

    @property
    def username(self) -> str:
        return self.variables["airflow_api_username"]

    @property
    def password(self) -> str:
        return self.variables["airflow_api_password"]

    @property
    def name(self) -> str:
        """Its name in the harness: 2.11, 3.3, …"""
        return self.variables["airflow_server_name"]

    @property
    def generation(self) -> str:
        """v1 or v2: the API that it has."""
        return "v1" if self.name.startswith("2.") else "v2"


@dataclass(frozen=True)
class Played:
    """What a playbook came to."""

    status: int
    output: str

    @property
    def words(self) -> str:
        """The output with white space made even: Ansible breaks long lines."""
        return " ".join(self.output.split())

    def changed(self) -> int:
        """How many tasks have changed something, by the recap."""
        return sum(map(int, re.findall(r"\bchanged=(\d+)", self.output)))


def harness(airflow: Airflow, action: str, component: str) -> None:
    """Do something to a process of the shared server; a start returns when the server is healthy."""
    command = [*shlex.split(airflow.variables["airflow_component"]), action, component]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def play(folder: Path, tasks: Sequence[Mapping[str, Any]], *options: str, **env: str) -> Played:
    """Run TASKS on localhost as a playbook in FOLDER; the environment already names the shared server."""
    playbook = folder / "playbook.yml"
    header = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
    }
    # JSON is YAML.
    playbook.write_text(json.dumps([{**header, "tasks": list(tasks)}], indent=1), encoding="utf-8")
    return ansible_playbook(str(playbook), *options, cwd=folder, **env)


def ansible_playbook(playbook: str, *options: str, cwd: Path, python: str = sys.executable, **env: str) -> Played:
    """Run a playbook, which may be one of the collection's: C(dagops.airflow.run_dag).

    :param python: that of the ansible-core to use.
    """
    command = [str(Path(python).parent / "ansible-playbook"), playbook, *options]
    done = subprocess.run(
        command,
        env={**os.environ, **env},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Played(done.returncode, done.stdout)


def result_of(folder: Path, module: str, options: Mapping[str, Any], **env: str) -> dict[str, Any]:
    """Run one task of the collection and return its result, a failed one too."""
    answer = folder / "result.json"
    task = {f"dagops.airflow.{module}": dict(options), "register": "answer", "ignore_errors": True}
    copy = {"dest": str(answer), "content": "{{ answer | to_json }}", "mode": "0600"}
    played = play(folder, [task, {"ansible.builtin.copy": copy}], **env)
    assert played.status == 0, played.output
    result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return result
