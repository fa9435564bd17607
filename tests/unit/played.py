# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole modules, through Ansible's own reading of arguments and writing of results."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS

Options = t.Dict[str, t.Any]


@contextlib.contextmanager
def arguments(options: Options) -> t.Iterator[None]:
    """Let Ansible read these options as those of the module."""
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # before ansible-core 2.17
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        try:
            yield
        finally:
            basic._ANSIBLE_ARGS = None
    else:
        with patch_module_args(options):
            yield


@contextlib.contextmanager
def on_the_target() -> t.Iterator[None]:
    """Let Ansible believe that it is on a managed host, where no filter or action has been imported before."""
    try:
        from ansible.module_utils import _internal
    except ImportError:  # before ansible-core 2.19
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_internal, "is_controller", False, raising=False)
        yield


class Played:
    """What came out of a module: its result as Ansible would read it, and its exit status."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, function: t.Callable[[], t.Any], **options: t.Any) -> Options:
        if "inject_invocation" not in PASS_VARS:  # before ansible-core 2.19, whose results always have it
            options.pop("_ansible_inject_invocation", None)
        with on_the_target(), arguments(options), pytest.raises(SystemExit) as left:
            function()
        out = self.capsys.readouterr().out
        result: Options = json.loads(out)
        assert bool(left.value.code) is bool(result.get("failed"))
        return result
