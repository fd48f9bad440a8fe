"""The CHECK constraints of a live table, as conditions on its columns."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.sql import quoted_name

from include.retention.method_sql import MARIADB

POSTGRES_DOMAINS = """
    SELECT attname, pg_get_constraintdef(con.oid)
    FROM pg_attribute JOIN pg_constraint con ON con.contypid = atttypid AND con.contype = 'c'
    JOIN pg_class c ON c.oid = attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = :name AND attnum > 0 AND NOT attisdropped
      AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
    ORDER BY attnum, con.conname
"""


def read_checks(connection: sa.Connection, inspector: sa.Inspector, name: str, schema: str | None) -> tuple[str, ...]:
    """Return the condition of each CHECK constraint of a table, as the database writes it."""
    if connection.dialect.name == "sqlite":
        return checks_in(_sqlite_definition(connection, name, schema))
    if connection.dialect.name in MARIADB:
        target = sa.table(quoted_name(name, quote=True), schema=schema)
        statement = f"SHOW CREATE TABLE {connection.dialect.identifier_preparer.format_table(target)}"
        # SQLAlchemy reads no constraint that stands beside its column, as MariaDB writes them.
        return checks_in(str(connection.exec_driver_sql(statement).all()[0][1]))
    own = [str(each["sqltext"]) for each in inspector.get_check_constraints(name, schema=schema)]
    domains = connection.execute(sa.text(POSTGRES_DOMAINS), {"name": name, "schema": schema}).all()
    return (*own, *(_of_column(check, str(column)) for column, told in domains for check in checks_in(str(told))))


def _of_column(check: str, column: str) -> str:
    """Return the condition of a domain as one of a column that has it: its VALUE is the column's."""
    quoted = '"' + column.replace('"', '""') + '"'
    places = [match.span() for match in re.finditer(r"\bVALUE\b", blank_quoted(check))]
    for start, end in reversed(places):
        check = check[:start] + quoted + check[end:]
    return check


def _sqlite_definition(connection: sa.Connection, name: str, schema: str | None) -> str:
    catalogue = sa.table("sqlite_master", sa.column("name"), sa.column("type"), sa.column("sql"), schema=schema)
    query = sa.select(catalogue.c.sql).where(catalogue.c.name == name, catalogue.c.type == "table")
    return str(connection.execute(query).scalar() or "")


def checks_in(definition: str) -> tuple[str, ...]:
    """Return the conditions of the CHECK constraints in a CREATE TABLE statement.

    SQLAlchemy reads SQLite's line by line, and misses those that take several, and MariaDB's only in part.
    """
    found = []
    plain = blank_quoted(definition)
    for start in re.finditer(r"\bCHECK\s*\(", plain, re.IGNORECASE):
        depth, place = 1, start.end()
        while depth and place < len(plain):
            depth += {"(": 1, ")": -1}.get(plain[place], 0)
            place += 1
        found.append(definition[start.end() : place - 1].strip())
    return tuple(found)


def words(condition: str) -> set[str]:
    """Return the names in a condition, in lower case: what stands in text literals isn't one."""
    without_text = re.sub(r"'(?:[^']|'')*'", "''", condition)
    return {word.casefold() for word in re.findall(r"[^\W\d]\w*", without_text)} | {
        name.casefold() for name in re.findall(r"[\"`\[]([^\"`\]]+)[\"`\]]", without_text)
    }


def blank_quoted(definition: str) -> str:
    """Return the statement with blanks for what is quoted or commented: same length, no stray parentheses."""
    quoted = r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/"
    return re.sub(quoted, lambda match: " " * len(match.group()), definition, flags=re.DOTALL)
