# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: by ansible-runner, from a private data dir that is filled in AWX's manner."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner
import yaml
from ansible_collections.dagops.airflow.tests.unit.awx import injected

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = {
    "all": {"hosts": ["localhost"]},
    "_meta": {
        "hostvars": {
            "localhost": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            }
        }
    },
}


@dataclass
class Job:
    """A job that has ended: its status in AWX's words, and the events that AWX keeps."""

    status: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that is stored of it."""
        return json.dumps(self.events, ensure_ascii=False)

    @property
    def stdout(self) -> str:
        """What the job's page shows, without colours and with even white space."""
        text = "\n".join(event.get("stdout", "") for event in self.events)
        return " ".join(re.sub("\x1b\\[[0-9;]*m", "", text).split())

    def artifacts(self) -> dict[str, Any]:
        """What the next nodes of a workflow get as variables."""
        found: list[dict[str, Any]] = [
            event["event_data"].get("artifact_data", {})
            for event in self.events
            if event["event"] == "playbook_on_stats"
        ]
        return found[0] if found else {}

    def results(self, kind: str, task: str) -> list[dict[str, Any]]:
        """Results of the task, of events of that kind: C(runner_on_failed)."""
        return [
            event["event_data"]["res"]
            for event in self.events
            if event["event"] == kind and event["event_data"].get("task", "").startswith(task)
        ]


def run(
    folder: Path,
    playbook: str,
    python: str,
    credential: Mapping[str, Any],
    variables: Mapping[str, Any],
    cancelled: Callable[[], bool] = lambda: False,
) -> Job:
    """Run a playbook of the example project.

    :param python: that of the ansible-core to use.
    :param credential: inputs of a credential of the type "Airflow API".
    :param variables: survey answers, artifacts, and what AWX tells of the job.
    :param cancelled: asked every few seconds whether somebody has cancelled the job.
    """
    shutil.copytree(ROOT / "examples" / "awx_project", folder / "project")
    for name in ("inventory", "env"):
        (folder / name).mkdir()
    hosts = folder / "inventory" / "hosts"
    hosts.write_text(f"#!/bin/sh\ncat <<'EOF'\n{json.dumps(INVENTORY)}\nEOF\n", encoding="utf-8")
    hosts.chmod(stat.S_IRWXU)
    (folder / "env" / "extravars").write_text(extra_vars(variables), encoding="utf-8")
    # ansible-runner turns the values of a file into texts, and so does AWX before.
    envvars = {**environment(folder, python), **injected(dict(credential), folder / "env")}
    (folder / "env" / "envvars").write_text(yaml.safe_dump(envvars), encoding="utf-8")
    (folder / "env" / "settings").write_text(yaml.safe_dump({"suppress_output_file": True}), encoding="utf-8")
    job = Job()
    with no_process_left(folder):
        runner = ansible_runner.run(
            private_data_dir=str(folder),
            playbook=f"{playbook}.yml",
            quiet=True,
            event_handler=job.events.append,
            cancel_callback=cancelled,
        )
    job.status = runner.status
    return job


def environment(folder: Path, python: str) -> dict[str, str]:
    """What AWX puts into the environment of any job, and the ansible-core to use."""
    path = os.pathsep.join([str(Path(python).parent), os.environ["PATH"]])
    return {
        "PATH": path,
        "JOB_ID": "1",
        "INVENTORY_ID": "1",
        "PROJECT_REVISION": "4f2a",
        "MAX_EVENT_RES": "700000",
        "AWX_HOST": "https://towerhost",
        "AWX_PRIVATE_DATA_DIR": str(folder),
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_FORCE_COLOR": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    }


def extra_vars(variables: Mapping[str, Any]) -> str:
    """Variables as AWX writes them: each text is marked unsafe and quoted."""

    class Unsafe(yaml.SafeDumper):
        """Of texts."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    Unsafe.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text, style="'"))
    return "".join(yaml.dump({name: value}, Dumper=Unsafe, allow_unicode=True) for name, value in variables.items())


@contextlib.contextmanager
def no_process_left(folder: Path) -> Iterator[None]:
    """Kill, by their ids, the modules that a job leaves behind when it is cancelled outside of a container.

    From ansible-core 2.19 on each task has a session of its own, which a kill of the job does not reach. In AWX the
    container's end is theirs.
    """
    try:
        yield
    finally:
        mark = f"AWX_PRIVATE_DATA_DIR={folder}\0".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes() + b"\0":
                    os.kill(int(process.name), signal.SIGKILL)
