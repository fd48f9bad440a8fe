"""A control database is made by a run alone: a mistyped setting is told of, and nothing is made by looking."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.ledger.unlock import main as unlock
from tests.cli.conftest import Call, document, everything
from tests.cli.test_refusals import ACCEPT, EXPLAIN, ON_RECORD, refuses
from tests.integration.harness import Iret

NEEDING = [
    ("verify",),
    ("report",),
    ACCEPT,
    ON_RECORD,
    ("hold", "list"),
    ("hold", "release", "H1", "--by", "Counsel", "--reason", "Settled"),
]
MISSING = "where no control database of Gallring's is. Correct GALLRING_CONTROL_URL, or GALLRING_VAR"


@pytest.mark.parametrize("arguments", NEEDING, ids=" ".join)
def test_a_mistyped_setting_is_told_of(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GALLRING_VAR", str(tmp_path / "vra"))
    refuses(company, call, arguments, f"names sqlite:///{tmp_path}/vra/control/control.db, {MISSING}", "NO_CONTROL")
    monkeypatch.setenv("GALLRING_CONTROL_URL", f"sqlite:///{tmp_path}/contrl.db")
    refuses(company, call, arguments, f"names sqlite:///{tmp_path}/contrl.db, {MISSING}")
    assert list(tmp_path.iterdir()) == [], "nothing is made"


def test_a_database_of_somebody_else_is_none_of_gallrings(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    before = path.read_bytes()
    monkeypatch.setenv("GALLRING_CONTROL_URL", f"sqlite:///{path}")
    for arguments in NEEDING:
        refuses(company, call, arguments, MISSING)
    assert path.read_bytes() == before


def test_an_empty_database_on_a_server_is_named_without_its_password(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, postgres_url: sa.URL
) -> None:
    monkeypatch.setenv("GALLRING_CONTROL_URL", postgres_url.render_as_string(hide_password=False))
    refuses(company, call, ("hold", "list"), MISSING)


def test_unlock_makes_none_either(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GALLRING_CONTROL_URL", f"sqlite:///{tmp_path}/contrl.db")
    assert unlock(["sales", "--by", "ops", "--reason", "gone"]) == 1
    assert MISSING in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_new_installation_can_be_looked_at_and_nothing_is_made(
    company: Iret, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GALLRING_VAR", str(tmp_path / "srv" / "var"))
    before = everything(company)
    checked = document(call("check", "--json"))
    assert checked["ok"]
    assert "NO_CONTROL" in {notice["code"] for notice in checked["notices"]}
    planned, explained = call("plan"), call(*EXPLAIN)
    for done in (planned, explained):
        assert (done.exit_code, done.stderr) == (0, "")
        said = " ".join(done.stdout.split())
        assert f"{tmp_path}/srv/var/control/control.db" in said
        assert "No legal hold, objection or earlier run is known here." in said
    assert [each["code"] for each in document(call("plan", "--json"))["notices"]] == ["NO_CONTROL"]
    assert [each["code"] for each in document(call(*EXPLAIN, "--json"))["notices"]] == ["NO_CONTROL"]
    assert list(tmp_path.iterdir()) == []
    assert everything(company) == before
