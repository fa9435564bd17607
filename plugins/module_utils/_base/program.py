# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs on the host where the module runs: started, given their input, read, and ended when they take too long."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import typing as t

from .clock import Clock

LARGEST_OUTPUT = 16 * 1024 * 1024  # bytes
LARGEST_INPUT = 4096  # bytes, which any pipe takes before somebody reads them
LAST_WAIT = 5.0  # seconds for a program to go that was killed


class Ended(t.NamedTuple):
    """What came of a program."""

    status: int
    out: str
    err: str


class TooSlow(Exception):
    """The program had not ended in time, and was killed."""


class TooMuch(Exception):
    """The program printed more than anybody can use, and was killed."""


def run(words: t.Sequence[str], environment: t.Mapping[str, str], typed: str, timeout: float, clock: Clock) -> Ended:
    """Run a program to its end; an OSError when it cannot be started.

    It has no terminal: what asks for a password reads it from standard input then, where no list of processes shows it.

    :param typed: what it finds on standard input.
    :param timeout: seconds that it may take.
    """
    # Not by run_command, which has no time limit and gives the program the terminal.
    process = subprocess.Popen(  # pylint: disable=ansible-bad-function
        words,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        return _talk(process, typed, clock.now() + timeout, clock)
    finally:
        _end(process)


def _talk(process: subprocess.Popen[bytes], typed: str, deadline: float, clock: Clock) -> Ended:
    if not (process.stdin and process.stdout and process.stderr):
        raise ValueError("The program was started without pipes.")
    # A program that has ended already, or does not want to know, is no mistake here.
    with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(typed.encode("utf-8", "surrogateescape"))
    out, err = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, err)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - clock.now()))
            if not ready:
                raise TooSlow
            for key, _events in ready:
                data = os.read(key.fd, 65536)
                key.data.extend(data)
                if not data:
                    selector.unregister(key.fileobj)
            if len(out) + len(err) > LARGEST_OUTPUT:
                raise TooMuch
    try:
        status = process.wait(max(0.1, deadline - clock.now()))
    except subprocess.TimeoutExpired:
        raise TooSlow from None
    return Ended(status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: neither the program, with all that it has started, nor open pipes."""
    if process.returncode is None:
        # Another user's program, such as one of sudo, cannot be killed, and is left alone.
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LAST_WAIT)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
