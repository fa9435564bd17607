# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clearing and marking task instances of a run, and waiting for what that sets going."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.dags import Dags
from .._airflow.runs import Runs, TriggerRequest
from .._airflow.task_states import Graph, Selection, TaskStates
from .._airflow.tasks import Tasks, turn
from .._base.errors import AirflowError, NotFound, RunFailed
from .._base.state import diff
from .._base.states import ENDED, FAILED
from .carrying import carrying
from .foreseen import foreseen
from .foreseen_runs import foreseen_run
from .fulfil import check_runnable, check_unpaused, existing_run
from .report import CLEAR_DOWNSTREAM, CLEAR_THEM, Report, task_name, without_tasks
from .task_wishes import Wish, selection_of
from .waiting import wait_for_run
from .wording import run_name, shown

STAYS = "stays failed, since nothing in it runs again"
STAYS_MARKED = (
    f"{STAYS}, although no task of it is failed any more; airflow_dag_run with state: success marks the run, too"
)

STAYS_SUCCESSFUL = "stays success; airflow_dag_run with state: failed marks the run, too"


class Plan(t.NamedTuple):
    """What is to be written.

    :param touched: the task instances that are cleared or marked, as they are before.
    :param also_cleared: those that Airflow clears for a mark.
    :param marks: what is marked, one request each, and whether the tasks before it are marked by the same one.
    """

    chosen: Selection
    touched: t.Sequence[Object]
    also_cleared: t.Sequence[Object] = ()
    marks: t.Sequence[tuple[Object, bool]] = ()
    unpause: bool = False


class Done(t.NamedTuple):
    """What was done, or would be done in check mode.

    :param run: the run as it is now, in check mode as it would be.
    """

    run: Object
    changed: bool
    tasks: t.Sequence[Object]
    also_cleared: t.Sequence[Object]
    diff: Object
    warnings: t.Sequence[str] = ()

    def result(self, wanted: str) -> Object:
        """The keys that every result has."""
        tasks = [{**task, "wanted": wanted} for task in self.tasks]
        return {"changed": self.changed, "tasks": tasks, "also_cleared": list(self.also_cleared), "diff": self.diff}

    def seen_again(self, there: t.Sequence[Object]) -> Done:
        """Return the same with the task instances as they are now."""
        now = {_key(task): task for task in there}
        tasks, also = ([now.get(_key(task), task) for task in old] for old in (self.tasks, self.also_cleared))
        return self._replace(tasks=tasks, also_cleared=also)


def repair(airflow: Airflow, wish: Wish, check_mode: bool) -> Done:
    """Clear or mark the task instances that are meant; in check mode read what that takes and write nothing."""
    airflow.ask(TaskStates).check(wish.state, bool(wish.map_index), wish.latest_version)
    try:
        run = existing_run(airflow, wish.dag_id, wish.dag_run_id, None)
    except NotFound as error:
        if not check_mode:
            raise
        run = foreseen_run(airflow, wish.dag_id, TriggerRequest(wish.dag_run_id, {}))
        return Done(run, True, (), (), diff({}), [foreseen(error.message)])
    there = airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"])
    plan = _plan(airflow, wish, selection_of(airflow, wish, run, there))
    done = _foreseen(plan, wish)
    if wish.state == "cleared" and not done.changed and (check_mode or not _fails(wish, run)):
        done = done._replace(warnings=[_nothing_cleared(wish, run)])
    if check_mode or not done.changed:
        return done
    with carrying(run, False):
        _write(airflow, wish, plan)
    with carrying(done.run, True, done.diff):
        if plan.unpause:
            airflow.ask(Dags).set_paused(run["dag_id"], False)
        run = airflow.ask(Runs).get(run["dag_id"], run["dag_run_id"])
        if not wish.of_run.wait:
            done = done.seen_again(airflow.ask(Tasks).of_run(run["dag_id"], run["dag_run_id"]))
    return done._replace(run=run)


def outcome(airflow: Airflow, wish: Wish, done: Done, check_mode: bool, warn: t.Callable[[str], None]) -> Object:
    """Wait for the run where that is wanted, and tell what has become of it; RunFailed when it has failed."""
    if not wish.of_run.wait:
        return {**done.result(wish.state), "dag_run": shown(done.run)}
    if check_mode:
        return {**done.result(wish.state), **without_tasks(airflow, done.run)}
    active = done.run["state"] not in ENDED
    try:
        with carrying(done.run, done.changed, done.diff):
            report = _ended(airflow, wish, done)
            run = report.run
        done = done.seen_again(report.tasks)
        # Whoever marks tasks failed knows that.
        if run["state"] == "failed" and wish.state != "failed":
            # Whoever clears the tasks after them, too, looks for another cause.
            alone = wish.state == "cleared" and not wish.downstream
            advice = CLEAR_DOWNSTREAM if alone else CLEAR_THEM
            raise RunFailed(report.failure("" if active else _stays(report.tasks), advice), **report.result())
    except AirflowError as error:
        error.details = {**done.result(wish.state), **error.details}
        raise
    if report.warning():
        warn(report.warning())
    return {**done.result(wish.state), **report.result()}


def _ended(airflow: Airflow, wish: Wish, done: Done) -> Report:
    """Wait for the end of the run, and return its report."""
    report = _waited(airflow, wish, done.run)
    judged = _judged_between_marks(done, report)
    if judged:
        run = report.run
        airflow.ask(TaskStates).clear(Selection(run, report.tasks, judged, False, False, False), True, False)
        report = _waited(airflow, wish, airflow.ask(Runs).get(run["dag_id"], run["dag_run_id"]))
    return report


def _waited(airflow: Airflow, wish: Wish, run: Object) -> Report:
    return Report(airflow, wait_for_run(airflow, run, wish.of_run), wish.of_run.log_lines)


def _judged_between_marks(done: Done, report: Report) -> list[Object]:
    """Return what Airflow has not run although nothing before it has failed any more.

    After the first of several marks the scheduler looks at what comes after it. It may still see the failure of a task
    that is marked a moment later, and that mark then finds nothing to clear.
    """
    if any(task["state"] == "failed" for task in report.tasks):
        return []
    also = {_key(task) for task in done.also_cleared}
    return [task for task in report.tasks if task["state"] == "upstream_failed" and _key(task) in also]


def _plan(airflow: Airflow, wish: Wish, chosen: Selection) -> Plan:
    states = airflow.ask(TaskStates)
    if wish.state == "cleared":
        plan = Plan(chosen, states.would_clear(chosen, wish.only_failed))
    else:
        plan = _plan_marks(states, wish, chosen)
    goes_on = plan.touched if wish.state == "cleared" else plan.also_cleared if wish.of_run.wait else ()
    if not goes_on:
        return plan
    dag = airflow.ask(Dags).get(wish.dag_id)
    check_runnable(dag)
    return plan._replace(unpause=check_unpaused(dag, wish.when_paused, f"run {wish.dag_run_id}"))


def _plan_marks(states: TaskStates, wish: Wish, chosen: Selection) -> Plan:
    touched = states.would_mark(chosen, wish.state)
    if not touched:
        return Plan(chosen, touched)
    graph = states.graph(wish.dag_id)
    marks = _marks(states, wish, chosen, touched, graph)
    marked = {_key(task) for task in touched}
    after = graph.downstream(task["task_id"] for task, _upstream in marks)
    also = [task for task in chosen.there if task["task_id"] in after and task["state"] in FAILED]
    return Plan(chosen, touched, [task for task in also if _key(task) not in marked], marks)


def _marks(
    states: TaskStates, wish: Wish, chosen: Selection, touched: t.Sequence[Object], graph: Graph
) -> list[tuple[Object, bool]]:
    """Return what is marked, in an order in which no mark undoes another one.

    A mark clears what has failed after its task. So marks as failed go downwards, and others upwards, where nothing
    that is to be marked is set going before.
    """
    names, moving = chosen.task_ids(), {task["task_id"] for task in touched}
    last: dict[str, Object] = {}
    if wish.upstream:
        # A mark of its own for what comes before would clear other tasks that have failed after that.
        before = graph.upstream(names)
        for task in chosen.tasks:
            name = task["task_id"]
            if name not in before and states.marks_upstream(task) and moving & graph.upstream([name]):
                last.setdefault(name, task)
    with_others = graph.upstream(last)
    marks = {_key(task): (task, False) for task in touched if task["task_id"] not in with_others}
    marks.update({_key(task): (task, True) for task in last.values()})
    order = sorted(marks.values(), key=lambda mark: (len(graph.upstream([mark[0]["task_id"]])), _key(mark[0])))
    return order if wish.state == "failed" else order[::-1]


def _foreseen(plan: Plan, wish: Wish) -> Done:
    """What becomes of the run, as far as it can be said before."""
    run = plan.chosen.run
    name = run_name(run)
    cleared = plan.touched if wish.state == "cleared" else plan.also_cleared
    objects: dict[str, tuple[Object, Object]] = {}
    for tasks, state in ((plan.touched, wish.state), (plan.also_cleared, "cleared")):
        for task in tasks:
            objects[f"task {task_name(task)} of DAG run {name}"] = ({"state": task["state"]}, {"state": state})
    if cleared and run["state"] in ENDED:
        objects[f"DAG run {name}"] = ({"state": run["state"]}, {"state": "queued"})
        run = {**run, "state": "queued", "end_date": None}
    if plan.unpause:
        objects[f"DAG {run['dag_id']}"] = ({"is_paused": True}, {"is_paused": False})
    done = Done(run, bool(plan.touched), plan.touched, plan.also_cleared, diff(objects))
    # Who waits is told of the tasks that failed in a run that succeeded.
    if plan.touched and run["state"] == "success" and wish.state == "failed" and not wish.of_run.wait:
        return done._replace(warnings=[f"DAG run {name} {STAYS_SUCCESSFUL}."])
    if plan.touched and run["state"] == "failed" and wish.state != "failed":
        marked = {_key(task) for task in plan.touched}
        if not any(task["state"] in FAILED and _key(task) not in marked for task in plan.chosen.there):
            return done._replace(warnings=[f"DAG run {name} {STAYS_MARKED}."])
    return done


def _write(airflow: Airflow, wish: Wish, plan: Plan) -> None:
    states, run = airflow.ask(TaskStates), plan.chosen.run
    if wish.state != "cleared":
        for number, (task, upstream) in enumerate(plan.marks):
            with carrying(run, number > 0):
                states.mark(run, task, wish.state, upstream)
        return
    try:
        states.clear(plan.chosen, wish.only_failed, wish.latest_version)
    except AirflowError as error:
        # Failed tasks alone could be asked for again and again; their time is over.
        if error.may_be_done:
            error.message += (
                " Nobody knows whether the tasks were cleared; look at the run before you clear them again."
            )
        raise


def _fails(wish: Wish, run: Object) -> bool:
    """Whether the task fails when nothing in the run runs again: then the failure says so."""
    return wish.of_run.wait and bool(run["state"] == "failed")


def _nothing_cleared(wish: Wish, run: Object) -> str:
    name = f"{run_name(run)} ({run['state']})"
    if not wish.only_failed:
        return f"Airflow clears none of the selected tasks of DAG run {name}."
    return (
        f"None of the selected tasks of DAG run {name} has failed, so none was cleared; only_failed: false clears all "
        "of them."
    )


def _stays(tasks: t.Sequence[Object]) -> str:
    return STAYS if any(task["state"] in FAILED for task in tasks) else STAYS_MARKED


def _key(task: Object) -> tuple[str, int, int]:
    """What stays the same of a task instance when it runs again."""
    return (task["task_id"], task["map_index"], turn(task) or 0)
