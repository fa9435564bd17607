# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences about a maintenance window: which DAGs are paused or unpaused, and what its file holds."""

from __future__ import annotations

import typing as t

from .._base.text import first_few
from .paused_file import RESTORED


class Teller:
    """Tells what a task has done or, in check mode, would do.

    :param path: of the file with the list.
    """

    def __init__(self, path: str, check_mode: bool) -> None:
        self._path = path
        self._check_mode = check_mode

    def paused(self, dag_ids: t.Sequence[str], selected: t.Collection[t.Any]) -> str:
        """Say which DAGs are paused now and were not before."""
        return self._told("paused", dag_ids, "all selected DAGs are paused already" if selected else "none is selected")

    def unpaused(self, dag_ids: t.Sequence[str], noted: t.Sequence[str]) -> str:
        """Say which DAGs are unpaused now and were not before."""
        return self._told(
            "unpaused", dag_ids, "all DAGs of the list are unpaused already" if noted else "the list is empty"
        )

    def listed(self, dag_ids: t.Sequence[str], earlier: t.Sequence[str], is_new: bool) -> str:
        """Say where the list is, and what was in it before."""
        is_there = "would be" if is_new and self._check_mode else "is"
        if not dag_ids:
            return f"The list of the DAGs to unpause, in {self._path}, {is_there} empty."
        before = f", with {_counted(earlier)} from before: {first_few(earlier)}" if earlier else ""
        return f"The list of the DAGs to unpause {is_there} in {self._path}{before}."

    def put_away(self) -> str:
        """Say what the file is called after it was used."""
        return f"The file {'would be renamed to' if self._check_mode else 'is now'} {self._path}{RESTORED}."

    def used_before(self) -> str:
        """Say that there was nothing to do, since it is done."""
        done = "would be" if self._check_mode else "was"
        return f"The list in {self._path} was used before, so nothing {done} changed."

    def _told(self, state: str, dag_ids: t.Sequence[str], why_none: str) -> str:
        if not dag_ids:
            return f"No DAG {'would be' if self._check_mode else 'was'} {state}: {why_none}."
        done = "would be" if self._check_mode else "is" if len(dag_ids) == 1 else "are"
        return f"{_counted(dag_ids)} {done} {state}: {first_few(dag_ids)}."


def _counted(dag_ids: t.Sequence[str]) -> str:
    return f"{len(dag_ids)} {'DAG' if len(dag_ids) == 1 else 'DAGs'}"
