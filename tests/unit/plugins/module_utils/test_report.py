# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login
from ansible_collections.dagops.airflow.plugins.module_utils._work.report import (
    HAD_FAILED,
    Report,
    count_states,
    elapsed,
    failed_tasks,
    task_name,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.wording import duration, shown
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, GENERATIONS, RUN_ID, STARTED
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL

V1 = GENERATIONS["v1"]
RUN = f"dags/etl_daily/dagRuns/{RUN_ID}"
HEAD = "DAG run etl_daily / release-42"
LINK = f"https://airflow.example/dags/etl_daily/grid?dag_run_id={RUN_ID}"


@pytest.fixture
def airflow(server, clock) -> Airflow:
    return Airflow(Client(URL, Login(), clock=clock), "v1")


def run_of(airflow: Airflow, state: str = "failed", **keys: t.Any) -> dict[str, t.Any]:
    return airflow.ask(Runs)._run(V1.run(RUN_ID, state, **{"start_date": STARTED, "end_date": ENDED, **keys}))


def report_of(airflow: Airflow, server: t.Any, state: str, *tasks: dict[str, t.Any], log_lines: int = 0) -> Report:
    server.get(f"{RUN}/taskInstances", {"limit": 100, "offset": 0}).answers(V1.tasks(*tasks))
    return Report(airflow, run_of(airflow, state), log_lines)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (61, "1m01s"),
        (192, "3m12s"),
        (3599.4, "59m59s"),
        (3599.6, "1h00m"),
        (7500, "2h05m"),
        (360_000, "100h00m"),
    ],
)
def test_durations_as_people_say_them(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("index", "name"), [(-1, "load"), (0, "load[0]"), (12, "load[12]")])
def test_task_names(index, name):
    assert task_name({"task_id": "load", "map_index": index}) == name


@pytest.mark.parametrize(
    ("loop", "index", "name"),
    [
        ({"loop_id": "body", "iteration": 2}, -1, "body.step (turn 2)"),
        ({"loop_id": "body", "iteration": 0}, 4, "body.step[4] (turn 0)"),
        (None, -1, "body.step"),
        ("odd", -1, "body.step"),
        ({"iteration": "x"}, -1, "body.step"),
    ],
)
def test_names_of_tasks_in_a_loop(loop, index, name):
    assert task_name({"task_id": "body.step", "map_index": index, "loop_iteration": loop}) == name


def test_conf_is_not_shown(airflow):
    run = run_of(airflow, conf={"key": "value"})
    assert run["conf"] == {"key": "value"}
    assert "conf" not in shown(run)
    assert set(run) - set(shown(run)) == {"conf"}


def test_states_are_counted():
    tasks = [{"state": state} for state in ("success", None, "success", "failed")]
    assert count_states(tasks) == {"success": 2, "no_status": 1, "failed": 1}


def test_failed_tasks_of_none():
    assert failed_tasks([]) == []


# -- how long


@pytest.mark.parametrize(
    ("state", "start", "end", "seconds"),
    [
        ("success", STARTED, ENDED, 192.0),
        ("failed", STARTED, ENDED, 192.0),
        ("queued", None, None, 0.0),
        ("running", STARTED, None, 59.5),
        # A run that was cleared keeps its end for a while.
        ("running", STARTED, ENDED, 59.5),
        ("failed", None, ENDED, 0.0),
    ],
)
def test_elapsed(airflow, state, start, end, seconds):
    airflow.client._transport.server_time = 1795342560.0  # 10:16:00
    assert elapsed(airflow, run_of(airflow, state, start_date=start, end_date=end)) == seconds


def test_elapsed_without_a_time_of_the_server(airflow, clock):
    clock.passed = 30
    assert elapsed(airflow, run_of(airflow, "running", end_date=None)) == 29.5


def test_a_clock_that_is_behind_gives_no_negative_time(airflow):
    airflow.client._transport.server_time = 1795342000.0
    assert elapsed(airflow, run_of(airflow, "running", end_date=None)) == 0.0


# -- sentences


def test_the_sentence_names_four_tasks(airflow, server):
    tasks = [V1.task(f"t{number}", "failed") for number in range(6)] + [V1.task("fine")]
    message = report_of(airflow, server, "failed", *tasks).failure()
    assert message == (
        f"{HEAD} failed after 3m12s: 6 of 7 tasks failed: t0 (try 1 of 1); t1 (try 1 of 1); t2 (try 1 of 1); "
        f"t3 (try 1 of 1); and 2 more. {LINK}"
    )


def test_the_sentence_counts_what_never_ran(airflow, server):
    states = ["failed", "upstream_failed", "scheduled", "queued", None, "skipped", "removed", "running"]
    tasks = [V1.task(f"t{number}", state) for number, state in enumerate(states)]
    assert "1 of 8 tasks failed, 4 never ran: t0" in report_of(airflow, server, "failed", *tasks).failure()


def test_the_sentence_about_a_run_that_was_found(airflow, server):
    report = report_of(airflow, server, "failed", V1.task("load", "failed", try_number=0))
    assert report.failure("was there and had failed; do this") == (
        f"{HEAD} was there and had failed; do this: 1 of 1 tasks failed: load. {LINK}"
    )


@pytest.mark.parametrize(("how", "told"), [("", "failed after 3m12s"), (HAD_FAILED, HAD_FAILED)])
def test_the_sentence_about_a_run_whose_only_bad_tasks_never_ran(airflow, server, how, told):
    """A mapped task is upstream_failed when the task before it has returned nothing."""
    tasks = [V1.task("list"), V1.task("load", "upstream_failed"), V1.task("tell", "upstream_failed")]
    report = report_of(airflow, server, "failed", *tasks)
    assert report.failure(how) == (
        f"{HEAD} {told}: no task failed, but 2 of 3 tasks never ran (upstream_failed): load; tell; look at what the "
        f"tasks before them returned, or clear them by airflow_task, too. {LINK}"
    )
    assert report.named() == "load, tell"


def test_the_sentence_about_a_run_without_bad_tasks(airflow, server):
    report = report_of(airflow, server, "failed", V1.task("load", "skipped"))
    assert report.failure() == (
        f"{HEAD} failed after 3m12s, but none of its tasks did: it was marked failed, or ran into its dagrun_timeout. "
        + LINK
    )
    assert report.named() == "no task failed"


def test_the_sentence_about_a_run_that_had_been_marked_failed(airflow, server):
    """Airflow skips the tasks that have not started, so clearing those that failed would do nothing."""
    report = report_of(airflow, server, "failed", V1.task("load", "skipped"))
    message = report.failure(HAD_FAILED)
    assert message == (
        f"{HEAD} was already there and had failed, but none of its tasks did: it was marked failed, or ran into its "
        f"dagrun_timeout; airflow_dag_run with state: cleared and only_failed: false runs it again. {LINK}"
    )


@pytest.mark.parametrize(("count", "longest"), [(1, 200), (2, 200), (3, 186), (4, 140), (6, 140)])
def test_long_reasons_are_cut_the_more_of_them_there_are(airflow, server, count, longest):
    server_log = V1.log("Traceback (most recent call last):", "ValueError: " + "x" * 500)
    tasks = [V1.task(f"t{number}", "failed") for number in range(count)]
    server.get(f"{RUN}/taskInstances", {"limit": 100, "offset": 0}).answers(V1.tasks(*tasks))
    for number in range(count):
        path = f"{RUN}/taskInstances/t{number}/logs/1"
        server.get(path, {"full_content": "true"}).says(server_log)
    message = Report(airflow, run_of(airflow), 5).failure()
    reasons = re.findall("ValueError: x+…", message)
    assert [len(reason) for reason in reasons] == [longest] * min(count, 4)


def test_a_reason_without_words_ends_with_its_name(airflow, server):
    tasks = [V1.task("load", "failed")]
    server.get(f"{RUN}/taskInstances", {"limit": 100, "offset": 0}).answers(V1.tasks(*tasks))
    log = V1.log("Traceback (most recent call last):", "ValueError:    ")
    server.get(f"{RUN}/taskInstances/load/logs/1", {"full_content": "true"}).says(log)
    assert ": load (try 1 of 1): ValueError. " in Report(airflow, run_of(airflow), 5).failure()


def test_a_good_run_has_no_warning(airflow, server):
    assert report_of(airflow, server, "success", V1.task("load")).warning() == ""


def test_a_failed_run_has_no_warning(airflow, server):
    assert report_of(airflow, server, "failed", V1.task("load", "failed")).warning() == ""


def test_the_warning_about_tasks_that_failed_in_a_good_run(airflow, server):
    tasks = [V1.task("a", "upstream_failed"), V1.task("b", "failed"), V1.task("c")]
    assert report_of(airflow, server, "success", *tasks).warning() == (
        f"{HEAD} succeeded although 2 of 3 tasks did not: b (try 1 of 1); a."
    )


def test_the_warning_about_tasks_that_left_the_dag_meanwhile(airflow, server):
    tasks = [V1.task("a", "removed"), V1.task("b")]
    assert report_of(airflow, server, "success", *tasks).warning() == (
        f"{HEAD} succeeded although 1 of 2 tasks did not: a: removed from the DAG."
    )


def test_the_warning_about_a_good_run_without_tasks(airflow, server):
    """Seen on 2.11 and 3.3: a logical date before the start date of the tasks."""
    assert report_of(airflow, server, "success").warning() == (
        f"{HEAD} succeeded without running a task: its DAG has none, or its logical date is before their start_date."
    )


def test_a_failed_run_without_tasks_has_no_warning(airflow, server):
    assert report_of(airflow, server, "failed").warning() == ""
