# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAG files: which of them cannot be imported, and the wish to have one parsed."""

from __future__ import annotations

import contextlib

from .._base.errors import ApiError
from .._base.times import iso
from .._http.pages import pages
from .airflow import Family, Object, of_known_shape


class Files(Family):
    """DAG files as Airflow knows them; import errors: {filename, timestamp, stack_trace}."""

    def import_errors(self) -> list[Object]:
        """Return the import error of each file that cannot be imported."""
        path = self._path("importErrors")
        raw = pages(self._client, path, "import_errors", lambda error: error["import_error_id"])
        return [self._import_error(error) for error in raw]

    def is_file_of(self, dag: Object, filename: str) -> bool:
        """Whether a file, by the name that it has among the import errors, is that of a DAG."""
        return bool(dag["fileloc"] == filename)

    def reparse(self, dag_id: str) -> None:
        """Ask Airflow to parse a DAG's file soon: a wish that does no harm when refused, as by Airflow before 2.10."""
        with contextlib.suppress(ApiError, KeyError, TypeError):
            token = self._client.get(self._path("dags", dag_id))["file_token"]
            self._client.put(self._path("parseDagFile", token))

    @of_known_shape
    def _import_error(self, raw: Object) -> Object:
        return {
            "filename": raw["filename"],
            "timestamp": iso(raw["timestamp"]),
            "stack_trace": self._client.redact(raw.get("stack_trace") or ""),
        }


class FilesV2(Files, api="v2"):
    """Airflow 3."""

    def is_file_of(self, dag: Object, filename: str) -> bool:
        if not str(dag["fileloc"]).endswith("/" + filename):
            return super().is_file_of(dag, filename)
        # Import errors name a file by its place in the bundle, and another bundle or folder may hold one of that name.
        with contextlib.suppress(ApiError):
            place = self._client.get(self._path("dags", dag["dag_id"])).get("relative_fileloc")
            return place in (None, filename)
        return True
