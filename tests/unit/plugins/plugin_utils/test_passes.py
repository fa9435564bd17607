# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login has got serves the tasks that come after, and no others than those with the same credentials."""

from __future__ import annotations

import os
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access import Access
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import Denied, WrongLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import NO_PASSES, PasswordLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_auto import WORTH_A_LOGIN, AutoLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v1 import SessionLogin
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v2 import FabLogin, PasswordTokenLogin
from ansible_collections.dagops.airflow.plugins.plugin_utils._passes import SharedPasses
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Server

USER, PASSWORD = "deploy", "its-pa55word"
BASIC = "Basic ZGVwbG95Oml0cy1wYTU1d29yZA=="
PATH = "/api/v1/dags"
FORM = '<form><input name="csrf_token" type="hidden" value="x"></form>'
FIELDS = {"username": USER, "password": PASSWORD, "csrf_token": "x"}
PATHS = {SessionLogin: "/api/v1/dags", PasswordTokenLogin: "/api/v2/dags"}


@pytest.fixture
def passes() -> SharedPasses:
    return SharedPasses()


@pytest.fixture
def client(passes: SharedPasses, clock: t.Any) -> t.Callable[..., Client]:
    def made(login: type[t.Any], password: str = PASSWORD, url: str = URL, **options: t.Any) -> Client:
        found = Client(url, login(USER, password), clock=clock, **options)
        found.passes = passes
        return found

    return made


def logs_in(server: Server, login: type[t.Any], given: str, password: str = PASSWORD) -> None:
    """Expect a login that is given this."""
    if login is PasswordTokenLogin:
        body = {"username": USER, "password": password}
        server.post("/auth/token", sends=body).answers({"access_token": given}, 201)
        return
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=before")
    fields = {"username": USER, "password": password, "csrf_token": "x"}
    server.post("/login/", form=fields).says("", 302, "text/html", Location="/home", Set_Cookie=f"session={given}")


def shows(server: Server, login: type[t.Any], given: str, status: int = 200) -> None:
    """Expect a request that shows it."""
    headers = {"Authorization": f"Bearer {given}"} if login is PasswordTokenLogin else {"Cookie": f"session={given}"}
    server.get(PATHS[login], headers=headers).answers({"dags": []}, status)


@pytest.mark.parametrize("login", PATHS)
def test_one_login_serves_the_tasks_that_come_after(server, client, login):
    logs_in(server, login, "one")
    for _task in range(3):
        shows(server, login, "one")
        client(login).get(PATHS[login])


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("login", PATHS)
def test_what_is_refused_is_renewed_for_the_tasks_that_come_after(server, client, login, status):
    logs_in(server, login, "one")
    shows(server, login, "one")
    client(login).get(PATHS[login])
    shows(server, login, "one", status)
    logs_in(server, login, "two")
    shows(server, login, "two")
    client(login).get(PATHS[login])
    shows(server, login, "two")
    client(login).get(PATHS[login])


@pytest.mark.parametrize("login", PATHS)
def test_what_the_user_may_not_do_is_told_after_one_more_login(server, client, login):
    logs_in(server, login, "one")
    shows(server, login, "one")
    client(login).get(PATHS[login])
    shows(server, login, "one", 403)
    logs_in(server, login, "two")
    shows(server, login, "two", 403)
    with pytest.raises(Denied):
        client(login).get(PATHS[login])


@pytest.mark.parametrize(
    "other", [{"password": "other-pa55word"}, {"headers": {"X-Team": "b"}}], ids=["password", "header"]
)
@pytest.mark.parametrize("login", PATHS)
def test_other_credentials_log_in_by_themselves(server, client, login, other):
    logs_in(server, login, "one")
    shows(server, login, "one")
    client(login).get(PATHS[login])
    logs_in(server, login, "two", other.get("password", PASSWORD))
    shows(server, login, "two")
    client(login, **other).get(PATHS[login])


def test_another_server_is_never_shown_it(client):
    login = client(PasswordTokenLogin).login
    assert isinstance(login, PasswordLogin)
    login.note(client(PasswordTokenLogin), "one")
    assert login.recall(client(PasswordTokenLogin))
    assert not login.recall(client(PasswordTokenLogin, url="https://other.example"))


def test_the_way_that_was_found_is_not_sought_again(server, client):
    """Basic auth is refused once, and not by each task."""
    server.get("/api/v1/dags", headers={"Authorization": BASIC}).answers({}, 401)
    logs_in(server, SessionLogin, "one")
    for _task in range(3):
        shows(server, SessionLogin, "one")
        client(AutoLogin).get("/api/v1/dags")


# -- basic auth works, and the session is faster


def asks_by_basic_auth(server: Server, status: int = 200) -> None:
    server.get(PATH, headers={"Authorization": BASIC, "Cookie": None}).answers({"dags": []}, status)


def asked_often(server: Server, client: t.Callable[..., Client]) -> None:
    """As many requests as are worth a login, each of a task of its own."""
    for _task in range(WORTH_A_LOGIN):
        asks_by_basic_auth(server)
        client(AutoLogin).get(PATH)


@pytest.mark.parametrize("tasks", ["one", "many"])
def test_many_requests_are_worth_a_session(server, client, tasks):
    asked_often(server, client)
    logs_in(server, SessionLogin, "one")
    same = client(AutoLogin)
    for _request in range(3):
        shows(server, SessionLogin, "one")
        (same if tasks == "one" else client(AutoLogin)).get(PATH)


def test_one_task_with_many_requests(server, client):
    task = client(AutoLogin)
    for _request in range(WORTH_A_LOGIN):
        asks_by_basic_auth(server)
        task.get(PATH)
    logs_in(server, SessionLogin, "one")
    shows(server, SessionLogin, "one")
    task.get(PATH)


def test_tasks_that_share_nothing_do_not_post_the_form(server, client):
    task = client(AutoLogin)
    task.passes = NO_PASSES
    for _request in range(3 * WORTH_A_LOGIN):
        asks_by_basic_auth(server)
        task.get(PATH)


def no_form(server: Server) -> None:
    server.get("/login/").says("", 404)


def another_page(server: Server) -> None:
    server.get("/login/").says("", 302, Location="https://sso.example/authorize")


def overloaded(server: Server) -> None:
    server.get("/login/").says("", 503)


def unreachable(server: Server) -> None:
    server.get("/login/").fails(requests.ConnectionError())


def too_many_logins(server: Server) -> None:
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=before")
    server.post("/login/", form=FIELDS).says("", 429)


def refused(server: Server) -> None:
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=before")
    server.post("/login/", form=FIELDS).says("", 302, "text/html", Location="/login/")


@pytest.mark.parametrize("fails", [no_form, another_page, overloaded, unreachable, too_many_logins, refused])
def test_without_a_session_it_stays_with_basic_auth(server, client, clock, fails):
    asked_often(server, client)
    fails(server)
    for _task in range(2 * WORTH_A_LOGIN):
        asks_by_basic_auth(server)
        client(AutoLogin).get(PATH)
    assert not clock.pauses, "nobody waits for what is not needed"


@pytest.mark.parametrize("status", [401, 403])
def test_a_session_that_the_api_does_not_take(server, client, status):
    """C(auth_backends) has basic auth alone."""
    asked_often(server, client)
    logs_in(server, SessionLogin, "one")
    shows(server, SessionLogin, "one", status)
    for _task in range(2 * WORTH_A_LOGIN):
        asks_by_basic_auth(server)
        client(AutoLogin).get(PATH)


@pytest.mark.parametrize("status", [401, 403])
def test_a_session_that_has_ended(server, client, status):
    """A webserver whose secret key is random has started anew, say in the middle of a wait."""
    asked_often(server, client)
    logs_in(server, SessionLogin, "one")
    task = client(AutoLogin)
    shows(server, SessionLogin, "one")
    task.get(PATH)
    shows(server, SessionLogin, "one", status)
    for _request in range(3):
        asks_by_basic_auth(server)
        task.get(PATH)
    asks_by_basic_auth(server)
    client(AutoLogin).get(PATH)


def test_a_write_that_the_session_may_not_do_is_sent_again(server, client):
    asked_often(server, client)
    logs_in(server, SessionLogin, "one")
    server.post(PATH, sends={"a": 1}, headers={"Cookie": "session=one"}).answers({}, 401)
    server.post(PATH, sends={"a": 1}, headers={"Authorization": BASIC}).answers({"done": True})
    assert client(AutoLogin).post(PATH, {"a": 1}) == {"done": True}


def test_what_neither_may_do(server, client, clock):
    """The session is not to blame, and basic auth is not asked again and again."""
    asked_often(server, client)
    logs_in(server, SessionLogin, "one")
    shows(server, SessionLogin, "one")
    client(AutoLogin).get(PATH)
    task = client(AutoLogin)
    for passed in (0, 30, 60):
        clock.sleep(passed)
        shows(server, SessionLogin, "one", 403)
        if passed != 30:
            asks_by_basic_auth(server, 403)
        with pytest.raises(Denied, match="user deploy lacks the permission") as caught:
            task.get(PATH)
        assert caught.value.authenticated
    shows(server, SessionLogin, "one")
    task.get(PATH)


def test_the_password_was_changed_and_the_session_has_ended(server, client):
    asked_often(server, client)
    logs_in(server, SessionLogin, "one")
    shows(server, SessionLogin, "one")
    client(AutoLogin).get(PATH)
    shows(server, SessionLogin, "one", 401)
    asks_by_basic_auth(server, 401)
    with pytest.raises(Denied, match=r"wrong api_username \(deploy\) or api_password"):
        client(AutoLogin).get(PATH)


def test_a_password_is_not_proven_by_a_session(server, client):
    asked_often(server, client)
    logs_in(server, SessionLogin, "one")
    shows(server, SessionLogin, "one")
    client(AutoLogin).get(PATH)
    server.get(PATH, query={"limit": 1}, headers={"Authorization": BASIC, "Cookie": None}).answers({}, 401)
    refused(server)
    with pytest.raises(WrongLogin):
        Airflow(client(AutoLogin), "v1").log_in()
    asks_by_basic_auth(server)
    client(AutoLogin).get(PATH)


# -- what was refused


def wrong(server: Server, login: type[t.Any]) -> None:
    """Expect a login that is refused, with what each way of logging in sends before."""
    if login is PasswordTokenLogin:
        server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).answers({"detail": "Invalid"}, 401)
        return
    if login is AutoLogin:
        asks_by_basic_auth(server, 403)
    refused(server)


def message_of(client: Client, path: str) -> str:
    with pytest.raises(WrongLogin) as caught:
        client.get(path)
    return str(caught.value.message)


@pytest.mark.parametrize("login", [PasswordTokenLogin, SessionLogin, AutoLogin])
def test_the_items_of_a_loop_try_a_wrong_password_once(server, client, passes, login):
    """The form takes five logins in 40 seconds: a loop of ten items took that long to fail."""
    path = PATHS.get(login, PATH)
    passes.of_task("a")
    wrong(server, login)
    first = message_of(client(login), path)
    passes.of_task("a")
    if login is AutoLogin:
        asks_by_basic_auth(server, 403)
    assert message_of(client(login), path) == first
    # Another task, before which the password may have been changed.
    passes.of_task("b")
    wrong(server, login)
    assert message_of(client(login), path) == first


def no_turn(server: Server, seconds: int) -> None:
    """Expect a login that has to wait."""
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=before")
    server.post("/login/", form=FIELDS).says("Too Many Requests", 429, Retry_After=str(seconds))


@pytest.mark.parametrize("login", [SessionLogin, AutoLogin])
def test_the_tasks_after_a_refusal_do_not_wait_for_a_turn(server, client, passes, clock, login):
    """A role that takes 20 DAGs, one after the other, took 40 seconds for each of them to say the same."""
    wrong(server, login)
    first = message_of(client(login), PATH)
    for task in "abc":
        passes.of_task(task)
        if login is AutoLogin:
            asks_by_basic_auth(server, 403)
        no_turn(server, 40)
        assert message_of(client(login), PATH) == first
    assert not clock.pauses


def test_a_password_that_was_corrected_is_taken_after_a_refusal(server, client, passes):
    wrong(server, SessionLogin)
    message_of(client(SessionLogin), PATH)
    passes.of_task("b")
    logs_in(server, SessionLogin, "one")
    shows(server, SessionLogin, "one")
    client(SessionLogin).get(PATH)


@pytest.mark.parametrize("why", ["long ago", "another password", "a proof", "a user was changed"])
def test_a_turn_is_waited_for_where_the_refusal_says_nothing(server, client, passes, clock, why):
    wrong(server, SessionLogin)
    message_of(client(SessionLogin), PATH)
    passes.of_task("b")
    if why == "long ago":
        clock.sleep(60)
    if why == "a user was changed":
        client(SessionLogin).forget_passes()
    password = "other-pa55word" if why == "another password" else PASSWORD
    task = client(SessionLogin, password)
    clock.pauses.clear()
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=before")
    fields = {**FIELDS, "password": password}
    server.post("/login/", form=fields).says("Too Many Requests", 429, Retry_After="40")
    server.post("/login/", form=fields).says("", 302, Location="/home", Set_Cookie="session=one")
    task.log_in() if why == "a proof" else task.login.prepare(task)
    assert clock.pauses == [40]


def test_basic_auth_is_tried_with_each_item(server, client, passes):
    passes.of_task("a")
    wrong(server, AutoLogin)
    message_of(client(AutoLogin), PATH)
    asks_by_basic_auth(server)
    client(AutoLogin).get(PATH)


@pytest.mark.parametrize("ends", ["a user was changed", "a task that is tried again", "another password"])
def test_a_login_that_may_be_right_now_is_tried(server, client, passes, ends):
    task = "" if ends == "a task that is tried again" else "a"
    passes.of_task(task)
    wrong(server, PasswordTokenLogin)
    message_of(client(PasswordTokenLogin), PATHS[PasswordTokenLogin])
    passes.of_task(task)
    if ends == "a user was changed":
        client(PasswordTokenLogin).forget_passes()
    password = "other-pa55word" if ends == "another password" else PASSWORD
    logs_in(server, PasswordTokenLogin, "one", password)
    shows(server, PasswordTokenLogin, "one")
    client(PasswordTokenLogin, password).get(PATHS[PasswordTokenLogin])


def test_a_proof_tries_what_was_refused(server, client, passes):
    passes.of_task("a")
    wrong(server, PasswordTokenLogin)
    message_of(client(PasswordTokenLogin), PATHS[PasswordTokenLogin])
    logs_in(server, PasswordTokenLogin, "one")
    server.get(PATHS[PasswordTokenLogin], query={"limit": 1}).answers({"dags": []})
    Airflow(client(PasswordTokenLogin), "v2").log_in()


# -- who asks, and what ends it


def test_who_asks_for_a_proof_gets_one(server, client):
    """C(login) of C(airflow_info): a password that was right a minute ago may be wrong."""
    logs_in(server, PasswordTokenLogin, "one")
    shows(server, PasswordTokenLogin, "one")
    client(PasswordTokenLogin).get(PATHS[PasswordTokenLogin])
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).answers({"detail": "Invalid"}, 401)
    with pytest.raises(WrongLogin):
        Airflow(client(PasswordTokenLogin), "v2").log_in()
    # A token that Airflow still takes is not shown for a password that it refuses.
    server.post("/auth/token", sends={"username": USER, "password": PASSWORD}).answers({"detail": "Invalid"}, 401)
    with pytest.raises(WrongLogin):
        client(PasswordTokenLogin).get(PATHS[PasswordTokenLogin])


def test_what_a_proof_has_got_serves_the_tasks_that_come_after(server, client):
    logs_in(server, PasswordTokenLogin, "one")
    server.get("/api/v2/dags", query={"limit": 1}, headers={"Authorization": "Bearer one"}).answers({"dags": []})
    Airflow(client(PasswordTokenLogin), "v2").log_in()
    shows(server, PasswordTokenLogin, "one")
    client(PasswordTokenLogin).get(PATHS[PasswordTokenLogin])


def test_the_password_of_a_user_is_checked_by_a_login(server, client):
    for given in ("one", "two"):
        logs_in(server, PasswordTokenLogin, given)
        assert Airflow(client(PasswordTokenLogin), "v2").ask(Access).accepts_password(USER, PASSWORD)


@pytest.mark.parametrize("what", ["changed", "deleted"])
def test_all_log_in_anew_once_a_user_was(server, client, what):
    """Airflow takes the token of a user that is gone for some seconds more."""
    logs_in(server, PasswordTokenLogin, "one")
    shows(server, PasswordTokenLogin, "one")
    client(PasswordTokenLogin).get(PATHS[PasswordTokenLogin])
    access = Airflow(client(PasswordTokenLogin), "v2").ask(Access)
    user = {"username": "other", "first_name": "O", "last_name": "O", "email": "o@example.com", "roles": ["Op"]}
    server.get("/auth/fab/v1/users/other").answers({**user, "roles": [{"name": "Op"}]})
    assert access.find_user("other") == user
    if what == "changed":
        sends = {**user, "roles": [{"name": "Op"}]}
        server.patch("/auth/fab/v1/users/other", sends=sends).answers({"username": "other"})
        access.update_user(user)
    else:
        server.delete("/auth/fab/v1/users/other").says("", 204)
        access.delete_user("other")
    logs_in(server, PasswordTokenLogin, "two")
    shows(server, PasswordTokenLogin, "two")
    client(PasswordTokenLogin).get(PATHS[PasswordTokenLogin])


def test_the_users_api_takes_a_token_for_expired_first(server, client):
    """Only when it refuses a new one it is the API of Airflow 3.0, which takes no tokens."""
    PasswordTokenLogin(USER, PASSWORD).note(client(PasswordTokenLogin), "one")
    users = client(PasswordTokenLogin)
    users = users.logged_in_by(FabLogin(users.login))
    server.get("/auth/fab/v1/users", headers={"Authorization": "Bearer one"}).answers({}, 401)
    logs_in(server, PasswordTokenLogin, "two")
    server.get("/auth/fab/v1/users", headers={"Authorization": "Bearer two"}).answers({"users": []})
    assert users.get("/auth/fab/v1/users") == {"users": []}


def test_what_is_recalled_is_redacted(client):
    PasswordTokenLogin(USER, PASSWORD).note(client(PasswordTokenLogin), "the-token-1")
    again = client(PasswordTokenLogin)
    again.login.prepare(again)
    assert "the-token-1" not in again.redact("it was the-token-1")


# -- where it is kept


@pytest.mark.filterwarnings("ignore:This process")
def test_processes_that_are_forked_share_it(passes):
    child = os.fork()
    if child == 0:
        passes.keep(["a"], "one")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert passes.recall(["a"]) == "one"
    assert passes.recall(["b"]) == ""


def test_the_password_is_not_among_it(passes):
    passes.keep(["https://airflow.example", USER, PASSWORD], "one")
    assert PASSWORD.encode() not in passes._memory[:]


def test_no_room_for_all(passes):
    passes = SharedPasses(4096)
    for number in range(100):
        passes.keep([str(number)], "x" * 100)
        assert passes.recall([str(number)]) == "x" * 100
    passes.keep(["huge"], "x" * 5000)
    assert passes.recall(["huge"]) == ""
    assert passes.recall(["99"]) == "x" * 100


@pytest.mark.parametrize("place", [0, 3, 10, 40])
def test_what_is_damaged_is_forgotten(passes, place):
    """As when two have written at the same time."""
    passes.keep(["a"], "one")
    passes._memory[place] ^= 255
    assert passes.recall(["a"]) == ""
    passes.keep(["b"], "two")
    assert passes.recall(["b"]) == "two"


def test_many_writers_leave_nothing_wrong(passes):
    def write(name: str) -> None:
        for number in range(200):
            passes.keep([name], f"{name}{number}")
            # Once: the next look may find something else.
            found = passes.recall([name])
            assert not found or found.startswith(name)

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(write, "abcd")) == [None] * 4
    passes.keep(["last"], "one")
    assert passes.recall(["last"]) == "one"
