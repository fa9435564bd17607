# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pools, variables and connections have in common."""

from __future__ import annotations

import typing as t

from .._http.pages import pages
from .airflow import Family, Object
from .lost import lost


class Named(Family):
    """Objects that have a name, and may belong to a team."""

    what: t.ClassVar[str]  # their list, and its path
    key: t.ClassVar[str]  # the field that names them

    def find(self, name: str) -> Object | None:
        """Return an object, or None when there is none."""
        return self._find(self._path(self.what, name), self._read)

    def select(self) -> list[Object]:
        """Return all objects, with what lists have of them."""
        return [
            self._read(raw) for raw in pages(self._client, self._path(self.what), self.what, lambda raw: raw[self.key])
        ]

    def check(self, wanted: Object) -> None:
        """Refuse what this version of Airflow cannot do, before anything is written.

        :param wanted: the fields that are to have a value; None: they are left as they are.
        """
        if wanted["team_name"]:
            self._airflow.needs("team_name", (3, 2))

    def create(self, wanted: Object) -> None:
        """Make an object; Conflict when there is one."""
        raise NotImplementedError

    def update(self, current: Object, changed: Object) -> None:
        """Give an object other values of these fields; the others stay as they are."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Delete an object; one that is gone meanwhile is what was wanted."""
        self._delete(self._path(self.what, name), self._lost(name, "deleted"))

    def _lost(self, name: str, done: str) -> str:
        noun = self.what[:-1]
        return lost(f"{noun} {name} was {done}", f"airflow_{noun}_info")

    def _read(self, raw: Object) -> Object:
        """Return an object as it is on every version."""
        raise NotImplementedError
