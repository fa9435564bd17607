# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sessions do that need a real Airflow: integration and live tests, the demo, a server to play with."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import nox
import relay
from program import environment, status_of
from sessions import names_path, pytest_env
from workshop import CORES, NAME, NAMESPACE, ROOT, copied, found, linked, newest, venvs

from airflow_server import VERSIONS, Problem, PythonMissing, Server, health
from airflow_server.pythons import python_for

# All tests run on these; the demo on the first that a Python here can run.
TESTED = ("2.11", "3.3")
# The first of each generation, on which the core of the integration tests runs as well.
OLDEST = ("2.3", "3.0")
SMOKE = ("dag_run_trigger",)
# Server -> line of ansible-core, besides the newest, on which the smoke target runs there, too.
SMOKED = {"2.11": "2.15", "3.3": "2.19"}
# These run a second time, with each module in a process of its own as on other hosts.
ORDINARY = ("connection", "info", "dag_paused", "dag_run_trigger")
# The lines of ansible-core on which live tests run something, besides the newest, and the one with AWX's collection.
LIVE_CORES = ("2.15", "2.18", "2.19")
AWX_CORE = "2.19"
PLAYBOOK = f"{NAMESPACE}.{NAME}.run_dag"
LIVE = ROOT / "tests" / "live"
TARGETS = ROOT / "tests" / "integration" / "targets"
# Compares what the targets have sent with what the server's own documents say.
OPENAPI = (str(LIVE / "test_openapi.py"), "-k", "integration_targets")
HARNESS = ROOT / "tests" / "airflow" / "server.py"
# Triggers through a line that cuts half of all connections; the live tests by themselves are content with fewer.
EXACTLY_ONCE, MANY = "tests/live/test_exactly_once.py", "200"
# Lines of a failure that are told again at the end of a session with many parts.
TAIL = 80
# A part of the tests on a server.
Part = Callable[[nox.Session, Server], None]


@contextmanager
def server(session: nox.Session, name: str, many: bool = False) -> Iterator[Server]:
    """A server that runs; its 300 small DAGs, which take time to read, only if MANY."""
    session.log(f"Starting Airflow {name} (the first time it has to be installed) …")
    with Server(name, many=many) as airflow:
        session.log(f"Airflow {airflow.version.airflow} runs at {airflow.url}.")
        yield airflow


def on_server(session: nox.Session, name: str, parts: Sequence[Part]) -> None:
    """Start a server, do all PARTS with it, whatever the others come to, and stop it."""
    failures = []
    with server(session, name, many=True) as airflow:
        for part in parts:
            try:
                part(session, airflow)
            except PythonMissing as reason:
                print(f"SKIPPED [1] {reason}", flush=True)
            except Problem as problem:
                failures.append(str(problem))
        # Tests stop and start parts, which this process has not noticed.
        failures += health.ended(Server.attach(airflow.state))
    if failures:
        raise Problem("\n".join(failures))


def thorough(name: str) -> Sequence[Part]:
    """Live tests, some targets the ordinary way, and one on an older ansible-core.

    Live tests that would find the same on any Airflow run on the first of TESTED only.
    """
    ordinary = partial(integration, targets=ORDINARY, in_process=False)
    smoke = partial(integration, targets=SMOKE, core=SMOKED[name])
    left_out = "" if name == TESTED[0] else " and not once"
    return [ordinary, smoke, partial(live, arguments=("-m", f"not long{left_out}"))]


def both_ways(targets: Sequence[str], core: str = "") -> Sequence[Part]:
    """Some targets in the process of Ansible, and with each module in a process of its own."""
    return [partial(integration, targets=targets, core=core, in_process=way) for way in (True, False)]


def halves() -> dict[str, Sequence[str]]:
    """The integration targets in two halves that take about as long, by the alphabet."""
    names = sorted(folder.name for folder in TARGETS.iterdir() if not folder.name.startswith("setup_"))
    return {"first": [name for name in names if name < "d"], "second": [name for name in names if name > "d"]}


def triggers(session: nox.Session, airflow: Server) -> None:
    """Many more triggers than in other sessions, unless targets are named."""
    if not session.posargs:
        live(session, airflow, (EXACTLY_ONCE,), DAGOPS_TEST_TRIGGERS=MANY)


def integration(
    session: nox.Session, airflow: Server, targets: Sequence[str] = (), core: str = "", in_process: bool = True
) -> None:
    """Run ansible-test integration: these targets, or those that the user has named, or all.

    CORE: on this line of ansible-core; IN_PROCESS: not with each module in a process of its own.
    """
    env, version = environment(session), str(session.python)
    if core:
        version = newest(*CORES[core])
        bin_folder = Path(venv_of_core(core, version)).parent
        env.update(PATH=f"{bin_folder}:{env['PATH']}", VIRTUAL_ENV=str(bin_folder.parent))
    with copied(session.name) as root, relay.counted(airflow.url) as line:
        config = root / "tests" / "integration" / "integration_config.yml"
        # As a variable, since ansible-test hands no environment on.
        told = {**variables(airflow), "airflow_api_url": line.url, "dagops_airflow_in_process": in_process}
        config.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        command = ["ansible-test", "integration", "--local", "--python", version, "--continue-on-error"]
        command += ["--color", "no", "--truncate", "0", *(targets or session.posargs)]
        status, said = status_of(session, command, env, root)
        sent = line.requests()
    how = (f" on ansible-core {core}" if core else "") + ("" if in_process else " (ordinary)")
    excerpt = read_targets(said, how)
    if status != 0 or excerpt:
        excerpt = excerpt or said.splitlines()[-TAIL:]
        raise Problem("\n".join([f"ansible-test integration{how} ended with status {status}.", *excerpt]))
    if sent:
        record = root.parents[2] / "requests.json"
        record.write_text(json.dumps(sent), encoding="utf-8")
        pytest(session, airflow, OPENAPI, DAGOPS_TEST_REQUESTS=record)


def venv_of_core(line: str, version: str) -> str:
    """The Python of an environment with a line of ansible-core."""
    if version not in found():
        raise PythonMissing(
            f"ansible-core {line} needs a Python from {' to '.join(CORES[line])} on PATH or under pyenv."
        )
    return venvs("core-{}", {line: version})[line]


def read_targets(said: str, how: str) -> list[str]:
    """Print a line for each target, from the recap with which Ansible closes its play; HOW they ran is added.

    Return what to show of those that failed.
    """
    sections = re.split(r"^Running (\S+) integration test role$", said, flags=re.MULTILINE)
    excerpt = [] if sections[1:] else [*said.splitlines()[-TAIL:], "No target has run."]
    for target, section in zip(sections[1::2], sections[2::2]):
        recap = re.search(r"^\S+ +: (ok=\d+ .*unreachable=(\d+) .*failed=(\d+).*)$", section, re.MULTILINE)
        good = recap is not None and recap.group(2) == recap.group(3) == "0"
        words = " ".join(recap.group(1).split()) if recap else "did not come to its end"
        print(f"TARGET {'ok' if good else 'FAILED'} {target}{how}: {words}", flush=True)
        if not good:
            excerpt += [f"--- {target}{how}", *failed_tasks(section)]
    return excerpt


def failed_tasks(section: str) -> list[str]:
    """The output of the tasks whose failure was not meant; the end of all, when there is no such task."""
    tasks = re.split(r"^(?=TASK \[)", section, flags=re.MULTILINE)
    failed = [task for task in tasks if re.search(r"^fatal: ", task, re.MULTILINE) and "\n...ignoring" not in task]
    return "".join(failed[-3:]).splitlines()[:100] or section.splitlines()[-40:]


def live(session: nox.Session, airflow: Server, arguments: Sequence[str] = (), **more: str) -> None:
    """Run live tests: these, or those that the user has named, or all.

    Some run on other Pythons and on other lines of ansible-core, too.
    """
    others = {
        "hosts": venvs("host", {version: version for version in found()}),
        "cores": venvs("core-{}", {line: newest(*CORES[line]) for line in LIVE_CORES}),
        # All of Ansible's community package, of which a test uses one collection.
        "awx": venvs("awx", {AWX_CORE: newest(*CORES[AWX_CORE])}, compiled=False),
    }
    arguments = arguments or session.posargs
    arguments = [*arguments, *(() if names_path(arguments) else (str(LIVE),))]
    pytest(session, airflow, arguments, DAGOPS_TEST_HOSTS=json.dumps(others), **more)


def pytest(session: nox.Session, airflow: Server, arguments: Sequence[str], **more: str | Path) -> None:
    """Run tests against a server, which their fixtures know by a variable."""
    told = {"DAGOPS_TEST_SERVER": json.dumps(variables(airflow)), **{name: str(value) for name, value in more.items()}}
    # Machines that test are busy, and a write to 300 DAGs waits while Airflow writes what it has parsed.
    env = {**play_env(session, airflow), **pytest_env(), **told, "AIRFLOW_API_REQUEST_TIMEOUT": "120"}
    status, said = status_of(session, ["python", "-m", "pytest", "--durations=10", *arguments], env)
    if status != 0:
        raise Problem("\n".join([f"pytest ended with status {status}.", *said.splitlines()[-TAIL:]]))


def variables(airflow: Server) -> dict[str, str]:
    """What the targets know of the server."""
    component = [sys.executable, str(HARNESS), "component", airflow.version.name, "--state", str(airflow.state)]
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
        "airflow_command": shlex.join(command),
        "airflow_component": shlex.join(component),
    }


def demo(session: nox.Session) -> None:
    """Run the main job on a real Airflow: a DAG that succeeds, then one that fails, with the report of its failure."""
    with server(session, demo_version()) as airflow:
        problems = both_ends(session, play_env(session, airflow))
    if problems:
        raise Problem(" ".join(problems))
    print("\nAs told: one run succeeded; the other failed, and the report says where and why.")


def both_ends(session: nox.Session, env: Mapping[str, str]) -> list[str]:
    """Run a DAG that succeeds and one that fails, and return what was not as it should be."""
    good = play(session, env, "ok", "A DAG that succeeds")[0]
    bad, said = play(session, env, "fails", "A DAG that fails")
    problems = []
    if good != 0:
        problems.append("The run of the DAG ok did not end well.")
    if bad == 0 or not all(text in said for text in ("b (try 1 of 1)", "user 42 has no email address")):
        problems.append("The run of the DAG fails was not reported as failed, with its task b and the reason.")
    return problems


def demo_version() -> str:
    """The first Airflow of TESTED if a Python here can run it, else the other; it says so then."""
    first, other = TESTED
    try:
        python_for(VERSIONS[first])
    except PythonMissing as problem:
        print(f"{problem} The demo runs on Airflow {other} instead.", flush=True)
        return other
    return first


def play(session: nox.Session, env: Mapping[str, str], dag_id: str, title: str) -> tuple[int, str]:
    """Run the playbook on a DAG; return its status and output, white space made even."""
    print(f"\n===== {title}\n", flush=True)
    command = ["ansible-playbook", PLAYBOOK, "--extra-vars", json.dumps({"airflow_dag_id": dag_id})]
    status, said = status_of(session, command, env)
    return status, " ".join(said.split())


def play_env(session: nox.Session, airflow: Server, collections: Path | None = None) -> dict[str, str]:
    """The environment for playbooks that run against a server; COLLECTIONS: not with the checkout's collection."""
    return environment(
        session,
        ANSIBLE_COLLECTIONS_PATH=collections or linked(),
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


def serve(session: nox.Session) -> None:
    """Start one server, say how to use it, and stop it at Ctrl-C; the name of another one stands after --."""
    with server(session, *session.posargs or TESTED[:1]) as airflow:
        print(f"# Airflow {airflow.version.airflow} runs until Ctrl-C. Its DAGs lie in {airflow.dags_folder}")
        for key, value in credentials(airflow).items():
            print(f"export {key}={shlex.quote(value)}")
        print("# ansible-playbook, and this checkout as the collection that it uses:")
        print(f"export PATH={shlex.quote(session.bin)}:$PATH")
        print(f"export ANSIBLE_COLLECTIONS_PATH={shlex.quote(str(linked()))}", flush=True)
        signal.pause()
