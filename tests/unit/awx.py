# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of a credential type: the environment of a job. Its rules, in words of our own."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

DEFINITIONS = Path(__file__).resolve().parents[2] / "playbooks" / "files" / "awx"

Object = t.Dict[str, t.Any]


@functools.lru_cache(maxsize=None)
def definition(name: str) -> Object:
    """A definition as a person pastes it into AWX."""
    read: Object = yaml.safe_load((DEFINITIONS / f"{name}.yml").read_text(encoding="utf-8"))
    return read


def injected(inputs: Object, folder: Path) -> dict[str, str]:
    """Return what the credential type "Airflow API" puts into a job's environment, for a credential with these inputs.

    AWX drops what is empty, gives every boolean a value, writes each file whether there is something in it or not, and
    sets every variable.

    :param folder: where the files go.
    """
    injectors, fields = definition("credential_type_injectors"), definition("credential_type_inputs")["fields"]
    known: Object = {field["id"]: bool(inputs.get(field["id"])) for field in fields if field["type"] == "boolean"}
    known.update({key: value for key, value in inputs.items() if value != "" and value is not None})
    environment = ImmutableSandboxedEnvironment()
    paths = {}
    for name, template in injectors["file"].items():
        path = folder / name.partition(".")[2]
        path.write_text(environment.from_string(template).render(known), encoding="utf-8")
        paths[path.name] = str(path)
    known["tower"] = {"filename": paths}
    return {name: environment.from_string(template).render(known) for name, template in injectors["env"].items()}
