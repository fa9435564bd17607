# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay before a server, which remembers the requests that go through it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

HEAD = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
KEPT = ("content-length", "content-type", "user-agent", "x-wrong-on-purpose")


class Relay:
    """Lists the requests that clients have sent."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sent: list[bytearray] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"

    def requests(self) -> list[dict[str, Any]]:
        """The requests since the last call, each as {method, target, headers, body}; of its headers those of KEPT."""
        sent, self._sent = self._sent, []
        return [request for data in sent for request in requests_in(bytes(data))]

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()  # The server is being restarted.
                continue
            sent = bytearray()
            self._sent.append(sent)
            for source, goal, seen in ((client, server, sent), (server, client, bytearray())):
                threading.Thread(target=_pump, args=(source, goal, seen), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def requests_in(sent: bytes) -> Iterator[dict[str, Any]]:
    """Read requests of HTTP/1.1, one after the other, until the end or something else."""
    while match := HEAD.match(sent):
        method, target, lines = (part.decode("latin-1") for part in match.groups())
        pairs = (line.partition(":") for line in lines.split("\r\n"))
        headers = {name.lower(): value.strip() for name, _colon, value in pairs if name.lower() in KEPT}
        end = match.end() + int(headers.get("content-length", "0"))
        body = sent[match.end() : end].decode("utf-8", "replace")
        yield {"method": method, "target": target, "headers": headers, "body": body}
        sent = sent[end:]


def _pump(source: socket.socket, goal: socket.socket, seen: bytearray) -> None:
    """Pass on what comes, and remember it."""
    with suppress(OSError):
        while data := source.recv(65536):
            seen += data
            goal.sendall(data)
    for end in (source, goal):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def counted(url: str) -> Iterator[Relay]:
    """A relay before the server at URL."""
    relay = Relay(url)
    threading.Thread(target=relay.serve, daemon=True).start()
    try:
        yield relay
    finally:
        relay.close()
