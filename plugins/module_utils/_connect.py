# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From connection options to an C(Airflow): URL, TLS, login, version."""

from __future__ import annotations

import ipaddress
import os
import typing as t
from urllib.parse import urlsplit

from ._airflow.airflow import Airflow, detect, silent
from ._base.clock import Clock
from ._base.errors import BadInput
from ._base.inputs import check_maskable, duration_of, seconds_of
from ._base.text import one_line
from ._http.address import base_url_of, check_header_value, headers_of
from ._http.client import Client
from ._http.login import NO_PASSES, Login, Passes, TokenLogin
from ._http.login_v1 import BasicLogin

Params = t.Mapping[str, t.Any]

LONGEST_REQUEST = 86400.0  # seconds: a socket cannot wait for months


def connect(
    params: Params,
    warn: t.Callable[[str], None],
    clock: Clock | None = None,
    say: t.Callable[[str], None] = silent,
    starting: bool = False,
    passes: Passes = NO_PASSES,
) -> Airflow:
    """Return the server that the options name. One request when C(api_version) is C(auto), none otherwise.

    :param warn: takes a sentence that the user should see.
    :param say: prints a line of progress while a task waits.
    :param starting: the server is being started: what is no answer of Airflow's is an outage from the beginning.
    :param passes: what logins of other tasks have got.
    """
    if not params["api_url"]:
        raise BadInput("No Airflow is named: set api_url, or the environment variable AIRFLOW_API_URL.")
    url = base_url_of("api_url", params["api_url"])
    headers = headers_of("api_headers", params["api_headers"] or {})
    check_maskable("api_headers", headers, [url])
    username, password, token = _credentials(params)
    secrets = [*headers.values(), *filter(None, (password, token))]
    if secrets and url.startswith("http:") and not _is_loopback(urlsplit(url).hostname or ""):
        warn(f"The credentials for {url} travel unencrypted; use https.")

    client = Client(
        url,
        login=TokenLogin(token) if token else Login(),
        headers=headers,
        verify=_verify(params),
        cert=_client_certificate(params),
        timeout=min(duration_of("request_timeout", params["request_timeout"]), LONGEST_REQUEST),
        retry_timeout=seconds_of("retry_timeout", params["retry_timeout"]),
        clock=clock,
    )
    client.redact.add(secrets)
    client.passes = passes
    client.patience.bears_all = starting
    version = params["api_version"]
    # Which API answers is not known yet; what stands before it wants basic auth.
    door = BasicLogin(username, password) if username and password else None
    try:
        airflow = detect(client, door) if version == "auto" else Airflow(client, version)
    except BaseException:
        client.close()
        raise
    airflow.say = say
    if token:
        client.login = airflow.generation.token_login(token)
    elif username and password:
        client.login = airflow.generation.logins[params["api_auth"]](username, password)
    return airflow


def _credentials(params: Params) -> tuple[str | None, str | None, str | None]:
    username, password, token = params["api_username"], params["api_password"], params["api_token"]
    if token:
        # Files and YAML blocks end in a line break.
        token = token.strip()
        check_header_value("api_token", token)
    for option, value in (("api_username", username), ("api_password", password)):
        if value and not value.isprintable():
            raise BadInput(f"{option} holds a line break, a control character or broken UTF-8; correct it.")
    if token and (username or password):
        raise BadInput(
            "api_token excludes api_username and api_password (options or AIRFLOW_API_ variables); "
            "give one or the other."
        )
    if bool(username) != bool(password):
        given, missing = ("api_username", "api_password") if username else ("api_password", "api_username")
        raise BadInput(f"{given} is given without {missing}; give both (or AIRFLOW_{missing.upper()}).")
    return username, password, token


def _verify(params: Params) -> bool | str:
    ca_path = params["ca_path"]
    if not params["validate_certs"]:
        return False
    # AWX writes a file of no bytes for a certificate that was not filled in.
    if not ca_path or (os.path.isfile(ca_path) and os.path.getsize(ca_path) == 0):
        return True
    if not os.path.exists(ca_path):
        raise BadInput(
            f"ca_path {one_line(ca_path)} does not exist on the host where the module runs; correct the path."
        )
    return str(ca_path)


def _client_certificate(params: Params) -> str | tuple[str, str] | None:
    for option in ("client_cert", "client_key"):
        if params[option] and not os.path.isfile(params[option]):
            raise BadInput(
                f"{option} {one_line(params[option])} is not a file on the host where the module runs; "
                "correct the path."
            )
    if params["client_key"] and not params["client_cert"]:
        raise BadInput("client_key is given without client_cert; give both.")
    if params["client_key"]:
        return (params["client_cert"], params["client_key"])
    return t.cast("str | None", params["client_cert"])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
