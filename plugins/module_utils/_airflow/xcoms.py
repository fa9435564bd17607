# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XComs: what tasks have pushed."""

from __future__ import annotations

import json
import typing as t

from .._base.errors import NoSuchApi
from .._base.values import of_python
from .._http.client import path_of
from .._http.pages import pages
from .airflow import Family, Object, of_known_shape

RETURNED = "return_value"  # the key of what a task returns
READ = "show the XComs of"  # what is not possible for a run that no path can name
REGION = ("region_id", "region_index")


class Xcoms(Family):
    """XComs: {task_id, map_index, key, region}, and their values, which have to be asked for one by one.

    C(region) is what tells turns of a loop apart, as C(Tasks.turn_of) gives it; empty outside of loops.
    """

    def select(self, dag_id: str, dag_run_id: str) -> list[Object]:
        """Return all XComs of a run without their values, sorted by task, map index and key."""
        path = self._run_path(dag_id, dag_run_id, READ) + path_of("taskInstances", "~", "xcomEntries")
        found = [self._xcom(raw) for raw in pages(self._client, path, "xcom_entries", _identity)]
        return sorted(found, key=lambda xcom: (xcom["task_id"], xcom["map_index"], xcom["key"]))

    def value(self, dag_id: str, dag_run_id: str, xcom: Object) -> t.Any:
        """Return the value of one XCom as Airflow has it; NotFound when nothing was pushed."""
        place = ("taskInstances", xcom["task_id"], "xcomEntries", xcom["key"])
        return self._value(self._run_path(dag_id, dag_run_id, READ) + path_of(*place), self._index(xcom))

    def returned(self, dag_id: str, dag_run_id: str, task_ids: t.Sequence[str]) -> Object | None:
        """Return what tasks of a run that has ended have returned, in one request; None where Airflow cannot.

        A mapped task has a list, without those of its instances that returned nothing.
        """
        return None

    @of_known_shape
    def _value(self, path: str, params: Object) -> t.Any:
        return self._read(self._client.get(path, params)["value"])

    def _read(self, value: t.Any) -> t.Any:
        return value

    def _index(self, xcom: Object) -> Object:
        return {"map_index": xcom["map_index"]} if xcom["map_index"] >= 0 else {}

    @of_known_shape
    def _xcom(self, raw: Object) -> Object:
        region = {name: raw[name] for name in REGION} if raw.get("region_id") else {}
        return {"task_id": raw["task_id"], "map_index": raw.get("map_index", -1), "key": raw["key"], "region": region}


class XcomsV1(Xcoms, api="v1"):
    """Airflow 2."""

    def select(self, dag_id: str, dag_run_id: str) -> list[Object]:
        found = super().select(dag_id, dag_run_id)
        # Before 2.8 map indices are not told, so instances of a mapped task are numbered as they come.
        seen: dict[t.Any, list[Object]] = {}
        for xcom in found:
            seen.setdefault((xcom["task_id"], xcom["map_index"], xcom["key"]), []).append(xcom)
        for same in seen.values():
            for number, xcom in enumerate(same if len(same) > 1 else ()):
                xcom["map_index"] = number
        return found

    def _index(self, xcom: Object) -> Object:
        index = super()._index(xcom)
        if index:
            self._airflow.needs(f"The value of mapped task {xcom['task_id']}", (2, 8))
        return index if self._airflow.version() < (2, 10) else {**index, "stringify": "false"}

    def _read(self, value: t.Any) -> t.Any:
        return of_python(value) if self._airflow.version() < (2, 10) else value


class XcomsV2(Xcoms, api="v2"):
    """Airflow 3."""

    def _index(self, xcom: Object) -> Object:
        return xcom["region"] or super()._index(xcom)

    def returned(self, dag_id: str, dag_run_id: str, task_ids: t.Sequence[str]) -> Object | None:
        path = self._run_path(dag_id, dag_run_id, READ) + "/wait"
        try:
            answer = self._client.request("GET", path, {"interval": 1, "result": list(task_ids)}, repeat=True)
        except NoSuchApi:
            return None  # Airflow 3.0
        return self._results(answer.text)

    @of_known_shape
    def _results(self, lines: str) -> Object:
        return dict(json.loads(lines.strip().splitlines()[-1]).get("results") or {})


def _identity(raw: Object) -> t.Any:
    """What tells XComs apart in a list; before 2.8 the time is all that instances of a mapped task differ in."""
    region = [raw.get(name) for name in REGION]
    return (raw["task_id"], raw.get("map_index", -1), *region, raw["key"], raw.get("timestamp"))
