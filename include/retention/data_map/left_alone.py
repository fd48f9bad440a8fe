"""Tables and columns that a map leaves alone by name or pattern: whether exactly one of its lines speaks of each.

A name that is written out wins over every pattern. A table that two patterns match is closed: one of them may say that
it holds nothing personal, and the other that it does. Two patterns of columns that match say the same, so both may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveSchema
from include.retention.data_map.live_context import Words, closing, system_notice
from include.retention.data_map.model import DataMap
from include.retention.errors import Problem
from include.retention.policy.document import KeyPath


def check_left_alone(data_map: DataMap, schema: LiveSchema, engine: sa.Engine) -> Iterator[Problem]:
    """Yield what is wrong with the lines by which a map leaves tables and columns alone.

    A problem for each table of which two lines speak, or that has columns its line doesn't know; a notice for each
    line that speaks of nothing.
    """
    lines: list[tuple[str, str]] = [
        *(("ignore_tables", name) for name in data_map.ignored_tables),
        *(("out_of_scope", name) for name in data_map.out_of_scope),
    ]
    idle, guarded = set(lines), dict[str, str]()
    for table in sorted(schema.tables.keys() - data_map.tables.keys()):
        found = _speaking(lines, table)
        idle -= set(found)
        if len(found) == 1 and found[0][1] in data_map.ignored_columns:
            guarded[table] = found[0][1]
        if len(found) > 1:
            named = " and ".join(f"{name} ({key})" for key, name in found)
            remedy = f"Write {table} out under one of them, or narrow a pattern."
            yield closing(data_map, table, (), Words("TWO_PATTERNS", f"matches {named}: which holds?", remedy))
    if guarded:
        yield from _other_columns(data_map, guarded, schema, engine)
    # What the account doesn't see isn't known to be gone.
    if schema.sees_all and schema.tables:
        yield from _idle(data_map, [line for line in lines if line in idle], "table")
        undeclared = {
            column
            for name, table in data_map.tables.items()
            if (live := schema.tables.get(name)) is not None
            for column in live.columns.keys() - table.columns.keys()
        }
        patterns = [name for name in data_map.not_personal if not _matches(name, undeclared)]
        yield from _idle(data_map, [("not_personal", name) for name in patterns], "undeclared column")


def _other_columns(
    data_map: DataMap, guarded: Mapping[str, str], schema: LiveSchema, engine: sa.Engine
) -> Iterator[Problem]:
    """Yield each column that the line of its table, by table, doesn't know."""
    for table in sorted(guarded.keys() & schema.undescribed):
        what = f"doesn't show its columns to the account, and {guarded[table]} is ignored for certain columns only."
        yield closing(data_map, table, (), Words("UNDECLARED_TABLE", what, "Grant SELECT on it, or map it."))
    inspector = sa.inspect(engine)
    for table in sorted(guarded.keys() - schema.undescribed):
        known = data_map.ignored_columns[guarded[table]]
        for name in (each["name"] for each in inspector.get_columns(table, schema=data_map.schema)):
            if not any(fnmatchcase(name, each) for each in known):
                what = f"isn't among the columns for which {guarded[table]} holds nothing personal."
                remedy = f"Look at it: add it to the columns of {guarded[table]} in ignore_tables, or map {table}."
                yield closing(data_map, table, ("columns", name), Words("UNDECLARED_COLUMN", what, remedy))


def _speaking(lines: Collection[tuple[str, str]], table: str) -> list[tuple[str, str]]:
    written = [line for line in lines if line[1] == table]
    return written or [line for line in lines if fnmatchcase(table, line[1])]


def _matches(pattern: str, names: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _idle(data_map: DataMap, lines: Collection[KeyPath], what: str) -> Iterator[Problem]:
    for line in lines:
        words = Words("LEFT_ALONE_GONE", f"is no {what} of the database.", "Correct the name, or remove it.")
        yield system_notice(data_map, line, words)
