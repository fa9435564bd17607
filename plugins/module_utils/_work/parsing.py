# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New versions of DAGs: waiting until Airflow has parsed the files that were just copied."""

from __future__ import annotations

import posixpath
import typing as t
from datetime import datetime

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.files import MORE, Files
from .._base.errors import BadInput, ParseFailed, TimedOut
from .._base.inputs import seconds_of
from .._base.text import first_few
from .._base.times import moment
from .parsed import (
    LONGEST_LOOK,
    ImportErrors,
    Lacks,
    Since,
    advice_of,
    reason_of,
    server_now,
    shown,
    since_of,
)
from .progress import Progress
from .selection import FEW, Selection
from .wording import last_answer, waited

MOST_ASKED = 20  # DAGs whose versions are asked for one by one: of many, the margin costs less
SHORTEST_SUSPICION = 5.0  # seconds
NOWHERE = "check that the file, with the DAG in it, lies in the DAGs folder of Airflow's scheduler or DAG processor"


class Deployed(t.NamedTuple):
    """The DAGs that are waited for, and what "parsed" means for them.

    :param option: the option that the time-out is of.
    """

    ids: t.Sequence[str]
    since: Since
    timeout: float
    option: str = "wait_timeout"


def deployed_of(airflow: Airflow, params: t.Mapping[str, t.Any], selection: Selection) -> Deployed | None:
    """Check the options about waiting; None when there is nothing to wait for."""
    timeout = seconds_of("wait_timeout", params["wait_timeout"])
    since = since_of(airflow, params)
    if not params["wait"]:
        for option in ("parsed_after", "version_marker", "bundle_version"):
            if params[option]:
                raise BadInput(f"{option} is about waiting; set wait: true with it.")
        return None
    if params["state"] == "absent":
        raise BadInput("wait is about DAGs that are to be there; leave it out with state: absent.")
    if selection.tags == []:
        return None
    if not selection.ids and (selection.globs or selection.tags):
        raise BadInput("wait needs exact ids in dag_id: nobody knows which DAGs a pattern or a tag will match.")
    return Deployed(selection.ids, since, timeout) if selection.ids else None


class Parsing:
    """Looks at DAGs until all of them are parsed."""

    def __init__(self, airflow: Airflow, deployed: Deployed) -> None:
        self._airflow = airflow
        self._deployed = deployed
        self._began: datetime | None = None
        self._new: set[str] = set()
        self._known_errors: set[str] | None = None
        self._suspected: dict[str, float] = {}  # file -> when its error came up
        self._import_errors = ImportErrors(airflow)
        self._lacks = Lacks(airflow, deployed.since)
        self.missing: dict[str, str] = {}  # DAG id -> what it lacks
        self.errors: list[Object] = []

    def look(self) -> dict[str, str]:
        """Return what each DAG that is not ready lacks; ParseFailed when waiting would not help."""
        waiting = self.peek()
        if waiting:
            self._check_imports(waiting)
            self._lacks.ask_for(dag for dag in waiting.values() if dag is not None)
        return self.missing

    def peek(self) -> dict[str, Object | None]:
        """Return the DAGs that are not ready, and ask nothing of Airflow."""
        dags = self._read()
        if self._began is None:
            self._began = server_now(self._airflow)
            self._new = {dag_id for dag_id, dag in dags.items() if dag is None}
        ask_version = len(dags) <= MOST_ASKED
        lacking = {dag_id: self._lacks.of(dag, dag_id in self._new, ask_version) for dag_id, dag in dags.items()}
        self.missing = {dag_id: lack for dag_id, lack in lacking.items() if lack}
        return {dag_id: dags[dag_id] for dag_id in self.missing}

    def _read(self) -> dict[str, Object | None]:
        ids = self._deployed.ids
        if len(ids) <= FEW:
            return {dag_id: self._airflow.ask(Dags).find(dag_id, MORE) for dag_id in ids}
        listed = {dag["dag_id"]: dag for dag in self._airflow.ask(Dags).select(more=MORE)}
        return {dag_id: listed.get(dag_id) for dag_id in ids}

    def _check_imports(self, waiting: t.Mapping[str, Object | None]) -> None:
        """Fail as soon as one of the files has been tried and cannot be imported.

        An error that is older than the deployment belongs to the old file. The file of a DAG that is not known yet can
        only be guessed: it is named like the DAG, or its error was not there when the wait began. That one may be a
        file of somebody else, so the DAG has another C(parse_margin) to appear.
        """
        now = self._airflow.clock.now()
        self.errors = self._import_errors.read()
        if self._known_errors is None:
            self._known_errors = {error["filename"] for error in self.errors}
        for error in self.errors:
            if error["filename"] not in self._known_errors:
                self._suspected.setdefault(error["filename"], now)
        since = self._deployed.since.after or self._began
        for dag_id, dag in waiting.items():
            for error in self.errors:
                tried = moment(error["timestamp"])
                if not (tried and since and tried >= since):
                    continue
                is_its_file = self._is_its_file(error, dag_id, dag)
                if is_its_file or (dag is None and self._is_suspicious(error, now)):
                    lack = "cannot be parsed" if is_its_file else "is not known to Airflow, perhaps because of its file"
                    raise ParseFailed(
                        f"DAG {dag_id} {lack}: {error['filename']} cannot be imported: "
                        f"{reason_of(error)}; correct the file and deploy it again.",
                        import_errors=[shown(error)],
                    )

    def _is_suspicious(self, error: Object, now: float) -> bool:
        """Whether the error has come up since the wait began, and that long ago."""
        known_for = now - self._suspected.get(error["filename"], now)
        return known_for >= max(self._deployed.since.margin, SHORTEST_SUSPICION)

    def _is_its_file(self, error: Object, dag_id: str, dag: Object | None) -> bool:
        name = str(error["filename"])
        if dag is not None:
            return self._airflow.ask(Files).is_file_of(dag, name)
        return posixpath.splitext(posixpath.basename(name))[0] == dag_id

    def describe(self) -> str:
        """What the DAGs that are not ready lack."""
        return first_few([f"DAG {dag_id} {lack}" for dag_id, lack in self.missing.items()], "; ")

    def advice(self) -> str:
        """What to do about them, and which files cannot be imported, which may be the reason."""
        lacking = {f"DAG {dag_id}": lack for dag_id, lack in self.missing.items()}
        files = first_few([error["filename"] for error in self.errors])
        others = f" Files that cannot be imported: {files}." if files else ""
        return f"{advice_of(self._airflow, lacking, NOWHERE, self._deployed.option)}.{others}"


def wait_until_parsed(airflow: Airflow, deployed: Deployed, progress: Progress) -> None:
    """Wait until Airflow runs the DAGs as they were deployed; ParseFailed or TimedOut when it does not."""
    parsing = Parsing(airflow, deployed)

    def look() -> dict[str, str]:
        lacking = parsing.look()
        if lacking:
            progress.tell(parsing.describe())
        return lacking

    missing, silence = airflow.patience.wait(look, lambda lacking: not lacking, deployed.timeout, LONGEST_LOOK)
    if missing:
        advice = f"{last_answer(silence)}." if silence else parsing.advice()
        raise TimedOut(
            f"{parsing.describe()}, {waited(deployed.timeout, deployed.option)}: {advice}",
            import_errors=[shown(error) for error in parsing.errors],
        )


def settle(
    airflow: Airflow, deployed: Deployed, progress: bool, check_mode: bool, warn: t.Callable[[str], None]
) -> bool:
    """Wait until the DAGs are parsed; check mode looks once. Return whether it has told what is missing."""
    if not check_mode:
        wait_until_parsed(airflow, deployed, Progress(airflow, progress))
        return False
    parsing = Parsing(airflow, deployed)
    # It asks nothing of Airflow.
    if parsing.peek():
        warn(f"{parsing.describe()}; check mode does not wait for it.")
    return bool(parsing.missing)
