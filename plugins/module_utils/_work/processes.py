# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of Airflow on this host, and what of their environment overrides its configuration."""

from __future__ import annotations

import os
import typing as t


class Process(t.NamedTuple):
    """A process of Airflow, and what of its environment overrides an option: values by the names of variables."""

    number: int
    part: str
    variables: dict[str, str]


def airflow_processes(path: str, section: str, *options: str, proc: str = "/proc") -> list[Process]:
    """Return the processes of the Airflow that reads this file, as far as their environment can be read.

    :param options: the names of the option.
    """
    names = [f"AIRFLOW__{section.replace('.', '_')}__{option}".upper() for option in options]
    overriding = [f"{name}{how}" for name in names for how in ("", "_CMD", "_SECRET")]
    found = []
    for number in sorted(int(entry) for entry in os.listdir(proc) if entry.isdigit()) if os.path.isdir(proc) else ():
        part = _part(_strings(f"{proc}/{number}/cmdline"))
        pairs = [text.partition("=") for text in _strings(f"{proc}/{number}/environ")] if part else []
        environment = {key: value for key, _sign, value in pairs}
        if environment and _reads(environment, path):
            found.append(Process(number, part, {key: environment[key] for key in overriding if key in environment}))
    return found


def _strings(file: str) -> list[str]:
    """The texts of a file of /proc; none when it cannot be read, or its process has ended."""
    try:
        with open(file, "rb") as stream:
            return [text.decode(errors="replace") for text in stream.read().split(b"\0") if text]
    except OSError:
        return []


def _part(words: t.Sequence[str]) -> str:
    """What of Airflow a command line starts, such as C(webserver); empty for other programs."""
    if not words:
        return ""
    # Processes that name themselves have one text, such as "airflow scheduler -- ..." or "gunicorn: master [...]".
    title = words[0].split()
    names = [os.path.basename(word) for word in (title if len(title) > 1 else words)[:5]]
    if any(name.startswith("gunicorn") for name in names[:3]):
        return "gunicorn"
    if "airflow" not in names or not names[0].startswith(("python", "airflow")):
        return ""
    return (names[names.index("airflow") + 1 :] or ["airflow"])[0]


def _reads(environment: t.Mapping[str, str], path: str) -> bool:
    """Whether Airflow reads this file with that environment; without a home in it that is not known, and counts."""
    file = environment.get("AIRFLOW_CONFIG")
    if not file and environment.get("AIRFLOW_HOME"):
        file = os.path.join(environment["AIRFLOW_HOME"], "airflow.cfg")
    return not file or os.path.realpath(file) == os.path.realpath(path)
