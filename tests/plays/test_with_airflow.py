# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks against a server that finds itself in a state which a real one is hard to bring into."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible.release import __version__ as ansible_version
from ansible_collections.dagops.airflow.tests.plays.little_airflow import LittleAirflow, reached
from ansible_collections.dagops.airflow.tests.plays.playbooks import play, run_playbook
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS

pytestmark = pytest.mark.long

V2 = GENERATIONS["v2"]
DATE = "2026-01-01T00:00:00Z"
SCHEDULED = "scheduled__2026-01-01T00:00:00+00:00"


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[LittleAirflow]:
    yield from reached(monkeypatch, "etl", "données")


@pytest.mark.parametrize(
    ("by", "state", "written", "words"),
    [
        (
            {"airflow_logical_date": DATE},
            "running",
            [f"PATCH dags/etl/dagRuns/{SCHEDULED}"],
            "is cancelled.",
        ),
        ({"airflow_dag_run_id": SCHEDULED}, "success", [], "has ended already: success"),
        ({"airflow_dag_run_id": SCHEDULED}, None, [], "does not exist."),
    ],
)
def test_any_run_is_cancelled(
    by: dict[str, str], state: str | None, written: list[str], words: str, tmp_path: Path, airflow: LittleAirflow
) -> None:
    airflow.dags["etl"]["is_stale"] = True
    if state:
        airflow.runs["etl", SCHEDULED] = V2.run(SCHEDULED, state, dag_id="etl", logical_date=DATE)
    # A run of another date.
    airflow.runs["etl", "r"] = V2.run("r", "running", dag_id="etl", logical_date="2026-01-02T00:00:00Z")
    played = run_playbook("cancel_dag_run", tmp_path, airflow_dag_id="etl", **by)
    assert played.status == 0, played.output
    assert f"DAG run etl / {SCHEDULED} {words}" in played.words
    assert airflow.written == written


@pytest.mark.parametrize(("answer", "fails"), [("y", True), ("ture", True), ("n", False), ("", False)])
def test_a_run_that_did_not_succeed(answer: str, fails: bool, tmp_path: Path, airflow: LittleAirflow) -> None:
    """What is no answer at all is no reason to call a failed run good."""
    airflow.runs["etl", "r"] = V2.run("r", "failed", dag_id="etl")
    variables = {"airflow_dag_id": "etl", "airflow_dag_run_id": "r", "airflow_require_success": answer}
    played = run_playbook("cancel_dag_run", tmp_path, **variables)
    assert (played.status != 0) is fails, played.output
    assert "DAG run etl / r has ended already: failed" in played.words


@pytest.mark.parametrize("taken", [True, False])
def test_the_run_of_another_node_is_refused(taken: bool, tmp_path: Path, airflow: LittleAirflow) -> None:
    if taken:
        airflow.runs["etl", "awx__7"] = V2.run("awx__7", "running", dag_id="etl")
    variables = {"airflow_dag_id": "etl", "airflow_wait": False, "awx_job_id": 8, "awx_workflow_job_id": 7}
    played = run_playbook("run_dag", tmp_path, **variables)
    refusal = "DAG run etl / awx__7 was made by another node of this workflow"
    assert (played.status != 0, refusal in played.words) == (taken, taken), played.output
    assert airflow.written == ([] if taken else ["POST dags/etl/dagRuns"])


@pytest.mark.parametrize("note", [None, '["donn\\u00e9es", "etl"]\n'], ids=["a new note", "one in ASCII"])
def test_a_note_holds_any_letters(note: str | None, tmp_path: Path, airflow: LittleAirflow) -> None:
    for name in ("pause_all", "restore"):
        if note and name == "restore":
            (tmp_path / "airflow_paused.json").write_text(note, encoding="utf-8")
        played = run_playbook(name, tmp_path)
        assert played.status == 0, played.output
        assert {dag["is_paused"] for dag in airflow.dags.values()} == {name == "pause_all"}


def test_dags_are_unpaused_when_one_of_them_is_deleted_meanwhile(tmp_path: Path, airflow: LittleAirflow) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "etl.py").write_text("# Airflow DAG", encoding="utf-8")

    def delete(what: str) -> None:
        if airflow.dags["etl"]["is_paused"] and airflow.dags.get("données", {}).get("is_paused"):
            del airflow.dags["données"]

    airflow.on_write = delete
    folders = {"airflow_dags_source": "dags/", "airflow_dags_folder": f"{tmp_path}/there"}
    played = run_playbook("deploy_dags", tmp_path, airflow_dag_ids="etl,données", airflow_parse_timeout=1, **folders)
    # One of the two is not there.
    assert played.status != 0
    assert [*airflow.dags] == ["etl"]
    assert airflow.dags["etl"]["is_paused"] is False, played.output


def deployment(folder: Path) -> dict[str, str]:
    """A file to be deployed, and the variables for it."""
    (folder / "dags").mkdir()
    (folder / "dags" / "etl.py").write_text("# Airflow DAG", encoding="utf-8")
    return {"airflow_dags_source": "dags/", "airflow_dags_folder": f"{folder}/there"}


@pytest.mark.parametrize("again", [False, True], ids=["with another file", "with the same file"])
def test_a_file_that_is_still_broken_is_no_success(again: bool, tmp_path: Path, airflow: LittleAirflow) -> None:
    """Airflow takes its DAGs for stale since the last deployment, and hides them."""
    # A bundle has one folder, so the other DAGs, which lie elsewhere, go.
    airflow.dags = {"etl": airflow.dags["etl"]}
    airflow.dags["etl"].update(is_stale=True, has_import_errors=True, fileloc=f"{tmp_path}/there/etl.py")
    trace = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'broken'\n"
    error = {"import_error_id": 1, "timestamp": "2100-01-01T00:00:00Z", "filename": "etl.py", "stack_trace": trace}
    airflow.import_errors = [{**error, "bundle_name": "dags-folder"}]
    variables = deployment(tmp_path)
    if again:
        (tmp_path / "there").mkdir()
        (tmp_path / "there" / "etl.py").write_text("# Airflow DAG", encoding="utf-8")
    played = run_playbook("deploy_dags", tmp_path, airflow_parse_timeout=9, **variables)
    assert played.status != 0, played.output
    assert "etl.py cannot be imported: ModuleNotFoundError: No module named 'broken'; correct the file" in played.words


def test_a_dag_that_left_its_file_while_that_was_broken_is_not_waited_for(
    tmp_path: Path, airflow: LittleAirflow
) -> None:
    for dag in airflow.dags.values():
        dag["fileloc"] = f"{tmp_path}/there/etl.py"
    airflow.dags["données"].update(is_stale=True, has_import_errors=True)
    played = run_playbook("deploy_dags", tmp_path, airflow_parse_timeout=1, **deployment(tmp_path))
    assert played.status == 0, played.output


def test_check_mode_speaks_of_no_run_that_is_not_there(tmp_path: Path, airflow: LittleAirflow) -> None:
    variables = {"airflow_dag_id": "etl", "airflow_dag_run_id": "r"}
    foreseen = run_playbook("run_dag", tmp_path, "--check", **variables)
    assert foreseen.status == 0, foreseen.output
    assert '"DAG run etl / r would be triggered."' in foreseen.words
    assert "CUSTOM STATS" not in foreseen.output
    made = run_playbook("run_dag", tmp_path, airflow_wait=False, **variables)
    assert '"DAG run etl / r is queued. http://' in made.words
    there = run_playbook("run_dag", tmp_path, "--check", **variables)
    assert '"DAG run etl / r was already there, and is queued. http://' in there.words


def test_what_the_role_says_in_check_mode(tmp_path: Path, airflow: LittleAirflow) -> None:
    dags = [{"dag_id": "etl", "dag_run_id": "r", "wait": False}, {"dag_id": "données", "paused": True}]
    role = {"ansible.builtin.import_role": {"name": "dagops.airflow.airflow_deploy"}}
    played = play(tmp_path, [role], "--check", plays_vars={}, airflow_deploy_dags=dags)
    assert played.status == 0, played.output
    assert '"DAG run etl / r would be triggered."' in played.words
    assert "es is parsed and would be paused; no run is triggered." in played.words
    assert airflow.written == []


def test_the_role_speaks_of_its_own_variables(tmp_path: Path, airflow: LittleAirflow) -> None:
    airflow.dags["etl"]["is_paused"] = True
    variables = {
        "airflow_deploy_dags": [{"dag_id": "etl"}, {"dag_id": "nowhere"}],
        "airflow_deploy_paused": None,
        "airflow_deploy_parse_timeout": 1,
    }
    role = {"ansible.builtin.import_role": {"name": "dagops.airflow.airflow_deploy"}}
    played = play(tmp_path, [role], plays_vars=variables)
    summary = played.words.rpartition("2 of 2 DAGs did not end well: ")[2]
    assert "would stay queued; unpause it, or give it paused: false. | DAG nowhere is not known to Airflow" in summary
    assert ", after 1s (airflow_deploy_parse_timeout): " in summary
    # The report before it is of the same words.
    assert played.words.count("(airflow_deploy_parse_timeout)") >= 2
    assert not re.search(r"[( ](parse|wait)_timeout", played.words)


ROLE = {"ansible.builtin.import_role": {"name": "dagops.airflow.airflow_deploy"}}


def test_the_role_names_the_item_that_is_wrong(tmp_path: Path, airflow: LittleAirflow) -> None:
    dags = [{"dag_id": "etl"}, {"dag_id": "données", "conf": "x"}]
    played = play(tmp_path, [ROLE], plays_vars={"airflow_deploy_dags": dags})
    assert "Item 2 of airflow_deploy_dags: conf must be a mapping" in played.words, played.output
    assert airflow.written == []


def test_an_item_may_leave_a_dag_as_paused_as_it_is(tmp_path: Path, airflow: LittleAirflow) -> None:
    for dag in airflow.dags.values():
        dag["is_paused"] = True
    dags = [{"dag_id": "etl", "paused": None, "trigger": False}, {"dag_id": "données", "trigger": "no"}]
    played = play(tmp_path, [ROLE], plays_vars={"airflow_deploy_dags": dags})
    assert played.status == 0, played.output
    assert [dag["is_paused"] for dag in airflow.dags.values()] == [True, False]


@pytest.mark.parametrize("by", ["the item", "the default"])
def test_the_role_pauses_no_dag_that_is_to_run(by: str, tmp_path: Path, airflow: LittleAirflow) -> None:
    item = {"dag_id": "etl", "trigger": True, **({"paused": True} if by == "the item" else {})}
    variables = {"airflow_deploy_dags": [item], "airflow_deploy_paused": by == "the default"}
    played = play(tmp_path, [ROLE], plays_vars=variables)
    words = "Item 1 of airflow_deploy_dags: DAG etl is to be paused, so that the run that trigger: true asks for would"
    assert words in played.words
    assert airflow.written == []


@pytest.mark.parametrize("state", ["success", "failed"])
def test_the_role_unpauses_a_dag_whose_run_was_there(state: str, tmp_path: Path, airflow: LittleAirflow) -> None:
    airflow.dags["etl"]["is_paused"] = True
    airflow.runs["etl", "r"] = V2.run("r", state, dag_id="etl")
    played = play(tmp_path, [ROLE], plays_vars={"airflow_deploy_dags": [{"dag_id": "etl", "dag_run_id": "r"}]})
    assert (played.status == 0, "was already there" in played.words) == (state == "success", True), played.output
    assert airflow.dags["etl"]["is_paused"] is False


@pytest.mark.parametrize("playbook", ["run_dag", "cancel_dag_run"])
def test_a_playbook_speaks_of_its_own_variables(playbook: str, tmp_path: Path, airflow: LittleAirflow) -> None:
    played = run_playbook(playbook, tmp_path, airflow_dag_id="etl", airflow_dag_run_id="x" * 251)
    assert played.status != 0
    assert f"airflow_dag_run_id '{'x' * 59}…' has 251 characters" in played.words, played.output
    assert " dag_run_id 'xx" not in played.words


# Dates in a list of DAGs, and a secret that nothing may show.
DATED = """\
dated:
  - dag_id: etl
    dag_run_id: r
    wait: false
    logical_date: 2026-11-22T00:00:00+00:00
    secret_conf: {password: hunter2-secret}
    conf: {day: 2026-01-01}
"""
NATIVE = tuple(map(int, ansible_version.split(".")[:2])) >= (2, 19)


@pytest.mark.parametrize("kind", ["a list", "an expression"])
@pytest.mark.parametrize("name", ["airflow_smoke_dags", "airflow_deploy_dags"])
def test_dates_in_a_list_of_dags(name: str, kind: str, tmp_path: Path, airflow: LittleAirflow) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "etl.py").write_text("", encoding="utf-8")
    # An expression results in something else than what it is about before ansible-core 2.19.
    given = DATED.replace("dated", name, 1) if kind == "a list" else f'{name}: "{{{{ dated }}}}"\n{DATED}'
    (tmp_path / "vars.yml").write_text(given, encoding="utf-8")
    options = ("-e", f"@{tmp_path}/vars.yml", "-vvv", "-e", "airflow_parse_timeout=9 airflow_deploy_parse_timeout=9")
    if name == "airflow_smoke_dags":
        folders = {"airflow_dags_source": "dags/", "airflow_dags_folder": f"{tmp_path}/there"}
        played = run_playbook("deploy_dags", tmp_path, *options, **folders)
    else:
        role = {"ansible.builtin.import_role": {"name": "dagops.airflow.airflow_deploy"}}
        played = play(tmp_path, [role], *options, plays_vars={})
    assert "hunter2" not in played.output
    if NATIVE or kind == "a list":
        assert played.status == 0, played.output
        (posted,) = airflow.runs.values()
        assert posted["conf"] == {"day": "2026-01-01", "password": "hunter2-secret"}
        assert posted["logical_date"] == "2026-11-22T00:00:00Z"
    else:
        assert played.status != 0
        # What the role gets is a text with an expression in Python; it goes no further than the check of its variables.
        assert re.search(
            "unable to convert to dict|dictionary update sequence|give a list of mappings", played.words
        ), played.output
        assert airflow.written == []
