# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    ApiError,
    BadInput,
    Denied,
    FateUnknown,
    NoSuchApi,
    NotFound,
    Unreachable,
)
from ansible_collections.dagops.airflow.plugins.modules import airflow_api
from ansible_collections.dagops.airflow.tests.unit.bodies import Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import Server
from ansible_collections.dagops.airflow.tests.unit.frame import Runner

NO_DIFF: dict[str, t.Any] = {"before": {}, "after": {}}
POOLS = {"pools": [{"name": "default_pool"}], "total_entries": 1}
NEW = {"name": "etl", "slots": 8}
LOST = requests.exceptions.ConnectionError("Connection aborted.")


@pytest.fixture
def api(server: Server, generation: Generation) -> Runner:
    return Runner(server, generation, airflow_api)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("path", ["/pools", "pools"])
def test_a_read(api, path, check_mode):
    api.server.get("pools", headers={"Accept": "application/json"}).answers(POOLS)
    assert api(check_mode, path=path) == {"changed": False, "diff": NO_DIFF, "status": 200, "json": POOLS}


def test_a_query(api):
    sent = {"order_by": "-name", "limit": "2", "tags": ["a b", "é"], "only_active": "true"}
    api.server.get("pools", sent).answers(POOLS)
    api(path="/pools", query={"order_by": "-name", "limit": 2, "tags": ["a b", "é"], "only_active": True, "x": None})


def test_names_that_are_quoted_stay_so(api):
    api.server.get("pools/a%2Fb").answers({"name": "a/b"})
    assert api(path="/pools/a%2Fb")["json"] == {"name": "a/b"}


@pytest.mark.parametrize("body", [NEW, '{"name": "etl", "slots": 8}', '"{\\"name\\": \\"etl\\", \\"slots\\": 8}"'])
def test_a_write(api, body):
    api.server.post("pools", sends=NEW).answers(NEW, 201)
    result = api(path="/pools", method="POST", body=body)
    after = {"POST /pools": {"query": {}, "body": NEW}}
    assert result == {"changed": True, "diff": {"before": {}, "after": after}, "status": 201, "json": NEW}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_not_sent_in_check_mode(api, server, method):
    result = api(check_mode=True, path="/pools/etl", method=method, query={"update_mask": "slots"}, body={"slots": 1})
    sent = {"query": {"update_mask": "slots"}, "body": {"slots": 1}}
    after = {f"{method} /pools/etl": sent}
    assert result == {"changed": True, "diff": {"before": {}, "after": after}, "status": None, "json": None}
    assert server.requests == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_write_that_only_reads_is_sent_in_check_mode_and_changes_nothing(api, check_mode):
    exchange = api.server.post("dags/~/dagRuns/list", sends={"states": ["failed"]}).fails(LOST)
    api.server.again(exchange)
    exchange = api.server.post("dags/~/dagRuns/list", sends={"states": ["failed"]}).answers({"dag_runs": []})
    result = api(check_mode, path="/dags/~/dagRuns/list", method="POST", body={"states": ["failed"]}, reads=True)
    assert result == {"changed": False, "diff": NO_DIFF, "status": 200, "json": {"dag_runs": []}}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_may_be_said_of_a_read_that_it_reads(api, method):
    api.server.expect(method, "pools").says("")
    assert api(True, path="/pools", method=method, reads=True)["changed"] is False


def test_an_answer_without_a_body(api):
    api.server.delete("pools/etl").says("", 204)
    result = api(path="/pools/etl", method="DELETE")
    assert (result["changed"], result["status"], result["json"]) == (True, 204, None)


def test_an_answer_that_is_no_json(api):
    lines = '{"state": "running"}\n{"state": "success"}\n'
    api.server.get("dags/a/dagRuns/b/wait").says(lines, content_type="application/x-ndjson")
    assert api(path="/dags/a/dagRuns/b/wait")["json"] == lines


def test_a_page_is_no_answer(api):
    api.server.get("pools").says("<html><title>Sign in</title></html>", content_type="text/html")
    assert "an HTML page titled 'Sign in'" in api.failure(path="/pools").message


def test_head(api):
    api.server.expect("HEAD", "pools").says("", 200)
    result = api(path="/pools", method="HEAD")
    assert (result["changed"], result["status"], result["json"]) == (False, 200, None)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_what_writes_is_no_read(api, method, check_mode):
    error = api.failure(check_mode, path="/pools/etl", method=method, reads=True)
    assert isinstance(error, BadInput)
    assert api.server.requests == []


@pytest.mark.parametrize("status", [200, 405])
def test_an_answer_to_head_need_not_tell_how_a_body_ends(api, status, clock):
    headers = {"Content_Encoding": "gzip", "Allow": "GET"}
    api.server.expect("HEAD", "pools").says("", status, **headers).unframed()
    if status == 200:
        assert api(path="/pools", method="HEAD")["json"] is None
    else:
        assert "that path does not accept HEAD, only GET" in api.failure(path="/pools", method="HEAD").message
    assert clock.pauses == []


@pytest.mark.parametrize("status", [404, 405])
def test_an_error_without_a_body_is_told_at_once(api, status, clock):
    api.server.get("pools").answers(POOLS)
    api(path="/pools")
    api.server.expect("HEAD", "pools").says("", status)
    error = api.failure(path="/pools", method="HEAD")
    assert (error.details, clock.pauses) == ({"status": status, "json": None}, [])


# -- what Airflow refuses


@pytest.mark.parametrize(
    ("status", "kind"), [(400, ApiError), (403, Denied), (404, NotFound), (409, ApiError), (422, ApiError)]
)
def test_the_body_of_an_error_is_in_the_result(api, status, kind):
    problem = api.generation.problem(status, "no", [{"loc": ["body", "slots"], "msg": "too few", "input": {"a": 1}}])
    api.server.post("pools", sends=NEW).answers(problem, status)
    error = api.failure(path="/pools", method="POST", body=NEW)
    assert isinstance(error, kind)
    assert error.details == {"status": status, "json": problem}
    assert f"Airflow answered {status} to POST" in error.message


@pytest.mark.parametrize(
    ("status", "allow", "says"),
    [
        (400, "", "correct query and body as the answer says"),
        (404, "", "what the path names does not exist; check its names, and that they are URL-encoded"),
        (405, "GET, POST", "that path does not accept DELETE, only GET, POST"),
        (405, "", "that path does not accept DELETE; give another method"),
        (409, "", "the object exists already, or its state does not allow this; read it first"),
        (422, "", "correct query and body as the answer says"),
    ],
)
def test_what_to_do_about_it(api, status, allow, says):
    headers = {"Allow": allow} if allow else {}
    api.server.delete("pools/etl").answers(api.generation.problem(status, "no", "it is so"), status, **headers)
    error = api.failure(path="/pools/etl", method="DELETE")
    assert error.message == (
        f"Airflow answered {status} to DELETE https://airflow.example{api.generation.prefix}pools/etl (it is so): "
        f"{says}."
    )


def test_an_unknown_path(api):
    body = {"error": "API route not found"} if api.generation.name == "v2" else api.generation.problem(404, "Not Found")
    if api.generation.name == "v1":
        body["type"] = "about:blank"
    api.server.get("nothing").answers(body, 404)
    error = api.failure(path="/nothing")
    assert isinstance(error, NoSuchApi)
    assert "has no path /nothing (" in error.message
    place = "/api/v1/ui/" if api.generation.name == "v1" else "/docs"
    assert error.message.endswith(f"this version of Airflow has it: its paths are at https://airflow.example{place}.")
    assert error.details == {"status": 404, "json": body}


# -- bad lines


def test_a_read_is_repeated(api):
    api.server.get("pools").fails(LOST)
    api.server.get("pools").answers(POOLS)
    assert api(path="/pools")["json"] == POOLS


def test_a_read_that_stays_without_an_answer(api):
    api.server.get("pools").fails(LOST)
    error = api.failure(path="/pools", retry_timeout=0)
    assert isinstance(error, Unreachable)
    assert error.details == {}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_sent_once(api, method):
    api.server.expect(method, "pools/etl", sends={"slots": 1}).fails(LOST)
    error = api.failure(path="/pools/etl", method=method, body={"slots": 1})
    assert isinstance(error, FateUnknown)
    assert f"Whether {method} /pools/etl was carried out is not known" in error.message
    assert error.details == {"status": None, "json": None}


REFUSED = requests.exceptions.ConnectionError(ConnectionRefusedError("refused"))


def test_a_write_that_was_not_sent_is_not_in_doubt(api):
    api.server.delete("pools/etl").fails(REFUSED)
    error = api.failure(path="/pools/etl", method="DELETE")
    assert isinstance(error, Unreachable)
    assert "is not known" not in error.message
    assert error.details == {"status": None, "json": None}


def test_a_write_that_may_be_repeated_and_stays_without_an_answer(api):
    api.server.delete("pools/etl").fails(LOST)
    api.server.delete("pools/etl").fails(REFUSED).taking(1)
    error = api.failure(path="/pools/etl", method="DELETE", repeat=True, retry_timeout=0.9)
    assert isinstance(error, FateUnknown)
    assert error.message.endswith(
        "Whether DELETE /pools/etl was carried out is not known; repeating the task does no harm, as repeat: true says."
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_that_may_be_repeated(api, method):
    api.server.expect(method, "pools/etl", sends={"slots": 1}).fails(LOST)
    api.server.expect(method, "pools/etl", sends={"slots": 1}).answers({})
    assert api(path="/pools/etl", method=method, body={"slots": 1}, repeat=True)["changed"] is True


# -- pages


def page(first: int, count: int, total: t.Any) -> dict[str, t.Any]:
    return {"event_logs": [{"id": number} for number in range(first, first + count)], "total_entries": total}


def test_a_list_of_one_page_is_read_once(api):
    api.server.get("eventLogs", {"event": "x", "limit": 100, "offset": 0}).answers({**page(0, 3, 3), "next": None})
    result = api(path="/eventLogs", query={"event": "x"}, pages=True)
    assert (result["status"], result["json"]) == (200, page(0, 3, 3))


def test_all_pages(api):
    for _time in range(2):
        api.server.get("eventLogs", {"limit": 100, "offset": 0}).answers(page(0, 100, 150))
    api.server.get("eventLogs", {"limit": 100, "offset": 100}).answers(page(100, 50, 150))
    assert api(path="/eventLogs", pages=True)["json"] == page(0, 150, 150)


def test_pages_of_texts_whose_number_is_not_told(api):
    for _time in range(2):
        api.server.get("dagTags", {"limit": 100, "offset": 0}).answers({"tags": ["a", "b"]})
    api.server.get("dagTags", {"limit": 100, "offset": 2}).answers({"tags": []})
    assert api(path="/dagTags", pages=True)["json"] == {"tags": ["a", "b"], "total_entries": 2}


@pytest.mark.parametrize("body", [{"name": "etl"}, {"a": [], "b": []}, [1], None])
def test_what_is_no_list(api, body):
    api.server.get("pools", {"limit": 100, "offset": 0}).answers(body)
    error = api.failure(path="/pools", pages=True)
    assert "/pools gave no list that comes in pages; leave out pages." in error.message
    assert error.details == {"status": 200, "json": body}


@pytest.mark.parametrize("names", ["offset, limit", "limit", "mine, offset, limit"])
def test_what_is_no_list_to_airflow_2(api, names):
    """It refuses a query that is not in its specification; that query is not the user's."""
    problem = api.generation.problem(400, "Bad Request", f"Extra query parameter(s) {names} not in spec")
    api.server.get("pools/etl", {"limit": 100, "offset": 0}).answers(problem, 400)
    error = api.failure(path="/pools/etl", pages=True)
    assert error.message.endswith("/pools/etl gave no list that comes in pages; leave out pages.")
    assert error.details == {"status": 400, "json": problem}


@pytest.mark.parametrize("reason", ["Extra query parameter(s) limits not in spec", "Bad limit"])
def test_what_airflow_refuses_of_a_list(api, reason):
    problem = api.generation.problem(400, "Bad Request", reason)
    api.server.get("pools", {"limit": 100, "offset": 0, "limits": "1"}).answers(problem, 400)
    error = api.failure(path="/pools", pages=True, query={"limits": 1})
    assert error.message.endswith(f"({reason}): correct query and body as the answer says.")


# -- what is refused before anything is sent


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"path": "https://elsewhere.example/pools"}, "is an address"),
        ({"path": "file:/etc/passwd"}, "is an address"),
        ({"path": "//elsewhere.example/pools"}, "is an address"),
        ({"path": "/api/v2/pools"}, "holds the version of the API"),
        ({"path": "api/v1/pools"}, "holds the version of the API"),
        ({"path": "/v2/pools"}, "holds the version of the API"),
        ({"path": "/prefix/api/v2/pools"}, "holds the version of the API"),
        ({"path": "/pools?limit=1"}, "has a character that a path cannot have"),
        ({"path": "/pools#a"}, "has a character that a path cannot have"),
        ({"path": "\\\\elsewhere\\pools"}, "has a character that a path cannot have"),
        ({"path": "/pools\x00"}, "has a character that a path cannot have"),
        ({"path": "/a\u202eb"}, "has a character that a path cannot have"),
        ({"path": "/"}, "has a part that is empty"),
        ({"path": "/pools/"}, "has a part that is empty"),
        ({"path": "/dags//dagRuns"}, "has a part that is empty"),
        ({"path": "/pools/../../../auth/token"}, "made of dots"),
        ({"path": "/./pools"}, "made of dots"),
        ({"path": "/pools/%2e%2E/x"}, "made of dots"),
        ({"path": "/pools/%252e%252e"}, "made of dots"),
        ({"path": "/pools/a%2f..%2fb"}, "made of dots"),
        ({"path": "/pools/a%5c..%5cb"}, "made of dots"),
        ({"path": "/pools", "body": NEW}, "body does not go with method: GET"),
        ({"path": "/pools", "body": {}}, "body does not go with method: GET"),
        ({"path": "/pools", "method": "HEAD", "body": NEW}, "body does not go with method: HEAD"),
        ({"path": "/pools", "method": "POST", "body": "name=etl"}, "not valid JSON: it breaks at character 1; give"),
        ({"path": "/pools", "method": "POST", "body": '{"a": 1,\n "b"}\n'}, "it breaks at character 5 in line 2; give"),
        ({"path": "/pools", "method": "POST", "body": '"{\\"a\\" 1}"'}, "not valid JSON: it breaks at character 6;"),
        ({"path": "/pools", "method": "POST", "body": '{"a": 1\n'}, "body is not valid JSON: it ends too early; give"),
        ({"path": "/pools", "method": "POST", "body": {"slots": float("nan")}}, "not valid JSON: it holds a number"),
        (
            {"path": "/pools", "method": "POST", "body": "[NaN]"},
            "body is not valid JSON: it holds a number that JSON cannot carry (nan or infinity); give",
        ),
        ({"path": "/pools", "method": "POST", "body": "[" * 100_000}, "not valid JSON: it is nested too deeply; give"),
        ({"path": "/pools", "method": "POST", "body": 8}, "neither a mapping nor a list"),
        ({"path": "/pools", "method": "POST", "body": "8"}, "neither a mapping nor a list"),
        ({"path": "/pools", "method": "POST", "body": '"text"'}, "body is neither a mapping nor a list"),
        ({"path": "/pools", "method": "POST", "body": '  "some text"\n'}, "body is neither a mapping nor a list"),
        (
            {"path": "/pools", "method": "DELETE", "reads": True},
            "reads does not go with method: DELETE, which writes; ",
        ),
        ({"path": "/pools", "method": "PATCH", "reads": True, "body": NEW}, "reads does not go with method: PATCH"),
        ({"path": "/pools", "method": "PUT", "reads": True, "body": NEW}, "reads does not go with method: PUT"),
        (
            {"path": "/pools", "query": {"a": {"b": 1}}},
            "query.a must be a text, number, boolean or a list of these, and is a mapping; correct it.",
        ),
        ({"path": "/pools", "query": {"a": [None]}}, "of these, and has null in it"),
        ({"path": "/pools", "query": {"a": "b\nc"}}, "with a character that an address cannot have"),
        ({"path": "/pools", "query": {"a\nb": "c"}}, "with a character that an address cannot have"),
        ({"path": "/pools", "method": "POST", "pages": True}, "pages works only with method: GET"),
        ({"path": "/pools", "pages": True, "query": {"limit": 5}}, "leave limit and offset out of query"),
        ({"path": "/pools", "pages": True, "query": {"offset": 5}}, "leave limit and offset out of query"),
    ],
)
def test_bad_input(api, given, says):
    error = api.failure(**given)
    assert isinstance(error, BadInput)
    assert says in error.message
    assert api.server.requests == []
