# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real programs: their input and output, and that nothing of them stays behind."""

from __future__ import annotations

import os
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base import program
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.program import Ended, TooMuch, TooSlow

SHELL = {"PATH": "/usr/local/bin:/usr/bin:/bin", "WHO": "me"}


def run(*words: str, typed: str = "", timeout: float = 30.0) -> Ended:
    return program.run(words, SHELL, typed, timeout, Clock())


def script(code: str, *arguments: str, typed: str = "", timeout: float = 30.0) -> Ended:
    return run("sh", "-c", code, "sh", *arguments, typed=typed, timeout=timeout)


def runs(process: int) -> bool:
    """Whether it does something; whoever has inherited it may not have looked at its end yet."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return not stat.rpartition(") ")[2].startswith("Z")


def open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_stays_open() -> t.Iterator[None]:
    before = len(open_files())
    yield
    assert len(open_files()) == before


def test_status_and_output():
    assert script("echo out; echo err >&2; exit 3") == Ended(3, "out\n", "err\n")


def test_words_are_words_and_the_environment_is_what_was_given():
    assert script('echo "$1 $WHO ${HOME-none}"', "a 'b' $c;").out == "a 'b' $c; me none\n"


def test_much_output_on_both_streams():
    ended = script("head -c 300000 /dev/zero | tee /dev/stderr")
    assert (len(ended.out), len(ended.err)) == (300000, 300000)


def test_output_that_is_no_text():
    assert script(r"printf 'a\377b'").out == "a�b"


def test_what_is_typed():
    assert script('read a; read b; echo "$b-$a"', typed="pä\nss\n").out == "ss-pä\n"


@pytest.mark.parametrize("code", ["exec 0<&-; echo done", "exit 0"])
def test_a_program_that_does_not_want_its_input(code):
    assert script(code, typed="x" * 4000).status == 0


def test_what_asks_for_a_password_reads_it_from_the_input_and_no_list_of_processes_shows_it():
    code = "import getpass, sys; print(getpass.getpass(), open('/proc/self/cmdline').read())"
    out = run(sys.executable, "-W", "ignore", "-c", code, typed="s3cret\n").out
    assert out.startswith("s3cret ")
    assert out.count("s3cret") == 1


def test_a_program_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        run("/no/such/program")


@pytest.mark.parametrize(
    "code",
    [
        "sleep 600 & echo $! > {file}; wait",
        # It has ended, and what it has started holds its output open.
        "sleep 600 & echo $! > {file}",
        # It has closed its output, and goes on.
        "echo $$ > {file}; exec >&- 2>&-; exec sleep 600",
        "echo $$ > {file}; trap '' TERM INT; sleep 600",
    ],
)
def test_what_takes_too_long_is_ended_with_all_that_it_has_started(code, tmp_path: Path):
    file = tmp_path / "process"
    with pytest.raises(TooSlow):
        script(code.format(file=file), timeout=0.3)
    process = int(file.read_text(encoding="utf-8"))
    until = time.monotonic() + 5
    while runs(process) and time.monotonic() < until:
        os.sched_yield()
    assert not runs(process)


def test_output_without_end():
    with pytest.raises(TooMuch):
        run("yes")
