# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a write that may have been carried out although its answer got lost."""

from __future__ import annotations


def lost(what: str, look: str, again: str = "repeating the task") -> str:
    """Return the sentence about a write that may be repeated: it sets a value, or finds at once that it is done.

    :param what: what may have been done, such as C(pool etl was changed).
    :param look: what shows it, such as C(airflow_pool_info).
    :param again: what does the same once more. Who reads it may have run a task that does more than this.
    """
    return f"Whether {what} is not known; {look} shows it, and {again} does no harm."
