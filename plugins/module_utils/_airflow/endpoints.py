# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any endpoint of the API, for what no other family has."""

from __future__ import annotations

import json
import re
import typing as t

from .._base.conf import in_json, kind_of
from .._base.errors import ApiError, BadInput, Blocked, FateUnknown, NoSuchApi, Unreachable
from .._base.text import json_of, json_problem, one_line, texts_in
from .._http.address import endpoint_of
from .._http.pages import PAGE, pages
from .airflow import Family, Object

READING = ("GET", "HEAD")
ADVICE = {
    400: "correct query and body as the answer says",
    404: "what the path names does not exist; check its names, and that they are URL-encoded",
    405: "that path does not accept {method}{methods}",
    409: "the object exists already, or its state does not allow this; read it first",
    422: "correct query and body as the answer says",
}


_UNKNOWN_QUERY = re.compile(r"Extra query parameter\(s\) (.+) not in spec")


class _NoList(ApiError):
    """What was asked for does not come in pages."""


class Request(t.NamedTuple):
    """What to ask for.

    :param path: below the version of the API.
    :param pages: whether the answer is a list of which all pages are wanted.
    :param writes: whether it changes something in Airflow.
    :param repeat: whether a write does no harm when done twice.
    """

    method: str
    path: str
    query: Object
    body: t.Any
    pages: bool
    writes: bool
    repeat: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Endpoints(Family):
    """What Airflow answers: {status, json}; an error of Airflow has both in its details."""

    paths: t.ClassVar[str] = ""  # where Airflow shows people its paths

    def send(self, request: Request) -> Object:
        """Send a request; a write once, unless it may be repeated.

        FateUnknown: nobody knows whether it was carried out.
        """
        try:
            return self._all_pages(request) if request.pages else self._send(request)
        except ApiError as error:
            if isinstance(error, NoSuchApi):
                error.message = (
                    f"{self.url} has no path {one_line(request.path, 80)} ({error.reason or error.status}); check it, "
                    f"and whether this version of Airflow has it: its paths are at {self.url}{self.paths}."
                )
            elif error.status in ADVICE and not isinstance(error, _NoList):
                error.message = f"{error.message.rstrip('.')}: {_advice(request, error)}."
            error.details.update(status=error.status, json=error.answer)
            raise
        except Blocked as error:
            error.details.update(status=error.status, json=None)
            raise
        except Unreachable as error:
            if not request.writes:
                raise
            error.details.update(status=error.status, json=None)
            if not error.may_be_done:
                raise
            raise FateUnknown(f"{error.message} {_unknown(request)}", **error.details) from error

    def _send(self, request: Request) -> Object:
        answer = self._client.request(
            request.method,
            self._prefix + request.path,
            request.query,
            request.body,
            repeat=request.repeat or not request.writes,
        )
        body = answer.parsed()
        text = None if answer.text.strip() in ("", "null") else answer.text
        return {"status": answer.status, "json": text if body is None else body}

    def _all_pages(self, request: Request) -> Object:
        try:
            first = self._send(request._replace(query={**request.query, "limit": PAGE, "offset": 0}))
        except ApiError as error:
            # Airflow 2 refuses what is not in its specification, and the user has not written that.
            unknown = _UNKNOWN_QUERY.search(error.reason)
            if unknown and not {"limit", "offset"}.isdisjoint(unknown[1].split(", ")):
                raise self._no_list(request, error.status, error.answer) from error
            raise
        page = first["json"]
        keys = [key for key, value in page.items() if isinstance(value, list)] if isinstance(page, dict) else []
        if len(keys) != 1:
            raise self._no_list(request, first["status"], page)
        (key,) = keys
        found, total = page[key], page.get("total_entries")
        if not isinstance(total, int) or len(found) < total:
            found = pages(self._client, self._prefix + request.path, key, _identity, request.query)
        return {**first, "json": {key: found, "total_entries": len(found)}}

    def _no_list(self, request: Request, status: int, answer: t.Any) -> ApiError:
        error = _NoList(
            f"{self.url}{self._prefix}{request.path} gave no list that comes in pages; leave out pages.", status
        )
        error.answer = answer
        return error


class EndpointsV1(Endpoints, api="v1"):
    """Airflow 2."""

    paths = "/api/v1/ui/"


class EndpointsV2(Endpoints, api="v2"):
    """Airflow 3."""

    paths = "/docs"


def _advice(request: Request, error: ApiError) -> str:
    """What to do about an error that Airflow answers."""
    methods = f", only {error.allowed}" if error.allowed else "; give another method"
    return ADVICE[error.status].format(method=request.method, methods=methods)


def _unknown(request: Request) -> str:
    name = one_line(request.name, 80)
    if request.repeat:
        return f"Whether {name} was carried out is not known; repeating the task does no harm, as repeat: true says."
    return (
        f"Whether {name} was carried out is not known; look, and send it again if it was not, or set repeat: true "
        "where it does no harm when done twice."
    )


def request_of(params: t.Mapping[str, t.Any]) -> Request:
    """Return what the options ask for; BadInput for what no Airflow takes."""
    method, query = params["method"], _query_of(params["query"] or {})
    if params["pages"] and method != "GET":
        raise BadInput(
            "pages works only with method: GET; leave it out, and ask for the pages of other lists one by one."
        )
    if params["pages"] and not {"limit", "offset"}.isdisjoint(query):
        raise BadInput("pages reads the whole list; leave limit and offset out of query, or leave out pages.")
    body = _body_of(params["body"])
    if body is not None and method in READING:
        raise BadInput(f"body does not go with method: {method}; put it into query, or give another method.")
    if params["reads"] and method not in (*READING, "POST"):
        raise BadInput(f"reads does not go with method: {method}, which writes; leave it out, or give another method.")
    writes = method not in READING and not params["reads"]
    path = endpoint_of("path", params["path"])
    return Request(method, path, query, body, params["pages"], writes, params["repeat"])


def _query_of(given: Object) -> Object:
    query = {str(key): _plain(str(key), value) for key, value in given.items() if value is not None}
    for text in texts_in([list(query), query]):
        if not text.isprintable():
            wrong = one_line(text, 60)
            raise BadInput(f"query has '{wrong}', with a character that an address cannot have; correct it.")
    return query


def _plain(key: str, value: t.Any, in_list: bool = False) -> t.Any:
    if isinstance(value, (list, tuple)):
        return [_plain(key, item, True) for item in value]
    if isinstance(value, t.Mapping) or value is None:
        given = f"has {kind_of(value)} in it" if in_list else f"is {kind_of(value)}"
        raise BadInput(
            f"query.{one_line(key, 60)} must be a text, number, boolean or a list of these, and {given}; correct it."
        )
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body_of(value: t.Any) -> t.Any:
    if value is None:
        return None
    try:
        value = json_of(value) if isinstance(value, str) else value
        # The filter to_json makes JSON text of a text as well.
        if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            value = json_of(value)
        body = in_json(value)
        json.dumps(body, allow_nan=False)
    except (ValueError, RecursionError) as error:
        problem = json_problem(error)
        raise BadInput(f"body is not valid JSON: {problem}; give a mapping, a list, or JSON text.") from error
    if not isinstance(body, (dict, list)):
        raise BadInput("body is neither a mapping nor a list; give one of them, or its JSON text.")
    return body


def _identity(item: t.Any) -> str:
    """What tells the items of a list apart of which nothing is known."""
    return json.dumps(item, sort_keys=True)
