# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why files cannot be applied, by a filter of the playbook apply_objects."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible_collections.dagops.airflow.playbooks.filter_plugins.objects_refusal import FilterModule, objects_refusal
from ansible_collections.dagops.airflow.plugins.filter.objects_yaml import objects_yaml
from ansible_collections.dagops.airflow.plugins.module_utils._base.placeholders import placeholder

ODD = "it's {a} \\ \n é"
FIRST, SECOND = (placeholder(["connections", name, "password"]) for name in ("db", ODD))
EXPORT = objects_yaml(
    {
        "connections": [{"connection_id": "db", "password": FIRST}, {"connection_id": "odd", "password": SECOND}],
        "variables": [{"key": "day", "value": "{{ vault_airflow }} of a DAG"}],
    }
)
SECRETS = {"connections": {"db": {"password": "a"}, ODD: {"password": "b"}}}
NEEDS = "needs secrets that are not given ("


def test_the_filter_is_there():
    assert FilterModule().filters() == {"objects_refusal": objects_refusal}


def test_what_can_be_applied():
    assert objects_refusal([EXPORT], SECRETS) == ""
    assert objects_refusal(["format: 1\npools: []\n", "format: 1\nvariables: {a: b}\n"]) == ""
    assert objects_refusal(["format: '1'\npools: []\n"]) == ""
    # Encrypted texts and those that Ansible leaves alone are no expressions.
    assert objects_refusal(["variables: {a: !vault 'x', b: !unsafe '{{ vault_airflow }}'}"]) == ""


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "holds no configuration; name a folder"),
        (["", "- a\n"], "holds no configuration; name a folder"),
        (["pool: []"], "holds the unknown keys pool (did you mean pools?); correct them: a file takes pools, "),
        (["'': []\n"], "holds the unknown keys ''; correct them"),
        (["format: 2\npools: []"], "was written for another version of this collection"),
        (
            ["pools: []", "polls: []\npoolz: []"],
            "holds the unknown keys polls (did you mean pools?), poolz (did you mean pools?); correct them",
        ),
    ],
)
def test_what_is_no_configuration(texts, words):
    assert objects_refusal(texts).startswith(words)


@pytest.mark.parametrize(
    ("secrets", "missing"),
    [
        (None, f"{FIRST[3:-3]}, {SECOND[3:-3]}"),
        ({}, f"{FIRST[3:-3]}, {SECOND[3:-3]}"),
        ({"connections": SECRETS["connections"]["db"]}, f"{FIRST[3:-3]}, {SECOND[3:-3]}"),
        ({"connections": {"db": {"password": ""}}}, SECOND[3:-3]),
        ({"connections": {"db": {"password": None}, ODD: {"password": "b"}}}, FIRST[3:-3]),
        ({"connections": {"db": "a", ODD: {"password": "b"}}}, FIRST[3:-3]),
    ],
    ids=["variable", "all", "connections", "one", "null", "shape"],
)
def test_missing_secrets_are_named(secrets, missing):
    assert objects_refusal([EXPORT], secrets).startswith(f"{NEEDS}{missing}); write them into vault.yml")


class Encrypted:
    """A text that Ansible decrypts when it is read."""

    def __init__(self, problem: str) -> None:
        self.problem = problem

    def __str__(self) -> str:
        raise AnsibleError(self.problem)


def test_a_secret_that_cannot_be_decrypted():
    secrets = {"connections": {"db": {"password": Encrypted("Decryption failed")}, ODD: {"password": "b"}}}
    assert objects_refusal([EXPORT], secrets).startswith("needs secrets that cannot be decrypted in the variable")


def test_another_failure_of_ansible_is_not_taken_for_one_of_decrypting():
    secrets = {"connections": {"db": {"password": Encrypted("no such lookup")}, ODD: {"password": "b"}}}
    with pytest.raises(AnsibleError, match="no such lookup"):
        objects_refusal([EXPORT], secrets)


def test_an_expression_that_somebody_has_written():
    text = "variables: {a: \"{{ vault_airflow.a | default('b') }}\"}"
    assert objects_refusal([text]).startswith(f"{NEEDS}the variable vault_airflow)")
    assert objects_refusal([text], {}) == ""


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "cannot be decrypted, or may not be read; give its password, such as with --ask-vault-pass, or the"),
        (["a: b\nc: hidden: d"], "is no YAML in line 2 (mapping values are not allowed here); correct it"),
        (["a: \0"], "is no YAML (unacceptable character #x0000: "),
        (["a: !foo hidden"], "is no YAML in line 1 (could not determine a constructor for the tag '!foo'); correct it"),
        (["- hidden"], "holds a list, and no mapping; correct it"),
        (["hidden"], "holds a text, and no mapping; correct it"),
    ],
)
def test_a_file_that_ansible_cannot_read(texts, says):
    refusal = objects_refusal(texts, reading=True)
    assert refusal.startswith(says)
    assert "hidden" not in refusal


@pytest.mark.parametrize("text", ["", "a: b", "a: !vault b", "a: !unsafe b"])
def test_a_file_that_ansible_reads(text):
    assert objects_refusal([text], reading=True) == ""
