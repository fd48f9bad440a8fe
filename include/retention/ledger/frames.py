"""Rows to frames and back: one spelling of types for every table that steps exchange as frames.

Texts are ``str`` (missing: NaN), local days ``date`` objects (missing: None), instants ``datetime64[us, UTC]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd
import sqlalchemy as sa

from include.retention.errors import LedgerError

TEXT = "str"
DAY = "object"
INSTANT = "datetime64[us, UTC]"
COUNT = "int64"
FLAG = "bool"
OBJECT = "object"

_T = TypeVar("_T")
_PARAMETERS = 900
"""Values in one IN list: fewer than any database's limit."""


def frame(rows: Iterable[Sequence[object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a frame with these columns and types, empty or not."""
    made = pd.DataFrame.from_records([tuple(row) for row in rows], columns=list(columns))
    return made.astype(dict(columns))


def rows_of(given: pd.DataFrame, columns: Sequence[str], what: str) -> list[tuple[Any, ...]]:
    """Return the columns of a frame as rows, missing values as None.

    Raises:
        LedgerError: a column is missing; says which.
    """
    missing = [name for name in columns if name not in given.columns]
    if missing:
        message = f"{what}: the frame has no column {', '.join(missing)}."
        raise LedgerError(message)
    plain = [given[name].astype("object").where(given[name].notna(), None) for name in columns]
    return list(zip(*plain, strict=True)) if plain else []


def in_chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Give the values in lists that fit into one statement."""
    for start in range(0, len(values), _PARAMETERS):
        yield values[start : start + _PARAMETERS]


def insert_many(conn: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, a few thousand at a time so that memory stays bounded."""
    for start in range(0, len(rows), 5_000):
        conn.execute(table.insert(), list(rows[start : start + 5_000]))
