# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which component of Airflow has stopped, as the advice of a failure."""

from __future__ import annotations

from .._airflow.airflow import Airflow, Object
from .._airflow.health import Health


def dead_component(airflow: Airflow, *components: str) -> str:
    """Return that one of these components of Airflow has stopped sending heartbeats, or an empty text."""
    return dead_in(airflow.ask(Health).read(), *components)


def dead_in(health: Object, *components: str) -> str:
    """Return the same of a health that has been read."""
    for component in components:
        seen = health[component]
        if seen["status"] == "unhealthy":
            since = f" since {seen['latest_heartbeat']}" if seen["latest_heartbeat"] else ""
            return f"Airflow's {component.replace('_', ' ')} has sent no heartbeat{since}: start it again"
    return ""
