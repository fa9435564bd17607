# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests go where they were sent to, with the credentials that were given, and nowhere else."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.airflow import Airflow as Api
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, Denied, Unreachable
from certificates import Authority
from faults import Line, Request
from live import Airflow

DAG = "writes_conf"  # it stays paused
NAME = "airflow.test"
REDIRECTS = (301, 302, 303, 307, 308)
WRITES: dict[str, Callable[[Api], Any]] = {
    "PATCH": lambda far: far.ask(Dags).set_paused(DAG, False),
    "POST": lambda far: in_process.triggered(far, DAG, dag_run_id="redirected"),
    "DELETE": lambda far: far.ask(Runs).delete(DAG, "redirected"),
}


@pytest.fixture
def elsewhere(airflow: Airflow) -> Iterator[Line]:
    """Another server, which nobody has named; it would answer."""
    with Line(airflow.url) as line:
        yield line


@pytest.fixture
def far(airflow: Airflow, line: Line) -> Api:
    return in_process.connected(airflow, line.url)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "company")


# -- redirects


@pytest.mark.parametrize("method", WRITES)
def test_a_write_that_is_redirected_is_refused_with_the_url_to_use(
    api: Api, far: Api, line: Line, elsewhere: Line, method: str
) -> None:
    for status in REDIRECTS:
        line.mend()
        line.always(faults.redirected(elsewhere.url + "{path}", status), method=method)
        with pytest.raises(AirflowError) as caught:
            WRITES[method](far)
        assert f"{line.url} redirects elsewhere: set api_url to {elsewhere.url} (nothing was sent there)." in (
            caught.value.message
        )
    assert elsewhere.requests == []
    assert api.ask(Dags).get(DAG)["is_paused"]
    assert api.ask(Runs).find(DAG, "redirected") is None


def test_a_write_that_is_redirected_on_the_same_server_is_refused_too(api: Api, far: Api, line: Line) -> None:
    line.next(faults.redirected("/airflow{path}", 308), method="PATCH")
    with pytest.raises(AirflowError, match=f"set api_url to {line.url}/airflow "):
        far.ask(Dags).set_paused(DAG, False)
    assert len(line.seen("PATCH")) == 1
    assert api.ask(Dags).get(DAG)["is_paused"]


def test_a_read_follows_a_redirect_on_the_same_server(far: Api, line: Line) -> None:
    for location in ("{path}", line.url + "{path}"):
        line.next(faults.redirected(location, 307), path="/dags/")
        assert far.ask(Dags).get(DAG)["dag_id"] == DAG
    assert len(line.seen("GET", f"/dags/{DAG}$")) == 4


def test_a_read_follows_no_redirect_to_another_server(far: Api, line: Line, elsewhere: Line) -> None:
    for status in REDIRECTS:
        line.mend()
        line.always(faults.redirected(elsewhere.url + "{path}", status))
        with pytest.raises(AirflowError, match=f"set api_url to {elsewhere.url} "):
            far.ask(Dags).get(DAG)
    assert elsewhere.requests == []


def test_credentials_go_from_https_to_no_plain_http(airflow: Airflow, elsewhere: Line, authority: Authority) -> None:
    with Line(airflow.url, authority.issue("127.0.0.1").server()) as line:
        far = in_process.connected(airflow, line.url, ca_path=str(authority.path))
        line.always(faults.redirected(elsewhere.url + "{path}"))
        for act in (*WRITES.values(), lambda far: far.ask(Dags).get(DAG)):
            with pytest.raises(AirflowError, match=f"set api_url to {elsewhere.url} "):
                act(far)
        # The same host and port, but another scheme.
        line.mend()
        line.always(faults.redirected(line.url.replace("https:", "http:") + "{path}"))
        with pytest.raises(AirflowError, match=f"set api_url to http://{line.address} "):
            far.ask(Dags).get(DAG)
    assert elsewhere.requests == []


def test_a_password_follows_no_redirect_of_the_login(airflow: Airflow, line: Line, elsewhere: Line) -> None:
    login = {"api_username": airflow.username, "api_password": airflow.password, "api_auth": "session"}
    far = in_process.connected(airflow, line.url, **login)
    for status in REDIRECTS:
        line.mend()
        line.always(faults.redirected(elsewhere.url + "{path}", status), path="/login/|/auth/token")
        with pytest.raises(AirflowError):
            far.client.log_in()
    assert len(line.seen(path="/login/|/auth/token")) == len(REDIRECTS)
    assert elsewhere.requests == []


def test_a_single_sign_on_that_stands_before_airflow_is_named(airflow: Airflow, line: Line) -> None:
    # Nothing has answered yet: once Airflow has, a redirect is taken for something that passes.
    far = in_process.connected(airflow, line.url, api_version=airflow.generation)
    line.always(faults.redirected("https://sso.example/login?next=secret"))
    with pytest.raises(AirflowError) as caught:
        far.ask(Dags).get(DAG)
    assert (
        "is redirected to https://sso.example/login, which is not Airflow's API: a login page" in caught.value.message
    )
    assert "secret" not in caught.value.message


def test_a_module_is_told_which_url_to_use(line: Line, elsewhere: Line, tmp_path: Path) -> None:
    """http that is redirected to https is what people meet most."""
    https = elsewhere.url.replace("http:", "https:")
    line.always(faults.redirected(https + "{path}", 301))
    done = in_process.as_program(tmp_path, "airflow_dag_run", {"dag_id": DAG, "api_url": line.url})
    assert done.result["failed"]
    assert f"set api_url to {https} " in done.result["msg"]


# -- other credentials than those that were given


def authorizations(requests: list[Request]) -> set[str]:
    return {request.headers.get("authorization", "") for request in requests}


def test_netrc_does_not_replace_the_credentials(
    airflow: Airflow, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login netrc password from-netrc\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    given = {"api_username": airflow.username, "api_password": airflow.password}
    far = in_process.connected(airflow, line.url, **given)
    assert far.ask(Dags).get(DAG)["dag_id"] == DAG
    kinds = {text.partition(" ")[0] for text in authorizations(line.seen(path="/dags/"))}
    assert kinds == {"Basic" if airflow.generation == "v1" else "Bearer"}
    # Neither does it where nothing was given: at the questions for the version and the token, or at all.
    of_the_file = "Basic " + base64.b64encode(b"netrc:from-netrc").decode()
    assert of_the_file not in authorizations(line.requests)
    line.requests.clear()
    with pytest.raises(Denied):
        in_process.connected(airflow, line.url, api_username=None).ask(Dags).get(DAG)
    assert authorizations(line.requests) == {""}


def test_cookies_that_come_with_answers_are_not_sent_back(airflow: Airflow, line: Line) -> None:
    given = {"api_username": airflow.username, "api_password": airflow.password}
    far = in_process.connected(airflow, line.url, **given)
    body = json.dumps(far.client.get(f"{far.generation.prefix}/dags/{DAG}"))
    line.next(faults.answered(200, body, "application/json", Set_Cookie="session=somebody-else; Path=/"))
    line.requests.clear()
    far.ask(Dags).get(DAG)
    far.ask(Dags).get(DAG)
    assert len(line.requests) == 2
    assert all("cookie" not in request.headers for request in line.requests)


# -- proxies of the environment


@pytest.fixture
def by_proxies(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the proxy of the environment, for all hosts."""
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def by(url: str) -> None:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.setenv("https_proxy", url)

    return by


def test_the_proxy_of_the_environment_is_used(airflow: Airflow, line: Line, by_proxies: Callable[[str], None]) -> None:
    by_proxies(f"http://{line.address}")
    far = in_process.connected(airflow, f"http://{NAME}")
    run_id = f"proxy_{uuid.uuid4().hex}"
    assert in_process.triggered(far, DAG, dag_run_id=run_id).changed
    far.ask(Runs).delete(DAG, run_id)
    assert {request.target[: len(NAME) + 8] for request in line.requests} == {f"http://{NAME}/"}


def test_https_goes_by_a_tunnel_of_the_proxy_which_sees_no_credentials(
    airflow: Airflow, authority: Authority, by_proxies: Callable[[str], None]
) -> None:
    with Line(airflow.url, authority.issue(NAME).server()) as line:
        by_proxies(f"http://{line.address}")
        far = in_process.connected(airflow, f"https://{NAME}", ca_path=str(authority.path))
        assert far.ask(Dags).get(DAG)["dag_id"] == DAG
        tunnels = line.seen("CONNECT")
        assert {request.target for request in tunnels} == {f"{NAME}:443"}
        assert all({"authorization", "cookie"}.isdisjoint(request.headers) for request in tunnels)


def test_no_proxy_is_honoured(
    airflow: Airflow, line: Line, by_proxies: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_proxies(f"http://{line.address}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert in_process.connected(airflow).ask(Dags).get(DAG)["dag_id"] == DAG
    assert line.requests == []


def test_a_proxy_that_gives_no_way_is_told(airflow: Airflow, line: Line, by_proxies: Callable[[str], None]) -> None:
    by_proxies(f"http://{line.address}")
    said = rf"The proxy of the environment \({line.address}, http_proxy\) gives no way to {NAME}; check it and no_proxy"
    with line.down(), pytest.raises(Unreachable, match=said):
        in_process.connected(airflow, f"http://{NAME}", retry_timeout=5.0)
