# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to log in to Airflow 2: basic auth, and the login form."""

from __future__ import annotations

import base64
import re
import typing as t
from urllib.parse import urlsplit

from .._base.errors import ApiError, Denied, Unreachable, WrongLogin
from .login import LACKING, Login, PasswordLogin, Server

if t.TYPE_CHECKING:
    from requests import PreparedRequest

BACKENDS = "[api] auth_backends in airflow.cfg"
# Seconds to wait for a turn at the login form, which takes 5 posts in 40 s ([webserver] auth_rate_limit).
FORM_PATIENCE = 60.0


class BasicLogin(Login):
    """Basic authentication of Airflow 2."""

    def __init__(self, username: str, password: str) -> None:
        # The object of requests would encode text as latin-1; browsers and Airflow use UTF-8.
        self._pass = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._worked = False

    def prepare(self, client: Server) -> None:
        client.redact.add([self._pass])

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Basic {self._pass}"
        return request

    def accepted(self) -> None:
        self._worked = True

    def proven(self, status: int, reason: str) -> bool:
        return self._worked

    def advice(self, status: int, reason: str) -> str:
        if self._worked:
            return LACKING
        # From 2.9.3 on Airflow 2 answers 403 to a wrong password, too.
        causes = f"wrong api_username or api_password, or basic auth is not enabled ({BACKENDS})"
        if status == 401:
            return causes
        return (
            f"{causes}, or the user lacks the permission; airflow_info with login: true and api_auth: auto tells which"
        )


class SessionLogin(PasswordLogin):
    """The login form of Airflow 2's web interface and its session cookie.

    What a stock server offers, whose only backend is C(session). The form is rate-limited, so it is asked once for all
    requests, and not before its turn.
    """

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        given = request.headers.get("Cookie")
        request.headers["Cookie"] = f"{given}; {self._pass}" if given else self._pass
        return request

    def _exchange(self, client: Server) -> str:
        page = client.open_request("GET", "/login/")
        field = re.search(r'name="csrf_token"[^>]*?value="([^"]+)"', page.text)
        if page.status != 200 or not field:
            raise Denied(
                f"{client.url}/login/ shows no form for a password (status {page.status}), so people log in there in "
                f"another way; enable basic auth in {BACKENDS}, or give api_token or api_headers.",
                page.status,
            )
        form = {**self.credentials, "csrf_token": field.group(1)}
        try:
            answer = client.open_request("POST", "/login/", data=form, cookie=page.cookie, patience=FORM_PATIENCE)
        except Unreachable as error:
            if error.status != 429:
                raise
            raise Denied(
                "Airflow's login form takes no more logins for now (rate limit, [webserver] auth_rate_limit); enable "
                f"basic auth in {BACKENDS}, or log in less often.",
                429,
            ) from error
        target = urlsplit(answer.headers.get("Location", "")).path
        if answer.status not in (302, 303) or target.rstrip("/").endswith("/login") or not answer.cookie:
            raise WrongLogin(
                "Airflow's login form refused api_username or api_password: one of them is wrong; correct it.",
                answer.status,
            )
        return answer.cookie


class AutoLogin(Login):
    """Basic authentication, and once, when it is refused at first, the login form instead."""

    def __init__(self, username: str, password: str) -> None:
        self._session = SessionLogin(username, password)
        self._active: Login = BasicLogin(username, password)
        self._settled = False

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return self._active(request)

    def prepare(self, client: Server) -> None:
        self._active.prepare(client)

    def accepted(self) -> None:
        self._settled = True
        self._active.accepted()

    def denied(self, client: Server, error: ApiError) -> bool:
        if self._settled:
            return self._active.denied(client, error)
        self._settled = True
        try:
            self._session.prepare(client)
        except Denied as no_form:
            raise type(no_form)(
                f"{no_form.message} Basic auth, which works only where {BACKENDS} holds it, was refused, too "
                f"({error.status}).",
                error.status,
            ) from no_form
        self._active = self._session
        return True

    def proven(self, status: int, reason: str) -> bool:
        return self._active.proven(status, reason)

    def advice(self, status: int, reason: str) -> str:
        return self._active.advice(status, reason)
