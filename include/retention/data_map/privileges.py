"""Whether the connection's account may do what the map makes a run do: said before anything is begun.

Where SELECT is missing or rows are hidden the whole run is refused, not just the table: what can't be seen can't keep
anything either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from include.retention.data_map.granted import NOTHING, Granted, GrantedTables, cannot_write, read_granted
from include.retention.data_map.inspection import LiveSchema
from include.retention.data_map.live_context import LiveContext, Words, closing, system_notice
from include.retention.data_map.model import DataMap
from include.retention.data_map.needs import Needs, needs_of, neighbours
from include.retention.data_map.trigger_rights import Written, read_written
from include.retention.errors import Problem

GRANT = "Grant it: gallring check --grants prints what a run needs."


def check_privileges(
    data_map: DataMap, schema: LiveSchema, engine: sa.Engine, there: Iterable[LiveContext]
) -> Iterator[Problem]:
    """Yield a problem for each privilege that the account lacks on a table.

    Args:
        data_map: the system's map.
        schema: the live schema.
        engine: to it.
        there: the mapped tables that are in the database.
    """
    wanted = {at.table.name: (at, needs_of(data_map, at.table, engine.dialect.name, at.types)) for at in there}
    with engine.connect() as connection:
        why = cannot_write(connection)
        deleting = [name for name, (_, needs) in wanted.items() if needs.delete and why is None]
        granted: GrantedTables = (
            {} if engine.dialect.name == "sqlite" else read_granted(connection, data_map.schema, deleting)
        )
    for name, (at, needs) in wanted.items():
        own = None if engine.dialect.name == "sqlite" else granted.get(name, NOTHING)
        if own is not None:
            yield from _reading(at, own)
        if why is not None and needs.lock:
            remedy = "Let the connection lead to where it can, or mend the file's owner and mode."
            yield at.problem((), "READ_ONLY", f"can't be changed: {why}", remedy)
        elif why is None and own is not None:
            yield from _changing(at, needs, own)
    if why is None:
        for each in read_written(data_map, engine, {name: needs for name, (_, needs) in wanted.items()}):
            yield from _writing(wanted[each.fires_on][0], each)
    yield from _undescribed(data_map, schema)
    yield from _beside(data_map, schema, granted)
    if not schema.sees_all:
        what = "may hold more tables than are seen: MariaDB hides those on which the account has no right."
        remedy = "Grant SELECT on the whole database: else undeclared tables go unnoticed, and so do their cascades."
        yield system_notice(data_map, ("tables",), Words("UNSEEN_TABLES", what, remedy))


def _reading(at: LiveContext, granted: Granted) -> Iterator[Problem]:
    missing = [name for name in at.table.columns if name in at.live.columns and name not in granted.select]
    if missing:
        what = f"can't be read: the account has no SELECT{_on(missing, granted.select)}."
        yield at.problem((), "SELECT_MISSING", what, GRANT)
    if not granted.every_row:
        what = "is under row-level security that applies to the account: a hidden row can't keep what depends on it."
        remedy = "Let the account see every row: BYPASSRLS, or the table's owner without FORCE ROW LEVEL SECURITY."
        yield at.problem((), "ROW_SECURITY", what, remedy)


def _changing(at: LiveContext, needs: Needs, granted: Granted) -> Iterator[Problem]:
    missing = [name for name in needs.update if name in at.live.columns and name not in granted.update]
    if missing:
        what = f"can't be erased: the account has no UPDATE{_on(missing, granted.update)}."
        yield at.problem((), "UPDATE_MISSING", what, GRANT)
    elif needs.lock and not granted.update and at.engine.dialect.name == "postgresql":
        what = "can't be locked: for that the account needs UPDATE on any one column."
        yield at.problem((), "UPDATE_MISSING", what, GRANT)
    if needs.delete and not granted.delete:
        yield at.problem((), "DELETE_MISSING", "can't lose rows: the account has no DELETE.", GRANT)


def _writing(at: LiveContext, written: Written) -> Iterator[Problem]:
    path = ("triggers", written.trigger)
    if not written.may_insert:
        what = f"writes to {written.table} with the account's own rights, and the account has no INSERT there."
        yield at.problem(path, "INSERT_MISSING", what, GRANT)
    missing = [each.name for each in written.sequences if not each.may_use]
    if missing:
        what = (
            f"writes to {written.table}, which takes values from {', '.join(missing)}: the account has no USAGE on it."
        )
        yield at.problem(path, "USAGE_MISSING", what, GRANT)


def _on(missing: Iterable[str], granted: Iterable[str]) -> str:
    """Return on which columns, where the account has the privilege on others."""
    return f" on {', '.join(missing)}" if set(granted) else ""


def _undescribed(data_map: DataMap, schema: LiveSchema) -> Iterator[Problem]:
    for name in data_map.tables:
        if name in schema.undescribed:
            what = "can't be read: the account has no SELECT on the whole table, and MariaDB doesn't describe it."
            yield closing(data_map, name, (), Words("SELECT_MISSING", what, GRANT))


def _beside(data_map: DataMap, schema: LiveSchema, granted: GrantedTables) -> Iterator[Problem]:
    for name, columns in neighbours(data_map, schema.foreign_keys).items():
        if name in granted and not set(columns) <= granted[name].select:
            what = "is tied to a mapped table by a foreign key and can't be read: the account has no SELECT."
            yield closing(data_map, name, (), Words("SELECT_MISSING", what, GRANT))
