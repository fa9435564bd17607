# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: with_basic_auth
short_description: Add basic auth to the text of an airflow.cfg
version_added: 1.0.0
author:
  - The dagops.airflow authors (@dagops)
description:
  - Adds basic auth, and the session that Airflow's own web interface needs, to C(auth_backends) in the section C([api])
    of an C(airflow.cfg) of Airflow 2. Nothing else in the text changes, whatever form the option has.
  - The text is read as Airflow reads it, before the edit and after it.
positional: _input, backend
options:
  _input:
    description: The text of the file.
    type: str
    required: true
  backend:
    description: The backend to add, unless there is one for basic auth already. It depends on the version of Airflow.
    type: str
    required: true
notes:
  - The file holds secrets. Use RV(_value.text) in tasks with C(no_log) only.
seealso:
  - name: The role airflow_deploy
    description: Its entry point enable_api edits the file with this filter, and restarts the webserver.
    link: https://github.com/dagops/dagops.airflow/tree/main/roles/airflow_deploy
"""

EXAMPLES = r"""
- name: Read airflow.cfg
  ansible.builtin.slurp:
    src: /opt/airflow/airflow.cfg
  register: config
  no_log: true

- name: Say whether basic auth is enabled
  ansible.builtin.debug:
    msg: "{{ edit.problem or ('It is.' if edit.before == edit.after else 'It is not.') }}"
  vars:
    backend: airflow.providers.fab.auth_manager.api.auth.backend.basic_auth
    edit: "{{ config.content | b64decode | dagops.airflow.with_basic_auth(backend) }}"
"""

RETURN = r"""
_value:
  description: The edit.
  type: dict
  contains:
    before:
      description: The backends that the text lists. Empty when it lists none, which means the session alone to Airflow.
      type: list
      elements: str
      sample: [airflow.api.auth.backend.session]
    after:
      description: The backends that are enabled by RV(_value.text).
      type: list
      elements: str
      sample: [airflow.api.auth.backend.session, airflow.providers.fab.auth_manager.api.auth.backend.basic_auth]
    text:
      description: The text with both backends.
      type: str
    problem:
      description: Why the text cannot be edited, in words that show nothing of it; empty when it can.
      type: str
      sample: it is not in the format of airflow.cfg (line 7)
"""

import configparser
import io
import re
import typing as t

SESSION = "airflow.api.auth.backend.session"
OPTION = "auth_backends"
OLD_OPTION = "auth_backend"  # before Airflow 2.3, which still reads it


def with_basic_auth(text: str, backend: str) -> dict[str, t.Any]:
    """Return the edit of TEXT that enables BACKEND, or another one for basic auth that is there, and the session."""
    edit: dict[str, t.Any] = {"before": [], "after": [], "text": text, "problem": ""}
    try:
        listed = _listed(text)
    except configparser.Error as error:
        # Its own words would show the line.
        lines = [number for number, _line in getattr(error, "errors", ())] or [getattr(error, "lineno", None)]
        place = f" (line {lines[0]})" if lines[0] else ""
        return {**edit, "problem": f"it is not in the format of airflow.cfg{place}"}
    after = listed or [SESSION]
    if not any(name.endswith(".basic_auth") for name in after):
        after = [*after, backend]
    if not any(name.endswith(".session") for name in after):
        after = [*after, SESSION]
    edit.update(before=listed, after=after)
    if after != listed:
        edited = _edited(text, listed, after)
        if not _lists(edited, after):
            return {**edit, "problem": "its section [api] has a form that cannot be edited safely"}
        edit["text"] = edited
    return edit


def _listed(text: str) -> list[str]:
    """Return the backends that the text lists, as Airflow reads it."""
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    for option in (OPTION, OLD_OPTION):
        if parser.has_option("api", option):
            return [name for name in map(str.strip, parser.get("api", option).split(",")) if name]
    return []


def _lists(text: str, backends: t.Sequence[str]) -> bool:
    """Whether the text is one that Airflow can read, and lists exactly these backends."""
    try:
        return _listed(text) == backends
    except configparser.Error:
        return False


def _edited(text: str, listed: t.Sequence[str], after: t.Sequence[str]) -> str:
    """Put what is lacking behind the last backend, so that the value's lines, comments and line ends stay as they are.

    Without the option a line of it goes below C([api]), and without that to the end with an C([api]) of its own.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    whole = f"{OPTION} = {','.join(after)}{end}"
    lines = list(io.StringIO(text))
    section = next((number for number, line in enumerate(lines) if line.startswith("[api]")), None)
    if section is None:
        return f"{text}{end}[api]{end}{whole}"
    option = _option(lines, section)
    if option is None:
        lines.insert(section + 1, whole)
        return "".join(lines)
    last = _last_line(lines, option)
    value = lines[last].rstrip()
    gap = "" if listed and value.endswith(",") else "," if listed else " "
    lacking = ",".join(name for name in after if name not in listed)
    lines[last] = value + gap + lacking + lines[last][len(value) :]
    return "".join(lines)


def _option(lines: t.Sequence[str], section: int) -> int | None:
    """Return the number of the line where the option begins."""
    for number in range(section + 1, len(lines)):
        if lines[number].startswith("["):
            break
        if re.match(rf"{OPTION}\s*[=:]", lines[number], re.IGNORECASE):
            return number
    return None


def _last_line(lines: t.Sequence[str], option: int) -> int:
    """Return the number of the last line of a value; comments and empty lines may stand between its lines."""
    last = option
    for number in range(option + 1, len(lines)):
        words = lines[number].strip()
        if words and words[0] not in "#;":
            if not lines[number][0].isspace():
                break
            last = number
    return last


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Filters by name."""
        return {"with_basic_auth": with_basic_auth}
