# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments: as people write them, and as Airflow 3 writes them."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone

from .errors import BadInput
from .text import one_line

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?([.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


def time_of(option: str, value: str, days: bool = False) -> datetime:
    """Return a moment, in UTC. ISO 8601, or with a blank for the C(T): AWX turns survey answers into that.

    :param days: whether a day alone is accepted, too: it is its midnight in UTC.
    """
    given, text = str(value).strip(), one_line(value, 60)
    noun, like = ("date or time", "2026-11-22 or ") if days else ("time", "")
    match = _TIME.fullmatch(f"{given}T00:00:00+00:00" if days and _DAY.fullmatch(given) else given)
    if not match:
        raise BadInput(f"{option} '{text}' is no {noun}; write it like {like}2026-11-22T10:15:00+00:00.")
    day, minutes, seconds, fraction, zone = match.groups()
    if not zone:
        raise BadInput(f"{option} '{text}' has no time zone; add one, like {day}T{minutes}{seconds or ':00'}+00:00.")
    zone = "+00:00" if zone in "Zz" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    micros = f".{fraction[1:7]:0<6}" if fraction else ""
    try:
        return datetime.fromisoformat(f"{day}T{minutes}{seconds or ':00'}{micros}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{option} '{text}' is no {noun}: {error}; correct it.") from error


def iso(value: t.Any) -> str | None:
    """Return a moment as Airflow 3 writes it, whether it comes as text of some Airflow or as a datetime."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else time_of("a time of Airflow", value)
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def moment(text: str | None) -> datetime | None:
    """Read a time that Airflow gave."""
    return time_of("a time of Airflow", text) if text else None
