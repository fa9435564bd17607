# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request can run into on its way, sorted: what may pass is an outage, the rest will not mend itself."""

from __future__ import annotations

import re
import socket
import ssl
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies_environment

from .._base.errors import AirflowError, ApiError, Redirected, Unreachable
from .._base.text import Redactor, one_line
from .answer import Answer


def requests_errors() -> tuple[type[Exception], ...]:
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
    reason, place, _rest = text.partition(" (_ssl.c")
    # Without the place in OpenSSL's source, what is at the end closes the text of an error in an error.
    told = one_line(reason.rstrip("." if place else "'\")."), 160)
    # What OpenSSL says of an answer without TLS, in its words for it.
    return f"{told} (does the server speak http?)" if told in ("wrong version number", "record layer failure") else told


def redirect_target(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        urlsplit(target)
    except ValueError as error:
        raise Redirected(
            f"{url} redirects to something that is no URL; check api_url and the proxy there.", "a redirect to no URL"
        ) from error
    return target


def redirected(method: str, base: str, path: str, target: str) -> AirflowError:
    """A redirect that is not followed: Airflow has moved, or something else answers in its place."""
    goal = target.partition("?")[0]
    if goal.endswith(path):
        return AirflowError(
            f"{base} redirects elsewhere: set api_url to {goal[: -len(path)] or goal} (nothing was sent there)."
        )
    return Redirected(
        f"{method} {base}{path} is redirected to {one_line(goal, 120)}, which is not Airflow's API: a login page or a "
        "proxy stands before it; give api_token or api_headers, or correct api_url.",
        f"a redirect to {one_line(goal, 120)}",
    )


def not_airflow(url: str, what: str, status: int | None = None, path: str = "") -> Unreachable:
    """Something else has answered in the place of an API that has answered before.

    :param path: what was asked for, should Airflow have answered at other paths only.
    """
    there = f"pass {path} on to it" if path else "reach it"
    return Unreachable(
        f"{url} gave {what} in place of Airflow, which has answered before: it is being restarted, or its proxy does "
        f"not {there}; look at both, or raise retry_timeout.",
        status,
        sent=False,
    )


def blocked(method: str, answer: Answer, reason: str) -> str:
    """Say that a proxy or a firewall has refused a request.

    :param reason: what it said, in one line.
    """
    advice = "look at it"
    if answer.status == 413:
        advice = "the request is larger than it takes, so send less, or raise its limit"
    url = answer.url.partition("?")[0]
    return f"A proxy or firewall before Airflow answered {answer.status} to {method} {url} ({reason}): {advice}."


def too_large(url: str, limit: int, status: int) -> ApiError:
    """An answer of which not even the whole can be read; what was asked for may be done."""
    error = ApiError(f"{url} answered with more than {limit} bytes; check api_url.", status)
    error.may_be_done = status < 300
    return error


def broken_off(
    url: str, timeout: float, error: Exception | None = None, place: str = "in the middle of an answer"
) -> Unreachable:
    """An answer of which the rest does not come.

    :param error: what ended it, unless it came to its end too early. requests makes a time-out a ConnectionError here.
    :param place: what was being done.
    """
    from urllib3.exceptions import ReadTimeoutError

    if _cause(error, ReadTimeoutError):
        return Unreachable(
            f"{url} sent nothing more for {timeout:g} s (request_timeout) {place}; look at the load of Airflow and the "
            "network, or raise request_timeout."
        )
    return Unreachable(f"The connection to {url} broke {place}; look at the network and the proxy.")


def _broken_before(url: str, answered: bool, sent: bool = True) -> Unreachable:
    """A connection that broke before an answer came."""
    if answered:
        return Unreachable(
            f"The connection to {url} broke before an answer came; look at Airflow, its proxy and the network.",
            sent=sent,
        )
    return Unreachable(f"The connection to {url} broke before an answer came; is it http or https?", sent=sent)


def _too_slow(url: str, timeout: float, answered: bool, sent: bool) -> Unreachable:
    """An answer that did not come in time."""
    if answered:
        return Unreachable(
            f"{url} did not answer within {timeout:g} s (request_timeout); look at the load of Airflow, or raise "
            "request_timeout.",
            sent=sent,
        )
    return Unreachable(f"{url} did not answer within {timeout:g} s (request_timeout); is it http or https?", sent=sent)


def no_answer(url: str, timeout: float, error: Exception, redact: Redactor, answered: bool) -> AirflowError:
    """Sort what the transport can run into: an outage is Unreachable, the rest will not mend itself.

    But for a name and a certificate that were good before: a name server, or what a proxy shows while it is set up.

    :param answered: something has answered there before in this task, so it does speak the protocol of C(url).
    """
    import requests.exceptions as problems
    from urllib3.exceptions import NewConnectionError

    host = urlsplit(url).netloc
    if isinstance(error, problems.ProxyError):
        which = _proxy_of(url)
        return Unreachable(
            f"The proxy of the environment{which} gives no way to {host}; check it and no_proxy.", sent=False
        )
    if isinstance(error, problems.SSLError):
        # A server that is being restarted behind a load balancer hangs up in the middle of the handshake.
        if _cause(error, ssl.SSLEOFError) or _cause(error, ssl.SSLZeroReturnError):
            return _broken_before(url, answered)
        return _passing(
            AirflowError(
                f"No trusted TLS connection to {host}: {_tls_reason(error)}; check api_url, ca_path and client_cert."
            )
        )
    if isinstance(error, problems.Timeout):
        return _too_slow(url, timeout, answered, sent=not isinstance(error, problems.ConnectTimeout))
    if _cause(error, socket.gaierror):
        return _passing(AirflowError(f"The host name of api_url {url} cannot be resolved; check api_url."))
    if isinstance(error, problems.ConnectionError):
        if _cause(error, ConnectionRefusedError):
            return Unreachable(
                f"Nothing listens at {url} (connection refused); check api_url and that Airflow runs.", sent=False
            )
        return _broken_before(url, answered, sent=not _cause(error, NewConnectionError))
    if isinstance(error, (problems.ChunkedEncodingError, problems.ContentDecodingError)):
        return broken_off(url, timeout, error)
    if isinstance(error, (problems.InvalidURL, problems.InvalidSchema)) and _is_of_proxy(url):
        # What cannot be read of it may hold its password.
        why = one_line(error).rstrip(".") if re.search("SOCKS|unsupported scheme", str(error)) else "it is no such URL"
        return AirflowError(
            f"The proxy of the environment{_proxy_of(url)} cannot be used: {why}; correct it, or name "
            f"{urlsplit(url).hostname} in no_proxy."
        )
    return AirflowError(
        f"No request can be sent to {url}: {one_line(redact(str(error))).rstrip('.')}; check api_url and api_headers."
    )


def _is_of_proxy(url: str) -> bool:
    """Whether a URL that cannot be used is that of the proxy on the way to C(url)."""
    from requests import PreparedRequest, RequestException
    from requests.utils import get_environ_proxies

    try:
        PreparedRequest().prepare_url(url, None)
    except RequestException:
        return False
    return bool(get_environ_proxies(url, None))


def _proxy_of(url: str) -> str:
    """Say which proxy the environment has for a URL, without its password, and by which variable."""
    proxies = getproxies_environment()
    for name in (urlsplit(url).scheme, "all"):
        if name in proxies:
            place = proxies[name].rpartition("@")[2].rpartition("//")[2].rstrip("/")
            return f" ({', '.join(filter(None, [one_line(place, 80), f'{name}_proxy']))})"
    return ""


def _passing(error: AirflowError) -> AirflowError:
    error.passes = True
    return error
