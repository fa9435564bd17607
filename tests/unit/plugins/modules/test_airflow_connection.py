# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from urllib.parse import quote

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, Denied, Unsupported
from ansible_collections.dagops.airflow.plugins.module_utils._work.digests import WRITING, WRITTEN, digest_key
from ansible_collections.dagops.airflow.plugins.modules import airflow_connection
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, DigestBody, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

ID = "warehouse"
PASSWORD = "a-long-password"
KEY = "a-long-private-key"
STARS = "consists of asterisks only, as they are shown in the place of a secret; give the secret itself."
NO_DIFF: dict[str, t.Any] = {"before": {}, "after": {}}
DIGEST = digest_key("connection", ID)


class ConnectionRunner(Runner):
    def body(self, **fields: t.Any) -> dict[str, t.Any]:
        extra = fields.pop("extra", None)
        texts = dict.fromkeys(("description", "host", "login", "schema", "port"))
        body = {"connection_id": ID, "conn_type": "postgres", **texts, **fields}
        body["extra"] = extra if extra is None or isinstance(extra, str) else json.dumps(extra)
        if self.generation.name == "v1":
            body.pop("password", None)
        return body

    def has(self, **fields: t.Any) -> Exchange:
        return self.server.get(f"connections/{ID}").answers(self.body(**fields))

    def has_not(self, path: str = f"connections/{ID}") -> Exchange:
        return self.server.get(path).answers(self.generation.problem(404, "Not found", "no such thing"), 404)

    def posted(self, **sends: t.Any) -> Exchange:
        return self.server.post("connections", sends={"connection_id": ID, **sends}).answers({"connection_id": ID})

    def patched(self, **changed: t.Any) -> Exchange:
        whole = {} if self.generation.name == "v1" else {"connection_id": ID, "conn_type": "postgres"}
        return self.server.patch(f"connections/{ID}", sends={**whole, **changed}).answers({"connection_id": ID})

    def deleted(self) -> Exchange:
        return self.server.delete(f"connections/{ID}").says("", 204)

    def digest_written(self, value: str | None = None, new: bool = False) -> None:
        sends: t.Any = {"key": DIGEST, "value": value} if value else DigestBody(key=DIGEST)
        if new:
            self.server.post("variables", sends=sends).answers({})
        elif self.generation.name == "v1":
            self.server.patch(f"variables/{DIGEST}", sends=sends).answers({})
        else:
            self.server.patch(f"variables/{DIGEST}", {"update_mask": ["value"]}, sends=sends).answers({})

    def is_written_first(self, there: dict[str, t.Any], **changed: t.Any) -> None:
        """The exchanges of the first write with a digest, of a connection that is there."""
        self.has(**there)
        self.has_not(f"variables/{DIGEST}")
        self.digest_written(WRITING, new=True)
        self.patched(**changed)
        self.digest_written()

    def has_digest(self, value: str) -> None:
        self.server.get(f"variables/{DIGEST}").answers({"key": DIGEST, "value": value, "description": None})

    def digest(self) -> str:
        bodies = [json.loads(request.body or b"{}") for request in self.server.requests]
        return str([body["value"] for body in bodies if body.get("key") == DIGEST][-1])


@pytest.fixture
def connection(server: Server, generation: Generation) -> ConnectionRunner:
    return ConnectionRunner(server, generation, airflow_connection)


@pytest.fixture
def old(server: Server) -> ConnectionRunner:
    return ConnectionRunner(server, GENERATIONS["v1"], airflow_connection)


@pytest.fixture
def new(server: Server) -> ConnectionRunner:
    server.prefix = GENERATIONS["v2"].prefix
    return ConnectionRunner(server, GENERATIONS["v2"], airflow_connection)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_new_connection(connection, check_mode):
    connection.has_not()
    extra = {"sslmode": "require", "tls": {"ca": "x", "private_key": KEY}}
    if not check_mode:
        connection.posted(conn_type="postgres", port=5432, password=PASSWORD, extra=json.dumps(extra))
    result = connection(
        check_mode,
        connection_id=ID,
        conn_type="postgres",
        port=5432,
        password=PASSWORD,
        extra={"sslmode": "require", "tls": {"ca": "x"}},
        secret_extra={"tls": {"private_key": KEY}},
    )
    assert (result["changed"], result["unverified"]) == (True, [])
    assert result["connection"]["extra"] == {"sslmode": "require", "tls": {"ca": "x", "private_key": "***"}}
    assert set(result["connection"]) == set(documented(airflow_connection)["connection"]["contains"])
    shown = {"connection_id": ID, "conn_type": "postgres", "port": 5432, "password": "***"}
    assert result["diff"] == {"before": {}, "after": {ID: {**shown, "extra": result["connection"]["extra"]}}}
    assert PASSWORD not in str(result)
    assert KEY not in str(result)


def test_a_new_connection_needs_a_type(connection):
    connection.has_not()
    assert "to make it, give conn_type" in connection.failure(connection_id=ID).message


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({}, {"host": "a", "extra": {"api_key": "***"}, "password": "***"}),
        ({"host": "a", "port": 1}, {"host": "a", "port": 1}),
        ({"host": "", "port": 0, "description": "", "team_name": ""}, {}),
        ({"extra": {"a": [1, {"b": None}]}}, {"extra": ' {"a":[1,{"b":null}]}'}),
        ({"extra": '{"a": 1}'}, {"extra": {"a": 1}}),
        ({"extra": ""}, {"extra": "{}"}),
        ({"extra": {"private_key": None}}, {"extra": {"private_key": "***"}}),
    ],
)
def test_nothing_to_change(connection, given, there):
    connection.has(**there)
    result = connection(connection_id=ID, **given)
    assert (result["changed"], result["unverified"], result["diff"]) == (False, [], NO_DIFF)


@pytest.mark.parametrize(
    ("given", "there", "sends"),
    [
        ({"host": "b"}, {"host": "a", "login": "kept"}, {"host": "b"}),
        ({"host": ""}, {"host": "a"}, {"host": None}),
        ({"port": 0}, {"port": 1}, {"port": None}),
        ({"extra": {"a": 2}}, {"extra": {"a": 1, "gone": 1}}, {"extra": '{"a": 2}'}),
        ({"extra": ""}, {"extra": {"a": 1, "token": "***"}}, {"extra": "{}"}),
        ({"extra": {"a": True}}, {"extra": {"a": 1}}, {"extra": '{"a": true}'}),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_only_what_differs_is_changed(connection, given, there, sends, check_mode):
    connection.has(**there)
    if not check_mode:
        connection.patched(**sends)
    result = connection(check_mode, connection_id=ID, **given)
    assert (result["changed"], result["unverified"]) == (True, [])
    assert list(result["diff"]["after"][ID]) == list(given)


def test_a_connection_that_somebody_else_has_just_made_is_not_overwritten(connection):
    connection.has_not()
    connection.posted(conn_type="postgres", host="a").answers(connection.generation.problem(409, "Conflict"), 409)
    connection.has(host="b", login="of somebody else", extra={"a": 1})
    connection.patched(host="a")
    assert connection(connection_id=ID, conn_type="postgres", host="a")["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_absent(connection, check_mode):
    connection.has()
    if not check_mode:
        gone = connection.generation.problem(404, "Not found", "no such variable")
        connection.server.delete(f"variables/{DIGEST}").answers(gone, 404)
        connection.deleted()
    result = connection(check_mode, connection_id=ID, state="absent")
    assert (result["changed"], result["connection"]) == (True, None)


def test_absent_by_someone_who_may_not_see_variables(connection):
    connection.has()
    body = connection.generation.problem(403, "Forbidden")
    connection.server.delete(f"variables/{DIGEST}").answers(body, 403)
    connection.deleted()
    assert connection(connection_id=ID, state="absent")["changed"] is True


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"connection_id": "a/b"}, "has the character /"),
        ({"connection_id": "a b"}, "has a blank"),
        ({"connection_id": "x" * 201}, "has 201 characters"),
        ({"connection_id": "a/b", "state": "absent"}, "has a slash"),
        ({"connection_id": ID, "port": -1}, "port is -1"),
        ({"connection_id": ID, "extra": "[1]"}, "extra must be a mapping"),
        ({"connection_id": ID, "password": "***"}, f"password {STARS}"),
        ({"connection_id": ID, "password": "********"}, f"password {STARS}"),
        ({"connection_id": ID, "password": " ****\n"}, f"password {STARS}"),
        ({"connection_id": ID, "extra": {"a": ["***"]}}, f"extra.a.0 {STARS}"),
        ({"connection_id": ID, "secret_extra": {"a": {"b": "********"}}}, f"secret_extra.a.b {STARS}"),
        ({"connection_id": ID, "secret_extra": {"a": "{{ vault_a }}"}}, "secret_extra.a still holds"),
    ],
)
def test_what_is_wrong_is_refused_before_a_request(connection, server, given, says):
    error = connection.failure(**given)
    assert isinstance(error, BadInput)
    assert says in error.message
    assert server.requests == []


def test_letters_of_other_alphabets_on_an_old_airflow(old):
    name = "höst"
    old.server.get(f"connections/{quote(name)}").answers(old.generation.problem(404, "Not found", "none"), 404)
    old.server.get("version").answers({"version": "2.11.0"})
    error = old.failure(connection_id=name, conn_type="http")
    assert error.message.startswith(f"connection_id {name}, with letters other than A to Z, needs Airflow 3.0 or newer")


def test_a_team_on_an_old_airflow(new):
    new.has()
    new.server.get("version").answers({"version": "3.1.8"})
    assert isinstance(new.failure(connection_id=ID, team_name="data"), Unsupported)


# -- secrets


@pytest.mark.parametrize("check_mode", [False, True])
def test_always(connection, check_mode):
    connection.has(password="***", extra={"a": 1, "private_key": "***"})
    if not check_mode:
        connection.patched(password=PASSWORD, extra=json.dumps({"a": 1, "private_key": KEY}))
    result = connection(check_mode, connection_id=ID, password=PASSWORD, secret_extra={"private_key": KEY})
    assert (result["changed"], result["unverified"]) == (True, ["password", "secret_extra.private_key"])
    before = {"password": "***", "extra": {"a": 1, "private_key": "***"}}
    after = {"password": WRITTEN, "extra": {"a": 1, "private_key": WRITTEN}}
    assert result["diff"] == {"before": {ID: before}, "after": {ID: after}}
    assert PASSWORD not in str(result)
    assert KEY not in str(result)


def test_a_secret_that_is_written_with_other_fields_is_marked(connection):
    connection.has(extra={"a": 1, "private_key": "***", "proxy": None, "token": {"x": "***"}})
    extra = {"a": 2, "private_key": KEY, "proxy": PASSWORD, "token": {"x": PASSWORD}}
    connection.patched(extra=json.dumps(extra))
    secrets = {name: extra[name] for name in ("private_key", "proxy", "token")}
    result = connection(connection_id=ID, extra={"a": 2}, secret_extra=secrets)
    # One is new.
    after = {"a": 2, "private_key": WRITTEN, "proxy": "***", "token": {"x": WRITTEN}}
    assert result["diff"]["after"] == {ID: {"extra": after}}
    assert [secret for secret in (KEY, PASSWORD) if secret in str(result)] == []


def test_a_secret_that_can_be_read_is_marked_where_it_differs(connection):
    connection.has(extra={"a": 1, "private_key": "old-key", "token": PASSWORD})
    connection.patched(extra=json.dumps({"a": 1, "private_key": KEY, "token": PASSWORD}))
    result = connection(connection_id=ID, extra={"a": 1}, secret_extra={"private_key": KEY, "token": PASSWORD})
    before, after = ({"a": 1, "private_key": text, "token": "***"} for text in ("***", "(changed)"))
    assert result["diff"] == {"before": {ID: {"extra": before}}, "after": {ID: {"extra": after}}}


def test_a_secret_that_is_kept_is_not_marked(new):
    new.has(extra={"private_key": "***", "a": 1})
    new.patched(extra=json.dumps({"private_key": "***", "a": 2}))
    result = new(connection_id=ID, secret_extra={"a": 2})
    assert result["diff"]["after"][ID]["extra"] == {"private_key": "***", "a": "(changed)"}


def test_secrets_that_can_be_read_are_compared(new):
    new.has(password="pass", extra={"certificate": KEY})
    result = new(connection_id=ID, password="pass", secret_extra={"certificate": KEY})
    assert (result["changed"], result["unverified"]) == (False, [])
    assert result["connection"]["extra"] == {"certificate": "***"}


def test_a_password_that_is_not_set_yet(new):
    new.has(password=None)
    new.patched(password=PASSWORD)
    result = new(connection_id=ID, password=PASSWORD)
    assert (result["changed"], result["unverified"]) == (True, [])
    assert result["diff"] == {"before": {ID: {"password": None}}, "after": {ID: {"password": "***"}}}


def test_on_create(connection):
    connection.has(password="***", extra={"private_key": "***"})
    secrets = {"password": PASSWORD, "secret_extra": {"private_key": KEY, "token": KEY}}
    result = connection(connection_id=ID, **secrets, update_secrets="on_create")
    assert (result["changed"], result["unverified"]) == (False, ["password", "secret_extra.private_key"])


def test_on_create_while_a_field_changes(connection):
    connection.has(password="***", host="a", extra={"private_key": "***"})
    connection.patched(host="b")
    secrets = {"password": PASSWORD, "secret_extra": {"private_key": KEY}}
    assert connection(connection_id=ID, host="b", **secrets, update_secrets="on_create")["changed"] is True


def test_on_change(connection):
    """The first time they are written, then they are known, then one is new, then the host is another one."""
    given: dict[str, t.Any] = {"connection_id": ID, "update_secrets": "on_change"}

    def run(password: str, **more: t.Any) -> dict[str, t.Any]:
        result = connection(**given, password=password, secret_extra={"private_key": KEY}, **more)
        assert password not in str(result)
        return result

    there: dict[str, t.Any] = {"password": "***", "extra": {"private_key": "***"}}
    extra = json.dumps({"private_key": KEY})
    connection.is_written_first(there, extra=extra, password=PASSWORD)
    result = run(PASSWORD)
    assert (result["changed"], result["unverified"]) == (True, ["password", "secret_extra.private_key"])
    assert result["diff"]["after"] == {ID: {"password": WRITTEN, "extra": {"private_key": WRITTEN}}}

    connection.has(**there)
    connection.has_digest(connection.digest())
    result = run(PASSWORD)
    assert (result["changed"], result["unverified"], result["diff"]) == (False, [], NO_DIFF)

    connection.has(**there)
    connection.has_digest(connection.digest())
    connection.digest_written(WRITING)
    connection.patched(extra=extra, password="another-password")
    connection.digest_written()
    result = run("another-password")
    assert result["changed"] is True
    assert result["diff"]["after"] == {ID: {"password": "(changed)", "extra": {"private_key": "(changed)"}}}

    connection.has(**there, host="of somebody else")
    connection.has_digest(connection.digest())
    connection.digest_written(WRITING)
    connection.patched(host="a", extra=extra, password="another-password")
    connection.digest_written()
    result = run("another-password", host="a")
    assert result["changed"] is True
    assert result["diff"]["after"] == {ID: {"host": "a", "password": WRITTEN, "extra": {"private_key": WRITTEN}}}


def test_on_change_writes_when_a_secret_is_given_no_more(connection):
    there: dict[str, t.Any] = {"password": "***", "extra": {"private_key": "***"}}
    secret = {"connection_id": ID, "update_secrets": "on_change", "secret_extra": {"private_key": KEY}}
    extra = json.dumps({"private_key": KEY})
    connection.is_written_first(there, extra=extra, password=PASSWORD)
    connection(**secret, password=PASSWORD)
    connection.has(**there)
    connection.has_digest(connection.digest())
    connection.digest_written(WRITING)
    connection.patched(extra=extra)
    connection.digest_written()
    assert connection(**secret)["changed"] is True


def test_a_secret_that_is_given_no_more_is_an_ordinary_value(connection):
    """Unless its name is one of a secret."""
    connection.has(extra={"certificate": KEY, "private_key": "***"})
    before = connection(True, connection_id=ID, extra={})["diff"]["before"]
    assert before == {ID: {"extra": {"certificate": KEY, "private_key": "***"}}}


def test_an_empty_text_takes_a_secret_out_unseen(connection):
    connection.has(extra={"certificate": KEY})
    connection.patched(extra='{"certificate": ""}')
    emptied = connection(connection_id=ID, extra={}, secret_extra={"certificate": ""})
    assert (emptied["changed"], KEY in str(emptied)) == (True, False)
    connection.has(extra={"certificate": ""})
    connection.patched(extra="{}")
    assert connection(connection_id=ID, extra={})["changed"] is True


def test_a_new_connection_with_a_digest(connection):
    connection.has_not()
    connection.has_not(f"variables/{DIGEST}")
    connection.digest_written(WRITING, new=True)
    connection.posted(conn_type="http", password=PASSWORD)
    connection.digest_written()
    result = connection(connection_id=ID, conn_type="http", password=PASSWORD, update_secrets="on_change")
    assert (result["changed"], result["unverified"]) == (True, [])


def test_no_digest_without_secrets(connection):
    connection.has(host="a")
    assert connection(connection_id=ID, host="a", update_secrets="on_change")["changed"] is False


def test_a_digest_that_may_not_be_kept(connection):
    connection.has(password="***")
    connection.server.get(f"variables/{DIGEST}").answers(connection.generation.problem(403, "Forbidden"), 403)
    error = connection.failure(connection_id=ID, password=PASSWORD, update_secrets="on_change")
    assert isinstance(error, Denied)
    assert "always or on_create" in error.message


def test_a_digest_that_may_be_read_and_not_written(connection):
    """It is tried before anything else is written."""
    connection.has(password="***")
    connection.has_not(f"variables/{DIGEST}")
    forbidden = connection.generation.problem(403, "Forbidden")
    connection.server.post("variables", sends={"key": DIGEST, "value": WRITING}).answers(forbidden, 403)
    error = connection.failure(connection_id=ID, password=PASSWORD, update_secrets="on_change")
    assert isinstance(error, Denied)
    assert "always or on_create" in error.message


def test_a_password_that_is_not_told_is_cleared_by_a_digest(old):
    """Airflow 2 does not tell that there is none any more, so the digest has to know it."""
    given = {"connection_id": ID, "password": "", "update_secrets": "on_change"}
    old.has(host="a")
    old.has_not(f"variables/{DIGEST}")
    old.digest_written(WRITING, new=True)
    old.deleted()
    old.posted(conn_type="postgres", host="a")
    old.digest_written()
    assert old(**given)["changed"] is True
    old.has(host="a")
    old.has_digest(old.digest())
    assert old(**given)["changed"] is False


def test_secrets_that_are_not_given_are_kept_where_airflow_can(new):
    new.has(extra={"a": 1, "private_key": "***", "list": [{"token": "***"}]})
    new.patched(extra=json.dumps({"a": 2, "private_key": "***", "list": [{"token": "***"}]}))
    result = new(connection_id=ID, extra={"a": 2, "private_key": None, "list": [{"token": None}]})
    assert (result["changed"], result["unverified"]) == (True, [])


@pytest.mark.parametrize("there", [{"uri": "http://***@a", "token": "***"}, {"uri": "***", "token": "***"}])
def test_a_mask_that_airflow_would_store_is_not_sent(new, there):
    new.has(extra={"a": 1, **there})
    error = new.failure(connection_id=ID, extra={"a": 2, "uri": None, "token": None})
    assert "holds secrets that were not given (uri)" in error.message


def test_secrets_that_are_not_given_are_not_lost_on_airflow_2(old):
    old.has(extra={"a": 1, "private_key": "***"})
    error = old.failure(connection_id=ID, extra={"a": 2, "private_key": None})
    assert isinstance(error, BadInput)
    assert "holds secrets that were not given (private_key)" in error.message


def test_a_secret_with_stars_in_it_is_a_secret(new):
    new.has(extra={"private_key": "***"})
    new.patched(extra='{"private_key": "abc***def"}')
    assert new(connection_id=ID, secret_extra={"private_key": "abc***def"})["unverified"] == [
        "secret_extra.private_key"
    ]


def test_extra_that_is_no_json_object(old):
    old.has(extra="a secret text")
    result = old(connection_id=ID)
    assert result["connection"]["extra"] is None
    old.has(extra="a secret text")
    assert "no JSON object" in old.failure(connection_id=ID, secret_extra={"a": KEY}).message
    old.has(extra="a secret text")
    old.patched(extra='{"a": 1}')
    assert "a secret text" not in str(old(connection_id=ID, extra={"a": 1}))


RECREATED = f"To clear its password, connection {ID} is deleted and created again, and does not exist for a moment."
EACH_RUN = (
    " Airflow does not show whether it has a password, so this happens in each run; set update_secrets: on_change"
)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("update_secrets", ["always", "on_change"])
def test_a_password_that_is_not_told_is_cleared_in_each_run_and_that_is_said(old, update_secrets, check_mode):
    old.has(host="a")
    if update_secrets == "on_change":
        old.has_not(f"variables/{DIGEST}")
        if not check_mode:
            old.digest_written(WRITING, new=True)
    if not check_mode:
        old.deleted()
        old.posted(conn_type="postgres", host="a")
        if update_secrets == "on_change":
            old.digest_written()
    old(check_mode, connection_id=ID, password="", update_secrets=update_secrets)
    (warning,) = old.warnings
    assert warning.startswith(RECREATED)
    assert warning[len(RECREATED) :].startswith(EACH_RUN) is (update_secrets == "always")
    assert (warning == RECREATED) is (update_secrets == "on_change")


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_password_is_cleared(new, check_mode):
    new.has(password="***", host="a", extra={"a": 1})
    if not check_mode:
        new.deleted()
        new.posted(conn_type="postgres", host="a", extra='{"a": 1}')
    result = new(check_mode, connection_id=ID, password="")
    assert result["changed"] is True
    assert result["diff"]["after"][ID]["password"] == "(cleared, for which the connection is created again)"
    assert new.warnings == [RECREATED]


def test_a_password_that_is_cleared_already(new):
    new.has(password=None)
    assert new(connection_id=ID, password="")["changed"] is False


def test_a_password_is_not_cleared_where_other_secrets_would_go(new):
    new.has(password="***", extra={"token": "***"})
    error = new.failure(connection_id=ID, password="")
    assert isinstance(error, BadInput)
    assert "not given (token)" in error.message


def test_a_connection_that_could_not_be_created_again(new):
    new.has(password="***")
    new.deleted()
    new.posted(conn_type="postgres").answers({"detail": "no"}, 400)
    error = new.failure(connection_id=ID, password="")
    assert error.message.startswith(f"Connection {ID} is gone: it was deleted to clear its password")
    assert error.details == {"changed": True}


@pytest.mark.parametrize("option", ["conn_type", "host", "schema"])
def test_a_text_that_is_too_long_for_the_database(connection, server, option):
    message = connection.failure(connection_id=ID, **{option: "x" * 501}).message
    assert message == f"{option} has 501 characters; shorten it to 500 or fewer."
    assert server.requests == []


@pytest.mark.parametrize(("version", "refused"), [("2.7.3", True), ("2.8.0", False)])
def test_a_login_that_was_too_long_once(old, server, version, refused):
    old.has(login="etl")
    server.get("version").answers({"version": version})
    wanted = {"connection_id": ID, "login": "x" * 501}
    if refused:
        assert old.failure(check_mode=True, **wanted).message.startswith(
            "login with more than 500 characters needs Air"
        )
    else:
        assert old(check_mode=True, **wanted)["changed"] is True


def test_no_secret_in_a_refusal(connection):
    connection.has(password="***")
    problem = connection.generation.problem(400, "Bad", f"no such password: {PASSWORD}")
    connection.patched(password=PASSWORD).answers(problem, 400)
    assert PASSWORD not in connection.failure(connection_id=ID, password=PASSWORD).message
