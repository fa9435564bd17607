# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(api_auth=auto) means for Airflow 2: basic auth, and the session of the login form where that is better."""

from __future__ import annotations

import math
import typing as t

from .._base.errors import AirflowError, ApiError, Denied, WrongLogin
from .login import PASS_AGE, Login, Server, Takes
from .login_v1 import BACKENDS, BasicLogin, SessionLogin

if t.TYPE_CHECKING:
    from requests import PreparedRequest

# Airflow 2 hashes the password anew for each request with basic auth. On 2.11 that took 0.1 of the 0.11 seconds of a
# request, and a login by the form 0.2. So the form is faster from the third request on; but it takes a few logins a
# minute only, which it shall not lose to playbooks that send little.
WORTH_A_LOGIN = 2  # requests with basic auth
HURRY = 5.0  # seconds that the login by the form may take, which basic auth could do without
# What tasks know of each other: how many requests basic auth has served, or that the form was tried since. Either says
# that basic auth works.
SERVED, TRIED = "served", "tried"


class AutoLogin(Login):
    """Basic authentication; the login form when that is refused at first, or when many requests come.

    The second is for the tasks of a playbook, which share what they know of it. Where they cannot, each of them would
    post the form, and it stays with basic auth.
    """

    def __init__(self, username: str, password: str) -> None:
        self.user = username
        self._basic = BasicLogin(username, password)
        self._session = SessionLogin(username, password)
        self._active: Login = self._basic
        self._settled = False
        self._wrong: WrongLogin | None = None  # what the form has said
        self._is_faster = False  # the session is there for its speed, and basic auth works, too
        self._useful = -math.inf  # from when on basic auth may help against 403 to the session, by the clock

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return self._active(request)

    def prepare(self, client: Server) -> None:
        if self._wrong:
            # The request before this one may have been one that a task can do without.
            raise self._wrong
        if not self._settled and self._session.recall(client):
            # A task before has found out that it takes the form, or that it is faster.
            self._settled = True
            self._active = self._session
            if self._session.known(client, SERVED):
                self._is_faster = True
                self._basic.accepted(client)
        elif self._active is self._basic and self._session.known(client, SERVED) == str(WORTH_A_LOGIN):
            self._speed_up(client)
        self._active.prepare(client)

    def accepted(self, client: Server) -> None:
        self._settled = True
        self._active.accepted(client)
        if self._active is not self._basic:
            return
        if self._is_faster:
            # Basic auth has done what the session could not: this server, or the user's session, is of no use.
            self._is_faster = False
            self._session.note(client, "")
        served = self._session.known(client, SERVED) or "0"
        if served != TRIED:
            self._session.note(client, str(min(int(served) + 1, WORTH_A_LOGIN)), SERVED)

    def at_the_door(self) -> Login:
        return self._active.at_the_door()

    def denied(self, client: Server, error: ApiError) -> bool:
        if self._is_faster:
            return self._turns_back(client, error)
        if self._settled:
            return self._active.denied(client, error)
        try:
            self._session.prepare(client)
        except Denied as no_form:
            no_form.message += (
                f" Basic auth, which works only where {BACKENDS} holds it, was refused, too ({error.status})."
            )
            no_form.status = error.status
            # What may pass is no answer yet.
            self._settled = not no_form.passes
            self._wrong = no_form if isinstance(no_form, WrongLogin) else None
            raise
        self._settled = True
        self._active = self._session
        return True

    def proven(self, status: int, reason: str) -> bool:
        return self._active.proven(status, reason)

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        return self._active.advice(status, reason, takes)

    def _speed_up(self, client: Server) -> None:
        """Change from basic auth to a session, if the form gives one at once."""
        # First of all, so that tasks at the same time do not try it, too.
        self._session.note(client, TRIED, SERVED)
        try:
            with client.patience.within(0.0), client.in_haste(HURRY):
                self._session.prepare(client)
        except AirflowError:
            return
        self._is_faster = True
        self._active = self._session

    def _turns_back(self, client: Server, error: ApiError) -> bool:
        """Try with basic auth what the session was refused; when that is refused as well, it was the permission."""
        now = client.clock.now()
        if self._active is self._session:
            if error.status == 403 and now < self._useful:
                return False
            self._active = self._basic
            return True
        self._active = self._session
        self._useful = now + PASS_AGE
        return False
