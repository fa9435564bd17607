# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection with one module more, the playbooks that use it, and what comes out of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
MODULE = "dagops.airflow.airflow_probe"
Task = t.Dict[str, t.Any]


class House:
    """A collections path in FOLDER; its collection is the checkout, and the module C(airflow_probe)."""

    def __init__(self, folder: Path, environment: t.Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        collection = folder / "ansible_collections" / "dagops" / "airflow"
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("plugins", "meta"):
            shutil.copytree(ROOT / part, collection / part, ignore=ignored)
        module = "#!/usr/bin/python\n" + (HERE / "probe.py").read_text(encoding="utf-8")
        (collection / "plugins" / "modules" / "airflow_probe.py").write_text(module, encoding="utf-8")
        action = (ROOT / "plugins" / "action" / "airflow_info.py").read_text(encoding="utf-8")
        probe = action.replace("airflow_info", "airflow_probe")
        (collection / "plugins" / "action" / "airflow_probe.py").write_text(probe, encoding="utf-8")
        group = collection / "meta" / "runtime.yml"
        group.write_text(group.read_text(encoding="utf-8") + "    - airflow_probe\n", encoding="utf-8")
        (folder / "callbacks").mkdir(parents=True)
        shutil.copy(HERE / "results.py", folder / "callbacks")

    def start(
        self, name: str, plays: t.Sequence[Task], *options: str, verbosity: str = "-vvv", **variables: str
    ) -> subprocess.Popen[str]:
        """Start a playbook in a folder of its own; its output goes to output.txt there."""
        folder = self.folder / name
        folder.mkdir()
        # JSON is YAML.
        (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "ANSIBLE"))}
        settings = {
            "ANSIBLE_CALLBACK_PLUGINS": str(self.folder / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "TOLD_RESULTS": str(folder / "results.jsonl"),
        }
        program = str(Path(sys.executable).parent / "ansible-playbook")
        with (folder / "output.txt").open("w", encoding="utf-8") as output:
            return subprocess.Popen(
                [program, str(folder / "play.yml"), verbosity, *options],
                env={**inherited, **self.environment, **settings, **variables},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                # A shell has what it runs in the background ignore it, and children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )

    def output(self, name: str) -> str:
        return (self.folder / name / "output.txt").read_text(encoding="utf-8")

    def results(self, name: str) -> list[Task]:
        """What the callback has written down."""
        path = self.folder / name / "results.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def probe(*does: str, **options: t.Any) -> Task:
    """A task with the module."""
    return {MODULE: {"does": list(does), **options}}


def play(*tasks: Task, **more: t.Any) -> Task:
    header = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    return {**header, "tasks": list(tasks), **more}
