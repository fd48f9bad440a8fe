"""Whether rows that can only go whole can go in time: those with a personal key, and those that refer to one.

A key can't be erased while its row stays, and neither can a NOT NULL reference to it. Such a row stays as it is until
it can be deleted, so nothing may keep it standing but what lawfully holds the same value: a row that refers to it by
the personal columns and goes whole itself (``with_row``) or lets the reference go (``set_null``), and parts without
column groups, which go when it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from include.retention.data_map.model import Column, ForeignKey, Table, emptied
from include.retention.terms import WhenExpired

REMEDY = (
    "Let its rows go with them: as a part (part_of) without column groups; or, where they refer by the personal "
    "column, with that column personal too, by method: with_row, and when_expired: delete. "
    "Else give the table a key of its own that tells nothing."
)


def keeping(table: Table, tables: Mapping[str, Table], references: Iterable[ForeignKey]) -> list[str]:
    """Return the tables whose rows could keep rows of a table standing though nothing allows what those hold.

    Args:
        table: one whose rows go whole.
        tables: the tables of its map.
        references: those of the map and, where it is known, of the database.
    """
    into: dict[str, list[ForeignKey]] = {}
    for each in references:
        if not emptied(each, tables):
            into.setdefault(each.parent_table, []).append(each)
    return sorted(
        {
            each.child_table
            for each in into.get(table.name, [])
            if not _lets_go(each, table, tables.get(each.child_table))
            and not _follows((table.name,), tables.get(each.child_table), tables, into)
        }
    )


def _lets_go(reference: ForeignKey, parent: Table, child: Table | None) -> bool:
    """Return whether a referring row holds the personal value itself, for purposes of its own."""
    if child is None or child.name == parent.name or reference.arm is not None:
        return False
    pairs = zip(reference.child_columns, reference.parent_columns, strict=False)
    mine = [child.columns.get(own) for own, their in pairs if _is_personal(parent.columns.get(their))]
    return bool(mine) and all(column is not None and _goes(column, child) for column in mine)


def _goes(column: Column, child: Table) -> bool:
    whole = column.name in child.key or column.erased_with_row
    return _is_personal(column) and (whole or (column.method is not None and column.method.name == "set_null"))


def _is_personal(column: Column | None) -> bool:
    return column is not None and column.category is not None


def _follows(
    way: tuple[str, ...], part: Table | None, tables: Mapping[str, Table], into: Mapping[str, Iterable[ForeignKey]]
) -> bool:
    """Return whether rows are parts that go exactly when their only whole goes, and so do their own parts."""
    if part is None or part.name in way or part.groups or not part.personal:
        return False
    if part.when_expired is not WhenExpired.DELETE or [link.table for link in part.wholes] != [way[-1]]:
        return False
    return all(
        _follows((*way, part.name), tables.get(each.child_table), tables, into) for each in into.get(part.name, [])
    )
