# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP session with a server: TLS, redirects, and what may happen to a request on its way. Knows no login.

C(requests) is imported when a session is made, so that a machine without it gets Ansible's own message.
"""

from __future__ import annotations

import contextlib
import math
import re
import typing as t
from urllib.parse import urlsplit

from .._base.clock import Clock
from .._base.errors import Redirected, Unreachable
from .._base.patience import TOO_MANY
from .._base.text import Redactor
from .answer import CHUNK, Answer, is_framed, seconds_of_date
from .problems import broken_off, no_answer, redirect_target, redirected, requests_errors

if t.TYPE_CHECKING:
    import requests

MOST_REDIRECTS = 5
# From 520 on those of Cloudflare, whose proxy does not reach the server behind it.
TRANSIENT = (TOO_MANY, 502, 503, 504, 520, 521, 522, 523, 524, 530)
LEAST_TIME = 0.001  # seconds of a request whose time is over
REDIRECTS = (301, 302, 303, 307, 308)


class Transport:
    """One session with one server.

    :param url: base URL without a trailing slash.
    :param verify: True, False or the path of a CA bundle.
    :param cert: client certificate and key: a path or a pair of paths.
    :param timeout: seconds for one HTTP request.
    :ivar server_time: of the last answer's Date header, seconds since 1970; None before the first one.
    """

    def __init__(
        self,
        url: str,
        headers: t.Mapping[str, str],
        verify: bool | str,
        cert: str | tuple[str, str] | None,
        timeout: float,
        clock: Clock,
        redact: Redactor,
    ) -> None:
        import http.cookiejar

        import requests

        self.url = url
        self.server_time: float | None = None
        self._verify = verify
        self._cert = cert
        self._timeout = timeout
        self._answered = False  # whether anything has, so that the URL has the right protocol
        self._ends = math.inf  # by the clock: when even the last request has to be over
        self._clock = clock
        self._redact = redact
        self._session = requests.Session()
        self._session.headers.update(headers)
        # The credentials given are the only ones: no cookie of an earlier answer replaces them.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    @property
    def cookie(self) -> str:
        """The cookies that the user sends with each request."""
        return str(self._session.headers.get("Cookie", ""))

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    @contextlib.contextmanager
    def in_haste(self, seconds: float) -> t.Iterator[None]:
        """Let no request inside of this block last longer than the block may."""
        before = self._ends
        self._ends = min(before, self._clock.now() + seconds)
        try:
            yield
        finally:
            self._ends = before

    def exchange(self, method: str, path: str, follow: bool = True, **request: t.Any) -> requests.Response:
        """Send one request; reads follow redirects on the same server, writes follow none.

        Unreachable when no answer that counts as one has come. The response's body is still to be read.

        :param follow: False: a redirect is the answer.
        """
        url = self.url + path
        for _hop in range(MOST_REDIRECTS):
            response = self._send(method, url, **request)
            if response.status_code not in REDIRECTS or not follow:
                break
            target = redirect_target(url, response.headers.get("Location", ""))
            response.close()
            if method != "GET" or urlsplit(target)[:2] != urlsplit(url)[:2]:
                raise redirected(method, self.url, path, target)
            url = target
            request.pop("params", None)
        else:
            raise Redirected(f"{self.url}{path} redirects in a circle; check api_url.", "redirects in a circle")
        if response.status_code in TRANSIENT:
            raise self._transient(response)
        return response

    def read(self, response: requests.Response, limit: int) -> Answer:
        """Read the body, or as much of it as C(limit) bytes."""
        try:
            answer = Answer(response, limit)
        except requests_errors() as error:
            raise broken_off(self.url, self._timeout, error) from error
        finally:
            response.close()
        if answer.broken_off:
            raise broken_off(self.url, self._timeout)
        return answer

    @contextlib.contextmanager
    def lines(self, response: requests.Response, path: str) -> t.Iterator[t.Iterator[str]]:
        """Stream the lines of a body, in bounded memory: a line longer than 64 KiB comes in pieces."""
        try:
            yield self._lines(response)
        except requests_errors() as error:
            raise broken_off(self.url, self._timeout, error, f"while {path} was read") from error
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
        if not (chunk or is_framed(response)):
            raise broken_off(self.url, self._timeout)

    def _send(self, method: str, url: str, **request: t.Any) -> requests.Response:
        seconds = min(self._timeout, max(self._ends - self._clock.now(), LEAST_TIME))
        try:
            response = self._session.request(
                method,
                url,
                allow_redirects=False,
                stream=True,
                timeout=seconds,
                verify=self._verify,
                cert=self._cert,
                **request,
            )
        except requests_errors() as error:
            raise no_answer(self.url, seconds, error, self._redact, self._answered) from error
        self._answered = True
        self.server_time = seconds_of_date(response.headers.get("Date"))
        return response

    def _transient(self, response: requests.Response) -> Unreachable:
        header = response.headers.get("Retry-After", "")
        moment = seconds_of_date(header)
        after = float(header) if re.fullmatch("[0-9]{1,6}", header) else moment - self._clock.utc() if moment else None
        response.close()
        return Unreachable(
            f"{self.url} answered {response.status_code}: Airflow is overloaded or not running behind its proxy; "
            "look at it, or raise retry_timeout.",
            status=response.status_code,
            retry_after=max(after, 0.0) if after is not None else None,
            # The others may have come from a proxy that has sent the request on.
            sent=response.status_code != TOO_MANY,
        )
