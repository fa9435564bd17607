# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens that Airflow 3 no longer takes."""

from __future__ import annotations

import base64
import configparser
import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest
import requests
from ansible_collections.dagops.airflow.plugins.module_utils._http.client import Client
from ansible_collections.dagops.airflow.plugins.module_utils._http.login_v2 import PasswordTokenLogin
from live import Airflow, result_of

pytestmark = pytest.mark.generation("v2")


@pytest.fixture
def expired(airflow: Airflow) -> str:
    """A token of the server's own making, but for its dates: signed with the key of its airflow.cfg."""
    login = {"username": airflow.username, "password": airflow.password}
    token = requests.post(f"{airflow.url}/auth/token", json=login, timeout=60).json()["access_token"]
    header, payload, _signature = token.split(".")
    assert json.loads(decoded(header))["alg"] == "HS512"
    claims = {**json.loads(decoded(payload)), "iat": int(time.time()) - 7200, "exp": int(time.time()) - 3600}
    claims["nbf"] = claims["iat"]
    config = configparser.RawConfigParser()
    config.read(Path(airflow.variables["airflow_home"]) / "airflow.cfg", encoding="utf-8")
    signed = f"{header}.{encoded(json.dumps(claims).encode())}"
    key = config.get("api_auth", "jwt_secret").encode()
    return f"{signed}.{encoded(hmac.new(key, signed.encode(), hashlib.sha512).digest())}"


def test_an_expired_token_says_so(airflow: Airflow, expired: str, tmp_path: Path) -> None:
    options = {"dag_id": "ok", "api_token": expired, "api_username": "", "api_password": ""}
    result = result_of(tmp_path, "airflow_dag", options, AIRFLOW_API_USERNAME="", AIRFLOW_API_PASSWORD="")
    assert result["failed"]
    assert "Airflow answered 401" in result["msg"]
    assert "Token Expired" in result["msg"]
    assert "api_token" in result["msg"]
    assert expired not in json.dumps(result)


def test_an_expired_token_of_a_login_is_renewed_and_the_work_goes_on(airflow: Airflow, expired: str) -> None:
    login = PasswordTokenLogin(airflow.username, airflow.password)
    client = Client(airflow.url, login)
    assert client.get("/api/v2/dags/ok")["dag_id"] == "ok"
    login._pass = expired
    assert client.patch("/api/v2/dags/ok", {"is_paused": True})["is_paused"] is True
    assert login._pass != expired


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
