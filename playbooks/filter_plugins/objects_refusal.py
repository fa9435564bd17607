# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the files of the playbook apply_objects cannot be applied. Ansible finds this filter only next to playbooks."""

from __future__ import annotations

import re
import typing as t

import yaml
from ansible.errors import AnsibleError
from ansible_collections.dagops.airflow.plugins.filter.objects_yaml import FORMAT
from ansible_collections.dagops.airflow.plugins.module_utils._base.conf import kind_of
from ansible_collections.dagops.airflow.plugins.module_utils._base.placeholders import missing_of
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import first_few, not_among, one_line
from ansible_collections.dagops.airflow.plugins.module_utils._work.tree import KINDS
from jinja2.exceptions import UndefinedError


class Loader(yaml.SafeLoader):
    """Reads plain values. What has a tag of Ansible's is encrypted, or is no expression."""


for tag in ("!vault", "!vault-encrypted", "!unsafe"):
    Loader.add_constructor(tag, lambda loader, node: None)


def objects_refusal(texts: t.Sequence[str], secrets: t.Mapping[str, t.Any] | None = None, reading: bool = False) -> str:
    """Say why these files cannot be applied, as the end of a sentence; empty: they can be.

    :param texts: what the files hold; with C(reading) that of one file, or none if it cannot be read.
    :param secrets: the variable C(vault_airflow); None: it is not defined.
    :param reading: only say why Ansible cannot read a file, with no line of it, since it may hold secrets.
    """
    if reading:
        return _why_unread(texts)
    # Ansible has read the same texts, so they are YAML.
    found = [tree for tree in (yaml.load(text, Loader) for text in texts) if isinstance(tree, dict)]
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
