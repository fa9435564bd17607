# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole results of tasks are the same, whether they run in the process of the task or as Ansible runs modules."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.dagops.airflow.tests.plays.house import House, Task, play, probe
from ansible_collections.dagops.airflow.tests.plays.little_airflow import LittleAirflow

pytestmark = pytest.mark.long

SECRET = "needle-in-a-haystack"
DAG, INFO = "dagops.airflow.airflow_dag", "dagops.airflow.airflow_dag_info"
EXPRESSION = "{{ 6 * 7 }} {% raw %}"
IN_A_LOOP: Task = {"loop": ["one", "two", "three"]}
PATIENCE = "{{ {'wait': 1, 'warn': 120}[item] }}"  # seconds
RETRIED: Task = {"register": "tried", "until": "tried.attempts | default(0) > 1", "retries": 2, "delay": 0}
# Of the home folder Ansible has two opinions where HOME is not that of the user.
ASYNC: Task = {"ansible_async_dir": "{{ playbook_dir }}/async"}
SECRETS: Task = {
    "secret": SECRET,
    "secret_data": {"k": "hidden-value", "list": ["hidden-item", 4711]},
    "secret_number": 424242,
    "secret_names": ["hidden-name", ""],
}
TELLS_SECRETS = [f"a {SECRET}", {"k": ["hidden-value", "hidden-item", "hidden-name"]}, 424242, "x424242x", 4711]

# To become somebody else, a program that takes all variables of the environment away.
BECOME: Task = {"ansible_become_method": "sudo", "ansible_become_exe": "env", "ansible_become_flags": "-i"}
CASES: dict[str, Task] = {
    "success": {**probe(text="good"), "diff": True},
    "a real module": {DAG: {"dag_id": "etl", "paused": True}, "diff": True},
    "a real module that changes nothing": {DAG: {"dag_id": "etl", "paused": True}},
    "a real module in check mode": {DAG: {"dag_id": "etl", "paused": False}, "check_mode": True, "diff": True},
    "a real module that fails": {DAG: {"dag_id": "nobody_knows"}},
    "a list": {INFO: {}},
    "a list in JSON": {INFO: {"dag_id": "{{ ids }}"}, "vars": {"ids": {"__ansible_unsafe": '["etl", "etl"]'}}},
    "check mode": {**probe(text="good"), "check_mode": True},
    "types": probe(any={"a": [1, 2.5, None, True, "ü", "\u2028", 2**70], "b": EXPRESSION}, data="a=1 b=2", number="7"),
    "texts of templates": {
        **probe(text="{{ expression }}", any={"{{ 'a' }}": "{{ expression }}"}),
        "vars": {"expression": {"__ansible_unsafe": EXPRESSION}},
    },
    "a result with names of Ansible": probe(
        data={"result": {"stdout": "a\nb", "stderr": "c", "ansible_facts": {"told": 1}, "_ansible_x": 1, "rc": 0}}
    ),
    "a result named results": probe(data={"result": {"results": "a text"}}),
    "a wrong type": probe(number="many"),
    "no choice": probe(kind="ugly", flag=True),
    "an option that does not exist": probe(colour="red"),
    "options that exclude each other": probe(text="a", number=1),
    "options that need each other": probe(kind="good"),
    "a wrong item": probe(nested=[{"key": "a"}, {"value": "b"}]),
    "an alias": probe(titles="a,b"),
    "a path": probe(file="~/x/$TOLD"),
    "secrets": {**probe("warn", any=TELLS_SECRETS, **SECRETS), "diff": True},
    "secrets in a failure": probe("raise_ours", any=TELLS_SECRETS, **SECRETS),
    "secrets and a wrong option": probe(number=SECRET, **SECRETS),
    "a secret of the environment": {**probe(any="pa55-of-env"), "environment": {"AIRFLOW_API_TOKEN": "pa55-of-env"}},
    "a vaulted option": {**probe(text="{{ vaulted }}", secret="{{ vaulted }}")},
    "no_log": {**probe("warn", text=SECRET), "no_log": True},
    "warnings": probe("warn", "warn", "warn_globally"),
    "deprecations": probe("deprecate", "deprecate_by_date", old="x", older="y"),
    "warnings in a loop": {**probe("warn", "deprecate", text="{{ item }}"), **IN_A_LOOP},
    "a warning and a failure": probe("warn", "raise_ours"),
    "a failure": probe("fail", secret=SECRET),
    "an exception": probe("raise"),
    "an exception in a loop": {**probe("raise", text="{{ item }}"), **IN_A_LOOP},
    "an exception after a line": probe("print", "complain", "raise"),
    "an exit": probe("exit"),
    "an exit with a text": probe("print", "exit_with_text"),
    "lines of a library": probe("print", "complain", "python_warning"),
    "JSON of a library": probe("print_json"),
    "the environment": {**probe(), "environment": {"TOLD": "by the task", "TOLD_NUMBER": 7, "TOLD_FLAG": True}},
    "the environment of a template": {**probe(), "environment": {"TOLD": "{{ 'a' ~ 1 }}"}},
    "a loop over environments": {**probe(text="{{ item }}"), **IN_A_LOOP, "environment": {"TOLD": "{{ item }}"}},
    "a mess": {**probe("mess_up", text="{{ item }}"), **IN_A_LOOP},
    "after a mess": probe(),
    "retries": {**probe(), **RETRIED},
    "a failure that is none": {**probe("raise_ours"), "failed_when": False, "changed_when": False},
    "a time-out": {**probe("wait"), "timeout": 1},
    "a time-out in a loop": {**probe("{{ item }}"), "loop": ["wait", "warn"], "timeout": PATIENCE},
    "a delegated task": {**probe(text="{{ inventory_hostname }}"), "delegate_to": "127.0.0.1"},
    "a task that is run once": {**probe(), "run_once": True, "throttle": 1},
    "a skipped task": {**probe(), "when": False},
    "a wrong type in the environment": {**probe(), "environment": {"AIRFLOW_API_REQUEST_TIMEOUT": "soon"}},
    "no choice in the environment": {**probe(), "environment": {"AIRFLOW_API_AUTH": "kerberos"}},
    "an empty URL": {**probe(), "environment": {"AIRFLOW_API_URL": ""}},
    "two ways to log in": {
        **probe("request"),
        "environment": {"AIRFLOW_API_USERNAME": "u", "AIRFLOW_API_PASSWORD": SECRET},
    },
    "a server that is not there": {**probe("request"), "environment": {"AIRFLOW_API_URL": "http://127.0.0.1:1"}},
    "a file of the playbook's folder": {INFO: {"ca_path": "no-such.pem"}},
    "become": {**probe("request"), "become": True, "vars": BECOME},
    "a Python that is not there": {**probe(), "vars": {"ansible_python_interpreter": "/no/such/python"}},
    "a background task": {**probe("warn", text="a"), "async": 60, "poll": 1, "vars": ASYNC},
}
BY_DEFAULT = {"module_defaults": {"group/dagops.airflow.airflow": {"retry_timeout": 5}}}
OF_A_MODULE = {"module_defaults": {"dagops.airflow.airflow_probe": {"text": "of the module"}}}


def tasks_of(cases: dict[str, Task], vaulted: str) -> list[Task]:
    """The tasks, none of which ends the play."""
    given = {"vaulted": {"__ansible_vault": vaulted}}
    return [
        {"name": name, "ignore_errors": True, **task, "vars": {**given, **task.get("vars", {})}}
        for name, task in cases.items()
    ]


def plays_of(vaulted: str) -> list[Task]:
    rescued = {"block": [{"name": "rescued", **probe("raise_ours")}], "rescue": [{"name": "rescue", **probe("warn")}]}
    blocks = [
        {"block": [{"name": "in a block", **probe()}], "environment": {"TOLD": "by the block"}},
        rescued,
        {"block": [{"name": "by default", **probe()}], **BY_DEFAULT},
        {"block": [{"name": "by default of the module", **probe()}], **OF_A_MODULE},
        {
            "block": [{"name": "by another default", **probe()}],
            "module_defaults": {"dagops.airflow.airflow_info": {"wait": 1}},
        },
        {"name": "by its short name", "airflow_probe": {"text": "a"}, "collections": ["dagops.airflow"]},
        {"name": "a local action", "local_action": {"module": "dagops.airflow.airflow_probe", "text": "a"}},
    ]
    return [play(*tasks_of(CASES, vaulted), *blocks, environment={"TOLD": "by the play"})]


IN_BLOCKS = ("in a block", "rescued", "rescue", "by default", "by default of the module", "by another default")
OF_THE_RUN = ("ansible_job_id", "results_file", "frame")
NAMES = [*CASES, *IN_BLOCKS, "by its short name", "a local action"]
Told = t.Dict[str, t.Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The results of both ways, by the names of the tasks, and what was shown."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "password").write_text("vaulting", encoding="utf-8")
    vault = VaultLib([("default", VaultSecret(b"vaulting"))])
    vaulted = vault.encrypt("needle-in-a-vault").decode()
    found: Told = {}
    with LittleAirflow("etl", "other") as first, LittleAirflow("etl", "other") as second:
        running = []
        for name, airflow in (("here", first), ("there", second)):
            environment = {**airflow.environment, "DAGOPS_AIRFLOW_IN_PROCESS": str(name == "here")}
            house = House(folder / name, environment)
            options = ["--vault-password-file", str(folder / "password")]
            own = {"ANSIBLE_PYTHON_INTERPRETER": "{{ ansible_playbook_python }}", "ANSIBLE_PIPELINING": "true"}
            own["ANSIBLE_BECOME_ALLOW_SAME_USER"] = "true"
            running.append((name, house, airflow, house.start("play", plays_of(vaulted), *options, **own)))
        for name, house, airflow, process in running:
            status = process.wait(600)
            output = house.output("play")
            assert status == 0, output
            found[name] = {
                "results": [same_everywhere(one, house, airflow) for one in house.results("play")],
                "output": output,
                "written": airflow.written,
            }
    return found


def same_everywhere(record: Task, house: House, airflow: LittleAirflow) -> t.Any:
    """Take out what two runs of the same way differ in: ports, folders, and places in tracebacks."""
    replaced = [(airflow.environment["AIRFLOW_API_URL"], "URL"), (str(house.folder), "FOLDER")]

    def clean(value: t.Any, name: str = "") -> t.Any:
        if isinstance(value, dict):
            return {key: clean(one, key) for key, one in value.items() if key not in OF_THE_RUN}
        if isinstance(value, list):
            return [clean(one) for one in value]
        if isinstance(value, str):
            for old, new in replaced:
                value = value.replace(old, new)
            before, traceback, places = value.partition("Traceback (most recent call last)")
            if traceback:
                return f"{before}Traceback: {places.strip().splitlines()[-1]}"
            if name == "exception" and value.lstrip().startswith("File "):
                return "Traceback"
        return value

    return clean(record)


def of(told: Told, way: str, name: str) -> list[t.Any]:
    return [one for one in told[way]["results"] if one["task"] == name or one["task"].endswith(f" : {name}")]


@pytest.mark.parametrize("name", NAMES)
def test_the_result_is_the_same(told: Told, name: str) -> None:
    here, there = of(told, "here", name), of(told, "there", name)
    assert there, "the task has not run"
    assert here == there


def test_each_task_ran_where_it_should(told: Told) -> None:
    """Otherwise the other tests of this file compare a thing with itself."""
    lines = [line for line in told["here"]["output"].splitlines() if line.endswith("runs in the process of the task.")]
    assert len(lines) > len(NAMES)
    assert "cannot run in the process of the task" not in told["here"]["output"]
    assert "in the process of the task" not in told["there"]["output"]


def test_the_same_was_written(told: Told) -> None:
    assert told["here"]["written"] == told["there"]["written"] == ["PATCH dags/etl"]


def test_the_same_warnings_are_shown(told: Told) -> None:
    here, there = (sorted(warnings_in(told[way]["output"])) for way in ("here", "there"))
    assert there
    assert here == there


def warnings_in(output: str) -> list[str]:
    """The first line of each warning that was shown."""
    return re.findall(r"^\[(?:DEPRECATION )?WARNING\]: .+$", output, re.MULTILINE)


def test_no_secret_is_shown(told: Told) -> None:
    for way in ("here", "there"):
        for secret in (SECRET, "hidden-value", "hidden-item", "hidden-name", "pa55-of-env", "needle-in-a-vault"):
            # With -vvv Ansible itself shows the environment of a task in the commands that it runs.
            shown = [line for line in told[way]["output"].splitlines() if secret in line and " EXEC " not in line]
            assert not shown, (way, shown[:3])


# -- what the results have to be, so that they are not the same for being wrong alike


def test_warnings_come_once_with_each_item(told: Told) -> None:
    items = [one for one in of(told, "here", "warnings in a loop") if one["event"].startswith("item")]
    assert [len(one["result"]["warnings"]) for one in items] == [1, 1, 1]
    assert [len(one["result"]["deprecations"]) for one in items] == [1, 1, 1]


def test_become_finds_the_credential_of_the_job(told: Told) -> None:
    (one,) = of(told, "here", "become")
    assert one["event"] == "ok"
    assert one["result"]["before"]["told"] == {"TOLD": "by the play"}


def test_a_background_task_comes_to_its_end(told: Told) -> None:
    last = of(told, "here", "a background task")[-1]
    assert last["event"] == "ok"
    assert last["result"]["given"]["text"] == "a"


def test_nothing_of_a_mess_is_left(told: Told) -> None:
    items = [one["result"]["before"] for one in of(told, "here", "a mess") if one["event"].startswith("item")]
    assert len(items) == 3
    assert items[0] == items[1] == items[2]
    assert "LEFT" not in items[0]["told"]
    assert items[0]["told"]["AIRFLOW_API_URL"] == "URL"
    assert items[0]["warnings"] == items[0]["deprecations"] == 0


def test_defaults_are_those_of_the_module(told: Told) -> None:
    (of_the_module,), (of_the_group,) = (of(told, "here", name) for name in ("by default of the module", "by default"))
    assert of_the_module["result"]["given"]["text"] == "of the module"
    assert of_the_group["result"]["given"]["retry_timeout"] == 5.0


def test_variables_of_the_environment_come_from_task_block_and_play(told: Told) -> None:
    seen = {name: of(told, "here", name)[0]["result"]["before"]["told"] for name in ("success", "in a block")}
    assert seen["success"]["TOLD"] == "by the play"
    assert seen["in a block"]["TOLD"] == "by the block"
    (task,) = of(told, "here", "the environment")
    told_to_it = {name: value for name, value in task["result"]["before"]["told"].items() if name.startswith("TOLD_")}
    assert told_to_it.items() >= {"TOLD_NUMBER": "7", "TOLD_FLAG": "True"}.items()


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a wrong type in the environment", "AIRFLOW_API_REQUEST_TIMEOUT: argument 'request_timeout' is of type "),
        ("no choice in the environment", "AIRFLOW_API_AUTH: value of api_auth must be one of: auto, basic, session"),
        ("a wrong type", "argument 'number' is of type "),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(told: Told, name: str, begins: str) -> None:
    (failed,) = of(told, "here", name)
    assert failed["event"] == "failed"
    assert failed["result"]["msg"].startswith(begins)


def test_an_exception_is_told_with_its_traceback(told: Told) -> None:
    (failed,) = of(told, "here", "an exception")
    assert failed["event"] == "failed"
    assert "user 42 has no email address" in str(failed["result"])
    assert "raise ValueError" in told["here"]["output"] or "traceback unavailable" in str(failed["result"])


def test_a_time_out_ends_the_item_and_no_other(told: Told) -> None:
    first, second = (one for one in of(told, "here", "a time-out in a loop") if one["event"].startswith("item"))
    assert first["event"] == "item failed"
    assert second["event"] == "item ok"
    assert len(second["result"]["warnings"]) == 1
