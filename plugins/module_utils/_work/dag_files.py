# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAG files: what Airflow has made of them, and waiting until it has read them."""

from __future__ import annotations

import contextlib
import typing as t
from datetime import datetime, timedelta

from .._airflow.airflow import Airflow, Object
from .._airflow.files import MORE, Files
from .._base.conf import kind_of
from .._base.errors import BadInput, ParseFailed, TimedOut
from .._base.inputs import dag_id_of, seconds_of
from .._base.text import first_few, json_of, one_line
from .._base.times import iso, moment
from .parsed import (
    LONGEST_LOOK,
    ImportErrors,
    Lacks,
    Since,
    advice_of,
    reason_of,
    shown,
    since_of,
)
from .places import Finder, Where, where_of
from .progress import Progress
from .wording import last_answer, waited

PARSED, BROKEN, PENDING = "parsed", "broken", "pending"
MOST_ASKED = 20  # DAGs of a look whose versions are asked for one by one
# Airflow stamps all DAGs of a file within this time of one another: one whose stamp is older was in an earlier version.
ONE_PARSE = timedelta(seconds=15)
NOWHERE = (
    "check that the file lies in the DAGs folder or the DAG bundle of Airflow's DAG processor, that it defines a DAG, "
    "and that no .airflowignore hides it"
)
UNSEEN = " Whether it cannot be imported is not known: the user lacks can_read on ImportError."


class Wanted(t.NamedTuple):
    """The files that are waited for, and what "read" means for them.

    :param ids: DAGs that are waited for, whichever file they are in; files without DAGs are not then.
    :param before: the ends of the traces that files had before they were copied, as results have them; empty: none.
    """

    where: Where
    ids: t.Sequence[str]
    since: Since
    timeout: float
    before: t.Mapping[str, str] = {}


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
    ids = list(dict.fromkeys(dag_id_of("dag_id", dag_id) for dag_id in params["dag_id"] or ()))
    if not params["files"] and not ids:
        raise BadInput("files is empty; name at least one file.")
    where = where_of(airflow, params["files"], params["folder"], params["bundle"])
    timeout = seconds_of("wait_timeout", params["wait_timeout"])
    return Wanted(where, ids, since_of(airflow, params), timeout, _traces_of(params["files_before"]))


def _traces_of(before: t.Any) -> dict[str, str]:
    """Return the ends of the traces that files had, of the result of a look before they were copied."""
    with contextlib.suppress(ValueError):
        before = json_of(before) if isinstance(before, str) else before
    found = before.get("files") if isinstance(before, dict) else before
    way_out = "give the result of airflow_dag_file with wait: false, or the files in it"
    if not isinstance(found, list) and before is not None:
        raise BadInput(f"files_before is {kind_of(before)} that holds no files; {way_out}.")
    for number, item in enumerate(found or (), 1):
        if not isinstance(item, dict) or not item.get("file") or "import_error" not in item:
            raise BadInput(f"Item {number} of files_before has no file or no import_error; {way_out}.")
    return {str(item["file"]): str((item["import_error"] or {}).get("trace_tail", "")) for item in found or ()}


def _in_file_before(dags: t.Sequence[Object]) -> set[str]:
    """Which of the DAGs of a file are in it, as far as Airflow knows.

    Airflow takes the DAGs of a file that cannot be imported for stale ones. One that had left such a file when it was
    mended keeps the mark of the import error, but other DAGs of the file are alive then.
    """
    alive = {dag["dag_id"] for dag in dags if not dag["is_stale"]}
    return alive or {dag["dag_id"] for dag in dags if dag["has_import_errors"]}


def _newest(dags: t.Iterable[Object]) -> datetime | None:
    """When the last of these DAGs was parsed."""
    return max((stamp for stamp in (moment(dag["last_parsed_time"]) for dag in dags) if stamp), default=None)


def _is_older(dag: Object, newest: datetime | None) -> bool:
    """Whether a DAG was parsed before those that were parsed last."""
    stamp = moment(dag["last_parsed_time"])
    return bool(newest and (stamp is None or stamp < newest - ONE_PARSE))


class FileWatch:
    """Looks at files until all of them are read."""

    def __init__(self, airflow: Airflow, wanted: Wanted) -> None:
        self._airflow = airflow
        self._since = wanted.since
        self._ids = wanted.ids
        self._traces = wanted.before
        self._finder = Finder(wanted.where)
        self._errors = ImportErrors(airflow)
        self._lacks = Lacks(airflow, wanted.since)
        self._dags: list[Object] = []
        self._broken: list[Object] = []
        self._stamps: object = None
        self._known: set[str] | None = None  # DAGs that there were when the wait began
        self._before: dict[str, set[str]] = {}  # file -> DAGs in it then
        self.states: dict[str, State] = {}
        self.missing: dict[str, str] = {}  # DAG of those that are waited for -> what it lacks

    def look(self) -> None:
        """See what has become of the files; BadInput when it cannot be told which file is meant."""
        if self._known is None or not self._is_unchanged():
            # In this order: a file that breaks between the two requests is not taken for one without DAGs.
            self._broken = self._errors.read()
            self._dags = self._airflow.ask(Files).dags()
        self._finder.learn(self._dags)
        # Together, so that a DAG and an import error are of the same file.
        found = self._finder.sort([*self._dags, *self._broken], lambda record: not record.get("is_stale"))
        dags = {name: [record for record in records if "dag_id" in record] for name, records in found.items()}
        errors = {name: [record for record in records if "dag_id" not in record] for name, records in found.items()}
        if self._known is None:
            self._known = {dag["dag_id"] for dag in self._dags}
            self._before = {name: _in_file_before(records) for name, records in dags.items()}
        self.states = {name: self._state(name, dags[name], errors[name]) for name in dags}
        named = {dag["dag_id"]: dag for dag in self._dags if dag["dag_id"] in self._ids}
        lacks = {dag_id: self._lack(dag_id, named.get(dag_id)) for dag_id in self._ids}
        self.missing = {dag_id: lack for dag_id, lack in lacks.items() if lack}

    def hurry(self) -> None:
        """Ask Airflow to read the files that it knows and has not read."""
        self._lacks.ask_for(dag for state in self.states.values() for dag in state.asked)
        self._lacks.ask_for(dag for dag in self._dags if dag["dag_id"] in self.missing)

    def _is_unchanged(self) -> bool:
        """Whether nothing was read since the last look, where Airflow tells that for less than it costs to look."""
        if self._ids:
            return False
        bundles = sorted({record["place"]["bundle"] for record in (*self._dags, *self._broken)})
        listed = self._airflow.ask(Files).stamps(bundles)
        if listed is None:
            return False
        found = self._finder.sort(listed, lambda file: True)
        before, self._stamps = (
            self._stamps,
            {
                name: sorted((file["place"]["relative"], file["stamp"]) for file in files)
                for name, files in found.items()
            },
        )
        # Of an error it is not told whether it has come up again.
        return before == self._stamps and not any(file["broken"] for files in found.values() for file in files)

    def _state(self, name: str, dags: list[Object], errors: list[Object]) -> State:
        after = self._since.after
        alive = {dag["dag_id"] for dag in dags if not dag["is_stale"]}
        error = max(errors, key=lambda error: error["timestamp"] or "", default=None)
        # An error that is older than the deployment belongs to the old file, unless that had another one or none.
        if error and (after is None or self._is_other(name, error) or (moment(error["timestamp"]) or after) >= after):
            known = [dag for dag in dags if dag["dag_id"] in alive | self._before[name]]
            newest = _newest(known)
            return State(BROKEN, {dag["dag_id"] for dag in known if not _is_older(dag, newest)}, error=error)
        lacks = {dag["dag_id"]: self._lack(dag["dag_id"], dag) for dag in dags}
        here, waiting = self._in_file(dags, lacks)
        everything_left = not alive and self._before[name] and not any(dag["has_import_errors"] for dag in dags)
        if (here and not waiting) or everything_left:
            elsewhere = {dag["dag_id"] for dag in self._dags if not dag["is_stale"]} - {dag["dag_id"] for dag in dags}
            return State(PARSED, here, self._before[name] - here - elsewhere)
        if error and after:
            # It may be of the new file all the same, read before that time.
            tried = (
                f"its import error of {error['timestamp']} ({reason_of(error)}) is from before {iso(after)} "
                "(parsed_after)"
            )
            return State(PENDING, alive, error=error, lack=tried, asked=waiting[:1])
        if waiting:
            dag = waiting[0]
            return State(PENDING, alive, lack=f"DAG {dag['dag_id']} {lacks[dag['dag_id']]}", asked=waiting[:1])
        return State(PENDING, lack="Airflow knows no DAG of it")

    def _is_other(self, name: str, error: Object) -> bool:
        """Whether it is known that a file did not have this import error before it was copied."""
        trace = str(shown(error)["trace_tail"])
        return self._traces.get(name, trace) != trace

    def _lack(self, dag_id: str, dag: Object | None) -> str:
        ask_version = sum(map(len, self._before.values())) + len(self._ids) <= MOST_ASKED
        return self._lacks.of(dag, dag_id not in (self._known or ()), ask_version)

    def _in_file(self, dags: t.Sequence[Object], lacks: t.Mapping[str, str]) -> tuple[set[str], list[Object]]:
        """Return which DAGs are in a file, and those of which that is not known yet.

        Airflow itself takes minutes to see that a DAG has left its file. One that was not read with the others has.
        """
        read = [dag for dag in dags if not lacks[dag["dag_id"]]]
        if not read:
            return set(), sorted(dags, key=lambda dag: bool(dag["is_stale"]))
        newest = _newest(read)
        left = {dag["dag_id"] for dag in dags if self._has_left(dag, newest)}
        here = {dag["dag_id"] for dag in read} - left
        return here, [dag for dag in dags if dag["dag_id"] not in here | left]

    def _has_left(self, dag: Object, newest: datetime | None) -> bool:
        stamp, after = moment(dag["last_parsed_time"]), self._since.after
        if dag["is_stale"] or (after and (stamp is None or stamp < after)):
            return True
        return _is_older(dag, newest)

    def result(self) -> Object:
        """The files, in the order in which they were named, and their DAGs, as results have them."""
        files = [
            {
                "file": name,
                "state": state.state,
                "dag_ids": sorted(state.dag_ids),
                "gone_dag_ids": sorted(state.gone),
                "import_error": shown(state.error) if state.error else None,
            }
            for name, state in self.states.items()
        ]
        ids = {dag_id for state in self.states.values() for dag_id in state.dag_ids} | set(self._ids)
        dags = sorted((dag for dag in self._dags if dag["dag_id"] in ids), key=lambda dag: str(dag["dag_id"]))
        internal = ("place", *MORE)
        return {
            "files": files,
            "dags": [{key: value for key, value in dag.items() if key not in internal} for dag in dags],
        }

    def with_state(self, state: str) -> list[str]:
        """The names of the files that are in this state."""
        return [name for name, seen in self.states.items() if seen.state == state]

    def waited_for(self) -> dict[str, str]:
        """The files and DAGs that are still waited for, with a sentence about each."""
        states = {name: self.states[name] for name in self.with_state(PENDING)}
        # An import error may be why there is no such DAG.
        pending = {
            one_line(name, 100): state
            for name, state in states.items()
            if state.asked or not self._ids or (state.error and self.missing)
        }
        files = {name: f"{name} is not read: {state.lack}" for name, state in pending.items()}
        about = " ".join(files.values())
        dags = {f"DAG {dag_id}": f"DAG {dag_id} {lack}" for dag_id, lack in self.missing.items()}
        return {**files, **{name: sentence for name, sentence in dags.items() if sentence not in about}}

    def told(self) -> str:
        """A line of progress."""
        pending = [*self.with_state(PENDING), *(f"DAG {dag_id}" for dag_id in self.missing)]
        waiting = f", waiting for {first_few(pending)}" if pending else ""
        return f"{len(self.with_state(PARSED))} of {len(self.states)} files read{waiting}"

    def broken(self) -> list[str]:
        """Sentences about the files that cannot be imported."""
        errors = [(name, self.states[name].error) for name in self.with_state(BROKEN)]
        return [f"{one_line(name, 100)} cannot be imported: {reason_of(error)}" for name, error in errors if error]

    def gone(self) -> list[str]:
        """Sentences about DAGs that have left their file."""
        left = [(dag_id, name) for name, state in self.states.items() for dag_id in sorted(state.gone)]
        return [
            f"DAG {dag_id} has left {one_line(name, 100)}, and is in no file any more; delete it with state: absent of "
            "airflow_dag, or put it back"
            for dag_id, name in left
        ]

    def advice(self) -> str:
        """What to do about the files and DAGs that are still waited for."""
        advice = advice_of(self._airflow, self.waited_for(), NOWHERE)
        return f"{advice}.{'' if self._errors.may_see else UNSEEN}"


def wait_for_files(airflow: Airflow, wanted: Wanted, progress: Progress) -> tuple[Object, list[str]]:
    """Wait until Airflow has read the files; ParseFailed or TimedOut when it cannot, or does not.

    :return: the result, and what it should be warned of.
    """
    watch = FileWatch(airflow, wanted)

    def look() -> bool:
        watch.look()
        progress.tell(watch.told())
        if watch.broken() or not watch.waited_for():
            return True
        watch.hurry()
        return False

    _done, silence = airflow.patience.wait(look, bool, wanted.timeout, LONGEST_LOOK)
    broken, waiting = watch.broken(), list(watch.waited_for().values())
    if broken:
        correct = f"correct {'the file and deploy it' if len(broken) == 1 else 'the files and deploy them'} again"
        raise ParseFailed(f"{first_few(broken, '; ')}; {correct}.", **watch.result())
    if waiting:
        advice = f"{last_answer(silence)}." if silence else watch.advice()
        message = f"{first_few(waiting, '; ')}, {waited(wanted.timeout, 'wait_timeout')}: {advice}"
        raise TimedOut(message, **watch.result())
    return watch.result(), watch.gone()


def look_at_files(airflow: Airflow, wanted: Wanted) -> tuple[Object, list[str]]:
    """Look once, and ask nothing of Airflow; return the result, and what is not well."""
    watch = FileWatch(airflow, wanted)
    watch.look()
    return watch.result(), [*watch.broken(), *watch.waited_for().values()]
