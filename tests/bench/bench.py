# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection costs, next to ansible.builtin.uri doing the same work in the same run, on real servers."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from typing import Any
from urllib.parse import urlsplit

import nox
import relay
import servers
from workshop import CACHE, ROOT, linked, venvs

from airflow_server import Problem, Server

DOCUMENT = ROOT / "docs" / "benchmarks.md"
KEPT = CACHE / "bench"
PLAYBOOKS = Path(__file__).parent
ROUNDS = 5
TASKS = 12
MANY = 100
RUNS = 50
INSTANCES = (100, 1000, 10_000)
Requests = list[dict[str, Any]]
MODULES = "ansible_collections.dagops.airflow.plugins.modules"
HEAD = """\
<!--
Copyright: (c) 2026, the dagops.airflow authors
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Benchmarks

`make bench` has written this file; do not edit it by hand. It compares the collection with `ansible.builtin.uri` doing
the same work in the same run against the same real server, so the ratios tell more than the seconds, which depend on
the machine: {cores} cores, Python {python}. Jobs and single tasks were measured {rounds} times, lateness and pausing by
the module 3 times, and the median is shown; the ratio of a single task is the median of the ratios. Tasks of uri and of
airflowctl got their token for nothing, and look every 2 seconds if nothing else is said. What is wanted is a goal, and
not always reached: a young run is looked at every half second, so that its end is seen soon, and that takes more
requests than fewer looks do. Two more tell the version and whether the DAG is paused.

"""


class Bench:
    """Measures on one server."""

    def __init__(self, session: nox.Session, airflow: Server, line: relay.Relay) -> None:
        self.session = session
        self.airflow = airflow
        self.relay = line
        self.generation = "v2" if airflow.version.is_v3 else "v1"
        self.env = {**servers.play_env(session, airflow), "AIRFLOW_API_URL": line.url}
        self.rows: list[Sequence[str]] = []
        self.airflowctl = self.home = self.said = ""
        self.folder = PLAYBOOKS

    def play(self, name: str, in_process: bool = True, **variables: Any) -> tuple[float, Requests]:
        """Seconds that a playbook takes, and the requests that it sends.

        IN_PROCESS: whether modules may run in the process of Ansible, or each in one of its own.
        """
        token = self.airflow.api.token() if self.generation == "v2" else ""
        told = {"generation": self.generation, "token": token, **variables}
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as extra:
            json.dump(told, extra)
            extra.flush()
            command = [f"{self.session.bin}/ansible-playbook", str(self.folder / f"{name}.yml")]
            self.relay.requests()
            start = time.monotonic()
            self.call([*command, "--extra-vars", f"@{extra.name}"], DAGOPS_AIRFLOW_IN_PROCESS=str(in_process))
        return time.monotonic() - start, self.relay.requests()

    def call(self, command: Sequence[str], **env: str) -> None:
        """Run COMMAND in silence, and keep what it says."""
        done = subprocess.run(
            command, env={**self.env, **env}, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, text=True, check=False
        )
        self.said = done.stdout
        if done.returncode != 0:
            raise Problem(f"This failed in the benchmark: {' '.join(command)}\n{self.said}")

    def row(self, what: str, ours: str, theirs: str, ratio: str, wanted: str) -> None:
        self.rows.append((what, ours, theirs, ratio, wanted))
        print(f"{self.airflow.version.name}: {what}: {ours} | {theirs} | {ratio} (wanted: {wanted})", flush=True)

    # -- what is measured

    def measures(self) -> Sequence[Callable[[], None]]:
        return (
            *(self.look, self.many, self.job, self.pause, self.configuration),
            *(self.wait, self.latency, self.memory),
        )

    def look(self) -> None:
        """A task with one GET, in the process of Ansible and in one of its own."""
        ways: Sequence[tuple[str, bool]] = (("look_module", True), ("look_module", False), ("look_uri", True))
        rounds = []
        for _round in range(ROUNDS):
            empty = self.play("look_uri", tasks=0)[0]
            rounds.append([(self.play(name, way, tasks=TASKS)[0] - empty) / TASKS for name, way in ways])
        *ours, uri = (statistics.median(column) for column in zip(*rounds))
        for number, (what, wanted) in enumerate((("", "at most 0.15"), (", in a process of its own", "at most 1"))):
            ratio = statistics.median(each[number] / each[-1] for each in rounds)
            times = f"{ours[number] * 1000:.0f} ms", f"{uri * 1000:.0f} ms"
            self.row(f"a task with one GET{what}", *times, f"{ratio:.2f}", wanted)

    def many(self) -> None:
        """A play of many tasks that find what is wanted, from the start of ansible-playbook to its end."""
        rounds = []
        with tempfile.TemporaryDirectory() as folder:
            for name in ("look_module", "look_uri"):
                play, tasks, task = (PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8").partition("  tasks:\n")
                once = re.sub(r" +loop: .*\n", "", task)
                (Path(folder) / f"{name}.yml").write_text(play + tasks + once * MANY, encoding="utf-8")
            shutil.copy(PLAYBOOKS / "uri.yml", folder)
            self.folder = Path(folder)
            for _round in range(3):
                rounds.append([self.play(name)[0] for name in ("look_module", "look_uri")])
            self.folder = PLAYBOOKS
        ours, theirs = (statistics.median(column) for column in zip(*rounds))
        ratio = statistics.median(module / uri for module, uri in rounds)
        what = f"a whole play of {MANY} tasks on DAGs that are as wanted"
        self.row(what, f"{ours:.1f} s", f"{theirs:.1f} s", f"{ratio:.2f}", "at most 0.15")

    def job(self) -> None:
        """The whole job, less the time that the DAG itself ran."""
        # Label -> playbook and its variables.
        others: dict[str, tuple[str, dict[str, Any]]] = {
            "uri": ("job_uri", {"delay": 2}),
            "uri that looks every 5 seconds, Ansible's default": ("job_uri", {"delay": 5}),
        }
        if self.generation == "v2":
            self.log_in_airflowctl()
            extra = {"airflowctl": self.airflowctl, "airflowctl_home": self.home}
            others["airflowctl, which reads no tasks and no logs"] = ("job_airflowctl", extra)
        jobs: dict[str, tuple[str, dict[str, Any]]] = {"": ("job_module", {}), **others}
        found: dict[str, list[tuple[float, int]]] = {label: [] for label in jobs}
        for number in range(ROUNDS):
            for label, (name, told) in jobs.items():
                self.airflow.api.call("PATCH", "/dags/fails", {"is_paused": True})
                run_id = f"bench_{name}_{number}_{time.time():.0f}"
                seconds, requests = self.play(name, run_id=run_id, **told)
                found[label].append((seconds - self.length_of_last("fails"), len(requests)))
        most = 0.35 if self.generation == "v1" else 0.25
        what = "unpause, trigger, wait, failed tasks with logs: outside of the run"
        ours, our_requests = medians(found[""])
        for label in others:
            theirs, their_requests = medians(found[label])
            self.row(f"{what} ({label})", f"{ours:.1f} s", f"{theirs:.1f} s", f"{ours / theirs:.2f}", f"at most {most}")
            share = f"{our_requests / their_requests:.2f}"
            self.row("… requests", f"{our_requests:.0f}", f"{their_requests:.0f}", share, "fewer")

    def log_in_airflowctl(self) -> None:
        """Leave the address of the server where airflowctl looks for it."""
        version = str(self.session.python)
        python = venvs("airflowctl", {version: version})[version]
        self.airflowctl = str(Path(python).with_name("airflowctl"))
        self.home = str(Path(self.env["HOME"]) / f"airflowctl-{self.airflow.version.name}")
        command = [self.airflowctl, "auth", "login", "--skip-keyring", "--api-url", self.relay.url]
        self.call([*command, "--api-token", self.airflow.api.token()], AIRFLOW_HOME=self.home)

    def length_of_last(self, dag_id: str) -> float:
        """Seconds from the creation of a DAG's last run to its end, by the server."""
        seconds = "select extract(epoch from end_date - queued_at) from dag_run"
        return float(self.airflow.query(f"{seconds} where dag_id = '{dag_id}' order by id desc limit 1")[0][0])

    def pause(self) -> None:
        """300 DAGs; by uri once only, since that takes minutes."""
        self.play("pause_module", paused=False)
        rounds = []
        for _round in range(3):
            seconds, sent = self.play("pause_module", paused=True)
            rounds.append((seconds, len(sent)))
            self.play("pause_module", paused=False)
        ours, our_requests = medians(rounds)
        theirs, their_sent = self.play("pause_uri", paused=True)
        self.row("300 DAGs paused", f"{ours:.1f} s", f"{theirs:.1f} s", f"{theirs / ours:.0f} times faster", "50 times")
        share = f"{our_requests / len(their_sent):.3f}"
        self.row("… requests", f"{our_requests:.0f}", str(len(their_sent)), share, "fewer")

    def configuration(self) -> None:
        """A configuration that is as wanted; uri reads each of its objects, but for the roles."""
        tree = configuration()
        keys = {"variables": "key", "connections": "connection_id", "pools": "name"}
        paths = [f"{kind}/{item[key]}" for kind, key in keys.items() for item in tree[kind]]
        self.play("objects_module", tree=tree)
        rounds = []
        for _round in range(3):
            empty = self.play("look_uri", tasks=0)[0]
            seconds, sent = self.play("objects_module", tree=tree)
            rounds.append((seconds - empty, len(sent)))
        ours, our_requests = medians(rounds)
        seconds, sent = self.play("objects_uri", paths=paths)
        theirs, count = seconds - empty, sum(map(len, tree.values()))
        what = f"a configuration of {count} objects that is as wanted"
        self.row(what, f"{ours:.1f} s", f"{theirs:.1f} s", f"{theirs / ours:.0f} times faster", "under 2 s")
        most = 12 if self.generation == "v2" else 12 + len(tree["connections"])
        self.row(
            "… requests", f"{our_requests:.0f}", str(len(sent)), f"{our_requests / len(sent):.2f}", f"at most {most}"
        )

    def wait(self) -> None:
        """50 runs that do not end: what a look at them costs."""
        runs = [{"dag_id": f"many_{number:03}", "dag_run_id": f"bench_{time.time():.0f}"} for number in range(RUNS)]
        for one in runs:
            self.airflow.api.call("PATCH", f"/dags/{one['dag_id']}", {"is_paused": True})
            extra = {"logical_date": None} if self.generation == "v2" else {}
            body = {"dag_run_id": one["dag_run_id"], **extra}
            self.airflow.api.call("POST", f"/dags/{one['dag_id']}/dagRuns", body)
        sent = self.play("wait_module", runs=runs)[1]
        # Each look begins with the first page of the active runs. Before the first one are login and detection, after
        # the last one comes the diagnosis of the time-out.
        looks = [number for number, request in enumerate(sent) if is_look(request)]
        each = (looks[-1] - looks[0]) / (len(looks) - 1)
        self.row(f"{RUNS} runs waited for: requests a look", f"{each:.2f}", str(RUNS), f"{each / RUNS:.3f}", "1 a look")

    def latency(self) -> None:
        """From the end of a run to the end of its task."""
        for seconds, progress in ((2, False), (60, False), (60, True)):
            rounds = []
            for number in range(3):
                run_id = f"bench_late_{seconds}_{progress}_{number}_{time.time():.0f}"
                requests = len(self.play("latency", run_id=run_id, seconds=seconds, progress=progress)[1])
                late, length = map(float, re.findall(r"LATE ([\d.]+) of ([\d.]+)", self.said)[0])
                rounds.append((late, length, requests))
            late, length, requests = sorted(rounds)[1]
            lines = ", with lines of progress" if progress else ""
            self.row(
                f"from the end of a run of {length:.0f} s to the end of its task{lines}",
                f"{late:.1f} s, {requests} requests",
                "",
                f"{late / length:.0%}",
                "at most 5 % or 0.5 s, and 0.1 s",
            )

    def memory(self) -> None:
        """Peak memory of airflow_task_info, and its requests."""
        run_id = f"bench_memory_{time.time():.0f}"
        self.airflow.api.call("PATCH", "/dags/ok", {"is_paused": True})
        extra = {"logical_date": None} if self.generation == "v2" else {}
        self.airflow.api.call("POST", "/dags/ok/dagRuns", {"dag_run_id": run_id, **extra})
        there = 0
        for count in INSTANCES:
            self.add_instances(run_id, there, count)
            there = count
            megabytes, requests = self.peak("airflow_task_info", dag_id="ok", dag_run_id=run_id)
            self.row(
                f"a run with {count} mapped task instances, read whole: peak memory",
                f"{megabytes:.0f} MB, {requests} requests",
                "",
                "",
                "under 80 MB and 101 requests for 10,000, besides login and detection",
            )

    def add_instances(self, run_id: str, first: int, end: int) -> None:
        """Rows like the one of the run's first task, as if it were mapped: they need not have run.

        They replace the tasks that the run had, so that there are exactly END of them.
        """
        names = self.airflow.query(
            "select column_name from information_schema.columns where table_name = 'task_instance'"
        )
        own = {"map_index": "number", "id": "gen_random_uuid()"}
        values = {f'"{name}"': own.get(name, f'one."{name}"') for (name,) in names}
        of_run = f"from task_instance where run_id = '{run_id}'"
        one = f"select * {of_run} order by map_index limit 1"
        self.airflow.query(
            f"insert into task_instance ({', '.join(values)}) select {', '.join(values.values())} "
            f"from ({one}) one, generate_series({first}, {end - 1}) number"
        )
        self.airflow.query(f"delete {of_run} and map_index < 0")

    def peak(self, module: str, **options: Any) -> tuple[float, int]:
        """Run a module as Ansible runs it on a host, and return its peak memory in MB and its requests."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as args:
            json.dump({"ANSIBLE_MODULE_ARGS": options}, args)
            args.flush()
            command = [f"{self.session.bin}/python", "-m", f"{MODULES}.{module}", args.name]
            env = {**self.env, "PYTHONPATH": str(linked())}
            self.relay.requests()
            process = Popen(command, env=env, stdout=DEVNULL, stdin=DEVNULL)
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Problem(f"{module} of the benchmark ended with status {process.returncode}.")
        return usage.ru_maxrss / 1024, len(self.relay.requests())


def configuration() -> dict[str, list[dict[str, Any]]]:
    """100 variables, 60 connections, 20 pools and 10 roles."""
    where = {"conn_type": "http", "host": "example.com", "port": 8080, "extra": {"timeout": 5}}
    reads = [{"action": "can_read", "resource": "DAGs"}]
    return {
        "variables": [{"key": f"bench_{number:03}", "value": {"number": number}} for number in range(100)],
        "connections": [{"connection_id": f"bench_{number:03}", **where} for number in range(60)],
        "pools": [{"name": f"bench_{number:03}", "slots": 4} for number in range(20)],
        "roles": [{"name": f"bench_{number:03}", "permissions": reads} for number in range(10)],
    }


def is_look(request: Mapping[str, Any]) -> bool:
    """Whether a request asks for the first page of active runs."""
    if not urlsplit(request["target"]).path.endswith("/dagRuns/list"):
        return False
    return not json.loads(request["body"]).get("page_offset")


def medians(figures: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """The median of the seconds, and that of the requests."""
    return statistics.median(one[0] for one in figures), statistics.median(one[1] for one in figures)


def bench(session: nox.Session) -> None:
    """Measure everything on each server; figures have no part in what passes or fails.

    The figures of each are kept, so that the document shows the newest of all servers that were ever measured here.
    """
    for name in session.posargs or servers.TESTED:
        with servers.server(session, name, many=True) as airflow, relay.counted(airflow.url) as line:
            bench = Bench(session, airflow, line)
            for measure in bench.measures():
                measure()
        KEPT.mkdir(parents=True, exist_ok=True)
        section = table(f"Airflow {airflow.version.airflow}, {date.today().isoformat()}", bench.rows)
        (KEPT / f"{name}.md").write_text(section, encoding="utf-8")
    text = HEAD.format(cores=os.cpu_count(), python=platform.python_version(), rounds=ROUNDS)
    text += "".join(file.read_text(encoding="utf-8") for file in sorted(KEPT.glob("*.md")))
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(text.rstrip() + "\n", encoding="utf-8")


def table(title: str, rows: Sequence[Sequence[str]]) -> str:
    """A section of the document."""
    head = ("what", "dagops.airflow", "uri, or as named", "ratio", "wanted")
    lines = [head, ("---",) * len(head), *rows]
    body = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"## {title}\n\n{body}\n"
