# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import ApiError, BadInput, NotFound
from ansible_collections.dagops.airflow.plugins.modules import airflow_task_info
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, GENERATIONS, RUN_ID, STARTED, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

RUN = f"dags/etl_daily/dagRuns/{RUN_ID}"
TASK_KEYS = {
    "duration",
    "end_date",
    "id",
    "log_tail",
    "loop_iteration",
    "map_index",
    "max_tries",
    "operator",
    "start_date",
    "state",
    "task_id",
    "try_number",
    "url",
}


class Info(Runner):
    def has_run(self, state: str = "failed") -> Exchange:
        run = self.generation.run(RUN_ID, state, start_date=STARTED, end_date=ENDED, conf={"a": "conf is not shown"})
        return self.server.get(RUN).answers(run)

    def has_tasks(self, *tasks: dict[str, t.Any], offset: int = 0, total: int | None = None) -> Exchange:
        body = self.generation.tasks(*tasks, total=total)
        return self.server.get(f"{RUN}/taskInstances", {"limit": 100, "offset": offset}).answers(body)

    def log(self, task_id: str, *lines: str, index: int = -1) -> Exchange:
        query = {"full_content": "true", **({"map_index": index} if index >= 0 else {})}
        return self.server.get(f"{RUN}/taskInstances/{task_id}/logs/1", query).says(self.generation.log(*lines))


@pytest.fixture
def info(server: Server, generation: Generation) -> Info:
    return Info(server, generation, airflow_task_info)


def read(info: Info, **options: t.Any) -> dict[str, t.Any]:
    return info(**{"dag_id": "etl_daily", "dag_run_id": RUN_ID, **options})


def names(tasks: list[dict[str, t.Any]]) -> list[str]:
    return [task["task_id"] + (f"[{task['map_index']}]" if task["map_index"] >= 0 else "") for task in tasks]


def test_all_that_is_documented_is_returned():
    returned = documented(airflow_task_info)
    assert set(returned) == {"dag_run", "elapsed", "failed_tasks", "task_counts", "tasks"}
    assert set(returned["tasks"]["contains"]) == TASK_KEYS


def test_tasks_of_a_run(info, generation):
    info.has_run()
    info.has_tasks(
        generation.task("extract"), generation.task("load", "failed"), generation.task("end", "upstream_failed")
    )
    result = read(info)
    assert set(result) == {"changed", "dag_run", "elapsed", "failed_tasks", "task_counts", "tasks"}
    assert result["changed"] is False
    assert names(result["tasks"]) == ["extract", "load", "end"]
    assert names(result["failed_tasks"]) == ["load", "end"]
    assert result["task_counts"] == {"success": 1, "failed": 1, "upstream_failed": 1}
    assert result["elapsed"] == 192.0
    assert "conf" not in result["dag_run"]


def test_check_mode_is_the_same(info, generation):
    info.has_run()
    info.has_tasks(generation.task("extract"))
    assert info(check_mode=True, dag_id="etl_daily", dag_run_id=RUN_ID)["changed"] is False


@pytest.mark.parametrize("run_id", [RUN_ID, None])
def test_check_mode_goes_on_without_a_run_that_a_task_before_would_make(info, server, generation, run_id):
    if run_id:
        server.get(RUN).answers(generation.no_run(), 404)
    else:
        server.get("dags/etl_daily/dagRuns", {"order_by": "-id", "limit": 1}).answers(generation.runs())
        server.get("dags/etl_daily").answers(generation.dag())
    result = info(check_mode=True, dag_id="etl_daily", dag_run_id=run_id)
    assert (result["tasks"], result["failed_tasks"], result["task_counts"]) == ([], [], {})
    assert result["dag_run"]["dag_run_id"] == (run_id or "")
    assert result["dag_run"]["url"] is None
    assert len(info.warnings) == 1
    assert info.warnings[0].endswith("; check mode goes on as if a task before had made it.")


def test_a_task_has_the_same_keys_everywhere(info, generation):
    info.has_run()
    info.has_tasks(generation.task("load", map_index=3, try_number=2, max_tries=2))
    task = read(info)["tasks"][0]
    assert set(task) == TASK_KEYS
    url = task.pop("url")
    assert url.startswith(generation.run_url())
    assert "load" in url
    assert "3" in url.rpartition("load")[2]
    assert bool(task.pop("id")) is (generation.name == "v2")
    assert task == {
        "duration": 4.25,
        "end_date": "2026-11-22T10:18:12.500000Z",
        "log_tail": None,
        "loop_iteration": None,
        "map_index": 3,
        "max_tries": 2,
        "operator": "PythonOperator",
        "start_date": "2026-11-22T10:15:00.500000Z",
        "state": "success",
        "task_id": "load",
        "try_number": 2,
    }


def test_the_run_that_was_created_last(info, server, generation):
    server.get("dags/etl_daily/dagRuns", {"order_by": "-id", "limit": 1}).answers(
        generation.runs(generation.run(RUN_ID, "running", start_date=STARTED), total=7)
    )
    info.has_tasks(generation.task("load", "running"))
    assert info(dag_id="etl_daily")["dag_run"]["dag_run_id"] == RUN_ID


def test_a_dag_without_runs(info, server, generation):
    server.get("dags/etl_daily/dagRuns", {"order_by": "-id", "limit": 1}).answers(generation.runs())
    server.get("dags/etl_daily").answers(generation.dag())
    error = info.failure(dag_id="etl_daily")
    assert isinstance(error, NotFound)
    assert error.message == "DAG etl_daily has no run yet; trigger one first."


def test_an_unknown_dag_of_which_the_last_run_is_wanted(info, server, generation):
    """Airflow 2 answers with an empty list, Airflow 3 with 404."""
    runs = server.get("dags/nope/dagRuns", {"order_by": "-id", "limit": 1})
    if generation.name == "v1":
        runs.answers(generation.runs())
    else:
        runs.answers(generation.no_dag("nope"), 404)
    server.get("dags/nope").answers(generation.no_dag("nope"), 404)
    error = info.failure(dag_id="nope")
    assert isinstance(error, NotFound)
    assert error.message.startswith("DAG nope does not exist at ")


def test_an_unknown_run(info, server, generation):
    server.get(RUN).answers(generation.no_run(), 404)
    error = info.failure(dag_id="etl_daily", dag_run_id=RUN_ID)
    assert isinstance(error, NotFound)
    assert error.message == (
        "DAG run etl_daily / release-42 does not exist at https://airflow.example; check dag_id and dag_run_id."
    )


# -- filters


@pytest.mark.parametrize(
    ("task_id", "says"),
    [
        ("", "task_id is empty; give one."),
        (" ", "task_id is empty; give one."),
        ("a\nb", "task_id 'a\\nb' has a line break"),
    ],
)
def test_a_name_that_no_task_can_have(info, server, task_id, says):
    error = info.failure(dag_id="etl_daily", dag_run_id=RUN_ID, task_id=["extract", task_id])
    assert isinstance(error, BadInput)
    assert error.message.startswith(says)
    assert server.requests == []


def test_a_group_is_no_task(info, generation):
    info.has_run()
    info.has_tasks(generation.task("extract"), generation.task("load.orders"))
    error = info.failure(dag_id="etl_daily", dag_run_id=RUN_ID, task_id=["load"])
    assert error.message == (
        "Task load is not in DAG run etl_daily / release-42; it is a task group, and its tasks are load.orders: "
        "correct task_id."
    )


def test_a_task_that_is_not_there(info, generation):
    info.has_run()
    info.has_tasks(generation.task("extract"), generation.task("load.orders"))
    error = info.failure(dag_id="etl_daily", dag_run_id=RUN_ID, task_id=["extract", "orders", "none*"])
    assert isinstance(error, NotFound)
    assert error.message == (
        "Task orders is not in DAG run etl_daily / release-42; a similar task is load.orders: correct task_id."
    )


FILTERS: list[tuple[dict[str, t.Any], list[str]]] = [
    ({"state": ["failed"]}, ["load[1]"]),
    ({"state": ["failed", "success"]}, ["extract", "load[0]", "load[1]"]),
    ({"state": ["no_status"]}, ["later"]),
    ({"state": ["none"]}, ["later"]),
    ({"state": []}, []),
    ({"task_id": ["load"]}, ["load[0]", "load[1]"]),
    ({"task_id": ["l*"]}, ["load[0]", "load[1]", "later"]),
    ({"task_id": ["lo?d", "ext*"]}, ["extract", "load[0]", "load[1]"]),
    ({"task_id": ["LOAD*"]}, []),
    ({"task_id": []}, []),
    ({"task_id": ["load"], "state": ["success"]}, ["load[0]"]),
]


@pytest.mark.parametrize(("options", "expected"), FILTERS)
def test_filters(info, generation, options, expected):
    info.has_run()
    info.has_tasks(
        generation.task("extract"),
        generation.task("load", map_index=0),
        generation.task("load", "failed", map_index=1),
        generation.task("later", None),
    )
    result = read(info, **options)
    assert names(result["tasks"]) == expected
    assert names(result["failed_tasks"]) == ["load[1]"]
    assert result["task_counts"] == {"success": 2, "failed": 1, "no_status": 1}


def test_tasks_are_sorted_by_start_then_name_then_index(info, generation):
    early, late = (generation.time(f"2026-11-22T10:{minute}:00.000000") for minute in (10, 20))
    info.has_run()
    info.has_tasks(
        generation.task("never_b", None),
        generation.task("z", start_date=late),
        generation.task("b", map_index=10, start_date=early),
        generation.task("b", map_index=9, start_date=early),
        generation.task("never_a", "upstream_failed"),
        generation.task("a", start_date=late),
    )
    assert names(read(info)["tasks"]) == ["b[9]", "b[10]", "a", "z", "never_a", "never_b"]


def test_failed_tasks_come_before_those_that_never_ran(info, generation):
    info.has_run()
    states = {"b": "failed", "a": "upstream_failed", "d": "removed", "c": "failed", "e": "skipped"}
    info.has_tasks(*(generation.task(name, state) for name, state in states.items()))
    assert names(read(info)["failed_tasks"]) == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": ["succes"]}, "state 'succes' is no state of a task instance"),
        ({"state": [""]}, "state ''"),
        ({"log_lines": -1}, "log_lines is -1"),
        ({"dag_id": "a/b"}, "dag_id 'a/b'"),
        ({"dag_run_id": "a\tb"}, "dag_run_id 'a\\tb'"),
    ],
)
def test_bad_options_are_refused_before_anything_is_sent(info, options, words):
    error = info.failure(**{"dag_id": "etl_daily", "dag_run_id": RUN_ID, **options})
    assert isinstance(error, BadInput)
    assert words in error.message


# -- pages


def many(generation: Generation, start: int, end: int) -> list[dict[str, t.Any]]:
    return [generation.task("load", map_index=index) for index in range(start, end)]


def test_pages(info, generation):
    info.has_run()
    info.has_tasks(*many(generation, 0, 100), total=230)
    info.has_tasks(*many(generation, 100, 200), offset=100, total=230)
    info.has_tasks(*many(generation, 200, 230), offset=200, total=230)
    assert read(info)["task_counts"] == {"success": 230}


def test_a_server_that_caps_pages_lower(info, generation):
    info.has_run()
    for start, end in ((0, 30), (30, 60), (60, 70)):
        info.has_tasks(*many(generation, start, end), offset=start, total=70)
    assert len(read(info)["tasks"]) == 70


def test_pages_that_overlap_are_read_once_more(info, generation):
    """Airflow 2 has no order for task instances, so that one may be on two pages, and another on none."""
    info.has_run()
    info.has_tasks(*many(generation, 0, 100), total=150)
    info.has_tasks(*many(generation, 99, 149), offset=100, total=150)
    info.has_tasks(offset=150, total=150)
    info.has_tasks(*many(generation, 0, 100), total=150)
    info.has_tasks(*many(generation, 100, 150), offset=100, total=150)
    assert len(read(info)["tasks"]) == 150


def test_pages_that_stay_short_are_an_error(info, generation):
    info.has_run()
    for _again in range(2):
        info.has_tasks(*many(generation, 0, 100), total=150)
        info.has_tasks(*many(generation, 99, 149), offset=100, total=150)
        info.has_tasks(offset=150, total=150)
    error = info.failure(dag_id="etl_daily", dag_run_id=RUN_ID)
    assert isinstance(error, ApiError)
    assert "holds 150 objects, but its pages gave 149; try again" in error.message


def test_a_total_that_is_too_high(info, generation):
    info.has_run()
    for _again in range(2):
        info.has_tasks(*many(generation, 0, 3), total=5)
        info.has_tasks(offset=3, total=5)
    assert "holds 5 objects, but its pages gave 3" in info.failure(dag_id="etl_daily", dag_run_id=RUN_ID).message


def test_a_total_that_is_null_is_read_until_a_page_is_empty(info, generation):
    info.has_run()
    for offset, tasks in ((0, many(generation, 0, 3)), (3, [])):
        body = {**generation.tasks(*tasks), "total_entries": None}
        info.server.get(f"{RUN}/taskInstances", {"limit": 100, "offset": offset}).answers(body)
    assert len(read(info)["tasks"]) == 3


def test_tasks_of_the_same_name_are_told_apart_by_their_index(info, generation):
    info.has_run()
    info.has_tasks(generation.task("load"), *many(generation, 0, 2))
    assert len(read(info)["tasks"]) == 3


# -- logs


def test_logs_are_not_read_unless_wanted(info, generation):
    info.has_run()
    info.has_tasks(generation.task("load", "failed"))
    assert read(info)["failed_tasks"][0]["log_tail"] is None


def test_logs_of_failed_tasks_only(info, generation):
    info.has_run()
    info.has_tasks(
        generation.task("extract"),
        generation.task("load", "failed", map_index=2),
        generation.task("end", "upstream_failed"),
    )
    if generation.name == "v1":
        info.server.get("version").answers({"version": "2.4.0"})
    info.log("load", "one", "two", "", "three", index=2)
    result = read(info, log_lines=2)
    assert [task["log_tail"] for task in result["tasks"]] == [None, "two\nthree", None]


def test_airflow_2_3_is_not_asked_for_the_log_of_a_mapped_task(server):
    info = Info(server, GENERATIONS["v1"], airflow_task_info)
    info.has_run()
    info.has_tasks(info.generation.task("load", "failed", map_index=2))
    server.get("version").answers({"version": "2.3.4"})
    assert read(info, log_lines=2)["failed_tasks"][0]["log_tail"] == (
        "The log cannot be read: The log of a mapped task needs Airflow 2.4 or newer, and "
        "https://airflow.example is 2.3.4; read it in Airflow's web interface, or upgrade."
    )


def test_a_failed_task_that_never_had_a_try_has_no_log(info, generation):
    info.has_run()
    info.has_tasks(generation.task("load", "failed", try_number=0))
    assert read(info, log_lines=5)["failed_tasks"][0]["log_tail"] == ""


def test_a_log_that_is_gone_says_so_in_its_place(info, generation):
    info.has_run()
    info.has_tasks(generation.task("load", "failed"))
    info.log("load").answers(generation.problem(404, "TaskInstance not found"), 404)
    assert "The log cannot be read: " in read(info, log_lines=5)["failed_tasks"][0]["log_tail"]


def test_the_logs_of_fifty_tasks_are_enough(info, generation):
    info.has_run()
    info.has_tasks(*(generation.task(f"t{number:02}", "failed") for number in range(52)))
    for number in range(50):
        info.log(f"t{number:02}", f"line of {number}")
    tails = [task["log_tail"] for task in read(info, log_lines=1)["failed_tasks"]]
    assert tails[49] == "line of 49"
    assert tails[50:] == ["The log was not read: only those of the first 50 failed tasks are."] * 2


# -- logs and loops of Airflow 3


def v2(server: Server) -> Info:
    server.prefix = GENERATIONS["v2"].prefix
    info = Info(server, GENERATIONS["v2"], airflow_task_info)
    info.has_run()
    return info


def turn_of(info: Info, number: int, state: str = "success", **keys: t.Any) -> dict[str, t.Any]:
    """A task instance of a loop as Airflow 3.4 has it: the next turn has the same names."""
    loop = {"loop_id": "pages", "iteration": number}
    region = {"region_id": "01a21fe7-89b0-77d9-8151-978bb22d02dc", "region_index": number}
    return info.generation.task("pages.load", state, loop_iteration=loop, in_loop=True, **{**region, **keys})


def test_turns_of_a_loop_are_told_apart(server):
    info = v2(server)
    turns = [turn_of(info, number) for number in range(3)]
    assert len({task["id"] for task in turns}) == 3
    info.has_tasks(*turns, info.generation.task("end"))
    result = read(info)
    assert result["task_counts"] == {"success": 4}
    loops = [task["loop_iteration"] for task in result["tasks"]]
    assert loops == [None, *({"loop_id": "pages", "iteration": number} for number in range(3))]


def test_turns_in_pages_are_told_apart(server):
    info = v2(server)
    turns = [turn_of(info, number) for number in range(150)]
    info.has_tasks(*turns[:100], total=150)
    info.has_tasks(*turns[100:], offset=100, total=150)
    assert [task["loop_iteration"]["iteration"] for task in read(info)["tasks"]] == list(range(150))


def test_mapped_tasks_in_a_loop_are_told_apart(server):
    info = v2(server)
    tasks = [
        turn_of(info, number, map_index=index, region_id=f"region-{number}", region_index=index)
        for number in range(2)
        for index in range(2)
    ]
    for number, task in enumerate(tasks):
        task["id"] = f"id-{number}"
    info.has_tasks(*tasks)
    assert read(info)["task_counts"] == {"success": 4}


def test_a_task_that_is_tried_again_while_the_list_is_read_is_the_same(server):
    """With each try Airflow 3 gives it another id, and puts it at the end of the list."""
    info = v2(server)
    tasks = [info.generation.task(f"t{number:03}") for number in range(102)]
    again = {**tasks[0], "id": "another"}
    for _attempt in range(2):
        info.has_tasks(*tasks[:100], total=102)
        info.has_tasks(tasks[101], again, offset=100, total=102)
        info.has_tasks(offset=102, total=102)
    error = info.failure(dag_id="etl_daily", dag_run_id=RUN_ID)
    assert "holds 102 objects, but its pages gave 101" in error.message


def test_the_log_of_each_turn_is_read(server):
    info = v2(server)
    info.has_tasks(turn_of(info, 0), turn_of(info, 1, "failed"), turn_of(info, 2, "failed"))
    for number in (1, 2):
        region = {"region_id": "01a21fe7-89b0-77d9-8151-978bb22d02dc", "region_index": number}
        path = f"{RUN}/taskInstances/pages.load/logs/1"
        server.get(path, {"full_content": "true", **region}).says(info.generation.log(f"page {number}"))
    assert [task["log_tail"] for task in read(info, log_lines=1)["failed_tasks"]] == ["page 1", "page 2"]


def accepting(exchange: Exchange, kind: str) -> Exchange:
    exchange.headers["Accept"] = kind
    return exchange


def test_airflow_3_0_1_has_another_name_for_its_logs(server):
    """It is asked once what it does not know."""
    info = v2(server)
    info.has_tasks(info.generation.task("a", "failed"), info.generation.task("b", "failed"))
    refusal = {"detail": "Only application/json or text/plain is supported"}
    accepting(info.log("a"), "application/x-ndjson").answers(refusal, 406)
    accepting(info.log("a", "one"), "text/plain")
    accepting(info.log("b", "two"), "text/plain")
    assert [task["log_tail"] for task in read(info, log_lines=1)["failed_tasks"]] == ["one", "two"]


def test_a_server_that_gives_no_log_at_all_is_asked_twice(server):
    info = v2(server)
    info.has_tasks(info.generation.task("a", "failed"))
    accepting(info.log("a"), "application/x-ndjson").answers({"detail": "no"}, 406)
    accepting(info.log("a"), "text/plain").answers({"detail": "no"}, 406)
    assert "The log cannot be read: Airflow answered 406" in read(info, log_lines=1)["failed_tasks"][0]["log_tail"]
