# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of tasks to people, which Airflow calls human-in-the-loop."""

from __future__ import annotations

import typing as t

from .._base.errors import NotFound
from .._base.states import FINISHED
from .._base.times import iso, moment, time_of
from .._http.client import path_of
from .._http.pages import pages
from .airflow import Airflow, Family, Object, of_known_shape, why_no_path
from .links import Links
from .lost import lost
from .refusals import refused

# Seconds. Airflow 3.3 marks a task failed that goes on before its scheduler knows that the process that asked ended.
SETTLING = 10.0
WAITING = ("deferred", "awaiting_input")  # states of a task that has asked: before 3.3, and from then on


class Question(t.NamedTuple):
    """Where a question stands: a task instance; C(map_index=-1): it is not mapped."""

    dag_id: str
    dag_run_id: str
    task_id: str
    map_index: int

    @property
    def task(self) -> str:
        """What messages call the task: C(task approve), C(task approve[2]) where it is mapped."""
        return f"task {self.task_id}" + (f"[{self.map_index}]" if self.map_index >= 0 else "")

    @property
    def name(self) -> str:
        """What messages call it: C(task approve of DAG run etl_daily / release-42)."""
        return f"{self.task} of DAG run {self.dag_id} / {self.dag_run_id}"


class Approvals(Family):
    """Questions and their answers: {dag_id, dag_run_id, task_id, map_index, state, subject, body, options, defaults,
    multiple, params, assigned_users, created_at, response_received, responded_by_user, responded_at, chosen_options,
    params_input, url}.

    C(state) is that of the task instance. C(params) are {value, description, schema} by name.
    """

    since = (3, 1)
    nouns = "A task that asks people (human-in-the-loop)"

    def __init__(self, airflow: Airflow) -> None:
        super().__init__(airflow)
        self._asked: dict[Question, float] = {}  # when, by the server's clock

    def find(self, question: Question) -> Object | None:
        """Return a question and its answer, or None when the task has not asked yet; one that has ended may have."""
        try:
            raw = self._client.get(self._question_path(question))
        except NotFound:
            return None
        if self._is_of_before(raw):
            return None
        self._asked[question] = self._asked_at(raw)
        return self._approval(raw)

    def waiting(self, dag_id: str | None, dag_run_id: str | None) -> list[Object]:
        """Return the questions that wait for an answer, the oldest first."""
        in_path = "~" if dag_run_id is None or why_no_path(dag_run_id) else dag_run_id
        path = self._path("dags", dag_id or "~", "dagRuns", in_path, "hitlDetails")
        params = {"response_received": "false", "order_by": "created_at"}
        found = [self._approval(raw) for raw in pages(self._client, path, "hitl_details", _identity, params)]
        return [
            approval
            for approval in found
            if approval["state"] in WAITING and dag_run_id in (None, approval["dag_run_id"])
        ]

    def answer(self, question: Question, chosen_options: t.Sequence[str], params_input: Object) -> None:
        """Answer a question that was found; Conflict when it has an answer, NotFound when it is gone."""
        left = self._asked.get(question, 0.0) + SETTLING - self._client.server_now()
        if left > 0:
            self._airflow.clock.sleep(min(left, SETTLING))
        body = {"chosen_options": list(chosen_options), "params_input": params_input}
        unknown = lost(f"the answer to {question.name} was taken", "airflow_approval_info")
        with refused(f"the answer to {question.name}"):
            self._client.patch(self._question_path(question), body, lost=unknown)

    def _question_path(self, question: Question) -> str:
        dag_id, dag_run_id, task_id, map_index = question
        place = path_of("taskInstances", task_id, str(map_index), "hitlDetails")
        return self._run_path(dag_id, dag_run_id, "answer questions of") + place

    @of_known_shape
    def _asked_at(self, raw: Object) -> float:
        # A task that was cleared keeps the time at which it has asked first.
        times = (raw["created_at"], raw["task_instance"]["start_date"] or raw["created_at"])
        return max(time_of("a time of Airflow", text).timestamp() for text in times)

    @of_known_shape
    def _is_of_before(self, raw: Object) -> bool:
        """Whether question and answer are of an earlier try: Airflow keeps them until a cleared task asks again."""
        task, responded = raw["task_instance"], moment(raw["responded_at"])
        if task["state"] in FINISHED:
            return False
        if not responded:
            return task["state"] not in WAITING
        # A task that goes on with its answer has not ended, and keeps the time of its start.
        started = moment(task["start_date"])
        return bool(task["end_date"] or (started and started > responded))

    @of_known_shape
    def _approval(self, raw: Object) -> Object:
        task = raw["task_instance"]
        place = {key: task[key] for key in ("dag_id", "dag_run_id", "task_id", "map_index")}
        keys = ("subject", "body", "options", "defaults", "multiple", "assigned_users", "params_input")
        of_param = ("value", "description", "schema")
        return {
            **place,
            "state": task["state"],
            **{key: raw[key] for key in keys},
            "params": {name: {key: param[key] for key in of_param} for name, param in raw["params"].items()},
            **{key: raw[key] for key in ("chosen_options", "response_received", "responded_by_user")},
            **{key: iso(raw[key]) for key in ("created_at", "responded_at")},
            "url": self._airflow.ask(Links).task(*place.values()),
        }


def _identity(raw: Object) -> t.Any:
    return raw["task_instance"]["id"]
