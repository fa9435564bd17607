# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import BadInput, Denied, Unsupported
from ansible_collections.dagops.airflow.plugins.module_utils._work.digests import WRITING, WRITTEN, digest_key
from ansible_collections.dagops.airflow.plugins.modules import airflow_variable
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, DigestBody, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner, documented

SECRET = "a-long-secret"
STARS = "consists of asterisks only, as they are shown in the place of a secret; give the secret itself."
NO_DIFF: dict[str, t.Any] = {"before": {}, "after": {}}


class VariableRunner(Runner):
    def has(self, key: str, value: t.Any, description: str | None = None, **more: t.Any) -> Exchange:
        body = {"key": key, "value": value, "description": description, **more}
        return self.server.get(f"variables/{key}").answers(body)

    def has_not(self, key: str) -> Exchange:
        body = self.generation.problem(404, "Variable not found", "Variable does not exist")
        return self.server.get(f"variables/{key}").answers(body, 404)

    def posted(self, **sends: t.Any) -> Exchange:
        return self.server.post("variables", sends=sends).answers(sends)

    def patched(self, key: str, old: t.Any, **changed: t.Any) -> Exchange:
        if self.generation.name == "v1":
            return self.server.patch(f"variables/{key}", sends={"key": key, "value": old, **changed}).answers({})
        query = {"update_mask": sorted(changed)}
        sends = {"key": key, "value": "", **changed}
        return self.server.patch(f"variables/{key}", query, sends=sends).answers({})

    def version(self, version: str) -> Exchange:
        return self.server.get("version").answers({"version": version})

    def digest(self) -> str:
        """The digest that was written last."""
        bodies = [json.loads(request.body or b"{}") for request in self.server.requests]
        found = [body["value"] for body in bodies if str(body.get("key", "")).startswith("dagops__")]
        return str(found[-1])


@pytest.fixture
def variable(server: Server, generation: Generation) -> VariableRunner:
    return VariableRunner(server, generation, airflow_variable)


@pytest.fixture
def old(server: Server) -> VariableRunner:
    return VariableRunner(server, GENERATIONS["v1"], airflow_variable)


@pytest.fixture
def new(server: Server) -> VariableRunner:
    server.prefix = GENERATIONS["v2"].prefix
    return VariableRunner(server, GENERATIONS["v2"], airflow_variable)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("eu", "eu"),
        ("", ""),
        (5, "5"),
        (True, "true"),
        ({"ä": [1, None]}, '{"ä": [1, null]}'),
        ("{{ ds }}", "{{ ds }}"),
    ],
)
def test_a_new_variable(variable, check_mode, value, text):
    variable.has_not("region")
    if not check_mode:
        variable.posted(key="region", value=text)
    result = variable(check_mode, key="region", value=value)
    after = {"key": "region", "value": text, "description": "", "team_name": ""}
    assert (result["changed"], result["variable"], result["unverified"]) == (True, after, [])
    shown = {name: item for name, item in after.items() if item}
    assert result["diff"] == {"before": {}, "after": {"region": shown}}
    assert set(after) == set(documented(airflow_variable)["variable"]["contains"])


def test_a_new_variable_needs_a_value(variable):
    variable.has_not("region")
    assert "to make it, give value or secret_value" in variable.failure(key="region").message


@pytest.mark.parametrize(
    ("value", "there"),
    [
        ("eu", "eu"),
        ({"a": 1, "b": [True]}, '{"b":[true],  "a":1}'),
        ('{"ä": 1e5}', '{"\\u00e4": 100000.0}'),
        ("NaN", "NaN"),
        (None, "eu"),
        ("", ""),
    ],
)
def test_nothing_to_change(variable, value, there):
    variable.has("region", there)
    result = variable(key="region", value=value)
    assert (result["changed"], result["unverified"], result["diff"]) == (False, [], NO_DIFF)


@pytest.mark.parametrize(
    ("value", "there"), [("eu", "us"), (True, "1"), ({"a": 1}, '{"a": true}'), ([1], "[1, 2]"), ("", "x"), ("x", "")]
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_another_value(variable, value, there, check_mode):
    variable.has("region", there, "kept")
    text = value if isinstance(value, str) else json.dumps(value)
    if not check_mode:
        variable.patched("region", there, value=text)
    result = variable(check_mode, key="region", value=value)
    assert result["changed"] is True
    assert result["diff"] == {"before": {"region": {"value": there}}, "after": {"region": {"value": text}}}
    assert result["variable"]["description"] == "kept"


def test_a_description_alone(variable):
    variable.has("region", "eu", "old")
    variable.patched("region", "eu", description="")
    assert variable(key="region", description="")["diff"]["after"] == {"region": {"description": ""}}


def test_a_description_on_airflow_2_3(old):
    old.has("region", "eu")
    old.version("2.3.4")
    error = old.failure(key="region", description="x")
    assert isinstance(error, Unsupported)
    assert "description needs Airflow 2.4 or newer" in error.message


def test_a_description_that_is_dropped_is_written_once_more(old):
    old.has_not("region")
    old.version("2.6.3")
    old.posted(key="region", value="eu", description="x")
    old.patched("region", "eu", description="x")
    assert old(key="region", value="eu", description="x")["changed"] is True


def test_a_slash_where_it_is_no_part_of_a_key(old):
    old.version("2.3.4")
    assert isinstance(old.failure(key="a/b", value="x"), Unsupported)


def test_a_slash(new):
    new.version("3.0.6")
    new.server.get("variables/a%2Fb").answers({"key": "a/b", "value": "x", "description": None})
    assert new(key="a/b", value="x")["changed"] is False


def test_a_variable_that_somebody_else_has_just_made_is_not_overwritten(new):
    new.has_not("region")
    new.posted(key="region", value="eu").answers({"detail": "The Variable with key: `region` already exists"}, 409)
    new.has("region", "us", "of somebody else")
    new.patched("region", "us", value="eu")
    assert new(key="region", value="eu")["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True])
def test_absent(variable, check_mode):
    variable.has("region", "eu")
    if not check_mode:
        gone = variable.generation.problem(404, "Variable not found", "no such variable")
        variable.server.delete(f"variables/{digest_key('variable', 'region')}").answers(gone, 404)
        variable.server.delete("variables/region").says("", 204)
    result = variable(check_mode, key="region", state="absent")
    assert (result["changed"], result["variable"]) == (True, None)


def test_absent_once_more(variable):
    variable.has_not("region")
    assert variable(key="region", state="absent")["changed"] is False


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"key": "a", "value": "x", "secret_value": "y"}, "not both are mappings; leave one out"),
        ({"key": "a", "value": [1], "secret_value": {"b": "c"}}, "not both are mappings"),
        ({"key": "a", "value": float("nan")}, "nan or infinity"),
        ({"key": "a", "value": "***"}, f"value {STARS}"),
        ({"key": "api_key", "value": "********"}, f"value {STARS}"),
        ({"key": "a", "secret_value": "*****"}, f"secret_value {STARS}"),
        (
            {"key": "a", "secret_value": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"},
            "secret_value holds the words that Ansible",
        ),
        ({"key": "a", "value": {"b": ["***"]}}, f"value.b.0 {STARS}"),
        ({"key": "a", "value": {"password": "********"}}, f"value.password {STARS}"),
        ({"key": "a", "secret_value": "{{ vault_key }}"}, "expression in braces"),
        ({"key": " a", "value": "x"}, "key ' a' begins with a blank; remove it."),
        ({"key": "x" * 251, "value": "x"}, "has 251 characters"),
        ({"key": "dagops__" + "0" * 24, "value": "x"}, "one of the digests"),
    ],
)
def test_what_is_wrong_is_refused_before_a_request(variable, server, given, says):
    error = variable.failure(**given)
    assert isinstance(error, BadInput)
    assert says in error.message
    assert server.requests == []


def test_stars_are_no_mask_where_nothing_is_masked(old):
    old.has("title", "*** news ***")
    assert old(key="title", value="*** news ***")["changed"] is False


# -- secrets


@pytest.mark.parametrize("update", ["always", "on_change"])
def test_a_secret_that_can_be_read_is_compared(old, update):
    old.has("api_key", SECRET)
    result = old(key="api_key", secret_value=SECRET, update_secrets=update)
    assert (result["changed"], result["unverified"], result["variable"]["value"]) == (False, [], "***")


def test_a_secret_that_can_be_read_is_changed_and_not_shown(old):
    old.has("api_key", "another-secret")
    old.patched("api_key", "another-secret", value=SECRET)
    result = old(key="api_key", secret_value=SECRET)
    assert result["diff"] == {"before": {"api_key": {"value": "***"}}, "after": {"api_key": {"value": "(changed)"}}}
    assert SECRET not in str(result)


@pytest.mark.parametrize("there", ["***", None])
def test_always(new, there):
    new.has("api_key", there)
    new.patched("api_key", there, value=SECRET)
    result = new(key="api_key", secret_value=SECRET)
    assert (result["changed"], result["unverified"]) == (True, ["value"])
    assert result["diff"] == {"before": {"api_key": {"value": there}}, "after": {"api_key": {"value": WRITTEN}}}
    assert SECRET not in str(result)


def test_what_is_secret_of_a_value(variable):
    """Only that is hidden, and is laid over the rest."""
    variable.has("cfg", '{"a": 1, "b": {"key": "another-secret", "n": 1}}')
    value = json.dumps({"a": 2, "b": {"n": 1, "key": SECRET}})
    there = '{"a": 1, "b": {"key": "another-secret", "n": 1}}'
    variable.patched("cfg", there, value=value)
    result = variable(key="cfg", value={"a": 2, "b": {"n": 1}}, secret_value={"b": {"key": SECRET}})
    assert (result["changed"], result["unverified"]) == (True, [])
    assert json.loads(result["variable"]["value"]) == {"a": 2, "b": {"n": 1, "key": "***"}}
    assert json.loads(result["diff"]["before"]["cfg"]["value"]) == {"a": 1, "b": {"n": 1, "key": "***"}}
    assert json.loads(result["diff"]["after"]["cfg"]["value"]) == {"a": 2, "b": {"n": 1, "key": "(changed)"}}
    assert SECRET not in str(result)


@pytest.mark.parametrize("there", ['{"a": 1, "password": "***"}', "***"])
def test_only_the_secret_of_a_value_is_marked(new, there):
    new.has("cfg", there)
    new.patched("cfg", there, value=json.dumps({"a": 1, "password": SECRET}))
    result = new(key="cfg", value={"a": 1}, secret_value={"password": SECRET})
    assert result["diff"]["before"]["cfg"]["value"] == there
    assert json.loads(result["diff"]["after"]["cfg"]["value"]) == {"a": 1, "password": WRITTEN}


def test_a_secret_value_that_is_given_no_more_is_an_ordinary_value(variable):
    variable.has("region", SECRET)
    assert variable(True, key="region", value="eu")["diff"]["before"] == {"region": {"value": SECRET}}


@pytest.mark.parametrize("update_secrets", ["always", "on_change"])
def test_an_empty_text_takes_a_secret_value_out_unseen(variable, update_secrets):
    variable.has("region", SECRET)
    variable.patched("region", SECRET, value="")
    emptied = variable(key="region", secret_value="", update_secrets=update_secrets)
    assert (emptied["changed"], SECRET in str(emptied)) == (True, False)


def test_stars_that_airflow_2_shows_are_no_mask(old):
    there = '{"password": "a***b"}'
    old.has("cfg", there)
    old.patched("cfg", there, value=json.dumps({"password": SECRET}))
    result = old(key="cfg", secret_value={"password": SECRET}, value={})
    assert json.loads(result["diff"]["after"]["cfg"]["value"]) == {"password": "(changed)"}


def test_a_value_that_airflow_cannot_read_is_marked_as_a_whole(new):
    new.has("cfg", None)
    new.patched("cfg", None, value=json.dumps({"a": 1, "password": SECRET}))
    result = new(key="cfg", value={"a": 1}, secret_value={"password": SECRET})
    assert result["diff"] == {"before": {"cfg": {"value": None}}, "after": {"cfg": {"value": WRITTEN}}}


def test_a_value_without_secrets_stays_as_it_is_written(new):
    new.has("cfg", '{"a":1}')
    new.patched("cfg", '{"a":1}', value='{"a":2}')
    assert new(key="cfg", value='{"a":2}')["diff"]["after"] == {"cfg": {"value": '{"a":2}'}}


def test_on_create(variable):
    there = "***" if variable.generation.name == "v2" else "another-secret"
    variable.has("api_key", there)
    result = variable(key="api_key", secret_value=SECRET, update_secrets="on_create")
    assert result["changed"] is False
    assert result["unverified"] == (["value"] if there == "***" else [])


def test_on_change(new):
    """The first time it is written, the second time it is known, the third time it is another one."""
    key = digest_key("variable", "api_key")

    def has_digest(value: str) -> None:
        new.has(key, value)

    new.has("api_key", "***")
    new.has_not(key)
    new.posted(key=key, value=WRITING)
    new.patched("api_key", "***", value=SECRET)
    query = {"update_mask": ["value"]}
    new.server.patch(f"variables/{key}", query, sends=DigestBody(key=key)).answers({})
    result = new(key="api_key", secret_value=SECRET, update_secrets="on_change")
    assert (result["changed"], result["unverified"]) == (True, ["value"])
    assert result["diff"]["after"] == {"api_key": {"value": WRITTEN}}
    digest = new.digest()
    assert SECRET not in digest

    new.has("api_key", "***")
    has_digest(digest)
    result = new(key="api_key", secret_value=SECRET, update_secrets="on_change")
    assert (result["changed"], result["unverified"], result["diff"]) == (False, [], NO_DIFF)

    new.has("api_key", "***")
    has_digest(digest)
    new.patched(key, "", value=WRITING)
    new.patched("api_key", "***", value="another-secret")
    new.server.patch(f"variables/{key}", query, sends=DigestBody(key=key)).answers({})
    result = new(key="api_key", secret_value="another-secret", update_secrets="on_change")
    assert result["changed"] is True
    assert result["diff"]["after"] == {"api_key": {"value": "(changed)"}}


def test_on_change_does_not_look_at_the_order_of_keys(new):
    key = digest_key("variable", "api_key")
    first, again = {"a": "hidden-1", "b": [2]}, {"b": [2], "a": "hidden-1"}
    new.has("api_key", "***")
    new.has_not(key)
    new.posted(key=key, value=WRITING)
    new.patched("api_key", "***", value=json.dumps(first))
    new.server.patch(f"variables/{key}", {"update_mask": ["value"]}, sends=DigestBody(key=key)).answers({})
    assert new(key="api_key", secret_value=first, update_secrets="on_change")["changed"] is True
    digest = new.digest()
    for value, changed in ((again, False), (json.dumps(again), False), ({**again, "b": [3]}, True)):
        new.has("api_key", "***")
        new.has(key, digest)
        assert new(True, key="api_key", secret_value=value, update_secrets="on_change")["changed"] is changed


def test_on_change_where_somebody_has_changed_the_description(new):
    key = digest_key("variable", "api_key")
    new.has("api_key", "***", "of somebody else")
    new.has_not(key)
    new.posted(key=key, value=WRITING)
    new.patched("api_key", "***", value=SECRET, description="x")
    new.server.patch(f"variables/{key}", {"update_mask": ["value"]}, sends=DigestBody(key=key)).answers({})
    assert new(key="api_key", secret_value=SECRET, description="x", update_secrets="on_change")["changed"] is True


@pytest.mark.parametrize("kept", [WRITING, "***", "dagops.airflow scrypt 9999999 999 999 " + "0" * 8 + " " + "0" * 64])
def test_a_digest_that_is_none(new, kept):
    new.has("api_key", "***")
    new.has(digest_key("variable", "api_key"), kept)
    result = new(True, key="api_key", secret_value=SECRET, update_secrets="on_change")
    assert (result["changed"], result["unverified"]) == (True, ["value"])


@pytest.mark.parametrize("there", [True, False])
def test_a_digest_that_may_not_be_kept(new, there):
    if there:
        new.has("api_key", "***")
    else:
        new.has_not("api_key")
    new.server.get(f"variables/{digest_key('variable', 'api_key')}").answers({"detail": "Forbidden"}, 403)
    error = new.failure(key="api_key", secret_value=SECRET, update_secrets="on_change")
    assert isinstance(error, Denied)
    assert "always or on_create" in error.message


def test_a_masked_part_of_json(new):
    new.has("limits", '{"daily": 40, "api_key": "***"}')
    new.patched("limits", "", value='{"daily": 40, "api_key": "a-long-secret"}')
    result = new(key="limits", value={"daily": 40, "api_key": SECRET})
    assert result["unverified"] == ["value"]
    assert json.loads(result["variable"]["value"]) == {"daily": 40, "api_key": "***"}
    assert SECRET not in str(result)


def test_no_secret_in_a_refusal(new):
    new.has("api_key", "***")
    detail = [{"type": "x", "loc": ["body", "value"], "msg": f"no such value: {SECRET}", "input": SECRET}]
    new.patched("api_key", "", value=SECRET).answers({"detail": detail}, 422)
    assert SECRET not in new.failure(key="api_key", secret_value=SECRET).message
