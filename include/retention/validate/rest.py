"""Whether the rest of a JSON document is what it was, in the records from which parts were to be erased.

Keyed hashes of what stands outside the declared paths are kept before the act and taken again after it. The
application may have changed a document in between, so a difference is a warning: somebody looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import sqlalchemy as sa

from include.retention.column_types import read_types
from include.retention.data_map.model import DataMap, Table
from include.retention.inside import read_rest
from include.retention.keys import Key
from include.retention.statements import sql_table
from include.retention.validate.checks import Check, Measured, Severity
from include.retention.validate.due_rows import KEY_DOMAIN

REST_DOMAIN = "validate.rest"
ROWS = 1_000
"""Rows whose documents are in memory at a time."""

Rests = dict[str, dict[str, str]]
"""Table -> keyed hash of a record's key -> keyed hash of the rest of its documents."""


def hash_rests(connection: sa.Connection, data_map: DataMap, due: Mapping[str, pd.DataFrame], key: Key) -> Rests:
    """Return the rests of the documents from which something is due for erasure; one that can't be read has none.

    Args:
        connection: to the source, reading only.
        data_map: the system's map.
        due: as for `measure.measure`.
        key: for keyed hashes.
    """
    chosen = {name: _due(data_map.tables[name], frame) for name, frame in due.items()}
    chosen = {name: keys for name, keys in chosen.items() if keys}
    types = read_types(connection, data_map) if chosen else {}
    found: Rests = {}
    for name, keys in chosen.items():
        target = sql_table(data_map.tables[name], data_map.schema, types.get(name))
        found[name] = dict(_hashes(connection, data_map.tables[name], target, keys, key))
    return found


def measure_rests(before: Rests, now: Rests) -> Iterator[Measured]:
    """Yield one measurement per table: records whose documents differ outside the declared paths."""
    for name, then in before.items():
        both = then.keys() & now.get(name, {}).keys()
        changed = sum(then[each] != now[name][each] for each in both)
        yield Measured(Check.REST_UNCHANGED, name, len(both), changed, severity=Severity.WARNING)


def _due(table: Table, frame: pd.DataFrame) -> list[str]:
    groups = {path.group for column in table.columns.values() for path in column.paths}
    if not groups:
        return []
    erased = {group: frame[f"erase:{group}"].to_numpy(dtype=bool) for group in table.groups}
    inside = np.logical_or.reduce([erased[group] for group in sorted(groups)])
    for column in table.columns.values():
        if column.paths and column.group is not None:
            inside &= ~erased[column.group]  # Nothing stays of a document that goes whole.
    keys: list[str] = frame["key"][inside].tolist()
    return keys


def _hashes(
    connection: sa.Connection, table: Table, target: sa.Table, keys: Sequence[str], key: Key
) -> Iterator[tuple[str, str]]:
    for place in range(0, len(keys), ROWS):
        some = [tuple(json.loads(each)) for each in keys[place : place + ROWS]]
        rows = read_rest(connection, table, target, some)
        names, rests = [row[0] for row in rows], [row[1] for row in rows]
        yield from zip(key.mac_many(KEY_DOMAIN, names), key.mac_many(REST_DOMAIN, rests), strict=True)
