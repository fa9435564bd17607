# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame around each module: connection options, and the one place where an error becomes a failed task."""

from __future__ import annotations

import contextlib
import contextvars
import os
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ._airflow.airflow import Airflow, Asked, silent
from ._base.errors import AirflowError, BadInput
from ._base.items import NUL, parsed_items, secret_options, secrets_of, shaped, without_unset
from ._base.names import check_unmasked, with_names
from ._base.text import texts_in
from ._connect import Params, connect
from ._http.address import secrets_in_url
from ._http.login import NO_PASSES, Passes

Result = t.Dict[str, t.Any]


# Whoever waits tells by it how far things have come. Where a task runs on the control node, somebody reads that.
progress: contextvars.ContextVar[t.Callable[[str], None]] = contextvars.ContextVar("progress", default=silent)
# What logins have got. Tasks that run in the processes of one ansible-playbook share it.
passes: contextvars.ContextVar[Passes] = contextvars.ContextVar("passes", default=NO_PASSES)


def environment(variable: str) -> str:
    """Fallback of an option: a variable of the environment.

    AWX sets all variables that a credential type knows, those without a value to an empty text: that counts as unset.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        raise AnsibleFallbackNotFound
    return value


def outdone(given: t.Collection[str]) -> t.Sequence[str]:
    """The options that no environment fills in, since those of another way to log in are given."""
    passwords = ("api_username", "api_password")
    has_password = not set(passwords).isdisjoint(given)
    if "api_token" in given:
        return () if has_password else passwords
    return ("api_token",) if has_password else ()


def from_environment(variables: t.Mapping[str, str], with_files: bool) -> dict[str, str]:
    """The options of the connection that an environment holds.

    :param with_files: also those that name files, which are on the host of that environment only. AWX writes a file of
        no bytes for what was not filled in, and that counts as unset, too.
    """
    found = {}
    for name, option in CONNECTION_SPEC.items():
        value = variables.get(variable_of(name), "").strip()
        if value and (option["type"] != "path" or (with_files and not _is_empty_file(value))):
            found[name] = value
    return found


def variable_of(option: str) -> str:
    """The variable of the environment that stands for an option of the connection; empty: there is none."""
    _strategy, names = CONNECTION_SPEC[option].get("fallback", (None, [""]))
    return str(names[0])


def _is_empty_file(path: str) -> bool:
    path = os.path.expanduser(os.path.expandvars(path))
    return os.path.isfile(path) and os.path.getsize(path) == 0


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
    """An AnsibleModule with the connection options.

    :param by_command: from the options to the command airflow, where they name it; it is asked in place of a server.
    :param clearable: options that are fields of an object: an empty text clears them, and is not taken for unset.
    :param items: options that hold objects, which the module checks by itself, as lists with the options of an object.
    """

    _refused: BadInput | None = None

    def __init__(
        self,
        argument_spec: dict[str, dict[str, t.Any]],
        by_command: t.Callable[[Params], Asked] | None = None,
        clearable: t.Collection[str] = (),
        items: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
        **kwargs: t.Any,
    ) -> None:
        self._by_command = by_command
        self._clearable = clearable
        self._items = items or {}
        self._url_is_given = False
        self._result: Result = {}
        super().__init__(argument_spec={**CONNECTION_SPEC, **argument_spec}, **kwargs)  # type: ignore[no-untyped-call]

    def _load_params(self) -> None:
        """Take empty values out before anything looks at them, and read what is text."""
        super()._load_params()  # type: ignore[no-untyped-call]
        self.params = without_unset(self.params, self.argument_spec, self._clearable)
        for name, value in self.params.items():
            option, of_items = self.argument_spec.get(name, {}), self._items.get(name)
            try:
                self.params[name] = parsed_items(name, value, of_items) if of_items else shaped(name, value, option)
            except BadInput as error:
                # What cannot be read may hold secrets, so nothing of it may be shown. Ansible looks at it, too.
                if option.get("type") in ("list", "dict", "raw"):
                    self.params[name] = {} if option["type"] == "dict" else []
                elif isinstance(value, str):
                    # The log of the system, to which Ansible writes all options, takes none.
                    self.params[name] = value.replace(NUL, "")
                self._refused = self._refused or error
            try:
                if not option.get("no_log") and name not in self._items:
                    check_unmasked(name, value)
            except BadInput as error:
                self._refused = self._refused or error
        # Before variables of the environment take the places of options that are not given.
        self._url_is_given = "api_url" in self.params
        self.params.update(dict.fromkeys(outdone(self.params)))
        self.no_log_values.update(filter(None, self._more_secrets()))

    def _more_secrets(self) -> t.Iterator[str]:
        """Yield secrets that Ansible would not mask, here, since the check of any other option may end the module.

        Of a secret mapping that is given as text, Ansible masks the text as a whole, and shows what it read from it; of
        one with a line break at its end it does not mask the part before that.
        """
        for name, option in self.argument_spec.items():
            value = self.params.get(name)
            yield from secrets_of(value, [*secret_options(option), *secret_options(self._items.get(name, {}))])
            if not option.get("no_log") or value is None:
                continue
            if option.get("type") == "dict":
                with contextlib.suppress(TypeError, ValueError):
                    yield from texts_in(check_type_dict(value))
            else:
                yield from filter(None, (text.strip() for text in texts_in(value)))
        yield from secrets_in_url(str(self.params.get("api_url") or os.environ.get("AIRFLOW_API_URL", "")))

    def warn(self, warning: str, **more: t.Any) -> None:
        """Ansible 2.19 and newer masks nothing in warnings."""
        super().warn(remove_values(warning, self.no_log_values), **more)

    def _return_formatted(self, kwargs: Result) -> None:
        """Leave with a result, in which Ansible masks all secrets."""
        self._result = dict(kwargs)
        super()._return_formatted(kwargs)  # type: ignore[no-untyped-call]

    def _record_module_result(self, o: Result) -> None:
        """Print the masked result, with the names of Airflow's in it; by ansible-core 2.19 and newer."""
        super()._record_module_result(with_names(o, self._result))

    def jsonify(self, data: t.Any) -> t.Any:
        """The same before ansible-core 2.19. A later one that prints in another way masks the names as well."""
        return super().jsonify(with_names(data, self._result))  # type: ignore[no-untyped-call]

    def connect(self, starting: bool = False) -> Airflow:
        """Return the server that the options name, or what can be asked in its place; an AirflowError for neither.

        :param starting: the server is being started.
        """
        if self._by_command is None or self.params["airflow_command"] is None:
            airflow = connect(self.params, self.warn, say=progress.get(), starting=starting, passes=passes.get())
            # Ansible 2.19 and newer prints the message of a failure, and warnings, in spite of no_log.
            airflow.quotes = not self.no_log
            return airflow
        if self._url_is_given:
            raise BadInput(
                "airflow_command and api_url are given, and exclude each other; leave one out. Where module_defaults "
                "give api_url, set it to an empty text in the task."
            )
        # Modules that take it do nothing else than ask.
        return t.cast(Airflow, self._by_command(self.params))

    def execute(self, run: t.Callable[[AirflowModule, Airflow], Result]) -> t.NoReturn:
        """Do the module's work and leave; C(run) returns the result or raises an AirflowError."""
        failure: AirflowError | None = None
        result: Result = {}
        try:
            if self._refused:
                raise self._refused
            airflow = self.connect()
            try:
                result = run(self, airflow)
            finally:
                # What runs in this process afterwards shall not inherit the connections.
                airflow.close()
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
