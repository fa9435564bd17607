# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options of the modules that wait for runs
    DOCUMENTATION = r"""
options:
  poll_interval:
    description: Maximum seconds between two checks. While the newest run is young, the task checks more often, after
      each 5 percent of its age, so that it sees the end of a short run soon. Less than 0.5 counts as 0.5.
    type: float
    default: 10
  log_lines:
    description: How many lines to return from the log of each failed task's last try. V(0) reads no logs, and the
      message then has no reasons. The logs of at most 50 failed tasks are read, for all runs together.
    type: int
    default: 20
  progress:
    description:
      - >-
        Whether to print a line while the task waits, each time something has changed, such as V(localhost: etl_daily /
        release-42 running 2m10s: 9 of 14 tasks done, 2 running) or V(localhost: 2 of 5 DAG runs have ended, 1 failed
        (etl_daily / release-42\), 3 running).
      - For this, the tasks of a single run are read after 30 seconds, and later after each 10 percent of its age, but
        at least every 2 minutes. A line is also printed at the start, and every 5 minutes if nothing has changed.
      - Lines are printed if the task runs in the process of C(ansible-playbook), see the notes. Nothing is printed for
        a task with C(no_log) and in check mode.
    type: bool
    default: true
"""
