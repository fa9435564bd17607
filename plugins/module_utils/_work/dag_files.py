# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAG files: what Airflow has made of them, and waiting until it has read them."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from .._airflow.airflow import Airflow, Object
from .._airflow.files import Files
from .._base.errors import ParseFailed, TimedOut
from .._base.inputs import seconds_of
from .._base.text import first_few
from .._base.times import iso
from .parsed import (
    LONGEST_LOOK,
    Hurry,
    ImportErrors,
    Since,
    advice_of,
    lack_of,
    moment,
    moment_of,
    reason_of,
    server_now,
    shown,
)
from .places import Finder, Where, where_of
from .progress import Progress
from .report import last_answer, waited

PARSED, BROKEN, PENDING = "parsed", "broken", "pending"
MOST_ASKED = 20  # DAGs of a look whose versions are asked for one by one
# Airflow stamps all DAGs of a file within this time of one another: one whose stamp is older was in an earlier version.
ONE_PARSE = timedelta(seconds=15)
NOWHERE = (
    "check that it lies in the DAGs folder or the DAG bundle of Airflow's DAG processor, that it defines a DAG, and that "
    "no .airflowignore hides it"
)
UNSEEN = " Whether it cannot be imported is not known: the user lacks can_read on ImportError."


class Wanted(t.NamedTuple):
    """The files that are waited for, and what "read" means for them."""

    where: Where
    since: Since
    timeout: float


class State(t.NamedTuple):
    """What has become of a file.

    :param lack: what a pending file lacks.
    :param asked: DAGs by which Airflow can be asked to read it.
    """

    state: str
    dag_ids: t.Collection[str] = ()
    gone: t.Collection[str] = ()
    error: Object | None = None
    lack: str = ""
    asked: t.Sequence[Object] = ()


def wanted_of(airflow: Airflow, params: t.Mapping[str, t.Any]) -> Wanted:
    """Check the options."""
    where = where_of(airflow, params["files"], params["folder"], params["bundle"])
    timeout = seconds_of("wait_timeout", params["wait_timeout"])
    margin = seconds_of("parse_margin", params["parse_margin"])
    return Wanted(where, Since(moment_of(airflow, params["parsed_after"]), margin), timeout)


def _in_file_before(dags: t.Sequence[Object]) -> set[str]:
    """Which of the DAGs of a file are in it, as far as Airflow knows.

    Airflow takes the DAGs of a file that cannot be imported for stale ones. One that had left such a file when it was mended
    keeps the mark of the import error, but other DAGs of the file are alive then.
    """
    alive = {dag["dag_id"] for dag in dags if not dag["is_stale"]}
    return alive or {dag["dag_id"] for dag in dags if dag["has_import_errors"]}


class FileWatch:
    """Looks at files until all of them are read."""

    def __init__(self, airflow: Airflow, wanted: Wanted) -> None:
        self._airflow = airflow
        self._since = wanted.since
        self._finder = Finder(wanted.where)
        self._errors = ImportErrors(airflow)
        self._hurry = Hurry(airflow, wanted.since)
        self._dags: list[Object] = []
        self._broken: list[Object] = []
        self._stamps: object = None
        self._known: set[str] | None = None  # DAGs that there were when the wait began
        self._before: dict[str, set[str]] = {}  # file -> DAGs in it then
        self.states: dict[str, State] = {}

    def look(self) -> dict[str, State]:
        """Return what has become of each file; BadInput when it cannot be told which file is meant."""
        if self._known is None or not self._is_unchanged():
            # In this order: a file that breaks between the two requests is not taken for one without DAGs.
            self._broken = self._errors.read()
            self._dags = self._airflow.ask(Files).dags()
        self._finder.learn(self._dags)
        dags = self._finder.sort(self._dags, lambda dag: not dag["is_stale"])
        errors = self._finder.sort(self._broken, lambda error: True)
        if self._known is None:
            self._known = {dag["dag_id"] for dag in self._dags}
            self._before = {name: _in_file_before(found) for name, found in dags.items()}
        self.states = {name: self._state(name, dags[name], errors[name]) for name in dags}
        return self.states

    def hurry(self) -> None:
        """Ask Airflow to read the files that it knows and has not read."""
        self._hurry.ask_for(dag for state in self.states.values() for dag in state.asked)

    def _is_unchanged(self) -> bool:
        """Whether nothing was read since the last look, where Airflow tells that for less than it costs to look."""
        bundles = sorted({record["place"]["bundle"] for record in (*self._dags, *self._broken)})
        listed = self._airflow.ask(Files).stamps(bundles)
        if listed is None:
            return False
        found = self._finder.sort(listed, lambda file: True)
        before, self._stamps = self._stamps, {
            name: sorted((file["place"]["relative"], file["stamp"]) for file in files) for name, files in found.items()
        }
        # Of an error it is not told whether it has come up again.
        return before == self._stamps and not any(file["broken"] for files in found.values() for file in files)

    def _state(self, name: str, dags: list[Object], errors: list[Object]) -> State:
        after = self._since.after
        alive = {dag["dag_id"] for dag in dags if not dag["is_stale"]}
        error = max(errors, key=lambda error: error["timestamp"] or "", default=None)
        # An error that is older than the deployment belongs to the old file.
        if error and (after is None or (moment(error["timestamp"]) or after) >= after):
            return State(BROKEN, alive | self._before[name], error=error)
        lacks = self._lacks(dags)
        here, waiting = self._in_file(dags, lacks)
        everything_left = not alive and self._before[name] and not any(dag["has_import_errors"] for dag in dags)
        if (here and not waiting) or everything_left:
            elsewhere = {dag["dag_id"] for dag in self._dags if not dag["is_stale"]} - {dag["dag_id"] for dag in dags}
            return State(PARSED, here, self._before[name] - here - elsewhere)
        if waiting:
            dag = waiting[0]
            return State(PENDING, alive, lack=f"DAG {dag['dag_id']} {lacks[dag['dag_id']]}", asked=waiting[:1])
        if error and after:
            tried = f"its import error of {error['timestamp']} is from before {iso(after)} (parsed_after)"
            return State(PENDING, lack=tried)
        return State(PENDING, lack="Airflow knows no DAG of it")

    def _lacks(self, dags: t.Sequence[Object]) -> dict[str, str]:
        known = self._known or set()
        ask_version = sum(map(len, self._before.values())) <= MOST_ASKED
        return {
            dag["dag_id"]: lack_of(self._airflow, dag, self._since, dag["dag_id"] not in known, ask_version)
            for dag in dags
        }

    def _in_file(self, dags: t.Sequence[Object], lacks: t.Mapping[str, str]) -> tuple[set[str], list[Object]]:
        """Return which DAGs are in a file, and those of which that is not known yet.

        Airflow itself takes minutes to see that a DAG has left its file. One that was not read with the others has.
        """
        read = [dag for dag in dags if not lacks[dag["dag_id"]]]
        if not read:
            return set(), sorted(dags, key=lambda dag: bool(dag["is_stale"]))
        stamps = [stamp for stamp in (moment(dag["last_parsed_time"]) for dag in read) if stamp]
        left = {dag["dag_id"] for dag in dags if self._has_left(dag, max(stamps, default=None))}
        here = {dag["dag_id"] for dag in read} - left
        return here, [dag for dag in dags if dag["dag_id"] not in here | left]

    def _has_left(self, dag: Object, newest: datetime | None) -> bool:
        stamp, after = moment(dag["last_parsed_time"]), self._since.after
        if dag["is_stale"] or (after and (stamp is None or stamp < after)):
            return True
        return bool(newest and (stamp is None or stamp < newest - ONE_PARSE))

    def result(self) -> list[Object]:
        """The files as results have them, in the order in which they were named."""
        return [
            {
                "file": name,
                "state": state.state,
                "dag_ids": sorted(state.dag_ids),
                "gone_dag_ids": sorted(state.gone),
                "import_error": shown(state.error) if state.error else None,
            }
            for name, state in self.states.items()
        ]

    def with_state(self, state: str) -> list[str]:
        """The names of the files that are in this state."""
        return [name for name, seen in self.states.items() if seen.state == state]

    def told(self) -> str:
        """A line of progress."""
        parsed, pending = self.with_state(PARSED), self.with_state(PENDING)
        waiting = f", waiting for {first_few(pending)}" if pending else ""
        return f"{len(parsed)} of {len(self.states)} files read{waiting}"

    def broken(self) -> str:
        """Which files cannot be imported, and why."""
        errors = [(name, self.states[name].error) for name in self.with_state(BROKEN)]
        return first_few([f"{name} cannot be imported: {reason_of(error)}" for name, error in errors if error], "; ")

    def pending(self) -> str:
        """Which files are not read, and what they lack."""
        return first_few([f"{name} is not read: {self.states[name].lack}" for name in self.with_state(PENDING)], "; ")

    def advice(self) -> str:
        """What to do about the first file that is not read."""
        first = self.states[self.with_state(PENDING)[0]]
        return f"{advice_of(self._airflow, first.lack, NOWHERE)}.{'' if self._errors.may_see else UNSEEN}"


def wait_for_files(airflow: Airflow, wanted: Wanted, progress: Progress) -> list[Object]:
    """Wait until Airflow has read the files; ParseFailed or TimedOut when it cannot, or does not."""
    watch = FileWatch(airflow, wanted)

    def look() -> bool:
        watch.look()
        progress.tell(watch.told())
        if watch.with_state(BROKEN) or not watch.with_state(PENDING):
            return True
        watch.hurry()
        return False

    _done, silence = airflow.patience.wait(look, bool, wanted.timeout, LONGEST_LOOK)
    if watch.with_state(BROKEN):
        message = f"{watch.broken()}; mend {'the file' if len(watch.with_state(BROKEN)) == 1 else 'them'} and deploy again."
        raise ParseFailed(message, files=watch.result())
    if watch.with_state(PENDING):
        advice = f"{last_answer(silence)}." if silence else watch.advice()
        raise TimedOut(
            f"{watch.pending()}, {waited(wanted.timeout, 'wait_timeout')}: {advice}", files=watch.result()
        )
    return watch.result()


def look_at_files(airflow: Airflow, wanted: Wanted) -> tuple[list[Object], str]:
    """Look once, and ask nothing of Airflow; return the files, and what is not well."""
    watch = FileWatch(airflow, wanted)
    watch.look()
    return watch.result(), "; ".join(filter(None, (watch.broken(), watch.pending())))
