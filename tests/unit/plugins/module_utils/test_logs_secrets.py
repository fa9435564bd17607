# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in logs: what is shown holds none, and what is read does not depend on them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs import TaskLog
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_events import events_of, read_events
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.logs_text import read_text
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import Redactor

LOGS = Path(__file__).resolve().parents[2] / "logs"
FILES = sorted([*LOGS.glob("*/*.txt"), *LOGS.glob("*/*.jsonl")])
RECORD = "[2026-11-22T10:00:00.0+0000] {x.py:1}"
OWN = "[2026-11-22T10:00:00.0+0000] {taskinstance.py:1} ERROR - Task failed with exception"
TRACEBACK = "Traceback (most recent call last):"


def read(file: Path, secrets: t.Iterable[str]) -> TaskLog:
    lines = file.read_text(encoding="utf-8").split("\n")
    redact = Redactor(secrets)
    return read_text(lines, 500, redact) if file.suffix == ".txt" else read_events(events_of(lines), 500, redact)


# Words of Airflow's records and of its JSON, some of which are passwords of test servers.
PASSWORDS = ["airflow", "task", "event", "error", "ERROR", "exc_value", "exit", "1", "2026", "Traceback", "info"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_log_is_read_alike_whatever_the_password_is(file):
    plain = read(file, [])
    for password in PASSWORDS:
        redact = Redactor([password])
        masked = read(file, [password])
        # Of what is cut there is more or less with masks.
        if "…" not in plain.reason + masked.reason:
            assert masked.reason == redact(plain.reason)
        assert bool(masked.reason) == bool(plain.reason)
        if max(map(len, plain.tail.splitlines()), default=0) < 1000:
            assert [line[:1000] for line in redact(plain.tail).splitlines()] == masked.tail.splitlines()


def event(text: str, **keys: t.Any) -> dict[str, t.Any]:
    return {"event": text, "level": "error", "logger": "dags.etl", **keys}


def failure(value: str, **keys: t.Any) -> dict[str, t.Any]:
    detail = {"exc_type": "ValueError", "exc_value": value, "frames": [], **keys}
    return {"event": "Task failed with exception", "level": "error", "logger": "task", "error_detail": [detail]}


LONG = "Zq" * 400
FRAME = {"filename": "/opt/Zq-secret-Zq/etl.py", "lineno": 1, "name": "load"}
SHOWN: list[tuple[str, list[t.Any]]] = [
    ("Zq-secret-Zq", [failure("got Zq-secret-Zq")]),
    ("Zq-secret-Zq", [event("x", **{"Zq-secret-Zq": "value"})]),
    ("Zq-secret-Zq", [event("x", key="Zq-secret-Zq")]),
    ("Zq-secret-Zq", [event("x", key={"Zq-secret-Zq": ["Zq-secret-Zq"]})]),
    ("Zq-secret-Zq", [failure("x", frames=[FRAME])]),
    ("Zq-secret-Zq", [failure("x", exc_notes=["Zq-secret-Zq"])]),
    ("Zq-secret-Zq", [failure("x", exceptions=[[{"exc_type": "E", "exc_value": "Zq-secret-Zq"}]])]),
    ("Zq-secret-Zq", [event("Task exited", logger="task", exit_code="Zq-secret-Zq")]),
    # Across fields.
    ("user=Zq secret", [event("login", user="Zq secret")]),
    ("ValueError: Zq", [failure("Zq")]),
    # Across lines.
    ("Zq one\nZq two\n", [failure("got Zq one\nZq two")]),
    ("Zq one\nZq two", [event("x", key="Zq one\nZq two")]),
    ("Zq  one\n\n\tZq two", [failure("got Zq  one\n\n\tZq two")]),
    ("Zq  one\n\n\tZq two", [event("Zq  one", logger="task.stdout"), event("\tZq two", logger="task.stdout")]),
    ("Zq1\nZq2", [failure("got Zq1\nZq2")]),
    ("Zq-secret-Zq\n", [event("x Zq-secret-Zq")]),
    # Where something is cut.
    (LONG, [failure("x" * 150 + LONG)]),
    (LONG, [event("x" * 900 + LONG)]),
    (LONG, [event("x", key="x" * 250 + LONG)]),
    (LONG, [event(" ".join([LONG] * 4))]),
    (LONG, [failure(" ".join([LONG] * 4))]),
    (LONG, [failure(f"Command 'psql {LONG}' returned non-zero exit status 4.")]),
    (LONG, [event("x" * 200 + LONG, logger="task.stdout"), failure("x returned non-zero exit status 4.")]),
    # With what steers a terminal.
    ("Zq-secret-Zq", [failure("\x1b[31mZq-se\x1b[0mcret-Zq")]),
    ("Zq-\x1b[31msecret-Zq", [failure("Zq-\x1b[31msecret-Zq")]),
    # In a line that is no JSON.
    ('Zq"secret', ['{"event": "Zq\\"secret', 'x Zq"secret']),
    ("Zq-secret-Zq", [{"event": "{x.py:1} ERROR - Zq-secret-Zq"}]),
    ("Zq-secret-Zq", [["Zq-secret-Zq"], {"Zq-secret-Zq": 1}]),
    ("Zq-secret-Zq", [{"event": {"Zq-secret-Zq": "Zq-secret-Zq"}, "level": "error"}]),
    (
        "Zq-secret-Zq",
        [
            {"event": "::group::Log message source details", "sources": ["no s3://Zq-secret-Zq"]},
            {"event": "::endgroup::"},
        ],
    ),
]


@pytest.mark.parametrize(("secret", "events"), SHOWN)
def test_no_secret_of_an_event_is_shown(secret, events):
    lines = [item if isinstance(item, str) else json.dumps(item) for item in events]
    log = read_events(events_of(lines), 20, Redactor([secret]))
    assert "Zq" not in log.tail + log.reason
    assert "****" in log.tail + log.reason or secret == LONG


TEXTS: list[tuple[str, list[str]]] = [
    ("Zq-secret-Zq", [OWN, TRACEBACK, '  File "/opt/Zq-secret-Zq/etl.py", line 1, in load', "E: Zq-secret-Zq"]),
    ("E: Zq", [OWN, TRACEBACK, "E: Zq"]),
    ("Zq one\nZq two", [OWN, TRACEBACK, "E: Zq one", "Zq two"]),
    ("Zq1\nZq2", [OWN, TRACEBACK, "E: Zq1", "Zq2"]),
    ("Zq first\nZq second", [f"{RECORD} INFO - Zq first", f"{RECORD} INFO - Zq second"]),
    ("Zq  one two", [f"{RECORD} ERROR - Zq  one two"]),
    ("Zq\tone two", [OWN, TRACEBACK, "E: Zq\tone two"]),
    (LONG, [f"{RECORD} ERROR - {'x' * 150}{LONG}"]),
    (LONG, [f"{RECORD} ERROR - {' '.join([LONG] * 4)}"]),
    (LONG, [OWN, TRACEBACK, f"E: {' '.join([LONG] * 4)}"]),
    (LONG, [OWN, TRACEBACK, "E: x", *[LONG] * 4]),
    ("Zq-secret-Zq", ["*** Could not read Zq-secret-Zq"]),
]


@pytest.mark.parametrize(("secret", "lines"), TEXTS)
def test_no_secret_of_a_line_is_shown(secret, lines):
    log = read_text(lines, 20, Redactor([secret]))
    assert "Zq" not in log.tail + log.reason
    assert "****" in log.tail + log.reason


def test_a_mask_of_a_command_does_not_hide_its_end():
    """What it had printed is added whatever the password is."""
    lines = ["[2026-11-22T10:00:00.0+0000] {subprocess.py:1} INFO - no such table", OWN, TRACEBACK]
    log = read_text([*lines, "E: The command returned a non-zero exit code 2."], 20, Redactor(["exit"]))
    assert log.reason == "E: The command returned a non-zero ******** code 2: no such table"
