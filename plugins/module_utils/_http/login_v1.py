# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to log in to Airflow 2: basic auth, and the login form. C(login_auto) chooses between them."""

from __future__ import annotations

import base64
import contextlib
import typing as t
from urllib.parse import urljoin, urlsplit

from .._base.errors import Denied, Unreachable, WrongLogin
from .._base.patience import TOO_MANY
from .._base.text import one_line
from .answer import NOTHING_THERE, Answer, may_pass
from .login import Login, PasswordLogin, Server, Takes, lacking, lacking_in_fab
from .login_form import LoginForm, login_form_of, words_of
from .problems import redirect_target
from .transport import REDIRECTS

if t.TYPE_CHECKING:
    from requests import PreparedRequest

FORM = "/login/"
DOOR = "door"  # what a proxy before the form is shown
BACKENDS = "[api] auth_backends in airflow.cfg"
# Seconds to wait for a turn at the login form, which takes 5 posts in 40 s ([webserver] auth_rate_limit).
FORM_PATIENCE = 60.0
# What tasks know of each other: when the form has refused these credentials, in seconds of the clock, which they share.
REFUSED = "refused"


class BasicLogin(Login):
    """Basic authentication of Airflow 2."""

    def __init__(self, username: str, password: str) -> None:
        # The object of requests would encode text as latin-1; browsers and Airflow use UTF-8.
        self.user = username
        self._pass = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._worked = False

    def prepare(self, client: Server) -> None:
        client.redact.add([self._pass])

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Basic {self._pass}"
        return request

    def at_the_door(self) -> Login:
        return self

    def accepted(self, client: Server) -> None:
        self._worked = True

    def proven(self, status: int, reason: str) -> bool:
        return self._worked

    def advice(self, status: int, reason: str, takes: Takes) -> str:
        if self._worked and status == 403:
            return lacking_in_fab(f"user {self.user}", takes)
        # From 2.9.3 on Airflow 2 answers 403 to a wrong password, too.
        causes = f"wrong api_username ({self.user}) or api_password, or basic auth is not enabled ({BACKENDS})"
        if status == 401:
            return causes
        denied = lacking(f"user {self.user}", takes)
        return f"{causes}, or {denied}; airflow_info with login: true and api_auth: auto tells which"


class SessionLogin(PasswordLogin):
    """The login form of Airflow 2's web interface and its session cookie.

    What a stock server offers, whose only backend is C(session). The form is rate-limited, so it is asked once for all
    requests, and not before its turn.
    """

    def __init__(self, username: str, password: str) -> None:
        super().__init__(username, password)
        self._basic = BasicLogin(username, password)
        # A proxy may want basic auth for every path, the form as well: what it is shown, and what it is shown if so.
        self._door: Login = Login()
        self._key: Login = self._basic
        self._has_form = False

    def at_the_door(self) -> Login:
        return self._door

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        given = request.headers.get("Cookie")
        request.headers["Cookie"] = f"{given}; {self._pass}" if given else self._pass
        return self._door(request)

    def recall(self, client: Server) -> bool:
        if self.known(client, DOOR):
            self._door = self._key
            self._door.prepare(client)
        return super().recall(client)

    def _keep(self, client: Server) -> None:
        super()._keep(client)
        self.note(client, "basic auth" if self._door is self._key else "", DOOR)

    def _exchange(self, client: Server) -> str:
        page = self._page(client)
        form = login_form_of(page.text) if page.status == 200 else None
        if form is None:
            raise client.unusable(FORM, page, _no_form(client, page))
        self._has_form = True
        if form.beyond:
            raise Denied(
                f"{client.url}/login/ wants more than name and password ({form.beyond}), which only people can give; "
                f"enable basic auth in {BACKENDS}, or give api_token or api_headers.",
                page.status,
            )
        answer = self._posted(client, form, page.cookie)
        if _is_refusal(client.url, answer):
            self.note(client, str(client.clock.now()), REFUSED)
            raise self._wrong("login form", answer.status)
        if answer.status not in (302, 303) or not answer.cookie or _is_misplaced(client.url, answer):
            raise _no_verdict(client, answer)
        client.has_answered(FORM)
        return answer.cookie

    def _page(self, client: Server) -> Answer:
        page = client.open_request("GET", FORM, auth=self._door, follow=False)
        if page.status == 401 and self._door is not self._key and self._key.__class__ is not Login:
            self._key.prepare(client)
            inside = client.open_request("GET", FORM, auth=self._key, follow=False)
            if inside.status != 401:
                self._door = self._key
                return inside
        return page

    def _posted(self, client: Server, form: LoginForm, cookie: str) -> Answer:
        # Each task of a playbook may try a wrong password. It may have been corrected since, but nobody waits for that.
        is_doubtful = self._was_refused(client)
        try:
            with client.patience.within(0.0) if is_doubtful else contextlib.nullcontext():
                return client.open_request(
                    "POST",
                    _target(client.url, form.action),
                    auth=self._door,
                    cookie=cookie,
                    patience=FORM_PATIENCE,
                    # Behind https, Airflow takes a form of its own pages only.
                    headers={"Referer": client.url + FORM},
                    follow=False,
                    data=form.filled(**self.credentials),
                )
        except Unreachable as error:
            if error.status != TOO_MANY:
                raise
            if is_doubtful:
                raise self._wrong("login form", TOO_MANY) from error
            raise Denied(
                "Airflow's login form takes no more logins for now (rate limit, [webserver] auth_rate_limit); enable "
                f"basic auth in {BACKENDS}, or log in less often.",
                TOO_MANY,
            ) from error

    def _was_refused(self, client: Server) -> bool:
        """Whether the form has refused these credentials within the time that somebody would wait for a turn at it."""
        when = self.known(client, REFUSED)
        return bool(when) and client.clock.now() < float(when) + FORM_PATIENCE

    def _wrong(self, what: str, status: int) -> WrongLogin:
        return WrongLogin(
            f"Airflow's {what} refused api_username ({self.user}) or api_password: one of them is wrong; correct it.",
            status,
        )


class PasswordCheck(SessionLogin):
    """Tells a right password from a wrong one, by the form, which says so; where it says neither, by basic auth.

    Basic auth alone would not do: 2.11 answers 403 to a wrong password as well as to a missing permission.

    :param key: what a proxy before Airflow gets, should it want basic auth.
    """

    def __init__(self, username: str, password: str, key: Login) -> None:
        super().__init__(username, password)
        self._key = key

    def _exchange(self, client: Server) -> str:
        try:
            return super()._exchange(client)
        except WrongLogin:
            raise
        except Denied as error:
            if error.status == TOO_MANY:
                raise
            answer = client.open_request("GET", "/api/v1/dags", auth=self._basic, params={"limit": 1})
            body = answer.parsed()
            if answer.status == 200 and isinstance(body, dict) and "dags" in body:
                return ""
            # Where people log in in another way, basic auth is all that a password is for.
            if not self._has_form and answer.status in (401, 403) and isinstance(body, dict) and "title" in body:
                raise self._wrong("basic auth", answer.status) from error
            raise


def _target(base: str, action: str) -> str:
    """Return the path that a form is posted to: what its page says, where that is below the base URL."""
    goal, root = urlsplit(urljoin(base + FORM, action)), urlsplit(base)
    if goal.netloc != root.netloc or not goal.path.startswith(root.path + "/"):
        return FORM
    return goal.path[len(root.path) :] + (f"?{goal.query}" if goal.query else "")


def _is_refusal(base: str, answer: Answer) -> bool:
    """Whether it says that name or password is wrong: the form once more, by a redirect or with Airflow's words."""
    if answer.status in (302, 303):
        return _goal(base, answer).rstrip("/").endswith("/login")
    return answer.status in (200, 401, 403) and "invalid login" in answer.text.lower()


def _goal(base: str, answer: Answer) -> str:
    """Return where a redirect of the form leads to: a URL without its query; empty if the answer is no redirect."""
    if answer.status not in REDIRECTS:
        return ""
    return redirect_target(base + FORM, answer.headers.get("Location", "")).partition("#")[0].partition("?")[0]


def _is_misplaced(base: str, answer: Answer) -> bool:
    """Whether it can only come of a proxy without its server, or one that is set up wrongly.

    Airflow has a page there for each of its ways to log in. It may redirect to another server, but not to a file, nor
    in a circle.
    """
    goal = _goal(base, answer)
    return answer.status in NOTHING_THERE or goal.rstrip("/").endswith((".html", ".htm")) or _is_circle(base, goal)


def _is_circle(base: str, goal: str) -> bool:
    return goal.rstrip("/") == (base + FORM).rstrip("/")


def _said(client: Server, answer: Answer) -> str:
    """What has come in place of what was expected, in a few words."""
    goal = _goal(client.url, answer)
    says = words_of(answer.text, client.redact) if answer.is_page else ""
    if _is_circle(client.url, goal):
        return f"status {answer.status}: a redirect to itself"
    if goal:
        return f"status {answer.status}: a redirect to {one_line(client.redact(goal), 120)}"
    return f"status {answer.status}" + (f": {says.rstrip('.')}" if says else "")


def _no_form(client: Server, page: Answer) -> Denied:
    if not (may_pass(page.status) or _is_misplaced(client.url, page)):
        what = f"status {page.status}" if page.status not in REDIRECTS else _said(client, page)
        return Denied(
            f"{client.url}/login/ shows no form for a password ({what}), so people log in there in another way; enable "
            f"basic auth in {BACKENDS}, or give api_token or api_headers.",
            page.status,
        )
    error = Denied(
        f"{client.url}/login/ did not show its form ({_said(client, page)}), which says nothing of api_username and "
        f"api_password; look at Airflow and the proxy before it, or enable basic auth in {BACKENDS}.",
        page.status,
    )
    error.passes = True
    return error


def _no_verdict(client: Server, answer: Answer) -> Denied:
    error = Denied(
        f"The form at {client.url}/login/ gave no session ({_said(client, answer)}), which says nothing of "
        f"api_username and api_password; look at the proxy before Airflow, or enable basic auth in {BACKENDS}.",
        answer.status,
    )
    # A page without a form is none of those on which Airflow tells why it lets nobody in.
    other_page = answer.status == 200 and not login_form_of(answer.text)
    error.passes = may_pass(answer.status) or _is_misplaced(client.url, answer) or other_page
    return error
