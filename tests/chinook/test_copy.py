"""The copy in a server is the original: the same rows, types that mean the same, the same references."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.chinook import chinook
from tests.integration.harness import Dump, databases, dump

SYSTEM = "chinook"
ORIGINAL = sa.URL.create("sqlite", database=str(chinook.ORIGINAL))


@pytest.mark.parametrize("backend", ["sqlite", "postgres", "mariadb"])
def test_the_copy_holds_what_the_original_holds(backend: str, tmp_path: Path) -> None:
    with databases(backend, [SYSTEM], tmp_path) as urls:
        chinook.make(urls[SYSTEM])
        assert as_sqlite_keeps_them(dump(urls)) == dump({SYSTEM: ORIGINAL})
        assert declared(urls[SYSTEM]) == declared(ORIGINAL)


def as_sqlite_keeps_them(rows: Dump) -> Dump:
    """Return rows with timestamps as text and amounts as floating numbers, which is what SQLite makes of them."""
    return {
        name: {key: {column: _kept(value) for column, value in row.items()} for key, row in table.items()}
        for name, table in rows.items()
    }


def _kept(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return float(value) if isinstance(value, Decimal) else value


def declared(url: sa.URL) -> dict[str, Any]:
    """Return each table's key, columns and references, in types that every server knows."""
    with chinook.opened(url) as connection:
        tables = chinook.reflected(connection).tables
        return {name: (_columns(table), _references(table)) for name, table in tables.items()}


def _columns(table: sa.Table) -> list[tuple[Any, ...]]:
    return [(column.name, _kind(column.type), column.nullable, column.primary_key) for column in table.columns]


def _kind(found: Any) -> tuple[Any, ...]:
    kinds = (sa.DateTime, sa.Numeric, sa.Integer, sa.String)
    kind = next(each.__name__ for each in kinds if isinstance(found, each))
    sizes = ("length",) if kind == "String" else ("precision", "scale")
    return kind, *(getattr(found, size, None) for size in sizes)


def _references(table: sa.Table) -> set[tuple[str, str]]:
    return {(key.parent.name, key.target_fullname) for key in table.foreign_keys}
