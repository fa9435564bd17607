# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a task runs, and what its module is given."""

from __future__ import annotations

import json
import sys
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._module import progress
from ansible_collections.dagops.airflow.plugins.modules import airflow_info
from ansible_collections.dagops.airflow.plugins.plugin_utils import _action
from ansible_collections.dagops.airflow.plugins.plugin_utils._action import AirflowAction
from ansible_collections.dagops.airflow.plugins.plugin_utils._passes import SHARED

Vars = t.Dict[str, t.Any]
LOCAL: Vars = {"inventory_hostname": "localhost"}
# What a task of the role is given.
OF_ROLE: Vars = {
    **LOCAL,
    "ansible_role_name": "dagops.airflow.airflow_deploy",
    "airflow_deploy_api_url": "http://x",
    "airflow_deploy_api_username": "ann",
}


class Action(AirflowAction):
    """Tells where it would have run the module, and with what."""

    module = airflow_info
    lines: list[str]

    def _execute_module(self, **given: t.Any) -> Vars:  # type: ignore[override]
        progress.get()("half of it is done")
        return {"here": self._call is not None, **given}

    def _remove_tmp_path(self, *_given: t.Any) -> None:  # type: ignore[override]
        """There is none."""


def action(transport: str = "local", become: t.Any = None, **of_the_task: t.Any) -> Action:
    shell = types.SimpleNamespace(tmpdir=None, env_prefix=lambda **variables: "")
    connection = types.SimpleNamespace(transport=transport, become=become, _shell=shell, has_native_async=False)
    settings: Vars = {"args": {}, "async_val": 0, "check_mode": False, "no_log": False, "delegate_to": None}
    settings = {**settings, "until": [], "retries": None, "_uuid": "1"}
    task = types.SimpleNamespace(
        **{"action": "dagops.airflow.airflow_info", "environment": None, **settings, **of_the_task}
    )
    loader = types.SimpleNamespace(get_basedir=lambda: ".")
    templar = types.SimpleNamespace(template=lambda value: sys.executable if value == "{{ own }}" else value)
    made = Action(task, connection, types.SimpleNamespace(), loader, templar, None)
    made.lines = []
    made._display = types.SimpleNamespace(display=made.lines.append, vvv=lambda *_words: None)
    return made


def runs_here(made: Action, task_vars: Vars | None = None) -> bool:
    return bool(made.run(task_vars=dict(task_vars or LOCAL))["here"])


# -- what the items of a loop share


@pytest.mark.parametrize("again", [{"until": ["done is success"]}, {"retries": 3}])
def test_a_task_that_is_tried_again_shares_nothing_that_was_refused(again: Vars) -> None:
    owner = ["deploy"]
    for settings, known in (({}, True), ({"_uuid": "2"}, False), (again, False)):
        action(_uuid="1").run(task_vars=dict(LOCAL))
        SHARED.refuse(owner, "wrong", 401)
        action(**settings).run(task_vars=dict(LOCAL))
        assert (SHARED.refused(owner) is not None) is known


# -- where it runs


def test_a_plain_task_on_the_control_node_runs_here() -> None:
    assert runs_here(action())


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({"transport": "ssh"}, id="another host"),
        pytest.param({"become": "sudo"}, id="become"),
        pytest.param({"async_val": 60}, id="async"),
        pytest.param({"environment": {"PYTHONPATH": "/x"}}, id="a variable that Python reads when it starts"),
        pytest.param({"environment": {"LD_PRELOAD": "/x"}}, id="a variable of the linker"),
        pytest.param({"environment": {"no name": "x"}}, id="a variable that no shell takes"),
    ],
)
def test_what_asks_for_a_process_of_its_own_gets_one(made: Vars) -> None:
    assert not runs_here(action(**made))


def test_async_is_asked_for_as_ansible_does_it() -> None:
    assert action(async_val=60).run(task_vars=dict(LOCAL))["wrap_async"] is True
    assert action(transport="ssh").run(task_vars=dict(LOCAL))["wrap_async"] is False


def test_without_requests_ansible_runs_the_module_which_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_action, "HAS_REQUESTS", False)
    assert not runs_here(action())


def test_not_when_somebody_wants_to_keep_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "true")
    assert not runs_here(action())


def test_not_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not runs_here(action())


@pytest.mark.parametrize(
    ("variable", "environment", "here"),
    [
        (None, None, True),
        (None, "", True),
        (None, "false", False),
        (None, "0", False),
        (None, "no", False),
        (None, "true", True),
        (False, None, False),
        ("off", None, False),
        ("", "no", False),
        (True, "no", True),
        (False, "yes", False),
        ("nonsense", None, False),
    ],
)
def test_it_can_be_switched_off(variable: t.Any, environment: str | None, here: bool, monkeypatch: t.Any) -> None:
    if environment is not None:
        monkeypatch.setenv("DAGOPS_AIRFLOW_IN_PROCESS", environment)
    given = {} if variable is None else {"dagops_airflow_in_process": variable}
    assert runs_here(action(), {**LOCAL, **given}) is here


@pytest.mark.parametrize(
    ("python", "here"),
    [
        ("auto", True),
        ("auto_silent", True),
        ("auto_legacy", True),
        (sys.executable, True),
        ("{{ own }}", True),
        (f" {sys.executable} ", True),
        ("/usr/bin/no-such-python", False),
        ("/usr/bin/env python3", False),
        ("", True),
    ],
)
def test_another_python_is_one_that_is_chosen(python: str, here: bool) -> None:
    assert runs_here(action(), {**LOCAL, "ansible_python_interpreter": python}) is here


def test_another_python_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/no-such-python")
    assert not runs_here(action())


def test_of_a_delegated_task_the_python_of_that_host_counts() -> None:
    there = {"ansible_delegated_vars": {"other": {"ansible_python_interpreter": "/usr/bin/no-such-python"}}}
    assert not runs_here(action(delegate_to="other"), {**LOCAL, **there})
    assert runs_here(
        action(delegate_to="other"), {"ansible_python_interpreter": "/x", "ansible_delegated_vars": {"other": {}}}
    )


def test_what_cannot_be_said_of_the_python_ansible_shall_say() -> None:
    assert not runs_here(action(), {**LOCAL, "ansible_python_interpreter": ["a list"]})
    assert not runs_here(action(delegate_to="unknown"), LOCAL)


@pytest.mark.parametrize(
    "error", [AttributeError("_configure_module"), TypeError("an argument more"), ImportError("gone")]
)
def test_another_ansible_core_runs_the_module_in_its_own_way(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = Action._execute_module

    def fails_here(self: Action, **given: t.Any) -> Vars:
        if self._call is not None:
            raise error
        return ordinary(self, **given)

    monkeypatch.setattr(Action, "_execute_module", fails_here)
    assert not runs_here(action())


def test_a_module_that_has_begun_does_not_run_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: Action, **given: t.Any) -> Vars:
        assert self._call is not None
        self._call.begun = True
        raise TypeError("in the middle")

    monkeypatch.setattr(Action, "_execute_module", breaks)
    with pytest.raises(TypeError, match="in the middle"):
        action().run(task_vars=dict(LOCAL))


# -- what it is given

VARIABLES = {
    "api_url": "AIRFLOW_API_URL",
    "api_username": "AIRFLOW_API_USERNAME",
    "api_password": "AIRFLOW_API_PASSWORD",
    "api_token": "AIRFLOW_API_TOKEN",
    "api_auth": "AIRFLOW_API_AUTH",
    "api_version": "AIRFLOW_API_VERSION",
    "validate_certs": "AIRFLOW_API_VALIDATE_CERTS",
    "request_timeout": "AIRFLOW_API_REQUEST_TIMEOUT",
    "retry_timeout": "AIRFLOW_API_RETRY_TIMEOUT",
}
FILES = {
    "ca_path": "AIRFLOW_API_CA_PATH",
    "client_cert": "AIRFLOW_API_CLIENT_CERT",
    "client_key": "AIRFLOW_API_CLIENT_KEY",
}
ELSEWHERE = [{"transport": "ssh"}, {"become": "sudo"}, {}]


def given(made: Action) -> Vars:
    args: Vars = made.run(task_vars=dict(LOCAL))["module_args"]
    return args


@pytest.mark.parametrize("made", ELSEWHERE, ids=str)
def test_options_of_the_connection_come_from_the_control_node(made: Vars, monkeypatch: pytest.MonkeyPatch) -> None:
    for option, variable in VARIABLES.items():
        monkeypatch.setenv(variable, f" {option} of env\n")
    assert given(action(**made)) == {option: f"{option} of env" for option in VARIABLES}


def test_files_of_the_control_node_are_named_there_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for option, variable in FILES.items():
        monkeypatch.setenv(variable, f"/{option}.pem")
    assert given(action(become="sudo")) == {option: f"/{option}.pem" for option in FILES}
    assert given(action(transport="ssh")) == {}


def test_a_file_of_no_bytes_is_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    monkeypatch.setenv("AIRFLOW_API_CA_PATH", str(tmp_path / "ca.pem"))
    assert given(action(become="sudo")) == {}


def test_the_task_counts_before_its_environment_and_that_before_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, "of the job")
    environment = [{"AIRFLOW_API_URL": "of the play"}, {"AIRFLOW_API_URL": "of the task", "AIRFLOW_API_TOKEN": ""}]
    args = given(action(args={"api_username": "given", "api_password": "", "api_auth": None}, environment=environment))
    assert args["api_url"] == "of the task"
    assert args["api_username"] == "given"
    assert args["api_password"] == args["api_auth"] == "of the job"
    assert "api_token" not in args


@pytest.mark.parametrize(
    ("option", "outdone"),
    [("api_token", ["api_username", "api_password"]), ("api_username", ["api_token"]), ("api_password", ["api_token"])],
)
def test_a_way_to_log_in_goes_before_another_one_of_the_job(
    monkeypatch: pytest.MonkeyPatch, option: str, outdone: list[str]
) -> None:
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, "of the job")
    args = given(action(args={option: "given"}))
    assert {name for name in ("api_token", "api_username", "api_password") if name not in args} == set(outdone)


def test_a_command_in_place_of_a_server_is_not_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_API_URL", "of the job")
    assert given(action(args={"airflow_command": ["airflow"]})) == {"airflow_command": ["airflow"]}
    assert "api_url" in given(action(args={"airflow_command": None}))


def test_the_options_of_the_task_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_API_URL", "of the job")
    made = action()
    given(made)
    assert made._task.args == {}


# -- lines of progress


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        ({}, ["localhost: half of it is done"]),
        ({"no_log": True}, []),
        ({"check_mode": True}, []),
        ({"become": "sudo"}, []),
        ({"async_val": 60}, []),
    ],
    ids=str,
)
def test_lines_of_progress_are_shown_where_somebody_reads_them(made: Vars, lines: list[str]) -> None:
    acting = action(**made)
    acting.run(task_vars=dict(LOCAL))
    assert acting.lines == lines


def test_nobody_is_told_after_the_task() -> None:
    acting = action()
    acting.run(task_vars=dict(LOCAL))
    progress.get()("too late")
    assert acting.lines == ["localhost: half of it is done"]


# -- what it says

NAMES = {"wait_timeout": "airflow_wait", "set when_paused to unpause or trigger": "give it paused: false"}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("Too long, after 5s (wait_timeout): wait.", "Too long, after 5s (airflow_wait): wait."),
        ("give wait_timeout more than parse_margin.", "give airflow_wait more than parse_margin."),
        ("wait_timeout is -1; correct wait_timeout.", "airflow_wait is -1; correct airflow_wait."),
        ("unpause it, or set when_paused to unpause or trigger.", "unpause it, or give it paused: false."),
        (
            "argument 'wait_timeout' is of type <class 'str'>",
            "airflow_wait: argument 'wait_timeout' is of type <class 'str'>",
        ),
        (
            "Unsupported parameters for (x) module: y. Supported parameters include: dag_id, wait_timeout.",
            "Unsupported parameters for (x) module: y. Supported parameters include: dag_id, wait_timeout.",
        ),
        # No options: a reason from a log, ids, a URL.
        ("load: KeyError: 'wait_timeout'", "load: KeyError: 'wait_timeout'"),
        ("DAG my.wait_timeout, wait_timeouts", "DAG my.wait_timeout, wait_timeouts"),
        ("https://airflow/dags/wait_timeout/runs", "https://airflow/dags/wait_timeout/runs"),
    ],
)
def test_a_sentence_speaks_of_variables(said: str, known: str) -> None:
    assert _action.renamed(said, NAMES) == known


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (
            "argument 'retry_timeout' is of type <class 'str'>",
            "AIRFLOW_API_RETRY_TIMEOUT: argument 'retry_timeout' is of type <class 'str'>",
        ),
        (
            "value of api_auth must be one of: auto, basic",
            "AIRFLOW_API_AUTH: value of api_auth must be one of: auto, basic",
        ),
        ("raise retry_timeout.", "raise AIRFLOW_API_RETRY_TIMEOUT."),
        # The play has another name for it, which did not give the value.
        ("argument 'api_version' is of type", "AIRFLOW_API_VERSION: argument 'api_version' is of type"),
        # Given by the task, or by nobody.
        ("check api_url.", "check api_url."),
        ("argument 'request_timeout' is of type", "argument 'request_timeout' is of type"),
    ],
)
def test_what_comes_from_the_environment_is_called_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, said: str, known: str
) -> None:
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: json.loads(res["stdout"]))
    for name, value in {"URL": "http://y", "AUTH": "x", "RETRY_TIMEOUT": "x", "VERSION": "x"}.items():
        monkeypatch.setenv(f"AIRFLOW_API_{name}", value)
    made = action(args={"api_url": "http://x"})
    made.run(task_vars={**LOCAL, "dagops_airflow_names": {"api_version": "airflow_version"}})
    assert made._parse_returned_data({"stdout": json.dumps({"failed": True, "msg": said})})["msg"] == known


def test_a_sentence_of_the_role_comes_before_the_names_of_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: json.loads(res["stdout"]))
    made = action()
    made.run(task_vars={**OF_ROLE, "dagops_airflow_names": {"change it over the API (api_url)": "name an admin"}})
    printed = {"failed": True, "msg": "change it over the API (api_url), or check api_url."}
    answer = made._parse_returned_data({"stdout": json.dumps(printed)})
    assert answer["msg"] == "name an admin, or check airflow_deploy_api_url."


@pytest.mark.parametrize("names", [NAMES, {}])
@pytest.mark.parametrize("failed", [True, False])
def test_only_failures_are_put_in_other_words(monkeypatch: pytest.MonkeyPatch, names: Vars, failed: bool) -> None:
    monkeypatch.setattr(
        _action.ActionBase, "_parse_returned_data", lambda _self, res, *_more: json.loads(res["stdout"])
    )
    made = action()
    made.run(task_vars={**LOCAL, "dagops_airflow_names": names})
    printed = {"failed": failed, "msg": "wait_timeout is 0", "invocation": {"wait_timeout": 0}}
    expected = {**printed, "msg": "airflow_wait is 0"} if failed and names else printed
    assert made._parse_returned_data({"stdout": json.dumps(printed)}, "legacy") == expected


# Before ansible-core 2.19, and since.
@pytest.mark.parametrize("form", [lambda text: text, lambda text: {"__type": "Warning", "event": {"msg": text}}])
@pytest.mark.parametrize("names", [NAMES, {}])
@pytest.mark.parametrize("failed", [True, False])
def test_warnings_are_put_in_other_words(
    monkeypatch: pytest.MonkeyPatch, names: Vars, failed: bool, form: t.Callable[[str], t.Any]
) -> None:
    monkeypatch.setattr(
        _action.ActionBase, "_parse_returned_data", lambda _self, res, *_more: json.loads(res["stdout"])
    )
    made = action()
    made.run(task_vars={**LOCAL, "dagops_airflow_names": names})
    printed = {"failed": failed, "warnings": [form("wait_timeout is 0")], "conf": {"warnings": ["wait_timeout is 0"]}}
    expected = {**printed, "warnings": [form("airflow_wait is 0")]} if names else printed
    assert made._parse_returned_data({"stdout": json.dumps(printed)}, "legacy") == expected


@pytest.mark.parametrize(("timed_out", "said"), [(False, "wait_timeout is 0"), (True, "airflow_wait is 0")])
def test_the_reasons_of_tasks_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch, timed_out: bool, said: str) -> None:
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: json.loads(res["stdout"]))
    made = action()
    made.run(task_vars={**LOCAL, "dagops_airflow_names": NAMES})
    printed = {"failed": True, "msg": "wait_timeout is 0", "timed_out": timed_out, "failed_tasks": [{"task_id": "a"}]}
    assert made._parse_returned_data({"stdout": json.dumps(printed)})["msg"] == said


@pytest.mark.parametrize("failed", [True, False])
def test_the_sentences_of_dags_are_put_in_other_words(monkeypatch: pytest.MonkeyPatch, failed: bool) -> None:
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: json.loads(res["stdout"]))
    made = action()
    made.run(task_vars={**LOCAL, "dagops_airflow_names": NAMES})
    of_task = {"message": "a task: wait_timeout is 0", "failed_tasks": [{"task_id": "a"}]}
    late = {"message": "b: wait_timeout is 0", "failed_tasks": [{"task_id": "a"}], "timed_out": True}
    dag = {"message": "wait_timeout is 0", "dag_id": "wait_timeout"}
    dags = [dag, of_task, late]
    printed = {"failed": failed, "msg": "2 of 3: " + " | ".join(one["message"] for one in dags), "dags": [*dags, "b"]}
    answer = made._parse_returned_data({"stdout": json.dumps(printed)})
    if not failed:
        assert answer == printed
        return
    assert answer["dags"] == [
        {**dag, "message": "airflow_wait is 0"},
        of_task,
        {**late, "message": "b: airflow_wait is 0"},
        "b",
    ]
    assert answer["msg"] == "2 of 3: airflow_wait is 0 | a task: wait_timeout is 0 | b: airflow_wait is 0"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "check airflow_deploy_api_url, airflow_deploy_api_username (ann) and wait_timeout."),
        ({"dagops_airflow_names": {"api_url": "AIRFLOW"}}, "check AIRFLOW, airflow_deploy_api_username (ann) and wait"),
        # As a playbook asks for it.
        ({"__airflow_deploy_connection_prefix": ""}, "check api_url, api_username (ann) and wait_timeout."),
        # Any other role.
        ({"ansible_role_name": "airflow_deploy"}, "check api_url, api_username (ann) and wait_timeout."),
    ],
)
def test_options_of_the_connection_have_the_names_of_the_role(
    monkeypatch: pytest.MonkeyPatch, more: Vars, said: str
) -> None:
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: json.loads(res["stdout"]))
    made = action()
    made.run(task_vars={**OF_ROLE, **more})
    printed = {"failed": True, "msg": "check api_url, api_username (ann) and wait_timeout."}
    assert made._parse_returned_data({"stdout": json.dumps(printed)})["msg"].startswith(said)


@pytest.mark.parametrize("here", [True, False])
def test_a_task_of_the_role_connects_as_its_variables_say(monkeypatch: pytest.MonkeyPatch, here: bool) -> None:
    """What they do not give comes from the environment, and nothing from module_defaults of the play."""
    monkeypatch.setenv("AIRFLOW_API_URL", "http://of-the-environment")
    monkeypatch.setenv("AIRFLOW_API_PASSWORD", "of-ann")
    monkeypatch.setenv("AIRFLOW_API_AUTH", "basic")
    made = action(args={"login": True, "api_username": "of-module-defaults", "api_version": "v1"})
    made._task.environment = [{"AIRFLOW_API_RETRY_TIMEOUT": "7"}]
    more = {} if here else {"dagops_airflow_in_process": False}
    ran = made.run(task_vars={**OF_ROLE, "airflow_deploy_api_token": "", **more})
    assert {name: value for name, value in ran["module_args"].items() if value} == {
        "login": True,
        "api_url": "http://x",
        "api_username": "ann",
        "api_password": "of-ann",
        "api_auth": "basic",
        "retry_timeout": "7",
    }


def test_a_task_of_the_role_may_connect_in_another_way() -> None:
    made = action()
    ran = made.run(task_vars={**OF_ROLE, "__airflow_deploy_connection": {"api_username": "bob", "api_auth": "basic"}})
    given = {name: value for name, value in ran["module_args"].items() if value}
    assert given == {"api_url": "http://x", "api_username": "bob", "api_auth": "basic"}


@pytest.mark.parametrize("of_login", ["api", "admin"])
@pytest.mark.parametrize(
    ("given", "login"),
    [
        ({}, ("ann", "of-ann", None)),
        ({"username": "", "password": None}, ("ann", "of-ann", None)),
        ({"token": "mine"}, (None, None, "mine")),
        ({"username": "bob", "password": "of-bob"}, ("bob", "of-bob", None)),
        ({"username": "bob"}, ("bob", "of-ann", None)),
        # The module refuses both.
        ({"username": "bob", "token": "mine"}, ("bob", "of-ann", "mine")),
    ],
)
def test_a_login_that_is_given_to_the_role_comes_before_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, of_login: str, given: Vars, login: tuple[str | None, ...]
) -> None:
    own, other = ("API_ADMIN", "API") if of_login == "admin" else ("API", "API_ADMIN")
    monkeypatch.setenv(f"AIRFLOW_{own}_USERNAME", "ann")
    monkeypatch.setenv(f"AIRFLOW_{own}_PASSWORD", "of-ann")
    monkeypatch.setenv(f"AIRFLOW_{other}_USERNAME", "somebody")
    monkeypatch.setenv(f"AIRFLOW_{other}_TOKEN", "of-somebody")
    variables = {f"airflow_deploy_{of_login}_{name}": value for name, value in given.items()}
    as_admin = {"__airflow_deploy_as_admin": "AIRFLOW_API_ADMIN"} if of_login == "admin" else {}
    role = {**LOCAL, "ansible_role_name": OF_ROLE["ansible_role_name"], **as_admin}
    args = action().run(task_vars={**role, **variables})["module_args"]
    assert tuple(args.get(name) or None for name in ("api_username", "api_password", "api_token")) == login


def test_the_login_of_an_admin_may_be_in_the_variables_of_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the playbook create_api_user has it."""
    monkeypatch.setenv("AIRFLOW_API_USERNAME", "root")
    monkeypatch.setenv("AIRFLOW_API_PASSWORD", "of-root")
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: json.loads(res["stdout"]))
    made = action()
    names = {"dagops_airflow_names": {"api_username": "airflow_admin_username"}}
    args = made.run(task_vars={**OF_ROLE, **names, "__airflow_deploy_as_admin": "AIRFLOW_API"})["module_args"]
    assert (args["api_username"], args["api_password"]) == ("root", "of-root")
    printed = {"failed": True, "msg": "wrong api_username (root) or api_password."}
    answer = made._parse_returned_data({"stdout": json.dumps(printed)})
    assert answer["msg"] == "wrong AIRFLOW_API_USERNAME (root) or AIRFLOW_API_PASSWORD."


def test_what_the_login_of_an_admin_lacks_does_not_come_from_that_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_API_USERNAME", "ann")
    monkeypatch.setenv("AIRFLOW_API_PASSWORD", "of-ann")
    made = action()
    role = {**OF_ROLE, "__airflow_deploy_as_admin": "AIRFLOW_API_ADMIN", "airflow_deploy_admin_username": "root"}
    args = made.run(task_vars=role)["module_args"]
    assert args["api_username"] == "root"
    assert "api_password" not in args
    # The module looks there, too.
    assert made._task.environment[-1] == {
        "AIRFLOW_API_USERNAME": "",
        "AIRFLOW_API_PASSWORD": "",
        "AIRFLOW_API_TOKEN": "",
    }


@pytest.mark.parametrize(
    ("given", "username", "password"),
    [
        ({}, "ann", "of-ann"),
        ({"username": None, "password": ""}, "ann", "of-ann"),
        ({"username": "OMITTED", "password": "OMITTED"}, "ann", "of-ann"),
        ({"password": "new"}, "ann", "new"),
        ({"username": "ann"}, "ann", "of-ann"),
        ({"username": "bob", "password": "of-bob"}, "bob", "of-bob"),
        ({"username": 0, "password": 0}, 0, 0),
        # The password in the environment is that of another user.
        ({"username": "bob"}, "bob", None),
    ],
)
def test_the_user_that_the_role_makes(
    monkeypatch: pytest.MonkeyPatch, given: Vars, username: t.Any, password: t.Any
) -> None:
    monkeypatch.setenv("AIRFLOW_API_USERNAME", "ann")
    monkeypatch.setenv("AIRFLOW_API_TOKEN", "of-ann, too")
    variables = {f"airflow_deploy_api_{name}": value for name, value in given.items()}
    made = action(args={"airflow_command": "airflow"})
    # The keyword of a play.
    made._task.environment = [{"AIRFLOW_API_PASSWORD": "of-ann"}]
    role = {**LOCAL, "ansible_role_name": OF_ROLE["ansible_role_name"], "omit": "OMITTED"}
    task = {"__airflow_deploy_user_as": ["username", "password"]}
    args = made.run(task_vars={**role, **variables, **task})["module_args"]
    expected = {"airflow_command": "airflow", "username": username, "password": password}
    assert {name: value for name, value in args.items() if value is not None} == {
        name: value for name, value in expected.items() if value is not None
    }


def test_the_environment_may_have_the_password_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_API_PASSWORD", "of-ann")
    task = {"__airflow_deploy_user_as": ["username", "password"]}
    args = action(args={"airflow_command": "airflow"}).run(task_vars={**OF_ROLE, **task})["module_args"]
    assert (args["username"], args["password"]) == ("ann", "of-ann")


def test_an_option_that_the_task_empties_does_not_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USERNAME", "PASSWORD", "TOKEN", "AUTH"):
        monkeypatch.setenv(f"AIRFLOW_API_{name}", "x")
    others = {"__airflow_deploy_connection": {"api_token": "", "api_auth": None}}
    role = {**LOCAL, "ansible_role_name": OF_ROLE["ansible_role_name"], "airflow_deploy_api_token": "mine"}
    args = action().run(task_vars={**role, **others})["module_args"]
    assert args == {"api_username": "x", "api_password": "x", "api_auth": "x"}


def test_an_admin_of_the_role_connects_in_spite_of_a_command_in_module_defaults() -> None:
    made = action(args={"airflow_command": "airflow", "name": "ann"})
    role = {**OF_ROLE, "__airflow_deploy_as_admin": "AIRFLOW_API_ADMIN", "airflow_deploy_admin_username": "root"}
    assert made.run(task_vars=role)["module_args"] == {"name": "ann", "api_url": "http://x", "api_username": "root"}


def test_with_the_command_airflow_a_task_of_the_role_has_no_connection() -> None:
    own = {"airflow_command": "airflow", "username": "ann"}
    made = action(args={**own, "api_url": "of-module-defaults"})
    assert made.run(task_vars=OF_ROLE)["module_args"] == own


@pytest.mark.parametrize(
    "printed", [{"failed": True, "exception": "a traceback"}, {"conf": {"failed": True}, "msg": 1}]
)
def test_what_has_no_sentence_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, printed: Vars) -> None:
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: json.loads(res["stdout"]))
    made = action()
    made.run(task_vars={**LOCAL, "dagops_airflow_names": NAMES})
    assert made._parse_returned_data({"stdout": json.dumps(printed)}) == printed


def test_what_is_no_result_is_left_to_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_action.ActionBase, "_parse_returned_data", lambda _self, res: res["stdout"])
    made = action()
    made.run(task_vars={**LOCAL, "dagops_airflow_names": NAMES})
    assert made._parse_returned_data({"stdout": "no python"}) == "no python"
