# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that is called leaves behind what a program leaves behind: output and a status, and nothing else."""

from __future__ import annotations

import json
import locale
import os
import signal
import sys
import types
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common import warnings as module_warnings
from ansible_collections.dagops.airflow.plugins.plugin_utils._in_process import HAS_PROFILES, Call

Result = t.Dict[str, t.Any]
Deed = t.Callable[[t.Any], t.Any]


def called(deed: Deed, folder: str = ".", environment: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> Result:
    """Call a module that does something and then leaves with a result."""

    def main() -> None:
        module = AnsibleModule({"text": {"type": "str"}, "secret": {"type": "str", "no_log": True}})
        module.exit_json(found=deed(module))

    call = Call(types.SimpleNamespace(main=main), environment or {}, folder)  # type: ignore[arg-type]
    of_ansible: Result = {"_ansible_tracebacks_for": []} if HAS_PROFILES else {}
    call.take({**of_ansible, **options})
    return call.run()


def result_of(left: Result) -> Result:
    result: Result = json.loads(left["stdout"])
    return result


def state() -> dict[str, t.Any]:
    """What belongs to the process."""
    mask = os.umask(0o077)
    os.umask(mask)
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": mask,
        "languages": locale.setlocale(locale.LC_ALL),
        "output": (sys.stdout, sys.stderr),
        "arguments": basic._ANSIBLE_ARGS,
        "profile": getattr(basic, "_ANSIBLE_PROFILE", None),
        "warnings": module_warnings.get_warning_messages(),
        "deprecations": module_warnings.get_deprecation_messages(),
        "open": len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
    }


def a_mess(_module: t.Any) -> str:
    os.environ["LEFT"] = "behind"
    os.environ.pop("PATH", None)
    os.chdir("/")
    os.umask(0o007)
    locale.setlocale(locale.LC_ALL, "C")
    signal.signal(signal.SIGUSR2, lambda number, frame: None)
    _module.warn("a warning")
    _module.deprecate("it goes", version="9.0.0", collection_name="dagops.airflow")
    return "done"


class Ended(BaseException):
    """What a time-out of Ansible and Ctrl-C are."""


def ended_by(error: BaseException) -> Deed:
    def deed(module: t.Any) -> None:
        a_mess(module)
        raise error

    return deed


def test_what_it_prints_and_returns() -> None:
    left = called(lambda module: module.params["text"], text="ü")
    assert left["rc"] == 0
    assert left["stderr"] == ""
    assert result_of(left)["found"] == "ü"
    assert left["stdout_lines"] == left["stdout"].splitlines()


def test_nothing_of_a_mess_is_left() -> None:
    before = state()
    left = called(a_mess)
    assert result_of(left)["found"] == "done"
    assert state() == before


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(2), KeyboardInterrupt(), Ended()], ids=repr)
def test_nothing_is_left_however_it_ends(error: BaseException) -> None:
    before = state()
    if isinstance(error, (ValueError, SystemExit)):
        called(ended_by(error))
    else:
        with pytest.raises(type(error)):
            called(ended_by(error))
    assert state() == before


def test_warnings_are_those_of_this_call() -> None:
    for _time in range(2):
        result = result_of(called(lambda module: module.warn("a warning")))
        assert len(result["warnings"]) == 1
    assert not result_of(called(lambda module: None)).get("warnings")


def test_it_finds_its_environment_and_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLD_BY", "the job")
    found = result_of(
        called(
            lambda module: [os.getcwd(), os.environ["TOLD_BY"], os.environ["TOLD_NUMBER"]],
            str(tmp_path),
            {"TOLD_BY": "the task", "TOLD_NUMBER": 7},
        )
    )["found"]
    assert found == [str(tmp_path), "the task", "7"]
    assert os.environ["TOLD_BY"] == "the job"
    assert "TOLD_NUMBER" not in os.environ


def test_a_folder_that_is_gone_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert result_of(called(lambda module: os.getcwd(), str(tmp_path)))["found"] == str(tmp_path)


def test_its_output_is_nobody_elses(capfd: pytest.CaptureFixture[str]) -> None:
    def talk(_module: t.Any) -> None:
        print("a line")
        print("a complaint", file=sys.stderr)

    left = called(talk)
    assert left["stdout"].startswith("a line\n")
    assert left["stderr"] == "a complaint\n"
    assert capfd.readouterr() == ("", "")


def test_an_exception_is_told_as_ansible_does() -> None:
    left = called(ended_by(ValueError("user 42 has no email address")))
    assert left["rc"] == 1
    if HAS_PROFILES:
        assert result_of(left)["failed"] is True
        assert "user 42 has no email address" in left["stdout"]
    else:
        assert left["stdout"] == ""
        assert left["stderr"].startswith("Traceback (most recent call last)")
        assert left["stderr_lines"][-1] == "ValueError: user 42 has no email address"


@pytest.mark.parametrize(("code", "status", "said"), [(None, 0, ""), (3, 3, ""), ("gone", 1, "gone\n")])
def test_an_exit_without_a_result(code: t.Any, status: int, said: str) -> None:
    def leave(_module: t.Any) -> None:
        raise SystemExit(code)

    left = called(leave)
    assert (left["rc"], left["stdout"], left["stderr"]) == (status, "", said)


def test_a_module_that_just_ends() -> None:
    call = Call(types.SimpleNamespace(main=lambda: None), {}, ".")  # type: ignore[arg-type]
    call.take({})
    left = call.run()
    assert left["rc"] == 1
    assert "New-style module did not handle its own exit" in left["stdout"] + left["stderr"]


def test_arguments_that_cannot_be_sent_are_no_call() -> None:
    call = Call(types.SimpleNamespace(main=lambda: None), {}, ".")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        call.take({"text": object()})
    assert not call.begun
