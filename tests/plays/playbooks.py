# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files of the role, run on this machine as a part of a playbook, without any Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "airflow_deploy"
TASKS = ROLE / "tasks"
DEFAULTS: dict[str, t.Any] = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
ENTRY_POINTS: dict[str, dict[str, t.Any]] = yaml.safe_load(
    (ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
)["argument_specs"]
# The variables of all entry points.
SPECS: dict[str, dict[str, t.Any]] = {}
for entry_point in ENTRY_POINTS.values():
    SPECS.update(entry_point["options"])


class Played(t.NamedTuple):
    status: int
    output: str

    @property
    def words(self) -> str:
        """The output with white space made even: Ansible breaks long lines."""
        return " ".join(self.output.split())


def play(
    folder: Path,
    tasks: t.Sequence[t.Mapping[str, t.Any]],
    *options: str,
    plays_vars: t.Mapping[str, t.Any] | None = None,
    **variables: t.Any,
) -> Played:
    """Run TASKS in FOLDER with PLAYS_VARS, or else with the role's variables and defaults."""
    playbook = folder / "playbook.yml"
    header: dict[str, t.Any] = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": list(tasks),
    }
    if plays_vars is None:
        header["vars_files"] = [str(ROLE / "defaults" / "main.yml"), str(ROLE / "vars" / "main.yml")]
    else:
        header["vars"] = dict(plays_vars)
        # Filters that only playbooks of the collection have, which Ansible looks for next to them.
        filters = folder / "filter_plugins"
        if not filters.exists():
            filters.symlink_to(ROOT / "playbooks" / "filter_plugins")
    # JSON is YAML.
    playbook.write_text(json.dumps([header]), encoding="utf-8")
    return ansible_playbook(str(playbook), folder, *options, **variables)


def run_playbook(name: str, folder: Path, *options: str, **variables: t.Any) -> Played:
    """Run a playbook of the collection with FOLDER as the current folder."""
    return ansible_playbook(str(ROOT / "playbooks" / f"{name}.yml"), folder, *options, **variables)


def worked_out(
    folder: Path,
    cases: t.Mapping[str, tuple[t.Mapping[str, t.Any], str]],
    plays_vars: t.Mapping[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """What expressions come to, each with variables of its own, by one playbook: case -> (variables, expression)."""
    tasks: list[dict[str, t.Any]] = [
        {
            "ansible.builtin.set_fact": {"found": f"{{{{ found | default({{}}) | combine({{name: {wanted}}}) }}}}"},
            "vars": {**variables, "name": name},
        }
        for name, (variables, wanted) in cases.items()
    ]
    copy = {"content": "{{ found | to_json }}", "dest": f"{folder}/found.json", "mode": "0600"}
    played = play(folder, [*tasks, {"ansible.builtin.copy": copy}], plays_vars=plays_vars)
    assert played.status == 0, played.output
    found: dict[str, t.Any] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return found


def ansible_playbook(playbook: str, folder: Path, *options: str, **variables: t.Any) -> Played:
    """Run a playbook; VARIABLES go before all others."""
    settings = {
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    extra = ["--extra-vars", json.dumps(variables)]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), playbook, *extra, *options],
        env={**os.environ, **settings},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        check=False,
    )
    return Played(done.returncode, done.stdout)
