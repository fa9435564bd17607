# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: yes_or_no
short_description: Read an answer that is yes or no
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Takes every word that modules take for a boolean, C(true), C(yes), C(on), C(y), C(t), C(1), and C(false), C(no),
    C(off), C(n), C(f), C(0), in upper and lower case, and numbers such as C(1.0).
  - The filter P(ansible.builtin.bool#filter) takes some of these words, and every typing error, for no. This one
    refuses what is neither yes nor no.
positional: _input
options:
  _input:
    description: The answer.
    type: raw
    required: true
  empty:
    description: What null and an empty text mean. If not set, they are neither yes nor no.
    type: bool
  strict:
    description: Whether to fail for what is neither yes nor no. Otherwise it is returned as it came, for a task that
      refuses in a sentence of its own what is no boolean.
    type: bool
    default: true
seealso:
  - plugin: dagops.airflow.as_list
    plugin_type: filter
  - plugin: ansible.builtin.bool
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Run a DAG, and wait for it unless a survey says no
  dagops.airflow.airflow_dag_run:
    dag_id: etl_daily
    wait: "{{ answer | dagops.airflow.yes_or_no(empty=true) }}"
  vars:
    answer: "N"
"""

RETURN = r"""
_value:
  description: Whether it is yes.
  type: bool
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE

# Numbers may come as texts, too.
WORDS = {
    **{str(word).lower(): True for word in (*BOOLEANS_TRUE, 1.0)},
    **{str(word).lower(): False for word in (*BOOLEANS_FALSE, 0.0)},
}


def yes_or_no(value: t.Any, empty: bool | None = None, strict: bool = True) -> t.Any:
    """Return whether VALUE is yes; EMPTY is what nothing means. What is neither is refused, if STRICT, or returned."""
    word = "" if value is None else str(value).strip().lower()
    answer = WORDS.get(word) if word else empty
    if answer is not None:
        return answer
    if strict:
        raise AnsibleFilterError(f"yes_or_no takes true or false, and was given {word or 'nothing'}; correct it.")
    return value


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"yes_or_no": yes_or_no}
