"""All that is counted of a table, in one statement: one SELECT of conditional aggregates, and so one scan.

Everything in a tally adds up, so what is due can be taken off it, row by row, and what remains is that of the rows
which must stay. Only counts, marks' totals and amounts' totals leave the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from include.retention.data_map.model import ForeignKey, SeriesInvariant, SumInvariant
from include.retention.keys import Key
from include.retention.validate.asked import NOTHING, ONE, Asked, Condition, labelled
from include.retention.validate.marks import Total, whole
from include.retention.validate.references import Orphans, orphan_counts

BY_DOMAIN = "validate.by"

By = tuple[Any, ...]
Amounts = dict[By, list[int]]
"""Exact ``by`` values -> rows, and the total of each amount of `Asked.amounts`."""
Totals = dict[str, list[int]]
"""Keyed hash of an invariant's ``by`` values -> its totals. A fiscal year may be a person's own."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a table's statement found.

    Attributes:
        rows: rows in the table.
        top: the highest key, where keys are whole numbers.
        known: rows up to the bound; all, where there is none. What follows is about these.
        total: of the rows' states.
        left: rows by column group that may hold something.
        amounts: totals for the invariants.
        orphans: of the references out of the table, all rows alike.
    """

    rows: int
    top: int | None
    known: int
    total: int
    left: Mapping[str, int]
    amounts: Amounts = field(repr=False)
    orphans: Orphans


def take_tally(
    connection: sa.Connection,
    asked: Asked,
    *,
    references: Sequence[ForeignKey] = (),
    bound: int | None = None,
) -> Tally:
    """Count a table.

    Args:
        connection: to the source, knowing marks.
        asked: what is asked of the table.
        references: foreign keys out of the table, to look for orphans.
        bound: the highest key that was there when the act began; rows above it have come since.
    """
    known = _within(asked, bound)
    source, orphans = orphan_counts(connection, references, asked.target)
    counts = [
        sa.func.count(),
        sa.func.max(asked.counter) if asked.counter is not None else sa.null(),
        sa.func.count(sa.case((known, ONE))),
        Total(sa.case((known, asked.state))),
        *(sa.func.count(sa.case((sa.and_(known, each), ONE))) for each in asked.flags.values()),
        *(Total(sa.case((known, each), else_=NOTHING)) for each in asked.amounts),
        *orphans,
    ]
    by = labelled(asked.by_values, "by")
    statement = sa.select(*by, *labelled(counts, "n")).select_from(source)
    return _read(asked, references, connection.execute(statement.group_by(*by) if by else statement).all())


def _within(asked: Asked, bound: int | None) -> Condition:
    if bound is None or asked.counter is None:
        return sa.true()
    return asked.counter <= sa.literal(bound, asked.counter.type)


def _read(asked: Asked, references: Sequence[ForeignKey], rows: Sequence[sa.Row[Any]]) -> Tally:
    """Add up what a statement found for each group."""
    width, flags, amounts = len(asked.by), len(asked.flags), len(asked.amounts)
    tops = [row[width + 1] for row in rows if row[width + 1] is not None]
    found: Amounts = {}
    sums = [0] * (flags + 2 * len(references))
    whole_rows = known = total = 0
    for row in rows:
        every, _, mine, state, *rest = row[width:]
        whole_rows, known, total = whole_rows + int(every), known + int(mine), total + whole(state)
        found[tuple(row[:width])] = [int(mine), *map(whole, rest[flags : flags + amounts])]
        sums = [held + int(more) for held, more in zip(sums, rest[:flags] + rest[flags + amounts :], strict=True)]
    counted = Orphans.of(references, sums[flags:])
    # SQLite keeps texts in columns of numbers, and then nothing is known of an order.
    top = max(tops) if tops and all(type(each) is int for each in tops) else None
    return Tally(whole_rows, top, known, total, dict(zip(asked.flags, sums[:flags], strict=True)), found, counted)


def add_amounts(amounts: Amounts, rows: Iterable[tuple[By, Sequence[int]]], sign: int = 1) -> None:
    """Add rows to totals, or take them off."""
    for by, values in rows:
        held = amounts.setdefault(by, [0] * (len(values) + 1))
        held[0] += sign
        for place, value in enumerate(values, start=1):
            held[place] += sign * value


def by_invariant(asked: Asked, amounts: Amounts, key: Key) -> tuple[list[Totals], list[Totals]]:
    """Return the totals of each sum and of each number series, by the keyed hash of their ``by`` values."""
    sums = [_totals(asked, amounts, each, [place], key) for place, each in enumerate(asked.table.sums, start=1)]
    first = len(sums) + 1
    series = [
        _totals(asked, amounts, each, [first + 2 * place, first + 2 * place + 1], key)
        for place, each in enumerate(asked.table.series)
    ]
    return sums, [{ref: each for ref, each in totals.items() if each[0]} for totals in series]


def _totals(
    asked: Asked, amounts: Amounts, invariant: SumInvariant | SeriesInvariant, places: Sequence[int], key: Key
) -> Totals:
    chosen = [asked.by.index(name) for name in invariant.by]
    found: dict[By, list[int]] = {}
    for by, values in amounts.items():
        if values[0]:
            held = found.setdefault(tuple(by[place] for place in chosen), [0] * len(places))
            held[:] = [one + values[place] for one, place in zip(held, places, strict=True)]
    return dict(zip(_refs(found, key), found.values(), strict=True))


def _refs(found: Iterable[By], key: Key) -> Iterator[str]:
    # MariaDB gives exact characters as bytes.
    plain = [[value.decode() if isinstance(value, bytes) else value for value in by] for by in found]
    return iter(key.mac_many(BY_DOMAIN, (json.dumps(by, ensure_ascii=False) for by in plain)))
