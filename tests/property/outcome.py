"""What a plan destroys in a generated world, and what its databases hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from include.retention.terms import Verdict
from tests.property.engine import Decided, engine_of
from tests.reference.world import Place, World


def due(world: World, found: Decided) -> set[Place]:
    """Return what a plan destroys: column groups, and with group None the whole row."""
    places = set()
    for item in found.plan.itertuples(index=False):
        groups = json.loads(item.groups)
        if item.action == Verdict.DELETE:
            groups = [None, *world.sources[item.system].data_map.tables[item.table].groups]
        places |= {Place(item.system, item.table, tuple(json.loads(item.key)), group) for group in groups}
    return places


Rows = dict[tuple[str, str, tuple[Any, ...]], dict[str, Any]]
"""System, table and key -> row."""


def rows_of(world: World, directory: Path) -> Rows:
    """Return every row of a world's databases."""
    rows: Rows = {}
    for system, source in world.sources.items():
        engine = engine_of(directory, system)
        with engine.connect() as connection:
            for table in source.data_map.tables.values():
                for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"').mappings():
                    rows[system, table.name, tuple(row[name] for name in table.key)] = dict(row)
        engine.dispose()
    return rows
