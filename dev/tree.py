# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection where Ansible's tools find it: below a folder named ansible_collections."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from paths import CACHE, NAME, NAMESPACE, ROOT, locked

from airflow_server import Problem


def git(*arguments: str | Path, cwd: Path = ROOT) -> str:
    """What git says."""
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"git failed in {cwd}, where a git checkout of the collection is needed: {done.stderr.strip()}")
    return done.stdout


def files() -> list[Path]:
    """What git tracks or would track, relative to the checkout: no caches, nothing that was deleted."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted({Path(name) for name in names if name and (ROOT / name).is_file()})


@contextlib.contextmanager
def copied(name: str) -> Iterator[Path]:
    """A fresh copy of the checkout in .cache/trees/NAME, as a git repository, for one user at a time.

    ansible-test resolves links, so it needs a real folder; it stays afterwards, for a look at what a tool left there.
    """
    home = CACHE / "trees" / name
    with locked(home):
        shutil.rmtree(home, ignore_errors=True)
        root = home / "ansible_collections" / NAMESPACE / NAME
        for file in files():
            target = root / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target)
        git("init", "--quiet", cwd=root)
        git("add", "--all", cwd=root)
        yield root


def linked() -> Path:
    """A collections path whose collection is the checkout itself, for whatever follows links: playbooks and pytest."""
    home = CACHE / "collections"
    link = home / "ansible_collections" / NAMESPACE / NAME
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        with contextlib.suppress(FileExistsError):
            link.symlink_to(ROOT)
    return home


def collections_path(root: Path) -> Path:
    """The folder that holds ansible_collections, for the collection at ROOT."""
    return root.parents[2]
