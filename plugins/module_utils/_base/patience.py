# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an outage may last, and what that means for a wait."""

from __future__ import annotations

import contextlib
import math
import random
import typing as t

from .clock import Clock, wait_until
from .errors import AirflowError, Unreachable

T = t.TypeVar("T")
FIRST_RETRY = 0.5  # seconds, doubled at each further attempt
LONGEST_RETRY = 8.0  # seconds
TOO_MANY = 429  # the status of a server that takes no more requests for now
# Seconds that the explanation of a failure may take, and that an outage may last meanwhile.
FOR_A_DIAGNOSIS = 5.0


class Outage:
    """One transient outage: pauses grow with each attempt until it has lasted too long.

    It begins with the first failure. Were the time that a request without an answer took a part of it, such a request
    would never be repeated: C(request_timeout) is as long as C(retry_timeout), if nobody says otherwise.

    :param allowed: seconds that the outage may last; 0: the first failure is the last.
    :param latest: when it has to end in any case, by the clock.
    :param turn: seconds that a server may refuse more requests for now, if that is longer.
    """

    def __init__(self, clock: Clock, allowed: float, latest: float = math.inf, turn: float = 0.0) -> None:
        self._clock = clock
        self._allowed = allowed
        self._latest = latest
        self._turn = turn
        self._began: float | None = None
        self._pause = FIRST_RETRY

    def endure(self, error: AirflowError) -> None:
        """Sleep before the next attempt, or raise C(error), which says how long it was, when it has lasted too long."""
        now = self._clock.now()
        if self._began is None:
            self._began = now
        waits_its_turn = isinstance(error, Unreachable) and error.status == TOO_MANY
        ends = self._began + (max(self._allowed, self._turn) if waits_its_turn else self._allowed)
        left = min(ends, self._latest) - now
        # Jitter keeps many playbooks that were cut off together from coming back together.
        pause = error.retry_after or self._pause * random.uniform(0.5, 1.0)
        if not error.lasted and (left <= 0 or (error.retry_after or 0.0) > left):
            error.lasted, error.cut_short = True, self._latest <= ends
            if now - self._began >= 1:
                error.message += f" That has lasted for {now - self._began:.0f} s."
        if error.lasted:
            raise error
        self._clock.sleep(min(pause, left))
        self._pause = min(self._pause * 2, LONGEST_RETRY)


class Patience:
    """How long the outages of one server are borne, in all that a task does.

    :param retry_timeout: seconds that one outage may last.
    :ivar bears_all: whatever may pass is borne, although Airflow has not answered yet: somebody waits for that.
    """

    def __init__(self, clock: Clock, retry_timeout: float) -> None:
        self.clock = clock
        self.bears_all = False
        self._retry_timeout = retry_timeout
        self._deadline = math.inf  # of outages, by the clock
        self._bears_errors = True

    def outage(self, turn: float = 0.0) -> Outage:
        """One outage that may last as long as it may, or C(turn) seconds while it is a refusal of more requests (429).

        Who wants nothing to be repeated (C(retry_timeout) is 0) is not made to wait for a turn.
        """
        return Outage(self.clock, self._retry_timeout, self._deadline, self._retry_timeout and turn)

    @contextlib.contextmanager
    def within(self, seconds: float, bears_errors: bool = False) -> t.Iterator[None]:
        """Let no outage inside of this block outlast it.

        :param bears_errors: whether errors of Airflow itself that may pass are borne as well. What only explains a
            failure asks once: there may be no better answer.
        """
        before = self._deadline, self._bears_errors
        self._deadline = min(self._deadline, self.clock.now() + seconds)
        self._bears_errors = self._bears_errors and bears_errors
        try:
            yield
        finally:
            self._deadline, self._bears_errors = before

    def within_one_outage(self) -> t.ContextManager[None]:
        """Let nothing inside of this block be repeated for longer than one outage may last, in all."""
        return self.within(self._retry_timeout, bears_errors=True)

    def through_outages(self, act: t.Callable[[], T], turn: float = 0.0, bears_errors: bool = False) -> T:
        """Do what does no harm when done twice, again after each failure until C(outage) has lasted too long.

        :param bears_errors: repeat it after errors of Airflow itself that may pass, too.
        """
        outage = self.outage(turn)
        while True:
            try:
                return act()
            except AirflowError as error:
                if not (isinstance(error, Unreachable) or (error.passes and bears_errors and self._bears_errors)):
                    raise
                outage.endure(error)

    def wait(
        self,
        look: t.Callable[[], T],
        done: t.Callable[[T], bool],
        timeout: float,
        interval: float,
        age: t.Callable[[T], float | None] = lambda seen: None,
        outage_until: float = 0.0,
    ) -> tuple[T, AirflowError | None]:
        """Look until C(done) or until C(timeout) seconds have passed, as C(wait_until) does.

        An outage is cut short at the end of that time, and is no error then, unless nothing was seen before it.

        :param outage_until: seconds after which an outage is cut short, should that be later than C(timeout).
        :return: what was seen last, and the outage that was cut short.
        """
        seen: list[T] = []

        def remembered() -> T:
            seen[:] = [look()]
            return seen[0]

        try:
            with self.within(max(timeout, outage_until), bears_errors=True):
                return wait_until(remembered, done, self.clock, timeout, interval, age), None
        except AirflowError as error:
            if not (error.cut_short and seen):
                raise
            return seen[0], error
