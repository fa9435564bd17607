# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login is, and what its ways have in common.

One is always set on the session: where C(requests) finds none, it takes credentials from C(~/.netrc).
"""

from __future__ import annotations

import math
import typing as t

from .._base.clock import Clock
from .._base.errors import AirflowError, ApiError, Unreachable, WrongLogin, about
from .._base.patience import Patience
from .._base.text import Redactor

if t.TYPE_CHECKING:
    from requests import PreparedRequest

    from .answer import Answer

E = t.TypeVar("E", bound=AirflowError)
T = t.TypeVar("T")
BAD_TOKEN = "api_token is not valid here or has expired; get a new one"
PASS_AGE = 60.0  # seconds for which a pass that was renewed in vain is not renewed again because of a 403


class Passes:
    """What logins have got, such as tokens, for others with the same credentials. This one keeps nothing."""

    def recall(self, owner: t.Sequence[str]) -> str:
        """Return what this owner has got last; an empty text when that is not known."""
        return ""

    def keep(self, owner: t.Sequence[str], given: str) -> None:
        """Remember what this owner has got; it may be forgotten at any time."""

    def refused(self, owner: t.Sequence[str]) -> tuple[str, int] | None:
        """Return the sentence and the status with which this owner was refused before; None: it may be tried."""
        return None

    def refuse(self, owner: t.Sequence[str], sentence: str, status: int) -> None:
        """Remember that this owner was refused, for those who run so soon that nobody can have changed a password."""

    def forget(self) -> None:
        """Forget everything."""

    def anew(self) -> Passes:
        """Return passes of which none is recalled, so that everybody logs in; what comes of that is kept here."""
        return _Anew(self)


class _Anew(Passes):
    def __init__(self, passes: Passes) -> None:
        self._passes = passes

    def keep(self, owner: t.Sequence[str], given: str) -> None:
        self._passes.keep(owner, given)

    def forget(self) -> None:
        self._passes.forget()


NO_PASSES = Passes()


class Server(t.Protocol):
    """What a login may use of the session that it is for."""

    url: str
    clock: Clock
    redact: Redactor
    passes: Passes
    patience: Patience
    route: str  # whatever leads to this server

    def open_request(
        self,
        method: str,
        path: str,
        auth: Login | None = None,
        cookie: str = "",
        patience: float = 0.0,
        headers: t.Mapping[str, str] | None = None,
        follow: bool = True,
        **body: t.Any,
    ) -> Answer:
        """Send a request without a login, and return whatever came back."""

    def in_haste(self, seconds: float) -> t.ContextManager[None]:
        """Let no request inside of this block last longer than the block may."""

    def bear(self, act: t.Callable[[], T]) -> T:
        """Do what does no harm when done twice, again while it meets what may pass."""

    def has_answered(self, path: str) -> None:
        """Take note that Airflow itself has answered there."""

    def unusable(self, path: str, answer: Answer, error: E) -> E | Unreachable:
        """Return what to say of an answer of which nothing can be made: C(error), marked when that may pass."""


class Takes(t.NamedTuple):
    """What a request takes of its user.

    :param permissions: their names; empty: nobody knows.
    :param is_for_admins: who may do this can become an admin, so these permissions are not to be given away.
    """

    permissions: str = ""
    is_for_admins: bool = False

    def way_out(self, usual: str) -> str:
        """Return what helps a user who lacks them: C(usual), unless an admin has to do it."""
        return "log in as a user who may manage users and roles, such as an Admin" if self.is_for_admins else usual


def lacking(who: str, takes: Takes) -> str:
    """Say that a permission is missing, and which one that is, where it is known."""
    if ", and " in takes.permissions:
        return f"{who} lacks one of the permissions ({takes.permissions})"
    return f"{who} lacks the permission{f' ({takes.permissions})' if takes.permissions else ''}"


def lacking_in_fab(who: str, takes: Takes) -> str:
    """Say so, and what helps with the FAB auth manager."""
    way_out = takes.way_out("give it to one of the user's roles (airflow_role with append: true)")
    return f"{lacking(who, takes)}; {way_out}"


class Login:
    """No credentials; the base of the others.

    A login hears of each answer that denies (C(denied)) and may mend itself by logging in anew, once until the next
    answer that does not deny (C(accepted)); so no loop can come of it.

    :ivar user: the name of the user that is logged in; empty: nobody knows.
    """

    user = ""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request

    def prepare(self, client: Server) -> None:
        """Get what a request needs, such as a token, unless it is there."""

    def accepted(self, client: Server) -> None:
        """The server took the credentials."""

    def anonymous(self) -> Login:
        """What is shown where no login is wanted: nothing that has to be asked for."""
        return Login()

    def at_the_door(self) -> Login:
        """What is shown to a proxy before Airflow beside another login."""
        return Login()

    def denied(self, client: Server, error: ApiError) -> bool:
        """Answer to 401 or 403: True when the same request should be sent once more."""
        return False

    def proven(self, status: int, reason: str) -> bool:
        """Whether the credentials are known to be right although the answer is 401 or 403, for this reason."""
        return False

    def by_fab(self) -> bool:
        """Whether the FAB auth manager decides what the user may do, as on Airflow 2."""
        return True

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        """What a person should look at after 401 (not logged in) or 403 (no permission), for this reason.

        :param takes: what the request takes.
        """
        return "give api_username and api_password, or api_token"


class TokenLogin(Login):
    """A bearer token that was issued elsewhere, for Airflow 2 and what stands before it: a 403 may mean anything."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def anonymous(self) -> Login:
        # What stands before Airflow may want it for every request.
        return self

    def at_the_door(self) -> Login:
        return self

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        if status == 401:
            return BAD_TOKEN
        way_out = takes.way_out("give it to one of the user's roles")
        return f"api_token is not valid here, or {lacking('its user', takes)}; get a new one, or {way_out}"


class PasswordLogin(Login):
    """User name and password, exchanged for a pass that each request shows; C(_exchange) gets one.

    :ivar is_fresh: no answer has shown yet whether the pass that was just got is taken.
    """

    def __init__(self, username: str, password: str) -> None:
        self.user = username
        self.credentials = {"username": username, "password": password}
        self._pass = ""
        self.is_fresh = False
        self._useful = -math.inf  # from when on a new pass may help against 403, by the clock

    def prepare(self, client: Server) -> None:
        if not self._pass and not self.recall(client):
            self._log_in(client)

    def recall(self, client: Server) -> bool:
        """Take a pass that these credentials have got before, if there is one; it may have expired since."""
        self._pass = self.known(client)
        client.redact.add(filter(None, [self._pass]))
        return bool(self._pass)

    def accepted(self, client: Server) -> None:
        if self.is_fresh:
            self._keep(client)
        self.is_fresh = False

    def denied(self, client: Server, error: ApiError) -> bool:
        # An expired pass may be answered by 403, just as a missing permission is. Once a new one has not helped, it is
        # taken for that: what the user may not do can be a part of each look.
        now = client.clock.now()
        if self.is_fresh:
            self._useful = now + PASS_AGE
        if self.is_fresh or (error.status == 403 and now < self._useful):
            return False
        self._log_in(client)
        return True

    def proven(self, status: int, reason: str) -> bool:
        return bool(self._pass)

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        return lacking_in_fab(f"user {self.user}", takes)

    def _log_in(self, client: Server) -> None:
        owner = self._owner(client)
        before = client.passes.refused(owner)
        if before:
            raise WrongLogin(*before)
        # Its connection breaks like any other: only this tells that no request was sent yet.
        try:
            with about("While logging in", Unreachable):
                self._pass = client.bear(lambda: self._exchange(client))
        except WrongLogin as error:
            # Airflow takes the pass of a password that was changed a while longer.
            self.note(client, "")
            client.passes.refuse(owner, error.message, error.status)
            raise
        client.redact.add([self._pass])
        self.is_fresh = True

    def _keep(self, client: Server) -> None:
        """Let others have a pass that was taken; one that was given and is refused would lead them astray."""
        self.note(client, self._pass)

    def known(self, client: Server, of: str = "") -> str:
        """Return the pass of these credentials, or what else tasks have noted OF them; empty when nobody knows."""
        return client.passes.recall(self._owner(client, of))

    def note(self, client: Server, what: str, of: str = "") -> None:
        """Let others know the pass of these credentials, or something else OF them."""
        client.passes.keep(self._owner(client, of), what)

    def _owner(self, client: Server, of: str = "") -> list[str]:
        """Each way of logging in has passes of its own."""
        return [self.__class__.__name__, of, client.route, *self.credentials.values()]

    def _exchange(self, client: Server) -> str:
        raise NotImplementedError
