# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New versions of DAGs: waiting until Airflow has parsed the files that were just copied."""

from __future__ import annotations

import contextlib
import posixpath
import typing as t
from datetime import datetime, timedelta, timezone

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.files import Files
from .._base.errors import AirflowError, ApiError, BadInput, Denied, ParseFailed, TimedOut
from .._base.inputs import seconds_of
from .._base.text import first_few, one_line
from .._base.times import iso, time_of
from .dags import FEW, Selection
from .diagnosis import PATIENCE, dead_component
from .report import last_answer, waited

LONGEST_LOOK = 5.0  # seconds between two looks at most
MOST_ASKED = 20  # DAGs whose versions are asked for one by one
SHORTEST_SUSPICION = 5.0  # seconds
MOST_REPARSED = 20  # files that Airflow is asked to parse at once; the others come in their turn
TRACE_LINES = 20  # last lines of an import error's trace that a failure holds
AHEAD = timedelta(minutes=1)  # clocks differ


class Deployed(t.NamedTuple):
    """What "parsed" means for these DAGs.

    :param after: the files were copied at this moment; None: whatever version Airflow has will do.
    :param margin: seconds that the version which runs may lag behind C(last_parsed_time).
    """

    ids: t.Sequence[str]
    after: datetime | None
    margin: float
    timeout: float


def check_moment(airflow: Airflow, after: datetime) -> None:
    """Refuse a moment that has not come yet: nothing can have been parsed after it."""
    now = _now(airflow)
    if after > now + AHEAD:
        raise BadInput(
            f"parsed_after {iso(after)} lies in the future (it is {iso(now)}); give when the files were copied."
        )


def deployed_of(airflow: Airflow, params: t.Mapping[str, t.Any], selection: Selection) -> Deployed | None:
    """Check the options about waiting; None when there is nothing to wait for."""
    timeout = seconds_of("wait_timeout", params["wait_timeout"])
    margin = seconds_of("parse_margin", params["parse_margin"])
    if not params["wait"]:
        if params["parsed_after"]:
            raise BadInput("parsed_after is about waiting; set wait: true with it.")
        return None
    if params["state"] == "absent":
        raise BadInput("wait is about DAGs that are to be there; leave it out with state: absent.")
    if selection.tags == []:
        return None
    if not selection.ids and (selection.globs or selection.tags):
        raise BadInput("wait needs exact ids in dag_id: nobody knows which DAGs a pattern or a tag will match.")
    after = time_of("parsed_after", params["parsed_after"]) if params["parsed_after"] else None
    if after:
        check_moment(airflow, after)
    return Deployed(selection.ids, after, margin, timeout) if selection.ids else None


class Parsing:
    """Looks at DAGs until all of them are parsed."""

    def __init__(self, airflow: Airflow, deployed: Deployed) -> None:
        self._airflow = airflow
        self._deployed = deployed
        self._began: datetime | None = None
        self._new: set[str] = set()
        self._known_errors: set[str] | None = None
        self._suspected: dict[str, float] = {}  # file -> when its error came up
        self._may_see_errors = True
        self._asked: set[tuple[str, bool]] = set()
        self.missing: dict[str, str] = {}  # DAG id -> what it lacks
        self.errors: list[Object] = []

    def look(self) -> dict[str, str]:
        """Return what each DAG that is not ready lacks; ParseFailed when waiting would not help."""
        waiting = self.peek()
        if waiting:
            self._check_imports(waiting)
            self._hurry(waiting)
        return self.missing

    def peek(self) -> dict[str, Object | None]:
        """Return the DAGs that are not ready, and ask nothing of Airflow."""
        dags = self._read()
        if self._began is None:
            self._began = _now(self._airflow)
            self._new = {dag_id for dag_id, dag in dags.items() if dag is None}
        lacking = {dag_id: self._lack(dag_id, dag) for dag_id, dag in dags.items()}
        self.missing = {dag_id: lack for dag_id, lack in lacking.items() if lack}
        return {dag_id: dags[dag_id] for dag_id in self.missing}

    def _read(self) -> dict[str, Object | None]:
        ids = self._deployed.ids
        if len(ids) <= FEW:
            return {dag_id: self._airflow.ask(Dags).find(dag_id) for dag_id in ids}
        listed = {dag["dag_id"]: dag for dag in self._airflow.ask(Dags).select()}
        return {dag_id: listed.get(dag_id) for dag_id in ids}

    def _lack(self, dag_id: str, dag: Object | None) -> str:
        if dag is None:
            return "is not known to Airflow"
        # First, since a DAG keeps the mark of an import error when it is no longer in the file that was mended.
        if dag["is_stale"]:
            return "is stale: Airflow no longer finds it in its files"
        if dag["has_import_errors"]:
            return f"has an import error in {dag['fileloc']}"
        after = self._deployed.after
        if after is None:
            return ""
        parsed = _moment(dag["last_parsed_time"])
        if parsed is None:
            return "has never been parsed"
        if parsed < after:
            return f"was last parsed at {dag['last_parsed_time']}, before {iso(after)} (parsed_after)"
        # Airflow writes a changed DAG at most every 30 s, but stamps it at each parse; a DAG version tells it exactly.
        if dag_id in self._new or parsed >= after + timedelta(seconds=self._deployed.margin):
            return ""
        # A request for each DAG: of many, the margin costs less.
        version = (
            _moment(self._airflow.ask(Dags).version_time(dag_id)) if len(self._deployed.ids) <= MOST_ASKED else None
        )
        if version is not None and version >= after:
            return ""
        return (
            f"was last parsed at {dag['last_parsed_time']}, less than {self._deployed.margin:g} s (parse_margin) "
            f"after {iso(after)} (parsed_after)"
        )

    def _check_imports(self, waiting: t.Mapping[str, Object | None]) -> None:
        """Fail as soon as one of the files has been tried and cannot be imported.

        An error that is older than the deployment belongs to the old file. The file of a DAG that is not known yet can
        only be guessed: it is named like the DAG, or its error was not there when the wait began. That one may be a
        file of somebody else, so the DAG has another C(parse_margin) to appear.
        """
        now = self._airflow.clock.now()
        try:
            self.errors = self._airflow.ask(Files).import_errors() if self._may_see_errors else []
        except ApiError as problem:
            self.errors = []
            self._may_see_errors = not isinstance(problem, Denied)
        if self._known_errors is None:
            self._known_errors = {error["filename"] for error in self.errors}
        for error in self.errors:
            if error["filename"] not in self._known_errors:
                self._suspected.setdefault(error["filename"], now)
        since = self._deployed.after or self._began
        for dag_id, dag in waiting.items():
            for error in self.errors:
                tried = _moment(error["timestamp"])
                if not (tried and since and tried >= since):
                    continue
                is_its_file = self._is_its_file(error, dag_id, dag)
                if is_its_file or (dag is None and self._is_suspicious(error, now)):
                    lack = "cannot be parsed" if is_its_file else "is not known to Airflow, perhaps because of its file"
                    raise ParseFailed(
                        f"DAG {dag_id} {lack}: {error['filename']} cannot be imported: "
                        f"{_last_line(error)}; mend the file and deploy it again.",
                        import_errors=[_shown(error)],
                    )

    def _is_suspicious(self, error: Object, now: float) -> bool:
        """Whether the error has come up since the wait began, and that long ago."""
        return now - self._suspected.get(error["filename"], now) >= max(self._deployed.margin, SHORTEST_SUSPICION)

    def _is_its_file(self, error: Object, dag_id: str, dag: Object | None) -> bool:
        name = str(error["filename"])
        if dag is not None:
            return self._airflow.ask(Files).is_file_of(dag, name)
        return posixpath.splitext(posixpath.basename(name))[0] == dag_id

    def _hurry(self, waiting: t.Mapping[str, Object | None]) -> None:
        """Ask for the files to be parsed now, and once more when the margin is over: Airflow may take its time."""
        after = self._deployed.after
        margin_over = bool(after and _now(self._airflow) >= after + timedelta(seconds=self._deployed.margin))
        for dag_id, dag in waiting.items():
            if (
                dag is not None
                and (dag["fileloc"], margin_over) not in self._asked
                and len(self._asked) < MOST_REPARSED
            ):
                self._asked.add((dag["fileloc"], margin_over))
                self._airflow.ask(Files).reparse(dag_id)

    def describe(self) -> str:
        """What the DAGs that are not ready lack."""
        return first_few([f"DAG {dag_id} {lack}" for dag_id, lack in self.missing.items()], "; ")

    def advice(self) -> str:
        """What to do about the first of them, and which files cannot be imported, which may be the reason."""
        files = first_few([error["filename"] for error in self.errors])
        others = f" Files that cannot be imported: {files}." if files else ""
        return f"{_advice(self._airflow, next(iter(self.missing.values())))}.{others}"


def wait_until_parsed(airflow: Airflow, deployed: Deployed) -> None:
    """Wait until Airflow runs the DAGs as they were deployed; ParseFailed or TimedOut when it does not."""
    parsing = Parsing(airflow, deployed)
    missing, silence = airflow.patience.wait(parsing.look, lambda lacking: not lacking, deployed.timeout, LONGEST_LOOK)
    if missing:
        advice = f"{last_answer(silence)}." if silence else parsing.advice()
        raise TimedOut(
            f"{parsing.describe()}, {waited(deployed.timeout, 'wait_timeout')}: {advice}",
            import_errors=[_shown(error) for error in parsing.errors],
        )


def still_lacking(airflow: Airflow, deployed: Deployed) -> str:
    """Look once, for check mode, and return what is not parsed; nothing is asked of Airflow."""
    parsing = Parsing(airflow, deployed)
    return parsing.describe() if parsing.peek() else ""


def _advice(airflow: Airflow, lack: str) -> str:
    dead = ""
    with contextlib.suppress(AirflowError), airflow.patience.within(PATIENCE):
        dead = dead_component(airflow, "dag_processor", "scheduler")
    if dead:
        return dead
    if "(parse_margin)" in lack:
        return "give wait_timeout more than parse_margin"
    return "check that the file, with the DAG in it, lies in the DAGs folder of Airflow's scheduler or DAG processor"


def _now(airflow: Airflow) -> datetime:
    return datetime.fromtimestamp(airflow.client.server_now(), timezone.utc)


def _moment(text: str | None) -> datetime | None:
    return time_of("a time of Airflow", text) if text else None


def _last_line(error: Object) -> str:
    lines = [line for line in error["stack_trace"].splitlines() if line.strip()]
    return one_line(lines[-1], 200) if lines else "Airflow shows no reason"


def _shown(error: Object) -> Object:
    return {
        "filename": error["filename"],
        "timestamp": error["timestamp"],
        "trace_tail": "\n".join(error["stack_trace"].rstrip().splitlines()[-TRACE_LINES:]),
    }
