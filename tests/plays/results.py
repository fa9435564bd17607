# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes down whole results, one for each task and item: it is put into a folder of a test."""

from __future__ import annotations

import json
import os
import sys

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, event, result):
        record = {"event": event, "task": result._task.get_name(), "host": result._host.get_name()}
        with open(os.environ["TOLD_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps({**record, "result": result._result}, default=repr) + "\n")

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("failed", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)

    def v2_runner_item_on_ok(self, result):
        self._write("item ok", result)

    def v2_runner_item_on_failed(self, result):
        self._write("item failed", result)

    def v2_runner_retry(self, result):
        self._write("retry", result)

    def v2_playbook_on_stats(self, stats):
        """In the process that workers are forked from: what they inherit."""
        names = ("ansible_collections.dagops.airflow.plugins.modules.airflow_probe", "requests")
        with open(os.environ["TOLD_RESULTS"], "a", encoding="utf-8") as file:
            file.write(
                json.dumps({"event": "end", "task": "", "inherited": [name in sys.modules for name in names]}) + "\n"
            )
