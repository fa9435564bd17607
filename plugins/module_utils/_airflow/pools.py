# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools."""

from __future__ import annotations

from .._base.errors import NotFound
from .airflow import Family, Object, of_known_shape


class Pools(Family):
    """Pools: {name, slots, open_slots}."""

    @of_known_shape
    def find(self, name: str) -> Object:
        """Return a pool; C(slots=None): it does not exist."""
        try:
            pool = self._client.get(self._path("pools", name))
        except NotFound:
            pool = {"name": name, "slots": None, "open_slots": None}
        return {key: pool[key] for key in ("name", "slots", "open_slots")}
