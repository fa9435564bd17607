# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import silent
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.files import Files
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.health import Health
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    BadInput,
    Denied,
    ParseFailed,
    ServerError,
    TimedOut,
    Unreachable,
)
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Login
from ansible_collections.dagops.airflow.plugins.module_utils._work.parsed import (
    MOST_REPARSED,
    Since,
    moment_of,
    since_of,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.parsing import (
    NOWHERE,
    Deployed,
    settle,
    wait_until_parsed,
)
from ansible_collections.dagops.airflow.plugins.module_utils._work.progress import Progress

NOON = datetime(2026, 11, 22, 10, 15, tzinfo=timezone.utc)  # when the clock of tests starts
FILE = "/opt/airflow/dags/etl.py"


def at(second):
    """A moment so many seconds after the clock of tests has started, as Airflow writes it."""
    return (NOON + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def dag(parsed=-100, **keys):
    known = {"has_import_errors": False, "is_stale": False, "fileloc": FILE, "last_parsed_time": at(parsed)}
    return {"dag_id": "etl", **known, **keys}


def error(filename=FILE, tried=5, trace="Traceback:\n  File\nKeyError: 'email'\n\n"):
    return {"filename": filename, "timestamp": at(tried), "stack_trace": trace}


class Airflow:
    """A server on which things happen at given seconds: {second: what it tells from then on}."""

    def __init__(self, clock, dags, errors=None, versions=None, health=None):
        self.clock = clock
        self.story = {"dag": dags, "errors": errors or {0: []}, "version": versions or {0: None}}
        self.health_story = health
        self.asked = []
        self.client = Client("http://airflow.example", login=Login(), clock=clock)
        self.patience = self.client.patience
        self.say = silent

    def ask(self, family):
        """This server tells what a test may ask of any family."""
        return {
            Dags: types.SimpleNamespace(find=self._dag, select=self._dags, version=self._version),
            Files: self,
            Health: types.SimpleNamespace(read=self._health),
        }[family]

    def _now(self, what):
        story = self.story[what]
        told = story[max(second for second in story if second <= self.clock.passed)]
        if isinstance(told, Exception):
            raise told
        return told

    def _dag(self, dag_id, more):
        self.asked.append("dag")
        told = self._now("dag")
        return told[dag_id] if isinstance(told, dict) and "dag_id" not in told else told

    def _dags(self, more):
        self.asked.append("dags")
        return self._now("dag")

    def import_errors(self):
        self.asked.append("errors")
        return self._now("errors")

    def _version(self, dag_id):
        told = self._now("version")
        return told if isinstance(told, dict) else {"created_at": told}

    def needs(self, feature, minimum):
        assert (feature, minimum) == ("bundle_version", (3, 0))

    def is_file_of(self, dag, filename):
        return f"/{dag['fileloc']}".endswith(f"/{filename}")

    def reparse(self, dag_id):
        self.asked.append(f"reparse {dag_id} {self.clock.passed:.0f}")

    def _health(self):
        if self.health_story is None:
            raise Denied("no", 403)
        return self.health_story

    def reparsed(self):
        return [what for what in self.asked if what.startswith("reparse")]


def wait(airflow, wanted):
    wait_until_parsed(airflow, wanted, Progress(airflow, False))


def deployed(after=0.0, margin=30.0, timeout=300.0, ids=("etl",), marker="", bundle_version=""):
    since = Since(None if after is None else NOON + timedelta(seconds=after), margin, marker, bundle_version)
    return Deployed(list(ids), since, timeout)


def test_a_dag_that_is_there_is_not_waited_for(clock):
    airflow = Airflow(clock, {0: dag()})
    wait(airflow, deployed(after=None))
    assert airflow.asked == ["dag"]
    assert clock.passed == 0


@pytest.mark.parametrize("lacking", [None, dag(is_stale=True), dag(has_import_errors=True)])
def test_a_dag_is_waited_for_until_it_runs(clock, lacking):
    airflow = Airflow(clock, {0: lacking, 20: dag()})
    wait(airflow, deployed(after=None))
    assert 20 <= clock.passed < 25.1


def test_a_dag_that_was_known_needs_the_margin(clock):
    airflow = Airflow(clock, {0: dag(-100), 3: dag(2), 31: dag(29), 62: dag(61)})
    wait(airflow, deployed())
    assert 62 <= clock.passed < 67.1


def test_the_margin_can_be_chosen(clock):
    airflow = Airflow(clock, {0: dag(-100), 3: dag(2)})
    wait(airflow, deployed(margin=0))
    assert 3 <= clock.passed < 4


def test_a_dag_that_was_unknown_needs_no_margin(clock):
    airflow = Airflow(clock, {0: None, 3: dag(2)})
    wait(airflow, deployed())
    assert 3 <= clock.passed < 4
    assert airflow.reparsed() == []


def test_a_new_version_of_a_dag_needs_no_margin(clock):
    airflow = Airflow(clock, {0: dag(-100), 3: dag(2)}, versions={0: at(-90), 4: at(3)})
    wait(airflow, deployed())
    assert 4 <= clock.passed < 5


def test_a_parse_that_began_before_the_copy_does_not_count(clock):
    airflow = Airflow(clock, {0: dag(40, last_parse_duration=50), 45: dag(45, last_parse_duration=3)})
    wait(airflow, deployed())
    assert 45 <= clock.passed < 50.1


# -- signs of the new version


def marked(parsed, *tags, **keys):
    return dag(parsed, tags=list(tags), **keys)


def test_a_tag_that_comes_is_waited_for_and_then_the_margin(clock):
    airflow = Airflow(clock, {0: marked(-100, "a"), 10: marked(9, "a", "r2"), 45: marked(44, "r2")})
    wait(airflow, deployed(after=None, marker="r2"))
    assert 45 <= clock.passed < 50.1
    assert len(airflow.reparsed()) >= 2


def test_a_version_that_came_with_the_tag_needs_no_margin(clock):
    story = {0: marked(-100), 10: marked(9, "r2")}
    airflow = Airflow(clock, story, versions={0: at(-90), 10: at(9)})
    wait(airflow, deployed(after=None, marker="r2"))
    assert 10 <= clock.passed < 11.5


def test_of_a_tag_that_was_there_nobody_knows_since_when(clock):
    story = {0: marked(-3, "r2"), 20: marked(19, "r2"), 30: marked(29, "r2")}
    airflow = Airflow(clock, story, versions={0: at(-90)})
    wait(airflow, deployed(after=None, marker="r2"))
    assert 30 <= clock.passed < 35.1
    clock.passed = 0.0
    wait(Airflow(clock, story), deployed(after=None, marker="r2", margin=0))
    assert clock.passed == 0


def test_a_version_that_was_made_by_the_parse_that_was_seen_first_is_the_new_one(clock):
    airflow = Airflow(clock, {0: marked(-9, "r2")}, versions={0: at(-8.97)})
    wait(airflow, deployed(after=None, marker="r2"))
    assert clock.passed == 0
    assert airflow.asked == ["dag"]


@pytest.mark.parametrize("story", [{0: marked(-9, "r2")}, {0: marked(-99), 3: marked(-9, "r2")}])
@pytest.mark.parametrize("touched", [{}, {8: marked(7, "r2")}])
def test_a_time_out_does_not_say_that_a_version_was_new_when_it_was_seen(clock, story, touched):
    airflow = Airflow(clock, {**story, **touched}, versions={0: at(-90)})
    said = (
        f"DAG etl was parsed in its new version at {at(-9)}, and runs in it for sure once it is parsed again at "
        f"{at(21)} or later (parse_margin)"
    )
    lines = []
    airflow.say = lines.append
    with pytest.raises(TimedOut) as caught:
        wait_until_parsed(airflow, deployed(after=None, marker="r2", timeout=20), Progress(airflow, True))
    assert caught.value.message == f"{said}, after 20s (wait_timeout): give wait_timeout more than parse_margin."
    assert lines[-1] == said
    assert lines.count(said) == 1


MARGIN = "give wait_timeout more than parse_margin"
MARKER = "look whether the new version has come to where Airflow's DAG processor reads its files"
MEND = "correct the file and deploy it again"


@pytest.mark.parametrize(
    ("dags", "advice"),
    [
        ([marked(-9, "r2"), marked(-9, "r2")], f": {MARGIN}."),
        ([marked(-9, "r2"), marked(-9)], f": for DAG a {MARGIN}; for DAG b {MARKER}."),
        ([marked(-9), marked(-9, "r2"), marked(-9)], f": for DAG a, DAG c {MARKER}; for DAG b {MARGIN}."),
        ([marked(-9, has_import_errors=True), marked(-9)], f": for DAG a {MEND}; for DAG b {MARKER}."),
        ([marked(-9), marked(-9, is_stale=True)], f": for DAG a {MARKER}; for DAG b {NOWHERE}."),
        ([marked(-9), None], f": for DAG a {MARKER}; for DAG b {NOWHERE}."),
    ],
)
def test_each_reason_has_its_own_advice(clock, dags, advice):
    named = {name: one and {**one, "dag_id": name} for name, one in zip("abc", dags)}
    airflow = Airflow(clock, {0: named})
    with pytest.raises(TimedOut) as caught:
        wait(airflow, deployed(after=None, marker="r2", timeout=0, ids=named))
    assert caught.value.message.endswith(f", after 0s (wait_timeout){advice}")


def test_a_component_that_is_dead_is_the_advice_for_all(clock):
    health = {"dag_processor": {"status": "unhealthy", "latest_heartbeat": None}}
    named = {name: {**marked(-9, *tags), "dag_id": name} for name, tags in (("a", ["r2"]), ("b", []))}
    with pytest.raises(
        TimedOut, match=r"\(wait_timeout\): Airflow's dag processor has sent no heartbeat: start it again\.$"
    ):
        wait(Airflow(clock, {0: named}, health=health), deployed(after=None, marker="r2", timeout=0, ids=named))


def test_a_dag_that_comes_with_the_tag(clock):
    airflow = Airflow(clock, {0: None, 3: marked(2, "r2")})
    wait(airflow, deployed(after=None, marker="r2"))
    assert 3 <= clock.passed < 4


def test_a_tag_that_does_not_come(clock):
    with pytest.raises(TimedOut, match=r"DAG etl does not carry the tag r2 \(version_marker\), after 1m00s"):
        wait(Airflow(clock, {0: marked(-100, "r1")}), deployed(after=None, marker="r2", timeout=60))


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def of_commit(commit, name="dags"):
    return marked(9, bundle_version=commit, bundle_name=name)


@pytest.mark.parametrize("wanted", [COMMIT, COMMIT[:7]])
def test_a_version_of_the_bundle(clock, wanted):
    story = {0: of_commit("f" * 40), 10: of_commit(COMMIT)}
    airflow = Airflow(clock, story, versions={0: {"bundle_version": "f" * 40}, 14: {"bundle_version": COMMIT}})
    wait(airflow, deployed(after=None, bundle_version=wanted))
    assert 14 <= clock.passed < 16


def test_a_version_of_the_bundle_that_does_not_come(clock):
    told = (
        r"DAG etl is of version f{40} of its bundle, not 0123456 \(bundle_version\), after 1m00s \(wait_timeout\): "
        "look whether the new version has come"
    )
    with pytest.raises(TimedOut, match=told):
        wait(Airflow(clock, {0: of_commit("f" * 40)}), deployed(after=None, bundle_version="0123456", timeout=60))


def test_a_bundle_without_versions(clock):
    told = r"is in a bundle without versions \(dags-folder\), so bundle_version cannot be waited for"
    with pytest.raises(BadInput, match=told):
        wait(Airflow(clock, {0: of_commit(None, "dags-folder")}), deployed(after=None, bundle_version=COMMIT))


def test_a_version_that_is_too_short_to_be_one(clock):
    options = {"parse_margin": 30.0, "parsed_after": None, "version_marker": None, "bundle_version": " 012345 "}
    with pytest.raises(BadInput, match="bundle_version '012345' is too short to tell versions apart"):
        since_of(Airflow(clock, {0: dag()}), options)


@pytest.mark.parametrize(("count", "passed"), [(20, 4), (21, 32)])
def test_the_versions_of_more_than_twenty_dags_are_not_asked_for(clock, count, passed):
    names = [f"d{number:02}" for number in range(count)]
    seen = {second: [{**dag(at_), "dag_id": name} for name in names] for second, at_ in ((0, -100), (3, 2), (31, 31))}
    airflow = Airflow(clock, seen, versions={0: at(-90), 4: at(3)})
    wait(airflow, deployed(ids=names))
    assert passed <= clock.passed < passed + 1.5


def test_many_dags_are_looked_for_in_the_list(clock):
    dags = [{**dag(), "dag_id": name} for name in "abcd"]
    airflow = Airflow(clock, {0: dags[:3], 2: dags})
    wait(airflow, deployed(after=None, ids="abcd"))
    assert set(airflow.asked) == {"dags", "errors"}


def test_airflow_is_asked_to_parse_at_once_and_when_the_margin_is_over(clock):
    airflow = Airflow(clock, {0: dag(-100), 3: dag(2), 62: dag(61)})
    wait(airflow, deployed())
    assert [what.split()[1] for what in airflow.reparsed()] == ["etl", "etl"]
    first, second = (float(what.split()[2]) for what in airflow.reparsed())
    assert first == 0
    assert 30 <= second <= 35


def test_a_parse_is_asked_for_again_after_a_minute(clock):
    airflow = Airflow(clock, {0: dag(-100)})
    with pytest.raises(TimedOut):
        wait(airflow, deployed(margin=500, timeout=200.0))
    when = [float(what.split()[2]) for what in airflow.reparsed()]
    assert when[0] == 0
    assert all(60 <= later - sooner <= 66 for sooner, later in zip(when, when[1:]))
    assert len(when) == 4


def test_a_file_is_asked_for_once_and_not_too_many_of_them(clock):
    same = [{**dag(), "dag_id": f"same{number}"} for number in range(5)]
    others = [{**dag(fileloc=f"/f{number}.py"), "dag_id": f"other{number}"} for number in range(40)]
    airflow = Airflow(clock, {0: [*same, *others]})
    ids = [one["dag_id"] for one in (*same, *others)]
    with pytest.raises(TimedOut):
        wait(airflow, deployed(timeout=0, ids=ids))
    assert len(airflow.reparsed()) == MOST_REPARSED
    assert sum("same" in what for what in airflow.reparsed()) == 1


def test_as_many_files_as_airflow_takes_at_once_are_asked_for_again_after_a_minute(clock):
    dags = [{**dag(fileloc=f"/f{number}.py"), "dag_id": f"etl{number}"} for number in range(MOST_REPARSED + 1)]
    airflow = Airflow(clock, {0: dags})
    with pytest.raises(TimedOut):
        wait(airflow, deployed(margin=500, timeout=70, ids=[one["dag_id"] for one in dags]))
    asked = [what.split()[1] for what in airflow.reparsed()]
    assert len(asked) == 2 * MOST_REPARSED
    assert asked[MOST_REPARSED:] == asked[:MOST_REPARSED]


# -- import errors


@pytest.mark.parametrize("after", [0.0, None])
@pytest.mark.parametrize("filename", [FILE, "etl.py"])
def test_an_import_error_of_the_new_file_fails_at_once(clock, after, filename):
    airflow = Airflow(
        clock, {0: dag()} if after is not None else {0: dag(is_stale=True)}, {0: [], 6: [error(filename)]}
    )
    with pytest.raises(ParseFailed) as caught:
        wait(airflow, deployed(after))
    assert caught.value.message == (
        f"DAG etl cannot be parsed: {filename} cannot be imported: KeyError: 'email'; "
        "correct the file and deploy it again."
    )
    assert caught.value.details["import_errors"] == [
        {"filename": filename, "timestamp": at(5), "trace_tail": "Traceback:\n  File\nKeyError: 'email'"}
    ]
    assert 6 <= clock.passed < 7.1


def test_an_import_error_of_the_old_file_does_not_fail(clock):
    airflow = Airflow(clock, {0: dag(has_import_errors=True), 9: dag(8)}, {0: [error(tried=-5)], 9: []})
    wait(airflow, deployed(margin=0))
    assert 9 <= clock.passed < 10


def test_an_import_error_of_another_file_does_not_fail(clock):
    airflow = Airflow(clock, {0: dag(), 9: dag(8)}, {0: [], 3: [error("/opt/airflow/dags/other.py"), error("tl.py")]})
    wait(airflow, deployed(margin=0))


def test_a_file_that_is_named_like_an_unknown_dag_is_its_file(clock):
    with pytest.raises(ParseFailed, match=r"DAG etl cannot be parsed: sub/etl\.py cannot be imported: KeyError"):
        wait(Airflow(clock, {0: None}, {0: [error("sub/etl.py", 0)]}), deployed())
    assert clock.passed == 0


def test_a_file_that_breaks_meanwhile_may_be_that_of_an_unknown_dag(clock):
    airflow = Airflow(clock, {0: None}, {0: [], 4: [error("/dags/whatever.py", 4)]})
    with pytest.raises(ParseFailed) as caught:
        wait(airflow, deployed(margin=20))
    assert caught.value.message == (
        "DAG etl is not known to Airflow, perhaps because of its file: /dags/whatever.py cannot be imported: KeyError: "
        "'email'; correct the file and deploy it again."
    )
    assert 24 <= clock.passed < 35


def test_a_file_of_somebody_else_that_breaks_meanwhile_ends_nothing(clock):
    airflow = Airflow(clock, {0: None, 20: dag(20)}, {0: [], 4: [error("/dags/colleague.py", 4)]})
    wait(airflow, deployed())
    assert 20 <= clock.passed < 25.1


def test_a_file_that_was_broken_before_is_not_that_of_an_unknown_dag(clock):
    broken = [error("/dags/other.py", 100)]
    airflow = Airflow(clock, {0: None, 9: dag(8)}, {0: broken})
    wait(airflow, deployed())


def test_import_errors_that_may_not_be_read(clock):
    airflow = Airflow(clock, {0: None, 9: dag(8)}, {0: Denied("no", 403)})
    wait(airflow, deployed())
    # Once is enough: each refusal may cost a login.
    assert airflow.asked.count("errors") == 1


def test_import_errors_that_cannot_be_read_for_a_moment(clock):
    broken = [error("/opt/airflow/dags/etl.py", 5)]
    airflow = Airflow(clock, {0: dag(is_stale=True)}, {0: ServerError("no", 500), 4: broken})
    with pytest.raises(ParseFailed):
        wait(airflow, deployed())


@pytest.mark.parametrize("trace", ["", "\n \n"])
def test_an_import_error_without_a_reason(clock, trace):
    airflow = Airflow(clock, {0: None}, {0: [error("etl.py", 0, trace)]})
    with pytest.raises(ParseFailed, match="cannot be imported: Airflow shows no reason;"):
        wait(airflow, deployed())


def test_of_a_long_trace_the_end_is_shown(clock):
    trace = "\n".join(f"line {number}" for number in range(100))
    airflow = Airflow(clock, {0: None}, {0: [error("etl.py", 0, trace)]})
    with pytest.raises(ParseFailed) as caught:
        wait(airflow, deployed())
    assert caught.value.details["import_errors"][0]["trace_tail"].splitlines() == [f"line {n}" for n in range(80, 100)]


# -- time-outs


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            None,
            "DAG etl is not known to Airflow, after 10s (wait_timeout): check that the file, with the DAG in ",
        ),
        (dag(is_stale=True), "DAG etl is stale: Airflow no longer finds it in its files, after 10s (wait_timeout): "),
        (
            dag(is_stale=True, has_import_errors=True),
            "DAG etl is stale: Airflow no longer finds it in its files, after 10s (wait_timeout): ",
        ),
        (dag(has_import_errors=True), f"DAG etl has an import error in {FILE}, after 10s"),
        (dag(-100), f"DAG etl was last parsed at {at(-100)}, before {at(0)} (parsed_after), after 10s"),
        ({**dag(), "last_parsed_time": None}, "DAG etl has never been parsed, after 10s (wait_timeout): "),
        (
            dag(2),
            f"DAG etl was last parsed at {at(2)}, less than 30 s (parse_margin) after {at(0)} (parsed_after), after "
            "10s (wait_timeout): give wait_timeout more than parse_margin.",
        ),
    ],
)
def test_a_time_out_says_what_is_lacking(clock, seen, said):
    with pytest.raises(TimedOut) as caught:
        wait(Airflow(clock, {0: seen}), deployed(timeout=10))
    assert caught.value.message.startswith(said)
    assert caught.value.details["timed_out"] is True
    assert clock.passed == 10


def test_an_outage_at_the_end_is_a_time_out(clock):
    outage = Unreachable("Nothing listens.")
    outage.cut_short = True
    with pytest.raises(TimedOut) as caught:
        wait(Airflow(clock, {0: None, 10: outage}), deployed(timeout=10))
    assert caught.value.message == (
        "DAG etl is not known to Airflow, after 10s (wait_timeout): it was when Airflow answered last. Nothing listens."
    )


def test_a_time_out_names_files_that_cannot_be_imported(clock):
    airflow = Airflow(clock, {0: None}, {0: [error("other.py", -50)]})
    with pytest.raises(TimedOut) as caught:
        wait(airflow, deployed(timeout=10))
    assert caught.value.message.startswith("DAG etl is not known to Airflow, after 10s (wait_timeout): check that ")
    assert caught.value.message.endswith("DAG processor. Files that cannot be imported: other.py.")
    assert [one["filename"] for one in caught.value.details["import_errors"]] == ["other.py"]


def test_a_time_out_of_many_dags_names_some(clock):
    with pytest.raises(TimedOut) as caught:
        wait(Airflow(clock, {0: []}), deployed(timeout=0, ids="abcdefg"))
    assert "DAG d is not known to Airflow; and 3 more, after 0s" in caught.value.message


def test_a_time_out_tells_of_a_dead_dag_processor(clock):
    health = {
        "dag_processor": {"status": "unhealthy", "latest_heartbeat": at(-500)},
        "scheduler": {"status": "healthy"},
    }
    with pytest.raises(TimedOut, match=r"Airflow's dag processor has sent no heartbeat since .*: start it again\."):
        wait(Airflow(clock, {0: None}, health=health), deployed(timeout=10))


# -- check mode, and what cannot be


def test_check_mode_looks_once_and_asks_for_nothing(clock):
    airflow = Airflow(clock, {0: dag(-100)})
    warned: list[str] = []
    assert settle(airflow, deployed(), True, True, warned.append)
    assert airflow.asked == ["dag"]
    (warning,) = warned
    assert warning.startswith("DAG etl was last parsed at")
    assert warning.endswith("; check mode does not wait for it.")
    assert not settle(airflow, deployed(after=None), True, True, warned.append)
    assert len(warned) == 1


def test_the_future_is_refused(clock):
    airflow = Airflow(clock, {0: dag()})
    assert moment_of(airflow, None) is None
    assert moment_of(airflow, at(59)) == NOON + timedelta(seconds=59)
    with pytest.raises(BadInput, match=r"parsed_after .* is in the future \(it is 2026-11-22T10:15:00Z\)"):
        moment_of(airflow, at(61))
    airflow.client.server_now = (NOON + timedelta(seconds=30)).timestamp
    assert moment_of(airflow, at(61))
