# Copyright: (c) 2026, the dagops.airflow authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dagops.airflow.plugins.filter.dags_of_files import FilterModule, dags_of_files

KNOWN = {
    "one": "one.py",
    "two": "team.a/two.py",
    "three": "packed.zip/three.py",
    "four": "four.py",
    "five": "team_a/two.py",
    "six": "one.pyc",
    "seven": "other/one.py",
}
NAMES = ["one.py", "team.a/two.py", "packed.zip"]


def dags(folder):
    """The DAGs of KNOWN, with their files below FOLDER."""
    rest = {"is_stale": False, "has_import_errors": False, "last_parsed_time": None}
    return [{"dag_id": dag_id, "fileloc": folder + name, **rest} for dag_id, name in KNOWN.items()]


@pytest.mark.parametrize(
    ("root", "folder", "names", "expected"),
    [
        pytest.param("/srv/dags/", "/srv/dags/", NAMES, ["one", "two", "three"], id="the folder"),
        pytest.param("/srv/dags/", "/srv/dags", NAMES, ["one", "two", "three"], id="the folder without a slash"),
        pytest.param("/opt/dags/", "/srv/dags", NAMES, ["one", "two", "three", "seven"], id="another name of it"),
        pytest.param("/srv/dags/team.a/", "/srv/dags", ["two.py"], [], id="not below it"),
        pytest.param("/srv/dags/", "/srv/d.gs", ["one.py"], ["one", "seven"], id="no pattern"),
        pytest.param("/srv/dags/", "/srv/dags", [], [], id="no files"),
        pytest.param("/srv/dags/", "/", ["srv/dags/one.py"], ["one"], id="the root"),
    ],
)
def test_dags_that_come_from_the_files(root, folder, names, expected):
    assert dags_of_files(dags(root), names, folder) == expected


@pytest.mark.parametrize("value", [None, "etl", {"dags": []}, ["etl"], [{"dag_id": "etl"}]])
def test_what_is_no_list_of_dags_is_one_sentence(value):
    with pytest.raises(AnsibleFilterError) as caught:
        dags_of_files(value, NAMES, "/srv/dags")
    assert str(caught.value) == "dags_of_files takes the dags that airflow_dag_info and airflow_dag return."


def test_the_filter_has_its_name():
    assert FilterModule().filters() == {"dags_of_files": dags_of_files}
