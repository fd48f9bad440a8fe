"""What a run does to a table, and so what the connection's account must be allowed there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from include.retention.column_types import Types
from include.retention.data_map.model import DataMap, ForeignKey, Table
from include.retention.method_sql import MARIADB
from include.retention.statements import moved_days, told_days
from include.retention.terms import WhenExpired


@dataclass(frozen=True, slots=True)
class Needs:
    """What the statements for one table need besides SELECT.

    Attributes:
        update: columns that are set: those of column groups and, on MariaDB, days of events, which are set to
            themselves.
        lock: rows are locked before they are deleted or erased. PostgreSQL asks for UPDATE on some column for it.
        delete: rows are deleted.
    """

    update: tuple[str, ...]
    lock: bool
    delete: bool


def needs_of(data_map: DataMap, table: Table, dialect: str, types: Types | None) -> Needs:
    """Return what a table's statements need, as far as the map and the column types tell.

    Args:
        data_map: the system's map.
        table: one of its tables.
        dialect: name of the dialect.
        types: column types of the live table, or None where it couldn't be read: then every day of an event on
            MariaDB counts as one that the server might move.
    """
    # A part of a key is never set: see ``statements.erase``.
    erased = [
        name
        for name, column in table.columns.items()
        if (name in table.empties or (not table.only_whole and (any(column.personal_parts()) or column.redaction)))
        and name not in table.key
    ]
    moved: list[str] = []
    if erased and dialect in MARIADB:
        moved = sorted(told_days(table) - set(erased)) if types is None else moved_days(table, types, erased)
    has_end = bool(table.groups or table.wholes)
    delete = table.personal and table.when_expired is WhenExpired.DELETE and has_end
    # What a trigger writes of a row while it goes is deleted without a lock: nobody else knows of it yet.
    is_copy = any(table.name in names for each in data_map.tables.values() for names in each.copies.values())
    return Needs(update=(*erased, *moved), lock=bool(erased) or delete, delete=delete or is_copy)


def neighbours(data_map: DataMap, foreign_keys: Iterable[ForeignKey]) -> dict[str, tuple[str, ...]]:
    """Return the tables outside the map that refer to a mapped one, or are referred to, with the columns.

    They are read: a row isn't deleted while another refers to it, and validation counts rows that lost their parent.
    """
    found: dict[str, list[str]] = {}
    for each in foreign_keys:
        if each.parent_table in data_map.tables and each.child_table not in data_map.tables:
            found.setdefault(each.child_table, []).extend(each.child_columns)
        if each.child_table in data_map.tables and each.parent_table not in data_map.tables:
            found.setdefault(each.parent_table, []).extend(each.parent_columns)
    return {name: tuple(dict.fromkeys(columns)) for name, columns in sorted(found.items())}
