# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: as_list
short_description: Make a list of a list, or of a text with commas
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Takes what people write for a list in a playbook, on the command line or in the survey of an AWX job template, and
    returns a list.
  - Texts lose white space at both ends, and numbers become texts, as ids of DAGs are texts. Other items, such as
    mappings, stay as they are, but for dates in them, which become texts such as V(2026-11-22). Before version 2.19,
    ansible-core would otherwise make one text of a list with a date in it.
positional: _input
options:
  _input:
    description:
      - A list, or a text with commas. Null and an empty text are an empty list, a number or a mapping is a list of one.
      - What is empty between two commas is left out. An empty item of a list becomes an empty text, so that what is
        done with the list can refuse it; a variable may have been empty by mistake.
    type: raw
    required: true
seealso:
  - plugin: dagops.airflow.yes_or_no
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Pause the DAGs that a survey names
  dagops.airflow.airflow_dag:
    dag_id: "{{ answer | dagops.airflow.as_list }}"
    paused: true
  vars:
    answer: etl_daily, etl_hourly
"""

RETURN = r"""
_value:
  description: The items.
  type: list
  elements: raw
  sample: [etl_daily, etl_hourly]
"""

import typing as t
from datetime import date


def as_list(value: t.Any) -> list[t.Any]:
    """Return the items of VALUE, a list or a text with commas."""
    # Nothing is refused: before ansible-core 2.19, an expression works out all of its variables, whether it needs them.
    if isinstance(value, (list, tuple)):
        return [_item(item) for item in value]
    one = _item(value)
    return [item for item in map(str.strip, one.split(",")) if item] if isinstance(one, str) else [one]


def _item(item: t.Any) -> t.Any:
    """Return a text without white space at its ends, for a number, a date and null too, and whatever else undated."""
    if item is None:
        return ""
    item = _undated(item)
    return str(item).strip() if isinstance(item, (str, int, float)) else item


def _undated(value: t.Any) -> t.Any:
    """Return VALUE with texts in place of dates, of which moments are some."""
    if isinstance(value, t.Mapping):
        return {_undated(key): _undated(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_undated(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"as_list": as_list}
