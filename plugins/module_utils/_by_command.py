# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the command C(airflow), for modules whose family can be asked in both ways."""

from __future__ import annotations

import os
import shlex
import typing as t

from ._airflow.airflow import Family
from ._airflow.command import CommandLine
from ._base.errors import BadInput
from ._base.inputs import duration_of

Params = t.Mapping[str, t.Any]

COMMAND_SPEC: dict[str, dict[str, t.Any]] = {
    "airflow_command": {"type": "raw"},
    "airflow_home": {"type": "path"},
    "command_timeout": {"type": "float", "default": 300.0},
}


def by_command(family: type[Family]) -> t.Callable[[Params], CommandLine]:
    """Return what makes a command of options, to be asked for this family."""
    return lambda params: command_line(params, family)


def command_line(params: Params, family: type[Family]) -> CommandLine:
    """Return the command that the options name; nothing is called yet."""
    # The credentials of the API are nothing to it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_API_")}
    # Whatever the language of the host is: a password is typed as UTF-8, and lists are read as that.
    environment["PYTHONIOENCODING"] = "utf-8"
    if params["airflow_home"]:
        environment["AIRFLOW_HOME"] = params["airflow_home"]
    timeout = duration_of("command_timeout", params["command_timeout"])
    return CommandLine(family, _words(params["airflow_command"]), environment, timeout)


def _words(value: t.Any) -> list[str]:
    """Return the words of C(airflow_command); the first may be a path with C(~) and variables, as those of Ansible."""
    if isinstance(value, (str, int, float)):
        try:
            words = shlex.split(str(value))
        except ValueError as error:
            raise BadInput(
                "airflow_command has a quote that is not closed; correct it, or write it as a list."
            ) from error
    elif isinstance(value, list) and all(isinstance(word, (str, int, float)) for word in value):
        words = [str(word) for word in value]
    else:
        raise BadInput("airflow_command is a text or a list of words, such as [docker, exec, -i, webserver, airflow].")
    if not words or not words[0].strip() or not words[-1].strip():
        raise BadInput("airflow_command begins or ends with no word; it takes the command airflow, such as its path.")
    return [os.path.expanduser(os.path.expandvars(words[0])), *words[1:]]
