# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether requests are what an Airflow says, in the OpenAPI documents that it serves, that it takes.

Stricter than those documents: a key of the query or of the body that they do not name counts as a mistake, since
Airflow 2 refuses it and Airflow 3 ignores it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema
import requests

Schema = dict[str, Any]

# Where an Airflow serves documents of its APIs, from 2.3 to 3.3; each serves some of them.
PLACES = (
    "/api/v1/openapi.json",
    "/openapi.json",
    "/auth/openapi.json",
    "/auth/fab/v1/openapi.json",
)
DEEPEST = 20  # of references in a schema


@dataclass(frozen=True)
class Request:
    """A request, as it was sent."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def __str__(self) -> str:
        return f"{self.method} {self.target} {self.body[:300]}".rstrip()


@dataclass(frozen=True)
class Operation:
    """What a document says of a method of a path."""

    document: Mapping[str, Any]
    parameters: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any] | None
    values: Mapping[str, str]  # of the path

    def mistakes(self, request: Request) -> Iterator[str]:
        """What is not as the document says."""
        query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
        declared = {parameter["name"]: parameter for parameter in self.parameters if parameter["in"] == "query"}
        for name in query.keys() - declared.keys():
            yield f"query {name} is not known"
        for name, parameter in declared.items():
            if name in query:
                yield from self._values(parameter, query[name])
            elif parameter.get("required"):
                yield f"query {name} is missing"
        for parameter in self.parameters:
            if parameter["in"] == "path":
                yield from self._values(parameter, [self.values[parameter["name"]]])
        yield from self._body(request)

    def _values(self, parameter: Mapping[str, Any], texts: Sequence[str]) -> Iterator[str]:
        schema = self._schema(parameter["schema"])
        many = any(option.get("type") == "array" for option in [schema, *schema.get("anyOf", ())])
        readings = [[read for read in readings_of(text) if not many or fits([read], schema)] for text in texts]
        good = all(readings) if many else len(texts) == 1 and any(fits(read, schema) for read in readings[0])
        if not good:
            yield f"{parameter['in']} {parameter['name']}={','.join(texts)} does not fit"

    def _body(self, request: Request) -> Iterator[str]:
        if not self.body:
            if request.body:
                yield "a body is not known"
            return
        if not request.body:
            if self.body.get("required"):
                yield "the body is missing"
            return
        content = request.headers.get("content-type", "").partition(";")[0]
        if content not in self.body["content"]:
            yield f"{content or 'no type'} is not a type that the body may have"
            return
        schema = self._schema(self.body["content"][content].get("schema", {}))
        for error in validator(schema).iter_errors(json.loads(request.body)):
            place = ".".join(map(str, error.absolute_path))
            yield f"body{'.' if place else ''}{place}: {error.message[:200]}"

    def _schema(self, schema: Schema) -> Schema:
        return plain(schema, self.document)


class Documents:
    """All documents of a server."""

    def __init__(self, url: str) -> None:
        self._documents = []
        for place in PLACES:
            answer = requests.get(url + place, timeout=60)
            if answer.status_code == 200 and "json" in answer.headers.get("Content-Type", ""):
                self._documents.append(Document(answer.json(), place.rpartition("/")[0]))

    def mistakes(self, request: Request) -> list[str] | None:
        """What is wrong with a request; None when no document is about its path."""
        path = request.path
        about = [document for document in self._documents if document.covers(path)]
        for document in about:
            operation = document.operation(request.method, path)
            if operation:
                return list(operation.mistakes(request))
        return [f"{request.method} {path} is not known"] if about else None


class Document:
    """One document, whose paths are below BASE unless they or the document say so themselves."""

    def __init__(self, document: Mapping[str, Any], base: str) -> None:
        self._document = document
        servers = [server["url"] for server in document.get("servers", ())]
        prefix = urlsplit(servers[0]).path.rstrip("/") if servers else base
        self._paths = {prefix + path: item for path, item in document["paths"].items()}
        self._roots = {root_of(path) for path in self._paths}

    def covers(self, path: str) -> bool:
        return root_of(path) in self._roots

    def operation(self, method: str, path: str) -> Operation | None:
        """What is said of this method and path; of two templates that match, the more literal one counts."""
        for template in sorted(self._paths, key=lambda template: template.count("{")):
            item = self._paths[template]
            names = re.findall(r"\{(\w+)(?::\w+)?\}", template)
            match = re.fullmatch(re.sub(r"\\\{\w+(?::\w+)?\\\}", "([^/]+)", re.escape(template)), path)
            if match and method.lower() in item:
                operation = item[method.lower()]
                parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
                return Operation(
                    self._document,
                    [resolved(parameter, self._document) for parameter in parameters],
                    resolved(operation["requestBody"], self._document) if "requestBody" in operation else None,
                    dict(zip(names, map(unquote, match.groups()))),
                )
        return None


def root_of(path: str) -> str:
    """How the paths of one API begin: /api/v2, /auth/fab, /auth/token."""
    return "/".join(path.split("/")[:3])


def resolved(value: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference refers to."""
    while "$ref" in value:
        found: Any = document
        for part in value["$ref"].lstrip("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        value = found
    return dict(value)


def plain(schema: Schema, document: Mapping[str, Any], closed: bool = True, depth: int = 0) -> Schema:
    """A schema of OpenAPI 3.0 or 3.1 as one of JSON Schema 2020-12, for a request, without references.

    :param closed: properties that it does not name are refused.
    """
    schema = resolved(schema, document)
    if depth > DEEPEST:
        return {}

    def inner(part: Schema, part_closed: bool = True) -> Schema:
        return plain(part, document, part_closed, depth + 1)

    parts = [key for key in ("allOf", "anyOf", "oneOf") if key in schema]
    for key in parts:
        schema[key] = [inner(part, part_closed=False) for part in schema[key]]
    if "properties" in schema:
        # What only the server says has no place in a request.
        schema["properties"] = {
            name: inner(part)
            for name, part in schema["properties"].items()
            if not resolved(part, document).get("readOnly")
        }
        schema["required"] = [name for name in schema.get("required", ()) if name in schema["properties"]]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = inner(schema[key])
    if closed and "additionalProperties" not in schema and names_properties(schema):
        schema["unevaluatedProperties"] = False
    if schema.pop("nullable", False):
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def names_properties(schema: Any) -> bool:
    """Whether a schema, or one that it is made of, is about an object whose properties it names."""
    if not isinstance(schema, dict):
        return False
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, ())]
    return bool(schema.get("properties")) or any(map(names_properties, parts))


def validator(schema: Schema) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def fits(value: Any, schema: Schema) -> bool:
    return bool(validator(schema).is_valid(value))


def readings_of(text: str) -> list[Any]:
    """What the text of a parameter may stand for."""
    readings: list[Any] = [text]
    if text.lower() in ("true", "false"):
        readings.append(text.lower() == "true")
    for kind in (int, float):
        try:
            readings.append(kind(text))
        except ValueError:
            continue
    return readings
