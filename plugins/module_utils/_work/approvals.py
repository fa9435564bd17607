# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answering the question of a task: waiting until it asks, and finding out whether it has that answer."""

from __future__ import annotations

import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.approvals import Approvals, Question
from .._airflow.runs import Runs
from .._airflow.tasks import Tasks
from .._base.conf import conf_of, kind_of
from .._base.errors import BadInput, Conflict, Denied, NoQuestion, NotFound, TimedOut
from .._base.inputs import dag_id_of, dag_run_id_of, number_of, object_name_of, seconds_of
from .._base.items import listed
from .._base.state import diff
from .._base.states import ENDED, FINISHED
from .._base.text import first_few, one_line
from .diagnosis import diagnosis
from .foreseen import foreseen
from .progress import Progress
from .report import read_again
from .wording import last_answer, no_task, run_name, waited

# What values of a type of JSON schema are called.
TYPES = {
    "string": "a text",
    "integer": "a number",
    "number": "a number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
# What YAML makes a boolean of where it is not in quotes.
YES, NO = ("yes", "true", "on", "y"), ("no", "false", "off", "n")


class Wish(t.NamedTuple):
    """The checked options of C(airflow_approval).

    :param choose: options of the question, or what YAML has made of them.
    :param params: None: those of the question as they are, whatever they are.
    """

    question: Question
    choose: t.Sequence[t.Any]
    params: Object | None
    timeout: float
    interval: float
    progress: bool


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    question = Question(
        dag_id_of("dag_id", params["dag_id"]),
        dag_run_id_of("dag_run_id", params["dag_run_id"]),
        object_name_of("task_id", params["task_id"]),
        params["map_index"],
    )
    number_of("map_index", question.map_index, -1, "; -1 is a task that is not mapped")
    choose = listed(params["choose"], {"type": "list", "elements": "str"})
    choose = choose if isinstance(choose, list) else [choose]
    if not choose:
        raise BadInput("choose is an empty list; give an option, or a list of options.")
    if not all(isinstance(word, (str, bool, int, float)) for word in choose):
        raise BadInput("choose is neither a text nor a list of texts; give an option, or a list of options.")
    return Wish(
        question,
        choose,
        None if params["params"] is None else conf_of("params", params["params"]),
        seconds_of("wait_timeout", params["wait_timeout"]),
        seconds_of("poll_interval", params["poll_interval"]),
        params["progress"],
    )


class Done(t.NamedTuple):
    """What was done, or would be done in check mode; C(approval=None): the task does not ask yet."""

    approval: Object | None
    changed: bool
    diff: Object

    def result(self) -> Object:
        """The keys that every result has."""
        return self._asdict()


def answer(airflow: Airflow, wish: Wish) -> Done:
    """Answer the question as soon as it is asked."""
    approval = _Watch(airflow, wish).until_asked()
    chosen, params = _answer_to(approval, wish)
    done = _done(approval, wish, chosen, params)
    if not done.changed:
        return done
    approvals = airflow.ask(Approvals)
    try:
        approvals.answer(wish.question, chosen, params)
    except Conflict:
        # An answer of this task whose receipt got lost, or one of somebody else.
        approval = approvals.find(wish.question) or approval
        _done(approval, wish, chosen, params)
        return done._replace(approval=approval)
    except NotFound as error:
        raise NoQuestion(
            f"{_head(wish)} has withdrawn its question, since it was cleared; repeat the task.", approval=approval
        ) from error
    except Denied as error:
        names = first_few([user["name"] for user in approval["assigned_users"]])
        error.message += f" Airflow takes an answer of {names} only." if names else ""
        raise
    return done._replace(approval=approvals.find(wish.question) or approval)


def foresee(airflow: Airflow, wish: Wish, warn: t.Callable[[str], None]) -> Done:
    """Look once, for check mode; what does not ask yet is a warning, for it may ask by then."""
    watch = _Watch(airflow, wish)
    try:
        approval = watch.look()
    except NotFound as error:
        warn(foreseen(error.message))
        approval = None
    else:
        if approval is None:
            warn(f"{_head(wish)} does not ask yet, and check mode does not wait; whether choose fits is not known.")
    if approval is None:
        words = {"chosen_options": [str(word) for word in wish.choose]}
        return Done(None, True, diff({wish.question.name: ({}, words)}))
    return _done(approval, wish, *_answer_to(approval, wish))


def _done(approval: Object, wish: Wish, chosen: t.Sequence[str], params: Object) -> Done:
    """Tell what has to be done; BadInput when the question has another answer."""
    if not approval["response_received"]:
        after: Object = {"chosen_options": list(chosen), **({"params_input": params} if params else {})}
        return Done(approval, True, diff({wish.question.name: (dict.fromkeys(after), after)}))
    given = {key: approval["params_input"].get(key) for key in wish.params or {}}
    same = set(approval["chosen_options"]) == set(chosen)
    if same and given == (wish.params or {}):
        return Done(approval, False, diff({}))
    but = "but with other params" if same else f"and not with {_listed(chosen)}"
    raise BadInput(
        f"{_head(wish)} was already answered by {_answerer(approval)} at {approval['responded_at']} with "
        f"{_listed(approval['chosen_options'])}, {but}; an answer cannot be changed: clear the task, and it asks "
        "again.",
        approval=approval,
    )


def told(wish: Wish, done: Done, check_mode: bool) -> str:
    """Say with what the question was answered, or would be."""
    if not done.changed and done.approval:
        chosen = _listed(done.approval["chosen_options"])
        return f"{_head(wish)} was answered before with {chosen} by {_answerer(done.approval).rstrip(',')}."
    chosen = _listed(done.diff["after"][wish.question.name]["chosen_options"])
    return f"{_head(wish)} {'would be' if check_mode else 'was'} answered with {chosen}."


def _answerer(approval: Object) -> str:
    return (approval["responded_by_user"] or {}).get("name") or "Airflow itself, since its time was over,"


def _answer_to(approval: Object, wish: Wish) -> tuple[list[str], Object]:
    """Return the options and params to answer with; BadInput when the question does not take them."""
    options, chosen = approval["options"], []
    for word in wish.choose:
        fitting = [option for option in options if _means(word, option)]
        if len(fitting) != 1:
            raise BadInput(
                f"{_head(wish)} has no option {one_line(word, 60)}; its options are {_listed(options)}; correct "
                "choose.",
                approval=approval,
            )
        chosen += [option for option in fitting if option not in chosen]
    if len(chosen) > 1 and not approval["multiple"]:
        raise BadInput(f"{_head(wish)} takes one option, and choose has {len(chosen)}; give one.", approval=approval)
    # A task fails that gets some of its params only; the web interface sends all of them, too.
    params = {name: param["value"] for name, param in approval["params"].items()}
    unknown = [name for name in wish.params or {} if name not in params]
    if unknown:
        asked = f"it asks for {_listed(params)}: correct params" if params else "it asks for none: leave out params"
        raise BadInput(f"{_head(wish)} asks for no param {one_line(unknown[0], 60)}; {asked}.", approval=approval)
    for name, value in (wish.params or {}).items():
        wanted = _wanted(value, approval["params"][name]["schema"] or {})
        if wanted:
            raise BadInput(f"{_head(wish)} takes {wanted} as param {name}; correct params.", approval=approval)
    return chosen, {**params, **(wish.params or {})}


def _wanted(value: t.Any, schema: Object) -> str:
    """Return what a field takes when it does not take this, or an empty text; Airflow judges the rest of its schema.

    It does so when the task goes on with the answer, which fails it, and an answer cannot be changed.
    """
    types = schema.get("type") or []
    kinds = [TYPES.get(name, "") for name in ([types] if isinstance(types, str) else types)]
    if kinds and all(kinds) and kind_of(value) not in kinds:
        return f"{' or '.join(dict.fromkeys(kinds))}, and not {kind_of(value)},"
    choices = schema.get("enum") or []
    return f"one of {_listed(map(str, choices))}" if choices and value not in choices else ""


def _means(word: t.Any, option: str) -> bool:
    if isinstance(word, bool):
        return option.lower() in (YES if word else NO)
    return option == str(word)


def _listed(options: t.Iterable[str]) -> str:
    return first_few([one_line(option, 60) for option in options])


def _head(wish: Wish) -> str:
    return wish.question.name.replace("task", "Task", 1)


class _Watch:
    """Looks at a question until it is asked."""

    def __init__(self, airflow: Airflow, wish: Wish) -> None:
        self._airflow = airflow
        self._wish = wish
        self._question = wish.question
        self._progress = Progress(airflow, wish.progress)
        self._run: Object = {}
        self._tasks: t.Sequence[Object] = ()

    def until_asked(self) -> Object:
        """Return the question, answered or not; TimedOut when it was not asked in time."""
        wish = self._wish
        wait = self._airflow.patience.wait
        approval, silence = wait(self.look, lambda seen: seen is not None, wish.timeout, wish.interval)
        if approval is not None:
            return approval
        if silence:
            reason = last_answer(silence)
        else:
            reason = diagnosis(self._airflow, self._run, self._tasks)
        raise TimedOut(
            f"{_head(wish)} has not asked {waited(wish.timeout, 'wait_timeout')}"
            f"{': ' + reason if reason else ''}. {self._run['url']}",
            approval=None,
        )

    def look(self) -> Object | None:
        """Return the question, or None when it may still be asked; NoQuestion when it will not."""
        find = self._airflow.ask(Approvals).find
        approval = find(self._question)
        if approval is None and self._has_ended():
            # It may have asked and ended since.
            approval = find(self._question)
            if approval is None:
                raise NoQuestion(self._unasked())
        if approval is None or approval["response_received"] or approval["state"] not in FINISHED:
            return approval
        raise NoQuestion(
            f"{_head(self._wish)} asks no more, and is {approval['state']}: its time was over, or it was marked; clear "
            f"it, and it asks again. {approval['url']}",
            approval=approval,
        )

    def _has_ended(self) -> bool:
        """Read the run and its tasks, and return whether the task has ended; BadInput when the run has no such task."""
        runs, question = self._airflow.ask(Runs), self._question
        self._run = (
            read_again(self._airflow, self._run) if self._run else runs.get(question.dag_id, question.dag_run_id)
        )
        self._tasks = self._airflow.ask(Tasks).of_run(question.dag_id, question.dag_run_id)
        state = self._state()
        told = f"is {state}" if state else "has not started"
        self._progress.tell(f"{run_name(self._run)} {self._run['state']}: {question.task} {told}")
        return self._run["state"] in ENDED or state in FINISHED

    def _state(self) -> str | None:
        """Return the state of the task; where a mapped one has no instances yet, that of the task as a whole."""
        name, index = self._question.task_id, self._question.map_index
        states: dict[int, str | None] = {
            task["map_index"]: task["state"] for task in self._tasks if task["task_id"] == name
        }
        if index in states or not self._tasks:
            return states.get(index)
        if not states:
            raise BadInput(no_task(name, self._run, {task["task_id"] for task in self._tasks}))
        if -1 not in states:
            raise BadInput(
                f"{_head(self._wish)} does not exist: the task is mapped; give one of its indices, "
                f"{min(states)} to {max(states)}, as map_index."
            )
        # Before it is expanded, a mapped task has no state but for one with which it ends.
        if states[-1] and states[-1] not in FINISHED:
            raise BadInput(f"{_head(self._wish)} does not exist: the task is not mapped; leave out map_index.")
        return states[-1]

    def _unasked(self) -> str:
        """Say that a task will not ask."""
        state = self._state()
        if state in FINISHED:
            return f"{_head(self._wish)} has ended ({state}) without asking. {self._run['url']}"
        name, ended = run_name(self._run), self._run["state"]
        return f"DAG run {name} has ended ({ended}), and {self._question.task} has not asked. {self._run['url']}"
