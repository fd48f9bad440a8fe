"""Discovery of one system: sample what isn't declared personal, and judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveSchema
from include.retention.data_map.model import DataMap
from include.retention.detect.fields import Fields, fields_of
from include.retention.discover.findings import Discovery, judge
from include.retention.discover.sample import Values, sample
from include.retention.discover.watched import Watched, watched_tables
from include.retention.draft.read import read_schema
from include.retention.identifiers import Normaliser
from include.retention.json_paths import parse_path


@dataclass(frozen=True, slots=True)
class Looked:
    """What discovery looked at in one system, and what it found.

    Attributes:
        columns: how many columns were sampled.
        unread: ``table.column`` of each column that the account may not read, ``table.*`` of a whole table.
        found: acknowledged ones too.
    """

    columns: int
    unread: tuple[str, ...]
    found: tuple[Discovery, ...]


def discover_system(
    engine: sa.Engine, data_map: DataMap, normaliser: Normaliser, progress: Callable[[str], None] = lambda _table: None
) -> Looked:
    """Look for personal data where the map says that there is none.

    Args:
        engine: to the system; nothing is written.
        data_map: its map.
        normaliser: reads identifiers as a run does.
        progress: told of each table before it is read.

    Raises:
        SQLAlchemyError: the schema can't be read.
    """
    schema = read_schema(engine, data_map.schema)
    tables = list(watched_tables(data_map, schema))
    fields = _fields(data_map, schema)
    found: list[Discovery] = []
    unread = [f"{name}.*" for name in sorted(schema.undescribed)]
    for watched in tables:
        progress(watched.table)
        values = {**{name: [] for name in watched.columns}, **_read(engine, data_map.schema, watched, unread)}
        answers = [each for each in data_map.acknowledged if each.table == watched.table]
        found += judge(data_map.system, watched, values, answers, normaliser, fields)
    return Looked(sum(len(each.columns) for each in tables), tuple(unread), tuple(found))


def _fields(data_map: DataMap, schema: LiveSchema) -> Fields:
    live = {name: each.columns for name, each in schema.tables.items() if each is not None}
    paths = [path.text for table in data_map.tables.values() for each in table.columns.values() for path in each.paths]
    paths += [each.path for each in data_map.acknowledged]
    named = {step for path in paths for step in parse_path(path) or () if isinstance(step, str)}
    return fields_of({*live, *(column for columns in live.values() for column in columns)}, named)


def _read(engine: sa.Engine, schema: str | None, watched: Watched, unread: list[str]) -> Values:
    """Return a table's sample; where the account may not read all of it, column by column."""
    try:
        with engine.connect() as connection:
            return sample(connection, schema, watched.table, watched.live, list(watched.columns))
    except sa.exc.DatabaseError:
        values: Values = {}
        for column in watched.columns:
            try:
                with engine.connect() as connection:
                    values |= sample(connection, schema, watched.table, watched.live, [column])
            except sa.exc.DatabaseError:
                unread.append(f"{watched.table}.{column}")
        return values
