"""Reading a live schema for a draft: its tables, and a few of the newest rows of each, judged in memory alone."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveSchema, LiveTable, inspect_schema
from include.retention.draft.columns import Guess, Values, guess_column, judge
from include.retention.draft.tables import TableDraft, draft_tables, is_of_people, key_of
from include.retention.identifiers import Normaliser

SAMPLE = 100
"""Rows of each table that are looked at: the newest by the key."""


def read_schema(engine: sa.Engine, schema: str | None) -> LiveSchema:
    """Return everything about every table of a schema."""
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names(schema=schema)
    return inspect_schema(engine, schema, frozenset(names))


def draft_schema(
    engine: sa.Engine, schema: str | None, live: LiveSchema, normaliser: Normaliser, progress: Callable[[str], None]
) -> dict[str, TableDraft]:
    """Return a draft of each table.

    Columns are guessed twice, though their values are looked at once: words that tell little by themselves (a note, a
    reason) count where the first guess has found the table to be about people, or to refer to such a table.

    Args:
        engine: to the database.
        schema: its schema, or None for the default.
        live: what `read_schema` returned.
        normaliser: reads identifiers as a run does.
        progress: told of each table once it has been read.
    """
    judged: dict[str, dict[str, Values]] = {}
    with engine.connect() as connection:
        for name, table in live.tables.items():
            if table is not None:
                values = _sample(connection, schema, name, table)
                judged[name] = {each: judge(table.columns[each], found, normaliser) for each, found in values.items()}
            progress(name)

    def look(people: AbstractSet[str]) -> dict[str, dict[str, Guess]]:
        return {
            name: {
                column: guess_column(column, found, judged[name][column], of_people=name in people)
                for column, found in table.columns.items()
            }
            for name, table in live.tables.items()
            if table is not None
        }

    first = look(frozenset())
    linked = {name for name, draft in draft_tables(live, first).items() if draft.roles or draft.about is not None}
    return draft_tables(live, look(linked | {name for name, found in first.items() if is_of_people(name, found)}))


def _sample(connection: sa.Connection, schema: str | None, name: str, table: LiveTable) -> dict[str, list[object]]:
    """Return values of the newest rows, per column. They are never written or logged."""

    def column(each: str) -> sa.ColumnClause[object]:
        return sa.column(sa.sql.quoted_name(each, quote=True))

    target = sa.table(sa.sql.quoted_name(name, quote=True), schema=schema)
    newest = [column(each).desc() for each in key_of(table)]
    query = sa.select(*map(column, table.columns)).select_from(target).order_by(*newest).limit(SAMPLE)
    rows = connection.execute(query).all()
    return {each: [row[place] for row in rows] for place, each in enumerate(table.columns)}
