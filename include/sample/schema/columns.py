"""Short forms of the column types that the sample systems share."""

from __future__ import annotations

from datetime import datetime

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


def text(
    name: str, length: int, *, nullable: bool = True, unique: bool | None = None, index: bool | None = None
) -> Column[str]:
    """Return a bounded text column."""
    return Column(name, String(length), nullable=nullable, unique=unique, index=index)


def instant(name: str, *, nullable: bool = True) -> Column[datetime]:
    """Return a point in time: ``timestamptz`` in PostgreSQL, a naive UTC timestamp in the other two."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def local_time(name: str, *, nullable: bool = True) -> Column[datetime]:
    """Return a naive timestamp in Swedish local time."""
    return Column(name, DateTime(timezone=False), nullable=nullable)
