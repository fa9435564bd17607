# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, Conflict, Denied, Unsupported
from ansible_collections.dagops.airflow.plugins.module_utils._work.users import Wish, new_user
from ansible_collections.dagops.airflow.plugins.modules import airflow_user
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

NAMES = {"username": "deploy", "email": "deploy@example.com", "first_name": "De", "last_name": "Ploy"}
USER = {**NAMES, "roles": ["Op", "Viewer"]}
FORM = '<input name="csrf_token" type="hidden" value="abc.def">'


class Users(Runner):
    """The users' API is at another place in each generation."""

    def path(self, name: str = "/deploy") -> str:
        return {"v1": "/api/v1/users", "v2": "/auth/fab/v1/users"}[self.generation.name] + name

    def has(self, **keys: t.Any) -> Exchange:
        return self.server.get(self.path()).answers(as_airflow({**USER, **keys}))

    def has_not(self) -> Exchange:
        body = self.generation.problem(404, "User not found", "The User with username `deploy` was not found")
        return self.server.get(self.path()).answers(body, 404)

    def lists_roles(self, *names: str) -> None:
        """What Airflow is asked where a user is to get a role."""
        roles = [{"name": name, "actions": []} for name in ("Admin", "Op", "Viewer", *names)]
        path = self.path("").replace("/users", "/roles")
        self.server.get(path, {"limit": 100, "offset": 0}).answers({"roles": roles, "total_entries": len(roles)})

    def lists_users(self, *others: dict[str, t.Any]) -> Exchange:
        """What check mode asks where a user is to get an e-mail address."""
        found = {"users": [as_airflow(user) for user in others], "total_entries": len(others)}
        return self.server.get(self.path(""), {"limit": 100, "offset": 0}).answers(found)

    def patched(self, password: str | None = None, **keys: t.Any) -> Exchange:
        sends = {**body_of({**USER, **keys}), **({"password": password} if password else {})}
        return self.server.patch(self.path(), sends=sends).answers(as_airflow({**USER, **keys}))

    def tries(self, password: str, right: bool) -> None:
        """The password is tried by logging in."""
        if self.generation.name == "v2":
            answer = {"access_token": "t"} if right else {"detail": "Invalid credentials"}
            sends = {"username": "deploy", "password": password}
            self.server.post("/auth/token", sends=sends).answers(answer, 201 if right else 401)
            return
        self.server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=1; Path=/")
        form = {"username": "deploy", "password": password, "csrf_token": "abc.def"}
        headers = {"Location": "/home" if right else "/login/", "Set_Cookie": "session=2; Path=/"}
        self.server.post("/login/", form=form).says("", 302, "text/html", **headers)


def body_of(user: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**user, "roles": [{"name": role} for role in user["roles"]]}


def as_airflow(user: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**body_of(user), "active": True, "created_on": "2026-11-22T10:00:00", "login_count": 3}


@pytest.fixture
def users(server: Server, generation: Generation) -> Users:
    return Users(server, generation, airflow_user)


def test_all_that_is_documented_is_returned(users):
    users.has()
    assert set(users(username="deploy")["user"]) == set(documented(airflow_user)["user"]["contains"])


# -- a new user


def test_a_new_user(users, server):
    users.has_not()
    users.lists_roles()
    server.post(users.path(""), sends={**body_of(USER), "password": "s3cret-pa55"}).answers(as_airflow(USER))
    result = users(**NAMES, roles=["Viewer", " Op ", "Op"], password="s3cret-pa55")
    assert result["changed"] is True
    assert result["user"] == USER
    assert result["diff"] == {"before": {}, "after": {"deploy": USER}}
    assert "s3cret" not in str(result)


@pytest.mark.parametrize("there", [["Op", "Viewer"], ["Op"]])
@pytest.mark.parametrize(("status", "right"), [(409, True), (409, False), (500, True)])
def test_a_user_whom_somebody_else_has_made_meanwhile(users, server, generation, there, status, right):
    """Another host of the play, for example."""
    users.has_not()
    users.lists_roles()
    taken = generation.problem(status, "Conflict", "Username `deploy` already exists")
    sends = {**body_of(USER), "password": "s3cret-pa55"}
    server.post(users.path(""), sends=sends).answers(taken, status)
    users.has(roles=there)
    users.tries("s3cret-pa55", right)
    if there != USER["roles"] or not right:
        users.patched(password=None if right else "s3cret-pa55")
    assert users(**USER, password="s3cret-pa55")["user"] == USER


@pytest.fixture
def without(users: Users, server: Server) -> Users:
    """Airflow gives a new user without roles one of its own choice, or fails: this one is made with a role."""
    users.has_not()
    users.lists_roles("Public")
    made = {**USER, "roles": ["Public"]}
    server.post(users.path(""), sends={**body_of(made), "password": "s3cret-pa55"}).answers(as_airflow(made))
    return users


def test_a_new_user_without_roles(without):
    without.patched(roles=[])
    result = without(**NAMES, roles=[], password="s3cret-pa55")
    assert (result["changed"], result["user"]) == (True, {**USER, "roles": []})


@pytest.mark.parametrize("lost", [False, True])
def test_a_new_user_who_keeps_the_role_for_now(without, generation, lost):
    role = without.patched(roles=[])
    if lost:
        role.fails(requests.ConnectionError(ConnectionResetError(104, "reset")))
    else:
        role.answers(generation.problem(403, "Forbidden"), 403)
    error = without.failure(**NAMES, roles=[], password="s3cret-pa55", retry_timeout=0)
    assert error.message.endswith(
        " User deploy was made, and has the role Public for now; repeating the task takes it away."
    )
    assert error.details == {"changed": True}


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_airflow_without_a_role_to_begin_with(users, check_mode):
    users.has_not()
    if check_mode:
        users.lists_users()
    users.lists_roles()
    words = (
        "User deploy cannot be without roles: this Airflow needs a role for a new user, and has no role Public that "
        "could be taken away again; "
    )
    if check_mode:
        assert users(check_mode, **NAMES, roles=[], password="s3cret-pa55")["changed"] is True
        assert users.warnings == [f"{words}check mode goes on as if a task before had made it."]
    else:
        assert users.failure(**NAMES, roles=[], password="s3cret-pa55").message == f"{words}give the user a role."


LONG = [("username", 512), ("email", 512), ("first_name", 256), ("last_name", 256)]


@pytest.mark.parametrize(("option", "most"), LONG)
def test_a_text_that_is_too_long_for_the_database(users, server, option, most):
    message = users.failure(**{"username": "deploy", option: "x" * (most + 1)}).message
    assert message.startswith(option)
    assert message.endswith(f" has {most + 1} characters; shorten it to {most} or fewer.")
    assert server.requests == []


def test_a_user_with_a_long_name_can_be_deleted(users, server, generation):
    name = "x" * 600
    body = generation.problem(404, "User not found", f"The User with username `{name}` was not found")
    server.get(users.path(f"/{name}")).answers(body, 404)
    assert users(username=name, state="absent")["changed"] is False


@pytest.mark.parametrize(("version", "refused"), [("2.5.3", True), ("2.6.0", False)])
def test_a_text_that_was_too_long_once(old, server, version, refused):
    old.has()
    server.get("version").answers({"version": version})
    wanted = {"username": "deploy", "first_name": "x" * 65}
    if refused:
        assert old.failure(check_mode=True, **wanted).message == (
            "first_name with more than 64 characters needs Airflow 2.6 or newer, and https://airflow.example is 2.5.3; "
            "shorten it, or upgrade."
        )
    else:
        assert old(check_mode=True, **wanted)["changed"] is True


def test_a_new_user_in_check_mode(users):
    users.has_not()
    users.lists_users({**USER, "username": "ann", "email": "ann@example.com"})
    users.lists_roles()
    result = users(check_mode=True, **NAMES, roles=["Viewer", "Op"], password="s3cret-pa55")
    assert result["changed"] is True
    assert result["user"] == USER
    assert users.warnings == []


@pytest.mark.parametrize("exists", [False, True])
def test_check_mode_warns_of_an_address_that_another_user_has(users, exists):
    wanted = {"username": "deploy", "email": "ann@example.com"}
    if exists:
        users.has()
    else:
        users.has_not()
        wanted.update(roles=["Op"], password="s3cret-pa55")
    users.lists_users(USER, {**USER, "username": "ann", "email": "ann@example.com"})
    result = users(check_mode=True, **wanted)
    assert (result["changed"], result["user"]["email"]) == (True, "ann@example.com")
    assert users.warnings == [
        "The e-mail address ann@example.com belongs to user ann already; check mode goes on as if a task before had "
        "freed it."
    ]


def test_who_may_not_read_users_leaves_addresses_to_airflow(users, generation):
    users.has()
    users.lists_users().answers(generation.problem(403, "Forbidden"), 403)
    assert users(check_mode=True, username="deploy", email="ann@example.com")["changed"] is True
    assert users.warnings == []


def test_an_address_that_stays_is_not_looked_for(users):
    users.has()
    assert users(check_mode=True, **{**NAMES, "last_name": "X"})["changed"] is True


def test_a_new_user_gets_names(users):
    users.has_not()
    users.lists_users()
    users.lists_roles()
    result = users(check_mode=True, username="deploy", roles=["Op"], password="s3cret-pa55")
    assert (result["user"]["first_name"], result["user"]["last_name"]) == ("deploy", "API")
    assert result["user"]["email"] == "deploy@localhost"


def test_a_name_that_is_an_address_is_the_address():
    texts = dict.fromkeys(("email", "first_name", "last_name"))
    wish = Wish({"username": "deploy@example.com", **texts, "roles": ["Op"]}, "s3cret-pa55", "always")
    assert new_user(wish)["email"] == "deploy@example.com"


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "roles, password"),
        ({"email": "a@b", "roles": ["Op"]}, "password"),
        ({"email": "a@b", "password": "s3cret-pa55"}, "roles"),
    ],
)
def test_a_new_user_needs_more(users, options, missing):
    users.has_not()
    error = users.failure(username="deploy", **options)
    assert isinstance(error, BadInput)
    assert f"User deploy does not exist yet; to make it, give {missing}." in error.message


def test_an_empty_role_is_refused(users):
    assert "roles holds an empty name" in users.failure(username="deploy", roles=["Op", " "]).message


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("********", "password consists of asterisks only"),
        ("{{ vault_airflow['users']['deploy']['password'] }}", "password still holds an expression in braces"),
    ],
)
def test_what_stands_for_a_password_is_none(users, server, password, says):
    error = users.failure(**NAMES, roles=["Viewer"], password=password)
    assert isinstance(error, BadInput)
    assert error.message.startswith(says)
    assert server.requests == []


# -- a user that exists


def test_nothing_to_change(users):
    users.has()
    users.tries("s3cret-pa55", right=True)
    result = users(**NAMES, roles=["Viewer", "Op"], password="s3cret-pa55")
    assert result["changed"] is False
    assert result["diff"] == {"before": {}, "after": {}}


def test_options_that_are_not_given_are_not_touched(users):
    users.has()
    assert users(username="deploy")["changed"] is False


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_differs_is_changed(users, check_mode):
    users.has()
    users.lists_roles()
    if not check_mode:
        users.patched(roles=["Admin"])
    result = users(check_mode=check_mode, username="deploy", roles=["Admin"])
    assert result["changed"] is True
    assert result["user"]["roles"] == ["Admin"]
    assert result["user"]["email"] == "deploy@example.com"
    before, after = {"deploy": {"roles": ["Op", "Viewer"]}}, {"deploy": {"roles": ["Admin"]}}
    assert result["diff"] == {"before": before, "after": after}


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_password_that_does_not_work_is_set(users, check_mode):
    users.has()
    users.tries("n3w-pa55word", right=False)
    if not check_mode:
        users.patched(password="n3w-pa55word")
    result = users(check_mode=check_mode, username="deploy", password="n3w-pa55word")
    assert result["changed"] is True
    assert result["diff"] == {"before": {"deploy": {"password": "***"}}, "after": {"deploy": {"password": "(changed)"}}}
    assert "n3w-pa55" not in str(result)


def test_a_password_is_left_alone_with_on_create(users):
    users.has()
    assert users(username="deploy", password="n3w-pa55word", update_password="on_create")["changed"] is False


def test_a_rate_limit_is_no_wrong_password(server):
    users = Users(server, GENERATIONS["v1"], airflow_user)
    users.has()
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=1; Path=/")
    form = {"username": "deploy", "password": "n3w-pa55word", "csrf_token": "abc.def"}
    server.post("/login/", form=form).says("Too Many Requests", 429, Retry_After="99")
    assert "rate limit" in users.failure(username="deploy", password="n3w-pa55word").message


REFERRER = "<!doctype html><title>400 Bad Request</title><h1>Bad Request</h1><p>The referrer header is missing.</p>"


@pytest.fixture
def old(server: Server) -> Users:
    server.prefix = "/api/v1/"
    return Users(server, GENERATIONS["v1"], airflow_user)


def by_basic_auth(server: Server, status: int, body: t.Any = None) -> None:
    basic = "Basic " + base64.b64encode(b"deploy:n3w-pa55word").decode()
    exchange = server.get("dags", {"limit": 1}, headers={"Authorization": basic})
    exchange.says(body, status, "text/html") if isinstance(body, str) else exchange.answers(body, status)


def unjudged(server: Server, page: str = REFERRER, status: int = 400) -> None:
    server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=1; Path=/")
    form = {"username": "deploy", "password": "n3w-pa55word", "csrf_token": "abc.def"}
    server.post("/login/", form=form).says(page, status, "text/html")


def test_a_form_that_does_not_judge_is_no_reason_where_basic_auth_takes_the_password(old, server):
    old.has()
    unjudged(server)
    by_basic_auth(server, 200, {"dags": [], "total_entries": 0})
    assert old(username="deploy", password="n3w-pa55word")["changed"] is False


@pytest.mark.parametrize(
    ("page", "status"), [(REFERRER, 400), ("<p>blocked</p>", 403), (FORM, 200)], ids=["referrer", "blocked", "form"]
)
@pytest.mark.parametrize("basic", [401, 403])
def test_a_password_is_not_rewritten_because_nobody_judges_it(old, server, page, status, basic):
    old.has()
    unjudged(server, page, status)
    by_basic_auth(server, basic, {"title": "Forbidden", "detail": None})
    message = old.failure(username="deploy", password="n3w-pa55word").message
    assert message.startswith("Whether user deploy has this password cannot be found out, so nothing was changed (")
    assert f"gave no session (status {status}" in message


def test_a_form_whose_answer_a_proxy_gives_is_asked_again(old, server, clock):
    old.has()
    unjudged(server, "<title>Down</title>", 200)
    by_basic_auth(server, 401, {"title": "Forbidden", "detail": None})
    unjudged(server)
    by_basic_auth(server, 200, {"dags": [], "total_entries": 0})
    assert old(username="deploy", password="n3w-pa55word")["changed"] is False
    assert len(clock.pauses) == 1


@pytest.mark.parametrize("right", [True, False])
def test_where_people_log_in_in_another_way_basic_auth_judges(old, server, right):
    old.has()
    server.get("/login/").says("<a href='/login/google'>Sign in with Google</a>", 200, "text/html")
    if right:
        by_basic_auth(server, 200, {"dags": []})
    else:
        by_basic_auth(server, 403, {"title": "Forbidden", "detail": None})
        old.patched(password="n3w-pa55word")
    assert old(username="deploy", password="n3w-pa55word")["changed"] is not right


def test_a_maintenance_page_in_place_of_the_form_judges_nothing(old, server):
    old.has()
    server.get("/login/").says("<title>Down</title>", 200, "text/html")
    by_basic_auth(server, 200, "<title>Down</title>")
    assert "cannot be found out" in old.failure(username="deploy", password="n3w-pa55word").message


@pytest.mark.parametrize(("status", "body"), [(403, "<p>blocked</p>"), (404, "404 page not found"), (405, "")])
def test_a_proxy_that_refuses_the_exchange_judges_nothing(server, status, body):
    server.prefix = "/api/v2/"
    users = Users(server, GENERATIONS["v2"], airflow_user)
    users.has()
    server.post("/auth/token", sends={"username": "deploy", "password": "n3w-pa55word"}).says(body, status)
    assert "cannot be found out" in users.failure(username="deploy", password="n3w-pa55word").message


# -- no such user


# Who is logged in, in place of the user of most tests. On Airflow 3 these log in by a token.
BOSS = {"v1": {"api_username": "boss"}, "v2": {}}


@pytest.mark.parametrize("check_mode", [False, True])
def test_absent(users, server, generation, check_mode):
    users.has()
    if not check_mode:
        server.delete(users.path()).says("", 204)
    result = users(check_mode=check_mode, username="deploy", state="absent", **BOSS[generation.name])
    assert result["changed"] is True
    assert result["user"] is None
    assert result["diff"] == {"before": {"deploy": {"state": "present"}}, "after": {"deploy": {"state": "absent"}}}


def test_absent_once_more(users, generation):
    users.has_not()
    assert users(username="deploy", state="absent", **BOSS[generation.name])["changed"] is False


def test_absent_of_a_user_that_is_deleted_meanwhile(users, server, generation):
    users.has()
    body = generation.problem(404, "User not found", "The User with username `deploy` was not found")
    server.delete(users.path()).answers(body, 404)
    assert users(username="deploy", state="absent", **BOSS[generation.name])["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_user_that_is_logged_in_is_not_deleted(users, check_mode):
    logged_in = {"api_username": "Boss", "api_password": "s3cret-pa55", "api_token": None}
    message = users.failure(check_mode=check_mode, username="boss", state="absent", **logged_in).message
    assert message == "boss is the user that is logged in, which is never removed; log in as another user."


# -- what fails


def test_a_server_without_users(users, server):
    server.get(users.path()).says("<html><title>404</title></html>", 404, "text/html")
    error = users.failure(username="deploy")
    assert isinstance(error, Unsupported)
    assert "needs Airflow's FAB auth manager" in error.message
    assert "simple_auth_manager_users" in error.message


def test_a_user_who_may_not(users, server, generation):
    server.get(users.path()).answers(generation.problem(403, "Forbidden"), 403)
    assert isinstance(users.failure(username="deploy"), Denied)


def test_an_address_that_is_taken(users, server, generation):
    users.has()
    server.patch(users.path(), sends=body_of({**USER, "email": "x@y"})).answers(
        generation.problem(409, "Conflict", "The email `x@y` already exists"), 409
    )
    error = users.failure(username="deploy", email="x@y")
    assert isinstance(error, Conflict)
    assert error.message == (
        "Airflow refused user deploy: The email `x@y` already exists; choose another name, or another address in email."
    )


def test_a_role_that_does_not_exist_writes_nothing(users):
    users.has()
    users.lists_roles()
    error = users.failure(username="deploy", roles=["Viewer", "Operator", "Wiever"])
    assert isinstance(error, BadInput)
    assert error.message == (
        "User deploy cannot have the role Operator, Wiever (did you mean Viewer?): Airflow has no such role; make it "
        "first (airflow_role), or correct roles."
    )


def test_check_mode_warns_of_a_role_that_a_task_before_may_have_made(users):
    users.has()
    users.lists_roles()
    assert users(check_mode=True, username="deploy", roles=["Gardener"])["changed"] is True
    assert users.warnings == [
        "User deploy cannot have the role Gardener: Airflow has no such role; check mode goes on as if a task "
        "before had made it."
    ]


@pytest.mark.parametrize("status", [403, 500])
def test_who_may_not_read_roles_leaves_them_to_airflow(users, server, generation, status):
    users.has()
    path = users.path("").replace("/users", "/roles")
    server.get(path, {"limit": 100, "offset": 0}).answers(generation.problem(status, "No"), status)
    users.patched(roles=["Gardener"])
    assert users(username="deploy", roles=["Gardener"], retry_timeout=0)["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("has", "wanted", "words"),
    [
        (["Admin", "Viewer"], ["Viewer"], "the role Admin; give it in roles, too, or log in as another admin."),
        (["Admin"], [], "the role Admin; give it in roles, too, or log in as another admin."),
        (["Viewer"], [], "all roles; give some in roles, too, or log in as another admin."),
    ],
)
def test_nobody_takes_the_last_rights_from_the_own_user(old, check_mode, has, wanted, words):
    old.has(roles=has)
    error = old.failure(check_mode=check_mode, username="deploy", roles=wanted)
    assert isinstance(error, BadInput)
    assert error.message == f"User deploy is the user that is logged in, and would lose {words}"


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("has", "wanted"), [(["Op", "Viewer"], ["Op"]), (["Admin", "Viewer"], ["Admin"])])
def test_other_roles_of_the_own_user_may_go(old, check_mode, has, wanted):
    old.has(roles=has)
    if not check_mode:
        old.patched(roles=wanted)
    assert old(check_mode=check_mode, username="deploy", roles=wanted)["changed"] is True
    assert old.warnings == []


def test_rights_of_another_user_are_no_warning(old):
    old.has(roles=["Admin"])
    old(check_mode=True, username="deploy", roles=[], api_username="boss")
    assert old.warnings == []


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("role", "named"),
    [("Opp", "Opp (did you mean Op?)"), ("nope", "nope"), ("it's", "it's"), ("DAG:etl_daily", "DAG:etl_daily")],
)
def test_a_role_that_is_gone_meanwhile(users, server, generation, status, role, named):
    users.has()
    users.lists_roles(role)
    server.patch(users.path(), sends=body_of({**USER, "roles": [role]})).answers(
        generation.problem(status, "Bad Request", f"Unknown roles: {role!r}"), status
    )
    error = users.failure(username="deploy", roles=[role])
    assert isinstance(error, BadInput)
    assert error.message == (
        f"Airflow refused user deploy: it knows no role {named}; make it first (airflow_role), or correct roles."
    )


def test_an_error_shows_no_part_of_the_password(users, server, generation):
    users.has_not()
    users.lists_roles()
    server.post(users.path(""), sends={**body_of(USER), "password": "correct-horse-battery"}).answers(
        generation.problem(400, "Bad Request", "x" * 225 + " correct-horse-battery"), 400
    )
    error = users.failure(**NAMES, roles=["Viewer", "Op"], password="correct-horse-battery")
    assert "correct-" not in error.message.replace("correct it", "")


@pytest.mark.parametrize("shape", [[], "text", 1, None, {}, {**NAMES, "roles": "Op"}, {**NAMES, "roles": [None]}])
def test_a_user_of_another_shape(users, server, shape):
    server.get(users.path()).answers(shape)
    assert users.failure(username="deploy").message == (
        "https://airflow.example answered with JSON of an unknown shape; check api_url and api_version."
    )
