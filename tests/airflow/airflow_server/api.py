# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The little of Airflow's REST API that the harness needs. It shares no code with the collection, which it tests."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

# Loopback never goes through a proxy, whatever the caller's environment says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Api:
    """One server's API, with basic authentication (Airflow 2) or a token (Airflow 3)."""

    def __init__(self, url: str, is_v3: bool, username: str = "", password: str = "") -> None:
        self.url = url
        self.is_v3 = is_v3
        self.credentials = (username, password)
        self._token = ""

    def health(self) -> dict[str, Any]:
        """What the server says of its parts; an empty answer when it does not answer."""
        path = "/api/v2/monitor/health" if self.is_v3 else "/health"
        try:
            with _OPENER.open(self.url + path, timeout=10) as answer:
                return dict(json.load(answer))
        except (OSError, ValueError):
            return {}

    def token(self) -> str:
        """A token of Airflow 3 for the user."""
        username, password = self.credentials
        body = {"username": username, "password": password}
        return str(self._send("POST", "/auth/token", body, {})["access_token"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer to a request to PATH below /api/v1 or /api/v2."""
        return self._send(method, ("/api/v2" if self.is_v3 else "/api/v1") + path, body, self._login())

    def text(self, path: str, accept: str) -> str:
        """The answer as it is, for logs."""
        prefix = "/api/v2" if self.is_v3 else "/api/v1"
        return self._open("GET", prefix + path, None, {**self._login(), "Accept": accept}).decode(errors="replace")

    def _login(self) -> dict[str, str]:
        if self.is_v3:
            self._token = self._token or self.token()
            return {"Authorization": f"Bearer {self._token}"}
        return {"Authorization": "Basic " + base64.b64encode(":".join(self.credentials).encode()).decode()}

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        return json.loads(self._open(method, path, body, {**headers, "Accept": "application/json"}) or b"null")

    def _open(self, method: str, path: str, body: Any, headers: dict[str, str]) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            request.add_header(name, value)
        try:
            with _OPENER.open(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            raise OSError(f"{method} {path} was answered with {error.code}: {said}") from error
