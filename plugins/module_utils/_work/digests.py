# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of secrets that Airflow does not show again, kept in variables of Airflow."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import secrets
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.variables import Variables
from .._base.errors import Conflict, Denied, Unsupported
from .._base.masks import CHANGED, MASK, Path, is_masked, leaves, mapped, same

# The option that says what happens to secrets which cannot be compared; not a secret itself.
UPDATE_SECRETS = {
    "type": "str",
    "choices": ["always", "on_change", "on_create"],
    "default": "always",
    "no_log": False,
}
# Some ten milliseconds, and 4 MiB, for each guess.
COST = (4096, 8, 1)
MOST_MEMORY = 64 * 1024 * 1024  # bytes, for what a variable says that it needs
LENGTH = 32  # bytes
# What a diff shows of a secret that nobody can compare.
WRITTEN = "(written: Airflow does not show the one it had; see update_secrets)"
WRITING = "dagops.airflow: a secret is being written"
_KEPT = re.compile(r"dagops\.airflow scrypt (\d{1,7}) (\d{1,3}) (\d{1,3}) ([0-9a-f]{8,64}) ([0-9a-f]{64})")
_KEY = re.compile(r"dagops__[0-9a-f]{24}")

Known = t.Mapping[str, Object]


def is_digest_key(key: str) -> bool:
    """Whether this is the key of a variable that holds a digest."""
    return bool(_KEY.fullmatch(key))


def digest_key(kind: str, name: str) -> str:
    """Return the key of the variable that holds the digest of an object."""
    return "dagops__" + hashlib.sha256(f"{kind} {name}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


class Digest:
    """The digest of the secrets of one object: it tells whether they are those that were written last.

    :param kind: C(connection) or C(variable).
    :param given: the secrets, by the names of their options.
    :param known: the variables with digests by their keys, where they were read already.
    """

    def __init__(
        self, airflow: Airflow, kind: str, name: str, given: t.Mapping[str, t.Any], known: Known | None = None
    ) -> None:
        self.key = digest_key(kind, name)
        self._variables = airflow.ask(Variables)
        self._given = json.dumps(given, sort_keys=True).encode()
        self._known = known
        self._current: Object | None = None
        self.differs = False  # known to be others than those that were written last

    def matches(self) -> bool:
        """Whether the secrets are the ones that were written last; an error when that cannot be kept here."""
        if not hasattr(hashlib, "scrypt"):
            raise Unsupported(
                "The Python where the module runs has no scrypt, which update_secrets: on_change needs; set "
                "update_secrets to always or on_create."
            )
        with _explained():
            self._current = self._variables.find(self.key) if self._known is None else self._known.get(self.key)
        kept = _KEPT.fullmatch(str(self._current["value"])) if self._current else None
        if not kept:
            return False
        cost = tuple(map(int, kept.groups()[:3]))
        try:
            found = _scrypt(self._given, bytes.fromhex(kept[4]), cost)
        except (ValueError, MemoryError, OverflowError):
            return False
        self.differs = not hmac.compare_digest(found.hex(), kept[5])
        return not self.differs

    def begin(self) -> None:
        """Take the digest away before the secrets are written: should that break off, they are written again.

        It also shows that the user may write variables, before anything else is written.
        """
        self._write(WRITING)

    def keep(self) -> None:
        """Keep the digest of the secrets, after they have been written."""
        salt = bytes.fromhex(secrets.token_hex(16))
        digest = _scrypt(self._given, salt, COST)
        self._write(" ".join(["dagops.airflow scrypt", *map(str, COST), salt.hex(), digest.hex()]))

    def _write(self, value: str) -> None:
        variable = {"key": self.key, "value": value}
        with _explained():
            if self._current is None:
                try:
                    self._variables.create(variable)
                except Conflict:
                    self._variables.update(variable, {"value": value})
                self._current = variable
            else:
                self._variables.update(self._current, {"value": value})


def told(digest: Digest | None, unverified: bool) -> str:
    """Return what a diff shows of a secret that is written.

    :param unverified: whether it could not be compared.
    """
    if digest is None:
        return WRITTEN if unverified else CHANGED
    return CHANGED if digest.differs else WRITTEN


def marked(
    safe: tuple[t.Any, t.Any], real: tuple[t.Any, t.Any], digest: Digest | None, unverified: bool
) -> tuple[t.Any, bool]:
    """Return what a diff shows of a nested value that is written, and whether a secret in it is marked as written.

    A secret that is new, or that stays as it is, remains a mask.

    :param safe: the value before and after, with masks for its secrets.
    :param real: the same as Airflow shows the one and is sent the other.
    """
    before, current, wanted = (dict(leaves(value)) for value in (safe[0], *real))
    found: list[Path] = []

    def shown(path: Path, leaf: t.Any) -> t.Any:
        # Airflow may have masked the mapping that a secret stands in.
        places = [path[:length] for length in range(len(path) + 1)]
        there = next((current[place] for place in places if place in current), None)
        is_new = not any(is_masked(before.get(place)) for place in places)
        if leaf != MASK or is_new or wanted[path] == MASK or (not is_masked(there) and same(there, wanted[path])):
            return leaf
        found.append(path)
        return told(digest, unverified) if is_masked(there) else CHANGED

    return mapped(shown, safe[1]), bool(found)


def remove_digest(airflow: Airflow, kind: str, name: str) -> None:
    """Remove the digest of an object that is deleted, if there is one; who may not do that has not made it."""
    with contextlib.suppress(Denied):
        airflow.ask(Variables).delete(digest_key(kind, name))


def _scrypt(data: bytes, salt: bytes, cost: t.Sequence[int]) -> bytes:
    n, r, p = cost
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=MOST_MEMORY, dklen=LENGTH)


@contextlib.contextmanager
def _explained() -> t.Iterator[None]:
    """Say what a digest needs, and what can be done without one."""
    try:
        yield
    except Denied as error:
        raise Denied(
            "update_secrets: on_change keeps a digest in a variable, and this user may not read and write variables; "
            "grant can_read, can_create and can_edit on Variables, or set update_secrets to always or on_create.",
            error.status,
            error.reason,
        ) from error
