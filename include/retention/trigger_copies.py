"""What the database's own triggers write about a batch's rows while it is carried out, and its removal.

A trigger that keeps history copies each value at the moment at which it is destroyed. The map says to which table; what
stands there after the batch's statements and didn't before is such a copy, and goes in the same transaction. The
batch's rows are locked, so nobody else's change of them can have written it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from include.retention.column_types import Types
from include.retention.data_map.model import DataMap, Table
from include.retention.polymorphic_sql import refers_by, typed
from include.retention.statements import MAX_BOUND, RecordKey, key_condition, sql_table


class TriggerCopies:
    """The tables to which the triggers of one table write.

    Attributes:
        tables: their names.
    """

    def __init__(self, data_map: DataMap, table: Table, types: Mapping[str, Types]) -> None:
        """Look the tables up in the map."""
        self.tables = frozenset(name for names in table.copies.values() for name in names)
        self._data_map, self._whole, self._types = data_map, table, types

    def there(self, connection: sa.Connection, keys: Sequence[RecordKey]) -> dict[str, set[RecordKey]]:
        """Return the keys of what is there about some rows, by table."""
        return {name: set(self._about(connection, self._data_map.tables[name], keys)) for name in self.tables if keys}

    def remove_new(
        self, connection: sa.Connection, keys: Sequence[RecordKey], before: Mapping[str, set[RecordKey]]
    ) -> None:
        """Delete what has come since ``before``."""
        for name, now in self.there(connection, keys).items():
            table, target = self._target(name)
            new, size = list(now - before[name]), MAX_BOUND // len(table.key)
            for place in range(0, len(new), size):
                some = key_condition(target, table.key, new[place : place + size])
                connection.execute(sa.delete(target).where(some))

    def _target(self, name: str) -> tuple[Table, sa.Table]:
        table = self._data_map.tables[name]
        return table, sql_table(table, self._data_map.schema, self._types.get(name))

    def _about(self, connection: sa.Connection, table: Table, keys: Sequence[RecordKey]) -> list[tuple[Any, ...]]:
        _, target = self._target(table.name)
        arms, found = table.arms, list[tuple[Any, ...]]()
        for link in table.wholes:
            if link.table != self._whole.name or link.to:
                continue
            arm = arms.get(link.columns[0])
            if arm is None:
                refers = key_condition(target, link.columns, keys)
            else:
                value = refers_by(typed(arm, table.name, self._data_map.tables, self._types), target)
                refers = value.in_([key for (key,) in keys])
            query = sa.select(*(target.c[name] for name in table.key)).where(refers)
            found += [tuple(row) for row in connection.execute(query)]
        return found
