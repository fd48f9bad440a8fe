"""Making, filling and emptying the sample databases."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.sample.outcomes import SYSTEM_OF, TABLES
from include.sample.schema import SYSTEMS

CHUNK = 10_000
"""Rows held in memory before they are written."""


def sqlite_urls(folder: Path) -> dict[str, sa.URL]:
    """Return the addresses of the three SQLite files in a folder."""
    return {system: sa.URL.create("sqlite", database=str(folder / f"{system}.db")) for system in SYSTEMS}


def connect(url: sa.URL) -> sa.Engine:
    """Return an engine whose foreign keys are enforced, in SQLite too."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # The files are made from nothing in one go: after a crash they are made again.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")


def reset(urls: Mapping[str, sa.URL]) -> None:
    """Drop the sample's own tables and make them again, empty. Other tables are left alone."""
    for system, url in urls.items():
        engine = connect(url)
        try:
            SYSTEMS[system].drop_all(engine)
            SYSTEMS[system].create_all(engine)
        finally:
            engine.dispose()


def remove_files(folder: Path) -> None:
    """Remove a folder's three SQLite files with their journals: quicker than emptying them."""
    for system in SYSTEMS:
        for end in ("", "-wal", "-shm", "-journal"):
            (folder / f"{system}.db{end}").unlink(missing_ok=True)


@dataclass
class Writer:
    """Writes rows in chunks, parents before children, one transaction a chunk.

    A chunk is only cut between clusters, so that whatever a row refers to is in its own chunk or an earlier one.
    """

    engines: Mapping[str, sa.Engine]
    limit: int = CHUNK
    waiting: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    held: int = 0

    def add(self, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Add the rows of a cluster: table and values."""
        for table, values in rows:
            self.waiting[table].append(values)
            self.held += 1
        if self.held >= self.limit:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        for system, metadata in SYSTEMS.items():
            with self.engines[system].begin() as connection:
                for table in metadata.sorted_tables:
                    if values := self.waiting.pop(table.name, None):
                        connection.execute(sa.insert(table), values)
        self.held = 0


def count(engines: Mapping[str, sa.Engine]) -> dict[str, int]:
    """Return the number of rows of every table."""
    counts = {}
    for name, table in TABLES.items():
        with engines[SYSTEM_OF[name]].connect() as connection:
            counts[name] = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    return counts
