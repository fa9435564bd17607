# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a run ask for, checked before anything is sent."""

from __future__ import annotations

import re
import secrets
import typing as t
from datetime import datetime, timezone

from .._airflow.airflow import Airflow
from .._airflow.runs import TriggerRequest
from .._base.clock import Clock
from .._base.conf import conf_of, merged
from .._base.errors import BadInput
from .._base.inputs import check_maskable, dag_id_of, dag_run_id_of, lines_of, new_dag_run_id_of, seconds_of
from .._base.masks import check_no_mask
from .._base.states import STATES
from .._base.text import one_line, texts_in
from .._base.times import time_of

LONGEST_NOTE = 1000  # characters
TIMES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")


class Wish(t.NamedTuple):
    """The checked options of C(airflow_dag_run).

    :param timeout_option: what messages call the option that C(wait_timeout) is from.
    """

    dag_id: str
    dag_run_id: str | None
    logical_date: datetime | None
    conf: dict[str, t.Any] | None
    request: TriggerRequest
    state: str
    only_failed: bool
    latest_version: bool
    when_paused: str
    wait: bool
    wait_timeout: float
    queued_timeout: float | None
    poll_interval: float
    cancel_on_timeout: bool
    log_lines: int
    progress: bool
    results: t.Sequence[str]
    timeout_option: str = "wait_timeout"

    def stamped(self, clock: Clock) -> Wish:
        """Return the same wish with the time of now in an id that was made up when the options were checked."""
        if self.dag_run_id:
            return self
        made_up = self.request.dag_run_id.split("__")
        return self._replace(
            request=self.request._replace(dag_run_id="__".join([made_up[0], _stamp(clock), made_up[2]]))
        )


def wish_of(params: t.Mapping[str, t.Any], airflow: Airflow, visible: t.Sequence[str] = ()) -> Wish:
    """Check all options before anything is sent; BadInput names the one that is wrong.

    :param visible: ids of other runs in the same result, in which no secret may occur, either.
    """
    state = params["state"]
    dag_id = dag_id_of("dag_id", params["dag_id"])
    given_id = params["dag_run_id"]
    id_of = new_dag_run_id_of if state == "triggered" else dag_run_id_of
    run_id = id_of("dag_run_id", given_id) if given_id else None
    times = {key: time_of(key, params[key]) if params[key] else None for key in TIMES}
    if state != "triggered" and not (run_id or times["logical_date"]):
        raise BadInput(f"state: {state} needs the dag_run_id or the logical_date of the run it is about.")
    if params["latest_version"] and state != "cleared":
        raise BadInput("latest_version is about runs that are run again; set state: cleared with it, or leave it out.")
    start, end = times["data_interval_start"], times["data_interval_end"]
    if (start is None) != (end is None):
        raise BadInput("data_interval_start and data_interval_end go together; give both or none.")
    if start and end and end < start:
        raise BadInput("data_interval_end is before data_interval_start; correct one of them.")
    if params["note"] and len(params["note"]) > LONGEST_NOTE:
        raise BadInput(f"note has {len(params['note'])} characters, and Airflow keeps {LONGEST_NOTE}; shorten it.")
    log_lines = lines_of("log_lines", params["log_lines"])

    conf = None if params["conf"] is None else conf_of("conf", params["conf"])
    request_id = run_id or new_dag_run_id(airflow.clock)
    if params["secret_conf"] is not None:
        secret_conf = conf_of("secret_conf", params["secret_conf"])
        # A DAG may well render a template.
        check_no_mask("secret_conf", secret_conf, template=False)
        check_maskable("secret_conf", secret_conf, [dag_id, request_id, airflow.url, *STATES, *visible])
        airflow.client.redact.add(texts_in(secret_conf))
        conf = merged(conf or {}, secret_conf)
    return Wish(
        dag_id=dag_id,
        dag_run_id=run_id,
        logical_date=times["logical_date"],
        conf=conf,
        request=TriggerRequest(dag_run_id=request_id, conf=conf or {}, note=params["note"], **times),
        state=state,
        only_failed=params["only_failed"],
        latest_version=params["latest_version"],
        when_paused=params["when_paused"],
        wait=params["wait"],
        wait_timeout=seconds_of("wait_timeout", params["wait_timeout"]),
        queued_timeout=(
            None if params["queued_timeout"] is None else seconds_of("queued_timeout", params["queued_timeout"])
        ),
        poll_interval=seconds_of("poll_interval", params["poll_interval"]),
        cancel_on_timeout=params["cancel_on_timeout"],
        log_lines=log_lines,
        progress=params["progress"],
        results=_results_of(params),
    )


def _results_of(params: t.Mapping[str, t.Any]) -> list[str]:
    """Check which results of the run are wanted."""
    words: list[str] = params["results"] or []
    for word in words:
        if not word.strip() or not word.isprintable():
            raise BadInput(f"results holds '{one_line(word, 60)}'; it takes ids of tasks, or task.key.")
    if words and params["state"] not in ("triggered", "awaited", "cleared"):
        raise BadInput(f"results does not go with state: {params['state']}; leave it out.")
    if words and params["state"] == "cleared" and not params["wait"]:
        raise BadInput("results of a run that is cleared needs wait: true; set it, or leave results out.")
    return words


def new_dag_run_id(clock: Clock, pattern: str = "") -> str:
    """Return an id that no other run has: C(ansible__<UTC time>__<random>), or another one that fits the pattern.

    :param pattern: a regular expression of the server's; an empty text is returned when no id that we know fits it.
    """
    stamp = _stamp(clock)
    parts = ("ansible", stamp, secrets.token_hex(4))
    digits = f"{stamp[:8]}{stamp[9:15]}{secrets.randbelow(10**9):09}"
    ids = ["__".join(parts), *(joint.join(parts).lower() for joint in ("__", "-", "_", ".", ""))]
    ids += [one.upper() for one in ids[2:]] + [f"manual__{ids[0]}", f"manual__{digits}", digits]
    return next((one for one in ids if fits(one, pattern)), "")


def _stamp(clock: Clock) -> str:
    return datetime.fromtimestamp(clock.utc(), timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def fits(dag_run_id: str, pattern: str) -> bool:
    """Whether an id fits a pattern, as Airflow looks at it."""
    try:
        return re.match(pattern, dag_run_id) is not None
    except re.error:
        return False
