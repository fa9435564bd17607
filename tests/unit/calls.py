# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command C(airflow) as a list of exact calls, with what real ones print around their answer."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.dagops.airflow.plugins.module_utils._airflow.access_command import AccessByCommand
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.command import CommandLine
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.program import Ended
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, parameters

WORDS = ["sudo", "-u", "airflow", "/opt/bin/airflow"]
READS = [("users", "list"), ("roles", "list")]
PROMPTS = "Warning: Password input may be echoed.\nPassword:\nRepeat for confirmation:"
# What stands before the answer on standard output and on standard error, as these versions print it.
NOISE: dict[str, tuple[str, str]] = {
    "2.3": (
        "[\x1b[34m2026-11-28 01:44:00,595\x1b[0m] {\x1b[34mmanager.py:\x1b[0m213} INFO\x1b[0m - Added user x\x1b[0m",
        "/opt/lib/airflow/www/app.py:111 DeprecationWarning: 'app.json_encoder' is deprecated.",
    ),
    "2.11": (
        "[2026-11-28T01:39:02.560+0000] {plugins.py:37} INFO - setup plugin alembic.autogenerate.schemas",
        "/opt/lib/airflow/triggers/base.py:27 RemovedInAirflow3Warning: Timer and timing metrics publish in seconds",
    ),
    "3.3": (
        "2026-11-28T01:49:00.710914Z [warning  ] Using `httpx` is deprecated [py.warnings] lineno=1\n"
        "2026-11-28T01:49:27.496787Z [info     ] Updated user De Ploy [airflow.providers.fab] loc=override.py:1684",
        "",
    ),
}


class Call(t.NamedTuple):
    arguments: tuple[str, ...]
    typed: str
    ended: Ended


class Script:
    """The calls that have to come, in this order, and no others."""

    def __init__(self, release: str) -> None:
        self.noise = NOISE[release]
        self.calls: list[Call] = []
        self._only_reads = False

    def expect(self, *arguments: str, out: str = "", err: str = "", status: int = 0, typed: str = "") -> None:
        before, complained = self.noise
        ended = Ended(status, f"{before}\n{out}\n", f"{complained}\n{err}\n")
        self.calls.append(Call(arguments, typed, ended))

    def lists(self, *arguments: str, answer: t.Any) -> None:
        self.expect(*arguments, "-o", "json", out=json.dumps(answer))

    def only_reads(self) -> None:
        self._only_reads = True

    def __call__(
        self, words: t.Sequence[str], environment: t.Mapping[str, str], typed: str, timeout: float, clock: Clock
    ) -> Ended:
        arguments = tuple(words[len(WORDS) :])
        assert [*words[: len(WORDS)]] == WORDS
        assert not self._only_reads or arguments[:2] in READS, f"a call that writes in check mode: {arguments}"
        assert self.calls, f"after the end of the script came {arguments}"
        call = self.calls.pop(0)
        assert (arguments, typed) == (call.arguments, call.typed)
        return call.ended

    def done(self) -> None:
        assert not self.calls, f"these calls never came: {self.calls}"


class CommandRunner(Runner):
    """Runs a module against the script of a command."""

    def __init__(self, release: str, module: t.Any) -> None:
        self.script = self.server = Script(release)  # type: ignore[assignment]
        self.module = module
        self.warnings: list[str] = []

    def connected(self, given: dict[str, t.Any]) -> tuple[dict[str, t.Any], t.Any]:
        params = parameters(self.module.ARGUMENT_SPEC, given)
        return params, CommandLine(AccessByCommand, WORDS, {}, 300.0, program=self.script)
