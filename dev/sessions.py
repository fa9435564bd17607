# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sessions do that need no Airflow."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import nox
from workshop import (
    CACHE,
    CORES,
    NAME,
    NAMESPACE,
    OLDEST_HOST,
    REQUIREMENTS,
    ROOT,
    TOOLS,
    copied,
    files,
    git,
    linked,
    tool_home,
)

from airflow_server import Problem
from airflow_server.venvs import run_uv

# Continuous integration runs unit tests and playbooks on this line of ansible-core, too; the matrix runs them on all.
OLDEST_CORE = "2.15"
SITE = CACHE / "docs"
UNREACHABLE = "failed to reach any of the inventories"

# Runs as ~/.ansible/test/cache/get_pip_VERSION.py, with what is to be installed (pip itself too) as its arguments.
GET_PIP = '''\
"""Install packages into an environment without pip, by the pip that lies beside this file."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "pip-{version}"))

from pip._internal.cli.main import main

packages = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--ignore-installed"] + packages))
'''


def pytest(session: nox.Session, kind: str, newest: bool = False, only: str = "") -> None:
    """The tests in tests/KIND, on the checkout itself; NEWEST: the ansible-core of most tests; ONLY: a mark."""
    options = ["-m", only] if only else []
    options += [] if names_path(session.posargs) else [f"tests/{kind}"]
    if newest and kind == "unit" and not session.posargs:
        options += ["--cov", "--cov-report=term"]
    if newest and "DAGOPS_BESIDE" not in os.environ:
        # By file, since what a file prepares for all of its tests is what takes long.
        options += ["--numprocesses", "auto", "--dist", "loadfile"]
    session.run("python", "-m", "pytest", *options, *session.posargs, env=pytest_env())


def pytest_env() -> dict[str, str]:
    """Variables for pytest, in whose process the checkout is a collection."""
    return {"PYTHONPATH": str(linked()), "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis")}


def names_path(arguments: Sequence[str]) -> bool:
    """Whether these arguments of pytest name a file or a folder of tests."""
    return any((ROOT / argument.partition("::")[0]).exists() for argument in arguments)


def compile_plugins(session: nox.Session) -> None:
    """Compile plugins on the oldest Python of managed hosts."""
    # Each time anew, and not into the checkout.
    env = {"PYTHONPYCACHEPREFIX": session.create_tmp()}
    session.run("python", "-W", "error", "-m", "compileall", "-q", "-f", "plugins", env=env)


# ansible-test.


def sanity(session: nox.Session) -> None:
    """Run every sanity test for every Python that is here; nothing may be ignored."""
    ignored = [file for file in files() if file.match("tests/sanity/ignore*.txt")]
    if ignored:
        raise Problem(f"{ignored[0]} hides findings of sanity tests: mend them and remove the file.")
    ansible_test(session, "sanity", *session.posargs)


def units(session: nox.Session) -> None:
    """Run the unit tests by ansible-test, as other collections do."""
    ansible_test(session, "units", "--venv", "--python", str(session.python), *session.posargs)


def ansible_test(session: nox.Session, *arguments: str) -> None:
    """Run ansible-test in a copy of the checkout."""
    with copied(session.name) as root, session.chdir(root):
        seed_pip(session)
        session.run("ansible-test", *arguments, "--color", "no", "--truncate", "0")


def seed_pip(session: nox.Session) -> None:
    """Put the scripts named get-pip in place that ansible-test downloads from a host of its own for each environment.

    That host cannot be reached everywhere. So these use a pip that uv takes from the package index. Which versions
    ansible-test wants stands in its source only (that for Python 2.7 is left out).
    """
    cache = tool_home(session.name) / ".ansible" / "test" / "cache"
    source = next(Path(session.bin).parent.glob("lib/*/site-packages/ansible_test/_internal/python_requirements.py"))
    body = source.read_text(encoding="utf-8").partition("def get_venv_packages")[2].partition("\ndef ")[0]
    for version in set(re.findall(r"""pip=["'](\d[\d.]*)["']""", body)) - {"20.3.4"}:
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            install = ("pip", "install", "--quiet", "--python", Path(session.bin) / "python")
            run_uv(None, *install, "--target", cache / f"pip-{version}", f"pip=={version}")
            script.write_text(GET_PIP.replace("{version}", version), encoding="utf-8")


# Linters, and what publishes a version.


def typing(session: nox.Session) -> None:
    """Run mypy on the plugins, and on what runs the tests."""
    mypy = ["mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir"]
    collection = f"ansible_collections.{NAMESPACE}.{NAME}"
    packages = ["--package", f"{collection}.plugins", "--package", f"{collection}.playbooks.filter_plugins"]
    with session.chdir(linked()):
        session.run(*mypy, CACHE / "mypy" / "plugins", *packages)
    # nox is where this runs.
    own = ["--python-executable", sys.executable, "dev", "noxfile.py"]
    session.run(*mypy, CACHE / "mypy" / "dev", *own, env={"MYPYPATH": "dev:tests/airflow:tests/bench:tests/picture"})


def changelog_check(session: nox.Session) -> None:
    """Look at the fragments, and at the changelog; `-- release` writes that of a new version."""
    session.run("antsibull-changelog", *(session.posargs or ["lint"]))


def ee_check(session: nox.Session) -> None:
    """Let ansible-builder make the context of the example, and read what an image with the collection needs."""
    scratch = CACHE / "ee-check"
    shutil.rmtree(scratch, ignore_errors=True)
    for definition in ROOT.glob("examples/**/execution-environment.yml"):
        session.run("ansible-builder", "create", "--file", definition, "--context", scratch)
    if not (scratch / "Dockerfile").is_file():
        raise Problem("examples/ has no execution-environment.yml, or ansible-builder has made no Dockerfile of it.")
    said = session.run("ansible-builder", "introspect", "--sanitize", linked(), silent=True) or ""
    needed = [line.split()[1].strip("'") for line in said.splitlines() if "# from collection " in line]
    if needed != ["requests"] or "\nsystem: []" not in said:
        raise Problem("An execution environment needs requests and nothing else, but ansible-builder says otherwise.")


def docs(session: nox.Session) -> None:
    """The documentation's site below .cache/docs: the guides and the options of all plugins."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    layout = ["--use-current", "--squash-hierarchy"]
    theme = ["--sphinx-theme", "sphinx_ansible_theme"]
    collection = f"{NAMESPACE}.{NAME}"
    session.env["ANSIBLE_COLLECTIONS_PATH"] = str(linked())
    session.run("antsibull-docs", "sphinx-init", *layout, *theme, "--dest-dir", SITE, collection)
    whole = ["collection", *layout, "--fail-on-error", "--dest-dir", str(SITE / "rst"), collection]
    session.run("antsibull-docs", "--config-file", SITE / "antsibull-docs.cfg", *whole)
    quiet = ["-q", "-c", str(SITE), "-w", str(SITE / "warnings.txt")]
    session.run("sphinx-build", *quiet, "-b", "html", SITE / "rst", SITE / "build" / "html")
    check_warnings((SITE / "warnings.txt").read_text(encoding="utf-8"))


def check_warnings(text: str) -> None:
    """Every warning is an error, but for those of a machine that cannot reach the sites to which links lead."""
    lines = [line for line in text.splitlines() if re.search(r"\b(WARNING|ERROR)\b", line)]
    if UNREACHABLE in text:
        elsewhere = re.compile(rf"{UNREACHABLE}|undefined label: '(?!ansible_collections\.dagops\.)")
        lines = [line for line in lines if not elsewhere.search(line)]
    if lines:
        raise Problem("Sphinx has complaints: " + "; ".join(lines))


def lock(session: nox.Session) -> None:
    """Write dev/requirements/*.txt anew, for the oldest Python that each has to serve."""
    for source in sorted(REQUIREMENTS.glob("*.in")):
        low = OLDEST_HOST if source.stem == "host" else CORES.get(source.stem.partition("-")[2], TOOLS)[0]
        options = ["--quiet", "--universal", "--python-version", low, "--no-header", "--no-annotate", "--upgrade"]
        run_uv(None, "pip", "compile", *options, "--output-file", source.with_suffix(".txt"), source)
        session.log(f"{source.stem}.txt")


def clean(session: nox.Session) -> None:
    """Remove all that sessions and their tools have made."""
    git("clean", "-Xdff", "--quiet", "--", ".cache", ".nox", ".ansible", ".mypy_cache", ".pytest_cache", ".ruff_cache")
