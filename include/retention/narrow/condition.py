"""The condition in SQL under which a row of a table that stands alone has to be read, and the counts of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from include.retention.conditions import holds
from include.retention.data_map.model import Table
from include.retention.methods import left
from include.retention.narrow.alone import Alone
from include.retention.terms import WhenExpired, WhenNull

Condition = sa.ColumnElement[bool]
READ, OPEN, DATED, EMPTY = (sa.literal_column(str(place), sa.Integer()) for place in range(4))


@dataclass(frozen=True, slots=True)
class Unread:
    """Rows that weren't read, for nothing could be due in them.

    Attributes:
        kept: by the purpose that keeps them longest, how many are inside their own period.
        empty: how many are past it and hold nothing any more.
    """

    kept: dict[str, int]
    empty: int

    @property
    def rows(self) -> int:
        """Return how many there are."""
        return sum(self.kept.values()) + self.empty


ALL_READ = Unread({}, 0)


def has_days(target: sa.Table, alone: Alone) -> bool:
    """Return whether the database itself keeps days in the column that decides: SQLite keeps whatever it was given."""
    return isinstance(target.c[alone.day].type, (sa.Date, sa.DateTime))


def must_read(table: Table, target: sa.Table, alone: Alone) -> Condition:
    """Return the condition "something could be due in the row, or only the engine can tell".

    It is put so that an index on the day can be used, and may be NULL where it isn't true.
    """
    unkept = {group: _unkept(target, alone, group) for group in table.groups}
    wanted = [sa.and_(left(table, target, group), unkept[group]) for group in table.groups]
    if table.when_expired is WhenExpired.DELETE:
        wanted.append(sa.and_(*unkept.values()))
    return sa.or_(*wanted, _near_a_border(target, alone))


def index_helps(table: Table, alone: Alone) -> bool:
    """Return whether an index on the day lets `must_read` find its rows without looking at the others."""
    return table.when_expired is WhenExpired.DELETE and not alone.emission.where


def count_unread(
    connection: sa.Connection, table: Table, target: sa.Table, alone: Alone, read: int
) -> tuple[int, Unread]:
    """Return how many rows a table has, and how many of them weren't read, in one statement.

    Args:
        connection: to the source, in the transaction in which the others were read.
        table: the table.
        target: the table for SQLAlchemy.
        alone: how one day decides over it.
        read: how many rows were read.
    """
    opens = alone.emission.when_null is WhenNull.ONGOING
    if table.when_expired is WhenExpired.DELETE and not opens:  # Whatever isn't kept was read.
        rows = connection.execute(sa.select(sa.func.count()).select_from(target)).scalar_one()
        return rows, _unread({alone.keeper: rows - read}, 0)
    column = target.c[alone.day]
    kept = sa.or_(*(_kept(target, alone, group) for group in table.groups))
    places = sa.case(
        (must_read(table, target, alone), READ), (kept, sa.case((column.is_(None), OPEN), else_=DATED)), else_=EMPTY
    )
    counts = [sa.func.count(sa.case((places == place, READ))) for place in (OPEN, DATED, EMPTY)]
    found = tuple(connection.execute(sa.select(sa.func.count(), *counts).select_from(target)).one())
    rows, still_open, dated, empty = found
    by_purpose = {alone.open_keeper: still_open}
    by_purpose[alone.keeper] = by_purpose.get(alone.keeper, 0) + dated
    return rows, _unread(by_purpose, empty)


def _unread(kept: Mapping[str, int], empty: int) -> Unread:
    return Unread({name: count for name, count in kept.items() if count}, empty)


def _kept(target: sa.Table, alone: Alone, group: str) -> Condition:
    """Return the condition "a purpose surely keeps the group"; it may be NULL where it isn't true."""
    emission, column = alone.emission, target.c[alone.day]
    inside = _between(column, alone.kept[group].since, alone.today)
    if emission.when_null is WhenNull.ONGOING:
        inside = sa.or_(column.is_(None), inside)
    return sa.and_(inside, *_where(target, alone))


def _unkept(target: sa.Table, alone: Alone, group: str) -> Condition:
    """Return the opposite of `_kept`."""
    emission, column = alone.emission, target.c[alone.day]
    outside = [column < _day(column, alone.kept[group].since), column > _day(column, alone.today)]
    if emission.when_null is not WhenNull.ONGOING:
        outside.append(column.is_(None))
    return sa.or_(*outside, *(sa.not_(each) for each in _where(target, alone)))


def _near_a_border(target: sa.Table, alone: Alone) -> Condition:
    """Return the condition "whether the row is kept hangs on a day's exact place, or it lies ahead"."""
    column = target.c[alone.day]
    near = [_between(column, each.before, each.since) for each in alone.kept.values()]
    return sa.and_(sa.or_(*near, column > _day(column, alone.today)), *_where(target, alone))


def _where(target: sa.Table, alone: Alone) -> list[Condition]:
    """Return the condition under which a row tells of the event, which is never NULL; nothing where each does."""
    return [holds(target, alone.emission.where)] if alone.emission.where else []


def _between(column: sa.ColumnElement[Any], first: date, last: date) -> Condition:
    return sa.and_(column >= _day(column, first), column <= _day(column, last))


def _day(column: sa.ColumnElement[Any], day: date) -> sa.ColumnElement[Any]:
    """Return a day as its column's type has it: midnight, where it is a timestamp."""
    value = datetime.combine(day, time()) if isinstance(column.type, sa.DateTime) else day
    return sa.literal(value, column.type)
