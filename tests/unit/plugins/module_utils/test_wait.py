# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock, wait_until
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import Unreachable
from ansible_collections.dagops.airflow.plugins.module_utils._base.patience import Outage


def looks_of(
    clock: t.Any, ends: float, timeout: float, interval: float = 10.0, older: float | None = 0.0
) -> list[float]:
    """When it is looked at something that ends after some seconds and is older by some more; None: of unknown age."""
    moments: list[float] = []

    def look() -> float:
        moments.append(clock.passed)
        return float(clock.passed)

    def age(seen: float) -> float | None:
        return None if older is None else seen + older

    wait_until(look, lambda seen: seen >= ends, clock, timeout, interval, age)
    return moments


def test_an_end_is_seen_within_five_percent(clock):
    for length in (1, 7, 30, 60, 120, 190):
        clock.passed = 0
        seen = looks_of(clock, length, 3600)[-1]
        assert length <= seen <= length + max(0.5, 0.05 * length + 0.03 * length)


def test_pauses_are_five_percent_of_the_age(clock):
    looks_of(clock, 1000, 60, interval=100, older=100)
    for pause, waited in zip(clock.pauses[:-1], accumulated(clock.pauses)):
        assert pause == pytest.approx(0.05 * (waited + 100))


def accumulated(pauses: list[float]) -> list[float]:
    return [sum(pauses[:number]) for number in range(len(pauses))]


def test_pauses_are_half_a_second_at_least(clock):
    looks_of(clock, 100, 5)
    assert clock.pauses == [0.5] * 10


@pytest.mark.parametrize("interval", [0, 0.1, 0.5])
def test_an_interval_below_half_a_second_counts_as_that(clock, interval):
    looks_of(clock, 100_000, 3, interval, older=5000)
    assert clock.pauses == [0.5] * 6


def test_pauses_are_the_interval_at_most(clock):
    looks_of(clock, 100_000, 40, interval=10, older=5000)
    assert clock.pauses == [10] * 4


def test_without_an_age_the_time_waited_counts(clock):
    looks_of(clock, 1000, 30, interval=100, older=None)
    assert clock.pauses[:20] == [0.5] * 20
    assert clock.pauses[-2] > 1


def test_the_last_look_is_at_the_end_of_the_time(clock):
    assert looks_of(clock, 1000, 33.3, older=5000)[-1] == pytest.approx(33.3)


def test_no_time_is_one_look(clock):
    assert looks_of(clock, 1000, 0) == [0]


def test_what_is_done_is_not_waited_for(clock):
    assert looks_of(clock, 0, 100) == [0]


def test_looks_that_take_their_time_count(clock):
    def look() -> int:
        clock.passed += 7
        return 0

    wait_until(look, lambda seen: False, clock, 10, 5)
    # 7 s, a pause of half a second, 7 s: then the time is over.
    assert clock.passed == pytest.approx(14.5)
    assert clock.pauses == [0.5]


def test_what_was_seen_last_is_returned(clock):
    seen = iter([1, 2, 3])
    assert wait_until(lambda: next(seen), lambda number: number == 3, clock, 10, 1) == 3


@pytest.mark.parametrize("allowed", [0, -1])
def test_an_outage_that_may_not_last(clock, allowed):
    error = Unreachable("x")
    with pytest.raises(Unreachable) as caught:
        Outage(clock, allowed).endure(error)
    assert caught.value is error
    assert clock.pauses == []


def test_an_outage_ends_at_its_time(clock):
    outage = Outage(clock, 10)

    def endure_all() -> None:
        for _attempt in range(100):
            outage.endure(Unreachable("x"))

    with pytest.raises(Unreachable):
        endure_all()
    assert clock.passed == pytest.approx(10)


def test_an_outage_begins_with_the_first_failure(clock):
    outage = Outage(clock, 10)
    clock.passed = 30  # what a request without an answer took
    outage.endure(Unreachable("x"))
    clock.passed = 40
    with pytest.raises(Unreachable):
        outage.endure(Unreachable("x"))


def test_an_outage_ends_at_the_latest_when_it_is_told_to(clock):
    outage = Outage(clock, 10, clock.now() + 4)
    clock.passed = 3.9
    outage.endure(Unreachable("x"))
    assert clock.passed == pytest.approx(4)
    with pytest.raises(Unreachable):
        outage.endure(Unreachable("x"))


def test_the_real_clock(monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    clock = Clock()
    clock.sleep(3)
    assert slept == [3]
    assert clock.now() <= clock.now()
    assert abs(clock.utc() - time.time()) < 60
