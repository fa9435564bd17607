# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of an airflow.cfg: read as Airflow reads it, edited in one option, and read again to see what has changed.

Airflow's parser is Python's C(ConfigParser), but for capitals in names of options, which count. It is asked for names
in small letters.
"""

from __future__ import annotations

import configparser
import io
import json
import os
import re
import stat
import typing as t

from .._base.errors import AirflowError, BadInput

Sections = t.Dict[str, t.Dict[str, str]]
# Airflow hides options that its config.yml marks as sensitive. Providers have more of them, so the name decides here.
_SENSITIVE = re.compile(
    r"passw|passphrase|secret|token|credential|private|fernet|apikey|keyfile|service_account|authorization|basic_auth"
    r"|kwargs|(engine|connect)_args|broker_url|result_backend|(^|_)(dsn|keys?)(_|$)|(^|_)conn(_async)?(_cmd|_secret)?$"
)
_LOGIN_IN_URL = re.compile(r"://[^/\s]*@")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# Keys in this section are names of environment variables.
_KEEPS_CAPITALS = "kubernetes_environment_variables"


def section_name(section: str) -> str:
    """Return the name as Airflow asks for it."""
    name = section.strip()
    if not name or "]" in name or _LINE_ENDS.search(name):
        raise BadInput("section is the name of a section without its brackets, such as api; correct it.")
    return name if name == configparser.DEFAULTSECT else name.lower()


def option_name(section: str, option: str) -> str:
    """Return the name as Airflow asks for it."""
    name = option.strip()
    if not name or name[0] in "#;[" or re.search(r"[=:\r\n]", name):
        raise BadInput("option is the name of an option, such as auth_backends; correct it.")
    return name if section == _KEEPS_CAPITALS else name.lower()


def text_of(name: str, value: t.Any) -> str:
    """Return what is given for an option of the module as it stands in the file; a mapping becomes JSON."""
    if isinstance(value, (list, tuple)):
        raise BadInput(f"{name} is a list; give a text, or use items.")
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{name} holds what is no text in UTF-8; correct it.") from None
    lines = [line.strip() for line in _LINE_ENDS.split(text)]
    if any(line.startswith(("#", ";")) for line in lines[1:]):
        raise BadInput(f"{name} has a line that begins with # or ;, which Airflow takes for a comment; correct it.")
    return "\n".join(lines).rstrip()


def items_of(value: str | None) -> list[str]:
    """Return the items of a list with commas."""
    return [item for item in map(str.strip, (value or "").split(",")) if item]


def checked_items(items: t.Iterable[str]) -> list[str]:
    """Return each item once, in their order."""
    found = [item.strip() for item in items]
    if any(not item or "," in item or _LINE_ENDS.search(item) for item in found):
        raise BadInput("items has an item that is empty or holds a comma or a line break; give each item for itself.")
    for item in found:
        text_of("items", item)
    return list(dict.fromkeys(found))


def is_sensitive(option: str) -> bool:
    """Whether the name says that the value is a secret."""
    return bool(_SENSITIVE.search(option.lower()))


def has_login(value: t.Any) -> bool:
    """Whether the value holds a URL with a user or a password in it."""
    return bool(_LOGIN_IN_URL.search(str(value)))


class _Place(t.NamedTuple):
    """Where an option stands, by numbers of lines."""

    header: int | None  # of the first line of the section
    indent: str  # before the section's options
    lines: list[int]  # that hold the value, the first with the option's name; empty without the option
    column: int  # of the value in the first of them


class AirflowCfg:
    """A text that is not changed: each edit returns another one."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self._sections = self._read()

    def _read(self) -> Sections:
        # No section gives others its options here, so that [DEFAULT] is one like the others.
        parser = configparser.RawConfigParser(default_section="")
        try:
            return _read_by(parser, self.text)
        except configparser.Error as error:
            # Its own words would show the line.
            numbers = [number for number, _line in getattr(error, "errors", ())] or [getattr(error, "lineno", None)]
            where = f" (line {numbers[0]})" if numbers[0] else ""
            twice = isinstance(error, (configparser.DuplicateOptionError, configparser.DuplicateSectionError))
        if twice:
            raise AirflowError(
                f"{self.path} has the same section or option twice{where}; correct it first. Nothing was changed."
            )
        raise AirflowError(
            f"{self.path} is not in the format of airflow.cfg{where}; correct it first. Nothing was changed."
        )

    def value(self, section: str, option: str) -> str | None:
        """Return what stands there, with its C(%%); null without the option."""
        return self._sections.get(section, {}).get(option)

    def with_value(self, section: str, option: str, value: str) -> AirflowCfg:
        """Set the option; its line keeps its place and the way it is written, comments stay."""
        if self.value(section, option) == value:
            return self
        lines = self._lines()
        place = _locate(lines, section, option)
        line = lines[place.lines[0]] if place.lines else f"{place.indent}{option} = {self._end}"
        head = line[: place.column if place.lines else len(line)].rstrip("\r\n")
        first, *more = value.split("\n")
        head += " " if first and head[-1] in "=:" and not line[len(head) :].strip() else ""
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        written = [f"{head}{first}".rstrip(" "), *(f"{indent}{text}".rstrip(" ") for text in more)]
        text = (_end_of(line) or self._end).join(written) + _end_of(line)
        if place.lines:
            _delete(lines, place.lines[1:])
            lines[place.lines[0]] = text
        elif place.header is None:
            lines.append(f"{self._end if lines else ''}[{section}]{self._end}{text}")
        else:
            header = lines[place.header]
            lines[place.header] = (header if _end_of(header) else header + self._end) + text
        return self._changed("".join(lines), section, option, value)

    def without_option(self, section: str, option: str) -> AirflowCfg:
        """Take the option out; comments stay."""
        if self.value(section, option) is None:
            return self
        lines = self._lines()
        _delete(lines, _locate(lines, section, option).lines)
        return self._changed("".join(lines), section, option, None)

    def with_items(self, section: str, option: str, items: t.Sequence[str]) -> AirflowCfg:
        """Put what is lacking behind the last item of a list with commas."""
        value = self.value(section, option)
        listed = items_of(value)
        lacking = [item for item in items if item not in listed]
        if not lacking:
            return self
        if not listed:
            return self.with_value(section, option, ",".join(lacking))
        self._refuse_inline_comment(section, option, listed)
        lines = self._lines()
        last = _locate(lines, section, option).lines[-1]
        text = lines[last].rstrip()
        added = ("" if text.endswith(",") else ",") + ",".join(lacking)
        lines[last] = text + added + lines[last][len(text) :]
        return self._changed("".join(lines), section, option, f"{value}{added}")

    def without_items(self, section: str, option: str, items: t.Sequence[str]) -> AirflowCfg:
        """Take items out of a list with commas; lines that hold none any more go away."""
        value = self.value(section, option)
        listed = items_of(value)
        kept = [item for item in listed if item not in items]
        if value is None or kept == listed:
            return self
        self._refuse_inline_comment(section, option, listed)
        text = _taken_out(self._lines(), _locate(self._lines(), section, option), items, value.endswith(","))
        left = AirflowCfg(text, self.path).value(section, option) or ""
        # Else a comma has lost its item, as where they stand at the beginning of lines.
        if kept and items_of(left) == kept and left.count(",") - value.endswith(",") < len(kept):
            return self._changed(text, section, option, left)
        return self.with_value(section, option, ",".join(kept))

    def _refuse_inline_comment(self, section: str, option: str, listed: t.Sequence[str]) -> None:
        if any(re.search(r"(^|\s)[#;]", item) for item in listed):
            raise AirflowError(
                f"[{section}] {option} in {self.path} has a comment behind an item, which Airflow takes for a part of "
                "it; give the comment a line of its own first. Nothing was changed."
            )

    @property
    def _end(self) -> str:
        """How lines end in this file."""
        found = _LINE_ENDS.search(self.text)
        return found.group() if found else "\n"

    def _lines(self) -> list[str]:
        return list(io.StringIO(self.text, newline=""))

    def _changed(self, text: str, section: str, option: str, value: str | None) -> AirflowCfg:
        """Return the text when Airflow reads the new value from it, and all else as before."""
        wanted = {name: dict(options) for name, options in self._sections.items()}
        wanted.setdefault(section, {})[option] = value or ""
        if value is None:
            del wanted[section][option]
        try:
            changed = AirflowCfg(text, self.path)
        except AirflowError:
            changed = self
        if changed._sections != wanted:
            raise AirflowError(
                f"[{section}] {option} in {self.path} has a form that cannot be edited safely; edit it by "
                "hand. Nothing was changed."
            )
        if value is not None:
            changed.refuse_percent_signs(section, option)
        return changed

    def refuse_percent_signs(self, section: str, option: str) -> None:
        """Refuse a value in which Airflow's parser does not know what a C(%) means."""
        parser = configparser.ConfigParser()
        _read_by(parser, self.text)
        try:
            parser.get(section, option)
        except configparser.InterpolationError:
            unreadable = True
        else:
            unreadable = False
        if unreadable:
            # Outside of the except block: its traceback would show the value.
            raise BadInput(
                f"The value for [{section}] {option} has a % that Airflow's parser cannot read; write %% for each % "
                "in it."
            )


def read_cfg(path: str) -> AirflowCfg:
    """Return the text of the file with its line ends."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise AirflowError(f"{path} is not a file; give the path of airflow.cfg.")
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        problem = "does not exist; correct the path."
    except PermissionError:
        problem = "cannot be read by the user of this task; let the task become a user who may read it."
    except UnicodeDecodeError:
        problem = "is no text in UTF-8, which Airflow needs; correct it first. Nothing was changed."
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); correct the path."
    else:
        return AirflowCfg(text, path)
    raise AirflowError(f"{path} {problem}")


def _read_by(parser: configparser.RawConfigParser, text: str) -> Sections:
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_file(io.StringIO(text, newline=None))
    return {name: dict(parser.items(name, raw=True)) for name in parser.sections()}


def _end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _delete(lines: list[str], numbers: t.Sequence[int]) -> None:
    for number in reversed(numbers):
        del lines[number]


def _locate(lines: t.Sequence[str], section: str, option: str) -> _Place:
    """Find an option as the parser does: what is indented more than an option belongs to its value."""
    header: int | None = None
    indent: str | None = None
    found: list[int] = []
    inside, name, level, column = False, "", 0, 0
    for number, line in enumerate(lines):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        depth = len(line) - len(line.lstrip())
        if not (name and depth > level):
            level = depth
            is_header = configparser.RawConfigParser.SECTCRE.match(text)
            match = configparser.RawConfigParser.OPTCRE.match(text)
            name = "" if is_header or not match else match.group("option").rstrip()
            if is_header:
                inside = is_header.group("header") == section
                header = number if inside else header
            elif inside:
                indent = line[:depth] if indent is None else indent
                column = depth + match.start("value") if match and name == option else column
        if inside and name == option:
            found.append(number)
    return _Place(header, indent or "", found, column)


def _taken_out(lines: list[str], place: _Place, items: t.Sequence[str], comma_at_end: bool) -> str:
    """Return the text without some items of a list, each other one where it was."""
    emptied, last = [], place.lines[0]
    for number in place.lines:
        line = lines[number]
        start = place.column if number == place.lines[0] else len(line) - len(line.lstrip())
        has = line[start:].split(",")
        left = [item for item in has if item.strip() not in items]
        if left != has:
            text = line[:start] + ",".join(left).strip()
            lines[number] = text.rstrip() + _end_of(line)
        if lines[number][start:].strip():
            last = number
        elif number != place.lines[0]:
            emptied.append(number)
    text = lines[last].rstrip()
    if not comma_at_end and text.endswith(","):
        lines[last] = text[:-1] + _end_of(lines[last])
    _delete(lines, emptied)
    return "".join(lines)
