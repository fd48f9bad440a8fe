"""Short forms of the column types that the sample systems share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, Integer, String


def row_id(name: str) -> Column[int]:
    """Return an integer primary key that the generator numbers itself, the same in every database."""
    return Column(name, Integer, primary_key=True, autoincrement=False)


def ref(name: str, target: str, *, nullable: bool = True, ondelete: str | None = None) -> Column[int]:
    """Return an integer foreign key column with an index: MariaDB makes one anyway, the others don't."""
    return Column(name, Integer, ForeignKey(target, ondelete=ondelete), nullable=nullable, index=True)


def key_ref(name: str, target: str) -> Column[int]:
    """Return an integer foreign key that is a part of the primary key."""
    return Column(name, Integer, ForeignKey(target), primary_key=True, autoincrement=False)


def text(name: str, length: int, **options: Any) -> Column[str]:
    """Return a bounded text column."""
    return Column(name, String(length), **options)


def instant(name: str, **options: Any) -> Column[Any]:
    """Return a point in time: ``timestamptz`` in PostgreSQL, a naive UTC timestamp in the other two."""
    return Column(name, DateTime(timezone=True), **options)


def local_time(name: str, **options: Any) -> Column[Any]:
    """Return a naive timestamp in Swedish local time."""
    return Column(name, DateTime(timezone=False), **options)
