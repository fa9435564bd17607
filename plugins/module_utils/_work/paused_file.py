# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file with the DAGs that were not paused before a maintenance window: a list of ids in JSON."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t

from .._base.errors import AirflowError, BadInput
from .._base.inputs import DAG_ID
from .._base.text import json_of

RESTORED = ".restored"  # what is added to the name of a file that was used
MODE = 0o644  # ids of DAGs are no secrets


def read(path: str, nothing_was: str) -> list[str] | None:
    """Return the ids in the file; None: there is no file. BadInput if it is another file.

    :param nothing_was: what does not happen then.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = json_of(file.read())
    except FileNotFoundError:
        return None
    except PermissionError:
        raise BadInput(f"{path} cannot be read by the user of this task, so nothing was {nothing_was}.") from None
    except IsADirectoryError:
        raise BadInput(f"{path} is a folder, so nothing was {nothing_was}; give a file in path.") from None
    except (OSError, ValueError):
        found = None
    if not isinstance(found, list) or not all(isinstance(item, str) and DAG_ID.fullmatch(item) for item in found):
        raise BadInput(
            f"{path} is not a list of DAG ids in JSON, as state: paused writes it, so nothing was {nothing_was}; give "
            "another file in path."
        )
    return found


def was_used(path: str) -> bool:
    """Whether a file of this name was there, and was used."""
    return os.path.exists(path + RESTORED)


def check_writable(path: str) -> None:
    """Refuse a place where the file cannot be written, before anything is paused."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise BadInput(f"The folder {folder} does not exist, so nothing was paused; create it, or correct path.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _not_writable(path, "Permission denied")


def write(path: str, dag_ids: t.Sequence[str]) -> None:
    """Write the file in one step: it is whole, whatever breaks off."""
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".airflow_maintenance_")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(dag_ids, indent=4, ensure_ascii=False) + "\n")
        os.chmod(temporary, MODE)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise _not_writable(path, error.strerror or type(error).__name__) from None


def put_away(path: str) -> None:
    """Rename the file, so that the next maintenance window starts a new one."""
    try:
        os.replace(path, path + RESTORED)
    except OSError as error:
        raise AirflowError(
            f"All DAGs are unpaused, but {path} cannot be renamed to {path}{RESTORED} ({error.strerror}); remove "
            f"{path}.",
            changed=True,
        ) from None


def _not_writable(path: str, why: str) -> AirflowError:
    return AirflowError(
        f"{path} cannot be written ({why}), so nothing was paused; give a file in another folder in path."
    )
