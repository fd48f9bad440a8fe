"""The rows that a run was to change, asked for by their keys, a few thousand at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa

from include.retention.facts import json_keys
from include.retention.inside import LABEL, columns_to_read, look_inside, read_columns
from include.retention.methods import left
from include.retention.statements import key_condition
from include.retention.validate.asked import Asked, flag, labelled
from include.retention.validate.tally import Amounts, By, Tally, add_amounts

KEY_DOMAIN = "validate.key"
ROWS = 2_000
"""Rows that one statement asks for, and whose documents are in memory at a time."""

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Part:
    """A part of what a tally counts.

    Attributes:
        rows: how many rows.
        total: of their states.
        left: how many of them may hold something, by column group.
        amounts: totals for the invariants.
    """

    rows: int
    total: int
    left: dict[str, int]
    amounts: Amounts = field(repr=False)

    def add(self, state: int, flags: Mapping[str, int]) -> None:
        """Add a row."""
        self.rows, self.total = self.rows + 1, self.total + state
        for group, may_hold in flags.items():
            self.left[group] += may_hold


@dataclass(frozen=True, slots=True)
class DueRows:
    """What is there of the rows that were due.

    Attributes:
        there: bool per row asked for: it is in the table.
        names: mark of the key of each that is there.
        within: what a tally counts of them: those within its bound, with the amounts of those to be deleted.
        kept: totals for the invariants over those that were to stay.
        left: bool per row asked for, by column group: it holds something still; only where that was asked.
        redacts: the same: something would be replaced in a free text.
    """

    there: Bools
    names: Ints
    within: Part
    kept: Amounts
    left: Mapping[str, Bools]
    redacts: Mapping[str, Bools]


def read_due(
    connection: sa.Connection, asked: Asked, due: pd.DataFrame, *, bound: int | None = None, look: bool = False
) -> DueRows:
    """Read the rows that were due.

    Args:
        connection: to the source, knowing marks.
        asked: what is asked of the table.
        due: ``key`` and ``delete`` (bool).
        bound: as for `tally.take_tally`.
        look: whether to find out what each row holds still, inside its documents too.
    """
    keys, delete = due["key"].tolist(), due["delete"].to_numpy(dtype=bool)
    there, within = np.zeros(len(keys), dtype=bool), Part(0, 0, dict.fromkeys(asked.flags, 0), {})
    names, kept = list[int](), Amounts()
    held = {group: np.zeros(len(keys), dtype=bool) for group in (asked.flags if look else ())}
    redacts = {group: flags.copy() for group, flags in held.items()}
    for place, key, row in _found(connection, asked, keys, look=look):
        there[place] = True
        names.append(row["name"])
        amounts = _amounts(asked, row)
        if bound is None or json.loads(key)[0] <= bound:
            bits = {group: (row["bits"] >> at) & 1 for at, group in enumerate(asked.flags)}
            within.add(row["state"], bits)
            if delete[place]:
                add_amounts(within.amounts, [amounts])
        if not delete[place]:
            add_amounts(kept, [amounts])
        for at, group in enumerate(held):
            found = look_inside(asked.table, [group], _texts(asked, group, row))
            held[group][place] = bool(row[f"l{at}"]) or found.left
            redacts[group][place] = found.redacts
    return DueRows(there, np.array(names, dtype="int64"), within, kept, held, redacts)


def less_due(tally: Tally, due: DueRows) -> Part:
    """Return what a tally counts besides the rows that were due.

    Of the amounts only those of rows to be deleted are taken off: a row that loses some columns keeps its amounts.
    """
    amounts = {by: list(values) for by, values in tally.amounts.items()}
    for by, values in due.within.amounts.items():
        before = amounts.setdefault(by, [0] * len(values))
        before[:] = [one - other for one, other in zip(before, values, strict=True)]
    left_of_it = {group: count - due.within.left[group] for group, count in tally.left.items()}
    return Part(tally.known - due.within.rows, tally.total - due.within.total, left_of_it, amounts)


def _found(
    connection: sa.Connection, asked: Asked, keys: Sequence[str], *, look: bool
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield place, key and row of each key that is there."""
    for start in range(0, len(keys), ROWS):
        places = {key: place for place, key in enumerate(keys[start : start + ROWS], start)}
        rows = [dict(row) for row in connection.execute(_statement(asked, list(places), look=look)).mappings()]
        spelt = json_keys([[row[f"k{at}"] for row in rows] for at in range(len(asked.table.key))]) if rows else []
        for key, row in zip(spelt, rows, strict=True):
            if key in places:  # The database may hold another key equal to one of these.
                yield places[key], key, row


def _amounts(asked: Asked, row: Mapping[str, Any]) -> tuple[By, list[int]]:
    by = tuple(row[f"by{at}"] for at in range(len(asked.by)))
    return by, [int(row[f"a{at}"]) for at in range(len(asked.amounts))]


def _statement(asked: Asked, keys: Sequence[str], *, look: bool) -> sa.Select[Any]:
    asks = [
        *labelled(asked.key_values, "k"),
        asked.name.label("name"),
        asked.state.label("state"),
        asked.bits.label("bits"),
        *labelled(asked.by_values, "by"),
        *labelled(asked.amounts, "a"),
    ]
    if look:
        asks += labelled((flag(left(asked.table, asked.target, group)) for group in asked.flags), "l")
        names = dict.fromkeys(name for group in asked.flags for name in columns_to_read(asked.table, [group]))
        asks += read_columns(asked.target, list(names))
    return sa.select(*asks).where(key_condition(asked.target, asked.table.key, [tuple(json.loads(k)) for k in keys]))


def _texts(asked: Asked, group: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[f"{LABEL}{name}"] for name in columns_to_read(asked.table, [group])}
