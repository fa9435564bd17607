# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on files; what is done to their text is in test_cfg.py."""

from __future__ import annotations

import json
import os
import syslog
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._work import cfg as texts
from ansible_collections.dagops.airflow.plugins.module_utils._work.processes import Process
from ansible_collections.dagops.airflow.plugins.modules import airflow_cfg
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable, assert_result_documented
from ansible_collections.dagops.airflow.tests.unit.played import Played

TEXT = (
    "[core]\n# for us\nparallelism = 32\nfernet_key = s3cret-before\n\n[api]\nauth_backends = a,b\n"
    "url = http://me:s3cret-before@example.com\nlog_filename_template = {{ ti.dag_id }}.log\n"
)
AUTH = "AIRFLOW__API__AUTH_BACKENDS"
Options = t.Dict[str, t.Any]


class Cfg:
    """A file, and the module on it."""

    def __init__(self, played: Played, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.played = played
        self.file = folder / "airflow.cfg"
        self.file.write_bytes(TEXT.encode())
        self.file.chmod(0o640)
        self.processes: list[Process] = []
        self.asked: list[tuple[str, str, str]] = []
        self.warnings: list[str] = []
        monkeypatch.setattr(airflow_cfg, "airflow_processes", self.look)
        # Ansible gathers them in its process.
        monkeypatch.setattr(airflow_cfg.CfgModule, "warn", lambda _module, warning: self.warnings.append(warning))

    def look(self, *asked: str) -> list[Process]:
        self.asked.append(t.cast("t.Tuple[str, str, str]", asked))
        return self.processes

    def __call__(self, option: str = "parallelism", section: str = "core", **given: t.Any) -> Options:
        options = {
            "path": str(self.file),
            "section": section,
            "option": option,
            "_ansible_inject_invocation": True,
            **given,
        }
        result = self.played(airflow_cfg.main, **options)
        # Of all tests that ran in this process.
        result.pop("warnings", None)
        if not result.get("failed"):
            own = {key: value for key, value in result.items() if key not in ("invocation", "changed", "diff")}
            assert_result_documented(airflow_cfg, own)
        return result

    def refused(self, **given: t.Any) -> str:
        """The sentence of a task that fails and writes nothing, in check mode alike."""
        files = {path: path.read_bytes() for path in self.file.parent.rglob("*") if path.is_file()}
        checked, result = self(_ansible_check_mode=True, **given), self(**given)
        assert result["failed"]
        assert checked["msg"] == result["msg"]
        assert {path: path.read_bytes() for path in self.file.parent.rglob("*") if path.is_file()} == files
        assert "s3cret" not in json.dumps([checked, result])
        assert_readable(result["msg"])
        return t.cast("str", result["msg"])

    def diff_of(self, result: Options) -> list[str]:
        return [result["diff"]["before"], result["diff"]["after"]]


@pytest.fixture
def cfg(played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cfg:
    return Cfg(played, tmp_path, monkeypatch)


# What is given, and what stands in the file before it and then.
DONE: dict[str, tuple[Options, str, str]] = {
    "a value": ({"value": 64}, "parallelism = 32\n", "parallelism = 64\n"),
    "a value on several lines": ({"value": "6\n4"}, "parallelism = 32\n", "parallelism = 6\n    4\n"),
    "capitals": ({"section": "Core", "option": "Parallelism", "value": "64"}, "= 32\n", "= 64\n"),
    "no value": ({"value": ""}, "parallelism = 32\n", "parallelism =\n"),
    "a mapping": ({"value": {"a": 1}}, "parallelism = 32\n", 'parallelism = {"a": 1}\n'),
    "no option": ({"state": "absent"}, "parallelism = 32\n", ""),
    "a new option": ({"option": "executor", "value": "L"}, "[core]\n", "[core]\nexecutor = L\n"),
    "items": ({"section": "api", "option": "auth_backends", "items": ["b", "c"]}, "a,b\n", "a,b,c\n"),
    "items in JSON": ({"section": "api", "option": "auth_backends", "items": '["b","c"]'}, "a,b\n", "a,b,c\n"),
    "items that go": (
        {"section": "api", "option": "auth_backends", "items": ["b", "c"], "state": "absent"},
        "a,b\n",
        "a\n",
    ),
    "a secret": (
        {"option": "fernet_key", "secret_value": "s3cret%%after"},
        "fernet_key = s3cret-before\n",
        "fernet_key = s3cret%%after\n",
    ),
}


@pytest.mark.parametrize("name", DONE)
def test_check_mode_then_for_real_then_again(name: str, cfg: Cfg) -> None:
    given, before, after = DONE[name]
    checked = cfg(_ansible_check_mode=True, **given)
    assert cfg.file.read_text(encoding="utf-8") == TEXT
    done = cfg(**given)
    assert cfg.file.read_text(encoding="utf-8") == TEXT.replace(before, after)
    assert cfg.file.stat().st_mode & 0o777 == 0o640
    again = cfg(**given)
    assert (checked["changed"], done["changed"], again["changed"]) == (True, True, False)
    for result in (checked, done):
        del result["invocation"]
    assert checked == done
    assert again["value_before"] == again["value_after"] == done["value_after"]
    assert again["diff"]["before"] == again["diff"]["after"]
    assert [path.name for path in cfg.file.parent.iterdir()] == ["airflow.cfg"]


def test_the_result(cfg: Cfg) -> None:
    result = cfg(value="6\n4")
    del result["invocation"]
    header = f"{cfg.file} [core]"
    assert result == {
        "changed": True,
        "file": str(cfg.file),
        "hidden": False,
        "value_before": "32",
        "value_after": "6\n4",
        "overridden_by": [],
        "processes": [],
        "diff": {
            "before_header": header,
            "after_header": header,
            "before": "parallelism = 32\n",
            "after": "parallelism = 6\n    4\n",
        },
    }
    assert cfg.asked == [(str(cfg.file), "core", "parallelism")]


def test_items_in_the_result(cfg: Cfg) -> None:
    api: Options = {"section": "api", "option": "auth_backends"}
    result = cfg(items=["c"], **api)
    assert (result["items_before"], result["items_after"]) == (["a", "b"], ["a", "b", "c"])
    assert cfg.diff_of(result) == ["auth_backends = a,b\n", "auth_backends = a,b,c\n"]
    read = cfg(items=[], **api)
    assert (read["changed"], read["items_after"]) == (False, ["a", "b", "c"])
    nothing = cfg(items=[], state="absent", section="no", option="no")
    assert (nothing["changed"], nothing["items_after"], nothing["value_after"]) == (False, [], None)
    assert cfg.diff_of(nothing) == ["", ""]


def test_a_backup_is_made_of_what_is_changed(cfg: Cfg) -> None:
    assert "backup_file" not in cfg(value="32", backup=True)
    assert "backup_file" not in cfg(value="64", backup=True, _ansible_check_mode=True)
    result = cfg(value="64", backup=True)
    assert Path(result["backup_file"]).read_text(encoding="utf-8") == TEXT
    assert Path(result["backup_file"]).stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed(cfg: Cfg) -> None:
    link = cfg.file.parent / "folder" / "link.cfg"
    link.parent.mkdir()
    link.symlink_to("../airflow.cfg")
    result = cfg(path=str(link), value="64", backup=True)
    assert link.is_symlink()
    assert "parallelism = 64\n" in cfg.file.read_text(encoding="utf-8")
    assert Path(result["backup_file"]).parent == cfg.file.parent
    assert result["file"] == str(link)


def test_the_home_of_the_user_is_known(cfg: Cfg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(cfg.file.parent))
    assert cfg(path="~/airflow.cfg", value="64")["file"] == str(cfg.file)


# -- secrets

SECRETS: dict[str, Options] = {
    "a secret value": {"option": "fernet_key", "secret_value": "s3cret-after"},
    "of a name that tells nothing": {"option": "parallelism", "secret_value": "s3cret-after"},
    "a new one": {"option": "anything", "secret_value": "s3cret-after"},
    "a value of such a name": {"option": "fernet_key", "value": "s3cret-after"},
    "such a name in capitals": {"option": "FERNET_KEY", "value": "s3cret-after"},
    "a mapping": {"section": "secrets", "option": "backend_kwargs", "value": {"token": "s3cret-after"}},
    "items": {"option": "fernet_key", "items": ["s3cret-after"]},
    "a removal": {"option": "fernet_key", "state": "absent"},
    "a URL": {"section": "api", "option": "url", "value": "https://example.com"},
    "a new URL": {"section": "api", "option": "other", "value": "https://me:s3cret-after@example.com"},
    "the same": {"option": "fernet_key", "value": "s3cret-before"},
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_shown_nowhere(name: str, cfg: Cfg, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(syslog, "syslog", lambda *words: logged.append(str(words)))
    given = SECRETS[name]
    cfg.processes = [Process(7, "webserver", {AUTH: "s3cret://user:s3cret-environment@example.com"})]
    result = cfg(_ansible_check_mode=True, **given)
    assert result["changed"] is (name != "the same")
    assert result["hidden"] is True
    assert (result["value_before"], result["value_after"]) == (None, None)
    assert result["overridden_by"][0]["value"] is None
    shown = json.dumps([result, logged, cfg.warnings])
    assert "s3cret" not in shown
    before, after = cfg.diff_of(result)
    assert (before == after) is (name == "the same")
    assert "(not shown" in before + after


def test_a_short_secret_tears_nothing_out_of_the_result(cfg: Cfg) -> None:
    result = cfg(option="fernet_key", secret_value="air")
    assert result["file"] == str(cfg.file)
    assert result["invocation"]["module_args"]["secret_value"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_the_value_of_another_option_is_shown_as_it_was_given(cfg: Cfg) -> None:
    assert cfg(value="64")["invocation"]["module_args"]["value"] == "64"


# -- the environment


@pytest.mark.parametrize(
    ("given", "value", "warned"),
    [
        ({"items": ["b", "c"]}, "c, b", False),
        ({"items": ["b", "c"]}, "b", True),
        ({"items": ["b"], "state": "absent"}, "a", False),
        ({"items": ["b"], "state": "absent"}, "a,b", True),
        ({"items": []}, "x", False),
        ({"value": "a%%"}, "a%", False),
        ({"value": "a"}, "b", True),
        ({"secret_value": "a"}, "a", False),
        ({"state": "absent"}, "a", True),
    ],
)
def test_a_variable_that_says_something_else_is_warned_of(given: Options, value: str, warned: bool, cfg: Cfg) -> None:
    cfg.processes = [Process(7, "webserver", {AUTH: value}), Process(8, "scheduler", {})]
    result = cfg(section="api", option="auth_backends", **given)
    words = (
        f"{AUTH} in the environment of process 7 (webserver) overrides [api] auth_backends in {cfg.file}; "
        "change it there as well, or remove it."
    )
    assert cfg.warnings == ([words] if warned else [])
    entry = {"process": 7, "part": "webserver", "variable": AUTH, "value": None if "secret_value" in given else value}
    assert result["overridden_by"] == [entry]
    assert result["processes"] == [{"process": 7, "part": "webserver"}, {"process": 8, "part": "scheduler"}]


def test_variables_that_say_where_the_value_comes_from(cfg: Cfg) -> None:
    names = [f"{AUTH}_CMD", f"{AUTH}_SECRET"]
    cfg.processes = [Process(number, "webserver", dict.fromkeys(names, "x")) for number in (7, 8)]
    result = cfg(section="api", option="auth_backends", value="x")
    assert [entry["value"] for entry in result["overridden_by"]] == [None] * 4
    assert [warning.split(" overrides")[0] for warning in cfg.warnings] == [
        f"{name} in the environment of process 7 (webserver), 8 (webserver)" for name in names
    ]


# -- what is refused


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "state is present but any of the following are missing: value, secret_value, items"),
        ({"value": "a", "items": []}, "parameters are mutually exclusive: value|secret_value|items"),
        ({"value": "a", "state": "absent"}, "value has no meaning with state: absent; leave it out."),
        ({"secret_value": "s3cret", "state": "absent"}, "secret_value has no meaning with state: absent"),
        ({"section": "[core]", "value": "a"}, "section is the name of a section without its brackets"),
        ({"option": "a = b", "value": "a"}, "option is the name of an option, such as auth_backends"),
        ({"option": "fernet_key", "value": ["s3cret"]}, "value is a list; give a text, or use items."),
        ({"items": ["a,s3cret"], "option": "fernet_key"}, "items has an item that is empty or holds a comma"),
        (
            {"option": "fernet_key", "value": "s3cret 5%"},
            "has a % that Airflow's parser cannot read; write %% for each",
        ),
    ],
)
def test_options_that_cannot_be_right(given: Options, words: str, cfg: Cfg) -> None:
    assert words in cfg.refused(**given)


def test_paths_that_lead_to_no_file(cfg: Cfg) -> None:
    folder = cfg.file.parent
    (folder / "loop").symlink_to("loop")
    (folder / "nowhere").symlink_to("no.cfg")
    (folder / "latin").write_bytes(b"[core]\npassword = s3cret\xff\n")
    os.mkfifo(folder / "pipe")
    paths = {
        "no.cfg": "does not exist; correct the path.",
        "nowhere": "does not exist; correct the path.",
        "": "is not a file; give the path of airflow.cfg.",
        "pipe": "is not a file; give the path of airflow.cfg.",
        "airflow.cfg/x": "cannot be read (Not a directory); correct the path.",
        "loop": "cannot be read (Too many levels of symbolic links); correct the path.",
        "latin": "is no text in UTF-8, which Airflow needs; correct it first. Nothing was changed.",
    }
    for name, words in paths.items():
        for given in ({"value": "a"}, {"state": "absent"}, {"items": []}):
            assert cfg.refused(path=str(folder / name), **given) == f"{folder / name} {words}"


def test_a_file_that_may_not_be_read(cfg: Cfg, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read everything.
    def open_(path: str, *_more: t.Any, **_options: t.Any) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(texts, "open", open_, raising=False)
    words = "cannot be read by the user of this task; let the task become a user who may read it."
    assert cfg(value="a")["msg"] == f"{cfg.file} {words}"


def test_a_folder_that_may_not_be_written(cfg: Cfg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_what: False)
    assert cfg.refused(value="a") == (
        f"{cfg.file.parent} cannot be written by the user of this task; let the task become a user who may. "
        "Nothing was changed."
    )
    assert cfg(value="32")["changed"] is False


@pytest.mark.parametrize(
    "text", ["s3cret = 1\n", "[a]\ns3cret\n", "[a]\n[a]\n", "[core]\nfernet_key = 1\nfernet_key = s3cret\n"]
)
def test_a_file_that_airflow_cannot_read(text: str, cfg: Cfg) -> None:
    cfg.file.write_text(text, encoding="utf-8")
    for given in ({"value": "s3cret"}, {"state": "absent"}):
        message = cfg.refused(option="fernet_key", **given)
        assert message.startswith(str(cfg.file))
        assert message.endswith("; correct it first. Nothing was changed.")


def test_the_mode_of_a_file_with_other_letters_and_no_end_of_line(cfg: Cfg) -> None:
    cfg.file.write_bytes("[core]\r\n# für uns\r\nparallelism = 32".encode())
    cfg.file.chmod(0o600)
    assert cfg(value="é")["changed"]
    assert cfg.file.read_bytes() == "[core]\r\n# für uns\r\nparallelism = é".encode()
    assert cfg.file.stat().st_mode & 0o777 == 0o600
