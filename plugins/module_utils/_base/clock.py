# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one clock, and the pauses between looks. It is handed in, so that no test sleeps."""

from __future__ import annotations

import time
import typing as t

T = t.TypeVar("T")
LOOK_SHARE = 0.05  # of the age of what is waited for: its end is seen within 5 % of its length
SHORTEST_PAUSE = 0.5  # seconds


class Clock:
    """Real time. Tests hand in one that only pretends to sleep."""

    def now(self) -> float:
        """Seconds on a clock that is never set back."""
        return time.monotonic()

    def utc(self) -> float:
        """Seconds since 1970, for times that are compared with Airflow's."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def wait_until(
    look: t.Callable[[], T],
    done: t.Callable[[T], bool],
    clock: Clock,
    timeout: float,
    interval: float,
    age: t.Callable[[T], float | None] = lambda seen: None,
) -> T:
    """Look again and again until C(done) or until C(timeout) seconds have passed, and return what was seen last.

    The caller asks C(done) once more to tell an end from a time-out. With C(timeout=0) it looks once; the last look is
    always at the end of the time, never before it.

    :param interval: the most seconds between two looks.
    :param age: age in seconds of what was seen, by the server's clock; None: the time waited so far counts.
    """
    started = clock.now()
    while True:
        seen = look()
        waited = clock.now() - started
        if done(seen) or waited >= timeout:
            return seen
        known_age = age(seen)
        pause = LOOK_SHARE * (waited if known_age is None else known_age)
        pause = max(SHORTEST_PAUSE, min(pause, interval))
        clock.sleep(min(pause, timeout - waited))
