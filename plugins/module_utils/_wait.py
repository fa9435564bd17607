# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one clock: pauses between looks, deadlines, and how long an outage may last.

Time and sleep are handed in, so that no test sleeps.
"""

from __future__ import annotations

import math
import random
import time
import typing as t

from ._errors import Unreachable

T = t.TypeVar("T")

LOOK_SHARE = 0.05  # of the age of what is waited for: its end is seen within 5 % of its length
SHORTEST_PAUSE = 0.5  # seconds
FIRST_RETRY = 0.5  # seconds, doubled at each further attempt
LONGEST_RETRY = 8.0  # seconds


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


class Outage:
    """One transient outage: pauses grow with each attempt until it has lasted too long.

    It begins with the first failure. Were the time that a request without an answer took a part of it, such a request
    would never be repeated: C(request_timeout) is as long as C(retry_timeout), if nobody says otherwise.

    :param allowed: seconds that the outage may last; 0: the first failure is the last.
    :param latest: when it has to end in any case, by the clock.
    """

    def __init__(self, clock: Clock, allowed: float, latest: float = math.inf) -> None:
        self._clock = clock
        self._allowed = allowed
        self._latest = latest
        self._ends: float | None = None
        self._cut_short = False
        self._pause = FIRST_RETRY

    def endure(self, error: Unreachable) -> None:
        """Sleep before the next attempt, or raise C(error) when the outage has lasted too long."""
        now = self._clock.now()
        if self._ends is None:
            self._ends = min(now + self._allowed, self._latest)
            self._cut_short = self._latest <= now + self._allowed
        left = self._ends - now
        # Jitter keeps many playbooks that were cut off together from coming back together.
        pause = error.retry_after or self._pause * random.uniform(0.5, 1.0)
        if not error.lasted and (left <= 0 or (error.retry_after or 0.0) > left):
            error.lasted, error.cut_short = True, self._cut_short
        if error.lasted:
            raise error
        self._clock.sleep(min(pause, left))
        self._pause = min(self._pause * 2, LONGEST_RETRY)
