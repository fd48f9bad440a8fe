"""Opening the control database, reading from it and writing to it.

SQLite by default, PostgreSQL where several machines work. Both give what the ledger needs: transactional schema
changes, triggers, and one writer at a time where that matters.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from include.retention.connections import FIND_DEAD_CLIENTS
from include.retention.errors import ConfigurationError, LedgerError, Problem

HEAD = "0001"
"""The newest revision in ``migrations/versions``."""

VERSION_TABLE = "gallring_version"
"""Where the database says which revision it has; not ``alembic_version``, which a neighbour may use."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 30
_WAL_ATTEMPTS = 100
_WAL_PAUSE_SECONDS = 0.1
_UPGRADE_LOCK = 0x6761_6C6C
"""PostgreSQL advisory lock under which one process upgrades while the others wait."""


def open_control(url: str | sa.URL) -> sa.Engine:
    """Return an engine on the control database, which is there, brought to the newest revision where it isn't.

    A mistyped address must not look like an empty ledger: nothing is made here.

    Args:
        url: SQLAlchemy address. ``sqlite:////absolute/path/control.db`` or ``postgresql+psycopg://...``.

    Raises:
        ConfigurationError: it isn't there; another kind of database, or a SQLite address without a file.
        LedgerError: the database is of a newer Gallring.
    """
    missing = missing_control(url)
    if missing is not None:
        raise ConfigurationError([missing])
    return make_control(url)


def make_control(url: str | sa.URL) -> sa.Engine:
    """Return an engine on the control database, made where it isn't there: for the beginning of a run.

    Args:
        url: as for `open_control`.

    Raises:
        ConfigurationError: another kind of database, or a SQLite address without a file.
        LedgerError: the database is of a newer Gallring.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        Path(str(address.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = _engine(address)
    if address.get_backend_name() == "sqlite":
        _switch_to_wal(engine)
    upgrade(engine)
    return engine


def missing_control(url: str | sa.URL) -> Problem | None:
    """Say that there is no control database, or none of Gallring's, at an address; None where there is.

    Raises:
        ConfigurationError: another kind of database, or a SQLite address without a file.
    """
    address = _address(url)
    if address.get_backend_name() != "sqlite" or Path(str(address.database)).is_file():
        engine = _engine(address)
        try:
            if _revision(engine) is not None:
                return None
        finally:
            engine.dispose()
    what = f"names {shown_address(address)}, where no control database of Gallring's is."
    remedy = (
        "Correct GALLRING_CONTROL_URL, or GALLRING_VAR, below which it is where that isn't set. "
        "In a new installation a run's first task makes it: trigger a dry run."
    )
    return Problem("environment", "GALLRING_CONTROL_URL", what, remedy, "NO_CONTROL")


def shown_address(address: sa.URL) -> str:
    """Return an address as it may be shown: without its password, and without what stands behind the question mark."""
    return address.set(query={}).render_as_string(hide_password=True)


def _engine(address: sa.URL) -> sa.Engine:
    """Return an engine whose connections aren't pooled: they are few and short, and no pool survives a fork."""
    if address.get_backend_name() != "sqlite":
        options = f"{address.query.get('options', '')} {FIND_DEAD_CLIENTS}".strip()
        address = address.update_query_dict({"options": options})
        return sa.create_engine(address, poolclass=NullPool, isolation_level="READ COMMITTED")
    engine = sa.create_engine(address, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
    _speak_sqlite(engine)
    return engine


def upgrade(engine: sa.Engine) -> None:
    """Bring the schema to the newest revision, in one transaction; several processes may try at once.

    Raises:
        LedgerError: the database is of a newer Gallring.
    """
    if _revision(engine) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - takes 0.2 s to import, and is needed once in a database's life
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        config.attributes["connection"] = conn
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            message = (
                "The control database has a revision that this Gallring doesn't know: it was written by a newer one. "
                "Install that version, or point GALLRING_CONTROL_URL at this version's database."
            )
            raise LedgerError(message) from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that sees one moment of the database, changes nothing and blocks nobody.

    ``engine.begin()`` is for writing: on SQLite it waits for its turn to write, even if it only reads.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with engine.connect().execution_options(gallring_reads=True) as conn:
        yield conn


def _address(url: str | sa.URL) -> sa.URL:
    """Return the address with the driver that Gallring brings, or refuse it."""
    address = sa.make_url(url)
    backend = address.get_backend_name()
    if backend == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and address.database not in (None, "", ":memory:"):
        return address
    what = "A SQLite control database needs a file." if backend == "sqlite" else f"{backend} can't hold the ledger."
    remedy = "Give sqlite:////absolute/path/control.db or postgresql+psycopg://user@host/database."
    raise ConfigurationError([Problem("environment", "GALLRING_CONTROL_URL", what, remedy, "CONTROL_URL")])


def _speak_sqlite(engine: sa.Engine) -> None:
    """Take transactions into our own hands: the driver begins them late, and then a writer can lose its turn.

    ``BEGIN IMMEDIATE`` takes the writer's place at once, waiting for it if need be. What is then read (the ledger's
    head, a lock) can't change before it is written.
    """

    def on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None
        # A ledger entry survives a power cut once it is committed. FULL is what WAL needs for that.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    def on_begin(conn: sa.Connection) -> None:
        reads = conn.get_execution_options().get("gallring_reads", False)
        conn.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
        conn.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)


def _switch_to_wal(engine: sa.Engine) -> None:
    """Let readers and the writer work beside each other. The file remembers it.

    Of several processes that open a new file at once, the others are told "locked" without the usual wait.
    """
    connection = engine.raw_connection()
    try:
        for attempt in range(_WAL_ATTEMPTS):
            try:
                connection.cursor().execute("PRAGMA journal_mode=WAL")
            except engine.dialect.dbapi.OperationalError:  # type: ignore[union-attr]  # a live engine has its driver
                if attempt == _WAL_ATTEMPTS - 1:
                    raise
                time.sleep(_WAL_PAUSE_SECONDS)
            else:
                return
    finally:
        connection.close()


def _revision(engine: sa.Engine) -> str | None:
    """Return the revision that the database has, or None for a new one."""
    with reading(engine) as conn:
        if not sa.inspect(conn).has_table(VERSION_TABLE):
            return None
        version = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))
        return conn.scalar(sa.select(version.c.version_num))
