# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of Airflow's components."""

from __future__ import annotations

import typing as t

from .._base.times import iso
from .airflow import Family, Object, of_known_shape

COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class Health(Family):
    """What the components say of themselves."""

    place: t.ClassVar[str] = ""

    @of_known_shape
    def read(self) -> Object:
        """Return {component: {status, latest_heartbeat}} of metadatabase, scheduler, triggerer and dag_processor.

        A status of None: there is no such component, or it never ran.
        """
        raw = self._client.anonymous().get(self._prefix + self.place)
        raw["metadatabase"]  # Every Airflow has one; what has none is no Airflow.
        health = {}
        for component in COMPONENTS:
            part = raw.get(component) or {}
            health[component] = {
                "status": part.get("status"),
                "latest_heartbeat": iso(part.get(f"latest_{component}_heartbeat")),
            }
        return health


class HealthV1(Health, api="v1"):
    """Airflow 2."""

    place = "/health"


class HealthV2(Health, api="v2"):
    """Airflow 3."""

    place = "/monitor/health"
