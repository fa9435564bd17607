# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode takes for there, since a task before may be the one that would make it."""

from __future__ import annotations

GOES_ON = "check mode goes on as if a task before had"


def foreseen(message: str, done: str = "made it") -> str:
    """Return the warning about what does not exist, from the sentence that is the failure outside of check mode.

    :param done: what a task before may have done.
    """
    what = message.partition(";")[0].rstrip(".")
    return f"{what.replace(', so nothing was changed', '')}; {GOES_ON} {done}."
