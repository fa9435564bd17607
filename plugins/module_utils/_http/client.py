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
from .._base.errors import (
    AirflowError,
    ApiError,
    Blocked,
    Conflict,
    Denied,
    NoSuchApi,
    NotFound,
    Redirected,
    ServerError,
    Unreachable,
)
from .._base.patience import Patience
from .._base.text import Redactor, one_line, reason_of
from .address import api_of, route_of, vouchers_for
from .answer import NOTHING_THERE, Answer, is_no_route, is_of_airflow, may_pass
from .login import NO_PASSES, Login, Passes, Takes
from .problems import blocked, not_airflow, too_large
from .transport import Transport

if t.TYPE_CHECKING:
    import requests

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
LARGEST_ERROR = 64 * 1024  # bytes of an error's body that are read
NO_LOGIN = Login()
E = t.TypeVar("E", bound=AirflowError)
T = t.TypeVar("T")
ERRORS: dict[int, type[ApiError]] = {404: NotFound, 409: Conflict, 500: ServerError}
FAILED = "Airflow has failed; look at the log of its web server (Airflow 3: API server)"


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
        self.route = route_of(url, headers or {}, verify, cert)
        self.passes: Passes = NO_PASSES
        self.redact = Redactor()
        self.clock = clock or Clock()
        self.started = self.clock.now()
        self.patience = Patience(self.clock, retry_timeout)
        self._transport = Transport(url, headers or {}, verify, cert, timeout, self.clock, self.redact)
        # Shared with the clients of the same session: the APIs that have answered, and those that want a login for all.
        self._answered: set[str] = set()
        self._closed: set[str] = set()
        # Who knows Airflow's objects says which permissions a request takes: by method, path, and auth manager.
        self.permissions_for: t.Callable[[str, str, bool], Takes] = lambda method, path, fab: Takes()

    def log_in(self) -> None:
        """Log in now and anew, which proves the credentials; an ApiError when that is refused."""
        self.passes = self.passes.anew()
        self.login.prepare(self)

    def forget_passes(self) -> None:
        """Let all who come later log in anew: Airflow may take the pass of a user that was changed a while longer."""
        self.passes.forget()
        self.passes = NO_PASSES

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    # -- requests that Airflow's API answers

    def get(self, path: str, params: t.Any = None) -> t.Any:
        """Read; repeated through outages."""
        return self.bear(lambda: self._parsed("GET", path, params=params))

    # A write may be done although no answer comes. Then the failure ends with C(lost), which says so and what to do.

    def patch(self, path: str, body: t.Mapping[str, t.Any], params: t.Any = None, lost: str = "") -> t.Any:
        """Set values; setting them twice does no harm, so this is repeated through outages."""
        return self._sure(lambda: self._parsed("PATCH", path, params=params, json=body), lost)

    def put(self, path: str, lost: str) -> None:
        """Ask for something that does no harm when done twice; repeated through outages."""
        self._sure(lambda: self._done("PUT", path), lost)

    def delete(self, path: str, lost: str) -> None:
        """Delete; repeated through outages, and a repetition that finds nothing has done its work."""
        self._sure(lambda: self._done("DELETE", path), lost)

    def post(self, path: str, body: t.Mapping[str, t.Any], repeat: bool = False, lost: str = "") -> t.Any:
        """Send a POST, once: after an answer that got lost nobody knows whether it was carried out.

        :param repeat: this one only reads, or does no harm when done twice.
        """
        return self._sure(lambda: self._parsed("POST", path, json=body), lost, repeat)

    def request(self, method: str, path: str, params: t.Any = None, body: t.Any = None, repeat: bool = False) -> Answer:
        """Send any request and return its whole answer, whatever it holds but a page for people.

        :param repeat: this one only reads, or does no harm when done twice.
        """

        def act() -> Answer:
            # Airflow 2 has texts for some paths, and prefers them.
            accept = {"Accept": "application/json"}
            answer = self._send(method, path, params=params, json=body, headers=accept)
            if answer.is_page:
                raise self.unusable(path, answer, answer.no_json())
            self.has_answered(path)
            return answer

        return self._sure(act, "", repeat)

    @contextlib.contextmanager
    def lines(self, path: str, params: t.Mapping[str, t.Any], accept: str) -> t.Iterator[t.Iterator[str]]:
        """Stream the lines of a text, in bounded memory: a line longer than 64 KiB comes in pieces.

        Not repeated by itself, since some lines may have been taken already.
        """
        response = self._checked("GET", path, params=params, headers={"Accept": accept})
        if "html" in response.headers.get("Content-Type", ""):
            answer = self._transport.read(response, LARGEST_ERROR)
            raise self.unusable(path, answer, answer.no_json())
        with self._transport.lines(response, path) as lines:
            yield lines

    def get_open(self, path: str) -> t.Any:
        """Read what Airflow tells everybody; with the login where a proxy before it wants that for every path."""
        if api_of(path) not in self._closed:
            try:
                return self.anonymous().get(path)
            except Denied:
                if self.anonymous() is self or self.login.__class__ is Login:
                    raise
        answer = self.get(path)
        self._closed.add(api_of(path))
        return answer

    def open_request(
        self,
        method: str,
        path: str,
        auth: Login | None = None,
        cookie: str = "",
        patience: float = 0.0,
        headers: t.Mapping[str, str] | None = None,
        follow: bool = True,
        **body: t.Any,
    ) -> Answer:
        """Send a request without a login, and return whatever came back; for logging in and finding out who is there.

        :param follow: False: a redirect is what has come back.
        :param patience: seconds that it waits for its turn at least, should the server take no more requests for now.
        """
        given = self._transport.cookie
        cookies = {"Cookie": f"{given}; {cookie}" if given else cookie} if cookie else {}

        def act() -> Answer:
            sent = {**cookies, **(headers or {})}
            response = self._exchange(method, path, follow=follow, auth=auth or NO_LOGIN, headers=sent, **body)
            return self._transport.read(response, LARGEST_ANSWER)

        return self.patience.through_outages(act, patience)

    # -- what may pass

    def bear(self, act: t.Callable[[], T]) -> T:
        """Do what does no harm when done twice, again while it meets what may pass."""

        def marked() -> T:
            try:
                return act()
            except AirflowError as error:
                error.passes = error.passes and (self.patience.bears_all or bool(self._answered))
                raise

        return self.patience.through_outages(marked, bears_errors=True)

    def has_answered(self, path: str) -> None:
        """Take note that Airflow itself has answered there: what is no answer of Airflow's there is an outage now."""
        self._answered.add(api_of(path))

    def unusable(self, path: str, answer: Answer, error: E) -> E | Unreachable:
        """Return what to say of an answer of which nothing can be made: C(error), marked when that may pass.

        What is not of Airflow is an outage where Airflow has answered before.
        """
        found: E | Unreachable = error
        if may_pass(answer.status):
            error.passes = True
        elif not is_of_airflow(answer):
            reason = one_line(self._reason(answer), 100) or ("null" if answer.text.strip() == "null" else "")
            what = f"status {answer.status}" + (f" ({reason})" if reason else "")
            found = self._misplaced(path, error, what, answer.status)
        # It may be Airflow's own answer, cut off on its way; a page is not.
        found.may_be_done = answer.status < 300 and not answer.is_page
        return found

    def _misplaced(self, path: str, error: E, what: str, status: int | None = None) -> E | Unreachable:
        if api_of(path) in self._answered:
            return not_airflow(f"{self.url}{path}", what, status)
        if not self._answered.isdisjoint(vouchers_for(path)):
            return not_airflow(f"{self.url}{path}", what, status, path)
        error.passes = error.passes or self.patience.bears_all
        return error

    # -- the same session, with another login

    def logged_in_by(self, login: Login) -> Client:
        """Return a client of the same session that logs in in another way."""
        other = copy.copy(self)
        other.login = login
        return other

    def anonymous(self) -> Client:
        """Return a client of the same session that does not log in; a token that was given is shown all the same."""
        login = self.login.anonymous()
        return self if login is self.login else self.logged_in_by(login)

    def in_haste(self, seconds: float) -> t.ContextManager[None]:
        """Let no request inside of this block last longer than the block may: it only explains a failure."""
        return self._transport.in_haste(seconds)

    # -- the server's clock

    @property
    def server_time(self) -> float | None:
        """What the server's clock said in its last answer, in seconds since 1970; None when it did not say so."""
        return self._transport.server_time

    def server_now(self) -> float:
        """The time by the server's clock, with which it stamps its records, in seconds since 1970."""
        return self.server_time or self.clock.utc()

    # -- one request, and what may come of it

    def _sure(self, act: t.Callable[[], T], lost: str, repeat: bool = True) -> T:
        """Do what may write; when nobody knows in the end whether it was done, the failure says C(lost), too."""
        sent = False

        def noted() -> T:
            nonlocal sent
            try:
                return act()
            except AirflowError as error:
                sent = sent or error.may_be_done
                # What Airflow refuses it has not done before, either.
                error.may_be_done = sent and not (isinstance(error, ApiError) and 400 <= error.status < 500)
                raise

        try:
            return self.bear(noted) if repeat else noted()
        except AirflowError as error:
            if lost and error.may_be_done:
                error.message += f" {lost}"
            raise

    def _parsed(self, method: str, path: str, **request: t.Any) -> t.Any:
        answer = self._send(method, path, **request)
        try:
            body = answer.json()
        except ApiError as error:
            raise self.unusable(path, answer, error) from error
        if isinstance(body, dict):
            self.has_answered(path)
            return body
        # All that Airflow's API says is an object. Who has asked has better words for what is none from the beginning.
        other = self.unusable(path, answer, answer.no_object())
        if other.passes:
            raise other
        return body

    def _done(self, method: str, path: str) -> None:
        """Send what has an answer without a body; a page in its place is none."""
        answer = self._send(method, path)
        if answer.is_page:
            raise self.unusable(path, answer, answer.no_json())

    def _exchange(self, method: str, path: str, **request: t.Any) -> requests.Response:
        try:
            return self._transport.exchange(method, path, **request)
        except Redirected as error:
            raise self._misplaced(path, error, error.what) from error

    def _send(self, method: str, path: str, **request: t.Any) -> Answer:
        answer = self._transport.read(self._checked(method, path, **request), LARGEST_ANSWER)
        if not answer.complete:
            raise too_large(f"{self.url}{path}", LARGEST_ANSWER, answer.status)
        return answer

    def _checked(self, method: str, path: str, **request: t.Any) -> requests.Response:
        """Send a request, log in when needed, and raise what is wrong with the answer."""
        with _before_the_request():
            self.login.prepare(self)
        while True:
            response = self._exchange(method, path, auth=self.login, **request)
            if response.status_code not in (401, 403):
                break
            error = self._denied(method, path, self._transport.read(response, LARGEST_ERROR))
            with _before_the_request():
                again = self.login.denied(self, error)
            if not again:
                raise error
        # A page, or a failure, does not tell who has been let in.
        if response.status_code < 500 and "html" not in response.headers.get("Content-Type", ""):
            self.login.accepted(self)
        if response.status_code >= 400:
            raise self._error(method, path, response)
        return response

    def _error(self, method: str, path: str, response: requests.Response) -> ApiError | Blocked | Unreachable:
        answer = self._transport.read(response, LARGEST_ERROR)
        reason = self._reason(answer)
        if answer.is_by_another:
            return Blocked(blocked(method, answer, reason), answer.status)
        # The answer to HEAD has no body, by which Airflow's could be told from those of others.
        told = method != "HEAD"
        if answer.status == 404 and told and is_no_route(answer):
            error: ApiError = NoSuchApi(
                f"{self.url} has no such API ({one_line(reason, 120) or 404}): api_version, or the path prefix in "
                "api_url, is wrong.",
                404,
                reason,
            )
        else:
            message = _message(method, answer, reason)
            if answer.status == 413:
                message += ": the request is larger than the server takes; send less"
            if answer.status == 500:
                message += f": {FAILED}"
            error = ERRORS.get(answer.status, ApiError)(f"{message}.", answer.status, reason)
            if is_of_airflow(answer) and not may_pass(answer.status):
                self.has_answered(path)
        error.answer = answer.parsed()
        error.allowed = one_line(answer.headers.get("Allow", ""), 60)
        if (answer.status in NOTHING_THERE and told) or may_pass(answer.status):
            return self.unusable(path, answer, error)
        return error

    def _denied(self, method: str, path: str, answer: Answer) -> Denied:
        reason = self._reason(answer)
        takes = self.permissions_for(method, path, self.login.by_fab()) if answer.status == 403 else Takes()
        advice = self.login.advice(answer.status, reason, takes)
        told = f"{_message(method, answer, reason)}: {advice}."
        # A login may still help, as with a proxy that wants one for each path.
        error = Denied(blocked(method, answer, reason) if answer.is_by_another else told, answer.status, reason)
        error.authenticated = self.login.proven(answer.status, reason)
        error.answer = answer.parsed()
        return error

    def _reason(self, answer: Answer) -> str:
        return one_line(self.redact(reason_of(answer.headers.get("Content-Type", ""), answer.text)))


@contextlib.contextmanager
def _before_the_request() -> t.Iterator[None]:
    """Let an error of the login say nothing of the request that it is for."""
    try:
        yield
    except AirflowError as error:
        error.may_be_done = False
        raise


def _message(method: str, answer: Answer, reason: str) -> str:
    # The word for 403 says nothing more than the number.
    says = f" ({reason})" if reason not in ("", "Forbidden") else ""
    return f"Airflow answered {answer.status} to {method} {answer.url.partition('?')[0]}{says}"
