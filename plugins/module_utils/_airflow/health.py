# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of Airflow's components."""

from __future__ import annotations

import typing as t

from .._base.times import iso, time_of
from .airflow import Family, Object, of_known_shape

COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


# What no Airflow can do without.
VITAL = ("metadatabase", "scheduler")
RETIRED = 86400.0  # seconds without a sign of life after which what a server can do without counts as given up


class Health(Family):
    """What the components say of themselves."""

    place: t.ClassVar[str] = ""
    optional: t.ClassVar[tuple[str, ...]] = ("triggerer",)  # what servers are run without

    @of_known_shape
    def read(self) -> Object:
        """Return {component: {status, latest_heartbeat}} of metadatabase, scheduler, triggerer and dag_processor.

        A status of None: there is no such component, or it never ran.
        """
        raw = self._client.get_open(self._prefix + self.place)
        raw["metadatabase"]  # Every Airflow has one; what has none is no Airflow.
        health = {}
        for component in COMPONENTS:
            part = raw.get(component) or {}
            beat = iso(part.get(f"latest_{component}_heartbeat"))
            status = part.get("status")
            # Airflow 3.4 calls what never ran unhealthy, and what was stopped in order.
            if component in self.optional and status == "unhealthy" and beat is None:
                status = None
            health[component] = {"status": status, "latest_heartbeat": beat}
        return health

    def ill(self, health: Object, components: t.Sequence[str] | None) -> list[str]:
        """Return the components that are not healthy although they have to be.

        :param components: those that have to be; None: the vital ones, and each other one that Airflow knows of, but
            for an optional one that was given up.
        """
        if components is None:
            components = [name for name in COMPONENTS if name in VITAL or self._is_in_use(name, health[name])]
        return [name for name in COMPONENTS if name in components and health[name]["status"] != "healthy"]

    def _is_in_use(self, component: str, part: Object) -> bool:
        if part["status"] != "unhealthy" or component not in self.optional:
            return part["status"] is not None
        last = time_of("a time of Airflow", part["latest_heartbeat"])
        return last.timestamp() > self._client.server_now() - RETIRED


class HealthV1(Health, api="v1"):
    """Airflow 2, whose scheduler can be the DAG processor, too."""

    place = "/health"
    optional = ("triggerer", "dag_processor")


class HealthV2(Health, api="v2"):
    """Airflow 3."""

    place = "/monitor/health"
