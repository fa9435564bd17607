# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Airflow is: the base URL and the headers that go with each request, checked before anything is sent."""

from __future__ import annotations

import contextlib
import re
import typing as t
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

from .._base.errors import BadInput
from .._base.inputs import SHORTEST_SECRET
from .._base.text import one_line

# Workers are forked from a process that has imported this, so they need not compile these.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_END_OF_BASE = re.compile(r"/api/v[12]/*$")
_API = re.compile(r"/api(?=/)|/.*?/v\d(?=/)|.*")
_OWN_API = "/api"
TOKEN = "/auth/token"  # where Airflow 3 gives tokens


def base_url_of(option: str, value: str) -> str:
    """Return the base URL without C(/api/v1), C(/api/v2) and trailing slashes."""
    text = value.strip()
    # Before an @ there may be a password, and it need not look like a URL's for that.
    given = "" if "@" in text else f" '{one_line(text, 80)}'"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        why = f" ({one_line(error, 80)})" if given else ""
        raise BadInput(f"{option} is no URL{why}; write it like https://airflow.example.com.") from error
    if parts.username is not None or parts.password is not None:
        raise BadInput(f"{option} must not hold credentials; give api_username and api_password.")
    if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        raise BadInput(f"{option}{given} is no URL; write it like https://airflow.example.com.")
    if parts.query or parts.fragment:
        raise BadInput(f"{option}{given} must not have a query or a fragment; end it after the path.")
    path = _END_OF_BASE.sub("", parts.path).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def api_of(path: str) -> str:
    """Return the API that a path belongs to: that one has answered says nothing of another one.

    Both versions of Airflow's own are one, since the first tells that the second is there.
    """
    match = _API.match(path)
    return match[0] if match else path


def vouchers_for(path: str) -> tuple[str, ...]:
    """Return the other APIs whose answers tell that Airflow is at a path, too: where its own is, it gives tokens."""
    return (_OWN_API,) if path == TOKEN else ()


def secrets_in_url(value: str) -> list[str]:
    """Return what may be credentials in a URL that C(base_url_of) refuses; Ansible shows the option as it was given."""
    with contextlib.suppress(BadInput):
        if "@" not in value or base_url_of("", value):
            return []  # An @ in the path is none.
    match = re.match(r"\s*(?:https?:?)?/*(.+)@", value, re.IGNORECASE | re.DOTALL)
    if not match:
        return []
    # A shorter password is masked where it stands, not wherever its letters occur.
    password = match[1].partition(":")[2]
    return [match[1], password] if len(password) >= SHORTEST_SECRET else [match[1]]


def headers_of(option: str, value: t.Mapping[t.Any, t.Any]) -> dict[str, str]:
    """Return HTTP headers as text."""
    headers = {str(name): str(content) for name, content in value.items()}
    for name, content in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise BadInput(f"{option} has the name '{one_line(name, 60)}', which no HTTP header can have; correct it.")
        check_header_value(option, content)
    return headers


def route_of(url: str, *more: t.Any) -> str:
    """Tell apart what one URL may lead to: by headers, certificates, and the proxies of the environment."""
    return repr((url, more, sorted(getproxies_environment().items())))


def check_header_value(option: str, value: str) -> None:
    """Refuse what HTTP cannot carry in a header: line breaks, and letters beyond Latin-1."""
    if not _HEADER_VALUE.fullmatch(value):
        raise BadInput(f"{option} holds a line break or a character that an HTTP header cannot carry; correct it.")


def endpoint_of(option: str, value: str) -> str:
    """Return a path below the version of the API; BadInput for what would lead anywhere else."""
    text = value.strip()
    what = f"{option} '{one_line(text, 80)}'"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/|//", text):
        raise BadInput(f"{what} is an address; give the path behind the API's version, like /eventLogs, and api_url.")
    if re.search(r"[?#\\]", text) or not text.isprintable():
        raise BadInput(
            f"{what} has a character that a path cannot have; give what comes behind a question mark in query, and "
            "write %3F, %23 or %5C where it is a part of a name."
        )
    path = "/" + text.lstrip("/")
    if re.search(r"^/api(/|$)|^/v\d+(/|$)|/api/v\d", path):
        raise BadInput(f"{what} holds the version of the API, which is added to it; give the path behind that.")
    # Whatever takes the quotes away, however often, on the way to Airflow.
    plain = path
    while unquote(plain) != plain:
        plain = unquote(plain)
    if not path.strip("/") or "" in path[1:].split("/") or not {".", ".."}.isdisjoint(re.split(r"[/\\]", plain)):
        raise BadInput(f"{what} has a part that is empty or made of dots, and leads elsewhere; write all parts out.")
    return path
