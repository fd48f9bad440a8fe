"""Whether a data map and the live database agree.

What the map doesn't declare may hold anybody's data, or what a law protects: such a table fails closed. Nothing in it
is destroyed, and the run says so and fails.

Problems with ``table`` close that table; the others are notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from include.retention.data_map.fit import check_constraints, check_methods, check_parts
from include.retention.data_map.inspection import LiveSchema, inspect_schema, read_foreign_keys
from include.retention.data_map.left_alone import check_left_alone
from include.retention.data_map.link_fit import check_links
from include.retention.data_map.live_context import LiveContext, Words, closing
from include.retention.data_map.model import DataMap, Table
from include.retention.data_map.presence import check_presence, close_to
from include.retention.data_map.privileges import check_privileges
from include.retention.data_map.rings import check_empties, check_rings
from include.retention.data_map.triggers import check_triggers
from include.retention.errors import Problem
from include.retention.method_sql import MARIADB
from include.retention.policy.document import KeyPath, key_text
from include.retention.statements import sql_table
from include.retention.terms import WhenExpired

__all__ = ["check_live", "closed_tables", "read_foreign_keys"]

DAY_TYPES = (sa.Date, sa.DateTime, sa.String, sa.types.NullType)
"""Types in which a day can be read; SQLite knows columns without any type."""


def closed_tables(problems: Iterable[Problem]) -> frozenset[str]:
    """Return the tables, as ``system.table``, in which nothing may be destroyed."""
    return frozenset(problem.table for problem in problems if problem.table is not None)


def check_live(data_map: DataMap, engine: sa.Engine) -> tuple[Problem, ...]:
    """Compare a map with the database that it describes.

    The codes in ``reading.UNREADABLE`` concern more than their own table: events that can't be read can't keep other
    records either.

    Returns:
        Problems, which close their table, and notices, whose ``table`` is None.
    """
    schema = inspect_schema(engine, data_map.schema, data_map.tables.keys())
    found = [*check_presence(data_map, schema, engine), *_references(data_map, schema), *_cascades(data_map, schema)]
    found += check_left_alone(data_map, schema, engine)
    there = [
        LiveContext(table, live, data_map, schema, engine)
        for name, table in data_map.tables.items()
        if (live := schema.tables.get(name)) is not None
    ]
    for at in there:
        found += [*_columns(at), *_key(at), *_days(at), *check_links(at)]
        found += [*check_methods(at), *check_constraints(at), *check_parts(at)]
    found += [*check_rings(data_map, schema), *check_empties(there)]
    found += [*check_privileges(data_map, schema, engine, there), *check_triggers(engine, data_map.schema, there)]
    return tuple(found)


def _references(data_map: DataMap, schema: LiveSchema) -> Iterator[Problem]:
    """Yield a problem for each table that rows outside the map refer to, unless nothing of it can touch them.

    Where rows stay and only columns are erased that nobody refers to, whoever refers to them goes on doing so.
    """
    touched = {
        (each.child_table, each.parent_table)
        for each in schema.foreign_keys
        if (table := data_map.tables.get(each.parent_table)) is not None
        and (_deletes(table) or any(_is_erased(table, name) for name in each.parent_columns))
    }
    for child, parent in sorted(touched | set(schema.outside)):
        table = data_map.tables.get(parent)
        if child not in data_map.tables and table is not None and table.personal:
            what = f"is referred to by {child}, which the map doesn't describe: deleting here could break it or spread."
            yield closing(data_map, parent, (), Words("REFERENCED_BY_UNDECLARED", what, f"Map {child}."))


def _deletes(table: Table) -> bool:
    return table.when_expired is WhenExpired.DELETE or bool(table.wholes)


def _is_erased(table: Table, column: str) -> bool:
    return column in table.columns and table.columns[column].category is not None


def _cascades(data_map: DataMap, schema: LiveSchema) -> Iterator[Problem]:
    for each in schema.foreign_keys:
        child = data_map.tables.get(each.child_table)
        if each.ondelete == "CASCADE" and child is not None and child.personal:
            yield Problem(
                file=f"system:{data_map.system}",
                key=key_text(("tables", each.parent_table)),
                what=f"takes rows of {child.name} with it when deleted (ON DELETE CASCADE).",
                remedy=f"A row stays while a row of {child.name} that must stay refers to it; better drop the cascade.",
                code="CASCADE_PATH",
            )


def _columns(at: LiveContext) -> Iterator[Problem]:
    for name in at.table.columns:
        if name not in at.live.columns:
            what = f"isn't in the database.{close_to(at.live.columns, name)}"
            yield at.problem(("columns", name), "MISSING_COLUMN", what, "Correct the map.")
    for name in at.live.columns:
        if name not in at.table.columns and not at.data_map.covers_column(name):
            what = "is in the database and not in the map: what it holds is unknown."
            remedy = "Declare it: a note why it isn't personal, or its category and column group."
            yield at.problem(("columns", name), "UNDECLARED_COLUMN", what, remedy)


def _key(at: LiveContext) -> Iterator[Problem]:
    primary = at.live.primary_key
    required = {name for name, column in at.live.columns.items() if not column.nullable}
    unique = [set(each) for each in at.live.keys if required >= set(each)]
    if set(at.table.key) not in [set(primary), *unique]:
        what = f"({', '.join(at.table.key)}) isn't a key of the table: two rows could be mistaken for one."
        own = f" ({', '.join(primary)})" if primary else ", which it lacks"
        remedy = f"Use its primary key{own}, or columns that are UNIQUE and NOT NULL together."
        yield at.problem(("key",), "KEY_MISMATCH", what, remedy)
    elif at.engine.dialect.name == "sqlite" and _has_null_key(at):
        what = f"({', '.join(at.table.key)}) is NULL in some rows, which SQLite allows even in a primary key."
        yield at.problem(("key",), "KEY_MISMATCH", what, "Give those rows a key, and declare its columns NOT NULL.")


def _has_null_key(at: LiveContext) -> bool:
    target = sql_table(at.table, at.data_map.schema, at.types)
    empty = sa.or_(*(target.c[name].is_(None) for name in at.table.key))
    with at.engine.connect() as connection:
        return (
            connection.execute(sa.select(sa.literal(1)).select_from(target).where(empty).limit(1)).first() is not None
        )


def _days(at: LiveContext) -> Iterator[Problem]:
    for number, emission in enumerate(at.table.emissions):
        for key, name in (("date", emission.date), ("begins", emission.begins), ("fallback", emission.fallback)):
            if name is not None and name in at.live.columns:
                yield from _day(at, ("events", number, key), name)


def _day(at: LiveContext, path: KeyPath, name: str) -> Iterator[Problem]:
    kind, declared = at.live.columns[name].type, at.table.columns.get(name)
    if not isinstance(kind, DAY_TYPES):
        what = f"is {name}, which the database keeps as {type(kind).__name__}, not as a day."
        yield at.problem(path, "EVENT_DATE_TYPE", what, "Name a column of type date, timestamp or text (ISO 8601).")
    instant = at.engine.dialect.name in MARIADB and isinstance(kind, sa.TIMESTAMP)
    if instant and declared is not None and declared.time_zone != "UTC":
        what = f"is {name}, a TIMESTAMP, which MariaDB gives in the session's time zone: UTC here."
        remedy = f"Write {name}: {{time_zone: UTC, ...}} in columns, or events near midnight get the wrong day."
        yield at.problem(path, "TIMESTAMP_ZONE", what, remedy)
