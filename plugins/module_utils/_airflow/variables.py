# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables."""

from __future__ import annotations

import typing as t

from .airflow import Object, of_known_shape
from .named import Named
from .refusals import refused

FIELDS = ("key", "value", "description", "team_name")


class Variables(Named):
    """Variables: {key, value, description, team_name}; the value is a text, or None when Airflow cannot decrypt it.

    What is not set is an empty text.
    """

    what = "variables"
    key = "key"
    shows_secrets: t.ClassVar[bool] = False  # whether no value is ever masked
    slashes_since: t.ClassVar[tuple[int, ...]] = ()

    def find(self, name: str) -> Object | None:
        if "/" in name:
            # Older versions take it for another path, and so for a variable that is not there.
            self._airflow.needs("a key with a slash", self.slashes_since, "choose another key")
        return super().find(name)

    def create(self, wanted: Object) -> None:
        """Make a variable. On Airflow 3, Conflict when there is one; Airflow 2 writes over it."""
        body = {key: wanted[key] for key in FIELDS if key in ("key", "value") or wanted.get(key)}
        with refused(f"variable {wanted['key']}", wanted.get("team_name")):
            self._client.post(self._path("variables"), body, repeat=True, lost=self._lost(wanted["key"], "made"))

    def _update(self, key: str, body: Object, query: Object | None = None) -> None:
        with refused(f"variable {key}", body.get("team_name")):
            self._client.patch(self._path("variables", key), {"key": key, **body}, query, self._lost(key, "changed"))

    @of_known_shape
    def _read(self, raw: Object) -> Object:
        return {
            "key": raw["key"],
            "value": raw["value"],
            "description": raw.get("description") or "",
            "team_name": raw.get("team_name") or "",
        }


class VariablesV1(Variables, api="v1"):
    """Airflow 2."""

    shows_secrets = True
    slashes_since = (2, 6)

    def check(self, wanted: Object) -> None:
        super().check(wanted)
        if wanted["description"]:
            self._airflow.needs("description", (2, 4))

    def create(self, wanted: Object) -> None:
        super().create(wanted)
        if wanted.get("description") and self._airflow.version() < (2, 8):
            # They take a description with the variable, and drop it.
            self.update(wanted, {"description": wanted["description"]})

    def update(self, current: Object, changed: Object) -> None:
        # Without a mask, for the value has another name there; what is left out stays.
        self._update(current["key"], {"value": current["value"], **changed})


class VariablesV2(Variables, api="v2"):
    """Airflow 3."""

    slashes_since = (3, 0, 2)

    def update(self, current: Object, changed: Object) -> None:
        # There has to be a value, whatever the mask names; what was read may be masked.
        body = {"value": "", **changed}
        if "team_name" in body:
            body["team_name"] = body["team_name"] or None
        self._update(current["key"], body, {"update_mask": sorted(changed)})
