# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, Conflict, Unsupported
from ansible_collections.dagops.airflow.plugins.modules import airflow_role
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

Pair = t.Tuple[str, str]
READ: Pair = ("can_read", "DAGs")
EDIT: Pair = ("can_edit", "DAGs")
WEBSITE: Pair = ("can_read", "Website")
MARK = "__substitute"


def actions(*pairs: Pair) -> list[dict[str, t.Any]]:
    return [{"action": {"name": action}, "resource": {"name": resource}} for action, resource in pairs]


def permissions(*pairs: Pair) -> list[dict[str, str]]:
    return [{"action": action, "resource": resource} for action, resource in pairs]


class Roles(Runner):
    def path(self, below: str) -> str:
        return {"v1": "/api/v1", "v2": "/auth/fab/v1"}[self.generation.name] + below

    def has(self, *pairs: Pair, name: str = "trigger") -> Exchange:
        return self.server.get(self.path(f"/roles/{name}")).answers({"name": name, "actions": actions(*pairs)})

    def has_not(self, name: str = "trigger") -> Exchange:
        body = self.generation.problem(404, "Role not found", f"Role with name `{name}` was not found")
        return self.server.get(self.path(f"/roles/{name}")).answers(body, 404)

    def lists_roles(self, *more: dict[str, t.Any]) -> None:
        """What Airflow is asked where a role is new, or is to get a permission."""
        roles = [{"name": "Admin", "actions": actions(READ, EDIT, WEBSITE)}, {"name": "Op", "actions": []}, *more]
        body = {"roles": roles, "total_entries": len(roles)}
        self.server.get(self.path("/roles"), {"limit": 100, "offset": 0}).answers(body)

    def lists_permissions(self, *pairs: Pair) -> None:
        """Airflow 2 lists actions alone."""
        listed: list[t.Any] = actions(*pairs)
        if self.generation.name == "v1":
            listed = [{"name": name} for name in sorted({action for action, _resource in pairs})]
        body = {"actions": listed, "total_entries": len(listed)}
        self.server.get(self.path("/permissions"), {"limit": 100, "offset": 0}).answers(body)

    def posted(self, *pairs: Pair, name: str = "trigger") -> Exchange:
        sends = {"name": name, "actions": actions(*pairs)}
        return self.server.post(self.path("/roles"), sends=sends).answers({} if self.generation.name == "v1" else sends)

    def patched(self, *pairs: Pair) -> Exchange:
        sends = {"name": "trigger", "actions": actions(*pairs)}
        return self.server.patch(self.path("/roles/trigger"), sends=sends).answers(sends)

    def lists_users(self, **roles_of: list[str]) -> Exchange:
        users = [user(name, roles) for name, roles in roles_of.items()]
        query = {"limit": 100, "offset": 0}
        return self.server.get(self.path("/users"), query).answers({"users": users, "total_entries": len(users)})

    def moves(self, name: str, roles: list[str]) -> Exchange:
        return self.server.patch(self.path(f"/users/{name}"), sends=user(name, roles)).answers(user(name, roles))

    def deletes(self, name: str, there: bool = True) -> Exchange:
        gone = self.generation.problem(404, "Role not found", "Role was not found")
        exchange = self.server.delete(self.path(f"/roles/{name}"))
        return exchange.says("", 204) if there else exchange.answers(gone, 404)

    def renames(self, role: str, name: str) -> Exchange:
        sends = {"name": name, "actions": []}
        return self.server.patch(self.path(f"/roles/{role}"), {"update_mask": "name"}, sends=sends).answers(sends)


def user(name: str, roles: list[str]) -> dict[str, t.Any]:
    texts = {"username": name, "email": f"{name}@b", "first_name": "x", "last_name": "y"}
    return {**texts, "roles": [{"name": role} for role in roles]}


@pytest.fixture
def roles(server: Server, generation: Generation) -> Roles:
    return Roles(server, generation, airflow_role)


@pytest.mark.parametrize(("said", "reason"), [("Taken", "Taken"), ("", "its name is taken")])
def test_a_new_role_that_airflow_refuses_as_one_that_is_there(roles, said, reason):
    """A role has no address."""
    roles.has_not()
    roles.lists_roles()
    roles.posted(READ).answers({"detail": said}, 409)
    roles.has_not()
    error = roles.failure(name="trigger", permissions=permissions(READ))
    assert isinstance(error, Conflict)
    assert error.message == f"Airflow refused role trigger: {reason}; choose another name."


@pytest.mark.parametrize("there", [[READ], []])
@pytest.mark.parametrize("status", [409, 500])
def test_a_role_that_somebody_else_has_made_meanwhile(roles, there, status):
    """Another host of the play, for example."""
    roles.has_not()
    roles.lists_roles()
    roles.posted(READ).answers({"detail": "Taken"}, status)
    roles.has(*there)
    if there != [READ]:
        roles.patched(READ)
    result = roles(name="trigger", permissions=permissions(READ))
    assert (result["changed"], result["role"]["permissions"]) == (True, permissions(READ))


def test_all_that_is_documented_is_returned(roles):
    roles.has(READ)
    result = roles(name="trigger")
    doc = documented(airflow_role)["role"]["contains"]
    assert set(result["role"]) == set(doc)
    assert set(result["role"]["permissions"][0]) == set(doc["permissions"]["contains"])


def creates(roles: Roles, *pairs: Pair) -> None:
    roles.has_not()
    roles.lists_roles()
    roles.posted(*pairs)


def test_a_new_role(roles):
    creates(roles, EDIT, READ)
    result = roles(name="trigger", permissions=permissions(READ, EDIT, READ))
    assert result["changed"] is True
    assert result["role"] == {"name": "trigger", "permissions": permissions(EDIT, READ)}
    assert result["diff"]["after"] == {"trigger": result["role"]}


def test_a_new_role_in_check_mode(roles):
    roles.has_not()
    roles.lists_roles()
    result = roles(check_mode=True, name="trigger", permissions=permissions(READ))
    assert result["changed"] is True
    assert result["role"] == {"name": "trigger", "permissions": permissions(READ)}


def test_a_new_role_without_permissions(roles):
    creates(roles)
    assert roles(name="trigger")["role"]["permissions"] == []


LEFT = {"name": "trigger" + MARK, "actions": actions(READ, WEBSITE)}


def test_a_new_role_is_the_one_that_an_update_which_broke_off_has_left(roles):
    """So its users have it, whenever this breaks off, too."""
    roles.has_not()
    roles.lists_roles(LEFT)
    roles.renames("trigger" + MARK, "trigger")
    assert roles(name="trigger", permissions=permissions(READ))["changed"] is True


@pytest.mark.parametrize("refused", [False, True])
def test_the_role_that_was_left_gets_other_permissions(roles, generation, refused):
    roles.has_not()
    roles.lists_roles(LEFT)
    roles.renames("trigger" + MARK, "trigger")
    change = roles.patched(EDIT, READ, WEBSITE)
    wanted = permissions(READ, EDIT)
    if not refused:
        assert roles(name="trigger", permissions=wanted)["changed"] is True
        return
    change.answers(generation.problem(403, "No"), 403)
    error = roles.failure(name="trigger", permissions=wanted)
    assert error.details == {"changed": True}
    assert error.message.endswith(
        " Role trigger has its name and its users again; repeat the task, which goes on from there."
    )


# How far taking a permission away has come, and what is said when the step after that is refused.
FAR = [
    (0, ""),
    (1, "Users of role trigger have it again in the place of trigger__substitute; "),
    (2, "Users of role trigger have it again in the place of trigger__substitute; "),
    (3, "Role trigger__substitute, which is to take its place, was made; "),
    (4, "Users of role trigger have the role trigger__substitute for now; "),
    (5, "Users of role trigger have the role trigger__substitute for now; "),
    (6, "Role trigger is called trigger__substitute for now, and its users have that; "),
]


@pytest.mark.parametrize(("far", "words"), FAR)
def test_an_update_that_breaks_off_tells_what_was_done(server, far, words):
    roles = Roles(server, GENERATIONS["v1"], airflow_role)
    roles.has(EDIT, READ)
    roles.lists_users(ann=["trigger" + MARK, "Viewer"], bob=["trigger"], cid=["Viewer"])
    steps: list[t.Callable[[], Exchange]] = [
        lambda: roles.moves("ann", ["Viewer", "trigger"]),
        lambda: roles.deletes("trigger" + MARK),
        lambda: roles.posted(READ, name="trigger" + MARK),
        lambda: roles.moves("ann", ["Viewer", "trigger" + MARK]),
        lambda: roles.moves("bob", ["trigger" + MARK]),
        lambda: roles.deletes("trigger"),
        lambda: roles.renames("trigger" + MARK, "trigger"),
    ]
    for step in steps[:far]:
        step()
    steps[far]().answers(roles.generation.problem(403, "No"), 403)
    error = roles.failure(name="trigger", permissions=permissions(READ))
    assert error.details == ({"changed": True} if words else {})
    if words:
        assert error.message.endswith(f" {words}repeat the task, which goes on from there.")
    else:
        assert "repeat" not in error.message


@pytest.mark.parametrize("adds_only", [False, True])
def test_an_airflow_3_that_only_adds_permissions_and_does_not_say_so(server, adds_only):
    """As 3.0 to 3.2 do."""
    roles = Roles(server, GENERATIONS["v2"], airflow_role)
    roles.has(READ, EDIT)
    roles.patched(READ)
    roles.has(READ, *([EDIT] if adds_only else []))
    if adds_only:
        roles.lists_users(ann=["trigger"])
        roles.deletes("trigger" + MARK, there=False)
        roles.posted(READ, name="trigger" + MARK)
        roles.moves("ann", ["trigger" + MARK])
        roles.deletes("trigger")
        roles.renames("trigger" + MARK, "trigger")
    assert roles(name="trigger", permissions=permissions(READ))["changed"] is True


def test_what_an_airflow_3_may_not_have_taken_away(server):
    roles = Roles(server, GENERATIONS["v2"], airflow_role)
    roles.has(READ, EDIT)
    roles.patched(READ)
    server.get(roles.path("/roles/trigger")).answers(roles.generation.problem(403, "No"), 403)
    error = roles.failure(name="trigger", permissions=permissions(READ))
    assert error.details == {"changed": True}
    assert error.message.endswith(" Role trigger may still have permissions that it is to lose; repeat the task.")


ADMINS: list[Pair] = [("can_delete", "Roles"), ("can_edit", "Roles"), ("can_edit", "Users")]


@pytest.mark.parametrize("name", ["Admin", "Viewer"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_taking_permissions_from_one_of_airflows_own_roles_is_told(server, check_mode, name):
    roles = Roles(server, GENERATIONS["v2"], airflow_role)
    roles.has(READ, WEBSITE, *ADMINS, EDIT, name=name)
    if not check_mode:
        sends = {"name": name, "actions": actions(WEBSITE)}
        server.patch(roles.path(f"/roles/{name}"), sends=sends).answers(sends)
        roles.has(WEBSITE, name=name)
    assert roles(check_mode, name=name, permissions=[])["changed"] is True
    assert roles.warnings == [
        f"This takes 5 permissions from the role {name}, one of Airflow's own (can_delete on Roles, can_edit on DAGs, "
        "can_edit on Roles, can_edit on Users, and 1 more); the command airflow sync-perm gives them back, and append: "
        "true takes none away."
    ]


def test_giving_admin_a_permission_is_no_warning(roles):
    roles.has(READ, name="Admin")
    roles.lists_roles()
    roles(check_mode=True, name="Admin", permissions=permissions(READ, EDIT))
    roles.has(READ, EDIT, name="Admin")
    roles(check_mode=True, name="Admin", permissions=permissions(EDIT), append=True)
    assert roles.warnings == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("name", "own", "refused"), [("Admin", None, True), ("boss", ["boss"], True), ("boss", ["Admin", "boss"], False)]
)
def test_who_could_not_end_an_update_does_not_begin_it(server, check_mode, name, own, refused):
    """Airflow 2 takes permissions away by a second role, which would not let this user go on."""
    roles = Roles(server, GENERATIONS["v1"], airflow_role)
    roles.has(READ, *ADMINS, name=name)
    path = roles.path("/users/deploy")
    if own:
        server.get(path).answers(user("deploy", own))
    else:
        server.get(path).answers(roles.generation.problem(404, "User not found"), 404)
    if refused:
        assert roles.failure(check_mode, name=name, permissions=permissions(READ)).message == (
            f"Role {name} cannot lose can_delete on Roles, can_edit on Roles, can_edit on Users: this version of "
            "Airflow takes permissions away with a second role, and the user that is logged in, who has "
            f"{name} alone, could not end that; log in as a user with another role for it."
        )
    elif check_mode:
        assert roles(check_mode, name=name, permissions=permissions(READ))["changed"] is True
    else:
        roles.lists_users()
        roles.deletes(name + MARK, there=False)
        roles.posted(READ, name=name + MARK)
        roles.deletes(name)
        roles.renames(name + MARK, name)
        assert roles(name=name, permissions=permissions(READ))["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_role_for_whose_substitute_there_is_no_room(server, check_mode):
    roles = Roles(server, GENERATIONS["v1"], airflow_role)
    name = "r" * 53
    roles.has(READ, EDIT, name=name)
    message = roles.failure(check_mode, name=name, permissions=permissions(READ)).message
    assert message.startswith(f"Role {name} cannot lose permissions on this version of Airflow")
    assert message.endswith("; make a role whose name has 52 characters or fewer in its place.")


def test_a_name_that_is_too_long_for_the_database(roles, server):
    message = roles.failure(name="r" * 65).message
    assert message.endswith(" has 65 characters; shorten it to 64 or fewer.")
    assert server.requests == []


def test_a_role_with_a_long_name_can_be_deleted(roles):
    roles.has_not("r" * 65)
    assert roles(name="r" * 65, state="absent")["changed"] is False


@pytest.mark.parametrize(("dag", "meant"), [("nope", ""), ("oks", " (did you mean DAG:ok?)")])
def test_who_names_a_dag_means_no_other_resource(server, dag, meant):
    roles = Roles(server, GENERATIONS["v2"], airflow_role)
    wanted: Pair = ("can_read", f"DAG:{dag}")
    roles.has(READ)
    roles.lists_roles()
    roles.lists_permissions(READ, ("can_read", "DAG:ok"), ("can_read", "DAG Code"))
    sends = {"name": "trigger", "actions": actions(wanted, READ)}
    said = roles.generation.problem(400, "Bad Request", f"The specified resource: 'DAG:{dag}' was not found")
    server.patch(roles.path("/roles/trigger"), sends=sends).answers(said, 400)
    message = roles.failure(name="trigger", permissions=permissions(READ, wanted)).message
    assert message.startswith(f"Airflow refused role trigger: it knows no resource DAG:{dag}{meant}; ")
    assert roles.warnings[0].startswith(f"Role trigger names the resource DAG:{dag}{meant}, which no role has so far")


def test_an_update_keeps_the_users_of_one_that_broke_off(server):
    """Otherwise they would lose the role with its substitute, for good should this one break off, too."""
    roles = Roles(server, GENERATIONS["v1"], airflow_role)
    roles.has(EDIT, READ)
    roles.lists_users(ann=["trigger" + MARK, "Viewer"], bob=["trigger"], cid=["Viewer"])
    roles.moves("ann", ["Viewer", "trigger"])
    roles.deletes("trigger" + MARK)
    roles.posted(READ, name="trigger" + MARK)
    roles.moves("ann", ["Viewer", "trigger" + MARK])
    roles.moves("bob", ["trigger" + MARK])
    roles.deletes("trigger")
    sends = {"name": "trigger", "actions": []}
    path = roles.path(f"/roles/trigger{MARK}")
    server.patch(path, {"update_mask": "name"}, sends=sends).answers(sends)
    assert roles(name="trigger", permissions=permissions(READ))["changed"] is True


UNCHANGED: list[tuple[list[Pair] | None, bool]] = [
    ([EDIT, READ], False),
    ([READ, EDIT, READ], False),
    (None, False),
    ([READ], True),
]


@pytest.mark.parametrize(("wanted", "append"), UNCHANGED)
def test_nothing_to_change(roles, wanted, append):
    roles.has(READ, EDIT, WEBSITE)
    given = None if wanted is None else permissions(*wanted)
    result = roles(name="trigger", permissions=given, append=append)
    assert result["changed"] is False
    assert result["role"]["permissions"] == permissions(EDIT, READ, WEBSITE)
    assert result["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("check_mode", [False, True])
def test_permissions_are_added(roles, append, check_mode):
    roles.has(READ)
    roles.lists_roles()
    if not check_mode:
        roles.patched(EDIT, READ)
    wanted = [EDIT] if append else [EDIT, READ]
    result = roles(check_mode=check_mode, name="trigger", permissions=permissions(*wanted), append=append)
    assert result["changed"] is True
    assert result["role"]["permissions"] == permissions(EDIT, READ)
    assert result["diff"]["before"] == {"trigger": {"permissions": permissions(READ)}}


def test_permissions_are_taken_away(roles, server, generation):
    """Airflow 2 can only add: a second role takes over, and no user is without rights at any moment."""
    roles.has(READ, EDIT, WEBSITE)
    if generation.name == "v2":
        roles.patched(READ, WEBSITE)
        roles.has(READ, WEBSITE)
    else:
        roles.lists_users(ann=["Viewer", "trigger"], bob=["Viewer"])
        roles.deletes("trigger" + MARK, there=False)
        roles.posted(READ, WEBSITE, name="trigger" + MARK)
        roles.moves("ann", ["Viewer", "trigger" + MARK])
        roles.deletes("trigger")
        server.patch(
            f"/api/v1/roles/trigger{MARK}", {"update_mask": "name"}, sends={"name": "trigger", "actions": []}
        ).answers({"name": "trigger", "actions": []})
    result = roles(name="trigger", permissions=permissions(READ))
    assert result["changed"] is True
    assert result["role"]["permissions"] == permissions(READ, WEBSITE)


def test_permissions_would_be_taken_away(roles):
    roles.has(READ, EDIT)
    result = roles(check_mode=True, name="trigger", permissions=permissions(READ))
    assert result["changed"] is True
    assert result["role"]["permissions"] == permissions(READ)


ODD: Pair = ("can_raed", "DAGs")
CASES: list[tuple[Pair, str]] = [
    (ODD, "Role trigger cannot have the action can_raed (did you mean can_read?): Airflow has no such action; "),
    (("can_read", "Dags"), "Role trigger cannot have the resource Dags (did you mean DAGs"),
]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("pair", "words"), CASES, ids=["action", "resource"])
def test_a_permission_that_airflow_does_not_know_writes_nothing(server, check_mode, pair, words):
    roles = Roles(server, GENERATIONS["v2"], airflow_role)
    roles.has(READ)
    roles.lists_roles()
    roles.lists_permissions(READ, EDIT, ("can_read", "DAG Runs"))
    error = roles.failure(check_mode=check_mode, name="trigger", permissions=permissions(READ, pair))
    assert isinstance(error, BadInput)
    assert error.message.startswith(words)


def test_an_action_that_airflow_2_does_not_know(server):
    roles = Roles(server, GENERATIONS["v1"], airflow_role)
    roles.has(READ)
    roles.lists_roles()
    roles.lists_permissions(READ, EDIT)
    assert roles.failure(name="trigger", permissions=permissions(READ, ODD)).message.startswith(CASES[0][1])


def test_a_permission_that_no_role_has_may_be_one(roles):
    """Airflow 3 tells all of them; Airflow 2 does not, so somebody who looks is warned."""
    roles.has(READ)
    roles.lists_roles()
    roles.lists_permissions(READ, ("can_watch", "Birds"))
    roles(check_mode=True, name="trigger", permissions=permissions(READ, ("can_watch", "Birds")))
    assert len(roles.warnings) == (1 if roles.generation.name == "v1" else 0)


@pytest.mark.parametrize("parsed", [False, True])
def test_check_mode_warns_of_a_dag_that_airflow_does_not_know(roles, server, generation, parsed):
    """A task before may bring it."""
    wanted: Pair = ("can_read", "DAG:etl a")
    roles.has(READ)
    roles.lists_roles()
    roles.lists_permissions(READ, *([wanted] if parsed else []))
    if generation.name == "v1":
        exchange = server.get("/api/v1/dags/etl%20a")
        exchange.answers(generation.dag()) if parsed else exchange.answers(generation.problem(404, "Not found"), 404)
    assert roles(check_mode=True, name="trigger", permissions=permissions(wanted), append=True)["changed"] is True
    assert [warning[:48] for warning in roles.warnings] == (
        [] if parsed else ["Role trigger names the resource DAG:etl a, which"]
    )


@pytest.mark.parametrize("place", ["/roles", "/permissions"])
def test_who_may_not_read_permissions_leaves_them_to_airflow(roles, server, generation, place):
    roles.has(READ)
    if place == "/permissions":
        roles.lists_roles()
    server.get(roles.path(place), {"limit": 100, "offset": 0}).answers(generation.problem(403, "No"), 403)
    roles.patched(ODD, READ)
    assert roles(name="trigger", permissions=permissions(ODD), append=True)["changed"] is True


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("The specified resource: 'Dags' was not found", "it knows no resource Dags (did you mean DAGs?); correct it."),
        ('The specified action: "can_\'x" was not found', "it knows no action can_'x; correct it."),
        (
            "The specified resource: 'DAG:nonesuch' was not found",
            "it knows no resource DAG:nonesuch; deploy the DAG first, since Airflow has to read it, or correct its id.",
        ),
        ("Too many roles", "Too many roles; correct it."),
    ],
)
def test_a_refusal_names_the_role_and_says_what_to_do(roles, server, generation, said, words):
    roles.has(READ)
    roles.lists_roles()
    sends = {"name": "trigger", "actions": actions(EDIT, READ)}
    answer = generation.problem(400, "Bad Request", said)
    server.patch(roles.path("/roles/trigger"), sends=sends).answers(answer, 400)
    message = roles.failure(name="trigger", permissions=permissions(READ, EDIT)).message
    assert message == f"Airflow refused role trigger: {words}"


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("own", "words"), [(["trigger"], "trigger is the last role of deploy, "), (["Op"], "")])
def test_who_deletes_the_last_role_of_the_own_user_is_warned(server, check_mode, own, words):
    roles = Roles(server, GENERATIONS["v1"], airflow_role)
    roles.has(READ)
    server.get("/api/v1/users/deploy").answers(user("deploy", own))
    if not check_mode:
        roles.deletes("trigger")
    roles(check_mode=check_mode, name="trigger", state="absent")
    assert [warning.startswith(words) for warning in roles.warnings] == [True] * bool(words)


@pytest.mark.parametrize("check_mode", [False, True])
def test_absent(roles, server, generation, check_mode):
    roles.has(READ)
    if generation.name == "v1":
        server.get("/api/v1/users/deploy").answers(generation.problem(403, "No"), 403)
    if not check_mode:
        roles.deletes("trigger")
    result = roles(check_mode=check_mode, name="trigger", state="absent")
    assert result["changed"] is True
    assert result["role"] is None
    assert result["diff"] == {"before": {"trigger": {"state": "present"}}, "after": {"trigger": {"state": "absent"}}}


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_role_of_airflow_is_not_deleted(roles, check_mode):
    message = roles.failure(check_mode=check_mode, name="Admin", state="absent").message
    assert message == "Admin is one of Airflow's own roles, which is never removed; name another role."


def test_absent_once_more(roles):
    roles.has_not()
    result = roles(name="trigger", state="absent")
    assert result["changed"] is False
    assert result["role"] is None


def test_a_name_is_quoted(roles, server):
    path = roles.path("/roles/b%3F%20c")
    server.get(path).answers({"name": "b? c", "actions": None})
    assert roles(name="b? c")["role"] == {"name": "b? c", "permissions": []}


def test_a_server_without_roles(roles, server):
    server.get(roles.path("/roles/trigger")).answers({"error": "API route not found"}, 404)
    assert isinstance(roles.failure(name="trigger"), Unsupported)


def test_a_server_whose_web_interface_answers_instead(server):
    """Of Airflow 3.3 with the simple auth manager: a page, whatever the path."""
    roles = Roles(server, GENERATIONS["v2"], airflow_role)
    server.get(roles.path("/roles/trigger")).says("<html><title>Airflow</title></html>", 200, "text/html")
    assert isinstance(roles.failure(name="trigger"), Unsupported)


def test_a_users_api_that_takes_no_token(server):
    """As that of Airflow 3.0, whose advice is not only to look at the token."""
    roles = Roles(server, GENERATIONS["v2"], airflow_role)
    server.get(roles.path("/roles/trigger")).answers({"title": "Unauthorized"}, 401)
    assert "Airflow 3.0 takes api_username and api_password here" in roles.failure(name="trigger").message


@pytest.mark.parametrize("shape", [[], "text", 1, None, {}, {"name": "trigger", "actions": [{"action": "can_read"}]}])
def test_a_role_of_another_shape(roles, server, shape):
    server.get(roles.path("/roles/trigger")).answers(shape)
    assert roles.failure(name="trigger", permissions=permissions(READ)).message == (
        "https://airflow.example answered with JSON of an unknown shape; check api_url and api_version."
    )
