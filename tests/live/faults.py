# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad line to a real server: an HTTP proxy on loopback that does to chosen requests what networks do to them.

It stands before a server, or, named by C(http_proxy) or C(https_proxy), in the way to any. Each connection carries one
request, and each request meets one fault: that which a test has put up for it, else none.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Callable
from urllib.parse import urlsplit

CHUNK = 64 * 1024
PATIENCE = 60.0  # seconds; nothing here may hang for ever
GONE = (OSError, ValueError)  # of a connection that the other side has left


@dataclass
class Request:
    """What came: the method, the target as it was sent, the headers by lower-case names, the body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    head: bytes

    @property
    def path(self) -> str:
        """Path and query, also where a client of a proxy has named the server, too."""
        if self.target.startswith("/"):
            return self.target
        parts = urlsplit(self.target)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def fits(self, method: str, path: str) -> bool:
        """Whether it has this METHOD, and a path in which the expression PATH is found; empty ones fit all."""
        return method in ("", self.method) and bool(re.search(path, self.path))


@dataclass
class Exchange:
    """One request on its way, in the hands of a fault."""

    line: Line
    request: Request
    client: socket.socket

    def forward(self, plain: bool = False) -> bytes:
        """Let the server act, and return its whole answer, head and body; PLAIN: a body that is not compressed."""
        left_out = rb"(?:proxy-)?connection" + (rb"|accept-encoding" if plain else b"")
        head = re.sub(rb"(?im)^(?:" + left_out + rb"):[^\r\n]*\r\n", b"", self.request.head)
        start, _end, rest = head.partition(b"\r\n")
        method, _target, version = start.split(b" ", 2)
        start = b" ".join([method, self.request.path.encode("latin-1"), version])
        with socket.create_connection(self.line.upstream, timeout=PATIENCE) as server:
            added = "".join(f"{name}: {value}\r\n" for name, value in self.line.adds.items()).encode()
            server.sendall(start + b"\r\nConnection: close\r\n" + added + rest + self.request.body)
            return b"".join(iter(lambda: server.recv(CHUNK), b""))

    def send(self, data: bytes) -> None:
        self.client.sendall(data)

    def cut(self) -> None:
        """Reset the connection."""
        with contextlib.suppress(OSError):
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()

    def wait_for_the_client_to_leave(self) -> None:
        self.client.settimeout(PATIENCE)
        with contextlib.suppress(*GONE):
            while self.client.recv(CHUNK):
                pass


Fault = Callable[[Exchange], None]


# -- what can happen to a request


def passed(exchange: Exchange) -> None:
    """Nothing: the server answers."""
    exchange.send(exchange.forward())


def cut_before(exchange: Exchange) -> None:
    """The connection is reset before the server has seen the request."""
    exchange.cut()


def hung_up_before(exchange: Exchange) -> None:
    """The connection is closed in order, without an answer, before the server has seen the request."""


def cut_after(exchange: Exchange) -> None:
    """The server acts, and the connection is reset before the answer."""
    exchange.forward()
    exchange.cut()


def hung_up_after(exchange: Exchange) -> None:
    """The server acts, and the connection is closed in order before the answer."""
    exchange.forward()


def cut_within(exchange: Exchange) -> None:
    """The server acts, and the connection is reset in the middle of the answer's body."""
    exchange.send(half(exchange.forward()))
    exchange.cut()


def truncated(exchange: Exchange) -> None:
    """The server acts, and the connection is closed in order in the middle of the answer's body."""
    exchange.send(half(exchange.forward()))


def cut_within_head(exchange: Exchange) -> None:
    """The server acts, and the connection is closed in the middle of the answer's head."""
    exchange.send(exchange.forward()[:20])


def silent_before(exchange: Exchange) -> None:
    """The server never sees the request, and no answer comes until the client gives up."""
    exchange.wait_for_the_client_to_leave()


def silent_after(exchange: Exchange) -> None:
    """The server acts, and no answer comes until the client gives up."""
    exchange.forward()
    exchange.wait_for_the_client_to_leave()


def answered(
    status: int, body: bytes | str = b"", content_type: str = "text/html", acted: bool = False, **headers: str
) -> Fault:
    """Something in between answers; ACTED: when the server has done what was asked. In names C(_) stands for C(-)."""
    data = body.encode() if isinstance(body, str) else body

    def fault(exchange: Exchange) -> None:
        if acted:
            exchange.forward()
        exchange.send(head_of(status, content_type, len(data), **headers) + data)

    fault.__name__ = f"answered {status} {'after' if acted else 'before'}"
    return fault


def redirected(location: str, status: int = 302) -> Fault:
    """The client is sent elsewhere; in LOCATION C({path}) is the path of its request."""

    def fault(exchange: Exchange) -> None:
        target = location.replace("{path}", exchange.request.path)
        exchange.send(head_of(status, "text/html", 0, Location=target))

    return fault


def streamed(chunks: Callable[[], Iterable[bytes]], content_type: str) -> Fault:
    """A body of any length, which is in nobody's memory."""

    def fault(exchange: Exchange) -> None:
        exchange.send(head_of(200, content_type, None))
        for chunk in chunks():
            exchange.send(chunk)

    return fault


def altered(change: Callable[[bytes], bytes]) -> Fault:
    """The server's answer, its body CHANGED on the way."""

    def fault(exchange: Exchange) -> None:
        head, body = parts_of(exchange.forward(plain=True))
        body = change(body)
        status = int(head.split(b" ", 2)[1])
        kind = re.search(rb"(?im)^content-type: *([^\r\n]*)", head)
        exchange.send(head_of(status, kind.group(1).decode() if kind else "text/plain", len(body)) + body)

    return fault


def head_of(status: int, content_type: str, length: int | None, **headers: str) -> bytes:
    """The head of an answer; without a LENGTH its body ends with the connection."""
    lines = {"Content-Type": content_type, "Connection": "close", **headers}
    if length is not None:
        lines["Content-Length"] = str(length)
    text = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    # Proxies have statuses of their own.
    phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n{text}\r\n".encode()


def parts_of(answer: bytes) -> tuple[bytes, bytes]:
    """Head and body of an answer; its chunks are put together."""
    head, _blank, body = answer.partition(b"\r\n\r\n")
    if not re.search(rb"(?im)^transfer-encoding: *chunked", head):
        return head, body
    whole = b""
    while body:
        size, _end, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        whole, body = whole + body[:length], body[length + 2 :]
        if not length:
            break
    return head, whole


def half(answer: bytes) -> bytes:
    """An answer without the second half of its body."""
    start = answer.find(b"\r\n\r\n") + 4
    return answer[: start + max(1, (len(answer) - start) // 2)]


# -- the line


@dataclass
class Plan:
    """Faults for requests of a kind; None of TIMES: for all of them."""

    method: str
    path: str
    faults: Iterator[Fault | None]


@dataclass
class Line:
    """The way to the server at the URL UPSTREAM; as a context manager it is there until the block ends.

    :param tls: makes it an HTTPS server; what it has to show and to ask for is the context's.
    :param adds: headers that the server gets with each request.
    """

    upstream_url: str
    tls: ssl.SSLContext | None = None
    adds: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    # How many of the next connections are closed in the middle of the handshake.
    drop_handshakes: int = 0

    def __post_init__(self) -> None:
        parts = urlsplit(self.upstream_url)
        assert parts.hostname
        self.upstream = (parts.hostname, parts.port or 80)
        self._prefix = parts.path.rstrip("/")
        self._plans: list[Plan] = []
        self._guard = threading.Lock()
        self._listener: socket.socket | None = None
        self._port = 0
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Line:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """For api_url."""
        return f"{'https' if self.tls else 'http'}://{self.address}{self._prefix}"

    # -- what tests put up

    def next(self, *faults: Fault, method: str = "", path: str = "") -> None:
        """Let the next requests of a kind meet these faults, one each."""
        with self._guard:
            self._plans.append(Plan(method, path, iter(faults)))

    def always(self, fault: Fault, method: str = "", path: str = "") -> None:
        """Let all requests of a kind meet this fault."""
        with self._guard:
            self._plans.append(Plan(method, path, iter(lambda: fault, None)))

    def at_random(self, seed: int, share: float, faults: Sequence[Fault]) -> None:
        """Let a SHARE of all requests meet one of FAULTS; the same ones for the same SEED."""
        dice = random.Random(seed)

        def thrown() -> Fault:
            return dice.choice(faults) if dice.random() < share else passed

        with self._guard:
            self._plans.append(Plan("", "", iter(thrown, None)))

    def mend(self) -> None:
        """Forget all faults."""
        with self._guard:
            self._plans.clear()

    def seen(self, method: str = "", path: str = "") -> list[Request]:
        """The requests of a kind that came so far, those that met a fault too."""
        return [request for request in self.requests if request.fits(method, path)]

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Inside of this block nothing listens: connections are refused."""
        self.close()
        try:
            yield
        finally:
            self.open()

    # -- how it works

    def open(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Listen no more, and end what is open."""
        if self._listener:
            # The thread that waits for connections sees the end of its socket only by a shutdown.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for client in list(self._open):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE)
        with contextlib.suppress(*GONE), self._kept(client):
            if not self.tls:
                self._carry(client)
                return
            with self._kept(self._handshaken(client)) as secured:
                self._carry(secured)

    @contextlib.contextmanager
    def _kept(self, client: socket.socket) -> Iterator[socket.socket]:
        """A connection that is closed in the end, or when the line closes."""
        self._open.add(client)
        try:
            yield client
        finally:
            self._open.discard(client)
            with contextlib.suppress(OSError):
                client.close()

    def _carry(self, client: socket.socket) -> None:
        request = read_request(client)
        if request is None:
            return
        with self._guard:
            self.requests.append(request)
            fault = self._fault_for(request)
        fault(Exchange(self, request, client))

    def _handshaken(self, client: socket.socket) -> socket.socket:
        """TLS on this connection; a client that takes it for a proxy gets the tunnel it asks for first."""
        assert self.tls
        if client.recv(7, socket.MSG_PEEK) == b"CONNECT":
            request = read_request(client)
            assert request
            self.requests.append(request)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if self.drop_handshakes:
            self.drop_handshakes -= 1
            # What has come is taken, or the connection would be reset.
            client.recv(CHUNK)
            raise ConnectionAbortedError
        return self.tls.wrap_socket(client, server_side=True)

    def _fault_for(self, request: Request) -> Fault:
        for plan in self._plans:
            if request.fits(plan.method, plan.path):
                fault = next(plan.faults, None)
                if fault is not None:
                    return fault
        return passed


def read_request(client: socket.socket) -> Request | None:
    """The next request on a connection; None when there is none any more."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(CHUNK)
        if not chunk:
            return None
        data += chunk
    head, _blank, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = start.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        chunk = client.recv(CHUNK)
        if not chunk:
            return None
        body += chunk
    return Request(method, target, headers, body, head + b"\r\n\r\n")
