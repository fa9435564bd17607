# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    ParseFailed,
    TimedOut,
    Unsupported,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.dag_files import NOWHERE
from ansible_collections.dagops.airflow.plugins.modules import airflow_dag_file
from ansible_collections.dagops.airflow.tests.unit.bodies import Body, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

ROOT = "/opt/airflow/dags"
AFTER = "2026-11-22T10:15:00Z"  # when the clock of tests starts
OLD, NEW, SETTLED = (f"2026-11-22T10:{time}+00:00" for time in ("14:00", "15:02", "15:40"))


@pytest.fixture
def files(server: Server, generation: Generation) -> Runner:
    return Runner(server, generation, airflow_dag_file)


def page(**query: t.Any) -> dict[str, t.Any]:
    return {**query, "limit": 100, "offset": 0}


def dag(generation: Generation, dag_id: str, place: str, parsed: str = OLD, **keys: t.Any) -> Body:
    """A DAG of the file at this place in the DAGs folder."""
    more = {"relative_fileloc": place} if generation.name == "v2" else {}
    return generation.dag(dag_id, fileloc=f"{ROOT}/{place}", last_parsed_time=parsed, **more, **keys)


def error(generation: Generation, place: str, tried: str = NEW, **keys: t.Any) -> Body:
    names = {"v1": {"filename": f"{ROOT}/{place}"}, "v2": {"filename": place, "bundle_name": "dags-folder"}}
    trace = "Traceback:\n  File\nKeyError: 'email'\n"
    return {"import_error_id": place, "timestamp": tried, "stack_trace": trace, **names[generation.name], **keys}


def look(server: Server, generation: Generation, dags: t.Sequence[Body], errors: t.Sequence[Body] = ()) -> None:
    """One look: the import errors, then the DAGs."""
    answer = {"import_errors": [*errors], "total_entries": len(errors)}
    server.get("importErrors", page()).answers(answer)
    server.get("dags", page(**generation.stale_filter)).answers(generation.dags(*dags))


def no_list(server: Server, generation: Generation) -> None:
    """Before 3.4 the files of a bundle are not listed."""
    if generation.name == "v2":
        version(server, "3.3.2")


def version(server: Server, number: str) -> None:
    server.get("version").answers({"version": number})


def stamps(server: Server) -> Exchange:
    return server.get("dagBundles/dags-folder/files", page())


def hurried(server: Server, body: Body) -> None:
    server.get(f"dags/{body['dag_id']}").answers(body)
    server.expect("PUT", f"parseDagFile/{body['file_token']}").answers("", 201)


def versions(server: Server, generation: Generation, dag_id: str, *made: str) -> None:
    if generation.name == "v2":
        query = {"order_by": "-version_number", "limit": 1}
        answer = {"dag_versions": [{"version_number": 2, "created_at": time} for time in made]}
        server.get(f"dags/{dag_id}/dagVersions", query).answers(answer)


def told(result: dict[str, t.Any]) -> dict[str, tuple[str, list[str], list[str]]]:
    return {file["file"]: (file["state"], file["dag_ids"], file["gone_dag_ids"]) for file in result["files"]}


def test_all_that_is_documented_is_returned():
    assert set(documented(airflow_dag_file)) == {"files", "dags", "timed_out"}


# -- what there is


def test_files_are_told_in_the_order_in_which_they_were_named(files, server, generation, clock):
    dags = [dag(generation, "a", "a.py"), dag(generation, "b", "team/b.py"), dag(generation, "other", "other.py")]
    look(server, generation, dags)
    result = files(files=["team/b.py", "./a.py", "a.py"])
    assert told(result) == {"team/b.py": ("parsed", ["b"], []), "a.py": ("parsed", ["a"], [])}
    assert [file["file"] for file in result["files"]] == ["team/b.py", "a.py"]
    assert [one["dag_id"] for one in result["dags"]] == ["a", "b"]
    assert not {"place", "bundle_name", "relative_fileloc"} & set(result["dags"][0])
    assert result["changed"] is False
    assert clock.passed == 0


def test_a_zip_file_holds_dags_of_several_files(files, server, generation):
    dags = [dag(generation, name, f"packed.zip/{name}.py") for name in ("a", "b")]
    look(server, generation, dags)
    assert told(files(files=["packed.zip"])) == {"packed.zip": ("parsed", ["a", "b"], [])}


def test_a_look_tells_of_all_states_and_fails_for_none(files, server, generation):
    look(server, generation, [dag(generation, "a", "a.py")], [error(generation, "team/new.py")])
    result = files(files=["a.py", "team/new.py", "helper.py"], wait=False)
    states = {"a.py": ("parsed", ["a"], []), "team/new.py": ("broken", [], []), "helper.py": ("pending", [], [])}
    assert told(result) == states
    assert result["files"][1]["import_error"]["trace_tail"].endswith("KeyError: 'email'")
    assert files.warnings == []


def test_check_mode_looks_once_and_warns(files, server, generation, clock):
    look(server, generation, [dag(generation, "a", "a.py")], [error(generation, "team/new.py")])
    files(True, files=["a.py", "team/new.py", "late.py"], parsed_after=AFTER)
    (warning,) = files.warnings
    assert warning == (
        "team/new.py cannot be imported: KeyError: 'email'; a.py is not read: DAG a was last parsed at "
        f"2026-11-22T10:14:00Z, before {AFTER} (parsed_after); late.py is not read: Airflow knows no DAG of it; check "
        "mode does not wait for it."
    )
    assert clock.passed == 0


# -- waiting


def test_a_new_file_is_waited_for(files, server, generation, clock):
    look(server, generation, [dag(generation, "a", "a.py")])
    no_list(server, generation)
    look(server, generation, [dag(generation, "a", "a.py"), dag(generation, "new", "new.py", NEW)])
    assert told(files(files=["new.py"], parsed_after=AFTER)) == {"new.py": ("parsed", ["new"], [])}
    assert clock.pauses == [0.5]


def test_a_known_file_needs_the_margin_and_is_asked_for(files, server, generation):
    before, after = dag(generation, "a", "a.py"), dag(generation, "a", "a.py", SETTLED)
    look(server, generation, [before])
    hurried(server, before)
    no_list(server, generation)
    look(server, generation, [after])
    assert told(files(files=["a.py"], parsed_after=AFTER)) == {"a.py": ("parsed", ["a"], [])}


def test_a_new_version_of_a_dag_needs_no_margin(files, server, generation):
    look(server, generation, [dag(generation, "a", "a.py", NEW)])
    if generation.name == "v2":
        versions(server, generation, "a", NEW)
        files(files=["a.py"], parsed_after=AFTER)
        return
    hurried(server, dag(generation, "a", "a.py", NEW))
    look_at_health(server)
    failure = files.failure(files=["a.py"], parsed_after=AFTER, wait_timeout=0)
    assert "less than 30 s (parse_margin)" in failure.message


def test_each_file_has_its_own_advice(files, server, generation):
    look(server, generation, [dag(generation, "a", "a.py", NEW, tags=["r2"])])
    versions(server, generation, "a", OLD)
    hurried(server, dag(generation, "a", "a.py"))
    look_at_health(server)
    options = {"parsed_after": AFTER, "version_marker": "r2", "wait_timeout": 0}
    failure = files.failure(files=["a.py", "b.py"], **options)
    assert failure.message.endswith(
        "b.py is not read: Airflow knows no DAG of it, after 0s (wait_timeout): for a.py give wait_timeout more than "
        f"parse_margin; for b.py {NOWHERE}."
    )


def look_at_health(server: Server) -> None:
    server.get("health" if "v1" in server.prefix else "monitor/health").answers({})


def test_a_parse_that_began_before_the_copy_read_the_old_file(files, server, generation):
    """Airflow 3 tells how long it took."""
    if generation.name == "v1":
        return
    slow = dag(generation, "a", "a.py", SETTLED, last_parse_duration=50.5)
    look(server, generation, [slow])
    hurried(server, slow)
    look_at_health(server)
    failure = files.failure(files=["a.py"], parsed_after=AFTER, wait_timeout=0)
    assert failure.message.startswith(
        "a.py is not read: DAG a was last parsed at 2026-11-22T10:15:40Z by a parse of 50 s, which began before "
    )
    look(server, generation, [dag(generation, "a", "a.py", SETTLED, last_parse_duration=30)])
    assert told(files(files=["a.py"], parsed_after=AFTER)) == {"a.py": ("parsed", ["a"], [])}


@pytest.mark.parametrize("known", [True, False])
def test_a_broken_file_fails_whether_it_was_known_or_not(files, server, generation, known):
    dags = [dag(generation, "a", "a.py")] if known else []
    look(server, generation, dags, [error(generation, "a.py", OLD)])
    if known:
        hurried(server, dags[0])
    no_list(server, generation)
    stale = [dag(generation, "a", "a.py", is_stale=True, has_import_errors=True)] if known else []
    broken = error(generation, "a.py", NEW, stack_trace="Traceback\nKeyError: 'email'.\n")
    look(server, generation, stale, [broken, error(generation, "of_others.py")])
    failure = files.failure(files=["a.py"], parsed_after=AFTER)
    assert isinstance(failure, ParseFailed)
    assert failure.message == "a.py cannot be imported: KeyError: 'email'; correct the file and deploy it again."
    assert told(failure.details) == {"a.py": ("broken", ["a"] if known else [], [])}


def test_of_a_broken_file_the_dags_of_its_last_version_are_told(files, server, generation):
    marks = {"is_stale": True, "has_import_errors": True}
    dags = [dag(generation, "kept", "a.py", NEW, **marks), dag(generation, "dropped", "a.py", OLD, **marks)]
    look(server, generation, dags, [error(generation, "a.py", SETTLED)])
    assert told(files(files=["a.py"], wait=False)) == {"a.py": ("broken", ["kept"], [])}


def test_several_broken_files_are_all_named(files, server, generation):
    look(server, generation, [], [error(generation, name) for name in ("a.py", "b.py")])
    failure = files.failure(files=["a.py", "b.py", "c.py"])
    assert failure.message == (
        "a.py cannot be imported: KeyError: 'email'; b.py cannot be imported: KeyError: 'email'; correct the files and "
        "deploy them again."
    )


def test_a_file_that_never_shows_up_is_named(files, server, generation, clock):
    look(server, generation, [dag(generation, "a", "a.py")])
    no_list(server, generation)
    look(server, generation, [dag(generation, "a", "a.py")])
    look_at_health(server)
    failure = files.failure(files=["a.py", "team/late.py"], wait_timeout=0.5)
    assert isinstance(failure, TimedOut)
    assert failure.message.startswith("team/late.py is not read: Airflow knows no DAG of it, after 0s (wait_timeout): ")
    assert "no .airflowignore hides it." in failure.message
    assert told(failure.details)["team/late.py"] == ("pending", [], [])


@pytest.mark.parametrize("known", [False, True])
def test_an_import_error_of_just_before_is_quoted(files, server, generation, known):
    """Airflow may have read the new file before the time that the task was given, and tries it again only later."""
    marks = {"is_stale": True, "has_import_errors": True}
    dags = [dag(generation, "a", "a.py", **marks)] if known else []
    look(server, generation, dags, [error(generation, "a.py", "2026-11-22T10:14:59.500000+00:00")])
    if known:
        hurried(server, dags[0])
    look_at_health(server)
    failure = files.failure(files=["a.py"], parsed_after=AFTER, wait_timeout=0)
    assert isinstance(failure, TimedOut)
    assert failure.message == (
        "a.py is not read: its import error of 2026-11-22T10:14:59.500000Z (KeyError: 'email') is from before "
        "2026-11-22T10:15:00Z (parsed_after), after 0s (wait_timeout): correct the file; if it is corrected already, "
        "give wait_timeout more than Airflow takes to read a file again."
    )
    assert told(failure.details)["a.py"][0] == "pending"
    assert failure.details["files"][0]["import_error"]["trace_tail"].endswith("KeyError: 'email'")


def test_an_import_error_of_just_before_is_quoted_where_a_dag_is_waited_for(files, server, generation):
    look(server, generation, [], [error(generation, "a.py", "2026-11-22T10:14:59.500000+00:00")])
    look_at_health(server)
    failure = files.failure(files=["a.py"], dag_id=["etl"], parsed_after=AFTER, wait_timeout=0)
    assert "(KeyError: 'email') is from before" in failure.message
    assert "DAG etl is not known to Airflow" in failure.message


def test_an_old_import_error_of_a_helper_does_not_hold_up_the_dags(files, server, generation):
    read = dag(generation, "etl", "etl.py", SETTLED)
    look(server, generation, [read], [error(generation, "helper.py", OLD)])
    assert told(files(files=["helper.py"], dag_id=["etl"], parsed_after=AFTER)) == {"helper.py": ("pending", [], [])}


def test_who_may_not_see_import_errors_is_told_so(files, server, generation):
    server.get("importErrors", page()).answers(generation.problem(403, "Forbidden"), 403)
    server.get("dags", page(**generation.stale_filter)).answers(generation.dags())
    look_at_health(server)
    failure = files.failure(files=["a.py"], wait_timeout=0)
    assert "the user lacks can_read on ImportError." in failure.message


# -- DAGs that have left their file


def test_a_dag_that_was_not_read_with_the_others_has_left(files, server, generation):
    before = [dag(generation, name, "a.py") for name in ("dropped", "kept")]
    look(server, generation, before)
    hurried(server, before[0])
    no_list(server, generation)
    look(server, generation, [before[0], dag(generation, "kept", "a.py", SETTLED)])
    assert told(files(files=["a.py"], parsed_after=AFTER)) == {"a.py": ("parsed", ["kept"], ["dropped"])}
    assert files.warnings == [
        "DAG dropped has left a.py, and is in no file any more; delete it with state: absent of airflow_dag, or put it "
        "back."
    ]


def test_a_dag_that_was_read_from_the_old_file_only_has_left(files, server, generation):
    """The old file was just being read when it was replaced."""
    before = [dag(generation, name, "a.py") for name in ("dropped", "kept")]
    look(server, generation, before)
    hurried(server, before[0])
    no_list(server, generation)
    read = [dag(generation, "dropped", "a.py", NEW), dag(generation, "kept", "a.py", SETTLED)]
    look(server, generation, read)
    versions(server, generation, "dropped")
    assert told(files(files=["a.py"], parsed_after=AFTER)) == {"a.py": ("parsed", ["kept"], ["dropped"])}


def test_a_dag_that_moved_to_another_file_is_not_gone(files, server, generation):
    before = [dag(generation, "kept", "a.py"), dag(generation, "moved", "a.py")]
    look(server, generation, before)
    hurried(server, before[0])
    no_list(server, generation)
    look(server, generation, [dag(generation, "kept", "a.py", SETTLED), dag(generation, "moved", "b.py", SETTLED)])
    result = files(files=["a.py", "b.py"], parsed_after=AFTER)
    assert told(result) == {"a.py": ("parsed", ["kept"], []), "b.py": ("parsed", ["moved"], [])}


def test_a_file_that_all_dags_have_left(files, server, generation):
    before = dag(generation, "a", "a.py")
    look(server, generation, [before])
    hurried(server, before)
    no_list(server, generation)
    look(server, generation, [dag(generation, "a", "a.py", is_stale=True)])
    assert told(files(files=["a.py"], parsed_after=AFTER)) == {"a.py": ("parsed", [], ["a"])}


def test_dags_that_left_long_ago_are_not_told_again(files, server, generation):
    dags = [
        dag(generation, "kept", "a.py"),
        dag(generation, "dropped", "a.py", is_stale=True),
        # Airflow does not take the mark away when a file is mended without the DAG.
        dag(generation, "marked", "a.py", is_stale=True, has_import_errors=True),
    ]
    look(server, generation, dags)
    assert told(files(files=["a.py"])) == {"a.py": ("parsed", ["kept"], [])}


# -- DAGs that are named


def test_named_dags_are_waited_for_in_place_of_files_without_dags(files, server, generation):
    look(server, generation, [dag(generation, "a", "a.py"), dag(generation, "elsewhere", "x.py")])
    look(server, generation, [dag(generation, name, f"{name}.py") for name in ("a", "elsewhere", "new")])
    result = files(files=["a.py", "helper.py"], dag_id=["new", "elsewhere"])
    assert told(result) == {"a.py": ("parsed", ["a"], []), "helper.py": ("pending", [], [])}
    assert [one["dag_id"] for one in result["dags"]] == ["a", "elsewhere", "new"]


def test_a_broken_file_fails_when_dags_are_named_too(files, server, generation):
    look(server, generation, [], [error(generation, "new.py")])
    failure = files.failure(files=["new.py"], dag_id="etl")
    assert failure.message.startswith("new.py cannot be imported: ")


def test_a_named_dag_that_never_comes(files, server, generation):
    look(server, generation, [])
    look_at_health(server)
    failure = files.failure(files=[], dag_id="etl,other", wait_timeout=0)
    assert failure.message.startswith("DAG etl is not known to Airflow; DAG other is not known to Airflow, after 0s")


# -- what was there before the files were copied


def before(name: str, import_error: Body | None = None) -> Body:
    """A file as a look before the copying has returned it."""
    return {"file": name, "state": "parsed", "dag_ids": [], "gone_dag_ids": [], "import_error": import_error}


OTHER = {"filename": "a.py", "timestamp": OLD, "trace_tail": "SyntaxError: invalid syntax"}
SAME = {"filename": "a.py", "timestamp": OLD, "trace_tail": "Traceback:\n  File\nKeyError: 'email'"}


@pytest.mark.parametrize("was", [None, OTHER], ids=["none", "another one"])
@pytest.mark.parametrize(
    "form", [lambda seen: seen, lambda seen: {"files": seen}, json.dumps], ids=["list", "result", "JSON"]
)
@pytest.mark.parametrize("is_known", [True, False])
def test_an_error_that_was_not_there_before_is_of_the_new_file(files, server, generation, is_known, form, was):
    """Airflow has read the file after it was copied, and before the last one was."""
    look(server, generation, [dag(generation, "etl", "a.py")] if is_known else [], [error(generation, "a.py", OLD)])
    failure = files.failure(files=["a.py"], parsed_after=AFTER, files_before=form([before("a.py", was)]))
    assert isinstance(failure, ParseFailed)
    assert failure.message == "a.py cannot be imported: KeyError: 'email'; correct the file and deploy it again."


@pytest.mark.parametrize("known", [None, [], [before("b.py")], [before("a.py", SAME)]])
def test_an_error_that_was_there_before_is_of_the_old_file(files, server, generation, known):
    look(server, generation, [], [error(generation, "a.py", OLD)])
    server.get("health" if generation.name == "v1" else "monitor/health").answers({})
    failure = files.failure(files=["a.py"], parsed_after=AFTER, files_before=known, wait_timeout=0)
    assert isinstance(failure, TimedOut)
    assert "is from before 2026-11-22T10:15:00Z (parsed_after)" in failure.message


@pytest.mark.parametrize("item", [{"state": "parsed"}, {"file": "a.py"}, {"file": "", "import_error": None}])
def test_what_is_no_look_before_the_copying(files, server, item):
    failure = files.failure(files=["a.py"], files_before=[before("b.py"), item])
    assert isinstance(failure, BadInput)
    assert failure.message == (
        "Item 2 of files_before has no file or no import_error; give the result of airflow_dag_file with wait: false, "
        "or the files in it."
    )
    assert server.requests == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("a.py", "files_before is a text that holds no files"),
        ({"changed": False}, "files_before is a mapping that holds"),
    ],
)
def test_what_has_no_files(files, server, given, words):
    assert files.failure(files=["a.py"], files_before=given).message.startswith(words)
    assert server.requests == []


# -- the folder


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (f"{ROOT}/", "team/a.py"),
        (f"{ROOT}/team", "a.py"),
        ("team", "a.py"),
        # By another path, as in a container.
        ("/srv/dags", "team/a.py"),
        ("/srv/dags/team", "a.py"),
        ("~/dags", "team/a.py"),
    ],
)
def test_files_below_a_folder(files, server, generation, folder, name):
    dags = [dag(generation, "a", "team/a.py"), dag(generation, "b", "a.py"), dag(generation, "c", "team/team/a.py")]
    look(server, generation, dags, [error(generation, "other/a.py")])
    (file,) = files(files=[name], folder=folder)["files"]
    assert (file["state"], file["dag_ids"]) == ("parsed", ["a"])


def test_an_import_error_below_a_folder(files, server, generation):
    look(server, generation, [dag(generation, "other", "x.py")], [error(generation, "team/a.py")])
    assert files.failure(files=["a.py"], folder=f"{ROOT}/team").message.startswith("a.py cannot be imported: ")


def test_two_folders_that_may_be_meant(files, server, generation):
    look(server, generation, [dag(generation, name, f"{name}/etl.py") for name in ("a", "b")])
    failure = files.failure(files=["etl.py"], folder="/srv/dags")
    assert isinstance(failure, BadInput)
    assert "etl.py is the end of " in failure.message
    assert failure.message.endswith("; give the folder of the files in folder.")


# -- bundles (Airflow 3)


def in_bundles(generation: Generation) -> list[Body]:
    return [dag(generation, name, "etl.py", bundle_name=name) for name in ("a", "b")]


def test_two_bundles_with_one_name_of_file(files, server, generation):
    if generation.name == "v1":
        return
    look(server, generation, in_bundles(generation))
    failure = files.failure(files=["etl.py"])
    assert isinstance(failure, BadInput)
    assert failure.message == "etl.py is a file of the DAG bundles a and b; name one of them in bundle."


def test_the_bundle_decides(files, server, generation):
    if generation.name == "v1":
        server.get("version").answers({"version": "2.11.2"})
        assert isinstance(files.failure(files=["etl.py"], bundle="b"), Unsupported)
        return
    look(server, generation, in_bundles(generation))
    assert told(files(files=["etl.py"], bundle="b")) == {"etl.py": ("parsed", ["b"], [])}


def test_a_stale_dag_of_another_bundle_is_no_reason_to_doubt(files, server, generation):
    if generation.name == "v1":
        return
    stale = dag(generation, "old", "etl.py", bundle_name="former", is_stale=True)
    look(server, generation, [stale, dag(generation, "etl", "etl.py")])
    assert told(files(files=["etl.py"])) == {"etl.py": ("parsed", ["etl"], [])}


def test_the_files_of_a_bundle_say_whether_to_look_again(files, server, generation):
    """From 3.4 on."""
    if generation.name == "v1":
        return
    old = {
        "relative_fileloc": "a.py",
        "dag_count": 1,
        "last_parsed_time": OLD,
        "last_parse_duration": 1.5,
        "import_error_count": 0,
    }
    listed = [dag(generation, "a", "a.py"), dag(generation, "late", "x.py")]
    look(server, generation, listed)
    hurried(server, listed[0])
    version(server, "3.4.0b2")
    stamps(server).answers({"dag_bundle_files": [old], "total_entries": 1})
    look(server, generation, listed)
    # Nothing was read meanwhile.
    server.again(stamps(server).answers({"dag_bundle_files": [old], "total_entries": 1}), 1)
    stamps(server).answers({"dag_bundle_files": [{**old, "last_parsed_time": SETTLED}], "total_entries": 1})
    look(server, generation, [dag(generation, "a", "a.py", SETTLED), listed[1]])
    assert told(files(files=["a.py"], parsed_after=AFTER)) == {"a.py": ("parsed", ["a"], [])}


def test_an_import_error_is_looked_at_again(files, server, generation):
    """The list of files does not tell when the error came up."""
    if generation.name == "v1":
        return
    broken = {"relative_fileloc": "a.py", "dag_count": 0, "last_parsed_time": None, "import_error_count": 1}
    look(server, generation, [], [error(generation, "a.py", OLD)])
    version(server, "3.4.0b2")
    for tried in (OLD, OLD, NEW):
        stamps(server).answers({"dag_bundle_files": [broken], "total_entries": 1})
        look(server, generation, [], [error(generation, "a.py", tried)])
    assert "a.py cannot be imported" in files.failure(files=["a.py"], parsed_after=AFTER).message


# -- what cannot be


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"files": []}, "files is empty; name at least one file."),
        ({"files": ["a.py", " "]}, "files holds '', which is no name of a file; correct it."),
        ({"files": ["../a.py"]}, "files holds '../a.py', which is no name of a file; correct it."),
        ({"files": ["."]}, "files holds '.', which is no name of a file; correct it."),
        ({"files": ["etl/*.py"]}, "files takes names, and 'etl/*.py' is a pattern; name each file."),
        ({"files": ["/dags/a.py"], "folder": "/dags"}, "with folder, give what is below that folder."),
        ({"files": ["a.py"], "parsed_after": "2026-11-22T10:17:00Z"}, "is in the future"),
        ({"files": ["a.py"], "parsed_after": "2026-11-22T10:15:00"}, "has no time zone"),
        ({"files": ["a.py"], "wait_timeout": -1}, "wait_timeout is -1"),
        ({"files": ["a.py"], "parse_margin": -1}, "parse_margin is -1"),
        ({"files": ["a.py"], "dag_id": ["a b"]}, "dag_id 'a b' has a blank"),
    ],
)
def test_what_cannot_be_right(files, server, options, said):
    failure = files.failure(**options)
    assert isinstance(failure, BadInput)
    assert said in failure.message
    assert server.requests == []


def test_absolute_paths(files, server, generation):
    path = f"{ROOT}/team/a.py"
    if generation.name == "v2":
        failure = files.failure(files=[path])
        assert f"files holds the absolute path {path}, and Airflow 3 knows files by their place" in failure.message
        return
    look(server, generation, [dag(generation, "a", "team/a.py"), dag(generation, "b", "b.py")])
    assert told(files(files=[path])) == {path: ("parsed", ["a"], [])}
