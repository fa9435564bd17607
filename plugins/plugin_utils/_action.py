# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions of all modules have in common: a task runs in its own process on the control node when it can.

Whatever is imported here is imported in the process that Ansible's workers are forked from, once. A collection has no
compiled files, so each worker would compile and import all of it anew.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
import types
import typing as t
import warnings

from ansible import constants as C
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ..module_utils._airflow.airflow import silent
from ..module_utils._base.text import in_depth
from ..module_utils._module import passes, progress
from ._in_process import Call, built
from ._interpreter import is_own, python_of
from ._passes import SHARED
from ._source import ROLE, OptionsOnly, RoleSource, Source

try:
    with warnings.catch_warnings():
        # What it says of its own dependencies belongs to no task.
        warnings.simplefilter("ignore")
        importlib.import_module("requests")
except Exception:  # A broken installation raises whatever it likes.
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

Vars = t.Dict[str, t.Any]
Result = t.Dict[str, t.Any]

SWITCH = "DAGOPS_AIRFLOW_IN_PROCESS"
# A variable of a play or a task: what those who run it know in place of words in messages, such as their variable
# that sets an option.
NAMES = "dagops_airflow_names"
# Variables that count when a process starts: what they change cannot be changed in this one.
OF_THE_START = ("LD_", "OPENSSL_", "PYTHON")


class AirflowAction(ActionBase):
    """Runs a module in the process of the task, or as Ansible runs modules; the result is the same.

    To run it here, Ansible's own C(_execute_module) does all that it does before and after a module. Only the steps
    that pack the module and start it as a program are replaced.
    """

    module: types.ModuleType
    _call: Call | None = None
    _names: t.Mapping[str, str] = {}

    def run(self, tmp: str | None = None, task_vars: Vars | None = None) -> Result:
        # Of the object: before ansible-core 2.16 its own are set when it is made.
        self._supports_check_mode = self._supports_async = True
        task_vars = task_vars or {}
        result: Result = super().run(tmp, task_vars)
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        source = self._source_of(environment, task_vars)
        given = source.given()
        credentials = source.of_environment(given)
        args = {**given, **credentials}
        if source.emptied:
            self._task.environment = [*(self._task.environment or []), source.emptied]
            environment.update(source.emptied)
        asked: dict[str, str] = self._templar.template(task_vars.get(NAMES)) or {}
        # What the task asks for is replaced first: it may be a whole sentence with other options in it.
        # A value that comes from the environment is to be corrected there.
        self._names = {**asked, **source.names(), **asked, **{name: source.variable(name) for name in credentials}}
        if self._can_run_here(environment, task_vars):
            call = Call(self.module, environment, self._loader.get_basedir(), self._sink(task_vars))
            try:
                return {**result, **self._execute_here(call, args, task_vars)}
            except (AttributeError, ImportError, TypeError) as error:
                # Another ansible-core may do these steps in another way; nothing has run then.
                if call.begun:
                    raise
                self._display.vvv(f"{self._task.action} cannot run in the process of the task: {error}")
        wrap_async = bool(self._task.async_val and not getattr(self._connection, "has_native_async", False))
        result.update(self._execute_module(module_args=args, task_vars=task_vars, wrap_async=wrap_async))
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)  # type: ignore[no-untyped-call]
        return result

    # -- what it says

    def _parse_returned_data(self, res: t.Any, *more: t.Any, **others: t.Any) -> t.Any:
        """Let the sentence of a failure speak of what those know who run the task, before Ansible copies it.

        Warnings do, too, where the task has words for it.
        """
        out = res.get("stdout", "")
        warns = bool(self._names) and '"warnings": [' in out
        # Large results of tasks that went well are not read twice.
        if warns or (self._names and '"failed": true' in out):
            with contextlib.suppress(ValueError):
                printed = json.loads(out)
                if warns and printed.get("warnings"):
                    # Since ansible-core 2.19 a warning is no text, but holds one.
                    printed["warnings"] = in_depth(lambda text: renamed(text, self._names), printed["warnings"])
                    res = {**res, "stdout": json.dumps(printed)}
                if printed.get("failed"):
                    self._rename(printed)
                    res = {**res, "stdout": json.dumps(printed)}
        answer: t.Any = super()._parse_returned_data(res, *more, **others)
        return answer

    def _rename(self, failed: Result) -> None:
        """Put the names into the sentence of a failure; where that joins those of many DAGs, into each of them."""
        dags = failed.get("dags")
        of_dags = [dag for dag in dags if isinstance(dag, dict) and "message" in dag] if isinstance(dags, list) else []
        joined, done = str(failed.get("msg", "")), 0
        for dag in of_dags:
            said, told = str(dag["message"]), self._renamed(dag, "message")
            at = joined.find(said, done)
            if at >= 0 and not dag.get("ok"):
                done = at + len(told)
                joined = joined[:at] + told + joined[at + len(said) :]
                failed["msg"] = joined
            dag["message"] = told
        # An exception has no sentence yet.
        if "msg" in failed and not of_dags:
            failed["msg"] = self._renamed(failed, "msg")

    def _renamed(self, result: Result, key: str) -> str:
        # What the tasks of a run have said stays as it is.
        of_tasks = result.get("failed_tasks") and not result.get("timed_out")
        sentence = str(result[key])
        return sentence if of_tasks else renamed(sentence, self._names)

    # -- where it runs

    def _can_run_here(self, environment: t.Mapping[str, t.Any], task_vars: Vars) -> bool:
        """Whether nothing about the task asks for a process of its own."""
        return (
            HAS_REQUESTS
            and self._is_local()
            and not self._connection.become
            and not self._task.async_val
            # There, to ask the system for its proxies ends a forked process.
            and sys.platform != "darwin"
            # Somebody wants to look at the program of a module.
            and not C.config.get_config_value("DEFAULT_KEEP_REMOTE_FILES")
            and all(name.isidentifier() and not name.startswith(OF_THE_START) for name in environment)
            and self._is_switched_on(task_vars)
            and is_own(python_of(self._task.delegate_to, task_vars, self._templar))
        )

    def _is_local(self) -> bool:
        return bool(self._connection.transport == "local")

    def _is_switched_on(self, task_vars: Vars) -> bool:
        """The variable of the task or the play counts before that of the environment."""
        wanted = self._templar.template(task_vars.get(SWITCH.lower()))
        for value in (wanted, os.environ.get(SWITCH)):
            if value is not None and value != "":
                return bool(boolean(value, strict=False))
        return True

    # -- what it is given

    def _source_of(self, environment: t.Mapping[str, t.Any], task_vars: Vars) -> Source:
        if task_vars.get("ansible_role_name") != ROLE:
            return Source(self._task.args, environment, self._is_local())
        return RoleSource(self._task.args, environment, self._is_local(), task_vars, self._templar.template)

    def _sink(self, task_vars: Vars) -> t.Callable[[str], None]:
        """Where lines of progress go: to the screen, with the host before them."""
        if self._task.no_log or self._task.check_mode:
            return silent
        host = task_vars.get("inventory_hostname", "localhost")
        return lambda line: self._display.display(f"{host}: {line}")

    # -- how it runs here

    def _execute_here(self, call: Call, args: Vars, task_vars: Vars) -> Result:
        # One that is tried again may wait for somebody to change a password.
        is_tried_again = self._task.until or self._task.retries
        shared = SHARED.of_task("" if is_tried_again else self._task._uuid)
        token, pass_token = progress.set(call.sink), passes.set(shared)
        self._call = call
        try:
            answer: Result = self._execute_module(module_args=dict(args), task_vars=task_vars)
            return answer
        finally:
            self._call = None
            progress.reset(token)
            passes.reset(pass_token)

    def _is_pipelining_enabled(self, *args: t.Any, **kwargs: t.Any) -> bool:
        """A module that runs here needs no temporary folder."""
        return self._call is not None or bool(super()._is_pipelining_enabled(*args, **kwargs))

    def _configure_module(self, module_name: str, module_args: Vars, task_vars: Vars) -> t.Any:
        """Do not pack the module, but take over its arguments as it will read them."""
        if self._call is None:
            return super()._configure_module(module_name, module_args, task_vars)
        self._call.take(module_args)
        return built(self.module)

    def _low_level_execute_command(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Do not start a program, but call the module."""
        if self._call is None:
            return super()._low_level_execute_command(*args, **kwargs)
        self._display.vvv(f"{self._task.action} runs in the process of the task.")
        return self._call.run()


class LocalAction(AirflowAction):
    """Has Ansible run a module that does not connect to Airflow; only names in its messages are replaced."""

    def _can_run_here(self, environment: t.Mapping[str, t.Any], task_vars: Vars) -> bool:
        return False

    def _source_of(self, environment: t.Mapping[str, t.Any], task_vars: Vars) -> Source:
        return OptionsOnly(self._task.args, environment, self._is_local())


def renamed(sentence: str, names: t.Mapping[str, str]) -> str:
    """Put other names in the place of options in a sentence; what is in quotes or a part of an id or a URL is none."""
    if sentence.startswith("Unsupported parameters"):
        # It lists what a module takes.
        return sentence
    for option, name in names.items():
        if sentence.startswith((f"argument '{option}' ", f"value of {option} must be one of: ")):
            return f"{name}: {sentence}"
    for option, name in names.items():
        sentence = name.join(re.split(rf"(?<![^ (]){re.escape(option)}(?![^ ,.;:)])", sentence))
    return sentence
