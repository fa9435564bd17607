# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is a list of exact HTTP exchanges, and a clock that only pretends to sleep.

The exchanges take the place of the network below C(requests): everything above it is the real thing.
"""

from __future__ import annotations

import email.message
import email.utils
import io
import json
import socket
import typing as t
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import requests
import requests.adapters
import urllib3
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock

URL = "https://airflow.example"
NOON = 1795342500.0  # 2026-11-22T10:15:00Z
READING_POSTS = ("/dagRuns/list", "/taskInstances/list", "/backfills/dry_run", "/auth/token", "/login/")
MOST_SECONDS = 100_000.0
MOST_PAUSES = 5_000


class FakeClock(Clock):
    """Time passes only where somebody sleeps, or where an exchange is told to take its time."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return 1000.0 + self.passed

    def utc(self) -> float:
        return NOON + self.passed

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, f"a pause of {seconds} s"
        self.pauses.append(seconds)
        self.passed += seconds
        for_ever = self.passed > MOST_SECONDS or len(self.pauses) > MOST_PAUSES
        assert not for_ever, "the code under test waits for ever"


class Exchange:
    """One request that has to come, and what it is answered with.

    :param sends: the JSON body; form: that of an HTML form. None: no body at all.
    :param headers: headers that the request must have; with the value None, must not have.
    """

    def __init__(
        self,
        method: str,
        url: str,
        sends: t.Any = None,
        form: dict[str, str] | None = None,
        headers: dict[str, str | None] | None = None,
    ) -> None:
        self.method = method
        self.url = url
        self.sends = sends
        self.form = form
        self.headers = headers or {}
        self.status = 200
        self.body = b""
        self.content_type = ""
        self.extra: dict[str, str] = {}
        self.error: BaseException | None = None
        self.takes = 0.0
        self.cut: int | None = None
        self.cut_by: Exception | None = None
        self.framed = True

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    # -- what it is answered with

    def answers(self, body: t.Any, status: int = 200, **headers: str) -> Exchange:
        """With JSON."""
        return self.says(json.dumps(body), status, "application/json", **headers)

    def says(self, body: str | bytes, status: int = 200, content_type: str = "text/plain", **headers: str) -> Exchange:
        """With whatever; an underscore in the name of a header is a dash."""
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.content_type = status, content_type
        self.extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return self

    def fails(self, error: BaseException) -> Exchange:
        """With no answer, but what C(requests) raises then."""
        self.error = error
        return self

    def breaks_after(self, length: int) -> Exchange:
        """The connection breaks in the middle of the body."""
        self.cut = length
        self.cut_by = urllib3.exceptions.ProtocolError("Connection broken: IncompleteRead")
        return self

    def stalls_after(self, length: int) -> Exchange:
        """The rest of the body does not come in time."""
        self.cut = length
        self.cut_by = socket.timeout("timed out")
        return self

    def unframed(self) -> Exchange:
        """The length of the body is not told: it ends with the connection."""
        self.framed = False
        return self

    def taking(self, seconds: float) -> Exchange:
        """After this time."""
        self.takes = seconds
        return self

    def __mul__(self, times: int) -> list[Exchange]:
        return [self] * times

    # -- whether it is the request that has come

    def differences(self, request: requests.PreparedRequest) -> list[str]:
        """What is not as it should be, a sentence each."""
        found = []
        if (request.method, comparable(request.url or "")) != (self.method, comparable(self.url)):
            return [f"came {request.method} {request.url} instead"]
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        if self.form is not None:
            sent: t.Any = parse_qs(body or "", keep_blank_values=True)
            wanted: t.Any = {key: [value] for key, value in self.form.items()}
        else:
            sent, wanted = (json.loads(body) if body else None), self.sends
            if body and request.headers.get("Content-Type") != "application/json":
                found.append(f"a JSON body was sent as {request.headers.get('Content-Type')}")
        if sent != wanted:
            found.append(f"it sent {sent!r}, not {wanted!r}")
        for name, value in self.headers.items():
            if request.headers.get(name) != value:
                found.append(f"its header {name} was {request.headers.get(name)!r}, not {value!r}")
        return found


class Server:
    """The script of exchanges; they have to come in this order, all of them, and no other.

    Paths without a leading slash are below C(prefix), the root of the API; others below the base URL.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.prefix = "/api/v1/"
        self.script: list[Exchange] = []
        self.requests: list[requests.PreparedRequest] = []
        self.settings: list[dict[str, t.Any]] = []
        self._only_reads = False

    # -- writing the script

    def get(self, path: str, query: t.Any = None, **request: t.Any) -> Exchange:
        return self.expect("GET", path, query, **request)

    def post(self, path: str, query: t.Any = None, **request: t.Any) -> Exchange:
        return self.expect("POST", path, query, **request)

    def patch(self, path: str, query: t.Any = None, **request: t.Any) -> Exchange:
        return self.expect("PATCH", path, query, **request)

    def delete(self, path: str, query: t.Any = None, **request: t.Any) -> Exchange:
        return self.expect("DELETE", path, query, **request)

    def expect(self, method: str, path: str, query: t.Any = None, **request: t.Any) -> Exchange:
        url = path if "://" in path else URL + (path if path.startswith("/") else self.prefix + path)
        exchange = Exchange(method, url + (f"?{urlencode(query, doseq=True)}" if query else ""), **request)
        self.script.append(exchange)
        if self._only_reads:
            self.only_reads()
        return exchange

    def again(self, exchange: Exchange, times: int = 1) -> None:
        """The same once more."""
        self.script.extend([exchange] * times)

    def only_reads(self) -> None:
        """Check mode: the script may hold nothing that writes."""
        self._only_reads = True
        for exchange in self.script:
            dry = exchange.url.endswith("/dry_run") or (exchange.sends or {}).get("dry_run") is True
            asks = exchange.method == "POST" and exchange.url.endswith(READING_POSTS)
            reads = asks or exchange.method in ("GET", "HEAD")
            assert reads or dry, f"the script of a test in check mode holds a write: {exchange}"

    # -- playing it

    def send(self, request: requests.PreparedRequest, settings: dict[str, t.Any]) -> Exchange:
        self.requests.append(request)
        self.settings.append(settings)
        came = f"{request.method} {request.url}"
        assert self.script, f"after the end of the script came {came} {request.body!r}"
        exchange = self.script.pop(0)
        differences = exchange.differences(request)
        assert not differences, f"{exchange}: {'; '.join(differences)}"
        self.clock.passed += exchange.takes
        if exchange.error is not None:
            raise exchange.error
        return exchange

    def done(self) -> None:
        assert not self.script, "these requests never came: " + ", ".join(map(str, self.script))


class Transport(requests.adapters.HTTPAdapter):
    """What C(requests) takes for the network."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server

    def send(self, request: requests.PreparedRequest, **settings: t.Any) -> requests.Response:  # type: ignore[override]
        exchange = self.server.send(request, settings)
        headers = {"Date": email.utils.formatdate(self.server.clock.utc(), usegmt=True), **exchange.extra}
        if exchange.content_type:
            headers["Content-Type"] = exchange.content_type
        if exchange.framed:
            headers["Content-Length"] = str(len(exchange.body))
        body: t.Any = exchange.body if exchange.cut is None else exchange.body[: exchange.cut]
        raw = urllib3.HTTPResponse(
            body=Cut(body, exchange.cut_by) if exchange.cut_by else io.BytesIO(body),
            headers={name: value for name, value in headers.items() if value},
            status=exchange.status,
            preload_content=False,
            original_response=_original(headers),
        )
        return self.build_response(request, raw)


class Cut(io.BytesIO):
    """A connection that fails where its bytes end."""

    def __init__(self, body: bytes, error: Exception) -> None:
        super().__init__(body)
        self.error = error

    def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        data = super().read(size)
        if not data:
            raise self.error
        return data


def _original(headers: dict[str, str]) -> t.Any:
    """What the cookies of an answer are taken from."""

    class Original:
        msg = email.message.Message()

        def isclosed(self) -> bool:
            return True

        def close(self) -> None:
            """Nothing is open."""

    original = Original()
    for name, value in headers.items():
        original.msg[name] = value
    return original


def comparable(url: str) -> tuple[str, list[tuple[str, str]]]:
    """A URL such that two of the same meaning are equal; the path as it is sent, quoted."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}", sorted(parse_qsl(parts.query, keep_blank_values=True))
