# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Airflow server, whichever version it is, and what the families of its objects have in common.

A family is a file of this folder: what can be asked of Airflow about DAGs, runs, users, … It holds one interface, with
what Airflow 2 and Airflow 3 do differently below it. Objects come as plain dicts with the same keys everywhere, named
as Airflow 3 names them; times are ISO 8601 texts in UTC. A module loads the families that it asks, and no others.
"""

from __future__ import annotations

import contextlib
import functools
import re
import typing as t

from .._base.errors import ApiError, Denied, NotFound, Unsupported
from .._base.text import one_line, reason_of
from .._http.client import Client, path_of
from .._http.login import Login, TokenLogin
from .._http.login_auto import AutoLogin
from .._http.login_v1 import BasicLogin, SessionLogin
from .._http.login_v2 import JwtLogin, PasswordTokenLogin
from .permissions import permissions_for

Object = t.Dict[str, t.Any]
T = t.TypeVar("T", bound="Family")
F = t.TypeVar("F", bound=t.Callable[..., t.Any])
_INSIDE_API = re.compile(r"/api/v[12]/")
# Pages of Airflow, whose address people copy from a browser.
_PAGE = re.compile(r"/(?:home|login|auth/login|dags(?:/.*)?)$")
_NUMBER = re.compile(r"(?:^|[.])(\d+)")  # of a version


def silent(line: str) -> None:
    """Where nobody reads what a task prints before its end."""


class Asked(t.Protocol):
    """Whoever can be asked for a family: a server, or its command."""

    def ask(self, family: type[T]) -> T:
        """Return a family of objects."""

    def close(self) -> None:
        """Leave nothing open."""


class Generation(t.NamedTuple):
    """A version of Airflow's REST API.

    :param logins: from the choices of C(api_auth) to the login with user name and password.
    """

    name: str
    prefix: str
    logins: t.Mapping[str, t.Callable[[str, str], Login]]
    token_login: t.Callable[[str], Login]


# Basic auth and cookies are gone in Airflow 3: api_auth is an option for Airflow 2 alone.
GENERATIONS = {
    "v1": Generation("v1", "/api/v1", {"auto": AutoLogin, "basic": BasicLogin, "session": SessionLogin}, TokenLogin),
    "v2": Generation("v2", "/api/v2", dict.fromkeys(("auto", "basic", "session"), PasswordTokenLogin), JwtLogin),
}


class Airflow:
    """An Airflow server.

    :param generation: the name of the API that it has: C(v1) (Airflow 2.3 to 2.11) or C(v2) (Airflow 3).
    :param version: its version, where it is known already.
    :param say: prints a line of progress while a task waits.
    :ivar quotes: whether messages may quote what the tasks of a run have said.
    """

    quotes = True

    def __init__(
        self,
        client: Client,
        generation: str,
        version: tuple[int, ...] | None = None,
        say: t.Callable[[str], None] = silent,
    ) -> None:
        self.client = client
        self.clock = client.clock
        self.patience = client.patience
        self.url = client.url
        self.generation = GENERATIONS[generation]
        self.say = say
        client.permissions_for = permissions_for
        self._version = version
        self._families: dict[type[Family], Family] = {}

    def ask(self, family: type[T]) -> T:
        """Return a family of this server's objects; Unsupported when its version does not have them."""
        if family not in self._families:
            self._families[family] = family.of(self)
        return t.cast(T, self._families[family])

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def version(self) -> tuple[int, ...]:
        """Return Airflow's version, such as C((2, 11, 2)); read once."""
        if self._version is None:
            self._version = self._read_version()
        return self._version

    def needs(self, feature: str, minimum: tuple[int, ...], instead: str = "leave it out") -> None:
        """Raise Unsupported, which names the feature, when this version is older than that.

        :param instead: what can be done on this version.
        """
        if self.version() < minimum:
            raise Unsupported(
                f"{feature} needs Airflow {version_text(minimum)} or newer, and {self.url} is "
                f"{version_text(self.version())}; {instead}, or upgrade."
            )

    def log_in(self) -> None:
        """Log in anew; Denied unless the credentials are right. No permission is needed."""
        try:
            self.client.log_in()
            self.client.get(self.generation.prefix + "/dags", {"limit": 1})
        except Denied as error:
            if not error.authenticated:
                raise

    def _read_version(self) -> tuple[int, ...]:
        answer = self.client.get_open(self.generation.prefix + "/version")
        if not isinstance(answer, dict) or "version" not in answer:
            raise unknown_shape(self.url)
        return version_of(answer["version"])


class Family:
    """What all families share.

    The interface of a family is a direct subclass of this, its C(since) the first version that has such objects. What
    differs stands in subclasses of the interface, which say the API that they are for: C(class DagsV1(Dags, api="v1")).
    """

    since: t.ClassVar[tuple[int, ...]] = ()
    nouns: t.ClassVar[str] = ""  # what a message calls the objects of a family that some version lacks
    generations: t.ClassVar[dict[str, type[Family]]] = {}

    def __init_subclass__(cls, api: str = "", **others: t.Any) -> None:
        super().__init_subclass__(**others)
        if api:
            cls.generations[api] = cls
        else:
            cls.generations = {}

    def __init__(self, airflow: Airflow) -> None:
        self._airflow = airflow
        self._client = airflow.client
        self._prefix = airflow.generation.prefix
        self.url = airflow.url

    @classmethod
    def of(cls: type[T], airflow: Airflow) -> T:
        """Return this family as the API of a server has it."""
        if cls.since:
            airflow.needs(cls.nouns, cls.since)
        return t.cast(T, cls.generations.get(airflow.generation.name, cls)(airflow))

    def _path(self, *parts: str) -> str:
        return self._prefix + path_of(*parts)

    def _run_path(self, dag_id: str, dag_run_id: str, action: str, instead: str = "Airflow's web interface") -> str:
        """Return the path of a run; Unsupported when no path can name it.

        :param action: what is not possible then.
        :param instead: where it is possible.
        """
        why = why_no_path(dag_run_id)
        if why:
            raise Unsupported(
                f"Airflow's API cannot {action} DAG run {dag_id} / {dag_run_id}, since its id {why}; use {instead}."
            )
        return self._path("dags", dag_id, "dagRuns", dag_run_id)

    def _find(self, path: str, read: t.Callable[[Object], Object]) -> Object | None:
        """Return one object, or None when there is none."""
        try:
            raw = self._client.get(path)
        except NotFound:
            return None
        return read(raw)

    def _delete(self, path: str, lost: str) -> None:
        """Delete one object; one that is gone meanwhile is what was wanted.

        :param lost: what is said when nobody knows whether it is deleted.
        """
        with contextlib.suppress(NotFound):
            self._client.delete(path, lost)


def why_no_path(dag_run_id: str) -> str:
    """Say why no path can name a run; an empty text where one can. Lists show all runs, and bodies can name them.

    Airflow takes a slash for the end of an id, quoted or not. Dots alone go to another folder in every URL.
    """
    if "/" in dag_run_id:
        return "has a slash"
    if dag_run_id in (".", ".."):
        return "has only dots"
    return "means all runs in its paths" if dag_run_id == "~" else ""


def of_known_shape(method: F) -> F:
    """Let an answer that is JSON, but not what Airflow gives, end in one sentence; for methods of families."""

    @functools.wraps(method)
    def checked(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return method(self, *args, **kwargs)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise unknown_shape(self.url) from error

    return t.cast(F, checked)


def unknown_shape(url: str) -> ApiError:
    """An answer that is JSON, but not what Airflow gives."""
    return ApiError(f"{url} answered with JSON of an unknown shape; check api_url and api_version.", 200)


def detect(client: Client, login: Login | None = None) -> Airflow:
    """Find out by one request which API answers; on Airflow 2 that tells the version, too.

    Airflow 2 tells its version to everybody; Airflow 3 answers the same path with a JSON error that says that it was
    removed (3.3), or that there is no such route (3.0).

    :param login: what is shown once more, should something before Airflow want a login for that.
    """
    path = GENERATIONS["v1"].prefix + "/version"
    airflow = client.bear(lambda: _detected(client, path, login))
    client.has_answered(path)
    return airflow


def _detected(client: Client, path: str, login: Login | None) -> Airflow:
    place = client.url + path
    answer = client.open_request("GET", path, auth=client.login)
    if answer.status in (401, 403) and login:
        login.prepare(client)
        answer = client.open_request("GET", path, auth=login)
    if answer.status in (401, 403):
        if login:
            raise Denied(
                f"{place} wants a login before it tells its version ({answer.status}), and not that of api_username; "
                "correct it, or give api_headers and api_version.",
                answer.status,
            )
        raise Denied(
            f"{place} wants a login before it tells its version ({answer.status}); set api_version.", answer.status
        )
    body = answer.parsed()
    if isinstance(body, dict) and answer.status == 200 and "version" in body:
        return Airflow(client, "v1", version_of(body["version"]))
    inside = _INSIDE_API.search(client.url)
    if isinstance(body, dict) and answer.status == 404 and "error" in body and not (inside and _has_no_v2(client)):
        return Airflow(client, "v2")
    advice = "check api_url: its path prefix, and whether a proxy or a login page stands before Airflow."
    inside = inside or _PAGE.search(client.url)
    if inside:
        advice = f"end api_url before {inside[0].rstrip('/')}."
    what = one_line(reason_of(answer.headers.get("Content-Type", ""), answer.text), 100) or "nothing of use"
    raise client.unusable(
        path,
        answer,
        ApiError(
            f"No Airflow API answers at {client.url}: {place} gave status {answer.status} with {what}; {advice}",
            answer.status,
        ),
    )


def _has_no_v2(client: Client) -> bool:
    """Whether Airflow 3 is not there after all: what is no path of it is answered alike inside of its API."""
    return client.open_request("GET", GENERATIONS["v2"].prefix + "/version", auth=client.login).status == 404


def version_of(text: t.Any) -> tuple[int, ...]:
    """Return the numbers of a version that Airflow tells, such as C(2.11.2), C(2.9.3+composer) or C(3.0.0rc1)."""
    return tuple(map(int, _NUMBER.findall(str(text).partition("+")[0])[:3]))


def version_text(version: tuple[int, ...]) -> str:
    """Write a version as people do: C(2.11.2)."""
    return ".".join(map(str, version))
