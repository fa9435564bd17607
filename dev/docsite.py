# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation's site: the guides, and the options of all plugins, by antsibull-docs and Sphinx."""

from __future__ import annotations

import re
import shutil

import steps
import tree
import venvs
from paths import CACHE, NAME, NAMESPACE, ROOT
from processes import Command
from steps import Failed, Report, Step

SITE = CACHE / "docs"
UNREACHABLE = "failed to reach any of the inventories"
PAGES = ("index.html", "docsite/guide_errors.html", "airflow_dag_run_module.html", "airflow_deploy_role.html")


def build() -> int:
    """Make the site, and say where it is."""
    return steps.run_all([step()])


def step() -> Step:
    """The site as a step of a test run."""
    return Step("docs", site)


def site(report: Report) -> None:
    """Make the site from a copy of what git lists."""
    venv = venvs.docs()
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True, mode=0o755)
    with tree.copied("docs") as root:
        env = venv.env(ANSIBLE_COLLECTIONS_PATH=tree.collections_path(root), ANSIBLE_HOME=CACHE / "ansible")
        collection = f"{NAMESPACE}.{NAME}"
        layout = ["--use-current", "--squash-hierarchy"]
        theme = ["--sphinx-theme", "sphinx_ansible_theme"]
        report.run(["antsibull-docs", "sphinx-init", *layout, *theme, "--dest-dir", SITE, collection], env, root)
        sources = SITE / "rst"
        settings: Command = ["--config-file", SITE / "antsibull-docs.cfg"]
        whole: Command = ["--cleanup", "everything", *layout, "--dest-dir", sources, collection]
        report.run(["antsibull-docs", *settings, "collection", *whole], env, root)
        html = SITE / "build" / "html"
        warnings = SITE / "warnings.txt"
        report.run(["sphinx-build", "-q", "-c", SITE, "-w", warnings, "-b", "html", sources, html], env, root)
    check_warnings(warnings.read_text(encoding="utf-8"))
    missing = [page for page in PAGES if not (html / page).is_file()]
    if missing:
        raise Failed(f"the site lacks {', '.join(missing)}")
    report.closing = [f"{html.relative_to(ROOT)}/index.html"]


def check_warnings(text: str) -> None:
    """Every warning is an error, but for those of a machine that cannot reach the sites to which links lead."""
    lines = [line for line in text.splitlines() if re.search(r"\b(WARNING|ERROR)\b", line)]
    if UNREACHABLE in text:
        elsewhere = re.compile(rf"{UNREACHABLE}|undefined label: '(?!ansible_collections\.dagops\.)")
        lines = [line for line in lines if not elsewhere.search(line)]
    if lines:
        raise Failed("Sphinx has complaints: " + "; ".join(lines))
