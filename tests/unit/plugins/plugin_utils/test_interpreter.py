# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node's own Python is that of its environment, however it is named."""

from __future__ import annotations

import sys
from pathlib import Path

import ansible.template
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.dagops.airflow.plugins.plugin_utils._interpreter import is_own, python_of

# Since ansible-core 2.19 a text is a template only where that is said of it.
trusted = getattr(ansible.template, "trust_as_template", str)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A binary, and two environments whose Pythons are links to it; the first is that of the control node."""
    binary = tmp_path / "usr" / "python3.13"
    for folder in ("usr", "own/bin", "other/bin"):
        (tmp_path / folder).mkdir(parents=True)
    binary.touch(mode=0o755)
    for environment in ("own", "other"):
        (tmp_path / environment / "bin" / "python").symlink_to(binary)
        (tmp_path / environment / "bin" / "python3").symlink_to("python")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "own" / "bin" / "python"))
    return tmp_path


@pytest.mark.parametrize("chosen", ["own/bin/python", "own/bin/python3", "own/bin/../bin/python"])
def test_the_same_environment(own: Path, chosen: str) -> None:
    assert is_own(str(own / chosen))


def test_the_same_environment_by_another_path(own: Path) -> None:
    (own / "link").symlink_to("own")
    assert is_own(str(own / "link" / "bin" / "python"))


@pytest.mark.parametrize("chosen", ["other/bin/python", "usr/python3.13", "own/bin/no-such-python", "own/bin"])
def test_another_environment(own: Path, chosen: str) -> None:
    assert not is_own(str(own / chosen))


def test_a_link_to_it_from_elsewhere_is_another_one(own: Path) -> None:
    (own / "python").symlink_to("own/bin/python")
    assert not is_own(str(own / "python"))


def test_another_binary_of_the_same_folder(own: Path) -> None:
    (own / "own" / "bin" / "pypy").touch(mode=0o755)
    assert not is_own(str(own / "own" / "bin" / "pypy"))


def test_a_name_is_looked_up_as_a_shell_does(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{own}/own/bin:{own}/other/bin")
    assert is_own("python3")
    monkeypatch.setenv("PATH", f"{own}/other/bin:{own}/own/bin")
    assert not is_own("python3")


def test_a_python_that_does_not_know_where_it_is(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    assert not is_own(str(own / "own" / "bin" / "python"))


@pytest.mark.parametrize("given", ["{{ ansible_playbook_python }}", " {{ ansible_playbook_python }}\n"])
def test_a_template_of_the_inventory(given: str) -> None:
    templar = ansible.template.Templar(DataLoader(), variables={"ansible_playbook_python": "/own/python"})
    assert python_of(None, {"ansible_python_interpreter": trusted(given)}, templar) == "/own/python"
