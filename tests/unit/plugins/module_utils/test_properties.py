# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever people write, the checks of it end in a value or in BadInput."""

from __future__ import annotations

import datetime
import json
import re
from urllib.parse import quote, unquote, urlsplit

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import GENERATIONS, Airflow, why_no_path
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_events import events_of, read_events
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_text import read_text
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs, TriggerRequest
from ansible_collections.dagops.airflow.plugins.module_utils._base.conf import conf_of, merged
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._base.inputs import (
    dag_id_of,
    dag_run_id_of,
    name_of,
    new_dag_run_id_of,
)
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import Redactor
from ansible_collections.dagops.airflow.plugins.module_utils._base.times import iso, time_of
from ansible_collections.dagops.airflow.plugins.module_utils._http.address import (
    base_url_of,
    headers_of,
    secrets_in_url,
)
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client, path_of
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")
given = hypothesis.given
example = hypothesis.example

some_examples = hypothesis.settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    derandomize=True,
)
TRICKY = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="~.:+-_/%?#\\ \n\t\x00aZ09{}[]'\"&*é٣", max_size=40),
    st.from_regex(r"\A[-+0-9TZ:. ]{0,30}\Z"),
)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


AIRFLOWS = {name: Airflow(Client("https://airflow.example", Login()), name) for name in GENERATIONS}


def assert_bounded(message: str) -> None:
    assert len(message) < 500
    assert "\n" not in message


@some_examples
@given(TRICKY)
@example("..")
@example("~")
def test_whatever_is_taken_for_an_id_stays_one_segment_of_the_path(text):
    for function in (dag_id_of, dag_run_id_of, new_dag_run_id_of):
        try:
            name = function("the_option", text)
        except BadInput as error:
            assert_bounded(error.message)
            continue
        if function is dag_run_id_of and why_no_path(name):
            continue
        path = path_of("dags", name, "dagRuns")
        assert path.count("/") == 3
        sent = requests.Request("GET", "https://airflow.example/api/v1" + path).prepare().url
        assert [unquote(part) for part in urlsplit(sent or "").path.split("/")] == [
            "",
            "api",
            "v1",
            "dags",
            name,
            "dagRuns",
        ]


@some_examples
@given(st.text(min_size=1, max_size=40))
def test_a_quoted_segment_never_escapes(text):
    path = path_of("a", text.encode("utf-8", "replace").decode(), "b")
    assert path.count("/") == 3
    assert re.fullmatch(r"/a/[A-Za-z0-9_.~%-]*/b", path)


@some_examples
@given(
    st.datetimes(min_value=datetime.datetime(2, 1, 1), max_value=datetime.datetime(9998, 12, 30)),
    st.integers(min_value=-14 * 60, max_value=14 * 60),
    st.sampled_from("T "),
)
def test_times_make_the_round_trip(naive, minutes, between):
    moment = naive.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=minutes)))
    parsed = time_of("the_option", moment.isoformat(between))
    assert parsed == moment
    assert parsed.utcoffset() == datetime.timedelta(0)
    assert time_of("the_option", iso(parsed) or "") == moment


@some_examples
@given(TRICKY)
def test_no_text_breaks_the_reading_of_times(text):
    try:
        assert time_of("the_option", text).tzinfo is datetime.timezone.utc
    except BadInput as error:
        assert_bounded(error.message)


@some_examples
@given(
    st.one_of(TRICKY, TRICKY.map(lambda text: "https://" + text), TRICKY.map(lambda text: "http://h.example/" + text))
)
def test_no_text_breaks_the_reading_of_urls(text):
    try:
        url = base_url_of("the_option", text)
    except BadInput as error:
        assert_bounded(error.message)
        return
    assert url.startswith(("http://", "https://"))
    assert not url.endswith("/")
    assert base_url_of("the_option", url + "/api/v1/") == url


@some_examples
@given(st.text(max_size=20), st.text(max_size=20))
def test_headers_that_are_taken_can_be_sent(name, value):
    try:
        headers = headers_of("the_option", {name: value})
    except BadInput as error:
        assert_bounded(error.message)
        return
    for key, content in headers.items():
        key.encode("ascii")
        content.encode("latin-1")
        assert not re.search(r"[\r\n]", content)


@some_examples
@given(st.one_of(JSON, TRICKY))
def test_nothing_breaks_the_reading_of_conf(value):
    try:
        assert isinstance(conf_of("the_option", value), dict)
    except BadInput as error:
        assert_bounded(error.message)


@some_examples
@given(st.lists(JSON, max_size=5), st.integers(min_value=1, max_value=3))
@example([{"error_detail": [{"frames": 5, "exc_type": []}]}], 1)
def test_no_log_breaks_the_reading_of_it(events, keep):
    tail = read_events(events, keep).tail
    assert len(tail.split("\n")) <= keep


@some_examples
@given(st.lists(st.text(max_size=60), max_size=10))
def test_no_text_breaks_the_reading_of_a_log(lines):
    for log in (read_events(events_of(lines), 3), read_text(lines, 3)):
        assert "\n" not in log.reason


@some_examples
@given(TRICKY)
@example("..")
@example(". .")
def test_whatever_is_taken_for_a_name_stays_one_segment_of_the_path(text):
    try:
        name = name_of("the_option", text)
    except BadInput as error:
        assert_bounded(error.message)
        return
    sent = requests.Request("GET", "https://airflow.example" + path_of("api", "users", name)).prepare().url
    assert [unquote(part) for part in urlsplit(sent or "").path.split("/")] == ["", "api", "users", name]


@some_examples
@given(
    st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    st.sampled_from(["v1", "v2"]),
    st.lists(st.datetimes(timezones=st.just(datetime.timezone.utc)) | st.none(), min_size=4, max_size=4),
    st.text(max_size=20) | st.none(),
)
def test_what_is_taken_for_a_run_can_be_sent_and_read_again(below, over, name, times, note):
    try:
        conf = merged(conf_of("the_option", below), conf_of("the_option", over))
    except BadInput as error:
        assert_bounded(error.message)
        return
    body = AIRFLOWS[name].ask(Runs)._trigger_body(TriggerRequest("run-1", conf, *times, note=note))
    read = json.loads(json.dumps(body, allow_nan=False))
    assert read["conf"] == conf
    assert read["dag_run_id"] == "run-1"
    assert read.get("note") == note
    keys = ("logical_date", "data_interval_start", "data_interval_end", "run_after")
    for key, moment in zip(keys, times):
        assert read.get(key) == iso(moment)
        assert (key in read) is (moment is not None or (name == "v2" and key == "logical_date"))


@some_examples
@given(st.lists(st.text(min_size=6, max_size=12), min_size=1, max_size=3), st.text(max_size=10))
def test_no_secret_is_left_in_what_a_server_echoes(secrets, between):
    redact = Redactor(secrets)
    for write in (str, json.dumps, repr, lambda text: quote(text, safe="", errors="replace")):
        # As one secret may begin within another, only the longest is sure to be whole.
        secret = max(secrets, key=len)
        echoed = between.join(["(", write(secret), ")"])
        assert secret not in redact(echoed) or secret in "********"


@some_examples
@given(st.text(alphabet="aZ09:@/%?#[]", max_size=12), st.text(alphabet="aZ09%-", min_size=6, max_size=12))
def test_no_password_in_a_url_is_shown(before, password):
    for url in (f"https://{before}:{password}@host", f"{before}:{password}@host", f"http:/u:{password}@host"):
        try:
            base_url_of("the_option", url)
        except BadInput as error:
            assert_masked(password, error.message, secrets_in_url(url))


def assert_masked(password: str, message: str, masked: list[str]) -> None:
    assert password not in message
    assert any(password in secret for secret in masked)
