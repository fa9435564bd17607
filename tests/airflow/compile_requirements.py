# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve requirements/NAME.in into the pins of requirements/NAME.txt, as of the day in the table of versions.

Usage: python tests/airflow/compile_requirements.py [NAME ...]      (all of them without a name)
"""

from __future__ import annotations

import argparse
import sys

from airflow_server.common import HERE, REQUIREMENTS, Problem
from airflow_server.venvs import run_uv
from airflow_server.versions import VERSIONS

POSTGRES_DAY = "2026-10-31"
HEADER = """\
# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Made by tests/airflow/compile_requirements.py {name} from {name}.in, with the packages as they were on {day}.
# For {pythons}. Do not edit: change {name}.in or the table of versions and make it again.
"""


def compile_version(name: str, uv: str | None) -> str:
    """The pins of one row of the table, for all its Pythons."""
    row = VERSIONS[name]
    oldest = min(row.pythons, key=lambda python: int(python.partition(".")[2]))
    pins = resolve(name, row.resolved, uv, "--universal", "--python-version", oldest)
    return HEADER.format(name=name, day=row.resolved, pythons=f"Python {oldest} and newer") + pins


def resolve(name: str, day: str, uv: str | None, *options: str) -> str:
    quiet = ["--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"]
    return run_uv(uv, "pip", "compile", *quiet, "--exclude-newer", day, *options, str(REQUIREMENTS / f"{name}.in"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Pin the packages that each version of Airflow is installed from.")
    own = [name for name, row in VERSIONS.items() if not row.requirements_name]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join([*own, 'postgres'])}; default: all"
    )
    parser.add_argument("--uv", help="the path of uv")
    arguments = parser.parse_args()
    for name in arguments.names or [*own, "postgres"]:
        if name == "postgres":
            header = HEADER.format(name=name, day=POSTGRES_DAY, pythons="any Python")
            text = header + resolve(name, POSTGRES_DAY, arguments.uv, "--no-deps")
        elif name in own:
            text = compile_version(name, arguments.uv)
        else:
            raise Problem(f"There is no '{name}' to resolve: use one of {', '.join([*own, 'postgres'])}.")
        path = REQUIREMENTS / f"{name}.txt"
        path.write_text(text)
        print(path.relative_to(HERE))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(str(problem))
