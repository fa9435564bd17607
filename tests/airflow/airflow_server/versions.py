# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of Airflow that can be started: one row here and one pair of files in requirements/ for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from airflow_server.common import REQUIREMENTS, Problem


@dataclass(frozen=True)
class Version:
    """One row of the table."""

    name: str
    airflow: str
    # The Pythons that its requirements file is made for; the first one that is found is used.
    pythons: tuple[str, ...]
    # Packages are taken as they were on this day, some days after that release came out.
    resolved: str
    # "fab" (users and roles in the database) or "simple" (users in the configuration).
    auth_manager: str = "fab"
    # All run on PostgreSQL with the LocalExecutor, see README.md.
    requirements_name: str = ""

    @property
    def is_v3(self) -> bool:
        return not self.airflow.startswith("2.")

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, for comparisons: (2, 11, 2)."""
        return tuple(int(part) for part in self.airflow.partition("b")[0].split("."))

    @property
    def is_beta(self) -> bool:
        """Whether it is still to come: what fails on it is told, and fails no run of the tests."""
        return "b" in self.airflow

    @property
    def requirements(self) -> Path:
        return REQUIREMENTS / f"{self.requirements_name or self.name}.txt"


_ROWS = (
    Version("2.3", "2.3.4", ("3.10", "3.9", "3.8"), "2022-09-15"),
    Version("2.6", "2.6.3", ("3.11", "3.10", "3.9", "3.8"), "2023-07-31"),
    Version("2.8", "2.8.4", ("3.11", "3.10", "3.9"), "2024-04-15"),
    Version("2.10", "2.10.5", ("3.12", "3.11", "3.10", "3.9"), "2025-02-28"),
    Version("2.11", "2.11.2", ("3.12", "3.11", "3.10"), "2026-03-31"),
    Version("3.0", "3.0.6", ("3.12", "3.11", "3.10"), "2025-09-30"),
    Version("3.1", "3.1.8", ("3.13", "3.12", "3.11", "3.10"), "2026-03-31"),
    Version("3.2", "3.2.2", ("3.13", "3.12", "3.11", "3.10"), "2026-06-10"),
    Version("3.3", "3.3.2", ("3.13", "3.12", "3.11", "3.14"), "2026-10-31"),
    Version("3.4", "3.4.0b2", ("3.13", "3.12", "3.11", "3.14"), "2026-10-31"),
    Version("3.3-simple", "3.3.2", ("3.13", "3.12", "3.11", "3.14"), "2026-10-31", "simple", "3.3"),
)
VERSIONS = {row.name: row for row in _ROWS}


def version(name: str) -> Version:
    """The row called NAME."""
    if name not in VERSIONS:
        raise Problem(f"There is no Airflow '{name}' in the table of versions: use one of {', '.join(VERSIONS)}.")
    return VERSIONS[name]
