# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for states of runs and of task instances, in any version of Airflow."""

from __future__ import annotations

# Of runs and task instances, in any version: sensing and shutdown are of Airflow 2, awaiting_input came with 3.3.
STATES = (
    "awaiting_input",
    "deferred",
    "failed",
    "queued",
    "removed",
    "restarting",
    "running",
    "scheduled",
    "sensing",
    "shutdown",
    "skipped",
    "success",
    "up_for_reschedule",
    "up_for_retry",
    "upstream_failed",
)


ENDED = ("success", "failed")  # of a run
FAILED = ("failed", "upstream_failed")  # of a task instance
NO_STATE = "no_status"  # what Airflow's UI calls a task instance that nothing has looked at yet


# States that a task instance does not leave of its own accord.
FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")
NEVER_RAN = ("upstream_failed", "scheduled", "queued", NO_STATE)
