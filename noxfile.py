# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

# /// script
# dependencies = ["nox>=2026.10.20", "antsibull-nox>=1.10.0", "uv>=0.13.9"]
# ///
"""Sessions of nox: `nox --list` shows them. Those of antsibull-nox.toml are among them; dev/ has what the others do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# The harness that starts Airflow servers is a library, too; the benchmark and the picture have programs of their own.
sys.path[:0] = [str(ROOT / folder) for folder in ("dev", "tests/airflow", "tests/bench", "tests/picture")]

import nox
import workshop

workshop.set_up()

import antsibull_nox
import artifact
import bench
import matrix
import picture
import servers
import sessions
from nox.command import CommandFailed
from workshop import CORES, REQUIREMENTS, TOOLS, newest

from airflow_server import VERSIONS, Problem, PythonMissing

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = ".cache/nox"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"

antsibull_nox.load_antsibull_nox_toml()


def add(
    name: str,
    action: Callable[[nox.Session], None],
    what: str,
    requirements: str = "core",
    pythons: tuple[str, str] = TOOLS,
    tags: Sequence[str] = (),
    default: bool = False,
) -> None:
    """Make a session: WHAT it does, for the list, and its REQUIREMENTS, if any, and the range of Pythons for them."""

    def run(session: nox.Session) -> None:
        session.env["HOME"] = str(workshop.tool_home(session.name))
        try:
            if requirements:
                # Compiled, as pip leaves it: Ansible starts many processes, and each would compile it all anew.
                session.install("--quiet", "--compile-bytecode", "-r", str(REQUIREMENTS / f"{requirements}.txt"))
        except CommandFailed:
            session.error(
                f"dev/requirements/{requirements}.txt could not be installed: see above what was not reached."
            )
        try:
            action(session)
        except PythonMissing as reason:
            session.skip(str(reason).rstrip("."))
        except Problem as problem:
            session.error(str(problem).rstrip("."))

    run.__doc__ = what
    python = newest(*pythons) if requirements else False
    nox.session(name=name, python=python, tags=tags, default=default)(run)


# What `make test` runs beside each other has the tag test; continuous integration runs the tags lint and thorough as
# well. What takes longest comes first. The tags test-long and test-matrix are for the commands of make.


def on_server(kind: str, airflow: str, what: str, parts: Sequence[servers.Part], *tags: str) -> None:
    """Make a session with a server of its own, of the version AIRFLOW."""
    action = partial(servers.on_server, name=airflow, parts=parts)
    add(f"{kind}-{airflow}", action, f"{what} on Airflow {airflow}", "live", tags=tags)


for row in servers.TESTED:
    what = "Live tests, but long ones, and some targets in other ways"
    on_server("thorough", row, what, servers.thorough(row), "thorough")
for half, targets in servers.halves().items():
    for row in servers.TESTED:
        part = partial(servers.integration, targets=targets)
        on_server(f"integration-{half}", row, f"The {half} half of the integration targets", [part], "test")
plays = partial(sessions.pytest, kind="plays")
what = "Tests that run playbooks without an Airflow, by pytest"
add("plays", partial(plays, newest=True), what)
add("plays-short", partial(plays, newest=True, only="not long"), f"{what}, but long ones", tags=["test"])
add("plays-long", partial(plays, newest=True, only="long"), f"{what}, long ones", tags=["thorough"])
for row in VERSIONS:
    on_server("integration", row, "Integration targets", [servers.integration])
for row in servers.OLDEST:
    core = partial(servers.integration, targets=tuple(matrix.CORE))
    on_server("oldest", row, "The core of the targets, in Ansible's process,", [core], "thorough")
for row in VERSIONS:
    on_server("live", row, "Live tests", [servers.live])
    tags = ["test-matrix", *(["test-long"] if row in servers.OLDEST else [])]
    add(f"matrix-{row}", partial(matrix.on, name=row), f"The core of the targets on Airflow {row}", "live", tags=tags)
for row in servers.TESTED:
    on_server("long", row, "Long live tests", [partial(servers.live, arguments=("-m", "long"))], "test-long")
    ordinary = partial(servers.integration, in_process=False)
    what = "Many triggers, and all targets the ordinary way,"
    on_server("more", row, what, [servers.triggers, ordinary], "test-matrix")
for line in CORES:
    smoke = partial(servers.on_server, name=servers.TESTED[0], parts=servers.both_ways(servers.SMOKE, core=line))
    add(f"smoke-{line}", smoke, f"One target on ansible-core {line}, both ways", "live", tags=["test-matrix"])

unit = partial(sessions.pytest, kind="unit")
add("unit", partial(unit, newest=True), "Unit tests by pytest, with their coverage", tags=["test"], default=True)
nox.session(name="compile", python=workshop.OLDEST_HOST, tags=["test"], default=False)(sessions.compile_plugins)
add("ansible-test-sanity", sessions.sanity, "Sanity tests on the newest ansible-core", tags=["thorough"])
for line, pythons in CORES.items():
    tags = ["test-matrix", *(["thorough"] if line == sessions.OLDEST_CORE else [])]
    core = partial(add, requirements=f"core-{line}", pythons=pythons)
    core(f"unit-{line}", unit, f"Unit tests by pytest on ansible-core {line}", tags=tags)
    core(f"plays-{line}", plays, f"Tests that run playbooks on ansible-core {line}", tags=tags)
    core(f"ansible-test-sanity-{line}", sessions.sanity, f"Sanity tests on ansible-core {line}", tags=["test-matrix"])
    core(f"ansible-test-units-{line}", sessions.units, f"Unit tests by ansible-test on ansible-core {line}")
add("docs", sessions.docs, "The documentation's site, below .cache/docs", "docs", tags=["lint"])

# Linters, besides those of antsibull-nox.
add("typing", sessions.typing, "Run type checker: mypy", "lint", tags=["lint"], default=True)
add("ee-check", sessions.ee_check, "What ansible-builder makes of the example", "lint", tags=["lint"])
add("build-import-check", artifact.import_check, "Build, install, galaxy-importer", "lint", tags=["lint"])
add("changelog-check", sessions.changelog_check, "Lint fragments and changelog", "lint", tags=["lint"])

# What else there is.
add("compatibility", matrix.compatibility, "Write docs/compatibility.md from what the sessions matrix-… have found", "")
add("demo", servers.demo, "Run a DAG that succeeds and one that fails on a real Airflow")
add("server", servers.serve, "Start an Airflow to play with; -- 3.3 for another one than 2.11")
add("bench", bench.bench, "Measure what the collection costs, and write docs/benchmarks.md")
add("picture", picture.draw, "Draw the picture of a terminal in the README anew")
add("release-check", artifact.release_check, "Whether the changelog is ready, and the artifact works by itself")
add("lock", sessions.lock, "Pin dev/requirements/*.in anew, each package in its newest version", "")
add("clean", sessions.clean, "Remove .cache and what tools left behind", "")
