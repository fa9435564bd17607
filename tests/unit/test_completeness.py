# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module needs besides its file, and what its documentation has to say."""

from __future__ import annotations

import ast
import importlib
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.dagops.airflow.plugins.doc_fragments import attributes, connection, waiting
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
MODULES = [file.stem for file in FILES]
# They speak to no server: no options of the connection, and no place in the action group.
LOCAL = {"airflow_basic_auth", "airflow_cfg"}
# Of these, the modules that the role uses: their action puts the names of the role's variables into messages.
RENAMED = {"airflow_basic_auth"}
FILTERS = [file.stem for file in sorted((ROOT / "plugins" / "filter").glob("*.py"))]
TARGETS = ROOT / "tests" / "integration" / "targets"
LICENCE = "SPDX-License-Identifier" + ": GPL-3.0-or-later"  # in two parts, so that no tool takes it for this file's
CHANGELOG = ROOT / "changelogs"

Options = t.Dict[str, t.Any]


def module_named(name: str) -> t.Any:
    return importlib.import_module(f"ansible_collections.dagops.airflow.plugins.modules.{name}")


def options_of(name: str) -> Options:
    own = module_named(name).ARGUMENT_SPEC
    return own if name in LOCAL else {**CONNECTION_SPEC, **own}


def code_of(name: str) -> str:
    """The code of a module, without comments and without texts that are documentation."""
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                del body[0]
    documentation = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
    kept = [
        node
        for node in tree.body
        if not (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in documentation)
    ]
    return "\n".join(ast.dump(node) for node in kept)


def text_below(folder: Path, pattern: str) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob(pattern)))


# -- what belongs to a module


def test_there_are_modules():
    assert len(MODULES) >= 3


def test_the_action_group_holds_exactly_the_modules():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    group = [entry for entry in runtime["action_groups"]["airflow"] if not isinstance(entry, dict)]
    assert group == [name for name in MODULES if name not in LOCAL]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_talks_to_airflow_has_an_action(name):
    """Without it a task takes ten times as long; one that has no options of the connection has no use for it."""
    talks = "dagops.airflow.connection" in module_named(name).DOCUMENTATION
    file = ROOT / "plugins" / "action" / f"{name}.py"
    assert file.is_file() == (talks or name in RENAMED)
    if name in RENAMED:
        assert "class ActionModule(LocalAction):" in file.read_text(encoding="utf-8")
    if talks:
        text = file.read_text(encoding="utf-8")
        assert f"from ..modules import {name}\n" in text
        assert re.search(rf"^    module = {name}$", text, re.MULTILINE)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_unit_tests(name):
    file = ROOT / "tests" / "unit" / "plugins" / "modules" / f"test_{name}.py"
    assert "\ndef test_" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_an_integration_target(name):
    tasks = text_below(TARGETS, "*/tasks/*.yml")
    assert re.search(rf"^\s+(- )?dagops\.airflow\.{name}:", tasks, re.MULTILINE), f"no target uses {name}"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_in_the_changelog(name):
    text = text_below(CHANGELOG, "fragments/*.y*ml") + text_below(CHANGELOG, "changelog.yaml")
    assert re.search(rf"\b{name}\b", text), f"neither a fragment nor the changelog names {name}"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_in_the_readme(name):
    table = re.findall(r"^\| (.*?) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert any(f"`{name}`" in cell for cell in table)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_has_unit_tests_and_is_in_the_readme_and_the_changelog(name):
    assert (ROOT / "tests" / "unit" / "plugins" / "filter" / f"test_{name}.py").is_file()
    assert re.search(rf"`(dagops\.airflow\.)?{name}`", (ROOT / "README.md").read_text(encoding="utf-8"))
    text = text_below(CHANGELOG, "fragments/*.y*ml") + text_below(CHANGELOG, "changelog.yaml")
    assert len(re.findall(rf"\b{name}\b", text)) > 1, "its line and the list of plugins"


@pytest.mark.parametrize("file", sorted((ROOT / "plugins" / "module_utils").rglob("*.py")), ids=lambda file: file.name)
def test_no_part_of_the_house_ends_a_module_by_itself(file):
    calls = re.findall(r"\b(?:fail_json|exit_json)\(", file.read_text(encoding="utf-8"))
    assert not calls or file.name in ("_module.py", "_on_host.py")


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(
    "trace", [r"\bv[12]\b", r"/api\b", r"'/[a-z]", r"status_code", r"\.status\b", r"[A-Z]\w+V[12]\b", r"\bis_v[12]"]
)
def test_no_module_knows_versions_urls_or_http(name, trace):
    assert not re.search(trace, code_of(name))


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_short(name):
    longest = 0
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            longest = max(longest, (node.end_lineno or 0) - node.lineno + 1)
    assert longest <= 40


@pytest.mark.parametrize("file", sorted((ROOT / "plugins").rglob("*.py")), ids=lambda file: file.name)
def test_only_the_clock_knows_the_time(file):
    text = file.read_text(encoding="utf-8")
    found = re.search(r"^\s*(import time|from time import)\b|\btime\.sleep\(", text, re.MULTILINE)
    assert not found or file.name == "clock.py"


# -- options and their documentation


@pytest.mark.parametrize("name", MODULES)
def test_options_are_documented_as_they_are(name):
    module = module_named(name)
    docs = yaml.safe_load(module.DOCUMENTATION)
    assert docs["module"] == name
    options = docs["options"]
    shared = {
        "dagops.airflow.connection.command": connection.ModuleDocFragment.COMMAND,
        "dagops.airflow.attributes.on_host": attributes.ModuleDocFragment.ON_HOST,
        "dagops.airflow.waiting": waiting.ModuleDocFragment.DOCUMENTATION,
    }
    for fragment in set(shared) & set(docs["extends_documentation_fragment"]):
        options = {**yaml.safe_load(shared[fragment])["options"], **options}
    assert_same_options(module.ARGUMENT_SPEC, options, name)


def test_options_of_the_connection_are_documented_as_they_are():
    docs = yaml.safe_load(connection.ModuleDocFragment.DOCUMENTATION)
    assert_same_options(CONNECTION_SPEC, docs["options"], "connection")


def assert_same_options(spec: Options, docs: Options, place: str) -> None:
    assert set(spec) == set(docs), place
    for name, option in spec.items():
        doc = docs[name]
        for key in ("type", "elements", "default", "choices"):
            assert option.get(key) == doc.get(key), f"{place}.{name}: {key}"
        assert bool(option.get("required")) is bool(doc.get("required")), f"{place}.{name}: required"
        assert doc["description"], f"{place}.{name} has no description"
        if "options" in option or "suboptions" in doc:
            assert_same_options(option["options"], doc["suboptions"], f"{place}.{name}")


def test_variables_of_the_environment_are_documented():
    docs = yaml.safe_load(connection.ModuleDocFragment.DOCUMENTATION)["options"]
    for name, option in CONNECTION_SPEC.items():
        text = "".join(docs[name]["description"])
        variables = re.findall(r"E\((\w+)\)", text)
        assert variables == (option["fallback"][1] if "fallback" in option else []), name


@pytest.mark.parametrize("name", MODULES)
def test_secrets_are_no_log(name):
    spec = options_of(name)
    for option, settings in spec.items():
        if re.search("password|token|secret|headers", option) and option not in ("update_password", "update_secrets"):
            assert settings.get("no_log") is True, option


@pytest.mark.parametrize("name", MODULES)
def test_documentation_says_what_a_module_supports(name):
    docs = yaml.safe_load(module_named(name).DOCUMENTATION)
    fragments = docs["extends_documentation_fragment"]
    common = {"dagops.airflow.connection", "dagops.airflow.attributes"}
    assert common & set(fragments) == (set() if name in LOCAL else common)
    assert ("dagops.airflow.attributes.on_host" in fragments) is (name in LOCAL)
    kind = "reads" if name.endswith(("_info", "_wait", "_file")) else "changes"
    assert f"dagops.airflow.attributes.{kind}" in fragments
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(docs["version_added"]))


def test_attributes_are_all_there():
    common = yaml.safe_load(attributes.ModuleDocFragment.DOCUMENTATION)["attributes"]
    assert set(common) == {"action", "action_group", "async", "check_mode"}
    on_host = yaml.safe_load(attributes.ModuleDocFragment.ON_HOST)["attributes"]
    assert {name: item["support"] for name, item in on_host.items()} == {"check_mode": "full", "action_group": "none"}
    for fragment in ("CHANGES", "READS"):
        more = yaml.safe_load(getattr(attributes.ModuleDocFragment, fragment))["attributes"]
        assert set(more) == {"diff_mode", "idempotent"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_use_options_that_exist(name):
    module = module_named(name)
    options = options_of(name)
    tasks = yaml.safe_load(module.EXAMPLES)
    used = [task[f"dagops.airflow.{name}"] for task in tasks if f"dagops.airflow.{name}" in task]
    assert used
    for given in used:
        assert set(given) <= set(options)


@pytest.mark.parametrize("name", MODULES)
def test_everything_that_is_returned_has_a_description(name):
    returned = yaml.safe_load(module_named(name).RETURN)
    assert returned
    for key, doc in returned.items():
        assert {"description", "returned", "type"} <= set(doc), key


# -- files


@pytest.mark.parametrize("folder", ["plugins", "tests/plays", "tests/unit"])
def test_every_file_says_whose_it_is(folder):
    for file in sorted((ROOT / folder).rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if file.name == "__init__.py" and not text:
            continue  # ansible-test wants it to be empty.
        assert "# Copyright: (c) 2026, the dagops.airflow authors\n" in text[:400], file
        assert f"# {LICENCE}\n" in text[:400], file
        assert "from __future__ import annotations\n" in text, file
