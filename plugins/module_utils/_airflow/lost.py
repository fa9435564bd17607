# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a write that may have been carried out although its answer got lost, or was done in part."""

from __future__ import annotations

import contextlib
import typing as t

from .._base.errors import AirflowError


def lost(what: str, look: str, again: str = "repeating the task") -> str:
    """Return the sentence about a write that may be repeated: it sets a value, or finds at once that it is done.

    :param what: what may have been done, such as C(pool etl was changed).
    :param look: what shows it, such as C(airflow_pool_info).
    :param again: what does the same once more. Who reads it may have run a task that does more than this.
    """
    return f"Whether {what} is not known; {look} shows it, and {again} does no harm."


@contextlib.contextmanager
def in_steps() -> t.Iterator[t.Callable[[str], None]]:
    """Let the error of a write in several steps tell what was done before: what was said last to what this yields.

    The result says then that something was changed, also where Airflow has refused the step. Of steps within steps the
    inner ones know better.
    """
    so_far = ""

    def done(sentence: str) -> None:
        nonlocal so_far
        so_far = sentence

    try:
        yield done
    except AirflowError as error:
        if so_far and not error.details.get("changed"):
            error.message += f" {so_far}"
            error.details["changed"] = True
        raise
