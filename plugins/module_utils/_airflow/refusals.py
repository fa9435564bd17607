# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Airflow says of an object that it does not take."""

from __future__ import annotations

import contextlib
import typing as t

from .._base.errors import ApiError, BadInput


@contextlib.contextmanager
def refused(
    what: str, team: str | None = None, ways: t.Mapping[str, str] | None = None, other: str = "correct it"
) -> t.Iterator[None]:
    """Put a refusal of what was sent in the words of the options.

    :param what: names the object, such as C(pool etl).
    :param team: the team that it is to have; Airflow 3.2 fails (500) when there is no such team.
    :param ways: what can be done, by words of Airflow's reason; C(other): about any other reason.
    """
    try:
        yield
    except ApiError as error:
        if error.status == 500 and team:
            raise BadInput(
                f"Airflow refused {what}, most likely since there is no team {team}; correct team_name, or make it."
            ) from error
        if error.status not in (400, 422):
            raise
        reason = (error.reason or f"status {error.status}").rstrip(".")
        advice = next((way for words, way in (ways or {}).items() if words in reason), other)
        raise BadInput(f"Airflow refused {what}: {reason}; {advice}.") from error
