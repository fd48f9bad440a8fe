"""The indexes that would turn a scan of a large table into a probe: `gallring check` names those that aren't there.

Two questions need one. Deleting a row has the database look for rows that refer to it, row by row; MariaDB makes an
index for that by itself, others don't. And of a table that stands alone a run looks for the rows of certain days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from include.retention.classify import Moment
from include.retention.column_types import read_types
from include.retention.data_map.inspection import is_partial
from include.retention.data_map.live import read_foreign_keys
from include.retention.data_map.live_context import Words, system_notice
from include.retention.data_map.model import DataMap, ForeignKey
from include.retention.errors import Problem
from include.retention.narrow.alone import find_alone
from include.retention.narrow.condition import has_days, index_helps
from include.retention.policy.model import Schedule
from include.retention.statements import sql_table
from include.retention.terms import WhenExpired

LARGE = 10_000
"""Rows from which on an index is worth its cost to whoever writes into the table."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """An index that would help.

    Attributes:
        what: what is slow without it.
    """

    table: str
    columns: tuple[str, ...]
    what: str


def check_indexes(
    maps: Mapping[str, DataMap], schedule: Schedule, system: str, engine: sa.Engine, moment: Moment
) -> Iterator[Problem]:
    """Yield a notice for each index that a large table of a system lacks.

    Args:
        maps: the data maps by system.
        schedule: the retention schedule.
        system: the system.
        engine: to its database.
        moment: today.

    Raises:
        SQLAlchemyError: the database can't be read.
    """
    data_map = maps[system]
    references = read_foreign_keys(engine, data_map.schema, data_map.tables)
    with engine.connect() as connection:
        wishes = [*_of_references(data_map, references)]
        wishes += _of_days(maps, schedule, system, references, connection, moment)
        there = _indexes(connection, data_map.schema, {wish.table for wish in wishes})
    for wish in wishes:
        if not _covered(wish, there) and _is_large(engine, data_map.schema, wish.table):
            remedy = (
                f"Ask its owner for: {_statement(engine, data_map.schema, wish)}. Each write into it costs a little."
            )
            yield system_notice(data_map, ("tables", wish.table), Words("INDEX_ADVISED", wish.what, remedy))


def _of_references(data_map: DataMap, references: Sequence[ForeignKey]) -> Iterator[_Wish]:
    deleted = {
        name for name, table in data_map.tables.items() if table.personal and table.when_expired is WhenExpired.DELETE
    }
    for each in references:
        if each.parent_table in deleted:
            named = ", ".join(each.child_columns)
            what = (
                f"has no index that begins with {named}: for each row that is deleted from {each.parent_table} the "
                "database looks through all of it."
            )
            yield _Wish(each.child_table, each.child_columns, what)


def _of_days(  # noqa: PLR0913, PLR0917 - each is another thing that is looked at
    maps: Mapping[str, DataMap],
    schedule: Schedule,
    system: str,
    references: Sequence[ForeignKey],
    connection: sa.Connection,
    moment: Moment,
) -> Iterator[_Wish]:
    data_map = maps[system]
    types = read_types(connection, data_map)
    for name, alone in find_alone(maps, schedule, system, references, moment).items():
        table, column = data_map.tables[name], alone.day
        if index_helps(table, alone) and has_days(sql_table(table, data_map.schema, types.get(name)), alone):
            what = f"has no index that begins with {column}: a run looks through all of it for the rows that are due."
            yield _Wish(name, (column,), what)


def _indexes(connection: sa.Connection, schema: str | None, tables: set[str]) -> dict[str, list[list[str | None]]]:
    """Return by table the columns of its keys and indexes, in their order; partial ones help nobody here."""
    inspector, names = sa.inspect(connection), sorted(tables)
    found: dict[str, list[list[str | None]]] = {name: [] for name in names}
    if not names:
        return found
    for (_, table), key in inspector.get_multi_pk_constraint(schema=schema, filter_names=names).items():
        found[table].append([*key["constrained_columns"]])
    for (_, table), uniques in inspector.get_multi_unique_constraints(schema=schema, filter_names=names).items():
        found[table] += [[*each["column_names"]] for each in uniques]
    for (_, table), indexes in inspector.get_multi_indexes(schema=schema, filter_names=names).items():
        found[table] += [[*each["column_names"]] for each in indexes if not is_partial(each)]
    return found


def _covered(wish: _Wish, there: Mapping[str, Sequence[Sequence[str | None]]]) -> bool:
    return any(set(columns[: len(wish.columns)]) == set(wish.columns) for columns in there[wish.table])


def _is_large(engine: sa.Engine, schema: str | None, table: str) -> bool:
    """Return whether a table is large; of one that can't be read others tell."""
    named = sa.table(sa.sql.quoted_name(table, quote=True), schema=schema)
    some = sa.select(sa.literal_column("1")).select_from(named).limit(LARGE + 1).subquery()
    try:
        with engine.connect() as connection:
            return (connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0) > LARGE
    except sa.exc.DatabaseError:
        return False


def _statement(engine: sa.Engine, schema: str | None, wish: _Wish) -> str:
    prepare = engine.dialect.identifier_preparer
    name = prepare.quote("_".join((wish.table, *wish.columns, "idx")))
    columns = ", ".join(prepare.quote(column) for column in wish.columns)
    return f"CREATE INDEX {name} ON {prepare.format_table(sa.table(wish.table, schema=schema))} ({columns})"
