# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What logins have got, shared by the tasks of one ansible-playbook.

A login costs more than all that most tasks do: Airflow takes 0.1 seconds to check a password, and its form takes five
logins in 40 seconds only. Ansible runs each task in a process of its own, which is forked from the one that imports
this file. So it is kept in memory that all of them share. It is never in a file, and gone when ansible-playbook ends.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import typing as t

from ..module_utils._http.login import Passes

SIZE = 256 * 1024  # bytes: hundreds of tokens
DIGEST = hashlib.sha256().digest_size
LENGTH = 4  # bytes of the number of bytes that follow


class SharedPasses(Passes):
    """Passes by their owners, as JSON behind its length and its digest, in memory that forked processes share.

    Nobody waits for a lock, which a worker that was killed would never give back. Where two write at the same time, the
    digest tells that what is there is of no use, and the next task logs in by itself.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._memory = mmap.mmap(-1, size)
        # Of the items of a loop, which share a process; other tasks do not know it.
        self._task = ""
        self._refused: dict[str, tuple[str, int]] = {}

    def of_task(self, task: str) -> SharedPasses:
        """Return these for a task.

        :param task: what was refused is known to the task with the same word, but to none with an empty one.
        """
        if not task or task != self._task:
            self._refused = {}
        self._task = task
        return self

    def refused(self, owner: t.Sequence[str]) -> tuple[str, int] | None:
        return self._refused.get(_name(owner))

    def refuse(self, owner: t.Sequence[str], sentence: str, status: int) -> None:
        self._refused[_name(owner)] = sentence, status

    def recall(self, owner: t.Sequence[str]) -> str:
        return self._read().get(_name(owner), "")

    def keep(self, owner: t.Sequence[str], given: str) -> None:
        new = {_name(owner): given}
        # When there is no room for all of them, the new one begins anew.
        for known in ({**self._read(), **new}, new):
            data = json.dumps(known).encode()
            written = len(data).to_bytes(LENGTH, "big") + hashlib.sha256(data).digest() + data
            if len(written) <= len(self._memory):
                self._memory[: len(written)] = written
                return

    def forget(self) -> None:
        self._memory[:LENGTH] = bytes(LENGTH)
        self._refused = {}

    def _read(self) -> dict[str, str]:
        begin = LENGTH + DIGEST
        data = self._memory[begin : begin + int.from_bytes(self._memory[:LENGTH], "big")]
        if hashlib.sha256(data).digest() != self._memory[LENGTH:begin]:
            return {}
        found: dict[str, str] = json.loads(data)
        return found


def _name(owner: t.Sequence[str]) -> str:
    """Name an owner without its password."""
    return hashlib.sha256(json.dumps(owner).encode()).hexdigest()


SHARED = SharedPasses()
