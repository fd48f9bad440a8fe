"""What a column group erases inside the value of a column that isn't its own: parts that only reading can find.

Other methods are SQL: "is anything left" is a predicate, and erasing is one UPDATE. For a part inside a value the
text is read, edited in memory and written back by key, and only if it still is what was read. Whether anything is
left is the same question, asked in the same words: does editing change the text? So extract, act and validate agree
here too, and an edit that is repeated changes nothing.

A column that a group erases whole isn't edited besides. A text that can't be read is never written: it counts as
holding something, and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from include.retention.data_map.model import Column, Redaction, Table
from include.retention.errors import ActError
from include.retention.facts import json_key
from include.retention.free_text import redacted
from include.retention.json_text import UnreadableJsonError, without
from include.retention.method_sql import AsItIs, Characters, StoredAs
from include.retention.methods import PLACEHOLDER
from include.retention.statements import RecordKey, key_condition, something_left

LABEL = "in:"
OLD, NEW, KEY = "old_value", "new_value", "key_part_"
"""Names of the bound values of `rewrite`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What column groups would erase inside the values of one row.

    Attributes:
        changed: column -> what was read, and what it becomes.
        unread: a value can't be read, so nobody knows what is in it.
        redacts: something is replaced inside a free text, which stays personal data.
    """

    changed: Mapping[str, tuple[str, str]] = field(repr=False)
    unread: bool
    redacts: bool

    @property
    def left(self) -> bool:
        """Return whether there is anything left to do."""
        return bool(self.changed) or self.unread


def edited_columns(table: Table, groups: Collection[str]) -> list[Column]:
    """Return the columns inside whose values these groups erase something, and that they don't erase whole."""
    return [
        column
        for column in table.columns.values()
        if column.group not in groups and (_redacts(column, groups) or any(p.group in groups for p in column.paths))
    ]


def columns_to_read(table: Table, groups: Collection[str]) -> list[str]:
    """Return the names of the columns whose values have to be read: what is edited, and the names to look for."""
    found: dict[str, None] = {}
    for column in edited_columns(table, groups):
        found[column.name] = None
        if column.redaction is not None and _redacts(column, groups):
            found.update(dict.fromkeys(column.redaction.names))
    return list(found)


def all_columns_to_read(table: Table) -> list[str]:
    """Return the names of the columns whose values have to be read where each group is asked about by itself."""
    return list(dict.fromkeys(name for group in table.groups for name in columns_to_read(table, [group])))


def read_columns(target: sa.Table, names: Sequence[str]) -> list[sa.Label[Any]]:
    """Return what to SELECT for `look_inside`, each labelled with ``LABEL`` and the column's name."""
    return [AsItIs(target.c[name]).label(f"{LABEL}{name}") for name in names]


def look_inside(table: Table, groups: Collection[str], row: Mapping[str, object]) -> Found:
    """Return what the groups would erase inside the values of a row.

    Args:
        table: the mapped table.
        groups: names of column groups.
        row: column -> value as `read_columns` gives it.
    """
    changed: dict[str, tuple[str, str]] = {}
    unread = False
    for column in edited_columns(table, groups):
        try:
            text = _text(row[column.name])
            after = None if text is None else _edited(table, column, groups, text, row)
        except (UnreadableJsonError, UnicodeDecodeError):
            unread = True
            continue
        if text is not None and after is not None and after != text:
            changed[column.name] = (text, after)
    redacts = any(_redacts(table.columns[name], groups) for name in changed)
    return Found(changed, unread, redacts)


def count_left(
    connection: sa.Connection, table: Table, target: sa.Table, groups: Sequence[str], keys: Sequence[RecordKey]
) -> tuple[int, int]:
    """Return in how many of some rows the groups hold anything still, and in how many a value can't be read."""
    other = sa.case((something_left(table, target, groups), sa.literal_column("1")), else_=sa.literal_column("0"))
    rows = _read(connection, table, target, groups, keys, other)
    return sum(1 for row, found in rows if row[0] or found.left), sum(found.unread for _, found in rows)


def edit(  # noqa: PLR0913, PLR0917 - as the other statements of a batch
    connection: sa.Connection,
    table: Table,
    target: sa.Table,
    groups: Sequence[str],
    keys: Sequence[RecordKey],
    fixed: Mapping[sa.Column[Any], Any],
) -> tuple[int, list[RecordKey]]:
    """Erase what the groups erase inside the values of some rows.

    Call it before anything else of the rows is erased, in the same transaction: what is erased whole may be needed to
    find it. A row with a value that can't be read stays as it is, for the same reason.

    Returns:
        How many rows were read, and those of the keys whose rows may be erased further.

    Args:
        connection: in the transaction that has locked the rows.
        table: the mapped table.
        target: from ``statements.sql_table``, with types.
        groups: the expired column groups.
        keys: the rows.
        fixed: columns to set to themselves: see ``statements.fixed_days``.

    Raises:
        ActError: a value isn't any more what was read of it, so that nothing may be erased of its row.
    """
    rows = _read(connection, table, target, groups, keys, *(target.c[name] for name in table.key))
    changes: dict[str, list[dict[str, Any]]] = {}
    unread: set[str | None] = set()
    for row, found in rows:
        if found.unread:
            unread.add(json_key(row[: len(table.key)]))
            continue
        names = {f"{KEY}{place}": row[place] for place in range(len(table.key))}
        for column, (old, new) in found.changed.items():
            changes.setdefault(column, []).append({**names, OLD: old, NEW: _fitted(table, target, column, new)})
    for column, values in changes.items():
        written = connection.execute(rewrite(table, target, column, fixed), values).rowcount
        if written != len(values):
            message = (
                f"{table.name}.{column}: {written} of {len(values)} values were still what was read of them. "
                "The transaction was rolled back."
            )
            raise ActError(message)
    return len(rows), [key for key in keys if json_key(key) not in unread]


def read_rest(
    connection: sa.Connection, table: Table, target: sa.Table, keys: Sequence[RecordKey]
) -> list[tuple[str, str]]:
    """Return some rows' keys (spelt as in their facts) and what stands in their documents outside of all paths.

    A row with a document that can't be read is left out.
    """
    columns = [column for column in table.columns.values() if column.paths]
    read = (AsItIs(target.c[column.name]) for column in columns)
    chosen = sa.select(*(target.c[name] for name in table.key), *read).where(key_condition(target, table.key, keys))
    found = []
    for row in connection.execute(chosen):
        parts, texts = row[: len(table.key)], row[len(table.key) :]
        try:
            rests = [_rest(column, _text(text)) for column, text in zip(columns, texts, strict=True)]
        except (UnreadableJsonError, UnicodeDecodeError):
            continue
        found.append((json_key(parts) or "", repr(rests)))
    return found


def rewrite(table: Table, target: sa.Table, column: str, fixed: Mapping[sa.Column[Any], Any]) -> sa.Update:
    """Return the UPDATE that puts an edited text in the place of the one that was read, in one row.

    Its bound values are ``OLD``, ``NEW`` and, for each part of the key, ``KEY`` and its place.

    Args:
        table: the mapped table.
        target: from ``statements.sql_table``, with types.
        column: name of the column.
        fixed: columns to set to themselves: see ``statements.fixed_days``.
    """
    written = target.c[column]
    same_row = [
        target.c[name] == sa.bindparam(f"{KEY}{place}", type_=target.c[name].type)
        for place, name in enumerate(table.key)
    ]
    unchanged = Characters(written) == Characters(sa.bindparam(OLD, type_=sa.Text()))
    new = StoredAs(sa.bindparam(NEW, type_=sa.Text()), written)
    return sa.update(target).values({written: new, **fixed}).where(*same_row, unchanged)


def _read(
    connection: sa.Connection,
    table: Table,
    target: sa.Table,
    groups: Sequence[str],
    keys: Sequence[RecordKey],
    *besides: sa.ColumnElement[Any],
) -> list[tuple[sa.Row[Any], Found]]:
    """Return for each of some rows what was asked for besides, and what the groups would erase inside its values."""
    names = columns_to_read(table, groups)
    chosen = sa.select(*besides, *read_columns(target, names)).where(key_condition(target, table.key, keys))
    rows = connection.execute(chosen).all()
    width = len(besides)
    return [(row, look_inside(table, groups, dict(zip(names, row[width:], strict=True)))) for row in rows]


def _redacts(column: Column, groups: Collection[str]) -> bool:
    return column.redaction is not None and column.redaction.group in groups


def _edited(table: Table, column: Column, groups: Collection[str], text: str, row: Mapping[str, object]) -> str:
    after = without(text, [path for path in column.paths if path.group in groups]) if column.paths else text
    if column.redaction is None or not _redacts(column, groups):
        return after
    return redacted(after, _names(table, column.redaction, row))


def _names(table: Table, redaction: Redaction, row: Mapping[str, object]) -> list[str]:
    """Return the names in a row, without what erasing has put in their place."""
    found = []
    for name in redaction.names:
        method, value = table.columns[name].method, _text(row[name])
        erased = method is not None and (value == method.value or (value or "").startswith(PLACEHOLDER[0]))
        if value and not erased:
            found.append(value)
    return found


def _fitted(table: Table, target: sa.Table, column: str, text: str) -> str:
    """Return a text as long as its column allows: words in place of shorter ones may have made it longer."""
    length: int | None = getattr(target.c[column].type, "length", None)
    return text if table.columns[column].redaction is None else text[:length]


def _rest(column: Column, text: str | None) -> str | None:
    return None if text is None else without(text, column.paths)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        text = bytes(value).decode()
        if "\0" in text:  # SQLite may keep texts in UTF-16, which would be read as if nothing were in them.
            message = "A text has NULs in it."
            raise UnreadableJsonError(message)
        return text
    return str(value)
