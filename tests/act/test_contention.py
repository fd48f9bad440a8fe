"""Others hold the rows, the server goes away, a commit's answer gets lost: tried again, or honestly not done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from include.retention import one_batch
from include.retention.act import Batch
from include.retention.connections import engine_at
from include.retention.contention import error_name, lost_connection, passes
from include.retention.data_map.inspection import read_foreign_keys
from include.retention.database_errors import keep_values_out
from tests.act import world
from tests.act.world import CANARY, act, expected, state, the_plan

pytestmark = pytest.mark.usefixtures("hurry")

SHORT = {
    "sqlite": {"timeout": 0.1},
    "postgresql": {"options": "-c lock_timeout=200ms -c timezone=UTC"},
    "mysql": {"init_command": "SET SESSION innodb_lock_wait_timeout=1, time_zone='+00:00'"},
}
"""Locks are waited for only shortly, so that the tests needn't."""


@pytest.fixture
def source(any_database_url: sa.URL, files: Path) -> Iterator[sa.Engine]:
    """Give a system full of personal data whose sessions wait shortly for locks."""
    full = engine_at(any_database_url, writes=True)
    world.build(full)
    world.fill(full, files)
    full.dispose()
    engine = impatient(any_database_url)
    yield engine
    engine.dispose()


def impatient(url: sa.URL) -> sa.Engine:
    kind = url.get_backend_name()
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        connect_args=SHORT[kind],
        **({} if kind == "sqlite" else {"isolation_level": "READ COMMITTED"}),
    )
    keep_values_out(engine)
    if kind == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def set_up(connection: Any, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys=ON")

        @sa.event.listens_for(engine, "begin")
        def start(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextmanager
def held_rows(url: sa.URL) -> Iterator[sa.Connection]:
    """Hold the documents' rows from another session."""
    rival = engine_at(url, writes=True)
    with rival.connect() as connection:
        transaction = connection.begin()
        connection.execute(sa.text("UPDATE document SET note = note, number = number"))
        yield connection
        if transaction.is_active:
            transaction.rollback()
    rival.dispose()


def test_a_lock_that_is_released_in_time(source: sa.Engine, files: Path) -> None:
    errors: list[str] = []
    references = read_foreign_keys(source, None)
    with held_rows(source.url) as rival:

        @sa.event.listens_for(source, "handle_error")
        def count(context: sa.engine.ExceptionContext) -> None:
            assert context.sqlalchemy_exception is not None
            errors.append(error_name(context.sqlalchemy_exception))
            if len(errors) == 2:
                rival.rollback()

        # SQLite locks everything, so the first batch waits; on the servers it is the first that has documents.
        result, _ = act(source, files, references=references)
    assert len(errors) == 2
    assert state(source, files) == expected()
    assert (result.done, result.remaining, result.not_done) == (28, 0, ())
    assert result.files.deleted == 7


def test_a_lock_that_is_never_released(source: sa.Engine, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_batch, "ATTEMPTS", 2)
    references = read_foreign_keys(source, None)
    if source.dialect.name == "sqlite":  # It can't even be read for writing: nothing is begun.
        with held_rows(source.url), pytest.raises(sa.exc.OperationalError, match="database is locked"):
            act(source, files, references=references)
        assert len(state(source, files)["Kund"]) == 8
        return
    with held_rows(source.url):
        result, notes = act(source, files)
    whys = {table: what for table, what, count in notes.undone if count == 1}
    assert {"postgresql": "55P03", "mysql": "1205"}[source.dialect.name] in whys["document"]
    now = state(source, files)
    assert len(now["document"]) == 8
    assert set(now["files"]) >= set(world.file_names(1))
    assert len(now["Kund"]) == 8, "nothing is deleted that documents still belong to"
    assert now["order"] == expected()["order"], "other tables go on"
    assert sum(each.count for each in result.not_done) + result.done == 28


def test_a_deadlock_has_one_loser_and_both_end(source: sa.Engine, files: Path) -> None:
    """The rival locks a document, waits for an invoice that act holds, and act then wants the document."""
    if source.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    patient = engine_at(source.url, writes=True)
    rival_has_document, rival_done = threading.Event(), threading.Event()
    tries: list[str] = []
    lost_to_act: list[bool] = []

    def rival() -> None:
        other = engine_at(source.url, writes=True)
        try:
            with other.begin() as connection:
                connection.execute(sa.text("UPDATE document SET note = note WHERE number = 1"))
                rival_has_document.set()
                connection.execute(sa.text("UPDATE session SET agent = agent"))
        except sa.exc.OperationalError as error:
            lost_to_act.append(passes(error))
        finally:
            rival_done.set()
            other.dispose()

    thread = threading.Thread(target=rival)

    def recheck(connection: sa.Connection, asked: Batch) -> list[bool]:
        if asked.batch_id == "2":
            tries.append(asked.batch_id)
            if len(tries) == 1:
                thread.start()
                assert rival_has_document.wait(20)
            if not rival_done.is_set():
                connection.execute(sa.text("SELECT 1 FROM document WHERE number = 1 FOR UPDATE"))
        return [True] * len(asked.keys)

    result, _ = act(patient, files, recheck=recheck)
    thread.join(30)
    assert state(patient, files) == expected()
    assert result.remaining == 0
    assert all(lost_to_act), "whoever loses a deadlock is told that trying again may help"
    assert len(tries) + len(lost_to_act) == 2, "one of the two lost"
    patient.dispose()


def kill_session(url: sa.URL, connection: sa.Connection) -> None:
    """End another session, as an administrator or a failing network would."""
    administrator = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with administrator.connect() as admin:
        if url.get_backend_name() == "postgresql":
            session = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            admin.exec_driver_sql(f"SELECT pg_terminate_backend({session})")
        else:
            session = connection.exec_driver_sql("SELECT connection_id()").scalar()
            admin.exec_driver_sql(f"KILL {session}")


@pytest.mark.parametrize("times", [1, 99])
def test_a_session_that_is_ended_from_outside(
    server_url: sa.URL, files: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(one_batch, "ATTEMPTS", 3)
    engine = engine_at(server_url, writes=True)
    world.build(engine)
    world.fill(engine, files)
    ended = []

    def recheck(connection: sa.Connection, asked: Batch) -> list[bool]:
        if asked.batch_id == "4" and len(ended) < times:
            ended.append(asked.batch_id)
            kill_session(server_url, connection)
        return [True] * len(asked.keys)

    result, notes = act(engine, files, recheck=recheck)
    if times == 1:
        assert state(engine, files) == expected()
        assert (result.done, result.not_done) == (28, ())
        assert result.files.deleted == 7
    else:
        assert len(ended) == 3
        assert notes.started_ == ["1", "2", "3", "4"], "a database that is gone isn't tried any further"
        assert sum(each.count for each in result.not_done) == 6 + 1 + 6 + 1 + 6
        assert {each.what for each in result.not_done[1:]} == {"the database couldn't be reached any more"}
    engine.dispose()


def test_a_commit_whose_answer_got_lost(server_url: sa.URL, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are gone, the files are gone, and nobody was told: tried again, it is measured, and it is done."""
    engine = engine_at(server_url, writes=True)
    world.build(engine)
    world.fill(engine, files)
    commit = engine.dialect.do_commit
    looks: list[str] = []

    def recheck(_connection: sa.Connection, asked: Batch) -> list[bool]:
        looks.append(asked.batch_id)
        return [True] * len(asked.keys)

    def lose(connection: Any) -> None:
        commit(connection)
        if looks.count("4") == 1:
            connection.dbapi_connection.close()
            raise lost(engine)

    monkeypatch.setattr(engine.dialect, "do_commit", lose)
    result, notes = act(engine, files, recheck=recheck)
    assert looks.count("4") == 2
    assert state(engine, files) == expected()
    assert (notes.results["4"].done, notes.results["4"].remaining) == (6, 0)
    assert (result.done, result.drift, result.not_done) == (28, 0, ())
    engine.dispose()


def lost(engine: sa.Engine) -> Exception:
    driver: Any = engine.dialect.dbapi
    if engine.dialect.name == "postgresql":
        return driver.OperationalError("server closed the connection unexpectedly")  # type: ignore[no-any-return]
    return driver.OperationalError(2013, "Lost connection to MySQL server during query")  # type: ignore[no-any-return]


def failing(engine: sa.Engine, statement: str) -> sa.exc.SQLAlchemyError:
    with pytest.raises(sa.exc.SQLAlchemyError) as caught, engine.begin() as connection:
        connection.exec_driver_sql(statement)
    return caught.value


@pytest.mark.parametrize("careful", [True, False], ids=["errors without values", "plain engine"])
def test_an_error_is_called_by_its_code_never_by_its_values(any_database_url: sa.URL, *, careful: bool) -> None:
    engine = engine_at(any_database_url) if careful else sa.create_engine(any_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id integer PRIMARY KEY, name varchar(40) NOT NULL UNIQUE)")
        connection.exec_driver_sql(f"INSERT INTO thing VALUES (1, '{CANARY}')")
    error = failing(engine, f"INSERT INTO thing VALUES (2, '{CANARY}')")
    code = {"sqlite": "SQLITE_CONSTRAINT_UNIQUE", "postgresql": "23505", "mysql": "1062"}[engine.dialect.name]
    assert code in error_name(error)
    assert CANARY not in error_name(error)
    assert not passes(error)
    assert not lost_connection(error)
    if engine.dialect.name == "postgresql":
        assert "thing_name_key" in error_name(error), "which constraint it was helps, and is no value"
    assert CANARY not in error_name(failing(engine, f"SELECT {CANARY} FROM thing"))
    engine.dispose()


def test_errors_that_arent_the_servers() -> None:
    assert error_name(sa.exc.NoSuchTableError("thing")) == "NoSuchTableError"
    assert not passes(ValueError())
    assert not passes(sa.exc.InvalidRequestError())


def test_the_plan_of_these_tests_is_the_plan() -> None:
    assert sum(len(each.keys) for each in the_plan()) == 28
