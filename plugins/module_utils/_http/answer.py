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
# Beside 5xx, what a server or its proxy says when it was too busy to read a request.
MAY_PASS = (408, 425)
NEVER_PASS = (501, 505)
NO_BODY = (204, 304)
# What a proxy says whose server is gone, and one that has a page in its place (405: to anything but GET).
NOTHING_THERE = (404, 405, 410)


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
        self.broken_off = not (body or is_framed(response) or has_no_body(response))
        self.text = body[:limit].decode("utf-8", "replace")

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people, which no API gives. Airflow 2 calls an empty answer HTML, too."""
        return bool(self.text.strip()) and reason_of(self.headers.get("Content-Type", ""), self.text).startswith(
            "an HTML page"
        )

    @property
    def is_by_another(self) -> bool:
        """Whether a proxy or a firewall has refused the request: with a page, and a status that is not of its own lack.

        A login may still help against 401; what is not there, or may pass, has its own errors.
        """
        of_request = 400 <= self.status < 500 and self.status not in (401, *NOTHING_THERE) and not may_pass(self.status)
        return of_request and self.is_page and self.text.lstrip().startswith("<")

    def parsed(self) -> t.Any:
        """The body as JSON; None when it is none."""
        try:
            return json_of(self.text)
        except ValueError:
            return None

    def json(self) -> t.Any:
        """The body as JSON; an answer that is none becomes an error in one line."""
        try:
            return json_of(self.text)
        except ValueError as error:
            raise self.no_json() from error

    def no_json(self) -> ApiError:
        """The error about an answer that is something else than an API gives."""
        what = reason_of(self.headers.get("Content-Type", ""), self.text)
        what = f"{one_line(what, 120)} instead of JSON" if self.is_page else "something that is not JSON"
        return ApiError(
            f"{self.url} answered {self.status} with {what}: a login page, a proxy or a wrong path prefix; "
            "check api_url.",
            self.status,
        )

    def no_object(self) -> ApiError:
        """The error about JSON that is no object, as all answers of Airflow's API are that have a body."""
        place = self.url.partition("?")[0]
        return ApiError(f"{place} answered with JSON of an unknown shape; check api_url and api_version.", self.status)


def is_framed(response: requests.Response) -> bool:
    """Whether the head tells how the body ends. Python takes a head that was cut off for a whole one, without this."""
    return "Content-Length" in response.headers or "Transfer-Encoding" in response.headers


def has_no_body(response: requests.Response) -> bool:
    """Whether HTTP gives this answer no body, so that its head need not tell how one ends."""
    return response.request.method == "HEAD" or response.status_code in NO_BODY or response.status_code < 200


def is_no_route(answer: Answer) -> bool:
    """Tell an unknown path from an unknown object: both are 404, and only the second means that it is missing."""
    body = answer.parsed()
    # Airflow 2 has a page of its own for each kind of error, but none for a path that it does not know.
    return (
        not is_of_airflow(answer)
        or "error" in body
        or body.get("type") == "about:blank"
        or body.get("detail") == "Not Found"
    )


def is_of_airflow(answer: Answer) -> bool:
    """Whether an error has the form of Airflow's API, and is not that of a proxy: a page, a text, JSON of its own.

    Airflow 2 gives C(title) and C(detail), Airflow 3 C(detail), or nothing but C(error) for a path it does not know.
    """
    body = answer.parsed()
    return isinstance(body, dict) and ("detail" in body or "title" in body or set(body) == {"error"})


def may_pass(status: int) -> bool:
    """Whether an error with this status may pass by itself: the server has failed, whoever has asked."""
    return status in MAY_PASS or (status >= 500 and status not in NEVER_PASS)


def seconds_of_date(http_date: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(http_date).timestamp() if http_date else None
    except (TypeError, ValueError, IndexError):
        return None
