# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command and look whether a secret stands in the process list meanwhile.

Usage: python watch.py FILE COMMAND ARGUMENT… with the secret in FILE, as JSON {"airflow_password": "…"}.
It prints how often it looked, and the processes that showed the secret.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path


def shown(secret: bytes) -> set[str]:
    """The beginnings of command lines that hold the secret."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        if secret in words:
            found.add(words.replace(secret, b"SECRET").replace(b"\0", b" ").decode(errors="replace")[:200])
    return found


def main() -> int:
    secret = json.loads(Path(sys.argv[1]).read_text())["airflow_password"].encode()
    looks = 0
    seen: set[str] = set()
    # Output goes to the standard error, so that the standard output is JSON.
    process = subprocess.Popen(sys.argv[2:], stdout=sys.stderr)
    while process.poll() is None:
        seen |= shown(secret)
        looks += 1
        time.sleep(0.05)
    print(json.dumps({"status": process.returncode, "looks": looks, "seen": sorted(seen)}))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
