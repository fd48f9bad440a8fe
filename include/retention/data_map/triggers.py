"""Triggers and rules of the database that fire on what a run does, and that nobody has looked at.

A trigger can copy an erased value elsewhere or put it back, and no measurement of the mapped tables would tell. What it
does can't be read out of it, so its table is closed until the map names it and says why it is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from include.retention.data_map.constraints import blank_quoted, words
from include.retention.data_map.live_context import LiveContext
from include.retention.data_map.needs import Needs, needs_of
from include.retention.errors import Problem
from include.retention.method_sql import MARIADB

POSTGRES_TRIGGERS = """
    SELECT DISTINCT found.name, found.fires_on, found.columns, found.rights, whole.relname
    FROM (
        SELECT tgname AS name, tgrelid AS relation, event AS fires_on,
               ARRAY(
                   SELECT attname::text FROM pg_attribute WHERE attrelid = tgrelid AND attnum = ANY (tgattr)
               ) AS columns,
               CASE WHEN prosecdef THEN 'owner' ELSE 'caller' END AS rights
        FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
        JOIN (VALUES (8, 'DELETE'), (16, 'UPDATE')) AS kinds (bit, event) ON tgtype & bit <> 0
        WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')
        UNION ALL
        SELECT rulename, ev_class, CASE ev_type WHEN '4' THEN 'DELETE' ELSE 'UPDATE' END, ARRAY[]::text[],
               'rule'
        FROM pg_rewrite WHERE ev_type IN ('2', '4') AND ev_enabled IN ('O', 'A')
    ) found
    -- What fires on a partition fires on the whole table's rows.
    JOIN pg_class whole ON whole.oid = COALESCE(pg_partition_root(found.relation), found.relation)
    JOIN pg_namespace n ON n.oid = whole.relnamespace
    WHERE CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(whole.oid) ELSE n.nspname = :schema END
"""
MARIADB_TRIGGERS = """
    SELECT trigger_name, event_manipulation, NULL, 'owner', event_object_table
    FROM information_schema.triggers WHERE event_object_schema = :schema
"""
SQLITE_TRIGGERS = "SELECT name, sql, NULL, 'owner', tbl_name FROM sqlite_master WHERE type = 'trigger'"
EVENT = re.compile(r"\b(DELETE|INSERT|UPDATE)\b(\s+OF\b.*?)?\s+(ON)\b", re.IGNORECASE | re.DOTALL)
"""What a trigger of SQLite fires on, in its text without what is quoted: its name may be anything."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger or rule of a table.

    Attributes:
        name: as the database calls it.
        table: the table whose rows it fires on, the partitioned one where it is a partition's.
        fires_on: ``UPDATE``, ``DELETE`` or ``INSERT``.
        columns: in lower case, the columns without which an UPDATE doesn't fire it; all where none are named.
        rights: with whose it runs. ``caller``: those of the account that fires it, as PostgreSQL's functions do;
            ``owner``: its own, as SECURITY DEFINER and every trigger of MariaDB; ``rule``: the owner's on tables and
            the account's on what is called, the sequences of defaults among it.
    """

    name: str
    table: str
    fires_on: str
    columns: frozenset[str]
    rights: str

    def fires(self, needs: Needs) -> bool:
        """Return whether what a run does to the table fires it."""
        if self.fires_on == "DELETE":
            return needs.delete
        set_to = {name.casefold() for name in needs.update}
        return self.fires_on == "UPDATE" and bool(set_to & self.columns if self.columns else set_to)


def check_triggers(engine: sa.Engine, schema: str | None, there: Iterable[LiveContext]) -> Iterator[Problem]:
    """Yield a problem for each trigger that a run would fire and that the map doesn't name.

    Args:
        engine: to the database.
        schema: its schema, or None for the default.
        there: the mapped tables that are in the database.
    """
    found: dict[str, list[Trigger]] = {}
    for each in read_triggers(engine, schema):
        found.setdefault(each.table.casefold(), []).append(each)
    for at in there:
        triggers = found.get(at.table.name.casefold(), [])
        needs = needs_of(at.data_map, at.table, engine.dialect.name, at.types)
        for name in sorted({each.name for each in triggers if each.fires(needs)} - at.table.triggers.keys()):
            what = "fires when a run erases or deletes here: it may copy what is to go, or bring it back."
            remedy = "Look at what it does. Drop it, or name it in triggers with the reason why it is harmless."
            yield at.problem(("triggers", name), "TRIGGER", what, remedy)
        for name in sorted(at.table.triggers.keys() - {each.name for each in triggers}):
            what = "isn't a trigger of the table, or isn't enabled."
            yield at.notice(("triggers", name), "TRIGGER_GONE", what, "Correct the name, or remove it from the map.")


def read_triggers(engine: sa.Engine, schema: str | None) -> Iterator[Trigger]:
    """Yield the enabled triggers and rules of a schema; one that fires on several events comes once for each."""
    dialect = engine.dialect.name
    on_sqlite = dialect == "sqlite"
    query = SQLITE_TRIGGERS if on_sqlite else MARIADB_TRIGGERS if dialect in MARIADB else POSTGRES_TRIGGERS
    with engine.connect() as connection:
        database = schema or connection.dialect.default_schema_name if dialect in MARIADB else schema
        rows = connection.execute(sa.text(query), {} if on_sqlite else {"schema": database}).all()
    for name, told, columns, rights, table in rows:
        fires_on, named = event_in(str(told)) if on_sqlite else (str(told), frozenset(columns or ()))
        yield Trigger(str(name), str(table), fires_on, frozenset(column.casefold() for column in named), str(rights))


def event_in(definition: str) -> tuple[str, frozenset[str]]:
    """Return on what a trigger of SQLite fires, and the columns that an UPDATE must name: too many rather than few."""
    told = EVENT.search(blank_quoted(definition))
    if told is None:
        return "UPDATE", frozenset()
    columns = definition[told.start(2) : told.start(3)] if told[2] else ""
    return told[1].upper(), frozenset(words(columns) - {"of"})
