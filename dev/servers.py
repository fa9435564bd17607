# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs a real Airflow: integration tests, the demo, and a server to play with."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import checks
import counting
import processes
import tree
import venvs
from paths import CACHE, NAME, NAMESPACE, ROOT
from processes import Command
from steps import Failed, Report, Step
from venvs import Venv

from airflow_server import VERSIONS, PythonMissing, Server
from airflow_server.pythons import python_for

# All integration tests run on these; the demo on the first of its own that a Python here can run.
TESTED = ("2.11", "3.3")
# The first of each generation, on which the core of the integration tests runs as well.
OLDEST = ("2.3", "3.0")
DEMO = ("2.11", "3.3")
SMOKE = ("dag_run_trigger",)
# Server -> line of ansible-core, besides the newest, on which the smoke target runs there in any test run.
SMOKED = {"2.11": "2.15", "3.3": "2.19"}
NAMES = tuple(VERSIONS)
# In any test run these run a second time, with each module in a process of its own as on other hosts.
ORDINARY = ("connection", "info", "dag_paused", "dag_run_trigger")
# The lines of ansible-core on which live tests run something, besides the newest.
LIVE_CORES = ("2.15", "2.18", "2.19")
PLAYBOOK = f"{NAMESPACE}.{NAME}.run_dag"
LIVE = ROOT / "tests" / "live"
# Compares what the targets have sent with what the server's own documents say.
OPENAPI = (LIVE / "test_openapi.py", "-k", "integration_targets")
# Whether modules run in the process of the task.
Ways = Sequence[bool]
BOTH = (True, False)
HARNESS = ROOT / "tests" / "airflow" / "server.py"


def server(name: str, many: bool = False) -> Server:
    """A server to be started as a context manager; its 300 small DAGs, which take time to read, only if MANY."""
    return Server(name, many=many, uv=str(venvs.uv()))


def integration_step(name: str, targets: Sequence[str] = (), core: str | None = None, ways: Ways = (True,)) -> Step:
    """The integration tests, or some TARGETS of them, on a server of their own."""
    how = {True: "", False: " ordinary"}[ways[0]] if len(ways) == 1 else " both ways"
    label = f"integration {name}" + (f" core {core}" if core else "") + how
    parts = [partial(integration, targets=targets, core=core, in_process=way) for way in ways]
    return Step(label, partial(on_server, name=name, part=partial(all_of, parts=parts)))


def smoke_step(core: str) -> Step:
    """One target on a line of ansible-core, both ways."""
    return integration_step(TESTED[0], SMOKE, core, BOTH)


def live_step(name: str, arguments: Sequence[str] = ()) -> Step:
    """The live tests: what pytest asks of a real server; ARGUMENTS are pytest's."""
    return Step(f"live {name}", partial(on_server, name=name, part=partial(live, arguments=arguments)))


def whole_step(name: str) -> Step:
    """Integration tests, then live tests, on one server."""
    return Step(f"integration {name}", partial(on_server, name=name, part=whole))


def on_server(report: Report, name: str, part: Callable[[Report, Server], None]) -> None:
    """Start a server, do PART with it, stop it."""
    with server(name, many=True) as airflow:
        report.say(f"Airflow {airflow.version.airflow} runs at {airflow.url}.")
        part(report, airflow)


def whole(report: Report, airflow: Server) -> None:
    """All targets, some of them the ordinary way, too, one on an older ansible-core, and live tests but long ones."""
    targets = partial(integration, targets=(), core=None)
    ordinary = partial(integration, targets=ORDINARY, core=None, in_process=False)
    smoke = partial(integration, targets=SMOKE, core=SMOKED[airflow.version.name])
    all_of(report, airflow, [targets, ordinary, smoke, partial(live, arguments=("-m", "not long"))])


def all_of(report: Report, airflow: Server, parts: Sequence[Callable[[Report, Server], None]]) -> None:
    """Do all PARTS, whatever the others come to."""
    failures = []
    for part in parts:
        try:
            part(report, airflow)
        except Failed as failure:
            failures.append(str(failure))
        except PythonMissing as reason:
            report.skipped += 1
            report.closing.append(f"not run: {reason}")
    if failures:
        raise Failed("; ".join(failures))


def integration(
    report: Report, airflow: Server, targets: Sequence[str], core: str | None, in_process: bool = True
) -> None:
    """Run ansible-test integration against a server; IN_PROCESS: not with each module in a process of its own."""
    venv = venvs.core(core)
    begun = len(report.text())
    name = report.name.replace(" ", "-")
    with tree.copied(name) as root, counting.counted(airflow.url) as relay:
        config = root / "tests" / "integration" / "integration_config.yml"
        # As a variable, since ansible-test hands no environment on.
        way = {"dagops_airflow_in_process": in_process}
        seen_by_targets = {**variables(airflow), "airflow_api_url": relay.url, **way}
        config.write_text(json.dumps(seen_by_targets, indent=2) + "\n", encoding="utf-8")
        command: Command = [venv.bin / "ansible-test", "integration", "--local", "--python", venv.version]
        options = ["--color", "no", "--truncate", "0", "--continue-on-error"]
        # A home of its own: when two at a time make the key that each wants in it, one of them fails.
        status = report.status([*command, *options, *targets], venv.env(name), root)
        sent = relay.requests()
    said = report.text()[begun:]
    ran = count_targets(
        report, said, (f" on ansible-core {core}" if core else "") + ("" if in_process else " (ordinary)")
    )
    if not ran:
        report.excerpt += said.splitlines()[-40:]
    problem = "" if status == 0 and ran else f"ansible-test integration ended with status {status}"
    if sent:
        record = root.parents[2] / "requests.json"
        record.write_text(json.dumps(sent), encoding="utf-8")
        if run_live(report, airflow, OPENAPI, DAGOPS_TEST_REQUESTS=str(record)) != 0:
            problem = problem or "the targets have sent requests that are not valid"
    if problem:
        raise Failed(problem)


def live(report: Report, airflow: Server, arguments: Sequence[str]) -> None:
    """Run the live tests against a server; some run on other Pythons and on other lines of ansible-core, too."""
    pythons = {"hosts": venvs.hosts(), "cores": venvs.cores(LIVE_CORES), "awx": venvs.awx()}
    found = {what: {name: str(one.python) for name, one in venv.items()} for what, venv in pythons.items()}
    arguments = [*arguments, *(() if any_path(arguments) else (str(LIVE),))]
    status = run_live(report, airflow, arguments, DAGOPS_TEST_HOSTS=json.dumps(found))
    if status != 0:
        raise Failed(f"the live tests ended with status {status}")


def run_live(report: Report, airflow: Server, arguments: Sequence[str | Path], **more: str) -> int:
    """Run tests against a server, which their fixtures know by a variable, and return pytest's status."""
    venv = venvs.live()
    env = play_env(venv, airflow)
    env.update(PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=str(tree.linked()), **more)
    # Machines that test are busy, and a write to 300 DAGs waits while Airflow writes what it has parsed.
    env["AIRFLOW_API_REQUEST_TIMEOUT"] = "120"
    env["DAGOPS_TEST_SERVER"] = json.dumps(variables(airflow))
    return checks.run_pytest(report, venv, ["--durations=10", *arguments], env)


def any_path(arguments: Sequence[str]) -> bool:
    """Whether these arguments of pytest name a file or a folder of tests."""
    return any((ROOT / argument.partition("::")[0]).exists() for argument in arguments)


def variables(airflow: Server) -> dict[str, str]:
    """What the targets know of the server."""
    harness = [sys.executable, str(HARNESS)]
    state = ["--state", str(airflow.state)]
    # What it compiles is kept, which saves seconds of each call; ansible-test has a PYTHONPATH of its own.
    command = ["env", "-u", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE=", f"{airflow.record['venv']}/bin/airflow"]
    return {
        "airflow_api_url": airflow.url,
        "airflow_api_username": airflow.username,
        "airflow_api_password": airflow.password,
        "airflow_version": airflow.version.airflow,
        "airflow_server_name": airflow.version.name,
        "airflow_home": str(airflow.home),
        "airflow_dags_folder": str(airflow.dags_folder),
        "airflow_state": str(airflow.state),
        # Commands, to which arguments are added: of Airflow itself, and of the harness for this server's parts.
        "airflow_harness": shlex.join(harness),
        "airflow_command": shlex.join(command),
        "airflow_component": shlex.join([*harness, "component", airflow.version.name, *state]),
    }


def count_targets(report: Report, said: str, how: str) -> int:
    """A line for each target, from the recap with which Ansible closes its play; of failed ones also what failed.

    Return how many there were in what ansible-test has SAID. HOW they ran is added to their names.
    """
    sections = re.split(r"^Running (\S+) integration test role$", said, flags=re.MULTILINE)
    targets = sections[1::2]
    for target, section in zip(targets, sections[2::2]):
        recap = re.search(r"^\S+ +: (ok=\d+ .*unreachable=(\d+) .*failed=(\d+).*)$", section, re.MULTILINE)
        good = recap is not None and recap.group(2) == recap.group(3) == "0"
        report.cases[target] = "ok" if good and report.cases.get(target, "ok") == "ok" else "FAILED"
        ended = " ".join(recap.group(1).split()) if recap else "did not come to its end"
        report.closing.append(f"{target}{how}: {ended}")
        if good:
            report.passed += 1
        else:
            report.failed += 1
            report.excerpt += [f"--- {target}{how}", *failed_tasks(section)]
    return len(targets)


def failed_tasks(section: str) -> list[str]:
    """The output of the tasks whose failure was not meant; the end of all, when there is no such task."""
    tasks = re.split(r"^(?=TASK \[)", section, flags=re.MULTILINE)
    failed = [task for task in tasks if re.search(r"^fatal: ", task, re.MULTILINE) and "\n...ignoring" not in task]
    return "".join(failed[-3:]).splitlines()[:100] or section.splitlines()[-40:]


def demo() -> int:
    """Run the main job on a real Airflow: a DAG that succeeds, then one that fails, with the report of its failure."""
    venv = venvs.core()
    name = demo_version()
    print(f"Starting Airflow {name} (the first time it has to be installed) …", flush=True)
    with server(name) as airflow:
        print(f"Airflow {airflow.version.airflow} runs at {airflow.url}.", flush=True)
        problems = both_ends(venv, play_env(venv, airflow))
    print(
        "\n"
        + ("\n".join(problems) or "As told: one run succeeded; the other failed, and the report says where and why.")
    )
    return 1 if problems else 0


def both_ends(venv: Venv, env: Mapping[str, str]) -> list[str]:
    """Run a DAG that succeeds and one that fails, and return what was not as it should be."""
    good = play(venv, env, "ok", "A DAG that succeeds")[0]
    bad, said = play(venv, env, "fails", "A DAG that fails")
    problems = []
    if good != 0:
        problems.append("The run of the DAG ok did not end well.")
    if bad == 0 or not all(text in said for text in ("b (try 1 of 1)", "user 42 has no email address")):
        problems.append("The run of the DAG fails was not reported as failed, with its task b and the reason.")
    return problems


def demo_version() -> str:
    """The first Airflow of DEMO that a Python here can run, else the last; it says so when that is not the first."""
    wanted, *others = DEMO
    for name in others:
        try:
            python_for(VERSIONS[wanted])
        except PythonMissing as problem:
            print(f"{problem} The demo runs on Airflow {name} instead.", flush=True)
            wanted = name
    return wanted


def play(venv: Venv, env: Mapping[str, str], dag_id: str, title: str) -> tuple[int, str]:
    """Run the playbook on a DAG and show it as it goes; return its status and output, white space made even."""
    options = ["--extra-vars", json.dumps({"airflow_dag_id": dag_id})]
    print(f"\n===== {title}: ansible-playbook {PLAYBOOK} --extra-vars airflow_dag_id={dag_id}\n", flush=True)
    status, text = processes.shown([venv.bin / "ansible-playbook", PLAYBOOK, *options], env)
    return status, " ".join(text.split())


def play_env(venv: Venv, airflow: Server, collections: Path | None = None) -> dict[str, str]:
    """The environment for playbooks that run against a server; COLLECTIONS: not with the checkout's collection."""
    return venv.env(
        ANSIBLE_COLLECTIONS_PATH=collections or tree.linked(),
        ANSIBLE_HOME=CACHE / "ansible",
        ANSIBLE_LOCALHOST_WARNING="False",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="False",
        # The end of a log is easier to read in lines than in one JSON text.
        ANSIBLE_CALLBACK_RESULT_FORMAT="yaml",
        **credentials(airflow),
    )


def credentials(airflow: Server) -> dict[str, str]:
    """What the modules take from the environment."""
    return {
        "AIRFLOW_API_URL": airflow.url,
        "AIRFLOW_API_USERNAME": airflow.username,
        "AIRFLOW_API_PASSWORD": airflow.password,
    }


def serve(name: str) -> int:
    """Start one server, say how to use it, and stop it at Ctrl-C."""
    venv = venvs.core()
    with server(name) as airflow:
        print(f"# Airflow {airflow.version.airflow} runs until Ctrl-C. Its DAGs lie in {airflow.dags_folder}")
        for key, value in credentials(airflow).items():
            print(f"export {key}={shlex.quote(value)}")
        print("# ansible-playbook, and this checkout as the collection that it uses:")
        print(f"export PATH={shlex.quote(str(venv.bin))}:$PATH")
        print(f"export ANSIBLE_COLLECTIONS_PATH={shlex.quote(str(tree.linked()))}")
        sys.stdout.flush()
        signal.pause()
    return 0
