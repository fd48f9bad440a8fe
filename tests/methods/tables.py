"""Small mapped tables, made up for one test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.retention.column_types import read_types
from include.retention.data_map.model import Column, DataMap, Group, Link, Method, Table
from include.retention.policy.model import Text
from include.retention.statements import sql_table
from include.retention.terms import WhenExpired, WithoutPurpose

TITLE = Text("Tabell", "Table")


def mapped_table(
    name: str,
    key: Sequence[str],
    methods: Mapping[str, Method],
    *,
    groups: Mapping[str, str] | None = None,
    other: Sequence[str] = (),
    part_of: Link | None = None,
) -> Table:
    """Return a data map's table: personal columns with their methods, all in the group ``all`` unless said."""
    where = groups or {}
    columns = [Column(each, None, None, None, None, "Not personal") for each in (*key, *other) if each not in methods]
    columns += [Column(each, "name", where.get(each, "all"), method, None, "") for each, method in methods.items()]
    names = dict.fromkeys(column.group for column in columns if column.group)
    return Table(
        name=name,
        title=TITLE,
        key=tuple(key),
        personal=True,
        note="",
        when_expired=WhenExpired.DELETE,
        part_of=part_of,
        personal_when=(),
        subjects={},
        emissions=(),
        groups={each: Group(each, (), (), None, WithoutPurpose.EXPIRE) for each in names},
        columns={column.name: column for column in columns},
        files=(),
        sums=(),
        series=(),
        suppresses=False,
    )


def data_map(*tables: Table, schema: str | None = None, file_roots: Mapping[str, str] | None = None) -> DataMap:
    """Return a data map of these tables."""
    by_name = {table.name: table for table in tables}
    return DataMap("test", TITLE, "gallring_test", schema, "Ingen", file_roots or {}, by_name, "0" * 64)


@dataclass(frozen=True, slots=True)
class Made:
    """A table of a database, its map and its SQLAlchemy table with the types that the database has."""

    table: Table
    target: sa.Table


def make_table(engine: sa.Engine, table: Table, types: Mapping[str, Any], *constraints: Any) -> Made:
    """Create a table in the database (again) and return it as Gallring sees it."""
    metadata = sa.MetaData()
    columns = [
        each if isinstance(each, sa.Column) else sa.Column(name, each, primary_key=name in table.key, quote=True,
                                                           autoincrement=False)
        for name, each in types.items()
    ]  # fmt: skip
    sa.Table(table.name, metadata, *columns, *constraints, quote=True)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    with engine.connect() as connection:
        known = read_types(connection, data_map(table))[table.name]
    return Made(table, sql_table(table, None, known))
