# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user and its role in one task; each of them alone is in the tests of airflow_user and airflow_role."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import ApiError, BadInput
from ansible_collections.dagops.airflow.plugins.modules import airflow_api_user
from ansible_collections.dagops.airflow.tests.unit.bodies import Generation
from ansible_collections.dagops.airflow.tests.unit.calls import NOISE, CommandRunner
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner
from ansible_collections.dagops.airflow.tests.unit.plugins.modules.test_airflow_role import actions, permissions

LEAST = {
    ("can_read", "DAGs"),
    ("can_edit", "DAGs"),
    ("can_read", "DAG Runs"),
    ("can_create", "DAG Runs"),
    ("can_read", "Task Instances"),
    ("can_read", "Task Logs"),
}
OF_RUNS = {pair for pair in LEAST if pair[1] != "DAGs"}
GIVEN = {"username": "deploy", "password": "s3cret-pa55", "update_password": "on_create"}
USER = {"username": "deploy", "email": "deploy@localhost", "first_name": "deploy", "last_name": "API"}
Pair = t.Tuple[str, str]


class ApiUsers(Runner):
    def path(self, below: str) -> str:
        return {"v1": "/api/v1", "v2": "/auth/fab/v1"}[self.generation.name] + below

    def finds(self, below: str, found: dict[str, t.Any] | None) -> None:
        answer = found or self.generation.problem(404, "Not found", "It was not found")
        self.server.get(self.path(below)).answers(answer, 200 if found else 404)

    def finds_role(self, *pairs: Pair, name: str = "dag_trigger") -> None:
        self.finds(f"/roles/{name}", {"name": name, "actions": actions(*pairs)} if pairs else None)

    def finds_user(self, *roles: str) -> None:
        self.finds("/users/deploy", {**USER, "roles": [{"name": role} for role in roles]} if roles else None)

    def lists_roles(self) -> None:
        of_dags = [(action, f"DAG:{name}") for action in ("can_read", "can_edit") for name in ("etl", "other")]
        everything = [*LEAST, *of_dags, ("can_read", "Pools")]
        roles = [{"name": "Admin", "actions": actions(*everything)}, {"name": "Op", "actions": []}]
        self.server.get(self.path("/roles"), {"limit": 100, "offset": 0}).answers({"roles": roles, "total_entries": 2})

    def lists_users(self, *others: str, role: str = "") -> None:
        roles = [{"name": role}] if role else []
        email = {} if not role else {"email": "another"}
        found = [{**USER, "username": name, **email, "roles": roles} for name in others]
        answer = {"users": found, "total_entries": len(found)}
        self.server.get(self.path("/users"), {"limit": 100, "offset": 0}).answers(answer)

    def makes_role(self, pairs: t.Iterable[Pair], name: str = "dag_trigger") -> Exchange:
        sends = {"name": name, "actions": actions(*sorted(pairs))}
        return self.server.post(self.path("/roles"), sends=sends).answers({} if self.generation.name == "v1" else sends)

    def makes_user(self, *roles: str) -> Exchange:
        sends = {**USER, "roles": [{"name": role} for role in roles]}
        return self.server.post(self.path("/users"), sends={**sends, "password": GIVEN["password"]}).answers(sends)


@pytest.fixture
def users(server: Server, generation: Generation) -> ApiUsers:
    return ApiUsers(server, generation, airflow_api_user)


def pairs_of(result: dict[str, t.Any]) -> set[Pair]:
    return {(pair["action"], pair["resource"]) for pair in result["role"]["permissions"]}


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_new_user_with_a_new_role(users: ApiUsers, check_mode: bool) -> None:
    users.finds_role()
    users.lists_roles()
    users.finds_user()
    users.lists_users()
    if not check_mode:
        users.makes_role(LEAST)
        users.makes_user("dag_trigger")
    result = users(check_mode, **GIVEN)
    assert (result["changed"], result["reads_dags"], result["dag_ids"]) == (True, True, [])
    assert result["user"] == {**USER, "roles": ["dag_trigger"]}
    assert pairs_of(result) == LEAST
    assert list(result["diff"]["after"]) == ["role dag_trigger", "user deploy"]
    assert users.warnings == []
    assert "s3cret" not in str(result)


def test_what_is_there_stays(users: ApiUsers) -> None:
    users.finds_role(*LEAST, ("can_read", "Website"))
    users.finds_user("dag_trigger")
    result = users(**GIVEN)
    assert (result["changed"], result["diff"]) == (False, {"before": {}, "after": {}})


# Options, the permissions of the role, and whether the user surely reads DAGs.
ROLES: dict[str, tuple[dict[str, t.Any], set[Pair], bool]] = {
    "limited": (
        {"role_dag_ids": [" etl ", "etl"]},
        {("can_read", "DAG:etl"), ("can_edit", "DAG:etl"), *OF_RUNS},
        True,
    ),
    "a number": ({"role_dag_ids": 2024}, {("can_read", "DAG:2024"), ("can_edit", "DAG:2024"), *OF_RUNS}, True),
    "without limits": ({}, LEAST, True),
    "permissions of one's own": (
        {"role_permissions": permissions(("can_read", "Pools"))},
        {("can_read", "Pools")},
        False,
    ),
    "no permissions": ({"role_permissions": []}, set(), False),
    "a role that is like DAGs": (
        {"role_permissions": permissions(("can_read", "DAGs Of Mine"), ("can_edit", "DAGs"))},
        {("can_read", "DAGs Of Mine"), ("can_edit", "DAGs")},
        False,
    ),
}


@pytest.mark.parametrize("name", ROLES)
def test_the_permissions_of_the_role(name: str, users: ApiUsers) -> None:
    given, expected, reads_dags = ROLES[name]
    # It has them already, so that nothing is asked for them.
    users.finds_role(*expected, ("can_read", "Website"), name="mine")
    users.finds_user("mine")
    result = users(**GIVEN, role_name="mine", **given)
    assert pairs_of(result) - {("can_read", "Website")} == expected
    assert (result["changed"], result["reads_dags"]) == (False, reads_dags)


@pytest.mark.parametrize(("role", "reads_dags"), [("Op", True), ("Public", False)])
def test_a_user_of_other_roles_alone(role: str, reads_dags: bool, users: ApiUsers) -> None:
    users.finds_user(role)
    result = users(**GIVEN, roles=[role])
    assert (result["role"], result["reads_dags"], result["changed"]) == (None, reads_dags, False)


def test_a_role_that_does_not_exist_is_found_before_the_other_one_is_made(users: ApiUsers) -> None:
    def read() -> None:
        users.finds_role()
        users.lists_roles()
        users.finds_user()
        users.lists_users()

    read()
    words = "User deploy cannot have the role Gardener: Airflow has no such role"
    assert users.failure(**GIVEN, roles="dag_trigger,Gardener").message.startswith(words)
    read()
    assert users(check_mode=True, **GIVEN, roles="dag_trigger,Gardener")["changed"] is True
    assert users.warnings == [f"{words}; check mode goes on as if a task before had made it."]


def test_check_mode_warns_of_an_address_that_another_user_has(users: ApiUsers) -> None:
    users.finds_role()
    users.lists_roles()
    users.finds_user()
    users.lists_users("ann")
    assert users(check_mode=True, **GIVEN)["changed"] is True
    assert users.warnings == [
        "The e-mail address deploy@localhost belongs to user ann already; check mode goes on as if a task before had "
        "freed it."
    ]


FORM = '<input name="csrf_token" type="hidden" value="abc.def">'


@pytest.mark.parametrize("of", ["role", "user"])
def test_who_is_no_admin_is_told_to_log_in_as_one(users: ApiUsers, server: Server, of: str) -> None:
    """Not to take permissions by which every user of the role could become an admin."""
    given: dict[str, t.Any] = {**GIVEN, "roles": None if of == "role" else ["Op"]}
    if users.generation.name == "v1":
        given["api_auth"] = "session"
        server.get("/login/").says(FORM, 200, "text/html", Set_Cookie="session=1; Path=/")
        form = {"username": "deploy", "password": "s3cret-pa55", "csrf_token": "abc.def"}
        server.post("/login/", form=form).says("", 302, "text/html", Location="/home", Set_Cookie="session=2; Path=/")
    path = users.path("/roles/dag_trigger" if of == "role" else "/users/deploy")
    server.get(path).answers(users.generation.problem(403, "Forbidden"), 403)
    message = users.failure(**given).message
    assert f" on {of.capitalize()}s); " in message
    assert message.endswith("; log in as a user who may manage users and roles, such as an Admin.")
    assert "airflow_role" not in message


def test_a_user_that_is_refused_after_its_role_was_made(users: ApiUsers, generation: Generation) -> None:
    users.finds_role()
    users.lists_roles()
    users.finds_user()
    users.lists_users()
    users.makes_role(LEAST)
    users.makes_user("dag_trigger").answers(generation.problem(403, "Forbidden"), 403)
    error = users.failure(**GIVEN)
    assert isinstance(error, ApiError)
    assert error.message.endswith(" Role dag_trigger was written; repeating the task goes on with the user.")
    assert error.details == {"changed": True}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"password": "a\nb"}, "password holds a line break or another control character; choose one without."),
        ({"roles": []}, "roles is empty, and the user needs a role; name one, or leave it out."),
        ({"roles": ["", "Op"]}, "roles holds an empty name; name the roles, such as Viewer, User or Op."),
        (
            {"role_dag_ids": ["etl"], "role_permissions": permissions(("can_read", "DAGs"))},
            "role_permissions has all permissions of the role, so role_dag_ids limits nothing; leave one of them out.",
        ),
        (
            {"role_dag_ids": ["etl"], "roles": ["Viewer"]},
            "role_dag_ids has no effect, since the user is not to have the role dag_trigger (role_name); give dag_tri",
        ),
        (
            {"role_permissions": [], "roles": ["Viewer"]},
            "role_permissions has no effect, since the user is not to have the role dag_trigger (role_name); give dag",
        ),
        ({"role_dag_ids": []}, "role_dag_ids is an empty list, which names no DAG; name the DAGs, or leave it out for"),
        ({"role_dag_ids": ["etl", " "]}, "role_dag_ids holds an empty name; name the DAGs, or leave it out for all"),
    ],
)
def test_what_cannot_be_right(users: ApiUsers, given: dict[str, t.Any], words: str) -> None:
    error = users.failure(**{**GIVEN, **given})
    assert isinstance(error, BadInput)
    assert error.message.startswith(words)


@pytest.mark.parametrize("release", NOISE)
def test_by_the_command_airflow(release: str) -> None:
    by_command = CommandRunner(release, airflow_api_user)
    script = by_command.script
    script.lists("roles", "list", "-p", answer=[{"name": "Op", "resource": "DAGs", "action": "can_read"}])
    script.lists("roles", "list", answer=[{"name": "Op"}])
    script.lists("users", "list", answer=[])
    script.lists("roles", "list", answer=[{"name": "Op"}])
    result = by_command(check_mode=True, **GIVEN)
    assert (result["changed"], by_command.warnings) == (True, [])
    assert pairs_of(result) == LEAST


ADMIN_STAYS = (
    "User deploy has the role Admin, and would lose it; name another user in username, or give Admin in roles, too. "
    "Nothing was changed."
)


@pytest.mark.parametrize("check_mode", [True, False])
def test_no_admin_loses_that_role(users: ApiUsers, check_mode: bool) -> None:
    """It may be the only admin, whose own login somebody has given for that of the new user."""
    users.finds_role(*LEAST)
    users.finds_user("Admin", "Viewer")
    error = users.failure(check_mode=check_mode, **GIVEN)
    assert isinstance(error, BadInput)
    assert (error.message, users.warnings) == (ADMIN_STAYS, [])


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("release", NOISE)
def test_no_admin_loses_that_role_by_the_command(release: str, check_mode: bool) -> None:
    by_command = CommandRunner(release, airflow_api_user)
    by_command.script.lists("users", "list", answer=[{"id": "1", **USER, "roles": ["Admin"]}])
    assert by_command.failure(check_mode=check_mode, **GIVEN, roles=["Op"]).message == ADMIN_STAYS


def test_an_admin_who_stays_one(users: ApiUsers) -> None:
    users.finds_user("Admin", "Op")
    assert users(check_mode=True, **GIVEN, roles=["Admin"])["user"]["roles"] == ["Admin"]
    assert users.warnings == ["User deploy loses the role Op; to keep it, give it in roles, too."]


@pytest.mark.parametrize("check_mode", [True, False])
def test_roles_that_a_user_loses_are_named(users: ApiUsers, check_mode: bool) -> None:
    users.finds_role(*LEAST)
    users.finds_user("Op", "Viewer")
    users.lists_roles()
    if not check_mode:
        sends = {**USER, "roles": [{"name": "dag_trigger"}]}
        users.server.patch(users.path("/users/deploy"), sends=sends).answers(sends)
    assert users(check_mode, **GIVEN)["changed"] is True
    assert users.warnings == ["User deploy loses the roles Op, Viewer; to keep them, give them in roles, too."]


def test_a_role_that_stands_in_for_another_one_is_not_lost(users: ApiUsers) -> None:
    users.finds_role(*LEAST)
    users.finds_user("dag_trigger__substitute")
    users.lists_roles()
    assert users(check_mode=True, **GIVEN)["changed"] is True
    assert users.warnings == []


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("name", ["Op", "Admin", "Public"])
def test_one_of_airflows_own_roles_is_not_changed(users: ApiUsers, check_mode: bool, name: str) -> None:
    """Who gives its name wants the user to have it."""
    users.finds_role(*LEAST, ("can_read", "Pools"), name=name)
    assert users.failure(check_mode=check_mode, **GIVEN, role_name=name).message == (
        f"Role {name} is one of Airflow's own roles, and its permissions would change; give the user {name} in roles, "
        "or name another role in role_name. Nothing was changed."
    )


def test_one_of_airflows_own_roles_may_be_as_it_should_be(users: ApiUsers) -> None:
    users.finds_role(*LEAST, name="User")
    users.finds_user("User")
    assert users(**GIVEN, role_name="User")["changed"] is False


# What another version of this collection may have given.
LESS = LEAST - {("can_read", "Task Logs")}
SHARED = (
    "Role dag_trigger is also a role of {}; they get and lose the same permissions. Give this user a role of its own "
    "in role_name."
)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("others", "named"),
    [
        (["Deploy", "other"], "other"),
        (["b", "deploy", "a"], "a, b"),
        ([*"abcdef"], "a, b, c, d, and 2 more"),
        (["deploy"], ""),
    ],
)
def test_a_role_that_other_users_have_too(users: ApiUsers, check_mode: bool, others: list[str], named: str) -> None:
    users.finds_role(*LESS, ("can_read", "Website"))
    users.lists_roles()
    users.finds_user("dag_trigger")
    users.lists_users(*others, role="dag_trigger")
    if not check_mode:
        sends = {"name": "dag_trigger", "actions": actions(*sorted({*LEAST, ("can_read", "Website")}))}
        users.server.patch(users.path("/roles/dag_trigger"), sends=sends).answers(sends)
    assert users(check_mode, **GIVEN)["changed"] is True
    assert users.warnings == ([SHARED.format(named)] if named else [])


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("has", "given"),
    [
        (LEAST, {"role_dag_ids": ["etl"]}),
        ({("can_read", "DAG:etl"), ("can_edit", "DAG:etl"), *OF_RUNS}, {}),
        ({("can_read", "DAG:etl"), ("can_edit", "DAG:etl"), *OF_RUNS}, {"role_dag_ids": ["etl", "other"]}),
        (LEAST, {"role_permissions": permissions(("can_read", "DAGs"))}),
    ],
)
def test_other_users_of_a_role_keep_their_dags(
    users: ApiUsers, check_mode: bool, has: set[Pair], given: dict[str, t.Any]
) -> None:
    """Two users with one role, each for DAGs of its own, would take them from each other in turn."""
    users.finds_role(*has)
    if given != {"role_permissions": permissions(("can_read", "DAGs"))}:
        users.lists_roles()
    users.finds_user("dag_trigger")
    users.lists_users("ann", role="dag_trigger")
    error = users.failure(check_mode=check_mode, **GIVEN, **given)
    assert isinstance(error, BadInput)
    assert error.message == (
        "Role dag_trigger is also a role of ann, and would be for other DAGs then; give this user a role of its own in "
        "role_name. Nothing was changed."
    )


def test_a_role_that_no_other_user_has(users: ApiUsers) -> None:
    users.finds_role(*OF_RUNS)
    users.lists_roles()
    users.finds_user("dag_trigger")
    users.lists_users("other", role="Op")
    assert users(check_mode=True, **GIVEN)["changed"] is True
    assert users.warnings == []


def test_who_may_not_list_users_is_not_told_of_them(users: ApiUsers, generation: Generation) -> None:
    users.finds_role(*OF_RUNS)
    users.lists_roles()
    users.finds_user("dag_trigger")
    path = users.path("/users")
    users.server.get(path, {"limit": 100, "offset": 0}).answers(generation.problem(403, "Forbidden"), 403)
    assert users(check_mode=True, **GIVEN)["changed"] is True
    assert users.warnings == []


def test_users_are_listed_once_for_a_new_user_of_a_shared_role(users: ApiUsers) -> None:
    """Check mode looks for the e-mail address, too."""
    users.finds_role(*LESS)
    users.lists_roles()
    users.finds_user()
    users.lists_users("other", role="dag_trigger")
    assert users(check_mode=True, **GIVEN)["changed"] is True
    assert users.warnings == [SHARED.format("other")]


@pytest.mark.parametrize("release", NOISE)
def test_a_role_that_other_users_have_too_by_the_command(release: str) -> None:
    by_command = CommandRunner(release, airflow_api_user)
    script = by_command.script
    pairs = [{"name": "dag_trigger", "resource": resource, "action": action} for action, resource in sorted(LESS)]
    script.lists("roles", "list", "-p", answer=pairs)
    have = [
        {"id": str(i), **USER, "username": name, "roles": ["dag_trigger"]} for i, name in enumerate(["deploy", "a"])
    ]
    script.lists("users", "list", answer=have)
    assert by_command(check_mode=True, **GIVEN)["changed"] is True
    assert by_command.warnings == [SHARED.format("a")]


@pytest.mark.parametrize(
    ("given", "way_out"),
    [
        ({"role_dag_ids": ["nope"]}, "or correct its id in role_dag_ids."),
        ({"role_permissions": permissions(("can_read", "DAG:nope"))}, "or correct its id."),
    ],
)
def test_a_dag_that_airflow_does_not_know(
    users: ApiUsers, generation: Generation, given: dict[str, t.Any], way_out: str
) -> None:
    users.finds_role()
    path = users.path("/roles")
    # Who may not read roles leaves them to Airflow.
    users.server.get(path, {"limit": 100, "offset": 0}).answers(generation.problem(403, "Forbidden"), 403)
    users.finds_user()
    users.lists_users()
    pairs = {("can_read", "DAG:nope")}
    if "role_dag_ids" in given:
        pairs |= {("can_edit", "DAG:nope"), *OF_RUNS}
    users.makes_role(pairs).answers(
        generation.problem(400, "Bad", "The specified resource: 'DAG:nope' was not found"), 400
    )
    error = users.failure(**GIVEN, **given)
    assert isinstance(error, BadInput)
    assert error.message == (
        "Airflow refused role dag_trigger: it knows no resource DAG:nope; deploy the DAG first, since Airflow has to "
        f"read it, {way_out}"
    )
