# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was changed of a run: for its diff, and for a failure that comes after the change."""

from __future__ import annotations

import contextlib
import typing as t

from .._airflow.airflow import Object
from .._base.errors import AirflowError
from .._base.state import diff, joined
from .wording import run_name, shown


@contextlib.contextmanager
def carrying(run: Object, changed: bool, changes_made: Object | None = None) -> t.Iterator[None]:
    """Let every failure inside of this block carry the run and the diff, so that a rescue block can go on with it."""
    try:
        yield
    except AirflowError as error:
        error.details.setdefault("dag_run", shown(run))
        error.details.setdefault("changed", changed)
        diffs = [one for one in (changes_made, error.details.get("diff")) if one]
        error.details["diff"] = joined(*diffs) if diffs else {}
        raise


def run_diff(run: Object, before: str | None, after: str | None, unpause: bool = False) -> Object:
    """Return the diff of a run's state and of its DAG.

    :param before: None: there was no run.
    :param after: None: the run stays as it is.
    """
    objects: dict[str, tuple[Object, Object]] = {}
    if after:
        objects[f"DAG run {run_name(run)}"] = ({"state": before} if before else {}, {"state": after})
    if unpause:
        objects[f"DAG {run['dag_id']}"] = ({"is_paused": True}, {"is_paused": False})
    return diff(objects)
