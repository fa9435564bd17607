# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of an Airflow, from one that was clicked together to files, and from files to an Airflow."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import in_process
import pytest
import yaml
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.pools import Pools
from ansible_collections.dagops.airflow.plugins.modules import airflow_objects, airflow_objects_info
from live import Airflow, Played, ansible_playbook

NAME = f"live_{uuid.uuid4().hex[:8]}"
SECRET = f"Nq{uuid.uuid4().hex}"
KINDS = ["connections", "variables", "pools", "roles", "users"]
TREE: dict[str, Any] = {
    "pools": [{"name": NAME, "slots": 3, "description": "Größe: 'x'"}],
    "variables": [
        {"key": f"{NAME}_json", "value": {"n": 1.5, "text": "{{ ds }}", "yes": "yes"}},
        {"key": f"{NAME}_text", "value": "{% raw %}"},
        {"key": f"{NAME} it's }}}} é", "value": "1"},
        {"key": f"{NAME}_token", "secret_value": {"deep": [SECRET]}},
    ],
    "connections": [
        {
            "connection_id": f"{NAME}.db-1",
            "conn_type": "postgres",
            "login": "etl",
            "password": SECRET,
            "extra": {"sslmode": "require", "list": [1, None]},
            "secret_extra": {"tls": {"private_key": SECRET}},
        },
        {"connection_id": f"{NAME}_bare", "conn_type": "http"},
    ],
    "roles": [{"name": NAME, "permissions": [{"action": "can_read", "resource": "DAGs"}]}],
    "users": [{"username": NAME, "password": SECRET, "email": f"{NAME}@example.com", "roles": [NAME]}],
}
PURGE = {kind: {"matching": [f"{NAME}*"]} for kind in KINDS}


def applied(api: Api, login: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """The result of airflow_objects."""
    defaults = {name: spec.get("default") for name, spec in airflow_objects.ARGUMENT_SPEC.items()}
    purge = {kind: {"except": None, "at_most": 10, **one} for kind, one in options.pop("purge", {}).items()}
    params = {**defaults, "api_username": login, **options, "purge": purge}
    frame = SimpleNamespace(params=params, check_mode=check_mode, warn=lambda warning: None)
    result: dict[str, Any] = airflow_objects.run(frame, api)  # type: ignore[arg-type]
    return result


@pytest.fixture
def made(airflow: Airflow, api: Api) -> Iterator[None]:
    applied(api, airflow.username, **TREE)
    yield
    applied(api, airflow.username, purge=PURGE, **{kind: [] for kind in KINDS})


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs a playbook of the collection with variables, and as much output as there is."""

    def run(name: str, *options: str, **variables: Any) -> Played:
        given = json.dumps({"airflow_objects_folder": "tree", **variables})
        return ansible_playbook(f"dagops.airflow.{name}", "--extra-vars", given, "-vvvv", *options, cwd=tmp_path)

    return run


def vault_of(needed: list[dict[str, Any]]) -> dict[str, Any]:
    """A mapping with another secret at each place that is needed."""
    vault: dict[str, Any] = {}
    for need in needed:
        below = vault.setdefault(need["kind"], {}).setdefault(need["name"], {})
        *path, last = need["field"].split(".")
        for key in path:
            below = below.setdefault(key, {})
        below[last] = "another-secret"
    return {"vault_airflow": vault}


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("place", ["tree", "tree.yml"])
def test_an_export_is_applied_without_a_change_and_tells_what_drifts(
    airflow: Airflow, api: Api, run: Any, tmp_path: Path, place: str
) -> None:
    mine = {"airflow_objects_kinds": KINDS, "airflow_objects_matching": [f"{NAME}*"]}
    exported = run("export_objects", airflow_objects_folder=place, **mine)
    assert exported.status == 0, exported.output
    again = run("export_objects", airflow_objects_folder=place, **mine)
    assert (again.status, again.changed()) == (0, 0), again.output
    files = sorted(tmp_path.glob("tree*/*.yml")) or [tmp_path / place]
    assert len(files) == (1 if place.endswith(".yml") else 5)
    texts = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert "vault_airflow['connections']" in texts
    secrets = vault_of(needed_by(airflow, api))
    same = {"airflow_objects_folder": place, "airflow_objects_update_secrets": "on_create", **secrets}
    kept = run("apply_objects", **same)
    assert (kept.status, kept.changed()) == (0, 0), kept.output

    api.ask(Pools).update({"name": NAME, "slots": 3, "description": "", "include_deferred": False}, {"slots": 4})
    drifted = run("apply_objects", "--check", "--diff", **same)
    assert (drifted.status, drifted.changed()) == (0, 1), drifted.output
    assert re.search(r'^\+ +"?slots"?: 3$', drifted.output, re.MULTILINE), drifted.output
    mended = run("apply_objects", **same)
    assert (mended.status, mended.changed()) == (0, 1), mended.output
    for played in (exported, again, kept, drifted, mended):
        assert SECRET not in played.output
        assert airflow.password not in played.output
    assert SECRET not in texts


def needed_by(airflow: Airflow, api: Api) -> list[dict[str, Any]]:
    params = {"kinds": KINDS, "matching": [f"{NAME}*"], "api_username": airflow.username}
    frame = SimpleNamespace(params=params, check_mode=False, warn=lambda warning: None)
    needed: list[dict[str, Any]] = airflow_objects_info.run(frame, api)["secrets_needed"]  # type: ignore[arg-type]
    return needed


def test_what_cannot_be_is_said_in_one_sentence(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    missing = run("apply_objects")
    assert "tree holds no configuration; name a folder" in missing.words, missing.output
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    other = run("export_objects", airflow_objects_kinds="pools")
    assert "holds other files than those of an export" in other.words, other.output
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]
    for content, says in (
        ({"format": 2, "pools": []}, "was written for another version of this collection"),
        ({"pools": [], "polls": []}, "holds the unknown keys polls"),
    ):
        (folder / "pools.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        refused = run("apply_objects")
        assert refused.status != 0
        assert says in refused.words, refused.output


@pytest.mark.usefixtures("made")
def test_a_purge_removes_what_it_says_and_a_failure_holds_it_back(airflow: Airflow, api: Api) -> None:
    few = {"variables": TREE["variables"][:1]}
    guarded = {"variables": {"matching": [f"{NAME}*"], "at_most": 2}}
    with pytest.raises(Exception, match=r"purge.variables would remove 3 objects and may remove 2"):
        applied(api, airflow.username, purge=guarded, **few)
    bad = {"roles": [{"name": f"{NAME}_bad", "permissions": [{"action": "can_read", "resource": "DAG:nosuch"}]}]}
    pools = [{"name": NAME, "slots": 7}]
    with pytest.raises(Exception, match=r"1 role could not be written: ") as caught:
        applied(api, airflow.username, purge={"variables": PURGE["variables"]}, pools=pools, **few, **bad)
    details = caught.value.details  # type: ignore[attr-defined]
    assert (details["objects"]["pools"]["updated"], details["objects"]["variables"]["removed"]) == ([NAME], [])
    foreseen = applied(api, airflow.username, check_mode=True, purge={"variables": PURGE["variables"]}, **few)
    removed = applied(api, airflow.username, purge={"variables": PURGE["variables"]}, **few)
    assert foreseen == removed
    assert len(removed["objects"]["variables"]["removed"]) == 3


@pytest.mark.parametrize("count", [100])
def test_many_objects(airflow: Airflow, count: int) -> None:
    tree = {
        "pools": [{"name": f"{NAME}_{number}", "slots": 1} for number in range(count)],
        "variables": {f"{NAME}_{number}": {"n": number} for number in range(count)},
        "connections": [
            {"connection_id": f"{NAME}_{number}", "conn_type": "http", "password": SECRET} for number in range(count)
        ],
    }
    secrets = {"update_secrets": "on_change"}
    api = in_process.connected(airflow)
    try:
        assert applied(api, airflow.username, **tree, **secrets)["changed"] is True
        assert applied(api, airflow.username, **tree, **secrets)["changed"] is False
    finally:
        purge = {kind: {**PURGE[kind], "at_most": count} for kind in tree}
        applied(api, airflow.username, purge=purge, **{kind: [] for kind in tree})
