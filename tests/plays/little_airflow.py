# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of an Airflow 3 as playbooks ask for: a server, since they are processes of their own."""

from __future__ import annotations

import json
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from ansible_collections.dagops.airflow.tests.unit.bodies import GENERATIONS, Body

V2 = GENERATIONS["v2"]
# What is read by a POST.
ACTIVE_RUNS = ["dags", "~", "dagRuns", "list"]


def reached(monkeypatch: pytest.MonkeyPatch, *dag_ids: str) -> t.Iterator[LittleAirflow]:
    """Let playbooks reach one with these DAGs, by the environment, for as long as a fixture lasts."""
    with LittleAirflow(*dag_ids) as airflow:
        for name, value in airflow.environment.items():
            monkeypatch.setenv(name, value)
        yield airflow


class LittleAirflow:
    """Its DAGs and runs, which tests may change, and how it is reached."""

    def __init__(self, *dag_ids: str) -> None:
        # A file that a playbook deploys has been parsed already.
        self.dags: dict[str, Body] = {
            dag_id: V2.dag(dag_id, last_parsed_time="2100-01-01T00:00:00Z") for dag_id in dag_ids
        }
        self.runs: dict[tuple[str, str], Body] = {}
        self.import_errors: list[Body] = []
        # What the task asks that a test is about.
        self.question: Body = {}
        # What was written, as "PATCH dags/etl", and called when it was.
        self.written: list[str] = []
        self.on_write: t.Callable[[str], None] = lambda what: None
        # Who has logged in, by name and password.
        self.logins: list[tuple[str, str]] = []

    def __enter__(self) -> LittleAirflow:
        airflow = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                url = urlsplit(self.path)
                if url.path == "/auth/token":
                    airflow.logins.append((body["username"], body["password"]))
                place = [unquote(part) for part in url.path.split("/")[3:]]
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                status, found = airflow.asked(self.command, place, query, body)
                data = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *_words: t.Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self._server.server_port}"
        return {"AIRFLOW_API_URL": url, "AIRFLOW_API_TOKEN": "a-token", "AIRFLOW_API_VERSION": "v2"}

    def confs(self) -> dict[str, Body]:
        """What the runs were given, by their ids."""
        return {dag_run_id: run["conf"] for (_dag_id, dag_run_id), run in self.runs.items()}

    def asked(self, method: str, place: list[str], query: dict[str, str], body: Body) -> tuple[int, Body]:
        """Answer a request."""
        if not place:
            return 201, {"access_token": f"token-{len(self.logins)}"}
        if place == ["version"]:
            return 200, {"version": "3.3.2"}
        answer = self._asks(place, body) if place[-1] == "hitlDetails" else self._answer(method, place, query, body)
        if method != "GET" and place != ACTIVE_RUNS:
            what = f"{method} {'/'.join(place)}"
            self.written.append(what)
            self.on_write(what)
        return answer

    def _asks(self, place: list[str], body: Body) -> tuple[int, Body]:
        """Tell the question, and take an answer to it."""
        if place[-2] != str(self.question["task_instance"]["map_index"]):
            return 404, V2.no_run(place[3])
        self.question.update({**body, "responded_at": "2100-01-01T00:00:00Z"} if body else {})
        self.question["response_received"] = bool(self.question["responded_at"])
        return 200, self.question

    def _answer(self, method: str, place: list[str], query: dict[str, str], body: Body) -> tuple[int, Body]:
        if place == ["dags"]:
            return 200, V2.dags(*self.dags.values())
        if place == ACTIVE_RUNS:
            return 200, V2.runs(*(run for run in self.runs.values() if run["state"] in body["states"]))
        if place == ["importErrors"]:
            return 200, {"import_errors": self.import_errors, "total_entries": len(self.import_errors)}
        dag = self.dags.get(place[1]) if place[0] == "dags" else None
        if dag is None:
            return 404, V2.no_dag(place[-1])
        if len(place) == 2:
            dag.update(body)
            return 200, dag
        if len(place) == 3 and method == "POST":
            run = V2.run(body["dag_run_id"], dag_id=place[1], conf=body["conf"], logical_date=body["logical_date"])
            self.runs[place[1], body["dag_run_id"]] = run
            return 200, run
        runs = [run for (dag_id, _run_id), run in self.runs.items() if dag_id == place[1]]
        if len(place) == 3:
            dates = {query.get("logical_date_gte"), query.get("logical_date_lte")}
            return 200, V2.runs(*(run for run in runs if run["logical_date"] in dates))
        run = next((run for run in runs if run["dag_run_id"] == place[3]), None)
        if run is None:
            return 404, V2.no_run(place[3])
        if len(place) == 4:
            run.update(body)
            return 200, run
        return 200, V2.tasks()
