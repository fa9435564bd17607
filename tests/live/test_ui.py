# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The links in results lead to the right pages of Airflow's web interface."""

from __future__ import annotations

import html
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from live import Airflow, result_of

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
LOADED = 120_000  # milliseconds; machines can be slow


@pytest.fixture(scope="module")
def run_id() -> str:
    """A plus in a link would be read as a blank."""
    return f"ui+{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def results(airflow: Airflow, run_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the modules say of a DAG, a run that failed, and its tasks."""
    run = {"dag_id": "fails", "dag_run_id": run_id}
    folder = tmp_path_factory.mktemp("ui")
    ran = result_of(folder, "airflow_dag_run", {**run, "when_paused": "unpause", "progress": False})
    yield {
        "dag": result_of(folder, "airflow_dag", {"dag_id": "fails"})["dags"][0]["url"],
        "run": ran["dag_run"]["url"],
        "task": {task["task_id"]: task["url"] for task in ran["failed_tasks"]}["b"],
    }
    result_of(folder, "airflow_dag_run", {**run, "state": "absent"})
    result_of(folder, "airflow_dag", {"dag_id": "fails", "paused": True})


def test_links_are_quoted(results: dict[str, Any], run_id: str) -> None:
    quoted = run_id.replace("+", "%2B")
    assert quoted in results["run"]
    assert quoted in results["task"]


@pytest.mark.generation("v1")
def test_pages_of_airflow_2(airflow: Airflow, results: dict[str, Any], run_id: str) -> None:
    session = logged_in(airflow)
    for url in results.values():
        page = session.get(url, timeout=60)
        assert page.status_code == 200
        assert "/login" not in page.url
        assert re.search(r"<title>\s*fails - Grid", html.unescape(page.text))
    # The page itself takes the rest from the query.
    query = parse_qs(urlsplit(results["task"]).query)
    assert query == {"dag_run_id": [run_id], "task_id": ["b"]}
    assert session.get(results["dag"].replace("/fails/", "/no_such_dag/"), timeout=60).url != results["dag"]


@pytest.mark.generation("v2")
def test_pages_of_airflow_3(airflow: Airflow, results: dict[str, Any], run_id: str) -> None:
    """A browser looks at them: Airflow 3 answers 200 to any path."""
    with browser(airflow) as page:
        for url, title in ((results["dag"], "fails"), (results["run"], run_id), (results["task"], "b")):
            page.goto(url, timeout=LOADED)
            page.wait_for_function(f"document.title.startsWith({title + ' '!r})", timeout=LOADED)
        # The state of the task is read from the API, by the run's id in the path.
        page.get_by_text("user 42 has no email address").first.wait_for(timeout=LOADED)
        # The title of the page of an error; a duration may have the same digits.
        assert "404 Not Found" not in page.inner_text("body")
        page.goto(results["run"] + "x", timeout=LOADED)
        page.get_by_text("404 Not Found").first.wait_for(timeout=LOADED)


def logged_in(airflow: Airflow) -> requests.Session:
    """A session as a browser has it after Airflow 2's login form."""
    session = requests.Session()
    form = session.get(f"{airflow.url}/login/", timeout=60).text
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', form)
    assert token, form[:500]
    data = {"username": airflow.username, "password": airflow.password, "csrf_token": token.group(1)}
    answer = session.post(f"{airflow.url}/login/", data=data, timeout=60)
    assert "/login" not in answer.url
    return session


@contextmanager
def browser(airflow: Airflow) -> Iterator[Any]:
    """A page of a headless Chromium that is logged in."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    login = {"username": airflow.username, "password": airflow.password}
    token = requests.post(f"{airflow.url}/auth/token", json=login, timeout=60).json()["access_token"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(Path(program)), args=["--no-sandbox"], timeout=LOADED)
        try:
            context = chromium.new_context()
            context.add_cookies([{"name": "_token", "value": token, "url": airflow.url}])
            yield context.new_page()
        finally:
            chromium.close()
