# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module says of itself in the same words."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and predicts what would change, without changing anything.
    support: full
  action:
    description: Has an action plugin. A task on the control node runs in the process of C(ansible-playbook).
    support: full
  async:
    description: Can run in the background, with C(async).
    support: full
    details: Such a task runs in a process of its own.
  action_group:
    description: Takes defaults from C(module_defaults) of C(group/dagops.airflow.airflow).
    support: full
    membership:
      - dagops.airflow.airflow
"""

    # Modules that work on a file airflow.cfg of their host, and do not connect to Airflow
    ON_HOST = r"""
options:
  path:
    description: Path of the file. The file must exist. If it is a link, the module changes the file behind the link.
    type: path
    required: true
  backup:
    description: Whether to keep a copy of the file, with the date in its name, before it is changed. The copy contains
      the secrets of the file.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode and predicts what would change, without changing anything.
    support: full
  action_group:
    description: Takes defaults from C(module_defaults) of C(group/dagops.airflow.airflow).
    support: none
    details: The defaults of this group are options of the connection to Airflow.
    membership: []
"""

    # Modules that change something
    CHANGES = r"""
options: {}
attributes:
  diff_mode:
    description: Returns what has changed, or in check mode would change, in diff mode.
    support: full
  idempotent:
    description: Changes nothing when run again with the same options.
    support: full
"""

    # Modules that only read
    READS = r"""
options: {}
attributes:
  diff_mode:
    description: Returns what has changed, or in check mode would change, in diff mode.
    support: N/A
    details: This module changes nothing.
  idempotent:
    description: Changes nothing when run again with the same options.
    support: full
    details: This module changes nothing.
"""
