# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How enable_api edits airflow.cfg: basic auth is added in whatever form the option has, and nothing else changes."""

from __future__ import annotations

import base64
import configparser
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import TASKS, play

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


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The text of each form after the edit, worked out by one playbook for all."""
    folder = tmp_path_factory.mktemp("airflow_cfg")
    texts = [base64.b64encode(form.before.encode()).decode() for form in FORMS.values()]
    edit = "{{ __airflow_deploy_new_text if __airflow_deploy_backends != __airflow_deploy_wanted_backends else '' }}"
    tasks = [
        {
            "ansible.builtin.set_fact": {"texts": "{{ texts | default([]) + [text | b64encode] }}"},
            "vars": {"__airflow_deploy_cfg": {"content": "{{ item }}"}, "text": edit},
            "loop": texts,
        },
        {"ansible.builtin.copy": {"content": "{{ texts | to_json }}", "dest": f"{folder}/texts.json", "mode": "0600"}},
    ]
    played = play(folder, tasks, __airflow_deploy_version="2.11.0")
    assert played.status == 0, played.output
    written = map(base64.b64decode, json.loads((folder / "texts.json").read_text(encoding="utf-8")))
    # What is right is not edited.
    return {name: text.decode() or FORMS[name].before for name, text in zip(FORMS, written)}


@pytest.mark.parametrize("name", FORMS)
def test_basic_auth_is_added_and_nothing_else_changes(name: str, edited: dict[str, str]) -> None:
    after = edited[name]
    assert after == FORMS[name].after
    # As Airflow reads it.
    parser = configparser.ConfigParser()
    parser.read_string(after.replace("\r\n", "\n"))
    backends = [backend.strip() for backend in parser["api"]["auth_backends"].split(",")]
    assert backends == list(FORMS[name].backends)


def test_the_file_is_written_as_it_was_and_backed_up(tmp_path: Path) -> None:
    form = FORMS["comments and empty lines between the lines, CRLF"]
    # Airflow has templates of its own in this file.
    before, after = (text + "log_filename_template = {{ ti.dag_id }}.log\r\n" for text in (form.before, form.after))
    config = tmp_path / "airflow.cfg"
    config.write_bytes(before.encode())
    config.chmod(0o640)
    read = {
        "ansible.builtin.slurp": {"src": "{{ airflow_deploy_config }}"},
        "register": "__airflow_deploy_cfg",
        "no_log": True,
    }
    edit = {"ansible.builtin.include_tasks": str(TASKS / "edit_file.yml")}
    variables = {"airflow_deploy_config": str(config), "__airflow_deploy_version": "2.11.0"}
    checked = play(tmp_path, [read, edit], "--check", "--diff", **variables)
    assert checked.status == 0, checked.output
    assert config.read_bytes() == before.encode()
    played = play(tmp_path, [read, edit], "--diff", "-vvv", **variables)
    assert played.status == 0, played.output
    assert config.read_bytes() == after.encode()
    assert config.stat().st_mode & 0o777 == 0o640
    assert [path.read_bytes() for path in tmp_path.glob("airflow.cfg.*~")] == [before.encode()]
    assert f"-auth_backends = {KERBEROS},{SESSION}" in played.words
    assert f"+auth_backends = {KERBEROS},{SESSION},{BASIC}" in played.words
    assert "cret" not in checked.output + played.output.replace("secret", "")
