# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login page of a web interface: which fields its form has, and what else it says."""

from __future__ import annotations

import html
import re
import typing as t
from html.parser import HTMLParser

from .._base.text import one_line

Attributes = t.Dict[str, str]

TYPED = ("text", "email", "tel", "number", "search", "url", "password")  # what people type into
UNSENT = ("submit", "button", "image", "reset", "file")
TICKED = ("checkbox", "radio")
NAMES = re.compile(r"user|login|mail|account", re.IGNORECASE)
# What is there to keep programs out, whether or not its field is marked as required.
PUZZLE = re.compile(r"captcha|turnstile|\botp\b|totp|one.?time|passcode", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]+>")


class LoginForm(t.NamedTuple):
    """A form for a name and a password.

    :param action: where it is sent to, as the page says it.
    :param fields: what goes with it besides, such as a CSRF token.
    :param beyond: a field that nobody has given a value for; empty when there is none.
    """

    action: str
    username: str
    password: str
    fields: t.Mapping[str, str]
    beyond: str

    def filled(self, username: str, password: str) -> dict[str, str]:
        """Return what to send."""
        return {**self.fields, self.username: username, self.password: password}


def login_form_of(page: str) -> LoginForm | None:
    """Return the first form of a page that asks for a password, or None when there is none."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    for form in reader.forms:
        found = _login_form(form)
        if found:
            return found
    return None


def words_of(page: str, clean: t.Callable[[str], str]) -> str:
    """Return what a page says of an error, in one line: its alert, or its first paragraph.

    :param clean: takes the secrets out of it, but not out of the page, since one may be a word of its HTML.
    """
    for pattern in (r'class="[^"]*\balert\b[^"]*"[^>]*>(.*?)</div>', r"<p[^>]*>(.*?)(?:</p>|<p|$)"):
        found = re.search(pattern, page, re.IGNORECASE | re.DOTALL)
        # The first thing in an alert is the button that closes it.
        text = _TAGS.sub(" ", re.sub(r"<button.*?</button>", "", found[1], flags=re.DOTALL)) if found else ""
        if text.strip():
            return one_line(clean(html.unescape(text)), 100)
    return ""


class _Form(t.NamedTuple):
    action: str
    controls: list[Attributes]
    puzzles: list[str]


class _Reader(HTMLParser):
    """Collects forms and what is in them; what is in none, where a page is not well made, counts as one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._outside = _Form("", [], [])
        self._form = self._outside
        self._select: Attributes = {}
        self.forms: list[_Form] = [self._outside]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = _Form(given.get("action", ""), [], [])
            self.forms.append(self._form)
        elif tag in ("input", "select", "textarea"):
            given["type"] = given.get("type", "text").lower() if tag == "input" else tag
            self._form.controls.append(given)
            self._select = given if tag == "select" else {}
        elif tag == "option" and self._select and ("selected" in given or "value" not in self._select):
            self._select["value"] = given.get("value", "")
        puzzle = PUZZLE.search(f"{given.get('class', '')} {given.get('id', '')} {given.get('name', '')}")
        if puzzle and tag != "form" and given.get("type") != "hidden":
            self._form.puzzles.append(given.get("name") or puzzle[0])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = self._outside
        elif tag == "select":
            self._select = {}


def _login_form(form: _Form) -> LoginForm | None:
    controls = [control for control in form.controls if control.get("name") and control["type"] not in UNSENT]
    passwords = [control for control in controls if control["type"] == "password"]
    typed = [control for control in controls if control["type"] in TYPED and control not in passwords[:1]]
    fields = {control["name"]: control.get("value", "") for control in controls if _is_sent(control)}
    if not passwords:
        # A script may add the fields: the token is what Airflow's own form has.
        has_token = "csrf_token" in fields and not typed
        return LoginForm(form.action, "username", "password", fields, _beyond(form, [])) if has_token else None
    named = [control for control in typed if NAMES.search(control["name"])] or typed
    others = [control for control in controls if control not in (passwords[0], *named[:1])]
    name = named[0]["name"] if named else "username"
    return LoginForm(form.action, name, passwords[0]["name"], fields, _beyond(form, others))


def _is_sent(control: Attributes) -> bool:
    return "disabled" not in control and (control["type"] not in TICKED or "checked" in control)


def _beyond(form: _Form, others: t.Iterable[Attributes]) -> str:
    """Return the first field that wants something else than a name and a password."""
    for control in others:
        empty = not control.get("value") or (control["type"] in TICKED and "checked" not in control)
        if empty and ("required" in control or control["type"] == "password") and control["type"] != "hidden":
            return one_line(control["name"], 60)
    return one_line(form.puzzles[0], 60) if form.puzzles else ""
