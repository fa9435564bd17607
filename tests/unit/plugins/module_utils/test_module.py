# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of each module, through Ansible's own reading of its arguments."""

from __future__ import annotations

import json
import sys
import typing as t

import pytest
from ansible.module_utils import basic
from ansible_collections.dagops.airflow.plugins.module_utils import _module
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, BadInput, TimedOut
from ansible_collections.dagops.airflow.plugins.module_utils._base.items import shaped
from ansible_collections.dagops.airflow.plugins.module_utils._base.names import FREE_TEXTS, KEPT_TEXTS, check_unmasked
from ansible_collections.dagops.airflow.plugins.module_utils._module import AirflowModule
from ansible_collections.dagops.airflow.plugins.modules import (
    airflow_connection,
    airflow_dag,
    airflow_dag_run,
    airflow_dag_run_wait,
    airflow_role,
    airflow_task_info,
    airflow_user,
)
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL
from ansible_collections.dagops.airflow.tests.unit.played import Played, arguments, on_the_target

Options = t.Dict[str, t.Any]
V1 = GENERATIONS["v1"]
SPEC: dict[str, Options] = {
    "name": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "count": {"type": "int", "default": 3},
    "mappings": {"type": "list", "elements": "dict"},
    "data": {"type": "dict"},
    "raw": {"type": "raw"},
    "secret": {"type": "str", "no_log": True},
}


def params_of(played: Played, **options: t.Any) -> Options:
    """The parameters that a module gets for these options."""
    seen: Options = {}

    def take() -> t.NoReturn:
        module = AirflowModule(SPEC, supports_check_mode=True)
        seen.update(module.params)
        module.exit_json()

    result = played(take, **options)
    assert not result.get("failed"), result
    return seen


def executed(run: t.Callable[[t.Any, t.Any], Options]) -> t.Callable[[], None]:
    return lambda: AirflowModule(SPEC, supports_check_mode=True).execute(run)


# -- what has another shape than its option

PAIR: Options = {"action": {"type": "str", "required": True}, "weight": {"type": "int"}}
SHAPES: dict[str, tuple[Options, str]] = {
    "a list": ({"name": ["a"]}, "name must be a text, and is a list; correct it."),
    "a mapping": ({"api_username": {"a": 1}}, "api_username must be a text, and is a mapping; correct it."),
    "a path": ({"ca_path": ["/a"]}, "ca_path must be a text, and is a list; correct it."),
    "a boolean": ({"name": True}, "name must be a text, and is a boolean; correct it."),
    "a number": ({"count": True}, "count must be a number, and is a boolean; correct it."),
    "an item": ({"names": ["a", ["hidden-b"]]}, "Item 2 of names must be a text, and is a list; correct it."),
    "no list": ({"names": {"a": 1}}, "names must be a list, and is a mapping; write it like […]."),
    "a text of mappings": ({"mappings": "hidden-e"}, "mappings must be a list, and is a text; write it like [{…}]."),
    "no mapping": ({"data": ["hidden-c"]}, "data must be a mapping, and is a list; correct it."),
    "a text": ({"data": "hidden-d"}, "data must be a mapping, and is a text; correct it."),
    "a secret": ({"secret": {"k": "hidden-a"}}, "secret must be a text, and is a mapping; correct it."),
}
SHAPES_WITHIN: dict[str, tuple[t.Any, str]] = {
    "no list": ({"action": "a"}, "pairs must be a list, and is a mapping; write it like [{action: …}]."),
    "a number": (7, "pairs must be a list, and is a number; write it like [{action: …}]."),
    "a boolean": ([True], "Item 1 of pairs must be a mapping, and is a boolean; write it like {action: …}."),
    "a list": ([{"action": "a"}, []], "Item 2 of pairs must be a mapping, and is a list; write it like {action: …}."),
    "a text": (["a"], "Item 1 of pairs is a text; write it like {action: …}."),
    "a text as a whole": ("a, b", "pairs is a text; write it like [{action: …}]."),
    "null": ([None], "Item 1 of pairs must be a mapping, and is null; write it like {action: …}."),
    "an unknown key": (
        [{"actions": "a"}],
        "Item 1 of pairs has an unknown key actions (did you mean action?); it takes action, weight.",
    ),
    "a missing key": ([{"weight": 1}], "Item 1 of pairs has no action; write it like {action: …}."),
    "an empty key": ([{"action": ""}], "Item 1 of pairs has no action; write it like {action: …}."),
    "a key without a value": ([{"action": None}], "Item 1 of pairs has no action; write it like {action: …}."),
    "deeper": ([{"action": ["a"]}], "action in Item 1 of pairs must be a text, and is a list; correct it."),
    "a number deeper": ([{"action": "a", "weight": False}], "weight in Item 1 of pairs must be a number, and is"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_another_shape_is_refused(played: Played, name: str) -> None:
    options, sentence = SHAPES[name]
    result = played(executed(lambda module, airflow: {}), api_url=URL, api_version="v2", **options)
    assert result["failed"] is True
    assert result["msg"] == sentence
    assert "hidden" not in result["msg"]


@pytest.mark.parametrize("name", SHAPES_WITHIN)
def test_another_shape_within_a_list_is_refused(name: str) -> None:
    value, sentence = SHAPES_WITHIN[name]
    with pytest.raises(BadInput) as caught:
        shaped("pairs", value, {"type": "list", "elements": "dict", "options": PAIR})
    assert caught.value.message.startswith(sentence)


def test_what_has_its_shape_is_read() -> None:
    option = {"type": "list", "elements": "dict", "options": PAIR}
    read = [{"action": "a", "weight": 7}, {"action": "b"}]
    assert shaped("pairs", [{"action": "a", "weight": 7}, {"action": "b", "weight": None}], option) == read
    assert shaped("pairs", json.dumps(read), option) == read
    assert shaped("pair", "action=a", {"type": "dict", "options": PAIR}) == {"action": "a"}
    assert shaped("data", '{"a": 1}', {"type": "dict"}) == '{"a": 1}'


# -- unset, empty, from the environment

ENVIRONMENT: list[tuple[str, str, str, t.Any]] = [
    ("api_url", "AIRFLOW_API_URL", "https://from.example", "https://from.example"),
    ("api_username", "AIRFLOW_API_USERNAME", "from-env", "from-env"),
    ("api_password", "AIRFLOW_API_PASSWORD", "from-environment", "from-environment"),
    ("api_auth", "AIRFLOW_API_AUTH", "session", "session"),
    ("api_token", "AIRFLOW_API_TOKEN", "from-environment", "from-environment"),
    ("api_version", "AIRFLOW_API_VERSION", "v2", "v2"),
    ("validate_certs", "AIRFLOW_API_VALIDATE_CERTS", "no", False),
    ("ca_path", "AIRFLOW_API_CA_PATH", "/from/ca.pem", "/from/ca.pem"),
    ("client_cert", "AIRFLOW_API_CLIENT_CERT", "/from/cert.pem", "/from/cert.pem"),
    ("client_key", "AIRFLOW_API_CLIENT_KEY", "/from/key.pem", "/from/key.pem"),
    ("request_timeout", "AIRFLOW_API_REQUEST_TIMEOUT", "7.5", 7.5),
    ("retry_timeout", "AIRFLOW_API_RETRY_TIMEOUT", "0", 0.0),
]
DEFAULTS = {
    "api_url": None,
    "api_username": None,
    "api_password": None,
    "api_auth": "auto",
    "api_token": None,
    "api_headers": None,
    "api_version": "auto",
    "validate_certs": True,
    "ca_path": None,
    "client_cert": None,
    "client_key": None,
    "request_timeout": 30.0,
    "retry_timeout": 30.0,
}


def test_every_option_of_the_connection_but_headers_has_a_variable():
    assert {option for option, *_rest in ENVIRONMENT} | {"api_headers"} == set(_module.CONNECTION_SPEC)


def test_defaults(played):
    params = params_of(played)
    assert {name: params[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(("option", "variable", "text", "value"), ENVIRONMENT)
def test_variables_of_the_environment(played, monkeypatch, option, variable, text, value):
    monkeypatch.setenv(variable, f" {text}\n")
    assert params_of(played)[option] == value


@pytest.mark.parametrize(("option", "variable", "text", "value"), ENVIRONMENT)
def test_an_empty_variable_is_unset(played, monkeypatch, option, variable, text, value):
    for empty in ("", " "):
        monkeypatch.setenv(variable, empty)
        assert params_of(played)[option] == DEFAULTS[option]


@pytest.mark.parametrize(("option", "variable", "text", "value"), ENVIRONMENT)
def test_an_empty_option_is_unset_and_the_variable_counts(played, monkeypatch, option, variable, text, value):
    monkeypatch.setenv(variable, text)
    assert params_of(played, **{option: ""})[option] == value
    assert params_of(played, **{option: None})[option] == value


def test_an_option_goes_before_its_variable(played, monkeypatch):
    monkeypatch.setenv("AIRFLOW_API_URL", "https://from.example")
    assert params_of(played, api_url=URL)["api_url"] == URL


PASSWORDS = ["api_username", "api_password"]


@pytest.mark.parametrize(
    ("given", "unset"),
    [
        ({"api_token": "given"}, PASSWORDS),
        ({"api_username": "given"}, ["api_token"]),
        ({"api_username": "given", "api_password": "given-too"}, ["api_token"]),
        ({"api_password": "given"}, ["api_token"]),
        ({"api_token": "given", "api_username": "", "api_password": None}, PASSWORDS),
        ({"api_token": "", "api_username": "given"}, ["api_token"]),
        ({"api_token": "given", "api_username": "given"}, []),
        ({}, []),
    ],
    ids=str,
)
def test_options_to_log_in_go_before_variables_of_another_way(played, monkeypatch, given, unset):
    ways = {"api_token", "api_username", "api_password"}
    for option in ways:
        monkeypatch.setenv(f"AIRFLOW_{option.upper()}", "from-environment")
    params = params_of(played, **given)
    assert {option for option in ways if params[option] is None} == set(unset)
    assert {option: params[option] for option in given if given[option]} == {k: v for k, v in given.items() if v}


def test_empty_headers_are_unset(played):
    assert params_of(played, api_headers="")["api_headers"] is None


@pytest.mark.parametrize(
    ("option", "value"), [("name", None), ("count", 3), ("data", None), ("raw", None), ("secret", None)]
)
def test_empty_options_of_the_module_are_unset(played, option, value):
    assert params_of(played, **{option: ""})[option] == value


def test_an_empty_text_clears_a_field_of_an_object():
    """In place of the request that would be next, what the module makes of its options."""
    spec = airflow_connection.ARGUMENT_SPEC
    with arguments({"connection_id": "a", "host": "", "port": "", "conn_type": "", "api_url": ""}), on_the_target():
        module = AirflowModule(spec, clearable=airflow_connection.CLEARABLE)
    assert (module.params["host"], module.params["port"]) == ("", 0)
    assert (module.params["conn_type"], module.params["api_url"], module.params["login"]) == (None, None, None)


@pytest.mark.parametrize("option", ["name", "data", "raw", "secret", "names", "api_url"])
def test_a_nul_character_is_refused_in_one_sentence(played, option):
    """Ansible would end with an error of its own, since the system's log takes no such text."""
    text = "abcdef\x00ghijkl"
    result = played(
        executed(lambda module, airflow: {}), **{"api_url": URL, option: [text] if option == "names" else text}
    )
    assert result["failed"]
    assert result["msg"].endswith(f"{option} holds a NUL character, which Airflow cannot keep; remove it.")
    assert "\\u0000" not in json.dumps(result)


@pytest.mark.parametrize(("given", "found"), [("", [""]), ([], []), ([""], [""]), (["a", ""], ["a", ""]), (None, None)])
def test_an_empty_text_in_a_list_stays_a_mistake(played, given, found):
    assert params_of(played, names=given)["names"] == found


LISTS: dict[str, tuple[t.Any, list[str]]] = {
    "JSON": ('["a","b"]', ["a", "b"]),
    "JSON with blanks": (' ["a", "b c", "d,e"]\n', ["a", "b c", "d,e"]),
    "one": ('["a"]', ["a"]),
    "none": ("[]", []),
    "cut at its commas": (['["a"', '"b"]'], ["a", "b"]),
    "in a list": (['["a","b"]'], ["a", "b"]),
    "commas": ("a,b", ["a", "b"]),
    "a pattern": ("[ab]*", ["[ab]*"]),
    "patterns": ("[ab],[cd]", ["[ab]", "[cd]"]),
    "a pattern of digits": (["[12]"], ["[12]"]),
    "no JSON": ("['a','b']", ["['a'", "'b']"]),
    "too deep": (["[" * 100_000 + "]" * 100_000], ["[" * 100_000 + "]" * 100_000]),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_may_be_given_as_json_text(played, name):
    given, found = LISTS[name]
    assert params_of(played, names=given)["names"] == found


@pytest.mark.parametrize(
    "given", ['["etl_daily",', '["etl_daily"', '["a",["b"]]', ['["etl_daily",', "x"], ['["a"', '["b"]]']]
)
def test_the_beginning_of_a_list_in_json_is_no_name(given):
    """Ansible takes what is before the blank of C(-e names=["etl_daily", "other"])."""
    with pytest.raises(BadInput, match=r'names begins like a list in JSON, but is no list of texts: \["') as caught:
        shaped("names", given, {"type": "list", "elements": "str"})
    assert caught.value.message.endswith("After -e NAME=, a list must have no blanks.")


def test_a_list_within_a_mapping_may_be_given_as_json_text():
    options = {"only": {"type": "list", "elements": "str"}}
    assert shaped("pair", {"only": '["a","b"]'}, {"type": "dict", "options": options}) == {"only": ["a", "b"]}
    pairs = {"type": "list", "elements": "dict", "options": options}
    assert shaped("pairs", [{"only": '["a","b"]'}], pairs) == [{"only": ["a", "b"]}]


def test_a_value_that_ansible_refuses_is_told_by_ansible(played):
    result = played(executed(lambda module, airflow: {}), api_version="v3")
    assert result["failed"]
    assert "api_version" in result["msg"]


# -- from run() to the result


def test_a_result(played, server):
    server.get("version").answers({"version": "2.11.2"})

    def run(module: t.Any, airflow: t.Any) -> Options:
        return {"changed": True, "version": airflow.version(), "name": module.params["name"]}

    result = played(executed(run), api_url=URL, api_version="v1", name="x")
    assert result["changed"] is True
    assert result["version"] == [2, 11, 2]
    assert "failed" not in result


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_run_gets_the_airflow_that_was_asked_for(played, version):
    def run(module: t.Any, airflow: t.Any) -> Options:
        assert airflow.generation.name == version
        return {}

    assert "failed" not in played(executed(run), api_url=URL, api_version=version)


@pytest.mark.parametrize("no_log", [False, True])
def test_messages_quote_nothing_with_no_log(played, no_log):
    run = executed(lambda module, airflow: {"quotes": airflow.quotes})
    assert played(run, api_url=URL, api_version="v1", _ansible_no_log=no_log)["quotes"] is not no_log


def test_an_error_becomes_a_failure_with_its_details(played):
    def run(module: t.Any, airflow: t.Any) -> Options:
        raise TimedOut("It took too long.", dag_run={"dag_run_id": "x"}, changed=True)

    result = played(executed(run), api_url=URL, api_version="v1")
    assert result["failed"] is True
    assert result["msg"] == "It took too long."
    assert result["timed_out"] is True
    assert result["dag_run"] == {"dag_run_id": "x"}
    assert result["changed"] is True


def test_an_error_has_no_traceback(played):
    def run(module: t.Any, airflow: t.Any) -> Options:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise AirflowError("A sentence.") from error

    result = played(executed(run), api_url=URL, api_version="v1")
    assert result["msg"] == "A sentence."
    assert "Traceback" not in json.dumps(result)
    assert "KeyError" not in json.dumps(result)


def test_a_bug_is_no_failure_of_the_task_but_a_traceback(played):
    def run(module: t.Any, airflow: t.Any) -> Options:
        raise ZeroDivisionError("a bug")

    with arguments({"api_url": URL, "api_version": "v1"}), pytest.raises(ZeroDivisionError):
        executed(run)()


def test_no_url(played):
    result = played(executed(lambda module, airflow: {}))
    assert result["msg"] == "No Airflow is named: set api_url, or the environment variable AIRFLOW_API_URL."


def test_requests_is_missing(played, monkeypatch):
    for name in [name for name in sys.modules if name == "requests" or name.startswith("requests.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "requests", None)
    result = played(executed(lambda module, airflow: {}), api_url=URL, api_version="v1")
    assert result["failed"] is True
    assert result["msg"] == basic.missing_required_lib("requests")


def test_another_import_that_fails_is_a_bug(monkeypatch):
    def run(module: t.Any, airflow: t.Any) -> Options:
        raise ImportError("x", name="something_else")

    with arguments({"api_url": URL, "api_version": "v1"}), pytest.raises(ImportError):
        executed(run)()


def test_warnings_come_with_the_result(played):
    result = played(
        executed(lambda module, airflow: {}), api_url="http://far.example", api_version="v1", api_token="abcdefg"
    )
    assert "travel unencrypted" in json.dumps(result["warnings"])
    assert "abcdefg" not in json.dumps(result)


SECRETS = {
    "api_password": {"api_username": "deploy", "api_password": "s3cret-pa55"},
    "api_token": {"api_token": "s3cret-pa55"},
    "api_headers": {"api_headers": {"X-Key": "s3cret-pa55"}},
}


@pytest.mark.parametrize("option", SECRETS)
def test_secrets_are_in_no_result(played, option):
    def run(module: t.Any, airflow: t.Any) -> Options:
        raise AirflowError("The server says s3cret-pa55.", dag_run={"note": "s3cret-pa55"})

    result = played(executed(run), api_url=URL, api_version="v1", **SECRETS[option])
    assert "s3cret" not in json.dumps(result)


def test_secrets_of_the_environment_are_in_no_result(played, monkeypatch):
    monkeypatch.setenv("AIRFLOW_API_TOKEN", "s3cret-pa55")
    result = played(executed(lambda module, airflow: {"x": "it is s3cret-pa55"}), api_url=URL, api_version="v1")
    assert "s3cret" not in json.dumps(result)


TEXTS = {
    "secret_conf": ['{"key": "s3cret-pa55"}', "key=s3cret-pa55 other=x12345", {"key": [{"deep": "s3cret-pa55"}]}],
    "api_headers": ['{"X-Key": "s3cret-pa55"}', "X-Key=s3cret-pa55", {"X-Key": "s3cret-pa55"}],
    "api_token": ["s3cret-pa55", "s3cret-pa55\n"],
    "api_url": [
        "https://deploy:s3cret-pa55@airflow.example",
        "HTTP://deploy:s3cret-pa55@airflow.example:x/",
        "deploy:s3cret-pa55@airflow.example",
        "https:/deploy:s3cret-pa55@airflow.example",
        "https://s3cret-pa55@airflow.example",
        "https://deploy:s3cret-pa55@more@air flow",
        "https://deploy:s3cret-pa55?#@airflow.example",
    ],
}


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in TEXTS for value in TEXTS[option]])
@pytest.mark.parametrize("wrong", [{}, {"wait_timeout": "no number"}])
def test_secrets_are_in_no_invocation(played, option, value, wrong):
    """Verbose output shows all options as they were read, those of a task that Ansible refuses, too."""
    options = {"api_url": "http://127.0.0.1:x", "dag_id": "etl_daily", option: value, **wrong}
    result = played(airflow_dag_run.main, _ansible_inject_invocation=True, **options)
    assert result["failed"] is True
    assert option in result["invocation"]["module_args"]
    assert "s3cret" not in json.dumps(result)
    assert "pa55" not in json.dumps(result)


def test_a_url_that_holds_no_credentials_is_shown(played):
    url = "https://airflow.example/team@home"
    result = played(executed(lambda module, airflow: {"url": airflow.url}), api_url=url, api_version="v1")
    assert result["url"] == url


# -- a password that is a common word

RUN = {"dag_id": "airflow_db_cleanup", "dag_run_id": "airflow__1", "state": "failed", "url": f"{URL}/dags/airflow_x"}
WORD = {"api_url": URL, "api_version": "v1", "api_username": "airflow", "api_password": "airflow"}


def test_names_of_airflow_are_no_secrets(played):
    named: Options = {
        "dags": [{"dag_id": "airflow", "tags": ["airflow", "x"], "owners": ["airflow"], "max_active_runs": 3}],
        "dag_run": dict(RUN),
        "runs": [{"dag_run": dict(RUN), "failed_tasks": [{"task_id": "airflow_a", "start_date": None}]}],
        "task_counts": {"success": 7, "airflow": 1},
        "files": [{"file": "airflow/a.py", "dag_ids": ["airflow_a"], "import_error": {"filename": "/airflow/a.py"}}],
        "user": {"username": "airflow", "roles": ["airflow_role"]},
        "connection": {"connection_id": "airflow_db", "login": "airflow", "port": 5432},
        "pools": [{"name": "airflow", "slots": 3}],
        "elapsed": 1.5,
    }
    result = played(executed(lambda module, airflow: named), **WORD)
    assert {key: result[key] for key in named} == named


@pytest.mark.parametrize("fails", [False, True])
def test_all_else_is_masked_as_ever(played, fails):
    """Keys with the same names within a conf, or where nobody expects them, are not those of Airflow."""
    hidden: Options = {
        "dag_run": {"note": "airflow", "conf": {"url": "airflow", "dags": [{"dag_id": "airflow"}]}, "odd": "airflow"},
        "failed_tasks": [{"log_tail": "airflow it is", "reason": {"state": "airflow"}}],
        "diff": {"before": "airflow", "state": "airflow"},
        "odd": {"dag_id": "airflow"},
        # A host may be a URL with a password in it.
        "connections": [{"extra": {"login": "airflow"}, "description": "airflow", "host": "https://a:airflow@b"}],
        "variable": {"value": {"key": "airflow"}},
    }

    def run(module: t.Any, airflow: t.Any) -> Options:
        module.warn("It is airflow.")
        if fails:
            raise AirflowError("It is airflow.", **hidden)
        return {"msg": "It is airflow.", **hidden}

    result = played(executed(run), _ansible_inject_invocation=True, **WORD)
    assert result.pop("invocation")["module_args"]["api_password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert result["msg"] == "It is ********."
    assert result["dag_run"].keys() == hidden["dag_run"].keys()
    assert "airflow" not in json.dumps(result)


def test_a_number_is_no_secret(played):
    """A password of digits may be a part of a date or a number."""
    run_ = {"dag_id": "etl", "start_date": "2026-11-22T10:15:00Z", "note": "since 2026-11-22"}
    result = played(
        executed(lambda module, airflow: {"dag_run": run_, "elapsed": 2026.5, "odd": 2026}),
        **{**WORD, "api_password": "2026"},
    )
    assert result["dag_run"] == {**run_, "note": "since ********-11-22"}
    assert result["elapsed"] == 2026.5
    assert result["odd"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.mark.parametrize("value", ["********_db_cleanup", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "a***"])
@pytest.mark.parametrize("option", ["name", "names", "raw", "data"])
def test_what_was_masked_is_no_name(played, option, value):
    given = {"name": value, "names": ["ok", value], "raw": [{"dag_id": "ok"}, {"dag_id": value}], "data": {"a": value}}
    result = played(executed(lambda module, airflow: {"ran": True}), **WORD, **{option: given[option]})
    assert result["failed"]
    assert result["msg"].startswith(f"{option} holds {value}, in which a secret was masked")


@pytest.mark.parametrize("value", ["*", "**", "etl_*_daily", "a**b"])
def test_patterns_are_no_masks(played, value):
    assert params_of(played, **WORD, name=value, names=[value], raw=[{"note": "***", "dag_id": value}])["name"] == value


@pytest.mark.parametrize("text", ["s3://********-landing/x", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"])
@pytest.mark.parametrize("name", sorted(KEPT_TEXTS))
def test_what_airflow_keeps_is_no_masked_result(name, text):
    """The mask of a password that is a common word would replace the value that another task has read."""
    for value in (text, {"a": [text]}):
        for option, given in ((name, value), ("body", {name: value}), ("runs", [{"dag_id": "etl", name: value}])):
            with pytest.raises(BadInput, match="in which a secret was masked") as caught:
                check_unmasked(option, given)
            assert "landing" not in caught.value.message


@pytest.mark.parametrize("text", ["***", "*********", "# ************ #", "2 ** 3"])
def test_what_airflow_keeps_may_hold_other_asterisks(text):
    for name in KEPT_TEXTS:
        check_unmasked(name, text)
        check_unmasked("body", {name: text})


def test_a_free_text_may_hold_what_it_likes(played, server):
    """What it says is not what a task acts upon."""
    for name in FREE_TEXTS:
        check_unmasked("raw", {name: "what a message says: ********"})
    conf = {"a": "***"}
    server.get("dags/etl_daily").answers(V1.dag())
    server.get("dags/etl_daily/dagRuns/r1").answers(V1.no_run(), 404)
    server.post("dags/etl_daily/dagRuns", sends=V1.trigger_body("r1", conf=conf)).answers(V1.run("r1", conf=conf))
    options = {"dag_id": "etl_daily", "dag_run_id": "r1", "conf": conf, "wait": False, "api_auth": "basic"}
    assert played(airflow_dag_run.main, **WORD, **options)["changed"]


# -- whole modules

LOGIN = {
    "api_url": URL,
    "api_version": "v1",
    "api_username": "deploy",
    "api_password": "s3cret-pa55",
    "api_auth": "basic",
}


@pytest.mark.parametrize("check_mode", [False, True])
def test_airflow_dag_as_a_whole(played, server, check_mode):
    server.get("dags/etl_daily").answers(V1.dag(is_paused=True))
    if check_mode:
        server.only_reads()
    else:
        server.patch("dags/etl_daily", sends={"is_paused": False}).answers(V1.dag())
    result = played(airflow_dag.main, **LOGIN, dag_id="etl_daily", paused="no", _ansible_check_mode=check_mode)
    assert result["changed"] is True
    assert result["dags"][0]["is_paused"] is False


@pytest.mark.parametrize("options", [{}, {"dag_id": None}, {"tags": None}])
def test_airflow_dag_needs_something_to_select(played, options):
    result = played(airflow_dag.main, **LOGIN, paused=True, **options)
    assert "one of the following is required: dag_id, tags" in result["msg"]


@pytest.mark.parametrize("options", [{"dag_id": ""}, {"dag_id": [""]}, {"tags": ""}])
def test_airflow_dag_with_an_empty_text_never_means_all(played, options):
    result = played(airflow_dag.main, **LOGIN, paused=True, **options)
    assert "empty text" in result["msg"]


def test_airflow_dag_with_an_empty_list_does_nothing(played):
    assert played(airflow_dag.main, **LOGIN, paused=True, dag_id=[])["dags"] == []


def test_airflow_dag_run_as_a_whole(played, server):
    sent = V1.trigger_body("release-42", conf={"a": 1, "key": "long-secret"})
    server.get("dags/etl_daily").answers(V1.dag())
    server.get("dags/etl_daily/dagRuns/release-42").answers(V1.no_run(), 404)
    server.post("dags/etl_daily/dagRuns", sends=sent).answers(V1.run("release-42", conf=sent["conf"]))
    options = {"dag_run_id": "release-42", "conf": "a: 1", "secret_conf": {"key": "long-secret"}, "wait": False}
    result = played(airflow_dag_run.main, **LOGIN, dag_id="etl_daily", note="", logical_date="", **options)
    assert result["dag_run"]["dag_run_id"] == "release-42"
    assert "long-secret" not in json.dumps(result)


def test_airflow_dag_run_needs_a_dag(played):
    assert "missing required arguments: dag_id" in played(airflow_dag_run.main, **LOGIN)["msg"]
    assert "missing required arguments: dag_id" in played(airflow_dag_run.main, **LOGIN, dag_id="")["msg"]


@pytest.mark.parametrize(
    ("main", "options", "said"),
    [
        (
            airflow_dag_run_wait.main,
            {"runs": [{"dag_id": "a", "dag_run_id": "r"}, 7]},
            "Item 2 of runs must be a mapping, and is",
        ),
        (
            airflow_dag_run_wait.main,
            {"runs": ["dag_id=a dag_run_id=r", "a"]},
            "Item 2 of runs must be a mapping, and is",
        ),
        (airflow_dag_run_wait.main, {"runs": ["dag_id=a dag_run_id=r", {}]}, "Item 2 of runs lacks dag_id or"),
        (
            airflow_role.main,
            {"name": "a", "permissions": [{"action": "can_read", "resource": "DAGs"}, {"resource": "DAGs"}]},
            "Item 2 of permissions has no action; write it like",
        ),
        (
            airflow_role.main,
            {"name": "a", "permissions": ["action=can_read resource=DAGs", "action=can_read resuorce=DAGs"]},
            "Item 2 of permissions has an unknown key resuorce (did you mean resource?); it takes action, resource.",
        ),
    ],
)
def test_what_is_wrong_with_an_item_of_a_list_names_it(played, server, main, options, said):
    assert played(main, **LOGIN, **options)["msg"].startswith(said)
    assert server.requests == []


def test_airflow_task_info_as_a_whole(played, server):
    run = "dags/etl_daily/dagRuns/release-42"
    server.get(run).answers(V1.run("release-42", "running"))
    server.get(run + "/taskInstances", {"limit": 100, "offset": 0}).answers(V1.tasks(V1.task("load")))
    result = played(airflow_task_info.main, **LOGIN, dag_id="etl_daily", dag_run_id="release-42", state="success")
    assert [task["task_id"] for task in result["tasks"]] == ["load"]


def test_airflow_user_as_a_whole(played, server):
    user = {"username": "ann", "email": "ann@b", "first_name": "A", "last_name": "B", "roles": [{"name": "Op"}]}
    server.get("users/ann").answers(user)
    result = played(airflow_user.main, **LOGIN, username="ann", roles="Op", email="", password="")
    assert result["changed"] is False
    assert result["user"]["roles"] == ["Op"]


def test_airflow_role_as_a_whole(played, server):
    server.get("roles/trigger").answers({"name": "trigger", "actions": []})
    permission = {"action": "can_read", "resource": "DAGs"}
    viewer = {"name": "Viewer", "actions": [{"action": {"name": "can_read"}, "resource": {"name": "DAGs"}}]}
    server.get("roles", {"limit": 100, "offset": 0}).answers({"roles": [viewer], "total_entries": 1})
    result = played(airflow_role.main, **LOGIN, name="trigger", permissions=[permission], _ansible_check_mode=True)
    assert result["changed"] is True
    assert result["role"]["permissions"] == [permission]
