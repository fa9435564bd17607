# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.plugins.filter import run_timeline as module
from ansible_collections.dagops.airflow.plugins.filter.run_timeline import FilterModule, run_timeline
from hypothesis import given
from hypothesis import strategies as st


def task(name, state="success", start=None, end=None, **more):
    """A task instance that ran from START to END, in seconds after 10:15."""

    def moment(second):
        return None if second is None else f"2026-11-22T10:{15 + second // 60}:{second % 60:02}Z"

    ran = start is not None
    return {
        "task_id": name,
        "map_index": -1,
        "state": state,
        "try_number": 1 if ran else 0,
        "max_tries": 0,
        "start_date": moment(start),
        "end_date": moment(end),
        "duration": end - start if ran and end is not None else None,
        **more,
    }


TASKS = [
    task("extract", start=0, end=60),
    task("load", "failed", start=60, end=120, try_number=3, max_tries=2, map_index=4),
    task("report", "upstream_failed", start=119, end=119, try_number=0, duration=0.0),
]


def test_a_line_for_each_task():
    text = run_timeline(TASKS)
    span, extract, load, report = text.splitlines()
    assert span == "2026-11-22T10:15:00Z to 10:17:00Z (2m00s)"
    assert load.startswith("load[4] |")
    assert load.endswith("| failed           3/3     1m00s")
    assert report.startswith("report  |  ")
    assert report.endswith("| upstream_failed  -           -")
    assert extract.endswith("| success          1/1     1m00s")
    assert len({line.rindex("|") for line in (load, report, extract)}) == 1


def test_lines_are_in_the_order_of_the_start_and_then_of_the_id():
    tasks = [
        task("unborn", "upstream_failed"),
        task("b", "failed", start=60, end=70),
        # The times of a try before.
        task("again", "queued", start=0, end=10),
        task("a", start=60, end=80, map_index=10),
        task("a", start=60, end=80, map_index=9),
        task("first", start=5, end=90),
        task("early", start=5, end=90, start_date="2026-11-22T10:15:04.500000Z"),
        task("skipped", "skipped", start=1, end=1, try_number=0),
    ]
    names = [line.split()[0] for line in run_timeline(tasks).splitlines()[1:]]
    assert names == ["early", "first", "a[9]", "a[10]", "b", "again", "skipped", "unborn"]


def test_the_span_has_the_day_of_its_end_when_that_is_another_one():
    tasks = [task("a", start=0, end=60, end_date="2026-11-23T00:10:00Z")]
    assert run_timeline(tasks).splitlines()[0] == "2026-11-22T10:15:00Z to 2026-11-23T00:10:00Z (13h55m)"


def test_a_task_that_is_running_has_run_until_now(monkeypatch):
    monkeypatch.setattr(module, "_now", lambda: 1_795_342_800.0)
    span, fine, stuck = run_timeline([task("stuck", "running", start=60), task("fine", start=0, end=60)]).splitlines()
    assert span == "2026-11-22T10:15:00Z to 10:20:00Z (5m00s)"
    assert stuck.endswith("| running          1/1     4m00s")
    assert fine.endswith("| success          1/1     1m00s")


@pytest.mark.parametrize("state", [None, "scheduled", "queued"])
def test_a_task_that_waits_to_run_again_shows_nothing_of_its_last_try(state):
    waits = task("waits", state, start=0, end=10, try_number=2, max_tries=3)
    span, second, first = run_timeline([waits, task("ran", start=600, end=660)]).splitlines()
    assert span == "2026-11-22T10:25:00Z to 10:26:00Z (1m00s)"
    assert "█" not in first
    assert first.endswith("2/4         -")
    assert "█" in second


def test_bars_stand_where_tasks_ran():
    _span, extract, load, report = (
        line.partition("|")[2].rpartition("|")[0] for line in run_timeline(TASKS).splitlines()
    )
    half = len(extract) // 2
    assert set(extract[:half]) == {"█"}
    assert set(extract[half + 1 :]) == {" "}
    assert set(load[:half]) == {" "}
    assert set(load[half + 1 :]) == {"█"}
    assert set(report) == {" "}


def test_a_task_that_runs_has_a_bar_up_to_the_edge():
    row = run_timeline([task("a", start=0, end=10), task("b", "running", start=5)]).splitlines()[2]
    assert row.rpartition("|")[0].endswith("█")
    assert "running" in row


def test_the_whole_result_is_taken():
    assert run_timeline({"tasks": TASKS, "failed": False}) == run_timeline(TASKS)


def test_after_40_lines_the_rest_is_summed_up():
    tasks = [task(f"t{number:03}", start=number, end=number + 1) for number in range(100)]
    tasks[99]["state"] = "failed"
    lines = run_timeline(tasks).splitlines()
    assert len(lines) == 42
    assert [line.split()[0] for line in lines[1:-1]] == [f"t{number:03}" for number in (*range(39), 99)]
    assert lines[-1] == "… 60 more: 60 success"


def test_nothing_has_started():
    tasks = [task("a", None), task("b", "queued"), task("c", None)]
    assert run_timeline(tasks).splitlines() == ["none of 3 tasks has started", "… 3 more: 2 no_status, 1 queued"]


def test_long_names_are_cut():
    line = run_timeline([task("x" * 90, start=0, end=5)]).splitlines()[1]
    assert line.startswith("x" * 35 + "… |")
    assert len(line) == 100


@pytest.mark.parametrize(
    "value", [None, 3, "text", {}, {"tasks": 1}, ["a"], [{}], [{"task_id": "a"}], [{**TASKS[0], "start_date": "soon"}]]
)
def test_what_is_no_list_of_tasks(value):
    with pytest.raises(AnsibleFilterError, match="run_timeline "):
        run_timeline(value)


seconds = st.one_of(st.none(), st.integers(0, 1300))


@given(
    st.lists(
        st.builds(
            lambda name, state, start, length, tries, index: task(
                name,
                state,
                start,
                None if start is None or length is None else start + length,
                try_number=tries,
                map_index=index,
            ),
            st.from_regex(r"[\w.-]{1,250}", fullmatch=True),
            st.sampled_from(["success", "failed", "upstream_failed", "running", "queued", "up_for_reschedule", None]),
            seconds,
            seconds,
            st.integers(0, 100),
            st.integers(-1, 9999),
        ),
        max_size=60,
    )
)
def test_no_line_is_wider_than_100_columns(tasks):
    lines = run_timeline(tasks).splitlines()
    assert len(lines) <= 42
    assert all(len(line) <= 100 for line in lines[:-1])


def test_ansible_finds_it():
    assert FilterModule().filters() == {"run_timeline": run_timeline}
