"""What is asked of a table, in SQL: a mark for each row, what its column groups hold, and the amounts of invariants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.retention.column_types import Type
from include.retention.data_map.model import SeriesInvariant, SumInvariant, Table
from include.retention.inside import all_columns_to_read, edited_columns
from include.retention.method_sql import AsItIs, Characters
from include.retention.methods import left
from include.retention.statements import sql_table
from include.retention.validate.marks import Mark

Value = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]

NOTHING, ONE, MINOR_UNITS = (sa.literal_column(text, sa.Integer()) for text in ("0", "1", "100"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A table's questions.

    Attributes:
        target: the table for SQLAlchemy, with its live types.
        flags: column group -> whether a row may hold anything of it. Where the group erases inside a value, any value
            may: only reading tells.
        contents: texts inside which something is erased, and the names to look for in them.
        by: names of all columns that an invariant is grouped by.
        amounts: for each sum its minor units; for each series whether there is a number, and the number's mark.
    """

    table: Table
    target: sa.Table
    flags: Mapping[str, Condition]
    contents: tuple[Value, ...]
    by: tuple[str, ...]
    amounts: tuple[Value, ...]

    @property
    def keys(self) -> list[Value]:
        """Return the columns of the key."""
        return [self.target.c[name] for name in self.table.key]

    @property
    def key_values(self) -> list[Value]:
        """Return the columns of the key as the driver gives them: SQLAlchemy's types raise on a date that isn't one."""
        return [sa.type_coerce(column, sa.types.NullType()) for column in self.keys]

    @property
    def name(self) -> Mark:
        """Return the mark of a row's key alone."""
        return Mark(NOTHING, *self.keys)

    @property
    def bits(self) -> Value:
        """Return a row's flags as one number, the first the lowest bit."""
        bits: Value = NOTHING
        for place, flag in enumerate(self.flags.values()):
            bit = sa.case((flag, sa.literal_column(str(1 << place), sa.BigInteger())), else_=NOTHING)
            bits = bit if place == 0 else bits + bit
        return bits

    @property
    def content(self) -> Mark | None:
        """Return the mark of what has to be read to know what a row holds, if anything has."""
        return Mark(NOTHING, *self.contents) if self.contents else None

    @property
    def state(self) -> Mark:
        """Return the mark of a row's key, flags and contents together."""
        return Mark(self.bits, *self.keys, *self.contents)

    @property
    def by_values(self) -> list[Value]:
        """Return the columns to group by, as their exact characters, whatever the collation holds equal."""
        return [Characters(self.target.c[name]) for name in self.by]

    @property
    def counter(self) -> sa.Column[Any] | None:
        """Return the key where it is one whole number, which as a rule grows: what came later lies above."""
        if len(self.table.key) != 1:
            return None
        column = self.target.c[self.table.key[0]]
        return column if isinstance(column.type, sa.Integer) else None


def asked_of(table: Table, schema: str | None, types: Mapping[str, Type] | None) -> Asked:
    """Return what is asked of a mapped table.

    Args:
        table: the mapped table.
        schema: database schema, or None for the default.
        types: the live columns' types, from `column_types.read_types`.
    """
    target = sql_table(table, schema, types)
    invariants: list[SumInvariant | SeriesInvariant] = [*table.sums, *table.series]
    by = dict.fromkeys(name for each in invariants for name in each.by)
    return Asked(
        table=table,
        target=target,
        flags={group: _may_hold(table, target, group) for group in table.groups},
        contents=tuple(AsItIs(target.c[name]) for name in all_columns_to_read(table)),
        by=tuple(by),
        amounts=(
            *(_minor_units(target.c[each.column]) for each in table.sums),
            *(amount for each in table.series for amount in _numbers(target.c[each.column])),
        ),
    )


def flag(condition: Condition) -> Value:
    """Return 1 where a condition holds, else 0."""
    return sa.case((condition, ONE), else_=NOTHING)


def labelled(values: Iterable[Value], prefix: str) -> list[sa.Label[Any]]:
    """Return values with names of their own: two of them may be the same column."""
    return [value.label(f"{prefix}{place}") for place, value in enumerate(values)]


def _may_hold(table: Table, target: sa.Table, group: str) -> Condition:
    inside = (target.c[column.name].is_not(None) for column in edited_columns(table, [group]))
    return sa.or_(left(table, target, group), *inside)


def _minor_units(column: Value) -> Value:
    # Rounded per row, because SQLite's amounts are binary floating point.
    return sa.func.coalesce(sa.cast(sa.func.round(column * MINOR_UNITS), sa.BigInteger()), NOTHING)


def _numbers(column: Value) -> tuple[Value, Value]:
    return flag(column.is_not(None)), sa.case((column.is_not(None), Mark(NOTHING, column)), else_=NOTHING)
