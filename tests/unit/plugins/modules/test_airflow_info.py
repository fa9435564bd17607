# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import (
    ApiError,
    BadInput,
    Denied,
    TimedOut,
    WrongLogin,
)
from ansible_collections.dagops.airflow.plugins.module_utils._http import client
from ansible_collections.dagops.airflow.plugins.modules import airflow_info
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, Generation
from ansible_collections.dagops.airflow.tests.unit.exchanges import URL, Exchange, Server
from ansible_collections.dagops.airflow.tests.unit.frame import LOGINS, Runner, documented

STARTED = 1000.0  # on the clock of the tests
WRONG = {"username": "deploy", "password": "not the one"}
HEALTHY = {"metadatabase": "healthy", "scheduler": "healthy", "triggerer": "healthy", "dag_processor": None}


class Info(Runner):
    token = True  # of version 2: that one is given

    def health(self, beats: dict[str, str | None] | None = None, **states: str | None) -> Exchange:
        path = {"v1": "health", "v2": "monitor/health"}[self.generation.name]
        body: dict[str, t.Any] = {}
        for name, status in {**HEALTHY, **states}.items():
            last = (beats or {}).get(name, status and self.beat())
            beat = {} if name == "metadatabase" else {f"latest_{name}_heartbeat": last}
            body[name] = {"status": status, **beat}
        return self.server.get(path, headers={"Authorization": self.shown()}).answers(body)

    def shown(self) -> str | None:
        """A token that was given, since a proxy may want it; nobody logs in for what Airflow tells everybody."""
        return f"Bearer {LOGINS['v2']['api_token']}" if self.generation.name == "v2" and self.token else None

    def beat(self) -> str:
        return "2026-11-22T10:14:58.5" + self.generation.zone

    def version(self) -> Exchange:
        return self.server.get("version", headers={"Authorization": self.shown()}).answers(
            {"version": self.generation.version}
        )


@pytest.fixture
def info(server: Server, generation: Generation) -> Info:
    return Info(server, generation, airflow_info)


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_is_there(info, generation, check_mode):
    info.health()
    info.version()
    result = info(check_mode=check_mode)
    none = {"status": None, "latest_heartbeat": None}
    beating = {"status": "healthy", "latest_heartbeat": "2026-11-22T10:14:58.500000Z"}
    assert result == {
        "changed": False,
        "logged_in": None,
        "version": generation.version,
        "api_version": generation.name,
        "healthy": True,
        "health": {
            "metadatabase": {**none, "status": "healthy"},
            "scheduler": beating,
            "triggerer": beating,
            "dag_processor": none,
        },
    }
    assert set(documented(airflow_info)) - {"timed_out"} | {"changed"} == set(result)


@pytest.mark.parametrize(
    ("states", "healthy"),
    [
        ({}, True),
        ({"triggerer": None}, True),
        ({"dag_processor": "healthy"}, True),
        ({"scheduler": "unhealthy"}, False),
        ({"scheduler": None}, False),
        ({"metadatabase": "unhealthy"}, False),
        ({"triggerer": "unhealthy"}, False),
        ({"dag_processor": "unhealthy"}, False),
    ],
)
def test_healthy(info, states, healthy):
    info.health(**states)
    info.version()
    assert info()["healthy"] is healthy


DAYS_AGO = "2026-11-19T08:00:00+00:00"
A_NIGHT_AGO = "2026-11-21T20:00:00+00:00"


@pytest.mark.parametrize(
    ("component", "beat", "healthy"),
    [
        ("triggerer", DAYS_AGO, "v1 v2"),
        # Airflow 3 does nothing without one.
        ("dag_processor", DAYS_AGO, "v1"),
        # It may just be starting, after a night.
        ("triggerer", A_NIGHT_AGO, ""),
        ("dag_processor", A_NIGHT_AGO, ""),
        ("scheduler", DAYS_AGO, ""),
        # Airflow 3.4 calls what never ran unhealthy.
        ("triggerer", None, "v1 v2"),
        ("dag_processor", None, "v1"),
        ("scheduler", None, ""),
    ],
)
def test_what_was_given_up_or_never_ran_does_not_count(info, component, beat, healthy):
    info.health(beats={component: beat}, **{component: "unhealthy"})
    info.version()
    assert info()["healthy"] is (info.generation.name in healthy.split())


def test_health_of_airflow_3_4(server):
    """With its new keys, of a server on which no triggerer ever ran."""
    server.prefix = "/api/v2/"
    info = Info(server, GENERATIONS["v2"], airflow_info)
    up = {"status": "healthy", "detailed_status": "healthy", "instances": [{"hostname": "a"}]}
    server.get("monitor/health").answers(
        {
            "metadatabase": {"status": "healthy"},
            "scheduler": {**up, "latest_scheduler_heartbeat": "2026-11-22T10:14:58Z"},
            "triggerer": {
                "status": "unhealthy",
                "latest_triggerer_heartbeat": None,
                "detailed_status": "down",
                "instances": [],
            },
            "dag_processor": {**up, "latest_dag_processor_heartbeat": "2026-11-22T10:14:58Z"},
        }
    )
    info.version()
    result = info(wait=True)
    assert result["healthy"] is True
    assert result["health"]["triggerer"] == {"status": None, "latest_heartbeat": None}


@pytest.mark.parametrize(
    ("components", "states", "healthy"),
    [
        (["metadatabase", "scheduler"], {"triggerer": "unhealthy"}, True),
        (["metadatabase"], {"scheduler": "unhealthy"}, True),
        (["scheduler", "triggerer"], {"triggerer": None}, False),
        (["dag_processor"], {"dag_processor": None}, False),
        (["dag_processor"], {"dag_processor": "healthy", "scheduler": "unhealthy"}, True),
    ],
)
def test_components_that_have_to_be_healthy(info, components, states, healthy):
    info.health(**states)
    info.version()
    assert info(components=components)["healthy"] is healthy


def test_waiting_for_a_component_that_never_ran(info, clock):
    info.health(triggerer=None)
    info.health(triggerer="unhealthy")
    info.health()
    info.version()
    assert info(wait=True, components=["scheduler", "triggerer"])["healthy"] is True
    assert clock.pauses == [0.5, 0.5]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "triggerer (no heartbeat since 2026-11-22T10:14:58.500000Z), or leave it out of components."),
        ({"components": ["scheduler", "dag_processor"]}, "see to its dag_processor (it never ran)."),
    ],
)
def test_a_component_that_does_not_come(info, server, options, words):
    server.again(info.health(triggerer="unhealthy"), 20)
    with pytest.raises(TimedOut) as caught:
        info(wait=True, wait_timeout=7, **options)
    server.script.clear()
    assert caught.value.message.endswith(words)


def test_no_component_at_all(info):
    assert "components is empty" in info.failure(components=[]).message


STARTING: dict[str, t.Callable[[Exchange], t.Any]] = {
    "500": lambda exchange: exchange.says("Internal Server Error", 500),
    "521": lambda exchange: exchange.says("<html>Web server is down</html>", 521, "text/html"),
    "404 of Traefik": lambda exchange: exchange.says("404 page not found", 404),
    "404 of nginx": lambda exchange: exchange.says("<html><title>404 Not Found</title></html>", 404, "text/html"),
    "page": lambda exchange: exchange.says("<html><title>Maintenance</title></html>", 200, "text/html"),
    "redirect": lambda exchange: exchange.says("", 302, Location="https://status.example/"),
}


@pytest.mark.parametrize("answer", STARTING)
def test_waiting_through_what_a_starting_server_or_its_proxy_says(info, server, answer):
    path = {"v1": "health", "v2": "monitor/health"}[info.generation.name]
    STARTING[answer](server.get(path))
    info.health()
    info.version()
    assert info(wait=True)["healthy"] is True


@pytest.mark.parametrize("answer", [answer for answer in STARTING if answer != "521"])
def test_without_waiting_that_is_told_at_once(info, server, clock, answer):
    path = {"v1": "health", "v2": "monitor/health"}[info.generation.name]
    STARTING[answer](server.get(path))
    info.failure()
    assert clock.pauses == []


@pytest.mark.parametrize("answer", STARTING)
def test_waiting_for_a_server_whose_version_is_not_known_yet(played, server, monkeypatch, clock, answer):
    monkeypatch.setattr(client, "Clock", lambda: clock)
    STARTING[answer](server.get("/api/v1/version"))
    server.get("/api/v1/version").answers({"version": "2.11.2"})
    states = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}}
    server.get("/api/v1/health").answers(states)
    assert played(airflow_info.main, api_url=URL, wait=True)["version"] == "2.11.2"


def test_an_airflow_that_knows_of_fewer_components(info, server):
    path = {"v1": "health", "v2": "monitor/health"}[info.generation.name]
    server.get(path).answers({"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}})
    info.version()
    assert info()["health"]["triggerer"] == {"status": None, "latest_heartbeat": None}


def test_waiting_until_it_is_healthy(info, clock):
    info.health(scheduler="unhealthy")
    info.health(scheduler=None)
    info.health()
    info.version()
    assert info(wait=True)["healthy"] is True
    assert clock.pauses == [0.5, 0.5]


def test_waiting_through_refused_connections(info, server):
    path = {"v1": "health", "v2": "monitor/health"}[info.generation.name]
    server.get(path).fails(requests.ConnectionError())
    info.health()
    info.version()
    assert info(wait=True)["healthy"] is True


def test_waiting_in_vain(info, server, clock):
    server.again(info.health(scheduler="unhealthy", triggerer="unhealthy"), 20)
    with pytest.raises(TimedOut) as caught:
        info(wait=True, wait_timeout=7)
    server.script.clear()
    assert clock.passed == pytest.approx(7)
    assert caught.value.message == (
        "Airflow at https://airflow.example is not healthy after 7 s: see to its scheduler (no heartbeat since "
        "2026-11-22T10:14:58.500000Z), triggerer (no heartbeat since 2026-11-22T10:14:58.500000Z)."
    )
    assert caught.value.details["health"]["scheduler"]["status"] == "unhealthy"


def test_an_outage_lasts_no_longer_than_the_wait(info, server, clock):
    path = {"v1": "health", "v2": "monitor/health"}[info.generation.name]
    server.again(server.get(path).says("", 503), 60)
    with pytest.raises(TimedOut) as caught:
        info(wait=True, wait_timeout=5, retry_timeout=300)
    server.script.clear()
    assert clock.passed == pytest.approx(5)
    assert caught.value.message.startswith("Airflow is not healthy after 5 s: https://airflow.example answered 503: ")
    assert caught.value.details == {"timed_out": True, "health": {}}


def test_check_mode_does_not_wait(info):
    info.health(scheduler="unhealthy")
    info.version()
    assert info(check_mode=True, wait=True)["healthy"] is False


@pytest.mark.parametrize("body", ["<html></html>", "[]", "5", '"healthy"'])
def test_something_else_answers(info, server, body):
    path = {"v1": "health", "v2": "monitor/health"}[info.generation.name]
    server.get(path).says(body, 200, "application/json")
    assert isinstance(info.failure(), ApiError)


def test_a_negative_time(info):
    error = info.failure(wait_timeout=-1)
    assert isinstance(error, BadInput)
    assert "wait_timeout is -1" in error.message


@pytest.mark.parametrize(("wait", "allowed"), [(True, 120), (False, 30)])
def test_while_waiting_a_server_may_be_away_for_longer(monkeypatch, played, wait, allowed):
    monkeypatch.setattr(airflow_info, "run", lambda module, airflow: {"found": module.params["retry_timeout"]})
    result = played(airflow_info.main, api_url=URL, api_version="v1", wait=wait, wait_timeout=120)
    assert result["found"] == allowed


@pytest.mark.parametrize("status", [401, 403])
def test_a_proxy_that_wants_a_login_for_every_path(server, status):
    server.prefix = "/api/v1/"
    info = Info(server, GENERATIONS["v1"], airflow_info)
    info.health().answers({}, status)
    basic = "Basic " + base64.b64encode(b"deploy:s3cret-pa55").decode()
    states = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}}
    # It is known by then.
    for path, body in (("health", states), ("version", {"version": "2.11.2"})):
        server.get(path, headers={"Authorization": basic}).answers(body)
    assert info()["version"] == "2.11.2"


# -- proving a login


def test_a_login_that_is_right(info, server, generation):
    info.health()
    server.get("dags", {"limit": 1}).answers(generation.dags())
    info.version()
    assert info(login=True)["logged_in"] is True


def test_a_login_that_is_right_and_may_read_nothing(server):
    """Of Airflow 3: Airflow 2.11 answers 403 to a wrong password, too."""
    server.prefix = "/api/v2/"
    info = Info(server, GENERATIONS["v2"], airflow_info)
    info.health()
    server.get("dags", {"limit": 1}).answers({"detail": "Forbidden"}, 403)
    info.version()
    assert info(login=True)["logged_in"] is True


@pytest.mark.parametrize("detail", ["Invalid JWT token", "Forbidden"])
def test_a_login_that_is_wrong(info, server, detail):
    info.health()
    status = 401 if info.generation.name == "v2" and detail == "Forbidden" else 403
    server.get("dags", {"limit": 1}).answers({"detail": detail}, status)
    error = info.failure(login=True)
    assert isinstance(error, Denied)
    # It may be something else: no basic auth, or a permission.
    assert "logged_in" not in error.details


def test_a_token_that_airflow_2_refuses_is_no_login(server):
    """It answers 403 to a token that is wrong, with the words of a permission that is missing."""
    server.prefix = "/api/v1/"
    token = LOGINS["v2"]["api_token"]
    shown = {"Authorization": f"Bearer {token}"}
    states = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}}
    server.get("health", headers=shown).answers(states)
    server.get("dags", {"limit": 1}, headers=shown).answers({"title": "Forbidden", "detail": None}, 403)
    info = Info(server, GENERATIONS["v1"], airflow_info)
    error = info.failure(login=True, api_username="", api_password="", api_token=token)
    assert isinstance(error, Denied)


@pytest.mark.parametrize("status", [401, 400])
def test_a_password_that_is_wrong(server, status):
    server.prefix = "/api/v2/"
    info = Info(server, GENERATIONS["v2"], airflow_info)
    info.token = False
    info.health()
    server.post("/auth/token", sends=WRONG).answers({"detail": "Invalid credentials"}, status)
    error = info.failure(login=True, api_token="", **{f"api_{key}": value for key, value in WRONG.items()})
    assert isinstance(error, WrongLogin)
    assert error.details == {"logged_in": False}


# -- DAGs that the user must be able to read


@pytest.fixture
def logged_in(info: Info, server: Server, generation: Generation) -> Info:
    info.health()
    server.get("dags", {"limit": 1}).answers(generation.dags())
    return info


def finds(info: Info, there: bool) -> None:
    answer = info.generation.dag("etl") if there else info.generation.problem(404, "DAG not found")
    info.server.get("dags/etl").answers(answer, 200 if there else 404)


def test_dags_that_the_user_sees_after_a_while(logged_in, generation):
    logged_in.server.get("dags/etl").answers(generation.problem(403, "Forbidden"), 403)
    finds(logged_in, False)
    finds(logged_in, True)
    logged_in.version()
    assert logged_in(login=True, readable_dags="etl")["logged_in"] is True
    assert logged_in.server.clock.now() == STARTED + 1.0


def test_a_dag_that_the_user_never_sees(logged_in):
    for _look in range(50):
        finds(logged_in, False)
    error = logged_in.failure(login=True, readable_dags=["etl"])
    assert error.message == (
        "The user has logged in, and does not see etl in the list of DAGs; check that Airflow has parsed it, and the "
        "permissions of the user's roles."
    )
    assert logged_in.server.clock.now() == STARTED + 40.0


def test_check_mode_looks_once_for_dags(logged_in):
    finds(logged_in, False)
    assert logged_in.failure(check_mode=True, login=True, readable_dags=["etl"]).message.startswith("The user has")


def test_dags_without_a_login(info):
    error = info.failure(readable_dags=["*"])
    assert error.message == "readable_dags is about the user who logs in; set login: true with it."
