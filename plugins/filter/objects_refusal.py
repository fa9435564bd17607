# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: objects_refusal
short_description: Say why files with the configuration of an Airflow cannot be applied
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Checks the texts of files, such as those of P(dagops.airflow.objects_yaml#filter), before Ansible puts the secrets
    into them.
positional: _input, secrets
options:
  _input:
    description: The texts of the files; with O(reading) that of one file, or none where it cannot be read.
    type: list
    elements: str
    required: true
  secrets:
    description: The variable C(vault_airflow), a mapping with the secrets; not set if it is not defined.
    type: dict
  reading:
    description:
      - Only say why Ansible cannot read a file. The words hold no line of the file, since it may have secrets.
    type: bool
    default: false
seealso:
  - plugin: dagops.airflow.objects_yaml
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Refuse a file that lacks secrets
  ansible.builtin.assert:
    that: refusal == ''
    fail_msg: "connections.yml {{ refusal }}."
  vars:
    texts: "{{ query('ansible.builtin.file', 'connections.yml') }}"
    refusal: "{{ texts | dagops.airflow.objects_refusal(vault_airflow | default(none)) }}"
"""

RETURN = r"""
_value:
  description: What is wrong and what to do, as the end of a sentence; an empty string if the files can be applied.
  type: str
  sample: holds the unknown keys polls (did you mean pools?); correct them
"""

import re
import typing as t

import yaml
from ansible.errors import AnsibleError, AnsibleFilterError
from jinja2.exceptions import UndefinedError

from ..module_utils._base.conf import kind_of
from ..module_utils._base.placeholders import missing_of
from ..module_utils._base.text import first_few, not_among, one_line
from ..module_utils._work.tree import KINDS
from .objects_yaml import FORMAT


class Loader(yaml.SafeLoader):
    """Reads plain values. What has a tag of Ansible's is encrypted, or is no expression."""


for tag in ("!vault", "!vault-encrypted", "!unsafe"):
    Loader.add_constructor(tag, lambda loader, node: None)


def objects_refusal(value: t.Any, secrets: t.Mapping[str, t.Any] | None = None, reading: bool = False) -> str:
    """Say why these texts cannot be applied."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise AnsibleFilterError("objects_refusal takes a list of texts; give it what the files hold.")
    if reading:
        return _why_unread(value)
    # Ansible has read the same texts, so they are YAML.
    found = [tree for tree in (yaml.load(text, Loader) for text in value) if isinstance(tree, dict)]
    keys = list(dict.fromkeys(str(key) for tree in found for key in tree))
    if any(str(tree.get("format", FORMAT)) != str(FORMAT) for tree in found):
        return "was written for another version of this collection; export it again, or install that version"
    unknown = not_among((key for key in keys if key != "format"), list(KINDS))
    if unknown:
        return f"holds the unknown keys {unknown}; correct them: a file takes {', '.join(KINDS)}"
    if not any(key in KINDS for key in keys):
        return (
            "holds no configuration; name a folder with files such as variables.yml, or one file, in "
            "airflow_objects_folder"
        )
    try:
        missing = list(dict.fromkeys(missing_of(found, secrets)))
    except (AnsibleError, UndefinedError) as error:
        if not re.search("decrypt|vault", str(error), re.IGNORECASE):
            raise
        return (
            "needs secrets that cannot be decrypted in the variable vault_airflow; give their password, such as with "
            "--ask-vault-pass"
        )
    if missing:
        return (
            f"needs secrets that are not given ({first_few(missing)}); write them into vault.yml next to the files, or "
            "give them in another file, such as with -e @secrets.yml"
        )
    return ""


def _why_unread(texts: t.Sequence[str]) -> str:
    """Say why Ansible cannot read a file, and what to do."""
    if not texts:
        return (
            "cannot be decrypted, or may not be read; give its password, such as with --ask-vault-pass, or the right "
            "to read it"
        )
    for text in texts:
        try:
            tree = yaml.load(text, Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f" in line {mark.line + 1}" if mark else ""
            return f"is no YAML{place} ({one_line(getattr(error, 'problem', None) or error, 120)}); correct it"
        if tree is not None and not isinstance(tree, dict):
            return f"holds {kind_of(tree)}, and no mapping; correct it"
    return ""


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"objects_refusal": objects_refusal}
