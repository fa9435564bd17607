# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example in README, guides and documentation of plugins runs, as it is printed, on a real server.

What is put in the place of what readers put there: address, login, folders and Python of the Airflow host
(C(runnable)), and the values of variables (C(VARIABLES)). The DAGs of the examples come from C(DAG_FILE).
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import shutil
import sys
import textwrap
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
import yaml
from ansible_collections.dagops.airflow.plugins.module_utils._module import CONNECTION_SPEC
from live import Airflow, Played, ansible_playbook, play

ROOT = Path(__file__).resolve().parents[2]
SHORT_NAMES = ("docs/docsite/rst/", "plugins/modules/", "plugins/filter/")
OURS = "dagops.airflow."
IMPORT = "ansible.builtin.import_playbook"

OTHER_WORLD = {
    "guide_login.rst: Ask AWS for a token": "needs an environment of Amazon MWAA",
    "guide_login.rst: Ask Google for a token": "needs an environment of Cloud Composer",
    "guide_login.rst: Run a DAG": "needs a deployment of Astronomer",
}
# What is about one generation of Airflow, by the name of its API.
GENERATIONS = {
    "guide_moving.rst: Unpause the DAG by uri": "v1",
    "guide_login.rst: Log in with a token": "v2",
    "airflow_backfill.py: Fill a gap of three days": "v2",
    "guide_backfills.rst: Fill a gap of some days": "v2",
    "guide_backfills.rst: Cancel the active backfill of the DAG": "v2",
    "airflow_asset.py: Tell Airflow of a new file, and wait for the DAG that loads it": "v2",
    "guide_assets.rst: Create the report again": "v2",
    "airflow_approval.py: Approve the publication, as soon as the run asks for it": "v2",
    "airflow_approval_info.py: List what waits for an answer": "v2",
    "guide_assets.rst: Publish a report after the checks": "v2",
    "guide_assets.rst: What waits for a person?": "v2",
    "guide_repair.rst: Run one part of a mapped task again": "v2",
}

DAG_FILE = """\
# {marker}
from airflow_compat import PythonOperator, TaskGroup, make_dag


def fail():
    raise ValueError("this always fails")


def mended(ti):
    if ti.try_number < 2:
        raise ValueError("no space left on device")


for dag_id in {dag_ids}:
    tags = {{"etl_daily": ["release-42"], "etl_orders": ["billing"], "etl_users": ["billing"]}}
    with make_dag(dag_id, tags=tags.get(dag_id, [])) as dag:
        PythonOperator(task_id="load", python_callable=lambda: {{"rows": 3}})
    globals()[dag_id] = dag
del dag

with make_dag("etl_by_day", schedule="@daily") as etl_by_day:
    PythonOperator(task_id="load", python_callable=print)

try:
    from airflow.sdk import Asset
except ImportError:
    from airflow.datasets import Dataset

    orders, report = Dataset("s3://lake/orders.csv"), Dataset("report")
else:
    orders, report = Asset("orders", "s3://lake/orders.csv"), Asset("report")

with make_dag("load_orders", schedule=[orders]) as orders_loaded:
    PythonOperator(task_id="load", python_callable=print)

with make_dag("make_report") as make_report:
    PythonOperator(task_id="make", python_callable=print, outlets=[report])

with make_dag("etl_with_approval") as etl_with_approval:
    try:
        from airflow.providers.standard.operators.hitl import ApprovalOperator
    except ImportError:
        PythonOperator(task_id="approve", python_callable=print)
    else:
        ApprovalOperator(task_id="approve", subject="Publish the report?")

with make_dag("etl_by_region") as etl_by_region:
    try:
        from airflow.providers.standard.operators.hitl import HITLOperator
    except ImportError:
        PythonOperator(task_id="regions", python_callable=print)
    else:
        reason = {{"reason": "none"}}
        HITLOperator(task_id="regions", subject="Where?", options=["eu", "us"], multiple=True, params=reason)

with make_dag("always_fails") as always_fails:
    PythonOperator(task_id="b", python_callable=fail)

with make_dag("etl_nightly") as etl_nightly:
    load_orders = PythonOperator(task_id="load_orders", python_callable=mended)
    check_orders = PythonOperator(task_id="check_orders", python_callable=print)
    publish = PythonOperator(task_id="publish", python_callable=print)
    load_orders >> check_orders >> publish
    with TaskGroup("load") as load:
        PythonOperator(task_id="users", python_callable=print)
    PythonOperator.partial(task_id="load_parts", python_callable=print).expand(op_args=[[part] for part in range(5)])
"""
DAGS = ["etl_daily", "etl_hourly", "etl_orders", "etl_users", "migrate_warehouse"]
ALL_DAGS = [
    *DAGS,
    *("etl_by_day", "load_orders", "make_report", "etl_with_approval", "etl_by_region"),
    *("always_fails", "etl_nightly"),
]
FILE_NAME = "dags_of_examples.py"
RUNS = ["release-42", "ansible__20261122T101500Z__5f3ac0de"]
# The user "deploy" is a new one each time: trying a password costs one of few logins at Airflow 2's form.
USER_MADE = re.compile(r'"airflow_deploy_create_user": true|"email": "deploy@')


class Example(NamedTuple):
    """A block of YAML in a document."""

    document: str
    content: Any

    @property
    def name(self) -> str:
        """The document, and the name of the first task or play."""
        first = self.content[0] if isinstance(self.content, list) else self.content
        return f"{self.document}: {first.get('name', next(iter(first)))}"

    @property
    def is_play(self) -> bool:
        return self.is_ansible and not {"hosts", IMPORT}.isdisjoint(self.content[0])

    @property
    def is_ansible(self) -> bool:
        return isinstance(self.content, list) and all(
            isinstance(item, dict) and "name" in item for item in self.content
        )

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks, those in blocks included."""
        return [task for item in self.content for task in (item.get("tasks", []) if self.is_play else [item])]


def blocks_of(file: Path) -> list[str]:
    """The texts of the examples in a file."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        named = {
            getattr(node.targets[0], "id", ""): node.value
            for node in ast.parse(text).body
            if isinstance(node, ast.Assign)
        }
        return [ast.literal_eval(named["EXAMPLES"])] if "EXAMPLES" in named else []
    if file.suffix == ".md":
        return re.findall(r"^```ya?ml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^( *)\.\. code-block:: ya?ml\S*\n(?:\1 +:.*\n)*\n((?:\1 +.*\n|\s*\n)+)", text, re.MULTILINE)
    return [textwrap.dedent(block) for _indent, block in found]


def documents() -> Iterator[Path]:
    """The files that may hold examples."""
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md"))
    for pattern in ("docs/**/*.rst", "docs/*.md", "roles/*/README.md", "plugins/modules/*.py", "plugins/filter/*.py"):
        yield from sorted(ROOT.glob(pattern))


def examples() -> dict[str, list[Example]]:
    """The examples by document."""
    found = {}
    for file in documents():
        name = str(file.relative_to(ROOT))
        for start in SHORT_NAMES:
            name = name[len(start) :] if name.startswith(start) else name
        blocks = [Example(name, yaml.safe_load(block)) for block in blocks_of(file)] if file.is_file() else []
        if blocks:
            found[name] = blocks
    return found


EXAMPLES = examples()
# What runs as one playbook: a guide, or the examples of all plugins.
GROUPS: dict[str, list[Example]] = {}
for document, found in EXAMPLES.items():
    GROUPS.setdefault("plugins" if document.endswith(".py") else document, []).extend(found)


@pytest.fixture(scope="module")
def deployed(airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The DAGs and the runs that the examples speak of."""
    folder = tmp_path_factory.mktemp("examples")
    target = Path(airflow.variables["airflow_dags_folder"]) / FILE_NAME
    write_dags(target)
    dags = {"dag_id": ALL_DAGS, "wait": True, "paused": False}
    runs = {"dag_id": "etl_daily", "dag_run_id": "{{ item }}", "wait": False}
    asking = {"dag_id": "{{ item }}", "dag_run_id": RUNS[0]}
    ask = ["etl_with_approval", "etl_by_region"]
    # Examples repair this one.
    nightly = {"dag_id": "etl_nightly", "dag_run_id": RUNS[0]}
    role = {"name": "dag_trigger", "permissions": []}
    made = play(
        folder,
        [
            {f"{OURS}airflow_dag": dags},
            # The second one is cancelled, when these tests have run on this server before.
            {f"{OURS}airflow_dag_run": {**runs, "state": "absent"}, "loop": RUNS},
            {f"{OURS}airflow_dag_run": runs, "loop": RUNS},
            {f"{OURS}airflow_dag_run": {**asking, "state": "absent"}, "loop": ask},
            {f"{OURS}airflow_dag_run": {**asking, "wait": False}, "loop": ask},
            {f"{OURS}airflow_dag_run": {**nightly, "state": "absent"}},
            {
                f"{OURS}airflow_dag_run": nightly,
                "register": "run",
                "failed_when": "run.msg is not search('1 of 9 tasks')",
            },
            {f"{OURS}airflow_role": role},
        ],
    )
    assert made.status == 0, made.output
    yield
    target.unlink()
    shutil.rmtree(folder)


def write_dags(file: Path) -> None:
    """A version of the file that is like no other one; of DAGs that stay the same, since other examples run them."""
    file.write_text(DAG_FILE.format(marker=uuid.uuid4().hex[:8], dag_ids=DAGS), encoding="utf-8")


def variables(airflow: Airflow) -> dict[str, Any]:
    """What readers have in variables of their own."""
    return {
        "airflow_password": airflow.password,
        "airflow_admin_password": airflow.password,
        "airflow_deploy_password": "a-password-of-deploy",
        "vault_airflow_deploy_password": "a-password-of-deploy",
        "vault_warehouse_api_key": "a-key-of-the-warehouse",
        "vault_db_password": "a-password-of-the-database",
        "vault_db_key": "a-key-of-the-database",
        "release": "42",
        "airflow_dag_id": "etl_daily",  # an answer of a survey
        "access_client_id": "an-id.access.example.com",
        "access_client_secret": "a-secret-of-the-proxy",
        "iap_token": "a-token-of-the-proxy",
        "smtp_password": "a-password-of-the-mail-server",
        "airflow_token": token_of(airflow) if airflow.generation == "v2" else "",
    }


def token_of(airflow: Airflow) -> str:
    login = {"username": airflow.username, "password": airflow.password}
    return str(requests.post(f"{airflow.url}/auth/token", json=login, timeout=60).json()["access_token"])


def runnable(value: Any, airflow: Airflow, key: str = "") -> Any:
    """An example with the address, the login and the folders of the server."""
    if isinstance(value, list):
        return [runnable(item, airflow, key) for item in value]
    if isinstance(value, dict):
        changed = {name: runnable(item, airflow, name) for name, item in value.items()}
        if "parsed_after" in changed:
            changed["parse_margin"] = 1  # half a minute each otherwise; it has tests of its own
        if any(isinstance(item, dict) and "api_token" in item for item in changed.values()):
            changed["environment"] = dict.fromkeys(("AIRFLOW_API_USERNAME", "AIRFLOW_API_PASSWORD"), "")
        return {name: item for name, item in changed.items() if name not in ("become", "airflow_deploy_cli_user")}
    if key in ("api_username", "user"):
        return airflow.username
    if key == "delay":
        return 1
    if key == "ansible_python_interpreter" and value == "auto":
        return sys.executable
    if not isinstance(value, str):
        return value
    for text, replacement in (
        ("etl_daily.py", FILE_NAME),
        ("etl_hourly.py", FILE_NAME),
        ("https://airflow.example.com", airflow.url),
        ("/opt/airflow/airflow.cfg", "airflow.cfg"),  # a copy, in the folder of the playbook
        ("/opt/airflow/bin/airflow", airflow.variables["airflow_command"]),
        ("/opt/airflow/dags", airflow.variables["airflow_dags_folder"]),
        ("/opt/airflow", airflow.variables["airflow_home"]),
        ("/etc/ssl/certs/ca-certificates.crt", requests.certs.where()),
    ):
        value = value.replace(text, replacement)
    return value


def plays_of(wanted: Sequence[Example], airflow: Airflow) -> list[dict[str, Any]]:
    """The examples as plays, in their order, and after each document what brings back the state that others rely on."""
    header = {"hosts": "localhost", "gather_facts": False, "vars": {"ansible_python_interpreter": sys.executable}}
    plays: list[dict[str, Any]] = []
    for number, example in enumerate(wanted):
        content = runnable(example.content, airflow)
        plays += content if example.is_play else [{**header, "tasks": content}]
        if wanted[number + 1 : number + 2] and wanted[number + 1].document == example.document:
            continue
        text = json.dumps([other.content for other in wanted if other.document == example.document])
        again = [{f"{OURS}airflow_dag": {"dag_id": ALL_DAGS, "paused": False}}] if '"paused": true' in text else []
        if USER_MADE.search(text):
            again.append({f"{OURS}airflow_user": {"username": "deploy", "state": "absent"}})
        plays += [{**header, "tasks": again}] if again else []
    return plays


def run(plays: Sequence[Mapping[str, Any]], airflow: Airflow, folder: Path, *options: str) -> Played:
    """Run plays in a folder that has what readers have next to their playbook."""
    (folder / "dags").mkdir()
    write_dags(folder / "dags" / FILE_NAME)
    shutil.copy(Path(airflow.variables["airflow_home"]) / "airflow.cfg", folder)
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"airflow": {"hosts": {"airflow.example.com": host}}}
    (folder / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")
    (folder / "playbook.yml").write_text(json.dumps(plays, indent=1), encoding="utf-8")
    given = json.dumps(variables(airflow))
    return ansible_playbook(
        str(folder / "playbook.yml"),
        *("--inventory", str(folder / "inventory.yml"), "--extra-vars", given),
        *options,
        cwd=folder,
        ANSIBLE_INVENTORY_ENABLED="yaml",
        AIRFLOW_API_ADMIN_USERNAME=airflow.username,
        AIRFLOW_API_ADMIN_PASSWORD=airflow.password,
    )


@pytest.mark.long
@pytest.mark.parametrize("group", GROUPS)
def test_the_examples_run(airflow: Airflow, deployed: None, group: str, tmp_path: Path) -> None:
    wanted = [
        example
        for example in GROUPS[group]
        if example.name not in OTHER_WORLD and GENERATIONS.get(example.name, airflow.generation) == airflow.generation
    ]
    played = run(plays_of(wanted, airflow), airflow, tmp_path)
    assert played.status == 0, played.output
    finished = sum(map(int, re.findall(r"\b(?:ok|skipped)=(\d+)", played.output)))
    assert finished >= sum(len(example.tasks()) for example in wanted)


def test_examples_of_other_worlds_are_playbooks_all_the_same(airflow: Airflow, tmp_path: Path) -> None:
    everything = {example.name: example for found in EXAMPLES.values() for example in found}
    assert {*OTHER_WORLD, *GENERATIONS} <= set(everything)
    wanted = [everything[name] for name in OTHER_WORLD if everything[name].is_ansible]
    known = [example for example in wanted if {name.rpartition(".")[0] for name in modules_of(example)} <= KNOWN]
    assert known
    played = run(plays_of(known, airflow), airflow, tmp_path, "--syntax-check")
    assert played.status == 0, played.output


KNOWN = {"ansible.builtin", "dagops.airflow"}


def modules_of(example: Example) -> list[str]:
    return [key for task in example.tasks() for key in task if "." in key]


@pytest.mark.parametrize("document", EXAMPLES)
def test_options_in_examples_exist(document: str) -> None:
    for example in EXAMPLES[document]:
        assert example.is_ansible or example.name in OTHER_WORLD, f"{example.name}: neither tasks nor plays"
        for task in example.tasks() if example.is_ansible else ():
            for name, given in options_in(task):
                module = importlib.import_module(f"ansible_collections.dagops.airflow.plugins.modules.{name}")
                options = {**CONNECTION_SPEC, **module.ARGUMENT_SPEC}
                assert set(given or ()) <= set(options), example.name
                for option, value in (given or {}).items():
                    choices = options[option].get("choices")
                    values = value if isinstance(value, list) else [value]
                    assert not choices or "{{" in str(value) or set(values) <= set(choices), f"{example.name}: {option}"


def options_in(task: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The collection's modules in a task or a block, with their options."""
    for key, value in task.items():
        if key.startswith(OURS):
            yield key[len(OURS) :], value
        elif key in ("block", "rescue", "always"):
            for inner in value:
                yield from options_in(inner)


def test_all_documents_have_examples() -> None:
    modules = {file.name for file in (ROOT / "plugins" / "modules").glob("*.py")}
    filters = {file.name for file in (ROOT / "plugins" / "filter").glob("*.py")}
    # Unit tests look at the commands of this one, which has nothing else.
    guides = {file.name for file in (ROOT / "docs" / "docsite" / "rst").glob("*.rst")} - {"guide_playbooks.rst"}
    assert len(modules) >= 9
    assert len(filters) >= 1
    assert len(guides) >= 5
    wanted = {*modules, *filters, *guides, "README.md", "roles/airflow_deploy/README.md"}
    assert wanted <= set(EXAMPLES)
