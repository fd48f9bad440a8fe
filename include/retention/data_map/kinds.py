"""What the names in a schema stand for where they aren't plain tables: views, partitions, heirs, kept histories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from include.retention.method_sql import MARIADB

POSTGRES_KINDS = """
    SELECT c.relname AS name, c.relkind AS kind, whole.relname AS whole,
           ARRAY(
               SELECT heir.relname::text FROM pg_inherits JOIN pg_class heir ON heir.oid = inhrelid
               WHERE inhparent = c.oid AND NOT heir.relispartition
           ) AS heirs
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class whole ON whole.oid = pg_partition_root(c.oid) AND whole.oid <> c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
"""
MARIADB_KINDS = """
    SELECT table_name AS name, table_type = 'VIEW' AS is_view, table_type = 'SYSTEM VERSIONED' AS is_versioned,
           COALESCE(transactions, 'YES') <> 'YES' AS without_transactions
    FROM information_schema.tables LEFT JOIN information_schema.engines USING (engine)
    WHERE table_schema = :schema
"""
SQLITE_KINDS = "SELECT name FROM sqlite_master WHERE type = 'view'"

VIEW, COPY, FOREIGN = "a view", "a materialised view", "a foreign table"
POSTGRES_OTHERS = {"v": VIEW, "m": COPY, "f": FOREIGN}


@dataclass(frozen=True, slots=True)
class Kinds:
    """The names of a schema that need another treatment than a plain table's.

    Attributes:
        others: what isn't a table -> what it is.
        wholes: partition -> the partitioned table that it is a part of.
        heirs: table -> tables whose rows are also its own, by inheritance.
        histories: tables that keep every row as it was before it was changed.
        without_transactions: tables in which nothing can be rolled back.
    """

    others: Mapping[str, str] = field(default_factory=dict)
    wholes: Mapping[str, str] = field(default_factory=dict)
    heirs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    histories: frozenset[str] = frozenset()
    without_transactions: frozenset[str] = frozenset()

    @property
    def copies(self) -> list[str]:
        """Return what holds rows although it isn't a table: data of another system, or as it was once."""
        return [name for name, kind in self.others.items() if kind != VIEW]


def read_kinds(connection: sa.Connection, schema: str | None) -> Kinds:
    """Return what the names in a schema stand for.

    Args:
        connection: to the database.
        schema: the schema, or None for the default.
    """
    if connection.dialect.name == "sqlite":
        return Kinds(others={str(name): VIEW for (name,) in connection.exec_driver_sql(SQLITE_KINDS)})
    if connection.dialect.name in MARIADB:
        database = schema or connection.dialect.default_schema_name
        found = connection.execute(sa.text(MARIADB_KINDS), {"schema": database}).all()
        return Kinds(
            others={row.name: VIEW for row in found if row.is_view},
            histories=frozenset(row.name for row in found if row.is_versioned),
            without_transactions=frozenset(row.name for row in found if row.without_transactions),
        )
    found = connection.execute(sa.text(POSTGRES_KINDS), {"schema": schema}).all()
    return Kinds(
        others={row.name: POSTGRES_OTHERS[row.kind] for row in found if row.kind in POSTGRES_OTHERS},
        wholes={row.name: row.whole for row in found if row.whole is not None},
        heirs={row.name: tuple(sorted(row.heirs)) for row in found if row.heirs},
    )
