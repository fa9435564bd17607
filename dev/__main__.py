# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that developers run: `python3 dev COMMAND` sets up what it needs below .cache, and does it."""

from __future__ import annotations

import argparse
import signal
import sys

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed; this is {}.{}. Run it as: python3.11 dev …".format(*sys.version_info))

import checks
import steps
import venvs
from paths import Problem


def lint(options: argparse.Namespace) -> int:
    """Linters and the check of the artifact."""
    with checks.lint_steps() as wanted:
        return steps.run_all(wanted)


def unit(options: argparse.Namespace) -> int:
    """Unit tests; what follows goes to pytest."""
    return steps.run_all([checks.unit_step(arguments=options.arguments)])


def sanity(options: argparse.Namespace) -> int:
    """ansible-test sanity on the newest ansible-core, for every Python that is here."""
    return steps.run_all([checks.sanity_step()])


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


COMMANDS = {"unit": unit, "lint": lint, "sanity": sanity, "fix": fix, "lock": lock, "clean": clean}


def parser() -> argparse.ArgumentParser:
    """The command line: each command's help is its function's docstring."""
    top = argparse.ArgumentParser(prog="python3 dev", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function in COMMANDS.items():
        command = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        if name in ("unit", "fix"):
            command.add_argument("arguments", nargs="*")
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
        return COMMANDS[options.command](options)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


sys.exit(main())
