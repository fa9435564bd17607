# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a task gets its options from: what it gives, variables of the role, and the environment of the control node."""

from __future__ import annotations

import os
import typing as t

from ..module_utils._module import CONNECTION_SPEC, from_environment, outdone, variable_of

Vars = t.Dict[str, t.Any]

# The role's tasks take the options of the connection from its variables.
ROLE = "dagops.airflow.airflow_deploy"
OF_ROLE = "airflow_deploy_"
# Variables of a task of the role: options of the connection that are others there, an empty text for none at all; the
# two options that take the name and the password of the API's user; and how the variables of the environment begin, if
# an admin logs in.
OTHERS = "__airflow_deploy_connection"
OF_USER = "__airflow_deploy_user_as"
AS_ADMIN = "__airflow_deploy_as_admin"
# A variable of a playbook that includes the role: how these options begin in messages, in place of OF_ROLE.
SPOKEN = "__airflow_deploy_connection_prefix"
OF_LOGIN = ("api_username", "api_password", "api_token")


class Source:
    """That of any task: its options, and what the environment has of the connection.

    :param args: the options that the task gives.
    :param environment: what the task adds to the environment.
    :param with_files: whether the files that the environment of the control node names are on the host of the task.
    :ivar emptied: what the environment of the module has to have in place of what it has.
    """

    emptied: t.Mapping[str, str] = {}

    def __init__(self, args: t.Mapping[str, t.Any], environment: t.Mapping[str, t.Any], with_files: bool) -> None:
        self._args = args
        self._environment = {**os.environ, **{name: str(value) for name, value in environment.items()}}
        self._with_files = with_files

    def given(self) -> Vars:
        """The options that somebody gives."""
        return dict(self._args)

    def names(self) -> dict[str, str]:
        """The names under which users know options of the connection, if these are others."""
        return {}

    def variable(self, option: str) -> str:
        """The variable of the environment that stands for an option; empty: there is none."""
        return variable_of(option)

    def of_environment(self, given: t.Mapping[str, t.Any]) -> dict[str, str]:
        """Options of the connection that the environment has, and nobody gives."""
        names = {name for name, value in given.items() if value is not None and value != ""}
        if "airflow_command" in names:
            return {}
        variables = {variable_of(name): self._environment.get(self.variable(name), "") for name in CONNECTION_SPEC}
        found = from_environment(variables, self._with_files)
        return {name: value for name, value in found.items() if name not in {*names, *outdone(names)}}


class OptionsOnly(Source):
    """That of a task that does not connect."""

    def of_environment(self, given: t.Mapping[str, t.Any]) -> dict[str, str]:
        return {}


class RoleSource(Source):
    """That of a task of the role; what C(module_defaults) of the play say of the connection does not count.

    :param template: Ansible's, for variables.
    """

    def __init__(
        self,
        args: t.Mapping[str, t.Any],
        environment: t.Mapping[str, t.Any],
        with_files: bool,
        task_vars: Vars,
        template: t.Callable[[t.Any], t.Any],
    ) -> None:
        super().__init__(args, environment, with_files)
        self._vars = task_vars
        self._template = template
        self._admin: str = template(task_vars.get(AS_ADMIN, ""))
        if self._admin:
            # The module would take what the admin's login lacks from that of the user.
            self.emptied = {variable_of(name): "" for name in OF_LOGIN}

    def given(self) -> Vars:
        own = {name: value for name, value in self._args.items() if name not in CONNECTION_SPEC}
        if OF_USER in self._vars:
            own.update(zip(self._vars[OF_USER], self._user()))
        if "airflow_command" in own and not self._admin:
            return own
        variables = {option: self._vars.get(f"{OF_ROLE}{option}") for option in CONNECTION_SPEC}
        if self._admin:
            own.pop("airflow_command", None)
            variables.update({name: self._vars.get(f"{OF_ROLE}{name.replace('api', 'admin')}") for name in OF_LOGIN})
        return {**self._valued({**variables, **self._vars.get(OTHERS, {})}), **own}

    def names(self) -> dict[str, str]:
        prefix = self._vars.get(SPOKEN, OF_ROLE)
        return {option: f"{prefix}{option}" for option in CONNECTION_SPEC} if prefix else {}

    def variable(self, option: str) -> str:
        is_of_admin = self._admin and option in OF_LOGIN
        return f"{self._admin}_{option[len('api_') :].upper()}" if is_of_admin else super().variable(option)

    def of_environment(self, given: t.Mapping[str, t.Any]) -> dict[str, str]:
        others = self._vars.get(OTHERS, {})
        found = super().of_environment(given)
        return {name: value for name, value in found.items() if others.get(name) != ""}

    def _user(self) -> list[t.Any]:
        """Name and password of the API's user. The environment may have them; the password of another user is none."""
        options = OF_LOGIN[:2]
        given = self._valued({option: self._vars.get(f"{OF_ROLE}{option}") for option in options})
        found = from_environment(self._environment, self._with_files)
        user = {**found, **given}
        if "api_username" in found and str(user["api_username"]) != found["api_username"]:
            user["api_password"] = given.get("api_password")
        return [user.get(option) for option in options]

    def _valued(self, options: t.Mapping[str, t.Any]) -> Vars:
        """Options that have a value; before ansible-core 2.19, C(omit) is a text."""
        found: Vars = self._template(dict(options))
        return {name: value for name, value in found.items() if value not in (None, "", self._vars.get("omit"))}
