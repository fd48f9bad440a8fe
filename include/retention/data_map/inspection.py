"""What a live database says of its tables, in the shape that the checks need."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.retention.column_types import Type
from include.retention.data_map.constraints import read_checks, words
from include.retention.data_map.granted import described_of, sees_every_table
from include.retention.data_map.kinds import Kinds, read_kinds
from include.retention.data_map.model import ForeignKey
from include.retention.method_sql import MARIADB

POSTGRES_CHILDREN = """
    SELECT child_schema.nspname, child.relname, parent.relname
    FROM pg_constraint
    JOIN pg_class child ON child.oid = conrelid
    JOIN pg_namespace child_schema ON child_schema.oid = child.relnamespace
    JOIN pg_class parent ON parent.oid = confrelid
    JOIN pg_namespace parent_schema ON parent_schema.oid = parent.relnamespace
    WHERE contype = 'f' AND parent_schema.nspname = :schema AND child_schema.nspname <> :schema
"""
MARIADB_CHILDREN = """
    SELECT constraint_schema, table_name, referenced_table_name
    FROM information_schema.referential_constraints
    WHERE unique_constraint_schema = :schema AND constraint_schema <> :schema
"""


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column as the database has it."""

    type: Type
    nullable: bool
    computed: bool


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table as the database has it.

    Attributes:
        uniques: columns of each UNIQUE constraint and unique index besides the primary key.
        keys: those of them that hold for every row: an index on some rows only makes no key.
        checks: condition of each CHECK constraint, as the database writes it.
    """

    columns: Mapping[str, LiveColumn]
    primary_key: tuple[str, ...]
    uniques: tuple[tuple[str, ...], ...]
    keys: tuple[tuple[str, ...], ...]
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveSchema:
    """The tables of one schema.

    Attributes:
        tables: name -> table; of tables that weren't asked for only the name.
        foreign_keys: all of them, undeclared tables' too.
        outside: ``schema.table`` of another schema that refers to a table of this one, and that table.
        sees_all: no table is hidden from the account.
        undescribed: tables that the account sees and that MariaDB doesn't describe to it, without SELECT on the whole.
        kinds: what the names stand for that aren't plain tables.
    """

    tables: Mapping[str, LiveTable | None]
    foreign_keys: tuple[ForeignKey, ...]
    outside: tuple[tuple[str, str], ...]
    sees_all: bool
    undescribed: frozenset[str]
    kinds: Kinds


def inspect_schema(engine: sa.Engine, schema: str | None, wanted: Collection[str]) -> LiveSchema:
    """Read the names of all tables, everything about the wanted ones, and every foreign key."""
    with engine.connect() as connection, warnings.catch_warnings():
        # SQLAlchemy warns of what it can't describe, such as an index on an expression in SQLite.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        inspector = sa.inspect(connection)
        kinds, sees_all = read_kinds(connection, schema), sees_every_table(connection, schema)
        tables_there = _tables(inspector, schema, kinds)
        # A materialised view is a copy, for example: what is culled elsewhere stays in it.
        names = [*tables_there, *kinds.copies]
        described = tables_there if sees_all else described_of(connection, schema, tables_there)
        tables = {
            name: _table(connection, inspector, name, schema) if name in wanted and name in described else None
            for name in names
        }
        return LiveSchema(
            tables=tables,
            foreign_keys=_foreign_keys(inspector, schema, described, kinds.wholes),
            outside=_outside(connection, inspector, schema),
            sees_all=sees_all,
            undescribed=frozenset(tables_there) - frozenset(described),
            kinds=kinds,
        )


def read_foreign_keys(
    engine: sa.Engine, schema: str | None, tables: Collection[str] | None = None
) -> tuple[ForeignKey, ...]:
    """Return the foreign keys of a schema, those of undeclared tables included.

    Args:
        engine: to the source.
        schema: database schema, or None for the default.
        tables: only foreign keys from or to one of these; None means all.
    """
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        kinds = read_kinds(connection, schema)
        names = _tables(inspector, schema, kinds)
        described = names if sees_every_table(connection, schema) else described_of(connection, schema, names)
        found = _foreign_keys(inspector, schema, described, kinds.wholes)
    return tuple(each for each in found if tables is None or {each.child_table, each.parent_table} & set(tables))


def _tables(inspector: sa.Inspector, schema: str | None, kinds: Kinds) -> list[str]:
    """Return the names of the tables. A partition isn't one: its rows are the whole table's."""
    return [name for name in inspector.get_table_names(schema=schema) if name not in kinds.wholes]


def _foreign_keys(
    inspector: sa.Inspector, schema: str | None, names: Collection[str], wholes: Mapping[str, str]
) -> tuple[ForeignKey, ...]:
    if not names:
        # To SQLAlchemy no names to filter by means all of them, hidden ones too.
        return ()
    # SQLite and MariaDB keep the spelling of REFERENCES, whatever the table itself is called.
    spelt = {name.casefold(): name for name in names}
    own = {schema, None} if schema in (None, inspector.default_schema_name) else {schema}
    keys = [
        ForeignKey(
            child_table=table,
            child_columns=tuple(each["constrained_columns"]),
            parent_table=spelt.get(
                each["referred_table"].casefold(), wholes.get(each["referred_table"], each["referred_table"])
            ),
            parent_columns=tuple(each["referred_columns"]),
            ondelete=str(each.get("options", {}).get("ondelete") or "NO ACTION").upper(),
        )
        for (_, table), found in inspector.get_multi_foreign_keys(schema=schema, filter_names=list(names)).items()
        for each in found
        if each["referred_schema"] in own
    ]
    # PostgreSQL refers to a partitioned table once more through each partition.
    return tuple(
        sorted(dict.fromkeys(keys), key=lambda each: (each.child_table, each.child_columns, each.parent_table))
    )


def _table(connection: sa.Connection, inspector: sa.Inspector, name: str, schema: str | None) -> LiveTable:
    columns = {
        each["name"]: LiveColumn(each["type"], bool(each["nullable"]), "computed" in each)
        for each in inspector.get_columns(name, schema=schema)
    }
    constraints = [each["column_names"] for each in inspector.get_unique_constraints(name, schema=schema)]
    indexes = [each for each in inspector.get_indexes(name, schema=schema) if each["unique"]]
    whole = [each for each in indexes if not is_partial(each)]
    return LiveTable(
        columns=columns,
        primary_key=tuple(inspector.get_pk_constraint(name, schema=schema)["constrained_columns"]),
        uniques=_sorted([*constraints, *(_indexed(each, columns) for each in indexes)]),
        keys=_sorted([*constraints, *(_indexed(each, columns) for each in whole)]),
        checks=read_checks(connection, inspector, name, schema),
    )


def _sorted(found: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted({tuple(each) for each in found}))


def is_partial(index: Any) -> bool:  # noqa: ANN401  (a ReflectedIndex, whose keys vary)
    """Return whether an index is about some of the rows alone."""
    options = index.get("dialect_options", {})
    return bool({"postgresql_where", "sqlite_where"} & options.keys())


def _indexed(index: Any, columns: Iterable[str]) -> list[str]:  # noqa: ANN401  (a ReflectedIndex, whose keys vary)
    """Return the columns of an index, those inside its expressions too."""
    inside = {word for text in index.get("expressions", []) for word in words(text)}
    return [name for name in columns if name in index["column_names"] or name.casefold() in inside]


def _outside(connection: sa.Connection, inspector: sa.Inspector, schema: str | None) -> tuple[tuple[str, str], ...]:
    dialect = connection.dialect.name
    query = MARIADB_CHILDREN if dialect in MARIADB else POSTGRES_CHILDREN if dialect == "postgresql" else None
    if query is None:
        return ()
    rows = connection.execute(sa.text(query), {"schema": schema or inspector.default_schema_name})
    return tuple(sorted((f"{child_schema}.{child}", str(parent)) for child_schema, child, parent in rows))
