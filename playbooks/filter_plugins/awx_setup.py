# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook awx_setup works out. These filters are its own: Ansible finds them only next to the playbook."""

from __future__ import annotations

import base64
import os
import re
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.plugins.module_utils._base.text import one_line, without_colours

Object = dict[str, t.Any]

YES = frozenset(("true", "yes", "on", "1", "y", "t"))
NO = frozenset(("false", "no", "off", "0", "n", "f"))
CERTS = "AIRFLOW_API_VALIDATE_CERTS"
TEXTS = {
    "url": "AIRFLOW_API_URL",
    "username": "AIRFLOW_API_USERNAME",
    "password": "AIRFLOW_API_PASSWORD",
    "token": "AIRFLOW_API_TOKEN",
}
FILES = {
    "ca_cert": "AIRFLOW_API_CA_PATH",
    "client_cert": "AIRFLOW_API_CLIENT_CERT",
    "client_key": "AIRFLOW_API_CLIENT_KEY",
}
NAME = "Airflow"  # that the definitions have
HOSTS = ("CONTROLLER_HOST", "TOWER_HOST", "AAP_HOSTNAME")
ENCRYPTED = "$encrypted$"  # what AWX shows of a secret; sent back, it keeps the secret
LONGEST_REASON = 1500  # characters
_ERRORS = re.compile(r"^(?:fatal: .*|ERROR! .*|\[ERROR\]: .*)", re.MULTILINE)


def awx_lacking(project_url: t.Any, rotate: t.Any = None) -> str:
    """Say what is not set, or is neither yes nor no; empty: nothing."""
    wanted = {
        "The environment variable CONTROLLER_HOST": next(filter(None, map(_env, HOSTS)), ""),
        "The environment variable AIRFLOW_API_URL": _env(TEXTS["url"]),
        "The variable airflow_awx_project_url": _text(project_url),
    }
    for name, value in wanted.items():
        if not value:
            return f"{name} is not set."
    answers = {f"The environment variable {CERTS}": _env(CERTS), "The variable airflow_awx_rotate": _text(rotate)}
    for name, value in answers.items():
        if value.lower() not in {"", *YES, *NO}:
            return f"{name} must be true or false, and is {value}; correct it. Nothing was changed."
    return ""


def awx_refusal(there: Object, organization: str, name: str, has_image: bool, galaxy: t.Sequence[Object]) -> str:
    """Say what would fail half-way, or leave jobs without the collection; empty: nothing.

    :param there: the organizations and the execution environments of these names that AWX has.
    :param galaxy: the Galaxy credentials of the organization.
    """
    owners = {found["id"] for found in there["organizations"]}
    if not owners:
        return f"AWX has no organization {organization}; name one in airflow_awx_organization."
    if any(environment["organization"] not in owners for environment in there["environments"]):
        return (
            f"The execution environment {name} belongs to another organization of AWX, or to none, and its name is "
            "unique in AWX; give another name in airflow_awx_name."
        )
    if not galaxy and not has_image:
        return (
            f"The organization {organization} has no Galaxy credential, so AWX installs no collection in its projects; "
            "add one to it in AWX, or name an image that holds the collection in airflow_awx_image."
        )
    return ""


def awx_inputs(credentials: t.Sequence[Object], rotate: t.Any = None) -> Object:
    """Return the inputs of the Airflow credential: those of the environment, and what the credential has besides.

    AWX replaces the inputs of a credential whole, so those that are not given are sent back as they are. A login
    replaces one of the other kind.

    :param credentials: the credential, if AWX has it.
    :param rotate: whether to write secrets that it already has.
    """
    given: Object = {key: _env(variable) for key, variable in TEXTS.items()}
    given.update({key: _content(variable) for key, variable in FILES.items()})
    given = {key: value for key, value in given.items() if value}
    if _env(CERTS):
        given["insecure"] = _env(CERTS).lower() in NO
    other_login = ("username", "password") if "token" in given else ("token",) if "username" in given else ()
    has: Object = credentials[0].get("inputs", {}) if credentials else {}
    kept = {key: value for key, value in has.items() if key not in other_login}
    if not awx_rotates(rotate):
        given = {key: value for key, value in given.items() if kept.get(key) != ENCRYPTED}
    return {**kept, **given}


def awx_rotates(rotate: t.Any) -> bool:
    """Whether the answer is yes."""
    return _text(rotate).lower() in YES


def awx_update_failure(update: Object, printed: t.Sequence[Object], project: str, timeout: t.Any) -> str:
    """Say why an update of the project was no success.

    :param printed: what AWX gives as its output, in Base64.
    """
    if "id" not in update:
        return str(update["msg"])
    which = f"Update {update['id']} of the project {project}"
    if not update.get("finished"):
        return (
            f"{which} has not ended after {timeout}s (airflow_awx_update_timeout), and is "
            f"{update.get('status') or 'pending'}; see whether AWX's task service runs."
        )
    content = base64.b64decode(printed[0]["content"]) if printed else b""
    text = without_colours(content.decode(errors="replace"))
    return f"{which} has failed: {one_line(' '.join(_ERRORS.findall(text)) or text, LONGEST_REASON)}"


def awx_nodes(nodes: t.Sequence[Object], name: str, organization: str) -> list[Object]:
    """Return the nodes of a workflow with the templates of this name, which belong to this organization."""
    return [
        {
            **node,
            "unified_job_template": {
                **node["unified_job_template"],
                "name": node["unified_job_template"]["name"].replace(NAME, str(name), 1),
                "organization": {"name": organization},
            },
        }
        for node in nodes
    ]


def _text(value: t.Any) -> str:
    """A variable as a survey or -e gives it."""
    return "" if value is None else str(value).strip()


def _env(variable: str) -> str:
    return os.environ.get(variable, "").strip()


def _content(variable: str) -> str:
    """The text of the file that a variable of the environment names; empty: it names none."""
    path = os.path.expanduser(_env(variable))
    if not path:
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise AnsibleFilterError(f"{path} of {variable} cannot be read ({why}); correct it.") from None


class FilterModule:
    """Ansible looks for a class of this name."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "awx_lacking": awx_lacking,
            "awx_refusal": awx_refusal,
            "awx_inputs": awx_inputs,
            "awx_rotates": awx_rotates,
            "awx_nodes": awx_nodes,
            "awx_update_failure": awx_update_failure,
        }
