# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in an export in the place of a secret: an expression that Ansible puts the secret into."""

from __future__ import annotations

import ast
import re
import typing as t

from .text import texts_in

ROOT = "vault_airflow"  # the variable, a mapping, that has all secrets
_KEY = r"\['((?:[^'\\{}]|\\.)*)'\]"
_PLACEHOLDER = re.compile(rf"\{{\{{ {ROOT}(?:{_KEY})+ \}}\}}")
_TEMPLATE = re.compile(r"\{[{%#]")


def placeholder(path: t.Iterable[str]) -> str:
    """Return the expression for the secret that the mapping has at this place, whatever its names are."""
    return f"{{{{ {ROOT}{''.join(map(_key, path))} }}}}"


def is_placeholder(text: str) -> bool:
    """Whether this text is such an expression."""
    return bool(_PLACEHOLDER.fullmatch(text))


def missing_of(value: t.Any, secrets: t.Any) -> t.Iterator[str]:
    """Yield what the expressions in a nested value need and the mapping of secrets does not have.

    A key with nothing behind it (null) is no secret; an empty text is one, which clears. Of an expression that somebody
    has written in another form only the variable is known.
    """
    for text in texts_in(value):
        if is_placeholder(text):
            here = secrets
            for key in re.findall(_KEY, text):
                name = ast.literal_eval(f"'{key}'")
                here = here.get(name) if isinstance(here, t.Mapping) else None
            if here is None:
                yield text[3:-3]
            # Ansible decrypts an encrypted text only now, and this is the time to find out whether it can.
            str(here)
        elif secrets is None and re.search(rf"\{{[{{%].*\b{ROOT}\b", text):
            yield f"the variable {ROOT}"


def is_template(text: str) -> bool:
    """Whether Ansible would put something else into this text."""
    return bool(_TEMPLATE.search(text))


def _key(name: str) -> str:
    return "['" + "".join(map(_character, name)) + "']"


def _character(letter: str) -> str:
    # Braces would look like the end of the expression to whatever searches for that.
    if letter in "'\\{}" or not letter.isprintable():
        code = ord(letter)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return letter
