# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: objects_yaml
short_description: Write the configuration of an Airflow as a file of variables
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Writes the result of M(dagops.airflow.airflow_objects_info) as YAML that Ansible can load as variables.
  - The expressions for secrets are not changed, so that Ansible puts the secrets into them. Any other string that looks
    like an expression, such as the template of a DAG, gets the tag C(!unsafe), so that Ansible does not change it.
positional: _input, kind
options:
  _input:
    description: The result of M(dagops.airflow.airflow_objects_info), or its
      RV(dagops.airflow.airflow_objects_info#module:config).
    type: dict
    required: true
  kind:
    description: The kind of objects to write, such as V(connections). If it is not set, all are written.
    type: str
seealso:
  - module: dagops.airflow.airflow_objects_info
"""

EXAMPLES = r"""
- name: Read what there is
  dagops.airflow.airflow_objects_info:
  register: found

- name: Keep the variables in a file
  ansible.builtin.copy:
    content: "{{ found | dagops.airflow.objects_yaml('variables') }}"
    dest: variables.yml
    mode: "0644"
"""

RETURN = r"""
_value:
  description: A text of YAML. C(format) says which version of the collection can read it.
  type: str
  sample: |-
    ---
    format: 1
    variables:
      - key: region
        value: eu
        description: ''
"""

import typing as t

import yaml
from ansible.errors import AnsibleFilterError

from ..module_utils._base.placeholders import is_placeholder, is_template

FORMAT = 1
WIDEST = 10_000  # columns, since a text that is folded cannot be searched for


class Unsafe(str):
    """A text into which Ansible shall put nothing."""


class Quoted(str):
    """A text in double quotes: an expression, or one whose line breaks YAML would fold without them."""


class Dumper(yaml.SafeDumper):
    """Writes lists as people do, further in than their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: Unsafe | Quoted) -> yaml.Node:
    tag = "!unsafe" if isinstance(text, Unsafe) else "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, str(text), style='"')


Dumper.add_representer(Unsafe, _quoted)
Dumper.add_representer(Quoted, _quoted)


def objects_yaml(value: t.Any, kind: str | None = None) -> str:
    """Write the configuration that M(dagops.airflow.airflow_objects_info) returns."""
    config = value.get("config", value) if isinstance(value, t.Mapping) else None
    if not isinstance(config, t.Mapping) or (kind is not None and kind not in config):
        lacking = f" with {kind} in it" if kind else ""
        raise AnsibleFilterError(f"objects_yaml takes what airflow_objects_info returns{lacking}; give it its result.")
    wanted = {key: objects for key, objects in _plain(config).items() if kind in (None, key)}
    text = yaml.dump({"format": FORMAT, **wanted}, None, Dumper, sort_keys=False, allow_unicode=True, width=WIDEST)
    return f"---\n{text}"


def _plain(value: t.Any) -> t.Any:
    """Return a value without the types of Ansible's, and say what texts with braces are."""
    if isinstance(value, t.Mapping):
        return {_key("".join(str(key))): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        # As str() would not: it leaves them as they are.
        text = "".join(value)
        if is_template(text) and not is_placeholder(text):
            return Unsafe(text)
        return Quoted(text) if is_placeholder(text) or not text.isprintable() else text
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if isinstance(value, float) else int(value)
    return value


def _key(text: str) -> str:
    """Return a key as it is read again; Ansible takes none for an expression."""
    return text if text.isprintable() else Quoted(text)


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"objects_yaml": objects_yaml}
