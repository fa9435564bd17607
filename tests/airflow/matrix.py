# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core of the integration tests on every supported Airflow, and the document that shows what each can do."""

from __future__ import annotations

import re

import nox
import servers
from beside import LOGS
from workshop import ROOT

from airflow_server import VERSIONS, Problem

DOCUMENT = ROOT / "docs" / "compatibility.md"
# What every Airflow has to do: the integration target, and what it shows in the words of a reader.
CORE = {
    "connection": "finds out the version; tells a wrong prefix, API version or address",
    "info": "version and health; waits until healthy",
    "dag_paused": "pause and unpause DAGs by id, pattern and tag",
    "dag_run_trigger": "trigger, wait, adopt a run by its id",
    "dag_run_dates": "logical dates, data intervals, run_after",
    "dag_run_failed": "failed tasks with the end of their logs",
    "dag_run_states": "clear, cancel, mark and delete runs; note",
    "dag_run_bad_input": "bad input is refused in one sentence",
    "task_info": "task instances, filters, mapped tasks",
    "connections": "connections to other systems, and their secrets",
    "variable": "variables, and those that are secret",
    "pool": "pools and their slots",
}


def on(session: nox.Session, name: str) -> None:
    """Run the core on an Airflow, both ways. On a beta it fails nothing."""
    try:
        servers.on_server(session, name, servers.both_ways(tuple(CORE)))
    except Problem as problem:
        if not VERSIONS[name].is_beta:
            raise
        session.warn(f"{problem}\nAirflow {VERSIONS[name].airflow} is a beta, so this fails nothing.")


def compatibility(session: nox.Session) -> None:
    """Write the table of docs/compatibility.md anew, from the logs that `make test-matrix` has left."""
    logs = {name: LOGS / f"matrix-{name}.log" for name in VERSIONS}
    missing = [name for name, log in logs.items() if not log.is_file()]
    if missing:
        raise Problem(f"There is no log of Airflow {', '.join(missing)}: run `make test-matrix`.")
    said = [log.read_text(encoding="utf-8", errors="replace") for log in logs.values()]
    rows = [["", *(f"{row.airflow} ({row.auth_manager})" for row in VERSIONS.values())]]
    rows.append(["---"] * len(rows[0]))
    for target, words in CORE.items():
        rows.append([f"{words} (`{target}`)", *(ending(target, text) for text in said)])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    head = DOCUMENT.read_text(encoding="utf-8").partition("\n|")[0]
    DOCUMENT.write_text(f"{head}\n{table}", encoding="utf-8")
    session.log(f"Written: {DOCUMENT.relative_to(ROOT)}")


def ending(target: str, said: str) -> str:
    """How a target ended on a server, whose log is given."""
    endings = re.findall(rf"^TARGET (ok|FAILED) {target}\b", said, re.MULTILINE)
    return "FAILED" if "FAILED" in endings else "ok" if endings else "not run"
