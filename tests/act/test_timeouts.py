"""How long the act's own sessions wait for others, and how long a statement of theirs may take, on real servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention import one_batch
from include.retention.connections import engine_at
from include.retention.contention import error_name, out_of_time, passes
from include.retention.limits import Timeouts
from tests.act import world
from tests.act.world import CANARY, act, expected, state, the_plan

pytestmark = pytest.mark.usefixtures("hurry")

HURRIED = Timeouts(lock=1, statement=2)


@pytest.fixture
def source(server_url: sa.URL, files: Path) -> Iterator[sa.Engine]:
    """Give a system full of personal data, by an engine with short timeouts."""
    engine = engine_at(server_url, writes=True, timeouts=HURRIED)
    world.build(engine)
    world.fill(engine, files)
    yield engine
    engine.dispose()


def make_deletions_slow(engine: sa.Engine, table: str, seconds: float) -> None:
    """Let a trigger of a table take its time for each row that is deleted."""
    with engine.begin() as connection:
        if engine.dialect.name == "mysql":
            connection.exec_driver_sql(
                f"CREATE TRIGGER slow BEFORE DELETE ON {table} FOR EACH ROW SET @slept = SLEEP({seconds})"
            )
            return
        connection.exec_driver_sql(
            f"CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep({seconds}); RETURN OLD; END $$ "
            "LANGUAGE plpgsql"
        )
        connection.exec_driver_sql(f"CREATE TRIGGER slow BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION slow()")


def test_a_row_that_somebody_holds_is_waited_for_shortly_and_tried_again(source: sa.Engine, files: Path) -> None:
    errors: list[sa.exc.SQLAlchemyError] = []
    rival = engine_at(source.url, writes=True)
    with rival.connect() as holder:
        holder.execute(sa.text("UPDATE document SET note = 'held' WHERE number = 3"))

        @sa.event.listens_for(source, "handle_error")
        def let_go(context: sa.engine.ExceptionContext) -> None:
            assert context.sqlalchemy_exception is not None
            errors.append(context.sqlalchemy_exception)
            holder.rollback()

        began = time.monotonic()
        result, notes = act(source, files)
    rival.dispose()
    assert [passes(each) for each in errors] == [True], "waited once, in vain, and tried again"
    assert {"postgresql": "55P03", "mysql": "1205"}[source.dialect.name] in error_name(errors[0])
    assert 1 <= time.monotonic() - began < 30
    assert state(source, files) == expected()
    assert (result.done, result.not_done, notes.undone) == (28, (), [])


def test_a_row_that_stays_held_is_not_done(source: sa.Engine, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_batch, "ATTEMPTS", 2)
    rival = engine_at(source.url, writes=True)
    with rival.connect() as holder:
        holder.execute(sa.text("UPDATE document SET note = note, number = number WHERE number = 3"))
        holder.execute(sa.text("SELECT 1 FROM document WHERE number = 3 FOR UPDATE"))
        _, notes = act(source, files, the_plan()[3:4])
    rival.dispose()
    ((table, what, count),) = notes.undone
    assert (table, count) == ("document", 6)
    assert {"postgresql": "55P03", "mysql": "1205"}[source.dialect.name] in what
    assert len(state(source, files)["document"]) == 8, "the rows that were free are left, too: one transaction"


def test_a_table_that_somebody_alters_is_waited_for_no_longer_than_a_row(server_url: sa.URL, files: Path) -> None:
    """MariaDB waits a day for such a lock, unless told otherwise."""
    engine = engine_at(server_url, writes=True, timeouts=HURRIED)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id integer PRIMARY KEY)")
    rival = engine_at(server_url, writes=True)
    with rival.connect() as holder:
        locking = {"postgresql": "LOCK TABLE thing", "mysql": "LOCK TABLES thing WRITE"}[engine.dialect.name]
        holder.exec_driver_sql(locking)
        with pytest.raises(sa.exc.OperationalError) as caught, engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1 FROM thing")
    assert passes(caught.value)
    rival.dispose()
    engine.dispose()


def test_a_statement_that_takes_too_long_is_not_done_and_not_tried_again(source: sa.Engine, files: Path) -> None:
    make_deletions_slow(source, "session", 1.0)
    errors: list[bool] = []

    @sa.event.listens_for(source, "handle_error")
    def count(context: sa.engine.ExceptionContext) -> None:
        assert context.sqlalchemy_exception is not None
        errors.append(out_of_time(context.sqlalchemy_exception))

    result, notes = act(source, files)
    assert errors == [True], notes.undone
    whys = {(table, count): what for table, what, count in notes.undone}
    assert whys["session", 6].startswith("a statement took longer than GALLRING_STATEMENT_TIMEOUT_S, or was cancelled")
    assert {"postgresql": "57014", "mysql": "1969"}[source.dialect.name] in whys["session", 6]
    now = state(source, files)
    assert len(now["session"]) == 8, "what the statement had deleted by then is back"
    assert now["document"] == expected()["document"], "other tables go on"
    assert (result.done, sum(each.count for each in result.not_done)) == (22, 6)


def test_readers_have_no_statement_timeout(server_url: sa.URL) -> None:
    asked = {"postgresql": "SHOW statement_timeout", "mysql": "SELECT @@max_statement_time"}
    for engine, answer in (
        (engine_at(server_url), {"0", "0.0"}),
        (engine_at(server_url, timeouts=HURRIED), {"2s", "2.0"}),
    ):
        with engine.connect() as connection:
            told = str(connection.exec_driver_sql(asked[engine.dialect.name]).scalar())
        engine.dispose()
        assert told.rstrip("0") in {each.rstrip("0") for each in answer}


def test_sqlite_waits_for_the_writer_as_long_as_it_is_told(tmp_path: Path) -> None:
    url = sa.make_url(f"sqlite:///{tmp_path / 'one.db'}")
    engine, rival = engine_at(url, writes=True, timeouts=HURRIED), engine_at(url, writes=True)
    began = time.monotonic()
    with rival.begin(), pytest.raises(sa.exc.OperationalError) as caught, engine.begin():
        pass
    assert passes(caught.value)
    assert 0.5 < time.monotonic() - began < 20
    assert CANARY not in error_name(caught.value)
    engine.dispose()
    rival.dispose()
