# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame around each module: connection options, and the one place where an error becomes a failed task."""

from __future__ import annotations

import contextlib
import os
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ._airflow.airflow import Airflow
from ._base.errors import AirflowError
from ._base.text import texts_in
from ._connect import connect
from ._http.address import secrets_in_url

Result = t.Dict[str, t.Any]


def environment(variable: str) -> str:
    """Fallback of an option: a variable of the environment.

    AWX sets all variables that a credential type knows, those without a value to an empty text: that counts as unset.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        raise AnsibleFallbackNotFound
    return value


def _option(variable: str, **spec: t.Any) -> dict[str, t.Any]:
    return {"fallback": (environment, [variable]), **spec}


CONNECTION_SPEC: dict[str, dict[str, t.Any]] = {
    "api_url": _option("AIRFLOW_API_URL", type="str"),
    "api_username": _option("AIRFLOW_API_USERNAME", type="str"),
    "api_password": _option("AIRFLOW_API_PASSWORD", type="str", no_log=True),
    "api_auth": _option("AIRFLOW_API_AUTH", type="str", choices=["auto", "basic", "session"], default="auto"),
    "api_token": _option("AIRFLOW_API_TOKEN", type="str", no_log=True),
    "api_headers": {"type": "dict", "no_log": True},
    "api_version": _option("AIRFLOW_API_VERSION", type="str", choices=["auto", "v1", "v2"], default="auto"),
    "validate_certs": _option("AIRFLOW_API_VALIDATE_CERTS", type="bool", default=True),
    "ca_path": _option("AIRFLOW_API_CA_PATH", type="path"),
    "client_cert": _option("AIRFLOW_API_CLIENT_CERT", type="path"),
    "client_key": _option("AIRFLOW_API_CLIENT_KEY", type="path", no_log=False),
    "request_timeout": _option("AIRFLOW_API_REQUEST_TIMEOUT", type="float", default=30.0),
    "retry_timeout": _option("AIRFLOW_API_RETRY_TIMEOUT", type="float", default=30.0),
}


class AirflowModule(AnsibleModule):
    """An AnsibleModule with the connection options."""

    def __init__(self, argument_spec: dict[str, dict[str, t.Any]], **kwargs: t.Any) -> None:
        super().__init__(argument_spec={**CONNECTION_SPEC, **argument_spec}, **kwargs)  # type: ignore[no-untyped-call]

    def _load_params(self) -> None:
        """Take empty values out before anything looks at them: what is empty is unset, for every option alike.

        A list keeps them: an empty text in a list of DAGs is a mistake, and must not come to mean "no list".
        """
        super()._load_params()  # type: ignore[no-untyped-call]
        for name, value in list(self.params.items()):
            is_list = self.argument_spec.get(name, {}).get("type") == "list"
            if value is None or (value == "" and not is_list):
                del self.params[name]
        self.no_log_values.update(self._more_secrets())

    def _more_secrets(self) -> t.Iterator[str]:
        """Yield secrets that Ansible would not mask, here, since the check of any other option may end the module.

        Of a secret mapping that is given as text, Ansible masks the text as a whole, and shows what it read from it; of
        one with a line break at its end it does not mask the part before that.
        """
        for name, option in self.argument_spec.items():
            value = self.params.get(name)
            if not option.get("no_log") or value is None:
                continue
            if option.get("type") == "dict":
                with contextlib.suppress(TypeError, ValueError):
                    yield from texts_in(check_type_dict(value))
            else:
                yield from filter(None, (text.strip() for text in texts_in(value)))
        yield from secrets_in_url(str(self.params.get("api_url") or os.environ.get("AIRFLOW_API_URL", "")))

    def connect(self, starting: bool = False) -> Airflow:
        """Return the server that the options name; an AirflowError when that is none.

        :param starting: it is being started.
        """
        return connect(self.params, self.warn, starting=starting)

    def execute(self, run: t.Callable[[AirflowModule, Airflow], Result]) -> t.NoReturn:
        """Do the module's work and leave; C(run) returns the result or raises an AirflowError."""
        failure: AirflowError | None = None
        result: Result = {}
        try:
            result = run(self, self.connect())
        except AirflowError as error:
            failure = error
        except ImportError as error:
            if (error.name or "").partition(".")[0] != "requests":
                raise
            self.fail_json(msg=missing_required_lib("requests"), exception=traceback.format_exc())
        if failure:
            # Outside of the except block: the sentence is all there is to say, a traceback would bury it.
            self.fail_json(msg=failure.message, **failure.details)
        self.exit_json(**result)
