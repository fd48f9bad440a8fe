"""The rows that had to stay, before and after: the same, or which of them are lost, emptied or new.

Where the tallies agree nothing else is asked: the same number of rows with the same total of marks are the same rows.
Where they don't, somebody has changed the table meanwhile, and it is read row by row against the baseline's witness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from include.retention.inside import edited_columns
from include.retention.keys import Key
from include.retention.validate.asked import Asked
from include.retention.validate.due_rows import DueRows, Part, less_due, read_due
from include.retention.validate.tally import Amounts, Tally, Totals, add_amounts, by_invariant
from include.retention.validate.witness import walk

Known = Callable[[pd.Series], pd.DataFrame]
"""Keys -> ``key`` and ``left:<group>`` as last seen before the act, for those that were seen."""


@dataclass(frozen=True, slots=True)
class Retained:
    """What became of the rows that weren't due.

    Attributes:
        lost: rows that are gone.
        added: rows that came since the baseline.
        emptied: per column group the rows that held something and hold nothing now.
        sums, series: totals over what stays, as the baseline has them.
    """

    lost: int
    added: int
    emptied: Mapping[str, int]
    sums: list[Totals]
    series: list[Totals]


def retained_rows(  # noqa: PLR0913 - a table then and now, and where to look if they differ
    connection: sa.Connection,
    asked: Asked,
    *,
    counted: Mapping[str, Any],
    tally: Tally,
    due: DueRows,
    witness: Callable[[], pd.DataFrame],
    seen: Known,
    key: Key,
) -> Retained:
    """Compare what had to stay of a table with what is there.

    Args:
        connection: to the source, knowing marks.
        asked: what is asked of the table.
        counted: the table's part of the baseline.
        tally: of the table now, up to the baseline's highest key.
        due: what is there now of the rows that were due.
        witness: gives the table's witness, if the baseline says that there is one.
        seen: what was last seen of rows before the act.
        key: the key that the baseline was made with.
    """
    now = less_due(tally, due)
    if (now.rows, now.total) == (counted["kept"], counted["total"]):
        sums, series = by_invariant(asked, now.amounts, key)
        return Retained(0, tally.rows - tally.known, dict.fromkeys(now.left, 0), sums, series)
    if counted["witness"]:
        return _by_witness(connection, asked, witness(), due, seen, key)
    return _by_count(counted, tally, now)


def _by_count(counted: Mapping[str, Any], tally: Tally, now: Part) -> Retained:
    """Tell the difference by numbers alone, where the act sent nothing to the system."""
    gone, more = max(0, counted["kept"] - now.rows), max(0, now.rows - counted["kept"])
    if (now.rows, now.left) == (counted["kept"], counted["left"]):
        gone = 1  # As many rows, but not the same: one at least was lost, or emptied where another was filled.
    emptied = {group: max(0, counted["left"][group] - count - gone) for group, count in now.left.items()}
    return Retained(gone, tally.rows - tally.known + more, emptied, [], [])


def _by_witness(  # noqa: PLR0913, PLR0917 - as above
    connection: sa.Connection,
    asked: Asked,
    witness: pd.DataFrame,
    due: DueRows,
    seen: Known,
    key: Key,
) -> Retained:
    """Read a table row by row against the witness."""
    order = np.argsort(witness["name"].to_numpy())
    names, bits = witness["name"].to_numpy()[order], witness["bits"].to_numpy()[order]
    contents = witness["content"].to_numpy()[order] if "content" in witness else np.zeros(len(names), dtype="int64")
    found, added = np.zeros(len(names), dtype=bool), 0
    emptied = dict.fromkeys(asked.flags, 0)
    amounts: Amounts = {by: list(values) for by, values in due.kept.items()}
    changed: list[tuple[str, int]] = []
    reads = bool(asked.amounts or asked.contents)
    for chunk in walk(connection, asked, amounts=reads):
        places = np.searchsorted(names, chunk.names)
        places[places == len(names)] = 0
        known = (names[places] == chunk.names) if len(names) else np.zeros(len(chunk.names), dtype=bool)
        others = ~np.isin(chunk.names, due.names)
        known &= others
        added += int((~known & others).sum())
        found[places[known]] = True
        then = bits[places[known]]
        for place, group in enumerate(asked.flags):
            if not _inside(asked, group):
                emptied[group] += int(((then >> place) & ~(chunk.bits[known] >> place) & 1).sum())
        if asked.amounts:
            add_amounts(amounts, compress(chunk.amounts, known))
        if asked.contents:
            differs = (chunk.contents[known] != contents[places[known]]) | (chunk.bits[known] != then)
            changed += zip(chunk.keys[known][differs], then[differs].tolist(), strict=True)
    # Not before the walk has ended: MariaDB forgets the rest of a result when it is asked something else.
    for group, count in _emptied_inside(connection, asked, changed, seen).items():
        emptied[group] += count
    sums, series = by_invariant(asked, amounts, key)
    return Retained(int((~found).sum()), added, emptied, sums, series)


def _inside(asked: Asked, group: str) -> bool:
    """Return whether only reading tells what a row holds of a column group."""
    return bool(edited_columns(asked.table, [group]))


def _emptied_inside(
    connection: sa.Connection, asked: Asked, changed: Sequence[tuple[str, int]], seen: Known
) -> dict[str, int]:
    """Count the rows whose documents have changed and hold nothing now of what they held, by column group.

    A row of which nothing is known from before the act counts as having held something.

    Args:
        connection: to the source, knowing marks.
        asked: what is asked of the table.
        changed: keys, and the bits that the witness has of them.
        seen: what was last seen of rows before the act.
    """
    if not changed:
        return {}
    keys = pd.Series([key for key, _ in changed], dtype=object)
    then = np.array([bits for _, bits in changed], dtype="int64")
    now = read_due(connection, asked, pd.DataFrame({"key": keys, "delete": False}), look=True)
    before = keys.to_frame("key").merge(seen(keys), on="key", how="left")
    found = {}
    for place, group in enumerate(asked.flags):
        if _inside(asked, group):
            told = before[f"left:{group}"]
            held = ((then >> place) & 1).astype(bool) & (told.isna() | told.eq(other=True)).to_numpy(dtype=bool)
            found[group] = int((held & now.there & ~now.left[group]).sum())
    return found
