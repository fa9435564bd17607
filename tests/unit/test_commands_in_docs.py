# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that the documentation names are there: playbooks with their variables, make, nox."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.unit.told import SECTIONS, variables_of

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = ("*.md", "docs/**/*.md", "docs/**/*.rst", "roles/*/README.md", "examples/**/*.md", "playbooks/*.yml")
TEXTS = {
    str(file.relative_to(ROOT)): re.sub(r"\\\n#?\s*", " ", file.read_text(encoding="utf-8"))
    for pattern in PATTERNS
    for file in sorted(ROOT.glob(pattern))
}
PLAYED = [
    (place, name, arguments)
    for place, text in TEXTS.items()
    for name, arguments in re.findall(r"ansible-playbook dagops\.airflow\.(\w+)([^\n]*)", text)
]
MADE = [
    (place, command)
    for place, text in TEXTS.items()
    for command in re.findall(r"(?<=`)make ([a-z-]+)(?=[` ])", text)
    if f"make {command}`" in text
]
SESSIONS = [
    (place, session) for place, text in TEXTS.items() for session in re.findall(r"nox (?:-s|--session) ([\w.-]+)", text)
]


@pytest.mark.parametrize(("place", "name", "arguments"), PLAYED)
def test_a_playbook_is_there_and_the_guide_tells_its_variables(place, name, arguments):
    assert (ROOT / "playbooks" / f"{name}.yml").is_file()
    for variable in re.findall(r"""-e '?\{?"?(airflow_\w+)""", arguments):
        assert variable in variables_of(name), f"{place}: {variable} is none of its variables"


@pytest.mark.parametrize("name", SECTIONS)
def test_a_playbook_reads_what_the_guide_tells(name):
    body = (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8").partition("\n- name:")[2]
    for file in re.findall(r"(?:vars_files: \[|include_tasks: )([\w/.]+)", body):
        body += (ROOT / "playbooks" / file).read_text(encoding="utf-8")
    assert variables_of(name)
    for variable in variables_of(name):
        assert re.search(rf"(?<![\w./]){variable}\b", body), f"{variable} is none of its variables"


@pytest.mark.parametrize(("place", "command"), MADE)
def test_a_command_is_there(place, command):
    named = re.findall(r"^(?:\.PHONY:|\w+ =) (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert command in " ".join(named).split(), place


@pytest.mark.parametrize(("place", "session"), SESSIONS)
def test_a_session_is_there(place, session):
    added = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    of_antsibull = (ROOT / "dev" / "beside.py").read_text(encoding="utf-8")
    # Names that end with a version are made in loops.
    kind = session.rpartition("-")[0]
    wanted = f'"{session}"', f'f"{kind}-{{', f'on_server("{kind}", '
    assert any(words in added + of_antsibull for words in wanted), place


def test_there_are_commands():
    assert {place for place, _name, _arguments in PLAYED} >= {"README.md", "playbooks/run_dag.yml"}
    assert {"demo", "test", "release-check"} <= {command for _place, command in MADE}
    assert {"unit", "live-2.11"} <= {session for _place, session in SESSIONS}


DELEGATED = re.compile(r"^( *)delegate_to: airflow\.example\.com\n((?:\1[^\n-].*\n)*)", re.MULTILINE)


def test_what_is_copied_to_the_airflow_host_is_not_copied_as_on_the_control_node():
    files = [ROOT / "docs/docsite/rst/guide_deploy.rst", *(ROOT / "plugins/modules").glob("*.py")]
    found = [rest for file in files for _indent, rest in DELEGATED.findall(file.read_text(encoding="utf-8"))]
    assert len(found) == 5
    for rest in found:
        # It would inherit both from a play on localhost, and write there, or with a Python that is not there.
        assert "connection: ssh\n" in rest
        assert "ansible_python_interpreter: auto\n" in rest
