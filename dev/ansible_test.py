# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test on a machine that may reach a package index only.

For each virtual environment ansible-test runs a script named get-pip, which it downloads from a host of its own unless
the script lies in ~/.ansible/test/cache. Here it always lies there (in the home folder below .cache): a few lines that
use a pip that uv took from the package index.
"""

from __future__ import annotations

import re
from pathlib import Path

import venvs
from paths import locked
from processes import tool_home
from venvs import Venv

# Runs as ~/.ansible/test/cache/get_pip_VERSION.py, with what is to be installed (pip itself too) as its arguments.
GET_PIP = '''\
"""Install packages into an environment without pip, by the pip that lies beside this file."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "pip-{version}"))

from pip._internal.cli.main import main

packages = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--ignore-installed"] + packages))
'''


def prepare(venv: Venv) -> None:
    """Put the get-pip scripts in place that the ansible-test of VENV asks for."""
    cache = tool_home(venv.name) / ".ansible" / "test" / "cache"
    for version in pip_versions(venv):
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        with locked(script):
            if not script.exists():
                install: list[str | Path] = [venvs.uv(), "pip", "install", "--quiet", "--python", venv.python]
                venvs.call([*install, "--target", cache / f"pip-{version}", f"pip=={version}"])
                script.write_text(GET_PIP.replace("{version}", version), encoding="utf-8")


def pip_versions(venv: Venv) -> list[str]:
    """The versions of pip that this ansible-test knows. They stand in its source only (Python 2.7's is left out)."""
    source = next(venv.path.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py"))
    body = source.read_text(encoding="utf-8").partition("def get_venv_packages")[2].partition("\ndef ")[0]
    return sorted(set(re.findall(r"""pip=["'](\d[\d.]*)["']""", body)) - {"20.3.4"})
