# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command C(airflow) on the host where the module runs, asked in the place of a server.

What it prints stands among log lines and warnings, on either stream, and differs from version to version. So only its
status counts, lists as JSON, and of an error the last line that is no warning.
"""

from __future__ import annotations

import json
import re
import typing as t

from .._base.clock import Clock
from .._base.errors import CommandFailed
from .._base.program import Ended, TooMuch, TooSlow, run
from .._base.text import one_line
from .airflow import Family, Object, T

UNKNOWN = " Whether it has done its work is not known; repeating the task does no harm."
LONGEST_NAME = 100  # characters of a word of the command that a message shows
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Lines that give no reason: those that go on from the one before, warnings, what is logged, and advice of SQLAlchemy.
_NO_REASON = re.compile(r"^\s|Warning\b|\bWARNING\b|\bINFO\b|\[(warning|info|debug)\s*\]|^\(Background on")
# What stands before an @ in a URL, such as that of the database.
_IN_URL = re.compile(r"(?<=://).*@")

Environment = t.Mapping[str, str]
Program = t.Callable[[t.Sequence[str], Environment, str, float, Clock], Ended]


class CommandLine:
    """An Airflow that is reached by its command.

    :param family: the one family that is asked by the command.
    :param words: the command, such as C([docker, exec, -i, webserver, airflow]).
    :param timeout: seconds that one call may take.
    :param program: runs a program.
    """

    def __init__(
        self,
        family: type[Family],
        words: t.Sequence[str],
        environment: Environment,
        timeout: float,
        clock: Clock | None = None,
        program: Program = run,
    ) -> None:
        self._family = family
        self._words = list(words)
        self._environment = environment
        self._timeout = timeout
        self._clock = clock or Clock()
        self._program = program
        self._asked: t.Any = None

    def ask(self, family: type[T]) -> T:
        """Return the family."""
        if not issubclass(self._family, family):
            raise TypeError(f"The command airflow is asked for {family.__name__}, which it does not have.")
        # One for all who ask, since what it has read is not read again.
        self._asked = self._asked or t.cast(t.Any, self._family)(self)
        return t.cast(T, self._asked)

    def close(self) -> None:
        """Nothing is open between two calls."""

    def listed(self, *arguments: str) -> list[Object]:
        """Return the list of objects that a call prints as JSON."""
        ended = self._call([*arguments, "-o", "json"])
        for line in reversed(ended.out.splitlines()):
            found = _list_of(line.strip())
            if found is not None:
                return found
        raise CommandFailed(
            f"{self._named(arguments)} printed no list as JSON; run it with -o json on that host to see what it "
            "prints, and correct airflow_command.",
            ended.out + ended.err,
        )

    def do(self, *arguments: str, typed: str = "") -> str:
        """Do something, and return what was printed.

        :param typed: what is typed when it asks. It is secret, and what is printed then may have it in some form.
        """
        return self._call(arguments, typed, UNKNOWN).out

    def _call(self, arguments: t.Sequence[str], typed: str = "", stopped: str = "") -> Ended:
        """Call the command and return what it printed.

        :param stopped: what is said as well when it was stopped before its end.
        """
        called = self._named(arguments)
        first = one_line(self._words[0], LONGEST_NAME)
        try:
            ended = self._program([*self._words, *arguments], self._environment, typed, self._timeout, self._clock)
        except TooSlow:
            raise CommandFailed(
                f"{called} had not ended after {self._timeout:g} s (command_timeout) and was stopped; look what it "
                f"waits for on that host, such as the database.{stopped}"
            ) from None
        except TooMuch:
            raise CommandFailed(
                f"{called} prints without end and was stopped; correct airflow_command.{stopped}"
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CommandFailed(
                f"{first} cannot be started: {one_line(reason).rstrip('.')}; correct airflow_command, or let the task "
                "become a user who may run it."
            ) from error
        if ended.status:
            raise self._failed(called, ended, bool(typed))
        return ended

    def _failed(self, called: str, ended: Ended, secret: bool) -> CommandFailed:
        reason = "what it printed is not shown, since it may hold the password" if secret else _reason(ended)
        return CommandFailed(
            f"{called} ended with status {ended.status}: {reason}; see to airflow_command, airflow_home and the user "
            "that the task becomes.",
            ended.out + ended.err,
        )

    def _named(self, arguments: t.Sequence[str]) -> str:
        """How messages call it, such as C(airflow users create); what stands before and after it may be secret."""
        return " ".join([one_line(self._words[-1], LONGEST_NAME), *arguments[:2]])


def _list_of(line: str) -> list[Object] | None:
    """Return the list of objects that this line is; log lines begin with a bracket as well."""
    if not line.startswith("[") or not line.endswith("]"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if all(isinstance(item, dict) for item in found) else None


def _reason(ended: Ended) -> str:
    """Return the line that says why, or as much as can be said."""
    for text in (ended.err, ended.out):
        lines = [line for line in _COLOURS.sub("", text).splitlines() if line.strip() and not _NO_REASON.search(line)]
        if lines:
            return one_line(_without_secrets(lines[-1])).rstrip(".;")
    return "it gave no reason"


def _without_secrets(text: str) -> str:
    return _IN_URL.sub("********@", text)
