# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How enable_api writes airflow.cfg; the edit itself is that of the filter with_basic_auth."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.dagops.airflow.tests.unit.plugins.filter.test_with_basic_auth import (
    BASIC,
    FORMS,
    KERBEROS,
    SESSION,
)
from ansible_collections.dagops.airflow.tests.unit.roles.playbooks import TASKS, play


def test_the_file_is_written_as_it_was_and_backed_up(tmp_path: Path) -> None:
    form = FORMS["comments and empty lines between the lines, CRLF"]
    # Airflow has templates of its own in this file.
    before, after = (text + "log_filename_template = {{ ti.dag_id }}.log\r\n" for text in (form.before, form.after))
    config = tmp_path / "airflow.cfg"
    config.write_bytes(before.encode())
    config.chmod(0o640)
    read = {
        "ansible.builtin.slurp": {"src": "{{ airflow_deploy_config }}"},
        "register": "__airflow_deploy_cfg",
        "no_log": True,
    }
    edit = {"ansible.builtin.include_tasks": str(TASKS / "edit_file.yml")}
    variables = {"airflow_deploy_config": str(config), "__airflow_deploy_version": "2.11.0"}
    checked = play(tmp_path, [read, edit], "--check", "--diff", **variables)
    assert checked.status == 0, checked.output
    assert config.read_bytes() == before.encode()
    played = play(tmp_path, [read, edit], "--diff", "-vvv", **variables)
    assert played.status == 0, played.output
    assert config.read_bytes() == after.encode()
    assert config.stat().st_mode & 0o777 == 0o640
    assert [path.read_bytes() for path in tmp_path.glob("airflow.cfg.*~")] == [before.encode()]
    assert f"-auth_backends = {KERBEROS},{SESSION}" in played.words
    assert f"+auth_backends = {KERBEROS},{SESSION},{BASIC}" in played.words
    assert "cret" not in checked.output + played.output.replace("secret", "")
