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
from ..module_utils._module import CONNECTION_SPEC, from_environment, outdone, passes, progress, variable_of
from ._in_process import Call, built
from ._interpreter import is_own, python_of
from ._passes import SHARED

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
# The role's tasks take the options of the connection from its variables.
ROLE = "dagops.airflow.airflow_deploy"
OF_ROLE = "airflow_deploy_"
# Variables of a task of the role: options of the connection that are others there, an empty text for none at all; the two
# options that take the name and the password of the API's user; and how the variables of the environment begin, if an
# admin logs in.
OTHERS = "__airflow_deploy_connection"
OF_USER = "__airflow_deploy_user_as"
AS_ADMIN = "__airflow_deploy_as_admin"
# A variable of a playbook that includes the role: how these options begin in messages, in place of OF_ROLE.
SPOKEN = "__airflow_deploy_connection_prefix"
OF_LOGIN = ("api_username", "api_password", "api_token")
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
        is_of_role = task_vars.get("ansible_role_name") == ROLE
        result: Result = super().run(tmp, task_vars)
        admin: str = self._templar.template(task_vars.get(AS_ADMIN, "")) if is_of_role else ""
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        given = self._args_of_role(task_vars, environment, admin) if is_of_role else self._task.args
        others = task_vars.get(OTHERS, {}) if is_of_role else {}
        credentials = self._credentials(given, environment, admin, [name for name in others if others[name] == ""])
        args = {**given, **credentials}
        if admin:
            # The module would take what the admin's login lacks from that of the user.
            emptied = {variable_of(name): "" for name in OF_LOGIN}
            self._task.environment = [*(self._task.environment or []), emptied]
            environment.update(emptied)
        self._names = self._names_of(task_vars, is_of_role, {name: _variable(name, admin) for name in credentials})
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

    def _names_of(self, task_vars: Vars, is_of_role: bool, of_environment: t.Mapping[str, str]) -> dict[str, str]:
        """What stands for options in messages.

        :param of_environment: the variable of those whose value is that of the environment; it has to be corrected.
        """
        prefix = task_vars.get(SPOKEN, OF_ROLE) if is_of_role else ""
        of_connection = {option: f"{prefix}{option}" for option in CONNECTION_SPEC} if prefix else {}
        asked: dict[str, str] = self._templar.template(task_vars.get(NAMES)) or {}
        # What the task asks for is replaced first: it may be a whole sentence with other options in it.
        return {**asked, **of_connection, **asked, **of_environment}

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

    def _credentials(
        self,
        given: t.Mapping[str, t.Any],
        environment: t.Mapping[str, t.Any],
        admin: str = "",
        without: t.Collection[str] = (),
    ) -> dict[str, str]:
        """Options of the connection that the environment of the control node holds and the task does not give."""
        names = {name for name, value in given.items() if value is not None and value != ""}
        if "airflow_command" in names:
            return {}
        overlaid = {**os.environ, **{name: str(value) for name, value in environment.items()}}
        overlaid.update({variable_of(name): overlaid.get(_variable(name, admin), "") for name in OF_LOGIN})
        found = from_environment(overlaid, with_files=self._is_local())
        return {name: value for name, value in found.items() if name not in {*names, *outdone(names), *without}}

    def _args_of_role(self, task_vars: Vars, environment: t.Mapping[str, t.Any], admin: str) -> dict[str, t.Any]:
        """The options of a task of the role, with those of the connection in place of what C(module_defaults) give."""
        own = {name: value for name, value in self._task.args.items() if name not in CONNECTION_SPEC}
        own.update(zip(task_vars.get(OF_USER, ()), self._user_of_role(task_vars, environment)))
        if "airflow_command" in own and not admin:
            return own
        variables = {option: task_vars.get(f"{OF_ROLE}{option}") for option in CONNECTION_SPEC}
        if admin:
            own.pop("airflow_command", None)
            variables.update({name: task_vars.get(f"{OF_ROLE}{name.replace('api', 'admin')}") for name in OF_LOGIN})
        return {**self._given({**variables, **task_vars.get(OTHERS, {})}, task_vars), **own}

    def _user_of_role(self, task_vars: Vars, environment: t.Mapping[str, t.Any]) -> list[t.Any]:
        """Name and password of the API's user. The environment may have them; the password of another user is none."""
        options = OF_LOGIN[:2]
        given = self._given({option: task_vars.get(f"{OF_ROLE}{option}") for option in options}, task_vars)
        found = self._credentials({}, environment)
        user = {**found, **given}
        if "api_username" in found and str(user["api_username"]) != found["api_username"]:
            user["api_password"] = given.get("api_password")
        return [user.get(option) for option in options]

    def _given(self, options: t.Mapping[str, t.Any], task_vars: Vars) -> dict[str, t.Any]:
        """Those that have a value; before ansible-core 2.19, C(omit) is a text."""
        found: dict[str, t.Any] = self._templar.template(dict(options))
        return {name: value for name, value in found.items() if value not in (None, "", task_vars.get("omit"))}

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

    def _credentials(self, *args: t.Any, **kwargs: t.Any) -> dict[str, str]:
        return {}

    def _args_of_role(self, *args: t.Any) -> dict[str, t.Any]:
        return dict(self._task.args)


def _variable(option: str, admin: str) -> str:
    """The variable of the environment that stands for an option, if an admin logs in whose variables begin so."""
    return f"{admin}_{option[len('api_') :].upper()}" if admin and option in OF_LOGIN else variable_of(option)


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
