# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, Conflict, Unsupported
from ansible_collections.dagops.airflow.plugins.modules import airflow_pool
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

COUNTERS = ("open_slots", "occupied_slots", "running_slots", "queued_slots", "scheduled_slots", "deferred_slots")


def body(name: str = "etl", **keys: t.Any) -> dict[str, t.Any]:
    fields = {"name": name, "slots": 8, "description": None, "include_deferred": False}
    return {**fields, **dict.fromkeys(COUNTERS, 0), "open_slots": 8, **keys}


class PoolRunner(Runner):
    def has(self, name: str = "etl", **keys: t.Any) -> Exchange:
        return self.server.get(f"pools/{name}").answers(body(name, **keys))

    def has_not(self, name: str = "etl") -> Exchange:
        return self.server.get(f"pools/{name}").answers(self.generation.problem(404, "Not Found", "no such pool"), 404)

    def version(self, version: str) -> Exchange:
        return self.server.get("version").answers({"version": version})

    def posted(self, **sends: t.Any) -> Exchange:
        return self.server.post("pools", sends=sends).answers(body())

    def patched(self, changed: dict[str, t.Any], **stays: t.Any) -> Exchange:
        stays = {"slots": 8, "description": "", "include_deferred": False, **stays}
        if self.generation.name == "v1":
            mask: t.Any = ",".join(sorted(changed))
            sends = {"name": "etl", "slots": stays["slots"], **changed}
        else:
            mask, sends = sorted(changed), {"pool": "etl", **stays, **changed}
        return self.server.patch("pools/etl", {"update_mask": mask}, sends=sends).answers(body())


@pytest.fixture
def pool(server: Server, generation: Generation) -> PoolRunner:
    return PoolRunner(server, generation, airflow_pool)


@pytest.fixture
def old(server: Server) -> PoolRunner:
    return PoolRunner(server, GENERATIONS["v1"], airflow_pool)


@pytest.fixture
def new(server: Server) -> PoolRunner:
    server.prefix = GENERATIONS["v2"].prefix
    return PoolRunner(server, GENERATIONS["v2"], airflow_pool)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_new_pool(pool, check_mode):
    pool.has_not()
    if not check_mode:
        pool.posted(name="etl", slots=8, description="x")
    result = pool(check_mode, name="etl", slots=8, description="x")
    after = {"name": "etl", "slots": 8, "description": "x", "include_deferred": False, "team_name": ""}
    assert result == {
        "changed": True,
        "pool": after,
        "diff": {"before": {}, "after": {"etl": {key: after[key] for key in after if key != "team_name"}}},
    }
    assert set(after) == set(documented(airflow_pool)["pool"]["contains"])


def test_a_new_pool_needs_slots(pool):
    pool.has_not()
    assert pool.failure(name="etl").message == "Pool etl does not exist yet; to make it, give slots."


@pytest.mark.parametrize("given", [{}, {"slots": 8}, {"description": ""}, {"slots": 8, "team_name": ""}])
def test_nothing_to_change(pool, given):
    pool.has()
    result = pool(name="etl", **given)
    assert result["changed"] is False
    assert result["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize(
    ("given", "check_mode"), [({"slots": 9}, False), ({"slots": 9}, True), ({"slots": 9, "description": ""}, False)]
)
def test_only_what_differs_is_changed(pool, given, check_mode):
    pool.has(description="kept" if "description" not in given else "old", include_deferred=True)
    if not check_mode:
        kept = {"description": "kept" if "description" not in given else "old", "include_deferred": True}
        pool.patched(given, **kept)
    result = pool(check_mode, name="etl", **given)
    assert result["changed"] is True
    assert result["pool"]["include_deferred"] is True
    assert result["diff"]["after"] == {"etl": given}


def test_a_pool_that_somebody_else_has_just_made_is_not_overwritten(pool):
    pool.has_not()
    pool.server.post("pools", sends={"name": "etl", "slots": 9}).answers(
        pool.generation.problem(409, "Conflict", "Pool: etl already exists"), 409
    )
    pool.has(description="of somebody else", include_deferred=True)
    pool.patched({"slots": 9}, description="of somebody else", include_deferred=True)
    assert pool(name="etl", slots=9)["changed"] is True


def test_a_pool_that_comes_and_goes(pool):
    pool.has_not()
    pool.server.post("pools", sends={"name": "etl", "slots": 9}).answers(pool.generation.problem(409, "Conflict"), 409)
    pool.has_not()
    assert isinstance(pool.failure(name="etl", slots=9), Conflict)


@pytest.mark.parametrize("check_mode", [False, True])
def test_absent(pool, check_mode):
    pool.has()
    if not check_mode:
        pool.server.delete("pools/etl").says("", 204)
    result = pool(check_mode, name="etl", state="absent")
    assert (result["changed"], result["pool"]) == (True, None)


def test_absent_once_more(pool):
    pool.has_not()
    assert pool(name="etl", state="absent") == {"changed": False, "pool": None, "diff": {"before": {}, "after": {}}}


def test_deleted_meanwhile(pool):
    pool.has()
    pool.server.delete("pools/etl").answers(pool.generation.problem(404, "Not Found", "no such pool"), 404)
    assert pool(name="etl", state="absent")["changed"] is True


@pytest.mark.parametrize(
    "given",
    [
        {"name": "etl", "slots": 0},
        {"name": "etl", "slots": -2},
        {"name": " etl", "slots": 1},
        {"name": "..", "slots": 1},
        {"name": "a\nb", "slots": 1},
        {"name": "x" * 257, "slots": 1},
        {"name": "default_pool", "state": "absent"},
        {"name": "default_pool", "slots": 4, "description": "mine"},
    ],
)
def test_what_no_airflow_takes_is_refused_before_a_request(pool, server, given):
    assert isinstance(pool.failure(**given), BadInput)
    assert server.requests == []


@pytest.mark.parametrize(
    ("version", "given"),
    [
        ("2.6.3", {"include_deferred": True}),
        ("2.11.2", {"slots": -1}),
        ("2.11.2", {"team_name": "data"}),
    ],
)
def test_what_an_airflow_2_cannot_do(old, version, given):
    old.version(version)
    assert isinstance(old.failure(name="etl", **given), Unsupported)


@pytest.mark.parametrize(("version", "given"), [("3.0.6", {"slots": -1}), ("3.1.8", {"team_name": "data"})])
def test_what_an_airflow_3_cannot_do(new, version, given):
    new.version(version)
    assert isinstance(new.failure(name="etl", **given), Unsupported)


def test_a_slash_on_airflow_2(old):
    assert isinstance(old.failure(name="a/b", slots=1), Unsupported)


def test_a_slash_on_airflow_3(new):
    new.server.get("pools/a%2Fb").answers(body("a/b"))
    assert new(name="a/b", slots=8)["changed"] is False


def test_a_pool_without_a_limit(new):
    new.version("3.3.2")
    new.has()
    new.patched({"slots": -1})
    assert new(name="etl", slots=-1)["pool"]["slots"] == -1


def test_a_pool_of_a_team_leaves_it(new):
    new.has(team_name="data")
    exchange = new.patched({"team_name": ""})
    exchange.sends["team_name"] = None
    assert new(name="etl", team_name="")["changed"] is True


def test_a_refusal_of_the_server(new):
    new.version("3.3.2")
    new.has()
    detail = [{"type": "value_error", "loc": ["body"], "msg": "Value error, team_name cannot be set", "input": "data"}]
    new.patched({"team_name": "data"}).answers({"detail": detail}, 422)
    error = new.failure(name="etl", team_name="data")
    assert error.message == "Airflow refused pool etl: Value error, team_name cannot be set; correct it."


@pytest.mark.parametrize(
    ("slots", "says"),
    [
        (0, "slots is 0; it takes 1 or more. From Airflow 3.1 on, -1 means that the pool has no limit."),
        (2**31, "slots is 2147483648; it takes at most 2147483647."),
        (99999999999999, "slots is 99999999999999; it takes at most 2147483647."),
    ],
)
def test_slots_that_no_pool_can_have_are_refused_at_once(pool, slots, says):
    assert pool.failure(name="etl", slots=slots).message == says
    assert pool.server.requests == []


@pytest.mark.parametrize("given", [{"description": "x"}, {"team_name": "data", "description": ""}])
def test_what_nobody_can_change_of_the_default_pool(pool, given):
    fields = "description, team_name" if len(given) > 1 else "description"
    assert pool.failure(name="default_pool", slots=1, **given).message == (
        f"Only slots and include_deferred of default_pool can be changed; leave out {fields}."
    )
    assert pool.server.requests == []


def test_an_old_version_is_told_what_it_can_have(old):
    old.version("2.11.2")
    assert old.failure(name="etl", slots=-1).message == (
        "slots: -1 (unlimited) needs Airflow 3.1 or newer, and https://airflow.example is 2.11.2; give 1 or more "
        "slots, or upgrade."
    )
