# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in an export in the place of a secret: an expression that Ansible puts the secret into."""

from __future__ import annotations

import re
import typing as t

ROOT = "vault_airflow"  # the variable, a mapping, that has all secrets
_PLACEHOLDER = re.compile(rf"\{{\{{ {ROOT}(?:\['(?:[^'\\{{}}]|\\.)*'\])+ \}}\}}")
_TEMPLATE = re.compile(r"\{[{%#]")


def placeholder(path: t.Iterable[str]) -> str:
    """Return the expression for the secret that the mapping has at this place, whatever its names are."""
    return f"{{{{ {ROOT}{''.join(map(_key, path))} }}}}"


def is_placeholder(text: str) -> bool:
    """Whether this text is such an expression."""
    return bool(_PLACEHOLDER.fullmatch(text))


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
