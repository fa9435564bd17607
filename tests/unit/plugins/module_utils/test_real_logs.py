# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of real servers, each of a task that ended in its own way (tests/unit/logs)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs import TaskLog
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_events import events_of, read_events
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_text import read_text

LOGS = Path(__file__).resolve().parents[2] / "logs"
EXPECTED = yaml.safe_load((LOGS / "reasons.yml").read_text(encoding="utf-8"))
FILES = sorted([*LOGS.glob("*/*.txt"), *LOGS.glob("*/*.jsonl")])
# Airflow's own words, which nobody wants to read at 3 a.m.
CHATTER = re.compile(
    r"::group::|::endgroup::|^\*\*\*|site-packages[/\\]airflow|DeprecationWarning: |is deprecated|Dependencies all met"
    r"|Filling up|Worker startup|Marking task as|\x1b|downstream tasks scheduled|Starting attempt|Failed to execute job"
    r"|Stacktrace"
)
# Logs that hold nothing but Airflow's steps, or no other report of the failure.
OF_AIRFLOW_ALONE = {"3.0.1/kills_parent", "3.1/kills_parent", "3.3/kills_parent", "2.6/listener"}


def read(file: Path, keep: int) -> TaskLog:
    lines = file.read_text(encoding="utf-8").split("\n")
    return read_text(lines, keep) if file.suffix == ".txt" else read_events(events_of(lines), keep)


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def expected(file: Path) -> str:
    reason = EXPECTED[file.stem]
    if isinstance(reason, dict):
        version = file.parent.name
        keys = (version, version.partition(".")[0], "any")
        reason = next(reason[key] for key in keys if key in reason)
    return str(reason)


def test_there_is_a_log_for_each_reason():
    assert {file.stem for file in FILES} == set(EXPECTED)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_the_reason_is_the_tasks_own(file):
    assert read(file, 10).reason == expected(file)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_the_tail_is_not_airflows_chatter(file):
    if name_of(file) not in OF_AIRFLOW_ALONE:
        assert [line for line in read(file, 200).tail.splitlines() if CHATTER.search(line)] == []


@pytest.mark.parametrize("file", [file for file in FILES if file.stem == "gone"], ids=name_of)
def test_a_log_that_cannot_be_read_says_why(file):
    assert read(file, 5).tail.startswith("The log cannot be read: ")
    assert re.search("Connection refused|does not exist", read(file, 5).tail)


@pytest.mark.parametrize("file", [file for file in FILES if file.stem == "emptied"], ids=name_of)
def test_a_log_without_a_line_is_empty(file):
    assert read(file, 5).tail == ""


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("raises", ["reading orders.csv", "ValueError: no file arrived"]),
        ("callback", ["reading orders.csv", "ValueError: no file arrived", "KeyError: 'slack_alerts'"]),
        ("mail", ["reading orders.csv", "ValueError: no file arrived"]),
        ("bash", ["loading", "psql: FATAL"]),
        ("killed", ["allocating 40 GB"]),
        ("several_lines", ["statement 3 was refused:\n", "unknown column 'pirce' in line 12"]),
        ("warns", ["line of the user 1", "line of the user 2", "ValueError: after warnings"]),
        ("coloured", ["fine so far", "RuntimeError: Database Error in model orders"]),
    ],
)
def test_the_tail_holds_the_users_lines(kind, texts):
    files = [file for file in FILES if file.stem == kind]
    assert len(files) > 2
    for file in files:
        tail = read(file, 10).tail
        assert [text for text in texts if text not in tail] == [], name_of(file)
