"""The condition in SQL under which a row of a table that stands alone has to be read, and the counts of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import reduce
from operator import or_
from typing import Any

import sqlalchemy as sa

from include.retention.conditions import holds
from include.retention.data_map.model import Table
from include.retention.methods import left
from include.retention.narrow.alone import Alone
from include.retention.terms import WhenExpired, WhenNull

Condition = sa.ColumnElement[bool]
ONE: sa.ColumnElement[int] = sa.literal_column("1")
NOUGHT: sa.ColumnElement[int] = sa.literal_column("0")


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
    return isinstance(target.c[alone.emission.date].type, (sa.Date, sa.DateTime))


def must_read(table: Table, target: sa.Table, alone: Alone) -> Condition:
    """Return the condition "something could be due in the row, or only the engine can tell". It is never NULL."""
    kept = {group: _kept(target, alone, group) for group in table.groups}
    wanted = [sa.and_(left(table, target, group), sa.not_(kept[group])) for group in table.groups]
    if table.when_expired is WhenExpired.DELETE:
        wanted.append(sa.and_(*(sa.not_(each) for each in kept.values())))
    return sa.or_(*wanted, _near_a_border(target, alone))


def count_unread(connection: sa.Connection, table: Table, target: sa.Table, alone: Alone) -> tuple[int, Unread]:
    """Return how many rows a table has, and how many of them needn't be read, in one statement."""
    unread = sa.not_(must_read(table, target, alone))
    opened = target.c[alone.emission.date].is_(None)
    kept = reduce(or_, (_kept(target, alone, group) for group in table.groups))
    counts: Sequence[Condition] = (
        sa.and_(unread, kept, opened), sa.and_(unread, kept, sa.not_(opened)), sa.and_(unread, sa.not_(kept)),
    )  # fmt: skip
    sums = [sa.func.coalesce(sa.func.sum(sa.case((each, ONE), else_=NOUGHT)), NOUGHT) for each in counts]
    rows, still_open, dated, empty = (
        int(count) for count in connection.execute(sa.select(sa.func.count(), *sums).select_from(target)).one()
    )
    by_purpose = {alone.open_keeper: still_open}
    by_purpose[alone.keeper] = by_purpose.get(alone.keeper, 0) + dated
    return rows, Unread({name: count for name, count in by_purpose.items() if count}, empty)


def _kept(target: sa.Table, alone: Alone, group: str) -> Condition:
    """Return the condition "a purpose surely keeps the group". It is never NULL."""
    emission, column = alone.emission, target.c[alone.emission.date]
    inside = sa.and_(column.is_not(None), _between(column, alone.kept[group].since, alone.today))
    if emission.when_null is WhenNull.ONGOING:
        inside = sa.or_(column.is_(None), inside)
    return sa.and_(holds(target, emission.where), inside)


def _near_a_border(target: sa.Table, alone: Alone) -> Condition:
    """Return the condition "whether the row is kept hangs on a day's exact place, or it lies ahead"."""
    column = target.c[alone.emission.date]
    near = [_between(column, each.before, each.since) for each in alone.kept.values()]
    ahead = column > _day(column, alone.today)
    return sa.and_(holds(target, alone.emission.where), column.is_not(None), sa.or_(*near, ahead))


def _between(column: sa.ColumnElement[Any], first: date, last: date) -> Condition:
    return sa.and_(column >= _day(column, first), column <= _day(column, last))


def _day(column: sa.ColumnElement[Any], day: date) -> sa.ColumnElement[Any]:
    """Return a day as its column's type has it: midnight, where it is a timestamp."""
    value = datetime.combine(day, time()) if isinstance(column.type, sa.DateTime) else day
    return sa.literal(value, column.type)
