"""What the account must be allowed so that the triggers that it fires can write.

On PostgreSQL a trigger's function runs with the rights of whoever fires it, unless it is SECURITY DEFINER. The account
then needs INSERT where the map says that the trigger writes, and USAGE on the sequences behind the defaults there, such
as those of ``serial`` columns; identity columns ask for none. MariaDB's triggers run as whoever defined them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from include.retention.data_map.model import DataMap
from include.retention.data_map.needs import Needs
from include.retention.data_map.triggers import read_triggers

INSERTED = """
    SELECT c.relname AS table_name, has_table_privilege(c.oid, 'INSERT') AS may_insert
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
      AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
"""
SEQUENCES = """
    SELECT DISTINCT c.relname AS table_name, of_sequence.nspname, s.relname,
           has_sequence_privilege(s.oid, 'USAGE, UPDATE') AS may_use
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attrdef d ON d.adrelid = c.oid
    JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
    JOIN pg_namespace of_sequence ON of_sequence.oid = s.relnamespace
    WHERE CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
    ORDER BY 2, 3
"""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence that a default takes values from, and whether the account may."""

    schema: str
    name: str
    may_use: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A table to which a trigger writes with rights of the account.

    Attributes:
        fires_on: the table whose rows the trigger fires on.
        trigger: its name.
        table: the table that it writes to.
        inserts: the account's own right to insert counts; not for a rule, which has its owner's on tables.
        may_insert: the account has it, or it doesn't count.
        sequences: those behind the table's defaults.
    """

    fires_on: str
    trigger: str
    table: str
    inserts: bool
    may_insert: bool
    sequences: tuple[Sequence, ...]


def read_written(data_map: DataMap, engine: sa.Engine, wanted: Mapping[str, Needs]) -> Iterator[Written]:
    """Yield what the triggers write that a run fires and that have no rights of their own.

    Args:
        data_map: the system's map.
        engine: to its database; what it may do is asked for the account that it connects as.
        wanted: what a run needs, by table that is there.
    """
    if engine.dialect.name != "postgresql" or not any(table.copies for table in data_map.tables.values()):
        return
    fired = {
        (each.table, each.name): each
        for each in read_triggers(engine, data_map.schema)
        if each.rights != "owner" and each.table in wanted and each.fires(wanted[each.table])
    }
    insertable, sequences = _read(engine, data_map.schema)
    for (table, name), trigger in sorted(fired.items()):
        inserts = trigger.rights == "caller"
        for written in data_map.tables[table].copies.get(name, ()):
            if written in insertable:
                may = insertable[written] or not inserts
                yield Written(table, name, written, inserts, may, tuple(sequences.get(written, ())))


def _read(engine: sa.Engine, schema: str | None) -> tuple[dict[str, bool], dict[str, list[Sequence]]]:
    """Return whether the account may insert, and the sequences behind defaults, by table."""
    sequences: dict[str, list[Sequence]] = {}
    with engine.connect() as connection:
        rows = connection.execute(sa.text(INSERTED), {"schema": schema})
        insertable = {str(table): bool(may) for table, may in rows}
        for table, within, name, may_use in connection.execute(sa.text(SEQUENCES), {"schema": schema}):
            sequences.setdefault(str(table), []).append(Sequence(str(within), str(name), bool(may_use)))
    return insertable, sequences
