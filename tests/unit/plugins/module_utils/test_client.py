# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json
import random
import socket
import ssl
import typing as t
from urllib.parse import quote

import pytest
import requests
import urllib3
from ansible_collections.dagops.airflow.plugins.module_utils import _http
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    AirflowError,
    ApiError,
    Blocked,
    Conflict,
    Denied,
    NoSuchApi,
    NotFound,
    ServerError,
    Unreachable,
)
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import Redactor
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import FAILED, Client, path_of
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login, TokenLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v1 import BasicLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v2 import PasswordTokenLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.pages import pages
from ansible_collections.dagops.airflow.plugins.module_utils._http.problems import no_answer
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable
from urllib3.exceptions import MaxRetryError, NewConnectionError

PATH = "/api/v1/things"


@pytest.fixture
def client(clock) -> Client:
    return Client(URL, TokenLogin("a-bearer-token"), clock=clock)


@pytest.fixture
def impatient(clock) -> Client:
    return Client(URL, TokenLogin("a-bearer-token"), clock=clock, retry_timeout=0)


def failure(function: t.Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> AirflowError:
    with pytest.raises(AirflowError) as caught:
        function(*arguments, **options)
    assert_readable(caught.value.message)
    return caught.value


# -- what is sent


def test_a_request_has_all_settings(server, clock):
    client = Client(
        URL,
        TokenLogin("a-bearer-token"),
        headers={"X-Proxy": "identity"},
        verify="/etc/ca.pem",
        cert=("/c.pem", "/k.pem"),
        timeout=7.5,
        clock=clock,
    )
    server.get(PATH, {"a": "1"}, headers={"X-Proxy": "identity", "Authorization": "Bearer a-bearer-token"}).answers([])
    client.get(PATH, {"a": 1})
    settings = server.settings[0]
    assert settings["verify"] == "/etc/ca.pem"
    assert settings["cert"] == ("/c.pem", "/k.pem")
    assert settings["timeout"] == 7.5
    assert settings["stream"] is True


def test_requests_in_haste_have_what_is_left_of_the_time(client, server, clock):
    (server.get(PATH).answers({}).taking(2), server.get(PATH).answers({}).taking(9), server.get(PATH).answers({}))
    with client.in_haste(5), client.in_haste(60):
        for _request in range(3):
            client.get(PATH)
    server.get(PATH).answers({})
    client.get(PATH)
    assert [settings["timeout"] for settings in server.settings] == [5, 3, 0.001, 30]


def test_a_plus_in_a_query_is_quoted(client, server):
    server.get(PATH, {"at": "2026-11-22T00:00:00+00:00"}).answers({})
    client.get(PATH, {"at": "2026-11-22T00:00:00+00:00"})
    assert server.requests[0].url.endswith("at=2026-11-22T00%3A00%3A00%2B00%3A00")


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        (("dags", "etl.daily-2_x"), "/dags/etl.daily-2_x"),
        (("dags", "~", "dagRuns", "list"), "/dags/~/dagRuns/list"),
        (("dags", "größe"), "/dags/gr%C3%B6%C3%9Fe"),
        (("a+b:c",), "/a%2Bb%3Ac"),
        (("a/b?c#d%e",), "/a%2Fb%3Fc%23d%25e"),
    ],
)
def test_path_segments_are_quoted_once(parts, path, client, server):
    assert path_of(*parts) == path
    server.get(path).answers({})
    client.get(path)
    assert server.requests[0].url == URL + path


def test_netrc_does_not_replace_the_credentials(client, server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine airflow.example login other password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    server.get(PATH, headers={"Authorization": "Bearer a-bearer-token"}).answers({})
    client.get(PATH)
    server.get(PATH, headers={"Authorization": None}).answers({})
    client.open_request("GET", PATH)
    # The file is one that requests would have taken.
    server.get(PATH, headers={"Authorization": "Basic b3RoZXI6b3RoZXI="}).answers({})
    requests.Session().get(URL + PATH)


def test_cookies_of_answers_are_not_sent_back(client, server):
    server.get(PATH).answers({}, Set_Cookie="session=stolen; Path=/")
    server.get(PATH, headers={"Cookie": None}).answers({})
    client.get(PATH)
    client.get(PATH)
    # The answer's cookie is one that requests would have kept.
    session = requests.Session()
    server.get(PATH).answers({}, Set_Cookie="session=kept; Path=/")
    session.get(URL + PATH)
    assert session.cookies.get("session") == "kept"


def test_the_time_of_the_server_is_known(client, server, clock):
    server.get(PATH).answers({})
    client.get(PATH)
    assert client.server_time == int(clock.utc())


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jan 2026 00:00:00 GMT"])
def test_a_server_without_a_time(client, server, date):
    server.get(PATH).answers({}, Date=date)
    client.get(PATH)
    assert client.server_time is None


# -- outages

REFUSED = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "x")))
REFUSED.args[0].reason.__cause__ = ConnectionRefusedError(111, "Connection refused")
OUTAGES: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "refused": (lambda answer: answer.fails(REFUSED), "Nothing listens at https://airflow.example"),
    "reset": (
        lambda answer: answer.fails(requests.ConnectionError(ConnectionResetError(104, "reset"))),
        "broke before an answer came",
    ),
    "connect time-out": (lambda answer: answer.fails(requests.ConnectTimeout()), "did not answer within 30 s"),
    "read time-out": (
        lambda answer: answer.fails(requests.ReadTimeout()),
        "did not answer within 30 s (request_timeout)",
    ),
    "broken off": (lambda answer: answer.answers({"a": "b" * 100}).breaks_after(9), "in the middle of an answer"),
    "stalled": (
        lambda answer: answer.answers({"a": "b" * 100}).stalls_after(9),
        "sent nothing more for 30 s (request_timeout) in the middle of an answer",
    ),
    "head": (lambda answer: answer.says("").unframed(), "in the middle of an answer"),
    "handshake": (
        lambda answer: answer.fails(requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred"))),
        "broke before an answer came",
    ),
    "chunk": (lambda answer: answer.fails(requests.exceptions.ChunkedEncodingError()), "in the middle of an answer"),
    "proxy": (lambda answer: answer.fails(requests.exceptions.ProxyError()), "check it and no_proxy"),
    "429": (lambda answer: answer.answers({}, 429), "answered 429: Airflow is overloaded"),
    "502": (lambda answer: answer.says("<html>Bad Gateway</html>", 502, "text/html"), "answered 502"),
    "503": (lambda answer: answer.says("", 503), "answered 503"),
    "504": (lambda answer: answer.says("", 504), "answered 504"),
    **{
        str(status): (
            lambda answer, status=status: answer.says("<html>Web server is down</html>", status, "text/html"),
            f"answered {status}",
        )
        for status in (520, 521, 522, 523, 524, 530)
    },
}
LOST = "Whether the thing was written is not known; look at it."
CALLS: dict[str, t.Callable[[Client], t.Any]] = {
    "GET": lambda client: client.get(PATH),
    "PATCH": lambda client: client.patch(PATH, {"a": 1}),
    "DELETE": lambda client: client.delete(PATH, LOST),
    "POST": lambda client: client.post(PATH, {"a": 1}, repeat=True),
}


@pytest.fixture
def proxies(monkeypatch):
    """Set these variables of the environment, and no others about proxies."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def given(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return given


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"https_proxy": "http://u:p4ssw0rd@proxy.example:3128/"}, "(proxy.example:3128, https_proxy) gives"),
        ({"HTTPS_PROXY": "proxy.example:3128", "http_proxy": "other"}, "(proxy.example:3128, https_proxy) gives"),
        ({"all_proxy": "socks5://proxy.example"}, "(proxy.example, all_proxy) gives"),
        ({"http_proxy": "other"}, "gives"),
    ],
    ids=str,
)
def test_a_proxy_that_gives_no_way_is_named(server, proxies, variables, named):
    proxies(**variables)
    server.get(PATH).fails(requests.exceptions.ProxyError())
    client = Client(URL, TokenLogin("a-bearer-token"), retry_timeout=0)
    with pytest.raises(Unreachable) as caught:
        client.get(PATH)
    assert caught.value.message.startswith(f"The proxy of the environment {named} no way to ")
    assert caught.value.message.endswith("check it and no_proxy.")
    assert "p4ssw0rd" not in caught.value.message


@pytest.mark.parametrize(
    ("proxy", "problem", "words"),
    [
        # What requests says of each of them.
        (
            "socks5://u:p4ssw0rd@proxy.example",
            requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support."),
            "(proxy.example, all_proxy) cannot be used: Missing dependencies for SOCKS support;",
        ),
        (
            "gopher://proxy.example",
            requests.exceptions.InvalidURL("Proxy URL had unsupported scheme gopher, should use http:// or https://"),
            "(proxy.example, all_proxy) cannot be used: Proxy URL had unsupported scheme gopher, should use http://",
        ),
        (
            "http://u:p4ssw0rd#1@proxy.example:3128",
            requests.exceptions.InvalidURL("Failed to parse: 'u:p4ssw0rd' is not a valid host or port"),
            "(proxy.example:3128, all_proxy) cannot be used: it is no such URL;",
        ),
        (
            "http://",
            requests.exceptions.InvalidProxyURL("Please check proxy URL. It is malformed."),
            "(all_proxy) cannot be used: it is no such URL;",
        ),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(client, server, proxies, proxy, problem, words):
    proxies(all_proxy=proxy)
    server.get(PATH).fails(problem)
    message = failure(client.get, PATH).message
    assert message.startswith(f"The proxy of the environment {words}")
    assert message.endswith("; correct it, or name airflow.example in no_proxy.")
    assert "p4ssw0rd" not in message


def test_a_proxy_that_is_not_used_is_not_to_blame(client, server, proxies):
    proxies(all_proxy="gopher://proxy.example", no_proxy="airflow.example")
    server.get(PATH).fails(requests.exceptions.InvalidURL("odd"))
    assert failure(client.get, PATH).message.startswith("No request can be sent to https://airflow.example: odd;")


def test_a_url_that_cannot_be_used_is_not_blamed_on_the_proxy(proxies):
    proxies(all_proxy="http://127.0.0.1:1")
    url, problem = "https://*.airflow.example", requests.exceptions.InvalidURL("no label")
    assert no_answer(url, 30, problem, Redactor(), False).message.startswith(
        f"No request can be sent to {url}: no label"
    )


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("method", CALLS)
def test_what_can_be_repeated_is_repeated(client, server, clock, outage, method):
    sends = {"a": 1} if method in ("PATCH", "POST") else None
    OUTAGES[outage][0](server.expect(method, PATH, sends=sends))
    server.expect(method, PATH, sends=sends).answers({"done": True})
    answer = CALLS[method](client)
    assert answer == ({"done": True} if method != "DELETE" else None)
    assert len(clock.pauses) == 1


@pytest.mark.parametrize("outage", OUTAGES)
def test_what_an_outage_is_called(impatient, server, clock, outage):
    OUTAGES[outage][0](server.get(PATH))
    error = failure(impatient.get, PATH)
    assert isinstance(error, Unreachable)
    assert OUTAGES[outage][1] in error.message
    assert clock.pauses == []


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_post_is_never_repeated_blindly(client, server, clock, outage):
    OUTAGES[outage][0](server.post(PATH, sends={"a": 1}))
    assert isinstance(failure(client.post, PATH, {"a": 1}), Unreachable)
    assert clock.pauses == []


# -- writes whose answers get lost

UNSENT = ("refused", "connect time-out", "proxy", "429")
SENT = sorted({*OUTAGES} - {*UNSENT})
WRITES: dict[str, t.Callable[[Client], t.Any]] = {
    "PATCH": lambda client: client.patch(PATH, {"a": 1}, lost=LOST),
    "DELETE": lambda client: client.delete(PATH, LOST),
    "PUT": lambda client: client.put(PATH, LOST),
    "POST": lambda client: client.post(PATH, {"a": 1}, lost=LOST),
}
BODIES = {"PATCH": {"a": 1}, "POST": {"a": 1}}


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("method", WRITES)
def test_a_write_says_whether_it_may_be_done(impatient, server, outage, method):
    OUTAGES[outage][0](server.expect(method, PATH, sends=BODIES.get(method)))
    error = failure(WRITES[method], impatient)
    assert error.may_be_done == (outage in SENT)
    assert error.message.endswith(f" {LOST}") == (outage in SENT)


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("last", ["refused", "503"])
def test_the_first_of_several_attempts_may_be_the_one_that_was_done(server, clock, method, last):
    client = Client(URL, TokenLogin("a-bearer-token"), clock=clock, retry_timeout=4)
    OUTAGES["reset"][0](server.expect(method, PATH, sends=BODIES.get(method)))
    OUTAGES[last][0](server.expect(method, PATH, sends=BODIES.get(method))).taking(5)
    assert failure(WRITES[method], client).message.endswith(f" That has lasted for 5 s. {LOST}")


@pytest.mark.parametrize(
    "second",
    [
        lambda exchange: exchange.answers({"title": "fail-over"}, 500),
        lambda exchange: exchange.says("1" * 2000),
    ],
)
def test_an_error_after_a_lost_answer_leaves_it_open(answered, server, monkeypatch, second):
    monkeypatch.setattr(_http.client, "LARGEST_ANSWER", 1000)
    server.patch(PATH, sends={"a": 1}).fails(requests.ConnectionError(ConnectionResetError(104, "reset")))
    second(server.patch(PATH, sends={"a": 1})).taking(40)
    assert failure(WRITES["PATCH"], answered).message.endswith(f" {LOST}")


def test_a_write_of_which_nothing_is_to_be_said(impatient, server):
    server.post(PATH, sends={"a": 1}).fails(requests.ReadTimeout())
    error = failure(impatient.post, PATH, {"a": 1})
    assert error.may_be_done
    assert error.message == error.message.rstrip()


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_what_airflow_refuses_after_a_lost_answer_is_not_done(answered, server, status):
    server.patch(PATH, sends={"a": 1}).fails(requests.ConnectionError(ConnectionResetError(104, "reset")))
    server.patch(PATH, sends={"a": 1}).answers({"title": "No", "detail": "no"}, status)
    assert LOST not in failure(WRITES["PATCH"], answered).message


@pytest.mark.parametrize(
    ("answer", "may_be_done"),
    [
        (lambda exchange: exchange.says("[1, 2"), True),
        (lambda exchange: exchange.says("<html><title>Sign in</title></html>", content_type="text/html"), False),
        (lambda exchange: exchange.says("404 page not found", 404), False),
        (lambda exchange: exchange.answers({"title": "fail-over"}, 500), False),
        (lambda exchange: exchange.says("", 302, Location="https://elsewhere.example/login"), False),
    ],
)
def test_an_answer_of_which_nothing_can_be_made(answered, server, answer, may_be_done):
    answer(server.post(PATH, sends={"a": 1}))
    assert (LOST in failure(WRITES["POST"], answered).message) == may_be_done


def test_a_login_without_an_answer_leaves_nothing_open(server, clock):
    client = Client(URL, PasswordTokenLogin("deploy", "s3cret-pa55"), clock=clock, retry_timeout=0)
    server.post("/auth/token", sends={"username": "deploy", "password": "s3cret-pa55"}).fails(requests.ReadTimeout())
    error = failure(WRITES["DELETE"], client)
    assert (error.may_be_done, LOST in error.message) == (False, False)


# -- which protocol


@pytest.mark.parametrize("outage", ["reset", "connect time-out", "read time-out", "handshake"])
@pytest.mark.parametrize("status", [None, 200, 403, 503])
def test_the_protocol_is_in_doubt_only_until_something_has_answered(impatient, server, outage, status):
    if status:
        server.get(PATH).answers({}, status)
        with contextlib.suppress(AirflowError):
            impatient.get(PATH)
    OUTAGES[outage][0](server.get(PATH))
    message = failure(impatient.get, PATH).message
    assert ("is it http or https?" in message) == (status is None)
    assert OUTAGES[outage][1] in message


# -- answers without a body


@pytest.mark.parametrize("status", [204, 304, 102])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_answer_that_has_no_body_is_whole(client, server, clock, method, status):
    server.expect(method, PATH).says("", status).unframed()
    assert client.request(method, PATH, repeat=True).text == ""
    assert clock.pauses == []


@pytest.mark.parametrize("header", ["Content_Length", "Transfer_Encoding"])
def test_an_empty_answer_whose_head_tells_how_it_ends_is_whole(client, server, clock, header):
    server.get(PATH).says("", **{header: "0" if header == "Content_Length" else "chunked"}).unframed()
    assert client.request("GET", PATH).text == ""
    assert clock.pauses == []


@pytest.mark.parametrize("status", [200, 404, 405, 500])
def test_an_answer_to_head_is_whole(client, server, clock, status):
    server.expect("HEAD", PATH).says("", status, Content_Encoding="gzip").unframed()
    if status == 200:
        assert client.request("HEAD", PATH, repeat=True).text == ""
    else:
        assert f"Airflow answered {status} to HEAD" in failure(client.request, "HEAD", PATH, repeat=True).message
    assert clock.pauses == []


@pytest.mark.parametrize("status", [404, 405, 410])
def test_an_answer_to_head_is_no_outage(answered, server, clock, status):
    server.expect("HEAD", PATH).says("", status)
    assert f"Airflow answered {status} to HEAD" in failure(answered.request, "HEAD", PATH, repeat=True).message
    assert clock.pauses == []


def certificate_error(text: str) -> requests.exceptions.SSLError:
    reason = ssl.SSLCertVerificationError(
        1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {text} (_ssl.c:1020)"
    )
    return requests.exceptions.SSLError(MaxRetryError(None, "/", urllib3.exceptions.SSLError(reason)))  # type: ignore[arg-type]


def unknown_host() -> requests.ConnectionError:
    try:
        try:
            raise socket.gaierror(-2, "Name or service not known")
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError("airflow.example", None, error) from error  # type: ignore[arg-type]
    except urllib3.exceptions.NameResolutionError as error:
        return requests.ConnectionError(MaxRetryError(None, "/", error))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (
            certificate_error("certificate has expired"),
            "airflow.example: certificate has expired; check api_url, ca_path",
        ),
        (certificate_error("self-signed certificate"), "airflow.example: self-signed certificate; check"),
        # OpenSSL ends this one with a full stop.
        (certificate_error("not valid for '127.0.0.1'."), "airflow.example: not valid for '127.0.0.1'; check"),
        (
            requests.exceptions.SSLError(
                ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1020)")
            ),
            "airflow.example: wrong version number (does the server speak http?); check",
        ),
        (unknown_host(), "host name of api_url https://airflow.example cannot be resolved"),
        (requests.exceptions.InvalidURL("bad"), "No request can be sent to https://airflow.example: bad"),
        (requests.exceptions.InvalidHeader("header 'x'"), "check api_url and api_headers"),
        (urllib3.exceptions.LocationParseError("a..b"), "No request can be sent"),
        (UnicodeEncodeError("latin-1", "x", 0, 1, "ordinal not in range"), "No request can be sent"),
    ],
)
def test_what_will_not_mend_itself_fails_at_once(client, server, clock, problem, words):
    server.get(PATH).fails(problem)
    error = failure(client.get, PATH)
    assert not isinstance(error, Unreachable)
    assert words in error.message
    assert clock.pauses == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 500, 501])
def test_answers_that_are_errors_are_not_repeated(client, server, clock, status):
    server.get(PATH).answers({"detail": "no"}, status)
    assert isinstance(failure(client.get, PATH), ApiError)
    assert clock.pauses == []


# -- what passes, once Airflow has answered

PAGE = "<!DOCTYPE html><html><head><title>Down for maintenance</title></head></html>"
PASSING: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "500 of a fail-over": (
        lambda answer: answer.says("Internal Server Error", 500),
        "Airflow answered 500 to {method} https://airflow.example/api/v1/things (Internal Server Error): "
        "Airflow has failed; look at the log of its web server (Airflow 3: API server).",
    ),
    "500 as a problem": (
        lambda answer: answer.answers({"title": "Oops", "detail": None}, 500),
        "(Oops): Airflow has failed; look",
    ),
    "507": (lambda answer: answer.says("", 507), "Airflow answered 507"),
    "525": (lambda answer: answer.says("<html></html>", 525, "text/html"), "Airflow answered 525"),
    "599": (lambda answer: answer.says("", 599), "Airflow answered 599"),
    "408": (lambda answer: answer.says("<html></html>", 408, "text/html"), "Airflow answered 408"),
    "404 of Traefik": (
        lambda answer: answer.says("404 page not found\n", 404),
        "https://airflow.example/api/v1/things gave status 404 (404 page not found) in place of Airflow, which has ",
    ),
    "404 of a page": (lambda answer: answer.says(PAGE, 404, "text/html"), "titled 'Down for maintenance'"),
    "404 of Kong": (lambda answer: answer.answers({"message": "no Route matched"}, 404), "no Route matched"),
    "404 of Envoy": (lambda answer: answer.says("", 404, ""), "gave status 404 in place of Airflow"),
    "405 of static files": (lambda answer: answer.says("<html></html>", 405, "text/html"), "gave status 405"),
    "410": (lambda answer: answer.says("gone", 410), "gave status 410 (gone)"),
    "page": (lambda answer: answer.says(PAGE, 200, "text/html"), "gave status 200 (an HTML page titled 'Down for"),
    "text": (lambda answer: answer.says("OK", 200), "gave status 200 (OK) in place of Airflow"),
    "certificate": (
        lambda answer: answer.fails(certificate_error("self-signed certificate")),
        "No trusted TLS connection to airflow.example: self-signed certificate; check",
    ),
    "name": (lambda answer: answer.fails(unknown_host()), "cannot be resolved"),
}
REDIRECTS: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "redirect": (
        lambda answer: answer.says("", 302, Location="https://status.example/down?since=noon"),
        "gave a redirect to https://status.example/down in place of Airflow",
    ),
    "redirect on the same host by a write, or to plain http": (
        lambda answer: answer.says("", 302, Location="http://airflow.example/maintenance.html"),
        "gave a redirect to http://airflow.example/maintenance.html in place of Airflow",
    ),
}


@pytest.fixture
def answered(client, server) -> Client:
    """Airflow has answered in this task."""
    server.get("/api/v1/dags").answers({"dags": []})
    client.get("/api/v1/dags")
    return client


@pytest.mark.parametrize("problem", {**PASSING, **REDIRECTS})
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_what_passes_is_borne_once_airflow_has_answered(answered, server, clock, problem, method):
    sends = {"a": 1} if method != "GET" else None
    for _attempt in range(3):
        {**PASSING, **REDIRECTS}[problem][0](server.expect(method, PATH, sends=sends))
    server.expect(method, PATH, sends=sends).answers({"done": True})
    assert CALLS[method](answered) == {"done": True}
    assert len(clock.pauses) == 3


@pytest.mark.parametrize("problem", ["500 of a fail-over", "404 of Traefik", "page", "404 of Kong"])
def test_a_deletion_is_done_when_airflow_says_so(answered, server, problem):
    """No page and no 404 of a proxy says that something is gone."""
    PASSING[problem][0](server.delete(PATH))
    server.delete(PATH).says("", 204, "")
    answered.delete(PATH, LOST)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_empty_answer_is_no_page(answered, server, clock, status):
    """Airflow 2 calls the empty answer to a wish for parsing HTML."""
    server.expect("PUT", PATH).says("", status, "text/html; charset=utf-8")
    answered.put(PATH, LOST)
    server.delete(PATH).says("", status, "text/html; charset=utf-8")
    answered.delete(PATH, LOST)
    assert clock.pauses == []


@pytest.mark.parametrize("problem", {**PASSING, **REDIRECTS})
def test_what_does_not_pass_is_told_with_its_reason_and_how_long_it_was(server, clock, problem):
    client = Client(URL, TokenLogin("a-bearer-token"), clock=clock, retry_timeout=20)
    server.get("/api/v1/dags").answers({})
    client.get("/api/v1/dags")
    server.again({**PASSING, **REDIRECTS}[problem][0](server.get(PATH)), 100)
    message = failure(client.get, PATH).message
    server.script.clear()
    assert {**PASSING, **REDIRECTS}[problem][1].format(method="GET") in message
    assert message.endswith(" That has lasted for 20 s.")
    assert clock.passed == pytest.approx(20)


@pytest.mark.parametrize("problem", {**PASSING, **REDIRECTS})
def test_what_passes_is_told_at_once_before_airflow_has_answered(client, server, clock, problem):
    {**PASSING, **REDIRECTS}[problem][0](server.get(PATH))
    error = failure(client.get, PATH)
    assert not isinstance(error, Unreachable)
    assert clock.pauses == []


@pytest.mark.parametrize("problem", {**PASSING, **REDIRECTS})
def test_what_passes_is_borne_from_the_beginning_while_a_server_is_being_started(client, server, problem):
    client.patience.bears_all = True
    {**PASSING, **REDIRECTS}[problem][0](server.get(PATH))
    server.get(PATH).answers({})
    client.get(PATH)


@pytest.mark.parametrize("problem", {**PASSING, **REDIRECTS})
def test_a_post_that_may_make_something_is_sent_once_whatever_comes(answered, server, clock, problem):
    {**PASSING, **REDIRECTS}[problem][0](server.post(PATH, sends={"a": 1}))
    failure(answered.post, PATH, {"a": 1})
    assert clock.pauses == []


@pytest.mark.parametrize("problem", PASSING)
def test_who_wants_nothing_repeated_bears_nothing(server, clock, problem):
    client = Client(URL, TokenLogin("a-bearer-token"), clock=clock, retry_timeout=0)
    server.get("/api/v1/dags").answers({})
    client.get("/api/v1/dags")
    PASSING[problem][0](server.get(PATH))
    assert "lasted" not in failure(client.get, PATH).message
    assert clock.pauses == []


@pytest.mark.parametrize("status", [400, 401, 403, 409, 413, 415, 422, 501, 505])
def test_what_airflow_says_of_a_request_is_not_asked_again(answered, server, clock, status):
    server.get(PATH).answers({"title": "No", "detail": "no"}, status)
    assert isinstance(failure(answered.get, PATH), ApiError)
    assert clock.pauses == []


@pytest.mark.parametrize(
    "body", [{"detail": "not here"}, {"title": "DAG not found", "detail": None, "status": 404}], ids=["3", "2"]
)
def test_a_404_of_airflow_is_an_answer(answered, server, clock, body):
    server.get(PATH).answers(body, 404)
    assert isinstance(failure(answered.get, PATH), NotFound)
    assert clock.pauses == []


@pytest.mark.parametrize("body", [{"error": "API route not found"}, {"detail": "Not Found"}])
def test_a_path_that_airflow_does_not_know_is_told_at_once(answered, server, clock, body):
    server.get(PATH).answers(body, 404)
    assert isinstance(failure(answered.get, PATH), NoSuchApi)
    assert clock.pauses == []


def test_an_api_that_has_not_answered_may_not_be_there(answered, server, clock):
    """Airflow 3 without users has its web interface at that path: a page, which no patience turns into an answer."""
    server.get("/auth/fab/v1/users/deploy").says("<html><title>Airflow</title></html>", 200, "text/html")
    assert "an HTML page titled 'Airflow'" in failure(answered.get, "/auth/fab/v1/users/deploy").message
    assert clock.pauses == []


def test_errors_of_airflow_count_as_its_answer(client, server):
    server.get(PATH).answers({"detail": "The Dag with ID: `x` was not found"}, 404)
    failure(client.get, PATH)
    server.get(PATH).says("", 500)
    server.get(PATH).answers({})
    client.get(PATH)


def test_a_write_that_is_redirected_to_where_airflow_has_moved_is_told_at_once(answered, server, clock):
    server.patch(PATH, sends={"a": 1}).says("", 308, Location="https://other.example" + PATH)
    assert "set api_url to https://other.example" in failure(answered.patch, PATH, {"a": 1}).message
    assert clock.pauses == []


def test_redirects_in_a_circle_pass(answered, server, clock):
    server.again(server.get(PATH).says("", 302, Location=PATH), 4)
    server.get(PATH).answers({})
    answered.get(PATH)
    assert len(clock.pauses) == 1


def test_what_only_explains_a_failure_asks_once(answered, server, clock):
    server.get(PATH).says("", 500)
    with answered.patience.within(5):
        failure(answered.get, PATH)
    assert clock.pauses == []
    # Within an outage that is being borne, it is one more attempt.
    server.get(PATH).says("", 500)
    server.get(PATH).answers({})
    with answered.patience.within_one_outage():
        answered.get(PATH)


def test_the_end_of_a_wait_cuts_an_error_short_that_may_pass(answered, server, clock):
    server.get(PATH).answers({"n": 1})
    server.again(server.get(PATH).says("", 500), 50)
    seen, silence = answered.patience.wait(lambda: answered.get(PATH), lambda found: False, 12, 5)
    server.script.clear()
    assert seen == {"n": 1}
    assert silence is not None
    assert "Airflow answered 500" in silence.message
    assert clock.passed == pytest.approx(12)


def test_a_page_in_place_of_a_log_is_no_log(answered, server):
    server.get(PATH, {"full": "true"}).says(PAGE, 200, "text/html")
    assert isinstance(failure(lines, answered), Unreachable)


# -- what Airflow tells everybody


def test_what_airflow_tells_everybody_is_asked_for_without_a_login(client, server):
    client = client.logged_in_by(BasicLogin("deploy", "pa55word"))
    server.get(PATH, headers={"Authorization": None}).answers({})
    client.get_open(PATH)


@pytest.mark.parametrize("status", [401, 403])
def test_a_proxy_that_wants_a_login_for_every_path_gets_it(client, server, status):
    client = client.logged_in_by(BasicLogin("deploy", "pa55word"))
    basic = "Basic ZGVwbG95OnBhNTV3b3Jk"
    server.get(PATH, headers={"Authorization": None}).says("<html></html>", status, "text/html")
    # It is known then.
    for _request in range(2):
        server.get(PATH, headers={"Authorization": basic}).answers({"version": "2.11.2"})
    for _request in range(2):
        assert client.get_open(PATH) == {"version": "2.11.2"}


def test_a_login_that_the_proxy_refuses_is_told(client, server):
    client = client.logged_in_by(BasicLogin("deploy", "pa55word"))
    server.again(server.get(PATH).says("", 401))
    assert "wrong api_username (deploy) or api_password" in failure(client.get_open, PATH).message


def test_without_a_login_there_is_none_to_show(client, server):
    server.get(PATH).says("", 401)
    assert "give api_username and api_password" in failure(client.logged_in_by(Login()).get_open, PATH).message


def test_a_page_lets_nobody_in(server, clock):
    """A proxy's page says nothing of the login, so a refusal after it may be the password."""
    client = Client(URL, BasicLogin("deploy", "pa55word"), clock=clock)
    server.get(PATH).says(PAGE, 200, "text/html")
    failure(client.get, PATH)
    server.get(PATH).answers({"title": "Forbidden"}, 403)
    assert "wrong api_username (deploy) or api_password" in failure(client.get, PATH).message


def test_an_outage_lasts_as_long_as_allowed(server, clock):
    client = Client(URL, TokenLogin("a-bearer-token"), clock=clock, retry_timeout=20)
    server.again(server.get(PATH).says("", 503), 200)
    assert "503" in failure(client.get, PATH).message
    server.script.clear()
    assert clock.passed == pytest.approx(20)


def test_a_request_that_timed_out_is_repeated_by_the_defaults(client, server, clock):
    server.get(PATH).taking(30).fails(requests.ReadTimeout())
    server.get(PATH).answers({"done": True})
    assert client.get(PATH) == {"done": True}


def test_pauses_grow_and_are_jittered(server, clock, monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2 if (low, high) == (0.5, 1.0) else None)
    client = Client(URL, TokenLogin("a-bearer-token"), clock=clock, retry_timeout=1000)
    server.again(server.get(PATH).says("", 503), 6)
    server.get(PATH).answers({})
    client.get(PATH)
    assert clock.pauses == [0.75 * pause for pause in (0.5, 1, 2, 4, 8, 8, 8)]


@pytest.mark.parametrize("seed", range(5))
def test_pauses_stay_within_their_bounds(server, clock, seed):
    random.seed(seed)
    client = Client(URL, TokenLogin("a-bearer-token"), clock=clock, retry_timeout=1000)
    server.again(server.get(PATH).says("", 503), 5)
    server.get(PATH).answers({})
    client.get(PATH)
    for pause, full in zip(clock.pauses, (0.5, 1, 2, 4, 8, 8)):
        assert full / 2 <= pause <= full


@pytest.mark.parametrize(
    ("value", "pause"), [("7", 7.0), ("Sun, 22 Nov 2026 10:15:12 GMT", 12.0)], ids=["seconds", "date"]
)
def test_retry_after_is_honoured(client, server, clock, value, pause):
    server.get(PATH).answers({}, 429, Retry_After=value)
    server.get(PATH).answers({})
    client.get(PATH)
    assert clock.pauses == [pause]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "soon",
        "-5",
        "1.5",
        "Sun, 22 Nov 2026 10:14:00 GMT",
        "²",
    ],
)
def test_a_retry_after_that_says_nothing(client, server, clock, value):
    server.get(PATH).answers({}, 429, Retry_After=value)
    server.get(PATH).answers({})
    client.get(PATH)
    assert 0.25 <= clock.pauses[0] <= 0.5


def test_a_retry_after_beyond_retry_timeout_is_an_error_at_once(client, server, clock):
    server.get(PATH).answers({}, 503, Retry_After="31")
    assert isinstance(failure(client.get, PATH), Unreachable)
    assert clock.pauses == []


def test_an_outage_within_a_wait_does_not_outlast_it(client, server, clock):
    server.again(server.get(PATH).says("", 502), 50)
    with client.patience.within(5):
        failure(client.get, PATH)
    assert clock.passed == pytest.approx(5)
    server.script.clear()
    server.again(server.get(PATH).says("", 502), 50)
    failure(client.get, PATH)
    server.script.clear()
    assert clock.passed == pytest.approx(35)


def test_a_wait_within_another_one_ends_with_it(client, server, clock):
    server.again(server.get(PATH).says("", 502), 50)
    with client.patience.within(5):
        with client.patience.within(100):
            failure(client.get, PATH)
        assert clock.passed == pytest.approx(5)
        # The outer one still counts.
        failure(client.get, PATH)
    assert clock.passed == pytest.approx(5)
    server.script.clear()


# -- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["PATCH", "DELETE", "POST"])
def test_writes_follow_no_redirect(client, server, status, method):
    sends = {"a": 1} if method in ("PATCH", "POST") else None
    server.expect(method, PATH, sends=sends).says("", status, Location="https://other.example/airflow" + PATH)
    error = failure(CALLS[method], client)
    assert "https://airflow.example redirects elsewhere: set api_url to https://other.example/airflow " in error.message
    assert "nothing was sent there" in error.message


def test_writes_do_not_follow_on_the_same_server_either(client, server):
    server.patch(PATH, sends={"a": 1}).says("", 308, Location="/airflow" + PATH)
    assert "set api_url to https://airflow.example/airflow" in failure(client.patch, PATH, {"a": 1}).message


@pytest.mark.parametrize("location", ["/airflow" + PATH, "https://airflow.example/airflow" + PATH])
def test_reads_follow_on_the_same_server(client, server, location):
    server.get(PATH, {"limit": 1}).says("", 302, Location=location)
    server.get("https://airflow.example/airflow" + PATH).answers({"found": 1})
    assert client.get(PATH, {"limit": 1}) == {"found": 1}


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://airflow.example" + PATH, "set api_url to http://airflow.example"),
        ("https://airflow.example:8443" + PATH, "set api_url to https://airflow.example:8443"),
        ("https://evil.example" + PATH + "?x=1", "set api_url to https://evil.example"),
        ("https://sso.example/login?next=x", "redirected to https://sso.example/login, which is not Airflow's API"),
        ("//evil.example/x", "redirected to https://evil.example/x"),
    ],
)
def test_reads_send_credentials_to_no_other_server(client, server, location, words):
    server.get(PATH).says("", 302, Location=location)
    assert words in failure(client.get, PATH).message


def test_a_redirect_in_a_circle(client, server):
    server.again(server.get(PATH).says("", 302, Location=PATH), 4)
    assert "in a circle" in failure(client.get, PATH).message


def test_a_redirect_to_nowhere(client, server):
    server.again(server.get(PATH).says("", 302), 4)
    assert "in a circle" in failure(client.get, PATH).message


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1",
        "https://a:b/",
        "http://",
    ],
)
def test_a_redirect_to_what_is_no_url(client, server, location):
    server.get(PATH).says("", 302, Location=location)
    failure(client.get, PATH)


# -- errors in one line


KIND = "https://airflow.apache.org/docs/apache-airflow/2.11.2/stable-rest-api-ref.html#section/Errors/"
UNIQUE = {"reason": "Unique constraint violation", "statement": "INSERT hidden", "message": "hidden"}
INVALID = {"type": "dict_type", "loc": ["body", "conf", 0], "msg": "must be a dict", "input": "pa55word"}
ERRORS: list[tuple[int, t.Any, type[ApiError], str]] = [
    (
        400,
        {"title": "Bad Request", "detail": "limit is bad", "type": KIND + "BadRequest"},
        ApiError,
        " (limit is bad).",
    ),
    (400, {"title": "DAG cannot be triggered", "detail": None}, ApiError, " (DAG cannot be triggered)."),
    (400, {"detail": ""}, ApiError, "."),
    (400, {}, ApiError, "."),
    (400, [], ApiError, "."),
    (400, "a text", ApiError, "."),
    (400, None, ApiError, "."),
    (400, {"detail": 42}, ApiError, " (42)."),
    (404, {"title": "DAG not found", "detail": "The DAG x was not found"}, NotFound, " (The DAG x was not found)."),
    (404, {"detail": "The Dag with ID: `x` was not found"}, NotFound, " (The Dag with ID: `x` was not found)."),
    (404, {"title": "Not Found", "detail": "x not found", "type": KIND + "NotFound"}, NotFound, " (x not found)."),
    (409, {"detail": UNIQUE}, Conflict, " (Unique constraint violation)."),
    (409, {"detail": {"message": "in use"}}, Conflict, " (in use)."),
    (409, {"detail": {}}, Conflict, "."),
    (413, {"detail": "x"}, ApiError, " (x): the request is larger than the server takes; send less."),
    (422, {"detail": [INVALID, {"msg": "and this"}]}, ApiError, " (conf.0: must be a dict; and this)."),
    (422, {"detail": [1, None, {}, {"loc": ["query", "limit"]}]}, ApiError, " (limit:)."),
    (500, {"detail": "Internal error"}, ServerError, f" (Internal error): {FAILED}."),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), ERRORS)
def test_error_bodies_in_one_line(client, server, status, body, kind, words):
    server.get(PATH, {"limit": 1}).answers(body, status)
    error = failure(client.get, PATH, {"limit": 1})
    assert error.__class__ is kind
    assert error.status == status
    assert error.message == f"Airflow answered {status} to GET {URL}{PATH}{words}"
    assert "pa55word" not in error.message
    assert "INSERT" not in error.message


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (
            "<!DOCTYPE html><html><head><title>\n Ooops! &amp; more\n</title></head></html>",
            "text/html",
            "titled 'Ooops! & more'",
        ),
        ("<html><body><p>Something bad has happened.</p></body></html>", "text/html; charset=utf-8", "(an HTML page)"),
        ("  <HTML>x</HTML>", "", "(an HTML page)"),
        ("Internal Server Error", "text/plain; charset=utf-8", "(Internal Server Error)"),
        ("two\n\n  lines\t", "text/plain", "(two lines)"),
        ("", "", "500 to GET https://airflow.example/api/v1/things: Airflow has failed"),
        ('{"detail": "cut o', "application/json", '({"detail": "cut o)'),
        (b"\xff\xfe\x00", "application/octet-stream", "500"),
    ],
)
def test_error_bodies_that_are_no_json(client, server, body, content_type, words):
    server.get(PATH).says(body, 500, content_type)
    assert words in _failure_with_a_dump(client)


def _failure_with_a_dump(client: Client) -> str:
    with pytest.raises(ApiError) as caught:
        client.get(PATH)
    assert len(caught.value.message) < 500
    assert "\n" not in caught.value.message
    return caught.value.message


NO_ROUTE = [
    {"error": "API route not found"},
    {"error": "/api/v1 has been removed in Airflow 3, please use its upgraded version /api/v2 instead."},
    {"detail": "Not Found"},
    {"detail": "The requested URL was not found.", "status": 404, "title": "Not Found", "type": "about:blank"},
    "<html><head><title>Airflow 404</title></head></html>",
    "Apache Airflow is not at this location",
    "",
    [],
]


@pytest.mark.parametrize("body", NO_ROUTE)
def test_a_path_that_does_not_exist_is_no_missing_object(client, server, body):
    if isinstance(body, str):
        server.get(PATH).says(body, 404, "text/html")
    else:
        server.get(PATH).answers(body, 404)
    error = failure(client.get, PATH)
    assert not isinstance(error, NotFound)
    assert "has no such API" in error.message
    assert "api_version" in error.message
    assert "api_url" in error.message


def test_secrets_are_redacted_before_the_text_is_cut(client, server):
    client.redact.add(["correct-horse-battery"])
    # Cut at its longest, the text would end within the secret.
    server.get(PATH).answers({"detail": "x" * 225 + " correct-horse-battery"}, 400)
    message = failure(client.get, PATH).message
    assert "correct" not in message
    assert "********" in message


@pytest.mark.parametrize(
    "secret", ['quo"te-secret', "new\nline-secret", "back\\slash-secret", "ümläut-secret", "sp ace/secret"]
)
def test_secrets_are_redacted_in_every_form(client, server, secret):
    client.redact.add([secret])
    for echo in (secret, json.dumps(secret), repr(secret), quote(secret, safe="", errors="replace")):
        server.get(PATH).answers({"detail": f"bad value {echo}."}, 400)
        message = failure(client.get, PATH).message
        assert "secret" not in message
        assert "********" in message


def test_an_endless_error_body_is_not_read(client, server):
    server.get(PATH).says(b"x" * 10_000_000, 500)
    assert len(failure(client.get, PATH).message) < 400


# -- answers that are not what they should be


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (
            "<html><head><title>Sign in</title></head></html>",
            "text/html",
            "an HTML page titled 'Sign in' instead of JSON",
        ),
        ("", "", "something that is not JSON"),
        ('{"dags": [{"dag_id": "a', "application/json", "something that is not JSON"),
        ("OK", "text/plain", "something that is not JSON"),
        ("[" * 200_000, "application/json", "something that is not JSON"),
        (b"\xff\xfe", "application/json", "something that is not JSON"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
def test_an_answer_that_is_no_json(client, server, method, body, content_type, words):
    server.expect(method, PATH, sends=None if method == "GET" else {"a": 1}).says(body, 200, content_type)
    error = failure(CALLS[method], client)
    assert isinstance(error, ApiError)
    assert words in error.message
    assert "a login page, a proxy or a wrong path prefix; check api_url" in error.message


def test_an_answer_that_is_too_large(client, server, monkeypatch):
    monkeypatch.setattr(_http.client, "LARGEST_ANSWER", 1000)
    server.get(PATH).answers("x" * 2000)
    assert "more than 1000 bytes" in failure(client.get, PATH).message


def test_a_write_whose_answer_is_too_large_may_be_done(client, server, monkeypatch):
    monkeypatch.setattr(_http.client, "LARGEST_ANSWER", 1000)
    server.post(PATH, sends={}).answers("x" * 2000)
    assert failure(client.post, PATH, {}, lost="Nobody knows.").message.endswith("check api_url. Nobody knows.")


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "look at it"),
        (403, "look at it"),
        (406, "look at it"),
        (413, "the request is larger than it takes, so send less, or raise its limit"),
        (422, "look at it"),
    ],
)
def test_a_page_by_which_a_proxy_refuses_is_no_refusal_of_airflow(client, server, method, status, advice):
    page = "<html><head><title>Blocked</title></head></html>"
    server.expect(method, PATH, sends=None if method == "GET" else {"a": 1}).says(page, status, "text/html")
    error = failure(CALLS[method], client)
    assert isinstance(error, Denied if status == 403 else Blocked)
    assert error.status == status
    said = f"answered {status} to {method} {URL}{PATH} (an HTML page titled 'Blocked'): {advice}."
    assert error.message == f"A proxy or firewall before Airflow {said}"


def test_a_page_without_markup_may_be_airflows(client, server):
    server.get(PATH).says("Forbidden", 403, "text/html")
    assert isinstance(failure(client.get, PATH), Denied)


@pytest.mark.parametrize("body", [{}, [], "dags", None, 1, {"dags": None}, {"dags": {"a": 1}}, {"things": []}])
def test_a_list_that_is_none(client, server, body):
    server.get(PATH, {"limit": 100, "offset": 0}).answers(body)
    error = failure(pages, client, PATH, "dags", lambda item: item["id"])
    assert isinstance(error, ApiError)
    assert "no list of dags" in error.message


@pytest.mark.parametrize("item", [{}, None, "x", 1, []])
def test_a_list_of_other_things(client, server, item):
    server.get(PATH, {"limit": 100, "offset": 0}).answers({"dags": [item], "total_entries": 1})
    assert isinstance(failure(pages, client, PATH, "dags", lambda item: item["dag_id"]), ApiError)


@pytest.mark.parametrize(
    "total",
    ["many", "1", {}, [], -1, 1.5],
)
def test_a_total_that_is_no_number(client, server, total):
    server.get(PATH, {"limit": 100, "offset": 0}).answers({"dags": [{"id": 1}], "total_entries": total})
    server.get(PATH, {"limit": 100, "offset": 1}).answers({"dags": [], "total_entries": total})
    assert pages(client, PATH, "dags", lambda item: item["id"]) == [{"id": 1}]


def test_a_total_that_is_too_low_does_not_end_the_list(client, server):
    server.get(PATH, {"limit": 100, "offset": 0}).answers({"dags": [{"id": 1}, {"id": 2}], "total_entries": 1})
    server.get(PATH, {"limit": 100, "offset": 2}).answers({"dags": [{"id": 3}], "total_entries": 1})
    server.get(PATH, {"limit": 100, "offset": 3}).answers({"dags": [], "total_entries": 1})
    assert len(pages(client, PATH, "dags", lambda item: item["id"])) == 3


def test_a_list_without_a_total_is_read_until_a_page_brings_nothing_new(client, server):
    server.get(PATH, {"limit": 100, "offset": 0}).answers({"dags": [{"id": 1}]})
    server.get(PATH, {"limit": 100, "offset": 1}).answers({"dags": [{"id": 1}, {"id": 2}]})
    server.get(PATH, {"limit": 100, "offset": 3}).answers({"dags": [{"id": 1}]})
    assert len(pages(client, PATH, "dags", lambda item: item["id"])) == 2


def test_pages_that_overlap_are_read_on_until_all_is_there(client, server):
    server.get(PATH, {"limit": 100, "offset": 0}).answers({"dags": [{"id": 1}, {"id": 2}], "total_entries": 4})
    server.get(PATH, {"limit": 100, "offset": 2}).answers({"dags": [{"id": 2}, {"id": 3}], "total_entries": 4})
    server.get(PATH, {"limit": 100, "offset": 4}).answers({"dags": [{"id": 4}], "total_entries": 4})
    assert len(pages(client, PATH, "dags", lambda item: item["id"])) == 4


# -- text that is streamed


def lines(client: Client) -> list[str]:
    with client.lines(PATH, {"full": "true"}, "text/plain") as found:
        return list(found)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"one", ["one"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\ntwo", ["one\r", "", "two"]),
        ("ü\n".encode() * 3, ["ü"] * 3),
        (b"\xff\n", ["\ufffd"]),
    ],
)
def test_lines(client, server, body, expected):
    server.get(PATH, {"full": "true"}, headers={"Accept": "text/plain"}).says(body)
    assert lines(client) == expected


def test_lines_across_chunks_are_whole(client, server, monkeypatch):
    monkeypatch.setattr(_http.transport, "CHUNK", 4)
    server.get(PATH, {"full": "true"}).says("abcdü\nx\n\nyz")
    assert lines(client) == ["abcdü", "x", "", "yz"]


def test_a_huge_line_comes_in_pieces(client, server):
    server.get(PATH, {"full": "true"}).says(b"x" * 300_000 + b"\nend")
    found = lines(client)
    assert max(map(len, found)) <= 3 * 64 * 1024
    assert found[-1].endswith("end")
    assert len("".join(found)) == 300_003


def test_lines_that_break_off(client, server):
    server.get(PATH, {"full": "true"}).says(b"one\ntwo\n" * 10).breaks_after(12)
    error = failure(lines, client)
    assert isinstance(error, Unreachable)
    assert "broke while /api/v1/things was read" in error.message


def test_lines_of_which_the_rest_does_not_come_in_time(client, server):
    server.get(PATH, {"full": "true"}).says(b"one\ntwo\n" * 10).stalls_after(12)
    error = failure(lines, client)
    assert isinstance(error, Unreachable)
    assert "sent nothing more for 30 s (request_timeout) while /api/v1/things was read" in error.message


def test_lines_behind_a_head_that_was_cut_off(client, server):
    """Python takes what is left of the head for the whole of it, and the text for an empty one."""
    server.get(PATH, {"full": "true"}).says("").unframed()
    error = failure(lines, client)
    assert isinstance(error, Unreachable)
    assert "broke in the middle of an answer" in error.message


def test_lines_that_end_with_the_connection(client, server):
    server.get(PATH, {"full": "true"}).says("one\ntwo").unframed()
    assert lines(client) == ["one", "two"]


def test_lines_that_are_denied(client, server):
    server.get(PATH, {"full": "true"}).answers({"detail": "Forbidden"}, 403)
    assert isinstance(failure(lines, client), Denied)


@pytest.mark.parametrize(("body", "told"), [("null", "status 200 (null)"), ("[]", "status 200"), ("17", "status 200")])
def test_json_that_is_no_object_is_an_outage_once_airflow_has_answered(server, clock, body, told):
    client = Client(URL, TokenLogin("abc"), clock=clock, retry_timeout=5)
    server.get("things").answers({"a": 1})
    server.get("things").says(body, 200, "application/json")
    server.get("things").answers({"a": 2})
    assert client.get("/api/v1/things") == {"a": 1}
    assert client.get("/api/v1/things") == {"a": 2}
    assert len(clock.pauses) == 1
    server.again(server.get("things").says(body, 200, "application/json"), 100)
    with pytest.raises(Unreachable) as caught:
        client.get("/api/v1/things")
    server.script.clear()
    assert caught.value.message.startswith(f"https://airflow.example/api/v1/things gave {told} in place of Airflow")
    assert caught.value.message.endswith("That has lasted for 5 s.")


def test_json_that_is_no_object_may_be_the_answer_to_a_write_that_was_done(server, clock):
    client = Client(URL, TokenLogin("abc"), clock=clock)
    client.has_answered("/api/v1/things")
    server.post("things", sends={"a": 1}).says("null", 200, "application/json")
    with pytest.raises(Unreachable) as caught:
        client.post("/api/v1/things", {"a": 1}, lost="It may be made.")
    assert caught.value.message.endswith("It may be made.")
