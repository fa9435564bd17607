# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    AirflowError,
    ApiError,
    BadInput,
    Denied,
)
from ansible_collections.dagops.airflow.plugins.module_utils._connect import connect
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable, parameters

REMOVED = {"error": "/api/v1 has been removed in Airflow 3, please use its upgraded version /api/v2 instead."}


class Connection:
    def __init__(self, clock: t.Any) -> None:
        self.clock = clock
        self.warnings: list[str] = []

    def __call__(self, **options: t.Any) -> t.Any:
        given = {"api_url": URL, "api_version": "v1", **options}
        return connect(parameters({}, given), self.warnings.append, self.clock)

    def failure(self, **options: t.Any) -> AirflowError:
        with pytest.raises(AirflowError) as caught:
            self(**options)
        assert_readable(caught.value.message)
        return caught.value

    def refused(self, **options: t.Any) -> str:
        error = self.failure(**options)
        assert isinstance(error, BadInput)
        return error.message


@pytest.fixture
def connection(clock) -> Connection:
    return Connection(clock)


# -- where


@pytest.mark.parametrize("url", [None, ""])
def test_no_url(connection, url):
    message = connection.refused(api_url=url)
    assert message == "No Airflow is named: set api_url, or the environment variable AIRFLOW_API_URL."


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_known_version_costs_no_request(connection, version):
    assert connection(api_version=version).generation.name == version


def test_airflow_2_is_detected_by_one_request(connection, server):
    server.get("/api/v1/version", headers={"Authorization": None}).answers({"version": "2.11.2", "git_version": ""})
    credentials = {"api_username": "u", "api_password": "p4ssw0rd"}
    airflow = connection(api_version="auto", **credentials)
    assert airflow.generation.name == "v1"
    # Options that came with some version need no further request.
    assert airflow.version() == (2, 11, 2)


@pytest.mark.parametrize("body", [REMOVED, {"error": "API route not found"}])
def test_airflow_3_is_detected_by_one_request(connection, server, body):
    server.get("/api/v1/version").answers(body, 404)
    assert connection(api_version="auto").generation.name == "v2"


INSIDE = [("/api/v2/dags", "v2"), ("/team/api/v1/dags/etl", "v1"), ("/api/v2/version", "v2")]


@pytest.mark.parametrize(("path", "api"), INSIDE)
@pytest.mark.parametrize(
    "body", [{"error": "API route not found"}, {"detail": "Not Found", "title": "x", "status": 404}]
)
def test_a_path_inside_of_the_api_is_no_base_url(connection, server, path, api, body):
    server.get(f"{URL}{path}/api/v1/version").answers(body, 404)
    if "error" in body:
        server.get(f"{URL}{path}/api/v2/version").answers(body, 404)
    with pytest.raises(ApiError) as caught:
        connection(api_url=URL + path, api_version="auto")
    message = caught.value.message
    assert message.startswith(f"No Airflow API answers at {URL}{path}: ")
    assert message.endswith(f"; end api_url before /api/{api}.")


@pytest.mark.parametrize(
    ("page", "end"),
    [("/home", "/home"), ("/team/auth/login", "/auth/login"), ("/login", "/login"), ("/dags", "/dags")]
    + [("/team/dags/etl/runs/r", "/dags/etl/runs/r"), ("/teams", "")],
)
def test_the_address_of_a_page_is_no_base_url(connection, server, page, end):
    server.get(f"{URL}{page}/api/v1/version").says("<title>Airflow</title>", 404)
    with pytest.raises(ApiError) as caught:
        connection(api_url=URL + page, api_version="auto")
    advice = f"; end api_url before {end}." if end else "stands before Airflow."
    assert caught.value.message.endswith(advice)


def test_a_gateway_may_have_a_path_like_one_of_the_api(connection, server):
    server.get(f"{URL}/api/v2/airflow/api/v1/version").answers({"error": "API route not found"}, 404)
    server.get(f"{URL}/api/v2/airflow/api/v2/version").answers({"version": "3.3.2"})
    assert connection(api_url=f"{URL}/api/v2/airflow", api_version="auto").generation.name == "v2"


def test_detection_shows_the_token_to_managed_services(connection, server):
    server.get("/api/v1/version", headers={"Authorization": "Bearer abcdef"}).answers({"version": "2.10.5+composer"})
    assert connection(api_version="auto", api_token="abcdef").generation.name == "v1"


def test_detection_takes_the_headers_along(connection, server):
    server.get("/api/v1/version", headers={"X-Identity": "abcdef"}).answers({"version": "2.10.5"})
    connection(api_version="auto", api_headers={"X-Identity": "abcdef"})


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_login_first(connection, server, status):
    server.get("/api/v1/version").says("<html></html>", status, "text/html")
    error = connection.failure(api_version="auto")
    assert isinstance(error, Denied)
    assert "set api_version" in error.message


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("body", "answer", "generation"), [({"version": "2.11.2"}, 200, "v1"), (REMOVED, 404, "v2")], ids=["2", "3"]
)
def test_a_proxy_that_wants_basic_auth_for_every_path_gets_it(connection, server, status, body, answer, generation):
    server.get("/api/v1/version", headers={"Authorization": None}).says("<html></html>", status, "text/html")
    server.get("/api/v1/version", headers={"Authorization": "Basic dTpwNHNzdzByZA=="}).answers(body, answer)
    airflow = connection(api_version="auto", api_username="u", api_password="p4ssw0rd")
    assert airflow.generation.name == generation


def test_a_login_that_is_not_the_proxys_is_told(connection, server):
    server.again(server.get("/api/v1/version").says("<html></html>", 401, "text/html"))
    error = connection.failure(api_version="auto", api_username="u", api_password="p4ssw0rd")
    assert isinstance(error, Denied)
    assert "wants a login before it tells its version (401), and not that of api_username" in error.message


@pytest.mark.parametrize("api_version", ["v1", "v2"])
def test_the_version_is_asked_for_with_the_login_where_it_is_wanted(connection, server, api_version):
    login = {"v1": {"api_username": "u", "api_password": "p4ssw0rd"}, "v2": {"api_token": "abcdef"}}[api_version]
    shown = {"v1": "Basic dTpwNHNzdzByZA==", "v2": "Bearer abcdef"}[api_version]
    path = f"/api/{api_version}/version"
    if api_version == "v1":
        server.get(path, headers={"Authorization": None}).says("", 401)
    server.get(path, headers={"Authorization": shown}).answers({"version": "2.11.2"})
    assert connection(api_version=api_version, **login).version() == (2, 11, 2)


@pytest.mark.parametrize("status", [500, 404, 200])
def test_a_wrong_url_is_told_at_once(connection, server, clock, status):
    server.get("/api/v1/version").says("404 page not found", status)
    assert "No Airflow API answers at https://airflow.example" in connection.failure(api_version="auto").message
    assert clock.pauses == []


@pytest.mark.parametrize(
    ("status", "body", "content_type", "words"),
    [
        (
            200,
            "<html><head><title>Sign in</title></head></html>",
            "text/html",
            "status 200 with an HTML page titled 'Sign in'",
        ),
        (404, "Apache Airflow is not at this location", "text/plain", "status 404 with Apache Airflow is not at this"),
        (404, "<title>404 Not Found</title>", "text/html", "status 404 with an HTML page titled '404 Not Found'"),
        (404, '{"detail": "Not Found"}', "application/json", "status 404 with Not Found"),
        (200, "", "", "status 200 with nothing of use"),
        (200, "[]", "application/json", "status 200 with nothing of use"),
        (200, '{"status": "ok"}', "application/json", "status 200 with nothing of use"),
        (500, "oops", "text/plain", "status 500 with oops"),
    ],
)
def test_no_airflow_there(connection, server, status, body, content_type, words):
    server.get("/api/v1/version").says(body, status, content_type)
    error = connection.failure(api_version="auto")
    assert isinstance(error, ApiError)
    assert "No Airflow API answers at https://airflow.example" in error.message
    assert words in error.message
    assert "check api_url" in error.message


def test_detection_is_repeated_through_an_outage(connection, server, clock):
    server.get("/api/v1/version").says("", 503)
    server.get("/api/v1/version").answers({"version": "2.11.2"})
    connection(api_version="auto")
    assert len(clock.pauses) == 1


def test_detection_names_the_url_that_it_is_redirected_to(connection, server):
    server.get("/api/v1/version").says("", 301, Location="https://real.example/airflow/api/v1/version")
    message = connection.failure(api_version="auto").message
    assert "set api_url to https://real.example/airflow " in message


def test_a_path_prefix_belongs_to_each_request(connection, server):
    server.get("https://airflow.example/team/a/api/v1/version").answers({"version": "2.11.2"})
    airflow = connection(api_url=URL + "/team/a/api/v1/", api_version="auto")
    assert airflow.url == URL + "/team/a"


# -- who


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_token": "abcdef", "api_username": "u"}, "api_token excludes api_username and api_password"),
        ({"api_token": "abcdef", "api_password": "p"}, "api_token excludes"),
        ({"api_username": "u"}, "api_username is given without api_password; give both (or AIRFLOW_API_PASSWORD)"),
        ({"api_password": "p"}, "api_password is given without api_username; give both (or AIRFLOW_API_USERNAME)"),
        ({"api_password": "p\n", "api_username": "u"}, "api_password holds a line break"),
        ({"api_password": "p4ss", "api_username": "u\udc80"}, "api_username holds"),
        ({"api_token": "abc\ndef"}, "api_token holds a line break"),
        ({"api_token": "abc€"}, "api_token holds"),
        ({"api_headers": {"X-Key": "short"}}, "api_headers holds a value shorter than 6 characters"),
        ({"api_headers": {"X-Key": "airflow"}}, "api_headers holds a value that is a part of"),
        ({"api_headers": {"X-Key": "line\nbreak"}}, "api_headers holds a line break"),
        ({"api_headers": {"X-Key": "€uro-sign"}}, "api_headers holds"),
        ({"api_headers": {"X Key": "abcdef"}}, "api_headers has the name 'X Key'"),
        ({"api_headers": {"Ä": "abcdef"}}, "api_headers has the name"),
        ({"api_headers": {"": "abcdef"}}, "api_headers has the name ''"),
    ],
)
def test_credentials_that_cannot_be_right(connection, options, words):
    message = connection.refused(**options)
    assert words in message
    assert "short" not in message.replace("shorter", "")


def test_a_token_out_of_a_file(connection, server):
    server.get("/api/v1/version", headers={"Authorization": "Bearer abcdef"}).answers({"version": "2.11.2"})
    connection(api_version="auto", api_token="abcdef\n")


LOGINS = [
    ("v1", "auto", "AutoLogin"),
    ("v1", "basic", "BasicLogin"),
    ("v1", "session", "SessionLogin"),
    ("v2", "auto", "PasswordTokenLogin"),
    ("v2", "basic", "PasswordTokenLogin"),
    ("v2", "session", "PasswordTokenLogin"),
]


@pytest.mark.parametrize(("version", "auth", "login"), LOGINS)
def test_password_and_login(connection, version, auth, login):
    airflow = connection(api_version=version, api_auth=auth, api_username="u", api_password="p4ssw0rd")
    assert type(airflow.client.login).__name__ == login


@pytest.mark.parametrize(("version", "login"), [("v1", "TokenLogin"), ("v2", "JwtLogin")])
def test_token_and_login(connection, version, login):
    assert type(connection(api_version=version, api_token="abcdef").client.login).__name__ == login


SECRETS: list[dict[str, t.Any]] = [
    {"api_username": "u", "api_password": "p4ssw0rd"},
    {"api_token": "abcdef"},
    {"api_headers": {"X-Key": "abcdef"}},
]


@pytest.mark.parametrize("options", SECRETS)
@pytest.mark.parametrize("url", ["http://airflow.example", "http://10.0.0.7:8080/x", "http://localhost.evil.example"])
def test_credentials_without_encryption_are_a_warning(connection, url, options):
    connection(api_url=url, **options)
    assert len(connection.warnings) == 1
    assert f"The credentials for {url} travel unencrypted; use https." in connection.warnings


@pytest.mark.parametrize(
    "url",
    ["https://airflow.example", "http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:80", "http://localhost:1"],
)
@pytest.mark.parametrize("options", SECRETS)
def test_credentials_that_nobody_can_read_are_no_warning(connection, url, options):
    connection(api_url=url, **options)
    assert connection.warnings == []


def test_nothing_secret_over_http_is_no_warning(connection):
    connection(api_url="http://airflow.example")
    assert connection.warnings == []


@pytest.mark.parametrize("options", SECRETS)
def test_all_secrets_are_redacted(connection, options):
    airflow = connection(**options)
    secret = options.get("api_password") or options.get("api_token") or options["api_headers"]["X-Key"]
    assert airflow.client.redact(f"it says {secret}!") == "it says ********!"


# -- TLS and time


def test_tls(connection, server, tmp_path):
    files = {name: tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")}
    for file in files.values():
        file.write_text("PEM", encoding="utf-8")
    server.get("/api/v1/version").answers({"version": "2.11.2"})
    connection(
        api_version="auto",
        ca_path=str(files["ca.pem"]),
        client_cert=str(files["cert.pem"]),
        client_key=str(files["key.pem"]),
        request_timeout=5,
    )
    assert server.settings[0]["verify"] == str(files["ca.pem"])
    assert server.settings[0]["cert"] == (str(files["cert.pem"]), str(files["key.pem"]))
    assert server.settings[0]["timeout"] == 5


def test_no_socket_waits_for_months(server, connection):
    server.get("/api/v1/version").answers({"version": "2.11.2"})
    connection(api_version="auto", request_timeout=1e9)
    assert server.settings[0]["timeout"] == 86400


@pytest.mark.parametrize(("options", "verify"), [({}, True), ({"validate_certs": False}, False)])
def test_validation(connection, server, options, verify):
    server.get("/api/v1/version").answers({"version": "2.11.2"})
    connection(api_version="auto", **options)
    assert server.settings[0]["verify"] is verify


def test_a_certificate_that_awx_left_empty(connection, server, tmp_path):
    empty = tmp_path / "ca.pem"
    empty.touch()
    server.get("/api/v1/version").answers({"version": "2.11.2"})
    connection(api_version="auto", ca_path=str(empty))
    assert server.settings[0]["verify"] is True


def test_a_certificate_alone(connection, server, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text("PEM", encoding="utf-8")
    server.get("/api/v1/version").answers({"version": "2.11.2"})
    connection(api_version="auto", client_cert=str(both))
    assert server.settings[0]["cert"] == str(both)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path /nowhere/ca.pem does not exist"),
        ({"client_cert": "/nowhere/c.pem"}, "client_cert /nowhere/c.pem is not a file"),
        ({"client_key": "/nowhere/k.pem"}, "client_key /nowhere/k.pem is not a file"),
        ({"client_cert": "/"}, "client_cert / is not a file"),
        ({"request_timeout": 0}, "request_timeout is 0"),
        ({"request_timeout": -1}, "request_timeout is -1"),
        ({"request_timeout": float("inf")}, "request_timeout is inf"),
        ({"retry_timeout": -0.5}, "retry_timeout is -0.5"),
        ({"retry_timeout": float("nan")}, "retry_timeout is nan"),
        ({"api_url": "https://u:p@airflow.example"}, "api_url must not hold credentials"),
        ({"api_url": "airflow.example:8080"}, "api_url 'airflow.example:8080' is no URL"),
    ],
)
def test_other_options_that_cannot_be_right(connection, options, words):
    assert words in connection.refused(**options)


def test_a_key_without_its_certificate(connection, tmp_path):
    key = tmp_path / "key.pem"
    key.write_text("PEM", encoding="utf-8")
    assert "client_key is given without client_cert" in connection.refused(client_key=str(key))
