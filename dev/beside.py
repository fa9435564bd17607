# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run sessions of nox beside each other: a line each, the output of those that fail, and an honest count in the end.

The arguments are names of sessions and tags; the Python that runs this has nox.

nox can do that itself (--parallel), but then shows all that each session says, and after an interrupt kills everything
two seconds later, which leaves Airflow servers behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
NOX = (sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"))
LOGS = CACHE / "logs"
# Those of antsibull-nox, which have no tags: the slow ones first.
LINT = ("ansible-lint", "docs-check", "extra-checks", "license-check", "yamllint", "codeqa", "formatters")
# Of the sessions, those with a server wait most of their time.
WORKERS = max(4, os.cpu_count() or 1)
TAIL = 80
# Seconds that a session has to stop its server.
PATIENCE = 60
PYTEST = re.compile(r"^=+ .*\b(?:passed|failed|errors?|skipped|no tests ran)\b.* in .*=+$", re.MULTILINE)
TARGET = re.compile(r"^TARGET (ok|FAILED) (.*)$", re.MULTILINE)
# What a session of the matrix says of a beta.
FORGIVEN = "is a beta, so this fails nothing."
COUNTS = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped", "xfailed": "skipped"}


def run(wanted: Sequence[str]) -> int:
    """Run the sessions that are WANTED, by name or by tag, print the sum, and return the exit status."""
    alone()
    names = chosen(wanted)
    reports = asyncio.run(together(names))
    broken = [name for name, (status, _counts) in zip(names, reports) if status != 0]
    passed, failed, skipped = (
        sum(counts[key] for _status, counts in reports) for key in ("passed", "failed", "skipped")
    )
    if broken:
        print(f"Not passed: {', '.join(broken)}")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if broken or failed else 0


def alone() -> None:
    """Fail if another such run goes on: two in one checkout would take each other's copies and logs."""
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        # Held until this process ends.
        fcntl.flock(os.open(CACHE / "beside.lock", os.O_CREAT | os.O_WRONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("Another such run is going on in this checkout: wait until it has ended, or stop it.")


def chosen(wanted: Sequence[str]) -> list[str]:
    """The names of the sessions that WANTED names, or that have such a tag, in the order of the noxfile."""
    # With a word that none has: nox would list those alone that it runs by itself.
    every = [*NOX, "--list", "--json", "--keywords", "not nothing"]
    done = subprocess.run(every, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        sys.exit("nox cannot read noxfile.py: see above.")
    found = {one["session"]: one["tags"] for one in json.loads(done.stdout)}
    tags = {tag for tags in found.values() for tag in tags}
    # antsibull-nox has a session that is named as one of our tags.
    names = [name for name in found if {name, *found[name]} & set(wanted) and name not in tags]
    if "lint" in wanted:
        names += LINT
    unknown = set(wanted) - tags - set(found)
    if unknown:
        sys.exit(f"There is no session and no tag {', '.join(sorted(unknown))}: `nox --list` shows them.")
    return names


async def together(names: Sequence[str]) -> list[tuple[int, dict[str, int]]]:
    """Run the sessions, so many at a time. An interrupt or a polite kill ends them in order."""
    places = asyncio.Semaphore(WORKERS)
    work = asyncio.gather(*(session(name, places) for name in names))
    signals, loop = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP), asyncio.get_running_loop()

    def interrupt() -> None:
        # A second one does not keep the sessions from stopping their servers.
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        print("Interrupted: stopping what was started …", flush=True)
        work.cancel()

    for number in signals:
        loop.add_signal_handler(number, interrupt)
    return await work


async def session(name: str, places: asyncio.Semaphore) -> tuple[int, dict[str, int]]:
    """Run one session into a log, show how it ended, and return its status and its counts."""
    log = LOGS / f"{name}.log"
    # In CI, antsibull-nox does not mend what its formatters find.
    env = {**os.environ, "CI": "true", "NO_COLOR": "1", "DAGOPS_BESIDE": "true"}
    async with places:
        start = time.monotonic()
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(*NOX, "--session", name),
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await end(process)
            raise
    return status, show(name, status, log.read_text(encoding="utf-8", errors="replace"), time.monotonic() - start)


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask a session to end, wait until it has stopped its server, and insist in the end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)


def show(name: str, status: int, said: str, seconds: float) -> dict[str, int]:
    """Print a line for the session, its output when it failed, and its closing lines; return its counts."""
    skipped = re.search(rf"^nox > Session {re.escape(name)} skipped: (.*)$", said, re.MULTILINE)
    counts, closing = count(said)
    if skipped and status == 0:
        print(f"not run: {name}: {skipped.group(1)}", flush=True)
        return {**counts, "skipped": 1}
    if status != 0:
        lines = said.splitlines()
        # What a session with many parts tells of its failures may be longer.
        told = [number for number, line in enumerate(lines) if line.startswith(f"nox > Session {name} ")]
        print(f"----- {name}: from .cache/logs/{name}.log")
        begin = min([max(len(lines) - TAIL, 0), *told[-1:]])
        # ansible-test says what is wrong before it installs what it needs for further tests.
        print("\n".join([*(line for line in lines[:begin] if line.startswith("ERROR: ")), *lines[begin:]]))
        print("-----")
        counts["failed"] = counts["failed"] or 1
    elif not any(counts.values()):
        counts["passed"] = 1
    print(f"{'FAILED' if status else 'ok':<8} {name:<28} {seconds:7.1f} s", flush=True)
    for line in closing:
        print(f"         {line}", flush=True)
    return counts


def count(said: str) -> tuple[dict[str, int], list[str]]:
    """How many tests passed, failed and were skipped, and the closing lines of their runners."""
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    targets, endings = TARGET.findall(said), PYTEST.findall(said)
    for ended, _target in targets:
        counts["passed" if ended == "ok" else "failed"] += 1
    for number, word in re.findall(r"(\d+) (passed|failed|error|skipped|xfailed)", " ".join(endings)):
        counts[COUNTS[word]] += int(number)
    if FORGIVEN in said:
        counts["failed"] = 0
    closing = [f"{'' if ended == 'ok' else 'FAILED '}{words}" for ended, words in targets] + endings
    closing += re.findall(r"^Required test coverage of .*$", said, re.MULTILINE)
    ran = len(re.findall(r"^Running sanity test", said, re.MULTILINE))
    if ran:
        failures = re.search(r"The (\d+) sanity test\(s\) listed below", said)
        missing = re.findall(r'Skipping sanity test "[\w.-]+" (.*)', said)
        counts["failed"] += int(failures.group(1)) if failures else 0
        counts["passed"] += ran - counts["failed"]
        counts["skipped"] += len(missing)
        closing.append(f"{ran} sanity tests ran, {counts['failed']} failed, {len(missing)} skipped")
        # The same Python is missing for many tests.
        closing += [f"not run: sanity {reason}" for reason in dict.fromkeys(missing)]
    # A session with many parts tells some of them twice.
    skips = dict.fromkeys(re.findall(r"^SKIPPED \[\d+\] .*$", said, re.MULTILINE))
    return counts, closing + [f"not run: {line}" for line in skips]


if __name__ == "__main__":
    try:
        sys.exit(run(sys.argv[1:]))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
