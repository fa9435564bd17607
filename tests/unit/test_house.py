# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of C(plugins/module_utils): what may import what, and how large a file may become."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
HOUSE = PLUGINS / "module_utils"
# From the ground floor up; a file imports from its own room and from rooms below it.
ROOMS = ("_base", "_http", "_airflow", "_work", "")
MOST_LINES = 400
FILES = sorted(file for file in HOUSE.rglob("*.py") if file.name != "__init__.py")


def name_of(file: Path) -> str:
    return file.relative_to(HOUSE).as_posix()


def imported(file: Path, house: Path = HOUSE) -> t.Iterator[str]:
    """Yield the files of the house that a file imports, those for type checkers, too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = file.parents[node.level - 1]
            target = folder.joinpath(*(node.module or "").split(".")).with_suffix(".py")
            if house in target.parents:
                yield target.relative_to(house).as_posix()


def reached(names: t.Iterable[str]) -> set[str]:
    """All files that are loaded with these ones."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += imported(HOUSE / name)
    return seen


def room_of(name: str) -> str:
    return name.rpartition("/")[0]


def test_there_are_rooms():
    assert {room_of(name_of(file)) for file in FILES} == set(ROOMS)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_imports_from_rooms_below_its_own(file):
    own = ROOMS.index(room_of(name_of(file)))
    assert [name for name in imported(file) if ROOMS.index(room_of(name)) > own] == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_circle_goes_through_a_file(file):
    assert name_of(file) not in reached(imported(file))


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_can_be_read_in_one_sitting(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize(
    ("module", "families"),
    [
        ("airflow_info", {"dags", "health", "links"}),
        ("airflow_api", {"endpoints"}),
        ("airflow_user", {"access", "access_command", "access_refusals", "access_shapes", "command"}),
        ("airflow_api_user", {"access", "access_command", "access_refusals", "access_shapes", "command"}),
        ("airflow_connection", {"connections", "variables", "refusals"}),
        (
            "airflow_objects",
            {
                *("access", "access_refusals", "access_shapes", "connections", "dags", "links", "pools", "refusals"),
                "variables",
            },
        ),
        ("airflow_pool", {"pools", "refusals"}),
        ("airflow_pool_info", {"pools", "refusals"}),
        ("airflow_variable", {"variables", "refusals"}),
        ("airflow_variable_info", {"variables", "refusals"}),
        ("airflow_role", {"access", "access_command", "access_refusals", "access_shapes", "command"}),
        ("airflow_dag_info", {"dags", "links"}),
        ("airflow_dag_run_info", {"dags", "links", "runs", "run_refusals"}),
        (
            "airflow_dag",
            {"dags", "files", "health", "links", "runs", "run_refusals"}
            # What explains why runs do not end.
            | {"logs", "logs_events", "logs_text", "pools", "reasons", "refusals", "tasks", "tracebacks"},
        ),
        ("airflow_dag_file", {"dags", "files", "health", "links"}),
    ],
)
def test_a_module_loads_the_families_that_it_uses(module, families):
    loaded = reached(imported(PLUGINS / "modules" / f"{module}.py"))
    found = {Path(name).stem for name in loaded if room_of(name) == "_airflow"}
    assert found - {"airflow", "lost", "named", "permissions"} == families
