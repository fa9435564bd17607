# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Airflow, or its command, says of an action, a resource or a role that it does not know."""

from __future__ import annotations

import re
import typing as t

from .._base.errors import BadInput
from .._base.text import not_among, one_line

OF_DAG = "DAG:"  # begins the name of the resource that is one DAG
# By the API of roles, by the command for roles, and by the API of users.
_UNKNOWN = (
    r"The specified (?P<kind>action|resource): (?P<quote>['\"])(?P<name>.+?)(?P=quote) was not found",
    r"(?P<kind>Action|Resource) named '(?P<name>.+?)' does not exist",
    r"Unknown (?P<kind>role)s: (?P<quote>['\"])(?P<name>.+?)(?P=quote)",
)
_WAYS_OUT = {
    "action": "correct it",
    "resource": "correct it",
    "role": "make it first (airflow_role), or correct roles",
}
_DEPLOY = "deploy the DAG first, since Airflow has to read it, or correct its id"

Known = t.Callable[[str], t.Iterable[str]]


def unknown_word(what: str, said: str, known: Known) -> BadInput | None:
    """The error for an action, a resource or a role that Airflow does not know; None where it says something else.

    :param what: names the object that was refused, such as C(role trigger).
    :param said: what Airflow says.
    :param known: gives the names that are known of a kind: action, resource or role.
    """
    found = next(filter(None, (re.search(pattern, said) for pattern in _UNKNOWN)), None)
    if found is None:
        return None
    kind, name = found["kind"].lower(), found["name"]
    named = not_among([name], {*known(kind)} - {name}) or one_line(name)
    way_out = _DEPLOY if kind == "resource" and name.startswith(OF_DAG) else _WAYS_OUT[kind]
    return BadInput(f"Airflow refused {what}: it knows no {kind} {named}; {way_out}.")
