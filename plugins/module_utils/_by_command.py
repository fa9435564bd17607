# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the command C(airflow), for modules whose family can be asked in both ways."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import typing as t

from ._airflow.airflow import Family
from ._airflow.command import CommandLine
from ._base.errors import BadInput
from ._base.inputs import duration_of
from ._base.text import one_line

Params = t.Mapping[str, t.Any]

# What an Airflow has in its home; and variables by which it has its configuration or its database elsewhere.
_OF_A_HOME = ("airflow.cfg", "airflow.db")
_ELSEWHERE = re.compile(r"AIRFLOW_CONFIG|AIRFLOW__(DATABASE|CORE)__SQL_ALCHEMY_CONN(_CMD|_SECRET)?")

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
    words = _words(params["airflow_command"])
    if params["airflow_home"]:
        environment["AIRFLOW_HOME"] = params["airflow_home"]
        # With more words it may run in a container or on another host, and has its home there.
        if len(words) == 1 and shutil.which(words[0]):
            _check_home(params["airflow_home"], environment)
    timeout = duration_of("command_timeout", params["command_timeout"])
    return CommandLine(family, words, environment, timeout)


def _check_home(home: str, environment: t.Mapping[str, str]) -> None:
    """Refuse a folder that is no home of an Airflow: the command would make a new one there, and ask that."""
    if any(_ELSEWHERE.fullmatch(name) and value for name, value in environment.items()):
        return
    if any(os.path.exists(os.path.join(home, name)) for name in _OF_A_HOME):
        return
    # What is in a folder that this user may not enter, nobody knows.
    if not os.path.isdir(home) or os.access(home, os.X_OK):
        raise BadInput(
            f"airflow_home {one_line(home, 100)} holds neither airflow.cfg nor airflow.db, and the environment has no "
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN, so the command would make a new Airflow there; correct airflow_home, "
            "or set that variable in the task's environment."
        )


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
