# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Airflow says of a run that it does not make, or does not have, in the words of the options."""

from __future__ import annotations

import contextlib
import re
import typing as t

from .._base.errors import AirflowError, ApiError, BadInput, FateUnknown, NotFound, ServerError, UnfitId
from .._base.inputs import RUN_ID
from .._base.text import one_line

# Before the pattern that Airflow's own ids fit.
_UNFIT = re.compile(r"run_id provided '.*?' does not match (?:regex|the) pattern '(?P<pattern>.*?)'(?: or '|$)")


def no_run(
    url: str, dag_id: str, dag_run_id: str | None, logical_date: str | None = None, reason: str = ""
) -> NotFound:
    """Say that there is no such run, by the options that have named it."""
    of_date = f"The run of DAG {dag_id} of the logical date {logical_date}"
    what = f"DAG run {dag_id} / {dag_run_id}" if dag_run_id else of_date
    *first, last = ["dag_id", *(["dag_run_id"] if dag_run_id else []), *(["logical_date"] if logical_date else [])]
    return NotFound(f"{what} does not exist at {url}; check {', '.join(first)} and {last}.", 404, reason)


def trigger_error(dag_id: str, dag_run_id: str, error: ApiError) -> AirflowError:
    """Say what a refused trigger means."""
    if isinstance(error, NotFound):
        reason = error.reason.rstrip(".") or "it does not exist"
        return NotFound(f"DAG {dag_id} cannot be triggered: {reason}.", error.status, error.reason)
    unfit = _UNFIT.search(error.reason)
    if unfit:
        return UnfitId(
            f"Airflow refused the run id {dag_run_id}: it does not fit [scheduler] allowed_run_id_pattern, "
            f"{unfit['pattern']}; give a dag_run_id that does.",
            unfit["pattern"],
        )
    if error.status in (400, 422):
        return BadInput(
            f"Airflow refused the run of DAG {dag_id}: {one_line(error.reason, 300).rstrip('.')}; check conf and the "
            "dates."
        )
    return error


def not_made(dag_id: str, error: ServerError, may_be: str) -> ServerError:
    """Say what a failure of Airflow means that has made no run.

    :param may_be: what Airflow of this version answers so for.
    """
    return ServerError(f"{error.message} No run of DAG {dag_id} was made{may_be}.", error.status, error.reason)


@contextlib.contextmanager
def about_run(dag_id: str, dag_run_id: str) -> t.Iterator[None]:
    """Name the run where Airflow fails at a request whose path does not name it."""
    try:
        yield
    except ServerError as error:
        # Airflow 2 fails so at each change of a run that was made while the pattern was another one.
        unfit = "" if RUN_ID.fullmatch(dag_run_id) else "; its id may not fit [scheduler] allowed_run_id_pattern"
        error.message += f" The request was about DAG run {dag_id} / {dag_run_id}{unfit}."
        raise


def fate_unknown(dag_id: str, dag_run_id: str, problem: AirflowError) -> FateUnknown:
    """Say that nobody knows whether a run was made."""
    return FateUnknown(
        f"{problem.message} Whether run {dag_run_id} of DAG {dag_id} was made is not known; repeat the task with this "
        "dag_run_id."
    )
