"""A table row by row, as marks: the witness of a baseline, by which rows that are lost and rows that are new differ.

It is read where a tally might not tell: wherever the act is going to send anything at all to the system, and in
tables whose rows are more than a counted key and flags. Nine bytes a row or so, and nothing but marks and flags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa

from include.retention.extract import CHUNK_ROWS
from include.retention.facts import json_keys
from include.retention.validate.asked import Asked, Value, labelled
from include.retention.validate.tally import By

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows.

    Attributes:
        names: marks of the keys.
        bits: `Asked.bits`.
        contents: marks of what has to be read, or zeros where nothing has.
        keys: the keys themselves, where they were asked for.
        amounts: the ``by`` values and amounts of each row, where they were asked for.
    """

    names: Ints
    bits: Ints
    contents: Ints
    keys: pd.Series
    amounts: Sequence[tuple[By, Sequence[int]]]


def take_witness(connection: sa.Connection, asked: Asked, without: Ints) -> pd.DataFrame:
    """Return ``name``, ``bits`` and ``content`` of a table's rows, but for those of some names."""
    parts: dict[str, list[npt.NDArray[Any]]] = {"name": [], "bits": [], "content": []}
    smallest = next(kind for kind in ("int8", "int16", "int32", "int64") if 1 << len(asked.flags) < np.iinfo(kind).max)
    for chunk in walk(connection, asked):
        stays = ~np.isin(chunk.names, without)
        parts["name"].append(chunk.names[stays])
        parts["bits"].append(chunk.bits[stays].astype(smallest))
        if asked.contents:
            parts["content"].append(chunk.contents[stays])
    columns = {name: np.concatenate(arrays) for name, arrays in parts.items() if arrays}
    return pd.DataFrame(columns or {"name": np.array([], "int64"), "bits": np.array([], smallest)})


def walk(connection: sa.Connection, asked: Asked, *, amounts: bool = False) -> Iterator[Chunk]:
    """Yield a table's rows in chunks.

    Args:
        connection: to the source, knowing marks.
        asked: what is asked of the table.
        amounts: whether to read keys and amounts too.
    """
    keys = asked.key_values if amounts else []
    by, values = (asked.by_values, list(asked.amounts)) if amounts else ([], [])
    content: list[Value] = [asked.content] if asked.content is not None else []
    every = [asked.name, asked.bits, *content, *keys, *by, *values]
    statement = sa.select(*labelled(every, "w"))
    for rows in connection.execute(statement, execution_options={"yield_per": CHUNK_ROWS}).partitions():
        columns = list(zip(*rows, strict=True))
        names, bits = (np.array(column, dtype="int64") for column in columns[:2])
        marks = np.array(columns[2], dtype="int64") if content else np.zeros(len(names), dtype="int64")
        rest = columns[2 + len(content) :]
        spelt = json_keys(rest[: len(keys)]) if keys else pd.Series([], dtype=object)
        of_by, of_values = rest[len(keys) : len(keys) + len(by)], rest[len(keys) + len(by) :]
        yield Chunk(names, bits, marks, spelt, _amounts(of_by, of_values, len(names)) if values else ())


def _amounts(by: Sequence[Sequence[Any]], values: Sequence[Sequence[Any]], rows: int) -> list[tuple[By, list[int]]]:
    groups = zip(*by, strict=True) if by else [()] * rows
    return [
        (group, [int(each) for each in mine]) for group, mine in zip(groups, zip(*values, strict=True), strict=True)
    ]
