# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact that users install: what Galaxy says of it, and whether a version can be published."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import nox
import servers
from program import status_of
from workshop import CACHE, NAME, NAMESPACE, ROOT, copied, files

from airflow_server import Problem

IMPORTER = "[galaxy-importer]\nRUN_ANSIBLE_DOC=True\nRUN_ANSIBLE_LINT=False\nRUN_ANSIBLE_TEST=False\nRUN_FLAKE8=False\n"
# Only for people who develop the collection.
FOREIGN = (
    *(".ci/", ".github/", "changelogs/fragments/", "dev/", "tests/"),
    *("antsibull-nox.toml", "noxfile.py", "Makefile", "pyproject.toml"),
)


def installed(session: nox.Session, folder: Path) -> Path:
    """Build the artifact in FOLDER, which is emptied, install it into FOLDER/installed, and return the artifact."""
    shutil.rmtree(folder, ignore_errors=True)
    galaxy = ["ansible-galaxy", "collection"]
    with copied(session.name) as root, session.chdir(root):
        session.run(*galaxy, "build", "--output-path", folder)
    file = next(folder.glob("*.tar.gz"))
    with tarfile.open(file) as archive:
        foreign = [name for name in archive.getnames() if name.startswith(FOREIGN)]
    if foreign:
        raise Problem(f"The artifact holds what only developers need: {', '.join(foreign[:5])}.")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(folder / "installed")}
    session.run(*galaxy, "install", "--offline", file, env=env)
    return file


def import_check(session: nox.Session) -> None:
    """Build the artifact, install it into an empty folder, and let Galaxy's own importer look at it."""
    folder = CACHE / "galaxy"
    file = installed(session, folder)
    config = folder / "importer.cfg"
    config.write_text(IMPORTER, encoding="utf-8")
    env = {"GALAXY_IMPORTER_CONFIG": str(config)}
    with session.chdir(folder):
        said = session.run("python", "-m", "galaxy_importer.main", file, env=env, silent=True) or ""
    complaints = re.findall(r"^(?:ERROR|WARNING).*", said, re.MULTILINE)
    if complaints:
        raise Problem("galaxy-importer has complaints: " + "; ".join(complaints))


def release_check(session: nox.Session) -> None:
    """Check the changelog, build the artifact into .cache/release, and run the demo's playbook from it alone."""
    changelog()
    folder = CACHE / "release"
    file = installed(session, folder)
    with servers.server(session, servers.demo_version()) as airflow:
        env = servers.play_env(session, airflow, folder / "installed")
        listed = status_of(session, ["ansible-galaxy", "collection", "list", f"{NAMESPACE}.{NAME}"], env)[1]
        problems = servers.both_ends(session, env)
    if str(folder / "installed" / "ansible_collections") not in listed:
        problems.append(f"Ansible does not take the collection from {folder}.")
    if problems:
        raise Problem(" ".join(problems))
    session.log(f"{file.relative_to(ROOT)} is ready to be published.")


def changelog() -> None:
    """The version of galaxy.yml has been released in the changelog, and no fragment is left."""
    version = re.findall(r"^version: (\S+)$", (ROOT / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)[0]
    text = (ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8")
    if not re.search(rf"^  {re.escape(version)}:$", text, re.MULTILINE):
        raise Problem(f"changelogs/changelog.yaml has no version {version}: run `nox -s changelog-check -- release`.")
    fragments = [file.name for file in files() if file.parts[:2] == ("changelogs", "fragments")]
    if fragments:
        raise Problem(f"Fragments are left, which the next version would tell of again: {', '.join(fragments)}.")
