# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP session with an Airflow server: login, TLS, retries, error bodies and pages. Knows no resource of Airflow.

C(requests) is imported when a client is made, so that a machine without it gets Ansible's own message.
"""

from __future__ import annotations

import contextlib
import copy
import email.utils
import functools
import math
import re
import socket
import ssl
import typing as t
from urllib.parse import quote, urljoin, urlsplit

from ._errors import AirflowError, ApiError, Conflict, Denied, NoSuchApi, NotFound, ServerError, Unreachable
from ._login import Login, TokenLogin
from ._text import Redactor, json_of, one_line, reason_of
from ._wait import Clock, Outage, wait_until

if t.TYPE_CHECKING:
    import requests

PAGE = 100  # objects; Airflow caps larger pages silently at [api] maximum_page_limit, 100 by default
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
LARGEST_ERROR = 64 * 1024  # bytes of an error's body that are read
MOST_REDIRECTS = 5
CHUNK = 64 * 1024
TRANSIENT = (429, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
NO_LOGIN = Login()
T = t.TypeVar("T")
F = t.TypeVar("F", bound=t.Callable[..., t.Any])
ERRORS: dict[int, type[ApiError]] = {401: Denied, 403: Denied, 404: NotFound, 409: Conflict, 500: ServerError}


def path_of(*parts: str) -> str:
    """Join path segments, each quoted exactly once; C(~), which Airflow reads as "all", stays as it is."""
    return "".join("/" + quote(part, safe="~") for part in parts)


def of_known_shape(method: F) -> F:
    """Let an answer that is JSON, but not what Airflow gives, end in one sentence; for methods of what has a C(url)."""

    @functools.wraps(method)
    def checked(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return method(self, *args, **kwargs)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ApiError(
                f"{self.url} answered with JSON of an unknown shape; check api_url and api_version.", 200
            ) from error

    return t.cast(F, checked)


class Answer:
    """A whole answer of the server, its body in memory."""

    def __init__(self, response: requests.Response, limit: int) -> None:
        self.status: int = response.status_code
        self.headers: t.Mapping[str, str] = response.headers
        self.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in response.cookies)
        self.url: str = response.url
        body = bytearray()
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > limit:
                break
        self.complete = len(body) <= limit
        self.broken_off = not (body or _is_framed(response) or self.status == 204)
        self.text = body[:limit].decode("utf-8", "replace")

    def json(self) -> t.Any:
        """The body as JSON; an answer that is none becomes an error in one line."""
        try:
            return json_of(self.text)
        except ValueError as error:
            what = reason_of(self.headers.get("Content-Type", ""), self.text)
            what = (
                f"{one_line(what, 120)} instead of JSON"
                if what.startswith("an HTML page")
                else "something that is not JSON"
            )
            raise ApiError(
                f"{self.url} answered {self.status} with {what}: a login page, a proxy or a wrong path prefix; "
                "check api_url.",
                self.status,
            ) from error


class Client:
    """One session with one server.

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
        import http.cookiejar

        import requests

        self.url = url
        self.login = login
        self.redact = Redactor()
        self.clock = clock or Clock()
        self.started = self.clock.now()
        self.server_time: float | None = None  # of the last answer's Date header, seconds since 1970
        self._prepared = False
        self._verify = verify
        self._cert = cert
        self._timeout = timeout
        self._retry_timeout = retry_timeout
        self._deadline = math.inf  # of outages, by the clock
        self._session = requests.Session()
        self._session.headers.update(headers or {})
        # The credentials given are the only ones: no cookie of an earlier answer replaces them.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    def log_in(self) -> None:
        """Log in now, and not with the first request; an ApiError when that is refused."""
        if not self._prepared:
            self.login.prepare(self)
            self._prepared = True

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

    def pages(
        self,
        path: str,
        key: str,
        identity: t.Callable[[dict[str, t.Any]], t.Any],
        params: t.Mapping[str, t.Any] | None = None,
        most: int | None = None,
    ) -> list[dict[str, t.Any]]:
        """Read all pages of a list, or its first C(most) objects; they are told apart by C(identity).

        Pages move by what was received, since a server may cap them lower than asked. Without an order (task
        instances of Airflow 2) or while objects come and go, pages overlap: a list that comes out short is read once
        more, then it is an error. A total that is exceeded was wrong, so it ends nothing; a page with nothing new does,
        for something in between may answer each with the same one.
        """
        for _attempt in range(2):
            found, total = self._read_pages(path, key, identity, params or {}, most)
            if len(found) >= (total if most is None else min(most, total)):
                return list(found.values())[:most]
        raise ApiError(
            f"Airflow says that {self.url}{path} holds {total} objects, but its pages gave {len(found)}; try again.",
            200,
        )

    def logged_in_by(self, login: Login) -> Client:
        """Return a client of the same session that logs in in another way."""
        other = copy.copy(self)
        other.login = login
        other._prepared = False
        return other

    def anonymous(self) -> Client:
        """Return a client of the same session that does not log in; a token that was given is shown all the same."""
        return self if isinstance(self.login, TokenLogin) else self.logged_in_by(NO_LOGIN)

    def server_now(self) -> float:
        """The time by the server's clock, with which it stamps its records, in seconds since 1970."""
        return self.server_time or self.clock.utc()

    def outage(self, patience: float = 0.0) -> Outage:
        """One outage that may last as long as this client allows, or C(patience) seconds, if that is longer.

        Who wants nothing to be repeated (C(retry_timeout) is 0) is not made to wait by C(patience).
        """
        return Outage(self.clock, self._retry_timeout and max(self._retry_timeout, patience), self._deadline)

    @contextlib.contextmanager
    def within(self, seconds: float) -> t.Iterator[None]:
        """Let no outage inside of this block outlast it."""
        before = self._deadline
        self._deadline = min(before, self.clock.now() + seconds)
        try:
            yield
        finally:
            self._deadline = before

    def wait(
        self,
        look: t.Callable[[], T],
        done: t.Callable[[T], bool],
        timeout: float,
        interval: float,
        age: t.Callable[[T], float | None] = lambda seen: None,
        outage_until: float = 0.0,
    ) -> tuple[T, Unreachable | None]:
        """Look until C(done) or until C(timeout) seconds have passed, as C(wait_until) does.

        An outage is cut short at the end of that time, and is no error then, unless nothing was seen before it.

        :param outage_until: seconds after which an outage is cut short, should that be later than C(timeout).
        :return: what was seen last, and the outage that was cut short.
        """
        seen: list[T] = []

        def remembered() -> T:
            seen[:] = [look()]
            return seen[0]

        try:
            with self.within(max(timeout, outage_until)):
                return wait_until(remembered, done, self.clock, timeout, interval, age), None
        except Unreachable as error:
            if not (error.cut_short and seen):
                raise
            return seen[0], error

    def within_one_outage(self) -> t.ContextManager[None]:
        """Let nothing inside of this block be repeated for longer than one outage may last, in all."""
        return self.within(self._retry_timeout)

    def through_outages(self, act: t.Callable[[], T], patience: float = 0.0) -> T:
        """Do what does no harm when done twice, again after each failure until C(outage) has lasted too long."""
        outage = self.outage(patience)
        while True:
            try:
                return act()
            except Unreachable as error:
                outage.endure(error)

    @contextlib.contextmanager
    def lines(self, path: str, params: t.Mapping[str, t.Any], accept: str) -> t.Iterator[t.Iterator[str]]:
        """Stream the lines of a text, in bounded memory: a line longer than 64 KiB comes in pieces.

        Not repeated by itself, since some lines may have been taken already.
        """
        response = self._checked("GET", path, params=params, headers={"Accept": accept})
        try:
            yield self._lines(response)
        except _requests_errors() as error:
            raise Unreachable(
                f"The connection to {self.url} broke while {path} was read; look at the network and the proxy."
            ) from error
        finally:
            response.close()

    def _lines(self, response: requests.Response) -> t.Iterator[str]:
        chunk = rest = b""
        for chunk in response.iter_content(CHUNK):
            rest += chunk
            *whole, rest = rest.split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
            if len(rest) > CHUNK:
                yield rest.decode("utf-8", "replace")
                rest = b""
        if rest:
            yield rest.decode("utf-8", "replace")
        if not (chunk or _is_framed(response)):
            raise self._broken_off()

    def open_request(
        self, method: str, path: str, auth: Login | None = None, cookie: str = "", patience: float = 0.0, **body: t.Any
    ) -> Answer:
        """Send a request without a login, and return whatever came back; for logging in and finding out who is there.

        :param patience: seconds that it is repeated at least, should it be refused for the moment.
        """
        given = str(self._session.headers.get("Cookie", ""))
        headers = {"Cookie": f"{given}; {cookie}" if given else cookie} if cookie else {}

        def act() -> Answer:
            response = self._exchange(method, path, auth=auth or NO_LOGIN, headers=headers, **body)
            return self._answer(response, LARGEST_ANSWER)

        return self.through_outages(act, patience)

    # -- one request, and what may come of it

    def _json(self, method: str, path: str, **request: t.Any) -> t.Any:
        return self._with_retries(method, path, **request).json()

    def _with_retries(self, method: str, path: str, **request: t.Any) -> Answer:
        return self.through_outages(lambda: self._send(method, path, **request))

    def _send(self, method: str, path: str, **request: t.Any) -> Answer:
        answer = self._answer(self._checked(method, path, **request), LARGEST_ANSWER)
        if not answer.complete:
            raise ApiError(
                f"{self.url}{path} answered with more than {LARGEST_ANSWER} bytes; check api_url.", answer.status
            )
        return answer

    def _checked(self, method: str, path: str, **request: t.Any) -> requests.Response:
        """Send a request, log in when needed, and raise what is wrong with the answer."""
        self.log_in()
        while True:
            response = self._exchange(method, path, auth=self.login, **request)
            if response.status_code not in (401, 403):
                self.login.accepted()
                break
            error = self._error(method, response)
            if not self.login.denied(self, error):
                raise error
        if response.status_code >= 400:
            raise self._error(method, response)
        return response

    def _exchange(self, method: str, path: str, **request: t.Any) -> requests.Response:
        """Send one request; reads follow redirects on the same server, writes follow none."""
        url = self.url + path
        for _hop in range(MOST_REDIRECTS):
            response = self._transport(method, url, **request)
            if response.status_code not in REDIRECTS or url.endswith("/login/"):
                break
            target = _redirect_target(url, response.headers.get("Location", ""))
            response.close()
            if method != "GET" or urlsplit(target)[:2] != urlsplit(url)[:2]:
                raise AirflowError(_redirect_message(method, self.url, path, target))
            url = target
            request.pop("params", None)
        else:
            raise AirflowError(f"{self.url}{path} redirects in a circle; check api_url.")
        if response.status_code in TRANSIENT:
            raise self._transient(response)
        return response

    def _transport(self, method: str, url: str, **request: t.Any) -> requests.Response:
        try:
            response = self._session.request(
                method,
                url,
                allow_redirects=False,
                stream=True,
                timeout=self._timeout,
                verify=self._verify,
                cert=self._cert,
                **request,
            )
        except _requests_errors() as error:
            raise self._no_answer(error) from error
        self.server_time = _seconds(response.headers.get("Date"))
        return response

    def _answer(self, response: requests.Response, limit: int) -> Answer:
        try:
            answer = Answer(response, limit)
        except _requests_errors() as error:
            raise self._broken_off() from error
        finally:
            response.close()
        if answer.broken_off:
            raise self._broken_off()
        return answer

    def _read_pages(
        self,
        path: str,
        key: str,
        identity: t.Callable[[dict[str, t.Any]], t.Any],
        params: t.Mapping[str, t.Any],
        most: int | None,
    ) -> tuple[dict[t.Any, dict[str, t.Any]], int]:
        found: dict[t.Any, dict[str, t.Any]] = {}
        received = 0
        while True:
            limit = PAGE if most is None else min(PAGE, most - len(found))
            page = self.get(path, {**params, "limit": limit, "offset": received})
            items = page.get(key) if isinstance(page, dict) else None
            if not isinstance(items, list):
                raise ApiError(f"{self.url}{path} answered with JSON that has no list of {key}; check api_url.", 200)
            before = len(found)
            try:
                found.update((identity(item), item) for item in items)
            except (KeyError, TypeError) as error:
                raise ApiError(
                    f"{self.url}{path} answered with {key} of an unknown shape; check api_url.", 200
                ) from error
            received += len(items)
            total = page.get("total_entries")
            known_total = total if isinstance(total, int) else 0
            enough = len(found) == known_total or (most is not None and len(found) >= most)
            if len(found) == before or enough:
                return found, known_total

    # -- errors in one line

    def _error(self, method: str, response: requests.Response) -> ApiError:
        answer = self._answer(response, LARGEST_ERROR)
        reason = one_line(self.redact(reason_of(answer.headers.get("Content-Type", ""), answer.text)))
        if answer.status == 404 and _is_no_route(answer):
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

    def _transient(self, response: requests.Response) -> Unreachable:
        header = response.headers.get("Retry-After", "")
        moment = _seconds(header)
        after = float(header) if re.fullmatch("[0-9]{1,6}", header) else moment - self.clock.utc() if moment else None
        response.close()
        return Unreachable(
            f"{self.url} answered {response.status_code}: Airflow is overloaded or not running behind its proxy; "
            "look at it, or raise retry_timeout.",
            status=response.status_code,
            retry_after=max(after, 0.0) if after is not None else None,
        )

    def _broken_off(self) -> Unreachable:
        return Unreachable(
            f"The connection to {self.url} broke in the middle of an answer; look at the network and the proxy."
        )

    def _no_answer(self, error: Exception) -> AirflowError:
        """Sort what the transport can run into: what may pass is Unreachable, the rest will not mend itself."""
        import requests.exceptions as problems

        host = urlsplit(self.url).netloc
        if isinstance(error, problems.ProxyError):
            return Unreachable(f"The proxy of the environment gives no way to {host}; check https_proxy and no_proxy.")
        if isinstance(error, problems.SSLError):
            # A server that is being restarted behind a load balancer hangs up in the middle of the handshake.
            if _cause(error, ssl.SSLEOFError) or _cause(error, ssl.SSLZeroReturnError):
                return Unreachable(f"The connection to {self.url} broke before an answer came; is it http or https?")
            return AirflowError(
                f"No trusted TLS connection to {host}: {_tls_reason(error)}; check api_url, ca_path and client_cert."
            )
        if isinstance(error, problems.Timeout):
            return Unreachable(
                f"{self.url} did not answer within {self._timeout:g} s (request_timeout); is it http or https?"
            )
        if _cause(error, socket.gaierror):
            return AirflowError(f"The host name of api_url {self.url} cannot be resolved; check api_url.")
        if isinstance(error, problems.ConnectionError):
            if _cause(error, ConnectionRefusedError):
                return Unreachable(
                    f"Nothing listens at {self.url} (connection refused); check api_url and that Airflow runs."
                )
            return Unreachable(f"The connection to {self.url} broke before an answer came; is it http or https?")
        if isinstance(error, (problems.ChunkedEncodingError, problems.ContentDecodingError)):
            return self._broken_off()
        return AirflowError(
            f"No request can be sent to {self.url}: {one_line(self.redact(str(error)))}; check api_url and api_headers."
        )


def _requests_errors() -> tuple[type[Exception], ...]:
    """What a request can run into; some errors about odd host names and redirects come through requests as they are."""
    import requests.exceptions
    import urllib3.exceptions

    return (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError)


def _cause(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether an error of this kind is among the causes; urllib3 wraps them several times over."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kind):
            return True
        nested = [arg for arg in error.args if isinstance(arg, BaseException)]
        reason = getattr(error, "reason", None)
        error = (
            reason
            if isinstance(reason, BaseException)
            else (nested[-1] if nested else error.__cause__ or error.__context__)
        )
        seen += 1
    return False


def _tls_reason(error: Exception) -> str:
    """The last bracketless part of OpenSSL's text: C(certificate has expired), C(Hostname mismatch ...)."""
    text = one_line(error, 1000)
    for mark in ("certificate verify failed: ", "] "):
        if mark in text:
            text = text.rpartition(mark)[2]
    return one_line(text.partition(" (_ssl.c")[0].rstrip("'\")"), 160)


def _is_no_route(answer: Answer) -> bool:
    """Tell an unknown path from an unknown object: both are 404, and only the second means that it is missing."""
    try:
        body = json_of(answer.text)
    except ValueError:
        return True
    # Airflow 2 has a page of its own for each kind of error, but none for a path that it does not know.
    return (
        not isinstance(body, dict)
        or "error" in body
        or body.get("type") == "about:blank"
        or body.get("detail") == "Not Found"
    )


def _redirect_target(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        urlsplit(target)
    except ValueError as error:
        raise AirflowError(
            f"{url} redirects to something that is no URL; check api_url and the proxy there."
        ) from error
    return target


def _redirect_message(method: str, base: str, path: str, target: str) -> str:
    goal = target.partition("?")[0]
    if goal.endswith(path):
        return f"{base} redirects elsewhere: set api_url to {goal[: -len(path)] or goal} (nothing was sent there)."
    return (
        f"{method} {base}{path} is redirected to {one_line(goal, 120)}, which is not Airflow's API: a login page or a "
        "proxy stands before it; give api_token or api_headers, or correct api_url."
    )


def _seconds(http_date: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(http_date).timestamp() if http_date else None
    except (TypeError, ValueError, IndexError):
        return None


def _is_framed(response: requests.Response) -> bool:
    """Whether the head tells how the body ends. Python takes a head that was cut off for a whole one, without this."""
    return "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
