# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AnsibleModule of modules that work on a file of their host. It needs no C(requests)."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ._base.errors import AirflowError
from ._base.items import listed


class HostModule(AnsibleModule):
    """A module that does not connect to Airflow."""

    def _load_params(self) -> None:
        """Read lists that are given as JSON text, as modules that connect do."""
        super()._load_params()  # type: ignore[no-untyped-call]
        for name, value in self.params.items():
            self.params[name] = listed(value, self.argument_spec.get(name, {}))

    def execute(self, run: t.Callable[[t.Any], dict[str, t.Any]]) -> t.NoReturn:
        """Do the module's work and leave; C(run) returns the result or raises an AirflowError."""
        failure: AirflowError | None = None
        result: dict[str, t.Any] = {}
        try:
            result = run(self)
        except AirflowError as error:
            failure = error
        self._conceal()
        if failure:
            # Outside of the except block: the sentence is all there is to say, a traceback would bury it.
            self.fail_json(msg=failure.message, **failure.details)
        self.exit_json(**result)

    def _conceal(self) -> None:
        """Take secrets out of what is left of the options in the result."""
