# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job of ansible-runner, and everything that it lets out: output, events, logs, files, arguments of processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What modules send to syslog goes to a file instead. They inherit PYTHONPATH, where Python looks for this at start.
SYSLOG = """\
import os
import syslog


def write(*arguments):
    with open(os.environ["DAGOPS_TEST_SYSLOG"], "a", encoding="utf-8", errors="replace") as log:
        log.write(f"{arguments[-1]}\\n")


syslog.syslog = write
"""
PAUSE = 0.02  # seconds between two looks at the processes
LOOKS = 50  # at each of them: what it was forked as, and what it then runs
# Environment variables of a job, credentials too, are written there in clear by ansible-runner itself.
OF_THE_RUNNER = "command"


@dataclass(frozen=True)
class Job:
    """What a job has let out.

    :ivar places: texts by the place where they can be read.
    :ivar events: those of ansible-runner, in order.
    """

    status: int
    places: Mapping[str, str]
    events: Sequence[Mapping[str, Any]]

    def showing(self, text: str) -> set[str]:
        """The places that show TEXT."""
        return {place for place, content in self.places.items() if text in content}

    def results(self) -> Iterator[tuple[str, bool, dict[str, Any]]]:
        """The name of each task that has ended, whether it has failed, and its result."""
        for event in self.events:
            if event["event"] in ("runner_on_ok", "runner_on_failed"):
                failed = event["event"] == "runner_on_failed"
                yield event["event_data"]["task"], failed, event["event_data"]["res"]


def watched(folder: Path, playbook: Sequence[Mapping[str, Any]], *options: str, **env: str) -> Job:
    """Run a PLAYBOOK in FOLDER, with as much output as there is, and watch what it lets out."""
    project = folder / "project"
    for name in ("project", "site", "left/remote", "left/async"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (project / "play.yml").write_text(json.dumps(list(playbook)), encoding="utf-8")
    (folder / "site" / "sitecustomize.py").write_text(SYSLOG, encoding="utf-8")
    log, syslog = folder / "ansible.log", folder / "syslog"
    syslog.touch()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(folder / "site"), os.environ.get("PYTHONPATH")))),
        "DAGOPS_TEST_SYSLOG": str(syslog),
        "ANSIBLE_LOG_PATH": str(log),
        # Results hold the options of their modules. Before ansible-core 2.19 they always do.
        "ANSIBLE_INJECT_INVOCATION": "true",
        "ANSIBLE_REMOTE_TMP": str(folder / "left" / "remote"),
        "ANSIBLE_ASYNC_DIR": str(folder / "left" / "async"),
        **env,
    }
    command = [str(Path(sys.executable).parent / "ansible-runner"), "run", str(folder), "--playbook", "play.yml"]
    command += ["--ident", "job", "--cmdline=" + " ".join(("-vvvv", "--diff", *options))]
    with processes_of_others() as arguments:
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    artifacts = folder / "artifacts" / "job"
    assert artifacts.is_dir(), done.stdout
    events = [json.loads(text) for text in texts_of(sorted((artifacts / "job_events").glob("*-*.json")))]
    places = {
        "output": done.stdout,
        "events": "\n".join(texts_of(sorted((artifacts / "job_events").iterdir()))),
        "artifacts": "\n".join(texts_of(file for file in artifacts.iterdir() if file.name != OF_THE_RUNNER)),
        "log": log.read_text(encoding="utf-8"),
        "syslog": syslog.read_text(encoding="utf-8"),
        "arguments": "\n".join(sorted(arguments)),
        # What modules were given lies there while they run, and has to be gone then.
        "files": "\n".join(texts_of((folder / "left").rglob("*"))),
    }
    return Job(done.returncode, places, sorted(events, key=lambda event: event["counter"]))


def texts_of(files: Any) -> Iterator[str]:
    """The contents of those that are files."""
    return (file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())


@contextmanager
def processes_of_others() -> Iterator[set[str]]:
    """The command lines of all processes that are seen inside of this block."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        looks: Counter[str] = Counter()
        while not over.wait(PAUSE):
            for process in filter(str.isdigit, os.listdir("/proc")):
                looks[process] += 1
                if looks[process] <= LOOKS:
                    with suppress(OSError):
                        seen.add(Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace"))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
