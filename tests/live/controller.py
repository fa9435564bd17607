# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small stand-in for the API of AWX: as much as the playbook awx_setup asks for, with AWX's rules about that."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Item = dict[str, Any]
TOKEN = "token-of-the-controller-5e1f"
ENCRYPTED = "$encrypted$"
# What AWX finds in the repository of a project when it updates it.
PLAYBOOKS = ("run_dag.yml", "cancel_dag_run.yml", "apply_objects.yml", "answer_approval.yml")
WITH_SURVEY = ("job_templates", "workflow_job_templates")


class Refused(Exception):
    """A status other than 2xx, and what AWX says then."""


class Controller:
    """What is stored, by kind and id, and which requests have written something."""

    def __init__(self) -> None:
        self.items: dict[str, dict[int, Item]] = {}
        self.surveys: dict[int, Item] = {}
        self.secrets: dict[int, Item] = {}
        self.links: dict[str, list[int]] = {}
        self.writes: list[str] = []
        # What becomes of an update of a project: what it prints, or nothing when AWX never begins it.
        self.update = {"finished": "now", "failed": False, "status": "successful"}
        self.update_output = ""
        self._ids = itertools.count(1)
        organization = self._store("organizations", {"name": "Default"})
        # The one that AWX makes for galaxy.ansible.com.
        galaxy = self._store("galaxy_credentials", {"name": "Ansible Galaxy"})
        self.links[f"organizations/{organization['id']}/galaxy_credentials"] = [galaxy["id"]]

    def one(self, kind: str, name: str) -> Item:
        """The only item of that name."""
        items = self.items.get(kind, {}).values()
        (found,) = (item for item in items if name in (item.get("name"), item.get("identifier")))
        return found

    # -- requests

    def answer(self, method: str, path: str, query: Item, body: Item) -> tuple[int, Any]:
        """Return status and body. PATH is what follows /api/v2: projects, projects/7 or projects/7/update."""
        if method != "GET":
            self.writes.append(f"{method} {path}")
        kind, number, part = [*path.split("/"), "", ""][:3]
        if not number:
            return (200, page(self._found(kind, query))) if method == "GET" else (201, self._store(kind, body))
        if kind == "project_updates":
            update = {"id": int(number), "scm_revision": "4f2a", **self.update}
            return 200, self._printed(query) if part == "stdout" else update
        item = self.items.get(kind, {}).get(int(number))
        if item is None:
            raise Refused(404, {"detail": "Not found."})
        if part == "update":
            return 202, {"id": int(number), "status": "pending", "url": f"/api/v2/project_updates/{number}/"}
        if part == "survey_spec" and kind in WITH_SURVEY:
            if method == "POST":
                self.surveys[item["id"]] = checked_survey(body)
            return 200, self.surveys.get(item["id"], {})
        if part:
            return self._linked(method, path, body)
        if method == "PATCH":
            self._store(kind, body, item)
        return 200, item

    def _printed(self, query: Item) -> Item:
        """What an update of a project has printed."""
        assert query == {"format": "json", "content_format": "ansi", "content_encoding": "base64"}
        return {"range": {}, "content": base64.b64encode(self.update_output.encode()).decode()}

    def _found(self, kind: str, query: Item) -> list[Item]:
        """The items that match the query; a few filters are AWX's own."""
        kinds = WITH_SURVEY if kind == "unified_job_templates" else (kind,)
        items = [item for one in kinds for item in self.items.get(one, {}).values()]
        either = {key[4:]: query.pop(key) for key in list(query) if key.startswith("or__")}
        return [
            item
            for item in items
            if all(str(self._value(item, key)) == value for key, value in query.items())
            and (not either or any(str(item.get(key)) == value for key, value in either.items()))
        ]

    def _value(self, item: Item, key: str) -> Any:
        """What a filter asks for; organization__name is the name of the organization."""
        holder, _dunder, name = key.partition("__")
        return self.items[f"{holder}s"].get(item.get(holder), {}).get(name) if name else item.get(key)

    def _linked(self, method: str, path: str, body: Item) -> tuple[int, Any]:
        """What is associated with an item, such as the credentials of a job template."""
        linked = self.links.setdefault(path, [])
        kind = "workflow_job_template_nodes" if path.endswith("_nodes") else path.rpartition("/")[2]
        if method == "GET":
            return 200, page([self.items[kind][number] for number in linked])
        if body["id"] not in self.items[kind]:
            raise Refused(400, {"detail": f"There is no {body['id']} among {kind}."})
        linked.remove(body["id"]) if body.get("disassociate") else linked.append(body["id"])
        return 204, None

    # -- AWX's rules

    def _store(self, kind: str, body: Item, item: Item | None = None) -> Item:
        """Make or change an item; what AWX adds or hides is added and hidden."""
        number = item["id"] if item else next(self._ids)
        new = {"id": number, "url": f"/api/v2/{kind}/{number}/", **(item or {}), **json.loads(json.dumps(body))}
        new.update(type=kind.rstrip("s") if kind != "inventories" else "inventory", summary_fields={})
        new["related"] = {"survey_spec": f"{new['url']}survey_spec/", "update": f"{new['url']}update/"}
        getattr(self, f"_check_{kind}", lambda new, item: None)(new, item)
        self.items.setdefault(kind, {})[number] = item if item is not None else new
        self.items[kind][number].update(new)
        return self.items[kind][number]

    def _check_credential_types(self, new: Item, item: Item | None) -> None:
        for field in new["inputs"]["fields"]:
            field.setdefault("type", "string")
        used = [one for one in self.items.get("credentials", {}).values() if one["credential_type"] == new["id"]]
        if item and used and item["inputs"] != new["inputs"]:
            raise Refused(403, {"detail": "The inputs of a credential type that is in use cannot be changed."})

    def _check_credentials(self, new: Item, item: Item | None) -> None:
        known = self.items["credential_types"][new["credential_type"]]["inputs"]["fields"]
        fields = {field["id"]: field for field in known}
        # Inputs are replaced whole: a secret that is not sent is gone.
        before, kept = self.secrets.get(new["id"], {}), {}
        for key, value in new["inputs"].items():
            if key not in fields or not isinstance(value, bool if fields[key]["type"] == "boolean" else str):
                raise Refused(400, {"inputs": [f"{key} is not allowed, or of a wrong type"]})
            if fields[key].get("format") == "url" and not re.match("https?://.", value):
                raise Refused(400, {"inputs": [f"{key} is no URL"]})
            if fields[key].get("secret"):
                kept[key] = before[key] if value == ENCRYPTED else value
        self.secrets[new["id"]] = kept
        new["inputs"] = {key: ENCRYPTED if fields[key].get("secret") else value for key, value in new["inputs"].items()}

    def _check_execution_environments(self, new: Item, item: Item | None) -> None:
        for other in self.items.get("execution_environments", {}).values():
            if other is not item and other["name"] == new["name"]:
                raise Refused(400, {"name": ["Execution environment with this Name already exists."]})
        if item and item["organization"] != new["organization"]:
            raise Refused(400, {"organization": ["Cannot change the organization of an execution environment"]})

    def _check_projects(self, new: Item, item: Item | None) -> None:
        new["scm_revision"] = "4f2a"

    def _check_job_templates(self, new: Item, item: Item | None) -> None:
        if new["project"] not in self.items.get("projects", {}) or new["playbook"] not in PLAYBOOKS:
            raise Refused(400, {"playbook": ["Playbook not found for project."]})
        if new["inventory"] not in self.items.get("inventories", {}):
            raise Refused(400, {"inventory": ["Job Template must provide 'inventory' or allow prompting for it."]})

    def _check_workflow_job_template_nodes(self, new: Item, item: Item | None) -> None:
        survey = self.surveys.get(new["unified_job_template"], {"spec": []})["spec"]
        choices = {question["variable"]: question.get("choices") for question in survey}
        for key, value in new.get("extra_data", {}).items():
            if key not in choices or (choices[key] and value not in choices[key]):
                raise Refused(400, {"extra_data": [f"Variables {key} are not allowed on launch."]})


def checked_survey(spec: Item) -> Item:
    """A survey that AWX takes."""
    for question in spec["spec"]:
        complete = {"type", "question_name", "variable", "required"} <= set(question)
        if not complete or question["required"] not in (True, False):
            raise Refused(400, {"error": f"a question lacks something: {question}"})
        default, kind = question.get("default", ""), int if question["type"] == "integer" else str
        if default != "" and not isinstance(default, kind):
            raise Refused(400, {"error": f"default of {question['variable']} is of a wrong type"})
    return spec


def page(items: list[Item]) -> Item:
    return {"count": len(items), "next": None, "results": items}


class Handler(BaseHTTPRequestHandler):
    controller: Controller

    def respond(self) -> None:
        parts = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode() or "{}"
        # The automation controller has its API elsewhere, and its links lead there.
        path = re.fullmatch(r"(/api/(?:controller/)?v2/)(.+?)/?", parts.path)
        try:
            if self.headers.get("Authorization") != f"Bearer {TOKEN}" or not path:
                raise Refused(401 if path else 404, {"detail": "Authentication credentials were not provided."})
            query = dict(parse_qsl(parts.query))
            status, body = self.controller.answer(self.command, path.group(2), query, json.loads(text))
        except Refused as refused:
            status, body = refused.args
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if status != 204:
            self.wfile.write(json.dumps(body).replace('"/api/v2/', f'"{path.group(1) if path else "/"}').encode())

    do_GET = do_POST = do_PATCH = do_DELETE = respond

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def running(controller: Controller) -> Iterator[str]:
    """Serve it on a free port of this machine; the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"controller": controller}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
