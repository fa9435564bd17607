# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of someone who has logged in: retries, and error bodies in one line. Knows no resource of Airflow."""

from __future__ import annotations

import contextlib
import copy
import typing as t
from urllib.parse import quote

from .._base.clock import Clock
from .._base.errors import ApiError, Conflict, Denied, NoSuchApi, NotFound, ServerError
from .._base.patience import Patience
from .._base.text import Redactor, one_line, reason_of
from .answer import Answer, is_no_route
from .login import Login
from .transport import Transport

if t.TYPE_CHECKING:
    import requests

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
LARGEST_ERROR = 64 * 1024  # bytes of an error's body that are read
NO_LOGIN = Login()
ERRORS: dict[int, type[ApiError]] = {401: Denied, 403: Denied, 404: NotFound, 409: Conflict, 500: ServerError}


def path_of(*parts: str) -> str:
    """Join path segments, each quoted exactly once; C(~), which Airflow reads as "all", stays as it is."""
    return "".join("/" + quote(part, safe="~") for part in parts)


class Client:
    """One session with one server, and one login.

    :param url: base URL without a trailing slash.
    :param login: how requests are authenticated.
    :param verify: True, False or the path of a CA bundle.
    :param cert: client certificate and key: a path or a pair of paths.
    :param timeout: seconds for one HTTP request.
    :param retry_timeout: seconds that one outage may last.
    """

    def __init__(
        self,
        url: str,
        login: Login,
        headers: t.Mapping[str, str] | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        timeout: float = 30.0,
        retry_timeout: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        self.url = url
        self.login = login
        self.redact = Redactor()
        self.clock = clock or Clock()
        self.started = self.clock.now()
        self.patience = Patience(self.clock, retry_timeout)
        self._transport = Transport(url, headers or {}, verify, cert, timeout, self.clock, self.redact)
        self._prepared = False

    def log_in(self) -> None:
        """Log in now, and not with the first request; an ApiError when that is refused."""
        if not self._prepared:
            self.login.prepare(self)
            self._prepared = True

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    # -- requests that Airflow's API answers

    def get(self, path: str, params: t.Any = None) -> t.Any:
        """Read; repeated through outages."""
        return self._json("GET", path, params=params)

    def patch(self, path: str, body: t.Mapping[str, t.Any], params: t.Any = None) -> t.Any:
        """Set values; setting them twice does no harm, so this is repeated through outages."""
        return self._json("PATCH", path, params=params, json=body)

    def put(self, path: str) -> None:
        """Ask for something that does no harm when done twice; repeated through outages."""
        self._with_retries("PUT", path)

    def delete(self, path: str) -> None:
        """Delete; repeated through outages, and a repetition that finds nothing has done its work."""
        self._with_retries("DELETE", path)

    def post(self, path: str, body: t.Mapping[str, t.Any], repeat: bool = False) -> t.Any:
        """Send a POST, once: after an answer that got lost nobody knows whether it was carried out.

        :param repeat: this one only reads, or does no harm when done twice.
        """
        if repeat:
            return self._json("POST", path, json=body)
        return self._send("POST", path, json=body).json()

    @contextlib.contextmanager
    def lines(self, path: str, params: t.Mapping[str, t.Any], accept: str) -> t.Iterator[t.Iterator[str]]:
        """Stream the lines of a text, in bounded memory: a line longer than 64 KiB comes in pieces.

        Not repeated by itself, since some lines may have been taken already.
        """
        response = self._checked("GET", path, params=params, headers={"Accept": accept})
        with self._transport.lines(response, path) as lines:
            yield lines

    def open_request(
        self, method: str, path: str, auth: Login | None = None, cookie: str = "", patience: float = 0.0, **body: t.Any
    ) -> Answer:
        """Send a request without a login, and return whatever came back; for logging in and finding out who is there.

        :param patience: seconds that it is repeated at least, should it be refused for the moment.
        """
        given = self._transport.cookie
        headers = {"Cookie": f"{given}; {cookie}" if given else cookie} if cookie else {}

        def act() -> Answer:
            response = self._transport.exchange(method, path, auth=auth or NO_LOGIN, headers=headers, **body)
            return self._transport.read(response, LARGEST_ANSWER)

        return self.patience.through_outages(act, patience)

    # -- the same session, with another login

    def logged_in_by(self, login: Login) -> Client:
        """Return a client of the same session that logs in in another way."""
        other = copy.copy(self)
        other.login = login
        other._prepared = False
        return other

    def anonymous(self) -> Client:
        """Return a client of the same session that does not log in; a token that was given is shown all the same."""
        login = self.login.anonymous()
        return self if login is self.login else self.logged_in_by(login)

    # -- the server's clock

    @property
    def server_time(self) -> float | None:
        """What the server's clock said in its last answer, in seconds since 1970; None when it did not say so."""
        return self._transport.server_time

    def server_now(self) -> float:
        """The time by the server's clock, with which it stamps its records, in seconds since 1970."""
        return self.server_time or self.clock.utc()

    # -- one request, and what may come of it

    def _json(self, method: str, path: str, **request: t.Any) -> t.Any:
        return self._with_retries(method, path, **request).json()

    def _with_retries(self, method: str, path: str, **request: t.Any) -> Answer:
        return self.patience.through_outages(lambda: self._send(method, path, **request))

    def _send(self, method: str, path: str, **request: t.Any) -> Answer:
        answer = self._transport.read(self._checked(method, path, **request), LARGEST_ANSWER)
        if not answer.complete:
            raise ApiError(
                f"{self.url}{path} answered with more than {LARGEST_ANSWER} bytes; check api_url.", answer.status
            )
        return answer

    def _checked(self, method: str, path: str, **request: t.Any) -> requests.Response:
        """Send a request, log in when needed, and raise what is wrong with the answer."""
        self.log_in()
        while True:
            response = self._transport.exchange(method, path, auth=self.login, **request)
            if response.status_code not in (401, 403):
                self.login.accepted()
                break
            error = self._error(method, response)
            if not self.login.denied(self, error):
                raise error
        if response.status_code >= 400:
            raise self._error(method, response)
        return response

    def _error(self, method: str, response: requests.Response) -> ApiError:
        answer = self._transport.read(response, LARGEST_ERROR)
        reason = one_line(self.redact(reason_of(answer.headers.get("Content-Type", ""), answer.text)))
        if answer.status == 404 and is_no_route(answer):
            return NoSuchApi(
                f"{self.url} has no such API ({one_line(reason, 120) or 404}): api_version, or the path prefix in "
                "api_url, is wrong.",
                404,
                reason,
            )
        says = f" ({reason})" if reason else ""
        place = f"{method} {answer.url.partition('?')[0]}"
        message = f"Airflow answered {answer.status} to {place}{says}"
        if answer.status in (401, 403):
            message += f": {self.login.advice(answer.status, reason)}"
        elif answer.status == 413:
            message += ": the request is larger than the server takes; make conf smaller"
        error = ERRORS.get(answer.status, ApiError)(f"{message}.", answer.status, reason)
        if isinstance(error, Denied):
            error.authenticated = self.login.proven(answer.status, reason)
        return error
