# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import types

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import silent
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.health import Health
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tasks import Tasks
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import Unreachable
from ansible_collections.dagops.airflow.plugins.module_utils._work.progress import SILENCE, Progress
from ansible_collections.dagops.airflow.plugins.module_utils._work.run_progress import RunProgress

RUN = {
    "dag_id": "etl",
    "dag_run_id": "release-42",
    "state": "running",
    "start_date": "2026-11-22T10:15:00Z",
    "run_after": "2026-11-22T10:15:00Z",
    "end_date": None,
}


def task(name, state):
    keys = dict.fromkeys(("start_date", "end_date", "log_tail"))
    return {"task_id": name, "map_index": -1, "state": state, "try_number": 1, "max_tries": 0, **keys}


class Airflow:
    """A server whose tasks a test sets; what is an error is raised."""

    def __init__(self, clock, tasks, say=None):
        self.clock = clock
        self.tasks = tasks
        self.lines = []
        self.looks = 0
        self.say = say or self.lines.append
        nothing = contextlib.nullcontext
        self.client = types.SimpleNamespace(server_now=clock.utc, in_haste=lambda seconds: nothing())
        self.patience = types.SimpleNamespace(within=lambda seconds: nothing(), clock=clock)

    def ask(self, family):
        dag = {"is_paused": True, "is_stale": False, "max_active_runs": 1}
        return {
            Tasks: types.SimpleNamespace(of_run=self._of_run),
            Dags: types.SimpleNamespace(get=lambda dag_id: dag),
            Health: types.SimpleNamespace(read=lambda: {"scheduler": {"status": "healthy"}}),
        }[family]

    def _of_run(self, dag_id, dag_run_id):
        self.looks += 1
        if isinstance(self.tasks, Exception):
            raise self.tasks
        return self.tasks


def watched(airflow, seconds, run=None):
    """Look at the run once a second, for so long."""
    run = run or RUN
    progress = RunProgress(airflow, run, True)
    progress.begin(3600)
    for _second in range(seconds):
        airflow.clock.sleep(1)
        progress.look(run)
    return airflow.lines


def test_a_line_is_printed_when_it_says_something_new(clock):
    airflow = Airflow(clock, [])
    progress = Progress(airflow, True)
    for text in ("a", "a", "b", "b", "a"):
        progress.tell(text)
    assert airflow.lines == ["a", "b", "a"]


def test_a_line_is_printed_again_after_a_long_silence(clock):
    airflow = Airflow(clock, [])
    progress = Progress(airflow, True)
    progress.tell("a")
    clock.sleep(SILENCE - 1)
    progress.tell("a")
    assert airflow.lines == ["a"]
    clock.sleep(1)
    progress.tell("a")
    assert airflow.lines == ["a", "a"]


def test_a_line_is_one_line(clock):
    airflow = Airflow(clock, [])
    Progress(airflow, True).tell("a\nb\x1b[31m")
    assert airflow.lines == ["a b"]


def test_nothing_is_told_to_nobody(clock):
    airflow = Airflow(clock, [])
    Progress(airflow, False).tell("a")
    assert airflow.lines == []


def test_how_far_a_run_has_come(clock):
    tasks = [task("a", "success"), task("b", "running"), task("c", "failed"), task("d", "skipped"), task("e", None)]
    lines = watched(Airflow(clock, tasks), 31)
    assert lines == [
        "etl / release-42: waiting up to 1h00m",
        "etl / release-42 running 30s: 3 of 5 tasks done, 1 running, 1 failed (c)",
    ]


def test_what_holds_up_a_run_of_which_no_task_is_running(clock):
    lines = watched(Airflow(clock, [task("a", "scheduled")]), 31)
    assert lines[-1].endswith("0 of 1 tasks done; its DAG is paused, so no task of it starts: unpause the DAG")


def test_tasks_are_read_less_often_when_the_run_is_old(clock):
    airflow = Airflow(clock, [task("a", "running")])
    watched(airflow, 300)
    assert airflow.looks == 10
    clock.sleep(3000)
    airflow.looks = 0
    watched(airflow, 600)
    assert airflow.looks == 5


def test_a_line_that_only_the_age_would_change_is_not_printed(clock):
    lines = watched(Airflow(clock, [task("a", "running")]), 200)
    assert len(lines) == 2


def test_no_task_is_read_when_nobody_reads_the_lines(clock):
    airflow = Airflow(clock, [], say=silent)
    watched(airflow, 200)
    assert airflow.looks == 0


def test_a_run_that_has_ended_is_no_news(clock):
    airflow = Airflow(clock, [])
    assert watched(airflow, 60, {**RUN, "state": "success"}) == []
    assert airflow.looks == 0


@pytest.mark.parametrize("error", [Unreachable("no")])
def test_tasks_that_cannot_be_read_end_no_wait(clock, error):
    airflow = Airflow(clock, error)
    assert len(watched(airflow, 100)) == 1
    assert airflow.looks == 3
