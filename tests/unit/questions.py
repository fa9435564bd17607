# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Airflow answers about a task that asks, as seen on 3.1.8 and 3.3.2."""

from __future__ import annotations

import typing as t

from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, RUN_ID, Body

ASKED = "2026-11-22T10:14:02.037726Z"
ANSWERED = "2026-11-22T10:15:25.673484Z"
STARTED = "2026-11-22T10:14:01.532476Z"
REASON = {"value": "none", "description": None, "schema": {"type": "string"}, "source": "task"}
KEYS = {
    *("dag_id", "dag_run_id", "task_id", "map_index", "state", "subject", "body", "options", "defaults", "multiple"),
    *("params", "assigned_users", "created_at", "response_received", "responded_by_user", "responded_at"),
    *("chosen_options", "params_input", "url"),
}


def question(state: str | None = "awaiting_input", index: int = -1, **keys: t.Any) -> Body:
    """The answer to a request for hitlDetails."""
    times = {"start_date": keys.pop("start_date", STARTED), "end_date": keys.pop("end_date", None)}
    task = GENERATIONS["v2"].task("approve", state=state, map_index=index, **times)
    return {
        "options": ["Approve", "Reject"],
        "subject": "Publish?",
        "body": None,
        "defaults": None,
        "multiple": False,
        "params": {},
        "assigned_users": [],
        "created_at": ASKED,
        "responded_by_user": None,
        "responded_at": None,
        "chosen_options": None,
        "params_input": {},
        "response_received": False,
        "task_instance": {"dag_id": "etl_daily", "dag_run_id": RUN_ID, **task},
        **keys,
    }


def answered(*chosen: str, state: str | None = "success", by: str | None = "alice", **keys: t.Any) -> Body:
    """The same with an answer."""
    user = {"id": "7", "name": by} if by else None
    answer = {"responded_by_user": user, "responded_at": ANSWERED, "response_received": True}
    return question(state, chosen_options=list(chosen), **answer, **keys)
