# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure takes along of the work that was done before it."""

from __future__ import annotations

import contextlib
import typing as t

from .._airflow.airflow import Object
from .._base.errors import AirflowError
from .._base.state import joined
from .wording import shown


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
