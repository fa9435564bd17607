# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request is one that this Airflow, in the OpenAPI documents that it serves, says that it takes."""

from __future__ import annotations

import inspect
import json
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._airflow import airflow as server
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access import Access
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.approvals import Approvals, Question
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.assets import Assets
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.backfills import BackfillRequest, Backfills
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.connections import Connections
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.endpoints import Endpoints
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.endpoints import Request as Wanted
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.files import Files
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.health import Health
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.links import Links
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.named import Named
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.pools import Pools
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import RunFilter, Runs, TriggerRequest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.task_states import Selection, TaskStates
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.tasks import Tasks
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.variables import Variables
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.xcoms import Xcoms
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import ApiError, BadInput, Unsupported
from ansible_collections.dagops.airflow.plugins.module_utils._base.states import ENDED
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login
from live import Airflow
from openapi import Documents, Request

NAME = f"live_{uuid.uuid4().hex[:8]}"
ENDS_WITHIN = 240  # seconds, a run of one short task
# No document is about these: the login form of Airflow 2; what asks for the other generation, as each does that finds
# out by itself which one is there; and what targets ask for on purpose.
ELSEWHERE = {
    "v1": r"/login/|/auth/token|/api/v2/.*|/no/such/prefix/.*",
    "v2": r"/login/|/api/v1/.*|/no/such/prefix/.*",
}
ON_PURPOSE = "x-wrong-on-purpose"  # a header of requests that are to be refused
FAMILIES = (
    *(Access, Approvals, Assets, Backfills, Connections, Dags, Endpoints, Files, Health, Pools, Runs, Tasks),
    *(TaskStates, Variables, Xcoms),
)
# They ask what the others ask, or nothing.
NOT_ASKED = (
    *("Access.login_check", "Access.check_user", "Access.frees_address", "Files.check_names", "Health.ill"),
    *("Tasks.place", "Tasks.turn_of", "Tasks.pool_of"),
    "Assets.materialize",  # Airflow 2 has none
)


@pytest.fixture(scope="module")
def documents(airflow: Airflow) -> Documents:
    return Documents(airflow.url)


def mistakes(airflow: Airflow, documents: Documents, sent: list[Request]) -> dict[str, list[str]]:
    """What is wrong, by the request; a path that nobody describes is wrong, too."""
    found = {}
    for request in sent:
        wrong = documents.mistakes(as_documented(airflow, request))
        if wrong is None and not re.fullmatch(ELSEWHERE[airflow.generation], request.path):
            wrong = ["no document is about this path"]
        if wrong:
            found[str(request)] = wrong
    return found


def as_documented(airflow: Airflow, request: Request) -> Request:
    """The request without what the server takes and its document has forgotten, and without a hint that it ignores."""
    if airflow.name == "2.3" and request.path.startswith("/api/v1/connections") and request.body:
        body = {key: value for key, value in json.loads(request.body).items() if key != "description"}
        return replace(request, body=json.dumps(body))
    if airflow.name == "3.0" and "run_id_pattern" in request.target:
        return replace(request, target=re.sub(r"run_id_pattern=[^&]*&", "", request.target))
    return request


@contextmanager
def recorded() -> Iterator[list[Request]]:
    """All requests that this process sends in the meantime."""
    sent: list[Request] = []
    send = requests.adapters.HTTPAdapter.send

    def record(self: Any, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        headers = {name.lower(): value for name, value in request.headers.items()}
        sent.append(Request(request.method or "", request.path_url, headers, body))
        return send(self, request, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.adapters.HTTPAdapter, "send", record)
        yield sent


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request("GET", "/dags?limit=1&no_such_key=1"), "query no_such_key is not known"),
        (Request("GET", "/dags?limit=many"), "query limit=many does not fit"),
        (Request("GET", "/dags?limit=1&limit=2"), "query limit=1,2 does not fit"),
        (Request("GET", "/no_such_things"), "is not known"),
        (Request("PUT", "/dags/ok"), "is not known"),
        (Request("DELETE", "/dags"), "is not known"),
        (Request("PATCH", "/dags/ok"), "the body is missing"),
        (Request("PATCH", "/dags/ok", body='{"is_paused": "perhaps"}'), "body.is_paused"),
        (Request("PATCH", "/dags/ok", body='{"is_paused": true, "is_stale": true}'), "is_stale"),
        (Request("POST", "/dags/ok/dagRuns", body='{"logical_date": null, "conf": [1]}'), "body.conf"),
        (Request("POST", "/dags/ok/dagRuns", body='{"logical_date": null, "no_such_key": 1}'), "no_such_key"),
        (Request("POST", "/dags/ok/dagRuns", body='{"logical_date": null, "start_date": null}'), "start_date"),
        (Request("POST", "/dags/ok/clearTaskInstances", body='{"dry_run": "later"}'), "body.dry_run"),
    ],
)
def test_wrong_requests_are_found(airflow: Airflow, documents: Documents, request_: Request, says: str) -> None:
    """A check that finds nothing in these would find nothing in others, either."""
    target = f"/api/{airflow.generation}{request_.target}"
    headers = {"content-type": "application/json"}
    wrong = Request(request_.method, target, headers, request_.body)
    assert says in "; ".join(documents.mistakes(wrong) or ())


def test_a_right_request_is_none_of_them(airflow: Airflow, documents: Documents) -> None:
    body = {"logical_date": None, "conf": {"a": [1, {"b": None}]}, "dag_run_id": "x", "note": "y"}
    right = Request(
        "POST", f"/api/{airflow.generation}/dags/ok/dagRuns", {"content-type": "application/json"}, json.dumps(body)
    )
    assert documents.mistakes(right) == []


def test_everything_that_modules_may_ask_is_valid(airflow: Airflow, documents: Documents) -> None:
    """Each method that asks Airflow for something, called once at least."""
    with recorded() as sent:
        asked = ask(airflow)
    assert len(sent) >= len(asked)
    assert mistakes(airflow, documents, sent) == {}
    for family in FAMILIES:
        methods = {f"{family.__name__}.{name}" for name, _method in inspect.getmembers(family, inspect.isfunction)}
        public = {name for name in methods if "._" not in name}
        if family in (Approvals, Backfills) and airflow.generation == "v1":
            continue  # Airflow 2 has none.
        assert public <= {*asked, *NOT_ASKED}, "call the new method in this test"
    there = {*server.Family.__subclasses__(), *Named.__subclasses__()}
    assert set(FAMILIES) == there - {Links, Named}, "call the new family in this test"


def ask(airflow: Airflow) -> set[str]:
    """Call every method there is, and return their names."""
    found = server.detect(Client(airflow.url, Login()))
    found.client.login = found.generation.logins["auto"](*login(airflow))
    asked = set()

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        family = getattr(function, "__self__", None).__class__
        interface = next((kind for kind in family.__mro__ if kind in FAMILIES), family)
        asked.add(f"{interface.__name__}.{function.__name__}")
        # Not every version does all of this; what it refuses by itself has been asked.
        with suppress(ApiError, BadInput, Unsupported):
            return function(*arguments)
        return None

    call(found.log_in)
    call(found.ask(Health).read)
    call(found.version)
    on_dags(found, call)
    on_runs(found, call)
    on_approvals(found, call)
    on_assets(found, call)
    on_users(found.ask(Access), call)
    on_connections(found.ask(Connections), call)
    on_backfills(found, call)
    on_endpoints(found.ask(Endpoints), call)
    on_pools(found.ask(Pools), call)
    on_variables(found.ask(Variables), call)
    return asked


def login(airflow: Airflow) -> tuple[str, str]:
    return airflow.username, airflow.password


def on_dags(found: server.Airflow, call: Callable[..., Any]) -> None:
    dags, files = found.ask(Dags), found.ask(Files)
    everything: list[tuple[Any, ...]] = [
        (dags.get, "ok"),
        (dags.find, f"{NAME}_unknown"),
        (dags.catches_up, "ok"),
        (dags.select,),
        (dags.select, "ok", ["demo", "other"]),
        (dags.set_paused, "ok", False),
        (dags.set_all_paused, "ok", ["demo"], False),
        (dags.set_all_paused, "", ["demo"], False),
        (files.dags,),
        (files.import_errors,),
        (files.stamps, ["dags-folder"]),
        (files.is_file_of, {"dag_id": "ok", "fileloc": "/dags/outcomes.py"}, "outcomes.py"),
        (files.reparse, "ok"),
        (dags.version, "ok"),
        (dags.delete, f"{NAME}_unknown"),
        (dags.select, "many_00"),
    ]
    for function, *arguments in everything:
        call(function, *arguments)


def on_runs(found: server.Airflow, call: Callable[..., Any]) -> None:
    runs, tasks = found.ask(Runs), found.ask(Tasks)
    day = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc) + timedelta(seconds=uuid.uuid4().int % 10**6)
    full = TriggerRequest(f"{NAME}+1", {"a": 1}, day, day, day + timedelta(days=1), None, "a note")
    call(runs.check_trigger, full)
    call(runs.check_clear, True)
    call(runs.check_change, "ok", f"{NAME}_unknown")
    call(runs.trigger, "ok", full)
    call(runs.trigger, "ok", TriggerRequest(f"{NAME}_2", {}))
    call(runs.trigger, "ok", TriggerRequest(f"{NAME}_2", {}))
    if found.generation.name == "v2":
        call(runs.trigger, "ok", TriggerRequest(f"{NAME}_3", {}, None, None, None, day))
    call(runs.last, "ok")
    call(runs.of_date, "ok", day)
    call(runs.find, "ok", f"{NAME}_unknown")
    times = {f"{key}_{side}": day for key in ("logical_date", "start_date", "end_date") for side in ("gte", "lte")}
    for order in ("id", "-id", "logical_date", "-start_date", "end_date"):
        call(runs.select, "ok", RunFilter(["queued", "failed"], times, order, 150))
    call(runs.select, None, RunFilter((), {}, "-id", 5))
    call(runs.active, ["ok", "fails"])
    for name in (f"{NAME}+1", f"{NAME}_3", f"{NAME}_2"):
        look = partial(runs.find, "ok", name)
        seen, _silence = found.patience.wait(look, lambda run: not run or run["state"] in ENDED, ENDS_WITHIN, 0.2)
        assert not seen or seen["state"] in ENDED, f"{name} is {seen['state']}: {tasks.of_run('ok', name)}"
    # The scheduler of 3.3 ends when a run is deleted that it has just begun to look at. It looks at no paused DAG.
    call(found.ask(Dags).set_paused, "ok", True)
    run = f"{NAME}_2"
    assert call(runs.get, "ok", run)["state"] in ENDED
    for task in call(tasks.of_run, "ok", run):
        call(tasks.circumstances, "ok", run, task)
        pool = call(found.ask(Pools).find, tasks.pool_of(run, task)["name"])
        call(tasks.in_pool, pool["name"], ["running", "queued"])
        call(tasks.lacking, "ok", run, task)
        call(tasks.retry_time, "ok", task)
        call(tasks.log, "ok", run, task, 3)
        call(tasks.log, "ok", run, {**task, "map_index": 0, "try_number": 1}, 3)
    call(tasks.upstream, "ok")
    call(tasks.ids, "ok")
    call(tasks.mapped, "ok")
    call(tasks.of_run, "ok", f"{NAME}/unknown")
    call(runs.find, "ok", f"{NAME}/unknown")
    xcoms = found.ask(Xcoms)
    call(xcoms.select, "ok", run)
    for index in (-1, 0):
        call(xcoms.value, "ok", run, {"task_id": "extract", "map_index": index, "key": "return_value", "region": {}})
    call(xcoms.returned, "ok", run, ["extract", "load"])
    on_task_states(found.ask(TaskStates), call(runs.get, "ok", run), call(tasks.of_run, "ok", run), call)
    call(runs.set_state, "ok", run, "failed")
    call(runs.clear, "ok", run, True, False)
    call(runs.clear, "ok", run, False, found.version() >= (3, 1))
    call(runs.clear, "ok", f"{NAME}/unknown", True, False)
    call(runs.set_state, "ok", run, "success")
    for name in (f"{NAME}+1", f"{NAME}_2", f"{NAME}_3"):
        call(runs.delete, "ok", name)


def on_task_states(states: Any, run: Any, there: Any, call: Callable[..., Any]) -> None:
    chosen = Selection(run, there, there[:1], False, True, True)
    for function, *arguments in (
        (states.check, "cleared", False, False),
        (states.graph, "ok"),
        (states.of_group, run, "group", there),
        (states.would_clear, chosen, True),
        (states.would_mark, chosen, "failed"),
        (states.marks_upstream, there[0]),
        (states.mark, run, there[0], "success", False),
        (states.clear, chosen, False, False),
    ):
        call(function, *arguments)


def on_approvals(found: server.Airflow, call: Callable[..., Any]) -> None:
    if found.generation.name == "v1":
        return  # Airflow 2 has none.
    approvals, question = found.ask(Approvals), Question("ok", f"{NAME}_2", "extract", -1)
    call(approvals.find, question)
    call(approvals.waiting, None, None)
    call(approvals.answer, question, ["Approve"], {"a": 1})


def on_assets(found: server.Airflow, call: Callable[..., Any]) -> None:
    assets, asset = found.ask(Assets), {"id": 0, "name": NAME, "uri": f"s3://{NAME}"}
    for function, *arguments in (
        (assets.find, None, f"s3://{NAME}"),
        (assets.known,),
        (assets.of_dag, "ok"),
        (assets.make_event, asset, {"a": 1}, NAME),
        (assets.event, asset, NAME, 0.0),
        (assets.queued_for, asset),
        (assets.unqueue, asset),
        (assets.lacking, "ok"),
        (assets.check_materialize,),
    ):
        call(function, *arguments)
    if found.generation.name == "v2":
        call(assets.materialize, asset, "ok", f"{NAME}_4")


def on_connections(connections: Any, call: Callable[..., Any]) -> None:
    texts = {"conn_type": "http", "description": "x", "host": "a.b", "login": "c", "schema": "d", "team_name": ""}
    fields = {"connection_id": NAME, **texts, "port": 1, "extra": {"e": 1}, "password": "long-password"}
    cleared = {"description": "", "host": "", "login": "", "schema": "", "port": 0, "extra": {}}
    for function, *arguments in (
        (connections.check, {**fields, "team_name": "data"}),
        (connections.check_new, NAME),
        (connections.create, fields),
        (connections.find, NAME),
        (connections.find, f"{NAME}_unknown"),
        (connections.update, fields, {"host": "b.c", "password": "longer-password"}),
        (connections.update, fields, cleared),
        (connections.remake, {**fields, "password": None}),
        (connections.select,),
        (connections.whole, fields),
        (connections.delete, NAME),
    ):
        call(function, *arguments)


def on_pools(pools: Any, call: Callable[..., Any]) -> None:
    fields = {"name": NAME, "slots": 2, "description": "x", "include_deferred": False, "team_name": ""}
    for function, *arguments in (
        (pools.check, {**fields, "slots": -1, "include_deferred": True}),
        (pools.create, fields),
        (pools.find, NAME),
        (pools.find, f"{NAME}_unknown"),
        (pools.update, fields, {"slots": 3, "description": ""}),
        (pools.select,),
        (pools.delete, NAME),
    ):
        call(function, *arguments)


def on_backfills(found: server.Airflow, call: Callable[..., Any]) -> None:
    day = datetime(2026, 1, 2, tzinfo=timezone.utc)
    request = BackfillRequest("ok", day, day, "none", False, 1, {"a": 1})
    if found.generation.name == "v1":
        return  # Airflow 2 has none.
    backfills = found.ask(Backfills)
    for function, *arguments in (
        (backfills.find, 0),
        (backfills.of_dag, "ok"),
        (backfills.dates, request),
        (backfills.create, request, ()),
        (backfills.cancel, 0),
    ):
        call(function, *arguments)


def on_endpoints(endpoints: Any, call: Callable[..., Any]) -> None:
    call(endpoints.send, Wanted("GET", "/dags", {"limit": "1"}, None, False, False, False))
    call(endpoints.send, Wanted("GET", "/dags", {}, None, True, False, False))


def on_variables(variables: Any, call: Callable[..., Any]) -> None:
    fields = {"key": NAME, "value": "a", "description": "", "team_name": ""}
    described = {**fields, "key": f"{NAME}.described", "description": "x"}
    for function, *arguments in (
        (variables.check, {**fields, "team_name": "data"}),
        (variables.create, fields),
        (variables.find, NAME),
        (variables.find, f"{NAME}_unknown"),
        (variables.update, fields, {"value": "b"}),
        (variables.select,),
        (variables.delete, NAME),
    ):
        call(function, *arguments)
    with suppress(Unsupported):
        variables.check(described)
        call(variables.create, described)
        call(variables.update, described, {"description": "", "value": "b"})
        call(variables.delete, described["key"])


def on_users(access: Any, call: Callable[..., Any]) -> None:
    read, edit = ({"action": action, "resource": "DAGs"} for action in ("can_read", "can_edit"))
    role = {"name": NAME, "permissions": [read]}
    user = {"username": NAME, "email": f"{NAME}@a", "first_name": "A", "last_name": "B", "roles": [NAME]}
    for function, *arguments in (
        (access.find_role, NAME),
        (access.select_roles,),
        (access.select_users,),
        (access.own_roles,),
        (access.check_role, None, {"name": NAME, "permissions": [{"action": "can_fly", "resource": "DAGs"}]}),
        (access.create_role, role),
        (access.create_user, user, "long-password"),
        (access.find_user, NAME),
        (access.accepts_password, NAME, "long-password"),
        (access.update_user, {**user, "first_name": "C"}, "longer-password"),
        (access.update_user, user),
        (access.update_role, role, {**role, "permissions": [read, edit]}),
        (access.update_role, {**role, "permissions": [read, edit]}, {**role, "permissions": [edit]}),
        (access.delete_user, NAME),
        (access.delete_role, NAME),
    ):
        call(function, *arguments)


def test_every_request_of_the_integration_targets_is_valid(airflow: Airflow, documents: Documents) -> None:
    """Those that a relay before this server has seen."""
    record = os.environ.get("DAGOPS_TEST_REQUESTS")
    if not record:
        pytest.skip("the integration targets have not been run on this server (nox -s integration-3.3 runs them)")
    sent = [Request(**entry) for entry in json.loads(Path(record).read_text(encoding="utf-8"))]
    # Targets look at the server by other means, too.
    ours = [
        request
        for request in sent
        if request.headers.get("user-agent", "").startswith("python-requests/") and ON_PURPOSE not in request.headers
    ]
    assert ours
    assert mistakes(airflow, documents, ours) == {}
