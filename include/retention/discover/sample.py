"""A few hundred rows of a table, from its beginning, its end and in between. They are judged in memory alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveTable
from include.retention.draft.tables import key_of

ROWS = 100
"""Rows of each of the three parts of a sample."""

Values = dict[str, list[object]]


def sample(
    connection: sa.Connection, schema: str | None, table: str, live: LiveTable, columns: Sequence[str]
) -> Values:
    """Return sampled values per column: of the oldest rows by the key, of the newest, and of rows evenly in between.

    The same rows of the same table each time. Between first and last only a whole number can be divided, so a table
    with another key, or none, is sampled at its ends.

    Raises:
        SQLAlchemyError: the table can't be read.
    """
    key = key_of(live)
    target = sa.table(_name(table), *(sa.column(_name(each)) for each in live.columns), schema=schema)
    wanted = [target.c[name] for name in (*key, *columns)]
    order = [target.c[name] for name in key]
    rows: dict[tuple[object, ...], Sequence[object]] = {}
    for query in _queries(connection, target, order, live, key):
        for row in connection.execute(query.with_only_columns(*wanted, maintain_column_froms=True)):
            rows[tuple(row[: len(key)]) or (len(rows),)] = row[len(key) :]
    return {name: [row[place] for row in rows.values()] for place, name in enumerate(columns)}


def _queries(
    connection: sa.Connection,
    target: sa.TableClause,
    order: Sequence[sa.ColumnElement[object]],
    live: LiveTable,
    key: Sequence[str],
) -> Iterator[sa.Select[tuple[object, ...]]]:
    some = sa.select(target).limit(ROWS)
    yield some.order_by(*order)
    if not order:
        return
    yield some.order_by(*(column.desc() for column in order))
    if len(key) == 1 and isinstance(live.columns[key[0]].type, sa.Integer):
        ends = connection.execute(sa.select(sa.func.min(order[0]), sa.func.max(order[0]))).one()
        first, last = (int(end) if isinstance(end, int) else 0 for end in ends)
        if last - first > 2 * ROWS:
            step = (last - first) / (ROWS + 1)
            yield sa.select(target).where(order[0].in_([first + round(step * n) for n in range(1, ROWS + 1)]))


def _name(name: str) -> sa.sql.quoted_name:
    return sa.sql.quoted_name(name, quote=True)
