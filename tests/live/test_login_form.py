# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login form of Airflow 2 behind https and in its variants, a proxy with basic auth, and the logins of a play."""

from __future__ import annotations

import base64
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access import Access
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, ApiError, WrongLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_auto import WORTH_A_LOGIN
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v1 import SessionLogin
from certificates import Authority
from faults import Exchange, Line
from live import Airflow, play

HOST = "127.0.0.1"
PASSWORD = "l0gin-f0rm-pa55"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), "company")


@pytest.fixture
def front(airflow: Airflow, authority: Authority) -> Iterator[Line]:
    """A proxy that ends TLS and tells Airflow so."""
    with Line(airflow.url, authority.issue(HOST).server(), adds={"X-Forwarded-Proto": "https"}) as line:
        yield line


@pytest.fixture
def guarded(airflow: Airflow) -> Iterator[Line]:
    """A proxy that wants basic auth for every path, the same name and password as Airflow."""
    right = "Basic " + base64.b64encode(f"{airflow.username}:{airflow.password}".encode()).decode()

    def guard(exchange: Exchange) -> None:
        if exchange.request.headers.get("authorization") == right:
            faults.passed(exchange)
        else:
            faults.answered(401, "<html><title>401 Authorization Required</title></html>", WWW_Authenticate="Basic")(
                exchange
            )

    with Line(airflow.url) as line:
        line.always(guard)
        yield line


@pytest.fixture(scope="module")
def user(api: Api, airflow: Airflow) -> Iterator[str]:
    """Somebody who may log in."""
    name = f"form_{uuid.uuid4().hex[:8]}"
    admin = in_process.connected(airflow, api_username=airflow.username, api_password=airflow.password)
    wanted = {"username": name, "email": f"{name}@example.com", "first_name": "F", "last_name": "L", "roles": ["Op"]}
    admin.ask(Access).create_user(wanted, PASSWORD)
    yield name
    admin.ask(Access).delete_user(name)


def log_in(url: str, authority: Authority | None, username: str, password: str) -> None:
    verify = str(authority.path) if authority else True
    # The real clock: the form takes five logins in 40 seconds.
    Client(url, SessionLogin(username, password), verify=verify, clock=Clock()).log_in()


@pytest.mark.generation("v1")
def test_the_form_behind_https_takes_a_login(front: Line, authority: Authority, user: str) -> None:
    log_in(front.url, authority, user, PASSWORD)
    with pytest.raises(WrongLogin):
        log_in(front.url, authority, user, "not the one")


@pytest.mark.generation("v1")
def test_what_the_form_says_of_the_request_is_no_wrong_password(
    front: Line, authority: Authority, user: str, airflow: Airflow
) -> None:
    """A proxy that tells Airflow another host: people in a browser cannot log in, either."""
    front.adds["X-Forwarded-Host"] = "inside.example"

    def without_host(exchange: Exchange) -> None:
        exchange.request.head = exchange.request.head.replace(
            f"Host: {front.address}".encode(), b"Host: inside.example"
        )
        faults.passed(exchange)

    front.always(without_host)
    with pytest.raises(ApiError) as caught:
        log_in(front.url, authority, user, PASSWORD)
    assert not isinstance(caught.value, WrongLogin)
    assert "gave no session (status 400: The referrer does not match the host)" in caught.value.message


@pytest.mark.parametrize("right", [True, False])
def test_a_password_is_told_from_another_one_behind_https(
    airflow: Airflow, front: Line, authority: Authority, user: str, tmp_path: Path, right: bool
) -> None:
    """So airflow_user changes nothing where nothing is to be changed."""
    options = {
        "api_url": front.url,
        "ca_path": str(authority.path),
        "username": user,
        "password": PASSWORD if right else "an0ther-pa55word",
    }
    options["_ansible_check_mode"] = True
    result = in_process.as_program(tmp_path, "airflow_user", options).result
    assert not result.get("failed"), result
    assert result["changed"] is not right


@pytest.mark.generation("v1")
def test_a_password_is_not_written_where_the_form_does_not_judge(
    airflow: Airflow, front: Line, authority: Authority, user: str, tmp_path: Path
) -> None:
    options = {"api_url": front.url, "ca_path": str(authority.path), "username": user}
    front.always(faults.answered(403, "<html><title>Blocked</title></html>"), method="POST", path="/login/")
    # Basic auth takes it.
    done = in_process.as_program(tmp_path, "airflow_user", {**options, "password": PASSWORD})
    assert done.status == 0, done.said
    assert done.result["changed"] is False
    done = in_process.as_program(tmp_path, "airflow_user", {**options, "password": "an0ther-pa55word"})
    assert "cannot be found out, so nothing was changed" in done.result["msg"]
    assert "gave no session (status 403" in done.result["msg"]
    assert front.seen("PATCH") == []


@pytest.mark.generation("v1")
@pytest.mark.parametrize("api_auth", ["auto", "basic", "session"])
@pytest.mark.parametrize("api_version", ["auto", "v1"])
def test_a_proxy_that_wants_the_same_basic_auth_for_every_path(
    airflow: Airflow, guarded: Line, tmp_path: Path, api_auth: str, api_version: str
) -> None:
    options: dict[str, Any] = {"api_url": guarded.url, "api_auth": api_auth, "api_version": api_version, "login": True}
    done = in_process.as_program(tmp_path, "airflow_info", options)
    assert done.status == 0, done.said
    assert done.result["version"] == airflow.variables["airflow_version"]
    assert done.result["healthy"]
    assert done.result["logged_in"] is True


def test_a_login_that_the_proxy_refuses_is_told(airflow: Airflow, guarded: Line) -> None:
    with pytest.raises(AirflowError, match="wants a login before it tells its version"):
        in_process.connected(airflow, guarded.url, api_username="deploy", api_password="not the one")


FORMS = {
    "captcha": (b'<div class="g-recaptcha"></div></form>', "captcha"),
    "second password": (b'<input type="password" name="token"></form>', "token"),
    "required field": (b'<input name="department" required></form>', "department"),
}


@pytest.mark.generation("v1")
@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_wants_more_is_not_posted(airflow: Airflow, line: Line, user: str, form: str) -> None:
    end, named = FORMS[form]

    def with_more(page: bytes) -> bytes:
        head, _form, rest = page.partition(b'name="login">')
        return head + _form + rest.replace(b"</form>", end, 1)

    line.always(faults.altered(with_more), method="GET", path="/login/")
    with pytest.raises(AirflowError, match=rf"wants more than name and password \({named}"):
        log_in(line.url, None, user, PASSWORD)
    assert line.seen("POST") == []


def dag(user: str, password: str, api_auth: str = "session", **more: Any) -> dict[str, Any]:
    """A task that looks at a DAG as somebody who has to log in, by default for a token or a session."""
    login = {"api_username": user, "api_password": password, "api_auth": api_auth}
    return {"dagops.airflow.airflow_dag": {"dag_id": "fails", **login}, **more}


def logins_through(line: Line, path: str = "") -> list[bytes]:
    """The statuses of the logins that come through a line: 429 when one has to wait for its turn at the form."""
    statuses: list[bytes] = []

    def noted(exchange: Exchange) -> None:
        answer = exchange.forward()
        statuses.append(answer.split(b" ", 2)[1])
        exchange.send(answer)

    line.always(noted, method="POST", path=path)
    return statuses


def test_a_play_logs_in_once(line: Line, user: str, tmp_path: Path) -> None:
    """Airflow's form would let the sixth of them wait."""
    logins = logins_through(line)
    played = play(tmp_path, [dag(user, PASSWORD, loop=[1, 2, 3]), *[dag(user, PASSWORD)] * 5], AIRFLOW_API_URL=line.url)
    assert played.status == 0, played.output
    # Tests before may have used up the form's logins for now.
    assert len([status for status in logins if status != b"429"]) == 1


def without_cookie(exchange: Exchange) -> None:
    """So the API has no session to accept, as where [api] auth_backends has basic auth alone."""
    head = exchange.request.head
    exchange.request.head = re.sub(rb"\r\nCookie: [^\r]*", b"", head) if b" /api/" in head else head
    faults.passed(exchange)


@pytest.mark.generation("v1")
@pytest.mark.parametrize("takes", ["the session", "basic auth alone", "no login by the form"])
def test_many_requests_are_worth_a_session(line: Line, user: str, tmp_path: Path, takes: str) -> None:
    if takes == "no login by the form":
        line.always(faults.answered(429, "Too many requests"), method="POST", path="/login/")
    logins = logins_through(line, "/login/")
    if takes == "basic auth alone":
        line.always(without_cookie)
    for _attempt in range(10):
        before = len(line.requests)
        played = play(tmp_path, [dag(user, PASSWORD, "auto", loop=[*range(10)])], AIRFLOW_API_URL=line.url)
        assert played.status == 0, played.output
        if logins[-1:] != [b"429"]:
            break
        time.sleep(10)  # until the form takes a login again; a play does not wait for that
    sent = line.requests[before:]
    assert len([request for request in sent if request.fits("POST", "/login/")]) == 1
    asked = [
        "basic" if "authorization" in request.headers else "session"
        for request in sent
        if request.fits("GET", "/api/v1/dags")
    ]
    first, rest = asked[:WORTH_A_LOGIN], asked[WORTH_A_LOGIN:]
    assert set(first) == {"basic"}
    assert len(rest) >= 6
    assert set(rest[1:]) == {"session" if takes == "the session" else "basic"}
    assert rest[0] == ("basic" if takes == "no login by the form" else "session")


def test_a_user_whose_password_is_another_or_who_is_gone(airflow: Airflow, tmp_path: Path) -> None:
    name, new = f"form_{uuid.uuid4().hex[:8]}", "an0ther-pa55word"
    wanted = {"username": name, "password": PASSWORD, "email": f"{name}@example.com", "roles": ["Op"]}
    tasks = [
        {"dagops.airflow.airflow_user": wanted},
        dag(name, PASSWORD),
        {"dagops.airflow.airflow_user": {**wanted, "password": new}},
        dag(name, new),
        {"dagops.airflow.airflow_user": {**wanted, "password": new}, "register": "again"},
        {"ansible.builtin.assert": {"that": "again is not changed"}},
        {"dagops.airflow.airflow_user": {"username": name, "state": "absent"}},
        dag(name, new, register="gone", ignore_errors=True),
        {"ansible.builtin.assert": {"that": "gone is failed", "fail_msg": "gone"}},
    ]
    played = play(tmp_path, tasks)
    assert played.status == 0, played.output
    assert re.search("wrong api_username .* or api_password|one of them is wrong", played.words), played.output
