# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which permissions a request takes: as it was tried on 2.11.2 and 3.3.2 with roles that lack one of them."""

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._airflow.permissions import permissions_for
from ansible_collections.dagops.airflow.plugins.module_utils._http.login import Takes

ETL = "DAG:etl or DAGs"
TASK = "/dags/etl/dagRuns/r%2F1/taskInstances/load"
READS_RUN, EDITS_RUN = f"can_read on {ETL}, and can_read on DAG Runs", f"can_edit on {ETL}, and can_edit on DAG Runs"

TAKES = [
    ("GET", "/dags", "can_read on DAGs"),
    ("PATCH", "/dags", "can_edit on DAGs"),
    ("GET", "/dags/etl", f"can_read on {ETL}"),
    ("GET", "/dags/b%C3%BC%20%25", "can_read on DAG:bü % or DAGs"),
    ("PATCH", "/dags/etl", f"can_edit on {ETL}"),
    ("DELETE", "/dags/etl", f"can_delete on {ETL}"),
    ("PUT", "/parseDagFile/abc", "can_edit on DAGs"),
    ("GET", "/dags/etl/dagRuns", READS_RUN),
    ("GET", "/dags/~/dagRuns", "can_read on DAGs, and can_read on DAG Runs"),
    ("POST", "/dags/~/dagRuns/list", "can_read on DAGs, and can_read on DAG Runs"),
    ("GET", "/dags/etl/dagRuns/r1/wait", READS_RUN),
    ("POST", "/dags/etl/dagRuns", f"can_edit on {ETL}, and can_create on DAG Runs"),
    ("PATCH", "/dags/etl/dagRuns/r1", EDITS_RUN),
    ("PATCH", "/dags/etl/dagRuns/r1/setNote", EDITS_RUN),
    ("POST", "/dags/etl/dagRuns/r1/clear", EDITS_RUN),
    ("DELETE", "/dags/etl/dagRuns/r1", f"can_edit on {ETL}, and can_delete on DAG Runs"),
    ("POST", "/dags/etl/clearTaskInstances", f"{EDITS_RUN}, and can_edit on Task Instances"),
    ("POST", "/dags/etl/updateTaskInstancesState", f"{EDITS_RUN}, and can_edit on Task Instances"),
    ("GET", TASK, f"{READS_RUN}, and can_read on Task Instances"),
    ("GET", TASK + "/3/tries", f"{READS_RUN}, and can_read on Task Instances"),
    ("GET", TASK + "/logs/1", f"can_read on {ETL}, and can_read on Task Logs"),
    ("GET", TASK + "/xcomEntries/return_value", f"can_read on {ETL}, and can_read on XComs"),
    ("PATCH", TASK + "/-1/hitlDetails", f"can_edit on {ETL}, and can_edit on HITL Detail"),
    ("GET", "/dags/etl/tasks", f"can_read on {ETL}, and can_read on Task Instances"),
    ("GET", "/dags/etl/dagVersions", f"can_read on {ETL}, and can_read on DAG Versions"),
    ("GET", "/importErrors", "can_read on ImportError"),
    ("GET", "/pools/a%2Fb", "can_read on Pools"),
    ("POST", "/connections", "can_create on Connections"),
    ("PATCH", "/variables/x", "can_edit on Variables"),
    ("DELETE", "/users/ann", "can_delete on Users"),
    ("POST", "/assets/events", "can_create on Assets"),
    ("GET", "/datasets", "can_read on Datasets"),
    ("PUT", "/backfills/3/cancel", "can_edit on Backfills"),
    ("GET", "/version", ""),
    ("TRACE", "/dags", ""),
]


@pytest.mark.parametrize(("method", "path", "takes"), TAKES)
@pytest.mark.parametrize("root", ["/api/v1", "/api/v2"])
def test_in_the_words_of_fab(root, method, path, takes):
    assert permissions_for(method, root + path, fab=True).permissions == takes


def test_users_and_roles_have_an_api_of_their_own():
    assert permissions_for("GET", "/auth/fab/v1/roles/a", fab=True) == Takes("can_read on Roles", is_for_admins=True)
    assert permissions_for("GET", "/auth/token", fab=True) == Takes()


def test_in_the_words_of_other_auth_managers():
    assert (
        permissions_for("POST", "/api/v2/dags/etl/dagRuns", fab=False).permissions
        == "PUT on DAG etl, and POST on DAG Runs"
    )
    assert permissions_for("PATCH", "/api/v2/pools/a", fab=False) == Takes("PUT on Pools")
