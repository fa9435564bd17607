# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a terminal in the README, drawn by rich from what a playbook has said on a real server."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nox
import servers
from program import status_of
from workshop import ROOT, TOOLS, newest, venvs

from airflow_server import Problem, Server

SOURCES = Path(__file__).parent
PICTURE = ROOT / "docs" / "images" / "failed_run.svg"
# Runs in the venv of the documentation's tools, which has rich.
DRAWING = """
import io, sys
from rich.console import Console
from rich.text import Text
console = Console(file=io.StringIO(), record=True, width=120, force_terminal=True)
console.print(Text.from_ansi(sys.stdin.read()))
print(console.export_svg(title="ansible-playbook run.yml", unique_id="run"))
"""


def draw(session: nox.Session) -> None:
    """Draw the picture of a terminal in the README anew, from the run of a DAG of which a task fails."""
    with Server("3.3", dags=SOURCES / "dags") as airflow:
        airflow.wait_for_dags(["etl_daily"])
        env = {**servers.play_env(session, airflow), "ANSIBLE_FORCE_COLOR": "true"}
        said = status_of(session, ["ansible-playbook", SOURCES / "run.yml"], env)[1]
        said = said.replace(airflow.url, "https://airflow.example.com")
    if "user 42 has no email address" not in said:
        raise Problem("The run for the picture did not fail as it should.")
    python = venvs("docs", {"docs": newest(*TOOLS)})["docs"]
    drawn = subprocess.run([python, "-c", DRAWING], input=shortened(said), capture_output=True, text=True, check=True)
    # Fonts of a site that a page with the picture may not ask: the system's own do as well.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", drawn.stdout, flags=re.DOTALL)
    PICTURE.write_text(svg, encoding="utf-8")
    session.log(f"Written: {PICTURE.relative_to(ROOT)}")


def shortened(said: str) -> str:
    """Leave out where the task stands in its file, and the whole result, which takes two screens."""
    whole = r"Origin:.*?(fatal: [^\n]* =>).*?(?=\n\nTASK)"
    return re.sub(whole, "\\1 …\x1b[0m", said.strip(), count=1, flags=re.DOTALL)
