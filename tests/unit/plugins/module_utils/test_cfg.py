# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How airflow.cfg is edited: one option changes in whatever form it has, and nothing else does."""

from __future__ import annotations

import configparser
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._work.cfg import (
    AirflowCfg,
    checked_items,
    is_sensitive,
    items_of,
    option_name,
    section_name,
    text_of,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.processes import airflow_processes
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable
from hypothesis import given
from hypothesis import strategies as st

SESSION = "airflow.api.auth.backend.session"
BASIC = "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
KERBEROS = "airflow.api.auth.backend.kerberos_auth"
DENY = "airflow.api.auth.backend.deny_all"
HEAD = "[core]\nfernet_key = s=%%3Dcret\n\n"
TAIL = "maximum_page_limit = 100\n\n[webserver]\n# auth_backends = not this one\nauth_rate_limit = 5 per 40 second\n"


class Form(t.NamedTuple):
    before: str
    after: str
    backends: t.Sequence[str]


def form(before: str, after: str, *backends: str) -> Form:
    """What stands in the section [api] before and after, and which backends there are then."""
    return Form(f"{HEAD}[api]\n{before}{TAIL}", f"{HEAD}[api]\n{after}{TAIL}", backends)


NEW = f"auth_backends = {SESSION},{BASIC}\n"
FORMS = {
    "no section": Form(HEAD, f"{HEAD}\n[api]\n{NEW}", [SESSION, BASIC]),
    "a last line without an end": Form("[core]\na = 1", f"[core]\na = 1\n[api]\n{NEW}", [SESSION, BASIC]),
    "no option": form("", NEW, SESSION, BASIC),
    "the name before 2.3": form(
        f"auth_backend = {DENY}\n",
        f"auth_backends = {DENY},{BASIC},{SESSION}\nauth_backend = {DENY}\n",
        DENY,
        BASIC,
        SESSION,
    ),
    "commented out": form(f"# auth_backends = {BASIC}\n", f"{NEW}# auth_backends = {BASIC}\n", SESSION, BASIC),
    "as it comes": form(f"auth_backends = {SESSION}\n", NEW, SESSION, BASIC),
    "spaces": form(f"auth_backends   =   {SESSION}  \n", f"auth_backends   =   {SESSION},{BASIC}  \n", SESSION, BASIC),
    "no spaces": form(f"auth_backends={SESSION}\n", f"auth_backends={SESSION},{BASIC}\n", SESSION, BASIC),
    "a colon": form(f"auth_backends: {SESSION}\n", f"auth_backends: {SESSION},{BASIC}\n", SESSION, BASIC),
    "empty": form("auth_backends =\n", NEW, SESSION, BASIC),
    "several": form(
        f"auth_backends = {KERBEROS} , {SESSION}\n",
        f"auth_backends = {KERBEROS} , {SESSION},{BASIC}\n",
        KERBEROS,
        SESSION,
        BASIC,
    ),
    "a comma at the end": form(f"auth_backends = {SESSION},\n", NEW, SESSION, BASIC),
    "several lines": form(
        f"auth_backends =\n    {KERBEROS},\n    {SESSION}\n",
        f"auth_backends =\n    {KERBEROS},\n    {SESSION},{BASIC}\n",
        KERBEROS,
        SESSION,
        BASIC,
    ),
    "comments and empty lines between the lines": form(
        f"auth_backends =\n# people, services\n    {KERBEROS},\n\n    # and\n ; a = all: b\n\t{SESSION}\n\n# others\n",
        f"auth_backends =\n# people, services\n    {KERBEROS},\n\n    # and\n ; a = all: b\n\t{SESSION},{BASIC}\n\n"
        "# others\n",
        KERBEROS,
        SESSION,
        BASIC,
    ),
    "right already": form(
        f"auth_backends = {BASIC},{SESSION}\n", f"auth_backends = {BASIC},{SESSION}\n", BASIC, SESSION
    ),
    "right already on several lines": form(
        f"auth_backends =\n    # by {KERBEROS}\n\n    {BASIC},\n    {SESSION}\n",
        f"auth_backends =\n    # by {KERBEROS}\n\n    {BASIC},\n    {SESSION}\n",
        BASIC,
        SESSION,
    ),
    "deny_all": form(f"auth_backends = {DENY}\n", f"auth_backends = {DENY},{BASIC},{SESSION}\n", DENY, BASIC, SESSION),
}
FORMS.update(
    {
        f"{name}, CRLF": Form(form.before.replace("\n", "\r\n"), form.after.replace("\n", "\r\n"), form.backends)
        for name, form in FORMS.items()
        if name != "a last line without an end"
    }
)


API = ("api", "auth_backends")
CFG = "/opt/airflow/airflow.cfg"


def cfg(text: str) -> AirflowCfg:
    return AirflowCfg(text, CFG)


def as_airflow_reads(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text.replace("\r\n", "\n"))
    return {name: dict(parser[name]) for name in parser.sections()}


@pytest.mark.parametrize("name", FORMS)
def test_items_are_added_and_nothing_else_changes(name: str) -> None:
    form = FORMS[name]
    edited = cfg(form.before).with_items(*API, form.backends)
    assert edited.text == form.after
    assert items_of(edited.value(*API)) == list(form.backends)
    # A second time nothing is left to do.
    assert edited.with_items(*API, form.backends) is edited
    assert items_of(as_airflow_reads(edited.text)["api"]["auth_backends"]) == list(form.backends)


# What stands in [api], the items that are taken out, and what is left.
TAKEN: dict[str, tuple[str, list[str], str]] = {
    "the first": ("auth_backends = a, b,c\n", ["a"], "auth_backends = b,c\n"),
    "one between": ("auth_backends = a , b , c\n", ["b"], "auth_backends = a , c\n"),
    "the last": ("auth_backends=a, b\n", ["b"], "auth_backends=a\n"),
    "with a comma at the end": ("auth_backends: a, b,\n", ["b"], "auth_backends: a,\n"),
    "all": ("auth_backends = a, b\n", ["b", "a"], "auth_backends =\n"),
    "all on several lines": ("auth_backends =\n  a,\n  # why\n  b\n", ["b", "a"], "auth_backends =\n  # why\n"),
    "none": ("auth_backends = a, b\n", ["c"], "auth_backends = a, b\n"),
    "not set": ("", ["c"], ""),
    "twice": ("auth_backends = a,b,a\n", ["a"], "auth_backends = b\n"),
    "a line of several": (
        "auth_backends =\n    # first\n    a,\n\n    # second\n    b,\n    c\n",
        ["b"],
        "auth_backends =\n    # first\n    a,\n\n    # second\n    c\n",
    ),
    "the last line of several": ("auth_backends =\n    a,\n    b\n", ["b"], "auth_backends =\n    a\n"),
    "beside the name": ("auth_backends = a,\n    b\n", ["a"], "auth_backends =\n    b\n"),
    "commas at the beginning": ("auth_backends = a\n  , b\n  , c\n", ["b"], "auth_backends = a\n  , c\n"),
    "commas at the beginning, the first": ("auth_backends = a\n  , b\n  , c\n", ["a"], "auth_backends = b,c\n"),
    "capitals": ("AUTH_BACKENDS = a\nauth_backends = a,b\n", ["a"], "AUTH_BACKENDS = a\nauth_backends = b\n"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", TAKEN)
def test_items_are_taken_out_and_nothing_else_changes(name: str, end: str) -> None:
    before, items, after = (part.replace("\n", end) if isinstance(part, str) else part for part in TAKEN[name])
    parts = [f"{HEAD}[api]\n".replace("\n", end), TAIL.replace("\n", end)]
    edited = cfg(parts[0] + t.cast("str", before) + parts[1]).without_items(*API, t.cast("t.List[str]", items))
    assert edited.text == parts[0] + t.cast("str", after) + parts[1]


# What stands in [api], the value, and what stands there then.
SET: dict[str, tuple[str, str, str]] = {
    "as it comes": ("auth_backends = a\n", "b", "auth_backends = b\n"),
    "the same": ("auth_backends :  a  \n", "a", "auth_backends :  a  \n"),
    "its separator": ("auth_backends:a\n", "b", "auth_backends:b\n"),
    "spaces": ("auth_backends   =   a  \n", "b", "auth_backends   =   b\n"),
    "empty": ("auth_backends =\n", "b", "auth_backends = b\n"),
    "to be emptied": ("auth_backends = a\n", "", "auth_backends =\n"),
    "several lines become one": ("auth_backends =\n# why\n    a,\n\n    b\n", "c", "auth_backends = c\n# why\n\n"),
    "one line becomes several": ("auth_backends = a\n", "b\n\nc", "auth_backends = b\n\n    c\n"),
    "the value begins below": ("auth_backends = a\n", "\nb\nc", "auth_backends =\n    b\n    c\n"),
    "not set": ("", "a", "auth_backends = a\n"),
    "the same in capitals": ("AUTH_BACKENDS = b\n", "a", "auth_backends = a\nAUTH_BACKENDS = b\n"),
    "commented out": ("# auth_backends = a\n", "a", "auth_backends = a\n# auth_backends = a\n"),
    "percent signs": ("auth_backends = a\n", "%%(a)s %%", "auth_backends = %%(a)s %%\n"),
    "another option": ("auth_backends = a\n", "%(maximum_page_limit)s", "auth_backends = %(maximum_page_limit)s\n"),
    "signs": ("auth_backends = a\n", "[x] = y: z # no ; comment", "auth_backends = [x] = y: z # no ; comment\n"),
    "a comment behind it": ("auth_backends = a # why\n", "b", "auth_backends = b\n"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", SET)
def test_a_value_is_set_and_nothing_else_changes(name: str, end: str) -> None:
    before, value, after = SET[name]
    whole = [f"{HEAD}[api]\n{part}{TAIL}".replace("\n", end) for part in (before, after)]
    edited = cfg(whole[0]).with_value(*API, value)
    assert edited.text == whole[1]
    assert edited.value(*API) == value
    assert edited.with_value(*API, value) is edited


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"[api]\n{NEW}"),
        ("# nothing yet\n", f"# nothing yet\n\n[api]\n{NEW}"),
        ("[a]\n[api]", f"[a]\n[api]\n{NEW}"),
        ("[api]\n  a = 1\n", f"[api]\n  {NEW}  a = 1\n"),
        ("[api]\n  auth_backends = x\n  a = 1\n", f"[api]\n  {NEW}  a = 1\n"),
        ("[api]\nauth_backends = x", f"[api]\n{NEW}"[:-1]),
        ("[API]\nauth_backends = x\n", f"[API]\nauth_backends = x\n\n[api]\n{NEW}"),
        ("[api] ; about it\nauth_backends = x\n", f"[api] ; about it\n{NEW}"),
        ("[a]\nb = 1\n  [api]\n", f"[a]\nb = 1\n  [api]\n\n[api]\n{NEW}"),
        ("[DEFAULT]\nauth_backends = x\n[api]\n", f"[DEFAULT]\nauth_backends = x\n[api]\n{NEW}"),
        ("[a]\rb = 1\r", f"[a]\rb = 1\r\r[api]\r{NEW[:-1]}\r"),
    ],
)
def test_where_an_option_is_put(before: str, after: str) -> None:
    assert cfg(before).with_value(*API, f"{SESSION},{BASIC}").text == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("auth_backends = a\nb = 1\n", "b = 1\n"),
        ("# why\nauth_backends =\n  a,\n  # and\n  b\nc = 1\n", "# why\n  # and\nc = 1\n"),
        ("auth_backend = a\n", "auth_backend = a\n"),
        ("Auth_Backends = a\n", "Auth_Backends = a\n"),
    ],
)
def test_an_option_is_taken_out(before: str, after: str) -> None:
    assert cfg(f"[api]\n{before}").without_option(*API).text == f"[api]\n{after}"


def test_the_section_default_is_one_like_others() -> None:
    text = "[DEFAULT]\na = 1\n[api]\nb = 2\n"
    assert cfg(text).with_value("DEFAULT", "a", "3").text == text.replace("1", "3")
    assert cfg(text).value("api", "a") is None
    assert cfg(text).without_option("DEFAULT", "a").text == "[DEFAULT]\n[api]\nb = 2\n"
    assert (section_name(" DEFAULT "), section_name(" API ")) == ("DEFAULT", "api")


NO_CONFIG = f"{CFG} is not in the format of airflow.cfg"
MEND = "; correct it first. Nothing was changed."
TWICE = f"{CFG} has the same section or option twice"
BROKEN = {
    "no section": ("s3cret = 1\n", f"{NO_CONFIG} (line 1){MEND}"),
    "a line without a value": (f"{HEAD}[api]\nlonely s3cret\n", f"{NO_CONFIG} (line 5){MEND}"),
    "the same option twice": (
        f"{HEAD}[api]\nauth_backends = {DENY}\nauth_backends = {KERBEROS}\n",
        f"{TWICE} (line 6){MEND}",
    ),
    "the same section twice": (f"{HEAD}[api]\na = 1\n[api]\n", f"{TWICE} (line 6){MEND}"),
    "a mark at the beginning": (f"\ufeff{HEAD}", f"{NO_CONFIG} (line 1){MEND}"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_airflow_cannot_read_is_refused(name: str) -> None:
    text, problem = BROKEN[name]
    with pytest.raises(AirflowError) as caught:
        cfg(text)
    assert caught.value.message == problem
    assert_readable(problem)


UNSAFE: dict[str, tuple[str, t.Callable[[AirflowCfg], AirflowCfg], str]] = {
    "an option that is less indented than its value after the edit": (
        "[api]\na = 1\n    auth_backends = x\n",
        lambda cfg: cfg.with_value("api", "a", "1\n[b]\nc"),
        "",
    ),
    "an option that would become a line of another": (
        "[api]\n  a = 1\n    b\nauth_backends = x\n  y = z\n",
        lambda cfg: cfg.without_option("api", "auth_backends"),
        "",
    ),
    "a comment behind an item": (
        "[api]\nauth_backends = a # s3cret\n",
        lambda cfg: cfg.with_items(*API, ["b"]),
        "[api] auth_backends in /opt/airflow/airflow.cfg has a comment behind an item, which Airflow takes for a "
        "part of it; give the comment a line of its own first. Nothing was changed.",
    ),
    "a comment behind an item that is taken out": (
        "[api]\nauth_backends = a, b ; s3cret\n",
        lambda cfg: cfg.without_items(*API, ["a"]),
        "has a comment behind an item",
    ),
    "a section that would become a line of the option": (
        "[api]\n  [s3cret]\n",
        lambda cfg: cfg.with_items(*API, ["b"]),
        "[api] auth_backends in /opt/airflow/airflow.cfg has a form that cannot be edited safely; edit it by hand. "
        "Nothing was changed.",
    ),
    "a percent sign": (
        "[api]\nauth_backends = a\n",
        lambda cfg: cfg.with_value(*API, "s3cret 5%"),
        "The value for [api] auth_backends has a % that Airflow's parser cannot read; write %% for each % in it.",
    ),
    "a name that is not there": (
        "[api]\nauth_backends = a\n",
        lambda cfg: cfg.with_value(*API, "%(s3cret)s"),
        "write %% for each % in it.",
    ),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_an_edit_is_right_or_refused(name: str) -> None:
    text, edit, words = UNSAFE[name]
    before = as_airflow_reads(text)
    if not words:
        after = as_airflow_reads(edit(cfg(text)).text)
        assert sum(before[name] != after[name] for name in before) == 1
        return
    with pytest.raises(AirflowError) as caught:
        edit(cfg(text))
    assert words in caught.value.message
    assert "s3cret" not in caught.value.message
    assert_readable(caught.value.message)


NOISE = ["\n", "[api]", "auth_backends", " ", "=", "x", ",", "#", "\r\n", "[a]", "a = 1\n", "\t", "\r", "%", ":"]


@given(st.text(), st.lists(st.sampled_from(NOISE)), st.sampled_from(["", "y", "y\nz", "\ny"]))
def test_no_text_is_edited_into_something_else(noise: str, parts: list[str], value: str) -> None:
    text = "".join(parts) + noise
    try:
        before = cfg(text)
    except AirflowError:
        return
    try:
        results = [before.with_items(*API, ["y", "z"]), before.without_items(*API, ["x"])]
        results += [before.with_value(*API, value), before.without_option(*API)]
    except AirflowError:
        return
    added, taken, put, removed = results
    assert {"y", "z"} <= set(items_of(added.value(*API)))
    # All that was there still is, in the same order.
    rest = iter(added.text)
    assert all(character in rest for character in text)
    assert put.value(*API) == value
    assert "x" not in items_of(taken.value(*API))
    assert removed.value(*API) is None
    for edited in results:
        assert others(edited) == others(before)


def others(cfg: AirflowCfg) -> dict[tuple[str, str], str]:
    return {
        (section, option): value
        for section, options in cfg._sections.items()
        for option, value in options.items()
        if (section, option) != API
    }


# -- names and values


@pytest.mark.parametrize("name", ["", " ", "a]b", "a\nb"])
def test_what_is_no_section(name: str) -> None:
    with pytest.raises(BadInput, match="section is the name of a section"):
        section_name(name)


@pytest.mark.parametrize("name", ["", " ", "a=b", "a: b", "#a", ";a", "[a]", "a\nb"])
def test_what_is_no_option(name: str) -> None:
    with pytest.raises(BadInput, match="option is the name of an option"):
        option_name("api", name)


def test_options_are_in_small_letters() -> None:
    assert option_name("api", " Auth_Backends ") == "auth_backends"
    assert option_name("kubernetes_environment_variables", "MY_TOKEN") == "MY_TOKEN"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (64, "64"),
        (0.5, "0.5"),
        (" a ", "a"),
        ("a\r\n  b\n", "a\nb"),
        ("\na", "\na"),
        ({"a": 1, "b": True}, '{"a": 1, "b": true}'),
        ("", ""),
    ],
)
def test_values(value: t.Any, text: str) -> None:
    assert text_of("value", value) == text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["a"], "value is a list; give a text, or use items."),
        ("a\n# b", "value has a line that begins with # or ;, which Airflow takes for a comment; correct it."),
        ("a\n  ;b", "value has a line that begins with # or ;"),
        ("\udcff", "value holds what is no text in UTF-8; correct it."),
    ],
)
def test_what_is_no_value(value: t.Any, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        text_of("value", value)
    assert caught.value.message.startswith(words)


@pytest.mark.parametrize("items", [[""], ["a", " "], ["a,b"], ["a\nb"]])
def test_what_is_no_item(items: list[str]) -> None:
    with pytest.raises(BadInput, match="items has an item"):
        checked_items(items)


def test_items_count_once() -> None:
    assert checked_items([" a", "b", "a "]) == ["a", "b"]


@pytest.mark.parametrize(
    "option",
    # Those that Airflow 2.3, 2.11 and 3.1 mark as sensitive, and some of providers and of other forms.
    [
        *("fernet_key", "internal_api_secret_key", "sql_alchemy_conn", "sql_alchemy_conn_async", "smtp_password"),
        *("sql_alchemy_engine_args", "remote_task_handler_kwargs", "backend_kwargs", "secrets_backend_kwargs"),
        *("asset_manager_kwargs", "dataset_manager_kwargs", "sentry_dsn", "secret_key", "jwt_secret", "password"),
        *("broker_url", "flower_basic_auth", "result_backend", "sql_alchemy_conn_cmd", "fernet_key_secret", "MY_TOKEN"),
    ],
)
def test_names_of_secrets(option: str) -> None:
    assert is_sensitive(option)


@pytest.mark.parametrize(
    "option",
    [
        "auth_backends",
        "remote_log_conn_id",
        "parallelism",
        "executor",
        "backend",
        "base_url",
        "jwt_audience",
        "monkeys",
    ],
)
def test_names_of_no_secrets(option: str) -> None:
    assert not is_sensitive(option)


# -- processes


AUTH = "AIRFLOW__API__AUTH_BACKENDS"
PYTHON = "/opt/venv/bin/python3.11"


def processes(folder: Path, command: str, environ: dict[str, str] | None) -> list[tuple[str, dict[str, str]]]:
    """What is seen of a process with this command line, words apart by |, and environment; null hides it."""
    process = folder / "proc" / "4711"
    process.mkdir(parents=True)
    (folder / "proc" / "meminfo").write_bytes(b"")
    (process / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in command.split("|")))
    if environ is not None:
        pairs = [f"{key}={value}".encode() + b"\0" for key, value in environ.items()]
        (process / "environ").write_bytes(b"".join(pairs))
    found = airflow_processes(f"{folder}/airflow.cfg", *API, proc=f"{folder}/proc")
    assert all(process.number == 4711 for process in found)
    return [(process.part, process.variables) for process in found]


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (f"{PYTHON}|/opt/venv/bin/airflow|webserver|--port|8080", "webserver"),
        (f"{PYTHON}|-m|airflow|webserver", "webserver"),
        (f"{PYTHON}|-X|dev|/opt/venv/bin/airflow|scheduler", "scheduler"),
        ("airflow scheduler -- DagFileProcessorManager", "scheduler"),
        ("airflow api_server -- host:0.0.0.0 port:8080", "api_server"),
        ("gunicorn: master [airflow-webserver]", "gunicorn"),
        (f"{PYTHON}|-m|gunicorn|airflow.www.app:cached_app()", "gunicorn"),
        ("airflow", "airflow"),
    ],
)
def test_processes_of_airflow(command: str, part: str, tmp_path: Path) -> None:
    assert processes(tmp_path, command, {"AIRFLOW_HOME": f"{tmp_path}/"}) == [(part, {})]


@pytest.mark.parametrize("command", ["sudo|-u|airflow|bash", "vim|airflow", "bash", f"{PYTHON}|etl.py", ""])
def test_processes_of_others(command: str, tmp_path: Path) -> None:
    assert processes(tmp_path, command, {AUTH: "a"}) == []


WEBSERVER = f"{PYTHON}|/opt/venv/bin/airflow|webserver"


@pytest.mark.parametrize(
    ("environ", "counts"),
    [
        ({"AIRFLOW_HOME": "{}"}, True),
        ({"AIRFLOW_HOME": "{}/link"}, True),
        ({"AIRFLOW_HOME": "/no/such/home"}, False),
        ({"AIRFLOW_HOME": "/no/such/home", "AIRFLOW_CONFIG": "{}/airflow.cfg"}, True),
        ({"AIRFLOW_HOME": "{}", "AIRFLOW_CONFIG": "/etc/airflow.cfg"}, False),
        ({"LANG": "C"}, True),
        # What gunicorn makes of its own, and that of another user.
        ({}, False),
        (None, False),
    ],
)
def test_processes_that_read_another_file(environ: dict[str, str] | None, counts: bool, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    given = None if environ is None else {key: value.format(tmp_path) for key, value in environ.items()}
    assert len(processes(tmp_path, WEBSERVER, given)) == counts


def test_variables_of_the_option(tmp_path: Path) -> None:
    variables = {AUTH: "a=b", f"{AUTH}_CMD": "cat x", f"{AUTH}_SECRET": "s"}
    others = {"AIRFLOW__API__AUTH_BACKEND": "x", "AIRFLOW__API__AUTH_BACKENDS_": "x", "LANG": "C"}
    assert processes(tmp_path, WEBSERVER, {**others, **variables}) == [("webserver", variables)]


def test_variables_of_two_names_of_the_option(tmp_path: Path) -> None:
    old = AUTH[:-1]
    variables = {AUTH: "a", f"{old}_CMD": "cat x"}
    processes(tmp_path, WEBSERVER, {**variables, "LANG": "C"})
    found = airflow_processes(f"{tmp_path}/airflow.cfg", *API, "auth_backend", proc=f"{tmp_path}/proc")
    assert [process.variables for process in found] == [variables]


def test_a_host_without_proc(tmp_path: Path) -> None:
    assert airflow_processes(f"{tmp_path}/airflow.cfg", *API, proc=f"{tmp_path}/proc") == []
