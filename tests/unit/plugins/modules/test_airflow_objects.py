# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.pools import Pools
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    ObjectsFailed,
    Unreachable,
    Unsupported,
    WrongLogin,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.digests import digest_key
from ansible_collections.dagops.airflow.plugins.modules import airflow_objects
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, DigestBody, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import LOGINS, Runner
from ansible_collections.dagops.airflow.tests.unit.played import Played

PAGE = 100
SECRET = "a-long-secret"
PLACEHOLDER = "{{ vault_airflow['pools']['a']['description'] }}"
NO_DIFF: dict[str, t.Any] = {"before": {}, "after": {}}
OWN_ROLES = [{"name": name, "actions": []} for name in ("Admin", "Op", "Public", "User", "Viewer")]


def pool(name: str, slots: int = 8, **keys: t.Any) -> dict[str, t.Any]:
    return {"name": name, "slots": slots, "description": None, "include_deferred": False, **keys}


def variable(key: str, value: str | None = "eu", **keys: t.Any) -> dict[str, t.Any]:
    return {"key": key, "value": value, "description": None, **keys}


def connection(name: str, **keys: t.Any) -> dict[str, t.Any]:
    return {"connection_id": name, "conn_type": "http", "extra": None, **keys}


def role(name: str, *pairs: tuple[str, str]) -> dict[str, t.Any]:
    return {"name": name, "actions": [{"action": {"name": a}, "resource": {"name": r}} for a, r in pairs]}


def user(name: str, *roles: str) -> dict[str, t.Any]:
    texts = {"username": name, "email": f"{name}@b.c", "first_name": name, "last_name": "API"}
    return {**texts, "roles": [{"name": role} for role in roles]}


class Tree(Runner):
    def path(self, kind: str) -> str:
        return f"/auth/fab/v1/{kind}" if kind in ("users", "roles") and self.generation.name == "v2" else kind

    def lists(self, kind: str, *bodies: dict[str, t.Any]) -> list[Exchange]:
        """The list of a kind, in its pages."""
        more = self.generation.stale_filter if kind == "dags" else {}
        return [
            self.server.get(self.path(kind), {**more, "limit": PAGE, "offset": start}).answers(
                {kind: list(bodies[start : start + PAGE]), "total_entries": len(bodies)}
            )
            for start in range(0, max(len(bodies), 1), PAGE)
        ]

    def refuses(self, exchange: Exchange, status: int = 400, reason: str = "it does not want to") -> None:
        exchange.answers(self.generation.problem(status, "Refused", reason), status)

    def posted(self, kind: str, **sends: t.Any) -> Exchange:
        return self.server.post(self.path(kind), sends=sends).answers(sends)

    def patched_variable(self, key: str, old: str, **changed: t.Any) -> Exchange:
        if self.generation.name == "v1":
            return self.server.patch(f"variables/{key}", sends={"key": key, "value": old, **changed}).answers({})
        query = {"update_mask": sorted(changed)}
        return self.server.patch(f"variables/{key}", query, sends={"key": key, "value": "", **changed}).answers({})

    def patched_slots(self, name: str, slots: int, old: int = 8) -> Exchange:
        body = {"name": name, "slots": slots}
        if self.generation.name == "v2":
            body = {"pool": name, "slots": slots, "description": "", "include_deferred": False}  # type: ignore[dict-item]
        return self.server.patch(f"pools/{name}", {"update_mask": "slots"}, sends=body).answers({})

    def has_connection(self, body: dict[str, t.Any]) -> None:
        """On Airflow 2 each one is read by itself, too."""
        if self.generation.name == "v1":
            self.server.get(f"connections/{body['connection_id']}").answers(body)


@pytest.fixture
def tree(server: Server, generation: Generation) -> Tree:
    return Tree(server, generation, airflow_objects)


@pytest.fixture
def old(server: Server) -> Tree:
    return Tree(server, GENERATIONS["v1"], airflow_objects)


@pytest.fixture
def new(server: Server) -> Tree:
    server.prefix = GENERATIONS["v2"].prefix
    return Tree(server, GENERATIONS["v2"], airflow_objects)


def outcomes(result: dict[str, t.Any]) -> dict[str, dict[str, list[str]]]:
    """What has become of objects, without what nothing has come to."""
    return {
        kind: {outcome: names for outcome, names in found.items() if names} for kind, found in result["objects"].items()
    }


# -- what is wanted


@pytest.mark.parametrize("check_mode", [False, True])
def test_all_kinds_are_made_in_an_order_that_works(tree, server, check_mode):
    tree.lists("pools", pool("default_pool", 128))
    tree.lists("variables")
    tree.lists("connections")
    tree.lists("roles", *OWN_ROLES, role("other", ("can_read", "DAGs")))
    tree.lists("users")
    tree.lists("dags", tree.generation.dag(is_paused=True))
    if not check_mode:
        tree.posted("pools", name="etl", slots=8)
        tree.posted("variables", key="region", value="eu")
        tree.posted("connections", connection_id="warehouse", conn_type="postgres", password=SECRET)
        tree.posted("roles", **role("reader", ("can_read", "DAGs")))
        tree.posted("users", **user("ann", "reader"), password=SECRET)
        server.patch("dags/etl_daily", sends={"is_paused": False}).answers(tree.generation.dag())
    result = tree(
        check_mode,
        pools=[{"name": "etl", "slots": "8"}],
        variables={"region": "eu"},
        connections=[{"connection_id": "warehouse", "conn_type": "postgres", "password": SECRET}],
        roles=[{"name": "reader", "permissions": [{"action": "can_read", "resource": "DAGs"}]}],
        users=[{"username": "ann", "password": SECRET, "email": "ann@b.c", "roles": ["reader"]}],
        dags={"etl_daily": {"paused": False}},
    )
    assert result["changed"] is True
    assert outcomes(result) == {
        "pools": {"created": ["etl"]},
        "variables": {"created": ["region"]},
        "connections": {"created": ["warehouse"]},
        "roles": {"created": ["reader"]},
        "users": {"created": ["ann"]},
        "dags": {"updated": ["etl_daily"]},
    }
    assert (result["failed_objects"], result["unverified"]) == ([], [])
    assert result["diff"]["after"]["dags"] == {"etl_daily": {"is_paused": False}}
    assert SECRET not in str(result)


def test_a_kind_that_is_not_given_is_not_asked_for(tree):
    assert tree()["objects"] == {}
    assert outcomes(tree(pools=[])) == {"pools": {}}


@pytest.mark.parametrize("given", [{}, {"pools": []}, {"variables": {}, "dags": {}}])
def test_nothing_to_compare_is_told(tree, server, given):
    tree(**given)
    assert tree.warnings == [
        "No object was given, so nothing was compared; give connections, variables, pools, roles, users or dags, or "
        "purge, which removes objects that are not listed."
    ]
    assert server.requests == []


def test_a_purge_compares_although_no_object_is_listed(tree):
    tree.lists("pools")
    tree(pools=[], purge={"pools": {"matching": ["*"]}})
    assert tree.warnings == []


@pytest.mark.parametrize("form", ["list", "mapping", "text"])
def test_variables_are_a_list_or_a_mapping(tree, form):
    tree.lists("variables", variable("limits", '{"daily":40}'), variable("region", "us"))
    tree.patched_variable("region", "us", value="eu")
    wanted: t.Any = {"limits": {"daily": 40}, "region": "eu"}
    if form == "list":
        wanted = [{"key": key, "value": value} for key, value in wanted.items()]
    result = tree(variables=wanted)
    assert outcomes(result) == {"variables": {"updated": ["region"], "unchanged": ["limits"]}}
    assert result["diff"] == {
        "before": {"variables": {"region": {"value": "us"}}},
        "after": {"variables": {"region": {"value": "eu"}}},
    }


def test_absent_objects(tree, server):
    tree.lists("pools", pool("old"))
    server.delete("pools/old").answers({})
    result = tree(pools=[{"name": "old", "state": "absent"}, {"name": "never", "state": "absent"}])
    assert outcomes(result) == {"pools": {"removed": ["old"], "unchanged": ["never"]}}
    assert result["diff"]["after"] == {"pools": {"old": {"state": "absent"}}}


# -- secrets


def test_secrets_are_written_when_they_are_new_ones_and_digests_are_read_in_one_list(new, server):
    there = connection("warehouse", password="***")
    wanted = [{"connection_id": "warehouse", "password": SECRET}]
    new.lists("connections", there)
    new.lists("variables")
    key = digest_key("connection", "warehouse")
    server.post("variables", sends={"key": key, "value": "dagops.airflow: a secret is being written"}).answers({})
    server.patch(
        "connections/warehouse", sends={"connection_id": "warehouse", "conn_type": "http", "password": SECRET}
    ).answers({})
    kept = server.patch("variables/" + key, {"update_mask": "value"}, sends=DigestBody(key=key)).answers({})
    first = new(update_secrets="on_change", connections=wanted)
    assert outcomes(first) == {"connections": {"updated": ["warehouse"]}}
    assert first["unverified"] == [{"kind": "connections", "name": "warehouse", "field": "password"}]

    digest = json.loads(server.requests[-1].body or b"")["value"]
    assert kept.url.endswith("value")
    new.lists("connections", there)
    new.lists("variables", variable(key, digest))
    again = new(update_secrets="on_change", connections=wanted)
    assert (again["changed"], again["unverified"]) == (False, [])


@pytest.mark.parametrize(
    ("own", "top", "changed"), [({}, "on_create", False), ({"update_secrets": "always"}, "on_create", True)]
)
def test_update_secrets_of_the_task_is_the_default_of_its_items(new, server, own, top, changed):
    new.lists("variables", variable("api_key", "***"))
    if changed:
        new.patched_variable("api_key", "***", value=SECRET)
    result = new(update_secrets=top, variables=[{"key": "api_key", "secret_value": SECRET, **own}])
    assert result["changed"] is changed
    assert result["unverified"] == [{"kind": "variables", "name": "api_key", "field": "value"}]


def test_passwords_of_users_are_set_for_new_ones_only(tree):
    tree.lists("users", user("ann", "Op"))
    assert tree(users=[{"username": "ann", "password": SECRET, "roles": ["Op"]}])["changed"] is False


def test_a_connection_that_is_created_again_is_told(new):
    new.lists("connections", connection("warehouse", password="***"))
    new(True, connections=[{"connection_id": "warehouse", "password": ""}])
    assert new.warnings == [
        "To clear its password, connection warehouse is deleted and created again, and does not exist for a moment."
    ]


# -- what is refused before anything is sent


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"connections": [{"connection_id": "a"}, {"connection_id": "a"}]}, "Item 1 of connections (a) and Item 2"),
        ({"users": [{"username": "a"}, {"username": "A"}]}, "are the same object"),
        (
            {"connections": [{"connection_id": "a", "hots": "b"}]},
            "Item 1 of connections (a) has an unknown key hots (did you mean host?)",
        ),
        (
            {"pools": [{"nme": "a", "slts": 1}]},
            "Item 1 of pools has the unknown keys nme (did you mean name?), slts (did you mean slots?); it takes name,",
        ),
        ({"connections": [{"connection_id": "a", "pasword": "b"}]}, "unknown key pasword (did you mean password?)"),
        ({"pools": [{"": 1, "name": "a"}]}, "Item 1 of pools (a) has an unknown key ''; it takes name, "),
        ({"pools": [{"name": " "}]}, "Item 1 of pools: name is empty"),
        ({"variables": {"": "x"}}, "variables has an entry with an empty key; give the key, or take the entry out."),
        ({"variables": {"a": 1, " \t": "x"}}, "variables has an entry with an empty key;"),
        ({"variables": {None: "x"}}, "variables has an entry with an empty key;"),
        ({"dags": {"": {"paused": True}}}, "dags has an entry with an empty key;"),
        ({"pools": {"": 1}}, "pools is a mapping; write it like [{name: …}]."),
        ({"variables": [{"value": 1}]}, "Item 1 of variables has no key"),
        ({"variables": {"region": None}}, "variables.region has no value"),
        ({"variables": "region"}, "variables is a text; write it like [{key: …}] or {region: …}."),
        ({"variables": [["region"]]}, "Item 1 of variables must be a mapping, and is a list; write it like {key: …}."),
        ({"pools": {"etl": 8}}, "pools is a mapping; write it like [{name: …}]."),
        ({"pools": [{"name": "etl", "slots": True}]}, "slots must be a number, and is a boolean"),
        ({"dags": "etl"}, "dags is a text; write it like {etl_daily: {paused: …}}."),
        ({"roles": [{"name": "a", "permissions": ["b"]}]}, "Item 1 of roles (a): Item 1 of permissions is a text"),
        ({"roles": [{"name": "a", "permissions": [{"action": "b"}]}]}, "write it like {action: …, resource: …}"),
        ({"users": [{"username": ["a"]}]}, "Item 1 of users: username must be a text, and is a list"),
        (
            {"connections": [{"connection_id": "a", "extra": "[1]"}]},
            "Item 1 of connections (a): extra must be a mapping",
        ),
        ({"connections": [{"connection_id": "a b"}]}, "connection_id 'a b' has a blank"),
        ({"connections": [{"connection_id": "a", "port": "x"}]}, "Item 1 of connections (a): argument 'port'"),
        ({"connections": [{"connection_id": "a", "host": "b********"}]}, "in which a secret was masked"),
        ({"connections": [{"connection_id": "a", "password": "***"}]}, "password consists of asterisks only"),
        ({"connections": [{"connection_id": "a", "secret_extra": {"b": "********"}}]}, "secret_extra.b consists of"),
        ({"users": [{"username": "a", "password": "********"}]}, "(a): password consists of asterisks only"),
        ({"variables": [{"key": "a", "secret_value": "****"}]}, "(a): secret_value consists of asterisks only"),
        ({"connections": [{"connection_id": "a", "host": "{{ x }}"}]}, "host still holds an expression in braces"),
        (
            {"connections": [{"connection_id": "a", "description": PLACEHOLDER}]},
            "description still holds an expression",
        ),
        ({"variables": {"a": "b\x00c"}}, "variables.a: value holds a NUL character, which Airflow cannot keep; remove"),
        ({"variables": {"a": PLACEHOLDER}}, "variables.a: value still holds an expression in braces"),
        (
            {"variables": [{"key": "a", "value": 1, "description": PLACEHOLDER}]},
            "description still holds an expression",
        ),
        ({"pools": [{"name": "etl", "slots": 1, "description": PLACEHOLDER}]}, "description still holds an expression"),
        ({"pools": [{"name": "etl", "slots": 0}]}, "Item 1 of pools (etl): slots is 0"),
        ({"pools": [{"name": "etl", "slots": -2}]}, "Item 1 of pools (etl): slots is -2"),
        ({"pools": [{"name": "etl", "slots": 99999999999999}]}, "it takes at most 2147483647."),
        ({"pools": [{"name": "default_pool", "state": "absent"}]}, "Airflow's own"),
        ({"roles": [{"name": "Admin", "state": "absent"}]}, "one of Airflow's own roles, which is never removed"),
        (
            {
                "roles": [{"name": "a", "state": "absent"}],
                "users": [
                    {"username": "z", "state": "absent", "roles": ["a"]},
                    {"username": "u", "roles": ["Op", "a"]},
                ],
            },
            "Item 2 of users (u) is to have the role a, which Item 1 of roles (a) removes; remove one of them.",
        ),
        ({"roles": [{"name": "r" * 65}]}, "has 65 characters; shorten it to 64 or fewer."),
        (
            {"users": [{"username": "u", "last_name": "l" * 257}]},
            "(u): last_name has 257 characters; shorten it to 256",
        ),
        (
            {"connections": [{"connection_id": "a", "host": "h" * 501}]},
            "(a): host has 501 characters; shorten it to 500",
        ),
        ({"dags": {"etl": {"paused": "maybe"}}}, "dags.etl: argument 'paused'"),
        ({"dags": {"etl": True}}, "dags.etl must be a mapping, and is a boolean; write it like {paused: …}."),
        ({"dags": {"etl": {}}}, "missing required arguments: paused"),
        (
            {"roles": [{"name": "a", "permissions": [{"action": "can_read", "resource": "DAGs"}, {"action": "b"}]}]},
            "Item 1 of roles (a): Item 2 of permissions has no resource; write it like",
        ),
        (
            {"roles": [{"name": "a", "permissions": [{"actoin": "can_read"}]}]},
            "Item 1 of roles (a): Item 1 of permissions has an unknown key actoin (did you mean action?); it takes "
            "action, resource.",
        ),
        ({"purge": {"pools": {"matching": ["*"]}}}, "purge.pools needs pools"),
        ({"pools": [], "purge": {"pools": {"matching": ["default_pool"]}}}, "names default_pool, Airflow's own pool"),
        (
            {"pools": [], "purge": {"pools": {"matching": []}}},
            "purge.pools.matching is an empty list, so nothing would",
        ),
        ({"pools": [], "purge": {"pools": {"matching": [" "]}}}, "purge.pools holds an empty text"),
        ({"pools": [], "purge": {"pools": {"matching": ["*"], "at_most": -1}}}, "at_most -1"),
    ],
)
def test_what_is_wrong_is_refused_before_a_request(tree, server, given, says):
    error = tree.failure(**given)
    assert isinstance(error, BadInput)
    assert says in error.message
    assert server.requests == []


def test_the_user_that_is_logged_in_is_never_removed(old, new, server):
    login = LOGINS["v1"]["api_username"]
    assert "the user that is logged in" in old.failure(users=[{"username": login, "state": "absent"}]).message
    purge = {"users": {"matching": [login.upper()]}}
    assert "the user that is logged in" in old.failure(users=[], purge=purge).message
    assert "needs api_username" in new.failure(users=[], purge={"users": {"matching": ["*"]}}).message
    assert server.requests == []


def test_what_is_found_out_by_reading_is_refused_before_a_write(tree):
    tree.lists("pools")
    tree.lists("variables")
    error = tree.failure(pools=[{"name": "etl", "slots": 8}], variables=[{"key": "region", "description": ""}])
    assert error.message.startswith("Item 1 of variables (region): Variable region does not exist yet")


def test_a_team_on_an_old_airflow(new, server):
    new.lists("pools")
    server.get("version").answers({"version": "3.1.8"})
    error = new.failure(pools=[{"name": "etl", "slots": 8, "team_name": "data"}])
    assert isinstance(error, Unsupported)
    assert error.message.startswith("Item 1 of pools (etl): team_name needs Airflow 3.2")


# -- purging


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_is_not_listed_is_removed_last(tree, server, check_mode):
    digest = digest_key("variable", "x")
    tree.lists("pools", pool("default_pool"), pool("app_old"), pool("other"))
    tree.lists("variables", *map(variable, ("app_region", "app_old", "app_local_1", "region", digest)))
    tree.lists("roles", *OWN_ROLES, role("app"))
    if tree.generation.name == "v1":
        server.get("users/deploy").answers(user("deploy", "app"))
    if not check_mode:
        tree.posted("pools", name="app_new", slots=8)
        server.delete(tree.path("roles") + "/app").answers({})
        server.delete("variables/" + digest_key("variable", "app_old")).answers(
            tree.generation.problem(404, "Not found", "no such variable"), 404
        )
        server.delete("variables/app_old").answers({})
        server.delete("pools/app_old").answers({})
    result = tree(
        check_mode,
        pools=[{"name": "app_new", "slots": 8}],
        variables={"app_region": "eu"},
        roles=[],
        purge={
            "pools": {"matching": ["app_*", "default*"]},
            "variables": {"matching": ["app_*", "dagops__*"], "except": ["app_local_*"], "at_most": 1},
            "roles": {"matching": ["*"]},
        },
    )
    assert outcomes(result) == {
        "pools": {"created": ["app_new"], "removed": ["app_old"]},
        "variables": {"unchanged": ["app_region"], "removed": ["app_old"]},
        "roles": {"removed": ["app"]},
    }
    assert result["diff"]["after"]["roles"] == {"app": {"state": "absent"}}
    own = ["app is the last role of deploy, the user that is logged in, who may do nothing in Airflow then."]
    assert tree.warnings == (own if tree.generation.name == "v1" else [])


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_role_that_a_user_is_to_have_is_not_purged(tree, check_mode):
    tree.lists("roles", *OWN_ROLES, role("app"))
    tree.lists("users", user("ann", "app"))
    error = tree.failure(
        check_mode,
        roles=[{"name": "new"}],
        users=[{"username": "ann", "roles": ["app"]}],
        purge={"roles": {"matching": ["*"]}},
    )
    assert isinstance(error, BadInput)
    assert error.message == (
        "Item 1 of users (ann) is to have the role app, which purge.roles removes; add it to roles, or to "
        "purge.roles.except."
    )


def test_a_role_that_users_have_and_nobody_wants_is_purged(tree, server):
    tree.lists("roles", *OWN_ROLES, role("app"))
    tree.lists("users", user("ann", "app", "Op"))
    if tree.generation.name == "v1":
        server.get("users/deploy").answers(user("deploy", "Admin"))
    wanted = [{"username": "ann", "first_name": "ann"}, {"username": "bob", "state": "absent", "roles": ["app"]}]
    result = tree(True, roles=[], users=wanted, purge={"roles": {"matching": ["*"]}})
    assert outcomes(result)["roles"] == {"removed": ["app"]}


# -- users


def owned(owner: str, user: str) -> str:
    return f"The e-mail address a@b.c belongs to user {owner} already; give {user} another one in email."


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("there", "number"), [([], 2), (["ann"], 1)])
def test_an_address_of_another_user_writes_nothing(tree, check_mode, there, number):
    tree.lists("users", *({**user(name, "Op"), "email": "a@b.c"} for name in there), user("cid", "Op"))
    if not there:
        tree.lists("roles", *OWN_ROLES)
    first = [] if there else [{"username": "ann", "password": SECRET, "email": "a@b.c", "roles": ["Op"]}]
    error = tree.failure(check_mode, users=[*first, {"username": "cid", "email": "a@b.c"}])
    assert isinstance(error, BadInput)
    assert error.message == f"Item {number} of users (cid): {owned('ann', 'cid')}"


@pytest.mark.parametrize("before", [{"state": "absent"}, {"email": "x@y.z"}], ids=["removed", "changed"])
def test_an_address_that_is_free_by_then(tree, before):
    tree.lists("users", {**user("ann", "Op"), "email": "a@b.c"}, user("cid", "Op"))
    wanted = [{"username": "Ann", **before}, {"username": "cid", "email": "a@b.c"}]
    result = tree(True, users=wanted, **({"api_username": "boss"} if tree.generation.name == "v1" else {}))
    assert "cid" in outcomes(result)["users"]["updated"]


def test_an_address_that_is_freed_too_late(tree):
    tree.lists("users", {**user("ann", "Op"), "email": "a@b.c"}, user("cid", "Op"))
    error = tree.failure(True, users=[{"username": "cid", "email": "a@b.c"}, {"username": "ann", "state": "absent"}])
    assert owned("ann", "cid") in error.message


def test_a_new_user_without_roles_that_keeps_one_for_now_is_a_change(tree, server):
    tree.lists("users")
    tree.lists("roles", *OWN_ROLES)
    tree.posted("users", **user("ann", "Public"), password=SECRET)
    path = tree.path("users") + "/ann"
    tree.refuses(server.patch(path, sends=user("ann")), 403, "Forbidden")
    error = tree.failure(users=[{"username": "ann", "password": SECRET, "email": "ann@b.c", "roles": []}])
    assert error.details["changed"] is True
    assert error.details["failed_objects"][0]["msg"].endswith(
        " User ann was made, and has the role Public for now; repeating the task takes it away."
    )


def test_a_server_that_is_gone_within_an_object_is_a_change(tree, server):
    tree.lists("users")
    tree.lists("roles", *OWN_ROLES)
    tree.posted("users", **user("ann", "Public"), password=SECRET)
    server.patch(tree.path("users") + "/ann", sends=user("ann")).fails(requests.ConnectionError("gone"))
    wanted = [{"username": "ann", "password": SECRET, "email": "ann@b.c", "roles": []}]
    error = tree.failure(users=wanted, retry_timeout=0)
    assert isinstance(error, Unreachable)
    assert error.details["changed"] is True


def test_admin_that_loses_permissions_is_told(new):
    new.lists("roles", *OWN_ROLES[1:], role("Admin", ("can_read", "DAGs"), ("can_edit", "Pools")))
    assert new(True, roles=[{"name": "Admin", "permissions": []}])["changed"] is True
    assert new.warnings[0].startswith(
        "This takes 2 permissions from the role Admin, one of Airflow's own (can_edit on Pools, can_read on "
    )


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_user_with_a_role_that_is_not_there_changes_nothing(tree, check_mode):
    tree.lists("roles", *OWN_ROLES)
    tree.lists("users", user("ann", "Op"))
    error = tree.failure(check_mode, roles=[{"name": "made"}], users=[{"username": "ann", "roles": ["made", "mode"]}])
    assert isinstance(error, BadInput)
    assert error.message.startswith(
        "Item 1 of users (ann): User ann cannot have the role mode (did you mean made?): Airflow"
    )


@pytest.mark.parametrize("readable", [False, True])
def test_roles_are_read_once_where_only_users_are_listed(tree, server, readable):
    tree.lists("users", user("ann", "Op"), user("bob", "Op"), user("cid", "Viewer"))
    if readable:
        tree.lists("roles", *OWN_ROLES)
    else:
        tree.refuses(server.get(tree.path("roles"), {"limit": PAGE, "offset": 0}), 403)
    wanted = [{"username": name, "roles": ["Viewer"]} for name in ("ann", "bob", "cid")]
    assert outcomes(tree(True, users=wanted)) == {"users": {"updated": ["ann", "bob"], "unchanged": ["cid"]}}


@pytest.mark.parametrize("check_mode", [False, True])
def test_more_to_purge_than_was_said_changes_nothing(tree, check_mode):
    tree.lists("pools")
    tree.lists("variables", variable("a1"), variable("a2"), variable("b"))
    error = tree.failure(
        check_mode,
        pools=[{"name": "etl", "slots": 8}],
        variables=[],
        purge={"variables": {"matching": ["a?"], "at_most": 1}},
    )
    assert isinstance(error, BadInput)
    assert "purge.variables would remove 2 objects and may remove 1 (at_most): a1, a2;" in error.message


def test_one_object_to_purge_is_an_object(tree):
    tree.lists("variables", variable("a1"))
    error = tree.failure(variables=[], purge={"variables": {"matching": ["a1"], "at_most": 0}})
    assert "purge.variables would remove 1 object and may remove 0 (at_most): a1;" in error.message


def test_a_user_is_the_same_in_upper_and_lower_case_and_the_one_that_is_logged_in_stays(old):
    old.lists("users", user("Ann", "Op"), user(LOGINS["v1"]["api_username"].upper()))
    result = old(users=[{"username": "ann", "roles": ["Op"]}], purge={"users": {"matching": ["*"]}}, check_mode=True)
    assert outcomes(result)["users"].get("removed") is None


# -- what fails


def test_what_is_refused_holds_back_that_object_only_and_nothing_is_purged(tree, server):
    tree.lists("pools", pool("gone"))
    tree.lists("variables")
    tree.refuses(tree.posted("pools", name="a", slots=8))
    tree.posted("pools", name="b", slots=8)
    tree.posted("variables", key="region", value="eu")
    error = tree.failure(
        pools=[{"name": "a", "slots": 8}, {"name": "b", "slots": 8}],
        variables={"region": "eu"},
        purge={"pools": {"matching": ["*"]}},
    )
    assert isinstance(error, ObjectsFailed)
    reason = "Airflow refused pool a: it does not want to; correct it."
    assert error.message == (
        f"1 pool could not be written: {reason} The others were written, and nothing was purged. See failed_objects "
        "for each of them."
    )
    assert error.details["failed_objects"] == [{"kind": "pools", "name": "a", "msg": reason}]
    assert outcomes(error.details) == {"pools": {"created": ["b"]}, "variables": {"created": ["region"]}}
    assert error.details["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_kind_that_cannot_be_read_does_not_hold_back_the_others(tree, server, check_mode):
    tree.refuses(tree.lists("pools")[0], 403, "Forbidden")
    tree.lists("variables", variable("old"))
    if not check_mode:
        tree.posted("variables", key="region", value="eu")
    error = tree.failure(
        check_mode,
        pools=[{"name": "a"}, {"name": "b"}],
        variables={"region": "eu"},
        purge={"variables": {"matching": ["*"]}},
    )
    assert [failed["name"] for failed in error.details["failed_objects"]] == ["a", "b"]
    assert outcomes(error.details) == {"pools": {}, "variables": {"created": ["region"]}}


def test_a_purge_that_is_refused_in_part_is_told_as_it_was(tree, server):
    tree.lists("pools", pool("a"), pool("b"), pool("c"))
    server.delete("pools/a").answers({})
    server.delete("pools/b").answers(tree.generation.problem(403, "Forbidden", "no"), 403)
    server.delete("pools/c").answers({})
    error = tree.failure(pools=[], purge={"pools": {"matching": ["*"]}})
    assert outcomes(error.details) == {"pools": {"removed": ["a", "c"]}}
    assert [failed["name"] for failed in error.details["failed_objects"]] == ["b"]
    assert error.message.startswith("1 pool could not be written: ")
    assert error.message.endswith(" The others were written. See failed_objects for each of them.")


@pytest.mark.parametrize("names", [("etl", "load"), ("a(b", "c+d"), ("a", "b")])
def test_a_failure_counts_by_kind_and_gives_each_reason_once(tree, server, names):
    tree.lists("pools")
    tree.lists("variables")
    for name in names:
        tree.refuses(tree.posted("pools", name=name, slots=8), reason="no data at all")
    tree.refuses(tree.posted("variables", key="region", value="eu"), 403, "Forbidden")
    error = tree.failure(pools=[{"name": name, "slots": 8} for name in names], variables={"region": "eu"})
    reason = f"Airflow refused pool {names[0]}: no data at all; correct it (and 1 more for the same reason). "
    assert error.message.startswith(f"2 pools and 1 variable could not be written: {reason}")
    assert "may not" in error.message or "lacks" in error.message
    assert error.message.endswith(". See failed_objects for each of them.")
    assert " others " not in error.message
    assert "purged" not in error.message


def test_dags_that_failed_are_counted_in_capitals(tree, server):
    tree.lists("dags", *(tree.generation.dag(name, is_paused=True) for name in ("a", "b")))
    for name in ("a", "b"):
        tree.refuses(server.patch(f"dags/{name}", sends={"is_paused": False}), 403, "Forbidden")
    error = tree.failure(dags={name: {"paused": False} for name in ("a", "b")})
    assert error.message.startswith("2 DAGs could not be written: ")


def test_a_wrong_password_is_no_failure_of_a_kind(tree, monkeypatch):
    def select(self):
        raise WrongLogin("User name or password is wrong.", 401)

    monkeypatch.setattr(Pools, "select", select)
    error = tree.failure(pools=[{"name": "etl", "slots": 8}])
    assert (type(error), error.message) == (WrongLogin, "User name or password is wrong.")


def test_a_list_that_cannot_be_read_for_a_purge(tree, server):
    tree.refuses(tree.lists("pools")[0], 403, "Forbidden")
    tree.lists("variables", variable("old"))
    error = tree.failure(
        True,
        pools=[],
        variables={"region": "eu"},
        purge={"pools": {"matching": ["*"]}, "variables": {"matching": ["o*"]}},
    )
    assert error.message.startswith("The pools could not be written: ")
    assert " The others would be written, and nothing would be purged. See" in error.message


def test_a_dag_that_is_not_there_is_refused_before_a_write(tree, server):
    tree.lists("variables")
    tree.lists("dags", tree.generation.dag("ok"))
    server.get("dags/etl").answers(tree.generation.no_dag("etl"), 404)
    error = tree.failure(variables={"region": "eu"}, dags={"etl": {"paused": True}, "ok": {"paused": False}})
    assert isinstance(error, BadInput)
    assert error.message.startswith("dags.etl: DAG etl does not exist at https://airflow.example; check dag_id, and")


def test_check_mode_warns_of_a_dag_that_a_task_before_may_bring(tree, server):
    tree.lists("dags", tree.generation.dag("ok"))
    for name in ("new", "etl"):
        server.get(f"dags/{name}").answers(tree.generation.no_dag(name), 404)
    result = tree(True, dags={"new": {"paused": False}, "etl": {"paused": True}, "ok": {"paused": False}})
    assert outcomes(result) == {"dags": {"updated": ["new"], "unchanged": ["etl", "ok"]}}
    assert result["diff"]["after"] == {"dags": {"new": {"is_paused": False}}}
    assert tree.warnings[0] == (
        "DAG new does not exist at https://airflow.example; check mode goes on as if a task before had made it."
    )


@pytest.mark.parametrize(("there", "before"), [(False, "1 object was"), (True, "No object was")])
def test_a_server_that_is_gone_ends_the_task_which_tells_what_was_done(tree, server, there, before):
    tree.lists("pools", *([pool("a")] if there else []))
    if not there:
        tree.posted("pools", name="a", slots=8)
    server.post("pools", sends={"name": "b", "slots": 8}).fails(requests.ConnectionError("gone"))
    pools = [{"name": name, "slots": 8} for name in "abc"]
    error = tree.failure(pools=pools, retry_timeout=0)
    assert isinstance(error, Unreachable)
    assert error.message.startswith("pools b: ")
    assert error.message.endswith(
        f" {before} written before this failure, and the rest was not tried. Run the same task again; it continues "
        "from there."
    )
    told = {"pools": {"unchanged" if there else "created": ["a"]}}
    assert (error.details["changed"], outcomes(error.details)) == (not there, told)


def test_a_list_that_is_short_twice_is_no_airflow_without_users(tree, server):
    answer = {"users": [user("ann", "Op")], "total_entries": 3}
    for offset in (0, 1) * 2:
        server.get(tree.path("users"), {"limit": PAGE, "offset": offset}).answers(answer)
    error = tree.failure(users=[{"username": "ann", "roles": ["Op"]}])
    assert "holds 3 objects, but its pages gave 1; try again." in error.message


# -- what it costs


def test_an_unchanged_tree_costs_few_requests(tree, server):
    variables = [variable(f"v{number}", str(number)) for number in range(100)]
    connections = [connection(f"c{number}", extra='{"a": 1}') for number in range(60)]
    digests = [variable(f"dagops__{number:024x}") for number in range(60)]
    pools = [pool(f"p{number}") for number in range(20)]
    roles = [role(f"r{number}", ("can_read", "DAGs")) for number in range(10)]
    tree.lists("pools", *pools)
    tree.lists("variables", *variables, *digests)
    tree.lists("connections", *connections)
    tree.lists("roles", *OWN_ROLES, *roles)
    for body in connections:
        tree.has_connection(body)
    result = tree(
        update_secrets="on_change",
        variables={body["key"]: body["value"] for body in variables},
        connections=[{"connection_id": f"c{number}", "extra": {"a": 1}} for number in range(60)],
        pools=[{"name": f"p{number}", "slots": 8} for number in range(20)],
        roles=[
            {"name": f"r{number}", "permissions": [{"action": "can_read", "resource": "DAGs"}]} for number in range(10)
        ],
    )
    assert (result["changed"], result["diff"]) == (False, NO_DIFF)
    assert len(server.requests) - (60 if tree.generation.name == "v1" else 0) <= 12


def test_a_hundred_changed_variables_cost_a_write_each(tree, server):
    tree.lists("variables", *(variable(f"v{number}", "old") for number in range(100)))
    for number in range(100):
        tree.patched_variable(f"v{number}", "old", value="new")
    result = tree(variables={f"v{number}": "new" for number in range(100)})
    assert len(result["objects"]["variables"]["updated"]) == 100
    assert len(server.requests) <= 110


# -- as a module


KINDS_OF_PURGE = "write it like {connections: {matching: […]}}."
SHAPES_OF_PURGE: list[tuple[t.Any, str]] = [
    (True, f"purge must be a mapping, and is a boolean; {KINDS_OF_PURGE}"),
    (["variables"], f"purge must be a mapping, and is a list; {KINDS_OF_PURGE}"),
    ("variables", f"purge must be a mapping, and is a text; {KINDS_OF_PURGE}"),
    (7, f"purge must be a mapping, and is a number; {KINDS_OF_PURGE}"),
    ({"dags": None}, "purge has an unknown key dags; it takes connections, variables, pools, roles, users."),
    ({"variables": None}, "purge.variables must be a mapping, and is null; write it like {matching: […]}."),
    ({"variables": False}, "purge.variables must be a mapping, and is a boolean; write it like {matching: […]}."),
    ({"variables": ["app_*"]}, "purge.variables must be a mapping, and is a list; write it like {matching: […]}."),
    ({"pools": "app_*"}, "purge.pools must be a mapping, and is a text; write it like {matching: […]}."),
    ({"variables": {}}, "purge.variables has no matching; write it like {matching: […]}."),
    ({"variables": {"matching": None}}, "purge.variables has no matching; write it like {matching: […]}."),
    (
        {"variables": {"matching": True}},
        "purge.variables.matching must be a list, and is a boolean; write it like […].",
    ),
    ({"variables": {"matching": [["a"]]}}, "Item 1 of purge.variables.matching must be a text, and is a list;"),
    ({"variables": {"matching": ["a"], "except": {}}}, "purge.variables.except must be a list, and is a mapping;"),
    (
        {"variables": {"matching": ["a"], "at_most": True}},
        "purge.variables.at_most must be a number, and is a boolean;",
    ),
    (
        {"variables": {"matching": ["a"], "at_mots": 1}},
        "purge.variables has an unknown key at_mots (did you mean at_most?); it takes",
    ),
]


@pytest.mark.parametrize(("purge", "says"), SHAPES_OF_PURGE)
def test_a_purge_of_another_shape_is_refused_before_a_request(played, server, purge, says):
    result = play(played, variables={}, pools=[], purge=purge)
    assert result["failed"] is True
    assert result["msg"].startswith(says)
    assert server.requests == []


def play(played: Played, **options: t.Any) -> dict[str, t.Any]:
    connection_options = {"api_url": URL, "api_version": "v2", **LOGINS["v2"]}
    return played(airflow_objects.main, **connection_options, **options)


def test_no_secret_is_in_what_the_module_was_invoked_with(played, server):
    secrets = {"password": "pass-word", "nested": "nested-secret", "value": "secret-value", "user": "user-pass"}
    connections = [
        {"connection_id": "a", "password": secrets["password"], "secret_extra": {"deep": [secrets["nested"]]}, "bad": 1}
    ]
    result = play(
        played,
        connections=json.dumps(connections),
        variables=[{"key": "k", "secret_value": secrets["value"]}],
        users=[{"username": "u", "password": secrets["user"]}],
        _ansible_inject_invocation=True,
    )
    assert "unknown key bad" in result["msg"]
    assert [name for name, secret in secrets.items() if secret in json.dumps(result)] == []


def test_a_text_that_cannot_be_read_is_not_shown(played, server):
    result = play(played, connections=f"[{{connection_id: a, password: {SECRET}}}]")
    assert "connections is a text" in result["msg"]
    assert SECRET not in json.dumps(result)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"dags": [SECRET]}, "Item 1 of dags is a text; write it like {dag_id: …, paused: …}."),
        ({"dags": SECRET}, "dags is a text; write it like {etl_daily: {paused: …}}."),
        ({"variables": SECRET}, "variables is a text; write it like [{key: …}] or {region: …}."),
        ({"variables": [f"a={SECRET}"]}, "Item 1 of variables is a text; write it like {key: …}."),
        ({"pools": [f"a={SECRET}"]}, "Item 1 of pools is a text; write it like {name: …}."),
        (
            {"variables": '{"a": '},
            "variables is a text that is not valid JSON: it ends too early; correct it, write it "
            "like [{key: …}] or {region: …}, or apply the filter to_json to the expression.",
        ),
        ({"pools": [{"name": "a"}, SECRET]}, "Item 2 of pools is a text; write it like {name: …}."),
        ({"connections": f"a, {SECRET}"}, "connections is a text; write it like [{connection_id: …}]."),
    ],
)
def test_a_text_in_the_place_of_objects_is_told_their_form(played, given, says):
    result = play(played, **given)
    assert result["msg"] == says
    assert SECRET not in json.dumps(result)


def test_names_are_shown_although_a_secret_is_in_them(played, server):
    server.prefix = "/api/v2/"
    server.get("variables", {"limit": PAGE, "offset": 0}).answers({"variables": [], "total_entries": 0})
    server.post("variables", sends={"key": "warehouse_key", "value": "warehouse"}).answers({})
    result = play(played, variables=[{"key": "warehouse_key", "secret_value": "warehouse"}])
    assert result["objects"]["variables"]["created"] == ["warehouse_key"]
