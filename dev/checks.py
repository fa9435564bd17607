# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that need no Airflow: linters, unit tests, sanity tests."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import ansible_test
import processes
import pythons
import tree
import venvs
from paths import CACHE, NAME, NAMESPACE, ROOT
from processes import Command
from steps import TAIL, Failed, NotRun, Report, Step
from venvs import Venv

# Besides the newest ansible-core: the oldest one, and the first one with data tagging, which works out the templates of
# playbooks as the newest does. All of them, and all tests on each, are for test-matrix.
SOME_CORES = (("unit", "2.15"), ("unit", "2.19"), ("plays", "2.15"))
PLUGINS = f"ansible_collections.{NAMESPACE}.{NAME}.plugins"
IMPORTER = "[galaxy-importer]\nRUN_ANSIBLE_DOC=True\nRUN_ANSIBLE_LINT=False\nRUN_ANSIBLE_TEST=False\nRUN_FLAKE8=False\n"


@contextmanager
def lint_steps() -> Iterator[list[Step]]:
    """The linters, all on one copy of what git lists, the slow ones first."""
    venv = venvs.lint()
    with tree.copied("lint") as root:
        path = tree.collections_path(root)
        env = venv.env(ANSIBLE_COLLECTIONS_PATH=path, ANSIBLE_HOME=CACHE / "ansible")

        def step(name: str, *command: str | Path, cwd: Path = root, **extra: str) -> Step:
            return Step(name, partial(Report.run, command=command, env={**env, **extra}, cwd=cwd))

        mypy: Command = ["mypy", "--config-file", root / "pyproject.toml", "--cache-dir"]
        docs = ["--plugin-docs", "--skip-rstcheck", "--validate-collection-refs=all", "."]
        yield [
            Step("galaxy build and import", partial(galaxy, root=root, env=env)),
            Step("execution environment", partial(execution_environment, root=root, env=env)),
            step("ansible-lint", "ansible-lint", "--offline", "--strict", "--profile", "production"),
            step("antsibull-docs", "antsibull-docs", "lint-collection-docs", *docs),
            step("mypy plugins", *mypy, CACHE / "mypy" / "plugins", "--package", PLUGINS, cwd=path),
            step("mypy dev", *mypy, CACHE / "mypy" / "dev", "dev", MYPYPATH="dev:tests/airflow"),
            step("antsibull-changelog", "antsibull-changelog", "lint"),
            step("reuse", "reuse", "lint", "--lines"),
            step("yamllint", "yamllint", "--strict", "."),
            step("ruff check", "ruff", "check", "--no-cache", "."),
            step("ruff format", "ruff", "format", "--no-cache", "--diff", "."),
        ]


def fix(paths: Sequence[str]) -> int:
    """Let ruff mend and format PATHS, or all files of the checkout."""
    ruff = venvs.lint().bin / "ruff"
    for command in (["check", "--fix"], ["format"]):
        processes.run([ruff, *command, "--no-cache", *(paths or ["."])], sys.stdout)
    return 0


def galaxy(report: Report, root: Path, env: Mapping[str, str]) -> None:
    """Build the artifact, install it into an empty folder, and let Galaxy's own importer look at it."""
    scratch = root.parents[2] / "galaxy"
    config = scratch / "importer.cfg"
    scratch.mkdir()
    config.write_text(IMPORTER, encoding="utf-8")
    env = {**env, "ANSIBLE_COLLECTIONS_PATH": str(scratch / "installed"), "GALAXY_IMPORTER_CONFIG": str(config)}
    report.run(["ansible-galaxy", "collection", "build", "--output-path", scratch], env, root)
    artifact = next(scratch.glob("*.tar.gz"))
    report.run(["ansible-galaxy", "collection", "install", "--offline", artifact], env, scratch)
    report.run(["python", "-m", "galaxy_importer.main", artifact], env, scratch)
    complaints = re.findall(r"^(?:ERROR|WARNING).*", report.text(), re.MULTILINE)
    if complaints:
        raise Failed("galaxy-importer has complaints: " + "; ".join(complaints))


def execution_environment(report: Report, root: Path, env: Mapping[str, str]) -> None:
    """Let ansible-builder make the context of the example, and read what an image with the collection needs."""
    scratch = root.parents[2] / "execution-environment"
    for definition in root.glob("examples/**/execution-environment.yml"):
        report.run(["ansible-builder", "create", "--file", definition, "--context", scratch], env, root)
    if not (scratch / "Dockerfile").is_file():
        raise Failed("examples/ has no execution-environment.yml, or ansible-builder has made no Dockerfile of it")
    report.run(["ansible-builder", "introspect", "--sanitize", tree.collections_path(root)], env, root)
    needed = report.matching("# from collection ")
    if [line.split()[1].strip("'") for line in needed] != ["requests"] or not report.matching(r"^system: \[\]$"):
        raise Failed("an execution environment needs requests and nothing else, but ansible-builder says otherwise")


def pytest_step(kind: str, core: str | None = None, arguments: Sequence[str] = (), alone: bool = False) -> Step:
    """The tests in tests/KIND by pytest, on the checkout itself: those of Python ("unit"), or whole "plays".

    CORE: a line of ansible-core ("2.19"). ALONE: no other step runs, so that all cores are for this one.
    """
    action = partial(run_tests, kind=kind, core=core, arguments=arguments, alone=alone)
    return Step(f"{kind} {core}" if core else kind, action)


def run_tests(report: Report, kind: str, core: str | None, arguments: Sequence[str], alone: bool) -> None:
    """Run pytest. A whole run of the unit tests on the newest ansible-core is measured, too."""
    venv = venvs.core(core)
    env = venv.env(
        PYTHONPATH=tree.linked(),
        PYTHONDONTWRITEBYTECODE="1",
        ANSIBLE_HOME=CACHE / "ansible",
        HYPOTHESIS_STORAGE_DIRECTORY=CACHE / "hypothesis",
    )
    options = [] if any((ROOT / word.partition("::")[0]).exists() for word in arguments) else [f"tests/{kind}"]
    if kind == "unit" and not core and not arguments:
        options += ["--cov", "--cov-report=term"]
    if alone:
        # By file, since what a file prepares for all of its tests is what takes long.
        options += ["--numprocesses", "auto", "--dist", "loadfile"]
    status = run_pytest(report, venv, [*options, *arguments], env)
    report.closing += report.matching("test coverage of")
    if status != 0:
        raise Failed(f"pytest ended with status {status}")


def run_pytest(report: Report, venv: Venv, arguments: Sequence[str | Path], env: Mapping[str, str]) -> int:
    """Run pytest and take over its counts and its closing line, and its end if it did not pass; return its status."""
    begun = len(report.text())
    status = report.status([venv.python, "-m", "pytest", *arguments], env)
    if status != 0:
        report.excerpt += report.text()[begun:].splitlines()[-TAIL:]
    ending = report.matching(r"^=+ .*\b(passed|failed|error|errors|skipped|no tests ran)\b.* in .*=+$")[-1:]
    report.closing += ending
    report.closing += [f"not run: {reason}" for reason in report.matching(r"^SKIPPED \[\d+\] ")]
    for count, word in re.findall(r"(\d+) (passed|failed|error|skipped|xfailed)", " ".join(ending)):
        key = {"error": "failed", "xfailed": "skipped"}.get(word, word)
        setattr(report, key, getattr(report, key) + int(count))
    return status


def oldest_step() -> Step:
    """Whether what modules need compiles on the oldest Python of managed hosts, which sanity tests left behind."""
    return Step(f"compile on Python {venvs.OLDEST_HOST}", compile_plugins)


def compile_plugins(report: Report) -> None:
    """Compile all plugins, without writing anything."""
    python = pythons.found().get(venvs.OLDEST_HOST)
    if python is None:
        raise NotRun(f"Python {venvs.OLDEST_HOST} was found neither on PATH nor under pyenv")
    sources = [file for file in tree.files() if file.parts[0] == "plugins" and file.suffix == ".py"]
    program = "import sys; [compile(open(path).read(), path, 'exec') for path in sys.argv[1:]]"
    report.run([python, "-W", "error", "-c", program, *sources])
    report.closing = [f"{len(sources)} files compiled"]


def sanity_step(core: str | None = None) -> Step:
    """ansible-test sanity on the newest ansible-core or a given line of it."""
    return Step(f"sanity {core}" if core else "sanity", partial(sanity, core=core))


def sanity(report: Report, core: str | None) -> None:
    """Run every sanity test for every Python that is here; nothing may be ignored."""
    venv = venvs.core(core)
    ansible_test.prepare(venv)
    ignored = [file for file in tree.files() if file.match("tests/sanity/ignore*.txt")]
    if ignored:
        raise Failed(f"{ignored[0]} hides findings of sanity tests: mend them and remove the file")
    with tree.copied(f"sanity-{venv.name}") as root:
        command: Command = [venv.bin / "ansible-test", "sanity", "--color", "no", "--truncate", "0"]
        status = report.status(command, venv.env(), root)
    ran = len(re.findall(r"^Running sanity test", report.text(), re.MULTILINE))
    failures = re.search(r"The (\d+) sanity test\(s\) listed below", report.text())
    missing = re.findall(r"Skipping sanity test .*", report.text())
    report.failed, report.skipped = int(failures.group(1)) if failures else 0, len(missing)
    report.passed = ran - report.failed
    report.closing = [f"{ran} sanity tests ran, {report.failed} failed, {len(missing)} skipped", *reasons(missing)]
    report.excerpt = report.matching("^(ERROR|FATAL): ")
    if status != 0:
        raise Failed(f"ansible-test sanity ended with status {status}")


def reasons(skipped: Sequence[str]) -> list[str]:
    """Why tests were skipped, a line for each reason: the same Python is missing for many tests."""
    said = {re.sub(r'Skipping sanity test "[\w.-]+" ', "", line): None for line in skipped}
    return [f"not run: sanity {reason}" for reason in said]


def clean() -> None:
    """Remove all that this program has made."""
    shutil.rmtree(CACHE, ignore_errors=True)
    for name in (".ansible", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".coverage"):
        path = ROOT / name
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
