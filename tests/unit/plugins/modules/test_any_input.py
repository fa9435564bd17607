# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever options hold, a module ends in a result, or in one sentence and with nothing written."""

from __future__ import annotations

import json
import os
import re
import typing as t
from urllib.parse import unquote, urlsplit

import pytest
import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.assets import MARK
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, ObjectsFailed
from ansible_collections.dagops.airflow.plugins.module_utils._connect import connect
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC
from ansible_collections.dagops.airflow.plugins.modules import (
    airflow_api,
    airflow_api_user,
    airflow_approval,
    airflow_approval_info,
    airflow_asset,
    airflow_backfill,
    airflow_connection,
    airflow_connection_info,
    airflow_dag,
    airflow_dag_batch,
    airflow_dag_file,
    airflow_dag_info,
    airflow_dag_run,
    airflow_dag_run_batch,
    airflow_dag_run_info,
    airflow_dag_run_wait,
    airflow_info,
    airflow_objects,
    airflow_objects_info,
    airflow_pool,
    airflow_pool_info,
    airflow_role,
    airflow_task,
    airflow_task_info,
    airflow_user,
    airflow_variable,
    airflow_variable_info,
    airflow_xcom_info,
)
from ansible_collections.dagops.airflow.tests.unit.bodies import ENDED, GENERATIONS, NEW_ID, STARTED, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import (
    READING_POSTS,
    URL,
    Exchange,
    FakeClock,
    Transport,
)
from ansible_collections.dagops.airflow.tests.unit.frame import LOGINS, ModuleMock
from ansible_collections.dagops.airflow.tests.unit.questions import question

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

Options = t.Dict[str, t.Any]
# For each module. `make test-matrix` takes more of them.
EXAMPLES = int(os.environ.get("DAGOPS_EXAMPLES", "60"))
SPECS = {
    module: {
        name: {key: value for key, value in option.items() if key != "fallback"}
        for name, option in {**CONNECTION_SPEC, **module.ARGUMENT_SPEC}.items()
    }
    for module in (
        airflow_api,
        airflow_api_user,
        airflow_approval,
        airflow_approval_info,
        airflow_asset,
        airflow_backfill,
        airflow_connection,
        airflow_connection_info,
        airflow_dag,
        airflow_dag_batch,
        airflow_dag_file,
        airflow_dag_info,
        airflow_dag_run,
        airflow_dag_run_batch,
        airflow_dag_run_info,
        airflow_dag_run_wait,
        airflow_info,
        airflow_objects,
        airflow_objects_info,
        airflow_pool,
        airflow_pool_info,
        airflow_role,
        airflow_task,
        airflow_task_info,
        airflow_user,
        airflow_variable,
        airflow_variable_info,
        airflow_xcom_info,
    )
}
OF_TASKS = ("tasks", "clearTaskInstances", "updateTaskInstancesState")
KNOWN = {
    "dags": "etl_daily",
    "dagRuns": "release-42",
    "users": "deploy",
    "roles": "dag_trigger",
    "pools": "dag_trigger",
    "variables": "region",
    "connections": "warehouse",
    "xcomEntries": "b",
}


class AnyServer:
    """An Airflow with one DAG, one run, one user and one role, that takes what it is given and notes what it is told.

    In place of a script of exchanges: C(Transport) asks it for the answer to any request.
    """

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.clock = FakeClock()
        self.url = URL
        self.writes: list[str] = []
        self.made: set[str] = set()

    def send(self, request: requests.PreparedRequest, settings: Options) -> Exchange:
        method, url = request.method or "", request.url or ""
        # requests writes the name of a host in its own way.
        own = requests.Request("GET", f"{self.url}/").prepare().url
        assert url.startswith(str(own)), f"sent elsewhere: {url}"
        exchange = Exchange(method, url)
        path = urlsplit(url).path
        body = json.loads(request.body) if request.headers.get("Content-Type") == "application/json" else {}
        dry = path.endswith("/dry_run") or (isinstance(body, dict) and body.get("dry_run") is True)
        if method != "GET" and not path.endswith(READING_POSTS) and not dry:
            self.writes.append(f"{method} {path}")
        answer = self.answer(method, [unquote(part) for part in path.split("/") if part], body)
        if answer is None:
            return exchange.answers(self.generation.problem(404, "not found", "no such thing"), 404)
        return exchange.answers(answer)

    def answer(self, method: str, parts: list[str], body: Options) -> Options | None:
        """The body of an answer; None: there is no such thing."""
        if parts[-1:] == ["version"]:
            return {"version": self.generation.version}
        if parts[-1:] == ["health"]:
            return {name: {"status": "healthy"} for name in ("metadatabase", "scheduler")}
        if "backfills" not in parts and parts[-1] in (*OF_TASKS, "dry_run"):
            return {"tasks": [], "task_instances": [self.generation.task(KNOWN["dags"])]}
        if "backfills" in parts:
            return self.backfill(method, parts[-1])
        if {"datasets", "assets"} & {*parts}:
            return self.asset(method, parts)
        if parts[-1] == "hitlDetails":
            one = question()
            return one if "taskInstances" in parts else {"hitl_details": [one], "total_entries": 1}
        kind, name = next(((kind, name) for kind, name in zip(parts[-2::-1], parts[:0:-1]) if kind in KNOWN), ("", ""))
        if parts[-1] in (*KNOWN, "list", "taskInstances", "importErrors", "xcomEntries"):
            return self.listed(method, parts[-1], body)
        if name not in (KNOWN.get(kind), *self.made):
            return None
        return self.object(kind, name)

    def listed(self, method: str, kind: str, body: Options) -> Options:
        if method == "POST" and kind == "dagRuns":
            self.made.add(body["dag_run_id"])
            return self.object(kind, body["dag_run_id"])
        if kind == "xcomEntries":
            return {"xcom_entries": [{"task_id": "a", "map_index": -1, "key": "b"}], "total_entries": 1}
        key = {"dagRuns": "dag_runs", "list": "dag_runs", "taskInstances": "task_instances", "importErrors": "x"}
        one = [self.object(kind, KNOWN[kind])] if kind in KNOWN else []
        if kind == "taskInstances":
            one = [self.generation.task(KNOWN["dags"])]
        return {key.get(kind, kind): one, "total_entries": len(one), "import_errors": [], "access_token": "t"}

    def backfill(self, method: str, last: str) -> Options:
        if last == "dry_run":
            return {"backfills": [{"logical_date": "2026-11-22T00:00:00Z"}]}
        if last == "backfills" and method == "GET":
            return {"backfills": [], "total_entries": 0}
        dates = dict.fromkeys(("from_date", "to_date", "created_at", "completed_at"), "2026-11-22T00:00:00Z")
        more = {"is_paused": False, "reprocess_behavior": "none", "max_active_runs": 10, "dag_run_conf": None}
        return {"id": 7, "dag_id": KNOWN["dags"], **dates, **more}

    def asset(self, method: str, parts: list[str]) -> Options:
        noun = "dataset" if "datasets" in parts else "asset"
        if parts[-1] == "events":
            runs = [{"dag_id": KNOWN["dags"], "run_id": KNOWN["dagRuns"]}]
            event = {"id": 7, "timestamp": STARTED + "Z", "created_dagruns": runs, "extra": {MARK: "x"}}
            return event if method == "POST" else {f"{noun}_events": [event]}
        if "queuedEvent" in parts[-1] or "queuedEvent" in parts[-2]:
            return {"queued_events": [{"dag_id": KNOWN["dags"], "uri": "s3://x", "asset_id": 7}]}
        if parts[-1] == "materialize":
            self.made.add(NEW_ID)
            return {"dag_run_id": NEW_ID}
        dags = [{"dag_id": KNOWN["dags"]}]
        one = {"id": 7, "uri": "s3://x", "consuming_dags": dags, "producing_tasks": dags}
        return one if noun == "dataset" else {"assets": [one], "total_entries": 1}

    def object(self, kind: str, name: str) -> Options:
        if kind == "xcomEntries":
            return {"key": name, "value": "{'a': 1}"}
        if kind == "dags":
            return self.generation.dag(name)
        if kind == "dagRuns":
            return self.generation.run(name, "success", start_date=STARTED, end_date=ENDED)
        return {
            "name": name,
            "username": name,
            "email": "a@b",
            "first_name": "A",
            "last_name": "B",
            "roles": [],
            "slots": 8,
            "key": name,
            "value": "eu",
            "connection_id": name,
            "conn_type": "http",
            "extra": '{"a": 1, "token": "***"}',
        }


# -- what options hold: what they may, and what people, surveys and templates make of it

TEXT = st.one_of(
    st.sampled_from(["", " ", "~", "..", "None", "etl_daily", "release-42", "a/b", "é", "\ud800", "x" * 251, "%2e"]),
    st.text(alphabet="~.:+-_/%?#\\ \n\t\x00aZ09{}[]'\"&*é٣", max_size=12),
)
DAG_ID = st.one_of(st.just("etl_daily"), TEXT)
RUN_ID = st.one_of(st.just("release-42"), st.just("new-1"), st.just("scheduled__2026"), TEXT)
TIME = st.one_of(
    st.sampled_from(["2026-11-22T00:00:00Z", "2026-11-22 00:00:00+00:00", "2026-11-22", "9999-12-31T23:59:59-14:00"]),
    st.from_regex(r"\A[-+0-9TZ:. ]{0,30}\Z"),
    TEXT,
)
SECONDS = st.one_of(st.integers(-2, 90), st.floats(), st.sampled_from(["", "1e3", "nan", "-1", "1 s", "0x10"]))
NUMBER = st.one_of(st.integers(-2, 200), st.integers(), TEXT)
FLAG = st.one_of(st.booleans(), st.sampled_from(["yes", "off", "maybe", ""]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
MAPPING = st.dictionaries(TEXT, JSON, max_size=2)
CONF = st.one_of(st.just({"a": 1}), st.just("a: [1"), st.just('{"a": NaN}'), MAPPING, JSON)
LIST = st.one_of(st.just(["etl_daily"]), st.just(["etl_*"]), st.lists(TEXT, max_size=3), TEXT)
OF_A_RUN = {"conf": CONF, "secret_conf": MAPPING, "logical_date": TIME, "note": TEXT}
RUN = st.fixed_dictionaries({"dag_id": DAG_ID, "dag_run_id": RUN_ID}, optional=OF_A_RUN)
RUNS = st.lists(RUN, max_size=3) | st.lists(RUN | JSON, max_size=3)
PAIR = st.fixed_dictionaries({"action": TEXT, "resource": TEXT})
CHOICE = st.sampled_from(["present", "absent", "triggered", "cleared", "failed", "success", "unpause", "trigger"])
CONNECTION = {
    "api_url": st.one_of(st.just(URL), st.just(URL + "/api/v1/"), TEXT, TEXT.map(lambda text: "https://" + text)),
    "api_headers": st.one_of(st.just({"X-Key": "long enough"}), CONF),
    "request_timeout": SECONDS,
    "retry_timeout": SECONDS,
    "ca_path": TEXT,
    "client_cert": TEXT,
    "client_key": TEXT,
}
PURGE = st.fixed_dictionaries({"matching": LIST}, optional={"except": LIST, "at_most": NUMBER})


def objects(key: str, **more: t.Any) -> t.Any:
    """A list of objects of a kind, and what is none."""
    item = st.fixed_dictionaries({key: BY_KEY[key]}, optional={"state": CHOICE, "wrong": TEXT, **more})
    return st.lists(item, max_size=2) | st.lists(item | JSON, max_size=2) | JSON


BY_KEY = {
    "connection_id": st.just("warehouse") | TEXT,
    "key": st.just("region") | TEXT,
    "name": st.just("dag_trigger") | TEXT,
    "username": st.just("deploy") | TEXT,
}
BY_NAME = {
    "connections": objects("connection_id", conn_type=TEXT, password=TEXT, extra=CONF, port=NUMBER, secret_extra=CONF),
    "variables": objects("key", value=JSON, secret_value=JSON) | MAPPING,
    "pools": objects("name", slots=NUMBER, include_deferred=FLAG),
    "roles": objects("name", permissions=st.lists(PAIR, max_size=2)),
    "users": objects("username", password=TEXT, email=TEXT, roles=LIST),
    "dags": st.dictionaries(DAG_ID, st.fixed_dictionaries({"paused": FLAG}) | JSON, max_size=2) | JSON,
    "purge": st.dictionaries(st.sampled_from(["pools", "variables", "users"]), PURGE, max_size=2),
    "dag_id": DAG_ID,
    "dag_run_id": RUN_ID,
    "username": st.one_of(st.just(KNOWN["users"]), TEXT),
    "name": st.one_of(st.just(KNOWN["roles"]), TEXT),
    "key": st.one_of(st.just("region"), TEXT),
    "value": st.one_of(st.just("eu"), JSON),
    "secret_value": JSON,
    "connection_id": st.one_of(st.just("warehouse"), TEXT),
    "path": st.one_of(st.just("/pools"), TEXT, TEXT.map(lambda text: "/pools/" + text)),
    "query": CONF,
    "body": CONF,
    "extra": CONF,
    "secret_extra": CONF,
    "conf": CONF,
    "secret_conf": CONF,
    "task_id": st.one_of(st.just("approve"), st.just("load"), TEXT),
    "uri": st.one_of(st.just("s3://x"), st.just("s3://x"), st.none(), TEXT),
    "choose": st.one_of(st.just("Approve"), st.just(["Approve"]), st.just("Reject"), LIST | JSON),
    "params": CONF,
    "backfill_id": st.one_of(st.just(7), st.none(), NUMBER),
    "limit": NUMBER,
    "log_lines": NUMBER,
    "runs": RUNS,
    "permissions": st.lists(PAIR, max_size=2),
    "state": CHOICE,
    "when_paused": CHOICE,
    "order_by": st.sampled_from(["id", "-logical_date", "dag_id", "x"]),
}
# What the server knows: now and then all that is required is that, or there would be hardly a result.
GOOD = {
    "dag_id": "etl_daily",
    "dag_run_id": "release-42",
    "task_id": "approve",
    "choose": "Approve",
    "username": KNOWN["users"],
    "name": KNOWN["roles"],
    "key": "region",
    "connection_id": "warehouse",
}
BY_TYPE = {"bool": FLAG, "float": SECONDS, "int": NUMBER, "list": LIST, "dict": CONF}
TIMES = ("_date", "_gte", "_lte", "_after", "_start", "_end")


def of_option(name: str, option: Options) -> t.Any:
    if option["type"] == "list" and name not in ("runs", "permissions"):
        return LIST
    if name in BY_NAME:
        return BY_NAME[name]
    return TIME if name.endswith(TIMES) else BY_TYPE.get(option["type"], TEXT)


def options_of(module: t.Any) -> t.Any:
    """The required options of a module, up to three others, and at times up to three of the connection."""
    spec = module.ARGUMENT_SPEC
    required = {name: of_option(name, option) for name, option in spec.items() if option.get("required")}
    optional = {name: of_option(name, option) for name, option in spec.items() if name not in required}
    named = {}
    if "backfill_id" in optional:
        # It is named by its number, or by three other options.
        named["backfill_id"] = optional.pop("backfill_id")
    if "uri" in optional:
        named["uri"] = optional.pop("uri")
    if "task_group" in optional:
        named["task_id"] = st.one_of(st.just(["*"]), optional.pop("task_id"))
    drawn = st.fixed_dictionaries(required)
    if GOOD.keys() >= required.keys():
        drawn = st.one_of(st.just({name: GOOD[name] for name in required}), drawn)
    return st.fixed_dictionaries(
        {
            "required": drawn,
            "named": st.fixed_dictionaries(named),
            "optional": some_of(optional),
            "connection": st.one_of(st.just({}), st.just({}), some_of(CONNECTION)),
            "generation": st.sampled_from(["v1", "v2"]),
            "check_mode": st.sampled_from([False, False, True]),
        }
    )


def some_of(options: Options) -> t.Any:
    names = st.lists(st.sampled_from(sorted(options)), max_size=3, unique=True)
    return names.flatmap(lambda names: st.fixed_dictionaries({name: options[name] for name in names}))


def read_by_ansible(module: t.Any, options: Options) -> Options | None:
    """The parameters that Ansible makes of options, empty ones unset; None where it refuses them itself."""
    kept = {name: value for name, value in options.items() if value not in (None, "")}
    result = ArgumentSpecValidator(SPECS[module]).validate(kept)
    return None if result.error_messages else result.validated_parameters


def assert_good_end(message: str, writes: list[str], most: int = 500) -> None:
    assert len(message) < most, message
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", message), ascii(message)
    assert not writes, f"written before it failed ({message}): {writes}"


@pytest.mark.parametrize("module", SPECS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_any_input_ends_in_a_result_or_a_sentence(module, monkeypatch):
    ends = {"result": 0, "sentence": 0, "ansible": 0}

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(options_of(module))
    def tried(drawn):
        generation = GENERATIONS[drawn["generation"]]
        own = {"api_url": URL, "api_version": generation.name, **LOGINS[generation.name]}
        options = {**own, **drawn["connection"], **drawn["required"], **drawn["named"], **drawn["optional"]}
        ends[outcome(module, generation, options, drawn["check_mode"])] += 1

    def outcome(module, generation, options, check_mode):
        params = read_by_ansible(module, options)
        if params is None:
            return "ansible"
        server = AnyServer(generation)
        monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url: Transport(t.cast(t.Any, server)))
        warnings: list[str] = []
        try:
            airflow = connect(params, warnings.append, server.clock)
            server.url = airflow.url
            result = module.run(ModuleMock(params, check_mode, warnings), airflow)
        except AirflowError as error:
            # What Airflow refuses does not hold back the rest of a whole configuration, for four reasons.
            of_many = isinstance(error, ObjectsFailed)
            assert_good_end(error.message, [] if of_many else server.writes, 1500 if of_many else 500)
            return "sentence"
        assert not (check_mode and server.writes), f"written in check mode: {server.writes}"
        json.dumps(result)
        return "result"

    tried()
    # It would be no test if all of it went one way.
    assert ends["result"], ends
    assert ends["sentence"], ends
