# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""However files are named and wherever Airflow has them, a name finds its file and no other."""

from __future__ import annotations

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._work.places import Finder, Where

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

some_examples = hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
WORD = st.sampled_from(["a", "b", "dags", "a.py", "b.zip"])
PATH = st.lists(WORD, min_size=1, max_size=3).map("/".join)
ROOT = "/opt/airflow/dags"


def record(place, root, bundles):
    """What Airflow 3 (BUNDLES) and Airflow 2 tell of the place of a DAG."""
    if bundles:
        return {"place": {"bundle": "dags-folder", "path": f"{root}/{place}", "relative": place}}
    return {"place": {"bundle": "", "path": f"{root}/{place}", "relative": ""}}


def found(where, records):
    finder = Finder(where)
    finder.learn(records)
    return {
        name: sorted(one["place"]["path"] for one in records)
        for name, records in finder.sort(records, lambda record: True).items()
    }


@some_examples
@hypothesis.given(st.sets(PATH, min_size=1, max_size=5), PATH, st.booleans())
def test_below_a_folder_that_airflow_knows_exactly_the_file_is_found(places, name, bundles):
    records = [record(place, ROOT, bundles) for place in places]
    wanted = sorted(f"{ROOT}/{place}" for place in places if f"{place}/".startswith(f"{name}/"))
    assert found(Where([name], ROOT, ""), records) == {name: wanted}
    if bundles:
        assert found(Where([name], "", ""), records) == {name: wanted}


@some_examples
@hypothesis.given(st.sets(PATH, min_size=1, max_size=5), st.booleans())
def test_by_whatever_path_airflow_knows_the_folder_each_file_is_found(places, bundles):
    names = sorted(f"{place}.x" for place in places)
    records = [record(name, ROOT, bundles) for name in names]
    # The last part of the folder is the same there.
    expected = {name: [f"{ROOT}/{name}"] for name in names}
    assert found(Where(names, "/srv/deploy/dags", ""), records) == expected


@some_examples
@hypothesis.given(PATH, PATH)
def test_the_only_file_with_the_name_is_found(root, name):
    records = [record(f"{name}.x", f"/{root}", False)]
    assert found(Where([f"{name}.x"], "/srv/elsewhere", ""), records) == {f"{name}.x": [f"/{root}/{name}.x"]}
