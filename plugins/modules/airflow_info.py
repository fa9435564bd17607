#!/usr/bin/python
# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: airflow_info
short_description: Read the version and the health of an Apache Airflow server, or wait until it is healthy
version_added: 1.0.0
description:
  - Returns the version of Airflow and of its API, and the health of its components. Airflow shows these without a
    login. If something in front of Airflow needs a login, the module sends it.
  - With O(wait) it waits until the server answers and is healthy, for example after a restart.
author:
  - The dagops.airflow authors (@dagops)
extends_documentation_fragment:
  - dagops.airflow.connection
  - dagops.airflow.attributes
  - dagops.airflow.attributes.reads
options:
  wait:
    description:
      - Whether to wait until all O(components) are healthy. An outage may then last as long as O(wait_timeout), for any
        O(retry_timeout). Answers that a server or its proxy gives during a start count as an outage, such as a status
        of 500, a page in place of Airflow's answer, or 404 of a proxy.
      - Check mode looks once.
    type: bool
    default: false
  components:
    description:
      - Components that must be healthy for O(wait) and for RV(healthy).
      - The default is the metadatabase and the scheduler, and the triggerer and the DAG processor if Airflow knows
        them. The module ignores a triggerer that has sent no heartbeat for 24 hours. The same is true for the DAG
        processor of Airflow 2.
      - Set it to wait for a triggerer that never ran before, or not to wait for a triggerer that you have just removed.
        On Airflow 3.4 a triggerer that was stopped normally looks as if it never ran.
    type: list
    elements: str
    choices: [metadatabase, scheduler, triggerer, dag_processor]
    version_added: 1.0.0
  wait_timeout:
    description: Maximum seconds for O(wait); V(0) looks once. If the server is not healthy by then, the task fails.
    type: float
    default: 300
  login:
    description:
      - Whether to also log in, to check that user name and password, or the token, are right. It needs no permission,
        except with O(api_auth=basic) and with a token for Airflow 2. There it needs C(can_read) on C(DAGs).
      - If the login is refused, the task fails. RV(logged_in=false) then means that the user name or the password is
        wrong.
    type: bool
    default: false
  readable_dags:
    description:
      - DAGs that the user must be able to read; needs O(login=true). V(*) means that the user must be able to read
        DAGs, whether there are any or not.
      - Airflow 3 uses changed permissions up to 30 seconds late, so the module tries it for 40 seconds. Check mode
        tries it once.
    type: list
    elements: str
  progress:
    description:
      - Whether to print a line during O(wait), each time other components are not healthy yet.
      - Lines are printed if the task runs in the process of C(ansible-playbook), see the notes. Nothing is printed for
        a task with C(no_log) and in check mode.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Read the version and the health
  dagops.airflow.airflow_info:
    api_url: https://airflow.example.com
  register: airflow

- name: Check the credentials
  dagops.airflow.airflow_info:
    api_username: deploy
    api_password: "{{ airflow_password }}"
    login: true

- name: Wait until Airflow is healthy again
  dagops.airflow.airflow_info:
    wait: true
    wait_timeout: 120

- name: Wait until DAGs can run, whether or not there is a triggerer
  dagops.airflow.airflow_info:
    wait: true
    components: [metadatabase, scheduler]
"""

RETURN = r"""
version:
  description: Version of Airflow, only its numbers. The beta V(3.4.0b2) is V(3.4.0), too.
  returned: success
  type: str
  sample: 2.11.2
api_version:
  description: Version of the REST API that this collection uses on it. V(v1) for Airflow 2, V(v2) for Airflow 3.
  returned: success
  type: str
logged_in:
  description: Whether the login was right; null if it was not tried.
  returned: success, or a wrong user name or password
  type: bool
healthy:
  description: Whether all O(components) are healthy.
  returned: success
  type: bool
health:
  description: Health of the components C(metadatabase), C(scheduler), C(triggerer) and C(dag_processor).
  returned: success, and when the wait timed out
  type: dict
  contains:
    metadatabase:
      description: Health of the metadatabase, with the keys of RV(health.scheduler).
      type: dict
    triggerer:
      description: Health of the triggerer, with the keys of RV(health.scheduler).
      type: dict
    dag_processor:
      description: Health of the DAG processor, with the keys of RV(health.scheduler).
      type: dict
    scheduler:
      description: Health of the scheduler.
      type: dict
      contains:
        status:
          description: Either V(healthy) or V(unhealthy); null if there is no such component or it never ran.
          type: str
        latest_heartbeat:
          description: When it last sent a heartbeat. ISO 8601 in UTC.
          type: str
timed_out:
  description: Whether the task failed because Airflow was not healthy in time.
  returned: when the wait timed out
  type: bool
"""

import contextlib
import typing as t

from ..module_utils._airflow.airflow import Airflow
from ..module_utils._airflow.health import COMPONENTS, VITAL, Health
from ..module_utils._base.clock import wait_until
from ..module_utils._base.errors import AirflowError, BadInput, Denied, TimedOut, WrongLogin
from ..module_utils._base.inputs import seconds_of
from ..module_utils._base.text import first_few, it_or_them
from ..module_utils._module import AirflowModule
from ..module_utils._work.progress import Progress
from ..module_utils._work.selection import find, selection_of

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 300.0},
    "components": {"type": "list", "elements": "str", "choices": list(COMPONENTS)},
    "login": {"type": "bool", "default": False},
    "readable_dags": {"type": "list", "elements": "str"},
    "progress": {"type": "bool", "default": True},
}
LONGEST_PAUSE = 5.0  # seconds between two looks
LATEST_CHANGE = 40.0  # seconds until Airflow 3, which keeps permissions for 30 seconds, uses what was changed of them


class InfoModule(AirflowModule):
    """Waits for a server that does not even answer yet: it refuses connections while it starts."""

    def connect(self, starting: bool = False) -> Airflow:
        if not waits(self):
            return super().connect(starting)
        timeout = seconds_of("wait_timeout", self.params["wait_timeout"])
        self.params["retry_timeout"] = timeout
        with answering_after(timeout):
            return super().connect(starting=True)


def run(module: AirflowModule, airflow: Airflow) -> dict[str, t.Any]:
    components = module.params["components"]
    if components == []:
        raise BadInput("components is empty; name at least one, or leave it out.")
    readable = module.params["readable_dags"]
    if readable and not module.params["login"]:
        raise BadInput("readable_dags is about the user who logs in; set login: true with it.")
    timeout = seconds_of("wait_timeout", module.params["wait_timeout"])
    if module.params["login"]:
        # The health may want a login, too, and that one is the proof then.
        airflow.client.passes = airflow.client.passes.anew()
    family = airflow.ask(Health)
    progress = Progress(airflow, module.params["progress"])
    health = wait_for_health(airflow, timeout, components, progress) if waits(module) else family.read()
    if module.params["login"]:
        prove(airflow)
    if readable:
        check_readable(airflow, readable, 0.0 if module.check_mode else LATEST_CHANGE)
    return {
        "changed": False,
        "logged_in": module.params["login"] or None,
        "version": ".".join(map(str, airflow.version())),
        "api_version": airflow.generation.name,
        "healthy": not family.ill(health, components),
        "health": health,
    }


def waits(module: AirflowModule) -> bool:
    return bool(module.params["wait"]) and not module.check_mode


def wait_for_health(
    airflow: Airflow, timeout: float, components: list[str] | None, progress: Progress
) -> dict[str, t.Any]:
    """Look until the server is healthy; TimedOut when it is not in time. What connecting took is a part of that."""
    client, family, patience = airflow.client, airflow.ask(Health), airflow.patience
    left = max(0.0, client.started + timeout - client.clock.now())
    patience.bears_all = True

    def look() -> dict[str, t.Any]:
        seen = family.read()
        ill = family.ill(seen, components)
        if ill:
            progress.tell(f"Airflow at {airflow.url} is not healthy yet: {', '.join(ill)}")
        return seen

    with answering_after(timeout), patience.within(left, bears_errors=True):
        health = wait_until(look, lambda seen: not family.ill(seen, components), client.clock, left, LONGEST_PAUSE)
    patience.bears_all = False
    ill = family.ill(health, components)
    if ill:
        raise TimedOut(
            f"Airflow at {airflow.url} is not healthy after {timeout:g} s: "
            f"see to its {', '.join(f'{name} ({state_of(health[name])})' for name in ill)}{way_out(ill, components)}.",
            health=health,
        )
    return health


def state_of(part: dict[str, t.Any]) -> str:
    """Return what is known of a component that is not healthy: since when it is so."""
    if part["status"] is None:
        return "it never ran"
    return f"no heartbeat since {part['latest_heartbeat']}" if part["latest_heartbeat"] else str(part["status"])


def way_out(ill: list[str], components: list[str] | None) -> str:
    """Return what helps where a component is missing on purpose."""
    return "" if components is not None or set(ill) & set(VITAL) else ", or leave it out of components"


@contextlib.contextmanager
def answering_after(timeout: float) -> t.Iterator[None]:
    """Let a server that has given no answer in all that time be one that is not healthy in time."""
    try:
        yield
    except AirflowError as error:
        if not error.lasted:
            raise
        raise TimedOut(f"Airflow is not healthy after {timeout:g} s: {error.message}", health={}) from error


def prove(airflow: Airflow) -> None:
    """Log in; a login that is known to be wrong says so to playbooks, too."""
    try:
        airflow.log_in()
    except WrongLogin as error:
        error.details["logged_in"] = False
        raise


def check_readable(airflow: Airflow, dag_ids: list[str], timeout: float) -> None:
    """Read DAGs as the user; an error when the user cannot read one of them in time."""
    selection = selection_of(dag_ids, None)

    def look() -> AirflowError | None:
        try:
            found = {dag["dag_id"] for dag in find(airflow, selection, stale=True)}
        except Denied as error:
            return error
        unseen = [dag_id for dag_id in selection.ids if dag_id not in found]
        if not unseen:
            return None
        return AirflowError(
            f"The user has logged in, and does not see {first_few(unseen)} in the list of DAGs; check that Airflow has "
            f"parsed {it_or_them(len(unseen))}, and the permissions of the user's roles."
        )

    problem = wait_until(look, lambda seen: seen is None, airflow.clock, timeout, LONGEST_PAUSE)
    if problem:
        raise problem


def main() -> None:
    InfoModule(ARGUMENT_SPEC, supports_check_mode=True).execute(run)


if __name__ == "__main__":
    main()
