# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to log in to Airflow 3: tokens."""

from __future__ import annotations

import base64
import typing as t

from .._base.errors import ApiError, WrongLogin
from .._base.text import json_of, one_line
from .address import TOKEN
from .login import BAD_TOKEN, Login, PasswordLogin, Server, Takes, TokenLogin, lacking, lacking_in_fab
from .login_v1 import BasicLogin

if t.TYPE_CHECKING:
    from requests import PreparedRequest


Claims = t.Dict[str, str]


def claims_of(token: str) -> Claims:
    """Return what a JSON web token says of its user; nothing of a token that is none. Airflow checks it, not we."""
    part = token.partition(".")[2].partition(".")[0]
    try:
        claims = json_of(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8"))
    except ValueError:
        return {}
    return {key: value for key, value in claims.items() if isinstance(value, str)} if isinstance(claims, dict) else {}


def is_of_fab(claims: Claims) -> bool:
    """Whether FAB has issued a token: it has the number of the user as its subject, and no role."""
    return claims.get("sub", "").isdigit() and "role" not in claims


def _lacking(who: str, takes: Takes, claims: Claims) -> str:
    """Say that a permission is missing, and what helps with this auth manager."""
    if is_of_fab(claims):
        return lacking_in_fab(who, takes)
    if "role" in claims:
        denied = lacking(f"{who} has the role {one_line(claims['role'], 60)}, which", takes)
        return f"{denied}; give the user another role in [core] simple_auth_manager_users"
    way_out = takes.way_out("give it to the user in Airflow's auth manager")
    return f"{lacking(who, takes)}; {way_out}"


class JwtLogin(TokenLogin):
    """A token of Airflow 3 that was issued elsewhere: Airflow says whether it is the token that it refuses."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self._claims = claims_of(token)
        self.user = "" if self.by_fab() else self._claims.get("sub", "")

    def by_fab(self) -> bool:
        return is_of_fab(self._claims)

    def proven(self, status: int, reason: str) -> bool:
        return status == 403 and reason == "Forbidden"

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        if self.proven(status, reason):
            subject = self._claims.get("sub")
            who = f"the user of api_token (subject {one_line(subject, 60)})" if subject else "the user of api_token"
            return _lacking(who, takes, self._claims)
        return BAD_TOKEN if reason == "Invalid JWT token" else super().advice(status, reason, takes)


class PasswordTokenLogin(PasswordLogin):
    """A token of Airflow 3, exchanged for user name and password at C({api_url}/auth/token)."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return TokenLogin(self._pass)(request)

    def by_fab(self) -> bool:
        return is_of_fab(claims_of(self._pass))

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        return _lacking(f"user {self.user}", takes, claims_of(self._pass))

    def _exchange(self, client: Server) -> str:
        answer = client.open_request("POST", TOKEN, json=self.credentials)
        body = answer.parsed()
        # A proxy has pages or keys of its own for these.
        if answer.status in (400, 401, 403, 422) and isinstance(body, dict) and "detail" in body:
            raise WrongLogin(
                f"Airflow refused the login at {client.url}/auth/token: wrong api_username ({self.user}) or "
                "api_password; correct them.",
                answer.status,
            )
        if answer.status in (200, 201) and body is None:
            raise client.unusable(TOKEN, answer, answer.no_json())
        token = body.get("access_token") if answer.status in (200, 201) and isinstance(body, dict) else None
        if not isinstance(token, str):
            error = ApiError(
                f"{client.url}/auth/token did not give a token (status {answer.status}): this is not Airflow 3 "
                "(api_version: auto finds out), the path of api_url is wrong, or its auth manager takes no passwords "
                "(give api_token).",
                answer.status,
            )
            raise client.unusable(TOKEN, answer, error)
        client.has_answered(TOKEN)
        return token


class FabLogin(Login):
    """A token, or basic auth where the users API of Airflow 3.0 takes nothing else and answers 401 to every token."""

    def __init__(self, token: PasswordTokenLogin) -> None:
        self.user = token.user
        self._token = token
        self._active: Login = token
        self._basic = BasicLogin(**token.credentials)
        self._settled = False

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return self._active(request)

    def prepare(self, client: Server) -> None:
        self._active.prepare(client)

    def accepted(self, client: Server) -> None:
        self._settled = True
        self._active.accepted(client)

    def denied(self, client: Server, error: ApiError) -> bool:
        # One that a task before has got may have expired.
        if error.status == 401 and not self._settled and self._token.is_fresh:
            self._settled = True
            self._active = self._basic
            self._active.prepare(client)
            return True
        return self._active.denied(client, error)

    def proven(self, status: int, reason: str) -> bool:
        # A token was given for the password.
        return True

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        if self._active is self._basic and status == 401:
            return (
                "the users API of this Airflow takes basic auth only, and [fab] auth_backends in airflow.cfg lacks "
                "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth; add it"
            )
        return lacking_in_fab(f"user {self.user}", takes)


class FabTokenLogin(JwtLogin):
    """A token that was issued elsewhere, shown to the users API."""

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        advice = super().advice(status, reason, takes)
        return f"{advice}; Airflow 3.0 takes api_username and api_password here" if status == 401 else advice
