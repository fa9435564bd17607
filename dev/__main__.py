# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that developers run: `python3 dev COMMAND` sets up what it needs below .cache, and does it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed; this is {}.{}. Run it as: python3.11 dev …".format(*sys.version_info))
# The harness that starts Airflow servers is a library, too.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "airflow"))

import bench
import checks
import docsite
import matrix
import picture
import pythons
import release
import servers
import steps
import venvs

from airflow_server import Problem

# Of the steps that run side by side, those with a server wait most of their time.
WORKERS = max(3, os.cpu_count() or 1)


def demo(options: argparse.Namespace) -> int:
    """Run the main job on a real Airflow: a run that succeeds, and one that fails and is reported."""
    return servers.demo()


def test(options: argparse.Namespace) -> int:
    """Unit tests, linters, sanity tests, and on real servers all integration tests and all live tests but long ones."""
    with checks.lint_steps() as lint:
        wanted = [servers.whole_step(name) for name in servers.TESTED]
        wanted += [checks.pytest_step("plays"), checks.pytest_step("unit"), checks.oldest_step(), checks.sanity_step()]
        wanted += [checks.pytest_step(kind, core) for kind, core in checks.SOME_CORES]
        wanted += [docsite.step(), *lint]
        return steps.run_all(wanted, WORKERS)


def test_long(options: argparse.Namespace) -> int:
    """What takes too long for test: long live tests, and the core of the integration tests on the oldest servers."""
    wanted = [servers.live_step(name, ("-m", "long")) for name in servers.TESTED]
    return steps.run_all([*wanted, *matrix.core_steps(servers.OLDEST)], WORKERS)


def unit(options: argparse.Namespace) -> int:
    """Unit tests by pytest; arguments after -- are pytest's."""
    return steps.run_all([checks.pytest_step("unit", arguments=options.arguments, alone=not options.arguments)])


def plays(options: argparse.Namespace) -> int:
    """Tests that run playbooks without an Airflow, by pytest; arguments after -- are pytest's."""
    return steps.run_all([checks.pytest_step("plays", arguments=options.arguments, alone=True)])


def lint(options: argparse.Namespace) -> int:
    """Linters, and what Galaxy says of the artifact."""
    with checks.lint_steps() as wanted:
        return steps.run_all(wanted)


def site(options: argparse.Namespace) -> int:
    """The documentation's site, below .cache/docs."""
    return docsite.build()


def sanity(options: argparse.Namespace) -> int:
    """ansible-test sanity on the newest ansible-core, for every Python that is here."""
    return steps.run_all([checks.sanity_step(), checks.oldest_step()])


def integration(options: argparse.Namespace) -> int:
    """Integration tests on real servers: all targets, or those that are named."""
    names = options.server or servers.TESTED
    return steps.run_all([servers.integration_step(name, options.arguments) for name in names], WORKERS)


def live(options: argparse.Namespace) -> int:
    """Tests by pytest on real servers: faults, TLS, secrets, AWX; arguments after -- are pytest's."""
    names = options.server or servers.TESTED
    return steps.run_all([servers.live_step(name, options.arguments) for name in names], WORKERS)


def test_matrix(options: argparse.Namespace) -> int:
    """The core on every Airflow, the rest on every ansible-core, or what is named; writes docs/compatibility.md."""
    return matrix.matrix(options.server or (), options.core or (), WORKERS)


def measure(options: argparse.Namespace) -> int:
    """What the collection costs, next to ansible.builtin.uri; writes docs/benchmarks.md."""
    return bench.bench(options.server or ())


def serve(options: argparse.Namespace) -> int:
    """Start an Airflow to play with, and print the environment for it."""
    return servers.serve((options.server or servers.TESTED)[0])


def release_check(options: argparse.Namespace) -> int:
    """Whether the changelog is ready, and the artifact works by itself: the last step before a version is published."""
    return release.check()


def draw(options: argparse.Namespace) -> int:
    """Draw the picture of a terminal in the README anew, from a run on a real server."""
    return picture.draw()


def fix(options: argparse.Namespace) -> int:
    """Let ruff mend and format the checkout."""
    return checks.fix(options.arguments)


def lock(options: argparse.Namespace) -> int:
    """Pin dev/requirements/*.in anew, each package in its newest version."""
    return venvs.lock()


def clean(options: argparse.Namespace) -> int:
    """Remove .cache and what tools left behind."""
    checks.clean()
    return 0


COMMANDS = {
    "demo": demo,
    "test": test,
    "test-long": test_long,
    "unit": unit,
    "plays": plays,
    "lint": lint,
    "docs": site,
    "sanity": sanity,
    "integration": integration,
    "live": live,
    "test-matrix": test_matrix,
    "bench": measure,
    "server": serve,
    "release-check": release_check,
    "picture": draw,
    "fix": fix,
    "lock": lock,
    "clean": clean,
}


def parser() -> argparse.ArgumentParser:
    """The command line: each command's help is its function's docstring."""
    top = argparse.ArgumentParser(prog="python3 dev", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function in COMMANDS.items():
        command = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        if name in ("unit", "plays", "integration", "live", "fix"):
            command.add_argument("arguments", nargs="*")
        if name in ("integration", "live", "test-matrix", "bench", "server"):
            known = f"one of {', '.join(servers.NAMES)}; may be given more than once"
            command.add_argument("--server", action="append", choices=servers.NAMES, metavar="NAME", help=known)
        if name == "test-matrix":
            known = f"a line of ansible-core: one of {', '.join(venvs.CORES)}; may be given more than once"
            command.add_argument("--core", action="append", choices=venvs.CORES, metavar="LINE", help=known)
    return top


def interrupt(*_: object) -> None:
    """A polite kill is an interrupt: servers are stopped then, too."""
    raise KeyboardInterrupt


def main() -> int:
    """Carry out one command."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        pythons.without_shims()
        os.environ.update(venvs.uv_settings())
        return COMMANDS[options.command](options)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


sys.exit(main())
