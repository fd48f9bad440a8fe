"""The sample's commands touch nothing but the sample: they refuse, and leave everything as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.local import claim as claims
from include.local.claim import MARK, NotTheSampleError, claim
from include.local.environment import gallring_settings
from include.local.lock import alone
from tests.places import ROOT

COMMANDS = ("run", "up", "prepare", "shell")
"""make run, up, fresh and env."""


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where GALLRING_VAR leads; nothing is there yet."""
    monkeypatch.setenv("GALLRING_VAR", str(tmp_path / "var"))
    return tmp_path / "var"


def content(directory: Path) -> dict[str, bytes]:
    """All files below a directory."""
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def somebody_elses(directory: Path) -> dict[str, bytes]:
    """Make a working directory as a production has it; return what is in it."""
    for name in ("control/control.db", "reports/run-1/report.json", "staging/run-1/x.parquet"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(f"{name} of somebody else", encoding="utf-8")
    return content(directory)


def call(command: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Call one of the commands as make does."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GALLRING_", "AIRFLOW_"))}
    return subprocess.run(
        [sys.executable, "-m", f"include.local.{command}"],
        cwd=ROOT, env=clean | environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_somebody_elses_directory_is_refused_and_left_as_it_was(command: str, var: Path) -> None:
    before = somebody_elses(var)
    done = call(command, {"GALLRING_VAR": str(var)})
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert f"{var} is not the sample's directory" in said
    assert "unset GALLRING_VAR" in said
    assert "export" not in said
    assert content(var) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_settings_that_lead_elsewhere_are_refused_by_name(command: str, var: Path, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'control.db'}"
    secret = "ab" * 32
    own = {"GALLRING_CONTROL_URL": other, "GALLRING_KEY": secret, "AIRFLOW_CONN_GALLRING_SALES": "postgres://h/crm"}
    done = call(command, {"GALLRING_VAR": str(var), **own})
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert "AIRFLOW_CONN_GALLRING_SALES, GALLRING_CONTROL_URL, GALLRING_KEY: set in the environment" in said
    assert "unset" in said
    assert not any(value in said for value in own.values())
    assert list(tmp_path.iterdir()) == [], "neither that database nor the directory was made"


@pytest.mark.parametrize("command", ["run", "up", "prepare"])
def test_a_second_start_is_refused_and_touches_nothing(command: str, var: Path) -> None:
    claim({})
    somebody_elses(var)
    with alone(var):
        before = content(var)
        done = call(command, {"GALLRING_VAR": str(var)})
        assert done.returncode == 2
        assert f"Another make run, make up or make fresh is active (pid {os.getpid()})" in done.stdout + done.stderr
        assert content(var) == before


@pytest.mark.parametrize(
    "name",
    ["AIRFLOW_CONN_GALLRING_CRM", "GALLRING_FILES_CONTRACTS", "GALLRING_MAIL_TO", "GALLRING_OLD_KEYS",
     "GALLRING_POLICY"],
)  # fmt: skip
def test_a_setting_that_the_sample_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(NotTheSampleError, match=f"^{name}: set"):
        claim({name: "x"})


def test_a_shell_with_the_samples_own_settings_is_welcome(var: Path) -> None:
    claim({})
    claim({**gallring_settings(), "GALLRING_FIRST_RUN": "approved", "GALLRING_BUCKETS": "4"})
    with pytest.raises(NotTheSampleError, match="GALLRING_KEY: set"):
        claim({**gallring_settings(), "GALLRING_KEY": "ab" * 32})


@pytest.mark.parametrize("exists", [False, True])
def test_a_new_or_empty_directory_is_marked_and_stays_the_samples(var: Path, exists: bool) -> None:
    if exists:
        var.mkdir()
    claim({})
    assert (var / MARK).is_file()
    somebody_elses(var)
    claim({})


def test_the_checkouts_own_directory_needs_no_mark(tmp_path: Path, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    (var / "tools").mkdir(parents=True)
    claim({})
    assert (var / MARK).is_file()


def test_the_checkouts_own_directory_with_a_ledger_of_others_is_refused(
    tmp_path: Path, var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    before = somebody_elses(var)
    with pytest.raises(NotTheSampleError):
        claim({})
    assert content(var) == before
    (var / "sample").mkdir()
    claim({})


def test_a_file_is_no_directory(var: Path) -> None:
    var.write_text("x", encoding="utf-8")
    with pytest.raises(NotTheSampleError):
        claim({})
