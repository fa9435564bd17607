# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that does what no module should do: it is put among the modules of a copy of the collection."""

from __future__ import annotations

import locale
import os
import signal
import sys
import time
import warnings

import requests
from ansible.module_utils.common import warnings as ansible_warnings

from ..module_utils._airflow.dags import Dags
from ..module_utils._base.errors import BadInput
from ..module_utils._module import AirflowModule, progress

SPEC = {
    "does": {"type": "list", "elements": "str", "default": []},
    "text": {"type": "str"},
    "number": {"type": "int"},
    "flag": {"type": "bool"},
    "any": {"type": "raw"},
    "data": {"type": "dict"},
    "names": {"type": "list", "elements": "str", "aliases": ["titles"]},
    "kind": {"type": "str", "choices": ["good", "bad"]},
    "file": {"type": "path"},
    "nested": {"type": "list", "elements": "dict", "options": {"key": {"type": "str", "required": True}}},
    "secret": {"type": "str", "no_log": True},
    "secret_data": {"type": "dict", "no_log": True},
    "secret_number": {"type": "int", "no_log": True},
    "secret_names": {"type": "list", "elements": "str", "no_log": True},
    "old": {"type": "str", "removed_in_version": "9.0.0", "removed_from_collection": "dagops.airflow"},
    "older": {"type": "str", "removed_at_date": "2099-01-01", "removed_from_collection": "dagops.airflow"},
}


def standing():
    """What of the process the module finds; a task before it may have left something of it behind."""
    mask = os.umask(0o077)
    os.umask(mask)
    return {
        "folder": os.getcwd(),
        "umask": mask,
        "language": locale.setlocale(locale.LC_ALL),
        "told": {name: os.environ[name] for name in sorted(os.environ) if name.startswith(("TOLD", "AIRFLOW", "LEFT"))},
        "signal": str(signal.getsignal(signal.SIGUSR2)),
        "warnings": len(ansible_warnings.get_warning_messages()),
        "deprecations": len(ansible_warnings.get_deprecation_messages()),
    }


def mess_up(module, airflow):
    """Leave something of everything behind."""
    os.environ["LEFT"] = "behind"
    os.environ.pop("AIRFLOW_API_URL", None)
    os.umask(0o007)
    os.chdir("/")
    locale.setlocale(locale.LC_ALL, "C")
    signal.signal(signal.SIGUSR2, lambda number, frame: None)


def descriptors(module, airflow):
    """How many files and connections are open, after a request whose connection stays open."""
    airflow.ask(Dags).get("etl")
    with open(module.params["file"], "a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {len(os.listdir('/proc/self/fd'))}\n")


def fail_inside(module, airflow):
    try:
        raise ValueError("inner")
    except ValueError:
        module.fail_json(msg="failed while another failure was dealt with", secret=module.params["secret"])


def raise_error(module, airflow):
    raise ValueError("user 42 has no email address")


def raise_ours(module, airflow):
    raise BadInput(f"text is wrong, and it knows {module.params['secret']}.")


def wait_long(module, airflow):
    if module.params["file"]:
        with open(module.params["file"], "w", encoding="utf-8") as file:
            file.write(str(os.getpid()))
    time.sleep(60)


DEEDS = {
    "mess_up": mess_up,
    "descriptors": descriptors,
    "fail": fail_inside,
    "raise": raise_error,
    "raise_ours": raise_ours,
    "wait": wait_long,
    "exit": lambda module, airflow: sys.exit(3),
    "exit_with_text": lambda module, airflow: sys.exit("gone"),
    "print": lambda module, airflow: print("a line that belongs to nobody\n"),
    "print_json": lambda module, airflow: print('{"changed": true}'),
    "complain": lambda module, airflow: print("a complaint", file=sys.stderr),
    "python_warning": lambda module, airflow: warnings.warn("a warning of Python", stacklevel=1),
    "warn": lambda module, airflow: module.warn("a warning of the module"),
    "warn_globally": lambda module, airflow: ansible_warnings.warn("a warning of the house"),
    "deprecate": lambda module, airflow: module.deprecate("it goes", version="9.0.0", collection_name="dagops.airflow"),
    "deprecate_by_date": lambda module, airflow: module.deprecate(
        "it goes, too", date="2099-01-01", collection_name="dagops.airflow"
    ),
    "progress": lambda module, airflow: progress.get()("half of it is done"),
    "request": lambda module, airflow: airflow.ask(Dags).get("etl"),
    "unknown_host": lambda module, airflow: requests.get("http://127.0.0.1:1/", timeout=1),
}


def run(module, airflow):
    before = standing()
    for deed in module.params["does"]:
        DEEDS[deed](module, airflow)
    result = {"changed": True, "before": before, "given": dict(module.params), "more": module.params["any"]}
    if module.params["data"] and "result" in module.params["data"]:
        result.update(module.params["data"]["result"])
    result["diff"] = {"before": {"text": "old"}, "after": {"text": module.params["text"]}}
    return result


def main():
    AirflowModule(
        SPEC, supports_check_mode=True, mutually_exclusive=[("text", "number")], required_together=[("kind", "flag")]
    ).execute(run)


if __name__ == "__main__":
    main()
