# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How airflow.cfg is edited: basic auth is added in whatever form the option has, and nothing else changes."""

from __future__ import annotations

import configparser
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.filter.with_basic_auth import FilterModule, with_basic_auth
from hypothesis import given
from hypothesis import strategies as st

SESSION = "airflow.api.auth.backend.session"
BASIC = "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
KERBEROS = "airflow.api.auth.backend.kerberos_auth"
DENY = "airflow.api.auth.backend.deny_all"
HEAD = "[core]\nfernet_key = s=%%3Dcret\n\n"
TAIL = "maximum_page_limit = 100\n\n[webserver]\n# auth_backends = not this one\nauth_rate_limit = 5 per 40 second\n"


class Form(t.NamedTuple):
    before: str
    after: str
    backends: t.Sequence[str]


def form(before: str, after: str, *backends: str) -> Form:
    """What stands in the section [api] before and after, and which backends there are then."""
    return Form(f"{HEAD}[api]\n{before}{TAIL}", f"{HEAD}[api]\n{after}{TAIL}", backends)


NEW = f"auth_backends = {SESSION},{BASIC}\n"
FORMS = {
    "no section": Form(HEAD, f"{HEAD}\n[api]\n{NEW}", [SESSION, BASIC]),
    "a last line without an end": Form("[core]\na = 1", f"[core]\na = 1\n[api]\n{NEW}", [SESSION, BASIC]),
    "no option": form("", NEW, SESSION, BASIC),
    "the name before 2.3": form(
        f"auth_backend = {DENY}\n",
        f"auth_backends = {DENY},{BASIC},{SESSION}\nauth_backend = {DENY}\n",
        DENY,
        BASIC,
        SESSION,
    ),
    "commented out": form(f"# auth_backends = {BASIC}\n", f"{NEW}# auth_backends = {BASIC}\n", SESSION, BASIC),
    "as it comes": form(f"auth_backends = {SESSION}\n", NEW, SESSION, BASIC),
    "spaces": form(f"auth_backends   =   {SESSION}  \n", f"auth_backends   =   {SESSION},{BASIC}  \n", SESSION, BASIC),
    "no spaces": form(f"auth_backends={SESSION}\n", f"auth_backends={SESSION},{BASIC}\n", SESSION, BASIC),
    "a colon": form(f"auth_backends: {SESSION}\n", f"auth_backends: {SESSION},{BASIC}\n", SESSION, BASIC),
    "empty": form("auth_backends =\n", NEW, SESSION, BASIC),
    "several": form(
        f"auth_backends = {KERBEROS} , {SESSION}\n",
        f"auth_backends = {KERBEROS} , {SESSION},{BASIC}\n",
        KERBEROS,
        SESSION,
        BASIC,
    ),
    "a comma at the end": form(f"auth_backends = {SESSION},\n", NEW, SESSION, BASIC),
    "several lines": form(
        f"auth_backends =\n    {KERBEROS},\n    {SESSION}\n",
        f"auth_backends =\n    {KERBEROS},\n    {SESSION},{BASIC}\n",
        KERBEROS,
        SESSION,
        BASIC,
    ),
    "comments and empty lines between the lines": form(
        f"auth_backends =\n# people, services\n    {KERBEROS},\n\n    # and\n ; a = all: b\n\t{SESSION}\n\n# others\n",
        f"auth_backends =\n# people, services\n    {KERBEROS},\n\n    # and\n ; a = all: b\n\t{SESSION},{BASIC}\n\n"
        "# others\n",
        KERBEROS,
        SESSION,
        BASIC,
    ),
    "right already": form(
        f"auth_backends = {BASIC},{SESSION}\n", f"auth_backends = {BASIC},{SESSION}\n", BASIC, SESSION
    ),
    "right already on several lines": form(
        f"auth_backends =\n    # by {KERBEROS}\n\n    {BASIC},\n    {SESSION}\n",
        f"auth_backends =\n    # by {KERBEROS}\n\n    {BASIC},\n    {SESSION}\n",
        BASIC,
        SESSION,
    ),
    "deny_all": form(f"auth_backends = {DENY}\n", f"auth_backends = {DENY},{BASIC},{SESSION}\n", DENY, BASIC, SESSION),
}
FORMS.update(
    {
        f"{name}, CRLF": Form(form.before.replace("\n", "\r\n"), form.after.replace("\n", "\r\n"), form.backends)
        for name, form in FORMS.items()
        if name != "a last line without an end"
    }
)


@pytest.mark.parametrize("name", FORMS)
def test_basic_auth_is_added_and_nothing_else_changes(name: str) -> None:
    form = FORMS[name]
    edit = with_basic_auth(form.before, BASIC)
    assert edit["text"] == form.after
    assert edit["problem"] == ""
    assert (edit["before"] == edit["after"]) == (form.before == form.after)
    # As Airflow reads it.
    parser = configparser.ConfigParser()
    parser.read_string(edit["text"].replace("\r\n", "\n"))
    backends = [backend.strip() for backend in parser["api"]["auth_backends"].split(",")]
    assert backends == edit["after"] == list(form.backends)


NO_CONFIG = "it is not in the format of airflow.cfg"
BROKEN = {
    "no section": ("s3cret = 1\n", f"{NO_CONFIG} (line 1)"),
    "a line without a value": (f"{HEAD}[api]\nlonely s3cret\n", f"{NO_CONFIG} (line 5)"),
    "the same option twice": (
        f"{HEAD}[api]\nauth_backends = {DENY}\nauth_backends = {KERBEROS}\n",
        f"{NO_CONFIG} (line 6)",
    ),
    "the same section twice": (f"{HEAD}[api]\na = 1\n[api]\n", f"{NO_CONFIG} (line 6)"),
    # Airflow reads an option that is indented below its section.
    "an indented option": (
        f"{HEAD}[api]\n  auth_backends = {DENY}\n",
        "its section [api] has a form that cannot be edited safely",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_edited_stays_as_it_is(name: str) -> None:
    text, problem = BROKEN[name]
    edit = with_basic_auth(text, BASIC)
    assert edit["problem"] == problem
    assert edit["text"] == text


@given(st.text(), st.lists(st.sampled_from(["\n", "[api]", "auth_backends", " ", "=", "x", ",", "#", "\r\n", "[a]"])))
def test_no_text_is_edited_into_something_else(noise: str, parts: list[str]) -> None:
    text = "".join(parts) + noise
    edit = with_basic_auth(text, BASIC)
    if not edit["problem"]:
        # All that was there still is, in the same order.
        rest = iter(edit["text"])
        assert all(character in rest for character in text)
        assert with_basic_auth(edit["text"], BASIC)["text"] == edit["text"]


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"with_basic_auth": with_basic_auth}
