# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: as_conf
short_description: Hand the parameters of a DAG run to a module as they are
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Makes JSON text of a mapping, and leaves a text as it is.
  - Before version 2.19, ansible-core makes a text of whatever an expression results in, and reads what looks like a
    mapping as if it were written in Python. With that, a date without quotes in a variable becomes something else, and
    so do some texts that are JSON or YAML. It does not touch what this filter returns.
positional: _input
options:
  _input:
    description: The parameters, a mapping, or its JSON or YAML text. Dates in it become texts such as V(2026-11-22).
      Whatever else is returned as it came, for the module to refuse.
    type: raw
    required: true
seealso:
  - module: dagops.airflow.airflow_dag_run
"""

EXAMPLES = r"""
- name: Run a DAG with parameters that a variable holds
  dagops.airflow.airflow_dag_run:
    dag_id: etl_daily
    conf: "{{ parameters | dagops.airflow.as_conf }}"
  vars:
    parameters:
      day: 2026-11-22
      region: eu
"""

RETURN = r"""
_value:
  description: Text for O(dagops.airflow.airflow_dag_run#module:conf) or
    O(dagops.airflow.airflow_dag_run#module:secret_conf).
  type: raw
  sample: '{"day": "2026-11-22", "region": "eu"}'
"""

import json
import typing as t

from ..module_utils._base.conf import in_json

try:
    # What stays a text: the filters of ansible-core return it where their result may look like something else.
    from ansible.utils.native_jinja import NativeJinjaText as Text  # type: ignore[import-not-found]
except ImportError:  # ansible-core 2.19 and newer
    Text = str


def as_conf(value: t.Any) -> t.Any:
    """Return the JSON text of a mapping, and a text as it is."""
    if isinstance(value, t.Mapping):
        return Text(json.dumps(in_json(value)))
    # Before ansible-core 2.19, what was encrypted is no text.
    return Text(value) if isinstance(value, str) or hasattr(value, "__ENCRYPTED__") else value


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"as_conf": as_conf}
