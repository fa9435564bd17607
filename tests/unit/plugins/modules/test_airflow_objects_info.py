# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import jinja2
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.pools import Pools
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, Denied, Unsupported
from ansible_collections.dagops.airflow.plugins.module_utils._base.masks import leaves
from ansible_collections.dagops.airflow.plugins.module_utils._base.placeholders import (
    ROOT,
    is_placeholder,
    is_template,
    placeholder,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.export import ITEMS, Secrets
from ansible_collections.dagops.airflow.plugins.module_utils._work.tree import KINDS, item_of
from ansible_collections.dagops.airflow.plugins.modules import airflow_objects, airflow_objects_info
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Server
from ansible_collections.dagops.airflow.tests.unit.frame import LOGINS
from ansible_collections.dagops.airflow.tests.unit.plugins.modules.test_airflow_objects import (
    NO_DIFF,
    OWN_ROLES,
    Tree,
    connection,
    pool,
    role,
    user,
    variable,
)

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

ADMIN = LOGINS["v1"]["api_username"]
PASSWORD = LOGINS["v1"]["api_password"]
KEYS = st.text(max_size=4) | st.sampled_from(["password", "a_token", "host", "'", "}}", "{{", "\\", "ä\n"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["***", "a***b", "{{ ds }}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def export(server: Server, generation: Generation) -> Tree:
    return Tree(server, generation, airflow_objects_info)


@pytest.fixture
def new(server: Server) -> Tree:
    server.prefix = GENERATIONS["v2"].prefix
    return Tree(server, GENERATIONS["v2"], airflow_objects_info)


def test_an_empty_text_is_refused_before_a_request(new):
    error = new.failure(matching=["app_*", ""])
    assert isinstance(error, BadInput)
    assert error.message.startswith("matching holds an empty text;")
    assert new.server.requests == []


def rendered(value: t.Any) -> t.Any:
    """What Ansible makes of an export: only the placeholders are expressions."""

    class Anything(dict):  # type: ignore[type-arg]
        def __missing__(self, key: str) -> t.Any:
            return self

        def __str__(self) -> str:
            return "the-secret"

    if isinstance(value, dict):
        return {key: rendered(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rendered(item) for item in value]
    if isinstance(value, str) and is_placeholder(value):
        return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(value).render({ROOT: Anything()})
    return value


# -- what is read

EXTRA = {"sslmode": "require", "private_key": "***", "tls": {"ca": "x", "token": "***"}, "n": [{"secret": "***"}]}
WAREHOUSE = connection("my-db.prod", host="db", login="etl", port=5432, password="***", extra=json.dumps(EXTRA))
BARE = connection("a", password=None)


def lists(tree: Tree, kind: str) -> None:
    """A list as a server has it."""
    secret = "***" if tree.generation.name == "v2" else "clear"
    there = {
        "connections": [WAREHOUSE, BARE],
        "variables": [
            variable("region", description="where"),
            variable("dagops__" + "0" * 24, "a digest"),
            variable("limits", '{"daily": 40}'),
            variable("api_key", secret),
            variable("cfg", json.dumps({"host": "h", "password": secret})),
        ],
        "pools": [pool("etl", description="x", include_deferred=True), pool("default_pool", 128, description="D")],
        "roles": [*OWN_ROLES, role("reader", ("can_read", "DAGs"))],
        "users": [user(ADMIN, "Admin"), user("ann", "reader")],
        "dags": [tree.generation.dag(is_paused=True), tree.generation.dag("gone", is_stale=True)],
    }
    tree.lists(kind, *there[kind])


def everything(export: Tree) -> None:
    """What an export reads."""
    lists(export, "connections")
    export.has_connection(BARE)
    export.has_connection(WAREHOUSE)
    for kind in ("variables", "pools", "roles", "users", "dags"):
        lists(export, kind)


def test_an_export_holds_all_that_is_wanted_and_no_secret(export):
    everything(export)
    found = export()
    there = placeholder(["connections", "my-db.prod", "password"])
    assert there == "{{ vault_airflow['connections']['my-db.prod']['password'] }}"
    config = found["config"]
    assert list(config) == ["connections", "variables", "pools", "roles", "users", "dags"]
    bare, warehouse = config["connections"]
    assert (bare["connection_id"], bare["extra"], "password" in bare, "secret_extra" in bare) == ("a", {}, False, False)
    assert warehouse["password"] == there
    assert warehouse["extra"] == {"sslmode": "require", "tls": {"ca": "x"}}
    assert warehouse["secret_extra"]["tls"] == {
        "token": "{{ vault_airflow['connections']['my-db.prod']['secret_extra']['tls']['token'] }}"
    }
    assert warehouse["secret_extra"]["n"][0]["secret"].endswith("['secret_extra']['n']['0']['secret'] }}")
    assert config["variables"] == [
        {"key": "api_key", "secret_value": placeholder(["variables", "api_key", "secret_value"]), "description": ""},
        {
            "key": "cfg",
            "value": {"host": "h"},
            "secret_value": {"password": placeholder(["variables", "cfg", "secret_value", "password"])},
            "description": "",
        },
        {"key": "limits", "value": {"daily": 40}, "description": ""},
        {"key": "region", "value": "eu", "description": "where"},
    ]
    assert config["pools"] == [
        {"name": "default_pool", "slots": 128, "include_deferred": False},
        {"name": "etl", "slots": 8, "description": "x", "include_deferred": True},
    ]
    assert config["roles"] == [{"name": "reader", "permissions": [{"action": "can_read", "resource": "DAGs"}]}]
    users = {found["username"]: found["password"] for found in config["users"]}
    # A token does not tell who is logged in.
    assert users.keys() - {ADMIN} == {"ann"}
    assert (ADMIN in users) is (export.generation.name == "v2")
    assert config["dags"] == {"etl_daily": {"paused": True}}
    needed = [(need["kind"], need["name"], need["field"], need["certain"]) for need in found["secrets_needed"]]
    assert needed[0] == ("connections", "my-db.prod", "password", export.generation.name == "v2")
    assert ("connections", "my-db.prod", "secret_extra.n.0.secret", True) in needed
    assert ("variables", "cfg", "secret_value.password", True) in needed
    assert ("users", "ann", "password", True) in needed
    assert "clear" not in json.dumps(found)


def test_what_was_read_is_applied_without_a_change(export):
    everything(export)
    config = rendered(export()["config"])
    apply = Tree(export.server, export.generation, airflow_objects)
    for kind in ("pools", "variables", "connections", "roles", "users", "dags"):
        lists(apply, kind)
    if apply.generation.name == "v1":
        # For what older versions lack.
        apply.server.get("version").answers({"version": "2.11.2"})
    apply.has_connection(BARE)
    apply.has_connection(WAREHOUSE)
    result = apply(update_secrets="on_create", **config)
    assert (result["changed"], result["diff"]) == (False, NO_DIFF)


WAY_OUT = " To export the other kinds, leave out {} with kinds (in the playbook: airflow_objects_kinds)."


@pytest.mark.parametrize(
    ("kinds", "denied", "way_out"),
    [
        (None, "roles", WAY_OUT.format("roles and users")),
        (["pools", "users"], "users", WAY_OUT.format("roles and users")),
        (["connections", "variables", "pools"], "variables", WAY_OUT.format("variables")),
        (["roles", "users"], "users", ""),
    ],
)
def test_a_kind_that_may_not_be_read_is_told_with_the_way_out(export, kinds, denied, way_out):
    for kind in kinds or ("connections", "variables", "pools", "roles"):
        if kind == denied:
            export.refuses(export.lists(kind)[0], 403, "Forbidden")
            break
        export.lists(kind)
    error = export.failure(**({"kinds": kinds} if kinds else {}))
    assert isinstance(error, Denied)
    assert error.message.endswith(way_out)
    assert ("To export" in error.message) is bool(way_out)


@pytest.mark.parametrize("status", [401, 429])
def test_a_login_that_fails_has_another_way_out(export, monkeypatch, status):
    def select(self):
        raise Denied("User name or password is wrong.", status)

    export.lists("variables")
    monkeypatch.setattr(Pools, "select", select)
    assert export.failure(kinds=["variables", "pools"]).message == "User name or password is wrong."


@pytest.mark.parametrize("password", [{}, {"password": ""}, {"password": "any-text"}])
def test_a_user_who_exists_needs_no_password(export, password):
    """Nobody knows the passwords of users in an export."""
    apply = Tree(export.server, export.generation, airflow_objects)
    apply.lists("users", user("ann", "Op"))
    assert apply(users=[{"username": "ann", "roles": ["Op"], **password}])["changed"] is False
    apply.lists("users")
    if password.get("password"):
        apply.lists("roles", *OWN_ROLES)
        apply(True, users=[{"username": "ann", "roles": ["Op"], **password}])
    else:
        message = apply.failure(True, users=[{"username": "ann", "roles": ["Op"], **password}]).message
        assert message.endswith("User ann does not exist yet; to make it, give password.")


def test_kinds_and_names_are_chosen(export):
    export.lists("variables", variable("app_a"), variable("b"))
    found = export(kinds=["variables"], matching=["app_*", "c"])
    assert list(found["config"]) == ["variables"]
    assert [item["key"] for item in found["config"]["variables"]] == ["app_a"]


def test_an_airflow_without_users(new, server):
    for kind in ("connections", "variables", "pools"):
        new.lists(kind)
    for kind in ("roles", "users"):
        new.lists(kind)[0].says("<html></html>", 200, "text/html")
    new.lists("dags")
    assert list(new()["config"]) == ["connections", "variables", "pools", "dags"]
    assert [warning.partition(":")[0] for warning in new.warnings] == ["roles are left out", "users are left out"]
    new.lists("roles")[0].says("<html></html>", 200, "text/html")
    assert isinstance(new.failure(kinds=["roles"]), Unsupported)


def test_what_nobody_could_make_is_left_out_with_a_warning(export):
    export.lists("connections", connection("an old id"))
    if export.generation.name == "v1":
        export.server.get("connections/an%20old%20id").answers(connection("an old id"))
    export.lists("variables", variable("v", '[{"password": "x", "template": "{{ ds }}"}]'))
    export.lists("pools", pool("none", 0))
    found = export(kinds=["connections", "variables", "pools"])
    assert (found["config"], found["secrets_needed"]) == ({"connections": [], "variables": [], "pools": []}, [])
    assert [warning.partition(":")[0] for warning in export.warnings] == [
        "connections.an old id",
        "variables.v",
        "pools.none",
    ]


def test_what_holds_the_password_of_the_login_is_a_secret(export):
    login = LOGINS[export.generation.name]
    secret = login.get("api_password") or login["api_token"]
    export.lists("connections", connection("a", host=f"https://u:{secret}@h", extra=json.dumps({"url": f"x{secret}"})))
    export.has_connection(connection("a", host=f"https://u:{secret}@h", extra=json.dumps({"url": f"x{secret}"})))
    export.lists("variables", variable("v", f"a {secret} b"))
    found = export(kinds=["connections", "variables"])
    assert secret not in json.dumps(found)
    assert [need["field"] for need in found["secrets_needed"]] == ["host", "secret_extra.url", "secret_value"]


def test_a_value_that_airflow_cannot_decrypt_is_a_secret(export):
    export.lists("variables", variable("v", None))
    assert "secret_value" in export(kinds=["variables"])["config"]["variables"][0]


# -- properties


@hypothesis.given(st.lists(st.text(min_size=1, max_size=8) | KEYS, min_size=1, max_size=4))
def test_a_placeholder_finds_its_secret_whatever_its_names_are(path):
    text = placeholder(path)
    assert is_placeholder(text)
    assert is_template(text)
    assert text.count("{{") == text.count("}}") == 1
    vault: t.Any = "the-secret"
    for key in reversed(path):
        vault = {key: vault}
    assert jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text).render({ROOT: vault}) == "the-secret"


@hypothesis.settings(deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(extra=st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_extra_that_is_exported_is_applied_without_a_change(new, extra):
    kind = KINDS["connections"]
    _params, airflow = new.connected({})
    there = {
        **dict.fromkeys(("description", "host", "login", "schema", "team_name"), ""),
        "connection_id": "a",
        "conn_type": "http",
        "port": 0,
        "password": None,
        "extra": extra,
    }
    item = ITEMS["connections"](airflow, there, Secrets("connections", "a", airflow.client.redact))
    if has_template(rendered(item)):
        return
    wish = item_of(kind, "it", rendered(item), {"update_secrets": "on_create"}).wish
    assert kind.plan_of(airflow, wish, there, None).changed == {}


def has_template(item: t.Any) -> bool:
    """A template beside a secret is refused, and so left out of an export."""
    return any(isinstance(leaf, str) and "{{" in leaf for _path, leaf in leaves(item))


@hypothesis.settings(deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(key=st.sampled_from(["region", "my_password"]), value=VALUES | st.text(max_size=9).map(str))
def test_any_variable_that_is_exported_is_applied_without_a_change(new, key, value):
    kind = KINDS["variables"]
    # airflow_objects refuses it: most databases of Airflow cannot keep it.
    hypothesis.assume(not isinstance(value, str) or "\x00" not in value)
    _params, airflow = new.connected({})
    text = value if isinstance(value, str) else json.dumps(value)
    there = {"key": key, "value": text, "description": "", "team_name": ""}
    item = ITEMS["variables"](airflow, there, Secrets("variables", key, airflow.client.redact))
    if has_template(rendered(item.get("secret_value"))):
        return
    wish = item_of(kind, "it", rendered(item), {"update_secrets": "on_create"}).wish
    assert kind.plan_of(airflow, wish, there, None).changed == {}
