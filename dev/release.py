# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold before a version is published: its changelog, and the artifact, installed and used by itself."""

from __future__ import annotations

import re
import shutil
import tarfile

import nox
import servers
from workshop import CACHE, NAME, NAMESPACE, ROOT, copied, environment, files, run

from airflow_server import Problem

ARTIFACT = CACHE / "release"
# Only for people who develop the collection.
FOREIGN = (
    ".ci/",
    ".github/",
    "antsibull-nox.toml",
    "changelogs/fragments/",
    "dev/",
    "noxfile.py",
    "tests/",
    "Makefile",
    "pyproject.toml",
)


def check(session: nox.Session) -> None:
    """Check the changelog, build the artifact into .cache/release, and run the demo's playbook from it alone."""
    found = re.search(r"^version: (\S+)$", (ROOT / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise Problem("galaxy.yml has no version.")
    changelog(found.group(1))
    artifact(session, found.group(1))


def changelog(version: str) -> None:
    """The version has been released in the changelog, and no fragment is left."""
    text = (ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8")
    if not re.search(rf"^  {re.escape(version)}:$", text, re.MULTILINE):
        raise Problem(f"changelogs/changelog.yaml has no version {version}: run antsibull-changelog release.")
    fragments = [file.name for file in files() if file.parts[:2] == ("changelogs", "fragments")]
    if fragments:
        raise Problem(f"Fragments are left, which the next version would tell of again: {', '.join(fragments)}.")


def artifact(session: nox.Session, version: str) -> None:
    """Build the artifact, install it where nothing else is, and run the demo's playbook from there."""
    shutil.rmtree(ARTIFACT, ignore_errors=True)
    installed = ARTIFACT / "installed"
    env = environment(session, ANSIBLE_COLLECTIONS_PATH=installed)
    galaxy = ["ansible-galaxy", "collection"]
    with copied("release") as root:
        run(session, [*galaxy, "build", "--output-path", ARTIFACT], env, root)
    file = ARTIFACT / f"{NAMESPACE}-{NAME}-{version}.tar.gz"
    with tarfile.open(file) as archive:
        foreign = [name for name in archive.getnames() if name.startswith(FOREIGN)]
    if foreign:
        raise Problem(f"The artifact holds what only developers need: {', '.join(foreign[:5])}.")
    run(session, [*galaxy, "install", "--offline", file], env, ARTIFACT)
    with servers.server(session, servers.demo_version()) as airflow:
        env = servers.play_env(session, airflow, installed)
        listed = run(session, [*galaxy, "list", f"{NAMESPACE}.{NAME}"], env)
        problems = servers.both_ends(session, env)
    if str(installed / "ansible_collections") not in listed:
        problems.append(f"Ansible does not take the collection from {installed}.")
    if problems:
        raise Problem(" ".join(problems))
    session.log(f"{file.relative_to(ROOT)} is ready to be published.")
