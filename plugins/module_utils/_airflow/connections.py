# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of Airflow to other systems."""

from __future__ import annotations

import json
import typing as t

from .._base.errors import AirflowError
from .._base.masks import MASK, value_of_text
from .airflow import Object, of_known_shape
from .named import Named
from .refusals import refused

TEXTS = ("conn_type", "description", "host", "login", "schema", "team_name")
LONGEST_LOGIN = 500  # characters that the database of an old Airflow has for it
FIELDS = ("connection_id", *TEXTS, "port")


class Connections(Named):
    """Connections: {connection_id, conn_type, description, host, login, schema, port, team_name, extra, password}.

    A text that is not set is empty, and a port is 0. C(extra) is a mapping, or a text when it is no JSON object; it may
    hold the masks of its secrets. C(password) is None when there is none, and a mask when that is not known.
    """

    what = "connections"
    key = "connection_id"
    keeps_masks: t.ClassVar[bool] = False  # whether a mask that is sent in extra stands for the value that is there
    tells_password: t.ClassVar[bool] = False  # whether it is known that there is one

    def whole(self, connection: Object) -> Object:
        """Return a connection of a list, where C(extra) may be missing, with all that can be read of it."""
        return connection

    def check_new(self, name: str) -> None:
        """Refuse an id that this version of Airflow cannot make."""

    def create(self, wanted: Object) -> None:
        """Make a connection; Conflict when there is one, so it may be sent again."""
        self._make(wanted, self._lost(wanted["connection_id"], "made"))

    def _make(self, wanted: Object, lost: str) -> None:
        kept = {key: value for key, value in wanted.items() if value}
        with refused(f"connection {wanted['connection_id']}", wanted.get("team_name")):
            self._client.post(self._path("connections"), body_of(kept), repeat=True, lost=lost)

    def update(self, current: Object, changed: Object) -> None:
        """Give a connection other values of these fields; the others stay as they are."""
        name = current["connection_id"]
        with refused(f"connection {name}", changed.get("team_name")):
            body = self._update_body(current, body_of(changed))
            self._client.patch(self._path("connections", name), body, lost=self._lost(name, "changed"))

    def remake(self, connection: Object) -> None:
        """Delete a connection and make it as it is to be: no version of Airflow clears a password in another way."""
        name = connection["connection_id"]
        self._delete(
            self._path(self.what, name),
            f"Connection {name} may be gone: it was to be deleted, to clear its password, and created again; repeat "
            "the task, which makes it with the fields that it names.",
        )
        try:
            self._make(connection, "")
        except AirflowError as error:
            error.message = gone(name, error)
            error.details["changed"] = True
            raise

    def _update_body(self, current: Object, changed: Object) -> Object:
        return changed

    @of_known_shape
    def _read(self, raw: Object) -> Object:
        extra = value_of_text(raw.get("extra") or "{}")
        return {
            "connection_id": raw["connection_id"],
            **{key: raw.get(key) or "" for key in TEXTS},
            "port": raw.get("port") or 0,
            "extra": extra if isinstance(extra, dict) else raw["extra"],
            "password": self._password(raw),
        }

    def _password(self, raw: Object) -> str | None:
        return MASK


class ConnectionsV1(Connections, api="v1"):
    """Airflow 2, which tells nothing of passwords."""

    def check(self, wanted: Object) -> None:
        super().check(wanted)
        if len(wanted["login"] or "") > LONGEST_LOGIN:
            self._airflow.needs(f"login with more than {LONGEST_LOGIN} characters", (2, 8), "shorten it")

    def check_new(self, name: str) -> None:
        if not name.isascii():
            # The newer ones fail with a status 500.
            self._airflow.needs(f"connection_id {name}, with letters other than A to Z,", (3, 0), "choose another id")

    def whole(self, connection: Object) -> Object:
        return self.find(connection["connection_id"]) or connection


class ConnectionsV2(Connections, api="v2"):
    """Airflow 3."""

    keeps_masks = tells_password = True

    def _update_body(self, current: Object, changed: Object) -> Object:
        return {"connection_id": current["connection_id"], "conn_type": current["conn_type"], **changed}

    def _password(self, raw: Object) -> str | None:
        return raw.get("password") or None


def gone(name: str, error: AirflowError) -> str:
    """Say that a connection was deleted, and could not be created again."""
    if error.may_be_done:
        return (
            f"Connection {name} was deleted to clear its password, and whether it was created again is not known; "
            f"repeat the task, which makes it with the fields that it names, if it was not. {error.message}"
        )
    return (
        f"Connection {name} is gone: it was deleted to clear its password, and could not be created again; repeat "
        f"the task, which makes it with the fields that it names. {error.message}"
    )


def body_of(fields: Object) -> Object:
    """Return fields as Airflow takes them."""
    body = {key: value or None for key, value in fields.items()}
    if "extra" in fields:
        extra = fields["extra"]
        body["extra"] = extra if isinstance(extra, str) else json.dumps(extra)
    return body
