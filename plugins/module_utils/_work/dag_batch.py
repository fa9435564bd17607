# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many DAGs, one after the other: each is waited for, paused or unpaused, and run, whatever becomes of the others."""

from __future__ import annotations

import contextlib
import re
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.tasks import Tasks
from .._base.errors import AirflowError, BadInput, Denied, Redirected, RunFailed, Unreachable, WrongLogin, about
from .._base.inputs import dag_id_of, seconds_of
from .._base.patience import FOR_A_DIAGNOSIS
from .._base.state import changes, diff, joined
from .._base.text import first_few
from .batch import OF_ONE_RUN, ids_in
from .foreseen import GOES_ON
from .foreseen_dags import foreseen_dag
from .fulfil import fulfil
from .outcome import outcome, told
from .parsed import Since, since_of
from .parsing import Deployed, settle
from .timeline import timeline
from .wishes import Wish, wish_of
from .wording import shown

# What the results of a DAG without a run have.
NO_TASKS: Object = {"failed_tasks": [], "task_counts": {}, "elapsed": 0.0, "timed_out": False}
# What a run of an item may have besides these options, it does not ask for.
OF_A_RUN = {**OF_ONE_RUN, "data_interval_start": None, "data_interval_end": None, "run_after": None, "results": None}


class Item(t.NamedTuple):
    """What a DAG is to be.

    :param paused: None: as it is.
    :param wish: the run that it is to have; None: none.
    """

    dag_id: str
    paused: bool | None
    wish: Wish | None


class Batch(t.NamedTuple):
    """The checked options of C(airflow_dag_batch)."""

    items: t.Sequence[Item]
    since: Since
    parse_timeout: float
    progress: bool


def batch_of(params: t.Mapping[str, t.Any], airflow: Airflow) -> Batch:
    """Check all options before anything is sent; BadInput names the item that is wrong."""
    seconds_of("wait_timeout", params["wait_timeout"])
    visible, items = ids_in(params["dags"]), []
    for number, item in enumerate(params["dags"], 1):
        with about(f"Item {number} of dags"):
            items.append(_item_of(item, params, airflow, visible))
    parse_timeout = seconds_of("parse_timeout", params["parse_timeout"])
    since = since_of(airflow, {**params, "version_marker": None, "bundle_version": None})
    return Batch(items, since, parse_timeout, params["progress"])


def _item_of(
    given: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], airflow: Airflow, visible: t.Sequence[str]
) -> Item:
    dag_id, paused = check_runs(given), given["paused"]
    if given["trigger"] is False or (paused and not given["trigger"]):
        return Item(dag_id, paused, None)
    own = given["wait_timeout"] is not None
    run = {
        **given,
        "when_paused": "unpause" if paused is False else "left",
        "wait_timeout": given["wait_timeout"] if own else params["wait_timeout"],
        "log_lines": params["log_lines"] if given["log_lines"] is None else given["log_lines"],
    }
    common = {key: params[key] for key in ("poll_interval", "progress")}
    wish = wish_of({**OF_A_RUN, **run, **common}, airflow, visible)
    return Item(dag_id, paused, wish._replace(timeout_option="wait_timeout of the item") if own else wish)


def check_runs(given: t.Mapping[str, t.Any]) -> str:
    """Return the DAG that an item is about; BadInput for a run that would stay queued."""
    dag_id = dag_id_of("dag_id", given["dag_id"])
    if given["paused"] and given["trigger"]:
        raise BadInput(
            f"DAG {dag_id} is to be paused, so that the run that trigger: true asks for would stay queued; set "
            "paused: false, or remove trigger."
        )
    return dag_id


class _Turn:
    """What becomes of one DAG.

    :ivar result: as the results of the module have it.
    """

    def __init__(
        self, airflow: Airflow, batch: Batch, item: Item, check_mode: bool, warn: t.Callable[[str], None]
    ) -> None:
        self._airflow = airflow
        self._batch = batch
        self._item = item
        self._check_mode = check_mode
        self._warn = warn
        self._is_missing = False
        self.diffs: list[Object] = []
        self.result: Object = {"dag_id": item.dag_id, "ok": False, "changed": False, "dag_run": {}}
        self.result.update(NO_TASKS, message=f"DAG {item.dag_id} was skipped.", timeline=[])

    def take(self) -> None:
        """Do what is wanted; an error is noted, and raised again."""
        item = self._item
        try:
            deployed = Deployed([item.dag_id], self._batch.since, self._batch.parse_timeout, "parse_timeout")
            self._is_missing = settle(self._airflow, deployed, self._batch.progress, self._check_mode, self._warn)
            message = self._run(item.wish.stamped(self._airflow.clock)) if item.wish else self._without_run()
        except AirflowError as error:
            self._note(error.details.get("changed", False), error.details.get("diff"))
            self._keep(error.details)
            self.result["message"] = _about(item.dag_id, error.message)
            raise
        finally:
            self.result["timeline"] = self._timeline()
        self.result.update(ok=True, message=message)

    def _keep(self, outcome_of_run: Object) -> None:
        """Keep what is told of a run, as far as it is told."""
        keys = ("dag_run", *NO_TASKS)
        self.result.update({key: outcome_of_run[key] for key in keys if outcome_of_run.get(key)})

    def _note(self, changed: bool, changes_made: Object | None) -> None:
        self.result["changed"] |= changed
        self.diffs.append(changes_made or {})

    def _without_run(self) -> str:
        dag = self._set_paused()
        name, state = f"DAG {self._item.dag_id}", f"is {'paused' if dag['is_paused'] else 'not paused'}"
        if self._check_mode and self.result["changed"]:
            state = f"would be {'paused' if dag['is_paused'] else 'unpaused'}"
        if self._is_missing:
            return f"{name} is not parsed yet{f' and {state}' if self.result['changed'] else ''}; no run is triggered."
        return f"{name} is parsed and {state}; no run is triggered."

    def _set_paused(self) -> Object:
        """Pause or unpause the DAG where that is wanted, and return it as it is then."""
        dag_id, dags = self._item.dag_id, self._airflow.ask(Dags)
        dag = (dags.find(dag_id) or foreseen_dag(self._airflow, dag_id)) if self._check_mode else dags.get(dag_id)
        differs = changes(dag, {"is_paused": self._item.paused})
        if differs and not self._check_mode:
            dags.set_paused(dag_id, differs["is_paused"])
        self._note(bool(differs), diff({f"DAG {dag_id}": (dag, differs)}))
        return {**dag, **differs}

    def _run(self, wish: Wish) -> str:
        done = fulfil(self._airflow, wish, self._check_mode)
        for sentence in done.warnings:
            if not (self._is_missing and GOES_ON in sentence):
                self._warn(sentence)
        run = t.cast(Object, done.run)
        self._note(done.changed, done.diff)
        self.result["dag_run"] = shown(run)
        # With a new run the DAG is unpaused already.
        if self._item.paused is False and done.found and not done.changed:
            self._set_paused()
        result = outcome(self._airflow, wish, done, run, self._check_mode, self._warn)
        self._keep(result)
        return told(wish, done, {**result, "changed": done.changed}, self._check_mode)

    def _timeline(self) -> list[str]:
        """Show where the time of a failed run went; what cannot be read is left out, since it only explains."""
        run = self.result["dag_run"]
        if run.get("state") != "failed":
            return []
        with contextlib.suppress(AirflowError), self._airflow.patience.within(FOR_A_DIAGNOSIS):
            tasks = self._airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"])
            return timeline(tasks, self._airflow.client.server_now())
        return []


def run_dags(airflow: Airflow, batch: Batch, check_mode: bool, warn: t.Callable[[str], None]) -> Object:
    """Let each DAG have its turn; RunFailed, with all results in its details, when one did not end well."""
    turns = [_Turn(airflow, batch, item, check_mode, warn) for item in batch.items]
    failures: list[str] = []
    for number, turn in enumerate(turns, 1):
        try:
            turn.take()
        except AirflowError as error:
            failures.append(turn.result["message"])
            if _is_of_all(error):
                left = [one.result["dag_id"] for one in turns[number:]]
                failures += [f"Skipped: {first_few(left)}."] if left else []
                break
    found = [turn.result for turn in turns]
    result = {
        "changed": any(one["changed"] for one in found),
        "dags": found,
        "diff": joined(*(one for turn in turns for one in turn.diffs)),
    }
    if failures:
        if any(one["timed_out"] for one in found):
            result["timed_out"] = True
        bad = sum(not one["ok"] for one in found)
        raise RunFailed(f"{bad} of {len(found)} DAGs did not end well: {' | '.join(failures)}", **result)
    return result


def _is_of_all(error: AirflowError) -> bool:
    """Whether the next DAG would fail alike: Airflow does not answer, or the login is wrong."""
    return isinstance(error, (Redirected, Unreachable, WrongLogin)) or (
        isinstance(error, Denied) and error.status == 401
    )


def _about(dag_id: str, message: str) -> str:
    """Put the DAG before a message that does not name it."""
    return message if re.search(rf"DAG (run )?{re.escape(dag_id)}(?![\w-])", message) else f"DAG {dag_id}: {message}"
