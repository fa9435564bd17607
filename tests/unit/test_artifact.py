# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tools leave behind in a checkout stays out of the artifact, as it stays out of git."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD_IGNORE = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
GIT_IGNORE = [
    line.strip("/")
    for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    # What has no place of its own is compiled Python, which ansible-galaxy leaves out by itself.
    if line.startswith("/")
]


def test_there_are_some():
    assert len(GIT_IGNORE) > 10


@pytest.mark.parametrize("path", GIT_IGNORE)
def test_what_git_ignores_is_not_in_the_artifact(path):
    above = [path, *(str(folder) for folder in Path(path).parents)]
    assert any(fnmatch(name, pattern) for name in above for pattern in BUILD_IGNORE)
