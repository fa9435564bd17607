# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole answer of the server, and what it says of itself."""

from __future__ import annotations

import email.utils
import typing as t

from .._base.errors import ApiError
from .._base.text import json_of, one_line, reason_of

if t.TYPE_CHECKING:
    import requests

CHUNK = 64 * 1024


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
        self.broken_off = not (body or is_framed(response) or self.status == 204)
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


def is_framed(response: requests.Response) -> bool:
    """Whether the head tells how the body ends. Python takes a head that was cut off for a whole one, without this."""
    return "Content-Length" in response.headers or "Transfer-Encoding" in response.headers


def is_no_route(answer: Answer) -> bool:
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


def seconds_of_date(http_date: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(http_date).timestamp() if http_date else None
    except (TypeError, ValueError, IndexError):
        return None
