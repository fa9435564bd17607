# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What "parsed" means, and what is said of a file that cannot be imported."""

from __future__ import annotations

import contextlib
import typing as t
from datetime import datetime, timedelta, timezone

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.files import Files
from .._base.errors import AirflowError, ApiError, BadInput, Denied
from .._base.text import one_line
from .._base.times import iso, moment, time_of
from .diagnosis import PATIENCE, dead_component

LONGEST_LOOK = 5.0  # seconds between two looks at most
MOST_REPARSED = 20  # files that Airflow is asked to parse at once; the others come in their turn
TRACE_LINES = 20  # last lines of an import error's trace that a failure holds
AHEAD = timedelta(minutes=1)  # clocks differ


class Since(t.NamedTuple):
    """From when on a DAG counts as parsed.

    :param after: the files were copied at this moment; None: whatever version Airflow has will do.
    :param margin: seconds that the version which runs may lag behind C(last_parsed_time).
    """

    after: datetime | None
    margin: float

    @property
    def settled(self) -> datetime | None:
        """A DAG that was parsed then runs as it was copied, whatever it was before."""
        return self.after and self.after + timedelta(seconds=self.margin)


def moment_of(airflow: Airflow, text: str | None) -> datetime | None:
    """Read parsed_after; refuse a moment that has not come yet: nothing can have been parsed after it."""
    if not text:
        return None
    after = time_of("parsed_after", text)
    now = server_now(airflow)
    if after > now + AHEAD:
        raise BadInput(
            f"parsed_after {iso(after)} lies in the future (it is {iso(now)}); give when the files were copied."
        )
    return after


def lack_of(airflow: Airflow, dag: Object | None, since: Since, is_new: bool, ask_version: bool) -> str:
    """Return what a DAG lacks to be parsed, or an empty text.

    :param is_new: Airflow did not know it when the wait began.
    :param ask_version: whether its versions may be asked for, which is a request.
    """
    if dag is None:
        return "is not known to Airflow"
    # First, since a DAG keeps the mark of an import error when it is no longer in the file that was mended.
    if dag["is_stale"]:
        return "is stale: Airflow no longer finds it in its files"
    if dag["has_import_errors"]:
        return f"has an import error in {dag['fileloc']}"
    if since.after is None:
        return ""
    parsed = moment(dag["last_parsed_time"])
    if parsed is None:
        return "has never been parsed"
    if parsed < since.after:
        return f"was last parsed at {dag['last_parsed_time']}, before {iso(since.after)} (parsed_after)"
    took = dag.get("last_parse_duration") or 0.0
    if parsed - timedelta(seconds=took) < since.after:
        return (
            f"was last parsed at {dag['last_parsed_time']} by a parse of {took:.0f} s, which began before "
            f"{iso(since.after)} (parsed_after)"
        )
    # Airflow writes a changed DAG at most every 30 s, but stamps it at each parse; a DAG version tells it exactly.
    if is_new or parsed >= (since.settled or parsed):
        return ""
    version = moment(airflow.ask(Dags).version_time(dag["dag_id"])) if ask_version else None
    if version is not None and version >= since.after:
        return ""
    return (
        f"was last parsed at {dag['last_parsed_time']}, less than {since.margin:g} s (parse_margin) "
        f"after {iso(since.after)} (parsed_after)"
    )


class ImportErrors:
    """The import errors of a server, as far as the user may see them."""

    def __init__(self, airflow: Airflow) -> None:
        self._airflow = airflow
        self.may_see = True

    def read(self) -> list[Object]:
        """Return them; none when they cannot be read. Who may not see them is not asked again: it may cost a login."""
        if not self.may_see:
            return []
        try:
            return self._airflow.ask(Files).import_errors()
        except ApiError as problem:
            self.may_see = not isinstance(problem, Denied)
            return []


class Hurry:
    """Asks for files to be parsed now, and once more when the margin is over: Airflow may take its time."""

    def __init__(self, airflow: Airflow, since: Since) -> None:
        self._airflow = airflow
        self._since = since
        self._asked: set[tuple[str, bool]] = set()

    def ask_for(self, dags: t.Iterable[Object]) -> None:
        """Ask for the files of these DAGs."""
        settled = self._since.settled
        margin_over = bool(settled and server_now(self._airflow) >= settled)
        for dag in dags:
            if (dag["fileloc"], margin_over) not in self._asked and len(self._asked) < MOST_REPARSED:
                self._asked.add((dag["fileloc"], margin_over))
                self._airflow.ask(Files).reparse(dag["dag_id"])


def advice_of(airflow: Airflow, lack: str, otherwise: str) -> str:
    """What to do about a wait that was too short."""
    dead = ""
    with contextlib.suppress(AirflowError), airflow.patience.within(PATIENCE):
        dead = dead_component(airflow, "dag_processor", "scheduler")
    if dead:
        return dead
    return "give wait_timeout more than parse_margin" if "(parse_margin)" in lack else otherwise


def server_now(airflow: Airflow) -> datetime:
    """The time on the server's clock."""
    return datetime.fromtimestamp(airflow.client.server_now(), timezone.utc)


def reason_of(error: Object) -> str:
    """The last line of an import error's trace."""
    lines = [line for line in error["stack_trace"].splitlines() if line.strip()]
    return one_line(lines[-1], 200) if lines else "Airflow shows no reason"


def shown(error: Object) -> Object:
    """An import error as results have it."""
    return {
        "filename": error["filename"],
        "timestamp": error["timestamp"],
        "trace_tail": "\n".join(error["stack_trace"].rstrip().splitlines()[-TRACE_LINES:]),
    }
