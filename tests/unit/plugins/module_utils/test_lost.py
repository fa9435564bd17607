# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each write says so when nobody knows whether it was carried out."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils import _airflow
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access import Access
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.approvals import Approvals, Question
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.assets import Assets
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.backfills import Backfills
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.connections import Connections
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.files import Files
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.pools import Pools
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.task_states import TaskStates
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.variables import Variables
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, Unsupported
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Exchange
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable

FILES = sorted(Path(next(iter(_airflow.__path__))).glob("*.py"))
# They only read, or ask what would be done.
READING = {"_active", "ask", "would_clear", "_marked_with", "of_group", "would_mark", "dates", "_listed", "in_pool"}
# Whoever calls them knows better what to say, or looks for what was made.
TOLD_ELSEWHERE = {"trigger", "create", "act", "clear", "_clear_by_body", "make_event", "materialize", "send"}

USER = {"username": "deploy", "email": "d@example.com", "first_name": "D", "last_name": "E", "roles": ["Op"]}
ROLE: dict[str, t.Any] = {"name": "app", "permissions": []}
RUN = {"dag_id": "etl", "dag_run_id": "r1"}
TASK = {"task_id": "load", "map_index": 3, "id": "7", "turn": None}
POOL = {"name": "etl", "slots": 8, "description": "", "include_deferred": False, "team_name": ""}
VARIABLE = {"key": "etl", "value": "1", "description": "", "team_name": ""}
CONNECTION = {"connection_id": "etl", "conn_type": "http"}
NO_HARM = "repeating the task does no harm."

Write = t.Callable[[Airflow], t.Any]
WRITES: dict[str, tuple[Write, str]] = {
    "pause": (
        lambda airflow: airflow.ask(Dags).set_paused("etl", True),
        "Whether DAG etl was paused is not known; airflow_dag_info shows it, and airflow_dag with paused: true does no "
        "harm.",
    ),
    "pause many": (
        lambda airflow: airflow.ask(Dags).set_all_paused("etl", [], False),
        "Whether some DAGs were unpaused is not known; airflow_dag_info shows it, and airflow_dag with paused: false "
        "does no harm.",
    ),
    "delete a DAG": (
        lambda airflow: airflow.ask(Dags).delete("etl"),
        f"Whether DAG etl was deleted is not known; airflow_dag_info shows it, and {NO_HARM}",
    ),
    "mark a run": (
        lambda airflow: airflow.ask(Runs).set_state("etl", "r1", "failed"),
        "Whether DAG run etl / r1 was marked failed is not known; airflow_dag_run_info shows it, and airflow_dag_run "
        "with state: failed does no harm.",
    ),
    "delete a run": (
        lambda airflow: airflow.ask(Runs).delete("etl", "r1"),
        f"Whether DAG run etl / r1 was deleted is not known; airflow_dag_run_info shows it, and {NO_HARM}",
    ),
    "mark a task": (
        lambda airflow: airflow.ask(TaskStates).mark(RUN, TASK, "skipped", False),
        "Whether task load[3] of DAG run etl / r1 was marked skipped is not known; airflow_task_info shows it, and "
        f"{NO_HARM}",
    ),
    "mark upstream": (
        lambda airflow: airflow.ask(TaskStates).mark(RUN, {**TASK, "map_index": -1}, "success", True),
        "Whether task load of DAG run etl / r1 was marked success is not known; airflow_task_info shows it, and "
        f"{NO_HARM}",
    ),
    "answer": (
        lambda airflow: airflow.ask(Approvals).answer(Question("etl", "r1", "ask", -1), ["Approve"], {}),
        "Whether the answer to task ask of DAG run etl / r1 was taken is not known; airflow_approval_info shows it, "
        f"and {NO_HARM}",
    ),
    "make a pool": (
        lambda airflow: airflow.ask(Pools).create(POOL),
        f"Whether pool etl was made is not known; airflow_pool_info shows it, and {NO_HARM}",
    ),
    "change a pool": (
        lambda airflow: airflow.ask(Pools).update(POOL, {"slots": 9}),
        f"Whether pool etl was changed is not known; airflow_pool_info shows it, and {NO_HARM}",
    ),
    "delete a pool": (
        lambda airflow: airflow.ask(Pools).delete("etl"),
        f"Whether pool etl was deleted is not known; airflow_pool_info shows it, and {NO_HARM}",
    ),
    "make a variable": (
        lambda airflow: airflow.ask(Variables).create(VARIABLE),
        f"Whether variable etl was made is not known; airflow_variable_info shows it, and {NO_HARM}",
    ),
    "change a variable": (
        lambda airflow: airflow.ask(Variables).update(VARIABLE, {"value": "2"}),
        f"Whether variable etl was changed is not known; airflow_variable_info shows it, and {NO_HARM}",
    ),
    "make a connection": (
        lambda airflow: airflow.ask(Connections).create(CONNECTION),
        f"Whether connection etl was made is not known; airflow_connection_info shows it, and {NO_HARM}",
    ),
    "change a connection": (
        lambda airflow: airflow.ask(Connections).update(CONNECTION, {"host": "h"}),
        f"Whether connection etl was changed is not known; airflow_connection_info shows it, and {NO_HARM}",
    ),
    "create a connection again": (
        lambda airflow: airflow.ask(Connections).remake(CONNECTION),
        "Connection etl may be gone: it was to be deleted, to clear its password, and created again; repeat the task, "
        "which makes it with the fields that it names.",
    ),
    "make a user": (
        lambda airflow: airflow.ask(Access).create_user(USER, "s3cret-pa55"),
        f"Whether user deploy was made is not known; airflow_objects_info shows it, and {NO_HARM}",
    ),
    "change a user": (
        lambda airflow: airflow.ask(Access).update_user(USER),
        f"Whether user deploy was changed is not known; airflow_objects_info shows it, and {NO_HARM}",
    ),
    "delete a user": (
        lambda airflow: airflow.ask(Access).delete_user("deploy"),
        f"Whether user deploy was deleted is not known; airflow_objects_info shows it, and {NO_HARM}",
    ),
    "make a role": (
        lambda airflow: airflow.ask(Access).create_role(ROLE),
        f"Whether role app was made is not known; airflow_objects_info shows it, and {NO_HARM}",
    ),
    "change a role": (
        lambda airflow: airflow.ask(Access).update_role(ROLE, ROLE),
        f"Whether role app was changed is not known; airflow_objects_info shows it, and {NO_HARM}",
    ),
    "delete a role": (
        lambda airflow: airflow.ask(Access).delete_role("app"),
        f"Whether role app was deleted is not known; airflow_objects_info shows it, and {NO_HARM}",
    ),
    "cancel a backfill": (
        lambda airflow: airflow.ask(Backfills).cancel(3),
        f"Whether backfill 3 was cancelled is not known; Airflow's web interface shows it, and {NO_HARM}",
    ),
    "remove queued events": (
        lambda airflow: airflow.ask(Assets).unqueue({"id": 3, "name": "orders", "uri": "s3://orders"}),
        "Whether the queued events of asset orders were removed is not known; Airflow's web interface shows it, and "
        f"{NO_HARM}",
    ),
}
ONLY_V2 = {"answer", "cancel a backfill"}


class Deaf(Client):
    """A session in which no write gets an answer."""

    def _exchange(self, method: str, path: str, **request: t.Any) -> t.Any:
        if method != "GET":
            self._transport._answered = True
            error = requests.ConnectionError(ConnectionResetError(104, "reset"))
            adapter = self._transport._session.get_adapter(self.url)
            adapter.server.script.append(Exchange(method, "").fails(error))  # type: ignore[attr-defined]
            adapter.server.script[-1].differences = lambda sent: []  # type: ignore[attr-defined]
        return super()._exchange(method, path, **request)


@pytest.fixture
def deaf(clock: t.Any, generation: t.Any) -> Airflow:
    version = (2, 11, 0) if generation.name == "v1" else (3, 3, 0)
    return Airflow(Deaf(URL, Login(), clock=clock, retry_timeout=0), generation.name, version)


@pytest.mark.parametrize("write", WRITES)
def test_a_lost_answer(deaf, server, generation, write):
    if write in ONLY_V2 and generation.name == "v1":
        with pytest.raises(Unsupported):
            WRITES[write][0](deaf)
        return
    if write == "make a role":
        # Whether an update that broke off has left one.
        path = {"v1": "roles", "v2": "/auth/fab/v1/roles"}[generation.name]
        server.get(path, {"limit": 100, "offset": 0}).answers({"roles": [], "total_entries": 0})
    act, says = WRITES[write]
    with pytest.raises(AirflowError) as caught:
        act(deaf)
    assert_readable(caught.value.message)
    assert caught.value.message.endswith(f" {says}")


def test_a_wish_to_have_a_file_parsed(deaf, server):
    server.get("dags/etl").answers({"file_token": "abc"})
    with pytest.raises(AirflowError) as caught:
        deaf.ask(Files).reparse("etl")
    assert caught.value.message.endswith(
        " Whether Airflow was asked to parse the file of DAG etl is not known; last_parsed_time of airflow_dag_info "
        f"shows it, and {NO_HARM}"
    )


def test_a_connection_that_was_deleted_and_may_be_created_again(deaf, server, monkeypatch):
    monkeypatch.setattr(Connections, "_delete", lambda self, path, lost: None)
    with pytest.raises(AirflowError) as caught:
        deaf.ask(Connections).remake(CONNECTION)
    message = caught.value.message
    assert_readable(message)
    assert message.startswith(
        "Connection etl was deleted to clear its password, and whether it was created again is not known; repeat the "
    )
    assert message.count("is not known") == 1


def writes(tree: ast.AST) -> t.Iterator[tuple[str, ast.Call]]:
    """Yield the calls of a session that may write, each with the function that it is in."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    owner = getattr(node.func.value, "attr", "")
                    if owner == "_client" and node.func.attr in ("patch", "put", "post", "delete"):
                        yield function.name, node


# By position: C(patch) has it as the fourth argument, the others that take it there as the second.
PLACES = {"patch": 4, "put": 2, "delete": 2}


def tells(call: ast.Call) -> bool:
    """Whether the call says what is not known when its answer gets lost."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return any(key.arg == "lost" for key in call.keywords) or len(call.args) >= PLACES.get(name, 99)


def test_each_write_says_what_is_not_known():
    calls = [found for file in FILES for found in writes(ast.parse(file.read_text(encoding="utf-8")))]
    assert len(calls) > 30
    assert {name for name, call in calls if not tells(call)} == READING | TOLD_ELSEWHERE
