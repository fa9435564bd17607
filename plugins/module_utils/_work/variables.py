# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a variable ask for, and what has to be written for it."""

from __future__ import annotations

import json
import typing as t

from .._airflow.airflow import Airflow, Object
from .._airflow.variables import FIELDS, Variables
from .._base.conf import merged
from .._base.errors import BadInput
from .._base.inputs import object_name_of
from .._base.masks import (
    MASK,
    Path,
    check_no_mask,
    comparison,
    is_masked,
    is_sensitive,
    leaves,
    masked,
    same,
    text_of_value,
    value_of_text,
)
from .._base.state import changes
from .._base.text import texts_in
from .digests import UPDATE_SECRETS, Digest, Known, is_digest_key, marked, remove_digest, told
from .objects import Kind, write

SPEC: dict[str, dict[str, t.Any]] = {
    "key": {"type": "str", "required": True, "no_log": False},
    "value": {"type": "raw"},
    "secret_value": {"type": "raw", "no_log": True},
    "update_secrets": UPDATE_SECRETS,
    "description": {"type": "str"},
    "team_name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
CLEARABLE = ("value", "secret_value", "description", "team_name")
DIGEST = "one of the digests that update_secrets: on_change keeps"


class Wish(t.NamedTuple):
    """The checked options of C(airflow_variable).

    :param fields: what a field is to be; None: it is left as it is.
    :param secrets: what must never be shown of the value.
    :param secret_paths: where that is in it; the empty path is all of it.
    """

    fields: Object
    secrets: list[t.Any]
    secret_paths: set[Path]
    update_secrets: str

    @property
    def name(self) -> str:
        return str(self.fields["key"])


class Plan(t.NamedTuple):
    """What has to be written.

    :param current: the variable as it is; None: there is none.
    :param changed: the fields to write, all of them for a new variable.
    :param unverified: fields that could not be compared.
    :param digest: kept of the value once it has been written.
    """

    current: Object | None
    changed: Object
    unverified: list[str]
    digest: Digest | None = None


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong."""
    key = object_name_of("key", params["key"])
    if is_digest_key(key):
        raise BadInput(f"key {key} is one of the digests that update_secrets: on_change keeps; choose another key.")
    given = {name: params[name] for name in ("value", "secret_value") if params[name] is not None}
    texts = {name: text_of_value(name, value) for name, value in given.items()}
    for name, text in texts.items():
        # A value may well be a template, which a DAG renders; a secret never is.
        check_no_mask(name, value_of_text(text), template=name == "secret_value")
    secret = texts.get("secret_value")
    both = [value_of_text(text) for text in texts.values()] if len(texts) > 1 else []
    if not all(isinstance(value, dict) for value in both):
        raise BadInput("value and secret_value are both given, and not both are mappings; leave one out.")
    value = text_of_value("value", merged(*both)) if both else next(iter(texts.values()), None)
    # Without a value to lay it over, all of it is secret.
    paths: set[Path] = set() if secret is None else {path for path, _leaf in leaves(both[1])} if both else {()}
    check_no_mask("description", params["description"], template=False)
    fields = {"key": key, "value": value, **{name: params[name] for name in ("description", "team_name")}}
    return Wish(fields, [] if secret is None else [secret, value_of_text(secret)], paths, params["update_secrets"])


def plan_of(airflow: Airflow, wish: Wish, current: Object | None, known: Known | None = None) -> Plan:
    """Find out what has to be written, and whether it may be; reads at most.

    :param known: the digests, where they were read already.
    """
    variables = airflow.ask(Variables)
    variables.check(wish.fields)
    value = wish.fields["value"]
    airflow.client.redact.add(texts_in(wish.secrets))
    on_change = wish.update_secrets == "on_change"
    if current is None:
        if value is None:
            raise BadInput(f"Variable {wish.name} does not exist yet; to make it, give value or secret_value.")
        new = {name: "" if wish.fields[name] is None else wish.fields[name] for name in FIELDS}
        digest = digest_of(airflow, wish, known) if on_change and will_be_masked(variables, wish.name, value) else None
        if digest:
            digest.matches()  # Whether there is one does not matter, but it may not be allowed to look.
        return Plan(None, new, [], digest)

    changed = changes(current, {**wish.fields, "value": None})
    if value is None:
        return Plan(current, changed, [])
    both = value_of_text(value), value_of_text(current["value"])
    differs, unknown = (not same(*both), []) if variables.shows_secrets else comparison(*both)
    hidden = bool(unknown) or current["value"] is None
    untouched = wish.update_secrets == "on_create" and (hidden or bool(wish.secrets))
    digest = digest_of(airflow, wish, known) if on_change and hidden else None
    same_as_last = digest is not None and digest.matches()
    if not untouched and (differs or (hidden and not same_as_last) or (changed and hidden)):
        changed["value"] = value
    return Plan(
        current, changed, ["value"] if hidden and not same_as_last else [], digest if "value" in changed else None
    )


def carry_out(airflow: Airflow, wish: Wish, plan: Plan) -> None:
    """Write what has to be written: the value first, its digest after it."""
    given = {**wish.fields, "value": None} if wish.update_secrets == "on_create" and wish.secrets else wish.fields
    if plan.digest:
        plan.digest.begin()
    write(airflow.ask(Variables), wish.name, plan.current, plan.changed, given)
    if plan.digest:
        plan.digest.keep()


def digest_of(airflow: Airflow, wish: Wish, known: Known | None) -> Digest:
    """Return the digest of the wanted value; of JSON it is the same whatever the order of the keys."""
    text = wish.fields["value"]
    parsed = value_of_text(text)
    value = parsed if isinstance(parsed, (dict, list)) else text
    return Digest(airflow, "variable", wish.name, {"value": value}, known)


def remove(airflow: Airflow, key: str) -> None:
    """Delete a variable, and its digest with it."""
    remove_digest(airflow, "variable", key)
    airflow.ask(Variables).delete(key)


def will_be_masked(variables: Variables, key: str, value: str) -> bool:
    """Whether Airflow will not show the whole value again, as far as names tell."""
    names = [part for path, _leaf in leaves(value_of_text(value)) for part in path]
    return not variables.shows_secrets and any(map(is_sensitive, [key, *names]))


def shown(variable: Object, secret: t.Container[Path] = ()) -> Object:
    """Return a variable as results have it: without what may be a secret, also where Airflow shows it."""
    value = variable["value"]
    if value and (() in secret or is_sensitive(variable["key"])):
        return {**variable, "value": MASK}
    parsed = value_of_text(value)
    if not isinstance(parsed, (dict, list)):
        return dict(variable)
    safe = masked(parsed, secret)
    return {**variable, "value": value if safe == parsed else json.dumps(safe, ensure_ascii=False)}


def difference(wish: Wish, plan: Plan) -> tuple[Object, Object]:
    """Return the variable as it is, and what changes of it, as a diff may show them."""
    before = shown(plan.current, wish.secret_paths) if plan.current else {}
    after = shown({**(plan.current or {}), **plan.changed}, wish.secret_paths)
    changed = {key: after[key] for key in plan.changed}
    if not plan.current or "value" not in changed:
        return before, changed
    safe = value_of_text(before["value"]), value_of_text(changed["value"])
    if isinstance(safe[1], (dict, list)) and (isinstance(safe[0], (dict, list)) or is_masked(safe[0])):
        real = value_of_text(plan.current["value"]), value_of_text(plan.changed["value"])
        value, is_marked = marked(safe, real, plan.digest, bool(plan.unverified))
        if is_marked:
            changed["value"] = json.dumps(value, ensure_ascii=False)
    # An Airflow without the key of the old value shows nothing of it.
    elif changed["value"] == before["value"] or before["value"] is None:
        changed["value"] = told(plan.digest, bool(plan.unverified))
    return before, changed


KIND = Kind(
    name="variables",
    key="key",
    spec=SPEC,
    wish_of=wish_of,
    select=lambda airflow: airflow.ask(Variables).select(),
    plan_of=plan_of,
    carry_out=carry_out,
    difference=difference,
    remove=remove,
    clearable=CLEARABLE,
    why_kept=lambda key, login: DIGEST if is_digest_key(key) else "",
)
