# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    NoResult,
    NotFound,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.results import Values
from ansible_collections.dagops.airflow.plugins.modules import airflow_xcom_info
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, RUN_ID, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

RUN = f"dags/etl_daily/dagRuns/{RUN_ID}"
PAGE = {"limit": 100, "offset": 0}
KEYS = {"task_id", "map_index", "key", "loop_iteration", "value"}


class XcomRunner(Runner):
    def has_run(self) -> Exchange:
        return self.server.get(RUN).answers(self.generation.run(state="success"))

    def lists(self, *xcoms: tuple[str, t.Any, str], version: str = "2.11.2") -> Exchange:
        entries = [
            {"task_id": task_id, **({} if index is None else {"map_index": index}), "key": key, "timestamp": number}
            for number, (task_id, index, key) in enumerate(xcoms)
        ]
        body = {"xcom_entries": entries, "total_entries": len(entries)}
        exchange = self.server.get(f"{RUN}/taskInstances/~/xcomEntries", PAGE).answers(body)
        if self.generation.name == "v1" and entries:
            self.server.get("version").answers({"version": version})
        return exchange

    def value(self, value: t.Any, task_id: str = "load", key: str = "return_value", index: int = -1) -> Exchange:
        query: dict[str, t.Any] = {} if index < 0 else {"map_index": index}
        if self.generation.name == "v1":
            query["stringify"] = "false"
        path = f"{RUN}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.server.get(path, query).answers({"key": key, "value": value})

    def read(self, value: t.Any) -> t.Any:
        """The value that the module makes of one."""
        self.has_run()
        self.lists(("load", -1, "return_value"))
        self.value(value)
        (found,) = self(dag_id="etl_daily", dag_run_id=RUN_ID)["xcoms"]
        return found["value"]


@pytest.fixture
def xcoms(server: Server, generation: Generation) -> XcomRunner:
    return XcomRunner(server, generation, airflow_xcom_info)


@pytest.fixture
def old(server: Server) -> XcomRunner:
    return XcomRunner(server, GENERATIONS["v1"], airflow_xcom_info)


def obj(name: str, data: t.Any) -> dict[str, t.Any]:
    return {"__classname__": name, "__version__": 1, "__data__": data}


def moment(seconds: float) -> dict[str, t.Any]:
    zone = obj("builtins.tuple", ["UTC", "pendulum.tz.timezone.FixedTimezone", 1, True])
    return obj("datetime.datetime", {"tz": zone, "timestamp": seconds})


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_values_that_are_wanted(xcoms, check_mode):
    xcoms.has_run()
    listed = [
        ("load", -1, "rows"),
        ("load", -1, "other"),
        ("parts", 1, "rows"),
        ("parts", 0, "rows"),
        ("x", -1, "rows"),
    ]
    xcoms.lists(*listed)
    xcoms.value(3, "load", "rows")
    xcoms.value([1], "parts", "rows", 0)
    xcoms.value(None, "parts", "rows", 1)
    result = xcoms(check_mode, dag_id="etl_daily", dag_run_id=RUN_ID, task_id=["load", "p*"], key=["row?"])
    assert [tuple(item.values()) for item in result["xcoms"]] == [
        ("load", -1, "rows", None, 3),
        ("parts", 0, "rows", None, [1]),
        ("parts", 1, "rows", None, None),
    ]
    assert set(result["xcoms"][0]) == set(documented(airflow_xcom_info)["xcoms"]["contains"]) == KEYS
    assert result["changed"] is False


def listed(xcoms: XcomRunner, *task_ids: str) -> None:
    tasks = map(xcoms.generation.task, task_ids)
    xcoms.server.get(f"{RUN}/taskInstances", PAGE).answers(xcoms.generation.tasks(*tasks))


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_task_that_is_not_there(xcoms, check_mode):
    xcoms.has_run()
    xcoms.lists(("load", -1, "rows"))
    xcoms.value(3, key="rows")
    listed(xcoms, "extract", "load")
    error = xcoms.failure(check_mode, dag_id="etl_daily", dag_run_id=RUN_ID, task_id=["load", "lod", "x*"])
    assert isinstance(error, NotFound)
    assert error.message == (
        "Task lod is not in DAG run etl_daily / release-42; a similar task is load: correct task_id."
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"task_id": ["load", ""]}, "task_id is empty; give one."),
        ({"key": [" "]}, "key holds an empty text; name what is meant, or give an empty list to select nothing."),
    ],
)
def test_an_empty_text_is_refused_before_a_request(xcoms, given, says):
    error = xcoms.failure(dag_id="etl_daily", dag_run_id=RUN_ID, **given)
    assert isinstance(error, BadInput)
    assert error.message == says
    assert xcoms.server.requests == []


def test_a_task_that_has_pushed_nothing(xcoms):
    xcoms.has_run()
    xcoms.lists()
    listed(xcoms, "extract", "load")
    assert xcoms(dag_id="etl_daily", dag_run_id=RUN_ID, task_id=["load"])["xcoms"] == []


def test_a_pattern_that_fits_nothing(xcoms):
    xcoms.has_run()
    xcoms.lists()
    assert xcoms(dag_id="etl_daily", dag_run_id=RUN_ID, task_id=["l*"])["xcoms"] == []


def test_turns_of_a_loop_are_told_apart(server):
    generation = GENERATIONS["v2"]
    server.prefix = generation.prefix
    run = XcomRunner(server, generation, airflow_xcom_info)
    run.has_run()
    turns = [{"region_id": "r", "region_index": number} for number in (0, 1)]
    entries = [{"task_id": "step", "map_index": -1, "key": "rows", "timestamp": 1, **turn} for turn in turns[::-1]]
    server.get(f"{RUN}/taskInstances/~/xcomEntries", PAGE).answers({"xcom_entries": entries, "total_entries": 2})
    tasks = [
        generation.task("step", loop_iteration={"loop_id": "l", "iteration": turn["region_index"]}, **turn)
        for turn in turns
    ]
    server.get(f"{RUN}/taskInstances", PAGE).answers(generation.tasks(*tasks))
    for turn in turns[::-1]:
        value = {"value": turn["region_index"] + 5}
        server.get(f"{RUN}/taskInstances/step/xcomEntries/rows", turn).answers(value)
    found = run(dag_id="etl_daily", dag_run_id=RUN_ID)["xcoms"]
    assert [(xcom["loop_iteration"]["iteration"], xcom["value"]) for xcom in found] == [(0, 5), (1, 6)]
    assert set(found[0]) == KEYS


def test_the_last_run(xcoms):
    body = xcoms.generation.runs(xcoms.generation.run(state="success"))
    xcoms.server.get("dags/etl_daily/dagRuns", {"order_by": "-id", "limit": 1}).answers(body)
    xcoms.lists()
    assert xcoms(dag_id="etl_daily")["xcoms"] == []


def test_a_run_that_is_not_there(xcoms):
    for check_mode in (False, True):
        xcoms.server.get(RUN).answers(xcoms.generation.no_run(), 404)
        if not check_mode:
            assert isinstance(xcoms.failure(dag_id="etl_daily", dag_run_id=RUN_ID), NotFound)
    assert xcoms(True, dag_id="etl_daily", dag_run_id=RUN_ID)["xcoms"] == []
    assert "goes on as if a task before had made it" in xcoms.warnings[0]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (17, 17),
        ("17", "17"),
        ('{"a": 1}', '{"a": 1}'),
        ("", ""),
        ({"a": [1.5, None, True]}, {"a": [1.5, None, True]}),
        (moment(1795342500.0), "2026-11-22T10:15:00Z"),
        ("datetime.datetime@version=2(timestamp=1795342500.0,tz=(UTC,x,1,True))", "2026-11-22T10:15:00Z"),
        ("datetime.datetime@version=2(tz=(UTC,x,1,True), timestamp=1795342500.0)", "2026-11-22T10:15:00Z"),
        (obj("datetime.date", "2026-11-22"), "2026-11-22"),
        ("datetime.date@version=2(2026-11-22)", "2026-11-22"),
        (obj("decimal.Decimal", 1.5), 1.5),
        ("decimal.Decimal@version=1(1.5)", 1.5),
        (obj("builtins.tuple", [1, obj("builtins.tuple", ["a"])]), [1, ["a"]]),
        (obj("builtins.set", ["b", "a"]), ["a", "b"]),
        ({"at": moment(0)}, {"at": "1970-01-01T00:00:00Z"}),
        ({"at": ["datetime.date@version=2(2026-11-22)"]}, {"at": ["2026-11-22"]}),
        ("datetime.datetime@version=2(never)", "datetime.datetime@version=2(never)"),
        ("datetime.datetime@version=2(timestamp=1.2.3)", "datetime.datetime@version=2(timestamp=1.2.3)"),
        (obj("datetime.datetime", {"timestamp": 1e300}), obj("datetime.datetime", {"timestamp": 1e300})),
    ],
)
def test_types(xcoms, value, read):
    assert xcoms.read(value) == read
    assert xcoms.warnings == []


def test_an_object_of_another_class_is_left_as_it_is(xcoms):
    value = {"a": [obj("my.Frame", {"rows": 2})]}
    assert xcoms.read(value) == value
    name = "load of DAG run etl_daily / release-42"
    assert xcoms.warnings == [f"{name} holds my.Frame, left as Airflow has written it."]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("17", 17),
        ("True", True),
        ("None", None),
        ("{'a': [1, None, (2,)], 'ü': 1.5}", {"a": [1, None, [2]], "ü": 1.5}),
        ("{'b', 'a'}", ["a", "b"]),
        ("{1: 2}", {"1": 2}),
        ("it's 5 o'clock", "it's 5 o'clock"),
        ('{"a": true}', '{"a": true}'),
        ("", ""),
        ("__import__('os').getcwd()", "__import__('os').getcwd()"),
        ("b'bytes'", "b'bytes'"),
        ("1j", "1j"),
        ("{(1, 2): 3}", "{(1, 2): 3}"),
        (r"a\d", r"a\d"),
        (r"'a\d'", r"a\d"),
        ("(" * 5000, "(" * 5000),
        ("{'at': 'datetime.date@version=1(2026-11-22)'}", {"at": "2026-11-22"}),
    ],
)
def test_the_notation_of_python(old, recwarn, text, value):
    old.has_run()
    old.lists(("load", -1, "return_value"), version="2.9.3")
    old.server.get(f"{RUN}/taskInstances/load/xcomEntries/return_value").answers({"value": text})
    (found,) = old(dag_id="etl_daily", dag_run_id=RUN_ID)["xcoms"]
    assert found["value"] == value
    assert list(recwarn) == []


def test_mapped_tasks_before_they_had_indices(old):
    old.has_run()
    old.lists(
        ("load", None, "return_value"),
        ("parts", None, "return_value"),
        ("parts", None, "return_value"),
        version="2.6.3",
    )
    old.server.get(f"{RUN}/taskInstances/load/xcomEntries/return_value").answers({"value": "3"})
    error = old.failure(dag_id="etl_daily", dag_run_id=RUN_ID)
    assert isinstance(error, Unsupported)
    assert "The value of mapped task parts needs Airflow 2.8" in error.message


def test_a_value_that_is_too_large(xcoms):
    xcoms.has_run()
    xcoms.lists(("load", -1, "rows"))
    xcoms.value("x" * 65535, key="rows")
    error = xcoms.failure(dag_id="etl_daily", dag_run_id=RUN_ID)
    assert isinstance(error, NoResult)
    assert error.message == (
        "XComs of DAG run etl_daily / release-42 cannot be returned: the value of load.rows has 65537 bytes; the "
        "limit is 65536; leave it out by task_id or key, or let the task push where the data is."
    )


def test_a_value_that_is_nested_too_deeply(generation):
    """Deeper than any version of Python goes; what reads the answer may give up before that."""
    value: t.Any = "x"
    for _level in range(100_000):
        value = [value]
    nobody = t.cast(t.Any, SimpleNamespace(ask=lambda family: None))
    values = Values(nobody, generation.run(RUN_ID), "of results", warn=lambda warning: None)
    with pytest.raises(NoResult) as raised:
        values.taken({"task_id": "load", "map_index": -1, "key": "rows"}, value)
    message = raised.value.message
    assert message == "the value of load.rows is nested too deeply to be returned; leave it out of results."


def test_values_that_are_too_many(xcoms):
    xcoms.has_run()
    xcoms.lists(*(("parts", number, "return_value") for number in range(20)))
    for number in range(17):
        xcoms.value("x" * 65534, "parts", index=number)
    error = xcoms.failure(dag_id="etl_daily", dag_run_id=RUN_ID)
    assert "have more than 1048576 bytes in all; leave some of them out by task_id or key." in error.message


def test_a_value_that_is_gone(xcoms):
    xcoms.has_run()
    xcoms.lists(("load", -1, "rows"))
    xcoms.value(None, key="rows").answers(xcoms.generation.problem(404, "XCom entry not found", "x"), 404)
    error = xcoms.failure(dag_id="etl_daily", dag_run_id=RUN_ID)
    assert error.message.startswith("Airflow lists load.rows of DAG run etl_daily / release-42, and does not give it")


def test_an_answer_of_an_unknown_shape(xcoms):
    xcoms.has_run()
    xcoms.lists(("load", -1, "rows"))
    xcoms.value(None, key="rows").answers({})
    assert "unknown shape" in xcoms.failure(dag_id="etl_daily", dag_run_id=RUN_ID).message
