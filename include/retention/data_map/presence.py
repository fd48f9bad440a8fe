"""Whether the tables of the map and those of the database are the same."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveSchema
from include.retention.data_map.kinds import Kinds
from include.retention.data_map.live_context import Words, closing
from include.retention.data_map.model import DataMap
from include.retention.errors import Problem

POSTGRES_SHUT = """
    SELECT c.relname, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT has_schema_privilege(n.oid, 'USAGE')
    ORDER BY n.nspname DESC
"""


def check_presence(data_map: DataMap, schema: LiveSchema, engine: sa.Engine) -> Iterator[Problem]:
    """Yield a problem for each table that only the map or only the database has."""
    kinds = schema.kinds
    shut = _shut(engine) if data_map.tables.keys() - schema.tables.keys() else {}
    for name, table in data_map.tables.items():
        if name in kinds.others or name in kinds.wholes:
            yield closing(data_map, name, (), _no_table(name, kinds))
        elif name not in schema.tables:
            yield closing(data_map, name, (), _missing(name, schema, shut))
        if name in kinds.heirs:
            what = (
                f"({', '.join(table.key)}) isn't one key for it and for {', '.join(kinds.heirs[name])}, which inherit."
            )
            remedy = "A query finds their rows in it. Make them partitions, or tables of their own."
            yield closing(data_map, name, ("key",), Words("KEY_MISMATCH", what, remedy))
        if table.personal and name in kinds.histories:
            what = "is system-versioned: what is erased or deleted stays in its history."
            remedy = "Drop the versioning, or keep the history for so short a time that it may be a table of its own."
            yield closing(data_map, name, (), Words("KEEPS_HISTORY", what, remedy))
        if table.personal and name in kinds.without_transactions:
            what = "has a storage engine without transactions: nothing could be locked or rolled back."
            yield closing(data_map, name, (), Words("NO_TRANSACTIONS", what, "Convert it to InnoDB."))
    for name in schema.tables:
        if name not in data_map.tables and not data_map.leaves_alone(name):
            what = "is in the database and not in the map: whose data it holds is unknown."
            remedy = "Map it, or name it in ignore_tables or out_of_scope with the reason."
            yield closing(data_map, name, (), Words("UNDECLARED_TABLE", what, remedy))


def close_to(names: Iterable[str], name: str) -> str:
    """Return a question that names what was probably meant, or nothing."""
    same = [each for each in names if each.casefold() == name.casefold()]
    near = same or difflib.get_close_matches(name, list(names), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _no_table(name: str, kinds: Kinds) -> Words:
    if name in kinds.wholes:
        what = f"is a partition of {kinds.wholes[name]}, whose rows it holds."
        return Words("NOT_A_TABLE", what, f"Map {kinds.wholes[name]} alone.")
    what = f"is {kinds.others[name]}, and a run reads and changes tables alone."
    remedy = "Map the tables that the rows are in. Name a copy in ignore_tables, and refresh it after each run."
    return Words("NOT_A_TABLE", what, remedy)


def _missing(name: str, schema: LiveSchema, shut: Mapping[str, str]) -> Words:
    meant = close_to(schema.tables, name)
    if name in shut:
        what = f"is in the schema {shut[name]}, in which the account sees nothing: it has no USAGE there."
        return Words("MISSING_TABLE", what, "Grant it: gallring check --grants prints what a run needs.")
    if not schema.sees_all:
        what = f"isn't seen: MariaDB hides a table on which the account has no right, or it isn't there.{meant}"
        remedy = "Grant SELECT on the whole database: gallring check --grants prints it. Else correct the map."
        return Words("MISSING_TABLE", what, remedy)
    remedy = "Correct the map, or the connection that it names."
    return Words("MISSING_TABLE", f"isn't in the database.{meant}", remedy)


def _shut(engine: sa.Engine) -> dict[str, str]:
    """Return the tables in schemas that the account can't use, each with one such schema."""
    if engine.dialect.name != "postgresql":
        return {}
    with engine.connect() as connection:
        return {str(name): str(schema) for name, schema in connection.execute(sa.text(POSTGRES_SHUT))}
