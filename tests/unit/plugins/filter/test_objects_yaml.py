# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.plugins.filter.objects_yaml import FORMAT, FilterModule, Unsafe, objects_yaml
from ansible_collections.dagops.airflow.plugins.module_utils._base.placeholders import placeholder
from hypothesis import example, given
from hypothesis import strategies as st

SECRET = placeholder(["variables", "it's", "secret_value"])
CONFIG = {
    "variables": [{"key": "it's", "secret_value": SECRET}, {"key": "day", "value": "{{ ds }} é"}],
    "dags": {"etl": {"paused": True}},
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from([SECRET, "{% x %}", "yes", "1", "\x85", "a\u2028b", "\n {{"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


class Loader(yaml.SafeLoader):
    """Reads as Ansible does, and notes what it would not touch."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(node.value))


def test_the_filter_is_there():
    assert FilterModule().filters() == {"objects_yaml": objects_yaml}


def test_expressions_for_secrets_are_the_only_ones():
    text = objects_yaml({"config": CONFIG, "secrets_needed": []})
    assert text == (
        f"---\nformat: {FORMAT}\nvariables:\n"
        "  - key: it's\n"
        "    secret_value: \"{{ vault_airflow['variables']['it\\\\x27s']['secret_value'] }}\"\n"
        "  - key: day\n"
        '    value: !unsafe "{{ ds }} é"\n'
        "dags:\n  etl:\n    paused: true\n"
    )


def test_one_kind():
    assert yaml.safe_load(objects_yaml(CONFIG, "dags")) == {"format": FORMAT, "dags": CONFIG["dags"]}


class Marked(str):
    """A text as Ansible has it, which stays one when a str is made of it."""

    def __str__(self) -> str:  # pylint: disable=invalid-str-returned
        return self


class Number(int):
    """A number as Ansible has it."""


def test_types_of_ansible_are_written_as_what_they_are():
    config = {Marked("pools"): [{Marked("name"): Marked("etl"), "slots": Number(8)}]}
    assert objects_yaml(config) == f"---\nformat: {FORMAT}\npools:\n  - name: etl\n    slots: 8\n"


@pytest.mark.parametrize(("value", "kind"), [([], None), ("text", None), (CONFIG, "pools"), (None, None)])
def test_anything_else_is_refused(value, kind):
    with pytest.raises(AnsibleFilterError, match="give it its result"):
        objects_yaml(value, kind)


@given(JSON)
@example({"\x85": "\x85"})
def test_what_is_written_is_read_again_and_nothing_else_is_an_expression(value):
    found = yaml.load(objects_yaml({"variables": value}), Loader)["variables"]
    assert found == value

    def check(item):
        if isinstance(item, dict):
            item = list(item.values())
        if isinstance(item, list):
            for part in item:
                check(part)
        elif isinstance(item, str) and any(mark in item for mark in ("{{", "{%", "{#")):
            assert item == SECRET or isinstance(item, Unsafe)

    check(found)
