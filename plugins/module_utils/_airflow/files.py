# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DAG files: what Airflow has read from them, which of them cannot be imported, and the wish to have one parsed."""

from __future__ import annotations

import contextlib
import typing as t

from .._base.errors import ApiError, BadInput
from .._base.text import one_line
from .._base.times import iso
from .._http.pages import pages
from .airflow import Family, Object, of_known_shape
from .dags import Dags
from .lost import lost

# What Airflow 3 tells of the file of a DAG.
MORE = ("bundle_name", "bundle_version", "relative_fileloc", "last_parse_duration")


class Files(Family):
    """DAG files as Airflow knows them; import errors: {filename, timestamp, stack_trace, bundle_name}.

    What was read from a file, and an import error, have a C(place): {bundle, path, relative}. C(path) is absolute,
    C(relative) is the path in the bundle; either is empty when it is not known. For a file in a zip file they go on
    behind the name of that.
    """

    def dags(self) -> list[Object]:
        """Return all DAGs, stale ones included, each with the C(place) of its file.

        C(last_parse_duration) are the seconds that its last parse took, None where Airflow does not tell them.
        """
        listed = self._airflow.ask(Dags).select(more=MORE)
        return [
            {
                **dag,
                "place": {
                    "bundle": dag["bundle_name"] or "",
                    "path": dag["fileloc"] or "",
                    "relative": dag["relative_fileloc"] or "",
                },
            }
            for dag in listed
        ]

    def import_errors(self) -> list[Object]:
        """Return the import error of each file that cannot be imported."""
        path = self._path("importErrors")
        raw = pages(self._client, path, "import_errors", lambda error: error["import_error_id"])
        return [self._import_error(error) for error in raw]

    def check_names(self, names: t.Sequence[str], bundle: str) -> None:
        """Refuse what can be no name of a file here; C(names) are those that are not below a folder."""
        if bundle:
            self._airflow.needs("bundle", (3, 0))

    def stamps(self, bundles: t.Iterable[str]) -> list[Object] | None:
        """Return what changes when a file is read, {place, stamp, broken}, for all files of these bundles.

        None when this version cannot tell (before 3.4). It costs a request for 100 files, where the DAGs cost one for
        100 DAGs.
        """
        return None

    def is_file_of(self, dag: Object, filename: str) -> bool:
        """Whether a file, by the name that it has among the import errors, is that of a DAG."""
        return bool(dag["fileloc"] == filename)

    def reparse(self, dag_id: str) -> None:
        """Ask Airflow to parse a DAG's file soon: a wish that does no harm when refused, as by Airflow before 2.10."""
        with contextlib.suppress(ApiError, KeyError, TypeError):
            token = self._client.get(self._path("dags", dag_id))["file_token"]
            what = f"Airflow was asked to parse the file of DAG {dag_id}"
            unknown = lost(what, "last_parsed_time of airflow_dag_info")
            self._client.put(self._path("parseDagFile", token), unknown)

    @of_known_shape
    def _import_error(self, raw: Object) -> Object:
        return {
            "filename": raw["filename"],
            "timestamp": iso(raw["timestamp"]),
            "stack_trace": self._client.redact(raw.get("stack_trace") or ""),
            "place": self._place_of_error(raw),
        }

    def _place_of_error(self, raw: Object) -> Object:
        return {"bundle": "", "path": raw["filename"] or "", "relative": ""}


class FilesV2(Files, api="v2"):
    """Airflow 3."""

    def check_names(self, names: t.Sequence[str], bundle: str) -> None:
        for name in names:
            if name.startswith("/"):
                raise BadInput(
                    f"files holds the absolute path {one_line(name, 100)}, and Airflow 3 knows files by their place in "
                    "a DAG bundle; give that, or the folder in folder and what is below it in files."
                )

    def stamps(self, bundles: t.Iterable[str]) -> list[Object] | None:
        found = []
        try:
            if self._airflow.version() < (3, 4):
                return None
            for bundle in bundles:
                raw = pages(
                    self._client,
                    self._path("dagBundles", bundle, "files"),
                    "dag_bundle_files",
                    lambda file: file["relative_fileloc"],
                )
                found += [self._stamp(bundle, file) for file in raw]
        except ApiError:
            return None
        return found

    @of_known_shape
    def _stamp(self, bundle: str, raw: Object) -> Object:
        return {
            "place": {"bundle": bundle, "path": "", "relative": raw["relative_fileloc"]},
            "stamp": (raw["dag_count"], raw["last_parsed_time"]),
            "broken": bool(raw["import_error_count"]),
        }

    def is_file_of(self, dag: Object, filename: str) -> bool:
        if not str(dag["fileloc"]).endswith("/" + filename):
            return super().is_file_of(dag, filename)
        # Import errors name a file by its place in the bundle, and another bundle or folder may hold one of that name.
        with contextlib.suppress(ApiError):
            place = self._client.get(self._path("dags", dag["dag_id"])).get("relative_fileloc")
            return place in (None, filename)
        return True

    def _place_of_error(self, raw: Object) -> Object:
        return {"bundle": raw.get("bundle_name") or "", "path": "", "relative": raw["filename"] or ""}
