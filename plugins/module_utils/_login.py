# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to log in, as authentication objects of requests.

One is always set on the session: where C(requests) finds none, it takes credentials from C(~/.netrc).
"""

from __future__ import annotations

import base64
import math
import re
import typing as t
from urllib.parse import urlsplit

from ._errors import ApiError, Denied, Unreachable, WrongLogin

if t.TYPE_CHECKING:
    from requests import PreparedRequest

    from ._client import Client

BACKENDS = "[api] auth_backends in airflow.cfg"
LACKING = "the user of api_username lacks the permission; give it to one of the user's roles"
BAD_TOKEN = "api_token is not valid here or has expired; get a new one"
# Seconds to wait for a turn at the login form, which takes 5 posts in 40 s ([webserver] auth_rate_limit).
FORM_PATIENCE = 60.0
PASS_AGE = 60.0  # seconds for which a pass that was renewed in vain is not renewed again because of a 403


class Login:
    """No credentials; the base of the others.

    A login hears of each answer that denies (C(denied)) and may mend itself by logging in anew, once until the next
    answer that does not deny (C(accepted)); so no loop can come of it.
    """

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request

    def prepare(self, client: Client) -> None:
        """Get what the first request needs, such as a token."""

    def accepted(self) -> None:
        """The server took the credentials."""

    def denied(self, client: Client, error: ApiError) -> bool:
        """Answer to 401 or 403: True when the same request should be sent once more."""
        return False

    def proven(self, status: int, reason: str) -> bool:
        """Whether the credentials are known to be right although the answer is 401 or 403, for this reason."""
        return False

    def advice(self, status: int, reason: str) -> str:
        """What a person should look at after 401 (not logged in) or 403 (no permission), for this reason."""
        return "give api_username and api_password, or api_token"


class TokenLogin(Login):
    """A bearer token that was issued elsewhere, for Airflow 2 and what stands before it: a 403 may mean anything."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def advice(self, status: int, reason: str) -> str:
        if status == 401:
            return BAD_TOKEN
        return (
            "api_token is not valid here, or its user lacks the permission; get a new one, or give it to one of the "
            "user's roles"
        )


class JwtLogin(TokenLogin):
    """A token of Airflow 3 that was issued elsewhere: Airflow says whether it is the token that it refuses."""

    def proven(self, status: int, reason: str) -> bool:
        return status == 403 and reason == "Forbidden"

    def advice(self, status: int, reason: str) -> str:
        if self.proven(status, reason):
            return "the user of api_token lacks the permission; give it to one of the user's roles"
        return BAD_TOKEN if reason == "Invalid JWT token" else super().advice(status, reason)


class PasswordLogin(Login):
    """User name and password, exchanged for a pass that each request shows; C(_exchange) gets one."""

    def __init__(self, username: str, password: str) -> None:
        self.credentials = {"username": username, "password": password}
        self._pass = ""
        self._fresh = False
        self._useful = -math.inf  # from when on a new pass may help against 403, by the clock

    def prepare(self, client: Client) -> None:
        if not self._pass:
            self._log_in(client)

    def accepted(self) -> None:
        self._fresh = False

    def denied(self, client: Client, error: ApiError) -> bool:
        # An expired pass may be answered by 403, just as a missing permission is. Once a new one has not helped, it is
        # taken for that: what the user may not do can be a part of each look.
        now = client.clock.now()
        if self._fresh:
            self._useful = now + PASS_AGE
        if self._fresh or (error.status == 403 and now < self._useful):
            return False
        self._log_in(client)
        return True

    def proven(self, status: int, reason: str) -> bool:
        return bool(self._pass)

    def advice(self, status: int, reason: str) -> str:
        return LACKING

    def _log_in(self, client: Client) -> None:
        self._pass = self._exchange(client)
        client.redact.add([self._pass])
        self._fresh = True

    def _exchange(self, client: Client) -> str:
        raise NotImplementedError


class PasswordTokenLogin(PasswordLogin):
    """A token of Airflow 3, exchanged for user name and password at C({api_url}/auth/token)."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return TokenLogin(self._pass)(request)

    def _exchange(self, client: Client) -> str:
        answer = client.open_request("POST", "/auth/token", json=self.credentials)
        if answer.status in (400, 401, 403, 422):
            raise WrongLogin(
                f"Airflow refused the login at {client.url}/auth/token: wrong api_username or api_password; correct "
                "them.",
                answer.status,
            )
        body = answer.json() if answer.status in (200, 201) else None
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str):
            raise ApiError(
                f"{client.url}/auth/token did not give a token (status {answer.status}): this is not Airflow 3 "
                "(api_version: auto finds out), api_url lacks a path prefix, or its auth manager takes no passwords "
                "(give api_token).",
                answer.status,
            )
        return token


class FabLogin(Login):
    """A token, or basic auth where the users API of Airflow 3.0 takes nothing else and answers 401 to every token."""

    def __init__(self, token: PasswordTokenLogin) -> None:
        self._active: Login = token
        self._basic = BasicLogin(**token.credentials)
        self._settled = False

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return self._active(request)

    def prepare(self, client: Client) -> None:
        self._active.prepare(client)

    def accepted(self) -> None:
        self._settled = True
        self._active.accepted()

    def denied(self, client: Client, error: ApiError) -> bool:
        if error.status == 401 and not self._settled:
            self._settled = True
            self._active = self._basic
            self._active.prepare(client)
            return True
        return self._active.denied(client, error)

    def proven(self, status: int, reason: str) -> bool:
        # A token was given for the password.
        return True

    def advice(self, status: int, reason: str) -> str:
        if self._active is self._basic and status == 401:
            return (
                "the users API of this Airflow takes basic auth only, and [fab] auth_backends in airflow.cfg lacks "
                "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth; add it"
            )
        return LACKING


class FabTokenLogin(JwtLogin):
    """A token that was issued elsewhere, shown to the users API."""

    def advice(self, status: int, reason: str) -> str:
        advice = super().advice(status, reason)
        return f"{advice}; Airflow 3.0 takes api_username and api_password here" if status == 401 else advice


class BasicLogin(Login):
    """Basic authentication of Airflow 2."""

    def __init__(self, username: str, password: str) -> None:
        # The object of requests would encode text as latin-1; browsers and Airflow use UTF-8.
        self._pass = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._worked = False

    def prepare(self, client: Client) -> None:
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

    def _exchange(self, client: Client) -> str:
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

    def prepare(self, client: Client) -> None:
        self._active.prepare(client)

    def accepted(self) -> None:
        self._settled = True
        self._active.accepted()

    def denied(self, client: Client, error: ApiError) -> bool:
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
