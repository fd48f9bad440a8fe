"""What the connection's account may do in a live database, as that database itself judges it.

Ownership, roles and wider grants count, because the server is asked and no list of grants is added up here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import quoted_name

from include.retention.database_errors import DENIED
from include.retention.method_sql import MARIADB

POSTGRES_GRANTED = """
    SELECT c.relname AS table_name, a.attname AS column_name,
           s.usable AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS may_select,
           s.usable AND has_column_privilege(c.oid, a.attnum, 'UPDATE') AS may_update,
           s.usable AND has_table_privilege(c.oid, 'DELETE') AS may_delete,
           NOT row_security_active(c.oid) AS every_row
    FROM pg_class c
    JOIN (SELECT oid, nspname, has_schema_privilege(oid, 'USAGE') AS usable FROM pg_namespace) s
      ON s.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p')
      AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE s.nspname = :schema END
"""
MARIADB_GRANTED = """
    SELECT table_name AS table_name, column_name AS column_name,
           privileges LIKE '%select%' AS may_select, privileges LIKE '%update%' AS may_update,
           FALSE AS may_delete, TRUE AS every_row
    FROM information_schema.columns WHERE table_schema = :schema
"""
MARIADB_READ_ONLY = "SELECT @@global.read_only"


@dataclass(frozen=True, slots=True)
class Granted:
    """What the account may do with a table.

    Attributes:
        select: columns that it may read.
        update: columns that it may set.
        delete: it may delete rows.
        every_row: no row-level security applies to it.
    """

    select: frozenset[str]
    update: frozenset[str]
    delete: bool
    every_row: bool


NOTHING = Granted(select=frozenset(), update=frozenset(), delete=False, every_row=True)
GrantedTables = Mapping[str, Granted]
"""Table -> what the account may do with it."""


def read_granted(connection: sa.Connection, schema: str | None, deleting: Collection[str]) -> dict[str, Granted]:
    """Return what the account may do, by table; of a table on which it has nothing there may be no entry.

    Args:
        connection: to a PostgreSQL or MariaDB database.
        schema: the schema, or None for the default.
        deleting: tables of which it is asked whether rows may be deleted.
    """
    on_mariadb = connection.dialect.name in MARIADB
    database = schema or connection.dialect.default_schema_name if on_mariadb else schema
    query = sa.text(MARIADB_GRANTED if on_mariadb else POSTGRES_GRANTED)
    by_table: dict[str, list[sa.Row[Any]]] = {}
    for row in connection.execute(query, {"schema": database}):
        by_table.setdefault(row.table_name, []).append(row)
    found = {
        name: Granted(
            select=frozenset(row.column_name for row in rows if row.may_select),
            update=frozenset(row.column_name for row in rows if row.may_update),
            delete=_may_delete(connection, schema, name) if on_mariadb and name in deleting else rows[0].may_delete,
            every_row=rows[0].every_row,
        )
        for name, rows in by_table.items()
    }
    if on_mariadb:  # It names no columns to an account that may only delete.
        unnamed = set(deleting) - by_table.keys()
        found |= {name: replace(NOTHING, delete=_may_delete(connection, schema, name)) for name in unnamed}
    return found


def _may_delete(connection: sa.Connection, schema: str | None, table: str) -> bool:
    """Return whether rows may be deleted: EXPLAIN asks for the same privileges as the statement, and deletes nothing.

    No other way counts roles and patterns in the names of databases as the server does.
    """
    statement = sa.delete(_target(schema, table)).where(sa.false()).compile(dialect=connection.dialect)
    return _allowed(connection, f"EXPLAIN {statement}")


def described_of(connection: sa.Connection, schema: str | None, tables: Iterable[str]) -> list[str]:
    """Return the tables that MariaDB describes to the account: it wants SELECT on the whole of each."""
    preparer = connection.dialect.identifier_preparer
    named = ((table, preparer.format_table(_target(schema, table))) for table in tables)
    return [table for table, name in named if _allowed(connection, f"SHOW CREATE TABLE {name}")]


def _target(schema: str | None, table: str) -> sa.TableClause:
    within = None if schema is None else quoted_name(schema, quote=True)
    return sa.table(quoted_name(table, quote=True), schema=within)


def _allowed(connection: sa.Connection, statement: str) -> bool:
    """Send a statement that changes nothing, and return whether the account may."""
    try:
        connection.exec_driver_sql(statement).close()
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "args", (None,))[0] != DENIED:
            raise
        return False
    return True


def sees_every_table(connection: sa.Connection, schema: str | None) -> bool:
    """Return whether the account would see a table that somebody adds: on MariaDB it needs SELECT on the whole."""
    if connection.dialect.name not in MARIADB:
        return True
    database = schema or connection.dialect.default_schema_name or ""
    return any(_on_all_of(str(line), database) for (line,) in connection.exec_driver_sql("SHOW GRANTS"))


def _on_all_of(grant: str, database: str) -> bool:
    """Return whether a line of SHOW GRANTS lets a whole database be read. Names of databases are patterns in it."""
    told = re.match(r"GRANT (.+) ON (?:\*|`((?:[^`]|``)+)`)\.\* TO ", grant)
    if told is None or not {"SELECT", "ALL PRIVILEGES"} & set(told[1].split(", ")):
        return False
    if told[2] is None:
        return True
    parts = re.findall(r"\\.|.", told[2].replace("``", "`"))
    wild = {"%": ".*", "_": "."}
    pattern = "".join(wild.get(part, re.escape(part.removeprefix("\\"))) for part in parts)
    return re.fullmatch(pattern, database) is not None


def cannot_write(connection: sa.Connection) -> str | None:
    """Return why nothing at all can be written in the database, or None."""
    if connection.dialect.name == "postgresql":
        read_only = connection.exec_driver_sql("SHOW transaction_read_only").scalar()
        return "its sessions are read-only, as on a standby." if read_only == "on" else None
    if connection.dialect.name in MARIADB:
        writable = connection.exec_driver_sql(MARIADB_READ_ONLY).scalar() in (0, "OFF")
        return None if writable else "its server is read-only, as a replica is."
    path = connection.engine.url.database
    if connection.dialect.name != "sqlite" or not path:
        return None
    # SQLite keeps its journal beside the file.
    unwritable = [place for place in (Path(path), Path(path).parent) if not _writable(place)]
    return f"the account that this runs as can't write to {unwritable[0]}." if unwritable else None


def _writable(place: Path) -> bool:
    return os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
