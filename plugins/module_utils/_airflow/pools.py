# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools."""

from __future__ import annotations

import typing as t

from .._base.errors import Unsupported
from .airflow import Object, of_known_shape
from .named import Named
from .refusals import refused

DEFAULT_POOL = "default_pool"
UNLIMITED = -1
FIELDS = ("name", "slots", "description", "include_deferred", "team_name")
COUNTERS = ("open_slots", "occupied_slots", "running_slots", "queued_slots", "scheduled_slots", "deferred_slots")


class Pools(Named):
    """Pools: {name, slots, description, include_deferred, team_name}, and the counters of their slots.

    A counter is None where the version of Airflow does not have it. What is not set is an empty text.
    """

    what = "pools"
    key = "name"

    def check(self, wanted: Object) -> None:
        super().check(wanted)
        if wanted["slots"] == UNLIMITED:
            # Before that, such a pool makes Airflow fail when it lists its pools.
            self._airflow.needs("slots: -1 (unlimited)", (3, 1), "give 1 or more slots")

    def create(self, wanted: Object) -> None:
        """Make a pool; Conflict when there is one. It may be sent again: a pool that is there is not overwritten."""
        body = {key: wanted[key] for key in FIELDS if wanted[key]}
        with refused(f"pool {wanted['name']}", wanted.get("team_name")):
            self._client.post(self._path("pools"), body, repeat=True, lost=self._lost(wanted["name"], "made"))

    def _update(self, name: str, body: Object, mask: t.Any) -> None:
        with refused(f"pool {name}", body.get("team_name")):
            query = {"update_mask": mask}
            self._client.patch(self._path("pools", name), body, query, self._lost(name, "changed"))

    @of_known_shape
    def _read(self, raw: Object) -> Object:
        return {
            "name": raw["name"],
            "slots": raw["slots"],
            "description": raw.get("description") or "",
            # Where Airflow does not know this, deferred tasks take no slots.
            "include_deferred": bool(raw.get("include_deferred")),
            "team_name": raw.get("team_name") or "",
            **{key: raw.get(key) for key in COUNTERS},
        }


class PoolsV1(Pools, api="v1"):
    """Airflow 2."""

    def check(self, wanted: Object) -> None:
        super().check(wanted)
        if wanted["include_deferred"]:
            self._airflow.needs("include_deferred", (2, 7))

    def find(self, name: str) -> Object | None:
        if "/" in name:
            # It would be taken for another path, and so for a pool that is not there.
            raise Unsupported(f"Pool {name} has a slash, so the API of Airflow 2 cannot name it; choose another name.")
        return super().find(name)

    def update(self, current: Object, changed: Object) -> None:
        # What the mask does not name stays. Without a mask, include_deferred would become false.
        self._update(
            current["name"],
            {"name": current["name"], "slots": current["slots"], **changed},
            ",".join(sorted(changed)),
        )


class PoolsV2(Pools, api="v2"):
    """Airflow 3."""

    def update(self, current: Object, changed: Object) -> None:
        # Some versions want all of these, whatever the mask names.
        whole = {key: current[key] for key in ("slots", "description", "include_deferred")}
        body = {"pool": current["name"], **whole, **changed}
        if "team_name" in body:
            body["team_name"] = body["team_name"] or None
        self._update(current["name"], body, sorted(changed))
