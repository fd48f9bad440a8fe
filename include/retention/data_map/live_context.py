"""A mapped table beside what the live database says of it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from include.retention.column_types import Types, plain_type
from include.retention.data_map.inspection import LiveSchema, LiveTable
from include.retention.data_map.model import DataMap, Table
from include.retention.errors import Problem
from include.retention.policy.document import KeyPath, key_text


@dataclass(frozen=True, slots=True)
class LiveContext:
    """A table of the map, the same table in the database, and both of their surroundings."""

    table: Table
    live: LiveTable
    data_map: DataMap
    schema: LiveSchema
    engine: sa.Engine

    @property
    def types(self) -> Types:
        """Return the types of the columns, as statements bind them."""
        dialect = self.engine.dialect.name
        return {
            name: plain_type(column.type, dialect, computed=column.computed)
            for name, column in self.live.columns.items()
        }

    def problem(self, path: KeyPath, code: str, what: str, remedy: str) -> Problem:
        """Return a problem that closes the table."""
        return closing(self.data_map, self.table.name, path, Words(code, what, remedy))

    def notice(self, path: KeyPath, code: str, what: str, remedy: str) -> Problem:
        """Return a problem that closes nothing."""
        key = key_text(("tables", self.table.name, *path))
        return Problem(f"system:{self.data_map.system}", key, what, remedy, code)


@dataclass(frozen=True, slots=True)
class Words:
    """What a problem says."""

    code: str
    what: str
    remedy: str


def system_notice(data_map: DataMap, path: KeyPath, words: Words) -> Problem:
    """Return a problem of a whole system that closes nothing."""
    return Problem(f"system:{data_map.system}", key_text(path), words.what, words.remedy, words.code)


def closing(data_map: DataMap, table: str, path: KeyPath, words: Words) -> Problem:
    """Return a problem that closes a table, which the map may not know."""
    return Problem(
        file=f"system:{data_map.system}",
        key=key_text(("tables", table, *path)),
        what=words.what,
        remedy=words.remedy,
        code=words.code,
        table=f"{data_map.system}.{table}",
    )
