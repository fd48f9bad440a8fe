"""The set-up: what it depends on, and that it says what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from include.local import setup
from tests.places import ROOT


def test_it_needs_nothing_but_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(setup.__file__)!r})"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_stamp_changes_with_the_lock_the_interpreter_and_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n")
    monkeypatch.setattr(setup, "LOCK", lock)
    first = setup.stamp("/usr/bin/python3")
    assert setup.stamp("/usr/bin/python3") == first
    assert setup.stamp("/opt/python3") != first
    lock.write_text("a==2\n")
    second = setup.stamp("/usr/bin/python3")
    assert second != first
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    assert setup.stamp("/usr/bin/python3") != second


def test_a_stamped_environment_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(setup, "install", lambda _python: pytest.fail("installed again"))
    (tmp_path / "stamp").write_text(setup.stamp(sys.executable), encoding="utf-8")
    assert setup.main() == 0


def test_a_failed_installation_leaves_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_python: str) -> None:
        raise subprocess.CalledProcessError(1, ["uv", "pip", "sync"])

    monkeypatch.setattr(setup, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(setup, "install", fail)
    (tmp_path / "stamp").write_text("of an older lock", encoding="utf-8")
    assert setup.main() == 2
    assert not (tmp_path / "stamp").exists()
    assert "Set-up failed" in capsys.readouterr().err


def test_an_unusable_interpreter_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(setup.sys, "version_info", (3, 10, 4))
    monkeypatch.setattr(setup.shutil, "which", lambda _name: None)
    assert setup.main() == 2
    assert "make PYTHON=" in capsys.readouterr().err


def test_uv_comes_from_the_lock_with_its_hashes() -> None:
    entry = setup.locked("uv")
    assert entry.startswith("uv==")
    assert "--hash=sha256:" in entry
    assert all(line.startswith(("uv==", "    --hash=")) for line in entry.splitlines())
    with pytest.raises(LookupError, match="make lock"):
        setup.locked("no-such-package")


def test_make_tells_what_there_is() -> None:
    done = subprocess.run(
        ["make"],  # noqa: S607  (as a person calls it)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for target in ("run", "up", "test", "check", "fresh", "clean"):
        assert f"make {target} " in done.stdout
