# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, and prints how far the DAG run has come while the task waits for it."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ..module_utils._base.clock import Clock
from ..plugin_utils._sliced_wait import SlicedWait, is_wait


class ActionModule(ActionBase):
    """The module's documentation is this action's, too."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        task_vars = task_vars or {}
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task = self._task
        if task.async_val or task.check_mode or not is_wait(task.args):
            result.update(self._execute_module(task_vars=task_vars, wrap_async=task.async_val))
        else:
            host = task_vars.get("inventory_hostname", "localhost")
            show = (lambda line: None) if task.no_log else self._display.display
            wait = SlicedWait(task.args, lambda args: self._call(args, task_vars), show, host, Clock())
            result.update(wait.run())
        if not task.async_val:
            self._remove_tmp_path(self._connection._shell.tmpdir)  # type: ignore[no-untyped-call]
        return result

    def _call(self, args: t.Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = self._execute_module(module_args=dict(args), task_vars=task_vars)
        return answer
