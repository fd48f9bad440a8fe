"""A few hundred rows of a table, from its beginning, its end and in between. They are judged in memory alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveTable
from include.retention.draft.tables import key_of

ROWS = 100
"""Rows of each of the three parts of a sample."""
PROBES = 20
"""Places between first and last key at which rows are read where the key is a text."""
PAGES_OVER = 10
"""PostgreSQL gives whole pages: so many times the rows wanted are read, and a few of each page taken."""
ROWS_OF_A_PAGE = 40
"""Supposed where a table was never analysed."""

Values = dict[str, list[object]]
Query = sa.Select[Any]


def sample(
    connection: sa.Connection, schema: str | None, table: str, live: LiveTable, columns: Sequence[str]
) -> Values:
    """Return sampled values per column: of the oldest rows by the key, of the newest, and of rows in between.

    The same rows of the same table each time, and never a scan of the whole: between first and last lie whole numbers
    that can be divided evenly, PostgreSQL's pages, or texts that begin with other letters. A table with another key,
    or none, is sampled at its ends elsewhere than on PostgreSQL.

    Raises:
        SQLAlchemyError: the table can't be read.
    """
    key = key_of(live)
    target = sa.table(_name(table), *(sa.column(_name(each)) for each in live.columns), schema=schema)
    wanted = [target.c[name] for name in (*key, *columns)]
    order = [target.c[name] for name in key]
    rows: dict[tuple[object, ...], Sequence[object]] = {}

    def take(query: Query) -> list[Sequence[object]]:
        found = [tuple(row) for row in connection.execute(query)]
        for row in found:
            rows[row[: len(key)] or (len(rows),)] = row[len(key) :]
        return list(found)

    some = sa.select(*wanted).limit(ROWS)
    first = take(some.order_by(*order))
    last = take(some.order_by(*(column.desc() for column in order))) if order else []
    if len(first) == ROWS:  # Fewer are the whole table.
        ends = (first[0][0], last[0][0]) if order else (None, None)
        for query in _between(connection, target, wanted, order, ends):
            take(query)
    return {name: [row[place] for row in rows.values()] for place, name in enumerate(columns)}


def _between(
    connection: sa.Connection,
    target: sa.TableClause,
    wanted: Sequence[sa.ColumnElement[Any]],
    order: Sequence[sa.ColumnElement[Any]],
    ends: tuple[object, object],
) -> Iterator[Query]:
    """Yield what reads rows between the first and the last."""
    first, last = ends
    if len(order) == 1 and isinstance(first, int) and isinstance(last, int):
        step = (last - first) / (ROWS + 1)
        query: Query = sa.select(*wanted)
        yield query.where(order[0].in_({first + round(step * n) for n in range(1, ROWS + 1)}))
    elif connection.dialect.name == "postgresql":
        yield from _pages(connection, target, wanted)
    elif isinstance(first, str) and isinstance(last, str):
        few: Query = sa.select(*wanted).order_by(*order).limit(ROWS // PROBES)
        yield from (few.where(order[0] >= probe) for probe in probes(first, last))


def probes(first: str, last: str) -> Iterator[str]:
    """Yield texts spread between two others: UUIDs, or what both begin with and letters from one's to the other's.

    A database's own order of letters is another one; a probe outside its order meets no row, or the same rows again.
    """
    try:
        low, high = uuid.UUID(first).int, uuid.UUID(last).int
    except ValueError:
        yield from _letters(first, last)
    else:
        yield from (str(uuid.UUID(int=low + (high - low) * n // (PROBES + 1))) for n in range(1, PROBES + 1))


def _letters(first: str, last: str) -> Iterator[str]:
    common = 0
    while common < min(len(first), len(last)) and first[common] == last[common]:
        common += 1
    low, high = (ord(text[common]) if common < len(text) else 0 for text in (first, last))
    for letter in sorted({low + round((high - low) * n / (PROBES + 1)) for n in range(1, PROBES + 1)}):
        if letter and not _SURROGATES[0] <= letter <= _SURROGATES[1]:
            yield first[:common] + chr(letter)


_SURROGATES = (0xD800, 0xDFFF)
"""Code points that stand for no letter, and that no database takes."""


def _pages(
    connection: sa.Connection, target: sa.TableClause, wanted: Sequence[sa.ColumnElement[Any]]
) -> Iterator[Query]:
    """Yield what reads some of PostgreSQL's pages, and a few rows of each."""
    name = sa.func.to_regclass(connection.dialect.identifier_preparer.format_table(target))
    statistics = sa.table("pg_class", sa.column("oid"), sa.column("reltuples"), schema="pg_catalog")
    pages = sa.func.pg_relation_size(name) / sa.func.current_setting("block_size").cast(sa.Integer)
    counted = sa.select(statistics.c.reltuples, pages).where(statistics.c.oid == name)
    known = connection.execute(counted).one_or_none()
    rows, size = (0, 0) if known is None else (int(known[0]), int(known[1]))
    if size == 0:
        return
    share = 100 * PAGES_OVER * ROWS / (rows if rows > 0 else size * ROWS_OF_A_PAGE)
    part = target.tablesample(sa.func.system(min(100.0, share)), seed=sa.literal(1))
    spread = sa.func.md5(sa.cast(sa.column("ctid"), sa.Text()))
    columns = [part.c[each.name] for each in wanted]
    yield sa.select(*columns).order_by(spread).limit(ROWS)


def _name(name: str) -> sa.sql.quoted_name:
    return sa.sql.quoted_name(name, quote=True)
