# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that tell how far a wait has come. Where they go, if anywhere, is the business of C(Airflow.say)."""

from __future__ import annotations

from .._airflow.airflow import Airflow, silent
from .._base.text import one_line

SILENCE = 300.0  # seconds after which a line is printed although nothing has changed: AWX may end silent jobs
LONGEST_LINE = 600  # characters


class Progress:
    """What one wait tells.

    :param wanted: the option C(progress); False: nothing is told.
    :ivar wanted: whether somebody reads it; only then is anything asked of Airflow for it.
    """

    def __init__(self, airflow: Airflow, wanted: bool) -> None:
        self._airflow = airflow
        self.wanted = wanted and airflow.say is not silent
        self._said = ""
        self._at = airflow.clock.now()

    def tell(self, text: str, key: str = "") -> None:
        """Print a line when it says something new, and now and then when it does not.

        :param key: what makes the line a new one, in place of its text, which may hold a time.
        """
        now = self._airflow.clock.now()
        if self.wanted and ((key or text) != self._said or now - self._at >= SILENCE):
            self._airflow.say(one_line(text, LONGEST_LINE))
            self._said, self._at = key or text, now
