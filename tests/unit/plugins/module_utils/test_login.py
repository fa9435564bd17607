# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    AirflowError,
    ApiError,
    Denied,
    Unreachable,
    WrongLogin,
)
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import Redactor
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login, Takes, TokenLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_auto import AutoLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_form import words_of
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v1 import BasicLogin, SessionLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v2 import (
    FabLogin,
    FabTokenLogin,
    JwtLogin,
    PasswordTokenLogin,
)
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Server
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable

USER, PASSWORD = "deploy", "pä55wörd ☃ %&\"'"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PATH = "/api/v1/dags"
FORM = '<form><input id="csrf_token" name="csrf_token" type="hidden" value="IjMzMjgw.awNheg.39jN"></form>'
FIELDS = {"username": USER, "password": PASSWORD, "csrf_token": "IjMzMjgw.awNheg.39jN"}
BEFORE = "session=before; Path=/; HttpOnly"
AFTER = "session=after-login-123; Path=/; HttpOnly"
COOKIE = "session=after-login-123"


def client_with(login: Login, clock: t.Any, **options: t.Any) -> Client:
    return Client(URL, login, clock=clock, **options)


def failure(function: t.Callable[..., t.Any], *arguments: t.Any) -> AirflowError:
    with pytest.raises(AirflowError) as caught:
        function(*arguments)
    assert_readable(caught.value.message)
    assert PASSWORD not in caught.value.message
    return caught.value


# -- without, token, basic


@pytest.mark.parametrize("login", [BasicLogin, AutoLogin])
def test_what_basic_auth_sends_is_redacted_like_the_password(server, clock, login):
    header = BASIC.partition(" ")[2]
    server.get(PATH).answers({"detail": f"got Authorization: {BASIC}"}, 400)
    assert header not in failure(client_with(login(USER, PASSWORD), clock).get, PATH).message


def test_no_credentials(server, clock):
    server.get(PATH, headers={"Authorization": None}).answers({"title": "Unauthorized"}, 401)
    error = failure(client_with(Login(), clock).get, PATH)
    assert isinstance(error, Denied)
    assert "give api_username and api_password, or api_token" in error.message


def test_token(server, clock):
    server.get(PATH, headers={"Authorization": "Bearer abc.def"}).answers({})
    client_with(TokenLogin("abc.def"), clock).get(PATH)


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "api_token is not valid here or has expired"), (403, "api_token is not valid here, or its user lacks")],
)
def test_a_token_that_is_refused_is_not_renewed(server, clock, status, words):
    server.get(PATH).answers({"detail": "Token Expired"}, status)
    assert words in failure(client_with(TokenLogin("abc.def"), clock).get, PATH).message


@pytest.mark.parametrize(
    ("status", "detail", "words", "known"),
    [
        (401, "Token Expired", "api_token is not valid here or has expired; get a new one", False),
        (403, "Invalid JWT token", "api_token is not valid here or has expired; get a new one", False),
        (
            403,
            "Forbidden",
            "the user of api_token lacks the permission; give it to the user in Airflow's auth manager",
            True,
        ),
        # A proxy, or an auth manager with words of its own.
        (403, "No entry", "api_token is not valid here, or its user lacks the permission; get a new one", False),
    ],
)
def test_airflow_3_says_what_is_wrong_with_a_token(server, clock, status, detail, words, known):
    server.get(PATH).answers({"detail": detail}, status)
    error = failure(client_with(JwtLogin("abc.def"), clock).get, PATH)
    assert isinstance(error, Denied)
    assert words in error.message
    assert error.authenticated is known


def jwt(**claims: t.Any) -> str:
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".c2ln"


@pytest.mark.parametrize(
    ("token", "fab", "words"),
    [
        (
            jwt(sub="3", exp=1),
            True,
            "the user of api_token (subject 3) lacks the permission (takes); give it to one of",
        ),
        (
            jwt(sub="ann", role="viewer"),
            False,
            "the user of api_token (subject ann) has the role viewer, which lacks the permission (takes); give the "
            "user another role in [core] simple_auth_manager_users.",
        ),
        (jwt(sub="4711", role="op"), False, "(subject 4711) has the role op, which lacks"),
        (
            jwt(sub="f3-77"),
            False,
            "(subject f3-77) lacks the permission (takes); give it to the user in Airflow's auth",
        ),
        (
            jwt(sub=3),
            False,
            "the user of api_token lacks the permission (takes); give it to the user in Airflow's auth",
        ),
        ("e30.W10.c2ln", False, "the user of api_token lacks the permission"),
        ("e30.x.c2ln", False, "the user of api_token lacks the permission"),
        ("opaque", False, "the user of api_token lacks the permission"),
    ],
)
def test_a_missing_permission_in_the_words_of_the_auth_manager(server, clock, token, fab, words):
    asked = []
    client = client_with(JwtLogin(token), clock)
    client.permissions_for = lambda *of: asked.append(of) or Takes("takes")
    server.get(PATH).answers({"detail": "Forbidden"}, 403)
    assert words in failure(client.get, PATH).message
    assert asked == [("GET", PATH, fab)]


def test_a_user_of_the_simple_auth_manager(server, token_client):
    token = jwt(sub="deploy", role="viewer")
    exchange(server, token)
    with_token(server, token)
    with_token(server, token, 403)
    exchange(server, token)
    with_token(server, token, 403)
    token_client.get(PATH)
    assert "user deploy has the role viewer, which lacks the permission" in failure(token_client.get, PATH).message


def test_basic_takes_utf_8(server, clock):
    server.get(PATH, headers={"Authorization": BASIC, "Cookie": None}).answers({})
    client_with(BasicLogin(USER, PASSWORD), clock).get(PATH)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            401,
            "(deploy) or api_password, or basic auth is not enabled ([api] auth_backends in airflow.cfg).",
        ),
        (
            403,
            "or user deploy lacks the permission; airflow_info with login: true and api_auth: auto tells which.",
        ),
    ],
)
def test_basic_names_all_that_may_be_wrong(server, clock, status, words):
    server.get(PATH).answers({"title": "Forbidden", "detail": None}, status)
    message = failure(client_with(BasicLogin(USER, PASSWORD), clock).get, PATH).message
    assert "wrong api_username (deploy) or api_password" in message
    assert words in message


def test_once_basic_has_worked_it_is_the_permission(server, clock):
    client = client_with(BasicLogin(USER, PASSWORD), clock)
    server.get(PATH).answers({})
    server.get(PATH).answers({"title": "Forbidden"}, 403)
    client.get(PATH)
    message = failure(client.get, PATH).message
    assert message.endswith(
        "user deploy lacks the permission; give it to one of the user's roles (airflow_role with append: true)."
    )
    assert "auth_backends" not in message


# -- a token for user name and password (Airflow 3)


def exchange(server: Server, token: str = "t1", status: int = 201) -> None:
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}, headers={"Authorization": None}).answers(
        {"access_token": token}, status
    )


def with_token(server: Server, token: str, status: int = 200) -> None:
    server.get(PATH, headers={"Authorization": f"Bearer {token}"}).answers({"detail": "Not authenticated"}, status)


@pytest.fixture
def token_client(clock) -> Client:
    return client_with(PasswordTokenLogin(USER, PASSWORD), clock)


@pytest.mark.parametrize("status", [200, 201])
def test_password_is_exchanged_once(server, token_client, status):
    exchange(server, status=status)
    with_token(server, "t1")
    with_token(server, "t1")
    token_client.get(PATH)
    token_client.get(PATH)


@pytest.mark.parametrize("status", [401, 403])
def test_an_expired_token_is_renewed_and_the_work_goes_on(server, token_client, status):
    exchange(server)
    with_token(server, "t1")
    with_token(server, "t1", status)
    exchange(server, "t2")
    with_token(server, "t2")
    with_token(server, "t2")
    for _request in range(3):
        token_client.get(PATH)


def test_a_token_is_renewed_more_than_once_in_a_long_wait(server, token_client):
    for old, new in (("", "t1"), ("t1", "t2"), ("t2", "t3")):
        if old:
            with_token(server, old, 401)
        exchange(server, new)
        with_token(server, new)
    for _request in range(3):
        token_client.get(PATH)


@pytest.mark.parametrize("status", [401, 403])
def test_renewal_is_no_loop(server, token_client, status):
    exchange(server)
    with_token(server, "t1")
    with_token(server, "t1", status)
    exchange(server, "t2")
    with_token(server, "t2", status)
    token_client.get(PATH)
    error = failure(token_client.get, PATH)
    assert isinstance(error, Denied)
    assert "user deploy lacks the permission" in error.message


def test_a_new_token_that_is_refused_is_not_renewed(server, token_client):
    exchange(server)
    with_token(server, "t1", 403)
    assert isinstance(failure(token_client.get, PATH), Denied)


def test_a_write_is_sent_again_after_the_renewal(server, token_client):
    exchange(server)
    with_token(server, "t1")
    server.post(PATH, sends={"a": 1}, headers={"Authorization": "Bearer t1"}).answers({"detail": "Token Expired"}, 401)
    exchange(server, "t2")
    server.post(PATH, sends={"a": 1}, headers={"Authorization": "Bearer t2"}).answers({"done": True})
    token_client.get(PATH)
    assert token_client.post(PATH, {"a": 1}) == {"done": True}


def refused_exchange(server: Server, status: int = 401) -> None:
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).answers(
        {"detail": "Invalid credentials"}, status
    )


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_wrong_password_for_a_token(server, token_client, status):
    refused_exchange(server, status)
    error = failure(token_client.get, PATH)
    assert isinstance(error, WrongLogin)
    assert error.message == (
        "Airflow refused the login at https://airflow.example/auth/token: wrong api_username (deploy) or api_password; "
        "correct them."
    )


@pytest.mark.parametrize(
    ("status", "body"), [(404, "<html></html>"), (405, "{}"), (200, "{}"), (201, '{"access_token": 5}'), (500, "x")]
)
def test_no_token_comes(server, token_client, status, body):
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).says(body, status)
    error = failure(token_client.get, PATH)
    assert isinstance(error, ApiError)
    assert f"did not give a token (status {status})" in error.message
    assert "give api_token" in error.message


@pytest.mark.parametrize(
    ("status", "body"), [(403, "<html>blocked</html>"), (401, ""), (400, "bad"), (403, '{"message": "Forbidden"}')]
)
def test_a_proxy_that_refuses_the_exchange_says_nothing_of_the_password(server, token_client, status, body):
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).says(body, status)
    error = failure(token_client.get, PATH)
    assert not isinstance(error, WrongLogin)
    assert f"did not give a token (status {status})" in error.message


def test_a_token_is_renewed_through_a_failure_of_the_server(server, token_client, clock):
    exchange(server)
    with_token(server, "t1")
    with_token(server, "t1", 401)
    body = {"username": USER, "password": PASSWORD}
    server.post("/auth/token", sends=body).says("Internal Server Error", 500)
    server.post("/auth/token", sends=body).says("404 page not found", 404)
    server.post("/auth/token", sends=body).says("<html>Maintenance</html>", 200, "text/html")
    exchange(server, "t2")
    with_token(server, "t2")
    token_client.get(PATH)
    token_client.get(PATH)
    assert len(clock.pauses) == 3


AWAY: dict[str, tuple[str, int, dict[str, str]]] = {
    "a text": ("404 page not found", 404, {}),
    "a redirect": ("", 302, {"Location": "/maintenance.html"}),
    "a page": ("<html>Maintenance</html>", 200, {}),
    "null": ("null", 200, {}),
}


@pytest.mark.parametrize("away", AWAY)
def test_a_first_token_is_waited_for_where_airflow_has_answered(server, token_client, clock, away):
    body, status, headers = AWAY[away]
    sent = {"username": USER, "password": PASSWORD}
    server.get("/api/v2/version").answers({"version": "3.1.0"})
    server.post("/auth/token", sends=sent).says(body, status, **headers)
    exchange(server)
    with_token(server, "t1")
    token_client.get_open("/api/v2/version")
    token_client.get(PATH)
    assert len(clock.pauses) == 1


def test_a_first_token_that_a_proxy_keeps_from_us(server, clock):
    client = client_with(PasswordTokenLogin(USER, PASSWORD), clock, retry_timeout=20)
    client.has_answered("/api/v2/version")
    sent = {"username": USER, "password": PASSWORD}
    server.again(server.post("/auth/token", sends=sent).says("404 page not found", 404), 100)
    message = failure(client.get, PATH).message
    server.script.clear()
    assert message == (
        "While logging in: https://airflow.example/auth/token gave status 404 (404 page not found) in place of "
        "Airflow, which has answered before: it is being restarted, or its proxy does not pass /auth/token on to it; "
        "look at both, or raise retry_timeout. That has lasted for 20 s."
    )


def test_an_auth_manager_without_tokens_is_no_outage(server, token_client, clock):
    token_client.has_answered("/api/v2/version")
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).answers({"detail": "Not Found"}, 404)
    assert "its auth manager takes no passwords" in failure(token_client.get, PATH).message
    assert clock.pauses == []


def test_a_login_that_fails_with_the_server_is_told_in_the_end(server, clock):
    client = client_with(PasswordTokenLogin(USER, PASSWORD), clock, retry_timeout=20)
    client.has_answered("/api/v1/version")
    for _attempt in range(100):
        server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).says("", 500)
    message = failure(client.get, PATH).message
    server.script.clear()
    assert "did not give a token (status 500)" in message
    assert message.endswith("That has lasted for 20 s.")
    assert clock.passed == pytest.approx(20)


@pytest.mark.parametrize("body", ["[]", '"t1"', "null", "1"])
def test_something_else_than_a_token(server, token_client, body):
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).says(body, 201, "application/json")
    assert isinstance(failure(token_client.get, PATH), ApiError)


def test_html_in_place_of_a_token(server, token_client):
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).says(
        "<html>login</html>", 200, "text/html"
    )
    assert "an HTML page instead of JSON" in failure(token_client.get, PATH).message


def test_the_login_is_repeated_through_an_outage(server, token_client, clock):
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).says("", 503)
    exchange(server)
    with_token(server, "t1")
    token_client.get(PATH)
    assert len(clock.pauses) == 1


def test_a_login_that_is_not_to_be_had_is_one_outage_and_not_two(server, clock):
    client = client_with(PasswordTokenLogin(USER, PASSWORD), clock, retry_timeout=20)
    for _attempt in range(100):
        server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).says("", 503)
    assert "503" in failure(client.get, PATH).message
    server.script.clear()
    assert clock.passed == pytest.approx(20)


def test_an_error_does_not_show_the_token(server, token_client):
    exchange(server, "secret-token-123")
    server.get(PATH).answers({"detail": "bad header Bearer secret-token-123"}, 400)
    assert "secret-token-123" not in failure(token_client.get, PATH).message


# -- the login form of Airflow 2


def form(server: Server, target: str = "/home", status: int = 302, cookie: str = AFTER, page: str = FORM) -> None:
    server.get("/login/", headers={"Authorization": None}).says(page, 200, "text/html", Set_Cookie=BEFORE)
    answer = {"Location": target, **({"Set_Cookie": cookie} if cookie else {})}
    sent: dict[str, str | None] = {"Cookie": "session=before", "Referer": "https://airflow.example/login/"}
    server.post("/login/", form=FIELDS, headers=sent).says("", status, "text/html", **answer)


def with_cookie(server: Server, status: int = 200) -> None:
    headers = {"Cookie": COOKIE, "Authorization": None}
    server.get(PATH, headers=headers).answers({"title": "Forbidden", "detail": None}, status)


@pytest.fixture
def session_client(clock) -> Client:
    return client_with(SessionLogin(USER, PASSWORD), clock)


@pytest.mark.parametrize("status", [302, 303])
def test_the_form_is_posted_once_and_its_cookie_sent(server, session_client, status):
    form(server, status=status)
    with_cookie(server)
    with_cookie(server)
    session_client.get(PATH)
    session_client.get(PATH)


def test_a_form_of_other_attributes(server, session_client):
    form(server, page="<input  name=\"csrf_token\"\n  id='x' value=\"IjMzMjgw.awNheg.39jN\" type='hidden'/>")
    with_cookie(server)
    session_client.get(PATH)


@pytest.mark.parametrize("status", [401, 403])
def test_an_expired_session_is_renewed_once(server, session_client, status):
    form(server)
    with_cookie(server)
    with_cookie(server, status)
    form(server)
    with_cookie(server, status)
    session_client.get(PATH)
    error = failure(session_client.get, PATH)
    assert "user deploy lacks the permission" in error.message


def test_what_the_user_may_not_do_costs_no_login_at_each_look(server, session_client, clock):
    def look() -> None:
        with_cookie(server)
        session_client.get(PATH)
        with_cookie(server, 403)
        failure(session_client.get, PATH)

    form(server)
    with_cookie(server)
    session_client.get(PATH)
    # It may be that the session has expired.
    with_cookie(server, 403)
    form(server)
    with_cookie(server, 403)
    failure(session_client.get, PATH)
    look()
    look()
    clock.sleep(61)
    with_cookie(server, 403)
    form(server)
    with_cookie(server)
    session_client.get(PATH)


@pytest.mark.parametrize("target", ["/login/", "/login", "https://airflow.example/login/?next=x"])
def test_the_form_refuses_the_password(server, session_client, target):
    form(server, target)
    error = failure(session_client.get, PATH)
    assert isinstance(error, WrongLogin)
    assert (
        error.message
        == "Airflow's login form refused api_username (deploy) or api_password: one of them is wrong; correct it."
    )


ALERT = '<div class="alert alert-warning"><button class="close">&times;</button>Invalid login. Please try again.</div>'


@pytest.mark.parametrize("status", [200, 401])
def test_the_form_comes_again_and_says_that_the_login_is_invalid(server, session_client, status):
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    server.post("/login/", form=FIELDS).says(ALERT + FORM, status, "text/html", Set_Cookie=AFTER)
    assert isinstance(failure(session_client.get, PATH), WrongLogin)


FLASK = "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>{}</p>\n"
NO_VERDICTS: dict[str, tuple[int, str, str]] = {
    "referrer": (400, FLASK.format("The referrer header is missing."), "status 400: The referrer header is missing)"),
    "host": (400, FLASK.format("The referrer does not match the host."), "does not match the host)"),
    "token": (400, FLASK.format("The CSRF session token is missing."), "The CSRF session token is missing)"),
    "firewall": (403, "<html><title>Blocked</title><body><p>Request <b>blocked</b></body></html>", "Request blocked)"),
    "form again": (200, FORM, "status 200)"),
    "alert": (200, '<div class="alert alert-danger">Your account is locked.</div>' + FORM, "Your account is locked)"),
    "page": (200, "<html><title>Down for maintenance</title></html>", "(status 200)"),
    "text": (404, "404 page not found", "(status 404)"),
    "see other host": (307, "", "(status 307: a redirect to https://x.example/)"),
}


@pytest.mark.parametrize("verdict", NO_VERDICTS)
def test_an_answer_of_the_form_that_is_no_refusal_says_nothing_of_the_password(server, session_client, verdict):
    status, page, words = NO_VERDICTS[verdict]
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    server.post("/login/", form=FIELDS).says(page, status, "text/html", Set_Cookie=AFTER, Location="https://x.example/")
    error = failure(session_client.get, PATH)
    assert isinstance(error, Denied)
    assert not isinstance(error, WrongLogin)
    assert error.message.startswith("The form at https://airflow.example/login/ gave no session (")
    assert words in error.message
    assert "says nothing of api_username and api_password" in error.message


def test_a_page_of_the_form_is_read_whatever_the_password_is():
    page = '<div class="alert">Locked: &quot;alert&quot; or s3cret&amp;pa55</div>'
    assert words_of(page, Redactor(["alert", "div", "s3cret&pa55"])) == 'Locked: "********" or ********'


def test_the_form_gives_no_cookie(server, session_client):
    form(server, cookie="")
    error = failure(session_client.get, PATH)
    assert isinstance(error, Denied)
    assert not isinstance(error, WrongLogin)


def posted(server: Server, page: str, sent: dict[str, str], path: str = "/login/") -> None:
    server.get("/login/").says(page, 200, "text/html", Set_Cookie=BEFORE)
    server.post(path, form=sent).says("", 302, "text/html", Location="/home", Set_Cookie=AFTER)
    with_cookie(server)


@pytest.mark.parametrize(
    ("page", "more", "names"),
    [
        ('<form><input name="username"><input type="password" name="password"></form>', {}, ()),
        ("<input name=username><INPUT TYPE=PASSWORD NAME=password>", {}, ()),
        (
            '<form><input type="email" name="email" required><input type="password" name="pw"></form>',
            {},
            ("email", "pw"),
        ),
        (
            '<form action="/search"><input name="q"></form><form><input name="login" required>'
            '<input type="password" name="pass" required><input type="hidden" name="a&amp;b" value="1">'
            '<input type="checkbox" name="remember"><input type="checkbox" name="kept" value="y" checked>'
            '<select name="domain"><option value="corp" selected>Corp</option><option value="x">X</option></select>'
            '<input type="submit" name="go" value="Sign in"></form>',
            {"a&b": "1", "kept": "y", "domain": "corp"},
            ("login", "pass"),
        ),
        (
            '<form><input name="organization" value="main" required><input name="username" required>'
            '<input type="password" name="password" required></form>',
            {"organization": "main"},
            (),
        ),
    ],
    ids=["without a token", "without a form", "names", "of all kinds", "filled in"],
)
def test_forms_of_other_fields(server, session_client, page, more, names):
    name, password = names or ("username", "password")
    posted(server, page, {name: USER, password: PASSWORD, **more})
    session_client.get(PATH)


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("", "/login/"),
        ("/login/?next=%2Fhome", "/login/?next=/home"),
        ("/auth/login", "/auth/login"),
        ("https://airflow.example/login/", "/login/"),
        # The password goes to no other server.
        ("https://evil.example/collect", "/login/"),
        ("//evil.example/login/", "/login/"),
    ],
)
def test_where_a_form_is_sent_to(server, session_client, action, path):
    page = f'<form action="{action}"><input name="username"><input type="password" name="password"></form>'
    posted(server, page, {"username": USER, "password": PASSWORD}, path)
    session_client.get(PATH)


def test_a_form_below_a_path_prefix(server, clock):
    client = Client(f"{URL}/airflow", SessionLogin(USER, PASSWORD), clock=clock)
    page = '<form action="/airflow/login/"><input name="username"><input type="password" name="password"></form>'
    server.get("/airflow/login/").says(page, 200, "text/html", Set_Cookie=BEFORE)
    sent = {"Referer": "https://airflow.example/airflow/login/"}
    fields = {"username": USER, "password": PASSWORD}
    server.post("/airflow/login/", form=fields, headers=sent).says("", 302, Location="/airflow/", Set_Cookie=AFTER)
    server.get("/airflow" + PATH, headers={"Cookie": COOKIE}).answers({})
    client.get(PATH)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ('<input name="code" required>', "code"),
        ('<input name="second" type="password">', "second"),
        ('<input name="terms" type="checkbox" required>', "terms"),
        ('<textarea name="why" required></textarea>', "why"),
        ('<div class="g-recaptcha" data-sitekey="x"></div>', "captcha"),
        ('<div class="h-captcha"></div><textarea name="h-captcha-response"></textarea>', "captcha"),
        ('<div class="cf-turnstile"></div>', "turnstile"),
        ('<img id="captcha_image"><input name="captcha_answer">', "captcha"),
        ('<input name="otp" autocomplete="one-time-code">', "otp"),
    ],
)
def test_a_form_that_wants_more_than_name_and_password(server, session_client, more, named):
    """Nothing is posted: a login that cannot be right may lock the user out."""
    page = f'<form><input name="username"><input type="password" name="password">{more}</form>'
    server.get("/login/").says(page, 200, "text/html")
    error = failure(session_client.get, PATH)
    assert isinstance(error, Denied)
    assert not isinstance(error, WrongLogin)
    assert f"wants more than name and password ({named}" in error.message
    assert "which only people can give; enable basic auth in [api] auth_backends" in error.message


@pytest.mark.parametrize(
    "page",
    [
        '<form name="login"><input name="csrf_token" type="hidden" value="x"><input name="openid"></form>',
        '<form action="/search"><input name="q"></form>',
        "<html><title>Down for maintenance</title></html>",
        "",
    ],
)
def test_pages_without_a_password(server, session_client, page):
    server.get("/login/").says(page, 200, "text/html")
    assert "shows no form for a password (status 200)" in failure(session_client.get, PATH).message


def test_a_session_is_renewed_through_what_passes(server, session_client, clock):
    form(server)
    with_cookie(server)
    with_cookie(server, 401)
    server.get("/login/").says("<html>Oops</html>", 500, "text/html")
    server.get("/login/").says("<html>Down for maintenance</html>", 200, "text/html")
    server.get("/login/").says("", 302, Location="https://status.example/")
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    server.post("/login/", form=FIELDS).says("<html>Oops</html>", 500, "text/html")
    form(server)
    with_cookie(server)
    session_client.get(PATH)
    session_client.get(PATH)
    assert len(clock.pauses) == 4


def test_the_form_behind_a_proxy_that_wants_basic_auth_for_every_path(server, session_client):
    shown = {"Authorization": BASIC}
    server.get("/login/", headers={"Authorization": None}).says("", 401, "text/html", WWW_Authenticate="Basic")
    server.get("/login/", headers=shown).says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    sent = {**shown, "Cookie": "session=before"}
    server.post("/login/", form=FIELDS, headers=sent).says("", 302, Location="/home", Set_Cookie=AFTER)
    for _request in range(2):
        server.get(PATH, headers={**shown, "Cookie": COOKIE}).answers({})
    session_client.get(PATH)
    session_client.get(PATH)


NO_FORM: dict[str, tuple[str, int, dict[str, str], str]] = {
    "failed": ("<html><title>Ooops</title></html>", 500, {}, "status 500"),
    "nothing there": ("404 page not found", 404, {}, "status 404"),
    "circle": ("", 302, {"Location": "/login/?next=%2Flogin%2F"}, "status 302: a redirect to itself"),
    "without its slash": ("", 308, {"Location": "https://airflow.example/login"}, "status 308: a redirect to itself"),
    "file": ("", 302, {"Location": "/off.html"}, "status 302: a redirect to https://airflow.example/off.html"),
}


@pytest.mark.parametrize("case", NO_FORM)
def test_a_form_that_a_broken_proxy_does_not_show(server, session_client, clock, case):
    body, status, headers, words = NO_FORM[case]
    page = server.get("/login/").says(body, status, "text/html", **headers)
    assert failure(session_client.get, PATH).message.rstrip() == (
        f"https://airflow.example/login/ did not show its form ({words}), which says nothing of api_username and "
        "api_password; look at Airflow and the proxy before it, or enable basic auth in [api] auth_backends in "
        "airflow.cfg."
    )
    assert clock.pauses == []
    # Once Airflow has answered, it may come back.
    session_client.has_answered(PATH)
    server.script.append(page)
    form(server)
    with_cookie(server)
    session_client.get(PATH)
    assert len(clock.pauses) == 1


@pytest.mark.parametrize("verdict", ["page", "text", "file"])
def test_a_form_whose_answer_a_proxy_gives_is_posted_again(server, session_client, clock, verdict):
    status, page, _words = {**NO_VERDICTS, "file": (302, "", "")}[verdict]
    session_client.has_answered(PATH)
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    # A load balancer has cookies of its own.
    server.post("/login/", form=FIELDS).says(page, status, "text/html", Set_Cookie="lb=1", Location="/off.html")
    form(server)
    with_cookie(server)
    session_client.get(PATH)
    assert len(clock.pauses) == 1


@pytest.mark.parametrize("cut", ["page", "form"])
def test_a_connection_that_breaks_at_the_form_is_an_outage_like_others(server, clock, cut):
    client = client_with(SessionLogin(USER, PASSWORD), clock, retry_timeout=5)
    if cut == "form":
        server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    last = server.post("/login/", form=FIELDS) if cut == "form" else server.get("/login/")
    server.again(last.fails(requests.ConnectionError()), 100)
    message = failure(client.get, PATH).message
    server.script.clear()
    assert message.startswith("While logging in: The connection to https://airflow.example broke before an answer came")
    assert message.endswith("That has lasted for 5 s.")
    assert clock.passed == pytest.approx(5)


def test_there_is_no_form(server, session_client):
    server.get("/login/").says("<a href='/login/google'>Sign in with Google</a>", 200, "text/html")
    error = failure(session_client.get, PATH)
    assert isinstance(error, Denied)
    assert "https://airflow.example/login/ shows no form for a password (status 200)" in error.message
    assert "[api] auth_backends" in error.message


def test_the_form_is_elsewhere(server, session_client):
    server.get("/login/").says("", 302, Location="https://sso.example/authorize")
    words = "shows no form for a password (status 302: a redirect to https://sso.example/authorize), so people log in"
    assert words in failure(session_client.get, PATH).message


def rate_limited(server: Server, *seconds: int) -> None:
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    for number in seconds:
        server.post("/login/", form=FIELDS).says("Too Many Requests", 429, Retry_After=str(number))


def test_a_turn_at_the_form_is_waited_for(server, session_client, clock):
    """Its limit counts 40 seconds by default; that is longer than an outage may last by default."""
    rate_limited(server, 20, 20)
    server.post("/login/", form=FIELDS).says("", 302, "text/html", Location="/home", Set_Cookie=AFTER)
    with_cookie(server)
    session_client.get(PATH)
    assert clock.pauses == [20, 20]


def test_a_turn_at_the_form_does_not_come(server, session_client, clock):
    rate_limited(server, 40, 40)
    error = failure(session_client.get, PATH)
    assert isinstance(error, Denied)
    assert "takes no more logins for now (rate limit, [webserver] auth_rate_limit)" in error.message
    assert clock.pauses == [40]


def test_who_wants_nothing_repeated_does_not_wait_for_a_turn(server, clock):
    rate_limited(server, 1)
    client = client_with(SessionLogin(USER, PASSWORD), clock, retry_timeout=0.0)
    assert "rate limit" in failure(client.get, PATH).message
    assert clock.pauses == []


def test_a_form_whose_answer_gets_lost_is_posted_again(server, session_client, clock):
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    server.post("/login/", form=FIELDS).fails(requests.ReadTimeout())
    server.post("/login/", form=FIELDS).says("", 302, "text/html", Location="/home", Set_Cookie=AFTER)
    server.post(PATH, sends={"a": 1}).answers({})
    session_client.post(PATH, {"a": 1})
    assert len(clock.pauses) == 1


def test_a_cookie_of_the_users_own_is_kept_beside_the_sessions(server, clock):
    client = client_with(SessionLogin(USER, PASSWORD), clock, headers={"Cookie": "iap=identity"})
    form(server)
    server.script[0].headers["Cookie"] = "iap=identity"
    server.script[1].headers["Cookie"] = "iap=identity; session=before"
    server.get(PATH, headers={"Cookie": "iap=identity; session=after-login-123"}).answers({})
    client.get(PATH)


def test_an_error_does_not_show_the_cookie(server, session_client):
    form(server)
    server.get(PATH).answers({"detail": f"bad cookie {COOKIE}"}, 400)
    assert "after-login" not in failure(session_client.get, PATH).message


# -- basic, and the form when that is refused


@pytest.fixture
def auto_client(clock) -> Client:
    return client_with(AutoLogin(USER, PASSWORD), clock)


def with_basic(server: Server, status: int = 200) -> None:
    server.get(PATH, headers={"Authorization": BASIC}).answers({"title": "Forbidden", "detail": None}, status)


def test_auto_stays_with_basic_where_it_works(server, auto_client):
    with_basic(server)
    with_basic(server, 403)
    auto_client.get(PATH)
    assert "lacks the permission" in failure(auto_client.get, PATH).message


@pytest.mark.parametrize("status", [401, 403])
def test_auto_goes_over_to_the_form_once(server, auto_client, status):
    with_basic(server, status)
    form(server)
    with_cookie(server)
    with_cookie(server)
    auto_client.get(PATH)
    auto_client.get(PATH)


def test_auto_sends_a_refused_write_again(server, auto_client):
    server.post(PATH, sends={"a": 1}, headers={"Authorization": BASIC}).answers({"title": "Forbidden"}, 403)
    form(server)
    server.post(PATH, sends={"a": 1}, headers={"Cookie": COOKIE}).answers({"done": True})
    assert auto_client.post(PATH, {"a": 1}) == {"done": True}


def test_auto_when_both_are_refused(server, auto_client):
    with_basic(server, 403)
    form(server, "/login/")
    error = failure(auto_client.get, PATH)
    assert isinstance(error, WrongLogin)
    assert error.status == 403
    for words in (
        "Basic auth",
        "refused, too (403)",
        "[api] auth_backends",
        "login form refused",
        "one of them is wrong",
    ):
        assert words in error.message
    # A task that can do without the first answer sends nothing more, and says the same.
    assert failure(auto_client.get, PATH).message == error.message


def test_auto_goes_on_with_the_form_when_that_has_failed_for_a_moment(server, auto_client, clock):
    auto_client.has_answered(PATH)
    with_basic(server, 403)
    server.get("/login/").says("<html>Oops</html>", 500, "text/html")
    form(server)
    with_cookie(server)
    auto_client.get(PATH)
    assert len(clock.pauses) == 1


def test_auto_whose_form_fails_for_good_is_one_outage(server, clock):
    client = client_with(AutoLogin(USER, PASSWORD), clock, retry_timeout=20)
    client.has_answered(PATH)
    with_basic(server, 403)
    server.again(server.get("/login/").says("<html>Oops</html>", 500, "text/html"), 100)
    message = failure(client.get, PATH).message
    server.script.clear()
    assert "(status 500)" in message
    assert "refused, too (403)" in message
    assert clock.passed == pytest.approx(20)


def test_auto_says_that_the_form_did_not_judge(server, auto_client):
    with_basic(server, 403)
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie=BEFORE)
    server.post("/login/", form=FIELDS).says(FLASK.format("The referrer header is missing."), 400, "text/html")
    error = failure(auto_client.get, PATH)
    assert not isinstance(error, WrongLogin)
    assert "The referrer header is missing" in error.message
    assert "refused, too (403)" in error.message


def test_auto_when_there_is_no_form(server, auto_client):
    with_basic(server, 401)
    server.get("/login/").says("", 404)
    error = failure(auto_client.get, PATH)
    assert not isinstance(error, WrongLogin), "basic auth may just not be enabled"
    message = error.message
    assert "Basic auth" in message
    assert "refused, too (401)" in message
    assert "did not show its form (status 404)" in message


def test_auto_whose_form_does_not_answer(server, clock):
    client = client_with(AutoLogin(USER, PASSWORD), clock, retry_timeout=0)
    with_basic(server, 403)
    server.get("/login/").fails(requests.ReadTimeout())
    assert isinstance(failure(client.get, PATH), Unreachable)


def test_auto_renews_its_session_as_the_form_does(server, auto_client):
    with_basic(server, 401)
    form(server)
    with_cookie(server)
    with_cookie(server, 401)
    form(server)
    with_cookie(server)
    auto_client.get(PATH)
    auto_client.get(PATH)


def test_auto_without_the_permission(server, auto_client):
    with_basic(server, 403)
    form(server)
    with_cookie(server, 403)
    assert "lacks the permission" in failure(auto_client.get, PATH).message


# -- the users' API of Airflow 3, which takes a token or, in 3.0, nothing but basic auth


@pytest.fixture
def fab_client(clock) -> Client:
    return client_with(FabLogin(PasswordTokenLogin(USER, PASSWORD)), clock)


def test_the_users_api_with_a_token(server, fab_client):
    exchange(server)
    with_token(server, "t1")
    fab_client.get(PATH)


def test_the_users_api_that_takes_no_token(server, fab_client):
    exchange(server)
    with_token(server, "t1", 401)
    with_basic(server)
    with_basic(server)
    fab_client.get(PATH)
    fab_client.get(PATH)


def test_the_users_api_that_takes_neither(server, fab_client):
    exchange(server)
    with_token(server, "t1", 401)
    with_basic(server, 401)
    error = failure(fab_client.get, PATH)
    assert isinstance(error, Denied)
    assert "[fab] auth_backends in airflow.cfg lacks airflow.providers.fab." in error.message
    assert "api_password" not in error.message, "it is right"


def test_the_users_api_that_takes_no_token_without_the_permission(server, fab_client):
    """Airflow 3.0 answers 403, and the password is right, for the token was given."""
    exchange(server)
    with_token(server, "t1", 401)
    with_basic(server, 403)
    error = failure(fab_client.get, PATH)
    assert isinstance(error, Denied)
    assert error.authenticated
    assert error.message.endswith(
        ": user deploy lacks the permission; give it to one of the user's roles (airflow_role with append: true)."
    )


@pytest.mark.parametrize(("status", "hint"), [(401, True), (403, False)])
def test_the_users_api_that_takes_no_token_from_elsewhere(server, clock, status, hint):
    server.get(PATH, headers={"Authorization": "Bearer abc.def"}).answers({"detail": "Not authenticated"}, status)
    message = failure(client_with(FabTokenLogin("abc.def"), clock).get, PATH).message
    assert "api_token is not valid here" in message
    assert ("Airflow 3.0 takes api_username and api_password here" in message) is hint


def test_the_users_api_without_the_permission(server, fab_client):
    exchange(server)
    with_token(server, "t1", 403)
    assert "lacks the permission" in failure(fab_client.get, PATH).message


def test_an_expired_token_at_the_users_api_is_renewed(server, fab_client):
    exchange(server)
    with_token(server, "t1")
    with_token(server, "t1", 401)
    exchange(server, "t2")
    with_token(server, "t2")
    fab_client.get(PATH)
    fab_client.get(PATH)


def test_another_login_in_the_same_session_logs_in_by_itself(server, token_client):
    exchange(server)
    with_token(server, "t1")
    token_client.get(PATH)
    other = token_client.logged_in_by(BasicLogin(USER, PASSWORD))
    with_basic(server)
    with_token(server, "t1")
    other.get(PATH)
    token_client.get(PATH)


@pytest.mark.parametrize("login", [PasswordTokenLogin, SessionLogin])
def test_logging_in_ahead_of_the_first_request(server, clock, login):
    client = client_with(login(USER, PASSWORD), clock)
    if login is PasswordTokenLogin:
        exchange(server)
        with_token(server, "t1")
    else:
        form(server)
        with_cookie(server)
    client.log_in()
    client.log_in()
    client.get(PATH)


def test_a_wrong_password_is_told_ahead_of_the_first_request(server, token_client):
    refused_exchange(server)
    assert isinstance(failure(token_client.log_in), Denied)


# -- whether a refusal proves that the credentials are right


def refusal_of(server: Server, clock: t.Any, login: Login, status: int, reason: str = "Forbidden") -> bool:
    server.get(PATH).answers({"detail": reason}, status)
    error = failure(client_with(login, clock).get, PATH)
    assert isinstance(error, Denied)
    return error.authenticated


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("login", [Login(), BasicLogin(USER, PASSWORD), TokenLogin("abc.def")])
def test_what_proves_nothing(server, clock, login, status):
    assert refusal_of(server, clock, login, status) is False


def test_basic_that_has_worked_is_right(server, clock):
    login = BasicLogin(USER, PASSWORD)
    with_basic(server)
    client_with(login, clock).get(PATH)
    assert refusal_of(server, clock, login, 403) is True


def test_a_session_is_right_once_the_form_took_the_password(server, session_client):
    form(server)
    with_cookie(server, 403)
    error = failure(session_client.get, PATH)
    assert isinstance(error, Denied)
    assert error.authenticated


@pytest.mark.parametrize("accepted", [True, False])
def test_auto_proves_by_the_form(server, auto_client, accepted):
    with_basic(server, 403)
    form(server, "/home" if accepted else "/login/")
    if accepted:
        with_cookie(server, 403)
    error = failure(auto_client.get, PATH)
    assert isinstance(error, Denied)
    assert error.authenticated is accepted


def test_the_users_api_proves_as_its_token_does(server, fab_client):
    exchange(server)
    with_token(server, "t1", 403)
    error = failure(fab_client.get, PATH)
    assert isinstance(error, Denied)
    assert error.authenticated
