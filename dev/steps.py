# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a test run: side by side, a line each, the output of those that fail, and an honest count in the end."""

from __future__ import annotations

import re
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Callable

import processes
from paths import LOGS, ROOT

from airflow_server import Problem, PythonMissing

TAIL = 80
FORGIVEN = "failed (beta)"  # the verdict of a step whose failure fails no run
_printing = threading.Lock()


class Failed(Exception):
    """A step that did not pass; its output says why."""


class NotRun(Exception):
    """A step that this machine cannot run; the text is the reason."""


@dataclass
class Report:
    """What a step has to say: where its output goes, its tests, and its runner's closing lines."""

    name: str
    log: IO[str]
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    closing: list[str] = field(default_factory=list)
    cases: dict[str, str] = field(default_factory=dict)
    # What to show of a failure where the end of the log is not the telling part.
    excerpt: list[str] = field(default_factory=list)
    verdict: str = "ok"
    seconds: float = 0.0

    def run(self, command: processes.Command, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
        """Run COMMAND into the log; a status other than 0 is a failure."""
        if self.status(command, env, cwd) != 0:
            raise Failed(f"{Path(command[0]).name} did not pass")

    def status(self, command: processes.Command, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> int:
        """Run COMMAND into the log and return its status."""
        self.say("$ " + " ".join(str(part) for part in command))
        return processes.run(command, self.log, env, cwd)

    def say(self, text: str) -> None:
        self.log.write(text + "\n")
        self.log.flush()

    def text(self) -> str:
        """The log so far."""
        self.log.flush()
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")

    def matching(self, pattern: str) -> list[str]:
        """The lines of the log that match PATTERN."""
        return [line.strip() for line in self.text().splitlines() if re.search(pattern, line)]


@dataclass(frozen=True)
class Step:
    """A part of a test run that can run beside others."""

    name: str
    action: Callable[[Report], None]


def carry_out(step: Step) -> Report:
    """Run one step; whatever happens ends up in its report."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / (re.sub(r"[^\w.-]+", "-", step.name) + ".log")
    with path.open("w", encoding="utf-8") as log:
        report = Report(step.name, log)
        start = time.monotonic()
        try:
            step.action(report)
        except (NotRun, PythonMissing) as reason:
            report.verdict, report.closing = "not run", [str(reason)]
            report.skipped += 1
        except processes.Stopped:
            report.verdict = "stopped"
        except (Failed, Problem) as problem:
            report.say(str(problem))
            report.verdict = "FAILED"
        except Exception:
            report.say(traceback.format_exc())
            report.verdict = "FAILED"
        report.seconds = time.monotonic() - start
        if report.verdict == "FAILED":
            report.failed = report.failed or 1
        elif report.verdict == "ok":
            report.passed = report.passed or 1
        show(report, path)
    return report


def show(report: Report, path: Path) -> None:
    """One line for the step, its output when it did not come to a good end, and its closing lines."""
    with _printing:
        if report.verdict == "not run":
            print(f"not run: {report.name}: {report.closing[0]}", flush=True)
            return
        if report.verdict in ("FAILED", "stopped"):
            lines = report.excerpt or deque(report.text().splitlines(), maxlen=TAIL)
            print(f"----- {report.name}: from {path.relative_to(ROOT)}")
            print("\n".join(lines))
            print("-----")
        print(f"{report.verdict:<8} {report.name:<28} {report.seconds:7.1f} s", flush=True)
        for line in report.closing:
            print(f"         {line}", flush=True)


def run_all(steps: Sequence[Step], workers: int = 2) -> int:
    """Run STEPS, WORKERS at a time in the given order, print the sum, and return the exit status."""
    return summary(carry_out_all(steps, workers))


def carry_out_all(steps: Sequence[Step], workers: int) -> list[Report]:
    """Run STEPS, WORKERS at a time, and return their reports in the order of STEPS."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(carry_out, step) for step in steps]
        try:
            # A bounded wait, since an unbounded one would hold back Ctrl-C on some systems.
            while wait(futures, timeout=1).not_done:
                pass
        except KeyboardInterrupt:
            print("Interrupted: stopping what was started …", flush=True)
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop_all()
            raise
    return [future.result() for future in futures]


def summary(reports: Sequence[Report]) -> int:
    """Print the closing line, "N passed, N failed", and return the exit status."""
    passed, failed, skipped = (sum(getattr(one, key) for one in reports) for key in ("passed", "failed", "skipped"))
    broken = [report.name for report in reports if report.verdict not in ("ok", "not run", FORGIVEN)]
    if broken:
        print(f"Not passed: {', '.join(broken)}")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed and not broken else 1
