# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What masking must not touch, and what it has left behind.

Ansible replaces a secret wherever it occurs in a result. The password C(airflow) would make C(********_db_cleanup) of
the DAG id C(airflow_db_cleanup), and whoever goes on with that result asks for other DAGs. What Airflow calls its
objects, and shows to everybody who may read them, is no secret, whatever it looks like.
"""

from __future__ import annotations

import re
import typing as t

from .errors import BadInput
from .text import one_line

# Keys whose values are names, states, times and numbers of Airflow's. Messages, logs, notes and conf are not.
NAMES = frozenset(
    (
        *("dag_id", "dag_ids", "gone_dag_ids", "unpaused_dags", "dag_run_id", "run_type"),
        *("task_id", "map_index", "loop_iteration", "id", "wanted", "state", "status", "operator"),
        *("try_number", "max_tries", "task_counts", "active_runs", "max_active_runs"),
        *("logical_date", "run_after", "data_interval_start", "data_interval_end", "start_date", "end_date"),
        *("logical_dates", "from_date", "to_date", "reprocess", "created_at", "completed_at", "responded_at"),
        *("next_dagrun_logical_date", "next_dagrun_run_after", "timetable_description"),
        *("duration", "elapsed", "last_parsed_time", "latest_heartbeat", "timestamp"),
        *("uri", "scheduled_dags", "producing_dags", "queued_for", "created_dagruns"),
        *("url", "file", "fileloc", "filename", "owners", "tags", "version", "api_version"),
        *("connection_id", "conn_type", "login", "port", "key", "team_name", "unverified"),
        *("slots", "open_slots", "occupied_slots", "running_slots", "queued_slots"),
        *("scheduled_slots", "deferred_slots"),
        *("username", "email", "first_name", "last_name", "roles", "name", "action", "resource"),
        *("created", "updated", "removed", "unchanged", "kind", "field", "certain"),
        # An export has no secret in it, but a placeholder in the place of each.
        *("config", "secrets_needed"),
    )
)
# Keys whose values hold such keys. Nothing else is looked into: a conf may have any key.
HOLDERS = frozenset(
    (
        *("dags", "dag_run", "dag_runs", "runs", "tasks", "also_cleared", "failed_tasks"),
        *("files", "import_error", "import_errors"),
        *("pool", "pools", "connection", "connections", "variable", "variables", "xcoms", "backfill"),
        *("asset", "event", "approval", "approvals", "assigned_users", "responded_by_user"),
        *("objects", "failed_objects", "user", "users", "role", "permissions"),
        *("json", "health", "metadatabase", "scheduler", "triggerer", "dag_processor"),
    )
)
# Options, and keys of theirs, that may hold what they like; what is masked in a message is fit for a note.
FREE_TEXTS = frozenset(("secret_conf", "note", "msg", "log_tail", "trace_tail"))
# Those that Airflow keeps as they are. They may hold asterisks, but not those of Ansible: a result that was handed on
# would replace a value by its mask.
KEPT_TEXTS = frozenset(("conf", "params", "description", "value", "extra"))
# Ansible puts eight asterisks in the place of a secret, or these words where that is the whole text; Airflow three.
ANSIBLES_WORDS = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_MASK = re.compile(rf"\*{{3,}}|{ANSIBLES_WORDS}")
_MASK_OF_ANSIBLE = re.compile(rf"(?<!\*)\*{{8}}(?!\*)|{ANSIBLES_WORDS}")


def with_names(masked: t.Any, result: t.Any) -> t.Any:
    """Return a masked result with the names that the result had before.

    Both are dicts of one shape; what is not of this shape stays masked.
    """
    if isinstance(masked, list) and isinstance(result, (list, tuple)) and len(masked) == len(result):
        return [with_names(*pair) for pair in zip(masked, result)]
    if not isinstance(masked, dict) or not isinstance(result, dict):
        return masked
    named = {}
    for key, value in masked.items():
        if key in NAMES and key in result:
            value = result[key]
        elif key in HOLDERS:
            value = with_names(value, result.get(key))
        named[key] = value
    return named


def check_unmasked(name: str, value: t.Any) -> None:
    """Refuse an option in which something was masked, so that it does not say what is meant."""
    text = masked_in({name: value})
    if text:
        raise BadInput(
            f"{name} holds {text}, in which a secret was masked, so that it does not say what is meant; "
            "give the text itself. Nothing was changed."
        )


def masked_in(value: t.Any, mask: re.Pattern[str] = _MASK) -> str:
    """Return the first text in which something was masked, as it may be shown, or an empty one."""
    if isinstance(value, str):
        found = mask.search(value)
        if not found:
            return ""
        return one_line(value, 80) if mask is _MASK else f"a text with {found[0]}"
    if isinstance(value, dict):
        given = ((key, item) for key, item in value.items() if key not in FREE_TEXTS)
        masks = ((item, _MASK_OF_ANSIBLE if key in KEPT_TEXTS else mask) for key, item in given)
        return next(filter(None, (masked_in(*each) for each in masks)), "")
    if isinstance(value, (list, tuple)):
        return next(filter(None, (masked_in(item, mask) for item in value)), "")
    return ""
