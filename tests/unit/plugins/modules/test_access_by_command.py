# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""airflow_user and airflow_role by the command airflow: what they call, among what real commands print."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    CommandFailed,
    Conflict,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.modules import airflow_role, airflow_user
from ansible_collections.dagops.airflow.tests.unit.calls import NOISE, PROMPTS, CommandRunner

NAMES = {"username": "deploy", "email": "deploy@example.com", "first_name": "De", "last_name": "Ploy"}
USER = {**NAMES, "roles": ["Op", "Viewer"]}
ADMIN = {"username": "admin", "email": "admin@example.com", "first_name": "A", "last_name": "B", "roles": ["Admin"]}
PASSWORD = "pw '\"$& s3cret"
TWICE = f"{PASSWORD}\n{PASSWORD}\n"
CREATE = (
    *("users", "create", "--username=deploy", "--firstname=De", "--lastname=Ploy"),
    *("--email=deploy@example.com", "--role=Op"),
)
HASH = "scrypt:32768:8:1$abcdef"
Pair = t.Tuple[str, str]


class Users(CommandRunner):
    def has(self, *users: dict[str, t.Any]) -> None:
        # As text, and in the order in which Airflow 3 has roles: not sorted.
        rows = [{"id": str(number), **user, "roles": user["roles"][::-1]} for number, user in enumerate(users)]
        self.script.lists("users", "list", answer=rows)

    def knows_roles(self, *names: str) -> None:
        self.script.lists("roles", "list", answer=[{"name": name} for name in names])

    def creates(self, **ended: t.Any) -> None:
        said = {"out": 'User "deploy" created with role "Op"', "err": PROMPTS, **ended}
        self.script.expect(*CREATE, typed=TWICE, **said)

    def role(self, how: str, name: str) -> None:
        self.script.expect("users", how, "--username=deploy", f"--role={name}", out='User "deploy" added')


class Roles(CommandRunner):
    def has(self, *pairs: Pair, name: str = "trigger") -> None:
        resources: dict[str, list[str]] = {}
        for action, resource in pairs:
            resources.setdefault(resource, []).append(action)
        rows = [
            {"name": name, "resource": resource, "action": ",".join(found)} for resource, found in resources.items()
        ]
        others = [{"name": "Op", "resource": "DAGs", "action": "can_delete,can_read"}]
        self.script.lists("roles", "list", "-p", answer=others + rows)

    def has_only_the_names(self, *names: str) -> None:
        self.has()
        self.script.lists("roles", "list", answer=[{"name": name} for name in names])

    def changes(self, how: str, action: str, *resources: str, **ended: t.Any) -> None:
        self.script.expect("roles", how, "trigger", "-a", action, "-r", *resources, **ended)


@pytest.fixture(params=NOISE)
def users(request: pytest.FixtureRequest) -> Users:
    return Users(request.param, airflow_user)


@pytest.fixture(params=NOISE)
def roles(request: pytest.FixtureRequest) -> Roles:
    return Roles(request.param, airflow_role)


def permissions(*pairs: Pair) -> list[dict[str, str]]:
    return [{"action": action, "resource": resource} for action, resource in pairs]


# -- users


def test_a_new_user(users):
    users.has(ADMIN)
    users.knows_roles("Admin", "Op", "Viewer")
    users.creates()
    users.role("add-role", "Viewer")
    result = users(**NAMES, roles=["Viewer", "Op"], password=PASSWORD)
    assert result["changed"] is True
    assert result["user"] == USER
    assert result["diff"] == {"before": {}, "after": {"deploy": USER}}


def test_a_new_user_without_roles(users):
    users.has(ADMIN)
    users.knows_roles("Op", "Public")
    create = [word if word != "--role=Op" else "--role=Public" for word in CREATE]
    users.script.expect(*create, typed=TWICE, out='User "deploy" created with role "Public"', err=PROMPTS)
    users.role("remove-role", "Public")
    assert users(**NAMES, roles=[], password=PASSWORD)["user"] == {**USER, "roles": []}


ROLE_KEPT = "User deploy was made, and has the role Public for now; repeating the task takes it away."
ROLE_LACKS = "User deploy was made, and lacks roles for now; repeating the task adds them."


@pytest.mark.parametrize(("roles", "words"), [([], ROLE_KEPT), (["Op", "Viewer"], ROLE_LACKS)], ids=["none", "two"])
def test_a_new_user_whose_roles_are_not_as_wanted_yet(users, roles, words):
    users.has(ADMIN)
    users.knows_roles("Op", "Public", "Viewer")
    create = [word if roles or word != "--role=Op" else "--role=Public" for word in CREATE]
    users.script.expect(*create, typed=TWICE, out="created", err=PROMPTS)
    how, role = ("add-role", "Viewer") if roles else ("remove-role", "Public")
    users.script.expect("users", how, "--username=deploy", f"--role={role}", status=1, err="database is locked")
    error = users.failure(**NAMES, roles=roles, password=PASSWORD)
    assert error.message.endswith(f" {words}")
    assert error.details == {"changed": True}


def test_a_part_of_the_roles_of_a_user(users):
    users.has(USER)
    users.knows_roles("Admin", "Op", "Viewer")
    users.role("add-role", "Admin")
    users.script.expect("users", "remove-role", "--username=deploy", "--role=Op", status=1, err="database is locked")
    error = users.failure(username="deploy", roles=["Admin", "Viewer"])
    assert error.message.endswith(
        " A part of the changes to user deploy was made; repeating the task makes the others."
    )
    assert error.details == {"changed": True}


def test_nothing_of_a_change_was_made(users):
    users.has(USER)
    users.script.expect("users", "remove-role", "--username=deploy", "--role=Op", status=1, err="database is locked")
    error = users.failure(username="deploy", roles=["Viewer"])
    assert "A part of" not in error.message
    assert error.details == {}


def test_a_new_user_in_check_mode(users):
    """An earlier task may only have said that it would make the role."""
    users.has(ADMIN)
    users.knows_roles("Admin", "Op")
    result = users(check_mode=True, **NAMES, roles=["Viewer", "Op"], password=PASSWORD)
    assert (result["changed"], result["user"]) == (True, USER)
    assert "User deploy cannot have the role Viewer: Airflow has no such role; check mode goes on" in users.warnings[0]


def test_the_first_user(users):
    users.has()
    users.knows_roles("Admin", "Op")
    users.creates()
    assert users(**NAMES, roles=["Op"], password=PASSWORD)["changed"] is True


def test_nothing_to_change(users):
    users.has(ADMIN, USER)
    result = users(**NAMES, roles=["Viewer", "Op"], password=PASSWORD, update_password="on_create")
    assert result["changed"] is False
    assert result["user"] == USER


@pytest.mark.parametrize("check_mode", [False, True])
def test_roles_are_changed_and_the_user_is_never_without(users, check_mode):
    users.has(USER)
    users.knows_roles("Admin", "Op", "Viewer")
    if not check_mode:
        users.role("add-role", "Admin")
        users.role("remove-role", "Op")
    result = users(check_mode=check_mode, username="deploy", roles=["Admin", "Viewer"])
    assert result["changed"] is True
    assert result["diff"]["after"] == {"deploy": {"roles": ["Admin", "Viewer"]}}


def test_all_roles_are_taken_away(users):
    users.has(USER)
    users.role("remove-role", "Op")
    users.role("remove-role", "Viewer")
    assert users(username="deploy", roles=[])["user"]["roles"] == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_password_is_set_each_time(users, check_mode):
    users.has(USER)
    if not check_mode:
        users.script.expect("users", "reset-password", "--username=deploy", typed=TWICE, err=PROMPTS)
    result = users(check_mode=check_mode, username="deploy", password=PASSWORD)
    assert result["diff"]["after"] == {"deploy": {"password": "(changed)"}}
    assert "s3cret" not in str(result)


@pytest.mark.parametrize(
    ("status", "err"),
    [
        (2, "airflow users command error: argument COMMAND: invalid choice: 'reset-password' (choose from 'create')"),
        (1, "AssertionError: The sqlalchemy extension was not registered to the current application."),
    ],
    ids=["2.3", "2.11"],
)
def test_a_version_that_cannot_change_passwords_writes_nothing(users, status, err):
    users.has(USER)
    users.knows_roles("Admin", "Op", "Viewer")
    users.script.expect("users", "reset-password", "--username=deploy", typed=TWICE, status=status, err=err)
    error = users.failure(username="deploy", password=PASSWORD, roles=["Admin"])
    assert isinstance(error, Unsupported)
    assert "of this version cannot change the password of user deploy, who exists; set update_password" in error.message


def test_names_of_a_user_that_exists_cannot_be_changed(users):
    users.has(USER)
    error = users.failure(check_mode=True, username="deploy", email="x@y", first_name="De", last_name="Z", roles=["Op"])
    assert isinstance(error, Unsupported)
    assert "cannot change email, last_name of user deploy, who exists" in error.message


def test_airflow_takes_upper_and_lower_case_for_the_same(users):
    users.has(USER)
    assert "cannot change username of user deploy" in users.failure(username="Deploy").message


def test_the_very_name_counts_first(users):
    other = {**USER, "username": "Deploy", "roles": ["Admin"]}
    users.has(other, USER)
    assert users(username="deploy")["user"] == USER


def test_an_address_that_is_taken(users):
    words = "The e-mail address deploy@example.com belongs to user admin already; "
    users.has({**ADMIN, "email": NAMES["email"]})
    error = users.failure(**NAMES, roles=["Op"], password=PASSWORD)
    assert isinstance(error, BadInput)
    assert error.message == f"{words}give deploy another one in email."
    users.has({**ADMIN, "email": NAMES["email"]})
    assert users(check_mode=True, **NAMES, roles=["Op"], password=PASSWORD)["changed"] is True
    assert users.warnings == [f"{words}check mode goes on as if a task before had freed it."]


@pytest.mark.parametrize("exists", [False, True])
def test_a_role_that_does_not_exist_writes_nothing(users, exists):
    users.has(*([USER] if exists else []))
    users.knows_roles("Admin", "Op", "Viewer")
    error = users.failure(**NAMES, roles=["Op", "Gardener"], password=PASSWORD, update_password="on_create")
    assert isinstance(error, BadInput)
    assert "User deploy cannot have the role Gardener: Airflow has no such role; make it first" in error.message


@pytest.mark.parametrize("password", ["two\nlines", "tab\there", "x" * 2048], ids=["line break", "tab", "long"])
@pytest.mark.parametrize("exists", [False, True])
def test_a_password_that_cannot_be_typed(users, password, exists):
    users.has(*([USER] if exists else []))
    error = users.failure(check_mode=True, **NAMES, roles=["Op"], password=password)
    assert "cannot be typed to the command airflow" in error.message


def test_nothing_of_what_was_printed_is_shown_when_a_password_was_typed(users):
    users.has()
    users.knows_roles("Op")
    users.creates(status=1, out=f"IntegrityError: parameters: {HASH}", err=f"Failed to create user {HASH} {PASSWORD}")
    error = users.failure(**NAMES, roles=["Op"], password=PASSWORD)
    assert error.message == (
        "/opt/bin/airflow users create ended with status 1: what it printed is not shown, since it may hold the "
        "password; see to airflow_command, airflow_home and the user that the task becomes."
    )


@pytest.mark.parametrize("said", ["deploy already exist in the db", "deploy already exists in the db"])
def test_a_user_that_is_made_meanwhile(users, said):
    """The command has status 0 then, and has done nothing."""
    users.has()
    users.knows_roles("Op")
    users.creates(out=said)
    assert isinstance(users.failure(**NAMES, roles=["Op"], password=PASSWORD), Conflict)


@pytest.mark.parametrize("check_mode", [False, True])
def test_absent(users, check_mode):
    users.has(USER)
    if not check_mode:
        users.script.expect("users", "delete", "--username=deploy", out='User "deploy" deleted')
    result = users(check_mode=check_mode, username="deploy", state="absent")
    assert (result["changed"], result["user"]) == (True, None)


def test_absent_once_more(users):
    users.has(ADMIN)
    assert users(username="deploy", state="absent")["changed"] is False


def test_absent_of_a_user_that_is_deleted_meanwhile(users):
    users.has(USER)
    users.script.expect("users", "delete", "--username=deploy", status=1, err='User "deploy" does not exist')
    assert users(username="deploy", state="absent")["changed"] is True


def test_a_user_that_cannot_be_deleted(users):
    users.has(USER)
    err = 'psycopg2.errors.ForeignKeyViolation: on table "ab_user"\n(Background on this error at: https://sqlalche.me)'
    users.script.expect("users", "delete", "--username=deploy", status=1, err=err)
    error = users.failure(username="deploy", state="absent")
    assert (
        'users delete ended with status 1: psycopg2.errors.ForeignKeyViolation: on table "ab_user"; see'
        in error.message
    )


@pytest.mark.parametrize(
    "err",
    [
        "airflow command error: argument GROUP_OR_COMMAND: invalid choice: 'users' (choose from 'dags'), see help.",
        "AttributeError: module has no attribute 'AirflowSecurityManager'",
    ],
    ids=["3.0", "3.3"],
)
def test_an_airflow_without_users(users, err):
    users.script.expect("users", "list", "-o", "json", status=2, err=err)
    error = users.failure(**NAMES)
    assert isinstance(error, Unsupported)
    assert error.message.startswith("The command airflow knows no users and roles: it needs Airflow's FAB auth manager")


@pytest.mark.parametrize("answer", [[{}], [{**USER, "roles": None}]])
def test_users_of_another_shape(users, answer):
    users.script.lists("users", "list", answer=answer)
    assert isinstance(users.failure(username="deploy"), CommandFailed)


# -- roles

READ: Pair = ("can_read", "DAGs")
EDIT: Pair = ("can_edit", "DAGs")
RUNS: Pair = ("can_read", "DAG Runs")
WEBSITE: Pair = ("can_read", "Website")


def test_a_new_role(roles):
    roles.has_only_the_names("Op")
    roles.script.expect("roles", "create", "trigger", out="Added 1 role(s)")
    roles.changes("add-perms", "can_edit", "DAGs")
    roles.changes("add-perms", "can_read", "DAG Runs", "DAGs")
    result = roles(name="trigger", permissions=permissions(READ, EDIT, RUNS))
    assert result["changed"] is True
    assert result["role"] == {"name": "trigger", "permissions": permissions(EDIT, RUNS, READ)}


def test_a_new_role_in_check_mode(roles):
    roles.has_only_the_names("Op")
    result = roles(check_mode=True, name="trigger", permissions=permissions(READ))
    assert (result["changed"], result["role"]["permissions"]) == (True, permissions(READ))


def test_a_new_role_that_cannot_get_its_permissions_is_taken_back(roles):
    roles.has_only_the_names("Op")
    roles.script.expect("roles", "create", "trigger")
    roles.changes("add-perms", "can_read", "DAG:etl", status=1, out="Resource named 'DAG:etl' does not exist")
    roles.script.expect("roles", "delete", "trigger")
    error = roles.failure(name="trigger", permissions=permissions(("can_read", "DAG:etl")))
    assert isinstance(error, BadInput)
    assert error.message == (
        "Airflow refused role trigger: it knows no resource DAG:etl; deploy the DAG first, since Airflow has to read "
        "it, or correct its id."
    )


@pytest.mark.parametrize(
    ("pair", "said", "words"),
    [
        (("can_read", "Dags"), "Resource named 'Dags'", "resource Dags (did you mean DAGs?); correct it."),
        (("can_raed", "DAGs"), "Action named 'can_raed'", "action can_raed (did you mean can_read?); correct it."),
        (("can_read", "Birds"), "Resource named 'Birds'", "resource Birds; correct it."),
    ],
)
def test_what_airflow_does_not_know_is_to_be_corrected(roles, pair, said, words):
    """It is no fault of the command, its folder or its user."""
    roles.has(READ)
    roles.changes("add-perms", pair[0], pair[1], status=1, out=f"{said} does not exist")
    error = roles.failure(name="trigger", permissions=permissions(READ, pair))
    assert isinstance(error, BadInput)
    assert error.message == f"Airflow refused role trigger: it knows no {words}"


def test_a_new_role_that_is_left_without_its_permissions(roles):
    roles.has_only_the_names("Op")
    roles.script.expect("roles", "create", "trigger")
    roles.changes("add-perms", "can_read", "DAGs", status=1, err="database is locked")
    roles.script.expect("roles", "delete", "trigger", status=1, err="database is locked")
    error = roles.failure(name="trigger", permissions=permissions(READ))
    assert error.message.endswith(" Role trigger was made, and lacks permissions; repeating the task adds them.")
    assert error.details == {"changed": True}


def test_a_part_of_the_permissions_of_a_role(roles):
    roles.has(EDIT)
    roles.changes("add-perms", "can_read", "DAGs")
    roles.changes("del-perms", "can_edit", "DAGs", status=1, err="database is locked")
    error = roles.failure(name="trigger", permissions=permissions(READ))
    assert error.message.endswith(
        " A part of the changes to role trigger was made; repeating the task makes the others."
    )
    assert error.details == {"changed": True}


@pytest.mark.parametrize("append", [False, True])
def test_nothing_to_change_in_a_role(roles, append):
    roles.has(READ, EDIT, WEBSITE)
    result = roles(name="trigger", permissions=permissions(READ, EDIT), append=append)
    assert result["changed"] is False
    assert result["role"]["permissions"] == permissions(EDIT, READ, WEBSITE)


def test_a_role_without_permissions_exists(roles):
    roles.has_only_the_names("Op", "trigger")
    assert roles(name="trigger") == {
        "changed": False,
        "role": {"name": "trigger", "permissions": []},
        "diff": {"before": {}, "after": {}},
    }


@pytest.mark.parametrize("check_mode", [False, True])
def test_permissions_are_added_before_others_are_taken_away(roles, check_mode):
    roles.has(EDIT, RUNS, WEBSITE)
    if not check_mode:
        roles.changes("add-perms", "can_read", "DAGs")
        roles.changes("del-perms", "can_edit", "DAGs")
        roles.changes("del-perms", "can_read", "DAG Runs")
    result = roles(check_mode=check_mode, name="trigger", permissions=permissions(READ))
    assert result["changed"] is True
    assert result["role"]["permissions"] == permissions(READ, WEBSITE)


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_absent_role(roles, check_mode):
    roles.has(READ)
    if not check_mode:
        roles.script.expect("roles", "delete", "trigger", out="Deleted 1 role(s)")
    assert roles(check_mode=check_mode, name="trigger", state="absent")["changed"] is True


def test_a_role_that_is_deleted_meanwhile(roles):
    roles.has(READ)
    roles.script.expect("roles", "delete", "trigger", status=1, out="Role named 'trigger' does not exist")
    assert roles(name="trigger", state="absent")["changed"] is True


def test_a_version_that_knows_no_permissions(roles):
    err = "airflow command error: unrecognized arguments: -p, see help above."
    roles.script.expect("roles", "list", "-p", "-o", "json", status=2, err=err)
    error = roles.failure(name="trigger", permissions=permissions(READ))
    assert isinstance(error, Unsupported)
    assert "of this version cannot tell or change the permissions of roles" in error.message


def test_no_role_at_all(roles):
    roles.has_only_the_names()
    assert isinstance(roles.failure(name="trigger"), Unsupported)


@pytest.mark.parametrize(
    ("name", "pair", "option"),
    [("-x", READ, "name"), ("x", ("-r", "DAGs"), "permissions"), ("x", ("can_read", "--help"), "permissions")],
)
def test_a_name_that_would_be_an_option(roles, name, pair, option):
    if option == "permissions":
        roles.has_only_the_names("Op")
    error = roles.failure(check_mode=True, name=name, permissions=permissions(pair))
    assert error.message.startswith(f"{option} has a name that is empty or begins with a dash")


@pytest.mark.parametrize("answer", [[{}], [{"name": "trigger", "resource": "DAGs", "action": None}]])
def test_roles_of_another_shape(roles, answer):
    roles.script.lists("roles", "list", "-p", answer=answer)
    assert isinstance(roles.failure(name="trigger"), CommandFailed)
