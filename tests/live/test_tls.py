# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections are private: who does not show the right certificate gets no request, before Airflow and by Airflow."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faults
import in_process
import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.dags import Dags
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.runs import Runs
from ansible_collections.dagops.airflow.plugins.module_utils._base.clock import Clock
from ansible_collections.dagops.airflow.plugins.module_utils._base.errors import AirflowError, Unreachable
from certificates import Authority
from faults import Fault, Line
from live import Airflow

from airflow_server import processes
from airflow_server.server import Server

DAG = "writes_conf"  # it stays paused
HOST = "127.0.0.1"
NAME = "airflow.test"
BREAKS = [
    faults.cut_before,
    faults.hung_up_before,
    faults.cut_after,
    faults.hung_up_after,
    faults.cut_within,
    faults.truncated,
    faults.cut_within_head,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "company")


@pytest.fixture(scope="module")
def other(folder: Path) -> Authority:
    return Authority(folder, "stranger")


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> dict[str, Any]:
    """Options of somebody who trusts the authority, and who does not wait long for what does not come."""
    return {"ca_path": str(authority.path)}


@pytest.fixture
def line(airflow: Airflow, authority: Authority) -> Iterator[Line]:
    with Line(airflow.url, authority.issue(HOST).server()) as line:
        yield line


def refusal(airflow: Airflow, line: Line, **options: Any) -> str:
    """The sentence with which a connection is given up: at once, with nothing sent."""
    clock = in_process.HurriedClock()
    with pytest.raises(AirflowError) as caught:
        in_process.connected(airflow, line.url, clock, **options)
    assert not isinstance(caught.value, Unreachable)
    assert clock.pauses == []
    assert line.requests == []
    message = caught.value.message
    assert message.startswith(f"No trusted TLS connection to {line.address}: ")
    assert message.endswith("; check api_url, ca_path and client_cert.")
    return message


@pytest.mark.once
def test_a_certificate_of_the_authority_in_ca_path_is_trusted(
    airflow: Airflow, line: Line, trusting: dict[str, Any], tmp_path: Path
) -> None:
    far = in_process.connected(airflow, line.url, **trusting)
    assert far.ask(Dags).set_paused(DAG, True)["is_paused"] is True
    # The path from the environment.
    options = {"dag_id": DAG, "paused": True, "api_url": line.url}
    done = in_process.as_program(tmp_path, "airflow_dag", options, AIRFLOW_API_CA_PATH=trusting["ca_path"])
    assert done.status == 0, done.said
    assert "warnings" not in done.result


@pytest.mark.once
def test_a_certificate_of_an_unknown_authority_is_refused(airflow: Airflow, line: Line, other: Authority) -> None:
    assert "certificate" in refusal(airflow, line)
    assert "certificate" in refusal(airflow, line, ca_path=str(other.path))


@pytest.mark.once
def test_without_validation_any_certificate_will_do(airflow: Airflow, line: Line) -> None:
    assert in_process.connected(airflow, line.url, validate_certs=False).ask(Dags).get(DAG)["dag_id"] == DAG


@pytest.mark.once
@pytest.mark.parametrize(
    ("names", "days", "words"),
    [
        pytest.param([HOST], (-2, -1), "certificate has expired", id="expired"),
        pytest.param([HOST], (1, 2), "certificate is not yet valid", id="not yet valid"),
        pytest.param(["127.0.0.2"], (-1, 1), "not valid for '127.0.0.1'", id="another address"),
        pytest.param([NAME], (-1, 1), "not valid for '127.0.0.1'", id="another name"),
    ],
)
def test_a_certificate_that_is_out_of_date_or_of_another_host_is_refused(
    airflow: Airflow,
    authority: Authority,
    trusting: dict[str, Any],
    names: list[str],
    days: tuple[float, float],
    words: str,
) -> None:
    with Line(airflow.url, authority.issue(*names, days=days).server()) as line:
        assert words in refusal(airflow, line, **trusting)


@pytest.mark.once
def test_a_client_certificate_is_shown_where_the_server_asks_for_it(
    airflow: Airflow, authority: Authority, other: Authority, trusting: dict[str, Any]
) -> None:
    mine, strange = other.issue("deployer"), authority.issue("deployer")
    with Line(airflow.url, authority.issue(HOST).server(clients=other)) as line:
        apart = {"client_cert": str(mine.certificate), "client_key": str(mine.key)}
        for shown in (apart, {"client_cert": str(mine.both)}):
            assert in_process.connected(airflow, line.url, **trusting, **shown).ask(Dags).get(DAG)["dag_id"] == DAG
        line.requests.clear()
        assert "certificate required" in refusal(airflow, line, **trusting)
        refusal(airflow, line, **trusting, client_cert=str(strange.both))


@pytest.mark.once
def test_plain_http_where_https_is_spoken_is_told(airflow: Airflow, line: Line) -> None:
    with pytest.raises(AirflowError, match="is it http or https"):
        in_process.connected(airflow, line.url.replace("https:", "http:"), retry_timeout=0.0)


@pytest.mark.once
def test_https_where_plain_http_is_spoken_is_told(airflow: Airflow, trusting: dict[str, Any]) -> None:
    """The web server of Airflow 2 takes the greeting for the beginning of a request, and waits for more."""
    options = {**trusting, "request_timeout": 2.0, "retry_timeout": 0.0}
    with pytest.raises(AirflowError, match=r"No trusted TLS connection to 127|is it http or https"):
        in_process.connected(airflow, airflow.url.replace("http:", "https:"), **options)


# -- outages inside of TLS


def name_of(fault: Fault) -> str:
    return fault.__name__.replace("_", " ")


@pytest.mark.once
@pytest.mark.parametrize("fault", BREAKS, ids=name_of)
def test_a_trigger_whose_tls_connection_breaks_makes_exactly_one_run(
    airflow: Airflow, line: Line, trusting: dict[str, Any], fault: Fault
) -> None:
    far = in_process.connected(airflow, line.url, **trusting)
    line.next(fault, method="POST", path="/dagRuns$")
    line.next(fault, method="GET")
    before = len(in_process.runs_of(far, DAG))
    done = in_process.triggered(far, DAG, dag_run_id=f"tls_{uuid.uuid4().hex}")
    assert done.changed
    assert done.run
    assert len(in_process.runs_of(far, DAG)) == before + 1
    far.ask(Runs).delete(DAG, done.run["dag_run_id"])


@pytest.mark.once
def test_a_handshake_that_is_hung_up_is_an_outage(airflow: Airflow, line: Line, trusting: dict[str, Any]) -> None:
    """A load balancer whose servers are being restarted does this; it says nothing of certificates."""
    clock = in_process.HurriedClock()
    line.drop_handshakes = 3
    assert in_process.connected(airflow, line.url, clock, **trusting).ask(Dags).get(DAG)["dag_id"] == DAG
    assert len(clock.pauses) == 3


# -- without TLS


@pytest.mark.once
def test_credentials_over_plain_http_to_another_host_are_warned_of_once(airflow: Airflow, tmp_path: Path) -> None:
    """The other host is reached by a proxy, so that nothing leaves this machine."""
    options = {"dag_id": DAG, "api_url": f"http://{NAME}"}
    with Line(airflow.url) as line:
        env = {"http_proxy": f"http://{line.address}", "no_proxy": "", "NO_PROXY": ""}
        warned = in_process.as_program(tmp_path, "airflow_dag", options, **env)
        assert len(line.requests) > 1
    assert warned.status == 0, warned.said
    (warning,) = warned.result["warnings"]
    assert f"The credentials for http://{NAME} travel unencrypted; use https." in str(warning)
    # Loopback is no network.
    assert "warnings" not in in_process.as_program(tmp_path, "airflow_dag", {"dag_id": DAG}).result


# -- Airflow's own TLS


@pytest.fixture(scope="module")
def own(airflow: Airflow, authority: Authority, folder: Path) -> Iterator[str]:
    """The URL of another web server of the shared Airflow, which has certificates in its settings."""
    server = Server.attach(airflow.variables["airflow_state"])
    port = processes.free_port()
    shown = authority.issue(HOST)
    url = f"https://{HOST}:{port}"
    if airflow.generation == "v1":
        section, prefix = "WEBSERVER", "WEB_SERVER_"
        command = ["webserver", "--port", str(port), "--pid", str(folder / "webserver.pid"), "--workers", "1"]
    else:
        section, prefix = "API", ""
        command = ["api-server", "--port", str(port)]
    settings = {
        f"AIRFLOW__{section}__{prefix}SSL_CERT": str(shown.certificate),
        f"AIRFLOW__{section}__{prefix}SSL_KEY": str(shown.key),
        f"AIRFLOW__{section}__BASE_URL": url,
        # Its gunicorn has a socket there, as that of the first one has.
        "HOME": str(folder),
    }
    program = Path(server.record["venv"]) / "bin" / "airflow"
    process = processes.spawn([program, *command], folder / "webserver.log", {**server.env, **settings}, folder)
    try:
        yield url
    finally:
        processes.stop({process.pid: process.born})


def test_airflow_with_tls_of_its_own_is_reached_and_trusted_by_ca_path_alone(
    airflow: Airflow, own: str, trusting: dict[str, Any], folder: Path
) -> None:
    # It takes its time to start; until then nothing listens.
    options = {**trusting, "api_username": airflow.username, "api_password": airflow.password}
    try:
        near = in_process.connected(airflow, own, Clock(), retry_timeout=240.0, **options)
    except AirflowError as error:
        pytest.fail(f"{error.message}\n{(folder / 'webserver.log').read_text(encoding='utf-8')[-3000:]}")
    done = in_process.triggered(near, DAG, dag_run_id=f"tls_{uuid.uuid4().hex}")
    assert done.changed
    assert done.run
    near.ask(Runs).delete(DAG, done.run["dag_run_id"])
    with pytest.raises(AirflowError, match=r"No trusted TLS connection to 127.*certificate"):
        in_process.connected(airflow, own, **{**options, "ca_path": None})
