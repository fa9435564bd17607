# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, BadInput
from ansible_collections.dagops.airflow.plugins.module_utils._work import paused_file
from ansible_collections.dagops.airflow.plugins.modules import airflow_maintenance
from ansible_collections.dagops.airflow.tests.unit.bodies import Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

PAGE = {"limit": 100, "offset": 0}


@pytest.fixture
def window(server: Server, generation: Generation) -> Runner:
    return Runner(server, generation, airflow_maintenance)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "window.json"


class Dags:
    """The DAGs of the server, in the order in which they are asked for and written."""

    def __init__(self, server: Server, generation: Generation) -> None:
        self.server, self.generation = server, generation

    def listed(self, **paused: bool) -> None:
        dags = [self.generation.dag(dag_id, is_paused=is_paused) for dag_id, is_paused in paused.items()]
        with_stale = "only_active" if self.generation.name == "v1" else "exclude_stale"
        self.server.get("dags", {with_stale: "false", **PAGE}).answers(self.generation.dags(*dags))

    def read(self, dag_id: str, is_paused: bool, **keys: t.Any) -> None:
        self.server.get(f"dags/{dag_id}").answers(self.generation.dag(dag_id, is_paused=is_paused, **keys))

    def gone(self, dag_id: str) -> None:
        self.server.get(f"dags/{dag_id}").answers(self.generation.no_dag(dag_id), 404)

    def written(self, dag_id: str, paused: bool) -> None:
        self.server.patch(f"dags/{dag_id}", sends={"is_paused": paused}).answers(
            self.generation.dag(dag_id, is_paused=paused)
        )


@pytest.fixture
def dags(server: Server, generation: Generation) -> Dags:
    return Dags(server, generation)


def test_all_that_is_documented_is_returned():
    assert set(documented(airflow_maintenance)) == {"unpaused_dags", "gone_dag_ids", "msg"}


def test_pausing_notes_what_was_not_paused(window, dags, file):
    dags.listed(a=True, b=False, c=False)
    dags.written("b", True)
    dags.written("c", True)
    result = window(state="paused", path=str(file))
    assert result == {
        "changed": True,
        "unpaused_dags": ["b", "c"],
        "msg": f"2 DAGs are paused: b, c. The list of the DAGs to unpause is in {file}.",
        "diff": {
            "before": {"b": {"is_paused": False}, "c": {"is_paused": False}},
            "after": {
                "b": {"is_paused": True},
                "c": {"is_paused": True},
                str(file): {"unpaused_dags": ["b", "c"]},
            },
        },
    }
    assert file.read_text(encoding="utf-8") == '[\n    "b",\n    "c"\n]\n'
    assert os.listdir(file.parent) == ["window.json"]
    assert file.stat().st_mode & 0o777 == 0o644


def test_pausing_adds_to_an_earlier_list(window, dags, file):
    # As another program may write it; such a list is not written anew when nothing is to be added.
    file.write_text('["donn\\u00e9es", "b"]', encoding="utf-8")
    dags.listed(b=True)
    result = window(state="paused", path=str(file))
    assert (result["changed"], result["unpaused_dags"]) == (False, ["b", "données"])
    earlier = f"The list of the DAGs to unpause is in {file}, with 2 DAGs from before: b, données."
    assert result["msg"] == f"No DAG was paused: all selected DAGs are paused already. {earlier}"
    assert file.read_text(encoding="utf-8") == '["donn\\u00e9es", "b"]'
    dags.listed(a=False)
    dags.written("a", True)
    result = window(state="paused", path=str(file))
    assert result["msg"] == f"1 DAG is paused: a. {earlier}"
    assert result["diff"] == {
        "before": {"a": {"is_paused": False}, str(file): {"unpaused_dags": ["données", "b"]}},
        "after": {"a": {"is_paused": True}, str(file): {"unpaused_dags": ["a", "b", "données"]}},
    }
    assert '"données"' in file.read_text(encoding="utf-8")


def test_the_list_is_there_before_anything_is_paused(window, dags, file, server, generation):
    dags.listed(a=False)
    server.patch("dags/a", sends={"is_paused": True}).answers(generation.problem(403, "Forbidden"), 403)
    error = window.failure(state="paused", path=str(file))
    assert error.details == {"changed": False, "unpaused_dags": ["a"]}
    assert file.read_text(encoding="utf-8") == '[\n    "a"\n]\n'


def test_check_mode_predicts_and_writes_nothing(window, dags, file):
    dags.listed(a=False)
    result = window(check_mode=True, state="paused", path=str(file))
    assert (result["changed"], result["unpaused_dags"]) == (True, ["a"])
    assert result["msg"] == f"1 DAG would be paused: a. The list of the DAGs to unpause would be in {file}."
    assert not file.exists()
    file.write_text('["a"]', encoding="utf-8")
    dags.read("a", True)
    result = window(check_mode=True, state="restored", path=str(file))
    assert result["changed"] is True
    assert result["msg"] == f"1 DAG would be unpaused: a. The file would be renamed to {file}.restored."
    assert file.exists()
    # Nothing would be written anew.
    dags.listed(a=True)
    assert window(check_mode=True, state="paused", path=str(file))["msg"] == (
        "No DAG would be paused: all selected DAGs are paused already. The list of the DAGs to unpause is in "
        f"{file}, with 1 DAG from before: a."
    )


def test_many_dags_are_not_all_named(window, dags, file):
    names = [f"d{number}" for number in range(7)]
    dags.listed(**dict.fromkeys(names, False))
    result = window(check_mode=True, state="paused", path=str(file))
    assert result["msg"].startswith("7 DAGs would be paused: d0, d1, d2, d3, and 3 more. The list")


def test_dags_are_selected_by_id_and_tag(window, dags, file):
    dags.read("a", False)
    dags.written("a", True)
    assert window(state="paused", path=str(file), dag_id=["a"], tags=["demo"])["unpaused_dags"] == ["a"]


@pytest.mark.parametrize("option", ["dag_id", "tags"])
def test_an_empty_list_selects_nothing(window, file, option):
    result = window(state="paused", path=str(file), **{option: []})
    # The file says so, too: there is nothing to restore.
    assert (result["changed"], result["unpaused_dags"]) == (True, [])
    said = f"No DAG was paused: none is selected. The list of the DAGs to unpause, in {file}, is empty."
    assert result["msg"] == said
    assert file.read_text(encoding="utf-8") == "[]\n"


def test_a_link_stays(window, file, tmp_path):
    (tmp_path / "link.json").symlink_to(file)
    window(state="paused", path=str(tmp_path / "link.json"), dag_id=[])
    assert (tmp_path / "link.json").is_symlink()
    assert file.exists()


def test_restoring_unpauses_these_dags_and_uses_the_file_up(window, dags, file):
    file.write_text('["b", "a", "a"]', encoding="utf-8")
    dags.read("a", True)
    dags.read("b", False)
    dags.written("a", False)
    result = window(state="restored", path=str(file))
    assert result == {
        "changed": True,
        "unpaused_dags": ["a", "b"],
        "msg": f"1 DAG is unpaused: a. The file is now {file}.restored.",
        "diff": {
            "before": {"a": {"is_paused": True}, str(file): {"state": "present"}},
            "after": {"a": {"is_paused": False}, str(file): {"state": "absent"}},
        },
    }
    assert os.listdir(file.parent) == ["window.json.restored"]
    # Once more: there is nothing left to do.
    again = {"changed": False, "unpaused_dags": [], "diff": {"before": {}, "after": {}}}
    used = f"The list in {file} was used before, so nothing"
    assert window(state="restored", path=str(file)) == {**again, "msg": f"{used} was changed."}
    assert window(True, state="restored", path=str(file)) == {**again, "msg": f"{used} would be changed."}


def test_restoring_finds_nothing_to_unpause(window, dags, file):
    file.write_text('["a"]', encoding="utf-8")
    dags.read("a", False)
    nothing = "No DAG was unpaused: all DAGs of the list are unpaused already."
    assert window(state="restored", path=str(file))["msg"] == f"{nothing} The file is now {file}.restored."
    dags.read("a", False)
    assert window(state="restored", unpaused_dags=["a"])["msg"] == nothing
    says = "No DAG would be unpaused: the list is empty."
    assert window(True, state="restored", unpaused_dags=[])["msg"] == says


def test_many_dags_are_found_in_one_list(window, dags, file):
    file.write_text('["a", "b", "c", "d"]', encoding="utf-8")
    dags.listed(a=False, b=False, c=False, d=True, e=True)
    dags.written("d", False)
    assert window(state="restored", path=str(file))["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_dags_that_are_gone_are_named_and_the_file_stays(window, dags, file, check_mode):
    file.write_text('["a", "b", "c"]', encoding="utf-8")
    dags.read("a", True)
    dags.gone("b")
    dags.read("c", True, is_stale=True)
    if not check_mode:
        dags.written("a", False)
    error = window.failure(check_mode, state="restored", path=str(file))
    assert error.message == (
        "b, c cannot be unpaused, since Airflow does not find these DAGs in its files; all others "
        f"{'would be' if check_mode else 'are'} unpaused. Deploy them and run the task again, or remove them from "
        f"{file}."
    )
    assert error.details == {"changed": True, "unpaused_dags": ["a"], "gone_dag_ids": ["b", "c"]}
    assert os.listdir(file.parent) == ["window.json"]


def test_dags_that_are_gone_are_told_when_a_write_fails(window, dags, server, generation):
    dags.read("a", True)
    dags.gone("b")
    server.patch("dags/a", sends={"is_paused": False}).answers(generation.problem(403, "Forbidden"), 403)
    error = window.failure(state="restored", unpaused_dags=["a", "b"])
    assert error.details == {"changed": False, "unpaused_dags": ["a"], "gone_dag_ids": ["b"]}


def test_one_dag_that_is_gone(window, dags):
    dags.gone("b")
    error = window.failure(state="restored", unpaused_dags=["b"])
    assert error.message == (
        "b cannot be unpaused, since Airflow does not find this DAG in its files; all others are unpaused. Deploy it "
        "and run the task again, or remove it from unpaused_dags."
    )


@pytest.mark.parametrize("with_file", [True, False])
def test_a_list_that_is_given_goes_before_the_file(window, dags, file, with_file):
    file.write_text("no list at all", encoding="utf-8")
    dags.read("a", True)
    dags.written("a", False)
    given = {"path": str(file)} if with_file else {}
    assert window(state="restored", unpaused_dags=[" a "], **given)["unpaused_dags"] == ["a"]
    assert os.listdir(file.parent) == ["window.json"]
    assert window(state="restored", unpaused_dags=[], **given)["changed"] is False


@pytest.mark.parametrize(
    "text", ["", "a", "[", "{}", "[1]", '["a b"]', '["etl_*"]', '"a"', "null", "[" * 100_000, "[\0]", '["a",]', '[""]']
)
@pytest.mark.parametrize("state", ["paused", "restored"])
def test_another_file_is_refused_before_anything_is_asked(window, file, text, state):
    file.write_text(text, encoding="utf-8")
    error = window.failure(state=state, path=str(file))
    assert isinstance(error, BadInput)
    assert error.message == (
        f"{file} is not a list of DAG ids in JSON, as state: paused writes it, so nothing was {state}; give another "
        "file in path."
    )
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("state", ["paused", "restored"])
def test_a_folder_and_bytes_are_no_list(window, tmp_path, file, state):
    error = window.failure(state=state, path=str(tmp_path))
    assert error.message == f"{tmp_path} is a folder, so nothing was {state}; give a file in path."
    file.write_bytes(b"\xff\xfe")
    assert "is not a list of DAG ids in JSON" in window.failure(state=state, path=str(file)).message


def test_what_may_not_be_read_or_written(window, file, monkeypatch):
    def denied(*_names: t.Any, **_more: t.Any) -> t.NoReturn:
        raise PermissionError(13, "Permission denied")

    # Root may do everything, so that modes say nothing.
    monkeypatch.setattr(paused_file.os, "access", lambda *_names: False)
    message = window.failure(state="paused", path=str(file)).message
    said = (
        f"{file} cannot be written (Permission denied), so nothing was paused; give a file in another folder in path."
    )
    assert message == said
    monkeypatch.setattr(paused_file, "open", denied, raising=False)
    message = window.failure(state="restored", path=str(file)).message
    assert message == f"{file} cannot be read by the user of this task, so nothing was restored."


def test_a_full_disk(window, dags, file, monkeypatch):
    def full(*_names: str) -> t.NoReturn:
        raise OSError(28, "No space left on device")

    dags.listed(a=False)
    monkeypatch.setattr(paused_file.os, "replace", full)
    error = window.failure(state="paused", path=str(file))
    assert error.message.startswith(f"{file} cannot be written (No space left on device), so nothing was paused")
    assert os.listdir(file.parent) == []


def test_a_file_that_cannot_be_renamed(window, file):
    file.write_text("[]", encoding="utf-8")
    Path(f"{file}.restored").mkdir()
    error = window.failure(state="restored", path=str(file))
    assert isinstance(error, AirflowError)
    assert error.message.startswith(f"All DAGs are unpaused, but {file} cannot be renamed to {file}.restored (")
    assert error.details["changed"] is True


REFUSED: dict[str, tuple[dict[str, t.Any], str]] = {
    "no file": ({"state": "paused"}, "path is not given; name the file for the DAGs that were not paused."),
    "a list for pausing": (
        {"state": "paused", "path": "/x", "unpaused_dags": []},
        "unpaused_dags can only be given with state: restored; leave it out.",
    ),
    "DAGs to restore": (
        {"state": "restored", "path": "/x", "dag_id": ["a"], "tags": []},
        "dag_id and tags can only be given with state: paused; leave them out.",
    ),
    "no such file": (
        {"state": "restored", "path": "/no/such/file"},
        "/no/such/file does not exist, so there is nothing to restore; give the file that state: paused has written in "
        "path.",
    ),
    "no such folder": (
        {"state": "paused", "path": "/no/such/file"},
        "The folder /no/such does not exist, so nothing was paused; create it, or correct path.",
    ),
    "a pattern": ({"state": "restored", "unpaused_dags": ["etl_*"]}, "unpaused_dags"),
    "an empty item": ({"state": "restored", "unpaused_dags": ["a", " "]}, "unpaused_dags holds an empty text"),
    "an empty id": ({"state": "paused", "path": "/tmp/x", "dag_id": [""]}, "dag_id holds an empty text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_before_anything_is_asked(window, name):
    given, words = REFUSED[name]
    error = window.failure(**given)
    assert isinstance(error, BadInput)
    assert words in error.message
