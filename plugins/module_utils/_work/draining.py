# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pausing DAGs with no run left in flight."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.runs import Runs
from .._base.errors import AirflowError, ApiError, BadInput, Denied, TimedOut
from .._base.text import first_few
from .dags import Changes
from .progress import Progress
from .wording import last_answer, run_name, waited

LONGEST_LOOK = 5.0  # seconds between two looks at most while runs end
SETTLING = 1.0  # seconds in which the scheduler commits a run that it decided on before its DAG was paused


def drain(airflow: Airflow, wanted: Changes, timeout: float, progress: Progress) -> None:
    """Pause DAGs when no run of them is active; TimedOut, with all DAGs as they were, when that does not come about.

    A paused DAG starts no further task, so a run that slipped in while its DAG was paused would never end: the DAG is
    unpaused again until that run has ended.
    """
    draining = [dag_id for dag_id, (_dag, changed) in wanted.items() if changed]
    paused: list[str] = []
    runs: list[Object] = []

    def look() -> dict[str, int]:
        # Those that an earlier look has paused as well: anybody may start a run by hand.
        everywhere = [*draining, *paused]
        runs[:] = airflow.ask(Runs).active(everywhere)
        busy = _counted(everywhere, runs)
        idle = [dag_id for dag_id in draining if not busy[dag_id]]
        for dag_id in idle:
            # Noted first: should the answer get lost, the DAG may be paused.
            paused.append(dag_id)
            try:
                airflow.ask(Dags).set_paused(dag_id, True)
            except ApiError:
                paused.remove(dag_id)
                raise
        if idle:
            airflow.clock.sleep(SETTLING)
            busy.update(count_runs(airflow, idle))
        for dag_id in [dag_id for dag_id in paused if busy[dag_id]]:
            airflow.ask(Dags).set_paused(dag_id, False)
            paused.remove(dag_id)
        draining[:] = [dag_id for dag_id in busy if dag_id not in paused]
        left = {dag_id: busy[dag_id] for dag_id in draining}
        if left:
            progress.tell(f"{_with_runs(left)} still active")
        return left

    try:
        busy, silence = airflow.patience.wait(look, lambda seen: not seen, timeout, LONGEST_LOOK)
        if busy:
            advice = f"{last_answer(silence)}." if silence else "give it more time, or end the runs."
            first = [run for run in runs if run["dag_id"] in busy]
            reason = "" if silence else _reason(airflow, first, timeout)
            raise TimedOut(
                f"{_with_runs(busy)} still active {waited(timeout, 'wait_timeout')}, so nothing was paused{reason}; "
                f"{advice}"
            )
    except AirflowError as error:
        _unpause_again(airflow, paused, error)
        raise


def _reason(airflow: Airflow, runs: t.Sequence[Object], timeout: float) -> str:
    """What holds up the first of these runs."""
    from .diagnosis import held_up  # Only this failure needs it, and the families that it asks.

    return held_up(airflow, runs, timeout)


def _unpause_again(airflow: Airflow, paused: t.Sequence[str], error: AirflowError) -> None:
    """Put DAGs back as they were before a failure, or say which ones are not."""
    for number, dag_id in enumerate(paused):
        try:
            airflow.ask(Dags).set_paused(dag_id, False)
        except AirflowError:
            left = paused[number:]
            which = "This DAG is" if len(left) == 1 else "These DAGs are"
            error.message += f" {which} left paused: {', '.join(left)}."
            error.details["changed"] = True
            return


def check_drained(airflow: Airflow, wanted: Changes) -> None:
    """Refuse to drain a DAG that is paused already while runs of it are active: they would never end."""
    idle = [dag_id for dag_id, (_dag, changed) in wanted.items() if not changed]
    busy = airflow.ask(Runs).active(idle)
    if busy:
        named = first_few([run_name(run) for run in busy])
        raise BadInput(
            f"A paused DAG has active runs, which go on only when it is unpaused: {named}; unpause it until they "
            "have ended, or end them."
        )


def count_runs(airflow: Airflow, dag_ids: t.Sequence[str]) -> dict[str, int]:
    """Count the active runs of each of these DAGs."""
    return _counted(dag_ids, airflow.ask(Runs).active(dag_ids))


def _counted(dag_ids: t.Sequence[str], runs: t.Sequence[Object]) -> dict[str, int]:
    counts = dict.fromkeys(dag_ids, 0)
    for run in runs:
        counts[run["dag_id"]] += 1
    return counts


def count_visible_runs(airflow: Airflow, dag_ids: t.Sequence[str]) -> dict[str, int]:
    """Count them, or none: who may pause a DAG may not be allowed to see its runs."""
    try:
        return count_runs(airflow, dag_ids)
    except Denied:
        return {}


def _with_runs(busy: t.Mapping[str, int]) -> str:
    return f"Runs of {first_few([f'{dag_id} ({count})' for dag_id, count in busy.items()])} are"
