# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options by which modules reach Airflow: all of them over the API, some also by its command."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base URL of Airflow's webserver (Airflow 2) or API server (Airflow 3), with its path prefix if it has one, for
        example V(https://airflow.example.com) or V(https://example.com/airflow).
      - A trailing slash, V(/api/v1) or V(/api/v2) is accepted. Credentials in it are refused.
      - If it is not set, the environment variable E(AIRFLOW_API_URL) is used. One of the two is required.
    type: str
  api_username:
    description:
      - Name of the user to log in as, such as V(deploy).
      - On Airflow 2 it is sent with each request (see O(api_auth)). On Airflow 3 each task exchanges it for a token
        once.
      - If it is not set, the environment variable E(AIRFLOW_API_USERNAME) is used.
    type: str
  api_password:
    description:
      - Password of the user to log in as. Required with O(api_username).
      - Ansible masks it everywhere in a result, so a password such as V(admin) masks every V(admin) in your output.
      - If it is not set, the environment variable E(AIRFLOW_API_PASSWORD) is used.
    type: str
  api_auth:
    description:
      - How to log in to Airflow 2 with user name and password. It has no effect on Airflow 3 and with O(api_token).
      - V(basic) uses basic auth. C([api] auth_backends) in airflow.cfg must contain it.
      - V(session) posts the login form of the web interface once and then sends its cookie. An Airflow 2 with its
        default settings allows only this. Airflow limits the number of logins, so a task waits up to 60 seconds until
        it can log in.
      - V(auto) uses basic auth. If the server refuses it, it uses the login form. After a few requests it also changes
        to the login form, because Airflow checks the password again at each request with basic auth, which takes
        longer than most requests. If that does not work, it stays with basic auth. Tasks that do not run in the process
        of C(ansible-playbook) do not change.
      - If a proxy in front of Airflow needs the same name and password as basic auth for every path, it gets them, too.
      - If it is not set, the environment variable E(AIRFLOW_API_AUTH) is used.
    type: str
    choices: [auto, basic, session]
    default: auto
  api_token:
    description:
      - Bearer token from another source (Astronomer, Cloud Composer, a JSON web token of Airflow 3), in place of
        O(api_username) and O(api_password).
      - If it is not set, the environment variable E(AIRFLOW_API_TOKEN) is used.
      - Options come before the environment. With O(api_token), user name and password of the environment have no
        effect. With O(api_username) or O(api_password), the token of the environment has none.
    type: str
  api_headers:
    description:
      - Further headers for each request, by name, for example C(Proxy-Authorization) for an identity-aware proxy.
      - Their values are secrets. Ansible masks them everywhere in a result. So the module refuses a value that is
        shorter than 6 characters or that is a part of O(api_url).
    type: dict
  api_version:
    description:
      - Version of Airflow's REST API. V(v1) is that of Airflow 2, V(v2) that of Airflow 3.
      - V(auto) finds out the version with one small request per task. The request sends name and password only if the
        server asks for them.
      - If it is not set, the environment variable E(AIRFLOW_API_VERSION) is used.
    type: str
    choices: [auto, v1, v2]
    default: auto
  validate_certs:
    description:
      - Whether the server's TLS certificate must be valid. Set it to V(false) only on test servers.
      - If it is not set, the environment variable E(AIRFLOW_API_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - PEM file with the certificates of the authorities to trust, in place of those that C(requests) trusts. An empty
        file counts as unset.
      - If it is not set, the environment variable E(AIRFLOW_API_CA_PATH) is used.
    type: path
  client_cert:
    description:
      - PEM file with a client certificate. It can also contain the key.
      - If it is not set, the environment variable E(AIRFLOW_API_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - PEM file with the key of O(client_cert).
      - If it is not set, the environment variable E(AIRFLOW_API_CLIENT_KEY) is used.
    type: path
  request_timeout:
    description:
      - Seconds to wait for the answer to one HTTP request, and for each further part of it.
      - If it is not set, the environment variable E(AIRFLOW_API_REQUEST_TIMEOUT) is used.
    type: float
    default: 30
  retry_timeout:
    description:
      - Seconds that one outage may last before it is an error. An outage is a refused or broken connection, a request
        without an answer in time, or a status of 429, 502, 503, 504, 520 to 524 or 530. With V(0) the first one is an
        error.
      - If Airflow has answered before in the task, a status of 500, or an answer of a proxy in place of Airflow (404, a
        page or a redirect), is also an outage. A request that could create something twice is not repeated.
      - If it is not set, the environment variable E(AIRFLOW_API_RETRY_TIMEOUT) is used.
    type: float
    default: 30
requirements:
  - requests, in the Python that runs the module
notes:
  - A task on the control node (C(hosts=localhost), C(connection=local)) runs in the process of C(ansible-playbook),
    with its Python and its C(requests). This is much faster than another module. It needs no
    C(ansible_python_interpreter).
  - A task with C(become), C(async) or another Python in C(ansible_python_interpreter) runs like any other module. On
    macOS all tasks run like this. The results are the same. The environment variable E(DAGOPS_AIRFLOW_IN_PROCESS) or
    the variable C(dagops_airflow_in_process) with the value C(false) makes all tasks run like this.
  - The environment variables of these options are read first on the control node, with the C(environment) of the task,
    and then on the host where the module runs. A task with C(become) or on another host gets their values as options.
    Variables with the path of a file are passed only to tasks on the control node.
  - An empty text counts as unset, in an environment variable and in each option that is no list. It clears a field of
    an object if the module says so. An empty list is a value, so C(roles=[]) removes all roles of a user.
"""

    COMMAND = r"""
options:
  airflow_command:
    description:
      - The command C(airflow) on the host where the module runs. It is used in place of the API.
      - A string, such as a path, which is split into words as in a shell, or a list of words, such as
        V([docker, exec, -i, webserver, airflow]).
      - It runs as the user that the task becomes (C(become_user)). Each call takes some seconds. C(requests) is not
        needed.
      - It overrides the environment variable E(AIRFLOW_API_URL). It cannot be used together with O(api_url). If
        C(module_defaults) set O(api_url), set O(api_url) to an empty string in the task.
    type: raw
  airflow_home:
    description:
      - C(AIRFLOW_HOME) for O(airflow_command). If it is not set, the value of the task's environment is used, or
        Airflow's own default. It is not passed into a container.
      - Airflow creates a new configuration and database in a folder without them. So if O(airflow_command) is a single
        word, the module refuses a folder that has no C(airflow.cfg) and no C(airflow.db), unless the environment of the
        task has E(AIRFLOW__DATABASE__SQL_ALCHEMY_CONN) or E(AIRFLOW_CONFIG).
    type: path
  command_timeout:
    description: Seconds that one call of O(airflow_command) may take before it is stopped and the task fails.
    type: float
    default: 300
"""
