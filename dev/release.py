# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold before a version is published: its changelog, and the artifact, installed and used by itself."""

from __future__ import annotations

import re
import shutil
import tarfile

import processes
import servers
import steps
import tree
import venvs
from paths import CACHE, NAME, NAMESPACE, ROOT
from processes import Command
from steps import Failed, Report, Step

ARTIFACT = CACHE / "release"
# Only for people who develop the collection.
FOREIGN = (".ci/", ".github/", "changelogs/fragments/", "dev/", "tests/", "Makefile", "pyproject.toml")


def check() -> int:
    """Check the changelog and the artifact, which stays in .cache/release."""
    return steps.run_all([Step("changelog", changelog), Step("artifact", artifact)], workers=1)


def version() -> str:
    """The version in galaxy.yml."""
    found = re.search(r"^version: (\S+)$", (ROOT / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise Failed("galaxy.yml has no version")
    return found.group(1)


def changelog(report: Report) -> None:
    """The version has been released in the changelog, and no fragment is left."""
    text = (ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8")
    if not re.search(rf"^  {re.escape(version())}:$", text, re.MULTILINE):
        raise Failed(f"changelogs/changelog.yaml has no version {version()}: run antsibull-changelog release")
    fragments = [file.name for file in tree.files() if file.parts[:2] == ("changelogs", "fragments")]
    if fragments:
        raise Failed(f"fragments are left, which the next version would tell of again: {', '.join(fragments)}")
    report.closing = [f"version {version()}"]


def artifact(report: Report) -> None:
    """Build the artifact, install it where nothing else is, and run the demo's playbook from there."""
    shutil.rmtree(ARTIFACT, ignore_errors=True)
    installed = ARTIFACT / "installed"
    venv = venvs.core()
    env = venv.env(ANSIBLE_COLLECTIONS_PATH=installed, ANSIBLE_HOME=CACHE / "ansible")
    galaxy: Command = [venv.bin / "ansible-galaxy", "collection"]
    with tree.copied("release") as root:
        report.run([*galaxy, "build", "--output-path", ARTIFACT], env, root)
    file = ARTIFACT / f"{NAMESPACE}-{NAME}-{version()}.tar.gz"
    with tarfile.open(file) as archive:
        foreign = [name for name in archive.getnames() if name.startswith(FOREIGN)]
    if foreign:
        raise Failed(f"the artifact holds what only developers need: {', '.join(foreign[:5])}")
    report.run([*galaxy, "install", "--offline", file], env, ARTIFACT)
    name = servers.demo_version()
    with servers.server(name) as airflow:
        env = servers.play_env(venv, airflow, installed)
        place = installed / "ansible_collections" / NAMESPACE / NAME
        _status, listed = processes.shown([*galaxy, "list", f"{NAMESPACE}.{NAME}"], env)
        problems = servers.both_ends(venv, env)
        if str(place.parents[1]) not in listed:
            problems.append(f"Ansible does not take the collection from {place}.")
    if problems:
        raise Failed(" ".join(problems))
    report.closing = [str(file.relative_to(ROOT))]
