# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks run_dag and cancel_dag_run work out, by filters of their own."""

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.playbooks.filter_plugins import dag_runs
from ansible_collections.dagops.airflow.tests.unit.told import ROOT

URL = "https://airflow.example.com/dags/etl/grid?dag_run_id=r"
RUN = {"dag_id": "etl", "dag_run_id": "r", "state": "success", "start_date": "2026-11-22T10:15:00Z", "url": URL}
NAMED = {"dag_id": "etl", "dag_run_id": "r", "state": "success", "url": URL}
# What check mode would make.
MADE = {"diff": {"before": {}, "after": {"DAG run etl / r": {"state": "queued"}}}}


def test_all_filters_are_offered():
    filters = dag_runs.FilterModule().filters()
    assert all(getattr(dag_runs, name) is function for name, function in filters.items())
    texts = [(ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8") for name in ("run_dag", "cancel_dag_run")]
    assert all(f"| {name}" in "".join(texts) for name in filters)


@pytest.mark.parametrize(
    ("job", "key", "run_id"),
    [(7, None, "awx__7"), ("7", "", "awx__7"), (7, " b ", "awx__7__b"), ("", "b", ""), (None, None, "")],
)
def test_ids_of_jobs(job, key, run_id):
    assert dag_runs.run_id_of_job(job, key) == run_id


@pytest.mark.parametrize(
    ("dag_id", "dag_run_id", "artifact", "named"),
    [
        ("etl", " r ", None, ("etl", "r")),
        ("etl", 7, NAMED, ("etl", "7")),
        ("", None, NAMED, ("etl", "r")),
        ("etl ", "", NAMED, ("etl", "r")),
        # Another DAG than that of the artifact.
        ("other", "", NAMED, ("other", "")),
        (None, None, {}, ("", "")),
        ("", "", "", ("", "")),
        ("etl", "", "no mapping", ("etl", "")),
        ("etl", "", {"dag_id": "etl", "dag_run_id": None}, ("etl", "")),
    ],
)
def test_the_run_that_is_meant(dag_id, dag_run_id, artifact, named):
    assert tuple(dag_runs.named_run(dag_id, dag_run_id, artifact).values()) == named


@pytest.mark.parametrize(
    ("result", "check_mode", "artifact"),
    [
        ({"dag_run": RUN}, False, NAMED),
        ({"dag_run": RUN, "elapsed": 1.0, **MADE}, False, NAMED),
        ({"dag_run": {**RUN, "state": None, "url": None}}, False, {**NAMED, "state": "unknown", "url": ""}),
        # Nothing that later nodes could use.
        ({"msg": "The server cannot be reached."}, False, {}),
        ({"dag_run": RUN, **MADE}, True, {}),
        # In check mode, a run that was there.
        ({"dag_run": RUN, "diff": {"after": {}}}, True, NAMED),
        ({"dag_run": RUN, "diff": None}, True, NAMED),
    ],
)
def test_what_later_nodes_need_to_know(result, check_mode, artifact):
    assert dag_runs.run_artifact(result, check_mode) == artifact
