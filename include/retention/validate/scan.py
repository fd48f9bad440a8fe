"""One scan of a table: its keys, and the sums and number series over the rows that stay.

What stays must keep its sums to the öre and its numbers without a gap. A scan reads keys and amounts in one
statement, so that a row which somebody adds meanwhile is either in both or in neither; sums asked for in one query
and keys in another would disagree on a system in use. Only whole minor units (öre) and numbers of series leave the
database, and nothing of them is kept but totals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa

from include.retention.data_map.model import SeriesInvariant, SumInvariant, Table
from include.retention.extract import CHUNK_ROWS
from include.retention.facts import json_keys
from include.retention.keys import Key
from include.retention.method_sql import Characters
from include.retention.statements import sql_table

KEY_DOMAIN = "validate.key"
BY_DOMAIN = "validate.by"
_MINOR_UNITS: sa.ColumnClause[int] = sa.literal_column("100")

Bools = npt.NDArray[np.bool_]
By = tuple[Any, ...]
Totals = dict[str, int]
"""Keyed hash of the ``by`` values -> öre, or how many different numbers. A fiscal year may be a person's own."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found.

    Attributes:
        rows: rows in the table.
        seen: bool per row of ``before``: it is in the table.
        arrived: keyed hashes of keys that aren't in ``before`` and count as staying.
        sums: per sum of the data map, its totals over the rows that stay.
        series: per series of the data map, how many different numbers the rows that stay have.
    """

    rows: int
    seen: Bools
    arrived: list[str]
    sums: list[Totals]
    series: list[Totals]


def scan(  # noqa: PLR0913 - a table, what was decided on it, and the means to read it
    connection: sa.Connection,
    table: Table,
    schema: str | None,
    *,
    before: pd.DataFrame,
    key: Key,
    arrived: Collection[str] | None,
) -> Scan:
    """Read a table's keys and invariants.

    Args:
        connection: to the source.
        table: the mapped table.
        schema: database schema, or None for the default.
        before: ``key`` and ``delete`` (bool) of the records that were decided; the others of it stay.
        key: for keyed hashes.
        arrived: of the keys not in ``before``, the hashes of those that stay; None: all of them do.
    """
    target = sql_table(table, schema)
    decided = pd.Index(before["key"].to_numpy(dtype=object))
    keep = ~before["delete"].to_numpy(dtype=bool)
    seen, rows, newcomers = np.zeros(len(before), dtype=bool), 0, list[str]()
    sums = [defaultdict[By, int](int) for _ in table.sums]
    numbers = [defaultdict[By, set[int]](set) for _ in table.series]
    wanted = [_sum_columns(target, each) for each in table.sums]
    wanted += [_series_columns(target, each) for each in table.series]
    for key_columns, *invariants in _chunks(connection, table, target, wanted):
        keys = json_keys(key_columns)
        places = decided.get_indexer(pd.Index(keys, dtype=object))
        known = places >= 0
        seen[places[known]] = True
        strangers = key.mac_many(KEY_DOMAIN, keys[~known].fillna(""))
        stays = np.zeros(len(keys), dtype=bool)
        stays[known] = keep[places[known]]
        stays[~known] = True if arrived is None else [ref in arrived for ref in strangers]
        newcomers += compress(strangers, stays[~known])
        staying = [compress(zip(_by(columns, len(keys)), columns[-1], strict=True), stays) for columns in invariants]
        for total, pairs in zip(sums, staying[: len(sums)], strict=True):
            _add_sums(total, pairs)
        for found, pairs in zip(numbers, staying[len(sums) :], strict=True):
            _add_numbers(found, pairs)
        rows += len(keys)
    return Scan(
        rows=rows,
        seen=seen,
        arrived=newcomers,
        sums=[_by_ref(key, total) for total in sums],
        series=[_by_ref(key, {by: len(each) for by, each in found.items()}) for found in numbers],
    )


def _chunks(
    connection: sa.Connection, table: Table, target: sa.Table, wanted: Sequence[Sequence[sa.ColumnElement[Any]]]
) -> Iterator[list[list[tuple[Any, ...]]]]:
    """Yield chunks of rows as columns: those of the key, then those of each invariant."""
    parts: list[Sequence[sa.ColumnElement[Any]]] = [[target.c[name] for name in table.key], *wanted]
    every = [column for part in parts for column in part]
    statement = sa.select(*(column.label(f"c{place}") for place, column in enumerate(every)))
    ends = np.cumsum([len(part) for part in parts])
    result = connection.execute(statement, execution_options={"yield_per": CHUNK_ROWS})
    for rows in result.partitions():
        columns = list(zip(*rows, strict=True))
        yield [columns[end - len(part) : end] for part, end in zip(parts, ends, strict=True)]


def _sum_columns(target: sa.Table, invariant: SumInvariant) -> list[sa.ColumnElement[Any]]:
    # Rounded per row, because SQLite's amounts are binary floating point.
    minor = sa.cast(sa.func.round(target.c[invariant.column] * _MINOR_UNITS), sa.BigInteger())
    return [*_exact(target, invariant.by), sa.func.coalesce(minor, sa.literal_column("0"))]


def _series_columns(target: sa.Table, invariant: SeriesInvariant) -> list[sa.ColumnElement[Any]]:
    return _exact(target, (*invariant.by, invariant.column))


def _exact(target: sa.Table, names: Iterable[str]) -> list[sa.ColumnElement[Any]]:
    """Return columns as their exact characters, whatever the collation holds equal."""
    return [Characters(target.c[name]) for name in names]


def _add_sums(sums: defaultdict[By, int], rows: Iterable[tuple[By, Any]]) -> None:
    for by, value in rows:
        sums[by] += int(value)


def _add_numbers(numbers: defaultdict[By, set[int]], rows: Iterable[tuple[By, Any]]) -> None:
    """Keep a 64-bit hash of each number: enough to tell them apart."""
    for by, value in rows:
        if value is not None:
            numbers[by].add(hash(value))


def _by(columns: Sequence[Sequence[Any]], rows: int) -> Sequence[By]:
    return list(zip(*columns[:-1], strict=True)) if len(columns) > 1 else [()] * rows


def _by_ref(key: Key, totals: Mapping[By, int]) -> Totals:
    # MariaDB gives exact characters as bytes.
    plain = [[value.decode() if isinstance(value, bytes) else value for value in by] for by in totals]
    refs = key.mac_many(BY_DOMAIN, (json.dumps(by, ensure_ascii=False) for by in plain))
    return dict(zip(refs, totals.values(), strict=True))
