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
from .._base.inputs import seconds_of
from .._base.patience import FOR_A_DIAGNOSIS
from .._base.text import first_few, one_line
from .._base.times import iso, moment, time_of
from .heartbeats import dead_component

SHORTEST_VERSION = 7  # characters of the version of a bundle
LONGEST_LOOK = 5.0  # seconds between two looks at most
MOST_REPARSED = 20  # files that Airflow is asked to parse at once; the others come in their turn
ASKED_AGAIN = timedelta(minutes=1)  # Airflow drops the request while it is parsing the file
TRACE_LINES = 20  # last lines of an import error's trace that a failure holds
AHEAD = timedelta(minutes=1)  # clocks differ


class Since(t.NamedTuple):
    """What a DAG has to be, so that it counts as parsed.

    :param after: the files were copied at this moment; None: whatever version Airflow has will do.
    :param margin: seconds that the version which runs may lag behind C(last_parsed_time).
    :param marker: a tag that the new version carries, or an empty text.
    :param bundle_version: that of the bundle, or its beginning.
    """

    after: datetime | None
    margin: float
    marker: str = ""
    bundle_version: str = ""

    @property
    def is_sign(self) -> bool:
        """Whether the DAG itself shows which version it is."""
        return bool(self.marker or self.bundle_version)


def since_of(airflow: Airflow, params: t.Mapping[str, t.Any]) -> Since:
    """Check the options that say what has to be parsed; BadInput names the one that is wrong."""
    margin = seconds_of("parse_margin", params["parse_margin"])
    marker, version = ((params[key] or "").strip() for key in ("version_marker", "bundle_version"))
    if version:
        airflow.needs("bundle_version", (3, 0))
        if len(version) < SHORTEST_VERSION:
            raise BadInput(
                f"bundle_version '{version}' is too short to tell versions apart; give {SHORTEST_VERSION} characters "
                "or more of it."
            )
    return Since(moment_of(airflow, params["parsed_after"]), margin, marker, version)


def moment_of(airflow: Airflow, text: str | None) -> datetime | None:
    """Read parsed_after; refuse a moment that has not come yet: nothing can have been parsed after it."""
    if not text:
        return None
    after = time_of("parsed_after", text)
    now = server_now(airflow)
    if after > now + AHEAD:
        raise BadInput(
            f"parsed_after {iso(after)} is in the future (it is {iso(now)}); give when the files were copied."
        )
    return after


class Lacks:
    """What DAGs lack to be parsed; remembers when their signs of a new version have come up."""

    def __init__(self, airflow: Airflow, since: Since) -> None:
        self._airflow = airflow
        self._since = since
        self._asked: dict[tuple[str, bool], datetime] = {}  # file, margin is over -> when its parse was asked for
        # Of DAGs with all signs of the new version: the stamp of the parse with which they were seen first.
        self._signs: dict[str, datetime] = {}

    def of(self, dag: Object | None, is_new: bool, ask_version: bool) -> str:
        """Return what a DAG lacks, or an empty text.

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
        if self._since.after is None and not self._since.is_sign:
            return ""
        parsed = moment(dag["last_parsed_time"])
        if parsed is None:
            return "has never been parsed"
        return self._time(dag, parsed) or self._sign(dag) or self._margin(dag, parsed, is_new, ask_version)

    def _time(self, dag: Object, parsed: datetime) -> str:
        after = self._since.after
        if after is None:
            return ""
        if parsed < after:
            return f"was last parsed at {dag['last_parsed_time']}, before {iso(after)} (parsed_after)"
        took = dag.get("last_parse_duration") or 0.0
        if parsed - timedelta(seconds=took) < after:
            return (
                f"was last parsed at {dag['last_parsed_time']} by a parse of {took:.0f} s, which began before "
                f"{iso(after)} (parsed_after)"
            )
        return ""

    def _sign(self, dag: Object) -> str:
        marker, version = self._since.marker, self._since.bundle_version
        if marker and marker not in dag["tags"]:
            return f"does not carry the tag {marker} (version_marker)"
        if not version:
            return ""
        has = dag.get("bundle_version")
        if not has:
            raise BadInput(
                f"DAG {dag['dag_id']} is in a bundle without versions ({dag.get('bundle_name')}), so bundle_version "
                "cannot be waited for; use version_marker."
            )
        return "" if has.startswith(version) else f"is of version {has} of its bundle, not {version} (bundle_version)"

    def _margin(self, dag: Object, parsed: datetime, is_new: bool, ask_version: bool) -> str:
        """Airflow writes a changed DAG at most every 30 s, but stamps it at each parse, and gives it tags then."""
        begins = self._begins(dag, parsed)
        if begins is None:
            return ""
        sure = begins + timedelta(seconds=self._since.margin)
        if is_new or parsed >= sure:
            return ""
        if ask_version and self._is_version(self._airflow.ask(Dags).version(dag["dag_id"]), begins):
            return ""
        if begins == self._since.after:
            return (
                f"was last parsed at {dag['last_parsed_time']}, less than {self._since.margin:g} s (parse_margin) "
                f"after {iso(begins)} (parsed_after)"
            )
        return (
            f"was parsed in its new version at {iso(begins)}, and runs in it for sure once it is parsed again at "
            f"{iso(sure)} or later (parse_margin)"
        )

    def _begins(self, dag: Object, parsed: datetime) -> datetime | None:
        """From when on the margin counts: the earliest moment from which on every parse is of the new version."""
        since = self._since
        if not since.is_sign:
            return since.after
        seen = self._signs.setdefault(dag["dag_id"], parsed)
        return seen if since.after is None else min(seen, since.after)

    def _is_version(self, version: Object, begins: datetime) -> bool:
        """Whether the newest version of a DAG is the new one for sure; Airflow makes it right after the stamp."""
        wanted, made = self._since.bundle_version, moment(version.get("created_at"))
        if wanted:
            return str(version.get("bundle_version") or "").startswith(wanted)
        return bool(made and made >= begins)

    def ask_for(self, dags: t.Iterable[Object]) -> None:
        """Ask for the files of these DAGs to be parsed now, and when the margin is over, each minute until they are."""
        now = server_now(self._airflow)
        for dag in dags:
            begins = self._signs.get(dag["dag_id"], self._since.after)
            margin_over = bool(begins and now >= begins + timedelta(seconds=self._since.margin))
            request = (dag["fileloc"], margin_over)
            asked = self._asked.get(request)
            if now - asked >= ASKED_AGAIN if asked else len(self._asked) < MOST_REPARSED:
                self._asked[request] = now
                self._airflow.ask(Files).reparse(dag["dag_id"])


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


def advice_of(airflow: Airflow, lacking: t.Mapping[str, str], otherwise: str, option: str = "wait_timeout") -> str:
    """What to do about a wait that was too short.

    :param lacking: names of what was waited for, and what each lacks.
    :param otherwise: what to do where a lack says nothing else.
    :param option: the option that the time-out is of.
    """
    dead = ""
    with contextlib.suppress(AirflowError), airflow.patience.within(FOR_A_DIAGNOSIS):
        dead = dead_component(airflow, "dag_processor", "scheduler")
    if dead:
        return dead
    names: dict[str, list[str]] = {}
    for name, lack in lacking.items():
        names.setdefault(_way_out(lack, otherwise, option), []).append(name)
    if len(names) == 1:
        return next(iter(names))
    return "; ".join(f"for {first_few(of_way)} {way}" for way, of_way in names.items())


def _way_out(lack: str, otherwise: str, option: str) -> str:
    if "(parse_margin)" in lack:
        return f"give {option} more than parse_margin"
    if lack.endswith(("(version_marker)", "(bundle_version)")):
        return "look whether the new version has come to where Airflow's DAG processor reads its files"
    if "import error of" in lack:
        return (
            f"correct the file; if it is corrected already, give {option} more than Airflow takes to read a file again"
        )
    if "has an import error" in lack:
        return "correct the file and deploy it again"
    return otherwise


def server_now(airflow: Airflow) -> datetime:
    """The time on the server's clock."""
    return datetime.fromtimestamp(airflow.client.server_now(), timezone.utc)


def reason_of(error: Object) -> str:
    """The last line of an import error's trace."""
    lines = [line for line in error["stack_trace"].splitlines() if line.strip()]
    return one_line(lines[-1], 200).rstrip(".") if lines else "Airflow shows no reason"


def shown(error: Object) -> Object:
    """An import error as results have it."""
    return {
        "filename": error["filename"],
        "timestamp": error["timestamp"],
        "trace_tail": "\n".join(error["stack_trace"].rstrip().splitlines()[-TRACE_LINES:]),
    }
