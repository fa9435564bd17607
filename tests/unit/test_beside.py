# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs sessions beside each other counts what their logs say, and never takes a failure for a success."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dev"), str(ROOT / "tests" / "airflow")]

import beside

TARGETS = "TARGET ok pool: ok=3 failed=0\nTARGET FAILED variable (ordinary): ok=2 failed=1\n"
ENDING = "=========== 1 failed, 2 passed, 3 skipped, 1 xfailed in 4.20s ===========\n"
SANITY = 'Running sanity test "pep8"\nRunning sanity test "import"\nSkipping sanity test "import" on Python 3.14\n'


def counted(passed: int = 0, failed: int = 0, skipped: int = 0) -> dict:
    return {"passed": passed, "failed": failed, "skipped": skipped}


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (TARGETS, counted(1, 1)),
        (ENDING, counted(2, 1, 4)),
        (TARGETS + ENDING + ENDING, counted(5, 3, 8)),
        (SANITY, counted(2, 0, 1)),
        (SANITY + "ERROR: The 1 sanity test(s) listed below (out of 2) failed.\n", counted(1, 1, 1)),
        ("all done\n", counted()),
        (TARGETS + f"nox > Airflow 3.4.0b2 {beside.FORGIVEN}\n", counted(1, 0)),
    ],
)
def test_tests_are_counted_from_the_log(said, counts):
    assert beside.count(said)[0] == counts


def test_closing_lines_are_those_of_the_runners():
    said = f"{TARGETS}noise\n{ENDING}SKIPPED [1] tests/a.py:3: no Chromium\n"
    assert beside.count(said)[1] == [
        "pool: ok=3 failed=0",
        "FAILED variable (ordinary): ok=2 failed=1",
        ENDING.strip(),
        "not run: SKIPPED [1] tests/a.py:3: no Chromium",
    ]


@pytest.mark.parametrize("said", ["", ENDING.replace("1 failed, ", ""), "nox > Session one skipped: no Python\n"])
def test_a_session_that_ends_with_a_status_has_failed(said, capsys):
    assert beside.show("one", 1, said, 1.0)["failed"] == 1
    assert "FAILED   one" in capsys.readouterr().out


def test_a_session_without_counts_is_one_that_passed(capsys):
    assert beside.show("one", 0, "Success: no issues\n", 1.0) == counted(1)
    assert capsys.readouterr().out == "ok       one                              1.0 s\n"


def test_a_session_without_its_python_is_named_and_skipped(capsys):
    said = "nox > Session one skipped: Python interpreter 3.14 not found.\n"
    assert beside.show("one", 0, said, 1.0) == counted(skipped=1)
    assert capsys.readouterr().out == "not run: one: Python interpreter 3.14 not found.\n"


def test_all_that_a_session_with_many_parts_tells_of_its_failures_is_shown(capsys):
    told = [f"why {number}" for number in range(200)]
    beside.show("one", 1, "\n".join(["before", "nox > Session one aborted: status 1", *told, "end"]), 1.0)
    out = capsys.readouterr().out
    assert all(f"{line}\n" in out for line in told)
    assert "before" not in out


def test_errors_that_stand_before_the_end_of_a_log_are_shown(capsys):
    said = ["before", "ERROR: a.py:3: wrong", *(f"installed {number}" for number in range(200)), "end"]
    beside.show("one", 1, "\n".join(said), 1.0)
    out = capsys.readouterr().out
    assert "ERROR: a.py:3: wrong\ninstalled 1" in out
    assert "before" not in out
