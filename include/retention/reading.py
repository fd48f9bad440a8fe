"""Extract one system into staging, and read what extraction wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import sqlalchemy as sa

from include.retention import clock
from include.retention.column_types import read_types
from include.retention.connections import READING, engine_for
from include.retention.data_map.live import check_live, closed_tables, read_foreign_keys
from include.retention.data_map.model import DataMap, ForeignKey
from include.retention.errors import ConfigurationError, Problem
from include.retention.extract import Extractor
from include.retention.fiscal_years import years_of
from include.retention.guards import check_server_clock
from include.retention.ledger.items import unfinished_items
from include.retention.ledger.store import reading
from include.retention.ledger.watching_key import WatchingKey
from include.retention.limits import Timeouts
from include.retention.narrow.alone import Alone, find_alone
from include.retention.narrow.condition import Unread, count_unread, has_days, must_read
from include.retention.policy.model import FiscalYears
from include.retention.resolve import TableName
from include.retention.run import Run
from include.retention.staging import Staging

UNREADABLE = frozenset(
    {
        "MISSING_TABLE",
        "MISSING_COLUMN",
        "NOT_A_TABLE",
        "KEY_MISMATCH",
        "LINK_TYPE",
        "SELECT_MISSING",
        "ROW_SECURITY",
    }
)
"""Problems that leave a purpose's proof unread: no table can then be judged."""


@dataclass(frozen=True, slots=True)
class SystemExtract:
    """What extraction found out about one system.

    Attributes:
        sizes: rows by table.
        unread: by table the rows among them that were only counted.
        problems: what the live schema has against the map.
        closed: tables that failed closed, without the system's name.
        references: all foreign keys of the live schema.
    """

    sizes: Mapping[str, int]
    unread: Mapping[str, Unread]
    problems: Sequence[Problem]
    closed: frozenset[str]
    references: tuple[ForeignKey, ...]


def live_problems(data_map: DataMap, engine: sa.Engine) -> list[Problem]:
    """Return what the live schema has against the map: what closes tables, and notices.

    Raises:
        ConfigurationError: a mapped table can't be read as mapped.
    """
    problems = list(check_live(data_map, engine))
    unreadable = [problem for problem in problems if problem.code in UNREADABLE]
    if unreadable:
        raise ConfigurationError(unreadable)
    return problems


def closed_by(problems: Sequence[Problem]) -> frozenset[str]:
    """Return the tables of one system that its problems close, without the system's name."""
    return frozenset(name.partition(".")[2] for name in closed_tables(problems))


def why_closed(system: str, tables: Iterable[str], problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Return for the ledger, by table, the codes of the problems that close some tables of a system."""
    return [
        {"table": table, "problems": sorted({each.code for each in problems if each.table == f"{system}.{table}"})}
        for table in sorted(tables)
    ]


def system_engine(data_map: DataMap, *, writes: bool = False, timeouts: Timeouts = READING) -> sa.Engine:
    """Return an engine on a mapped system; its errors hold no parameters."""
    return engine_for(data_map, os.environ, writes=writes, timeouts=timeouts)


@contextmanager
def named(data_map: DataMap) -> Iterator[None]:
    """Let a database's error say which system's database it was: the drivers' own texts don't."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        setting = f"AIRFLOW_CONN_{data_map.connection.upper()}"
        error.add_note(f"system:{data_map.system} can't be read. Look at its server, and at {setting}.")
        raise


def extractor_for(run: Run, data_map: DataMap, engine: sa.Engine) -> Extractor:
    """Return what reads a system for this run."""
    with engine.connect() as connection:
        types = read_types(connection, data_map)
    return Extractor(
        data_map=data_map,
        schedule=run.policy.schedule,
        normaliser=run.normaliser,
        key=run.ring.current,
        references=read_foreign_keys(engine, data_map.schema, data_map.tables),
        types=types,
    )


def extract_system(run: Run, system: str, staging: Staging, *, whole: bool = False) -> SystemExtract:
    """Read the facts of a system into staging, in one transaction that sees one moment of the database.

    Args:
        run: the run.
        system: the system's name.
        staging: where to write.
        whole: read every row, also where nothing could be due.

    Raises:
        ConfigurationError: a mapped table or column isn't in the database.
        GuardError: the server's clock contradicts this machine's.
    """
    with at_one_moment(run, system) as (extractor, connection, problems):
        alone = {} if whole else _alone(run, extractor)
        sizes, unread = _read(extractor, connection, staging, alone)
    return SystemExtract(sizes, unread, problems, closed_by(problems), extractor.references)


@contextmanager
def at_one_moment(run: Run, system: str) -> Iterator[tuple[Extractor, sa.Connection, Sequence[Problem]]]:
    """Give a connection to a system on which every statement sees the same state, and what reading it needs.

    Raises:
        ConfigurationError: a mapped table or column isn't in the database.
        GuardError: the server's clock contradicts this machine's.
    """
    data_map = run.policy.maps[system]
    engine = system_engine(data_map)
    try:
        with named(data_map):
            problems = live_problems(data_map, engine)
            extractor = extractor_for(run, data_map, engine)
            with engine.connect() as plain, one_moment(plain) as connection, connection.begin():
                check_server_clock(system, clock.of_server(connection), clock.now())
                yield extractor, connection, problems
    finally:
        engine.dispose()


def one_moment(connection: sa.Connection) -> sa.Connection:
    """Let every statement of the transaction see the same state. SQLite's transactions do so by themselves."""
    if connection.dialect.name == "sqlite":
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ")


def _alone(run: Run, extractor: Extractor) -> dict[str, Alone]:
    """Return the tables of which only what could be due is read.

    Under a former key every record has to be recognised, and what an earlier plan promised is due whatever its day.
    """
    if isinstance(run.ring.current, WatchingKey):
        return {}
    data_map = extractor.data_map
    with reading(run.control) as connection:
        unfinished = unfinished_items(connection, run.run_id)
    promised = set(unfinished["table"][unfinished["system"] == data_map.system])
    found = find_alone(run.policy.maps, run.policy.schedule, data_map.system, extractor.references, run.moment)
    targets = {name: extractor.target(data_map.tables[name]) for name in found}
    return {name: each for name, each in found.items() if name not in promised and has_days(targets[name], each)}


def _read(
    extractor: Extractor, connection: sa.Connection, staging: Staging, alone: Mapping[str, Alone]
) -> tuple[dict[str, int], dict[str, Unread]]:
    data_map = extractor.data_map
    sizes, unread = {}, {}
    for name, table in data_map.tables.items():
        only = partial(must_read, table, alone=alone[name]) if name in alone else None
        chunks = list(extractor.read_table(connection, table, only))
        facts = pd.concat(chunks, ignore_index=True) if chunks else extractor.empty(table)
        staging.write(f"facts/{data_map.system}.{name}", facts)
        sizes[name] = len(facts)
        if name in alone:
            target = extractor.target(table)
            sizes[name], unread[name] = count_unread(connection, table, target, alone[name], len(facts))
    years = extractor.read_fiscal_years(connection)
    where = extractor.schedule.fiscal_years
    if isinstance(where, FiscalYears) and where.system == data_map.system:
        staging.write("fiscal_years", years)
    return sizes, unread


def read_facts(run: Run, staging: Staging, systems: Sequence[str] | None = None) -> dict[TableName, pd.DataFrame]:
    """Return the facts frames of all systems, in the order of the maps."""
    return {
        TableName(system, table): staging.read(f"facts/{system}.{table}")
        for system, data_map in run.policy.maps.items()
        if systems is None or system in systems
        for table in data_map.tables
    }


def read_fiscal_years(run: Run, staging: Staging) -> pd.DataFrame:
    """Return the fiscal years that extraction found, or else those that the schedule states."""
    if staging.has("fiscal_years"):
        return staging.read("fiscal_years")
    return years_of(run.policy.schedule)
