# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import sys
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.conf import conf_of, merged
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._base.inputs import (
    LARGEST_NUMBER,
    check_maskable,
    connection_id_of,
    dag_id_of,
    dag_run_id_of,
    is_glob,
    lines_of,
    name_of,
    new_dag_run_id_of,
    number_of,
    object_name_of,
    seconds_of,
    task_name_of,
)
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import as_given
from ansible_collections.dagops.airflow.plugins.module_utils._base.times import iso, time_of
from ansible_collections.dagops.airflow.plugins.module_utils._http.address import base_url_of, headers_of
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable


def refused(function: t.Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> str:
    with pytest.raises(BadInput) as caught:
        function(*arguments, **options)
    assert_readable(caught.value.message)
    assert "the_option" in caught.value.message
    return caught.value.message


# -- ids


@pytest.mark.parametrize("name", ["a", "etl_daily", "etl.daily-2", "größe", "日次", ".hidden", "a" * 250, "0"])
def test_dag_ids(name):
    assert dag_id_of("the_option", f" {name}\n") == name


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "a/b", "a b", "a+b", "a:b", "~", "a*", "a%2Fb", "a\x00", "a" * 251, "😀"]
)
def test_what_is_no_dag_id(name):
    refused(dag_id_of, "the_option", name)


RUN_IDS = ["a", "manual__2026-11-22T10:15:00+00:00", "a.b~c", "-", "~~", "A" * 250]


@pytest.mark.parametrize("name", RUN_IDS)
@pytest.mark.parametrize("function", [dag_run_id_of, new_dag_run_id_of])
def test_run_ids(name, function):
    assert function("the_option", f" {name} ") == name


@pytest.mark.parametrize(
    "name", ["~", ".", "..", "a..b", "a/b", "a b", "ä", "a%20b", "a?b", "a#b", "'", "a\\b", "a;b=c", "scheduled__x"]
)
def test_run_ids_that_only_others_choose(name):
    assert dag_run_id_of("the_option", name) == name
    refused(new_dag_run_id_of, "the_option", name)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a" * 251])
def test_what_is_no_run_id_of_anybody(name):
    refused(dag_run_id_of, "the_option", name)


@pytest.mark.parametrize(
    "name",
    ["", "  ", "~", ".", "..", "a..b", "a/b", "a b", "ä", "a\nb", "a%20b", "a?b", "a#b", "'", "{{ x }}", "a" * 251],
)
def test_what_is_no_run_id(name):
    refused(new_dag_run_id_of, "the_option", name)


NEW = "and a new run id has only A-Z a-z 0-9 _ . ~ : + -"
EXISTS = "or, for a run that exists already, use state: awaited or state: cleared of airflow_dag_run."


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("a b", f"has a blank, {NEW}; choose another one, {EXISTS}"),
        ("a/b", f"has the character /, {NEW}; choose another one, {EXISTS}"),
        ("a..b", f"has '..' in it, which not every Airflow can answer; choose another one, {EXISTS}"),
        ("ä", f"has the character ä, {NEW}; choose another one, {EXISTS}"),
        ("scheduled__2026-11-22T00:00:00+00:00", f"choose one without 'scheduled__', {EXISTS}"),
        ("", "the_option is empty; give one."),
        ("~", f"means all runs in Airflow's API; choose another one, {EXISTS}"),
        ("..", f"has only dots, so the API cannot address it; choose another one, {EXISTS}"),
        ("a" * 251, "has 251 characters; shorten it to 250 or fewer."),
        ("a\nb", "'a\\nb' has a line break; remove it."),
    ],
)
def test_who_names_a_run_of_others_is_told_what_to_do(name, rest):
    assert refused(new_dag_run_id_of, "the_option", name).endswith(rest)


def test_ids_of_the_scheduler_are_for_reading_only():
    assert "Airflow's scheduler" in refused(new_dag_run_id_of, "the_option", "scheduled__x")


@pytest.mark.parametrize(
    ("text", "glob"), [("a*", True), ("a?b", True), ("[ab]", True), ("a]", False), ("a.b-c_d", False)]
)
def test_globs(text, glob):
    assert is_glob(text) is glob


# -- times


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T10:15:00+00:00", "2026-11-22T10:15:00Z"),
        ("2026-11-22T10:15:00Z", "2026-11-22T10:15:00Z"),
        ("2026-11-22t10:15:00z", "2026-11-22T10:15:00Z"),
        ("2026-11-22 10:15:00+00:00", "2026-11-22T10:15:00Z"),
        ("2026-11-22 10:15:00 +0100", "2026-11-22T09:15:00Z"),
        ("2026-11-22T10:15-05:30", "2026-11-22T15:45:00Z"),
        ("  2026-11-22T10:15:00.5+00:00\n", "2026-11-22T10:15:00.500000Z"),
        ("2026-11-22T10:15:00,123456789Z", "2026-11-22T10:15:00.123456Z"),
        ("2024-02-29T00:00:00+14:00", "2024-02-28T10:00:00Z"),
    ],
)
def test_times(text, moment):
    assert iso(time_of("the_option", text)) == moment


@pytest.mark.parametrize("text", ["2026-11-22T10:15:00", "2026-11-22 10:15", "2026-11-22T10:15:00.123"])
def test_times_without_a_zone(text):
    message = refused(time_of, "the_option", text)
    assert "has no time zone; add one, like 2026-11-22T10:15:00+00:00." in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-22",
        "10:15:00Z",
        "22.11.2026 10:15Z",
        "2026-11-22T10:15:00+00:00 and more",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:15:61Z",
        "2026-11-22T10:15:00+25:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "٢٠٢٦-11-22T10:15:00Z",
        "1763806500",
        "x" * 10_000,
    ],
)
def test_what_is_no_time(text):
    assert "is no time" in refused(time_of, "the_option", text)


# -- seconds


@pytest.mark.parametrize("value", [0, 0.0, 0.1, 3600, 1e9])
def test_seconds(value):
    assert seconds_of("the_option", value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-1, "-1"), (-0.001, "-0.001"), (float("nan"), "nan"), (float("inf"), "inf"), (-1e30, "-1e+30"), (1e12, "1e+12")],
)
def test_what_are_no_seconds(value, shown):
    message = refused(seconds_of, "the_option", value)
    assert message == f"the_option is {shown}; it takes a number of seconds, 0 to 1000000000."


@pytest.mark.parametrize("value", [-1, 10**19])
def test_what_are_no_lines(value):
    message = refused(lines_of, "the_option", value)
    assert message == f"the_option is {value}; it takes a number of lines, 0 to 1000000."


# -- URLs


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://airflow.example", "https://airflow.example"),
        (" https://airflow.example/ \n", "https://airflow.example"),
        ("HTTPS://Airflow.Example:8443/", "https://Airflow.Example:8443"),
        ("http://127.0.0.1:8080/api/v1", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/api/v2/", "http://127.0.0.1:8080"),
        ("https://h.example/team/airflow//", "https://h.example/team/airflow"),
        ("https://h.example/team/api/v1/", "https://h.example/team"),
        ("https://h.example/api/v10", "https://h.example/api/v10"),
        ("https://h.example/api", "https://h.example/api"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_urls(text, url):
    assert base_url_of("the_option", text) == url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no URL; write it like https://airflow.example.com"),
        ("airflow.example", "is no URL"),
        ("airflow.example:8080", "is no URL"),
        ("ftp://airflow.example", "is no URL"),
        ("https://", "is no URL"),
        ("https:///path", "is no URL"),
        ("https://air flow.example", "is no URL"),
        ("https://h.example/a b", "is no URL"),
        ("https://h.example/a\ud800", "'https://h.example/a?' is no URL"),
        ("https://h\x00.example", "is no URL"),
        ("http://[::1", "is no URL"),
        ("http://h.example:port", "is no URL"),
        ("http://h.example:99999", "is no URL"),
        ("https://u:pa55@h.example", "must not hold credentials; give api_username and api_password"),
        ("https://u@h.example", "must not hold credentials"),
        ("https://:@h.example", "must not hold credentials"),
        ("https://h.example/?x=1", "must not have a query or a fragment"),
        ("https://h.example/#/home", "must not have a query or a fragment"),
        ("x" * 5000, "is no URL"),
    ],
)
def test_what_is_no_url(text, words):
    message = refused(base_url_of, "the_option", text)
    assert words in message
    assert "pa55" not in message


# -- headers


def test_headers():
    assert headers_of("the_option", {"X-Goog-Iap": "abc", 7: 8}) == {"X-Goog-Iap": "abc", "7": "8"}


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "Ü", "a\n", "(x)"])
def test_what_is_no_header_name(name):
    assert "which no HTTP header can have" in refused(headers_of, "the_option", {name: "abcdef"})


@pytest.mark.parametrize("value", ["a\nb", "a\r", "€", "\x00", "\x7f", "\udc80"])
def test_what_is_no_header_value(value):
    message = refused(headers_of, "the_option", {"X": "secret" + value})
    assert "secret" not in message


# -- conf


CONF: list[tuple[t.Any, dict[str, t.Any]]] = [
    ({}, {}),
    ({"a": [1, 2.5, None, True, "x", {"b": ()}]}, {"a": [1, 2.5, None, True, "x", {"b": []}]}),
    ({1: {None: 2}}, {"1": {"None": 2}}),
    ({"d": datetime.date(2026, 11, 22)}, {"d": "2026-11-22"}),
    ('{"a": 1, "b": "1", "c": 1.0, "d": null, "e": true}', {"a": 1, "b": "1", "c": 1.0, "d": None, "e": True}),
    ("  {}  ", {}),
    ("a: 1\nb: '1'\nc: 1.5\nd:\ne: yes\n", {"a": 1, "b": "1", "c": 1.5, "d": None, "e": True}),
    ("{a: 1, b: [x, y]}", {"a": 1, "b": ["x", "y"]}),
    ("---\nday: 2026-11-22\nat: 2026-11-22 10:15:00+01:00\n", {"day": "2026-11-22", "at": "2026-11-22T10:15:00+01:00"}),
    ("umlaut: größe 😀", {"umlaut": "größe 😀"}),
    ("s: !!set {x}", {"s": ["x"]}),
    ('{"code": "datetime.date(2026, 1, 1)"}', {"code": "datetime.date(2026, 1, 1)"}),
    ("code: datetime.date(2026, 1, 1)", {"code": "datetime.date(2026, 1, 1)"}),
]


@pytest.mark.parametrize(("value", "conf"), CONF)
def test_conf(value, conf):
    found = conf_of("the_option", value)
    assert found == conf
    assert repr(found) == repr(conf), "another type"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1], "must be a mapping, or the JSON or YAML text of one, and is a list"),
        (5, "is a number"),
        (True, "is a boolean"),
        ("[1, 2]", "is a list"),
        ("5", "is a number"),
        ("true", "is a boolean"),
        ("null", "is null"),
        ("just words", "the_option must be a mapping, or the JSON or YAML text of one, and is another text."),
        ("{a: b", "is neither JSON nor YAML"),
        ('{"a": 1,\n "b": }}\n', "(as JSON it breaks at character 7 in line 2); correct it."),
        ('{"a": "secret', "(as JSON it breaks at character 7); correct it."),
        ('{"a": 1, ', "(as JSON it ends too early); correct it."),
        ("a: b: c", "is neither JSON nor YAML"),
        ("a: !!python/object:os.system x", "is neither JSON nor YAML"),
        ("---\na: 1\n---\nb: 2\n", "is neither JSON nor YAML"),
        ("a: 2026-13-45\n", "is neither JSON nor YAML"),
        ("\x00", "is neither JSON nor YAML"),
        ("{'day': datetime.date(2026, 1, 1), 'n': 1}", "holds a date that is not in quotes, and ansible-core before"),
        (
            "{'a': [datetime.datetime(2026, 1, 1, 0, 0)]}",
            "put it in quotes, or apply the filter to_json to the expression.",
        ),
        ({"a": float("nan")}, "holds a number that JSON cannot carry"),
        ('{"a": Infinity}', "holds a number that JSON cannot carry"),
        ("a: .inf", "holds a number that JSON cannot carry"),
    ],
)
def test_what_is_no_conf(value, words):
    assert words in refused(conf_of, "the_option", value)


def test_yaml_is_not_told_where_it_is_no_json():
    message = refused(conf_of, "the_option", "a: b: c")
    assert message == (
        "the_option is neither JSON nor YAML in line 1: mapping values are not allowed here; correct it."
    )


@pytest.mark.parametrize("text", ["a: &x {b: *x}", "[" * 100_000, '{"a":' * 100_000])
def test_conf_without_an_end(text):
    refused(conf_of, "the_option", text)


def test_yaml_where_there_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert conf_of("the_option", '{"a": 1}') == {"a": 1}
    assert "YAML needs PyYAML where the module runs; give a mapping" in refused(conf_of, "the_option", "a: 1")


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": {"x": 1}}, {"a": 2}, {"a": 2}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ],
)
def test_merged(base, over, result):
    before = repr(base)
    assert merged(base, over) == result
    assert repr(base) == before, "the base was changed"


# -- secrets that can be masked


@pytest.mark.parametrize(
    "secrets", [{}, {"a": "abcdef"}, {"a": None, "b": True}, {"a": [123456, {"b": "long enough"}]}]
)
def test_secrets_that_can_be_masked(secrets):
    check_maskable("the_option", secrets, ["etl_daily", None, "", "https://airflow.example"])


@pytest.mark.parametrize("secret", ["", "a", "abcde", 7, 12345, 1.5])
def test_secrets_that_are_too_short(secret):
    message = refused(check_maskable, "the_option", {"a": [secret]}, [])
    assert "shorter than 6 characters" in message


@pytest.mark.parametrize("secret", ["etl_daily", "airflow", "https:", "t_dail", ".example"])
def test_secrets_that_are_a_part_of_what_is_shown(secret):
    message = refused(
        check_maskable, "the_option", {"a": secret}, ["etl_daily", "https://airflow.example"] + ["xt_dailx"]
    )
    assert "a part of an id, a URL or a state" in message


@pytest.mark.parametrize("text", ["deploy", "ann@example.com", "b c", ".hidden", "Grüße", "世界"])
def test_names_of_users_and_roles(text):
    assert name_of("the_option", text) == text


@pytest.mark.parametrize("text", ["", " ", ".", "..", ". .", "a/b", "a\nb", "a\x1b[31m", "\ud800"])
def test_what_is_no_name_of_a_user_or_a_role(text):
    refused(name_of, "the_option", text)


@pytest.mark.parametrize("text", ["etl", "a/b", "/a", "a b", ".hidden", "Größe", "x" * 250])
def test_names_of_objects(text):
    assert object_name_of("the_option", text) == text


@pytest.mark.parametrize("text", ["", " ", ".", "..", "a\nb", " a", "a ", "\ud800", "x" * 251])
def test_what_is_no_name_of_an_object(text):
    refused(object_name_of, "the_option", text)


ONE_REASON = [
    (dag_id_of, "a/b", "'a/b' has the character /, and a DAG id has letters, digits, dots, dashes and underscores"),
    (dag_id_of, "a b", "'a b' has a blank, and a DAG id has letters, digits, dots, dashes and underscores only"),
    (dag_id_of, " ", " is empty; give one."),
    (dag_id_of, "..", "'..' has only dots, so the API cannot address it; give another one."),
    (dag_run_id_of, "a\x00b", "'a\\x00b' has a control character; remove it."),
    (object_name_of, "trailing ", "'trailing ' ends with a blank; remove it."),
    (object_name_of, " leading", "' leading' begins with a blank; remove it."),
    (object_name_of, "of YAML\n", "'of YAML\\n' ends with a line break; remove it."),
    (object_name_of, "a\xa0b", "'a\\xa0b' has a character that cannot be seen; remove it."),
    (object_name_of, "x" * 260, f"'{'x' * 59}…' has 260 characters; shorten it to 250 or fewer."),
    (name_of, "a/b", "'a/b' has a slash, so the API cannot address it; choose another name."),
    (name_of, "a\x1b[31m", "'a\\x1b[31m' has a control character; remove it."),
    (name_of, "a/b\n", "'a/b\\n' ends with a line break; remove it."),
    (task_name_of, "load ", "'load ' ends with a blank; remove it."),
]


@pytest.mark.parametrize(("function", "text", "words"), ONE_REASON)
def test_the_one_reason_that_applies_is_told_of_a_name(function, text, words):
    assert words in refused(function, "the_option", text)


@pytest.mark.parametrize("length", [201, 220, 260])
def test_the_id_of_a_connection_has_one_limit(length):
    message = refused(connection_id_of, "the_option", "x" * length, new=True)
    assert message.endswith(f"has {length} characters; shorten it to 200 or fewer.")


def test_what_an_old_version_let_in_can_be_deleted():
    assert connection_id_of("the_option", "a b", new=False) == "a b"
    assert connection_id_of("the_option", "x" * 250, new=False) == "x" * 250
    assert "has a slash" in refused(connection_id_of, "the_option", "a/b", new=False)


def test_a_character_is_named_as_it_was_given():
    assert as_given("größe\t\r\n\u2028\ud800") == "größe\\t\\r\\n\\u2028\\ud800"
    assert as_given("\x00" * 100) == ("\\x00" * 100)[:59] + "…"


@pytest.mark.parametrize("number", [1, LARGEST_NUMBER])
def test_numbers_that_airflow_keeps(number):
    assert number_of("the_option", number, 1) == number


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "the_option is 0; it takes 1 or more, or -1 for none."),
        (LARGEST_NUMBER + 1, "the_option is 2147483648; it takes at most 2147483647."),
        (10**99, f"the_option is 1{'0' * 58}…; it takes at most 2147483647."),
        (-(10**99), f"the_option is -1{'0' * 57}…; it takes 1 or more, or -1 for none."),
    ],
)
def test_numbers_that_airflow_does_not_keep(number, words):
    assert refused(number_of, "the_option", number, 1, ", or -1 for none") == words
