# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole modules with airflow_command: how it is given, what it is called with, and what is wrong with it."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access import Access
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access_command import AccessByCommand
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.command import CommandLine
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import CommandFailed
from ansible_collections.dagops.airflow.plugins.module_utils._base.program import Ended, TooMuch, TooSlow
from ansible_collections.dagops.airflow.plugins.module_utils._by_command import command_line
from ansible_collections.dagops.airflow.plugins.modules import airflow_role, airflow_user
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable

USERS = '[{"username": "deploy", "email": "d@e", "first_name": "De", "last_name": "Ploy", "roles": ["Op"]}]'
USER = {"username": "deploy", "email": "d@e", "first_name": "De", "last_name": "Ploy", "roles": ["Op"]}


@pytest.fixture
def airflow(tmp_path: Path) -> Path:
    """A command that lists one user, and writes down what it was called with."""
    path = tmp_path / "air flow"
    path.write_text(
        f"""#!/bin/sh
echo "$* home=$AIRFLOW_HOME secret=$AIRFLOW_API_PASSWORD encoding=$PYTHONIOENCODING" >> '{tmp_path}/called'
echo '[2026-11-28T01:39:02.560+0000] INFO - [a log line]'
echo '{USERS}'
""",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def make_home(path: Path, file: str = "airflow.cfg") -> str:
    path.mkdir()
    (path / file).write_text("", encoding="utf-8")
    return str(path)


@pytest.fixture
def called(tmp_path: Path) -> Path:
    return tmp_path / "called"


@pytest.mark.parametrize("form", ["list", "text", "tilde"])
def test_a_command_and_its_home(played, airflow, called, monkeypatch, form):
    monkeypatch.setenv("HOME", str(airflow.parent))
    make_home(airflow.parent / "home")
    given = {"list": [str(airflow)], "text": f"'{airflow}'", "tilde": ["~/air flow"]}[form]
    result = played(airflow_user.main, airflow_command=given, airflow_home="~/home", username="deploy")
    assert (result["changed"], result["user"]) == (False, USER)
    expected = f"users list -o json home={airflow.parent}/home secret= encoding=utf-8\n"
    assert called.read_text(encoding="utf-8") == expected


def test_the_environment_of_the_api_counts_less_and_is_not_handed_on(played, airflow, called, monkeypatch):
    monkeypatch.setenv("AIRFLOW_API_URL", "https://airflow.example")
    monkeypatch.setenv("AIRFLOW_API_PASSWORD", "s3cret-pa55")
    monkeypatch.setenv("AIRFLOW_HOME", "/opt/airflow")
    result = played(airflow_user.main, airflow_command=[str(airflow)], username="deploy")
    assert result["user"] == USER
    assert "home=/opt/airflow secret= " in called.read_text(encoding="utf-8")


@pytest.mark.parametrize("place", ["missing", "empty", "file"])
def test_a_home_without_an_airflow_is_refused(played, airflow, called, tmp_path, place):
    """Airflow makes airflow.cfg and airflow.db in whatever folder it is told, and that has no users."""
    home = tmp_path / "home"
    if place == "empty":
        home.mkdir()
    if place == "file":
        home.write_text("", encoding="utf-8")
    result = played(
        airflow_user.main, airflow_command=str(airflow).replace(" ", "\\ "), airflow_home=str(home), username="x"
    )
    assert f"airflow_home {home} holds neither airflow.cfg nor airflow.db, and the environment has no" in result["msg"]
    assert result["msg"].endswith("; correct airflow_home, or set that variable in the task's environment.")
    assert_readable(result["msg"])
    assert not called.exists()


@pytest.mark.parametrize(
    "variable",
    [
        "AIRFLOW_CONFIG",
        "AIRFLOW__CORE__SQL_ALCHEMY_CONN",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_SECRET",
    ],
)
def test_a_home_of_an_airflow_that_is_configured_elsewhere(played, airflow, monkeypatch, tmp_path, variable):
    monkeypatch.setenv(variable, "x")
    home = str(tmp_path / "home")
    assert (
        played(airflow_user.main, airflow_command=[str(airflow)], airflow_home=home, username="deploy")["user"] == USER
    )


def test_a_home_with_a_database_alone(played, airflow, tmp_path):
    home = make_home(tmp_path / "home", "airflow.db")
    assert (
        played(airflow_user.main, airflow_command=[str(airflow)], airflow_home=home, username="deploy")["user"] == USER
    )


def test_a_home_in_a_container_is_not_looked_for(played, airflow):
    command = ["env", str(airflow)]
    assert (
        played(airflow_user.main, airflow_command=command, airflow_home="/no/such", username="deploy")["user"] == USER
    )


def test_requests_is_not_needed(played, airflow, monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)
    assert played(airflow_user.main, airflow_command=[str(airflow)], username="deploy")["user"] == USER


@pytest.mark.parametrize("module", [airflow_user, airflow_role])
def test_a_url_in_the_task_is_refused(played, airflow, called, module):
    name = {"username": "deploy"} if module is airflow_user else {"name": "trigger"}
    result = played(module.main, airflow_command=[str(airflow)], api_url="https://airflow.example", **name)
    assert result["failed"]
    assert "airflow_command and api_url are given, and exclude each other" in result["msg"]
    assert not called.exists()


def test_an_empty_url_takes_away_that_of_module_defaults(played, airflow):
    assert played(airflow_user.main, airflow_command=[str(airflow)], api_url="", username="deploy")["user"] == USER


@pytest.mark.parametrize("given", ["", None])
def test_an_empty_command_is_unset(played, server, given):
    result = played(airflow_user.main, airflow_command=given, username="deploy")
    assert "No Airflow is named: set api_url" in result["msg"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"a": 1}, "airflow_command is a text or a list of words"),
        ([["airflow"]], "airflow_command is a text or a list of words"),
        ([], "airflow_command begins or ends with no word"),
        ([""], "airflow_command begins or ends with no word"),
        (["docker", " "], "airflow_command begins or ends with no word"),
        ("'airflow", "airflow_command has a quote that is not closed"),
        ("/no/such/airflow", "/no/such/airflow cannot be started: No such file or directory; correct airflow_command"),
        (["/etc/passwd"], "/etc/passwd cannot be started: Permission denied"),
        (["air\0flow"], "cannot be started: embedded null byte"),
        ("true", "true users list printed no list as JSON"),
        ("echo [1]", "[1] users list printed no list as JSON"),
        (["sh", "-c", "yes", "airflow"], "airflow users list prints without end and was stopped"),
        ("false", "false users list ended with status 1: it gave no reason; see to airflow_command, airflow_home and"),
        (["sh", "-c", "echo no such thing >&2; exit 7", "airflow"], "ended with status 7: no such thing; see"),
        (["sh", "-c", "echo '[{\"a\": 1}]'", "airflow"], "printed JSON of an unknown shape"),
        (
            ["sh", "-c", "echo 'Could not parse postgresql://me:hunter2@db/x' >&2; exit 1", "airflow"],
            "status 1: Could not parse postgresql://********@db/x; see",
        ),
    ],
)
def test_a_command_that_is_wrong(played, given, words):
    result = played(airflow_user.main, airflow_command=given, username="deploy")
    assert result["failed"]
    assert words in result["msg"]
    assert_readable(result["msg"])


def test_a_command_that_hangs(played):
    command = ["sh", "-c", "sleep 600", "airflow"]
    result = played(airflow_user.main, airflow_command=command, command_timeout=0.2, username="deploy")
    assert "airflow users list had not ended after 0.2 s (command_timeout) and was stopped" in result["msg"]


@pytest.mark.parametrize("problem", [TooSlow, TooMuch])
def test_a_call_that_was_stopped_may_have_done_its_work(problem):
    def stopped(*_call: t.Any) -> Ended:
        raise problem

    command = CommandLine(AccessByCommand, ["airflow"], {}, 5, program=stopped)
    unknown = " Whether it has done its work is not known; repeating the task does no harm."
    with pytest.raises(CommandFailed) as caught:
        command.do("users", "delete", "--username=deploy")
    assert caught.value.message.endswith(unknown)
    with pytest.raises(CommandFailed) as caught:
        command.listed("users", "list")
    assert unknown not in caught.value.message


def test_a_command_without_time(played, airflow):
    result = played(airflow_user.main, airflow_command=[str(airflow)], command_timeout=0, username="deploy")
    assert result["msg"] == "command_timeout is 0; it takes more than 0 seconds."


def test_it_is_asked_for_the_family_of_the_api():
    params = {"airflow_command": "airflow", "airflow_home": None, "command_timeout": 1.0}
    assert isinstance(command_line(params, AccessByCommand).ask(Access), AccessByCommand)
