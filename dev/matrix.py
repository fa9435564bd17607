# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every supported version of Airflow, and every supported line of ansible-core."""

from __future__ import annotations

from collections.abc import Sequence

import checks
import servers
import venvs
from paths import ROOT
from steps import Report, Step, carry_out_all, summary

from airflow_server import VERSIONS

DOCUMENT = ROOT / "docs" / "compatibility.md"
HEAD = """\
<!--
Copyright: (c) 2026, the dagops.airflow authors
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Which Airflow does what

`make test-matrix` has written this file: each integration target was run against a real server of each version.
Do not edit it by hand.

"""


def matrix(names: Sequence[str], workers: int) -> int:
    """Run the integration targets on all servers, or those NAMED, and everything else on all lines of ansible-core."""
    airflows = carry_out_all([servers.integration_step(name) for name in names or servers.NAMES], workers)
    cores: list[Report] = []
    if not names:
        steps: list[Step] = []
        for line in venvs.CORES:
            steps += [checks.unit_step(line), checks.sanity_step(line), servers.smoke_step(line)]
        cores = carry_out_all(steps, workers)
    print(table(airflows))
    if not names:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(HEAD + table(airflows), encoding="utf-8")
    return summary([*airflows, *cores])


def table(reports: Sequence[Report]) -> str:
    """Cases by versions of Airflow, in Markdown."""
    names = [report.name.split()[1] for report in reports]
    cases = sorted({case for report in reports for case in report.cases})
    rows = [["case", *(f"{VERSIONS[name].airflow} ({VERSIONS[name].auth_manager})" for name in names)]]
    rows.append(["---"] * len(rows[0]))
    for case in cases:
        rows.append([case, *(report.cases.get(case, report.verdict) for report in reports)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
