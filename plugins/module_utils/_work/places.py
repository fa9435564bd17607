# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of DAG files: which of the files that Airflow knows are meant by them."""

from __future__ import annotations

import posixpath
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.files import Files
from .._base.errors import BadInput
from .._base.inputs import is_glob
from .._base.text import first_few, one_line


class Where(t.NamedTuple):
    """Names of files, the folder that they are below, if it is an absolute one, and their bundle; empty: not given."""

    names: list[str]
    folder: str
    bundle: str


class Hit(t.NamedTuple):
    """Something that Airflow has of a file with the wanted name, which are the parts of its path from start to end.

    :param sure: the whole path is known, and not only its end.
    """

    record: Object
    sure: bool
    parts: list[str]
    start: int
    end: int

    @property
    def file(self) -> tuple[str, str]:
        return self.record["place"]["bundle"], "/".join(self.parts[: self.end])

    @property
    def root(self) -> str:
        return "/".join(self.parts[: self.start])


def where_of(airflow: Airflow, files: t.Sequence[str], folder: str | None, bundle: str | None) -> Where:
    """Check the names of files."""
    names = [_name_of(name) for name in files]
    below = (folder or "").strip().rstrip("/")
    if not below.isprintable():
        raise BadInput(f"folder '{one_line(below, 100)}' is no name of a folder; correct it.")
    if below:
        absolute = next((name for name in names if name.startswith("/")), None)
        if absolute:
            raise BadInput(
                f"files holds the absolute path {one_line(absolute, 100)}; with folder, give what is below that folder."
            )
        if not below.startswith(("/", "~")):
            below, names = "", [posixpath.normpath(f"{below}/{name}") for name in names]
    where = Where(list(dict.fromkeys(names)), posixpath.normpath(below) if below else "", (bundle or "").strip())
    airflow.ask(Files).check_names(where.names, where.bundle)
    return where


def _name_of(value: str) -> str:
    name = posixpath.normpath(value.strip()) if value.strip() else ""
    if not name.isprintable() or name in ("", ".", "/") or ".." in name.split("/"):
        raise BadInput(f"files holds '{one_line(value, 100)}', which is no name of a file; correct it.")
    if is_glob(name):
        raise BadInput(f"files takes names, and '{one_line(value, 100)}' is a pattern; name each file.")
    return name


class Finder:
    """Sorts what Airflow knows by the wanted files.

    Airflow may know the folder by another path than the host to which the files were copied, in a container for
    example. When it knows nothing below the folder, the end of the path decides.
    """

    def __init__(self, where: Where) -> None:
        self._where = where
        self._names = set(where.names)
        self._roots: dict[str, str] = {}  # bundle -> its folder
        self._exact = False

    def learn(self, records: t.Iterable[Object]) -> None:
        """Find out from DAGs where bundles lie, and whether the folder is one that Airflow knows by this path."""
        places = [record["place"] for record in records]
        for place in places:
            root = place["path"][: -len(place["relative"]) - 1]
            if place["relative"] and place["path"] == f"{root}/{place['relative']}":
                self._roots[place["bundle"]] = root
        folder = self._where.folder
        self._exact = bool(folder) and (
            any(_is_below(place["path"], folder) for place in places)
            or any(root == folder or _is_below(folder, root) for root in self._roots.values())
        )

    def sort(self, records: t.Iterable[Object], alive: t.Callable[[Object], bool]) -> dict[str, list[Object]]:
        """Return what is of each wanted file; BadInput when it cannot be told which file is meant.

        :param alive: what is not, such as a stale DAG, is no reason to doubt.
        """
        hits: dict[str, list[Hit]] = {name: [] for name in self._where.names}
        for record in records:
            if self._where.bundle in ("", record["place"]["bundle"]):
                for hit in self._hits(record):
                    hits["/".join(hit.parts[hit.start : hit.end])].append(hit)
        return {name: [hit.record for hit in self._only(name, found, alive)] for name, found in hits.items()}

    def _hits(self, record: Object) -> t.Iterator[Hit]:
        """Look for names in a path: at its beginning, or where any path will do, wherever they are.

        What follows the name is a file in a zip file.
        """
        place = record["place"]
        known = self._roots.get(place["bundle"], "")
        path = place["path"] or (f"{known}/{place['relative']}" if known else "")
        if self._exact and path:
            if not _is_below(path, self._where.folder):
                return
            parts, starts = path[len(self._where.folder) + 1 :].split("/"), 1
        elif place["relative"] and not self._where.folder:
            parts, starts = place["relative"].split("/"), 1
        else:
            parts = (path or place["relative"]).split("/")
            starts = len(parts)
        for start in range(starts):
            for end in range(len(parts), start, -1):
                if "/".join(parts[start:end]) in self._names:
                    yield Hit(record, self._exact and bool(path), parts, start, end)

    def _only(self, name: str, hits: list[Hit], alive: t.Callable[[Object], bool]) -> list[Hit]:
        hits = [hit for hit in hits if hit.sure] or hits
        if len({hit.file for hit in hits}) > 1:
            hits = [hit for hit in hits if alive(hit.record)] or hits
        if self._where.folder and not self._exact and hits:
            wanted = f"{self._where.folder}/{name}".split("/")
            longest = max(_common_end(hit.parts[: hit.end], wanted) for hit in hits)
            hits = [hit for hit in hits if _common_end(hit.parts[: hit.end], wanted) == longest]
        if len({hit.file[0] for hit in hits}) > 1:
            bundles = first_few(sorted({hit.file[0] for hit in hits}), " and ")
            raise BadInput(f"{one_line(name, 100)} is a file of the DAG bundles {bundles}; name one of them in bundle.")
        # All files are below the DAGs folder, so of two folders one of which is in the other, that one is it.
        outer = min((hit.root for hit in hits), key=len, default="")
        if not all(hit.root == outer or not outer or _is_below(hit.root, outer) for hit in hits):
            files = first_few(sorted({hit.file[1] for hit in hits}), " and ")
            raise BadInput(f"{one_line(name, 100)} is the end of {files}; give the folder of the files in folder.")
        return [hit for hit in hits if hit.root == outer]


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _common_end(one: t.Sequence[str], other: t.Sequence[str]) -> int:
    """How many parts two paths have in common, from their ends."""
    pairs = zip(reversed(one), reversed(other))
    return next((number for number, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
