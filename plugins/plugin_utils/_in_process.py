# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that is called in this process, and finds what it would find in a process of its own.

What a process of its own gives for free is done here by hand: an environment and a folder of its own, output that
nobody else reads, and an end that takes nothing of it into the next task. The items of a loop share one process.
"""

from __future__ import annotations

import contextlib
import io
import json
import locale
import os
import signal
import sys
import traceback
import types
import typing as t

from ansible.executor import module_common
from ansible.module_utils import basic
from ansible.module_utils.common import json as ansible_json
from ansible.module_utils.common import warnings as module_warnings

try:
    from ansible.module_utils import _internal
    from ansible.module_utils.common.json import Direction
except ImportError:  # before ansible-core 2.19
    HAS_PROFILES = False
else:
    HAS_PROFILES = True

try:
    import syslog
except ImportError:
    syslog = None  # type: ignore[assignment]

from ..module_utils._airflow.airflow import silent

PROFILE = "legacy"  # in which Ansible 2.19 and newer speaks to modules that name no other
if HAS_PROFILES:
    # Here it is imported once, and not in each worker. An ansible-core that does it in another way is no error yet.
    with contextlib.suppress(AttributeError, ImportError, TypeError):
        for direction in Direction:
            ansible_json.get_module_encoder(PROFILE, direction)


class Call:
    """One call of a module.

    :param environment: what the task adds to the environment.
    :param folder: where a module of the control node runs: Ansible's base folder, that of the playbook.
    :param sink: takes lines of progress.
    """

    def __init__(
        self,
        module: types.ModuleType,
        environment: t.Mapping[str, t.Any],
        folder: str,
        sink: t.Callable[[str], None] = silent,
    ) -> None:
        self.module = module
        self.environment = environment
        self.folder = folder
        self.sink = sink
        self.begun = False
        self._args = b""

    def take(self, module_args: t.Mapping[str, t.Any]) -> None:
        """Take the arguments, in the form in which Ansible sends them to modules."""
        arguments = {"ANSIBLE_MODULE_ARGS": module_args}
        if HAS_PROFILES:
            encoder: dict[str, t.Any] = {
                "cls": ansible_json.get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
            }
        else:
            encoder = {"cls": ansible_json.AnsibleJSONEncoder, "vault_to_text": True}
        self._args = json.dumps(arguments, **encoder).encode()

    def run(self) -> dict[str, t.Any]:
        """Call the module and return what a program would have left behind: its status and what it has printed."""
        out, err = io.StringIO(), io.StringIO()
        with unchanged_process(), replaced(self._globals()):
            os.environ.update({name: str(value) for name, value in self.environment.items()})
            os.chdir(self.folder)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = self._status()
        said, complained = out.getvalue(), err.getvalue()
        lines = {"stdout_lines": said.splitlines(), "stderr_lines": complained.splitlines()}
        return {"rc": status, "stdout": said, "stderr": complained, **lines}

    def _status(self) -> int:
        """Call the module; an unexpected exception becomes what Ansible makes of it around any module."""
        self.begun = True
        try:
            try:
                self.module.main()
                raise RuntimeError("New-style module did not handle its own exit.")
            except Exception as error:
                show(error)
        except SystemExit as leaving:
            code = leaving.code
            if isinstance(code, str):
                print(code, file=sys.stderr)
            return code if isinstance(code, int) else int(code is not None)
        return 1

    def _globals(self) -> list[tuple[t.Any, str, t.Any]]:
        """What Ansible's code for modules keeps in variables of the process, and what it finds in a new one."""
        found: list[tuple[t.Any, str, t.Any]] = [(basic, "_ANSIBLE_ARGS", self._args)]
        for name in ("_global_warnings", "_global_deprecations"):
            found.append((module_warnings, name, type(getattr(module_warnings, name))()))
        if HAS_PROFILES:
            # A warning on the controller would go to the screen, and not into the result.
            found.append((_internal, "is_controller", False))
            found += [(basic, "_ANSIBLE_PROFILE", PROFILE), (basic, "_PARSED_MODULE_ARGS", {})]
        return found


def built(module: types.ModuleType) -> t.Any:
    """What Ansible takes for a module that is ready to be started, and the path of its file."""
    interpreter = f"#!{sys.executable}"
    if not HAS_PROFILES:
        return "new", interpreter, b"", module.__file__
    return (
        module_common._BuiltModule(
            b_module_data=b"", module_style="new", shebang=interpreter, serialization_profile=PROFILE
        ),
        module.__file__,
    )


def show(error: Exception) -> None:
    """Print an exception as Ansible does around a module: as a result since 2.19, before that as a traceback."""
    if not HAS_PROFILES:
        traceback.print_exception(type(error), error, error.__traceback__)
        return
    from ansible.module_utils._internal._ansiballz import _loader

    _loader._handle_exception(error, PROFILE)


@contextlib.contextmanager
def replaced(variables: t.Sequence[tuple[t.Any, str, t.Any]]) -> t.Iterator[None]:
    """Let variables of modules have other values for a while; they have to be there."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _value in variables]
    try:
        for owner, name, value in variables:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


@contextlib.contextmanager
def unchanged_process() -> t.Iterator[None]:
    """Put back in the end what belongs to the whole process."""
    environment, languages = dict(os.environ), locale.setlocale(locale.LC_ALL)
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    mask = os.umask(0o077)
    os.umask(mask)
    # By its descriptor, since a folder may be gone and have no name any more.
    folder = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
    try:
        yield
    finally:
        os.fchdir(folder)
        os.close(folder)
        os.umask(mask)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        if locale.setlocale(locale.LC_ALL) != languages:
            locale.setlocale(locale.LC_ALL, languages)
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        if syslog is not None:
            # Modules log what they were invoked with.
            syslog.closelog()
