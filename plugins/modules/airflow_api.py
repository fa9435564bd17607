#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_api
short_description: Call any endpoint of the REST API of Apache Airflow
version_added: 1.0.0
description:
  - Sends one request to the REST API, with the login, the retries and the errors of this collection. Use it for things
    that no other module does.
  - Paths, queries and bodies are those of Airflow's REST API, so they differ between versions. The other modules have
    the same options on every version, and first check what exists.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.changes
attributes:
  check_mode:
    details:
      - In check mode reads are sent, and writes are not. A task with a write reports a change, and its diff shows the
        request.
  diff_mode:
    details:
      - The diff of a write is the request. Only Airflow knows what the request changes.
  idempotent:
    support: none
    details:
      - A write is sent each time.
options:
  path:
    description:
      - Path after the version of the API, such as V(/eventLogs) or V(/dags/etl_daily/tasks). The version is added.
      - URL-encode the names in the path, for example with the filter P(ansible.builtin.urlencode#filter).
      - The module refuses a full URL, a query, a part that is empty or has only dots, and a version at the beginning.
    type: str
    required: true
  method:
    description: Method of the request. Airflow 3 does not answer V(HEAD).
    type: str
    choices: [GET, HEAD, POST, PUT, PATCH, DELETE]
    default: GET
  query:
    description: Query of the request. A list repeats its key, and a null is left out.
    type: dict
  body:
    description:
      - Body of the request. A mapping or a list, or its JSON text.
      - It stays visible in Ansible's output. Set C(no_log) for the task if it contains secrets.
    type: raw
  pages:
    description:
      - Whether to read all pages of a list, with O(method=GET). Use O(query) to limit a large list, such as that of
        V(/eventLogs).
    type: bool
    default: false
  reads:
    description:
      - Set it for a V(POST) that changes nothing, such as one to V(/dags/~/dagRuns/list), or one with C(dry_run). It is
        also sent in check mode and repeated after outages, and the task reports no change.
      - It is refused with other methods that write.
    type: bool
    default: false
  repeat:
    description:
      - Set it for a write that can safely be done twice. It is then repeated after outages, like a read.
      - Otherwise a write is sent once. If its answer is lost, the task fails and says that the result is not known.
    type: bool
    default: false
seealso:
  - name: REST API of Airflow 3
    description: All endpoints, with their queries and bodies.
    link: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html
"""

EXAMPLES = r"""
- name: Who did what, the last first
  dagops.airflow.airflow_api:
    api_url: https://airflow.example.com
    api_username: deploy
    api_password: "{{ airflow_password }}"
    path: /eventLogs
    query:
      order_by: -when
    pages: true
  register: events

- name: Show the event log of a DAG
  ansible.builtin.debug:
    msg: "{{ events.json.event_logs | selectattr('dag_id', 'equalto', 'etl_daily') | map(attribute='event') }}"

- name: The runs of several DAGs, with a POST that only reads
  dagops.airflow.airflow_api:
    path: /dags/~/dagRuns/list
    method: POST
    body:
      dag_ids: [etl_daily, etl_hourly]
      states: [failed]
    reads: true

- name: List the tasks that a clear would run again; Airflow's dry run writes nothing
  dagops.airflow.airflow_api:
    path: /dags/etl_daily/clearTaskInstances
    method: POST
    body:
      dry_run: true
      only_failed: false
    reads: true

- name: Unpause a DAG; this can safely be done twice
  dagops.airflow.airflow_api:
    path: /dags/etl_daily
    method: PATCH
    query:
      update_mask: is_paused
    body:
      is_paused: false
    repeat: true
"""

RETURN = r"""
status:
  description: Status of the answer. Null for a write in check mode, and if no answer came.
  returned: when Airflow has accepted or refused the request
  type: int
  sample: 200
json:
  description:
    - The answer of Airflow, also an error. With O(pages) it has the list with the items of all pages under its own key,
      and C(total_entries).
    - Null if there is no answer; a string if the answer is not JSON.
  returned: when Airflow has accepted or refused the request
  type: raw
  sample: {"pools": [{"name": "default_pool", "slots": 128}], "total_entries": 1}
"""

import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.endpoints import READING, Endpoints, request_of
from ..module_utils._module import AirflowModule

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "path": {"type": "str", "required": True},
    "method": {"type": "str", "choices": [*READING, "POST", "PUT", "PATCH", "DELETE"], "default": "GET"},
    "query": {"type": "dict"},
    "body": {"type": "raw"},
    "pages": {"type": "bool", "default": False},
    "reads": {"type": "bool", "default": False},
    "repeat": {"type": "bool", "default": False},
}


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    request = request_of(module.params)
    sent = {request.name: {"query": request.query, "body": request.body}} if request.writes else {}
    result = {"changed": request.writes, "diff": {"before": {}, "after": sent}}
    if request.writes and module.check_mode:
        return {**result, "status": None, "json": None}
    return {**result, **airflow.ask(Endpoints).send(request)}


def main() -> None:
    AirflowModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
