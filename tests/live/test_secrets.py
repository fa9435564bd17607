# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password, token, header value or secret_conf comes out of a job, however much output is asked for.

One job uses every module, the role and the playbooks, so that they succeed and so that they fail, with `-vvvv --diff`.
Secrets are needles that stand nowhere else, and all that the job lets out is searched for them. One more needle is put
where everybody may see it: it has to be found in every place, or the search would be worth nothing.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from live import Airflow
from live import play as play_tasks
from watched import Job, watched

NAME = f"live_{uuid.uuid4().hex[:8]}"
# Tokens of Airflow 3 and session cookies of Airflow 2, which only the modules themselves have seen.
PASS = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+")
VISIBLE = f"visible{uuid.uuid4().hex}"
DAGS = ["ok", "writes_conf", "tells_conf", "params"]
KINDS = (
    "api_password",
    "wrong_password",
    "wrong_token",
    "header",
    "conf_text",
    "conf_deep",
    "conf_kv",
    "conf_yaml",
    "user_password",
    "next_password",
    "url_password",
    "role_password",
    "play_password",
)


def needle() -> str:
    """A secret of two halves, since half a secret is one, too, around what JSON, Python, URLs and shells quote."""
    return f"Nq{uuid.uuid4().hex[:12]}'\"\\%é$ {uuid.uuid4().hex[:12]}qN"


NEEDLES = {kind: needle() for kind in KINDS}
# Of "key=value" and of a URL such characters would be a part.
NEEDLES.update(conf_kv=f"Nq{uuid.uuid4().hex}", url_password=f"Nq{uuid.uuid4().hex}")
NUMBER = 10**11 + uuid.uuid4().int % 10**11


def traces(airflow: Airflow) -> dict[str, str]:
    """What must be nowhere: halves of needles, the admin's password, and what basic auth makes of both."""
    found = {"the number": str(NUMBER), "the admin's password": airflow.password}
    for kind, text in NEEDLES.items():
        found.update({f"{kind}, half {number}": half for number, half in enumerate(re.findall(r"Nq\w+|\w+qN", text))})
    for user, password in ((airflow.username, airflow.password), (NAME, NEEDLES["api_password"])):
        found[f"{user} in basic auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    return found


class Play:
    """A list of tasks, and what is to become of each: a pattern of the failure's message, or None."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.ends: dict[str, str | None] = {}

    def add(self, name: str, module: str, options: Mapping[str, Any], fails: str | None = None, **task: Any) -> None:
        self.ends[name] = fails
        self.tasks.append({"name": name, module: dict(options), "ignore_errors": fails is not None, **task})

    def module(self, title: str, module: str, fails: str | None = None, task: Any = None, /, **options: Any) -> None:
        self.add(title, f"dagops.airflow.{module}", options, fails, **(task or {}))


def modules(airflow: Airflow) -> Play:
    """Each module, as it succeeds and as it fails."""
    play = Play()
    admin = {"api_username": airflow.username, "api_password": airflow.password}
    secret = {"key": NEEDLES["conf_text"], "list": [{"deep": NEEDLES["conf_deep"]}], "number": NUMBER}
    run = "airflow_dag_run"
    quick = {"log_lines": 5, "poll_interval": 1}
    user = {"username": f"{NAME}_other", "email": f"{NAME}_other@example.com", "roles": ["Viewer"]}
    no_login = {"environment": {"AIRFLOW_API_USERNAME": "", "AIRFLOW_API_PASSWORD": ""}}
    in_background = {"async": 300, "poll": 0, "register": "background"}

    me = {"username": NAME, "email": f"{NAME}@example.com", "roles": ["Admin"], "password": NEEDLES["api_password"]}
    play.module("make the job's own user", "airflow_user", **admin, **me)
    play.module("log in", "airflow_info", login=True, api_headers={"X-Needle": NEEDLES["header"]})
    play.module("log in with headers as text", "airflow_info", api_headers=f"X-Needle={NEEDLES['conf_kv']}")
    play.module("unpause", "airflow_dag", dag_id=DAGS, paused=False)
    play.module("no such DAG", "airflow_dag", "does not exist", dag_id=["no_such_dag"], paused=True)
    play.module("list DAGs", "airflow_dag_info", dag_id=["ok"])

    play.module("run in check mode", run, None, {"check_mode": True}, dag_id="ok", secret_conf=secret)
    play.module("run", run, dag_id="writes_conf", dag_run_id=NAME, conf={"seen": VISIBLE}, secret_conf=secret)
    play.module("adopt with another conf", run, dag_id="writes_conf", dag_run_id=NAME, secret_conf={"key": secret})
    play.module("a run that tells its conf", run, "tells_conf", dag_id="tells_conf", secret_conf=secret, **quick)
    play.module("refused by the schema", run, "check conf", dag_id="params", secret_conf={"n": secret["key"]})
    as_text = {"secret_conf": f'{{"n": "{NEEDLES["conf_kv"]}", "name": {NUMBER}}}'}
    play.module("refused by the schema, as text", run, "check conf", dag_id="params", **as_text)
    play.module("in secret", run, "", {"no_log": True}, dag_id="params", secret_conf={"n": secret["key"]})
    play.module("no mapping", run, "secret_conf", dag_id="ok", secret_conf=NEEDLES["conf_yaml"])
    play.module("an option of Ansible's", run, "wait_timeout", dag_id="ok", secret_conf=secret, wait_timeout="long")
    play.module("in the background", run, None, in_background, dag_id="writes_conf", secret_conf=secret)
    batch = "airflow_dag_run_batch"
    runs = [{"dag_id": "writes_conf", "secret_conf": secret}, {"dag_id": "tells_conf", **as_text}]
    play.module("many runs", batch, "tells_conf", runs=runs, **quick)
    play.module("many runs in check mode", batch, None, {"check_mode": True}, runs=runs[:1])
    wrong_runs = [{"dag_id": "ok", "secret_conf": secret, "wiat": True}]
    play.module("many runs with an option that is none", batch, "wiat", runs=wrong_runs)
    as_python = (
        f"[{{'dag_id': 'ok', 'secret_conf': {{'key': 'a={NEEDLES['conf_kv']}'}}, 'x': datetime.date(2026, 1, 1)}}]"
    )
    play.module("many runs as text", batch, "runs is a text", runs=as_python)
    play.module("DAGs one after the other", "airflow_dag_batch", "tells_conf", dags=runs, **quick)
    play.module("DAGs in check mode", "airflow_dag_batch", None, {"check_mode": True}, dags=runs[:1])
    play.module("DAGs with an option that is none", "airflow_dag_batch", "wiat", dags=wrong_runs)
    play.module("DAGs as text", "airflow_dag_batch", "dags is a text", dags=as_python)
    play.module("list runs", "airflow_dag_run_info", dag_id="writes_conf", dag_run_id=NAME)
    play.module("wait for runs", "airflow_dag_run_wait", runs=[{"dag_id": "writes_conf", "dag_run_id": NAME}])
    play.module("read tasks", "airflow_task_info", dag_id="writes_conf", dag_run_id=NAME, log_lines=5)

    wrong = {"api_username": NAME, "api_password": NEEDLES["wrong_password"]}
    play.module("a wrong password", "airflow_dag", "api_password", dag_id=["ok"], paused=True, **wrong)
    wrong_token = {"api_token": NEEDLES["wrong_token"], "api_headers": f'{{"X-Needle": "{NEEDLES["conf_kv"]}"}}'}
    play.module("a wrong token", "airflow_dag", "api_token", no_login, dag_id=["ok"], paused=True, **wrong_token)
    in_url = airflow.url.replace("://", f"://{NAME}:{NEEDLES['url_password']}@")
    play.module("a password in the URL", "airflow_info", "must not hold credentials", api_url=in_url)

    password = {"password": NEEDLES["user_password"]}
    play.module("make a user in check mode", "airflow_user", None, {"check_mode": True}, **user, **password)
    play.module("make a user", "airflow_user", **user, **password)
    play.module("give it another password", "airflow_user", **user, password=NEEDLES["next_password"])
    play.module("a user that cannot be", "airflow_user", "", **{**user, "username": f"{NAME}_3"}, **password)
    play.module("a role that cannot be", "airflow_role", "", name=NAME, permissions=[{"action": "x", "resource": "y"}])
    objects(play, secret)
    play.add(
        "wait for the background",
        "ansible.builtin.async_status",
        {"jid": "{{ background.ansible_job_id }}"},
        register="awaited",
        until="awaited.finished",
        retries=300,
        delay=1,
    )
    return play


def objects(play: Play, secret: Mapping[str, Any]) -> None:
    """Connections and variables. What is in them stands below names that Airflow takes for those of secrets."""
    connection, variable = "airflow_connection", "airflow_variable"
    it: dict[str, Any] = {"connection_id": NAME, "conn_type": "http", "password": NEEDLES["user_password"]}
    check = {"check_mode": True}
    deep = {"secret_extra": {"token": secret}}
    as_text = {"secret_extra": f'{{"token": "{NEEDLES["conf_kv"]}", "passwd": {NUMBER}}}'}
    play.module("make a connection in check mode", connection, None, check, **it, **deep)
    play.module("make a connection", connection, **it, **deep, update_secrets="on_change")
    play.module("a connection that is there", connection, **it, **deep, update_secrets="on_change")
    play.module("another password", connection, **{**it, "password": NEEDLES["next_password"]}, **as_text)
    play.module("a connection of no team", connection, "team_name", **it, **deep, team_name="nobody")
    play.module("extra that is none", connection, "extra", **it, secret_extra=NEEDLES["conf_yaml"])
    play.module("list connections", "airflow_connection_info", connection_id=[NAME])
    play.module("delete a connection", connection, connection_id=NAME, state="absent")

    key = f"{NAME}_secret"
    for title, value in (("a text", NEEDLES["conf_text"]), ("a mapping", secret), ("JSON", as_text["secret_extra"])):
        options = {"key": key, "secret_value": value}
        play.module(f"{title} as a variable in check mode", variable, None, check, **options)
        play.module(f"{title} as a variable", variable, **options, update_secrets="on_change")
        play.module(f"{title} as a variable that is there", variable, **options)
    play.module("a variable of no team", variable, "team_name", key=key, secret_value=secret, team_name="nobody")
    whole = {"connections": [{**it, **deep}], "variables": [{"key": key, "secret_value": secret}]}
    whole["users"] = [{"username": f"{NAME}_4", "password": NEEDLES["next_password"]}]
    play.module("all that is wanted", "airflow_objects", "give roles", **whole)
    play.module("all in check mode", "airflow_objects", None, check, **{**whole, "users": []})
    play.module("all of it", "airflow_objects", **{**whole, "users": []}, update_secrets="on_change")
    play.module("an unknown key", "airflow_objects", "wron", **{**whole, "users": [{**whole["users"][0], "wron": 1}]})
    play.module(
        "a connection as text", "airflow_objects", "port", connections=json.dumps([{**it, **deep, "port": "x"}])
    )
    play.module("no JSON", "airflow_objects", "is a text", connections=f"[{{password: {NEEDLES['conf_yaml']}}}]")
    play.module("export all", "airflow_objects_info", matching=[f"{NAME}*"])
    gone = {kind: [] for kind in ("connections", "variables")}
    play.module("purge all", "airflow_objects", **gone, purge={kind: {"matching": [f"{NAME}*"]} for kind in gone})
    play.module("list variables", "airflow_variable_info", key=[f"{NAME}*", "dagops__*"])
    play.module("delete a variable", variable, key=key, state="absent")


# A command airflow that tells the whole world what it was given. It knows no users, so nobody can log in afterwards.
TALKATIVE = """\
import json
import sys

if sys.argv[2] == "list":
    print(json.dumps([{"name": "Op"}] if sys.argv[1] == "roles" else []))
else:
    given = sys.stdin.read()
    print("INFO", repr(given), given, sys.argv)
    print(given, file=sys.stderr)
    sys.exit("broken" in sys.argv[0])
"""


def role(folder: Path) -> list[dict[str, Any]]:
    """The role's entry points: a run that ends badly, and a user made by the command airflow."""
    secret = {"key": NEEDLES["conf_text"], "deep": {"er": [NEEDLES["conf_deep"]]}}
    dags = [{"dag_id": "tells_conf", "secret_conf": secret}]
    tasks = [rescued(included("run", {"airflow_deploy_dags": dags}))]
    for name in ("talkative.py", "broken.py"):
        (folder / name).write_text(TALKATIVE, encoding="utf-8")
        user = {
            "airflow_deploy_api_username": f"{NAME}_role",
            "airflow_deploy_api_password": NEEDLES["role_password"],
            "airflow_deploy_admin_username": "",
            "airflow_deploy_admin_password": "",
            "airflow_deploy_user_roles": ["Op"],
            "airflow_deploy_cli": [sys.executable, str(folder / name)],
        }
        tasks.append(rescued(included("api_user", user)))
    return tasks


def rescued(task: dict[str, Any]) -> dict[str, Any]:
    told = {"name": "tell a failure", "ansible.builtin.debug": {"msg": "RESCUED {{ ansible_failed_result.msg }}"}}
    return {"block": [task], "rescue": [told]}


def included(entry: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    options = {"name": "dagops.airflow.airflow_deploy", "tasks_from": entry}
    return {"name": f"the role's {entry}", "ansible.builtin.include_role": options, "vars": dict(variables)}


PLAYBOOKS: list[dict[str, Any]] = [
    {"import_playbook": "dagops.airflow.run_dag", "vars": {"airflow_dag_id": "ok", "airflow_dag_run_id": f"{NAME}_p"}},
    {
        "import_playbook": "dagops.airflow.cancel_dag_run",
        "vars": {"airflow_dag_id": "ok", "airflow_dag_run_id": f"{NAME}_p"},
    },
    {
        "import_playbook": "dagops.airflow.create_api_user",
        "vars": {
            "airflow_username": f"{NAME}_play",
            "airflow_password": NEEDLES["play_password"],
            "airflow_roles": "Op",
            "ansible_python_interpreter": sys.executable,
        },
    },
    # The last one: it fails, and ends the job.
    {"import_playbook": "dagops.airflow.run_dag", "vars": {"airflow_dag_id": "tells_conf"}},
]


@pytest.fixture(scope="module")
def play(airflow: Airflow) -> Play:
    return modules(airflow)


@pytest.fixture(scope="module")
def job(airflow: Airflow, play: Play, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """The job, as a user of its own with a password that stands nowhere else."""
    folder = tmp_path_factory.mktemp("secrets")
    shown = {
        "name": "show a text",
        "ansible.builtin.command": {"argv": ["sh", "-c", "sleep 5; :", VISIBLE]},
        "async": 300,
        "poll": 0,
    }
    variables = {"ansible_python_interpreter": sys.executable, "ansible_async_dir": str(folder / "left" / "async")}
    header = {"hosts": "localhost", "gather_facts": False, "vars": variables}
    playbook = [{**header, "tasks": [shown, *play.tasks, *role(folder)]}, *PLAYBOOKS]
    yield watched(folder, playbook, AIRFLOW_API_USERNAME=NAME, AIRFLOW_API_PASSWORD=NEEDLES["api_password"])
    users = [f"{NAME}{suffix}" for suffix in ("", "_other", "_play")]
    clean_up = [
        {"dagops.airflow.airflow_user": {"username": "{{ item }}", "state": "absent"}, "loop": users},
        {"dagops.airflow.airflow_dag": {"dag_id": DAGS, "paused": True}},
    ]
    assert play_tasks(folder, clean_up).status == 0


def test_the_job_did_what_it_was_to_do(job: Job, play: Play) -> None:
    """A job that breaks off early would keep every secret."""
    results = {name: result for name, _failed, result in job.results()}
    for name, failed, result in job.results():
        fails = play.ends.get(name)
        assert failed is (fails is not None) or name not in play.ends, f"{name}: {result}"
        if fails:
            assert fails in result["msg"], name
    missing = set(play.ends) - set(results)
    assert not missing, f"{missing} never ended:\n{job.places['output'][-3000:]}"
    told = [result["msg"] for name, _failed, result in job.results() if name == "tell a failure"]
    assert told[0].startswith("RESCUED 1 of 1 DAGs did not end well: DAG run tells_conf / ")
    assert f"User {NAME}_role is not among the users of the command airflow, which is perhaps that of" in told[1]
    assert " users create ended with status 1: what it printed is not shown, since it may hold the password" in told[2]
    assert "see to airflow_deploy_cli, airflow_deploy_home and airflow_deploy_cli_user." in told[2]
    assert results["Show what has become of it"]["msg"].startswith("DAG run ok / ")
    assert "has ended already: success" in results["Say what has become of it"]["msg"]
    assert results["Make the role and the user over the API"]["user"]["username"] == f"{NAME}_play"
    # The name of this task ends with the name of the run, where it has one.
    runs = {failed: result for name, failed, result in job.results() if name.startswith("Unpause the DAG, trigger")}
    assert "DAG run tells_conf / " in runs[True]["msg"]
    assert job.status != 0


def test_what_is_visible_is_found_in_every_place(job: Job) -> None:
    assert job.showing(VISIBLE) == set(job.places)


def test_no_secret_is_found_in_any_place(airflow: Airflow, job: Job) -> None:
    assert {what: sorted(places) for what, text in traces(airflow).items() if (places := job.showing(text))} == {}
    # Other programs of this machine may have tokens of theirs among their arguments.
    told = {place: text for place, text in job.places.items() if place != "arguments"}
    assert {place: PASS.findall(text) for place, text in told.items() if PASS.search(text)} == {}


def test_what_was_secret_has_arrived(airflow: Airflow, job: Job) -> None:
    """Airflow has it, so it was not kept by not being sent."""
    path = f"/api/{airflow.generation}/dags/writes_conf/dagRuns/{NAME}"
    conf = requests.get(airflow.url + path, timeout=60, **login(airflow)).json()["conf"]
    assert conf["key"] == NEEDLES["conf_text"]
    assert conf["list"] == [{"deep": NEEDLES["conf_deep"]}]
    assert conf["number"] == NUMBER


def login(airflow: Airflow) -> dict[str, Any]:
    """What requests needs to be let in."""
    if airflow.generation == "v1":
        return {"auth": (airflow.username, airflow.password)}
    credentials = {"username": airflow.username, "password": airflow.password}
    token = requests.post(f"{airflow.url}/auth/token", json=credentials, timeout=60).json()["access_token"]
    return {"headers": {"Authorization": f"Bearer {token}"}}
