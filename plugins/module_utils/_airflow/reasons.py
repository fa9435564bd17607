# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a task failed, in one line: its exception with what belongs to it, or the way in which its process ended."""

from __future__ import annotations

import re
import signal
import typing as t

from .._base.text import first_few, one_line

LONGEST_REASON = 200  # characters
LONGEST_PART = 2000  # characters of an exception's text that are held in memory
MOST_LEAVES = 100  # exceptions of a group that are held in memory

_MODULE = re.compile(r"^(?:(?:[^\W\d]\w*|<locals>)\.)+(?=[^\W\d]\w*(?::|$))")
_COUNT = re.compile(r" \(\d+ sub-exceptions?\)$")
_COMMAND = re.compile(r"Command '(?P<command>.*)' (?=returned non-zero exit status|died with)", re.DOTALL)
_EXIT_STATUS = re.compile(r"non-zero exit (?:status|code) -?\d+\.?$|died with <Signals\.\w+: \d+>\.?$")
_OF_TRIGGER = re.compile(r"\bTaskDeferralError: (?:Trigger failure|TriggerFailureReason\.\w+|Unknown)\.?$")
_TASK_TIMEOUT = re.compile(r"(?<=^AirflowTaskTimeout: )Timeout, PID: \d+$")
_CONSEQUENCE = re.compile(r"\. Dependent tasks will be failed.*", re.DOTALL)
_RETURN_CODE = re.compile(r"Task exited with return code (?:Negsignal\.)?(?P<code>[\w-]+)")


# From the best to the least: why Airflow stopped the task, since what it raises then follows from that; what it raised
# by itself; how its process ended; what was logged.
STOPPED, OWN, SECOND, END, EXCEPTION, ERROR, LAST = range(7)


class Reasons:
    """The reasons that a log gives, of which the best counts.

    Of the same rank the last one counts; only of what ended a process the first, since the others follow from it.

    :param clean: takes the secrets out of what is shown.
    """

    def __init__(self, clean: t.Callable[[str], str] = str) -> None:
        self._clean = clean
        self._found: dict[int, str] = {}
        self._of_trigger = ""
        self._before_parsing: dict[int, str] = {}

    def add(self, rank: int, reason: str) -> None:
        """Take a reason; an empty one is none."""
        if rank == STOPPED and OWN in self._found:
            rank = END
        if reason.strip() and not (rank in (STOPPED, END) and rank in self._found):
            self._found[rank] = one_line(self._clean(reason), LONGEST_REASON)

    def add_of_trigger(self, chain: str, text: str) -> None:
        """Take why the trigger failed that the task waited for; the task's own error says only that it did.

        :param chain: what it has raised, as C(of_chain) tells it; an empty text: nothing.
        :param text: what was logged of it.
        """
        self._of_trigger = chain or self._of_trigger or _CONSEQUENCE.sub("", text)

    def begin_parsing(self) -> None:
        """Note that the task's file is read from here on."""
        self._before_parsing = dict(self._found)

    def end_parsing(self) -> None:
        """Forget what was logged while the file was read: it is about any DAG of it, and the task runs nevertheless."""
        self._found = self._before_parsing

    def of_chain(self, problems: t.Sequence[Problem], output: str = "") -> str:
        """Return the reason that a chain of exceptions gives, without secrets.

        :param problems: the one that ended the task first, then what it came from.
        :param output: the last line that the task had printed; it stands for what a command said that failed.
        """
        if not problems:
            return ""
        if self._of_trigger and _OF_TRIGGER.search(problems[0].text.strip()):
            return self._of_trigger
        return _reason_of_chain(problems, output, self._clean)

    def knows(self, rank: int) -> bool:
        """Whether there is a reason of this rank."""
        return rank in self._found

    def best(self) -> str:
        """The best reason, or an empty text."""
        return self._found[min(self._found)] if self._found else ""


class Problem(t.NamedTuple):
    """An exception: its line as Python writes it, of a group what it holds, and the exceptions before it in the chain.

    :param is_cause: of the one that follows in the chain (C(raise … from …)); else that one came while it was handled.
    """

    text: str
    leaves: tuple[str, ...] = ()
    is_cause: bool = False


def _reason_of_chain(problems: t.Sequence[Problem], output: str, clean: t.Callable[[str], str]) -> str:
    reason = _sentence(problems[0], clean)
    if output.strip() and _EXIT_STATUS.search(_sentence(problems[0], str)):
        return f"{reason.rstrip('.')}: {one_line(clean(output))}"
    cause = _sentence(problems[1], clean) if len(problems) > 1 and problems[1].is_cause else ""
    # Libraries wrap each other's errors and keep the text.
    told = cause.partition(": ")[2] or cause
    return f"{reason} (caused by {cause})" if cause and told not in reason else reason


def _sentence(problem: Problem, clean: t.Callable[[str], str]) -> str:
    # Secrets go before anything is cut, and after Airflow's and Python's words were recognized.
    text = _MODULE.sub("", problem.text.strip())
    text = _TASK_TIMEOUT.sub("it ran longer than its execution_timeout", text)
    text = _COMMAND.sub(lambda found: f"Command '{one_line(clean(found['command']), 40)}' ", text)
    if not problem.leaves:
        return one_line(clean(text), LONGEST_PART)
    text = one_line(clean(_COUNT.sub("", text)), LONGEST_PART)
    leaves = [one_line(clean(_MODULE.sub("", leaf.strip())), LONGEST_REASON) for leaf in problem.leaves]
    return f"{text} ({first_few(leaves, '; ')})"


def reason_of_return_code(text: str) -> str:
    """Return what Airflow 2 says of the end of a process, with the name of the signal; nothing for a good end."""
    found = _RETURN_CODE.match(text)
    code = found["code"] if found else "0"
    return f"Task exited with return code {_with_signal(code)}" if code != "0" else ""


def _with_signal(code: str) -> str:
    try:
        killed_by = signal.Signals[code] if code.startswith("SIG") else signal.Signals(-int(code))
    except (KeyError, ValueError):
        return code
    return f"{-killed_by.value} ({killed_by.name})"
