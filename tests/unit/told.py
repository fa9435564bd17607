# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide to the playbooks tells about each of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_playbooks.rst"
# A title with its line of dashes, and all up to the next one.
SECTION = re.compile(r"^(\w+)\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(GUIDE.read_text(encoding="utf-8")))


def variables_of(playbook: str) -> set[str]:
    """The variables that the guide defines."""
    terms = re.findall(r"^(``airflow_\w+``(?:, ``airflow_\w+``)*)\n   \S", SECTIONS[playbook], re.MULTILINE)
    return set(re.findall(r"airflow_\w+", " ".join(terms)))
