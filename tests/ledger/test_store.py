"""Opening, upgrading, reading and writing the control database."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from include.retention.errors import ConfigurationError, LedgerError
from include.retention.ledger import store
from include.retention.ledger.chain import append, verify_chain
from include.retention.ledger.store import HEAD, VERSION_TABLE, make_control, reading
from include.retention.ledger.tables import metadata
from tests.ledger.world import AT, expect_line, finish_all, start_worker


def test_the_migrations_make_what_the_code_uses(control: sa.Engine) -> None:
    with control.connect() as conn:
        context = MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_opening_again_changes_nothing(control: sa.Engine, control_url: sa.URL) -> None:
    with control.begin() as conn:
        append(conn, None, "counted", {}, AT)
    for _ in range(2):
        again = make_control(control_url)
        with reading(again) as conn:
            assert verify_chain(conn).entries == 1


def test_processes_that_open_a_new_database_at_once_make_one(control_url: sa.URL) -> None:
    workers = [start_worker("open", control_url) for _ in range(4)]
    assert [expect_line(worker) for worker in workers] == ["ready"] * 4
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    assert finish_all(workers) == ["open"] * 4
    with reading(make_control(control_url)) as conn:
        assert verify_chain(conn).ok


def test_a_database_of_a_newer_version_is_left_alone(control: sa.Engine, control_url: sa.URL) -> None:
    with control.begin() as conn:
        conn.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(LedgerError, match="newer"):
        make_control(control_url)


def test_a_migration_that_breaks_off_leaves_nothing(control_url: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    from include.retention.ledger.migrations import append_only

    broken = ("CREATE TABLE half_done (id INTEGER)", "THIS IS NO SQL")
    monkeypatch.setattr(append_only, "SQLITE", broken)
    monkeypatch.setattr(append_only, "POSTGRESQL", broken)
    with pytest.raises(sa.exc.DBAPIError):
        make_control(control_url)
    engine = sa.create_engine(control_url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
    monkeypatch.undo()
    with reading(make_control(control_url)) as conn:
        assert verify_chain(conn).ok


def test_evidence_is_never_downgraded(control: sa.Engine) -> None:
    from include.retention.ledger.migrations.versions import v0001_first

    with pytest.raises(NotImplementedError, match="restore a backup"):
        v0001_first.downgrade()


def test_the_folder_of_a_sqlite_database_is_made_and_private(tmp_path: Path) -> None:
    path = tmp_path / "var" / "control" / "control.db"
    make_control(f"sqlite:///{path}")
    assert path.exists()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sqlite_waits_for_its_turn_and_survives_a_power_cut(sqlite_url: sa.URL) -> None:
    control = make_control(sqlite_url)
    with control.begin() as conn:
        pragmas = {name: conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                   ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}  # fmt: skip
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql+pymysql://root@127.0.0.1/x", "oracle://u:hidden@h/x"]
)
def test_what_cannot_hold_the_ledger_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="GALLRING_CONTROL_URL") as caught:
        make_control(url)
    assert "hidden" not in str(caught.value)


def test_a_plain_postgresql_address_gets_the_driver_that_is_installed(postgres_url: sa.URL) -> None:
    assert make_control(postgres_url.set(drivername="postgresql")).driver == "psycopg"


def test_reading_changes_nothing_and_sees_one_moment(control: sa.Engine) -> None:
    with reading(control) as reader:
        assert verify_chain(reader).entries == 0
        with control.begin() as writer:
            append(writer, None, "counted", {}, AT)
        assert verify_chain(reader).entries == 0
    with reading(control) as reader:
        assert verify_chain(reader).entries == 1
    with pytest.raises(sa.exc.DBAPIError), reading(control) as reader:
        append(reader, None, "counted", {}, AT)
    with control.begin() as writer:
        append(writer, None, "counted", {}, AT)


def test_a_password_is_in_no_error(tmp_path: Path) -> None:
    with pytest.raises(sa.exc.DBAPIError) as caught:
        make_control("postgresql+psycopg://nobody:hunter2@127.0.0.1:1/x?connect_timeout=1")
    assert "hunter2" not in str(caught.value)
