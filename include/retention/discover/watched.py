"""What discovery looks at: what the map calls not personal, what it leaves alone, and what it doesn't know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from include.retention.data_map.inspection import LiveSchema, LiveTable
from include.retention.data_map.model import DataMap, Table
from include.retention.json_paths import JsonPath


class Where(StrEnum):
    """What the data map says of a column in which something was found."""

    NOT_PERSONAL = "not_personal"
    """Declared without a category."""
    LEFT_ALONE = "left_alone"
    """In a table that the map leaves alone, with the reason."""
    UNKNOWN = "unknown"
    """Neither the column nor its table is in the map: its table is closed until it is."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A table, and the columns of it that are looked at, in the database's order.

    Attributes:
        declared: the parts of documents that the map knows of, by column.
    """

    table: str
    live: LiveTable
    columns: dict[str, Where]
    declared: Mapping[str, tuple[JsonPath, ...]] = field(default_factory=dict)


def watched_tables(data_map: DataMap, schema: LiveSchema) -> Iterator[Watched]:
    """Yield every table that has anything to look at.

    Keys and references are left out where the map knows the table: they hold what other columns are judged by.
    """
    for name, live in schema.tables.items():
        if live is None or name in schema.kinds.others:
            continue
        columns = dict(_columns(data_map, data_map.tables.get(name), name, live))
        if columns:
            table = data_map.tables.get(name)
            declared = {} if table is None else {each.name: each.paths for each in table.columns.values()}
            yield Watched(name, live, columns, declared)


def _columns(data_map: DataMap, table: Table | None, called: str, live: LiveTable) -> Iterator[tuple[str, Where]]:
    used = set() if table is None else _used(table)
    for name in live.columns:
        if table is None:
            yield name, Where.LEFT_ALONE if data_map.leaves_alone(called) else Where.UNKNOWN
        elif name not in table.columns:
            yield name, Where.NOT_PERSONAL if data_map.covers_column(name) else Where.UNKNOWN
        elif table.columns[name].category is None and name not in used:
            yield name, Where.NOT_PERSONAL


def _used(table: Table) -> set[str]:
    """Return the columns whose meaning the map tells: keys, references, identifiers, days and files."""
    links = list(table.wholes)
    links += [link for emission in table.emissions for link in emission.keeps]
    named = {*table.key, *(column for link in links for column in link.columns)}
    for role in table.subjects.values():
        named |= {*role.through, *role.identifiers.values()}
    for emission in table.emissions:
        named |= {emission.date or "", emission.begins or "", emission.channel or "", emission.fallback or ""}
    return {*table.columns_of(named), *(ref.column for ref in table.files)}
