# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Basic auth of Airflow 2: which backends of the API there are, which are missing, and what overrides the file."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from .._base.errors import AirflowError, BadInput
from .cfg import AirflowCfg, items_of
from .processes import airflow_processes

SECTION = "api"
OPTION = "auth_backends"
# Before Airflow 2.3 the option had the second name, which later versions of Airflow 2 still read.
_NAMES = (OPTION, "auth_backend")
# Airflow's default. The web interface needs it, so it stays when there are other backends.
SESSION = "airflow.api.auth.backend.session"
_VERSION = re.compile(r"(\d+)\.(\d+)[\w.+-]*")
# The provider of the FAB auth manager brings the backend. Airflow needs that provider since this version.
_FAB = (2, 9)
_OLDEST = (2, 3)

Version = t.Tuple[int, int]


class Backends(t.NamedTuple):
    """The backends that Airflow uses by its file, and those that it needs as well."""

    listed: list[str]
    missing: list[str]


class Variable(t.NamedTuple):
    """A variable in the environment of a process that overrides the file."""

    process: int
    name: str
    value: str

    @property
    def is_reference(self) -> bool:
        """Whether it says where the value comes from."""
        return self.name.endswith(("_CMD", "_SECRET"))


class Environment(t.NamedTuple):
    """What is known of the environment of the Airflow that reads the file."""

    variables: list[Variable]
    is_seen: bool  # that of the webserver


def version_of(text: str) -> tuple[str, Version]:
    """Return the version that the text is, or that the command airflow has printed below its warnings."""
    lines = [line.strip() for line in text.splitlines()]
    for match in filter(None, map(_VERSION.fullmatch, reversed(lines))):
        version = int(match[1]), int(match[2])
        if version < _OLDEST:
            raise BadInput(
                f"airflow_version is {match[0]}, and Airflow reads [api] auth_backends from 2.3 on; upgrade Airflow. "
                "Nothing was changed."
            )
        return match[0], version
    raise BadInput(
        "airflow_version has no version of Airflow, such as 2.11.0, on a line of its own; correct it. Nothing was "
        "changed."
    )


def backend_of(version: Version) -> str:
    """Return the backend of basic auth that this version of Airflow has."""
    return f"airflow.{'providers.fab.auth_manager.' if version >= _FAB else ''}api.auth.backend.basic_auth"


def is_basic_auth(listed: t.Iterable[str], backend: str) -> bool:
    """Whether one of the backends is basic auth, of Airflow or of somebody else."""
    return any(item == backend or item.endswith(".basic_auth") for item in listed)


def backends_of(cfg: AirflowCfg, backend: str) -> Backends:
    """Return the backends of a file, and what is missing for basic auth by this backend."""
    values = [value for value in (cfg.value(SECTION, name) for name in _NAMES) if value is not None]
    listed = items_of(values[0] if values else None) or [SESSION]
    missing = [] if is_basic_auth(listed, backend) else [backend]
    if not any(item.endswith(".session") for item in listed):
        missing.append(SESSION)
    return Backends(listed, missing)


def environment_of(path: str) -> Environment:
    """Return what overrides the backends in this file."""
    found = airflow_processes(path, SECTION, *_NAMES)
    variables = [Variable(process.number, *pair) for process in found for pair in process.variables.items()]
    return Environment(variables, any(process.part == "webserver" for process in found))


def check_environment(environment: Environment, path: str, backend: str) -> None:
    """Refuse to change a file that a variable without basic auth overrides."""
    for variable in environment.variables:
        if variable.is_reference or not is_basic_auth(items_of(variable.value), backend):
            problem = "does not show whether it has basic auth" if variable.is_reference else "has no basic auth"
            raise AirflowError(
                f"{variable.name} in the environment of process {variable.process} overrides [{SECTION}] {OPTION} in "
                f"{path} and {problem}: add {backend} there, or remove the variable, and restart the webserver. "
                "Nothing was changed."
            )


class Mark:
    """A file next to airflow.cfg that is there from a change of it until the webserver has been restarted."""

    def __init__(self, path: str) -> None:
        # One for all links to the file.
        self.file = f"{os.path.realpath(path)}.restart-due"
        self.is_there = os.path.exists(self.file)

    def make(self) -> None:
        with open(self.file, "w", encoding="utf-8") as stream:
            stream.write(f"[{SECTION}] {OPTION} was changed, and the webserver has not been restarted since.\n")
        os.chmod(self.file, 0o644)

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.file)
