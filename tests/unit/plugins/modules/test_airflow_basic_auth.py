# Copyright: (c) 2026, the dagops.airflow authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on files, with processes that a test makes up; how texts are edited is in test_cfg.py."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.dagops.airflow.plugins.module_utils._work import basic_auth
from ansible_collections.dagops.airflow.plugins.module_utils._work.processes import Process
from ansible_collections.dagops.airflow.plugins.modules import airflow_basic_auth
from ansible_collections.dagops.airflow.tests.unit.frame import assert_readable, assert_result_documented
from ansible_collections.dagops.airflow.tests.unit.played import Played

SESSION = "airflow.api.auth.backend.session"
BASIC = "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
OLD_BASIC = "airflow.api.auth.backend.basic_auth"
DENY = "airflow.api.auth.backend.deny_all"
AUTH = "AIRFLOW__API__AUTH_BACKENDS"
TEXT = f"[core]\nfernet_key = s3cret\n\n[api]\n# for us\nauth_backends = {SESSION}\n"
Options = t.Dict[str, t.Any]


class Cfg:
    """A file, and the module on it."""

    def __init__(self, played: Played, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.played = played
        self.file = folder / "airflow.cfg"
        self.due = folder / "airflow.cfg.restart-due"
        self.file.write_text(TEXT, encoding="utf-8")
        # By the name of the option.
        self.processes = {"auth_backends": [Process(7, "webserver", {})], "auth_backend": []}
        self.looks = 0
        monkeypatch.setattr(basic_auth, "airflow_processes", self.look)

    def look(self, _path: str, _section: str, *options: str) -> list[Process]:
        self.looks += 1
        return [process for option in options for process in self.processes[option]]

    def __call__(self, **given: t.Any) -> Options:
        options = {"path": str(self.file), "airflow_version": "2.11.0", **given}
        result = self.played(airflow_basic_auth.main, **{key: value for key, value in options.items() if value != ""})
        result.pop("warnings", None)
        result.pop("invocation", None)
        if not result.get("failed"):
            own = {key: value for key, value in result.items() if key not in ("changed", "diff")}
            assert_result_documented(airflow_basic_auth, own)
        assert "s3cret" not in str(result)
        return result

    def refused(self, **given: t.Any) -> str:
        """The sentence of a task that fails and writes nothing, in check mode alike."""
        before = {path: path.read_bytes() for path in self.file.parent.iterdir()}
        checked, result = self(_ansible_check_mode=True, **given), self(**given)
        assert result["failed"]
        assert checked["msg"] == result["msg"]
        assert {path: path.read_bytes() for path in self.file.parent.iterdir()} == before
        assert_readable(result["msg"])
        return str(result["msg"])


@pytest.fixture
def cfg(played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cfg:
    return Cfg(played, tmp_path, monkeypatch)


def test_the_processes_are_looked_at_once(cfg: Cfg) -> None:
    """Both names of the option are looked for together."""
    cfg()
    assert cfg.looks == 1


def test_check_mode_then_for_real_then_again_until_the_restart(cfg: Cfg) -> None:
    checked = cfg(_ansible_check_mode=True)
    assert [path.name for path in cfg.file.parent.iterdir()] == ["airflow.cfg"]
    done = cfg(backup=True)
    assert cfg.file.read_text(encoding="utf-8") == TEXT.replace(SESSION, f"{SESSION},{BASIC}")
    assert Path(done["backup_file"]).read_text(encoding="utf-8") == TEXT
    assert cfg.due.stat().st_mode & 0o777 == 0o644
    again = cfg()
    assert [each["changed"] for each in (checked, done, again)] == [True, True, False]
    assert [each["restart_due"] for each in (checked, done, again)] == [True, True, True]
    option = f"[api] auth_backends in {cfg.file}"
    assert checked["msg"] == f"{option} was {SESSION} and would be {SESSION},{BASIC}."
    assert done["msg"] == (
        f"{option} was {SESSION} and is now {SESSION},{BASIC}. The file as it was: {done['backup_file']}"
    )
    assert again["msg"] == f"{option} has basic auth. The webserver has not been restarted since it was added."
    assert checked["diff"] == done["diff"]
    assert (done["diff"]["before"], done["diff"]["after"]) == (
        f"auth_backends = {SESSION}\n",
        f"auth_backends = {SESSION},{BASIC}\n",
    )
    assert (again["diff"]["before"], again["backends_before"]) == (again["diff"]["after"], [SESSION, BASIC])

    assert cfg(_ansible_check_mode=True, airflow_version="", restarted=True)["changed"] is True
    assert cfg.due.exists()
    restarted = [cfg(airflow_version="", restarted=True) for _time in range(2)]
    assert not cfg.due.exists()
    assert [(each["changed"], each["restart_due"]) for each in restarted] == [(True, False), (False, False)]
    assert cfg()["restart_due"] is False


# The option now and before Airflow 2.3, further options of the module, and the backends before and after it.
BACKENDS: dict[str, tuple[str | None, str | None, Options, list[str], list[str]]] = {
    "none": (None, None, {}, [SESSION], [SESSION, BASIC]),
    "empty": ("", None, {}, [SESSION], [SESSION, BASIC]),
    "as it comes": (SESSION, None, {}, [SESSION], [SESSION, BASIC]),
    "on lines": (f"\n  {DENY},\n  {SESSION}", None, {}, [DENY, SESSION], [DENY, SESSION, BASIC]),
    "before 2.3": (None, DENY, {}, [DENY], [DENY, BASIC, SESSION]),
    "before 2.3 and since": (SESSION, DENY, {}, [SESSION], [SESSION, BASIC]),
    "empty since 2.3": ("", DENY, {}, [SESSION], [SESSION, BASIC]),
    "another one": (OLD_BASIC, None, {}, [OLD_BASIC], [OLD_BASIC, SESSION]),
    "all": (f"x,{BASIC},{SESSION}", None, {}, ["x", BASIC, SESSION], ["x", BASIC, SESSION]),
    "all before 2.3": (None, f"{BASIC},{SESSION}", {}, [BASIC, SESSION], [BASIC, SESSION]),
    "an older Airflow": (None, None, {"airflow_version": "2.8.4"}, [SESSION], [SESSION, OLD_BASIC]),
    "what the command says": (
        None,
        None,
        {"airflow_version": "2 warnings\n2.8.1.dev0+x\n\n"},
        [SESSION],
        [SESSION, OLD_BASIC],
    ),
    "a name that is given": (None, None, {"backend": "my.own"}, [SESSION], [SESSION, "my.own"]),
    "a name that is there": (
        f"my.own,{SESSION}",
        None,
        {"backend": "my.own"},
        ["my.own", SESSION],
        ["my.own", SESSION],
    ),
}


@pytest.mark.parametrize("name", BACKENDS)
def test_the_backends_that_there_are_to_be(name: str, cfg: Cfg) -> None:
    now, old, given, before, after = BACKENDS[name]
    values = {"auth_backends": now, "auth_backend": old}
    text = "[api]\n" + "".join(f"{key} = {value}\n" for key, value in values.items() if value is not None)
    cfg.file.write_text(text, encoding="utf-8")
    result = cfg(**given)
    assert (result["backends_before"], result["backends_after"]) == (before, after)
    assert result["changed"] is (before != after)
    assert cfg.due.exists() is (before != after)
    again = cfg(**given)
    assert (again["changed"], again["backends_before"]) == (False, after)


def test_on_airflow_3_there_is_nothing_to_enable(cfg: Cfg) -> None:
    result = cfg(path=str(cfg.file.parent / "no.cfg"), airflow_version="3.0.0b1")
    assert (result["changed"], result["restart_due"], result["backends_after"]) == (False, False, None)
    assert result["msg"].startswith("Airflow 3.0.0b1 has nothing to enable: from 3.0 on its API is always there")


# -- the environment


def test_an_environment_that_cannot_be_seen(cfg: Cfg) -> None:
    cfg.processes["auth_backends"] = [Process(8, "scheduler", {})]
    assert f"such as {AUTH} overrides {cfg.file} could not be seen, since no environment" in cfg()["msg"]
    assert "could not be seen" in cfg()["msg"]
    cfg.processes["auth_backends"].append(Process(7, "webserver", {}))
    assert "could not be seen" not in cfg()["msg"]


@pytest.mark.parametrize(("name", "variable"), [("auth_backends", AUTH), ("auth_backend", AUTH[:-1])])
def test_a_variable_with_basic_auth_makes_the_change_needless(name: str, variable: str, cfg: Cfg) -> None:
    cfg.processes[name] = [Process(7, "webserver", {variable: f"{SESSION}, {BASIC}"})]
    result = cfg(can_restart=False)
    assert (result["changed"], result["restart_due"]) == (False, False)
    assert result["msg"] == (
        f"{variable} in the environment of Airflow's webserver overrides {cfg.file}, and has basic auth. The file is "
        "left as it is."
    )


@pytest.mark.parametrize(
    ("variable", "problem"),
    [(AUTH, "has no basic auth"), (f"{AUTH}_CMD", "does not show whether it has basic auth")],
)
def test_a_variable_without_basic_auth_is_refused(variable: str, problem: str, cfg: Cfg) -> None:
    cfg.processes["auth_backends"] = [
        Process(6, "scheduler", {AUTH: BASIC}),
        Process(7, "webserver", {variable: SESSION}),
    ]
    assert cfg.refused() == (
        f"{variable} in the environment of process 7 overrides [api] auth_backends in {cfg.file} and {problem}: add "
        f"{BASIC} there, or remove the variable, and restart the webserver. Nothing was changed."
    )


# -- what is refused


def test_nothing_restarts_the_webserver(cfg: Cfg) -> None:
    words = (
        f"{cfg.file} needs a change that the webserver reads when it starts, and nothing restarts it; let something "
        "restart it (can_restart). Nothing was changed."
    )
    assert cfg.refused(can_restart=False) == words
    cfg()
    # What was changed before needs its restart, too.
    assert cfg.refused(can_restart=False) == words
    cfg(airflow_version="", restarted=True)
    assert cfg(can_restart=False)["changed"] is False


def test_options_that_cannot_be_right(cfg: Cfg) -> None:
    assert "restarted is False but all of the following are missing: airflow_version" in cfg.refused(airflow_version="")
    assert cfg.refused(airflow_version="so it is\n2") == (
        "airflow_version has no version of Airflow, such as 2.11.0, on a line of its own; correct it. Nothing was "
        "changed."
    )
    assert cfg.refused(airflow_version="2.2.5") == (
        "airflow_version is 2.2.5, and Airflow reads [api] auth_backends from 2.3 on; upgrade Airflow. Nothing was "
        "changed."
    )
    for backend in ("a b", "a,b"):
        words = "backend is not the name of one Python module; correct it. Nothing was changed."
        assert cfg.refused(backend=backend) == words
    missing = cfg.file.parent / "no.cfg"
    for given in ({}, {"airflow_version": "", "restarted": True}):
        assert cfg.refused(path=str(missing), **given) == f"{missing} does not exist; correct the path."


def test_a_link_and_its_file_need_one_restart(cfg: Cfg) -> None:
    link = cfg.file.parent / "link.cfg"
    link.symlink_to(cfg.file)
    assert cfg(path=str(link))["restart_due"]
    assert cfg.due.exists()
    assert cfg()["restart_due"]
    assert cfg(path=str(link), airflow_version="", restarted=True)["changed"]
    assert not cfg()["restart_due"]


def test_a_folder_that_may_not_be_written(cfg: Cfg, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg.due.touch()
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_what: False)
        words = f"{cfg.file.parent} cannot be written by the user of this task; let the task become a user who may."
        assert cfg.refused().startswith(words)
        assert cfg.refused(restarted=True).startswith(words)
